//! `shiftlog rename`: another topic.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::r#continue::{diffs, relinked, say_relinked};
use super::ui::{Ended, one_line, unified_diff, visible};
use super::write::Writing;

/// Give a log another topic, or its file another slug, and let every link follow
///
/// The title, its alias and the heading that repeats it change; where file names hold a slug, the file name does too. The
/// number or time in the name stays. Nothing is stamped.
#[derive(Debug, Args)]
pub(crate) struct RenameArgs {
    /// Log: id, unique prefix, path, or `@` for the newest
    log: String,
    /// New topic; what stands around it in titles (`Session 20261120-01: …`) stays
    #[arg(required_unless_present = "slug")]
    topic: Vec<String>,
    /// Words for the file name, instead of the topic's
    #[arg(long, value_name = "WORDS")]
    slug: Option<String>,
    /// Print the changes as a unified diff and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &RenameArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let writing = Writing::begin(context, &journal, args.dry_run)?;
    let log = context.resolve(&journal, &args.log)?;
    let topic = args.topic.join(" ");
    let topic = (!args.topic.is_empty()).then_some(topic.as_str());
    let renamed = journal.rename(&log, topic, args.slug.as_deref(), context.now, writing.pair())?;
    let notices = context.notices(writing.end(&journal));
    let path = journal.relative(&renamed.log.path).display().to_string();
    let moved = renamed.log.id != log.id;
    let changed = moved || renamed.written.changed;
    let old = journal.relative(&log.path).display().to_string();
    let diff = || {
        let own =
            if renamed.written.changed { unified_diff(&old, Some(&renamed.written.before), &renamed.written.after) } else { String::new() };
        own + &diffs(&journal, &renamed.relinked)
    };
    if context.ui.json {
        let mut answer = json!({
            "action": "rename", "session": renamed.log.id, "path": path, "changed": changed, "renamed_from": moved.then_some(&log.id),
            "title": renamed.titles.1, "relinked": relinked(&journal, &renamed.relinked), "notices": notices,
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
    if moved {
        context.ui.say(format_args!(
            "{} {} to {}  {}",
            did("renamed", "would rename"),
            visible(&log.id),
            visible(&renamed.log.id),
            visible(&path)
        ));
    }
    if renamed.written.changed {
        context.ui.say(format_args!(
            "{}: {} “{}”  {}",
            visible(&renamed.log.id),
            did("titled", "would be titled"),
            one_line(&renamed.titles.1, 80),
            visible(&path)
        ));
    }
    say_relinked(context, &journal, &renamed.relinked, args.dry_run);
    if !changed {
        context.ui.say(format_args!("{}: nothing to write", visible(&log.id)));
    }
    Ok(Ended::Done)
}
