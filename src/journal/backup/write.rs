//! Write: a journal into one file, which gets its name only when it was read back and found right.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use xxhash_rust::xxh3::Xxh3;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::contents::Contents;
use super::output::{Output, claim};
use super::{FORMAT, MANIFEST, Manifest, SEAL, is_backup, open, seals, unreadable};
use crate::journal::Journal;
use crate::journal::error::{Error, Result};
use crate::journal::store::{Store, hash, read_still, rename_new, sync_dir, temp_beside};

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Number of files.
    pub files: usize,
    /// Their bytes together, before compression.
    pub bytes: u64,
    /// What the person should know of, such as what was left out.
    pub notices: Vec<String>,
}

/// Backs a journal up into a file that is not there yet, readable by its owner only.
///
/// `copies` are files that are taken in under other names: what cannot be read while others write into it, such as a database.
/// The journal's lock is held while its files are read. A process that is killed leaves a temporary file at most.
///
/// # Errors
/// [`Error::Refused`] where the file exists or something cannot be backed up, [`Error::Io`]; no file is left then.
pub fn write(journal: &Journal, store: &Store, file: &Path, copies: &[(String, PathBuf)], now: DateTime<Utc>) -> Result<Written> {
    if fs::symlink_metadata(file).is_ok() {
        return Err(Error::refused(
            "exists",
            format!("{} exists already", file.display()),
            "name a file that is not there yet; nothing was overwritten",
        ));
    }
    if file.file_name().is_none() {
        return Err(Error::refused("bad-path", format!("not the name of a file: {}", file.display()), "name the file to write"));
    }
    let temp = temp_beside(file);
    let claimed = claim(&temp, file)?;
    let filled = || {
        let mut zip = ZipWriter::new(Output::new(&claimed));
        let (mut written, mut members) = fill(journal, store, &mut zip, file)?;
        let failed = |e: io::Error| Error::io("write backup", file)(e);
        for (name, path) in copies {
            let member = stream(&mut zip, name, path).map_err(Error::io("read", path))?;
            (written.files, written.bytes) = (written.files + 1, written.bytes + member.size);
            members.push(member);
        }
        members.push(end(zip, written.files, now).map_err(failed)?);
        Ok((written, members))
    };
    let written = filled()
        .and_then(|(written, members)| {
            seal(&claimed).map_err(Error::io("write backup", file))?;
            match reads_back(&temp, &members) {
                Ok(true) => Ok(written),
                _ => Err(lost(file)),
            }
        })
        .and_then(|written| rename_new(&temp, file).map(|()| written));
    if written.is_err() {
        let _ = fs::remove_file(&temp);
        return written;
    }
    sync_dir(file)?;
    written
}

/// A member of the zip, and the hash of what was read for it.
struct Member {
    name: String,
    hash: String,
    size: u64,
}

impl Member {
    fn new(name: String, bytes: &[u8]) -> Member {
        Member { name, hash: hash(bytes), size: bytes.len() as u64 }
    }
}

type Zip<'f> = ZipWriter<Output<'f>>;

fn fill(journal: &Journal, store: &Store, zip: &mut Zip<'_>, file: &Path) -> Result<(Written, Vec<Member>)> {
    let failed = |e: io::Error| Error::io("write backup", file)(e);
    let mut written = Written { files: 0, bytes: 0, notices: Vec::new() };
    let mut members = Vec::new();
    let lock = store.lock()?;
    let mut contents = Contents::list(journal)?;
    for (name, path) in std::mem::take(&mut contents.entries) {
        if zip.get_ref().is_none_or(Output::failed) {
            break;
        }
        if name.ends_with('/') {
            zip.add_directory(name.as_str(), SimpleFileOptions::default()).map_err(|e| failed(e.into()))?;
            members.push(Member::new(name, b""));
            continue;
        }
        let (bytes, still) = match read_still(&path) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => continue,
            read => read?,
        };
        if is_backup(&bytes) {
            contents.leave_out(&path, "as it is a backup itself");
            continue;
        }
        if !still {
            contents.notices.push(format!("another program kept writing into {}; it was taken as it stood for a moment", path.display()));
        }
        add(zip, &name, &bytes, fs::metadata(&path).ok().as_ref()).map_err(failed)?;
        written.files += 1;
        written.bytes += bytes.len() as u64;
        members.push(Member::new(name, &bytes));
    }
    drop(lock);
    written.notices = contents.notices;
    Ok((written, members))
}

/// Takes in a file of any size.
fn stream(zip: &mut Zip<'_>, name: &str, path: &Path) -> io::Result<Member> {
    let meta = fs::metadata(path)?;
    let options = SimpleFileOptions::default().large_file(meta.len() >= u64::from(u32::MAX)).unix_permissions(mode(&meta));
    zip.start_file(name, options.last_modified_time(modified(&meta).unwrap_or_default()))?;
    let (hash, size) = copy(&mut File::open(path)?, zip)?;
    Ok(Member { name: name.to_string(), hash, size })
}

/// Copies everything, and gives the hash and the number of bytes.
fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<(String, u64)> {
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((format!("{:016x}", hasher.digest()), size));
        }
        hasher.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        size += read as u64;
    }
}

fn add(zip: &mut Zip, name: &str, bytes: &[u8], meta: Option<&Metadata>) -> io::Result<()> {
    let zipped = Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("zip"));
    let method = if zipped { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    let large = bytes.len() as u64 >= u64::from(u32::MAX);
    let mut options = SimpleFileOptions::default().compression_method(method).large_file(large);
    if let Some(meta) = meta {
        options = options.unix_permissions(mode(meta)).last_modified_time(modified(meta).unwrap_or_default());
    }
    zip.start_file(name, options)?;
    zip.write_all(bytes)
}

/// Adds the manifest and completes the zip, with room for its seal.
fn end(mut zip: Zip, files: usize, now: DateTime<Utc>) -> io::Result<Member> {
    let created = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let manifest = Manifest { format: FORMAT, program: env!("CARGO_PKG_VERSION").into(), created, files };
    let bytes = serde_json::to_vec(&manifest).expect("a manifest is plain data");
    add(&mut zip, MANIFEST, &bytes, None)?;
    zip.set_comment("0".repeat(SEAL))?;
    zip.finish()?.end()?;
    Ok(Member::new(MANIFEST.into(), &bytes))
}

fn seal(mut file: &File) -> io::Result<()> {
    let (seal, _) = seals(&mut file.try_clone()?)?;
    file.seek(SeekFrom::End(-(SEAL as i64)))?;
    file.write_all(seal.as_bytes())?;
    file.sync_all()
}

/// Opens what was written anew and compares every member with what was read for it.
fn reads_back(temp: &Path, members: &[Member]) -> Result<bool> {
    let mut archive = open(temp)?;
    let mut same = archive.len() == members.len();
    for (index, member) in members.iter().enumerate() {
        let mut read = archive.by_index(index).map_err(|e| unreadable(temp, e))?;
        let (hash, _) = copy(&mut read, &mut io::sink()).map_err(|e| unreadable(temp, e.into()))?;
        same &= read.name().is_ok_and(|name| name == member.name) && hash == member.hash;
    }
    Ok(same)
}

fn lost(file: &Path) -> Error {
    Error::refused(
        "damaged-backup",
        format!("what was written does not read back the same: {}", file.display()),
        "the disk may be failing: write the backup to another one; nothing is left of this one",
    )
}

#[cfg(unix)]
fn mode(meta: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions())
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o644
}

/// The time of the last change, in UTC; none where a zip cannot hold it.
fn modified(meta: &Metadata) -> Option<zip::DateTime> {
    let time = DateTime::<Utc>::from(meta.modified().ok()?);
    let small = |n: u32| u8::try_from(n).ok();
    let year = u16::try_from(time.year()).ok()?;
    let (month, day) = (small(time.month())?, small(time.day())?);
    zip::DateTime::from_date_and_time(year, month, day, small(time.hour())?, small(time.minute())?, small(time.second())?).ok()
}
