//! `shiftlog drop`: remove one entry.

use clap::Args;
use shiftlog::journal::outline::Outline;

use super::context::Context;
use super::show::Shown;
use super::ui::Ended;
use super::write::{self, WriteArgs};

/// Remove an entry from a log; `undo` brings it back
///
/// Refused if the entry is not the one that `show` last printed there.
#[derive(Debug, Args)]
pub(crate) struct DropArgs {
    /// SECTION:N as `show` prints it
    #[arg(value_name = "SECTION:N")]
    entry: String,
    #[command(flatten)]
    write: WriteArgs,
}

pub(crate) fn run(context: &Context, args: &DropArgs) -> anyhow::Result<Ended> {
    let spot = super::edit::spot(&args.entry)?;
    let journal = context.journal()?;
    let log = context.log(&journal, args.write.session.as_deref())?;
    let shown = Shown::read(&journal.root, &log.id);
    let change = write::change_log(context, &journal, log, args.write.dry_run, &mut |editor, text| {
        let outline = Outline::parse(text);
        let (_, old) = editor.at(&outline, &spot)?;
        shown.check(&outline, &spot, &old)?;
        editor.drop_entry(text, &spot).map(write::single)
    })?;
    write::report(context, &journal, "drop", args.write.dry_run, &change)
}
