//! Finishing: what a log knows goes where it was sent before the log is done.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::builder::{Journal, shared};
use crate::import::Claude;

const DONE: &str = "Log of the agents' profile, with knowledge of every kind.";

/// A log of the agents' profile with knowledge of every kind; its path.
fn agents() -> (Journal, String) {
    let journal = Journal::agents();
    let _ = journal.run(&["new", "Weather fallback", "--description", DONE]).ok();
    for args in [
        &["decision", "Use `moka` instead of a map", "--why", "it evicts by itself"][..],
        &["decision", "Decided to keep 100 entries"],
        &["next", "Measure it", "--priority", "high"],
        &["blocker", "The service has no test account"],
        &["problem", "It never expired", "--cause", "the clock was wrong", "--lesson", "Ask the clock once"],
        &["state", "It works"],
        &["context", "The service is often down"],
    ] {
        let _ = journal.run(&[&["add"], args].concat()).ok();
    }
    (journal, ".agents/sessions/20261120-143000-weather-fallback.md".to_string())
}

const ALL: [&str; 7] = ["finish", "--decisions", "all", "--remaining", "docs/remaining.md", "--lessons", "docs/lessons.md"];

#[test]
fn a_log_that_goes_leaves_what_it_knew() {
    let (journal, log) = agents();
    let text = journal.read(&log);
    let run = journal.run(&ALL).ok();
    assert_eq!(
        run.err,
        "note: with the log goes what stands under Context, Current State\n\
         decision written: docs/decisions/0001-use-moka-instead-of-a-map.md\n\
         decision written: docs/decisions/0002-keep-100-entries.md\n\
         2 remaining items added: docs/remaining.md\n\
         1 lesson added: docs/lessons.md\n\
         20261120-143000-weather-fallback: moved to the trash for 30 days\n"
    );
    assert_eq!(
        journal.read("docs/decisions/0001-use-moka-instead-of-a-map.md"),
        "\
# 1. Use `moka` instead of a map

- Status: accepted
- Date: 2026-11-20
- Session: Weather fallback

## Context

Log of the agents' profile, with knowledge of every kind.

## Decision

Use `moka` instead of a map.

## Rationale

It evicts by itself.

## Alternatives considered

- a map
"
    );
    assert_eq!(
        journal.read("docs/remaining.md"),
        "\
# Remaining work

## The service has no test account

blocked, open since 2026-11-20; from Weather fallback

## Measure it

high, open since 2026-11-20; from Weather fallback
"
    );
    assert_eq!(
        journal.read("docs/lessons.md"),
        "# Lessons\n\n## 2026-11-20 – Weather fallback\n\n- **It never expired** – Ask the clock once\n  - **Root Cause**: the clock was wrong\n"
    );
    assert!(!journal.path(&log).exists());
    assert!(!journal.path(".shiftlog/finish.json").exists());
    let error = journal.run(&["finish", "20261120-143000-weather-fallback"]).code(2).err;
    assert_eq!(
        error,
        "shiftlog: 20261120-143000-weather-fallback was finished on 2026-11-20; see docs/decisions/0001-use-moka-instead-of-a-map.md, \
         docs/decisions/0002-keep-100-entries.md, docs/remaining.md, docs/lessons.md\n\
         hint: `shiftlog restore 20261120-143000-weather-fallback` brings it back while it is in the trash\n"
    );
    let _ = journal.run(&["restore", "20261120-143000-weather-fallback"]).ok();
    assert_eq!(journal.read(&log), text);
    // Again: what is there is not written twice.
    let _ = journal.run(&ALL).ok();
    assert_eq!(fs::read_dir(journal.path("docs/decisions")).expect("there").count(), 2);
    assert_eq!(journal.read("docs/lessons.md").matches("Ask the clock once").count(), 1);
}

#[test]
fn undo_takes_all_of_it_back() {
    let (journal, log) = agents();
    journal.write("docs/lessons.md", "# What we learned\n\n- Nothing yet");
    let text = journal.read(&log);
    let _ = journal.run(&ALL).ok();
    assert_eq!(
        journal.read("docs/lessons.md"),
        "# What we learned\n\n- Nothing yet\n\n## 2026-11-20 – Weather fallback\n\n- **It never expired** – Ask the clock once\n  - **Root Cause**: the clock was wrong\n"
    );
    let _ = journal.run(&["undo"]).ok();
    assert_eq!(journal.read(&log), text);
    assert_eq!(journal.read("docs/lessons.md"), "# What we learned\n\n- Nothing yet");
    assert!(!journal.path("docs/remaining.md").exists());
    assert_eq!(fs::read_dir(journal.path("docs/decisions")).expect("there").count(), 0);
}

#[test]
fn nothing_goes_while_its_knowledge_goes_nowhere() {
    let (journal, log) = agents();
    let text = journal.read(&log);
    let refused = |args: &[&str], says: &str| {
        let run = journal.run(&[&["finish"], args].concat()).code(2);
        assert_eq!(run.err, says);
        assert_eq!(journal.read(&log), text);
        assert!(!journal.path("docs").exists());
    };
    refused(
        &[],
        "shiftlog: finishing 20261120-143000-weather-fallback deletes it, and nothing says where this goes: 2 decisions, 2 remaining items, 1 lesson\n\
         hint: --decisions all|1,3, --remaining FILE, --lessons FILE; `-n` shows them, `--force` lets them go\n",
    );
    refused(
        &["--decisions", "1", "--remaining", "-", "--lessons", "none"],
        "shiftlog: 4 things would go with 20261120-143000-weather-fallback: Keep 100 entries; The service has no test account; \
         Measure it; Ask the clock once\nhint: name a file for them, or let them go with --force\n",
    );
    refused(
        &["--decisions", "3"],
        "shiftlog: `3` chooses no decisions: decisions are 1 to 2\nhint: `all`, `none`, or numbers such as 1,3\n",
    );
    let dry = journal.run(&["finish", "--dry-run"]).ok().err;
    assert!(dry.starts_with("note: without -n this is refused: finishing 20261120-143000-weather-fallback deletes it, "), "{dry}");
    let answer = journal.json(&["finish", "--dry-run"]);
    assert_eq!(answer["left"].as_array().map(Vec::len), Some(5));
    assert_eq!(answer["remaining"]["items"][1]["what"], "Measure it");
    assert_eq!(journal.read(&log), text);
    let answer = journal.json(&["finish", "--force"]);
    assert_eq!((&answer["result"], answer["left"].as_array().map(Vec::len)), (&json!("deleted"), Some(5)));
    assert!(!journal.path(&log).exists());
}

#[test]
fn nothing_goes_while_a_file_names_it() {
    let (journal, log) = agents();
    journal.write("README.md", "One\nsee .agents/sessions/20261120-143000-weather-fallback.md\n");
    journal.write("other.txt", "20261120-143000-weather-fallback-2 is another one\n");
    journal.write(".gitignore", "ignored/\n");
    journal.write("ignored/x.md", "20261120-143000-weather-fallback");
    let error = journal.run(&ALL).code(2).err;
    assert_eq!(
        error,
        "shiftlog: 20261120-143000-weather-fallback is still named in README.md:2\n\
         hint: take the reference out of README.md first, or finish with --force\n"
    );
    assert!(journal.path(&log).exists() && !journal.path("docs").exists());
    let _ = journal.run(&[&ALL[..], &["--force"]].concat()).ok();
    assert!(!journal.path(&log).exists());
}

#[test]
fn a_log_that_stays_is_completed() {
    let Some(from) = shared("agents/claude/tui-2.1.329") else { return };
    let journal = Journal::new().at("2026-11-20T15:20:00Z");
    let _ = journal.run(&["import", "--from", &from.to_string_lossy()]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    journal.write("docs/decisions/0007-something-else.md", "# 7. Something else\n");
    let stamp = journal.property("sessions/current/20261120-01.md", "last_updated");
    let run = journal.run(&["finish", "--decisions", "all", "--remaining", "-"]).ok();
    assert_eq!(
        run.err,
        "note: 1 lesson in 20261120-01 alone; `--lessons FILE` takes it further\n\
         decision written: docs/decisions/0008-use-argparse-instead-of-click.md\n\
         decision written: docs/decisions/0009-json-output-is-a-single-object-with-the-key-greeting.md\n\
         20261120-01: completed\n"
    );
    assert_eq!(
        run.out,
        "\
## Add a test for a non-ASCII name (`greet_cli.py --json Zoë`)

open since 2026-11-20; from [[20261120-01]] Add a --json flag to greet (see TICKET-42)

## Document exit codes in README.md

open since 2026-11-20; from [[20261120-01]] Add a --json flag to greet (see TICKET-42)

## should `--json` imply `--quiet`?

question, open since 2026-11-20; from [[20261120-01]] Add a --json flag to greet (see TICKET-42)
"
    );
    assert_eq!(
        journal.read("docs/decisions/0009-json-output-is-a-single-object-with-the-key-greeting.md"),
        "\
# 9. JSON output is a single object with the key `greeting`

- Status: accepted
- Date: 2026-11-20
- Session: Add a --json flag to greet (see TICKET-42), [[20261120-01]]

## Context

The request was: “Please add a --json flag to greet (see TICKET-42)”

## Decision

JSON output is a single object with the key `greeting`.

## Rationale

So that fields can be added later without breaking callers.

## Alternatives considered

- printing NDJSON – only one record is ever produced
"
    );
    assert_eq!(journal.property("sessions/current/20261120-01.md", "status"), "Completed");
    assert_eq!(journal.property("sessions/current/20261120-01.md", "last_updated"), stamp);
    let again = journal.json(&["finish", "20261120-01", "--decisions", "all"]);
    assert_eq!(
        again["decisions"],
        json!([
            {"path": "docs/decisions/0008-use-argparse-instead-of-click.md", "new": false},
            {"path": "docs/decisions/0009-json-output-is-a-single-object-with-the-key-greeting.md", "new": false},
        ])
    );
}

#[test]
fn a_template_of_the_journal_is_used_and_its_faults_are_named() {
    let (journal, log) = agents();
    journal.write(".agents/templates/adr_template.md", "{{#if why}}\n{{title}}\n");
    let error = journal.run(&ALL).code(2).err;
    assert!(
        error.starts_with("shiftlog: ")
            && error.contains("adr_template.md:1:1\n")
            && error.contains("`{{#if}}` is not closed: `{{/if}}` is missing: "),
        "{error}"
    );
    assert!(journal.path(&log).exists() && !journal.path("docs").exists());
    journal.write(".agents/templates/adr_template.md", "{{padded}} {{title}} {{nobody}}\n\n{{decision}}\n\n{{why}}\n");
    let run = journal.run(&ALL).ok();
    assert!(run.err.contains("note: the template names `nobody`, which nothing defines\n"), "{}", run.err);
    let adr = journal.read("docs/decisions/0002-keep-100-entries.md");
    assert!(adr.starts_with("0002 Keep 100 entries \n\nKeep 100 entries.\n"), "{adr}");
}

#[test]
fn remaining_work_is_json_where_the_file_says_so() {
    let (journal, _) = agents();
    let _ = journal.run(&["finish", "--decisions", "all", "--remaining", "work.json", "--lessons", "l.md"]).ok();
    let items: serde_json::Value = serde_json::from_str(&journal.read("work.json")).expect("JSON");
    assert_eq!(
        items[0],
        json!({"title": "The service has no test account", "body": "Open since 2026-11-20; from Weather fallback", "labels": ["blocked"],
               "since": "2026-11-20", "session": null})
    );
}

#[test]
fn a_file_that_cannot_be_added_to_is_named_before_anything_is_written() {
    let (journal, log) = agents();
    journal.write("plain", "a file");
    journal.write("bytes.md", [0xff, 0xfe]);
    for (lessons, says) in [
        ("sub.md", "sub.md is no file\nhint: name another file; nothing was written\n"),
        (
            "plain/lessons.md",
            "plain/lessons.md cannot be made: a part of its path is a file\nhint: name another file; nothing was written\n",
        ),
        ("bytes.md", "not valid UTF-8 at byte 0: "),
    ] {
        fs::create_dir_all(journal.path("sub.md")).expect("made");
        let run = journal.run(&["finish", "--decisions", "all", "--remaining", "docs/remaining.md", "--lessons", lessons]).code(2);
        assert!(run.err.contains(says), "{}", run.err);
        assert!(journal.path(&log).exists() && !journal.path("docs").exists());
    }
}

#[test]
fn a_killed_finish_is_completed_by_the_next_command() {
    for wait in 0..40_u64 {
        let (journal, log) = agents();
        let mut child = journal.command(&ALL).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_micros(500 * wait));
        let _ = child.kill();
        let _ = child.wait();
        let whole = || {
            journal.path("docs/decisions/0002-keep-100-entries.md").exists()
                && journal.path("docs/remaining.md").exists()
                && journal.read("docs/lessons.md").contains("Ask the clock once")
        };
        assert!(journal.path(&log).exists() || whole(), "the log went first, after {wait}");
        let begun = journal.path(".shiftlog/finish.json").exists();
        let _ = journal.run(&["list"]);
        assert!(!journal.path(".shiftlog/finish.json").exists());
        if begun {
            assert!(!journal.path(&log).exists() && whole(), "not completed, after {wait}");
        }
    }
}

#[test]
fn whatever_was_done_before_the_kill_the_rest_is_completed() {
    for steps in 0..5 {
        let (journal, log) = agents();
        let text = journal.read(&log);
        let (adr, lessons) = (("docs/decisions/0001-x.md", "# 1. X\n"), ("docs/lessons.md", "- Ask the clock once\n"));
        let files = json!([
            {"path": adr.0, "text": adr.1, "new": true},
            {"path": lessons.0, "text": lessons.1, "head": "# Lessons\n\n", "new": false},
        ]);
        noted(&journal, &log, &files, &shiftlog::journal::store::hash(text.as_bytes()));
        if steps > 0 {
            journal.write(adr.0, adr.1);
        }
        if steps > 1 {
            journal.write(lessons.0, "# Lessons\n\n- Ask the clock once\n");
        }
        if steps > 2 {
            journal.write(".shiftlog/finished.jsonl", "{\"session\":\"20261120-143000-we");
        }
        if steps > 3 {
            fs::create_dir_all(journal.path(".shiftlog/trash")).expect("made");
            fs::rename(journal.path(&log), journal.path(".shiftlog/trash/x.md.20261120T143000-1")).expect("moved");
        }
        let note = "note: finished 20261120-143000-weather-fallback, as an interrupted command had begun\n";
        assert!(journal.run(&["list"]).err.starts_with(note), "{steps}");
        assert_eq!((journal.read(adr.0).as_str(), journal.read(lessons.0).as_str()), (adr.1, "# Lessons\n\n- Ask the clock once\n"));
        assert!(!journal.path(&log).exists() && !journal.path(".shiftlog/finish.json").exists(), "{steps}");
        let error = journal.run(&["finish", "20261120-143000-weather-fallback"]).code(2).err;
        assert!(error.contains("was finished on 2026-11-20"), "{error}");
    }
}

/// A note as a killed process leaves it.
fn noted(journal: &Journal, log: &str, files: &serde_json::Value, hash: &str) {
    let session = "20261120-143000-weather-fallback";
    let finished = json!({"session": session, "title": "", "time": "2026-11-20T14:30:00Z", "deleted": true});
    journal.write(".shiftlog/finish.json", json!({"log": log, "hash": hash, "files": files, "finished": finished}).to_string());
}

#[test]
fn a_note_does_nothing_outside_of_the_journal_and_nothing_to_a_changed_log() {
    let (journal, log) = agents();
    let outside = tempfile::TempDir::new().expect("a directory");
    let victim = outside.path().join("victim");
    fs::write(&victim, "mine\n").expect("written");
    std::os::unix::fs::symlink(&victim, journal.path("link.md")).expect("linked");
    std::os::unix::fs::symlink(outside.path(), journal.path("dir")).expect("linked");
    for path in [victim.to_str().expect("text"), "../victim", "link.md", "dir/victim", "dir/new.md"] {
        noted(&journal, &log, &json!([{"path": path, "text": "theirs\n", "new": false}]), "0");
        let run = journal.run(&["list"]).ok();
        assert!(
            run.err.starts_with("note: finishing 20261120-143000-weather-fallback was interrupted and not completed: "),
            "{path} {}",
            run.err
        );
        assert_eq!(fs::read_to_string(&victim).expect("there"), "mine\n");
        assert!(!outside.path().join("new.md").exists() && journal.path(&log).exists());
        assert!(!journal.path(".shiftlog/finish.json").exists());
    }
    // Nor to what is no text for it, nor to another kind of log.
    journal.write(".git/config", "[core]\n");
    journal.write("run.sh", "true\n");
    let hash = shiftlog::journal::store::hash(journal.read(&log).as_bytes());
    for path in [".git/config", ".shiftlog/lock", "run.sh", &log] {
        noted(&journal, &log, &json!([{"path": path, "text": "theirs\n", "new": false}]), &hash);
        assert!(journal.run(&["list"]).ok().err.contains("was interrupted and not completed: "), "{path}");
    }
    noted(&journal, "run.sh", &json!([]), &shiftlog::journal::store::hash(b"true\n"));
    assert!(journal.run(&["list"]).ok().err.contains("run.sh is no log that is finished so"));
    assert_eq!((journal.read(".git/config"), journal.read("run.sh")), ("[core]\n".to_string(), "true\n".to_string()));
    std::os::unix::fs::symlink(&victim, journal.path(".shiftlog/finished.jsonl")).expect("linked");
    noted(&journal, &log, &json!([]), &hash);
    let error = journal.run(&["list"]).ok().err;
    assert!(error.contains("finished.jsonl is a symbolic link, and shiftlog makes none there\n"), "{error}");
    assert_eq!(fs::read_to_string(&victim).expect("there"), "mine\n");
    fs::remove_file(journal.path(".shiftlog/finished.jsonl")).expect("removed");
    fs::remove_file(journal.path(".shiftlog/finish.json")).expect("removed");
    assert!(journal.path(&log).exists());
    noted(&journal, &log, &json!([]), "0123456789abcdef");
    assert!(journal.run(&["list"]).ok().err.contains("the log was changed meanwhile"));
    assert!(journal.path(&log).exists());
    journal.write(".shiftlog/finish.json", "{no note");
    let _ = journal.run(&["list"]).ok().err("1 log\n");
    assert!(!journal.path(".shiftlog/finish.json").exists());
}

#[test]
fn the_trash_keeps_as_long_as_it_is_told() {
    let (mut journal, log) = agents();
    let trash = |journal: &Journal| fs::read_dir(journal.path(".shiftlog/trash")).map_or(0, Iterator::count);
    let _ = journal.run(&["finish", "--force"]).ok();
    assert_eq!(trash(&journal), 1);
    journal.clock("2026-12-25T14:30:00Z");
    let _ = journal.run(&["new", "Another"]).ok();
    let _ = journal.run(&["finish", "--force"]).ok();
    assert_eq!(trash(&journal), 1, "the first one is over 30 days old");
    journal.write("shiftlog.toml", "trash_days = 0\n");
    let _ = journal.run(&["new", "A third"]).ok();
    let run = journal.run(&["finish", "--force"]).ok();
    assert_eq!(run.err, "20261225-143000-a-third: deleted\n");
    assert_eq!(trash(&journal), 0);
    assert!(!journal.path(&log).exists());
}

#[test]
fn a_conversation_whose_log_was_finished_begins_no_other() {
    let journal = Journal::agents().at("2026-11-20T15:20:00Z");
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u0", "Build the cache").command("c0", "cargo test", (true, "ok")).agent("a0", "The cache is built.");
    claude.save(&journal);
    let _ = journal.run(&["import"]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    let _ = journal.run(&["finish", "--force"]).ok();
    let run = journal.run(&["capture", "--latest"]).ok();
    assert!(
        run.err.contains("it was finished or removed, and is not written again; `shiftlog restore` brings back what is in the trash\n"),
        "{}",
        run.err
    );
    assert_eq!(fs::read_dir(journal.path(".agents/sessions")).expect("there").count(), 0);
}

#[test]
fn what_goes_on_in_a_later_log_stays_open_there_and_keeps_no_log_from_going() {
    let (mut journal, log) = agents();
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-21T08:00:00Z");
    let second = journal.json(&["new", "Second", "--carry"])["path"].as_str().expect("a path").to_string();
    let item = "- [ ] Measure it ([[20261120-143000-weather-fallback]], 2026-11-20) (high priority)\n";
    assert!(journal.read(&second).contains(item), "{}", journal.read(&second));
    let first = [&ALL[..1], &["20261120-143000-weather-fallback"], &ALL[1..]].concat();
    let answer = journal.json(&first);
    assert_eq!((&answer["carried"], &answer["references"]), (&json!(["Measure it"]), &json!([])));
    assert_eq!(answer["remaining"]["items"].as_array().map(Vec::len), Some(1));
    assert!(!journal.read("docs/remaining.md").contains("Measure it") && !journal.path(&log).exists());
    // Where it was open first is history, no link that could be mended.
    assert!(!journal.run(&["lint", "--rule", "broken-link"]).ok().out.contains("weather-fallback"));
    let _ = journal.run(&["done", "Measure it"]).ok();
    journal.write("README.md", "- [ ] Measure it ([[20261120-143000-weather-fallback]], 2026-11-20)\n");
    let _ = journal.run(&["undo"]).ok();
}

#[test]
fn nothing_is_added_to_what_is_no_text_for_it() {
    let (journal, log) = agents();
    journal.write("greet.py", "print()\n");
    journal.write(".git/config", "");
    for (args, says) in [
        (["--remaining", "greet.py"], "greet.py is no Markdown file (.md, .txt)\n"),
        (["--remaining", ".git/info.md"], "info.md lies among the files of a program\n"),
        (["--lessons", ".shiftlog/lessons.md"], "lessons.md lies among the files of a program\n"),
        (["--lessons", "work.json"], "work.json is no Markdown file (.md, .txt)\n"),
        (["--remaining", log.as_str()], "20261120-143000-weather-fallback.md lies in a directory of logs\n"),
        (["--adr-dir", ".agents/sessions"], "lies in a directory of logs\n"),
        (["--remaining", "/etc/nothing"], "nothing is no Markdown file (.md, .txt)\n"),
        (["--adr-dir", ".git"], "lies among the files of a program\n"),
    ] {
        let all: Vec<&str> = match args[0] {
            "--remaining" => [&["finish", "--decisions", "all", "--lessons", "l.md"][..], &args].concat(),
            "--lessons" => [&["finish", "--decisions", "all", "--remaining", "r.md"][..], &args].concat(),
            _ => [&ALL[..], &args].concat(),
        };
        let error = journal.run(&all).code(2).err;
        assert!(error.contains(says) && error.contains("hint: name another file; nothing was written\n"), "{args:?} {error}");
    }
    assert!(journal.path(&log).exists() && !journal.path("docs").exists());
    assert_eq!(journal.read("greet.py"), "print()\n");
}

#[test]
fn what_stays_in_a_log_and_what_is_there_already_is_said() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Cache"]).ok();
    for args in [
        &["decision", "A ring buffer", "--why", "it is small"][..],
        &["next", "Measure it"],
        &["problem", "It hung", "--cause", "a lock", "--lesson", "Set a limit"],
    ] {
        let _ = journal.run(&[&["add"], args].concat()).ok();
    }
    let run = journal.run(&["finish", "--lessons", "docs/lessons.md"]).ok();
    assert_eq!(
        run.err,
        "note: nothing stands under Summary\n\
         note: 1 decision in 20261120-01 alone; `--decisions all` takes it further\n\
         note: 1 remaining item in 20261120-01 alone; `--remaining FILE` takes it further\n\
         1 lesson added: docs/lessons.md\n20261120-01: completed\n"
    );
    let run = journal.run(&["finish", "--decisions", "none", "--remaining", "none", "--lessons", "docs/lessons.md"]).ok();
    assert_eq!(run.err, "note: nothing stands under Summary\n1 lesson there already: docs/lessons.md\n20261120-01: completed already\n");
}

#[test]
fn undo_reaches_onto_another_file_system() {
    let Ok(dir) = tempfile::tempdir_in("/dev/shm") else {
        #[expect(clippy::print_stderr, reason = "a skipped test says why")]
        {
            eprintln!("skipped: no second file system at /dev/shm");
        }
        return;
    };
    let (journal, log) = agents();
    let text = journal.read(&log);
    let [remaining, lessons] = ["remaining", "lessons"].map(|name| dir.path().join(name).join("same.md").to_string_lossy().into_owned());
    let _ = journal.run(&["finish", "--decisions", "none", "--force", "--remaining", &remaining, "--lessons", &lessons]).ok();
    assert!(Path::new(&remaining).exists() && Path::new(&lessons).exists() && !journal.path(&log).exists());
    let _ = journal.run(&["undo"]).ok();
    assert_eq!(journal.read(&log), text);
    assert!(!Path::new(&remaining).exists() && !Path::new(&lessons).exists());
}

#[test]
fn decisions_with_like_names_have_files_of_their_own() {
    let journal = Journal::agents();
    let _ = journal.run(&["new", "Parser"]).ok();
    for (what, why) in [
        ("Write the parser in C", "it is small"),
        ("Write the parser in C++", "it has strings"),
        ("Use a ring buffer", "it is fast"),
        ("Ring buffer", "bounded at 4096"),
    ] {
        let _ = journal.run(&["add", "decision", what, "--why", why]).ok();
    }
    journal.write("docs/decisions/0001-write-the-parser-in-c.md", "");
    journal.write("docs/decisions/20261120-a-day.md", "");
    journal.write("docs/decisions/18446744073709551615-x.md", "");
    let finish = ["finish", "--decisions", "all", "--force"];
    let run = journal.run(&finish).ok();
    let says = |n: usize, slug: &str| format!("decision written: docs/decisions/000{n}-{slug}.md\n");
    let said = [(2, "write-the-parser-in-c"), (3, "write-the-parser-in-c"), (4, "use-a-ring-buffer"), (5, "ring-buffer")];
    let said: String = said.map(|(n, slug)| says(n, slug)).concat();
    assert_eq!(run.err, format!("{said}20261120-143000-parser: moved to the trash for 30 days\n"));
    assert!(journal.read("docs/decisions/0003-write-the-parser-in-c.md").contains("It has strings."));
    let _ = journal.run(&["restore", "20261120-143000-parser"]).ok();
    assert_eq!(journal.run(&finish).ok().err.matches("there already").count(), 4);
}

#[test]
fn all_that_stands_below_a_decision_goes_with_it() {
    let (journal, log) = agents();
    let text = journal.read(&log);
    let at = text.find("## Decisions\n").expect("a section") + "## Decisions\n".len();
    let more = "\
\n### Decision 7: Cache

Entries are kept for an hour,
and not longer.

```sh
# **Rationale**: no label
make
```

**Rationale**:
- it is cheap
- it is simple

**Consequences**: more memory

";
    journal.write(&log, format!("{}{more}{}", &text[..at], &text[at..]));
    let text = journal.read(&log);
    let at = text.find("## Next Steps\n").expect("a section") + "## Next Steps\n".len();
    let items = "\n- [x] Parent\n  - [ ] Child\n- [/] Half done\n- [ ] Wrapped\n  twice\n  - see **there**\n";
    journal.write(&log, format!("{}{items}{}", &text[..at], &text[at..]));
    let _ = journal.run(&ALL).ok();
    assert_eq!(
        journal.read("docs/decisions/0001-cache.md"),
        "\
# 1. Cache

- Status: accepted
- Date: 2026-11-20
- Session: Weather fallback

## Context

Log of the agents' profile, with knowledge of every kind.

## Decision

Entries are kept for an hour,
and not longer.

```sh
# **Rationale**: no label
make
```

## Rationale

- it is cheap
- it is simple

## Notes

**Consequences**: more memory
"
    );
    let remaining = journal.read("docs/remaining.md");
    let child = "## Child\n\nopen since 2026-11-20; from Weather fallback\n\n- part of: Parent\n";
    let wrapped = "## Wrapped twice\n\nopen since 2026-11-20; from Weather fallback\n\n- see **there**\n";
    assert!(remaining.contains(child) && remaining.contains(wrapped) && remaining.contains("## Half done\n"), "{remaining}");
}

#[test]
fn what_only_begins_alike_is_added_too() {
    let (journal, _) = agents();
    journal.write(
        "docs/lessons.md",
        "# Lessons\n\n## 2026-11-20 – Weather fallback\n\n- **It never expired** – Ask the clock once a day only\n",
    );
    let _ = journal.run(&ALL).ok();
    assert!(
        journal
            .read("docs/lessons.md")
            .ends_with("\n- **It never expired** – Ask the clock once\n  - **Root Cause**: the clock was wrong\n")
    );
}

#[test]
fn a_log_that_git_ignores_may_name_another() {
    let (mut journal, _) = agents();
    journal.write(".gitignore", ".agents/\n");
    journal.clock("2026-11-21T08:00:00Z");
    let _ = journal.run(&["new", "Second", "--no-carry"]).ok();
    let _ = journal.run(&["add", "context", "After [[20261120-143000-weather-fallback]]"]).ok();
    let error = journal.run(&[&ALL[..1], &["20261120-143000-weather-fallback"], &ALL[1..]].concat()).code(2).err;
    assert!(error.contains("is still named in .agents/sessions/20261121-080000-second.md:"), "{error}");
}

#[test]
fn many_finish_at_once_with_numbers_of_their_own() {
    let journal = Journal::new();
    let logs: Vec<String> = (1..5).map(|n| format!("20261120-0{n}")).collect();
    for (n, log) in logs.iter().enumerate() {
        let _ = journal.run(&["new", &format!("Work {n}")]).ok();
        let _ = journal.run(&["add", "-s", log, "decision", &format!("Thing {n}"), "--why", "because"]).ok();
    }
    let start = |log: &String| journal.command(&["finish", log, "--decisions", "all"]).stderr(Stdio::null()).spawn().expect("it starts");
    let children: Vec<_> = logs.iter().map(start).collect();
    assert!(children.into_iter().all(|mut child| child.wait().is_ok_and(|status| status.success())));
    let mut names: Vec<String> = fs::read_dir(journal.path("docs/decisions"))
        .expect("there")
        .flatten()
        .map(|file| file.file_name().to_string_lossy()[..4].to_string())
        .collect();
    names.sort();
    assert_eq!(names, ["0001", "0002", "0003", "0004"]);
}

#[test]
fn on_a_full_disk_the_log_stays() {
    // A limit on the size of files stands in for a full disk.
    let mut failed = 0;
    for blocks in [0, 1, 2, 4, 8, 16, 64] {
        let (journal, log) = agents();
        let lessons = "# Lessons\n\n".to_string() + &"- Something that was learned\n".repeat(200);
        journal.write("docs/lessons.md", &lessons);
        let text = journal.read(&log);
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let bin = env!("CARGO_BIN_EXE_shiftlog");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script, bin]).args(ALL).current_dir(journal.root()).env_clear().env("HOME", journal.path("home"));
        command.env("TZ", "UTC").env("SHIFTLOG_NOW", "2026-11-20T14:30:00Z").stdout(Stdio::null()).stderr(Stdio::null());
        if !command.status().expect("it runs").success() {
            failed += 1;
            assert_eq!(journal.read(&log), text, "{blocks}");
            assert_eq!(journal.read("docs/lessons.md"), lessons, "{blocks}");
            let _ = journal.run(&ALL).ok();
        }
        assert!(!journal.path(&log).exists() && !journal.path(".shiftlog/finish.json").exists(), "{blocks}");
        assert_eq!(journal.read("docs/lessons.md").matches("Ask the clock once").count(), 1, "{blocks}");
        assert_eq!(fs::read_dir(journal.path("docs/decisions")).expect("there").count(), 2, "{blocks}");
    }
    assert!(failed > 2, "{failed}");
}

#[test]
fn a_decision_of_a_heading_or_with_a_dash_is_one() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Queue"]).ok();
    let path = "sessions/current/20261120-01.md";
    let text = journal.read(path);
    let heading = "## Key Decisions & Rationale\n";
    let at = text.find(heading).expect("a section") + heading.len();
    let more = "\n- **Parse with C++ – the new one** – it has strings\n\n### Decision 1: Use a queue instead of a cron job\n\n\
                - **Why**: jobs must run in order\n- **Consequence**: one more process\n\n```sh\nqueue run\n```\n";
    journal.write(path, format!("{}{more}{}", &text[..at], &text[at..]));
    let run = journal.run(&["finish", "--decisions", "all"]).ok();
    assert_eq!(run.err.matches("decision written: ").count(), 2, "{}", run.err);
    let one = journal.read("docs/decisions/0001-parse-with-c-the-new-one.md");
    assert!(one.contains("Parse with C++ – the new one.\n") && one.contains("## Rationale\n\nIt has strings.\n"), "{one}");
    let two = journal.read("docs/decisions/0002-use-a-queue-instead-of-a-cron-job.md");
    assert!(two.contains("## Rationale\n\nJobs must run in order.\n") && two.contains("**Consequence**:"), "{two}");
    assert!(two.contains("queue run\n"), "{two}");
    let error = journal.run(&["finish", "20261120-01", "--decisions", "all", "--adr-dir", "../x"]).code(2).err;
    assert!(error.contains("../x is no directory below the journal\n"), "{error}");
    journal
        .run(&["done", ""])
        .code(2)
        .err("shiftlog: no words name no item\nhint: give some of its words, or SECTION:N as `show` prints it\n");
}

/// What a person may write into a log.
const ODD: &str = "
## Context

The proxy must go.

## Current State

- Works

## Decisions

### Decision 1: No tokio

**Decision**: Stay synchronous.
**Rationale**: it is small

### Decision 2: Rejected mongo because it is heavy and we would need a very long explanation of why that is so, far beyond a title

- measured 900 ms

## Blockers

- Proxy is down

| blocker | owner |
|---|---|
| a | b |

## Next Steps

- [ ] Alpha

```
code below
```

## Challenges

### Problem 1: Proxy

**Issue**: the psi never ends
It drops keep-alive.

### Problem 2: Chi

**Issue**: hung
**Lesson**: set limits

## TODO

- [ ] Revoke the leaked key

## Notes

Port 8123 is taken.

- a bullet note
";

#[test]
fn a_log_that_goes_leaves_nothing_behind_that_a_person_wrote_into_it() {
    let journal = Journal::agents();
    let _ = journal.run(&["new", "Odd log"]).ok();
    let log = ".agents/sessions/20261120-143000-odd-log.md";
    let text = journal.read(log);
    journal.write(log, format!("{}{ODD}", &text[..text.find("\n## ").expect("a section")]));
    let refused = journal.run(&["finish", "-y", "--decisions", "all", "--remaining", "T.md"]).code(2).err;
    assert!(refused.contains("nothing says where this goes: 5 lessons\n"), "{refused}");
    let handoff = journal.run(&["handoff"]).ok().out;
    assert!(handoff.contains("\n- No tokio: Stay synchronous. – it is small\n") && !handoff.contains("code below"), "{handoff}");
    // A template that does not print what was decided is no place for it.
    journal.write(".agents/templates/adr_template.md", "# {{number}}. {{title}}\n");
    let all = ["finish", "-y", "--decisions", "all", "--remaining", "T.md", "--lessons", "L.md"];
    let refused = journal.run(&all).code(2).err;
    assert!(refused.contains(" does not print all that was decided, and the log goes\nhint: print {{decision}}, "), "{refused}");
    fs::remove_file(journal.path(".agents/templates/adr_template.md")).expect("removed");
    let _ = journal.run(&all).ok();
    assert_eq!(
        journal.read("docs/decisions/0001-no-tokio.md"),
        "\
# 1. No tokio

- Status: accepted
- Date: 2026-11-20
- Session: Odd log

## Decision

Stay synchronous.

## Rationale

It is small.

## Alternatives considered

- mongo because it is heavy and we would need a very long explanation of why that is so, far beyond a title
  - measured 900 ms
"
    );
    assert_eq!(
        journal.read("T.md"),
        "\
# Remaining work

## Proxy is down

blocked, open since 2026-11-20; from Odd log

| blocker | owner |
|---|---|
| a | b |

## Alpha

open since 2026-11-20; from Odd log

```
code below
```
"
    );
    assert_eq!(
        journal.read("L.md"),
        "\
# Lessons

## 2026-11-20 – Odd log

- Proxy
  - **Issue**:
    the psi never ends
    It drops keep-alive.
- **Chi** – set limits
  - **Issue**: hung
- a bullet note
- **TODO**:
  - [ ] Revoke the leaked key
- **Notes**:
  Port 8123 is taken.
"
    );
}
