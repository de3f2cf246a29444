//! Capture: what a conversation shows, in its own words, as entries of its log. Nothing is invented; each entry goes back to a turn.

mod choices;
mod commands;
pub mod digest;
pub mod entries;
mod says;
pub(crate) mod text;
pub mod write;

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::journal::change::Texts;
use crate::record::conversation::Conversation;
use crate::record::turn::Turn;
use crate::record::{Record, Result};
use digest::Digest;

/// Turns after which a digest is kept while a long conversation is read.
const KEPT: i64 = 100;

/// Turns, and bytes of them, that are rather read again than that a digest is written for them.
const AGAIN: (i64, usize) = (8, 16 << 10);

/// What a conversation comes to, and which of its turns were told anew for that.
///
/// All but the last turns is kept in the record, so that a long conversation need not be read again.
///
/// # Errors
/// Those of the database.
pub fn digest(record: &Record, conversation: &Conversation) -> Result<(Digest, HashSet<String>)> {
    let (mut upto, mut digest) = match record.digest(&conversation.id)? {
        Some((turn, text)) => serde_json::from_str(&text).map_or_else(|_| (0, Digest::default()), |digest| (turn, digest)),
        None => (0, Digest::default()),
    };
    let keep = |digest: &Digest, upto: i64| {
        let text = serde_json::to_string(digest).unwrap_or_default();
        // A record that can only be read is read again next time.
        let _ = record.keep_digest(&conversation.id, upto, &text);
    };
    let (mut from, mut fresh, mut last) = (upto + 1, HashSet::new(), None::<Turn>);
    let (mut kept, mut bytes) = (upto, 0);
    loop {
        // Whoever has little time gets further each time.
        let to = if from + KEPT < conversation.last_turn { from + KEPT } else { i64::MAX };
        record.each_turn(&conversation.id, &(from..=to), &mut |turn| {
            fresh.insert(digest::name(&conversation.id, &turn));
            if let Some(before) = last.replace(turn) {
                upto = before.number;
                bytes += [&before.user_input, &before.agent_response].into_iter().flatten().map(String::len).sum::<usize>();
                digest.take((&conversation.id, conversation.cwd.as_deref()), &before);
            }
            Ok(())
        })?;
        let is_last = to == i64::MAX;
        if upto > kept && (!is_last || upto - kept >= AGAIN.0 || bytes >= AGAIN.1) {
            keep(&digest, upto);
            (kept, bytes) = (upto, 0);
        }
        if is_last {
            break;
        }
        from = to + 1;
    }
    if let Some(last) = last {
        digest.take((&conversation.id, conversation.cwd.as_deref()), &last);
    }
    Ok((digest, fresh))
}

/// The same with what its subagents did.
///
/// # Errors
/// Those of the database.
pub fn digest_with_subagents(record: &Record, conversation: &Conversation) -> Result<(Digest, HashSet<String>)> {
    let (mut whole, mut fresh) = digest(record, conversation)?;
    for child in record.children(&conversation.id)? {
        let (part, turns) = digest_with_subagents(record, &child)?;
        whole.join(&part);
        fresh.extend(turns);
    }
    Ok((whole, fresh))
}

/// The same of all conversations that a log belongs to, one after the other, and of one that may not belong to it yet.
///
/// # Errors
/// Those of the database.
pub fn digest_of_log(record: &Record, conversation: Option<&Conversation>, log: &str) -> Result<(Digest, HashSet<String>)> {
    let mut all = record.of_logs(&[log])?;
    all.extend(conversation.filter(|one| !all.iter().any(|other| other.id == one.id)).cloned());
    all.retain(|other| other.parent.is_none() || conversation.is_some_and(|one| other.id == one.id));
    all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let (mut whole, mut fresh) = (None::<Digest>, HashSet::new());
    for other in &all {
        let (part, turns) = digest_with_subagents(record, other)?;
        if conversation.is_some_and(|one| other.id == one.id) {
            fresh = turns;
        }
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => whole.follow(&part),
        }
    }
    Ok((whole.unwrap_or_default(), fresh))
}

/// When things that are to be done came up first, as to-dos, next steps or questions.
#[derive(Debug, Default)]
pub struct Since(Texts<DateTime<Utc>>);

impl Since {
    /// As a digest has them.
    pub fn of(digest: &Digest) -> Since {
        let mut texts = Texts::default();
        let todos = digest.todos.iter().map(|todo| &todo.what);
        todos.chain(&digest.next).chain(&digest.questions).for_each(|said| texts.add(&said.text, said.time));
        Since(texts)
    }

    /// When this came up.
    pub fn when(&self, text: &str) -> Option<DateTime<Utc>> {
        self.0.find(text).copied()
    }
}
