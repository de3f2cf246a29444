//! Properties of the editor over generated logs: one span changes, all else stays, the same again changes nothing.

use std::path::Path;

use chrono::{DateTime, TimeZone, Utc};
use proptest::prelude::*;
use serde_yaml::Value;
use shiftlog::journal::complete::Spot;
use shiftlog::journal::edit::Editor;
use shiftlog::journal::entry::NewEntry;
use shiftlog::journal::frontmatter::{self, Properties};
use shiftlog::journal::outline::Outline;
use shiftlog::journal::placeholder::Placeholders;
use shiftlog::journal::profile::Profile;
use shiftlog::journal::template;

use crate::vaults::inserted;

const LINES: &[&str] = &[
    "",
    "",
    "",
    "   ",
    "# Title",
    "## Summary",
    "## **Key Decisions and Rationale**",
    "## decisions",
    "## Deliverables & Metrics:",
    "## 📌 Next Steps",
    "## Challenges, Failures & Lessons",
    "## Context Snapshot",
    "### **High Priority**",
    "### Low Priority",
    "### **Problem 1: Slow**",
    "### **Problem 2: [Problem title]**",
    "## Sources",
    "### Web Sources",
    "## Notes",
    "#### **User Feedback**",
    "## Something Else",
    "Summary",
    "=======",
    "---",
    "***",
    "- one",
    "- two  ",
    "  - nested",
    "* star",
    "+ plus",
    "1. first",
    "2) second",
    "- [ ] open task",
    "- [x] done task",
    "- [/] half",
    "- [Task 1]",
    "- **Decision 1** – [Brief reasoning]",
    "- [[20261119-01]] – link",
    "A paragraph with trailing spaces  ",
    "and a second line",
    "\tindented code",
    "    - indented code",
    "```",
    "```rust",
    "~~~",
    "~~~~",
    "## Not a heading in code",
    "> quote",
    "> ## quoted heading",
    "> [!note] Callout",
    "<div>",
    "</div>",
    "<!-- comment -->",
    "<!-- open",
    "-->",
    "<!-- shiftlog:begin files -->",
    "%% hidden %%",
    "%%",
    "| a | b |",
    "|---|---|",
    "| 1 | 2 |",
    "[ref]: https://x.example",
    "Text ^block-id",
    "{{mustache}}",
    "- **Use X** – because",
    "- ✅ **Thing** – src/a.rs — 3",
    "é à 中文 🎉",
    "\u{a0}",
    "- \u{200b}zero",
    "  lazy continuation",
    "#",
    "##",
    "-",
    "- ",
    "* * *",
    "\\- escaped",
];

const FRONT: &[&str] = &[
    "title: \"A: title\"",
    "created: 2026-11-01 10:00:00 UTC # made",
    "last_updated: \"2026-11-01 10:00:00 UTC\"",
    "status: Active",
    "status: 'Handoff'",
    "# a comment",
    "tags: [a, b]",
    "aliases:\n  - one\n  - two",
    "nested:\n  deep:\n    er: 1\n  other: x",
    "flow: {a: 1, b: [2, 3]}",
    "text: |\n  block\n  scalar",
    "folded: >-\n  folded\n\n  text",
    "empty:",
    "ver: 1.10",
    "num: 007",
    "time: 12:30",
    "yes: no",
    "\"quoted key\": 'single ''quote'''",
    "url: https://x.example/#frag",
    "long: a b c",
    "    ",
    "date: 2026-11-20",
    "zz_last: ~",
    "emptymap: {}",
    "emptylist: []",
    "space:    padded   ",
];

fn document() -> impl Strategy<Value = String> {
    let front = proptest::option::of((proptest::sample::subsequence(FRONT.to_vec(), 0..FRONT.len()), any::<u8>()));
    let body = proptest::collection::vec((0..LINES.len(), any::<u8>()), 0..45);
    (front, body, any::<bool>(), 0..4_u8, any::<bool>()).prop_map(|(front, body, bom, endings, last)| {
        let mut lines: Vec<String> = Vec::new();
        if let Some((keys, _)) = front {
            let mut seen = std::collections::HashSet::new();
            lines.push("---".into());
            lines.extend(keys.iter().filter(|k| seen.insert(k.split(':').next())).flat_map(|k| k.split('\n').map(str::to_string)));
            lines.push("---".into());
        }
        let salts: Vec<u8> = body.iter().map(|(_, s)| *s).collect();
        lines.extend(body.into_iter().map(|(i, _)| LINES[i].to_string()));
        let mut text = String::from(if bom { "\u{feff}" } else { "" });
        let count = lines.len();
        for (i, line) in lines.into_iter().enumerate() {
            text.push_str(&line);
            let crlf = match endings {
                0 | 1 => false,
                2 => true,
                _ => salts.get(i).is_some_and(|s| s % 2 == 0),
            };
            if i + 1 < count || last {
                text.push_str(if crlf { "\r\n" } else { "\n" });
            }
        }
        text
    })
}

fn entry() -> impl Strategy<Value = NewEntry> {
    let texts = [
        "Plain words",
        "---",
        "# heading",
        "```",
        "- dash",
        "[x] box",
        "a\nb\n\n## c",
        "1. one",
        "***",
        "> quote",
        "`code` and **bold**",
        "中文词语",
        "ends with two  ",
        "%% odd",
        "<div>",
        "<!-- c",
        "| a |",
        "[[link]]",
        "=",
        "\ttab",
        "+",
        "[ref]: x",
        "&amp;",
        "\\",
        "* * *",
        "===",
    ];
    let kinds = ["summary", "decision", "deliverable", "highlight", "problem", "next", "source", "related", "note"];
    (0..kinds.len(), 0..texts.len(), any::<bool>()).prop_map(move |(k, t, why)| {
        let entry = NewEntry::new(kinds[k], texts[t]);
        match (kinds[k], why) {
            ("decision" | "related", true) => entry.with("why", "a reason"),
            ("problem", true) => entry.with("fix", "did this").with("lesson", "learnt"),
            ("next", true) => entry.with("priority", "low"),
            _ => entry,
        }
    })
}

fn profile() -> Profile {
    Profile::load("resonance7", &toml::Table::new(), Path::new("shiftlog.toml")).expect("built in")
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 14, 30, 0).single().expect("a time")
}

/// Lines of `before` that are gone must all be placeholders.
fn only_placeholders_left(before: &str, after: &str, placeholders: &Placeholders) -> bool {
    let bare = |t: &str| t.split('\n').map(|l| format!("{}\n", l.trim_end_matches('\r'))).collect::<String>();
    let (before, after) = (bare(before), bare(after));
    let diff = similar::TextDiff::from_lines(&before, &after);
    let gone = diff.iter_all_changes().filter(|c| c.tag() == similar::ChangeTag::Delete);
    gone.map(|c| c.value().trim().to_string()).all(|line| line.is_empty() || placeholders.is_one(&line))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn add_changes_one_span_and_only_once(text in document(), entry in entry()) {
        let profile = profile();
        let placeholders = Placeholders::collect(&profile, &[template::built_in("resonance7").expect("built in")]);
        let editor = Editor { profile: &profile, placeholders: &placeholders, path: Path::new("log.md"), now: now() };
        if let Ok(edited) = editor.add(&text, &entry)
            && let Some(new) = edited.text
        {
            let one_span = inserted(&text, &new).is_some();
            prop_assert!(one_span || only_placeholders_left(&text, &new, &placeholders), "{text:?}\n{new:?}");
            let again = editor.add(&new, &entry).unwrap_or_else(|e| panic!("{e}\n{text:?}\n{new:?}"));
            prop_assert_eq!(again.text, None, "{:?}\n{:?}", text, new);
            let stamped = editor.stamp(&new).expect("readable");
            let unstamped = stamped.replacen("2026-11-20 14:30:00 UTC", "2026-11-01 10:00:00 UTC", 1);
            prop_assert!(stamped == new || unstamped == new);
        }
    }

    #[test]
    fn set_then_unset_restores_the_file(text in document(), key in "[a-z]{3,8}(\\.[a-z]{2,4}){0,2}", value in "\\PC{0,12}") {
        let path = Path::new("log.md");
        let Ok(properties) = Properties::read(&text, path) else { return Ok(()) };
        if properties.map().is_empty() || properties.find(&key).is_none_or(|(_, v)| v.is_some()) {
            return Ok(());
        }
        let value = frontmatter::typed(&key, &value, None);
        if let Ok(Some(set)) = frontmatter::set(&text, &key, &value, path) {
            prop_assert!(inserted(&text, &set).is_some(), "{text:?}\n{set:?}");
            let read = Properties::read(&set, path).expect("valid");
            prop_assert_eq!(read.find(&key).and_then(|(_, v)| v.cloned()), Some(value));
            let back = frontmatter::unset(&set, &key, path).expect("it can be removed");
            prop_assert_eq!(back.as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn setting_a_value_touches_that_value_only(text in document(), index in 0..FRONT.len(), value in "\\PC{0,12}") {
        let path = Path::new("log.md");
        let key = FRONT[index].split(':').next().expect("a key").trim_matches('"').trim();
        let Ok(properties) = Properties::read(&text, path) else { return Ok(()) };
        let Some((_, Some(old))) = properties.find(key) else { return Ok(()) };
        let typed = frontmatter::typed(key, &value, Some(old));
        if let Ok(Some(new)) = frontmatter::set(&text, key, &typed, path) {
            let after = Properties::read(&new, path).expect("valid");
            for (k, v) in properties.map() {
                let expected = if k.as_str() == Some(key) { &typed } else { v };
                prop_assert_eq!(after.map().get(k), Some(expected));
            }
            let (before_block, after_block) = (frontmatter::block(&text).expect("there"), frontmatter::block(&new).expect("there"));
            prop_assert_eq!(&text[before_block.end..], &new[after_block.end..]);
            let comments = |t: &str| t.lines().filter(|l| l.starts_with('#')).count();
            prop_assert_eq!(comments(&text), comments(&new));
        }
    }

    #[test]
    fn drop_removes_the_lines_of_the_entry(text in document(), pick in any::<prop::sample::Index>()) {
        let profile = profile();
        let placeholders = Placeholders::collect(&profile, &[template::built_in("resonance7").expect("built in")]);
        let editor = Editor { profile: &profile, placeholders: &placeholders, path: Path::new("log.md"), now: now() };
        let outline = Outline::parse(&text);
        let entries: Vec<_> = outline.numbered(&profile, &placeholders).into_iter().filter(|(n, _)| *n > 0).collect();
        if entries.is_empty() {
            return Ok(());
        }
        let (n, entry) = &entries[pick.index(entries.len())];
        if let Ok(edited) = editor.drop_entry(&text, &Spot { section: entry.section.clone(), n: *n }) {
            let new = edited.text.expect("it was dropped");
            let mut lines: Vec<&str> = text.split('\n').collect();
            lines.drain(entry.whole.clone());
            let bare = |lines: Vec<&str>| lines.into_iter().map(|l| l.trim_end_matches('\r').to_string()).collect::<Vec<_>>();
            let (mut expected, mut got) = (bare(lines), bare(new.split('\n').collect()));
            if expected.last().is_some_and(String::is_empty) { expected.pop(); }
            if got.last().is_some_and(String::is_empty) { got.pop(); }
            prop_assert_eq!(expected, got);
        }
    }

    #[test]
    fn ticking_changes_one_character(text in document(), pick in any::<prop::sample::Index>()) {
        let profile = profile();
        let placeholders = Placeholders::default();
        let editor = Editor { profile: &profile, placeholders: &placeholders, path: Path::new("log.md"), now: now() };
        let outline = Outline::parse(&text);
        let open: Vec<_> = outline.numbered(&profile, &placeholders).into_iter().filter(|(n, e)| *n > 0 && e.is_open()).collect();
        if open.is_empty() || Properties::read(&text, Path::new("log.md")).is_err() {
            return Ok(());
        }
        let (n, entry) = &open[pick.index(open.len())];
        let spot = format!("{}:{n}", entry.section);
        let done = editor.done(&text, &spot, None).expect("an open task");
        let new = done.text.expect("it was open");
        let differ: Vec<(u8, u8)> = text.bytes().zip(new.bytes()).filter(|(a, b)| a != b).collect();
        prop_assert_eq!(text.len(), new.len());
        prop_assert_eq!(differ, vec![(b' ', b'x')]);
        prop_assert_eq!(editor.done(&new, &spot, None).expect("done already").text, None);
    }

    #[test]
    fn properties_are_what_the_yaml_parser_reads(text in document()) {
        if let (Ok(read), Some(block)) = (Properties::read(&text, Path::new("log.md")), frontmatter::block(&text))
            && let Ok(Value::Mapping(expected)) = serde_yaml::from_str::<Value>(&text[block.inner])
        {
            prop_assert_eq!(read.map(), &expected);
        }
    }

    #[test]
    fn simple_lines_are_what_the_yaml_parser_reads(keys in proptest::collection::vec("[a-z]{1,5}", 1..5), values in proptest::collection::vec("(\"[^\"\n\r]{0,8}\"|[A-Za-z0-9 /_.:#~-]{1,8}|[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2}( UTC)?)?)?|[0-9]{1,10}|true|False|Null|\\[(\"[a-z ,]{0,3}\"(, )?){0,3}\\])", 5)) {
        let front: String = keys.iter().zip(&values).map(|(k, v)| format!("{k}: {v}\n")).collect();
        let read = Properties::read(&format!("---\n{front}---\n"), Path::new("log.md"));
        if let (Ok(read), Ok(Value::Mapping(expected))) = (read, serde_yaml::from_str::<Value>(&front)) {
            prop_assert_eq!(read.map(), &expected, "{}", front);
        }
    }

    #[test]
    fn any_text_parses(text in "(\\PC|[\n\r\t#`~>*\\-\\[\\]| ]){0,200}") {
        let profile = profile();
        let outline = Outline::parse(&text);
        let entries = outline.numbered(&profile, &Placeholders::default());
        prop_assert!(entries.iter().all(|(_, e)| e.lines.end <= outline.lines.len() && e.lines.start < e.lines.end));
        let _ = Properties::read(&text, Path::new("log.md"));
    }
}

#[test]
fn values_of_properties_survive_every_quoting() {
    let path = Path::new("log.md");
    for value in [
        "1.10",
        "007",
        "0x1F",
        "1e10",
        "12:30",
        "yes",
        "no",
        "~",
        "null",
        "a: b",
        "a #b",
        "@x",
        "&x",
        "*x",
        "!x",
        "%x",
        "|",
        ">",
        "[x",
        "{x",
        "- x",
        "?",
        "\"q\"",
        "'q'",
        "",
        " lead",
        "trail ",
        "tab\there",
        "line\nbreak",
        "[[link]]",
        "true",
    ] {
        for front in [
            "---\nold: x\nkey: \"v\"\nz: 1\n---\n",
            "---\nkey: 'v'\n---\n",
            "---\nkey: v # c\n---\n",
            "---\nkey:\nz: 1\n---\n",
            "---\nkey: |\n  v\n  w\nz: 1\n---\n",
            "---\nz: 1\n---\n",
        ] {
            let value = Value::String(value.into());
            let new = frontmatter::set(front, "key", &value, path).expect("settable").expect("changed");
            let read = Properties::read(&new, path).expect("valid");
            assert_eq!(read.find("key").and_then(|(_, v)| v.cloned()), Some(value.clone()), "{new}");
            assert_eq!(front.contains("# c"), new.contains("# c"), "{new}");
        }
    }
}
