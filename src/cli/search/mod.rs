//! `shiftlog search`: everything that stands in logs and turns.

mod print;

use std::ffi::OsString;

use chrono::{DateTime, Days, Local, Utc};
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use shiftlog::index::query::{self, Key, Node, Query, Value};
use shiftlog::index::result::{Entry, Reader, View};
use shiftlog::index::{Answer, By, Counted, Coverage, Mode, Request, Sort};
use shiftlog::journal::{Error, Journal};
use shiftlog::record::Record;

use super::context::Context;
use super::searched::Searched;
use super::ui::Ended;
use super::when;

/// Search logs and recorded turns
///
/// Words find sections of logs and turns of conversations; those with all words come first. Fields narrow it down:
///   status:handoff section:decisions role:user file:src/*.rs after:2026-11-01 since:7d task:open
/// and so do "a phrase", -without, a OR b, (grouping), begin*, typo~, /regular expression/ and [property:value].
///
/// Put quotes around a query with quotes of its own: shiftlog search '"refresh token"'. Exit code 1 when nothing is found.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SearchArgs {
    /// What to look for; all that was recorded last where nothing is given
    query: Vec<String>,
    /// What is one result
    #[arg(long, value_enum, default_value = "session")]
    by: ByArg,
    /// The order of results
    #[arg(long, value_enum, default_value = "relevance")]
    sort: SortArg,
    /// At most so many results
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// Leave out so many results first
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: usize,
    /// Only what has all words
    #[arg(long)]
    all_words: bool,
    /// Also turns that were rolled back
    #[arg(long)]
    abandoned: bool,
    /// In all journals that you have
    #[arg(long, conflicts_with_all = ["count", "facets"])]
    everywhere: bool,
    /// So many turns or lines around each hit
    #[arg(long, value_name = "N", default_value_t = 0)]
    context: usize,
    /// One JSON object a line, one line a result
    #[arg(long, conflicts_with = "json")]
    jsonl: bool,
    /// Only where the hits are: paths of logs, ids of conversations
    #[arg(long)]
    paths: bool,
    /// Only how many turns and sections have all words
    #[arg(long)]
    count: bool,
    /// How many of these have which status, agent, project, …
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    facets: Vec<String>,
    /// Show how the query was understood, and what each score is made of
    #[arg(long)]
    explain: bool,
    /// Answer from the index as it is, without bringing it up to date
    #[arg(long)]
    no_update: bool,
    #[command(flatten)]
    fields: FieldArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ByArg {
    #[default]
    Session,
    Section,
    Turn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SortArg {
    Relevance,
    Newest,
    Oldest,
}

macro_rules! fields {
    ($($name:ident $key:ident $help:literal,)*) => {
        /// The fields of the query language as options; one given several times means any of the values.
        #[derive(Debug, Args)]
        #[command(next_help_heading = "Fields")]
        struct FieldArgs {
            $(#[doc = $help] #[arg(long, value_name = "VALUE")] $name: Vec<String>,)*
            /// At this time or later: 2026-11-01, yesterday, 7d
            #[arg(long, value_name = "DATE")]
            after: Option<String>,
            /// The same
            #[arg(long, value_name = "DATE", conflicts_with = "after")]
            since: Option<String>,
            /// Before this time
            #[arg(long, value_name = "DATE")]
            before: Option<String>,
            /// On this day
            #[arg(long, value_name = "DATE")]
            on: Option<String>,
        }

        impl FieldArgs {
            fn given(&self) -> Vec<(Key, &[String])> {
                vec![$((Key::$key, self.$name.as_slice()),)*]
            }
        }
    };
}

fields! {
    kind Kind "log or turn",
    section Section "Section of a log, by its key",
    role Role "Who said it: user or agent",
    status Status "Status of the log",
    state State "State of the conversation",
    profile Profile "Profile of the log",
    tag Tag "Tag of the log, or one below it",
    title Title "Words of the title",
    author Author "Author of the log",
    model Model "Model that answered",
    agent Agent "Coding agent",
    project Project "Project of the conversation",
    branch Branch "Branch of the conversation",
    user User "User of the conversation",
    file File "File that was touched or named",
    command Command "Command that was run",
    url Url "Address that was read or named",
    error Error "Error that was met",
    task Task "Tasks: open or done",
    session Session "One session",
    conversation Conversation "One conversation",
}

/// Marks words such as `-draft`, which would be taken for options.
const SHIELD: &str = "\u{1}";

/// The arguments of the program, in which a search's `-word` is no option.
pub(crate) fn shielded(args: Vec<OsString>) -> Vec<OsString> {
    let options = args.iter().position(|a| a == "--").unwrap_or(args.len());
    let command = |n: usize, arg: &OsString| n > 0 && args[n - 1] != "--journal" && !arg.to_string_lossy().starts_with('-');
    let at = args.iter().enumerate().position(|(n, arg)| command(n, arg)).filter(|at| args[*at] == "search").unwrap_or(options);
    let shield = |(n, arg): (usize, OsString)| match arg.to_str() {
        Some(text) if n > at && n < options && text.starts_with('-') && !text.starts_with("--") && !matches!(text, "-" | "-h" | "-V") => {
            OsString::from(format!("{SHIELD}{text}"))
        }
        _ => arg,
    };
    args.into_iter().enumerate().map(shield).collect()
}

pub(crate) fn run(context: &Context, args: &SearchArgs) -> anyhow::Result<Ended> {
    let text = args.query.iter().map(|word| word.strip_prefix(SHIELD).unwrap_or(word)).collect::<Vec<_>>().join(" ");
    let query = understood(context, args, &text)?;
    let mode = if args.no_update { Mode::Leave } else { Mode::Update };
    if args.count || !args.facets.is_empty() {
        return counted(context, args, &query, mode);
    }
    let journals = if args.everywhere { context.journals() } else { vec![context.journal()?] };
    let mut results = Results { query: text.clone(), by: args.by, explain: args.explain, ..Results::default() };
    for journal in journals {
        match one(context, args, (&text, &query), mode, journal, &mut results) {
            // A journal that cannot be searched does not keep the others from it.
            Err(error) if args.everywhere => results.problems.push(format!("{error:#}")),
            done => done?,
        }
    }
    if args.everywhere {
        results.merge(args);
    }
    results.hints.extend_from_slice(&query.hints);
    print::results(context, args, &results)?;
    Ok(if results.entries.is_empty() { Ended::Nothing } else { Ended::Done })
}

/// Results of one journal or several.
#[derive(Default)]
struct Results {
    query: String,
    by: ByArg,
    explain: bool,
    /// Results, each with its journal's root where several were searched.
    entries: Vec<(Option<String>, Entry)>,
    border: usize,
    more: bool,
    tried: Vec<(String, Vec<String>)>,
    terms: Vec<(String, f32)>,
    hints: Vec<String>,
    problems: Vec<String>,
    coverage: Coverage,
    /// How many turns and sections have the words, whatever the filters say; known where nothing was found.
    unfiltered: Option<u64>,
    understood: String,
}

impl Results {
    /// Puts the results of several journals into one order, and leaves the page that is asked for.
    fn merge(&mut self, args: &SearchArgs) {
        self.entries.sort_by(|(_, a), (_, b)| match args.sort {
            SortArg::Relevance => b.full.cmp(&a.full).then(b.score.total_cmp(&a.score)),
            SortArg::Newest => b.time.cmp(&a.time),
            SortArg::Oldest => a.time.cmp(&b.time),
        });
        self.more |= self.entries.len() > args.offset.saturating_add(args.limit);
        self.entries.drain(..args.offset.min(self.entries.len()));
        self.entries.truncate(args.limit);
        self.border = self.entries.iter().take_while(|(_, e)| e.full).count();
    }
}

fn one(
    context: &Context,
    args: &SearchArgs,
    (text, query): (&str, &Query),
    mode: Mode,
    journal: Journal,
    into: &mut Results,
) -> anyhow::Result<()> {
    let searched = Searched::open(context, journal)?;
    let index = searched.index(context, mode)?;
    let request = Request {
        query,
        text,
        by: match args.by {
            ByArg::Session => By::Session,
            ByArg::Section => By::Section,
            ByArg::Turn => By::Turn,
        },
        sort: match args.sort {
            SortArg::Relevance => Sort::Relevance,
            SortArg::Newest => Sort::Newest,
            SortArg::Oldest => Sort::Oldest,
        },
        // Of several journals, each may have the whole page.
        offset: if args.everywhere { 0 } else { args.offset },
        limit: if args.everywhere { args.offset.saturating_add(args.limit) } else { args.limit },
        all_words: args.all_words,
        abandoned: args.abandoned,
    };
    let sources = searched.sources(context);
    let _snapshot = searched.record.as_ref().map(Record::snapshot).transpose()?;
    let answer: Answer = index.search(&sources, &request)?;
    let mut reader = Reader::new(&sources, &answer, View { hits: 3, context: args.context });
    let root = args.everywhere.then(|| searched.journal.root.display().to_string());
    for found in &answer.found {
        into.entries.extend(reader.entry(found)?.map(|entry| (root.clone(), entry)));
    }
    if answer.found.is_empty() {
        for (key, value, near) in index.unknown_values(query)? {
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let hint = format!("nothing has {} `{value}`{near}", key.name());
            if !into.hints.contains(&hint) {
                context.ui.say(format_args!("hint: {}", super::ui::visible(&hint)));
                into.hints.push(hint);
            }
        }
        let words = query::Query { root: words_only(&query.root), hints: Vec::new(), question: false };
        if words.root != query.root && words.root != Node::Everything {
            let counted = index.count(&sources, &words, args.abandoned, &[])?;
            into.unfiltered = Some(into.unfiltered.unwrap_or_default() + counted.total);
        }
    }
    let coverage = index.coverage();
    into.coverage.logs += coverage.logs;
    into.coverage.turns += coverage.turns;
    into.coverage.pending += coverage.pending;
    into.border += answer.border;
    into.more |= answer.more;
    into.tried.extend(answer.tried);
    into.terms = answer.terms;
    into.understood = query.root.to_string();
    Ok(())
}

/// The query without its filters.
fn words_only(node: &Node) -> Node {
    match node {
        Node::All(nodes) => {
            let left: Vec<Node> = nodes.iter().map(words_only).filter(|n| *n != Node::Everything).collect();
            if left.is_empty() { Node::Everything } else { Node::All(left) }
        }
        Node::Field(..) | Node::Property(..) | Node::Time { .. } | Node::Not(_) => Node::Everything,
        other => other.clone(),
    }
}

/// A query as it is typed; what the person should know of it is said.
pub(crate) fn parsed(context: &Context, text: &str) -> Query {
    let query = query::parse(text, &|text| span(text, context.now));
    for hint in &query.hints {
        context.ui.say(format_args!("hint: {}", super::ui::visible(hint)));
    }
    query
}

/// The query that was typed, and the options as what they stand for.
fn understood(context: &Context, args: &SearchArgs, text: &str) -> anyhow::Result<Query> {
    let mut query = parsed(context, text);
    let mut nodes = match std::mem::replace(&mut query.root, Node::Everything) {
        Node::All(nodes) => nodes,
        node => vec![node],
    };
    for (key, values) in args.fields.given() {
        let mut any: Vec<Node> = Vec::new();
        for value in values {
            if let (Key::Kind | Key::Role | Key::Task, false) = (key, usable(key, value)) {
                return Err(Error::Unknown { what: key.name(), given: value.clone(), known: choices(key) }.into());
            }
            any.push(Node::Field(key, Value { text: value.clone(), quoted: false }));
        }
        match any.len() {
            0 => {}
            1 => nodes.append(&mut any),
            _ => nodes.push(Node::Any(any)),
        }
    }
    let fields = &args.fields;
    let start = |text: &String| when::parse(text, context.now);
    let from = fields.after.as_ref().or(fields.since.as_ref()).map(start).transpose()?;
    let to = fields.before.as_ref().map(start).transpose()?;
    if from.is_some() || to.is_some() {
        nodes.push(Node::Time { from, to });
    }
    if let Some(day) = &fields.on {
        let span = span(day, context.now)
            .ok_or_else(|| start(day).err())
            .map_err(|e| e.map_or_else(|| anyhow::anyhow!("no day: {day}"), Into::into))?;
        nodes.push(Node::Time { from: Some(span.start), to: Some(span.end) });
    }
    query.root = if nodes.len() == 1 { nodes.remove(0) } else { Node::All(nodes) };
    Ok(query)
}

fn choices(key: Key) -> Vec<String> {
    let choices: &[&str] = match key {
        Key::Kind => &["log", "turn"],
        Key::Role => &["user", "agent"],
        _ => &["open", "done"],
    };
    choices.iter().map(ToString::to_string).collect()
}

fn usable(key: Key, value: &str) -> bool {
    choices(key).iter().any(|c| c == value)
}

/// The time that a text names: a day, a month, or the time from then until now.
fn span(text: &str, now: DateTime<Utc>) -> Option<std::ops::Range<DateTime<Utc>>> {
    if let Some((year, month)) = text.split_once('-').filter(|(y, m)| y.len() == 4 && m.len() == 2)
        && let (Ok(_), Ok(month)) = (year.parse::<i32>(), month.parse::<u32>())
    {
        let next = if month == 12 { format!("{:04}-01", year.parse::<i32>().ok()? + 1) } else { format!("{year}-{:02}", month + 1) };
        let start = when::parse(&format!("{text}-01"), now).ok()?;
        return Some(start..when::parse(&format!("{next}-01"), now).ok()?);
    }
    let start = when::parse(text, now).ok()?;
    let local = start.with_timezone(&Local);
    let midnight = local.time() == chrono::NaiveTime::MIN;
    let end =
        if midnight { when::parse(&local.date_naive().checked_add_days(Days::new(1))?.to_string(), now).ok()? } else { now.max(start) };
    Some(start..end)
}

fn counted(context: &Context, args: &SearchArgs, query: &Query, mode: Mode) -> anyhow::Result<Ended> {
    let known = ["status", "agent", "project", "model", "user", "branch", "tag", "profile", "section", "kind", "role", "author", "task"];
    if let Some(facet) = args.facets.iter().find(|f| !known.contains(&f.as_str())) {
        return Err(Error::Unknown { what: "facet", given: facet.clone(), known: known.map(str::to_string).to_vec() }.into());
    }
    let searched = Searched::open(context, context.journal()?)?;
    let index = searched.index(context, mode)?;
    let Counted { total: count, facets } = index.count(&searched.sources(context), query, args.abandoned, &args.facets)?;
    if context.ui.json || args.jsonl {
        let facets: Json = facets
            .iter()
            .map(|(facet, values)| (facet.clone(), values.iter().map(|(v, n)| json!({"value": v, "count": n})).collect::<Json>()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        context.ui.answer(json!({"count": count, "facets": facets, "coverage": index.coverage(), "hints": query.hints}))?;
    } else if args.facets.is_empty() {
        context.ui.data(count)?;
    } else {
        print::facets(context, &args.facets, &facets)?;
    }
    Ok(if count == 0 { Ended::Nothing } else { Ended::Done })
}
