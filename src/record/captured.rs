//! What capture knows: digests of conversations, what it wrote into logs, and which logs conversations belong to.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, params};

use super::Record;
use super::conversation::Conversation;
use super::error::Result;
use super::track::free_log;

/// An entry that capture wrote into a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is known by in the log.
    pub key: String,
    /// The turn that it goes back to.
    pub turn: String,
    /// Its lines as they stand in the log; nothing while it was never written.
    pub text: Option<String>,
    /// Its lines as they are about to stand there.
    pub next: Option<String>,
    /// Stands for what was wanted.
    pub hash: i64,
    /// A person changed or removed it, or wrote it first.
    pub theirs: bool,
}

impl Row {
    /// Finds out what became of it, by whether lines stand in the log.
    pub fn settle(&mut self, stands: impl Fn(&str) -> bool) {
        if let Some(next) = self.next.take() {
            // Whoever wrote it was killed before or after.
            if stands(&next) {
                self.text = Some(next);
            } else {
                self.hash = 0;
            }
        }
        self.theirs |= self.text.as_deref().is_some_and(|text| !stands(text));
    }
}

/// Gives the log of a conversation to those of its subagents that have none.
pub(super) fn inherit(tx: &Transaction<'_>, parent: &str) -> Result<()> {
    let sql = "WITH RECURSIVE below(id) AS (SELECT ?1 UNION SELECT sessions.id FROM sessions JOIN below ON sessions.parent = below.id)
               UPDATE sessions SET log = (SELECT log FROM sessions WHERE id = ?1)
               WHERE id IN (SELECT id FROM below) AND log IS NULL AND (SELECT log FROM sessions WHERE id = ?1) IS NOT NULL";
    tx.prepare_cached(sql)?.execute([parent])?;
    Ok(())
}

impl Record {
    /// The digest of a conversation, and up to which turn it goes.
    ///
    /// # Errors
    /// Those of the database.
    pub fn digest(&self, session: &str) -> Result<Option<(i64, String)>> {
        let sql = "SELECT turn, digest FROM digests WHERE session_id = ?1";
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_row([session], |r| Ok((r.get(0)?, r.get(1)?))).optional()?))
    }

    /// Keeps a digest.
    ///
    /// # Errors
    /// Those of the database.
    pub fn keep_digest(&self, session: &str, turn: i64, digest: &str) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO digests (session_id, turn, digest) VALUES (?1, ?2, ?3)";
        self.write(|tx| Ok(tx.prepare_cached(sql)?.execute(params![session, turn, digest]).map(drop)?))
    }

    /// Conversations of the subagents that a conversation began.
    ///
    /// # Errors
    /// Those of the database.
    pub fn children(&self, session: &str) -> Result<Vec<Conversation>> {
        let sql = format!("SELECT {} FROM sessions WHERE parent = ?1 AND id != ?1 ORDER BY created_at, id", Conversation::COLUMNS);
        self.plain(|db| Ok(db.prepare_cached(&sql)?.query_map([session], Conversation::from_row)?.collect::<rusqlite::Result<_>>()?))
    }

    /// What capture wrote into a log.
    ///
    /// # Errors
    /// Those of the database.
    pub fn captured(&self, log: &str) -> Result<Vec<Row>> {
        let sql = "SELECT key, turn, text, next, hash, theirs FROM captured WHERE log = ?1 ORDER BY rowid";
        let row = |r: &rusqlite::Row<'_>| {
            Ok(Row { key: r.get(0)?, turn: r.get(1)?, text: r.get(2)?, next: r.get(3)?, hash: r.get(4)?, theirs: r.get(5)? })
        };
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_map([log], row)?.collect::<rusqlite::Result<_>>()?))
    }

    /// Notes what is about to be written into a log for a conversation.
    ///
    /// # Errors
    /// Those of the database.
    pub fn intend(&self, log: &str, session: &str, (before, after): (&[Row], &[Row])) -> Result<()> {
        let before: HashMap<&str, &Row> = before.iter().map(|row| (row.key.as_str(), row)).collect();
        let changed: Vec<&Row> = after.iter().filter(|row| before.get(row.key.as_str()) != Some(row)).collect();
        self.write(|tx| {
            for row in &changed {
                tx.prepare_cached(
                    "INSERT INTO captured (log, key, session_id, turn, text, next, hash, theirs) VALUES (?1, ?2, ?3, ?4, NULL, ?5, ?6, ?7)
                     ON CONFLICT (log, key) DO UPDATE SET turn = ?4, next = ?5, hash = ?6, theirs = ?7",
                )?
                .execute(params![log, row.key, session, row.turn, row.text, row.hash, row.theirs])?;
            }
            Ok(())
        })
    }

    /// Notes that it was written, and which entries are no more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn written(&self, log: &str, gone: &[String]) -> Result<()> {
        self.write(|tx| {
            tx.prepare_cached("UPDATE captured SET text = next, next = NULL WHERE log = ?1 AND next IS NOT NULL")?.execute([log])?;
            for key in gone {
                tx.prepare_cached("DELETE FROM captured WHERE log = ?1 AND key = ?2")?.execute([log, key])?;
            }
            Ok(())
        })
    }

    /// Gives a conversation a log, unless it has one; says which it has then.
    ///
    /// # Errors
    /// Those of the database.
    pub fn bind(&self, session: &str, log: &str) -> Result<String> {
        self.write(|tx| {
            tx.prepare_cached("UPDATE sessions SET log = ?2 WHERE id = ?1 AND log IS NULL")?.execute([session, log])?;
            inherit(tx, session)?;
            let sql = "SELECT coalesce(log, ?2) FROM sessions WHERE id = ?1";
            Ok(tx.prepare_cached(sql)?.query_row([session, log], |r| r.get(0))?)
        })
    }

    /// The first of these logs that no other live conversation holds.
    ///
    /// # Errors
    /// Those of the database.
    pub fn free_log(&self, logs: &[String], now: DateTime<Utc>) -> Result<Option<String>> {
        self.plain(|db| free_log(db, logs, now))
    }

    /// The log that an agent named for one of its conversations.
    ///
    /// # Errors
    /// Those of the database.
    pub fn named_log(&self, agent: &str, native: &str) -> Result<Option<String>> {
        let sql = "SELECT log FROM bound WHERE agent = ?1 AND native_id = ?2";
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_row([agent, native], |r| r.get(0)).optional()?))
    }

    /// Notes the log that an agent names for its conversation, also before anything of that is known.
    ///
    /// # Errors
    /// Those of the database.
    pub fn name_log(&self, agent: &str, native: &str, log: &str) -> Result<()> {
        self.write(|tx| {
            tx.prepare_cached("INSERT OR REPLACE INTO bound (agent, native_id, log) VALUES (?1, ?2, ?3)")?.execute([agent, native, log])?;
            tx.prepare_cached("UPDATE sessions SET log = ?3 WHERE agent = ?1 AND native_id = ?2 AND log IS NOT ?3")?
                .execute([agent, native, log])?;
            if let Some(conversation) = super::take::find(tx, agent, native)? {
                inherit(tx, &conversation.id)?;
            }
            Ok(())
        })
    }

    /// Where a turn is that an entry goes back to: conversation and number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn traced(&self, agent: Option<&str>, name: &str) -> Result<Option<(String, i64)>> {
        if let Some((session, number)) = name.rsplit_once(':').filter(|(session, _)| session.starts_with("SESS-")) {
            return Ok(number.parse().ok().map(|number| (session.to_string(), number)));
        }
        let Some(agent) = agent else { return Ok(None) };
        let sql = "SELECT session_id, turn_number FROM turns WHERE id = (SELECT turn FROM prompts WHERE key = ?1)";
        let key = super::take::key(agent, name);
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_row([key], |r| Ok((r.get(0)?, r.get(1)?))).optional()?))
    }
}
