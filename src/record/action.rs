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
    pub kind: String,
    /// The command, path, address, …
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
