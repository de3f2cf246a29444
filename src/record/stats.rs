//! Counts over the whole record.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;

use super::Record;
use super::error::Result;

/// Conversations, turns and tokens of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Conversations.
    pub conversations: u64,
    /// Turns.
    pub turns: u64,
    /// Tokens, given or estimated.
    pub tokens: u64,
}

/// What a record holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Everything.
    pub total: Count,
    /// Turns in the live contexts.
    pub live_turns: u64,
    /// Actions.
    pub actions: u64,
    /// Bytes of all texts of turns.
    pub text_bytes: u64,
    /// Bytes of the database's file, and of its write-ahead log.
    pub file_bytes: u64,
    /// Seconds between the first and the last turn of a conversation with two turns or more: the median.
    pub median_seconds: Option<u64>,
    /// And the longest.
    pub longest_seconds: Option<u64>,
    /// By the day of the turn, UTC.
    pub days: BTreeMap<String, Count>,
    /// By agent; programs that track turns themselves have none.
    pub agents: BTreeMap<String, Count>,
    /// By project.
    pub projects: BTreeMap<String, Count>,
    /// By status.
    pub statuses: BTreeMap<String, Count>,
}

impl Record {
    /// Counts everything; it reads the whole record.
    ///
    /// # Errors
    /// Those of the database.
    pub fn stats(&self) -> Result<Stats> {
        self.read(|db| {
            let mut stats = Stats::default();
            stats.total.conversations = db.query_row("SELECT count(*) FROM sessions", [], |r| r.get(0))?;
            let sum = "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(live), 0),
                       coalesce(sum(octet_length(user_input)), 0) + coalesce(sum(octet_length(agent_response)), 0) FROM turns";
            (stats.total.turns, stats.total.tokens, stats.live_turns, stats.text_bytes) =
                db.query_row(sum, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
            stats.actions = db.query_row("SELECT count(*) FROM actions", [], |r| r.get(0))?;
            stats.days = groups(db, "date(t.created_at / 1000, 'unixepoch')", "JOIN")?;
            stats.agents = groups(db, "coalesce(s.agent, '')", "LEFT JOIN")?;
            stats.projects = groups(db, "coalesce(s.project, '')", "LEFT JOIN")?;
            stats.statuses = groups(db, "s.status", "LEFT JOIN")?;
            let spans = durations(db)?;
            stats.median_seconds = spans.get(spans.len() / 2).copied();
            stats.longest_seconds = spans.last().copied();
            let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |m| m.len());
            stats.file_bytes = size(&self.path) + size(&super::schema::beside(&self.path, "-wal"));
            Ok(stats)
        })
    }
}

fn groups(db: &Connection, key: &str, join: &str) -> Result<BTreeMap<String, Count>> {
    let sql = format!(
        "SELECT {key} AS k, count(DISTINCT s.id), count(t.id), coalesce(sum(t.tokens), 0)
         FROM sessions s {join} turns t ON t.session_id = s.id GROUP BY k"
    );
    let mut found = db.prepare(&sql)?;
    let found = found.query_map([], |r| Ok((r.get(0)?, Count { conversations: r.get(1)?, turns: r.get(2)?, tokens: r.get(3)? })))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Seconds from the first to the last turn, sorted.
fn durations(db: &Connection) -> Result<Vec<u64>> {
    let sql = "SELECT (max(created_at) - min(created_at)) / 1000 AS s FROM turns GROUP BY session_id HAVING count(*) > 1 ORDER BY s";
    let mut found = db.prepare(sql)?;
    Ok(found.query_map([], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?)
}
