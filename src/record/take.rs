//! Taking transcripts into the record, each turn once.
//!
//! A turn is known by the id that its agent gave it, wherever it stands: forks copy turns with their ids. What a later look at a
//! transcript says of a turn takes the place of what an earlier one said, unless it says less.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, params};
use xxhash_rust::xxh3::xxh3_64;

use super::Record;
use super::action::Action;
use super::captured;
use super::conversation::{self, Conversation, object_text};
use super::error::Result;
use super::id::ConversationId;
use super::late;
use super::pending;
use super::privacy::Privacy;
use super::source::{self, Source};
use super::status::Status;
use super::transcript::{Told, Transcript};
use super::turn::{self, ABANDONED, Turn};

/// What became of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The conversation; nothing where it was left out.
    pub id: Option<String>,
    /// It is new.
    pub created: bool,
    /// Turns that are new.
    pub turns: u64,
    /// Their actions, and those that turns got.
    pub actions: u64,
    /// Turns of which something new is known.
    pub changed: u64,
    /// Turns that were there.
    pub known: u64,
    /// Why it was left out.
    pub skipped: Option<&'static str>,
}

/// Why a transcript is left out.
pub const EXCLUDED: &str = "excluded, or recording is off there";
/// The same.
pub const DELETED: &str = "deleted before";
/// The same.
pub const EMPTY: &str = "nothing was said";
/// The same.
pub const COPIES: &str = "only copies of turns of another conversation";

/// Key in a turn's data: it was copied, and the conversation that it was copied from was not there.
const COPIED: &str = "copied";

/// What a turn is known by, wherever it stands.
pub(super) fn key(agent: &str, native: &str) -> i64 {
    xxh3_64(format!("{agent}\0{native}").as_bytes()).cast_signed()
}

/// Forgets where the turns of a conversation are; an agent's are not brought back as copies.
pub(super) fn bury(tx: &Transaction<'_>, session: &str) -> Result<()> {
    let sql = "SELECT s.agent, t.native_id FROM turns t JOIN sessions s ON s.id = t.session_id
               WHERE t.session_id = ?1 AND t.native_id IS NOT NULL AND s.agent IS NOT NULL";
    let mut found = tx.prepare_cached(sql)?;
    let found = found.query_map([session], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    for (agent, native) in found {
        tx.prepare_cached("UPDATE prompts SET turn = 0 WHERE key = ?1")?.execute([key(&agent, &native)])?;
    }
    tx.execute("DELETE FROM captured WHERE session_id = ?1", [session])?;
    tx.execute("UPDATE sources SET session_id = NULL WHERE session_id = ?1", [session])?;
    Ok(())
}

impl Record {
    /// Takes in what files of agents tell, cleaned before, and notes how far the files were read. All of it, or nothing.
    ///
    /// Where `privacy` leaves out something of a file, that is noted as `choice`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take_transcripts(
        &self,
        files: &[(Vec<Transcript>, Source)],
        (privacy, choice): (&Privacy, i64),
        now: DateTime<Utc>,
    ) -> Result<Vec<Vec<Taken>>> {
        self.write(|tx| {
            let mut all = Vec::new();
            for (transcripts, source) in files {
                let mut taken = Vec::new();
                for transcript in transcripts {
                    taken.push(Taking { record: self, tx, transcript, privacy, now }.take()?);
                }
                let barred = taken.iter().any(|t| t.skipped == Some(EXCLUDED));
                let source = Source { left_out: if barred { choice } else { source.left_out }, ..source.clone() };
                source::note(tx, &source, taken.iter().find_map(|t| t.id.as_deref()))?;
                all.push(taken);
            }
            Ok(all)
        })
    }

    /// Takes in what is told of a conversation that has no file.
    ///
    /// # Errors
    /// Those of the database.
    pub fn take_told(&self, transcript: &Transcript, privacy: &Privacy, now: DateTime<Utc>) -> Result<Taken> {
        let mut transcript = transcript.clone();
        transcript.clean(&self.settings);
        self.write(|tx| Taking { record: self, tx, transcript: &transcript, privacy, now }.take())
    }

    /// The conversation that an agent knows by this id.
    ///
    /// # Errors
    /// Those of the database.
    pub fn of_agent(&self, agent: &str, native: &str) -> Result<Option<Conversation>> {
        let native = self.clean_id(native);
        self.plain(|db| find(db, agent, &native))
    }
}

pub(super) fn find(db: &rusqlite::Connection, agent: &str, native: &str) -> Result<Option<Conversation>> {
    let sql = format!("SELECT {} FROM sessions WHERE native_id = ?1 AND agent = ?2 ORDER BY created_at LIMIT 1", Conversation::COLUMNS);
    Ok(db.prepare_cached(&sql)?.query_row(params![native, agent], Conversation::from_row).optional()?)
}

/// Taking in one transcript.
struct Taking<'t> {
    record: &'t Record,
    tx: &'t Transaction<'t>,
    transcript: &'t Transcript,
    privacy: &'t Privacy,
    now: DateTime<Utc>,
}

/// Where a turn of the transcript is.
enum Found {
    /// In this conversation.
    Here(Box<Turn>),
    /// Another conversation has it, and keeps it.
    Elsewhere(i64),
    /// Another conversation has it, and only as a copy.
    Astray(i64),
    /// It was deleted.
    Gone,
    Nowhere,
}

impl Taking<'_> {
    fn take(&self) -> Result<Taken> {
        let told = self.transcript;
        let stored = find(self.tx, &told.agent, &told.native_id)?;
        if stored.is_none() {
            let deleted = "SELECT 1 FROM deleted WHERE native_id = ?1 AND (agent = ?2 OR agent IS NULL)";
            if self.tx.prepare_cached(deleted)?.exists(params![told.native_id, told.agent])? {
                return Ok(skipped(DELETED));
            }
        }
        if self.privacy.barrier(told.project.as_deref(), told.cwd.as_deref().map(std::path::Path::new)).is_some() || self.is_barred()? {
            return Ok(skipped(EXCLUDED));
        }
        let mut found = Vec::new();
        for turn in &told.turns {
            found.push(self.look(stored.as_ref(), turn)?);
        }
        let own = found.iter().any(|f| !matches!(f, Found::Elsewhere(_) | Found::Gone));
        let conversation = match stored {
            Some(stored) => stored,
            None if told.turns.is_empty() => return Ok(skipped(EMPTY)),
            None if !own => return Ok(skipped(COPIES)),
            None => return self.begin(&found).and_then(|made| self.fill(made, found, true)),
        };
        self.fill(conversation, found, false)
    }

    /// It is a subagent's of a conversation that must not be stored.
    fn is_barred(&self) -> Result<bool> {
        let Some(parent) = &self.transcript.parent else { return Ok(false) };
        let parent = find(self.tx, &self.transcript.agent, parent)?;
        Ok(parent.is_some_and(|p| self.privacy.barrier(p.project.as_deref(), p.cwd.as_deref().map(std::path::Path::new)).is_some()))
    }

    fn look(&self, stored: Option<&Conversation>, turn: &Told) -> Result<Found> {
        if let Some(stored) = stored {
            let sql = format!("SELECT {}, live FROM turns WHERE session_id = ?1 AND native_id = ?2", Turn::COLUMNS);
            let here = self.tx.prepare_cached(&sql)?.query_row(params![stored.id, turn.native_id], Turn::from_row).optional()?;
            if let Some(mut here) = here {
                here.actions = Action::of_turn(self.tx, here.id)?;
                return Ok(Found::Here(Box::new(here)));
            }
            if let Some(typed) = pending::adopt(self.tx, &stored.id, turn)? {
                self.know(&turn.native_id, typed.id)?;
                return Ok(Found::Here(Box::new(typed)));
            }
        }
        let key = key(&self.transcript.agent, &turn.native_id);
        let row: Option<i64> =
            self.tx.prepare_cached("SELECT turn FROM prompts WHERE key = ?1")?.query_row([key], |r| r.get(0)).optional()?;
        Ok(match row {
            None => Found::Nowhere,
            Some(0) => Found::Gone,
            Some(row) if turn.copied => Found::Elsewhere(row),
            Some(row) => {
                let data = "SELECT data FROM turns WHERE id = ?1";
                let data: Option<Option<String>> = self.tx.prepare_cached(data)?.query_row([row], |r| r.get(0)).optional()?;
                match data {
                    Some(data) if conversation::object(data.as_deref()).contains_key(COPIED) => Found::Astray(row),
                    Some(_) => Found::Elsewhere(row),
                    None => Found::Nowhere,
                }
            }
        })
    }

    /// Notes where a turn is.
    fn know(&self, native: &str, row: i64) -> Result<()> {
        let key = key(&self.transcript.agent, native);
        self.tx.prepare_cached("INSERT OR REPLACE INTO prompts (key, turn) VALUES (?1, ?2)")?.execute([key, row])?;
        Ok(())
    }

    /// Makes the conversation, which began with its first own turn.
    fn begin(&self, found: &[Found]) -> Result<Conversation> {
        let told = self.transcript;
        let own = told.turns.iter().zip(found).find(|(_, f)| !matches!(f, Found::Elsewhere(_) | Found::Gone)).map(|(t, _)| t);
        let start = told.started.or_else(|| own.and_then(|t| t.time)).unwrap_or(self.now);
        let mut ids = (0..).map(|attempt| ConversationId::derived(Some(&told.agent), &told.native_id, start, attempt));
        let id = loop {
            let id = ids.next().expect("there is always another one");
            if Conversation::load(self.tx, id.as_str())?.is_none() && !conversation::is_deleted(self.tx, id.as_str())? {
                break id;
            }
        };
        let at = start.timestamp_millis();
        self.tx
            .prepare_cached(
                "INSERT INTO sessions (id, user_id, channel_id, status, model, created_at, updated_at, data, agent, native_id, project, branch,
                     cwd, title) VALUES (?1, 'local', ?2, 'active', ?3, ?4, ?4, ?5, ?2, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                id.as_str(),
                told.agent,
                told.model,
                at,
                object_text(&told.data),
                told.native_id,
                told.project,
                told.branch,
                told.cwd,
                told.title
            ])?;
        conversation::begin(self.tx, id.as_str(), start)?;
        // Subagents and forks that came before it.
        for column in ["parent", "origin"] {
            let sql = format!("UPDATE sessions SET {column} = ?1 WHERE {column} = ?2 AND agent = ?3");
            self.tx.prepare_cached(&sql)?.execute(params![id.as_str(), told.native_id, told.agent])?;
        }
        Conversation::known(self.tx, id.as_str())
    }

    fn fill(&self, conversation: Conversation, found: Vec<Found>, created: bool) -> Result<Taken> {
        let mut filling = Filling {
            taking: self,
            last: conversation.last_turn,
            latest: conversation.last_turn_at,
            gained: 0,
            taken: Taken { id: Some(conversation.id.clone()), created, ..Taken::default() },
            displaced: Vec::new(),
            shared: None,
            conversation,
        };
        let known: Vec<bool> = found.iter().map(|f| matches!(f, Found::Here(_))).collect();
        for (n, (turn, found)) in self.transcript.turns.iter().zip(found).enumerate() {
            let late = known[n..].iter().any(|known| *known);
            filling.turn(turn, found, late)?;
        }
        filling.finish()
    }
}

fn skipped(why: &'static str) -> Taken {
    Taken { skipped: Some(why), ..Taken::default() }
}

/// A conversation that gets the turns of a transcript.
struct Filling<'f> {
    taking: &'f Taking<'f>,
    conversation: Conversation,
    last: i64,
    latest: Option<DateTime<Utc>>,
    /// Turns that it got.
    gained: u64,
    taken: Taken,
    /// Rows of turns that were put at the end and belong elsewhere.
    displaced: Vec<i64>,
    /// Row of the last turn that another conversation has.
    shared: Option<i64>,
}

impl Filling<'_> {
    fn turn(&mut self, told: &Told, found: Found, late: bool) -> Result<()> {
        let tx = self.taking.tx;
        match found {
            Found::Here(stored) => self.reconcile(&stored, told)?,
            Found::Elsewhere(row) => {
                self.shared = Some(row);
                self.taken.known += 1;
            }
            Found::Gone => self.taken.known += 1,
            Found::Astray(row) => {
                let moved = self.adopt(row)?;
                self.displaced.extend(late.then_some(row));
                self.reconcile(&moved, told)?;
            }
            Found::Nowhere => {
                let row = turn::next_id(tx)?;
                self.last += 1;
                self.gained += 1;
                let mut turn = self.made(told, row);
                if let Some(late) = self.late(told, None)? {
                    late::put_on(&mut turn, late);
                    turn.weigh();
                }
                turn.insert(tx, &self.conversation.id, row)?;
                self.taking.know(&told.native_id, row)?;
                self.displaced.extend(late.then_some(row));
                self.latest = self.latest.max(Some(turn.time));
                self.taken.turns += 1;
                self.taken.actions += turn.actions.len() as u64;
            }
        }
        Ok(())
    }

    /// A turn that is not there yet.
    fn made(&self, told: &Told, row: i64) -> Turn {
        let mut turn = Turn {
            id: row,
            number: self.last,
            native_id: Some(told.native_id.clone()),
            time: told.time.or(self.latest).unwrap_or(self.conversation.created_at),
            status: if told.abandoned { ABANDONED } else { "active" }.to_string(),
            author: told.author.clone(),
            model: told.model.clone(),
            user_input: told.user_input.clone(),
            agent_response: told.agent_response.clone(),
            input_tokens: None,
            output_tokens: None,
            tokens: 0,
            live: true,
            actions: told.actions.clone(),
            data: told.data.clone(),
        };
        if told.copied {
            turn.data.insert(COPIED.into(), true.into());
        }
        turn.weigh();
        turn
    }

    /// What the agent said last in a turn, where its file does not have it.
    fn late(&self, told: &Told, stored: Option<&Turn>) -> Result<Option<String>> {
        let Taking { tx, transcript, .. } = self.taking;
        match transcript.turns.last() {
            Some(last) if std::ptr::eq(last, told) => late::missing(tx, &self.conversation.id, transcript, stored),
            _ => Ok(None),
        }
    }

    /// What is said of a turn that is there.
    fn reconcile(&mut self, stored: &Turn, told: &Told) -> Result<()> {
        let tx = self.taking.tx;
        let mut new = stored.clone();
        let late = self.late(told, Some(stored))?;
        late::take_off(&mut new);
        // A file that was cut off, or an older copy of it, takes nothing back.
        let (had, has) = (new.agent_response.as_deref().unwrap_or_default(), told.agent_response.as_deref().unwrap_or_default());
        let older = told.actions.len() < stored.actions.len() || (has.len() < had.len() && had.starts_with(has));
        for (there, told) in [(&mut new.user_input, &told.user_input), (&mut new.agent_response, &told.agent_response)] {
            let (old, fresh) = (there.as_deref().unwrap_or_default(), told.as_deref().unwrap_or_default());
            if !fresh.is_empty() && !old.starts_with(fresh) {
                there.clone_from(told);
            }
        }
        new.status = if told.abandoned { ABANDONED } else { "active" }.to_string();
        new.author = told.author.clone().or(new.author);
        new.model = told.model.clone().or(new.model);
        for (key, value) in told.data.iter().filter(|(key, _)| !older || !stored.data.contains_key(*key)) {
            new.data.insert(key.clone(), value.clone());
        }
        if !told.copied {
            new.data.remove(COPIED);
        }
        if !older && told.actions != stored.actions {
            new.actions = Action::merged(&told.actions, &stored.actions).unwrap_or_else(|| told.actions.clone());
        }
        if let Some(late) = late {
            late::put_on(&mut new, late);
        }
        new.weigh();
        if new == *stored {
            self.taken.known += 1;
            return Ok(());
        }
        if new.actions != stored.actions {
            self.taken.actions += new.actions.len().saturating_sub(stored.actions.len()) as u64;
            Action::replace(tx, new.id, &new.actions)?;
        }
        new.update(tx)?;
        self.taken.changed += 1;
        Ok(())
    }

    /// Takes a turn over that a fork has only as a copy.
    fn adopt(&mut self, row: i64) -> Result<Turn> {
        let tx = self.taking.tx;
        let from: String = tx.prepare_cached("SELECT session_id FROM turns WHERE id = ?1")?.query_row([row], |r| r.get(0))?;
        self.last += 1;
        self.gained += 1;
        for table in ["ui_conversation_context", "ui_conversation_archive"] {
            tx.prepare_cached(&format!("UPDATE {table} SET session_id = ?2, turn_number = ?3 WHERE id = ?1"))?.execute(params![
                row,
                self.conversation.id,
                self.last
            ])?;
        }
        let sql = format!("SELECT {}, live FROM turns WHERE id = ?1", Turn::COLUMNS);
        let mut turn = tx.prepare_cached(&sql)?.query_row([row], Turn::from_row)?;
        turn.actions = Action::of_turn(tx, row)?;
        self.latest = self.latest.max(Some(turn.time));
        self.taken.changed += 1;
        self.left(&from, row)?;
        Ok(turn)
    }

    /// Numbers the turns of a fork anew that lost one, and says where it comes from.
    fn left(&self, fork: &str, row: i64) -> Result<()> {
        let tx = self.taking.tx;
        turn::forget_digest(tx, fork, 0)?;
        let last = turn::renumber(tx, fork, &[])?;
        tx.prepare_cached(
            "UPDATE sessions SET origin = ?2, turns = ?3, last_turn = ?3 WHERE id = ?1 AND (origin IS NULL OR origin IN (?2, ?4))",
        )?
        .execute(params![fork, self.conversation.id, last, self.conversation.native_id])?;
        tx.prepare_cached("UPDATE sessions SET origin_turn = (SELECT turn_number FROM turns WHERE id = ?2) WHERE id = ?1")?
            .execute(params![fork, row])?;
        let model: Option<String> = tx.prepare_cached("SELECT model FROM sessions WHERE id = ?1")?.query_row([fork], |r| r.get(0))?;
        let record = self.taking.record;
        turn::prune(tx, fork, record.settings.live_turns, record.budget(model.as_deref()))?;
        Ok(())
    }

    /// Writes what is known of the conversation.
    fn finish(mut self) -> Result<Taken> {
        let Taking { record, tx, transcript: told, .. } = self.taking;
        let id = &self.conversation.id;
        if !self.displaced.is_empty() {
            turn::forget_digest(tx, id, 0)?;
            self.last = turn::renumber(tx, id, &self.displaced)?;
        }
        let touched = self.taken.turns + self.taken.changed > 0;
        let mut data = self.conversation.data.clone();
        data.extend(told.data.clone());
        let (parent, origin) = (self.resolved(told.parent.as_deref())?, self.origin()?);
        let again = self.taken.turns > 0 && matches!(self.conversation.status, Status::Closed | Status::Archived);
        tx.prepare_cached(
            "UPDATE sessions SET model = coalesce(?2, model), project = coalesce(project, ?3), branch = coalesce(branch, ?4),
                 cwd = coalesce(cwd, ?5), title = coalesce(?6, title), parent = coalesce(parent, ?7), origin = coalesce(origin, ?8),
                 data = ?9, status = CASE WHEN ?10 THEN 'active' ELSE status END
             WHERE id = ?1 AND (model IS NOT coalesce(?2, model) OR project IS NOT coalesce(project, ?3) OR branch IS NOT coalesce(branch, ?4)
                 OR cwd IS NOT coalesce(cwd, ?5) OR title IS NOT coalesce(?6, title) OR parent IS NOT coalesce(parent, ?7)
                 OR origin IS NOT coalesce(origin, ?8) OR data IS NOT ?9 OR ?10)",
        )?
        .execute(params![
            id,
            told.model,
            told.project,
            told.branch,
            told.cwd,
            told.title,
            parent,
            origin.as_ref().map(|(id, _)| id),
            object_text(&data),
            again
        ])?;
        if let Some((_, Some(turn))) = &origin {
            tx.prepare_cached("UPDATE sessions SET origin_turn = ?2 WHERE id = ?1 AND origin_turn IS NOT ?2")?
                .execute(params![id, turn])?;
        }
        if let Some(parent) = &parent {
            captured::inherit(tx, parent)?;
        }
        if touched {
            let latest = self.latest.map(|t| t.timestamp_millis());
            tx.prepare_cached(
                "UPDATE sessions SET turns = turns + ?4, last_turn = ?3,
                     last_turn_at = max(coalesce(last_turn_at, ?2), ?2), updated_at = max(updated_at, coalesce(?2, 0)) WHERE id = ?1",
            )?
            .execute(params![id, latest, self.last, self.gained])?;
            let model = told.model.as_deref().or(self.conversation.model.as_deref());
            turn::prune(tx, id, record.settings.live_turns, record.budget(model))?;
        }
        Ok(self.taken)
    }

    /// The conversation with this native id, or the native id itself until it is there.
    fn resolved(&self, native: Option<&str>) -> Result<Option<String>> {
        let Some(native) = native else { return Ok(None) };
        let found = find(self.taking.tx, &self.taking.transcript.agent, native)?;
        Ok(Some(found.map_or_else(|| native.to_string(), |c| c.id)))
    }

    /// Where it was forked from, and the number of the last turn that the two share.
    fn origin(&self) -> Result<Option<(String, Option<i64>)>> {
        let tx = self.taking.tx;
        if let Some(row) = self.shared {
            let sql = "SELECT session_id, turn_number FROM turns WHERE id = ?1";
            return Ok(tx.prepare_cached(sql)?.query_row([row], |r| Ok((r.get(0)?, Some(r.get(1)?)))).optional()?);
        }
        let told = self.taking.transcript;
        let Some(origin) = self.resolved(told.origin.as_deref())? else { return Ok(None) };
        let sql = "SELECT turn_number FROM turns WHERE session_id = ?1 AND native_id = ?2";
        let turn = tx.prepare_cached(sql)?.query_row(params![origin, told.origin_turn], |r| r.get(0)).optional()?;
        Ok(Some((origin, turn)))
    }
}

impl Record {
    /// Ids that an agent gave the turns of a conversation.
    ///
    /// # Errors
    /// Those of the database.
    pub fn native_turns(&self, session: &str) -> Result<HashSet<String>> {
        let sql = "SELECT native_id FROM turns WHERE session_id = ?1 AND native_id IS NOT NULL";
        self.plain(|db| Ok(db.prepare_cached(sql)?.query_map([session], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?))
    }
}
