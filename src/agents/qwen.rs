//! Qwen Code: one file of JSON Lines a session, a tree of records by `uuid` and `parentUuid`, with messages as Gemini has them.
//!
//! Each record says of itself where it comes from. Subagents have files of their own, with a description beside them. Early releases
//! write the documents of Gemini CLI, which they came of.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::claude::{Text, text, transcripts, truth};
use super::lines::{self, Format, Read};
use super::teller::{Teller, action};
use super::tree::Tree;
use super::{Agent, Homes, Limits, gemini, parts};
use crate::record::transcript::Told;

pub(super) struct Qwen;

impl Agent for Qwen {
    fn name(&self) -> &'static str {
        "qwen"
    }
    fn title(&self) -> &'static str {
        "Qwen Code"
    }
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        let home = homes.home.join(".qwen");
        let is_session = |path: &PathBuf| path.ancestors().any(|dir| dir.ends_with("chats") || dir.ends_with("subagents"));
        let mut all: Vec<PathBuf> = transcripts(&home.join("projects")).into_iter().filter(is_session).collect();
        all.extend(gemini::documents(&home.join("tmp")));
        all
    }
    fn keeps(&self, path: &Path) -> bool {
        path.extension().is_some_and(|e| e == "jsonl") && super::head(path).is_some_and(|head| is_ours(&head))
    }
    fn subagents(&self, path: &Path) -> Vec<PathBuf> {
        let project = path.parent().filter(|chats| chats.ends_with("chats")).and_then(Path::parent);
        let (Some(project), Some(session)) = (project, path.file_stem()) else { return Vec::new() };
        transcripts(&project.join("subagents").join(session))
    }
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> std::io::Result<Read> {
        if path.extension().is_some_and(|e| e == "json") {
            return gemini::read_document(path, limits, self.name());
        }
        let mut read = lines::read::<Records>(path, mark, limits, self.name())?;
        let meta = std::fs::read(path.with_extension("meta.json")).ok();
        let meta: Value = meta.and_then(|meta| serde_json::from_slice(&meta).ok()).unwrap_or_default();
        for transcript in read.transcripts.iter_mut().filter(|t| t.parent.is_some()) {
            if let Some(title) = meta["description"].as_str() {
                transcript.title = Some(title.to_string());
            }
            if let (None, Some(model)) = (&transcript.model, meta["model"].as_str()) {
                transcript.model = Some(model.to_string());
                let answered = |turn: &&mut Told| turn.agent_response.is_some() || !turn.actions.is_empty();
                transcript.turns.iter_mut().filter(answered).for_each(|turn| turn.model = Some(model.to_string()));
            }
            // A subagent's own subagent.
            if let (Some(session), Some(agent)) = (&transcript.parent, meta["parentAgentId"].as_str()) {
                transcript.parent = Some(format!("{session}/{agent}"));
            }
        }
        Ok(read)
    }
}

fn is_ours(head: &str) -> bool {
    head.lines().take(8).any(|line| {
        line.contains("\"sessionId\"") && line.contains("\"uuid\"") && (line.contains("\"provenance\"") || line.contains("\"parts\""))
    })
}

/// A record; everything else in it is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Record<'a> {
    #[serde(borrow, deserialize_with = "text")]
    uuid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    parent_uuid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    session_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    timestamp: Text<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    subtype: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    provenance: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    cwd: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    git_branch: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    version: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    model: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    agent_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    external_input_kind: Text<'a>,
    #[serde(deserialize_with = "truth")]
    is_sidechain: bool,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_call_result: Option<&'a RawValue>,
    #[serde(borrow)]
    system_payload: Option<&'a RawValue>,
    #[serde(borrow)]
    forked_from: Option<&'a RawValue>,
}

impl Record<'_> {
    fn id(&self) -> &str {
        self.uuid.as_deref().unwrap_or_default()
    }

    fn time(&self) -> Option<DateTime<Utc>> {
        self.timestamp.as_deref().and_then(|t| DateTime::parse_from_rfc3339(t).ok()).map(|t| t.to_utc())
    }

    fn parts(&self) -> Value {
        value(self.message).get_mut("parts").map(Value::take).unwrap_or_default()
    }
}

fn value(raw: Option<&RawValue>) -> Value {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// What must be known of earlier records.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Records {
    /// A person gave the conversation its title.
    titled: bool,
    /// When the newest record was written.
    newest: Option<DateTime<Utc>>,
    #[serde(skip)]
    tree: Tree,
    /// What is older than this may be before the part that is read.
    #[serde(skip)]
    from: Option<DateTime<Utc>>,
    #[serde(skip)]
    again: bool,
}

impl Clone for Records {
    /// A copy is kept at the beginning of each turn, for which all else is not needed.
    fn clone(&self) -> Records {
        Records { titled: self.titled, newest: self.newest, ..Records::default() }
    }
}

impl Format for Records {
    fn may_begin(&self, line: &[u8]) -> bool {
        let head = String::from_utf8_lossy(line.get(..600).unwrap_or(line));
        head.contains("\"type\":\"user\"") || head.contains("\"type\": \"user\"")
    }

    fn line(&mut self, line: &[u8], teller: &mut Teller) -> bool {
        let Ok(record) = serde_json::from_slice::<Record<'_>>(line) else { return false };
        if record.uuid.is_some() && teller.is_new(record.id()) {
            let time = record.time().filter(|_| record.kind.as_deref() != Some("system"));
            self.from = self.from.or(time.max(self.newest));
            self.newest = self.newest.max(time);
            // What was said before the part may be said again.
            self.again |= time.is_some_and(|time| Some(time) < self.from);
            self.record(&record, teller);
        }
        true
    }

    fn end(&mut self, teller: &mut Teller, partly: bool) {
        self.again |= self.tree.abandon(teller, partly);
    }

    fn needs_all(&self) -> bool {
        self.again
    }
}

impl Records {
    fn record(&mut self, record: &Record<'_>, teller: &mut Teller) {
        let session = record.session_id.as_deref().unwrap_or_default();
        let agent = record.agent_id.as_deref().filter(|agent| record.is_sidechain && !agent.is_empty());
        let native = agent.map_or_else(|| session.to_string(), |agent| format!("{session}/{agent}"));
        if teller.about.native_id.is_empty() {
            teller.about.native_id.clone_from(&native);
            teller.about.parent = agent.map(|_| session.to_string());
        }
        if agent.is_some() && teller.about.parent.is_none() {
            // A subagent in the same file.
            let child = teller.child(&native);
            about(record, child);
            self.said(record, child);
            return;
        }
        about(record, teller);
        let kind = record.kind.as_deref().unwrap_or_default();
        let is_said = matches!(kind, "user" | "assistant" | "tool_result") || record.subtype.as_deref() == Some("rewind");
        self.tree.add(record.id(), record.parent_uuid.as_deref(), is_said);
        if self.said(record, teller) {
            self.tree.prompt(record.id());
        }
    }

    /// Says whether it was a prompt.
    fn said(&mut self, record: &Record<'_>, teller: &mut Teller) -> bool {
        match record.kind.as_deref().unwrap_or_default() {
            "user" => return user(record, teller),
            "assistant" => answer(record, teller),
            "tool_result" => result(record, teller),
            "system" => self.system(record, teller),
            _ => {}
        }
        false
    }

    fn system(&mut self, record: &Record<'_>, teller: &mut Teller) {
        match record.subtype.as_deref().unwrap_or_default() {
            "chat_compression" => teller.compacted(record.time()),
            "custom_title" => {
                let payload = value(record.system_payload);
                // Titles of before there were two kinds are a person's.
                let by_person = payload["titleSource"] != "auto";
                let title = payload["customTitle"].as_str().map(str::trim).filter(|title| !title.is_empty());
                if let Some(title) = title.filter(|_| by_person || !self.titled) {
                    self.titled = by_person;
                    teller.about.title = Some(title.to_string());
                }
            }
            "parent_session" => {
                let parent = value(record.system_payload)["parentSessionId"].as_str().map(str::to_string);
                teller.about.parent = teller.about.parent.take().or(parent.filter(|parent| !parent.is_empty()));
            }
            "ui_telemetry" => failed(record, teller),
            _ => {}
        }
    }
}

/// What a record says of the conversation.
fn about(record: &Record<'_>, teller: &mut Teller) {
    let about = &mut teller.about;
    for (there, text) in [(&mut about.cwd, &record.cwd), (&mut about.branch, &record.git_branch)] {
        if there.is_none() {
            *there = text.as_deref().filter(|text| !text.is_empty()).map(str::to_string);
        }
    }
    if let Some(version) = &record.version {
        about.data.insert("version".into(), version.as_ref().into());
    }
}

/// A message of the user: what a person typed, or what is said in their place.
fn user(record: &Record<'_>, teller: &mut Teller) -> bool {
    let is_typed = match record.subtype.as_deref() {
        None | Some("mid_turn_user_message" | "realtime_message") => record.provenance.as_deref().is_none_or(|from| from == "real_user"),
        Some(subtype) => subtype == "agent_launch_prompt" && record.is_sidechain,
    };
    if !is_typed || record.external_input_kind.as_deref() == Some("notification") {
        return false;
    }
    let content = record.parts();
    let said = parts::texts(&content).join("\n\n");
    if let Some((command, output)) = parts::shell_line(&said) {
        let turn = teller.last(record.id(), record.time());
        parts::run_by_user(command, output, record.id(), turn, teller);
        return false;
    }
    let shown = parts::prompt(&value(record.system_payload)["displayText"]).or_else(|| parts::prompt(&content));
    let text = shown.map(|text| text.trim_start_matches("[User message received during tool execution]:").trim().to_string());
    let Some(text) = text.filter(|text| !text.is_empty()) else { return false };
    let turn = teller.prompt(record.id(), record.time(), &text);
    if let Some(origin) = value(record.forked_from)["sessionId"].as_str() {
        teller.about.origin = Some(origin.to_string());
        teller.about.origin_turn = Some(record.id().to_string());
        teller.turn(turn).copied = true;
    }
    true
}

fn answer(record: &Record<'_>, teller: &mut Teller) {
    let turn = teller.last(record.id(), record.time());
    for (n, part) in record.parts().as_array().into_iter().flatten().enumerate() {
        parts::texts(part).into_iter().for_each(|text| teller.say(turn, text));
        let call = &part["functionCall"];
        if let Some(name) = call["name"].as_str() {
            let id = call["id"].as_str().filter(|id| !id.is_empty()).map_or_else(|| format!("{}/{n}", record.id()), str::to_string);
            parts::tool(name, &call["args"], turn, &id, teller);
        }
    }
    if let Some(model) = record.model.as_deref().filter(|model| !model.is_empty()) {
        teller.about.model = Some(model.to_string());
        teller.turn(turn).model = Some(model.to_string());
    }
    let usage = value(record.usage_metadata);
    teller.used(turn, parts::count(&usage["promptTokenCount"]), parts::count(&usage["candidatesTokenCount"]));
}

/// What tools gave back.
fn result(record: &Record<'_>, teller: &mut Teller) {
    let call = value(record.tool_call_result);
    for part in record.parts().as_array().into_iter().flatten() {
        let id = part["functionResponse"]["id"].as_str().or_else(|| call["callId"].as_str()).unwrap_or_default();
        let (answer, failed) = parts::response(part);
        let ok = !failed && !matches!(call["status"].as_str(), Some("error" | "cancelled"));
        parts::result(id, Some(ok), answer, &call["resultDisplay"], teller);
    }
}

/// A request that failed, or that the person stopped.
fn failed(record: &Record<'_>, teller: &mut Teller) {
    let is_one = |payload: &&RawValue| payload.get().contains("api_error") || payload.get().contains("api_cancel");
    let event = value(record.system_payload.filter(is_one)).get_mut("uiEvent").map(Value::take).unwrap_or_default();
    let request = event["prompt_id"].as_str().unwrap_or_default();
    let by_subagent = event["subagent_name"].is_string() || (request.contains('#') && !request.contains("########"));
    let Some(turn) = teller.turns().checked_sub(1).filter(|_| !by_subagent) else { return };
    match event["event.name"].as_str().unwrap_or_default().trim_start_matches("qwen-code.") {
        "api_cancel" => drop(teller.turn(turn).data.insert("interrupted".into(), true.into())),
        "api_error" => {
            let message = super::claude::first(&event, &["error_message", "error"]);
            let mut error = action("error", message);
            error.ok = Some(false);
            teller.act(turn, "", error);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
