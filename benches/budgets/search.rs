//! The budgets of search: answers about many turns, what they take, and the index that they come from.
//!
//! The reference has one field where the program has several, and prints texts as they are stored. Both are asked the same,
//! always several queries of a kind one after the other: a row compares the sums.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::NaiveDate;
use rusqlite::Connection;

use crate::logs::{id, large_journal, log};
use crate::peak::peak;
use crate::record::{LARGE, Large, journal, printed};
use crate::turns::Texts;
use crate::{Bench, Pair, Row, bytes, engine, installed, row, time};

/// Logs of the journal in which nothing changed.
const LOGS: usize = 1000;

/// What the program may take while it answers, in bytes.
const MEMORY: u64 = 40 << 20;

/// Words that many turns have, that some have, that few have.
const WORDS: [&str; 3] = ["provider", "rename", "placeholder"];
const THREE: [&str; 3] = ["journal lock timeout", "frontmatter quoted scalar", "forecast archive month"];
const PHRASES: [&str; 3] = [r#""at the same time""#, r#""of the log""#, r#""can be read""#];
const PREFIXES: [&str; 3] = ["placeh*", "frontm*", "migrat*"];
const TYPOS: [&str; 3] = ["forcast~", "jornal~", "recrod~"];

const PROJECT: &str = "proj-07";
const DAYS: [&str; 2] = ["2024-01-10", "2024-01-20"];

const BARE: &str = "bare tantivy: the same, print 10 texts";
const SEARCHED: [usize; 2] = [51, 15];

pub(crate) const ROWS: [Row; 17] = [
    row("search: word", BARE, Some(3.0), SEARCHED, |bench| asked(bench, &WORDS, &[], &[])).of(LARGE),
    row("search: three words", BARE, Some(3.0), SEARCHED, |bench| asked(bench, &THREE, &[], &[])).of(LARGE),
    row("search: phrase", BARE, Some(3.0), SEARCHED, |bench| asked(bench, &PHRASES, &[], &[])).of(LARGE),
    row("search: prefix", BARE, Some(3.0), SEARCHED, |bench| asked(bench, &PREFIXES, &[], &[])).of(LARGE),
    row("search: fuzzy", BARE, Some(3.0), SEARCHED, |bench| asked(bench, &TYPOS, &[], &[])).of(LARGE),
    row("search: filter", BARE, Some(3.0), SEARCHED, filtered).of(LARGE),
    row("search: date range", BARE, Some(3.0), SEARCHED, dated).of(LARGE),
    bytes("search: memory", "40 MiB", Some(1.0), |bench| (program_peak(bench), MEMORY)).of(LARGE),
    bytes("search: memory", "bare tantivy", None, |bench| (program_peak(bench), engine_peak(bench))).of(LARGE),
    row("search: word", "rg -c, the turns as one file", Some(1.0 / 15.0), [7, 3], ripgrep).with("rg").of(LARGE),
    row("search: word", "SQLite FTS5: the same, print 10 texts", None, [11, 5], fts).of(LARGE),
    row("search: new turn", "bare tantivy: open, add, commit, search", Some(2.0), [51, 15], new_turn).of(LARGE),
    row("search: new turn", "bare tantivy: open, add, commit, search", Some(2.0), [51, 15], new_turn_small),
    row("search: index, nothing changed", "stat 1,000 files, open bare tantivy", Some(2.0), [201, 31], unchanged),
    row("search: index --rebuild", "bare tantivy, two threads, same turns", Some(2.0), [3, 1], rebuild).of(LARGE),
    row("related, 10,000 sessions", "shiftlog search there", Some(3.0), [51, 15], related),
    bytes("search: index size", "the text", Some(0.9), size).of(LARGE),
];

/// Many turns, in an index of the program and in one of the reference.
pub(crate) struct Searched {
    root: PathBuf,
    bare: PathBuf,
}

impl Searched {
    fn new(bench: &Bench) -> Searched {
        let large = bench.large.get_or_init(|| Large::new(bench));
        let bare = bench.dir.path().join("engine");
        time(&mut bench.shiftlog(&large.root, &["index"]));
        time(&mut bench.reference("index", &[&large.bare, &bare]));
        for dir in [&large.root.join(".shiftlog/index"), &bare] {
            for (file, _) in files(dir) {
                File::open(file).and_then(|f| f.sync_all()).expect("files can be synced");
            }
        }
        Searched { root: large.root.clone(), bare }
    }

    fn of(bench: &Bench) -> &Searched {
        bench.searched.get_or_init(|| Searched::new(bench))
    }

    fn program(&self, bench: &Bench, query: &str, filters: &[&str]) -> Command {
        bench.shiftlog(&self.root, &[&["search"], filters, &["--", query]].concat())
    }

    fn reference(&self, bench: &Bench, query: &str, filters: &[&str]) -> Command {
        let args: Vec<&Path> = [self.bare.as_path(), Path::new(query)].into_iter().chain(filters.iter().map(Path::new)).collect();
        bench.reference("search", &args)
    }
}

/// The files under a directory, and their sizes.
fn files(dir: &Path) -> Vec<(PathBuf, u64)> {
    let all = walkdir::WalkDir::new(dir).into_iter().map(|file| file.expect("directories can be read"));
    let files = all.filter(|file| file.file_type().is_file());
    files.map(|f| (f.path().to_path_buf(), f.metadata().expect("files are there").len())).collect()
}

/// Asks several queries, with filters as each side takes them.
fn asked<'b>(bench: &'b Bench, queries: &'static [&str], filters: &'static [&str], bare: &[&str]) -> Pair<'b> {
    let searched = Searched::of(bench);
    let bare: Vec<String> = bare.iter().map(|filter| (*filter).to_string()).collect();
    Box::new(move |_| {
        let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
        let mut sums = (Duration::ZERO, Duration::ZERO);
        for query in queries {
            sums.0 += time(&mut searched.program(bench, query, filters));
            sums.1 += time(&mut searched.reference(bench, query, &bare));
        }
        let mean = |sum: Duration| sum / u32::try_from(queries.len()).expect("there are few queries");
        (mean(sums.0), mean(sums.1))
    })
}

fn filtered(bench: &Bench) -> Pair<'_> {
    asked(bench, &WORDS, &["--project", PROJECT], &[PROJECT])
}

fn dated(bench: &Bench) -> Pair<'_> {
    let limits = DAYS.map(|day| {
        let day: NaiveDate = day.parse().expect("days have this form");
        day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis().to_string()
    });
    asked(bench, &WORDS, &["--after", DAYS[0], "--before", DAYS[1]], &[&limits[0], &limits[1]])
}

/// Queries of all kinds.
fn all() -> impl Iterator<Item = &'static str> {
    [WORDS, THREE, PHRASES, PREFIXES, TYPOS].into_iter().flatten()
}

/// The most that the program takes for any query.
fn program_peak(bench: &Bench) -> u64 {
    all().map(|query| peak(Searched::of(bench).program(bench, query, &[]))).max().expect("there are queries")
}

fn engine_peak(bench: &Bench) -> u64 {
    all().map(|query| peak(Searched::of(bench).reference(bench, query, &[]))).max().expect("there are queries")
}

/// Another program reads the file that the turns come from.
fn ripgrep(bench: &Bench) -> Pair<'_> {
    let searched = Searched::of(bench);
    let program = installed("rg").expect("the row is skipped without it");
    let file = bench.dir.path().join("turns.jsonl");
    Texts::new().write(&file, crate::scaled(LARGE, bench.quick));
    Box::new(move |n| {
        let word = WORDS[n % WORDS.len()];
        let mut other = bench.command(&program, bench.dir.path());
        let mine = time(&mut searched.program(bench, word, &[]));
        // Into /dev/null some would stop at the first match.
        (mine, time(other.args(["-c", word]).arg(&file).stdout(Stdio::piped())))
    })
}

/// The same turns in SQLite's full-text index, stemmed.
fn fts(bench: &Bench) -> Pair<'_> {
    let searched = Searched::of(bench);
    let file = bench.dir.path().join("fts.db");
    let large = bench.large.get_or_init(|| Large::new(bench));
    let made = Connection::open(&file).and_then(|db| {
        db.execute("ATTACH ?1 AS turns", [large.bare.to_string_lossy()])?;
        db.execute_batch(
            "PRAGMA synchronous=OFF; CREATE VIRTUAL TABLE texts USING fts5(body, tokenize='porter unicode61');
             INSERT INTO texts SELECT user_input || char(10) || agent_response FROM turns.ui_conversation_context;",
        )
    });
    made.expect("SQLite has FTS5");
    File::open(&file).and_then(|f| f.sync_all()).expect("files can be synced");
    Box::new(move |n| {
        let word = WORDS[n % WORDS.len()];
        (time(&mut searched.program(bench, word, &[])), time(&mut bench.reference("fts", &[&file, Path::new(word)])))
    })
}

fn new_turn(bench: &Bench) -> Pair<'_> {
    let searched = Searched::of(bench);
    found(bench, searched.root.clone(), searched.bare.clone())
}

/// The same where there is next to nothing else.
fn new_turn_small(bench: &Bench) -> Pair<'_> {
    let bare = bench.dir.path().join("small-engine");
    engine::index_texts(&bare, std::iter::once("nothing yet".to_string())).expect("an index can be made");
    found(bench, journal(bench, "searched"), bare)
}

/// Each time a turn is recorded with a word that nothing has yet, and then found: all but the recording is compared.
fn found(bench: &Bench, root: PathBuf, bare: PathBuf) -> Pair<'_> {
    let texts = Texts::new();
    let pair = move |n: usize| {
        let (word, id) = (new_word(n), format!("SESS-20260103-0900-{:06}", n % 20));
        let (input, response) = texts.turn(n);
        let input = format!("{input} {word}");
        time(
            &mut bench.shiftlog(&root, &["track-conversation", "--session-id", &id, "--user-input", &input, "--agent-response", &response]),
        );
        let program = time(&mut bench.shiftlog(&root, &["search", &word]));
        let text = format!("{input}\n{response}");
        let reference = time(&mut bench.reference("search-new", &[&bare, Path::new(&text), Path::new(&word)]));
        if n == 0 {
            let answer = printed(bench, &root, &["search", "--count", &word]);
            assert!(answer.trim() == "1", "{word} is found in {answer}");
        }
        (program, reference)
    };
    pair(0);
    Box::new(move |n| pair(n + 1))
}

/// A word of its own for each number.
fn new_word(n: usize) -> String {
    let letters = [n / 676 % 26, n / 26 % 26, n % 26].map(|letter| char::from(b"abcdefghijklmnopqrstuvwxyz"[letter]));
    format!("zyq{}ov", letters.iter().collect::<String>())
}

/// Looks whether logs changed since they were indexed; the reference knows what it would compare, and opens an index of as many texts.
fn unchanged(bench: &Bench) -> Pair<'_> {
    let root = journal(bench, "unchanged");
    let dir = root.join("sessions/current");
    let logs: Vec<String> = (0..LOGS).map(|n| log(n, true)).collect();
    for (n, log) in logs.iter().enumerate() {
        fs::write(dir.join(format!("{}.md", id(n))), log).expect("logs can be written");
    }
    let bare = bench.dir.path().join("logs-engine");
    engine::index_texts(&bare, logs.into_iter()).expect("an index can be made");
    // What was modified less than two seconds before a look is looked at again.
    for _ in 0..2 {
        time(&mut bench.shiftlog(&root, &["index"]));
        std::thread::sleep(Duration::from_millis(3100));
    }
    time(&mut bench.shiftlog(&root, &["index"]));
    Box::new(move |_| (time(&mut bench.shiftlog(&root, &["index"])), time(&mut bench.reference("look", &[&dir, &bare]))))
}

/// What is related to a session among many, against a search there.
fn related(bench: &Bench) -> Pair<'_> {
    let root = bench.listed.get_or_init(|| large_journal(bench.dir.path()));
    for _ in 0..2 {
        time(&mut bench.shiftlog(root, &["index"]));
        std::thread::sleep(Duration::from_millis(3100));
    }
    Box::new(move |n| {
        let session = id(n * 97 % 10_000);
        let program = time(&mut bench.shiftlog(root, &["related", &session]));
        (program, time(&mut bench.shiftlog(root, &["search", "provider fallback", "timeout"])))
    })
}

/// Makes the index anew: the program from its record, the reference from the same turns in a database of its own.
fn rebuild(bench: &Bench) -> Pair<'_> {
    let searched = Searched::of(bench);
    let large = bench.large.get_or_init(|| Large::new(bench));
    let dir = bench.dir.path().join("rebuilt");
    Box::new(move |_| {
        let program = time(&mut bench.shiftlog(&searched.root, &["index", "--rebuild"]));
        let reference = time(&mut bench.reference("index", &[&large.bare, &dir]));
        fs::remove_dir_all(&dir).expect("files can be removed");
        (program, reference)
    })
}

/// What the index takes on the disk, and the text of all turns.
fn size(bench: &Bench) -> (u64, u64) {
    let searched = Searched::of(bench);
    let large = bench.large.get_or_init(|| Large::new(bench));
    let text = Connection::open(&large.bare).and_then(|db| {
        let sum = "SELECT sum(octet_length(user_input) + octet_length(agent_response)) FROM ui_conversation_context";
        db.query_row(sum, [], |row| row.get(0))
    });
    let index = files(&searched.root.join(".shiftlog/index")).iter().map(|(_, size)| size).sum();
    (index, text.expect("the database can be read"))
}
