//! Late words: what an agent said last in a turn, told by a hook before the agent's own file has it.
//!
//! Until the file has them they stand at the end of the turn's response. What the file says later takes their place.

use rusqlite::{Transaction, params};
use serde_json::Value;

use super::error::Result;
use super::transcript::{Told, Transcript};
use super::turn::Turn;

/// Key in a turn's data: words that its file does not have yet.
const LATE: &str = "late";

/// Turns before the last one among which words are looked for that come too late.
const BEFORE: i64 = 50;

/// The words of a transcript's last turn that its file lacks: just told, or told before.
pub(super) fn missing(tx: &Transaction<'_>, session: &str, transcript: &Transcript, stored: Option<&Turn>) -> Result<Option<String>> {
    let Some((told, before)) = transcript.turns.split_last().filter(|(told, _)| !told.abandoned) else { return Ok(None) };
    let lacks = |late: &&str| !late.trim().is_empty() && !has(told.agent_response.as_deref(), late);
    if let Some(late) = told.late.as_deref().filter(lacks) {
        // A hook may come so late that other turns have begun.
        let said = before.iter().any(|turn| has(turn.agent_response.as_deref(), late)) || said_before(tx, session, told, late)?;
        if !said {
            return Ok(Some(late.trim().to_string()));
        }
    }
    Ok(stored.and_then(noted).filter(lacks).map(str::to_string))
}

fn said_before(tx: &Transaction<'_>, session: &str, told: &Told, late: &str) -> Result<bool> {
    let sql = "SELECT agent_response FROM turns WHERE session_id = ?1 AND native_id IS NOT ?2 AND agent_response IS NOT NULL
                   AND turn_number > (SELECT last_turn FROM sessions WHERE id = ?1) - ?3";
    let mut found = tx.prepare_cached(sql)?;
    let mut rows = found.query(params![session, told.native_id, BEFORE])?;
    while let Some(row) = rows.next()? {
        if has(row.get_ref(0)?.as_str().ok(), late) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Words that a turn was told before, and that its file did not have then.
fn noted(turn: &Turn) -> Option<&str> {
    turn.data.get(LATE).and_then(Value::as_str)
}

/// Takes from a turn the words that its file did not have.
pub(super) fn take_off(turn: &mut Turn) {
    let Some(Value::String(late)) = turn.data.remove(LATE) else { return };
    if let Some(rest) = turn.agent_response.as_deref().and_then(|said| said.strip_suffix(late.as_str())) {
        let rest = rest.trim_end();
        turn.agent_response = (!rest.is_empty()).then(|| rest.to_string());
    }
}

/// Puts words at the end of a turn that its file does not have.
pub(super) fn put_on(turn: &mut Turn, late: String) {
    turn.agent_response = Some(match turn.agent_response.take().filter(|said| !said.is_empty()) {
        Some(said) => format!("{said}\n\n{late}"),
        None => late.clone(),
    });
    turn.data.insert(LATE.into(), late.into());
}

/// Whether words stand in a response: as whole paragraphs, or at its end, however they are spaced.
fn has(said: Option<&str>, words: &str) -> bool {
    let Some(said) = said else { return false };
    let trimmed = |text: &str| text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    format!("\n\n{}\n\n", trimmed(said)).contains(&format!("\n\n{}\n\n", trimmed(words))) || bare(said).ends_with(&bare(words))
}
