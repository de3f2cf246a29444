//! Files: reading and replacing one, whatever other programs do to it at the same time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::journal::error::{Error, Result};

/// Reads a file; while editors save, it may for a moment not be there, or be empty.
pub(super) fn read_steady(path: &Path) -> Result<Vec<u8>> {
    let start = Instant::now();
    loop {
        match fs::read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && start.elapsed() < SHORT => {}
            Ok(bytes) if bytes.is_empty() && start.elapsed() < LONG => {}
            result => return result.map_err(Error::io("read log", path)),
        }
        std::thread::sleep(PAUSE);
    }
}

/// Reads a file that an editor may be writing into, until it says the same twice, and something.
pub(super) fn read_settled(path: &Path) -> Result<Vec<u8>> {
    settle(path).map(|(bytes, _)| bytes)
}

/// Reads a file that any program may be writing into; says whether it stood still.
///
/// One that was last written a while ago, and not while it was read, is read once; any other until it says the same twice.
pub(in crate::journal) fn read_still(path: &Path) -> Result<(Vec<u8>, bool)> {
    let stamp = || fs::metadata(path).and_then(|m| Ok((m.len(), m.modified()?))).ok();
    let before = stamp().filter(|(_, written)| written.elapsed().is_ok_and(|age| age > LONG));
    match before.map(|_| fs::read(path)) {
        Some(Ok(bytes)) if stamp() == before => Ok((bytes, true)),
        _ => settle(path),
    }
}

fn settle(path: &Path) -> Result<(Vec<u8>, bool)> {
    let start = Instant::now();
    let mut last = read_steady(path)?;
    loop {
        std::thread::sleep(PAUSE);
        let now = read_steady(path)?;
        if now == last || start.elapsed() > LONG {
            let still = now == last;
            return Ok((now, still));
        }
        last = now;
    }
}

const PAUSE: Duration = Duration::from_millis(2);
/// How long a replaced file may be missing.
const SHORT: Duration = Duration::from_millis(50);
/// How long a program may take between emptying a file and filling it.
const LONG: Duration = Duration::from_secs(1);

pub(super) fn utf8<'t>(bytes: &'t [u8], path: &Path) -> Result<&'t str> {
    std::str::from_utf8(bytes).map_err(|e| Error::NotUtf8 { path: path.to_path_buf(), offset: e.valid_up_to() })
}

pub(in crate::journal) fn temp_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.shiftlog"))
}

pub(super) fn write_temp(temp: &Path, bytes: &[u8], like: Option<&Path>) -> Result<()> {
    let fresh = unfinished(temp);
    let _ = fs::remove_file(&fresh);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&fresh)?;
        file.write_all(bytes)?;
        if let Some(like) = like {
            copy_owner(&file, like)?;
        }
        file.sync_all()?;
        fs::rename(&fresh, temp)
    })();
    written.map_err(|e| {
        let _ = fs::remove_file(&fresh);
        Error::io("write log", temp)(e)
    })
}

/// Whether a file is a momentary one of shiftlog's own, by its name.
pub(in crate::journal) fn is_temp(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|n| n.ends_with(".shiftlog") || n.ends_with(".shiftlog-new"))
}

/// The temp file's name while it is not complete: one that a killed process left is of no value.
pub(super) fn unfinished(temp: &Path) -> PathBuf {
    temp.with_extension("shiftlog-new")
}

/// Makes a directory and those above it, so that they are there after a power cut, too.
pub(in crate::journal) fn make_dir(dir: &Path) -> Result<()> {
    let made: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?;
    made.into_iter().try_for_each(sync_dir)
}

/// Moves a file to a name that is not taken, in one step where the system can.
pub(in crate::journal) fn rename_new(from: &Path, to: &Path) -> Result<()> {
    if let Some(dir) = to.parent() {
        make_dir(dir)?;
    }
    match move_new(from, to).or_else(|e| if e.kind() == io::ErrorKind::CrossesDevices { move_across(from, to) } else { Err(e) }) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::refused("exists", format!("{} exists already", to.display()), "move it away first; nothing was overwritten"))
        }
        moved => moved.map_err(Error::io("move", from)),
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => move_by_link(from, to),
        moved => moved.map_err(Into::into),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    move_by_link(from, to)
}

/// Onto another file system: a copy first, whole and synced, under its name only if that is free; then the file goes.
fn move_across(from: &Path, to: &Path) -> io::Result<()> {
    let temp = temp_beside(to);
    let _ = fs::remove_file(&temp);
    let copied = fs::copy(from, &temp).and_then(|_| File::open(&temp)?.sync_all()).and_then(|()| move_new(&temp, to));
    if copied.is_err() {
        let _ = fs::remove_file(&temp);
    }
    copied.and_then(|()| fs::remove_file(from))
}

/// Where a rename would overwrite: a second name fails if it is taken.
fn move_by_link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
        Err(_) if to.exists() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(e) if e.kind() == io::ErrorKind::CrossesDevices => Err(e),
        Err(_) => fs::rename(from, to),
    }
}

#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn copy_owner(file: &File, like: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (old, new) = (fs::metadata(like)?, file.metadata()?);
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        // Only root may give files away; anybody else keeps the log as their own.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(old.permissions())
}

#[cfg(not(unix))]
fn copy_owner(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

/// A log whose owner took away every write permission is not written, though its directory would allow it.
pub(super) fn check_writable(path: &Path) -> Result<()> {
    let meta = fs::metadata(path).map_err(Error::io("read log", path))?;
    if meta.permissions().readonly() {
        return Err(Error::io("write log", path)(io::Error::from(io::ErrorKind::PermissionDenied)));
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn exchange(temp: &Path, real: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, temp, CWD, real, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => exchange_by_link(temp, real),
        // An editor is between taking the old file away and putting the new one there.
        Err(Errno::NOENT) if temp.exists() => {
            std::thread::sleep(Duration::from_millis(5));
            renameat_with(CWD, temp, CWD, real, RenameFlags::EXCHANGE).map_err(Into::into)
        }
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn exchange(temp: &Path, real: &Path) -> io::Result<()> {
    exchange_by_link(temp, real)
}

/// Where two names cannot be exchanged: the old file gets a second name first, so that nothing is lost.
fn exchange_by_link(temp: &Path, real: &Path) -> io::Result<()> {
    let old = temp.with_extension("old");
    let _ = fs::remove_file(&old);
    fs::hard_link(real, &old).or_else(|_| fs::copy(real, &old).map(drop))?;
    fs::rename(temp, real)?;
    fs::rename(&old, temp)
}

#[cfg(unix)]
pub(in crate::journal) fn sync_dir(file: &Path) -> Result<()> {
    let dir = file.parent().expect("files lie in a directory");
    File::open(dir).and_then(|d| d.sync_all()).map_err(Error::io("sync directory", dir))
}

#[cfg(not(unix))]
pub(in crate::journal) fn sync_dir(_: &Path) -> Result<()> {
    Ok(())
}
