//! Relocate: moving and renaming logs, with every link that would break.
//!
//! What is to move is noted first. A killed process leaves logs under their old or new names, which both resolve; the next
//! command of this kind finishes what was noted.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::catalogue::{Catalogue, Destination, Spelling, flat};
use super::error::{Error, Result};
use super::links::{Form, Link, decoded, encoded, links};
use super::outline::heading_words;
use super::store::{Lock, PRIVATE, Store, Written};
use super::{Journal, Log, Place, id};

const NOTE: &str = "moves.json";

/// A log that gets another path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Where it lies, or lay: absolute, but relative to the journal in the note.
    pub from: PathBuf,
    /// Where it is to lie.
    pub to: PathBuf,
}

/// A heading of a log that gets another text.
#[derive(Debug, Clone)]
pub struct Retitled {
    /// The log, where it lies in the end.
    pub path: PathBuf,
    /// The heading before.
    pub before: String,
    /// The heading now.
    pub after: String,
}

/// A log whose links were rewritten.
#[derive(Debug, Clone)]
pub struct Relinked {
    /// The log.
    pub log: Log,
    /// Number of its links that changed.
    pub links: usize,
    /// Its text before and after.
    pub written: Written,
}

/// Where logs were and where they are, in both directions.
struct Ways<'m> {
    forth: HashMap<PathBuf, PathBuf>,
    back: HashMap<PathBuf, PathBuf>,
    retitled: Option<&'m Retitled>,
}

impl Ways<'_> {
    fn before(&self, path: &Path) -> PathBuf {
        let path = flat(path);
        self.back.get(&path).cloned().unwrap_or(path)
    }

    fn after(&self, path: &Path) -> PathBuf {
        let path = flat(path);
        self.forth.get(&path).cloned().unwrap_or(path)
    }
}

impl Journal {
    /// Moves logs and rewrites the links of all live and recent logs that would break; without a lock, says only what would change.
    ///
    /// Links are not substantive: nothing is stamped for them.
    ///
    /// # Errors
    /// [`Error::Refused`] where something lies in the way; then nothing has moved. [`Error::Io`].
    pub fn relocate(
        &self,
        moves: &[Move],
        retitled: Option<&Retitled>,
        now: DateTime<Utc>,
        write: Option<(&Store, &Lock)>,
    ) -> Result<Vec<Relinked>> {
        if let Some(taken) = moves.iter().find(|m| m.to.exists() && m.from.exists()) {
            return Err(super::parts::exists(self, &taken.to));
        }
        if let Some(link) = moves.iter().find(|m| m.from.is_symlink()) {
            let message = format!("{} is a symbolic link", self.relative(&link.from).display());
            return Err(Error::refused("symlink", message, "move the link and the file behind it yourself"));
        }
        if let Some((store, lock)) = write {
            self.carry_out(moves, now, store, lock)?;
        }
        let relinked = self.relink(moves, retitled, now, write)?;
        if write.is_some() && !moves.is_empty() {
            let note = self.note_of_moves();
            fs::remove_file(&note).map_err(Error::io("remove", &note))?;
        }
        Ok(relinked)
    }

    /// Whether a killed process left moves half done.
    pub fn has_unfinished_moves(&self) -> bool {
        self.note_of_moves().exists()
    }

    fn note_of_moves(&self) -> PathBuf {
        self.root.join(PRIVATE).join(NOTE)
    }

    /// Notes the moves, and moves the files.
    fn carry_out(&self, moves: &[Move], now: DateTime<Utc>, store: &Store, lock: &Lock) -> Result<()> {
        if moves.is_empty() {
            return Ok(());
        }
        let noted: Vec<Move> =
            moves.iter().map(|m| Move { from: self.relative(&m.from).to_path_buf(), to: self.relative(&m.to).to_path_buf() }).collect();
        let note = serde_json::to_vec(&noted)
            .map_err(|_| Error::refused("bad-path", "a path that is not UTF-8 cannot be noted", "rename the file or directory"))?;
        store.put(lock, &self.note_of_moves(), &note)?;
        for step in moves.iter().filter(|m| m.from.exists() && !m.to.exists()) {
            store.rename(lock, &step.from, &step.to)?;
        }
        let renamed = moves.iter().filter(|m| id::stem(&m.from) != id::stem(&m.to));
        self.carry_memory(lock, renamed, now)
    }

    /// Finishes the moves that a killed process left half done; says how many there were.
    ///
    /// # Errors
    /// As [`Journal::relocate`].
    pub fn finish_moves(&self, now: DateTime<Utc>, store: &Store, lock: &Lock) -> Result<usize> {
        let Ok(bytes) = fs::read(self.note_of_moves()) else { return Ok(0) };
        let Ok(moves) = serde_json::from_slice::<Vec<Move>>(&bytes) else {
            // The note itself is written whole or not at all; one that cannot be read was damaged by somebody else.
            fs::remove_file(self.note_of_moves()).map_err(Error::io("remove", &self.note_of_moves()))?;
            return Ok(0);
        };
        // What leaves the journal was never noted by it.
        let inside = |path: &Path| path.to_str().is_some_and(super::profile::inside);
        let moves = moves.into_iter().filter(|m| inside(&m.from) && inside(&m.to));
        let here = moves.map(|m| Move { from: self.root.join(m.from), to: self.root.join(m.to) });
        let open: Vec<Move> = here.filter(|m| !(m.from.exists() && m.to.exists())).collect();
        self.relocate(&open, None, now, Some((store, lock)))?;
        let _ = fs::remove_file(self.note_of_moves());
        let logs = if open.len() == 1 { "1 log" } else { &format!("{} logs", open.len()) };
        self.notices.borrow_mut().push(format!("finished what an interrupted command had begun: {logs} moved, with the links to them"));
        Ok(open.len())
    }

    fn relink(
        &self,
        moves: &[Move],
        retitled: Option<&Retitled>,
        now: DateTime<Utc>,
        write: Option<(&Store, &Lock)>,
    ) -> Result<Vec<Relinked>> {
        let ways = Ways {
            forth: moves.iter().map(|m| (flat(&m.from), flat(&m.to))).collect(),
            back: moves.iter().map(|m| (flat(&m.to), flat(&m.from))).collect(),
            retitled,
        };
        let mut here = self.logs(Place::Archived)?;
        here.sort_by_cached_key(Log::order);
        let as_it_was = here.iter().map(|log| match &log.member {
            Some(_) => log.clone(),
            None => {
                let path = ways.before(&log.path);
                Log { id: id::stem(&path), path, ..log.clone() }
            }
        });
        let catalogue = Catalogue::new(&self.root, as_it_was.collect());
        let mut relinked = Vec::new();
        for log in here.into_iter().filter(|l| l.member.is_none()) {
            let before = ways.before(&log.path);
            let not_followed = |error: &Error| {
                self.notices.borrow_mut().push(format!("links in {} could not follow: {error}", log.id));
            };
            let text = match log.read() {
                Ok(text) => text,
                Err(error) => {
                    not_followed(&error);
                    continue;
                }
            };
            let mut count = self.relinked(&catalogue, &ways, &log, &before, &text).1;
            if count == 0 {
                continue;
            }
            let written = self.change(&log, now, write, &mut |_, text| {
                let (new, n) = self.relinked(&catalogue, &ways, &log, &before, text);
                count = n;
                Ok((n > 0).then_some((new, false)))
            });
            match written {
                Ok(written) => relinked.push(Relinked { log, links: count, written }),
                // One log that cannot be written must not keep the others from following.
                Err(error) => not_followed(&error),
            }
        }
        Ok(relinked)
    }

    /// The text with the links that have to change, and how many these are.
    fn relinked(&self, catalogue: &Catalogue, ways: &Ways, log: &Log, before: &Path, text: &str) -> (String, usize) {
        let after = ways.after(before);
        let found = links(text, &log.profile.keys.parts());
        let mut new = text.to_string();
        let mut count = 0;
        for link in found.iter().rev() {
            let anchor = &text[link.anchor.clone()];
            let (target, anchor_now) = match catalogue.destination(before, link, text) {
                Destination::Log(n, spelling) => {
                    let old = &catalogue.logs[n];
                    let target = if old.member.is_some() {
                        None
                    } else {
                        follow(catalogue, ways, (before, &after), &old.path, link, text, spelling)
                    };
                    (target, retitled_anchor(ways, &old.path, link, anchor))
                }
                Destination::Ambiguous(logs) => {
                    let old = &catalogue.logs[logs[0]];
                    (
                        follow(catalogue, ways, (before, &after), &old.path, link, text, Spelling::Name),
                        retitled_anchor(ways, &old.path, link, anchor),
                    )
                }
                Destination::File(path, Spelling::Beside) if before.parent() != after.parent() => {
                    (respelled(catalogue, &after, &path, link, text, Spelling::Beside), None)
                }
                Destination::Elsewhere if link.target.is_empty() => (None, retitled_anchor(ways, before, link, anchor)),
                _ => (None, None),
            };
            count += usize::from(target.is_some() || anchor_now.is_some());
            if let Some(anchor) = anchor_now {
                new.replace_range(link.anchor.clone(), &anchor);
            }
            if let Some(target) = target {
                new.replace_range(link.target.clone(), &target);
            }
        }
        (new, count)
    }
}

/// What a link to a log says once the log, or the one that links, lies elsewhere; nothing where it need not change.
fn follow(
    catalogue: &Catalogue,
    ways: &Ways,
    from: (&Path, &Path),
    old: &Path,
    link: &Link,
    text: &str,
    spelling: Spelling,
) -> Option<String> {
    let now = ways.after(old);
    let renamed = id::stem(old) != id::stem(&now);
    let written = text[link.target.clone()].rsplit('/').next().unwrap_or_default();
    let named_so = written.strip_suffix(".md").unwrap_or(written).eq_ignore_ascii_case(&id::stem(old));
    let stays = flat(old).parent() == now.parent() && (spelling != Spelling::Beside || from.0.parent() == from.1.parent());
    match spelling {
        Spelling::Name | Spelling::Former if !(renamed && named_so) => None,
        _ if stays && !renamed => None,
        // Only the name changes: how the way to it is written stays.
        _ if stays => respelled(catalogue, from.1, &now, link, text, Spelling::Former),
        _ => respelled(catalogue, from.1, &now, link, text, spelling),
    }
}

/// What a link to a file says in this spelling; nothing where that is what it says.
pub(super) fn respelled(catalogue: &Catalogue, from: &Path, to: &Path, link: &Link, text: &str, spelling: Spelling) -> Option<String> {
    let written = &text[link.target.clone()];
    let plain = if link.form == Form::Markdown { decoded(written) } else { written.to_string() };
    let new = catalogue.spelled(from, to, spelling, &plain);
    let bracketed = text[..link.target.start].ends_with('<');
    (new != plain).then(|| if link.form == Form::Markdown && !bracketed { encoded(&new) } else { new })
}

/// The anchor of a heading that has another text now, in the spelling that the link's form has for headings.
fn retitled_anchor(ways: &Ways, path: &Path, link: &Link, anchor: &str) -> Option<String> {
    let retitled = ways.retitled.filter(|r| flat(&r.path) == ways.after(path))?;
    let written = anchor.strip_prefix('#')?;
    // `#Heading#Sub-heading`: only the first of the first level is meant.
    let (written, below) = written.split_once('#').map_or((written, String::new()), |(first, rest)| (first, format!("#{rest}")));
    let words = heading_words(&decoded(written));
    if words.is_empty() || words != heading_words(&retitled.before) {
        return None;
    }
    if link.form == Form::Markdown && !written.contains("%20") {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let slug: String = retitled.after.to_lowercase().chars().filter(kept).collect();
        return Some(format!("#{}{below}", slug.replace(' ', "-")));
    }
    // A heading within a link holds none of the marks that have a meaning there.
    let plain = retitled.after.replace(['#', '|', '^', '[', ']'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("#{}{below}", if link.form == Form::Markdown { encoded(&plain) } else { plain }))
}
