//! Facts in the captures of real agents: from what the tests expect of each, and from what is known to have happened.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::gold::{Fact, Kind};

/// A conversation of a capture.
pub(crate) struct Captured {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) native_id: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) shown: String,
}

/// Those of all captures that are no subagent's.
pub(crate) fn all(captures: &Path) -> Vec<Captured> {
    let truth = json(&captures.join("truth.json"));
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents");
    let mut found = Vec::new();
    for file in walkdir::WalkDir::new(&expected).sort_by_file_name().into_iter().filter_map(Result::ok) {
        let Some(name) = file.path().parent().and_then(|dir| dir.strip_prefix(&expected).ok()) else { continue };
        let dir = captures.join(name);
        if file.file_name() != "expected.json" || !dir.is_dir() {
            continue;
        }
        let conversations = json(file.path())["conversations"].take();
        for conversation in conversations.as_array().into_iter().flatten().filter(|c| c["parent"].is_null()) {
            found.push(Captured {
                name: name.to_string_lossy().into_owned(),
                dir: dir.clone(),
                native_id: conversation["native_id"].as_str().unwrap_or_default().to_string(),
                facts: facts(conversation, &truth),
                shown: shown(conversation),
            });
        }
    }
    found
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).expect("JSON")
}

/// Turns that are its own and were not taken back.
fn turns(conversation: &Value) -> impl Iterator<Item = &Value> {
    conversation["turns"].as_array().into_iter().flatten().filter(|turn| turn["copied"] != true && turn["abandoned"] != true)
}

fn facts(conversation: &Value, truth: &Value) -> Vec<Fact> {
    let actions: Vec<&Value> = turns(conversation).flat_map(|turn| turn["actions"].as_array().into_iter().flatten()).collect();
    let value = |action: &Value| action["value"].as_str().unwrap_or_default().to_string();
    let cwd = format!("{}/", conversation["cwd"].as_str().unwrap_or_default());
    let mut facts: Vec<Fact> = Vec::new();
    let mut add = |kind, tells| facts.push(Fact { kind, tells });
    let mut files: Vec<String> = Vec::new();
    for action in actions.iter().filter(|a| (a["kind"] == "file-created" || a["kind"] == "file-edited") && a["ok"] != false) {
        let path = value(action).trim_start_matches(&cwd).to_string();
        if !files.contains(&path) {
            files.push(path.clone());
            add(Kind::File, vec![path]);
        }
    }
    let todos: Vec<&&Value> = actions.iter().filter(|a| a["kind"] == "todo").collect();
    for (at, todo) in todos.iter().enumerate() {
        let is_last = todos[at + 1..].iter().all(|later| later["value"] != todo["value"]);
        if is_last && todo["status"] != "completed" && todo["status"] != "cancelled" {
            add(Kind::Todo, vec![value(todo)]);
        }
    }
    // Looking around verifies nothing.
    let verifies = |action: &Value| action["ok"] == true && action["data"]["by"] != "user" && !value(action).starts_with("ls ");
    let passed = actions.iter().rev().find(|a| a["kind"] == "command" && verifies(a));
    passed.into_iter().for_each(|command| add(Kind::Command, vec![value(command)]));
    let request = turns(conversation).filter_map(|turn| turn["user_input"].as_str().filter(|words| !words.is_empty())).last();
    request.into_iter().for_each(|words| add(Kind::Request, vec![words.chars().take(100).collect()]));
    let is_decided = turns(conversation).any(|turn| turn["agent_response"].as_str().is_some_and(|words| words.contains("Decisions")));
    for decision in truth["decisions"].as_array().into_iter().flatten().filter(|_| is_decided) {
        let what = decision["what"].as_str().unwrap_or_default().trim_start_matches("use ").to_string();
        let why: Vec<&str> = decision["why"].as_str().unwrap_or_default().split(' ').take(3).collect();
        add(Kind::Decision, vec![what, why.join(" ")]);
    }
    facts
}

/// What a person who watched saw.
fn shown(conversation: &Value) -> String {
    let mut text = String::new();
    for turn in turns(conversation) {
        text += &format!("> {}\n", turn["user_input"].as_str().unwrap_or_default());
        for action in turn["actions"].as_array().into_iter().flatten() {
            let part = |key: &str| action[key].as_str().unwrap_or_default();
            text += &format!("{} {}\n{}\n", part("kind"), part("value"), part("output"));
        }
        text += &format!("{}\n", turn["agent_response"].as_str().unwrap_or_default());
    }
    text
}
