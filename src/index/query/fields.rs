//! Names before a colon: fields, their aliases and values, times, and what to say of the others.

use std::ops::Range;

use chrono::{DateTime, Datelike, Utc};

use super::pieces::Dates;
use super::{Key, Node};

/// What a known name is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Name {
    /// A field.
    Key(Key),
    /// `after:` and `since:`.
    After,
    /// `before:`.
    Before,
    /// `on:`.
    On,
}

/// Names that people try.
const ALIASES: [(&str, Name); 9] = [
    ("after", Name::After),
    ("since", Name::After),
    ("before", Name::Before),
    ("until", Name::Before),
    ("on", Name::On),
    ("tags", Name::Key(Key::Tag)),
    ("cmd", Name::Key(Key::Command)),
    ("files", Name::Key(Key::File)),
    ("path", Name::Key(Key::File)),
];

impl Name {
    /// The one that a person typed, in lower case or with a capital.
    pub(super) fn of(typed: &str) -> Option<Name> {
        // `ERROR:root` is a line of a program's output.
        if !is_name(typed) || typed.bytes().skip(1).any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        let typed = typed.to_ascii_lowercase();
        let key = Key::ALL.into_iter().find(|key| key.name() == typed).map(Name::Key);
        key.or_else(|| ALIASES.iter().find(|(alias, _)| *alias == typed).map(|(_, name)| *name))
    }

    /// As it is documented.
    pub(super) fn text(self) -> &'static str {
        match self {
            Name::Key(key) => key.name(),
            Name::After => "after",
            Name::Before => "before",
            Name::On => "on",
        }
    }
}

/// It could be the name of a field.
pub(super) fn is_name(text: &str) -> bool {
    (2..=24).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// A hint where an unknown name looks like one of a field; `value` is what stands after the colon, unless that is quoted.
pub(super) fn unknown(name: &str, value: Option<&str>) -> Option<String> {
    let begun = value.is_none_or(|value| value.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '*' | '#' | '.')));
    // A port or the number of a line.
    let number = value.is_some_and(|value| value.chars().all(|c| !c.is_alphabetic() && c != '-'));
    if !is_name(name) || name.bytes().any(|b| b.is_ascii_uppercase()) || !begun || number {
        return None;
    }
    if let Some(near) = nearest(name) {
        return Some(format!("no field `{name}`, did you mean `{near}:`? it was searched as text"));
    }
    let plain = value.is_none_or(|value| value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')));
    plain.then(|| format!("no field `{name}`: it was searched as text; `[{name}:…]` asks for a property"))
}

/// The known name with the fewest typos: one, or two in a word of five letters and more.
fn nearest(name: &str) -> Option<&'static str> {
    let most = if name.len() < 5 { 1 } else { 2 };
    let known = Key::ALL.into_iter().map(Key::name).chain(["after", "before", "since"]);
    known
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(typos, _)| *typos <= most)
        .min_by_key(|(typos, _)| *typos)
        .map(|(_, known)| known)
}

/// A value of a field that has few, by its own name.
pub(super) fn canonical(key: Key, value: &str) -> Option<&'static str> {
    Some(match (key, value.to_lowercase().as_str()) {
        (Key::Kind, "turn" | "turns") => "turn",
        (Key::Kind, "log" | "logs" | "section" | "sections") => "log",
        (Key::Role, "user") => "user",
        (Key::Role, "agent" | "assistant") => "agent",
        (Key::Task, "open" | "todo") => "open",
        (Key::Task, "done") => "done",
        _ => return None,
    })
}

/// What a name that cannot have every value can have.
pub(super) fn takes(name: Name) -> &'static str {
    match name {
        Name::Key(Key::Kind) => "`turn` or `log`",
        Name::Key(Key::Role) => "`user` or `agent`",
        Name::Key(Key::Task) => "`open` or `done`",
        Name::Key(_) => "a value",
        Name::After | Name::Before | Name::On => "a time such as `2026-11-01`, `yesterday` or `7d`",
    }
}

/// The time that a value names.
pub(super) fn time(name: Name, value: &str, dates: Dates<'_>) -> Option<Node> {
    let start = || Some(instant(value).or_else(|| span(value, dates))?.start);
    Some(match name {
        Name::After => Node::Time { from: Some(start()?), to: None },
        Name::Before => Node::Time { from: None, to: Some(start()?) },
        _ => {
            let Range { start, end } = span(value, dates).or_else(|| between(value, dates))?;
            Node::Time { from: Some(start), to: Some(end) }
        }
    })
}

/// `A..B`, from the start of A to the end of B.
fn between(value: &str, dates: Dates<'_>) -> Option<Range<DateTime<Utc>>> {
    let (from, to) = value.split_once("..")?;
    let side = |text: &str| instant(text).or_else(|| span(text, dates));
    Some(side(from)?.start..side(to)?.end).filter(is_sound)
}

/// A moment with its zone, without any length.
fn instant(text: &str) -> Option<Range<DateTime<Utc>>> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    Some(moment..moment).filter(is_sound)
}

fn span(text: &str, dates: Dates<'_>) -> Option<Range<DateTime<Utc>>> {
    dates(text).filter(is_sound)
}

/// It does not end before it starts, and RFC 3339 can write it.
fn is_sound(span: &Range<DateTime<Utc>>) -> bool {
    span.start <= span.end && (0..=9999).contains(&span.start.year()) && (0..=9999).contains(&span.end.year())
}
