//! What was open when a log was handed off: noted then, so that who picks it up learns what was done meanwhile.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Handoff, earlier};
use crate::journal::store::{Lock, PRIVATE, Store};
use crate::journal::{Error, Journal, Result};

/// A handoff, as far as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// When the log was handed off.
    pub time: DateTime<Utc>,
    /// What was open then, as the handoff said it.
    pub open: Vec<String>,
    /// The branch that was checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Noted {
    /// What a handoff says now, of work in a directory.
    pub fn of(handoff: &Handoff, time: DateTime<Utc>, dir: &Path) -> Noted {
        Noted { time, open: open(handoff), branch: branch(dir) }
    }

    /// What was noted of a log; nothing where it was not handed off, or nothing that can be read is there.
    pub fn read(journal: &Journal, session: &str) -> Option<Noted> {
        serde_json::from_slice(&fs::read(path(journal, session)).ok()?).ok()
    }

    /// Notes it; what was noted of the log before is replaced.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep(&self, journal: &Journal, session: &str, (store, lock): (&Store, &Lock)) -> Result<()> {
        let path = path(journal, session);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?;
        }
        store.put(lock, &path, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// What was open then and is not now.
    pub fn gone<'n>(&'n self, handoff: &Handoff) -> Vec<&'n str> {
        let now = open(handoff);
        self.open.iter().filter(|item| !now.contains(item)).map(String::as_str).collect()
    }
}

/// The branch of the repository that a directory lies in, as its files say; git is not asked.
fn branch(dir: &Path) -> Option<String> {
    let git = dir.ancestors().map(|dir| dir.join(".git")).find(|git| git.exists())?;
    // In a linked worktree it is a file that names the directory.
    let named = fs::read_to_string(&git).ok();
    let dir = named.as_deref().and_then(|text| text.trim().strip_prefix("gitdir: ")).map_or(git.clone(), |to| git.with_file_name(to));
    fs::read_to_string(dir.join("HEAD")).ok()?.trim().strip_prefix("ref: refs/heads/").map(str::to_string)
}

fn path(journal: &Journal, session: &str) -> PathBuf {
    journal.root.join(PRIVATE).join("handed").join(format!("{session}.json"))
}

fn open(handoff: &Handoff) -> Vec<String> {
    let lines = handoff.parts.iter().filter(|part| part.key == "open").flat_map(|part| &part.lines);
    lines.map(|line| earlier::bare(&line.text).trim_end_matches(" (in progress)").to_string()).collect()
}
