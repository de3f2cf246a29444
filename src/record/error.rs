//! What can go wrong in the record: facts for the caller to branch on and to print.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::status::{Action, Status};

/// Result of everything in this module.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure on the record's side; nothing was stored unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("could not {action}: {}", path.display())]
    Io {
        /// What was being done, as an infinitive.
        action: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Other programs held the database all the time.
    #[error("the record is busy: another program holds it: {}", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
        /// Where the input was kept, for the next command to take in.
        kept: Option<PathBuf>,
    },
    /// The file is no database, or not a whole one.
    #[error("the record is damaged: {message}: {}", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        message: String,
    },
    /// The database was made by a newer version.
    #[error("the record has version {version}, this program knows {known}: {}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        version: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Another failure of the database.
    #[error("the record failed: {message}: {}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        message: String,
    },
    /// No conversation has this id.
    #[error("no conversation `{name}`")]
    NotFound {
        /// What was asked for.
        name: String,
        /// The most recent ids.
        recent: Vec<String>,
    },
    /// A beginning or end of an id fits several conversations.
    #[error("`{name}` fits {} conversations", candidates.len())]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Those that fit, ten at most.
        candidates: Vec<String>,
    },
    /// A change of status that is not allowed.
    #[error("{id} is {status} and cannot be {}", done(*action))]
    Transition {
        /// The conversation.
        id: String,
        /// Its status.
        status: Status,
        /// What was to be done with it.
        action: Action,
    },
    /// A turn for a conversation that takes none.
    #[error("{id} is {status}: it takes no turns")]
    NotActive {
        /// The conversation.
        id: String,
        /// Its status.
        status: Status,
    },
    /// A line of an import that cannot be understood.
    #[error("{message}: {}:{line}", path.display())]
    Line {
        /// The file, or `-`.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// Refused, for the reason given.
    #[error("{message}")]
    Refused {
        /// Machine-readable kind.
        kind: &'static str,
        /// One sentence.
        message: String,
        /// What to do instead.
        hint: String,
    },
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Close => "closed",
        Action::Pause => "paused",
        Action::Resume => "resumed",
    }
}

impl Error {
    /// Wraps a system error with what was being done to which file.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { action, path, source }
    }

    /// A refusal with a remedy.
    pub fn refused(kind: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::Refused { kind, message: message.into(), hint: hint.into() }
    }

    /// Names the database's file where that is not known yet.
    pub(super) fn at(self, file: &Path) -> Error {
        let named = |path: PathBuf| if path.as_os_str().is_empty() { file.to_path_buf() } else { path };
        match self {
            Error::Busy { path, kept } => Error::Busy { path: named(path), kept },
            Error::Damaged { path, message } => Error::Damaged { path: named(path), message },
            Error::Database { path, message } => Error::Database { path: named(path), message },
            Error::Io { action, path, source } => Error::Io { action, path: named(path), source },
            other => other,
        }
    }

    /// The word that names this failure in `--json` answers.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk-full",
            Error::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => "permission-denied",
            Error::Io { .. } => "io",
            Error::Busy { .. } => "record-busy",
            Error::Damaged { .. } => "record-damaged",
            Error::Newer { .. } => "record-newer",
            Error::Database { .. } => "record-failed",
            Error::NotFound { .. } => "conversation-not-found",
            Error::Ambiguous { .. } => "conversation-ambiguous",
            Error::Transition { .. } => "transition-refused",
            Error::NotActive { .. } => "conversation-not-active",
            Error::Line { .. } => "bad-input",
            Error::Refused { kind, .. } => kind,
        }
    }

    /// Other things that the person may have meant.
    pub fn candidates(&self) -> Vec<String> {
        match self {
            Error::NotFound { recent, .. } => recent.clone(),
            Error::Ambiguous { candidates, .. } => candidates.clone(),
            Error::Transition { status, .. } => status.allowed().iter().map(|s| (*s).to_string()).collect(),
            _ => Vec::new(),
        }
    }

    /// What to do about it, as one line.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull => "the disk is full; what was stored before is safe: free some space and run it again".into(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "check the permissions of .shiftlog".into(),
                _ => return None,
            },
            Error::Busy { kept: Some(kept), .. } => {
                format!("the input is kept in {}; the next command that writes takes it in: do not send it again", kept.display())
            }
            Error::Busy { .. } => "wait for the other program, and run the command again".into(),
            Error::Damaged { .. } => {
                "it was left as it is: move record.db, record.db-wal and record.db-shm away and keep them, then bring \
                                      a backup back with `shiftlog backup --restore`"
                    .into()
            }
            Error::Newer { .. } => "use the newest shiftlog; nothing was changed".into(),
            Error::Database { .. } => "`shiftlog doctor` looks at the record".into(),
            Error::NotFound { recent, .. } if recent.is_empty() => {
                "there are no conversations yet: `shiftlog import` takes in those of agents, `manage-session --action create` begins one"
                    .into()
            }
            Error::NotFound { recent, .. } => format!("the most recent ones are {}", recent.join(", ")),
            Error::Ambiguous { candidates, .. } => format!("give more of the id: {}", candidates.join(", ")),
            Error::Transition { id, status, action } => transition_hint(id, *status, *action),
            Error::NotActive { id, status: Status::Paused } => resume(id),
            Error::NotActive { .. } => {
                "begin a new one with `shiftlog manage-session --action create`, or go on from this one with `shiftlog conversation branch`"
                    .into()
            }
            Error::Line { .. } => "correct that line and import the file again; nothing of it was stored".into(),
            Error::Refused { hint, .. } if hint.is_empty() => return None,
            Error::Refused { hint, .. } => hint.clone(),
        })
    }
}

fn resume(id: &str) -> String {
    format!("resume it first: shiftlog manage-session --action resume --session-id {id}")
}

fn transition_hint(id: &str, status: Status, action: Action) -> String {
    match (status, action) {
        (Status::Paused, Action::Close) => resume(id),
        (Status::Archived, _) => "it stays archived: go on from it with `shiftlog conversation branch`".into(),
        _ => format!("from {status} it may become {}", status.allowed().join(", ")),
    }
}

impl From<rusqlite::Error> for Error {
    /// The caller adds the path.
    fn from(error: rusqlite::Error) -> Error {
        let path = PathBuf::new();
        let message = error.to_string();
        let io = |kind| Error::Io { action: "write the record", path: PathBuf::new(), source: io::Error::new(kind, message.clone()) };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { path, kept: None },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Damaged { path, message },
            Some(ErrorCode::DiskFull) => io(io::ErrorKind::StorageFull),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => io(io::ErrorKind::PermissionDenied),
            _ => Error::Database { path, message },
        }
    }
}
