//! Passages: private keys in their armour, and what people marked as private.

use std::ops::Range;

use super::scan::{BASE64, Text};

const OPEN: &str = "<private";
const CLOSE: &str = "</private";

/// The private passage that opens at a place: to its closing tag, or to the end of the text.
///
/// Directly behind a word and never closed, it is a type in code: `Local<Private>`.
pub(super) fn private(text: &mut Text<'_>, at: usize) -> Option<Range<usize>> {
    let mut next = tag(text, at, OPEN)?;
    if text.before(at).is_ascii_alphanumeric() && !text.closes(at, CLOSE) {
        return None;
    }
    let mut depth = 1;
    while let Some(n) = text.bytes[next..].iter().position(|b| *b == b'<') {
        let here = next + n;
        next = here + 1;
        if let Some(end) = tag(text, here, OPEN) {
            (depth, next) = (depth + 1, end);
        } else if let Some(end) = tag(text, here, CLOSE) {
            (depth, next) = (depth - 1, end);
            if depth == 0 {
                return Some(at..end);
            }
        }
    }
    Some(at..text.bytes.len())
}

/// The end of a tag, unless it stands between backticks.
fn tag(text: &Text<'_>, at: usize, name: &str) -> Option<usize> {
    if !text.has_folded(at, name) {
        return None;
    }
    let mut end = at + name.len();
    while end < at + 32 && matches!(text.at(end), b' ' | b'\t') {
        end += 1;
    }
    let quoted = text.before(at) == b'`' && text.at(end + 1) == b'`';
    (text.at(end) == b'>' && !quoted).then_some(end + 1)
}

/// A private key between `-----BEGIN … PRIVATE KEY-----` and its end, or as far as it goes; the frame stays.
pub(super) fn pem(text: &mut Text<'_>, at: usize) {
    let label = at + "-----BEGIN ".len();
    let Some(dashes) = find(text, label, b"-----", 80) else { return };
    let name = &text.bytes[label..dashes];
    let secret = name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK");
    if !secret || !name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ') {
        return;
    }
    let start = between(text, dashes + 5);
    let (mut at, mut end) = (start, start);
    let mut short = 0;
    while !text.has(at, "-----") {
        let next = text.run(BASE64, at);
        match next - at {
            0 => break,
            16.. => end = next,
            // A header: `Proc-Type: 4,ENCRYPTED`, `Comment: …`.
            _ if end == start && matches!(text.at(next), b':' | b'-') => {
                let line = text.bytes[next..].iter().take(200).position(|b| matches!(b, b'\n' | b'\\'));
                at = between(text, next + line.unwrap_or(0));
                if line.is_none() {
                    break;
                }
                continue;
            }
            // The last line, and the checksum behind it.
            _ if end > start && short < 2 && matches!(text.at(next), b'\n' | b'\r' | b'"' | b'\'' | b'\\' | b'-' | 0) => {
                (short, end) = (short + 1, next);
            }
            _ => break,
        }
        at = between(text, next);
    }
    text.push("private-key", start..end);
}

/// Skips what stands between the lines of a key: line breaks, also written out, and what quotes or joins them in code.
fn between(text: &Text<'_>, mut at: usize) -> usize {
    loop {
        at += match text.at(at) {
            b'\\' if matches!(text.at(at + 1), b'n' | b'r') => 2,
            b'+' if text.before(at) == b' ' => 1,
            b'\\' | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b',' | b'>' | b'|' | b'#' | b'*' => 1,
            _ => return at,
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
