//! The program as whole processes: a conversation is imported and captured, and its log is handed off.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use shiftlog::record::tokens;
use tempfile::TempDir;

/// A journal, and the log of the conversation in it.
pub(crate) struct Journal {
    dir: TempDir,
    log: String,
}

impl Journal {
    /// From a file, by its place below a home directory, and its text.
    pub(crate) fn written((path, text): &(String, String)) -> Journal {
        let mut journal = Journal::empty();
        let path = journal.dir.path().join("home").join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories can be made");
        fs::write(&path, text).expect("files can be written");
        journal.json(&["import", "--from", &journal.dir.path().join("home").to_string_lossy()]);
        let answer = journal.json(&["capture", "--latest"]);
        journal.log = answer["conversations"][0]["session"].as_str().expect("a log").to_string();
        journal
    }

    /// From a capture; none if a conversation is worth no log.
    pub(crate) fn captured(dir: &Path, native_id: &str) -> Option<Journal> {
        let mut journal = Journal::empty();
        journal.json(&["import", "--from", &dir.to_string_lossy()]);
        let exported = journal.run(&["conversation", "export"]);
        let lines = exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let id = lines
            .filter(|line| line["type"] == "conversation" && line["native_id"] == native_id)
            .find_map(|line| line["id"].as_str().map(String::from));
        let answer = journal.json(&["capture", &id.unwrap_or_else(|| panic!("{native_id} in {}", dir.display()))]);
        journal.log = answer["conversations"][0]["session"].as_str()?.to_string();
        Some(journal)
    }

    fn empty() -> Journal {
        let dir = tempfile::Builder::new().prefix("shiftlog-handoff-").tempdir().expect("directories can be made");
        for name in ["sessions/current", "sessions/recent", "sessions/archived"] {
            fs::create_dir_all(dir.path().join(name)).expect("directories can be made");
        }
        Journal { dir, log: String::new() }
    }

    /// Its handoff within so many tokens; twice, to see that it is the same.
    pub(crate) fn handoff(&self, tokens: u64) -> String {
        let args = ["handoff", &self.log, "--tokens", &tokens.to_string()];
        let (one, two) = (self.json(&args), self.json(&args));
        assert_eq!(one, two, "the same handoff each time");
        one["text"].as_str().expect("a text").to_string()
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(args);
        serde_json::from_str(&self.run(&all)).expect("JSON")
    }

    fn run(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shiftlog"));
        command.args(args).current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path().join("home"));
        command.env("TZ", "UTC").env("SHIFTLOG_NOW", "2026-11-20T14:30:00Z");
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// The last lines of a text that fit into so many tokens.
pub(crate) fn tail(text: &str, budget: u64) -> &str {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let starts: Vec<usize> = starts.collect();
    let fitting = starts.iter().rev().take_while(|at| tokens::estimate(&text[**at..]) <= budget);
    &text[fitting.last().copied().unwrap_or(text.len())..]
}
