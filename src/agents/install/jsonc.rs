//! JSON with comments, read for its places: what stands where, byte by byte. Nothing is ever written back from it.
//!
//! Comments, trailing commas and a byte-order mark are taken as they are; everything else is as strict as JSON.

use std::ops::Range;

/// How deep values may lie in each other.
const DEEPEST: usize = 128;

/// A value and the bytes that it takes up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// From its first to its last byte.
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Members in order, also those whose key comes twice.
    Object(Vec<Member>),
    Array(Vec<Node>),
    String(String),
    /// Numbers, `true`, `false`, `null`.
    Plain(serde_json::Value),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// From the key's first to the value's last byte.
    pub(crate) span: Range<usize>,
    pub(crate) node: Node,
}

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// The place, in bytes.
    pub(crate) at: usize,
    pub(crate) why: &'static str,
}

impl Node {
    /// The value of a key; of one that comes twice, the last, as programs read it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|(_, member)| &member.node)
    }

    /// The member with a key, and its place.
    pub(crate) fn member(&self, key: &str) -> Option<(usize, &Member)> {
        let Value::Object(members) = &self.value else { return None };
        members.iter().enumerate().rev().find(|(_, member)| member.key == key)
    }

    /// The items of an array.
    pub(crate) fn items(&self) -> Option<&[Node]> {
        if let Value::Array(items) = &self.value { Some(items) } else { None }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// Where the members of an object or the items of an array stand.
    pub(crate) fn elements(&self) -> Vec<Range<usize>> {
        match &self.value {
            Value::Object(members) => members.iter().map(|m| m.span.clone()).collect(),
            Value::Array(items) => items.iter().map(|n| n.span.clone()).collect(),
            Value::String(_) | Value::Plain(_) => Vec::new(),
        }
    }
}

/// Reads a text.
pub(crate) fn parse(text: &str) -> Result<Node, Broken> {
    let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    reader.trivia()?;
    let node = reader.value(0)?;
    reader.trivia()?;
    if reader.at < text.len() { Err(reader.broken("there is more after its end")) } else { Ok(node) }
}

/// The line of a place, from 1.
pub(crate) fn line(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count()
}

/// The end of blanks and comments from a place on; of a comment without an end, the end of the text.
pub(crate) fn after_trivia(text: &str, from: usize) -> usize {
    let mut reader = Reader { text, at: from };
    match reader.trivia() {
        Ok(()) => reader.at,
        Err(_) => text.len(),
    }
}

/// The end of the comment that begins at a place.
pub(crate) fn comment_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    if rest.starts_with("//") {
        let end = rest.find('\n').unwrap_or(rest.len());
        return Some(at + rest[..end].trim_end_matches('\r').len());
    }
    let inner = rest.strip_prefix("/*")?;
    inner.find("*/").map(|end| at + end + 4)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn broken(&self, why: &'static str) -> Broken {
        Broken { at: self.at, why }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over a byte, if it comes next.
    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn trivia(&mut self) -> Result<(), Broken> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') => self.at = comment_end(self.text, self.at).ok_or(self.broken("a comment does not end"))?,
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Broken> {
        if depth > DEEPEST {
            return Err(self.broken("values lie too deep in each other"));
        }
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => Value::Object(self.object(depth)?),
            Some(b'[') => Value::Array(self.array(depth)?),
            Some(b'"') => Value::String(self.string()?),
            Some(_) => Value::Plain(self.plain()?),
            None => return Err(self.broken("a value is missing")),
        };
        Ok(Node { span: start..self.at, value })
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member>, Broken> {
        let mut members = Vec::new();
        self.at += 1;
        loop {
            self.trivia()?;
            if self.eat(b'}') {
                return Ok(members);
            }
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.broken("a key in quotation marks, or `}`, is missing"));
            }
            let key = self.string()?;
            self.trivia()?;
            if !self.eat(b':') {
                return Err(self.broken("`:` is missing"));
            }
            self.trivia()?;
            let node = self.value(depth + 1)?;
            members.push(Member { key, span: start..self.at, node });
            self.trivia()?;
            if !self.eat(b',') && self.peek() != Some(b'}') {
                return Err(self.broken("`,` or `}` is missing"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Node>, Broken> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.trivia()?;
            if self.eat(b']') {
                return Ok(items);
            }
            items.push(self.value(depth + 1)?);
            self.trivia()?;
            if !self.eat(b',') && self.peek() != Some(b']') {
                return Err(self.broken("`,` or `]` is missing"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Broken> {
        let start = self.at;
        let mut escaped = false;
        for (at, byte) in self.text.bytes().enumerate().skip(start + 1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let text = serde_json::from_str(&self.text[start..=at]).map_err(|_| self.broken("this is no valid string"))?;
                    self.at = at + 1;
                    return Ok(text);
                }
                b'\n' => break,
                _ => {}
            }
        }
        Err(self.broken("a string does not end"))
    }

    fn plain(&mut self) -> Result<serde_json::Value, Broken> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))).unwrap_or(rest.len());
        let value = serde_json::from_str(&rest[..end]).map_err(|_| self.broken("this is no value"))?;
        self.at += end;
        Ok(value)
    }
}
