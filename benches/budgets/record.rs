//! The budgets of the record: a turn, a conversation, a list of them, an import.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use serde_json::Value;

use crate::turns::{PER_CONVERSATION, Texts};
use crate::{Bench, Pair, Row, row, scaled, time};

/// Turns of the large record, and of an import that is measured.
pub(crate) const LARGE: usize = 1_000_000;
const IMPORTED: usize = 100_000;

/// Conversations that take turns by turns, and how many each has before: none ever comes near the limit of live turns.
const CONVERSATIONS: usize = 20;
const BEFORE: usize = 3;

const INSERT: &str = "open, insert the row, commit (WAL, FULL)";

pub(crate) const ROWS: [Row; 5] = [
    row("track-conversation", INSERT, Some(2.0), [121, 31], track),
    row("track-conversation", INSERT, Some(2.0), [121, 31], track_large).of(LARGE),
    row("conversation show", "open the same, select 50 turns, print", Some(3.0), [201, 31], show).of(LARGE),
    row("conversation list", "open the same, select 20 rows, print", Some(3.0), [201, 31], list).of(LARGE),
    row("conversation import", "parse, insert in one transaction", Some(2.0), [11, 5], import).of(IMPORTED),
];

/// A record of many turns.
pub(crate) struct Large {
    pub(crate) root: PathBuf,
    /// The same turns in a database of the reference.
    pub(crate) bare: PathBuf,
    /// Conversations of [`PER_CONVERSATION`] turns.
    ids: Vec<String>,
}

impl Large {
    pub(crate) fn new(bench: &Bench) -> Large {
        let (root, bare) = (journal(bench, "large"), bench.dir.path().join("large.db"));
        let lines = lines(bench, scaled(LARGE, bench.quick));
        time(&mut bench.shiftlog(&root, &["conversation", "import", &lines.to_string_lossy()]));
        time(&mut bench.reference("import", &[&lines, &bare]));
        let emptied = open(&bare).and_then(|db| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        emptied.expect("the database can be written");
        fs::remove_file(&lines).expect("files can be removed");
        // What is still to be written would be written while others are measured.
        for file in [&bare, &root.join(".shiftlog/record.db")] {
            File::open(file).and_then(|f| f.sync_all()).expect("files can be synced");
        }
        let listed = printed(bench, &root, &["conversation", "list", "--limit", "0", "--json"]);
        let listed: Value = serde_json::from_str(&listed).expect("an answer in JSON");
        let ids = listed["conversations"].as_array().into_iter().flatten().filter_map(|c| c["id"].as_str().map(str::to_string));
        Large { root, bare, ids: ids.collect() }
    }
}

/// An empty journal.
pub(crate) fn journal(bench: &Bench, name: &str) -> PathBuf {
    let root = bench.dir.path().join(name);
    fs::create_dir_all(root.join("sessions/current")).expect("directories can be made");
    root
}

/// A file of turns.
fn lines(bench: &Bench, turns: usize) -> PathBuf {
    let file = bench.dir.path().join(format!("{turns}.jsonl"));
    Texts::new().write(&file, turns);
    file
}

pub(crate) fn printed(bench: &Bench, root: &Path, args: &[&str]) -> String {
    let output = bench.shiftlog(root, args).stdout(Stdio::piped()).output().expect("the program starts");
    String::from_utf8(output.stdout).expect("UTF-8 is printed")
}

fn track(bench: &Bench) -> Pair<'_> {
    let bare = bench.dir.path().join("small.db");
    create(&bare).expect("databases can be made");
    tracked(bench, journal(bench, "small"), bare)
}

fn track_large(bench: &Bench) -> Pair<'_> {
    let large = bench.large.get_or_init(|| Large::new(bench));
    tracked(bench, large.root.clone(), large.bare.clone())
}

/// One turn after the other, of one conversation after the other, in both databases.
fn tracked(bench: &Bench, root: PathBuf, bare: PathBuf) -> Pair<'_> {
    let texts = Texts::new();
    let pair = move |n: usize| {
        let (id, number) = (format!("SESS-20260102-0900-{:06}", n % CONVERSATIONS), (n / CONVERSATIONS + 1).to_string());
        let (input, response) = texts.turn(n);
        let args = ["track-conversation", "--session-id", &id, "--user-input", &input, "--agent-response", &response];
        let program = time(&mut bench.shiftlog(&root, &args));
        let row = [id, number, input, response];
        let args: Vec<&Path> = [bare.as_path()].into_iter().chain(row.iter().map(Path::new)).collect();
        (program, time(&mut bench.reference("turn", &args)))
    };
    let before = CONVERSATIONS * BEFORE;
    for n in 0..before {
        pair(n);
    }
    Box::new(move |n| pair(before + n))
}

/// Another conversation each time.
fn show(bench: &Bench) -> Pair<'_> {
    let large = bench.large.get_or_init(|| Large::new(bench));
    let shown = printed(bench, &large.root, &["conversation", "show", &large.ids[0]]);
    assert!(shown.matches("\nturn ").count() >= PER_CONVERSATION, "not all turns are shown: {shown}");
    let record = large.root.join(".shiftlog/record.db");
    Box::new(move |n| {
        let id = &large.ids[n * 7919 % large.ids.len()];
        let program = time(&mut bench.shiftlog(&large.root, &["conversation", "show", id]));
        (program, time(&mut bench.reference("show", &[&record, Path::new(id)])))
    })
}

fn list(bench: &Bench) -> Pair<'_> {
    let large = bench.large.get_or_init(|| Large::new(bench));
    let listed = printed(bench, &large.root, &["conversation", "list"]).lines().count();
    assert!(listed == 20, "{listed} conversations are listed");
    let record = large.root.join(".shiftlog/record.db");
    let root = large.root.as_path();
    Box::new(move |_| (time(&mut bench.shiftlog(root, &["conversation", "list"])), time(&mut bench.reference("list", &[&record]))))
}

/// Each time into a new journal.
fn import(bench: &Bench) -> Pair<'_> {
    let lines = lines(bench, scaled(IMPORTED, bench.quick));
    Box::new(move |_| {
        let root = journal(bench, "import");
        let program = time(&mut bench.shiftlog(&root, &["conversation", "import", &lines.to_string_lossy()]));
        // Also keeps it from being written to the disk while the other one runs.
        fs::remove_dir_all(&root).expect("files can be removed");
        let root = journal(bench, "import");
        let reference = time(&mut bench.reference("import", &[&lines, &root.join("bare.db")]));
        fs::remove_dir_all(&root).expect("files can be removed");
        (program, reference)
    })
}

/// The bare programs.
pub(crate) fn reference(work: &str, args: &[&str]) -> Option<io::Result<()>> {
    let done = match (work, args) {
        ("turn", [db, row @ ..]) => bare_turn(Path::new(db), row),
        ("show", [db, id]) => bare_show(Path::new(db), id),
        ("list", [db]) => bare_list(Path::new(db)),
        ("import", [lines, db]) => bare_import(Path::new(lines), Path::new(db)),
        _ => return None,
    };
    Some(done.map_err(io::Error::other))
}

/// What can go wrong in a bare program.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes a database with nothing but the live context, as the record has it, without its triggers.
fn create(path: &Path) -> rusqlite::Result<()> {
    let schema = include_str!("../../src/record/schema.sql");
    let wanted = ["CREATE TABLE ui_conversation_context (", "CREATE UNIQUE INDEX context_native "];
    let statements: Vec<&str> = schema.split_inclusive(";\n").filter(|s| wanted.iter().any(|w| s.contains(w))).collect();
    assert!(statements.len() == wanted.len(), "the schema has another form");
    let db = Connection::open(path)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.execute_batch(&statements.concat())
}

/// Opens a database as the record is opened.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(Duration::from_secs(2))?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.execute_batch("PRAGMA synchronous=FULL")?;
    Ok(db)
}

/// Inserts one turn durably.
fn bare_turn(path: &Path, row: &[&str]) -> Result<(), Failure> {
    let [session, number, input, response] = row else { return Err("no row".into()) };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis() as i64;
    let mut db = open(path)?;
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute(
        "INSERT INTO ui_conversation_context (session_id, turn_number, user_input, agent_response, created_at, tokens)
         VALUES (?1, ?2, ?3, ?4, ?5, 125)",
        params![session, number, input, response, now],
    )?;
    tx.commit()?;
    Ok(db.close().map_err(|(_, e)| e)?)
}

/// Prints the turns of a conversation as they are.
fn bare_show(path: &Path, id: &str) -> Result<(), Failure> {
    let db = open(path)?;
    let mut found = db.prepare(
        "SELECT turn_number, created_at, user_input, agent_response FROM ui_conversation_context WHERE session_id = ?1 ORDER BY turn_number",
    )?;
    print(&mut found.query([id])?, 4)
}

/// Prints the rows of the conversations changed last.
fn bare_list(path: &Path) -> Result<(), Failure> {
    let db = open(path)?;
    let mut found =
        db.prepare("SELECT id, status, updated_at, turns, agent, channel_id, title FROM sessions ORDER BY updated_at DESC LIMIT 20")?;
    print(&mut found.query([])?, 7)
}

fn print(rows: &mut rusqlite::Rows<'_>, columns: usize) -> Result<(), Failure> {
    use rusqlite::types::ValueRef;
    let mut out = BufWriter::new(io::stdout().lock());
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Integer(number) => write!(out, "{number} ")?,
                ValueRef::Text(text) => out.write_all(text)?,
                _ => {}
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Inserts all turns of a file into a new database, in one transaction.
fn bare_import(lines: &Path, path: &Path) -> Result<(), Failure> {
    create(path)?;
    let mut db = open(path)?;
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut insert = tx.prepare(
        "INSERT INTO ui_conversation_context (session_id, turn_number, user_input, agent_response, created_at, native_id)
         VALUES (?1, ?2, ?3, ?4, unixepoch(?5) * 1000, ?6)",
    )?;
    for line in BufReader::with_capacity(1 << 18, File::open(lines)?).lines() {
        let turn: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| turn[key].as_str();
        let number = turn["turn"].as_i64();
        insert.execute(params![
            text("conversation"),
            number,
            text("user_input"),
            text("agent_response"),
            text("time"),
            text("native_id")
        ])?;
    }
    drop(insert);
    tx.commit()?;
    Ok(db.close().map_err(|(_, e)| e)?)
}
