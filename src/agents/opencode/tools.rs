//! What OpenCode's tools do, as actions.

use serde_json::Value;

use crate::agents::claude::{first, with_lines};
use crate::agents::teller::action;
use crate::record::action::Action;

/// What came of a call of a tool: whether it succeeded, where that is known, and what it answered.
pub(super) fn result(part: &Value) -> (Option<bool>, Option<&str>) {
    let state = &part["state"];
    let output = state["output"].as_str();
    match state["status"].as_str() {
        Some("completed") => {
            let is_shell = part["tool"].as_str().is_some_and(|name| SHELLS.contains(&name));
            let ok = match state["metadata"]["exit"].as_i64() {
                Some(exit) => Some(exit == 0),
                None if is_shell => output.is_some_and(was_stopped).then_some(false),
                None => (part["tool"] != "invalid").then_some(true),
            };
            (ok, output)
        }
        Some("error") => (Some(false), state["error"].as_str().or(output)),
        _ => (None, None),
    }
}

/// Tools that run commands.
const SHELLS: [&str; 2] = ["bash", "shell"];

/// Whether a note at the end of an output says that the command was not let finish.
fn was_stopped(output: &str) -> bool {
    let output = output.trim_end();
    let note = output.rsplit_once("metadata>\n").filter(|_| output.ends_with("metadata>")).map_or("", |(_, note)| note);
    note.contains("aborted the command") || note.contains("terminated command")
}

/// A call of a tool, as actions.
pub(super) fn actions(part: &Value) -> Vec<Action> {
    let (input, metadata) = (&part["state"]["input"], &part["state"]["metadata"]);
    let name = part["tool"].as_str().unwrap_or_default();
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let path = first(input, &["filePath", "path"]);
    let done = match name {
        _ if SHELLS.contains(&name) => {
            let mut run = action("command", text("command"));
            if let Some(exit) = metadata["exit"].as_i64() {
                run.data.insert("exit".into(), exit.into());
            }
            run
        }
        "read" => action("file-read", path),
        // Nothing says how much of the file was there before.
        "write" if metadata["exists"] == true => {
            let mut edit = action("file-edited", path);
            edit.data.insert("added".into(), text("content").lines().count().into());
            edit
        }
        "write" => with_lines(action("file-created", path), text("content").lines().count(), 0),
        "edit" | "multiedit" => edited(path, input, metadata),
        "patch" | "apply_patch" => return patched(text("patchText"), metadata),
        "webfetch" => action("url", text("url")),
        "websearch" | "codesearch" => action("search", text("query")),
        "glob" => action("search", &format!("Glob {}", text("pattern"))),
        "grep" => action("search", &format!("Grep {}", text("pattern"))),
        "list" => action("search", format!("List {path}").trim()),
        "task" => {
            let mut agent = action("agent", first(input, &["description", "prompt"]));
            for (key, value) in [("type", &input["subagent_type"]), ("id", &metadata["sessionId"])] {
                if value.is_string() {
                    agent.data.insert(key.into(), value.clone());
                }
            }
            agent
        }
        // What the model called was no tool.
        "invalid" => Action { ok: Some(false), ..action("error", text("error")) },
        // Housekeeping of the agent itself; the calls of a batch stand beside it.
        "todoread" | "plan_enter" | "plan_exit" | "batch" => return Vec::new(),
        other => action("tool", other),
    };
    vec![done]
}

/// An edit, or several of one file, with how many lines came and went.
fn edited(path: &str, input: &Value, metadata: &Value) -> Action {
    let (mut added, mut removed) = (0, 0);
    let results = metadata["results"].as_array().map_or_else(|| vec![metadata], |results| results.iter().collect());
    let edits = input["edits"].as_array().map_or_else(|| vec![input], |edits| edits.iter().collect());
    for (n, edit) in edits.iter().enumerate() {
        let lines = |key: &str| edit[key].as_str().unwrap_or_default().lines().count();
        let diff = results.get(n).and_then(|result| result["diff"].as_str()).and_then(|diff| diff.split_once("\n@@"));
        let count = |sign: char| diff.map(|(_, diff)| diff.lines().filter(|line| line.starts_with(sign)).count());
        added += count('+').unwrap_or_else(|| lines("newString"));
        removed += count('-').unwrap_or_else(|| lines("oldString"));
    }
    let is_new = edits.first().is_some_and(|edit| edit["oldString"] == "") && removed == 0;
    with_lines(action(if is_new { "file-created" } else { "file-edited" }, path), added, removed)
}

/// A file in a patch: what was done to it, its path and its new one, lines that came and went.
type Patched<'p> = (&'p str, &'p str, Option<&'p str>, [usize; 2]);

/// What a patch did to files: as was noted of it, else as it says itself.
fn patched(patch: &str, metadata: &Value) -> Vec<Action> {
    let noted = metadata["files"].as_array().into_iter().flatten().filter_map(|file| {
        let count = |key: &str| file[key].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        Some((file["type"].as_str()?, file["filePath"].as_str()?, file["movePath"].as_str(), [count("additions"), count("deletions")]))
    });
    let mut files: Vec<Patched<'_>> = noted.collect();
    if files.is_empty() {
        files = in_patch(patch);
    }
    let done = files.into_iter().flat_map(|(kind, path, to, [added, removed])| match (kind, to) {
        ("add", _) => vec![with_lines(action("file-created", path), added, removed)],
        ("delete", _) => vec![action("file-deleted", path)],
        ("move", Some(to)) => vec![action("file-deleted", path), with_lines(action("file-created", to), added, removed)],
        _ => vec![with_lines(action("file-edited", path), added, removed)],
    });
    done.collect()
}

/// The files that a patch names.
fn in_patch(patch: &str) -> Vec<Patched<'_>> {
    let mut files: Vec<Patched<'_>> = Vec::new();
    for line in patch.lines() {
        let Some((head, path)) = line.strip_prefix("*** ").and_then(|rest| rest.split_once(": ")) else {
            if let Some((.., [added, removed])) = files.last_mut() {
                *added += usize::from(line.starts_with('+'));
                *removed += usize::from(line.starts_with('-'));
            }
            continue;
        };
        match (head, files.last_mut()) {
            ("Add File", _) => files.push(("add", path.trim(), None, [0, 0])),
            ("Update File", _) => files.push(("update", path.trim(), None, [0, 0])),
            ("Delete File", _) => files.push(("delete", path.trim(), None, [0, 0])),
            ("Move to", Some(file)) => (file.0, file.2) = ("move", Some(path.trim())),
            _ => {}
        }
    }
    files
}
