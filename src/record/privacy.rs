//! What must not be recorded at all: projects and directories that are excluded or switched off.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};

/// File in the private directory that lists the directories for which recording is off, one a line.
pub const OFF: &str = "record.off";

/// Patterns and directories of which nothing is recorded.
#[derive(Debug, Clone, Default)]
pub struct Privacy {
    /// Names of projects, or paths, both with `*`; a path also stands for all below it.
    patterns: Vec<String>,
    off: Vec<PathBuf>,
}

/// Why something is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barrier {
    /// A pattern of the configuration.
    Excluded(String),
    /// A directory for which recording was switched off.
    Off(PathBuf),
}

impl Barrier {
    /// The refusal that says so.
    pub fn error(&self) -> Error {
        match self {
            Barrier::Excluded(pattern) => Error::refused(
                "record-excluded",
                format!("nothing of this is recorded: `{pattern}` is excluded"),
                "see `exclude` under [record] in shiftlog.toml and in your own config.toml; nothing was stored",
            ),
            Barrier::Off(dir) => Error::refused(
                "record-off",
                format!("recording is off in {}", dir.display()),
                "`shiftlog record on` there switches it on; nothing was stored",
            ),
        }
    }
}

impl Privacy {
    /// Reads which directories are switched off; patterns come from the configuration, relative paths below `root`.
    ///
    /// # Errors
    /// [`Error::Io`] when the list cannot be read: then nothing may be recorded.
    pub fn read(private: &Path, root: &Path, home: Option<&Path>, patterns: &[String]) -> Result<Privacy> {
        let absolute = |pattern: &String| match (pattern.strip_prefix("~/"), home) {
            (Some(below), Some(home)) => home.join(below).display().to_string(),
            _ if pattern.contains('/') => root.join(pattern).display().to_string(),
            _ => pattern.clone(),
        };
        Ok(Privacy { patterns: patterns.iter().map(absolute).collect(), off: off(private)? })
    }

    /// What stands against recording for this project in this directory.
    pub fn barrier(&self, project: Option<&str>, cwd: Option<&Path>) -> Option<Barrier> {
        let dirs = || cwd.into_iter().flat_map(Path::ancestors);
        if let Some(dir) = self.off.iter().find(|off| dirs().any(|dir| dir == *off)) {
            return Some(Barrier::Off(dir.clone()));
        }
        let fits = |pattern: &&String| {
            let one = |text: &str| fast_glob::glob_match(pattern.trim_end_matches('/'), text);
            match pattern.contains('/') {
                true => dirs().any(|dir| one(&dir.to_string_lossy())),
                false => project.is_some_and(one),
            }
        };
        self.patterns.iter().find(fits).cloned().map(Barrier::Excluded)
    }
}

/// Directories for which recording is off.
///
/// # Errors
/// [`Error::Io`]
pub fn off(private: &Path) -> Result<Vec<PathBuf>> {
    let file = private.join(OFF);
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.lines().filter(|l| !l.is_empty()).map(PathBuf::from).collect()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(Error::io("read", &file)(e)),
    }
}

/// Switches recording off or on for a directory and all below it; says whether that changed anything.
///
/// # Errors
/// [`Error::Io`]; [`Error::Refused`] where a directory above is switched off.
pub fn switch(private: &Path, dir: &Path, on: bool) -> Result<bool> {
    let mut dirs = off(private)?;
    let known = dirs.iter().any(|d| d == dir);
    if let Some(above) = dirs.iter().find(|d| *d != dir && dir.starts_with(d))
        && on
    {
        let message = format!("recording is off in {}, above this directory", above.display());
        return Err(Error::refused("record-off", message, "run `shiftlog record on` there"));
    }
    if known != on {
        return Ok(false);
    }
    dirs.retain(|d| d != dir);
    if !on {
        dirs.push(dir.to_path_buf());
    }
    let text: String = dirs.iter().map(|d| format!("{}\n", d.display())).collect();
    let file = private.join(OFF);
    let temp = private.join(format!("{OFF}.temp"));
    fs::write(&temp, text).and_then(|()| fs::rename(&temp, &file)).map_err(Error::io("write", &file))?;
    Ok(true)
}
