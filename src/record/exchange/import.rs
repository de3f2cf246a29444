//! Import: JSON Lines into the record, each conversation and turn once.
//!
//! A file is read twice, at the same time: to see that every line can be understood, and to store it, in short transactions
//! between which others may write. What can be read only once is stored in one transaction. The lines of a file are parsed and
//! cleaned of secrets in a thread of their own.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use chrono::{DateTime, Datelike, Utc};
use rusqlite::{Transaction, TransactionBehavior};
use serde::Serialize;

use super::line::Line;
use crate::record::conversation::Conversation;
use crate::record::error::{Error, Result};
use crate::record::privacy::Privacy;
use crate::record::status::Status;
use crate::record::{Record, Settings, retry};

mod conversation;
mod turns;

use conversation::About;
use turns::Open;

/// The highest number of a turn, and the most tokens of one: what is counted stays far from what a column can hold.
const MOST: i64 = 1_000_000_000;
/// Bytes of lines that one transaction takes.
const BATCH: u64 = 16 << 20;
/// Bytes of lines that are handed from thread to thread at once, and how many such chunks may wait.
const CHUNK: (u64, usize) = (256 << 10, 4);
/// Memory for pages of the database, in KiB.
const CACHE: i64 = 48 << 10;
/// Turns whose identity is kept in memory.
const REMEMBERED: usize = 400_000;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Conversations that are new.
    pub conversations: u64,
    /// Turns that are new.
    pub turns: u64,
    /// Their actions.
    pub actions: u64,
    /// Turns that were there and lacked something that is filled in now.
    pub completed: u64,
    /// Turns that were there already.
    pub known: u64,
    /// Turns that were there with another text, which stays.
    pub different: u64,
    /// Lines that were left out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Turns in which nobody says or does anything.
    pub empty: u64,
    /// What the person should know.
    pub notices: Vec<String>,
}

/// Reads a file to see that every line of it can be understood.
fn check(path: &Path) -> Result<()> {
    let mut lines = Lines::new(reader(path)?, path);
    while lines.advance()? {
        lines.line()?;
    }
    Ok(())
}

fn reader(path: &Path) -> Result<BufReader<File>> {
    Ok(BufReader::with_capacity(1 << 18, File::open(path).map_err(Error::io("read", path))?))
}

/// Imports a file, or standard input, given as a reader with `-` for its path, in one transaction.
///
/// `progress` is told how many bytes were stored so far.
///
/// # Errors
/// [`Error::Line`] names the line that cannot be understood, and nothing is stored; those of the database.
pub fn import(
    record: &Record,
    path: &Path,
    input: Option<&mut dyn BufRead>,
    privacy: &Privacy,
    now: DateTime<Utc>,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported> {
    // A transaction fits in: else SQLite writes the same pages again and again.
    record.plain(|db| Ok(db.pragma_update(None, "cache_size", -CACHE)?))?;
    let mut run = Run::new(record, path, privacy, now);
    let settings = &record.settings;
    match input {
        Some(input) => {
            let mut lines = Lines::new(input, path);
            run.store(&mut || lines.step(settings), u64::MAX, &mut || Ok(()), progress)?;
        }
        None => std::thread::scope(|scope| {
            let mut checking = Some(scope.spawn(|| check(path)));
            let mut checked = || match checking.take().map(std::thread::ScopedJoinHandle::join) {
                Some(Ok(checked)) => checked,
                Some(Err(panic)) => std::panic::resume_unwind(panic),
                None => Ok(()),
            };
            let mut lines = Lines::new(reader(path)?, path);
            let (sender, chunks) = sync_channel(CHUNK.1);
            scope.spawn(move || lines.send(settings, &sender));
            let mut steps = Vec::new().into_iter();
            let mut next = || loop {
                if let Some(step) = steps.next() {
                    return step;
                }
                // The other thread ends after the last step or an error; whoever asks again after that gets nothing new.
                steps = chunks.recv().map_err(|_| Error::io("read", path)(std::io::ErrorKind::UnexpectedEof.into()))?.into_iter();
            };
            run.store(&mut next, BATCH, &mut checked, progress)
        })?,
    }
    Ok(run.done)
}

type Checked<'c> = dyn FnMut() -> Result<()> + 'c;

/// What the next line is, ready to be stored, and how many bytes were read up to its end.
enum Step {
    Line(Box<Line<'static>>, u64),
    /// There is none; the last one was incomplete if it has a number here.
    End(Option<u64>, u64),
}

/// The lines of a source; an incomplete last one is left for next time.
struct Lines<'p, R> {
    source: R,
    path: &'p Path,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
    incomplete: bool,
}

impl<'p, R: BufRead> Lines<'p, R> {
    fn new(source: R, path: &'p Path) -> Self {
        Lines { source, path, buffer: Vec::new(), number: 0, bytes: 0, incomplete: false }
    }

    /// Goes to the next line that is not blank; says whether there is one.
    fn advance(&mut self) -> Result<bool> {
        loop {
            self.buffer.clear();
            let read = self.source.read_until(b'\n', &mut self.buffer).map_err(Error::io("read", self.path))?;
            if read == 0 {
                return Ok(false);
            }
            self.bytes += read as u64;
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with("\u{feff}".as_bytes()) {
                self.buffer.drain(..3);
            }
            if self.buffer.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            whole_surrogates(&mut self.buffer);
            if self.buffer.last() != Some(&b'\n')
                && serde_json::from_slice::<serde::de::IgnoredAny>(&self.buffer).is_err_and(|e| e.is_eof())
            {
                self.incomplete = true;
                return Ok(false);
            }
            return Ok(true);
        }
    }

    /// The next line, parsed and cleaned.
    fn step(&mut self, settings: &Settings) -> Result<Step> {
        Ok(match self.advance()? {
            true => Step::Line(Box::new(self.line()?.cleaned(settings)), self.bytes),
            false => Step::End(self.incomplete.then_some(self.number), self.bytes),
        })
    }

    /// Gives all lines to another thread, until it wants no more.
    fn send(&mut self, settings: &Settings, to: &SyncSender<Vec<Result<Step>>>) {
        let mut more = true;
        while more {
            let (from, mut chunk) = (self.bytes, Vec::new());
            while more && self.bytes - from < CHUNK.0 {
                let step = self.step(settings);
                more = matches!(step, Ok(Step::Line(..)));
                chunk.push(step);
            }
            more &= to.send(chunk).is_ok();
        }
    }

    fn line(&self) -> Result<Line<'_>> {
        let bad = |message: String| Error::Line { path: self.path.to_path_buf(), line: self.number, message };
        let text = std::str::from_utf8(&self.buffer).map_err(|e| bad(format!("not valid UTF-8 at byte {}", e.valid_up_to())))?;
        let line: Line<'_> = serde_json::from_str(text).map_err(|e| bad(reason(&e)))?;
        match line.kind.as_ref() {
            "turn" if line.conversation.is_none() => Err(bad("a turn without `conversation`".into())),
            "turn" if line.turn.is_some_and(|n| !(1..=MOST).contains(&n)) => Err(bad(format!("turns are numbered from 1 to {MOST}"))),
            _ if [line.time, line.started].iter().flatten().any(|t| !(1..=9999).contains(&t.year())) => {
                Err(bad("a time that is not between the years 1 and 9999".into()))
            }
            _ if [line.input_tokens, line.output_tokens].iter().flatten().any(|n| *n > MOST.unsigned_abs()) => {
                Err(bad(format!("more than {MOST} tokens in one turn")))
            }
            "conversation" if line.id.is_none() && line.native_id.is_none() => Err(bad("a conversation without `id`".into())),
            "conversation" => match line.status.as_deref() {
                Some(status) if Status::named(status).is_none() => {
                    let known = Status::ALL.map(Status::name).join(", ");
                    Err(bad(format!("unknown status `{status}`: known are {known}")))
                }
                _ => Ok(line),
            },
            "turn" => Ok(line),
            "" => Err(bad("no `type`: it is `conversation` or `turn`".into())),
            other => Err(bad(format!("unknown type `{}`: it is `conversation` or `turn`", other.escape_debug()))),
        }
    }
}

/// Programs that cut texts in the middle of a character write one half of its escape: it becomes the replacement character.
fn whole_surrogates(line: &mut [u8]) {
    let half = |line: &[u8], at: usize| {
        let digits = line.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let code = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        (0xd800..=0xdfff).contains(&code).then_some(code)
    };
    let mut at = 0;
    while let Some(n) = line[at..].iter().position(|b| *b == b'\\') {
        at += n;
        let whole = match (half(line, at), half(line, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(_), _) => {
                line[at..at + 6].copy_from_slice(b"\\ufffd");
                6
            }
            _ => 2,
        };
        at = (at + whole).min(line.len());
    }
}

/// Why a line is no JSON of this form, without the position that the parser adds.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_string();
    if error.is_data() { text } else { format!("not JSON: {text} (column {})", error.column()) }
}

/// What a name in the lines stands for.
#[derive(Debug, Clone)]
enum Target {
    /// A conversation that is described, but made only with its first turn, which tells when it began.
    Pending(Box<About>),
    /// One of the record.
    Stored(String),
    /// One of which nothing is stored, for the reason given.
    Skipped(&'static str),
}

/// One import.
struct Run<'r> {
    record: &'r Record,
    path: &'r Path,
    privacy: &'r Privacy,
    now: DateTime<Utc>,
    done: Imported,
    /// What each name stands for.
    names: HashMap<String, Target>,
    /// Conversations that were met lately, by id.
    open: HashMap<String, Open>,
    /// What is left of conversations that were forgotten.
    bookmarks: HashMap<String, Open>,
    /// The conversation that was met last.
    last: String,
    /// Conversations that this import made.
    made: HashSet<String>,
    /// Names of parents and origins.
    wanted: HashSet<String>,
    /// When a conversation of a name was deleted that another one has now.
    deleted: HashMap<String, DateTime<Utc>>,
    /// The next free row of a turn, within a transaction.
    row: i64,
    version: i64,
}

impl<'r> Run<'r> {
    fn new(record: &'r Record, path: &'r Path, privacy: &'r Privacy, now: DateTime<Utc>) -> Run<'r> {
        Run {
            record,
            path,
            privacy,
            now,
            done: Imported::default(),
            names: HashMap::new(),
            open: HashMap::new(),
            bookmarks: HashMap::new(),
            last: String::new(),
            made: HashSet::new(),
            wanted: HashSet::new(),
            deleted: HashMap::new(),
            row: 0,
            version: 0,
        }
    }

    /// Stores all lines, so many bytes of them in a transaction; `checked` says that the source is sound before anything stays.
    fn store(
        &mut self,
        next: &mut dyn FnMut() -> Result<Step>,
        batch: u64,
        checked: &mut Checked<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let file = self.record.path.clone();
        let named = |e: Error| e.at(&file);
        let mut bytes = 0;
        let incomplete = loop {
            let begin = || Ok(Transaction::new_unchecked(&self.record.db, TransactionBehavior::Immediate)?);
            let tx = retry(begin).map_err(named)?;
            self.begin(&tx).map_err(named)?;
            let from = bytes;
            let mut ended = None;
            while bytes - from < batch && ended.is_none() {
                match next()? {
                    Step::Line(line, end) => {
                        self.take(&tx, *line).map_err(named)?;
                        bytes = end;
                    }
                    Step::End(incomplete, end) => {
                        ended = Some(incomplete);
                        bytes = end;
                    }
                }
            }
            if ended.is_some() {
                self.finish(&tx).map_err(named)?;
            }
            self.flush(&tx).map_err(named)?;
            checked()?;
            tx.commit().map_err(|e| named(e.into()))?;
            progress(bytes);
            if let Some(incomplete) = ended {
                break incomplete;
            }
        };
        if self.done.empty > 0 {
            let (empty, path) = (self.done.empty, self.path.display());
            self.done.notices.push(format!("{empty} of its turns have neither `user_input` nor `agent_response` nor `actions`: {path}"));
        }
        if let Some(number) = incomplete {
            self.done.notices.push(format!("the last line is incomplete and was left out: {}:{number}", self.path.display()));
        }
        Ok(())
    }

    /// What others wrote since the last transaction is read anew.
    fn begin(&mut self, tx: &Transaction<'_>) -> Result<()> {
        let version = tx.pragma_query_value(None, "data_version", |r| r.get(0))?;
        if version != self.version {
            self.open.values_mut().for_each(|open| open.stale = true);
            for target in self.names.values_mut() {
                if let Target::Stored(id) = target
                    && Conversation::load(tx, id)?.is_none()
                {
                    self.open.remove(id);
                    *target = Target::Skipped(conversation::DELETED);
                }
            }
        }
        self.version = version;
        self.row = crate::record::turn::next_id(tx)?;
        Ok(())
    }

    fn take(&mut self, tx: &Transaction<'_>, line: Line<'_>) -> Result<()> {
        if line.kind == "conversation" { self.take_conversation(tx, line) } else { self.take_turn(tx, line) }
    }

    fn skip(&mut self, reason: &str) {
        *self.done.skipped.entry(reason.to_string()).or_default() += 1;
    }

    /// Makes the conversations that have no turns, and finds the parents that were named by foreign ids.
    fn finish(&mut self, tx: &Transaction<'_>) -> Result<()> {
        let mut left: Vec<(String, About)> = Vec::new();
        for (name, target) in &self.names {
            if let Target::Pending(about) = target {
                left.push((name.clone(), (**about).clone()));
            }
        }
        left.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, about) in left {
            self.make(tx, &name, &about, None)?;
        }
        self.orphans(tx)?;
        // An id of the file may lead to a conversation that has another one here.
        for name in std::mem::take(&mut self.wanted) {
            if let Some(Target::Stored(id)) = self.names.get(&name).filter(|t| !matches!(t, Target::Stored(id) if *id == name)) {
                for column in ["parent", "origin"] {
                    tx.prepare_cached(&format!("UPDATE sessions SET {column} = ?2 WHERE {column} = ?1"))?.execute([&name, id])?;
                }
            }
        }
        for column in ["parent", "origin"] {
            tx.execute(
                &format!(
                    "UPDATE sessions SET {column} = (SELECT p.id FROM sessions p WHERE p.native_id = sessions.{column} AND p.agent IS \
                     sessions.agent) WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM sessions)
                     AND EXISTS (SELECT 1 FROM sessions p WHERE p.native_id = sessions.{column} AND p.agent IS sessions.agent)"
                ),
                [],
            )?;
        }
        Ok(())
    }

    /// Brings what the record says of the conversations up to date.
    fn flush(&mut self, tx: &Transaction<'_>) -> Result<()> {
        let mut ids: Vec<&String> = self.open.iter().filter(|(_, o)| o.dirty).map(|(id, _)| id).collect();
        ids.sort_unstable();
        for id in ids.into_iter().cloned().collect::<Vec<_>>() {
            let open = self.open.get_mut(&id).expect("it is open");
            open.flush(tx, self.record, &id)?;
        }
        if self.open.values().map(Open::weight).sum::<usize>() > REMEMBERED {
            // Where in the file it is belongs to a conversation however often it is forgotten.
            for (id, open) in std::mem::take(&mut self.open) {
                if id == self.last {
                    self.open.insert(id, open);
                } else if let Some(bookmark) = open.bookmark() {
                    self.bookmarks.insert(id, bookmark);
                }
            }
        }
        Ok(())
    }

    fn clean(&self, text: Option<Cow<'_, str>>) -> Option<String> {
        text.map(|t| self.record.clean(&t).into_owned())
    }

    /// The conversation with all that is known of its turns.
    fn opened(&mut self, tx: &Transaction<'_>, id: &str) -> Result<&mut Open> {
        if self.open.get(id).is_none_or(|o| o.stale) {
            let stored = Conversation::known(tx, id)?;
            let before = self.open.remove(id).or_else(|| self.bookmarks.remove(id));
            self.open.insert(id.to_string(), Open::load(tx, &stored, before)?);
        }
        if self.last != id {
            self.last = id.to_string();
        }
        Ok(self.open.get_mut(id).expect("it was just opened"))
    }
}
