//! What writers of native formats share: times, and lines of JSON; the formats of Codex and Gemini.

use std::fmt::Write as _;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::story::{Event, MARK, Story, Todo};

/// Times that go on by some seconds each.
pub(crate) struct Clock(DateTime<Utc>);

impl Clock {
    pub(crate) fn new(number: usize) -> Clock {
        let begin = DateTime::parse_from_rfc3339("2026-11-09T08:00:00Z").expect("a time").to_utc();
        Clock(begin + Duration::hours(number as i64 * 4))
    }

    pub(crate) fn tick(&mut self) -> String {
        self.0 += Duration::seconds(7);
        self.0.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }
}

/// Records, one a line.
pub(crate) fn lines(records: &[Value]) -> String {
    records.iter().fold(String::new(), |mut text, record| {
        let _ = writeln!(text, "{record}");
        text
    })
}

/// A rollout of Codex: its place below a home directory, and its text.
pub(crate) fn codex(story: &Story) -> (String, String) {
    let id = format!("01a1f98c-0000-7000-8000-{:012}", story.number);
    let mut codex = Codex { clock: Clock::new(story.number), records: Vec::new(), said: Vec::new() };
    let (cwd, model) = (story.cwd(), "gpt-5.5");
    codex.record("session_meta", &json!({"id": id, "session_id": id, "timestamp": "2026-11-09T08:00:00Z", "cwd": cwd, "originator": "codex-tui", "cli_version": "0.169.0",
            "source": "cli", "thread_source": "user", "base_instructions": {"text": MARK}, "git": {"branch": "main"}}),
    );
    codex.message("developer", "permissions.instructions", &format!("<permissions instructions>\n{MARK}\n</permissions instructions>"));
    codex.message("user", "environments.environment_context", &format!("<environment_context>\n{MARK}\n</environment_context>"));
    codex.record("turn_context", &json!({"turn_id": "t-0", "cwd": cwd, "model": model, "approval_policy": "never"}));
    story.events.iter().enumerate().for_each(|(n, event)| codex.event(n, event));
    (format!(".codex/sessions/2026/11/09/rollout-2026-11-09T08-00-00-{id}.jsonl"), lines(&codex.records))
}

struct Codex {
    clock: Clock,
    records: Vec<Value>,
    /// What people said, for what remains after a compaction.
    said: Vec<Value>,
}

impl Codex {
    fn record(&mut self, kind: &str, payload: &Value) {
        let record = json!({"timestamp": self.clock.tick(), "ordinal": self.records.len(), "type": kind, "payload": payload});
        self.records.push(record);
    }

    fn message(&mut self, role: &str, kind: &str, text: &str) -> Value {
        let content = if role == "assistant" { "output_text" } else { "input_text" };
        let payload = json!({"type": "message", "id": format!("msg_{}", self.records.len()), "role": role, "content": [{"type": content, "text": text}],
            "internal_chat_message_metadata_passthrough": {"content_item_kinds": [kind]}});
        self.record("response_item", &payload);
        payload
    }

    fn event(&mut self, n: usize, event: &Event) {
        match event {
            Event::Ask(words) => {
                let said = self.message("user", "user.text", words);
                self.said.push(said);
                let item = json!({"type": "UserMessage", "id": format!("item-{n}"), "content": [{"type": "text", "text": words}]});
                self.record("event_msg", &json!({"type": "item_completed", "item": item}));
            }
            Event::Inject(text) if n.is_multiple_of(2) => drop(self.message("developer", "hooks.additional_context", text)),
            Event::Inject(text) => {
                drop(self.message(
                    "user",
                    "environments.environment_context",
                    &format!("<environment_context>\n{text}\n</environment_context>"),
                ));
            }
            Event::Say(words) => {
                let item = json!({"type": "AgentMessage", "id": format!("item-{n}"), "content": [{"type": "Text", "text": words}], "phase": "commentary"});
                self.record("event_msg", &json!({"type": "item_completed", "item": item}));
                self.message("assistant", "unknown", words);
            }
            Event::Read(path) => self.run(n, &format!("cat {path}"), true, "one\ntwo"),
            Event::Write(path, count) => {
                self.patch(n, &format!("*** Add File: {path}\n{}", "+line\n".repeat(*count)), &format!("A {path}"));
            }
            Event::Edit(path) => self.patch(n, &format!("*** Update File: {path}\n@@\n one\n+two\n"), &format!("M {path}")),
            Event::Run(command, ok, output) => self.run(n, command, *ok, output),
            Event::Todos(list) => {
                let state = |todo: &Todo| if todo.done { "completed" } else { "pending" };
                let plan: Vec<Value> = list.iter().map(|todo| json!({"step": todo.text, "status": state(todo)})).collect();
                self.call(n, "update_plan", &json!({"explanation": "The plan", "plan": plan}), "Plan updated");
            }
            Event::Compact(summary) => {
                let text = format!("Another language model started to solve this problem. {MARK}\n{summary}");
                let mut history: Vec<Value> = self.said.iter().rev().take(3).rev().cloned().collect();
                history.push(json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}));
                self.record("compacted", &json!({"message": text, "replacement_history": history}));
            }
        }
    }

    fn call(&mut self, n: usize, name: &str, arguments: &Value, output: &str) {
        let call = format!("call_{n}");
        self.record("response_item", &json!({"type": "function_call", "name": name, "arguments": arguments.to_string(), "call_id": call}));
        self.record("response_item", &json!({"type": "function_call_output", "call_id": call, "output": output}));
    }

    fn run(&mut self, n: usize, command: &str, ok: bool, output: &str) {
        let output = format!(
            "Chunk ID: {n:06}\nWall time: 0.0000 seconds\nProcess exited with code {}\nOriginal token count: 5\nOutput:\n{output}\n",
            u8::from(!ok)
        );
        self.call(n, "exec_command", &json!({"cmd": command}), &output);
    }

    fn patch(&mut self, n: usize, body: &str, done: &str) {
        let call = format!("call_{n}");
        let input = format!("*** Begin Patch\n{body}*** End Patch\n");
        self.record("response_item", &json!({"type": "custom_tool_call", "call_id": call, "name": "apply_patch", "input": input}));
        let output = format!("Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\n{done}\n");
        self.record("response_item", &json!({"type": "custom_tool_call_output", "call_id": call, "output": output}));
    }
}

/// A chat of Gemini CLI: its place below a home directory, and its text.
pub(crate) fn gemini(story: &Story) -> (String, String) {
    let session = format!("2c2690a1-0000-4000-8000-{:012}", story.number);
    let mut gemini = Gemini { clock: Clock::new(story.number), cwd: story.cwd(), records: Vec::new() };
    let time = gemini.clock.tick();
    gemini.records.push(
        json!({"sessionId": session, "projectHash": "66094f42", "startTime": time, "lastUpdated": time, "kind": "main", "directories": [gemini.cwd]}),
    );
    gemini.user("context", &json!([{"text": format!("<session_context>\n{MARK}\n</session_context>")}]));
    story.events.iter().enumerate().for_each(|(n, event)| gemini.event(n, event));
    (format!(".gemini/tmp/{}/chats/session-2026-11-09T08-00-{}.jsonl", story.project, &session[28..]), lines(&gemini.records))
}

struct Gemini {
    clock: Clock,
    cwd: String,
    records: Vec<Value>,
}

impl Gemini {
    fn user(&mut self, id: &str, content: &Value) {
        let time = self.clock.tick();
        self.records.push(json!({"id": id, "timestamp": time, "type": "user", "content": content}));
        self.records.push(json!({"$set": {"lastUpdated": time}}));
    }

    fn event(&mut self, n: usize, event: &Event) {
        match event {
            Event::Ask(words) => {
                let context = format!("<hook_context>{MARK}</hook_context>");
                self.user(&format!("u{n}"), &json!([{"text": words}, {"text": context}]));
                self.records.iter_mut().rev().nth(1).into_iter().for_each(|record| record["displayContent"] = json!([{"text": words}]));
            }
            Event::Inject(text) => self.user(&format!("i{n}"), &json!([{"text": format!("<hook_context>{text}</hook_context>")}])),
            Event::Say(words) => self.say(n, words, None),
            Event::Read(path) => {
                let path = format!("{}/{path}", self.cwd);
                self.call(n, "read_file", &json!({"file_path": path}), "one\ntwo");
            }
            Event::Write(path, count) => {
                let path = format!("{}/{path}", self.cwd);
                let output = format!("Successfully created and wrote to new file: {path}.");
                self.call(n, "write_file", &json!({"file_path": path, "content": "line\n".repeat(*count)}), &output);
            }
            Event::Edit(path) => {
                let path = format!("{}/{path}", self.cwd);
                let output = format!("Successfully modified file: {path} (1 replacements).");
                self.call(n, "replace", &json!({"file_path": path, "old_string": "one", "new_string": "one\ntwo"}), &output);
            }
            Event::Run(command, ok, output) => {
                let exit = if *ok { "" } else { "Exit Code: 1\n" };
                let output = format!("<untrusted_context>\nOutput: {output}\n{exit}Process Group PGID: 381\n</untrusted_context>");
                self.call(n, "run_shell_command", &json!({"command": command, "description": "Run it"}), &output);
            }
            Event::Todos(list) => {
                let state = |todo: &Todo| if todo.done { "completed" } else { "pending" };
                let todos: Vec<Value> = list.iter().map(|todo| json!({"description": todo.text, "status": state(todo)})).collect();
                self.call(n, "write_todos", &json!({"todos": todos}), "Successfully updated the todo list.");
            }
            Event::Compact(summary) => self.compact(n, summary),
        }
    }

    fn say(&mut self, n: usize, words: &str, call: Option<Value>) {
        let time = self.clock.tick();
        let tokens = json!({"input": 13289, "output": 42, "cached": 10631, "thoughts": 17, "tool": 0, "total": 13331});
        let mut record = json!({"id": format!("g{n}"), "timestamp": time, "type": "gemini", "content": words, "thoughts": [], "tokens": tokens, "model": "gemini-2.5-pro"});
        self.records.push(record.clone());
        if let Some(call) = call {
            record["toolCalls"] = json!([call]);
            self.records.push(record);
        }
    }

    fn call(&mut self, n: usize, name: &str, args: &Value, output: &str) {
        let id = format!("{name}__call_{n}");
        let result = json!([{"functionResponse": {"id": id, "name": name, "response": {"output": output}}}]);
        self.say(n, "", Some(json!({"id": id, "name": name, "args": args, "result": result, "status": "success"})));
        self.user(&format!("r{n}"), &result);
    }

    /// The history from now on: a summary, an answer to it, and the last messages.
    fn compact(&mut self, n: usize, summary: &str) {
        let time = self.clock.tick();
        let snapshot = format!("<state_snapshot>\n{summary}\n</state_snapshot>");
        let mut history = vec![
            json!({"id": format!("s{n}"), "timestamp": time, "type": "user", "content": [{"text": snapshot}]}),
            json!({"id": format!("k{n}"), "timestamp": time, "type": "gemini", "content": format!("Got it. Thanks for the additional context! {MARK}")}),
        ];
        let with_id = |record: &&Value| record["id"].is_string();
        history.extend(self.records.iter().rev().filter(with_id).take(3).cloned().collect::<Vec<_>>().into_iter().rev());
        self.records.push(json!({"$set": {"messages": history, "lastUpdated": time}}));
    }
}
