use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Codex;
use crate::agents::{Agent as _, Limits, Read};
use crate::record::transcript::{Told, Transcript};

const THREAD: &str = "01a1f98c-0000-7000-8000-000000000001";
const OTHER: &str = "01a1f98c-0000-7000-8000-000000000002";
/// Ids of turns, the first two older than either thread.
const OLD: [&str; 2] = ["01a1f98b-0000-7000-8000-00000000000a", "01a1f98b-0000-7000-8000-00000000000b"];
const NEW: [&str; 2] = ["01a1f98d-0000-7000-8000-00000000000a", "01a1f98d-0000-7000-8000-00000000000b"];

/// A directory of Codex's own.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::TempDir::new().expect("a directory"))
    }

    fn write(&self, ids: &str, text: &str) -> PathBuf {
        let dir = self.0.path().join("sessions/2026/11/20");
        std::fs::create_dir_all(&dir).expect("a directory");
        let path = dir.join(format!("rollout-2026-11-20T15-00-00-{ids}.jsonl"));
        std::fs::write(&path, text).expect("a file");
        path
    }
}

fn read(path: &Path, mark: Option<&str>) -> Read {
    Codex.read(path, mark, Limits::default()).expect("a file")
}

fn told(records: &[Value]) -> Transcript {
    let read = read(&Home::new().write(THREAD, &lines(records)), None);
    read.transcripts.into_iter().next().expect("a conversation")
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// A record, so many seconds after the first.
#[expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]
fn record(second: u32, kind: &str, payload: Value) -> Value {
    json!({"timestamp": format!("2026-11-20T15:{:02}:{:02}.000Z", second / 60, second % 60), "type": kind, "payload": payload})
}

/// The same with its ordinal, as later releases write it.
fn numbered(records: &[Value]) -> Vec<Value> {
    let numbered = records.iter().enumerate().map(|(n, record)| {
        let mut record = record.clone();
        record["ordinal"] = n.into();
        record
    });
    numbered.collect()
}

fn meta(id: &str) -> Value {
    record(0, "session_meta", json!({"id": id, "cwd": "/home/dev/greet", "cli_version": "0.114.0", "git": {"branch": "main"}}))
}

fn event(second: u32, event: Value) -> Value {
    record(second, "event_msg", event)
}

fn started(second: u32, turn: &str) -> Value {
    event(second, json!({"type": "task_started", "turn_id": turn}))
}

fn asked(second: u32, text: &str) -> Value {
    event(second, json!({"type": "user_message", "message": text}))
}

fn said(second: u32, text: &str) -> Value {
    event(second, json!({"type": "agent_message", "message": text}))
}

#[expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]
fn item(second: u32, item: Value) -> Value {
    event(second, json!({"type": "item_completed", "turn_id": NEW[0], "item": item}))
}

fn prompt(second: u32, text: &str) -> Value {
    item(second, json!({"type": "UserMessage", "id": "u", "content": [{"type": "text", "text": text}]}))
}

fn answer(second: u32, text: &str) -> Value {
    item(second, json!({"type": "AgentMessage", "id": format!("m{second}"), "content": [{"type": "Text", "text": text}]}))
}

fn call(second: u32, payload: Value) -> Value {
    record(second, "response_item", payload)
}

fn asks(turns: &[Told]) -> Vec<&str> {
    turns.iter().map(|turn| turn.user_input.as_deref().unwrap_or_default()).collect()
}

/// What was done: kind, value, and how it ended.
fn acts(told: &Transcript) -> Vec<(&str, &str, Option<bool>)> {
    told.turns.iter().flat_map(|turn| &turn.actions).map(|a| (a.kind.as_str(), a.value.as_str(), a.ok)).collect()
}

#[test]
fn a_turn_that_was_rolled_back_is_abandoned() {
    let back = |second, turns: u32| event(second, json!({"type": "thread_rolled_back", "num_turns": turns}));
    let told = told(&[
        meta(THREAD),
        asked(2, "one"),
        said(3, "1"),
        asked(4, "two"),
        said(5, "2"),
        back(6, 1),
        asked(7, "three"),
        asked(8, "four"),
        back(9, 2),
        asked(10, "five"),
    ]);
    assert_eq!(asks(&told.turns), ["one", "two", "three", "four", "five"]);
    assert_eq!(told.turns.iter().map(|turn| turn.abandoned).collect::<Vec<_>>(), [false, true, true, true, false]);
}

#[test]
fn a_rollback_behind_the_mark_is_seen() {
    let home = Home::new();
    let records = [meta(THREAD), asked(2, "one"), said(3, "1"), asked(4, "two"), said(5, "2")];
    let mark = read(&home.write(THREAD, &lines(&records)), None).mark;
    let mut records = records.to_vec();
    records.push(event(6, json!({"type": "thread_rolled_back", "num_turns": 2})));
    let path = home.write(THREAD, &lines(&records));
    let part = read(&path, mark.as_deref());
    assert_eq!(part, read(&path, None));
    assert!(part.transcripts[0].turns.iter().all(|turn| turn.abandoned));
}

#[test]
fn a_fork_says_which_turns_it_copied() {
    let told = told(&[
        meta(THREAD),
        meta(OTHER),
        started(0, OLD[0]),
        asked(0, "one"),
        said(0, "1"),
        started(0, OLD[1]),
        asked(0, "two"),
        said(0, "2"),
        started(60, NEW[0]),
        asked(60, "three"),
    ]);
    assert_eq!(told.origin.as_deref(), Some(OTHER));
    assert_eq!(told.origin_turn.as_deref(), Some(OLD[1]));
    let ids: Vec<_> = told.turns.iter().map(|turn| (turn.native_id.as_str(), turn.copied)).collect();
    assert_eq!(ids, [(OLD[0], true), (OLD[1], true), (NEW[0], false)]);
}

#[test]
fn a_fork_of_early_releases_names_lines_of_the_other_file() {
    let other = told(&[meta(OTHER), asked(2, "one"), said(3, "1")]);
    let fork = told(&[meta(THREAD), meta(OTHER), asked(0, "one"), said(0, "1"), asked(9, "two")]);
    assert_eq!(fork.turns[0].native_id.rsplit(':').next(), other.turns[0].native_id.rsplit(':').next());
    assert_eq!((fork.turns[0].copied, fork.turns[1].copied), (true, false));
    assert_eq!(fork.turns[0].native_id, format!("{OTHER}:2"));
}

#[test]
fn a_subagent_tells_only_what_is_its_own() {
    let mut mine = meta(THREAD);
    mine["payload"]["source"] = json!({"subagent": {"thread_spawn": {"parent_thread_id": OTHER}}});
    let old = [
        mine.clone(),
        meta(OTHER),
        asked(0, "one"),
        started(0, OLD[0]),
        asked(0, "two"),
        said(0, "2"),
        started(5, NEW[0]),
        asked(5, "task"),
    ];
    let told_old = told(&old);
    assert_eq!(told_old.parent.as_deref(), Some(OTHER));
    assert_eq!(told_old.origin, None);
    assert_eq!(asks(&told_old.turns), ["task"]);

    mine["payload"]["subagent_history_start_ordinal"] = 3.into();
    mine["payload"]["forked_from_id"] = OTHER.into();
    let task = json!({"type": "agent_message", "content": [
        {"type": "input_text", "text": "Message Type: NEW_TASK\nPayload:\n"},
        {"type": "encrypted_content", "encrypted_content": "look at it"}]});
    let trigger = record(5, "inter_agent_communication_metadata", json!({"trigger_turn": true}));
    let new = [mine, meta(OTHER), prompt(1, "one"), started(5, NEW[0]), trigger, call(5, task), answer(6, "done")];
    let told_new = told(&numbered(&new));
    assert_eq!((told_new.parent.as_deref(), told_new.origin), (Some(OTHER), None));
    assert_eq!(asks(&told_new.turns), ["look at it"]);
    assert_eq!(told_new.turns[0].agent_response.as_deref(), Some("done"));
}

#[test]
fn threads_that_the_program_runs_for_itself_tell_nothing() {
    for source in [json!({"internal": "memory_consolidation"}), json!({"subagent": {"other": "guardian"}})] {
        let mut mine = meta(THREAD);
        mine["payload"]["source"] = source;
        assert_eq!(told(&[mine, asked(1, "one")]).turns, []);
    }
}

#[test]
fn a_fork_by_reference_knows_the_last_turn_that_is_shared() {
    let home = Home::new();
    let records = numbered(&[meta(OTHER), prompt(1, "one"), answer(2, "1"), prompt(3, "two"), answer(4, "2")]);
    home.write(OTHER, &lines(&records));
    let mut fork = meta(THREAD);
    fork["payload"]["forked_from_id"] = OTHER.into();
    fork["payload"]["history_base"] = json!({"thread_id": OTHER, "end_ordinal_exclusive": 3, "end_byte_offset": 9});
    let path = home.write(THREAD, &lines(&numbered(&[fork, prompt(9, "three")])));
    let read = read(&path, None);
    let told = &read.transcripts[0];
    assert_eq!((told.origin.as_deref(), told.origin_turn.clone()), (Some(OTHER), Some(format!("{OTHER}:1"))));
    assert_eq!(asks(&told.turns), ["three"]);
}

#[test]
fn a_thread_that_was_taken_back_goes_on_in_another_file() {
    let home = Home::new();
    let records = numbered(&[meta(THREAD), prompt(1, "one"), answer(2, "1"), prompt(3, "two"), answer(4, "2")]);
    home.write(THREAD, &lines(&records));
    let mut again = meta(THREAD);
    again["payload"]["history_base"] = json!({"thread_id": THREAD, "end_ordinal_exclusive": 3, "end_byte_offset": 9});
    let path = home.write(&format!("{THREAD}_{OTHER}"), &lines(&numbered(&[again, prompt(9, "three")])));
    let read = read(&path, None);
    let told = &read.transcripts[0];
    assert_eq!((told.native_id.as_str(), &told.origin), (THREAD, &None));
    let turns: Vec<_> = told.turns.iter().map(|turn| (turn.native_id.clone(), turn.abandoned)).collect();
    assert_eq!(turns, [(format!("{THREAD}:3"), true), (format!("{OTHER}:1"), false)]);
}

#[test]
fn patches_in_all_shapes_are_changes_of_files() {
    let patch = "*** Begin Patch\n*** Add File: a.py\n+one\n+two\n*** Update File: b.py\n*** Move to: c.py\n@@\n-x\n+y\n\
                 *** Delete File: d.py\n*** End Patch";
    let heredoc = format!("cd src && apply_patch <<'EOF'\n{patch}\nEOF\n");
    let function =
        |name: &str, arguments: Value| json!({"type": "function_call", "name": name, "arguments": arguments.to_string(), "call_id": "c"});
    let shapes = [
        json!({"type": "custom_tool_call", "name": "apply_patch", "input": patch, "call_id": "c"}),
        function("apply_patch", json!({"input": patch})),
        function("shell", json!({"command": ["apply_patch", patch]})),
        function("shell", json!({"command": ["bash", "-lc", heredoc]})),
        function("exec_command", json!({"cmd": heredoc})),
    ];
    for shape in shapes {
        let output =
            json!({"type": "function_call_output", "call_id": "c", "output": "Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess.\n"});
        let told = told(&[meta(THREAD), asked(1, "go"), call(2, shape.clone()), call(3, output)]);
        let done = Some(true);
        let expected = [
            ("file-created", "a.py", done),
            ("file-deleted", "b.py", done),
            ("file-created", "c.py", done),
            ("file-deleted", "d.py", done),
        ];
        assert_eq!(acts(&told), expected, "{shape}");
        assert_eq!((&told.turns[0].actions[0].data["added"], &told.turns[0].actions[2].data["removed"]), (&json!(2), &json!(1)));
    }
}

#[test]
fn a_script_that_does_more_than_a_patch_is_a_command() {
    let run = |words: Value| {
        let arguments = json!({"command": words}).to_string();
        let told = told(&[
            meta(THREAD),
            asked(1, "go"),
            call(2, json!({"type": "function_call", "name": "shell", "arguments": arguments, "call_id": "c"})),
        ]);
        acts(&told).into_iter().map(|(kind, value, _)| format!("{kind} {value}")).collect::<Vec<_>>()
    };
    let script = "apply_patch <<'EOF'\n*** Begin Patch\n*** Delete File: a\n*** End Patch\nEOF\npython3 b.py";
    assert_eq!(run(json!(["bash", "-lc", script])), [format!("command {script}")]);
    assert_eq!(run(json!(["/bin/zsh", "-lc", "ls -1"])), ["command ls -1"]);
    assert_eq!(run(json!(["powershell.exe", "-NoProfile", "-Command", "dir"])), ["command dir"]);
    assert_eq!(run(json!(["git", "-c", "a=b", "log", "it's"])), [r"command git -c a=b log 'it'\''s'"]);
}

#[test]
fn calls_and_what_is_shown_of_them_count_once() {
    let shown = |id: &str| {
        json!({"type": "McpToolCall", "id": id, "server": "docs", "tool": "find", "status": "failed",
        "error": {"message": "no such page"}})
    };
    let found = json!({"type": "search", "query": "argparse"});
    let told = told(&numbered(&[
        meta(THREAD),
        prompt(1, "go"),
        call(2, json!({"type": "function_call", "namespace": "mcp__docs__", "name": "find", "arguments": "{}", "call_id": "call_1"})),
        item(3, shown("call_1")),
        call(3, json!({"type": "function_call_output", "call_id": "call_1", "output": "Wall time: 0 seconds\nOutput:\nno such page"})),
        item(4, shown("exec-2")),
        item(5, json!({"type": "WebSearch", "id": "ws_1", "query": "argparse", "action": found})),
        call(5, json!({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": found})),
        call(6, json!({"type": "web_search_call", "status": "completed", "action": {"type": "open_page", "url": "https://example.com/"}})),
        item(
            7,
            json!({"type": "CommandExecution", "id": "exec-3", "command": ["bash", "-lc", "ls"], "source": "user_shell", "exit_code": 0}),
        ),
    ]));
    let failed = Some(false);
    let expected = [
        ("tool", "mcp__docs__find", failed),
        ("tool", "mcp__docs__find", failed),
        ("search", "argparse", None),
        ("url", "https://example.com/", None),
        ("command", "ls", Some(true)),
    ];
    assert_eq!(acts(&told), expected);
    assert_eq!(told.turns[0].actions[0].output.as_deref(), Some("no such page"));
    assert_eq!(told.turns[0].actions[4].data["by"], "user");
}

#[test]
fn what_programs_put_in_is_no_prompt() {
    let told = told(&[
        meta(THREAD),
        call(1, json!({"type": "message", "role": "user", "content": [{"text": "<environment_context>x</environment_context>"}]})),
        event(2, json!({"type": "user_message", "kind": "environment_context", "message": "<environment_context>x</environment_context>"})),
        asked(3, "# Context from my IDE setup:\n\n## Open tabs:\n- a.py\n\n## My request for Codex:\nadd it"),
        call(
            4,
            json!({"type": "message", "role": "user", "content": [{"type": "input_text",
            "text": "<user_shell_command>\n<command>\nls\n</command>\n<result>\nExit code: 2\nOutput:\nnone\n</result>"}]}),
        ),
    ]);
    assert_eq!(asks(&told.turns), ["add it"]);
    assert_eq!(acts(&told), [("command", "ls", Some(false))]);
    let run = &told.turns[0].actions[0];
    assert_eq!((run.output.as_deref(), &run.data["by"], &run.data["exit"]), (Some("none"), &json!("user"), &json!(2)));
}

#[test]
fn reading_on_gives_the_same_last_turns() {
    let home = Home::new();
    let run = json!({"type": "function_call", "name": "exec_command", "arguments": "{\"cmd\":\"ls\"}", "call_id": "call_1"});
    let ended =
        json!({"type": "CommandExecution", "id": "call_1", "command": ["bash", "-lc", "ls"], "exit_code": 0, "aggregated_output": "a\n"});
    // The command ends while the second prompt is answered.
    let mut records = numbered(&[
        meta(THREAD),
        started(1, NEW[0]),
        prompt(1, "one"),
        answer(2, "1"),
        call(3, run),
        prompt(4, "two"),
        item(5, ended),
        answer(6, "2"),
        event(7, json!({"type": "turn_aborted", "turn_id": NEW[0], "reason": "interrupted"})),
    ]);
    records.insert(5, records[3].clone());
    let text = lines(&records);
    let whole = read(&home.write(THREAD, &text), None);
    assert_eq!(acts(&whole.transcripts[0]), [("command", "ls", Some(true))]);
    assert_eq!(whole.transcripts[0].turns[0].agent_response.as_deref(), Some("1"));
    assert_eq!(whole.transcripts[0].turns[1].data["interrupted"], true);
    for cut in (1..text.len()).step_by(13) {
        let mark = read(&home.write(THREAD, &text[..cut]), None).mark;
        let part = read(&home.write(THREAD, &text), mark.as_deref());
        let (all, last) = (&whole.transcripts[0], &part.transcripts[0]);
        assert!(all.turns.ends_with(&last.turns) && !last.turns.is_empty(), "cut at {cut}");
        assert_eq!((&all.native_id, &all.model, &all.data, part.bytes), (&last.native_id, &last.model, &last.data, whole.bytes));
    }
}

#[test]
fn what_is_not_understood_is_passed_over() {
    let home = Home::new();
    let odd = [
        json!({"type": "event_msg", "payload": {"type": "user_message", "message": 7}}),
        json!({"timestamp": 3, "ordinal": "x", "type": ["a"], "payload": []}),
        json!({"type": "event_msg", "payload": {"type": "item_completed", "item": "x"}}),
        json!({"type": "event_msg", "payload": {"type": "thread_rolled_back", "num_turns": -1}}),
        json!({"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": {"total_tokens": u64::MAX},
            "last_token_usage": {"output_tokens": 1e300}}}}),
        json!({"type": "response_item", "payload": {"type": "function_call", "name": null, "arguments": "[", "call_id": {}}}),
        json!({"type": "response_item", "payload": {"type": "function_call_output", "call_id": "nowhere", "output": null}}),
        json!({"type": "from_the_future", "payload": {"type": "thing"}}),
        json!(null),
    ];
    let mut text = lines(&[meta(THREAD), asked(1, "one")]) + &lines(&odd) + &lines(&[said(9, "1")]);
    text.push_str("{\"timestamp\":\"2026-11-20T15:00:10.000Z\",\"type\":\"event_msg\",\"payl");
    let read = read(&home.write(THREAD, &text), None);
    let told = &read.transcripts[0];
    assert_eq!(told.turns.iter().filter_map(|turn| turn.agent_response.as_deref()).collect::<Vec<_>>(), ["1"]);
    assert_eq!(told.turns[0].user_input.as_deref(), Some("one"));
    assert!(acts(told).is_empty());
}
