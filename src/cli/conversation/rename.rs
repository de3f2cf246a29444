//! `shiftlog conversation rename`.

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::{Ended, visible};

/// Give a conversation a title
#[derive(Debug, Args)]
pub(crate) struct RenameArgs {
    /// Conversation
    id: String,
    /// Title; an empty one takes the title away
    #[arg(value_name = "TITLE", required = true)]
    title: Vec<String>,
}

pub(crate) fn run(context: &Context, args: &RenameArgs) -> anyhow::Result<Ended> {
    let title = shiftlog::journal::lifecycle::one_line("title", &args.title.join(" "))?;
    let journal = context.journal()?;
    let (record, conversation) = recorded::named(context, &journal, &args.id)?;
    recorded::recordable(&recorded::barriers(context, &journal)?, &conversation)?;
    let renamed = record.rename(&conversation.id, Some(title.as_str()).filter(|t| !t.is_empty()))?;
    if context.ui.json {
        context.ui.answer(json!({"action": "rename", "conversation": renamed, "changed": renamed.title != conversation.title}))?;
    } else {
        let title = renamed.title.as_deref().unwrap_or("(no title)");
        context.ui.say(format_args!("{}  {}", renamed.id, visible(title)));
    }
    Ok(Ended::Done)
}
