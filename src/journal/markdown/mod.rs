//! Markdown: where blocks stand, line by line; nothing here renders or changes text.
//!
//! comrak says where (`reference`). Bodies without surprises, which most logs have, are read by lines instead (`tame`): the
//! result is the same, the cost a twentieth.

pub mod reference;
pub mod tame;

use std::ops::Range;

use super::frontmatter;

/// A line of a text: bytes, without and with its ending.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// First byte.
    pub start: usize,
    /// End without the line ending.
    pub end: usize,
    /// Start of the next line.
    pub next: usize,
}

/// What a top-level block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// An item of a top-level list.
    Item,
    /// Fenced or indented code.
    Code {
        /// Whether it has a fence.
        fenced: bool,
    },
    /// HTML or an Obsidian comment: never an entry.
    Comment,
    /// A thematic break.
    Break,
    /// Anything else: a paragraph, quote, callout, table.
    Text,
}

/// A top-level block; lines from 0, end exclusive, without trailing blank lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its lines.
    pub lines: Range<usize>,
}

/// A block that holds text and no further blocks, at whatever depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// What it holds.
    pub kind: LeafKind,
    /// Its lines in the text, from 0; markers of the lists and quotes around it stand in them too.
    pub lines: Range<usize>,
}

/// What a leaf holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeafKind {
    /// Words: a paragraph, a heading, a table, a link's definition.
    Text,
    /// Code, with its info string and without the fence and the indentation around it.
    Code(String),
    /// HTML.
    Html,
}

/// The lines of a text, without a byte-order mark.
pub fn split_lines(text: &str) -> Vec<Line> {
    let bytes = text.as_bytes();
    let mut lines = Vec::with_capacity(text.len() / 32 + 1);
    let mut start = frontmatter::bom(text);
    let mut ended = |end: usize| {
        // The line feed of a CRLF stands before the next line.
        if end >= start {
            let next = end + if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 };
            lines.push(Line { start, end, next });
            start = next;
        }
    };
    let ends = |byte: u8| byte == b'\n' || byte == b'\r';
    // In this form the compiler looks at many bytes at once, which halves the time.
    let (chunks, rest) = bytes.as_chunks::<32>();
    for (i, chunk) in chunks.iter().enumerate() {
        let mut found = chunk.iter().enumerate().fold(0_u32, |found, (n, byte)| found | u32::from(ends(*byte)) << n);
        while found != 0 {
            ended(i * 32 + found.trailing_zeros() as usize);
            found &= found - 1;
        }
    }
    (bytes.len() - rest.len()..bytes.len()).filter(|at| ends(bytes[*at])).for_each(&mut ended);
    if start < bytes.len() {
        lines.push(Line { start, end: bytes.len(), next: bytes.len() });
    }
    lines
}

/// First byte of the body and number of lines before it.
pub fn body(text: &str, lines: &[Line]) -> (usize, usize) {
    let start = frontmatter::block(text).map_or(frontmatter::bom(text), |b| b.end);
    (start, lines.partition_point(|l| l.next <= start))
}

/// The top-level blocks of the body, in order; the items of lists stand for their lists.
pub fn blocks(text: &str, lines: &[Line]) -> Vec<Block> {
    tame::blocks(text, lines).unwrap_or_else(|| reference::blocks(text, lines))
}

/// The leaves of the body, in order; every line that is not blank and no mere fence or rule belongs to one.
pub fn leaves(text: &str, lines: &[Line]) -> Vec<Leaf> {
    tame::leaves(text, lines).unwrap_or_else(|| reference::leaves(text, lines))
}

/// Gives the lines that hold something and belong to no leaf, such as rules, a leaf each.
fn with_bare_lines(text: &str, lines: &[Line], found: Vec<Leaf>) -> Vec<Leaf> {
    let mut all = Vec::with_capacity(found.len());
    let mut at = body(text, lines).1;
    for leaf in found.into_iter().chain([Leaf { kind: LeafKind::Text, lines: lines.len()..lines.len() }]) {
        let bare = |n: &usize| !text[lines[*n].start..lines[*n].end].trim().is_empty();
        all.extend((at..leaf.lines.start).filter(bare).map(|n| Leaf { kind: LeafKind::Text, lines: n..n + 1 }));
        at = leaf.lines.end.max(at);
        if !leaf.lines.is_empty() {
            all.push(leaf);
        }
    }
    all
}
