//! Finishing a log: what it knows goes where it was sent, and only then is the log completed, or goes to the trash.
//!
//! What is to be done is noted first, as it is to stand on the disk; a killed process leaves the note, and the next command
//! does the rest.

pub mod adr;
pub mod knowledge;
pub mod references;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use crate::journal::frontmatter::{self, Properties};
use crate::journal::profile::{Finish, Profile, State};
use crate::journal::store::{self, Lock, PRIVATE, Store};
use crate::journal::{Error, Journal, Result};
use adr::Origin;
use knowledge::{Lesson, Remaining, joined};

/// The note of what is under way.
const NOTE: &str = "finish.json";

/// What was finished, a line for each log.
const FINISHED: &str = "finished.jsonl";

/// Text for a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition {
    /// The file: absolute, but relative to the journal in the note.
    pub path: PathBuf,
    /// What it is to hold, or what comes to its end.
    pub text: String,
    /// What a file begins with that is not there yet.
    #[serde(default)]
    pub head: String,
    /// The file is made; it must not be there.
    pub new: bool,
}

/// Where what a log knew has gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The log's id.
    pub session: String,
    /// Its title.
    pub title: String,
    /// When it was finished.
    pub time: DateTime<Utc>,
    /// Files of its decisions.
    #[serde(default)]
    pub decisions: Vec<PathBuf>,
    /// The file that its remaining work went to.
    #[serde(default)]
    pub remaining: Option<PathBuf>,
    /// The file that its lessons went to.
    #[serde(default)]
    pub lessons: Option<PathBuf>,
    /// What went nowhere else: it stood in the log alone.
    #[serde(default)]
    pub left: Vec<String>,
    /// The log is in the trash.
    pub deleted: bool,
}

/// What is to be done, as it is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The log's file.
    pub log: PathBuf,
    /// Hash of its bytes: what somebody changed since is not finished.
    pub hash: String,
    /// Files of the journal that get text.
    pub files: Vec<Addition>,
    /// What is remembered of it.
    pub finished: Finished,
}

/// The plan of another program, or of a process that was killed, could not be carried out.
fn given_up(session: &str, why: &str) -> String {
    format!("finishing {session} was interrupted and not completed: {why}; `shiftlog finish {session}` does it again")
}

/// Whether a killed process left a log half finished.
pub fn is_unfinished(journal: &Journal) -> bool {
    note(journal).exists()
}

fn note(journal: &Journal) -> PathBuf {
    journal.root.join(PRIVATE).join(NOTE)
}

/// Does what a plan says. Files outside of the journal are written before anything is noted.
///
/// Says whether the log is finished; it is not where somebody changed it meanwhile.
///
/// # Errors
/// [`Error::Io`], [`Error::Refused`] where a file lies in the way; the log stays then.
pub fn finish(journal: &Journal, plan: &Plan, now: DateTime<Utc>, (store, lock): (&Store, &Lock)) -> Result<bool> {
    // What `..` or a link leads out of the journal lies outside, too.
    let inside = |file: &Addition| file.path.starts_with(&journal.root) && is_inside(journal, journal.relative(&file.path));
    let (inside, outside): (Vec<_>, Vec<_>) = plan.files.iter().cloned().partition(inside);
    for file in &outside {
        add(store, lock, file)?;
    }
    let relative = |path: &Path| journal.relative(path).to_path_buf();
    let files = inside.into_iter().map(|file| Addition { path: relative(&file.path), ..file }).collect();
    let noted = Plan { log: relative(&plan.log), files, ..plan.clone() };
    let bytes = serde_json::to_vec(&noted)
        .map_err(|_| Error::refused("bad-path", "a path that is not UTF-8 cannot be noted", "rename the file or directory"))?;
    store.put(lock, &note(journal), &bytes)?;
    let done = carry_out(journal, &noted, now, (store, lock));
    if done.is_err() {
        // Nothing of the log is gone; whoever asks again gets the same reason.
        remove_note(journal)?;
    }
    done
}

/// Does the rest of what a killed process began; gives what the person should know, nothing where there was no rest.
///
/// # Errors
/// [`Error::Io`].
pub fn complete(journal: &Journal, now: DateTime<Utc>, write: (&Store, &Lock)) -> Result<Option<String>> {
    let Ok(bytes) = fs::read(note(journal)) else { return Ok(None) };
    let Ok(plan) = serde_json::from_slice::<Plan>(&bytes) else {
        // The note itself is written whole or not at all; one that cannot be read was damaged by somebody else.
        remove_note(journal)?;
        return Ok(None);
    };
    let session = &plan.finished.session;
    // Somebody else may have put a note there: only what this program notes is done.
    if let Some(why) = foreign(journal, &plan) {
        remove_note(journal)?;
        return Ok(Some(given_up(session, &why)));
    }
    match carry_out(journal, &plan, now, write) {
        Ok(true) => Ok(Some(format!("finished {session}, as an interrupted command had begun"))),
        Ok(false) => Ok(Some(given_up(session, "the log was changed meanwhile"))),
        Err(error @ Error::Io { .. }) => Err(error),
        Err(error) => {
            remove_note(journal)?;
            Ok(Some(given_up(session, &error.to_string())))
        }
    }
}

/// Why a note is none that this program makes.
fn foreign(journal: &Journal, plan: &Plan) -> Option<String> {
    if !is_inside(journal, &plan.log) || plan.files.iter().any(|file| !is_inside(journal, &file.path)) {
        return Some("a path of it leaves the journal".to_string());
    }
    let path = journal.root.join(&plan.log);
    // Where the log is gone, nothing is left to do to it.
    let fits = journal.log_at(&path).map_or(!path.exists(), |log| deletes(&log.profile) == plan.finished.deleted);
    if !fits || !journal.is_for_logs(&path) {
        return Some(format!("{} is no log that is finished so", plan.log.display()));
    }
    plan.files
        .iter()
        .find_map(|file| Some(format!("{} {}", file.path.display(), unfit(journal, &journal.root.join(&file.path), file.new)?)))
}

/// Why nobody would want a text to be put into this file; `new` where the file is to be made.
pub fn unfit(journal: &Journal, path: &Path, new: bool) -> Option<&'static str> {
    let private = |part: std::path::Component<'_>| part.as_os_str() == PRIVATE || part.as_os_str() == ".git";
    let kind = path.extension().map(|kind| kind.to_string_lossy().to_lowercase());
    let is_text = kind.as_deref().is_some_and(|kind| matches!(kind, "md" | "markdown" | "txt") || (new && kind == "json"));
    if path.components().any(private) {
        Some("lies among the files of a program")
    } else if journal.is_for_logs(path) {
        Some("lies in a directory of logs")
    } else {
        (!is_text).then_some("is no Markdown file (.md, .txt)")
    }
}

/// Whether a path of a note leads to a file of the journal, also where there are links on the way.
fn is_inside(journal: &Journal, path: &Path) -> bool {
    if !path.to_str().is_some_and(crate::journal::profile::inside) {
        return false;
    }
    let Ok(root) = fs::canonicalize(&journal.root) else { return false };
    let full = journal.root.join(path);
    let there = full.ancestors().find_map(|dir| fs::canonicalize(dir).ok());
    there.is_some_and(|there| there.starts_with(&root)) && !full.is_symlink()
}

fn carry_out(journal: &Journal, plan: &Plan, now: DateTime<Utc>, (store, lock): (&Store, &Lock)) -> Result<bool> {
    for file in &plan.files {
        add(store, lock, &Addition { path: journal.root.join(&file.path), ..file.clone() })?;
    }
    let path = journal.root.join(&plan.log);
    // Before the log goes: from then on nothing may fail.
    remember(journal, &plan.finished)?;
    let done = if plan.finished.deleted {
        // A killed process may have moved it already.
        !path.exists() || delete(journal, plan, &path, now, (store, lock))?
    } else {
        complete_log(journal, plan, &path, now, (store, lock))?
    };
    remove_note(journal)?;
    Ok(done)
}

/// Says in a log that stays that it is done; not in one that somebody changed meanwhile.
fn complete_log(journal: &Journal, plan: &Plan, path: &Path, now: DateTime<Utc>, write: (&Store, &Lock)) -> Result<bool> {
    let log = journal.log_at(path)?;
    let mut done = true;
    journal.change(&log, now, Some(write), &mut |editor, text| {
        let new = completed(editor.profile, text, editor.path)?;
        done = new.is_none() || store::hash(text.as_bytes()) == plan.hash;
        Ok(new.filter(|_| done).map(|text| (text, false)))
    })?;
    Ok(done)
}

fn remove_note(journal: &Journal) -> Result<()> {
    let note = note(journal);
    fs::remove_file(&note).map_err(Error::io("remove", &note))
}

/// Puts text where it is to stand; nothing where it stands there.
fn add(store: &Store, lock: &Lock, file: &Addition) -> Result<()> {
    let in_the_way = || {
        let message = format!("{} is there already, with other contents", file.path.display());
        Error::refused("exists", message, "name another place for it; the log was left as it is")
    };
    if !file.path.exists() {
        let made = store.create(lock, &file.path, &format!("{}{}", file.head, file.text))?;
        return if made { Ok(()) } else { Err(in_the_way()) };
    }
    if file.new {
        let same = fs::read(&file.path).is_ok_and(|there| there == format!("{}{}", file.head, file.text).as_bytes());
        return if same { Ok(()) } else { Err(in_the_way()) };
    }
    store.update(lock, &file.path, &mut |there| {
        if holds(there, &file.text) {
            return Ok(None);
        }
        if there.trim().is_empty() {
            return Ok(Some(format!("{}{}", file.head, file.text)));
        }
        let gap = if there.ends_with("\n\n") {
            ""
        } else if there.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        };
        Ok(Some(format!("{there}{gap}{}", file.text)))
    })?;
    Ok(())
}

/// Whether a text has all lines of another one, as they are and behind each other.
pub fn holds(text: &str, lines: &str) -> bool {
    let lines = lines.trim();
    let whole = |at: usize| {
        let (before, after) = (&text[..at], &text[at + lines.len()..]);
        (before.is_empty() || before.ends_with('\n')) && after.lines().next().is_none_or(|rest| rest.trim().is_empty())
    };
    !lines.is_empty() && text.match_indices(lines).any(|(at, _)| whole(at))
}

fn delete(journal: &Journal, plan: &Plan, path: &Path, now: DateTime<Utc>, (store, lock): (&Store, &Lock)) -> Result<bool> {
    let bytes = store::read_bytes(path)?;
    if store::hash(&bytes) != plan.hash {
        return Ok(false);
    }
    let days = journal.config.trash_days;
    let gone = if days == 0 { store.remove_if(lock, path, &bytes)? } else { store.trash_if(lock, path, &bytes)? };
    if gone {
        for old in journal
            .trash()
            .unwrap_or_default()
            .into_iter()
            .filter(|old| old.thrown_away().is_some_and(|time| now - time >= TimeDelta::days(days.into())))
        {
            // What stays this time goes the next.
            let _ = fs::remove_file(&old.path);
        }
    }
    Ok(gone)
}

/// The text of a log that is done; nothing where it is that already.
fn completed(profile: &Profile, text: &str, path: &Path) -> Result<Option<String>> {
    let properties = Properties::read(text, path)?;
    let status = properties.text(&profile.keys.status).unwrap_or_default();
    if profile.status_named(&status).is_some_and(|(_, status)| status.state == State::Done) {
        return Ok(None);
    }
    let done = profile.status.iter().find(|(_, status)| status.state == State::Done && !status.automatic);
    let Some((name, _)) = done else {
        return Err(Error::refused("no-status", format!("profile `{}` has no status for what is done", profile.id), "add one to it"));
    };
    frontmatter::set(text, &properties.path_of(&profile.keys.status), &Value::String(name.clone()), path)
}

fn remember(journal: &Journal, finished: &Finished) -> Result<()> {
    use std::io::Write;
    let path = journal.root.join(PRIVATE).join(FINISHED);
    let line = serde_json::to_string(finished).unwrap_or_default() + "\n";
    let there = fs::read(&path).unwrap_or_default();
    if there.ends_with(line.as_bytes()) {
        return Ok(());
    }
    // A line that was cut off spoils none but itself.
    let line = if there.last().is_none_or(|last| *last == b'\n') { line } else { format!("\n{line}") };
    let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io("open", &path))?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io("write", &path))
}

/// What is remembered of a log that was deleted.
pub fn deleted(journal: &Journal, name: &str) -> Option<Finished> {
    let text = fs::read_to_string(journal.root.join(PRIVATE).join(FINISHED)).ok()?;
    let name = name.strip_suffix(".md").unwrap_or(name);
    let mut all = text.lines().rev().filter_map(|line| serde_json::from_str::<Finished>(line).ok());
    all.find(|finished| finished.deleted && finished.session == name)
}

/// Whether finishing a log of this profile deletes it.
pub fn deletes(profile: &Profile) -> bool {
    profile.finish == Finish::Delete
}

/// Remaining work, each item as an issue can be: a title, and what is known of it.
pub fn remaining_markdown(items: &[&Remaining], origin: &Origin) -> String {
    let mut text = String::new();
    for item in items {
        let label = item.label.as_deref().map(|label| format!("{label}, ")).unwrap_or_default();
        let since = item.since.map(|day| format!("open since {day}; ")).unwrap_or_default();
        text.push_str(&format!("## {}\n\n{label}{since}from {}{}\n\n", item.what, said_of(origin), first_open(item)));
        if !item.notes.is_empty() {
            text.extend(item.notes.iter().map(|note| format!("{note}\n")));
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// Where a carried item was open first.
fn first_open(item: &Remaining) -> String {
    item.origin.as_ref().map(|origin| format!(", first open in {origin}")).unwrap_or_default()
}

/// The same as JSON: title, body and labels, as issue trackers take them.
pub fn remaining_json(items: &[&Remaining], origin: &Origin) -> String {
    let issue = |item: &&Remaining| {
        let notes: String = item.notes.iter().map(|note| format!("\n{note}")).collect();
        let since = item.since.map(|day| format!("open since {day}; ")).unwrap_or_default();
        serde_json::json!({
            "title": item.what,
            "body": knowledge::capital(&format!("{since}from {}{}{notes}", said_of(origin), first_open(item))),
            "labels": item.label.iter().collect::<Vec<_>>(),
            "since": item.since,
            // A log that goes is named nowhere.
            "session": origin.stays.then_some(&origin.id),
        })
    };
    let all: Vec<_> = items.iter().map(issue).collect();
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

/// Lessons under a heading of their log.
pub fn lessons_markdown(lessons: &[Lesson], origin: &Origin, day: &str) -> String {
    let mut text = format!("## {day} – {}\n\n", said_of(origin));
    for lesson in lessons {
        let title = lesson.title.as_ref().map(|title| format!("**{title}**"));
        let line = match title {
            // What stands below its title.
            Some(title) if lesson.text.starts_with('\n') => format!("{title}:{}", lesson.text),
            Some(title) => joined(&title, Some(&lesson.text)),
            None => lesson.text.clone(),
        };
        text.push_str(&format!("- {}\n", line.replace('\n', "\n  ")));
    }
    text
}

/// What a session is called where it is named; a log that goes is no target for a link.
fn said_of(origin: &Origin) -> String {
    if origin.stays { format!("[[{}]] {}", origin.id, origin.title) } else { origin.title.clone() }
}

impl crate::journal::prune::Trashed {
    /// When it was thrown away, as the name of its file says.
    fn thrown_away(&self) -> Option<DateTime<Utc>> {
        let name = self.path.file_name()?.to_str()?;
        let group = name.strip_prefix(&self.name)?.strip_prefix('.')?;
        let time = group.rsplit_once('-').map_or(group, |(time, _)| time);
        NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%S%.f").ok().map(|time| time.and_utc())
    }
}
