//! Turns of an import: which are there already, what they lack, and where new ones go.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_64;

use super::{Line, Run};
use crate::record::Record;
use crate::record::conversation::Conversation;
use crate::record::error::Result;
use crate::record::turn::{self, Turn};

/// A conversation and what identifies its turns.
#[derive(Debug, Default)]
pub(super) struct Open {
    turns: Vec<Known>,
    by_native: HashMap<String, usize>,
    /// Turns by what was said when, as hashes.
    by_said: HashMap<u64, Vec<usize>>,
    numbers: HashSet<i64>,
    last: i64,
    /// Turns that this import met without a number.
    met: i64,
    started: DateTime<Utc>,
    latest: Option<DateTime<Utc>>,
    project: Option<String>,
    cwd: Option<String>,
    model: Option<String>,
    added: u64,
    /// A turn was put at the end that belongs elsewhere.
    displaced: bool,
    /// It was made for its turns, no line described it yet.
    pub(super) implicit: bool,
    pub(super) dirty: bool,
    pub(super) stale: bool,
}

/// What is known of a stored turn.
#[derive(Debug, Clone)]
struct Known {
    row: i64,
    /// Hash of its texts, status, tokens and number of actions.
    content: u64,
    /// A line of this import was found to be this turn.
    met: bool,
}

fn said(when: i64, input: &str) -> u64 {
    xxh3_64(input.as_bytes()) ^ (when as u64).rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn content(turn: &Turn) -> u64 {
    let hash = |text: &Option<String>| text.as_deref().map_or(1, |t| xxh3_64(t.as_bytes()));
    let parts = [
        hash(&turn.user_input),
        hash(&turn.agent_response),
        xxh3_64(turn.status.as_bytes()),
        turn.input_tokens.map_or(0, |n| n + 1),
        turn.output_tokens.map_or(0, |n| n + 1),
        turn.actions.len() as u64,
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
            implicit: before.implicit,
            dirty: before.dirty,
            displaced: before.displaced,
            added: before.added,
            ..Open::default()
        };
        if stored.turns > 0 {
            turn::each(tx, &stored.id, &(1..=i64::MAX), &mut |turn| {
                open.note(&turn, turn.id, met.contains(&turn.id));
                Ok(())
            })?;
        }
        Ok(open)
    }

    pub(super) fn len(&self) -> usize {
        self.turns.len() + 1
    }

    fn note(&mut self, turn: &Turn, row: i64, met: bool) {
        let index = self.turns.len();
        match &turn.native_id {
            Some(native) => drop(self.by_native.insert(native.clone(), index)),
            None => {
                let input = turn.user_input.as_deref().unwrap_or_default();
                self.by_said.entry(said(turn.time.timestamp_millis(), input)).or_default().push(index);
                if let Some(place) = turn.place {
                    self.by_said.entry(said(-place, input)).or_default().push(index);
                }
            }
        }
        self.numbers.insert(turn.number);
        self.last = self.last.max(turn.number);
        self.turns.push(Known { row, content: content(turn), met });
    }

    /// The stored turn that a line means.
    fn find(&mut self, native: Option<&str>, when: i64, input: &str) -> Option<usize> {
        if let Some(native) = native {
            return self.by_native.get(native).copied();
        }
        let fitting = self.by_said.get(&said(when, input))?;
        fitting.iter().copied().find(|index| !self.turns[*index].met)
    }

    /// Writes what the record says of the conversation, puts turns into order, and moves the oldest out of the live context.
    pub(super) fn flush(&mut self, tx: &Transaction<'_>, record: &Record, id: &str) -> Result<()> {
        if std::mem::take(&mut self.displaced) {
            renumber(tx, id)?;
            self.stale = true;
        }
        let latest = self.latest.map(|t| t.timestamp_millis());
        tx.prepare_cached(
            "UPDATE sessions SET turns = turns + ?2, last_turn = coalesce((SELECT max(turn_number) FROM turns WHERE session_id = ?1), 0),
                 last_turn_at = max(coalesce(last_turn_at, ?3), ?3), updated_at = max(updated_at, coalesce(?3, 0)) WHERE id = ?1",
        )?
        .execute(params![id, self.added, latest])?;
        turn::prune(tx, id, record.settings.live_turns, record.budget(self.model.as_deref()))?;
        (self.added, self.dirty) = (0, false);
        Ok(())
    }
}

/// Numbers turns anew by their time; those of the same time keep their order.
fn renumber(tx: &Transaction<'_>, session: &str) -> Result<()> {
    let sql = "SELECT id, live FROM turns WHERE session_id = ?1 ORDER BY created_at, turn_number";
    let rows: Vec<(i64, bool)> =
        tx.prepare_cached(sql)?.query_map([session], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let table = |live| if live { "ui_conversation_context" } else { "ui_conversation_archive" };
    // Out of the way first: numbers are unique at any time.
    for sign in [-1, 1] {
        for (number, (row, live)) in (1_i64..).zip(&rows) {
            let sql = format!("UPDATE {} SET turn_number = ?2 WHERE id = ?1 AND turn_number != ?2", table(*live));
            tx.prepare_cached(&sql)?.execute(params![row, sign * number])?;
        }
    }
    Ok(())
}

impl Run<'_> {
    /// A line that is a turn.
    pub(super) fn take_turn(&mut self, tx: &Transaction<'_>, line: Line<'_>) -> Result<()> {
        let path = line.cwd.as_deref().map(std::path::Path::new);
        if self.privacy.barrier(line.project.as_deref(), path).is_some() {
            self.skip("excluded");
            return Ok(());
        }
        let before = self.done.conversations;
        let Some(id) = self.conversation_of(tx, &line)? else { return Ok(()) };
        let made = self.done.conversations > before;
        let row = self.row;
        let record = self.record;
        let now = self.now;
        let open = self.opened(tx, &id)?;
        open.implicit |= made;
        open.met += 1;
        let (given, native, judged) = (line.time, line.native_id.is_some(), line.status.is_some());
        let mut turn = turn_of(record, line, open, now);
        let input = turn.user_input.as_deref().unwrap_or_default();
        // Without a time, its place tells a turn.
        let when = given.map_or(-turn.number, |t| t.timestamp_millis());
        turn.place = (given.is_none() && !native).then_some(turn.number);
        let found = open.find(turn.native_id.as_deref().filter(|_| native), when, input);
        if let Some(index) = found {
            let known = &mut open.turns[index];
            known.met = true;
            if known.content == content(&turn) {
                self.done.known += 1;
                return Ok(());
            }
            let row = known.row;
            return self.reconcile(tx, &id, row, turn, judged);
        }
        if open.numbers.contains(&turn.number) {
            turn.number = open.last + 1;
            open.displaced = true;
        }
        turn.weigh();
        turn.insert(tx, &id, row)?;
        open.note(&turn, row, true);
        open.latest = open.latest.max(Some(turn.time));
        open.added += 1;
        open.dirty = true;
        self.row += 1;
        self.done.turns += 1;
        self.done.actions += turn.actions.len() as u64;
        Ok(())
    }

    /// A turn that is there with other content: what it lacks is filled in, what it has stays.
    fn reconcile(&mut self, tx: &Transaction<'_>, session: &str, row: i64, given: Turn, judged: bool) -> Result<()> {
        let sql = "SELECT * FROM turns WHERE id = ?1";
        let mut stored = tx.prepare_cached(sql)?.query_row([row], Turn::from_row)?;
        stored.actions = crate::record::action::Action::of_turn(tx, row)?;
        let mut new = stored.clone();
        let extends = |there: &Option<String>, given: &Option<String>| match (there.as_deref(), given.as_deref()) {
            (None | Some(""), Some(text)) => !text.is_empty(),
            (Some(there), Some(text)) => text.len() > there.len() && text.starts_with(there),
            _ => false,
        };
        let differs = |there: &Option<String>, given: &Option<String>| given.is_some() && there != given;
        for (there, given) in [(&mut new.user_input, &given.user_input), (&mut new.agent_response, &given.agent_response)] {
            if extends(there, given) {
                there.clone_from(given);
            }
        }
        if judged {
            new.status.clone_from(&given.status);
        }
        new.author = new.author.or(given.author);
        new.model = new.model.or(given.model);
        new.input_tokens = new.input_tokens.or(given.input_tokens);
        new.output_tokens = new.output_tokens.or(given.output_tokens);
        new.weigh();
        let more = given.actions.get(stored.actions.len()..).filter(|_| given.actions.starts_with(&stored.actions)).unwrap_or_default();
        for (position, action) in more.iter().enumerate() {
            action.insert(tx, row, stored.actions.len() + position)?;
        }
        new.actions.extend(more.iter().cloned());
        self.done.actions += more.len() as u64;
        if differs(&new.user_input, &given.user_input) || differs(&new.agent_response, &given.agent_response) {
            self.done.different += 1;
        } else if new == stored {
            self.done.known += 1;
        } else {
            self.done.completed += 1;
        }
        let open = self.opened(tx, session)?;
        if new != stored {
            new.update(tx)?;
            open.dirty = true;
        }
        if let Some(known) = open.turns.iter_mut().find(|t| t.row == row) {
            known.content = content(&new);
        }
        Ok(())
    }
}

/// The turn that a line describes, as it may be stored.
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
        number: line.turn.unwrap_or(open.met),
        native_id: line.native_id.map(|n| record.clean_id(&n)),
        time: line.time.unwrap_or_else(|| open.latest.unwrap_or(if open.turns.is_empty() { open.started } else { now })),
        status: line.status.as_deref().map_or_else(|| "active".to_string(), |s| record.clean(s).into_owned()),
        author: some(line.author),
        model: some(line.model),
        user_input: some(line.user_input),
        agent_response: some(line.agent_response),
        input_tokens: line.input_tokens,
        output_tokens: line.output_tokens,
        tokens: 0,
        live: true,
        actions,
        place: None,
        data,
    }
}
