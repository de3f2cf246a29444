//! OpenCode: a database of sessions, messages and their parts; before, a file of JSON for each of them; and what it exports.
//!
//! All three come to the same: what is known of a session, and of each message and its parts. A fork copies messages with new ids
//! and their old times, and names no original: it is found by times and texts. Read as releases from 1.0 to 1.18 write it.

mod dialogue;
#[cfg(test)]
mod tests;
mod tools;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::dialogue::{Dialogue, Message, Others, Span, tell};
use super::lines::{Read, mended};
use super::{Agent, Homes, Limits};
use crate::record::foreign;

pub(super) struct OpenCode;

impl Agent for OpenCode {
    fn name(&self) -> &'static str {
        "opencode"
    }
    fn title(&self) -> &'static str {
        "OpenCode"
    }
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        let home = homes.data.join("opencode");
        let files = walkdir::WalkDir::new(&home).max_depth(1).sort_by_file_name().into_iter().filter_map(Result::ok);
        let databases: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).filter(|path| is_database(path)).collect();
        // Whatever first makes a database takes in all that was there before.
        if !databases.is_empty() {
            return databases;
        }
        let files = walkdir::WalkDir::new(home.join("storage/session")).max_depth(2).into_iter().filter_map(Result::ok);
        let mut files: Vec<PathBuf> = files.map(walkdir::DirEntry::into_path).filter(|path| session(path).is_some()).collect();
        // Ids of sessions go down.
        files.sort_by(|one, other| other.file_name().cmp(&one.file_name()));
        files
    }
    fn keeps(&self, path: &Path) -> bool {
        let Some(head) = super::head(path) else { return false };
        if head.starts_with(MAGIC) {
            return is_database(path) || foreign::OpenCode::open(path).is_ok();
        }
        let head = head.find('{').map_or("", |start| &head[start..]);
        let has = |key: &str| head.contains(&format!("\"{key}\""));
        head.contains("\"ses_") && has("id") && has("version") && (has("info") || session(path).is_some())
    }
    fn beside(&self, path: &Path) -> Option<PathBuf> {
        match session(path) {
            // New messages are files in a directory of their own.
            Some((storage, id)) => Some(storage.join("message").join(id)),
            None if path.extension().is_some_and(|e| e == "db") => Some(path.with_extension("db-wal")),
            None => None,
        }
    }
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> io::Result<Read> {
        let mut head = [0; MAGIC.len()];
        if File::open(path)?.read_exact(&mut head).is_ok() && head == *MAGIC.as_bytes() {
            return database(path, mark, limits);
        }
        whole(path, limits)
    }
}

/// What a database begins with.
const MAGIC: &str = "SQLite format 3\0";

/// Whether a database is called as the releases call theirs, and others that people build: `opencode.db`, `opencode-dev.db`.
fn is_database(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("opencode")?.strip_suffix(".db"));
    name.is_some_and(|channel| channel.is_empty() || channel.starts_with('-')) && path.is_file()
}

/// The directory and the id of a session of the releases before the database, by where its file lies.
fn session(path: &Path) -> Option<(&Path, &str)> {
    let id = path.file_name()?.to_str()?.strip_suffix(".json").filter(|name| name.starts_with("ses_"))?;
    let dir = path.ancestors().nth(2).filter(|dir| dir.ends_with("session"))?;
    Some((dir.parent()?, id))
}

/// How many sessions are known with the time of their last change.
const RECENT: usize = 200;

/// What was read of a database.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Mark {
    /// Sessions that were changed last, and when.
    recent: BTreeMap<String, i64>,
    /// Others that were not changed after this are known as well.
    until: Option<i64>,
    /// How many those are.
    others: usize,
}

impl Mark {
    fn new(sessions: &[foreign::Session]) -> Mark {
        let mut recent: Vec<&foreign::Session> = sessions.iter().collect();
        recent.sort_by_key(|session| std::cmp::Reverse(session.changed));
        let until = recent.get(RECENT).map(|session| session.changed);
        recent.truncate(RECENT);
        let others = sessions.len() - recent.len();
        Mark { recent: recent.into_iter().map(|session| (session.id.clone(), session.changed)).collect(), until, others }
    }

    /// A mark that was left for these sessions; one that was left for others, or before old ones were brought in, says nothing.
    fn left(text: Option<&str>, sessions: &[foreign::Session]) -> Mark {
        let mark: Option<Mark> = text.and_then(|text| serde_json::from_str(text).ok());
        let is_of = |mark: &Mark| {
            let (recent, others): (Vec<_>, Vec<_>) = sessions.iter().partition(|session| mark.recent.contains_key(&session.id));
            !recent.is_empty() && others.into_iter().filter(|session| mark.knows(session)).count() <= mark.others
        };
        mark.filter(is_of).unwrap_or_default()
    }

    fn knows(&self, session: &foreign::Session) -> bool {
        match self.recent.get(&session.id) {
            _ if session.changed == 0 => false,
            Some(changed) => *changed == session.changed,
            None => self.until.is_some_and(|until| session.changed <= until),
        }
    }
}

/// Reads a database, once more where OpenCode began to write it meanwhile.
fn database(path: &Path, mark: Option<&str>, limits: Limits) -> io::Result<Read> {
    loop {
        let store = foreign::OpenCode::open(path)?;
        let read = changed(&store, mark, limits);
        if !store.is_overtaken() {
            return read;
        }
    }
}

/// Reads those sessions of a database that the mark does not know as they are.
fn changed(store: &foreign::OpenCode, mark: Option<&str>, limits: Limits) -> io::Result<Read> {
    let sessions = store.sessions()?;
    let mark = Mark::left(mark, &sessions);
    let column = |session: &foreign::Session, name: &str| session.row.get(name).cloned().unwrap_or_default();
    let spans = sessions.iter().map(|s| Span::new(&s.id, &column(s, "time_created"), &column(s, "time_updated"))).collect();
    let said_at = |session: &str, time: i64| Ok(store.messages_at(session, time)?.iter().map(|m| message(m, &mut 0)).collect());
    let others = Others { spans, said_at: &said_at };
    // Of the file itself, only the beginning stays as it is.
    let mark_now = serde_json::to_string(&Mark::new(&sessions)).ok();
    let mut read = Read { mark: mark_now, bytes: MAGIC.len() as u64, unread: store.unread()?, ..Read::default() };
    for session in sessions.iter().filter(|session| !mark.knows(session)) {
        let row = |name: &str| column(session, name);
        let info = json!({
            "id": session.id, "parentID": row("parent_id"), "directory": row("directory"), "title": row("title"),
            "version": row("version"), "fork": {"sessionID": row("fork_session_id")}, "time": {"created": row("time_created")},
            "revert": row("revert").as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        });
        let messages = store.messages(&session.id)?.iter().map(|m| message(m, &mut read.unread)).collect();
        read.transcripts.extend(tell(&Dialogue { info, messages }, &others, limits)?);
    }
    Ok(read)
}

/// A message of the database; counts what could not be understood.
fn message(stored: &foreign::Message, unread: &mut u64) -> Message {
    let mut object = |id: &str, data: &str| {
        let mut value = parsed(data.as_bytes(), unread);
        value["id"] = id.into();
        value
    };
    let info = object(&stored.id, &stored.data);
    Message { info, parts: stored.parts.iter().map(|(id, data)| object(id, data)).collect() }
}

/// An object; an empty one, counted, where it is none.
fn parsed(bytes: &[u8], unread: &mut u64) -> Value {
    let object = |bytes: &[u8]| {
        let value = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().next();
        value.and_then(Result::ok).filter(Value::is_object)
    };
    object(bytes).or_else(|| object(&mended(bytes))).unwrap_or_else(|| {
        *unread += 1;
        json!({})
    })
}

/// Reads an export, or a session of the releases before the database.
fn whole(path: &Path, limits: Limits) -> io::Result<Read> {
    let bytes = std::fs::read(path)?;
    let mut read = Read { bytes: bytes.len() as u64, ..Read::default() };
    let start = bytes.iter().position(|byte| *byte == b'{').unwrap_or_default();
    let mut whole = parsed(bytes.get(start..).unwrap_or_default(), &mut read.unread);
    drop(bytes);
    let told = match session(path).filter(|_| whole["messages"].is_null()) {
        Some((storage, id)) => {
            whole["id"] = id.into();
            let messages = stored(&storage.join("message").join(id), &mut read.unread);
            let messages = messages.into_iter().map(|info| with_parts(storage, info, &mut read.unread)).collect();
            let dialogue = Dialogue { info: whole, messages };
            let spans = if dialogue.is_fork() { spans(path) } else { Vec::new() };
            let known: RefCell<HashMap<String, Vec<Value>>> = RefCell::default();
            let said_at = |session: &str, time: i64| {
                let mut known = known.borrow_mut();
                let dir = storage.join("message").join(session);
                let all = known.entry(session.to_string()).or_insert_with(|| stored(&dir, &mut 0));
                let then = all.iter().filter(|info| info["time"]["created"] == time);
                Ok(then.map(|info| with_parts(storage, info.clone(), &mut 0)).collect())
            };
            tell(&dialogue, &Others { spans, said_at: &said_at }, limits)?
        }
        None => {
            let mut messages = Vec::new();
            for message in whole["messages"].as_array_mut().into_iter().flatten().filter(|message| message.is_object()) {
                let parts = message["parts"].as_array_mut().map(std::mem::take).unwrap_or_default();
                messages.push(Message { info: message["info"].take(), parts });
            }
            let dialogue = Dialogue { info: whole["info"].take(), messages };
            tell(&dialogue, &Others { spans: Vec::new(), said_at: &|_, _| Ok(Vec::new()) }, limits)?
        }
    };
    read.transcripts.extend(told);
    Ok(read)
}

/// The objects in the files of a directory, by name, which is the id of each.
fn stored(dir: &Path, unread: &mut u64) -> Vec<Value> {
    let files = walkdir::WalkDir::new(dir).max_depth(1).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.map(walkdir::DirEntry::into_path).filter(|path| path.extension().is_some_and(|e| e == "json"));
    let object = |path: PathBuf| {
        let mut value = parsed(&std::fs::read(&path).ok()?, unread);
        value["id"] = path.file_stem()?.to_string_lossy().into();
        Some(value)
    };
    files.filter_map(object).collect()
}

fn with_parts(storage: &Path, info: Value, unread: &mut u64) -> Message {
    let parts = stored(&storage.join("part").join(info["id"].as_str().unwrap_or_default()), unread);
    Message { info, parts }
}

/// The sessions whose files lie beside this one.
fn spans(path: &Path) -> Vec<Span> {
    let all = path.parent().map(|dir| stored(dir, &mut 0)).unwrap_or_default();
    all.iter().map(|s| Span::new(s["id"].as_str().unwrap_or_default(), &s["time"]["created"], &s["time"]["updated"])).collect()
}
