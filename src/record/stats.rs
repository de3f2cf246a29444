//! Counts over the whole record.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;
use serde::Serialize;

use super::Record;
use super::conversation::time;
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

/// What the counts need of a conversation.
struct Group {
    agent: String,
    project: String,
    status: String,
    /// Times of the first and the last turn met, in ms.
    span: Option<(i64, i64)>,
    /// The last day on which a turn was met.
    day: i64,
    turns: u64,
}

const DAY: i64 = 86_400_000;

impl Record {
    /// Counts everything; it reads the whole record, once.
    ///
    /// # Errors
    /// Those of the database.
    pub fn stats(&self) -> Result<Stats> {
        self.read(|db| {
            let mut stats = Stats { actions: db.query_row("SELECT count(*) FROM actions", [], |r| r.get(0))?, ..Stats::default() };
            let mut groups = groups(db)?;
            for group in groups.values() {
                count(&mut stats, group, |count| count.conversations += 1);
            }
            let mut days: BTreeMap<i64, Count> = BTreeMap::new();
            // Mostly in the order in which they came, so that a conversation's turns of a day come together.
            for (table, live) in [("ui_conversation_archive", 0), ("ui_conversation_context", 1)] {
                let sql = format!(
                    "SELECT session_id, created_at, tokens, coalesce(octet_length(user_input), 0) + coalesce(octet_length(agent_response), 0)
                     FROM {table} WHERE turn_number > 0"
                );
                let mut found = db.prepare(&sql)?;
                let mut rows = found.query([])?;
                while let Some(row) = rows.next()? {
                    let Some(group) = groups.get_mut(row.get_ref(0)?.as_str().unwrap_or_default()) else { continue };
                    let (at, tokens, bytes): (i64, u64, u64) = (row.get(1)?, row.get(2)?, row.get(3)?);
                    stats.live_turns += live;
                    stats.text_bytes += bytes;
                    group.span = Some(group.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
                    group.turns += 1;
                    let add = |count: &mut Count| (count.turns, count.tokens) = (count.turns + 1, count.tokens + tokens);
                    count(&mut stats, group, add);
                    let day = days.entry(at.div_euclid(DAY)).or_default();
                    add(day);
                    day.conversations += u64::from(std::mem::replace(&mut group.day, at.div_euclid(DAY)) != at.div_euclid(DAY));
                }
            }
            stats.days = days.into_iter().map(|(day, count)| (time(day * DAY).format("%Y-%m-%d").to_string(), count)).collect();
            let mut spans: Vec<u64> =
                groups.values().filter(|g| g.turns > 1).filter_map(|g| g.span).map(|(a, b)| (b - a).unsigned_abs() / 1000).collect();
            spans.sort_unstable();
            let middle = |n: usize| spans.get(n).copied();
            stats.median_seconds = match spans.len() {
                n if n > 0 && n.is_multiple_of(2) => middle(n / 2).zip(middle(n / 2 - 1)).map(|(a, b)| a.midpoint(b)),
                n => middle(n / 2),
            };
            stats.longest_seconds = spans.last().copied();
            let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |m| m.len());
            stats.file_bytes = size(&self.path) + size(&super::schema::beside(&self.path, "-wal"));
            Ok(stats)
        })
    }
}

fn groups(db: &Connection) -> Result<HashMap<String, Group>> {
    let mut found = db.prepare("SELECT id, coalesce(agent, ''), coalesce(project, ''), status FROM sessions")?;
    let found = found.query_map([], |r| {
        let group = Group { agent: r.get(1)?, project: r.get(2)?, status: r.get(3)?, span: None, day: i64::MIN, turns: 0 };
        Ok((r.get(0)?, group))
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Counts something in the total and in the groups of its conversation.
fn count(stats: &mut Stats, group: &Group, add: impl Fn(&mut Count)) {
    add(&mut stats.total);
    for (counts, key) in [(&mut stats.agents, &group.agent), (&mut stats.projects, &group.project), (&mut stats.statuses, &group.status)] {
        match counts.get_mut(key) {
            Some(count) => add(count),
            None => add(counts.entry(key.clone()).or_default()),
        }
    }
}
