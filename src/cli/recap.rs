//! `shiftlog recap`: what several sessions came to.

use clap::Args;
use serde_json::{Value, json};
use shiftlog::handoff::{self, Fitted, Form, done};
use shiftlog::journal::Place;

use super::context::Context;
use super::handoff::{made, within};
use super::ui::Ended;
use super::when;

/// Print what the sessions of the last days came to
///
/// Outcomes, open work, decisions, what failed and which files changed, of each log that was updated since then, the newest first.
#[derive(Debug, Args)]
pub(crate) struct RecapArgs {
    /// Logs that were updated then or later: 2026-11-01, yesterday, 7d
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    since: String,
    /// Budget in tokens: what is worth least is left out, and said
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(50..))]
    tokens: u64,
}

pub(crate) fn run(context: &Context, args: &RecapArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let since = when::parse(&args.since, context.now)?;
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for log in journal.logs(Place::Recent)? {
        let summary = log.summary(&journal.root, false)?;
        if let Some(updated) = summary.last_updated.filter(|time| *time >= since) {
            found.push((updated, log));
        }
    }
    found.sort_by(|(a, x), (b, y)| (b, &y.id).cmp(&(a, &x.id)));
    let mut sessions = Vec::new();
    for (_, log) in &found {
        match made(context, &journal, log)
            .and_then(|made| Ok((made.handoff, done(&log.read()?, &log.profile, &*journal.placeholders(&log.profile)?))))
        {
            Ok((mut handoff, done)) => {
                handoff.parts.splice(0..0, done);
                sessions.push(handoff);
            }
            // One that cannot be read tells nothing; of the others all is told.
            Err(error) => unread.push(format!("left out: {error}")),
        }
    }
    if sessions.is_empty() {
        if context.ui.json {
            context.ui.answer(json!({"since": since, "sessions": [], "text": ""}))?;
        } else {
            context.ui.say(format_args!("no log was updated since {}", when::local(since)));
        }
        return Ok(Ended::Nothing);
    }
    let mut recap = handoff::recap(format!("Since {}", when::local(since)), sessions);
    let own = journal.other_template(&journal.default_profile(), "recap")?;
    let fitted = Form::of_recap(own.as_ref())?.fit(&mut recap, args.tokens, &str::to_string)?;
    within(&fitted, args.tokens)?;
    let Fitted { text, tokens, missing } = fitted;
    let mut notices = context.notices(unread);
    notices.extend(context.undefined(&missing));
    if context.ui.json {
        let parts: Vec<Value> =
            recap.parts.iter().map(|part| json!({"session": part.heading, "lines": part.lines, "left_out": part.left_out})).collect();
        context.ui.answer(json!({"since": since, "sessions": parts, "tokens": tokens, "text": text, "notices": notices}))?;
        return Ok(Ended::Done);
    }
    context.ui.data(text.trim_end())?;
    Ok(Ended::Done)
}
