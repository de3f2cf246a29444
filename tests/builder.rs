//! The builder: a journal in a temporary directory, a cleared environment, a fixed clock, exact output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The clock of every test that does not set another one.
pub(crate) const NOW: &str = "2026-11-20T14:30:00Z";

/// A journal of one test.
pub(crate) struct Journal {
    dir: TempDir,
    now: String,
}

impl Journal {
    /// An empty directory that is no journal yet.
    pub(crate) fn empty() -> Journal {
        Journal { dir: TempDir::new().expect("a temporary directory"), now: NOW.to_string() }
    }

    /// A resonance7 journal.
    pub(crate) fn new() -> Journal {
        let journal = Journal::empty();
        for dir in ["sessions/current", "sessions/recent", "sessions/archived"] {
            fs::create_dir_all(journal.path(dir)).expect("directories");
        }
        journal
    }

    /// An agents journal.
    pub(crate) fn agents() -> Journal {
        let journal = Journal::empty();
        fs::create_dir_all(journal.path(".agents/sessions")).expect("directories");
        journal
    }

    /// With another clock.
    #[must_use]
    pub(crate) fn at(mut self, now: &str) -> Journal {
        self.now = now.to_string();
        self
    }

    /// Says that a file was last modified then.
    pub(crate) fn modified(&self, path: &str, time: &str) {
        let time = chrono::DateTime::parse_from_rfc3339(time).expect("a time");
        let file = fs::File::options().append(true).open(self.path(path)).expect("a file");
        file.set_modified(time.into()).expect("a time of modification");
    }

    /// Saves a file as an editor does, some time ago.
    pub(crate) fn save(&self, path: &str, text: &str, time: &str) {
        self.write(path, text);
        self.modified(path, time);
    }

    /// The value of a property, as it is written.
    pub(crate) fn property(&self, path: &str, key: &str) -> String {
        let text = self.read(path);
        let line = text.lines().find_map(|l| l.trim_start().strip_prefix(&format!("{key}: "))).unwrap_or_default();
        line.trim_matches('"').to_string()
    }

    pub(crate) fn clock(&mut self, now: &str) {
        self.now = now.to_string();
    }

    /// With a file, relative to the journal.
    #[must_use]
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Journal {
        self.write(path, text);
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, text).expect("a written file");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// A command in the journal, not run yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shiftlog"));
        command.args(args).current_dir(self.root()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.path("home")).env("TZ", "UTC").env("SHIFTLOG_NOW", &self.now);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Runs a command.
    #[must_use = "check the exit code"]
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().expect("the program runs"), args)
    }

    /// Runs a command with standard input.
    #[must_use = "check the exit code"]
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Run {
        use std::io::Write;
        let mut child =
            self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("input is read");
        Run::of(&child.wait_with_output().expect("the program runs"), args)
    }

    /// Runs a command on a terminal on which somebody types; gives all that stands there. Nothing where `script` is no such program.
    pub(crate) fn typed(&self, args: &[&str], input: &str) -> Option<String> {
        use std::io::Write;
        let inner = self.command(args);
        let words = std::iter::once(env!("CARGO_BIN_EXE_shiftlog")).chain(args.iter().copied());
        let mut command = Command::new("script");
        command.args(["-qec", &shell_words::join(words), "/dev/null"]).current_dir(self.root()).env_clear();
        command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let version = Command::new("script").arg("--version").output().map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
        if !version.is_ok_and(|version| version.contains("util-linux")) {
            #[expect(clippy::print_stderr, reason = "a skipped test says why")]
            {
                eprintln!("skipped: no `script` of util-linux is there, which makes a terminal");
            }
            return None;
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("input is read");
        let out = child.wait_with_output().expect("it ends");
        Some(String::from_utf8_lossy(&out.stdout).replace("\r\n", "\n"))
    }

    /// Runs a command that must succeed, and gives its JSON answer.
    pub(crate) fn json(&self, args: &[&str]) -> serde_json::Value {
        let mut all = vec!["--json"];
        all.extend(args);
        let run = self.run(&all);
        serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {} {}", run.out, run.err))
    }
}

/// What a command printed and how it ended.
pub(crate) struct Run {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
    pub(crate) args: Vec<String>,
}

impl Run {
    fn of(output: &Output, args: &[&str]) -> Run {
        Run {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
            args: args.iter().map(|a| (*a).to_string()).collect(),
        }
    }

    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "{:?}\n{}\n{}", self.args, self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Run {
        self.code(0)
    }

    #[track_caller]
    pub(crate) fn out(self, text: &str) -> Run {
        assert_eq!(self.out, text, "{:?}", self.args);
        self
    }

    #[track_caller]
    pub(crate) fn err(self, text: &str) -> Run {
        assert_eq!(self.err, text, "{:?}", self.args);
        self
    }
}

/// The material beside the project, or nothing, with a printed reason.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if !path.exists() {
        #[expect(clippy::print_stderr, reason = "a skipped test says why")]
        {
            eprintln!("skipped: {} is not there", path.display());
        }
        return None;
    }
    Some(path)
}
