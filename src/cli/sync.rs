//! `shiftlog sync`: look at what others changed.

use clap::Args;
use serde_json::json;
use shiftlog::journal::Error;
use shiftlog::journal::store::Store;

use super::context::Context;
use super::ui::{Ended, visible};

/// Look at what others changed, and move `last_updated` where they added work
///
/// A change is stamped if it is substantive, was never seen before, and carries the `last_updated` last seen; one that came
/// with a branch, a pull or its own stamp is taken as it is. A file changed less than `settle_seconds` (30) ago waits.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Say what would be stamped and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &SyncArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let store = Store::new(&journal.root, context.now);
    let synced = journal.sync(context.now, (!args.dry_run).then_some(&store))?;
    let mut notices = store.notices();
    notices.extend(journal.notices());
    let notices = context.notices(notices);
    if context.ui.json && synced.problems.is_empty() {
        let mut answer = json!({"action": "sync", "dry_run": args.dry_run});
        if let (Some(answer), Ok(serde_json::Value::Object(found))) = (answer.as_object_mut(), serde_json::to_value(&synced)) {
            answer.extend(found);
        }
        answer["notices"] = notices.into();
        context.ui.answer(answer)?;
        return Ok(Ended::Done);
    }
    let stamped = if args.dry_run { "would stamp" } else { "stamped" };
    for (ids, said) in [(&synced.stamped, stamped), (&synced.adopted, "adopted"), (&synced.waiting, "still being changed:")] {
        for id in ids {
            context.ui.say(format_args!("{said} {}", visible(id)));
        }
    }
    let new = if synced.new.is_empty() { String::new() } else { format!(", {} seen for the first time", synced.new.len()) };
    context.ui.say(format_args!("{} {} checked{new}", synced.checked, if synced.checked == 1 { "log" } else { "logs" }));
    match synced.problems.len() {
        0 => Ok(Ended::Done),
        n => Err(Error::refused(
            "not-synced",
            format!("{n} of {} logs could not be looked at or stamped: {}", synced.checked, synced.problems.join("; ")),
            "the others were; mend these, and run it again",
        )
        .into()),
    }
}
