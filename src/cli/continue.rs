//! `shiftlog continue`: a further part of a session.

use clap::Args;
use serde_json::json;
use shiftlog::journal::Journal;
use shiftlog::journal::parts::Continued;
use shiftlog::journal::relocate::Relinked;

use super::context::Context;
use super::ui::{Ended, unified_diff, visible};
use super::write::Writing;

/// Go on with a session in a new part
///
/// `20261120-01` becomes `20261120-01_pt1`, the new log is `20261120-01_pt2`; each names the other, every link to the
/// renamed one follows, and its old id goes on resolving.
#[derive(Debug, Args)]
pub(crate) struct ContinueArgs {
    /// Log: id, unique prefix, path, or `@` for the newest [default: $SHIFTLOG_SESSION, else @]
    log: Option<String>,
    /// The same, as other commands take it
    #[arg(short, long, value_name = "LOG", conflicts_with = "log")]
    session: Option<String>,
    /// Say what would be done and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &ContinueArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let writing = Writing::begin(context, &journal, args.dry_run)?;
    let log = context.log(&journal, args.log.as_deref().or(args.session.as_deref()))?;
    let continued = journal.continue_log(&log, context.now, writing.pair())?;
    let mut notices = continued.made.notices.clone();
    notices.extend(writing.end(&journal));
    let notices = context.notices(notices);
    print(context, &journal, args, &continued, &notices)
}

fn print(context: &Context, journal: &Journal, args: &ContinueArgs, continued: &Continued, notices: &[String]) -> anyhow::Result<Ended> {
    let path = journal.relative(&continued.made.log.path).display().to_string();
    let before = journal.relative(&continued.before.path).display().to_string();
    let diff = || {
        let own = unified_diff(&before, Some(&continued.named.before), &continued.named.after);
        own + &diffs(journal, &continued.relinked) + &unified_diff(&path, None, &continued.made.text)
    };
    if context.ui.json {
        let mut answer = json!({
            "action": "continue", "session": continued.made.log.id, "path": path, "changed": !args.dry_run,
            "before": {"session": continued.before.id, "path": before, "renamed_from": continued.renamed},
            "relinked": relinked(journal, &continued.relinked), "notices": notices,
        });
        if args.dry_run {
            answer["diff"] = diff().into();
        }
        context.ui.answer(answer)?;
        return Ok(Ended::Done);
    }
    if args.dry_run {
        context.ui.raw(diff().as_bytes())?;
    }
    let did = |done: &'static str, would: &'static str| if args.dry_run { would } else { done };
    if let Some(old) = &continued.renamed {
        let renamed = did("renamed", "would rename");
        context.ui.say(format_args!("{renamed} {} to {}  {}", visible(old), visible(&continued.before.id), visible(&before)));
    }
    say_relinked(context, journal, &continued.relinked, args.dry_run);
    context.ui.say(format_args!("{} {}  {}", did("created", "would create"), visible(&continued.made.log.id), visible(&path)));
    Ok(Ended::Done)
}

/// Logs whose links followed, for JSON answers.
pub(crate) fn relinked(journal: &Journal, all: &[Relinked]) -> Vec<serde_json::Value> {
    all.iter().map(|r| json!({"session": r.log.id, "path": journal.relative(&r.log.path), "links": r.links})).collect()
}

/// The changes of their texts.
pub(crate) fn diffs(journal: &Journal, all: &[Relinked]) -> String {
    let diff = |r: &Relinked| unified_diff(&journal.relative(&r.log.path).display().to_string(), Some(&r.written.before), &r.written.after);
    all.iter().map(diff).collect()
}

/// Says which logs' links followed.
pub(crate) fn say_relinked(context: &Context, journal: &Journal, all: &[Relinked], dry_run: bool) {
    let changed = if dry_run { "would change" } else { "changed" };
    for one in all {
        let links = if one.links == 1 { "1 link".to_string() } else { format!("{} links", one.links) };
        context.ui.say(format_args!("{changed} {links} in {}  {}", visible(&one.log.id), journal.relative(&one.log.path).display()));
    }
}
