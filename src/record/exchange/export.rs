//! Export: conversations and their turns as JSON Lines, one after the other.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::record::Record;
use crate::record::conversation::Conversation;
use crate::record::error::{Error, Result};
use crate::record::turn::Turn;

/// A time in UTC, with milliseconds where there are any.
pub(super) fn stamp(time: DateTime<Utc>) -> String {
    let format = if time.timestamp_subsec_millis() == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
    time.to_rfc3339_opts(format, true)
}

/// Writes conversations with all their turns; those with the same content in the same order always give the same bytes.
///
/// # Errors
/// Those of the database; [`Error::Io`] when `out` cannot be written.
pub fn export(record: &Record, conversations: &[Conversation], out: &mut dyn Write) -> Result<()> {
    let failed = |e: io::Error| Error::Io { action: "write the export", path: "-".into(), source: e };
    for conversation in conversations {
        writeln!(out, "{}", Value::Object(conversation_line(conversation))).map_err(failed)?;
        record.each_turn(&conversation.id, &(1..=i64::MAX), &mut |turn| {
            writeln!(out, "{}", Value::Object(turn_line(conversation, turn))).map_err(failed)
        })?;
    }
    out.flush().map_err(failed)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn conversation_line(c: &Conversation) -> Map<String, Value> {
    let mut line = object(json!({
        "type": "conversation", "id": c.id, "agent": c.agent, "native_id": c.native_id, "user": c.user_id, "channel": c.channel_id,
        "project": c.project, "branch": c.branch, "cwd": c.cwd, "model": c.model, "parent": c.parent, "started": stamp(c.created_at),
        "status": c.status,
    }));
    let optional = [
        ("title", json!(c.title)),
        ("log", json!(c.log)),
        ("origin", json!(c.origin)),
        ("origin_turn", json!(c.origin_turn)),
        ("summary", json!(c.summary)),
    ];
    line.extend(optional.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.to_string(), v)));
    others(line, c.data.clone())
}

/// Keys that have no place of their own come last, and never in the place of one that has.
fn others(mut line: Map<String, Value>, data: Map<String, Value>) -> Map<String, Value> {
    for (key, value) in data {
        line.entry(key).or_insert(value);
    }
    line
}

fn turn_line(conversation: &Conversation, mut turn: Turn) -> Map<String, Value> {
    let mut line = object(json!({
        "type": "turn", "conversation": conversation.id, "native_id": turn.native_id, "turn": turn.number, "time": stamp(turn.time),
        "user_input": turn.user_input, "agent_response": turn.agent_response, "author": turn.author, "input_tokens": turn.input_tokens,
        "output_tokens": turn.output_tokens, "status": turn.status,
    }));
    if let Some(model) = turn.model {
        line.insert("model".into(), model.into());
    }
    line.insert("actions".into(), json!(turn.actions));
    // What a turn says of its conversation comes last, where the conversation says something else.
    let of = |key: &str| match key {
        "project" => conversation.project.as_deref(),
        "cwd" => conversation.cwd.as_deref(),
        _ => None,
    };
    let own: Vec<(String, Value)> = OWN.iter().filter_map(|key| Some(((*key).to_string(), turn.data.shift_remove(*key)?))).collect();
    turn.data.extend(own.into_iter().filter(|(key, value)| value.as_str().is_none_or(|v| of(key) != Some(v))));
    others(line, turn.data)
}

/// Keys of conversations that may stand on turns.
const OWN: [&str; 7] = ["project", "cwd", "branch", "user", "channel", "agent", "title"];
