//! The words of the full-text index: what a text is found by, and what a word of a query means.
//!
//! Every text gives two streams. Its *parts* are folded words at positions 0, 1, 2, …, stemmed in the index; its *wholes* are
//! the same parts unstemmed and the joined forms of compounds, so that `foo-bar` is found by `foo bar` and by `foobar`. The
//! module knows no fields and no queries.

mod fold;
mod forms;
mod scan;
mod stem;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use forms::{Forms, Joint, Seen};
use scan::{Form, Glue, Scan};
use stem::Stems;

/// Version of what this module makes of a text; an index made by another one is rebuilt.
pub const VERSION: u32 = 1;

/// Digits of an abbreviated hash, at least and at most.
const HASH: std::ops::RangeInclusive<usize> = 7..=40;

/// One part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// The part in lower case and without accents, at most 64 characters of it.
    pub term: &'a str,
    /// Its English stem, or the term itself.
    pub stem: &'a str,
    /// Where it stands, in bytes of the text.
    pub range: Range<usize>,
    /// The number of parts before it.
    pub position: usize,
}

thread_local! {
    /// The table of stems for callers without a tokenizer; taken while in use, so that calls may nest.
    static STEMS: Cell<Option<Stems>> = const { Cell::new(None) };
}

/// Gives the parts of a text in their order.
///
/// A run of Chinese, Japanese, Korean, Thai, Lao, Khmer or Burmese gives every two neighbouring characters as one part, and
/// ranges overlap there; a run of one character gives that.
pub fn parts(text: &str, each: &mut dyn FnMut(Part<'_>)) {
    let mut stems = STEMS.take().unwrap_or_default();
    let mut scan = Scan::new(text);
    let (mut term, mut stem) = (String::new(), String::new());
    let mut position = 0;
    while let Some(piece) = scan.next(&mut term) {
        if piece.form != Form::Tail {
            stem.clone_from(&term);
            stems.stem(&mut stem);
            each(Part { term: &term, stem: &stem, range: piece.start..piece.end, position });
            position += 1;
        }
    }
    STEMS.set(Some(stems));
}

/// Gives the whole forms of a text; a form may come more than once.
///
/// They are the parts, unstemmed, and each name (`parse_session_id`) and each compound of names (`auth::parse_session_id`)
/// without its separators, unless that is longer than 64 characters. The last character of a run of Chinese, Japanese and so on
/// stands alone, too, so that any character of it is found as a prefix.
pub fn wholes(text: &str, each: &mut dyn FnMut(&str)) {
    let mut forms = Forms::default();
    let mut scan = Scan::new(text);
    while let Some(form) = forms.next(&mut scan) {
        each(form);
    }
}

/// A text in lower case, without accents and apostrophes and in one width, as it would stand in a term.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let end = at + fold::cluster(&text[at..]);
        fold::fold_cluster(&text[at..end], &mut folded);
        at = end;
    }
    folded
}

/// What one word of a query means.
///
/// A text has the word if `whole` is among its wholes, or if the stems of all `parts` stand one after the other among its
/// parts. A word without parts, as `--`, is nothing to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysed {
    /// The parts in their order, each as its term and its stem; pairs of characters for Chinese, Japanese and so on.
    pub parts: Vec<(String, String)>,
    /// The one whole form, if there is one: the term of a single part, or the joined form of a compound.
    pub whole: Option<String>,
    /// Whether the whole may be the beginning of a hash: 7 to 40 hexadecimal digits, with a decimal one.
    pub hash_prefix: bool,
    /// Whether the whole is a single Chinese, Japanese … character, found as the prefix of wholes.
    pub character: bool,
}

/// Says what one word of a query means; the word may have any characters.
pub fn analyse(word: &str) -> Analysed {
    let mut stems = STEMS.take().unwrap_or_default();
    let mut scan = Scan::new(word);
    let mut found = Analysed::default();
    let mut term = String::new();
    let mut joint = Joint::default();
    let mut single = true;
    while let Some(piece) = scan.next(&mut term) {
        if piece.form == Form::Tail {
            continue;
        }
        let cjk = piece.form == Form::Cjk;
        single &= found.parts.is_empty() || piece.glue != Glue::Nothing;
        found.character = cjk && fold::cluster(&word[piece.start..piece.end]) == piece.end - piece.start && found.parts.is_empty();
        joint.push(&term);
        let mut stem = term.clone();
        stems.stem(&mut stem);
        found.parts.push((term.clone(), stem));
    }
    STEMS.set(Some(stems));
    if single && joint.count > 0 && joint.fits() {
        found.hash_prefix = HASH.contains(&joint.text.len())
            && joint.text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && joint.text.bytes().any(|byte| byte.is_ascii_digit());
        found.whole = Some(joint.text);
    }
    found
}

/// The tokenizer of the stemmed stream: parts with their positions.
#[derive(Clone, Default)]
pub struct PartTokenizer {
    stems: Stems,
    token: Token,
}

/// The parts of one text.
pub struct PartStream<'a> {
    scan: Scan<'a>,
    stems: &'a mut Stems,
    token: &'a mut Token,
}

impl Tokenizer for PartTokenizer {
    type TokenStream<'a> = PartStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> PartStream<'a> {
        self.token.reset();
        PartStream { scan: Scan::new(text), stems: &mut self.stems, token: &mut self.token }
    }
}

impl TokenStream for PartStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some(piece) = self.scan.next(&mut self.token.text) {
            if piece.form != Form::Tail {
                self.stems.stem(&mut self.token.text);
                self.token.offset_from = piece.start;
                self.token.offset_to = piece.end;
                self.token.position = self.token.position.wrapping_add(1);
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// The tokenizer of the exact stream: every whole form once per text, without offsets.
#[derive(Clone, Default)]
pub struct WholeTokenizer {
    forms: Forms,
    seen: Seen,
    token: Token,
}

/// The whole forms of one text.
pub struct WholeStream<'a> {
    scan: Scan<'a>,
    forms: &'a mut Forms,
    seen: &'a mut Seen,
    token: &'a mut Token,
}

impl Tokenizer for WholeTokenizer {
    type TokenStream<'a> = WholeStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WholeStream<'a> {
        self.token.reset();
        self.forms.reset();
        self.seen.reset();
        WholeStream { scan: Scan::new(text), forms: &mut self.forms, seen: &mut self.seen, token: &mut self.token }
    }
}

impl TokenStream for WholeStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some(form) = self.forms.next(&mut self.scan) {
            if self.seen.insert(form) {
                self.token.text.clear();
                self.token.text.push_str(form);
                self.token.position = self.token.position.wrapping_add(1);
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
