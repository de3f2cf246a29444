//! `shiftlog capture`: what a conversation shows, into its log.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};
use shiftlog::agents;
use shiftlog::capture::digest::{Digest, Said};
use shiftlog::capture::entries::{self, About, Wanted};
use shiftlog::capture::{digest_of_log, digest_with_subagents, write};
use shiftlog::journal::document::Document;
use shiftlog::journal::edit::Editor;
use shiftlog::journal::frontmatter::{Properties, is_placeholder};
use shiftlog::journal::lifecycle::{NewLog, topic_of};
use shiftlog::journal::store::{Lock, Store};
use shiftlog::journal::{self, Journal, Log, Place};
use shiftlog::record::captured::Row;
use shiftlog::record::conversation::{Conversation, Filter};
use shiftlog::record::track::HOLDS;
use shiftlog::record::{self, Record};

use super::context::Context;
use super::recorded;
use super::settings::SummarizeSettings;
use super::summarize;
use super::ui::{Ended, unified_diff};

/// New entries that a hook writes at most: its time is short.
const NEW: usize = 60;

/// Open logs that a conversation may go on with.
const LOGS: usize = 20;

/// Write what a conversation shows into its log
///
/// Requests and outcomes, decisions with their reasons, files, commands, errors and what made them pass, open to-dos, sources:
/// in the words of the conversation. What capture wrote is brought up to date, unless somebody changed or removed it. A program
/// that your own config.toml names as `summarize.command` is asked instead; if it fails, the conversation's words are taken.
#[derive(Debug, Args)]
pub(crate) struct CaptureArgs {
    /// Conversations by id, or by the id that the agent gave them [default: the latest]
    #[arg(value_name = "CONVERSATION")]
    conversations: Vec<String>,
    /// The conversation that was active last
    #[arg(long, conflicts_with = "conversations")]
    latest: bool,
    /// Print the change as a unified diff and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// What became of a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    /// The log's id.
    pub(crate) log: String,
    /// Its path below the journal.
    pub(crate) path: String,
    /// It is new.
    pub(crate) created: bool,
    /// Its text is another one.
    pub(crate) changed: bool,
    diff: String,
}

pub(crate) fn run(context: &Context, args: &CaptureArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let name = args.conversations.first().map_or("the latest one", String::as_str);
    let record = recorded::find(context, &journal)?.ok_or_else(|| recorded::none(name))?;
    let conversations = match args.conversations.as_slice() {
        [] => vec![latest(&record)?],
        names => names.iter().map(|name| named(&record, name)).collect::<Result<_, _>>()?,
    };
    let mut answers = Vec::new();
    for conversation in &conversations {
        let written = capture(context, &journal, &record, (conversation, args.dry_run), Some(&context.settings()?.summarize))?;
        // Why nothing was written into a log that there is, or was, has been said.
        let silent = written.is_none() && root(&record, conversation)?.log.is_some();
        answers.push(answer(context, &conversation.id, (written.as_ref(), silent), args.dry_run)?);
    }
    if context.ui.json {
        context.ui.answer(json!({"action": "capture", "dry_run": args.dry_run, "conversations": answers}))?;
    }
    Ok(Ended::Done)
}

fn answer(context: &Context, conversation: &str, (written, silent): (Option<&Written>, bool), dry_run: bool) -> anyhow::Result<Value> {
    let Some(written) = written else {
        if !silent {
            context.ui.say(format_args!("{conversation}: nothing happened that is worth a log"));
        }
        return Ok(json!({"conversation": conversation, "session": null, "changed": false}));
    };
    let action = match (written.created, written.changed) {
        (true, _) => "created",
        (false, true) => "updated",
        (false, false) => "unchanged",
    };
    if dry_run && !context.ui.json {
        context.ui.raw(written.diff.as_bytes())?;
    } else {
        context.ui.say(format_args!("{action} {}  {}", written.log, written.path));
    }
    Ok(json!({
        "conversation": conversation, "session": written.log, "path": written.path, "result": action,
        "changed": written.changed || written.created, "diff": dry_run.then_some(&written.diff),
    }))
}

/// The one that was active last, of those that are no subagent's.
fn latest(record: &Record) -> anyhow::Result<Conversation> {
    let all = record.conversations(&Filter { limit: Some(100), ..Filter::default() })?;
    let newest = all.into_iter().filter(|c| c.parent.is_none() && c.turns > 0).max_by_key(|c| c.last_turn_at);
    Ok(newest.ok_or_else(|| recorded::none("the latest one"))?)
}

/// By its own id, or by the one that its agent gave it.
fn named(record: &Record, name: &str) -> record::Result<Conversation> {
    let of_agent = agents::AGENTS.iter().find_map(|agent| record.of_agent(agent.name(), name).ok().flatten());
    of_agent.map_or_else(|| record.resolve(name), Ok)
}

/// Brings the log of a conversation up to date; a subagent's is its parent's. Nothing where nothing happened that is worth one.
pub(crate) fn bring_up(context: &Context, journal: &Journal, record: &Record, conversation: &str) -> anyhow::Result<Option<Written>> {
    let Some(conversation) = record.find_conversation(conversation)? else { return Ok(None) };
    capture(context, journal, record, (&conversation, false), None)
}

fn capture(
    context: &Context,
    journal: &Journal,
    record: &Record,
    (conversation, dry_run): (&Conversation, bool),
    summarize: Option<&SummarizeSettings>,
) -> anyhow::Result<Option<Written>> {
    let root = root(record, conversation)?;
    // A conversation with a log is digested once, with all others of that log.
    let asked_for = summarize.filter(|settings| settings.command.is_some());
    let mut document = None;
    if root.log.is_none() || asked_for.is_some() {
        let (digest, _) = digest_with_subagents(record, &root)?;
        if root.log.is_none() && !digest.substantive {
            return Ok(None);
        }
        document = asked_for.and_then(|settings| asked(context, settings, &root, &digest));
    }
    let store = Store::new(&journal.root, context.now);
    let lock = if dry_run { None } else { Some(store.lock()?) };
    let write = lock.as_ref().map(|lock| (&store, lock));
    // Another process may have given it a log while this one waited.
    let conversation = record.conversation(&root.id)?;
    let most = if summarize.is_some() { usize::MAX } else { NEW };
    let capture = Capture { context, journal, record, conversation: &conversation, write, document, most };
    let written = match capture.log() {
        Ok(Some(log)) => capture.update(&log)?,
        Ok(None) => Some(capture.create()?),
        // Whoever finished or removed it wants it gone.
        Err(error) if is_gone(&error) => {
            context.notices(vec![format!(
                "{error}: it was finished or removed, and is not written again; `shiftlog restore` brings back what is in the trash"
            )]);
            None
        }
        Err(error) => return Err(error),
    };
    drop(lock);
    context.notices(store.notices());
    Ok(written)
}

fn is_gone(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(journal::Error::LogNotFound { .. }))
}

/// What the program says that the person's settings name; that it cannot is said, and no reason to stop.
fn asked(context: &Context, settings: &SummarizeSettings, conversation: &Conversation, digest: &Digest) -> Option<Document> {
    let about = About { cwd: conversation.cwd.clone(), branch: conversation.branch.clone(), related: Vec::new() };
    summarize::ask(settings, digest, &about).unwrap_or_else(|error| {
        context.notices(vec![format!("summarize.command was of no use, so the conversation's own words are taken: {error:#}")]);
        None
    })
}

/// The conversation that began those of its subagents.
fn root(record: &Record, conversation: &Conversation) -> record::Result<Conversation> {
    let mut root = conversation.clone();
    let mut met = HashSet::new();
    while let Some(parent) = root.parent.clone().filter(|_| met.insert(root.id.clone())) {
        match record.find_conversation(&parent)? {
            Some(parent) => root = parent,
            None => break,
        }
    }
    Ok(root)
}

/// Capturing one conversation.
struct Capture<'c> {
    context: &'c Context,
    journal: &'c Journal,
    record: &'c Record,
    conversation: &'c Conversation,
    write: Option<(&'c Store, &'c Lock)>,
    /// What another program says of it.
    document: Option<Document>,
    /// New entries that are written at most; those that are left come the next time.
    most: usize,
}

impl Capture<'_> {
    /// The log that it belongs to, or may go on with; nothing where it begins one.
    fn log(&self) -> anyhow::Result<Option<Log>> {
        let Conversation { agent, native_id, log, .. } = self.conversation;
        let named = match (log, agent, native_id) {
            (Some(log), ..) => Some(log.clone()),
            (None, Some(agent), Some(native)) => self.record.named_log(agent, native)?,
            _ => None,
        };
        let name = match named {
            Some(name) => Some(name),
            None => self.free()?,
        };
        let Some(name) = name else { return Ok(None) };
        let log = self.journal.latest_part(self.context.resolve(self.journal, &name)?)?;
        if self.write.is_some() && self.conversation.log.is_none() {
            self.record.bind(&self.conversation.id, &log.id)?;
        }
        Ok(Some(log))
    }

    /// The newest open log that no other conversation holds, for one that goes on; a fork gets a log of its own.
    fn free(&self) -> anyhow::Result<Option<String>> {
        let last = self.conversation.last_turn_at.unwrap_or(self.conversation.created_at);
        if self.conversation.origin.is_some() || self.context.now - last > HOLDS {
            return Ok(None);
        }
        let open = self.journal.open_logs(LOGS)?.into_iter().map(|log| log.id).collect::<Vec<_>>();
        Ok(self.record.free_log(&open, self.context.now)?)
    }

    fn update(&self, log: &Log) -> anyhow::Result<Option<Written>> {
        if log.writable().is_err() {
            self.context.notices(vec![format!("{} lies in a zip and was left as it is", log.id)]);
            return Ok(None);
        }
        let rows = self.record.captured(&log.id)?;
        let (digest, fresh) = digest_of_log(self.record, Some(self.conversation), &log.id)?;
        let mut wanted = self.wanted(&digest, log);
        let known: HashSet<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let mut new = 0;
        wanted.retain(|wanted| {
            let is_known = known.contains(wanted.key.as_str());
            new += usize::from(!is_known);
            is_known || new <= self.most
        });
        let (mut failed, mut gone, mut noted, mut completed) = (None, Vec::new(), false, Vec::new());
        let written = self.journal.change(log, self.context.now, self.write, &mut |editor, text| {
            let about = self.properties(editor, text, &log.id, &digest)?;
            let brought = write::bring(editor, &about, &rows, &wanted, &fresh)?;
            noted = brought.rows != rows || !brought.gone.is_empty();
            if let Err(error) = self.intend(&log.id, &rows, &brought.rows) {
                failed = Some(error);
                return Ok(None);
            }
            gone = brought.gone;
            completed = brought.completed;
            Ok((brought.text != text).then_some((brought.text, true)))
        })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        if self.write.is_some() && noted {
            self.record.written(&log.id, &gone)?;
        }
        let done: Vec<&str> = completed.iter().map(String::as_str).collect();
        let elsewhere = self.journal.complete_elsewhere((log, &written.after), &done, self.context.now, self.write)?;
        self.context.notices(elsewhere.notices);
        let path = self.journal.relative(&log.path).display().to_string();
        let diff = if written.changed { unified_diff(&path, Some(&written.before), &written.after) } else { String::new() };
        Ok(Some(Written { log: log.id.clone(), path, created: false, changed: written.changed, diff }))
    }

    fn create(&self) -> anyhow::Result<Written> {
        let (digest, fresh) = digest_with_subagents(self.record, self.conversation)?;
        let agent = self.conversation.agent.as_deref().and_then(agents::named);
        let new = NewLog {
            title: self.said("title").or_else(|| entries::title(&digest, self.conversation.title.as_deref())),
            description: self.said("description").or_else(|| entries::description(&digest)),
            author: agent.map(|agent| agent.title().to_string()),
            model: self.conversation.model.clone(),
            ..NewLog::default()
        };
        let began: DateTime<Utc> = self.conversation.created_at;
        let mut failed = None;
        let made = self.journal.create(&new, began, self.write, &mut |log, text| {
            let placeholders = self.journal.placeholders(&log.profile)?;
            let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: self.context.now };
            let mut wanted = self.wanted(&digest, log);
            wanted.truncate(self.most);
            let text = self.properties(&editor, &text, &log.id, &digest)?;
            let brought = write::bring(&editor, &text, &[], &wanted, &fresh)?;
            failed = self.intend(&log.id, &[], &brought.rows).err();
            editor.stamp(&brought.text)
        })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        if self.write.is_some() {
            self.record.bind(&self.conversation.id, &made.log.id)?;
            self.record.written(&made.log.id, &[])?;
            self.context.register(&self.journal.root);
        }
        let path = self.journal.relative(&made.log.path).display().to_string();
        let diff = unified_diff(&path, None, &made.text);
        Ok(Written { log: made.log.id, path, created: true, changed: true, diff })
    }

    /// A property that the other program's document gives.
    fn said(&self, name: &str) -> Option<String> {
        let properties = self.document.iter().flat_map(|document| &document.properties);
        properties.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone())
    }

    fn intend(&self, log: &str, before: &[Row], after: &[Row]) -> record::Result<()> {
        match self.write {
            Some(_) if before != after => self.record.intend(log, &self.conversation.id, (before, after)),
            _ => Ok(()),
        }
    }

    fn wanted(&self, digest: &Digest, log: &Log) -> Vec<Wanted> {
        if let Some(document) = &self.document {
            return entries::of_document(document, digest, &log.profile);
        }
        let Conversation { cwd, branch, .. } = self.conversation;
        let about = About { cwd: cwd.clone(), branch: branch.clone(), related: self.related(digest, log) };
        entries::entries(digest, &about, &log.profile)
    }

    /// The log of the conversation that this one was forked from, and those that were mentioned.
    fn related(&self, digest: &Digest, log: &Log) -> Vec<(Said, String)> {
        let mut related = Vec::new();
        let origin = self.conversation.origin.as_deref().and_then(|origin| self.record.find_conversation(origin).ok().flatten());
        if let Some(other) = origin.and_then(|origin| origin.log).filter(|other| *other != log.id) {
            let turn = digest.request.as_ref().map(|said| said.turn.clone()).unwrap_or_default();
            related.push((Said { text: other, turn, time: self.conversation.created_at }, "forked from it".to_string()));
        }
        let logs = if digest.mentions.is_empty() { Vec::new() } else { self.journal.logs(Place::Archived).unwrap_or_default() };
        let ids: HashSet<&str> = logs.iter().map(|other| other.id.as_str()).filter(|id| *id != log.id).collect();
        for said in digest.mentions.iter().filter(|said| ids.contains(said.text.as_str())) {
            if !related.iter().any(|(other, _)| other.text == said.text) {
                related.push((said.clone(), String::new()));
            }
        }
        related
    }

    /// What nobody has said yet of the log in its frontmatter.
    fn properties(&self, editor: &Editor<'_>, text: &str, id: &str, digest: &Digest) -> journal::Result<String> {
        let properties = Properties::read(text, editor.path)?;
        let keys = &editor.profile.keys;
        let unsaid = |paths: &[String]| properties.text(paths).is_some_and(|value| value.trim().is_empty() || is_placeholder(&value));
        let mut document = Document::default();
        let untitled = properties.text(&keys.title).is_some_and(|title| topic_of(editor.profile, id, &title) == editor.profile.topic);
        let title = || self.said("title").or_else(|| entries::title(digest, self.conversation.title.as_deref()));
        if let Some(title) = Some(untitled).filter(|untitled| *untitled).and_then(|_| title()) {
            document.properties.push(("title", title));
        }
        if let Some(description) = self.said("description").or_else(|| entries::description(digest)).filter(|_| unsaid(&keys.description)) {
            document.properties.push(("description", description));
        }
        if let Some(model) = self.conversation.model.clone().filter(|_| unsaid(&keys.model)) {
            document.properties.push(("model", model));
        }
        if let Some(task) = title().filter(|_| unsaid(&keys.current_task)) {
            document.properties.push(("current_task", task));
        }
        Ok(editor.apply(text, id, &document)?.text)
    }
}
