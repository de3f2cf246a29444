//! A line of the exchange format, read in one pass without copying texts that need no unescaping.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::record::action::Action;
use crate::record::{Settings, turn};

/// A text that borrows from the line where it can; numbers and booleans are taken as text.
#[derive(Debug, Default, Clone)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_string())))
            }
            fn visit_string<E>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Any)
    }
}

/// An id: a text, or a number as other programs write it.
#[derive(Debug)]
struct Id<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Id<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Id<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id, which is a text or a number")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Owned(text.to_string())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Owned(number.to_string())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Owned(number.to_string())))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// All keys of both kinds of lines; which are needed depends on the kind.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    pub(super) kind: Cow<'a, str>,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) conversation: Option<Cow<'a, str>>,
    pub(super) agent: Option<Cow<'a, str>>,
    pub(super) native_id: Option<Cow<'a, str>>,
    pub(super) user: Option<Cow<'a, str>>,
    pub(super) channel: Option<Cow<'a, str>>,
    pub(super) project: Option<Cow<'a, str>>,
    pub(super) branch: Option<Cow<'a, str>>,
    pub(super) cwd: Option<Cow<'a, str>>,
    pub(super) model: Option<Cow<'a, str>>,
    pub(super) parent: Option<Cow<'a, str>>,
    pub(super) origin: Option<Cow<'a, str>>,
    pub(super) origin_turn: Option<i64>,
    pub(super) title: Option<Cow<'a, str>>,
    pub(super) log: Option<Cow<'a, str>>,
    pub(super) summary: Option<Value>,
    pub(super) started: Option<DateTime<Utc>>,
    pub(super) status: Option<Cow<'a, str>>,
    pub(super) turn: Option<i64>,
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) user_input: Option<Cow<'a, str>>,
    pub(super) agent_response: Option<Cow<'a, str>>,
    pub(super) author: Option<Cow<'a, str>>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    /// What the texts take in the context window, in tokens; known once it is [`Line::cleaned`].
    pub(super) tokens: u64,
    pub(super) actions: Vec<Action>,
    pub(super) extra: Map<String, Value>,
}

/// A number without a fraction, also written with one: `2.0`.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number).map(Whole).map_err(|_| E::custom(format!("{number} is too large")))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Whole, E> {
                match number.fract() == 0.0 && number.abs() < 9e15 {
                    true => Ok(Whole(number as i64)),
                    false => Err(E::custom(format!("{number} is no whole number"))),
                }
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A number of tokens.
fn count<E: serde::de::Error>(number: Option<i64>) -> Result<Option<u64>, E> {
    number.map(|n| u64::try_from(n).map_err(|_| E::custom(format!("{n} tokens")))).transpose()
}

impl<'de> Deserialize<'de> for Line<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Line<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a `type`")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line<'de>, A::Error> {
                let mut line = Line::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    line.take(&key.0, &mut map)?;
                }
                line.keep_others();
                Ok(line)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

impl Line<'_> {
    /// The line on its own, its texts as they may be stored.
    pub(super) fn cleaned(self, settings: &Settings) -> Line<'static> {
        let own = |text: Option<Cow<'_, str>>| text.map(|t| Cow::Owned(t.into_owned()));
        let clean = |text: Option<Cow<'_, str>>| text.map(|t| Cow::Owned(settings.clean(&t).into_owned()));
        let (user_input, agent_response) = (clean(self.user_input), clean(self.agent_response));
        let tokens = turn::weight((self.input_tokens, user_input.as_deref()), (self.output_tokens, agent_response.as_deref()));
        Line {
            kind: Cow::Owned(self.kind.into_owned()),
            id: own(self.id),
            conversation: own(self.conversation),
            agent: own(self.agent),
            native_id: own(self.native_id),
            user: own(self.user),
            channel: own(self.channel),
            project: own(self.project),
            branch: own(self.branch),
            cwd: own(self.cwd),
            model: own(self.model),
            parent: own(self.parent),
            origin: own(self.origin),
            title: own(self.title),
            log: own(self.log),
            status: own(self.status),
            author: own(self.author),
            user_input,
            agent_response,
            tokens,
            origin_turn: self.origin_turn,
            summary: self.summary,
            started: self.started,
            turn: self.turn,
            time: self.time,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            actions: self.actions,
            extra: self.extra,
        }
    }
}

impl<'de> Line<'de> {
    /// Keys that mean something on the other kind of line only are kept like any other key.
    fn keep_others(&mut self) {
        let mut extra = Vec::new();
        let mut keep = |key: &'static str, text: &mut Option<Cow<'de, str>>| {
            extra.extend(text.take().map(|t| (key, Value::String(t.into_owned()))));
        };
        if self.kind == "turn" {
            if self.native_id.is_none() {
                self.native_id = self.id.take();
            }
            keep("id", &mut self.id);
            keep("parent", &mut self.parent);
            keep("origin", &mut self.origin);
            keep("log", &mut self.log);
            extra.extend(self.started.take().map(|t| ("started", Value::from(t.to_rfc3339()))));
            extra.extend(self.origin_turn.take().map(|n| ("origin_turn", n.into())));
            extra.extend(self.summary.take().map(|s| ("summary", s)));
        } else if self.kind == "conversation" {
            keep("conversation", &mut self.conversation);
            keep("user_input", &mut self.user_input);
            keep("agent_response", &mut self.agent_response);
            keep("author", &mut self.author);
            extra.extend(self.time.take().map(|t| ("time", Value::from(t.to_rfc3339()))));
            extra.extend(self.turn.take().map(|n| ("turn", n.into())));
            extra.extend(self.input_tokens.take().map(|n| ("input_tokens", n.into())));
            extra.extend(self.output_tokens.take().map(|n| ("output_tokens", n.into())));
            let actions = std::mem::take(&mut self.actions);
            extra.extend((!actions.is_empty()).then(|| ("actions", serde_json::json!(actions))));
        }
        self.extra.extend(extra.into_iter().map(|(key, value)| (key.to_string(), value)));
    }

    fn take<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let named = |e: A::Error| A::Error::custom(format!("`{key}`: {e}"));
        macro_rules! value {
            () => {
                map.next_value().map_err(named)?
            };
        }
        let slot = match key {
            "agent" => &mut self.agent,
            "user" => &mut self.user,
            "channel" => &mut self.channel,
            "project" => &mut self.project,
            "branch" => &mut self.branch,
            "cwd" => &mut self.cwd,
            "model" => &mut self.model,
            "title" => &mut self.title,
            "log" => &mut self.log,
            "status" => &mut self.status,
            "user_input" => &mut self.user_input,
            "agent_response" => &mut self.agent_response,
            "author" => &mut self.author,
            "id" | "conversation" | "native_id" | "parent" | "origin" => {
                let id: Option<Id<'de>> = value!();
                // Programs write an empty one where they have none.
                let id = id.map(|i| i.0).filter(|id| !id.is_empty());
                match key {
                    "id" => self.id = id,
                    "conversation" => self.conversation = id,
                    "native_id" => self.native_id = id,
                    "parent" => self.parent = id,
                    _ => self.origin = id,
                }
                return Ok(());
            }
            "type" => {
                let kind: Text<'de> = value!();
                self.kind = kind.0;
                return Ok(());
            }
            "started" | "time" => {
                let text: Option<Text<'de>> = value!();
                let time = text.map(|t| t.0).map(|t| match DateTime::parse_from_rfc3339(&t) {
                    Ok(time) => Ok(time.with_timezone(&Utc)),
                    Err(_) => Err(A::Error::custom(format!("`{key}`: `{}` is no RFC 3339 time", t.escape_debug()))),
                });
                *(if key == "time" { &mut self.time } else { &mut self.started }) = time.transpose()?;
                return Ok(());
            }
            "turn" | "origin_turn" | "input_tokens" | "output_tokens" => {
                let number: Option<Whole> = value!();
                match (key, number.map(|n| n.0)) {
                    ("turn", number) => self.turn = number,
                    ("origin_turn", number) => self.origin_turn = number,
                    ("input_tokens", number) => self.input_tokens = count(number)?,
                    (_, number) => self.output_tokens = count(number)?,
                }
                return Ok(());
            }
            "summary" => {
                self.summary = value!();
                return Ok(());
            }
            "actions" => {
                let actions: Option<Vec<Action>> = value!();
                self.actions = actions.unwrap_or_default();
                return Ok(());
            }
            _ => {
                let other: Value = value!();
                self.extra.insert(key.to_string(), other);
                return Ok(());
            }
        };
        let text: Option<Text<'de>> = value!();
        *slot = text.map(|t| t.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let line: Line = serde_json::from_str(r#"{"type":"turn","conversation":7,"user_input":"a\nb","agent_response":"plain","x":[1]}"#)
            .expect("a line");
        assert_eq!(line.conversation.as_deref(), Some("7"));
        assert!(matches!(line.user_input, Some(Cow::Owned(ref t)) if t == "a\nb"));
        assert!(matches!(line.agent_response, Some(Cow::Borrowed("plain"))));
        assert_eq!(line.extra["x"], serde_json::json!([1]));
    }

    #[test]
    fn a_wrong_type_names_its_key() {
        let error = serde_json::from_str::<Line>(r#"{"type":"turn","user_input":7}"#).expect_err("no text");
        assert!(error.to_string().starts_with("`user_input`: invalid type"), "{error}");
    }
}
