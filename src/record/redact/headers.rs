//! Secrets in headers and on command lines: what a program is told, and not what is assigned.

use super::frame;
use super::scan::{self, BARE, TOKEN, Text, WORD};
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
    if text.is_judged(start) {
        return;
    }
    let seen = text.seen(start, end);
    let token = &text.bytes[start..seen];
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
        while next > name && text.at(next) == b'.' {
            next = text.run(WORD, next + 1);
        }
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
    let (n, flag) = (1..line.len()).filter(|n| matches!(line[*n], b'-' | b'p')).find_map(|n| begins(n).map(|f| (n, *f)))?;
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

/// How a command is given a password.
enum Given {
    /// As the argument of a flag.
    Apart,
    /// Directly behind the flag.
    Glued,
    /// In either way.
    Either,
    /// Behind the name of a user, and a colon.
    User,
}

/// Commands, and the flags that a password follows.
const COMMANDS: &[(&str, &[&str], Given)] = &[
    ("curl ", &["-u", "--user", "--proxy-user", "-U"], Given::User),
    ("tp -a ", &["-a"], Given::User),
    ("mysql", &["-p"], Given::Glued),
    ("mariadb", &["-p"], Given::Glued),
    ("sshpass ", &["-p"], Given::Either),
    ("redis-cli ", &["-a"], Given::Apart),
    ("docker login ", &["-p"], Given::Apart),
    ("podman login ", &["-p"], Given::Apart),
    ("az login ", &["-p"], Given::Apart),
    ("mongosh ", &["-p"], Given::Apart),
    ("-passin pass:", &["pass:"], Given::Glued),
    ("-passout pass:", &["pass:"], Given::Glued),
];

/// A command that takes a password on its line.
pub(super) fn command(text: &mut Text<'_>, at: usize) {
    let Some((name, flags, given)) = COMMANDS.iter().find(|(name, ..)| text.has_folded(at, name)) else { return };
    // `mysql:8.0` is an image; of `http -a` the rare end is met.
    if !(text.begins(at) || name.starts_with("tp")) || text.at(at + name.len()) == b':' {
        return;
    }
    let found = match given {
        Given::Glued => argument(text, at, flags, true),
        Given::Apart | Given::User => argument(text, at, flags, false),
        Given::Either => argument(text, at, flags, false).or_else(|| argument(text, at, flags, true)),
    };
    let Some((start, end)) = found else { return };
    match given {
        Given::User => {
            let colon = text.bytes[start..end].iter().position(|b| *b == b':');
            if let Some(colon) = colon {
                password(text, start + colon + 1, end);
            }
        }
        _ => password(text, start, end),
    }
}

/// `echo 'user:password' | chpasswd`.
pub(super) fn chpasswd(text: &mut Text<'_>, at: usize) {
    let Some(line) = frame::before(text, at).filter(|line| line.contains(&b'|')) else { return };
    let Some(colon) = line.iter().position(|b| *b == b':') else { return };
    let start = at - line.len() + colon + 1;
    let end = text.run(BARE, start);
    if end < at && start >= text.from {
        password(text, start, end);
    }
}

fn password(text: &mut Text<'_>, start: usize, end: usize) {
    let word = &text.bytes[start..end];
    // `-p3307:3306`
    let ports = word.iter().all(|b| b.is_ascii_digit() || *b == b':') && word.contains(&b':');
    let words = ports || word.iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
    if word.len() < 4 || words || value::is_placeholder(word) || value::is_sample(word) || word[0] == b'-' || word.contains(&b' ') {
        return;
    }
    text.push_ahead("password", start..end);
}
