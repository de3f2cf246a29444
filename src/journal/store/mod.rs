//! Store: the only place that writes. Temp file beside the log, exchange, directory sync; what was displaced is kept.
//!
//! All writes happen under the journal's lock. What an exchange displaced is compared with what was read: if somebody
//! saved in between, the change is made again on their version. Knows nothing of what a log means.

mod files;
mod ledger;
mod scrub;
mod undo;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_64;

use super::error::{Error, Result};
use files::{check_writable, exchange, make_dir, read_settled, read_steady, set_mode, unfinished, utf8, write_temp};
pub(super) use files::{is_temp, read_still, rename_new, sync_dir, temp_beside};
use ledger::{Entry, Op};
pub use scrub::Clean;
pub use undo::{Preview, Undone};

/// The private directory beside the logs.
pub const PRIVATE: &str = ".shiftlog";

/// How often a change is made anew on what somebody else saved meanwhile.
/// What lies in the private directory and is read or written by its name.
const OWN: [&str; 9] = ["ledger.jsonl", "ledger.next", "moves.json", "finish.json", "finished.jsonl", "undo", "trash", "handed", "spool"];
const ATTEMPTS: usize = 30;
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Writes into one journal on behalf of one command.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    group: String,
    now: DateTime<Utc>,
    writes: std::cell::Cell<usize>,
    tidied: std::cell::Cell<bool>,
    notices: std::cell::RefCell<Vec<String>>,
}

/// The journal's lock; released when dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its drop")] File);

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Whether anything was written.
    pub changed: bool,
    /// Somebody else's save was found meanwhile, and the change was made on top of it.
    pub merged: bool,
    /// The text before, as the change saw it.
    pub before: String,
    /// The text now.
    pub after: String,
}

impl Store {
    /// A store for one command; `group` tells its writes from those of others.
    pub fn new(root: &Path, now: DateTime<Utc>) -> Store {
        let group = format!("{}-{}", now.format("%Y%m%dT%H%M%S%.9f"), std::process::id());
        Store { root: root.to_path_buf(), group, now, writes: 0.into(), tidied: false.into(), notices: Vec::new().into() }
    }

    /// What the person should know of, such as a leftover of a killed process that was kept.
    pub fn notices(&self) -> Vec<String> {
        self.notices.take()
    }

    fn private(&self) -> PathBuf {
        self.root.join(PRIVATE)
    }

    /// Makes the private directory (0700, ignored by git) and takes the journal's lock.
    ///
    /// # Errors
    /// [`Error::Io`], also when another process holds the lock for a minute.
    pub fn lock(&self) -> Result<Lock> {
        self.lock_within(LOCK_PATIENCE)?.ok_or_else(|| {
            Error::refused("busy", "another process holds the journal's lock", "wait for it, or end it, and run the command again")
        })
    }

    /// The same, but nothing where another process holds the lock now.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn try_lock(&self) -> Result<Option<Lock>> {
        self.lock_within(Duration::ZERO)
    }

    fn lock_within(&self, patience: Duration) -> Result<Option<Lock>> {
        let dir = self.private();
        if !dir.is_dir() {
            self.make_private(&dir)?;
        }
        no_links(&dir)?;
        let path = dir.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(Error::io("open lock", &path))?;
        let start = Instant::now();
        let mut pause = Duration::from_micros(200);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(e)) => return Err(Error::io("lock journal", &path)(e)),
                Err(fs::TryLockError::WouldBlock) if start.elapsed() >= patience => return Ok(None),
                Err(fs::TryLockError::WouldBlock) => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(4));
                }
            }
        }
        self.recover()?;
        Ok(Some(Lock(file)))
    }

    /// Makes `.shiftlog/` with the `.gitignore` that keeps it out of repositories.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn make_private(&self, dir: &Path) -> Result<()> {
        make_private_dir(dir)?;
        fs::create_dir_all(dir.join("undo")).map_err(Error::io("make directory", dir))?;
        let ignore = dir.join(".gitignore");
        fs::write(&ignore, "*\n").map_err(Error::io("write", &ignore))
    }

    /// Writes a file where none is yet, and takes no note of it: what a backup held is nothing to undo.
    ///
    /// The caller syncs the directory.
    pub(super) fn place(&self, _lock: &Lock, path: &Path, mode: Option<u32>, content: &mut dyn io::Read) -> Result<()> {
        let dir = path.parent().expect("files lie in a directory");
        fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?;
        // One name a directory: what a killed process left is taken away by the next, whichever file it was.
        let temp = unfinished(&temp_beside(&dir.join("placed")));
        let _ = fs::remove_file(&temp);
        let mut write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&temp)?;
            mode.map_or(Ok(()), |mode| set_mode(&temp, mode))?;
            io::copy(content, &mut file)?;
            file.sync_all()
        };
        let placed = write().map_err(Error::io("write", path)).and_then(|()| rename_new(&temp, path));
        placed.inspect_err(|_| drop(fs::remove_file(&temp)))
    }

    /// Changes one file: `change` maps the text to a new one, or to nothing where there is nothing to do.
    ///
    /// `change` is called again when somebody else saved meanwhile, with their text.
    ///
    /// # Errors
    /// What `change` says, [`Error::NotUtf8`], [`Error::Io`], and [`Error::Conflict`] when the change does not fit what
    /// somebody saved meanwhile; their text stands then.
    pub fn update(&self, _lock: &Lock, path: &Path, change: &mut dyn FnMut(&str) -> Result<Option<String>>) -> Result<Written> {
        let real = fs::canonicalize(path).map_err(Error::io("read log", path))?;
        let mut base = read_steady(&real)?;
        let temp = temp_beside(&real);
        let mut believed = base.clone();
        let mut restore = String::new();
        let mut merged = false;
        for attempt in 0..1000 {
            let text = utf8(&base, &real)?;
            let conflict = || Some(Error::Conflict { path: path.to_path_buf() });
            let (new, failed) = match change(text) {
                // Somebody saves all the time: theirs goes back, and nothing of ours.
                _ if attempt >= ATTEMPTS => (base.clone(), conflict()),
                Ok(Some(new)) => (new.into_bytes(), None),
                Ok(None) if !merged => return Ok(unchanged(text)),
                Ok(None) => (base.clone(), None),
                Err(error) if !merged => return Err(error),
                Err(_) => (base.clone(), conflict()),
            };
            if new == believed && !merged {
                return Ok(unchanged(text));
            }
            check_writable(&real)?;
            let kept = self.kept_name(&real);
            let origin = if restore.is_empty() { kept.clone() } else { restore.clone() };
            self.note(&Entry {
                kept: kept.clone(),
                restore: origin,
                before: hash(&believed),
                after: hash(&new),
                size: believed.len() as u64,
                ..self.entry(Op::Update, path)
            })?;
            write_temp(&temp, &new, Some(&real))?;
            if let Err(e) = exchange(&temp, &real) {
                let _ = fs::remove_file(&temp);
                return Err(Error::io("replace log", path)(e));
            }
            let displaced = fs::read(&temp).map_err(Error::io("read log", &temp))?;
            let expected = displaced == believed;
            self.keep(&temp, &kept)?;
            if restore.is_empty() || !expected {
                restore = kept.clone();
            }
            if expected {
                sync_dir(&real)?;
            }
            let theirs = self.saved_by_others(&kept, &believed)?;
            match theirs {
                Some(theirs) => base = theirs,
                None => {
                    if !expected {
                        sync_dir(&real)?;
                    }
                    return match failed {
                        Some(error) => Err(error),
                        None => Ok(Written {
                            changed: true,
                            merged,
                            before: text.to_string(),
                            after: String::from_utf8(new).expect("built from text"),
                        }),
                    };
                }
            }
            believed = new;
            merged = true;
        }
        Err(Error::Conflict { path: path.to_path_buf() })
    }

    /// What somebody saved before the exchange, or into the displaced file after it, if it is not what was expected there.
    fn saved_by_others(&self, kept: &str, expected: &[u8]) -> Result<Option<Vec<u8>>> {
        let path = self.private().join("undo").join(kept);
        if fs::read(&path).map_err(Error::io("read", &path))? == expected {
            return Ok(None);
        }
        let theirs = read_settled(&path)?;
        Ok((theirs != expected).then_some(theirs))
    }

    /// Creates a file that does not exist yet; says whether it did.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(&self, lock: &Lock, path: &Path, text: &str) -> Result<bool> {
        self.create_bytes(lock, path, text.as_bytes())
    }

    /// The same for bytes that may be no text.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create_bytes(&self, _lock: &Lock, path: &Path, bytes: &[u8]) -> Result<bool> {
        make_dir(path.parent().expect("logs lie in a directory"))?;
        let temp = temp_beside(path);
        self.note(&Entry { after: hash(bytes), ..self.entry(Op::Create, path) })?;
        write_temp(&temp, bytes, None)?;
        let made = fs::hard_link(&temp, path).or_else(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => Err(e),
            _ => OpenOptions::new().write(true).create_new(true).open(path).and_then(|_| fs::rename(&temp, path)),
        });
        let _ = fs::remove_file(&temp);
        match made {
            Ok(()) => sync_dir(path).map(|()| true),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(Error::io("create log", path)(e)),
        }
    }

    /// Writes a file that is no log, whole or not at all; what was there is replaced.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn put(&self, _lock: &Lock, path: &Path, bytes: &[u8]) -> Result<()> {
        let temp = temp_beside(path);
        write_temp(&temp, bytes, None)?;
        fs::rename(&temp, path).map_err(Error::io("write", path))?;
        sync_dir(path)
    }

    /// The same, but what was written is read back from the disk and compared before it takes the place.
    ///
    /// # Errors
    /// [`Error::Io`], also when the disk gives back something else.
    pub fn put_checked(&self, _lock: &Lock, path: &Path, bytes: &[u8]) -> Result<()> {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?;
        }
        // A link is followed, and the rights of what was there are kept.
        let real = fs::canonicalize(path).ok();
        let path = real.as_deref().unwrap_or(path);
        let temp = temp_beside(path);
        write_temp(&temp, bytes, real.as_deref())?;
        if fs::read(&temp).map_err(Error::io("read", &temp))? != bytes {
            let _ = fs::remove_file(&temp);
            return Err(Error::io("read back", &temp)(io::Error::other("the disk gave back something else")));
        }
        fs::rename(&temp, path).map_err(Error::io("write", path))?;
        sync_dir(path)
    }

    /// Removes a file for good, if it holds exactly these bytes; says whether it did.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn remove_if(&self, _lock: &Lock, path: &Path, bytes: &[u8]) -> Result<bool> {
        // Out of the way first: whoever saves under its name from now on saves another file.
        let trash = self.private().join("trash");
        fs::create_dir_all(&trash).map_err(Error::io("make directory", &trash))?;
        let aside = trash.join(format!("{}.{}", path.file_name().unwrap_or_default().to_string_lossy(), self.group));
        self.note(&self.entry(Op::Remove, path))?;
        rename_new(path, &aside)?;
        let same = same_or_back(&aside, path, bytes)?;
        if same {
            fs::remove_file(&aside).map_err(Error::io("remove log", &aside))?;
        }
        Ok(same)
    }

    /// Moves a file to the trash, if it holds exactly these bytes; says whether it did.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn trash_if(&self, lock: &Lock, path: &Path, bytes: &[u8]) -> Result<bool> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let to = self.private().join("trash").join(format!("{name}.{}", self.group));
        self.rename(lock, path, &to)?;
        same_or_back(&to, path, bytes)
    }

    /// Moves a file to a place where nothing is yet.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is something, [`Error::Io`].
    pub fn rename(&self, _lock: &Lock, from: &Path, to: &Path) -> Result<()> {
        self.note(&Entry { to: Some(to.to_path_buf()), ..self.entry(Op::Move, from) })?;
        rename_new(from, to)?;
        sync_dir(from)?;
        sync_dir(to)
    }
}

/// What shiftlog itself keeps is no link: a repository could lead it anywhere.
fn no_links(private: &Path) -> Result<()> {
    match OWN.iter().map(|name| private.join(name)).find(|path| path.is_symlink()) {
        None => Ok(()),
        Some(path) => {
            let message = format!("{} is a symbolic link, and shiftlog makes none there", path.display());
            Err(Error::refused("symlink", message, "find out who made it, and remove it; nothing was written"))
        }
    }
}

/// Whether a file that was moved aside holds these bytes; one that does not goes back.
fn same_or_back(aside: &Path, path: &Path, bytes: &[u8]) -> Result<bool> {
    let same = fs::read(aside).ok().as_deref() == Some(bytes);
    if !same {
        rename_new(aside, path)?;
        sync_dir(path)?;
    }
    Ok(same)
}

fn unchanged(text: &str) -> Written {
    Written { changed: false, merged: false, before: text.to_string(), after: text.to_string() }
}

/// Reads a file as it is.
///
/// # Errors
/// [`Error::Io`].
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::io("read log", path))
}

/// Makes a directory that only its owner can read.
pub(super) fn make_private_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir.parent().unwrap_or(dir)).map_err(Error::io("make directory", dir))?;
    // Others cannot read it at any time.
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(Error::io("make directory", dir)(e)),
        _ => {}
    }
    set_mode(dir, 0o700).map_err(Error::io("protect directory", dir))
}

/// Reads a log as text.
///
/// # Errors
/// [`Error::NotUtf8`] with the offset, [`Error::Io`].
pub fn read(path: &Path) -> Result<String> {
    let bytes = read_bytes(path)?;
    String::from_utf8(bytes).map_err(|e| Error::NotUtf8 { path: path.to_path_buf(), offset: e.utf8_error().valid_up_to() })
}

/// 64-bit content hash in hexadecimal (XXH3).
pub fn hash(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}
