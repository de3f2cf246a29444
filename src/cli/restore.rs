//! `shiftlog restore`: a log out of a zip or the trash.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::ui::{Ended, visible};
use super::write::Writing;

/// Take a log out of its zip, or out of the trash
///
/// A log from a zip goes to `recent`, byte for byte, and stays in the zip as well; one from the trash goes back among the live
/// ones. Nothing is overwritten. Without LOG, lists what is in the trash.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Id of the log
    log: Option<String>,
    /// Take it from the trash, though a zip has one of that name
    #[arg(long)]
    trash: bool,
    /// Say what would be done and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &RestoreArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let Some(name) = &args.log else {
        let trash = journal.trash()?;
        if context.ui.json {
            let logs: Vec<_> = trash.iter().map(|t| json!({"session": t.id(), "path": journal.relative(&t.path)})).collect();
            context.ui.answer(json!({"action": "restore", "trash": logs}))?;
            return Ok(Ended::Done);
        }
        for one in &trash {
            context.ui.data(visible(one.id()))?;
        }
        context.ui.say(format_args!("{} in the trash; `shiftlog list --place archived` shows what is in zips", trash.len()));
        return Ok(Ended::Done);
    };
    let writing = Writing::begin(context, &journal, args.dry_run)?;
    let (log, made) = journal.restore(name, args.trash, writing.pair()).inspect_err(|_| drop(context.notices(journal.notices())))?;
    if let Some((_, lock)) = writing.pair() {
        journal.remember(lock, &[&log], context.now)?;
    }
    let path = journal.relative(&log.path).display().to_string();
    let notices = context.notices(writing.end(&journal));
    if context.ui.json {
        context
            .ui
            .answer(json!({"action": "restore", "session": log.id, "path": path, "changed": made && !args.dry_run, "notices": notices}))?;
    } else if !made {
        context.ui.say(format_args!("{} is there already  {path}", visible(&log.id)));
    } else {
        context.ui.say(format_args!("{} {}  {path}", if args.dry_run { "would restore" } else { "restored" }, visible(&log.id)));
    }
    Ok(Ended::Done)
}
