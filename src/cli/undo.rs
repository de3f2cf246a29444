//! `shiftlog undo`: take back the last write.

use clap::Args;
use serde_json::json;
use shiftlog::journal::Journal;
use shiftlog::journal::store::{Preview, Store, Undone};

use super::context::Context;
use super::ui::{Ended, unified_diff};

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
    let (undone, diff) = if args.dry_run {
        let previews = store.undo_preview()?;
        let diff: String = previews.iter().map(|p| diff_of(&journal, p)).collect();
        (previews.into_iter().map(|p| p.step).collect(), Some(diff))
    } else {
        let lock = store.lock()?;
        let undone = store.undo(&lock)?;
        let there = undone.iter().filter_map(|step| match step {
            Undone::Restored(path) | Undone::Moved(path) => journal.log_at(path).ok(),
            Undone::Trashed(_) => None,
        });
        let logs: Vec<_> = there.collect();
        journal.remember_undone(&lock, &logs, context.now)?;
        (undone, None)
    };
    let steps: Vec<(&str, String)> = undone.iter().map(|step| named(&journal, step)).collect();
    if context.ui.json {
        let steps: Vec<_> = steps.iter().map(|(action, path)| json!({"action": action, "path": path})).collect();
        let mut answer = json!({"action": "undo", "dry_run": args.dry_run, "steps": steps});
        if let Some(diff) = diff {
            answer["diff"] = diff.into();
        }
        context.ui.answer(answer)?;
        return Ok(Ended::Done);
    }
    context.ui.raw(diff.unwrap_or_default().as_bytes())?;
    for (action, path) in steps {
        context.ui.say(format_args!("{}{action}: {path}", if args.dry_run { "would be " } else { "" }));
    }
    Ok(Ended::Done)
}

fn named(journal: &Journal, step: &Undone) -> (&'static str, String) {
    let (action, path) = match step {
        Undone::Restored(path) => ("restored", path),
        Undone::Trashed(path) => ("moved to the trash", path),
        Undone::Moved(path) => ("moved back", path),
    };
    (action, journal.relative(path).display().to_string())
}

fn diff_of(journal: &Journal, preview: &Preview) -> String {
    let (_, path) = named(journal, &preview.step);
    match &preview.after {
        Some(after) if *after == preview.before => String::new(),
        Some(after) => unified_diff(&path, Some(&preview.before), after),
        None => unified_diff(&path, Some(&preview.before), "").replacen(&format!("+++ b/{path}"), "+++ /dev/null", 1),
    }
}
