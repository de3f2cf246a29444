//! Cline: a directory for each session, `data/sessions/ID`, with its messages, those of its subagents, and a manifest `ID.json`.
//!
//! Files of messages are JSON documents that are written anew each time, so they are read as a whole. Read as releases of 3.0 write
//! them; what the extension for editors keeps below `tasks` is not read.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::claude::{first, text_of, with_lines};
use super::copilot::repeats;
use super::lines::{Read, mended};
use super::teller::{Known, Teller, action, shortened, time, typed};
use super::{Agent, Homes, Limits, patch};

pub(super) struct Cline;

impl Agent for Cline {
    fn name(&self) -> &'static str {
        "cline"
    }
    fn title(&self) -> &'static str {
        "Cline"
    }
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        let dir = homes.named("CLINE_DATA_DIR", ".cline/data").join("sessions");
        let files = walkdir::WalkDir::new(dir).min_depth(2).max_depth(2).into_iter().filter_map(Result::ok);
        let files = files.filter(|f| f.file_type().is_file()).map(walkdir::DirEntry::into_path).filter(|path| is_messages(path));
        let mut files: Vec<PathBuf> = files.collect();
        // Who starts subagents comes before them.
        files.sort_by_cached_key(|path| (path.parent().map(Path::to_path_buf), !is_main(path), path.clone()));
        files
    }
    fn keeps(&self, path: &Path) -> bool {
        is_messages(path) && super::head(path).is_some_and(|head| head.contains("\"sessionId\"") || head.contains("\"messages\""))
    }
    fn beside(&self, path: &Path) -> Option<PathBuf> {
        let session = path.parent().and_then(Path::file_name)?;
        Some(path.with_file_name(format!("{}.json", session.to_string_lossy())))
    }
    fn subagents(&self, path: &Path) -> Vec<PathBuf> {
        let all = path.parent().filter(|_| is_main(path)).and_then(|dir| dir.read_dir().ok()).into_iter().flatten();
        let mut files: Vec<PathBuf> = all.filter_map(Result::ok).map(|file| file.path()).filter(|f| is_messages(f) && f != path).collect();
        files.sort();
        files
    }
    fn read(&self, path: &Path, _: Option<&str>, limits: Limits) -> std::io::Result<Read> {
        let file = std::fs::read(path)?;
        let (bytes, text) = (file.len() as u64, mended(&file));
        let Ok(document) = serde_json::from_slice::<Document>(&text) else { return Ok(Read { bytes, unread: 1, ..Read::default() }) };
        let mut session = Session::new(&document, &manifest(path), limits);
        let messages = document.messages.and_then(|m| serde_json::from_str::<Vec<&RawValue>>(m.get()).ok()).unwrap_or_default();
        for (n, message) in messages.into_iter().enumerate() {
            let message: Value = serde_json::from_str(message.get()).unwrap_or_default();
            session.message(n, &message);
        }
        Ok(Read { transcripts: vec![session.finish()], mark: None, bytes, unread: 0 })
    }
}

fn is_messages(path: &Path) -> bool {
    path.file_name().and_then(|n| n.to_str()).is_some_and(|name| name.ends_with(".messages.json"))
}

/// The file of who was asked by the person, named as the directory that it lies in.
fn is_main(path: &Path) -> bool {
    let session = path.parent().and_then(Path::file_name);
    path.file_name().and_then(|n| n.to_str()).and_then(|name| name.strip_suffix(".messages.json")).map(AsRef::as_ref) == session
}

/// The manifest of the session that a file belongs to.
fn manifest(path: &Path) -> Value {
    let text = Cline.beside(path).and_then(|path| std::fs::read_to_string(path).ok());
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// A file of messages.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(default)]
    session_id: Value,
    #[serde(default)]
    agent: Value,
    #[serde(default)]
    origin: Value,
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
}

/// A session as its messages tell it.
struct Session {
    teller: Teller,
    limits: Limits,
    /// Title that the manifest has.
    title: Option<String>,
    /// Until when the session was another agent's.
    imported: Option<DateTime<Utc>>,
}

impl Session {
    fn new(document: &Document<'_>, manifest: &Value, limits: Limits) -> Session {
        let mut teller = Teller::new("cline", Known::default(), limits);
        let text = |value: &Value| value.as_str().filter(|t| !t.is_empty()).map(str::to_string);
        let (about, metadata) = (&mut teller.about, &manifest["metadata"]);
        about.native_id = text(&document.session_id).or_else(|| text(&manifest["session_id"])).unwrap_or_default();
        about.parent = text(&document.origin["parentThreadId"]);
        about.cwd = text(&manifest["cwd"]).or_else(|| text(&manifest["workspace_root"]));
        about.branch = text(&metadata["git"]["branch"]);
        about.model = text(&manifest["model"]);
        if let Some(version) = text(&document.origin["version"]) {
            about.data.insert("version".into(), version.into());
        }
        let title = text(&metadata["title"]).filter(|_| document.agent.as_str().is_none_or(|agent| agent == "lead"));
        Session { teller, limits, title, imported: time(&metadata["importedFrom"]["importedAt"]) }
    }

    fn message(&mut self, n: usize, message: &Value) {
        let teller = &mut self.teller;
        let id = message["id"].as_str().filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("{}:{n}", teller.about.native_id), str::to_string);
        if !teller.is_new(&id) {
            return;
        }
        let at = time(&message["ts"]);
        let shown = message["metadata"]["displayRole"].as_str().unwrap_or_default();
        match message["role"].as_str().unwrap_or_default() {
            "user" => {
                let blocks = message["content"].as_array().map(Vec::as_slice).unwrap_or_default();
                let mut answers = blocks.iter().filter(|b| b["type"] == "tool_result").peekable();
                let answered = answers.peek().is_some();
                answers.for_each(|block| result(block, self.limits, teller));
                if message["metadata"]["kind"].as_str().is_some_and(|kind| kind.starts_with("compaction")) {
                    teller.compacted(time(&message["metadata"]["generatedAt"]).or(at));
                } else if !answered && is_human(message) {
                    teller.prompt(&id, at, &asked(&text_of(&message["content"])));
                }
            }
            "assistant" if shown == "error" => {
                let turn = teller.last(&id, at);
                let mut error = action("error", text_of(&message["content"]).trim());
                error.ok = Some(false);
                teller.act(turn, "", error);
            }
            "assistant" => self.answer(&id, at, message),
            _ => {}
        }
    }

    fn answer(&mut self, id: &str, at: Option<DateTime<Utc>>, message: &Value) {
        let teller = &mut self.teller;
        let turn = teller.last(id, at);
        if let Some(model) = message["modelInfo"]["id"].as_str() {
            teller.about.model = Some(model.to_string());
            teller.turn(turn).model = Some(model.to_string());
        }
        match &message["content"] {
            Value::String(text) => teller.say(turn, text),
            blocks => {
                for block in blocks.as_array().into_iter().flatten() {
                    match block["type"].as_str().unwrap_or_default() {
                        "text" => teller.say(turn, block["text"].as_str().unwrap_or_default()),
                        "tool_use" => tool(block, turn, teller),
                        _ => {}
                    }
                }
            }
        }
        let count = |key: &str| message["metrics"][key].as_u64().unwrap_or(0);
        teller.used(turn, count("inputTokens"), count("outputTokens"));
    }

    fn finish(mut self) -> crate::record::transcript::Transcript {
        let first = self.teller.told().first().and_then(|turn| turn.user_input.as_deref()).unwrap_or_default();
        self.teller.about.title = self.title.filter(|title| !repeats(first, title));
        let mut told = self.teller.finish().swap_remove(0);
        // What was said to another agent is in that one's own files.
        if let Some(imported) = self.imported {
            told.turns.retain(|turn| turn.time.is_some_and(|time| time > imported));
        }
        told
    }
}

/// Whether a message of the user's side comes from a person, or is the task of a subagent.
fn is_human(message: &Value) -> bool {
    const NOTICES: [&str; 7] = [
        "auto_compaction",
        "manual_compaction",
        "completion_reminder",
        "loop_detection_notice",
        "mistake_stop_notice",
        "recovery_notice",
        "compaction_budget_emergency",
    ];
    let metadata = &message["metadata"];
    let is = |key: &str, words: &[&str]| metadata[key].as_str().is_some_and(|word| words.contains(&word));
    if is("displayRole", &["system", "status", "error"]) || is("kind", &NOTICES) || metadata["userRunSpan"] == 0 {
        return false;
    }
    let text = asked(&text_of(&message["content"]));
    let attached = message["content"].as_array().is_some_and(|blocks| blocks.iter().any(|b| b["type"] == "image" || b["type"] == "file"));
    let going_on = text.starts_with("[TASK RESUMPTION]") || text.starts_with("The user approved switching to act mode.");
    !going_on && (attached || !text.is_empty())
}

/// What was typed; a command with what it stands for.
fn asked(text: &str) -> String {
    let text = typed(text);
    let command = text.strip_prefix("<user_command slash=\"").and_then(|t| t.split_once("\">"));
    match command {
        Some((name, rest)) => format!("/{name} {}", rest.trim_end().trim_end_matches("</user_command>").trim()).trim().to_string(),
        None => text,
    }
}

/// The items of a list; some tools are given a single one instead, or the list itself as their input.
fn items<'v>(input: &'v Value, keys: &[&str]) -> Vec<&'v Value> {
    let list = keys.iter().map(|key| &input[*key]).find(|value| !value.is_null()).unwrap_or(input);
    list.as_array().map_or_else(|| vec![list], |list| list.iter().collect())
}

/// A call of a tool, as actions: one for each of its items.
fn tool(block: &Value, turn: usize, teller: &mut Teller) {
    let (id, input) = (block["id"].as_str().unwrap_or_default(), &block["input"]);
    let mut act = |kind: &str, value: &str| teller.act(turn, id, action(kind, value));
    let text = |item: &Value, keys: &[&str]| item.as_str().unwrap_or_else(|| first(item, keys)).to_string();
    match block["name"].as_str().unwrap_or_default() {
        "run_commands" => {
            for item in items(input, &["commands", "command", "cmd"]) {
                let words = item["args"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let words: Vec<String> = std::iter::once(text(item, &["command", "cmd"])).chain(words.map(str::to_string)).collect();
                act("command", &words.join(" "));
            }
        }
        "read_files" => {
            for item in items(input, &["files", "file_paths", "paths"]) {
                act("file-read", &text(item, &["path", "file_path", "filePath"]));
            }
        }
        "search_codebase" => {
            items(input, &["queries"]).into_iter().for_each(|q| act("search", &format!("search_codebase {}", text(q, &[]))));
        }
        "fetch_web_content" => items(input, &["requests"]).into_iter().for_each(|r| act("url", &text(r, &["url"]))),
        "editor" => {
            let lines = |key: &str| input[key].as_str().unwrap_or_default().lines().count();
            let is_new = input["old_text"].is_null() && input["insert_line"].is_null();
            let kind = if is_new { "file-created" } else { "file-edited" };
            teller.act(turn, id, with_lines(action(kind, &text(input, &["path"])), lines("new_text"), lines("old_text")));
        }
        "apply_patch" => patch::actions(&text(input, &["input"])).into_iter().for_each(|edit| teller.act(turn, id, edit)),
        "spawn_agent" | "team_run_task" => act("agent", &text(input, &["task"])),
        // What is submitted is the last word.
        "submit_and_exit" => teller.say(turn, input["summary"].as_str().unwrap_or_default()),
        // Housekeeping of the agent itself.
        name if name.is_empty() || name.starts_with("team_") || name == "switch_to_act_mode" => {}
        other => act("tool", other),
    }
}

/// What a tool answered: one result for each item, or one for all.
fn result(block: &Value, limits: Limits, teller: &mut Teller) {
    let content = match &block["content"] {
        Value::String(text) => {
            serde_json::from_str(text).ok().filter(|v: &Value| v.is_object() || v.is_array()).unwrap_or_else(|| text.as_str().into())
        }
        other => other.clone(),
    };
    let results: Vec<&Value> = items(&content, &[]).into_iter().filter(|r| r["success"].is_boolean()).collect();
    let failed = block["is_error"] == true;
    let mut actions = teller.of_call(block["tool_use_id"].as_str().unwrap_or_default());
    let apart = actions.len() == results.len();
    for (n, action) in actions.iter_mut().enumerate() {
        let own: Vec<&Value> = if apart { results.get(n).copied().into_iter().collect() } else { results.clone() };
        let ok = !failed && own.iter().all(|r| r["success"] == true);
        let said = own.iter().map(|r| [&r["result"], &r["error"]].into_iter().filter_map(Value::as_str).find(|t| !t.is_empty()));
        let said = if own.is_empty() { text_of(&content) } else { said.flatten().collect::<Vec<_>>().join("\n") };
        let (code, printed) = exit_code(&said);
        action.ok = Some(ok && code.is_none_or(|code| code == 0));
        match action.kind.as_str() {
            // What runs on has not succeeded yet.
            "command" if ok && said.starts_with("[Command is still running") => action.ok = None,
            "command" => action.data.extend(code.or(ok.then_some(0)).map(|code| ("exit".to_string(), code.into()))),
            "file-created" if own.iter().any(|r| r["result"].as_str().is_some_and(|t| t.starts_with("Edited "))) => {
                action.kind = "file-edited".into();
            }
            _ => {}
        }
        if matches!(action.kind.as_str(), "command" | "tool") || !ok {
            action.output = shortened(printed, limits);
        }
    }
}

/// The exit status that a failed command's output begins with, and what was printed.
fn exit_code(output: &str) -> (Option<i64>, &str) {
    let told = output.strip_prefix("[Command exited with code ").and_then(|rest| rest.split_once(']'));
    match told.and_then(|(code, printed)| Some((code.parse().ok()?, printed))) {
        Some((code, printed)) => {
            let printed = printed.trim_start_matches('\n');
            (Some(code), printed.strip_prefix("[stderr]\n").unwrap_or(printed))
        }
        None => (None, output),
    }
}

#[cfg(test)]
mod tests;
