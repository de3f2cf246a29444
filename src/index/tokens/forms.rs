//! The whole forms of a text, and which of them it has given already.

use super::fold::LONGEST;
use super::scan::{Form, Glue, Scan};

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

/// What comes next among the whole forms.
#[derive(Debug, Clone, Copy, Default)]
enum Step {
    #[default]
    Read,
    Name,
    Path,
    Term,
}

/// The whole forms of a text, made while it is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Forms {
    step: Step,
    glue: Option<Glue>,
    cjk: bool,
    term: String,
    name: Joint,
    /// The names of a compound; its count is of names, not of parts.
    path: Joint,
    names: usize,
}

impl Forms {
    /// Makes it ready for another text.
    pub(super) fn reset(&mut self) {
        self.step = Step::Read;
        self.name.clear();
        self.path.clear();
        self.names = 0;
    }

    pub(super) fn next(&mut self, scan: &mut Scan<'_>) -> Option<&str> {
        loop {
            match self.step {
                Step::Read => {
                    let piece = scan.next(&mut self.term);
                    self.glue = piece.map(|piece| piece.glue);
                    self.cjk = piece.is_some_and(|piece| piece.form != Form::Word);
                    self.step = if self.glue == Some(Glue::Name) { Step::Term } else { Step::Name };
                }
                Step::Name => {
                    self.step = if self.glue == Some(Glue::Path) { Step::Term } else { Step::Path };
                    if self.name.count > 1 && self.name.fits() {
                        return Some(&self.name.text);
                    }
                }
                Step::Path => {
                    self.step = Step::Term;
                    if self.names > 1 && self.path.fits() {
                        return Some(&self.path.text);
                    }
                }
                Step::Term => {
                    let glue = self.glue?;
                    self.step = Step::Read;
                    self.join(glue);
                    return Some(&self.term);
                }
            }
        }
    }

    fn join(&mut self, glue: Glue) {
        if glue != Glue::Name {
            self.name.clear();
        }
        if glue == Glue::Nothing {
            self.path.clear();
            self.names = 0;
        }
        if !self.cjk {
            self.names += usize::from(self.name.count == 0);
            self.name.push(&self.term);
            self.path.push(&self.term);
        }
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

    /// Says whether the term is new.
    pub(super) fn insert(&mut self, term: &str) -> bool {
        let hash = hash(term);
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
