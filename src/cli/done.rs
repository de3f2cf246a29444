//! `shiftlog done`: tick a task, complete a wave or a spawned agent.

use clap::Args;

use super::context::Context;
use super::ui::Ended;
use super::write::{self, WriteArgs};

/// Tick a next item or task, or complete a wave or spawned agent
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
    write::change(context, &args.write, "done", &mut |editor, text| editor.done(text, &item, args.summary.as_deref()).map(write::single))
}
