//! `shiftlog related`: sessions that share something with one, why, and links between them.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value as Json, json};
use shiftlog::index::related::{Origin, Related};
use shiftlog::index::{Coverage, Index, Mode, Sources};
use shiftlog::journal::entry::NewEntry;
use shiftlog::journal::{Error, Log, Place};
use shiftlog::record::Record;
use shiftlog::record::conversation::Conversation;

use super::context::Context;
use super::searched::Searched;
use super::ui::{Ended, bold, faint, number, one_line, unified_diff, visible};
use super::write;

/// List the sessions that are related to one, each with the reason
///
/// Links and parts, files, errors, issues, addresses and tags that both have, and the words that tell most of them count; what is
/// rare counts more. Conversations without a log are sessions, too. Exit code 1 when nothing is related.
#[derive(Debug, Args)]
pub(crate) struct RelatedArgs {
    /// Log: id, unique prefix, path, or `@` for the newest; or a conversation [default: $SHIFTLOG_SESSION, else @]
    session: Option<String>,
    /// At most so many sessions
    #[arg(long, value_name = "N", default_value_t = 5)]
    limit: usize,
    /// Write links into the Related Sessions of both logs, where there is more than a likeness
    #[arg(long)]
    write: bool,
    /// With --write: print the changes as unified diffs and write nothing
    #[arg(short = 'n', long, requires = "write")]
    dry_run: bool,
    /// Answer from the index as it is, without bringing it up to date
    #[arg(long)]
    no_update: bool,
}

/// The sessions that are related to a log, as far as an index has it: id and the first reason.
pub(crate) fn relatives(index: &Index, sources: &Sources<'_>, log: &Log, limit: usize) -> shiftlog::index::Result<Vec<(String, String)>> {
    let related = index.related(sources, Origin::Log(log), limit)?;
    Ok(related.into_iter().filter_map(|other| Some((other.session, other.reasons.into_iter().next()?.text))).collect())
}

/// What is asked about.
enum Asked {
    Log(Log),
    Conversation(Box<Conversation>),
}

impl Asked {
    fn id(&self) -> &str {
        match self {
            Asked::Log(log) => &log.id,
            Asked::Conversation(conversation) => &conversation.id,
        }
    }
}

pub(crate) fn run(context: &Context, args: &RelatedArgs) -> anyhow::Result<Ended> {
    let searched = Searched::open(context, context.journal()?)?;
    let asked = asked(context, args, &searched)?;
    let index = searched.index(context, if args.no_update { Mode::Leave } else { Mode::Update })?;
    let origin = match &asked {
        Asked::Log(log) => Origin::Log(log),
        Asked::Conversation(conversation) => Origin::Conversation(conversation),
    };
    let snapshot = searched.record.as_ref().map(Record::snapshot).transpose()?;
    let related = index.related(&searched.sources(context), origin, args.limit)?;
    drop(snapshot);
    let mut written = Written::default();
    if args.write {
        match &asked {
            Asked::Log(log) => written.all(context, &searched, log, &related, args.dry_run)?,
            Asked::Conversation(c) => written.notices.push(format!("{} has no log; nothing is written", c.id)),
        }
    }
    answer(context, args, &asked, &related, (index.coverage(), &written))?;
    Ok(if related.is_empty() { Ended::Nothing } else { Ended::Done })
}

/// The log or conversation that is meant.
fn asked(context: &Context, args: &RelatedArgs, searched: &Searched) -> anyhow::Result<Asked> {
    let error = match context.log(&searched.journal, args.session.as_deref()) {
        Ok(log) => return Ok(Asked::Log(log)),
        Err(error) => error,
    };
    let (Some(name), Some(record)) = (args.session.as_deref().filter(|name| *name != "@"), &searched.record) else { return Err(error) };
    let missing = matches!(error.downcast_ref::<Error>(), Some(Error::LogNotFound { .. } | Error::NotALog { .. }));
    let Some(conversation) = record.resolve(name).ok().filter(|_| missing) else { return Err(error) };
    match &conversation.log {
        Some(log) => match searched.journal.resolve(log, &searched.journal.root) {
            Ok(log) => Ok(Asked::Log(log)),
            Err(_) => Ok(Asked::Conversation(Box::new(conversation))),
        },
        None => Ok(Asked::Conversation(Box::new(conversation))),
    }
}

/// What writing links came to.
#[derive(Default)]
struct Written {
    /// The log, its path, the other session, whether that is new.
    links: Vec<(String, String, String, bool)>,
    /// With a dry run, the diff of each log by its path.
    diffs: Vec<(String, String)>,
    notices: Vec<String>,
}

impl Written {
    fn all(&mut self, context: &Context, searched: &Searched, log: &Log, related: &[Related], dry_run: bool) -> anyhow::Result<()> {
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for other in related {
            let Some(reason) = other.reasons.iter().find(|r| r.telling) else { continue };
            if other.path.is_none() {
                self.notices.push(format!("{} has no log; no link is written", other.session));
                continue;
            }
            here.push((other.session.as_str(), reason.here.as_str()));
            there.push((searched.journal.resolve(&other.session, &searched.journal.root)?, (log.id.as_str(), reason.there.as_str())));
        }
        self.link(context, searched, log, &here, dry_run)?;
        for (other, link) in &there {
            self.link(context, searched, other, &[*link], dry_run)?;
        }
        Ok(())
    }

    /// Puts links into a log, unless it lists those sessions already; links never stamp.
    fn link(&mut self, context: &Context, searched: &Searched, log: &Log, links: &[(&str, &str)], dry_run: bool) -> anyhow::Result<()> {
        if links.is_empty() {
            return Ok(());
        }
        let path = searched.journal.shown(log);
        if log.place == Place::Archived {
            self.notices.push(format!("{path} is archived and stays as it is; to write to it: shiftlog restore {}", log.id));
            return Ok(());
        }
        let change = write::change_log(context, &searched.journal, log.clone(), dry_run, &mut |editor, text| {
            let (mut now, mut outcomes) = (None, Vec::new());
            for (to, why) in links {
                let added = editor.add(now.as_deref().unwrap_or(text), &NewEntry::new("related", to).with("why", why))?;
                now = added.text.or(now);
                outcomes.push(added.outcome);
            }
            Ok((now, outcomes, false))
        })?;
        for ((to, _), outcome) in links.iter().zip(&change.outcomes) {
            self.links.push((log.id.clone(), path.clone(), (*to).to_string(), outcome.action != "unchanged"));
        }
        if dry_run {
            self.diffs.push((path.clone(), unified_diff(&path, Some(&change.written.before), &change.written.after)));
        }
        self.notices.extend(change.notices);
        Ok(())
    }
}

fn answer(
    context: &Context,
    args: &RelatedArgs,
    asked: &Asked,
    related: &[Related],
    (coverage, written): (Coverage, &Written),
) -> anyhow::Result<()> {
    let notices = context.notices(written.notices.clone());
    if context.ui.json {
        let mut answer = json!({"session": asked.id(), "related": related, "coverage": coverage});
        if args.write {
            let links =
                written.links.iter().map(|(session, path, to, new)| json!({"session": session, "path": path, "to": to, "new": new}));
            answer["links"] = links.collect::<Json>();
            if args.dry_run {
                answer["diffs"] = written.diffs.iter().map(|(path, diff)| json!({"path": path, "diff": diff})).collect::<Json>();
            }
            answer["notices"] = notices.into();
        }
        return context.ui.answer(answer);
    }
    if args.dry_run {
        let diffs: String = written.diffs.iter().map(|(_, diff)| diff.as_str()).collect();
        return context.ui.raw(diffs.as_bytes());
    }
    if related.is_empty() {
        let (logs, turns) = (number(coverage.logs, "log"), number(coverage.turns, "turn"));
        context.ui.say(format_args!("nothing related to {} in {logs} and {turns}", asked.id()));
    }
    let mut out = String::new();
    let columns = context.ui.columns().unwrap_or(100).clamp(40, 160);
    for other in related {
        let title = one_line(&other.title, columns.saturating_sub(40).max(30));
        // A title that begins with the id says it already.
        let head = if title.contains(&other.session) { bold(&title) } else { format!("{}  {title}", bold(&other.session)) };
        let about: Vec<String> =
            [visible(&other.status), other.date.chars().take(10).collect()].into_iter().filter(|a| !a.is_empty()).collect();
        let _ = writeln!(out, "{head}  {}", faint(&about.join(" · ")));
        for reason in &other.reasons {
            let _ = writeln!(out, "  {}", one_line(&reason.text, columns.saturating_sub(2)));
        }
    }
    if !related.is_empty() {
        context.ui.paged(out.trim_end())?;
    }
    for (session, path, to, changed) in &written.links {
        let done = if *changed { "linked" } else { "already there:" };
        context.ui.say(format_args!("{done} {session} to {to}  {path}"));
    }
    Ok(())
}
