//! Parts of messages and calls of tools, as Gemini CLI and Qwen Code, which came of it, both write them.

use serde_json::Value;

use super::claude::{first, with_lines};
use super::teller::{Teller, action, typed};
use crate::record::action::Action;

/// The texts of a content, without thoughts: it is a text, a part, or a list of them.
pub(super) fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(parts) => parts.iter().flat_map(texts).collect(),
        Value::Object(part) if part.get("thought").and_then(Value::as_bool) != Some(true) => {
            part.get("text").and_then(Value::as_str).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What a person typed, of a message or of how it was shown to them; nothing where no person did.
pub(super) fn prompt(content: &Value) -> Option<String> {
    const FILES: &str = "--- Content from referenced files ---";
    const END: &str = "--- End of content ---";
    let mut text = texts(content).join("\n\n");
    if let Some(start) = text.find(FILES) {
        let end = text.rfind(END).filter(|end| *end > start).map_or(text.len(), |end| end + END.len());
        text.replace_range(start..end, "");
    }
    let text = typed(&text);
    (!text.is_empty() && !is_injected(&text)).then_some(text)
}

/// Text that the program says in the person's place.
fn is_injected(text: &str) -> bool {
    const MARKS: [&str; 6] = [
        "<state_snapshot>",
        "<task-notification",
        "System: Please continue.",
        "System: Potential loop detected",
        "Here is the user's editor context",
        "Here is a summary of changes in the user's editor context",
    ];
    let is_last_call = text.starts_with("You have ") && text.contains("one final chance to complete the task with a short grace period");
    is_last_call || MARKS.iter().any(|mark| text.starts_with(mark))
}

/// A command that the person ran, and what it printed, as the agent is told of it.
pub(super) fn shell_line(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start().strip_prefix("I ran the following shell command:\n```sh\n")?;
    let (command, rest) = rest.split_once("\n```\n\nThis produced the following result:\n```\n")?;
    Some((command, rest.trim_end().strip_suffix("```").unwrap_or(rest)))
}

/// Notes a command that the person ran.
pub(super) fn run_by_user(command: &str, output: &str, id: &str, turn: usize, teller: &mut Teller) {
    let mut run = action("command", command.trim());
    run.data.insert("by".into(), "user".into());
    teller.act(turn, id, run);
    teller.result(id, None, Some(output));
}

/// What a tool gave back, and whether it says that it failed.
pub(super) fn response(parts: &Value) -> (&str, bool) {
    let parts = parts.as_array().map_or_else(|| std::slice::from_ref(parts), Vec::as_slice);
    let given = parts.iter().map(|part| &part["functionResponse"]["response"]).find(|given| given.is_object());
    match given {
        Some(given) => (first(given, &["output", "error", "content"]), given["error"].is_string()),
        None => (parts.iter().find_map(|part| part.as_str().or(part["text"].as_str())).unwrap_or_default(), false),
    }
}

/// A number of tokens.
pub(super) fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0).min(1 << 50)
}

/// A call of a tool, as actions.
pub(super) fn tool(name: &str, args: &Value, turn: usize, id: &str, teller: &mut Teller) {
    let text = |key: &str| args[key].as_str().unwrap_or_default();
    let lines = |key: &str| text(key).lines().count();
    let path = || first(args, &["file_path", "absolute_path", "notebook_path", "path"]);
    match name {
        "run_shell_command" => teller.act(turn, id, action("command", text("command"))),
        "read_file" => teller.act(turn, id, action("file-read", path())),
        "read_many_files" => {
            let paths = ["paths", "include"].iter().filter_map(|key| args[*key].as_array()).flatten().filter_map(Value::as_str);
            paths.for_each(|path| teller.act(turn, id, action("file-read", path)));
        }
        "write_file" => teller.act(turn, id, with_lines(action("file-created", path()), lines("content"), 0)),
        "replace" | "edit" => teller.act(turn, id, with_lines(action("file-edited", path()), lines("new_string"), lines("old_string"))),
        "notebook_edit" => teller.act(turn, id, with_lines(action("file-edited", path()), lines("new_source"), 0)),
        "web_fetch" => {
            let given =
                first(args, &["url", "prompt"]).split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')'));
            let urls = given.map(|word| word.trim_end_matches(['.', ',', ';', ':', '!', '?']));
            urls.filter(|word| word.starts_with("http://") || word.starts_with("https://"))
                .for_each(|url| teller.act(turn, id, action("url", url)));
        }
        "google_web_search" | "web_search" => teller.act(turn, id, action("search", text("query"))),
        "glob" => teller.act(turn, id, action("search", &format!("Glob {}", text("pattern")))),
        "grep_search" | "search_file_content" => teller.act(turn, id, action("search", &format!("Grep {}", text("pattern")))),
        "list_directory" => teller.act(turn, id, action("search", &format!("LS {}", first(args, &["dir_path", "path"])))),
        "write_todos" | "todo_write" => {
            let list = args["todos"].as_array().into_iter().flatten();
            let item = |t: &Value| Some((todo_text(t)?.to_string(), t["status"].as_str().unwrap_or("pending").to_string()));
            teller.todos(turn, &list.filter_map(item).collect::<Vec<_>>());
        }
        "invoke_agent" | "delegate_to_agent" | "agent" | "task" => {
            agent(first(args, &["subagent_type", "agent_name"]), args, turn, id, teller);
        }
        "codebase_investigator" => agent(name, args, turn, id, teller),
        // The last words of a subagent are what it gives this tool.
        "complete_task" => teller.say(turn, first(args, &["result", "response", "report"])),
        // Housekeeping of the agent itself.
        "tool_search"
        | "enter_plan_mode"
        | "exit_plan_mode"
        | "update_topic"
        | "list_agents"
        | "task_stop"
        | "task_output"
        | "list_background_processes"
        | "read_background_output" => {}
        other => teller.act(turn, id, action("tool", other)),
    }
}

fn todo_text(todo: &Value) -> Option<&str> {
    ["description", "content"].iter().find_map(|key| todo[*key].as_str())
}

/// A subagent that was started.
fn agent(kind: &str, args: &Value, turn: usize, id: &str, teller: &mut Teller) {
    let mut agent = action("agent", first(args, &["description", "prompt", "objective", "task", "request", "query", "question"]));
    if !kind.is_empty() {
        agent.data.insert("type".into(), kind.into());
    }
    teller.act(turn, id, agent);
}

/// What came of a call: whether it succeeded, what it answered, and how that was shown to the person.
pub(super) fn result(id: &str, ok: Option<bool>, answer: &str, display: &Value, teller: &mut Teller) {
    let Some(kind) = teller.of_call(id).first().map(|action| action.kind.clone()) else { return };
    match kind.as_str() {
        "command" => {
            let (exit, printed) = shell(answer, display);
            let failed = ok == Some(false) || exit.is_some_and(|exit| exit != 0) || answer.starts_with("Command was ");
            let ok = if failed { Some(false) } else { ok };
            teller.result(id, ok, Some(printed));
            if let Some(exit) = exit.filter(|exit| *exit == 0 || failed) {
                teller.of_call(id).into_iter().for_each(|action| drop(action.data.insert("exit".into(), exit.into())));
            }
        }
        "agent" => {
            let reason = after(answer, "Termination Reason: ");
            let ok = if reason.is_some_and(|reason| reason != "GOAL") { Some(false) } else { ok };
            teller.result(id, ok, Some(answer));
            let task = after(answer, "task_id: ").and_then(|rest| rest.split_whitespace().next());
            for action in teller.of_call(id) {
                task.into_iter().for_each(|task| drop(action.data.insert("id".into(), task.into())));
            }
        }
        _ => {
            teller.result(id, ok, Some(answer));
            teller.of_call(id).into_iter().for_each(|action| edited(action, answer, display));
        }
    }
}

/// The rest of the first line that begins so.
fn after<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(label)).map(str::trim)
}

/// What is known of a file that was written only when it was.
fn edited(action: &mut Action, answer: &str, display: &Value) {
    if !matches!(action.kind.as_str(), "file-created" | "file-edited") {
        return;
    }
    let new = display["isNewFile"].as_bool().or_else(|| {
        let says = [("Successfully overwrote", false), ("Created new file", true)];
        says.into_iter().find(|(words, _)| answer.starts_with(words)).map(|(_, new)| new)
    });
    if let Some(new) = new {
        action.kind = if new { "file-created" } else { "file-edited" }.into();
    }
    let stat = &display["diffStat"];
    if stat.is_object() {
        let lines = |what: &str| count(&stat[format!("model_{what}_lines")]) + count(&stat[format!("user_{what}_lines")]);
        action.data.insert("added".into(), lines("added").into());
        action.data.insert("removed".into(), lines("removed").into());
    }
}

/// The exit status of a command, where it ended, and what it printed.
fn shell<'v>(answer: &'v str, display: &'v Value) -> (Option<i64>, &'v str) {
    if let Some(output) = display["output"].as_str() {
        return (display["exitCode"].as_i64(), output);
    }
    let text = answer.trim();
    let text = text.strip_prefix("<untrusted_context>").map_or(text, |t| t.strip_suffix("</untrusted_context>").unwrap_or(t)).trim();
    let begins = |label: &str| text.strip_prefix(label).or_else(|| text.split_once(&format!("\n{label}")).map(|(_, rest)| rest));
    let Some(mut printed) = begins("Output: ").or_else(|| begins("Stdout: ")) else { return (None, text) };
    // A command that ends well may leave its status out.
    let mut exit = Some(0);
    loop {
        let (rest, line) = printed.rsplit_once('\n').unwrap_or(("", printed));
        if let Some(code) = line.strip_prefix("Exit Code: ") {
            exit = code.trim().parse().ok();
        } else if line.strip_prefix("Signal: ").is_some_and(|signal| !matches!(signal.trim(), "0" | "(none)")) {
            exit = exit.filter(|exit| *exit != 0);
        } else if !["Signal: ", "Background PIDs: ", "Process Group PGID: ", "Error: (none)"].iter().any(|label| line.starts_with(label)) {
            break;
        }
        printed = rest;
    }
    (exit, if printed == "(empty)" { "" } else { printed })
}
