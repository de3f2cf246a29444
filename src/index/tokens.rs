//! The words of the full-text index: what a text is found by, and what a word of a query means.
//!
//! Every text gives two streams. Its *words* are the stems of its folded parts at positions 0, 1, 2, …; its *wholes* are the same
//! parts unstemmed and its names without their separators, so that `foo-bar` is found by `foo bar` and by `foobar`. The module
//! knows no fields and no queries.

mod fold;
mod forms;
mod scan;
mod stem;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use forms::{Forms, Joint, Kind, Seen};
use scan::{Form, Glue, Scan};
use stem::Stems;

/// Version of what this module makes of a text; an index made by another one is rebuilt.
pub const VERSION: u32 = 2;

/// What stands behind a name without its separators, so that it is told from a word, and lies beside it in a dictionary.
pub const NAME: char = '\u{1}';

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
    some_parts(text, &mut |_| true, each);
}

/// Gives those parts of a text whose terms may be wanted.
pub fn some_parts(text: &str, wanted: &mut dyn FnMut(&str) -> bool, each: &mut dyn FnMut(Part<'_>)) {
    let mut stems = STEMS.take().unwrap_or_default();
    let mut scan = Scan::new(text);
    let (mut term, mut stem) = (String::new(), String::new());
    let mut position = 0;
    while let Some(piece) = scan.next(&mut term) {
        if piece.form != Form::Tail {
            if wanted(&term) {
                stem.clone_from(&term);
                stems.stem(&mut stem);
                each(Part { term: &term, stem: &stem, range: piece.start..piece.end, position });
            }
            position += 1;
        }
    }
    STEMS.set(Some(stems));
}

/// Gives the whole forms of a text; a form may come more than once.
///
/// They are the parts, unstemmed, and each name (`parse_session_id`, `DEC-0054`) without its separators and with [`NAME`]
/// behind it, unless that is longer than 64 characters. The last character of a run of Chinese, Japanese and so on stands alone, too, so that any character of it
/// is found as a prefix.
pub fn wholes(text: &str, each: &mut dyn FnMut(&str)) {
    let mut forms = Forms::default();
    let mut scan = Scan::new(text);
    let mut form = String::new();
    while let Some(kind) = forms.next(&mut scan) {
        form.clear();
        form.push_str(forms.text());
        form.extend((kind == Kind::Name).then_some(NAME));
        each(&form);
    }
}

/// Gives the names of a text without their separators, and where they stand, in bytes.
pub fn names(text: &str, each: &mut dyn FnMut(&str, Range<usize>)) {
    let mut forms = Forms::default();
    let mut scan = Scan::new(text);
    while let Some(kind) = forms.next(&mut scan) {
        if kind == Kind::Name {
            each(forms.text(), forms.span());
        }
    }
}

/// A word in its English stem, or as it is.
pub fn stem(term: &str) -> String {
    let mut stems = STEMS.take().unwrap_or_default();
    let mut stem = term.to_string();
    stems.stem(&mut stem);
    STEMS.set(Some(stems));
    stem
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
/// A text has the word if `whole` is a name of it, or the stem of `whole` one of its words, or if the stems of all `parts` stand one
/// after the other among its words. A word without parts, as `--`, is nothing to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysed {
    /// The parts in their order, each as its term and its stem; pairs of characters for Chinese, Japanese and so on.
    pub parts: Vec<(String, String)>,
    /// The one whole form, if there is one: the term of a single part, or a name without its separators.
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
        single &= found.parts.is_empty() || piece.glue == Glue::Name;
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

/// The tokenizer of the words: stems with their positions, each with the text's mark behind it.
///
/// The mark is the first character of the text, a control character below U+0020, and no part of what is read.
#[derive(Clone, Default)]
pub struct WordTokenizer {
    stems: Stems,
    token: Token,
}

/// The words of one text.
pub struct WordStream<'a> {
    scan: Scan<'a>,
    mark: Option<char>,
    stems: &'a mut Stems,
    token: &'a mut Token,
}

/// A text without its mark, and the mark.
fn unmarked(text: &str) -> (Option<char>, &str) {
    match text.chars().next() {
        Some(mark) if mark < ' ' => (Some(mark), &text[1..]),
        _ => (None, text),
    }
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        let (mark, text) = unmarked(text);
        WordStream { scan: Scan::new(text), mark, stems: &mut self.stems, token: &mut self.token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some(piece) = self.scan.next(&mut self.token.text) {
            if piece.form != Form::Tail {
                self.stems.stem(&mut self.token.text);
                if let Some(mark) = self.mark {
                    self.token.text.push(mark);
                }
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
        let (_, text) = unmarked(text);
        WholeStream { scan: Scan::new(text), forms: &mut self.forms, seen: &mut self.seen, token: &mut self.token }
    }
}

impl TokenStream for WholeStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some(kind) = self.forms.next(&mut self.scan) {
            let name = kind == Kind::Name;
            if self.seen.insert(self.forms.text(), name) {
                self.token.text.clear();
                self.token.text.push_str(self.forms.text());
                if name {
                    self.token.text.push(NAME);
                }
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
