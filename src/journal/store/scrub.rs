//! Scrub: changing texts that are kept privately, which nobody edits: displaced versions, the trash, what waits, the memory.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::files::write_temp;
use super::{Lock, Store, hash};
use crate::journal::error::{Error, Result};
use crate::journal::walk_error;

/// Directories of texts in the private one.
const DIRS: [&str; 4] = ["undo", "trash", "spool", "handed"];
/// Files of texts beside them.
const FILES: [&str; 2] = ["finish.json", "finished.jsonl"];
/// What the memory's files begin with. They are not changed but removed: what is there then counts as never seen.
const MEMORY: &str = "seen";
/// The memory's file with texts.
const TEXTS: &str = "seen.texts-";

/// Text without what must go; nothing where all may stay.
pub type Clean<'c> = dyn Fn(&str) -> Option<String> + 'c;

/// A file as text; one that is not UTF-8 has a character for each byte, and gets its bytes back.
struct Text(String, bool);

impl Text {
    fn of(bytes: Vec<u8>) -> Text {
        match String::from_utf8(bytes) {
            Ok(text) => Text(text, true),
            Err(e) => Text(e.as_bytes().iter().copied().map(char::from).collect(), false),
        }
    }

    fn bytes(&self, text: &str) -> Vec<u8> {
        let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
        if self.1 { text.as_bytes().to_vec() } else { text.chars().map(byte).collect() }
    }
}

impl Store {
    /// Private files that hold text, each with that text.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn private_texts(&self) -> Result<Vec<(PathBuf, String)>> {
        Ok(self.private_files()?.into_iter().map(|(path, text)| (path, text.0)).collect())
    }

    fn private_files(&self) -> Result<Vec<(PathBuf, Text)>> {
        let mut found = Vec::new();
        let private = self.private();
        let all = WalkDir::new(&private).sort_by_file_name().into_iter().filter_entry(|e| {
            let name = e.file_name().to_string_lossy();
            e.depth() != 1 || DIRS.contains(&name.as_ref()) || FILES.contains(&name.as_ref()) || name.starts_with(TEXTS)
        });
        for entry in all {
            let entry = match entry {
                Err(e) if e.io_error().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound) => continue,
                entry => entry.map_err(|e| walk_error(e, &private))?,
            };
            if entry.file_type().is_file()
                && let Ok(bytes) = fs::read(entry.path())
            {
                found.push((entry.into_path(), Text::of(bytes)));
            }
        }
        Ok(found)
    }

    /// Changes private texts; gives the files that were changed, or removed where they belong to the memory.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn scrub(&self, _lock: &Lock, clean: &Clean<'_>) -> Result<Vec<PathBuf>> {
        let mut changed = Vec::new();
        let mut versions = HashMap::new();
        let mut forget = false;
        for (path, text) in self.private_files()? {
            let Some(new) = clean(&text.0) else { continue };
            if path.parent() == Some(&self.private()) && name(&path).starts_with(TEXTS) {
                forget = true;
                changed.push(path);
                continue;
            }
            let temp = path.with_extension("scrub");
            let (old, new) = (text.bytes(&text.0), text.bytes(&new));
            write_temp(&temp, &new, Some(&path))?;
            fs::rename(&temp, &path).map_err(Error::io("write", &path))?;
            versions.insert(name(&path), (hash(&old), hash(&new), new.len() as u64));
            changed.push(path);
        }
        if forget {
            self.forget()?;
        }
        self.follow(&versions)?;
        Ok(changed)
    }

    fn forget(&self) -> Result<()> {
        let private = self.private();
        for entry in fs::read_dir(&private).map_err(Error::io("read", &private))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(MEMORY) && entry.path().is_file() {
                fs::remove_file(entry.path()).map_err(Error::io("remove", &entry.path()))?;
            }
        }
        Ok(())
    }

    /// Says in the ledger what displaced versions are now, so that they can still be brought back.
    fn follow(&self, versions: &HashMap<String, (String, String, u64)>) -> Result<()> {
        let mut entries = self.entries();
        if !entries.iter().any(|e| versions.contains_key(&e.kept)) {
            return Ok(());
        }
        for at in 0..entries.len() {
            let Some((old, new, size)) = versions.get(&entries[at].kept) else { continue };
            (entries[at].before, entries[at].size) = (new.clone(), *size);
            let path = entries[at].path.clone();
            // The write before left the text that this one displaced.
            if let Some(earlier) = entries[..at].iter_mut().rev().find(|e| e.path == path && e.after == *old) {
                earlier.after.clone_from(new);
            }
        }
        self.rewrite(entries.iter())
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
