//! Whether a record is sound: SQLite's own check, the schema, and that counts agree with what is there.

use serde::Serialize;

use super::error::Result;
use super::{Record, schema};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Version of the schema.
    pub version: i64,
    /// What SQLite's integrity check says; nothing where all is well.
    pub damage: Vec<String>,
    /// Tables, indexes and triggers that are not as this version makes them.
    pub altered: Vec<String>,
    /// Conversations.
    pub conversations: u64,
    /// Turns.
    pub turns: u64,
    /// Actions.
    pub actions: u64,
    /// Conversations whose counts do not agree with their turns.
    pub miscounted: Vec<String>,
    /// Turns without a conversation.
    pub orphaned_turns: u64,
    /// Actions without a turn.
    pub orphaned_actions: u64,
    /// Closed conversations whose summary does not stand in their log yet.
    pub due: Vec<String>,
}

/// Problems of one kind that are listed at most.
const LISTED: usize = 20;

/// What every conversation should say of its turns.
const COUNTED: &str = "SELECT s.id, coalesce(l.n, 0) + coalesce(a.n, 0) AS turns, coalesce(l.n, 0) AS live_turns,
        coalesce(l.tokens, 0) AS live_tokens, max(coalesce(l.last, 0), coalesce(a.last, 0)) AS last_turn,
        nullif(max(coalesce(l.at, 0), coalesce(a.at, 0)), 0) AS last_turn_at
    FROM sessions s
    LEFT JOIN (SELECT session_id, count(*) AS n, sum(tokens) AS tokens, max(turn_number) AS last, max(created_at) AS at
        FROM ui_conversation_context WHERE turn_number > 0 GROUP BY session_id) l ON l.session_id = s.id
    LEFT JOIN (SELECT session_id, count(*) AS n, max(turn_number) AS last, max(created_at) AS at
        FROM ui_conversation_archive GROUP BY session_id) a ON a.session_id = s.id";

impl Record {
    /// Checks the whole record; it reads all of it.
    ///
    /// # Errors
    /// [`super::Error::Damaged`] where the damage keeps even that from working.
    pub fn check(&self) -> Result<Health> {
        self.read(|db| {
            let texts = |sql: &str| -> Result<Vec<String>> {
                Ok(db.prepare(sql)?.query_map([], |r| r.get(0))?.take(LISTED).collect::<rusqlite::Result<_>>()?)
            };
            let count = |sql: &str| -> Result<u64> { Ok(db.query_row(sql, [], |r| r.get(0))?) };
            let mut damage = texts("PRAGMA integrity_check(20)")?;
            damage = damage.iter().flat_map(|text| text.lines()).map(str::to_string).collect();
            damage.retain(|line| line != "ok" && !line.starts_with("***"));
            if !damage.is_empty() {
                return Ok(Health { damage, ..Health::default() });
            }
            let altered = schema::altered(db)?;
            if !altered.is_empty() {
                return Ok(Health { altered, ..Health::default() });
            }
            Ok(Health {
                altered,
                version: db.pragma_query_value(None, "user_version", |r| r.get(0))?,
                damage,
                conversations: count("SELECT count(*) FROM sessions")?,
                turns: count("SELECT count(*) FROM turns")?,
                actions: count("SELECT count(*) FROM actions")?,
                miscounted: texts(&format!(
                    "SELECT s.id FROM sessions s JOIN ({COUNTED}) c ON c.id = s.id WHERE s.turns != c.turns
                     OR s.live_turns != c.live_turns OR s.live_tokens != c.live_tokens OR s.last_turn != c.last_turn ORDER BY s.id"
                ))?,
                orphaned_turns: count("SELECT count(*) FROM turns WHERE session_id NOT IN (SELECT id FROM sessions)")?,
                orphaned_actions: count(
                    "SELECT count(*) FROM actions WHERE turn NOT IN (SELECT id FROM ui_conversation_context UNION ALL SELECT id FROM \
                     ui_conversation_archive)",
                )?,
                due: texts("SELECT id FROM sessions WHERE log_due > 0 ORDER BY id")?,
            })
        })
    }

    /// Counts the turns of every conversation anew; says how many were wrong. Nothing else is touched.
    ///
    /// # Errors
    /// Those of the database.
    pub fn recount(&self) -> Result<usize> {
        self.write(|tx| {
            Ok(tx.execute(
                &format!(
                    "UPDATE sessions SET turns = c.turns, live_turns = c.live_turns, live_tokens = c.live_tokens, last_turn = c.last_turn,
                         last_turn_at = c.last_turn_at FROM ({COUNTED}) c WHERE c.id = sessions.id
                         AND (sessions.turns != c.turns OR sessions.live_turns != c.live_turns OR sessions.live_tokens != c.live_tokens
                              OR sessions.last_turn != c.last_turn)"
                ),
                [],
            )?)
        })
    }
}
