//! `shiftlog backlinks`: which logs link to a log.

use clap::Args;
use serde_json::json;
use shiftlog::index::Mode;

use super::context::Context;
use super::searched::Searched;
use super::ui::{Ended, faint, one_line, visible};

/// List the places that link to a log
///
/// Links by its id, by its path and by the names that it had all count, from live, recent and archived logs. Exit code 1 when
/// nothing links to it.
#[derive(Debug, Args)]
pub(crate) struct BacklinksArgs {
    /// Log: id, unique prefix, path, or `@` for the newest
    log: Option<String>,
    /// Answer from the index as it is, without bringing it up to date
    #[arg(long)]
    no_update: bool,
}

pub(crate) fn run(context: &Context, args: &BacklinksArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let log = context.log(&journal, args.log.as_deref())?;
    let searched = Searched::open(context, journal)?;
    let index = searched.index(context, if args.no_update { Mode::Leave } else { Mode::Update })?;
    let found = index.backlinks(&searched.sources(context), &log)?;
    if context.ui.json {
        context.ui.answer(json!({"session": log.id, "backlinks": found, "coverage": index.coverage()}))?;
    } else {
        for link in &found {
            context.ui.data(format_args!("{}  {}", faint(&format!("{}:{}", visible(&link.path), link.line)), one_line(&link.text, 200)))?;
        }
        if found.is_empty() {
            context.ui.say(format_args!("nothing links to {}", log.id));
        }
    }
    Ok(if found.is_empty() { Ended::Nothing } else { Ended::Done })
}
