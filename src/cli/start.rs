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

use super::carry::{CarryArgs, Carrying};
use super::context::Context;
use super::handoff::with_relatives;
use super::ui::{Ended, visible};
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
        (None, Some(title)) => Choice::New(Some(title.clone())),
        (None, None) => choose(context, &journal)?,
    };
    match choice {
        Choice::Resume(log) => resume(context, &journal, &log, args),
        Choice::New(title) => {
            let before = journal.handed_off(&journal.default_profile())?;
            let carrying = Carrying::ask(context, &journal, &args.carry, before)?;
            let (log, carrying) = begin(context, &journal, title, None, carrying)?;
            report(context, &journal, ("created", &log), None, &carrying)
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
    loop {
        let Some(line) = context.ui.ask("number to go on with, or a title for a new log:")? else {
            return Err(Error::refused("choose", "nothing was chosen", "`--resume LOG` or `--new TITLE` chooses").into());
        };
        match line.parse::<usize>() {
            Ok(n) => match n.checked_sub(1).and_then(|n| open.get(n)) {
                Some(log) => return Ok(Choice::Resume(log.clone())),
                None => context.ui.say(format_args!("there is no number {n}")),
            },
            Err(_) if line.is_empty() => {}
            Err(_) => return Ok(Choice::New(Some(line.to_string()))),
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
    context.undefined(&fitted.missing);
    let (action, (log, carrying)) = match journal.next_of(log.clone())? {
        Next::Update(log) => (reopen(context, journal, &log)?, (log, Carrying::default())),
        Next::Create { .. } => {
            let carrying = Carrying::ask(context, journal, &args.carry, Some(log.clone()))?;
            ("created", begin(context, journal, None, Some(log), carrying)?)
        }
    };
    report(context, journal, (action, &log), Some(&fitted), &carrying)
}

/// A paused log is open again.
fn reopen(context: &Context, journal: &Journal, log: &Log) -> anyhow::Result<&'static str> {
    let change = super::write::change_log(context, journal, log.clone(), false, &mut |editor, text| {
        let paused = editor.status(text)?.1 == Some(State::Paused);
        let open = editor.profile.open_status();
        Ok((if paused { editor.set_status(text, open, false)? } else { None }, Vec::new(), false))
    })?;
    Ok(if change.written.changed { "resumed" } else { "open" })
}

/// A new log, with what is carried into it; one that goes on from another has its topic and names it.
fn begin(
    context: &Context,
    journal: &Journal,
    title: Option<String>,
    after: Option<&Log>,
    mut carrying: Carrying,
) -> anyhow::Result<(Log, Carrying)> {
    let title = match (title, after) {
        (None, Some(log)) => {
            let title = log.summary(&journal.root, false)?.title;
            Some(shiftlog::journal::lifecycle::topic_of(&log.profile, &log.id, &title))
        }
        (title, _) => title,
    };
    let new = NewLog { title, author: context.settings()?.author, ..NewLog::default() };
    let store = Store::new(&journal.root, context.now);
    let lock = store.lock()?;
    let made = journal.create(&new, context.now, Some((&store, &lock)), &mut |log, text| {
        let placeholders = journal.placeholders(&log.profile)?;
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: context.now };
        let text = carrying.fill(journal, &editor, &text)?;
        Ok(after.map(|old| editor.add(&text, &continues(old))).transpose()?.and_then(|edited| edited.text).unwrap_or(text))
    })?;
    drop(lock);
    carrying.notices.extend(made.notices);
    context.notices(carrying.notices.clone());
    context.register(&journal.root);
    recorded::claim(context, journal, &made.log);
    Ok((made.log, carrying))
}

fn report(
    context: &Context,
    journal: &Journal,
    (action, log): (&str, &Log),
    handoff: Option<&Fitted>,
    carrying: &Carrying,
) -> anyhow::Result<Ended> {
    let path = journal.relative(&log.path).display().to_string();
    let text = handoff.map(|handoff| &handoff.text);
    if context.ui.json {
        let tokens = handoff.map(|handoff| handoff.tokens);
        context.ui.answer(json!({
            "action": "start", "result": action, "session": log.id, "path": path, "handoff": text, "tokens": tokens,
            "carried": carrying.answer(), "notices": carrying.notices,
        }))?;
        return Ok(Ended::Done);
    }
    if let Some(text) = text {
        context.ui.data(text.trim_end())?;
    }
    carrying.say(context);
    context.ui.say(format_args!("{action} {}  {path}", log.id));
    Ok(Ended::Done)
}
