//! `shiftlog path`: where a log lies.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::ui::Ended;

/// Print the absolute path of a log
#[derive(Debug, Args)]
pub(crate) struct PathArgs {
    /// Log: id, unique prefix, path, or `@` for the newest
    log: Option<String>,
    /// The same, as other commands take it
    #[arg(short, long, value_name = "LOG", conflicts_with = "log")]
    session: Option<String>,
}

pub(crate) fn run(context: &Context, args: &PathArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let log = context.log(&journal, args.log.as_deref().or(args.session.as_deref()))?;
    let path = std::path::absolute(&log.path).unwrap_or_else(|_| log.path.clone());
    let shown = log.member.as_ref().map_or_else(|| path.display().to_string(), |m| format!("{}!{m}", path.display()));
    if context.ui.json {
        context.ui.answer(json!({"session": log.id, "path": shown}))?;
    } else {
        context.ui.data(shown)?;
    }
    Ok(Ended::Done)
}
