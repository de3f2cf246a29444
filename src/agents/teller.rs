//! The teller: puts together what an agent's records say into conversations, turns and actions.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Limits;
use crate::record::action::Action;
use crate::record::transcript::{Told, Transcript};

/// What is known at the beginning of a turn: what later turns refer to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Known {
    /// What is known of the conversation, without its turns.
    pub(super) about: Transcript,
    /// To-dos by their ids, or by their texts where they have none: text and state.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    todos: BTreeMap<String, (String, String)>,
}

/// A command's state words, as they are kept.
const DONE: [&str; 4] = ["completed", "complete", "done", "finished"];

/// Puts a transcript together.
#[derive(Debug)]
pub(super) struct Teller {
    pub(super) about: Transcript,
    todos: BTreeMap<String, (String, String)>,
    turns: Vec<Told>,
    texts: Vec<Vec<String>>,
    /// The place of each turn, by its id.
    places: HashMap<String, usize>,
    /// The turn and the place of each call of a tool, by its id.
    calls: HashMap<String, (usize, Vec<usize>)>,
    /// Records that were met.
    met: HashSet<String>,
    /// Conversations of subagents that stand in the same file.
    children: BTreeMap<String, Teller>,
    limits: Limits,
}

impl Teller {
    pub(super) fn new(agent: &'static str, known: Known, limits: Limits) -> Teller {
        let mut about = known.about;
        about.agent = agent.to_string();
        Teller {
            about,
            todos: known.todos,
            turns: Vec::new(),
            texts: Vec::new(),
            places: HashMap::new(),
            calls: HashMap::new(),
            met: HashSet::new(),
            children: BTreeMap::new(),
            limits,
        }
    }

    /// What is known here of the conversation and of what later turns may refer to.
    pub(super) fn known(&self) -> Known {
        Known { about: Transcript { turns: Vec::new(), ..self.about.clone() }, todos: self.todos.clone() }
    }

    /// How many turns there are.
    pub(super) fn turns(&self) -> usize {
        self.turns.len()
    }

    /// Whether a record with this id comes for the first time.
    pub(super) fn is_new(&mut self, id: &str) -> bool {
        id.is_empty() || self.met.insert(id.to_string())
    }

    /// The teller of a subagent's conversation in the same file.
    pub(super) fn child(&mut self, native: &str) -> &mut Teller {
        let Teller { about, limits, children, .. } = self;
        children.entry(native.to_string()).or_insert_with(|| {
            let about = Transcript {
                agent: about.agent.clone(),
                native_id: native.to_string(),
                cwd: about.cwd.clone(),
                branch: about.branch.clone(),
                parent: Some(about.native_id.clone()),
                ..Transcript::default()
            };
            Teller { children: BTreeMap::new(), ..Teller::new("", Known { about: about.clone(), todos: BTreeMap::new() }, *limits) }
                .of(about)
        })
    }

    fn of(mut self, about: Transcript) -> Teller {
        self.about = about;
        self
    }

    /// A turn begins; says which one.
    pub(super) fn prompt(&mut self, id: &str, time: Option<DateTime<Utc>>, text: &str) -> usize {
        if let Some(known) = self.places.get(id) {
            return *known;
        }
        self.places.insert(id.to_string(), self.turns.len());
        let text = text.trim();
        self.turns.push(Told {
            native_id: id.to_string(),
            time,
            user_input: (!text.is_empty()).then(|| text.to_string()),
            ..Told::default()
        });
        self.texts.push(Vec::new());
        self.turns.len() - 1
    }

    /// The last turn; one without a prompt, under this id, where there is none.
    pub(super) fn last(&mut self, id: &str, time: Option<DateTime<Utc>>) -> usize {
        if self.turns.is_empty() {
            self.prompt(id, time, "");
        }
        self.turns.len() - 1
    }

    pub(super) fn turn(&mut self, turn: usize) -> &mut Told {
        &mut self.turns[turn]
    }

    pub(super) fn told(&self) -> &[Told] {
        &self.turns
    }

    /// Whether there are turns that began before the first one: repeated ones, if it is not the first of all.
    pub(super) fn goes_back(&self) -> bool {
        let first = self.turns.first().and_then(|turn| turn.time);
        first.is_some_and(|first| self.turns.iter().any(|turn| turn.time.is_some_and(|time| time < first)))
    }

    /// Text that the agent showed.
    pub(super) fn say(&mut self, turn: usize, text: &str) {
        let text = text.trim();
        if !text.is_empty() && self.texts[turn].last().is_none_or(|last| last != text) {
            self.texts[turn].push(text.to_string());
        }
    }

    /// Text of a record that is written again with more in it: it stands in the place of the one that was there.
    pub(super) fn say_again(&mut self, turn: usize, place: usize, text: &str) {
        match self.texts[turn].get_mut(place) {
            Some(there) => *there = text.trim().to_string(),
            None => self.say(turn, text),
        }
    }

    /// How many texts a turn has.
    pub(super) fn said(&self, turn: usize) -> usize {
        self.texts[turn].len()
    }

    /// Something the agent did, by a call with this id.
    pub(super) fn act(&mut self, turn: usize, call: &str, action: Action) {
        let action = Action { value: self.relative(action.kind.starts_with("file-"), &action.value), ..action };
        let actions = &mut self.turns[turn].actions;
        actions.push(action);
        if !call.is_empty() {
            let at = actions.len() - 1;
            let known = self.calls.entry(call.to_string()).or_insert((turn, Vec::new()));
            if known.0 == turn {
                known.1.push(at);
            }
        }
    }

    /// Whether a call with this id was made.
    pub(super) fn has_call(&self, call: &str) -> bool {
        self.calls.contains_key(call)
    }

    /// What came of a call: whether it succeeded, where that is known, and what it printed.
    pub(super) fn result(&mut self, call: &str, ok: Option<bool>, output: Option<&str>) {
        let Some((turn, places)) = self.calls.get(call) else { return };
        for place in places {
            let action = &mut self.turns[*turn].actions[*place];
            action.ok = ok.or(action.ok);
            // What was read or written is in the file; of what went wrong, the reason is kept.
            let kept = matches!(action.kind.as_str(), "command" | "tool") || ok == Some(false);
            if kept && let Some(output) = output {
                action.output = shortened(output, self.limits);
            }
        }
    }

    /// The actions of a call.
    pub(super) fn of_call(&mut self, call: &str) -> Vec<&mut Action> {
        let Some((turn, places)) = self.calls.get(call) else { return Vec::new() };
        let places = places.clone();
        self.turns[*turn].actions.iter_mut().enumerate().filter(|(n, _)| places.contains(n)).map(|(_, action)| action).collect()
    }

    /// A to-do was made, or is in another state; without a text or state, those that its id had.
    pub(super) fn todo(&mut self, turn: usize, id: &str, text: Option<&str>, state: Option<&str>) {
        let known = self.todos.get(id).cloned();
        let text =
            text.map(str::trim).filter(|t| !t.is_empty()).map(str::to_string).or_else(|| known.as_ref().map(|(text, _)| text.clone()));
        let Some(text) = text else { return };
        let state = state.or_else(|| known.as_ref().map(|(_, state)| state.as_str())).unwrap_or("pending");
        let state = if DONE.contains(&state) { "completed" } else { state };
        let now = (text.clone(), state.to_string());
        if known.as_ref() == Some(&now) {
            return;
        }
        self.todos.insert(id.to_string(), now);
        let mut data = Map::new();
        data.insert("status".into(), state.into());
        // What a turn says last of a to-do is what holds.
        let actions = &mut self.turns[turn].actions;
        match actions.iter_mut().find(|a| a.kind == "todo" && a.value == text) {
            Some(there) => {
                there.ok = (state == "completed").then_some(true);
                there.data = data;
            }
            None => {
                let ok = (state == "completed").then_some(true);
                actions.push(Action { kind: "todo".into(), value: text, ok, output: None, data });
            }
        }
    }

    /// A whole list of to-dos, text and state: those that it no longer names are dropped.
    pub(super) fn todos(&mut self, turn: usize, list: &[(String, String)]) {
        let gone: Vec<String> = self.todos.keys().filter(|id| !list.iter().any(|(text, _)| text == *id)).cloned().collect();
        for id in gone {
            if self.todos.get(&id).is_some_and(|(_, state)| state != "completed") {
                self.todo(turn, &id.clone(), None, Some("cancelled"));
            }
            self.todos.remove(&id);
        }
        for (text, state) in list {
            self.todo(turn, text, Some(text), Some(state));
        }
    }

    /// A to-do gets another id: its text is known only from what its call answered.
    pub(super) fn rename_todo(&mut self, from: &str, to: &str) {
        if let Some(known) = self.todos.remove(from) {
            self.todos.insert(to.to_string(), known);
        }
    }

    /// Notes when the conversation was compacted.
    pub(super) fn compacted(&mut self, time: Option<DateTime<Utc>>) {
        let Some(time) = time else { return };
        let time = Value::from(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        let list = self.about.data.entry("compacted").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list
            && !list.contains(&time)
        {
            list.push(time);
        }
    }

    /// Adds to what a turn used, in tokens.
    pub(super) fn used(&mut self, turn: usize, input: u64, output: u64) {
        if input + output == 0 {
            return;
        }
        let usage = self.turns[turn].data.entry("usage").or_insert_with(|| serde_json::json!({"input": 0, "output": 0}));
        // What goes in is the whole context each time: the last is what counts.
        usage["input"] = input.into();
        usage["output"] = (usage["output"].as_u64().unwrap_or(0) + output).into();
    }

    /// A path below the conversation's directory as it is called from there.
    fn relative(&self, is_path: bool, value: &str) -> String {
        let below = self.about.cwd.as_deref().filter(|_| is_path).and_then(|cwd| value.strip_prefix(cwd.trim_end_matches('/')));
        match below.and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) if !rest.is_empty() => rest.to_string(),
            _ => value.strip_prefix("./").filter(|_| is_path).unwrap_or(value).to_string(),
        }
    }

    /// The conversation, and those of its subagents in the same file.
    pub(super) fn finish(mut self) -> Vec<Transcript> {
        for (turn, texts) in self.turns.iter_mut().zip(self.texts) {
            let text = texts.join("\n\n");
            turn.agent_response = (!text.is_empty()).then_some(text);
            if turn.agent_response.is_some() || !turn.actions.is_empty() {
                turn.model = turn.model.take().or_else(|| self.about.model.clone());
            }
        }
        self.about.turns = self.turns;
        let mut all = vec![self.about];
        for child in self.children.into_values() {
            all.extend(child.finish());
        }
        all
    }
}

/// The first and the last lines of an output, each cut where it is long; nothing of what is empty.
pub(super) fn shortened(output: &str, limits: Limits) -> Option<String> {
    let output = output.trim_matches(['\n', '\r']);
    if output.trim().is_empty() {
        return None;
    }
    let cut = |line: &str| {
        let line = line.trim_end();
        let end = line.floor_char_boundary(limits.line);
        if end < line.len() { format!("{}…", &line[..end]) } else { line.to_string() }
    };
    let lines: Vec<&str> = output.lines().collect();
    if lines.len() <= limits.lines {
        return Some(lines.into_iter().map(cut).collect::<Vec<_>>().join("\n"));
    }
    let (first, last) = (limits.lines / 2, limits.lines - limits.lines / 2);
    let mut kept: Vec<String> = lines[..first].iter().map(|l| cut(l)).collect();
    kept.push(format!("… {} lines …", lines.len() - limits.lines));
    kept.extend(lines[lines.len() - last..].iter().map(|l| cut(l)));
    Some(kept.join("\n"))
}

/// Text that programs put around what people say, or instead of it: taken out, with its tags.
const INJECTED: [&str; 16] = [
    "shiftlog-context",
    "system-reminder",
    "system_reminder",
    "hook_context",
    "environment_context",
    "session_context",
    "current_datetime",
    "user-prompt-submit-hook",
    "session-start-hook",
    "qwen:user-prompt-submit-context",
    "qwen:context",
    "local-command-caveat",
    "untrusted_context",
    "ide_opened_file",
    "ide_selection",
    "ide_diagnostics",
];

/// What a person said, without what programs put around it: blocks that have an end, and begin a line or end the text.
pub(super) fn typed(text: &str) -> String {
    let mut rest = text.to_string();
    for tag in INJECTED {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        let mut from = 0;
        while let Some(start) = rest[from..].find(&open).map(|at| from + at) {
            from = start + open.len();
            let begins = rest[..start].trim_end_matches([' ', '\t']);
            let is_tag = rest[from..].starts_with(|c: char| c == '>' || c.is_whitespace());
            let end = rest[from..].find(&close).map(|end| from + end + close.len());
            let around = begins.is_empty() || begins.ends_with(['\n', '>']) || end.is_some_and(|end| rest[end..].trim().is_empty());
            if let (true, true, Some(end)) = (is_tag, around, end) {
                rest.replace_range(start..end, "");
                from = start;
            }
        }
    }
    let inner = rest.trim();
    // Some wrap what was typed.
    let inner = inner.strip_prefix("<user_input").and_then(|t| t.split_once('>')).map_or(inner, |(_, t)| t);
    let inner = inner.trim_end().strip_suffix("</user_input>").unwrap_or(inner);
    inner.trim().to_string()
}

/// An action without a result.
pub(super) fn action(kind: &str, value: &str) -> Action {
    Action { kind: kind.to_string(), value: value.to_string(), ..Action::default() }
}

/// A time as agents write it: RFC 3339, or milliseconds since 1970.
pub(super) fn time(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::String(text) => DateTime::parse_from_rfc3339(text).ok().map(|t| t.to_utc()),
        Value::Number(number) => number.as_i64().and_then(DateTime::from_timestamp_millis),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn what_programs_put_around_a_request_goes() {
        let injected = "<system-reminder>\nRead it\n</system-reminder>";
        assert_eq!(typed(&format!("{injected}\nFix it")), "Fix it");
        assert_eq!(typed(&format!("Fix it {injected}\n")), "Fix it");
        assert_eq!(typed(&format!("Fix it\n{injected} now")), "Fix it\n now");
        // Who writes of them in a sentence means them.
        let asked = "What does <system-reminder>x</system-reminder> do?";
        assert_eq!(typed(asked), asked);
    }
}
