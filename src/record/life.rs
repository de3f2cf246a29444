//! The life of a conversation: its end and what is left of it, its title and log, the archive, and its deletion.

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};

use super::Record;
use super::conversation::Conversation;
use super::error::Result;
use super::status::{Action, Status};
use super::summary::Summary;

impl Record {
    /// Ends, pauses or resumes a conversation. One that is closed gets its summary, which its log is due if it has one.
    ///
    /// # Errors
    /// [`NotFound`](super::Error::NotFound), [`Transition`](super::Error::Transition).
    pub fn act(&self, id: &str, action: Action, now: DateTime<Utc>) -> Result<Conversation> {
        let id = self.clean_id(id);
        self.write(|tx| {
            let conversation = Conversation::known(tx, &id)?;
            let status = conversation.status.after(action, &conversation.id)?;
            let summary = match status {
                Status::Closed => Some(Summary::of(tx, &conversation)?.json()),
                _ => None,
            };
            tx.execute(
                "UPDATE sessions SET status = ?2, updated_at = max(updated_at, ?3), summary = coalesce(?4, summary),
                 log_due = CASE WHEN ?4 IS NOT NULL AND log IS NOT NULL THEN 1 ELSE log_due END WHERE id = ?1",
                params![conversation.id, status.name(), now.timestamp_millis(), summary],
            )?;
            Conversation::known(tx, &conversation.id)
        })
    }

    /// Closed conversations whose summary does not stand in their log yet.
    ///
    /// # Errors
    /// Those of the database.
    pub fn due(&self) -> Result<Vec<Conversation>> {
        let sql = format!("SELECT {} FROM sessions WHERE log_due > 0 ORDER BY updated_at, id", Conversation::COLUMNS);
        self.read(|db| Ok(db.prepare(&sql)?.query_map([], Conversation::from_row)?.collect::<rusqlite::Result<_>>()?))
    }

    /// Notes that the summary stands in the log.
    ///
    /// # Errors
    /// Those of the database.
    pub fn settled(&self, id: &str) -> Result<()> {
        self.write(|tx| Ok(tx.execute("UPDATE sessions SET log_due = 0 WHERE id = ?1", [id]).map(drop)?))
    }

    /// Archives conversations; says which were not archived yet.
    ///
    /// # Errors
    /// [`NotFound`](super::Error::NotFound); then none is archived.
    pub fn archive(&self, ids: &[String]) -> Result<Vec<String>> {
        self.write(|tx| {
            let mut archived = Vec::new();
            for id in ids {
                let conversation = Conversation::known(tx, id)?;
                if conversation.status != Status::Archived {
                    let sql = "UPDATE sessions SET status = 'archived' WHERE id = ?1";
                    tx.prepare_cached(sql)?.execute([&conversation.id])?;
                    archived.push(conversation.id);
                }
            }
            Ok(archived)
        })
    }

    /// Conversations that are not archived and have had no turn since a time.
    ///
    /// # Errors
    /// Those of the database.
    pub fn idle(&self, since: DateTime<Utc>) -> Result<Vec<String>> {
        let sql = "SELECT id FROM sessions WHERE status != 'archived' AND coalesce(last_turn_at, created_at) < ?1 ORDER BY updated_at, id";
        self.read(|db| {
            let mut ids = db.prepare(sql)?;
            Ok(ids.query_map([since.timestamp_millis()], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Gives a conversation a title, or takes it away.
    ///
    /// # Errors
    /// [`NotFound`](super::Error::NotFound).
    pub fn rename(&self, id: &str, title: Option<&str>) -> Result<Conversation> {
        let title = self.clean_some(title);
        self.change(id, "UPDATE sessions SET title = ?2 WHERE id = ?1", title.as_deref())
    }

    /// Says which log a conversation belongs to; a summary that it has already is due there.
    ///
    /// # Errors
    /// [`NotFound`](super::Error::NotFound).
    pub fn link(&self, id: &str, log: Option<&str>) -> Result<Conversation> {
        self.write(|tx| {
            let conversation = Conversation::known(tx, id)?;
            // One that was closed elsewhere may have none.
            let summary = match (&conversation.summary, conversation.status) {
                (None, Status::Closed) => Some(Summary::of(tx, &conversation)?.json()),
                _ => None,
            };
            tx.execute(
                "UPDATE sessions SET summary = coalesce(summary, ?3), log = ?2,
                     log_due = (?2 IS NOT NULL AND coalesce(summary, ?3) IS NOT NULL AND status = 'closed') WHERE id = ?1 AND log IS NOT ?2",
                params![conversation.id, log, summary],
            )?;
            Conversation::known(tx, &conversation.id)
        })
    }

    fn change(&self, id: &str, sql: &str, value: Option<&str>) -> Result<Conversation> {
        self.write(|tx| {
            let conversation = Conversation::known(tx, id)?;
            tx.execute(sql, params![conversation.id, value])?;
            Conversation::known(tx, &conversation.id)
        })
    }

    /// Deletes a conversation and those of its subagents; an import does not bring them back. Says which are gone.
    ///
    /// # Errors
    /// [`NotFound`](super::Error::NotFound).
    pub fn delete(&self, id: &str, now: DateTime<Utc>) -> Result<Vec<String>> {
        self.write(|tx| {
            let mut gone = vec![Conversation::known(tx, id)?.id];
            let mut next = 0;
            while let Some(id) = gone.get(next).cloned() {
                let mut children = tx.prepare_cached("SELECT id FROM sessions WHERE parent = ?1 ORDER BY id")?;
                let children = children.query_map([&id], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
                gone.extend(children.into_iter().filter(|c| !gone.contains(c)).collect::<Vec<_>>());
                tx.execute(
                    "INSERT OR REPLACE INTO deleted SELECT id, agent, native_id, ?2 FROM sessions WHERE id = ?1",
                    params![id, now.timestamp_millis()],
                )?;
                remove(tx, &id)?;
                next += 1;
            }
            Ok(gone)
        })
    }
}

/// Removes a conversation with all that belongs to it; gives the numbers of its turns and actions.
pub(super) fn remove(tx: &Transaction<'_>, id: &str) -> Result<(u64, u64)> {
    super::take::bury(tx, id)?;
    let actions = tx.execute("DELETE FROM actions WHERE turn IN (SELECT id FROM turns WHERE session_id = ?1)", [id])?;
    tx.execute("DELETE FROM identities WHERE session_id = ?1", [id])?;
    let live = tx.execute("DELETE FROM ui_conversation_context WHERE session_id = ?1 AND turn_number > 0", [id])?;
    tx.execute("DELETE FROM ui_conversation_context WHERE session_id = ?1", [id])?;
    let moved = tx.execute("DELETE FROM ui_conversation_archive WHERE session_id = ?1", [id])?;
    tx.execute("DELETE FROM sessions WHERE id = ?1", [id])?;
    Ok(((live + moved) as u64, actions as u64))
}
