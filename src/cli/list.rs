//! `shiftlog list`: the logs of a journal.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use shiftlog::index::Mode;
use shiftlog::journal::placeholder::Placeholders;
use shiftlog::journal::summary::Summary;
use shiftlog::journal::{Error, Journal, Log, Place, template};

use super::context::Context;
use super::search;
use super::searched::Searched;
use super::ui::{Ended, one_line, visible};
use super::when;

/// List logs, newest first
///
/// Filters are joined by "and"; a filter given several times by "or". Dates: 2026-11-01, yesterday, 7d, "2 weeks ago",
/// in local time. Exit code 1 when a filter finds nothing.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only logs with this status, or whose status means open, paused, "handed off" or done
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// Only logs with this tag, or one below it (`a` finds `a/b`)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Only logs created at this time or later
    #[arg(long, value_name = "DATE")]
    created_after: Option<String>,
    /// Only logs created before this time
    #[arg(long, value_name = "DATE")]
    created_before: Option<String>,
    /// Only logs updated at this time or later
    #[arg(long, value_name = "DATE")]
    updated_after: Option<String>,
    /// Only logs updated before this time
    #[arg(long, value_name = "DATE")]
    updated_before: Option<String>,
    /// Only logs by this author or model, or in which this agent was spawned
    #[arg(long, value_name = "NAME")]
    agent: Vec<String>,
    /// Only logs that have open tasks
    #[arg(long)]
    open_tasks: bool,
    /// Only logs that have all words of a query, themselves or in their conversations; see `search`
    #[arg(long = "match", value_name = "QUERY")]
    matching: Option<String>,
    /// Only logs of this profile
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Only logs that lie here
    #[arg(long, value_enum, value_name = "PLACE")]
    place: Vec<PlaceArg>,
    /// Order; a trailing `-` or `+` reverses it or not
    #[arg(long, default_value = "id-", value_name = "id|created|updated|title|status[+-]", allow_hyphen_values = true)]
    sort: String,
    /// At most so many logs
    #[arg(long, short = 'l', value_name = "N")]
    limit: Option<usize>,
    /// oneline, short, full, path, id, json, jsonl, or a Handlebars line such as '{{id}} {{title}}'
    #[arg(long, short, default_value = "oneline")]
    format: String,
    /// End each log with a NUL byte instead of a line break
    #[arg(short = '0', long)]
    null: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlaceArg {
    Live,
    Recent,
    Archived,
}

impl ListArgs {
    /// Whether all properties are printed.
    fn shows_all(&self, json: bool) -> bool {
        json || !matches!(self.format.as_str(), "oneline" | "short" | "full" | "path" | "id")
    }

    /// Whether the bodies of the logs have to be read.
    fn counts_tasks(&self) -> bool {
        self.open_tasks || self.format == "full"
    }

    fn filters(&self) -> bool {
        let dates = [&self.created_after, &self.created_before, &self.updated_after, &self.updated_before];
        !self.status.is_empty()
            || !self.tag.is_empty()
            || dates.iter().any(|d| d.is_some())
            || !self.agent.is_empty()
            || self.open_tasks
            || self.matching.is_some()
            || self.profile.is_some()
            || !self.place.is_empty()
    }
}

/// The filters as they are meant.
struct Filter<'a> {
    args: &'a ListArgs,
    /// All properties are wanted, not only those that are compared.
    all: bool,
    created: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    updated: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

impl Filter<'_> {
    fn fits(&self, summary: &Summary) -> bool {
        let within = |time: Option<DateTime<Utc>>, (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>)| {
            (from.is_none() && to.is_none()) || time.is_some_and(|t| from.is_none_or(|f| t >= f) && to.is_none_or(|e| t < e))
        };
        let state =
            summary.state.and_then(|s| serde_json::to_value(s).ok()).and_then(|v| v.as_str().map(str::to_string)).unwrap_or_default();
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        let tagged =
            |tag: &String| summary.tags.iter().any(|t| same(t, tag) || t.to_lowercase().starts_with(&format!("{}/", tag.to_lowercase())));
        let names = || summary.author.iter().chain(&summary.model).chain(&summary.agents);
        let args = self.args;
        (args.status.is_empty() || args.status.iter().any(|s| same(s, &summary.status) || same(s, &state)))
            && (args.tag.is_empty() || args.tag.iter().map(|t| t.trim_start_matches('#').to_string()).any(|t| tagged(&t)))
            && within(summary.created, self.created)
            && within(summary.last_updated, self.updated)
            && (args.agent.is_empty() || args.agent.iter().any(|a| names().any(|n| n.to_lowercase().contains(&a.to_lowercase()))))
    }
}

pub(crate) fn run(context: &Context, args: &ListArgs) -> anyhow::Result<Ended> {
    let time = |text: &Option<String>| text.as_deref().map(|t| when::parse(t, context.now)).transpose();
    let filter = Filter {
        args,
        all: args.shows_all(context.ui.json),
        created: (time(&args.created_after)?, time(&args.created_before)?),
        updated: (time(&args.updated_after)?, time(&args.updated_before)?),
    };
    let order = Order::parse(&args.sort)?;
    let journal = context.journal()?;
    let mut logs = logs(&journal, args)?;
    let mut journal = journal;
    if let Some(query) = &args.matching {
        let query = search::parsed(context, query);
        let searched = Searched::open(context, journal)?;
        let index = searched.index(context, Mode::Update)?;
        let paths = index.logs_with(&searched.sources(context), &query)?;
        logs.retain(|log| paths.contains(&searched.journal.shown(log)));
        journal = searched.journal;
    }
    if order.key == "id" {
        order.logs(&mut logs);
    }
    let needs_all = order.key != "id" || args.filters() || args.limit.is_none();
    if let (false, Some(limit)) = (needs_all, args.limit) {
        logs.truncate(limit);
    }
    let mut found = summaries(&journal, &logs, args, &filter)?;
    order.summaries(&mut found);
    found.truncate(args.limit.unwrap_or(usize::MAX));
    let notices = context.notices(journal.notices());
    print(context, args, &journal, &found, &notices)?;
    Ok(if found.is_empty() && args.filters() { Ended::Nothing } else { Ended::Done })
}

fn logs(journal: &Journal, args: &ListArgs) -> anyhow::Result<Vec<Log>> {
    let profile = args.profile.as_deref().map(|name| journal.profile(name)).transpose()?;
    let mut logs = journal.logs(Place::Archived)?;
    let wanted = |place: Place| {
        args.place.is_empty()
            || args.place.contains(&match place {
                Place::Live => PlaceArg::Live,
                Place::Recent => PlaceArg::Recent,
                Place::Archived => PlaceArg::Archived,
            })
    };
    logs.retain(|l| wanted(l.place) && profile.as_ref().is_none_or(|p| p.id == l.profile.id));
    Ok(logs)
}

/// Reads the logs, on as many threads as there are cores: reading and parsing ten thousand is what a list costs.
fn summaries(journal: &Journal, logs: &[Log], args: &ListArgs, filter: &Filter) -> anyhow::Result<Vec<Summary>> {
    let mut placeholders: HashMap<String, Arc<Placeholders>> = HashMap::new();
    if args.counts_tasks() {
        for log in logs {
            if !placeholders.contains_key(&log.profile.id) {
                placeholders.insert(log.profile.id.clone(), journal.placeholders(&log.profile)?);
            }
        }
    }
    let root = journal.root.as_path();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let share = logs.len().div_ceil(threads).max(200);
    let placeholders = &placeholders;
    let read = |logs: &[Log]| -> Result<Vec<Summary>, Error> {
        logs.iter().filter_map(|log| one(log, root, args, filter, placeholders).transpose()).collect()
    };
    let read = &read;
    std::thread::scope(|scope| {
        let parts: Vec<_> = logs.chunks(share).map(|part| scope.spawn(move || read(part))).collect();
        let mut found = Vec::with_capacity(logs.len());
        for part in parts {
            found.extend(part.join().map_err(|_| anyhow::anyhow!("a thread that read logs failed"))??);
        }
        Ok(found)
    })
}

/// The summary of a log that the filter lets through.
fn one(
    log: &Log,
    root: &Path,
    args: &ListArgs,
    filter: &Filter,
    placeholders: &HashMap<String, Arc<Placeholders>>,
) -> Result<Option<Summary>, Error> {
    let mut summary = match log.summary(root, filter.all) {
        Ok(summary) => summary,
        // A log that vanished meanwhile is not listed; one that cannot be read is, with the reason.
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let mut summary = log.summarize("", root);
            summary.problem = Some(error.to_string());
            summary
        }
    };
    if !filter.fits(&summary) {
        return Ok(None);
    }
    if args.counts_tasks() {
        summary.open_tasks = log.read().ok().map(|text| log.open_tasks(&text, &placeholders[&log.profile.id]));
        if args.open_tasks && summary.open_tasks.unwrap_or(0) == 0 {
            return Ok(None);
        }
    }
    Ok(Some(summary))
}

struct Order {
    key: String,
    down: bool,
}

impl Order {
    fn parse(text: &str) -> Result<Order, Error> {
        let key = text.trim_end_matches(['-', '+']).to_string();
        let known = ["id", "created", "updated", "title", "status"];
        if !known.contains(&key.as_str()) {
            return Err(Error::Unknown { what: "order", given: text.to_string(), known: known.map(str::to_string).to_vec() });
        }
        let down = text.ends_with('-') || (!text.ends_with('+') && matches!(key.as_str(), "id" | "created" | "updated"));
        Ok(Order { key, down })
    }

    fn logs(&self, logs: &mut [Log]) {
        logs.sort_by_cached_key(Log::order);
        if self.down {
            logs.reverse();
        }
    }

    fn summaries(&self, found: &mut [Summary]) {
        match self.key.as_str() {
            "created" => found.sort_by_key(|s| s.created),
            "updated" => found.sort_by_key(|s| s.last_updated),
            "title" => found.sort_by_key(|s| s.title.to_lowercase()),
            "status" => found.sort_by_key(|s| (s.state.map(|s| s as u8), s.status.clone())),
            _ => return,
        }
        if self.down {
            found.reverse();
        }
    }
}

fn print(context: &Context, args: &ListArgs, journal: &Journal, found: &[Summary], notices: &[String]) -> anyhow::Result<()> {
    let end = if args.null { "\0" } else { "\n" };
    if context.ui.json || args.format == "json" {
        let logs: Vec<Value> = found.iter().map(|s| with_paths(journal, s)).collect();
        return context.ui.answer(json!({"logs": logs, "notices": notices}));
    }
    let mut out = String::new();
    for summary in found {
        match args.format.as_str() {
            "oneline" => out.push_str(&oneline(summary)),
            "short" => out.push_str(&short(summary)),
            "full" => out.push_str(&full(summary)),
            "path" => out.push_str(&journal.root.join(&summary.path).display().to_string()),
            "id" => out.push_str(&visible(&summary.id)),
            "jsonl" => out.push_str(&with_paths(journal, summary).to_string()),
            line => out.push_str(&custom(summary, line)?),
        }
        out.push_str(end);
    }
    if !out.is_empty() {
        context.ui.raw(out.as_bytes())?;
    }
    if args.format == "oneline" || args.format == "short" || args.format == "full" {
        context.ui.say(format_args!("{} {}", found.len(), if found.len() == 1 { "log" } else { "logs" }));
    }
    Ok(())
}

fn with_paths(journal: &Journal, summary: &Summary) -> Value {
    let mut value = serde_json::to_value(summary).unwrap_or_default();
    let full = std::path::absolute(journal.root.join(&summary.path)).unwrap_or_default().display().to_string();
    value["abs_path"] = full.clone().into();
    if summary.place != Place::Archived {
        let encoded: String = full
            .bytes()
            .map(|b| if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { (b as char).to_string() } else { format!("%{b:02X}") })
            .collect();
        value["uri"] = format!("obsidian://open?path={encoded}").into();
    }
    value
}

fn oneline(summary: &Summary) -> String {
    let updated = summary.last_updated.map(when::local).unwrap_or_default();
    let problem = summary.problem.as_ref().map(|p| format!("  ! {}", one_line(p, 60))).unwrap_or_default();
    format!("{:<20}  {:<17}  {updated:<16}  {}{problem}", visible(&summary.id), one_line(&summary.status, 17), one_line(&summary.title, 80))
}

fn short(summary: &Summary) -> String {
    let description = summary.description.as_ref().map(|d| format!("\n    {}", one_line(d, 90))).unwrap_or_default();
    format!("{}\n    {}{description}", oneline(summary), visible(&summary.path))
}

fn full(summary: &Summary) -> String {
    let mut out = short(summary);
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            out.push_str(&format!("\n    {name}: {}", one_line(&value, 90)));
        }
    };
    line("author", summary.author.clone().unwrap_or_default());
    line("model", summary.model.clone().unwrap_or_default());
    line("tags", summary.tags.join(", "));
    line("agents", summary.agents.join(", "));
    line("created", summary.created.map(when::local).unwrap_or_default());
    line("open tasks", summary.open_tasks.map(|n| n.to_string()).unwrap_or_default());
    out
}

/// A Handlebars line over the same names that JSON has.
fn custom(summary: &Summary, line: &str) -> anyhow::Result<String> {
    if !line.contains("{{") {
        let known = ["oneline", "short", "full", "path", "id", "json", "jsonl"].map(str::to_string).to_vec();
        return Err(Error::Unknown { what: "format", given: line.to_string(), known }.into());
    }
    let value = serde_json::to_value(summary)?;
    let text = |v: &Value| match v {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().filter_map(|i| i.as_str()).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    let fields: Vec<(String, String)> = value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), visible(&text(v)))).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let line = line.replace("\\t", "\t").replace("\\n", "\n");
    Ok(template::line(&line, &fields, Path::new("--format"))?)
}
