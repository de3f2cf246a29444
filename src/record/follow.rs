//! Following: what changed since somebody looked, and the turns themselves, for whoever keeps an index of them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row};

use super::Record;
use super::action::Action;
use super::conversation::{Conversation, object};
use super::error::Result;
use super::turn::Turn;

/// What changed since a place of the change sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The place of the sequence up to which this goes.
    pub sequence: i64,
    /// Rows of turns that were made, altered, moved or deleted, each once, in order.
    pub turns: Vec<i64>,
    /// Conversations that were altered or deleted, each once, in order.
    pub conversations: Vec<String>,
}

/// A turn together with its conversation's id.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Id of the conversation.
    pub conversation: String,
    /// The turn.
    pub turn: Turn,
}

/// Tables of turns; their rows are numbered in common.
const TABLES: [(&str, u8); 2] = [("ui_conversation_archive", 0), ("ui_conversation_context", 1)];

impl Record {
    /// The place that the change sequence has come to; 0 before the first change.
    ///
    /// # Errors
    /// Those of the database.
    pub fn sequence(&self) -> Result<i64> {
        self.plain(sequence)
    }

    /// What changed since a place of the sequence; it may be nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn changes_since(&self, place: i64) -> Result<Changes> {
        self.read(|db| {
            let sequence = sequence(db)?;
            let turns = "SELECT DISTINCT turn FROM changes WHERE seq > ?1 AND turn IS NOT NULL ORDER BY turn";
            let turns = db.prepare_cached(turns)?.query_map([place], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
            let conversations = "SELECT DISTINCT session FROM changes WHERE seq > ?1 AND session IS NOT NULL ORDER BY session";
            let conversations = db.prepare_cached(conversations)?.query_map([place], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok(Changes { sequence, turns, conversations })
        })
    }

    /// How many turns there are, live and moved out, and how many conversations.
    ///
    /// # Errors
    /// Those of the database.
    pub fn counts(&self) -> Result<(u64, u64)> {
        let sql = "SELECT coalesce(sum(turns), 0), count(*) FROM sessions";
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_row([], |r| Ok((r.get(0)?, r.get(1)?)))?))
    }

    /// All turns with their actions, by row, one after the other; what `with` answers with false ends it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn every_turn(&self, with: &mut dyn FnMut(Place) -> bool) -> Result<()> {
        self.read(|db| {
            let sql =
                |(table, live): (&str, u8)| format!("SELECT {}, {live} FROM {table} WHERE turn_number > 0 ORDER BY id", Turn::COLUMNS);
            let mut archive = db.prepare(&sql(TABLES[0]))?;
            let mut context = db.prepare(&sql(TABLES[1]))?;
            let mut actions = db.prepare("SELECT turn, kind, value, ok, output, data FROM actions ORDER BY turn, position")?;
            let (mut archive, mut context, mut actions) = (archive.query([])?, context.query([])?, actions.query([])?);
            let mut next = (archive.next()?.map(place).transpose()?, context.next()?.map(place).transpose()?);
            let mut action = actions.next()?.map(action_of).transpose()?;
            loop {
                let old = next.1.as_ref().is_none_or(|c| next.0.as_ref().is_some_and(|a| a.turn.id < c.turn.id));
                let found = if old { next.0.take() } else { next.1.take() };
                let Some(mut found) = found else { return Ok(()) };
                while let Some((turn, done)) = action.take_if(|(turn, _)| *turn <= found.turn.id) {
                    if turn == found.turn.id {
                        found.turn.actions.push(done);
                    }
                    action = actions.next()?.map(action_of).transpose()?;
                }
                if !with(found) {
                    return Ok(());
                }
                match old {
                    true => next.0 = archive.next()?.map(place).transpose()?,
                    false => next.1 = context.next()?.map(place).transpose()?,
                }
            }
        })
    }

    /// The turn in a row, with its actions; nothing where it is gone.
    ///
    /// # Errors
    /// Those of the database.
    pub fn turn_at(&self, row: i64) -> Result<Option<Place>> {
        let of = |(table, live): (&str, u8)| format!("SELECT {}, {live} FROM {table} WHERE id = ?1 AND turn_number > 0", Turn::COLUMNS);
        let sql = format!("{} UNION ALL {}", of(TABLES[0]), of(TABLES[1]));
        self.plain(|db| {
            let Some(mut found) = db.prepare_cached(&sql)?.query_row([row], place).optional()? else { return Ok(None) };
            found.turn.actions = Action::of_turn(db, row)?;
            Ok(Some(found))
        })
    }

    /// The log of the conversation that the turn in a row belongs to, where it has one.
    ///
    /// # Errors
    /// Those of the database.
    pub fn log_at(&self, row: i64) -> Result<Option<String>> {
        self.plain(|db| {
            for (table, _) in TABLES {
                let sql = format!("SELECT log FROM sessions WHERE id = (SELECT session_id FROM {table} WHERE {table}.id = ?1)");
                if let Some(log) = db.prepare_cached(&sql)?.query_row([row], |r| r.get(0)).optional()? {
                    return Ok(log);
                }
            }
            Ok(None)
        })
    }

    /// The rows of the turns of a conversation.
    ///
    /// # Errors
    /// Those of the database.
    pub fn rows_of(&self, conversation: &str) -> Result<Vec<i64>> {
        let sql = "SELECT id FROM turns WHERE session_id = ?1 ORDER BY turn_number";
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_map([conversation], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?))
    }

    /// The conversation with this id; nothing where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub fn find_conversation(&self, id: &str) -> Result<Option<Conversation>> {
        self.plain(|db| Conversation::load(db, id))
    }

    /// The conversations that belong to one of these logs.
    ///
    /// # Errors
    /// Those of the database.
    pub fn of_logs(&self, logs: &[&str]) -> Result<Vec<Conversation>> {
        let sql = format!("SELECT {} FROM sessions WHERE log = ?1 ORDER BY id", Conversation::COLUMNS);
        self.plain(|db| {
            let mut found = Vec::new();
            let mut statement = db.prepare_cached(&sql)?;
            for log in logs {
                for conversation in statement.query_map([log], Conversation::from_row)? {
                    found.push(conversation?);
                }
            }
            Ok(found)
        })
    }
}

fn sequence(db: &Connection) -> Result<i64> {
    Ok(db.prepare_cached("SELECT coalesce(max(seq), 0) FROM changes")?.query_row([], |r| r.get(0))?)
}

fn place(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place { conversation: row.get(13)?, turn: Turn::from_row(row)? })
}

fn action_of(row: &Row<'_>) -> rusqlite::Result<(i64, Action)> {
    let data: Option<String> = row.get(5)?;
    let action = Action { kind: row.get(1)?, value: row.get(2)?, ok: row.get(3)?, output: row.get(4)?, data: object(data.as_deref()) };
    Ok((row.get(0)?, action))
}

/// Conversations by id, read once.
#[derive(Debug, Default)]
pub struct Conversations {
    known: HashMap<String, Option<Conversation>>,
}

impl Conversations {
    /// The conversation; nothing where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub fn get(&mut self, record: &Record, id: &str) -> Result<Option<&Conversation>> {
        if !self.known.contains_key(id) {
            // Imports and hooks come conversation by conversation: few have to be kept.
            if self.known.len() > 4096 {
                self.known.clear();
            }
            self.known.insert(id.to_string(), record.find_conversation(id)?);
        }
        Ok(self.known.get(id).and_then(Option::as_ref))
    }
}
