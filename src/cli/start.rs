//! `shiftlog start`: the beginning of a shift.

use std::io::{self, IsTerminal as _};

use clap::Args;
use serde_json::json;
use shiftlog::handoff::{Fitted, Form};
use shiftlog::journal::edit::Editor;
use shiftlog::journal::lifecycle::{NewLog, Next, continues};
use shiftlog::journal::profile::State;
use shiftlog::journal::store::Store;
use shiftlog::journal::summary::Summary;
use shiftlog::journal::{Error, Journal, Log};

use super::carry::{CarryArgs, Carrying, said};
use super::context::Context;
use super::handoff::with_relatives;
use super::ui::{Ended, unified_diff, visible};
use super::{recorded, when};

/// Logs that are offered.
const OFFERED: usize = 20;

/// Begin a shift: go on with an open log, or begin a new one
///
/// Going on prints the handoff. Without a flag, open logs are offered on a terminal; elsewhere they are listed, and one must be
/// named. A log that was handed off goes on in a new one that names it. Next items that are still open in the log that was handed
/// off before may be carried into a new one: on a terminal that is asked.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// Go on with this log: id, unique prefix, path, or `@` for the newest
    #[arg(long, value_name = "LOG", conflicts_with = "new")]
    resume: Option<String>,
    /// Begin a new log with this topic
    #[arg(long, value_name = "TITLE")]
    new: Option<String>,
    #[command(flatten)]
    carry: CarryArgs,
    /// Budget of the handoff in tokens
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(50..))]
    tokens: u64,
    /// Print the handoff and the change of the log as a unified diff, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// What a person chose.
enum Choice {
    Resume(Log),
    New(Option<String>),
}

pub(crate) fn run(context: &Context, args: &StartArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let choice = match (&args.resume, &args.new) {
        (Some(name), _) => Choice::Resume(journal.latest_part(context.resolve(&journal, name)?)?),
        (None, Some(title)) if title.trim().is_empty() => {
            return Err(Error::refused("usage", "a title of nothing names no work", "`--new TITLE` says what the work is about").into());
        }
        (None, Some(title)) => Choice::New(Some(title.clone())),
        (None, None) => choose(context, &journal)?,
    };
    match choice {
        Choice::Resume(log) => resume(context, &journal, &log, args),
        Choice::New(title) => {
            let before = journal.handed_off(&journal.default_profile())?;
            let carrying = Carrying::ask(context, &journal, &args.carry, before)?;
            let begun = begin(context, &journal, (title, None), carrying, args.dry_run)?;
            report(context, &journal, ("created", args.dry_run), None, &begun)
        }
    }
}

/// Asks on a terminal; elsewhere says what there is to choose from.
fn choose(context: &Context, journal: &Journal) -> anyhow::Result<Choice> {
    let open = journal.logs_in(&State::UNFINISHED, OFFERED)?;
    if open.is_empty() {
        return Err(Error::refused("no-open-log", "no log is open", "`shiftlog start --new TITLE` begins one").into());
    }
    let summaries = open.iter().map(|log| log.summary(&journal.root, false)).collect::<Result<Vec<_>, _>>()?;
    if !io::stdin().is_terminal() || context.ui.json {
        let listed: Vec<String> = summaries.iter().map(|log| format!("{} ({})", log.id, visible(&log.title))).collect();
        let hint = "`shiftlog start --resume LOG` goes on with one, `--new TITLE` begins another";
        return Err(Error::refused("choose", format!("open logs: {}", listed.join(", ")), hint).into());
    }
    for (n, log) in summaries.iter().enumerate() {
        context.ui.say(format_args!("{:>3}  {}", n + 1, offered(log)));
    }
    let nothing = || Error::refused("choose", "nothing was chosen", "`--resume LOG` or `--new TITLE` chooses");
    loop {
        let line = context.ui.ask("number to go on with, or a title for a new log:")?.ok_or_else(nothing)?;
        match line.parse::<usize>() {
            Ok(n) => match n.checked_sub(1).and_then(|n| open.get(n)) {
                Some(log) => return Ok(Choice::Resume(log.clone())),
                None => context.ui.say(format_args!("there is no number {n}")),
            },
            Err(_) if line.is_empty() => {}
            // Whoever wants to leave may type anything.
            Err(_) => match context.ui.ask(format!("begin a new log `{}`? [Y/n]", visible(&line)))?.as_deref().and_then(said) {
                Some(true) => return Ok(Choice::New(Some(line))),
                Some(false) => {}
                None => return Err(nothing().into()),
            },
        }
    }
}

fn offered(log: &Summary) -> String {
    let updated = log.last_updated.map(|time| format!("  {}", when::local(time))).unwrap_or_default();
    format!("{}  {}{updated}", visible(&log.id), visible(&log.title))
}

fn resume(context: &Context, journal: &Journal, log: &Log, args: &StartArgs) -> anyhow::Result<Ended> {
    let mut handoff = with_relatives(context, journal, log)?.handoff;
    let own = journal.other_template(&log.profile, "handoff")?;
    let fitted = Form::of_handoff(own.as_ref())?.fit(&mut handoff, args.tokens, &str::to_string)?;
    super::handoff::within(&fitted, args.tokens)?;
    context.undefined(&fitted.missing);
    let (action, begun) = match journal.next_of(log.clone())? {
        Next::Update(log) => reopen(context, journal, log, args.dry_run)?,
        Next::Create { .. } => {
            let mut carrying = Carrying::ask(context, journal, &args.carry, Some(log.clone()))?;
            let goes_on = journal.after(log)?.into_iter().map(|later| format!("{} goes on in {} already", log.id, later.id));
            carrying.notices.splice(..0, goes_on);
            ("created", begin(context, journal, (None, Some(log)), carrying, args.dry_run)?)
        }
    };
    report(context, journal, (action, args.dry_run), Some(&fitted), &begun)
}

/// A log as a shift begins with it.
struct Begun {
    log: Log,
    carrying: Carrying,
    /// What changed, or would.
    diff: String,
}

/// A paused log is open again.
fn reopen(context: &Context, journal: &Journal, log: Log, dry_run: bool) -> anyhow::Result<(&'static str, Begun)> {
    let change = super::write::change_log(context, journal, log, dry_run, &mut |editor, text| {
        let paused = editor.status(text)?.1 == Some(State::Paused);
        let open = editor.profile.open_status();
        Ok((if paused { editor.set_status(text, open, false)? } else { None }, Vec::new(), false))
    })?;
    let path = journal.relative(&change.log.path).display().to_string();
    let diff = unified_diff(&path, Some(&change.written.before), &change.written.after);
    let action = if change.written.changed { "resumed" } else { "open" };
    Ok((action, Begun { log: change.log, carrying: Carrying::default(), diff }))
}

/// A new log, with what is carried into it; one that goes on from another has its topic and names it.
fn begin(
    context: &Context,
    journal: &Journal,
    (title, after): (Option<String>, Option<&Log>),
    mut carrying: Carrying,
    dry_run: bool,
) -> anyhow::Result<Begun> {
    let title = match (title, after) {
        (None, Some(log)) => Some(log.topic(&journal.root)?),
        (title, _) => title,
    };
    let new = NewLog { title, author: context.settings()?.author, ..NewLog::default() };
    let store = Store::new(&journal.root, context.now);
    let lock = if dry_run { None } else { Some(store.lock()?) };
    let made = journal.create(&new, context.now, lock.as_ref().map(|lock| (&store, lock)), &mut |log, text| {
        let placeholders = journal.placeholders(&log.profile)?;
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: context.now };
        let text = carrying.fill(journal, &editor, &text)?;
        Ok(after.map(|old| editor.add(&text, &continues(old))).transpose()?.and_then(|edited| edited.text).unwrap_or(text))
    })?;
    drop(lock);
    carrying.notices.extend(made.notices);
    context.notices(carrying.notices.clone());
    if !dry_run {
        context.register(&journal.root);
        recorded::claim(context, journal, &made.log);
    }
    let diff = unified_diff(&journal.relative(&made.log.path).display().to_string(), None, &made.text);
    Ok(Begun { log: made.log, carrying, diff })
}

fn report(
    context: &Context,
    journal: &Journal,
    (action, dry_run): (&str, bool),
    handoff: Option<&Fitted>,
    Begun { log, carrying, diff }: &Begun,
) -> anyhow::Result<Ended> {
    let path = journal.relative(&log.path).display().to_string();
    let text = handoff.map(|handoff| &handoff.text);
    if context.ui.json {
        let tokens = handoff.map(|handoff| handoff.tokens);
        let mut answer = json!({
            "action": "start", "result": action, "session": log.id, "path": path, "handoff": text, "tokens": tokens,
            "carried": carrying.answer(), "notices": carrying.notices,
        });
        if dry_run {
            answer["diff"] = diff.as_str().into();
        }
        context.ui.answer(answer)?;
        return Ok(Ended::Done);
    }
    if let Some(text) = text {
        context.ui.data(text.trim_end())?;
    }
    if dry_run {
        context.ui.raw(diff.as_bytes())?;
        return Ok(Ended::Done);
    }
    carrying.say(context);
    context.ui.say(format_args!("{action} {}  {path}", log.id));
    Ok(Ended::Done)
}
