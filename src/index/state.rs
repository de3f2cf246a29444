//! State: which logs and which changes of the record the committed index holds.
//!
//! The commit names the file of the logs, so that the two cannot disagree. Where it is lost or damaged, the index is made anew.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::error::{Error, Result};
use crate::journal::seen::Identity;

/// A file that holds logs, one or, if it is a zip, many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    /// Path relative to the journal.
    pub(super) path: String,
    pub(super) identity: Identity,
    /// When it was looked at, in ns since 1970.
    pub(super) looked: i64,
}

/// A log in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Indexed {
    /// Path relative to the journal; `zip!name` in a zip. Its hash is the unit of its documents.
    pub(super) path: String,
    /// Id of the log.
    pub(super) id: String,
    /// Hash of its text and of all else that its documents depend on.
    pub(super) hash: u64,
}

/// What the index holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Logs {
    /// Files, by path.
    pub(super) sources: Vec<Source>,
    /// Logs, by path.
    pub(super) logs: Vec<Indexed>,
    /// Hash of what decides how logs are read, beside their texts.
    pub(super) config: u64,
}

impl Logs {
    /// Reads the table; nothing where it is lost or damaged.
    pub(super) fn read(path: &Path) -> Option<Logs> {
        let bytes = fs::read(path).ok()?;
        let (sum, table) = bytes.split_first_chunk::<8>()?;
        (u64::from_le_bytes(*sum) == xxh3_64(table)).then(|| postcard::from_bytes(table).ok()).flatten()
    }

    /// Writes the table beside what is there and puts it into its place.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let table = postcard::to_allocvec(self).map_err(|e| Error::Engine(e.to_string()))?;
        let mut bytes = xxh3_64(&table).to_le_bytes().to_vec();
        bytes.extend(table);
        let next = path.with_extension("next");
        fs::write(&next, bytes).and_then(|()| fs::rename(&next, path)).map_err(Error::io("write", path))
    }
}

/// What a commit says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Commit {
    /// Version of the documents and the tokenizer.
    pub(super) version: String,
    /// Inode of the record's file; none where there was no record.
    pub(super) record: Option<u64>,
    /// Place of the record's change sequence.
    pub(super) sequence: i64,
    /// Turns that are indexed.
    pub(super) turns: u64,
    /// Conversations then.
    pub(super) conversations: u64,
    /// Words on each side of all documents, about.
    pub(super) words: [u64; 5],
    /// The highest row of a turn that was ever indexed.
    pub(super) last_row: i64,
    /// File of the table of logs.
    pub(super) logs: String,
}
