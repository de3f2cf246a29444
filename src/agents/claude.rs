//! Claude Code: one file of JSON Lines a session, a tree of records by `uuid` and `parentUuid`.
//!
//! There is no version of the format. Records of unknown types are passed over, and only what people and agents said counts: the
//! rest of a file repeats it, and even what our own hooks put in. Read as releases from 1.0 to 2.1 write it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::lines::{self, Format, Read};
use super::teller::{Teller, action, typed};
use super::{Agent, Homes, Limits};
use crate::record::action::Action;

pub(super) struct Claude;

impl Agent for Claude {
    fn name(&self) -> &'static str {
        "claude"
    }
    fn title(&self) -> &'static str {
        "Claude Code"
    }
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        transcripts(&homes.named("CLAUDE_CONFIG_DIR", ".claude").join("projects"))
    }
    fn keeps(&self, path: &Path) -> bool {
        path.extension().is_some_and(|e| e == "jsonl") && super::head(path).is_some_and(|head| is_ours(&head))
    }
    fn subagents(&self, path: &Path) -> Vec<PathBuf> {
        transcripts(&path.with_extension("").join("subagents"))
    }
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> std::io::Result<Read> {
        let mut read = lines::read::<Records>(path, mark, limits, self.name())?;
        // Subagents that the program starts to be ready for use.
        read.transcripts.retain(|t| t.parent.is_none() || !is_warm_up(&t.turns));
        if let Some(title) = described(path) {
            read.transcripts.iter_mut().for_each(|t| t.title = Some(title.clone()));
        }
        Ok(read)
    }
}

/// All `*.jsonl` under a directory, in order.
pub(super) fn transcripts(dir: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_map(Result::ok).filter(|f| f.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect()
}

/// What a subagent was begun for, which stands beside its file.
fn described(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_prefix("agent-")?.strip_suffix(".jsonl")?;
    let meta = std::fs::read(path.with_file_name(format!("agent-{name}.meta.json"))).ok()?;
    serde_json::from_slice::<Value>(&meta).ok()?["description"].as_str().map(str::to_string)
}

fn is_ours(head: &str) -> bool {
    // What Copilot CLI writes of hooks that it calls looks the same.
    !head.contains("\"copilotVersion\"")
        && head.lines().take(8).any(|line| {
            (line.contains("\"sessionId\"") || line.contains("\"leafUuid\""))
                && !line.contains("\"provenance\"")
                && !line.contains("\"projectHash\"")
                && !line.contains("\"$set\"")
                && !line.contains("\"parts\"")
        })
}

fn is_warm_up(turns: &[crate::record::transcript::Told]) -> bool {
    matches!(turns, [one] if one.user_input.as_deref() == Some("Warmup"))
}

/// A record; everything else in it is passed over, and what is not of the right type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Record<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    uuid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    parent_uuid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    logical_parent_uuid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    leaf_uuid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    session_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    request_session_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    agent_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    cwd: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    git_branch: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    version: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    prompt_source: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    subtype: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    custom_title: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    ai_title: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    summary: Text<'a>,
    #[serde(borrow)]
    forked_from: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    attachment: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_use_result: Option<&'a RawValue>,
    #[serde(deserialize_with = "truth")]
    is_sidechain: bool,
    #[serde(deserialize_with = "truth")]
    is_meta: bool,
    #[serde(deserialize_with = "truth")]
    is_compact_summary: bool,
    #[serde(deserialize_with = "truth")]
    is_visible_in_transcript_only: bool,
    #[serde(deserialize_with = "truth")]
    is_api_error_message: bool,
}

/// What must be known of earlier records.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Records {
    /// A command that was typed, and may turn out to be a prompt: its id, time and text.
    command: Option<(String, Option<DateTime<Utc>>, String)>,
    /// The `!` line that was typed last.
    shell: String,
    /// The reply of which usage was counted last, and its output.
    counted: (String, u64),
    /// A person or the program gave the conversation a title: how much that counts.
    titled: u8,
    /// Records by their ids: what comes before each.
    #[serde(skip)]
    parents: HashMap<String, Option<String>>,
    /// Prompts in order, and where each stands among the records.
    #[serde(skip)]
    prompts: Vec<(String, usize)>,
    /// Records of a subagent in this file, by id: the first one of its conversation.
    #[serde(skip)]
    roots: HashMap<String, String>,
    #[serde(skip)]
    order: HashMap<String, usize>,
    #[serde(skip)]
    leaf: Option<String>,
    #[serde(skip)]
    again: bool,
}

impl Clone for Records {
    /// A copy is kept at the beginning of each turn, for which all else is not needed.
    fn clone(&self) -> Records {
        let Records { command, shell, counted, titled, .. } = self;
        Records { command: command.clone(), shell: shell.clone(), counted: counted.clone(), titled: *titled, ..Records::default() }
    }
}

impl Format for Records {
    fn may_begin(&self, line: &[u8]) -> bool {
        memchr_any(line, &[b"\"type\":\"user\"", b"\"type\": \"user\"", b"queued_command"])
    }

    fn line(&mut self, line: &[u8], teller: &mut Teller) -> bool {
        let Ok(record) = serde_json::from_slice::<Record>(line) else { return false };
        self.record(&record, teller);
        true
    }

    fn end(&mut self, teller: &mut Teller, partly: bool) {
        self.abandoned(teller, partly);
    }

    fn needs_all(&self) -> bool {
        self.again
    }
}

fn memchr_any(line: &[u8], needles: &[&[u8]]) -> bool {
    needles.iter().any(|needle| memchr::memmem::find(line, needle).is_some())
}

impl Records {
    fn record(&mut self, record: &Record<'_>, teller: &mut Teller) {
        let kind = record.kind.as_deref().unwrap_or_default();
        let time = record.timestamp.as_deref().and_then(|t| DateTime::parse_from_rfc3339(t).ok()).map(|t| t.to_utc());
        let Some(uuid) = record.uuid.as_deref() else {
            self.title(record, teller);
            return;
        };
        if !teller.is_new(uuid) {
            return;
        }
        about(record, teller);
        if record.is_sidechain && record.agent_id.is_none() {
            // Releases before 2.0 write the dialogue of a subagent into the same file.
            let root = record.parent_uuid.as_deref().and_then(|p| self.roots.get(p)).cloned().unwrap_or_else(|| uuid.to_string());
            self.roots.insert(uuid.to_string(), root.clone());
            let native = format!("{}/{root}", teller.about.native_id);
            let child = teller.child(&native);
            about(record, child);
            self.said(record, time, child);
            return;
        }
        let parent = record.parent_uuid.as_deref().or(record.logical_parent_uuid.as_deref());
        self.order.insert(uuid.to_string(), self.parents.len());
        self.parents.insert(uuid.to_string(), parent.map(str::to_string));
        if matches!(kind, "user" | "assistant") {
            self.leaf = Some(uuid.to_string());
        }
        self.said(record, time, teller);
        copied(record, teller);
    }

    /// What a record calls the conversation.
    fn title(&mut self, record: &Record<'_>, teller: &mut Teller) {
        let kind = record.kind.as_deref().unwrap_or_default();
        let (title, counts) = match kind {
            "custom-title" => (&record.custom_title, 3),
            "ai-title" => (&record.ai_title, 2),
            // An earlier release also wrote what other conversations were about.
            "summary" if record.leaf_uuid.as_deref().is_some_and(|leaf| self.order.contains_key(leaf)) => (&record.summary, 1),
            _ => return,
        };
        if let Some(title) = title.as_deref().map(str::trim).filter(|t| !t.is_empty() && counts >= self.titled) {
            self.titled = counts;
            teller.about.title = Some(title.to_string());
        }
    }

    fn said(&mut self, record: &Record<'_>, time: Option<DateTime<Utc>>, teller: &mut Teller) {
        let uuid = record.uuid.as_deref().unwrap_or_default();
        match record.kind.as_deref().unwrap_or_default() {
            "user" => self.user(record, time, teller),
            "assistant" => self.assistant(record, time, teller),
            "system" if record.subtype.as_deref() == Some("compact_boundary") => teller.compacted(time),
            // A prompt that was typed while the agent was busy.
            "attachment" => {
                let Some(queued) = record.attachment.filter(|a| a.get().contains("queued_command")) else { return };
                let Ok(queued) = serde_json::from_str::<Value>(queued.get()) else { return };
                let human = queued["commandMode"].as_str().is_none_or(|mode| mode == "prompt");
                if queued["type"] == "queued_command" && human {
                    let text = text_of(&queued["prompt"]);
                    if !is_injected(&text) {
                        self.prompt(uuid, time, &text, teller);
                    }
                }
            }
            _ => {}
        }
    }

    fn prompt(&mut self, uuid: &str, time: Option<DateTime<Utc>>, text: &str, teller: &mut Teller) {
        let text = typed(text);
        if !text.is_empty() {
            self.command = None;
            self.prompts.push((uuid.to_string(), self.parents.len()));
            teller.prompt(uuid, time, &text);
        }
    }

    fn user(&mut self, record: &Record<'_>, time: Option<DateTime<Utc>>, teller: &mut Teller) {
        let uuid = record.uuid.as_deref().unwrap_or_default();
        let Some(message) = record.message.and_then(|m| serde_json::from_str::<Value>(m.get()).ok()) else { return };
        let content = &message["content"];
        let mut answered = false;
        for block in content.as_array().into_iter().flatten().filter(|b| b["type"] == "tool_result") {
            answered = true;
            result(block, record.tool_use_result, teller);
        }
        if answered || record.is_meta || record.is_compact_summary || record.is_visible_in_transcript_only {
            return;
        }
        let text = text_of(content);
        let text = text.trim_start();
        if let Some(command) = opening(text, "bash-input") {
            let turn = teller.last(uuid, time);
            let mut run = action("command", command.trim());
            run.data.insert("by".into(), "user".into());
            self.shell = uuid.to_string();
            teller.act(turn, uuid, run);
        } else if let Some(stdout) = opening(text, "bash-stdout") {
            let stderr = between(text, "bash-stderr").unwrap_or_default();
            teller.result(&self.shell, None, Some(format!("{stdout}\n{stderr}").trim()));
        } else if opening(text, "command-name").or_else(|| opening(text, "command-message")).is_some() {
            let (name, args) = (between(text, "command-name").unwrap_or_default(), between(text, "command-args").unwrap_or_default());
            self.command = Some((uuid.to_string(), time, format!("{} {}", name.trim(), args.trim()).trim().to_string()));
        } else if text.starts_with("<local-command-") {
            self.command = None;
        } else if text.starts_with("[Request interrupted by user") {
            if teller.turns() > 0 {
                let turn = teller.turns() - 1;
                teller.turn(turn).data.insert("interrupted".into(), true.into());
            }
        } else if record.prompt_source.as_deref() != Some("system") && !is_injected(text) {
            self.prompt(uuid, time, text, teller);
        }
    }

    fn assistant(&mut self, record: &Record<'_>, time: Option<DateTime<Utc>>, teller: &mut Teller) {
        let uuid = record.uuid.as_deref().unwrap_or_default();
        let Some(message) = record.message.and_then(|m| serde_json::from_str::<Value>(m.get()).ok()) else { return };
        // A command that gets an answer was a prompt.
        if let Some((id, typed, text)) = self.command.take() {
            self.prompts.push((id.clone(), self.parents.len()));
            teller.prompt(&id, typed.or(time), &text);
        }
        let turn = teller.last(uuid, time);
        let synthetic = message["model"] == "<synthetic>";
        let blocks = message["content"].as_array().map(Vec::as_slice).unwrap_or_default();
        let plain = message["content"].as_str();
        let texts = plain.into_iter().chain(blocks.iter().filter(|b| b["type"] == "text").filter_map(|b| b["text"].as_str()));
        for text in texts {
            if record.is_api_error_message {
                let mut error = action("error", text.trim());
                error.ok = Some(false);
                teller.act(turn, "", error);
            } else if !synthetic {
                teller.say(turn, text);
            }
        }
        for block in blocks.iter().filter(|b| b["type"] == "tool_use") {
            let id = block["id"].as_str().unwrap_or_default();
            tool(block["name"].as_str().unwrap_or_default(), &block["input"], turn, id, teller);
        }
        if let Some(model) = message["model"].as_str().filter(|_| !synthetic) {
            teller.about.model = Some(model.to_string());
            teller.turn(turn).model = Some(model.to_string());
        }
        // Every record of a reply repeats what it used until then.
        if let Some(usage) = message["usage"].as_object() {
            let count = |key: &str| usage.get(key).and_then(Value::as_u64).unwrap_or(0);
            let input = count("input_tokens") + count("cache_read_input_tokens") + count("cache_creation_input_tokens");
            let (id, output) = (message["id"].as_str().unwrap_or_default(), count("output_tokens"));
            let before = if self.counted.0 == id && !id.is_empty() { self.counted.1 } else { 0 };
            teller.used(turn, input, output.saturating_sub(before));
            self.counted = (id.to_string(), output.max(before));
        }
    }

    /// Marks turns that are no part of what led to the last record.
    fn abandoned(&mut self, teller: &mut Teller, partly: bool) {
        let mut led = HashSet::new();
        let mut at = self.leaf.clone();
        let mut earliest = usize::MAX;
        let mut open = None;
        while let Some(uuid) = at.take().filter(|uuid| led.insert(uuid.clone())) {
            match self.parents.get(&uuid) {
                Some(parent) => {
                    earliest = earliest.min(self.order[&uuid]);
                    at.clone_from(parent);
                }
                None => open = Some(uuid),
            }
        }
        if partly && let Some(open) = open {
            // What leads on from before the mark must be where the marked turn itself begins.
            let first = self.prompts.first().and_then(|(uuid, _)| self.parents.get(uuid)).cloned().flatten();
            self.again = first.as_deref() != Some(open.as_str()) && !self.prompts.is_empty();
        }
        for (prompt, _) in &self.prompts {
            let place = self.order.get(prompt).copied().unwrap_or(usize::MAX);
            // A chain that breaks off says nothing of what comes before.
            let gone = !led.contains(prompt) && (earliest < place || self.is_beside(prompt, &led));
            if let (true, Some(turn)) = (gone, teller.told().iter().position(|t| t.native_id == *prompt)) {
                teller.turn(turn).abandoned = true;
            }
        }
    }

    /// Whether what led to the last record goes on from the same place.
    fn is_beside(&self, prompt: &str, led: &HashSet<String>) -> bool {
        let parent = self.parents.get(prompt).cloned().flatten();
        parent.is_some_and(|parent| led.iter().any(|uuid| self.parents.get(uuid).is_some_and(|p| p.as_deref() == Some(parent.as_str()))))
    }
}

/// A text, or nothing where it is something else.
pub(super) type Text<'a> = Option<Cow<'a, str>>;

pub(super) fn text<'de: 'a, 'a, D: serde::Deserializer<'de>>(from: D) -> Result<Text<'a>, D::Error> {
    let raw = <&'de RawValue>::deserialize(from)?.get();
    // Most texts hold nothing that is escaped, and can be used where they are.
    Ok(serde_json::from_str::<&'de str>(raw).map(Cow::Borrowed).or_else(|_| serde_json::from_str::<String>(raw).map(Cow::Owned)).ok())
}

pub(super) fn truth<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(<&'de RawValue>::deserialize(from)?.get() == "true")
}

/// A fork says where it comes from, in what was copied: answers with the id of the conversation that asked for them, later all records.
fn copied(record: &Record<'_>, teller: &mut Teller) {
    let from = record.forked_from.and_then(|from| serde_json::from_str::<Value>(from.get()).ok());
    let from = from.as_ref().and_then(|from| from["sessionId"].as_str()).or(record.request_session_id.as_deref());
    let Some(from) = from.filter(|from| record.session_id.as_deref() != Some(*from)) else { return };
    teller.about.origin = Some(from.to_string());
    let Some(turn) = teller.turns().checked_sub(1) else { return };
    teller.turn(turn).copied = true;
    teller.about.origin_turn = Some(teller.turn(turn).native_id.clone());
}

/// What a record says of the conversation.
fn about(record: &Record<'_>, teller: &mut Teller) {
    let about = &mut teller.about;
    if about.native_id.is_empty() {
        let session = record.session_id.as_deref().unwrap_or_default();
        match record.agent_id.as_deref().filter(|_| record.is_sidechain) {
            Some(agent) => {
                about.native_id = format!("{session}/{agent}");
                about.parent = Some(session.to_string());
            }
            None => about.native_id = session.to_string(),
        }
    }
    let some = |there: &mut Option<String>, text: &Option<Cow<'_, str>>| {
        if there.is_none() {
            *there = text.as_deref().filter(|t| !t.is_empty()).map(str::to_string);
        }
    };
    some(&mut about.cwd, &record.cwd);
    some(&mut about.branch, &record.git_branch);
    if let Some(version) = &record.version {
        about.data.insert("version".into(), version.as_ref().into());
    }
}

/// Text that no person typed.
pub(super) fn is_injected(text: &str) -> bool {
    const MARKS: [&str; 8] = [
        "<task-notification",
        "<local-command-",
        "<command-name>",
        "<command-message>",
        "<session-start-hook",
        "<user-prompt-submit-hook",
        "[Request interrupted by user",
        "Caveat: The messages below were generated by the user while running local commands",
    ];
    MARKS.iter().any(|mark| text.trim_start().starts_with(mark))
}

/// The text of a message or a result.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().filter(|b| b["type"] == "text" || b["type"].is_null()).filter_map(|b| b["text"].as_str());
            texts.collect::<Vec<_>>().join("\n\n")
        }
        _ => String::new(),
    }
}

/// What stands in a tag that a text begins with.
fn opening<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    text.strip_prefix('<')?.strip_prefix(tag)?.strip_prefix('>')?;
    between(text, tag)
}

/// What stands between a tag and its end.
fn between<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    let rest = &text[text.find(&format!("<{tag}>"))? + tag.len() + 2..];
    Some(&rest[..rest.find(&format!("</{tag}>")).unwrap_or(rest.len())])
}

/// A call of a tool, as actions.
pub(super) fn tool(name: &str, input: &Value, turn: usize, id: &str, teller: &mut Teller) {
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    match name {
        "Bash" => {
            let mut run = action("command", text("command"));
            if input["run_in_background"] == true {
                run.data.insert("background".into(), true.into());
            }
            teller.act(turn, id, run);
        }
        "Read" | "NotebookRead" => teller.act(turn, id, action("file-read", first(input, &["file_path", "notebook_path"]))),
        "Write" => {
            let lines = text("content").lines().count();
            teller.act(turn, id, with_lines(action("file-created", text("file_path")), lines, 0));
        }
        "Edit" | "MultiEdit" | "NotebookEdit" => {
            let edits: Vec<&Value> = input["edits"].as_array().map_or_else(|| vec![input], |edits| edits.iter().collect());
            let count = |keys: [&str; 2]| edits.iter().map(|e| first(e, &keys).lines().count()).sum();
            let (new, old) = (count(["new_string", "new_source"]), count(["old_string", "old_source"]));
            teller.act(turn, id, with_lines(action("file-edited", first(input, &["file_path", "notebook_path"])), new, old));
        }
        "WebFetch" => teller.act(turn, id, action("url", text("url"))),
        "WebSearch" => teller.act(turn, id, action("search", text("query"))),
        "TodoWrite" => {
            let list = input["todos"].as_array().into_iter().flatten();
            let item = |t: &Value| Some((t["content"].as_str()?.to_string(), t["status"].as_str().unwrap_or("pending").to_string()));
            teller.todos(turn, &list.filter_map(item).collect::<Vec<_>>());
        }
        "TaskCreate" => teller.todo(turn, id, Some(text("subject")), Some("pending")),
        "TaskUpdate" => {
            let task = input["taskId"].as_str().map_or_else(|| input["taskId"].to_string(), str::to_string);
            let state = input["status"].as_str().map(|state| if state == "deleted" { "cancelled" } else { state });
            teller.todo(turn, &format!("#{task}"), input["subject"].as_str(), state);
        }
        "Agent" | "Task" => {
            let mut agent = action("agent", first(input, &["description", "prompt"]));
            if let Some(kind) = input["subagent_type"].as_str() {
                agent.data.insert("type".into(), kind.into());
            }
            teller.act(turn, id, agent);
        }
        "Glob" | "Grep" | "LS" => {
            let what = first(input, &["pattern", "query", "path"]);
            teller.act(turn, id, action("search", &format!("{name} {what}")));
        }
        // Housekeeping of the agent itself.
        "ToolSearch" | "TaskList" | "TaskGet" | "TaskOutput" | "BashOutput" | "KillShell" | "KillBash" | "ExitPlanMode"
        | "EnterPlanMode" => {}
        other => teller.act(turn, id, action("tool", other)),
    }
}

/// The first of these keys that has a text.
pub(super) fn first<'v>(input: &'v Value, keys: &[&str]) -> &'v str {
    keys.iter().find_map(|key| input[*key].as_str()).unwrap_or_default()
}

/// An edit with how many lines came and went.
pub(super) fn with_lines(mut edit: Action, added: usize, removed: usize) -> Action {
    edit.data.insert("added".into(), added.into());
    edit.data.insert("removed".into(), removed.into());
    edit
}

/// What a tool answered.
fn result(block: &Value, structured: Option<&RawValue>, teller: &mut Teller) {
    let id = block["tool_use_id"].as_str().unwrap_or_default();
    let output = text_of(&block["content"]);
    if let Some(number) = output.strip_prefix("Task #").and_then(|rest| rest.split_once(' ')).map(|(number, _)| number) {
        teller.rename_todo(id, &format!("#{number}"));
    }
    if !teller.has_call(id) {
        return;
    }
    let failed = block["is_error"].as_bool().unwrap_or(false);
    let is_command = teller.of_call(id).iter().any(|a| a.kind == "command");
    let (code, printed) = exit_code(&output);
    // A release may leave the flag out and say it only in the text.
    let failed = failed || code.is_some_and(|code| code != 0);
    let background = teller.of_call(id).iter().any(|a| a.data.contains_key("background"));
    teller.result(id, if background && !failed { None } else { Some(!failed) }, Some(printed));
    for action in teller.of_call(id) {
        if let (true, Some(code)) = (is_command && !background, code.or((!failed).then_some(0))) {
            action.data.insert("exit".into(), code.into());
        }
    }
    let structured = structured.filter(|s| s.get().len() < 4 << 20 && s.get().starts_with('{'));
    let Some(structured) = structured.and_then(|s| serde_json::from_str::<Value>(s.get()).ok()) else { return };
    let hunks = structured["structuredPatch"].as_array().into_iter().flatten();
    let lines: Vec<&str> = hunks.filter_map(|hunk| hunk["lines"].as_array()).flatten().filter_map(Value::as_str).collect();
    let count = |sign: char| lines.iter().filter(|line| line.starts_with(sign)).count();
    for action in teller.of_call(id) {
        match action.kind.as_str() {
            "file-created" if structured["type"] == "update" => action.kind = "file-edited".into(),
            "agent" => {
                if let Some(agent) = structured["agentId"].as_str() {
                    action.data.insert("id".into(), agent.into());
                }
            }
            _ => {}
        }
        if action.kind.starts_with("file-") && count('+') + count('-') > 0 {
            action.data.insert("added".into(), count('+').into());
            action.data.insert("removed".into(), count('-').into());
        }
    }
}

/// The exit status that a failed command's output begins with, and the rest.
fn exit_code(output: &str) -> (Option<i64>, &str) {
    let rest = output.strip_prefix("Error: ").unwrap_or(output);
    let Some(rest) = rest.strip_prefix("Exit code ") else { return (None, output) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest[..digits].parse() {
        Ok(code) => (Some(code), rest[digits..].trim_start_matches('\n')),
        Err(_) => (None, output),
    }
}
