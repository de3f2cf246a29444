//! Lines: the marks at the beginning of lines go, and what they hold is read. Which lines belong together, comrak says for
//! logs; fragments are taken line by line.

use super::super::markdown::{self, Leaf, LeafKind, Line};
use super::Token;
use super::inline::inline;

/// The tokens of a log's body, by leaf; each cell of a table counts as one.
pub(super) fn of_log(text: &str, lines: &[Line]) -> Vec<Vec<Token>> {
    let mut out = Vec::new();
    for leaf in markdown::leaves(text, lines) {
        of_leaf(text, lines, &leaf, &mut out);
    }
    out
}

fn of_leaf(text: &str, lines: &[Line], leaf: &Leaf, out: &mut Vec<Vec<Token>>) {
    let all: Vec<&str> = lines[leaf.lines.clone()].iter().map(|l| text[l.start..l.end].trim()).collect();
    let mut tokens = Vec::new();
    match &leaf.kind {
        LeafKind::Code(code) => tokens.push(Token::Exact(code.replace("\r\n", "\n").replace('\r', "\n"))),
        LeafKind::Html => {
            let first = all.first().map(|line| Head::of(line).body);
            inline(&first.into_iter().chain(all.iter().skip(1).copied()).collect::<Vec<_>>().join("\n"), &mut tokens);
        }
        LeafKind::Text => {
            let Some((first, rest)) = all.split_first() else { return };
            let head = Head::of(first);
            tokens.extend(head.mark);
            let rest: Vec<&str> = rest.iter().map(|line| unquoted(line)).collect();
            if head.body.contains('|') && rest.first().is_some_and(|line| is_rule(line)) {
                out.push(tokens);
                return [head.body].iter().chain(&rest[1..]).for_each(|row| cells(row, out));
            }
            let underline = |line: &&str| !line.is_empty() && line.bytes().all(|b| b == b'=');
            let body: Vec<&str> = [head.body].into_iter().chain(rest.into_iter().filter(|l| !underline(l))).collect();
            inline(&body.join("\n"), &mut tokens);
            // Decoration is all that an entry may say.
            if tokens.is_empty() && head.body.contains(is_picture) {
                tokens.push(Token::Exact(head.body.to_string()));
            }
        }
    }
    out.push(tokens);
}

/// Whether a character is an emoji or another picture.
fn is_picture(c: char) -> bool {
    matches!(u32::from(c), 0x2600..=0x27bf | 0x1f000..=0x1faff)
}

/// Whether a line is the rule below a table's head.
fn is_rule(line: &str) -> bool {
    line.contains('-') && line.contains('|') && line.bytes().all(|b| matches!(b, b'|' | b':' | b'-' | b' ' | b'\t'))
}

/// An empty cell is a token: what moves to another column says something else.
fn cells(row: &str, out: &mut Vec<Vec<Token>>) {
    let row = row.strip_prefix('|').unwrap_or(row).trim_end();
    let row = if row.ends_with("\\|") { row } else { row.strip_suffix('|').unwrap_or(row) };
    let mut cells = vec![String::new()];
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, cells.last_mut()) {
            ('|', _) => cells.push(String::new()),
            ('\\', Some(cell)) if chars.next_if_eq(&'|').is_some() => cell.push('|'),
            (_, Some(cell)) => cell.push(c),
            (_, None) => {}
        }
    }
    let said = |cell: &String| {
        let mut tokens = Vec::new();
        inline(cell.trim(), &mut tokens);
        tokens
    };
    let cells: Vec<Vec<Token>> = cells.iter().map(said).collect();
    if cells.iter().any(|cell| !cell.is_empty()) {
        out.extend(cells.into_iter().map(|cell| if cell.is_empty() { vec![Token::Exact("| |".into())] } else { cell }));
    }
}

/// The tokens of an entry or another piece of a log.
pub(super) fn of_fragment(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut paragraph = String::new();
    let mut numbered = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if let Some((code, after)) = fenced(line, &lines) {
            inline(&std::mem::take(&mut paragraph), &mut out);
            out.push(Token::Exact(code));
            lines = after;
            continue;
        }
        let head = Head::of(line);
        // As in CommonMark, `1986. ` in the middle of a paragraph is no item.
        let begins = paragraph.is_empty() || head.number.map_or(head.marked, |n| n == 1 || numbered);
        if line.is_empty() || begins {
            inline(&std::mem::take(&mut paragraph), &mut out);
            numbered = head.number.is_some();
            out.extend(head.mark);
            paragraph.push_str(head.body);
        } else if !unquoted(line).bytes().all(|b| b == b'=') {
            paragraph.push('\n');
            paragraph.push_str(unquoted(line));
        }
    }
    inline(&paragraph, &mut out);
    out
}

/// A fenced block that begins here: its info string and code, and what follows it; nothing if it does not end.
fn fenced<'t>(line: &str, rest: &std::str::Lines<'t>) -> Option<(String, std::str::Lines<'t>)> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    if length < 3 || info.contains('`') {
        return None;
    }
    let mut code = format!("{}\n", info.trim());
    let mut rest = rest.clone();
    while let Some(line) = rest.next() {
        let bare = line.trim();
        if bare.len() >= length && bare.chars().all(|c| c == mark) {
            return Some((code, rest));
        }
        code.push_str(line);
        code.push('\n');
    }
    None
}

/// A line without the marks of quotes around it.
fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', ' ', '\t'])
}

/// The first line of a block.
struct Head<'t> {
    /// A box; it stays, as ticking it is work done.
    mark: Option<Token>,
    /// The last number among its markers.
    number: Option<u64>,
    /// Whether it has markers.
    marked: bool,
    body: &'t str,
}

impl Head<'_> {
    /// Marks of quotes, lists and headings go.
    fn of(line: &str) -> Head<'_> {
        let mut body = unquoted(line);
        let mut number = None;
        while let Some((digits, rest)) = marker(body) {
            number = digits.parse().ok();
            body = unquoted(rest);
        }
        let text = body.trim_start_matches('#');
        if body.len() - text.len() <= 6 && (text.is_empty() || text.starts_with([' ', '\t'])) {
            body = text.trim_start();
        }
        let boxed = boxed(body);
        let mark = boxed.map(|(mark, _)| Token::Exact(format!("[{}]", mark.to_lowercase())));
        let body = boxed.map_or(body, |(_, rest)| rest);
        Head { mark, number, marked: body.len() < unquoted(line).len(), body }
    }
}

/// The number of a list marker, empty for a bullet, and what follows it.
fn marker(line: &str) -> Option<(&str, &str)> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after = match line[digits..].chars().next()? {
        '.' | ')' if (1..10).contains(&digits) => &line[digits + 1..],
        '-' | '*' | '+' if digits == 0 => &line[1..],
        _ => return None,
    };
    (after.is_empty() || after.starts_with([' ', '\t'])).then_some((&line[..digits], after))
}

/// The mark in a box, and what follows the box.
fn boxed(line: &str) -> Option<(char, &str)> {
    let mut inner = line.strip_prefix('[')?.chars();
    let mark = inner.next().filter(|c| !c.is_numeric())?;
    let after = inner.as_str().strip_prefix(']')?;
    (after.is_empty() || after.starts_with([' ', '\t'])).then_some((mark, after))
}
