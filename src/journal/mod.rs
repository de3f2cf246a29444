//! The Markdown side: journals, their logs, and every change to them.
//!
//! A [`Journal`] is a directory that was found or made; a [`Log`] is one of its files. Reading never writes. Everything that
//! writes goes through [`store`].

pub mod archive;
pub mod backlinks;
pub mod backup;
pub mod carry;
pub mod catalogue;
pub mod change;
pub mod complete;
pub mod config;
pub mod document;
pub mod drawing;
pub mod edit;
pub mod entry;
pub mod error;
pub mod frontmatter;
pub mod graph;
pub mod id;
pub mod lifecycle;
pub mod links;
pub mod lint;
pub mod markdown;
pub mod mend;
pub mod outline;
pub mod parts;
pub mod placeholder;
pub mod profile;
pub mod prune;
pub mod relocate;
pub mod sections;
pub mod seen;
pub mod shown;
pub mod store;
pub mod summary;
pub mod sync;
pub mod template;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use walkdir::WalkDir;

use catalogue::Catalogue;
use config::Config;
pub use error::{Error, Result};
use placeholder::Placeholders;
use profile::Profile;
use seen::Seen;

/// Where to look for a journal; the caller has asked the environment.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// `--journal` or `$SHIFTLOG_JOURNAL`.
    pub named: Option<PathBuf>,
    /// The working directory.
    pub cwd: PathBuf,
    /// The home journal's directory.
    pub home: Option<PathBuf>,
}

/// A directory that holds session logs.
#[derive(Debug)]
pub struct Journal {
    /// The directory that holds `.shiftlog/` and the logs' directories.
    pub root: PathBuf,
    /// Its configuration.
    pub config: Config,
    profiles: Vec<Arc<Profile>>,
    notices: std::cell::RefCell<Vec<String>>,
    memory: std::cell::RefCell<Option<Seen>>,
    left: std::cell::RefCell<HashMap<String, Arc<Placeholders>>>,
}

/// In which of the profile's directories a log lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A monthly zip: read-only.
    Archived,
    /// No longer live.
    Recent,
    /// Live.
    Live,
}

/// A log of a journal.
#[derive(Debug, Clone)]
pub struct Log {
    /// File name without `.md`.
    pub id: String,
    /// Its file, or the zip that holds it.
    pub path: PathBuf,
    /// Name inside the zip.
    pub member: Option<String>,
    /// Where it lies.
    pub place: Place,
    /// The format it follows.
    pub profile: Arc<Profile>,
}

const MARKERS: [&str; 5] = [store::PRIVATE, config::FILE, "sessions/current", "library/sessions/current", ".agents/sessions"];

impl Journal {
    /// Finds the journal: the one named; the main worktree's of a linked git worktree; the nearest ancestor's; the home journal.
    ///
    /// # Errors
    /// [`Error::NoJournal`]; [`Error::Form`] for a bad configuration.
    pub fn find(places: &Places) -> Result<Journal> {
        if let Some(named) = &places.named {
            let root = places.cwd.join(named);
            return match root.is_dir() {
                true => Journal::open(&root),
                false => Err(Error::NoJournal { start: root }),
            };
        }
        if let Some(main) = main_worktree(&places.cwd).filter(|m| m.join(store::PRIVATE).is_dir()) {
            return Journal::open(&main);
        }
        let near = places.cwd.ancestors().find(|dir| MARKERS.iter().any(|m| dir.join(m).exists()) && places.home.as_deref() != Some(*dir));
        let home = || places.home.as_deref().filter(|h| h.join(store::PRIVATE).is_dir());
        match near.or_else(home) {
            Some(root) => Journal::open(root),
            None => Err(Error::NoJournal { start: places.cwd.clone() }),
        }
    }

    /// Opens the journal in this directory.
    ///
    /// # Errors
    /// [`Error::Form`] for a bad configuration or profile.
    pub fn open(root: &Path) -> Result<Journal> {
        let config = Config::read(root)?;
        let file = root.join(config::FILE);
        let mut profiles = Vec::new();
        if let Some(name) = &config.profile {
            profiles.push(Arc::new(Profile::load(name, &config.profiles, &file)?));
        }
        for name in Profile::known(&config.profiles) {
            if !profiles.iter().any(|p: &Arc<Profile>| p.id == name) {
                profiles.push(Arc::new(Profile::load(&name, &config.profiles, &file)?));
            }
        }
        Ok(Journal {
            root: root.to_path_buf(),
            config,
            profiles,
            notices: Vec::new().into(),
            memory: None.into(),
            left: HashMap::new().into(),
        })
    }

    /// The profile with this name.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn profile(&self, name: &str) -> Result<Arc<Profile>> {
        let known = || self.profiles.iter().map(|p| p.id.clone()).collect();
        self.profiles.iter().find(|p| p.id == name).cloned().ok_or_else(|| Error::Unknown {
            what: "profile",
            given: name.to_string(),
            known: known(),
        })
    }

    /// The profile of new logs: the configured one, else `resonance7` where it lives here, else whichever does.
    pub fn default_profile(&self) -> Arc<Profile> {
        let configured = self.config.profile.as_ref().and_then(|name| self.profiles.iter().find(|p| p.id == *name));
        let present = || {
            self.profiles
                .iter()
                .find(|p| p.id == "resonance7" && self.is_present(p))
                .or_else(|| self.profiles.iter().find(|p| self.is_present(p)))
        };
        configured.or_else(present).unwrap_or(&self.profiles[0]).clone()
    }

    fn is_present(&self, profile: &Profile) -> bool {
        profile.roots.iter().any(|r| self.root.join(r).join(&profile.live[0]).is_dir())
    }

    /// A directory of a profile, below whichever of its roots is in use.
    pub fn dir(&self, profile: &Profile, dir: &str) -> PathBuf {
        let used = profile.roots.iter().find(|r| self.root.join(r).join(&profile.live[0]).is_dir());
        let fresh = || profile.roots.iter().find(|r| !r.is_empty() && self.root.join(r).join("templates").is_dir());
        let root = used.or_else(fresh).or(profile.roots.first()).map(String::as_str).unwrap_or_default();
        if root.is_empty() { self.root.join(dir) } else { self.root.join(root).join(dir) }
    }

    fn places(&self, profile: &Profile) -> Vec<(Place, PathBuf)> {
        let mut places: Vec<_> = profile.live.iter().map(|d| (Place::Live, self.dir(profile, d))).collect();
        places.extend(profile.recent.iter().map(|d| (Place::Recent, self.dir(profile, d))));
        places.extend(profile.archive.iter().map(|d| (Place::Archived, self.dir(profile, d))));
        places
    }

    /// The directories that hold logs, each once; `upto` leaves out what lies further away.
    fn directories(&self, upto: Place) -> Vec<(Place, PathBuf, &Arc<Profile>)> {
        let mut found: Vec<(Place, PathBuf, &Arc<Profile>)> = Vec::new();
        for profile in &self.profiles {
            for (place, dir) in self.places(profile) {
                if place >= upto && !found.iter().any(|(_, d, _)| *d == dir) && dir.is_dir() {
                    found.push((place, dir, profile));
                }
            }
        }
        found
    }

    /// All logs, in no order; `upto` leaves out what lies further away.
    ///
    /// # Errors
    /// [`Error::Io`] when a directory cannot be read.
    pub fn logs(&self, upto: Place) -> Result<Vec<Log>> {
        let mut logs = Vec::new();
        for (place, dir, profile) in self.directories(upto) {
            match place {
                Place::Archived => logs.extend(self.archived(profile, &dir)?),
                _ => logs.extend(in_dir(profile, place, &dir)?),
            }
        }
        if upto == Place::Archived {
            // What is also in a zip, or in several, is one log: the nearest copy counts, of several zips the last.
            // So is one that was archived before it became a first part.
            let mut near: HashSet<String> = logs.iter().filter(|l| l.place != Place::Archived).map(|l| l.id.clone()).collect();
            near.extend(logs.iter().filter_map(|l| l.id.strip_suffix(catalogue::FIRST_PART).map(str::to_string)));
            let mut zipped = HashSet::new();
            logs.reverse();
            logs.retain(|l| l.place != Place::Archived || (!near.contains(&l.id) && zipped.insert(l.id.clone())));
            logs.reverse();
            // Older versions that a zip keeps are for `restore` only.
            let older = |id: &str| {
                id.rsplit_once('.').is_some_and(|(id, n)| n.parse::<u32>().is_ok() && (near.contains(id) || zipped.contains(id)))
            };
            logs.retain(|l| l.place != Place::Archived || !older(&l.id));
        }
        Ok(logs)
    }

    /// The files that logs and their zips are, and those that decide how logs are read, in no order; zips are not opened.
    ///
    /// # Errors
    /// [`Error::Io`] when a directory cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = self.shaping();
        for (place, dir, profile) in self.directories(Place::Archived) {
            match place {
                Place::Archived => files.extend(archive::zips(&dir)?),
                _ => files.extend(in_dir(profile, place, &dir)?.into_iter().map(|log| log.path)),
            }
        }
        Ok(files)
    }

    /// The files that decide how logs are read: the configuration and the workspace's templates.
    pub fn shaping(&self) -> Vec<PathBuf> {
        let templates = self.profiles.iter().filter_map(|p| p.template.as_ref()).map(|t| self.root.join(t));
        let mut files: Vec<PathBuf> = std::iter::once(self.root.join(config::FILE)).chain(templates).filter(|f| f.is_file()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// What was met on the way that the person should know of, such as a damaged archive that was passed over.
    pub fn notices(&self) -> Vec<String> {
        self.notices.take()
    }

    /// The log with this id, unique prefix or path; `@` is the newest.
    ///
    /// # Errors
    /// [`Error::LogNotFound`], [`Error::AmbiguousLog`], [`Error::NotALog`].
    pub fn resolve(&self, name: &str, cwd: &Path) -> Result<Log> {
        let name = name.trim().trim_start_matches("[[").trim_end_matches("]]");
        if name == "@" {
            return self.newest()?.ok_or_else(|| Error::LogNotFound { name: "@".into(), candidates: Vec::new() });
        }
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(Error::LogNotFound { name: name.escape_debug().to_string(), candidates: Vec::new() });
        }
        let stem = name.strip_suffix(".md").unwrap_or(name);
        let mut logs = self.logs(Place::Recent)?;
        if let Some(log) = exact(&logs, stem) {
            return Ok(log);
        }
        if name.contains(['/', '\\']) || cwd.join(name).is_file() {
            return self.log_at(&cwd.join(name));
        }
        // What may be a whole id is looked for everywhere before it is taken for the beginning of another.
        let whole = self.profiles.iter().any(|p| p.name.parse(stem).is_some());
        if let (false, Some(found)) = (whole, by_prefix(&logs, stem)) {
            return found;
        }
        logs = self.logs(Place::Archived)?;
        let catalogue = Catalogue::new(&self.root, logs);
        if let [first, ..] = catalogue.named(stem) {
            return Ok(catalogue.logs[*first].clone());
        }
        let logs = catalogue.logs;
        let near_by: Vec<Log> = logs.iter().filter(|l| l.place != Place::Archived).cloned().collect();
        let found = by_prefix(&near_by, stem).or_else(|| by_prefix(&logs, stem));
        found.unwrap_or_else(|| Err(Error::LogNotFound { name: name.to_string(), candidates: near(stem, &logs) }))
    }

    /// The log in this file.
    ///
    /// # Errors
    /// [`Error::NotALog`].
    pub fn log_at(&self, path: &Path) -> Result<Log> {
        let outside = |why| Error::NotALog { path: path.to_path_buf(), why };
        let dir = path.parent().and_then(|d| fs::canonicalize(d).ok()).ok_or_else(|| outside("no such log"))?;
        let root = fs::canonicalize(&self.root).map_err(Error::io("read", &self.root))?;
        let within = dir.strip_prefix(&root).map_err(|_| outside("not in this journal"))?;
        if within.starts_with(store::PRIVATE) {
            return Err(outside("not a log"));
        }
        if path.extension().is_none_or(|e| e != "md") || !path.is_file() {
            return Err(outside(if path.is_dir() {
                "a directory, not a log"
            } else if path.exists() {
                "not a Markdown file"
            } else {
                "no such log"
            }));
        }
        let path = self.root.join(within).join(path.file_name().unwrap_or_default());
        let dir = path.parent().unwrap_or(&self.root);
        let known =
            self.profiles.iter().find_map(|p| self.places(p).into_iter().find(|(_, d)| d == dir).map(|(place, _)| (p.clone(), place)));
        let (profile, place) = known.ok_or_else(|| outside("not in a directory of logs"))?;
        Ok(Log { id: id::stem(&path), path, member: None, place, profile })
    }

    /// Whether a file would lie in a directory of logs, or below one.
    pub fn is_for_logs(&self, path: &Path) -> bool {
        // Links on the way are followed as far as there is a way.
        let real = path.ancestors().skip(1).find_map(|dir| Some((dir, fs::canonicalize(dir).ok()?)));
        let full = real.map_or_else(|| path.to_path_buf(), |(dir, real)| real.join(path.strip_prefix(dir).unwrap_or(path)));
        let dirs = self.profiles.iter().flat_map(|profile| self.places(profile)).map(|(_, dir)| fs::canonicalize(&dir).unwrap_or(dir));
        dirs.into_iter().any(|dir| full.starts_with(dir))
    }

    /// The newest log: by id among the live ones, else among the recent ones.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn newest(&self) -> Result<Option<Log>> {
        let logs = self.logs(Place::Recent)?;
        let newest = |place: Place| logs.iter().filter(|l| l.place == place).max_by_key(|l| l.order()).cloned();
        Ok(newest(Place::Live).or_else(|| newest(Place::Recent)))
    }

    /// What tells a profile's placeholders from what people wrote.
    ///
    /// # Errors
    /// [`Error::Io`] when the workspace's template cannot be read.
    pub fn placeholders(&self, profile: &Profile) -> Result<Arc<Placeholders>> {
        if let Some(known) = self.left.borrow().get(&profile.id) {
            return Ok(known.clone());
        }
        let own = self.own_template(profile)?.map(|(text, _)| text);
        let built_in = template::built_in(&profile.builtin);
        let texts: Vec<&str> = own.as_deref().into_iter().chain(built_in).collect();
        let left = Arc::new(Placeholders::collect(profile, &texts));
        self.left.borrow_mut().insert(profile.id.clone(), left.clone());
        Ok(left)
    }

    /// The workspace's own template for a profile, if it has one.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn own_template(&self, profile: &Profile) -> Result<Option<(String, PathBuf)>> {
        self.template_path(profile).map_or(Ok(None), |path| template_at(&path))
    }

    /// The workspace's own template for something else, beside that for logs: `adr_template.md`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn other_template(&self, profile: &Profile, what: &str) -> Result<Option<(String, PathBuf)>> {
        let beside = |path: PathBuf| template_at(&path.with_file_name(format!("{what}_template.md")));
        self.template_path(profile).map_or(Ok(None), beside)
    }

    fn template_path(&self, profile: &Profile) -> Option<PathBuf> {
        profile.template.as_ref().filter(|t| profile::inside(t)).map(|t| self.root.join(t))
    }

    /// A path as it is shown: relative to the journal.
    pub fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl Log {
    /// The text of the log.
    ///
    /// # Errors
    /// [`Error::NotUtf8`], [`Error::Io`].
    pub fn read(&self) -> Result<String> {
        match &self.member {
            None => store::read(&self.path),
            Some(member) => archive::read_member(&self.path, member),
        }
    }

    /// Refuses logs that lie in a zip.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn writable(&self) -> Result<()> {
        match self.place {
            Place::Archived => Err(Error::refused(
                "archived",
                format!("{} lies in {}, which is read-only", self.id, self.path.display()),
                format!("take it out of the zip first: shiftlog restore {}", self.id),
            )),
            _ => Ok(()),
        }
    }

    /// Order of logs: by the day that their names hold, then by the numbers in them.
    ///
    /// Names that do not follow the pattern say nothing of their age: they come before all others.
    pub fn order(&self) -> (Option<NaiveDate>, Vec<u8>) {
        (self.profile.name.parse(&self.id).map(|p| p.time.date_naive()), id::key(&self.id))
    }
}

fn template_at(path: &Path) -> Result<Option<(String, PathBuf)>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((text, path.to_path_buf()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read template", path)(e)),
    }
}

fn in_dir(profile: &Arc<Profile>, place: Place, dir: &Path) -> Result<Vec<Log>> {
    let mut logs = Vec::new();
    for file in WalkDir::new(dir).min_depth(1).max_depth(1) {
        let file = file.map_err(|e| walk_error(e, dir))?;
        // A pipe would block whoever opens it; a link counts where it leads to a file.
        if file.file_type().is_file() || (file.file_type().is_symlink() && file.path().is_file()) {
            logs.extend(as_log(profile, place, file.path()));
        }
    }
    Ok(logs)
}

/// The log in this file of a directory, if its name says that it is one.
fn as_log(profile: &Arc<Profile>, place: Place, path: &Path) -> Option<Log> {
    let name = path.file_name()?.to_string_lossy();
    profile.name.is_log(&name).then(|| Log {
        id: name.trim_end_matches(".md").to_string(),
        path: path.to_path_buf(),
        member: None,
        place,
        profile: profile.clone(),
    })
}

fn walk_error(error: walkdir::Error, dir: &Path) -> Error {
    let source = error.into_io_error().unwrap_or_else(|| std::io::Error::other("loop of symbolic links"));
    Error::io("read directory", dir)(source)
}

fn exact(logs: &[Log], stem: &str) -> Option<Log> {
    logs.iter().filter(|l| l.id == stem).max_by_key(|l| l.place).cloned()
}

/// The log whose id begins so; there must be one only.
fn by_prefix(logs: &[Log], stem: &str) -> Option<Result<Log>> {
    let mut fits: Vec<&Log> = logs.iter().filter(|l| l.id.starts_with(stem)).collect();
    fits.sort_by_cached_key(|l| l.order());
    match fits.as_slice() {
        [] => None,
        [log] => Some(Ok((*log).clone())),
        many => Some(Err(Error::AmbiguousLog { name: stem.to_string(), candidates: many.iter().map(|l| l.id.clone()).collect() })),
    }
}

fn near(stem: &str, logs: &[Log]) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> =
        logs.iter().map(|l| (strsim::jaro_winkler(stem, &l.id), l.id.as_str())).filter(|(s, _)| *s > 0.8).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(5).map(|(_, id)| id.to_string()).collect()
}

/// The main worktree of the linked git worktree that holds `cwd`; its `.git` file is read, git is not run.
fn main_worktree(cwd: &Path) -> Option<PathBuf> {
    let git = cwd.ancestors().map(|dir| dir.join(".git")).find(|g| g.exists())?;
    if !git.is_file() {
        return None;
    }
    let text = fs::read_to_string(&git).ok()?;
    let gitdir = git.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    let common = fs::read_to_string(gitdir.join("commondir")).ok()?;
    let common = fs::canonicalize(gitdir.join(common.trim())).ok()?;
    (common.file_name()? == ".git").then(|| common.parent().map(Path::to_path_buf))?
}
