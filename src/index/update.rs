//! Bringing the index up to date with the logs and the record.
//!
//! Nothing changed: nothing is opened for writing. Otherwise one commit. Another process at it: it does the work.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tantivy::collector::Count;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::query::TermQuery;
use tantivy::query::doc_predicate_query::{DocPredicateQuery, FunctionPredicate};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, Index as Engine, IndexWriter, SegmentReader, TERMINATED, TantivyDocument, Term};
use xxhash_rust::xxh3::xxh3_64;

use super::error::{Error, Result};
use super::schema::{self, Fields, Lengths, Side};
use super::state::{Commit, Indexed, Logs, Source};
use super::store::{self, Generation, Store, WriteLock};
use super::{Coverage, Index};
use crate::journal::backlinks::stem;
use crate::journal::links;
use crate::journal::profile::State;
use crate::journal::sections::pieces;
use crate::journal::seen::Identity;
use crate::journal::{self, Journal, Log, Place};
use crate::record::Record;
use crate::record::conversation::Conversation;
use crate::record::follow::{Changes, Conversations};

/// Memory for documents that are not on disk yet, in bytes: a few of them, and all of them on each thread.
const FEW: usize = 15_000_000;
const ALL: usize = 185_000_000;
/// So many changed turns, and half of all, are a reason to begin anew.
const MANY: usize = 20_000;
/// Documents of a part of the index that stays as it is.
const LARGE: usize = 50_000;
/// How long to wait for another process that makes the first index.
const PATIENCE: Duration = Duration::from_secs(120);

/// How to bring an index up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only as far as something changed.
    Update,
    /// Not at all: what is committed answers.
    Leave,
    /// All of it anew.
    Rebuild,
}

/// What the index is made of.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'s> {
    /// The logs.
    pub journal: &'s Journal,
    /// The turns, where there are any.
    pub record: Option<&'s Record>,
    /// The journal's private directory.
    pub private: &'s Path,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Is told how many of how many documents' sources were read.
pub type Progress<'p> = dyn FnMut(u64, u64) + 'p;

/// What is to be done.
#[derive(Debug, Default)]
struct Pending {
    sources: Vec<Source>,
    /// Something about the logs may have changed.
    logs: bool,
    changes: Changes,
    /// The record is another one than was indexed.
    other: bool,
    /// About how much is not in the index yet.
    count: u64,
}

impl Pending {
    fn is_empty(&self) -> bool {
        !self.logs && !self.other && self.changes.turns.is_empty() && self.changes.conversations.is_empty()
    }
}

impl Index {
    /// The index as it was committed last, however much has changed since; nothing where there is none that can be read.
    pub fn committed(sources: &Sources<'_>) -> Option<Index> {
        Store::new(sources.private).open().map(|generation| index(generation, 0, None))
    }

    /// Opens the index of a journal, brought up to date as far as that is asked for and possible.
    ///
    /// # Errors
    /// [`Error::Engine`] and [`Error::Io`] where there is no index yet and none can be made; those of the journal and the record.
    pub fn open(sources: &Sources<'_>, mode: Mode, progress: &mut Progress<'_>) -> Result<Index> {
        let store = Store::new(sources.private);
        let found = if mode == Mode::Rebuild { None } else { store.open() };
        let Some(generation) = found else { return first(sources, &store, mode, progress) };
        let pending = look(sources, &generation)?;
        if pending.is_empty() || mode == Mode::Leave {
            return Ok(index(generation, pending.count, None));
        }
        let lock = match store.lock() {
            Ok(Some(lock)) => lock,
            Ok(None) => return Ok(index(generation, pending.count, Some("another process is updating the index".into()))),
            Err(error) => return Ok(index(generation, pending.count, Some(error.to_string()))),
        };
        // Somebody else may have done it all since.
        let Some(generation) = store.open() else { return build(sources, &store, &lock, progress) };
        let pending = look(sources, &generation)?;
        if pending.is_empty() {
            return Ok(index(generation, 0, None));
        }
        let many = pending.changes.turns.len() > MANY && pending.changes.turns.len() as u64 > generation.commit.turns / 2;
        let done = if pending.other || many {
            build(sources, &store, &lock, progress)
        } else {
            let mut work = Work::new(sources, progress, pending.count);
            work.apply(&generation, &pending).and_then(|()| committed(&store))
        };
        match done {
            Ok(index) => Ok(index),
            Err(error @ (Error::Journal(_) | Error::Record(_))) => Err(error),
            // A full disk: the old index goes on working.
            Err(error) => Ok(index(generation, pending.count, Some(error.to_string()))),
        }
    }
}

/// There is no index that can be used: makes one, or waits for who is making it.
fn first(sources: &Sources<'_>, store: &Store, mode: Mode, progress: &mut Progress<'_>) -> Result<Index> {
    let begun = Instant::now();
    loop {
        if let Some(lock) = store.lock()? {
            // Another process may just have finished it.
            if let Some(generation) = store.open().filter(|_| mode != Mode::Rebuild) {
                drop(lock);
                let pending = look(sources, &generation)?.count;
                let notice = (pending > 0).then(|| "another process made the index just now".to_string());
                return Ok(index(generation, pending, notice));
            }
            return build(sources, store, &lock, progress);
        }
        if begun.elapsed() > PATIENCE {
            return Err(Error::Engine("another process has been making the index for minutes; try again when it is done".into()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What was just written.
fn committed(store: &Store) -> Result<Index> {
    let generation = store.open().ok_or_else(|| Error::Engine("what was just written cannot be read".into()))?;
    Ok(index(generation, 0, None))
}

fn index(generation: Generation, pending: u64, notice: Option<String>) -> Index {
    let coverage = Coverage { logs: generation.logs.logs.len() as u64, turns: generation.commit.turns, pending };
    Index { fields: Fields::new().1, generation, places: OnceCell::new(), coverage, notice }
}

/// Inode of the record's file.
fn identity(record: &Record) -> Option<u64> {
    fs::metadata(record.path()).ok().map(|m| Identity::of(&m).inode())
}

/// What changed since the last commit.
fn look(sources: &Sources<'_>, generation: &Generation) -> Result<Pending> {
    let (commit, before) = (&generation.commit, &generation.logs);
    let mut pending = Pending { sources: look_at_files(sources)?, ..Pending::default() };
    let same = |(old, new): (&Source, &Source)| old.path == new.path && old.identity == new.identity && !old.identity.is_racy(old.looked);
    pending.logs = before.sources.len() != pending.sources.len() || !before.sources.iter().zip(&pending.sources).all(same);
    match sources.record {
        None => pending.other = commit.record.is_some(),
        Some(record) => {
            pending.other = commit.record != identity(record);
            let sequence = record.sequence()?;
            pending.other |= sequence < commit.sequence;
            if sequence > commit.sequence {
                pending.changes = record.changes_since(commit.sequence)?;
            }
        }
    }
    let mut files = 0;
    if pending.logs {
        let known: HashMap<&str, &Source> = before.sources.iter().map(|s| (s.path.as_str(), s)).collect();
        let altered = |s: &&Source| known.get(s.path.as_str()).is_none_or(|k| k.identity != s.identity);
        files = pending.sources.iter().filter(altered).count() + known.len().saturating_sub(pending.sources.len());
    }
    pending.count = (files + pending.changes.turns.len()) as u64;
    Ok(pending)
}

/// All files that logs depend on, by path.
fn look_at_files(sources: &Sources<'_>) -> Result<Vec<Source>> {
    let journal = sources.journal;
    let looked = sources.now.timestamp_nanos_opt().unwrap_or(0);
    let mut found = Vec::new();
    for path in journal.files()? {
        // A file may go between two looks.
        let Ok(meta) = fs::metadata(&path) else { continue };
        let path = journal.relative(&path).to_string_lossy().into_owned();
        found.push(Source { path, identity: Identity::of(&meta), looked });
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Makes the next generation from nothing and puts it into the place of the last.
fn build(sources: &Sources<'_>, store: &Store, lock: &WriteLock, progress: &mut Progress<'_>) -> Result<Index> {
    store.sweep(lock);
    let dir = store.begin()?;
    let made = fill(sources, &dir, progress).and_then(|()| store.switch(lock, &dir));
    if let Err(error) = made {
        let _ = fs::remove_dir_all(&dir);
        return Err(error);
    }
    committed(store)
}

fn fill(sources: &Sources<'_>, dir: &Path, progress: &mut Progress<'_>) -> Result<()> {
    let engine = Generation::create(dir)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    let mut writer = writer(&engine, threads, ALL)?;
    let _snapshot = sources.record.map(Record::snapshot).transpose()?;
    let (turns, conversations) = counts(sources)?;
    let total = turns + sources.journal.files()?.len() as u64;
    let mut work = Work::new(sources, progress, total);
    let listed = look_at_files(sources)?;
    let logs = work.logs(&writer, &Logs::default(), listed)?;
    let (mut sequence, mut last_row) = (0, 0);
    if let Some(record) = sources.record {
        sequence = record.sequence()?;
        last_row = work.every_turn(&writer, record)?;
    }
    let record = sources.record.and_then(identity);
    let words = work.words;
    commit(&mut writer, dir, &logs, Commit { record, sequence, turns, conversations, last_row, words, ..Commit::default() })?;
    writer.wait_merging_threads()?;
    store::note_files(dir, &engine)
}

/// How many turns and conversations there are.
fn counts(sources: &Sources<'_>) -> Result<(u64, u64)> {
    Ok(sources.record.map_or(Ok((0, 0)), Record::counts)?)
}

/// Deletes the documents of turns by their rows, in one pass over the numbers of all documents.
fn delete_rows(writer: &IndexWriter, rows: HashSet<u64>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = Arc::new(rows);
    let predicate = FunctionPredicate::from(move |segment: &SegmentReader| {
        let (column, rows) = (segment.fast_fields().u64(schema::ROW)?, rows.clone());
        Ok(move |doc| column.first(doc).is_some_and(|row| rows.contains(&row)))
    });
    let query: DocPredicateQuery = predicate.into();
    writer.delete_query(Box::new(query))?;
    Ok(())
}

fn writer(engine: &Engine, threads: usize, memory: usize) -> Result<IndexWriter> {
    let options = IndexWriterOptions::builder().num_worker_threads(threads).num_merge_threads(1).memory_budget_per_thread(memory).build();
    let writer: IndexWriter = engine.writer_with_options(options)?;
    // Small parts are put together, so that there are never many; large ones would keep a search waiting.
    let mut policy = LogMergePolicy::default();
    policy.set_max_docs_before_merge(LARGE);
    writer.set_merge_policy(Box::new(policy));
    Ok(writer)
}

/// Commits documents together with what they say.
fn commit(writer: &mut IndexWriter, dir: &Path, logs: &Logs, mut commit: Commit) -> Result<()> {
    commit.version = schema::version();
    // The last commit's table stays until this one is made.
    commit.logs = format!("logs-{:x}", writer.commit_opstamp());
    if dir.join(&commit.logs).exists() {
        commit.logs.push('x');
    }
    logs.write(&dir.join(&commit.logs))?;
    let payload = serde_json::to_string(&commit).map_err(|e| Error::Engine(e.to_string()))?;
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&payload);
    prepared.commit()?;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("logs-") && name != commit.logs {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Reading sources into documents.
struct Work<'w, 'p> {
    sources: &'w Sources<'w>,
    fields: Fields,
    progress: &'w mut Progress<'p>,
    done: u64,
    total: u64,
    /// Words on each side of all documents.
    words: [u64; 5],
}

impl<'w, 'p> Work<'w, 'p> {
    fn new(sources: &'w Sources<'w>, progress: &'w mut Progress<'p>, total: u64) -> Work<'w, 'p> {
        Work { sources, fields: Fields::new().1, progress, done: 0, total, words: [0; 5] }
    }

    fn add(&mut self, writer: &IndexWriter, document: TantivyDocument) -> Result<()> {
        let lengths = Lengths::of_document(&self.fields, &document);
        for side in Side::ALL {
            self.words[side as usize] += u64::from(lengths.of(side));
        }
        writer.add_document(document)?;
        Ok(())
    }

    /// Counts the words of documents no longer that are going to be deleted: of these turns, of these logs.
    fn forget(&mut self, generation: &Generation, rows: &HashSet<u64>, logs: &[String]) -> Result<()> {
        self.words = generation.commit.words;
        let mut gone = Vec::new();
        let searcher = generation.reader.searcher();
        for segment in searcher.segment_readers() {
            let lengths = segment.fast_fields().u64(schema::LENGTHS)?;
            let mut forget = |doc| gone.extend(lengths.first(doc));
            if !rows.is_empty() {
                let row = segment.fast_fields().u64(schema::ROW)?;
                segment.doc_ids_alive().filter(|doc| row.first(*doc).is_some_and(|row| rows.contains(&row))).for_each(&mut forget);
            }
            let facts = segment.inverted_index(self.fields.facts)?;
            for log in logs {
                let term = Term::from_field_text(self.fields.facts, &schema::unit_fact(schema::unit_of(log)));
                let Some(mut postings) = facts.read_postings(&term, IndexRecordOption::Basic).map_err(|e| Error::engine(&e))? else {
                    continue;
                };
                while postings.doc() != TERMINATED {
                    if !segment.is_deleted(postings.doc()) {
                        forget(postings.doc());
                    }
                    postings.advance();
                }
            }
        }
        for lengths in gone.into_iter().map(Lengths) {
            for side in Side::ALL {
                let words = &mut self.words[side as usize];
                *words = words.saturating_sub(u64::from(lengths.of(side)));
            }
        }
        Ok(())
    }

    fn step(&mut self) {
        self.done += 1;
        (self.progress)(self.done, self.total);
    }

    /// Brings a generation up to date in one commit.
    fn apply(&mut self, generation: &Generation, pending: &Pending) -> Result<()> {
        let before = &generation.logs;
        let _snapshot = self.sources.record.map(Record::snapshot).transpose()?;
        let changes = self.sources.record.map_or(Ok(Changes::default()), |r| r.changes_since(generation.commit.sequence))?;
        let mut plan = Plan::default();
        let logs = if pending.logs { self.compare(before, pending.sources.clone(), &mut plan)? } else { before.clone() };
        let altered = self.altered(generation, &changes)?;
        if plan.is_empty() && changes.turns.is_empty() && altered.is_empty() {
            // Only files were touched: what is committed stays true, and is not looked at again.
            logs.write(&generation.dir.join(&generation.commit.logs))?;
            if changes.conversations.is_empty() {
                return Ok(());
            }
        }
        let mut writer = writer(&generation.index, 1, FEW)?;
        let rows: Vec<i64> = changes.turns.iter().chain(&altered).copied().collect();
        let old = rows.iter().copied().filter(|row| *row <= generation.commit.last_row).map(i64::unsigned_abs).collect();
        self.forget(generation, &old, &plan.gone)?;
        self.write(&writer, &plan)?;
        delete_rows(&writer, old)?;
        for row in &rows {
            self.turn(&writer, *row)?;
        }
        let last_row = rows.iter().copied().fold(generation.commit.last_row, i64::max);
        let (turns, conversations) = counts(self.sources)?;
        let record = self.sources.record.and_then(identity);
        let sequence = if self.sources.record.is_some() { changes.sequence } else { 0 };
        let words = self.words;
        commit(
            &mut writer,
            &generation.dir,
            &logs,
            Commit { record, sequence, turns, conversations, last_row, words, ..Commit::default() },
        )?;
        writer.wait_merging_threads()?;
        store::note_files(&generation.dir, &generation.index)
    }

    /// Rows of conversations of which the documents would say something else now.
    fn altered(&self, generation: &Generation, changes: &Changes) -> Result<Vec<i64>> {
        let Some(record) = self.sources.record else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        let searcher = generation.reader.searcher();
        for id in &changes.conversations {
            let Some(conversation) = record.find_conversation(id)? else { continue };
            let term = Term::from_field_text(self.fields.facts, &schema::about_fact(&conversation));
            // Deleted documents do not count: a title that was given before may be given again.
            if searcher.search(&TermQuery::new(term, IndexRecordOption::Basic), &Count)? == 0 {
                rows.extend(record.rows_of(id)?);
            }
        }
        rows.retain(|row| changes.turns.binary_search(row).is_err());
        Ok(rows)
    }

    fn turn(&mut self, writer: &IndexWriter, row: i64) -> Result<()> {
        if let Some(record) = self.sources.record
            && let Some(place) = record.turn_at(row)?
            && let Some(conversation) = record.find_conversation(&place.conversation)?
        {
            self.add(writer, schema::of_turn(&self.fields, &conversation, &place.turn))?;
        }
        self.step();
        Ok(())
    }

    /// Indexes all turns; gives the last row.
    fn every_turn(&mut self, writer: &IndexWriter, record: &Record) -> Result<i64> {
        let mut conversations = Conversations::default();
        let mut failed = None;
        let mut last = 0;
        record.every_turn(&mut |place| {
            last = place.turn.id;
            let known = conversations.get(record, &place.conversation).map_err(Error::from);
            let added = known.and_then(|conversation: Option<&Conversation>| match conversation {
                Some(conversation) => self.add(writer, schema::of_turn(&self.fields, conversation, &place.turn)),
                None => Ok(()),
            });
            failed = added.err();
            self.step();
            failed.is_none()
        })?;
        failed.map_or(Ok(last), Err)
    }

    /// Indexes all logs that are not in the index as they are now.
    fn logs(&mut self, writer: &IndexWriter, before: &Logs, sources: Vec<Source>) -> Result<Logs> {
        let mut plan = Plan::default();
        let logs = self.compare(before, sources, &mut plan)?;
        self.write(writer, &plan)?;
        Ok(logs)
    }

    fn write(&mut self, writer: &IndexWriter, plan: &Plan) -> Result<()> {
        for path in &plan.gone {
            writer.delete_term(Term::from_field_text(self.fields.facts, &schema::unit_fact(schema::unit_of(path))));
        }
        for log in &plan.fresh {
            // One that went or changed since it was compared is noticed by the next look.
            if let Ok(text) = log.read() {
                for document in documents_of(self.sources.journal, &self.fields, log, &text)? {
                    self.add(writer, document)?;
                }
            }
            self.step();
        }
        Ok(())
    }

    /// Finds out which logs are to be indexed anew.
    fn compare(&self, before: &Logs, sources: Vec<Source>, plan: &mut Plan) -> Result<Logs> {
        let journal = self.sources.journal;
        let config = config_hash(journal);
        let stats: HashMap<&str, &Source> = before.sources.iter().map(|s| (s.path.as_str(), s)).collect();
        let fresh: HashMap<&str, &Source> = sources.iter().map(|s| (s.path.as_str(), s)).collect();
        let mut known: HashMap<&str, &Indexed> = before.logs.iter().map(|l| (l.path.as_str(), l)).collect();
        let mut logs = Vec::new();
        for log in journal.logs(Place::Archived)? {
            let file = journal.relative(&log.path).to_string_lossy().into_owned();
            let path = log.member.as_ref().map_or_else(|| file.clone(), |m| format!("{file}!{m}"));
            let old = known.remove(path.as_str());
            let still = stats
                .get(file.as_str())
                .zip(fresh.get(file.as_str()))
                .is_some_and(|(a, b)| a.identity == b.identity && !a.identity.is_racy(a.looked));
            if let Some(old) = old.filter(|_| still && before.config == config) {
                logs.push(old.clone());
                continue;
            }
            // It may have gone meanwhile, or not be text: then it cannot be found.
            let Ok(text) = log.read() else {
                plan.gone.extend(old.map(|o| o.path.clone()));
                continue;
            };
            let hash = xxh3_64(text.as_bytes()) ^ config ^ xxh3_64(log.profile.id.as_bytes());
            if let Some(old) = old.filter(|old| old.hash == hash) {
                logs.push(old.clone());
                continue;
            }
            plan.gone.extend(old.map(|o| o.path.clone()));
            logs.push(Indexed { path, id: log.id.clone(), hash });
            plan.fresh.push(log);
        }
        plan.gone.extend(known.into_keys().map(str::to_string));
        logs.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Logs { sources, logs, config })
    }
}

/// The documents of a log.
pub(super) fn documents_of(journal: &Journal, fields: &Fields, log: &Log, text: &str) -> journal::Result<Vec<tantivy::TantivyDocument>> {
    let summary = log.summarize(text, &journal.root);
    let found = links::links(text, &log.profile.keys.parts());
    let mut links: Vec<String> = found.iter().map(|link| stem(&links::decoded(&text[link.target.clone()]))).collect();
    links.sort();
    links.dedup();
    let about = schema::About { summary: &summary, links, state: summary.state.map_or("", State::name) };
    let placeholders = journal.placeholders(&log.profile)?;
    let pieces = pieces(text, &summary.title, &log.profile, &placeholders);
    Ok(pieces.iter().enumerate().map(|(n, piece)| schema::of_piece(fields, &about, piece, n == 0)).collect())
}

/// What is to be written about logs.
#[derive(Default)]
struct Plan {
    /// Paths of logs whose documents go.
    gone: Vec<String>,
    /// Logs that are indexed, anew or for the first time.
    fresh: Vec<Log>,
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.fresh.is_empty()
    }
}

/// Hash of what decides how logs are read, beside their texts.
fn config_hash(journal: &Journal) -> u64 {
    let of = |path: &Path| fs::read(path).map_or(0, |bytes| xxh3_64(&bytes));
    journal.shaping().iter().fold(0, |all, path| all.rotate_left(7) ^ of(path))
}
