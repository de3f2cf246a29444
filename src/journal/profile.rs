//! Profiles: the format that a journal's logs follow, as data read from TOML.
//!
//! Knows what a profile says and how profiles are merged; how logs are edited by it is `edit`'s affair.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;

use super::error::{Error, Result, nearest};
use super::outline::{Entry, heading_words};

/// The built-in profiles, profiles/*.toml as JSON.
const BUILT_IN: [(&str, &str); 2] = [
    ("resonance7", include_str!(concat!(env!("OUT_DIR"), "/resonance7.json"))),
    ("agents", include_str!(concat!(env!("OUT_DIR"), "/agents.json"))),
];

/// What a status means, whatever a profile calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
pub enum State {
    /// Being worked on.
    #[serde(rename = "open")]
    Open,
    /// Set aside.
    #[serde(rename = "paused")]
    Paused,
    /// Left for the next shift.
    #[serde(rename = "handed off")]
    HandedOff,
    /// Finished.
    #[serde(rename = "done")]
    Done,
}

impl State {
    /// Those of work that somebody can go on with.
    pub const UNFINISHED: [State; 3] = [State::Open, State::Paused, State::HandedOff];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Paused => "paused",
            State::HandedOff => "handed off",
            State::Done => "done",
        }
    }
}

/// What becomes of a log that is finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// Its status says that it is done.
    #[default]
    Complete,
    /// It goes to the trash.
    Delete,
}

/// The format of one kind of log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name it is chosen by; set by the loader.
    #[serde(skip)]
    pub id: String,
    /// Profile that this one starts from, for those in `shiftlog.toml`.
    #[serde(default)]
    pub extends: Option<String>,
    /// Directories of live logs, relative to the journal; new logs go into the first.
    pub live: Vec<String>,
    /// Directory of logs that are no longer live.
    #[serde(default)]
    pub recent: Option<String>,
    /// Directory of monthly zips.
    #[serde(default)]
    pub archive: Option<String>,
    /// Directories that the three above may stand under.
    #[serde(default = "here")]
    pub roots: Vec<String>,
    /// The workspace's own template, relative to the journal.
    #[serde(default)]
    pub template: Option<String>,
    /// Built-in template used where the workspace has none.
    pub builtin: String,
    /// Author of new logs where neither the person nor their settings name one.
    #[serde(default)]
    pub author: String,
    /// Handlebars expression for the `title` property.
    pub title: String,
    /// Stands for the title until there is one.
    #[serde(default)]
    pub topic: String,
    /// Format of time stamps in the frontmatter (strftime, UTC).
    pub time: String,
    /// Level of section headings.
    pub level: u8,
    /// Section keys, in the order of a log.
    pub sections: Vec<String>,
    /// Further texts that templates leave.
    #[serde(default)]
    pub placeholders: Vec<String>,
    /// File names.
    pub name: Name,
    /// Where properties stand in the frontmatter: dotted paths, the first existing one counts.
    pub keys: Keys,
    /// What `finish` does to a log.
    #[serde(default)]
    pub finish: Finish,
    /// What `prune` makes of a log's status, by the status it has; `*` stands for all others.
    #[serde(default)]
    pub pruned: BTreeMap<String, String>,
    /// Statuses by name.
    pub status: BTreeMap<String, Status>,
    /// Sections by key.
    pub section: BTreeMap<String, Section>,
    /// Kinds of entries by name.
    pub kind: BTreeMap<String, Kind>,
    /// Section keys by the words of their headings; made when first asked for.
    #[serde(skip)]
    headings: OnceLock<HashMap<String, String>>,
}

fn here() -> Vec<String> {
    vec![String::new()]
}

/// How files are named.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Pattern of `{date}`, `{time}`, `{nn}` and `{slug}`.
    pub pattern: String,
    /// strftime format of `{date}`, UTC.
    pub date: String,
    /// strftime format of `{time}`, UTC.
    #[serde(default)]
    pub time: String,
    /// Only files that begin like the pattern are logs.
    #[serde(default)]
    pub strict: bool,
    /// Issue keys (`PLT-123`) are left out of slugs.
    #[serde(default)]
    pub no_issue_keys: bool,
}

/// Dotted paths of properties.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Title.
    pub title: Vec<String>,
    /// Time of creation.
    pub created: Vec<String>,
    /// Time of the last substantive change.
    pub last_updated: Vec<String>,
    /// Status.
    pub status: Vec<String>,
    /// Author.
    pub author: Vec<String>,
    /// Model.
    pub model: Vec<String>,
    /// Description.
    pub description: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Aliases.
    pub aliases: Vec<String>,
    /// What is being worked on.
    pub current_task: Vec<String>,
    /// List of spawned agents.
    pub agents: Vec<String>,
    /// File name of the part that follows.
    pub next_part: Vec<String>,
    /// File name of the part before.
    pub previous_part: Vec<String>,
}

impl Keys {
    /// The keys that hold file names of other parts.
    pub fn parts(&self) -> Vec<String> {
        self.next_part.iter().chain(&self.previous_part).cloned().collect()
    }
}

/// One status of a profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// What it means.
    pub state: State,
    /// Statuses it may become without `--reopen`.
    #[serde(default)]
    pub next: Vec<String>,
    /// Set by `prune` only.
    #[serde(default)]
    pub automatic: bool,
}

/// One section of a profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Text of the heading.
    pub heading: String,
    /// Other spellings that are understood.
    #[serde(default)]
    pub also: Vec<String>,
    /// Must not be empty when the log is handed off.
    #[serde(default)]
    pub required: bool,
    /// Sub-headings by key, in order.
    #[serde(default)]
    pub part: Ordered<Part>,
}

/// A sub-heading of a section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The whole heading line, with its `#`.
    pub heading: String,
    /// Other spellings that are understood.
    #[serde(default)]
    pub also: Vec<String>,
    #[serde(skip)]
    words: OnceLock<Vec<String>>,
}

impl Part {
    /// Whether a heading with these words is this part's.
    pub fn is_called(&self, words: &str) -> bool {
        let own = || std::iter::once(&self.heading).chain(&self.also).map(|h| heading_words(h)).collect();
        self.words.get_or_init(own).iter().any(|w| w == words)
    }
}

/// A kind of entry: where it goes and how it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kind {
    /// Section it belongs to.
    pub section: String,
    /// Handlebars expression for the part of the section.
    pub part: Option<String>,
    /// Names of the values it takes beside its text.
    pub fields: Vec<String>,
    /// Fields that must be given.
    pub required: Vec<String>,
    /// Allowed values of fields.
    pub choices: BTreeMap<String, Vec<String>>,
    /// Values of fields that were not given.
    pub defaults: BTreeMap<String, String>,
    /// Handlebars expression for a one-item entry.
    pub shape: String,
    /// Handlebars expression for the heading of an entry that is a block of its own.
    pub heading: Option<String>,
    /// Lines under that heading: field and label.
    pub lines: Vec<(String, String)>,
    /// Entries are lines of a fenced block in this language.
    pub fence: Option<String>,
    /// Entries are items of this frontmatter list, named as in `keys`.
    pub list: Option<String>,
    /// The block holds entries of other kinds (a wave holds tasks).
    pub container: bool,
    /// The same text may be added again.
    pub repeats: bool,
}

/// A TOML table that keeps its order.
#[derive(Debug, Clone)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> std::result::Result<Self, D::Error> {
        struct Pairs<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Pairs<T> {
            type Value = Ordered<T>;
            fn expecting(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
                out.write_str("a table")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        input.deserialize_map(Pairs(std::marker::PhantomData))
    }
}

impl Profile {
    /// Loads a profile: built in, or defined or overridden by the tables under `[profiles]` of a configuration file.
    pub fn load(id: &str, tables: &toml::Table, file: &Path) -> Result<Profile> {
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == id && !tables.contains_key(id));
        let mut profile: Profile = match built_in {
            Some((_, text)) => serde_json::from_str(text).expect("built-in profiles are sound"),
            None => {
                let read = merged(id, tables, file, 0)?.try_into();
                read.map_err(|e: toml::de::Error| unknown_key(&e.to_string(), file, None, &format!("profile `{id}`: ")))?
            }
        };
        profile.id = id.to_string();
        profile.check(file)?;
        Ok(profile)
    }

    /// The section that a heading with these words begins; a section's own heading beats another's further spelling.
    pub fn section_called(&self, words: &str) -> Option<&str> {
        let all = || {
            let mut map = HashMap::new();
            for key in self.sections.iter().rev() {
                map.extend(self.section[key].also.iter().map(|h| (heading_words(h), key.clone())));
            }
            map.extend(self.sections.iter().rev().map(|key| (heading_words(&self.section[key].heading), key.clone())));
            map
        };
        self.headings.get_or_init(all).get(words).map(String::as_str)
    }

    /// Names of all profiles that can be loaded.
    pub fn known(tables: &toml::Table) -> Vec<String> {
        let mut names: Vec<String> = BUILT_IN.iter().map(|(id, _)| (*id).to_string()).collect();
        names.extend(tables.keys().filter(|k| !names.contains(k)).cloned().collect::<Vec<_>>());
        names
    }

    fn check(&self, file: &Path) -> Result<()> {
        let bad = |message: String| Err(Error::Form { path: file.to_path_buf(), line: None, message, hint: None });
        if self.live.is_empty() {
            return bad(format!("profile `{}`: `live` names no directory", self.id));
        }
        for (name, paths) in [("title", &self.keys.title), ("status", &self.keys.status)] {
            if paths.is_empty() {
                return bad(format!("profile `{}`: `keys.{name}` names no property", self.id));
            }
        }
        if self.keys.agents.is_empty() && self.kind.values().any(|k| k.list.as_deref() == Some("agents")) {
            return bad(format!("profile `{}`: `keys.agents` names no property", self.id));
        }
        let dirs = self.live.iter().chain(&self.recent).chain(&self.archive).chain(&self.roots);
        if let Some(dir) = dirs.clone().find(|d| !inside(d)) {
            return bad(format!("profile `{}`: directory `{dir}` leaves the journal", self.id));
        }
        if let Some(key) = self.sections.iter().find(|s| !self.section.contains_key(*s)) {
            return bad(format!("profile `{}`: section `{key}` is listed but not defined", self.id));
        }
        if let Some((name, kind)) = self.kind.iter().find(|(_, k)| k.list.is_none() && !self.sections.contains(&k.section)) {
            return bad(format!("profile `{}`: kind `{name}` goes to unknown section `{}`", self.id, kind.section));
        }
        Ok(())
    }

    /// The status with this name, in the profile's spelling; case does not matter.
    pub fn status_named(&self, name: &str) -> Option<(&str, &Status)> {
        self.status.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.trim())).map(|(n, s)| (n.as_str(), s))
    }

    /// Statuses that a person may choose.
    pub fn statuses(&self) -> Vec<String> {
        let mut names: Vec<_> = self.status.iter().filter(|(_, s)| !s.automatic).collect();
        names.sort_by_key(|(_, s)| s.state as u8);
        names.into_iter().map(|(n, _)| n.clone()).collect()
    }

    /// The status that new logs have.
    pub fn open_status(&self) -> &str {
        self.status.iter().find(|(_, s)| s.state == State::Open).map_or("open", |(n, _)| n)
    }

    /// Keys of the sections that must say something and do not.
    pub fn lacking(&self, entries: &[(usize, Entry)]) -> Vec<&str> {
        let says = |key: &str| entries.iter().any(|(_, e)| e.section == key && !e.placeholder && !e.text.trim().is_empty());
        self.sections.iter().filter(|key| self.section[*key].required && !says(key)).map(String::as_str).collect()
    }

    /// Headings of sections, one after the other.
    pub fn headings(&self, keys: &[&str]) -> String {
        keys.iter().map(|key| self.section[*key].heading.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The kind with this name.
    pub fn kind_named(&self, name: &str) -> Result<&Kind> {
        self.kind.get(name).ok_or_else(|| Error::Unknown {
            what: "kind",
            given: name.to_string(),
            known: self.kind.keys().cloned().collect(),
        })
    }

    /// The kind whose entries stand in this section and part; the first by name where there are several.
    pub fn kind_of(&self, section: &str, part: Option<&str>) -> Option<(&str, &Kind)> {
        let fits = |kind: &Kind| kind.section == section && kind.part.as_deref().is_none_or(|p| p.contains("{{") || part == Some(p));
        let mut found = self.kind.iter().filter(|(_, k)| fits(k) && !k.container);
        let first = found.next();
        found.find(|(_, k)| k.part.is_some() && part.is_some()).or(first).map(|(n, k)| (n.as_str(), k))
    }

    /// Whether the section's sub-headings are entries, and if so, whether they hold entries themselves.
    pub fn blocks_in(&self, section: &str) -> Option<&Kind> {
        self.kind.values().find(|k| k.section == section && k.heading.is_some())
    }
}

/// Whether a relative path stays below where it starts.
pub fn inside(path: &str) -> bool {
    use std::path::Component;
    Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}

fn merged(id: &str, tables: &toml::Table, file: &Path, depth: usize) -> Result<toml::Table> {
    let builtin = BUILT_IN
        .iter()
        .find(|(name, _)| *name == id)
        .map(|(_, text)| serde_json::from_str::<toml::Table>(text).expect("built-in profiles are sound"));
    let own = tables.get(id).and_then(|t| t.as_table());
    let parent = own.and_then(|t| t.get("extends")).and_then(|v| v.as_str());
    let mut base = match (builtin, parent) {
        (Some(table), _) => table,
        (None, Some(parent)) if depth < 8 => merged(parent, tables, file, depth + 1)?,
        (None, Some(_)) => {
            return Err(Error::Form { path: file.into(), line: None, message: format!("profile `{id}` extends itself"), hint: None });
        }
        (None, None) if own.is_some() => toml::Table::new(),
        (None, None) => {
            return Err(Error::Unknown { what: "profile", given: id.to_string(), known: Profile::known(tables) });
        }
    };
    if let Some(own) = own {
        overlay(&mut base, own);
    }
    Ok(base)
}

fn overlay(base: &mut toml::Table, over: &toml::Table) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Turns serde's "unknown field" message into an error that names the key and the nearest known one.
pub fn unknown_key(message: &str, path: &Path, line: Option<usize>, context: &str) -> Error {
    let message =
        message.lines().find(|l| !l.trim().is_empty() && !l.contains('|') && !l.starts_with("TOML parse")).unwrap_or(message).trim();
    let mut words = message.split('`').skip(1).step_by(2);
    let hint = (message.starts_with("unknown field")).then(|| {
        let given = words.next().unwrap_or_default();
        let known: Vec<String> = words.map(str::to_string).collect();
        match nearest(given, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys: {}", known.join(", ")),
        }
    });
    let message = if message.starts_with("unknown field") {
        format!("unknown key `{}`", message.split('`').nth(1).unwrap_or_default())
    } else {
        message.to_string()
    };
    Error::Form { path: path.to_path_buf(), line, message: format!("{context}{message}"), hint }
}
