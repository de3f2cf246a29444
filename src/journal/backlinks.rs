//! Backlinks: which logs lead to which. The same reader of links as everything that follows or checks them.

use std::collections::HashSet;

use serde::Serialize;

use super::catalogue::{Catalogue, Destination};
use super::error::Result;
use super::links::links;
use super::lint::Finding;
use super::{Journal, Log, Place};

/// A link from one log to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backlink {
    /// Id of the log that links.
    pub session: String,
    /// Its path relative to the journal; `zip!name` in a zip.
    pub path: String,
    /// Line of the link, from 1.
    pub line: usize,
    /// That line.
    pub text: String,
}

/// The name by which a link's target can be looked up: its last part, in lower case and without `.md`.
pub fn stem(target: &str) -> String {
    let name = target.rsplit('/').next().unwrap_or(target).to_lowercase();
    name.strip_suffix(".md").unwrap_or(&name).to_string()
}

impl Journal {
    /// The links of some logs that lead to a log, in the order of their files; a log's links to itself are none.
    ///
    /// # Errors
    /// [`super::Error::Io`] when a directory cannot be read.
    pub fn backlinks(&self, to: &Log, from: &[Log]) -> Result<Vec<Backlink>> {
        let catalogue = Catalogue::new(&self.root, self.logs(Place::Archived)?);
        let mut found = Vec::new();
        for log in from.iter().filter(|l| l.id != to.id) {
            // One that has gone meanwhile links to nothing.
            let Ok(text) = log.read() else { continue };
            for (target, line) in targets(&catalogue, log, &text) {
                if catalogue.logs[target].id == to.id {
                    let text = text.lines().nth(line - 1).unwrap_or_default().trim().to_string();
                    found.push(Backlink { session: log.id.clone(), path: self.shown(log), line, text });
                }
            }
        }
        found.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        found.dedup();
        Ok(found)
    }

    /// The logs that lead to no other and that no other leads to, where there is more than one.
    ///
    /// # Errors
    /// [`super::Error::Io`] when a directory cannot be read.
    pub fn orphans(&self) -> Result<Vec<Finding>> {
        let catalogue = Catalogue::new(&self.root, self.logs(Place::Archived)?);
        let mut linked: HashSet<&str> = HashSet::new();
        for log in &catalogue.logs {
            let Ok(text) = log.read() else { continue };
            for (target, _) in targets(&catalogue, log, &text) {
                let other = &catalogue.logs[target];
                if other.id != log.id {
                    linked.extend([log.id.as_str(), other.id.as_str()]);
                }
            }
        }
        let alone = |log: &&Log| catalogue.logs.len() > 1 && log.place != Place::Archived && !linked.contains(log.id.as_str());
        let finding = |log: &Log| Finding {
            path: self.shown(log),
            line: 1,
            rule: "orphan",
            message: format!("{} leads to no other session, and none leads to it", log.id),
            remedy: format!("name a related session: shiftlog add related ID --why REASON -s {}", log.id),
            fixable: false,
        };
        let mut found: Vec<Finding> = catalogue.logs.iter().filter(alone).map(finding).collect();
        found.sort();
        Ok(found)
    }

    /// A log's path as it is shown.
    pub fn shown(&self, log: &Log) -> String {
        let path = self.relative(&log.path).display().to_string();
        log.member.as_ref().map_or(path.clone(), |member| format!("{path}!{member}"))
    }
}

/// The logs that a text leads to, by their numbers, with the lines of the links.
fn targets(catalogue: &Catalogue, log: &Log, text: &str) -> Vec<(usize, usize)> {
    let found = links(text, &log.profile.keys.parts()).into_iter();
    found
        .filter_map(|link| match catalogue.destination(&log.path, &link, text) {
            Destination::Log(n, _) => Some((n, link.line)),
            Destination::Ambiguous(many) => many.first().map(|n| (*n, link.line)),
            _ => None,
        })
        .collect()
}
