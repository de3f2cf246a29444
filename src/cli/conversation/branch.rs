//! `shiftlog conversation branch`.

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::Ended;

/// Go on from a turn of a conversation in a new one
///
/// The new conversation holds a copy of all turns up to that one, and names its origin.
#[derive(Debug, Args)]
pub(crate) struct BranchArgs {
    /// Conversation
    id: String,
    /// The last turn that the two share [default: the newest]
    #[arg(long, value_name = "TURN")]
    at: Option<i64>,
}

pub(crate) fn run(context: &Context, args: &BranchArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let (record, conversation) = recorded::named(context, &journal, &args.id)?;
    recorded::recordable(&recorded::allowed(context, &journal)?, &conversation)?;
    let at = args.at.unwrap_or(conversation.last_turn);
    let branch = record.branch(&conversation.id, at, context.now)?;
    if context.ui.json {
        context.ui.answer(json!({"action": "branch", "conversation": branch}))?;
    } else {
        context.ui.data(&branch.id)?;
        context.ui.say(format_args!("goes on from {}, turn {at}", conversation.id));
    }
    Ok(Ended::Done)
}
