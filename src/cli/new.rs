//! `shiftlog new`: begin a log.

use clap::Args;
use serde_json::json;
use shiftlog::journal::edit::Editor;
use shiftlog::journal::lifecycle::NewLog;
use shiftlog::journal::store::Store;

use super::carry::{CarryArgs, Carrying};
use super::context::Context;
use super::ui::{Ended, unified_diff};

/// Begin a new log from the template
///
/// Next items that are still open in the log that was handed off before may be carried into it: on a terminal that is asked.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Title: what the session is about
    title: Vec<String>,
    #[command(flatten)]
    about: AboutArgs,
    #[command(flatten)]
    carry: CarryArgs,
    /// Profile, instead of the journal's default
    #[arg(long)]
    profile: Option<String>,
    /// Status, instead of open
    #[arg(long)]
    status: Option<String>,
    /// Value for the template (`{{extra.KEY}}`); one that it does not name becomes a property
    #[arg(long, value_name = "KEY=VALUE")]
    extra: Vec<String>,
    /// Print the absolute path of the new log on standard output, and nothing else
    #[arg(long)]
    print_path: bool,
    /// Open the new log in your editor
    #[arg(long)]
    edit: bool,
    /// Print the new log as a unified diff and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// What `new` and `session` may say of a log.
#[derive(Debug, Args)]
pub(crate) struct AboutArgs {
    /// What the session is about, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Who writes it
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,
    /// Model of the agent that writes it
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Tag; may be given several times
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
}

impl AboutArgs {
    /// The beginnings of a new log; the author may come from the person's settings.
    pub(crate) fn new_log(&self, context: &Context, title: Option<String>) -> anyhow::Result<NewLog> {
        let author = match &self.author {
            Some(author) => Some(author.clone()),
            None => context.settings()?.author,
        };
        Ok(NewLog {
            title,
            author,
            description: self.description.clone(),
            model: self.model.clone(),
            tags: self.tag.clone(),
            ..NewLog::default()
        })
    }
}

pub(crate) fn run(context: &Context, args: &NewArgs) -> anyhow::Result<Ended> {
    let title = args.title.join(" ");
    let mut new = args.about.new_log(context, (!title.trim().is_empty()).then_some(title))?;
    new.profile.clone_from(&args.profile);
    new.status.clone_from(&args.status);
    for pair in &args.extra {
        let (key, value) = super::write::pair(pair, "KEY=VALUE", "--extra KEY=VALUE")?;
        new.extra.push((key.to_string(), value.to_string()));
    }
    let journal = context.journal()?;
    let profile = new.profile.as_deref().map_or_else(|| Ok(journal.default_profile()), |name| journal.profile(name))?;
    let mut carrying = Carrying::ask(context, &journal, &args.carry, journal.handed_off(&profile)?)?;
    let store = Store::new(&journal.root, context.now);
    let lock = if args.dry_run { None } else { Some(store.lock()?) };
    let made = journal.create(&new, context.now, lock.as_ref().map(|l| (&store, l)), &mut |log, text| {
        let placeholders = journal.placeholders(&log.profile)?;
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: context.now };
        carrying.fill(&journal, &editor, &text)
    })?;
    drop(lock);
    let path = journal.relative(&made.log.path).display().to_string();
    let mut notices = made.notices;
    notices.extend(carrying.notices.clone());
    notices.extend(super::recorded::warn("", &made.text));
    notices.extend(store.notices());
    notices.extend(journal.notices());
    let notices = context.notices(notices);
    let answer = json!({
        "action": "new", "session": made.log.id, "path": path, "profile": made.log.profile.id, "changed": true,
        "carried": carrying.answer(), "notices": notices,
    });
    if args.dry_run {
        return dry(context, &path, &made.text, answer);
    }
    context.register(&journal.root);
    super::recorded::claim(context, &journal, &made.log);
    let full = std::path::absolute(&made.log.path).unwrap_or_else(|_| made.log.path.clone());
    if context.ui.json {
        context.ui.answer(answer)?;
    } else if args.print_path {
        context.ui.data(full.display())?;
    } else {
        carrying.say(context);
        context.ui.say(format_args!("created {}  {path}", made.log.id));
    }
    if args.edit {
        super::open::edit(context, &made.log.path)?;
    }
    Ok(Ended::Done)
}

fn dry(context: &Context, path: &str, text: &str, mut answer: serde_json::Value) -> anyhow::Result<Ended> {
    let diff = unified_diff(path, None, text);
    if context.ui.json {
        answer["diff"] = diff.into();
        context.ui.answer(answer)?;
    } else {
        context.ui.raw(diff.as_bytes())?;
    }
    Ok(Ended::Done)
}
