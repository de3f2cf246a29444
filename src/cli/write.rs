//! What all commands that change a log share: which one, whether to write, and what is said afterwards.

use clap::Args;
use serde_json::json;
use shiftlog::journal::carry::Ticked;
use shiftlog::journal::edit::{Edited, Editor, Outcome};
use shiftlog::journal::store::{Lock, Store, Written};
use shiftlog::journal::{self, Journal, Log};

use super::context::Context;
use super::ui::{Ended, one_line, unified_diff};

#[derive(Debug, Args)]
pub(crate) struct WriteArgs {
    /// Log: id, unique prefix, path, or `@` for the newest [default: $SHIFTLOG_SESSION, else @]
    #[arg(short, long, value_name = "LOG")]
    pub(crate) session: Option<String>,
    /// Print the change as a unified diff and write nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

/// What a change of a log came to.
pub(crate) struct Change {
    pub(crate) log: Log,
    pub(crate) written: Written,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) notices: Vec<String>,
    /// What was completed with it in other logs, where that is asked for.
    pub(crate) also: Option<Vec<Ticked>>,
}

/// Changes the log that is meant and reports it.
pub(crate) fn change(context: &Context, args: &WriteArgs, action: &str, edit: &mut Edit) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let log = context.log(&journal, args.session.as_deref())?;
    let change = change_log(context, &journal, log, args.dry_run, edit)?;
    report(context, &journal, action, args.dry_run, &change)
}

/// One edit of a text; its outcomes tell what became of each entry, the flag whether it is substantive.
pub(crate) type Edit<'e> = dyn FnMut(&Editor, &str) -> journal::Result<(Option<String>, Vec<Outcome>, bool)> + 'e;

/// The result of one entry's edit, which is substantive where it changes anything.
pub(crate) fn single(edited: Edited) -> (Option<String>, Vec<Outcome>, bool) {
    let substantive = edited.text.is_some();
    (edited.text, vec![edited.outcome], substantive)
}

/// Changes one log.
pub(crate) fn change_log(context: &Context, journal: &Journal, log: Log, dry_run: bool, edit: &mut Edit) -> anyhow::Result<Change> {
    change_with(context, journal, (log, dry_run), edit, &mut |_, _| Ok(()))
}

/// What follows a change under the same lock; without lock and store nothing is written.
pub(crate) type Then<'t> = dyn FnMut(&mut Change, Option<(&Store, &Lock)>) -> journal::Result<()> + 't;

/// Changes one log, and does what follows from that in others.
pub(crate) fn change_with(
    context: &Context,
    journal: &Journal,
    (log, dry_run): (Log, bool),
    edit: &mut Edit,
    then: &mut Then,
) -> anyhow::Result<Change> {
    let mut outcomes = Vec::new();
    let mut editing = |editor: &Editor, text: &str| {
        let (new, found, substantive) = edit(editor, text)?;
        outcomes = found;
        Ok(new.map(|text| (text, substantive)))
    };
    log.writable()?;
    let store = Store::new(&journal.root, context.now);
    let lock = if dry_run { None } else { Some(store.lock()?) };
    let write = lock.as_ref().map(|lock| (&store, lock));
    let written = journal.change(&log, context.now, write, &mut editing)?;
    let mut change = Change { log, written, outcomes, notices: Vec::new(), also: None };
    then(&mut change, write)?;
    drop(lock);
    if !dry_run {
        super::recorded::claim(context, journal, &change.log);
    }
    change.notices.extend(store.notices());
    change.notices.extend(journal.notices());
    if change.written.merged {
        let merged = format!("{} was saved by another program meanwhile; this change was made on top of that", change.log.id);
        change.notices.push(merged);
    }
    change.notices.extend(super::recorded::warn(&change.written.before, &change.written.after));
    Ok(change)
}

/// Says what was done.
pub(crate) fn report(context: &Context, journal: &Journal, action: &str, dry_run: bool, change: &Change) -> anyhow::Result<Ended> {
    let path = journal.relative(&change.log.path).display().to_string();
    let notices = context.notices(change.notices.clone());
    let also = change.also.as_deref().unwrap_or_default();
    let diff = || {
        let one = |log: &Log, written: &Written| {
            unified_diff(&journal.relative(&log.path).display().to_string(), Some(&written.before), &written.after)
        };
        one(&change.log, &change.written) + &also.iter().map(|other| one(&other.log, &other.written)).collect::<String>()
    };
    if context.ui.json {
        let mut answer = json!({
            "action": action, "session": change.log.id, "path": path, "changed": change.written.changed, "entries": change.outcomes, "notices": notices,
        });
        if change.also.is_some() {
            answer["also"] = self::also(journal, also).into();
        }
        if dry_run {
            answer["diff"] = diff().into();
        }
        context.ui.answer(answer)?;
        return Ok(Ended::Done);
    }
    if dry_run {
        context.ui.raw(diff().as_bytes())?;
    }
    change.outcomes.iter().for_each(|outcome| say(context, &path, outcome, dry_run));
    say_also(context, journal, also, dry_run);
    if !change.written.changed {
        context.ui.say(format_args!("{}: nothing to write", change.log.id));
    } else if change.outcomes.is_empty() && !dry_run {
        context.ui.say(format_args!("{}: changed  {path}", change.log.id));
    }
    Ok(Ended::Done)
}

fn say(context: &Context, path: &str, outcome: &Outcome, dry_run: bool) {
    let place = outcome.line.map_or_else(|| path.to_string(), |line| format!("{path}:{line}"));
    let done = match (outcome.action, dry_run) {
        ("unchanged", _) => "already there:",
        ("added", false) => "added",
        ("added", true) => "would add",
        (other, false) => other,
        (_, true) => "would change",
    };
    context.ui.say(format_args!("{done} {}  {}  {place}", outcome.entry, one_line(&outcome.text, 60)));
}

/// What was completed in other logs, for JSON answers.
pub(crate) fn also(journal: &Journal, all: &[Ticked]) -> Vec<serde_json::Value> {
    let one = |Ticked { log, outcomes, .. }: &Ticked| json!({"session": log.id, "path": journal.relative(&log.path), "entries": outcomes});
    all.iter().map(one).collect()
}

/// Says what was completed in other logs.
pub(crate) fn say_also(context: &Context, journal: &Journal, all: &[Ticked], dry_run: bool) {
    for Ticked { log, outcomes, .. } in all {
        let path = journal.relative(&log.path).display().to_string();
        outcomes.iter().for_each(|outcome| say(context, &path, outcome, dry_run));
    }
}

/// The two sides of an argument such as `KEY=VALUE`.
pub(crate) fn pair<'a>(given: &'a str, form: &str, hint: &str) -> journal::Result<(&'a str, &'a str)> {
    given.split_once('=').ok_or_else(|| journal::Error::refused("usage", format!("`{given}` is not {form}"), hint))
}

/// What commands that move logs begin and end with: the lock, unless it is a dry run, and what was left half done before.
pub(crate) struct Writing {
    store: Store,
    lock: Option<Lock>,
}

impl Writing {
    pub(crate) fn begin(context: &Context, journal: &Journal, dry_run: bool) -> journal::Result<Writing> {
        let store = Store::new(&journal.root, context.now);
        let lock = if dry_run { None } else { Some(store.lock()?) };
        if let Some(lock) = &lock {
            journal.finish_moves(context.now, &store, lock)?;
        }
        Ok(Writing { store, lock })
    }

    /// Store and lock; none for a dry run.
    pub(crate) fn pair(&self) -> Option<(&Store, &Lock)> {
        self.lock.as_ref().map(|lock| (&self.store, lock))
    }

    /// Lets the lock go, and gives what the person should know.
    pub(crate) fn end(self, journal: &Journal) -> Vec<String> {
        let mut notices = self.store.notices();
        notices.extend(journal.notices());
        notices
    }
}

/// Text from arguments: the words joined, or standard input for a single `-`.
pub(crate) fn text_of(words: &[String]) -> anyhow::Result<String> {
    use std::io::Read;
    if words == ["-"] {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        return String::from_utf8(bytes)
            .map_err(|e| anyhow::anyhow!("standard input is not valid UTF-8 at byte {}", e.utf8_error().valid_up_to()));
    }
    Ok(words.join(" "))
}
