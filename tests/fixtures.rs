//! Bugs that other tools had, each as a named fixture.

use crate::builder::Journal;
use crate::vaults::inserted;

const LOG: &str = "sessions/current/20261120-01.md";

/// Adds to, sets in and unsets from a log; everything that is not the addition must stay as it was.
#[track_caller]
fn kept(text: &str) {
    let journal = Journal::new().file(LOG, text);
    journal.run(&["set", "zz=1"]).ok();
    let set = journal.read(LOG);
    assert!(inserted(text, &set).is_some(), "{set}");
    if text.trim_start_matches('\u{feff}').starts_with("---") {
        journal.run(&["unset", "zz"]).ok();
        assert_eq!(journal.read(LOG), text);
    } else {
        journal.write(LOG, text);
    }
    journal.run(&["add", "decision", "A new entry"]).ok();
    let added = journal.read(LOG);
    let span = inserted(text, &added).unwrap_or_else(|| panic!("{added}"));
    assert!(span.contains("**A new entry**"), "{span}");
    let answer = journal.json(&["add", "decision", "A new entry"]);
    assert_eq!(answer["changed"], false);
}

#[test]
fn comments_quotes_and_order_in_frontmatter_stay() {
    // obsidian-linter 715 and 1093, obsidian.nvim 826, notesmd-cli, Foam's gray-matter, hyalo DEC-006.
    kept(
        "---\nz: 1 # a comment\n# another\ntags: # here\n  - \"a\"   # and here\n  - 'b'\ndate: 2026-09-04\ncreated: 2026-09-04T10:30:00\nver: 1.10\nnum: 007\ntm: 12:30\nempty:\na: \"Hello\"   \nlist: [a,  b]\nlong: \"some very long text that other tools would wrap at eighty columns because they can, though nobody asked\"\n---\n\n## Key Decisions\n\n- one\n",
    );
}

#[test]
fn blank_keys_and_odd_values_stay() {
    // obsidian.nvim 621 and 308, frontmatter-modified-date 24 and 63.
    kept(
        "---\nalias: [x]\nblank:   \nkey with space: \"v\"\nno: yes\non: off\n\n\"quoted\": 'it''s'\nurl: http://x.example:80/#a\n---\ntext  \n## Decisions\n- one  \n",
    );
}

#[test]
fn one_frontmatter_stays_one() {
    // basic-memory 528 and 1171, obsidian-linter 1537 and 114, obsidian.nvim 859: never a second block, with CRLF or a BOM either.
    for text in [
        "---\r\ntitle: x\r\n---\r\n## Decisions\r\n- a\r\n",
        "\u{feff}---\ntitle: x\n---\n## Decisions\n- a\n",
        "\u{feff}---\r\ntitle: x\r\n---\r\n",
        "--- \ntitle: x\n---\t\n## Decisions\n- a\n",
        "---\ntitle: x\n---\n\n---\nsecond: block\n---\n## Decisions\n- a\n",
    ] {
        kept(text);
        let journal = Journal::new().file(LOG, text);
        journal.run(&["set", "title=why"]).ok();
        assert_eq!(journal.read(LOG), text.replacen("title: x", "title: why", 1));
    }
}

#[test]
fn line_endings_of_new_lines_follow_their_neighbours() {
    let journal = Journal::new().file(LOG, "---\r\na: 1\r\n---\r\n## Decisions\r\n\r\n- one\r\n");
    journal.run(&["add", "decision", "two"]).ok();
    journal.run(&["set", "b=2"]).ok();
    assert_eq!(journal.read(LOG), "---\r\na: 1\r\nb: 2\r\n---\r\n## Decisions\r\n\r\n- one\r\n- **two**\r\n");
}

#[test]
fn invalid_yaml_is_refused_with_its_line() {
    // obsidian.nvim 712 and 559: the block was deleted.
    for (front, place) in [
        ("title: \"open", ":2:1"),
        ("a: 1\nb: [1, 2", ":3:1"),
        ("a: 1\n\tb: 2", ":3:1"),
        ("a: 1\na: 2", ":3:1"),
        ("- just\n- a list", ":2:1"),
        ("z: 1\na: {b: 1\nc: 2", ":3:1"),
    ] {
        let text = format!("---\n{front}\n---\n\n## Decisions\n\n- one\n");
        let journal = Journal::new().file(LOG, &text);
        for args in [&["set", "x=1"][..], &["add", "decision", "x"], &["unset", "a"], &["status", "Handoff"], &["done", "one"]] {
            let run = journal.run(args).code(2);
            assert!(run.err.starts_with("shiftlog: broken YAML: ") && run.err.contains(&format!("20261120-01.md{place}")), "{}", run.err);
            assert_eq!(journal.read(LOG), text);
        }
        let run = journal.run(&["list"]).ok();
        assert!(run.out.contains("20261120-01") && run.out.contains("! line"), "{}", run.out);
    }
}

#[test]
fn plain_key_value_lines_are_understood() {
    let text = "---\ntitle: Session 20261120-01: Weather: a fallback\nstatus: Active\nlast_updated: 2026-11-20 10:00:00 UTC\nnote: ends with # sign\n---\n\n## decisions\n- one\n";
    let journal = Journal::new().file(LOG, text);
    journal.run(&["list", "--format", "{{title}}|{{state}}"]).ok().out("Session 20261120-01: Weather: a fallback|open\n");
    journal.run(&["status", "Handoff"]).ok();
    assert_eq!(journal.read(LOG), text.replace("Active", "Handoff"));
    journal.run(&["add", "decision", "two"]).ok();
    assert_eq!(
        journal.read(LOG),
        text.replace("Active", "Handoff").replace("10:00:00", "14:30:00").replace("- one\n", "- one\n- **two**\n")
    );
}

#[test]
fn resonance7_frontmatter_reads_line_by_line() {
    let journal = Journal::new();
    journal.run(&["new", "A: b", "--tag", "api", "--description", "d # e"]).ok();
    let text = journal.read(LOG);
    let front: Vec<&str> = text.lines().skip(1).take_while(|l| *l != "---").collect();
    assert!(
        front
            .iter()
            .all(|l| l.split_once(": ").is_some_and(|(k, v)| k.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !v.is_empty())),
        "{front:?}"
    );
}

// memry 1915: nine rewrites that a round trip must not make; memry 1909: three more.
#[test]
fn star_bullets_stay() {
    kept("## Decisions\n\n* One\n* Two\n\ntail\n\n");
}

#[test]
fn underscore_emphasis_stays() {
    kept("## Decisions\n\n_em_ and __strong__\n\n- one\n");
}

#[test]
fn setext_headings_stay() {
    kept("Title\n=====\n\nDecisions\n---------\n\n- one\n\nNext\n----\n");
}

#[test]
fn thematic_breaks_stay() {
    kept("***\n\n## Decisions\n\n- one\n\n---\n\n___\n\n## Mine\n");
}

#[test]
fn no_blank_line_before_a_list_stays() {
    kept("## Decisions\ntext\n- one\n## Mine\n- x\n");
}

#[test]
fn four_space_nesting_stays() {
    kept("## Decisions\n\n- one\n    - two\n        - three\n");
}

#[test]
fn blanks_in_headings_stay() {
    kept("##   Decisions   \n\n- one\n\n##Not a heading\n");
}

#[test]
fn numbered_lists_and_escapes_stay() {
    kept("## Decisions\n\n7. one\n7. two\n\n\\* not a list \\# &amp; &nbsp;\n\n## Mine\n");
}

#[test]
fn hard_breaks_and_tabs_stay() {
    kept("## Decisions\n\n- one  \n- two\\\n  more\n\ttabbed\n\n\n\n");
}

#[test]
fn tables_html_and_callouts_stay() {
    kept(
        "## Decisions\n\n> [!warning]- Careful\n> ## inner\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n\n<details>\n\n## hidden\n\n</details>\n\n- one\n",
    );
}

// QuickAdd: 1538, 592, 545, 647, 266, 677, 555, 1120 and 481.
#[test]
fn the_blank_line_after_frontmatter_stays() {
    kept("---\na: 1\n---\n\n\n## Decisions\n- one\n");
}

#[test]
fn nothing_goes_above_the_frontmatter() {
    kept("---\na: 1\n---\n");
    kept("---\na: 1\n---");
}

#[test]
fn sub_sections_are_not_swallowed() {
    let journal = Journal::new().file(LOG, "## Decisions\n\n- one\n\n### Details\n\n- detail\n\n## Mine\n");
    journal.run(&["add", "decision", "two"]).ok();
    assert_eq!(journal.read(LOG), "## Decisions\n\n- one\n- **two**\n\n### Details\n\n- detail\n\n## Mine\n");
}

#[test]
fn a_blank_line_follows_a_heading() {
    let journal = Journal::new().file(LOG, "## Decisions\n## Mine\n");
    journal.run(&["add", "decision", "one"]).ok();
    assert_eq!(journal.read(LOG), "## Decisions\n\n- **one**\n\n## Mine\n");
}

#[test]
fn order_holds_without_a_final_line_ending() {
    let journal = Journal::new().file(LOG, "## Decisions\n\n- one");
    for text in ["two", "three"] {
        journal.run(&["add", "decision", text]).ok();
    }
    assert_eq!(journal.read(LOG), "## Decisions\n\n- one\n- **two**\n- **three**");
}

#[test]
fn log_entries_go_to_the_end() {
    let journal = Journal::agents().file(".agents/sessions/20261120-100000-x.md", "---\nsession:\n  title: x\n---\n## Session Log\n\n### 2026-11-19 10:00 - first\n\n- text\n\n### 2026-11-20 09:00 - second\n\n## Mine\n");
    journal.run(&["add", "log", "third"]).ok();
    assert!(
        journal
            .read(".agents/sessions/20261120-100000-x.md")
            .ends_with("### 2026-11-20 09:00 - second\n\n### 2026-11-20 14:30 - third\n\n## Mine\n")
    );
}

// jrnl 490, 1051, 318, 625, 2006; Logseq 11327: parse and rewrite lost what the parser did not know.
#[test]
fn quoted_documents_in_code_are_not_structure() {
    let code = "```markdown\n---\ntitle: x\n---\n## Key Decisions\n- [Task 1]\n[[link]] ^id\n<!-- shiftlog:end files -->\n```\n";
    let text = format!("## Summary\n\n- one\n\n{code}\n## Decisions\n\n- [26/11, 23:32] a line of a chat\n");
    kept(&text);
    let journal = Journal::new().file(LOG, &text);
    journal.run(&["add", "summary", "two"]).ok();
    assert_eq!(journal.read(LOG), text.replacen("- one\n", "- one\n- two\n", 1));
}

#[test]
fn an_open_fence_is_refused_not_filled() {
    let text = "## Decisions\n\n```\n- one\n";
    let journal = Journal::new().file(LOG, text);
    let run = journal.run(&["add", "decision", "x"]).code(2);
    assert!(
        run.err.starts_with("shiftlog: a code fence or HTML block is never closed") && run.err.contains("20261120-01.md:3"),
        "{}",
        run.err
    );
    assert_eq!(journal.read(LOG), text);
}

#[test]
fn managed_regions_and_comments_stay() {
    kept("## Decisions\n\n<!-- shiftlog:begin files -->\n- generated\n<!-- shiftlog:end files -->\n\n%%\n## hidden\n%%\n\n- one\n");
}

#[test]
fn invalid_utf8_is_kept_and_refused_with_its_offset() {
    let bytes = b"---\na: 1\n---\n## Decisions\n- caf\xe9\n";
    let journal = Journal::new().file(LOG, bytes);
    for args in [&["add", "decision", "x"][..], &["set", "b=2"]] {
        let run = journal.run(args).code(2);
        assert!(run.err.starts_with("shiftlog: not valid UTF-8 at byte 31: "), "{}", run.err);
    }
    assert_eq!(std::fs::read(journal.path(LOG)).expect("there"), bytes);
    assert_eq!(journal.run(&["list", "--format", "id"]).ok().out, "20261120-01\n");
    let raw = journal.command(&["show", "--raw"]).output().expect("it runs");
    assert_eq!(raw.stdout, bytes);
}
