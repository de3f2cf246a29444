//! The entries that a digest comes to: which section, which words, and a key by which each is known again.

use xxhash_rust::xxh3::xxh3_64;

use super::digest::{Command, Digest, File, Problem, Said};
use super::text::{alike, short};
use crate::journal::document::Document;
use crate::journal::entry::NewEntry;
use crate::journal::profile::Profile;

/// What is known of a conversation beside its turns.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Directory it takes place in.
    pub cwd: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Ids of logs that it has to do with, each with the reason.
    pub related: Vec<(Said, String)>,
}

/// An entry that is to stand in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is known by.
    pub key: String,
    /// The entry.
    pub entry: NewEntry,
    /// It is a task that was done.
    pub done: bool,
    /// The turn that it goes back to.
    pub turn: String,
}

impl Wanted {
    fn new(key: impl Into<String>, entry: NewEntry, turn: &str) -> Wanted {
        Wanted { key: key.into(), entry, done: false, turn: turn.to_string() }
    }

    /// A number that stands for what it says.
    pub fn hash(&self) -> i64 {
        xxh3_64(format!("{:?} {}", self.entry, self.done).as_bytes()).cast_signed()
    }
}

/// A key of what is known by its words.
fn key(kind: &str, words: &str) -> String {
    format!("{kind}:{:016x}", xxh3_64(words.as_bytes()))
}

/// Code, as Markdown marks it.
pub(crate) fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Everything that a digest comes to, as this profile has places for it.
pub fn entries(digest: &Digest, about: &About, profile: &Profile) -> Vec<Wanted> {
    let mut all = Vec::new();
    for said in &digest.summaries {
        all.push(Wanted::new(key("summary", &said.turn), NewEntry::new("summary", &said.text), &said.turn));
    }
    for decision in &digest.decisions {
        let entry = NewEntry::new("decision", &decision.what.text).with("why", decision.why.as_deref().unwrap_or_default());
        all.push(Wanted::new(key("decision", &decision.what.text), entry, &decision.what.turn));
    }
    all.extend(digest.files.iter().filter(|file| file.is_changed()).map(deliverable));
    commands(digest, profile, &mut all);
    all.extend(digest.problems.iter().map(problem));
    next(digest, &mut all);
    context(digest, about, profile, &mut all);
    for address in &digest.addresses {
        all.push(Wanted::new(key("source", &address.url.text), NewEntry::new("source", &address.url.text), &address.url.turn));
    }
    for file in digest.files.iter().filter(|file| file.read && !file.is_changed() && !file.created) {
        all.push(Wanted::new(key("source", &file.path), NewEntry::new("source", &code(&file.path)), &file.turn));
    }
    for (log, why) in &about.related {
        all.push(Wanted::new(key("related", &log.text), NewEntry::new("related", &log.text).with("why", why), &log.turn));
    }
    for said in &digest.preferences {
        all.push(Wanted::new(key("note", &said.text), NewEntry::new("note", &said.text).with("kind", "feedback"), &said.turn));
    }
    all.retain(|wanted| profile.kind_named(&wanted.entry.kind).is_ok());
    all
}

/// The entries of a document that somebody else wrote of a conversation.
pub fn of_document(document: &Document, digest: &Digest, profile: &Profile) -> Vec<Wanted> {
    let turn = digest.conclusion.as_ref().or(digest.last_request.as_ref()).map_or("", |said| said.turn.as_str());
    let wanted = document.items.iter().map(|item| {
        let words = format!("{} {:?}", item.entry.kind, item.entry.text);
        Wanted { done: item.done, ..Wanted::new(key("told", &words), item.entry.clone(), turn) }
    });
    wanted.filter(|wanted| profile.kind_named(&wanted.entry.kind).is_ok()).collect()
}

fn deliverable(file: &File) -> Wanted {
    let entry = NewEntry::new("deliverable", &code(&file.path)).with("metric", &metric(file));
    Wanted::new(key("deliverable", &file.path), entry, &file.turn)
}

/// What was done to a file: created, edits, lines added and removed.
pub(crate) fn metric(file: &File) -> String {
    let mut metric = Vec::new();
    if file.created {
        metric.push("created".to_string());
    }
    match file.edits {
        0 => {}
        1 => metric.push("1 edit".to_string()),
        edits => metric.push(format!("{edits} edits")),
    }
    if file.deleted {
        metric.push("deleted".to_string());
    } else if file.added + file.removed > 0 {
        metric.push(format!("+{} −{}", file.added, file.removed));
    }
    metric.join(", ")
}

/// How a command ended.
pub(crate) fn ended(command: &Command) -> String {
    match (command.ok, command.exit) {
        (Some(true), _) => " – ok".to_string(),
        (Some(false), Some(exit)) => format!(" – exit {exit}"),
        (Some(false), None) => " – failed".to_string(),
        (None, _) => String::new(),
    }
}

/// Commands, tasks and tools in the order in which they came up, whenever they are written.
fn commands(digest: &Digest, profile: &Profile, all: &mut Vec<Wanted>) {
    let fenced = profile.kind_named("command").is_ok();
    let mut found = Vec::new();
    for command in &digest.commands {
        let entry = match fenced {
            true if command.ok == Some(false) => continue,
            true => NewEntry::new("command", &command.text),
            false => NewEntry::new("highlight", &format!("{}{}", code(&command.text), ended(command))),
        };
        found.push((command.since, Wanted::new(key("command", &command.head), entry, &command.turn)));
    }
    for said in digest.tasks.iter().chain(&digest.tools) {
        found.push((said.time, Wanted::new(key("highlight", &said.text), NewEntry::new("highlight", &said.text), &said.turn)));
    }
    found.sort_by_key(|(time, _)| *time);
    all.extend(found.into_iter().map(|(_, wanted)| wanted));
}

fn problem(problem: &Problem) -> Wanted {
    let command = code(&problem.command);
    let exit = problem.exit.map_or_else(|| "failed".to_string(), |exit| format!("exit {exit}"));
    let title = problem.error.as_deref().map_or_else(|| short(&problem.command, 90), |error| short(error, 90));
    let edits = problem.edits.iter().map(|path| code(path)).collect::<Vec<_>>().join(", ");
    let fix = match &problem.passed {
        Some(passed) if edits.is_empty() => format!("{} – ok", code(passed)),
        Some(passed) => format!("edited {edits}; {} – ok", code(passed)),
        None => String::new(),
    };
    let entry = NewEntry::new("problem", &title)
        .with("issue", &format!("{command} – {exit}"))
        .with("cause", problem.cause.as_deref().unwrap_or_default())
        .with("fix", &fix);
    Wanted::new(key("problem", &format!("{} {}", problem.turn, problem.command)), entry, &problem.turn)
}

/// To-dos and what was said to remain, in the order in which they came up.
fn next(digest: &Digest, all: &mut Vec<Wanted>) {
    let mut found = Vec::new();
    for todo in &digest.todos {
        let completed = todo.state == "completed" && todo.stayed;
        if todo.is_open() || completed {
            let wanted = Wanted::new(key("next", &todo.what.text), NewEntry::new("next", &todo.what.text), &todo.what.turn);
            found.push((todo.what.time, Wanted { done: completed, ..wanted }));
        }
    }
    // What the agent's own list has in other words is told once: the list knows when it is done.
    let is_listed = |said: &Said| digest.todos.iter().any(|todo| todo.is_open() && alike(&todo.what.text, &said.text));
    for said in digest.next.iter().filter(|said| !is_listed(said)) {
        found.push((said.time, Wanted::new(key("next", &said.text), NewEntry::new("next", &said.text), &said.turn)));
    }
    found.sort_by_key(|(time, _)| *time);
    all.extend(found.into_iter().map(|(_, wanted)| wanted));
    let mut keys = std::collections::HashSet::new();
    all.retain(|wanted| keys.insert(wanted.key.clone()));
}

fn context(digest: &Digest, about: &About, profile: &Profile, all: &mut Vec<Wanted>) {
    let turn = digest.request.as_ref().or(digest.conclusion.as_ref()).map_or("", |said| said.turn.as_str());
    let entry = |key: &str, text: &str| NewEntry::new("context", text).with("key", key);
    let branch = about.branch.as_ref().map(|branch| format!("branch {}", code(branch)));
    let place: Vec<String> = about.cwd.as_deref().map(code).into_iter().chain(branch).collect();
    if !place.is_empty() {
        all.push(Wanted::new("context:place", entry("environment", &place.join(", ")), turn));
    }
    let state = digest.verified().map(|command| (format!("{} – ok", code(&command.text)), &command.turn));
    if profile.kind_named("state").is_ok() {
        let said = digest.conclusion.as_ref().map(|said| (said.text.clone(), &said.turn));
        for (key, (text, turn)) in [("state:conclusion", said), ("state:verified", state)].into_iter().filter_map(|(k, s)| Some((k, s?))) {
            all.push(Wanted::new(key, NewEntry::new("state", &text), turn));
        }
    } else if let Some((text, turn)) = state {
        all.push(Wanted::new("context:verified", entry("state", &text), turn));
    }
    for question in &digest.questions {
        all.push(Wanted::new(key("question", &question.text), entry("questions", &question.text), &question.turn));
    }
}

/// A title for a log: what the agent calls the conversation, else the first request.
pub fn title(digest: &Digest, given: Option<&str>) -> Option<String> {
    let request = digest.request.as_ref().map(|said| said.text.as_str());
    let text = given.filter(|title| !title.trim().is_empty()).or(request)?;
    let line = text.lines().find(|line| line.chars().any(char::is_alphanumeric))?;
    let line = super::text::plain(line.trim_start_matches(['#', '-', '*', '>', ' ']));
    let sentence = super::text::sentences(&line).first().map_or(line.as_str(), |sentence| *sentence).to_string();
    let bare = ["Please ", "please "].iter().find_map(|word| sentence.strip_prefix(word)).unwrap_or(&sentence);
    let mut letters = super::text::open_ended(bare).chars();
    let first = letters.next()?.to_uppercase();
    Some(short(&first.chain(letters).collect::<String>(), 70))
}

/// A description for a log: the first request.
pub fn description(digest: &Digest) -> Option<String> {
    let text = digest.request.as_ref()?.text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(short(&text, 200)).filter(|text| !text.is_empty())
}
