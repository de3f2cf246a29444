//! Undo: taking back the last command's writes, newest first.

use std::fs;
use std::path::PathBuf;

use super::files::{rename_new, sync_dir, utf8};
use super::ledger::{Entry, Op};
use super::{Lock, Store, hash};
use crate::journal::error::{Error, Result};

/// One step that `undo` took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// The log has its earlier text again.
    Restored(PathBuf),
    /// The log was created by the command; it lies in the trash now.
    Trashed(PathBuf),
    /// The log was moved by the command; it is back.
    Moved(PathBuf),
}

/// What `undo` would do to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The step.
    pub step: Undone,
    /// The text now.
    pub before: String,
    /// The text afterwards; none for a log that would go to the trash.
    pub after: Option<String>,
}

impl Store {
    /// Takes back the last command's writes.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is none, or when a file was changed since by somebody else.
    pub fn undo(&self, lock: &Lock) -> Result<Vec<Undone>> {
        let (group, steps) = self.plan()?;
        self.note(&Entry { restore: group.clone(), ..self.entry(Op::Undo, &steps[0].path) })?;
        let done = steps.iter().map(|step| self.undo_step(lock, step)).collect::<Result<_>>()?;
        let silent = self.silent();
        let gone = |g: &str| g == group || g == silent;
        self.rewrite(self.entries().iter().filter(|e| !gone(&e.group) && !gone(&e.restore)))?;
        Ok(done)
    }

    /// Says what [`Store::undo`] would do; nothing is written, and no lock is taken.
    ///
    /// # Errors
    /// As [`Store::undo`].
    pub fn undo_preview(&self) -> Result<Vec<Preview>> {
        let (_, steps) = self.plan()?;
        let moved = |path: &PathBuf| steps.iter().find(|s| s.op == Op::Move && s.path == *path).and_then(|s| s.to.clone());
        let text = |path: PathBuf| fs::read(&path).map(|b| String::from_utf8_lossy(&b).into_owned()).map_err(Error::io("read", &path));
        let preview = |step: &Entry| {
            let before = text(moved(&step.path).unwrap_or_else(|| step.path.clone()))?;
            let after = match step.op {
                Op::Create => None,
                Op::Move => Some(before.clone()),
                _ => Some(text(self.private().join("undo").join(&step.restore))?),
            };
            Ok(Preview { step: self.undone(step), before, after })
        };
        steps.iter().map(preview).collect()
    }

    /// The last command that wrote and was not taken back, and its writes, newest first.
    fn plan(&self) -> Result<(String, Vec<Entry>)> {
        let entries = self.entries();
        let undone: Vec<&str> = entries.iter().filter(|e| e.op == Op::Undo).map(|e| e.restore.as_str()).collect();
        let open = |e: &&Entry| e.op != Op::Undo && !undone.contains(&e.group.as_str()) && self.happened(e, &entries);
        let last = entries.iter().rev().find(open).ok_or_else(|| Error::refused("nothing-to-undo", "there is no write to undo", ""))?;
        let mut steps: Vec<Entry> = Vec::new();
        for entry in entries.iter().rev().filter(|e| e.group == last.group).filter(open) {
            if !steps.iter().any(|s| s.op == Op::Update && s.path == entry.path && entry.op == Op::Update) {
                steps.push(entry.clone());
            }
        }
        let mut moved = Vec::new();
        for step in &steps {
            self.check_undo(step, &mut moved)?;
        }
        Ok((last.group.clone(), steps))
    }

    /// The group of the writes that `undo` itself makes.
    fn silent(&self) -> String {
        format!("{}-undo", self.group)
    }

    fn undone(&self, step: &Entry) -> Undone {
        match step.op {
            Op::Create => Undone::Trashed(step.path.clone()),
            Op::Move => Undone::Moved(step.path.clone()),
            _ => Undone::Restored(step.path.clone()),
        }
    }

    /// Whether a noted write was carried out: a process may have been killed between note and deed.
    fn happened(&self, entry: &Entry, all: &[Entry]) -> bool {
        let moved = || all.iter().any(|e| e.op == Op::Move && e.path == entry.path && e.to.as_ref().is_some_and(|to| to.exists()));
        match entry.op {
            Op::Update => (entry.path.exists() || moved()) && self.private().join("undo").join(&entry.restore).is_file(),
            Op::Create => entry.path.exists(),
            Op::Move => entry.to.as_ref().is_some_and(|to| to.exists()) && !entry.path.exists(),
            Op::Undo => false,
        }
    }

    fn check_undo(&self, step: &Entry, moved: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
        if let (Op::Move, Some(to)) = (step.op, &step.to) {
            moved.push((step.path.clone(), to.clone()));
            return Ok(());
        }
        let at = moved.iter().find(|(from, _)| *from == step.path).map_or(&step.path, |(_, to)| to);
        let now = fs::read(at).map_err(Error::io("read log", at))?;
        if hash(&now) != step.after {
            return Err(Error::refused(
                "changed-since",
                format!("{} was changed since that write", at.display()),
                "take the change back in an editor; earlier versions are kept under .shiftlog/undo",
            ));
        }
        Ok(())
    }

    fn undo_step(&self, lock: &Lock, step: &Entry) -> Result<Undone> {
        match (step.op, &step.to) {
            (Op::Create, _) => {
                let trash = self.private().join("trash");
                fs::create_dir_all(&trash).map_err(Error::io("make directory", &trash))?;
                let name = step.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let to = trash.join(format!("{name}.{}", self.group));
                fs::rename(&step.path, &to).map_err(Error::io("move log to trash", &step.path))?;
                sync_dir(&step.path)?;
            }
            (Op::Move, Some(to)) => {
                rename_new(to, &step.path)?;
                sync_dir(to)?;
                sync_dir(&step.path)?;
            }
            _ => {
                let kept = self.private().join("undo").join(&step.restore);
                let text = fs::read(&kept).map_err(Error::io("read", &kept))?;
                let text = utf8(&text, &kept)?.to_string();
                let silent = Store { group: self.silent(), ..Store::new(&self.root, self.now) };
                silent.update(lock, &step.path, &mut |_| Ok(Some(text.clone())))?;
                self.note(&Entry { restore: silent.group, ..self.entry(Op::Undo, &step.path) })?;
            }
        }
        Ok(self.undone(step))
    }
}
