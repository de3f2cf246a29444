//! Lifecycle: how logs begin, which statuses they may have, and which log a session continues in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_yaml::Value;

use super::edit::Editor;
use super::entry::{NewEntry, clean};
use super::error::{Error, Result};
use super::frontmatter::{self, Properties};
use super::id;
use super::profile::{Profile, State};
use super::seen::Seen;
use super::store::{Lock, Store, Written};
use super::sync::{Verdict, Watch};
use super::template::{self, Values};
use super::{Journal, Log, Place};

const FORMATS: [&str; 7] = [
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M UTC",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
];

/// Reads a time stamp of a log and says in which format it stands; times without a zone are UTC.
pub fn parse_time(text: &str) -> Option<(DateTime<Utc>, &'static str)> {
    let text = text.trim();
    for format in FORMATS {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some((time.and_utc(), format));
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some((day.and_time(chrono::NaiveTime::MIN).and_utc(), "%Y-%m-%d"));
    }
    let zoned = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z"));
    zoned.ok().map(|time| (time.with_timezone(&Utc), "%Y-%m-%dT%H:%M:%SZ"))
}

/// What a new log is to say.
#[derive(Debug, Clone, Default)]
pub struct NewLog {
    /// Profile; the journal's default where none is named.
    pub profile: Option<String>,
    /// Id, for a further part; else the profile builds one.
    pub id: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Status; open where none is named.
    pub status: Option<String>,
    /// Tags beside the profile's own.
    pub tags: Vec<String>,
    /// Values for the template; those it does not name become properties.
    pub extra: Vec<(String, String)>,
}

/// A log that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The log.
    pub log: Log,
    /// Its text.
    pub text: String,
    /// What the person should know: stripped issue keys, variables that the template names in vain.
    pub notices: Vec<String>,
}

impl Journal {
    /// Makes a new log from the template; `finish` may still add to its text before it is written.
    ///
    /// Without a lock and store nothing is written: the log is what would be made.
    ///
    /// # Errors
    /// [`Error::Template`], [`Error::Unknown`] for profiles and statuses, [`Error::Refused`] for bad texts, [`Error::Io`].
    pub fn create(
        &self,
        new: &NewLog,
        now: DateTime<Utc>,
        write: Option<(&Store, &Lock)>,
        finish: &mut dyn FnMut(&Log, String) -> Result<String>,
    ) -> Result<Made> {
        let profile = match &new.profile {
            Some(name) => self.profile(name)?,
            None => self.default_profile(),
        };
        let checked = check(new, &profile)?;
        let (slug, keys) = id::slug(checked.title.as_deref().unwrap_or_default(), profile.name.no_issue_keys);
        let mut notices: Vec<String> = keys.iter().map(|k| format!("{k} was left out of the file name")).collect();
        let dir = self.dir(&profile, &profile.live[0]);
        let mut number = if profile.name.counts() { self.next_number(&profile, now)? } else { 1 };
        loop {
            let slug = if number > 1 && !profile.name.counts() { format!("{slug}-{number}") } else { slug.clone() };
            let stem = new.id.clone().unwrap_or_else(|| profile.name.build(now, number, &slug));
            let path = dir.join(format!("{stem}.md"));
            let log = Log { id: stem, path, member: None, place: Place::Live, profile: profile.clone() };
            let (text, missing) = self.text_of(&log, &checked, now)?;
            let text = finish(&log, text)?;
            let made = match write {
                Some((store, lock)) => store.create(lock, &log.path, &text)?,
                None => !log.path.exists(),
            };
            if made {
                if let Some((_, lock)) = write {
                    self.remembered(self.remember_new(lock, &log, &text, now));
                }
                notices.extend(missing.into_iter().map(|m| format!("the template names `{m}`, which nothing defines")));
                return Ok(Made { log, text, notices });
            }
            if new.id.is_some() {
                return Err(Error::refused("exists", format!("there is a log {} already", log.id), "rename or move one of the two"));
            }
            number += 1;
        }
    }

    /// One more than the day's highest number in any of the profile's directories and archives.
    fn next_number(&self, profile: &Arc<Profile>, now: DateTime<Utc>) -> Result<u64> {
        let day = now.date_naive();
        let number = |log: &Log| profile.name.parse(&log.id).filter(|p| p.time.date_naive() == day).and_then(|p| p.number);
        let logs = self.logs(Place::Archived)?;
        let own = logs.iter().filter(|l| l.profile.name.pattern == profile.name.pattern);
        if self.notices.borrow().is_empty() {
            return Ok(own.filter_map(number).max().unwrap_or(0) + 1);
        }
        // What a damaged zip holds is known no other way.
        let seen = Seen::open(&self.root);
        let all = seen.all();
        let names = all.keys().filter_map(|path| profile.name.parse(&id::stem(Path::new(path))));
        let remembered = names.filter(|p| p.time.date_naive() == day).filter_map(|p| p.number);
        Ok(own.filter_map(number).chain(remembered).max().unwrap_or(0) + 1)
    }

    fn text_of(&self, log: &Log, new: &NewLog, now: DateTime<Utc>) -> Result<(String, Vec<String>)> {
        let profile = &log.profile;
        let own = self.own_template(profile)?;
        let built_in = template::built_in(&profile.builtin).ok_or_else(|| Error::Unknown {
            what: "built-in template",
            given: profile.builtin.clone(),
            known: vec!["resonance7".into(), "agents".into()],
        })?;
        let (source, file) = match &own {
            Some((text, path)) => (text.as_str(), path.clone()),
            None => (built_in, PathBuf::from(format!("templates/{}.md", profile.builtin))),
        };
        let values = values_of(log, new, now, self.config.obsidian)?;
        let rendered = template::render(source, &file, &values, own.is_none())?;
        let mut text = rendered.text;
        Properties::read(&text, &file)?;
        for (key, value) in &new.extra {
            let fixed = [&profile.keys.created, &profile.keys.last_updated, &profile.keys.status];
            if fixed.iter().any(|paths| paths.iter().any(|p| p.eq_ignore_ascii_case(key))) {
                return Err(Error::refused(
                    "required-key",
                    format!("`{key}` is not for --extra"),
                    "`--status` sets the status; the times are the clock's",
                ));
            }
            let in_template = source.contains(&format!("extra.{key}"));
            if !in_template {
                text = frontmatter::set(&text, key, &frontmatter::typed(key, value, None), &file)?.unwrap_or(text);
            }
        }
        for (paths, value) in
            [(&profile.keys.description, &new.description), (&profile.keys.model, &new.model), (&profile.keys.author, &new.author)]
        {
            // A template may leave out what the person has given.
            let there = Properties::read(&text, &file)?;
            if let (Some(value), Some(path)) = (value, paths.first())
                && there.text(paths).is_none_or(|t| frontmatter::is_placeholder(&t))
            {
                text = frontmatter::set(&text, path, &Value::String(value.clone()), &file)?.unwrap_or(text);
            }
        }
        if !new.tags.is_empty()
            && let Some(path) = profile.keys.tags.first()
        {
            let there = Properties::read(&text, &file)?.list(&profile.keys.tags);
            let missing: Vec<String> = new.tags.iter().filter(|t| !there.contains(t)).cloned().collect();
            if !missing.is_empty() {
                let all = there.into_iter().chain(missing).map(Value::String).collect();
                text = frontmatter::set(&text, path, &Value::Sequence(all), &file)?.unwrap_or(text);
            }
        }
        Ok((text, rendered.missing))
    }
}

fn check(new: &NewLog, profile: &Profile) -> Result<NewLog> {
    let line =
        |what: &str, text: &Option<String>| text.as_deref().map(|t| one_line(what, t)).transpose().map(|t| t.filter(|t| !t.is_empty()));
    let status = match &new.status {
        Some(name) => {
            Some(profile.status_named(name).filter(|(_, s)| !s.automatic).map(|(n, _)| n.to_string()).ok_or_else(|| Error::Unknown {
                what: "status",
                given: name.clone(),
                known: profile.statuses(),
            })?)
        }
        None => None,
    };
    let mut tags = Vec::new();
    for tag in &new.tags {
        tags.push(tag_text(&clean("tag", tag)?));
    }
    let mut extra = Vec::new();
    for (key, value) in &new.extra {
        extra.push((key.clone(), clean(key, value)?));
    }
    Ok(NewLog {
        profile: new.profile.clone(),
        id: new.id.clone(),
        title: line("title", &new.title)?,
        description: line("description", &new.description)?,
        author: line("author", &new.author)?,
        model: line("model", &new.model)?,
        status,
        tags,
        extra,
    })
}

/// Text for a property: one line, no control characters.
///
/// # Errors
/// [`Error::Refused`].
pub fn one_line(what: &str, text: &str) -> Result<String> {
    Ok(clean(what, text)?.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A tag as readers of tags understand it: without `#`, blanks as hyphens.
pub fn tag_text(text: &str) -> String {
    text.trim().trim_start_matches('#').split_whitespace().collect::<Vec<_>>().join("-")
}

fn values_of(log: &Log, new: &NewLog, now: DateTime<Utc>, obsidian: bool) -> Result<Values> {
    let profile = &log.profile;
    let stamp = now.format(&profile.time).to_string();
    let topic = new.title.clone().unwrap_or_else(|| profile.topic.clone());
    let title = title_of(profile, &log.id, &topic)?;
    let mut tags = vec!["session".to_string()];
    tags.extend(new.tags.iter().filter(|t| *t != "session").cloned());
    Ok(Values {
        texts: vec![
            ("id", log.id.clone()),
            ("title", title),
            ("topic", topic),
            ("author", new.author.clone().unwrap_or_else(|| profile.author.clone())),
            ("model", new.model.clone().unwrap_or_default()),
            ("description", new.description.clone().unwrap_or_default()),
            ("status", new.status.clone().unwrap_or_else(|| profile.open_status().to_string())),
            ("created", stamp.clone()),
            ("last_updated", stamp),
            ("filename", format!("{}.md", log.id)),
            ("profile", profile.id.clone()),
        ],
        lists: vec![("aliases", new.title.iter().cloned().collect()), ("tags", tags)],
        flags: vec![("obsidian", obsidian), ("tagged", !new.tags.is_empty())],
        extra: new.extra.clone(),
        now,
    })
}

/// The `title` property for a topic: `Session 20261120-01: Weather fallback`.
///
/// # Errors
/// [`Error::Template`] when the profile's expression does not parse.
pub fn title_of(profile: &Profile, id: &str, topic: &str) -> Result<String> {
    template::line(&profile.title, &[("id", id), ("topic", topic)], Path::new("profile"))
}

/// The topic in a `title` property.
pub fn topic_of(profile: &Profile, id: &str, title: &str) -> String {
    let marked = title_of(profile, id, "\u{1}").unwrap_or_default();
    let (before, after) = marked.split_once('\u{1}').unwrap_or_default();
    title.strip_prefix(before).and_then(|t| t.strip_suffix(after)).unwrap_or(title).to_string()
}

impl Log {
    /// Its topic, as a log that goes on from it has it.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn topic(&self, root: &Path) -> Result<String> {
        Ok(topic_of(&self.profile, &self.id, &self.summary(root, false)?.title))
    }
}

impl Editor<'_> {
    /// The status now, as written, and what it means; unknown ones mean nothing.
    ///
    /// # Errors
    /// [`Error::Yaml`].
    pub fn status(&self, text: &str) -> Result<(String, Option<State>)> {
        let status = Properties::read(text, self.path)?.text(&self.profile.keys.status).unwrap_or_default();
        let state = self.profile.status_named(&status).map(|(_, s)| s.state);
        Ok((status, state))
    }

    /// Changes the status by the profile's rules; nothing where it is that already. Never stamps.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Transition`], [`Error::Yaml`].
    pub fn set_status(&self, text: &str, to: &str, reopen: bool) -> Result<Option<String>> {
        let properties = Properties::read(text, self.path)?;
        let from = properties.text(&self.profile.keys.status).unwrap_or_default();
        let unknown = || Error::Unknown { what: "status", given: to.to_string(), known: self.profile.statuses() };
        let (name, target) = self.profile.status_named(to).filter(|(_, s)| !s.automatic).ok_or_else(unknown)?;
        if from.trim().eq_ignore_ascii_case(name) {
            return Ok(None);
        }
        if let Some((_, status)) = self.profile.status_named(&from) {
            let forward = status.next.iter().any(|n| n == name);
            let backward = (target.state as u8) < (status.state as u8);
            let allowed = forward || (reopen && backward);
            if !allowed {
                return Err(Error::Transition { from, to: name.to_string(), allowed: status.next.clone(), reopen: backward });
            }
        }
        let key = properties.path_of(&self.profile.keys.status);
        frontmatter::set(text, &key, &Value::String(name.to_string()), self.path)
    }
}

/// What `shiftlog session` does next.
#[derive(Debug, Clone)]
pub enum Next {
    /// The log goes on; it is resumed first where it was paused.
    Update(Log),
    /// A new log; the one that was handed off is completed and listed as related.
    Create {
        /// The log that was handed off.
        after: Option<Log>,
    },
}

impl Journal {
    /// The log that a session continues in: the newest live one while it is open, else a new one.
    ///
    /// # Errors
    /// [`Error::Yaml`] and [`Error::NotUtf8`] when the newest log cannot be read.
    pub fn next_session(&self) -> Result<Next> {
        let profile = self.default_profile();
        let mut live: Vec<Log> = self.logs(Place::Live)?.into_iter().filter(|l| l.profile.id == profile.id).collect();
        live.sort_by_cached_key(|l| std::cmp::Reverse(l.order()));
        let paused = profile.status.values().any(|s| s.state == State::Paused);
        for log in live.into_iter().filter(|l| l.profile.name.parse(&l.id).is_some()) {
            let status = Properties::read(&log.read()?, &log.path)?.text(&profile.keys.status).unwrap_or_default();
            match profile.status_named(&status).map(|(_, s)| s.state) {
                Some(State::Open | State::Paused) => return Ok(Next::Update(log)),
                // Where logs can be paused, the newest open one counts; elsewhere only the newest of all.
                _ if paused => {}
                Some(State::HandedOff) => return Ok(Next::Create { after: Some(log) }),
                _ => return Ok(Next::Create { after: None }),
            }
        }
        Ok(Next::Create { after: None })
    }

    /// Live logs that are open, the newest first, so many at most.
    ///
    /// # Errors
    /// [`Error::Io`]; logs that cannot be read are passed over.
    pub fn open_logs(&self, most: usize) -> Result<Vec<Log>> {
        self.logs_in(&[State::Open], most)
    }

    /// Live logs in one of these states, the newest first, so many at most.
    ///
    /// # Errors
    /// [`Error::Io`]; logs that cannot be read are passed over.
    pub fn logs_in(&self, states: &[State], most: usize) -> Result<Vec<Log>> {
        let mut live = self.logs(Place::Live)?;
        live.retain(|l| l.profile.name.parse(&l.id).is_some());
        live.sort_by_cached_key(|l| std::cmp::Reverse(l.order()));
        let counts = |log: &Log| {
            let status = log.read().and_then(|text| Ok(Properties::read(&text, &log.path)?.text(&log.profile.keys.status)));
            let status = status.ok().flatten().unwrap_or_default();
            log.profile.status_named(&status).is_some_and(|(_, s)| states.contains(&s.state))
        };
        Ok(live.into_iter().filter(counts).take(most).collect())
    }

    /// What a session that is bound to this log does: it goes on while it is open, else a new one begins.
    ///
    /// # Errors
    /// As [`Journal::next_session`].
    pub fn next_of(&self, log: Log) -> Result<Next> {
        let status = Properties::read(&log.read()?, &log.path)?.text(&log.profile.keys.status).unwrap_or_default();
        Ok(match log.profile.status_named(&status).map(|(_, s)| s.state) {
            Some(State::HandedOff) => Next::Create { after: Some(log) },
            Some(State::Done) => Next::Create { after: None },
            _ => Next::Update(log),
        })
    }

    /// Changes a log: `change` maps a text to a new one and says whether that is substantive, which stamps it.
    ///
    /// Without a lock and store nothing is written.
    ///
    /// # Errors
    /// What `change` says; those of [`Store::update`].
    pub fn change(&self, log: &Log, now: DateTime<Utc>, write: Option<(&Store, &Lock)>, change: &mut Change) -> Result<Written> {
        log.writable()?;
        let placeholders = self.placeholders(&log.profile)?;
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now };
        let watch = Watch::new(self, log, now);
        let mut verdict = None;
        let mut stamped = |text: &str| match change(&editor, text)? {
            Some((new, substantive)) => {
                let found = watch.judge(text, verdict.is_none());
                verdict = Some(if substantive { Verdict::Stamp } else { found });
                let new = if verdict == Some(Verdict::Stamp) { editor.stamp(&new)? } else { new };
                if write.is_some() && verdict != Some(Verdict::Wait) && new != text {
                    watch.expect(&new);
                }
                Ok(Some(new))
            }
            None => Ok(None),
        };
        match write {
            Some((store, lock)) => {
                let written = store.update(lock, &log.path, &mut stamped)?;
                // What is still being changed by others stays unseen, so that it can be judged when it has settled.
                if written.changed && verdict != Some(Verdict::Wait) {
                    self.remembered(watch.note(lock, &written.after));
                }
                Ok(written)
            }
            None => {
                let before = log.read()?;
                let after = stamped(&before)?;
                Ok(Written { changed: after.is_some(), merged: false, after: after.unwrap_or_else(|| before.clone()), before })
            }
        }
    }
}

/// A change of a log's text; the flag says whether it is substantive.
pub type Change<'c> = dyn FnMut(&Editor, &str) -> Result<Option<(String, bool)>> + 'c;

/// Why a new log names the one it follows.
const CONTINUES: &str = "this session continues it";

/// How earlier versions said that.
const CONTINUED: &str = "continues this session";

/// The entry that points from a new log to the one it follows.
pub fn continues(log: &Log) -> NewEntry {
    NewEntry::new("related", &log.id).with("why", CONTINUES)
}

impl Journal {
    /// The log that a log goes on from: the one that it says it continues, or the part before it; `text` is the log's.
    pub fn before(&self, log: &Log, text: &str) -> Option<Log> {
        let is_named = |line: &&str| [CONTINUES, CONTINUED].iter().any(|words| super::graph::why(line).starts_with(words));
        let named = text.lines().filter(is_named).find_map(|line| line.split_once("[[")?.1.split_once("]]").map(|(name, _)| name));
        let part = || {
            let properties = super::frontmatter::Properties::read(text, &log.path).ok()?;
            properties.text(&log.profile.keys.previous_part)
        };
        let name = named.map(str::to_string).or_else(part)?;
        let name = name.split(['|', '#']).next()?.trim();
        let name = name.rsplit('/').next()?;
        self.resolve(name.strip_suffix(".md").unwrap_or(name), &self.root).ok().filter(|before| before.id != log.id)
    }

    /// Live logs that go on from a log.
    ///
    /// # Errors
    /// [`Error::Io`] when a directory cannot be read.
    pub fn after(&self, log: &Log) -> Result<Vec<Log>> {
        let mut later = self.logs(Place::Live)?;
        later.retain(|other| {
            let text = if other.order() > log.order() { other.read().unwrap_or_default() } else { String::new() };
            text.contains(CONTINUES) && self.before(other, &text).is_some_and(|before| before.path == log.path)
        });
        Ok(later)
    }
}
