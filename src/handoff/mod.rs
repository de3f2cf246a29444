//! The handoff: what the next shift must know, from the log and the recorded turns, within a budget of tokens.
//!
//! Each line has a value, and some a shorter form that has one too. Over the budget, lines get shorter or go, the least valuable first;
//! what went is said. The same log and record give the same bytes.

mod earlier;
mod form;
pub mod noted;
mod parts;

pub use form::{Fitted, Form};

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::capture::Since;
use crate::capture::digest::Digest;
use crate::journal::placeholder::Placeholders;
use crate::journal::profile::Profile;
use crate::journal::summary::Summary;

/// A line of a handoff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its words.
    pub text: String,
    /// Since when it is so, or when it was last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<DateTime<Utc>>,
    #[serde(skip)]
    brief: Option<(u32, String)>,
    #[serde(skip)]
    value: u32,
    /// Id of the log that says it, where that is another one.
    #[serde(skip)]
    session: Option<String>,
}

impl Line {
    /// A line of these words.
    pub fn of(text: String) -> Line {
        Line::new(text, 0)
    }

    fn new(text: impl Into<String>, value: u32) -> Line {
        Line { text: text.into(), time: None, brief: None, value, session: None }
    }

    fn at(self, time: DateTime<Utc>) -> Line {
        Line { time: Some(time), ..self }
    }

    /// With a shorter form, and what the difference is worth.
    fn or(self, value: u32, brief: impl Into<String>) -> Line {
        Line { brief: Some((value.min(self.value), brief.into())), ..self }
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
    /// The commands that show what was left out.
    pub more: Option<String>,
    /// There is no room to say of what so many lines were left out.
    #[serde(skip)]
    tight: bool,
}

/// A line that gets shorter, or goes.
#[derive(Clone, Copy)]
struct Step {
    part: usize,
    line: usize,
    goes: bool,
}

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
    /// Handoffs of the logs that it goes on from, the newest first.
    pub earlier: Vec<Handoff>,
}

/// How many steps are tried again in what room is left.
const AGAIN: usize = 24;

/// The part behind which that of earlier logs stands.
const PREFERENCES: usize = 6;

/// Builds a handoff, of everything.
pub fn whole(sources: &Sources<'_>) -> Handoff {
    let digest = sources.digest;
    let since = Since::of(digest);
    let known =
        sources.log.map(|(summary, text, profile, placeholders)| parts::known(text, (profile, placeholders), &since, summary.created));
    let entries = known.unwrap_or_default();
    let summary = sources.log.map(|(summary, ..)| summary);
    let parts = vec![
        part("state", "Where we are", parts::state(sources, &entries)),
        part("open", "Open work", parts::open(digest, &since, &entries)),
        part("decisions", "Decisions", parts::decisions(digest, &entries)),
        part("problems", "What failed", parts::problems(digest, &entries)),
        part("files", "Files changed", parts::files(digest, &entries)),
        part("commands", "Commands", parts::commands(digest, &entries)),
        part("preferences", "Preferences", parts::preferences(digest, &entries)),
        part("related", "Related sessions", parts::related(sources, &entries)),
        part("sources", "Sources", parts::read(digest, &entries)),
    ];
    let title = summary.map(|summary| summary.title.clone()).or_else(|| sources.title.clone());
    let mut handoff = Handoff {
        title: title.unwrap_or_else(|| "Conversation".into()),
        session: summary.map(|summary| summary.id.clone()),
        path: summary.map(|summary| summary.path.clone()),
        status: summary.map(|summary| summary.status.clone()),
        parts,
        more: None,
        tight: false,
    };
    let before = earlier::lines(&handoff, &sources.earlier, digest.turns == 0);
    handoff.parts.insert(PREFERENCES + 1, part("before", "From the log before", before));
    handoff.parts.retain(|part| !part.lines.is_empty());
    handoff
}

fn part(key: &'static str, heading: &str, lines: Vec<Line>) -> Part {
    Part { key, heading: heading.to_string(), lines, left_out: 0 }
}

/// What a log says was done, as the first parts of what a recap tells of it.
pub fn done(text: &str, profile: &Profile, placeholders: &Placeholders) -> [Part; 2] {
    let [summary, ticked] = parts::done(&parts::known(text, (profile, placeholders), &Since::default(), None));
    [part("summary", "", summary), part("done", "", ticked)]
}

/// What several sessions came to: one part each, the newest first.
pub fn recap(title: String, sessions: Vec<Handoff>) -> Handoff {
    // A carried item is told once, by the newest session that has it.
    let mut open: HashSet<String> = HashSet::new();
    let parts = sessions.into_iter().map(|session| {
        let id = session.session.as_deref().unwrap_or_default();
        let status = session.status.as_ref().map(|status| format!(" – {status}")).unwrap_or_default();
        let heading = format!("{}{status} · {id}", earlier::topic(&session));
        let mut lines = Vec::new();
        for part in session.parts {
            let (label, value) = match part.key {
                "summary" => ("", 90),
                "done" => ("done: ", 60),
                "open" => ("open: ", 85),
                "decisions" => ("decided: ", 80),
                "problems" => ("failed: ", 50),
                "files" => ("changed: ", 40),
                _ => continue,
            };
            let lines_of = part.lines.into_iter().filter(|line| part.key != "open" || open.insert(earlier::bare(&line.text).to_string()));
            lines.extend(lines_of.map(|line| {
                let brief = line.brief.map(|(worth, text)| (worth.min(value), earlier::labelled(label, &text)));
                Line { text: earlier::labelled(label, &line.text), value, brief, ..line }
            }));
        }
        part("session", &heading, lines)
    });
    Handoff { title, session: None, path: None, status: None, parts: parts.collect(), more: None, tight: false }
}

impl Handoff {
    /// Makes it fit into whatever there is room for: lines get shorter or go, the least valuable first. The order of the rest
    /// stays. Where there is room after that, what fits into it comes back, the most valuable first.
    pub fn fit(&mut self, fits: &dyn Fn(&Handoff) -> bool) {
        let mut steps: Vec<(u32, bool, Reverse<usize>, Reverse<usize>)> = Vec::new();
        for (p, part) in self.parts.iter().enumerate() {
            for (n, line) in part.lines.iter().enumerate() {
                steps.extend(line.brief.iter().map(|(value, _)| (*value, false, Reverse(n), Reverse(p))));
                steps.push((line.value, true, Reverse(n), Reverse(p)));
            }
        }
        steps.sort_unstable();
        let steps: Vec<Step> = steps.into_iter().map(|(_, goes, Reverse(line), Reverse(part))| Step { part, line, goes }).collect();
        // Each step makes it shorter: the first that is enough is found by halves.
        let (mut few, mut enough) = (0, steps.len());
        while few < enough {
            let half = usize::midpoint(few, enough);
            if fits(&self.after(&steps[..half])) { enough = half } else { few = half + 1 }
        }
        let mut steps = steps[..enough].to_vec();
        for n in (enough.saturating_sub(AGAIN)..enough).rev() {
            let step = steps.remove(n);
            let is_gone = !step.goes && steps.iter().any(|other| other.goes && (other.part, other.line) == (step.part, step.line));
            if is_gone || !fits(&self.after(&steps)) {
                steps.insert(n, step);
            }
        }
        *self = self.after(&steps);
    }

    /// The same after these steps.
    fn after(&self, steps: &[Step]) -> Handoff {
        let mut after = self.clone();
        let mut gone: Vec<Vec<bool>> = self.parts.iter().map(|part| vec![false; part.lines.len()]).collect();
        for step in steps {
            let line = &mut after.parts[step.part].lines[step.line];
            gone[step.part][step.line] |= step.goes;
            if let Some((_, brief)) = line.brief.take() {
                (line.text, line.time) = (brief, None);
            }
        }
        after.without(&gone)
    }

    fn without(mut self, gone: &[Vec<bool>]) -> Handoff {
        let own = self.session.as_deref().unwrap_or("ID");
        let mut logs: Vec<String> = Vec::new();
        for (part, gone) in self.parts.iter_mut().zip(gone) {
            let mut at = 0;
            part.lines.retain(|line| {
                at += 1;
                let log = line.session.as_deref().unwrap_or(own);
                if gone[at - 1] && !logs.iter().any(|known| known == log) {
                    logs.push(log.to_string());
                }
                !gone[at - 1]
            });
            part.left_out = gone.iter().filter(|gone| **gone).count();
        }
        logs.sort_by_key(|log| log != own);
        let commands: Vec<String> = logs.iter().map(|log| format!("shiftlog show {log}")).collect();
        self.more = (!commands.is_empty()).then(|| commands.join("; "));
        self
    }
}
