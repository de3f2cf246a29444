//! `shiftlog open`: a log in the person's editor.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::context::Context;
use super::ui::Ended;

/// Open a log in your editor
///
/// The editor is `editor` of your settings, else $VISUAL, else $EDITOR.
#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Log: id, unique prefix, path, or `@` for the newest
    log: Option<String>,
    /// The same, as other commands take it
    #[arg(short, long, value_name = "LOG", conflicts_with = "log")]
    session: Option<String>,
}

pub(crate) fn run(context: &Context, args: &OpenArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let log = context.log(&journal, args.log.as_deref().or(args.session.as_deref()))?;
    log.writable()?;
    edit(context, &log.path)?;
    if context.ui.json {
        context.ui.answer(json!({"action": "open", "session": log.id, "path": journal.relative(&log.path)}))?;
    }
    Ok(Ended::Done)
}

/// Runs the editor on a file and waits for it.
pub(crate) fn edit(context: &Context, path: &Path) -> anyhow::Result<()> {
    let editor = context.settings()?.editor()?;
    let (program, arguments) = editor.split_first().context("the editor command is empty")?;
    let status =
        Command::new(program).args(arguments).arg(path).status().with_context(|| format!("could not run the editor `{program}`"))?;
    anyhow::ensure!(status.success(), "the editor `{program}` failed: {status}");
    Ok(())
}
