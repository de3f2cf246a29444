//! Copilot: what sessions may hold besides a plain dialogue.

use serde_json::{Value, json};

use super::super::lines::Read;
use super::super::{Agent, Limits};
use super::Copilot;

fn event(n: usize, kind: &str, data: &Value) -> String {
    json!({"type": kind, "id": format!("e{n}"), "timestamp": format!("2026-01-02T03:04:{:02}.000Z", n % 60), "data": data}).to_string()
}

/// A session with two prompts, of which the first runs a command.
fn session() -> Vec<String> {
    let start = json!({"sessionId": "s", "copilotVersion": "1.0.0", "context": {"cwd": "/p", "branch": "main"}});
    let call = json!({"content": "I look.", "toolRequests": [{"toolCallId": "c", "name": "bash", "arguments": {"command": "ls"}}]});
    vec![
        event(1, "session.start", &start),
        event(2, "user.message", &json!({"content": "one"})),
        event(3, "assistant.message", &call),
        event(4, "tool.execution_start", &json!({"toolCallId": "c", "toolName": "bash", "arguments": {"command": "ls"}})),
        event(
            5,
            "tool.execution_complete",
            &json!({"toolCallId": "c", "success": true, "result": {"content": "a\n<exited with exit code 2>"}}),
        ),
        event(6, "assistant.message", &json!({"content": "Done."})),
        event(7, "user.message", &json!({"content": "two"})),
        event(8, "assistant.message", &json!({"content": "Yes."})),
    ]
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().expect("a directory"))
    }
    fn write(&self, text: &str) {
        std::fs::write(self.0.path().join("events.jsonl"), text).expect("a file");
    }
    fn read(&self, mark: Option<&str>) -> Read {
        Copilot.read(&self.0.path().join("events.jsonl"), mark, Limits::default()).expect("a reading")
    }
}

fn read(lines: &[String]) -> Read {
    let home = Home::new();
    home.write(&format!("{}\n", lines.join("\n")));
    home.read(None)
}

#[test]
fn a_session_is_told() {
    let told = read(&session()).transcripts.swap_remove(0);
    assert_eq!((told.native_id.as_str(), told.cwd.as_deref(), told.branch.as_deref()), ("s", Some("/p"), Some("main")));
    let turn = &told.turns[0];
    assert_eq!((turn.native_id.as_str(), turn.user_input.as_deref()), ("e2", Some("one")));
    assert_eq!(turn.agent_response.as_deref(), Some("I look.\n\nDone."));
    assert_eq!(
        serde_json::to_value(&turn.actions).expect("actions"),
        json!([{"kind": "command", "value": "ls", "ok": false, "output": "a", "exit": 2}])
    );
    assert_eq!(told.turns[1].agent_response.as_deref(), Some("Yes."));
}

#[test]
fn what_is_strange_changes_nothing() {
    let plain = session();
    let mut strange = vec![plain[0].clone(), plain[0].clone()];
    for line in &plain[1..] {
        let junk = ["{}", "[1]", "null", "\"x\"", r#"{"type":{},"data":3}"#, r#"{"type":"user.message","id":"x","data":null}"#];
        strange.extend(junk.map(String::from));
        strange.push(event(40, "session.unheard_of", &json!({"content": "no"})));
        strange.push(line.clone());
        strange.push(line.clone());
    }
    assert_eq!(read(&strange).transcripts, read(&plain).transcripts);
    for wrong in [json!(null), json!(7), json!([]), json!({"a": 1}), json!("x"), json!(1e300)] {
        let keys =
            ["content", "toolRequests", "toolCallId", "toolName", "arguments", "result", "context", "usage", "outputTokens", "model"];
        let data: Value = keys.iter().map(|key| ((*key).to_string(), wrong.clone())).collect::<serde_json::Map<_, _>>().into();
        let kinds = ["session.start", "user.message", "assistant.message", "tool.execution_start", "tool.execution_complete", "abort"];
        let lines: Vec<String> = kinds.iter().enumerate().map(|(n, kind)| event(n, kind, &data)).collect();
        assert_eq!(read(&lines).transcripts.len(), 1);
    }
}

#[test]
fn a_part_tells_what_the_whole_does() {
    let mut lines = session();
    // What a subagent says comes late, and so does the result of a call.
    let late = lines.remove(4);
    lines.insert(3, event(20, "subagent.started", &json!({"toolCallId": "t", "agentName": "explore"})));
    let mut of_agent: Value =
        serde_json::from_str(&event(21, "user.message", &json!({"content": "look", "source": "agent-x"}))).expect("an event");
    of_agent["agentId"] = "t".into();
    lines.insert(4, of_agent.to_string());
    of_agent["id"] = "e22".into();
    of_agent["type"] = "assistant.message".into();
    lines.extend([of_agent.to_string(), late, event(9, "user.message", &json!({"content": "three"}))]);
    let whole = format!("{}\n", lines.join("\n"));
    let home = Home::new();
    home.write(&whole);
    let all = home.read(None).transcripts;
    assert_eq!(all.len(), 2);
    assert_eq!((all[1].native_id.as_str(), all[1].parent.as_deref(), all[1].turns.len()), ("s/t", Some("s"), 1));
    for cut in (1..whole.len()).step_by(7) {
        home.write(&whole[..cut]);
        let mark = home.read(None).mark;
        home.write(&whole);
        for part in home.read(mark.as_deref()).transcripts {
            let told = all.iter().find(|t| t.native_id == part.native_id).expect("the same conversation");
            assert!(told.turns.ends_with(&part.turns), "cut at {cut}");
        }
    }
}

#[test]
fn only_people_prompt() {
    let mut lines = session();
    for (n, source) in ["skill-x", "system", "agent-x"].iter().enumerate() {
        lines.push(event(30 + n, "user.message", &json!({"content": "injected", "source": source})));
    }
    lines.push(event(33, "user.message", &json!({"content": "go on", "isAutopilotContinuation": true})));
    lines.push(event(34, "user.message", &json!({"content": "<current_datetime>now</current_datetime>\n\nthree", "source": "user"})));
    lines.push(event(35, "abort", &json!({"reason": "user initiated"})));
    let told = read(&lines).transcripts.swap_remove(0);
    let asked: Vec<&str> = told.turns.iter().filter_map(|turn| turn.user_input.as_deref()).collect();
    assert_eq!(asked, ["one", "two", "three"]);
    assert_eq!(told.turns[2].data["interrupted"], true);
}

#[test]
fn what_was_rewound_stays_as_abandoned() {
    let mut lines = session();
    lines.push(event(30, "session.snapshot_rewind", &json!({"upToEventId": "e7", "eventsRemoved": 2})));
    lines.push(event(31, "user.message", &json!({"content": "instead"})));
    let told = read(&lines).transcripts.swap_remove(0);
    assert_eq!(told.turns.iter().map(|turn| turn.abandoned).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn a_title_is_one_that_does_not_repeat_the_prompt() {
    let home = Home::new();
    home.write(&format!("{}\n", session().join("\n")));
    for (yaml, title) in [
        ("name: one\nuser_named: false\n", None),
        ("name: one\nuser_named: true\n", Some("one")),
        ("name: \"Listing: files\"\n", Some("Listing: files")),
        ("name: |-\n  Listing\n  files\nid: s\n", Some("Listing files")),
        ("- no\n\u{0}: [", None),
    ] {
        std::fs::write(home.0.path().join("workspace.yaml"), yaml).expect("a file");
        assert_eq!(home.read(None).transcripts[0].title.as_deref(), title, "{yaml}");
    }
}
