//! What a log knows that others need when it is finished: decisions, work that remains, lessons; and what it lacks.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::capture::Since;
use crate::capture::digest::Digest;
use crate::capture::text::{one_line, plain};
use crate::journal::carry::{self, is_pending};
use crate::journal::change::{same_tokens, tokens};
use crate::journal::outline::{Entry, Form, Outline, titled};
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
    /// All that was decided, as Markdown, where that is more than a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why; Markdown where it has several lines.
    pub why: Option<String>,
    /// What was not chosen.
    pub alternatives: Vec<String>,
    /// What else the log says of it, as Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The day it was made.
    pub date: NaiveDate,
    /// It says only what is not to be done.
    pub rejected: bool,
    /// The turn in which it was said, where that is known.
    #[serde(skip)]
    pub turn: Option<String>,
}

/// Work that remains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// What is to be done.
    pub what: String,
    /// `high`, `low`, `question` or `blocked`.
    pub label: Option<String>,
    /// Since when it is known: the day of the turn that said it first, else that on which the log was begun.
    pub since: Option<NaiveDate>,
    /// What stands below it.
    pub notes: Vec<String>,
    /// Id of the log in which it was open first, where it was carried.
    #[serde(skip)]
    pub origin: Option<String>,
    /// What is still to be done below it, each with its own box.
    #[serde(skip)]
    pub nested: Vec<String>,
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
    /// Headings of sections that say something of the session alone, which is not taken further: its state, its course.
    pub alone: Vec<String>,
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

/// Sections of which all that is knowledge is taken.
const TAKEN: [&str; 5] = ["decisions", "problems", "notes", "next", "blockers"];

/// What open questions begin with in profiles that have no part for them.
const QUESTION: &str = "Open question: ";

/// What says of a nested item what it belongs to.
pub(crate) const PART_OF: &str = "part of: ";

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
    let empty = profile.lacking(&entries).into_iter().map(|key| profile.section[key].heading.clone()).collect();
    let mut found = Knowledge { empty, ..Knowledge::default() };
    let since = Since::of(digest);
    let mut blocks = Vec::new();
    for (_, entry) in entries.iter().filter(|(n, entry)| *n > 0 && !entry.placeholder) {
        match (entry.section.as_str(), entry.part.as_deref()) {
            ("decisions", _) if entry.form == Form::Text && is_loose(&entry.text) && !found.decisions.is_empty() => {
                let text = outline.range_text(&entry.lines).trim_end();
                if let Some(before) = found.decisions.last_mut() {
                    before.notes = Some(before.notes.take().map_or_else(|| text.to_string(), |notes| format!("{notes}\n\n{text}")));
                }
            }
            ("decisions", _) => match outline.block_around(profile, entry) {
                Some(lines) if blocks.contains(&lines) => {}
                Some(lines) => {
                    let text = outline.range_text(&lines);
                    let (heading, below) = text.split_once('\n').unwrap_or((text, ""));
                    let head = plain(titled(heading.trim_start_matches('#').trim()));
                    found.decide(decision((head, below), true, digest, began));
                    blocks.push(lines);
                }
                None => {
                    let (head, below) = raw_parts(&outline, entry);
                    found.decide(decision((head, &below), entry.form == Form::Block, digest, began));
                }
            },
            ("problems", _) => found.lessons.push(lesson(&outline, entry)),
            ("notes", part) if entry.form == Form::Text || part == Some("ready") => {}
            ("notes", _) | ("context", Some("preferences")) => {
                let (head, below) = parts(&outline, entry);
                found.lessons.push(Lesson { title: None, text: format!("{head}\n{}", outdented(&below)).trim_end().to_string() });
            }
            // Code, tables and quotes say more of what stands above them.
            ("next" | "blockers", _) if entry.form == Form::Text && is_loose(&entry.text) => {
                let lines = outline.range_text(&entry.lines).lines().map(|line| line.trim_end().to_string());
                match found.remaining.last_mut() {
                    Some(before) => before.notes.extend(lines),
                    None => found.lessons.push(Lesson { title: None, text: lines.collect::<Vec<_>>().join("\n") }),
                }
            }
            _ => found.remaining.extend(remaining(&outline, entry, &since, Some(began))),
        }
    }
    found.lessons.extend(own(&outline, profile, &entries));
    let says =
        |key: &&String| !TAKEN.contains(&key.as_str()) && entries.iter().any(|(n, e)| *n > 0 && !e.placeholder && e.section == **key);
    found.alone = profile.sections.iter().filter(says).map(|key| profile.section[key].heading.clone()).collect();
    found
}

/// Whether a text is code, a table or a quote.
fn is_loose(text: &str) -> bool {
    ["```", "~~~", "|", ">", "    "].iter().any(|begin| text.starts_with(begin))
}

impl Knowledge {
    /// What was rejected belongs to the decision before, unless that was made at another time.
    fn decide(&mut self, decision: Decision) {
        let apart = |before: &Decision| before.turn.is_some() && decision.turn.is_some() && before.turn != decision.turn;
        match self.decisions.last_mut().filter(|_| decision.rejected) {
            Some(before) if !before.rejected && !apart(before) => {
                let more = [decision.text, decision.notes].into_iter().flatten().map(|text| format!("\n{text}"));
                let whole = joined(&decision.chosen, decision.why.as_deref()) + &more.collect::<String>();
                before.alternatives.push(whole.replace('\n', "\n  "));
            }
            _ => self.decisions.push(decision),
        }
    }
}

/// What was said, and why.
pub(super) fn joined(what: &str, why: Option<&str>) -> String {
    why.map_or_else(|| what.to_string(), |why| format!("{what} – {why}"))
}

/// A part of an entry: its label, if it has one, and its Markdown.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    label: Option<String>,
    text: String,
}

/// Labels that need not be bold.
const LABELS: [&str; 11] =
    ["Decision", "Rationale", "Why", "Reason", "Alternatives", "Alternative", "Rejected", "Lesson", "Issue", "Root Cause", WORKAROUND];
const WORKAROUND: &str = "Solution / Work-around";

/// What an entry says in its first words, without marks, and what stands below them.
pub(crate) fn parts(outline: &Outline<'_>, entry: &Entry) -> (String, String) {
    let (head, below) = raw_parts(outline, entry);
    (plain(&head), below)
}

/// The same with its marks.
fn raw_parts(outline: &Outline<'_>, entry: &Entry) -> (String, String) {
    if entry.form == Form::Block {
        let below: Vec<&str> = outline.range_text(&entry.lines).lines().skip(1).collect();
        return (entry.title().to_string(), below.join("\n"));
    }
    let whole = carry::whole(outline, entry);
    let (head, rest) = whole.split_at(carry::paragraph(&whole));
    (one_line(head), rest.to_string())
}

/// What was decided, and why, of a line such as `**What** – why`: where the bold ends, else at the first dash.
fn split(head: &str) -> (String, Option<String>) {
    const DASHES: [&str; 2] = [" – ", " — "];
    let bold = head.strip_prefix("**").and_then(|rest| rest.split_once("**")).filter(|(what, _)| !what.is_empty());
    let (what, why) = match bold {
        Some((what, rest)) if rest.trim().is_empty() => (what, None),
        Some((what, rest)) if DASHES.iter().any(|dash| rest.starts_with(dash)) => {
            (what, rest.trim_start().split_once(' ').map(|(_, why)| why))
        }
        _ => DASHES.into_iter().find_map(|dash| head.split_once(dash)).map_or((head, None), |(what, why)| (what, Some(why))),
    };
    (plain(what), why.map(plain))
}

/// The fields of what stands below: each reaches to the next label.
fn fields(below: &str) -> Vec<Field> {
    let mut found = vec![Field { label: None, text: String::new() }];
    let mut fenced = false;
    for line in below.lines() {
        fenced ^= line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        match label(line).filter(|_| !fenced) {
            Some((label, rest)) => found.push(Field { label: Some(label), text: rest.to_string() }),
            None => {
                if let Some(last) = found.last_mut() {
                    last.text.push('\n');
                    last.text.push_str(line);
                }
            }
        }
    }
    for field in &mut found {
        field.text = outdented(&field.text);
    }
    found.retain(|field| field.label.is_some() || !field.text.is_empty());
    found
}

/// The label that a line begins with, and the rest of the line: `- **Rationale**: …`, `Rationale: …`.
fn label(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start();
    let line = ["- ", "* ", "+ "].iter().find_map(|marker| line.strip_prefix(marker)).unwrap_or(line).trim_start();
    if let Some((label, rest)) = line.strip_prefix("**").and_then(|bold| bold.split_once("**")) {
        let inside = label.strip_suffix(':').map(|label| (label, rest));
        let found = inside.or_else(|| Some((label, rest.trim_start().strip_prefix(':')?)));
        return found.map(|(label, rest)| (label.trim().to_string(), rest.trim()));
    }
    let (label, rest) = line.split_once(':')?;
    LABELS.contains(&label).then(|| (label.to_string(), rest.trim()))
}

/// Markdown without blank lines around it and without the indentation that all its lines share.
fn outdented(text: &str) -> String {
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines: Vec<&str> = text.lines().skip_while(|line| line.trim().is_empty()).collect();
    // The first line may stand behind its label.
    let indent = lines.iter().skip(1).filter(|line| !line.trim().is_empty()).map(|line| blanks(line)).min().unwrap_or(0);
    let strip = |line: &&str| line[indent.min(blanks(line))..].trim_end().to_string();
    lines.iter().map(strip).collect::<Vec<_>>().join("\n").trim_end().to_string()
}

/// The first field with one of these labels.
fn taken(fields: &mut Vec<Field>, labels: &[&str]) -> Option<String> {
    let at =
        fields.iter().position(|field| field.label.as_deref().is_some_and(|label| labels.contains(&label)) && !field.text.is_empty())?;
    Some(fields.remove(at).text).map(|text| if text.contains('\n') { text } else { plain(&text) })
}

fn decision((head, below): (String, &str), block: bool, digest: &Digest, began: NaiveDate) -> Decision {
    let mut fields = fields(below);
    let (mut what, mut why) = if block { (plain(&head), None) } else { split(&head) };
    let (mut text, mut heading) = (None, None);
    if block {
        let said = taken(&mut fields, &["Decision"]);
        heading = said.as_ref().filter(|said| !same_tokens(&tokens(&what), said)).map(|_| capital(&what));
        match said {
            Some(said) if said.contains('\n') => {
                what = plain(&one_line(said.split("\n\n").next().unwrap_or(&said)));
                text = Some(said);
            }
            Some(said) => what = said,
            // What stands below the heading without a label is what was decided.
            None => text = fields.iter().position(|field| field.label.is_none()).map(|at| fields.remove(at).text),
        }
    }
    why = why.or_else(|| taken(&mut fields, &["Rationale", "Why", "Reason"]));
    let known = tokens(&what);
    let said = digest.decisions.iter().find(|decision| same_tokens(&known, &decision.what.text)).map(|decision| &decision.what);
    let (rejected, bare) = match begun(&what, &REJECTED) {
        Some(rest) => (true, rest),
        None => (false, begun(&what, &DECIDED).unwrap_or(&what)),
    };
    let bare = bare.trim_end_matches('.');
    let mut alternatives: Vec<String> =
        INSTEAD.into_iter().filter_map(|word| bare.split_once(word)).map(|(_, rest)| clause(rest)).collect();
    while let Some(said) = taken(&mut fields, &["Alternatives", "Alternative", "Alternatives considered", "Rejected"]) {
        // What follows after a blank line is no alternative any more.
        let (listed, rest) = said.split_once("\n\n").unwrap_or((&said, ""));
        let item = |line: &str| plain(line.trim_start().trim_start_matches(['-', '*', '+']).trim());
        alternatives.extend(listed.lines().map(item).filter(|line| !line.is_empty()));
        if !rest.is_empty() {
            fields.push(Field { label: None, text: outdented(rest) });
        }
    }
    let chosen = if rejected { bare.to_string() } else { capital(bare) };
    let date = said.map_or(began, |said| said.time.date_naive());
    let turn = said.map(|said| said.turn.clone());
    let notes = noted(fields);
    Decision {
        title: heading.unwrap_or_else(|| crate::capture::text::short(&chosen, TITLE)),
        chosen,
        text,
        why,
        alternatives,
        notes,
        date,
        rejected,
        what,
        turn,
    }
}

/// Fields as Markdown, each with its label.
fn noted(fields: Vec<Field>) -> Option<String> {
    let one = |field: Field| match field.label {
        None => field.text,
        Some(label) if field.text.contains('\n') => format!("**{label}**:\n\n{}", field.text),
        Some(label) => format!("**{label}**: {}", field.text),
    };
    let filled = fields.into_iter().filter(|field| !field.text.is_empty());
    Some(filled.map(one).collect::<Vec<_>>().join("\n\n")).filter(|text| !text.is_empty())
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

/// What was learned of a problem: its lesson, else its cause and what helped, and below that all else that the log says of it.
fn lesson(outline: &Outline<'_>, entry: &Entry) -> Lesson {
    let (title, below) = parts(outline, entry);
    let mut fields = fields(&below);
    let told = taken(&mut fields, &["Lesson"]).or_else(|| {
        let (cause, fix) = (taken(&mut fields, &["Root Cause"]), taken(&mut fields, &[WORKAROUND]));
        match (cause, fix) {
            (Some(cause), Some(fix)) => Some(format!("{cause}; {fix}")),
            (cause, fix) => cause.or(fix),
        }
    });
    let rest: Vec<String> = fields.into_iter().filter(|field| !field.text.is_empty()).map(listed).collect();
    match told {
        Some(told) => Lesson { title: Some(title), text: [vec![told], rest].concat().join("\n") },
        None => Lesson { title: None, text: [vec![title], rest].concat().join("\n") },
    }
}

/// A field as a list item.
fn listed(field: Field) -> String {
    let text = match field.label {
        None => field.text,
        Some(label) if field.text.contains('\n') => format!("**{label}**:\n{}", field.text),
        Some(label) => format!("**{label}**: {}", field.text),
    };
    format!("- {}", text.replace('\n', "\n  "))
}

/// What a log says under headings that its profile does not know, and as text under those of notes.
fn own(outline: &Outline<'_>, profile: &Profile, entries: &[(usize, Entry)]) -> Vec<Lesson> {
    let mut found = Vec::new();
    for section in outline.sections(profile) {
        let blocks = &outline.blocks[section.blocks.clone()];
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { continue };
        let heading = plain(outline.line(section.heading).trim_start_matches('#').trim());
        match section.key.as_deref() {
            None => {
                let text = outline.range_text(&(first.lines.start..last.lines.end)).trim();
                if !text.is_empty() {
                    found.push(Lesson { title: Some(heading), text: format!("\n{text}") });
                }
            }
            Some("notes") => {
                let loose = |(n, e): &&(usize, Entry)| *n > 0 && !e.placeholder && e.section == "notes" && e.form == Form::Text;
                let texts = entries.iter().filter(loose).map(|(_, entry)| outline.range_text(&entry.lines).trim().to_string());
                let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
                if !texts.is_empty() {
                    found.push(Lesson { title: Some(heading), text: format!("\n{}", texts.join("\n\n")) });
                }
            }
            Some(_) => {}
        }
    }
    found
}

/// What is still to be done of an entry: itself, or what is nested in it.
pub(crate) fn remaining(outline: &Outline<'_>, entry: &Entry, since: &Since, began: Option<NaiveDate>) -> Vec<Remaining> {
    if entry.form == Form::Text && is_loose(&entry.text) {
        return Vec::new();
    }
    let (head, below) = parts(outline, entry);
    let mark = carry::mark(&head);
    let head = carry::words(&head).into_owned();
    let (head, rank) = carry::ranked(&head);
    let head = head.to_string();
    let open = entry.task.is_some_and(is_pending);
    let labelled = match (entry.section.as_str(), entry.part.as_deref()) {
        // A next item without a box is to be done too.
        ("next", part) if entry.task.is_none() || open => Some((head.clone(), part.or(rank).filter(|part| *part != "medium"))),
        ("execution" | "criteria", _) if open => Some((head.clone(), None)),
        ("blockers", _) => Some((head.clone(), Some("blocked"))),
        ("context", Some("questions")) => Some((head.clone(), Some("question"))),
        ("context", _) => head.strip_prefix(QUESTION).map(|text| (text.to_string(), Some("question"))),
        _ => None,
    };
    let since = |what: &str| since.when(what).map(|time| time.date_naive()).or(began);
    if let Some((what, label)) = labelled {
        let notes = below.lines().map(|line| line.trim_end().to_string()).filter(|line| !line.is_empty()).collect();
        let (label, nested) = (label.map(str::to_string), pending(&below));
        return vec![match mark {
            Some(mark) => Remaining { since: Some(mark.since), origin: Some(mark.origin), what, label, notes, nested },
            None => Remaining { since: since(&what), origin: None, what, label, notes, nested },
        }];
    }
    if entry.task.is_none() || !matches!(entry.section.as_str(), "next" | "execution" | "criteria") {
        return Vec::new();
    }
    let of = |what: String| {
        let notes = vec![format!("- {PART_OF}{head}")];
        Remaining { since: since(&what), what, label: None, notes, origin: None, nested: Vec::new() }
    };
    pending(&below).into_iter().map(of).collect()
}

/// Items with a box of their own that are still to be done, of what stands below another one.
fn pending(below: &str) -> Vec<String> {
    let one = |line: &str| {
        let rest = line.trim_start().strip_prefix(['-', '*', '+'])?.trim_start().strip_prefix('[')?;
        let (task, text) = (rest.chars().next()?, rest.split_once("] ")?.1);
        is_pending(task).then(|| plain(text.trim()))
    };
    below.lines().filter_map(one).collect()
}
