//! The budgets of the journal, measured: whole processes from spawn to exit, each as a ratio to a reference in the same run.
//!
//! A reference is this very program, started again with a first argument such as `reference-write`: an ordinary Rust program
//! of the same profile, nothing but std in it, that does nothing before its work and nothing after it. So both sides pay for
//! a process, and only the rest is compared. Runs are interleaved, so that noise hits both alike; the table shows medians.
//! Files lie under `$SHIFTLOG_BENCH_DIR`, else the temporary directory: let it be a real disk, on tmpfs `fsync` costs nothing.

#![expect(clippy::print_stdout, reason = "its table is what a benchmark is for")]

use std::cell::OnceCell;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const USAGE: &str = "usage: cargo bench --bench budgets -- [--quick] [--rows NAME]… [--check]";

/// Logs of the journal that is listed, and how many of them, the newest, are in `current`.
const LOGS: usize = 10_000;
const CURRENT: usize = 300;

/// Logs of the journal that is checked for changes.
const CHECKED: usize = 1000;

/// Entries of a log before the first measured write.
const ENTRIES: usize = 60;

/// Times of one run of the program and one of its reference.
type Pair<'b> = Box<dyn FnMut(usize) -> (Duration, Duration) + 'b>;

/// One line of the table.
struct Row {
    name: &'static str,
    reference: &'static str,
    /// Highest allowed ratio of the medians; none: for information.
    limit: Option<f64>,
    runs: usize,
    quick: usize,
    prepare: fn(&Bench) -> Pair<'_>,
}

const WRITE: &str = "read, write temp, fsync, rename, fsync dir";

const ROWS: [Row; 9] = [
    Row { name: "start-up", reference: "empty program", limit: Some(3.0), runs: 401, quick: 61, prepare: start_up },
    Row { name: "add", reference: WRITE, limit: Some(2.5), runs: 121, quick: 31, prepare: add },
    Row { name: "set", reference: WRITE, limit: Some(2.5), runs: 121, quick: 31, prepare: set },
    Row { name: "status", reference: WRITE, limit: Some(2.5), runs: 121, quick: 31, prepare: status },
    Row { name: "list", reference: "read 2 directories and 10,000 files", limit: Some(3.0), runs: 25, quick: 7, prepare: list },
    Row { name: "list --limit 20", reference: "read 2 directories and 20 files", limit: None, runs: 101, quick: 15, prepare: list_limit },
    Row {
        name: "list --open-tasks",
        reference: "read 2 directories and 10,000 files",
        limit: None,
        runs: 9,
        quick: 3,
        prepare: list_tasks,
    },
    Row { name: "sync", reference: "stat 1,000 files", limit: Some(2.0), runs: 201, quick: 31, prepare: sync },
    Row { name: "lint", reference: "read 2 directories and 10,000 files", limit: Some(5.0), runs: 25, quick: 5, prepare: lint },
];

fn main() -> Result<ExitCode, String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("reference", work)) = args.first().and_then(|a| a.split_once('-')) {
        return reference(work, &args[1..]).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string());
    }
    let options = Options::parse(args)?;
    let bench = Bench::new()?;
    println!("{:<18} {:<43} {:>12} {:>12} {:>7} {:>6}", "budget", "reference", "shiftlog ms", "reference ms", "ratio", "limit");
    let mut over = false;
    for row in ROWS.iter().filter(|row| options.wants(row.name)) {
        let (program, reference) = row.measure(&bench, options.quick);
        let ratio = program.as_secs_f64() / reference.as_secs_f64();
        let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1000.0);
        let limit = row.limit.map_or_else(|| "-".to_string(), |l| format!("{l:.1}"));
        let verdict = row.limit.map_or("", |l| if ratio <= l { "ok" } else { "OVER" });
        println!("{:<18} {:<43} {:>12} {:>12} {ratio:>7.2} {limit:>6}  {verdict}", row.name, row.reference, ms(program), ms(reference));
        over |= verdict == "OVER";
    }
    Ok(if over && options.check { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What was asked for on the command line.
#[derive(Default)]
struct Options {
    quick: bool,
    check: bool,
    rows: Vec<String>,
}

impl Options {
    fn parse(args: Vec<String>) -> Result<Options, String> {
        let mut options = Options::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                // Cargo adds it.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--check" => options.check = true,
                "--rows" => options.rows.push(args.next().ok_or(USAGE)?),
                _ => return Err(USAGE.to_string()),
            }
        }
        match options.rows.iter().find(|part| !ROWS.iter().any(|row| row.name.contains(part.as_str()))) {
            Some(part) => Err(format!("no row is named like `{part}`; rows: {}", ROWS.map(|row| row.name).join(", "))),
            None => Ok(options),
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| name.contains(part.as_str()))
    }
}

impl Row {
    /// Medians of the program and its reference, after a warm-up.
    fn measure(&self, bench: &Bench, quick: bool) -> (Duration, Duration) {
        let runs = if quick { self.quick } else { self.runs };
        let warm = runs.div_ceil(10).min(5);
        let mut pair = (self.prepare)(bench);
        let times = (0..warm + runs).map(&mut pair).skip(warm);
        let (mut program, mut reference): (Vec<Duration>, Vec<Duration>) = times.unzip();
        (median(&mut program), median(&mut reference))
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The directories of one run, and the two programs.
struct Bench {
    dir: TempDir,
    own: PathBuf,
    listed: OnceCell<PathBuf>,
}

impl Bench {
    fn new() -> Result<Bench, String> {
        let base = std::env::var_os("SHIFTLOG_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let base = std::path::absolute(base).map_err(|e| e.to_string())?;
        let dir = tempfile::Builder::new()
            .prefix("shiftlog-bench-")
            .tempdir_in(&base)
            .map_err(|e| format!("could not make a directory: {e}: {}", base.display()))?;
        fs::create_dir(dir.path().join("home")).map_err(|e| e.to_string())?;
        Ok(Bench { own: std::env::current_exe().map_err(|e| e.to_string())?, dir, listed: OnceCell::new() })
    }

    fn command(&self, program: &Path, cwd: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(cwd).env_clear().env("HOME", self.dir.path().join("home"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn shiftlog(&self, cwd: &Path, args: &[&str]) -> Command {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_shiftlog")), cwd);
        command.args(args);
        command
    }

    fn reference(&self, work: &str, args: &[&Path]) -> Command {
        let mut command = self.command(&self.own, self.dir.path());
        command.arg(format!("reference-{work}")).args(args);
        command
    }

    /// A journal with one log of some entries, made by the program itself.
    fn journal(&self, row: &str) -> Written {
        let root = self.dir.path().join(row);
        let current = root.join("sessions/current");
        fs::create_dir_all(&current).expect("directories can be made");
        time(&mut self.shiftlog(&root, &["new", "Weather fallback", "--description", "Answers while the provider is down"]));
        for n in 0..ENTRIES {
            time(&mut self.shiftlog(&root, &strs(&entry(n))));
        }
        let logs = fs::read_dir(&current).expect("`new` made a log").filter_map(|e| e.ok().map(|e| e.path()));
        let log = logs.into_iter().find(|p| p.extension().is_some_and(|e| e == "md")).expect("`new` made a log");
        let bare = root.join("reference").join("log.md");
        fs::create_dir(root.join("reference")).expect("directories can be made");
        fs::copy(&log, &bare).expect("the log can be copied");
        Written { root, log, bare }
    }
}

/// A journal with one log, and the file on which its reference works: always as large as the log.
struct Written {
    root: PathBuf,
    log: PathBuf,
    bare: PathBuf,
}

impl Written {
    /// Changes the log; then the reference gives its own file the size that the log has now.
    fn pair(&self, bench: &Bench, args: &[&str]) -> (Duration, Duration) {
        let before = fs::read(&self.log).expect("the log can be read");
        let program = time(&mut bench.shiftlog(&self.root, args));
        let after = fs::read(&self.log).expect("the log can be read");
        assert!(before != after, "{args:?} changed nothing");
        let size = after.len().to_string();
        (program, time(&mut bench.reference("write", &[&self.bare, Path::new(&size)])))
    }
}

/// From spawn to exit.
fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let taken = start.elapsed();
    assert!(status.success(), "{command:?}: {status}");
    taken
}

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn start_up(bench: &Bench) -> Pair<'_> {
    let cwd = bench.dir.path();
    Box::new(move |_| (time(&mut bench.shiftlog(cwd, &["--version"])), time(&mut bench.reference("empty", &[]))))
}

fn add(bench: &Bench) -> Pair<'_> {
    let journal = bench.journal("add");
    Box::new(move |n| journal.pair(bench, &strs(&entry(ENTRIES + n))))
}

fn set(bench: &Bench) -> Pair<'_> {
    let journal = bench.journal("set");
    Box::new(move |n| journal.pair(bench, &["set", &format!("rating={}", 1000 + n)]))
}

fn status(bench: &Bench) -> Pair<'_> {
    let journal = bench.journal("status");
    Box::new(move |n| match n % 2 {
        0 => journal.pair(bench, &["status", "Handoff"]),
        _ => journal.pair(bench, &["status", "Active", "--reopen"]),
    })
}

fn list(bench: &Bench) -> Pair<'_> {
    listed(bench, &["list"], LOGS, LOGS)
}

fn list_limit(bench: &Bench) -> Pair<'_> {
    listed(bench, &["list", "--limit", "20"], 20, 20)
}

fn list_tasks(bench: &Bench) -> Pair<'_> {
    listed(bench, &["list", "--open-tasks"], LOGS - LOGS.div_ceil(4), LOGS)
}

/// Looks at logs none of which changed since the last look; the reference knows their names.
fn sync(bench: &Bench) -> Pair<'_> {
    let root = bench.dir.path().join("sync");
    let dir = root.join("sessions/current");
    fs::create_dir_all(&dir).expect("directories can be made");
    for n in 0..CHECKED {
        fs::write(dir.join(format!("{}.md", id(n))), log(n, true)).expect("logs can be written");
    }
    // What was modified less than two seconds before a look is looked at again.
    for _ in 0..2 {
        time(&mut bench.shiftlog(&root, &["sync"]));
        std::thread::sleep(Duration::from_millis(3100));
    }
    time(&mut bench.shiftlog(&root, &["sync"]));
    Box::new(move |_| (time(&mut bench.shiftlog(&root, &["sync"])), time(&mut bench.reference("stat", &[&dir]))))
}

fn lint(bench: &Bench) -> Pair<'_> {
    let root = bench.listed.get_or_init(|| large_journal(bench.dir.path()));
    let dirs = [root.join("sessions/current"), root.join("sessions/recent")];
    let most = LOGS.to_string();
    Box::new(move |_| {
        let start = Instant::now();
        // It finds the old logs that are still open.
        let status = bench.shiftlog(root, &["lint"]).status().expect("the program starts");
        let taken = start.elapsed();
        assert!(status.code() == Some(1), "lint: {status}");
        (taken, time(&mut bench.reference("read", &[Path::new(&most), &dirs[0], &dirs[1]])))
    })
}

/// Lists the large journal; the reference reads as many of its files, the newest first.
fn listed<'b>(bench: &'b Bench, args: &'b [&'b str], lines: usize, files: usize) -> Pair<'b> {
    let root = bench.listed.get_or_init(|| large_journal(bench.dir.path()));
    let output = bench.shiftlog(root, args).stdout(Stdio::piped()).output().expect("the program starts");
    let found = output.stdout.iter().filter(|b| **b == b'\n').count();
    assert!(found == lines, "{args:?} lists {found} logs, not {lines}");
    let dirs = [root.join("sessions/current"), root.join("sessions/recent")];
    let most = files.to_string();
    Box::new(move |_| (time(&mut bench.shiftlog(root, args)), time(&mut bench.reference("read", &[Path::new(&most), &dirs[0], &dirs[1]]))))
}

/// The bare programs.
fn reference(work: &str, args: &[String]) -> io::Result<()> {
    match (work, args) {
        ("empty", []) => Ok(()),
        ("write", [path, size]) => bare_write(Path::new(path), size.parse().map_err(io::Error::other)?),
        ("stat", [dir]) => bare_stat(Path::new(dir)),
        ("read", [most, dirs @ ..]) => bare_read(dirs, most.parse().map_err(io::Error::other)?),
        _ => Err(io::Error::other("no such reference")),
    }
}

/// Replaces a file durably by one of another size.
fn bare_write(path: &Path, size: usize) -> io::Result<()> {
    let mut bytes = fs::read(path)?;
    bytes.resize(size, b' ');
    let temp = path.with_extension("temp");
    let mut file = File::create(&temp)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&temp, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Asks for the metadata of the logs that `sync` looks at.
fn bare_stat(dir: &Path) -> io::Result<()> {
    for n in 0..CHECKED {
        black_box(fs::metadata(dir.join(format!("{}.md", id(n))))?);
    }
    Ok(())
}

/// Reads directories, and the files that come last in them whole.
fn bare_read(dirs: &[String], mut most: usize) -> io::Result<()> {
    for dir in dirs {
        let mut names = fs::read_dir(dir)?.map(|file| file.map(|f| f.file_name())).collect::<io::Result<Vec<_>>>()?;
        if (1..names.len()).contains(&most) {
            names.sort_unstable();
        }
        for name in names.iter().rev().take(most) {
            black_box(fs::read(Path::new(dir).join(name))?);
        }
        most = most.saturating_sub(names.len());
    }
    Ok(())
}

/// Arguments that add the n-th entry of a log: a different text for every n, the kinds that sessions have most of.
fn entry(n: usize) -> Vec<String> {
    let text = format!("Step {n}: {}", sentence(n, 9));
    let why = sentence(n + 7, 11);
    let args: Vec<&str> = match n % 6 {
        0 => vec!["add", "decision", &text, "--why", &why],
        1 => vec!["add", "highlight", &text],
        2 => vec!["add", "next", &text, "--priority", ["high", "medium", "low"][n / 6 % 3]],
        3 => vec!["add", "deliverable", &text, "--file", "src/forecast.rs", "--metric", "12 tests"],
        4 => vec!["add", "context", "state", &text],
        _ => vec!["add", "note", &text, "--kind", "process"],
    };
    args.into_iter().map(str::to_string).collect()
}

/// Writes a journal of [`LOGS`] logs, five a day over six years.
fn large_journal(dir: &Path) -> PathBuf {
    let root = dir.join("list");
    for (place, logs) in [("recent", 0..LOGS - CURRENT), ("current", LOGS - CURRENT..LOGS)] {
        let dir = root.join("sessions").join(place);
        fs::create_dir_all(&dir).expect("directories can be made");
        for n in logs {
            fs::write(dir.join(format!("{}.md", id(n))), log(n, place == "current")).expect("logs can be written");
        }
    }
    root
}

fn id(n: usize) -> String {
    format!("{}-{:02}", day(n).replace('-', ""), n % 5 + 1)
}

fn day(n: usize) -> String {
    format!("{}-{:02}-{:02}", 2020 + n / 1680, n / 140 % 12 + 1, n / 5 % 28 + 1)
}

/// A log: frontmatter as the program writes it, as Obsidian rewrites it, or with keys of a person's own; a body of about 3 kB.
fn log(n: usize, live: bool) -> String {
    let (id, day, topic) = (id(n), day(n), sentence(n, 4));
    let status = if live { ["Active", "Handoff", "Completed"][n % 3] } else { ["Completed (Auto)", "Completed (Agent)"][n % 2] };
    let description = sentence(n + 3, 12);
    let times = (format!("{day} {:02}:10:00 UTC", 8 + n % 5), format!("{day} {:02}:45:30 UTC", 13 + n % 5));
    let head = match n % 10 {
        0 | 1 => format!(
            "title: \"Session {id}: {topic}\"\nauthor: Resonance 7 Agent\nmodel: some-model-4\ncreated: {}\n\
             last_updated: {}\nstatus: {status}\ncategory: Session Log\ndescription: {description}\naliases:\n  - {topic}\n\
             tags:\n  - session\n  - weather/api\n",
            times.0, times.1
        ),
        kind => {
            let own = if kind == 2 { "# kept by hand\nproject: weather\nrating: 4\nreviewed: true\n" } else { "" };
            format!(
                "title: \"Session {id}: {topic}\"\nauthor: \"Resonance 7 Agent\"\nmodel: \"some-model-4\"\ncreated: \"{}\"\n\
                 last_updated: \"{}\"\nstatus: \"{status}\"\ncategory: \"Session Log\"\ndescription: \"{description}\"\n\
                 aliases: [\"{topic}\"]\ntags: [\"session\", \"weather\"]\n{own}",
                times.0, times.1
            )
        }
    };
    format!("---\n{head}---\n\n# Session {id}: {topic}\n\n{}", body(n))
}

/// The sections of a log; every fourth has no open task.
fn body(n: usize) -> String {
    let s = |at: usize| sentence(n * 31 + at, 12);
    let bullets = |from: usize, most: usize| (from..from + most).map(|at| format!("- {}\n", s(at))).collect::<String>();
    let decisions: String = (0..4).map(|at| format!("- **{}** – {}\n", sentence(n + at, 5), s(at + 40))).collect();
    let open = if n.is_multiple_of(4) { "x" } else { " " };
    format!(
        "## Summary\n\n{}\n## Key Decisions & Rationale\n\n{decisions}\n## Deliverables & Metrics\n\n\
         - ✅ **{}** – src/forecast.rs — 12 tests\n- 🚧 **{}** – docs/fallback.md\n\n\
         ## Implementation Highlights\n\n{}\n## Challenges, Failures & Lessons\n\n### **Problem 1: {}**\n\n- **Issue**: {}\n\
         - **Root Cause**: {}\n- **Solution / Work-around**: {}\n- **Lesson**: {}\n\n\
         ## Next Work Items\n\n### **High Priority**\n\n- [{open}] {}\n- [x] {}\n\n### **Medium Priority**\n\n- [{open}] {}\n\
         \n## Context Snapshot\n\n### Current State / Ready Components\n\n{}\n\
         ### Technical Environment / Key Paths\n\n- `src/forecast.rs`, branch `fallback-{n}`\n\n## Sources\n\n\
         ### Web Sources\n\n- https://weather.example/docs/{n} – {}\n\n\
         ## Related Sessions\n\n- [[{}]] – {}\n\n## Notes\n\n#### **Process Insights**\n\n{}",
        bullets(1, 3),
        s(4),
        s(5),
        bullets(6, 4),
        sentence(n, 4),
        s(10),
        s(11),
        s(12),
        s(13),
        s(14),
        s(15),
        s(16),
        bullets(17, 3),
        s(21),
        id(n.saturating_sub(3)),
        s(22),
        bullets(23, 2)
    )
}

/// Words that look like a developer's, always the same for the same seed.
fn sentence(seed: usize, length: usize) -> String {
    const WORDS: [&str; 40] = [
        "forecast", "cache", "provider", "retry", "timeout", "the", "of", "with", "fallback", "station", "reading", "is", "kept", "until",
        "answer", "stale", "request", "before", "after", "token", "index", "merged", "tested", "parser", "wind", "pressure", "a", "second",
        "queue", "limit", "when", "service", "returns", "nothing", "alert", "map", "tile", "region", "again", "slow",
    ];
    let mut state = seed as u64 * 2 + 1;
    let words = (0..length).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[(state >> 33) as usize % WORDS.len()]
    });
    words.collect::<Vec<_>>().join(" ")
}
