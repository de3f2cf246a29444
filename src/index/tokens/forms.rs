//! The forms of a text: its parts and the names that they make, and which of them were given already.

use std::ops::Range;

use super::fold::LONGEST;
use super::scan::{Form, Glue, Piece, Scan};

/// Terms that are being joined.
#[derive(Debug, Clone, Default)]
pub(super) struct Joint {
    pub(super) text: String,
    pub(super) count: usize,
    chars: usize,
}

impl Joint {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.count = 0;
        self.chars = 0;
    }

    pub(super) fn push(&mut self, term: &str) {
        self.count += 1;
        if self.fits() {
            self.chars += if term.is_ascii() { term.len() } else { term.chars().count() };
            self.text.push_str(term);
        }
    }

    pub(super) fn fits(&self) -> bool {
        self.chars <= LONGEST
    }
}

/// One form of a text; its letters are in [`Forms::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A part.
    Part,
    /// The parts of a name without its separators, after the last of them.
    Name,
    /// The last character of a run without blanks, alone.
    Tail,
}

/// The forms of a text, made while it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Forms {
    /// The next piece, where its name had to be waited for.
    waiting: Option<Piece>,
    /// It is the name that was given last.
    named: bool,
    term: String,
    name: Joint,
    /// Where the name stands, in bytes of the text.
    span: (usize, usize),
}

impl Forms {
    /// Makes it ready for another text.
    pub(super) fn reset(&mut self) {
        self.waiting = None;
        self.named = false;
        self.name.clear();
    }

    /// The letters of the form that was given last.
    pub(super) fn text(&self) -> &str {
        if self.named { &self.name.text } else { &self.term }
    }

    /// Where the name stands that was given last, in bytes of the text.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.0..self.span.1
    }

    pub(super) fn next(&mut self, scan: &mut Scan<'_>) -> Option<Kind> {
        let named = std::mem::take(&mut self.named);
        let piece = if named { self.waiting.take() } else { scan.next(&mut self.term) };
        if !named && piece.is_none_or(|piece| piece.glue != Glue::Name) && self.name.count > 1 && self.name.fits() {
            (self.waiting, self.named) = (piece, true);
            return Some(Kind::Name);
        }
        let Some(piece) = piece else {
            self.name.clear();
            return None;
        };
        if piece.glue != Glue::Name {
            self.name.clear();
        }
        if piece.form == Form::Word {
            self.span = (if self.name.count == 0 { piece.start } else { self.span.0 }, piece.end);
            self.name.push(&self.term);
        }
        Some(if piece.form == Form::Tail { Kind::Tail } else { Kind::Part })
    }
}

/// The hashes of the terms that a text has given; two terms of one text with the same 64 bits are too rare to matter.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    slots: Vec<u64>,
    count: usize,
}

impl Seen {
    /// Slots to begin with, a power of two; few, for most texts are short.
    const SLOTS: usize = 1024;

    pub(super) fn reset(&mut self) {
        self.slots.clear();
        self.slots.resize(Self::SLOTS, 0);
        self.count = 0;
    }

    /// Says whether the term, a name or not, is new.
    pub(super) fn insert(&mut self, term: &str, name: bool) -> bool {
        let hash = hash(term) ^ u64::from(name) << 1;
        if !self.put(hash) {
            return false;
        }
        self.count += 1;
        if self.count * 2 > self.slots.len() {
            let larger = vec![0; self.slots.len() * 4];
            for hash in std::mem::replace(&mut self.slots, larger) {
                if hash != 0 {
                    self.put(hash);
                }
            }
        }
        true
    }

    fn put(&mut self, hash: u64) -> bool {
        let mask = self.slots.len() - 1;
        let mut index = hash as usize & mask;
        while self.slots[index] != 0 {
            if self.slots[index] == hash {
                return false;
            }
            index = (index + 1) & mask;
        }
        self.slots[index] = hash;
        true
    }
}

/// A hash of a term that is never 0.
fn hash(term: &str) -> u64 {
    let mix = |a: u64, b: u64| {
        let product = u128::from(a ^ 0x2D35_8DCC_AA6C_78A5) * u128::from(b ^ 0x8BB8_4B93_962E_ACC9);
        product as u64 ^ (product >> 64) as u64
    };
    let (chunks, rest) = term.as_bytes().as_chunks::<8>();
    let mut hash = term.len() as u64;
    for chunk in chunks {
        hash = mix(hash, u64::from_le_bytes(*chunk));
    }
    let last = rest.iter().fold(0, |last, &byte| last << 8 | u64::from(byte));
    mix(hash, last) | 1
}
