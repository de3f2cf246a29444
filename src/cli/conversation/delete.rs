//! `shiftlog conversation delete`.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use serde_json::json;
use shiftlog::journal::Error;
use shiftlog::record;
use shiftlog::record::conversation::Conversation;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::{Ended, number, one_line};

/// Delete a conversation for good, with those of its subagents
///
/// Asks first. A later import does not bring it back. Its log, if it has one, stays as it is.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// Conversation
    id: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(crate) fn run(context: &Context, args: &DeleteArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let (record, conversation) = recorded::named(context, &journal, &args.id)?;
    if !args.yes && !confirmed(context, &conversation)? {
        context.ui.say("nothing was deleted");
        return Ok(Ended::Done);
    }
    let deleted = record.delete(&conversation.id, context.now)?;
    // Copies of the record that killed backups left hold it, too.
    record::sweep(&recorded::private(&journal))?;
    if context.ui.json {
        context.ui.answer(json!({"action": "delete", "deleted": deleted}))?;
    } else {
        context.ui.say(format_args!("deleted {}", deleted.join(", ")));
    }
    Ok(Ended::Done)
}

fn confirmed(context: &Context, c: &Conversation) -> anyhow::Result<bool> {
    if context.ui.json || !std::io::stdin().is_terminal() {
        let message = format!("deleting {} with {} needs a yes", c.id, number(c.turns, "turn"));
        return Err(Error::refused("confirmation-needed", message, "give --yes; nothing was deleted").into());
    }
    let title = c.title.as_ref().map(|t| format!(" ({})", one_line(t, 60))).unwrap_or_default();
    write!(std::io::stderr(), "delete {}{title} with {} for good? [y/N] ", c.id, number(c.turns, "turn"))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
