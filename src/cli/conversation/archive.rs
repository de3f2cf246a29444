//! `shiftlog conversation archive`.

use chrono::TimeDelta;
use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::{Ended, number};

/// Archive conversations: those without a turn for 30 days, or those named
///
/// Nothing is moved or deleted: an archived conversation is shown and searched like any other.
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Conversations
    #[arg(conflicts_with = "days")]
    id: Vec<String>,
    /// Archive those without a turn for so many days [default: `archive_days` of shiftlog.toml, 30]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    days: Option<u32>,
    /// Say which would be archived
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &ArchiveArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let mut archived = Vec::new();
    if let Some(record) = recorded::find(context, &journal)? {
        let mut ids = Vec::new();
        for name in &args.id {
            ids.push(record.resolve(name)?.id);
        }
        if args.id.is_empty() {
            let days = args.days.unwrap_or(journal.config.record.archive_days);
            let since = context.now - TimeDelta::days(days.into());
            ids = record.idle(since)?;
        }
        archived = if args.dry_run { ids } else { record.archive(&ids)? };
    } else if let Some(name) = args.id.first() {
        return Err(recorded::none(name).into());
    }
    if context.ui.json {
        context.ui.answer(json!({"action": "archive", "conversations": archived, "dry_run": args.dry_run}))?;
        return Ok(Ended::Done);
    }
    archived.iter().try_for_each(|id| context.ui.data(id))?;
    let would = if args.dry_run { "would be archived" } else { "archived" };
    context.ui.say(format_args!("{} {would}", number(archived.len() as u64, "conversation")));
    Ok(Ended::Done)
}
