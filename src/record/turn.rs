//! Turns: reading them, adding one, and moving the oldest out of the live context.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, Transaction, params};
use serde::Serialize;
use serde_json::{Map, Value};

use super::action::Action;
use super::conversation::{Conversation, object, object_text, time};
use super::error::{Error, Result};
use super::id::ConversationId;
use super::{Record, conversation, tokens};

/// A user input and the agent's response to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turn {
    /// Its row, over both tables.
    #[serde(skip)]
    pub id: i64,
    /// Its position in the conversation, from 1.
    #[serde(rename = "turn")]
    pub number: i64,
    /// Its id in the program that it comes from.
    pub native_id: Option<String>,
    /// When the user spoke.
    pub time: DateTime<Utc>,
    /// `active`, `abandoned`, or what an import said.
    pub status: String,
    /// Who spoke, where several do.
    pub author: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// What the user said.
    pub user_input: Option<String>,
    /// What the agent answered.
    pub agent_response: Option<String>,
    /// Tokens of the user input, where they were given.
    pub input_tokens: Option<u64>,
    /// Tokens of the response, where they were given.
    pub output_tokens: Option<u64>,
    /// Tokens that it takes in the context window, given or estimated.
    pub tokens: u64,
    /// Whether it is in the live context.
    pub live: bool,
    /// What the agent did.
    pub actions: Vec<Action>,
    /// Keys of an import that have no place of their own.
    #[serde(skip)]
    pub data: Map<String, Value>,
}

/// The status of turns that were rolled back.
pub const ABANDONED: &str = "abandoned";

/// What a turn takes in the context window, in tokens: what was given, else the estimate of the text, for each side.
pub(super) fn weight(user: (Option<u64>, Option<&str>), agent: (Option<u64>, Option<&str>)) -> u64 {
    let side = |(given, text): (Option<u64>, Option<&str>)| given.unwrap_or_else(|| text.map_or(0, tokens::estimate));
    side(user) + side(agent)
}

impl Turn {
    /// Columns of a turn; `live` comes behind them.
    pub(super) const COLUMNS: &'static str = "id, turn_number, native_id, created_at, status, author, model, user_input, agent_response, \
         input_tokens, output_tokens, tokens, data, session_id";

    /// Reads [`Turn::COLUMNS`] and `live`, by place: names would have to be compared for each of a million turns.
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Turn> {
        let data: Option<String> = row.get(12)?;
        Ok(Turn {
            id: row.get(0)?,
            number: row.get(1)?,
            native_id: row.get(2)?,
            time: time(row.get(3)?),
            status: row.get(4)?,
            author: row.get(5)?,
            model: row.get(6)?,
            user_input: row.get(7)?,
            agent_response: row.get(8)?,
            input_tokens: row.get(9)?,
            output_tokens: row.get(10)?,
            tokens: row.get(11)?,
            live: row.get(14)?,
            actions: Vec::new(),
            data: object(data.as_deref()),
        })
    }

    /// Whether it belongs to what was said in the end.
    pub fn counts(&self) -> bool {
        self.status != ABANDONED
    }

    /// Notes what it takes in the context window.
    pub(super) fn weigh(&mut self) {
        let (user, agent) = (self.user_input.as_deref(), self.agent_response.as_deref());
        self.tokens = weight((self.input_tokens, user), (self.output_tokens, agent));
    }

    /// Inserts it into the live context, with its actions; its row gets a number of its own.
    pub(super) fn insert(&self, tx: &Transaction<'_>, session: &str, id: i64) -> Result<()> {
        tx.prepare_cached(
            "INSERT INTO ui_conversation_context (session_id, turn_number, user_input, agent_response, created_at, status, native_id,
                 author, model, input_tokens, output_tokens, tokens, data, id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            session,
            self.number,
            self.user_input,
            self.agent_response,
            self.time.timestamp_millis(),
            self.status,
            self.native_id,
            self.author,
            self.model,
            self.input_tokens,
            self.output_tokens,
            self.tokens,
            object_text(&self.data),
            id
        ])?;
        for (position, action) in self.actions.iter().enumerate() {
            action.insert(tx, id, position)?;
        }
        Ok(())
    }

    /// Writes its text and tokens anew, where it is.
    pub(super) fn update(&self, tx: &Transaction<'_>) -> Result<()> {
        let table = if self.live { "ui_conversation_context" } else { "ui_conversation_archive" };
        tx.prepare_cached(&format!(
            "UPDATE {table} SET user_input = ?2, agent_response = ?3, status = ?4, author = ?5, model = ?6, input_tokens = ?7,
                 output_tokens = ?8, tokens = ?9, data = ?10, native_id = ?11 WHERE id = ?1"
        ))?
        .execute(params![
            self.id,
            self.user_input,
            self.agent_response,
            self.status,
            self.author,
            self.model,
            self.input_tokens,
            self.output_tokens,
            self.tokens,
            object_text(&self.data),
            self.native_id
        ])?;
        let session = "SELECT session_id FROM turns WHERE id = ?1";
        let session: String = tx.prepare_cached(session)?.query_row([self.id], |r| r.get(0))?;
        forget_digest(tx, &session, self.number)
    }
}

/// What a conversation came to is no longer so if one of its turns, from this one on, is another.
pub(super) fn forget_digest(tx: &Transaction<'_>, session: &str, number: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM digests WHERE session_id = ?1 AND turn >= ?2")?.execute(params![session, number])?;
    Ok(())
}

/// Whether a conversation has a turn of this number.
pub(super) fn is_taken(db: &Connection, session: &str, number: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM turns WHERE session_id = ?1 AND turn_number = ?2";
    Ok(db.prepare_cached(sql)?.exists(params![session, number])?)
}

/// A number for a new row, over both tables.
pub(super) fn next_id(tx: &Transaction<'_>) -> Result<i64> {
    let sql = "SELECT 1 + max(coalesce((SELECT max(id) FROM ui_conversation_context), 0),
                              coalesce((SELECT max(id) FROM ui_conversation_archive), 0))";
    Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Reads turns of a conversation in order, with their actions, one after the other.
pub(super) fn each(db: &Connection, session: &str, range: &RangeInclusive<i64>, with: &mut dyn FnMut(Turn) -> Result<()>) -> Result<()> {
    // Two searches of an index each: a sorted union of both would read all texts before the first.
    for (table, live) in [("ui_conversation_archive", 0), ("ui_conversation_context", 1)] {
        let sql = format!(
            "SELECT {}, {live} FROM {table} WHERE session_id = ?1 AND turn_number BETWEEN max(?2, 1) AND ?3 ORDER BY turn_number",
            Turn::COLUMNS
        );
        let mut found = db.prepare_cached(&sql)?;
        let mut rows = found.query(params![session, range.start(), range.end()])?;
        while let Some(row) = rows.next()? {
            let mut turn = Turn::from_row(row)?;
            turn.actions = Action::of_turn(db, turn.id)?;
            with(turn)?;
        }
    }
    Ok(())
}

/// Moves the oldest turns to the archive table until the rest fits: fewer than so many, in so many tokens. Says how many
/// were moved, and how many tokens stay.
///
/// The newest always stays. What the conversation says of its live turns is brought up to date.
pub(super) fn prune(tx: &Transaction<'_>, session: &str, most: u64, budget: u64) -> Result<(u64, u64)> {
    let sql = "SELECT turn_number, tokens FROM ui_conversation_context WHERE session_id = ?1 AND turn_number > 0 ORDER BY turn_number DESC";
    let archived = "SELECT coalesce(max(turn_number), 0) FROM ui_conversation_archive WHERE session_id = ?1";
    let archived: i64 = tx.prepare_cached(archived)?.query_row([session], |r| r.get(0))?;
    let mut found = tx.prepare_cached(sql)?;
    let mut rows = found.query([session])?;
    let (mut kept, mut tokens, mut oldest) = (0, 0, None);
    while let Some(row) = rows.next()? {
        let (number, weight): (i64, u64) = (row.get(0)?, row.get(1)?);
        // A turn that was found late may be older than what was moved already.
        if kept > 0 && (kept + 1 > most || tokens + weight > budget || number < archived) {
            break;
        }
        (kept, tokens, oldest) = (kept + 1, tokens + weight, Some(number));
    }
    drop(rows);
    let moved = move_before(tx, session, oldest.unwrap_or(0))?;
    tx.prepare_cached("UPDATE sessions SET live_turns = ?2, live_tokens = ?3 WHERE id = ?1")?.execute(params![session, kept, tokens])?;
    Ok((moved, tokens))
}

fn move_before(tx: &Transaction<'_>, session: &str, number: i64) -> Result<u64> {
    let columns = "session_id, turn_number, user_input, agent_response, created_at, status, native_id, author, model, input_tokens, \
                   output_tokens, tokens, data, id";
    let which = "WHERE session_id = ?1 AND turn_number BETWEEN 1 AND ?2 - 1";
    let copy = format!("INSERT INTO ui_conversation_archive ({columns}) SELECT {columns} FROM ui_conversation_context {which}");
    let moved = tx.prepare_cached(&copy)?.execute(params![session, number])?;
    if moved > 0 {
        tx.prepare_cached(&format!("DELETE FROM ui_conversation_context {which}"))?.execute(params![session, number])?;
    }
    Ok(moved as u64)
}

/// Puts turns that were found late behind the last one that is not younger, and numbers all anew. The others keep their order,
/// whatever their clocks said. Gives the last number.
pub(super) fn renumber(tx: &Transaction<'_>, session: &str, displaced: &[i64]) -> Result<i64> {
    let sql = "SELECT id, live, turn_number, created_at FROM turns WHERE session_id = ?1 ORDER BY turn_number";
    let rows: Vec<(i64, bool, i64, i64)> = tx
        .prepare_cached(sql)?
        .query_map([session], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let displaced: HashSet<i64> = displaced.iter().copied().collect();
    let (mut late, mut base): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(row, ..)| displaced.contains(row));
    late.sort_by_key(|(_, _, number, time)| (*time, *number));
    let mut order = Vec::new();
    while let Some(last) = late.last() {
        match base.pop_if(|turn| turn.3 > last.3) {
            Some(younger) => order.push(younger),
            None => order.extend(late.pop()),
        }
    }
    order.extend(base.into_iter().rev());
    order.reverse();
    let table = |live| if live { "ui_conversation_context" } else { "ui_conversation_archive" };
    // Out of the way first: numbers are unique at any time.
    for sign in [-1, 1] {
        for (number, (row, live, ..)) in (1_i64..).zip(&order) {
            let sql = format!("UPDATE {} SET turn_number = ?2 WHERE id = ?1 AND turn_number != ?2", table(*live));
            tx.prepare_cached(&sql)?.execute(params![row, sign * number])?;
        }
    }
    follow(tx, session, &order)?;
    Ok(order.len() as i64)
}

/// Branches name the turn that they begin from by its number.
fn follow(tx: &Transaction<'_>, session: &str, order: &[(i64, bool, i64, i64)]) -> Result<()> {
    let mut branches = tx.prepare_cached("SELECT id, origin_turn FROM sessions WHERE origin = ?1")?;
    let branches: Vec<(String, Option<i64>)> =
        branches.query_map([session], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    for (branch, turn) in branches {
        if let Some(number) = (1_i64..).zip(order).find(|(_, (_, _, old, _))| Some(*old) == turn).map(|(number, _)| number) {
            tx.execute("UPDATE sessions SET origin_turn = ?2 WHERE id = ?1 AND origin_turn != ?2", params![branch, number])?;
        }
    }
    Ok(())
}

impl Record {
    /// Turns of a conversation, with their actions.
    ///
    /// # Errors
    /// Those of the database.
    pub fn turns(&self, session: &str, range: &RangeInclusive<i64>) -> Result<Vec<Turn>> {
        let mut turns = Vec::new();
        self.each_turn(session, range, &mut |turn| {
            turns.push(turn);
            Ok(())
        })?;
        Ok(turns)
    }

    /// The same one after the other, so that a conversation of any length can be read.
    ///
    /// # Errors
    /// Those of the database, and of `with`.
    pub fn each_turn(&self, session: &str, range: &RangeInclusive<i64>, with: &mut dyn FnMut(Turn) -> Result<()>) -> Result<()> {
        self.read(|db| each(db, session, range, with))
    }

    /// How many tokens the live turns of a conversation with this model may fill.
    pub fn budget(&self, model: Option<&str>) -> u64 {
        self.window(model).saturating_mul(self.settings.fill_percent) / 100
    }

    /// A new conversation that goes on from a turn of another one: a copy of all up to that turn.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Refused`] where there is no such turn.
    pub fn branch(&self, id: &str, at: i64, now: DateTime<Utc>) -> Result<Conversation> {
        self.write(|tx| {
            let from = Conversation::known(tx, id)?;
            if !is_taken(tx, &from.id, at)? {
                let hint = match from.last_turn {
                    0 => "it has no turns yet".to_string(),
                    last => format!("its last turn is {last}"),
                };
                return Err(Error::refused("turn-not-found", format!("{} has no turn {at}", from.id), hint));
            }
            let new = conversation::fresh(tx, now)?;
            insert_branch(tx, &from, &new, at, now)?;
            let mut copied = 0_u64;
            let mut next = next_id(tx)?;
            each(tx, &from.id, &(1..=at), &mut |turn| {
                turn.insert(tx, new.as_str(), next)?;
                next += 1;
                copied += 1;
                Ok(())
            })?;
            let sql = "UPDATE sessions SET turns = ?2, last_turn = ?3 WHERE id = ?1";
            tx.execute(sql, params![new.as_str(), copied, at])?;
            prune(tx, new.as_str(), self.settings.live_turns, self.budget(from.model.as_deref()))?;
            Conversation::known(tx, new.as_str())
        })
    }
}

fn insert_branch(tx: &Transaction<'_>, from: &Conversation, id: &ConversationId, at: i64, now: DateTime<Utc>) -> Result<()> {
    tx.execute(
        "INSERT INTO sessions (id, user_id, channel_id, status, model, created_at, updated_at, last_turn_at, agent, project, branch, cwd,
             origin, origin_turn, title)
         SELECT ?2, user_id, channel_id, 'active', model, ?3, ?3, ?3, agent, project, branch, cwd, id, ?4, title FROM sessions WHERE id = ?1",
        params![from.id, id.as_str(), now.timestamp_millis(), at],
    )?;
    conversation::begin(tx, id.as_str(), now)
}
