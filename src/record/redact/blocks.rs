//! Passages: private keys in their armour, and what people marked as private.

use std::ops::Range;

use super::frame;
use super::scan::{BASE64, Text};

/// How tags are written: what opens them, what opens one that closes, and what ends them.
const TAGS: [(&str, &str, &str); 3] =
    [("<private", "</private", ">"), ("\\u003cprivate", "\\u003c/private", "\\u003e"), ("&lt;private", "&lt;/private", "&gt;")];

/// The private passage that opens at a place: to its closing tag, or to the end of the text.
///
/// Directly behind a word and never closed, it is a type in code: `Local<Private>`; so is one in another notation.
pub(super) fn private(text: &mut Text<'_>, at: usize) -> Option<Range<usize>> {
    let kind = TAGS.iter().position(|(open, ..)| text.has_folded(at, open))?;
    let (open, close, end) = TAGS[kind];
    let mut next = tag(text, at, (open, end))?;
    if (kind > 0 || text.before(at).is_ascii_alphanumeric()) && !text.closes(at, kind, close) {
        return None;
    }
    let mut depth = 1;
    while let Some(n) = text.bytes[next..].iter().position(|b| *b == open.as_bytes()[0]) {
        let here = next + n;
        next = here + 1;
        if let Some(end) = tag(text, here, (open, end)) {
            (depth, next) = (depth + 1, end);
        } else if let Some(end) = tag(text, here, (close, end)) {
            (depth, next) = (depth - 1, end);
            if depth == 0 {
                return Some(at..end);
            }
        }
    }
    Some(at..text.bytes.len())
}

/// The end of a tag, unless it stands between backticks.
fn tag(text: &Text<'_>, at: usize, (name, close): (&str, &str)) -> Option<usize> {
    if !text.has_folded(at, name) {
        return None;
    }
    let from = at + name.len();
    let inside = text.bytes[from..].iter().take(64).take_while(|b| !matches!(b, b'<' | b'>' | b'&' | b'\\' | b'`')).count();
    // `<private key>` is no tag, `<private reason="x">` is one.
    let within = &text.bytes[from..from + inside];
    let spaced = within.first().is_none_or(u8::is_ascii_whitespace);
    let named = within.iter().all(u8::is_ascii_whitespace) || within.contains(&b'=');
    let end = from + inside;
    let quoted = text.before(at) == b'`' && text.at(end + close.len()) == b'`';
    (spaced && named && text.has_folded(end, close) && !quoted).then_some(end + close.len())
}

/// How many lines of headers a key may have.
const HEADERS: usize = 8;

/// What breaks or joins the lines of a key besides white space: line breaks written out, quotes and signs of code, edges.
const JOINTS: &[&str] = &[
    "\\n",
    "\\r",
    "\\u000a",
    "\\u000d",
    "\\",
    "\"",
    "'",
    ",",
    ">",
    "|",
    "#",
    "*",
    " +",
    " .",
    "<br>",
    "<br/>",
    "<br />",
    "%0A",
    "%0D",
    "&#10;",
    "&#13;",
    "│",
    "┃",
    "║",
    "\u{1b}[0m",
];

/// A private key between `-----BEGIN … PRIVATE KEY-----` and its end, or as far as it goes; the frame stays.
pub(super) fn pem(text: &mut Text<'_>, at: usize) {
    let label = at + "-----BEGIN ".len();
    let Some(dashes) = find(text, label, b"-----", 80) else { return };
    let name = &text.bytes[label..dashes];
    let secret = name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK");
    if !secret || !name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ') {
        return;
    }
    // What leads the first line leads the others.
    let prefix = frame::before(text, at).unwrap_or_default();
    let start = between(text, dashes + 5, prefix);
    let (mut at, mut end) = (start, start);
    let (mut short, mut headers) = (0, 0);
    while !text.has(at, "-----") {
        let next = text.run(BASE64, at);
        match next - at {
            0 => break,
            16.. => end = next,
            // A header: `Proc-Type: 4,ENCRYPTED`, `Comment: …`.
            _ if end == start && headers < HEADERS && matches!(text.at(next), b':' | b'-') && !text.has(next, "-----") => {
                headers += 1;
                let Some(line) = text.bytes[next..].iter().take(200).position(|b| matches!(b, b'\n' | b'\\')) else { break };
                at = between(text, next + line, prefix);
                continue;
            }
            // The last line, and the checksum behind it.
            _ if end > start && short < 2 && is_last(text, next) => (short, end) = (short + 1, next),
            _ => break,
        }
        at = between(text, next, prefix);
    }
    text.push("private-key", start..end);
}

/// Whether a line of a key ends at a place.
fn is_last(text: &Text<'_>, at: usize) -> bool {
    let end = frame::spaces(text, at);
    let edge = end > at && text.has(end, "│");
    edge || matches!(text.at(end), b'\n' | b'\r' | b'"' | b'\'' | b'\\' | 0)
        || (end == at && matches!(text.at(at), b'-' | b'<' | b'%' | b'&' | 0x1b))
}

/// Skips what stands between the lines of a key, and what each is led by.
fn between(text: &Text<'_>, mut at: usize, prefix: &[u8]) -> usize {
    loop {
        at += match text.at(at) {
            b'\n' => 1 + text.bytes.get(at + 1..).and_then(|rest| frame::same(prefix, rest)).unwrap_or(0),
            b' ' | b'\t' | b'\r' if !text.has(at, " +") && !text.has(at, " .") => 1,
            _ => match JOINTS.iter().find(|j| text.has(at, j)) {
                Some(joint) => joint.len(),
                None => return at,
            },
        }
    }
}

/// The lines of a PuTTY key behind `Private-Lines: n`.
pub(super) fn putty(text: &mut Text<'_>, at: usize) {
    let Some(line) = find(text, at, b"\n", 40) else { return };
    let (start, mut end) = (line + 1, line + 1);
    loop {
        let next = text.run(BASE64, end);
        if next - end < 16 && end != start && text.at(next) == b'-' {
            break;
        }
        if next == end {
            break;
        }
        end = next;
        while matches!(text.at(end), b'\r' | b'\n') {
            end += 1;
        }
    }
    while end > start && text.before(end).is_ascii_whitespace() {
        end -= 1;
    }
    if end - start > 16 {
        text.push("private-key", start..end);
    }
}

/// A key of that armour as one word of base64, as in a kubeconfig.
pub(super) fn encoded(text: &mut Text<'_>, at: usize) {
    let end = text.run(BASE64, at);
    if text.begins(at) && end - at > 64 {
        text.push("private-key", at..end);
    }
}

fn find(text: &Text<'_>, from: usize, literal: &[u8], within: usize) -> Option<usize> {
    let rest = text.bytes.get(from..)?;
    let rest = &rest[..rest.len().min(within)];
    rest.windows(literal.len()).position(|w| w == literal).map(|n| from + n)
}
