//! The bare engines: tantivy with one stemmed field with positions, stored, and the project and the time for filters; SQLite's.

use std::fs;
use std::io::{self, Write};
use std::ops::Bound;
use std::path::Path;

use rusqlite::Connection;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, FuzzyTermQuery, Query, QueryParser, RangeQuery, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value};
use tantivy::{Index, IndexWriter, TantivyDocument, Term};

use crate::record::Failure;
use crate::turns::project;

/// Memory for documents that are not on disk yet, in bytes: many, and one.
const MANY: usize = 160_000_000;
const ONE: usize = 15_000_000;

/// Documents that are printed.
const PRINTED: usize = 10;

const STEMMER: &str = "en_stem";

struct Fields {
    body: Field,
    project: Field,
    time: Field,
}

/// The bare programs.
pub(crate) fn reference(work: &str, args: &[&str]) -> Option<io::Result<()>> {
    let done = match (work, args) {
        ("index", [db, dir]) => index_turns(Path::new(db), Path::new(dir)),
        ("search", [dir, query, filters @ ..]) => open(Path::new(dir)).and_then(|index| print(&index, query, filters)),
        ("search-new", [dir, text, query]) => add(Path::new(dir), text).and_then(|index| print(&index, query, &[])),
        ("fts", [db, word]) => print_fts(Path::new(db), word),
        ("look", [logs, dir]) => look(Path::new(logs), Path::new(dir)),
        _ => return None,
    };
    Some(done.map_err(io::Error::other))
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default().set_tokenizer(STEMMER).set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let fields = Fields {
        body: schema.add_text_field("body", TextOptions::default().set_indexing_options(words) | STORED),
        project: schema.add_text_field("project", STRING),
        time: schema.add_i64_field("time", FAST),
    };
    (schema.build(), fields)
}

/// Indexes the turns of a database, on two threads.
fn index_turns(db: &Path, dir: &Path) -> Result<(), Failure> {
    let (writer, fields) = create(dir, 2, MANY)?;
    let db = Connection::open(db)?;
    let mut turns = db.prepare("SELECT session_id, user_input, agent_response, created_at FROM ui_conversation_context")?;
    let mut rows = turns.query([])?;
    while let Some(row) = rows.next()? {
        let conversation = row.get_ref(0)?.as_str()?.strip_prefix('c').and_then(|n| n.parse().ok());
        let text = [row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?].join("\n");
        add_document(&writer, &fields, text, conversation.map(project).as_deref(), row.get(3)?)?;
    }
    finish(writer)
}

/// Indexes texts.
pub(crate) fn index_texts(dir: &Path, texts: impl Iterator<Item = String>) -> Result<(), Failure> {
    let (writer, fields) = create(dir, 1, ONE)?;
    for text in texts {
        add_document(&writer, &fields, text, None, 0)?;
    }
    finish(writer)
}

fn create(dir: &Path, threads: usize, memory: usize) -> Result<(IndexWriter, Fields), Failure> {
    fs::create_dir(dir)?;
    let (schema, fields) = schema();
    Ok((Index::create_in_dir(dir, schema)?.writer_with_num_threads(threads, memory)?, fields))
}

fn finish(mut writer: IndexWriter) -> Result<(), Failure> {
    writer.commit()?;
    Ok(writer.wait_merging_threads()?)
}

fn add_document(writer: &IndexWriter, fields: &Fields, text: String, project: Option<&str>, time: i64) -> Result<(), Failure> {
    let mut document = TantivyDocument::new();
    document.add_text(fields.body, text);
    if let Some(project) = project {
        document.add_text(fields.project, project);
    }
    document.add_i64(fields.time, time);
    writer.add_document(document)?;
    Ok(())
}

fn open(dir: &Path) -> Result<Index, Failure> {
    Ok(Index::open_in_dir(dir)?)
}

/// Adds one document durably.
fn add(dir: &Path, text: &str) -> Result<Index, Failure> {
    let index = open(dir)?;
    let mut writer = index.writer_with_num_threads(1, ONE)?;
    add_document(&writer, &schema().1, text.to_string(), None, 0)?;
    writer.commit()?;
    drop(writer);
    Ok(index)
}

/// Prints the documents that a query and filters find best.
fn print(index: &Index, query: &str, filters: &[&str]) -> Result<(), Failure> {
    let fields = schema().1;
    let mut wanted = vec![words(index, &fields, query)?];
    match filters {
        [] => {}
        [project] => {
            wanted.push(Box::new(TermQuery::new(Term::from_field_text(fields.project, project), IndexRecordOption::Basic)));
        }
        [after, before] => {
            let limit = |time: &str| Ok::<_, Failure>(Term::from_field_i64(fields.time, time.parse()?));
            wanted.push(Box::new(RangeQuery::new(Bound::Included(limit(after)?), Bound::Excluded(limit(before)?))));
        }
        _ => return Err("no such filters".into()),
    }
    let searcher = index.reader()?.searcher();
    let found = searcher.search(&BooleanQuery::intersection(wanted), &TopDocs::with_limit(PRINTED).order_by_score())?;
    let mut out = io::stdout().lock();
    for (_, address) in &found {
        let document: TantivyDocument = searcher.doc(*address)?;
        let text = document.get_first(fields.body).and_then(|value| value.as_str()).ok_or("no text is stored")?;
        writeln!(out, "{text}")?;
    }
    if found.is_empty() { Err("nothing was found".into()) } else { Ok(()) }
}

/// What the engine makes of words and phrases, of `prefix*`, and of `typo~`.
fn words(index: &Index, fields: &Fields, query: &str) -> Result<Box<dyn Query>, Failure> {
    let term = |word| Term::from_field_text(fields.body, word);
    Ok(match (query.strip_suffix('*'), query.strip_suffix('~')) {
        (Some(prefix), _) => Box::new(FuzzyTermQuery::new_prefix(term(prefix), 0, false)),
        (_, Some(typo)) => Box::new(FuzzyTermQuery::new(term(typo), 2, true)),
        _ => QueryParser::for_index(index, vec![fields.body]).parse_query(query)?,
    })
}

/// Asks for the metadata of all files of a directory, and opens an index.
fn look(logs: &Path, dir: &Path) -> Result<(), Failure> {
    for file in fs::read_dir(logs)? {
        std::hint::black_box(file?.metadata()?);
    }
    std::hint::black_box(open(dir)?.reader()?.searcher());
    Ok(())
}

/// Prints the texts that SQLite finds best.
fn print_fts(db: &Path, word: &str) -> Result<(), Failure> {
    let db = Connection::open(db)?;
    let mut found = db.prepare("SELECT body FROM texts WHERE texts MATCH ?1 ORDER BY rank LIMIT 10")?;
    let mut rows = found.query([word])?;
    let mut out = io::stdout().lock();
    while let Some(row) = rows.next()? {
        writeln!(out, "{}", row.get_ref(0)?.as_str()?)?;
    }
    Ok(())
}
