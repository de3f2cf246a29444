//! Actions: what an agent did in a turn.

use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::conversation::{object, object_text};
use super::error::Result;
use super::{Record, redact};

/// Something that an agent did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Action {
    /// `command`, `file-created`, `file-edited`, `file-read`, `url`, `todo`, `error`, …
    #[serde(default)]
    pub kind: String,
    /// The command, path, address, …
    #[serde(default)]
    pub value: String,
    /// Whether it succeeded, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<bool>,
    /// What it printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Keys that have no place of their own.
    #[serde(flatten)]
    pub data: Map<String, Value>,
}

impl Action {
    pub(super) fn insert(&self, tx: &Transaction<'_>, turn: i64, position: usize) -> Result<()> {
        tx.prepare_cached("INSERT INTO actions (turn, position, kind, value, ok, output, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![turn, position, self.kind, self.value, self.ok, self.output, object_text(&self.data)])?;
        Ok(())
    }

    /// Two reports of the same actions in one: each says all that either of them says. Nothing where they contradict each other.
    pub(super) fn merged(there: &[Action], given: &[Action]) -> Option<Vec<Action>> {
        let mut all = there.to_vec();
        for (one, other) in all.iter_mut().zip(given) {
            let output = (one.output.as_deref().unwrap_or_default(), other.output.as_deref().unwrap_or_default());
            let same =
                (&one.kind, &one.value) == (&other.kind, &other.value) && (one.ok.is_none() || other.ok.is_none() || one.ok == other.ok);
            if !same || !(output.1.starts_with(output.0) || output.0.starts_with(output.1)) {
                return None;
            }
            one.ok = one.ok.or(other.ok);
            if output.1.len() > output.0.len() {
                one.output.clone_from(&other.output);
            }
            for (key, value) in &other.data {
                one.data.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        all.extend(given.iter().skip(there.len()).cloned());
        Some(all)
    }

    /// Writes the actions of a turn anew.
    pub(super) fn replace(tx: &Transaction<'_>, turn: i64, actions: &[Action]) -> Result<()> {
        tx.prepare_cached("DELETE FROM actions WHERE turn = ?1")?.execute([turn])?;
        actions.iter().enumerate().try_for_each(|(position, action)| action.insert(tx, turn, position))?;
        // The turn is another one now, whether its row changes or not.
        tx.prepare_cached("INSERT INTO changes(turn) VALUES (?1)")?.execute([turn])?;
        Ok(())
    }

    pub(super) fn of_turn(db: &Connection, turn: i64) -> Result<Vec<Action>> {
        let mut found = db.prepare_cached("SELECT kind, value, ok, output, data FROM actions WHERE turn = ?1 ORDER BY position")?;
        let found = found.query_map([turn], |row| {
            let data: Option<String> = row.get(4)?;
            Ok(Action { kind: row.get(0)?, value: row.get(1)?, ok: row.get(2)?, output: row.get(3)?, data: object(data.as_deref()) })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

impl Record {
    /// An action as it may be stored.
    pub(super) fn clean_action(&self, action: &mut Action) {
        action.kind = self.clean(&action.kind).into_owned();
        action.value = self.clean(&action.value).into_owned();
        action.output = self.clean_some(action.output.as_deref());
        self.clean_map(&mut action.data);
    }

    pub(super) fn clean_map(&self, map: &mut Map<String, Value>) {
        if self.settings.redact && !map.is_empty() {
            let mut value = Value::Object(std::mem::take(map));
            redact::redact_value(&mut value);
            if let Value::Object(clean) = value {
                *map = clean;
            }
        }
    }
}
