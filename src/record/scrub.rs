//! Scrubbing: finding secrets that were stored all the same, and taking them out for good.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::Value;

use super::error::Result;
use super::redact::{find, redact, redact_value};
use super::{Record, retry, schema};

/// A place where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where, as a person can find it.
    pub place: String,
    /// What kind of secret.
    pub kind: &'static str,
}

/// Tables and the columns of them that hold text, and what names a row.
const TEXTS: [(&str, &str, &[&str]); 8] = [
    ("sessions", "id", &["user_id", "channel_id", "model", "native_id", "project", "branch", "cwd", "parent", "title", "summary", "data"]),
    (
        "ui_conversation_context",
        "session_id || ' turn ' || turn_number",
        &["user_input", "agent_response", "native_id", "author", "model", "status", "data"],
    ),
    (
        "ui_conversation_archive",
        "session_id || ' turn ' || turn_number",
        &["user_input", "agent_response", "native_id", "author", "model", "status", "data"],
    ),
    (
        "actions",
        "(SELECT session_id || ' turn ' || turn_number FROM turns WHERE turns.id = actions.turn)",
        &["kind", "value", "output", "data"],
    ),
    ("deleted", "id", &["native_id"]),
    ("captured", "log || ' ' || key", &["key", "text", "next"]),
    ("marks", "(SELECT path FROM sources WHERE id = marks.source)", &["mark"]),
    ("digests", "session_id", &["digest"]),
];

/// Columns that hold JSON: their strings are looked at one by one.
const JSON: [&str; 4] = ["summary", "data", "mark", "digest"];

/// A column's text without secrets, if there are any in it.
fn clean<'t>(column: &str, text: &'t str) -> Option<Cow<'t, str>> {
    if JSON.contains(&column)
        && let Ok(mut value) = serde_json::from_str::<Value>(text)
    {
        return redact_value(&mut value).then(|| Cow::Owned(value.to_string()));
    }
    match redact(text) {
        Cow::Borrowed(_) => None,
        changed => Some(changed),
    }
}

fn kinds(column: &str, text: &str) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = find(text).into_iter().map(|f| f.kind).collect();
    if kinds.is_empty() && clean(column, text).is_some() {
        kinds.push("assignment");
    }
    kinds
}

impl Record {
    /// Secrets that are stored.
    ///
    /// # Errors
    /// Those of the database.
    pub fn secrets(&self) -> Result<Vec<Finding>> {
        self.read(|db| {
            let mut found = Vec::new();
            for (table, name, columns) in TEXTS {
                for (row, column, text) in suspects(db, table, columns)? {
                    let sql = format!("SELECT {name} FROM {table} WHERE rowid = ?1");
                    let place: Option<String> = db.query_row(&sql, [row], |r| r.get(0))?;
                    let place = format!("{} {column}", place.unwrap_or_else(|| table.to_string()));
                    found.extend(kinds(column, &text).into_iter().map(|kind| Finding { place: place.clone(), kind }));
                }
            }
            Ok(found)
        })
    }

    /// Takes them out, and writes the database anew so that nothing of them is left in its file. Says how many texts changed.
    ///
    /// # Errors
    /// Those of the database; [`super::Error::Busy`] while others use the record.
    pub fn scrub(&self) -> Result<usize> {
        self.plain(|db| Ok(db.execute_batch("PRAGMA secure_delete=ON")?))?;
        let changed = self.write(|tx| {
            let mut changed = 0;
            for (table, _, columns) in TEXTS {
                for (row, column, text) in suspects(tx, table, columns)? {
                    let Some(clean) = clean(column, &text) else { continue };
                    // What identifies something must stay unique.
                    let clean = if column.ends_with("id") { format!("{clean}#{row:x}") } else { clean.into_owned() };
                    let sql = format!("UPDATE {table} SET {column} = ?2 WHERE rowid = ?1");
                    tx.prepare_cached(&sql)?.execute(params![row, clean])?;
                    changed += 1;
                }
            }
            Ok(changed)
        })?;
        // Also where nothing changed: an earlier run may have been killed before it came this far.
        retry(|| self.checkpoint())?;
        self.plain(|db| Ok(db.execute_batch("VACUUM")?))?;
        retry(|| self.checkpoint())?;
        schema::protect(&self.path)?;
        Ok(changed)
    }
}

/// Rows and columns whose text changes when it is redacted.
fn suspects(db: &Connection, table: &str, columns: &'static [&'static str]) -> Result<Vec<(i64, &'static str, String)>> {
    let mut found = Vec::new();
    let mut rows = db.prepare(&format!("SELECT rowid, {} FROM {table}", columns.join(", ")))?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        for (index, column) in columns.iter().enumerate() {
            if let ValueRef::Text(bytes) = row.get_ref(index + 1)?
                && let Ok(text) = std::str::from_utf8(bytes)
                && clean(column, text).is_some()
            {
                found.push((row.get(0)?, *column, text.to_string()));
            }
        }
    }
    Ok(found)
}

/// Secrets in a text by line, for files.
pub fn in_text(text: &str) -> Vec<(usize, &'static str)> {
    let mut lines = BTreeMap::new();
    for found in find(text) {
        let line = text[..found.range.start].matches('\n').count() + 1;
        lines.entry((line, found.kind)).or_insert(());
    }
    lines.into_keys().collect()
}
