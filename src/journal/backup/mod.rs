//! Backup: everything of a journal that cannot be rebuilt in one zip, and back.
//!
//! [`write()`] makes the file and reads it back before it gets its name, [`restore()`] puts what it holds into a directory.
//! Neither overwrites anything. The format is described in `docs/formats.md`.

mod contents;
mod output;
mod restore;
mod write;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;
use zip::ZipArchive;
use zip::result::ZipError;

use super::error::{Error, Result};
pub use restore::{Restored, restore};
pub use write::{Written, write};

/// The member that tells a backup from any other zip.
pub const MANIFEST: &str = "shiftlog-backup.json";

const FORMAT: u32 = 1;

/// What the manifest says.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Version of the program that wrote it.
    program: String,
    /// RFC 3339, UTC.
    created: String,
    /// Files beside the manifest.
    files: usize,
}

type Archive = ZipArchive<BufReader<File>>;

/// Length of the seal: the zip's comment, the last bytes of the file, is the XXH3 of all bytes before it in hexadecimal.
const SEAL: usize = 16;

/// The seal that a file should have, and the one it has.
fn seals(file: &mut File) -> io::Result<(String, String)> {
    let len = file.metadata()?.len().saturating_sub(SEAL as u64);
    file.rewind()?;
    let mut hasher = Xxh3::new();
    let mut sealed = BufReader::with_capacity(1 << 16, Read::take(&mut *file, len));
    while let bytes @ [_, ..] = sealed.fill_buf()? {
        hasher.update(bytes);
        let read = bytes.len();
        sealed.consume(read);
    }
    let mut seal = Vec::new();
    file.read_to_end(&mut seal)?;
    Ok((format!("{:016x}", hasher.digest()), String::from_utf8_lossy(&seal).into_owned()))
}

/// Opens a file that must be a backup, whole and unchanged.
fn open(path: &Path) -> Result<Archive> {
    let mut file = File::open(path).map_err(Error::io("read backup", path))?;
    let (due, seal) = seals(&mut file).map_err(Error::io("read backup", path))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| unreadable(path, e))?;
    let manifest = manifest(&mut archive, path)?;
    if manifest.format > FORMAT {
        return Err(Error::refused(
            "newer-backup",
            format!("a backup of format {}, newer than this program: {}", manifest.format, path.display()),
            "restore it with the newest shiftlog",
        ));
    }
    if due != seal {
        return Err(damaged(path, "its bytes are not those that were written"));
    }
    let dirs = archive.file_names_raw().filter(|n| n.ends_with(b"/")).count();
    if archive.has_duplicate_names() || archive.len() != manifest.files + dirs + 1 {
        return Err(damaged(path, "it does not hold the files that its manifest counts"));
    }
    Ok(archive)
}

fn manifest(archive: &mut Archive, path: &Path) -> Result<Manifest> {
    let mut bytes = Vec::new();
    let mut member = match archive.by_name(MANIFEST) {
        Err(ZipError::FileNotFound) => return Err(foreign(path, "no backup of a journal")),
        member => member.map_err(|e| unreadable(path, e))?,
    };
    member.read_to_end(&mut bytes).map_err(|e| unreadable(path, e.into()))?;
    serde_json::from_slice(&bytes).map_err(|e| damaged(path, &e.to_string()))
}

/// Whether these are the bytes of a backup.
fn is_backup(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") && ZipArchive::new(io::Cursor::new(bytes)).is_ok_and(|zip| zip.index_for_name(MANIFEST).is_some())
}

fn unreadable(path: &Path, error: ZipError) -> Error {
    match error {
        ZipError::Io(e) if e.raw_os_error().is_some() => Error::io("read backup", path)(e),
        other => damaged(path, &other.to_string()),
    }
}

fn damaged(path: &Path, why: &str) -> Error {
    Error::refused("damaged-backup", format!("damaged backup: {why}: {}", path.display()), "take another copy of it; nothing was written")
}

fn foreign(path: &Path, why: &str) -> Error {
    Error::refused(
        "not-a-backup",
        format!("{why}: {}", path.display()),
        "name a file that `shiftlog backup FILE` wrote; nothing was written",
    )
}
