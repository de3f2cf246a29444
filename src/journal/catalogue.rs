//! Catalogue: which log a name or a link leads to, over live, recent and archived logs alike.
//!
//! A log keeps answering to the names it had: the first part of a session to the session's id, a log whose name holds a time
//! to that time whatever the slug, a log that moved to its file name.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use walkdir::WalkDir;

use super::links::{Form, Link, decoded};
use super::profile::Profile;
use super::{Log, Place};

/// What ends the stem of a session's first part once there is a second one.
pub const FIRST_PART: &str = "_pt1";

/// How a link names what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// By its file name alone.
    Name,
    /// By a path from the linking log's directory.
    Beside,
    /// By a path from the journal, or from the vault around it.
    Rooted,
    /// By the last parts of its path.
    Tail,
    /// By a path where it is no longer, or by a name that it had.
    Former,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The log with this number, and how the link names it.
    Log(usize, Spelling),
    /// Another file; the path, and how the link names it.
    File(PathBuf, Spelling),
    /// Several logs, the first of which is meant.
    Ambiguous(Vec<usize>),
    /// The linking log itself, or something outside of the journal.
    Elsewhere,
    /// Nothing.
    Nothing,
}

/// All logs of a journal by their names.
#[derive(Debug)]
pub struct Catalogue {
    /// The logs, numbered.
    pub logs: Vec<Log>,
    /// What links without a slash at their beginning may be relative to: the journal, and the vault around it.
    roots: Vec<PathBuf>,
    names: HashMap<String, Vec<usize>>,
    times: HashMap<String, Vec<usize>>,
    /// By their paths in lower case: in a vault, case makes no difference.
    paths: HashMap<String, usize>,
    /// All files of the vault by their names, read when a link first asks for one.
    vault: OnceLock<HashMap<String, PathBuf>>,
    /// What [`Catalogue::nearest`] has found.
    slips: Mutex<HashMap<String, Option<String>>>,
}

impl Catalogue {
    /// Catalogues logs; those nearer come before those further away.
    pub fn new(root: &Path, mut logs: Vec<Log>) -> Catalogue {
        logs.sort_by_key(|l| std::cmp::Reverse(l.place));
        let mut catalogue = Catalogue {
            logs,
            roots: roots(root),
            names: HashMap::new(),
            times: HashMap::new(),
            paths: HashMap::new(),
            vault: OnceLock::new(),
            slips: Mutex::default(),
        };
        for (n, log) in catalogue.logs.iter().enumerate() {
            catalogue.names.entry(log.id.to_lowercase()).or_default().push(n);
            if let Some(time) = time_of(&log.profile, &log.id) {
                catalogue.times.entry(time).or_default().push(n);
            }
            if log.member.is_none() {
                catalogue.paths.insert(lower(&flat(&log.path)), n);
            }
        }
        catalogue
    }

    /// The logs with this name, exact or former.
    pub fn named(&self, stem: &str) -> &[usize] {
        let stem = stem.to_lowercase();
        let exact = self.names.get(&stem).or_else(|| self.names.get(&format!("{stem}{FIRST_PART}")));
        let timed = || {
            let profile = self.logs.iter().map(|l| &l.profile).find(|p| time_of(p, &stem).is_some())?;
            self.times.get(&time_of(profile, &stem)?).filter(|logs| logs.len() == 1)
        };
        exact.or_else(timed).map(Vec::as_slice).unwrap_or_default()
    }

    /// An id that what a link says is but a slip away from.
    pub fn nearest(&self, written: &str) -> Option<String> {
        let name = written.rsplit('/').next().unwrap_or(written);
        let stem = name.strip_suffix(".md").unwrap_or(name).to_lowercase();
        // Asked for again and again, in a journal of ten thousand logs.
        let known = self.slips.lock().ok().and_then(|slips| slips.get(&stem).cloned());
        known.unwrap_or_else(|| {
            let like = |id: &&String| id.len().abs_diff(stem.len()) <= 1 && strsim::osa_distance(&stem, id) <= 1;
            let best = self.names.keys().filter(like).max();
            let found = best.and_then(|id| self.names[id].first()).map(|n| self.logs[*n].id.clone());
            if let Ok(mut slips) = self.slips.lock() {
                slips.insert(stem, found.clone());
            }
            found
        })
    }

    /// Where a link of the log at `from` leads.
    pub fn destination(&self, from: &Path, link: &Link, text: &str) -> Destination {
        let written = &text[link.target.clone()];
        if written.is_empty() || link.is_external(text) {
            return Destination::Elsewhere;
        }
        let target = if link.form == Form::Markdown { decoded(written) } else { written.to_string() };
        let name = target.rsplit('/').next().unwrap_or(&target);
        let stem = name.strip_suffix(".md").unwrap_or(name);
        let dir = from.parent().unwrap_or(from);
        let path = target.contains('/') || link.form == Form::Markdown;
        if let Some(found) = path.then(|| self.at_path(dir, &target, link.form)).flatten() {
            return found;
        }
        let named = self.named(stem);
        let exact = named.first().is_some_and(|n| self.logs[*n].id.eq_ignore_ascii_case(stem));
        let spelling = if exact && !target.contains('/') { Spelling::Name } else { Spelling::Former };
        match named {
            [] => self.file(&target, from),
            // A copy in a zip is the same log.
            [first, rest @ ..] if rest.iter().all(|n| self.logs[*n].place == Place::Archived) => Destination::Log(*first, spelling),
            many => Destination::Ambiguous(many.to_vec()),
        }
    }

    /// What lies at a path: beside the linking log, below the journal or the vault, or whose path ends so.
    fn at_path(&self, dir: &Path, target: &str, form: Form) -> Option<Destination> {
        let with_ending = |path: PathBuf| {
            let path = lower(&path);
            let known = self.paths.get(&path).copied();
            known.or_else(|| self.paths.get(&format!("{path}.md")).copied())
        };
        let relative = target.trim_start_matches('/');
        let beside = (!target.starts_with('/')).then(|| (flat(&dir.join(target)), Spelling::Beside));
        let rooted = || self.roots.iter().map(|r| (flat(&r.join(relative)), Spelling::Rooted));
        let places = || beside.iter().cloned().chain(rooted());
        if let Some((n, spelling)) = places().find_map(|(path, spelling)| with_ending(path).map(|n| (n, spelling))) {
            return Some(Destination::Log(n, spelling));
        }
        let there =
            places().flat_map(|(path, spelling)| [(path.clone(), spelling), (ending(&path), spelling)]).find(|(path, _)| path.exists());
        if let Some((path, spelling)) = there {
            return Some(Destination::File(path, spelling));
        }
        if form != Form::Wiki || target.starts_with(['.', '/']) {
            return None;
        }
        let name = relative.rsplit('/').next().unwrap_or(relative);
        let stem = name.strip_suffix(".md").unwrap_or(name);
        let tail = format!("/{}.md", relative.strip_suffix(".md").unwrap_or(relative).to_lowercase());
        let ends = |n: &&usize| self.logs[**n].member.is_none() && lower(&self.logs[**n].path).ends_with(&tail);
        let found: Vec<usize> = self.names.get(&stem.to_lowercase())?.iter().filter(ends).copied().collect();
        match found.as_slice() {
            [one] => Some(Destination::Log(*one, Spelling::Tail)),
            _ => None,
        }
    }

    /// Another note, or any other file, below the journal or the vault.
    fn file(&self, target: &str, from: &Path) -> Destination {
        let dirs = from.parent().into_iter().chain(self.roots.iter().map(PathBuf::as_path));
        let tries = dirs.flat_map(|dir| [dir.join(target), dir.join(format!("{target}.md"))]);
        let near = tries.map(|p| flat(&p)).find(|p| p.is_file());
        let far = || {
            let name = target.rsplit('/').next().unwrap_or(target).to_lowercase();
            let vault = self.vault.get_or_init(|| notes(self.roots.last().map_or(Path::new("."), PathBuf::as_path)));
            vault.get(&name).or_else(|| vault.get(&format!("{name}.md"))).cloned()
        };
        near.or_else(far).map_or(Destination::Nothing, |p| Destination::File(p, Spelling::Name))
    }

    /// How the file at `to` is named from the log at `from` in the spelling of a link that said `written`.
    pub fn spelled(&self, from: &Path, to: &Path, spelling: Spelling, written: &str) -> String {
        let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = match spelling {
            Spelling::Name => name,
            Spelling::Former => {
                let dir = written.rfind('/').map_or("", |n| &written[..=n]);
                format!("{dir}{name}")
            }
            Spelling::Beside => {
                let path = relative(from.parent().unwrap_or(from), to);
                if written.starts_with("./") && !path.starts_with("../") { format!("./{path}") } else { path }
            }
            Spelling::Rooted => {
                let wanted = written.trim_start_matches('/');
                let slash = &written[..written.len() - wanted.len()];
                // The root that the link was relative to is the one from which its first directory exists.
                let first = wanted.split('/').next().unwrap_or_default();
                let root = self.roots.iter().find(|r| r.join(first).exists() && to.starts_with(r)).or(self.roots.first());
                format!("{slash}{}", root.map_or(name, |r| relative(r, to)))
            }
            Spelling::Tail => {
                let depth = written.split('/').count();
                let parts: Vec<_> = to.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
                parts[parts.len().saturating_sub(depth)..].join("/")
            }
        };
        match written.ends_with(".md") || !path.ends_with(".md") {
            true if written.ends_with('/') => path + "/",
            true => path,
            false => path.trim_end_matches(".md").to_string(),
        }
    }
}

/// The journal, and the vault around it.
fn roots(root: &Path) -> Vec<PathBuf> {
    let root = flat(&std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf()));
    let vault = root.ancestors().skip(1).find(|d| d.join(".obsidian").is_dir() || d.join(".zk").is_dir()).map(Path::to_path_buf);
    std::iter::once(root).chain(vault).collect()
}

/// The files below a directory that are not hidden, by their names in lower case.
fn notes(dir: &Path) -> HashMap<String, PathBuf> {
    let hidden = |name: &str| name.starts_with('.') || matches!(name, "node_modules" | "target");
    let files = WalkDir::new(dir).into_iter().filter_entry(move |e| e.depth() == 0 || !hidden(&e.file_name().to_string_lossy()));
    let files = files.flatten().filter(|e| e.file_type().is_file());
    files.map(|e| (e.file_name().to_string_lossy().to_lowercase(), e.into_path())).collect()
}

fn lower(path: &Path) -> String {
    path.to_string_lossy().to_lowercase()
}

fn ending(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".md");
    PathBuf::from(name)
}

/// A path without `.` and `..`, as its text says.
pub fn flat(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

/// The way from a directory to a file, with `/`.
fn relative(dir: &Path, to: &Path) -> String {
    let common = dir.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = dir.components().skip(common).map(|_| "..".to_string());
    let down = to.components().skip(common).map(|c| c.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// What a name says without its slug, if it has a place for one: two logs with the same are told apart by nothing else.
fn time_of(profile: &Profile, stem: &str) -> Option<String> {
    if !profile.name.pattern.contains("{slug}") || !profile.name.pattern.contains("{time}") {
        return None;
    }
    let parsed = profile.name.parse(stem)?;
    Some(format!("{}/{}", profile.id, parsed.time.timestamp()))
}
