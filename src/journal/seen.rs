//! Seen: the journal's memory of what it last saw of each log, in `.shiftlog/seen…`.
//!
//! `seen` is a table, one line a log, only ever appended to; `seen.texts-N` holds the texts; `seen.known` the hashes of all
//! versions that were ever seen. None of it is synced: what is lost or damaged counts as never seen. Judges nothing.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::error::{Error, Result};
use super::store::{Lock, PRIVATE};

const TABLE: &str = "seen";
const TEXTS: &str = "seen.texts-";
const KNOWN: &str = "seen.known";
const HEAD: &str = "shiftlog-seen-2";
/// Beyond this many bytes the oldest half of the known hashes goes: 8 bytes a version.
const KNOWN_BYTES: u64 = 4 * 1024 * 1024;
/// Garbage below this many bytes is never worth rewriting a file.
const SLACK: u64 = 4 * 1024 * 1024;
/// So many paths are looked up one by one, without reading the whole table.
const FEW: usize = 8;
/// File systems are slower than editors: what changed so short before a look may have changed again unnoticed.
const RACY: i64 = 2_000_000_000;

/// What tells one state of a file from another without reading it; times in ns since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    size: u64,
    modified: i64,
    changed: i64,
    inode: u64,
}

impl Identity {
    /// The identity of the file with this metadata.
    #[cfg(unix)]
    pub fn of(meta: &Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt;
        let nanos = |s: i64, ns: i64| s.saturating_mul(1_000_000_000).saturating_add(ns);
        Identity {
            size: meta.len(),
            modified: nanos(meta.mtime(), meta.mtime_nsec()),
            changed: nanos(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
        }
    }

    /// The identity of the file with this metadata.
    #[cfg(not(unix))]
    pub fn of(meta: &Metadata) -> Identity {
        let modified = meta.modified().map(DateTime::<Utc>::from).ok().and_then(|t| t.timestamp_nanos_opt()).unwrap_or(0);
        Identity { size: meta.len(), modified, changed: 0, inode: 0 }
    }

    /// Number of the file in its file system.
    pub fn inode(&self) -> u64 {
        self.inode
    }

    /// Whether the file had changed so short before somebody looked, at that time in ns since 1970, that it may have changed
    /// again unnoticed.
    pub fn is_racy(&self, looked: i64) -> bool {
        self.modified.max(self.changed) > looked - RACY
    }

    /// Seconds since the file was modified; negative where its time lies ahead of the clock.
    pub fn age(&self, now: DateTime<Utc>) -> i64 {
        now.timestamp() - self.modified.div_euclid(1_000_000_000)
    }
}

/// What was last seen of one log.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'s> {
    /// XXH3 of the text.
    pub hash: u64,
    /// The file then.
    pub identity: Identity,
    looked: i64,
    offset: u64,
    /// The `created` of the log when it was first seen; empty where nobody has looked yet.
    pub created: &'s str,
    path: &'s str,
}

impl Sight<'_> {
    /// Whether the file is certainly the one that was seen.
    pub fn is_still(&self, identity: &Identity) -> bool {
        self.identity == *identity && !self.is_racy()
    }

    /// Whether the file had changed so short before it was looked at that it may have changed again unnoticed.
    pub fn is_racy(&self) -> bool {
        self.identity.is_racy(self.looked)
    }

    fn parse(line: &str) -> Option<Sight<'_>> {
        let (sum, line) = line.split_once('\t')?;
        // A damaged line counts as none.
        if u32::from_str_radix(sum, 16) != Ok(sum_of(line)) {
            return None;
        }
        let mut fields = line.splitn(9, '\t');
        let mut number = || fields.next()?.parse::<i64>().ok();
        let (hash, size, modified, changed, inode, looked, offset) =
            (number()?, number()?, number()?, number()?, number()?, number()?, number()?);
        let identity = Identity { size: size.cast_unsigned(), modified, changed, inode: inode.cast_unsigned() };
        let hash = hash.cast_unsigned();
        Some(Sight { hash, identity, looked, offset: offset.cast_unsigned(), created: fields.next()?, path: fields.next()? })
    }

    fn line(&self) -> String {
        let Identity { size, modified, changed, inode } = self.identity;
        let (hash, size, inode, offset) = (self.hash.cast_signed(), size.cast_signed(), inode.cast_signed(), self.offset.cast_signed());
        let line = format!("{hash}\t{size}\t{modified}\t{changed}\t{inode}\t{}\t{offset}\t{}\t{}", self.looked, self.created, self.path);
        format!("{:08x}\t{line}\n", sum_of(&line))
    }
}

/// What tells a whole line from a damaged one: the lower half of its hash.
fn sum_of(line: &str) -> u32 {
    u32::try_from(xxh3_64(line.as_bytes()) & u64::from(u32::MAX)).unwrap_or(0)
}

/// The memory of one journal, as it was when it was opened.
#[derive(Debug)]
pub struct Seen {
    dir: PathBuf,
    table: String,
    /// The table's file as it was read or written.
    file: Option<Identity>,
    /// Where the lines of the table begin, by path; made when many paths are asked for.
    lines: RefCell<HashMap<String, usize>>,
    asked: Cell<usize>,
    expected: Cell<Option<u64>>,
}

impl Seen {
    /// Reads the table; a lost or damaged one remembers nothing.
    pub fn open(root: &Path) -> Seen {
        let dir = root.join(PRIVATE);
        let file = fs::metadata(dir.join(TABLE)).ok().map(|m| Identity::of(&m));
        let table = fs::read(dir.join(TABLE)).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let valid = table.starts_with(HEAD);
        Seen {
            dir,
            table: if valid { table } else { String::new() },
            file,
            lines: RefCell::default(),
            asked: Cell::new(0),
            expected: Cell::new(None),
        }
    }

    /// Whether nobody has written the table since.
    pub fn is_current(&self) -> bool {
        fs::metadata(self.dir.join(TABLE)).ok().map(|m| Identity::of(&m)) == self.file
    }

    fn generation(&self) -> &str {
        self.table.lines().next().and_then(|head| head.split('\t').nth(1)).unwrap_or("0")
    }

    fn texts(&self) -> PathBuf {
        self.dir.join(format!("{TEXTS}{}", self.generation()))
    }

    /// Everything that is remembered, by path.
    pub fn all(&self) -> HashMap<&str, Sight<'_>> {
        let lines = self.table.split_inclusive('\n').skip(1).filter_map(|l| l.strip_suffix('\n'));
        let mut all = HashMap::with_capacity(self.table.len() / 120);
        all.extend(lines.filter_map(Sight::parse).map(|s| (s.path, s)));
        all
    }

    /// What was last seen at this path, relative to the journal.
    pub fn at(&self, path: &str) -> Option<Sight<'_>> {
        self.asked.set(self.asked.get() + 1);
        let start = if self.asked.get() > FEW {
            let mut lines = self.lines.borrow_mut();
            if lines.is_empty() {
                lines.extend(starts(&self.table, 0));
            }
            *lines.get(path)?
        } else {
            let at = self.table.rfind(&format!("\t{path}\n"))?;
            self.table[..at].rfind('\n')? + 1
        };
        Sight::parse(self.table[start..].lines().next()?).filter(|s| s.path == path)
    }

    /// The newest of the texts seen at a path that fits, and the file then.
    pub fn earlier(&self, path: &str, fits: impl Fn(&str) -> bool) -> Option<(Identity, String)> {
        let sights = self.table.lines().rev().filter_map(Sight::parse).filter(|s| s.path == path);
        sights.filter_map(|s| self.text(&s).map(|text| (s.identity, text))).find(|(_, text)| fits(text))
    }

    /// What was last seen of the log that lies at this path now: there, else where a file of this name has gone from.
    pub fn of(&self, root: &Path, path: &str) -> Option<Sight<'_>> {
        self.at(path).or_else(|| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let end = format!("/{name}\n");
            let at = self.table.rfind(&end)?;
            let start = self.table[..at].rfind('\n')? + 1;
            Sight::parse(&self.table[start..at + end.len() - 1]).filter(|s| !root.join(s.path).exists())
        })
    }

    /// The text that was seen, if it is still there and whole.
    pub fn text(&self, sight: &Sight) -> Option<String> {
        let mut file = File::open(self.texts()).ok()?;
        file.seek(SeekFrom::Start(sight.offset)).ok()?;
        let mut bytes = vec![0; usize::try_from(sight.identity.size).ok()?];
        file.read_exact(&mut bytes).ok()?;
        (xxh3_64(&bytes) == sight.hash).then(|| String::from_utf8(bytes).ok()).flatten()
    }

    /// The hashes of all versions of all logs that were ever seen.
    pub fn known(&self) -> HashSet<u64> {
        let bytes = fs::read(self.dir.join(KNOWN)).unwrap_or_default();
        bytes.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().expect("eight bytes"))).collect()
    }

    /// Counts a version as seen that is about to be written.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn expect(&self, hash: u64) -> Result<()> {
        self.expected.set(Some(hash));
        self.append(KNOWN, &hash.to_le_bytes())
    }

    /// Remembers what was just seen or written.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn note(&mut self, lock: &Lock, looks: &[Look]) -> Result<()> {
        let looks: Vec<&Look> = looks.iter().filter(|l| !l.path.is_empty() && !l.path.contains(['\n', '\t'])).collect();
        if looks.is_empty() {
            return Ok(());
        }
        if self.table.is_empty() {
            self.table = format!("{HEAD}\t{}\n", looks[0].looked.timestamp_micros());
            self.replace(TABLE, self.table.as_bytes())?;
        }
        // A line that a killed process left unfinished must not take the next one in.
        let mut lines = String::from(if self.table.ends_with('\n') { "" } else { "\n" });
        let (mut texts, mut hashes) = (Vec::new(), Vec::new());
        let pack = self.texts();
        let mut file = open(&pack)?;
        let begin = file.metadata().map_err(Error::io("read", &pack))?.len();
        for look in looks {
            let hash = xxh3_64(look.text.as_bytes());
            let there = self.at(&look.path).filter(|s| s.hash == hash && s.identity.size == look.text.len() as u64);
            let offset = there.map_or(begin + texts.len() as u64, |s| s.offset);
            if there.is_none() {
                texts.extend_from_slice(look.text.as_bytes());
                if self.expected.get() != Some(hash) {
                    hashes.extend(hash.to_le_bytes());
                }
            }
            let created = if look.created.contains(char::is_control) { "" } else { look.created.as_str() };
            let identity = Identity { size: look.text.len() as u64, ..look.identity };
            let looked = look.looked.timestamp_nanos_opt().unwrap_or(0);
            lines.push_str(&Sight { hash, identity, looked, offset, created, path: &look.path }.line());
        }
        if !texts.is_empty() {
            file.write_all(&texts).map_err(Error::io("write", &pack))?;
            self.append(KNOWN, &hashes)?;
        }
        self.append(TABLE, lines.as_bytes())?;
        let known = self.table.len();
        self.table.push_str(&lines);
        if !self.lines.borrow().is_empty() {
            self.lines.borrow_mut().extend(starts(&self.table, known));
        }
        // What is garbage is counted only now and then.
        let crossed = |before: u64, now: u64, step: u64| before / step != now / step;
        let (packed, listed) = (begin + texts.len() as u64, self.table.len() as u64);
        if crossed(begin, packed, SLACK) || crossed(known as u64, listed, SLACK / 8) {
            self.tidy(lock, packed)?;
        }
        self.file = fs::metadata(self.dir.join(TABLE)).ok().map(|m| Identity::of(&m));
        Ok(())
    }

    fn append(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.dir.join(name);
        open(&path)?.write_all(bytes).map_err(Error::io("write", &path))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let (path, next) = (self.dir.join(name), self.dir.join(format!("{name}.next")));
        fs::write(&next, bytes).and_then(|()| fs::rename(&next, &path)).map_err(Error::io("write", &path))
    }

    /// Rewrites what has become mostly garbage.
    fn tidy(&mut self, _lock: &Lock, texts: u64) -> Result<()> {
        let known = self.dir.join(KNOWN);
        if fs::metadata(&known).is_ok_and(|m| m.len() > KNOWN_BYTES) {
            let bytes = fs::read(&known).map_err(Error::io("read", &known))?;
            self.replace(KNOWN, &bytes[(bytes.len() / 2).next_multiple_of(8)..])?;
        }
        let lines = self.table.len() as u64;
        let all = self.all();
        let live: u64 = all.values().map(|s| s.identity.size).sum();
        let needed: u64 = all.values().map(|s| s.line().len() as u64).sum();
        if texts < 3 * live + SLACK && lines < 3 * needed + SLACK / 8 {
            return Ok(());
        }
        let old = self.texts();
        let next = self.generation().parse::<i64>().unwrap_or(0) + 1;
        let root = self.dir.parent().unwrap_or(&self.dir);
        let mut table = format!("{HEAD}\t{next}\n");
        let mut pack = Vec::new();
        for sight in all.values().filter(|s| root.join(s.path).exists()) {
            let text = self.text(sight).unwrap_or_default();
            table.push_str(&Sight { offset: pack.len() as u64, ..*sight }.line());
            pack.extend_from_slice(text.as_bytes());
        }
        self.replace(&format!("{TEXTS}{next}"), &pack)?;
        self.replace(TABLE, table.as_bytes())?;
        let _ = fs::remove_file(old);
        self.table = table;
        self.lines.borrow_mut().clear();
        Ok(())
    }
}

/// Where the whole lines of a table begin, from a byte on, by their paths.
fn starts(table: &str, from: usize) -> impl Iterator<Item = (String, usize)> {
    let mut at = from;
    table[from..].split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        Some((Sight::parse(line.strip_suffix('\n')?)?.path.to_string(), start))
    })
}

/// One look at a log.
#[derive(Debug, Clone)]
pub struct Look {
    /// Path relative to the journal.
    pub path: String,
    /// The file.
    pub identity: Identity,
    /// When it was looked at.
    pub looked: DateTime<Utc>,
    /// Its text.
    pub text: String,
    /// Its `created` when it was first seen.
    pub created: String,
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(path).map_err(Error::io("open", path))
}
