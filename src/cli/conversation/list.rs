//! `shiftlog conversation list`.

use clap::Args;
use serde_json::{Value, json};
use shiftlog::journal::Error;
use shiftlog::record::conversation::{Conversation, Filter};
use shiftlog::record::status::Status;

use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::{Ended, bold, faint, number, one_line};
use crate::cli::when;

/// List conversations, those changed last first
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// At most so many; 0 lists all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Which conversations are meant; all that is given must hold.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only active, paused, closed or archived ones
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only those of this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only those in this channel
    #[arg(long, value_name = "CHANNEL")]
    channel: Option<String>,
    /// Only those with this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Only those about this project
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Only those changed since then: 2026-11-01, yesterday, 7d, "2 weeks ago"
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
}

impl FilterArgs {
    /// Whether anything is filtered.
    pub(crate) fn is_given(&self) -> bool {
        [&self.state, &self.user, &self.channel, &self.agent, &self.project, &self.since].iter().any(|f| f.is_some())
    }

    pub(crate) fn filter(&self, context: &Context) -> anyhow::Result<Filter> {
        let status = |name: &String| {
            Status::named(name).ok_or_else(|| Error::Unknown {
                what: "state",
                given: name.clone(),
                known: Status::ALL.map(|s| s.name().to_string()).to_vec(),
            })
        };
        Ok(Filter {
            status: self.state.as_ref().map(status).transpose()?,
            user: self.user.clone(),
            channel: self.channel.clone(),
            agent: self.agent.clone(),
            project: self.project.clone(),
            since: self.since.as_deref().map(|date| when::parse(date, context.now)).transpose()?,
            limit: None,
        })
    }
}

pub(crate) fn run(context: &Context, args: &ListArgs) -> anyhow::Result<Ended> {
    let mut filter = args.filter.filter(context)?;
    // One more tells whether there are more.
    filter.limit = (args.limit > 0).then_some(args.limit + 1);
    let journal = context.journal()?;
    let record = recorded::find(context, &journal)?;
    let mut found = record.as_ref().map(|r| r.conversations(&filter)).transpose()?.unwrap_or_default();
    let more = args.limit > 0 && found.len() > args.limit;
    found.truncate(if args.limit > 0 { args.limit } else { usize::MAX });
    let ended = if found.is_empty() && args.filter.is_given() { Ended::Nothing } else { Ended::Done };
    let mut openings = Vec::new();
    if let Some(record) = &record {
        for conversation in &found {
            openings.push(if conversation.title.is_some() { None } else { record.opening(&conversation.id)? });
        }
    }
    if context.ui.json {
        let listed: Vec<Value> = found.iter().map(|c| json!(c)).collect();
        context.ui.answer(json!({"conversations": listed, "more": more}))?;
        return Ok(ended);
    }
    let columns = context.ui.columns();
    for (c, opening) in found.iter().zip(openings) {
        line(context, c, &c.title.clone().or(opening).unwrap_or_default(), columns)?;
    }
    let count = found.len();
    let more = if more { ", and there are more: `--limit 0` lists all" } else { "" };
    context.ui.say(format_args!("{}{more}", number(count as u64, "conversation")));
    Ok(ended)
}

/// One line; on a narrow terminal without turns and channel, so that there is room for what it is about.
fn line(context: &Context, c: &Conversation, about: &str, columns: Option<usize>) -> anyhow::Result<()> {
    let start = format!("{}  {:<8}  {}", bold(&c.id), c.status.name(), faint(&when::local(c.updated_at)));
    let taken = c.id.len() + 2 + 8 + 2 + 16 + 2;
    let middle = format!("{:>9}  {:<10}  ", number(c.turns, "turn"), one_line(c.agent.as_deref().unwrap_or(&c.channel_id), 10));
    let (middle, taken) = match columns {
        Some(columns) if columns < taken + middle.len() + 25 => (String::new(), taken),
        _ => (middle.clone(), taken + middle.len()),
    };
    let room = columns.map_or(60, |columns| columns.saturating_sub(taken).clamp(10, 100));
    context.ui.data(format_args!("{start}  {middle}{}", one_line(about, room)))
}
