//! Gemini CLI: one file a session, of JSON Lines in which a message is written again when there is more to say of it.
//!
//! Lines with `$set` change what is known of the session; where they hold messages, these are its history from then on. What was said
//! before stays told. Subagents have files of their own, below a directory named after the session. Early releases write a JSON
//! document instead.

mod document;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::claude::{Text, text};
use super::lines::{self, Format, Read};
use super::parts;
use super::teller::{Teller, action};
use super::{Agent, Homes, Limits};
use crate::record::transcript::Transcript;

pub(super) use document::{documents, read as read_document};

pub(super) struct Gemini;

impl Agent for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }
    fn title(&self) -> &'static str {
        "Gemini CLI"
    }
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        chats(&homes.home.join(".gemini").join("tmp"))
    }
    fn keeps(&self, path: &Path) -> bool {
        path.extension().is_some_and(|e| e == "json" || e == "jsonl")
            && super::head(path).is_some_and(|head| head.contains("\"sessionId\"") && head.contains("\"projectHash\""))
    }
    fn subagents(&self, path: &Path) -> Vec<PathBuf> {
        let session = super::head(path).and_then(|head| {
            let record: Record<'_> = serde_json::from_str(head.lines().next()?).ok()?;
            record.session_id.map(|id| id.into_owned()).filter(|id| !id.is_empty() && !id.contains(['/', '\\']))
        });
        session.map_or_else(Vec::new, |id| super::claude::transcripts(&path.with_file_name(id)))
    }
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> std::io::Result<Read> {
        if path.extension().is_some_and(|e| e == "json") {
            return read_document(path, limits, self.name());
        }
        let mut read = lines::read::<Records>(path, mark, limits, self.name())?;
        read.transcripts.iter_mut().for_each(|transcript| placed(transcript, path));
        Ok(read)
    }
}

/// The sessions below a directory, in order. One that was begun in a document and went on in lines is in both files.
fn chats(dir: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_map(Result::ok).filter(|f| f.file_type().is_file());
    let in_chats = |path: &PathBuf| path.ancestors().skip(1).take(2).any(|dir| dir.ends_with("chats"));
    let is_session = |path: &PathBuf| match path.extension().and_then(|e| e.to_str()) {
        Some("jsonl") => true,
        Some("json") => !path.with_extension("jsonl").exists(),
        _ => false,
    };
    files.map(walkdir::DirEntry::into_path).filter(in_chats).filter(is_session).collect()
}

/// What the place of a file tells of it: the session that began a subagent, and the project's directory.
fn placed(transcript: &mut Transcript, path: &Path) {
    let Some(dir) = path.parent() else { return };
    let chats = dir.ancestors().take(2).find(|dir| dir.ends_with("chats"));
    if transcript.parent.is_none() && chats.is_some_and(|chats| chats != dir) {
        transcript.parent = dir.file_name().map(|name| name.to_string_lossy().into_owned());
    }
    if transcript.cwd.is_some() {
        return;
    }
    let root = chats.and_then(Path::parent).and_then(|project| std::fs::read_to_string(project.join(".project_root")).ok());
    let Some(root) = root.map(|root| root.trim().to_string()).filter(|root| !root.is_empty()) else { return };
    let files = transcript.turns.iter_mut().flat_map(|turn| &mut turn.actions).filter(|action| action.kind.starts_with("file-"));
    for file in files {
        if let Some(below) = file.value.strip_prefix(root.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/')) {
            file.value = below.to_string();
        }
    }
    transcript.cwd = Some(root);
}

/// A message, or what is known of the session; everything else in it is passed over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Record<'a> {
    #[serde(borrow, deserialize_with = "text")]
    id: Text<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    model: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    session_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    summary: Text<'a>,
    #[serde(borrow, deserialize_with = "text", rename = "$rewindTo")]
    rewind_to: Text<'a>,
    #[serde(borrow, rename = "$set")]
    set: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    directories: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    display_content: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    tokens: Option<&'a RawValue>,
}

impl<'a> Record<'a> {
    /// The messages that it holds, and those of them that can be understood.
    fn messages(&self) -> Vec<Record<'a>> {
        let list = self.messages.and_then(|list| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok()).unwrap_or_default();
        list.into_iter().filter_map(|message| serde_json::from_str(message.get()).ok()).collect()
    }

    fn time(&self) -> Option<DateTime<Utc>> {
        self.timestamp.as_deref().and_then(|t| DateTime::parse_from_rfc3339(t).ok()).map(|t| t.to_utc())
    }
}

fn value(raw: Option<&RawValue>) -> Value {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    turn: Option<usize>,
    /// Its text among those of the turn.
    text: Option<usize>,
    /// Tokens of it that were counted.
    output: u64,
}

/// What must be known of earlier messages.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Records {
    /// There are messages, of which the newest is of this time.
    begun: bool,
    newest: Option<DateTime<Utc>>,
    /// Messages that tell of commands which the person ran.
    shell: Vec<String>,
    #[serde(skip)]
    places: HashMap<String, Place>,
    #[serde(skip)]
    calls: HashSet<String>,
    /// There are messages before these, and what is older than this may be among them.
    #[serde(skip)]
    partly: bool,
    #[serde(skip)]
    from: Option<DateTime<Utc>>,
    #[serde(skip)]
    again: bool,
}

impl Clone for Records {
    /// A copy is kept at the beginning of each turn, for which all else is not needed.
    fn clone(&self) -> Records {
        Records { begun: self.begun, newest: self.newest, shell: self.shell.clone(), ..Records::default() }
    }
}

impl Format for Records {
    fn may_begin(&self, line: &[u8]) -> bool {
        // Results of tools are messages of the user, too.
        let head = String::from_utf8_lossy(line.get(..400).unwrap_or(line));
        (head.contains("\"type\":\"user\"") || head.contains("\"type\": \"user\"")) && !head.contains("\"functionResponse\"")
    }

    fn line(&mut self, line: &[u8], teller: &mut Teller) -> bool {
        let Ok(record) = serde_json::from_slice::<Record<'_>>(line) else { return false };
        if let Some(id) = &record.rewind_to {
            self.rewind(id, teller);
        } else if let Some(set) = record.set.and_then(|set| serde_json::from_str::<Record<'_>>(set.get()).ok()) {
            session(&set, teller);
            self.history(&set.messages(), teller);
        } else if record.id.is_some() {
            self.message(&record, teller);
        } else {
            session(&record, teller);
            self.history(&record.messages(), teller);
        }
        true
    }

    fn needs_all(&self) -> bool {
        self.again
    }
}

/// What is said of the session.
fn session(record: &Record<'_>, teller: &mut Teller) {
    let about = &mut teller.about;
    if let Some(id) = record.session_id.as_deref().filter(|id| !id.is_empty() && about.native_id.is_empty()) {
        about.native_id = id.to_string();
    }
    if let Some(title) = record.summary.as_deref().map(str::trim).filter(|title| !title.is_empty()) {
        about.title = Some(title.to_string());
    }
    if about.cwd.is_none() {
        about.cwd = value(record.directories)[0].as_str().filter(|dir| !dir.is_empty()).map(str::to_string);
    }
}

impl Records {
    fn message(&mut self, record: &Record<'_>, teller: &mut Teller) {
        let id = record.id.as_deref().unwrap_or_default();
        if self.places.is_empty() {
            (self.partly, self.from) = (self.begun, record.time().max(self.newest));
        }
        let is_known = self.places.contains_key(id);
        // What was said before may be said again.
        self.again |= self.partly && record.time().is_some_and(|time| Some(time) < self.from);
        let last = teller.turns().checked_sub(1);
        match (record.kind.as_deref().unwrap_or_default(), last) {
            ("user", _) if !is_known => self.user(record, teller),
            ("gemini", _) => self.answer(record, teller),
            ("info", Some(turn)) if is_cancelled(&value(record.content)) => {
                teller.turn(turn).data.insert("interrupted".into(), true.into());
            }
            ("error", Some(turn)) if !is_known => {
                let mut error = action("error", parts::texts(&value(record.content)).join("\n\n").trim());
                error.ok = Some(false);
                teller.act(turn, "", error);
            }
            _ => {}
        }
        let turn = teller.turns().checked_sub(1);
        self.places.entry(id.to_string()).or_insert(Place { turn, ..Place::default() });
        (self.begun, self.newest) = (true, self.newest.max(record.time()));
    }

    fn user(&mut self, record: &Record<'_>, teller: &mut Teller) {
        let id = record.id.as_deref().unwrap_or_default();
        let content = value(record.content);
        if content.as_array().is_some_and(|parts| parts.iter().any(|part| !part["functionResponse"].is_null())) {
            return;
        }
        let text = parts::texts(&content).join("\n\n");
        if text.trim_start().starts_with("<state_snapshot>") {
            teller.compacted(record.time());
        }
        if teller.about.cwd.is_none() {
            teller.about.cwd = directory(&text).map(str::to_string);
        }
        if let Some((command, output)) = parts::shell_line(&text) {
            self.shell.push(id.to_string());
            let turn = teller.last(id, record.time());
            parts::run_by_user(command, output, id, turn, teller);
        } else if let Some(text) = parts::prompt(&value(record.display_content)).or_else(|| parts::prompt(&content)) {
            teller.prompt(id, record.time(), &text);
        }
    }

    fn answer(&mut self, record: &Record<'_>, teller: &mut Teller) {
        let id = record.id.as_deref().unwrap_or_default();
        let mut place = self.places.get(id).copied().unwrap_or_default();
        let turn = place.turn.unwrap_or_else(|| teller.last(id, record.time()));
        place.turn = Some(turn);
        let text = parts::texts(&value(record.content)).join("\n\n");
        match place.text {
            _ if text.trim().is_empty() => {}
            Some(at) => teller.say_again(turn, at, &text),
            None => {
                teller.say(turn, &text);
                place.text = teller.said(turn).checked_sub(1);
            }
        }
        if let Some(model) = record.model.as_deref().filter(|model| !model.is_empty()) {
            teller.about.model = Some(model.to_string());
            teller.turn(turn).model = Some(model.to_string());
        }
        let tokens = value(record.tokens);
        let output = parts::count(&tokens["output"]).max(place.output);
        teller.used(turn, parts::count(&tokens["input"]), output - place.output);
        place.output = output;
        self.places.insert(id.to_string(), place);
        self.calls(record, turn, teller);
    }

    /// The calls of tools that hang on a message.
    fn calls(&mut self, record: &Record<'_>, turn: usize, teller: &mut Teller) {
        let id = record.id.as_deref().unwrap_or_default();
        for (n, call) in value(record.tool_calls).as_array().into_iter().flatten().enumerate() {
            let key = call["id"].as_str().filter(|key| !key.is_empty()).map_or_else(|| format!("{id}/{n}"), str::to_string);
            if self.calls.insert(key.clone()) {
                parts::tool(call["name"].as_str().unwrap_or_default(), &call["args"], turn, &key, teller);
            }
            let (answer, failed) = parts::response(&call["result"]);
            let ok = match call["status"].as_str() {
                Some("success") => Some(!failed),
                Some("error" | "cancelled") => Some(false),
                _ => failed.then_some(false),
            };
            parts::result(&key, ok, answer, &call["resultDisplay"], teller);
            if let Some(agent) = call["agentId"].as_str() {
                let agents = teller.of_call(&key).into_iter().filter(|action| action.kind == "agent");
                agents.for_each(|action| drop(action.data.insert("id".into(), agent.into())));
            }
        }
    }

    /// The messages that are the history from now on. Where the last turns are left out, they were taken back; where the first ones
    /// are, the conversation was compacted.
    fn history(&mut self, messages: &[Record<'_>], teller: &mut Teller) {
        if self.places.is_empty() && !self.begun {
            messages.iter().filter(|message| message.id.is_some()).for_each(|message| self.message(message, teller));
            return;
        }
        let (mut last, mut met, mut has_new) = (None, false, false);
        for message in messages {
            let id = message.id.as_deref().unwrap_or_default();
            if let Some(place) = self.places.get(id) {
                last = place.turn.or(last);
                met = true;
            } else if message.kind.as_deref() == Some("user") && !self.shell.iter().any(|shell| shell == id) {
                let text = parts::texts(&value(message.content)).join("\n\n");
                if text.trim_start().starts_with("<state_snapshot>") {
                    teller.compacted(message.time());
                }
                has_new = true;
                let Some((command, output)) = parts::shell_line(&text) else { continue };
                self.again |= self.partly && !met;
                self.shell.push(id.to_string());
                let turn = last.unwrap_or_else(|| teller.last(id, message.time()));
                parts::run_by_user(command, output, id, turn, teller);
            }
        }
        self.again |= self.partly && !met && !messages.is_empty();
        let gone = match last {
            Some(turn) => turn + 1,
            None if met && !has_new => 0,
            None => return,
        };
        (gone..teller.turns()).for_each(|turn| teller.turn(turn).abandoned = true);
    }

    /// All from this message on was taken back.
    fn rewind(&mut self, id: &str, teller: &mut Teller) {
        let Some(place) = self.places.get(id) else {
            self.again |= self.begun && (self.partly || self.places.is_empty());
            return;
        };
        let begins = |turn: &usize| teller.told().get(*turn).is_some_and(|told| told.native_id == id);
        let gone = place.turn.map_or(0, |turn| if begins(&turn) { turn } else { turn + 1 });
        (gone..teller.turns()).for_each(|turn| teller.turn(turn).abandoned = true);
    }
}

fn is_cancelled(content: &Value) -> bool {
    let text = parts::texts(content).join(" ");
    ["Request cancelled", "User cancelled the request"].iter().any(|words| text.trim_start().starts_with(words))
}

/// The directory that the agent is told it works in.
fn directory(text: &str) -> Option<&str> {
    let context = text.trim_start().strip_prefix("<session_context>")?;
    let (_, rest) = context.split_once("Workspace Directories:**").or_else(|| context.split_once("working in the directory:"))?;
    let line = rest.lines().map(|line| line.trim().trim_start_matches("- ")).find(|line| !line.is_empty())?;
    Path::new(line).is_absolute().then_some(line)
}

#[cfg(test)]
mod tests;
