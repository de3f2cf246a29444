//! Putting an element into JSON text, and taking one out, by bytes: what is around it stays as it is, and taking out what was
//! put in gives the same text again.
//!
//! What came with an element is told by its form: the only element of such a container stands alone on its lines, or has nothing
//! around it. In a container that was empty before, [`insert`] puts it otherwise.

use std::ops::Range;

use super::jsonc::{Node, after_trivia, comment_end};

/// How a text is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Style {
    /// What ends a line.
    pub(crate) newline: &'static str,
    /// What a level is indented by.
    pub(crate) indent: String,
    /// Everything stands on one line.
    pub(crate) flat: bool,
}

impl Style {
    /// That of a text, by its line ends and its first member.
    pub(crate) fn of(text: &str, root: &Node) -> Style {
        let newline = if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" };
        let first = root.elements().first().map(|first| &text[..first.start]);
        let before = first.map(|before| before.rsplit('\n').next().unwrap_or_default());
        let indent = before.filter(|b| !b.is_empty() && b.chars().all(|c| c == ' ' || c == '\t')).unwrap_or("  ").to_string();
        let flat = first.is_some() && !text[root.span.clone()].contains('\n');
        Style { newline, indent, flat }
    }

    /// A new line, at a level.
    pub(crate) fn line(&self, level: usize) -> String {
        format!("{}{}", self.newline, self.indent.repeat(level))
    }
}

/// The text with an element as the last of a container.
pub(crate) fn insert(text: &str, container: &Node, element: &str, style: &Style, level: usize) -> String {
    let elements = container.elements();
    let line = style.line(level);
    let Some(last) = elements.last() else {
        let open = container.span.start + 1;
        let (at, ended) = line_comments(text, open);
        let lines = text[open..container.span.end].contains('\n') || style.flat;
        let gap = if lines && !ended { " " } else { &line };
        return splice(text, at..at, &format!("{gap}{element}"));
    };
    let before = elements.len().checked_sub(2).and_then(|n| elements.get(n)).map_or(container.span.start + 1, |e| e.end);
    let gap = separator(&text[before..last.start], style);
    let comma = after_trivia(text, last.end);
    let there = text[comma..].starts_with(',');
    let (at, ended) = line_comments(text, if there { comma + 1 } else { last.end });
    // What follows a comment to the end of a line is part of it.
    let gap = if ended && !gap.contains('\n') { line } else { gap };
    if there {
        return splice(text, at..at, &format!("{gap}{element},"));
    }
    let text = splice(text, at..at, &format!("{gap}{element}"));
    splice(&text, last.end..last.end, ",")
}

/// The text without an element of a container.
pub(crate) fn remove(text: &str, container: &Node, place: usize) -> String {
    let elements = container.elements();
    let Some(element) = elements.get(place) else { return text.to_string() };
    let start = element.start - blanks_before(&text[..element.start]);
    let comma = Some(after_trivia(text, element.end)).filter(|at| text[*at..].starts_with(','));
    if let Some(comma) = comma {
        let text = splice(text, comma..comma + 1, "");
        return splice(&text, start..element.end, "");
    }
    let text = splice(text, start..element.end, "");
    let previous = place.checked_sub(1).and_then(|n| elements.get(n));
    match previous.map(|previous| after_trivia(&text, previous.end)) {
        Some(comma) if text[comma..].starts_with(',') => splice(&text, comma..comma + 1, ""),
        _ => text,
    }
}

/// Whether a container whose only element this is came with it.
pub(crate) fn came_with(text: &str, container: &Node) -> bool {
    let elements = container.elements();
    let [element] = elements.as_slice() else { return false };
    let (before, after) = (&text[container.span.start + 1..element.start], &text[element.end..container.span.end - 1]);
    (before.is_empty() && after.is_empty()) || [before, after].iter().all(|b| b.trim().is_empty() && b.contains('\n'))
}

/// The text with something else in a range.
pub(crate) fn splice(text: &str, range: Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..range.start], &text[range.end..])
}

/// What separates the last element from what is before it: the last line break and what follows it, or blanks.
fn separator(between: &str, style: &Style) -> String {
    let blanks = &between[between.len() - blanks_before(between)..];
    blanks.rfind('\n').map_or_else(|| blanks.to_string(), |at| format!("{}{}", style.newline, &blanks[at + 1..]))
}

/// Bytes of blanks at the end of a text.
fn blanks_before(text: &str) -> usize {
    text.len() - text.trim_end_matches([' ', '\t', '\n', '\r']).len()
}

/// The end of the comments that follow on the same line, else the place itself; and whether the last goes to the end of the line.
fn line_comments(text: &str, from: usize) -> (usize, bool) {
    let (mut end, mut ended) = (from, false);
    loop {
        let start = text.len() - text[end..].trim_start_matches([' ', '\t']).len();
        match comment_end(text, start) {
            Some(after) => (end, ended) = (after, text[start..].starts_with("//")),
            None => return (end, ended),
        }
    }
}
