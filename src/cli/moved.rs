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
    let all: Vec<&Made> = std::iter::once(made).chain(&made.earlier).collect();
    let mut found: Found = all.iter().find_map(|made| Some(branch(context, made, made.last()?.branch.as_deref()?))).unwrap_or_default();
    for (n, made) in all.iter().enumerate() {
        let later = |path: &str| all[..n].iter().any(|later| later.digest.files.iter().any(|file| file.is_changed() && file.path == path));
        let noted = made.handoff.session.as_deref().and_then(|session| Noted::read(journal, session));
        found.extend(files(context, made, noted.as_ref(), &later));
        // What was open in an earlier log may have been done in a later one.
        found.extend(noted.iter().flat_map(|noted| noted.gone(&made.handoff)).map(|item| ("done", format!("not open any more: {item}"))));
    }
    let is_noted = |made: &&Made| made.handoff.session.as_deref().is_some_and(|session| Noted::read(journal, session).is_some());
    let unmarked = made.handoff.session.as_deref().filter(|_| !all.iter().any(is_noted));
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
    let mut found = Found::new();
    for file in made.digest.files.iter().filter(|file| file.is_changed() && !file.deleted && !later(&file.path)) {
        match cwd.join(&file.path).metadata() {
            Err(_) if cwd.is_dir() => found.push(("gone", format!("`{}` is gone", file.path))),
            Ok(meta) => {
                let modified = meta.modified().ok().map(DateTime::<Utc>::from);
                let known = said.max(Some(file.time)).max(made.updated).max(noted.map(|noted| noted.time));
                if let (Some(modified), Some(known)) = (modified, known)
                    && modified > known
                {
                    found.push(("modified", format!("`{}` was modified since, {}", file.path, when::local(modified))));
                }
            }
            Err(_) => {}
        }
    }
    found
}

/// The branch that is checked out in a directory, where git knows one.
fn checked_out(dir: &Path) -> Option<String> {
    let out = Command::new("git").arg("-C").arg(dir).args(["branch", "--show-current"]).output().ok()?;
    let name = String::from_utf8(out.stdout).ok()?.trim().to_string();
    Some(name).filter(|name| out.status.success() && !name.is_empty())
}
