//! Why nothing could be installed: facts, with the remedy.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of installing; the file it names was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("could not {action}: {}", path.display())]
    Io {
        /// What was being done, as an infinitive: `read settings`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A settings file is not what its agent reads.
    #[error("{why}: {}:{line}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// The file was changed by another program while it was being edited.
    #[error("another program changed it meanwhile: {}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The path of the program is not valid UTF-8, so that no settings file can hold it.
    #[error("the program's path is not valid UTF-8: {}", path.display())]
    Program {
        /// The path.
        path: PathBuf,
    },
}

impl Error {
    /// Wraps an error of the system.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { action, path, source }
    }

    /// The word that names this failure in `--json` answers.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => "permission-denied",
            Error::Io { .. } => "io",
            Error::Broken { .. } => "settings-broken",
            Error::Changed { .. } => "conflict",
            Error::Program { .. } => "not-utf8",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Io { .. } => return None,
            Error::Broken { .. } => "correct that line in an editor, or name only other agents; nothing was written".into(),
            Error::Changed { .. } => "run the command again".into(),
            Error::Program { .. } => "move the program, or name another path with --program".into(),
        })
    }
}
