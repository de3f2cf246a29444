//! The README's and the manual's examples are run as they stand; the example journal is what it says.

use std::fs;
use std::path::Path;
use std::process::Command;

use shiftlog::journal::lint::RULES;
use shiftlog::journal::outline::Outline;
use shiftlog::journal::{Journal, Place};

use crate::builder::NOW;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    for file in walkdir::WalkDir::new(from).into_iter().flatten() {
        let target = to.join(file.path().strip_prefix(from).expect("below it"));
        if file.file_type().is_dir() {
            fs::create_dir_all(&target).expect("made");
        } else {
            fs::copy(file.path(), &target).expect("copied");
        }
    }
}

/// The ```` ```sh ```` blocks that show commands with their output.
fn examples(text: &str) -> Vec<Vec<(String, String)>> {
    let mut blocks = Vec::new();
    for block in text.split("```sh\n").skip(1).filter_map(|b| b.split("```").next()).filter(|b| b.starts_with("$ ")) {
        let mut commands: Vec<(String, String)> = Vec::new();
        let mut open = false;
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => {
                    open = command.ends_with('\\') || command.contains("<<'");
                    commands.push((command.to_string(), String::new()));
                }
                None if open => {
                    let (command, _) = commands.last_mut().expect("begun");
                    let heredoc = command.contains("<<'");
                    command.push_str(&format!("\n{line}"));
                    open = if heredoc { line != "EOF" } else { line.ends_with('\\') };
                }
                None => commands.last_mut().expect("begun").1.push_str(&format!("{line}\n")),
            }
        }
        blocks.push(commands);
    }
    blocks
}

fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_string()
}

/// Runs the examples of a document, each block in an example journal of its own.
fn run_examples(text: &str, least: usize) {
    let bin = Path::new(env!("CARGO_BIN_EXE_shiftlog")).parent().expect("a directory");
    let blocks = examples(text);
    assert!(blocks.len() >= least);
    for commands in blocks {
        let dir = tempfile::TempDir::new().expect("a directory");
        copy(&repository().join("sessions"), &dir.path().join("sessions"));
        copy(&repository().join("library"), &dir.path().join("library"));
        let script: String = commands.iter().map(|(c, _)| format!("{c}\nprintf '\\001'\n")).collect();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1\n{script}")])
            .current_dir(dir.path())
            .env_clear()
            .envs([("PATH", path.as_str()), ("TZ", "UTC"), ("SHIFTLOG_NOW", NOW), ("LC_ALL", "C.UTF-8")])
            .env("HOME", dir.path().join("home"))
            .output()
            .expect("bash runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        for ((command, expected), got) in commands.iter().zip(printed.split('\u{1}')) {
            assert_eq!(trimmed(got), trimmed(expected), "$ {command}");
        }
    }
}

#[test]
fn the_readme_shows_what_really_happens() {
    let text = fs::read_to_string(repository().join("README.md")).expect("a README");
    assert!(text.lines().count() <= 300);
    run_examples(&text, 5);
}

#[test]
fn the_manual_shows_what_really_happens() {
    for (manual, least) in [("docs/lifecycle.md", 5), ("docs/record.md", 2)] {
        run_examples(&fs::read_to_string(repository().join(manual)).expect("a manual"), least);
    }
}

#[test]
fn every_rule_is_in_the_manual() {
    let text = fs::read_to_string(repository().join("docs/lifecycle.md")).expect("a manual");
    for (rule, _) in RULES {
        assert_eq!(text.matches(&format!("\n| `{rule}` |")).count(), 1, "{rule}");
    }
}

#[test]
fn every_command_is_in_the_readme_or_its_documents() {
    let texts: String = ["README.md", "docs/formats.md", "docs/lifecycle.md", "docs/profiles.md", "docs/record.md", "docs/search.md"]
        .iter()
        .map(|f| fs::read_to_string(repository().join(f)).expect("there"))
        .collect();
    let help = Command::new(env!("CARGO_BIN_EXE_shiftlog")).arg("--help").output().expect("it runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let commands = help
        .lines()
        .skip_while(|l| *l != "Commands:")
        .skip(1)
        .take_while(|l| !l.is_empty())
        .filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    let names: Vec<&str> = commands.filter_map(|l| l.split_whitespace().next()).collect();
    assert!(names.len() >= 17, "{names:?}");
    for name in names {
        assert!(texts.contains(&format!("shiftlog {name}")) || texts.contains(&format!("`{name}")), "{name}");
    }
}

#[test]
fn the_example_journal_is_complete_and_consistent() {
    let journal = Journal::open(repository()).expect("a journal");
    let logs = journal.logs(Place::Archived).expect("readable");
    let ids: Vec<&str> = logs.iter().map(|l| l.id.as_str()).collect();
    assert_eq!(logs.len(), 6);
    for place in [Place::Live, Place::Recent, Place::Archived] {
        assert_eq!(logs.iter().filter(|l| l.place == place).count(), 2);
    }
    for log in &logs {
        let text = log.read().expect("readable");
        let summary = log.summarize(&text, &journal.root);
        assert!(summary.problem.is_none() && summary.state.is_some() && summary.created <= summary.last_updated, "{}", log.id);
        let outline = Outline::parse(&text);
        let keys: Vec<String> = outline.sections(&log.profile).into_iter().filter_map(|s| s.key).collect();
        assert_eq!(keys, log.profile.sections, "{}", log.id);
        let related = outline.section(&log.profile, "related").expect("a section");
        let placeholders = journal.placeholders(&log.profile).expect("readable");
        for entry in outline.entries(&log.profile, &related, &placeholders) {
            let id = entry.text.split("[[").nth(1).and_then(|t| t.split("]]").next()).expect("a link");
            assert!(ids.contains(&id), "{} names {id}", log.id);
        }
    }
}
