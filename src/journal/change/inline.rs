//! Inline: code, links, tags and comments within a paragraph. What is left are chunks, between blanks.

use super::Token;
use super::chunk::chunk;

/// No link is longer, in bytes: an open bracket is not followed to the end of a large text.
const LONGEST: usize = 2000;

/// The entities that editors write by themselves.
const ENTITIES: [(&str, char); 5] = [("nbsp;", ' '), ("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"')];

/// Tags that only say how text looks.
const TAGS: [&str; 36] = [
    "a", "abbr", "b", "big", "br", "center", "cite", "dd", "details", "div", "dl", "dt", "em", "figure", "font", "hr", "i", "img", "ins",
    "kbd", "li", "mark", "ol", "p", "pre", "small", "span", "strong", "sub", "summary", "sup", "table", "td", "tr", "u", "ul",
];

/// Reads a paragraph without the marks at the beginning of its lines.
pub(super) fn inline(text: &str, out: &mut Vec<Token>) {
    let mut plain = String::new();
    let mut hidden = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let mut found = Vec::new();
        let begins = at == 0 || text[..at].ends_with('\n');
        if let Some(length) = special(rest, begins, &mut hidden, &mut found) {
            words(&mut plain, out);
            out.append(&mut found);
            at += length;
            continue;
        }
        at += c.len_utf8();
        match c {
            '\\' => match text[at..].chars().next() {
                Some(next) if next.is_ascii_punctuation() => {
                    plain.push(next);
                    at += 1;
                }
                Some('\n') | None => {}
                Some(_) => plain.push(c),
            },
            '|' => plain.push(' '),
            '&' => match ENTITIES.iter().find(|(name, _)| text[at..].starts_with(name)) {
                Some((name, meant)) => {
                    plain.push(*meant);
                    at += name.len();
                }
                None => plain.push(c),
            },
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            // An unmatched run of backticks is one mark.
            '`' => at += rest.bytes().take_while(|b| *b == b'`').count() - 1,
            _ => plain.push(c),
        }
    }
    words(&mut plain, out);
}

fn words(plain: &mut String, out: &mut Vec<Token>) {
    plain.split_whitespace().for_each(|c| chunk(c, out));
    plain.clear();
}

/// What stands at the beginning of a text and is more than words: its length.
fn special(text: &str, begins: bool, hidden: &mut bool, out: &mut Vec<Token>) -> Option<usize> {
    let mark = |mark: &str, out: &mut Vec<Token>| {
        out.push(Token::Exact(mark.into()));
        Some(mark.len())
    };
    match text.as_bytes()[0] {
        b'`' => code(text, out),
        b'[' if begins => definition(text, out).or_else(|| wikilink(text, out)).or_else(|| link(text, out)),
        b'[' => wikilink(text, out).or_else(|| link(text, out)),
        b'<' if text.starts_with("<!--") => {
            *hidden = true;
            mark("<!--", out)
        }
        b'<' => tag(text, out),
        b'-' if *hidden && text.starts_with("-->") => {
            *hidden = false;
            mark("-->", out)
        }
        // What is struck out is withdrawn: that is no emphasis. Neither is a comment.
        b'~' if text.starts_with("~~") && !text.starts_with("~~~") => mark("~~", out),
        b'%' if text.starts_with("%%") => mark("%%", out),
        _ => None,
    }
}

fn code(text: &str, out: &mut Vec<Token>) -> Option<usize> {
    let ticks = |text: &str| text.bytes().take_while(|b| *b == b'`').count();
    let open = ticks(text);
    let mut at = open;
    loop {
        at += text[at..].find('`')?;
        let close = ticks(&text[at..]);
        if close == open {
            let inner = text[open..at].replace('\n', " ");
            let bare = inner.strip_prefix(' ').and_then(|i| i.strip_suffix(' ')).filter(|i| !i.trim().is_empty());
            out.push(Token::Exact(bare.unwrap_or(&inner).to_string()));
            return Some(at + close);
        }
        at += close;
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first bytes of a text, as far as a link may reach.
fn window(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// `[[target#part|shown]]`, embedded or not; the target is exact.
fn wikilink(text: &str, out: &mut Vec<Token>) -> Option<usize> {
    let inner = window(text).strip_prefix("[[")?;
    let inner = &inner[..inner.find("]]")?];
    if inner.trim().is_empty() || inner.contains("](") || inner.contains("[[") {
        return None;
    }
    let (target, shown) = inner.split_once('|').unwrap_or((inner, ""));
    out.push(Token::Exact(format!("[[{}]]", collapsed(target.trim_end_matches('\\')))));
    inline(shown, out);
    Some(inner.len() + 4)
}

/// `[text](target "title")`, `[text][reference]`, `[^footnote]`; other brackets are punctuation.
fn link(text: &str, out: &mut Vec<Token>) -> Option<usize> {
    let near = window(text);
    let close = closing(near, b'[', b']')?;
    let (shown, after) = (&near[1..close], &near[close + 1..]);
    if shown.len() > 1 && shown.starts_with('^') && !shown.contains(char::is_whitespace) {
        out.push(Token::Exact(format!("[{shown}]")));
        return Some(close + 1);
    }
    if let Some(inside) = after.strip_prefix('(') {
        let (target, title, length) = target(inside, after)?;
        inline(shown, out);
        if !target.is_empty() {
            out.push(Token::Exact(target));
        }
        inline(title, out);
        return Some(close + 1 + length);
    }
    let reference = &after.strip_prefix('[')?[..closing(after, b'[', b']')? - 1];
    inline(shown, out);
    if !reference.trim().is_empty() {
        out.push(Token::Exact(format!("[{}]", collapsed(reference).to_lowercase())));
    }
    Some(close + 1 + reference.len() + 2)
}

/// Where the bracket that a text begins with is closed; brackets in code do not count.
fn closing(text: &str, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'`' => at += code(&text[at..], &mut Vec::new()).map_or(0, |n| n - 1),
            b if b == open => depth += 1,
            b if b == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The target and the title of a link, and the length of both with their brackets.
fn target<'t>(inside: &'t str, bracketed: &str) -> Option<(String, &'t str, usize)> {
    let (address, rest) = address(inside.trim_start())?;
    let rest = rest.trim_start();
    if rest.starts_with(')') {
        return Some((address, "", inside.len() - rest.len() + 2));
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '('));
    if let Some(end) = quote.and_then(|q| rest[1..].find(if q == '(' { ')' } else { q })) {
        let after = rest[end + 2..].trim_start();
        if after.starts_with(')') {
            return Some((address, &rest[1..=end], inside.len() - after.len() + 2));
        }
    }
    // An address with blanks: not what CommonMark calls a link, but meant as one.
    let end = closing(bracketed, b'(', b')').filter(|end| !bracketed[..*end].contains('\n'))?;
    Some((bracketed[1..end].trim().to_string(), "", end + 1))
}

/// An address, with or without angle brackets, and what follows it.
fn address(text: &str) -> Option<(String, &str)> {
    if let Some(inner) = text.strip_prefix('<') {
        let end = inner.find(['>', '\n']).filter(|end| inner[*end..].starts_with('>'))?;
        return Some((inner[..end].to_string(), &inner[end + 1..]));
    }
    let mut depth = 0;
    let end = text.find(|c: char| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth < 0 || c.is_whitespace()
    });
    let (address, rest) = text.split_at(end.unwrap_or(text.len()));
    Some((address.to_string(), rest))
}

/// `[reference]: address "title"`, on a line of its own.
fn definition(text: &str, out: &mut Vec<Token>) -> Option<usize> {
    let line = window(text.lines().next()?);
    let close = closing(line, b'[', b']').filter(|close| *close > 1 && !line.starts_with("[^"))?;
    let rest = line[close + 1..].strip_prefix(':')?.trim_start();
    let (address, title) = address(rest).filter(|(address, _)| !address.is_empty())?;
    let title = title.trim();
    let quoted = title.len() > 1 && title.starts_with(['"', '\'', '(']) && title.ends_with(['"', '\'', ')']);
    if !(title.is_empty() || quoted) {
        return None;
    }
    out.push(Token::Exact(format!("[{}]", collapsed(&line[1..close]).to_lowercase())));
    out.push(Token::Exact(address));
    inline(title, out);
    Some(line.len())
}

/// `<https://…>`, and tags that only say how text looks; what they hold beside their name is exact.
fn tag(text: &str, out: &mut Vec<Token>) -> Option<usize> {
    let near = window(text);
    let inner = &near[1..near[1..].find(['>', '<']).map(|n| n + 1).filter(|n| near[*n..].starts_with('>'))?];
    let length = inner.len() + 2;
    if !inner.contains(char::is_whitespace) && (inner.contains("://") || inner.contains('@') || inner.starts_with("mailto:")) {
        out.push(Token::Exact(inner.to_string()));
        return Some(length);
    }
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let name = &inner[..inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len())];
    let more = collapsed(inner[name.len()..].trim_end_matches('/'));
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "del" | "s" | "strike" => out.push(Token::Exact("~~".into())),
        _ if TAGS.contains(&name.as_str()) && more.is_empty() => {}
        _ if TAGS.contains(&name.as_str()) => out.push(Token::Exact(more)),
        _ => return None,
    }
    Some(length)
}
