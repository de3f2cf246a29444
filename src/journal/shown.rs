//! Shown: what `show` last printed at each `SECTION:N`, so that `edit` and `drop` change what the person saw.
//!
//! A cache of content hashes under `.shiftlog/shown`, never part of a log; where it cannot be written, nothing is lost but the
//! permission to edit by number.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::complete::Spot;
use super::error::{Error, Result};
use super::outline::{Entry, Outline};
use super::store::{self, hash};

/// Hashes of the entries of one log by `section:n`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown(BTreeMap<String, String>);

impl Shown {
    fn file(root: &Path, id: &str) -> PathBuf {
        root.join(store::PRIVATE).join("shown").join(format!("{id}.json"))
    }

    /// What was shown of a log; nothing where it never was.
    pub fn read(root: &Path, id: &str) -> Shown {
        fs::read(Self::file(root, id)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Notes that these entries were printed; others keep what was printed before.
    pub fn note<'e>(&mut self, outline: &Outline, entries: impl Iterator<Item = (usize, &'e Entry)>) {
        for (n, entry) in entries {
            self.0.insert(format!("{}:{n}", entry.section), hash(outline.range_text(&entry.whole).as_bytes()));
        }
    }

    /// Writes the memory; best effort, as reading commands must work in a read-only journal.
    pub fn write(&self, root: &Path, id: &str) {
        let file = Self::file(root, id);
        if *self == Self::read(root, id) || !root.join(store::PRIVATE).is_dir() {
            return;
        }
        let temp = file.with_extension(format!("{}.new", std::process::id()));
        let bytes = serde_json::to_vec(self).expect("hashes are plain data");
        let written = fs::create_dir_all(file.parent().expect("it lies in a directory"))
            .and_then(|()| fs::write(&temp, bytes))
            .and_then(|()| fs::rename(&temp, &file));
        if written.is_err() {
            let _ = fs::remove_file(&temp);
        }
    }

    /// Whether an entry is the one that was shown at this spot.
    ///
    /// # Errors
    /// [`Error::EntryMoved`].
    pub fn check(&self, outline: &Outline, spot: &Spot, entry: &Entry) -> Result<()> {
        let now = hash(outline.range_text(&entry.whole).as_bytes());
        match self.0.get(&spot.to_string()) {
            Some(shown) if *shown == now => Ok(()),
            _ => Err(Error::EntryMoved { entry: spot.to_string() }),
        }
    }
}
