//! `shiftlog import`: conversations that agents have kept on this machine, into the record.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use shiftlog::agents::{self, AGENTS, Agent};
use shiftlog::intake::{Done, Intake, Kept};
use shiftlog::journal::{Error, Journal};
use shiftlog::record::exchange;
use shiftlog::record::privacy::Privacy;
use shiftlog::record::source::Source;
use shiftlog::record::{Record, take};

use super::agents::{Choice, homes, limits};
use super::context::Context;
use super::progress::Progress;
use super::recorded;
use super::ui::{Ended, number, size, visible};
use super::when;

/// Files that could not be read and are named; of more, only the number.
const NAMED: usize = 5;

/// Bring in the conversations that coding agents have kept on this machine
///
/// Those that took place in this journal's directories, by all agents that are known. What was taken in before is not read
/// again, and each turn is there once, however often and in whatever order files are imported. No log is written: `capture`
/// writes what a conversation shows into its log.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Only this agent's, or those in this file or directory, wherever they took place
    #[arg(long, value_name = "AGENT|PATH")]
    from: Vec<String>,
    /// Only files that were changed since then: 2026-11-01, yesterday, 7d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Those of all directories
    #[arg(long)]
    all: bool,
    /// Say what would be new, and store nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Why conversations are left out that took place elsewhere.
const ELSEWHERE: &str = "of other directories";

/// What is to be imported.
#[derive(Default)]
struct Plan {
    files: Vec<Kept>,
    /// Files of JSON Lines as `conversation export` writes them.
    exchanged: Vec<PathBuf>,
    /// Wherever they took place.
    everywhere: bool,
    /// What the record says of its files, where that was needed to find them.
    sources: Option<HashMap<String, Source>>,
}

/// What came of one agent's files.
#[derive(Debug, Default, Serialize)]
struct Tally {
    agent: String,
    files: u64,
    bytes: u64,
    /// Files that were new or have changed.
    read: u64,
    conversations: u64,
    turns: u64,
    actions: u64,
    completed: u64,
    skipped: BTreeMap<String, u64>,
    #[serde(skip)]
    title: String,
}

pub(crate) fn run(context: &Context, args: &ImportArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let since = args.since.as_deref().map(|text| when::parse(text, context.now)).transpose()?;
    let known = recorded::find(context, &journal)?;
    let mut plan = plan(context, &journal, known.as_ref(), args, since)?;
    let mut tallies = tallies(&plan);
    let privacy = recorded::barriers(context, &journal)?;
    let record = match known {
        // What is new is found out by taking it in, into a copy that is forgotten.
        known if args.dry_run => Record::trial(known.as_ref(), recorded::settings(&journal))?,
        Some(record) => {
            super::hook::take_noted(context, &journal, &record)?;
            record
        }
        None => recorded::open(context, &journal)?,
    };
    let choice = Choice::new(&journal, args.all || plan.everywhere);
    let sources = plan.sources.take();
    let mut notices = import(context, &journal, (&record, &privacy), &choice, (&plan, sources), &mut tallies)?;
    notices.extend(exchanged(context, (&record, &privacy), &plan, &mut tallies)?);
    if !args.dry_run && tallies.iter().any(|tally| tally.read > 0) {
        // Else the next command would read all of the write-ahead log first; whoever holds it keeps it until later.
        let _ = record.checkpoint();
    }
    report(context, args, &tallies, notices)
}

/// Finds the files.
fn plan(
    context: &Context,
    journal: &Journal,
    known: Option<&Record>,
    args: &ImportArgs,
    since: Option<DateTime<Utc>>,
) -> anyhow::Result<Plan> {
    let mut plan = Plan::default();
    if args.from.is_empty() {
        plan.files.extend(AGENTS.iter().flat_map(|agent| histories(context, journal, *agent)));
    }
    for from in &args.from {
        match agents::named(from) {
            Some(agent) => plan.files.extend(histories(context, journal, agent)),
            None => {
                plan.everywhere = true;
                let sources = match plan.sources.take() {
                    Some(sources) => sources,
                    None => known.map(Record::sources).transpose()?.unwrap_or_default(),
                };
                below(&context.cwd.join(from), from, &sources, &mut plan)?;
                plan.sources = Some(sources);
            }
        }
    }
    if let Some(since) = since {
        let fresh = |path: &Path| path.metadata().and_then(|m| m.modified()).is_ok_and(|time| DateTime::<Utc>::from(time) >= since);
        let modified = |file: &Kept| file.meta.modified().is_ok_and(|time| DateTime::<Utc>::from(time) >= since);
        plan.files.retain(|file| modified(file) || file.agent.beside(&file.path).is_some_and(|beside| fresh(&beside)));
        plan.exchanged.retain(|path| fresh(path));
    }
    Ok(plan)
}

/// Where an agent keeps conversations on this machine; some keep them where they work.
fn histories(context: &Context, journal: &Journal, agent: &'static dyn Agent) -> Vec<Kept> {
    let mut files = agent.histories(&homes());
    for dir in [journal.root.clone(), recorded::project_root(journal, &context.cwd), context.cwd.clone()] {
        let Ok(dir) = std::fs::canonicalize(dir) else { continue };
        files.extend(agent.beside_work(&dir).filter(|file| file.is_file() && !files.contains(file)));
    }
    files.into_iter().filter_map(|path| kept(agent, path)).collect()
}

/// A file, unless it has just gone.
fn kept(agent: &'static dyn Agent, path: PathBuf) -> Option<Kept> {
    let meta = std::fs::metadata(&path).ok()?;
    Some(Kept { agent, path, meta })
}

/// Adds what a path that was named holds.
fn below(path: &Path, named: &str, sources: &HashMap<String, Source>, plan: &mut Plan) -> anyhow::Result<()> {
    let known = || {
        let names: Vec<&str> = AGENTS.iter().map(|agent| agent.name()).collect();
        format!("agents are {}", names.join(", "))
    };
    let meta = std::fs::metadata(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::refused("io", format!("no agent and no file: {}", visible(named)), known()),
        _ => Error::io("read", path)(e),
    })?;
    let keeper = |path: &Path| AGENTS.into_iter().find(|agent| agent.keeps(path));
    if meta.is_file() {
        match keeper(path) {
            Some(agent) => plan.files.extend(kept(agent, path.to_path_buf())),
            None if path.extension().is_some_and(|e| e == "jsonl") => plan.exchanged.push(path.to_path_buf()),
            None => {
                let hint = "what any program can write is described in docs/formats.md: JSON Lines, in a file that ends with .jsonl";
                return Err(Error::refused("unknown-format", format!("no agent keeps files of this form: {}", path.display()), hint).into());
            }
        }
        return Ok(());
    }
    let files = walkdir::WalkDir::new(path).sort_by_file_name().into_iter();
    let files = files.filter_map(Result::ok).filter(|f| f.file_type().is_file()).map(walkdir::DirEntry::into_path);
    // What was read before is known; of all else, the beginning says whose it is.
    let known = |path: &Path| path.to_str().and_then(|path| sources.get(path)).and_then(|source| agents::named(&source.agent));
    plan.files.extend(files.filter_map(|path| kept(known(&path).or_else(|| keeper(&path))?, path)));
    Ok(())
}

fn tallies(plan: &Plan) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = AGENTS
        .iter()
        .map(|agent| Tally { agent: agent.name().to_string(), title: agent.title().to_string(), ..Tally::default() })
        .collect();
    for Kept { agent, meta, .. } in &plan.files {
        if let Some(tally) = tallies.iter_mut().find(|t| t.agent == agent.name()) {
            tally.files += 1;
            tally.bytes += meta.len();
        }
    }
    if !plan.exchanged.is_empty() {
        let files = plan.exchanged.len() as u64;
        tallies.push(Tally { agent: "jsonl".into(), title: "JSON Lines".into(), files, ..Tally::default() });
    }
    tallies.retain(|t| t.files > 0);
    tallies
}

fn import(
    context: &Context,
    journal: &Journal,
    (record, privacy): (&Record, &Privacy),
    choice: &Choice,
    (plan, sources): (&Plan, Option<HashMap<String, Source>>),
    tallies: &mut [Tally],
) -> anyhow::Result<Vec<String>> {
    let intake = Intake {
        record,
        privacy,
        wanted: &|transcript| choice.takes(transcript),
        choice: choice.number(privacy),
        limits: limits(journal),
        now: context.now,
    };
    let total: u64 = tallies.iter().map(|t| t.bytes).sum();
    let (mut bytes, mut failed) = (0, Vec::new());
    let mut progress = Progress::new(&context.ui, "importing");
    intake.files(&plan.files, sources, &mut |place, done| {
        let Kept { agent, path, .. } = &plan.files[place];
        match done {
            Ok(done) => {
                bytes += done.bytes;
                progress.at(bytes, total, &size);
                if let Some(tally) = tallies.iter_mut().find(|t| t.agent == agent.name()) {
                    tally.add(&done);
                }
            }
            Err(error) => failed.push(format!("could not be read: {error}: {}", path.display())),
        }
    })?;
    progress.end();
    if failed.len() > NAMED {
        let rest = failed.len() - NAMED;
        failed.truncate(NAMED);
        failed.push(format!("{rest} more could not be read"));
    }
    Ok(failed)
}

impl Tally {
    fn add(&mut self, done: &Done) {
        self.read += 1;
        for taken in &done.taken {
            self.conversations += u64::from(taken.created);
            self.turns += taken.turns;
            self.actions += taken.actions;
            self.completed += taken.changed;
            if let Some(why) = taken.skipped.filter(|why| *why != take::EMPTY) {
                *self.skipped.entry(why.to_string()).or_default() += 1;
            }
        }
        let left_out = [(ELSEWHERE, done.unwanted), ("shiftlog's own", done.own), ("lines that could not be understood", done.unread)];
        for (why, count) in left_out {
            if count > 0 {
                *self.skipped.entry(why.to_string()).or_default() += count;
            }
        }
    }

    /// Adds what came of other files.
    fn sum(&mut self, other: &Tally) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.read += other.read;
        self.conversations += other.conversations;
        self.turns += other.turns;
        self.actions += other.actions;
        self.completed += other.completed;
        for (why, count) in &other.skipped {
            *self.skipped.entry(why.clone()).or_default() += count;
        }
    }
}

/// Files of JSON Lines as `conversation export` writes them.
fn exchanged(context: &Context, (record, privacy): (&Record, &Privacy), plan: &Plan, tallies: &mut [Tally]) -> anyhow::Result<Vec<String>> {
    let mut notices = Vec::new();
    let Some(tally) = tallies.iter_mut().find(|t| t.agent == "jsonl") else { return Ok(notices) };
    for path in &plan.exchanged {
        let done = exchange::import(record, path, None, privacy, context.now, &mut |_| {})
            .with_context(|| format!("could not import {}", path.display()))?;
        tally.sum(&Tally {
            read: 1,
            conversations: done.conversations,
            turns: done.turns,
            actions: done.actions,
            completed: done.completed,
            skipped: done.skipped,
            ..Tally::default()
        });
        notices.extend(done.notices);
    }
    Ok(notices)
}

fn report(context: &Context, args: &ImportArgs, tallies: &[Tally], notices: Vec<String>) -> anyhow::Result<Ended> {
    let notices = context.notices(notices);
    if context.ui.json {
        let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
        context.ui.answer(json!({
            "action": "import", "dry_run": args.dry_run, "agents": tallies, "conversations": sum(|t| t.conversations),
            "turns": sum(|t| t.turns), "actions": sum(|t| t.actions), "completed": sum(|t| t.completed), "notices": notices,
        }))?;
        return Ok(Ended::Done);
    }
    if tallies.is_empty() {
        let known: Vec<&str> = AGENTS.iter().map(|agent| agent.title()).collect();
        match &args.since {
            Some(since) => context.ui.say(format_args!("no conversation was changed since {}", visible(since))),
            None => context.ui.say(format_args!("no conversations found; looked for those of {}", known.join(", "))),
        }
        return Ok(Ended::Nothing);
    }
    let mut all = Tally { title: "in all".to_string(), ..Tally::default() };
    for tally in tallies {
        all.sum(tally);
    }
    let width = tallies.iter().chain([&all]).map(|t| t.title.len()).max().unwrap_or(0);
    let would = if args.dry_run { "would be " } else { "" };
    for tally in tallies.iter().chain((tallies.len() > 1).then_some(&all)) {
        let found = format!("{:width$}  {}, {}", tally.title, number(tally.files, "file"), size(tally.bytes));
        let news = match tally.read {
            0 => "nothing new".to_string(),
            _ => format!(
                "{would}{}, {}, {}",
                number(tally.conversations, "new conversation"),
                number(tally.turns, "turn"),
                number(tally.actions, "action")
            ),
        };
        let mut line = format!("{found}: {news}");
        if tally.completed > 0 {
            line.push_str(&format!("; {} completed", number(tally.completed, "turn")));
        }
        for (why, count) in &tally.skipped {
            line.push_str(&format!("; {count} left out: {why}"));
        }
        context.ui.say(visible(&line));
    }
    if all.skipped.contains_key(ELSEWHERE) {
        context.ui.say("hint: `shiftlog import --all` takes those of all directories");
    }
    Ok(Ended::Done)
}
