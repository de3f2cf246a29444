//! The digest: what a conversation comes to, taken in turn by turn. It can be kept, and gone on with later.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::commands::{error_line, error_names, heads, is_chore, on_one_line, touches};
use super::says::{self, Kind, answer, asks, recalls, request};
use super::text::{open_ended, parts, plain, sentences, short, urls};
use crate::record::action::Action;
use crate::record::turn::Turn;

/// Characters of an answer from which on a turn counts, whatever was done in it; thrice as many where something was asked.
const SUBSTANTIAL: usize = 280;

/// How many of each kind are kept: of more, the oldest go, which stand in the log by then.
const KEPT: usize = 400;

/// Something that was said, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The words.
    pub text: String,
    /// What the turn is called.
    pub turn: String,
    /// When the turn was.
    pub time: DateTime<Utc>,
}

/// A decision, or what was rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What was decided.
    pub what: Said,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A to-do of the agent's own list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// What it says, and where it came up.
    pub what: Said,
    /// `pending`, `in_progress`, `completed` or `cancelled`.
    pub state: String,
    /// It was open when a turn had ended.
    pub stayed: bool,
}

impl Todo {
    /// Whether it is still to be done.
    pub fn is_open(&self) -> bool {
        !matches!(self.state.as_str(), "completed" | "cancelled" | "deleted")
    }
}

/// A file that was changed or read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path, below the conversation's directory where it lies there.
    pub path: String,
    /// It was made.
    pub created: bool,
    /// It was removed.
    pub deleted: bool,
    /// How often it was changed, beside being made.
    pub edits: u64,
    /// Lines that were added.
    pub added: u64,
    /// Lines that were removed.
    pub removed: u64,
    /// It was read.
    pub read: bool,
    /// The last turn that did something to it.
    pub turn: String,
    /// When that was.
    pub time: DateTime<Utc>,
}

impl File {
    /// Whether anything of it was changed and is left.
    pub fn is_changed(&self) -> bool {
        (self.created && !self.deleted) || (!self.created && (self.edits > 0 || self.deleted))
    }
}

/// A command that did more than look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// What it is known by: program and first word.
    pub head: String,
    /// As it was run last.
    pub text: String,
    /// Whether it succeeded then.
    pub ok: Option<bool>,
    /// Its exit status.
    pub exit: Option<i64>,
    /// How often it was run.
    pub runs: u64,
    /// When it was run first.
    pub since: DateTime<Utc>,
    /// The last turn that ran it.
    pub turn: String,
    /// When that was.
    pub time: DateTime<Utc>,
}

/// A command that failed, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The command.
    pub command: String,
    /// Its exit status.
    pub exit: Option<i64>,
    /// The line that says what went wrong.
    pub error: Option<String>,
    /// What the agent said of the cause.
    pub cause: Option<String>,
    /// Files that were changed since, until it passed.
    pub edits: Vec<String>,
    /// The command that passed.
    pub passed: Option<String>,
    /// The turn it failed in.
    pub turn: String,
    /// When that was.
    pub time: DateTime<Utc>,
}

/// An address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// As it was fetched or named.
    pub url: Said,
    /// It was fetched.
    pub fetched: bool,
}

/// What a conversation comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Digest {
    /// The first request.
    pub request: Option<Said>,
    /// The last one.
    pub last_request: Option<Said>,
    /// The person ended the answer to the last one.
    pub interrupted: bool,
    /// What the last answer came to.
    pub conclusion: Option<Said>,
    /// Requests and what came of them.
    pub summaries: Vec<Said>,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// What was said to remain.
    pub next: Vec<Said>,
    /// Open questions.
    pub questions: Vec<Said>,
    /// How the person wants things.
    pub preferences: Vec<Said>,
    /// The agent's own list.
    pub todos: Vec<Todo>,
    /// Files.
    pub files: Vec<File>,
    /// Commands.
    pub commands: Vec<Command>,
    /// What failed.
    pub problems: Vec<Problem>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Tasks that were given to subagents.
    pub tasks: Vec<Said>,
    /// Tools beside those for files and commands.
    pub tools: Vec<Said>,
    /// Words that look like ids of logs.
    pub mentions: Vec<Said>,
    /// Turns that were taken in.
    pub turns: u64,
    /// Something happened that is worth a log.
    pub substantive: bool,
}

/// Whether two texts say the same but for case, blanks, emphasis and a mark at the end. They are compared often, and mostly differ
/// from the beginning.
fn is_same(one: &str, other: &str) -> bool {
    fn said(text: &str) -> impl Iterator<Item = char> {
        let kept = open_ended(text).chars().filter(|c| !(c.is_whitespace() || matches!(c, '*' | '_' | '`' | '"')));
        kept.flat_map(char::to_lowercase)
    }
    one.len().abs_diff(other.len()) < 16 && said(one).eq(said(other))
}

/// Something said, unless it is there already.
fn once(list: &mut Vec<Said>, said: Said) {
    if !said.text.is_empty() && !list.iter().any(|there| is_same(&said.text, &there.text)) {
        list.push(said);
        trim(list);
    }
}

fn trim<T>(list: &mut Vec<T>) {
    if list.len() > KEPT {
        list.remove(0);
    }
}

/// What a turn is called: as its agent calls it, else by conversation and number.
pub(super) fn name(session: &str, turn: &Turn) -> String {
    turn.native_id.clone().unwrap_or_else(|| format!("{session}:{}", turn.number))
}

impl Digest {
    /// The command that showed last that the work is sound: of those that passed, one that did not only move things about.
    pub fn verified(&self) -> Option<&Command> {
        self.commands.iter().filter(|command| command.ok == Some(true) && !is_chore(&command.head)).max_by_key(|command| command.time)
    }

    /// Takes in the next turn of a conversation, which takes place in a directory.
    pub fn take(&mut self, (session, cwd): (&str, Option<&str>), turn: &Turn) {
        if !turn.counts() {
            return;
        }
        self.turns += 1;
        for todo in &mut self.todos {
            todo.stayed |= todo.is_open();
        }
        let told = Telling { name: name(session, turn), time: turn.time };
        let did = turn.actions.iter().any(is_work);
        self.actions(turn, cwd, &told);
        let (mut states, mut outcome, mut most) = (false, None, SUBSTANTIAL);
        if let Some(text) = turn.user_input.as_deref() {
            self.asked(text, &told);
            self.interrupted = turn.data.get("interrupted").is_some_and(|it| it == true);
        }
        if let Some(text) = turn.agent_response.as_deref() {
            let asked = turn.user_input.as_deref().filter(|asked| !did && asks(asked));
            let kind = match asked {
                _ if did => Kind::Work,
                Some(asked) if recalls(asked) => Kind::Recall,
                _ => Kind::Talk,
            };
            most = if asked.is_some() { 3 * SUBSTANTIAL } else { SUBSTANTIAL };
            let said = answer(text, kind, !turn.actions.is_empty());
            states = !said.decisions.is_empty() || !said.next.is_empty();
            outcome.clone_from(&said.outcome);
            self.answered(text, said, &told);
        }
        let long = turn.agent_response.as_deref().is_some_and(|text| text.chars().count() >= most);
        if did || states || long {
            self.substantive = true;
            let summary = summary(turn.user_input.as_deref(), outcome.as_deref());
            once(&mut self.summaries, told.said(summary));
        }
    }

    fn asked(&mut self, text: &str, told: &Telling) {
        let said = told.said(short(text.trim(), 2000));
        if said.text.is_empty() {
            return;
        }
        self.request.get_or_insert_with(|| said.clone());
        self.last_request = Some(said);
        let (decisions, preferences) = request(text);
        self.decided(decisions, told);
        for preference in preferences {
            once(&mut self.preferences, told.said(preference));
        }
        self.mentioned(text, told);
    }

    fn answered(&mut self, text: &str, said: says::Said, told: &Telling) {
        if let Some(outcome) = &said.outcome {
            self.conclusion = Some(told.said(outcome.clone()));
        }
        self.decided(said.decisions, told);
        for next in said.next {
            once(&mut self.next, told.said(next));
        }
        for question in said.questions {
            once(&mut self.questions, told.said(question));
        }
        self.mentioned(text, told);
        self.explained(text, told);
    }

    fn decided(&mut self, decisions: Vec<(String, Option<String>)>, told: &Telling) {
        for (what, why) in decisions {
            if !self.decisions.iter().any(|there| is_same(&what, &there.what.text)) {
                self.decisions.push(Decision { what: told.said(what), why });
                trim(&mut self.decisions);
            }
        }
    }

    /// Addresses and ids of logs in a text.
    fn mentioned(&mut self, text: &str, told: &Telling) {
        for url in urls(text) {
            self.address(url, false, told);
        }
        let border = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
        let is_id = |word: &&str| {
            word.len() >= 11 && word.starts_with("20") && word[..8].bytes().all(|b| b.is_ascii_digit()) && word[8..].starts_with('-')
        };
        for word in text.split(border).filter(|word| word.is_char_boundary(8.min(word.len()))).filter(is_id) {
            once(&mut self.mentions, told.said(word.to_string()));
        }
    }

    fn address(&mut self, url: &str, fetched: bool, told: &Telling) {
        match self.addresses.iter_mut().find(|there| there.url.text == url) {
            Some(there) => there.fetched |= fetched,
            None => {
                self.addresses.push(Address { url: told.said(url.to_string()), fetched });
                trim(&mut self.addresses);
            }
        }
    }

    fn actions(&mut self, turn: &Turn, cwd: Option<&str>, told: &Telling) {
        for action in &turn.actions {
            match action.kind.as_str() {
                "command" => {
                    self.shown(action, cwd, told);
                    self.ran(action, told);
                }
                "url" => self.address(action.value.trim(), true, told),
                "todo" => self.todo(action, told),
                "agent" => once(&mut self.tasks, told.said(short(&plain(&action.value), 200))),
                "tool" => once(&mut self.tools, told.said(action.value.clone())),
                kind if kind.starts_with("file-") && action.ok != Some(false) => self.touched(action, told),
                _ => {}
            }
        }
    }

    fn todo(&mut self, action: &Action, told: &Telling) {
        let state = action.data.get("status").and_then(|s| s.as_str()).unwrap_or("pending").to_string();
        match self.todos.iter_mut().find(|todo| todo.what.text == action.value) {
            Some(todo) => todo.state = state,
            None => {
                self.todos.push(Todo { what: told.said(action.value.clone()), state, stayed: false });
                trim(&mut self.todos);
            }
        }
    }

    fn touched(&mut self, action: &Action, told: &Telling) {
        let path = action.value.trim();
        if path.is_empty() || is_scratch(path) {
            return;
        }
        let at = self.files.iter().position(|file| file.path == path).unwrap_or_else(|| {
            self.files.push(File { path: path.to_string(), ..File::default() });
            self.files.len() - 1
        });
        let file = &mut self.files[at];
        let count = |key: &str| action.data.get(key).and_then(serde_json::Value::as_u64).unwrap_or(0);
        match action.kind.as_str() {
            "file-created" if file.created && !file.deleted => file.edits += 1,
            "file-created" => (file.created, file.deleted) = (true, false),
            "file-edited" => (file.edits, file.deleted) = (file.edits + 1, false),
            "file-deleted" => file.deleted = true,
            _ => file.read = true,
        }
        if action.kind != "file-read" || !file.is_changed() {
            (file.turn, file.time) = (told.name.clone(), told.time);
        }
        if is_change(&action.kind) {
            file.added += count("added");
            file.removed += count("removed");
            for problem in self.problems.iter_mut().filter(|problem| problem.passed.is_none()) {
                if !problem.edits.iter().any(|edit| edit == path) {
                    problem.edits.push(path.to_string());
                }
            }
        }
    }

    /// Files that a command shows or writes: some agents have no other way.
    fn shown(&mut self, action: &Action, cwd: Option<&str>, told: &Telling) {
        if action.ok == Some(false) || action.data.contains_key("by") {
            return;
        }
        let (read, written) = touches(&action.value);
        let files = read.into_iter().map(|path| ("file-read", path)).chain(written.into_iter().map(|path| ("file-edited", path)));
        for (kind, path) in files {
            let below = cwd.and_then(|cwd| path.strip_prefix(cwd.trim_end_matches('/'))?.strip_prefix('/')).unwrap_or(&path);
            let value = below.strip_prefix("./").unwrap_or(below).to_string();
            self.touched(&Action { kind: kind.to_string(), value, ..Action::default() }, told);
        }
    }

    fn ran(&mut self, action: &Action, told: &Telling) {
        let heads = heads(&action.value);
        let Some(head) = heads.last() else { return };
        let text = short(&on_one_line(&action.value), 200);
        let exit = action.data.get("exit").and_then(serde_json::Value::as_i64);
        if action.ok == Some(true) {
            for problem in self.problems.iter_mut().filter(|p| p.passed.is_none()) {
                if super::commands::heads(&problem.command).iter().any(|head| heads.contains(head)) {
                    problem.passed = Some(text.clone());
                }
            }
        }
        let by_user = action.data.get("by").is_some();
        if action.ok == Some(false) && !by_user {
            self.failed(action, &text, exit, told);
        }
        let at = self.commands.iter().position(|command| command.head == *head).unwrap_or_else(|| {
            self.commands.push(Command { head: head.clone(), since: told.time, ..Command::default() });
            self.commands.len() - 1
        });
        let command = &mut self.commands[at];
        (command.text, command.ok, command.exit) = (text, action.ok, exit);
        command.runs += 1;
        (command.turn, command.time) = (told.name.clone(), told.time);
        trim(&mut self.commands);
    }

    fn failed(&mut self, action: &Action, text: &str, exit: Option<i64>, told: &Telling) {
        let error = action.output.as_deref().and_then(error_line);
        let same = |problem: &&mut Problem| problem.passed.is_none() && problem.command == text && problem.error == error;
        if self.problems.iter_mut().find(same).is_some() {
            return;
        }
        let (turn, time) = (told.name.clone(), told.time);
        self.problems.push(Problem { command: text.to_string(), exit, error, turn, time, ..Problem::default() });
        trim(&mut self.problems);
    }

    /// What the agent said of the causes of what failed in this turn.
    fn explained(&mut self, text: &str, told: &Telling) {
        let mut unexplained = self.problems.iter_mut().filter(|p| p.cause.is_none() && p.turn == told.name).peekable();
        if unexplained.peek().is_none() {
            return;
        }
        let texts: Vec<String> = parts(text)
            .into_iter()
            .filter_map(|part| match part {
                super::text::Part::Heading(_) => None,
                super::text::Part::Item(text) | super::text::Part::Done(text) | super::text::Part::Paragraph(text) => Some(text),
            })
            .collect();
        // The reason of a decision is no cause.
        let decided = |sentence: &str| {
            let sentence = plain(sentence);
            self.decisions.iter().any(|decision| decision.what.turn == told.name && sentence.contains(&decision.what.text))
        };
        let all: Vec<&str> = texts.iter().flat_map(|text| sentences(text)).filter(|sentence| !decided(sentence)).collect();
        for problem in unexplained {
            let names = problem.error.as_deref().map(error_names).unwrap_or_default();
            let names_it = |sentence: &&&str| names.iter().any(|name| sentence.contains(name));
            let cause = all.iter().find(names_it).or_else(|| all.iter().find(|sentence| tells_cause(sentence)));
            problem.cause = cause.map(|sentence| short(open_ended(&plain(sentence)), 300));
        }
    }

    /// Takes in what a subagent did, which counts as its parent's.
    pub fn join(&mut self, child: &Digest) {
        for file in &child.files {
            match self.files.iter_mut().find(|there| there.path == file.path) {
                Some(there) => {
                    there.created |= file.created;
                    there.deleted = file.deleted || (there.deleted && !file.is_changed());
                    there.edits += file.edits;
                    there.added += file.added;
                    there.removed += file.removed;
                    there.read |= file.read;
                }
                None => self.files.push(file.clone()),
            }
        }
        for command in &child.commands {
            match self.commands.iter_mut().find(|there| there.head == command.head) {
                Some(there) if there.time >= command.time => there.runs += command.runs,
                Some(there) => {
                    *there = Command { runs: there.runs + command.runs, since: there.since.min(command.since), ..command.clone() }
                }
                None => self.commands.push(command.clone()),
            }
        }
        for address in child.addresses.iter().filter(|address| address.fetched) {
            if !self.addresses.iter().any(|there| there.url.text == address.url.text) {
                self.addresses.push(address.clone());
            }
        }
        self.problems.extend(child.problems.iter().cloned());
        for tool in &child.tools {
            once(&mut self.tools, tool.clone());
        }
        self.substantive |= child.substantive;
    }

    /// Takes in the conversation that came after it in the same log.
    pub fn follow(&mut self, later: &Digest) {
        self.join(later);
        self.request = self.request.take().or_else(|| later.request.clone());
        self.interrupted = if later.last_request.is_some() { later.interrupted } else { self.interrupted };
        self.last_request = later.last_request.clone().or_else(|| self.last_request.take());
        self.conclusion = later.conclusion.clone().or_else(|| self.conclusion.take());
        for (list, more) in [
            (&mut self.summaries, &later.summaries),
            (&mut self.next, &later.next),
            (&mut self.questions, &later.questions),
            (&mut self.preferences, &later.preferences),
            (&mut self.tasks, &later.tasks),
            (&mut self.mentions, &later.mentions),
        ] {
            more.iter().for_each(|said| once(list, said.clone()));
        }
        for decision in &later.decisions {
            if !self.decisions.iter().any(|there| is_same(&decision.what.text, &there.what.text)) {
                self.decisions.push(decision.clone());
            }
        }
        for todo in &later.todos {
            match self.todos.iter_mut().find(|there| there.what.text == todo.what.text) {
                Some(there) => (there.state, there.stayed) = (todo.state.clone(), there.stayed || todo.stayed || there.is_open()),
                None => self.todos.push(todo.clone()),
            }
        }
        for address in &later.addresses {
            if !self.addresses.iter().any(|there| there.url.text == address.url.text) {
                self.addresses.push(address.clone());
            }
        }
        self.turns += later.turns;
    }
}

/// Where something is said.
struct Telling {
    name: String,
    time: DateTime<Utc>,
}

impl Telling {
    fn said(&self, text: String) -> Said {
        Said { text, turn: self.name.clone(), time: self.time }
    }
}

fn is_change(kind: &str) -> bool {
    matches!(kind, "file-created" | "file-edited" | "file-deleted")
}

/// Whether an action makes a turn count.
fn is_work(action: &Action) -> bool {
    match action.kind.as_str() {
        "command" => !action.data.contains_key("by") && !heads(&action.value).is_empty(),
        "todo" | "agent" | "url" => true,
        kind => is_change(kind),
    }
}

/// What lies in a directory for what is thrown away.
fn is_scratch(path: &str) -> bool {
    ["/tmp/", "/private/tmp/", "/var/folders/", "/dev/"].iter().any(|dir| path.starts_with(dir))
        || ["/.claude/", "/.codex/", "/.gemini/", "/.qwen/", "/.copilot/"].iter().any(|dir| path.starts_with('/') && path.contains(dir))
}

fn tells_cause(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    [
        "because ",
        "caused by ",
        "the cause ",
        "root cause",
        "due to ",
        "the problem was ",
        "the problem is ",
        "the issue was ",
        "the issue is ",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

/// What was asked, and what came of it.
fn summary(asked: Option<&str>, outcome: Option<&str>) -> String {
    let first = |text: &str| {
        let text = parts(text).into_iter().find_map(|part| match part {
            super::text::Part::Heading(_) => None,
            super::text::Part::Item(text) | super::text::Part::Done(text) | super::text::Part::Paragraph(text) => Some(text),
        })?;
        let sentence = sentences(&text).first().map(|sentence| plain(sentence))?;
        Some(short(open_ended(&sentence), 160))
    };
    let asked = asked.and_then(first).filter(|text| !text.is_empty());
    match (asked, outcome) {
        (Some(asked), Some(outcome)) if asked.ends_with(['?', '…', '!']) => format!("{asked} {outcome}"),
        (Some(asked), Some(outcome)) => format!("{asked}: {outcome}"),
        (Some(text), None) => text,
        (None, Some(outcome)) => outcome.to_string(),
        (None, None) => String::new(),
    }
}
