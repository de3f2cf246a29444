//! What a thread's records say, each brought to the turn that it belongs to.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{At, Kind, Rollout, calls, text, value};
use crate::agents::claude::first;
use crate::agents::teller::Teller;

impl Rollout {
    pub(super) fn event(&mut self, payload: &RawValue, at: At<'_>, teller: &mut Teller) -> bool {
        let Ok(event) = serde_json::from_str::<Kind>(payload.get()) else { return false };
        let at = At { turn: text(event.turn_id), ..at };
        match text(event.kind) {
            "task_started" | "turn_started" => self.started(at, teller),
            _ if self.is_parents(teller) => {}
            "item_completed" => {
                let Some(item) = event.item else { return true };
                let Ok(kind) = serde_json::from_str::<Kind>(item.get()) else { return false };
                match text(kind.kind) {
                    "Reasoning" | "HookPrompt" => {}
                    "ContextCompaction" => self.compact(at.time, teller),
                    kind => self.item(kind, &value(item), at, teller),
                }
            }
            "token_count" => {
                let info = &value(payload)["info"];
                self.count(&info["last_token_usage"], &info["total_token_usage"], at, teller);
            }
            "context_compacted" => self.compact(at.time, teller),
            name @ ("user_message"
            | "agent_message"
            | "entered_review_mode"
            | "exited_review_mode"
            | "error"
            | "task_complete"
            | "turn_complete"
            | "turn_aborted"
            | "thread_rolled_back"
            | "thread_name_updated") => {
                self.told(name, &value(payload), at, teller);
            }
            name @ ("exec_command_end"
            | "patch_apply_end"
            | "mcp_tool_call_end"
            | "web_search_end"
            | "view_image_tool_call"
            | "dynamic_tool_call_response"
            | "collab_agent_spawn_end"
            | "sub_agent_activity") => {
                let event = value(payload);
                // The model is told of commands that a person ran, which is where earlier releases always have them.
                if event["source"] != "user_shell" {
                    self.item(name, &event, at, teller);
                }
            }
            _ => {}
        }
        true
    }

    /// What a flat event says.
    fn told(&mut self, name: &str, event: &Value, at: At<'_>, teller: &mut Teller) {
        match name {
            "user_message" => {
                let kind = event["kind"].as_str().unwrap_or("plain");
                if kind == "plain" {
                    self.ask(event["message"].as_str().unwrap_or_default(), false, at, teller);
                }
            }
            "agent_message" => self.say(event["message"].as_str().unwrap_or_default(), at, teller),
            "entered_review_mode" => {
                let hint = event["user_facing_hint"].as_str().unwrap_or_default();
                self.ask(format!("/review {hint}").trim_end(), false, at, teller);
            }
            "exited_review_mode" => self.say(&review(&event["review_output"]), at, teller),
            "error" => self.fail(event["message"].as_str().unwrap_or_default(), at, teller),
            "task_complete" | "turn_complete" => self.fail(first(&event["error"], &["message"]), at, teller),
            "turn_aborted" => {
                // Nobody but its agent speaks with a subagent.
                let by_person = event["reason"] == "interrupted" && teller.about.parent.is_none();
                if let (true, Some(turn)) = (by_person, self.known(at.turn, teller)) {
                    teller.turn(turn).data.insert("interrupted".into(), true.into());
                }
            }
            "thread_rolled_back" => {
                let mut count = event["num_turns"].as_u64().unwrap_or(0);
                for turn in (0..teller.turns()).rev() {
                    let told = teller.turn(turn);
                    if count > 0 && !told.abandoned {
                        told.abandoned = true;
                        count -= 1;
                    }
                }
                self.part.goes_back |= count > 0;
            }
            "thread_name_updated" => teller.about.title = event["thread_name"].as_str().map(str::to_string),
            _ => {}
        }
    }

    /// An item that is complete.
    fn item(&mut self, kind: &str, item: &Value, at: At<'_>, teller: &mut Teller) {
        let texts = || item["content"].as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).collect::<String>();
        match kind {
            "UserMessage" => self.ask(&texts(), true, at, teller),
            "AgentMessage" if teller.is_new(first(item, &["id"])) => self.say(&texts(), at, teller),
            "AgentMessage" => {}
            "Plan" => self.say(first(item, &["text"]), at, teller),
            kind => {
                let id = first(item, &["id", "call_id"]);
                // It was called before somebody spoke while it ran.
                self.part.goes_back |= id.starts_with("call_") && !self.part.calls.has(id);
                if calls::is_shown(kind, item) {
                    let turn = self.place(at, teller);
                    calls::shown(kind, item, turn, teller);
                }
            }
        }
    }

    /// What the model gets to read: only calls of tools count, and what comes in from elsewhere.
    pub(super) fn response(&mut self, payload: &RawValue, at: At<'_>, teller: &mut Teller) -> bool {
        let Ok(kind) = serde_json::from_str::<Kind>(payload.get()) else { return false };
        if self.is_parents(teller) {
            return true;
        }
        match text(kind.kind) {
            "function_call" | "custom_tool_call" | "local_shell_call" | "web_search_call" | "image_generation_call" => {
                let call = value(payload);
                if self.part.calls.is_new(&call) {
                    let turn = self.place(at, teller);
                    self.part.calls.made(&call, turn, teller);
                }
            }
            "function_call_output" | "custom_tool_call_output" => {
                self.part.goes_back |= !self.part.calls.answered(&value(payload), teller);
            }
            "agent_message" if std::mem::take(&mut self.triggered) && teller.about.parent.is_some() => {
                let task = calls::task(&value(payload));
                self.ask(&task, true, at, teller);
            }
            "message" if text(kind.role) == "user" && at.ordinal.is_none() && payload.get().contains("<user_shell_command>") => {
                let turn = self.place(at, teller);
                let content = &value(payload)["content"];
                for text in content.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()) {
                    calls::typed_command(text, &format!("line-{}", self.lines), turn, teller);
                }
            }
            _ => {}
        }
        true
    }
}

/// What a review found.
fn review(output: &Value) -> String {
    let mut texts = vec![first(output, &["overall_explanation"]).to_string()];
    for finding in output["findings"].as_array().into_iter().flatten() {
        texts.push(format!("{}\n{}", first(finding, &["title"]), first(finding, &["body"])));
    }
    texts.retain(|text| !text.trim().is_empty());
    texts.join("\n\n")
}
