//! Cline: what files of messages may hold besides a plain dialogue.

use serde_json::{Value, json};

use super::super::{Agent, Limits};
use super::Cline;
use crate::record::transcript::Transcript;

fn read(document: &str) -> Vec<Transcript> {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("1");
    std::fs::create_dir(&dir).expect("a directory");
    let path = dir.join("1.messages.json");
    std::fs::write(&path, document).expect("a file");
    Cline.read(&path, None, Limits::default()).expect("a reading").transcripts
}

fn told(messages: &[Value]) -> Transcript {
    read(&json!({"sessionId": "1", "messages": messages}).to_string()).swap_remove(0)
}

fn user(id: &str, text: &str) -> Value {
    json!({"id": id, "role": "user", "ts": 1_700_000_000_000_u64, "content": [{"type": "text", "text": text}]})
}

fn call(name: &str, input: &Value) -> Value {
    json!({"id": "a", "role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": name, "input": input}]})
}

fn answer(content: &Value) -> Value {
    json!({"id": "r", "role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": content}]})
}

#[test]
fn a_call_with_many_items_is_as_many_actions() {
    let input = json!({"commands": ["ls", {"command": "git", "args": ["status", "-s"]}]});
    let results = json!([
        {"query": "ls", "result": "a", "success": true},
        {"query": "git", "result": "", "error": "[Command exited with code 3]\n[stderr]\nbad", "success": false}
    ]);
    let told = told(&[user("u", "<user_input mode=\"act\">do</user_input>"), call("run_commands", &input), answer(&results)]);
    assert_eq!(told.turns.len(), 1);
    assert_eq!(told.turns[0].user_input.as_deref(), Some("do"));
    let expected = json!([
        {"kind": "command", "value": "ls", "ok": true, "output": "a", "exit": 0},
        {"kind": "command", "value": "git status -s", "ok": false, "output": "bad", "exit": 3}
    ]);
    assert_eq!(serde_json::to_value(&told.turns[0].actions).expect("actions"), expected);
}

#[test]
fn a_patch_is_told_by_file() {
    let patch = "*** Begin Patch\n*** Add File: a\n+x\n*** Delete File: b\n*** End Patch";
    let told = told(&[user("u", "do"), call("apply_patch", &json!({"input": patch})), answer(&json!("no such file"))]);
    let actions: Vec<(&str, &str)> = told.turns[0].actions.iter().map(|a| (a.kind.as_str(), a.value.as_str())).collect();
    assert_eq!(actions, [("file-created", "a"), ("file-deleted", "b")]);
}

#[test]
fn notices_are_no_prompts() {
    let notice = |key: &str, value: &str| json!({"id": value, "role": "user", "content": "go on", "metadata": {key: value}});
    let mut twice = user("u2", "two");
    twice["content"] = json!("two");
    let told = told(&[
        user("u", "one"),
        notice("displayRole", "system"),
        notice("kind", "completion_reminder"),
        user("x", "[TASK RESUMPTION] This task was interrupted"),
        twice.clone(),
        twice,
    ]);
    let asked: Vec<&str> = told.turns.iter().filter_map(|turn| turn.user_input.as_deref()).collect();
    assert_eq!(asked, ["one", "two"]);
}

#[test]
fn what_is_not_of_the_right_type_is_passed_over() {
    for wrong in [json!(null), json!(7), json!([]), json!([[null]]), json!({"a": 1}), json!("x"), json!(1e300)] {
        let mut messages = vec![wrong.clone(), user("u", "one")];
        for role in ["user", "assistant"] {
            messages.push(
                json!({"id": wrong, "role": role, "ts": wrong, "metadata": wrong, "metrics": wrong, "modelInfo": wrong, "content": wrong}),
            );
            messages.push(json!({"role": role, "content": [wrong, {"type": "tool_use", "id": wrong, "name": wrong, "input": wrong}]}));
        }
        for tool in ["run_commands", "read_files", "editor", "apply_patch", "search_codebase", "fetch_web_content", "spawn_agent"] {
            messages.extend([call(tool, &wrong), call(tool, &json!({"commands": wrong, "files": wrong, "path": wrong})), answer(&wrong)]);
        }
        assert!(told(&messages).turns.iter().any(|turn| turn.user_input.as_deref() == Some("one")));
        assert!(read(&json!({"sessionId": wrong, "agent": wrong, "origin": wrong, "messages": wrong}).to_string()).len() <= 1);
    }
}

#[test]
fn half_a_character_does_not_hide_the_rest() {
    let whole = json!({"sessionId": "1", "messages": [user("u", "one HALF")]}).to_string().replace("HALF", "\\ud83d");
    assert_eq!(read(&whole)[0].turns[0].user_input.as_deref(), Some("one \u{fffd}"));
}

#[test]
fn a_file_that_is_being_written_tells_nothing() {
    let whole = json!({"sessionId": "1", "messages": [user("u", "one")]}).to_string();
    assert!((1..whole.len()).all(|cut| read(&whole[..cut]).is_empty()));
}
