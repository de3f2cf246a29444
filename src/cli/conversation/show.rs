//! `shiftlog conversation show`.

use std::ops::RangeInclusive;

use clap::Args;
use serde_json::json;
use shiftlog::journal::Error;
use shiftlog::record::action::Action;
use shiftlog::record::conversation::Conversation;
use shiftlog::record::turn::Turn;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::{Ended, Ui, bold, faint, number, one_line, visible};
use crate::cli::when;

/// Show the turns of a conversation
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Conversation
    id: String,
    /// Only these turns: `3..7`, `3..`, `..7` or `5`
    #[arg(long, value_name = "RANGE")]
    turns: Option<String>,
}

pub(crate) fn run(context: &Context, args: &ShowArgs) -> anyhow::Result<Ended> {
    let range = args.turns.as_deref().map_or(Ok(1..=i64::MAX), range)?;
    let journal = context.journal()?;
    let (record, conversation) = recorded::named(context, &journal, &args.id)?;
    // What it says of the conversation and the turns that it shows belong together.
    let _snapshot = record.snapshot()?;
    let conversation = record.conversation(&conversation.id)?;
    if context.ui.json {
        let turns = record.turns(&conversation.id, &range)?;
        let ended = if turns.is_empty() && args.turns.is_some() { Ended::Nothing } else { Ended::Done };
        context.ui.answer(json!({"conversation": conversation, "turns": turns}))?;
        return Ok(ended);
    }
    head(&context.ui, &conversation)?;
    let (mut failed, mut any) = (None, false);
    record.each_turn(&conversation.id, &range, &mut |turn| {
        any = true;
        if failed.is_none() {
            failed = show(&context.ui, &turn).err();
        }
        Ok(())
    })?;
    if let Some(range) = args.turns.as_ref().filter(|_| !any) {
        context.ui.say(format_args!("no turns in {range}"));
    }
    failed.map_or(Ok(if any || args.turns.is_none() { Ended::Done } else { Ended::Nothing }), Err)
}

/// `3..7` and its short forms, both ends included.
fn range(text: &str) -> Result<RangeInclusive<i64>, Error> {
    let bad = || Error::refused("bad-range", format!("`{text}` is no range of turns"), "write 3..7, 3.., ..7 or 5");
    let number = |part: &str, open: i64| match part.trim() {
        "" => Ok(open),
        part => part.parse::<i64>().ok().filter(|n| *n > 0).ok_or_else(bad),
    };
    let (from, to) = match text.split_once("..") {
        Some((from, to)) => (number(from, 1)?, number(to.trim_start_matches('='), i64::MAX)?),
        None if text.trim().is_empty() => return Err(bad()),
        None => (number(text, 1)?, number(text, 1)?),
    };
    if from > to { Err(bad()) } else { Ok(from..=to) }
}

fn head(ui: &Ui, c: &Conversation) -> anyhow::Result<()> {
    let turns = number(c.turns, "turn");
    let title = c.title.as_ref().map(|t| format!("  {}", one_line(t, 80))).unwrap_or_default();
    ui.data(format_args!("{}  {}{title}", bold(&c.id), c.status))?;
    let mut about = vec![format!("{} in {}", c.user_id, c.channel_id), turns, when::local(c.created_at)];
    let named = [("agent", &c.agent), ("model", &c.model), ("project", &c.project), ("branch", &c.branch), ("log", &c.log)];
    about.extend(named.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))));
    about.extend(c.parent.as_ref().map(|p| format!("subagent of {p}")));
    about.extend(c.origin.as_ref().map(|o| format!("goes on from {o}, turn {}", c.origin_turn.unwrap_or_default())));
    ui.data(faint(&one_line(&about.join(" · "), 400)))?;
    if let Some(summary) = &c.summary {
        ui.data(visible(&summary.line(&c.id)))?;
    }
    Ok(())
}

fn show(ui: &Ui, turn: &Turn) -> anyhow::Result<()> {
    let marked = if turn.counts() { String::new() } else { format!("  {}", visible(&turn.status)) };
    ui.data(format_args!("\n{}  {}{marked}", bold(&format!("turn {}", turn.number)), faint(&when::local(turn.time))))?;
    let who = turn.author.as_deref().unwrap_or("user");
    for (who, said) in [(who, &turn.user_input), ("agent", &turn.agent_response)] {
        if let Some(said) = said.as_deref().filter(|s| !s.is_empty()) {
            ui.data(format_args!("{} {}", bold(&format!("{}:", one_line(who, 40))), visible(said.trim_end_matches('\n'))))?;
        }
    }
    turn.actions.iter().try_for_each(|action| ui.data(faint(&line(action))))
}

fn line(action: &Action) -> String {
    let ok = match action.ok {
        Some(true) => "  ok",
        Some(false) => "  failed",
        None => "",
    };
    format!("  {}: {}{ok}", one_line(&action.kind, 20), one_line(&action.value, 120))
}
