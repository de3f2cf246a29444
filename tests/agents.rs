//! What readers make of real transcripts, against what was read from them by hand.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shiftlog::agents::{AGENTS, Agent, Limits, named};

use crate::builder::shared;

/// Every expectation: the agent, the capture's directory, and what is expected of it.
fn expectations() -> Vec<(&'static dyn Agent, PathBuf, Value)> {
    let Some(captures) = shared("agents") else { return Vec::new() };
    let mut all = Vec::new();
    for agent in AGENTS {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents").join(agent.name());
        let mut found: Vec<PathBuf> =
            fs::read_dir(&dir).unwrap_or_else(|e| panic!("{e}: {}", dir.display())).flatten().map(|e| e.path()).collect();
        found.sort();
        assert!(!found.is_empty(), "no expectations for {}", agent.name());
        for dir in found {
            let capture = captures.join(agent.name()).join(dir.file_name().expect("a name"));
            for file in fs::read_dir(&dir).expect("a directory").flatten() {
                let text = fs::read_to_string(file.path()).expect("an expectation");
                all.push((agent, capture.clone(), serde_json::from_str(&text).expect("JSON")));
            }
        }
    }
    all
}

/// Where something is not as expected: each key that is expected has this value, lists have these lengths.
fn differences(place: &str, expected: &Value, found: &Value, all: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                match found.get(key) {
                    Some(there) => differences(&format!("{place}.{key}"), value, there, all),
                    None if value.as_array().is_some_and(Vec::is_empty) => {}
                    None => all.push(format!("{place}.{key}: {value} is missing")),
                }
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            if expected.len() != found.len() {
                all.push(format!("{place}: {} expected, {} found", expected.len(), found.len()));
            }
            for (n, (one, other)) in expected.iter().zip(found).enumerate() {
                differences(&format!("{place}[{n}]"), one, other, all);
            }
        }
        _ if expected == found => {}
        _ => all.push(format!("{place}:\n  expected {expected}\n  found    {found}")),
    }
}

#[test]
fn captures_are_read_as_they_are() {
    let mut all = Vec::new();
    for (agent, dir, expected) in expectations() {
        if agent.name() == "aider" && chrono::Local::now().offset().local_minus_utc() != 0 {
            // It writes times without a zone: those of the machine.
            continue;
        }
        let capture = format!("{}/{}", agent.name(), dir.file_name().expect("a name").to_string_lossy());
        let mut found = Vec::new();
        for file in expected["files"].as_array().expect("files") {
            let path = dir.join(file.as_str().expect("a path"));
            assert!(agent.keeps(&path), "{} is not taken for one of {}", path.display(), agent.title());
            let read = agent.read(&path, None, Limits::default()).unwrap_or_else(|e| panic!("{e}: {}", path.display()));
            found.extend(read.transcripts.into_iter().map(|t| serde_json::to_value(t).expect("JSON")));
        }
        let conversations = expected["conversations"].as_array().expect("conversations");
        for conversation in conversations {
            let id = &conversation["native_id"];
            match found.iter().position(|f| f["native_id"] == *id) {
                Some(at) => differences(&format!("{capture} {id}"), conversation, &found.swap_remove(at), &mut all),
                None => all.push(format!("{capture}: {id} is missing")),
            }
        }
        found.retain(|f| f["turns"].as_array().is_some_and(|turns| !turns.is_empty()));
        all.extend(found.iter().map(|f| format!("{capture}: {} was not expected", f["native_id"])));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_transcript_read_in_pieces_is_the_same() {
    for (agent, dir, expected) in expectations() {
        for file in expected["files"].as_array().expect("files") {
            let path = dir.join(file.as_str().expect("a path"));
            if path.extension().is_none_or(|e| e != "jsonl") {
                continue;
            }
            in_pieces(agent, &path);
        }
    }
}

/// Reads a growing file of lines after every few of them; what its turns say at the end is what a reading of the whole says.
fn in_pieces(agent: &dyn Agent, path: &Path) {
    let whole = agent.read(path, None, Limits::default()).expect("readable");
    let text = fs::read(path).expect("readable");
    let dir = tempfile::TempDir::new().expect("a directory");
    // The same directories, as far as readers look at them.
    let parents: PathBuf = path.components().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    let copy = dir.path().join(parents);
    fs::create_dir_all(copy.parent().expect("a parent")).expect("a directory");
    let meta = path.with_extension("meta.json");
    if meta.exists() {
        fs::copy(&meta, copy.with_extension("meta.json")).expect("copied");
    }
    let (mut mark, mut at) = (None::<String>, 0);
    let mut turns = std::collections::BTreeMap::new();
    while at < text.len() {
        at = (at + 1 + text.len() / 7).min(text.len());
        fs::write(&copy, &text[..at]).expect("written");
        let read = agent.read(&copy, mark.as_deref(), Limits::default()).expect("readable");
        mark = read.mark;
        for transcript in read.transcripts {
            for turn in transcript.turns {
                turns.insert((transcript.native_id.clone(), turn.native_id.clone()), turn);
            }
        }
    }
    for transcript in whole.transcripts {
        for turn in transcript.turns {
            let pieces = turns.get(&(transcript.native_id.clone(), turn.native_id.clone()));
            assert_eq!(pieces, Some(&turn), "{}: {}", path.display(), turn.native_id);
        }
    }
}

#[test]
fn agents_have_one_name_each() {
    for agent in AGENTS {
        assert_eq!(named(agent.name()).map(Agent::name), Some(agent.name()));
    }
    assert!(named("nobody").is_none());
}
