//! Summaries: what lists show of a log, read from its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_yaml::Value;

use super::error::{Error, Result};
use super::frontmatter::{self, Properties};
use super::lifecycle::parse_time;
use super::outline::Outline;
use super::placeholder::Placeholders;
use super::profile::State;
use super::{Log, Place};

/// A log in a list. Times are UTC.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Id: the file name without `.md`.
    pub id: String,
    /// Title; the id where it has none.
    pub title: String,
    /// Status as written.
    pub status: String,
    /// What the status means to the profile; null for statuses it does not know.
    pub state: Option<State>,
    /// Profile.
    pub profile: String,
    /// Where it lies.
    pub place: Place,
    /// Path relative to the journal; `zip!name` for archived ones.
    pub path: String,
    /// Time of creation, from the frontmatter, else from the id.
    pub created: Option<DateTime<Utc>>,
    /// Time of the last substantive change.
    pub last_updated: Option<DateTime<Utc>>,
    /// Author.
    pub author: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Names of spawned agents.
    pub agents: Vec<String>,
    /// Open tasks; null where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_tasks: Option<usize>,
    /// A wikilink to the log.
    pub link: String,
    /// All properties; null where nobody asked.
    pub metadata: Value,
    /// Why the frontmatter could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

const HEAD: usize = 4096;

impl Log {
    /// Reads what a list shows; a log with broken frontmatter is listed with its problem.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn summary(&self, root: &Path, metadata: bool) -> Result<Summary> {
        let head = self.head()?;
        let text = String::from_utf8_lossy(&head);
        Ok(self.summarized(&text, root, metadata))
    }

    /// The beginning of the file, with the whole frontmatter.
    fn head(&self) -> Result<Vec<u8>> {
        if self.member.is_some() {
            return self.read().map(String::into_bytes);
        }
        let mut file = File::open(&self.path).map_err(Error::io("read log", &self.path))?;
        let mut head = vec![0; HEAD];
        let mut filled = 0;
        loop {
            let n = file.read(&mut head[filled..]).map_err(Error::io("read log", &self.path))?;
            filled += n;
            let text = String::from_utf8_lossy(&head[..filled]);
            let opened = text.trim_start_matches('\u{feff}').starts_with("---");
            if n == 0
                || (!opened && filled == head.len())
                || frontmatter::block(&text).is_some_and(|b| b.end < text.len() || text.ends_with('\n'))
            {
                head.truncate(filled);
                return Ok(head);
            }
            if filled == head.len() {
                head.resize(head.len() * 4, 0);
            }
        }
    }

    /// The summary of this text, with all properties.
    pub fn summarize(&self, text: &str, root: &Path) -> Summary {
        self.summarized(text, root, true)
    }

    fn summarized(&self, text: &str, root: &Path, metadata: bool) -> Summary {
        let keys = &self.profile.keys;
        let read = Properties::read(text, &self.path);
        let problem = read.as_ref().err().map(|e| match e {
            Error::Yaml { line, message, .. } => format!("line {line}: {message}"),
            other => other.to_string(),
        });
        let properties = read.unwrap_or_default();
        let real = |paths: &[String]| properties.text(paths).filter(|t| !t.trim().is_empty() && !frontmatter::is_placeholder(t));
        let time = |paths: &[String]| real(paths).and_then(|t| parse_time(&t)).map(|(t, _)| t);
        let status = properties.text(&keys.status).unwrap_or_default();
        let created = time(&keys.created).or_else(|| self.profile.name.parse(&self.id).map(|p| p.time));
        let shown = self.path.strip_prefix(root).unwrap_or(&self.path).display().to_string();
        let agents = properties.get(&keys.agents).and_then(Value::as_sequence).into_iter().flatten();
        Summary {
            id: self.id.clone(),
            title: properties
                .text(&keys.title)
                .filter(|t| !t.trim().is_empty())
                .or_else(|| first_heading(text))
                .unwrap_or_else(|| self.id.clone()),
            state: self.profile.status_named(&status).map(|(_, s)| s.state),
            status,
            profile: self.profile.id.clone(),
            place: self.place,
            path: self.member.as_ref().map_or(shown.clone(), |m| format!("{shown}!{m}")),
            created,
            last_updated: time(&keys.last_updated).or(created),
            author: real(&keys.author),
            model: real(&keys.model),
            description: real(&keys.description),
            tags: properties.list(&keys.tags),
            agents: agents.filter_map(|a| ["agent", "type"].iter().find_map(|k| a.get(*k).and_then(frontmatter::plain_text))).collect(),
            open_tasks: None,
            link: format!("[[{}]]", self.id),
            problem,
            metadata: if metadata { properties.into_value() } else { Value::Null },
        }
    }

    /// Number of open tasks in a text.
    pub fn open_tasks(&self, text: &str, placeholders: &Placeholders) -> usize {
        let outline = Outline::parse(text);
        outline.numbered(&self.profile, placeholders).iter().filter(|(n, e)| *n > 0 && e.is_open()).count()
    }
}

fn first_heading(text: &str) -> Option<String> {
    text.lines().find_map(|l| l.strip_prefix("# ")).map(|t| t.trim().to_string())
}
