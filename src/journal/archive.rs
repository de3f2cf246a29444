//! Archives: monthly zips of logs. Reading them, adding to them, and taking logs out again.
//!
//! A zip is never changed in place: a new one is written beside it, read back and compared byte for byte, and put in its place.
//! Nothing that a zip holds ever leaves it: of two versions of a log the newer gets the name, the older one a number.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Datelike, Timelike, Utc};
use walkdir::WalkDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::backup;
use super::error::{Error, Result};
use super::profile::{self, Profile};
use super::store::{self, Lock, Store};
use super::{Journal, Log, Place};

type Zip = ZipArchive<BufReader<File>>;

impl Journal {
    /// The logs in the zips of a directory; a damaged zip is passed over with a notice.
    pub(super) fn archived(&self, profile: &Arc<Profile>, dir: &Path) -> Result<Vec<Log>> {
        let mut logs = Vec::new();
        for path in zips(dir)? {
            let members = open(&path).map(|zip| members(&zip)).unwrap_or_else(|e| {
                self.notices.borrow_mut().push(e.to_string());
                Vec::new()
            });
            for member in members {
                let name = member.rsplit('/').next().unwrap_or(&member).to_string();
                if profile.name.is_log(&name) {
                    let id = name.trim_end_matches(".md").to_string();
                    logs.push(Log { id, path: path.clone(), member: Some(member), place: Place::Archived, profile: profile.clone() });
                }
            }
        }
        Ok(logs)
    }

    /// The zip that a log belongs into, by the month in its name.
    pub fn zip_of(&self, log: &Log) -> Option<PathBuf> {
        let dir = self.dir(&log.profile, log.profile.archive.as_ref()?);
        let day = log.profile.name.parse(&log.id)?.time;
        Some(dir.join(format!("{:04}-{:02}.zip", day.year(), day.month())))
    }

    /// Puts logs into the zips of their months, those that are not there yet; gives the logs that were added.
    ///
    /// What cannot be archived is passed over, and the reasons given; the logs stay where they are.
    pub fn archive(&self, store: &Store, lock: &Lock, logs: &[Log]) -> (Vec<Log>, Vec<Error>) {
        let mut months: BTreeMap<PathBuf, Vec<&Log>> = BTreeMap::new();
        for log in logs {
            if let Some(zip) = self.zip_of(log) {
                months.entry(zip).or_default().push(log);
            }
        }
        let (mut added, mut failed) = (Vec::new(), Vec::new());
        for (zip, logs) in months {
            match add(store, lock, &zip, &logs) {
                Ok(new) => added.extend(new),
                Err(error) => failed.push(error),
            }
        }
        (added, failed)
    }

    /// Whether exactly these bytes are in the zip that the log belongs into; `held` keeps the zip that was read last.
    ///
    /// # Errors
    /// [`Error::Refused`] for a damaged zip, [`Error::Io`].
    pub fn is_archived(&self, log: &Log, bytes: &[u8], held: &mut Held) -> Result<bool> {
        let Some(path) = self.zip_of(log).filter(|z| z.is_file()) else { return Ok(false) };
        if held.path != path {
            *held = Held { members: unpacked(&mut open(&path)?, &path)?, path };
        }
        Ok(held.members.iter().any(|m| version_of(&m.name, &log.id).is_some() && m.bytes == bytes))
    }
}

/// What one zip holds, read to its end.
#[derive(Debug, Default)]
pub struct Held {
    path: PathBuf,
    members: Vec<Member>,
}

/// The zips of a directory, by name.
///
/// # Errors
/// [`Error::Io`].
pub fn zips(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in WalkDir::new(dir).min_depth(1).max_depth(1).sort_by_file_name() {
        let file = file.map_err(|e| super::walk_error(e, dir))?;
        let hidden = file.file_name().to_string_lossy().starts_with('.');
        if !hidden && file.path().extension().is_some_and(|e| e == "zip") {
            found.push(file.into_path());
        }
    }
    Ok(found)
}

/// Reads every member of a zip to its end, which checks it.
///
/// # Errors
/// [`Error::Refused`] for a damaged zip, [`Error::Io`].
pub fn verify(path: &Path) -> Result<()> {
    let mut zip = open(path)?;
    unique(&zip, path)?;
    for n in 0..zip.len() {
        let mut member = zip.by_index(n).map_err(|e| unreadable(path, &e))?;
        io::copy(&mut member, &mut io::sink()).map_err(|e| damaged(path, &e.to_string()))?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<Zip> {
    let file = File::open(path).map_err(Error::io("read archive", path))?;
    ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(path, &e.to_string()))
}

/// Names of what a zip holds; a backup that somebody wrote among the archives holds no further logs.
fn members(zip: &Zip) -> Vec<String> {
    if zip.index_for_name(backup::MANIFEST).is_some() {
        return Vec::new();
    }
    let names = zip.file_names().filter_map(std::result::Result::ok).map(|n| n.into_owned());
    names.filter(|n| profile::inside(n)).collect()
}

fn damaged(path: &Path, reason: &str) -> Error {
    Error::Refused {
        kind: "damaged-archive",
        message: format!("damaged archive: {reason}: {}", path.display()),
        hint: Some("restore the zip from a backup; it was left as it is".into()),
    }
}

/// A zip that is damaged, or packed in a way that is not understood here.
fn unreadable(path: &Path, error: &zip::result::ZipError) -> Error {
    match error {
        zip::result::ZipError::UnsupportedArchive(reason) => Error::Refused {
            kind: "unsupported-archive",
            message: format!("a zip that cannot be read here: {reason}: {}", path.display()),
            hint: Some("pack it again with the method `deflate` and without a password; it was left as it is".into()),
        },
        error => damaged(path, &error.to_string()),
    }
}

fn bytes_of(zip: &mut Zip, path: &Path, member: &str) -> Result<Vec<u8>> {
    let mut file = zip.by_name(member).map_err(|e| unreadable(path, &e))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| damaged(path, &e.to_string()))?;
    Ok(bytes)
}

/// The bytes of a log in a zip.
///
/// # Errors
/// [`Error::Refused`] for a damaged zip, [`Error::Io`].
pub fn member_bytes(path: &Path, member: &str) -> Result<Vec<u8>> {
    bytes_of(&mut open(path)?, path, member)
}

pub(super) fn read_member(path: &Path, member: &str) -> Result<String> {
    let bytes = member_bytes(path, member)?;
    String::from_utf8(bytes).map_err(|e| Error::NotUtf8 { path: path.join(member), offset: e.utf8_error().valid_up_to() })
}

/// The number of the version of a log that a member holds, 0 for the newest: `20260803-01.2.md` is 2.
fn version_of(member: &str, id: &str) -> Option<u32> {
    let name = member.rsplit('/').next().unwrap_or(member).strip_suffix(".md")?;
    match name.strip_prefix(id)? {
        "" => Some(0),
        rest => rest.strip_prefix('.')?.parse().ok().filter(|n| *n > 0),
    }
}

/// A member of a zip.
#[derive(Debug)]
struct Member {
    name: String,
    bytes: Vec<u8>,
    origin: Origin,
}

/// Where a member comes from.
#[derive(Debug)]
enum Origin {
    /// The old zip; it goes into the new one as it is packed there, with its times and rights.
    Packed(usize),
    /// A file that was modified then.
    Written(Option<zip::DateTime>),
}

/// Adds logs to a zip, made where there is none, and gives those that were not in it.
fn add(store: &Store, lock: &Lock, path: &Path, logs: &[&Log]) -> Result<Vec<Log>> {
    let mut old = path.exists().then(|| open(path)).transpose()?;
    let mut all = old.as_mut().map(|zip| unpacked(zip, path)).transpose()?.unwrap_or_default();
    let mut added = Vec::new();
    for log in logs {
        let bytes = store::read_bytes(&log.path)?;
        let held: Vec<(usize, u32)> = all.iter().enumerate().filter_map(|(i, m)| version_of(&m.name, &log.id).map(|v| (i, v))).collect();
        if held.iter().any(|(i, _)| all[*i].bytes == bytes) {
            continue;
        }
        let own = format!("{}.md", log.id);
        if let Some(newest) = all.iter().position(|m| m.name == own) {
            let free = held.iter().map(|(_, v)| v + 1).max().unwrap_or(1);
            all[newest].name = format!("{}.{free}.md", log.id);
        }
        let modified = fs::metadata(&log.path).and_then(|m| m.modified()).ok().and_then(zip_time);
        all.push(Member { name: own, bytes, origin: Origin::Written(modified) });
        added.push((*log).clone());
    }
    if !added.is_empty() {
        let written = write(old.as_mut(), &all).map_err(|e| damaged(path, &e.to_string()))?;
        check(&written, &all).map_err(|reason| damaged(path, &reason))?;
        store.put_checked(lock, path, &written)?;
    }
    Ok(added)
}

/// Refuses zips that hold a name twice: only one of the two could be read, and only one would be written.
fn unique(zip: &Zip, path: &Path) -> Result<()> {
    let bytes = store::read_bytes(path)?;
    let end = bytes.windows(4).rposition(|w| w == b"PK\x05\x06");
    let count = end.and_then(|at| bytes.get(at + 10..at + 12)).map(|n| usize::from(u16::from_le_bytes([n[0], n[1]])));
    match count {
        // 65535: the number stands elsewhere, in a zip larger than any of a month's logs.
        Some(count) if count != zip.len() && count != usize::from(u16::MAX) => Err(Error::Refused {
            kind: "damaged-archive",
            message: format!("a zip that holds a name twice: {}", path.display()),
            hint: Some("unpack it, rename one of the two, and pack it again; it was left as it is".into()),
        }),
        _ => Ok(()),
    }
}

fn unpacked(zip: &mut Zip, path: &Path) -> Result<Vec<Member>> {
    let mut all = Vec::with_capacity(zip.len());
    unique(zip, path)?;
    for n in 0..zip.len() {
        let mut file = zip.by_index(n).map_err(|e| unreadable(path, &e))?;
        let name = file.name().map_err(|e| damaged(path, &e.to_string()))?.to_string();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| damaged(path, &e.to_string()))?;
        all.push(Member { name, bytes, origin: Origin::Packed(n) });
    }
    Ok(all)
}

fn zip_time(time: SystemTime) -> Option<zip::DateTime> {
    let time = DateTime::<Utc>::from(time);
    let part = |n: u32| u8::try_from(n).unwrap_or(0);
    let (day, clock) = (time.date_naive(), time.time());
    let year = u16::try_from(day.year()).ok()?;
    zip::DateTime::from_date_and_time(
        year,
        part(day.month()),
        part(day.day()),
        part(clock.hour()),
        part(clock.minute()),
        part(clock.second()),
    )
    .ok()
}

fn write(mut old: Option<&mut Zip>, members: &[Member]) -> zip::result::ZipResult<Vec<u8>> {
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    if let Some(old) = &old {
        new.set_raw_comment(old.comment().into())?;
    }
    for member in members {
        match (&member.origin, old.as_deref_mut()) {
            (Origin::Packed(n), Some(old)) => new.raw_copy_file_rename(old.by_index_raw(*n)?, member.name.as_str())?,
            (origin, _) => {
                let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o644);
                let time = if let Origin::Written(time) = origin { *time } else { None };
                new.start_file(member.name.as_str(), time.map_or(options, |t| options.last_modified_time(t)))?;
                new.write_all(&member.bytes)?;
            }
        }
    }
    Ok(new.finish()?.into_inner())
}

/// Whether a zip holds exactly these members.
fn check(written: &[u8], members: &[Member]) -> std::result::Result<(), String> {
    let mut zip = ZipArchive::new(Cursor::new(written)).map_err(|e| e.to_string())?;
    if zip.len() != members.len() {
        return Err(format!("{} members were written, {} are there", members.len(), zip.len()));
    }
    for (n, Member { name, bytes, .. }) in members.iter().enumerate() {
        let mut held = Vec::with_capacity(bytes.len());
        zip.by_index(n).map_err(|e| e.to_string())?.read_to_end(&mut held).map_err(|e| e.to_string())?;
        if held != *bytes {
            return Err(format!("{name} was not written as it is"));
        }
    }
    Ok(())
}
