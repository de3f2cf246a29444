//! Links: where a log's text points, byte by byte. One reader for whatever follows, checks or rewrites links.
//!
//! Wikilinks and embeds, Markdown links and images, link definitions, wikilinks in the frontmatter and the file names of parts.
//! What stands in code or HTML is no link. What a link leads to is `catalogue`'s affair.

use std::ops::Range;

use super::frontmatter;
use super::markdown::{self, LeafKind, Line};

/// How a link is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `[[target#anchor|shown]]`, embedded or not.
    Wiki,
    /// `[text](target#anchor)`, an image or not, or `[label]: target`.
    Markdown,
    /// The file name of another part, in the frontmatter.
    Part,
}

/// A link of a text; ranges are bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// How it is written.
    pub form: Form,
    /// The file it names, with `.md` where that is written; empty for a link within the log.
    pub target: Range<usize>,
    /// Heading or block in that file, with its `#`; empty where there is none.
    pub anchor: Range<usize>,
    /// Line, from 1.
    pub line: usize,
}

impl Link {
    /// Whether it leads out of the file system: to the web, to a mail address.
    pub fn is_external(&self, text: &str) -> bool {
        let target = &text[self.target.clone()];
        let scheme = target.split(':').next().filter(|s| s.len() < target.len());
        self.form == Form::Markdown
            && (target.starts_with("//")
                || scheme.is_some_and(|s| s.len() > 1 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))))
    }
}

/// All links of a text, in its order; `parts` are the keys of the frontmatter that hold file names of other parts.
pub fn links(text: &str, parts: &[String]) -> Vec<Link> {
    let mut found = Vec::new();
    if !text.contains("[[") && !text.contains("](") && !text.contains("]:") && !parts.iter().any(|p| text.contains(p.as_str())) {
        return found;
    }
    let lines = markdown::split_lines(text);
    in_frontmatter(text, parts, &mut found);
    for leaf in markdown::leaves(text, &lines).iter().filter(|l| l.kind == LeafKind::Text) {
        let span = lines[leaf.lines.start].start..lines[leaf.lines.end - 1].end;
        // Every link has a bracket.
        if !text[span.clone()].contains('[') {
            continue;
        }
        let mut at = span.start;
        for n in leaf.lines.clone() {
            match definition(text, lines[n].start..span.end, lines[n].end, &mut found) {
                Some(end) => at = end.max(at),
                None => break,
            }
        }
        match is_table(text, &lines, &leaf.lines) {
            true => cells(text, at..span.end, &mut found),
            false => inline(text, at..span.end, &mut found),
        }
    }
    number(&lines, &mut found);
    found
}

fn number(lines: &[Line], found: &mut [Link]) {
    for link in found {
        link.line = lines.partition_point(|l| l.next <= link.target.start).min(lines.len().saturating_sub(1)) + 1;
    }
}

fn in_frontmatter(text: &str, parts: &[String], found: &mut Vec<Link>) {
    let Some(block) = frontmatter::block(text) else { return };
    let mut at = block.inner.start;
    for line in text[block.inner].split_inclusive('\n') {
        let (start, end) = (at, at + line.trim_end().len());
        at += line.len();
        if line.trim_start().starts_with('#') {
            continue;
        }
        let named = line.split_once(':').filter(|(key, _)| parts.iter().any(|p| p.eq_ignore_ascii_case(key.trim())));
        if let Some((key, value)) = named {
            let from = start + key.len() + 1 + (value.len() - value.trim_start().len());
            let value = &text[from.min(end)..end];
            let bare = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
                _ => value.split(" #").next().unwrap_or_default().trim_end(),
            };
            let target = bare.as_ptr() as usize - text.as_ptr() as usize;
            if !bare.is_empty() && !bare.starts_with("[[") {
                let end = target + bare.len();
                found.push(Link { form: Form::Part, target: target..end, anchor: end..end, line: 0 });
                continue;
            }
        }
        let mut from = start;
        while let Some(open) = text[from..end].find(['[', ']']).map(|n| from + n) {
            from = match &text[open..end] {
                rest if rest.starts_with("[[") => wiki(text, open, end, found),
                rest if rest.starts_with("](") => destination(text, open + 2, end, true, found),
                _ => None,
            }
            .unwrap_or(open + 1);
        }
    }
}

/// Reads `[label]: target "title"`, the target perhaps on the next line, and gives its end; nothing where a line says more.
fn definition(text: &str, span: Range<usize>, line_end: usize, found: &mut Vec<Link>) -> Option<usize> {
    let line = &text[span.start..line_end];
    let body = line.trim_start_matches([' ', '>', '-', '*', '+']);
    let (label, rest) = body.strip_prefix('[')?.split_once("]:")?;
    if label.trim().is_empty() || label.contains(['[', ']']) || label.starts_with(['^', '!']) {
        return None;
    }
    let mut from = line_end - rest.trim_start().len();
    let mut end = line_end;
    if rest.trim().is_empty() {
        from = line_end + text[line_end..].find(|c: char| !c.is_whitespace())?;
        end = from + text[from..].find(['\n', '\r']).unwrap_or(text.len() - from);
    }
    if text[from..end].starts_with("[[") {
        return None;
    }
    let before = found.len();
    let after = destination(text, from, end, false, found)?;
    let rest = text[after..end].trim();
    let titled = rest.is_empty()
        || [('"', '"'), ('\'', '\''), ('(', ')')].iter().any(|(a, b)| rest.len() > 1 && rest.starts_with(*a) && rest.ends_with(*b));
    if !titled {
        found.truncate(before);
        return None;
    }
    Some(end)
}

/// Whether a leaf is a table: its second line is a rule of dashes and bars.
fn is_table(text: &str, lines: &[Line], leaf: &Range<usize>) -> bool {
    let rule =
        |line: &str| line.contains('|') && line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t' | '>'));
    leaf.len() > 1 && rule(&text[lines[leaf.start + 1].start..lines[leaf.start + 1].end])
}

/// The cells of a table: nothing begins in one and ends in another.
fn cells(text: &str, span: Range<usize>, found: &mut Vec<Link>) {
    let bytes = text.as_bytes();
    let mut from = span.start;
    for at in span.clone() {
        let bar = bytes[at] == b'|' && (at == 0 || bytes[at - 1] != b'\\');
        if bar || matches!(bytes[at], b'\n' | b'\r') {
            inline(text, from..at, found);
            from = at + 1;
        }
    }
    inline(text, from.min(span.end)..span.end, found);
}

fn inline(text: &str, span: Range<usize>, found: &mut Vec<Link>) {
    let bytes = text.as_bytes();
    let mut at = span.start;
    while let Some(next) = bytes[at.min(span.end)..span.end].iter().position(|b| matches!(b, b'\\' | b'`' | b'<' | b'[' | b']')) {
        at += next;
        at = match bytes[at] {
            b'\\' => at + 2,
            b'`' => {
                let ticks = bytes[at..span.end].iter().take_while(|b| **b == b'`').count();
                code_end(bytes, at + ticks, span.end, ticks).unwrap_or(at + ticks)
            }
            b'<' => html_end(text, at, span.end).unwrap_or(at + 1),
            b'[' if bytes[at..span.end].starts_with(b"[[") => wiki(text, at, span.end, found).unwrap_or(at + 1),
            b']' if bytes[at..span.end].starts_with(b"](") => destination(text, at + 2, span.end, true, found).unwrap_or(at + 1),
            _ => at + 1,
        };
    }
}

fn code_end(bytes: &[u8], mut at: usize, end: usize, ticks: usize) -> Option<usize> {
    while at < end {
        let run = bytes[at..end].iter().take_while(|b| **b == b'`').count();
        if run == ticks {
            return Some(at + run);
        }
        at += run.max(1);
    }
    None
}

/// The end of a tag, comment or autolink, as CommonMark has them; nothing for any other `<`.
fn html_end(text: &str, at: usize, end: usize) -> Option<usize> {
    let rest = &text[at + 1..end];
    if rest.starts_with("!--") {
        return rest.find("-->").map(|n| at + 1 + n + 3);
    }
    let close = rest.find('>').map(|n| at + 2 + n)?;
    let inner = &text[at + 1..close - 1];
    let address = inner.contains([':', '@']) && !inner.contains(|c: char| c.is_whitespace() || c == '<');
    let name = inner.trim_start_matches('/');
    if address && name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(close);
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut left = text[at + 1..end].trim_start_matches('/').trim_start_matches(is_name);
    loop {
        let bare = left.trim_start();
        if let Some(after) = bare.strip_prefix("/>").or_else(|| bare.strip_prefix('>')) {
            return Some(end - after.len());
        }
        // An attribute stands apart, and has a name of its own.
        let attribute = bare.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-'));
        if bare.len() == left.len() || attribute.len() == bare.len() {
            return None;
        }
        left = attribute;
        if let Some(value) = attribute.trim_start().strip_prefix('=').map(str::trim_start) {
            left = match value.chars().next()? {
                quote @ ('"' | '\'') => value[1..].split_once(quote)?.1,
                _ => value.trim_start_matches(|c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '=' | '<' | '>' | '`')),
            };
        }
    }
}

/// Reads a wikilink and gives its end.
fn wiki(text: &str, at: usize, end: usize, found: &mut Vec<Link>) -> Option<usize> {
    let from = at + 2;
    let line_end = text[from..end].find(['\n', '\r']).map_or(end, |n| from + n);
    let close = from + text[from..line_end].find("]]")?;
    let inner = &text[from..close];
    // `[[1]](target)` is a Markdown link, if what stands in the parentheses can be one's target.
    let markdown =
        text[close + 2..end].starts_with('(') && !inner.contains('|') && destination(text, close + 3, end, true, &mut Vec::new()).is_some();
    if inner.trim().is_empty() || inner.contains("[[") || markdown {
        return None;
    }
    let named = inner.split('|').next().unwrap_or_default();
    // Within tables the bar is escaped.
    let named = named.strip_suffix('\\').unwrap_or(named);
    let (target, anchor) = split_anchor(text, from..from + named.len());
    found.push(Link { form: Form::Wiki, target, anchor, line: 0 });
    Some(close + 2)
}

/// Reads what stands between the brackets of a Markdown link, or behind a definition, and gives its end.
fn destination(text: &str, from: usize, end: usize, closed: bool, found: &mut Vec<Link>) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < end && bytes[at].is_ascii_whitespace() {
        at += 1;
    }
    let range = if bytes.get(at) == Some(&b'<') {
        let close = at + 1 + text[at + 1..end].find(['>', '\n'])?;
        let range = at + 1..close;
        at = close + 1;
        range
    } else {
        let start = at;
        let mut depth = 0;
        while at < end && !bytes[at].is_ascii_whitespace() {
            match bytes[at] {
                b'\\' => at += 1,
                b'(' => depth += 1,
                b')' if depth == 0 => break,
                b')' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        at = at.min(end);
        start..at
    };
    if closed {
        // A title may follow.
        let rest = &text[at..end];
        let close = match rest.trim_start().chars().next()? {
            ')' => rest.find(')')?,
            quote @ ('"' | '\'' | '(') if rest.starts_with(char::is_whitespace) => {
                let open = rest.find(quote)?;
                let title = rest[open + 1..].find(if quote == '(' { ')' } else { quote })?;
                let after = open + 1 + title + 1;
                after + rest[after..].find(')').filter(|n| rest[after..after + n].trim().is_empty())?
            }
            _ => return None,
        };
        at += close + 1;
    }
    if !range.is_empty() {
        let (target, anchor) = split_anchor(text, range);
        found.push(Link { form: Form::Markdown, target, anchor, line: 0 });
    }
    Some(at)
}

/// Target and anchor; blanks around the target are none of it.
fn split_anchor(text: &str, range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let whole = &text[range.clone()];
    let cut = whole.find('#').map_or(range.end, |n| range.start + n);
    let target = &text[range.start..cut];
    let start = range.start + (target.len() - target.trim_start().len());
    let end = (range.start + target.trim_end().len()).max(start);
    let last = (range.start + whole.trim_end().len()).max(end);
    (start..start + file_part(&text[start..end]).len(), cut.min(last)..last)
}

/// A target without a query, and without the line that agents put behind a path: `src/main.rs:12`.
fn file_part(target: &str) -> &str {
    let mut bare = target.split('?').next().unwrap_or_default();
    while let Some((path, line)) = bare.rsplit_once(':') {
        if line.is_empty() || !line.bytes().all(|b| b.is_ascii_digit()) || !path.contains(['.', '/']) {
            break;
        }
        bare = path;
    }
    bare
}

/// A Markdown target as a path: percent-encoded bytes and escapes are decoded.
pub fn decoded(target: &str) -> String {
    let bytes = target.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |n: usize| bytes.get(n).and_then(|b| (*b as char).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                at += 3;
            }
            (b'\\', ..) if bytes.get(at + 1).is_some_and(u8::is_ascii_punctuation) => {
                out.push(bytes[at + 1]);
                at += 2;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| target.to_string())
}

/// A path as a Markdown target: what would end it is percent-encoded.
pub fn encoded(path: &str) -> String {
    path.chars()
        .map(|c| match c {
            ' ' => "%20".to_string(),
            '(' => "%28".to_string(),
            ')' => "%29".to_string(),
            '%' => "%25".to_string(),
            '#' => "%23".to_string(),
            c => c.to_string(),
        })
        .collect()
}
