//! Store: the only place that writes. Temp file beside the log, exchange, directory sync; what was displaced is kept.
//!
//! All writes happen under the journal's lock. What an exchange displaced is compared with what was read: if somebody
//! saved in between, the change is made again on their version. Knows nothing of what a log means.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::error::{Error, Result};

/// The private directory beside the logs.
pub const PRIVATE: &str = ".shiftlog";

const LEDGER: &str = "ledger.jsonl";
/// Beyond this many bytes the ledger is shortened to the last [`KEEP_WRITES`] lines.
const LEDGER_BYTES: u64 = 192 * 1024;
const KEEP_WRITES: usize = 200;
const KEEP_BYTES: u64 = 256 * 1024 * 1024;
/// How often a change is made anew on what somebody else saved meanwhile.
const ATTEMPTS: usize = 30;
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Writes into one journal on behalf of one command.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    group: String,
    now: DateTime<Utc>,
    writes: std::cell::Cell<usize>,
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

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    group: String,
    op: Op,
    path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<PathBuf>,
    #[serde(default)]
    kept: String,
    #[serde(default)]
    restore: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
    at: String,
    #[serde(default)]
    size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Update,
    Create,
    Move,
    Undo,
}

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

impl Store {
    /// A store for one command; `group` tells its writes from those of others.
    pub fn new(root: &Path, now: DateTime<Utc>) -> Store {
        let group = format!("{}-{}", now.format("%Y%m%dT%H%M%S%.9f"), std::process::id());
        Store { root: root.to_path_buf(), group, now, writes: 0.into(), notices: Vec::new().into() }
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
        let dir = self.private();
        if !dir.is_dir() {
            self.make_private(&dir)?;
        }
        let path = dir.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(Error::io("open lock", &path))?;
        let start = Instant::now();
        let mut pause = Duration::from_micros(200);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::Error(e)) => return Err(Error::io("lock journal", &path)(e)),
                Err(fs::TryLockError::WouldBlock) if start.elapsed() > LOCK_PATIENCE => {
                    return Err(Error::refused("busy", "another process holds the journal's lock", "wait for it, or end it, and run the command again"));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(4));
                }
            }
        }
        self.recover()?;
        Ok(Lock(file))
    }

    /// Makes `.shiftlog/` with the `.gitignore` that keeps it out of repositories.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn make_private(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir.join("undo")).map_err(Error::io("make directory", dir))?;
        set_mode(dir, 0o700).map_err(Error::io("protect directory", dir))?;
        let ignore = dir.join(".gitignore");
        fs::write(&ignore, "*\n").map_err(Error::io("write", &ignore))
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
            self.note(&Entry { kept: kept.clone(), restore: origin, before: hash(&believed), after: hash(&new), size: believed.len() as u64, ..self.entry(Op::Update, &real) })?;
            write_temp(&temp, &new, Some(&real))?;
            if let Err(e) = exchange(&temp, &real) {
                let _ = fs::remove_file(&temp);
                return Err(Error::io("replace log", path)(e));
            }
            let displaced = fs::read(&temp).map_err(Error::io("read log", &temp))?;
            let ours = merged && displaced == believed;
            let expected = displaced == believed;
            if ours {
                fs::remove_file(&temp).map_err(Error::io("remove temp file", &temp))?;
            } else {
                self.keep(&temp, &kept)?;
                if restore.is_empty() || !expected {
                    restore = kept.clone();
                }
            }
            if expected {
                sync_dir(&real)?;
            }
            let late = if ours { None } else { self.changed_since(&kept, &displaced) };
            match late {
                Some(theirs) => base = theirs,
                None if expected => {
                    return match failed {
                        Some(error) => Err(error),
                        None => Ok(Written { changed: true, merged, before: text.to_string(), after: String::from_utf8(new).expect("built from text") }),
                    };
                }
                None => base = displaced,
            }
            believed = new;
            merged = true;
        }
        Err(Error::Conflict { path: path.to_path_buf() })
    }

    /// An editor that had the displaced file open may have written into it after the exchange.
    fn changed_since(&self, kept: &str, displaced: &[u8]) -> Option<Vec<u8>> {
        let now = fs::read(self.private().join("undo").join(kept)).ok()?;
        (now != displaced && !now.is_empty()).then_some(now)
    }

    /// Creates a file that does not exist yet; says whether it did.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(&self, _lock: &Lock, path: &Path, text: &str) -> Result<bool> {
        let dir = path.parent().expect("logs lie in a directory");
        fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?;
        let temp = temp_beside(path);
        write_temp(&temp, text.as_bytes(), None)?;
        self.note(&Entry { after: hash(text.as_bytes()), ..self.entry(Op::Create, path) })?;
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

    /// Takes back the last command's writes.
    ///
    /// # Errors
    /// [`Error::Refused`] when there is none, or when a file was changed since by somebody else.
    pub fn undo(&self, lock: &Lock, dry: bool) -> Result<Vec<Undone>> {
        let entries = self.entries();
        let undone: Vec<&str> = entries.iter().filter(|e| e.op == Op::Undo).map(|e| e.restore.as_str()).collect();
        let open = |e: &&Entry| e.op != Op::Undo && !undone.contains(&e.group.as_str()) && self.happened(e);
        let last = entries.iter().rev().find(open).ok_or_else(|| Error::refused("nothing-to-undo", "there is no write to undo", ""))?;
        let mut steps: Vec<&Entry> = Vec::new();
        for entry in entries.iter().rev().filter(|e| e.group == last.group).filter(open) {
            if !steps.iter().any(|s| s.op == Op::Update && s.path == entry.path && entry.op == Op::Update) {
                steps.push(entry);
            }
        }
        let mut moved = Vec::new();
        for step in &steps {
            self.check_undo(step, &mut moved)?;
        }
        if dry {
            return Ok(steps.iter().map(|s| self.undone(s)).collect());
        }
        self.note(&Entry { restore: last.group.clone(), ..self.entry(Op::Undo, &last.path) })?;
        let done = steps.iter().map(|step| self.undo_step(lock, step)).collect::<Result<_>>()?;
        let silent = self.silent();
        self.rewrite(self.entries().iter().filter(|e| e.group != last.group && e.group != silent && e.restore != last.group && e.restore != silent))?;
        Ok(done)
    }

    /// The group of the writes that `undo` itself makes.
    fn silent(&self) -> String {
        format!("{}-undo", self.group)
    }

    fn undone(&self, step: &Entry) -> Undone {
        match step.op {
            Op::Create => Undone::Trashed(step.path.clone()),
            Op::Move => Undone::Moved(step.path.clone()),
            _ => Undone::Restored(step.path.clone()),
        }
    }

    /// Whether a noted write was carried out: a process may have been killed between note and deed.
    fn happened(&self, entry: &Entry) -> bool {
        match entry.op {
            Op::Update => self.private().join("undo").join(&entry.restore).is_file(),
            Op::Create => entry.path.exists(),
            Op::Move => entry.to.as_ref().is_some_and(|to| to.exists()) && !entry.path.exists(),
            Op::Undo => false,
        }
    }

    fn check_undo(&self, step: &Entry, moved: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
        if let (Op::Move, Some(to)) = (step.op, &step.to) {
            moved.push((step.path.clone(), to.clone()));
            return Ok(());
        }
        let at = moved.iter().find(|(from, _)| *from == step.path).map_or(&step.path, |(_, to)| to);
        let now = fs::read(at).map_err(Error::io("read log", at))?;
        if hash(&now) != step.after {
            return Err(Error::refused("changed-since", format!("{} was changed since that write", at.display()), "take the change back in an editor; earlier versions are kept under .shiftlog/undo"));
        }
        Ok(())
    }

    fn undo_step(&self, lock: &Lock, step: &Entry) -> Result<Undone> {
        match (step.op, &step.to) {
            (Op::Create, _) => {
                let trash = self.private().join("trash");
                fs::create_dir_all(&trash).map_err(Error::io("make directory", &trash))?;
                let name = step.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let to = trash.join(format!("{name}.{}", self.group));
                fs::rename(&step.path, &to).map_err(Error::io("move log to trash", &step.path))?;
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
                let silent = Store { group: self.silent(), ..Store::new(&self.root, self.now) };
                silent.update(lock, &step.path, &mut |_| Ok(Some(text.clone())))?;
                self.note(&Entry { restore: silent.group.clone(), ..self.entry(Op::Undo, &step.path) })?;
            }
        }
        Ok(self.undone(step))
    }

    fn entry(&self, op: Op, path: &Path) -> Entry {
        Entry {
            group: self.group.clone(),
            op,
            path: path.to_path_buf(),
            to: None,
            kept: String::new(),
            restore: String::new(),
            before: String::new(),
            after: String::new(),
            at: self.now.to_rfc3339(),
            size: 0,
        }
    }

    fn kept_name(&self, real: &Path) -> String {
        let n = self.writes.get();
        self.writes.set(n + 1);
        let stem: String = real.file_stem().unwrap_or_default().to_string_lossy().chars().take(40).collect();
        format!("{}-{n}-{stem}.md", self.group)
    }

    fn keep(&self, temp: &Path, kept: &str) -> Result<()> {
        let to = self.private().join("undo").join(kept);
        match fs::rename(temp, &to) {
            Ok(()) => Ok(()),
            Err(_) => {
                fs::create_dir_all(self.private().join("undo")).and_then(|()| fs::copy(temp, &to)).and_then(|_| fs::remove_file(temp)).map_err(Error::io("keep displaced version", &to))
            }
        }
    }

    fn note(&self, entry: &Entry) -> Result<()> {
        let path = self.private().join(LEDGER);
        let mut line = serde_json::to_vec(entry).expect("an entry is plain data");
        line.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
        file.write_all(&line).map_err(Error::io("write", &path))?;
        if file.metadata().is_ok_and(|m| m.len() > LEDGER_BYTES) {
            self.shorten()?;
        }
        Ok(())
    }

    fn entries(&self) -> Vec<Entry> {
        let text = fs::read_to_string(self.private().join(LEDGER)).unwrap_or_default();
        text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect()
    }

    fn last_entry(&self) -> Option<Entry> {
        let mut file = File::open(self.private().join(LEDGER)).ok()?;
        let len = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(8192))).ok()?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).ok()?;
        let tail = String::from_utf8_lossy(&tail);
        tail.lines().rev().find_map(|l| serde_json::from_str(l).ok())
    }

    /// Keeps the newest entries and the versions they name; the rest goes.
    fn shorten(&self) -> Result<()> {
        let entries = self.entries();
        let mut bytes = 0;
        let recent = entries.iter().rev().take(KEEP_WRITES).take_while(|e| {
            bytes += e.size;
            bytes <= KEEP_BYTES
        });
        let mut keep: Vec<&Entry> = recent.collect();
        keep.reverse();
        self.rewrite(keep.iter().copied())?;
        let named: std::collections::HashSet<&str> = keep.iter().flat_map(|e| [e.kept.as_str(), e.restore.as_str()]).collect();
        for file in walkdir::WalkDir::new(self.private().join("undo")).min_depth(1).max_depth(1).into_iter().flatten() {
            if !named.contains(file.file_name().to_string_lossy().as_ref()) {
                let _ = fs::remove_file(file.path());
            }
        }
        Ok(())
    }

    fn rewrite<'e>(&self, entries: impl Iterator<Item = &'e Entry>) -> Result<()> {
        let path = self.private().join(LEDGER);
        let next = self.private().join("ledger.next");
        let text: String = entries.map(|e| serde_json::to_string(e).expect("an entry is plain data") + "\n").collect();
        fs::write(&next, text).and_then(|()| fs::rename(&next, &path)).map_err(Error::io("write", &path))
    }

    /// Finishes or takes back what a killed process left half done: at most one temp file.
    fn recover(&self) -> Result<()> {
        let Some(last) = self.last_entry() else { return Ok(()) };
        let at = last.to.as_ref().filter(|_| last.op == Op::Move).unwrap_or(&last.path);
        let temp = temp_beside(at);
        let _ = fs::remove_file(unfinished(&temp));
        let Ok(left) = fs::read(&temp) else {
            self.notice_late_save(&last);
            return Ok(());
        };
        let found = hash(&left);
        if last.op != Op::Update || found == last.after {
            return fs::remove_file(&temp).map_err(Error::io("remove temp file", &temp));
        }
        self.keep(&temp, &last.kept)?;
        if found != last.before {
            let kept = self.private().join("undo").join(&last.kept);
            self.notices.borrow_mut().push(format!("a version saved while another write was interrupted is kept: {}", kept.display()));
        }
        Ok(())
    }

    fn notice_late_save(&self, last: &Entry) {
        if last.op != Op::Update || last.before.is_empty() || last.kept != last.restore {
            return;
        }
        let kept = self.private().join("undo").join(&last.kept);
        let late = fs::metadata(&kept).ok().filter(|m| m.len() != last.size || m.modified().is_ok_and(|t| recent(t, &last.at)));
        if late.is_some() && fs::read(&kept).is_ok_and(|now| hash(&now) != last.before) {
            let path = kept.display().to_string();
            self.notices.borrow_mut().push(format!("an editor saved into a version that had just been replaced; its text is kept: {path}"));
        }
    }
}

/// Whether a file was modified after the write that displaced it began.
fn recent(modified: SystemTime, at: &str) -> bool {
    DateTime::parse_from_rfc3339(at).is_ok_and(|at| DateTime::<Utc>::from(modified) >= at.with_timezone(&Utc))
}

fn unchanged(text: &str) -> Written {
    Written { changed: false, merged: false, before: text.to_string(), after: text.to_string() }
}

/// Reads a file; while editors save, it may for a moment not be there, or be empty.
fn read_steady(path: &Path) -> Result<Vec<u8>> {
    for _ in 0..12 {
        match fs::read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Ok(bytes) if bytes.is_empty() => {}
            result => return result.map_err(Error::io("read log", path)),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    fs::read(path).map_err(Error::io("read log", path))
}

/// Reads a log as text.
///
/// # Errors
/// [`Error::NotUtf8`] with the offset, [`Error::Io`].
pub fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(Error::io("read log", path))?;
    String::from_utf8(bytes).map_err(|e| Error::NotUtf8 { path: path.to_path_buf(), offset: e.utf8_error().valid_up_to() })
}

fn utf8<'t>(bytes: &'t [u8], path: &Path) -> Result<&'t str> {
    std::str::from_utf8(bytes).map_err(|e| Error::NotUtf8 { path: path.to_path_buf(), offset: e.valid_up_to() })
}

/// 64-bit content hash in hexadecimal (XXH3).
pub fn hash(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}

fn temp_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.shiftlog"))
}

fn write_temp(temp: &Path, bytes: &[u8], like: Option<&Path>) -> Result<()> {
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

/// The temp file's name while it is not complete: one that a killed process left is of no value.
fn unfinished(temp: &Path) -> PathBuf {
    temp.with_extension("shiftlog-new")
}

fn rename_new(from: &Path, to: &Path) -> Result<()> {
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?;
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from).map_err(Error::io("move log", from)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(Error::refused("exists", format!("{} exists already", to.display()), "move it away first; nothing was overwritten")),
        Err(_) if to.exists() => Err(Error::refused("exists", format!("{} exists already", to.display()), "move it away first; nothing was overwritten")),
        Err(_) => fs::rename(from, to).map_err(Error::io("move log", from)),
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
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
fn check_writable(path: &Path) -> Result<()> {
    let meta = fs::metadata(path).map_err(Error::io("read log", path))?;
    if meta.permissions().readonly() {
        return Err(Error::io("write log", path)(io::Error::from(io::ErrorKind::PermissionDenied)));
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(temp: &Path, real: &Path) -> io::Result<()> {
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
fn exchange(temp: &Path, real: &Path) -> io::Result<()> {
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
fn sync_dir(file: &Path) -> Result<()> {
    let dir = file.parent().expect("files lie in a directory");
    File::open(dir).and_then(|d| d.sync_all()).map_err(Error::io("sync directory", dir))
}

#[cfg(not(unix))]
fn sync_dir(_: &Path) -> Result<()> {
    Ok(())
}
