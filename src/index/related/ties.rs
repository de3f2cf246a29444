//! Ties: what leads from one log to another, parts and links alike, in both directions.

use std::collections::{BTreeMap, HashSet};

use super::super::error::Result;
use super::super::update::Sources;
use super::super::{Index, schema};
use super::Reason;
use crate::journal::backlinks::stem;
use crate::journal::catalogue::{Catalogue, Destination};
use crate::journal::graph;
use crate::journal::links::{Form, Link, decoded, links};
use crate::journal::{Log, Place};

/// Characters of a log's name that tell its day.
const DAY: usize = 8;
/// How the reasons begin that are computed.
const COMPUTED: [&str; 4] = ["same ", "continue", "links to it", "linked from it"];

/// What ties a log to the one that is asked about.
#[derive(Debug, Clone, Default)]
pub(super) struct Tie {
    /// The key of the frontmatter that makes it the part before.
    before: Option<String>,
    /// The key that makes it the part after.
    after: Option<String>,
    /// It is linked to, perhaps with a reason that somebody gave.
    to: Option<String>,
    /// It links back.
    from: Option<String>,
}

impl Tie {
    pub(super) fn is_part(&self) -> bool {
        self.before.is_some() || self.after.is_some()
    }

    /// The tie in words.
    pub(super) fn reason(&self, id: &str) -> Reason {
        let one = |kind, text: String, here: String, there: String| Reason {
            kind,
            text,
            items: vec![id.to_string()],
            worth: if kind == "continues" { 3.0 } else { 2.0 },
            telling: true,
            here,
            there,
        };
        let why = |why: &str| if why.is_empty() { String::new() } else { format!(": {why}") };
        match (&self.before, &self.after, &self.to, &self.from) {
            (Some(key), ..) => {
                one("continues", format!("continues {id} ({key})"), format!("continues it ({key})"), format!("continued by it ({key})"))
            }
            (_, Some(key), ..) => {
                one("continues", format!("continued by {id} ({key})"), format!("continued by it ({key})"), format!("continues it ({key})"))
            }
            (_, _, Some(said), _) => one("link", format!("links to {id}{}", why(said)), "links to it".into(), "linked from it".into()),
            (.., said) => {
                let said = said.as_deref().unwrap_or_default();
                one("link", format!("linked from {id}{}", why(said)), "linked from it".into(), "links to it".into())
            }
        }
    }
}

fn day(name: &str) -> String {
    name.to_lowercase().chars().take(DAY).collect()
}

fn target(link: &Link, text: &str) -> String {
    stem(&decoded(&text[link.target.clone()]))
}

/// The logs that a log is tied to, by their paths as they are shown.
pub(super) fn ties(index: &Index, sources: &Sources<'_>, log: &Log, text: &str) -> Result<BTreeMap<String, Tie>> {
    let mut found: BTreeMap<String, Tie> = BTreeMap::new();
    let outgoing = links(text, &log.profile.keys.parts());
    let linking = index.linking(log)?;
    let own = sources.journal.shown(log);
    let linking: HashSet<&str> = index.paths_of(&linking).filter(|path| **path != own).map(String::as_str).collect();
    if outgoing.is_empty() && linking.is_empty() {
        return Ok(found);
    }
    let mut days: HashSet<String> = outgoing.iter().map(|link| day(&target(link, text))).collect();
    days.insert(day(&log.id));
    let mut near = sources.journal.logs(Place::Archived)?;
    let others: Vec<Log> = near.iter().filter(|l| linking.contains(sources.journal.shown(l).as_str())).cloned().collect();
    // What is linked to has a name of its day: no other log can be meant.
    near.retain(|l| days.contains(&day(&l.id)));
    let days: HashSet<String> = near.iter().map(|l| day(&l.id)).collect();
    let catalogue = Catalogue::new(&sources.journal.root, near);
    let leads = |from: &Log, link: &Link, text: &str| match catalogue.destination(&from.path, link, text) {
        Destination::Log(n, _) => Some(&catalogue.logs[n]),
        Destination::Ambiguous(many) => many.first().map(|n| &catalogue.logs[*n]),
        _ => None,
    };
    for link in outgoing.iter().filter(|link| days.contains(&day(&target(link, text)))) {
        if let Some(to) = leads(log, link, text).filter(|to| to.id != log.id) {
            note(found.entry(sources.journal.shown(to)).or_default(), log, link, text, true);
        }
    }
    for other in &others {
        // One that has gone meanwhile links to nothing.
        let Ok(text) = other.read() else { continue };
        for link in links(&text, &other.profile.keys.parts()).iter().filter(|link| day(&target(link, &text)) == day(&log.id)) {
            if leads(other, link, &text).is_some_and(|to| to.id == log.id) {
                note(found.entry(sources.journal.shown(other)).or_default(), other, link, &text, false);
            }
        }
    }
    Ok(found)
}

/// Notes what a link of a log says; `ours` where it is the log that is asked about.
fn note(tie: &mut Tie, log: &Log, link: &Link, text: &str, ours: bool) {
    let line = text.lines().nth(link.line.saturating_sub(1)).unwrap_or_default();
    if link.form == Form::Part {
        let key = line.split(':').next().unwrap_or_default().trim().to_string();
        let next = log.profile.keys.next_part.iter().any(|k| k.eq_ignore_ascii_case(&key));
        let side = if next == ours { &mut tie.after } else { &mut tie.before };
        // Of two that say the same, the part before says it.
        if side.is_none() || next {
            *side = Some(key);
        }
        return;
    }
    let side = if ours { &mut tie.to } else { &mut tie.from };
    let why = if graph::leads(text, link) { why_of(line) } else { String::new() };
    if side.as_ref().is_none_or(String::is_empty) {
        *side = Some(why);
    }
}

/// The reason in an entry such as `- [[20261119-02]] – the tokens began there`; nothing where shiftlog worked it out.
fn why_of(line: &str) -> String {
    let why = graph::why(line);
    if COMPUTED.iter().any(|begin| why.starts_with(begin)) { String::new() } else { why.to_string() }
}

impl Index {
    /// The paths of the logs that are these units.
    fn paths_of<'i>(&'i self, units: &'i HashSet<u64>) -> impl Iterator<Item = &'i String> {
        let logs = self.generation.logs.logs.iter();
        logs.map(|log| &log.path).filter(|_| !units.is_empty()).filter(|path| units.contains(&schema::unit_of(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_says_of_a_link_is_kept_and_what_was_worked_out_is_not() {
        assert_eq!(why_of("- [[20261119-02]] – the tokens began there"), "the tokens began there");
        assert_eq!(why_of("  - [[20261119-02|one]]: see there"), "see there");
        assert_eq!(why_of("- [[20261119-02]]"), "");
        assert_eq!(why_of("- [[20261119-02]] – same files: src/a.rs"), "");
        assert_eq!(why_of("See [[20261119-02]] for more"), "");
    }
}
