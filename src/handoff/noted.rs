//! What was open when a log was handed off: noted then, so that who picks it up learns what was done meanwhile.

use std::fs;
use std::path::PathBuf;

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
}

impl Noted {
    /// What a handoff says now.
    pub fn of(handoff: &Handoff, time: DateTime<Utc>) -> Noted {
        Noted { time, open: open(handoff) }
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

fn path(journal: &Journal, session: &str) -> PathBuf {
    journal.root.join(PRIVATE).join("handed").join(format!("{session}.json"))
}

fn open(handoff: &Handoff) -> Vec<String> {
    let lines = handoff.parts.iter().filter(|part| part.key == "open").flat_map(|part| &part.lines);
    lines.map(|line| earlier::bare(&line.text).trim_end_matches(" (in progress)").to_string()).collect()
}
