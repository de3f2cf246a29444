//! `shiftlog conversation context`.

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::Ended;

/// Print the live context of a conversation, ready for a prompt
///
/// Whole turns only, the newest ones first to be kept. Tokens are estimated, and the text never takes more than was asked for.
#[derive(Debug, Args)]
pub(crate) struct ContextArgs {
    /// Conversation
    id: String,
    /// Tokens that the text may take [default: what live turns may fill of the model's window]
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
}

pub(crate) fn run(context: &Context, args: &ContextArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let (record, conversation) = recorded::named(context, &journal, &args.id)?;
    let _snapshot = record.snapshot()?;
    let budget = args.max_tokens.unwrap_or_else(|| record.budget(conversation.model.as_deref()));
    let fits = record.context(&conversation, budget)?;
    let ended = if fits.turns.is_empty() { Ended::Nothing } else { Ended::Done };
    if context.ui.json {
        context.ui.answer(json!({
            "session_id": conversation.id, "turns": fits.turns, "left_out": fits.left_out, "tokens": fits.tokens, "max_tokens": budget,
            "needed": fits.needed, "text": fits.text,
        }))?;
        return Ok(ended);
    }
    context.ui.foreign(&fits.text)?;
    if fits.turns.is_empty() && fits.left_out > 0 {
        context.ui.say(format_args!("nothing fits into {budget} tokens: with its heading, the newest turn takes {}", fits.needed));
    } else if fits.left_out > 0 {
        let turns = if fits.left_out == 1 { "turn was" } else { "turns were" };
        context.ui.say(format_args!("{} older {turns} left out, {} tokens of {budget}", fits.left_out, fits.tokens));
    }
    Ok(ended)
}
