//! The record under many writers, kills, locks, damage and full disks.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::builder::Journal;

const RECORD: &str = ".shiftlog/record.db";

fn numbers(journal: &Journal, id: &str) -> Vec<i64> {
    let shown = journal.json(&["conversation", "show", id]);
    shown["turns"].as_array().expect("turns").iter().filter_map(|t| t["turn"].as_i64()).collect()
}

fn inputs(journal: &Journal, id: &str) -> Vec<String> {
    let shown = journal.json(&["conversation", "show", id]);
    shown["turns"].as_array().expect("turns").iter().map(|t| t["user_input"].as_str().unwrap_or_default().to_string()).collect()
}

#[test]
fn eight_processes_track_two_thousand_turns_without_gap_or_duplicate() {
    let journal = Journal::new();
    let id = journal.conversation();
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let (journal, id) = (&journal, &id);
                scope.spawn(move || {
                    (0..250)
                        .map(|n| journal.track(id, &format!("{worker}/{n}"), &["--agent-response", "ok"]).ok().answer())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("a worker")).collect()
    });
    let given: BTreeSet<i64> = answers.iter().filter_map(|a| a["turn_number"].as_i64()).collect();
    assert_eq!(given, (1..=2000).collect());
    assert_eq!(numbers(&journal, &id), (1..=2000).collect::<Vec<i64>>());
    let said: BTreeSet<String> = inputs(&journal, &id).into_iter().collect();
    assert_eq!(said.len(), 2000);
    let health = journal.json(&["doctor"]);
    assert_eq!([&health["healthy"], &health["record"]["turns"]], [&json!(true), &json!(2000)]);
}

#[test]
fn the_first_turns_of_many_processes_meet_in_one_record() {
    let journal = Journal::new();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let journal = &journal;
            scope.spawn(move || journal.track("SESS-20261120-1430-aaaaaa", &worker.to_string(), &[]).ok());
        }
    });
    assert_eq!(numbers(&journal, "@"), (1..=8).collect::<Vec<i64>>());
    let names: Vec<_> = fs::read_dir(journal.path(".shiftlog")).expect("there").flatten().map(|f| f.file_name()).collect();
    assert!(!names.iter().any(|n| n.to_string_lossy().contains(".temp")), "{names:?}");
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let journal = Journal::new();
    let id = journal.conversation();
    let mut acknowledged = Vec::new();
    for n in 0..150_u32 {
        let input = format!("turn {n}");
        let mut command = journal.command(&["track-conversation", "--session-id", &id, "--user-input", &input]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_micros(u64::from(n % 30) * 400));
        let _ = child.kill();
        let output = child.wait_with_output().expect("it ends");
        if let Ok(answer) = serde_json::from_slice::<Value>(&output.stdout) {
            assert_eq!(answer["success"], true);
            acknowledged.push(input);
        }
    }
    let stored = inputs(&journal, &id);
    assert!(acknowledged.iter().all(|input| stored.contains(input)), "{acknowledged:?} {stored:?}");
    assert_eq!(stored.iter().collect::<BTreeSet<_>>().len(), stored.len());
    assert_eq!(numbers(&journal, &id), (1..=stored.len() as i64).collect::<Vec<i64>>());
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn a_killed_import_is_finished_by_the_next() {
    let journal = Journal::new();
    let line = |c: usize, n: usize| {
        format!(
            "{{\"type\":\"turn\",\"conversation\":\"c{c}\",\"native_id\":\"{c}/{n}\",\"turn\":{n},\"time\":\"2026-01-01T00:00:00Z\",\"user_input\":\"{}\"}}\n",
            "word ".repeat(400)
        )
    };
    let text: String = (0..300).flat_map(|c| (1..=60).map(move |n| (c, n))).map(|(c, n)| line(c, n)).collect();
    journal.write("in.jsonl", text);
    for wait in [5, 30, 60, 90, 150, 250, 400] {
        let mut command = journal.command(&["conversation", "import", "in.jsonl"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        let _ = child.wait();
        let health = journal.json(&["doctor"]);
        assert_eq!(health["healthy"], true, "{health}");
    }
    let _ = journal.run(&["conversation", "import", "in.jsonl"]).ok();
    let stats = &journal.json(&["conversation", "stats"])["stats"];
    assert_eq!(
        [&stats["total"]["conversations"], &stats["total"]["turns"], &stats["live_turns"]],
        [&json!(300), &json!(18_000), &json!(15_000)]
    );
}

/// Holds the write lock of a record, as another program may.
fn lock(journal: &Journal) -> Connection {
    let db = Connection::open(journal.path(RECORD)).expect("it opens");
    db.execute_batch("BEGIN IMMEDIATE").expect("it locks");
    db
}

#[test]
fn a_turn_that_meets_a_locked_record_is_kept_and_taken_in_once() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "before", &[]).ok();
    let secret = format!("ghp_{}", "aB3dE6gH".repeat(5)).chars().take(40).collect::<String>();
    let held = lock(&journal);
    let error = journal.track(&id, &format!("my key is {secret}"), &["--agent-response", "noted"]).code(2).answer()["error"].clone();
    assert_eq!(error["kind"], "record-busy");
    assert!(error["hint"].as_str().is_some_and(|h| h.contains(".shiftlog/spool/") && h.contains("do not send it again")), "{error}");
    let files: Vec<_> = fs::read_dir(journal.path(".shiftlog/spool")).expect("there").flatten().collect();
    assert_eq!(files.len(), 1);
    let kept = fs::read_to_string(files[0].path()).expect("a text");
    assert!(kept.contains("my key is [redacted:") && !kept.contains(&secret), "{kept}");
    assert_eq!(files[0].metadata().expect("there").permissions().mode() & 0o777, 0o600);
    // A copy of the file stands for a process that was killed between recording the turn and removing the file.
    let copy = journal.path("copy.json");
    fs::copy(files[0].path(), &copy).expect("copied");
    held.execute_batch("ROLLBACK").expect("it unlocks");
    let answer = journal.track(&id, "after", &[]).ok().answer();
    assert_eq!(answer["turn_number"], 3);
    assert_eq!(inputs(&journal, &id)[1..], [kept_text(&kept), "after".to_string()]);
    fs::rename(&copy, files[0].path()).expect("moved");
    let _ = journal.run(&["conversation", "list"]).ok();
    assert_eq!(fs::read_dir(journal.path(".shiftlog/spool")).expect("there").count(), 0);
    assert_eq!(numbers(&journal, &id), [1, 2, 3]);
}

fn kept_text(kept: &str) -> String {
    let value: Value = serde_json::from_str(kept).expect("JSON");
    value["turn"]["user_input"].as_str().expect("a text").to_string()
}

#[test]
fn what_waits_is_recorded_even_if_the_conversation_was_closed_meanwhile() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "one", &[]).ok();
    let held = lock(&journal);
    let _ = journal.track(&id, "two", &[]).code(2);
    let spool = journal.path(".shiftlog/spool");
    let aside = journal.path("aside");
    fs::rename(&spool, &aside).expect("moved");
    held.execute_batch("ROLLBACK").expect("it unlocks");
    let _ = journal.manage("close", &id).ok();
    fs::rename(&aside, &spool).expect("moved");
    journal.write(".shiftlog/spool/junk.json", "{");
    let run = journal.run(&["conversation", "show", &id]).ok();
    assert!(
        run.err.contains("could not be recorded, left as it is: ") && run.err.contains("1 turn that had to wait was recorded"),
        "{}",
        run.err
    );
    assert_eq!(inputs(&journal, &id), ["one", "two"]);
    let health = journal.json(&["doctor"]);
    assert_eq!([&health["healthy"], &health["problems"][0]["kind"]], [&json!(false), &json!("spool")]);
}

#[test]
fn a_damaged_record_is_reported_and_left_as_it_is() {
    let whole = {
        let journal = Journal::new();
        let id = journal.conversation();
        for n in 0..200 {
            let _ = journal.track(&id, &format!("{n} {}", "text ".repeat(200)), &[]).ok();
        }
        let db = Connection::open(journal.path(RECORD)).expect("it opens");
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
        drop(db);
        fs::read(journal.path(RECORD)).expect("it is there")
    };
    let mut zeroed = whole.clone();
    zeroed[..4096].fill(0);
    let mut other = whole.clone();
    other[4096..].iter_mut().enumerate().for_each(|(n, b)| *b = b.wrapping_add(n as u8 | 1));
    let cases: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("garbage", b"garbage ".repeat(2000)),
        ("truncated", whole[..whole.len() / 2].to_vec()),
        ("cut within a page", whole[..whole.len() - 100].to_vec()),
        ("header zeroed", zeroed),
        ("pages overwritten", other),
    ];
    for (name, bytes) in cases {
        let journal = Journal::new().file(RECORD, &bytes);
        for args in [
            &["track-conversation", "--session-id", "SESS-20261120-1430-aaaaaa", "--user-input", "hello"][..],
            &["manage-session", "--action", "create"],
            &["conversation", "list"],
            &["conversation", "export"],
            &["backup", "b.zip"],
        ] {
            let run = journal.run(args);
            assert_eq!(run.code, Some(2), "{name}: {args:?}: {} {}", run.out, run.err);
            assert!(format!("{}{}", run.out, run.err).contains("the record is damaged: "), "{name}: {args:?}: {} {}", run.out, run.err);
        }
        let health = journal.run(&["--json", "doctor"]).code(2).answer();
        assert_eq!([&health["healthy"], &health["problems"][0]["kind"]], [&json!(false), &json!("record-damaged")], "{name}");
        assert!(fs::read(journal.path(RECORD)).expect("it is there") == bytes, "{name} was changed");
    }
}

#[test]
fn a_record_whose_file_is_gone_is_not_begun_anew() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "only in the write-ahead log", &[]).ok();
    fs::rename(journal.path(RECORD), journal.path("moved.db")).expect("moved");
    let error = journal.track(&id, "more", &[]).code(2).answer()["error"].clone();
    assert_eq!(error["kind"], "record-damaged");
    fs::rename(journal.path("moved.db"), journal.path(RECORD)).expect("moved");
    assert_eq!(journal.track(&id, "more", &[]).ok().answer()["turn_number"], 2);
}

#[test]
fn a_newer_record_or_another_programs_database_is_refused() {
    let journal = Journal::new();
    let id = journal.conversation();
    let db = Connection::open(journal.path(RECORD)).expect("it opens");
    db.pragma_update(None, "user_version", 99).expect("set");
    drop(db);
    let error = journal.track(&id, "more", &[]).code(2).answer()["error"].clone();
    assert_eq!(error["kind"], "record-newer");
    assert!(error["message"].as_str().is_some_and(|m| m.starts_with("the record has version 99, this program knows 2: ")), "{error}");
    let other = Journal::new();
    fs::create_dir(other.path(".shiftlog")).expect("made");
    let db = Connection::open(other.path(RECORD)).expect("it opens");
    db.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);").expect("made");
    drop(db);
    let error = other.track(&id, "more", &[]).code(2).answer()["error"].clone();
    assert!(error["message"].as_str().is_some_and(|m| m.contains("this database is no record of shiftlog")), "{error}");
}

#[test]
fn the_record_is_its_owners_alone() {
    let journal = Journal::new();
    let _ = journal.conversation();
    let mode = |name: &str| fs::metadata(journal.path(name)).expect("there").permissions().mode() & 0o777;
    assert_eq!([mode(".shiftlog"), mode(RECORD), mode(".shiftlog/record.db-wal")], [0o700, 0o600, 0o600]);
    fs::set_permissions(journal.path(RECORD), fs::Permissions::from_mode(0o644)).expect("set");
    let run = journal.run(&["doctor"]).code(1);
    assert!(run.out.contains("problem  others can read .shiftlog/record.db (mode 644)\n"), "{}", run.out);
    let run = journal.run(&["doctor", "--fix"]).ok();
    assert!(run.out.contains("mended   .shiftlog/record.db is readable by its owner only\n"), "{}", run.out);
    assert_eq!(mode(RECORD), 0o600);
}

#[test]
fn wrong_counts_are_found_and_mended() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "one", &[]).ok();
    let db = Connection::open(journal.path(RECORD)).expect("it opens");
    let insert = "INSERT INTO ui_conversation_context (session_id, turn_number, user_input, created_at) VALUES (?1, 2, 'by hand', 0)";
    db.execute(insert, [&id]).expect("inserted");
    drop(db);
    let health = journal.run(&["--json", "doctor"]).code(1).answer();
    assert_eq!(health["record"]["miscounted"], json!([id]));
    let _ = journal.run(&["doctor", "--fix"]).ok();
    let _ = journal.run(&["doctor"]).ok();
    assert_eq!(journal.track(&id, "three", &[]).ok().answer()["turn_number"], 3);
}

#[test]
fn every_change_bumps_the_sequence() {
    let journal = Journal::new();
    let db = || Connection::open(journal.path(RECORD)).expect("it opens");
    let id = journal.conversation();
    let db = db();
    let sequence = || db.query_row("SELECT max(seq) FROM changes", [], |r| r.get::<_, i64>(0)).expect("a number");
    let mut last = sequence();
    let mut bumped = |what: &str| {
        let now = sequence();
        assert!(now > last, "{what}");
        last = now;
    };
    let _ = journal.track(&id, "one", &[]).ok();
    bumped("a turn");
    let _ = journal.track(&id, "one", &["--turn-number", "1", "--agent-response", "I"]).ok();
    bumped("a response");
    let _ = journal.run(&["conversation", "rename", &id, "Title"]).ok();
    bumped("a title");
    let _ = journal.manage("pause", &id).ok();
    bumped("a status");
    let _ = journal.manage("resume", &id).ok();
    for n in 2..=51 {
        let _ = journal.track(&id, &n.to_string(), &[]).ok();
    }
    let moved: i64 = db
        .query_row("SELECT count(*) FROM changes WHERE turn = (SELECT id FROM ui_conversation_archive)", [], |r| r.get(0))
        .expect("a count");
    assert_eq!(moved, 4, "made, filled in, and moved: out of one table and into the other");
    bumped("moves");
    let _ = journal.run(&["conversation", "delete", &id, "--yes"]).ok();
    bumped("a deletion");
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "before", &[]).ok();
    journal.write("large.txt", "x".repeat(2 << 20));
    // No file may grow beyond 512 kB.
    let script = "ulimit -f 512; trap '' XFSZ; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_shiftlog");
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script, program, "track-conversation", "--session-id", &id, "--user-input", "@large.txt"]);
    let output = command.current_dir(journal.root()).env("HOME", journal.path("home")).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["success"], false);
    assert_eq!(inputs(&journal, &id), ["before"]);
    assert_eq!(journal.track(&id, "@large.txt", &[]).ok().answer()["turn_number"], 2);
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn nothing_in_the_spool_keeps_others_from_being_recorded() {
    let journal = Journal::new();
    let id = journal.conversation();
    journal.write(".shiftlog/spool/0.json", b"\xff");
    journal.write(".shiftlog/spool/1.json", "{\"key\":\"k\",\"time\":\"2026-01-01T00:00:00Z\",\"turn\":{\"conversation\":{\"id\":\"x\",\"user\":\"u\",\"channel\":\"c\"},\"user_input\":\"a\",\"number\":18446744073709551615,\"input_tokens\":18446744073709551615}}");
    fs::create_dir_all(journal.path(".shiftlog/spool/2.json")).expect("made");
    let run = journal.track(&id, "more", &[]).ok();
    assert_eq!(run.answer()["turn_number"], 1);
    let health = journal.run(&["--json", "doctor", "--fix"]).code(1).answer();
    assert_eq!(health["problems"][0]["kind"], "spool");
}

#[test]
fn what_killed_processes_left_of_the_record_goes() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "to be forgotten", &[]).ok();
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    for name in ["record.db.77.temp", "record.db.77.temp-journal", "record.db.0123456789abcdef.temp-wal"] {
        journal.write(&format!(".shiftlog/{name}"), "to be forgotten");
        fs::File::options().append(true).open(journal.path(&format!(".shiftlog/{name}"))).expect("there").set_modified(old).expect("set");
    }
    let _ = journal.run(&["conversation", "delete", &id, "--yes"]).ok();
    let names: Vec<String> =
        fs::read_dir(journal.path(".shiftlog")).expect("there").flatten().map(|f| f.file_name().to_string_lossy().into_owned()).collect();
    assert!(!names.iter().any(|n| n.contains(".temp")), "{names:?}");
    assert!(names.iter().any(|n| n == "record.db"));
}

#[test]
fn a_summary_is_not_taken_for_one_that_names_its_conversation() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Bot"]).ok();
    let (a, b) = (journal.conversation(), journal.conversation());
    let _ = journal.track(&a, &format!("see ({b}, it)"), &[]).ok();
    let _ = journal.track(&b, "the other one", &[]).ok();
    let _ = journal.run(&["conversation", "link", &b, "@"]).ok();
    let _ = journal.manage("close", &a).ok();
    assert_eq!(journal.manage("close", &b).ok().answer()["notices"], json!(["summary added to 20261120-01"]));
    assert_eq!(journal.read("sessions/current/20261120-01.md").matches("- the other one").count(), 1);
}

#[test]
fn the_write_ahead_log_stays_small_however_many_processes_write() {
    let journal = Journal::new();
    let id = journal.conversation();
    let text = "word ".repeat(300);
    let mut most = 0;
    for _ in 0..300 {
        let _ = journal.track(&id, &text, &[]).ok();
        most = most.max(fs::metadata(journal.path(".shiftlog/record.db-wal")).map_or(0, |m| m.len()));
    }
    assert!(most > 500_000 && most < 1_300_000, "{most}");
}

#[test]
fn an_altered_schema_is_named() {
    let journal = Journal::new();
    let _ = journal.conversation();
    let db = Connection::open(journal.path(RECORD)).expect("it opens");
    db.execute_batch("DROP TABLE identities; DROP TRIGGER context_update").expect("dropped");
    drop(db);
    let health = journal.run(&["--json", "doctor"]).code(1).answer();
    assert_eq!(health["problems"][0]["message"], "the schema was altered: context_update, identities");
}

#[test]
fn a_turn_that_waited_goes_to_the_conversation_of_its_own_name() {
    let journal = Journal::new();
    let name = format!("chat-ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let id = journal.track(&name, "before", &[]).ok().answer()["session_id"].as_str().expect("an id").to_string();
    let held = lock(&journal);
    let _ = journal.track(&name, "meanwhile", &[]).code(2);
    held.execute_batch("ROLLBACK").expect("it unlocks");
    assert_eq!(journal.track(&name, "after", &[]).ok().answer()["session_id"], json!(id));
    assert_eq!(inputs(&journal, &id), ["before", "meanwhile", "after"]);
}
