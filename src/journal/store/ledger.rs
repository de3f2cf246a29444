//! The ledger: what was written, and what was displaced and kept; it lets the next command finish what a killed one began.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::files::{temp_beside, unfinished};
use super::{Store, hash};
use crate::journal::error::{Error, Result};

const LEDGER: &str = "ledger.jsonl";
/// Beyond this many bytes the ledger is shortened to the last [`KEEP_WRITES`] lines.
const LEDGER_BYTES: u64 = 192 * 1024;
const KEEP_WRITES: usize = 200;
const KEEP_BYTES: u64 = 256 * 1024 * 1024;

/// One line. In the file, paths below the journal are relative to it: a journal that was moved or restored keeps its undo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) group: String,
    pub(super) op: Op,
    pub(super) path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<PathBuf>,
    #[serde(default)]
    pub(super) kept: String,
    #[serde(default)]
    pub(super) restore: String,
    #[serde(default)]
    pub(super) before: String,
    #[serde(default)]
    pub(super) after: String,
    pub(super) at: String,
    #[serde(default)]
    pub(super) size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Op {
    Update,
    Create,
    Move,
    Remove,
    Undo,
}

impl Store {
    pub(super) fn entry(&self, op: Op, path: &Path) -> Entry {
        Entry {
            group: self.group.clone(),
            op,
            path: path.to_path_buf(),
            to: None,
            kept: String::new(),
            restore: String::new(),
            before: String::new(),
            after: String::new(),
            at: self.now.to_rfc3339(),
            size: 0,
        }
    }

    pub(super) fn kept_name(&self, real: &Path) -> String {
        let n = self.writes.get();
        self.writes.set(n + 1);
        let stem: String = real.file_stem().unwrap_or_default().to_string_lossy().chars().take(40).collect();
        format!("{}-{n}-{stem}.md", self.group)
    }

    pub(super) fn keep(&self, temp: &Path, kept: &str) -> Result<()> {
        let to = self.private().join("undo").join(kept);
        match fs::rename(temp, &to) {
            Ok(()) => Ok(()),
            Err(_) => fs::create_dir_all(self.private().join("undo"))
                .and_then(|()| fs::copy(temp, &to))
                .and_then(|_| fs::remove_file(temp))
                .map_err(Error::io("keep displaced version", &to)),
        }
    }

    pub(super) fn note(&self, entry: &Entry) -> Result<()> {
        let path = self.private().join(LEDGER);
        let line = self.line(entry).map_err(|_| {
            Error::refused(
                "bad-path",
                format!("a path that is not UTF-8 cannot be noted: {}", entry.path.display()),
                "rename the file or directory",
            )
        })?;
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
        file.write_all(line.as_bytes()).map_err(Error::io("write", &path))?;
        // Once a command: what it writes itself is kept as a whole.
        if !self.tidied.replace(true) && file.metadata().is_ok_and(|m| m.len() > LEDGER_BYTES) {
            self.shorten()?;
        }
        Ok(())
    }

    fn line(&self, entry: &Entry) -> serde_json::Result<String> {
        let within = |path: &PathBuf| path.strip_prefix(&self.root).map_or_else(|_| path.clone(), Path::to_path_buf);
        let entry = Entry { path: within(&entry.path), to: entry.to.as_ref().map(within), ..entry.clone() };
        Ok(serde_json::to_string(&entry)? + "\n")
    }

    fn parse(&self, line: &str) -> Option<Entry> {
        let entry: Entry = serde_json::from_str(line).ok()?;
        Some(Entry { path: self.root.join(&entry.path), to: entry.to.as_ref().map(|to| self.root.join(to)), ..entry })
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let text = fs::read_to_string(self.private().join(LEDGER)).unwrap_or_default();
        text.lines().filter_map(|l| self.parse(l)).collect()
    }

    fn last_entry(&self) -> Option<Entry> {
        let mut file = File::open(self.private().join(LEDGER)).ok()?;
        let len = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(8192))).ok()?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).ok()?;
        let tail = String::from_utf8_lossy(&tail);
        tail.lines().rev().find_map(|l| self.parse(l))
    }

    /// Keeps the newest entries and the versions they name; the rest goes.
    fn shorten(&self) -> Result<()> {
        let entries = self.entries();
        let mut bytes = 0;
        // What is being done now can be undone as a whole, however much it is.
        let last = entries.last().map(|e| e.group.clone()).unwrap_or_default();
        // So is what is being undone.
        let undone = entries.iter().rev().find(|e| e.op == Op::Undo).map(|e| e.restore.clone());
        let recent = entries.iter().rev().enumerate().filter(|(n, e)| {
            bytes += e.size;
            e.group == last || undone.as_deref() == Some(e.group.as_str()) || e.op == Op::Undo || (*n < KEEP_WRITES && bytes <= KEEP_BYTES)
        });
        let mut keep: Vec<&Entry> = recent.map(|(_, e)| e).collect();
        keep.reverse();
        self.rewrite(keep.iter().copied())?;
        let named: std::collections::HashSet<&str> = keep.iter().flat_map(|e| [e.kept.as_str(), e.restore.as_str()]).collect();
        for file in walkdir::WalkDir::new(self.private().join("undo")).min_depth(1).max_depth(1).into_iter().flatten() {
            if !named.contains(file.file_name().to_string_lossy().as_ref()) {
                let _ = fs::remove_file(file.path());
            }
        }
        Ok(())
    }

    /// Removes versions that no entry names any more, once there are many.
    pub(super) fn thin_out(&self) -> Result<()> {
        let kept = fs::read_dir(self.private().join("undo")).map_or(0, std::iter::Iterator::count);
        if kept > 2 * KEEP_WRITES { self.shorten() } else { Ok(()) }
    }

    pub(super) fn rewrite<'e>(&self, entries: impl Iterator<Item = &'e Entry>) -> Result<()> {
        let path = self.private().join(LEDGER);
        let next = self.private().join("ledger.next");
        let text: String = entries.map(|e| self.line(e).expect("it was read from a line")).collect();
        fs::write(&next, text).and_then(|()| fs::rename(&next, &path)).map_err(Error::io("write", &path))
    }

    /// Finishes or takes back what a killed process left half done: at most one temp file.
    pub(super) fn recover(&self) -> Result<()> {
        let Some(last) = self.last_entry() else { return Ok(()) };
        let at = last.to.as_ref().filter(|_| last.op == Op::Move).unwrap_or(&last.path);
        let temp = temp_beside(&fs::canonicalize(at).unwrap_or_else(|_| at.clone()));
        let _ = fs::remove_file(unfinished(&temp));
        let Ok(left) = fs::read(&temp) else {
            self.notice_late_save(&last);
            return Ok(());
        };
        let found = hash(&left);
        if last.op != Op::Update || found == last.after {
            return fs::remove_file(&temp).map_err(Error::io("remove temp file", &temp));
        }
        self.keep(&temp, &last.kept)?;
        if found != last.before {
            let kept = self.private().join("undo").join(&last.kept);
            self.notices.borrow_mut().push(format!("a version saved while another write was interrupted is kept: {}", kept.display()));
        }
        Ok(())
    }

    fn notice_late_save(&self, last: &Entry) {
        if last.op != Op::Update || last.before.is_empty() || last.kept != last.restore {
            return;
        }
        let kept = self.private().join("undo").join(&last.kept);
        let late = fs::metadata(&kept).ok().filter(|m| m.len() != last.size || m.modified().is_ok_and(|t| recent(t, &last.at)));
        if late.is_some() && fs::read(&kept).is_ok_and(|now| hash(&now) != last.before) {
            let path = kept.display().to_string();
            self.notices.borrow_mut().push(format!("an editor saved into a version that had just been replaced; its text is kept: {path}"));
        }
    }
}

/// Whether a file was modified after the write that displaced it began.
fn recent(modified: SystemTime, at: &str) -> bool {
    DateTime::parse_from_rfc3339(at).is_ok_and(|at| DateTime::<Utc>::from(modified) >= at.with_timezone(&Utc))
}
