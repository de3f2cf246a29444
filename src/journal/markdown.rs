//! Markdown: where blocks stand, line by line. comrak says so; nothing here renders or changes text.

use std::ops::Range;

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};

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
    let mut lines = Vec::new();
    let mut start = frontmatter::bom(text);
    while start < bytes.len() {
        let end = bytes[start..].iter().position(|b| *b == b'\n' || *b == b'\r').map_or(bytes.len(), |n| start + n);
        let next = match bytes.get(end) {
            Some(b'\r') if bytes.get(end + 1) == Some(&b'\n') => end + 2,
            Some(_) => end + 1,
            None => end,
        };
        lines.push(Line { start, end, next });
        start = next;
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
    let (start, first) = body(text, lines);
    let arena = Arena::new();
    let root = parse_document(&arena, &text[start..], &options());
    let mut found: Vec<(BlockKind, Range<usize>)> = Vec::new();
    for node in root.children() {
        match &node.data.borrow().value {
            NodeValue::List(_) => found.extend(node.children().map(|item| (BlockKind::Item, lines_of(item, first, lines.len())))),
            value => found.push((kind_of(value), lines_of(node, first, lines.len()))),
        }
    }
    let starts: Vec<usize> = found.iter().skip(1).map(|(_, r)| r.start).chain([lines.len()]).collect();
    let blank = |n: usize| text[lines[n].start..lines[n].end].bytes().all(|b| b == b' ' || b == b'\t');
    let cut = |((kind, range), next): ((BlockKind, Range<usize>), usize)| {
        let mut end = range.end.min(next).max(range.start + 1);
        while end > range.start + 1 && blank(end - 1) {
            end -= 1;
        }
        Block { kind, lines: range.start..end }
    };
    found.into_iter().zip(starts).map(cut).collect()
}

/// The leaves of the body, in order; every line that is not blank and no mere fence or rule belongs to one.
pub fn leaves(text: &str, lines: &[Line]) -> Vec<Leaf> {
    let (start, first) = body(text, lines);
    let arena = Arena::new();
    let root = parse_document(&arena, &text[start..], &options());
    let mut found: Vec<Leaf> = Vec::new();
    for node in root.descendants() {
        let kind = match &node.data.borrow().value {
            NodeValue::Paragraph | NodeValue::Heading(_) | NodeValue::Table(_) => LeafKind::Text,
            NodeValue::CodeBlock(code) => LeafKind::Code(format!("{}\n{}", code.info, code.literal)),
            NodeValue::HtmlBlock(_) => LeafKind::Html,
            _ => continue,
        };
        // Tables hold no further leaves; a paragraph inside of one is none of ours.
        if found.last().is_none_or(|l| l.lines.end < first + node.data.borrow().sourcepos.start.line) {
            found.push(Leaf { kind, lines: lines_of(node, first, lines.len()) });
        }
    }
    let mut all = Vec::with_capacity(found.len());
    let mut at = first;
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

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options
}

fn lines_of<'a>(node: &'a AstNode<'a>, first: usize, last: usize) -> Range<usize> {
    let at = node.data.borrow().sourcepos;
    (first + at.start.line.max(1) - 1).min(last.saturating_sub(1))..(first + at.end.line).min(last)
}

fn kind_of(value: &NodeValue) -> BlockKind {
    match value {
        NodeValue::Heading(h) => BlockKind::Heading { level: h.level },
        NodeValue::CodeBlock(code) => BlockKind::Code { fenced: code.fenced },
        NodeValue::HtmlBlock(_) => BlockKind::Comment,
        NodeValue::ThematicBreak => BlockKind::Break,
        _ => BlockKind::Text,
    }
}
