//! The lines of a text; and the fast path of `markdown`, which says what comrak says and answers for the logs people have.

use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use shiftlog::journal::markdown::{reference, split_lines, tame};
use shiftlog::journal::{self, Place, template};

use crate::builder::Journal;
use crate::vaults::{notes, variants};

/// What lines hold behind their indentation and the marks of lists and quotes, from what all logs have to what few have.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "words", "more words", "[ ] a task", "[x] done", "[Task 1]", "[[20261119-01]] – link", "**Use X** – because", "`code`", "é 中文 🎉",
];
#[rustfmt::skip]
const BLOCKS: &[&str] = &[
    "", "# Title", "## **Head**", "### Head ###", "#", "---", "***", "* * *", "___", "```", "```rust", "````", "~~~", "~~~ a b",
];
#[rustfmt::skip]
const ODD: &[&str] = &[
    "-", "*", "+", "1.", "2)", "1. ", "- - -", "-  -", "--", "===", "=", "= =", "01. x", "1234567890. x", "- |", "-:", ":-",
    "####### seven", "#tag", "#\tx", "##\u{a0}x", "``", "~~~ `", "```` ```",
    "<div>", "<!a", "<!a>", "<https://x.example>", "<a:b c", "<!-->", "-->", "words --> words", "%%",
    "\\- escaped", "\u{a0}", "\u{c}", "\u{b}x", "\u{0}", "\tx", "\t", "\u{feff}x", "    x", "    > x",
];
#[rustfmt::skip]
const DEFINITIONS: &[&str] = &[
    "[ref]: https://x.example", "[ref]:", "[open", "[a]: b 'c'", "[a\\]]", "[a\\]b]: c", "[a\\]:]: b", "[a\\\\]: b", "[a\\]: b", "[\\`a\\`](b)", "[a[b]: c",
];
const MARKS: &[&str] = &["- ", "- ", "- ", "* ", "+ ", "1. ", "2. ", "1) ", "10. ", "> ", ">", "-   ", "-     ", "-\t", ">\t"];

fn line() -> impl Strategy<Value = String> {
    let indent = prop_oneof![12 => Just(0), 6 => Just(2), 3 => Just(3), 3 => Just(4), 3 => 0..8_usize];
    let mark = prop_oneof![9 => 0..10_usize, 1 => 10..MARKS.len()];
    let marks = prop_oneof![6 => Just(0), 6 => Just(1), 1 => Just(2), 1 => Just(3)];
    let marks = marks.prop_flat_map(move |n| proptest::collection::vec(mark.clone(), n));
    let content = prop_oneof![12 => select(WORDS), 8 => select(BLOCKS), 1 => select(ODD), 1 => select(DEFINITIONS)];
    let end = prop_oneof![12 => Just(""), 1 => Just(" "), 1 => Just("   "), 1 => Just("\t")];
    (indent, marks, content, end).prop_map(|(indent, marks, content, end)| {
        let marks: String = marks.into_iter().map(|m| MARKS[m]).collect();
        format!("{}{marks}{content}{end}", " ".repeat(indent))
    })
}

/// Lines that belong together, more or less: the first of some, several others, the last of some.
fn group(first: &'static [&'static str], inner: &'static [&'static str], last: &'static [&'static str]) -> BoxedStrategy<Vec<String>> {
    let lines = (select(first), proptest::collection::vec(select(inner), 0..4), select(last));
    lines.prop_map(|(first, inner, last)| [first].into_iter().chain(inner).chain([last]).map(str::to_string).collect()).boxed()
}

/// A line, or a table, a fence, a comment; in an item or a quote or in none.
fn chunk() -> impl Strategy<Value = Vec<String>> {
    let head = ["| a | b |", "| a | b |", "a | b", "| a", "| a \\| b |", "words", "  | a", "||"].as_slice();
    let below = ["|---|---|", "|---|---|", "|:--|--:|", "| - | - |", "|-|", ":-", "-:", "-|-", "|x|-|", "words"].as_slice();
    let row = ["| 1 | 2 |", "| 1", "|", "||", "|\u{c}", "|\u{c}\\", "words", "    | 1 |", "## Head", "- item", ""].as_slice();
    let table = (select(head), select(below), proptest::collection::vec(select(row), 0..4));
    let table = table.prop_map(|(head, below, rows)| [head, below].into_iter().chain(rows).map(str::to_string).collect());
    let lazy = group(&["- words", "> words"], &["| a | b |", " | a | b |", " words"], &["  |---|---|", "> |---|---|", "  | 1 |"]);
    let opening = ["```", "~~~", "````", "```sh", "``` &amp;", "``` \\*", "```a`b", "  ```", "   ~~~", "    ```"].as_slice();
    let code = ["code", "\tcode", " \tcode", "    code", "  ", "", "  ```", "```", "~~~ x", "# code", "    ```"].as_slice();
    let closing = ["```", "```", "~~~", "````", "``` ", "```\t", "   ```", "    ```", "\t```", ""].as_slice();
    let comment = group(&["<!-- c", "<!-- c -->", "<!--", "<!a"], &["", "words", "\tx", "- x", "-- >"], &["-->", " x --> y", "", ">"]);
    let lines = prop_oneof![
        12 => line().prop_map(|line| vec![line]),
        4 => Just(vec![String::new()]),
        1 => table,
        1 => group(opening, code, closing),
        1 => comment,
        1 => lazy,
    ];
    let within = prop_oneof![4 => Just(["", ""]), 3 => Just(["- ", "  "]), 1 => Just(["1. ", "   "]), 1 => Just(["> ", "> "]), 1 => Just(["- ", ""])];
    (lines, within).prop_map(|(lines, [first, others])| {
        let prefix = |(i, line): (usize, &String)| format!("{}{line}", if i == 0 { first } else { others });
        lines.iter().enumerate().map(prefix).collect()
    })
}

fn body() -> impl Strategy<Value = String> {
    let front = prop_oneof![4 => Just(""), 2 => Just("---\ntitle: A\n---\n"), 1 => Just("\u{feff}"), 1 => Just("---\na: b\n---\n\u{feff}")];
    let endings = prop_oneof![8 => Just(["\n", "\n"]), 3 => Just(["\r\n", "\r\n"]), 1 => Just(["\n", "\r\n"]), 1 => Just(["\n", "\r"])];
    let lines = proptest::collection::vec(chunk(), 0..9).prop_map(|chunks| chunks.concat());
    (front, lines, endings, any::<u16>(), any::<bool>()).prop_map(|(front, lines, endings, salt, last)| {
        let mut text = String::from(front);
        for (i, line) in lines.iter().enumerate() {
            text.push_str(line);
            if last || i + 1 < lines.len() {
                text.push_str(endings[usize::from(salt >> (i % 16) & 1)]);
            }
        }
        text
    })
}

/// Whether the fast path answers; if so, it must be right.
fn is_tame(text: &str) -> bool {
    let lines = split_lines(text);
    let (blocks, leaves) = (tame::blocks(text, &lines), tame::leaves(text, &lines));
    assert_eq!(blocks.is_some(), leaves.is_some(), "{text:?}");
    if let Some(blocks) = &blocks {
        assert_eq!(blocks, &reference::blocks(text, &lines), "{text:?}");
    }
    if let Some(leaves) = &leaves {
        assert_eq!(leaves, &reference::leaves(text, &lines), "{text:?}");
    }
    blocks.is_some()
}

fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    ProptestConfig { cases: config.cases.max(20_000), ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tame_bodies_are_what_comrak_says(text in body()) {
        is_tame(&text);
    }

    #[test]
    fn tame_noise_is_what_comrak_says(text in "[-*+#>`~|:=_ \n\r0-9.)a\\[\\]<!&\\\\\t]{0,60}|[-*`~|# \na1.>]{0,60}") {
        is_tame(&text);
    }

    #[test]
    fn lines_are_the_whole_text(text in "\u{feff}?([a-zé]{0,40}[\n\r]{0,3}){0,8}") {
        let lines = split_lines(&text);
        let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        for (i, line) in lines.iter().enumerate() {
            let ending = &text[line.end..line.next];
            prop_assert_eq!(line.start, at);
            prop_assert!(!text[line.start..line.end].contains(['\n', '\r']));
            prop_assert!(matches!(ending, "\n" | "\r" | "\r\n") || (ending.is_empty() && i + 1 == lines.len() && line.start < line.end));
            prop_assert!(ending != "\r" || !text[line.next..].starts_with('\n'));
            at = line.next;
        }
        prop_assert_eq!(at, text.len());
    }
}

#[test]
fn notes_are_what_comrak_says() {
    let texts: Vec<String> = notes().iter().flat_map(|(_, text)| variants(text)).collect();
    let tame = texts.iter().filter(|text| is_tame(text)).count();
    assert!(tame * 10 >= texts.len() * 8, "{tame} of {}", texts.len());
}

#[test]
fn example_logs_are_tame() {
    let journal = journal::Journal::open(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the example journal");
    let logs = journal.logs(Place::Archived).expect("listed");
    assert!(logs.len() > 4);
    for log in logs {
        for text in variants(&log.read().expect("readable")) {
            assert!(is_tame(&text), "{}", log.id);
        }
    }
}

#[test]
fn templates_are_tame() {
    for name in ["resonance7", "agents"] {
        assert!(is_tame(template::built_in(name).expect("built in")), "{name}");
    }
    assert!(is_tame(include_str!("../library/templates/documentation_templates/session_template.md")));
}

#[test]
fn logs_that_the_program_writes_are_tame() {
    for (journal, dir, kinds) in [
        (Journal::new(), "sessions/current", "summary decision deliverable highlight problem next source related note"),
        (Journal::agents(), ".agents/sessions", "state task file command criterion decision blocker next log"),
    ] {
        let _ = journal.run(&["new", "Weather fallback"]).ok();
        let log = std::fs::read_dir(journal.path(dir)).expect("a directory").flatten().next().expect("a log").path();
        let read = || std::fs::read_to_string(&log).expect("a log");
        assert!(is_tame(&read()), "{}", read());
        for kind in kinds.split(' ') {
            let _ = journal.run(&["add", kind, "Ask the **fallback** after `800 ms`, see [docs](docs/a.md)"]).ok();
        }
        assert!(is_tame(&read()), "{}", read());
    }
}

#[test]
fn common_markdown_is_tame() {
    let text = "\
# Session: a title

> [!note] A callout
> - with an item
and a lazy line

## **Next Work Items** ##
Words right below a heading,
on two lines
- an item right below them
  that goes on
lazily
  - a nested one

    with a second paragraph
1. ordered
   ```rust
   let x = 1;

   ```
2) another list
* [ ] a task
+
***
~~~
## no heading
~~~~

Results:
| a | b |
|---|:-:|
| 1 | 2 |

<!-- shiftlog:begin files -->
<!-- a comment

on several lines -->
<https://x.example> – an address
[a link](b), [[a wikilink]] ^anchor
---not a rule

---

%% hidden %%
```
never closed
";
    for text in variants(text) {
        assert!(is_tame(&text), "{text}");
    }
}
