//! Sync: what became of the logs while nobody looked, and whose change moves `last_updated`.
//!
//! A change that somebody else made is stamped if it is substantive against what was last seen, has never been seen before,
//! and carries the `last_updated` last seen. Else (a branch switched, a pull, somebody stamped already) it is adopted as it is.

use std::cell::RefMut;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::change;
use super::error::{Error, Result};
use super::frontmatter::Properties;
use super::outline::Outline;
use super::relocate::Move;
use super::seen::{Identity, Look, Seen, Sight};
use super::store::{self, Lock, Store};
use super::{Journal, Log, Place};

/// What a look at a log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What was last seen; perhaps with another time of modification.
    Same,
    /// Never seen before.
    New,
    /// Changed, and no reason to stamp it.
    Adopt,
    /// Work was added: `last_updated` is to move.
    Stamp,
    /// Changed a moment ago, or in the middle of being changed: to be judged later.
    Wait,
}

/// What `sync` did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Number of logs that were looked at.
    pub checked: usize,
    /// Ids of logs that others had changed in substance, and that were stamped.
    pub stamped: Vec<String>,
    /// Ids of logs that others had changed, and that were taken as they are.
    pub adopted: Vec<String>,
    /// Ids of logs seen for the first time.
    pub new: Vec<String>,
    /// Ids of logs that are still being changed.
    pub waiting: Vec<String>,
    /// What could not be read or stamped, with the reason.
    #[serde(skip)]
    pub problems: Vec<String>,
}

/// What is known of a log before it is changed.
pub(super) struct Watch<'j> {
    journal: &'j Journal,
    log: &'j Log,
    path: String,
    identity: Option<Identity>,
    now: DateTime<Utc>,
}

impl<'j> Watch<'j> {
    pub(super) fn new(journal: &'j Journal, log: &'j Log, now: DateTime<Utc>) -> Watch<'j> {
        let identity = fs::metadata(&log.path).ok().map(|m| Identity::of(&m));
        Watch { journal, log, path: journal.key(&log.path), identity, now }
    }

    /// The verdict on the log's text; one that was saved while a command was at work has not settled.
    pub(super) fn judge(&self, text: &str, settled: bool) -> Verdict {
        let seen = self.journal.memory();
        let Some(sight) = seen.of(&self.journal.root, &self.path) else { return Verdict::New };
        if self.identity.is_some_and(|i| sight.is_still(&i)) && settled {
            return Verdict::Same;
        }
        let settled = settled && self.identity.is_none_or(|i| self.journal.has_settled(&i, self.now));
        self.journal.judge(&seen, &sight, self.log, text, settled)
    }

    /// Remembers a text that is about to be written: a killed process may leave it, and nothing else remembered.
    pub(super) fn expect(&self, text: &str) {
        // Where that fails, so will what comes after, which is noticed.
        let _ = self.journal.memory().expect(xxh3_64(text.as_bytes()));
    }

    /// Remembers the text that the log has now.
    pub(super) fn note(self, lock: &Lock, text: &str) -> Result<()> {
        let mut seen = self.journal.memory();
        let created = self.journal.first_created(&seen, self.log, text);
        let Ok(meta) = fs::metadata(&self.log.path) else { return Ok(()) };
        let look = Look { path: self.path, identity: Identity::of(&meta), looked: self.now, text: text.to_string(), created };
        seen.note(lock, &[look])
    }
}

impl Journal {
    /// What was last seen of the logs, read again only where another process has written it.
    pub(super) fn memory(&self) -> RefMut<'_, Seen> {
        let mut memory = self.memory.borrow_mut();
        if memory.as_ref().is_none_or(|seen| !seen.is_current()) {
            *memory = Some(Seen::open(&self.root));
        }
        RefMut::map(memory, |seen| seen.as_mut().expect("it was just read"))
    }

    /// The path under which the memory keeps a log: relative to the journal; nothing for paths that it cannot keep.
    pub(super) fn key(&self, path: &Path) -> String {
        self.relative(path).to_str().unwrap_or_default().to_string()
    }

    /// The `created` that a log had when it was first seen.
    pub(super) fn first_created(&self, seen: &Seen, log: &Log, text: &str) -> String {
        first_created(seen, seen.of(&self.root, &self.key(&log.path)), log, text)
    }

    /// Remembers logs that shiftlog itself just wrote or moved.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remember(&self, lock: &Lock, logs: &[&Log], now: DateTime<Utc>) -> Result<()> {
        let mut seen = self.memory();
        let mut looks = Vec::with_capacity(logs.len());
        for log in logs {
            let Ok(meta) = fs::metadata(&log.path) else { continue };
            let Ok(text) = log.read() else { continue };
            let created = self.first_created(&seen, log, &text);
            looks.push(Look { path: self.key(&log.path), identity: Identity::of(&meta), looked: now, text, created });
        }
        seen.note(lock, &looks)
    }

    /// Remembers logs whose last write was taken back. What others had added before that write is to be found again.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remember_undone(&self, lock: &Lock, logs: &[Log], now: DateTime<Utc>) -> Result<()> {
        let mut seen = self.memory();
        let known = seen.known();
        let mut looks = Vec::new();
        for log in logs {
            let (Ok(meta), Ok(text)) = (fs::metadata(&log.path), log.read()) else { continue };
            let path = self.key(&log.path);
            let created = self.first_created(&seen, log, &text);
            let mut look = Look { path, identity: Identity::of(&meta), looked: now, text, created };
            if !known.contains(&xxh3_64(look.text.as_bytes())) {
                let stamp = |text: &str| Properties::read(text, &log.path).ok().map(|p| p.text(&log.profile.keys.last_updated));
                let Some((identity, before)) = seen.earlier(&look.path, |text| stamp(text) == stamp(&look.text)) else { continue };
                look = Look { identity, text: before, ..look };
            }
            looks.push(look);
        }
        seen.note(lock, &looks)
    }

    /// Lets the memory of logs that got another name go with them.
    pub(super) fn carry_memory<'m>(&self, lock: &Lock, renamed: impl Iterator<Item = &'m Move>, now: DateTime<Utc>) -> Result<()> {
        let mut seen = self.memory();
        let mut looks = Vec::new();
        for Move { from, to } in renamed {
            let Ok(log) = self.log_at(to) else { continue };
            let Some(sight) = seen.at(&self.key(from)) else { continue };
            let Some(text) = seen.text(&sight) else { continue };
            let created = first_created(&seen, Some(sight), &log, &text);
            looks.push(Look { path: self.key(&log.path), identity: sight.identity, looked: now, text, created });
        }
        seen.note(lock, &looks)
    }

    /// Remembers a log that was just made; what was remembered of an earlier one of this name is forgotten.
    pub(super) fn remember_new(&self, lock: &Lock, log: &Log, text: &str, now: DateTime<Utc>) -> Result<()> {
        let Ok(meta) = fs::metadata(&log.path) else { return Ok(()) };
        let mut seen = self.memory();
        let created = first_created(&seen, None, log, text);
        let look = Look { path: self.key(&log.path), identity: Identity::of(&meta), looked: now, text: text.to_string(), created };
        seen.note(lock, &[look])
    }

    /// A write that could not be remembered was made all the same: the next look adopts it.
    pub(super) fn remembered(&self, result: Result<()>) {
        if let Err(error) = result {
            self.notices.borrow_mut().push(format!("it was written, but not remembered: {error}"));
        }
    }

    fn has_settled(&self, identity: &Identity, now: DateTime<Utc>) -> bool {
        // A file from the future cannot be waited for.
        identity.age(now).unsigned_abs() >= self.config.settle_seconds
    }

    fn judge(&self, seen: &Seen, sight: &Sight, log: &Log, text: &str, settled: bool) -> Verdict {
        let hash = xxh3_64(text.as_bytes());
        if hash == sight.hash {
            return Verdict::Same;
        }
        let Some(before) = seen.text(sight) else { return Verdict::Adopt };
        let stamp = |text: &str| Properties::read(text, &log.path).map(|p| p.text(&log.profile.keys.last_updated));
        let Ok(now) = stamp(text) else { return Verdict::Wait };
        if !self.config.stamp_foreign_edits || stamp(&before).ok() != Some(now) || seen.known().contains(&hash) {
            return Verdict::Adopt;
        }
        match (settled, self.is_substantive(log, &before, text)) {
            (false, _) => Verdict::Wait,
            (true, true) => Verdict::Stamp,
            (true, false) => Verdict::Adopt,
        }
    }

    /// Whether work was added or completed between two versions of a log; what templates left is none.
    pub fn is_substantive(&self, log: &Log, before: &str, after: &str) -> bool {
        let Ok(placeholders) = self.placeholders(&log.profile) else { return true };
        let written = |text: &str| -> String {
            let outline = Outline::parse(text);
            let mut kept = String::with_capacity(text.len());
            let mut at = 0;
            for (_, entry) in outline.numbered(&log.profile, &placeholders).iter().filter(|(_, e)| placeholders.wrote(&outline, e)) {
                let (start, end) = (outline.lines[entry.whole.start].start, outline.lines[entry.whole.end - 1].next);
                if start >= at {
                    kept.push_str(&text[at..start]);
                    at = end;
                }
            }
            kept + &text[at..]
        };
        change::is_substantive(&written(before), &written(after))
    }

    /// Looks at all logs that are no archives: stamps what others changed in substance, and remembers what there is.
    ///
    /// Without a store nothing is written: the answer is what would be done. Where nothing changed, nothing is written either.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Refused`] when the journal is busy.
    pub fn sync(&self, now: DateTime<Utc>, write: Option<&Store>) -> Result<Synced> {
        if let (Some(store), true) = (write, self.has_unfinished_moves()) {
            let lock = store.lock()?;
            self.finish_moves(now, store, &lock)?;
        }
        let (checked, mut changed) = self.changed()?;
        if changed.is_empty() {
            return Ok(Synced { checked, ..Synced::default() });
        }
        changed.sort_by_cached_key(Log::order);
        let lock = write.map(Store::lock).transpose()?;
        let synced = self.sync_logs(&changed, now, write.zip(lock.as_ref()))?;
        Ok(Synced { checked, ..synced })
    }

    /// The same for some logs, under a lock that is held already.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn sync_logs(&self, logs: &[Log], now: DateTime<Utc>, write: Option<(&Store, &Lock)>) -> Result<Synced> {
        let mut synced = Synced { checked: logs.len(), ..Synced::default() };
        // All are judged before the first is written: writing may tidy up what was seen of the others.
        let found: Vec<_> = {
            let seen = Seen::open(&self.root);
            let all = seen.all();
            logs.iter().map(|log| (log, self.look(&seen, &all, log, now))).collect()
        };
        let mut looks = Vec::new();
        for (log, found) in found {
            match found {
                Ok(None) => {}
                // `change` finds the same, and stamps for it.
                Ok(Some((Verdict::Stamp, look))) => {
                    match self.change(log, now, write, &mut |_, text| Ok(Some((text.to_string(), false)))) {
                        Ok(written) if written.changed => synced.stamped.push(log.id.clone()),
                        // There is no stamp to move, or it is ahead of the clock.
                        Ok(_) => {
                            synced.adopted.push(log.id.clone());
                            looks.extend(look);
                        }
                        Err(error) => synced.problems.push(error.to_string()),
                    }
                }
                Ok(Some((Verdict::Wait, _))) => synced.waiting.push(log.id.clone()),
                Ok(Some((verdict, look))) => {
                    match verdict {
                        Verdict::New => synced.new.push(log.id.clone()),
                        Verdict::Adopt => synced.adopted.push(log.id.clone()),
                        _ => {}
                    }
                    looks.extend(look);
                }
                Err(error) => synced.problems.push(error.to_string()),
            }
        }
        if let Some((_, lock)) = write {
            self.memory().note(lock, &looks)?;
        }
        Ok(synced)
    }

    /// Counts all logs that are no archives, and gives those that are not certainly as they were last seen.
    ///
    /// This is what every look costs, so it asks the system for no more than names and metadata.
    fn changed(&self) -> Result<(usize, Vec<Log>)> {
        let seen = Seen::open(&self.root);
        let all = seen.all();
        let (mut checked, mut changed) = (0, Vec::new());
        for (place, dir, profile) in self.directories(Place::Recent) {
            let prefix = self.key(&dir) + "/";
            let mut key = prefix.clone();
            for file in fs::read_dir(&dir).map_err(Error::io("read directory", &dir))? {
                let file = file.map_err(Error::io("read directory", &dir))?;
                let name = file.file_name();
                let Some(name) = name.to_str() else { continue };
                key.truncate(prefix.len());
                key.push_str(name);
                let plain = file.file_type().is_ok_and(|t| t.is_file());
                let known = all.get(key.as_str()).filter(|_| plain);
                if known.is_some_and(|s| file.metadata().is_ok_and(|m| s.is_still(&Identity::of(&m)))) {
                    checked += 1;
                } else if let Some(log) = super::as_log(profile, place, &file.path()).filter(|l| plain || l.path.is_file()) {
                    checked += 1;
                    changed.push(log);
                }
            }
        }
        Ok((checked, changed))
    }

    /// The verdict on a log, and what to remember of it; nothing where it is gone, or where there is nothing new to remember.
    fn look(&self, seen: &Seen, all: &HashMap<&str, Sight>, log: &Log, now: DateTime<Utc>) -> Result<Option<(Verdict, Option<Look>)>> {
        let identity = match fs::metadata(&log.path) {
            Ok(meta) => Identity::of(&meta),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read log", &log.path)(e)),
        };
        let text = store::read(&log.path)?;
        let path = self.key(&log.path);
        let known = all.get(path.as_str()).copied().or_else(|| seen.of(&self.root, &path));
        let verdict = match &known {
            None => Verdict::New,
            Some(sight) => self.judge(seen, sight, log, &text, self.has_settled(&identity, now)),
        };
        let created = match known {
            Some(sight) if verdict == Verdict::Adopt && is_another(seen, &sight, log, &text) => first_created(seen, None, log, &text),
            known => first_created(seen, known, log, &text),
        };
        let look = Look { path, identity, looked: now, text, created };
        // A file that was modified a moment ago stays under suspicion; noting that again and again helps nobody.
        let old = known.filter(|s| verdict == Verdict::Same && s.identity == identity && identity.age(now) <= 2);
        Ok(Some((verdict, old.is_none().then_some(look))))
    }
}

/// The `created` that a log had when it was first seen; of one that never was, what its text says.
pub(super) fn first_created(seen: &Seen, sight: Option<Sight>, log: &Log, text: &str) -> String {
    let read = |text: &str| {
        let properties = Properties::read(text, &log.path).unwrap_or_default();
        properties.text(&log.profile.keys.created).unwrap_or_default()
    };
    match sight {
        Some(sight) if !sight.created.is_empty() => sight.created.to_string(),
        Some(sight) => seen.text(&sight).map_or_else(|| read(text), |first| read(&first)),
        None => read(text),
    }
}

/// Whether a text is another log of the same name, such as one that a branch brought: with its own times, both of them.
fn is_another(seen: &Seen, sight: &Sight, log: &Log, text: &str) -> bool {
    let times = |text: &str| {
        let properties = Properties::read(text, &log.path).unwrap_or_default();
        let keys = &log.profile.keys;
        (properties.text(&keys.created), properties.text(&keys.last_updated))
    };
    let (before, now) = (seen.text(sight).map(|t| times(&t)).unwrap_or_default(), times(text));
    before.0 != now.0 && before.1 != now.1
}
