//! The budgets of the journal: writing one log, and looking at many.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::logs::{entry, id, large_journal, log};
use crate::{Bench, Pair, Row, row, time};

/// Logs of the journal that is listed, and how many of them, the newest, are in `current`.
pub(crate) const LOGS: usize = 10_000;
pub(crate) const CURRENT: usize = 300;

/// Logs of the journal that is checked for changes.
const CHECKED: usize = 1000;

/// Entries of a log before the first measured write.
const ENTRIES: usize = 60;

const WRITE: &str = "read, write temp, fsync, rename, fsync dir";
const READ: &str = "read 2 directories and 10,000 files";

pub(crate) const ROWS: [Row; 10] = [
    row("start-up", "empty program", Some(3.0), [401, 61], start_up),
    row("add", WRITE, Some(2.5), [121, 31], add),
    row("set", WRITE, Some(2.5), [121, 31], set),
    row("status", WRITE, Some(2.5), [121, 31], status),
    row("list", READ, Some(3.0), [25, 7], list),
    row("list --limit 20", "read 2 directories and 20 files", None, [101, 15], list_limit),
    row("list --open-tasks", READ, None, [9, 3], list_tasks),
    row("handoff, 10,000 sessions", READ, Some(3.0), [25, 7], handoff),
    row("sync", "stat 1,000 files", Some(2.0), [201, 31], sync),
    row("lint", READ, Some(5.0), [25, 5], lint),
];

/// A journal with one log, and the file on which its reference works: always as large as the log.
struct Written {
    root: PathBuf,
    log: PathBuf,
    bare: PathBuf,
}

impl Written {
    /// A journal with one log of some entries, made by the program itself.
    fn new(bench: &Bench, row: &str) -> Written {
        let root = bench.dir.path().join(row);
        let current = root.join("sessions/current");
        fs::create_dir_all(&current).expect("directories can be made");
        time(&mut bench.shiftlog(&root, &["new", "Weather fallback", "--description", "Answers while the provider is down"]));
        for n in 0..ENTRIES {
            time(&mut bench.shiftlog(&root, &strs(&entry(n))));
        }
        let logs = fs::read_dir(&current).expect("`new` made a log").filter_map(|e| e.ok().map(|e| e.path()));
        let log = logs.into_iter().find(|p| p.extension().is_some_and(|e| e == "md")).expect("`new` made a log");
        let bare = root.join("reference").join("log.md");
        fs::create_dir(root.join("reference")).expect("directories can be made");
        fs::copy(&log, &bare).expect("the log can be copied");
        Written { root, log, bare }
    }

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

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn start_up(bench: &Bench) -> Pair<'_> {
    let cwd = bench.dir.path();
    Box::new(move |_| (time(&mut bench.shiftlog(cwd, &["--version"])), time(&mut bench.reference("empty", &[]))))
}

fn add(bench: &Bench) -> Pair<'_> {
    let journal = Written::new(bench, "add");
    Box::new(move |n| journal.pair(bench, &strs(&entry(ENTRIES + n))))
}

fn set(bench: &Bench) -> Pair<'_> {
    let journal = Written::new(bench, "set");
    Box::new(move |n| journal.pair(bench, &["set", &format!("rating={}", 1000 + n)]))
}

fn status(bench: &Bench) -> Pair<'_> {
    let journal = Written::new(bench, "status");
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

/// What the next shift must know of one log among all; the index is as it should be.
fn handoff(bench: &Bench) -> Pair<'_> {
    let root = bench.listed.get_or_init(|| large_journal(bench.dir.path()));
    for _ in 0..2 {
        time(&mut bench.shiftlog(root, &["index"]));
        std::thread::sleep(Duration::from_millis(3100));
    }
    let dirs = [root.join("sessions/current"), root.join("sessions/recent")];
    let most = LOGS.to_string();
    Box::new(move |n| {
        let program = time(&mut bench.shiftlog(root, &["handoff", &id(n * 97 % LOGS)]));
        (program, time(&mut bench.reference("read", &[Path::new(&most), &dirs[0], &dirs[1]])))
    })
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
pub(crate) fn reference(work: &str, args: &[&str]) -> Option<io::Result<()>> {
    Some(match (work, args) {
        ("empty", []) => Ok(()),
        ("write", [path, size]) => bare_write(Path::new(path), size.parse().expect("a number")),
        ("stat", [dir]) => bare_stat(Path::new(dir)),
        ("read", [most, dirs @ ..]) => bare_read(dirs, most.parse().expect("a number")),
        _ => return None,
    })
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
fn bare_read(dirs: &[&str], mut most: usize) -> io::Result<()> {
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
