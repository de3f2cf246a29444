//! The spool: turns that a busy record could not take, kept as files until the next command takes them in; and which files of
//! agents a hook could not take in.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::track::NewTurn;
use super::{Record, Settings};

/// The spool's directory, in the private one.
pub const DIR: &str = "spool";

/// A turn that waits.
#[derive(Debug, Serialize, Deserialize)]
struct Spooled {
    /// What makes it one turn, however often it is taken in.
    key: String,
    time: DateTime<Utc>,
    turn: NewTurn,
}

/// What was taken in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Intake {
    /// Turns that are in the record now.
    pub turns: usize,
    /// What the person should know.
    pub notices: Vec<String>,
}

/// Keeps a turn in a file, redacted and durable.
///
/// # Errors
/// [`Error::Io`]
pub fn keep(private: &Path, settings: &Settings, new: &NewTurn, now: DateTime<Utc>) -> Result<PathBuf> {
    let dir = private.join(DIR);
    let random = getrandom::u64().map_err(|e| Error::io("spool a turn", &dir)(std::io::Error::other(e)))?;
    let key = format!("spool:{}-{random:016x}", now.format("%Y%m%dT%H%M%S%.6f"));
    let spooled = Spooled { time: now, turn: new.cleaned(settings), key };
    make_private(&dir).map_err(Error::io("make directory", &dir))?;
    let path = dir.join(format!("{}.json", spooled.key.trim_start_matches("spool:")));
    let temp = path.with_extension("temp");
    let write = || {
        let mut file = super::new_private(&temp)?;
        file.write_all(&serde_json::to_vec(&spooled)?)?;
        file.sync_all()?;
        fs::rename(&temp, &path)
    };
    write().map_err(Error::io("spool a turn", &path)).inspect_err(|_| drop(fs::remove_file(&temp)))?;
    super::schema::sync_dir(&dir)?;
    Ok(path)
}

pub(super) fn make_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// An agent's file that waits to be taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untaken {
    /// The agent.
    pub agent: String,
    /// The file.
    pub path: PathBuf,
    /// The conversation in it that matters: the agent's id.
    pub session: String,
    /// Where it takes place, if the file does not say so.
    pub cwd: Option<String>,
    /// Wherever it takes place.
    pub all: bool,
    /// What the agent said last.
    pub late: Option<String>,
}

/// What the names of notes about files end with.
const UNTAKEN: &str = "file";

impl Untaken {
    /// Notes it; the same file twice is one note.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn keep(&self, private: &Path, settings: &Settings) -> Result<()> {
        let dir = private.join(DIR);
        let clean = Untaken { late: settings.clean_some(self.late.as_deref()), ..self.clone() };
        let bytes = serde_json::to_vec(&clean).map_err(|e| Error::io("note a file", &dir)(e.into()))?;
        let path = dir.join(format!("{:016x}.{UNTAKEN}", xxhash_rust::xxh3::xxh3_64(&bytes)));
        make_private(&dir).map_err(Error::io("make directory", &dir))?;
        let temp = path.with_extension(format!("{}.temp", std::process::id()));
        let write = || {
            let mut file = super::new_private(&temp)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&temp, &path)
        };
        write().map_err(Error::io("note a file", &path)).inspect_err(|_| drop(fs::remove_file(&temp)))
    }
}

/// Files of agents that wait, each with the note about it.
///
/// # Errors
/// [`Error::Io`]
pub fn untaken(private: &Path) -> Result<Vec<(PathBuf, Untaken)>> {
    let notes = listed(private, UNTAKEN)?;
    let read = |note: PathBuf| Some((serde_json::from_slice(&fs::read(&note).ok().filter(|_| note.is_file())?).ok()?, note));
    Ok(notes.into_iter().filter_map(read).map(|(untaken, note)| (note, untaken)).collect())
}

/// Files that wait, the oldest first.
///
/// # Errors
/// [`Error::Io`]
pub fn waiting(private: &Path) -> Result<Vec<PathBuf>> {
    listed(private, "json")
}

fn listed(private: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let dir = private.join(DIR);
    let mut files = Vec::new();
    match fs::read_dir(&dir) {
        Ok(entries) => {
            for entry in entries {
                files.push(entry.map_err(Error::io("read", &dir))?.path());
            }
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("read", &dir)(e)),
    }
    files.retain(|f| f.extension().is_some_and(|e| e == extension));
    files.sort();
    Ok(files)
}

fn no_file() -> std::io::Error {
    std::io::Error::other("it is no file")
}

impl Record {
    /// Takes in what waits, unless the record is busy right now: whoever only wants to read does not wait for that.
    ///
    /// # Errors
    /// As [`Record::take_in`].
    pub fn take_in_now(&self, private: &Path) -> Result<Intake> {
        self.db.busy_timeout(std::time::Duration::from_millis(50))?;
        let taken = self.take_in(private);
        self.db.busy_timeout(self.settings.patience)?;
        taken
    }

    /// Takes in what waits. Each turn is recorded once, even if this is killed at any point, or done by two at the same time.
    ///
    /// # Errors
    /// Those of the database; what was not taken in goes on waiting.
    pub fn take_in(&self, private: &Path) -> Result<Intake> {
        let mut intake = Intake::default();
        for file in waiting(private)? {
            // A pipe would be waited for.
            let spooled = match fs::metadata(&file).and_then(|m| if m.is_file() { fs::read(&file) } else { Err(no_file()) }) {
                Ok(bytes) => serde_json::from_slice::<Spooled>(&bytes),
                // Another process was faster.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => Err(serde_json::Error::io(e)),
            };
            let taken = match &spooled {
                Ok(spooled) => self.take(spooled),
                Err(e) => Err(Error::refused("not-a-turn", e.to_string(), "")),
            };
            match taken {
                Ok(()) => intake.turns += 1,
                Err(Error::Refused { kind: "conversation-deleted", message, .. }) => {
                    intake.notices.push(format!("{message}: {} was dropped", file.display()));
                }
                Err(error @ Error::Busy { .. }) => return Err(error),
                // What cannot be recorded must not keep others from being.
                Err(error) => {
                    intake.notices.push(format!("could not be recorded, left as it is: {error}: {}", file.display()));
                    continue;
                }
            }
            match fs::remove_file(&file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("remove", &file)(e)),
                _ => {}
            }
        }
        Ok(intake)
    }

    fn take(&self, spooled: &Spooled) -> Result<()> {
        let new = spooled.turn.cleaned(&self.settings);
        self.write(|tx| self.record(tx, &new, Some(&spooled.key), spooled.time)).map(drop)
    }
}
