//! `shiftlog prune`: old logs out of the way.

use clap::Args;
use serde_json::json;
use shiftlog::journal::prune::{Plan, Pruned};
use shiftlog::journal::{Journal, Log};

use super::context::Context;
use super::r#continue::{relinked, say_relinked};
use super::ui::{Ended, visible};
use super::write::Writing;

/// Move logs that are no longer worked on to `recent`, archive them, clean up
///
/// Live logs whose `last_updated` is more than --days old become `Completed (Agent)` if they were Completed, else
/// `Completed (Auto)`, and move to `recent`. With --archive all recent logs are put into monthly zips, beside. With --cleanup,
/// recent logs that have not been updated for so long are removed, but only if a zip holds them byte for byte.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Move live logs not updated for more than N days
    #[arg(long, value_name = "N", default_value_t = 7)]
    days: u32,
    /// Put recent logs into the zips of their months
    #[arg(long)]
    archive: bool,
    /// Remove recent logs not updated for more than N days, once a zip holds them [default: 90]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "90")]
    cleanup: Option<u32>,
    /// Say what would be done and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &PruneArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let writing = Writing::begin(context, &journal, args.dry_run)?;
    let plan = Plan { days: args.days, archive: args.archive, cleanup: args.cleanup };
    let mut pruned = journal.prune(&plan, context.now, writing.pair())?;
    let mut notices = writing.end(&journal);
    // Damaged zips are named below where they are in the way.
    notices.retain(|n| !pruned.failed.iter().any(|f| f.to_string() == *n));
    notices.sort();
    notices.dedup();
    let notices = context.notices(notices);
    print(context, &journal, args, &pruned, &notices)?;
    for failed in pruned.failed.iter().skip(1) {
        context.ui.say(format_args!("failed: {}", visible(&failed.to_string())));
    }
    match pruned.failed.is_empty() {
        true => Ok(Ended::Done),
        false => Err(pruned.failed.remove(0).into()),
    }
}

fn print(context: &Context, journal: &Journal, args: &PruneArgs, pruned: &Pruned, notices: &[String]) -> anyhow::Result<()> {
    let path = |log: &Log| journal.relative(&log.path).display().to_string();
    let named = |logs: &[Log]| -> Vec<_> { logs.iter().map(|l| json!({"session": l.id, "path": path(l)})).collect() };
    if context.ui.json && pruned.failed.is_empty() {
        let moved: Vec<_> = pruned.moved.iter().map(|(l, status)| json!({"session": l.id, "path": path(l), "status": status})).collect();
        let kept: Vec<_> = pruned.kept.iter().map(|(id, why)| json!({"session": id, "reason": why})).collect();
        return context.ui.answer(json!({
            "action": "prune", "dry_run": args.dry_run, "moved": moved, "archived": named(&pruned.archived), "removed": named(&pruned.removed),
            "kept": kept, "relinked": relinked(journal, &pruned.relinked), "notices": notices,
        }));
    }
    let did = |done: &str, would: &str| if args.dry_run { would.to_string() } else { done.to_string() };
    for (log, status) in &pruned.moved {
        context.ui.say(format_args!("{} {}  {}  {}", did("moved", "would move"), visible(&log.id), visible(status), path(log)));
    }
    say_relinked(context, journal, &pruned.relinked, args.dry_run);
    for log in &pruned.archived {
        let zip = journal.zip_of(log).unwrap_or_default();
        context.ui.say(format_args!("{} {}  {}", did("archived", "would archive"), visible(&log.id), journal.relative(&zip).display()));
    }
    for log in &pruned.removed {
        let back = format!("`shiftlog restore {}` takes it out of its zip", log.id);
        context.ui.say(format_args!("{} {}  {} ({back})", did("removed", "would remove"), visible(&log.id), path(log)));
    }
    for (id, why) in &pruned.kept {
        context.ui.say(format_args!("kept {}: {}", visible(id), visible(why)));
    }
    if pruned.moved.is_empty() && pruned.archived.is_empty() && pruned.removed.is_empty() {
        context.ui.say("nothing to prune");
    }
    Ok(())
}
