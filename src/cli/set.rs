//! `shiftlog set` and `unset`: properties in the frontmatter.

use clap::Args;
use serde_yaml::Value;
use shiftlog::journal::edit::Editor;
use shiftlog::journal::entry::clean;
use shiftlog::journal::frontmatter::{self, Properties};
use shiftlog::journal::{self, Error};

use super::context::Context;
use super::ui::Ended;
use super::write::{self, WriteArgs};

/// Set properties in a log's frontmatter
///
/// Lists (`[a, b]`), true, false, null and numbers are typed; everything else is text, quoted where YAML needs it. Dots
/// lead into nested properties (`session.linear_issue`). Nothing but the value changes.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// Property and value
    #[arg(required = true, value_name = "KEY=VALUE")]
    pairs: Vec<String>,
    #[command(flatten)]
    write: WriteArgs,
}

/// Remove a property from a log's frontmatter
#[derive(Debug, Args)]
pub(crate) struct UnsetArgs {
    /// Properties, with dots between nested keys
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    write: WriteArgs,
}

pub(crate) fn run(context: &Context, args: &SetArgs) -> anyhow::Result<Ended> {
    let mut pairs = Vec::new();
    for pair in &args.pairs {
        let (key, value) = write::pair(pair, "KEY=VALUE", "write for example `rating=5`")?;
        pairs.push((clean("key", key)?, clean(key, value)?));
    }
    write::change(context, &args.write, "set", &mut |editor, text| {
        let mut new: Option<String> = None;
        for (key, value) in &pairs {
            new = set_one(editor, new.as_deref().unwrap_or(text), key, value)?.or(new);
        }
        keep_fixed(editor, text, new.as_deref(), true)?;
        Ok((new.filter(|n| n != text), Vec::new(), false))
    })
}

fn set_one(editor: &Editor, text: &str, key: &str, value: &str) -> journal::Result<Option<String>> {
    let properties = Properties::read(text, editor.path)?;
    if is_one_of(&properties, key, &editor.profile.keys.status) {
        return editor.set_status(text, value, false);
    }
    refuse_times(editor, &properties, key)?;
    let old = properties.find(key).and_then(|(_, v)| v.cloned());
    let typed: Value = frontmatter::typed(key, value, old.as_ref());
    frontmatter::set(text, key, &typed, editor.path)
}

pub(crate) fn run_unset(context: &Context, args: &UnsetArgs) -> anyhow::Result<Ended> {
    write::change(context, &args.write, "unset", &mut |editor, text| {
        let mut new: Option<String> = None;
        for key in &args.keys {
            let now = new.as_deref().unwrap_or(text);
            let properties = Properties::read(now, editor.path)?;
            refuse_times(editor, &properties, key)?;
            if is_one_of(&properties, key, &editor.profile.keys.status) {
                return Err(Error::refused("required-key", format!("a log needs its `{key}`"), "`shiftlog status` changes it"));
            }
            new = frontmatter::unset(now, key, editor.path)?.or(new);
        }
        keep_fixed(editor, text, new.as_deref(), false)?;
        Ok((new, Vec::new(), false))
    })
}

fn refuse_times(editor: &Editor, properties: &Properties, key: &str) -> journal::Result<()> {
    let keys = &editor.profile.keys;
    // Further paths are what other tools call it: those are the person's own.
    let stamp = |paths: &[String], name: &str| {
        paths.iter().enumerate().filter(|(i, p)| *i == 0 || p.ends_with(name)).map(|(_, p)| p.clone()).collect::<Vec<_>>()
    };
    if is_one_of(properties, key, &stamp(&keys.created, "created")) {
        return Err(Error::refused("created-fixed", format!("`{key}` never changes"), "it says when the log was begun"));
    }
    if is_one_of(properties, key, &stamp(&keys.last_updated, "last_updated")) {
        return Err(Error::refused(
            "stamp-fixed",
            format!("`{key}` moves by itself, with every substantive change"),
            "add what was done, and it moves",
        ));
    }
    Ok(())
}

/// Changing a parent must not change what is fixed below it.
fn keep_fixed(editor: &Editor, before: &str, after: Option<&str>, status_may_move: bool) -> journal::Result<()> {
    let Some(after) = after else { return Ok(()) };
    let keys = &editor.profile.keys;
    let (old, new) = (Properties::read(before, editor.path)?, Properties::read(after, editor.path)?);
    for (paths, free) in [(&keys.created, false), (&keys.last_updated, false), (&keys.status, status_may_move)] {
        let (was, is) = (old.text(paths), new.text(paths));
        let known = || is.as_deref().is_some_and(|s| editor.profile.status_named(s).is_some());
        if was != is && was.is_some() && !(free && known()) {
            let name = paths.first().cloned().unwrap_or_default();
            return Err(Error::refused("required-key", format!("this would change `{name}`"), "set the other keys one by one"));
        }
    }
    Ok(())
}

/// Whether a key as typed means one of these properties.
fn is_one_of(properties: &Properties, key: &str, paths: &[String]) -> bool {
    let path = |p: &str| properties.find(p).map(|(k, _)| k.to_string().to_lowercase());
    path(key).is_some_and(|k| paths.iter().any(|p| p.to_lowercase() == k))
}
