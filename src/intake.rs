//! Intake: what agents' files tell that is new, into the record.
//!
//! A file that is as it was when it was read is not opened. One that only grew is read from the beginning of its last turn, any
//! other as a whole: turns are known by their ids, so reading them again does no harm.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::UNIX_EPOCH;

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_64;

use crate::agents::{Agent, Limits};
use crate::record::privacy::Privacy;
use crate::record::source::Source;
use crate::record::take::Taken;
use crate::record::transcript::Transcript;
use crate::record::{Record, Result, Settings};

/// What a program of shiftlog's own is given begins with this: its conversations are not taken in.
pub const OWN: &str = "{\"shiftlog\":";

/// Bytes of a file's beginning, and of the end of what was read, by which it is known again.
const KNOWN: u64 = 1024;

/// Bytes of files, and how many of them, that one transaction takes at most.
const BATCH: (u64, usize) = (16 << 20, 256);

/// Files that were read and wait to be stored.
const WAITING: usize = 16;

/// Which conversations are taken in, beside those that privacy leaves out.
pub type Wanted<'w> = dyn Fn(&mut Transcript) -> bool + Sync + 'w;

/// Adds to conversations what a file does not say yet.
pub type Finish<'f> = dyn FnMut(&mut Vec<Transcript>) + 'f;

/// A file of an agent, looked at already.
pub struct Kept {
    /// The agent that keeps it.
    pub agent: &'static dyn Agent,
    /// Where it lies.
    pub path: PathBuf,
    /// What it was like.
    pub meta: Metadata,
}

/// Taking in files of agents.
pub struct Intake<'i> {
    /// Where to.
    pub record: &'i Record,
    /// What must not be stored.
    pub privacy: &'i Privacy,
    /// Which conversations are taken in.
    pub wanted: &'i Wanted<'i>,
    /// A number that stands for what `wanted` and `privacy` leave out; not 0.
    pub choice: i64,
    /// How much of what tools print is kept.
    pub limits: Limits,
    /// Now.
    pub now: DateTime<Utc>,
}

/// A file that was read.
#[derive(Debug)]
struct Reading {
    /// Its place among those that were given.
    place: usize,
    source: Source,
    transcripts: Vec<Transcript>,
    /// Conversations that were not wanted.
    unwanted: u64,
    /// Those of shiftlog's own.
    own: u64,
    unread: u64,
    grown: u64,
}

/// What became of a file.
#[derive(Debug)]
pub struct Done {
    /// Its place among those that were given.
    pub place: usize,
    /// What became of each conversation.
    pub taken: Vec<Taken>,
    /// Conversations that were not wanted.
    pub unwanted: u64,
    /// Those of programs that shiftlog itself has asked.
    pub own: u64,
    /// Lines that could not be understood.
    pub unread: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

/// What becomes of files, one after the other: done, or not readable.
pub type Report<'r> = dyn FnMut(usize, io::Result<Done>) + 'r;

impl Intake<'_> {
    /// Takes in files that are new or have changed; the others are not reported. `known` is what the record said of its files a
    /// moment ago, where somebody has asked it.
    ///
    /// # Errors
    /// Those of the database; everything that was reported before is stored.
    pub fn files(&self, files: &[Kept], known: Option<HashMap<String, Source>>, report: &mut Report<'_>) -> Result<()> {
        let known = known.map_or_else(|| self.record.sources(), Ok)?;
        let mut changed = Vec::new();
        for (place, Kept { agent, path, meta }) in files.iter().enumerate() {
            let known = path.to_str().and_then(|path| known.get(path));
            if !known.is_some_and(|known| self.is_same(known, look_beside(*agent, path, identity(meta)))) {
                changed.push(place);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let mut batch = Vec::new();
        let marks: Vec<Option<Source>> = changed.iter().map(|place| self.known(&files[*place].path)).collect::<Result<_>>()?;
        let settings = self.record.settings().clone();
        std::thread::scope(|scope| {
            let (sender, readings) = sync_channel(WAITING);
            let changed = &changed;
            let settings = &settings;
            let (wanted, limits, choice) = (self.wanted, self.limits, self.choice);
            scope.spawn(move || {
                for (place, known) in changed.iter().zip(marks) {
                    let Kept { agent, path, .. } = &files[*place];
                    let reader = Reader { agent: *agent, settings, wanted, limits, choice };
                    let read = reader.read(path, known.as_ref(), None).map(|reading| Reading { place: *place, ..reading });
                    if sender.send((*place, read)).is_err() {
                        return;
                    }
                }
            });
            for (place, read) in readings {
                match read {
                    Ok(reading) => batch.push(reading),
                    Err(error) => report(place, Err(error)),
                }
                if batch.len() >= BATCH.1 || batch.iter().map(|r| r.grown).sum::<u64>() >= BATCH.0 {
                    self.store(std::mem::take(&mut batch), report)?;
                }
            }
            self.store(batch, report)
        })
    }

    /// Takes in one file; nothing where it is as it was. `finish` may add what the file does not say yet.
    ///
    /// # Errors
    /// Those of the database; of the file inside.
    pub fn file(&self, agent: &'static dyn Agent, path: &Path, finish: Option<&mut Finish<'_>>) -> Result<io::Result<Option<Done>>> {
        let known = self.known(path)?;
        let reader = Reader { agent, settings: self.record.settings(), wanted: self.wanted, limits: self.limits, choice: self.choice };
        let same = |identity| known.as_ref().is_some_and(|known| self.is_same(known, identity));
        let reading = match look(agent, path) {
            Ok(identity) if finish.is_none() && same(identity) => return Ok(Ok(None)),
            Ok(_) => reader.read(path, known.as_ref(), finish),
            Err(error) => Err(error),
        };
        let reading = match reading {
            Ok(reading) => reading,
            Err(error) => return Ok(Err(error)),
        };
        let mut done = None;
        self.store(vec![reading], &mut |_, stored| done = stored.ok())?;
        Ok(Ok(done))
    }

    fn known(&self, path: &Path) -> Result<Option<Source>> {
        path.to_str().map_or(Ok(None), |path| self.record.source(path))
    }

    fn is_same(&self, known: &Source, identity: [i64; 4]) -> bool {
        known.identity == identity && (known.left_out == 0 || known.left_out == self.choice)
    }

    fn store(&self, readings: Vec<Reading>, report: &mut Report<'_>) -> Result<()> {
        if readings.is_empty() {
            return Ok(());
        }
        let mut files = Vec::new();
        let mut rest = Vec::new();
        for reading in readings {
            rest.push((reading.place, (reading.unwanted, reading.own), reading.unread, reading.grown));
            files.push((reading.transcripts, reading.source));
        }
        let taken = self.record.take_transcripts(&files, (self.privacy, self.choice), self.now)?;
        for ((place, (unwanted, own), unread, bytes), taken) in rest.into_iter().zip(taken) {
            report(place, Ok(Done { place, taken, unwanted, own, unread, bytes }));
        }
        Ok(())
    }
}

/// Reads files of an agent.
struct Reader<'r> {
    agent: &'static dyn Agent,
    settings: &'r Settings,
    wanted: &'r Wanted<'r>,
    limits: Limits,
    choice: i64,
}

impl Reader<'_> {
    /// Reads what is new in a file.
    fn read(&self, path: &Path, known: Option<&Source>, finish: Option<&mut Finish<'_>>) -> io::Result<Reading> {
        // Looked at before it is read: what comes meanwhile is a change.
        let identity = look(self.agent, path)?;
        let whole = |known: &&Source| known.left_out == 0 || known.left_out == self.choice;
        let grown = known.filter(whole).filter(|known| known.agent == self.agent.name() && only_grew(path, known).unwrap_or(false));
        let read = self.agent.read(path, grown.and_then(|known| known.mark.as_deref()), self.limits)?;
        let mut transcripts = read.transcripts;
        let all = transcripts.len();
        let (mut own, mut unwanted) = (0, 0);
        transcripts.retain_mut(|t| {
            // What has neither a name nor a turn is no conversation.
            if t.native_id.is_empty() || is_own(t) {
                own += u64::from(is_own(t));
                return false;
            }
            let wanted = (self.wanted)(t);
            unwanted += u64::from(!wanted && !t.turns.is_empty());
            wanted
        });
        let left_out = if transcripts.len() < all { self.choice } else { 0 };
        if let Some(finish) = finish {
            finish(&mut transcripts);
        }
        for transcript in &mut transcripts {
            transcript.clean(self.settings);
        }
        let source = Source {
            path: path.to_string_lossy().into_owned(),
            agent: self.agent.name().to_string(),
            identity,
            bytes: i64::try_from(read.bytes).unwrap_or(i64::MAX),
            hash: hash(path, read.bytes)?,
            left_out,
            mark: read.mark,
        };
        let from = grown.map_or(0, |known| known.bytes.unsigned_abs());
        Ok(Reading { place: 0, source, transcripts, unwanted, own, unread: read.unread, grown: read.bytes.saturating_sub(from) })
    }
}

/// Whether a conversation is a program's that shiftlog itself has asked.
fn is_own(transcript: &Transcript) -> bool {
    let first = transcript.turns.first().and_then(|turn| turn.user_input.as_deref());
    first.is_some_and(|text| text.trim_start().starts_with(OWN))
}

/// What tells whether a file was changed.
fn look(agent: &dyn Agent, path: &Path) -> io::Result<[i64; 4]> {
    Ok(look_beside(agent, path, identity(&std::fs::metadata(path)?)))
}

/// The same of a file that was looked at, with the one beside it.
fn look_beside(agent: &dyn Agent, path: &Path, mut identity: [i64; 4]) -> [i64; 4] {
    if let Some(beside) = agent.beside(path).and_then(|path| std::fs::metadata(path).ok()) {
        for (one, other) in identity.iter_mut().zip(self::identity(&beside)) {
            *one = one.wrapping_mul(31).wrapping_add(other);
        }
    }
    identity
}

fn identity(meta: &Metadata) -> [i64; 4] {
    let nanos = |time: io::Result<std::time::SystemTime>| {
        let since = time.ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        since.and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or(0)
    };
    let size = i64::try_from(meta.len()).unwrap_or(i64::MAX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let changed = meta.ctime().wrapping_mul(1_000_000_000).wrapping_add(meta.ctime_nsec());
        [size, nanos(meta.modified()), changed, meta.ino().cast_signed()]
    }
    #[cfg(not(unix))]
    [size, nanos(meta.modified()), 0, 0]
}

/// Whether a file still begins with what was read of it.
fn only_grew(path: &Path, known: &Source) -> io::Result<bool> {
    let bytes = known.bytes.unsigned_abs();
    Ok(std::fs::metadata(path)?.len() >= bytes && hash(path, bytes)? == known.hash)
}

/// Hash of a file's first bytes and of the last before a place.
fn hash(path: &Path, bytes: u64) -> io::Result<i64> {
    let mut file = File::open(path)?;
    let mut parts = Vec::new();
    (&mut file).take(bytes.min(KNOWN)).read_to_end(&mut parts)?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(KNOWN)))?;
    file.take(bytes.min(KNOWN)).read_to_end(&mut parts)?;
    Ok(xxh3_64(&parts).cast_signed())
}
