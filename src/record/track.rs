//! Tracking: one turn, as a program reports it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use super::conversation::{self, Conversation, NewConversation};
use super::error::{Error, Result};
use super::id::ConversationId;
use super::status::Status;
use super::turn::{self, Turn};
use super::{Record, Settings};

/// How long a conversation holds its log after its last turn.
pub const HOLDS: chrono::TimeDelta = chrono::TimeDelta::minutes(30);

/// A turn to record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NewTurn {
    /// The conversation that it belongs to; if there is none of that id, it is made like this.
    pub conversation: NewConversation,
    /// What the user said.
    pub user_input: String,
    /// What the agent answered.
    pub agent_response: Option<String>,
    /// Its number, if the caller counts.
    pub number: Option<u64>,
    /// The model that answered.
    pub model: Option<String>,
    /// Exact tokens of the user input.
    pub input_tokens: Option<u64>,
    /// Exact tokens of the response.
    pub output_tokens: Option<u64>,
    /// Logs that the conversation may take if it has none, the best first.
    #[serde(skip)]
    pub logs: Vec<String>,
}

impl NewTurn {
    /// The same with everything that may not be stored taken out.
    pub(super) fn cleaned(&self, settings: &Settings) -> NewTurn {
        NewTurn {
            conversation: self.conversation.cleaned(settings),
            user_input: settings.clean(&self.user_input).into_owned(),
            agent_response: settings.clean_some(self.agent_response.as_deref()),
            model: settings.clean_some(self.model.as_deref()),
            ..self.clone()
        }
    }
}

/// What became of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// The conversation's id.
    pub session_id: String,
    /// The turn's number.
    pub number: i64,
    /// Turns of the conversation.
    pub messages: u64,
    /// Tokens of its live context.
    pub tokens: u64,
    /// Tokens of the context window.
    pub window: u64,
    /// The conversation's log.
    pub log: Option<String>,
    /// Turns that were moved to the archive table.
    pub moved: u64,
    /// The conversation was made.
    pub created: bool,
    /// What the caller should know, as sentences.
    pub notes: Vec<String>,
}

impl Tracked {
    /// Share of the window that the live context takes, in percent.
    pub fn percent(&self) -> u64 {
        (self.tokens * 100 + self.window / 2) / self.window.max(1)
    }
}

impl Record {
    /// Records a turn durably. A repeat of a number with the same input fills in what was missing.
    ///
    /// # Errors
    /// [`Error::NotActive`], [`Error::Refused`] for a turn without text or a deleted conversation, [`Error::Busy`].
    pub fn track(&self, new: &NewTurn, now: DateTime<Utc>) -> Result<Tracked> {
        let new = new.cleaned(&self.settings);
        if new.user_input.trim().is_empty() && new.agent_response.as_deref().is_none_or(|r| r.trim().is_empty()) {
            let hint = "give --user-input, --agent-response or both";
            return Err(Error::refused("empty-turn", "a turn needs a text", hint));
        }
        self.write(|tx| self.record(tx, &new, None, now))
    }

    /// Records what was cleaned. What was spooled is taken in whatever became of the conversation meanwhile, once.
    pub(super) fn record(&self, tx: &Transaction<'_>, new: &NewTurn, spooled: Option<&str>, now: DateTime<Utc>) -> Result<Tracked> {
        let mut notes = Vec::new();
        let (conversation, created) = conversation_of(tx, new, now, &mut notes)?;
        if conversation.status != Status::Active && spooled.is_none() {
            return Err(Error::NotActive { id: conversation.id, status: conversation.status });
        }
        let model = new.model.clone().or_else(|| conversation.model.clone());
        let mut turn = Turn {
            id: 0,
            number: conversation.last_turn + 1,
            native_id: spooled.map(str::to_string),
            time: now,
            status: "active".into(),
            author: None,
            model: new.model.clone(),
            user_input: Some(new.user_input.clone()),
            agent_response: new.agent_response.clone(),
            input_tokens: new.input_tokens,
            output_tokens: new.output_tokens,
            tokens: 0,
            live: true,
            actions: Vec::new(),
            data: serde_json::Map::new(),
        };
        turn.weigh();
        let mut tracked = Tracked {
            session_id: conversation.id.clone(),
            number: turn.number,
            messages: conversation.turns,
            tokens: conversation.live_tokens,
            window: self.window(model.as_deref()),
            log: conversation.log.clone(),
            moved: 0,
            created,
            notes,
        };
        if let Some(known) = self.same(tx, &conversation.id, new, spooled)? {
            self.fill(tx, &known, turn, &mut tracked)?;
            return Ok(tracked);
        }
        let id = turn::next_id(tx)?;
        if let Some(given) = new.number.filter(|n| i64::try_from(*n) != Ok(turn.number)) {
            let why = match i64::try_from(given) {
                Ok(0) => "is the creation of the conversation",
                Ok(number) if turn::is_taken(tx, &conversation.id, number)? => "is taken",
                _ => "is not the next",
            };
            tracked.notes.push(format!("turn {given} {why}: recorded as turn {}", turn.number));
        }
        turn.insert(tx, &conversation.id, id)?;
        tracked.messages += 1;
        tracked.tokens += turn.tokens;
        if tracked.log.is_none() && conversation.turns == 0 {
            tracked.log = free_log(tx, &new.logs, now)?;
        }
        note_turn(tx, &tracked, &new.model, now)?;
        if conversation.live_turns + 1 > self.settings.live_turns || tracked.tokens > self.budget(model.as_deref()) {
            self.make_room(tx, &mut tracked, model.as_deref())?;
        }
        Ok(tracked)
    }

    fn make_room(&self, tx: &Transaction<'_>, tracked: &mut Tracked, model: Option<&str>) -> Result<()> {
        (tracked.moved, tracked.tokens) = turn::prune(tx, &tracked.session_id, self.settings.live_turns, self.budget(model))?;
        Ok(())
    }

    /// The turn that this one repeats: by its number and input, or because it was taken in from the spool already.
    fn same(&self, tx: &Transaction<'_>, session: &str, new: &NewTurn, spooled: Option<&str>) -> Result<Option<Turn>> {
        let one = |condition: &str, value: &dyn rusqlite::ToSql| -> Result<Option<Turn>> {
            let sql = format!("SELECT {}, live FROM turns WHERE session_id = ?1 AND {condition}", Turn::COLUMNS);
            Ok(tx.prepare_cached(&sql)?.query_row(params![session, value], Turn::from_row).optional()?)
        };
        if let Some(id) = spooled
            && let Some(turn) = one("native_id = ?2", &id)?
        {
            return Ok(Some(turn));
        }
        let Some(number) = new.number.and_then(|n| i64::try_from(n).ok()).filter(|n| *n > 0) else { return Ok(None) };
        let fits = |turn: &Turn| {
            let same_response = match (&turn.agent_response, &new.agent_response) {
                (Some(there), Some(given)) => there == given || there.is_empty(),
                _ => true,
            };
            turn.user_input.as_deref() == Some(new.user_input.as_str()) && same_response
        };
        Ok(one("turn_number = ?2", &number)?.filter(fits))
    }

    /// Fills in what a turn lacked.
    fn fill(&self, tx: &Transaction<'_>, known: &Turn, given: Turn, tracked: &mut Tracked) -> Result<()> {
        tracked.number = known.number;
        let empty = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
        let mut filled = known.clone();
        if empty(&known.agent_response) && !empty(&given.agent_response) {
            filled.agent_response = given.agent_response;
        }
        filled.model = known.model.clone().or(given.model);
        filled.input_tokens = known.input_tokens.or(given.input_tokens);
        filled.output_tokens = known.output_tokens.or(given.output_tokens);
        filled.weigh();
        if filled == *known {
            tracked.notes.push(format!("turn {} was recorded already", known.number));
            return Ok(());
        }
        filled.update(tx)?;
        tracked.notes.push(format!("the response of turn {} was filled in", known.number));
        let model = filled.model.clone();
        if known.live {
            tracked.tokens = tracked.tokens + filled.tokens - known.tokens;
        }
        note_turn(tx, tracked, &model, given.time)?;
        if tracked.tokens > self.budget(model.as_deref()) {
            self.make_room(tx, tracked, model.as_deref())?;
        }
        Ok(())
    }
}

/// Brings a conversation up to date after one of its turns.
fn note_turn(tx: &Transaction<'_>, tracked: &Tracked, model: &Option<String>, now: DateTime<Utc>) -> Result<()> {
    // Two statements: only the second one counts as a change of the conversation itself.
    tx.prepare_cached(
        "UPDATE sessions SET updated_at = max(updated_at, ?2), last_turn_at = max(coalesce(last_turn_at, 0), ?2), turns = ?3,
             live_turns = live_turns + (?3 - turns), last_turn = max(last_turn, ?4), live_tokens = ?5 WHERE id = ?1",
    )?
    .execute(params![tracked.session_id, now.timestamp_millis(), tracked.messages, tracked.number, tracked.tokens])?;
    tx.prepare_cached(
        "UPDATE sessions SET model = coalesce(?2, model), log = coalesce(log, ?3)
         WHERE id = ?1 AND (model IS NOT coalesce(?2, model) OR log IS NOT coalesce(log, ?3))",
    )?
    .execute(params![tracked.session_id, model, tracked.log])?;
    Ok(())
}

/// The conversation of a turn; one that is not there is made.
fn conversation_of(tx: &Transaction<'_>, new: &NewTurn, now: DateTime<Utc>, notes: &mut Vec<String>) -> Result<(Conversation, bool)> {
    let given = new.conversation.id.as_deref().unwrap_or_default();
    if let Some(found) = Conversation::called(tx, given)? {
        return Ok((found, false));
    }
    conversation::not_deleted(tx, given)?;
    let (id, native) = conversation::name_for(tx, Some(given), now)?;
    notes.push(match ConversationId::parse(given) {
        Some(_) => format!("there was no conversation {id}: it was created"),
        None => format!("`{given}` is not of the form SESS-YYYYMMDD-HHMM-xxxxxx: the conversation was created as {id}"),
    });
    conversation::insert(tx, id.as_str(), native.as_deref(), &new.conversation, now)?;
    Ok((Conversation::known(tx, id.as_str())?, true))
}

/// The first of these logs that no other live conversation holds.
pub(super) fn free_log(db: &Connection, logs: &[String], now: DateTime<Utc>) -> Result<Option<String>> {
    let since = (now - HOLDS).timestamp_millis();
    let mut held = db.prepare_cached("SELECT 1 FROM sessions WHERE log = ?1 AND status = 'active' AND updated_at >= ?2")?;
    for log in logs {
        if !held.exists(params![log, since])? {
            return Ok(Some(log.clone()));
        }
    }
    Ok(None)
}

impl Record {
    /// Context window of a model in tokens: as configured, else as built in, else the default.
    pub fn window(&self, model: Option<&str>) -> u64 {
        self.settings.window_of(model)
    }
}

impl Settings {
    /// Context window of a model in tokens.
    pub fn window_of(&self, model: Option<&str>) -> u64 {
        let Some(model) = model else { return self.window };
        let lower = model.to_lowercase();
        let bare = lower.rsplit('/').next().unwrap_or_default();
        let fits = |prefix: &str| lower.starts_with(prefix) || bare.starts_with(prefix);
        let named = self.windows.iter().filter(|(prefix, _)| fits(&prefix.to_lowercase()));
        let configured = named.max_by_key(|(prefix, _)| prefix.len()).map(|(_, window)| *window);
        configured.or_else(|| super::tokens::window_of(model)).unwrap_or(self.window)
    }
}
