//! Turns of an import: which are there already, what they lack, and where new ones go.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_64;

use super::{Line, Run};
use crate::record::Record;
use crate::record::action::Action;
use crate::record::conversation::Conversation;
use crate::record::error::Result;
use crate::record::turn::{self, Turn};

/// A conversation and what identifies its turns.
#[derive(Debug, Default)]
pub(super) struct Open {
    turns: Vec<Known>,
    by_native: HashMap<String, usize>,
    /// Turns by the keys of lines without an id that were found to be them.
    by_key: HashMap<i64, usize>,
    /// Turns by what was said when, as hashes.
    by_said: HashMap<u64, Vec<usize>>,
    /// How often this import met the same words at the same time, without an id or a number.
    twins: HashMap<u64, u64>,
    numbers: HashSet<i64>,
    last: i64,
    /// Turns that this import met.
    met: i64,
    /// Some of them are known by that only.
    placed: bool,
    started: DateTime<Utc>,
    latest: Option<DateTime<Utc>>,
    project: Option<String>,
    cwd: Option<String>,
    model: Option<String>,
    added: u64,
    /// Rows of turns that were put at the end and belong elsewhere.
    displaced: Vec<i64>,
    pub(super) dirty: bool,
    pub(super) stale: bool,
}

/// What is known of a stored turn.
#[derive(Debug, Clone)]
struct Known {
    row: i64,
    number: i64,
    /// It has an id in the program that it comes from.
    native: bool,
    /// Hash of all that a line can say of it.
    content: u64,
    /// A line of this import was found to be this turn.
    met: bool,
}

fn said(when: i64, input: u64) -> u64 {
    input ^ (when as u64).rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The key of a line together with its answer.
fn with(key: i64, turn: &Turn) -> i64 {
    key ^ (xxh3_64(turn.agent_response.as_deref().unwrap_or_default().as_bytes()) as i64).rotate_left(7)
}

/// Hash of what the user said.
fn words(turn: &Turn) -> u64 {
    xxh3_64(turn.user_input.as_deref().unwrap_or_default().as_bytes())
}

fn content(turn: &Turn, words: u64) -> u64 {
    let hash = |text: &Option<String>| text.as_deref().map_or(1, |t| xxh3_64(t.as_bytes()));
    let json = |empty: bool, value: &dyn Fn() -> String| if empty { 0 } else { xxh3_64(value().as_bytes()) };
    let parts = [
        words + u64::from(turn.user_input.is_some()),
        hash(&turn.agent_response),
        xxh3_64(turn.status.as_bytes()),
        turn.input_tokens.map_or(0, |n| n + 1),
        turn.output_tokens.map_or(0, |n| n + 1),
        json(turn.actions.is_empty(), &|| serde_json::json!(turn.actions).to_string()),
        json(turn.data.is_empty(), &|| serde_json::json!(turn.data).to_string()),
        hash(&turn.model),
        hash(&turn.author),
    ];
    parts.iter().fold(0, |all, part| (all ^ part).rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Open {
    /// Reads what is stored; what an earlier look found to be met stays so.
    pub(super) fn load(tx: &Transaction<'_>, stored: &Conversation, before: Option<Open>) -> Result<Open> {
        let before = before.unwrap_or_default();
        let met: HashSet<i64> = before.turns.iter().filter(|t| t.met).map(|t| t.row).collect();
        let mut open = Open {
            started: stored.created_at,
            latest: stored.last_turn_at,
            project: stored.project.clone(),
            cwd: stored.cwd.clone(),
            model: stored.model.clone(),
            met: before.met,
            placed: before.placed,
            twins: before.twins,
            dirty: before.dirty,
            displaced: before.displaced,
            added: before.added,
            ..Open::default()
        };
        if stored.turns > 0 {
            turn::each(tx, &stored.id, &(1..=i64::MAX), &mut |turn| {
                let words = words(&turn);
                open.note(&turn, turn.id, met.contains(&turn.id), words, content(&turn, words));
                Ok(())
            })?;
            let rows: HashMap<i64, usize> = open.turns.iter().enumerate().map(|(index, turn)| (turn.row, index)).collect();
            let mut keys = tx.prepare_cached("SELECT key, turn FROM identities WHERE session_id = ?1")?;
            let keys = keys.query_map([&stored.id], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
            open.by_key = keys.into_iter().filter_map(|(key, row)| Some((key, *rows.get(&row)?))).collect();
        }
        Ok(open)
    }

    /// What it takes in memory, in turns.
    pub(super) fn weight(&self) -> usize {
        self.turns.len() + 8
    }

    /// What must not be forgotten of it; nothing where all of it is stored.
    pub(super) fn bookmark(self) -> Option<Open> {
        let (met, twins) = (self.met, self.twins);
        (self.placed || !twins.is_empty()).then(|| Open { met, twins, placed: true, ..Open::default() })
    }

    fn note(&mut self, turn: &Turn, row: i64, met: bool, words: u64, content: u64) {
        let index = self.turns.len();
        if let Some(native) = &turn.native_id {
            self.by_native.insert(native.clone(), index);
        }
        self.by_said.entry(said(turn.time.timestamp_millis(), words)).or_default().push(index);
        self.by_said.entry(said(-turn.number, words)).or_default().push(index);
        self.numbers.insert(turn.number);
        self.last = self.last.max(turn.number);
        self.turns.push(Known { row, number: turn.number, native: turn.native_id.is_some(), content, met });
    }

    /// What a line without an id is known by: words and number, words and time, or words and place. Somebody may say the same
    /// twice at the same time: then it counts which time it is.
    fn key(&mut self, turn: &Turn, words: u64, number: Option<i64>, time: Option<DateTime<Utc>>) -> Option<i64> {
        if turn.native_id.is_some() {
            return None;
        }
        let at = time.map(|t| t.timestamp_millis());
        let nth = match (number, at) {
            (None, Some(at)) => {
                let count = self.twins.entry(said(at, words)).or_default();
                *count += 1;
                *count
            }
            (None, None) => {
                self.placed = true;
                self.met.unsigned_abs()
            }
            (Some(_), _) => 0,
        };
        Some(xxh3_64(format!("{words:x} {number:?} {at:?} {nth}").as_bytes()) as i64)
    }

    /// The stored turns that a line may mean, the likeliest first; the flag says that there is no doubt.
    ///
    /// Beside its id and its key, the same words at the same time, or with the same number where there is no time, are the same
    /// turn, unless both have ids.
    fn find(
        &self,
        turn: &Turn,
        known: (u64, u64),
        key: Option<i64>,
        number: Option<i64>,
        time: Option<DateTime<Utc>>,
    ) -> (Vec<usize>, bool) {
        let (words, same) = known;
        if let Some(index) = turn.native_id.as_ref().and_then(|native| self.by_native.get(native)) {
            return (vec![*index], true);
        }
        // A time to the second does not tell two turns apart if their numbers do.
        let rough = time.is_some_and(|t| t.timestamp_subsec_millis() == 0);
        let other = |known: &Known| rough && number.is_some_and(|n| n != known.number);
        let fits = |known: &Known| !(known.met || other(known) || known.native && turn.native_id.is_some());
        let when = time.map(|t| t.timestamp_millis()).or(number.map(|n| -n));
        let alike = when.and_then(|when| self.by_said.get(&said(when, words)));
        let mut fitting = alike.cloned().unwrap_or_default();
        fitting.retain(|index| fits(&self.turns[*index]));
        fitting.splice(..0, [key, key.map(|key| with(key, turn))].into_iter().flatten().filter_map(|key| self.by_key.get(&key)).copied());
        // Of several that may be meant, the one that says just this, under this number.
        fitting.sort_by_key(|index| (self.turns[*index].content != same, turn.number != self.turns[*index].number));
        (fitting, false)
    }

    /// Notes that a line with this key is this turn.
    fn meet(&mut self, tx: &Transaction<'_>, id: &str, index: usize, key: Option<i64>, turn: &Turn) -> Result<()> {
        self.turns[index].met = true;
        // Two that differ in their answers only: the first one keeps the key.
        let taken = |key: &i64| self.by_key.get(key).is_some_and(|other| *other != index);
        let key = key.map(|key| if taken(&key) { with(key, turn) } else { key });
        let Some(key) = key.filter(|key| self.by_key.insert(*key, index) != Some(index)) else { return Ok(()) };
        let sql = "INSERT OR REPLACE INTO identities (session_id, key, turn) VALUES (?1, ?2, ?3)";
        tx.prepare_cached(sql)?.execute(params![id, key, self.turns[index].row])?;
        Ok(())
    }

    /// Writes what the record says of the conversation, puts turns into order, and moves the oldest out of the live context.
    pub(super) fn flush(&mut self, tx: &Transaction<'_>, record: &Record, id: &str) -> Result<()> {
        let displaced = std::mem::take(&mut self.displaced);
        if !displaced.is_empty() {
            self.last = turn::renumber(tx, id, &displaced)?;
            self.stale = true;
        }
        let latest = self.latest.map(|t| t.timestamp_millis());
        tx.prepare_cached(
            "UPDATE sessions SET turns = turns + ?2, last_turn = ?4,
                 last_turn_at = max(coalesce(last_turn_at, ?3), ?3), updated_at = max(updated_at, coalesce(?3, 0)) WHERE id = ?1",
        )?
        .execute(params![id, self.added, latest, self.last])?;
        turn::prune(tx, id, record.settings.live_turns, record.budget(self.model.as_deref()))?;
        (self.added, self.dirty) = (0, false);
        Ok(())
    }
}

/// Whether a text is there, and the other one says the same, more, or nothing.
fn extends(there: Option<&str>, given: Option<&str>) -> bool {
    let (there, given) = (there.unwrap_or_default(), given.unwrap_or_default());
    given.starts_with(there) || there.starts_with(given)
}

impl Run<'_> {
    /// A line that is a turn.
    pub(super) fn take_turn(&mut self, tx: &Transaction<'_>, line: Line<'_>) -> Result<()> {
        let path = line.cwd.as_deref().map(std::path::Path::new);
        if (line.project.is_some() || path.is_some()) && self.privacy.barrier(line.project.as_deref(), path).is_some() {
            self.skip("excluded");
            return Ok(());
        }
        let Some(id) = self.conversation_of(tx, &line)? else { return Ok(()) };
        let (row, record, now) = (self.row, self.record, self.now);
        let open = self.opened(tx, &id)?;
        open.met += 1;
        let (time, number, judged) = (line.time, line.turn, line.status.is_some());
        let mut turn = turn_of(record, line, open, now);
        let words = words(&turn);
        let same = content(&turn, words);
        let key = open.key(&turn, words, number, time);
        let (fitting, certain) = open.find(&turn, (words, same), key, number, time);
        for index in fitting {
            if open.turns[index].content == same && (turn.native_id.is_none() || open.turns[index].native) {
                open.meet(tx, &id, index, key, &turn)?;
                self.done.known += 1;
                return Ok(());
            }
            let stored = load(tx, open.turns[index].row)?;
            if certain || extends(stored.agent_response.as_deref(), turn.agent_response.as_deref()) {
                open.meet(tx, &id, index, key, &turn)?;
                return self.reconcile(tx, &id, index, &stored, turn, judged);
            }
        }
        let late = number.is_none() && time.is_some() && open.latest.is_some_and(|latest| turn.time < latest);
        if late || open.numbers.contains(&turn.number) {
            turn.number = open.last + 1;
            open.displaced.push(row);
        }
        turn.insert(tx, &id, row)?;
        open.note(&turn, row, true, words, same);
        open.meet(tx, &id, open.turns.len() - 1, key, &turn)?;
        open.latest = open.latest.max(Some(turn.time));
        open.added += 1;
        open.dirty = true;
        self.row += 1;
        self.done.empty += u64::from(turn.user_input.is_none() && turn.agent_response.is_none() && turn.actions.is_empty());
        self.done.turns += 1;
        self.done.actions += turn.actions.len() as u64;
        Ok(())
    }

    /// A turn that is there with other content: what it lacks is filled in, what it has stays.
    fn reconcile(&mut self, tx: &Transaction<'_>, id: &str, index: usize, stored: &Turn, given: Turn, judged: bool) -> Result<()> {
        let mut new = stored.clone();
        let mut differs = false;
        for (there, given) in [(&mut new.user_input, given.user_input), (&mut new.agent_response, given.agent_response)] {
            if !extends(there.as_deref(), given.as_deref()) {
                differs = true;
            } else if there.as_ref().map_or(0, String::len) < given.as_ref().map_or(0, String::len) {
                *there = given;
            }
        }
        if judged {
            new.status = given.status;
        }
        new.native_id = new.native_id.or(given.native_id);
        new.author = new.author.or(given.author);
        new.model = new.model.or(given.model);
        new.input_tokens = new.input_tokens.or(given.input_tokens);
        new.output_tokens = new.output_tokens.or(given.output_tokens);
        for (key, value) in given.data {
            new.data.entry(key).or_insert(value);
        }
        match Action::merged(&stored.actions, &given.actions) {
            Some(actions) => new.actions = actions,
            None => differs = true,
        }
        new.weigh();
        if new.actions != stored.actions {
            self.done.actions += (new.actions.len() - stored.actions.len()) as u64;
            Action::replace(tx, new.id, &new.actions)?;
        }
        match (differs, new == *stored) {
            (true, _) => self.done.different += 1,
            (false, true) => self.done.known += 1,
            (false, false) => self.done.completed += 1,
        }
        let open = self.opened(tx, id)?;
        open.turns[index].content = content(&new, words(&new));
        if let Some(native) = &new.native_id {
            open.turns[index].native = true;
            open.by_native.insert(native.clone(), index);
        }
        if new != *stored {
            new.update(tx)?;
            open.dirty = true;
        }
        Ok(())
    }
}

fn load(tx: &Transaction<'_>, row: i64) -> Result<Turn> {
    let sql = format!("SELECT {}, live FROM turns WHERE id = ?1", Turn::COLUMNS);
    let mut turn = tx.prepare_cached(&sql)?.query_row([row], Turn::from_row)?;
    turn.actions = Action::of_turn(tx, row)?;
    Ok(turn)
}

/// The turn that a cleaned line describes, as it may be stored.
fn turn_of(record: &Record, line: Line<'_>, open: &Open, now: DateTime<Utc>) -> Turn {
    let some = |text: Option<Cow<'_, str>>| text.map(|t| record.clean(&t).into_owned());
    let mut data: Map<String, Value> = line.extra;
    // What a turn says of its conversation is kept where the conversation says something else.
    let own = [
        ("project", line.project, &open.project),
        ("cwd", line.cwd, &open.cwd),
        ("branch", line.branch, &None),
        ("user", line.user, &None),
        ("channel", line.channel, &None),
        ("agent", line.agent, &None),
        ("title", line.title, &None),
    ];
    for (key, value, of) in own {
        if let Some(value) = value.filter(|v| of.as_deref() != Some(v.as_ref())) {
            data.insert(key.into(), value.into_owned().into());
        }
    }
    record.clean_map(&mut data);
    let mut actions = line.actions;
    actions.iter_mut().for_each(|action| record.clean_action(action));
    Turn {
        id: 0,
        number: line.turn.unwrap_or(open.last + 1),
        native_id: line.native_id.map(|n| record.clean_id(&n)),
        time: line.time.unwrap_or_else(|| open.latest.unwrap_or(if open.turns.is_empty() { open.started } else { now })),
        status: line.status.as_deref().map_or_else(|| "active".to_string(), |s| record.clean(s).into_owned()),
        author: some(line.author),
        model: some(line.model),
        user_input: line.user_input.map(Cow::into_owned),
        agent_response: line.agent_response.map(Cow::into_owned),
        input_tokens: line.input_tokens,
        output_tokens: line.output_tokens,
        tokens: line.tokens,
        live: true,
        actions,
        data,
    }
}
