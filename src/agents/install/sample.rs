//! Inputs as agents send them, for trying hooks out.

use std::path::Path;

use serde_json::{Value, json};

/// The session that samples tell of.
const SESSION: &str = "shiftlog-check";

/// What an agent sends with an event from a directory in which nothing is going on.
pub fn sample(agent: &str, event: &str, cwd: &Path) -> String {
    let transcript = cwd.join("transcript.jsonl");
    let mut input = match agent {
        "copilot" => json!({"sessionId": SESSION, "timestamp": 1_795_190_038_760_i64, "cwd": cwd}),
        "cline" => json!({
            "clineVersion": "3.0.65", "timestamp": "1795190038760", "taskId": SESSION, "workspaceRoots": [cwd], "hookName": event,
        }),
        "opencode" => json!({"session_id": SESSION, "cwd": cwd, "hook_event_name": event}),
        _ => json!({"session_id": SESSION, "transcript_path": transcript, "cwd": cwd, "hook_event_name": event}),
    };
    let more: &[(&str, Value)] = &match event {
        "SessionStart" => vec![("source", json!("startup"))],
        "UserPromptSubmit" | "BeforeAgent" => vec![("prompt", json!("shiftlog install --check"))],
        "Stop" | "SubagentStop" => vec![("stop_hook_active", json!(false)), ("last_assistant_message", json!("All is well."))],
        "StopFailure" => vec![("error", json!("rate_limit"))],
        "AfterAgent" => vec![("prompt", json!("shiftlog install --check")), ("prompt_response", json!("All is well."))],
        "PreCompact" | "preCompact" => vec![("trigger", json!("manual"))],
        "PostCompact" => vec![("trigger", json!("manual")), ("compact_summary", json!("Nothing happened."))],
        "SessionEnd" | "sessionEnd" => vec![("reason", json!("other"))],
        "sessionStart" => vec![("source", json!("new"))],
        "userPromptSubmitted" => vec![("prompt", json!("shiftlog install --check"))],
        "agentStop" | "subagentStop" => vec![("transcriptPath", json!(transcript)), ("stopReason", json!("end_turn"))],
        "TaskStart" => vec![("taskStart", json!({"task": "shiftlog install --check"}))],
        "TaskComplete" => vec![("taskComplete", json!({"task": "shiftlog install --check"}))],
        _ => Vec::new(),
    };
    for (key, value) in more {
        input[*key] = value.clone();
    }
    input.to_string()
}
