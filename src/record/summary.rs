//! What a conversation came to, in its own words: nothing here is invented.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::conversation::Conversation;
use super::error::Result;
use super::turn::{Turn, each};

/// Characters of a quoted request or outcome, files, commands and open items at most.
const REQUEST: usize = 200;
const OUTCOME: usize = 300;
const LISTED: usize = 20;

/// An extract of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// The beginning of the first request.
    pub request: Option<String>,
    /// The first paragraph of the last answer.
    pub outcome: Option<String>,
    /// Files that were changed, and how often.
    pub files: Vec<File>,
    /// Commands that were run, each with its last result.
    pub commands: Vec<Command>,
    /// Items that were named and not seen to be done.
    pub open: Vec<String>,
    /// Turns that count.
    pub turns: u64,
}

/// A file that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// As the agent named it.
    pub path: String,
    /// How often it was changed.
    pub changes: u64,
}

/// A command that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// As it was typed, on one line.
    pub command: String,
    /// Whether it succeeded the last time, where that is known.
    pub ok: Option<bool>,
}

impl Summary {
    pub(super) fn of(db: &Connection, conversation: &Conversation) -> Result<Summary> {
        let mut summary = Summary::default();
        each(db, &conversation.id, &(1..=i64::MAX), &mut |turn| {
            if turn.counts() {
                summary.take(&turn);
            }
            Ok(())
        })?;
        summary.files.sort_by(|a, b| b.changes.cmp(&a.changes).then_with(|| a.path.cmp(&b.path)));
        summary.files.truncate(LISTED);
        let (commands, open) = (summary.commands.len(), summary.open.len());
        summary.commands.drain(..commands.saturating_sub(LISTED));
        summary.open.drain(..open.saturating_sub(LISTED));
        Ok(summary)
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("a summary is plain data")
    }

    /// Whether there is anything to say.
    pub fn is_empty(&self) -> bool {
        self.turns == 0
    }

    fn take(&mut self, turn: &Turn) {
        self.turns += 1;
        let quoted = |text: &Option<String>, most| text.as_deref().and_then(paragraph).map(|p| cut(p, most));
        if self.request.is_none() {
            self.request = quoted(&turn.user_input, REQUEST);
        }
        if let Some(outcome) = quoted(&turn.agent_response, OUTCOME) {
            self.outcome = Some(outcome);
        }
        for text in [&turn.user_input, &turn.agent_response].into_iter().flatten() {
            text.lines().filter_map(task).for_each(|(done, item)| self.item(&item, done));
        }
        for action in &turn.actions {
            let value = cut(&action.value, REQUEST);
            match action.kind.as_str() {
                "command" => self.command(value, action.ok),
                "todo" => self.item(&value, action.ok == Some(true)),
                "file-read" => {}
                kind if kind.starts_with("file-") && action.ok != Some(false) => self.file(value),
                _ => {}
            }
        }
    }

    fn file(&mut self, path: String) {
        match self.files.iter_mut().find(|f| f.path == path) {
            Some(file) => file.changes += 1,
            None => self.files.push(File { path, changes: 1 }),
        }
    }

    fn command(&mut self, command: String, ok: Option<bool>) {
        self.commands.retain(|c| c.command != command);
        self.commands.push(Command { command, ok });
    }

    /// Notes an item as open, or that it is done.
    fn item(&mut self, item: &str, done: bool) {
        self.open.retain(|o| !o.eq_ignore_ascii_case(item));
        if !done && !item.is_empty() {
            self.open.push(item.to_string());
        }
    }

    /// What tells its line in a log from others.
    pub fn mark(&self, id: &str) -> String {
        format!("({id}, {} turn{})", self.turns, plural(self.turns))
    }

    /// The whole on one line, for a log.
    pub fn line(&self, id: &str) -> String {
        let mut parts =
            vec![format!("{} ({id}, {} turn{})", self.request.as_deref().unwrap_or("Conversation"), self.turns, plural(self.turns))];
        parts.extend(self.outcome.as_ref().map(|o| format!("Outcome: {o}")));
        let list = |what: &str, items: Vec<String>| (!items.is_empty()).then(|| format!("{what}: {}", items.join(", ")));
        parts.extend(list("Files", self.files.iter().map(|f| code(&f.path)).collect()));
        let command = |c: &Command| code(&c.command) + if c.ok == Some(false) { " (failed)" } else { "" };
        parts.extend(list("Commands", self.commands.iter().map(command).collect()));
        parts.extend((!self.open.is_empty()).then(|| format!("Open: {}", self.open.join("; "))));
        parts.join(" – ")
    }
}

fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// Text as inline code, with a fence that it does not contain.
pub(super) fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A task of a list: whether it is ticked, and its text.
fn task(line: &str) -> Option<(bool, String)> {
    let item = line.trim_start().strip_prefix(['-', '*', '+'])?.strip_prefix(' ')?.trim_start();
    let (done, text) = match item.get(..4)? {
        "[ ] " => (false, &item[4..]),
        "[x] " | "[X] " => (true, &item[4..]),
        _ => return None,
    };
    Some((done, cut(text, REQUEST)))
}

/// The first paragraph that is a sentence: no heading, code, list mark or table.
fn paragraph(text: &str) -> Option<&str> {
    let mut fenced = false;
    let mut fallback = None;
    for part in text.split("\n\n").map(str::trim) {
        let fences = part.lines().filter(|l| l.trim_start().starts_with("```")).count();
        let within = fenced || fences > 0;
        fenced ^= fences % 2 == 1;
        if part.is_empty() || within {
            continue;
        }
        fallback = fallback.or(Some(part));
        if !part.starts_with(['#', '|', '>', '<']) {
            return Some(part);
        }
    }
    fallback.or_else(|| Some(text.trim()).filter(|t| !t.is_empty()))
}

/// Text on one line, cut at a word to so many characters.
fn cut(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most - 1).collect();
    let end = cut.rfind(' ').filter(|n| *n > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end_matches([',', ';', ':']))
}
