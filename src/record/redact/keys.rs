//! Assignments: a key that names a secret, and a value written out beside it.
//!
//! Settings, shells, JSON, YAML, TOML, code, connection strings, queries, flags. Which keys name secrets stands in `names`.

use super::names::{self, Name};
use super::scan::{self, BARE, NAME, Text, VALUE, WORD, is};
use super::value;

/// The longest value in quotes that is looked at.
const LONGEST: usize = 2048;

/// How a value stands beside its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In quotes.
    Quoted,
    /// `KEY=value` in settings, a shell, a connection string.
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
}

/// An assignment whose key ends with the word at a place.
pub(super) fn assignment(text: &mut Text<'_>, at: usize) {
    let end = text.run(WORD, at);
    if end - at > 40
        || !matches!(text.at(end), b'=' | b':' | b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b']' | b'>' | b'?' | b'\n' | b'!')
    {
        return;
    }
    let mut start = at;
    while start > 0 && at - start < 64 && is(WORD, text.before(start)) {
        start -= 1;
    }
    let query =
        matches!(text.before(start), b'?' | b'&') || text.bytes[..start].ends_with(b"&amp;") || text.bytes[..start].ends_with(b"\\u0026");
    let Some(name) = names::name(&text.bytes[start..end], query) else { return };
    let Some((form, from)) = separator(text, start, end, query) else { return };
    let Some((from, to)) = (match form {
        Form::Quoted => quoted(text, from),
        Form::Settings | Form::Flag => Some((from, text.run(BARE, from))),
        _ => Some((from, text.run(VALUE, from))),
    }) else {
        return;
    };
    // The point or comma of a sentence is no part of it.
    let trimmed =
        text.bytes[from..to].iter().rev().take_while(|b| form != Form::Quoted && matches!(b, b',' | b';' | b'.' | b')' | b':')).count();
    let to = to - trimmed;
    if to > from && judge(text, &name, form, from, to) {
        match scan::shaped(text, from).filter(|f| f.range.end >= to) {
            Some(found) => text.push(found.kind, found.range),
            None => text.push(name.kind, from..to),
        }
    }
}

/// The kind of a string that stands under a key in JSON, if it is a secret as a whole.
pub(super) fn assigned(key: &str, content: &str) -> Option<&'static str> {
    let name = names::name(key.trim_start_matches('-').as_bytes(), false)?;
    let mut text = Text::new(content);
    let secret = !content.is_empty() && judge(&mut text, &name, Form::Quoted, 0, content.len()) && scan::scan(content).is_empty();
    secret.then_some(name.kind)
}

/// Whether what stands there is a secret that is written out.
fn judge(text: &mut Text<'_>, name: &Name, form: Form, from: usize, to: usize) -> bool {
    let bytes = text.bytes;
    let content = &bytes[from..to];
    if content.len() < 4 || value::is_placeholder(content) || value::is_sample(content) {
        return false;
    }
    let alone = ends_line(text, to);
    if form != Form::Quoted && (value::is_expression(content) || matches!(text.at(to), b'(' | b'[')) {
        return false;
    }
    if !name.password {
        let signed = content.iter().any(|b| matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*')) && value::is_odd(content);
        let literal = matches!(form, Form::Quoted | Form::Settings);
        let random = value::is_random(content) || (literal && content.len() >= 8 && signed && !content.contains(&b' '));
        let long = content.len() >= name.least && (literal || content.len() >= 12 || form == Form::Query);
        let path = form == Form::Quoted && value::is_prose(content);
        let coded = name.kind == "credentials" && form == Form::Quoted && content.len().is_multiple_of(4) && value::is_coded(content);
        // A field's type stands there too: `pub key: X509KeyUsage,`.
        let placed = match form {
            Form::Colon => alone || value::is_scrambled(content),
            Form::Spaced => alone,
            _ => true,
        };
        return (random || coded) && long && !path && placed;
    }
    match form {
        Form::Quoted => !value::is_prose(content) && (!name.weak || value::is_odd(content)),
        Form::Settings | Form::Query => !value::is_prose(content) && (!name.weak || value::is_odd(content)),
        Form::Inline => value::is_odd(content) && !is_named(content),
        Form::Flag => value::is_odd(content),
        Form::Spaced | Form::Colon => {
            value::is_odd(content)
                && !is_named(content)
                && !value::is_prose(content)
                && (alone || (form == Form::Colon && closes(text, to)))
        }
    }
}

/// Whether a value is a variable named as its key is: `password=password1`.
fn is_named(content: &[u8]) -> bool {
    let plain = content.iter().all(|b| is(NAME, *b));
    let lower = content.to_ascii_lowercase();
    plain && ["pass", "pwd", "pw", "secret", "token"].iter().any(|n| lower.starts_with(n.as_bytes()))
}

fn ends_line(text: &Text<'_>, mut at: usize) -> bool {
    while matches!(text.at(at), b' ' | b'\t') {
        at += 1;
    }
    matches!(text.at(at), 0 | b'\n' | b'\r' | b'#')
        || (text.at(at) == b'\\' && matches!(text.at(at + 1), b'n' | b'r'))
        || matches!(text.at(at), b'"' | b'\'' | b'`')
}

/// Whether a sentence goes on, or ends, behind a value.
fn closes(text: &Text<'_>, at: usize) -> bool {
    matches!(text.at(at), b',' | b'.' | b')' | b';') && matches!(text.at(at + 1), b' ' | b'\n' | 0)
}

fn spaces(text: &Text<'_>, mut at: usize) -> usize {
    while matches!(text.at(at), b' ' | b'\t') {
        at += 1;
    }
    at
}

/// Where the value begins, and how it stands there.
fn separator(text: &mut Text<'_>, start: usize, end: usize, query: bool) -> Option<(Form, usize)> {
    let mut at = end;
    let mut closed = false;
    while at < end + 8 && matches!(text.at(at), b'"' | b'\'' | b'`' | b'\\' | b']' | b'?' | b'!') {
        closed |= matches!(text.at(at), b'"' | b'\'' | b'`');
        at += 1;
    }
    if text.at(at) == b'\n' || (closed && text.at(at) == b' ' && text.has(at + 1, "value")) {
        return beside(text, start, at);
    }
    let gap = spaces(text, at);
    let flag = text.bytes[..start].ends_with(b"--") || (text.before(start) != b'-' && text.at(start) == b'-' && text.at(start + 1) == b'-');
    let next = match (text.at(gap), text.at(gap + 1)) {
        (b'=', b'=' | b'~') | (b':', b':') | (b'!', _) => return None,
        (b'=', b'>') | (b':', b'=') => gap + 2,
        (b'=' | b':', _) => gap + 1,
        (b',', _) if closed && flag => gap + 1,
        (b'>', _) if text.before(start) == b'<' && gap == end => return element(text, gap + 1),
        _ if flag && gap > at => return Some((if is_quote(text, gap) { Form::Quoted } else { Form::Flag }, gap)),
        _ if gap > at && !closed && is_netrc(text, start) => return Some((Form::Settings, gap)),
        _ => return None,
    };
    let from = spaces(text, next);
    if let Some(from) = opening(text, from) {
        return Some((Form::Quoted, from));
    }
    match text.at(gap) {
        b'=' if from > next => Some((Form::Spaced, from)).filter(|_| begins_line(text, start)),
        b'=' if query => Some((Form::Query, from)),
        b'=' if flag => Some((Form::Settings, from)),
        b'=' if is_setting(text, start, end) => Some((Form::Settings, from)),
        b'=' if is_connection(text, start, from) => Some((Form::Query, from)),
        b'=' => Some((Form::Inline, from)),
        b':' if next == gap + 2 => None,
        b':' => annotated(text, from).map(|from| (Form::Quoted, from)).or(Some((Form::Colon, from)).filter(|_| from > next || closed)),
        _ => None,
    }
}

fn is_quote(text: &Text<'_>, at: usize) -> bool {
    matches!(text.at(at), b'"' | b'\'' | b'`') || (text.at(at) == b'\\' && matches!(text.at(at + 1), b'"' | b'\'' | b'\\'))
}

/// The quote that opens a value, perhaps behind the letter of a raw or byte string.
fn opening(text: &Text<'_>, at: usize) -> Option<usize> {
    (at..at + 3)
        .find(|n| is_quote(text, *n))
        .filter(|n| text.bytes[at..*n].iter().all(|b| matches!(b, b'b' | b'r' | b'u' | b'f' | b'B' | b'R' | b'@' | b'L' | b'#')))
}

/// What stands in the quotes that open at a place; the quote that closes has no more backslashes than the one that opens.
fn quoted(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
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
    (length > 0 && text.at(equals) == b'=').then(|| opening(text, spaces(text, equals + 1))).flatten()
}

/// The value on the next line, or in the next attribute: `name: KEY` and `value: …`.
fn beside(text: &Text<'_>, start: usize, at: usize) -> Option<(Form, usize)> {
    let before = &text.bytes[start.saturating_sub(12)..start];
    let named =
        [&b"name: "[..], b"key: ", b"name: \"", b"name: '", b"name=\"", b"name='", b"key=\"", b"key='"].iter().any(|n| before.ends_with(n));
    let mut next = at;
    while next < at + 64 && matches!(text.at(next), b'\n' | b'\r' | b' ' | b'\t') {
        next += 1;
    }
    if !named || !text.has(next, "value") || !matches!(text.at(next + 5), b':' | b'=') {
        return None;
    }
    let from = spaces(text, next + 6);
    Some(if is_quote(text, from) { (Form::Quoted, from) } else { (Form::Colon, from) })
}

/// `<password>value</password>`.
fn element(text: &mut Text<'_>, from: usize) -> Option<(Form, usize)> {
    let end = text.run(VALUE, from);
    text.has(end, "</").then_some((Form::Query, from))
}

/// Whether a line of settings begins with the key: in capitals, exported, or at its very beginning.
fn is_setting(text: &Text<'_>, start: usize, end: usize) -> bool {
    let capitals = !text.bytes[start..end].iter().any(u8::is_ascii_lowercase);
    let before = &text.bytes[start.saturating_sub(8)..start];
    let told = [&b"export "[..], b"set ", b"env ", b"ENV ", b"ARG ", b"-e ", b"_"].iter().any(|w| before.ends_with(w));
    let mut first = start;
    while first > 0 && start - first < 128 && (is(WORD, text.before(first)) || matches!(text.before(first), b'.' | b':' | b'/')) {
        first -= 1;
    }
    capitals || told || matches!(text.before(first), 0 | b'\n')
}

/// Whether the pair stands in a connection string: behind `;`, or beside the pairs for a host or a user.
fn is_connection(text: &Text<'_>, start: usize, from: usize) -> bool {
    let window = |bytes: &[u8]| {
        let lower = bytes.to_ascii_lowercase();
        ["user=", "host=", "dbname=", "server=", "uid=", "username=", "database=", "user id="]
            .iter()
            .any(|w| lower.windows(w.len()).any(|x| x == w.as_bytes()))
    };
    let near = &text.bytes[start.saturating_sub(96)..start];
    let line = near.iter().rposition(|b| *b == b'\n').map_or(near, |n| &near[n + 1..]);
    let ahead = &text.bytes[from..text.bytes.len().min(from + 96)];
    let ahead = ahead.iter().position(|b| *b == b'\n').map_or(ahead, |n| &ahead[..n]);
    let listed = line.contains(&b'(') || line.ends_with(b", ");
    !listed && (matches!(text.before(start), b';' | b'"' | b'\'' | b'`') || window(line) || (ahead.contains(&b'=') && window(ahead)))
}

/// Whether the word stands in a `.netrc`: behind a machine and a login.
fn is_netrc(text: &Text<'_>, start: usize) -> bool {
    let before = &text.bytes[start.saturating_sub(256)..start];
    let has = |word: &[u8]| before.windows(word.len()).any(|w| w == word);
    has(b"login ") && has(b"machine ")
}

/// Whether nothing but marks of lists, comments and differences stands before a key on its line.
fn begins_line(text: &Text<'_>, start: usize) -> bool {
    let before = &text.bytes[start.saturating_sub(64)..start];
    let mark = |b: &&u8| matches!(b, b' ' | b'\t' | b'#' | b'/' | b'>' | b'*' | b'+' | b'-' | b'.' | b'_') || b.is_ascii_alphanumeric();
    let skipped = before.iter().rev().take_while(mark).count();
    let words = before[before.len() - skipped..].split(|b| *b == b' ').filter(|w| w.iter().any(u8::is_ascii_alphanumeric)).count();
    let edge = start - skipped;
    words == 0 && (edge == 0 || matches!(text.before(edge), b'\n' | b'"' | b'\'' | b'`')) || (words == 1 && text.at(edge) == b'e')
}
