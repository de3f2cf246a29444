//! Sessions that are one JSON document, as early releases of Gemini CLI, and those of Qwen Code that came of them, write them.
//!
//! The dialogue of the one subagent that there is stands among the messages; what was called after it had begun hangs on its last one.

use std::path::{Path, PathBuf};

use memchr::memmem;
use serde_json::Value;

use super::super::lines::{Read, mended};
use super::super::teller::{Known, Teller};
use super::super::{Limits, parts};
use super::{Record, Records, chats, session, value};

/// What the subagent's task begins with.
const TASK: &str = "Your task is to do a deep investigation of the codebase";

/// The documents below a directory.
pub(in super::super) fn documents(dir: &Path) -> Vec<PathBuf> {
    chats(dir).into_iter().filter(|path| path.extension().is_some_and(|e| e == "json")).collect()
}

/// Reads a document; while it is being written, there is nothing to tell.
pub(in super::super) fn read(path: &Path, limits: Limits, agent: &'static str) -> std::io::Result<Read> {
    let bytes = std::fs::read(path)?;
    let length = bytes.len() as u64;
    let bytes = if memmem::find(&bytes, br"\ud").is_some() { mended(&bytes) } else { bytes };
    let Ok(document) = serde_json::from_slice::<Record<'_>>(&bytes) else { return Ok(Read { unread: 1, ..Read::default() }) };
    let mut teller = Teller::new(agent, Known::default(), limits);
    session(&document, &mut teller);
    tell(&document.messages(), &mut teller);
    Ok(Read { transcripts: teller.finish(), bytes: length, ..Read::default() })
}

fn tell(messages: &[Record<'_>], teller: &mut Teller) {
    let mut records = Records::default();
    // The subagent that speaks: its conversation's id, its task, and its messages.
    let mut inside: Option<(String, String, Records)> = None;
    for message in messages.iter().filter(|message| message.id.is_some()) {
        let is_user = message.kind.as_deref() == Some("user");
        let text = if is_user { parts::texts(&value(message.content)).join("\n\n") } else { String::new() };
        if text.starts_with(TASK) {
            let native = format!("{}/{}", teller.about.native_id, message.id.as_deref().unwrap_or_default());
            inside = Some((native, text, Records::default()));
        } else if is_user && parts::prompt(&Value::from(text)).is_some() {
            inside = None;
        }
        let Some((native, task, own)) = &mut inside else {
            records.message(message, teller);
            continue;
        };
        let is_last = value(message.tool_calls).as_array().into_iter().flatten().any(|call| is_about(call, task));
        let tool_calls = message.tool_calls.filter(|_| !is_last);
        own.message(&Record { tool_calls, ..message.clone() }, teller.child(native));
        if is_last {
            inside = None;
            let turn = teller.last(message.id.as_deref().unwrap_or_default(), message.time());
            records.calls(message, turn, teller);
        }
    }
}

/// Whether a call is what began the subagent.
fn is_about(call: &Value, task: &str) -> bool {
    let objective = call["args"]["objective"].as_str().map(str::trim).filter(|objective| !objective.is_empty());
    call["name"] == "codebase_investigator" && objective.is_none_or(|objective| task.contains(objective))
}
