//! `shiftlog conversation link`.

use clap::Args;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::Ended;

/// Say which log a conversation belongs to
///
/// Its summary goes into that log when it is closed; if it is closed already, at once.
#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    /// Conversation
    id: String,
    /// Log: id, unique prefix, path, or `@` for the newest
    #[arg(required_unless_present = "none")]
    log: Option<String>,
    /// It belongs to no log
    #[arg(long, conflicts_with = "log")]
    none: bool,
}

pub(crate) fn run(context: &Context, args: &LinkArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let (record, conversation) = recorded::named(context, &journal, &args.id)?;
    let log = args.log.as_deref().map(|name| context.resolve(&journal, name)).transpose()?.map(|log| log.id);
    let linked = record.link(&conversation.id, log.as_deref())?;
    let notices = context.notices(recorded::settle(context, &journal, &record)?);
    if context.ui.json {
        let changed = linked.log != conversation.log;
        context.ui.answer(json!({"action": "link", "conversation": linked, "changed": changed, "notices": notices}))?;
    } else {
        let log = linked.log.as_deref().map_or("no log".to_string(), |log| format!("log {log}"));
        context.ui.say(format_args!("{} belongs to {log}", linked.id));
    }
    Ok(Ended::Done)
}
