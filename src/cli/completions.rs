//! `shiftlog completions`: scripts for shells.

use clap::Args;
use clap_complete::Shell;

use super::context::Context;
use super::ui::Ended;

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Shell
    shell: Shell,
}

pub(crate) fn run(context: &Context, args: &CompletionsArgs) -> anyhow::Result<Ended> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "shiftlog", &mut script);
    if context.ui.json {
        context.ui.answer(serde_json::json!({"shell": args.shell.to_string(), "script": String::from_utf8_lossy(&script)}))?;
    } else {
        context.ui.raw(&script)?;
    }
    Ok(Ended::Done)
}
