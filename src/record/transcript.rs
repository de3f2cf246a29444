//! Transcripts: what a coding agent's own files tell of a conversation, in one common shape.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::action::Action;
use super::{Settings, redact};

/// A conversation as a transcript tells it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transcript {
    /// The agent: `claude`, `codex`, …
    pub agent: String,
    /// Its id there.
    pub native_id: String,
    /// When it began, where that is not when its first turn was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<DateTime<Utc>>,
    /// Directory it began in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Branch it began on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Project that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The model that answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Of a subagent's: native id of the conversation that began it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Of a fork: native id of the conversation that it goes on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Native id of the last turn that the two share, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_turn: Option<String>,
    /// What else is known: the agent's version, when it was compacted, …
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Its turns, or its last ones, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Told>,
}

/// A turn as a transcript tells it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The agent's id of its prompt.
    pub native_id: String,
    /// When it began.
    pub time: Option<DateTime<Utc>>,
    /// What the user said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_input: Option<String>,
    /// All text that the agent showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_response: Option<String>,
    /// What the agent said last, where its file may not have it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
    /// Who spoke, where that is not the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The model that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// It was rolled back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub abandoned: bool,
    /// It was copied from the conversation that this one was forked from.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub copied: bool,
    /// What the agent did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// What else is known: tokens used, …
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

impl Transcript {
    /// Takes out everything that may not be stored.
    pub fn clean(&mut self, settings: &Settings) {
        if !settings.redact {
            return;
        }
        let some = |text: &mut Option<String>| *text = settings.clean_some(text.as_deref());
        self.native_id = settings.clean_id(&self.native_id);
        for id in [&mut self.parent, &mut self.origin, &mut self.origin_turn].into_iter().flatten() {
            *id = settings.clean_id(id);
        }
        for text in [&mut self.cwd, &mut self.branch, &mut self.project, &mut self.model, &mut self.title] {
            some(text);
        }
        clean_map(&mut self.data);
        for turn in &mut self.turns {
            turn.native_id = settings.clean_id(&turn.native_id);
            for text in [&mut turn.user_input, &mut turn.agent_response, &mut turn.late, &mut turn.author, &mut turn.model] {
                some(text);
            }
            clean_map(&mut turn.data);
            for action in &mut turn.actions {
                action.value = settings.clean(&action.value).into_owned();
                action.output = settings.clean_some(action.output.as_deref());
                clean_map(&mut action.data);
            }
        }
    }
}

fn clean_map(map: &mut Map<String, Value>) {
    if !map.is_empty() {
        let mut value = Value::Object(std::mem::take(map));
        redact::redact_value(&mut value);
        if let Value::Object(clean) = value {
            *map = clean;
        }
    }
}
