use super::*;
use crate::record::transcript::Transcript;

fn read(lines: &[String]) -> Transcript {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("session.jsonl");
    std::fs::write(&path, lines.join("\n") + "\n").expect("a file for the test");
    Qwen.read(&path, None, Limits::default()).expect("what the file tells").transcripts.remove(0)
}

/// A record of the `n`th second, which follows another one.
fn record(n: u32, after: u32, rest: &str) -> String {
    format!(
        r#"{{"uuid":"{n}","parentUuid":"{after}","sessionId":"s","timestamp":"2026-01-01T00:00:{n:02}Z","cwd":"/work","version":"1",{rest}}}"#
    )
}

fn user(n: u32, after: u32, text: &str, rest: &str) -> String {
    record(n, after, &format!(r#""type":"user","message":{{"role":"user","parts":[{{"text":"{text}"}}]}}{rest}"#))
}

fn answer(n: u32, after: u32, parts: &str) -> String {
    let usage = r#""usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2}"#;
    record(n, after, &format!(r#""type":"assistant","model":"m",{usage},"message":{{"role":"model","parts":[{parts}]}}"#))
}

fn inputs(told: &Transcript) -> Vec<(&str, bool)> {
    told.turns.iter().map(|turn| (turn.user_input.as_deref().unwrap_or_default(), turn.abandoned)).collect()
}

#[test]
fn only_what_a_person_typed_is_a_prompt() {
    let told = read(&[
        user(1, 0, "expanded", r#","provenance":"real_user","systemPayload":{"displayText":"one","hookContext":"x"}"#),
        answer(2, 1, r#"{"text":"Hm.","thought":true},{"text":"Yes."}"#),
        user(3, 2, "<task-notification>", r#","provenance":"system","subtype":"notification""#),
        user(4, 3, "every hour", r#","subtype":"cron""#),
        user(5, 4, "go on", r#","provenance":"goal_runtime","subtype":"goal_runtime""#),
        answer(6, 5, r#"{"text":"More."}"#),
        user(
            7,
            6,
            "[User message received during tool execution]: two",
            r#","subtype":"mid_turn_user_message","systemPayload":{"displayText":""}"#,
        ),
    ]);
    assert_eq!(inputs(&told), [("one", false), ("two", false)]);
    assert_eq!(told.turns[0].agent_response.as_deref(), Some("Yes.\n\nMore."));
    assert_eq!(told.turns[0].data["usage"], serde_json::json!({"input": 10, "output": 4}));
}

#[test]
fn what_was_rewound_is_abandoned() {
    let rewind = record(5, 2, r#""type":"system","subtype":"rewind","systemPayload":{"truncatedCount":2}"#);
    let mut lines = vec![user(1, 0, "one", ""), answer(2, 1, r#"{"text":"1"}"#), user(3, 2, "two", ""), answer(4, 3, r#"{"text":"2"}"#)];
    lines.push(rewind);
    assert_eq!(inputs(&read(&lines)), [("one", false), ("two", true)]);
    lines.push(user(6, 5, "three", ""));
    assert_eq!(inputs(&read(&lines)), [("one", false), ("two", true), ("three", false)]);
}

#[test]
fn a_branch_says_what_it_was_copied_from() {
    let from = r#","forkedFrom":{"sessionId":"other","messageUuid":"1"}"#;
    let told = read(&[user(1, 0, "one", from), user(2, 1, "two", "")]);
    assert_eq!((told.origin.as_deref(), told.origin_turn.as_deref()), (Some("other"), Some("1")));
    assert_eq!(told.turns.iter().map(|turn| turn.copied).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_title_that_a_person_gave_stays() {
    let title = |n: u32, title: &str, source: &str| {
        record(
            n,
            n - 1,
            &format!(r#""type":"system","subtype":"custom_title","systemPayload":{{"customTitle":"{title}","titleSource":"{source}"}}"#),
        )
    };
    let lines = [user(1, 0, "one", ""), title(2, "a", "auto"), title(3, "b", "manual"), title(4, "c", "auto")];
    assert_eq!(read(&lines).title.as_deref(), Some("b"));
}

#[test]
fn what_fails_says_so() {
    let event = |n: u32, name: &str, request: &str| {
        let event = format!(r#"{{"event.name":"qwen-code.{name}","prompt_id":"s{request}","error_message":"429"}}"#);
        record(n, n - 1, &format!(r#""type":"system","subtype":"ui_telemetry","systemPayload":{{"uiEvent":{event}}}"#))
    };
    let call = r#"{"functionCall":{"id":"c","name":"run_shell_command","args":{"command":"make"}}},{"functionCall":{"id":"d","name":"edit","args":{"file_path":"/work/a"}}}"#;
    let result = |n: u32, id: &str, response: &str, rest: &str| {
        let part = format!(r#"{{"functionResponse":{{"id":"{id}","response":{response}}}}}"#);
        record(n, n - 1, &format!(r#""type":"tool_result","message":{{"parts":[{part}]}},"toolCallResult":{{"callId":"{id}"{rest}}}"#))
    };
    let told = read(&[
        user(1, 0, "one", ""),
        answer(2, 1, call),
        result(
            3,
            "c",
            r#"{"output":"Command: make\nOutput: no rule\nError: (none)\nExit Code: 2\nSignal: (none)"}"#,
            r#","status":"success""#,
        ),
        result(4, "d", r#"{"output":"not allowed"}"#, r#","status":"cancelled""#),
        event(5, "api_error", "########0"),
        event(6, "api_error", "#helper-1#0"),
        event(7, "api_cancel", "########0"),
    ]);
    let turn = &told.turns[0];
    let [make, edit, error] = turn.actions.as_slice() else { panic!("three actions") };
    assert_eq!((make.ok, make.output.as_deref(), &make.data["exit"]), (Some(false), Some("no rule"), &2.into()));
    assert_eq!((edit.kind.as_str(), edit.value.as_str(), edit.ok), ("file-edited", "a", Some(false)));
    assert_eq!((error.kind.as_str(), error.value.as_str(), error.ok), ("error", "429", Some(false)));
    assert_eq!(turn.data["interrupted"], true);
}

#[test]
fn what_cannot_be_understood_is_passed_over() {
    let mut lines: Vec<String> =
        ["7", "null", r#"{"uuid":7}"#, "{", r#"{"uuid":"x","type":["user"],"message":7}"#].map(str::to_string).into();
    lines.extend([
        user(1, 0, "one", r#","systemPayload":7,"forkedFrom":[],"gitBranch":8"#),
        record(2, 1, r#""type":"assistant","message":"text","usageMetadata":[]"#),
        record(3, 2, r#""type":"assistant","message":{"parts":[null,7,{"text":1},{"functionCall":{"name":"agent","args":"x"}}]}"#),
        record(4, 3, r#""type":"tool_result","message":{"parts":{"functionResponse":1}},"toolCallResult":"no""#),
        record(5, 4, r#""type":"system","subtype":"ui_telemetry","systemPayload":"api_error""#),
        answer(6, 5, r#"{"text":"Yes."}"#),
        r#"{"uuid":"7","parentUuid":"6","type":"us"#.to_string(),
    ]);
    let told = read(&lines);
    assert_eq!(inputs(&told), [("one", false)]);
    assert_eq!(told.turns[0].agent_response.as_deref(), Some("Yes."));
}

#[test]
fn a_part_is_told_as_in_the_whole() {
    let all = [
        user(1, 0, "one", ""),
        answer(2, 1, r#"{"text":"1"}"#),
        user(3, 2, "two", ""),
        answer(4, 3, r#"{"text":"2"}"#),
        // Written a second time.
        answer(2, 1, r#"{"text":"1"}"#),
        user(5, 4, "three", ""),
        // Goes on from the first answer.
        user(6, 2, "four", ""),
        answer(7, 6, r#"{"text":"4"}"#),
    ];
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("session.jsonl");
    let mut mark = None;
    for length in 1..=all.len() {
        std::fs::write(&path, all[..length].join("\n") + "\n").expect("a file for the test");
        let whole = Qwen.read(&path, None, Limits::default()).expect("the whole");
        let part = Qwen.read(&path, mark.as_deref(), Limits::default()).expect("the part");
        let (whole, told) = (&whole.transcripts[0].turns, &part.transcripts[0].turns);
        assert_eq!(&whole[whole.len() - told.len()..], told.as_slice(), "{length} lines");
        mark = part.mark;
    }
}

#[test]
fn a_subagent_has_a_file_and_a_description() {
    let home = tempfile::tempdir().expect("a directory");
    let project = home.path().join(".qwen/projects/-work");
    let (chats, own) = (project.join("chats"), project.join("subagents/s"));
    [&chats, &own].into_iter().for_each(|dir| std::fs::create_dir_all(dir).expect("directories for the test"));
    let (main, child) = (chats.join("s.jsonl"), own.join("agent-a.jsonl"));
    std::fs::write(&main, user(1, 0, "one", "")).expect("a file for the test");
    let task = record(1, 0, r#""type":"user","agentId":"a","isSidechain":true,"message":{"parts":[{"text":"look"}]}"#);
    let said = record(2, 1, r#""type":"assistant","agentId":"a","isSidechain":true,"message":{"parts":[{"text":"seen"}]}"#);
    std::fs::write(&child, format!("{task}\n{said}\n")).expect("a file for the test");
    let meta = r#"{"description":"Look at it","model":"m","parentAgentId":null}"#;
    std::fs::write(own.join("agent-a.meta.json"), meta).expect("a file for the test");
    let homes = Homes { home: home.path().to_path_buf(), ..Homes::default() };
    assert_eq!(Qwen.histories(&homes), [main.clone(), child.clone()]);
    assert_eq!(Qwen.subagents(&main), std::slice::from_ref(&child));
    let told = Qwen.read(&child, None, Limits::default()).expect("what the file tells").transcripts.remove(0);
    assert_eq!((told.native_id.as_str(), told.parent.as_deref(), told.title.as_deref()), ("s/a", Some("s"), Some("Look at it")));
    assert_eq!(told.turns[0].model.as_deref(), Some("m"));
}
