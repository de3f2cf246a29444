//! `shiftlog track-conversation`: one turn of a conversation, for programs.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use shiftlog::journal::{Error, Journal};
use shiftlog::record::privacy::Privacy;
use shiftlog::record::track::{NewTurn, Tracked};
use shiftlog::record::{self, Record, spool};

use super::context::Context;
use super::manage_session::{WhoArgs, known};
use super::recorded;
use super::ui::Ended;

/// Open logs that a conversation may take, if those before are held by others.
const LOGS: usize = 5;

/// Record one turn of a conversation, durable when the command returns
///
/// For programs: the answer is one JSON object, errors too. If the record is busy all the time, the turn is kept in a file,
/// and the next command takes it in. A text of `-` is read from standard input, `@FILE` from a file.
#[derive(Debug, Args)]
pub(crate) struct TrackConversationArgs {
    /// Id of the conversation; it is made if there is none
    #[arg(long, value_name = "ID")]
    session_id: String,
    /// What the user said: TEXT, `-` or `@FILE`
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, default_value = "", hide_default_value = true)]
    user_input: String,
    /// What the agent answered: TEXT, `-` or `@FILE`
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    agent_response: Option<String>,
    /// Number of the turn; given again with the same input, it fills in the response
    #[arg(long, value_name = "N")]
    turn_number: Option<u64>,
    /// Tokens of the user input, if they are known exactly
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    input_tokens: Option<u64>,
    /// Tokens of the response, if they are known exactly
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    output_tokens: Option<u64>,
    #[command(flatten)]
    who: WhoArgs,
    /// Answer with one line for people
    #[arg(long, conflicts_with = "json")]
    text: bool,
}

pub(crate) fn run(context: &Context, args: &TrackConversationArgs) -> anyhow::Result<Ended> {
    if args.user_input == "-" && args.agent_response.as_deref() == Some("-") {
        let hint = "give one of the two as @FILE";
        return Err(Error::refused("usage", "both texts cannot come from standard input", hint).into());
    }
    if args.session_id.trim().is_empty() {
        let hint = "`shiftlog manage-session --action create` gives one";
        return Err(Error::refused("usage", "the id of the conversation is empty", hint).into());
    }
    let journal = context.journal()?;
    let mut new = NewTurn {
        conversation: args.who.conversation(context, &journal, Some(&args.session_id))?,
        user_input: text(context, &args.user_input)?,
        agent_response: args.agent_response.as_deref().map(|t| text(context, t)).transpose()?,
        number: args.turn_number,
        model: args.who.model.clone(),
        input_tokens: args.input_tokens,
        output_tokens: args.output_tokens,
        logs: Vec::new(),
    };
    let privacy = recorded::allowed(context, &journal)?;
    let tracked = match track(context, &journal, &privacy, &mut new) {
        Err(error) if matches!(error.downcast_ref(), Some(record::Error::Busy { .. })) => {
            let private = recorded::make_private(context, &journal)?;
            let kept = spool::keep(&private, &recorded::settings(&journal), &new, context.now)?;
            return Err(record::Error::Busy { path: private.join(record::FILE), kept: Some(kept) }.into());
        }
        tracked => tracked?,
    };
    answer(context, args, &tracked)
}

fn track(context: &Context, journal: &Journal, privacy: &Privacy, new: &mut NewTurn) -> anyhow::Result<Tracked> {
    let record: Record = recorded::open(context, journal)?;
    let conversation = known(&record, new.conversation.id.as_deref().unwrap_or_default())?;
    if let Some(conversation) = &conversation {
        recorded::recordable(privacy, conversation)?;
    }
    if conversation.is_none_or(|c| c.turns == 0 && c.log.is_none()) && new.conversation.log.is_none() {
        // The first turn decides which log the conversation belongs to, if there is one for it.
        new.logs = journal.open_logs(LOGS)?.into_iter().map(|log| log.id).collect();
    }
    Ok(record.track(new, context.now)?)
}

/// A text: as it is, from standard input, or from a file.
fn text(context: &Context, given: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let name = match given.strip_prefix('@') {
        _ if given == "-" => {
            std::io::stdin().read_to_end(&mut bytes).context("could not read standard input")?;
            PathBuf::from("-")
        }
        Some(file) => {
            let path = context.cwd.join(file);
            bytes = std::fs::read(&path).map_err(|source| not_read(&path, source))?;
            path
        }
        None => return Ok(given.to_string()),
    };
    Ok(String::from_utf8(bytes).map_err(|e| Error::NotUtf8 { path: name, offset: e.utf8_error().valid_up_to() })?)
}

fn not_read(path: &Path, source: std::io::Error) -> Error {
    match source.kind() {
        std::io::ErrorKind::NotFound => Error::refused(
            "io",
            format!("there is no file {}", path.display()),
            "`@` names a file: pass a text that begins with `@` on standard input, with `-`",
        ),
        _ => Error::io("read the text", path)(source),
    }
}

fn answer(context: &Context, args: &TrackConversationArgs, tracked: &Tracked) -> anyhow::Result<Ended> {
    let mut message = "Conversation tracked successfully".to_string();
    for note in &tracked.notes {
        message.push_str("; ");
        message.push_str(note);
    }
    if tracked.moved > 0 {
        let turns = if tracked.moved == 1 { "turn was" } else { "turns were" };
        message.push_str(&format!("; the {} oldest {turns} moved to the archive", tracked.moved));
    }
    if args.text {
        context.ui.data(format_args!("{} turn {}: {message}", tracked.session_id, tracked.number))?;
        return Ok(Ended::Done);
    }
    context.ui.answer(json!({
        "session_id": tracked.session_id, "turn_number": tracked.number, "messages_in_session": tracked.messages,
        "tokens_used": tracked.tokens, "context_window_percent": tracked.percent(), "message": message,
        "context_window": tracked.window, "log": tracked.log, "created": tracked.created, "archived_turns": tracked.moved,
    }))?;
    Ok(Ended::Done)
}
