//! Change: whether two texts say the same, or one adds to the other.
//!
//! *Cosmetic* is a difference in case, punctuation, emphasis, whitespace, wrapping, list markers or heading levels, or a
//! word replaced by one that differs by a slip of the pen. Numbers, code, paths, links and negations are never cosmetic.

mod align;
mod chunk;
mod inline;
mod lines;
mod slip;
mod texts;

pub use texts::Texts;

use align::Unit;

use super::markdown;

/// A word, or something that must stay exactly as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Lower-cased word, without apostrophes.
    Word(String),
    /// Acronym, name with inner capitals, unit of a number: may differ in case, and in nothing else.
    Name(String),
    /// Run of a script without word borders.
    Run(String),
    /// Number, code, path, link, box: compared exactly.
    Exact(String),
}

/// Whether two Markdown texts differ at most cosmetically.
pub fn is_cosmetic(a: &str, b: &str) -> bool {
    a == b || same_tokens(&tokens(a), b)
}

/// Whether work was added, completed or removed between two versions of a log; their frontmatter is left out.
///
/// The answer is the same in both directions. It takes time linear in the length of the texts: both are walked at once,
/// and the few ways on where they differ are followed until each breaks off.
pub fn is_substantive(before: &str, after: &str) -> bool {
    let (a, b) = (markdown::split_lines(before), markdown::split_lines(after));
    if before[markdown::body(before, &a).0..] == after[markdown::body(after, &b).0..] {
        return false;
    }
    let mut leaves = [lines::of_log(before, &a), lines::of_log(after, &b)];
    if before > after {
        leaves.reverse();
    }
    let [a, b] = leaves;
    !align::same(&Unit::all(&a), &Unit::all(&b))
}

/// Whether a text whose tokens are known and another one differ at most cosmetically.
pub fn same_tokens(a: &[Token], b: &str) -> bool {
    !begin_otherwise(a, b) && align::same(&Unit::all(&[a]), &Unit::all(&[tokens(b)]))
}

/// Whether two texts differ in their first words already, as most do: then nothing more of them need be read.
fn begin_otherwise(a: &[Token], b: &str) -> bool {
    let Some(Token::Word(first) | Token::Name(first)) = a.first() else { return false };
    let Some((word, _)) = b.split_once(' ') else { return false };
    if word.is_empty() || !word.bytes().chain(first.bytes()).all(|b| b.is_ascii_alphabetic()) {
        return false;
    }
    let (first, word) = (first.to_ascii_lowercase(), word.to_ascii_lowercase());
    // One may be a part of the other, where a blank was forgotten.
    !first.starts_with(&word) && !word.starts_with(&first) && strsim::osa_distance(&first, &word) > 2
}

/// Number of words in a text; each character of a script without word borders counts.
pub fn word_count(text: &str) -> usize {
    tokens(text).iter().map(|t| if let Token::Run(run) = t { run.chars().count() } else { 1 }).sum()
}

/// The words of a piece of Markdown, such as an entry, without its marks.
pub fn tokens(text: &str) -> Vec<Token> {
    lines::of_fragment(text)
}

#[cfg(test)]
mod tests {
    use super::{Token, is_cosmetic, tokens, word_count};

    #[test]
    fn slips_of_the_pen_are_cosmetic() {
        for (a, b) in [
            ("- Use JWT for tokens", "* use JWT for **tokens**."),
            ("Recieve the forecast", "Receive the forecast"),
            ("the quick\nbrown fox", "the quick brown fox"),
            ("## Summary", "### summary"),
            ("configuraton of the fallbak", "configuration of the fallback"),
            ("Die Vorhersge ist da", "Die Vorhersage ist da"),
            ("天气预报服务", "天气预抱服务"),
            ("- [ ] Write tests", "1. [ ] Write tests"),
        ] {
            assert!(is_cosmetic(a, b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn meaning_is_substantive() {
        for (a, b) in [
            ("Use 3 retries", "Use 4 retries"),
            ("It is now cached", "It is not cached"),
            ("- [ ] Write tests", "- [x] Write tests"),
            ("see src/main.rs", "see src/mains.rs"),
            ("run `cargo test`", "run `cargo tests`"),
            ("entry 1-17", "entry 1-18"),
            ("Task A", "Task B"),
            ("Deploy to EU", "Deploy to US"),
            ("Das ist nie richtig", "Das ist die richtig"),
            ("这是可用的", "这是不可用的"),
            ("possible", "impossible"),
            ("one more word", "one more word here"),
            ("see [docs](https://a.example/x)", "see [docs](https://a.example/y)"),
            ("see [[20261119-01]]", "see [[20261119-02]]"),
            ("use user_name", "use user_names"),
            ("eine Regel", "keine Regel"),
        ] {
            assert!(!is_cosmetic(a, b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn fragments_give_tokens() {
        let exact = |text: &str| Token::Exact(text.to_string());
        let word = |text: &str| Token::Word(text.to_string());
        for (text, expected) in [
            ("- [X] Don't `a  b`", vec![exact("[x]"), word("dont"), exact("a  b")]),
            ("[[Weather fallback#Part|shown]]", vec![exact("[[Weather fallback#Part]]"), word("shown")]),
            ("see [the docs](<a b.md> \"Title\")", vec![word("see"), word("the"), word("docs"), exact("a b.md"), word("title")]),
            ("[docs][Ref]\n\n[ref]: https://x.example/", vec![word("docs"), exact("[ref]"), exact("[ref]"), exact("https://x.example/")]),
            ("(<https://x.example/a>, --flag)", vec![exact("https://x.example/a"), exact("--flag")]),
            ("a ` b\n\nc ` d", ["a", "b", "c", "d"].map(word).to_vec()),
            (
                "共3个，见docs/天气.md。",
                vec![Token::Run("共".into()), exact("3"), Token::Run("个".into()), Token::Run("见".into()), exact("docs/天气.md")][..]
                    .to_vec(),
            ),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
        assert_eq!(word_count("two words 天气"), 4);
    }
}
