//! Placeholders: what templates leave in brackets, told from what people write.

use std::collections::HashSet;

use super::change;
use super::outline::{Entry, Form, Outline, marker_len};
use super::profile::Profile;

/// Texts that templates leave, to tell them from what people write.
#[derive(Debug, Default)]
pub struct Placeholders {
    known: HashSet<String>,
    /// Whether some of them have no brackets.
    bare: bool,
    /// Bytes of the longest.
    longest: usize,
}

impl Placeholders {
    /// Collects the bracketed entries of a profile's templates and its own list.
    pub fn collect(profile: &Profile, templates: &[&str]) -> Placeholders {
        let mut known = HashSet::new();
        for text in &profile.placeholders {
            known.insert(fold(text));
        }
        for template in templates {
            let outline = Outline::parse(template);
            for block in &outline.blocks {
                for n in block.lines.clone() {
                    let line = outline.line(n);
                    if has_brackets(line) {
                        known.insert(fold(line));
                    }
                }
            }
        }
        let longest = known.iter().map(String::len).max().unwrap_or(0);
        Placeholders { bare: known.iter().any(|text| !text.contains('[')), longest, known }
    }

    pub(super) fn holds(&self, outline: &Outline, entry: &Entry) -> bool {
        if entry.form == Form::Text && outline.line(entry.lines.start).trim_start().starts_with(['`', '~']) {
            return false;
        }
        let mut lines = entry.lines.clone().map(|n| outline.line(n)).filter(|l| !l.trim().is_empty()).peekable();
        let left = |line: &str| {
            let numbered = || entry.form != Form::Text && numbered_brackets(line) && !is_defined(outline, line);
            line.contains('[') && (self.knows(line) || numbered())
        };
        lines.peek().is_some() && lines.all(left)
    }

    /// Whether an entry is word for word what a template holds, numbers apart; nothing is guessed.
    pub(super) fn wrote(&self, outline: &Outline, entry: &Entry) -> bool {
        let mut lines = entry.whole.clone().map(|n| outline.line(n)).filter(|l| !l.trim().is_empty());
        entry.placeholder && lines.all(|line| self.knows(line))
    }

    /// Whether a line holds nothing but what a template left.
    pub fn is_one(&self, line: &str) -> bool {
        self.knows(line) || numbered_brackets(line)
    }

    fn knows(&self, line: &str) -> bool {
        (self.bare || content(line).contains('[')) && fold_within(line, self.longest).is_some_and(|text| self.known.contains(&text))
    }
}

/// Whether a template's line holds text in brackets that is no link, task box or reference.
fn has_brackets(line: &str) -> bool {
    let body = &line[marker_len(line)..];
    let groups =
        body.match_indices('[').filter_map(|(at, _)| body[at..].find(']').map(|end| (&body[at + 1..at + end], &body[at + end + 1..])));
    groups
        .filter(|(inner, _)| inner.chars().count() > 1)
        .any(|(inner, after)| !inner.starts_with(['[', '^']) && !after.starts_with(['(', '[', ':', ']']))
}

/// Whether the log defines what the brackets name: then they are a link.
fn is_defined(outline: &Outline, line: &str) -> bool {
    let groups = line.split('[').skip(1).filter_map(|g| g.split(']').next());
    let text = outline.text.to_lowercase();
    groups.into_iter().any(|g| text.contains(&format!("[{}]:", g.to_lowercase())))
}

/// A line without heading marks, list marker and open box.
fn content(line: &str) -> &str {
    let line = line.trim().trim_start_matches('#').trim_start();
    let body = &line[marker_len(line)..];
    body.strip_prefix("[ ]").unwrap_or(body)
}

/// Case, marks and numbers do not tell placeholders apart.
fn fold(line: &str) -> String {
    fold_within(line, usize::MAX).unwrap_or_default()
}

/// The same, unless it takes more than so many bytes.
fn fold_within(line: &str, most: usize) -> Option<String> {
    let body = content(line);
    let mut out = String::with_capacity(body.len().min(most));
    for c in body.chars() {
        // A blank at either end goes.
        if out.len() > most.saturating_add(2) {
            return None;
        }
        match c {
            '*' | '_' | '`' => {}
            c if c.is_ascii_digit() => {
                if !out.ends_with('#') {
                    out.push('#');
                }
            }
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_ascii() => out.push(c.to_ascii_lowercase()),
            c => out.extend(c.to_lowercase()),
        }
    }
    Some(out.trim().to_string())
}

/// Words that stand outside of brackets; three are as good as more.
fn words_outside(body: &str) -> usize {
    let (mut depth, mut words, mut within) = (0_usize, 0, false);
    for c in body.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let letter = depth == 0 && c.is_alphanumeric();
        words += usize::from(letter && !within);
        // Marks of emphasis divide no word.
        within = letter || (within && matches!(c, '*' | '_'));
        if words > 2 {
            break;
        }
    }
    words
}

/// `[Task 1]`, `**Decision 1** – [Brief reasoning]`: bracketed words that are numbered or stand behind a numbered label, and
/// nothing else. Other bracketed text is a person's unless a template is known to hold it.
fn numbered_brackets(line: &str) -> bool {
    let body = content(line);
    if !body.contains('[') || !body.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    if words_outside(body) > 2 {
        return false;
    }
    let numbered = |text: &str| text.split_whitespace().last().is_some_and(|w| w.chars().all(|c| c.is_ascii_digit()));
    let mut rest = body.replace(['*', '_'], "");
    let (mut groups, mut numbers) = (0, 0);
    while let Some(open) = rest.find('[') {
        let Some(close) = rest[open..].find(']').map(|n| open + n) else { return false };
        let group = rest[open + 1..close].to_string();
        let after = rest[close + 1..].chars().next();
        if group.contains('[') || matches!(after, Some('(' | '[' | ']' | ':')) || change::word_count(&group) < 2 {
            return false;
        }
        groups += 1;
        numbers += usize::from(numbered(&group));
        rest.replace_range(open..=close, " ");
    }
    let left: Vec<&str> = rest.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    match left.as_slice() {
        [] => groups > 0 && numbers > 0,
        [_, number] => groups > 0 && numbered(number),
        _ => false,
    }
}
