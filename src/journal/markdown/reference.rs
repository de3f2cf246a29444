//! What comrak says of blocks and leaves: the answer for every text, and what `tame` is measured by.

use std::ops::Range;

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};

use super::{Block, BlockKind, Leaf, LeafKind, Line, body, with_bare_lines};

/// The reference for [`blocks`](super::blocks): what comrak says.
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

/// The reference for [`leaves`](super::leaves): what comrak says.
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
    with_bare_lines(text, lines, found)
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
