//! Conversations: making, finding, listing and changing them.

use chrono::{DateTime, TimeZone, Utc};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, Transaction, named_params, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::{Error, Result};
use super::id::ConversationId;
use super::status::Status;
use super::summary::Summary;
use super::{Record, Settings};

/// How many ids an error offers.
const OFFERED: usize = 10;

/// A conversation as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// Where it takes place.
    pub channel_id: String,
    /// Its status.
    pub status: Status,
    /// The model that answers.
    pub model: Option<String>,
    /// The coding agent that it comes from.
    pub agent: Option<String>,
    /// Its id there.
    pub native_id: Option<String>,
    /// Project that it is about.
    pub project: Option<String>,
    /// Branch it began on.
    pub branch: Option<String>,
    /// Directory it began in.
    pub cwd: Option<String>,
    /// The conversation that began this one as its subagent's.
    pub parent: Option<String>,
    /// The conversation that this one goes on from.
    pub origin: Option<String>,
    /// The last turn that the two share.
    pub origin_turn: Option<i64>,
    /// What it is about.
    pub title: Option<String>,
    /// Id of its log.
    pub log: Option<String>,
    /// What it came to; written when it is closed.
    pub summary: Option<Summary>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When its last turn was.
    pub last_turn_at: Option<DateTime<Utc>>,
    /// Turns, live and moved to the archive table.
    pub turns: u64,
    /// The highest turn number.
    #[serde(skip)]
    pub last_turn: i64,
    /// Turns in the live context.
    pub live_turns: u64,
    /// Tokens of the live context.
    pub live_tokens: u64,
    /// Keys of an import that have no place of their own.
    #[serde(skip)]
    pub data: Map<String, Value>,
}

/// A conversation that is to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NewConversation {
    /// Its id, if the caller has one; what is not well-formed becomes the native id.
    pub id: Option<String>,
    /// Whose it is.
    pub user: String,
    /// Where it takes place.
    pub channel: String,
    /// The model that answers.
    pub model: Option<String>,
    /// Project that it is about.
    pub project: Option<String>,
    /// Directory it begins in.
    pub cwd: Option<String>,
    /// What it is about.
    pub title: Option<String>,
    /// Id of its log.
    pub log: Option<String>,
}

impl NewConversation {
    /// The same with everything that may not be stored taken out.
    pub(super) fn cleaned(&self, settings: &Settings) -> NewConversation {
        NewConversation {
            id: self.id.as_deref().map(|id| settings.clean_id(id)),
            user: settings.clean(&self.user).into_owned(),
            channel: settings.clean(&self.channel).into_owned(),
            model: settings.clean_some(self.model.as_deref()),
            project: settings.clean_some(self.project.as_deref()),
            cwd: settings.clean_some(self.cwd.as_deref()),
            title: settings.clean_some(self.title.as_deref()),
            log: self.log.clone(),
        }
    }
}

/// Which conversations to list; all that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Their status.
    pub status: Option<Status>,
    /// Whose they are.
    pub user: Option<String>,
    /// Where they take place.
    pub channel: Option<String>,
    /// The agent that they come from.
    pub agent: Option<String>,
    /// The project that they are about.
    pub project: Option<String>,
    /// Changed then or later.
    pub since: Option<DateTime<Utc>>,
    /// At most so many, the newest first; none: all.
    pub limit: Option<usize>,
}

/// A time as it is stored: milliseconds since 1970.
pub(super) fn time(millis: i64) -> DateTime<Utc> {
    Utc.timestamp_millis_opt(millis).single().unwrap_or_default()
}

/// What other columns of a row say as JSON; nothing where they are empty or no object.
pub(super) fn object(text: Option<&str>) -> Map<String, Value> {
    text.and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default()
}

/// The same the other way round.
pub(super) fn object_text(map: &Map<String, Value>) -> Option<String> {
    (!map.is_empty()).then(|| serde_json::to_string(map).expect("JSON is text"))
}

impl Conversation {
    pub(super) const COLUMNS: &'static str = "id, user_id, channel_id, status, model, agent, native_id, project, branch, cwd, parent, \
         origin, origin_turn, title, log, summary, created_at, updated_at, last_turn_at, turns, last_turn, live_turns, live_tokens, data";

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
        let status: String = row.get(3)?;
        let summary: Option<String> = row.get(15)?;
        let data: Option<String> = row.get(23)?;
        Ok(Conversation {
            id: row.get(0)?,
            user_id: row.get(1)?,
            channel_id: row.get(2)?,
            // What another program wrote there is not active.
            status: Status::named(&status).unwrap_or(Status::Archived),
            model: row.get(4)?,
            agent: row.get(5)?,
            native_id: row.get(6)?,
            project: row.get(7)?,
            branch: row.get(8)?,
            cwd: row.get(9)?,
            parent: row.get(10)?,
            origin: row.get(11)?,
            origin_turn: row.get(12)?,
            title: row.get(13)?,
            log: row.get(14)?,
            summary: summary.and_then(|s| serde_json::from_str(&s).ok()),
            created_at: time(row.get(16)?),
            updated_at: time(row.get(17)?),
            last_turn_at: row.get::<_, Option<i64>>(18)?.map(time),
            turns: row.get(19)?,
            last_turn: row.get(20)?,
            live_turns: row.get(21)?,
            live_tokens: row.get(22)?,
            data: object(data.as_deref()),
        })
    }

    pub(super) fn load(db: &Connection, id: &str) -> Result<Option<Conversation>> {
        let sql = format!("SELECT {} FROM sessions WHERE id = ?1", Conversation::COLUMNS);
        Ok(db.prepare_cached(&sql)?.query_row([id], Conversation::from_row).optional()?)
    }

    /// The one with this id, or with this native id and no agent: programs may go on calling it as they first did.
    pub(super) fn called(db: &Connection, name: &str) -> Result<Option<Conversation>> {
        if ConversationId::parse(name).is_some() {
            return Conversation::load(db, name);
        }
        let sql = format!(
            "SELECT {} FROM sessions WHERE native_id = ?1 AND agent IS NULL ORDER BY status IN ('active', 'paused') DESC, created_at DESC LIMIT 1",
            Conversation::COLUMNS
        );
        Ok(db.prepare_cached(&sql)?.query_row([name], Conversation::from_row).optional()?)
    }

    /// The one with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the most recent ids.
    pub(super) fn known(db: &Connection, name: &str) -> Result<Conversation> {
        match Conversation::called(db, name)? {
            Some(found) => Ok(found),
            None => Err(Error::NotFound { name: name.to_string(), recent: recent(db)? }),
        }
    }
}

/// The most recent ids.
fn recent(db: &Connection) -> Result<Vec<String>> {
    let mut ids = db.prepare("SELECT id FROM sessions ORDER BY updated_at DESC, id DESC LIMIT ?1")?;
    let ids = ids.query_map([OFFERED], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Whether a conversation was deleted.
pub(super) fn is_deleted(db: &Connection, id: &str) -> Result<bool> {
    Ok(db.prepare_cached("SELECT 1 FROM deleted WHERE id = ?1")?.exists([id])?)
}

/// Inserts a conversation with its turn 0.
pub(super) fn insert(tx: &Transaction<'_>, id: &str, native_id: Option<&str>, new: &NewConversation, now: DateTime<Utc>) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO sessions (id, user_id, channel_id, status, model, created_at, updated_at, native_id, project, cwd, title, log)
         VALUES (:id, :user, :channel, 'active', :model, :now, :now, :native, :project, :cwd, :title, :log)",
    )?
    .execute(named_params! {
        ":id": id, ":user": new.user, ":channel": new.channel, ":model": new.model, ":now": now.timestamp_millis(), ":native": native_id,
        ":project": new.project, ":cwd": new.cwd, ":title": new.title, ":log": new.log,
    })?;
    begin(tx, id, now)
}

/// Turn 0 stands for the creation of a conversation.
pub(super) fn begin(tx: &Transaction<'_>, id: &str, now: DateTime<Utc>) -> Result<()> {
    let turn = super::turn::next_id(tx)?;
    tx.prepare_cached(
        "INSERT INTO ui_conversation_context (session_id, turn_number, created_at, status, id) VALUES (?1, 0, ?2, 'created', ?3)",
    )?
    .execute(params![id, now.timestamp_millis(), turn])?;
    Ok(())
}

/// An id that no conversation has or had.
pub(super) fn fresh(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<ConversationId> {
    loop {
        let id = ConversationId::random(now);
        if Conversation::load(tx, id.as_str())?.is_none() && !is_deleted(tx, id.as_str())? {
            return Ok(id);
        }
    }
}

impl Record {
    /// Makes a conversation. An id that is not well-formed is kept as its native id.
    ///
    /// # Errors
    /// [`Error::Refused`] for an id that is taken or was deleted; those of the database.
    pub fn create(&self, new: &NewConversation, now: DateTime<Utc>) -> Result<Conversation> {
        let new = new.cleaned(&self.settings);
        self.write(|tx| {
            if let Some(id) = &new.id {
                // A program may begin anew under a name of its own when the conversation of that name is over.
                let over = |c: &Conversation| c.id != *id && matches!(c.status, Status::Closed | Status::Archived);
                if Conversation::called(tx, id)?.is_some_and(|c| !over(&c)) {
                    let hint = "leave --session-id out, and the answer names a new one";
                    return Err(Error::refused("conversation-exists", format!("there is a conversation `{id}` already"), hint));
                }
                not_deleted(tx, id)?;
            }
            let (id, native) = name_for(tx, new.id.as_deref(), now)?;
            insert(tx, id.as_str(), native.as_deref(), &new, now)?;
            Conversation::known(tx, id.as_str())
        })
    }

    /// The conversation with this id or native id.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the most recent ids.
    pub fn conversation(&self, id: &str) -> Result<Conversation> {
        let id = self.clean_id(id);
        self.read(|db| Conversation::known(db, &id))
    }

    /// The conversation that a person means: its id, the beginning or end of it, its native id, or `@` for the newest.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Ambiguous`].
    pub fn resolve(&self, name: &str) -> Result<Conversation> {
        let name = self.clean_id(name.trim());
        self.read(|db| {
            let load = |id: &str| Conversation::known(db, id);
            if name == "@" {
                return load(recent(db)?.first().map_or("@", String::as_str));
            }
            if let Some(found) = Conversation::load(db, &name)? {
                return Ok(found);
            }
            let ids = |sql: &str| -> Result<Vec<String>> {
                let mut found = db.prepare(sql)?;
                let found = found.query_map([&name], |row| row.get(0))?;
                Ok(found.take(OFFERED + 1).collect::<rusqlite::Result<_>>()?)
            };
            let mut fit = ids("SELECT id FROM sessions WHERE native_id = ?1 ORDER BY id")?;
            if fit.is_empty() && name.len() > 1 {
                fit = ids("SELECT id FROM sessions WHERE substr(id, 1, length(?1)) = ?1 OR substr(id, -length(?1)) = ?1 ORDER BY id")?;
            }
            match fit.as_slice() {
                [one] => load(one),
                [] => Err(Error::NotFound { name: name.clone(), recent: recent(db)? }),
                _ => Err(Error::Ambiguous { name: name.clone(), candidates: fit.into_iter().take(OFFERED).collect() }),
            }
        })
    }

    /// Conversations that a filter leaves, those changed last first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn conversations(&self, filter: &Filter) -> Result<Vec<Conversation>> {
        let (condition, values) = filter.sql(self);
        let columns = Conversation::COLUMNS;
        let limit = filter.limit.map_or(-1, |n| i64::try_from(n).unwrap_or(-1));
        let sql = format!("SELECT {columns} FROM sessions WHERE {condition} ORDER BY updated_at DESC, id DESC LIMIT {limit}");
        self.read(|db| {
            let mut found = db.prepare(&sql)?;
            let values: Vec<&dyn ToSql> = values.iter().map(AsRef::as_ref).collect();
            let rows = found.query_map(values.as_slice(), Conversation::from_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The beginning of what the user said first, where there is such a turn.
    ///
    /// # Errors
    /// Those of the database.
    pub fn opening(&self, id: &str) -> Result<Option<String>> {
        let sql = "SELECT substr(user_input, 1, 200) FROM turns WHERE session_id = ?1 AND turn_number = 1";
        self.read(|db| Ok(db.prepare_cached(sql)?.query_row([id], |r| r.get(0)).optional()?.flatten()))
    }
}

/// Refuses an id that was deleted.
pub(super) fn not_deleted(tx: &Transaction<'_>, id: &str) -> Result<()> {
    match is_deleted(tx, id)? {
        true => Err(Error::refused(
            "conversation-deleted",
            format!("the conversation `{id}` was deleted"),
            "begin a new one with `shiftlog manage-session --action create`",
        )),
        false => Ok(()),
    }
}

/// The id of a new conversation, and the native id where the one that was given is not well-formed.
pub(super) fn name_for(tx: &Transaction<'_>, given: Option<&str>, now: DateTime<Utc>) -> Result<(ConversationId, Option<String>)> {
    match given.map(|g| (g, ConversationId::parse(g))) {
        Some((_, Some(id))) => Ok((id, None)),
        Some((other, None)) => Ok((fresh(tx, now)?, Some(other.to_string()).filter(|o| !o.is_empty()))),
        None => Ok((fresh(tx, now)?, None)),
    }
}

impl Filter {
    /// The condition and its values, in order.
    fn sql(&self, record: &Record) -> (String, Vec<Box<dyn ToSql>>) {
        let mut parts = vec!["1".to_string()];
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        let texts = [
            ("status", self.status.map(|s| s.name().to_string())),
            ("user_id", self.user.clone()),
            ("channel_id", self.channel.clone()),
            ("agent", self.agent.clone()),
            ("project", self.project.clone()),
        ];
        for (column, value) in texts {
            if let Some(value) = value {
                values.push(Box::new(record.clean(&value).into_owned()));
                parts.push(format!("{column} = ?{}", values.len()));
            }
        }
        if let Some(since) = self.since {
            values.push(Box::new(since.timestamp_millis()));
            parts.push(format!("updated_at >= ?{}", values.len()));
        }
        (parts.join(" AND "), values)
    }
}
