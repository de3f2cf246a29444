//! The spool: turns that a busy record could not take, kept as files until the next command takes them in.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::conversation::NewConversation;
use super::error::{Error, Result};
use super::track::NewTurn;
use super::{Record, Settings, redact};

/// The spool's directory, in the private one.
pub const DIR: &str = "spool";

/// A turn that waits.
#[derive(Debug, Serialize, Deserialize)]
struct Spooled {
    /// What makes it one turn, however often it is taken in.
    key: String,
    time: DateTime<Utc>,
    session_id: String,
    user_id: String,
    channel_id: String,
    project: Option<String>,
    cwd: Option<String>,
    log: Option<String>,
    user_input: String,
    agent_response: Option<String>,
    number: Option<u64>,
    model: Option<String>,
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
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
    let clean = |text: &str| if settings.redact { redact::redact(text).into_owned() } else { text.to_string() };
    let some = |text: &Option<String>| text.as_deref().map(clean);
    let dir = private.join(DIR);
    let random = getrandom::u64().map_err(|e| Error::io("spool a turn", &dir)(std::io::Error::other(e)))?;
    let key = format!("spool:{}-{random:016x}", now.format("%Y%m%dT%H%M%S%.6f"));
    let spooled = Spooled {
        time: now,
        session_id: new.conversation.id.as_deref().map(clean).unwrap_or_default(),
        user_id: clean(&new.conversation.user),
        channel_id: clean(&new.conversation.channel),
        project: some(&new.conversation.project),
        cwd: some(&new.conversation.cwd),
        log: new.conversation.log.clone(),
        user_input: clean(&new.user_input),
        agent_response: some(&new.agent_response),
        number: new.number,
        model: some(&new.model),
        input_tokens: new.input_tokens,
        output_tokens: new.output_tokens,
        key,
    };
    make_private(&dir).map_err(Error::io("make directory", &dir))?;
    let path = dir.join(format!("{}.json", spooled.key.trim_start_matches("spool:")));
    let temp = path.with_extension("temp");
    let write = || {
        let mut file = open_private(&temp)?;
        file.write_all(&serde_json::to_vec(&spooled)?)?;
        file.sync_all()?;
        fs::rename(&temp, &path)
    };
    write().map_err(Error::io("spool a turn", &path)).inspect_err(|_| drop(fs::remove_file(&temp)))?;
    super::schema::sync_dir(&dir)?;
    Ok(path)
}

fn make_private(dir: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

fn open_private(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Files that wait, the oldest first.
///
/// # Errors
/// [`Error::Io`]
pub fn waiting(private: &Path) -> Result<Vec<PathBuf>> {
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
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
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
        let new = NewTurn {
            conversation: NewConversation {
                id: Some(spooled.session_id.clone()),
                user: spooled.user_id.clone(),
                channel: spooled.channel_id.clone(),
                model: spooled.model.clone(),
                project: spooled.project.clone(),
                cwd: spooled.cwd.clone(),
                title: None,
                log: spooled.log.clone(),
            },
            user_input: spooled.user_input.clone(),
            agent_response: spooled.agent_response.clone(),
            number: spooled.number,
            model: spooled.model.clone(),
            input_tokens: spooled.input_tokens,
            output_tokens: spooled.output_tokens,
            logs: Vec::new(),
        };
        let new = self.cleaned_turn(&new);
        self.write(|tx| self.record(tx, &new, Some(&spooled.key), spooled.time)).map(drop)
    }
}
