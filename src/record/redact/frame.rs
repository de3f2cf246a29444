//! What stands around a text without being of it: escapes of colours, signs in other notations, what a line is led by.

use super::scan::Text;

/// What a colour begins with, as a byte or written out.
const ESCAPES: &[&str] = &["\u{1b}[", "\\u001b[", "\\x1b[", "\\033[", "\\e["];

/// Signs as JSON, HTML and addresses write them.
const SIGNS: &[(&str, u8)] = &[
    ("\\u0022", b'"'),
    ("\\u0027", b'\''),
    ("\\u003d", b'='),
    ("\\u003a", b':'),
    ("\\u003e", b'>'),
    ("\\x22", b'"'),
    ("&quot;", b'"'),
    ("&#34;", b'"'),
    ("&#39;", b'\''),
    ("&apos;", b'\''),
    ("&gt;", b'>'),
    ("%22", b'"'),
    ("%27", b'\''),
    ("%3d", b'='),
    ("%3a", b':'),
];

/// What stands between the number of a line and the line.
const BEHIND_NUMBER: &[&str] = &["→", "\t", ":", ")", " |", "|", " │", "│", "-"];

/// Edges of boxes.
const EDGES: &[&str] = &["│", "┃", "║", "▏", "▌"];

/// How far back the beginning of a line is looked for.
const LINE: usize = 128;

/// The sign at a place, in whatever notation, and its length.
pub(super) fn sign(text: &Text<'_>, at: usize) -> (u8, usize) {
    let byte = text.at(at);
    if !matches!(byte, b'\\' | b'&' | b'%') {
        return (byte, 1);
    }
    SIGNS.iter().find(|(written, _)| text.has_folded(at, written)).map_or((byte, 1), |(written, sign)| (*sign, written.len()))
}

/// The end of the escape that begins at a place.
fn escape(text: &Text<'_>, at: usize) -> Option<usize> {
    let start = at + ESCAPES.iter().find(|e| text.has_folded(at, e))?.len();
    let end = start + text.bytes[start..].iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b';').count();
    matches!(text.at(end), b'm' | b'K').then_some(end + 1)
}

/// Whether an escape ends at a place; the byte that begins it may be lost.
pub(super) fn ends_escape(text: &Text<'_>, at: usize) -> bool {
    let number = |b: &&u8| b.is_ascii_digit() || **b == b';';
    let digits = |end: usize| text.bytes[..end].iter().rev().take(16).take_while(number).count();
    matches!(text.before(at), b'm' | b'K') && text.before(at - 1 - digits(at - 1)) == b'[' && (digits(at - 1) > 0 || whole(text, at - 2))
}

/// Whether an escape begins with the bracket at a place.
fn whole(text: &Text<'_>, bracket: usize) -> bool {
    ESCAPES.iter().any(|e| text.bytes[..=bracket].ends_with(e.as_bytes()))
}

/// Skips spaces, and escapes among them.
pub(super) fn spaces(text: &Text<'_>, mut at: usize) -> usize {
    loop {
        at = match text.at(at) {
            b' ' | b'\t' => at + 1,
            0x1b | b'\\' => match escape(text, at) {
                Some(end) => end,
                None => return at,
            },
            _ => return at,
        }
    }
}

/// What stands on a line before a place, unless that is far.
pub(super) fn before<'t>(text: &Text<'t>, at: usize) -> Option<&'t [u8]> {
    let near = &text.bytes[at.saturating_sub(LINE)..at];
    match near.iter().rposition(|b| *b == b'\n') {
        Some(n) => Some(&near[n + 1..]),
        None => (near.len() == at).then_some(near),
    }
}

/// The beginning of a line without its frame: the number, the sign of a difference, the edge of a box, colours.
pub(super) fn strip(line: &[u8]) -> &[u8] {
    let mut rest = line;
    while let Some(next) = mark(rest, rest.len() == line.len()) {
        rest = next;
    }
    rest
}

fn mark(line: &[u8], first: bool) -> Option<&[u8]> {
    let inner = line.trim_ascii_start();
    if let Some(n) = EDGES.iter().find_map(|e| inner.strip_prefix(e.as_bytes())) {
        return Some(n.strip_prefix(b" ").unwrap_or(n));
    }
    if let Some(rest) = inner.strip_prefix(b"\x1b[") {
        let length = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b';').count();
        return rest.get(length + 1..);
    }
    if let [b'+' | b'-', rest @ ..] = line
        && first
    {
        return Some(rest);
    }
    // The name of a file stands before the number where a search shows it.
    let name = inner.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'_')).count();
    let named = inner[..name].contains(&b'.') && matches!(inner.get(name), Some(b':' | b'-'));
    let numbered = if named && first { &inner[name + 1..] } else { inner };
    let digits = numbered.iter().take_while(|b| b.is_ascii_digit()).count();
    let behind = numbered.get(digits..).filter(|_| digits > 0)?;
    BEHIND_NUMBER.iter().find_map(|m| behind.strip_prefix(m.as_bytes()))
}

/// The length of what leads a line as a prefix leads another: other numbers, another sign of a difference.
pub(super) fn same(prefix: &[u8], line: &[u8]) -> Option<usize> {
    let (mut p, mut n) = (0, 0);
    let sign = |b: u8| matches!(b, b'+' | b'-' | b':');
    let count = |bytes: &[u8], class: fn(&u8) -> bool| bytes.iter().take_while(|b| class(b)).count();
    while p < prefix.len() {
        let &here = line.get(n)?;
        let class: fn(&u8) -> bool = match prefix[p] {
            b'0'..=b'9' => u8::is_ascii_digit,
            b' ' | b'\t' => |b| matches!(b, b' ' | b'\t'),
            byte if byte == here || (sign(byte) && (sign(here) || here == b' ')) => {
                (p, n) = (p + 1, n + 1);
                continue;
            }
            _ => return None,
        };
        let (length, other) = (count(&prefix[p..], class), count(&line[n..], class));
        if other == 0 && (p > 0 || prefix[p].is_ascii_digit()) {
            return None;
        }
        // Spaces before a text are its own.
        let other = if p + length == prefix.len() { other.min(length) } else { other };
        (p, n) = (p + length, n + other);
    }
    Some(n)
}
