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
    /// Where what names neither a project nor a directory belongs.
    here: Option<PathBuf>,
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
        let mut all = Vec::new();
        for pattern in patterns {
            let (base, below) = match (pattern.strip_prefix("~/"), home) {
                (Some(below), Some(home)) => (home, below),
                _ if pattern.starts_with('/') => (Path::new("/"), pattern.as_str()),
                _ if pattern.contains('/') => (root, pattern.as_str()),
                _ => {
                    all.push(pattern.clone());
                    continue;
                }
            };
            // All below a directory, and the directory.
            let below = below.trim_end_matches("/**");
            let below = below.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
            // Also as the system names it: a directory above may be a link.
            let real = fs::canonicalize(base).ok();
            all.extend([Some(base.to_path_buf()), real].into_iter().flatten().map(|base| format!("{}/{below}", escaped(&base))));
            all.extend(fs::canonicalize(base.join(&below)).ok().map(|path| escaped(&path)));
        }
        Ok(Privacy { patterns: all, off: off(private)?, here: None })
    }

    /// Says where what names neither a project nor a directory belongs.
    #[must_use]
    pub fn within(self, here: PathBuf) -> Privacy {
        Privacy { here: Some(here), ..self }
    }

    /// A number that changes with what is kept out.
    pub fn fingerprint(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(format!("{:?}{:?}", self.patterns, self.off).as_bytes())
    }

    /// What stands against recording for this project in this directory.
    pub fn barrier(&self, project: Option<&str>, cwd: Option<&Path>) -> Option<Barrier> {
        if self.patterns.is_empty() && self.off.is_empty() {
            return None;
        }
        let cwd = cwd.or(self.here.as_deref().filter(|_| project.is_none()));
        let real = cwd.map(real);
        let repository = real.as_deref().and_then(repository);
        // A linked worktree is the same project as the main one.
        let main = repository.as_deref().and_then(main_worktree);
        let places = [cwd, real.as_deref(), main.as_deref()];
        let dirs = || places.iter().flatten().flat_map(|dir| dir.ancestors());
        if let Some(dir) = self.off.iter().find(|off| dirs().any(|dir| dir == *off)) {
            return Some(Barrier::Off(dir.clone()));
        }
        let name = |dir: &Option<PathBuf>| dir.as_ref()?.file_name().map(|name| name.to_string_lossy().into_owned());
        let names = [project.map(str::to_string), name(&repository), name(&main)];
        let fits = |pattern: &&String| match pattern.contains('/') {
            true => dirs().any(|dir| fast_glob::glob_match(pattern.as_str(), dir.to_string_lossy().as_bytes())),
            false => names.iter().flatten().any(|name| fast_glob::glob_match(pattern.as_str(), name)),
        };
        self.patterns.iter().find(fits).cloned().map(Barrier::Excluded)
    }
}

/// A directory as the system names it; of one that is gone, what is left of it.
fn real(dir: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in dir.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            std::path::Component::CurDir => {}
            part => plain.push(part),
        }
    }
    let there = plain.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    match there {
        Some((above, real)) => real.join(plain.strip_prefix(above).unwrap_or(Path::new(""))),
        None => plain,
    }
}

/// A path as a part of a pattern, without its first slash.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '!' | '\\');
    let text: String = text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect();
    if text == "/" { String::new() } else { text }
}

/// The nearest directory with `.git`, from this one upwards.
pub fn repository(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().find(|dir| dir.join(".git").exists()).map(Path::to_path_buf)
}

/// The main worktree of a linked one: its `.git` is a file that names `MAIN/.git/worktrees/NAME`.
fn main_worktree(repository: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(repository.join(".git")).ok()?;
    let within = repository.join(text.strip_prefix("gitdir:")?.trim());
    let git = within.ancestors().find(|dir| dir.ends_with(".git"))?;
    git.parent().and_then(|main| fs::canonicalize(main).ok())
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
    if dir.to_str().is_none_or(|dir| dir.contains('\n')) {
        let message = format!("the name of this directory cannot be noted: {}", dir.display());
        return Err(Error::refused("bad-path", message, "name it under `exclude` in shiftlog.toml with a pattern, or rename it"));
    }
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
