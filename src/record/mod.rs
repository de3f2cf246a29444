//! The SQLite side: conversations, their turns and actions, kept for good.
//!
//! A [`Record`] is the database of one journal, and the only place that knows SQL. Everything is redacted on its way in. It
//! knows neither logs nor the index: a conversation names its log by id, and every change bumps a sequence that others follow.

pub mod action;
pub mod captured;
pub mod check;
pub mod conversation;
pub mod error;
pub mod exchange;
pub mod follow;
pub(crate) mod foreign;
pub mod id;
mod late;
pub mod life;
pub mod pending;
pub mod privacy;
pub mod redact;
mod schema;
pub mod scrub;
pub mod source;
pub mod spool;
pub mod stats;
pub mod status;
pub mod summary;
pub mod take;
pub mod tokens;
pub mod track;
pub mod transcript;
pub mod turn;
pub mod window;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use error::{Error, Result};
pub use schema::{leftovers, new_private, sweep};

/// File name of the record, in the journal's private directory.
pub const FILE: &str = "record.db";

/// How often a busy database is tried again.
const RETRIES: u32 = 3;

/// How the record is kept; the caller has read the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether secrets are redacted before they are stored.
    pub redact: bool,
    /// Context windows in tokens by the beginning of a model's name, before the built-in ones.
    pub windows: Vec<(String, u64)>,
    /// Context window in tokens of models that nobody knows.
    pub window: u64,
    /// Turns that stay in the live context at most.
    pub live_turns: u64,
    /// Share of the window, in percent, that live turns may fill.
    pub fill_percent: u64,
    /// How long SQLite itself waits for a lock, each time.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            redact: true,
            windows: Vec::new(),
            window: tokens::DEFAULT_WINDOW,
            live_turns: 50,
            fill_percent: 80,
            patience: Duration::from_secs(2),
        }
    }
}

impl Settings {
    /// Text as it may be stored.
    fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.redact { redact::redact(text) } else { Cow::Borrowed(text) }
    }

    fn clean_some(&self, text: Option<&str>) -> Option<String> {
        text.map(|t| self.clean(t).into_owned())
    }

    /// An identifier of another program as it may be stored; two that differ only in a secret stay two.
    fn clean_id(&self, text: &str) -> String {
        match self.clean(text) {
            Cow::Borrowed(same) => same.to_string(),
            Cow::Owned(clean) if clean == text => clean,
            Cow::Owned(clean) => format!("{clean}#{:08x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()) >> 32),
        }
    }
}

/// The record of one journal.
#[derive(Debug)]
pub struct Record {
    db: Connection,
    path: PathBuf,
    settings: Settings,
}

impl Drop for Record {
    fn drop(&mut self) {
        schema::before_close(&self.db, &self.path);
    }
}

impl Record {
    /// Opens the record in a journal's private directory, which it makes there if there is none yet.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Newer`], [`Error::Busy`], [`Error::Io`]; what is there is never replaced.
    pub fn open(private: &Path, settings: Settings) -> Result<Record> {
        let path = private.join(FILE);
        if !schema::exists(&path)? {
            schema::create(&path)?;
        }
        Record::connect(path, settings)
    }

    /// Opens the record in a journal's private directory; nothing where there is none.
    ///
    /// # Errors
    /// As [`Record::open`].
    pub fn find(private: &Path, settings: Settings) -> Result<Option<Record>> {
        let path = private.join(FILE);
        if schema::exists(&path)? { Record::connect(path, settings).map(Some) } else { Ok(None) }
    }

    /// A copy of a record in memory, or an empty one there: whatever is written into it is forgotten.
    ///
    /// # Errors
    /// Those of the database.
    pub fn trial(known: Option<&Record>, settings: Settings) -> Result<Record> {
        let db = schema::in_memory(known.map(|record| &record.db))?;
        Ok(Record { db, path: known.map_or_else(PathBuf::new, |record| record.path.clone()), settings })
    }

    fn connect(path: PathBuf, settings: Settings) -> Result<Record> {
        let db = retry(|| schema::open(&path, settings.patience)).map_err(|e| e.at(&path))?;
        Ok(Record { db, path, settings })
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How this record is kept.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads one state of the record, whatever others write meanwhile; failures name the file.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let _snapshot = self.snapshot()?;
        self.plain(work)
    }

    /// Works outside of any transaction; failures name the file.
    fn plain<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        work(&self.db).map_err(|e| e.at(&self.path))
    }

    /// Until it is dropped, everything that is read belongs to one state; nothing can be written meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        let begun = self.db.is_autocommit();
        if begun {
            self.plain(|db| Ok(db.execute_batch("BEGIN DEFERRED")?))?;
        }
        Ok(Snapshot { db: &self.db, begun })
    }

    /// Writes in one transaction, which holds the write lock from its beginning; a busy database is tried again.
    fn write<T>(&self, mut work: impl FnMut(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let attempt = || {
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        retry(attempt).map_err(|e| e.at(&self.path))
    }

    fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.settings.clean(text)
    }

    fn clean_some(&self, text: Option<&str>) -> Option<String> {
        self.settings.clean_some(text)
    }

    fn clean_id(&self, text: &str) -> String {
        self.settings.clean_id(text)
    }

    /// Writes what the write-ahead log holds into the database and empties it.
    ///
    /// # Errors
    /// [`Error::Busy`] while others read or write, and then not all of it was done.
    pub fn checkpoint(&self) -> Result<()> {
        self.plain(|db| match db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))? {
            0 => Ok(()),
            _ => Err(Error::Busy { path: PathBuf::new(), kept: None }),
        })
    }

    /// Writes a consistent copy into a file that is not there yet, while others go on writing. Nobody else can read it.
    ///
    /// Until the file that is given back is dropped, [`sweep`] takes the copy for one that is in use.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn copy_to(&self, to: &Path) -> Result<std::fs::File> {
        let held = schema::claim(to)?;
        self.plain(|db| Ok(db.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map(drop)?))?;
        Ok(held)
    }
}

/// One state of the record; see [`Record::snapshot`].
#[derive(Debug)]
pub struct Snapshot<'r> {
    db: &'r Connection,
    begun: bool,
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if self.begun {
            // It only read: there is nothing that could be lost.
            let _ = self.db.execute_batch("ROLLBACK");
        }
    }
}

/// Tries again, three times and ever later, while the database is busy.
fn retry<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let mut pause = Duration::from_millis(40);
    for _ in 0..RETRIES {
        match attempt() {
            Err(Error::Busy { .. }) => std::thread::sleep(pause),
            done => return done,
        }
        pause *= 3;
    }
    attempt()
}
