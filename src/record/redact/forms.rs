//! How a value stands beside its key: the signs, words and quotes between them, and where the value ends.

use super::frame;
use super::scan::{BARE, NAME, Text, VALUE, WORD, is};
use super::value;

/// The longest value in quotes that is looked at.
const LONGEST: usize = 2048;

/// How a value stands beside its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In quotes.
    Quoted,
    /// In quotes, behind a colon: a label too may stand there.
    Entry,
    /// In quotes, given to a function.
    Argument,
    /// `KEY=value` on a line of its own: whatever stands there is the value.
    Env,
    /// `key=value` in settings, a shell, a connection string.
    Settings,
    /// `key=value` anywhere else.
    Inline,
    /// `key = value` on a line of its own.
    Spaced,
    /// `key: value`.
    Colon,
    /// `--key value`.
    Flag,
    /// `?key=value`.
    Query,
    /// `key is value`, `key value`, `| key | value |`.
    Prose,
}

impl Form {
    /// Whether the value stands in quotes.
    pub(super) fn is_quoted(self) -> bool {
        matches!(self, Form::Quoted | Form::Entry | Form::Argument)
    }
}

/// A key: where it stands, and whether in an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) query: bool,
}

/// What an operator makes of the value behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// No value follows.
    Never,
    Equals,
    Colon,
    /// A value in quotes follows, or none.
    Quoted,
    /// The next argument.
    Comma,
    Call,
    Cell,
    Words,
}

/// What stands between a key and a value, the longest first.
const OPERATORS: &[(&str, Between)] = &[
    ("=>", Between::Equals),
    ("==", Between::Never),
    ("=~", Between::Never),
    ("::", Between::Never),
    (":=", Between::Quoted),
    ("!", Between::Never),
    ("||=", Between::Quoted),
    ("||", Between::Quoted),
    ("??=", Between::Quoted),
    ("??", Between::Quoted),
    ("or ", Between::Quoted),
    ("=", Between::Equals),
    (":", Between::Colon),
    (",", Between::Comma),
    ("(", Between::Call),
    ("|", Between::Cell),
    ("is now ", Between::Words),
    ("is: ", Between::Words),
    ("is ", Between::Words),
    ("was ", Between::Words),
    ("to ", Between::Words),
];

/// What stands on a line before a key that a value follows without a sign.
const TOLD: &[&str] = &["ENV ", "ARG ", "set -gx ", "set -Ux ", "set -x ", "setx ", "configure set ", "config set ", "#define "];

/// Words of a line of SQL before `PASSWORD '…'`.
const SQL: &[&str] = &["user ", "role ", "identified ", "set password"];

/// Where the value begins, and how it stands there.
pub(super) fn separator(text: &mut Text<'_>, key: Key) -> Option<(Form, usize)> {
    let Key { start, end, query } = key;
    let (at, closed) = closing(text, end);
    if let Some(found) = beside(text, start, at) {
        return Some(found);
    }
    let gap = frame::spaces(text, at);
    let flag = text.bytes[..start].ends_with(b"--") || (text.before(start) != b'-' && text.has(start, "--"));
    let (sign, length) = frame::sign(text, gap);
    let found = OPERATORS.iter().find(|(o, _)| text.has(gap, o)).map(|(o, b)| (*b, gap + o.len()));
    let escaped = match sign {
        b'=' if length > 1 => Some((Between::Equals, gap + length)),
        b':' if length > 1 => Some((Between::Colon, gap + length)),
        b'>' if text.before(start) == b'<' && gap == end => return element(text, gap + length),
        _ => None,
    };
    let own = is_env(text, key);
    let (between, next) = match escaped.or(found) {
        Some((Between::Never, _)) if own && (text.has(gap, "==") || text.has(gap, "=~")) => (Between::Equals, gap + 1),
        Some(found) => found,
        None if flag && gap > at => return Some(opening(text, gap).map_or((Form::Flag, gap), |from| (Form::Quoted, from))),
        None if gap > at => return apart(text, key, gap, closed),
        None => return None,
    };
    // The name is bold, with its colon.
    let next = if text.has(next, "**") && text.before(start) == b'*' { next + 2 } else { next };
    let from = frame::spaces(text, next);
    let quoted = opening(text, from);
    match (between, quoted) {
        (Between::Never, _) => None,
        (Between::Comma, _) if closed => listed(text, key, flag, from),
        (Between::Call, _) if gap == end => called(text, key, quoted),
        (Between::Words, _) if gap > at => Some((Form::Prose, quoted.unwrap_or(from))),
        (Between::Cell, _) if is_table(text, start) => Some((Form::Prose, quoted.unwrap_or(from))),
        (Between::Colon, Some(from)) => Some((Form::Entry, from)),
        (Between::Quoted, Some(from)) if text.at(from) != b'`' => Some((Form::Quoted, from)),
        (Between::Equals, Some(from)) => Some((Form::Quoted, from)),
        (Between::Equals, None) if text.has(gap, "=>") => None,
        (Between::Equals, None) if text.at(from) == b'(' && text.bytes[start..end].ends_with(b"auth") => pair(text, from + 1),
        (Between::Equals, None) => Some((equals(text, key, (own, flag, matches!(text.at(next), b' ' | b'\t')), from), from))
            .filter(|(form, _)| *form != Form::Spaced || begins_line(text, start)),
        (Between::Colon, None) if text.at(next) == b'-' && text.before(start) == b'{' => Some((Form::Query, next + 1)),
        (Between::Colon, None) => {
            annotated(text, from)
                .map(|from| (Form::Quoted, from))
                .or(Some((if query { Form::Query } else { Form::Colon }, from)).filter(|_| from > next || closed || escaped.is_some()))
        }
        _ => None,
    }
}

/// How a value stands behind `=`.
fn equals(text: &Text<'_>, key: Key, (own, flag, spaced): (bool, bool, bool), from: usize) -> Form {
    match () {
        () if spaced => Form::Spaced,
        () if key.query => Form::Query,
        () if own => Form::Env,
        () if flag || is_setting(text, key.start, key.end) => Form::Settings,
        () if is_connection(text, key.start, from) => Form::Query,
        () => Form::Inline,
    }
}

/// Skips what closes a key: quotes, brackets, stars, colours.
fn closing(text: &Text<'_>, end: usize) -> (usize, bool) {
    let (mut at, mut closed) = (end, false);
    while at < end + 24 {
        let (sign, length) = frame::sign(text, at);
        at += match sign {
            b'"' | b'\'' | b'`' => {
                closed = true;
                length
            }
            b'\\' | b']' | b'?' if !text.has(at, "\\u") && !text.has(at, "??") => 1,
            b'!' if text.at(at + 1) != b'=' => 1,
            b'*' if text.has(at, "**") => 2,
            b'[' if text.has(at, "[]") => 2,
            0x1b => match frame::spaces(text, at) {
                end if end > at => end - at,
                _ => break,
            },
            _ => break,
        }
    }
    (at, closed)
}

/// A value behind a key without a sign: in a `.netrc`, told to a program, in SQL, in a sentence.
fn apart(text: &Text<'_>, key: Key, gap: usize, closed: bool) -> Option<(Form, usize)> {
    let quoted = opening(text, gap);
    let line = frame::before(text, key.start)?;
    let told = TOLD.iter().any(|w| line.ends_with(w.as_bytes()))
        || matches!(&text.bytes[key.start..key.end], b"requirepass" | b"masterauth" | b"ConvertTo-SecureString")
        || (line.windows(11).any(|w| w == b"config set ") && line.ends_with(b":"));
    // A number that is defined is no secret.
    let told = told && (quoted.is_some() || !line.ends_with(b"#define "));
    if told || (!closed && is_netrc(text, key.start)) {
        return Some(quoted.map_or((Form::Settings, gap), |from| (Form::Quoted, from)));
    }
    let name = &text.bytes[key.start..key.end];
    let lower = [line, name].concat().to_ascii_lowercase();
    if name == b"IDENTIFIED BY" || text.at(gap) == b'\'' && SQL.iter().any(|w| lower.windows(w.len()).any(|x| x == w.as_bytes())) {
        return quoted.map(|from| (Form::Quoted, from));
    }
    Some((Form::Prose, quoted.unwrap_or(gap)))
}

/// The argument behind the name in a call: `getenv("KEY", "value")`, `option("--key", default="value")`.
fn listed(text: &Text<'_>, key: Key, flag: bool, from: usize) -> Option<(Form, usize)> {
    let from = if text.has(from, "default=") { from + "default=".len() } else { from };
    let open = text.bytes[key.start.saturating_sub(4)..key.start].iter().rev().find(|b| !matches!(b, b'"' | b'\'' | b'-' | b'\\'));
    let quoted = opening(text, from)?;
    Some((if flag && open != Some(&b'(') { Form::Quoted } else { Form::Argument }, quoted)).filter(|_| flag || open == Some(&b'('))
}

/// The argument of a call that is named as the key: `.password("value")`, `PASSWORD('value')`.
fn called(text: &Text<'_>, key: Key, quoted: Option<usize>) -> Option<(Form, usize)> {
    let name = &text.bytes[key.start..key.end];
    let sets = text.before(key.start) == b'.' || name.starts_with(b"set") || name.starts_with(b"with");
    let form = if name == b"PASSWORD" { Form::Quoted } else { Form::Argument };
    quoted.filter(|_| sets || form == Form::Quoted).map(|from| (form, from))
}

/// The second of two values in quotes: `auth=("user", "value")`.
fn pair(text: &Text<'_>, at: usize) -> Option<(Form, usize)> {
    let (_, end) = quoted(text, opening(text, at)?)?;
    let comma = frame::spaces(text, end + 1);
    let from = frame::spaces(text, comma + 1);
    (text.at(comma) == b',').then(|| opening(text, from)).flatten().map(|from| (Form::Argument, from))
}

/// Where a value begins and ends.
pub(super) fn extent(text: &mut Text<'_>, form: Form, from: usize) -> Option<(usize, usize)> {
    let class = match form {
        _ if form.is_quoted() => return quoted(text, from),
        Form::Prose if is_quote(text, from) => return quoted(text, from),
        Form::Env | Form::Settings | Form::Flag | Form::Prose => BARE,
        _ => VALUE,
    };
    let to = text.run(class, from);
    // The point or comma of a sentence is no part of it.
    let end = |b: &u8| matches!(b, b',' | b';' | b'.' | b')' | b':') || (form == Form::Prose && matches!(b, b'*' | b'|' | b'!' | b'?'));
    let trimmed = text.bytes[from..to].iter().rev().take(8).take_while(|b| form != Form::Env && end(b)).count();
    // A line of YAML ends where it ends, whatever signs stand in it.
    if form == Form::Colon || form == Form::Spaced {
        let whole = text.run(BARE, from);
        if whole > to && whole - from <= 64 && ends_line(text, whole) && value::is_strong(&text.bytes[from..whole]) {
            let code = text.bytes[from..whole].iter().any(|b| matches!(b, b'(' | b'[' | b'<' | b'{'));
            return Some((from, if code || matches!(text.before(whole), b',' | b';') { to - trimmed } else { whole }));
        }
    }
    Some((from, to - trimmed))
}

/// Whether a line ends at a place, but for a comment or the edge of a box.
pub(super) fn ends_line(text: &Text<'_>, at: usize) -> bool {
    let end = frame::spaces(text, at);
    matches!(text.at(end), 0 | b'\n' | b'\r' | b'#' | b'"' | b'\'' | b'`')
        || (text.at(end) == b'\\' && matches!(text.at(end + 1), b'n' | b'r'))
        || (end > at && ["; ", "// ", "│"].iter().any(|m| text.has(end, m)))
}

fn is_quote(text: &Text<'_>, at: usize) -> bool {
    let (sign, _) = frame::sign(text, at);
    matches!(sign, b'"' | b'\'' | b'`') || (sign == b'\\' && matches!(text.at(at + 1), b'"' | b'\'' | b'\\'))
}

/// The quote that opens a value, perhaps behind the letter of a raw or byte string.
pub(super) fn opening(text: &Text<'_>, at: usize) -> Option<usize> {
    (at..at + 3)
        .find(|n| is_quote(text, *n))
        .filter(|n| text.bytes[at..*n].iter().all(|b| matches!(b, b'b' | b'r' | b'u' | b'f' | b'B' | b'R' | b'@' | b'L' | b'#')))
}

/// What stands in the quotes that open at a place; the quote that closes has no more backslashes than the one that opens.
fn quoted(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let (_, length) = frame::sign(text, at);
    if length > 1 {
        let start = at + length;
        let rest = &text.bytes[start..text.bytes.len().min(start + LONGEST)];
        let mark = &text.bytes[at..start];
        return rest.windows(length).position(|w| w.eq_ignore_ascii_case(mark)).map(|n| (start, start + n));
    }
    let slashes = text.bytes[at..].iter().take(8).take_while(|b| **b == b'\\').count();
    let quote = text.at(at + slashes);
    let mut start = at + slashes + 1;
    if text.at(start) == quote && text.at(start + 1) == quote {
        start += 2;
    }
    let mut before = 0;
    for (n, byte) in text.bytes.get(start..)?.iter().take(LONGEST).enumerate() {
        match *byte {
            b'\\' => before += 1,
            b'\n' => return None,
            b if b == quote && before <= slashes => return Some((start, start + n - before)),
            _ => before = 0,
        }
    }
    None
}

/// The quoted value behind a type: `key: string = "…"`.
fn annotated(text: &Text<'_>, at: usize) -> Option<usize> {
    let length = text
        .bytes
        .get(at..)?
        .iter()
        .take(48)
        .take_while(|b| is(NAME, **b) || matches!(b, b'&' | b'\'' | b'<' | b'>' | b'[' | b']' | b' ' | b':' | b'.' | b'?' | b'|'))
        .count();
    let equals = at + length;
    (length > 0 && text.at(equals) == b'=').then(|| opening(text, frame::spaces(text, equals + 1))).flatten()
}

/// The value in the next entry or attribute, or on the next line: `name: KEY` and `value: …`.
fn beside(text: &mut Text<'_>, start: usize, at: usize) -> Option<(Form, usize)> {
    if !matches!(text.at(at), b'\n' | b' ' | b',' | b'>' | b'\r') {
        return None;
    }
    let quotes = b"\"'\\ ";
    let trim = |mut bytes: &'_ [u8]| {
        while bytes.last().is_some_and(|b| quotes.contains(b)) {
            bytes = &bytes[..bytes.len() - 1];
        }
        bytes.len()
    };
    let near = start.saturating_sub(24);
    let before = &text.bytes[near..start];
    let sign = &before[..trim(before)];
    let [word @ .., b':' | b'='] = sign else { return None };
    let word = word[..trim(word)].to_ascii_lowercase();
    if !word.ends_with(b"name") && !word.ends_with(b"key") {
        return None;
    }
    if text.at(at) == b'>' {
        return element(text, at + 1);
    }
    let lines = |b: &u8| matches!(b, b'\n' | b'\r' | b' ' | b'\t' | b',' | b'"' | b'\'' | b'\\');
    let next = at + text.bytes[at..].iter().take(64).take_while(|b| lines(b)).count();
    let named = ["value", "content"].iter().find(|w| text.has_folded(next, w))?;
    let behind = next + named.len();
    let equals = behind + text.bytes[behind..].iter().take(4).take_while(|b| quotes.contains(b)).count();
    if !matches!(text.at(equals), b':' | b'=') {
        return None;
    }
    let from = frame::spaces(text, equals + 1);
    Some(opening(text, from).map_or((Form::Colon, from), |from| (Form::Quoted, from)))
}

/// `<password>value</password>`.
fn element(text: &mut Text<'_>, from: usize) -> Option<(Form, usize)> {
    const DATA: &str = "<![CDATA[";
    let from = if text.has(from, DATA) { from + DATA.len() } else { from };
    let end = text.run(VALUE, from);
    ["</", "]]>", "&lt;/", "\\u003c/"].iter().any(|c| text.has(end, c)).then_some((Form::Query, from))
}

/// Whether a line is nothing but a name in capitals and its value.
fn is_env(text: &Text<'_>, key: Key) -> bool {
    if text.bytes[key.start..key.end].iter().any(u8::is_ascii_lowercase) {
        return false;
    }
    let line = frame::before(text, key.start).map(|line| frame::strip(line).trim_ascii_start());
    line.is_some_and(|line| matches!(line, b"" | b"export " | b"- " | b"set " | b"$ export " | b"ENV "))
}

/// Whether a line of settings begins with the key: in capitals, exported, or at its very beginning.
fn is_setting(text: &Text<'_>, start: usize, end: usize) -> bool {
    let capitals = !text.bytes[start..end].iter().any(u8::is_ascii_lowercase);
    let before = &text.bytes[start.saturating_sub(8)..start];
    let told = [&b"export "[..], b"set ", b"env ", b"ENV ", b"ARG ", b"-e ", b"_", b"literal="].iter().any(|w| before.ends_with(w));
    let mut first = start;
    while first > 0 && start - first < 128 && (is(WORD, text.before(first)) || matches!(text.before(first), b'.' | b':' | b'/')) {
        first -= 1;
    }
    capitals
        || told
        || matches!(text.before(first), 0 | b'\n')
        || frame::before(text, start).is_some_and(|line| frame::strip(line).is_empty())
}

/// Whether the pair stands in a connection string: behind `;`, or beside the pairs for a host or a user.
fn is_connection(text: &Text<'_>, start: usize, from: usize) -> bool {
    const BESIDE: &[&str] = &["user=", "host=", "dbname=", "server=", "uid=", "username=", "database=", "user id="];
    let names = |bytes: &[u8]| {
        let signs = bytes.iter().enumerate().filter(|(_, b)| **b == b'=').map(|(n, _)| n + 1);
        let ends = |n: usize, w: &str| n.checked_sub(w.len()).is_some_and(|s| bytes[s..n].eq_ignore_ascii_case(w.as_bytes()));
        signs.into_iter().any(|n| BESIDE.iter().any(|w| ends(n, w)))
    };
    let near = &text.bytes[start.saturating_sub(96)..start];
    let line = near.iter().rposition(|b| *b == b'\n').map_or(near, |n| &near[n + 1..]);
    let ahead = &text.bytes[from..text.bytes.len().min(from + 96)];
    let ahead = ahead.iter().position(|b| *b == b'\n').map_or(ahead, |n| &ahead[..n]);
    let listed = line.contains(&b'(') || line.ends_with(b", ");
    !listed && (matches!(text.before(start), b';' | b'"' | b'\'' | b'`') || names(line) || names(ahead))
}

/// Whether the word stands in a `.netrc`: behind a machine and a login.
fn is_netrc(text: &Text<'_>, start: usize) -> bool {
    let before = &text.bytes[start.saturating_sub(256)..start];
    let has = |word: &[u8]| before.windows(word.len()).any(|w| w == word);
    has(b"login ") && has(b"machine ")
}

/// Whether a key stands in a cell of a table.
fn is_table(text: &Text<'_>, start: usize) -> bool {
    frame::before(text, start).is_some_and(|line| line.trim_ascii_start().starts_with(b"|"))
}

/// Whether nothing but marks of lists, comments and differences stands before a key on its line.
fn begins_line(text: &Text<'_>, start: usize) -> bool {
    let Some(line) = frame::before(text, start) else { return false };
    let line = frame::strip(line);
    let open = line.iter().rposition(|b| matches!(b, b'"' | b'\'' | b'`')).map_or(line, |n| &line[n + 1..]);
    let mark = |b: &u8| matches!(b, b' ' | b'\t' | b'#' | b'/' | b'>' | b'*' | b'+' | b'-' | b'.' | b'_');
    open.iter().all(mark) || open.trim_ascii() == b"export"
}
