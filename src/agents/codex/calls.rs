//! What Codex did: calls of its tools, what they answered, and what people are shown of them.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::patch;
use crate::agents::claude::{first, text_of};
use crate::agents::teller::{Teller, action};
use crate::record::action::Action;

/// The calls of a part of a file.
#[derive(Debug, Default)]
pub(super) struct Calls {
    met: HashSet<String>,
    /// Calls that started a command, by the number under which it goes on running.
    running: HashMap<String, String>,
    /// Numbers of the commands that calls look after.
    polled: HashMap<String, String>,
}

impl Calls {
    pub(super) fn has(&self, id: &str) -> bool {
        self.met.contains(id)
    }

    /// Whether a call comes for the first time.
    pub(super) fn is_new(&mut self, call: &Value) -> bool {
        let id = id(call);
        id.is_empty() || self.met.insert(id.to_string())
    }

    /// The model called a tool.
    pub(super) fn made(&mut self, call: &Value, turn: usize, teller: &mut Teller) {
        let id = id(call);
        match first(call, &["type"]) {
            "local_shell_call" => command(&call["action"]["command"], turn, id, teller),
            "web_search_call" => looked(&call["action"], turn, id, teller),
            "image_generation_call" => teller.act(turn, id, action("tool", "image_generation")),
            _ => {
                let given = first(call, &["arguments", "input"]);
                let input = serde_json::from_str(given).ok().filter(Value::is_object).unwrap_or_else(|| given.into());
                let name = first(call, &["name"]);
                if name == "write_stdin" {
                    self.polled.insert(id.to_string(), input["session_id"].to_string());
                }
                let name = match first(call, &["namespace"]).trim_end_matches('_') {
                    space if space.starts_with("mcp__") => format!("{space}__{name}"),
                    _ => name.to_string(),
                };
                tool(&name, &input, turn, id, teller);
            }
        }
    }

    /// A tool answered; says whether its call is known.
    pub(super) fn answered(&mut self, answer: &Value, teller: &mut Teller) -> bool {
        let id = first(answer, &["call_id"]);
        let printed = Printed::of(&answer["output"]);
        let call = match self.polled.get(id).map(|number| self.running.get(number)) {
            None => id.to_string(),
            Some(Some(started)) if printed.exit.is_some() => started.clone(),
            Some(started) => return started.is_some(),
        };
        if let Some(number) = &printed.running {
            // Numbers are given again when a thread is resumed.
            self.running.insert(number.clone(), id.to_string());
        }
        // What people are shown says it better, and comes first.
        if teller.of_call(&call).iter().any(|action| action.ok.is_none()) {
            let is_command = teller.of_call(&call).iter().any(|action| action.kind == "command");
            let text = Some(printed.text.as_str()).filter(|text| call == id || !text.trim().is_empty());
            let ok = match printed.exit {
                Some(code) => Some(code == 0),
                None if is_command => printed.running.is_none().then_some(false),
                None => Some(!is_failure(&printed.text)),
            };
            teller.result(&call, ok, text);
            exited(&call, printed.exit, teller);
        }
        self.has(id)
    }
}

fn id(call: &Value) -> &str {
    first(call, &["call_id", "id"])
}

/// What a tool printed.
#[derive(Debug, Default)]
struct Printed {
    exit: Option<i64>,
    /// The number under which a command goes on running.
    running: Option<String>,
    text: String,
}

impl Printed {
    /// Takes apart what the model gets to read: JSON in early releases, later a few lines and then the output.
    fn of(output: &Value) -> Printed {
        let parts = output.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
        let text = output.as_str().map_or_else(|| parts.collect::<String>(), str::to_string);
        let text = if text.is_empty() { first(output, &["content"]).to_string() } else { text };
        if text.starts_with('{')
            && let Ok(json) = serde_json::from_str::<Value>(&text)
            && let (Some(text), Some(exit)) = (json["output"].as_str(), json["metadata"]["exit_code"].as_i64())
        {
            return Printed { exit: Some(exit), running: None, text: text.to_string() };
        }
        let mut printed = Printed::default();
        let mut rest = text.as_str();
        while let Some((line, after)) = rest.split_once('\n').or_else(|| Some((rest, "")).filter(|_| !rest.is_empty())) {
            let after_words = |words: &str| line.strip_prefix(words).map(str::trim);
            if let Some(code) = after_words("Exit code:").or_else(|| after_words("Process exited with code")) {
                printed.exit = code.parse().ok();
            } else if let Some(number) = after_words("Process running with session ID") {
                printed.running = Some(number.to_string());
            } else if line.trim_end() == "Output:" {
                printed.text = after.to_string();
                return printed;
            } else if !["Chunk ID:", "Wall time", "Original token count:", "Total output lines:", "Warning:"]
                .iter()
                .any(|w| line.starts_with(w))
            {
                break;
            }
            rest = after;
        }
        Printed { text, ..printed }
    }
}

fn is_failure(text: &str) -> bool {
    const WORDS: [&str; 8] =
        ["aborted", "error", "err:", "failed", "unable to", "unsupported call", "collab ", "apply_patch verification failed"];
    let start = text.trim_start().get(..40).unwrap_or(text.trim_start()).to_lowercase();
    WORDS.iter().any(|word| start.starts_with(word))
}

/// Notes how a command ended.
fn exited(call: &str, code: Option<i64>, teller: &mut Teller) {
    for run in teller.of_call(call) {
        if let (true, Some(code)) = (run.kind == "command", code) {
            run.data.insert("exit".into(), code.into());
        }
    }
}

/// A call of a tool, as actions.
fn tool(name: &str, input: &Value, turn: usize, id: &str, teller: &mut Teller) {
    match name {
        // JavaScript that calls tools; what those did is shown, but for to-do lists.
        "exec" if input.is_string() => patch::plans(first_text(input)).iter().for_each(|plan| teller.todos(turn, plan)),
        "shell" | "shell_command" | "exec_command" | "local_shell" | "container.exec" | "unified_exec" | "exec" => {
            let run = ["command", "cmd"].iter().map(|key| &input[*key]).find(|run| !run.is_null()).unwrap_or(&Value::Null);
            command(run, turn, id, teller);
        }
        "apply_patch" => {
            let patch = input.as_str().unwrap_or_else(|| first(input, &["input", "patch"]));
            crate::agents::patch::actions(patch).into_iter().for_each(|change| teller.act(turn, id, change));
        }
        "update_plan" => {
            let steps = input["plan"].as_array().into_iter().flatten();
            let step = |s: &Value| Some((s["step"].as_str()?.to_string(), s["status"].as_str().unwrap_or("pending").to_string()));
            teller.todos(turn, &steps.filter_map(step).collect::<Vec<_>>());
        }
        "view_image" | "read_file" => teller.act(turn, id, action("file-read", first(input, &["path", "file_path"]))),
        "grep_files" | "list_dir" => {
            teller.act(turn, id, action("search", &format!("{name} {}", first(input, &["pattern", "dir_path", "path"]))));
        }
        "spawn_agent" => {
            let items = input["items"].as_array().into_iter().flatten().filter_map(|item| item["text"].as_str());
            let task = [first(input, &["message"]), &items.collect::<Vec<_>>().join("\n"), first(input, &["task_name"])]
                .into_iter()
                .find(|task| is_readable(task))
                .unwrap_or("subagent")
                .to_string();
            let mut agent = action("agent", &task);
            let kind = first(input, &["agent_type", "agent_role"]);
            if !kind.is_empty() {
                agent.data.insert("type".into(), kind.into());
            }
            teller.act(turn, id, agent);
        }
        // Housekeeping of the agent itself.
        "write_stdin"
        | "wait"
        | "wait_agent"
        | "send_input"
        | "send_message"
        | "followup_task"
        | "interrupt_agent"
        | "close_agent"
        | "resume_agent"
        | "list_agents"
        | "tool_search"
        | "list_mcp_resources"
        | "list_mcp_resource_templates"
        | "get_goal"
        | "create_goal"
        | "update_goal"
        | "sleep"
        | "" => {}
        other => teller.act(turn, id, action("tool", other)),
    }
}

fn first_text(input: &Value) -> &str {
    input.as_str().unwrap_or_default()
}

/// Releases may encrypt what agents say to each other.
fn is_readable(text: &str) -> bool {
    !text.trim().is_empty() && (text.len() < 40 || text.contains(char::is_whitespace))
}

fn command(run: &Value, turn: usize, id: &str, teller: &mut Teller) {
    let script = patch::script(run);
    match patch::in_script(&script) {
        Some(patch) => crate::agents::patch::actions(patch).into_iter().for_each(|change| teller.act(turn, id, change)),
        None => teller.act(turn, id, action("command", &script)),
    }
}

/// A search, or a page that was opened; one that is told in several records counts once.
fn looked(what: &Value, turn: usize, id: &str, teller: &mut Teller) {
    let action = match first(what, &["url"]) {
        "" => {
            let queries = what["queries"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("; ");
            action("search", Some(first(what, &["query"])).filter(|query| !query.is_empty()).unwrap_or(&queries))
        }
        url => action("url", url),
    };
    let is_last = teller.turn(turn).actions.last().is_some_and(|last| (&last.kind, &last.value) == (&action.kind, &action.value));
    if !action.value.is_empty() && !teller.has_call(id) && !is_last {
        teller.act(turn, id, action);
    }
}

/// Whether what people are shown is something that the agent did.
pub(super) fn is_shown(kind: &str, item: &Value) -> bool {
    match kind {
        "CommandExecution" | "exec_command_end" => item["source"] != "unified_exec_interaction",
        "FileChange" | "patch_apply_end" | "McpToolCall" | "mcp_tool_call_end" | "DynamicToolCall" | "dynamic_tool_call_response" => true,
        "WebSearch" | "web_search_end" | "ImageView" | "view_image_tool_call" | "ImageGeneration" => true,
        "CollabAgentToolCall" => first(item, &["tool"]).to_lowercase().starts_with("spawn"),
        "collab_agent_spawn_end" => true,
        "SubAgentActivity" | "sub_agent_activity" => item["kind"] == "started",
        "Extension" => first(item, &["kind"]) != "clock.sleep",
        _ => false,
    }
}

/// What people are shown of something that the agent did: it says how a call ended, or stands for one that a script made.
pub(super) fn shown(kind: &str, item: &Value, turn: usize, teller: &mut Teller) {
    let id = first(item, &["id", "call_id", "event_id"]);
    let ok = match first(item, &["status"]) {
        "completed" => Some(true),
        "failed" | "declined" => Some(false),
        _ => item["success"].as_bool(),
    };
    let otherwise = |teller: &mut Teller, kind: &str, value: &str| {
        if !teller.has_call(id) {
            teller.act(turn, id, action(kind, value));
        }
    };
    match kind {
        "CommandExecution" | "exec_command_end" => ran(item, ok, turn, id, teller),
        "FileChange" | "patch_apply_end" => {
            if !teller.has_call(id) {
                patch::changed(&item["changes"]).into_iter().for_each(|change| teller.act(turn, id, change));
            }
            let printed = [first(item, &["stdout"]), first(item, &["stderr"])].concat();
            teller.result(id, ok, Some(&printed));
        }
        "McpToolCall" | "mcp_tool_call_end" => {
            let of = if item["invocation"].is_object() { &item["invocation"] } else { item };
            otherwise(teller, "tool", &format!("mcp__{}__{}", first(of, &["server"]), first(of, &["tool"])));
            let (result, error) = (&item["result"], [first(&item["error"], &["message"]), first(&item["result"], &["Err"])].concat());
            let result = if result["Ok"].is_object() { &result["Ok"] } else { result };
            let failed = !error.is_empty() || result["isError"] == true || result["is_error"] == true || ok == Some(false);
            let printed = if error.is_empty() { text_of(&result["content"]) } else { error };
            teller.result(id, Some(!failed), Some(&printed));
        }
        "DynamicToolCall" | "dynamic_tool_call_response" => {
            otherwise(teller, "tool", first(item, &["tool"]));
            teller.result(id, ok, item["error"].as_str());
        }
        "ImageView" | "view_image_tool_call" => {
            let path = first(item, &["path"]);
            otherwise(teller, "file-read", path.strip_prefix("file://").unwrap_or(path));
        }
        "ImageGeneration" => otherwise(teller, "tool", "image_generation"),
        "Extension" if item["kind"] != "web.search" => {
            otherwise(teller, "tool", first(item, &["kind"]));
            teller.result(id, ok, None);
        }
        "WebSearch" | "web_search_end" | "Extension" => {
            let action = Some(&item["action"]).filter(|a| a.is_object() && (!a["url"].is_null() || !a["query"].is_null()));
            looked(action.unwrap_or(item), turn, id, teller);
        }
        _ => {
            otherwise(teller, "agent", Some(first(item, &["prompt"])).filter(|task| is_readable(task)).unwrap_or("subagent"));
            let thread = [&item["agent_thread_id"], &item["new_thread_id"], &item["receiver_thread_ids"][0]];
            let thread = thread.into_iter().find_map(Value::as_str);
            for (agent, thread) in teller.of_call(id).into_iter().zip(thread) {
                agent.data.insert("id".into(), thread.into());
            }
        }
    }
}

/// A command that ended.
fn ran(item: &Value, ok: Option<bool>, turn: usize, id: &str, teller: &mut Teller) {
    if !teller.has_call(id) {
        let mut run = action("command", &patch::script(&item["command"]));
        if item["source"] == "user_shell" {
            run.data.insert("by".into(), "user".into());
        }
        teller.act(turn, id, run);
    }
    let exit = item["exit_code"].as_i64();
    let all = first(item, &["aggregated_output"]);
    let printed = if all.is_empty() { [first(item, &["stdout"]), first(item, &["stderr"])].concat() } else { all.to_string() };
    teller.result(id, exit.map(|code| code == 0).or(ok), Some(&printed));
    exited(id, exit, teller);
}

/// A command that a person ran, as the model is told of it.
pub(super) fn typed_command(text: &str, id: &str, turn: usize, teller: &mut Teller) {
    let between =
        |open: &str, close: &str| text.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map(|(inner, _)| inner.trim());
    let Some(command) = between("<command>", "</command>") else { return };
    let mut run: Action = action("command", command);
    run.data.insert("by".into(), "user".into());
    teller.act(turn, id, run);
    let result = between("<result>", "</result>").unwrap_or_default();
    let exit = result.strip_prefix("Exit code:").and_then(|rest| rest.lines().next()?.trim().parse::<i64>().ok());
    teller.result(id, exit.map(|code| code == 0), Some(result.split_once("Output:\n").map_or("", |(_, output)| output)));
    exited(id, exit, teller);
}

/// The task that a message between agents sets.
pub(super) fn task(message: &Value) -> String {
    let text = |part: &Value| first(part, &["text", "encrypted_content"]).to_string();
    let parts: Vec<String> = message["content"].as_array().into_iter().flatten().map(text).collect();
    let whole: String = parts.into_iter().filter(|part| is_readable(part)).collect();
    whole.split_once("\nPayload:\n").map_or(whole.as_str(), |(_, task)| task).to_string()
}
