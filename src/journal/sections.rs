//! Sections: what can be found in a log, part by part, without what templates left.

use std::ops::Range;

use super::frontmatter;
use super::outline::{BlockKind, Outline, heading_words};
use super::placeholder::Placeholders;
use super::profile::Profile;

/// A part of a log that is searched as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    /// Place in the log: 0 is what stands before the first section.
    pub number: usize,
    /// The profile's key of the section, if it knows it.
    pub key: Option<String>,
    /// The heading as it is written; empty for what stands before the first section.
    pub heading: String,
    /// Lines that hold content: their numbers, from 0, and what stands there.
    pub lines: Vec<(usize, String)>,
    /// Open tasks.
    pub open: usize,
    /// Done tasks.
    pub done: usize,
    /// Commands of code blocks and code spans.
    pub commands: Vec<String>,
}

impl Piece {
    /// All its content.
    pub fn body(&self) -> String {
        let mut body = String::with_capacity(self.lines.iter().map(|(_, l)| l.len() + 1).sum());
        for (_, line) in &self.lines {
            body.push_str(line);
            body.push('\n');
        }
        body
    }
}

/// The pieces of a log, each with content; a log without any has an empty one. A first heading that repeats the title is none.
pub fn pieces(text: &str, title: &str, profile: &Profile, placeholders: &Placeholders) -> Vec<Piece> {
    let outline = Outline::parse(text);
    let sections = outline.sections(profile);
    let mut left = vec![false; outline.lines.len()];
    let mut pieces = Vec::with_capacity(sections.len() + 1);
    let end = sections.first().map_or(outline.lines.len(), |s| s.heading);
    let mut head = Piece::default();
    fill(&mut head, &outline, outline.body..end, &left, placeholders);
    if head.lines.first().is_some_and(|(_, line)| line.strip_prefix("# ").is_some_and(|h| h.trim() == title.trim())) {
        head.lines.remove(0);
    }
    if !head.lines.is_empty() {
        pieces.push(head);
    }
    for (n, section) in sections.iter().enumerate() {
        let mut piece = Piece { number: n + 1, key: section.key.clone(), ..Piece::default() };
        for entry in outline.entries(profile, section, placeholders) {
            if entry.placeholder {
                left[entry.whole.clone()].fill(true);
            }
            match entry.task {
                Some(' ') if !entry.placeholder => piece.open += 1,
                Some('x' | 'X') if !entry.placeholder => piece.done += 1,
                _ => {}
            }
        }
        // Sub-headings that the profile knows are structure, as headings are.
        for block in outline.parts(section, profile) {
            left[block.lines.clone()].fill(true);
        }
        piece.heading = outline.line(section.heading).trim_start_matches('#').trim().trim_matches('*').trim().to_string();
        let end = outline.blocks.get(section.blocks.end).map_or(outline.lines.len(), |b| b.lines.start);
        // A heading that the profile does not know is somebody's own words.
        if piece.key.is_none() && !piece.heading.is_empty() {
            piece.lines.push((section.heading, outline.line(section.heading).to_string()));
        }
        for block in &outline.blocks[section.blocks.clone()] {
            commands(&outline, &block.kind, &block.lines, &mut piece.commands);
        }
        let heading = outline.blocks.iter().find(|b| b.lines.contains(&section.heading)).map_or(section.heading + 1, |b| b.lines.end);
        fill(&mut piece, &outline, heading..end, &left, placeholders);
        if !piece.lines.is_empty() {
            pieces.push(piece);
        }
    }
    if pieces.is_empty() {
        pieces.push(Piece::default());
    }
    pieces
}

/// Words by which a section that the profile does not know can be named.
pub fn name(piece: &Piece) -> String {
    piece.key.clone().unwrap_or_else(|| heading_words(&piece.heading))
}

fn fill(piece: &mut Piece, outline: &Outline, lines: Range<usize>, left: &[bool], placeholders: &Placeholders) {
    for n in lines {
        let line = outline.line(n);
        if !left[n] && !line.trim().is_empty() && !placeholders.is_one(line) && !frontmatter::is_placeholder(line.trim()) {
            piece.lines.push((n, line.to_string()));
        }
    }
}

/// What looks like something that was typed into a shell.
fn commands(outline: &Outline, kind: &BlockKind, lines: &Range<usize>, into: &mut Vec<String>) {
    let shell = ["", "sh", "bash", "shell", "console", "zsh", "fish"];
    let mut add = |command: &str| {
        let command = command.trim().trim_start_matches("$ ").trim();
        if !command.is_empty() && !command.starts_with('#') {
            into.push(command.to_string());
        }
    };
    if let BlockKind::Code { fenced: true } = kind {
        let info = outline.line(lines.start).trim().trim_start_matches(['`', '~']).trim();
        if shell.contains(&info) {
            (lines.start + 1..lines.end.saturating_sub(1)).for_each(|n| add(outline.line(n)));
        }
        return;
    }
    for n in lines.clone() {
        outline.line(n).split('`').skip(1).step_by(2).filter(|span| span.trim().contains(' ')).for_each(&mut add);
    }
}
