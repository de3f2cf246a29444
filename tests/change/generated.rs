//! Properties over generated logs: no cosmetic change is work, and each new sentence is.

use proptest::prelude::*;
use shiftlog::journal::change::is_substantive;

const WORDS: &[&str] = &[
    "cache",
    "weather",
    "forecast",
    "the",
    "a",
    "not",
    "three",
    "3",
    "v1.2",
    "Vorhersage",
    "keine",
    "GitHub",
    "EU",
    "isn't",
    "天气预报服务",
    "不可用",
    "src/main.rs",
    "`cargo  test`",
    "[a link](https://x.example/a_b)",
    "[[Weather fallback|log]]",
    "--flag",
    "<https://x.example>",
    "snake_case",
    "(aside)",
    "done.",
    "really?",
    "✅",
    "2026-11-20",
    "time-stamp",
];

/// A block of a log: its kind, and its words.
type Block = (u8, Vec<&'static str>);

/// How a log is written down.
#[derive(Debug, Clone, Copy)]
struct Style {
    /// Words in a line; 0 for any number.
    width: usize,
    bullet: &'static str,
    level: &'static str,
    emphasis: &'static str,
    upper: bool,
    crlf: bool,
}

const PLAIN: Style = Style { width: 0, bullet: "-", level: "##", emphasis: "", upper: false, crlf: false };

fn word(word: &str, n: usize, style: Style) -> String {
    let exact = word.contains(|c: char| !c.is_alphabetic() && !"'.?()-".contains(c)) || word.starts_with('-');
    let cased = if style.upper && !exact && word.len() > 1 { word.to_uppercase() } else { word.to_string() };
    if n % 3 == 1 && !exact { format!("{0}{cased}{0}", style.emphasis) } else { cased }
}

fn written(blocks: &[Block], style: Style) -> String {
    let mut text = String::from("---\ntitle: \"x\"\n---\n\n");
    for (n, (kind, words)) in blocks.iter().enumerate() {
        let words: Vec<String> = words.iter().enumerate().map(|(n, w)| word(w, n, style)).collect();
        let wrapped = |indent: &str| -> String {
            let width = if style.width == 0 { words.len().max(1) } else { style.width };
            words.chunks(width).map(|line| line.join(" ")).collect::<Vec<_>>().join(&format!("\n{indent}"))
        };
        let indent = " ".repeat(style.bullet.len() + 1);
        match kind {
            0 => text.push_str(&format!("{} {}\n\n", style.level, words.join(" "))),
            1 => text.push_str(&format!("{} x {}\n", style.bullet, wrapped(&indent))),
            2 => text.push_str(&format!("{} [ ] {}\n", style.bullet, wrapped(&indent))),
            3 => text.push_str(&format!("\n```sh\n{}\n```\n\n", blocks[n].1.join(" "))),
            4 => text.push_str(&format!("\n> quoted {}\n\n", wrapped("> "))),
            _ => text.push_str(&format!("\nSaid {}\n\n", wrapped(""))),
        }
    }
    if style.crlf { text.replace('\n', "\r\n") } else { text }
}

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    prop::collection::vec((0u8..6, prop::collection::vec(prop::sample::select(WORDS), 1..12)), 1..12)
}

fn style() -> impl Strategy<Value = Style> {
    let bullets = prop::sample::select(vec!["-", "*", "+", "1.", "7)"]);
    let levels = prop::sample::select(vec!["#", "##", "####"]);
    let emphases = prop::sample::select(vec!["", "*", "**", "_", "__"]);
    (0usize..5, bullets, levels, emphases, any::<bool>(), any::<bool>()).prop_map(|(width, bullet, level, emphasis, upper, crlf)| Style {
        width,
        bullet,
        level,
        emphasis,
        upper,
        crlf,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_style_is_cosmetic(blocks in blocks(), one in style(), other in style()) {
        let (plain, a, b) = (written(&blocks, PLAIN), written(&blocks, one), written(&blocks, other));
        prop_assert!(!is_substantive(&plain, &a), "{plain}\n{a}");
        prop_assert!(!is_substantive(&a, &b), "{a}\n{b}");
        prop_assert!(!is_substantive(&b, &a), "{b}\n{a}");
    }

    #[test]
    fn another_sentence_is_substantive(blocks in blocks(), style in style(), at in any::<prop::sample::Index>(),
        sentence in prop::collection::vec(prop::sample::select(WORDS), 1..6), kind in 0u8..6) {
        let mut more = blocks.clone();
        more.insert(at.index(blocks.len() + 1), (kind, [&["Added"][..], &sentence].concat()));
        let (a, b) = (written(&blocks, PLAIN), written(&more, style));
        prop_assert!(is_substantive(&a, &b), "{a}\n{b}");
        prop_assert!(is_substantive(&b, &a), "{b}\n{a}");
    }

    #[test]
    fn the_answer_is_the_same_in_both_directions(a in blocks(), b in blocks(), n in any::<prop::sample::Index>(), style in style()) {
        let mut near = a.clone();
        let (i, words) = (n.index(near.len()), b[0].1.clone());
        near[i].1 = words;
        for b in [written(&b, style), written(&near, style)] {
            let a = written(&a, PLAIN);
            prop_assert_eq!(is_substantive(&a, &b), is_substantive(&b, &a), "{}\n{}", a, b);
        }
    }
}
