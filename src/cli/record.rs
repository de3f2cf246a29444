//! `shiftlog record`: switch recording off and on for a project.

use clap::{Args, ValueEnum};
use serde_json::json;
use shiftlog::journal::store::Store;
use shiftlog::record::privacy::{self, Barrier};

use super::context::Context;
use super::recorded;
use super::ui::{Ended, visible};

/// Switch the recording of conversations off or on for this project
///
/// The project is the nearest directory with `.git`, else the journal's. While it is off, nothing that is said there is
/// stored; what was recorded before stays.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// `off` or `on`; without it, say which it is
    state: Option<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Off,
    On,
}

pub(crate) fn run(context: &Context, args: &RecordArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let cwd = std::fs::canonicalize(&context.cwd).unwrap_or_else(|_| context.cwd.clone());
    let root = recorded::project_root(&journal, &cwd);
    let mut changed = false;
    if let Some(state) = args.state {
        let private = recorded::make_private(context, &journal)?;
        // The list is read, changed and written: one after the other.
        let _lock = Store::new(&journal.root, context.now).lock()?;
        changed = privacy::switch(&private, &root, state == State::On)?;
    }
    let barriers = recorded::barriers(context, &journal)?;
    let barrier = barriers.barrier(recorded::project(&journal, &cwd).as_deref(), Some(&cwd)).or_else(|| barriers.barrier(None, None));
    let state = if barrier.is_some() { "off" } else { "on" };
    if context.ui.json {
        let excluded = match &barrier {
            Some(Barrier::Excluded(pattern)) => Some(pattern),
            _ => None,
        };
        context.ui.answer(json!({"action": "record", "state": state, "project": root, "excluded_by": excluded, "changed": changed}))?;
        return Ok(Ended::Done);
    }
    let why = match &barrier {
        Some(Barrier::Excluded(pattern)) => format!(" (`{pattern}` is excluded)"),
        Some(Barrier::Off(dir)) if *dir != root => format!(" (switched off in {})", dir.display()),
        _ => String::new(),
    };
    context.ui.data(visible(&format!("recording is {state} in {}{why}", root.display())))?;
    Ok(Ended::Done)
}
