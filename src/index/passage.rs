//! Passages: the part of a text that answers a query best.

use std::collections::HashSet;
use std::ops::Range;

use super::plan::Marks;
use super::tokens;

/// A part of a text, and what of it was looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passage {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What is highlighted, in bytes of the text, in order, without overlaps.
    pub marks: Vec<Range<usize>>,
    /// How many different words of the query it has.
    pub words: usize,
}

/// Of a long text so much is looked through, in bytes.
const FAR: usize = 2_000_000;

/// The best part of a text, of about so many bytes; the beginning where it has nothing of what was looked for.
pub fn best(text: &str, marks: &Marks, most: usize) -> Passage {
    let far = text.floor_char_boundary(FAR);
    let mut found: Vec<(Range<usize>, usize)> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: &str, range: Range<usize>| {
        let known = words.iter().position(|w| w == word).unwrap_or_else(|| {
            words.push(word.to_string());
            words.len() - 1
        });
        found.push((range, known));
    };
    // A stem begins as its word does.
    let first = |word: &String| word.chars().next();
    let firsts: HashSet<char> = marks.stems.iter().chain(&marks.terms).filter_map(first).collect();
    tokens::some_parts(&text[..far], &mut |term| term.chars().next().is_some_and(|c| firsts.contains(&c)), &mut |part| {
        if marks.stems.contains(part.stem) || marks.terms.contains(part.term) {
            add(part.stem, part.range);
        }
    });
    if !marks.names.is_empty() {
        let mut names = Vec::new();
        tokens::names(&text[..far], &mut |name, range| names.extend(marks.names.get(name).map(|name| (name, range))));
        names.into_iter().for_each(|(name, range)| add(name, range));
        found.sort_by_key(|(range, _)| range.start);
    }
    let window = best_window(&found, most);
    let Some((first, last)) = found.get(window.start).zip(found.get(window.end.saturating_sub(1))) else {
        return Passage { range: cut(text, 0..0, most), ..Passage::default() };
    };
    let range = cut(text, first.0.start..last.0.end, most);
    let mut marked: Vec<Range<usize>> = Vec::new();
    for (mark, _) in found.iter().filter(|(m, _)| m.start >= range.start && m.end <= range.end) {
        match marked.last_mut() {
            Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
            _ => marked.push(mark.clone()),
        }
    }
    let distinct: HashSet<usize> = found[window].iter().map(|(_, word)| *word).collect();
    Passage { range, marks: marked, words: distinct.len() }
}

/// The finds that lie within so many bytes and hold most words; of those that hold as many, the ones that lie closest, then the first.
fn best_window(found: &[(Range<usize>, usize)], most: usize) -> Range<usize> {
    let (mut best, mut score) = (0..0, (0, 0));
    let mut counts: std::collections::HashMap<usize, usize> = std::collections::HashMap::new();
    let mut start = 0;
    for end in 0..found.len() {
        *counts.entry(found[end].1).or_default() += 1;
        while found[end].0.end - found[start].0.start > most && start < end {
            let count = counts.entry(found[start].1).or_default();
            *count -= 1;
            if *count == 0 {
                counts.remove(&found[start].1);
            }
            start += 1;
        }
        let now = (counts.len(), end + 1 - start);
        if now > score {
            (best, score) = (start..end + 1, now);
        }
    }
    best
}

/// About so many bytes around a range, from word to word.
fn cut(text: &str, around: Range<usize>, most: usize) -> Range<usize> {
    let spare = most.saturating_sub(around.len());
    let (mut start, mut end) = (around.start.saturating_sub(spare / 3), around.end);
    start = text.floor_char_boundary(start);
    // A sentence or line that begins a little before is a better beginning.
    if let Some(line) = text[start..around.start].rfind('\n') {
        start += line + 1;
    } else if start > 0 {
        start += text[start..around.start].find(char::is_whitespace).map_or(0, |n| n + 1);
    }
    start = text.ceil_char_boundary(start).min(around.start);
    end = text.floor_char_boundary((start + most).max(end).min(text.len()));
    if end < text.len() && end > around.end {
        end = text[around.end..end].rfind(char::is_whitespace).map_or(end, |n| around.end + n);
    }
    start..end
}
