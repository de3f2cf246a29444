//! What real agents sent to hooks, replayed with their files as they were then, gives what importing them gives.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::builder::{Journal, shared};

/// Files of a capture, without what was sent to hooks.
fn files(dir: &Path) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(dir).sort_by_file_name().into_iter().filter_map(Result::ok).filter(|f| f.file_type().is_file());
    all.map(walkdir::DirEntry::into_path)
        .filter(|f| !f.components().any(|c| c.as_os_str().to_string_lossy().starts_with("hooks")))
        .collect()
}

/// The record, without what depends on where the files lie.
fn record(journal: &Journal) -> Vec<Value> {
    let out = journal.run(&["conversation", "export"]).ok().out;
    let mut lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for line in &mut lines {
        for key in ["cwd", "project", "log"] {
            if let Some(object) = line.as_object_mut() {
                object.remove(key);
            }
        }
    }
    lines.sort_by_key(ToString::to_string);
    lines
}

/// The place in a copy of the capture that a path of the agent's means: the one with the longest common end.
fn place(path: &str, copies: &[PathBuf]) -> Option<PathBuf> {
    let common = |copy: &&PathBuf| copy.components().rev().zip(Path::new(path).components().rev()).take_while(|(a, b)| a == b).count();
    copies.iter().max_by_key(common).filter(|copy| common(copy) > 0).cloned()
}

/// The same input, with paths of the copy.
fn moved(mut input: Value, copies: &[PathBuf]) -> Value {
    for key in ["transcript_path", "transcriptPath", "agent_transcript_path"] {
        if let Some(path) = input[key].as_str().map(str::to_string) {
            input[key] = place(&path, copies).map_or(Value::Null, |place| place.to_string_lossy().into_owned().into());
        }
    }
    input
}

fn replay(agent: &str, capture: &Path, hooks: &[&str]) {
    let journal = Journal::new();
    let root = journal.root().to_string_lossy().into_owned();
    let sources = files(capture);
    let copies: Vec<PathBuf> = sources.iter().map(|f| journal.path("copy").join(f.strip_prefix(capture).expect("below"))).collect();
    let write = |copy: &Path, lines: usize| {
        let source = capture.join(copy.strip_prefix(journal.path("copy")).expect("below"));
        let text = std::fs::read_to_string(source).expect("text");
        let part: String = text.split_inclusive('\n').take(lines).collect();
        std::fs::create_dir_all(copy.parent().expect("a directory")).expect("directories");
        std::fs::write(copy, part).expect("a file");
    };
    let mut sent: Vec<PathBuf> = Vec::new();
    for dir in hooks {
        let mut here: Vec<PathBuf> = std::fs::read_dir(capture.join(dir)).expect("hooks").map(|f| f.expect("a file").path()).collect();
        here.sort();
        sent.extend(here);
    }
    let mut own = Vec::new();
    for file in sent {
        let hook: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("text")).expect("JSON");
        let event = hook["event"].as_str().expect("an event");
        let input = moved(hook["stdin"].clone(), &copies);
        let named = ["transcript_path", "transcriptPath"].iter().find_map(|key| input[*key].as_str()).map(PathBuf::from);
        // Of another conversation the capture has no file.
        let id = ["session_id", "sessionId"].iter().find_map(|key| hook["stdin"][*key].as_str()).unwrap_or_default();
        let is_there = named.as_ref().is_none_or(|n| agent != "claude" || n.to_string_lossy().contains(id));
        if let Some(named) = named.filter(|_| is_there) {
            match hook["transcript_then"]["lines"].as_u64() {
                Some(lines) => write(&named, usize::try_from(lines).expect("a number")),
                None => drop(std::fs::remove_file(&named)),
            }
            own.push(named);
        }
        if event.to_lowercase().starts_with("subagentstop")
            && let Some(path) = input["agent_transcript_path"].as_str().filter(|path| path.contains("agent") || agent == "codex")
        {
            write(Path::new(path), usize::MAX);
        }
        if is_there {
            let mut command = journal.command(&["--journal", &root, "hook", event, "--agent", agent]);
            command.env("COPILOT_HOME", journal.path("copy")).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
            let mut child = command.spawn().expect("it starts");
            std::io::Write::write_all(&mut child.stdin.take().expect("piped"), input.to_string().as_bytes()).expect("it reads");
            assert!(child.wait().expect("it ends").success());
            // Some say that they have answered before they have made their file.
            let log = std::fs::read_to_string(journal.path(".shiftlog/hook.log")).unwrap_or_default();
            assert!(log.lines().all(|line| line.contains(": there is no such transcript: ")), "{agent} {event}: {log}");
        }
    }
    // What came after the last hook, for the next start to find.
    copies.iter().for_each(|copy| write(copy, usize::MAX));
    let last = own.last().expect("a transcript");
    let input = serde_json::json!({"session_id": "new", "transcript_path": last, "cwd": "/home/dev/greet", "source": "startup"});
    let _ = journal.run_with(&["--journal", &root, "hook", "SessionStart", "--agent", agent], &input.to_string()).ok();

    let other = Journal::new();
    let _ = other.json(&["import", "--from", &journal.path("copy").to_string_lossy()]);
    let (hooked, imported) = (record(&journal), record(&other));
    assert!(!imported.is_empty(), "{agent}");
    for (one, two) in hooked.iter().zip(&imported) {
        assert_eq!(one, two, "{agent}");
    }
    assert_eq!(hooked.len(), imported.len(), "{agent}");
    for conversation in imported.iter().filter(|line| line["type"] == "conversation" && line["parent"].is_null()) {
        let _ = other.run(&["capture", conversation["id"].as_str().expect("an id")]).ok();
    }
    assert_eq!(logs(&journal), logs(&other), "{}", capture.display());
}

/// The logs by their titles, without ids, which go by the order in which they were begun, and without the clock's times.
fn logs(journal: &Journal) -> Vec<(String, String)> {
    let mut logs = Vec::new();
    for file in std::fs::read_dir(journal.path("sessions/current")).expect("there").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("text");
        let id = file.path().file_stem().expect("a name").to_string_lossy().into_owned();
        let lines = text.lines().filter(|line| !line.starts_with("last_updated: "));
        let text: String = lines.map(|line| line.replace(&id, "ID") + "\n").collect();
        let title = text.lines().find(|line| line.starts_with("title: ")).unwrap_or_default().to_string();
        logs.push((title, text));
    }
    logs.sort();
    logs
}

#[test]
fn hooks_that_real_agents_called_give_what_import_gives() {
    let Some(captures) = shared("agents") else { return };
    let cases: [(&str, &str, &[&str]); 9] = [
        ("claude", "claude/tui-2.1.329", &["hooks"]),
        ("claude", "claude/print-2.1.329", &["hooks"]),
        ("claude", "claude/resumed-2.1.329", &["hooks"]),
        ("codex", "codex/exec-gpt-5.5-0.169.0", &["hooks"]),
        ("codex", "codex/exec-code-mode-0.169.0", &["hooks"]),
        ("codex", "codex/tui-0.169.0", &["hooks"]),
        ("gemini", "gemini/tui-0.61.0", &["hooks"]),
        ("copilot", "copilot/print-1.0.102", &["hooks"]),
        ("qwen", "qwen/0.24.4", &["hooks-print", "hooks-tui"]),
    ];
    for (agent, capture, hooks) in cases {
        replay(agent, &captures.join(capture), hooks);
    }
}
