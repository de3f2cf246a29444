//! Parts: a session whose log has become long goes on in another one. Renaming a session is here too.

use chrono::{DateTime, Utc};
use serde_yaml::Value;

use super::catalogue::FIRST_PART;
use super::edit::Editor;
use super::entry::NewEntry;
use super::error::{Error, Result};
use super::frontmatter::{self, Properties};
use super::lifecycle::{Made, NewLog, title_of, topic_of};
use super::outline::{BlockKind, Outline};
use super::relocate::{Move, Relinked, Retitled};
use super::store::{Lock, Store, Written};
use super::{Journal, Log, Place, id};

/// A log that goes on in a new one.
#[derive(Debug)]
pub struct Continued {
    /// The part before, under the name it has now.
    pub before: Log,
    /// The name it had, if that changed.
    pub renamed: Option<String>,
    /// What changed in it, as it names the new part now.
    pub named: Written,
    /// The new part.
    pub made: Made,
    /// Logs whose links followed.
    pub relinked: Vec<Relinked>,
}

/// A log with another topic.
#[derive(Debug)]
pub struct Renamed {
    /// The log, under the name it has now.
    pub log: Log,
    /// Its title before and now.
    pub titles: (String, String),
    /// What changed in the log itself.
    pub written: Written,
    /// Logs whose links followed.
    pub relinked: Vec<Relinked>,
}

/// The session's id and the number of the part, from the id of a log: `20261120-01_pt2` is part 2.
pub fn part_of(id: &str) -> (&str, Option<u32>) {
    match id.rsplit_once("_pt").and_then(|(base, n)| n.parse().ok().map(|n| (base, n))) {
        Some((base, n)) if n > 0 => (base, Some(n)),
        _ => (id, None),
    }
}

impl Journal {
    /// The newest part of the session that this log belongs to.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn latest_part(&self, log: Log) -> Result<Log> {
        let (base, part) = part_of(&log.id);
        if part.is_none() || log.profile.keys.next_part.is_empty() {
            return Ok(log);
        }
        let parts = self.logs(Place::Recent)?.into_iter().filter(|l| l.profile.id == log.profile.id && part_of(&l.id).0 == base);
        Ok(parts.max_by_key(|l| (part_of(&l.id).1, l.place)).filter(|l| part_of(&l.id).1 > part).unwrap_or(log))
    }

    /// Lets a session go on in a new part; without a lock, says only what would be done.
    ///
    /// # Errors
    /// [`Error::Refused`] for profiles without parts, logs that go on already, and names that are taken.
    pub fn continue_log(&self, log: &Log, now: DateTime<Utc>, write: Option<(&Store, &Lock)>) -> Result<Continued> {
        log.writable()?;
        let keys = &log.profile.keys;
        let (Some(next_key), Some(previous_key)) = (keys.next_part.first(), keys.previous_part.first()) else {
            let message = format!("logs of profile {} have no parts", log.profile.id);
            return Err(Error::refused("no-parts", message, "begin another log with `shiftlog new`"));
        };
        let text = log.read()?;
        let properties = Properties::read(&text, &log.path)?;
        let (base, part) = part_of(&log.id);
        let next_id = format!("{base}_pt{}", part.unwrap_or(1) + 1);
        let logs = self.logs(Place::Archived)?;
        let taken = |id: &str| logs.iter().find(|l| l.id == id);
        let named = properties.text(&keys.next_part).map(|n| n.trim_end_matches(".md").to_string());
        if let Some(next) = named.as_deref().and_then(taken).or_else(|| taken(&next_id)) {
            let message = format!("{} goes on in {} already", log.id, next.id);
            return Err(Error::refused("continued", message, format!("continue that one: shiftlog continue {}", next.id)));
        }
        let first = format!("{base}{FIRST_PART}");
        let mut before = log.clone();
        let mut moves = Vec::new();
        if part.is_none() {
            if taken(&first).is_some() {
                return Err(Error::refused("exists", format!("there is a log {first} already"), "rename or move one of the two"));
            }
            before.path = log.path.with_file_name(format!("{first}.md"));
            before.id = first;
            moves.push(Move { from: log.path.clone(), to: before.path.clone() });
        }
        let relinked = self.relocate(&moves, None, now, write)?;
        let name = Value::String(format!("{next_id}.md"));
        let there = if write.is_some() { &before } else { log };
        // Before the new part is made: killed in between, the command can be run again.
        let named = self.change(there, now, write, &mut |editor, text| {
            let set = frontmatter::set_behind(text, next_key, &name, &ORDER, editor.path)?;
            Ok(set.map(|text| (text, false)))
        })?;
        let made = self.next_part(&before, &next_id, previous_key, &properties, now, write)?;
        let renamed = part.is_none().then(|| log.id.clone());
        Ok(Continued { before, renamed, named, made, relinked })
    }

    fn next_part(
        &self,
        before: &Log,
        id: &str,
        key: &str,
        properties: &Properties,
        now: DateTime<Utc>,
        write: Option<(&Store, &Lock)>,
    ) -> Result<Made> {
        let keys = &before.profile.keys;
        let real = |paths: &[String]| properties.text(paths).filter(|t| !t.trim().is_empty() && !frontmatter::is_placeholder(t));
        let (base, part) = part_of(id);
        let title = real(&keys.title).unwrap_or_default();
        let old = [before.id.as_str(), base].map(|id| topic_of(&before.profile, id, &title));
        let topic = old.iter().min_by_key(|t| t.len()).cloned().unwrap_or_default();
        let topic = topic.rsplit_once(" (part ").map_or(topic.as_str(), |(topic, _)| topic).to_string();
        let new = NewLog {
            profile: Some(before.profile.id.clone()),
            id: Some(id.to_string()),
            title: Some(format!("{topic} (part {})", part.unwrap_or(2))).filter(|_| !topic.is_empty()),
            description: real(&keys.description),
            author: real(&keys.author),
            model: real(&keys.model),
            tags: properties.list(&keys.tags),
            ..NewLog::default()
        };
        let placeholders = self.placeholders(&before.profile)?;
        self.create(&new, now, write, &mut |log, text| {
            let name = Value::String(format!("{}.md", before.id));
            let text = frontmatter::set_behind(&text, key, &name, &ORDER, &log.path)?.unwrap_or(text);
            let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now };
            let related = NewEntry::new("related", &before.id).with("why", "the part before");
            Ok(editor.add(&text, &related)?.text.unwrap_or(text))
        })
    }

    /// Gives a log another topic: title, alias, heading, and the slug of its file name, with all links to it.
    ///
    /// # Errors
    /// [`Error::Refused`] for names that are taken, and for slugs where names have none.
    pub fn rename(
        &self,
        log: &Log,
        topic: Option<&str>,
        slug: Option<&str>,
        now: DateTime<Utc>,
        write: Option<(&Store, &Lock)>,
    ) -> Result<Renamed> {
        log.writable()?;
        let named = log.profile.name.pattern.contains("{slug}");
        if slug.is_some() && !named {
            let message = format!("file names of profile {} hold no slug", log.profile.id);
            return Err(Error::refused("no-slug", message, "rename the topic: shiftlog rename LOG TOPIC"));
        }
        let new_id = match slug.or(topic).filter(|_| named) {
            Some(words) => log.profile.name.reslugged(&log.id, words).ok_or_else(|| {
                let message = format!("the name of {} does not follow the profile's pattern", log.id);
                Error::refused("bad-name", message, "rename its file; `shiftlog lint` shows which links have to follow")
            })?,
            None => log.id.clone(),
        };
        let mut renamed = Log { path: log.path.with_file_name(format!("{new_id}.md")), id: new_id, ..log.clone() };
        if renamed.id == log.id {
            renamed.path.clone_from(&log.path);
        }
        let moves: Vec<Move> =
            if renamed.id == log.id { Vec::new() } else { vec![Move { from: log.path.clone(), to: renamed.path.clone() }] };
        if let Some(taken) = moves.iter().find(|m| m.to.exists()) {
            return Err(exists(self, &taken.to));
        }
        let mut titles = (String::new(), String::new());
        let mut heading = None;
        let written = self.change(log, now, write, &mut |editor, text| {
            let title = Properties::read(text, editor.path)?.text(&log.profile.keys.title).unwrap_or_default();
            titles = (title.clone(), title);
            let Some(topic) = topic else { return Ok(None) };
            let (new, before, after) = retitle(editor, log, text, topic)?;
            heading = first_heading(text).filter(|h| h.1 == before).map(|h| h.1);
            titles = (before, after);
            Ok((new != text).then_some((new, false)))
        })?;
        let retitled = heading.filter(|before| *before != titles.1).map(|before| Retitled {
            path: renamed.path.clone(),
            before,
            after: titles.1.clone(),
        });
        let relinked = self.relocate(&moves, retitled.as_ref(), now, write)?;
        Ok(Renamed { log: renamed, titles, written, relinked })
    }
}

pub(super) fn exists(journal: &Journal, path: &std::path::Path) -> Error {
    let message = format!("{} exists already", journal.relative(path).display());
    Error::refused("exists", message, "move one of the two away first; nothing was overwritten")
}

/// The order of the frontmatter around the keys of parts.
const ORDER: [&str; 5] = ["previous_part", "description", "category", "status", "last_updated"];

/// The text with another topic, and the title before and now.
fn retitle(editor: &Editor, log: &Log, text: &str, topic: &str) -> Result<(String, String, String)> {
    let topic = super::lifecycle::one_line("topic", topic)?;
    if topic.is_empty() {
        return Err(Error::refused("usage", "the topic is empty", "shiftlog rename LOG TOPIC"));
    }
    let keys = &log.profile.keys;
    let properties = Properties::read(text, editor.path)?;
    let title = properties.text(&keys.title).unwrap_or_default();
    let base = part_of(&log.id).0;
    // The title of a first part names the session, as it did before there were parts.
    let named = [log.id.as_str(), base].into_iter().find(|id| topic_of(&log.profile, id, &title) != title).unwrap_or(&log.id);
    let old = topic_of(&log.profile, named, &title);
    let new_title = title_of(&log.profile, named, &topic)?;
    let mut new = frontmatter::set(text, &properties.path_of(&keys.title), &Value::String(new_title.clone()), editor.path)?
        .unwrap_or_else(|| text.to_string());
    if let Some(key) = properties.existing(&keys.aliases) {
        let aliases = properties.list(&keys.aliases);
        if let Some(n) = aliases.iter().position(|a| *a == old) {
            let item = format!("{key}.{n}");
            new = frontmatter::set(&new, &item, &Value::String(topic), editor.path)?.unwrap_or(new);
        }
    }
    if let Some((range, _)) = first_heading(&new).filter(|(_, words)| *words == title) {
        new.replace_range(range, &new_title);
    }
    Ok((new, title, new_title))
}

/// The text of the first heading of the first level, and where it stands.
fn first_heading(text: &str) -> Option<(std::ops::Range<usize>, String)> {
    let outline = Outline::parse(text);
    let block = outline.blocks.iter().find(|b| b.kind == BlockKind::Heading { level: 1 })?;
    let words = outline.heading_text(block);
    let at = words.as_ptr() as usize - text.as_ptr() as usize;
    Some((at..at + words.len(), words.to_string()))
}

impl super::profile::Name {
    /// The stem with another slug.
    pub fn reslugged(&self, stem: &str, words: &str) -> Option<String> {
        let parsed = self.parse(stem)?;
        let (slug, _) = id::slug(words, self.no_issue_keys);
        Some(self.build(parsed.time, parsed.number.unwrap_or(1), &slug))
    }
}
