//! Calling a hook never does harm: exit code 0, nothing on standard output, one line in the log, in bounded time.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use proptest::prelude::*;
use serde_json::json;

use crate::builder::Journal;
use crate::hook::{complains, log, quiet, sent, told};
use crate::import::Claude;

/// The log's lines without their times.
fn lines(journal: &Journal) -> Vec<String> {
    log(journal).lines().map(|line| line.split_once(' ').expect("a time").1.to_string()).collect()
}

fn dialogue(journal: &Journal) -> Claude {
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "One").agent("a1", "First.").user("u2", "Two").agent("a2", "Second.");
    claude
}

#[test]
fn what_cannot_be_understood_is_one_line_in_the_log() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let cases: [(&[&str], String, &str); 9] = [
        (
            &["Stop", "--agent", "claude"],
            "{\"session_id\": \u{1}".into(),
            "Stop claude: the input is no JSON: expected value at line 1 column 16",
        ),
        (&["Stop", "--agent", "claude"], String::new(), "Stop claude: the input is no JSON: EOF"),
        (&["Stop", "--agent", "claude"], "{\"session_id\":".into(), "Stop claude: the input is no JSON: EOF"),
        (&["Stop", "--agent", "claude"], "[1]".into(), "Stop claude: the input is no JSON object"),
        (&["Stop", "--agent", "claude"], format!("{{{token}"), "Stop claude: the input is no JSON: key must be a string"),
        (&["Stop", "--agent", "klaude"], "{}".into(), "Stop klaude: no agent `klaude`; agents are claude, codex"),
        (&["Stop", "--agent", "claude", "--now"], "{}".into(), ": unexpected argument '--now' found"),
        (&["Stop"], "{}".into(), ": the following required arguments were not provided:"),
        (&[], "{}".into(), ": "),
    ];
    for (args, input, expected) in cases {
        let journal = Journal::new();
        std::fs::create_dir_all(journal.path(".shiftlog")).expect("a directory");
        let args: Vec<&str> = ["hook"].iter().chain(args).copied().collect();
        let run = journal.run_with(&args, &input).ok();
        assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
        let lines = lines(&journal);
        assert!(lines.len() == 1 && lines[0].starts_with(expected), "{args:?} {lines:?}");
        assert!(!lines[0].contains(&token) && !lines[0].contains('\u{1}'), "{lines:?}");
    }
}

#[test]
fn nobody_waits_for_the_end_of_the_input() {
    let journal = Journal::new();
    let claude = dialogue(&journal);
    claude.save(&journal);
    for (input, failures) in [(sent(&journal, &claude, "Stop", &json!({})), 0), ("{".to_string(), 1)] {
        let mut command = journal.command(&["hook", "Stop", "--agent", "claude"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        // Standard input stays open until the process has ended.
        let status = child.wait().expect("it ends");
        drop(stdin);
        let mut out = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut out).expect("text");
        assert!(status.success() && out.is_empty(), "{out}");
        assert_eq!(lines(&journal).len(), failures);
    }
    assert_eq!(told(&journal), ["1: One / First.", "2: Two / Second."]);
    assert_eq!(lines(&journal), ["Stop claude: no input came within 1000 ms"]);
}

#[test]
fn a_fault_is_caught() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Parser"]).ok();
    let claude = dialogue(&journal);
    let mut command = journal.command(&["hook", "SessionStart", "--agent", "claude"]);
    let mut child = command
        .env("SHIFTLOG_TEST_PANIC", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("piped").write_all(sent(&journal, &claude, "SessionStart", &json!({})).as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(lines(&journal), ["SessionStart claude: a fault in shiftlog: asked for by a test"]);
}

#[test]
fn without_a_journal_or_a_transcript_nothing_is_stored() {
    let nowhere = Journal::empty();
    let claude = dialogue(&nowhere);
    claude.save(&nowhere);
    for event in ["SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"] {
        quiet(&nowhere, &claude, event, &json!({"prompt": "One"}));
    }
    assert_eq!(std::fs::read_dir(nowhere.root()).expect("a directory").count(), 1);
    let journal = Journal::new();
    let claude = dialogue(&journal);
    for event in ["SessionStart", "PostToolUse", "SubagentStop", "SessionEnd", "of-tomorrow"] {
        quiet(&journal, &claude, event, &json!({"last_assistant_message": "First."}));
    }
    assert!(!journal.path(".shiftlog").exists());
    let missing = format!("there is no such transcript: {}", journal.path(&claude.path()).display());
    complains(&journal, &claude, ("Stop", &json!({"last_assistant_message": "First."})), &missing);
    complains(&journal, &claude, ("PreCompact", &json!({})), &missing);
    // A path that is no file is not opened.
    let root = format!("there is no such transcript: {}", journal.root().display());
    complains(&journal, &claude, ("Stop", &json!({"transcript_path": journal.root()})), &root);
    complains(&journal, &claude, ("Stop", &json!({"transcript_path": "../x.jsonl"})), "the input names no transcript");
    complains(&journal, &claude, ("Stop", &json!({"transcript_path": 5})), "the input names no transcript");
    assert!(!journal.path(".shiftlog/record.db").exists());
}

#[test]
fn a_busy_record_loses_nothing() {
    let journal = Journal::new();
    let claude = dialogue(&journal);
    let text: String = claude.text().lines().take(2).fold(String::new(), |all, line| all + line + "\n");
    journal.write(&claude.path(), text);
    quiet(&journal, &claude, "Stop", &json!({}));
    let db = rusqlite::Connection::open(journal.path(".shiftlog/record.db")).expect("a record");
    db.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    let text: String = claude.text().lines().take(3).fold(String::new(), |all, line| all + line + "\n");
    journal.write(&claude.path(), text);
    for _ in 0..2 {
        let busy = "the record is busy: what was to be taken in is noted, and the next command does it";
        complains(&journal, &claude, ("Stop", &json!({"last_assistant_message": "Second."})), busy);
    }
    assert_eq!(std::fs::read_dir(journal.path(".shiftlog/spool")).expect("a spool").count(), 1);
    db.execute_batch("ROLLBACK").expect("no transaction");
    let _ = journal.json(&["track-conversation", "--session-id", "bot", "--user-input", "Hello"]);
    assert!(told(&journal).contains(&"2: Two / Second.".to_string()), "{:?}", told(&journal));
    assert_eq!(std::fs::read_dir(journal.path(".shiftlog/spool")).expect("a spool").count(), 0);
    claude.save(&journal);
    let _ = journal.json(&["import"]);
    assert_eq!(told(&journal).iter().filter(|line| line.contains("Second.")).count(), 1);
}

#[cfg(unix)]
#[test]
fn a_disk_that_cannot_be_written_does_no_harm() {
    use std::os::unix::fs::PermissionsExt as _;
    let journal = Journal::new();
    let claude = dialogue(&journal);
    claude.save(&journal);
    let mode = |mode: u32| std::fs::set_permissions(journal.root(), std::fs::Permissions::from_mode(mode)).expect("a mode");
    mode(0o500);
    // Whoever may do everything may write there too.
    let may = std::fs::write(journal.path("probe"), "").is_ok();
    if !may {
        quiet(&journal, &claude, "Stop", &json!({}));
    }
    mode(0o700);
    let path = |text: &str| journal.path(text);
    std::fs::write(path(".shiftlog"), "a file where a directory should be").expect("a file");
    let run = journal.run_with(&["hook", "Stop", "--agent", "claude"], &sent(&journal, &claude, "Stop", &json!({}))).ok();
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
}

#[test]
fn the_log_stays_small() {
    let journal = Journal::new();
    let old =
        (0..2000).fold(String::new(), |all, n| all + &format!("2026-11-20T14:30:00Z Stop claude: failure number {n} of a long list\n"));
    journal.write(".shiftlog/hook.log", &old);
    let _ = journal.run_with(&["hook", "Stop", "--agent", "claude"], "no").ok();
    let lines = lines(&journal);
    assert!(log(&journal).len() <= 33 << 10 && lines.len() > 300);
    assert_eq!(lines[lines.len() - 2], "Stop claude: failure number 1999 of a long list");
    assert!(lines[lines.len() - 1].starts_with("Stop claude: the input is no JSON"));
}

#[test]
fn killed_at_any_moment_each_turn_is_there_once() {
    let journal = Journal::new();
    let mut claude = Claude::new("s-1", journal.root());
    for n in 0..20 {
        claude.user(&format!("u{n}"), &format!("Question {n}")).agent(&format!("a{n}"), &format!("Answer {n}"));
        claude.save(&journal);
        let mut command = journal.command(&["hook", "Stop", "--agent", "claude"]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
        let input = sent(&journal, &claude, "Stop", &json!({"last_assistant_message": format!("Answer {n}")}));
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        // Ever later within its work.
        for _ in 0..n * 2000 {
            std::hint::spin_loop();
        }
        child.kill().expect("it is killed or gone");
        child.wait().expect("it ended");
    }
    quiet(&journal, &claude, "SessionStart", &json!({"source": "resume"}));
    let expected: Vec<String> = (0..20).map(|n| format!("{}: Question {n} / Answer {n}", n + 1)).collect();
    assert_eq!(told(&journal), expected);
    assert_eq!(journal.json(&["doctor"])["healthy"], true);
}

/// What happens, in any order: lines are written, hooks are called with the answer of some turn, files are imported.
fn steps() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0..5usize, 0..3usize, 0..4usize), 1..18)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hooks_and_imports_in_any_order_give_the_same_record(steps in steps()) {
        let journal = Journal::new();
        let mut first = Claude::new("original", journal.root());
        first.user("u1", "One").agent("a1", "I look.").command("c1", "ls", (true, "a b")).agent("a2", "First.");
        first.user("u2", "Two").agent("a3", "Second.").user("u3", "Three").agent("a4", "Third.");
        let mut fork = first.fork("fork", 4, false);
        fork.user("f1", "Another way").agent("f2", "Fourth.");
        let mut other = Claude::new("other", journal.root());
        other.user("o1", "Hello").agent("p1", "Yes.").user("o2", "Hello").agent("p2", "Yes.");
        let files = [first, fork, other];
        let answers = [["First.", "Second.", "Third.", "I look."], ["Fourth."; 4], ["Yes.", "Yes.", "Yes.", "Yes."]];
        let mut written = [0, 4, 0];
        let write = |file: usize, lines: usize| {
            let text: String = files[file].text().lines().take(lines).fold(String::new(), |all, line| all + line + "\n");
            journal.write(&files[file].path(), text);
        };
        let call = |file: usize, event: &str, late: &str| {
            let more = json!({"last_assistant_message": late, "prompt": "One", "source": "resume"});
            if matches!(event, "Stop" | "PreCompact") && !journal.path(&files[file].path()).exists() {
                let missing = format!("there is no such transcript: {}", journal.path(&files[file].path()).display());
                complains(&journal, &files[file], (event, &more), &missing);
            } else {
                quiet(&journal, &files[file], event, &more);
            }
        };
        for (what, file, turn) in steps {
            match what {
                0 | 1 => {
                    written[file] += turn + 1;
                    write(file, written[file]);
                    if what == 1 { call(file, "Stop", answers[file][turn]); }
                }
                2 => call(file, "Stop", answers[file][turn]),
                3 => call(file, ["SessionStart", "UserPromptSubmit", "PreCompact", "SessionEnd"][turn], answers[file][turn]),
                _ => { let _ = journal.json(&["import"]); }
            }
        }
        for (file, of) in files.iter().enumerate() {
            write(file, usize::MAX);
            call(file, "Stop", of.text().lines().last().and_then(|l| l.rsplit_once("\"text\":\"")).map_or("", |(_, t)| t.split('"').next().unwrap_or("")));
        }
        let mut all = told(&journal);
        all.sort();
        let expected = ["1: Another way / Fourth.", "1: Hello / Yes.", "1: One / I look.\n\nFirst.", "2: Hello / Yes.", "2: Two / Second.", "3: Three / Third."];
        prop_assert_eq!(all, expected);
        prop_assert!(!journal.run(&["conversation", "export"]).ok().out.contains("\"late\""));
    }
}
