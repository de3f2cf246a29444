//! `shiftlog init`: make a journal.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use shiftlog::journal::config::FILE;
use shiftlog::journal::store::{PRIVATE, Store};
use shiftlog::journal::{Error, Journal};

use super::context::{Context, home_journal};
use super::ui::Ended;

/// Make a journal here (or in --journal DIR, or your home journal)
///
/// Makes the directories of the profile and the private `.shiftlog/`. What is there already stays as it is.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Profile of its logs: resonance7, agents, or one that shiftlog.toml defines [default: resonance7]
    #[arg(long)]
    profile: Option<String>,
    /// Make your home journal, which is used where there is no other
    #[arg(long)]
    home: bool,
    /// Say what would be made and make nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &InitArgs) -> anyhow::Result<Ended> {
    let root = if args.home {
        home_journal().context("there is no data directory for a home journal: set $SHIFTLOG_HOME")?
    } else {
        context.here()
    };
    let journal = Journal::open(&root)?;
    let profile = match &args.profile {
        Some(name) => journal.profile(name)?,
        None => journal.default_profile(),
    };
    let mut made = Vec::new();
    let named = args.profile.is_some() && journal.config.profile.as_deref() != Some(&profile.id);
    let configured = named && root.join(FILE).exists();
    if configured {
        let file = root.join(FILE);
        return Err(Error::refused(
            "configured",
            format!("{} exists and does not name profile {}", file.display(), profile.id),
            format!("write `profile = \"{}\"` at its top", profile.id),
        )
        .into());
    }
    for dir in profile.live.iter().chain(&profile.recent).chain(&profile.archive) {
        let dir = journal.dir(&profile, dir);
        if !dir.is_dir() {
            make(&dir, args.dry_run)?;
            made.push(journal.relative(&dir).display().to_string() + "/");
        }
    }
    let private = root.join(PRIVATE);
    if !private.is_dir() {
        if !args.dry_run {
            Store::new(&root, context.now).make_private(&private)?;
        }
        made.push(format!("{PRIVATE}/"));
    }
    if named && (args.dry_run || Journal::open(&root)?.default_profile().id != profile.id) {
        made.push(FILE.to_string());
        let file = root.join(FILE);
        if !args.dry_run {
            fs::write(&file, format!("profile = \"{}\"\n", profile.id)).map_err(Error::io("write configuration", &file))?;
        }
    }
    if !args.dry_run {
        context.register(&root);
    }
    let shown = std::path::absolute(&root).unwrap_or(root);
    if context.ui.json {
        context.ui.answer(json!({"action": "init", "journal": shown, "profile": profile.id, "made": made, "dry_run": args.dry_run}))?;
    } else if made.is_empty() {
        context.ui.say(format_args!("{} is a journal already ({})", shown.display(), profile.id));
    } else {
        let would = if args.dry_run { "would make" } else { "made" };
        context.ui.say(format_args!("{would} a journal in {} ({}): {}", shown.display(), profile.id, made.join(" ")));
        context.ui.say("next: shiftlog new \"What you are about to do\"");
    }
    Ok(Ended::Done)
}

fn make(dir: &Path, dry_run: bool) -> anyhow::Result<()> {
    if dry_run {
        return Ok(());
    }
    Ok(fs::create_dir_all(dir).map_err(Error::io("make directory", dir))?)
}
