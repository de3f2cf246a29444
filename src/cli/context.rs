//! What every command starts from: the journal, the log that is meant, the clock, the person's settings.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use etcetera::BaseStrategy;
use shiftlog::finish;
use shiftlog::journal::store::Store;
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
    pub(crate) fn new(journal: Option<PathBuf>, json: bool) -> anyhow::Result<Context> {
        let now = match variable("SHIFTLOG_NOW")? {
            Some(text) => DateTime::parse_from_rfc3339(&text)
                .with_context(|| format!("$SHIFTLOG_NOW is no RFC 3339 time: {text}"))?
                .with_timezone(&Utc),
            None => Utc::now(),
        };
        let named = std::env::var_os("SHIFTLOG_JOURNAL").filter(|j| !j.is_empty()).map(PathBuf::from);
        let cwd = std::env::current_dir().context("could not find the working directory")?;
        Ok(Context { ui: Ui::new(json), cwd, now, journal: journal.or(named) })
    }

    /// The journal of this command. What a killed `finish` left half done there is done first.
    pub(crate) fn journal(&self) -> anyhow::Result<Journal> {
        let places = Places { named: self.journal.clone(), cwd: self.cwd.clone(), home: home_journal() };
        let journal = Journal::find(&places)?;
        if finish::is_unfinished(&journal) {
            let store = Store::new(&journal.root, self.now);
            // Whoever holds the lock may be the one that is finishing it.
            match store.try_lock().and_then(|lock| lock.map_or(Ok(None), |lock| finish::complete(&journal, self.now, (&store, &lock)))) {
                Ok(said) => drop(self.notices(said.into_iter().collect())),
                Err(error) => drop(self.notices(vec![format!("what an interrupted `finish` began is not done yet: {error}")])),
            }
        }
        Ok(journal)
    }

    /// All journals that this person has: those that registered themselves and are still there, and the one here.
    pub(crate) fn journals(&self) -> Vec<Journal> {
        let known = state_dir().map(|d| d.join("journals")).and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let mut roots: Vec<PathBuf> = Vec::new();
        let mut journals = Vec::new();
        let here = self.journal().ok();
        let there = known.lines().map(Path::new).filter(|root| root.is_dir()).filter_map(|root| Journal::open(root).ok());
        for journal in here.into_iter().chain(there) {
            let root = std::fs::canonicalize(&journal.root).unwrap_or_else(|_| journal.root.clone());
            if !roots.contains(&root) {
                roots.push(root);
                journals.push(journal);
            }
        }
        journals
    }

    /// The directory that `--journal` names, or the working directory.
    pub(crate) fn here(&self) -> PathBuf {
        self.journal.as_ref().map_or_else(|| self.cwd.clone(), |j| self.cwd.join(j))
    }

    /// The log with this name; where there is none, what was passed over on the way is said, such as a damaged zip.
    pub(crate) fn resolve(&self, journal: &Journal, name: &str) -> shiftlog::journal::Result<Log> {
        journal.resolve(name, &self.cwd).inspect_err(|_| drop(self.notices(journal.notices())))
    }

    /// The log that is meant: the one named, else `$SHIFTLOG_SESSION`, else the newest.
    pub(crate) fn log(&self, journal: &Journal, named: Option<&str>) -> anyhow::Result<Log> {
        Ok(match self.bound(journal, named)? {
            Some(log) => log,
            None => self.resolve(journal, "@")?,
        })
    }

    /// The log that was named, by an argument or by `$SHIFTLOG_SESSION`, else that of the conversation in which an agent runs this
    /// command; both mean the session's newest part.
    pub(crate) fn bound(&self, journal: &Journal, named: Option<&str>) -> anyhow::Result<Option<Log>> {
        if let Some(name) = named {
            return Ok(Some(self.resolve(journal, name)?));
        }
        let Some(name) = variable("SHIFTLOG_SESSION")? else { return Ok(super::recorded::agents_log(self, journal)) };
        let log = self.resolve(journal, &name).with_context(|| format!("$SHIFTLOG_SESSION is `{name}`"))?;
        Ok(Some(journal.latest_part(log)?))
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

    /// Says which variables a template names in vain.
    pub(crate) fn undefined(&self, missing: &[String]) -> Vec<String> {
        self.notices(missing.iter().map(|name| format!("the template names `{name}`, which nothing defines")).collect())
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

/// A variable of the environment; an empty one counts as none.
fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text).filter(|t| !t.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(_) => anyhow::bail!("${name} is not valid UTF-8"),
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

/// Whether a program of this name is found where the system looks for programs.
pub(crate) fn in_path(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|dir| dir.join(program).is_file())
}
