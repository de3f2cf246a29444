//! Configuration: `shiftlog.toml` of a journal. Data only: no key in it can name a program to run.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::error::{Error, Result};
use super::profile::unknown_key;

/// File name of a journal's configuration.
pub const FILE: &str = "shiftlog.toml";

/// What a journal's `shiftlog.toml` says; every key is optional.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Profile of new logs.
    pub profile: Option<String>,
    /// Whether new logs get `aliases` and `tags`.
    pub obsidian: bool,
    /// A file that others changed less than so many seconds ago is not judged yet.
    pub settle_seconds: u64,
    /// Whether substantive changes that others made move `last_updated`.
    pub stamp_foreign_edits: bool,
    /// Days that logs stay in the trash; 0 keeps none.
    pub trash_days: u32,
    /// What is recorded, and how.
    pub record: RecordConfig,
    /// Profiles defined or overridden here.
    pub profiles: toml::Table,
}

/// `[record]`: what is recorded of conversations, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordConfig {
    /// Whether secrets are redacted before they are stored.
    pub redact: bool,
    /// Projects and paths of which nothing is recorded; `*` stands for anything.
    pub exclude: Vec<String>,
    /// Context window in tokens of models that nobody knows.
    pub window: Option<u64>,
    /// Context windows by the beginning of a model's name.
    pub windows: BTreeMap<String, u64>,
    /// Turns that stay in the live context at most.
    pub live_turns: u64,
    /// Share of the window, in percent, that live turns may fill.
    pub fill_percent: u64,
    /// Conversations without a turn for so many days are archived.
    pub archive_days: u32,
    /// Lines that are kept of what a tool of an agent printed.
    pub output_lines: usize,
    /// Bytes that are kept of such a line.
    pub output_width: usize,
}

impl Default for RecordConfig {
    fn default() -> Self {
        let (exclude, windows) = (Vec::new(), BTreeMap::new());
        RecordConfig {
            redact: true,
            exclude,
            window: None,
            windows,
            live_turns: 50,
            fill_percent: 80,
            archive_days: 30,
            output_lines: 20,
            output_width: 300,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            profile: None,
            obsidian: true,
            settle_seconds: 30,
            stamp_foreign_edits: true,
            trash_days: 30,
            record: RecordConfig::default(),
            profiles: toml::Table::new(),
        }
    }
}

impl RecordConfig {
    fn check(&self, path: &Path) -> Result<()> {
        let windows = self.window.iter().chain(self.windows.values());
        let wrong = if self.live_turns == 0 {
            "`live_turns` is 0: the newest turn always stays"
        } else if !(1..=100).contains(&self.fill_percent) {
            "`fill_percent` is not between 1 and 100"
        } else if windows.into_iter().any(|w| !(1..=u64::from(u32::MAX)).contains(w)) {
            "a context window is not between 1 and 4294967295 tokens"
        } else if self.exclude.iter().any(|p| p.trim().is_empty()) {
            "`exclude` holds an empty pattern"
        } else {
            return Ok(());
        };
        let hint = Some("correct it under [record]".to_string());
        Err(Error::Form { path: path.into(), line: None, message: wrong.to_string(), hint })
    }
}

impl Config {
    /// Reads the configuration in a journal's root; without a file, the defaults hold.
    ///
    /// # Errors
    /// [`Error::Form`] with line, key and the nearest known key.
    pub fn read(root: &Path) -> Result<Config> {
        let path = root.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
            Err(e) => Err(Error::io("read configuration", &path)(e)),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Config> {
        let config: Config = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            unknown_key(e.message(), path, line, "")
        })?;
        config.record.check(path)?;
        if let Some((name, _)) = config.profiles.iter().find(|(_, v)| !v.is_table()) {
            return Err(Error::Form {
                path: path.into(),
                line: None,
                message: format!("profile `{name}` is not a table"),
                hint: Some(format!("write [profiles.{name}]")),
            });
        }
        Ok(config)
    }
}
