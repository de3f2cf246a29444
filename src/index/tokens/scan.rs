//! Goes through a text once, part by part: where parts begin and end, and how they hang together. It folds, and does not stem.

use super::fold::{self, Class, LONGEST};

const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
/// Joins the parts of one name.
const NAME: u8 = 8;
/// Joins names to a path, an address or a version.
const PATH: u8 = 16;
/// Occurs within base64.
const BLOB: u8 = 32;
/// The beginning of a character beyond ASCII.
const HIGH: u8 = 64;
/// Joins nothing.
const BREAK: u8 = 128;
const WORD: u8 = LOWER | UPPER | DIGIT;

/// What each byte is, as the bits above.
const CLASS: [u8; 256] = {
    let mut table = [BREAK; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'_' | b'-' => NAME | BLOB,
            b'\'' => NAME,
            b'/' => PATH | BLOB,
            b'.' | b'\\' | b':' | b'@' | b'&' | b'#' => PATH,
            b'+' | b'=' => BREAK | BLOB,
            0x80..=0xFF => HIGH,
            _ => BREAK,
        };
        byte += 1;
    }
    table
};

/// Separators between two parts of a compound at most.
const JOINERS: usize = 3;
/// Characters from which on a run is looked at for being random.
const TANGLE: usize = 24;
/// Bytes after the beginning of a random run from which on the rest of it is left out.
const BLOB_TAIL: usize = 256;
/// Characters of a line from which on a random run may go on in the next one.
const WRAPPED: usize = 60;
/// Endings that an apostrophe ties to a word and that are no words of their own.
const CLITICS: [&str; 6] = ["s", "re", "ve", "ll", "d", "m"];

/// How a part hangs on the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glue {
    /// Not at all.
    Nothing,
    /// Both are parts of one name, as in `foo-bar` or `fooBar`.
    Name,
    /// Their names are parts of one path, as in `foo::bar`.
    Path,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A word, or a part of one.
    Word,
    /// Two characters of a script without blanks, or the only one of its run.
    Cjk,
    /// The last character of such a run, which no pair begins with.
    Tail,
}

/// One piece of a text; its folded form is in the caller's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) glue: Glue,
    pub(super) form: Form,
}

/// The run of word characters in hand.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    start: usize,
    end: usize,
    cjk: bool,
    ascii: bool,
    /// Whether it has upper-case letters that begin a part.
    humps: bool,
}

/// Where a text is being read.
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
    run: Run,
    /// Where the first random run of the unbroken stretch begins.
    blob: Option<usize>,
    /// Where the stretch without a break begins that is being read.
    unbroken: usize,
}

impl<'t> Scan<'t> {
    pub(super) fn new(text: &'t str) -> Scan<'t> {
        Scan { text, at: 0, run: Run::default(), blob: None, unbroken: 0 }
    }

    /// Gives the next piece, and puts its folded form into `term`.
    pub(super) fn next(&mut self, term: &mut String) -> Option<Piece> {
        loop {
            let mut glue = Glue::Name;
            if self.at >= self.run.end {
                glue = self.gap()?;
                self.open();
            }
            term.clear();
            let piece = if self.run.cjk { self.pair(term) } else { self.part(term, glue) };
            if !term.is_empty() {
                return Some(piece);
            }
        }
    }

    /// Goes to the next beginning of a word, and says how it hangs on the last one.
    fn gap(&mut self) -> Option<Glue> {
        let bytes = self.text.as_bytes();
        let from = self.at;
        let (mut seen, mut solid, mut count) = (0, BLOB, 0);
        loop {
            let bits = CLASS[*bytes.get(self.at)? as usize];
            if bits & WORD != 0 {
                break;
            }
            count += 1;
            if bits & HIGH == 0 {
                seen |= bits;
                solid &= bits;
                self.at += 1;
                continue;
            }
            let c = self.text[self.at..].chars().next()?;
            match fold::class(c) {
                Class::Word | Class::Cjk => {
                    count -= 1;
                    break;
                }
                Class::Mark => count -= 1,
                Class::Apostrophe | Class::Hyphen => seen |= NAME,
                Class::Other => seen |= BREAK,
            }
            solid = 0;
            self.at += c.len_utf8();
        }
        if solid == 0 {
            let breaks = || bytes[from..self.at].iter().copied().filter(|&byte| CLASS[byte as usize] & BLOB == 0);
            let wrapped = from - self.unbroken >= WRAPPED && (breaks().eq(*b"\n") || breaks().eq(*b"\r\n"));
            self.blob = self.blob.filter(|_| wrapped);
            self.unbroken = self.at;
        }
        let apart = from == 0 || self.run.cjk || count == 0 || count > JOINERS || seen & BREAK != 0 || bytes[from..].starts_with(b"..");
        Some(match seen & PATH {
            _ if apart => Glue::Nothing,
            0 => Glue::Name,
            _ => Glue::Path,
        })
    }

    /// Takes the run that begins here in hand.
    fn open(&mut self) {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if self.blob.is_some_and(|blob| start - blob > BLOB_TAIL) {
            self.at += bytes[start..].iter().take_while(|&&byte| CLASS[byte as usize] & (WORD | BLOB) != 0).count();
        }
        let (mut end, mut first, mut rest) = (self.at, 0, 0);
        while let Some(&byte) = bytes.get(end) {
            let bits = CLASS[byte as usize];
            if bits & WORD == 0 {
                break;
            }
            if end == start {
                first = bits;
            } else {
                rest |= bits;
            }
            end += 1;
        }
        let humps = rest & UPPER != 0 && (first | rest) & LOWER != 0;
        self.run = Run { start: self.at, end, cjk: false, ascii: true, humps };
        if bytes.get(end).is_some_and(|&byte| byte >= 0x80) {
            self.widen();
        }
        let length = self.run.end - self.run.start;
        if length >= TANGLE && !self.run.cjk {
            self.run.humps = self.run.humps && !self.tangled();
            if self.blob.is_none() && !self.run.humps && (humps || length > LONGEST) {
                self.blob = Some(self.run.start);
            }
        }
    }

    /// Takes what comes after the ASCII characters of the run, if it belongs to it.
    fn widen(&mut self) {
        let ascii = self.run.end;
        let mut end = ascii;
        for (at, c) in self.text[ascii..].char_indices() {
            let class = fold::class(c);
            if class == Class::Cjk && ascii + at == self.run.start {
                self.run.cjk = true;
            }
            let wanted = if self.run.cjk { Class::Cjk } else { Class::Word };
            if class != wanted && class != Class::Mark {
                break;
            }
            end = ascii + at + c.len_utf8();
        }
        if end > ascii {
            self.run.end = end;
            self.run.ascii = false;
            self.run.humps = true;
        }
    }

    /// Whether the run's humps are so short that it is random, as base64 is, and no name.
    fn tangled(&self) -> bool {
        let (mut at, mut count) = (self.run.start, 1);
        while let Some(next) = self.hump(at) {
            at = next;
            count += 1;
        }
        count * 4 > self.run.end - self.run.start
    }

    /// Gives the next place in the run where an upper-case letter begins a part.
    fn hump(&self, at: usize) -> Option<usize> {
        let rest = &self.text[at..self.run.end];
        let hump = if self.run.ascii {
            hump(rest.bytes().enumerate().map(|(at, byte)| (at, case_of(byte))))
        } else {
            hump(rest.char_indices().filter(|&(_, c)| c.is_ascii() || fold::class(c) != Class::Mark).map(|(at, c)| (at, case(c))))
        };
        hump.map(|offset| at + offset)
    }

    /// Reads a part of the run.
    fn part(&mut self, term: &mut String, glue: Glue) -> Piece {
        let start = self.at;
        self.at = self.run.end;
        if self.run.humps {
            self.at = start;
            self.at = self.hump(start).unwrap_or(self.run.end);
        }
        let taken = if self.run.ascii {
            let taken = LONGEST.min(self.at - start);
            term.push_str(&self.text[start..start + taken]);
            term.make_ascii_lowercase();
            taken
        } else {
            fold::fold_word(&self.text[start..self.at], term)
        };
        let mut end = start + taken;
        if end == self.run.end {
            end = self.suffix(start, term);
        }
        Piece { start, end, glue, form: Form::Word }
    }

    /// Takes the sign of `C++`, `C#` and `F#`, and what an apostrophe ties to the word; gives the end of the part.
    fn suffix(&mut self, start: usize, term: &mut String) -> usize {
        let end = self.at;
        let rest = &self.text[end..];
        let Some(&next) = rest.as_bytes().first() else { return end };
        if matches!(next, b'+' | b'#') && start == self.run.start && matches!(term.as_str(), "c" | "f") {
            let sign = if rest.starts_with("++") && term == "c" {
                "++"
            } else if rest.starts_with('#') && !rest[1..].starts_with(|c| fold::class(c) == Class::Word) {
                "#"
            } else {
                return end;
            };
            term.push_str(sign);
            self.at = end + sign.len();
            return self.at;
        }
        if next != b'\'' && next < 0x80 {
            return end;
        }
        let Some(apostrophe) = rest.chars().next().filter(|&c| fold::class(c) == Class::Apostrophe) else { return end };
        let after = &rest[apostrophe.len_utf8()..];
        let ending = &after[..after.bytes().take_while(u8::is_ascii_alphabetic).count()];
        let ends = match after[ending.len()..].chars().next() {
            Some(c) => !matches!(fold::class(c), Class::Word | Class::Mark | Class::Apostrophe),
            None => true,
        };
        if ends && CLITICS.iter().any(|clitic| clitic.eq_ignore_ascii_case(ending)) {
            self.at = end + apostrophe.len_utf8() + ending.len();
        } else if ends && ending.eq_ignore_ascii_case("t") && term.ends_with('n') && term.len() < LONGEST {
            term.push('t');
            self.at = end + apostrophe.len_utf8() + ending.len();
            return self.at;
        }
        end
    }

    /// Reads two neighbours of the run, or its last character.
    fn pair(&mut self, term: &mut String) -> Piece {
        let start = self.at;
        let middle = start + fold::cluster(&self.text[start..self.run.end]);
        let end = middle + fold::cluster(&self.text[middle..self.run.end]);
        fold::fold_cluster(&self.text[start..middle], term);
        fold::fold_cluster(&self.text[middle..end], term);
        self.at = middle;
        let form = if middle == end && start > self.run.start { Form::Tail } else { Form::Cjk };
        Piece { start, end, glue: Glue::Nothing, form }
    }
}

/// What a character is for the question where a part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
    /// The letter that makes the plural of an abbreviation.
    S,
    Digit,
    Neither,
}

fn case_of(byte: u8) -> Case {
    match CLASS[byte as usize] {
        UPPER => Case::Upper,
        LOWER if byte == b's' => Case::S,
        LOWER => Case::Lower,
        _ => Case::Digit,
    }
}

fn case(c: char) -> Case {
    match c {
        _ if c.is_ascii_alphanumeric() => case_of(c as u8),
        _ if c.is_uppercase() => Case::Upper,
        _ if c.is_lowercase() => Case::Lower,
        _ if c.is_numeric() => Case::Digit,
        _ => Case::Neither,
    }
}

/// Finds the first part's end: after a lower-case letter, and before the last of several upper-case letters that a lower-case
/// one follows; not in `URLs`.
fn hump(mut cases: impl Iterator<Item = (usize, Case)>) -> Option<usize> {
    let (_, mut before) = cases.next()?;
    let (mut at, mut here) = cases.next()?;
    let mut next = cases.next();
    let mut after = cases.next();
    loop {
        let follows = |place: Option<(usize, Case)>| place.map_or(Case::Neither, |(_, case)| case);
        let begins = match (before, follows(next)) {
            (Case::Lower | Case::S, _) => true,
            (Case::Upper | Case::Digit, Case::Lower) => true,
            (Case::Upper | Case::Digit, Case::S) => matches!(follows(after), Case::Lower | Case::S),
            _ => false,
        };
        if here == Case::Upper && begins {
            return Some(at);
        }
        before = here;
        (at, here) = next?;
        next = after;
        after = cases.next();
    }
}
