//! The budgets, measured: whole processes from spawn to exit, each as a ratio to a reference in the same run.
//!
//! A reference is this very program, started again with a first argument such as `reference-write`: an ordinary Rust program
//! of the same profile, with std and where it needs them SQLite, tantivy and a JSON parser, that does nothing before its work and
//! nothing after it. So both sides pay for a process, and only the rest is compared. Runs are interleaved, so that noise hits both
//! alike; the table shows medians. With `--quick` there are fewer runs, and a tenth of the turns that a row names.
//! Files lie under `$SHIFTLOG_BENCH_DIR`, else the temporary directory: let it be a real disk, on tmpfs `fsync` costs nothing.

#![expect(clippy::print_stdout, reason = "its table is what a benchmark is for")]

mod agents;
mod engine;
mod journal;
mod logs;
mod peak;
mod record;
mod search;
mod turns;

use std::cell::OnceCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Bytes of a mebibyte.
const MIB: f64 = 1_048_576.0;

const USAGE: &str = "usage: cargo bench --bench budgets -- [--quick] [--rows NAME]… [--check]";

/// Times of one run of the program and one of its reference.
type Pair<'b> = Box<dyn FnMut(usize) -> (Duration, Duration) + 'b>;

/// What a row compares.
#[derive(Clone, Copy)]
enum Compared {
    /// The medians of many pairs of runs, which the function makes ready.
    Times(fn(&Bench) -> Pair<'_>),
    /// Two numbers of bytes.
    Bytes(fn(&Bench) -> (u64, u64)),
}

/// One line of the table.
struct Row {
    name: &'static str,
    reference: &'static str,
    /// Highest allowed ratio of the medians; none: for information.
    limit: Option<f64>,
    /// Runs, and those with `--quick`.
    runs: [usize; 2],
    compared: Compared,
    /// Turns that the row's name ends with.
    turns: Option<usize>,
    /// Another program that the reference is.
    other: Option<&'static str>,
}

const fn row(name: &'static str, reference: &'static str, limit: Option<f64>, runs: [usize; 2], prepare: fn(&Bench) -> Pair<'_>) -> Row {
    Row { name, reference, limit, runs, compared: Compared::Times(prepare), turns: None, other: None }
}

const fn bytes(name: &'static str, reference: &'static str, limit: Option<f64>, compare: fn(&Bench) -> (u64, u64)) -> Row {
    Row { name, reference, limit, runs: [1, 1], compared: Compared::Bytes(compare), turns: None, other: None }
}

fn main() -> Result<ExitCode, String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("reference", work)) = args.first().and_then(|a| a.split_once('-')) {
        let args: Vec<&str> = args[1..].iter().map(String::as_str).collect();
        let done = journal::reference(work, &args).or_else(|| record::reference(work, &args));
        let done = done.or_else(|| engine::reference(work, &args)).or_else(|| agents::reference(work, &args));
        return done.unwrap_or_else(|| Err(io::Error::other("no such reference"))).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string());
    }
    let options = Options::parse(args)?;
    let bench = Bench::new(options.quick)?;
    println!("{:<41} {:<43} {:>13} {:>13} {:>7} {:>6}", "budget", "reference", "shiftlog", "reference", "ratio", "limit");
    let mut over = false;
    for row in rows().filter(|row| options.wants(&row.title(options.quick))) {
        let title = row.title(options.quick);
        if let Some(other) = row.other.filter(|name| installed(name).is_none()) {
            println!("{title:<41} {:<43} skipped: {other} is not installed", row.reference);
            continue;
        }
        let (program, reference, unit) = row.measure(&bench);
        let ratio = program / reference;
        let limit = row.limit.map_or_else(|| "-".to_string(), |l| if l < 1.0 { format!("{l:.2}") } else { format!("{l:.1}") });
        let verdict = row.limit.map_or("", |l| if ratio <= l { "ok" } else { "OVER" });
        let [program, reference] = [program, reference].map(|amount| format!("{amount:.2} {unit}"));
        println!("{title:<41} {:<43} {program:>13} {reference:>13} {ratio:>7.2} {limit:>6}  {verdict}", row.reference);
        over |= verdict == "OVER";
    }
    Ok(if over && options.check { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The whole table.
fn rows() -> impl Iterator<Item = Row> {
    journal::ROWS.into_iter().chain(record::ROWS).chain(agents::ROWS).chain(search::ROWS)
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
        let titles: Vec<String> = rows().map(|row| row.title(options.quick)).collect();
        match options.rows.iter().find(|part| !titles.iter().any(|title| title.contains(part.as_str()))) {
            Some(part) => Err(format!("no row is named like `{part}`; rows: {}", titles.join("; "))),
            None => Ok(options),
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| name.contains(part.as_str()))
    }
}

impl Row {
    /// The same on a record of so many turns.
    const fn of(mut self, turns: usize) -> Row {
        self.turns = Some(turns);
        self
    }

    /// The reference is another program.
    const fn with(mut self, program: &'static str) -> Row {
        self.other = Some(program);
        self
    }

    /// Its name in the table.
    fn title(&self, quick: bool) -> String {
        let Some(turns) = self.turns.map(|turns| scaled(turns, quick).to_string()) else { return self.name.to_string() };
        let groups: Vec<&str> = turns.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
        format!("{}, {} turns", self.name, groups.join(","))
    }

    /// The program, its reference, and what both are measured in: medians in ms after a warm-up, or MiB.
    fn measure(&self, bench: &Bench) -> (f64, f64, &'static str) {
        let prepare = match self.compared {
            Compared::Times(prepare) => prepare,
            Compared::Bytes(compare) => {
                let (program, reference) = compare(bench);
                return (program as f64 / MIB, reference as f64 / MIB, "MiB");
            }
        };
        let runs = self.runs[usize::from(bench.quick)];
        let warm = runs.div_ceil(10).min(5);
        let mut pair = prepare(bench);
        let times = (0..warm + runs).map(&mut pair).skip(warm);
        let (mut program, mut reference): (Vec<Duration>, Vec<Duration>) = times.unzip();
        let ms = |times: &mut [Duration]| median(times).as_secs_f64() * 1000.0;
        (ms(&mut program), ms(&mut reference), "ms")
    }
}

/// Turns, fewer where there is little time.
fn scaled(turns: usize, quick: bool) -> usize {
    if quick { turns / 10 } else { turns }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The directories of one run, and the two programs.
struct Bench {
    dir: TempDir,
    own: PathBuf,
    quick: bool,
    listed: OnceCell<PathBuf>,
    large: OnceCell<record::Large>,
    searched: OnceCell<search::Searched>,
}

impl Bench {
    fn new(quick: bool) -> Result<Bench, String> {
        let base = std::env::var_os("SHIFTLOG_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let base = std::path::absolute(base).map_err(|e| e.to_string())?;
        let dir = tempfile::Builder::new()
            .prefix("shiftlog-bench-")
            .tempdir_in(&base)
            .map_err(|e| format!("could not make a directory: {e}: {}", base.display()))?;
        fs::create_dir(dir.path().join("home")).map_err(|e| e.to_string())?;
        let own = std::env::current_exe().map_err(|e| e.to_string())?;
        Ok(Bench { dir, own, quick, listed: OnceCell::new(), large: OnceCell::new(), searched: OnceCell::new() })
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
}

/// Where a program is.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// From spawn to exit.
fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let taken = start.elapsed();
    assert!(status.success(), "{command:?}: {status}");
    taken
}
