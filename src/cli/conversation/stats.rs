//! `shiftlog conversation stats`.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;
use shiftlog::record::stats::{Count, Stats};

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::{Ended, Ui, bold, number, one_line, size};

/// Count conversations, turns and tokens, by day, agent, project and state
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {}

/// Days that are shown, and other groups.
const SHOWN: usize = 14;

pub(crate) fn run(context: &Context, _: &StatsArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let stats = recorded::find(context, &journal)?.map(|r| r.stats()).transpose()?.unwrap_or_default();
    if context.ui.json {
        context.ui.answer(json!({"stats": stats}))?;
        return Ok(Ended::Done);
    }
    let ui = &context.ui;
    ui.data(format_args!("{}  {}", bold("all"), counts(&stats.total)))?;
    ui.data(format_args!("     {} live turns, {} actions", stats.live_turns, stats.actions))?;
    ui.data(format_args!("     {} of text in {} on disk", size(stats.text_bytes), size(stats.file_bytes)))?;
    if let (Some(median), Some(longest)) = (stats.median_seconds, stats.longest_seconds) {
        ui.data(format_args!("     from first to last turn: median {}, longest {}", span(median), span(longest)))?;
    }
    groups(ui, &stats)?;
    Ok(Ended::Done)
}

fn groups(ui: &Ui, stats: &Stats) -> anyhow::Result<()> {
    // The last days, and of the rest those with most turns.
    let days: Vec<_> = stats.days.iter().rev().take(SHOWN).collect();
    group(ui, "days", &days, stats.days.len())?;
    for (name, group_of) in [("agents", &stats.agents), ("projects", &stats.projects), ("states", &stats.statuses)] {
        group(ui, name, &most(group_of), group_of.len())?;
    }
    Ok(())
}

fn most(groups: &BTreeMap<String, Count>) -> Vec<(&String, &Count)> {
    let mut sorted: Vec<_> = groups.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(count.turns));
    sorted.truncate(SHOWN);
    sorted
}

fn group(ui: &Ui, name: &str, rows: &[(&String, &Count)], all: usize) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let more = if all > rows.len() { format!(" ({} of {all})", rows.len()) } else { String::new() };
    ui.data(format_args!("\n{}{more}", bold(name)))?;
    for (key, count) in rows {
        let key = if key.is_empty() { "(none)" } else { key };
        ui.data(format_args!("  {:<24}  {}", one_line(key, 24), counts(count)))?;
    }
    Ok(())
}

fn counts(count: &Count) -> String {
    let (conversations, turns) = (number(count.conversations, "conversation"), number(count.turns, "turn"));
    format!("{conversations}, {turns}, {}", number(count.tokens, "token"))
}

/// `3 h 20 min`, `45 s`.
fn span(seconds: u64) -> String {
    match seconds {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min", s / 60),
        s @ 3600..172_800 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        s => format!("{} days", s / 86_400),
    }
}
