//! Sources: the files in which agents keep conversations, and how far each was read.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::Record;
use super::error::Result;

/// A file in which an agent keeps conversations, as it was when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Its path.
    pub path: String,
    /// The agent that keeps it.
    pub agent: String,
    /// Size, time of modification and of change in ns, and inode.
    pub identity: [i64; 4],
    /// Up to where it was read.
    pub bytes: i64,
    /// Hash of its first bytes and of the last that were read.
    pub hash: i64,
    /// The choice that left something of it out; 0 where nothing was.
    pub left_out: i64,
    /// Where its last turn begins and what was known there, in the words of its reader; [`Record::sources`] leaves it out.
    pub mark: Option<String>,
}

/// A file of an agent, and the conversation that it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its path.
    pub path: String,
    /// The conversation; none where nothing of it was taken in.
    pub session: Option<String>,
    /// Its size when it was read, in bytes.
    pub size: i64,
}

const COLUMNS: &str = "path, agent, size, modified, changed, inode, bytes, hash, left_out";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Source> {
    Ok(Source {
        path: row.get(0)?,
        agent: row.get(1)?,
        identity: [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?],
        bytes: row.get(6)?,
        hash: row.get(7)?,
        left_out: row.get(8)?,
        mark: None,
    })
}

/// Notes how far a file was read.
pub(super) fn note(tx: &Transaction<'_>, source: &Source, session: Option<&str>) -> Result<()> {
    let [size, modified, changed, inode] = source.identity;
    let id: i64 = tx
        .prepare_cached(
            "INSERT INTO sources (path, agent, session_id, size, modified, changed, inode, bytes, hash, left_out)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (path) DO UPDATE SET agent = ?2, session_id = coalesce(?3, session_id), size = ?4, modified = ?5, changed = ?6,
                 inode = ?7, bytes = ?8, hash = ?9, left_out = ?10
             RETURNING id",
        )?
        .query_row(
            params![source.path, source.agent, session, size, modified, changed, inode, source.bytes, source.hash, source.left_out],
            |r| r.get(0),
        )?;
    match &source.mark {
        Some(mark) => tx.prepare_cached("INSERT OR REPLACE INTO marks (source, mark) VALUES (?1, ?2)")?.execute(params![id, mark])?,
        None => tx.prepare_cached("DELETE FROM marks WHERE source = ?1")?.execute([id])?,
    };
    Ok(())
}

impl Record {
    /// What is known of all files of agents, by path, without their marks.
    ///
    /// # Errors
    /// Those of the database.
    pub fn sources(&self) -> Result<HashMap<String, Source>> {
        self.plain(|db| {
            let mut found = db.prepare(&format!("SELECT {COLUMNS} FROM sources"))?;
            let rows = found.query_map([], read)?;
            rows.map(|source| source.map(|s| (s.path.clone(), s)).map_err(Into::into)).collect()
        })
    }

    /// What is known of one of them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn source(&self, path: &str) -> Result<Option<Source>> {
        let sql = format!("SELECT {COLUMNS}, mark FROM sources LEFT JOIN marks ON source = id WHERE path = ?1");
        let row = |row: &rusqlite::Row<'_>| Ok(Source { mark: row.get(9)?, ..read(row)? });
        self.plain(|db| Ok(db.prepare_cached(&sql)?.query_row([path], row).optional()?))
    }

    /// Files that tell active conversations of an agent, those that were changed last first, so many at most.
    ///
    /// # Errors
    /// Those of the database.
    pub fn recent_sources(&self, agent: &str, most: usize) -> Result<Vec<Source>> {
        let sql = format!("SELECT {COLUMNS} FROM sources WHERE agent = ?1 ORDER BY modified DESC LIMIT ?2");
        self.plain(|db| Ok(db.prepare_cached(&sql)?.query_map(params![agent, most], read)?.collect::<rusqlite::Result<_>>()?))
    }

    /// Files that were read, those that were changed longest ago first, so many at most; those of subagents are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn held_sources(&self, most: usize) -> Result<Vec<Held>> {
        let sql = "SELECT path, session_id, size FROM sources
                   WHERE session_id IS NULL OR session_id IN (SELECT id FROM sessions WHERE parent IS NULL)
                   ORDER BY modified, path LIMIT ?1";
        let row = |row: &rusqlite::Row<'_>| Ok(Held { path: row.get(0)?, session: row.get(1)?, size: row.get(2)? });
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_map([most], row)?.collect::<rusqlite::Result<_>>()?))
    }
}
