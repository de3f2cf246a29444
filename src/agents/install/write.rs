//! Writing a file in one step, and taking one away: with its mode, through links, and only if it is still what was read.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::Error;

/// The name of a file's copy as it was before the first change.
pub(super) fn backup_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.shiftlog-backup"))
}

/// Reads a file; nothing where there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => Ok(None),
        Err(e) => Err(Error::io("read", path)(e)),
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            let line = 1 + e.as_bytes().iter().take(at).filter(|b| **b == b'\n').count();
            Error::Broken { path: path.to_path_buf(), line, why: "it is not valid UTF-8".into() }
        }),
    }
}

/// Writes a file, if it is still what was read before. Its directories are made; a new one has these permissions, if any are given.
pub(super) fn write(path: &Path, before: Option<&str>, text: &str, fresh: Option<Permissions>) -> Result<(), Error> {
    let failed = |e| Error::io("write", path)(e);
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?;
    }
    let real = if before.is_some() { fs::canonicalize(path).map_err(failed)? } else { path.to_path_buf() };
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let temp = real.with_file_name(format!(".{name}.shiftlog"));
    let _ = fs::remove_file(&temp);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temp)?;
        file.write_all(text.as_bytes())?;
        let kept = if before.is_some() { Some(fs::metadata(&real)?.permissions()) } else { fresh };
        if let Some(permissions) = kept {
            file.set_permissions(permissions)?;
        }
        file.sync_all()
    })();
    let placed = written.map_err(failed).and_then(|()| {
        if read(path)?.as_deref() != before {
            return Err(Error::Changed { path: path.to_path_buf() });
        }
        fs::rename(&temp, &real).map_err(failed)
    });
    if placed.is_err() {
        let _ = fs::remove_file(&temp);
    }
    placed.and_then(|()| sync_dir(&real).map_err(failed))
}

/// Takes a file away, if it is still what was read, and directories that are empty then, up to a base that stays.
pub(super) fn remove(path: &Path, before: &str, base: &Path) -> Result<(), Error> {
    if read(path)?.as_deref() != Some(before) {
        return Err(Error::Changed { path: path.to_path_buf() });
    }
    fs::remove_file(path).map_err(Error::io("remove", path))?;
    let mut dir = path.parent();
    while let Some(empty) = dir.filter(|dir| *dir != base && dir.starts_with(base)) {
        if fs::remove_dir(empty).is_err() {
            break;
        }
        dir = empty.parent();
    }
    Ok(())
}

/// The permissions of a script.
#[cfg(unix)]
pub(super) fn executable() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o755))
}

/// The permissions of a script.
#[cfg(not(unix))]
pub(super) fn executable() -> Option<Permissions> {
    None
}

#[cfg(unix)]
fn sync_dir(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
