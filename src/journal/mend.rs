//! Mend: what `lint --fix` does: only what takes nothing from anybody.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_yaml::Value;

use super::catalogue::{Catalogue, Destination, Spelling};
use super::edit::{Splice, apply, removal};
use super::error::Result;
use super::frontmatter::{self, Properties};
use super::links::{Form, links};
use super::lint::Finding;
use super::outline::Outline;
use super::placeholder::Placeholders;
use super::relocate::respelled;
use super::store::{Lock, Store, Written};
use super::{Journal, Log, Place};

impl Journal {
    /// Does what the remedies of fixable findings say, and gives the logs that changed. Nothing is stamped.
    ///
    /// Without a lock, says only what would be done.
    ///
    /// # Errors
    /// [`Error::Io`](super::Error::Io) and what else a change may say.
    pub fn mend(&self, findings: &[Finding], now: DateTime<Utc>, write: Option<(&Store, &Lock)>) -> Result<Vec<(Log, Written)>> {
        let mut by_path: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in findings.iter().filter(|f| f.fixable) {
            by_path.entry(&finding.path).or_default().push(finding);
        }
        if by_path.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.logs(Place::Archived)?;
        let catalogue = Catalogue::new(&self.root, all.clone());
        let mut mended = Vec::new();
        for log in all.into_iter().filter(|l| l.member.is_none()) {
            let Some(found) = by_path.get(self.relative(&log.path).to_string_lossy().as_ref()) else { continue };
            let created = self.first_created(&self.memory(), &log, "");
            let has = |rule: &str| found.iter().any(|f| f.rule == rule);
            let written = self.change(&log, now, write, &mut |editor, text| {
                let mut new = text.to_string();
                if has("created") && !created.is_empty() {
                    let key = Properties::read(&new, editor.path)?.path_of(&log.profile.keys.created);
                    new = frontmatter::set(&new, &key, &Value::String(created.clone()), editor.path)?.unwrap_or(new);
                }
                if has("moved-link") {
                    new = followed(&catalogue, &log, &new);
                }
                if has("placeholder") {
                    new = cleared(&log, editor.placeholders, &new);
                }
                Ok((new != text).then_some((new, false)))
            })?;
            if written.changed {
                mended.push((log, written));
            }
        }
        Ok(mended)
    }
}

/// The text with links by former paths and names leading to where their logs are now.
fn followed(catalogue: &Catalogue, log: &Log, text: &str) -> String {
    let mut splices: Vec<Splice> = Vec::new();
    for link in links(text, &log.profile.keys.parts()) {
        let Destination::Log(n, Spelling::Former) = catalogue.destination(&log.path, &link, text) else { continue };
        let target = &catalogue.logs[n];
        if target.place == Place::Archived {
            continue;
        }
        let written = &text[link.target.clone()];
        let spelling = match (link.form, written.contains('/')) {
            (_, false) => Spelling::Name,
            (Form::Wiki, true) if !written.starts_with('.') => Spelling::Rooted,
            _ => Spelling::Beside,
        };
        if let Some(new) = respelled(catalogue, &log.path, &target.path, &link, text, spelling) {
            splices.push((link.target, new));
        }
    }
    apply(text, splices)
}

/// The text without what the template left; blank lines around it become one.
fn cleared(log: &Log, placeholders: &Placeholders, text: &str) -> String {
    let outline = Outline::parse(text);
    let mut splices: Vec<Splice> = Vec::new();
    let mut end = 0;
    for (_, entry) in outline.numbered(&log.profile, placeholders).iter().filter(|(_, e)| placeholders.wrote(&outline, e)) {
        // A block takes its own lines with it.
        if entry.whole.start < end {
            continue;
        }
        end = entry.whole.end;
        let apart = entry.whole.start == 0
            || outline.is_blank(entry.whole.start - 1)
            || splices.last().is_some_and(|(r, _)| r.end == outline.lines[entry.whole.start].start);
        while apart && end < outline.lines.len() && outline.is_blank(end) {
            end += 1;
        }
        let mut start = entry.whole.start;
        let free = splices.last().map_or(0, |(range, _)| range.end);
        while end == outline.lines.len() && start > outline.body && outline.is_blank(start - 1) && outline.lines[start - 1].start >= free {
            start -= 1;
        }
        splices.push((removal(&outline, start..end), String::new()));
    }
    apply(text, splices)
}
