//! Blocks and leaves of tame bodies, read line by line in one pass as CommonMark describes it.
//!
//! Says exactly what `reference` says or, wherever it cannot be sure, nothing at all. Not tame: tabs and control characters
//! where a line begins, underlined headings, indented code, HTML, definitions of links, tables without outer bars.

use super::{Block, BlockKind, Leaf, LeafKind, Line, body, with_bare_lines};

/// The blocks of a tame body, as [`blocks`](super::blocks) gives them.
pub fn blocks(text: &str, lines: &[Line]) -> Option<Vec<Block>> {
    Some(scan(text, lines, None)?.blocks)
}

/// The leaves of a tame body, as [`leaves`](super::leaves) gives them.
pub fn leaves(text: &str, lines: &[Line]) -> Option<Vec<Leaf>> {
    let found = scan(text, lines, Some(Vec::new()))?.leaves?;
    Some(with_bare_lines(text, lines, found))
}

fn scan<'t>(text: &'t str, lines: &'t [Line], leaves: Option<Vec<Leaf>>) -> Option<Scan<'t>> {
    let (start, first) = body(text, lines);
    if text[start..].starts_with('\u{feff}') {
        return None;
    }
    let blocks = Vec::with_capacity((lines.len() - first) / 2);
    let mut scan = Scan { text, lines, blocks, leaves, open: Vec::new(), inner: Inner::Nothing };
    (first..lines.len()).try_for_each(|n| scan.line(n))?;
    // Where that ends which nobody closes, only comrak knows, but for a fence that holds the rest of the text.
    let sure = match scan.inner {
        Inner::Fence(_) => scan.open.is_empty(),
        Inner::Comment => false,
        _ => true,
    };
    sure.then_some(scan)
}

/// Nobody nests deeper, and comrak itself stops at a hundred.
const DEEPEST: usize = 32;

/// comrak stops filling up the rows of a table at half a million cells.
const MOST_CELLS: usize = 400_000;

/// What has been found up to some line, and what is still open there.
struct Scan<'t> {
    text: &'t str,
    lines: &'t [Line],
    blocks: Vec<Block>,
    /// Nothing where nobody asks.
    leaves: Option<Vec<Leaf>>,
    /// The containers that the next line may belong to, from the outermost.
    open: Vec<Container>,
    /// What the innermost of them ends with.
    inner: Inner,
}

enum Container {
    /// An item whose blocks begin at this column of what it stands in; `filled` once it holds one.
    Item {
        column: usize,
        filled: bool,
    },
    Quote,
}

/// A leaf that the next line may belong to.
#[derive(Clone, Copy)]
enum Inner {
    Nothing,
    /// Its first line, and the byte where the words of its last line begin; a lazy line's blanks are no mere indentation.
    Paragraph {
        first: usize,
        words: Option<usize>,
    },
    Table,
    /// `<!--` without its end.
    Comment,
    Fence(Fence),
}

#[derive(Clone, Copy)]
struct Fence {
    mark: u8,
    length: usize,
    indent: usize,
}

/// A place in a line, behind the marks of containers and the indentation.
#[derive(Clone, Copy)]
struct Place {
    line: usize,
    /// Bytes before it.
    at: usize,
    /// How many of them are indentation.
    indent: usize,
    /// How many of the open containers the line belongs to.
    held: usize,
}

/// What begins behind the marks of containers.
enum Start {
    Words,
    Heading(u8),
    /// Length of the fence.
    Fence(usize),
    Comment,
    Break,
    /// Width of the mark and its blank.
    Quote(usize),
    /// Width of the marker and its blanks.
    Item(usize),
    /// The line that makes the paragraph above it a table of so many columns.
    Delimiter(usize),
    Row,
}

impl Scan<'_> {
    fn line(&mut self, n: usize) -> Option<()> {
        let Line { start, end, next } = self.lines[n];
        let bytes = self.text.as_bytes();
        let line = &bytes[start..end];
        if next == end + 1 && bytes[end] == b'\r' {
            return None;
        }
        let (held, at) = self.held(line)?;
        match self.inner {
            Inner::Fence(_) | Inner::Comment if held < self.open.len() => return None,
            Inner::Fence(fence) => self.code(n, at, fence)?,
            Inner::Comment => self.comment(n, at),
            _ if at + indent(line, at)? == line.len() => {
                self.open.truncate(held);
                self.inner = Inner::Nothing;
            }
            _ => self.content(n, at, held)?,
        }
        if !line.iter().all(is_blank) {
            self.blocks.last_mut()?.lines.end = n + 1;
        }
        Some(())
    }

    /// How many of the open containers a line belongs to, and where it goes on behind their marks.
    fn held(&self, line: &[u8]) -> Option<(usize, usize)> {
        let mut at = 0;
        for (i, container) in self.open.iter().enumerate() {
            let indent = indent(line, at)?;
            at += match container {
                Container::Item { column, .. } if indent >= *column => *column,
                Container::Item { filled: true, .. } if at + indent == line.len() => indent,
                Container::Quote if indent < 4 && line.get(at + indent) == Some(&b'>') => indent + quote(&line[at + indent..]),
                _ => return Some((i, at)),
            };
        }
        Some((self.open.len(), at))
    }

    /// A line below an opening fence.
    fn code(&mut self, n: usize, at: usize, fence: Fence) -> Option<()> {
        let Line { start, end, next } = self.lines[n];
        let line = &self.text.as_bytes()[start + at..end];
        let spaces = line.iter().take_while(|b| **b == b' ').count();
        let rest = &line[spaces..];
        // A tab makes too wide an indentation for a closing fence. It is kept whole only where none is cut off.
        if rest.first() == Some(&b'\t') && (!self.open.is_empty() || fence.indent > 0) {
            return None;
        }
        let length = rest.iter().take_while(|b| **b == fence.mark).count();
        if spaces < 4 && length >= fence.length && rest[length..].iter().all(is_blank) {
            self.inner = Inner::Nothing;
        } else if let Some(Leaf { kind: LeafKind::Code(code), .. }) = self.leaves.as_mut().and_then(|l| l.last_mut()) {
            code.push_str(&self.text[start + at + spaces.min(fence.indent)..next]);
        }
        self.stretch(n);
        Some(())
    }

    /// A line of a comment.
    fn comment(&mut self, n: usize, at: usize) {
        let closed = self.text[self.lines[n].start + at..self.lines[n].end].contains("-->");
        self.inner = if closed { Inner::Nothing } else { Inner::Comment };
        self.stretch(n);
    }

    /// A line with something behind the marks of the containers it belongs to, outside code.
    fn content(&mut self, n: usize, mut at: usize, mut held: usize) -> Option<()> {
        let Line { start: from, end, next } = self.lines[n];
        let line = &self.text.as_bytes()[from..end];
        while self.open.len() < DEEPEST {
            let indent = indent(line, at)?;
            let rest = &line[at + indent..];
            if rest.is_empty() {
                return Some(());
            }
            let above = if held == self.open.len() { self.inner } else { Inner::Nothing };
            let (kind, container, width) = match self.inner {
                _ if indent < 4 => match start(rest, above, next > end)? {
                    Start::Item(width) => (BlockKind::Item, Container::Item { column: indent + width, filled: false }, width),
                    Start::Quote(width) => (BlockKind::Text, Container::Quote, width),
                    leaf => return self.leaf(Place { line: n, at: at + indent, indent, held }, &leaf),
                },
                Inner::Paragraph { .. } => return self.words(n, at + indent, held),
                _ => return None,
            };
            self.begin(n, held, kind);
            self.open.push(container);
            held = self.open.len();
            at = line.len().min(at + indent + width);
        }
        None
    }

    /// What begins or goes on at this place and holds no further blocks.
    fn leaf(&mut self, place: Place, start: &Start) -> Option<()> {
        let Place { line: n, at, held, .. } = place;
        match start {
            Start::Words => return self.words(n, at, held),
            Start::Delimiter(columns) => return self.table(n, *columns),
            Start::Fence(length) => return self.fence(place, *length),
            Start::Heading(level) => {
                self.begin(n, held, BlockKind::Heading { level: *level });
                self.add(n, || LeafKind::Text);
            }
            Start::Comment => {
                self.begin(n, held, BlockKind::Comment);
                self.add(n, || LeafKind::Html);
                self.comment(n, at);
            }
            Start::Break => self.begin(n, held, BlockKind::Break),
            Start::Row => self.stretch(n),
            Start::Item(_) | Start::Quote(_) => return None,
        }
        Some(())
    }

    fn fence(&mut self, place: Place, length: usize) -> Option<()> {
        let Place { line: n, at, indent, held } = place;
        let line = &self.text[self.lines[n].start..self.lines[n].end];
        let info = line[at + length..].trim_matches([' ', '\t']);
        // Entities and escapes are decoded in it.
        if info.contains(['&', '\\']) {
            return None;
        }
        self.begin(n, held, BlockKind::Code { fenced: true });
        self.add(n, || LeafKind::Code(format!("{info}\n")));
        self.inner = Inner::Fence(Fence { mark: line.as_bytes()[at], length, indent });
        Some(())
    }

    /// A line of words: one more of the paragraph that is open, whatever containers it leaves out, or the first of another.
    fn words(&mut self, n: usize, at: usize, held: usize) -> Option<()> {
        let Line { start, end, .. } = self.lines[n];
        match &mut self.inner {
            Inner::Paragraph { words, .. } => {
                *words = (held == self.open.len()).then_some(start + at);
                self.stretch(n);
            }
            Inner::Table if held == self.open.len() => return None,
            _ if defines(&self.text.as_bytes()[start + at..end]) => return None,
            _ => {
                self.begin(n, held, BlockKind::Text);
                self.add(n, || LeafKind::Text);
                self.inner = Inner::Paragraph { first: n, words: Some(start + at) };
            }
        }
        Some(())
    }

    /// Makes a table of the last line of the open paragraph and this one.
    fn table(&mut self, n: usize, columns: usize) -> Option<()> {
        let Inner::Paragraph { first, words: Some(words) } = self.inner else { return None };
        let head = &self.text[words..self.lines[n - 1].end];
        if head.contains('\\') || cells(head) != columns || columns * self.lines.len() > MOST_CELLS {
            return None;
        }
        if first + 1 < n {
            if self.open.is_empty() {
                self.blocks.last_mut()?.lines.end = n - 1;
            }
            if let Some(above) = self.leaves.as_mut().and_then(|l| l.last_mut()) {
                above.lines.end = n - 1;
            }
            self.begin(n - 1, self.open.len(), BlockKind::Text);
            self.add(n - 1, || LeafKind::Text);
        }
        self.stretch(n);
        self.inner = Inner::Table;
        Some(())
    }

    /// Begins a block in the innermost of the containers that are held; all else ends.
    fn begin(&mut self, n: usize, held: usize, kind: BlockKind) {
        self.open.truncate(held);
        self.inner = Inner::Nothing;
        match self.open.last_mut() {
            None => self.blocks.push(Block { kind, lines: n..n + 1 }),
            Some(Container::Item { filled, .. }) => *filled = true,
            Some(Container::Quote) => {}
        }
    }

    fn add(&mut self, n: usize, kind: impl FnOnce() -> LeafKind) {
        if let Some(leaves) = &mut self.leaves {
            leaves.push(Leaf { kind: kind(), lines: n..n + 1 });
        }
    }

    /// The last leaf goes on.
    fn stretch(&mut self, n: usize) {
        if let Some(last) = self.leaves.as_mut().and_then(|l| l.last_mut()) {
            last.lines.end = n + 1;
        }
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Number of spaces from here on; nothing where a tab follows.
fn indent(line: &[u8], at: usize) -> Option<usize> {
    let spaces = line[at..].iter().take_while(|b| **b == b' ').count();
    (line.get(at + spaces) != Some(&b'\t')).then_some(spaces)
}

/// What a line begins whose indentation is less than four; `above` is the leaf that it may continue, `ended` whether the
/// line has a line ending.
fn start(rest: &[u8], above: Inner, ended: bool) -> Option<Start> {
    let below = matches!(above, Inner::Paragraph { .. });
    match rest[0] {
        b'#' => Some(heading(rest)),
        b'`' | b'~' => Some(fence(rest)),
        b'>' => Some(Start::Quote(quote(rest))),
        b'|' if matches!(above, Inner::Table) => (!rest[1..].iter().all(is_cell_blank)).then_some(Start::Row),
        b'-' | b'=' if below && is_underline(rest) => None,
        b'-' | b'|' | b':' if below && may_delimit(rest) => delimiter(rest),
        b'-' | b'*' | b'_' if is_rule(rest) => Some(Start::Break),
        b'-' | b'*' | b'+' | b'0'..=b'9' => item(rest, below, ended),
        b'<' => html(rest),
        0..b' ' | 0x7f => None,
        _ => Some(Start::Words),
    }
}

fn heading(rest: &[u8]) -> Start {
    let level = rest.iter().take_while(|b| **b == b'#').count();
    match rest.get(level) {
        None | Some(b' ' | b'\t') if level < 7 => Start::Heading(level as u8),
        _ => Start::Words,
    }
}

fn fence(rest: &[u8]) -> Start {
    let length = rest.iter().take_while(|b| **b == rest[0]).count();
    match length {
        0..3 => Start::Words,
        _ if rest[0] == b'`' && rest[length..].contains(&b'`') => Start::Words,
        _ => Start::Fence(length),
    }
}

/// A comment, or an address like `<https://x.example>`, which is no tag.
fn html(rest: &[u8]) -> Option<Start> {
    let name = rest[1..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    match rest.get(name + 1) {
        _ if rest.starts_with(b"<!--") => Some(Start::Comment),
        Some(b':') if name > 0 => Some(Start::Words),
        _ => None,
    }
}

/// Width of a quote's mark and its blank.
fn quote(rest: &[u8]) -> usize {
    if rest.starts_with(b"> ") { 2 } else { 1 }
}

fn is_rule(rest: &[u8]) -> bool {
    rest.iter().all(|b| *b == rest[0] || is_blank(b)) && rest.iter().filter(|b| !is_blank(b)).count() > 2
}

fn item(rest: &[u8], below: bool, ended: bool) -> Option<Start> {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let ordered = digits > 0;
    if digits > 9 || (ordered && !matches!(rest.get(digits), Some(b'.' | b')'))) {
        return Some(Start::Words);
    }
    let after = &rest[digits + 1..];
    let blanks = after.iter().take_while(|b| **b == b' ').count();
    let empty = blanks == after.len();
    match after.first() {
        _ if after.get(blanks) == Some(&b'\t') => None,
        Some(b) if *b != b' ' => Some(Start::Words),
        None if ordered && !ended => Some(Start::Words),
        _ if below && (empty || (ordered && !is_one(&rest[..digits]))) => Some(Start::Words),
        _ => Some(Start::Item(digits + 1 + if empty || blanks > 4 { 1 } else { blanks })),
    }
}

/// Whether a list begins with number one: only such lists interrupt a paragraph.
fn is_one(digits: &[u8]) -> bool {
    matches!(digits, [zeros @ .., b'1'] if zeros.iter().all(|b| *b == b'0'))
}

/// Whether a line below a paragraph makes it a heading.
fn is_underline(rest: &[u8]) -> bool {
    let marks = rest.iter().take_while(|b| **b == rest[0]).count();
    rest[marks..].iter().all(is_blank)
}

/// Whether a line below a paragraph may make it a table.
fn may_delimit(rest: &[u8]) -> bool {
    rest.iter().all(|b| matches!(b, b'-' | b'|' | b':') || is_cell_blank(b))
        && rest.contains(&b'-')
        && rest.iter().any(|b| b"|:".contains(b))
}

/// The second line of a table.
fn delimiter(rest: &[u8]) -> Option<Start> {
    let inner = rest.strip_prefix(b"|")?.trim_ascii_end();
    let cells = inner.strip_suffix(b"|").unwrap_or(inner).split(|b| *b == b'|');
    let dashes = |cell: &[u8]| {
        let cell = cell.strip_prefix(b":").unwrap_or(cell);
        let cell = cell.strip_suffix(b":").unwrap_or(cell);
        !cell.is_empty() && cell.iter().all(|b| *b == b'-')
    };
    let mut columns = 0;
    for cell in cells {
        dashes(cell.trim_ascii()).then_some(())?;
        columns += 1;
    }
    Some(Start::Delimiter(columns))
}

/// Number of cells of a table's first line.
fn cells(head: &str) -> usize {
    let row = head.strip_prefix('|').unwrap_or(head);
    let last = row.rsplit('|').next().unwrap_or_default();
    row.matches('|').count() + usize::from(!last.bytes().all(|b| is_cell_blank(&b)))
}

fn is_cell_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

/// Whether a paragraph that begins with these words may define a link.
fn defines(words: &[u8]) -> bool {
    let mut bytes = words.iter();
    if bytes.next() != Some(&b'[') {
        return false;
    }
    while let Some(byte) = bytes.next() {
        match byte {
            b']' => return bytes.next() == Some(&b':'),
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
    true
}
