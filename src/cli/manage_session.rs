//! `shiftlog manage-session`: a conversation's life, for programs.

use clap::Args;
use serde_json::json;
use shiftlog::journal::{Error, Journal};
use shiftlog::record::conversation::{Conversation, NewConversation};
use shiftlog::record::status::Action;
use shiftlog::record::{self, Record};

use super::context::Context;
use super::recorded;
use super::ui::Ended;

/// Create, pause, resume or close a conversation
///
/// For programs: the answer is one JSON object, errors too. Closing writes a summary, into its log as well where it has one.
#[derive(Debug, Args)]
pub(crate) struct ManageSessionArgs {
    /// What to do: create, close, pause or resume
    #[arg(long)]
    action: String,
    /// Id of the conversation; for `create` its id to be
    #[arg(long, value_name = "ID")]
    session_id: Option<String>,
    #[command(flatten)]
    who: WhoArgs,
    /// Answer with one line for people
    #[arg(long, conflicts_with = "json")]
    text: bool,
}

/// What a new conversation is made with.
#[derive(Debug, Args)]
pub(crate) struct WhoArgs {
    /// Whose conversation it is, if it is new
    #[arg(long, value_name = "USER", default_value = "local")]
    user_id: String,
    /// Where it takes place, if it is new
    #[arg(long, value_name = "CHANNEL", default_value = "cli")]
    channel_id: String,
    /// Model that answers
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Log that it belongs to [default: $SHIFTLOG_SESSION]
    #[arg(short, long, value_name = "LOG")]
    session: Option<String>,
}

impl WhoArgs {
    /// The conversation that is made if there is none.
    pub(crate) fn conversation(&self, context: &Context, journal: &Journal, id: Option<&str>) -> anyhow::Result<NewConversation> {
        Ok(NewConversation {
            id: id.map(str::to_string),
            user: self.user_id.clone(),
            channel: self.channel_id.clone(),
            model: self.model.clone(),
            project: recorded::project(journal, &context.cwd),
            cwd: Some(context.cwd.to_string_lossy().into_owned()),
            title: None,
            log: context.bound(journal, self.session.as_deref())?.map(|log| log.id),
        })
    }
}

pub(crate) fn run(context: &Context, args: &ManageSessionArgs) -> anyhow::Result<Ended> {
    let action = Action::ALL.into_iter().find(|(name, _)| *name == args.action).map(|(_, action)| action);
    if action.is_none() && args.action != "create" {
        let known = ["create", "close", "pause", "resume"].map(str::to_string).to_vec();
        return Err(Error::Unknown { what: "action", given: args.action.clone(), known }.into());
    }
    let journal = context.journal()?;
    let Some(action) = action else { return create(context, &journal, args) };
    let id = args.session_id.as_deref().ok_or_else(|| {
        Error::refused("usage", format!("`--action {}` needs --session-id", args.action), "`shiftlog conversation list` shows the ids")
    })?;
    let record = recorded::find(context, &journal)?.ok_or_else(|| recorded::none(id))?;
    let conversation = record.act(id, action, context.now)?;
    let notices = recorded::settle(context, &journal, &record)?;
    let message = match action {
        Action::Close => "Session closed",
        Action::Pause => "Session paused",
        Action::Resume => "Session resumed and ready for use",
    };
    answer(context, args, &conversation, message, notices)
}

fn create(context: &Context, journal: &Journal, args: &ManageSessionArgs) -> anyhow::Result<Ended> {
    let new = args.who.conversation(context, journal, args.session_id.as_deref())?;
    recorded::allowed(context, journal)?;
    let record: Record = recorded::open(context, journal)?;
    let conversation = record.create(&new, context.now)?;
    let mut message = "Session created and ready for use".to_string();
    if let Some(given) = args.session_id.as_deref().filter(|id| *id != conversation.id) {
        message.push_str(&format!("; `{given}` is not of the form SESS-YYYYMMDD-HHMM-xxxxxx and is kept as its native id"));
    }
    let notices = recorded::settle(context, journal, &record)?;
    answer(context, args, &conversation, &message, notices)
}

fn answer(context: &Context, args: &ManageSessionArgs, c: &Conversation, message: &str, notices: Vec<String>) -> anyhow::Result<Ended> {
    if args.text {
        context.notices(notices);
        context.ui.data(format_args!("{}  {message}", c.id))?;
        return Ok(Ended::Done);
    }
    let mut answer = json!({
        "action": args.action, "session_id": c.id, "user_id": c.user_id, "status": c.status, "created_at": recorded::stamp(c.created_at),
        "message": message, "channel_id": c.channel_id, "model": c.model, "log": c.log, "messages_in_session": c.turns,
        "notices": notices,
    });
    if let (Some(summary), "close") = (&c.summary, args.action.as_str()) {
        answer["summary"] = serde_json::to_value(summary)?;
    }
    context.ui.answer(answer)?;
    Ok(Ended::Done)
}

/// Whether a command answers programs: in JSON, unless `--text` asks for a line for people.
pub(crate) fn is_for_programs(args: &[String]) -> bool {
    let mut words = args.iter().map(String::as_str);
    let mut command = None;
    while let Some(word) = words.next() {
        match word {
            "--journal" => drop(words.next()),
            word if word.starts_with('-') => {}
            word => {
                command = Some(word);
                break;
            }
        }
    }
    let words: Vec<&str> = words.collect();
    // `--text` may be what somebody said.
    let said = |at: usize| at > 0 && matches!(words[at - 1], "--user-input" | "--agent-response");
    let text = words.iter().enumerate().any(|(at, word)| *word == "--text" && !said(at));
    matches!(command, Some("manage-session" | "track-conversation")) && !text
}

/// What a conversation that does not exist says, for commands that look before they write.
pub(crate) fn known(record: &Record, id: &str) -> record::Result<Option<Conversation>> {
    match record.conversation(id) {
        Ok(found) => Ok(Some(found)),
        Err(record::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
