//! Prune: moving old logs out of the way, into zips, and, once they are safe there, off the disk. And the way back.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use serde_yaml::Value;

use super::archive::{self, Held};
use super::catalogue::FIRST_PART;
use super::error::{Error, Result};
use super::frontmatter::{self, Properties};
use super::lifecycle::parse_time;
use super::profile::Profile;
use super::relocate::{Move, Relinked};
use super::store::{self, Lock, PRIVATE, Store};
use super::{Journal, Log, Place};

/// What to do with old logs.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Live logs not updated for more than so many days become recent.
    pub days: u32,
    /// Recent logs are put into the zips of their months.
    pub archive: bool,
    /// Recent logs not updated for more than so many days are removed, if a zip holds exactly their bytes.
    pub cleanup: Option<u32>,
}

/// What became of them.
#[derive(Debug, Default)]
pub struct Pruned {
    /// Logs that became recent, with the status they have now.
    pub moved: Vec<(Log, String)>,
    /// Logs whose links followed.
    pub relinked: Vec<Relinked>,
    /// Logs that were put into a zip.
    pub archived: Vec<Log>,
    /// Logs that were removed, as a zip holds them.
    pub removed: Vec<Log>,
    /// Logs that are old enough and stayed, and why.
    pub kept: Vec<(String, String)>,
    /// What failed; the logs concerned stayed where they were.
    pub failed: Vec<Error>,
}

/// A log in the trash.
#[derive(Debug, Clone)]
pub struct Trashed {
    /// Its file name when it was a log.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl Trashed {
    /// Its id when it was a log.
    pub fn id(&self) -> &str {
        self.name.strip_suffix(".md").unwrap_or(&self.name)
    }
}

impl Journal {
    /// Moves, archives and removes old logs; without a lock, says only what would be done.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Refused`]; every log is whole in at least one place then, and another run goes on.
    pub fn prune(&self, plan: &Plan, now: DateTime<Utc>, write: Option<(&Store, &Lock)>) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        let moves = self.move_old(plan.days, now, write, &mut pruned)?;
        let mut recent: Vec<Log> = self.logs(Place::Recent)?.into_iter().filter(|l| l.place == Place::Recent).collect();
        if write.is_none() {
            recent.extend(pruned.moved.iter().map(|(log, _)| log.clone()));
        }
        recent.retain(|l| l.profile.archive.is_some());
        recent.sort_by_cached_key(Log::order);
        if plan.archive || plan.cleanup.is_some() {
            let synced = self.sync_logs(&recent, now, write)?;
            for id in &synced.waiting {
                pruned.kept.push((id.clone(), "it is being changed by another program".to_string()));
            }
            recent.retain(|l| !synced.waiting.contains(&l.id));
        }
        if plan.archive {
            self.archive_recent(&recent, write, &mut pruned);
        }
        if let Some(days) = plan.cleanup {
            let mut held = Held::default();
            for log in recent {
                self.clean_up(log, (days, plan.archive), now, &mut held, write, &mut pruned)?;
            }
        }
        for ((log, _), step) in pruned.moved.iter_mut().zip(moves) {
            log.path = step.to;
            log.place = Place::Recent;
        }
        Ok(pruned)
    }

    fn move_old(&self, days: u32, now: DateTime<Utc>, write: Option<(&Store, &Lock)>, pruned: &mut Pruned) -> Result<Vec<Move>> {
        let mut live: Vec<Log> = self.logs(Place::Live)?.into_iter().filter(|l| l.profile.recent.is_some()).collect();
        live.sort_by_cached_key(Log::order);
        let mut old = Vec::new();
        for log in live {
            match is_older(&log, days, now) {
                Ok(true) => old.push(log),
                Ok(false) => {}
                Err(error) => pruned.kept.push((log.id, error.to_string())),
            }
        }
        // What others added since has not been stamped yet: such a log is not old.
        let synced = self.sync_logs(&old, now, write)?;
        let mut moves = Vec::new();
        for log in old {
            let Some(dir) = log.profile.recent.as_ref().map(|dir| self.dir(&log.profile, dir)) else { continue };
            let to = dir.join(log.path.file_name().unwrap_or_default());
            let reason = if synced.stamped.contains(&log.id) {
                "others have worked on it since".to_string()
            } else if synced.waiting.contains(&log.id) {
                "it is being changed by another program".to_string()
            } else if to.exists() {
                format!("{} exists already", self.relative(&to).display())
            } else if log.path.is_symlink() {
                "it is a symbolic link".to_string()
            } else {
                let status = self.mark(&log, now, write)?;
                moves.push(Move { from: log.path.clone(), to });
                pruned.moved.push((log, status));
                continue;
            };
            pruned.kept.push((log.id, reason));
        }
        pruned.relinked = self.relocate(&moves, None, now, write)?;
        Ok(moves)
    }

    /// Gives a log the status that pruning gives, and says which.
    fn mark(&self, log: &Log, now: DateTime<Utc>, write: Option<(&Store, &Lock)>) -> Result<String> {
        let mut status = String::new();
        self.change(log, now, write, &mut |editor, text| {
            let properties = Properties::read(text, editor.path)?;
            let from = properties.text(&editor.profile.keys.status).unwrap_or_default();
            let to = pruned_status(editor.profile, &from);
            status = to.clone().unwrap_or(from);
            let Some(to) = to else { return Ok(None) };
            let key = properties.path_of(&editor.profile.keys.status);
            Ok(frontmatter::set(text, &key, &Value::String(to), editor.path)?.map(|text| (text, false)))
        })?;
        Ok(status)
    }

    fn archive_recent(&self, recent: &[Log], write: Option<(&Store, &Lock)>, pruned: &mut Pruned) {
        if let Some((store, lock)) = write {
            let (added, failed) = self.archive(store, lock, recent);
            pruned.archived = added;
            pruned.failed.extend(failed);
            return;
        }
        let mut held = Held::default();
        for log in recent {
            match store::read_bytes(&log.path).and_then(|bytes| self.is_archived(log, &bytes, &mut held)) {
                Ok(false) if self.zip_of(log).is_some() => pruned.archived.push(log.clone()),
                Ok(_) => {}
                Err(error) => pruned.failed.push(error),
            }
        }
    }

    /// Removes a log whose bytes are in a zip.
    fn clean_up(
        &self,
        log: Log,
        (days, archiving): (u32, bool),
        now: DateTime<Utc>,
        held: &mut Held,
        write: Option<(&Store, &Lock)>,
        pruned: &mut Pruned,
    ) -> Result<()> {
        match is_older(&log, days, now) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                pruned.kept.push((log.id, error.to_string()));
                return Ok(());
            }
        }
        if log.path.is_symlink() {
            pruned.kept.push((log.id, "it is a symbolic link".to_string()));
            return Ok(());
        }
        let bytes = store::read_bytes(&log.path)?;
        let safe = match self.is_archived(&log, &bytes, held) {
            Ok(safe) => safe || (write.is_none() && archiving && self.zip_of(&log).is_some()),
            Err(error) => {
                pruned.failed.push(error);
                return Ok(());
            }
        };
        if !safe {
            pruned.kept.push((log.id, "no zip holds it as it is now: add --archive".to_string()));
            return Ok(());
        }
        if let Some((store, lock)) = write
            && !store.remove_if(lock, &log.path, &bytes)?
        {
            pruned.kept.push((log.id, "it was changed by another program meanwhile".to_string()));
            return Ok(());
        }
        pruned.removed.push(log);
        Ok(())
    }

    /// Moves a recent log back among the live ones, and the links with it.
    ///
    /// # Errors
    /// As [`Journal::relocate`].
    pub fn bring_back(&self, log: &Log, now: DateTime<Utc>, write: Option<(&Store, &Lock)>) -> Result<Vec<Relinked>> {
        let to = self.dir(&log.profile, &log.profile.live[0]).join(log.path.file_name().unwrap_or_default());
        self.relocate(&[Move { from: log.path.clone(), to }], None, now, write)
    }

    /// Takes a log out of its zip, or out of the trash, into a file of its own; says whether it was not there already.
    ///
    /// Its name may be the unique beginning of an id. Without a lock, says only what would be done.
    ///
    /// # Errors
    /// [`Error::LogNotFound`], [`Error::AmbiguousLog`], and [`Error::Refused`] where another file has that name.
    pub fn restore(&self, name: &str, from_trash: bool, write: Option<(&Store, &Lock)>) -> Result<(Log, bool)> {
        let stem = name.strip_suffix(".md").unwrap_or(name);
        let mut zipped = Vec::new();
        if !from_trash {
            for (_, dir, profile) in self.directories(Place::Archived).into_iter().filter(|(place, ..)| *place == Place::Archived) {
                zipped.extend(self.archived(profile, &dir)?);
            }
        }
        let trash = self.trash()?;
        let near = self.logs(Place::Recent)?;
        let mut ids: Vec<String> = zipped.iter().map(|l| l.id.clone()).chain(trash.iter().map(|t| t.id().to_string())).collect();
        ids.sort();
        ids.dedup();
        let id = match ids.iter().filter(|id| id.starts_with(stem)).collect::<Vec<_>>().as_slice() {
            _ if ids.iter().any(|id| id == stem) => stem.to_string(),
            _ if near.iter().any(|l| l.id == stem) => {
                let log = near.into_iter().find(|l| l.id == stem).expect("it was just found");
                return Ok((log, false));
            }
            [] => {
                ids.retain(|id| strsim::jaro_winkler(id, stem) > 0.9);
                ids.truncate(10);
                return Err(Error::LogNotFound { name: name.to_string(), candidates: ids });
            }
            [one] => (*one).clone(),
            many => return Err(Error::AmbiguousLog { name: stem.to_string(), candidates: many.iter().map(|id| (*id).clone()).collect() }),
        };
        match zipped.iter().rev().find(|l| l.id == id) {
            Some(log) => self.unzip(log, &near, write),
            None => self.untrash(&id, &trash, write),
        }
    }

    fn unzip(&self, log: &Log, near: &[Log], write: Option<(&Store, &Lock)>) -> Result<(Log, bool)> {
        let dir = log.profile.recent.as_ref().unwrap_or(&log.profile.live[0]);
        let to = self.dir(&log.profile, dir).join(format!("{}.md", log.id));
        let former = format!("{}{FIRST_PART}", log.id);
        if let Some(near) = near.iter().find(|l| (l.id == log.id || l.id == former) && l.path != to) {
            let message = format!("{} is there already: {}", near.id, self.relative(&near.path).display());
            return Err(Error::refused("exists", message, "a journal holds an id once; move that log away first"));
        }
        let place = if log.profile.recent.is_some() { Place::Recent } else { Place::Live };
        let member = log.member.as_deref().unwrap_or_default();
        let bytes = archive::member_bytes(&log.path, member)?;
        let restored = Log { path: to.clone(), member: None, place, ..log.clone() };
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            return Ok((restored, false));
        }
        let made = match write {
            Some((store, lock)) => store.create_bytes(lock, &to, &bytes)?,
            None => !to.exists(),
        };
        if !made {
            let message = format!("{} exists already, with other contents", self.relative(&to).display());
            return Err(Error::refused("exists", message, "rename it or move it away first; nothing was overwritten"));
        }
        Ok((restored, true))
    }

    fn untrash(&self, id: &str, trash: &[Trashed], write: Option<(&Store, &Lock)>) -> Result<(Log, bool)> {
        let found = trash.iter().rev().find(|t| t.id() == id).expect("its id was taken from there");
        // The pattern that says most of the name: others may take its rest for anything.
        let known = self.profiles.iter().filter(|p| p.name.parse(id).is_some()).max_by_key(|p| p.name.pattern.len());
        let profile = known.cloned().unwrap_or_else(|| self.default_profile());
        let to = self.dir(&profile, &profile.live[0]).join(&found.name);
        match write {
            Some((store, lock)) => store.rename(lock, &found.path, &to)?,
            None if to.exists() => return Err(super::parts::exists(self, &to)),
            None => {}
        }
        Ok((Log { id: id.to_string(), path: to, member: None, place: Place::Live, profile }, true))
    }

    /// The logs in the trash, oldest first.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn trash(&self) -> Result<Vec<Trashed>> {
        let dir = self.root.join(PRIVATE).join("trash");
        let Ok(files) = fs::read_dir(&dir) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for file in files {
            let file = file.map_err(Error::io("read directory", &dir))?;
            let name = file.file_name().to_string_lossy().into_owned();
            if let Some(at) = name.find(".md.") {
                found.push((name[at + 4..].to_string(), Trashed { name: name[..at + 3].to_string(), path: file.path() }));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found.into_iter().map(|(_, t)| t).collect())
    }
}

/// The status that pruning makes of this one; nothing where it is to stay.
fn pruned_status(profile: &Profile, from: &str) -> Option<String> {
    let automatic = profile.status_named(from).is_some_and(|(_, s)| s.automatic);
    let named = profile.pruned.iter().find(|(name, _)| name.eq_ignore_ascii_case(from.trim())).map(|(_, to)| to);
    named.or_else(|| profile.pruned.get("*")).filter(|_| !automatic).cloned()
}

/// Whether a log was last updated more than so many days ago.
fn is_older(log: &Log, days: u32, now: DateTime<Utc>) -> Result<bool> {
    let text = log.read()?;
    let properties = Properties::read(&text, &log.path)?;
    let stamp = properties.text(&log.profile.keys.last_updated).or_else(|| properties.text(&log.profile.keys.created)).unwrap_or_default();
    let (time, _) = parse_time(&stamp).ok_or_else(|| {
        Error::refused("bad-date", format!("its last_updated is no time: `{stamp}`"), "correct it: `shiftlog lint` names the line")
    })?;
    Ok(now - time > TimeDelta::days(days.into()))
}
