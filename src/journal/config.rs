//! Configuration: `shiftlog.toml` of a journal. Data only: no key in it can name a program to run.

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
    /// Profiles defined or overridden here.
    pub profiles: toml::Table,
}

impl Default for Config {
    fn default() -> Self {
        Config { profile: None, obsidian: true, settle_seconds: 30, stamp_foreign_edits: true, profiles: toml::Table::new() }
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
