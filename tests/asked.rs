//! What is asked on a terminal, and what answers do.

use crate::builder::Journal;

/// Two open logs.
fn two() -> Journal {
    let journal = Journal::new();
    for topic in ["Keys", "Cache"] {
        let _ = journal.run(&["new", topic]).ok();
    }
    journal
}

#[test]
fn a_shift_begins_with_a_choice() {
    let journal = two();
    let Some(said) = journal.typed(&["start"], "7\n\n2\n") else { return };
    assert!(said.contains("  1  20261120-02  ") && said.contains("  2  20261120-01  "), "{said}");
    assert!(said.contains("number to go on with, or a title for a new log:\nthere is no number 7\n"), "{said}");
    assert!(
        said.contains("# Session 20261120-01: Keys\n") && said.ends_with("open 20261120-01  sessions/current/20261120-01.md\n"),
        "{said}"
    );
    // Whoever wants to leave begins no log called `q`.
    let said = journal.typed(&["start"], "q\nn\nParser\n\n").expect("a terminal");
    assert!(said.contains("begin a new log `q`? [Y/n]\n") && said.contains("begin a new log `Parser`? [Y/n]\n"), "{said}");
    assert!(said.ends_with("created 20261120-03  sessions/current/20261120-03.md\n"), "{said}");
    assert!(journal.read("sessions/current/20261120-03.md").contains("title: \"Session 20261120-03: Parser\""));
    let said = journal.typed(&["start"], "").expect("a terminal");
    assert!(said.ends_with("shiftlog: nothing was chosen\nhint: `--resume LOG` or `--new TITLE` chooses\n"), "{said}");
    assert!(!journal.path("sessions/current/20261120-04.md").exists());
}

#[test]
fn open_items_are_offered() {
    let journal = two();
    let _ = journal.run(&["add", "next", "Rotate the keys"]).ok();
    let _ = journal.run(&["handoff", "--mark"]).ok();
    let Some(said) = journal.typed(&["new", "Next"], "maybe\nn\n") else { return };
    assert_eq!(said.matches("carry 1 open item forward? [Y/n]\n").count(), 2, "{said}");
    assert!(said.contains("open in 20261120-02:\n  - Rotate the keys (medium), since 2026-11-20\n"), "{said}");
    assert!(!journal.read("sessions/current/20261120-03.md").contains("Rotate"));
    let said = journal.typed(&["new", "More"], "\n").expect("a terminal");
    assert!(said.contains("carried 1 open item forward from 20261120-02\n"), "{said}");
    assert!(journal.read("sessions/current/20261120-04.md").contains("- [ ] Rotate the keys ([[20261120-02]], 2026-11-20)\n"));
}

#[test]
fn finishing_asks_where_things_go() {
    let journal = two();
    for args in [&["decision", "A ring buffer", "--why", "it is small"][..], &["decision", "Two of them"], &["next", "Measure it"]] {
        let _ = journal.run(&[&["add"], args].concat()).ok();
    }
    let log = journal.read("sessions/current/20261120-02.md");
    let Some(said) = journal.typed(&["finish"], "5\n1\nwork.md\nno\n") else { return };
    assert!(said.contains("decisions to record in docs/decisions: all, none, or numbers [all]:\n`5` chooses no decisions: "), "{said}");
    assert!(said.ends_with("complete it? [y/N]\nnothing was done\n"), "{said}");
    assert_eq!(journal.read("sessions/current/20261120-02.md"), log);
    assert!(!journal.path("docs").exists() && !journal.path("work.md").exists());
    let said = journal.typed(&["finish"], "1\nwork.md\ny\n").expect("a terminal");
    let end = "decision written: docs/decisions/0001-a-ring-buffer.md\n1 remaining item added: work.md\n20261120-02: completed\n";
    assert!(said.ends_with(end), "{said}");
    assert!(!journal.path("docs/decisions/0002-two-of-them.md").exists());
}

#[test]
fn a_log_that_goes_is_asked_for_until_all_of_it_has_a_place() {
    let journal = Journal::agents();
    let _ = journal.run(&["new", "By hand"]).ok();
    for args in [["add", "decision", "A ring buffer"], ["add", "decision", "Two of them"], ["add", "next", "Measure it"]] {
        let _ = journal.run(&args).ok();
    }
    let Some(said) = journal.typed(&["finish"], "1\n\n\n-\nwork.md\ny\n") else { return };
    let goes = "the log goes, and that with it: say where it is to stand, or finish with --force\n";
    assert_eq!(said.matches(goes).count(), 3, "{said}");
    assert!(said.contains("\nfile for remaining work (.md or .json):\n"), "{said}");
    assert!(said.ends_with("1 remaining item added: work.md\n20261120-143000-by-hand: moved to the trash for 30 days\n"), "{said}");
    assert!(journal.path("docs/decisions/0002-two-of-them.md").exists());
}
