//! From text to pieces: quotes, words, patterns and what excludes, read once from left to right.
//!
//! What a piece means depends on itself alone and on whether it stands at a word's edge, so that a tree can be written out again.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::fields::{self, Name};
use super::{Key, Node, Value};

/// Leaves of a tree.
const LEAVES: usize = 1024;
/// Characters of a word.
const WORD: usize = 256;
/// Characters of a value: with the longest field's name before it, it is no longer than a word.
const VALUE: usize = 240;
/// Characters of a phrase.
const PHRASE: usize = 1024;
/// Characters of a regular expression.
const REGEX: usize = 128;
/// Characters of a property's key.
const PROPERTY: usize = 64;
/// Words between those of a phrase.
const SLOP: u32 = 100;
/// Hints that anyone would read.
const HINTS: usize = 8;

/// A span of time that a text names.
pub(super) type Dates<'a> = &'a dyn Fn(&str) -> Option<Range<DateTime<Utc>>>;

/// A part of a query before it is grouped.
#[derive(Debug)]
pub(super) enum Piece {
    /// `(` or `-(` at the start of a word.
    Open { minus: bool },
    /// `)` at the end of a word.
    Close,
    /// `OR` or `|`.
    Or,
    /// `NOT`.
    Not,
    /// What can be found or left out.
    Leaf { node: Node, minus: bool },
}

/// The reader of a text.
pub(super) struct Pieces<'a> {
    text: &'a str,
    at: usize,
    /// Where the last quote stands that no backslash escapes.
    last_quote: Option<usize>,
    dates: Dates<'a>,
    pieces: Vec<Piece>,
    leaves: usize,
    hints: Vec<String>,
}

impl<'a> Pieces<'a> {
    /// At the start of a text.
    pub(super) fn new(text: &'a str, dates: Dates<'a>) -> Self {
        let last_quote = text.char_indices().rev().find(|&(at, c)| is_quote(c) && !text[..at].ends_with('\\')).map(|(at, _)| at);
        Pieces { text, at: 0, last_quote, dates, pieces: Vec::new(), leaves: 0, hints: Vec::new() }
    }

    /// All pieces, and hints for the person.
    pub(super) fn read(mut self) -> (Vec<Piece>, Vec<String>) {
        while let Some(c) = self.peek() {
            if c.is_whitespace() {
                self.at += c.len_utf8();
            } else {
                self.thing();
            }
        }
        if self.leaves > LEAVES {
            self.hints.push(format!("only the first {LEAVES} words are searched"));
        }
        (self.pieces, self.hints)
    }

    fn thing(&mut self) {
        let minus = self.minus();
        match self.peek() {
            Some('(') => {
                self.at += 1;
                self.pieces.push(Piece::Open { minus });
            }
            Some(c) if is_quote(c) => self.phrase(minus),
            Some('[') if self.property(minus) => {}
            Some('/') if self.regex(minus) => {}
            _ => self.word(minus),
        }
    }

    fn minus(&mut self) -> bool {
        let Some(rest) = self.rest().strip_prefix('-') else { return false };
        let minus = can_exclude(rest) && (!rest.starts_with(is_quote) || self.quotation(self.at + 1).is_some());
        self.at += usize::from(minus);
        minus
    }

    fn phrase(&mut self, minus: bool) {
        // After a letter or a digit it is an inch mark or the end of a quotation that was not opened.
        let inside = self.text[..self.at].ends_with(char::is_alphanumeric);
        let Some((text, end)) = self.quotation(self.at).filter(|_| !inside) else {
            self.at += self.peek().map_or(0, char::len_utf8);
            return;
        };
        self.at = end;
        let slop = self.slop();
        let text = unescaped(text);
        let text = cut(text.trim(), PHRASE).trim_end_matches(|c: char| c == '\\' || c.is_whitespace());
        if !text.is_empty() {
            self.leaf(Node::Phrase(text.into(), slop), minus);
        }
    }

    fn slop(&mut self) -> u32 {
        let Some(rest) = self.rest().strip_prefix('~') else { return 0 };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let end = self.at + 1 + digits;
        if !self.is_end(end) {
            return 0;
        }
        self.at = end;
        if digits == 0 { 0 } else { rest[..digits].parse().unwrap_or(SLOP).min(SLOP) }
    }

    fn property(&mut self, minus: bool) -> bool {
        let rest = &self.text[self.at + 1..];
        let key = property_key(rest);
        let end = self.at + 1 + key.len();
        let after = &rest[key.len()..];
        if key.is_empty() {
            return false;
        }
        if after.starts_with(']') {
            let read = self.is_end(end + 1) && names_property(key);
            if read {
                self.at = end + 1;
                self.leaf(Node::Property(key.into(), None), minus);
            }
            return read;
        }
        if !after.starts_with(':') {
            return false;
        }
        let Some((value, end)) = self.property_value(end + 1) else {
            // Without its bracket, or what follows could close it when the tree is written out.
            self.at += 1;
            return false;
        };
        self.at = end;
        self.leaf(Node::Property(key.into(), Some(value)), minus);
        true
    }

    /// The value that stands at `from`, and where its bracket is closed.
    fn property_value(&self, from: usize) -> Option<(String, usize)> {
        let rest = self.text[from..].trim_start();
        let from = self.text.len() - rest.len();
        if let Some((text, end)) = rest.starts_with(is_quote).then(|| self.quotation(from)).flatten() {
            let tail = self.text[end..].trim_start();
            let end = self.text.len() - tail.len() + 1;
            let value = quoted_value(text);
            if tail.starts_with(']') && self.is_end(end) && !value.trim().is_empty() {
                return Some((value, end));
            }
        }
        let close = rest.char_indices().take(VALUE + 1).find(|&(_, c)| c == ']')?.0;
        let value = rest[..close].trim_matches(|c: char| is_quote(c) || c.is_whitespace()).trim_end_matches('\\');
        let end = from + close + 1;
        (self.is_end(end) && !value.is_empty()).then(|| (value.into(), end))
    }

    fn regex(&mut self, minus: bool) -> bool {
        let mut pattern = String::new();
        let mut escaped = false;
        for (at, c) in self.rest().char_indices().skip(1).take(REGEX + 1) {
            match c {
                c if c.is_whitespace() => return false,
                '/' if !escaped => {
                    let end = self.at + at + 1;
                    let read =
                        self.is_end(end) && pattern.contains(['[', ']', '(', ')', '{', '}', '+', '*', '?', '^', '$', '|', '\\', '.']);
                    if read {
                        self.at = end;
                        self.leaf(Node::Regex(pattern), minus);
                    }
                    return read;
                }
                '\\' if !escaped => escaped = true,
                c => {
                    if escaped && c != '/' {
                        pattern.push('\\');
                    }
                    pattern.push(c);
                    escaped = false;
                }
            }
        }
        false
    }

    fn word(&mut self, minus: bool) {
        let rest = self.rest();
        let run = &rest[..rest.find(ends_run).unwrap_or(rest.len())];
        let closing = parentheses(run).1;
        self.at += run.len();
        if self.quoted_field(run, minus) {
            return;
        }
        self.body(cut_to(&run[..run.len() - closing], WORD), minus);
        self.pieces.extend(std::iter::repeat_with(|| Piece::Close).take(closing));
    }

    fn body(&mut self, body: &str, minus: bool) {
        match body {
            "" => {}
            // As a word it would be an operator again when the tree is written out.
            "AND" | "OR" | "NOT" if minus => self.leaf(Node::Phrase(body.into(), 0), minus),
            "AND" => {}
            "OR" | "|" => self.pieces.push(Piece::Or),
            "NOT" => self.pieces.push(Piece::Not),
            "*" => self.leaf(Node::Everything, minus),
            _ => {
                let node = self.field(body).unwrap_or_else(|| pattern(body));
                self.leaf(node, minus);
            }
        }
    }

    /// A field with its value, or the word that it is instead, if it has to be one.
    fn field(&mut self, body: &str) -> Option<Node> {
        let (name, typed) = body.split_once(':')?;
        if typed.is_empty() || typed.starts_with(':') || typed.starts_with("//") {
            return None;
        }
        let Some(name) = Name::of(name) else {
            self.hint(fields::unknown(name, Some(typed)));
            return None;
        };
        if typed.starts_with('(') {
            self.hint(Some(format!("`{0}:` takes no group: write `({0}:a OR {0}:b)`", name.text())));
            return Some(Node::Word(body.into()));
        }
        let value = Value { text: cut_to(typed, VALUE).into(), quoted: false };
        if value.text.is_empty() {
            return None;
        }
        Some(self.meaning(name, value).unwrap_or_else(|| Node::Word(body.into())))
    }

    /// A field whose value is quoted; `run` is what stands before the quote.
    fn quoted_field(&mut self, run: &str, minus: bool) -> bool {
        let Some(typed) = run.strip_suffix(':').filter(|typed| fields::is_name(typed)) else { return false };
        let Some((text, end)) = self.rest().starts_with(is_quote).then(|| self.quotation(self.at)).flatten() else { return false };
        let value = Value { text: quoted_value(text), quoted: true };
        if value.text.trim().is_empty() {
            return false;
        }
        match Name::of(typed) {
            Some(name) => {
                if let Some(node) = self.meaning(name, value) {
                    self.at = end;
                    self.leaf(node, minus);
                    return true;
                }
            }
            None => self.hint(fields::unknown(typed, None)),
        }
        // Nobody who excludes it wants all texts to go that have the field's name.
        if !minus {
            self.leaf(Node::Word(run.into()), false);
        }
        self.phrase(minus);
        true
    }

    fn meaning(&mut self, name: Name, value: Value) -> Option<Node> {
        let node = match name {
            Name::Key(key) => usable(key, value),
            _ => fields::time(name, &value.text, self.dates),
        };
        if node.is_none() {
            self.hint(Some(format!("`{}:` takes {}: it was searched as text", name.text(), fields::takes(name))));
        }
        node
    }

    fn leaf(&mut self, node: Node, minus: bool) {
        self.leaves += 1;
        if self.leaves <= LEAVES {
            self.pieces.push(Piece::Leaf { node, minus });
        }
    }

    fn hint(&mut self, hint: Option<String>) {
        if self.hints.len() < HINTS {
            self.hints.extend(hint.filter(|hint| !self.hints.contains(hint)));
        }
    }

    /// What stands between the quote at `open` and the next one, and where that ends.
    ///
    /// A backslash before a quote escapes it, unless no other quote is left to close.
    fn quotation(&self, open: usize) -> Option<(&'a str, usize)> {
        let start = open + self.text[open..].chars().next()?.len_utf8();
        let inner = &self.text[start..];
        let plain = self.last_quote.is_some_and(|last| last >= start);
        let (close, quote) = inner.char_indices().find(|&(at, c)| is_quote(c) && !(plain && inner[..at].ends_with('\\')))?;
        Some((&inner[..close], start + close + quote.len_utf8()))
    }

    /// A word can end there.
    fn is_end(&self, at: usize) -> bool {
        self.text[at..].chars().next().is_none_or(|c| c == ')' || ends_run(c))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
}

/// Quotes as keyboards and word processors make them.
pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

fn ends_run(c: char) -> bool {
    c.is_whitespace() || is_quote(c)
}

/// A minus before it excludes it: not before numbers, arrows and the second dash of a flag.
pub(super) fn can_exclude(text: &str) -> bool {
    if text.starts_with('(') || text.starts_with(is_quote) {
        return true;
    }
    let run = &text[..text.find(ends_run).unwrap_or(text.len())];
    let number = run.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | ':' | ';' | ')'));
    run.contains(char::is_alphanumeric) && !number && !run.starts_with(['-', '>', '='])
}

/// How many parentheses a word leaves open, and how many at its end close none of its own.
pub(super) fn parentheses(word: &str) -> (usize, usize) {
    word.chars().fold((0, 0), |(open, closing), c| match c {
        '(' => (open + 1, 0),
        ')' if open > 0 => (open - 1, 0),
        ')' => (0, closing + 1),
        _ => (open, 0),
    })
}

fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}

/// Cut, and without the parentheses that would now close a group.
fn cut_to(text: &str, most: usize) -> &str {
    let text = cut(text, most);
    &text[..text.len() - parentheses(text).1]
}

fn quoted_value(text: &str) -> String {
    cut(&unescaped(text), VALUE).trim_end_matches('\\').into()
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\' && chars.peek().copied().is_some_and(is_quote);
        out.extend((!escapes).then_some(c));
    }
    out
}

/// A prefix, a word with typos, or the word itself.
fn pattern(word: &str) -> Node {
    if let Some(start) = word.strip_suffix('*') {
        let whole = start.chars().all(|c| c.is_alphanumeric() || "_-./:@#+'\\".contains(c));
        if whole && start.chars().nth(1).is_some() && start.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-') {
            return Node::Prefix(start.into());
        }
    }
    if let Some((start, typos)) = word.rsplit_once('~') {
        let typos = match typos {
            "" | "2" => Some(2),
            "1" => Some(1),
            _ => None,
        };
        // `HEAD~1` is a commit.
        let whole = start != "HEAD" && start.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '\''));
        if let Some(typos) = typos.filter(|_| whole && start.chars().nth(2).is_some()) {
            return Node::Fuzzy(start.into(), typos);
        }
    }
    Node::Word(word.into())
}

/// The key that stands at the start of a text, after a bracket.
fn property_key(text: &str) -> &str {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let key = &text[..text.find(|c| !inner(c)).unwrap_or(text.len())];
    let named = key.starts_with(|c: char| c.is_alphabetic() || c == '_') && key.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if named && key.chars().nth(PROPERTY).is_none() { key } else { "" }
}

/// Alone in brackets it is a property: neither `[x]` nor the `[INFO]` of a log.
fn names_property(key: &str) -> bool {
    key.chars().filter(|c| c.is_alphabetic()).count() > 1 && key.chars().any(|c| c.is_alphabetic() && !c.is_uppercase())
}

/// The field, if its value is one that it can have; of those with few values, as they are named.
fn usable(key: Key, value: Value) -> Option<Node> {
    let text = match key {
        Key::Kind | Key::Role | Key::Task => fields::canonical(key, &value.text)?.into(),
        _ => value.text,
    };
    Some(Node::Field(key, Value { text, quoted: value.quoted }))
}
