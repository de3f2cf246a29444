//! What goes into a handoff, part by part, and what each line is worth.

use chrono::{DateTime, NaiveTime, Utc};

use super::{Line, Sources};
use crate::capture::Since;
use crate::capture::digest::{Command, Digest, File, Problem};
use crate::capture::entries::{code, ended, metric};
use crate::capture::text::{alike, one_line, plain, short};
use crate::finish::knowledge::{PART_OF, Remaining, parts, remaining};
use crate::journal::carry::{self, is_pending};
use crate::journal::change::{Texts, is_cosmetic};
use crate::journal::outline::{Entry, Form, Outline};
use crate::journal::placeholder::Placeholders;
use crate::journal::profile::Profile;

/// Characters of the last request that are given, and how many where there is little room.
const REQUEST: (usize, usize) = (400, 160);

/// What lines are worth: those that are worth least go first. Shorter forms have a value of their own.
mod value {
    /// What to do now.
    pub(super) const REQUEST: u32 = 100;
    /// What shows that the work is sound.
    pub(super) const VERIFIED: u32 = 99;
    pub(super) const TODO: u32 = 96;
    pub(super) const NEXT: u32 = 95;
    pub(super) const BLOCKER: u32 = 93;
    pub(super) const DECISION: u32 = 90;
    /// The files that were changed last.
    pub(super) const FILE: u32 = 89;
    /// Reasons of decisions.
    pub(super) const REASON: u32 = 86;
    pub(super) const CONCLUSION: u32 = 85;
    /// What was said to remain before somebody said anew what does.
    pub(super) const STALE: u32 = 72;
    pub(super) const OLDER_FILE: u32 = 84;
    pub(super) const FAILING: u32 = 82;
    /// All of a long request.
    pub(super) const WHOLE_REQUEST: u32 = 80;
    pub(super) const PLACE: u32 = 70;
    pub(super) const PREFERENCE: u32 = 65;
    pub(super) const STATE: u32 = 60;
    pub(super) const QUESTION: u32 = 60;
    /// What was done, as the log says it.
    pub(super) const SUMMARY: u32 = 58;
    pub(super) const ENVIRONMENT: u32 = 55;
    pub(super) const HIGHLIGHT: u32 = 42;
    pub(super) const PROBLEM: u32 = 50;
    /// How what is failing fails.
    pub(super) const ERROR: u32 = 48;
    pub(super) const BEGAN: u32 = 45;
    /// Open items behind the first ones.
    pub(super) const FURTHER: u32 = 44;
    pub(super) const SOLVED: u32 = 40;
    pub(super) const COMMAND: u32 = 35;
    /// What was done to a file.
    pub(super) const METRIC: u32 = 33;
    pub(super) const RELATED: u32 = 30;
    pub(super) const SOURCE: u32 = 20;
}

/// What a line is worth that names an earlier log.
pub(super) const BEFORE: u32 = value::DECISION;

/// What a line begins with that tells what was mended.
pub(super) const MENDED: &str = "mended: ";

/// How many open items count most.
const FIRST_ITEMS: usize = 40;

/// How many files are among those that were changed last.
const LAST_FILES: usize = 6;

/// An entry of a log, as far as a handoff needs it.
pub(super) struct Known {
    section: String,
    part: Option<String>,
    /// Its first words.
    head: String,
    /// All that is told of it.
    text: String,
    task: Option<char>,
    /// What stands below its first words where that is told by label.
    lines: Vec<String>,
    remaining: Vec<Remaining>,
}

impl Known {
    /// What stands below it behind a label.
    fn field(&self, label: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix(label)).filter(|text| !text.is_empty())
    }
}

/// Entries of a log that are no placeholders; `began` is when the log was.
pub(super) fn known(
    text: &str,
    (profile, placeholders): (&Profile, &Placeholders),
    since: &Since,
    began: Option<DateTime<Utc>>,
) -> Vec<Known> {
    let outline = Outline::parse(text);
    let began = began.map(|time| time.date_naive());
    let of = |entry: &Entry| {
        let (head, below) = parts(&outline, entry);
        let labelled = entry.form == Form::Block || entry.section == "problems";
        let head = if entry.form == Form::Block { plain(entry.title()) } else { head };
        Known {
            section: entry.section.clone(),
            part: entry.part.clone(),
            text: if labelled { head.clone() } else { with_details(&head, below.lines()) },
            head,
            task: entry.task,
            lines: below.lines().filter(|_| labelled).map(|line| plain(line.trim_start_matches(['-', '*', ' ']))).collect(),
            remaining: remaining(&outline, entry, since, began),
        }
    };
    let entries = outline.numbered(profile, placeholders);
    entries.iter().filter(|(n, entry)| *n > 0 && !entry.placeholder).map(|(_, entry)| of(entry)).collect()
}

/// What a log says was done: the entries of its summary, and items that are ticked.
pub(super) fn done(entries: &[Known]) -> [Vec<Line>; 2] {
    let told =
        |is: &dyn Fn(&Known) -> bool| entries.iter().filter(|e| is(e)).map(|e| Line::of(carry::words(&e.text).into_owned())).collect();
    let is_item = |e: &Known| matches!(e.section.as_str(), "next" | "execution" | "criteria");
    [told(&|e| e.section == "summary"), told(&|e| is_item(e) && matches!(e.task, Some('x' | 'X')))]
}

/// An item's words, and what stands below it on lines that have no box of their own; code is left out.
fn with_details<'l>(head: &str, below: impl Iterator<Item = &'l str>) -> String {
    let (mut details, mut boxed): (Vec<String>, bool) = (Vec::new(), false);
    for line in below.map(str::trim).filter(|line| !line.is_empty()).take_while(|line| !line.starts_with("```") && !line.starts_with("~~~"))
    {
        match ["- ", "* ", "+ "].iter().find_map(|marker| line.strip_prefix(marker)) {
            Some(item) => {
                boxed = item.starts_with('[') && item.get(2..4) == Some("] ");
                details.extend((!boxed).then(|| plain(item)));
            }
            None if boxed => {}
            None => match details.last_mut() {
                Some(last) => last.push_str(&format!(" {}", plain(line))),
                None => details.push(plain(line)),
            },
        }
    }
    if details.is_empty() { head.to_string() } else { format!("{head} ({})", details.join("; ")) }
}

pub(super) fn state(sources: &Sources<'_>, entries: &[Known]) -> Vec<Line> {
    let digest = sources.digest;
    let mut lines = Vec::new();
    let place: Vec<String> =
        sources.branch.iter().map(|branch| format!("branch {}", code(branch))).chain(sources.cwd.as_deref().map(code)).collect();
    if !place.is_empty() {
        lines.push(Line::new(place.join(", "), value::PLACE));
    }
    if let Some(request) = &digest.last_request {
        let text = one_line(&request.text);
        let label = if digest.interrupted { "last request (interrupted)" } else { "last request" };
        lines.push(
            Line::new(format!("{label}: {}", short(&text, REQUEST.0)), value::REQUEST)
                .at(request.time)
                .or(value::WHOLE_REQUEST, format!("{label}: {}", short(&text, REQUEST.1))),
        );
    }
    let decided = |text: &str| digest.decisions.iter().any(|decision| text.contains(&decision.what.text));
    if let Some(conclusion) = digest.conclusion.as_ref().filter(|conclusion| !decided(&conclusion.text)) {
        // The last request may have no answer that came to anything.
        let last = digest.last_request.as_ref().is_none_or(|request| request.turn == conclusion.turn);
        let label = if last { "last answer" } else { "answer before" };
        lines.push(Line::new(format!("{label}: {}", conclusion.text), value::CONCLUSION).at(conclusion.time));
    }
    let first = digest.request.as_ref().filter(|first| digest.last_request.as_ref().is_some_and(|last| last.turn != first.turn));
    if let Some(first) = first {
        lines.push(Line::new(format!("began with: {}", short(&one_line(&first.text), 200)), value::BEGAN).at(first.time));
    }
    let mut said = Texts::default();
    digest.commands.iter().for_each(|command| said.add(&format!("{} – ok", code(&command.text)), ()));
    let environment =
        sources.cwd.as_deref().map(code).into_iter().chain(sources.branch.iter().map(|branch| format!("branch {}", code(branch))));
    said.add(&format!("Environment: {}", environment.collect::<Vec<_>>().join(", ")), ());
    // Where a profile has no parts in it, the context is what the work is about.
    let states =
        entries.iter().filter(|e| e.section == "state" || (e.section == "context" && e.part.as_deref().is_none_or(|p| p == "state")));
    // What is open stands among that.
    for entry in states.filter(|entry| entry.remaining.is_empty()) {
        if said.is_new(&entry.text) && digest.conclusion.as_ref().is_none_or(|c| c.text != entry.text) {
            lines.push(Line::new(entry.text.clone(), value::STATE));
        }
    }
    // Where no turn tells what happened, the log alone does.
    for entry in entries.iter().filter(|_| digest.turns == 0) {
        let worth = match (entry.section.as_str(), entry.part.as_deref()) {
            ("summary", _) => value::SUMMARY,
            ("context", Some("environment")) => value::ENVIRONMENT,
            ("highlights", _) | ("notes", Some("process" | "ready")) => value::HIGHLIGHT,
            _ => continue,
        };
        if said.is_new(&entry.text) {
            lines.push(Line::new(entry.text.clone(), worth));
        }
    }
    lines
}

/// Next items, to-dos, questions and blockers that are open; those of a log come first, by priority.
pub(super) fn open(digest: &Digest, since: &Since, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Texts::default());
    // What was done, or what a person took out of the log, is not open, whoever says so.
    let mut done = Texts::default();
    entries.iter().filter(|e| e.task.is_some_and(|task| !is_pending(task))).for_each(|e| done.add(&carry::words(&e.head), ()));
    let rank = |item: &Remaining| match item.label.as_deref() {
        Some("high") => 0,
        Some("low") => 2,
        _ => 1,
    };
    let todos: Texts = digest.todos.iter().map(|todo| todo.what.text.as_str()).collect();
    // What was said to remain long before the last time that anybody said so may be done.
    let last = digest.next.iter().map(|next| next.time).max();
    let worth = |text: &str, time: Option<DateTime<Utc>>| match time {
        Some(time) if last.is_some_and(|last| time < last) && todos.find(text).is_none() => value::STALE,
        _ => value::NEXT,
    };
    let is = |item: &Remaining, label: &str| item.label.as_deref() == Some(label);
    let all: Vec<&Remaining> = entries.iter().flat_map(|entry| &entry.remaining).collect();
    let own = all.iter().filter(|item| !is(item, "blocked") && !is(item, "question")).map(|item| {
        let turn = since.when(&item.what).filter(|_| item.origin.is_none());
        (*item, turn, worth(&item.what, turn))
    });
    let mut own: Vec<(&Remaining, Option<DateTime<Utc>>, u32)> = own.collect();
    own.sort_by_key(|(item, _, worth)| (rank(item), *worth == value::STALE));
    for (n, (item, turn, worth)) in own.into_iter().enumerate() {
        if said.is_new(&item.what) {
            // A list that nobody can keep in mind leaves room for what else counts.
            let worth = if n < FIRST_ITEMS { worth } else { value::FURTHER };
            let label = item.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
            let origin = item.origin.as_ref().map(|origin| format!(" ([[{origin}]])")).unwrap_or_default();
            let words = with_details(&item.what, item.notes.iter().map(String::as_str));
            let line = |text: String| Line { time: since_when(item, turn), ..Line::new(text, worth) };
            lines.push(line(format!("{words}{label}{origin}")));
            lines.extend(item.nested.iter().map(|nested| line(format!("{nested} ({PART_OF}{})", item.what))));
            item.nested.iter().for_each(|nested| said.add(nested, ()));
        }
    }
    for todo in digest.todos.iter().filter(|todo| todo.is_open()) {
        if said.is_new(&todo.what.text) && done.find(&todo.what.text).is_none() {
            let doing = if todo.state == "in_progress" { " (in progress)" } else { "" };
            lines.push(Line::new(format!("{}{doing}", todo.what.text), value::TODO).at(todo.what.time));
        }
    }
    let has_log = !entries.is_empty();
    let is_listed = |text: &str| digest.todos.iter().any(|todo| todo.is_open() && alike(&todo.what.text, text));
    for next in digest.next.iter().filter(|next| !has_log && !is_listed(&next.text)) {
        if said.is_new(&next.text) {
            lines.push(Line::new(next.text.clone(), worth(&next.text, Some(next.time))).at(next.time));
        }
    }
    for item in all.iter().filter(|item| is(item, "blocked")) {
        let words = with_details(&item.what, item.notes.iter().map(String::as_str));
        lines.push(Line { time: since_when(item, None), ..Line::new(format!("blocked: {words}"), value::BLOCKER) });
    }
    let questions = all.iter().filter(|item| is(item, "question"));
    let questions = questions.map(|item| (item.what.clone(), since_when(item, since.when(&item.what))));
    let asked = digest.questions.iter().filter(|_| !has_log).map(|said| (said.text.clone(), Some(said.time)));
    for (text, time) in questions.chain(asked) {
        if said.is_new(&text) {
            lines.push(Line { time, ..Line::new(format!("question: {text}"), value::QUESTION) });
        }
    }
    lines
}

/// Since when an item is open: the turn that said it first, else the day that is known.
fn since_when(item: &Remaining, turn: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let day = item.since.map(|day| day.and_time(NaiveTime::MIN).and_utc());
    turn.or(day)
}

pub(super) fn decisions(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Texts::default());
    let mut of_digest = Texts::default();
    for decision in &digest.decisions {
        of_digest.add(&decision.what.text, decision);
        of_digest.add(&format!("{} – {}", decision.what.text, decision.why.as_deref().unwrap_or_default()), decision);
    }
    for entry in entries.iter().filter(|e| e.section == "decisions") {
        let known = of_digest.find(&entry.head);
        // The heading may be no more than a name for it.
        let decided = entry.field("Decision: ").filter(|decided| !is_cosmetic(decided, &entry.text));
        let text = decided.map_or_else(|| entry.text.clone(), |decided| format!("{}: {decided}", entry.text));
        let text = entry.field("Rationale: ").map_or_else(|| text.clone(), |why| format!("{text} – {why}"));
        let rejected = entry.field("Alternatives: ").or_else(|| entry.field("Rejected: "));
        let text = rejected.map_or_else(|| text.clone(), |rejected| format!("{text}; rejected: {rejected}"));
        let what = known.map_or_else(|| entry.head.split(" – ").next().unwrap_or(&entry.head).to_string(), |d| d.what.text.clone());
        if said.is_new(&what) {
            lines.push(Line { time: known.map(|d| d.what.time), ..Line::new(text, value::DECISION) }.or(value::REASON, what));
        }
    }
    for decision in digest.decisions.iter().filter(|_| entries.is_empty()) {
        if said.is_new(&decision.what.text) {
            let text = decision.why.as_ref().map_or_else(|| decision.what.text.clone(), |why| format!("{} – {why}", decision.what.text));
            lines.push(Line::new(text, value::DECISION).at(decision.what.time).or(value::REASON, decision.what.text.clone()));
        }
    }
    lines
}

pub(super) fn problems(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let mut lines = Vec::new();
    let lesson = |problem: &Problem| {
        let title = problem.error.as_deref().map(|error| short(error, 90));
        let own = entries.iter().find(|e| e.section == "problems" && title.as_deref() == Some(&e.text));
        own.and_then(|entry| entry.field("Lesson: ")).map(str::to_string)
    };
    let (open, passed): (Vec<&Problem>, Vec<&Problem>) = digest.problems.iter().partition(|problem| problem.passed.is_none());
    // Of what failed several times, the last time counts.
    let mut failing: Vec<&str> = Vec::new();
    for problem in open.into_iter().rev() {
        if failing.contains(&problem.command.as_str()) {
            continue;
        }
        failing.push(&problem.command);
        let what = problem.error.clone().unwrap_or_else(|| "failed".into());
        lines.push(
            Line::new(format!("not seen to pass: {} – {what}", code(&problem.command)), value::FAILING)
                .at(problem.time)
                .or(value::ERROR, format!("failing: {}", code(&short(&problem.command, 80)))),
        );
    }
    let mut solved = Texts::default();
    for problem in passed.into_iter().rev() {
        let mut text = problem.error.clone().unwrap_or_else(|| code(&problem.command));
        if let Some(cause) = &problem.cause {
            text.push_str(&format!(" – {cause}"));
        }
        if let Some(lesson) = lesson(problem) {
            text.push_str(&format!("; lesson: {lesson}"));
        }
        if !solved.is_new(&text) {
            continue;
        }
        lines.push(Line::new(format!("{MENDED}{text}"), value::SOLVED).at(problem.time));
    }
    let mut said = Texts::default();
    digest.problems.iter().filter_map(|p| p.error.as_deref()).for_each(|error| said.add(&short(error, 90), ()));
    for entry in entries.iter().filter(|e| e.section == "problems") {
        if said.is_new(&entry.text) {
            let lesson = entry.field("Lesson: ");
            let mended = if entry.field("Solution / Work-around: ").is_some() { MENDED } else { "" };
            let cause =
                entry.field("Root Cause: ").or_else(|| entry.field("Issue: ")).map(|cause| format!(" – {cause}")).unwrap_or_default();
            let lesson = lesson.map(|lesson| format!("; lesson: {lesson}")).unwrap_or_default();
            lines.push(Line::new(format!("{mended}{}{cause}{lesson}", entry.text), value::PROBLEM));
        }
    }
    lines
}

/// Files, those that were changed last first; where no turn tells of any, what the log says was delivered.
pub(super) fn files(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    if digest.turns == 0 {
        let told = entries
            .iter()
            .filter(|e| matches!((e.section.as_str(), e.part.as_deref()), ("deliverables" | "files", _) | ("technical", Some("update"))));
        return told.map(|e| Line::new(e.text.clone(), value::FILE)).collect();
    }

    let mut changed: Vec<_> = digest.files.iter().filter(|file| file.is_changed()).collect();
    changed.sort_by(|a, b| (b.time, &a.path).cmp(&(a.time, &b.path)));
    let line = |(n, file): (usize, &File)| {
        let value = if n < LAST_FILES { value::FILE } else { value::OLDER_FILE };
        Line::new(format!("{} – {}", code(&file.path), metric(file)), value).at(file.time).or(value::METRIC, code(&file.path))
    };
    changed.into_iter().enumerate().map(line).collect()
}

/// Commands with their last result, the one that verified last first; where no turn tells of any, the log's own.
pub(super) fn commands(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    if digest.turns == 0 {
        let told = entries.iter().filter(|e| e.section == "technical" && e.part.as_deref() == Some("commands"));
        return told.map(|e| Line::new(code(&e.text), value::COMMAND)).collect();
    }

    let verified = digest.verified();
    let is_verified = |command: &Command| verified.is_some_and(|verified| verified.head == command.head);
    let mut all: Vec<_> = digest.commands.iter().collect();
    all.sort_by(|a, b| (!is_verified(a), b.time, &a.text).cmp(&(!is_verified(b), a.time, &b.text)));
    let line = |command: &Command| {
        let value = if is_verified(command) { value::VERIFIED } else { value::COMMAND };
        Line::new(format!("{}{}", code(&command.text), ended(command)), value).at(command.time)
    };
    all.into_iter().map(line).collect()
}

pub(super) fn preferences(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Texts::default());
    let own = entries
        .iter()
        .filter(|e| matches!((e.section.as_str(), e.part.as_deref()), ("context", Some("preferences")) | ("notes", Some("feedback"))));
    let own = own.map(|entry| (entry.text.as_str(), None));
    let stated = digest.preferences.iter().map(|said| (said.text.as_str(), Some(said.time)));
    for (text, time) in own.chain(stated) {
        if said.is_new(text) {
            lines.push(Line { time, ..Line::new(text, value::PREFERENCE) });
        }
    }
    lines
}

pub(super) fn related(sources: &Sources<'_>, entries: &[Known]) -> Vec<Line> {
    let mut lines: Vec<Line> =
        entries.iter().filter(|e| e.section == "related").map(|e| Line::new(e.text.clone(), value::RELATED)).collect();
    for (id, why) in &sources.related {
        if !lines.iter().any(|line| line.text.contains(id.as_str())) {
            // A conversation is no file that a link leads to.
            let named = if id.starts_with("SESS-") { id.clone() } else { format!("[[{id}]]") };
            lines.push(Line::new(format!("{named} – {why}"), value::RELATED));
        }
    }
    lines
}

/// What was read and not changed.
pub(super) fn read(digest: &Digest, entries: &[Known]) -> Vec<Line> {
    let (mut lines, mut said) = (Vec::new(), Texts::default());
    let own = entries.iter().filter(|e| e.section == "sources").map(|e| e.text.clone());
    let addresses = digest.addresses.iter().map(|address| address.url.text.clone());
    for text in own.chain(addresses) {
        if said.is_new(&text) {
            lines.push(Line::new(text, value::SOURCE));
        }
    }
    lines
}
