//! What every command starts from: the journal, the log that is meant, the clock, the person's settings.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use etcetera::BaseStrategy;
use shiftlog::journal::{Journal, Log, Places};

use super::settings::Settings;
use super::ui::Ui;

/// The environment of a command, asked once.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where to print.
    pub(crate) ui: Ui,
    /// The working directory.
    pub(crate) cwd: PathBuf,
    /// Now, or `$SHIFTLOG_NOW` (RFC 3339) for reproducible logs.
    pub(crate) now: DateTime<Utc>,
    journal: Option<PathBuf>,
}

impl Context {
    pub(crate) fn new(journal: Option<PathBuf>, json: bool) -> Context {
        let fixed = std::env::var("SHIFTLOG_NOW").ok().and_then(|t| DateTime::parse_from_rfc3339(&t).ok());
        Context {
            ui: Ui::new(json),
            cwd: std::env::current_dir().unwrap_or_default(),
            now: fixed.map_or_else(Utc::now, |t| t.with_timezone(&Utc)),
            journal,
        }
    }

    /// The journal of this command.
    pub(crate) fn journal(&self) -> anyhow::Result<Journal> {
        let places = Places { named: self.journal.clone(), cwd: self.cwd.clone(), home: home_journal() };
        Ok(Journal::find(&places)?)
    }

    /// The directory that `--journal` names, or the working directory.
    pub(crate) fn here(&self) -> PathBuf {
        self.journal.as_ref().map_or_else(|| self.cwd.clone(), |j| self.cwd.join(j))
    }

    /// The log that is meant: the one named, else `$SHIFTLOG_SESSION`, else the newest.
    pub(crate) fn log(&self, journal: &Journal, named: Option<&str>) -> anyhow::Result<Log> {
        let env = std::env::var("SHIFTLOG_SESSION").ok().filter(|s| !s.is_empty());
        Ok(journal.resolve(named.or(env.as_deref()).unwrap_or("@"), &self.cwd)?)
    }

    /// The person's settings.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        Settings::read(&config_dir().map(|d| d.join("config.toml")).unwrap_or_default())
    }

    /// Says what was met on the way, and lists it for JSON answers.
    pub(crate) fn notices(&self, notices: Vec<String>) -> Vec<String> {
        for notice in &notices {
            self.ui.say(format_args!("note: {}", super::ui::visible(notice)));
        }
        notices
    }

    /// Remembers the journal in the person's state directory, so that it can be found from anywhere.
    ///
    /// Failing to is no reason to fail the command: the journal itself is complete.
    pub(crate) fn register(&self, root: &Path) {
        let Some(file) = state_dir().map(|d| d.join("journals")) else { return };
        let Ok(root) = std::fs::canonicalize(root) else { return };
        let line = format!("{}\n", root.display());
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        if known.contains(&line) {
            return;
        }
        let _ = file.parent().map(std::fs::create_dir_all);
        if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(&file) {
            let _ = std::io::Write::write_all(&mut file, line.as_bytes());
        }
    }
}

/// `$SHIFTLOG_HOME`, else `shiftlog` under the platform's data directory.
pub(crate) fn home_journal() -> Option<PathBuf> {
    let named = std::env::var_os("SHIFTLOG_HOME").filter(|h| !h.is_empty()).map(PathBuf::from);
    named.or_else(|| etcetera::choose_base_strategy().ok().map(|s| s.data_dir().join("shiftlog")))
}

fn config_dir() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|s| s.config_dir().join("shiftlog"))
}

fn state_dir() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("shiftlog"))
}
