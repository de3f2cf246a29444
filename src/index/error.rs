//! What can go wrong with an index; none of it loses anything that is not an index.

use std::io;
use std::path::{Path, PathBuf};

use crate::{journal, record};

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory of the index.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The search engine.
    #[error("the index failed: {0}")]
    Engine(String),
    /// A log could not be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// The record could not be read.
    #[error(transparent)]
    Record(#[from] record::Error),
}

/// A result.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Names what was tried where.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { action, path, source }
    }

    /// What the engine says of a file of its own.
    pub(super) fn engine(error: &dyn std::fmt::Display) -> Error {
        Error::Engine(error.to_string())
    }

    /// One word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Io { .. } => "io",
            Error::Engine(_) => "index",
            Error::Journal(error) => error.kind(),
            Error::Record(error) => error.kind(),
        }
    }

    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Io { .. } | Error::Engine(_) => Some("`shiftlog index --rebuild` makes the index anew; nothing but time is lost".into()),
            Error::Journal(error) => error.hint(),
            Error::Record(error) => error.hint(),
        }
    }
}

impl From<tantivy::TantivyError> for Error {
    fn from(error: tantivy::TantivyError) -> Error {
        Error::Engine(error.to_string())
    }
}
