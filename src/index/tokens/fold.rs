//! What characters are to the tokenizer, and how they fold: lower case, no accents, one width.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Characters of a part at most; what follows is cut off.
pub(super) const LONGEST: usize = 64;

/// A character and what is attached to it at most; more begins a new cluster, so that a pile of marks stays linear.
const CLUSTER: usize = 8;

/// What a character is to the tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter or digit of a script that puts blanks between its words.
    Word,
    /// A character of a script without such blanks, and Hangul.
    Cjk,
    /// Belongs to the character before it.
    Mark,
    /// Stands for an apostrophe.
    Apostrophe,
    /// Stands for a hyphen.
    Hyphen,
    /// Separates words.
    Other,
}

/// Says what a character is.
pub(super) fn class(c: char) -> Class {
    match u32::from(c) {
        0x27 | 0x2019 | 0x02BC | 0xFF07 => Class::Apostrophe,
        0x2D | 0x2010 | 0x2011 => Class::Hyphen,
        code if code < 0xC0 && code != 0xAD => {
            if c.is_alphanumeric() {
                Class::Word
            } else {
                Class::Other
            }
        }
        0xD7 | 0xF7 => Class::Other,
        0xC0..=0x2AF | 0x3A3..=0x3F5 | 0x400..=0x481 | 0x48A..=0x52F => Class::Word,
        code if attached(code) || (code >= 0x300 && is_combining_mark(c)) => Class::Mark,
        code if cjk(code) => Class::Cjk,
        _ if !c.is_alphanumeric() => Class::Other,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0xA9E0..=0xA9FF | 0xAA60..=0xAA7F => Class::Cjk,
        _ => Class::Word,
    }
}

/// Han, Kana, Bopomofo and Hangul; also the radicals that PDF files have in the place of Han.
fn cjk(code: u32) -> bool {
    matches!(code,
        0x1100..=0x115E | 0x2E80..=0x2FD5 | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3031..=0x3035 | 0x3038..=0x303C
        | 0x3041..=0x3096 | 0x309D..=0x309F | 0x30A1..=0x30FA | 0x30FC..=0x30FF | 0x3105..=0x312F | 0x3131..=0x318E
        | 0x31A0..=0x31BF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA960..=0xA97C | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF | 0xFF66..=0xFF9D | 0xFFA1..=0xFFBE | 0x1AFF0..=0x1B16F | 0x20000..=0x3FFFF)
}

/// What is not a combining mark by its category but acts as one: invisible characters, the half-width sound marks, and the
/// vowels and finals of decomposed and half-width Hangul.
fn attached(code: u32) -> bool {
    invisible(code) || matches!(code, 0x1161..=0x11FF | 0xD7B0..=0xD7FB | 0xFF9E | 0xFF9F | 0xFFC2..=0xFFDC)
}

fn invisible(code: u32) -> bool {
    matches!(code,
        0xAD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E
        | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xE0000..=0xE0FFF)
}

/// What leaves no trace in a term: the combining diacritics and their supplements, invisible characters, apostrophes.
fn dropped(c: char) -> bool {
    let code = u32::from(c);
    invisible(code)
        || matches!(code,
            0x27 | 0x2019 | 0x02BC | 0x0300..=0x036F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Letters that are written in two ways but do not decompose.
fn respelt(c: char) -> (char, Option<char>) {
    match c {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ø' => ('o', None),
        'đ' | 'ð' => ('d', None),
        'ł' => ('l', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        other => (other, None),
    }
}

/// Whether a character that stands alone folds to itself: most Han, Kana and Hangul.
fn plain(c: char) -> bool {
    matches!(u32::from(c),
        0x3041..=0x3096 | 0x30A1..=0x30FA | 0x30FC..=0x30FE | 0x3131..=0x318E | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3)
}

/// Characters from 0 that have an entry in [`FOLDED`]: Latin with its supplements, Greek and Cyrillic.
const TABLE: u32 = 0x530;

/// What the first characters fold to, at most two characters; decomposing them each time is slow.
static FOLDED: LazyLock<Vec<(char, Option<char>)>> = LazyLock::new(|| {
    let fold = |c: char| {
        let mut folded = String::new();
        fold_slowly(c.encode_utf8(&mut [0; 4]), c, &mut folded);
        let mut chars = folded.chars();
        (chars.next().unwrap_or('\0'), chars.next())
    };
    (0..TABLE).map(|code| char::from_u32(code).map_or(('\0', None), fold)).collect()
});

/// Gives the number of bytes of the first character of `text` with all that is attached to it.
pub(super) fn cluster(text: &str) -> usize {
    let mut size = 0;
    for (count, c) in text.chars().enumerate() {
        if count > 0 && (count >= CLUSTER || class(c) != Class::Mark) {
            break;
        }
        size += c.len_utf8();
    }
    size
}

/// Appends the folded form of one cluster.
pub(super) fn fold_cluster(cluster: &str, term: &mut String) {
    let mut chars = cluster.chars();
    let Some(base) = chars.next() else { return };
    let alone = chars.as_str().is_empty();
    if alone && base.is_ascii() {
        if base != '\'' {
            term.push(base.to_ascii_lowercase());
        }
    } else if alone && u32::from(base) < TABLE {
        let (first, second) = FOLDED[base as usize];
        term.extend((first != '\0').then_some(first).into_iter().chain(second));
    } else if alone && plain(base) {
        term.push(base);
    } else {
        fold_slowly(cluster, base, term);
    }
}

pub(super) fn fold_slowly(cluster: &str, base: char, term: &mut String) {
    if wordy(base) {
        push_folded(cluster.nfkd(), term);
    } else {
        push_folded(cluster.nfd(), term);
    }
}

/// Whether the compatible form of a character is letters and digits only; `½` is none and stays as it is.
fn wordy(c: char) -> bool {
    let mut all = true;
    decompose_compatible(c, |part| all &= part.is_alphanumeric() || class(part) == Class::Mark);
    all
}

fn push_folded(decomposed: impl Iterator<Item = char>, term: &mut String) {
    let letters = decomposed.flat_map(char::to_lowercase).filter(|&c| !dropped(c)).flat_map(|c| {
        let (first, second) = respelt(c);
        [Some(first), second].into_iter().flatten()
    });
    term.extend(letters.nfc());
}

/// Appends the folded form of a word until it is [`LONGEST`] characters long, and gives the bytes of the word that went in.
pub(super) fn fold_word(word: &str, term: &mut String) -> usize {
    let mut at = 0;
    let mut chars = 0;
    while at < word.len() && chars < LONGEST {
        let size = cluster(&word[at..]);
        let before = term.len();
        fold_cluster(&word[at..at + size], term);
        chars += term[before..].chars().count();
        if chars > LONGEST {
            term.truncate(before);
            break;
        }
        at += size;
    }
    at
}
