//! `shiftlog finish`: what a log knows goes where it belongs, then it is done.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use shiftlog::capture::digest_of_log;
use shiftlog::finish::adr::{self, Adr, Origin};
use shiftlog::finish::knowledge::{Decision, Knowledge, knowledge};
use shiftlog::finish::references::{Reference, references};
use shiftlog::finish::{self, Addition, Finished, Plan};
use shiftlog::journal::carry;
use shiftlog::journal::change::Texts;
use shiftlog::journal::lifecycle::topic_of;
use shiftlog::journal::profile::State;
use shiftlog::journal::store::{self, Store};
use shiftlog::journal::{Error, Journal, Log, Place};

use super::context::Context;
use super::recorded;
use super::ui::{Ended, number, one_line, unified_diff, visible};

/// Where records of decisions go unless another directory is named.
const DECISIONS: &str = "docs/decisions";

/// References that are shown.
const SHOWN: usize = 10;

/// Finish a log: its decisions, remaining work and lessons go where they belong
///
/// Then its status says that it is done (resonance7), or it goes to the trash (agents), once nothing of what it knows would go
/// with it and no file of the repository names it. On a terminal, what no flag says is asked. A killed `finish` is completed
/// by the next command; `undo` takes all of it back.
#[derive(Debug, Args)]
pub(crate) struct FinishArgs {
    /// Log: id, unique prefix, path, or `@` for the newest
    log: Option<String>,
    /// Decisions that become ADR files: all, none, or numbers such as 1,3
    #[arg(long, value_name = "WHICH")]
    decisions: Option<String>,
    /// Directory of ADR files, below the journal
    #[arg(long, value_name = "DIR", default_value = DECISIONS)]
    adr_dir: PathBuf,
    /// File that remaining work goes to, ready for an issue tracker: Markdown, or JSON if it ends so; `-` prints it, `none` drops it
    #[arg(long, value_name = "FILE")]
    remaining: Option<String>,
    /// Markdown file that lessons are added to; `none` drops them
    #[arg(long, value_name = "FILE")]
    lessons: Option<String>,
    /// Finish though something that the log knows goes nowhere, or files still name it
    #[arg(long)]
    force: bool,
    /// Do not ask whether to finish
    #[arg(short, long)]
    yes: bool,
    /// Show the checklist and what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// A log as it was read, and what it knows.
struct Subject {
    log: Log,
    text: String,
    origin: Origin,
    knows: Knowledge,
    /// Open items that go on in later logs.
    carried: Vec<String>,
    /// Its status says that it is done.
    done: bool,
    references: Vec<Reference>,
}

/// What becomes of what a log knows.
#[derive(Debug, Clone, Default)]
struct Choices {
    /// Numbers of decisions, from 0.
    decisions: Option<Vec<usize>>,
    remaining: Option<Sink>,
    lessons: Option<Sink>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sink {
    File(PathBuf),
    Print,
    Nowhere,
}

impl Sink {
    fn file(&self) -> Option<&Path> {
        if let Sink::File(path) = self { Some(path) } else { None }
    }
}

pub(crate) fn run(context: &Context, args: &FinishArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let log = match context.log(&journal, args.log.as_deref()) {
        Ok(log) => log,
        Err(error) => return Err(finished_before(&journal, args.log.as_deref()).map_or(error, Into::into)),
    };
    log.writable()?;
    if log.path.is_symlink() {
        let message = format!("{} is a symbolic link", journal.relative(&log.path).display());
        return Err(Error::refused("symlink", message, "finish the log that it leads to").into());
    }
    let subject = subject(context, &journal, log)?;
    let mut choices = Choices {
        decisions: args.decisions.as_deref().map(|which| chosen(which, subject.knows.decisions.len())).transpose()?,
        remaining: args.remaining.as_deref().map(|name| sink(context, name)),
        lessons: args.lessons.as_deref().map(|name| sink(context, name)),
    };
    if choices.lessons == Some(Sink::Print) {
        return Err(Error::refused("usage", "`-` is no file that lessons can be added to", "name a Markdown file, or `none`").into());
    }
    let asks = io::stdin().is_terminal() && !context.ui.json && !args.dry_run;
    if asks || (args.dry_run && !context.ui.json) {
        checklist(context, &subject)?;
    }
    if asks {
        ask(context, &journal, &subject, args, &mut choices)?;
    }
    if let Err(error) = check(&subject, &choices, args) {
        if !args.dry_run {
            return Err(error.into());
        }
        context.notices(vec![format!("without -n this is refused: {error}")]);
    }
    let mut written = plan(context, &journal, &subject, &choices, args)?;
    written.notices = context.undefined(&written.missing);
    if !asks && (context.ui.json || !args.dry_run) {
        written.notices.extend(context.notices(stays(&subject, &choices)));
    }
    if asks && !args.yes && !confirmed(context, &subject)? {
        context.ui.say("nothing was done");
        return Ok(Ended::Nothing);
    }
    if args.dry_run {
        return shown(context, &journal, &subject, &written);
    }
    let store = Store::new(&journal.root, context.now);
    let lock = store.lock()?;
    let changed = || Error::Conflict { path: subject.log.path.clone() };
    // What was asked and shown must be what is finished; only numbers may be taken meanwhile.
    if !subject.log.read().is_ok_and(|text| text == subject.text) {
        let elsewhere = finished_before(&journal, Some(&subject.log.id)).filter(|_| !subject.log.path.exists());
        return Err(elsewhere.unwrap_or_else(changed).into());
    }
    let written = Written { notices: written.notices, ..plan(context, &journal, &subject, &choices, args)? };
    let done = finish::finish(&journal, &written.plan, context.now, (&store, &lock));
    drop(lock);
    context.notices(store.notices());
    if !done? {
        return Err(changed().into());
    }
    report(context, &journal, &subject, &written, false)
}

/// A log that is gone because it was finished.
fn finished_before(journal: &Journal, name: Option<&str>) -> Option<Error> {
    let finished = finish::deleted(journal, name?)?;
    let went: Vec<String> =
        finished.decisions.iter().chain(&finished.remaining).chain(&finished.lessons).map(|path| path.display().to_string()).collect();
    let see = if went.is_empty() { String::new() } else { format!("; see {}", went.join(", ")) };
    let message = format!("{} was finished on {}{see}", finished.session, finished.time.date_naive());
    Some(Error::refused("finished", message, format!("`shiftlog restore {}` brings it back while it is in the trash", finished.session)))
}

fn subject(context: &Context, journal: &Journal, log: Log) -> anyhow::Result<Subject> {
    let text = log.read()?;
    let summary = log.summarize(&text, &journal.root);
    let placeholders = journal.placeholders(&log.profile)?;
    let digest = match recorded::find(context, journal)? {
        Some(record) => digest_of_log(&record, None, &log.id)?.0,
        None => shiftlog::capture::digest::Digest::default(),
    };
    let properties = shiftlog::journal::frontmatter::Properties::read(&text, &log.path)?;
    let said = |keys: &[String]| properties.text(keys).filter(|text| !shiftlog::journal::frontmatter::is_placeholder(text));
    let description = said(&log.profile.keys.description).unwrap_or_default();
    let origin = Origin {
        id: log.id.clone(),
        title: topic_of(&log.profile, &log.id, &summary.title),
        asked: shiftlog::capture::entries::description(&digest).as_deref() == Some(&description),
        description,
        stays: !finish::deletes(&log.profile),
    };
    let mut knows = knowledge(&text, (&log.profile, &placeholders), &digest, summary.created.or(Some(context.now)));
    // What goes on in a later log is open there.
    let carried: Vec<String> = journal.carried_on(&log)?.into_iter().map(|item| item.text).collect();
    let goes_on: Texts = carried.iter().map(|text| carry::named(text)).collect();
    knows.remaining.retain(|item| goes_on.find(carry::named(&item.what)).is_none());
    let logs: Vec<PathBuf> = journal.logs(Place::Recent)?.into_iter().map(|log| log.path).collect();
    let references = references(&journal.root, &log.path, &logs);
    let done = summary.state == Some(State::Done);
    Ok(Subject { log, text, origin, knows, carried, done, references })
}

/// `all`, `none`, or numbers from 1.
fn chosen(which: &str, count: usize) -> Result<Vec<usize>, Error> {
    let bad = || {
        let known = if count == 0 { "the log has no decision".to_string() } else { format!("decisions are 1 to {count}") };
        Error::refused("usage", format!("`{which}` chooses no decisions: {known}"), "`all`, `none`, or numbers such as 1,3")
    };
    match which.trim() {
        "all" => Ok((0..count).collect()),
        "none" => Ok(Vec::new()),
        numbers => {
            let one = |text: &str| text.trim().parse::<usize>().ok().filter(|n| (1..=count).contains(n)).map(|n| n - 1).ok_or_else(bad);
            let mut chosen: Vec<usize> =
                numbers.split([',', ' ']).filter(|text| !text.trim().is_empty()).map(one).collect::<Result<_, _>>()?;
            chosen.sort_unstable();
            chosen.dedup();
            if chosen.is_empty() { Err(bad()) } else { Ok(chosen) }
        }
    }
}

fn sink(context: &Context, name: &str) -> Sink {
    match name.trim() {
        "-" => Sink::Print,
        "none" => Sink::Nowhere,
        name => Sink::File(context.cwd.join(name)),
    }
}

fn checklist(context: &Context, subject: &Subject) -> anyhow::Result<()> {
    let knows = &subject.knows;
    let say = |line: String| context.ui.data(visible(&line));
    say(format!("{}  {}", subject.log.id, subject.origin.title))?;
    match knows.empty.is_empty() {
        true => say("  [x] no section is empty that must say something".to_string())?,
        false => say(format!("  [ ] empty: {}", knows.empty.join(", ")))?,
    }
    let numbered = |what: &str, lines: Vec<String>| -> anyhow::Result<()> {
        say(format!("  [{}] {}", if lines.is_empty() { 'x' } else { ' ' }, number(lines.len() as u64, what)))?;
        lines.iter().enumerate().try_for_each(|(n, line)| say(format!("      {}  {}", n + 1, one_line(line, 100))))
    };
    numbered("decision", knows.decisions.iter().map(|decision| decision.title.clone()).collect())?;
    numbered("remaining item", knows.remaining.iter().map(|item| item.what.clone()).collect())?;
    numbered("lesson", knows.lessons.iter().map(|lesson| lesson.title.clone().unwrap_or_else(|| lesson.text.clone())).collect())?;
    if !subject.origin.stays && !knows.alone.is_empty() {
        say(format!("  [x] goes with the log: {}", knows.alone.join(", ")))?;
    }
    for item in &subject.carried {
        say(format!("  [x] goes on in a later log: {}", one_line(item, 100)))?;
    }
    if subject.references.is_empty() {
        return say("  [x] no file names the log".to_string());
    }
    say(format!("  [ ] {} the log:", if subject.origin.stays { "these go on naming" } else { "these still name" }))?;
    for reference in subject.references.iter().take(SHOWN) {
        say(format!("      {}:{}", reference.path.display(), reference.line))?;
    }
    let more = subject.references.len().saturating_sub(SHOWN);
    if more > 0 { say(format!("      and {more} more")) } else { Ok(()) }
}

/// Asks what no flag says.
fn ask(context: &Context, journal: &Journal, subject: &Subject, args: &FinishArgs, choices: &mut Choices) -> anyhow::Result<()> {
    let knows = &subject.knows;
    // What would be refused at the end is asked again.
    let keeps = subject.origin.stays || args.force;
    let goes = || context.ui.say("the log goes, and that with it: say where it is to stand, or finish with --force");
    while choices.decisions.is_none() && !knows.decisions.is_empty() {
        let answer = line(context, &format!("decisions to record in {}: all, none, or numbers [all]:", args.adr_dir.display()))?;
        let answer = if answer.is_empty() { "all" } else { &answer };
        match chosen(answer, knows.decisions.len()) {
            Ok(which) if keeps || which.len() == knows.decisions.len() => choices.decisions = Some(which),
            Ok(_) => goes(),
            Err(error) => context.ui.say(error),
        }
    }
    // A file that cannot be used is said at once.
    let fit = |sink: Sink, json: bool| match sink.file().map(|path| check_target(journal, path, json)) {
        Some(Err(error)) => {
            context.ui.say(error);
            None
        }
        None if !keeps => {
            goes();
            None
        }
        _ => Some(sink),
    };
    let none = if keeps { ", or none [none]:" } else { ":" };
    let printed = if keeps { ", - to print it" } else { "" };
    while choices.remaining.is_none() && !knows.remaining.is_empty() {
        let answer = line(context, &format!("file for remaining work (.md or .json){printed}{none}"))?;
        choices.remaining = fit(sink(context, if answer.is_empty() { "none" } else { &answer }), true);
    }
    while choices.lessons.is_none() && !knows.lessons.is_empty() {
        let answer = line(context, &format!("file that lessons are added to (.md){none}"))?;
        let answer = sink(context, if answer.is_empty() { "none" } else { &answer });
        choices.lessons = fit(answer, false).filter(|sink| *sink != Sink::Print);
    }
    Ok(())
}

fn line(context: &Context, question: &str) -> anyhow::Result<String> {
    let nothing = || Error::refused("choose", "nothing was chosen", "flags choose: `shiftlog finish --help`").into();
    context.ui.ask(question)?.ok_or_else(nothing)
}

fn confirmed(context: &Context, subject: &Subject) -> anyhow::Result<bool> {
    let what = if subject.origin.stays { "complete it" } else { "move it to the trash" };
    Ok(matches!(line(context, &format!("{what}? [y/N]"))?.to_lowercase().as_str(), "y" | "yes"))
}

/// What would be lost with a log that goes.
fn left(subject: &Subject, choices: &Choices) -> Vec<String> {
    let knows = &subject.knows;
    let kept = choices.decisions.as_deref().unwrap_or_default();
    let mut left: Vec<String> =
        knows.decisions.iter().enumerate().filter(|(n, _)| !kept.contains(n)).map(|(_, decision)| decision.title.clone()).collect();
    if choices.remaining.as_ref().and_then(Sink::file).is_none() {
        left.extend(knows.remaining.iter().map(|item| item.what.clone()));
    }
    if choices.lessons.as_ref().and_then(Sink::file).is_none() {
        left.extend(knows.lessons.iter().map(|lesson| lesson.text.trim_start().lines().next().unwrap_or_default().to_string()));
    }
    left
}

/// Refuses to let go what goes nowhere, and what others point to.
fn check(subject: &Subject, choices: &Choices, args: &FinishArgs) -> Result<(), Error> {
    if subject.origin.stays || args.force {
        return Ok(());
    }
    let (knows, mut missing) = (&subject.knows, Vec::new());
    if choices.decisions.is_none() && !knows.decisions.is_empty() {
        missing.push((number(knows.decisions.len() as u64, "decision"), "--decisions all|1,3"));
    }
    if choices.remaining.is_none() && !knows.remaining.is_empty() {
        missing.push((number(knows.remaining.len() as u64, "remaining item"), "--remaining FILE"));
    }
    if choices.lessons.is_none() && !knows.lessons.is_empty() {
        missing.push((number(knows.lessons.len() as u64, "lesson"), "--lessons FILE"));
    }
    if !missing.is_empty() {
        let (what, flags): (Vec<_>, Vec<_>) = missing.into_iter().unzip();
        let message = format!("finishing {} deletes it, and nothing says where this goes: {}", subject.log.id, what.join(", "));
        return Err(Error::refused("choose", message, format!("{}; `-n` shows them, `--force` lets them go", flags.join(", "))));
    }
    let left = left(subject, choices);
    if !left.is_empty() {
        let message =
            format!("{} would go with {}: {}", number(left.len() as u64, "thing"), subject.log.id, one_line(&left.join("; "), 200));
        return Err(Error::refused("left", message, "name a file for them, or let them go with --force"));
    }
    if let Some(first) = subject.references.first() {
        let all: Vec<String> = subject.references.iter().take(SHOWN).map(|one| format!("{}:{}", one.path.display(), one.line)).collect();
        let message = format!("{} is still named in {}", subject.log.id, all.join(", "));
        let hint = format!("take the reference out of {} first, or finish with --force", first.path.display());
        return Err(Error::refused("referenced", message, hint));
    }
    Ok(())
}

/// What is to be written, and said of it.
struct Written {
    plan: Plan,
    adrs: Vec<Adr>,
    printed: Option<String>,
    items: usize,
    /// Files that hold already what was to be added.
    there: Vec<PathBuf>,
    /// Variables that the template names in vain.
    missing: Vec<String>,
    notices: Vec<String>,
}

fn plan(context: &Context, journal: &Journal, subject: &Subject, choices: &Choices, args: &FinishArgs) -> anyhow::Result<Written> {
    let knows = &subject.knows;
    let which = choices.decisions.as_deref().unwrap_or_default();
    let decisions: Vec<&Decision> = which.iter().filter_map(|n| knows.decisions.get(*n)).collect();
    let own = journal.other_template(&subject.log.profile, "adr")?;
    if args.adr_dir.is_absolute() || args.adr_dir.components().any(|part| part == std::path::Component::ParentDir) {
        let message = format!("{} is no directory below the journal", args.adr_dir.display());
        return Err(Error::refused("bad-path", message, "`--adr-dir` is relative to the journal, and has no `..`").into());
    }
    let (adrs, missing) = adr::files(&journal.root.join(&args.adr_dir), &decisions, &subject.origin, own.as_ref(), context.now)?;
    let written = adrs.iter().filter_map(|adr| Some((adr.path.clone(), adr.text.clone()?)));
    let mut files: Vec<Addition> = written.map(|(path, text)| Addition { path, text, head: String::new(), new: true }).collect();
    let items: Vec<_> = knows.remaining.iter().collect();
    let mut printed = None;
    match &choices.remaining {
        Some(Sink::File(path)) if !items.is_empty() => files.push(remaining(path, &items, subject)?),
        Some(Sink::Print) if !items.is_empty() => printed = Some(finish::remaining_markdown(&items, &subject.origin)),
        _ => {}
    }
    let lessons = choices.lessons.as_ref().and_then(Sink::file).filter(|_| !knows.lessons.is_empty());
    if let Some(path) = lessons {
        let text = finish::lessons_markdown(&knows.lessons, &subject.origin, &context.now.date_naive().to_string());
        files.push(Addition { path: path.to_path_buf(), text, head: "# Lessons\n\n".to_string(), new: false });
    }
    files.iter().try_for_each(|file| check_target(journal, &file.path, file.new))?;
    let there = |file: &&Addition| !file.new && std::fs::read_to_string(&file.path).is_ok_and(|text| finish::holds(&text, &file.text));
    let there: Vec<PathBuf> = files.iter().filter(there).map(|file| file.path.clone()).collect();
    let shown = |path: &Path| journal.relative(path).to_path_buf();
    let finished = Finished {
        session: subject.log.id.clone(),
        title: subject.origin.title.clone(),
        time: context.now,
        decisions: adrs.iter().map(|adr| shown(&adr.path)).collect(),
        remaining: choices.remaining.as_ref().and_then(Sink::file).filter(|_| !items.is_empty()).map(shown),
        lessons: lessons.map(shown),
        left: if subject.origin.stays { Vec::new() } else { left(subject, choices) },
        deleted: !subject.origin.stays,
    };
    let plan = Plan { log: subject.log.path.clone(), hash: store::hash(subject.text.as_bytes()), files, finished };
    Ok(Written { plan, adrs, printed, items: items.len(), there, missing, notices: Vec::new() })
}

/// What a log that stays holds alone, and what goes with one that goes, where nobody was asked: a person may not know that.
fn stays(subject: &Subject, choices: &Choices) -> Vec<String> {
    let (knows, log) = (&subject.knows, &subject.log.id);
    let mut said = Vec::new();
    if !subject.origin.stays {
        said.extend((!knows.alone.is_empty()).then(|| format!("with the log goes what stands under {}", knows.alone.join(", "))));
        return said;
    }
    if !knows.empty.is_empty() {
        said.push(format!("nothing stands under {}", knows.empty.join(", ")));
    }
    let alone = [
        (choices.decisions.is_none(), knows.decisions.len(), "decision", "--decisions all"),
        (choices.remaining.is_none(), knows.remaining.len(), "remaining item", "--remaining FILE"),
        (choices.lessons.is_none(), knows.lessons.len(), "lesson", "--lessons FILE"),
    ];
    let alone = alone.into_iter().filter(|(unsaid, count, ..)| *unsaid && *count > 0);
    said.extend(alone.map(|(_, count, what, flag)| {
        let them = if count == 1 { "it" } else { "them" };
        format!("{} in {log} alone; `{flag}` takes {them} further", number(count as u64, what))
    }));
    said
}

/// Refuses what no text can be added to, or nobody would want it added to, before anything is written.
fn check_target(journal: &Journal, path: &Path, new: bool) -> Result<(), Error> {
    let bad = |why: &str| Error::refused("bad-path", format!("{} {why}", path.display()), "name another file; nothing was written");
    if let Some(why) = finish::unfit(journal, path, new) {
        return Err(bad(why));
    }
    let above = path.ancestors().skip(1).find(|dir| dir.exists());
    let why = match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => "is no file",
        Ok(_) => return store::read(path).map(drop),
        Err(_) if above.is_some_and(|dir| !dir.is_dir()) => "cannot be made: a part of its path is a file",
        Err(_) => return Ok(()),
    };
    Err(bad(why))
}

fn remaining(path: &Path, items: &[&shiftlog::finish::knowledge::Remaining], subject: &Subject) -> Result<Addition, Error> {
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if json && path.exists() {
        let message = format!("{} exists, and JSON cannot be added to it", path.display());
        return Err(Error::refused("exists", message, "name a new file, or a Markdown file"));
    }
    let text = if json { finish::remaining_json(items, &subject.origin) } else { finish::remaining_markdown(items, &subject.origin) };
    let head = if json { String::new() } else { "# Remaining work\n\n".to_string() };
    Ok(Addition { path: path.to_path_buf(), text, head, new: json })
}

/// What would be written, as a diff.
fn shown(context: &Context, journal: &Journal, subject: &Subject, written: &Written) -> anyhow::Result<Ended> {
    if !context.ui.json {
        for file in written.plan.files.iter().filter(|file| !written.there.contains(&file.path)) {
            let path = journal.relative(&file.path).display().to_string();
            let there = std::fs::read_to_string(&file.path).ok();
            let after = there.as_ref().map_or_else(|| format!("{}{}", file.head, file.text), |there| format!("{there}\n{}", file.text));
            context.ui.raw(unified_diff(&path, there.as_deref(), &after).as_bytes())?;
        }
    }
    report(context, journal, subject, written, true)
}

fn report(context: &Context, journal: &Journal, subject: &Subject, written: &Written, dry_run: bool) -> anyhow::Result<Ended> {
    let notices = &written.notices;
    let finished = &written.plan.finished;
    let result = match finished.deleted {
        true => "deleted",
        false if subject.done => "unchanged",
        false => "completed",
    };
    if context.ui.json {
        let adrs: Vec<_> = written.adrs.iter().map(|adr| json!({"path": journal.relative(&adr.path), "new": adr.text.is_some()})).collect();
        context.ui.answer(json!({
            "action": "finish", "session": finished.session, "path": journal.relative(&subject.log.path), "dry_run": dry_run, "result": result,
            "decisions": adrs, "remaining": {"path": finished.remaining, "items": subject.knows.remaining, "text": written.printed},
            "lessons": {"path": finished.lessons, "items": subject.knows.lessons}, "left": finished.left, "empty": subject.knows.empty,
            "carried": subject.carried, "references": subject.references, "knows": {"decisions": subject.knows.decisions}, "notices": notices,
        }))?;
        return Ok(Ended::Done);
    }
    if let Some(text) = &written.printed {
        context.ui.data(visible(text.trim_end()))?;
    }
    let would = if dry_run { "would be " } else { "" };
    for adr in &written.adrs {
        let what = if adr.text.is_some() { format!("{would}written") } else { "there already".to_string() };
        context.ui.say(format_args!("decision {what}: {}", journal.relative(&adr.path).display()));
    }
    let added = |what: &str, count: usize, path: &Path| {
        let there = written.there.iter().any(|there| journal.relative(there) == path);
        let done = if there { "there already".to_string() } else { format!("{would}added") };
        context.ui.say(format_args!("{} {done}: {}", number(count as u64, what), path.display()));
    };
    if let Some(path) = &finished.remaining {
        added("remaining item", written.items, path);
    }
    if let Some(path) = &finished.lessons {
        added("lesson", subject.knows.lessons.len(), path);
    }
    let end = match (finished.deleted, journal.config.trash_days) {
        (false, _) if subject.done => "completed already".to_string(),
        (false, _) => format!("{would}completed"),
        (true, 0) => format!("{would}deleted"),
        (true, days) => format!("{would}moved to the trash for {}", number(days.into(), "day")),
    };
    context.ui.say(format_args!("{}: {end}", finished.session));
    Ok(Ended::Done)
}
