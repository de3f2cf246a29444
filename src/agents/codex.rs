//! Codex: one file of JSON Lines a thread. Releases before mid-2026 write flat events, later ones completed items with ordinals.
//!
//! A file says most things twice, to people and to the model. What was said is taken from what people were shown, what was done
//! from calls of tools and from what is shown of them. Read as releases from 0.42 to 0.169 write it; compressed files are not read.

mod calls;
mod events;
mod lineage;
mod patch;
mod turns;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use self::calls::Calls;
use super::lines::{self, Format, Read};
use super::teller::Teller;
use super::{Agent, Homes, Limits};

pub(super) struct Codex;

impl Agent for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }
    fn title(&self) -> &'static str {
        "Codex"
    }
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        lineage::rollouts(&homes.named("CODEX_HOME", ".codex"))
    }
    fn keeps(&self, path: &Path) -> bool {
        path.extension().is_some_and(|e| e == "jsonl") && super::head(path).is_some_and(|head| is_ours(&head))
    }
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> std::io::Result<Read> {
        let mut read = lines::read::<Rollout>(path, mark, limits, self.name())?;
        if let Some(told) = read.transcripts.first_mut() {
            lineage::complete(path, told, mark.is_none(), limits);
        }
        Ok(read)
    }
}

fn is_ours(head: &str) -> bool {
    head.lines().next().is_some_and(|line| line.contains("\"session_meta\"") && line.contains("\"payload\""))
}

/// A record; everything else in it is passed over.
#[derive(Debug, Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    ordinal: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// What tells payloads and items apart.
#[derive(Debug, Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    turn_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    role: Option<&'a RawValue>,
}

/// Where a record stands: its time, its ordinal, and the agent's id of the turn that it belongs to.
#[derive(Debug, Clone, Copy)]
struct At<'a> {
    time: Option<DateTime<Utc>>,
    ordinal: Option<u64>,
    turn: &'a str,
}

/// A prompt that nothing has come after: its text, its time, and whether it was told as an item.
type Prompt = (String, Option<DateTime<Utc>>, bool);

/// What must be known of earlier records.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Rollout {
    /// Lines that were taken.
    lines: u64,
    /// When the first of them was written.
    began: Option<DateTime<Utc>>,
    /// One more than the highest ordinal.
    next: u64,
    /// Ordinal from which on the records are a subagent's own.
    own: u64,
    /// A thread that the program runs for itself.
    internal: bool,
    /// Thread whose records were copied to the beginning.
    source: Option<String>,
    /// The agent's id of the turn that runs, and whether that one is copied.
    turn: String,
    copied: bool,
    /// How many prompts that turn had.
    prompts: u32,
    prompt: Option<Prompt>,
    /// Tokens that the thread has used.
    used: u64,
    compacted: Option<DateTime<Utc>>,
    /// A message follows that sets a subagent to work.
    triggered: bool,
    #[serde(skip)]
    part: Part,
}

/// What is known of the part of a file that is read.
#[derive(Debug, Default)]
struct Part {
    /// The last turn that belongs to each of the agent's turns: it has several prompts where somebody spoke while it ran.
    turns: HashMap<String, usize>,
    calls: Calls,
    /// Ordinals that were met, and the one with which the part begins.
    ordinals: HashSet<u64>,
    from: Option<u64>,
    /// Something goes back to what stands before the part.
    goes_back: bool,
    again: bool,
}

impl Clone for Part {
    /// What is kept for a mark begins with nothing.
    fn clone(&self) -> Self {
        Part::default()
    }
}

impl Format for Rollout {
    fn may_begin(&self, line: &[u8]) -> bool {
        // What a record is stands in front.
        let head = &line[..line.len().min(400)];
        let has = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
        has(b"\"UserMessage\"")
            || has(b"\"user_message\"")
            || has(b"\"entered_review_mode\"")
            || self.triggered && has(b"\"agent_message\"")
    }

    fn line(&mut self, line: &[u8], teller: &mut Teller) -> bool {
        self.lines += 1;
        let Ok(record) = serde_json::from_slice::<Record>(line) else { return false };
        let Some(payload) = record.payload else { return true };
        let time = DateTime::parse_from_rfc3339(text(record.timestamp)).ok().map(|t| t.to_utc());
        let at = At { time, ordinal: record.ordinal.and_then(|n| n.get().parse().ok()), turn: "" };
        self.began = self.began.or(time);
        if self.internal || !at.ordinal.is_none_or(|ordinal| self.is_new(ordinal)) {
            return true;
        }
        match text(record.kind) {
            "session_meta" => self.meta(&value(payload), teller),
            "event_msg" => return self.event(payload, at, teller),
            "response_item" => return self.response(payload, at, teller),
            _ if self.is_parents(teller) => {}
            "turn_context" => {
                if let Some(model) = value(payload)["model"].as_str() {
                    teller.about.model = Some(model.to_string());
                }
            }
            "token_usage_record" => {
                let record = value(payload);
                let turn = record["turn_id"].as_str().unwrap_or_default();
                self.count(&record["usage"], &record["thread_token_usage"], At { turn, ..at }, teller);
            }
            "compacted" => self.compact(time, teller),
            "inter_agent_communication_metadata" => self.triggered = value(payload)["trigger_turn"] == true,
            _ => {}
        }
        true
    }

    fn end(&mut self, _teller: &mut Teller, partly: bool) {
        self.part.again = partly && self.part.goes_back;
    }

    fn needs_all(&self) -> bool {
        self.part.again
    }
}

impl Rollout {
    /// Whether the record with this ordinal is the thread's own, and comes for the first time.
    fn is_new(&mut self, ordinal: u64) -> bool {
        let from = *self.part.from.get_or_insert(self.next);
        self.part.goes_back |= ordinal < from;
        self.next = self.next.max(ordinal.saturating_add(1));
        self.part.ordinals.insert(ordinal) && ordinal >= self.own
    }

    /// What the first record says of the thread; another thread's follows where records were copied.
    fn meta(&mut self, meta: &Value, teller: &mut Teller) {
        let about = &mut teller.about;
        let some = |value: &Value| value.as_str().filter(|t| !t.is_empty()).map(str::to_string);
        let Some(id) = some(&meta["id"]) else { return };
        if !about.native_id.is_empty() {
            if self.source.is_none() && id != about.native_id {
                self.source = Some(id.clone());
                match about.parent {
                    // Until it is set to work, all is its parent's.
                    Some(_) => self.copied = true,
                    None => about.origin = about.origin.take().or(Some(id)),
                }
            }
            return;
        }
        about.cwd = some(&meta["cwd"]);
        about.branch = some(&meta["git"]["branch"]);
        if let Some(version) = some(&meta["cli_version"]) {
            about.data.insert("version".into(), version.into());
        }
        let subagent = &meta["source"]["subagent"];
        self.internal = !meta["source"]["internal"].is_null() || *subagent == "memory_consolidation" || subagent["other"] == "guardian";
        let root = || some(&meta["session_id"]).filter(|root| !subagent.is_null() && *root != id);
        about.parent = some(&meta["parent_thread_id"]).or_else(|| some(&subagent["thread_spawn"]["parent_thread_id"])).or_else(root);
        match about.parent {
            Some(_) => self.own = meta["subagent_history_start_ordinal"].as_u64().unwrap_or(0),
            None => about.origin = some(&meta["forked_from_id"]),
        }
        about.native_id = id;
    }

    /// The turn that runs was copied from the conversation that began this one, of which it is no part.
    fn is_parents(&self, teller: &Teller) -> bool {
        self.copied && teller.about.parent.is_some()
    }
}

/// The text of a value that is one without escapes.
fn text(raw: Option<&RawValue>) -> &str {
    let inner = raw.and_then(|raw| raw.get().strip_prefix('"')?.strip_suffix('"'));
    inner.filter(|text| !text.contains('\\')).unwrap_or_default()
}

fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// When an id was made, in ms: those of turns and threads are UUIDs of version 7.
fn millis(id: &str) -> Option<u64> {
    let (high, rest) = (id.get(..8)?, id.get(8..)?.strip_prefix('-')?);
    let (low, rest) = (rest.get(..4)?, rest.get(4..)?);
    if id.len() != 36 || !rest.starts_with("-7") {
        return None;
    }
    u64::from_str_radix(&format!("{high}{low}"), 16).ok()
}

#[cfg(test)]
mod tests;
