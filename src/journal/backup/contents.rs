//! Contents: what of a journal goes into a backup, by name.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::MANIFEST;
use crate::journal::error::{Error, Result};
use crate::journal::store::{PRIVATE, is_temp};
use crate::journal::{Journal, config, profile, walk_error};

/// Files and directories by their names in the zip; those of directories end with `/`.
#[derive(Debug)]
pub(super) struct Contents {
    root: PathBuf,
    pub(super) entries: BTreeMap<String, PathBuf>,
    pub(super) notices: Vec<String>,
}

/// What lies in the private directory and is momentary, or made anew when it is missed.
const REBUILT: [&str; 4] = ["lock", "ledger.next", "index", "shown"];

/// What the names of the record's database and of all that lies beside it begin with: bytes read from them may be torn. The
/// caller gives a copy that SQLite itself made.
pub(super) const RECORD: &str = "record.db";

impl Contents {
    /// Lists what is there now; the caller holds the journal's lock.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Refused`] for a file whose name is not UTF-8.
    pub(super) fn list(journal: &Journal) -> Result<Contents> {
        let mut contents = Contents { root: journal.root.clone(), entries: BTreeMap::new(), notices: Vec::new() };
        contents.file(config::FILE)?;
        for profile in &journal.profiles {
            if let Some(template) = profile.template.as_ref().filter(|t| profile::inside(t)) {
                contents.file(template)?;
            }
            let dirs = || profile.live.iter().chain(&profile.recent).chain(&profile.archive);
            for dir in profile.roots.iter().flat_map(|root| dirs().map(move |dir| Path::new(root).join(dir))) {
                contents.dir(&dir, |_| true)?;
            }
        }
        contents.dir(Path::new(PRIVATE), is_kept)?;
        contents.drop_filled();
        Ok(contents)
    }

    fn file(&mut self, file: &str) -> Result<()> {
        let path = self.root.join(file);
        if path.is_file() {
            self.insert(path, "")?;
        }
        Ok(())
    }

    /// A directory with all that is in it; of the journal's root itself only the files.
    fn dir(&mut self, dir: &Path, keep: impl Fn(&DirEntry) -> bool) -> Result<()> {
        let depth = if dir.components().all(|c| c == Component::CurDir) { 1 } else { usize::MAX };
        let dir = self.root.join(dir);
        if !dir.is_dir() {
            return Ok(());
        }
        if depth > 1 {
            self.insert(dir.clone(), "/")?;
        }
        let kept = |e: &DirEntry| keep(e) && !is_temp(&e.file_name().to_string_lossy());
        for found in WalkDir::new(&dir).min_depth(1).max_depth(depth).into_iter().filter_entry(kept) {
            let found = found.map_err(|e| walk_error(e, &dir))?;
            let kind = found.file_type();
            if kind.is_dir() && depth > 1 {
                self.insert(found.into_path(), "/")?;
            } else if kind.is_file() || (kind.is_symlink() && found.path().is_file()) {
                self.insert(found.into_path(), "")?;
            } else if !kind.is_dir() {
                self.leave_out(found.path(), "as it is no file");
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: PathBuf, end: &str) -> Result<()> {
        let within = path.strip_prefix(&self.root).expect("it was found below the root");
        let parts: Option<Vec<&str>> =
            within.components().filter_map(|c| if let Component::Normal(part) = c { Some(part.to_str()) } else { None }).collect();
        let Some(parts) = parts else {
            return Err(Error::refused(
                "bad-path",
                format!("a path that is not UTF-8 cannot be backed up: {}", path.display()),
                "rename the file or directory",
            ));
        };
        let name = parts.join("/") + end;
        if name != MANIFEST {
            self.entries.insert(name, path);
        }
        Ok(())
    }

    /// Notes that something was not taken in.
    pub(super) fn leave_out(&mut self, path: &Path, why: &str) {
        let notice = format!("left out, {why}: {}", path.display());
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Directories that hold something need no entry of their own.
    fn drop_filled(&mut self) {
        let names: Vec<String> = self.entries.keys().cloned().collect();
        for pair in names.windows(2).filter(|pair| pair[0].ends_with('/') && pair[1].starts_with(&pair[0])) {
            self.entries.remove(&pair[0]);
        }
    }
}

/// Whether what lies in the private directory cannot be rebuilt.
fn is_kept(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() > 1 || !(REBUILT.contains(&name.as_ref()) || name.starts_with(RECORD))
}
