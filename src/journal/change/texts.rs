//! Texts, among which one is looked up that says the same as another: quick also where there are thousands.

use std::collections::HashMap;

use super::align::{self, Unit};
use super::{Token, tokens};

/// Letters of the Latin alphabet, counted.
type Letters = [u16; 26];

/// Texts, each with something that belongs to it.
#[derive(Debug, Clone)]
pub struct Texts<T = ()> {
    /// By their digits, which no cosmetic difference touches.
    by_digits: HashMap<String, Vec<Text<T>>>,
}

#[derive(Debug, Clone)]
struct Text<T> {
    tokens: Vec<Token>,
    letters: Letters,
    of: T,
}

impl<T> Default for Texts<T> {
    fn default() -> Self {
        Texts { by_digits: HashMap::new() }
    }
}

impl<T> Texts<T> {
    /// Adds a text.
    pub fn add(&mut self, text: &str, of: T) {
        let tokens = tokens(text);
        let (digits, letters) = look(&tokens);
        self.by_digits.entry(digits).or_default().push(Text { tokens, letters, of });
    }

    /// What belongs to the first text that differs at most cosmetically from this one.
    pub fn find(&self, text: &str) -> Option<&T> {
        self.all(text).next()
    }

    /// What belongs to each text that differs at most cosmetically from this one.
    pub fn all(&self, text: &str) -> impl Iterator<Item = &T> {
        let wanted = tokens(text);
        let (digits, letters) = look(&wanted);
        let near = self.by_digits.get(&digits).map(Vec::as_slice).unwrap_or_default();
        let slips = slips(&wanted);
        let is = move |there: &&Text<T>| {
            let apart: u32 = there.letters.iter().zip(letters).map(|(a, b)| u32::from(a.abs_diff(b))).sum();
            apart <= slips.max(self::slips(&there.tokens)) && align::same(&Unit::all(&[&there.tokens]), &Unit::all(&[&wanted]))
        };
        near.iter().filter(is).map(|there| &there.of)
    }
}

impl Texts {
    /// Adds a text, unless one is there that says the same.
    pub fn is_new(&mut self, text: &str) -> bool {
        let new = self.find(text).is_none();
        if new {
            self.add(text, ());
        }
        new
    }
}

impl<'t> FromIterator<&'t str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'t str>>(texts: I) -> Self {
        let mut all = Texts::default();
        texts.into_iter().for_each(|text| all.add(text, ()));
        all
    }
}

/// Digits and letters.
fn look(tokens: &[Token]) -> (String, Letters) {
    let (mut digits, mut letters) = (String::new(), Letters::default());
    for token in tokens {
        let (Token::Word(text) | Token::Name(text) | Token::Run(text) | Token::Exact(text)) = token;
        for byte in text.bytes() {
            match byte.to_ascii_lowercase() {
                b'0'..=b'9' => digits.push(char::from(byte)),
                letter @ b'a'..=b'z' => {
                    let count = &mut letters[usize::from(letter - b'a')];
                    *count = count.saturating_add(1);
                }
                _ => {}
            }
        }
    }
    (digits, letters)
}

/// By how many letters a text may differ, if each of its words is written with a slip of the pen: one letter is taken for another,
/// in long words two are.
fn slips(tokens: &[Token]) -> u32 {
    let of = |token: &Token| match token {
        Token::Word(word) if word.len() > 6 => 4,
        Token::Word(_) => 2,
        _ => 0,
    };
    tokens.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::is_cosmetic;
    use super::Texts;

    #[test]
    fn what_says_the_same_is_found_and_nothing_else() {
        let pairs = [
            ("- Use JWT for tokens", "* use JWT for **tokens**."),
            ("Recieve the forecast", "Receive the forecast"),
            ("configuraton of the fallbak", "configuration of the fallback"),
            ("天气预报服务", "天气预抱服务"),
            ("- [ ] Write tests", "1. [ ] Write tests"),
            ("the data base", "the database"),
            ("Use 3 retries", "Use 4 retries"),
            ("It is now cached", "It is not cached"),
            ("run `cargo test`", "run `cargo tests`"),
            ("see src/main.rs", "see src/mains.rs"),
            ("Measure the first part", "Measure the second part"),
        ];
        for (one, other) in pairs {
            let texts = Texts::from_iter([one]);
            assert_eq!(texts.find(other).is_some(), is_cosmetic(one, other), "{one:?} {other:?}");
        }
        let mut texts = Texts::default();
        texts.add("Measure it", 1);
        texts.add("measure it.", 2);
        assert_eq!((texts.find("Measure it!"), texts.find("Measure them all")), (Some(&1), None));
    }
}
