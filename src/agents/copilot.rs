//! GitHub Copilot CLI: one file of events a session, `events.jsonl`, beside a small `workspace.yaml`.
//!
//! What subagents say stands in the same file, told apart by the agent's id that events carry. Events about hooks, permissions and
//! the like, and those of unknown types, are passed over. Read as releases of 1.0 write it.

mod event;
#[cfg(test)]
mod tests;
mod tools;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::event::{Data, Event, arguments, text, value};
use self::tools::{exit_code, tool};
use super::claude::with_lines;
use super::lines::{self, Format, Read};
use super::teller::{Teller, action, time, typed};
use super::{Agent, Homes, Limits, patch};

pub(super) struct Copilot;

impl Agent for Copilot {
    fn name(&self) -> &'static str {
        "copilot"
    }
    fn title(&self) -> &'static str {
        "Copilot CLI"
    }
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        let dir = homes.named("COPILOT_HOME", ".copilot").join("session-state");
        let files = walkdir::WalkDir::new(dir).min_depth(1).max_depth(2).sort_by_file_name().into_iter().filter_map(Result::ok);
        // Earlier releases kept the files themselves in the directory.
        let ours = |file: &walkdir::DirEntry| match file.depth() {
            1 => file.path().extension().is_some_and(|e| e == "jsonl"),
            _ => file.file_name() == "events.jsonl",
        };
        files.filter(|f| f.file_type().is_file() && ours(f)).map(walkdir::DirEntry::into_path).collect()
    }
    fn keeps(&self, path: &Path) -> bool {
        let begins = |head: String| head.lines().take(4).any(|l| l.contains("\"session.start\"") && l.contains("\"copilotVersion\""));
        path.extension().is_some_and(|e| e == "jsonl") && super::head(path).is_some_and(begins)
    }
    fn beside(&self, path: &Path) -> Option<PathBuf> {
        Some(path.with_file_name("workspace.yaml")).filter(|_| path.file_name().is_some_and(|n| n == "events.jsonl"))
    }
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> std::io::Result<Read> {
        let mut read = lines::read::<Events>(path, mark, limits, self.name())?;
        settle(&mut read, path);
        Ok(read)
    }
}

/// Adds what is said beside the events, and takes out what nobody said anything in.
fn settle(read: &mut Read, path: &Path) {
    let Some((about, subagents)) = read.transcripts.split_first_mut() else { return };
    let beside = Copilot.beside(path).and_then(|path| std::fs::read_to_string(path).ok()).map(|text| pairs(&text)).unwrap_or_default();
    let said = |key: &str| beside.get(key).filter(|value| !value.is_empty()).cloned();
    if about.native_id.is_empty() {
        let named = if path.file_name().is_some_and(|n| n == "events.jsonl") { path.parent() } else { Some(path) };
        about.native_id = said("id").or_else(|| Some(named?.file_stem()?.to_string_lossy().into_owned())).unwrap_or_default();
    }
    about.cwd = about.cwd.take().or_else(|| said("cwd"));
    about.branch = about.branch.take().or_else(|| said("branch"));
    // Until here, the title is what was asked first.
    let asked = about.title.take();
    let named = said("user_named").is_some_and(|named| named == "true");
    about.title = said("name").filter(|name| named || asked.is_some_and(|asked| !repeats(&asked, name)));
    for subagent in subagents {
        subagent.cwd = subagent.cwd.take().or_else(|| about.cwd.clone());
        subagent.branch = subagent.branch.take().or_else(|| about.branch.clone());
        subagent.parent = subagent.parent.take().map(|parent| if parent.is_empty() { about.native_id.clone() } else { parent });
    }
    read.transcripts.retain(|t| t.parent.is_none() || !t.turns.is_empty());
}

/// The `key: value` lines of a YAML file that has hardly more than these.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut block = None;
    for line in text.lines() {
        if let (true, Some(key)) = (line.starts_with(' '), &block) {
            let value = found.entry(String::clone(key)).or_default();
            *value = format!("{value} {}", line.trim()).trim().to_string();
        } else if let Some((key, value)) = line.split_once(':').filter(|(key, _)| !key.starts_with([' ', '#', '-'])) {
            let value = value.trim();
            block = value.starts_with(['|', '>']).then(|| key.to_string());
            let value = match value.as_bytes() {
                _ if block.is_some() => String::new(),
                [b'\'', .., b'\''] => value.get(1..value.len() - 1).unwrap_or_default().replace("''", "'"),
                [b'"', .., b'"'] => serde_json::from_str(value).unwrap_or_default(),
                _ => value.to_string(),
            };
            found.insert(key.to_string(), value);
        }
    }
    found
}

/// Whether a title is only the beginning of what was asked.
pub(super) fn repeats(asked: &str, title: &str) -> bool {
    let title = squeezed(title.trim().trim_end_matches('…').trim_end_matches("..."));
    squeezed(asked).starts_with(&title)
}

/// The beginning of a text, on one line.
fn squeezed(text: &str) -> String {
    let text: String = text.chars().take(400).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect()
}

/// What must be known of earlier events.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Events {
    /// The model that is chosen.
    model: Option<String>,
    /// Usage was counted of the request with this id.
    counted: String,
    /// Subagents that said something.
    agents: BTreeSet<String>,
    /// Subagents by the calls with which they start others.
    callers: BTreeMap<String, String>,
    /// Calls that have no result yet.
    open: BTreeSet<String>,
    /// Subagents that began since the mark.
    #[serde(skip)]
    here: HashSet<String>,
    #[serde(skip)]
    again: bool,
}

impl Format for Events {
    fn may_begin(&self, line: &[u8]) -> bool {
        const PROMPT: &[u8] = b"\"user.message\"";
        line.windows(PROMPT.len()).any(|w| w == PROMPT)
    }

    fn line(&mut self, line: &[u8], teller: &mut Teller) -> bool {
        let Ok(event) = serde_json::from_slice::<Event>(line) else { return false };
        self.event(&event, teller);
        true
    }

    fn needs_all(&self) -> bool {
        self.again
    }
}

impl Events {
    fn event(&mut self, event: &Event<'_>, teller: &mut Teller) {
        let kind = text(event.kind);
        if kind.starts_with("hook.") || kind == "system.message" {
            return;
        }
        let Some(data) = event.data.and_then(Data::new) else { return };
        let id = text(event.id);
        if !teller.is_new(&id) {
            return;
        }
        let at = value(event.timestamp).and_then(|at| time(&at));
        // Earlier releases name only the call by which a subagent was started.
        let agent = [event.agent_id, data.raw("parentToolCallId")].into_iter().map(text).find(|agent| !agent.is_empty());
        match (kind.as_str(), &agent) {
            ("session.start" | "session.resume" | "session.context_changed", None) => self.session(&data, teller),
            ("session.model_change", None) => self.model = data.get("newModel").or(self.model.take()),
            ("session.snapshot_rewind", None) => self.rewound(&data.text("upToEventId"), teller),
            ("subagent.started", _) => self.started(&data, agent.as_deref(), teller),
            ("user.message" | "assistant.message" | "session.usage_record" | "session.compaction_complete", _)
            | ("session.error" | "session.task_complete" | "abort", _)
            | ("tool.user_requested" | "tool.execution_start" | "tool.execution_complete", _) => {
                let teller = match &agent {
                    Some(agent) => self.subagent(agent, teller),
                    None => teller,
                };
                self.said(&kind, Said { id: &id, at, agent: agent.as_deref(), data: &data }, teller);
            }
            _ => {}
        }
    }

    /// The session as it begins, or goes on.
    fn session(&mut self, data: &Data<'_>, teller: &mut Teller) {
        let about = &mut teller.about;
        if about.native_id.is_empty() {
            about.native_id = data.text("sessionId");
        }
        let context: Value = data.get("context").unwrap_or_default();
        for (there, key) in [(&mut about.cwd, "cwd"), (&mut about.branch, "branch")] {
            *there = there.take().or_else(|| context[key].as_str().filter(|t| !t.is_empty()).map(str::to_string));
        }
        if let Some(version) = data.get::<String>("copilotVersion") {
            about.data.insert("version".into(), version.into());
        }
        self.model = data.get("selectedModel").or(self.model.take());
    }

    /// What was said from a prompt on is taken back.
    fn rewound(&mut self, to: &str, teller: &mut Teller) {
        let from = teller.told().iter().position(|turn| turn.native_id == to);
        self.again |= from.is_none();
        for turn in from.unwrap_or(teller.turns())..teller.turns() {
            teller.turn(turn).abandoned = true;
        }
    }

    /// A subagent is started, by the call of a tool.
    fn started(&mut self, data: &Data<'_>, agent: Option<&str>, teller: &mut Teller) {
        let call = data.text("toolCallId");
        let agent = agent.unwrap_or(&call);
        if self.agents.insert(agent.to_string()) {
            self.here.insert(agent.to_string());
        }
        let started = native(agent, teller);
        let by = self.callers.get(&call).map(|caller| native(caller, teller));
        let caller = match &by {
            Some(by) => teller.child(by),
            None => &mut *teller,
        };
        self.again |= self.open.contains(&call) && !caller.has_call(&call);
        for action in caller.of_call(&call) {
            action.data.insert("id".into(), started.as_str().into());
            action.data.entry("type").or_insert_with(|| data.text("agentName").into());
        }
        let parent = caller.about.native_id.clone();
        teller.child(&started).about.parent = Some(parent);
    }

    /// The teller of a subagent.
    fn subagent<'t>(&mut self, agent: &str, teller: &'t mut Teller) -> &'t mut Teller {
        // Of one that began before the mark, there is only a part here.
        if self.agents.insert(agent.to_string()) {
            self.here.insert(agent.to_string());
        }
        self.again |= !self.here.contains(agent);
        let native = native(agent, teller);
        teller.child(&native)
    }

    fn said(&mut self, kind: &str, said: Said<'_>, teller: &mut Teller) {
        let Said { id, at, data, .. } = said;
        match kind {
            "user.message" => prompt(&said, teller),
            "assistant.message" => self.answer(&said, teller),
            "session.usage_record" => self.usage(data, teller),
            "session.compaction_complete" if data.get("success") != Some(false) => teller.compacted(at),
            "session.error" => {
                let turn = teller.last(id, at);
                let mut error = action("error", data.text("message").trim());
                error.ok = Some(false);
                teller.act(turn, "", error);
            }
            // The last word of an agent that was left to itself.
            "session.task_complete" if teller.turns() > 0 => teller.say(teller.turns() - 1, &data.text("summary")),
            "abort" if teller.turns() > 0 && data.text("reason") != "autopilot_credit_limit" => {
                let turn = teller.turns() - 1;
                teller.turn(turn).data.insert("interrupted".into(), true.into());
            }
            "tool.execution_start" | "tool.user_requested" => {
                let (name, given) = (data.text("toolName"), data.get("arguments").unwrap_or_default());
                self.call(&said, &data.text("toolCallId"), (&name, &given), teller);
                if kind == "tool.user_requested" {
                    for action in teller.of_call(&data.text("toolCallId")) {
                        action.data.insert("by".into(), "user".into());
                    }
                }
            }
            "tool.execution_complete" => self.result(data, teller),
            _ => {}
        }
    }

    fn answer(&mut self, said: &Said<'_>, teller: &mut Teller) {
        let Said { id, at, agent, data } = *said;
        let turn = teller.last(id, at);
        let chosen = self.model.clone().filter(|_| agent.is_none());
        if let Some(model) = data.get("model").or(chosen) {
            teller.about.model = Some(String::clone(&model));
            teller.turn(turn).model = Some(model);
        }
        teller.say(turn, &data.text("content"));
        for request in data.get::<Vec<Value>>("toolRequests").unwrap_or_default() {
            let call = request["toolCallId"].as_str().unwrap_or_default();
            let name = request["name"].as_str().unwrap_or_default();
            self.call(said, call, (name, &request["arguments"]), teller);
        }
        // Earlier releases write no record of what a request used.
        let request = data.text("apiCallId");
        if let (Some(output), true) = (data.get("outputTokens"), request.is_empty() || request != self.counted) {
            teller.used(turn, 0, output);
        }
    }

    fn usage(&mut self, data: &Data<'_>, teller: &mut Teller) {
        let usage: Value = data.get("usage").unwrap_or_default();
        let inside = usage["interactionType"].as_str().is_none_or(|kind| kind.starts_with("conversation"));
        if let (true, Some(turn)) = (inside, teller.turns().checked_sub(1)) {
            let count = |key: &str| usage[key].as_u64().unwrap_or(0);
            teller.used(turn, count("inputTokens"), count("outputTokens"));
            self.counted = usage["apiCallId"].as_str().unwrap_or_default().to_string();
        }
    }

    /// A tool is called; what was asked for is told once more when it begins.
    fn call(&mut self, said: &Said<'_>, call: &str, (name, given): (&str, &Value), teller: &mut Teller) {
        if teller.has_call(call) || call.is_empty() {
            return;
        }
        if self.open.contains(call) {
            self.again = true;
            return;
        }
        let turn = teller.last(said.id, said.at);
        tool(name, &arguments(given), turn, call, teller);
        if teller.has_call(call) {
            self.open.insert(call.to_string());
        }
        if let (Some(agent), "task") = (said.agent, name) {
            self.callers.insert(call.to_string(), agent.to_string());
        }
    }

    /// What a tool answered.
    fn result(&mut self, data: &Data<'_>, teller: &mut Teller) {
        let call = data.text("toolCallId");
        let open = self.open.remove(&call);
        if !teller.has_call(&call) {
            self.again |= open;
            return;
        }
        let answer = data.raw("result").and_then(Data::new);
        let said = |key: &str| answer.as_ref().map(|answer| answer.text(key)).unwrap_or_default();
        let succeeded: Option<bool> = data.get("success");
        let kinds: Vec<String> = teller.of_call(&call).iter().map(|a| a.kind.clone()).collect();
        let has = |kind: &str| kinds.iter().any(|k| k == kind);
        let error: Value = data.get("error").unwrap_or_default();
        let mut output = said("content");
        if output.is_empty() {
            output = error.as_str().or(error["message"].as_str()).unwrap_or_default().to_string();
        }
        if has("command") {
            let told = data.get::<Value>("shellExecution").and_then(|shell| shell["exitCode"].as_i64());
            let (printed, code) = exit_code(&output);
            let code = told.or(code);
            // What runs on has not succeeded yet.
            let ok = if succeeded == Some(false) { Some(false) } else { code.map(|code| code == 0) };
            teller.result(&call, ok, Some(printed));
            for action in teller.of_call(&call) {
                action.data.extend(code.map(|code| ("exit".to_string(), code.into())));
            }
            return;
        }
        teller.result(&call, succeeded, Some(&output));
        if let ([kind], true) = (kinds.as_slice(), succeeded != Some(false)) {
            let counts = if kind.starts_with("file-") && kind != "file-read" { patch::changed(&said("detailedContent")) } else { None };
            let listed = kind == "file-read" && data.raw("toolTelemetry").is_some_and(|t| t.get().contains(r#""viewType":"directory""#));
            for action in teller.of_call(&call) {
                if let Some((added, removed)) = counts {
                    *action = with_lines(action.clone(), added, removed);
                } else if listed {
                    action.kind = "search".into();
                    action.value = format!("view {}", action.value);
                }
            }
        }
    }
}

/// An event of somebody's dialogue.
#[derive(Clone, Copy)]
struct Said<'a> {
    id: &'a str,
    at: Option<DateTime<Utc>>,
    agent: Option<&'a str>,
    data: &'a Data<'a>,
}

/// The native id of a subagent's conversation: its own, where that is unique.
fn native(agent: &str, teller: &Teller) -> String {
    let unique = agent.len() == 36 && agent.bytes().filter(|b| *b == b'-').count() == 4;
    if unique { agent.to_string() } else { format!("{}/{agent}", teller.about.native_id) }
}

/// A message to the agent: a prompt where a person wrote it, or the one who gave a subagent its task.
fn prompt(said: &Said<'_>, teller: &mut Teller) {
    let source = said.data.text("source");
    let human = matches!(source.as_str(), "" | "user") || source.starts_with("command-");
    let task = said.agent.is_some() && source.starts_with("agent-");
    if !(human || task) || said.data.get("isAutopilotContinuation") == Some(true) {
        return;
    }
    let text = typed(&said.data.text("content"));
    if teller.about.title.is_none() && !text.is_empty() && said.agent.is_none() {
        teller.about.title = Some(squeezed(&text));
    }
    let id = match said.id {
        "" => format!("{}:{}", teller.about.native_id, said.at.map_or(0, |at| at.timestamp_millis())),
        id => id.to_string(),
    };
    teller.prompt(&id, said.at, &text);
}
