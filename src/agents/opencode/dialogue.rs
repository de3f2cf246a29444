//! A session of OpenCode, wherever it was read from, and what it tells.

use std::collections::HashSet;
use std::io;

use serde_json::Value;

use super::tools;
use crate::agents::Limits;
use crate::agents::teller::{Known, Teller, action, time, typed};
use crate::record::action::Action;
use crate::record::transcript::Transcript;

/// A session with its messages.
pub(super) struct Dialogue {
    pub(super) info: Value,
    pub(super) messages: Vec<Message>,
}

/// A message with its parts.
pub(super) struct Message {
    pub(super) info: Value,
    pub(super) parts: Vec<Value>,
}

impl Message {
    pub(super) fn id(&self) -> &str {
        self.info["id"].as_str().unwrap_or_default()
    }

    fn created(&self) -> Option<i64> {
        self.info["time"]["created"].as_i64()
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.parts.iter().filter(move |part| part["type"] == kind)
    }

    /// What a person said in it: not what the program put in. A command with a task of its own says that task.
    fn said(&self) -> String {
        let texts = self.of("text").filter(|part| !is_injected(part)).filter_map(|part| part["text"].as_str());
        let text = unquoted(&typed(&texts.collect::<Vec<_>>().join("\n\n")));
        match self.of("subtask").find_map(|part| part["prompt"].as_str()) {
            Some(task) if text.is_empty() => typed(task),
            _ => text,
        }
    }
}

fn is_injected(part: &Value) -> bool {
    part["synthetic"] == true || part["ignored"] == true
}

/// A prompt as it was meant: one that was given on the command line is stored in quotes where it has blanks.
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|inner| inner.contains(' '));
    match inner.map(|inner| inner.replace("\\\"", "\0")) {
        Some(inner) if !inner.contains('"') => inner.replace('\0', "\""),
        _ => text.to_string(),
    }
}

/// When a session began and was last used.
pub(super) struct Span {
    session: String,
    from: i64,
    to: i64,
}

impl Span {
    pub(super) fn new(session: &str, from: &Value, to: &Value) -> Span {
        Span { session: session.to_string(), from: from.as_i64().unwrap_or(0), to: to.as_i64().unwrap_or(i64::MAX) }
    }
}

/// The sessions of the same store.
pub(super) struct Others<'s> {
    pub(super) spans: Vec<Span>,
    /// The messages of a session that were said at a time.
    pub(super) said_at: &'s dyn Fn(&str, i64) -> io::Result<Vec<Message>>,
}

impl Others<'_> {
    /// The session that a message was copied from, and the message's id there.
    fn original(&self, copy: &Message, session: &str, likely: Option<&str>) -> io::Result<Option<(String, String)>> {
        let Some(time) = copy.created() else { return Ok(None) };
        let mut spans: Vec<&Span> = self.spans.iter().filter(|s| s.session != session && s.from <= time && time <= s.to).collect();
        spans.sort_by_key(|span| Some(span.session.as_str()) != likely);
        for span in spans {
            let there = (self.said_at)(&span.session, time)?;
            if let Some(found) = there.iter().find(|m| m.info["role"] == copy.info["role"] && m.said() == copy.said()) {
                return Ok(Some((span.session.clone(), found.id().to_string())));
            }
        }
        Ok(None)
    }
}

impl Dialogue {
    /// Whether a message was said before the session began: then it is copied.
    fn is_copied(&self, message: &Message) -> bool {
        message.created().zip(self.info["time"]["created"].as_i64()).is_some_and(|(said, began)| said < began)
    }

    /// Whether it goes on from another session.
    pub(super) fn is_fork(&self) -> bool {
        self.messages.iter().any(|message| self.is_copied(message))
    }
}

/// The text with which the program hands on a command that the user ran.
const BY_USER: &str = "The following tool was executed by the user";

/// Puts a session together.
struct Telling<'d> {
    dialogue: &'d Dialogue,
    others: &'d Others<'d>,
    teller: Teller,
    /// Messages that stand for commands of the user.
    shells: HashSet<&'d str>,
    /// What follows was taken back.
    reverted: bool,
    /// The last prompt is said again after a compaction, by the program.
    again: bool,
    calls: usize,
}

/// What a session tells; nothing where nothing was said.
pub(super) fn tell(dialogue: &Dialogue, others: &Others<'_>, limits: Limits) -> io::Result<Option<Transcript>> {
    let info = &dialogue.info;
    let some = |key: &str| info[key].as_str().filter(|text| !text.is_empty()).map(str::to_string);
    let mut teller = Teller::new("opencode", Known::default(), limits);
    let about = &mut teller.about;
    about.native_id = some("id").unwrap_or_default();
    about.started = time(&info["time"]["created"]);
    about.parent = some("parentID");
    about.origin = info["fork"]["sessionID"].as_str().map(str::to_string);
    let paths = dialogue.messages.iter().filter_map(|m| m.info["path"]["cwd"].as_str());
    about.cwd = some("directory").or_else(|| paths.map(str::to_string).next());
    about.title = some("title").filter(|title| !is_default(title));
    if let Some(version) = some("version") {
        about.data.insert("version".into(), version.into());
    }
    let mut telling = Telling { dialogue, others, teller, shells: HashSet::new(), reverted: false, again: false, calls: 0 };
    let mut last = i64::MIN;
    let mut messages: Vec<(i64, &Message)> = Vec::new();
    for message in &dialogue.messages {
        last = message.created().unwrap_or(last);
        messages.push((last, message));
    }
    messages.sort_by_key(|(time, message)| (*time, message.id()));
    for (_, message) in messages {
        telling.message(message)?;
    }
    Ok(telling.teller.finish().into_iter().find(|told| !told.native_id.is_empty() && !told.turns.is_empty()))
}

/// A title that nobody gave: a word and the time.
fn is_default(title: &str) -> bool {
    let time = title.strip_prefix("New session - ").or_else(|| title.strip_prefix("Child session - "));
    time.and_then(|time| time.split(' ').next()).is_some_and(|time| chrono::DateTime::parse_from_rfc3339(time).is_ok())
}

impl<'d> Telling<'d> {
    fn message(&mut self, message: &'d Message) -> io::Result<()> {
        if !self.teller.is_new(message.id()) {
            return Ok(());
        }
        let revert = &self.dialogue.info["revert"];
        let is_reverted = revert["messageID"].as_str().is_some_and(|id| id == message.id());
        self.reverted |= is_reverted && revert["partID"].is_null();
        match message.info["role"].as_str() {
            Some("user") => self.user(message)?,
            Some("assistant") => self.assistant(message)?,
            _ => {}
        }
        // Where only a part of a message was taken back, it is what comes after that is gone.
        self.reverted |= is_reverted;
        Ok(())
    }

    /// A turn begins with this message.
    fn begin(&mut self, message: &Message, said: &str) -> io::Result<usize> {
        let session = self.teller.about.native_id.clone();
        let mut id = message.id().to_string();
        if id.is_empty() {
            id = format!("{session}/{}", self.teller.turns());
        }
        let copied = self.dialogue.is_copied(message);
        if copied && let Some(original) = self.others.original(message, &session, self.teller.about.origin.as_deref())? {
            id = original.1;
            self.teller.about.origin = Some(original.0);
            self.teller.about.origin_turn = Some(id.clone());
        }
        let turn = self.teller.prompt(&id, time(&message.info["time"]["created"]), said);
        let told = self.teller.turn(turn);
        (told.copied, told.abandoned) = (copied, self.reverted);
        Ok(turn)
    }

    fn last(&mut self, message: &Message) -> io::Result<usize> {
        match self.teller.turns() {
            0 => self.begin(message, ""),
            turns => Ok(turns - 1),
        }
    }

    fn user(&mut self, message: &'d Message) -> io::Result<()> {
        if let Some(compaction) = message.of("compaction").next() {
            self.again = compaction["overflow"] == true;
            return Ok(());
        }
        let said = message.said();
        let again = std::mem::take(&mut self.again);
        if message.of("text").any(|part| part["synthetic"] == true && part["text"] == BY_USER) {
            self.shells.insert(message.id());
        }
        let is_prompt = !said.is_empty() || message.of("file").next().is_some();
        let last = self.teller.told().last().and_then(|turn| turn.user_input.as_deref()).unwrap_or_default();
        if !is_prompt || (again && said.starts_with(last)) {
            return Ok(());
        }
        let turn = self.begin(message, &said)?;
        for path in message.of("file").filter(|part| part["mime"] != "application/x-directory").filter_map(attached) {
            let mut read = action("file-read", &path);
            read.data.insert("by".into(), "user".into());
            self.teller.act(turn, "", read);
        }
        Ok(())
    }

    fn assistant(&mut self, message: &'d Message) -> io::Result<()> {
        let info = &message.info;
        let error = info["error"]["name"].as_str();
        let is_aborted = error == Some("MessageAbortedError");
        let is_summary = info["summary"] == true || info["agent"] == "compaction";
        if is_summary {
            self.again &= error.is_none();
            if error.is_none() {
                self.teller.compacted(time(&info["time"]["completed"]));
            }
            if error.is_none() || is_aborted {
                return Ok(());
            }
        }
        let turn = self.last(message)?;
        if is_aborted {
            self.teller.turn(turn).data.insert("interrupted".into(), true.into());
        } else if let Some(name) = error {
            let said = info["error"]["data"]["message"].as_str().filter(|text| !text.trim().is_empty());
            self.teller.act(turn, "", Action { ok: Some(false), ..action("error", said.unwrap_or(name).trim()) });
        }
        if is_summary {
            return Ok(());
        }
        let by_user = info["parentID"].as_str().is_some_and(|parent| self.shells.contains(parent));
        for part in &message.parts {
            if !self.teller.is_new(part["id"].as_str().unwrap_or_default()) {
                continue;
            }
            match part["type"].as_str() {
                Some("text") if !is_injected(part) => self.teller.say(turn, part["text"].as_str().unwrap_or_default()),
                Some("tool") => self.tool(part, turn, by_user),
                _ => {}
            }
        }
        self.used(message, turn);
        if let Some(model) = info["modelID"].as_str().filter(|model| !model.is_empty() && !by_user) {
            self.teller.about.model = Some(model.to_string());
            self.teller.turn(turn).model = Some(model.to_string());
        }
        Ok(())
    }

    /// Adds what the requests for an answer used.
    fn used(&mut self, message: &Message, turn: usize) {
        let steps: Vec<&Value> = message.of("step-finish").map(|part| &part["tokens"]).filter(|tokens| tokens.is_object()).collect();
        let steps = if steps.is_empty() { vec![&message.info["tokens"]] } else { steps };
        for tokens in steps {
            let count = |value: &Value| value.as_u64().unwrap_or(0).min(1 << 50);
            let input = count(&tokens["input"]) + count(&tokens["cache"]["read"]) + count(&tokens["cache"]["write"]);
            self.teller.used(turn, input, count(&tokens["output"]) + count(&tokens["reasoning"]));
        }
    }

    /// A call of a tool, with what came of it.
    fn tool(&mut self, part: &Value, turn: usize, by_user: bool) {
        let state = &part["state"];
        if part["tool"] == "todowrite" {
            let list = state["input"]["todos"].as_array().filter(|_| state["status"] != "error");
            let item = |t: &Value| Some((t["content"].as_str()?.to_string(), t["status"].as_str().unwrap_or("pending").to_string()));
            if let Some(list) = list {
                self.teller.todos(turn, &list.iter().filter_map(item).collect::<Vec<_>>());
            }
            return;
        }
        // The agent's own ids of calls come from models, and repeat.
        self.calls += 1;
        let call = self.calls.to_string();
        for mut done in tools::actions(part) {
            if by_user {
                done.data.insert("by".into(), "user".into());
            }
            self.teller.act(turn, &call, done);
        }
        let (ok, output) = tools::result(part);
        self.teller.result(&call, ok, output);
    }
}

/// The path of a file that a person put to a prompt; nothing of what was pasted.
fn attached(part: &Value) -> Option<String> {
    let url = part["url"].as_str()?.strip_prefix("file://")?;
    let mut bytes = url.split(['?', '#']).next()?.bytes();
    let mut path = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let digits = [rest.next(), rest.next()].map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
        match (byte, digits) {
            (b'%', [Some(high), Some(low)]) => {
                path.push(u8::try_from(high * 16 + low).unwrap_or_default());
                bytes = rest;
            }
            _ => path.push(byte),
        }
    }
    Some(String::from_utf8_lossy(&path).into_owned())
}
