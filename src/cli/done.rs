//! `shiftlog done`: tick a task, complete a wave or a spawned agent.

use clap::Args;
use shiftlog::journal::Error;
use shiftlog::journal::edit::Editor;

use super::context::Context;
use super::ui::Ended;
use super::write::{self, WriteArgs};

/// Tick a next item or task, or complete a wave or spawned agent
///
/// A next item that was carried forward is completed in the log that it comes from too, and in all live logs that carry it.
#[derive(Debug, Args)]
pub(crate) struct DoneArgs {
    /// Words of the item, or SECTION:N as `show` prints it
    #[arg(required = true, value_name = "TEXT|SECTION:N")]
    item: Vec<String>,
    /// Outcome of a spawned agent
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

pub(crate) fn run(context: &Context, args: &DoneArgs) -> anyhow::Result<Ended> {
    let item = write::text_of(&args.item)?;
    if item.trim().is_empty() {
        return Err(Error::refused("usage", "no words name no item", "give some of its words, or SECTION:N as `show` prints it").into());
    }
    let journal = context.journal()?;
    let log = context.log(&journal, args.write.session.as_deref())?;
    let dry_run = args.write.dry_run;
    let mut edit = |editor: &Editor, text: &str| editor.done(text, &item, args.summary.as_deref()).map(write::single);
    let change = write::change_with(context, &journal, (log, dry_run), &mut edit, &mut |change, write| {
        let entries: Vec<&str> = change.outcomes.iter().map(|outcome| outcome.entry.as_str()).collect();
        let elsewhere = journal.complete_elsewhere((&change.log, &change.written.after), &entries, context.now, write)?;
        change.notices.extend(elsewhere.notices);
        change.also = Some(elsewhere.logs);
        Ok(())
    })?;
    write::report(context, &journal, "done", dry_run, &change)
}
