//! What Copilot's tools are called, and what calls of them say that was done.

use serde_json::Value;

use super::super::claude::{first, with_lines};
use super::super::patch;
use super::super::teller::{Teller, action};

/// A call of a tool, as actions.
pub(super) fn tool(name: &str, input: &Value, turn: usize, call: &str, teller: &mut Teller) {
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let lines = |keys: &[&str]| first(input, keys).lines().count();
    // One tool for files has its commands inside.
    let name = if name.starts_with("str_replace_") { text("command") } else { name };
    match name {
        "bash" | "powershell" | "shell" | "local_shell" => teller.act(turn, call, action("command", text("command"))),
        "view" => teller.act(turn, call, action("file-read", text("path"))),
        "create" => teller.act(turn, call, with_lines(action("file-created", text("path")), lines(&["file_text"]), 0)),
        "edit" | "str_replace" | "insert" => {
            teller.act(
                turn,
                call,
                with_lines(action("file-edited", text("path")), lines(&["new_str", "insert_text"]), lines(&["old_str"])),
            );
        }
        "apply_patch" => {
            let patch = input.as_str().unwrap_or_else(|| first(input, &["input", "patch"]));
            patch::actions(patch).into_iter().for_each(|edit| teller.act(turn, call, edit));
        }
        "grep" | "glob" | "rg" => {
            teller.act(turn, call, action("search", &format!("{name} {}", first(input, &["pattern", "query", "path"]))));
        }
        "web_fetch" | "fetch" => teller.act(turn, call, action("url", text("url"))),
        "web_search" => teller.act(turn, call, action("search", text("query"))),
        "update_todo" => teller.todos(turn, &checklist(text("todos"))),
        "task" => {
            let mut agent = action("agent", first(input, &["description", "prompt"]));
            agent.data.extend(input["agent_type"].as_str().map(|kind| ("type".to_string(), kind.into())));
            teller.act(turn, call, agent);
        }
        // Housekeeping of the agent itself.
        "report_intent"
        | "task_complete"
        | "exit_plan_mode"
        | "sql"
        | "tool_search"
        | "tool_search_tool_regex"
        | "read_agent"
        | "write_agent"
        | "list_agents"
        | "read_bash"
        | "write_bash"
        | "stop_bash"
        | "list_bash"
        | "read_powershell"
        | "write_powershell"
        | "stop_powershell"
        | "list_powershell"
        | "fetch_copilot_cli_documentation"
        | "undo_edit"
        | "" => {}
        other => teller.act(turn, call, action("tool", other)),
    }
}

/// The to-dos of a checklist in Markdown, text and state.
fn checklist(text: &str) -> Vec<(String, String)> {
    let item = |line: &str| {
        let rest = line.trim_start().strip_prefix(['-', '*'])?.trim_start().strip_prefix('[')?;
        let (state, text) = rest.split_once(']')?;
        let state = if state.trim().eq_ignore_ascii_case("x") { "completed" } else { "pending" };
        Some((text.trim().to_string(), state.to_string()))
    };
    text.lines().filter_map(item).collect()
}

/// What a command printed, and the exit status that its last line tells.
pub(super) fn exit_code(output: &str) -> (&str, Option<i64>) {
    let (printed, last) = output.trim_end().rsplit_once('\n').unwrap_or(("", output));
    let told = last.trim().strip_prefix('<').and_then(|t| t.strip_suffix('>')).and_then(|t| t.rsplit_once("exit code "));
    match told.and_then(|(_, code)| code.trim().parse().ok()) {
        Some(code) => (printed, Some(code)),
        None => (output, None),
    }
}
