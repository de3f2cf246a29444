//! Alignment: whether there is a way through two sequences of words at once on which each step is cosmetic.

use std::collections::HashSet;

use super::Token;
use super::slip;

/// Equal characters that must stand between two slips in one run.
const APART: u8 = 4;

/// No word is joined from more parts, on either side.
const PARTS: usize = 4;

/// A word, or a character of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unit<'t> {
    /// Anything but a run, and the number of the leaf that it stands in.
    Token(&'t Token, usize),
    /// A character.
    Char(Char),
}

/// A character of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Char {
    c: char,
    /// Whether the run begins here.
    first: bool,
    /// Whether another character may stand for it: not if it is a run of its own, a negation, a number, or counts what the
    /// number before it says.
    loose: bool,
}

impl<'t> Unit<'t> {
    /// The units of all leaves.
    pub(super) fn all<T: AsRef<[Token]>>(leaves: &'t [T]) -> Vec<Unit<'t>> {
        let mut units = Vec::new();
        for (n, leaf) in leaves.iter().enumerate() {
            let mut number = false;
            for token in leaf.as_ref() {
                match token {
                    Token::Run(run) => {
                        let alone = run.chars().nth(1).is_none();
                        units.extend(run.chars().enumerate().map(|(at, c)| {
                            let counts = at == 0 && number;
                            Unit::Char(Char { c, first: at == 0, loose: !alone && !counts && !slip::is_firm_char(c) })
                        }));
                    }
                    token => units.push(Unit::Token(token, n)),
                }
                number = matches!(token, Token::Exact(text) if text.ends_with(char::is_numeric));
            }
        }
        units
    }
}

/// How far both sequences have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Spot {
    a: usize,
    b: usize,
    /// Equal characters since the last slip in this run, up to [`APART`].
    since: u8,
}

/// Whether the two differ at most cosmetically.
///
/// Where both go on alike, that is the only way on; where they differ there are at most three. Texts in which so many
/// ways lead so far that it would take long to follow them are held to differ.
pub(super) fn same(a: &[Unit], b: &[Unit]) -> bool {
    let budget = 16 * (a.len() + b.len()) + 10_000;
    let mut seen = HashSet::new();
    let mut open = vec![Spot { a: 0, b: 0, since: APART }];
    let mut steps = 0;
    while let Some(mut spot) = open.pop() {
        while let Some(next) = level(a, b, spot) {
            spot = next;
            steps += 1;
        }
        if spot.a == a.len() && spot.b == b.len() {
            return same_negations(a, b);
        }
        steps += 1;
        if steps > budget {
            return false;
        }
        if seen.insert(spot) {
            ways(a, b, spot, &mut open);
        }
    }
    false
}

/// The next spot if both go on alike.
fn level(a: &[Unit], b: &[Unit], spot: Spot) -> Option<Spot> {
    let since = match (a.get(spot.a)?, b.get(spot.b)?) {
        (Unit::Char(x), Unit::Char(y)) if x.c == y.c => (spot.since + 1).min(APART),
        (Unit::Token(x, _), Unit::Token(y, _)) if same_token(x, y) => APART,
        _ => return None,
    };
    Some(landed(a, b, spot.a + 1, spot.b + 1, since))
}

fn same_token(a: &Token, b: &Token) -> bool {
    match (a, b) {
        (Token::Name(a), Token::Name(b)) | (Token::Name(a), Token::Word(b)) | (Token::Word(b), Token::Name(a)) => {
            a == b || a.to_lowercase() == b.to_lowercase()
        }
        (Token::Name(a), Token::Exact(b)) | (Token::Exact(a), Token::Name(b)) => a == b,
        _ => a == b,
    }
}

/// A new run on both sides may have a slip of its own.
fn landed(a: &[Unit], b: &[Unit], at: usize, bt: usize, since: u8) -> Spot {
    let border = |units: &[Unit], n: usize| !matches!(units.get(n), Some(Unit::Char(Char { first: false, .. })));
    Spot { a: at, b: bt, since: if border(a, at) && border(b, bt) { APART } else { since } }
}

/// The ways on where both differ.
fn ways(a: &[Unit], b: &[Unit], spot: Spot, open: &mut Vec<Spot>) {
    let loose = |units: &[Unit], n: usize| matches!(units.get(n), Some(Unit::Char(Char { loose: true, .. })));
    if spot.since == APART {
        let (left, right) = (loose(a, spot.a), loose(b, spot.b));
        if right {
            open.push(landed(a, b, spot.a, spot.b + 1, 0));
        }
        if left {
            open.push(landed(a, b, spot.a + 1, spot.b, 0));
        }
        if left && right {
            open.push(landed(a, b, spot.a + 1, spot.b + 1, 0));
        }
    }
    if let (Some(Unit::Token(Token::Word(x), _)), Some(Unit::Token(Token::Word(y), _))) = (a.get(spot.a), b.get(spot.b)) {
        // Two words that changed places are no two slips.
        let swapped = same_unit(a.get(spot.a), b.get(spot.b + 1)) && same_unit(a.get(spot.a + 1), b.get(spot.b));
        if !swapped && slip::of_words(x, y) {
            open.push(landed(a, b, spot.a + 1, spot.b + 1, APART));
        }
        if let Some((i, j)) = joined(&a[spot.a..], &b[spot.b..]) {
            open.push(landed(a, b, spot.a + i, spot.b + j, APART));
        }
    }
}

fn same_unit(a: Option<&Unit>, b: Option<&Unit>) -> bool {
    matches!((a, b), (Some(Unit::Token(a, _)), Some(Unit::Token(b, _))) if same_token(a, b))
}

/// The numbers of words at the beginning that are the same without the blanks between them.
fn joined(a: &[Unit], b: &[Unit]) -> Option<(usize, usize)> {
    let (mut left, mut right) = (Parts::new(a)?, Parts::new(b)?);
    while left.text != right.text {
        if left.text.len() < right.text.len() {
            left.grow(a, &right.text)?;
        } else {
            right.grow(b, &left.text)?;
        }
    }
    (!slip::is_firm(&left.text)).then_some((left.count, right.count))
}

/// Words of one leaf, joined.
struct Parts {
    text: String,
    count: usize,
    leaf: usize,
}

impl Parts {
    fn new(units: &[Unit]) -> Option<Parts> {
        let mut parts = Parts { text: String::new(), count: 0, leaf: 0 };
        if let Unit::Token(_, leaf) = units.first()? {
            parts.leaf = *leaf;
        }
        parts.add(units)?;
        Some(parts)
    }

    /// Adds a word, as long as one of the two texts begins with the other.
    fn grow(&mut self, units: &[Unit], other: &str) -> Option<()> {
        self.add(units)?;
        (other.starts_with(&self.text) || self.text.starts_with(other)).then_some(())
    }

    fn add(&mut self, units: &[Unit]) -> Option<()> {
        match units.get(self.count)? {
            Unit::Token(Token::Word(word), leaf) if *leaf == self.leaf && self.count < PARTS && !slip::is_firm(word) => {
                self.text.push_str(word);
                self.count += 1;
                Some(())
            }
            _ => None,
        }
    }
}

/// Negations of several characters may be made and unmade by slips in one.
fn same_negations(a: &[Unit], b: &[Unit]) -> bool {
    let runs = |units: &[Unit]| -> String { units.iter().filter_map(|u| if let Unit::Char(c) = u { Some(c.c) } else { None }).collect() };
    let (a, b) = (runs(a), runs(b));
    a == b || slip::negations(&a) == slip::negations(&b)
}
