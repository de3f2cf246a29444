//! Ids of conversations: `SESS-YYYYMMDD-HHMM-xxxxxx`, the time in UTC, then six lower-case letters or digits.

use std::fmt;

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_64;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A well-formed id of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationId(String);

impl ConversationId {
    /// The id in a text, if it is one.
    pub fn parse(text: &str) -> Option<ConversationId> {
        let mut parts = text.split('-');
        let all = |part: Option<&str>, len: usize, ok: fn(&u8) -> bool| part.is_some_and(|p| p.len() == len && p.bytes().all(|b| ok(&b)));
        let formed = parts.next() == Some("SESS")
            && all(parts.next(), 8, u8::is_ascii_digit)
            && all(parts.next(), 4, u8::is_ascii_digit)
            && all(parts.next(), 6, |b| b.is_ascii_digit() || b.is_ascii_lowercase())
            && parts.next().is_none();
        formed.then(|| ConversationId(text.to_string()))
    }

    /// A new id.
    ///
    /// # Panics
    /// Where the system gives no random numbers.
    pub fn random(now: DateTime<Utc>) -> ConversationId {
        let random = getrandom::u64().expect("the system gives random numbers");
        ConversationId::build(now, random)
    }

    /// The id of another program's conversation: the same for the same agent, native id and start, whoever asks first.
    ///
    /// `attempt` tells apart what would be the same by accident.
    pub fn derived(agent: Option<&str>, native: &str, start: DateTime<Utc>, attempt: u32) -> ConversationId {
        let key = format!("{}\0{native}\0{}\0{attempt}", agent.unwrap_or_default(), start.timestamp_millis());
        ConversationId::build(start, xxh3_64(key.as_bytes()))
    }

    fn build(time: DateTime<Utc>, mut number: u64) -> ConversationId {
        let mut tail = String::new();
        for _ in 0..6 {
            tail.push(char::from(DIGITS[(number % 36) as usize]));
            number /= 36;
        }
        ConversationId(format!("SESS-{}-{tail}", time.format("%Y%m%d-%H%M")))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
