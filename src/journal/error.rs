//! What can go wrong in a journal: facts for the caller to branch on and to print, no formatting beyond one sentence.

use std::io;
use std::path::{Path, PathBuf};

/// Result of everything in this module.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure on the journal side; nothing was changed on disk unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No journal was found from the place where the command was run.
    #[error("no journal found from {}", start.display())]
    NoJournal {
        /// Directory the search began in.
        start: PathBuf,
    },
    /// The operating system refused.
    #[error("could not {action}: {}", path.display())]
    Io {
        /// What was being done, as an infinitive: `read log`.
        action: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// No log has this id, prefix or path.
    #[error("no log `{name}` in this journal")]
    LogNotFound {
        /// What was asked for.
        name: String,
        /// Ids that exist and come near.
        candidates: Vec<String>,
    },
    /// A prefix fits several logs.
    #[error("`{name}` fits {} logs", candidates.len())]
    AmbiguousLog {
        /// What was asked for.
        name: String,
        /// All that fit.
        candidates: Vec<String>,
    },
    /// A path or id that does not lie in this journal, or is no plain file.
    #[error("{why}: {}", path.display())]
    NotALog {
        /// The path.
        path: PathBuf,
        /// Why it is no log.
        why: &'static str,
    },
    /// The file is not valid UTF-8; it is kept as it is.
    #[error("not valid UTF-8 at byte {offset}: {}", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Offset of the first invalid byte, from 0.
        offset: usize,
    },
    /// The frontmatter is not valid YAML.
    #[error("broken YAML: {message}: {}:{line}:{column}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Line in the file, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser expected.
        message: String,
    },
    /// A document, configuration or profile that does not have the expected form.
    #[error("{message}: {}{}", path.display(), line.map_or(String::new(), |l| format!(":{l}")))]
    Form {
        /// The file, or `-`.
        path: PathBuf,
        /// Line, from 1, where known.
        line: Option<usize>,
        /// What is wrong, naming the key.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A template does not parse or does not render.
    #[error("template error: {message}: {}:{line}:{column}", path.display())]
    Template {
        /// The template's file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The reason.
        message: String,
    },
    /// A word that is none of the known ones.
    #[error("unknown {what} `{given}`")]
    Unknown {
        /// What kind of word: `kind`, `status`, `section`, …
        what: &'static str,
        /// What was typed.
        given: String,
        /// All that are known here.
        known: Vec<String>,
    },
    /// A change of status that the profile does not allow.
    #[error("status `{from}` cannot become `{to}`")]
    Transition {
        /// Status now.
        from: String,
        /// Status asked for.
        to: String,
        /// What is allowed from here.
        allowed: Vec<String>,
        /// Whether `--reopen` would allow it.
        reopen: bool,
    },
    /// `SECTION:N` is not what the person saw there.
    #[error("{entry} is not the entry that `show` last printed there")]
    EntryMoved {
        /// `section:n`.
        entry: String,
    },
    /// No entry fits.
    #[error("no {what} `{name}`")]
    EntryNotFound {
        /// What was looked for.
        what: &'static str,
        /// As typed.
        name: String,
        /// What there is.
        candidates: Vec<String>,
    },
    /// Several entries fit.
    #[error("`{name}` fits {} entries", candidates.len())]
    AmbiguousEntry {
        /// As typed.
        name: String,
        /// `section:n text` of each.
        candidates: Vec<String>,
    },
    /// Somebody else's save could not be merged with this change; theirs stands.
    #[error("the log was changed by another program meanwhile, and this change does not fit it: {}", path.display())]
    Conflict {
        /// The log.
        path: PathBuf,
    },
    /// The same, at a place within a document.
    #[error("`{at}`: {error}")]
    At {
        /// Where: `decisions[0]`.
        at: String,
        /// What is wrong there.
        error: Box<Error>,
    },
    /// Refused, for the reason given.
    #[error("{message}")]
    Refused {
        /// Machine-readable kind.
        kind: &'static str,
        /// One sentence.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
}

impl Error {
    /// Wraps a system error with what was being done to which file.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { action, path, source }
    }

    /// A refusal with a remedy.
    pub fn refused(kind: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Error {
        let hint = hint.into();
        Error::Refused { kind, message: message.into(), hint: (!hint.is_empty()).then_some(hint) }
    }

    /// The word that names this failure in `--json` answers.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::NoJournal { .. } => "no-journal",
            Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "disk-full",
            Error::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => "permission-denied",
            Error::Io { .. } => "io",
            Error::LogNotFound { .. } => "log-not-found",
            Error::AmbiguousLog { .. } => "log-ambiguous",
            Error::NotALog { .. } => "not-a-log",
            Error::NotUtf8 { .. } => "not-utf8",
            Error::Yaml { .. } => "broken-yaml",
            Error::Form { .. } => "bad-input",
            Error::Template { .. } => "template-error",
            Error::Unknown { .. } => "unknown-word",
            Error::Transition { .. } => "transition-refused",
            Error::EntryMoved { .. } => "entry-moved",
            Error::EntryNotFound { .. } => "entry-not-found",
            Error::AmbiguousEntry { .. } => "entry-ambiguous",
            Error::Conflict { .. } => "conflict",
            Error::Refused { kind, .. } => kind,
            Error::At { error, .. } => error.kind(),
        }
    }

    /// Other things that the person may have meant.
    pub fn candidates(&self) -> &[String] {
        match self {
            Error::LogNotFound { candidates, .. }
            | Error::AmbiguousLog { candidates, .. }
            | Error::EntryNotFound { candidates, .. }
            | Error::AmbiguousEntry { candidates, .. } => candidates,
            Error::Unknown { known, .. } => known,
            Error::Transition { allowed, .. } => allowed,
            Error::At { error, .. } => error.candidates(),
            _ => &[],
        }
    }

    /// What to do about it, as one line.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::NoJournal { .. } => "make one here with `shiftlog init`, or name one with `--journal DIR`".into(),
            Error::LogNotFound { candidates, .. } if candidates.is_empty() => {
                "`shiftlog list` shows all logs, `shiftlog new` starts one".into()
            }
            Error::LogNotFound { candidates, .. } => format!("did you mean {}?", quoted(candidates, 5)),
            Error::AmbiguousLog { candidates, .. } => format!("give more of the id: {}", quoted(candidates, 10)),
            Error::At { error, .. } => return error.hint(),
            Error::NotUtf8 { path, .. } if path == Path::new("-") => return None,
            Error::NotUtf8 { .. } => "the file is kept as it is; convert it to UTF-8 to edit it".into(),
            Error::Yaml { .. } => "correct that line in an editor; the file was not touched".into(),
            Error::Form { hint, .. } | Error::Refused { hint, .. } => return hint.clone(),
            Error::Template { .. } => "correct the template; nothing was written".into(),
            Error::Unknown { known, .. } if known.is_empty() => "there are none here".into(),
            Error::Unknown { given, known, .. } => match nearest(given, known) {
                Some(near) => format!("did you mean `{near}`? known here: {}", quoted(known, 30)),
                None => format!("known here: {}", quoted(known, 30)),
            },
            Error::Transition { allowed, reopen, from, .. } => {
                let allowed = if allowed.is_empty() { "nothing".into() } else { quoted(allowed, 10) };
                let back = if *reopen { "; going back needs `--reopen`" } else { "" };
                format!("from `{from}` it may become {allowed}{back}")
            }
            Error::EntryMoved { .. } => "the log changed, or was not shown yet: run `shiftlog show` and take the number from there".into(),
            Error::EntryNotFound { candidates, .. } if candidates.is_empty() => return None,
            Error::EntryNotFound { candidates, .. } => format!("there is {}", quoted(candidates, 10)),
            Error::AmbiguousEntry { candidates, .. } => format!("name one as SECTION:N: {}", quoted(candidates, 10)),
            Error::Conflict { .. } => "look at the log, then run the command again".into(),
            Error::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull => "the disk is full; nothing was lost: free some space and run the command again".into(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "check the permissions of the file and its directory".into()
                }
                _ => return None,
            },
            Error::NotALog { .. } => "name a log by its id, a unique prefix, its path, or `@` for the newest".into(),
        })
    }
}

fn quoted(words: &[String], most: usize) -> String {
    let mut list = words.iter().take(most).map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
    if words.len() > most {
        list.push_str(&format!(" and {} more", words.len() - most));
    }
    list
}

/// The known word that comes nearest to what was typed, if one comes near at all.
pub fn nearest<'a>(given: &str, known: &'a [String]) -> Option<&'a str> {
    let given = given.to_lowercase();
    let score = |word: &str| {
        let word = word.to_lowercase();
        let slip = strsim::osa_distance(&given, &word) <= 1;
        strsim::jaro_winkler(&given, &word).max(if slip { 0.8 } else { 0.0 })
    };
    known
        .iter()
        .map(|word| (score(word), word.as_str()))
        .filter(|(s, _)| *s > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}
