//! `shiftlog undo`: take back the last write.

use clap::Args;
use serde_json::json;
use shiftlog::journal::store::{Store, Undone};

use super::context::Context;
use super::ui::Ended;

/// Take back the last command that wrote; run again for the one before
///
/// Refused if somebody else changed the log since.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// Say what would be taken back and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &UndoArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let store = Store::new(&journal.root, context.now);
    let lock = store.lock()?;
    let undone = store.undo(&lock, args.dry_run)?;
    let name = |path: &std::path::Path| journal.relative(path).display().to_string();
    let steps: Vec<(&str, String)> = undone
        .iter()
        .map(|step| match step {
            Undone::Restored(path) => ("restored", name(path)),
            Undone::Trashed(path) => ("moved to the trash", name(path)),
            Undone::Moved(path) => ("moved back", name(path)),
        })
        .collect();
    if context.ui.json {
        let steps: Vec<_> = steps.iter().map(|(action, path)| json!({"action": action, "path": path})).collect();
        context.ui.answer(json!({"action": "undo", "dry_run": args.dry_run, "steps": steps}))?;
    } else {
        for (action, path) in steps {
            context.ui.say(format_args!("{}{action}: {path}", if args.dry_run { "would be " } else { "" }));
        }
    }
    Ok(Ended::Done)
}
