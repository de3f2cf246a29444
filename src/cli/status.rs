//! `shiftlog status`: show or change a log's status.

use clap::Args;
use serde_json::json;
use shiftlog::journal::Place;
use shiftlog::journal::frontmatter::Properties;
use shiftlog::journal::store::Store;

use super::context::Context;
use super::ui::{Ended, visible};
use super::write::{self, WriteArgs};

/// Show a log's status, or change it
///
/// resonance7: Active, Handoff, Completed. agents: in_progress, paused, completed. Changes go forwards; backwards only
/// with --reopen.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// New status
    value: Option<String>,
    /// Allow going back; without a value, back to open
    #[arg(long)]
    reopen: bool,
    #[command(flatten)]
    write: WriteArgs,
}

pub(crate) fn run(context: &Context, args: &StatusArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let log = context.log(&journal, args.write.session.as_deref())?;
    if args.value.is_none() && !args.reopen {
        let status = Properties::read(&log.read()?, &log.path)?.text(&log.profile.keys.status).unwrap_or_default();
        let state = log.profile.status_named(&status).map(|(_, s)| (s.state, s.next.clone()));
        if context.ui.json {
            let (state, next) = state.unzip();
            context.ui.answer(
                json!({"action": "status", "session": log.id, "status": status, "state": state, "next": next.unwrap_or_default()}),
            )?;
        } else {
            context.ui.data(visible(&status))?;
        }
        return Ok(Ended::Done);
    }
    let to = args.value.clone().unwrap_or_else(|| log.profile.open_status().to_string());
    let profile = log.profile.clone();
    let back = journal.dir(&profile, &profile.live[0]).join(log.path.file_name().unwrap_or_default());
    let live = profile.status_named(&to).is_some_and(|(_, s)| s.state != shiftlog::journal::profile::State::Done);
    let returns = log.place == Place::Recent && args.reopen && live;
    if returns && back.exists() {
        let message = format!("{} exists already", journal.relative(&back).display());
        return Err(shiftlog::journal::Error::refused("exists", message, "move one of the two away first; nothing was written").into());
    }
    let mut from = String::new();
    let mut change = write::change_log(context, &journal, log, args.write.dry_run, &mut |editor, text| {
        from = editor.status(text)?.0;
        Ok((editor.set_status(text, &to, args.reopen)?, Vec::new(), false))
    })?;
    if returns {
        let moved = if args.write.dry_run { "would move back to" } else { "moved back to" };
        change.notices.push(format!("{moved} {}", journal.relative(&back).display()));
        if !args.write.dry_run {
            let store = Store::new(&journal.root, context.now);
            let lock = store.lock()?;
            journal.bring_back(&change.log, context.now, Some((&store, &lock)))?;
        }
        change.log.path = back;
    }
    if change.written.changed && !context.ui.json && !args.write.dry_run {
        let path = journal.relative(&change.log.path).display().to_string();
        context.notices(change.notices);
        context.ui.say(format_args!(
            "{}: {} → {}  {path}",
            change.log.id,
            visible(&from),
            profile.status_named(&to).map_or(to.as_str(), |(n, _)| n)
        ));
        return Ok(Ended::Done);
    }
    write::report(context, &journal, "status", args.write.dry_run, &change)
}
