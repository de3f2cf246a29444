//! Which files of Codex belong together: forks, and threads that were taken back to an earlier turn and go on in another file.
//!
//! Such a file holds only what is new. Its first record names the file that it goes on from, and the ordinal up to which that counts.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Rollout;
use crate::agents::claude::{first, transcripts};
use crate::agents::{Limits, lines};
use crate::record::transcript::{Told, Transcript};

/// Directories below Codex's own in which it keeps threads.
const KEPT: [&str; 2] = ["sessions", "archived_sessions"];

/// How far forks of forks are followed.
const DEPTH: usize = 64;

/// All files of threads, in order.
pub(super) fn rollouts(home: &Path) -> Vec<PathBuf> {
    let is_rollout = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rollout-"));
    KEPT.iter().flat_map(|dir| transcripts(&home.join(dir))).filter(is_rollout).collect()
}

/// Codex's own directory, where a file lies in it.
fn home(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|dir| dir.file_name().is_some_and(|name| KEPT.iter().any(|kept| name == *kept)))?.parent()
}

/// The ids that a file's name ends with: of its thread, and its own, which is the thread's where nothing was taken back.
fn ids(path: &Path) -> Option<(&str, &str)> {
    let name = path.file_stem()?.to_str()?.strip_prefix("rollout-")?;
    let (rest, own) = name.split_at_checked(name.len().checked_sub(36)?)?;
    let thread = rest.strip_suffix('_').and_then(|rest| rest.get(rest.len().checked_sub(36)?..));
    Some((thread.unwrap_or(own), own))
}

/// What a file goes on from: another one, by its own id, up to an ordinal.
struct Base {
    file: String,
    end: u64,
}

impl Base {
    fn of(path: &Path) -> Option<Base> {
        let mut line = Vec::new();
        BufReader::new(File::open(path).ok()?).take(16 << 20).read_until(b'\n', &mut line).ok()?;
        let meta: Value = serde_json::from_slice(&line).ok()?;
        let base = &meta["payload"]["history_base"];
        Some(Base { file: base["thread_id"].as_str()?.to_string(), end: base["end_ordinal_exclusive"].as_u64()? })
    }

    /// All that a file goes on from, the nearest first, with the files that are there.
    fn chain(path: &Path, files: &[PathBuf]) -> Vec<(Base, PathBuf)> {
        let mut chain: Vec<(Base, PathBuf)> = Vec::new();
        let mut next = Base::of(path);
        while let Some(base) = next.take().filter(|_| chain.len() < DEPTH) {
            if let Some(file) = files.iter().find(|file| ids(file).is_some_and(|(_, own)| own == base.file)) {
                next = Base::of(file);
                chain.push((base, file.clone()));
            }
        }
        chain
    }
}

/// Adds what other files say of the conversation in this one.
pub(super) fn complete(path: &Path, told: &mut Transcript, whole: bool, limits: Limits) {
    named(path, told);
    let Some(home) = home(path) else { return };
    if let Some(title) = title(home, &told.native_id) {
        told.title = Some(title);
    }
    if !whole || told.parent.is_some() || Base::of(path).is_none() {
        return;
    }
    let files = rollouts(home);
    let chain = Base::chain(path, &files);
    if ids(path).is_some_and(|(thread, own)| thread != own) {
        let mut turns: Vec<Told> =
            files.iter().filter(|file| *file != path).flat_map(|file| taken_back(file, path, &chain, limits)).collect();
        turns.append(&mut told.turns);
        told.turns = turns;
    } else {
        let shared = |(base, file): &(Base, PathBuf)| {
            let mut turns = turns(file, limits).into_iter().filter(|turn| !turn.abandoned && ordinal(turn) < base.end);
            turns.next_back().map(|turn| turn.native_id)
        };
        told.origin_turn = chain.iter().find_map(shared);
    }
}

/// Turns of a file that the thread had before it went on in another one, and that do not count there.
fn taken_back(file: &Path, path: &Path, chain: &[(Base, PathBuf)], limits: Limits) -> Vec<Told> {
    let thread = |path| ids(path).map(|(thread, _)| thread);
    if thread(file) != thread(path) || file.file_name() >= path.file_name() {
        return Vec::new();
    }
    let end = chain.iter().find(|(_, of)| of == file).map_or(0, |(base, _)| base.end);
    let gone = turns(file, limits).into_iter().filter(|turn| ordinal(turn) >= end);
    gone.map(|turn| Told { abandoned: true, ..turn }).collect()
}

/// The turns in a file.
fn turns(file: &Path, limits: Limits) -> Vec<Told> {
    let read = lines::read::<Rollout>(file, None, limits, "codex").unwrap_or_default();
    let Some(mut told) = read.transcripts.into_iter().next() else { return Vec::new() };
    named(file, &mut told);
    told.turns
}

fn ordinal(turn: &Told) -> u64 {
    turn.native_id.rsplit_once(':').and_then(|(_, ordinal)| ordinal.parse().ok()).unwrap_or(0)
}

/// Turns of a thread that goes on in another file are called after that file: the ordinals are given once more there.
fn named(path: &Path, told: &mut Transcript) {
    let Some((thread, own)) = ids(path).filter(|(thread, _)| told.native_id.is_empty() || *thread == told.native_id) else { return };
    for turn in &mut told.turns {
        // Before the first record, the thread's id was not known.
        let ordinal = turn.native_id.split_once(':').filter(|(before, _)| before.is_empty() || *before == thread);
        if let Some((_, ordinal)) = ordinal {
            turn.native_id = format!("{own}:{ordinal}");
        }
    }
    told.native_id = thread.to_string();
}

/// The title that a person gave a thread, or a program, last.
fn title(home: &Path, thread: &str) -> Option<String> {
    let index = std::fs::read_to_string(home.join("session_index.jsonl")).ok()?;
    let lines = index.lines().rev().filter(|line| line.contains(thread));
    let entry = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|entry| entry["id"] == thread)?;
    Some(first(&entry, &["thread_name"]).trim().to_string()).filter(|title| !title.is_empty())
}
