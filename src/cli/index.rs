//! `shiftlog index`: bringing the index up to date, checking it, making it anew.

use clap::Args;
use serde_json::json;
use shiftlog::index::Mode;

use super::context::Context;
use super::searched::Searched;
use super::ui::{Ended, number, size, visible};

/// Bring the index up to date, check it, or make it anew
///
/// Searching does the first by itself, and the last where the index is damaged: the index holds nothing of its own.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// Make it anew
    #[arg(long)]
    rebuild: bool,
    /// Then compare it with the logs and the record, one by one, and say what is missing
    #[arg(long)]
    verify: bool,
    /// Say what it holds
    #[arg(long)]
    stats: bool,
}

pub(crate) fn run(context: &Context, args: &IndexArgs) -> anyhow::Result<Ended> {
    let searched = Searched::open(context, context.journal()?)?;
    let mode = if args.rebuild { Mode::Rebuild } else { Mode::Update };
    let index = searched.index(context, mode)?;
    let findings = if args.verify { index.verify(&searched.sources(context))? } else { Vec::new() };
    let stats = index.stats()?;
    if context.ui.json {
        context.ui.answer(json!({"coverage": index.coverage(), "stats": stats, "findings": findings}))?;
    } else {
        let covered = index.coverage();
        context.ui.data(format_args!("{} and {} in the index", number(covered.logs, "log"), number(covered.turns, "turn")))?;
        if args.stats {
            context.ui.data(format_args!(
                "{} in {}, {} on disk",
                number(stats.documents, "document"),
                number(stats.segments, "segment"),
                size(stats.bytes)
            ))?;
        }
        for finding in &findings {
            context.ui.data(visible(finding))?;
        }
        if args.verify && findings.is_empty() {
            context.ui.say("everything is in it, once, as it is now");
        }
    }
    Ok(if findings.is_empty() { Ended::Done } else { Ended::Nothing })
}
