//! Hooks: what agents send to a program at their events, in one common shape, and the form of what they take from it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::claude::is_injected;
use super::teller::typed;
use super::{Agent, Homes};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A conversation begins or goes on: `startup`, `resume`, `compact`, …
    Start {
        /// How.
        source: String,
    },
    /// Something was said to the agent; by a person, where there is a text.
    Prompt {
        /// What the person typed.
        text: Option<String>,
    },
    /// A tool was used.
    Tool,
    /// The agent has answered.
    Stop,
    /// The context is about to be compacted.
    Compact,
    /// A subagent has answered.
    SubagentStop {
        /// Its own file, where it has one.
        transcript: Option<PathBuf>,
    },
    /// The conversation ends.
    End,
    /// Nothing that matters here.
    Other,
}

/// What an agent sends at an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What happened.
    pub event: Event,
    /// The agent's id of the conversation; of a subagent's event, of the one that began it.
    pub session: String,
    /// Files that tell the conversation; they need not be there.
    pub transcripts: Vec<PathBuf>,
    /// Where it takes place.
    pub cwd: Option<String>,
    /// What the agent said last.
    pub late: Option<String>,
    /// The agent's id of the prompt.
    pub prompt: Option<String>,
}

/// Variables that tell that another agent runs the hooks of Claude Code's settings.
pub const OTHERS: [&str; 2] = ["COPILOT_CLI", "CURSOR_VERSION"];

impl Input {
    /// Understands what an agent sent. The event's name is the command's argument; one that says nothing is looked up in the input.
    pub fn parse(agent: &dyn Agent, event: &str, input: &Value, homes: &Homes) -> Input {
        let text = |keys: &[&str]| keys.iter().find_map(|key| input[*key].as_str()).filter(|t| !t.is_empty()).map(str::to_string);
        let path = |keys: &[&str]| text(keys).map(PathBuf::from).filter(|path| path.is_absolute());
        let subagent = text(&["agent_id", "agentId"]).is_some() || text(&["parentAgentId"]).is_some();
        let session = text(&["parentAgentId"]).or_else(|| text(&["session_id", "sessionId", "taskId", "conversation_id"]));
        let session = session.unwrap_or_default();
        let named = text(&["hook_event_name", "hookName"]).unwrap_or_default();
        let kind = [event, named.as_str()].into_iter().map(kind).find(|kind| *kind != Kind::Other).unwrap_or(Kind::Other);
        let automatic = text(&["trigger"]).is_some_and(|trigger| trigger == "auto");
        let event = match kind {
            Kind::Start => Event::Start { source: text(&["source"]).unwrap_or_default() },
            Kind::Prompt => Event::Prompt { text: human(agent, input).filter(|_| !subagent) },
            Kind::Tool => Event::Tool,
            // Some tell it with the id of the subagent.
            Kind::Stop if subagent && agent.name() == "copilot" => Event::SubagentStop { transcript: None },
            Kind::Stop => Event::Stop,
            // Gemini CLI says so before each call of the model.
            Kind::Compact if agent.name() == "gemini" && automatic => Event::Other,
            Kind::Compact => Event::Compact,
            Kind::SubagentStop => Event::SubagentStop { transcript: path(&["agent_transcript_path"]) },
            Kind::End => Event::End,
            Kind::Other => Event::Other,
        };
        let transcripts = match path(&["transcript_path", "transcriptPath"]) {
            Some(path) => vec![path],
            None => places(agent, &session, homes),
        };
        let cwd = text(&["cwd"]).or_else(|| input["workspaceRoots"][0].as_str().map(str::to_string));
        let late = text(&["last_assistant_message"]).or_else(|| input["turn"]["outputText"].as_str().map(str::to_string));
        let late = late.filter(|late| !late.trim().is_empty() && matches!(event, Event::Stop | Event::SubagentStop { .. }));
        Input { event, session, transcripts, cwd, late, prompt: text(&["prompt_id", "turn_id"]) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Start,
    Prompt,
    Tool,
    Stop,
    Compact,
    SubagentStop,
    End,
    Other,
}

/// What an event is, however an agent spells it.
fn kind(name: &str) -> Kind {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match name.as_str() {
        "sessionstart" | "sessioncreated" | "taskstart" | "agentstart" | "taskresume" => Kind::Start,
        "userpromptsubmit" | "userpromptsubmitted" | "beforeagent" | "chatmessage" | "beforesubmitprompt" => Kind::Prompt,
        "posttooluse" | "posttoolusefailure" | "aftertool" | "toolexecuteafter" => Kind::Tool,
        // A failed or interrupted turn ends as well.
        "stop" | "stopfailure" | "interrupt" | "afteragent" | "agentstop" | "sessionidle" | "taskcomplete" | "agentend" => Kind::Stop,
        "precompact" | "precompress" => Kind::Compact,
        "postcompact" | "sessioncompacted" => Kind::Stop,
        "subagentstop" => Kind::SubagentStop,
        "sessionend" => Kind::End,
        _ => Kind::Other,
    }
}

/// What a person typed; nothing where it was somebody else.
fn human(agent: &dyn Agent, input: &Value) -> Option<String> {
    let text = match agent.name() {
        // It sends an empty prompt after each tool; what is typed comes under a name of its own.
        "qwen" => input["submitted_prompt"].as_str()?,
        _ => input["prompt"].as_str()?,
    };
    Some(typed(text)).filter(|text| !text.is_empty() && !is_injected(text))
}

/// Where an agent keeps a conversation, if it does not say so.
fn places(agent: &dyn Agent, session: &str, homes: &Homes) -> Vec<PathBuf> {
    if session.is_empty() || session.contains(['/', '\\']) || session.starts_with('.') {
        return Vec::new();
    }
    match agent.name() {
        "copilot" => vec![homes.named("COPILOT_HOME", ".copilot").join("session-state").join(session).join("events.jsonl")],
        "cline" => {
            vec![homes.named("CLINE_DATA_DIR", ".cline/data").join("sessions").join(session).join(format!("{session}.messages.json"))]
        }
        // All its conversations are in one place.
        "opencode" => agent.histories(homes),
        _ => Vec::new(),
    }
}

/// The form in which an agent takes context at the beginning of a conversation.
pub fn context(agent: &dyn Agent, text: &str) -> String {
    match agent.name() {
        "copilot" => json!({"additionalContext": text}).to_string(),
        "gemini" => json!({"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": text}}).to_string(),
        "cline" => json!({"cancel": false, "contextModification": text}).to_string(),
        _ => text.to_string(),
    }
}

/// Files that lie where the ones of other conversations lie, those that were changed last first.
pub fn near(path: &Path, most: usize) -> Vec<PathBuf> {
    let Some(dir) = path.parent() else { return Vec::new() };
    let listed = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    // Where each conversation has a directory, its file is called the same in all.
    let files: Vec<PathBuf> = match path.file_name().filter(|name| *name == "events.jsonl") {
        Some(name) => dir.parent().into_iter().flat_map(listed).map(|dir| dir.join(name)).collect(),
        None => listed(dir).filter(|file| file.extension() == path.extension()).collect(),
    };
    let time = |file: &PathBuf| std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file).and_then(|meta| meta.modified().ok());
    let mut files: Vec<_> = files.into_iter().filter_map(|file| Some((time(&file)?, file))).collect();
    files.sort_by(|one, other| other.cmp(one));
    files.into_iter().take(most).map(|(_, file)| file).collect()
}
