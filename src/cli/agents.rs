//! What commands that take in agents' conversations share: where agents keep them, and which of them belong to a journal.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shiftlog::agents::{Homes, Limits, VARIABLES};
use shiftlog::journal::{Journal, Places};
use shiftlog::record::privacy::{self, Privacy};
use shiftlog::record::transcript::Transcript;

use super::context::home_journal;

/// Where agents keep their things on this machine.
pub(crate) fn homes() -> Homes {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = etcetera::home_dir().unwrap_or_default();
    let data = set("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
    let named = VARIABLES.iter().filter_map(|name| Some((*name, set(name)?))).collect();
    Homes { home, data, named }
}

/// How much of what tools print a journal keeps.
pub(crate) fn limits(journal: &Journal) -> Limits {
    Limits { lines: journal.config.record.output_lines, line: journal.config.record.output_width }
}

/// Which conversations a journal takes.
pub(crate) struct Choice {
    /// All, or those of directories whose journal it is.
    all: bool,
    root: PathBuf,
    home: Option<PathBuf>,
    /// What is known of directories: whether they are the journal's, and the name of their project.
    known: Mutex<HashMap<String, (bool, Option<String>)>>,
}

impl Choice {
    pub(crate) fn new(journal: &Journal, all: bool) -> Choice {
        let root = real(&journal.root);
        Choice { all, root, home: home_journal(), known: Mutex::new(HashMap::new()) }
    }

    /// Whether a conversation is one of them; what project it is about is filled in.
    pub(crate) fn takes(&self, transcript: &mut Transcript) -> bool {
        let Some(cwd) = transcript.cwd.as_deref() else { return self.all };
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (here, project) =
            known.entry(cwd.to_string()).or_insert_with(|| (self.all || self.is_here(Path::new(cwd)), project(Path::new(cwd))));
        transcript.project = transcript.project.take().or_else(|| project.clone());
        *here
    }

    fn is_here(&self, cwd: &Path) -> bool {
        let places = Places { named: None, cwd: cwd.to_path_buf(), home: self.home.clone() };
        Journal::find(&places).is_ok_and(|journal| real(&journal.root) == self.root)
    }

    /// A number that stands for what is left out.
    pub(crate) fn number(&self, privacy: &Privacy) -> i64 {
        let what = if self.all { 0 } else { 2 };
        ((privacy.fingerprint() << 2) | what | 1).cast_signed()
    }
}

fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Name of the project in a directory, which may be gone.
pub(crate) fn project(cwd: &Path) -> Option<String> {
    let root = privacy::repository(cwd).unwrap_or_else(|| cwd.to_path_buf());
    root.file_name().map(|name| name.to_string_lossy().into_owned())
}
