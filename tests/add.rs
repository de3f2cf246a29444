//! `add`, `done`, `edit`, `drop`: entries in a log.

use crate::builder::Journal;

const LOG: &str = "sessions/current/20261120-01.md";

fn started() -> Journal {
    let journal = Journal::new().at("2026-11-20T14:00:00Z");
    journal.run(&["new", "Weather fallback"]).ok().err("created 20261120-01  sessions/current/20261120-01.md\n").out("");
    let mut journal = journal;
    journal.clock("2026-11-20T15:00:00Z");
    journal
}

fn lines_added(before: &str, after: &str) -> Vec<String> {
    let diff = similar::TextDiff::from_lines(before, after);
    diff.iter_all_changes()
        .filter(|c| c.tag() != similar::ChangeTag::Equal)
        .map(|c| format!("{}{}", c.tag(), c.value().trim_end()))
        .collect()
}

#[test]
fn add_writes_each_kind_in_the_shape_of_the_format() {
    let journal = started();
    let cases: &[(&[&str], &str)] = &[
        (&["summary", "Built the fallback"], "- Built the fallback"),
        (&["decision", "Use met.no", "--why", "free, no key"], "- **Use met.no** – free, no key"),
        (&["deliverable", "Client", "--file", "src/met.rs", "--metric", "12 tests"], "- ✅ **Client** – src/met.rs — 12 tests"),
        (&["deliverable", "Cache", "--state", "partial"], "- 🚧 **Cache**"),
        (&["deliverable", "Latency", "--state", "metric", "--metric", "40 ms"], "- 📊 **Latency** — 40 ms"),
        (&["highlight", "Retries with jitter"], "- Retries with jitter"),
        (&["next", "Add caching", "--priority", "high"], "- [ ] Add caching"),
        (&["next", "Rename module"], "- [ ] Rename module"),
        (&["context", "environment", "branch feature/met"], "- branch feature/met"),
        (&["source", "https://api.met.no/docs", "--note", "API"], "- https://api.met.no/docs – API"),
        (&["source", "src/main.rs", "--note", "entry point"], "- src/main.rs – entry point"),
        (&["note", "likes short names", "--kind", "feedback"], "- likes short names"),
    ];
    for (args, line) in cases {
        let before = journal.read(LOG);
        let mut all = vec!["add"];
        all.extend(*args);
        journal.run(&all).ok();
        let changes = lines_added(&before, &journal.read(LOG));
        assert!(changes.contains(&format!("+{line}")), "{args:?} {changes:?}");
        assert!(
            changes.iter().all(|c| c.contains('[') || c.starts_with("-- ") || c == &format!("+{line}") || c.contains("last_updated")),
            "{changes:?}"
        );
    }
}

#[test]
fn the_first_entry_takes_the_place_of_placeholders() {
    let journal = started();
    journal.run(&["add", "decision", "Use met.no", "--why", "free"]).ok();
    let text = journal.read(LOG);
    assert!(text.contains("## Key Decisions & Rationale\n\n- **Use met.no** – free\n\n## Deliverables"));
    journal.run(&["add", "problem", "Timeouts", "--issue", "slow", "--cause", "DNS", "--fix", "retry", "--lesson", "measure"]).ok();
    let block = "### **Problem 1: Timeouts**\n\n- **Issue**: slow\n- **Root Cause**: DNS\n- **Solution / Work-around**: retry\n- **Lesson**: measure\n\n## Next";
    assert!(journal.read(LOG).contains(block), "{}", journal.read(LOG));
    journal.run(&["add", "problem", "Bad JSON"]).ok();
    assert!(journal.read(LOG).contains("- **Lesson**: measure\n\n### **Problem 2: Bad JSON**\n\n## Next"));
}

#[test]
fn a_problem_that_is_there_gets_only_what_it_lacks() {
    let journal = started();
    journal.run(&["add", "problem", "Timeouts", "--issue", "slow"]).ok();
    journal.run(&["add", "problem", "timeouts.", "--fix", "retry"]).ok();
    assert!(journal.read(LOG).contains("### **Problem 1: Timeouts**\n\n- **Issue**: slow\n- **Solution / Work-around**: retry\n\n"));
    assert!(!journal.read(LOG).contains("Problem 2"));
}

#[test]
fn the_same_again_writes_nothing() {
    let journal = started();
    let adds: &[&[&str]] = &[
        &["add", "summary", "Built the fallback"],
        &["add", "decision", "Use met.no", "--why", "free"],
        &["add", "problem", "Timeouts", "--issue", "slow"],
        &["add", "next", "Add caching", "--priority", "high"],
        &["add", "context", "state", "works"],
        &["add", "source", "https://api.met.no", "--note", "docs"],
        &["add", "related", "20261119-02", "--why", "same API"],
        &["add", "note", "fine"],
        &["set", "rating=5"],
        &["unset", "nothing"],
        &["done", "Add caching"],
        &["status", "Handoff"],
    ];
    for args in adds {
        journal.run(args).ok();
        let path = journal.path(LOG);
        let before = (journal.read(LOG), std::fs::metadata(&path).and_then(|m| m.modified()).expect("a time"));
        let answer = journal.json(args);
        assert_eq!(answer["changed"], false, "{args:?} {answer}");
        assert_eq!(before, (journal.read(LOG), std::fs::metadata(&path).and_then(|m| m.modified()).expect("a time")), "{args:?}");
    }
}

#[test]
fn entries_that_differ_cosmetically_are_the_same() {
    let journal = started();
    journal.run(&["add", "decision", "Use the recieved token", "--why", "it works"]).ok();
    let run = journal.run(&["add", "decision", "use the *received* token", "--why", "It works."]).ok();
    assert_eq!(
        run.err,
        format!("already there: decisions:1  **Use the recieved token** – it works  {LOG}:22\n20261120-01: nothing to write\n")
    );
    journal
        .run(&["add", "decision", "Use the received token", "--why", "it works not"])
        .ok()
        .err(&format!("added decisions:2  **Use the received token** – it works not  {LOG}:23\n"));
}

#[test]
fn a_substantive_change_stamps_and_nothing_else_does() {
    let mut journal = started();
    let stamp = |j: &Journal| j.read(LOG).lines().find(|l| l.starts_with("last_updated")).map(str::to_string);
    let begun = Some("last_updated: \"2026-11-20 14:00:00 UTC\"".to_string());
    for args in [
        &["set", "rating=5"][..],
        &["unset", "rating"],
        &["status", "Handoff"],
        &["status", "Active", "--reopen"],
        &["add", "related", "x", "--dry-run"],
        &["show"],
        &["list"],
    ] {
        journal.run(args).ok();
        assert_eq!(stamp(&journal), begun, "{args:?}");
    }
    journal.run(&["add", "summary", "The fist entry"]).ok();
    let added = Some("last_updated: \"2026-11-20 15:00:00 UTC\"".to_string());
    assert_eq!(stamp(&journal), added);
    journal.clock("2026-11-20T16:00:00Z");
    journal.run(&["show"]).ok();
    journal.run(&["edit", "summary:1", "The first entry"]).ok();
    assert_eq!(stamp(&journal), added, "a slip of the pen is cosmetic");
    journal.run(&["edit", "summary:1", "The first entry says more"]).ok();
    assert_eq!(stamp(&journal), Some("last_updated: \"2026-11-20 16:00:00 UTC\"".to_string()));
    journal.clock("2026-11-20T12:00:00Z");
    journal.run(&["add", "summary", "From the past"]).ok();
    assert_eq!(stamp(&journal), Some("last_updated: \"2026-11-20 16:00:00 UTC\"".to_string()), "never backwards");
    assert!(journal.read(LOG).contains("created: \"2026-11-20 14:00:00 UTC\""));
}

#[test]
fn done_ticks_by_words_and_by_number() {
    let journal = started();
    journal.run(&["add", "next", "Add caching for forecasts", "--priority", "high"]).ok();
    journal.run(&["add", "next", "Add metrics"]).ok();
    journal.run(&["done", "caching"]).ok();
    assert!(journal.read(LOG).contains("- [x] Add caching for forecasts"));
    journal.run(&["done", "add"]).ok();
    assert!(journal.read(LOG).contains("- [x] Add metrics"), "the only open one is meant");
    journal.run(&["add", "next", "Add tracing"]).ok();
    journal.run(&["add", "next", "Add alerts"]).ok();
    let run = journal.run(&["done", "add"]).code(2);
    assert!(run.err.contains("fits 4 entries") && run.err.contains("SECTION:N"), "{}", run.err);
    journal.run(&["done", "next:4"]).ok();
    assert!(journal.read(LOG).contains("- [x] Add alerts"));
    let run = journal.run(&["done", "nothing like this"]).code(2);
    assert_eq!(run.err, "shiftlog: no open item `nothing like this`\nhint: there is `next:3 Add tracing`\n");
}

#[test]
fn edit_and_drop_are_refused_unless_show_printed_that_entry_there() {
    let journal = started();
    journal.run(&["add", "decision", "First"]).ok();
    journal.run(&["add", "decision", "Second"]).ok();
    let refusal = "shiftlog: decisions:1 is not the entry that `show` last printed there\nhint: the log changed, or was not shown yet: run `shiftlog show` and take the number from there\n";
    journal.run(&["drop", "decisions:1"]).code(2).err(refusal);
    journal.run(&["show", "--section", "decisions"]).ok();
    journal.run(&["drop", "decisions:1"]).ok();
    assert!(!journal.read(LOG).contains("First"));
    journal.run(&["drop", "decisions:1"]).code(2).err(refusal);
    assert!(journal.read(LOG).contains("Second"));
    journal.run(&["show"]).ok();
    journal.run(&["edit", "decisions:1", "Third", "--why", "better"]).ok();
    assert!(journal.read(LOG).contains("- **Third** – better\n"));
    journal.run(&["edit", "decisions:1", "Fourth"]).ok();
    assert!(journal.read(LOG).contains("- **Fourth** – better\n"));
    journal.run(&["edit", "decisions:1", "--raw", "Fifth, *plainly*"]).ok();
    assert!(journal.read(LOG).contains("- Fifth, *plainly*\n"));
}

#[test]
fn another_markers_list_stays_that_list() {
    let journal = Journal::new().file(LOG, "## Summary\n* one\n* two\n\n## Next Steps\n1. first\n2. second\n");
    journal.run(&["add", "summary", "three\nand more"]).ok();
    journal.run(&["add", "next", "third"]).ok();
    assert_eq!(journal.read(LOG), "## Summary\n* one\n* two\n* three\n  and more\n\n## Next Steps\n1. first\n2. second\n3. [ ] third\n");
    journal.run(&["done", "second"]).ok();
    assert!(journal.read(LOG).contains("2. [x] second\n"));
}

#[test]
fn a_missing_section_is_made_where_the_order_puts_it() {
    let journal = Journal::new().file(LOG, "# T\n\n## Summary\n\n- one\n\n## Mine\n\ntext\n\n## Sources\n\n- x\n");
    journal.run(&["add", "decision", "D"]).ok();
    journal.run(&["add", "note", "N"]).ok();
    journal.run(&["add", "next", "X", "--priority", "low"]).ok();
    journal.run(&["add", "next", "Y", "--priority", "high"]).ok();
    let expected = "# T\n\n## Summary\n\n- one\n\n## Key Decisions & Rationale\n\n- **D**\n\n## Next Work Items\n\n### **High Priority**\n\n- [ ] Y\n\n### **Low Priority**\n\n- [ ] X\n\n## Mine\n\ntext\n\n## Sources\n\n- x\n\n## Notes\n\n#### **Process Insights**\n\n- N\n";
    assert_eq!(journal.read(LOG), expected);
}

#[test]
fn dry_run_prints_a_diff_and_writes_nothing() {
    let journal = started();
    let before = journal.read(LOG);
    let run = journal.run(&["add", "summary", "Dry", "--dry-run"]).ok();
    assert!(run.out.starts_with(&format!("--- a/{LOG}\n+++ b/{LOG}\n@@")), "{}", run.out);
    assert!(run.out.contains("\n+- Dry\n") && run.out.contains("\n-- [What was asked for, and what came of it]\n"), "{}", run.out);
    assert_eq!(journal.read(LOG), before);
    assert!(journal.json(&["add", "summary", "Dry", "-n"])["diff"].as_str().is_some_and(|d| d.contains("+- Dry")));
}

#[test]
fn text_comes_from_standard_input() {
    let journal = started();
    journal.run_with(&["add", "summary", "-"], "from a pipe\r\nsecond line\n").ok();
    assert!(journal.read(LOG).contains("- from a pipe\n  second line\n"));
}

#[test]
fn undo_takes_back_write_after_write() {
    let journal = started();
    let first = journal.read(LOG);
    journal.run(&["add", "summary", "one"]).ok();
    let second = journal.read(LOG);
    journal.run(&["add", "summary", "two"]).ok();
    journal.run(&["undo"]).ok().err(&format!("restored: {LOG}\n"));
    assert_eq!(journal.read(LOG), second);
    journal.run(&["undo"]).ok();
    assert_eq!(journal.read(LOG), first);
    journal.run(&["undo"]).ok().err(&format!("moved to the trash: {LOG}\n"));
    assert!(!journal.path(LOG).exists());
    journal.run(&["undo"]).code(2).err("shiftlog: there is no write to undo\n");
}

#[test]
fn undo_is_refused_when_somebody_changed_the_log_since() {
    let journal = started();
    journal.run(&["add", "summary", "one"]).ok();
    let text = journal.read(LOG).replace("one", "one, by hand");
    journal.write(LOG, &text);
    let run = journal.run(&["undo"]).code(2);
    assert!(run.err.contains("was changed since that write"), "{}", run.err);
    assert_eq!(journal.read(LOG), text);
}

#[test]
fn agents_entries_stand_where_the_format_has_them() {
    let mut journal = Journal::agents().at("2026-11-20T14:00:00Z");
    journal.run(&["new", "PLT-123 Weather fallback", "--extra", "linear_issue=BACK-123"]).ok().err("note: PLT-123 was left out of the file name\ncreated 20261120-140000-weather-fallback  .agents/sessions/20261120-140000-weather-fallback.md\n");
    journal.clock("2026-11-20T15:00:00Z");
    let log = ".agents/sessions/20261120-140000-weather-fallback.md";
    for args in [
        &["add", "wave", "Client"][..],
        &["add", "task", "Write client", "--key", "BACK-1"],
        &["add", "wave", "Rollout"],
        &["add", "task", "Deploy", "--wave", "2"],
        &["add", "command", "cargo test"],
        &["add", "file", "src/met.rs", "--note", "new client"],
        &["add", "criterion", "Falls back within 2 s"],
        &["add", "decision", "Use met.no", "--why", "free"],
        &["add", "blocker", "API key"],
        &["add", "next", "Review"],
        &["add", "deliverable", "Client", "--file", "src/met.rs"],
        &["add", "log", "Started the client", "--who", "backend-dev"],
        &["add", "log", "Second entry"],
        &["add", "agent", "backend-dev", "--task", "Write the client"],
        &["done", "Client"],
        &["done", "backend-dev", "--summary", "Client written"],
        &["set", "orchestration.current_task=Rollout"],
    ] {
        journal.run(args).ok();
    }
    let text = journal.read(log);
    for part in [
        "  linear_issue: \"BACK-123\"\n",
        "  current_task: \"Rollout\"\n",
        "  spawned_agents:\n    - agent: backend-dev\n      task: \"Write the client\"\n      status: completed\n      summary: Client written\n---\n",
        "## Execution Progress\n\n### Wave 1: Client (DONE)\n\n- [ ] BACK-1 – Write client\n\n### Wave 2: Rollout (ACTIVE)\n\n- [ ] Deploy\n\n## Technical",
        "### Files to Update\n\n- `src/met.rs` – new client\n",
        "```bash\ncargo test\n```\n",
        "## Acceptance Criteria\n\n- [ ] Falls back within 2 s\n",
        "## Decisions\n\n### Decision 1: Use met.no\n\n- **Decision**: Use met.no\n- **Rationale**: free\n",
        "## Blockers\n\n- API key\n\n## Next Steps\n\n- [ ] Review\n\n## Files Modified\n\n- `src/met.rs` – Client\n\n## Session Log\n\n### 2026-11-20 15:00 - backend-dev\n\n- Started the client\n\n### 2026-11-20 15:00 - Second entry\n",
        "  last_updated: \"2026-11-20T15:00:00Z\"\n",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
    for args in [
        &["add", "wave", "Client"][..],
        &["add", "command", "cargo test"],
        &["add", "agent", "backend-dev", "--task", "Write the client"],
        &["add", "decision", "Use met.no"],
    ] {
        assert_eq!(journal.json(args)["changed"], false, "{args:?}");
    }
    assert_eq!(journal.json(&["add", "log", "Second entry"])["changed"], true);
}
