//! The person's own settings, from the platform's config directory alone: a journal can never name a program to run.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use shiftlog::journal::profile::unknown_key;

/// `config.toml`; every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Author of new logs.
    pub(crate) author: Option<String>,
    /// Editor command, before `$VISUAL` and `$EDITOR`.
    pub(crate) editor: Option<String>,
    /// Command that copies its standard input to the clipboard, for `handoff --copy`.
    pub(crate) clipboard: Option<String>,
    /// What is recorded, wherever it takes place.
    pub(crate) record: RecordSettings,
    /// The program that `capture` asks.
    pub(crate) summarize: SummarizeSettings,
}

/// `[summarize]` of `config.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SummarizeSettings {
    /// A command that gets the facts of a conversation as JSON and answers with a document; none: capture says it by itself.
    pub(crate) command: Option<String>,
    /// How many seconds it may take.
    pub(crate) seconds: u64,
}

impl Default for SummarizeSettings {
    fn default() -> Self {
        SummarizeSettings { command: None, seconds: 60 }
    }
}

/// `[record]` of `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RecordSettings {
    /// Projects and paths of which nothing is recorded.
    pub(crate) exclude: Vec<String>,
}

impl Settings {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Settings> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(_) if !path.exists() => return Ok(Settings::default()),
            Err(e) => return Err(e).with_context(|| format!("could not read settings: {}", path.display())),
        };
        toml::from_str(&text).map_err(|e| {
            let line = e.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            unknown_key(e.message(), path, line, "").into()
        })
    }

    /// The editor's command and its arguments.
    pub(crate) fn editor(&self) -> anyhow::Result<Vec<String>> {
        let env = |name| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        let command = self.editor.clone().or_else(|| env("VISUAL")).or_else(|| env("EDITOR")).unwrap_or_else(|| "vi".into());
        let words = shell_words::split(&command).with_context(|| format!("could not understand the editor command `{command}`"))?;
        anyhow::ensure!(!words.is_empty(), "the editor command is empty");
        Ok(words)
    }
}
