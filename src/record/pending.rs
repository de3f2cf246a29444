//! Prompts that wait: a person typed them, and the agent's own file may never have them, where the agent dies.
//!
//! Each is a small file in the private directory, until the agent's file has been taken in.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::Settings;
use super::action::Action;
use super::error::{Error, Result};
use super::transcript::{Told, Transcript};
use super::turn::Turn;

/// Their directory, in the private one.
pub const DIR: &str = "pending";

/// What the ids of turns begin with that only a prompt tells of.
const TYPED: &str = "typed:";

/// A prompt as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The agent.
    pub agent: String,
    /// Its id of the conversation.
    pub session: String,
    /// The file that is going to have it.
    pub transcript: PathBuf,
    /// Where it was typed.
    pub cwd: Option<String>,
    /// What was typed.
    pub text: String,
    /// What makes it one prompt, however often it is told.
    pub key: String,
    /// When it was typed.
    pub time: DateTime<Utc>,
}

/// What the names of a conversation's files begin with.
fn prefix(agent: &str, session: &str) -> String {
    format!("{agent}-{:016x}-", xxh3_64(session.as_bytes()))
}

impl Prompt {
    /// Keeps it, redacted.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn keep(&self, private: &Path, settings: &Settings) -> Result<()> {
        let dir = private.join(DIR);
        let name = format!("{}{:016x}", prefix(&self.agent, &self.session), xxh3_64(self.key.as_bytes()));
        let clean = Prompt {
            session: settings.clean_id(&self.session),
            key: settings.clean_id(&self.key),
            text: settings.clean(&self.text).into_owned(),
            cwd: settings.clean_some(self.cwd.as_deref()),
            ..self.clone()
        };
        super::spool::make_private(&dir).map_err(Error::io("make directory", &dir))?;
        let path = dir.join(format!("{name}.json"));
        let temp = dir.join(format!("{name}.{}.temp", std::process::id()));
        let write = || {
            let mut file = super::new_private(&temp)?;
            file.write_all(&serde_json::to_vec(&clean)?)?;
            fs::rename(&temp, &path)
        };
        write().map_err(Error::io("keep a prompt", &path)).inspect_err(|_| drop(fs::remove_file(&temp)))
    }

    /// The conversation that it alone tells of.
    pub fn told(&self) -> Transcript {
        let key = xxh3_64(format!("{}\0{}\0{}", self.agent, self.session, self.key).as_bytes());
        let turn =
            Told { native_id: format!("{TYPED}{key:016x}"), time: Some(self.time), user_input: Some(self.text.clone()), ..Told::default() };
        Transcript {
            agent: self.agent.clone(),
            native_id: self.session.clone(),
            cwd: self.cwd.clone(),
            turns: vec![turn],
            ..Transcript::default()
        }
    }
}

/// An agent's prompts that wait, with their files.
///
/// # Errors
/// [`Error::Io`]
pub fn waiting(private: &Path, agent: &str) -> Result<Vec<(PathBuf, Prompt)>> {
    read(private, &format!("{agent}-"))
}

/// Forgets a conversation's prompts that were typed until then.
///
/// # Errors
/// [`Error::Io`]
pub fn forget(private: &Path, (agent, session): (&str, &str), until: DateTime<Utc>) -> Result<()> {
    for (file, prompt) in read(private, &prefix(agent, session))? {
        if prompt.time <= until {
            remove(&file)?;
        }
    }
    Ok(())
}

/// Removes the file of a prompt.
///
/// # Errors
/// [`Error::Io`]
pub fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", file)(e)),
        _ => Ok(()),
    }
}

fn read(private: &Path, prefix: &str) -> Result<Vec<(PathBuf, Prompt)>> {
    let dir = private.join(DIR);
    let entries = match fs::read_dir(&dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("read", &dir))?,
    };
    let mut found = Vec::new();
    for entry in entries.filter_map(std::result::Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_one = name.starts_with(prefix) && name.ends_with(".json") && entry.file_type().is_ok_and(|kind| kind.is_file());
        if let Some(prompt) = fs::read(&path).ok().filter(|_| is_one).and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            found.push((path, prompt));
        }
    }
    found.sort_by_key(|(path, prompt): &(PathBuf, Prompt)| (prompt.time, path.clone()));
    Ok(found)
}

/// The turn that was made of a prompt alone, if a transcript now tells it: it gets its own id.
pub(super) fn adopt(tx: &Transaction<'_>, session: &str, told: &Told) -> Result<Option<Turn>> {
    let sql = format!(
        "SELECT {}, live FROM turns WHERE session_id = ?1 AND native_id >= '{TYPED}' AND native_id < 'typed;' AND user_input = ?2 ORDER BY turn_number LIMIT 1",
        Turn::COLUMNS
    );
    let found = tx.prepare_cached(&sql)?.query_row(params![session, told.user_input], Turn::from_row).optional()?;
    let Some(mut turn) = found.filter(|_| !told.native_id.starts_with(TYPED)) else { return Ok(None) };
    let table = if turn.live { "ui_conversation_context" } else { "ui_conversation_archive" };
    turn.time = told.time.unwrap_or(turn.time);
    let sql = format!("UPDATE {table} SET native_id = ?2, created_at = ?3 WHERE id = ?1");
    tx.prepare_cached(&sql)?.execute(params![turn.id, told.native_id, turn.time.timestamp_millis()])?;
    turn.native_id = Some(told.native_id.clone());
    turn.actions = Action::of_turn(tx, turn.id)?;
    Ok(Some(turn))
}
