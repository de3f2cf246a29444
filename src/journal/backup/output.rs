//! Output: the temporary file that a backup is written into.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::journal::error::{Error, Result};

/// Makes the temporary file of a backup, for this process alone; what a killed process left under that name goes.
pub(super) fn claim(path: &Path, backup: &Path) -> Result<File> {
    let failed = |e| Error::io("write backup", backup)(e);
    loop {
        let (file, fresh) = match create(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => match File::open(path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                file => (file.map_err(failed)?, false),
            },
            file => (file.map_err(failed)?, true),
        };
        // Where there are no locks, two processes that write the same backup at once are told apart by nobody.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::refused(
                "busy",
                format!("another process is writing this backup: {}", backup.display()),
                "wait for it, or name another file",
            ));
        }
        // The name may have gone to another file before the lock was there; only under the lock does it stay.
        match (is_at(path, &file).map_err(failed)?, fresh) {
            (true, true) => return Ok(file),
            (true, false) => fs::remove_file(path).map_err(failed)?,
            (false, _) => {}
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let own = file.metadata()?;
    Ok(fs::symlink_metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino())))
}

#[cfg(not(unix))]
fn is_at(path: &Path, _: &File) -> io::Result<bool> {
    path.try_exists()
}

/// A buffered file that keeps its first failure to itself, and takes what comes after it to nowhere.
///
/// A zip writer completes its zip also when it is dropped, and prints where that fails.
#[derive(Debug)]
pub(super) struct Output<'f> {
    file: BufWriter<&'f File>,
    failure: Option<io::Error>,
    at: u64,
    len: u64,
}

impl<'f> Output<'f> {
    pub(super) fn new(file: &'f File) -> Output<'f> {
        Output { file: BufWriter::new(file), failure: None, at: 0, len: 0 }
    }

    pub(super) fn failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Writes what is buffered; the failure, if there was one.
    pub(super) fn end(mut self) -> io::Result<()> {
        match self.failure.take() {
            None => self.file.flush(),
            Some(failure) => {
                // The buffer could not be written, and need not be.
                let _ = self.file.into_parts();
                Err(failure)
            }
        }
    }

    fn attempt(&mut self, write: impl FnOnce(&mut BufWriter<&'f File>) -> io::Result<()>) {
        if self.failure.is_none() {
            self.failure = write(&mut self.file).err();
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|file| file.write_all(bytes));
        self.at += bytes.len() as u64;
        self.len = self.len.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(Write::flush);
        Ok(())
    }
}

impl Seek for Output<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        let at = self.at;
        self.attempt(|file| file.seek(SeekFrom::Start(at)).map(drop));
        Ok(at)
    }
}
