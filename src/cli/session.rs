//! `shiftlog session`: create the session's log, or bring it up to date.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use shiftlog::journal::carry::Ticked;
use shiftlog::journal::document::Document;
use shiftlog::journal::edit::{Editor, Outcome};
use shiftlog::journal::lifecycle::{Next, continues, tag_text};
use shiftlog::journal::profile::State;
use shiftlog::journal::store::{Lock, Store};
use shiftlog::journal::{Error, Journal, Log};

use super::carry::{CarryArgs, Carrying};
use super::context::Context;
use super::new::AboutArgs;
use super::ui::{Ended, one_line, unified_diff};
use super::write;

/// Create the session's log, or bring it up to date
///
/// The newest live log goes on while it is open. One that was handed off is completed, and a new log that lists it begins.
/// With --from, entries that are there already stay as they are, and only what is new is added.
#[derive(Debug, Args)]
pub(crate) struct SessionArgs {
    /// JSON or YAML document with entries; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Log: id, unique prefix, path, or `@` for the newest [default: $SHIFTLOG_SESSION, else as above]
    #[arg(short, long, value_name = "LOG")]
    session: Option<String>,
    #[command(flatten)]
    about: AboutArgs,
    #[command(flatten)]
    carry: CarryArgs,
    /// Print the change as a unified diff and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// What one `session` did.
#[derive(Default)]
struct Report {
    action: &'static str,
    id: String,
    path: String,
    outcomes: Vec<Outcome>,
    notices: Vec<String>,
    diffs: Vec<String>,
    also: Vec<Ticked>,
    carried: Vec<Value>,
}

pub(crate) fn run(context: &Context, args: &SessionArgs) -> anyhow::Result<Ended> {
    let mut document = match &args.from {
        Some(path) => Document::parse(&source(path)?, path)?,
        None => Document::default(),
    };
    for (name, value) in [("description", &args.about.description), ("author", &args.about.author), ("model", &args.about.model)] {
        document.properties.extend(value.iter().map(|v| (name, v.clone())));
    }
    document.tags.extend(args.about.tag.iter().map(|t| tag_text(t)));
    let journal = context.journal()?;
    let store = Store::new(&journal.root, context.now);
    let lock = if args.dry_run { None } else { Some(store.lock()?) };
    let write = lock.as_ref().map(|l| (&store, l));
    let mut notices = Vec::new();
    for item in document.items.iter_mut().filter(|i| i.entry.kind == "related") {
        let (id, broken) = super::add::linked(context, &journal, &item.entry.text);
        item.entry.text = id;
        notices.extend(broken);
    }
    let next = match context.bound(&journal, args.session.as_deref())? {
        Some(log) => journal.next_of(log)?,
        None => journal.next_session()?,
    };
    let next = again(context, &journal, next, &document)?;
    let mut report = match next {
        Next::Update(log) => update(context, &journal, &log, &document, write)?,
        Next::Create { after } => create(context, &journal, args, after, &document, write)?,
    };
    drop(lock);
    report.notices.extend(notices);
    report.notices.extend(store.notices());
    if !args.dry_run {
        if report.action == "created" {
            context.register(&journal.root);
        }
        super::recorded::claim(context, &journal, &context.resolve(&journal, &report.id)?);
    }
    print(context, &journal, args, report)
}

/// A document that the handed-off log holds already was given again: there is nothing to begin.
fn again(context: &Context, journal: &Journal, next: Next, document: &Document) -> anyhow::Result<Next> {
    let Next::Create { after: Some(log) } = next else { return Ok(next) };
    if *document == Document::default() {
        return Ok(Next::Create { after: Some(log) });
    }
    let placeholders = journal.placeholders(&log.profile)?;
    let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: context.now };
    let text = log.read()?;
    let known = editor.apply(&text, &log.id, document).is_ok_and(|applied| applied.text == text);
    Ok(if known { Next::Update(log) } else { Next::Create { after: Some(log) } })
}

fn source(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).context("could not read standard input")?;
    } else {
        bytes = std::fs::read(path).map_err(Error::io("read document", path))?;
    }
    Ok(String::from_utf8(bytes).map_err(|e| Error::NotUtf8 { path: path.to_path_buf(), offset: e.utf8_error().valid_up_to() })?)
}

fn update(context: &Context, journal: &Journal, log: &Log, document: &Document, write: Option<(&Store, &Lock)>) -> anyhow::Result<Report> {
    let mut report = Report { id: log.id.clone(), path: journal.relative(&log.path).display().to_string(), ..Report::default() };
    let written = journal.change(log, context.now, write, &mut |editor, text| {
        let resumed = resume(editor, text)?;
        let applied = editor.apply(resumed.as_deref().unwrap_or(text), &log.id, document)?;
        report.outcomes = applied.outcomes;
        Ok((applied.text != text).then_some((applied.text, applied.substantive)))
    })?;
    report.action = if written.changed { "updated" } else { "unchanged" };
    if written.changed {
        report.diffs.push(unified_diff(&report.path, Some(&written.before), &written.after));
    }
    let entries: Vec<&str> = report.outcomes.iter().map(|outcome| outcome.entry.as_str()).collect();
    let elsewhere = journal.complete_elsewhere((log, &written.after), &entries, context.now, write)?;
    let path = |log: &Log| journal.relative(&log.path).display().to_string();
    report.diffs.extend(elsewhere.logs.iter().map(|o| unified_diff(&path(&o.log), Some(&o.written.before), &o.written.after)));
    report.notices.extend(elsewhere.notices);
    report.also = elsewhere.logs;
    report.notices.extend(super::recorded::warn(&written.before, &written.after));
    if written.merged {
        report.notices.push(format!("{} was saved by another program meanwhile; this change was made on top of that", log.id));
    }
    Ok(report)
}

/// A paused log goes on.
fn resume(editor: &Editor, text: &str) -> Result<Option<String>, Error> {
    match editor.status(text)?.1 {
        Some(State::Paused) => editor.set_status(text, editor.profile.open_status(), false),
        _ => Ok(None),
    }
}

fn create(
    context: &Context,
    journal: &Journal,
    args: &SessionArgs,
    after: Option<Log>,
    document: &Document,
    write: Option<(&Store, &Lock)>,
) -> anyhow::Result<Report> {
    let mut report = Report { action: "created", ..Report::default() };
    let property = |name| document.properties.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
    let mut new = args.about.new_log(context, property("title"))?;
    new.description = property("description").or(new.description);
    new.author = property("author").or(new.author);
    new.model = property("model").or(new.model);
    new.status = property("status");
    if let (None, Some(old)) = (&new.title, &after) {
        new.title = Some(old.topic(&journal.root)?);
    }
    new.tags = document.tags.clone();
    let mut rest = document.clone();
    rest.properties.retain(|(name, _)| *name == "current_task");
    rest.tags.clear();
    let mut carrying = match &after {
        Some(_) => Carrying::told(context, journal, &args.carry, after.clone())?,
        None => Carrying::default(),
    };
    let made = journal.create(&new, context.now, write, &mut |log, text| {
        let placeholders = journal.placeholders(&log.profile)?;
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: context.now };
        // First what is carried: an item that the document has, too, keeps where it comes from.
        let text = carrying.fill(journal, &editor, &text)?;
        let applied = editor.apply(&text, &log.id, &rest)?;
        report.outcomes = applied.outcomes;
        let linked = after.as_ref().map(|old| editor.add(&applied.text, &continues(old))).transpose()?;
        Ok(linked.and_then(|l| l.text).unwrap_or(applied.text))
    })?;
    report.carried = carrying.answer();
    report.id = made.log.id;
    report.path = journal.relative(&made.log.path).display().to_string();
    report.diffs.push(unified_diff(&report.path, None, &made.text));
    report.notices = made.notices;
    report.notices.append(&mut carrying.notices);
    report.notices.extend(super::recorded::warn("", &made.text));
    if let Some(old) = after {
        let path = journal.relative(&old.path).display().to_string();
        let done =
            old.profile.status.iter().find(|(_, s)| s.state == State::Done && !s.automatic).map(|(n, _)| n.clone()).unwrap_or_default();
        let written = journal
            .change(&old, context.now, write, &mut |editor, text| Ok(editor.set_status(text, &done, false)?.map(|new| (new, false))))?;
        report.diffs.push(unified_diff(&path, Some(&written.before), &written.after));
        report.notices.push(format!("{} was handed off and is {done} now", old.id));
    }
    Ok(report)
}

fn print(context: &Context, journal: &Journal, args: &SessionArgs, report: Report) -> anyhow::Result<Ended> {
    let notices = context.notices(report.notices);
    if context.ui.json {
        let changed = report.action != "unchanged";
        let mut answer = json!({"action": report.action, "session": report.id, "path": report.path, "changed": changed, "entries": report.outcomes, "carried": report.carried, "also": write::also(journal, &report.also), "notices": notices});
        if args.dry_run {
            answer["diff"] = report.diffs.concat().into();
        }
        context.ui.answer(answer)?;
        return Ok(Ended::Done);
    }
    if args.dry_run {
        context.ui.raw(report.diffs.concat().as_bytes())?;
        return Ok(Ended::Done);
    }
    let new: Vec<&Outcome> = report.outcomes.iter().filter(|o| o.action != "unchanged").collect();
    for outcome in &new {
        context.ui.say(format_args!("{} {}  {}", outcome.action, outcome.entry, one_line(&outcome.text, 70)));
    }
    for item in &report.carried {
        let said = |key: &str| item[key].as_str().unwrap_or_default();
        context.ui.say(format_args!("carried {}  {}", said("entry"), one_line(said("text"), 70)));
    }
    write::say_also(context, journal, &report.also, false);
    let there = report.outcomes.len() - new.len();
    let there = match there {
        0 => String::new(),
        1 => " (1 entry was there already)".to_string(),
        n => format!(" ({n} entries were there already)"),
    };
    context.ui.say(format_args!("{} {}  {}{there}", report.action, report.id, report.path));
    Ok(Ended::Done)
}
