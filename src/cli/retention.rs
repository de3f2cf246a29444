//! `shiftlog doctor --retention`: what only the record still holds, and what agents delete soon.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use shiftlog::agents::cleanup::{claude_conversations, claude_keeps};
use shiftlog::agents::{self, Homes};
use shiftlog::journal::Journal;
use shiftlog::record::privacy::Privacy;
use shiftlog::retention::{Question, Retention, look};

use super::agents::{Choice, homes, limits};
use super::context::Context;
use super::recorded;
use super::ui::{Ended, number, visible};

/// Conversations or files that are named; of more, only the number.
const NAMED: usize = 10;

pub(crate) fn run(context: &Context, journal: &Journal) -> anyhow::Result<Ended> {
    let record = recorded::find(context, journal)?;
    let homes = homes();
    let kept = claude_keeps(&homes);
    let found = {
        let privacy = recorded::barriers(context, journal)?;
        let choice = Choice::new(journal, false);
        let files = claude_conversations(&homes);
        let wanted = |path: &Path| is_wanted(journal, &privacy, &choice, path);
        let question = Question { files: &files, kept, wanted: &wanted, most: usize::MAX, now: context.now.into() };
        look(record.as_ref(), &question)?
    };
    if context.ui.json {
        let soon: Vec<_> = found.soon.iter().map(|(path, goes)| json!({"path": path, "deleted_at": date(*goes)})).collect();
        context.ui.answer(json!({
            "only_here": found.only_here, "soon": soon, "not_taken": found.soon_not_taken, "kept_days": days(kept),
        }))?;
    } else {
        print(context, &found, kept, &homes)?;
    }
    Ok(if found.soon_not_taken.is_empty() { Ended::Done } else { Ended::Nothing })
}

/// Whether a file tells a conversation that belongs to this journal.
fn is_wanted(journal: &Journal, privacy: &Privacy, choice: &Choice, path: &Path) -> bool {
    let Some(read) = agents::named("claude").and_then(|agent| agent.read(path, None, limits(journal)).ok()) else { return false };
    read.transcripts.into_iter().any(|mut transcript| {
        let here = choice.takes(&mut transcript) && !transcript.turns.is_empty();
        here && privacy.barrier(transcript.project.as_deref(), transcript.cwd.as_deref().map(Path::new)).is_none()
    })
}

fn date(time: std::time::SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn days(kept: Duration) -> u64 {
    kept.as_secs() / 86_400
}

fn print(context: &Context, found: &Retention, kept: Duration, homes: &Homes) -> anyhow::Result<()> {
    let ui = &context.ui;
    ui.data(format_args!("only here   {} whose files are gone", number(found.only_here.len() as u64, "conversation")))?;
    named(context, found.only_here.iter().cloned())?;
    ui.data(format_args!(
        "soon gone   {} that Claude Code deletes within 7 days: it keeps them for {}",
        number(found.soon.len() as u64, "conversation"),
        number(days(kept), "day")
    ))?;
    let short = |path: &Path| path.strip_prefix(&homes.home).map_or(path.display().to_string(), |rest| format!("~/{}", rest.display()));
    let goes = |time: std::time::SystemTime| {
        let due = if DateTime::<Utc>::from(time) < context.now { "due since " } else { "" };
        format!("{due}{}", super::when::local(time.into()))
    };
    named(context, found.soon.iter().map(|(path, time)| format!("{}  {}", short(path), goes(*time))))?;
    ui.data(format_args!("not taken   {} of them, or their last part", found.soon_not_taken.len()))?;
    named(context, found.soon_not_taken.iter().map(|path| short(path)))?;
    if !found.soon_not_taken.is_empty() {
        ui.say("hint: `shiftlog import` takes them in");
    }
    Ok(())
}

/// The first few of a list.
fn named(context: &Context, all: impl ExactSizeIterator<Item = String>) -> anyhow::Result<()> {
    let rest = all.len().saturating_sub(NAMED);
    for name in all.take(NAMED) {
        context.ui.data(visible(&format!("            {name}")))?;
    }
    if rest > 0 {
        context.ui.data(format_args!("            and {rest} more"))?;
    }
    Ok(())
}
