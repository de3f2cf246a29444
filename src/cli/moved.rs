//! `shiftlog handoff --check`: what has moved since a handoff was written.

use std::path::Path;
use std::process::Command;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shiftlog::handoff::noted::Noted;
use shiftlog::journal::Journal;

use super::context::Context;
use super::handoff::Made;
use super::ui::{Ended, visible};
use super::when;

/// What moved: its kind, and a sentence.
type Found = Vec<(&'static str, String)>;

pub(super) fn check(context: &Context, journal: &Journal, made: &Made) -> anyhow::Result<Ended> {
    let noted = |made: &Made| made.handoff.session.as_deref().and_then(|session| Noted::read(journal, session));
    let all: Vec<(&Made, Option<Noted>)> = std::iter::once(made).chain(&made.earlier).map(|made| (made, noted(made))).collect();
    let was = |(made, noted): &(&Made, Option<Noted>)| {
        let branch_then = made.last().and_then(|last| last.branch.clone()).or_else(|| noted.as_ref()?.branch.clone())?;
        Some(branch(context, made, &branch_then))
    };
    let mut found: Found = all.iter().find_map(was).unwrap_or_default();
    for (n, (made, noted)) in all.iter().enumerate() {
        let changed = |made: &Made, path: &str| made.digest.files.iter().any(|file| file.is_changed() && file.path == path);
        let later = |path: &str| all[..n].iter().any(|(later, _)| changed(later, path));
        found.extend(files(context, made, noted.as_ref(), &later));
        // What was open in an earlier log may have been done in a later one.
        found.extend(noted.iter().flat_map(|noted| noted.gone(&made.handoff)).map(|item| ("done", format!("not open any more: {item}"))));
    }
    let unmarked = made.handoff.session.as_deref().filter(|_| all.iter().all(|(_, noted)| noted.is_none()));
    let notices = unmarked.map(|id| format!("{id} was not handed off with `--mark`: what was done since is not known"));
    let notices = context.notices(notices.into_iter().collect());
    if context.ui.json {
        let changes: Vec<Value> = found.iter().map(|(kind, text)| json!({"kind": kind, "text": text})).collect();
        context.ui.answer(json!({"session": made.handoff.session, "changes": changes, "notices": notices}))?;
        return Ok(Ended::Done);
    }
    for (_, text) in &found {
        context.ui.data(visible(text))?;
    }
    if found.is_empty() {
        context.ui.say("nothing has moved since");
    }
    Ok(Ended::Done)
}

/// The directory that the work took place in.
fn place<'m>(context: &'m Context, made: &'m Made) -> &'m Path {
    made.last().and_then(|conversation| conversation.cwd.as_deref()).map_or(context.cwd.as_path(), Path::new)
}

fn branch(context: &Context, made: &Made, was: &str) -> Found {
    match checked_out(place(context, made)) {
        Some(is) if is != was => vec![("branch", format!("the branch is `{is}` now, it was `{was}`"))],
        _ => Vec::new(),
    }
}

/// Files that it names and that are gone, or were modified when nobody told of it; those that a later log tells of are left to it.
fn files(context: &Context, made: &Made, noted: Option<&Noted>, later: &dyn Fn(&str) -> bool) -> Found {
    let cwd = place(context, made);
    let said = made.digest.last_request.as_ref().map(|said| said.time).or(made.updated);
    let changed = made.digest.files.iter().filter(|file| file.is_changed() && !file.deleted);
    let mut files: Vec<(String, Option<DateTime<Utc>>)> = changed.map(|file| (file.path.clone(), Some(file.time))).collect();
    if made.digest.turns == 0 {
        files = named(made).into_iter().map(|path| (path, None)).collect();
    }
    let mut found = Found::new();
    for (path, time) in files.into_iter().filter(|(path, _)| !later(path)) {
        match cwd.join(&path).metadata() {
            Err(_) if cwd.is_dir() => found.push(("gone", format!("`{path}` is gone"))),
            Ok(meta) => {
                let modified = meta.modified().ok().map(DateTime::<Utc>::from);
                let known = said.max(time).max(made.updated).max(noted.map(|noted| noted.time));
                if let (Some(modified), Some(known)) = (modified, known)
                    && modified > known
                {
                    found.push(("modified", format!("`{path}` was modified since, {}", when::local(modified))));
                }
            }
            Err(_) => {}
        }
    }
    found
}

/// Files that a log without a conversation names as changed: words with a slash or in code, and with an ending.
fn named(made: &Made) -> Vec<String> {
    let lines = made.handoff.parts.iter().filter(|part| part.key == "files").flat_map(|part| &part.lines);
    let words = lines.flat_map(|line| line.text.split_whitespace());
    let is_file = |bare: &str| Path::new(bare).extension().is_some_and(|end| !end.is_empty() && end.len() < 9) && !bare.contains("://");
    let named = words.filter_map(|word| {
        let bare = word.trim_matches(['`', ',', ';', '(', ')', '*', ':']).trim_end_matches('.');
        (is_file(bare) && (bare.contains('/') || word.contains('`'))).then(|| bare.to_string())
    });
    let mut paths: Vec<String> = named.collect();
    paths.dedup();
    paths
}

/// The branch that is checked out in a directory, where git knows one.
fn checked_out(dir: &Path) -> Option<String> {
    let out = Command::new("git").arg("-C").arg(dir).args(["branch", "--show-current"]).output().ok()?;
    let name = String::from_utf8(out.stdout).ok()?.trim().to_string();
    Some(name).filter(|name| out.status.success() && !name.is_empty())
}
