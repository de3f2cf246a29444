//! The budgets of agents: a hook on a long transcript, the beginning of a conversation, an import of many files, and again.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::engine;
use crate::logs::{id, log};
use crate::peak::peak;
use crate::record::{Failure, journal};
use crate::turns::Texts;
use crate::{Bench, Pair, Row, bytes, row, scaled, time};

/// Bytes of the long transcript and of the short one.
const LONG: usize = 200_000_000;
const SHORT: usize = 20_000;

/// Bytes of the text of an answer in the long transcript.
const ANSWER: usize = 20_000;

/// Transcripts of an import, and messages of each.
const TRANSCRIPTS: usize = 2_000;
const MESSAGES: usize = 50;

/// Logs and turns of a journal in which a conversation begins.
const LOGS: usize = 1_000;
const TURNS: usize = 100_000;

/// What the program may take while it imports, in bytes.
const MEMORY: u64 = 300 << 20;

/// Turns that hooks meet come after all that were there.
const LATER: usize = 500_000;

pub(crate) const ROWS: [Row; 6] = [
    row("hook Stop, transcript of 200 MB", "hook Stop, transcript of 20 kB", Some(2.0), [41, 15], long),
    row("hook Stop, transcript of 20 kB", "track-conversation", Some(4.0), [81, 21], short),
    row("hook SessionStart, 1,000 logs", "search there", Some(2.0), [81, 21], start).of(TURNS),
    row("import, 2,000 transcripts, and index", "parse, insert in one transaction, index", Some(3.0), [3, 1], import),
    bytes("import, 2,000 transcripts, and index: memory", "300 MiB", Some(1.0), |bench| (import_peak(bench), MEMORY)),
    row("import again, nothing new", "stat of the same files", Some(3.0), [41, 15], again),
];

/// A Claude Code transcript that grows turn by turn.
struct Growing {
    root: PathBuf,
    file: PathBuf,
    session: String,
    texts: Texts,
    /// Id of the last line: each line names the one before.
    last: RefCell<Option<String>>,
}

impl Growing {
    /// One of about so many bytes, taken in already.
    fn new(bench: &Bench, name: &str, bytes: usize) -> Growing {
        let root = journal(bench, name);
        let file = root.join("transcript.jsonl");
        let growing =
            Growing { session: format!("00000000-0000-4000-8000-{bytes:012}"), file, root, texts: Texts::new(), last: RefCell::default() };
        let mut out = BufWriter::new(File::create(&growing.file).expect("files can be made"));
        let (mut written, mut turn) = (0, 0);
        while written < bytes {
            let filler = if bytes > SHORT { ANSWER } else { 0 };
            let lines = growing.turn(turn, filler);
            out.write_all(lines.as_bytes()).expect("files can be written");
            (written, turn) = (written + lines.len(), turn + 1);
        }
        out.flush().expect("files can be written");
        growing.stop(bench, usize::MAX);
        time(&mut bench.shiftlog(&growing.root, &["import", "--from", &growing.file.to_string_lossy()]));
        // The log is as it would be had there been a hook at each turn.
        time(&mut bench.shiftlog(&growing.root, &["capture", "--latest"]));
        time(&mut growing.hook(bench, "Stop"));
        growing
    }

    /// The lines of a turn: a request, a command, an answer.
    fn turn(&self, n: usize, filler: usize) -> String {
        let (input, response) = self.texts.turn(n);
        let response = format!("{response}{}", "lorem ipsum ".repeat(filler / 12));
        let at = DateTime::from_timestamp(1_767_225_600 + 60 * (n % 1_000_000) as i64, 0).expect("a time");
        let line = |kind: &str, part: &str, message: Value| {
            let id = format!("{n}-{part}");
            let before = self.last.replace(Some(id.clone()));
            json!({
                "type": kind, "uuid": id, "parentUuid": before, "sessionId": self.session, "cwd": self.root,
                "version": "2.1.329", "gitBranch": "main", "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true), "message": message,
            })
        };
        let used = json!([{"type": "tool_use", "id": format!("c{n}"), "name": "Bash", "input": {"command": "cargo test"}}]);
        let result = json!([{"type": "tool_result", "tool_use_id": format!("c{n}"), "content": "ok"}]);
        let lines = [
            line("user", "u", json!({"role": "user", "content": input})),
            line("assistant", "c", json!({"id": format!("m{n}"), "role": "assistant", "model": "m", "content": used})),
            line("user", "r", json!({"role": "user", "content": result})),
            line(
                "assistant",
                "a",
                json!({"id": format!("n{n}"), "role": "assistant", "model": "m", "content": [{"type": "text", "text": response}]}),
            ),
        ];
        lines.map(|line| format!("{line}\n")).concat()
    }

    /// One more turn is written; the agent says that it is done.
    fn stop(&self, bench: &Bench, n: usize) {
        if n != usize::MAX {
            let mut out = OpenOptions::new().append(true).open(&self.file).expect("the file is there");
            out.write_all(self.turn(LATER + n, 0).as_bytes()).expect("files can be written");
        }
        let input = json!({"session_id": self.session, "transcript_path": self.file, "cwd": self.root, "hook_event_name": "Stop", "stop_hook_active": false});
        fs::write(bench.dir.path().join(format!("{}.json", self.session)), input.to_string()).expect("files can be written");
    }

    fn hook(&self, bench: &Bench, event: &str) -> Command {
        let mut command = bench.shiftlog(&self.root, &["hook", event, "--agent", "claude"]);
        command.stdin(Stdio::from(File::open(bench.dir.path().join(format!("{}.json", self.session))).expect("an input")));
        command
    }

    fn took(&self, bench: &Bench, n: usize) -> Duration {
        self.stop(bench, n);
        time(&mut self.hook(bench, "Stop"))
    }
}

fn long(bench: &Bench) -> Pair<'_> {
    let long = Growing::new(bench, "hook-long", if bench.quick { LONG / 10 } else { LONG });
    let short = Growing::new(bench, "hook-short", SHORT);
    Box::new(move |n| (long.took(bench, n), short.took(bench, n)))
}

fn short(bench: &Bench) -> Pair<'_> {
    let short = Growing::new(bench, "hook-tracked", SHORT);
    let tracked = journal(bench, "hook-track");
    let texts = Texts::new();
    Box::new(move |n| {
        let (input, response) = texts.turn(n);
        let args =
            ["track-conversation", "--session-id", "SESS-20260102-0900-abcdef", "--user-input", &input, "--agent-response", &response];
        (short.took(bench, n), time(&mut bench.shiftlog(&tracked, &args)))
    })
}

/// A conversation begins in a journal with many logs and turns; the reference is a search there.
fn start(bench: &Bench) -> Pair<'_> {
    let growing = Growing::new(bench, "hook-start", SHORT);
    let dir = growing.root.join("sessions/current");
    for n in 0..LOGS {
        fs::write(dir.join(format!("{}.md", id(n))), log(n, true)).expect("logs can be written");
    }
    let lines = bench.dir.path().join("start.jsonl");
    growing.texts.write(&lines, scaled(TURNS, bench.quick));
    time(&mut bench.shiftlog(&growing.root, &["conversation", "import", &lines.to_string_lossy()]));
    // What was modified less than two seconds before a look is looked at again.
    for _ in 0..3 {
        time(&mut bench.shiftlog(&growing.root, &["index"]));
        std::thread::sleep(Duration::from_millis(3100));
    }
    Box::new(move |_| {
        let program = time(&mut growing.hook(bench, "SessionStart"));
        (program, time(&mut bench.shiftlog(&growing.root, &["search", "forecast", "--limit", "10"])))
    })
}

/// A home directory with many transcripts.
fn transcripts(bench: &Bench) -> PathBuf {
    let home = bench.dir.path().join("transcripts");
    let count = if bench.quick { TRANSCRIPTS / 10 } else { TRANSCRIPTS };
    if home.is_dir() {
        return home;
    }
    let generator = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bench/gen_transcripts.py");
    let mut python = Command::new("python3");
    let made = generator.is_file().then(|| python.arg(&generator).arg(&home).arg(count.to_string()).stdout(Stdio::null()).status());
    if made.is_some_and(|status| status.is_ok_and(|s| s.success())) {
        return home;
    }
    let mut growing =
        Growing { root: "/p".into(), file: PathBuf::new(), session: String::new(), texts: Texts::new(), last: RefCell::default() };
    let dir = home.join("projects/-p");
    fs::create_dir_all(&dir).expect("directories can be made");
    for n in 0..count {
        growing.session = format!("00000000-0000-4000-8000-{n:012}");
        let text: String = (0..MESSAGES / 2).map(|m| growing.turn(n * MESSAGES + m, 0)).collect();
        fs::write(dir.join(format!("{}.jsonl", growing.session)), text).expect("files can be written");
    }
    home
}

fn import(bench: &Bench) -> Pair<'_> {
    let home = transcripts(bench);
    Box::new(move |_| {
        let root = journal(bench, "transcribed");
        let mut program = time(&mut bench.shiftlog(&root, &["import", "--from", &home.to_string_lossy()]));
        program += time(&mut bench.shiftlog(&root, &["index"]));
        fs::remove_dir_all(&root).expect("files can be removed");
        let root = journal(bench, "transcribed");
        let reference = time(&mut bench.reference("transcripts", &[&home, &root]));
        fs::remove_dir_all(&root).expect("files can be removed");
        (program, reference)
    })
}

/// The most that the program takes for that.
fn import_peak(bench: &Bench) -> u64 {
    let home = transcripts(bench);
    let root = journal(bench, "transcribed-once");
    let imported = peak(bench.shiftlog(&root, &["--json", "import", "--from", &home.to_string_lossy()]));
    imported.max(peak(bench.shiftlog(&root, &["--json", "index"])))
}

fn again(bench: &Bench) -> Pair<'_> {
    let home = transcripts(bench);
    let root = journal(bench, "transcribed-again");
    let args = ["import", "--from", &home.to_string_lossy()].map(str::to_string);
    time(&mut bench.shiftlog(&root, &args.each_ref().map(String::as_str)));
    Box::new(move |_| {
        (time(&mut bench.shiftlog(&root, &args.each_ref().map(String::as_str))), time(&mut bench.reference("stat-tree", &[&home])))
    })
}

/// The bare programs.
pub(crate) fn reference(work: &str, args: &[&str]) -> Option<io::Result<()>> {
    let done = match (work, args) {
        ("transcripts", [home, dir]) => bare_import(Path::new(home), Path::new(dir)),
        ("stat-tree", [home]) => files(Path::new(home)).iter().try_for_each(|file| fs::metadata(file).map(drop)).map_err(Into::into),
        _ => return None,
    };
    Some(done.map_err(io::Error::other))
}

fn files(home: &Path) -> Vec<PathBuf> {
    let found = walkdir::WalkDir::new(home).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    found.map(walkdir::DirEntry::into_path).collect()
}

/// Parses each line, inserts its text in one transaction, and indexes it.
fn bare_import(home: &Path, dir: &Path) -> Result<(), Failure> {
    let mut db = Connection::open(dir.join("bare.db"))?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE texts (id INTEGER PRIMARY KEY, session TEXT, text TEXT)",
    )?;
    let mut texts = Vec::new();
    let tx = db.transaction()?;
    for file in files(home) {
        for line in BufReader::new(File::open(file)?).lines() {
            let value: Value = serde_json::from_str(&line?)?;
            let content = &value["message"]["content"];
            let blocks = content.as_array().into_iter().flatten().filter_map(|block| block["text"].as_str());
            let text = content.as_str().into_iter().chain(blocks).collect::<Vec<_>>().join("\n");
            if !text.is_empty() {
                tx.prepare_cached("INSERT INTO texts (session, text) VALUES (?1, ?2)")?
                    .execute(params![value["sessionId"].as_str(), text])?;
                texts.push(text);
            }
        }
    }
    tx.commit()?;
    engine::index_texts(&dir.join("bare-index"), texts.into_iter())
}
