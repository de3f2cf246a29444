//! What must never happen to a person's text, and what must never hang or panic.

use std::process::{Command, Stdio};

use crate::builder::Journal;

const LOG: &str = "sessions/current/20261120-01.md";

#[test]
fn a_persons_brackets_are_not_placeholders() {
    let text = "## Summary\n\n- [see the docs]\n- [open the board](https://x.example)\n- [Task 1]\n\n[Ask the team about this]\n\n## Sources\n\n- [Step 2]\n\n[step 2]: https://example.com\n";
    let journal = Journal::new().file(LOG, text);
    journal.run(&["add", "summary", "New thing"]).ok();
    journal.run(&["add", "source", "x"]).ok();
    assert_eq!(journal.read(LOG), text.replace("- [Task 1]\n", "- New thing\n").replace("- [Step 2]\n", "- [Step 2]\n- x\n"));
}

#[test]
fn links_and_ticked_tasks_of_a_template_stay() {
    let path = "library/templates/documentation_templates/session_template.md";
    let journal = Journal::new().file(path, "---\ntitle: \"x\"\nstatus: \"[session_status]\"\n---\n\n## Summary\n\n- [Team board](https://x.example/7)\n- [x] Read the handbook\n- [What came of it]\n");
    journal.run(&["new"]).ok();
    journal.run(&["add", "summary", "real"]).ok();
    assert!(journal.read(LOG).ends_with("- [Team board](https://x.example/7)\n- [x] Read the handbook\n- real\n"));
}

#[test]
fn tags_and_aliases_are_added_in_place() {
    let text = "---\ntitle: \"T\"\nstatus: \"Active\"\ntags:\n  - session # mine\n  # keep\n  - \"b\"\n  - [[Note]]\naliases: Foo\n---\n\n## Summary\n";
    let journal = Journal::new().file(LOG, text);
    journal.run_with(&["session", "--from", "-"], "{\"tags\": [\"#new tag\", \"b\"], \"title\": \"Other\"}").ok();
    let expected =
        text.replace("  - [[Note]]\n", "  - [[Note]]\n  - \"new-tag\"\n").replace("title: \"T\"", "title: \"Session 20261120-01: Other\"");
    assert_eq!(journal.read(LOG), expected);
    journal.run_with(&["session", "--from", "-"], "{\"tags\": [\"#new tag\", \"b\"], \"title\": \"Other\"}").ok();
    assert_eq!(journal.read(LOG), expected);
    let journal = Journal::new()
        .file(LOG, "---\ntitle: \"Session 20261120-01: Old\"\nstatus: Active\ntags: [\"a\"]\naliases: ['Old', \"Mine\"]\n---\n");
    journal.run_with(&["session", "--from", "-"], "{\"tags\": [\"b\"], \"title\": \"New\"}").ok();
    assert_eq!(
        journal.read(LOG),
        "---\ntitle: \"Session 20261120-01: New\"\nstatus: Active\ntags: [\"a\", \"b\"]\naliases: ['New', \"Mine\"]\n---\n"
    );
}

#[test]
fn nothing_of_a_document_is_dropped() {
    let journal = Journal::agents();
    journal.run(&["new", "T"]).ok();
    let log = ".agents/sessions/20261120-143000-t.md";
    for document in [
        "log: Started tests on staging",
        "log: Started",
        "log: \"Started tests on staging\\nthen the deploy failed\"",
        "waves: [{name: Setup, tasks: [s1]}, {name: API v1, tasks: [api task]}]",
        "agents: [{agent: a, task: t, status: in_progress, summary: halfway}, {agent: b, task: t, status: Completed, summary: S}]",
        "agents: [{agent: a, task: t, status: pending}]",
        "commands: [\"cd app\", \"cd app\\ncargo run\", \"make b\\nmake c\"]",
        "decisions: [Use C#]",
        "problems: [{issue: no title, cause: y}]",
        "next: [{priority: high, done: false}]",
        "context: {state: why this work exists, environment: branch x}",
    ] {
        for changed in [true, false] {
            let run = journal.run_with(&["session", "--from", "-", "--json"], document).ok();
            let empty = document.starts_with("next");
            assert!(run.out.contains(&format!("\"changed\":{}", changed && !empty)), "{document} {}", run.out);
        }
    }
    let text = journal.read(log);
    for part in [
        "- Started tests on staging\n\n### 2026-11-20 14:30 - Started\n\n### 2026-11-20 14:30 - Started tests on staging\n\n- then the deploy failed\n",
        "### Wave 1: Setup (ACTIVE)\n\n- [ ] s1\n\n### Wave 2: API v1 (blocked by Wave 1)\n\n- [ ] api task\n",
        "      status: pending\n      summary: halfway\n    - agent: b\n      task: \"t\"\n      status: completed\n      summary: S\n",
        "```bash\ncd app\ncargo run\nmake b\nmake c\n```\n",
        "### Decision 1: Use C#\n",
        "### **Problem 1: no title**\n",
        "## Context\n\n- why this work exists\n- Environment: branch x\n",
    ] {
        assert!(
            text.replace(
                "### 2026-11-20 14:30 - Started tests on staging\n\n### 2026-11-20 14:30 - Started\n",
                "- Started tests on staging\n\n### 2026-11-20 14:30 - Started\n"
            )
            .contains(part),
            "{part}\n---\n{text}"
        );
    }
}

#[test]
fn wild_logs_are_never_the_newest() {
    let old = "---\ntitle: old\nstatus: in_progress\n---\n\n## Blockers\n\n- x\n";
    let journal = Journal::agents().file(".agents/sessions/backend-refactor.md", old);
    journal.run(&["session", "--description", "d"]).ok();
    journal.run(&["add", "blocker", "net"]).ok();
    assert_eq!(journal.read(".agents/sessions/backend-refactor.md"), old);
    assert!(journal.read(".agents/sessions/20261120-143000-session.md").contains("- net\n"));
}

#[test]
fn what_is_fixed_stays_fixed() {
    let journal = Journal::agents();
    journal.run(&["new", "T"]).ok();
    let log = ".agents/sessions/20261120-143000-t.md";
    let text = journal.read(log);
    for args in [
        &["set", "session={created: \"1999\"}"][..],
        &["unset", "session"],
        &["set", "session.last_updated=never"],
        &["unset", "session.created"],
    ] {
        let _ = journal.run(args).code(2);
        assert_eq!(journal.read(log), text, "{args:?}");
    }
    let journal = Journal::new();
    let _ = journal.run(&["new", "x", "--extra", "created=1999-01-01"]).code(2);
    assert!(!journal.path(LOG).exists());
}

#[test]
fn a_bound_session_follows_the_rules_too() {
    let journal = Journal::new();
    journal.run(&["new", "a"]).ok();
    journal.run(&["status", "Handoff"]).ok();
    let mut command = journal.command(&["session"]);
    command.env("SHIFTLOG_SESSION", "20261120-01");
    assert!(command.output().expect("it runs").status.success());
    assert!(journal.read("sessions/current/20261120-02.md").contains("[[20261120-01]]"));
    assert!(journal.read(LOG).contains("status: \"Completed\""));
    for value in ["nope", ""] {
        let mut command = journal.command(&["path"]);
        let output = command.env("SHIFTLOG_SESSION", value).env("SHIFTLOG_JOURNAL", "").output().expect("it runs");
        assert_eq!(output.status.success(), value.is_empty());
        assert!(value.is_empty() || String::from_utf8_lossy(&output.stderr).starts_with("shiftlog: $SHIFTLOG_SESSION is `nope`\n"));
    }
}

#[test]
fn a_document_given_again_after_the_handoff_begins_nothing() {
    let journal = Journal::new();
    let document = "{\"title\": \"T\", \"summary\": [\"x\"], \"status\": \"Handoff\"}";
    for _ in 0..3 {
        journal.run_with(&["session", "--from", "-"], document).ok();
    }
    journal.run(&["list", "-f", "id"]).ok().out("20261120-01\n");
}

#[test]
fn broken_structure_is_refused() {
    let open = "## Challenges, Failures & Lessons\n\n### **Problem 1: Disk full**\n\n- **Issue**: x\n\n```\ncode\n";
    let journal = Journal::new().file(LOG, open);
    let _ = journal.run(&["add", "problem", "Disk full", "--lesson", "buy disks"]).code(2);
    assert_eq!(journal.read(LOG), open);
    let empty = "## Next Work Items\n\n-\n  write the tests\n- other\n";
    let journal = Journal::new().file(LOG, empty);
    let _ = journal.run(&["done", "next:1"]).code(2);
    assert_eq!(journal.read(LOG), empty);
    for text in ["---\rtitle: x\r---\rtext\r", "---\ntitle: x\nstatus: Active\n\n## Summary\n"] {
        let journal = Journal::new().file(LOG, text);
        let run = journal.run(&["set", "k=v"]).code(2);
        assert!(run.err.starts_with("shiftlog: broken YAML: the frontmatter is never closed"), "{}", run.err);
        assert_eq!(journal.read(LOG), text);
    }
}

#[test]
fn a_definition_does_not_become_part_of_an_entry() {
    let journal = Journal::new().file(LOG, "## Summary\n\n-\n[ref]: https://x.example\n");
    journal.run(&["add", "summary", "two"]).ok();
    journal.run(&["add", "summary", "three"]).ok();
    assert_eq!(journal.read(LOG), "## Summary\n\n-\n- two\n- three\n\n[ref]: https://x.example\n");
}

#[test]
fn editing_keeps_what_is_nested_and_what_is_not_named() {
    let journal = Journal::new().file(LOG, "## Next Work Items\n\n- [ ] ship\n  - [ ] tests\n\n## Deliverables\n\n- 🚧 **D** – src/a.rs — 3\n\n## Notes\r\n\r\nline one\r\nline two\r\n");
    journal.run(&["show"]).ok();
    journal.run(&["edit", "next:1", "ship it now"]).ok();
    journal.run(&["edit", "deliverables:1", "Dx"]).ok();
    journal.run_with(&["edit", "notes:1", "-"], "new one\nnew two\nnew three").ok();
    assert_eq!(
        journal.read(LOG),
        "## Next Work Items\n\n- [ ] ship it now\n  - [ ] tests\n\n## Deliverables\n\n- 🚧 **Dx** – src/a.rs — 3\n\n## Notes\r\n\r\nnew one\r\nnew two\r\nnew three\r\n"
    );
}

#[test]
fn undo_shows_its_diff_and_takes_no_step() {
    let journal = Journal::new();
    let _ = journal.run(&["undo", "-n"]).code(2);
    assert!(!journal.path(".shiftlog").exists());
    journal.run(&["new", "a"]).ok();
    journal.run(&["add", "summary", "x"]).ok();
    let run = journal.run(&["undo", "-n"]).ok();
    assert!(run.out.contains("\n-- x\n+- [What was asked for, and what came of it]\n"), "{}", run.out);
    journal.run(&["undo"]).ok();
    let run = journal.run(&["undo", "-n"]).ok();
    assert!(run.out.starts_with(&format!("--- a/{LOG}\n+++ /dev/null\n")), "{}", run.out);
    journal.write(LOG, "");
    std::fs::remove_file(journal.path(LOG)).expect("removed");
    journal.run(&["undo"]).code(2).err("shiftlog: there is no write to undo\n");
}

#[test]
fn a_reopened_log_moves_back_with_undo() {
    let text = "---\nstatus: Completed\n---\n";
    let journal = Journal::new().file("sessions/recent/20261101-01.md", text);
    journal.run(&["status", "Active", "--reopen", "-s", "20261101-01"]).ok();
    assert!(journal.path("sessions/current/20261101-01.md").exists());
    journal.run(&["undo"]).ok();
    assert_eq!(journal.read("sessions/recent/20261101-01.md"), text);
    assert!(!journal.path("sessions/current/20261101-01.md").exists());
}

#[test]
fn pipes_and_dangling_links_are_no_logs() {
    let journal = Journal::new();
    journal.run(&["new", "a"]).ok();
    assert!(Command::new("mkfifo").arg(journal.path("sessions/current/20261120-09.md")).status().expect("it runs").success());
    std::os::unix::fs::symlink("nowhere", journal.path("sessions/current/20261120-10.md")).expect("linked");
    journal.run(&["list", "-f", "id"]).ok().out("20261120-01\n");
    journal.run(&["add", "summary", "hi"]).ok();
    let _ = journal.run(&["path", "sessions/current/20261120-09.md"]).code(2);
}

#[test]
fn only_logs_are_edited() {
    let journal = Journal::new().file("README.md", "# R\n");
    journal.run(&["new", "a"]).ok();
    let _ = journal.run(&["set", "k=v", "-s", "README.md"]).code(2);
    assert_eq!(journal.read("README.md"), "# R\n");
}

#[test]
fn closed_outputs_do_not_panic() {
    let journal = Journal::new();
    for args in [&["--json", "show", "nope"][..], &["show", "nope"], &["--json", "show", "--bogus"], &["list"]] {
        let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").map_or_else(|_| Stdio::null(), Stdio::from);
        let status = journal.command(args).stdout(full()).stderr(full()).status().expect("it runs");
        assert!(matches!(status.code(), Some(0 | 2)), "{args:?} {status}");
    }
}

#[test]
fn mixed_journals_have_one_order() {
    let journal = Journal::new();
    for n in 0..60 {
        journal.write(&format!("sessions/current/202611{:02}-{:02}.md", n % 28 + 1, n % 7 + 1), "x");
        journal.write(&format!(".agents/sessions/note-{n}.md"), "x");
        journal.write(&format!(".agents/sessions/202611{:02}-10000{}-x.md", n % 28 + 1, n % 10), "x");
    }
    let ids = journal.run(&["list", "-f", "id"]).ok().out;
    assert!(ids.lines().next().is_some_and(|l| l.starts_with("20261128-")) && ids.lines().last() == Some("note-0"), "{ids}");
}

#[test]
fn the_lines_of_a_block_are_edited_by_their_fields() {
    let journal = Journal::new();
    journal.run(&["new", "a"]).ok();
    journal.run(&["add", "problem", "Timeouts", "--issue", "slow", "--fix", "retry"]).ok();
    journal.run(&["show"]).ok();
    journal.run(&["edit", "problems:1", "Timeouts of DNS", "--field", "fix=cache"]).ok();
    assert!(journal.read(LOG).contains("### **Problem 1: Timeouts of DNS**\n\n- **Issue**: slow\n- **Solution / Work-around**: cache\n\n"));
    let run = journal.run(&["edit", "problems:1", "X", "--field", "lesson=y"]).code(2);
    assert!(run.err.starts_with("shiftlog: that entry has no line `Lesson` yet\n"), "{}", run.err);
    let _ = journal.run(&["edit", "problems:1", "X", "--why", "y"]).code(2);
    let journal = Journal::agents();
    journal.run(&["new", "a"]).ok();
    journal.run(&["add", "decision", "Use A", "--why", "fast"]).ok();
    journal.run(&["show"]).ok();
    journal.run(&["edit", "decisions:1", "Use B", "--why", "small"]).ok();
    let text = journal.read(".agents/sessions/20261120-143000-a.md");
    assert!(text.contains("### Decision 1: Use B\n\n- **Decision**: Use B\n- **Rationale**: small\n"), "{text}");
}

#[test]
fn a_profile_without_tags_says_so() {
    let journal = Journal::new().file("shiftlog.toml", "[profiles.resonance7.keys]\ntags = []\n");
    journal.run(&["new", "a"]).ok();
    let run = journal.run_with(&["session", "--from", "-"], "tags: [x]").code(2);
    assert_eq!(run.err, "shiftlog: profile resonance7 has no `tags`\nhint: leave the key out\n");
}

#[test]
fn a_copied_journal_undoes_its_own_writes() {
    let journal = Journal::new();
    journal.run(&["new", "a"]).ok();
    let begun = journal.read(LOG);
    journal.run(&["add", "summary", "x"]).ok();
    let text = journal.read(LOG);
    let other = Journal::empty();
    assert!(Command::new("cp").arg("-r").arg(journal.path(".")).arg(other.root()).status().expect("it runs").success());
    other.run(&["undo"]).ok().err(&format!("restored: {LOG}\n"));
    assert_eq!((other.read(LOG), journal.read(LOG)), (begun, text));
    other.run(&["undo"]).ok().err(&format!("moved to the trash: {LOG}\n"));
    assert!(journal.path(LOG).exists());
}
