//! Lint: what is wrong with a journal, each finding with its place and its remedy. Changes nothing; `mend` does.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::archive;
use super::catalogue::{Catalogue, Destination, FIRST_PART, Spelling};
use super::error::{Error, Result};
use super::frontmatter::{self, Properties};
use super::id;
use super::lifecycle::parse_time;
use super::links::{Link, links};
use super::outline::{BlockKind, Outline};
use super::placeholder::Placeholders;
use super::profile::{Profile, State};
use super::seen::Seen;
use super::{Journal, Log, Place, sync};

/// An open log that was not updated for so many days is stale.
const STALE: i64 = 7;

/// Something that is wrong in a journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// File, relative to the journal.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Which rule it breaks.
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether `--fix` does that.
    pub fixable: bool,
}

/// All rules, and what each is about.
pub const RULES: [(&str, &str); 18] = [
    ("ambiguous-link", "a link that fits several logs"),
    ("archive", "a damaged zip"),
    ("broken-anchor", "a link to a heading or block that its log does not have"),
    ("broken-link", "a link that leads nowhere"),
    ("conflict-copy", "a copy that a sync program left when two machines wrote one log"),
    ("created", "`created` is not what it was when the log was first seen"),
    ("date", "a date that is none, lies ahead, or contradicts another"),
    ("duplicate-id", "two logs with one id"),
    ("encoding", "a log that is no UTF-8"),
    ("frontmatter", "frontmatter that is missing, broken or incomplete"),
    ("handoff", "a log that the next shift cannot start from"),
    ("merge-conflict", "conflict marks that git left"),
    ("moved-link", "a link by a former path or name"),
    ("orphan", "a session that no other leads to and that leads to none; checked when it is asked for"),
    ("placeholder", "what a template left, in a log that is handed off or done"),
    ("section", "a required section is missing"),
    ("stale", "an open log that nobody updates"),
    ("status", "a status that the profile does not know"),
];

/// What all logs are checked against.
struct Rules<'j> {
    root: &'j Path,
    catalogue: Catalogue,
    placeholders: HashMap<String, Arc<Placeholders>>,
    created: HashMap<PathBuf, String>,
    now: DateTime<Utc>,
}

/// A link to a place within a log, to be looked for there.
struct Anchored {
    finding: Finding,
    target: usize,
    anchor: String,
}

impl Journal {
    /// Checks logs, or the whole journal where none are named; findings come in the order of their files.
    ///
    /// # Errors
    /// [`Error::Io`] when a directory cannot be read.
    pub fn lint(&self, only: Option<&[Log]>, now: DateTime<Utc>) -> Result<Vec<Finding>> {
        let all = self.logs(Place::Archived)?;
        // What is in a zip cannot be mended; damaged ones are found below.
        self.notices.take();
        let near: Vec<Log> = all.iter().filter(|l| l.place != Place::Archived).cloned().collect();
        let mut placeholders = HashMap::new();
        for log in &near {
            if !placeholders.contains_key(&log.profile.id) {
                placeholders.insert(log.profile.id.clone(), self.placeholders(&log.profile)?);
            }
        }
        let created = self.created_then(&near);
        let rules = Rules { root: &self.root, catalogue: Catalogue::new(&self.root, all), placeholders, created, now };
        let checked: Vec<Log> = only.map_or_else(|| near.clone(), <[Log]>::to_vec);
        let mut findings = rules.check_all(&checked)?;
        if only.is_none() {
            self.check_files(&near, &mut findings)?;
        }
        findings.sort();
        Ok(findings)
    }

    /// The `created` of every log when it was first seen, as far as that is remembered.
    fn created_then(&self, logs: &[Log]) -> HashMap<PathBuf, String> {
        let seen = Seen::open(&self.root);
        let all = seen.all();
        let known = |log: &Log| {
            let path = self.key(&log.path);
            let sight = all.get(path.as_str()).copied().or_else(|| seen.of(&self.root, &path));
            Some(sync::first_created(&seen, sight, log, "")).filter(|c| !c.is_empty())
        };
        if all.is_empty() {
            return HashMap::new();
        }
        logs.iter().filter_map(|log| known(log).map(|created| (log.path.clone(), created))).collect()
    }

    /// What can be said of the files as such.
    fn check_files(&self, logs: &[Log], findings: &mut Vec<Finding>) -> Result<()> {
        let shown = |path: &Path| self.relative(path).display().to_string();
        let mut ids: BTreeMap<String, Vec<&Log>> = BTreeMap::new();
        for log in logs {
            ids.entry(log.id.to_lowercase()).or_default().push(log);
        }
        for (id, same) in &ids {
            let first = ids.get(&format!("{id}{FIRST_PART}")).into_iter().flatten();
            let others = || same.iter().copied().chain(first.clone().copied());
            for log in same.iter().filter(|_| others().count() > 1) {
                let rivals = others().filter(|o| o.path != log.path).map(|o| shown(&o.path)).collect::<Vec<_>>().join(", ");
                findings.push(finding(
                    shown(&log.path),
                    1,
                    "duplicate-id",
                    format!("{} is the id of {rivals} too", log.id),
                    "compare them, then rename or remove one",
                ));
            }
        }
        for (place, dir, _) in self.directories(Place::Archived) {
            if place != Place::Archived {
                check_copies(&dir, &shown, findings)?;
                continue;
            }
            for zip in archive::zips(&dir)? {
                if let Err(error) = archive::verify(&zip) {
                    let remedy = error.hint().unwrap_or_default();
                    findings.push(finding(shown(&zip), 1, "archive", without(&self.root, &error), &remedy));
                }
            }
        }
        Ok(())
    }
}

fn check_copies(dir: &Path, shown: &dyn Fn(&Path) -> String, findings: &mut Vec<Finding>) -> Result<()> {
    for file in fs::read_dir(dir).map_err(Error::io("read directory", dir))? {
        let file = file.map_err(Error::io("read directory", dir))?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.strip_suffix(".md").is_some_and(id::is_conflict_copy) {
            let message = "a conflicted copy: two machines wrote one log".to_string();
            findings.push(finding(shown(&file.path()), 1, "conflict-copy", message, "take over what the log lacks, then remove the copy"));
        }
    }
    Ok(())
}

/// What an error says, its paths relative to the journal.
fn without(root: &Path, error: &Error) -> String {
    error.to_string().replace(&format!("{}/", root.display()), "")
}

fn finding(path: String, line: usize, rule: &'static str, message: String, remedy: &str) -> Finding {
    Finding { path, line, rule, message, remedy: remedy.to_string(), fixable: false }
}

impl Rules<'_> {
    /// Checks logs on as many threads as there are cores.
    fn check_all(&self, logs: &[Log]) -> Result<Vec<Finding>> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let share = logs.len().div_ceil(threads).max(100);
        let check = |logs: &[Log]| {
            let (mut findings, mut anchored) = (Vec::new(), Vec::new());
            for log in logs {
                Check { rules: self, log, findings: &mut findings, anchored: &mut anchored }.run();
            }
            (findings, anchored)
        };
        let check = &check;
        let (mut findings, mut anchored) = (Vec::new(), Vec::new());
        std::thread::scope(|scope| {
            let parts: Vec<_> = logs.chunks(share).map(|part| scope.spawn(move || check(part))).collect();
            for part in parts {
                let (found, links) = part.join().expect("checks do not panic");
                findings.extend(found);
                anchored.extend(links);
            }
        });
        findings.extend(self.missing_anchors(anchored));
        Ok(findings)
    }

    fn missing_anchors(&self, mut anchored: Vec<Anchored>) -> Vec<Finding> {
        anchored.sort_by_key(|a| a.target);
        let mut missing = Vec::new();
        for same in anchored.chunk_by(|a, b| a.target == b.target) {
            let Ok(text) = self.catalogue.logs[same[0].target].read() else { continue };
            let outline = Outline::parse(&text);
            missing.extend(same.iter().filter(|a| !has_anchor(&outline, &a.anchor)).map(|a| a.finding.clone()));
        }
        missing
    }
}

/// Whether a log has the heading or the block that an anchor names.
fn has_anchor(outline: &Outline, anchor: &str) -> bool {
    let name = anchor.rsplit('#').next().unwrap_or_default().trim();
    if let Some(block) = name.strip_prefix('^') {
        let ends = |line: &str| line.trim_end().strip_suffix(block).is_some_and(|l| l.ends_with('^'));
        return (outline.body..outline.lines.len()).any(|n| ends(outline.line(n)));
    }
    // Whoever writes an anchor drops marks in a way of their own: letters and digits count.
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let written = super::links::decoded(name);
    let wanted = plain(&written);
    // A heading that is there twice is numbered.
    let first = written.rsplit_once('-').filter(|(_, n)| n.parse::<u32>().is_ok()).map(|(first, _)| plain(first));
    let heading = |n: usize| {
        let line = outline.line(n).trim_start_matches([' ', '>']);
        let text = if outline.blocks.iter().any(|b| b.lines.start == n && matches!(b.kind, BlockKind::Heading { .. })) {
            Some(line)
        } else {
            line.starts_with('#').then_some(line)
        };
        text.map(|t| plain(&without_targets(t)))
    };
    let ids = [format!("id=\"{name}\""), format!("name=\"{name}\"")];
    wanted.is_empty()
        || (outline.body..outline.lines.len()).filter_map(heading).any(|h| h == wanted || Some(&h) == first.as_ref())
        || ids.iter().any(|id| outline.text.contains(id.as_str()))
}

/// A heading without the targets of its links.
fn without_targets(heading: &str) -> String {
    let mut out = String::new();
    let mut rest = heading;
    while let Some((before, after)) = rest.split_once("](") {
        out.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out + rest
}

/// The check of one log.
struct Check<'c, 'j> {
    rules: &'c Rules<'j>,
    log: &'c Log,
    findings: &'c mut Vec<Finding>,
    anchored: &'c mut Vec<Anchored>,
}

impl Check<'_, '_> {
    fn say(&mut self, line: usize, rule: &'static str, message: String, remedy: &str) -> &mut Finding {
        let path = self.log.path.strip_prefix(self.rules.root).unwrap_or(&self.log.path).display().to_string();
        self.findings.push(finding(path, line, rule, message, remedy));
        self.findings.last_mut().expect("it was just pushed")
    }

    fn run(&mut self) {
        let text = match self.log.read() {
            Ok(text) => text,
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                let rule = if matches!(error, Error::NotUtf8 { .. }) { "encoding" } else { "frontmatter" };
                let remedy = error.hint().unwrap_or_default();
                self.say(1, rule, without(self.rules.root, &error), &remedy);
                return;
            }
        };
        if text.contains("<<<<<<<") && text.contains(">>>>>>>") {
            self.conflicts(&text);
        }
        let Some(properties) = self.frontmatter(&text) else { return };
        let state = self.status(&text, &properties);
        self.dates(&text, &properties, state);
        let continued = properties.text(&self.log.profile.keys.next_part).is_some();
        let outline = Outline::parse(&text);
        self.sections(&outline, state, continued);
        self.placeholders(&text, &outline, &properties, state);
        self.links(&text, &outline);
    }

    /// The marks that git leaves; those in code are quoted.
    fn conflicts(&mut self, text: &str) {
        let outline = Outline::parse(text);
        let code = |n: &usize| outline.blocks.iter().any(|b| matches!(b.kind, BlockKind::Code { .. }) && b.lines.contains(n));
        let mark = |n: &usize| outline.line(*n) == "<<<<<<<" || outline.line(*n).starts_with("<<<<<<< ");
        for n in (0..outline.lines.len()).filter(mark).filter(|n| !code(n)) {
            self.say(n + 1, "merge-conflict", "git left conflict marks".into(), "decide what stays, and remove the marks");
        }
    }

    fn frontmatter(&mut self, text: &str) -> Option<Properties> {
        if frontmatter::block(text).is_none() {
            let (message, remedy) = match frontmatter::begins(text) {
                true => ("the frontmatter is never closed", "close it by a line `---`"),
                false => ("there is no frontmatter", "begin the file with the properties of a log between two lines `---`"),
            };
            self.say(1, "frontmatter", message.into(), remedy);
            return None;
        }
        let properties = match Properties::read(text, &self.log.path) {
            Ok(properties) => properties,
            Err(error) => {
                let line = if let Error::Yaml { line, .. } = &error { *line } else { 1 };
                let message = if let Error::Yaml { message, .. } = &error { format!("broken YAML: {message}") } else { error.to_string() };
                self.say(line, "frontmatter", message, "correct that line");
                return None;
            }
        };
        let keys = &self.log.profile.keys;
        for paths in [&keys.title, &keys.created, &keys.last_updated, &keys.status] {
            let restored = *paths == keys.created && self.rules.created.contains_key(&self.log.path);
            let missing = !restored && properties.text(paths).is_none_or(|t| t.trim().is_empty());
            if let (true, Some(key)) = (missing, paths.first()) {
                let line = line_of(text, key).unwrap_or(1);
                self.say(line, "frontmatter", format!("`{key}` is missing"), "add it");
            }
        }
        Some(properties)
    }

    fn status(&mut self, text: &str, properties: &Properties) -> Option<State> {
        let profile = &self.log.profile;
        let status = properties.text(&profile.keys.status).filter(|s| !s.trim().is_empty())?;
        let known = profile.status_named(&status).map(|(_, s)| s.state);
        if known.is_none() {
            let line = key_line(text, properties, &profile.keys.status);
            let remedy = format!("it may be {}", profile.statuses().join(", "));
            self.say(line, "status", format!("profile {} does not know the status `{status}`", profile.id), &remedy);
        }
        known
    }

    fn dates(&mut self, text: &str, properties: &Properties, state: Option<State>) {
        let profile: &Profile = &self.log.profile.clone();
        let mut times = Vec::new();
        let changed = self.created(text, properties);
        for (paths, known) in [(&profile.keys.created, changed), (&profile.keys.last_updated, false)] {
            if known {
                times.push(None);
                continue;
            }
            let Some(value) = properties.text(paths).filter(|v| !v.trim().is_empty()) else {
                times.push(None);
                continue;
            };
            let line = key_line(text, properties, paths);
            let time = parse_time(&value).map(|(time, _)| time);
            if time.is_none() {
                let like = self.rules.now.format(&profile.time);
                self.say(line, "date", format!("`{value}` is no time"), &format!("write it like {like}"));
            }
            if time.is_some_and(|t| t > self.rules.now + TimeDelta::days(1)) {
                self.say(line, "date", format!("{value} lies ahead"), "correct it, or the clock that wrote it");
            }
            times.push(time.map(|t| (t, line)));
        }
        if let [Some((created, _)), Some((updated, line))] = times[..] {
            if !reaches(&properties.text(&profile.keys.last_updated).unwrap_or_default(), updated, created) {
                self.say(line, "date", "`last_updated` is before `created`".into(), "correct the one that is wrong");
            }
            let age = self.rules.now - updated;
            let days = age.num_days();
            let open = state == Some(State::Open) && self.log.place == Place::Live;
            let continued = properties.text(&profile.keys.next_part).is_some();
            if open && !continued && age > TimeDelta::days(STALE) {
                let remedy = match profile.recent {
                    Some(_) => "hand it off (`shiftlog status Handoff`), or let `shiftlog prune` move it",
                    None => "pause it, finish it, or go on with it",
                };
                self.say(line, "stale", format!("open, but not updated for {days} days"), remedy);
            }
        }
        if let Some((created, line)) = times[0] {
            self.day(created, line);
        }
    }

    /// Whether `created` is not what it was when the log was first seen.
    fn created(&mut self, text: &str, properties: &Properties) -> bool {
        let keys = &self.log.profile.keys.created;
        let value = properties.text(keys).unwrap_or_default();
        let Some(first) = self.rules.created.get(&self.log.path).filter(|first| **first != value) else { return false };
        let now = if value.trim().is_empty() { "missing".to_string() } else { value.clone() };
        let message = format!("`created` is {now}, but was {first} when the log was first seen");
        let line = key_line(text, properties, keys);
        self.say(line, "created", message, "`shiftlog lint --fix` restores it").fixable = true;
        true
    }

    /// Checks that a log was created on the day that its name says.
    fn day(&mut self, created: DateTime<Utc>, line: usize) {
        let profile = &self.log.profile;
        let part = super::parts::part_of(&self.log.id).1;
        let named = profile.name.parse(&self.log.id).map(|p| p.time.date_naive());
        let far = named.filter(|day| part.is_none_or(|n| n < 2) && (created.date_naive() - *day).num_days().abs() > 1);
        if let Some(day) = far {
            self.say(line, "date", format!("`created` is not the day in the file's name, {day}"), "correct the one that is wrong");
        }
    }

    /// Checks the sections that must be there, and not be empty when the log is handed off.
    fn sections(&mut self, outline: &Outline, state: Option<State>, continued: bool) {
        if !self.log.profile.section.values().any(|s| s.required) {
            return;
        }
        let profile = self.log.profile.clone();
        let placeholders = &self.rules.placeholders[&profile.id];
        let sections = outline.sections(&profile);
        let hands_off = profile.status.values().any(|s| s.state == State::HandedOff);
        let leaves = match state {
            Some(State::HandedOff) => true,
            Some(State::Open | State::Paused) => !hands_off && self.log.place == Place::Live,
            _ => false,
        };
        for key in profile.sections.iter().filter(|k| profile.section[*k].required) {
            let heading = &profile.section[key].heading;
            match sections.iter().find(|s| s.key.as_ref() == Some(key)) {
                None => {
                    self.say(1, "section", format!("there is no section `{heading}`"), "add it; `shiftlog add` makes it where it belongs");
                }
                Some(section) if leaves && !continued => {
                    let filled =
                        outline.entries(&profile, section, placeholders).iter().any(|e| !e.placeholder && !e.text.trim().is_empty());
                    if !filled {
                        let message = format!("section `{heading}` is empty: the log is not ready to be handed off");
                        self.say(section.heading + 1, "handoff", message, "say there what the next shift has to know");
                    }
                }
                Some(_) => {}
            }
        }
    }

    fn placeholders(&mut self, text: &str, outline: &Outline, properties: &Properties, state: Option<State>) {
        if !matches!(state, Some(State::HandedOff | State::Done)) || self.log.place != Place::Live {
            return;
        }
        let profile = self.log.profile.clone();
        let keys = &profile.keys;
        for paths in [&keys.title, &keys.description, &keys.model, &keys.author, &keys.current_task] {
            if let Some(value) = properties.text(paths).filter(|v| frontmatter::is_placeholder(v)) {
                let line = key_line(text, properties, paths);
                self.say(line, "placeholder", format!("`{value}` was left by the template"), "say what it is, with `shiftlog set`");
            }
        }
        for section in outline.sections(&profile) {
            let entries = outline.entries(&profile, &section, &self.rules.placeholders[&profile.id]);
            let templates = &self.rules.placeholders[&profile.id];
            let left: Vec<_> = entries.iter().filter(|e| templates.wrote(outline, e)).collect();
            let Some(first) = left.first() else { continue };
            let heading = section.key.as_ref().map_or("", |k| profile.section[k].heading.as_str());
            let message = match left.len() {
                1 => format!("`{}` was left by the template in `{heading}`", first.text.lines().next().unwrap_or_default()),
                n => format!("{n} entries were left by the template in `{heading}`"),
            };
            self.say(first.whole.start + 1, "placeholder", message, "fill it in, or let `shiftlog lint --fix` remove what was left")
                .fixable = true;
        }
    }

    fn links(&mut self, text: &str, outline: &Outline) {
        let (found, anchored) = (self.findings.len(), self.anchored.len());
        for link in links(text, &self.log.profile.keys.parts()) {
            if link.line > outline.body || !text[link.target.clone()].starts_with('[') {
                self.link(text, &link);
            }
        }
        if self.findings.len() == found && self.anchored.len() == anchored {
            return;
        }
        // What a template left links to nothing yet.
        let profile = &self.log.profile;
        let entries = outline.numbered(profile, &self.rules.placeholders[&profile.id]);
        let left = |line: usize| entries.iter().any(|(_, e)| e.placeholder && e.whole.contains(&(line - 1)));
        let own: Vec<Finding> = self.findings.split_off(found).into_iter().filter(|f| !left(f.line)).collect();
        self.findings.extend(own);
        let own: Vec<Anchored> = self.anchored.split_off(anchored).into_iter().filter(|a| !left(a.finding.line)).collect();
        self.anchored.extend(own);
    }

    fn link(&mut self, text: &str, link: &Link) {
        let written = text[link.target.clone()].to_string();
        let catalogue = &self.rules.catalogue;
        let target = match catalogue.destination(&self.log.path, link, text) {
            Destination::Nothing => {
                // Where an item that was carried was open first may have been finished, and gone.
                let line = text.lines().nth(link.line.saturating_sub(1)).unwrap_or_default();
                if super::carry::mark(line).is_some_and(|mark| written.contains(&mark.origin)) {
                    return;
                }
                let remedy = match catalogue.nearest(&written) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "correct it, or remove it".to_string(),
                };
                self.say(link.line, "broken-link", format!("`{written}` leads nowhere"), &remedy);
                return;
            }
            Destination::Ambiguous(many) => {
                let paths: Vec<_> = many.iter().map(|n| &catalogue.logs[*n]).filter(|l| l.place != Place::Archived).collect();
                let shown = |log: &Log| log.path.strip_prefix(self.rules.root).unwrap_or(&log.path).display().to_string();
                let fits = paths.iter().map(|l| shown(l)).collect::<Vec<_>>().join(", ");
                self.say(link.line, "ambiguous-link", format!("`{written}` fits {fits}"), "give the path, or rename one of the logs");
                return;
            }
            Destination::Log(n, Spelling::Former) if catalogue.logs[n].place != Place::Archived => {
                let log = &catalogue.logs[n];
                let now = log.path.strip_prefix(self.rules.root).unwrap_or(&log.path).display().to_string();
                let message = format!("`{written}` is {now} now");
                self.say(link.line, "moved-link", message, "`shiftlog lint --fix` follows it").fixable = true;
                n
            }
            Destination::Log(n, _) => n,
            Destination::Elsewhere if link.target.is_empty() && !link.is_external(text) => {
                match catalogue.logs.iter().position(|l| l.path == self.log.path) {
                    Some(n) => n,
                    None => return,
                }
            }
            _ => return,
        };
        let anchor = &text[link.anchor.clone()];
        if anchor.len() > 1 {
            let path = self.log.path.strip_prefix(self.rules.root).unwrap_or(&self.log.path).display().to_string();
            let message = format!("{} has no `{}`", catalogue.logs[target].id, &anchor[1..]);
            let finding = finding(path, link.line, "broken-anchor", message, "name a heading or block that is there");
            self.anchored.push(Anchored { finding, target, anchor: anchor.to_string() });
        }
    }
}

/// Whether a time is not before another one, as far as its own precision tells: a day ends at midnight.
fn reaches(written: &str, time: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    let slack = match written.matches(':').count() {
        0 => TimeDelta::days(1),
        1 => TimeDelta::minutes(1),
        _ => TimeDelta::seconds(1),
    };
    time + slack > other
}

/// The line of a property, from 1.
fn key_line(text: &str, properties: &Properties, paths: &[String]) -> usize {
    properties.existing(paths).and_then(|key| line_of(text, &key.to_string())).unwrap_or(1)
}

/// The line on which the last part of a dotted key stands in the frontmatter, below the parts before.
fn line_of(text: &str, dotted: &str) -> Option<usize> {
    let block = frontmatter::block(text)?;
    let mut parts = dotted.split('.').peekable();
    let mut below = false;
    for (n, line) in text[..block.inner.end].lines().enumerate().skip(1) {
        let part = parts.peek()?;
        // What is indented belongs to a key above.
        if line.starts_with([' ', '\t']) && !below {
            continue;
        }
        let bare = line.trim_start().trim_start_matches("- ").trim_start_matches(['"', '\'']);
        if bare.strip_prefix(part).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':')) {
            parts.next();
            below = true;
            if parts.peek().is_none() {
                return Some(n + 1);
            }
        }
    }
    None
}
