//! `shiftlog add`: one entry into the newest log.

use clap::Args;
use shiftlog::journal::Error;
use shiftlog::journal::entry::NewEntry;

use super::context::Context;
use super::ui::Ended;
use super::write::{self, WriteArgs};

/// Add an entry to a log
///
/// Kinds of profile resonance7: summary, decision, deliverable, highlight, problem, next, context, source, related, note.
/// Profile agents also has criterion, blocker, file, command, task, wave, agent, log, state. An entry that is
/// there already, or differs only in case, punctuation or a slip of the pen, is not added again.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Kind of entry
    #[arg(value_name = "KIND")]
    entry: String,
    /// Text of the entry (for `context`: KEY and text); `-` reads it from standard input
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// Reason of a decision, or of a relation
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// File or feature of a deliverable
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// Metric of a deliverable
    #[arg(long, value_name = "TEXT")]
    metric: Option<String>,
    /// State of a deliverable (done, partial, metric) or of a spawned agent
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// What went wrong, of a problem
    #[arg(long, value_name = "TEXT")]
    issue: Option<String>,
    /// Root cause of a problem
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// Solution or work-around of a problem
    #[arg(long, value_name = "TEXT")]
    fix: Option<String>,
    /// Lesson of a problem
    #[arg(long, value_name = "TEXT")]
    lesson: Option<String>,
    /// Priority of a next item: high, medium or low
    #[arg(long, value_name = "LEVEL")]
    priority: Option<String>,
    /// Relevance of a source, or what to do with a file
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Kind of a note: feedback, process or ready
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Wave of a task: number or name
    #[arg(long, value_name = "WAVE")]
    wave: Option<String>,
    /// Issue key of a task, or key of a context entry
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// What a spawned agent is to do
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// Who wrote a session log entry
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Any other field of a kind that the journal's own profile defines
    #[arg(long, value_name = "NAME=VALUE")]
    field: Vec<String>,
    #[command(flatten)]
    write: WriteArgs,
}

impl AddArgs {
    fn entry(&self) -> anyhow::Result<NewEntry> {
        let mut words = self.text.clone();
        let mut key = self.key.clone();
        let known = ["state", "environment", "preferences", "questions"];
        if self.entry == "context" && key.is_none() && words.len() > 1 && known.contains(&words[0].as_str()) {
            key = Some(words.remove(0));
        }
        let mut entry = NewEntry::new(&self.entry, &write::text_of(&words)?);
        let fields = [
            ("why", &self.why),
            ("file", &self.file),
            ("metric", &self.metric),
            ("state", &self.state),
            ("issue", &self.issue),
            ("cause", &self.cause),
            ("fix", &self.fix),
            ("lesson", &self.lesson),
            ("priority", &self.priority),
            ("note", &self.note),
            ("kind", &self.kind),
            ("wave", &self.wave),
            ("key", &key),
            ("task", &self.task),
            ("who", &self.who),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                entry = entry.with(name, value);
            }
        }
        for field in &self.field {
            let (name, value) = write::pair(field, "NAME=VALUE", "--field NAME=VALUE")?;
            entry = entry.with(name, value);
        }
        Ok(entry)
    }
}

pub(crate) fn run(context: &Context, args: &AddArgs) -> anyhow::Result<Ended> {
    let mut entry = args.entry()?;
    let journal = context.journal()?;
    let log = context.log(&journal, args.write.session.as_deref())?;
    let mut broken = None;
    if entry.kind == "related" {
        (entry.text, broken) = linked(context, &journal, &entry.text);
        if entry.text == log.id {
            return Err(Error::refused("self-link", format!("{} is not related to itself", log.id), "").into());
        }
    }
    let mut change =
        write::change_log(context, &journal, log, args.write.dry_run, &mut |editor, text| editor.add(text, &entry).map(write::single))?;
    change.notices.extend(broken);
    write::report(context, &journal, "add", args.write.dry_run, &change)
}

/// The full id of a related log; one that does not exist is linked all the same, and said.
pub(crate) fn linked(context: &Context, journal: &shiftlog::journal::Journal, name: &str) -> (String, Option<String>) {
    let bare = name.trim().trim_start_matches("[[").trim_end_matches("]]");
    match journal.resolve(bare, &context.cwd) {
        Ok(log) => (log.id, None),
        Err(_) => (bare.to_string(), Some(format!("there is no log `{bare}` in this journal yet; the link leads nowhere"))),
    }
}
