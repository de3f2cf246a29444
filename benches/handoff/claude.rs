//! A conversation as Claude Code writes it: of a release with `TodoWrite` where its number is divisible by three, else with tasks.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::formats::{Clock, lines};
use crate::story::{Event, MARK, Story, Todo};

/// The file's place below a home directory, and its text.
pub(crate) fn written(story: &Story) -> (String, String) {
    let slug: String = story.cwd().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let session = format!("00000000-0000-4000-8000-{:012}", story.number);
    let mut writer = Writer {
        cwd: story.cwd(),
        session: session.clone(),
        old: story.number.is_multiple_of(3),
        clock: Clock::new(story.number),
        records: Vec::new(),
        parent: Value::Null,
        tasks: HashMap::new(),
    };
    writer.begin();
    story.events.iter().enumerate().for_each(|(n, event)| writer.event(n, event));
    (format!(".claude/projects/{slug}/{session}.jsonl"), lines(&writer.records))
}

struct Writer {
    cwd: String,
    session: String,
    old: bool,
    clock: Clock,
    records: Vec<Value>,
    parent: Value,
    /// Each task's number, and whether it is done.
    tasks: HashMap<String, (usize, bool)>,
}

impl Writer {
    /// A record with what all have, and more.
    fn record(&mut self, kind: &str, more: Value) {
        let id = format!("{}-{:05}", &self.session[24..], self.records.len());
        let mut record = json!({
            "parentUuid": self.parent, "isSidechain": false, "type": kind, "uuid": id, "timestamp": self.clock.tick(), "userType": "external",
            "cwd": self.cwd, "sessionId": self.session, "version": if self.old { "2.0.30" } else { "2.1.329" }, "gitBranch": "main",
        });
        if let (Some(record), Value::Object(more)) = (record.as_object_mut(), more) {
            record.extend(more);
        }
        self.records.push(record);
        self.parent = id.into();
    }

    /// A record of the person's side that no person wrote.
    fn program(&mut self, content: &str) {
        self.record("user", json!({"message": {"role": "user", "content": content}}));
    }

    fn begin(&mut self) {
        self.records.push(json!({"type": "mode", "mode": "normal", "sessionId": self.session}));
        if self.old {
            return;
        }
        let text = format!("{MARK} last session decided to use {MARK} because {MARK}");
        self.record(
            "attachment",
            json!({"attachment": {"type": "hook_success", "hookName": "SessionStart:startup", "hookEvent": "SessionStart", "content": text, "stdout": text},
                "rendered": [{"content": format!("<system-reminder>\nSessionStart:startup hook success: {text}\n</system-reminder>")}], "renderedRole": "system"}),
        );
    }

    fn event(&mut self, n: usize, event: &Event) {
        match event {
            Event::Ask(words) => self.ask(n, words),
            Event::Inject(text) => self.inject(n, text),
            Event::Say(words) => self.say(&json!({"type": "text", "text": words})),
            Event::Read(path) => {
                let input = json!({"file_path": format!("{}/{path}", self.cwd)});
                self.call("Read", &input, &json!("1\tone\n2\ttwo\n"), false);
            }
            Event::Write(path, count) => {
                let path = format!("{}/{path}", self.cwd);
                let result = json!(format!("File created successfully at: {path}"));
                self.call("Write", &json!({"file_path": path, "content": "line\n".repeat(*count)}), &result, false);
            }
            Event::Edit(path) => {
                let path = format!("{}/{path}", self.cwd);
                let result = json!(format!("The file {path} has been updated."));
                self.call("Edit", &json!({"file_path": path, "old_string": "one\n", "new_string": "one\ntwo\n"}), &result, false);
            }
            Event::Run(command, ok, output) => {
                let output = if *ok { output.clone() } else { format!("Exit code 1\n{output}") };
                self.call("Bash", &json!({"command": command, "description": "Run it"}), &json!(output), !ok);
            }
            Event::Todos(list) if self.old => {
                let state = |todo: &Todo| if todo.done { "completed" } else { "pending" };
                let todos: Vec<Value> =
                    list.iter().map(|todo| json!({"content": todo.text, "status": state(todo), "activeForm": "Working"})).collect();
                self.call("TodoWrite", &json!({"todos": todos}), &json!("Todos have been modified successfully."), false);
            }
            Event::Todos(list) => self.tasks(list),
            Event::Compact(summary) => self.compact(summary),
        }
    }

    fn ask(&mut self, n: usize, words: &str) {
        let mut content = json!(words);
        if n.is_multiple_of(5) {
            let reminder = format!("<system-reminder>\n{MARK} The list of to-dos is empty. {MARK}\n</system-reminder>");
            content = json!([{"type": "text", "text": reminder}, {"type": "text", "text": words}]);
        }
        let typed = json!({"message": {"role": "user", "content": content}});
        self.record("user", typed);
        if !self.old
            && let Some(record) = self.records.last_mut()
        {
            record["promptSource"] = "typed".into();
            record["origin"] = json!({"kind": "human"});
            record["turnOrigin"] = "human".into();
        }
    }

    fn inject(&mut self, n: usize, text: &str) {
        match n % 5 {
            0 if self.old => self.program(&format!("<system-reminder>\n{text}\n</system-reminder>")),
            0 => self.program(&format!(
                "<task-notification>\n<task-id>a{n}</task-id>\n<status>completed</status>\n<result>{text}</result>\n</task-notification>"
            )),
            1 => self.record(
                "user",
                json!({"isMeta": true, "message": {"role": "user", "content": format!("<local-command-caveat>{text}</local-command-caveat>")}}),
            ),
            2 => {
                self.program(&format!(
                    "<command-name>/model</command-name>\n<command-message>model</command-message>\n<command-args>{text}</command-args>"
                ));
                self.program(&format!("<local-command-stdout>{text}</local-command-stdout>"));
            }
            3 => self.record("user", json!({"isMeta": true, "message": {"role": "user", "content": [{"type": "text", "text": text}]}})),
            _ => {
                let rendered = format!("<system-reminder>\n{text}\n</system-reminder>");
                self.record(
                    "attachment",
                    json!({"attachment": {"type": "hook_additional_context", "content": [text]}, "rendered": [{"content": rendered}]}),
                );
                self.records.push(json!({"type": "api-request-blob", "sessionId": self.session, "message": {"role": "user", "content": text}}));
            }
        }
    }

    fn say(&mut self, block: &Value) {
        let id = format!("msg_{}", self.records.len());
        let usage = json!({"input_tokens": 4000, "cache_read_input_tokens": 20000, "output_tokens": 60});
        self.record(
            "assistant",
            json!({"message": {"id": id, "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": [block], "usage": usage}}),
        );
    }

    fn call(&mut self, tool: &str, input: &Value, result: &Value, failed: bool) {
        let id = format!("toolu_{}", self.records.len());
        self.say(&json!({"type": "tool_use", "id": id, "name": tool, "input": input}));
        let result = json!({"tool_use_id": id, "type": "tool_result", "content": result, "is_error": failed});
        self.record("user", json!({"message": {"role": "user", "content": [result]}}));
    }

    fn tasks(&mut self, list: &[Todo]) {
        for todo in list {
            let next = self.tasks.len() + 1;
            let (number, done) = *self.tasks.entry(todo.text.clone()).or_insert((next, false));
            if number == next {
                let result = json!(format!("Task #{number} created successfully: {}", todo.text));
                self.call("TaskCreate", &json!({"subject": todo.text, "description": todo.text, "activeForm": "Working"}), &result, false);
                let task = json!({"task": {"id": number.to_string(), "subject": todo.text}});
                self.records.last_mut().into_iter().for_each(|record| record["toolUseResult"] = task.clone());
            }
            if todo.done && !done {
                self.call(
                    "TaskUpdate",
                    &json!({"taskId": number.to_string(), "status": "completed"}),
                    &json!("Updated task status"),
                    false,
                );
                self.tasks.insert(todo.text.clone(), (number, true));
            }
        }
    }

    fn compact(&mut self, summary: &str) {
        let last = std::mem::take(&mut self.parent);
        self.record(
            "system",
            json!({"subtype": "compact_boundary", "content": "Conversation compacted", "logicalParentUuid": last,
                "compactMetadata": {"trigger": "auto", "preTokens": 155_000}}),
        );
        let text =
            format!("This session is being continued from a previous conversation that ran out of context. {MARK}\n\nSummary:\n{summary}");
        self.record(
            "user",
            json!({"isVisibleInTranscriptOnly": true, "isCompactSummary": true, "message": {"role": "user", "content": text}}),
        );
    }
}
