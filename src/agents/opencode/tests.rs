//! What captures do not show: sessions in the making, damage, and what a person took back.

use serde_json::{Value, json};

use super::*;
use crate::record::foreign::tests::{made, say};
use crate::record::transcript::Transcript;

const USER: &str = r#"{"role":"user","time":{"created":10}}"#;

fn text(text: &str) -> String {
    json!({"type": "text", "text": text}).to_string()
}

/// What an export of a session with these messages tells: id, info, parts.
fn told(info: &Value, messages: &[(&str, Value, Value)]) -> Transcript {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("export.json");
    let message = |(n, (id, info, parts)): (usize, &(&str, Value, Value))| {
        let mut info = info.clone();
        info["id"] = (*id).into();
        info["time"]["created"] = (100 + n).into();
        json!({"info": info, "parts": parts})
    };
    let messages: Vec<Value> = messages.iter().enumerate().map(message).collect();
    std::fs::write(&path, format!("Exporting session\n{}", json!({"info": info, "messages": messages}))).expect("an export");
    OpenCode.read(&path, None, Limits::default()).expect("a reading").transcripts.pop().expect("a transcript")
}

fn user(words: &str) -> (Value, Value) {
    (json!({"role": "user"}), json!([{"type": "text", "text": words}]))
}

fn answer(words: &str) -> (Value, Value) {
    (json!({"role": "assistant", "modelID": "m"}), json!([{"type": "text", "text": words}]))
}

fn with(id: &str, (info, parts): (Value, Value)) -> (&str, Value, Value) {
    (id, info, parts)
}

fn inputs(transcript: &Transcript) -> Vec<&str> {
    transcript.turns.iter().map(|turn| turn.user_input.as_deref().unwrap_or_default()).collect()
}

#[test]
fn only_what_was_changed_is_read_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("opencode.db");
    let db = made(&path, &[]);
    say(&db, ["ses_a", "msg_1"], 10, [USER, &text("one")]);
    say(&db, ["ses_b", "msg_2"], 20, [USER, &text("two")]);
    let first = OpenCode.read(&path, None, Limits::default()).expect("a reading");
    assert_eq!(first.transcripts.len(), 2);
    let again = OpenCode.read(&path, first.mark.as_deref(), Limits::default()).expect("a reading");
    assert_eq!((again.transcripts.len(), again.mark == first.mark), (0, true));
    say(&db, ["ses_a", "msg_3"], 30, [r#"{"role":"assistant"}"#, &text("answer")]);
    let again = OpenCode.read(&path, first.mark.as_deref(), Limits::default()).expect("a reading");
    let whole = OpenCode.read(&path, None, Limits::default()).expect("a reading");
    assert_eq!(again.transcripts, whole.transcripts[..1]);
    assert_eq!(again.transcripts[0].turns[0].agent_response.as_deref(), Some("answer"));
    let other = OpenCode.read(&path, Some(r#"{"recent":{"ses_x":1},"until":99,"others":9}"#), Limits::default()).expect("a reading");
    assert_eq!(other.transcripts.len(), 2, "the mark of another database");
}

#[test]
fn a_mark_holds_as_many_sessions_as_were_changed_last() {
    let session = |n: usize| foreign::Session { id: format!("ses_{n}"), changed: n as i64 + 1, row: serde_json::Map::new() };
    let mut sessions: Vec<foreign::Session> = (0..RECENT + 50).map(session).collect();
    let text = serde_json::to_string(&Mark::new(&sessions)).expect("a mark");
    assert!(sessions.iter().all(|session| Mark::left(Some(&text), &sessions).knows(session)));
    sessions[3].changed = 1000;
    let unknown = |sessions: &[foreign::Session]| {
        let mark = Mark::left(Some(&text), sessions);
        sessions.iter().filter(|session| !mark.knows(session)).count()
    };
    assert_eq!(unknown(&sessions), 1);
    sessions.extend([foreign::Session { id: "ses_x".into(), ..session(5) }, foreign::Session { id: "ses_y".into(), ..session(5) }]);
    assert_eq!(unknown(&sessions), sessions.len(), "old ones were brought in");
}

#[test]
fn a_damaged_row_costs_no_other() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("opencode.db");
    let db = made(&path, &["time_", "parent_id"]);
    say(&db, ["ses_a", "msg_1"], 10, [USER, &text("one")]);
    say(&db, ["ses_a", "msg_2"], 10, [r#"{"role":"assis"#, &text("lost")]);
    say(&db, ["ses_a", "msg_3"], 10, [r#"{"role":"assistant"}"#, r#"{"type":"text","text":"cut \ud83d here, whole \ud83d\ude00"}"#]);
    say(&db, ["ses_a", "msg_4"], 10, ["[]", "null"]);
    let read = OpenCode.read(&path, None, Limits::default()).expect("a reading");
    assert_eq!(read.unread, 3);
    let again = OpenCode.read(&path, read.mark.as_deref(), Limits::default()).expect("a reading");
    assert_eq!(again.transcripts, read.transcripts, "nothing says when it was changed");
    assert_eq!(inputs(&read.transcripts[0]), ["one"]);
    assert_eq!(read.transcripts[0].turns[0].agent_response.as_deref(), Some("cut \u{fffd} here, whole \u{1f600}"));
}

#[test]
fn what_was_taken_back_is_abandoned() {
    let messages = [with("msg_1", user("one")), with("msg_2", answer("1")), with("msg_3", user("two")), with("msg_4", answer("2"))];
    let told = told(&json!({"id": "ses_a", "revert": {"messageID": "msg_3"}}), &messages);
    assert_eq!(inputs(&told), ["one", "two"]);
    assert_eq!(told.turns.iter().map(|turn| turn.abandoned).collect::<Vec<_>>(), [false, true]);
    assert_eq!(told.turns[1].agent_response.as_deref(), Some("2"));
}

#[test]
fn nobody_said_what_the_program_puts_in() {
    let synthetic = (json!({"role": "user"}), json!([{"type": "text", "text": "go on", "synthetic": true}]));
    let compaction = (json!({"role": "user"}), json!([{"type": "compaction", "overflow": true}]));
    let summary = (json!({"role": "assistant", "summary": true, "time": {"completed": 1000}}), json!([{"type": "text", "text": "so far"}]));
    let messages = [
        with("msg_1", user("\"say \\\"hi\\\" twice\"")),
        with("msg_2", answer("hi")),
        with("msg_3", compaction),
        with("msg_4", summary),
        with("msg_5", user("say \"hi\" twice")),
        with("msg_6", answer("hi hi")),
        with("msg_7", synthetic),
        with("msg_8", answer("done")),
    ];
    let told = told(&json!({"id": "ses_a"}), &messages);
    assert_eq!(inputs(&told), ["say \"hi\" twice"]);
    assert_eq!(told.turns[0].agent_response.as_deref(), Some("hi\n\nhi hi\n\ndone"));
    assert_eq!(told.data["compacted"], json!(["1970-01-01T00:00:01.000Z"]));
}

#[test]
fn commands_of_the_user_are_theirs() {
    let shell =
        (json!({"role": "user"}), json!([{"type": "text", "text": "The following tool was executed by the user", "synthetic": true}]));
    let state = json!({"status": "completed", "input": {"command": "ls"}, "output": "a\n"});
    let run = (json!({"role": "assistant", "parentID": "msg_3"}), json!([{"type": "tool", "tool": "bash", "state": state}]));
    let told = told(&json!({"id": "ses_a"}), &[with("msg_1", user("one")), with("msg_3", shell), with("msg_4", run)]);
    let action = &told.turns[0].actions[0];
    assert_eq!((action.kind.as_str(), action.value.as_str(), &action.data["by"]), ("command", "ls", &json!("user")));
    assert_eq!(action.output.as_deref(), Some("a"));
}

#[test]
fn an_answer_that_failed_or_was_stopped_says_so() {
    let failed = (json!({"role": "assistant", "error": {"name": "APIError", "data": {"message": "overloaded"}}}), json!([]));
    let stopped = (json!({"role": "assistant", "error": {"name": "MessageAbortedError"}}), json!([]));
    let messages = [with("msg_1", user("one")), with("msg_2", failed), with("msg_3", user("two")), with("msg_4", stopped)];
    let told = told(&json!({"id": "ses_a"}), &messages);
    let error = &told.turns[0].actions[0];
    assert_eq!((error.kind.as_str(), error.value.as_str(), error.ok), ("error", "overloaded", Some(false)));
    assert_eq!(told.turns[1].data["interrupted"], true);
}

#[test]
fn a_patch_names_each_file() {
    let patch =
        "*** Begin Patch\n*** Add File: a\n+1\n+2\n*** Update File: b\n*** Move to: c\n@@\n-1\n+2\n*** Delete File: d\n*** End Patch";
    let state = json!({"status": "completed", "input": {"patchText": patch}});
    let run = (json!({"role": "assistant"}), json!([{"type": "tool", "tool": "apply_patch", "state": state}]));
    let told = told(&json!({"id": "ses_a"}), &[with("msg_1", user("one")), with("msg_2", run)]);
    let done: Vec<(&str, &str)> = told.turns[0].actions.iter().map(|a| (a.kind.as_str(), a.value.as_str())).collect();
    assert_eq!(done, [("file-created", "a"), ("file-deleted", "b"), ("file-created", "c"), ("file-deleted", "d")]);
    assert_eq!(told.turns[0].actions[0].data["added"], 2);
}

#[test]
fn a_fork_names_the_turns_that_it_copied() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("opencode.db");
    let db = made(&path, &[]);
    let info = |time: i64| json!({"role": "user", "time": {"created": time}}).to_string();
    say(&db, ["ses_a", "msg_1"], 10, [&info(10), &text("one")]);
    say(&db, ["ses_a", "msg_2"], 30, [&info(30), &text("later")]);
    say(&db, ["ses_b", "msg_4"], 40, [&info(40), &text("other")]);
    say(&db, ["ses_b", "msg_3"], 10, [&info(10), &text("one")]);
    let read = OpenCode.read(&path, None, Limits::default()).expect("a reading");
    let fork = read.transcripts.iter().find(|told| told.native_id == "ses_b").expect("a fork");
    assert_eq!((fork.origin.as_deref(), fork.origin_turn.as_deref()), (Some("ses_a"), Some("msg_1")));
    let turns: Vec<(&str, bool)> = fork.turns.iter().map(|turn| (turn.native_id.as_str(), turn.copied)).collect();
    assert_eq!(turns, [("msg_1", true), ("msg_4", false)]);
}

#[test]
fn files_of_any_shape_are_met() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("export.json");
    for content in ["", "{", "[]", r#"{"info":7,"messages":[7,{"info":[],"parts":{}},{}]}"#, r#"{"info":{"id":"ses_a"},"messages":{}}"#] {
        std::fs::write(&path, content).expect("a file");
        assert!(OpenCode.read(&path, None, Limits::default()).expect("a reading").transcripts.is_empty(), "{content}");
        assert!(!OpenCode.keeps(&path), "{content}");
    }
}

#[test]
fn databases_of_every_channel_come_before_files() {
    let dir = tempfile::tempdir().expect("a directory");
    let home = dir.path().join("opencode");
    let sessions = home.join("storage/session/project");
    std::fs::create_dir_all(&sessions).expect("directories");
    for name in ["ses_1.json", "ses_2.json", "other.json"] {
        std::fs::write(sessions.join(name), "{}").expect("a file");
    }
    let names = || {
        let found = OpenCode.histories(&Homes { data: dir.path().into(), ..Homes::default() }).into_iter();
        found.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(), ["ses_2.json", "ses_1.json"]);
    for name in ["opencode.db", "opencode.db-wal", "opencode-dev.db", "opencode2.db"] {
        std::fs::write(home.join(name), "").expect("a file");
    }
    assert_eq!(names(), ["opencode-dev.db", "opencode.db"]);
}
