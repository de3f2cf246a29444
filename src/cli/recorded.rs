//! What all commands that use the record share: opening it, what must not be recorded, summaries that are due in logs.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use shiftlog::agents::SESSIONS;
use shiftlog::journal::entry::NewEntry;
use shiftlog::journal::store::{PRIVATE, Store};
use shiftlog::journal::{self, Journal, Log};
use shiftlog::record::conversation::Conversation;
use shiftlog::record::privacy::{self, Privacy};
use shiftlog::record::{self, Record, Settings, redact, spool};

use super::context::Context;

/// How the record of a journal is kept.
pub(crate) fn settings(journal: &Journal) -> Settings {
    let config = &journal.config.record;
    let default = Settings::default();
    Settings {
        redact: config.redact,
        windows: config.windows.iter().map(|(model, window)| (model.clone(), *window)).collect(),
        window: config.window.unwrap_or(default.window),
        live_turns: config.live_turns,
        fill_percent: config.fill_percent,
        ..default
    }
}

/// The private directory of a journal.
pub(crate) fn private(journal: &Journal) -> PathBuf {
    journal.root.join(PRIVATE)
}

/// Makes the private directory where there is none yet.
pub(crate) fn make_private(context: &Context, journal: &Journal) -> journal::Result<PathBuf> {
    let private = private(journal);
    if !private.is_dir() {
        Store::new(&journal.root, context.now).make_private(&private)?;
        context.register(&journal.root);
    }
    Ok(private)
}

/// The journal's record, which is made where there is none yet; what was spooled is taken in.
pub(crate) fn open(context: &Context, journal: &Journal) -> anyhow::Result<Record> {
    let private = make_private(context, journal)?;
    let record = Record::open(&private, settings(journal))?;
    let intake = record.take_in(&private)?;
    context.notices(said(intake));
    super::hook::take_noted(context, journal, &record)?;
    Ok(record)
}

/// The journal's record, if there is one or something waits to be recorded; what was spooled is taken in where that is possible.
pub(crate) fn find(context: &Context, journal: &Journal) -> anyhow::Result<Option<Record>> {
    let private = private(journal);
    // Who can only read the record need not see what waits.
    let waiting = spool::waiting(&private).is_ok_and(|files| !files.is_empty());
    let Some(record) = Record::find(&private, settings(journal))? else {
        return if waiting { open(context, journal).map(Some) } else { Ok(None) };
    };
    if waiting {
        match record.take_in_now(&private) {
            Ok(intake) => drop(context.notices(said(intake))),
            Err(error) => drop(context.notices(vec![format!("turns that wait in .shiftlog/spool could not be taken in: {error}")])),
        }
    }
    Ok(Some(record))
}

fn said(intake: spool::Intake) -> Vec<String> {
    let mut notices = intake.notices;
    match intake.turns {
        0 => {}
        1 => notices.push("1 turn that had to wait was recorded".into()),
        n => notices.push(format!("{n} turns that had to wait were recorded")),
    }
    notices
}

/// What must not be recorded.
pub(crate) fn barriers(context: &Context, journal: &Journal) -> anyhow::Result<Privacy> {
    let mut patterns = journal.config.record.exclude.clone();
    patterns.extend(context.settings()?.record.exclude);
    let home = etcetera::home_dir().ok();
    let here = project_root(journal, &context.cwd);
    Ok(Privacy::read(&private(journal), &journal.root, home.as_deref(), &patterns)?.within(here))
}

/// Root of the project in a directory: the nearest one with `.git`, else the journal's.
pub(crate) fn project_root(journal: &Journal, cwd: &Path) -> PathBuf {
    let own = || std::fs::canonicalize(&journal.root).unwrap_or_else(|_| journal.root.clone());
    privacy::repository(cwd).unwrap_or_else(own)
}

/// Name of the project that a command runs in.
pub(crate) fn project(journal: &Journal, cwd: &Path) -> Option<String> {
    let root = project_root(journal, cwd);
    let name = root.file_name().filter(|_| cwd.starts_with(&root));
    name.map(|name| name.to_string_lossy().into_owned())
}

/// Refuses where nothing must be recorded; gives what else must not be.
pub(crate) fn allowed(context: &Context, journal: &Journal) -> anyhow::Result<Privacy> {
    let privacy = barriers(context, journal)?;
    let here = privacy.barrier(project(journal, &context.cwd).as_deref(), Some(&context.cwd));
    match here.or_else(|| privacy.barrier(None, None)) {
        Some(barrier) => Err(barrier.error().into()),
        None => Ok(privacy),
    }
}

/// Refuses a conversation that began where nothing must be recorded.
pub(crate) fn recordable(privacy: &Privacy, conversation: &Conversation) -> record::Result<()> {
    let cwd = conversation.cwd.as_deref().map(Path::new);
    privacy.barrier(conversation.project.as_deref(), cwd).map_or(Ok(()), |barrier| Err(barrier.error()))
}

/// The conversation that a person names, of a record that is there.
pub(crate) fn named(context: &Context, journal: &Journal, name: &str) -> anyhow::Result<(Record, Conversation)> {
    let record = find(context, journal)?.ok_or_else(|| none(name))?;
    let conversation = record.resolve(name)?;
    Ok((record, conversation))
}

/// There is no record yet, so there is no such conversation either.
pub(crate) fn none(name: &str) -> record::Error {
    record::Error::NotFound { name: name.to_string(), recent: Vec::new() }
}

/// The agent that runs this command, and its id of the conversation.
fn agent_session() -> Option<(&'static str, String)> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    SESSIONS.iter().find_map(|(variable, agent)| Some((*agent, set(variable)?)))
}

/// The log of the conversation in which an agent runs this command, where it has one.
pub(crate) fn agents_log(context: &Context, journal: &Journal) -> Option<Log> {
    let (agent, native) = agent_session()?;
    let record = Record::find(&private(journal), settings(journal)).ok()??;
    let named = || record.named_log(agent, &native).ok().flatten();
    let name = record.of_agent(agent, &native).ok().flatten().and_then(|conversation| conversation.log).or_else(named)?;
    journal.latest_part(journal.resolve(&name, &context.cwd).ok()?).ok()
}

/// Notes that the conversation in which an agent runs this command belongs to a log, unless nothing is recorded here.
pub(crate) fn claim(context: &Context, journal: &Journal, log: &Log) {
    let Some((agent, native)) = agent_session() else { return };
    if allowed(context, journal).is_err() {
        return;
    }
    let claim = || -> anyhow::Result<()> {
        let record = open(context, journal)?;
        if record.named_log(agent, &native)?.as_deref() != Some(&log.id) {
            record.name_log(agent, &native, &log.id)?;
        }
        Ok(())
    };
    if let Err(error) = claim() {
        context.notices(vec![format!("this conversation could not be bound to {}: {error}", log.id)]);
    }
}

/// Writes summaries that are due into their logs, also those that an earlier command was killed before writing.
pub(crate) fn settle(context: &Context, journal: &Journal, record: &Record) -> anyhow::Result<Vec<String>> {
    let mut notices = Vec::new();
    for conversation in record.due()? {
        match add_summary(context, journal, &conversation) {
            Ok(said) => notices.extend(said),
            // A log that is gone, archived or unreadable keeps the summary from going there, not the conversation from closing.
            Err(error) => {
                let log = conversation.log.as_deref().unwrap_or_default();
                notices
                    .push(format!("the summary of {} is kept in the record; it could not be added to log {log}: {error}", conversation.id));
                if matches!(error, journal::Error::Io { .. } | journal::Error::Conflict { .. }) {
                    continue;
                }
            }
        }
        record.settled(&conversation.id)?;
    }
    Ok(notices)
}

fn add_summary(context: &Context, journal: &Journal, conversation: &Conversation) -> journal::Result<Option<String>> {
    let (Some(log), Some(summary)) = (&conversation.log, &conversation.summary) else { return Ok(None) };
    if summary.is_empty() {
        return Ok(None);
    }
    let log = journal.resolve(log, &context.cwd).and_then(|log| journal.latest_part(log))?;
    let store = Store::new(&journal.root, context.now);
    let lock = store.lock()?;
    let line = summary.line(&conversation.id);
    let marker = summary.mark(&conversation.id);
    let written = journal.change(&log, context.now, Some((&store, &lock)), &mut |editor, text| {
        // It may have been written before a command was killed, and a person may have changed its words since.
        if text.contains(&marker) {
            return Ok(None);
        }
        Ok(editor.add(text, &NewEntry::new("summary", &line))?.text.map(|text| (text, true)))
    })?;
    Ok(written.changed.then(|| format!("summary added to {}", log.id)))
}

/// Warns of what looks like a secret in text that a person typed into a log, which is never altered.
pub(crate) fn warn(before: &str, after: &str) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let mut kinds: Vec<&str> = redact::find(after)
        .into_iter()
        .filter(|found| found.kind != "private" && !before.contains(&after[found.range.clone()]))
        .map(|found| found.kind)
        .collect();
    kinds.dedup();
    let warning = |kind| format!("this looks like a secret ({kind}) and is in the log now; `shiftlog undo` takes it back");
    kinds.into_iter().map(warning).collect()
}

/// A time in answers: RFC 3339, UTC, to the second.
pub(crate) fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
