//! What is wrong with a journal is found, with its place and its remedy; and only what is safe is mended.

use std::fs;

use crate::builder::Journal;

const LOG: &str = "sessions/current/20261120-01.md";

fn log(head: &str, body: &str) -> String {
    let mut keys = vec![
        ("title", "title: \"Session 20261120-01: T\""),
        ("created", "created: \"2026-11-20 10:00:00 UTC\""),
        ("last_updated", "last_updated: \"2026-11-20 11:00:00 UTC\""),
        ("status", "status: \"Active\""),
    ];
    let own: Vec<&str> = head.lines().filter(|l| !l.starts_with('-')).collect();
    keys.retain(|(key, _)| !head.lines().any(|l| l.trim_start_matches('-').split(':').next() == Some(key)));
    let all: Vec<&str> = keys.into_iter().map(|(_, line)| line).chain(own).collect();
    format!("---\n{}\n---\n\n## Summary\n\n- done\n\n## Next Work Items\n\n- more\n\n## Notes\n\n{body}\n", all.join("\n"))
}

/// What lint says of a journal, without the number of findings.
#[track_caller]
fn finds(journal: &Journal, expected: &str) {
    let run = journal.run(&["lint"]);
    assert_eq!(run.out, expected, "{}", run.err);
    assert_eq!(run.code, Some(i32::from(!expected.is_empty())));
}

#[test]
fn a_sound_journal_has_no_findings() {
    let journal = Journal::new().file(LOG, log("", "[[20261120-01]] [x](20261120-01.md#summary) [[#Next Work Items]]"));
    journal.run(&["lint"]).ok().out("").err("0 findings\n");
    assert_eq!(journal.json(&["lint"]).to_string(), r#"{"success":true,"action":"lint","findings":[],"fixed":[],"notices":[]}"#);
}

#[test]
fn frontmatter_dates_and_statuses() {
    for (head, expected) in [
        ("-title", "1: frontmatter: `title` is missing\n    add it\n"),
        ("title:", "5: frontmatter: `title` is missing\n    add it\n"),
        ("status: \"Aktiv\"", "5: status: profile resonance7 does not know the status `Aktiv`\n    it may be Active, Handoff, Completed\n"),
        ("created: \"gestern\"", "5: date: `gestern` is no time\n    write it like 2026-11-20 14:30:00 UTC\n"),
        ("last_updated: \"2026-11-20 09:00:00 UTC\"", "5: date: `last_updated` is before `created`\n    correct the one that is wrong\n"),
        (
            "last_updated: \"2027-11-20 09:00:00 UTC\"",
            "5: date: 2027-11-20 09:00:00 UTC lies ahead\n    correct it, or the clock that wrote it\n",
        ),
        (
            "created: \"2026-10-20 09:00:00 UTC\"",
            "5: date: `created` is not the day in the file's name, 2026-11-20\n    correct the one that is wrong\n",
        ),
        ("status: \"Act", "5: frontmatter: broken YAML: "),
    ] {
        let journal = Journal::new().file(LOG, log(head, ""));
        let run = journal.run(&["lint"]).code(1);
        assert!(run.out.starts_with(&format!("{LOG}:{expected}")), "{head}: {}", run.out);
        assert!(run.err == "1 finding\n" && (run.out.ends_with(expected) || expected.ends_with(": ")), "{head}: {} {}", run.out, run.err);
    }
    let bare = Journal::new().file(LOG, "## Summary\n\n- x\n");
    finds(
        &bare,
        "sessions/current/20261120-01.md:1: frontmatter: there is no frontmatter\n    \
         begin the file with the properties of a log between two lines `---`\n",
    );
    let open = Journal::new().file(LOG, "---\ntitle: x\n");
    finds(&open, "sessions/current/20261120-01.md:1: frontmatter: the frontmatter is never closed\n    close it by a line `---`\n");
    let latin = Journal::new().file(LOG, b"---\ntitle: \xe9\n---\n".as_slice());
    let run = latin.run(&["lint"]).code(1);
    assert!(run.out.starts_with(&format!("{LOG}:1: encoding: not valid UTF-8 at byte 11")), "{}", run.out);
}

#[test]
fn created_is_restored_to_what_it_was_first() {
    let mut journal = Journal::new();
    journal.run(&["new", "T"]).ok();
    journal.run(&["add", "summary", "done"]).ok();
    let text = journal.read(LOG).replace("created: \"2026-11-20 14:30:00 UTC\"", "created: '2026-11-20 09:00:00 UTC' # by hand");
    journal.save(LOG, &text, "2026-11-20T14:31:00Z");
    for clock in ["2026-11-20T14:40:00Z", "2026-11-20T14:50:00Z"] {
        journal.clock(clock);
        finds(
            &journal,
            "sessions/current/20261120-01.md:5: created: `created` is 2026-11-20 09:00:00 UTC, but was 2026-11-20 14:30:00 UTC when the log \
             was first seen\n    `shiftlog lint --fix` restores it\n",
        );
        // What was first seen is kept through everything that is seen later.
        journal.run(&["sync"]).ok();
        journal.run(&["add", "summary", &format!("and more at {clock}")]).ok();
    }
    let before = journal.read(LOG);
    let dry = journal.run(&["lint", "--fix", "--dry-run"]).code(1);
    assert!(dry.out.contains("+created: '2026-11-20 14:30:00 UTC' # by hand\n"), "{}", dry.out);
    assert_eq!(journal.read(LOG), before);
    journal.run(&["lint", "--fix"]).ok().out("").err("mended sessions/current/20261120-01.md\n0 findings\n");
    assert_eq!(journal.read(LOG), before.replace("'2026-11-20 09:00:00 UTC'", "'2026-11-20 14:30:00 UTC'"));
    journal.run(&["undo"]).ok();
    assert_eq!(journal.read(LOG), before);
}

#[test]
fn links_that_lead_nowhere_or_anywhere() {
    let body = "[[20261120-02]] [[20261119-01]] [[Some note]] ![[20261119-01#^none]] [[20261119-01#Wrong heading]] [[20261119-01#Summary]]\n\
                [a](gone.md) [b](20261119-01.md#next-work-items) [c](https://x.example) [d](../../docs/plan.md) [e](#notes) [f](#nowhere)\n\
                `[[20261120-99]]` [[plan]] [[docs/plan]] [[archive note]] [[20260803-01]] [[20260803-01#Summary]]\n\
                [i](docs/plan.md:12) [j](../../docs/plan.md?raw=1#x) [k](tel:123) [g](<../../docs/my plan.md>) [h](../../docs/my%20plan.md) [[my plan]] [[20261118-01]]\n";
    let journal = Journal::new()
        .file(LOG, log("", body))
        .file("sessions/current/20261119-01.md", log("title: \"B\"\ncreated: \"2026-11-19 10:00:00 UTC\"", ""))
        .file("sessions/current/20261118-01.md", log("title: \"C\"\ncreated: \"2026-11-18 10:00:00 UTC\"", ""))
        .file("sessions/recent/20261118-01.md", log("title: \"C\"\ncreated: \"2026-11-18 10:00:00 UTC\"", ""))
        .file(
            "sessions/recent/20260803-01.md",
            log("title: \"D\"\ncreated: \"2026-08-03 10:00:00 UTC\"\nlast_updated: \"2026-08-03 10:00:00 UTC\"", ""),
        )
        .file("docs/plan.md", "# Plan\n")
        .file("docs/my plan.md", "# Plan\n")
        .file("notes/deep/Archive note.md", "# Plan\n");
    journal.run(&["prune", "--archive", "--cleanup"]).ok();
    let run = journal.run(&["lint", "20260803-01"]).code(2);
    assert!(run.err.ends_with("hint: take it out of the zip first: shiftlog restore 20260803-01\n"), "{}", run.err);
    finds(
        &journal,
        "sessions/current/20261118-01.md:1: duplicate-id: 20261118-01 is the id of sessions/recent/20261118-01.md too\n    compare them, then rename or remove one\n\
         sessions/current/20261120-01.md:18: broken-anchor: 20261119-01 has no `Wrong heading`\n    name a heading or block that is there\n\
         sessions/current/20261120-01.md:18: broken-anchor: 20261119-01 has no `^none`\n    name a heading or block that is there\n\
         sessions/current/20261120-01.md:18: broken-link: `20261120-02` leads nowhere\n    did you mean 20261120-01?\n\
         sessions/current/20261120-01.md:18: broken-link: `Some note` leads nowhere\n    correct it, or remove it\n\
         sessions/current/20261120-01.md:19: broken-anchor: 20261120-01 has no `nowhere`\n    name a heading or block that is there\n\
         sessions/current/20261120-01.md:19: broken-link: `gone.md` leads nowhere\n    correct it, or remove it\n\
         sessions/current/20261120-01.md:21: ambiguous-link: `20261118-01` fits sessions/current/20261118-01.md, sessions/recent/20261118-01.md\n    give the path, or rename one of the logs\n\
         sessions/recent/20261118-01.md:1: duplicate-id: 20261118-01 is the id of sessions/current/20261118-01.md too\n    compare them, then rename or remove one\n",
    );
}

#[test]
fn links_to_logs_that_somebody_moved_are_followed() {
    let body =
        "[[20261119-01]] [[sessions/current/20261119-01|x]] [b](20261119-01.md#notes) [c](../current/20261119-01.md) `[b](20261119-01.md)`";
    let journal = Journal::new()
        .file(LOG, log("", body))
        .file("sessions/recent/20261119-01.md", log("title: \"B\"\ncreated: \"2026-11-19 10:00:00 UTC\"", ""));
    let remedy = "is sessions/recent/20261119-01.md now\n    `shiftlog lint --fix` follows it\n";
    finds(
        &journal,
        &format!("{LOG}:18: moved-link: `../current/20261119-01.md` {remedy}{LOG}:18: moved-link: `sessions/current/20261119-01` {remedy}"),
    );
    journal.run(&["lint", "--fix"]).ok();
    let expected =
        "[[20261119-01]] [[sessions/recent/20261119-01|x]] [b](20261119-01.md#notes) [c](../recent/20261119-01.md) `[b](20261119-01.md)`";
    assert_eq!(journal.read(LOG), log("", expected));
}

#[test]
fn parts_that_are_missing_and_parts_with_one_id() {
    let journal = Journal::new()
        .file(LOG, log("next_part: \"20261120-01_pt2.md\"", "[[20261120-01]]"))
        .file("sessions/current/20261120-01_pt1.md", log("title: \"B\"\nprevious_part: \"20261120-01.md\"", ""));
    finds(
        &journal,
        "sessions/current/20261120-01.md:1: duplicate-id: 20261120-01 is the id of sessions/current/20261120-01_pt1.md too\n    \
         compare them, then rename or remove one\n\
         sessions/current/20261120-01.md:6: broken-link: `20261120-01_pt2.md` leads nowhere\n    did you mean 20261120-01_pt1?\n",
    );
}

#[test]
fn sections_handoffs_and_what_templates_left() {
    let journal = Journal::new();
    journal.run(&["new", "Weather"]).ok();
    // While a log is worked on, what its template left is no fault.
    finds(&journal, "");
    journal.run(&["status", "Handoff"]).ok();
    let run = journal.run(&["lint"]).code(1);
    let rules: Vec<&str> = run.out.lines().filter(|l| !l.starts_with(' ')).collect();
    assert_eq!(rules[0], format!("{LOG}:4: placeholder: `[model]` was left by the template"));
    assert!(
        rules.contains(&format!("{LOG}:16: handoff: section `Summary` is empty: the log is not ready to be handed off").as_str()),
        "{}",
        run.out
    );
    assert!(rules.iter().any(|l| l.contains("handoff: section `Next Work Items` is empty")), "{}", run.out);
    assert!(
        rules.iter().any(|l| l.contains("placeholder: 2 entries were left by the template in `Key Decisions & Rationale`")),
        "{}",
        run.out
    );
    journal.run(&["set", "model=m-1", "description=The fallback"]).ok();
    journal.run(&["add", "summary", "Done"]).ok();
    journal.run(&["add", "next", "More", "--priority", "high"]).ok();
    let stamp = journal.property(LOG, "last_updated");
    journal.run(&["lint", "--fix"]).ok();
    let text = journal.read(LOG);
    assert!(
        !text.contains("\n\n\n")
            && text.ends_with("#### **Ready State**\n")
            && !text.contains("[Task")
            && text.contains("- Done\n")
            && text.contains("## Sources\n"),
        "{text}"
    );
    assert_eq!(journal.property(LOG, "last_updated"), stamp);
    let cut = text.replace("## Next Work Items", "## Something Else");
    journal.write(LOG, cut);
    let run = journal.run(&["lint", "--rule", "section"]).code(1);
    run.out(&format!("{LOG}:1: section: there is no section `Next Work Items`\n    add it; `shiftlog add` makes it where it belongs\n"));
}

#[test]
fn agents_logs_say_what_the_next_shift_lacks() {
    let mut journal = Journal::agents();
    journal.run(&["new", "Weather"]).ok();
    let path = ".agents/sessions/20261120-143000-weather.md";
    let run = journal.run(&["lint"]).code(1);
    for section in ["Context", "Current State", "Next Steps"] {
        assert!(run.out.contains(&format!("handoff: section `{section}` is empty")), "{}", run.out);
    }
    for (kind, text) in [("context", "Why"), ("state", "Where"), ("next", "What")] {
        journal.run(&["add", kind, text]).ok();
    }
    finds(&journal, "");
    journal.clock("2026-12-20T14:30:00Z");
    finds(&journal, &format!("{path}:6: stale: open, but not updated for 30 days\n    pause it, finish it, or go on with it\n"));
    journal.run(&["status", "paused"]).ok();
    finds(&journal, "");
}

#[test]
fn stale_logs_copies_and_conflict_marks() {
    let journal = Journal::new()
        .at("2026-12-01T10:00:00Z")
        .file(LOG, log("", "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> other"))
        .file("sessions/current/20261120-02.sync-conflict-20261120-120000-ABC.md", "x")
        .file("sessions/current/20261120-01 (Conflicted copy laptop 202611201200).md", "x");
    finds(
        &journal,
        "sessions/current/20261120-01 (Conflicted copy laptop 202611201200).md:1: conflict-copy: a conflicted copy: two machines wrote one log\n    take over what the log lacks, then remove the copy\n\
         sessions/current/20261120-01.md:4: stale: open, but not updated for 10 days\n    hand it off (`shiftlog status Handoff`), or let `shiftlog prune` move it\n\
         sessions/current/20261120-01.md:18: merge-conflict: git left conflict marks\n    decide what stays, and remove the marks\n\
         sessions/current/20261120-02.sync-conflict-20261120-120000-ABC.md:1: conflict-copy: a conflicted copy: two machines wrote one log\n    take over what the log lacks, then remove the copy\n",
    );
    // One log, one rule.
    journal.run(&["lint", "20261120-01", "--rule", "stale"]).code(1);
    journal.run(&["lint", "--rule", "encoding"]).ok();
    journal.run(&["lint", "--rule", "stail"]).code(2).err(
        "shiftlog: unknown rule `stail`\nhint: did you mean `stale`? known here: `ambiguous-link`, `archive`, `broken-anchor`, `broken-link`, \
         `conflict-copy`, `created`, `date`, `duplicate-id`, `encoding`, `frontmatter`, `handoff`, `merge-conflict`, `moved-link`, \
         `orphan`, `placeholder`, `section`, `stale`, `status`\n",
    );
}

#[test]
fn what_a_person_wrote_in_brackets_stays() {
    let body = "- [ ] [Ticket 42]\n- **Sprint 4** – [still red on the vendor side]\n\n## Sources\n\n### Web Sources\n\n- [RFC 9110]\n- [Fowler 2018]";
    let journal = Journal::new().file(LOG, log("status: \"Completed\"", body));
    journal.run(&["lint", "--fix"]).ok();
    assert_eq!(journal.read(LOG), log("status: \"Completed\"", body));
}

#[test]
fn anchors_in_the_spelling_of_others() {
    let body = "### 2026-11-20 14:30 - me\n\n### v1.2.3 released\n\n### Dup\n\n### Dup\n\n### See [link](https://x.example/a) and `code`\n\n\
                <a id=\"html-anchor\"></a>\n\n> ### In Quote\n\n- [1](#2026-11-20-1430---me) [2](#v123-released) [3](#dup-1) [4](#see-link-and-code) \
                [5](#html-anchor) [6](#in-quote)";
    finds(&Journal::new().file(LOG, log("", body)), "");
}

#[test]
fn created_is_restored_where_it_is_gone_but_not_in_another_log() {
    let mut journal = Journal::new();
    journal.run(&["new", "T"]).ok();
    let text = journal.read(LOG);
    let line = "created: \"2026-11-20 14:30:00 UTC\"\n";
    for damaged in [text.replace(line, "created: \"yesterday\"\n"), text.replace(line, "")] {
        journal.save(LOG, &damaged, "2026-11-20T14:30:01Z");
        journal.run(&["lint", "--fix"]).ok();
        assert_eq!(journal.property(LOG, "created"), "2026-11-20 14:30:00 UTC");
    }
    // A branch brought another log of this name, with times of its own.
    journal.clock("2026-11-21T14:30:00Z");
    let other = text.replace("14:30:00", "09:00:00").replace("T\"", "Another\"");
    journal.save(LOG, &other, "2026-11-20T14:40:00Z");
    journal.run(&["sync"]).ok();
    journal.run(&["lint", "--fix", "--rule", "created"]).ok();
    assert_eq!(journal.read(LOG), other);
}

#[test]
fn lint_changes_nothing_it_was_not_asked_to() {
    let journal = Journal::new().file(LOG, log("-title\ncreated: \"gestern\"", "[[nowhere]]"));
    journal.run(&["sync"]).ok();
    let before = (journal.read(LOG), fs::metadata(journal.path(LOG)).expect("there").modified().expect("a time"));
    let _ = journal.run(&["lint"]).code(1);
    let _ = journal.run(&["lint", "--fix"]).code(1);
    assert_eq!(before, (journal.read(LOG), fs::metadata(journal.path(LOG)).expect("there").modified().expect("a time")));
}
