//! What a log knows that others need when it is finished: decisions, work that remains, lessons; and what it lacks.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::capture::digest::Digest;
use crate::capture::since;
use crate::capture::text::plain;
use crate::journal::carry;
use crate::journal::change::{same_tokens, tokens};
use crate::journal::outline::{Entry, Form, Outline};
use crate::journal::placeholder::Placeholders;
use crate::journal::profile::Profile;

/// A decision of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What was decided, as it stands in the log.
    pub what: String,
    /// The same without the words that say that it was decided.
    pub chosen: String,
    /// A title for it.
    pub title: String,
    /// Why.
    pub why: Option<String>,
    /// What was not chosen.
    pub alternatives: Vec<String>,
    /// The day it was made.
    pub date: NaiveDate,
    /// It says only what is not to be done.
    pub rejected: bool,
}

/// Work that remains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// What is to be done.
    pub what: String,
    /// `high`, `low`, `question` or `blocked`.
    pub label: Option<String>,
    /// Since when it is known.
    pub since: NaiveDate,
    /// What stands below it.
    pub notes: Vec<String>,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// What went wrong, if anything did.
    pub title: Option<String>,
    /// The lesson.
    pub text: String,
}

/// What a log knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Knowledge {
    /// Headings of sections that must say something and do not.
    pub empty: Vec<String>,
    /// Decisions, in the order of the log.
    pub decisions: Vec<Decision>,
    /// What is still to be done.
    pub remaining: Vec<Remaining>,
    /// Lessons.
    pub lessons: Vec<Lesson>,
}

/// Beginnings of sentences that only say that something was decided.
const DECIDED: [&str; 10] = [
    "we decided to ",
    "i decided to ",
    "decided to ",
    "decision: ",
    "we chose to ",
    "i chose to ",
    "chose to ",
    "we agreed to ",
    "agreed to ",
    "decided: ",
];

/// Beginnings of those that say what was not chosen.
const REJECTED: [&str; 4] = ["we rejected ", "i rejected ", "rejected ", "rejected: "];

/// Words between what was chosen and what was not.
const INSTEAD: [&str; 2] = [" instead of ", " rather than "];

/// What open questions begin with in profiles that have no part for them.
const QUESTION: &str = "Open question: ";

/// Characters of a title.
const TITLE: usize = 90;

/// Reads what a log knows; `digest` is what its conversations come to, `began` when the log was made.
pub fn knowledge(
    text: &str,
    (profile, placeholders): (&Profile, &Placeholders),
    digest: &Digest,
    began: Option<DateTime<Utc>>,
) -> Knowledge {
    let outline = Outline::parse(text);
    let entries = outline.numbered(profile, placeholders);
    let began = began.unwrap_or_default().date_naive();
    let empty = profile.lacking(&entries).into_iter().map(str::to_string).collect();
    let mut found = Knowledge { empty, ..Knowledge::default() };
    for (_, entry) in entries.iter().filter(|(n, entry)| *n > 0 && !entry.placeholder) {
        match (entry.section.as_str(), entry.part.as_deref()) {
            ("decisions", _) => found.decide(decision(&outline, entry, digest, began)),
            ("problems", _) => found.lessons.extend(lesson(&outline, entry)),
            ("notes", Some("process")) => found.lessons.push(Lesson { title: None, text: plain(&entry.text) }),
            _ => found.remaining.extend(remaining(&outline, entry, digest, began)),
        }
    }
    found
}

impl Knowledge {
    /// What was rejected belongs to the decision before.
    fn decide(&mut self, decision: Decision) {
        match self.decisions.last_mut().filter(|_| decision.rejected) {
            Some(before) if !before.rejected => before.alternatives.push(joined(&decision.title, decision.why.as_deref())),
            _ => self.decisions.push(decision),
        }
    }
}

/// What was said, and why.
pub(super) fn joined(what: &str, why: Option<&str>) -> String {
    why.map_or_else(|| what.to_string(), |why| format!("{what} – {why}"))
}

/// The lines of an entry behind its first, without marks.
fn below(outline: &Outline<'_>, entry: &Entry) -> Vec<String> {
    let lines = outline.range_text(&entry.lines).lines().skip(1);
    lines.map(|line| plain(line.trim_start_matches(['-', '*', ' ', '\t']))).filter(|line| !line.is_empty()).collect()
}

fn labelled<'l>(lines: &'l [String], label: &str) -> Option<&'l str> {
    lines.iter().find_map(|line| line.strip_prefix(label)?.strip_prefix(':')).map(str::trim).filter(|text| !text.is_empty())
}

fn decision(outline: &Outline<'_>, entry: &Entry, digest: &Digest, began: NaiveDate) -> Decision {
    let lines = below(outline, entry);
    let text = plain(entry.title());
    let (what, why) = match entry.form {
        Form::Block => (labelled(&lines, "Decision").map_or(text, str::to_string), labelled(&lines, "Rationale").map(str::to_string)),
        _ => [" – ", " — "]
            .into_iter()
            .find_map(|dash| text.split_once(dash))
            .map_or((text.clone(), None), |(what, why)| (what.trim().to_string(), Some(why.trim().to_string()))),
    };
    let why = why.or_else(|| ["Why", "Reason", "Rationale"].into_iter().find_map(|label| labelled(&lines, label)).map(str::to_string));
    let known = tokens(&what);
    let date = digest.decisions.iter().find(|decision| same_tokens(&known, &decision.what.text)).map(|decision| decision.what.time);
    let (rejected, bare) = match begun(&what, &REJECTED) {
        Some(rest) => (true, rest),
        None => (false, begun(&what, &DECIDED).unwrap_or(&what)),
    };
    let bare = bare.trim_end_matches('.');
    let mut alternatives: Vec<String> =
        INSTEAD.into_iter().filter_map(|word| bare.split_once(word)).map(|(_, rest)| clause(rest)).collect();
    let said = ["Alternatives", "Alternative", "Rejected"].into_iter().filter_map(|label| labelled(&lines, label));
    alternatives.extend(said.map(str::to_string));
    let chosen = if rejected { bare.to_string() } else { capital(bare) };
    let date = date.map_or(began, |time| time.date_naive());
    Decision { title: crate::capture::text::short(&chosen, TITLE), chosen, why, alternatives, date, rejected, what }
}

/// What follows one of these beginnings, in whatever case.
fn begun<'t>(text: &'t str, beginnings: &[&str]) -> Option<&'t str> {
    beginnings.iter().find_map(|begin| {
        let (head, rest) = text.split_at_checked(begin.len())?;
        (head.eq_ignore_ascii_case(begin) && !rest.trim().is_empty()).then_some(rest)
    })
}

/// Up to the end of the clause.
fn clause(text: &str) -> String {
    let ends = [", ", "; ", " because ", " since ", " so that ", " – ", ". "];
    let end = ends.into_iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    text[..end].trim().to_string()
}

/// The same, with a capital letter at its beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn lesson(outline: &Outline<'_>, entry: &Entry) -> Option<Lesson> {
    let lines = below(outline, entry);
    let title = plain(entry.title());
    if let Some(lesson) = labelled(&lines, "Lesson") {
        return Some(Lesson { title: Some(title), text: lesson.to_string() });
    }
    let (cause, fix) = (labelled(&lines, "Root Cause"), labelled(&lines, "Solution / Work-around"));
    match (cause, fix) {
        (Some(cause), fix) => Some(Lesson { title: Some(title), text: fix.map_or(cause.to_string(), |fix| format!("{cause}; {fix}")) }),
        (None, Some(fix)) => Some(Lesson { title: Some(title), text: fix.to_string() }),
        (None, None) if entry.form != Form::Block => Some(Lesson { title: None, text: title }),
        (None, None) => None,
    }
}

fn remaining(outline: &Outline<'_>, entry: &Entry, digest: &Digest, began: NaiveDate) -> Option<Remaining> {
    let text = plain(entry.title());
    let carried = carry::mark(&text).map(|mark| mark.since);
    let text = carry::words(&text).into_owned();
    let (text, rank) = carry::ranked(&text);
    let text = text.to_string();
    let (what, label) = match (entry.section.as_str(), entry.part.as_deref()) {
        // A next item without a box is to be done too.
        ("next", part) if entry.task.is_none() || entry.is_open() => {
            (text, part.or(rank).filter(|part| *part != "medium").map(str::to_string))
        }
        ("execution" | "criteria", _) if entry.is_open() => (text, None),
        ("blockers", _) => (text, Some("blocked".to_string())),
        ("context", Some("questions")) => (text, Some("question".to_string())),
        ("context", _) => (text.strip_prefix(QUESTION)?.to_string(), Some("question".to_string())),
        _ => return None,
    };
    let since = carried.or_else(|| since(digest, &what).map(|time| time.date_naive())).unwrap_or(began);
    Some(Remaining { what, label, since, notes: below(outline, entry) })
}
