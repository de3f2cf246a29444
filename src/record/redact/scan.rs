//! The pass over a text: meets the anchors, asks their matchers, and keeps what they find apart.
//!
//! The table of anchors is made by the compiler, so that a run of 200 bytes pays nothing for it.

use std::ops::Range;

use super::anchors::{ANCHORS, HEADS, SHORT};
use super::{Found, PRIVATE, blocks};

/// What is done where an anchor stands.
pub(super) enum Then {
    /// A token: that many bytes of a class follow the anchor.
    Body(u16, usize, usize, &'static str),
    /// A matcher of its own.
    Ask(fn(&mut Text<'_>, usize)),
    /// A private passage: read even within what was found already.
    Private,
}

/// A literal that secrets begin with, or stand beside; at least three bytes.
pub(super) struct Anchor {
    pub(super) text: &'static str,
    /// Whether upper and lower case are the same.
    pub(super) fold: bool,
    pub(super) then: Then,
}

pub(super) const HEX: u16 = 1;
pub(super) const ALNUM: u16 = 1 << 1;
/// Letters, digits, `_`.
pub(super) const NAME: u16 = 1 << 2;
/// Letters, digits, `_`, `-`.
pub(super) const WORD: u16 = 1 << 3;
/// Letters, digits, `+`, `/`, `=`.
pub(super) const BASE64: u16 = 1 << 4;
/// Letters, digits and `._~+/=%-`: what a token in a header may have.
pub(super) const TOKEN: u16 = 1 << 5;
/// A value without quotes, in code or an address.
pub(super) const VALUE: u16 = 1 << 6;
/// A value without quotes, in a file of settings.
pub(super) const BARE: u16 = 1 << 7;
/// Between `://` and the path.
pub(super) const AUTHORITY: u16 = 1 << 8;
/// Letters, digits, `_-.=`.
pub(super) const DOTTED: u16 = 1 << 9;
/// Capitals, digits.
pub(super) const UPPER: u16 = 1 << 10;

/// A run longer than this is worth remembering; no matcher measures as many of them as are remembered.
const LONG: usize = 64;
const RUNS: usize = 12;

/// How much is judged of a value without quotes, and of one within another; and how many of those.
const WIDE: usize = 1024;
const NARROW: usize = 64;
const NESTED: usize = 32;

const CLASS: [u16; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let b = n as u8;
        let alnum = b.is_ascii_alphanumeric();
        let mut class = 0;
        if b.is_ascii_hexdigit() {
            class |= HEX;
        }
        if alnum {
            class |= ALNUM;
        }
        if alnum || b == b'_' {
            class |= NAME;
        }
        if alnum || matches!(b, b'_' | b'-') {
            class |= WORD;
        }
        if alnum || matches!(b, b'+' | b'/' | b'=') {
            class |= BASE64;
        }
        if alnum || matches!(b, b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-' | b'%') {
            class |= TOKEN;
        }
        let dark = b > b' ' && b != 0x7f && !matches!(b, b'"' | b'\'' | b'`' | b'\\');
        if dark && !matches!(b, b'&' | b';' | b',' | b')' | b'}' | b']' | b'<' | b'>' | b'|') {
            class |= VALUE;
        }
        if dark {
            class |= BARE;
        }
        if dark && !matches!(b, b'/' | b'?' | b'#' | b'<' | b'>') {
            class |= AUTHORITY;
        }
        if alnum || matches!(b, b'_' | b'-' | b'.' | b'=') {
            class |= DOTTED;
        }
        if b.is_ascii_uppercase() || b.is_ascii_digit() {
            class |= UPPER;
        }
        table[n] = class;
        n += 1;
    }
    table
};

/// Whether a byte is of a class.
pub(super) fn is(class: u16, byte: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

/// A text while it is read.
pub(super) struct Text<'t> {
    pub(super) bytes: &'t [u8],
    pub(super) found: Vec<Found>,
    /// Where the last finding ends.
    pub(super) from: usize,
    /// Findings further on, in the middle of what is still to be read.
    ahead: Vec<Found>,
    /// The long runs last measured, with their classes: however many anchors stand in one, it is measured once.
    runs: [(u16, Range<usize>); RUNS],
    next: usize,
    /// How far values without quotes were judged.
    judged: usize,
    /// How many of them stood one within another.
    nested: usize,
    /// Where the last tag closes that may end a private passage, once it was looked for.
    last_close: [Option<usize>; 3],
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Text {
            bytes: text.as_bytes(),
            found: Vec::new(),
            from: 0,
            ahead: Vec::new(),
            runs: [const { (0, 0..0) }; RUNS],
            next: 0,
            judged: 0,
            nested: 0,
            last_close: [None; 3],
        }
    }

    /// Whether a passage that opens at a place may be closed further on; the text is searched once for each notation.
    pub(super) fn closes(&mut self, at: usize, kind: usize, name: &str) -> bool {
        let bytes = self.bytes;
        let fits = |w: &[u8]| w.eq_ignore_ascii_case(name.as_bytes());
        let last = *self.last_close[kind].get_or_insert_with(|| bytes.windows(name.len()).rposition(fits).unwrap_or(0));
        last > at
    }

    /// How far a value without quotes is judged: less of one that stands within another, and few of those.
    ///
    /// So the time stays linear, however many keys a text has.
    pub(super) fn seen(&mut self, from: usize, to: usize) -> usize {
        let within = from < self.judged;
        self.nested = if within { self.nested + 1 } else { 0 };
        let seen = to.min(from + if within { NARROW } else { WIDE });
        self.judged = self.judged.max(if self.nested > NESTED { to } else { seen });
        seen
    }

    /// Whether enough was judged of the value that a place stands in.
    pub(super) fn is_judged(&self, at: usize) -> bool {
        at < self.judged && self.nested > NESTED
    }

    /// The byte at a place; 0 beyond the text.
    pub(super) fn at(&self, n: usize) -> u8 {
        self.bytes.get(n).copied().unwrap_or(0)
    }

    /// The byte before a place; 0 at the beginning.
    pub(super) fn before(&self, n: usize) -> u8 {
        if n == 0 { 0 } else { self.at(n - 1) }
    }

    /// Whether a literal stands at a place.
    pub(super) fn has(&self, n: usize, literal: &str) -> bool {
        // Mostly the first bytes differ: to call `memcmp` costs more than to look.
        self.bytes.get(n..n + literal.len()).is_some_and(|rest| rest.iter().eq(literal.as_bytes()))
    }

    /// Whether a literal stands at a place, in upper or lower case.
    pub(super) fn has_folded(&self, n: usize, literal: &str) -> bool {
        self.bytes.get(n..n + literal.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(literal.as_bytes()))
    }

    /// Where the bytes of a class end that begin at a place.
    pub(super) fn run(&mut self, class: u16, at: usize) -> usize {
        let long = at + LONG;
        let near = self.bytes.get(at..self.bytes.len().min(long)).unwrap_or_default();
        if let Some(length) = near.iter().position(|b| !is(class, *b)) {
            return at + length;
        }
        if near.len() < LONG {
            return at + near.len();
        }
        if let Some((_, known)) = self.runs.iter().find(|(c, run)| *c == class && run.contains(&at)) {
            return known.end;
        }
        let end = long + self.bytes[long..].iter().take_while(|b| is(class, **b)).count();
        self.runs[self.next] = (class, at..end);
        self.next = (self.next + 1) % RUNS;
        end
    }

    /// Whether a word may begin here: no letter or digit before, unless it ends `\n`, `%3D` or a colour.
    pub(super) fn begins(&self, n: usize) -> bool {
        let (before, further) = (self.before(n), self.before(n.saturating_sub(1)));
        n == self.from
            || !is(NAME, before)
            || (further == b'\\' && matches!(before, b'n' | b'r' | b't'))
            || (n > 2 && is(HEX, before) && is(HEX, further) && self.at(n - 3) == b'%')
            || (n > 5 && is(HEX, before) && self.has(n - 6, "\\u00"))
            || (n > 2 && super::frame::ends_escape(self, n))
    }

    /// Keeps a finding, unless it was found already.
    pub(super) fn push(&mut self, kind: &'static str, range: Range<usize>) {
        if range.start >= self.from && range.start < range.end {
            self.from = range.end;
            self.found.push(Found { kind, range });
        }
    }

    /// Keeps a finding that stands apart from its anchor.
    pub(super) fn push_ahead(&mut self, kind: &'static str, range: Range<usize>) {
        self.ahead.push(Found { kind, range });
    }

    /// All findings, in order; what overlaps is one.
    fn finish(mut self) -> Vec<Found> {
        if self.ahead.is_empty() {
            return self.found;
        }
        self.found.append(&mut self.ahead);
        self.found.sort_by_key(|f| f.range.start);
        self.found.dedup_by(|next, last| {
            let one = next.range.start < last.range.end;
            if one {
                last.range.end = last.range.end.max(next.range.end);
                last.kind = if next.kind == PRIVATE { PRIVATE } else { last.kind };
            }
            one
        });
        self.found
    }
}

const SLOTS: usize = 1 << 10;
const HEADED: usize = HEADS.len();
const NODES: usize = ANCHORS.len() - SHORT + HEADS.len();

/// A place in the table of three folded bytes: the word of the filter, and the bit in it.
const fn place(window: u32) -> (usize, u32) {
    let hash = window.wrapping_mul(0x9e37_79b1) >> 16;
    ((hash >> 6) as usize, hash & 63)
}

const fn fold(byte: u8) -> u32 {
    (byte | 0x20) as u32
}

struct Table {
    /// One bit for each hash that an anchor has.
    filter: [u64; SLOTS],
    /// The first node of each word, from 1.
    heads: [u16; SLOTS],
    /// Anchor, and next node.
    nodes: [(u16, u16); NODES],
}

static TABLE: Table = {
    let mut table = Table { filter: [0; SLOTS], heads: [0; SLOTS], nodes: [(0, 0); NODES] };
    let mut n = 0;
    while n < NODES {
        let (text, anchor) = match n {
            0..HEADED => (HEADS[n].0.as_slice(), HEADS[n].1),
            _ => (ANCHORS[n - HEADED + SHORT].text.as_bytes(), n - HEADED + SHORT),
        };
        let (word, bit) = place(fold(text[0]) << 16 | fold(text[1]) << 8 | fold(text[2]));
        table.filter[word] |= 1 << bit;
        table.nodes[n] = (anchor as u16, table.heads[word]);
        table.heads[word] = n as u16 + 1;
        n += 1;
    }
    table
};

/// Finds the secrets of a text.
pub(super) fn scan(text: &str) -> Vec<Found> {
    let mut read = Text::new(text);
    let mut window = 0;
    for (n, byte) in text.bytes().enumerate() {
        window = (window << 8 | fold(byte)) & 0x00ff_ffff;
        let (word, bit) = place(window);
        if TABLE.filter[word] >> bit & 1 != 0 && n > 1 && !meet(&mut read, n - 2, word) {
            break;
        }
    }
    read.finish()
}

/// Asks the anchors of a slot; false where nothing of the text is left to read.
fn meet(text: &mut Text<'_>, at: usize, word: usize) -> bool {
    let mut node = TABLE.heads[word];
    while node != 0 {
        let (n, next) = TABLE.nodes[node as usize - 1];
        node = next;
        let anchor = &ANCHORS[n as usize];
        let stands = if anchor.fold { text.has_folded(at, anchor.text) } else { text.has(at, anchor.text) };
        if !stands || (at < text.from && !matches!(anchor.then, Then::Private)) {
            continue;
        }
        match anchor.then {
            Then::Private => private(text, at),
            Then::Ask(matcher) => matcher(text, at),
            Then::Body(..) => {
                if let Some(found) = body(text, at, anchor) {
                    text.push(found.kind, found.range);
                }
            }
        }
    }
    text.from < text.bytes.len()
}

fn body(text: &mut Text<'_>, at: usize, anchor: &Anchor) -> Option<Found> {
    match anchor.then {
        Then::Body(class, min, max, kind) => {
            super::tokens::body(text, at, anchor.text.len(), (class, min, max)).map(|range| Found { kind, range })
        }
        _ => None,
    }
}

/// The token of known shape that begins at a place.
pub(super) fn shaped(text: &mut Text<'_>, at: usize) -> Option<Found> {
    let start = text.bytes.get(at..at + 3)?;
    let (word, _) = place(fold(start[0]) << 16 | fold(start[1]) << 8 | fold(start[2]));
    let mut node = TABLE.heads[word];
    while node != 0 {
        let (n, next) = TABLE.nodes[node as usize - 1];
        node = next;
        let anchor = &ANCHORS[n as usize];
        // A word begins no token, and its matcher may ask again.
        if anchor.fold || !text.has(at, anchor.text) {
            continue;
        }
        let found = match anchor.then {
            Then::Body(..) => body(text, at, anchor),
            Then::Ask(matcher) => {
                // Asked apart: what it finds is kept when the pass comes to it.
                let (before, from) = (text.found.len(), text.from);
                matcher(text, at);
                let found = text.found.get(before).cloned();
                text.found.truncate(before);
                text.from = from;
                found.filter(|f| f.range.start == at)
            }
            Then::Private => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Takes a private passage, together with findings that it begins in.
fn private(text: &mut Text<'_>, at: usize) {
    if text.found.last().is_some_and(|f| f.kind == PRIVATE && f.range.end > at) {
        return;
    }
    let Some(mut range) = blocks::private(text, at) else { return };
    while let Some(last) = text.found.pop_if(|f| f.range.end > range.start) {
        range = last.range.start.min(range.start)..last.range.end.max(range.end);
    }
    text.from = range.end;
    text.found.push(Found { kind: PRIVATE, range });
}
