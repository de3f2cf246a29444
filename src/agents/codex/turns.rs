//! Turns of a thread: what begins one, how it is called, and what belongs to it.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{At, Rollout, millis};
use crate::agents::claude::first;
use crate::agents::teller::{Teller, action, typed};

impl Rollout {
    pub(super) fn started(&mut self, at: At<'_>, teller: &mut Teller) {
        if self.turn != at.turn {
            self.turn = at.turn.to_string();
            self.prompts = 0;
        }
        // Copies keep the ids of their turns, which say when they were made.
        let begun = millis(&teller.about.native_id);
        self.copied = at.ordinal.is_none() && millis(at.turn).zip(begun).is_some_and(|(turn, thread)| turn < thread);
        // Until somebody speaks, it goes on with what was asked last.
        if let Some(last) = teller.turns().checked_sub(1) {
            self.part.turns.entry(at.turn.to_string()).or_insert(last);
        }
    }

    /// Somebody spoke.
    pub(super) fn ask(&mut self, said: &str, as_item: bool, at: At<'_>, teller: &mut Teller) {
        let asked = typed(&asked(said));
        if asked.is_empty() && !said.trim().is_empty() {
            return;
        }
        if let Some((text, time, was_item)) = &self.prompt
            && *text == asked
            && (*was_item != as_item || *time == at.time)
        {
            return;
        }
        let running = if at.turn.is_empty() { self.turn.clone() } else { at.turn.to_string() };
        let (id, copied) = self.id(&running, at, teller);
        let turn = teller.prompt(&id, at.time, &asked);
        let model = teller.about.model.clone();
        let told = teller.turn(turn);
        told.copied = copied;
        told.model = told.model.take().or(model);
        if copied {
            teller.about.origin_turn = Some(id);
        }
        self.part.turns.insert(running, turn);
        self.prompts += 1;
        self.prompt = Some((asked, at.time, as_item));
    }

    /// The id of a prompt, and whether it is copied from another conversation.
    ///
    /// With ordinals, it is the prompt's; they are never given twice in a file. Without, it is that of the agent's turn, which hooks
    /// name too, and which copies keep; several prompts of one turn are counted. Releases that have neither only ever add lines to a
    /// file, so the line's number stays; a copy stands one line after the original, behind a record of its own thread.
    fn id(&self, turn: &str, at: At<'_>, teller: &Teller) -> (String, bool) {
        let thread = &teller.about.native_id;
        if let Some(ordinal) = at.ordinal {
            return (format!("{thread}:{ordinal}"), false);
        }
        if millis(turn).is_some() {
            let id = if self.prompts == 0 { turn.to_string() } else { format!("{turn}:{}", self.prompts + 1) };
            return (id, self.copied);
        }
        // Nobody types within a second.
        let at_once = at.time.zip(self.began).is_some_and(|(time, began)| time - began < TimeDelta::seconds(1));
        match self.source.as_ref().filter(|_| at_once) {
            Some(source) => (format!("{source}:{}", self.lines.saturating_sub(1)), true),
            None => (format!("{thread}:{}", self.lines), false),
        }
    }

    /// The turn that something belongs to, where there is one.
    pub(super) fn known(&mut self, turn: &str, teller: &Teller) -> Option<usize> {
        let turn = if turn.is_empty() { self.turn.as_str() } else { turn };
        let last = teller.turns().checked_sub(1)?;
        let known = self.part.turns.get(turn).copied();
        self.part.goes_back |= known.is_none() && !turn.is_empty();
        Some(known.unwrap_or(last))
    }

    /// The turn in which the agent says or does something.
    pub(super) fn place(&mut self, at: At<'_>, teller: &mut Teller) -> usize {
        self.prompt = None;
        let turn = match self.known(at.turn, teller) {
            Some(turn) => turn,
            None => {
                let id = format!("{}:{}", teller.about.native_id, at.ordinal.unwrap_or(self.lines));
                let turn = teller.last(&id, at.time);
                self.part.turns.insert(if at.turn.is_empty() { self.turn.clone() } else { at.turn.to_string() }, turn);
                turn
            }
        };
        if turn + 1 == teller.turns()
            && let Some(model) = teller.about.model.clone()
        {
            teller.turn(turn).model = Some(model);
        }
        turn
    }

    pub(super) fn say(&mut self, said: &str, at: At<'_>, teller: &mut Teller) {
        if !said.trim().is_empty() {
            let turn = self.place(at, teller);
            teller.say(turn, said);
        }
    }

    pub(super) fn fail(&mut self, message: &str, at: At<'_>, teller: &mut Teller) {
        if message.trim().is_empty() {
            return;
        }
        let turn = self.place(at, teller);
        let mut error = action("error", message.trim());
        error.ok = Some(false);
        if !teller.turn(turn).actions.contains(&error) {
            teller.act(turn, "", error);
        }
    }

    /// Notes what a request used; records repeat it until the next one.
    pub(super) fn count(&mut self, last: &Value, total: &Value, at: At<'_>, teller: &mut Teller) {
        let Some(total) = total["total_tokens"].as_u64().filter(|total| *total != self.used) else { return };
        self.used = total;
        let tokens = |key: &str| last[key].as_u64().unwrap_or(0).min(1 << 40);
        if let Some(turn) = self.known(at.turn, teller) {
            teller.used(turn, tokens("input_tokens"), tokens("output_tokens"));
        }
    }

    /// Notes a compaction, which is told in several records.
    pub(super) fn compact(&mut self, time: Option<DateTime<Utc>>, teller: &mut Teller) {
        let near = self.compacted.zip(time).is_some_and(|(last, time)| (time - last).abs() < TimeDelta::seconds(10));
        if !near {
            teller.compacted(time);
            self.compacted = time.or(self.compacted);
        }
    }
}

/// What a person said, without what editors put in front of it, or answered to questions.
fn asked(said: &str) -> Cow<'_, str> {
    const REPLY: &str = "send_user_message_question_reply>";
    let reply = said.trim().strip_prefix('<').and_then(|t| t.strip_prefix(REPLY)?.strip_suffix(REPLY)?.strip_suffix("</"));
    if let Some(Value::Array(answers)) = reply.and_then(|reply| serde_json::from_str(reply).ok()) {
        return answers.iter().map(|answer| first(answer, &["answer"])).collect::<Vec<_>>().join("\n").into();
    }
    let in_editor = said.trim_start().starts_with("# Context from my IDE setup:");
    said.rsplit_once("## My request for Codex:").filter(|_| in_editor).map_or(said, |(_, asked)| asked).into()
}
