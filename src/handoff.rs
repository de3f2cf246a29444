//! The handoff: what the next shift must know, from the log and the recorded turns, within a budget of tokens.
//!
//! Each line has a value and a shorter form. Over the budget, lines get shorter first and go then, the least valuable ones first;
//! what went is said. The same log and record give the same bytes.

use chrono::{DateTime, NaiveTime, Utc};
use serde::Serialize;

use crate::capture::digest::{Digest, Problem};
use crate::capture::entries::{code, metric};
use crate::capture::text::{one_line, plain, short};
use crate::journal::carry;
use crate::journal::change::{Token, same_tokens, tokens};
use crate::journal::outline::{Entry, Form, Outline};
use crate::journal::placeholder::Placeholders;
use crate::journal::profile::Profile;
use crate::journal::summary::Summary;
use crate::record::tokens::estimate;

/// Characters of the last request that are given.
const REQUEST: usize = 400;

/// A line of a handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its words.
    pub text: String,
    /// Since when it is so, or when it was last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<DateTime<Utc>>,
    #[serde(skip)]
    brief: Option<String>,
    #[serde(skip)]
    value: u32,
}

impl Line {
    /// A line of these words.
    pub fn of(text: String) -> Line {
        Line::new(text, 0)
    }

    fn new(text: impl Into<String>, value: u32) -> Line {
        Line { text: text.into(), time: None, brief: None, value }
    }

    fn at(self, time: DateTime<Utc>) -> Line {
        Line { time: Some(time), ..self }
    }

    fn or(self, brief: impl Into<String>) -> Line {
        Line { brief: Some(brief.into()), ..self }
    }
}

/// A part of a handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is called in JSON.
    pub key: &'static str,
    /// Its heading.
    pub heading: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Lines that did not fit.
    pub left_out: usize,
}

/// What the next shift must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Handoff {
    /// Title of the log, or of the conversation.
    pub title: String,
    /// The log's id; nothing for a conversation without one.
    pub session: Option<String>,
    /// The log's path below the journal.
    pub path: Option<String>,
    /// The log's status.
    pub status: Option<String>,
    /// Its parts, in order; none is empty.
    pub parts: Vec<Part>,
    /// The command that shows what was left out.
    pub more: Option<String>,
    /// There is no room to say of what so many lines were left out.
    #[serde(skip)]
    tight: bool,
}

/// Budget in tokens below which that is so.
const TIGHT: u64 = 400;

/// What a handoff is made from.
pub struct Sources<'s> {
    /// The log: what lists show of it, and its text.
    pub log: Option<(&'s Summary, &'s str, &'s Profile, &'s Placeholders)>,
    /// What its conversations come to.
    pub digest: &'s Digest,
    /// Title of the conversation, where there is no log.
    pub title: Option<String>,
    /// Branch, directory.
    pub branch: Option<String>,
    /// The directory that work took place in.
    pub cwd: Option<String>,
    /// Related sessions: id and reason.
    pub related: Vec<(String, String)>,
}

/// An entry of a log, as far as a handoff needs it.
struct Known {
    section: String,
    part: Option<String>,
    text: String,
    open: bool,
    task: bool,
    lines: Vec<String>,
}

/// Entries of a log that are no placeholders.
fn known(text: &str, profile: &Profile, placeholders: &Placeholders) -> Vec<Known> {
    let outline = Outline::parse(text);
    let of = |entry: &Entry| Known {
        section: entry.section.clone(),
        part: entry.part.clone(),
        text: plain(title_of(entry)),
        open: entry.is_open(),
        task: entry.task.is_some(),
        lines: outline.range_text(&entry.lines).lines().skip(1).map(|line| plain(line.trim_start_matches(['-', '*', ' ']))).collect(),
    };
    let entries = outline.numbered(profile, placeholders);
    entries.iter().filter(|(n, entry)| *n > 0 && !entry.placeholder).map(|(_, entry)| of(entry)).collect()
}

/// The words of a heading behind its label: `Problem 2: …`.
fn title_of(entry: &Entry) -> &str {
    let text = entry.text.trim_matches('*');
    match text.split_once(": ") {
        Some((label, rest)) if entry.form == Form::Block && label.split_whitespace().count() == 2 => rest,
        _ => text,
    }
}

/// Whether something is among what was said already.
fn is_new(said: &mut Vec<Vec<Token>>, text: &str) -> bool {
    let words = tokens(text);
    let new = !said.iter().any(|there| same_tokens(there, text));
    if new {
        said.push(words);
    }
    new
}

/// Builds a handoff, of everything.
pub fn whole(sources: &Sources<'_>) -> Handoff {
    let entries = sources.log.map(|(_, text, profile, placeholders)| known(text, profile, placeholders)).unwrap_or_default();
    let summary = sources.log.map(|(summary, ..)| summary);
    let digest = sources.digest;
    let mut parts = vec![
        part("state", "Where we are", state(sources, &entries)),
        part("open", "Open work", open(digest, &entries)),
        part("decisions", "Decisions", decisions(digest, &entries)),
        part("problems", "What failed", problems(digest, &entries)),
        part("files", "Files changed", files(digest)),
        part("commands", "Commands", commands(digest)),
        part("preferences", "Preferences", preferences(digest, &entries)),
        part("related", "Related sessions", related(sources, &entries)),
        part("sources", "Sources", read(digest, &entries)),
    ];
    parts.retain(|part| !part.lines.is_empty());
    let title = summary.map(|summary| summary.title.clone()).or_else(|| sources.title.clone());
    Handoff {
        title: title.unwrap_or_else(|| "Conversation".into()),
        session: summary.map(|summary| summary.id.clone()),
        path: summary.map(|summary| summary.path.clone()),
        status: summary.map(|summary| summary.status.clone()),
        parts,
        more: None,
        tight: false,
    }
}

fn part(key: &'static str, heading: &str, lines: Vec<Line>) -> Part {
    Part { key, heading: heading.to_string(), lines, left_out: 0 }
}

fn state(sources: &Sources<'_>, entries: &[Known]) -> Vec<Line> {
    let digest = sources.digest;
    let mut lines = Vec::new();
    let place: Vec<String> =
        sources.branch.iter().map(|branch| format!("branch {}", code(branch))).chain(sources.cwd.as_deref().map(code)).collect();
    if !place.is_empty() {
        lines.push(Line::new(place.join(", "), 70));
    }
    if let Some(request) = &digest.last_request {
        let text = one_line(&request.text);
        lines.push(
            Line::new(format!("last request: {}", short(&text, REQUEST)), 100)
                .at(request.time)
                .or(format!("last request: {}", short(&text, 160))),
        );
    }
    if let Some(conclusion) = &digest.conclusion {
        lines.push(Line::new(format!("last answer: {}", conclusion.text), 85).at(conclusion.time));
    }
    let first = digest.request.as_ref().filter(|first| digest.last_request.as_ref().is_some_and(|last| last.turn != first.turn));
    if let Some(first) = first {
        lines.push(Line::new(format!("began with: {}", short(&one_line(&first.text), 200)), 45).at(first.time));
    }
    let mut said: Vec<Vec<Token>> = digest.commands.iter().map(|command| tokens(&format!("{} – ok", code(&command.text)))).collect();
    let states = entries.iter().filter(|e| e.section == "state" || (e.section == "context" && e.part.as_deref() == Some("state")));
    for entry in states {
        if is_new(&mut said, &entry.text) && digest.conclusion.as_ref().is_none_or(|c| c.text != entry.text) {
            lines.push(Line::new(entry.text.clone(), 60));
        }
    }
    lines
}

/// Next items, to-dos, questions and blockers that are open; those of a log come first, by priority.
fn open(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Vec::new());
    // What was done, or what a person took out of the log, is not open, whoever says so.
    let done: Vec<Vec<Token>> = entries.iter().filter(|e| e.task && !e.open).map(|e| tokens(&carry::words(&e.text))).collect();
    let since = |text: &str| crate::capture::since(digest, text);
    let rank = |entry: &Known| match entry.part.as_deref() {
        Some("high") => 0,
        Some("low") => 2,
        _ => 1,
    };
    let mut own: Vec<&Known> =
        entries.iter().filter(|e| e.open && matches!(e.section.as_str(), "next" | "execution" | "criteria")).collect();
    own.sort_by_key(|entry| rank(entry));
    for entry in own {
        let words = carry::words(&entry.text);
        if is_new(&mut said, &words) {
            let label =
                entry.part.as_deref().filter(|part| matches!(*part, "high" | "low")).map(|part| format!(" ({part})")).unwrap_or_default();
            let carried = carry::mark(&entry.text);
            let from = carried.as_ref().map(|mark| format!(" ([[{}]])", mark.origin)).unwrap_or_default();
            let time = carried.map_or_else(|| since(&words), |mark| Some(mark.since.and_time(NaiveTime::MIN).and_utc()));
            lines.push(Line { time, ..Line::new(format!("{words}{label}{from}"), 95) });
        }
    }
    for todo in digest.todos.iter().filter(|todo| todo.is_open()) {
        if is_new(&mut said, &todo.what.text) && !done.iter().any(|words| same_tokens(words, &todo.what.text)) {
            let doing = if todo.state == "in_progress" { " (in progress)" } else { "" };
            lines.push(Line::new(format!("{}{doing}", todo.what.text), 96).at(todo.what.time));
        }
    }
    let has_log = !entries.is_empty();
    for next in digest.next.iter().filter(|_| !has_log) {
        if is_new(&mut said, &next.text) {
            lines.push(Line::new(next.text.clone(), 94).at(next.time));
        }
    }
    for entry in entries.iter().filter(|e| e.section == "blockers") {
        lines.push(Line::new(format!("blocked: {}", entry.text), 93));
    }
    let questions = entries
        .iter()
        .filter(|e| e.section == "context" && e.part.as_deref() == Some("questions"))
        .map(|e| (e.text.clone(), since(&e.text)));
    let asked = digest.questions.iter().filter(|_| !has_log).map(|said| (said.text.clone(), Some(said.time)));
    for (text, time) in questions.chain(asked) {
        if is_new(&mut said, &text) {
            lines.push(Line { time, ..Line::new(format!("question: {text}"), 60) });
        }
    }
    lines
}

fn decisions(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Vec::new());
    let of_digest = |text: &str| {
        let words = tokens(text);
        digest.decisions.iter().find(|d| {
            same_tokens(&words, &d.what.text) || same_tokens(&words, &format!("{} – {}", d.what.text, d.why.as_deref().unwrap_or_default()))
        })
    };
    for entry in entries.iter().filter(|e| e.section == "decisions") {
        let known = of_digest(&entry.text);
        let why = entry.lines.iter().find_map(|line| line.strip_prefix("Rationale: "));
        let text = why.map_or_else(|| entry.text.clone(), |why| format!("{} – {why}", entry.text));
        let what = known.map_or_else(|| entry.text.split(" – ").next().unwrap_or(&entry.text).to_string(), |d| d.what.text.clone());
        if is_new(&mut said, &what) {
            lines.push(Line { time: known.map(|d| d.what.time), ..Line::new(text, 90) }.or(what));
        }
    }
    for decision in digest.decisions.iter().filter(|_| entries.is_empty()) {
        if is_new(&mut said, &decision.what.text) {
            let text = decision.why.as_ref().map_or_else(|| decision.what.text.clone(), |why| format!("{} – {why}", decision.what.text));
            lines.push(Line::new(text, 90).at(decision.what.time).or(decision.what.text.clone()));
        }
    }
    lines
}

fn problems(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let mut lines = Vec::new();
    let lesson = |problem: &Problem| {
        let title = problem.error.as_deref().map(|error| short(error, 90));
        let own = entries.iter().find(|e| e.section == "problems" && title.as_deref() == Some(&e.text));
        own.and_then(|entry| entry.lines.iter().find_map(|line| line.strip_prefix("Lesson: ").map(str::to_string)))
    };
    let (open, passed): (Vec<&Problem>, Vec<&Problem>) = digest.problems.iter().partition(|problem| problem.passed.is_none());
    for problem in open.into_iter().rev() {
        let what = problem.error.clone().unwrap_or_else(|| "failed".into());
        lines.push(
            Line::new(format!("not seen to pass: {} – {what}", code(&problem.command)), 82)
                .at(problem.time)
                .or(format!("failing: {}", code(&short(&problem.command, 80)))),
        );
    }
    for problem in passed.into_iter().rev() {
        let mut text = problem.error.clone().unwrap_or_else(|| code(&problem.command));
        if let Some(cause) = &problem.cause {
            text.push_str(&format!(" – {cause}"));
        }
        if let Some(lesson) = lesson(problem) {
            text.push_str(&format!("; lesson: {lesson}"));
        }
        lines.push(Line::new(text, 40).at(problem.time));
    }
    let mut said: Vec<Vec<Token>> =
        digest.problems.iter().filter_map(|p| p.error.as_deref()).map(|error| tokens(&short(error, 90))).collect();
    for entry in entries.iter().filter(|e| e.section == "problems") {
        if is_new(&mut said, &entry.text) {
            let lesson = entry.lines.iter().find_map(|line| line.strip_prefix("Lesson: "));
            lines.push(Line::new(lesson.map_or_else(|| entry.text.clone(), |lesson| format!("{}; lesson: {lesson}", entry.text)), 50));
        }
    }
    lines
}

/// Files, those that were changed last first.
fn files(digest: &Digest) -> Vec<Line> {
    let mut changed: Vec<_> = digest.files.iter().filter(|file| file.is_changed()).collect();
    changed.sort_by(|a, b| (b.time, &a.path).cmp(&(a.time, &b.path)));
    changed
        .into_iter()
        .map(|file| Line::new(format!("{} – {}", code(&file.path), metric(file)), 88).at(file.time).or(code(&file.path)))
        .collect()
}

/// Commands with their last result; the one that verified last comes first.
fn commands(digest: &Digest) -> Vec<Line> {
    let mut all: Vec<_> = digest.commands.iter().collect();
    all.sort_by(|a, b| (b.time, &a.text).cmp(&(a.time, &b.text)));
    let verified = all.iter().position(|command| command.ok == Some(true));
    if let Some(at) = verified {
        let command = all.remove(at);
        all.insert(0, command);
    }
    let line = |(n, command): (usize, &crate::capture::digest::Command)| {
        let ended = crate::capture::entries::ended(command);
        let value = if n == 0 { 97 } else { 35 };
        Line::new(format!("{}{ended}", code(&command.text)), value).at(command.time)
    };
    all.into_iter().enumerate().map(line).collect()
}

fn preferences(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Vec::new());
    let own = entries
        .iter()
        .filter(|e| matches!((e.section.as_str(), e.part.as_deref()), ("context", Some("preferences")) | ("notes", Some("feedback"))));
    let own = own.map(|entry| (entry.text.as_str(), None));
    let stated = digest.preferences.iter().map(|said| (said.text.as_str(), Some(said.time)));
    for (text, time) in own.chain(stated) {
        if is_new(&mut said, text) {
            lines.push(Line { time, ..Line::new(text, 65) });
        }
    }
    lines
}

fn related(sources: &Sources<'_>, entries: &[Known]) -> Vec<Line> {
    let mut lines: Vec<Line> = entries.iter().filter(|e| e.section == "related").map(|e| Line::new(e.text.clone(), 30)).collect();
    for (id, why) in &sources.related {
        if !lines.iter().any(|line| line.text.contains(id.as_str())) {
            lines.push(Line::new(format!("[[{id}]] – {why}"), 28));
        }
    }
    lines
}

/// What was read and not changed.
fn read(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Vec::new());
    let own = entries.iter().filter(|e| e.section == "sources").map(|e| e.text.clone());
    let addresses = digest.addresses.iter().map(|address| address.url.text.clone());
    for text in own.chain(addresses) {
        if is_new(&mut said, &text) {
            lines.push(Line::new(text, 20));
        }
    }
    lines
}

/// What several sessions came to: one part each, the newest first.
pub fn recap(title: String, sessions: Vec<Handoff>) -> Handoff {
    let parts = sessions.into_iter().map(|session| {
        let id = session.session.unwrap_or_default();
        let status = session.status.map(|status| format!(" – {status}")).unwrap_or_default();
        let mut lines = Vec::new();
        for part in session.parts {
            let (label, value) = match part.key {
                "summary" => ("", 90),
                "open" => ("open: ", 85),
                "decisions" => ("decided: ", 80),
                "problems" => ("failed: ", 50),
                "files" => ("changed: ", 40),
                _ => continue,
            };
            lines.extend(part.lines.into_iter().map(|line| Line { text: format!("{label}{}", line.text), value, ..line }));
        }
        part("session", &format!("{}{status} · {id}", session.title), lines)
    });
    Handoff { title, session: None, path: None, status: None, parts: parts.collect(), more: None, tight: false }
}

impl Handoff {
    /// Makes it fit into a budget of tokens: lines get shorter first, and go then, the least valuable ones first. The order of
    /// the rest stays.
    pub fn fit(&mut self, budget: u64, render: &dyn Fn(&Handoff) -> String) {
        self.tight = budget < TIGHT;
        self.fit_into(&|handoff| estimate(&render(handoff)) <= budget);
    }

    /// The same, into whatever there is room for.
    pub fn fit_into(&mut self, fits: &dyn Fn(&Handoff) -> bool) {
        let mut order: Vec<(u32, std::cmp::Reverse<usize>, usize)> = Vec::new();
        for (p, part) in self.parts.iter().enumerate() {
            order.extend(part.lines.iter().enumerate().map(|(n, line)| (line.value, std::cmp::Reverse(n), p)));
        }
        order.sort_unstable();
        let places: Vec<(usize, usize)> = order.into_iter().map(|(_, std::cmp::Reverse(n), p)| (p, n)).collect();
        // Each step makes it shorter: the first that is enough is found by halves.
        let (mut few, mut enough) = (0, 2 * places.len());
        while few < enough {
            let half = usize::midpoint(few, enough);
            if fits(&self.after(&places, half)) { enough = half } else { few = half + 1 }
        }
        *self = self.after(&places, enough);
    }

    /// The same after so many steps: each line, the least valuable first, gets its short form; then each goes.
    fn after(&self, places: &[(usize, usize)], steps: usize) -> Handoff {
        let more = self.session.as_ref().map_or_else(|| "shiftlog show ID".to_string(), |id| format!("shiftlog show {id}"));
        let mut after = self.clone();
        for (p, n) in places.iter().take(steps) {
            let line = &mut after.parts[*p].lines[*n];
            if let Some(brief) = line.brief.take() {
                (line.text, line.time) = (brief, None);
            }
        }
        let mut gone: Vec<Vec<bool>> = self.parts.iter().map(|part| vec![false; part.lines.len()]).collect();
        for (p, n) in places.iter().take(steps.saturating_sub(places.len())) {
            gone[*p][*n] = true;
        }
        after.without(&gone, &more)
    }

    fn without(&self, gone: &[Vec<bool>], more: &str) -> Handoff {
        let mut fitted = self.clone();
        for (part, gone) in fitted.parts.iter_mut().zip(gone) {
            let mut at = 0;
            part.lines.retain(|_| {
                at += 1;
                !gone[at - 1]
            });
            part.left_out = gone.iter().filter(|gone| **gone).count();
        }
        fitted.more = gone.iter().flatten().any(|gone| *gone).then(|| more.to_string());
        fitted
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", self.title);
        let head: Vec<&str> = [&self.status, &self.path].into_iter().flatten().map(String::as_str).collect();
        if !head.is_empty() {
            out.push_str(&format!("\n{}\n", head.join(" · ")));
        }
        for part in self.parts.iter().filter(|part| !part.lines.is_empty()) {
            out.push_str(&format!("\n## {}\n\n", part.heading));
            let mut day = None;
            for line in &part.lines {
                out.push_str(&format!("- {}", line.text));
                // A day is said once for all lines below each other that have it.
                let date = line.time.map(|time| time.date_naive());
                if let Some(date) = date.filter(|_| date != day) {
                    out.push_str(&format!(" ({date})"));
                }
                day = date.or(day);
                out.push('\n');
            }
        }
        let left: Vec<String> = self
            .parts
            .iter()
            .filter(|part| part.left_out > 0)
            .map(|part| format!("{} of {}", part.left_out, part.heading.to_lowercase()))
            .collect();
        let lines: usize = self.parts.iter().map(|part| part.left_out).sum();
        let left = if self.tight { format!("{lines} lines") } else { left.join(", ") };
        if let Some(more) = self.more.as_ref().filter(|_| lines > 0) {
            out.push_str(&format!("\nLeft out: {left}. `{more}`\n"));
        }
        out
    }
}
