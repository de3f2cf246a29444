//! Where a repository names a log: files that would point to nothing once it is gone.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use memchr::memmem;
use serde::Serialize;

use crate::journal::carry::mark;
use crate::journal::store::PRIVATE;

/// Bytes of a file beyond which it is no text that people keep.
const MOST: u64 = 16 << 20;

/// A line that names a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The file, relative to the journal.
    pub path: PathBuf,
    /// Its line, from 1.
    pub line: usize,
}

/// Lines of all files below a directory that name a log, without the log itself; what git ignores is not looked at, and an item
/// that was carried forward may say where it was open first.
///
/// `logs` are the journal's: they are looked at also where git ignores them.
pub fn references(root: &Path, log: &Path, logs: &[PathBuf]) -> Vec<Reference> {
    let stem = log.file_stem().unwrap_or_default().as_encoded_bytes();
    let finder = memmem::Finder::new(stem);
    let mut builder = WalkBuilder::new(root);
    let private = |name: &std::ffi::OsStr| name == ".git" || name == PRIVATE;
    builder.hidden(false).parents(false).git_global(false).require_git(false).filter_entry(move |entry| !private(entry.file_name()));
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    // Directories that may not be read hold nothing that this person wrote.
    let walked = builder.build().flatten().filter(|file| file.file_type().is_some_and(|kind| kind.is_file())).map(DirEntry::into_path);
    for path in walked.chain(logs.iter().cloned()) {
        if path == log || fs::metadata(&path).is_ok_and(|meta| meta.len() > MOST) || !seen.insert(path.clone()) {
            continue;
        }
        let path = path.as_path();
        let Ok(bytes) = fs::read(path) else { continue };
        if memchr::memchr(0, &bytes[..bytes.len().min(4096)]).is_some() {
            continue;
        }
        let whole = |at: &usize| {
            let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + stem.len()))
        };
        let names = finder.find_iter(&bytes).filter(whole).filter(|at| !is_mark(&bytes, *at));
        let mut lines: Vec<usize> = names.map(|at| memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1).collect();
        lines.dedup();
        let relative = path.strip_prefix(root).unwrap_or(path);
        found.extend(lines.into_iter().map(|line| Reference { path: relative.to_path_buf(), line }));
    }
    found.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    found
}

/// Whether the name at this place is that in the mark of a carried item.
fn is_mark(bytes: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
    let line = String::from_utf8_lossy(&bytes[start..end]);
    // A line that is no UTF-8 has other lengths, and is no line of a log.
    line.len() == end - start && mark(&line).is_some_and(|mark| mark.range.contains(&(at - start)))
}
