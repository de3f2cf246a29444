//! Undo: taking back the last command's writes, newest first.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

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

/// What ends the names of the groups of writes that `undo` itself makes.
const SILENT: &str = "-undo";

fn is_silent(group: &str) -> bool {
    group.ends_with(SILENT)
}

fn changed_since(path: &Path) -> Error {
    Error::refused(
        "changed-since",
        format!("{} was changed since that write", path.display()),
        "take the change back in an editor; earlier versions are kept under .shiftlog/undo",
    )
}

/// One write to take back.
struct Step {
    entry: Entry,
    /// The file's bytes before it is taken back.
    before: Vec<u8>,
    /// And afterwards; none where the file goes.
    after: Option<Vec<u8>>,
}

/// Files as they would be after some steps.
#[derive(Default)]
struct Files(HashMap<PathBuf, Option<Vec<u8>>>);

impl Files {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.get(path).cloned().unwrap_or_else(|| fs::read(path).ok())
    }

    fn written(&mut self, path: &Path, bytes: Vec<u8>) {
        self.0.insert(path.to_path_buf(), Some(bytes));
    }

    fn gone(&mut self, path: &Path) {
        self.0.insert(path.to_path_buf(), None);
    }

    fn moved(&mut self, from: &Path, to: &Path) {
        let bytes = self.read(from);
        self.gone(from);
        self.0.insert(to.to_path_buf(), bytes);
    }
}

impl Store {
    /// Takes back the last command's writes; goes on where an undo was interrupted.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is none, when a file was changed since by somebody else, or when the command removed
    /// what an archive holds.
    pub fn undo(&self, lock: &Lock) -> Result<Vec<Undone>> {
        let (group, steps) = self.plan()?;
        if let Some(first) = steps.first() {
            self.note(&Entry { restore: group.clone(), ..self.entry(Op::Undo, &first.entry.path) })?;
        }
        let done = steps.iter().map(|step| self.undo_step(lock, &step.entry)).collect::<Result<_>>()?;
        self.rewrite(self.entries().iter().filter(|e| e.op != Op::Undo && e.group != group && !is_silent(&e.group)))?;
        self.thin_out()?;
        Ok(done)
    }

    /// Says what [`Store::undo`] would do; nothing is written, and no lock is taken.
    ///
    /// # Errors
    /// As [`Store::undo`].
    pub fn undo_preview(&self) -> Result<Vec<Preview>> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let preview =
            |step: &Step| Preview { step: self.undone(&step.entry), before: text(&step.before), after: step.after.as_deref().map(text) };
        Ok(self.plan()?.1.iter().map(preview).collect())
    }

    /// The last command that wrote and was not taken back, or whose undo was interrupted, and what is left to take back of it.
    fn plan(&self) -> Result<(String, Vec<Step>)> {
        let entries = self.entries();
        let begun = entries.iter().rev().find(|e| e.op == Op::Undo && !is_silent(&e.restore)).map(|e| e.restore.clone());
        if let Some(group) = begun {
            let steps = self.steps(&entries, &group)?;
            return Ok((group, steps));
        }
        let mut tried: Vec<&str> = Vec::new();
        for entry in entries.iter().rev().filter(|e| e.op != Op::Undo && !is_silent(&e.group)) {
            if tried.contains(&entry.group.as_str()) {
                continue;
            }
            let steps = self.steps(&entries, &entry.group)?;
            if !steps.is_empty() {
                return Ok((entry.group.clone(), steps));
            }
            tried.push(&entry.group);
        }
        Err(Error::refused("nothing-to-undo", "there is no write to undo", ""))
    }

    /// What taking back a group comes to, newest first; what never happened, or is taken back already, is left out.
    fn steps(&self, entries: &[Entry], group: &str) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let mut files = Files::default();
        // A write that was made anew on what others saved meanwhile is one write: its last try is taken back.
        let mut tries: HashMap<&Path, &str> = HashMap::new();
        for entry in entries.iter().rev().filter(|e| e.group == group) {
            match entry.op {
                Op::Update => {
                    if tries.get(entry.path.as_path()) == Some(&entry.kept.as_str()) {
                        tries.insert(&entry.path, &entry.restore);
                        continue;
                    }
                    if let Some(step) = self.update_step(entry, &mut files)? {
                        steps.push(step);
                    }
                    if entry.kept != entry.restore {
                        tries.insert(&entry.path, &entry.restore);
                    }
                }
                Op::Create => match files.read(&entry.path) {
                    Some(now) if hash(&now) == entry.after => {
                        files.gone(&entry.path);
                        steps.push(Step { entry: entry.clone(), before: now, after: None });
                    }
                    Some(_) => return Err(changed_since(&entry.path)),
                    None => {}
                },
                Op::Move => {
                    let Some(to) = &entry.to else { continue };
                    if let (Some(now), None) = (files.read(to), files.read(&entry.path)) {
                        files.moved(to, &entry.path);
                        steps.push(Step { entry: entry.clone(), after: Some(now.clone()), before: now });
                    }
                }
                Op::Remove if files.read(&entry.path).is_none() => {
                    let name = entry.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    return Err(Error::refused(
                        "removed",
                        format!("the last command removed {name}, which a zip holds"),
                        format!("take it out again: shiftlog restore {name}"),
                    ));
                }
                Op::Remove | Op::Undo => {}
            }
        }
        Ok(steps)
    }

    fn update_step(&self, entry: &Entry, files: &mut Files) -> Result<Option<Step>> {
        let Some(now) = files.read(&entry.path) else { return Ok(None) };
        let kept = fs::read(self.private().join("undo").join(&entry.restore)).ok();
        match kept {
            _ if hash(&now) != entry.after => match kept {
                // Noted, but never done; or taken back already.
                None if hash(&now) == entry.before => Ok(None),
                Some(kept) if kept == now => Ok(None),
                _ => Err(changed_since(&entry.path)),
            },
            Some(kept) => {
                files.written(&entry.path, kept.clone());
                Ok(Some(Step { entry: entry.clone(), before: now, after: Some(kept) }))
            }
            None => Err(Error::refused(
                "not-kept",
                format!("the earlier version of {} is no longer kept", entry.path.display()),
                "take the change back in an editor",
            )),
        }
    }

    /// The group of the writes that `undo` itself makes.
    fn silent(&self) -> String {
        format!("{}{SILENT}", self.group)
    }

    fn undone(&self, step: &Entry) -> Undone {
        match step.op {
            Op::Create => Undone::Trashed(step.path.clone()),
            Op::Move => Undone::Moved(step.path.clone()),
            _ => Undone::Restored(step.path.clone()),
        }
    }

    fn undo_step(&self, lock: &Lock, step: &Entry) -> Result<Undone> {
        match (step.op, &step.to) {
            (Op::Create, _) => {
                let trash = self.private().join("trash");
                let mut name = step.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let mut to = trash.join(format!("{name}.{}", self.group));
                while to.exists() {
                    // Two files of one name, from two directories.
                    name.insert(0, '_');
                    to.set_file_name(format!("{name}.{}", self.group));
                }
                rename_new(&step.path, &to)?;
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
                let silent = Store { group: self.silent(), tidied: true.into(), ..Store::new(&self.root, self.now) };
                silent.update(lock, &step.path, &mut |_| Ok(Some(text.clone())))?;
            }
        }
        Ok(self.undone(step))
    }
}
