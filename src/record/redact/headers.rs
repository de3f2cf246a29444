//! Secrets in headers and on command lines: what a program is told, and not what is assigned.

use super::scan::{self, TOKEN, Text, WORD};
use super::value;

/// How far back or ahead a command is looked for on its line.
const LINE: usize = 1024;

fn spaces(text: &Text<'_>, mut at: usize) -> usize {
    while matches!(text.at(at), b' ' | b'\t') {
        at += 1;
    }
    at
}

/// `Authorization: Bearer …`, also in quotes, in a map, in a call.
pub(super) fn authorization(text: &mut Text<'_>, at: usize) {
    let mut start = at + "authorization".len();
    let limit = start + 24;
    while start < limit && matches!(text.at(start), b'"' | b'\'' | b'`' | b'\\' | b' ' | b':' | b'=' | b',' | b'>' | b']' | b'(') {
        start += 1;
    }
    if start == at + "authorization".len() {
        return;
    }
    let word = text.run(WORD, start);
    let scheme = text.bytes[start..word].to_ascii_lowercase();
    let named =
        matches!(scheme.as_slice(), b"bearer" | b"basic" | b"token" | b"apikey" | b"bot" | b"ssws" | b"key" | b"negotiate" | b"digest");
    let start = if named && text.at(word) == b' ' { spaces(text, word) } else { start };
    let kind = if scheme == b"basic" { "basic-auth" } else { "authorization" };
    credential(text, start, kind, scheme == b"basic");
}

/// `Bearer …` by itself.
pub(super) fn bearer(text: &mut Text<'_>, at: usize) {
    if text.begins(at) {
        let start = spaces(text, at + "bearer ".len());
        credential(text, start, "authorization", false);
    }
}

fn credential(text: &mut Text<'_>, start: usize, kind: &'static str, basic: bool) {
    let end = text.run(TOKEN, start);
    let token = &text.bytes[start..end];
    let coded = basic && token.len() >= 8 && token.iter().any(u8::is_ascii_uppercase) && token.iter().any(u8::is_ascii_lowercase);
    if !coded && !value::is_random(token) || value::is_expression(token) || text.at(end) == b'(' {
        return;
    }
    match scan::shaped(text, start).filter(|f| f.range.end >= end) {
        Some(found) => text.push(found.kind, found.range),
        None => text.push(kind, start..end),
    }
}

/// `Cookie: name=value; …` and `Set-Cookie: name=value; Path=/`.
pub(super) fn cookie(text: &mut Text<'_>, at: usize) {
    let mut next = at + "cookie".len();
    let limit = next + 8;
    while next < limit && matches!(text.at(next), b'"' | b'\'' | b':' | b'\\') {
        next += 1;
    }
    if !text.bytes[at..next].contains(&b':') || next == limit {
        return;
    }
    next = spaces(text, next);
    if matches!(text.at(next), b'"' | b'\'') {
        next += 1;
    }
    // Each pair is read once: the search goes on behind them.
    for _ in 0..64 {
        let name = next;
        next = text.run(WORD, name);
        if next == name || text.at(next) != b'=' {
            return;
        }
        let label = text.bytes[name..next].to_ascii_lowercase();
        let start = next + 1;
        next = text.run(TOKEN, start);
        let content = &text.bytes[start..next];
        let attribute = matches!(label.as_slice(), b"path" | b"domain" | b"expires" | b"max-age" | b"samesite");
        if !attribute && value::is_random(content) {
            text.push("cookie", start..next);
        }
        if text.at(next) != b';' {
            return;
        }
        next = spaces(text, next + 1);
    }
}

/// The rest of a command line that begins here.
fn line<'t>(text: &Text<'t>, at: usize) -> &'t [u8] {
    let rest = &text.bytes[at..text.bytes.len().min(at + LINE)];
    let mut end = rest.len();
    let mut from = 0;
    while let Some(n) = rest[from..].iter().position(|b| *b == b'\n') {
        // A backslash leads on to the next line.
        if n + from == 0 || rest[from + n - 1] != b'\\' {
            end = from + n;
            break;
        }
        from += n + 1;
    }
    &rest[..end]
}

/// The argument behind one of the flags on a command line: where it begins and ends.
fn argument(text: &Text<'_>, at: usize, flags: &[&str], glued: bool) -> Option<(usize, usize)> {
    let line = line(text, at);
    let begins = |n: usize| flags.iter().find(|f| matches!(line[n - 1], b' ' | b'\t') && line[n..].starts_with(f.as_bytes()));
    let (n, flag) = (1..line.len()).filter(|n| line[*n] == b'-').find_map(|n| begins(n).map(|f| (n, *f)))?;
    let mut start = n + flag.len();
    if !glued {
        let gap = line[start..].iter().take_while(|b| matches!(b, b' ' | b'=' | b'\t')).count();
        if gap == 0 {
            return None;
        }
        start += gap;
    }
    let quote = line.get(start).copied().filter(|b| matches!(b, b'"' | b'\''));
    start += usize::from(quote.is_some());
    let ends = |b: &u8| match quote {
        Some(quote) => *b == quote,
        None => b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'\\' | b'|' | b';'),
    };
    // The argument may go on where the look at the line ends.
    let rest = &text.bytes[at + start..];
    let end = match rest.iter().take(LINE).position(ends) {
        Some(length) => start + length,
        None if rest.len() <= LINE => start + rest.len(),
        None => return None,
    };
    (end > start).then_some((at + start, at + end))
}

/// `curl -u user:password`.
pub(super) fn curl(text: &mut Text<'_>, at: usize) {
    if !text.begins(at) {
        return;
    }
    let Some((start, end)) = argument(text, at, &["-u", "--user", "--proxy-user", "-U"], false) else { return };
    let Some(colon) = text.bytes[start..end].iter().position(|b| *b == b':') else { return };
    password(text, start + colon + 1, end);
}

/// `mysql -pPASSWORD`, `sshpass -p PASSWORD`.
pub(super) fn mysql(text: &mut Text<'_>, at: usize) {
    if !text.begins(at) {
        return;
    }
    let glued = !text.has_folded(at, "sshpass");
    if let Some((start, end)) = argument(text, at, &["-p"], glued) {
        password(text, start, end);
    }
}

/// `redis-cli -a PASSWORD`.
pub(super) fn redis(text: &mut Text<'_>, at: usize) {
    if let Some((start, end)) = argument(text, at, &["-a"], false).filter(|_| text.begins(at)) {
        password(text, start, end);
    }
}

fn password(text: &mut Text<'_>, start: usize, end: usize) {
    let word = &text.bytes[start..end];
    let words = word.iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    if word.len() < 4 || words || value::is_placeholder(word) || value::is_sample(word) || word[0] == b'-' || word.contains(&b' ') {
        return;
    }
    text.push_ahead("password", start..end);
}
