//! Next items that stay open go on in the next log, and are completed in all of them at once.

use std::fs;

use serde_json::json;

use crate::builder::Journal;
use crate::import::Claude;

const FIRST: &str = "sessions/current/20261119-01.md";
const SECOND: &str = "sessions/current/20261120-01.md";

/// A journal whose first log, of the day before, was handed off with three open next items and one that is done.
fn handed_off() -> Journal {
    let mut journal = Journal::new().at("2026-11-19T09:00:00Z");
    let _ = journal.run(&["new", "Keys"]).ok();
    for (text, priority) in [("Rotate the keys", "high"), ("Write it down\nfor everybody", "medium"), ("Tidy up", "low"), ("Ask", "low")] {
        let _ = journal.run(&["add", "next", text, "--priority", priority]).ok();
    }
    let _ = journal.run(&["done", "Ask"]).ok();
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-20T14:30:00Z");
    journal
}

/// The next items of a log.
fn next(journal: &Journal, path: &str) -> Vec<String> {
    let text = journal.read(path);
    let section = text.split("## Next Work Items\n").nth(1).or_else(|| text.split("## Next Steps\n").nth(1)).expect("a section");
    let section = section.split("\n## ").next().expect("its text");
    section.lines().filter(|line| !line.trim().is_empty()).map(str::to_string).collect()
}

const CARRIED: [&str; 7] = [
    "### **High Priority**",
    "- [ ] Rotate the keys ([[20261119-01]], 2026-11-19)",
    "### **Medium Priority**",
    "- [ ] Write it down",
    "  for everybody ([[20261119-01]], 2026-11-19)",
    "### **Low Priority**",
    "- [ ] Tidy up ([[20261119-01]], 2026-11-19)",
];

#[test]
fn without_a_flag_nothing_is_carried_and_that_is_said() {
    let journal = handed_off();
    let before = journal.read(FIRST);
    let note = "note: 3 next items are open in 20261119-01; `--carry` takes what is open into the new log\n";
    journal.run(&["new", "Next"]).ok().out("").err(&format!("{note}created 20261120-01  {SECOND}\n"));
    assert!(!journal.read(SECOND).contains("20261119-01"));
    journal.run(&["new", "Next", "--no-carry"]).ok().err("created 20261120-02  sessions/current/20261120-02.md\n");
    let answer = journal.json(&["start", "--new", "More"]);
    assert_eq!((&answer["carried"], &answer["notices"]), (&json!([]), &json!([note.trim_start_matches("note: ").trim_end()])));
    assert_eq!(journal.read(FIRST), before);
    journal.run(&["new", "--carry", "--no-carry"]).code(2);
}

#[test]
fn open_items_are_carried_with_priority_origin_and_date() {
    let journal = handed_off();
    let before = journal.read(FIRST);
    let diff = journal.run(&["new", "Next", "--carry", "-n"]).ok().out;
    assert!(diff.contains("+- [ ] Tidy up ([[20261119-01]], 2026-11-19)\n"), "{diff}");
    let answer = journal.json(&["new", "Next", "--carry"]);
    assert_eq!(next(&journal, SECOND), CARRIED);
    assert_eq!(
        answer["carried"],
        json!([
            {"text": "Rotate the keys", "priority": "high", "session": "20261119-01", "since": "2026-11-19", "entry": "next:1"},
            {"text": "Write it down\nfor everybody", "priority": "medium", "session": "20261119-01", "since": "2026-11-19", "entry": "next:2"},
            {"text": "Tidy up", "priority": "low", "session": "20261119-01", "since": "2026-11-19", "entry": "next:3"},
        ])
    );
    assert_eq!(journal.read(FIRST), before);
    // The log that took them is open: nothing is left for others.
    let note = "note: nothing is open in 20261119-01 that could be carried\n";
    journal.run(&["new", "Third", "--carry"]).ok().err(&format!("{note}created 20261120-02  sessions/current/20261120-02.md\n"));
    journal.run(&["new", "Fourth"]).ok().err("created 20261120-03  sessions/current/20261120-03.md\n");
}

#[test]
fn a_log_that_was_handed_off_goes_on_with_its_items() {
    let journal = handed_off();
    let run = journal.run(&["start", "--resume", "@", "--carry"]).ok();
    assert_eq!(run.err, format!("carried 3 open items forward from 20261119-01\ncreated 20261120-01  {SECOND}\n"));
    assert_eq!(next(&journal, SECOND), CARRIED);
    assert!(journal.read(SECOND).contains("- [[20261119-01]] – this session continues it\n"));
    journal.run(&["undo"]).ok();
    let answer = journal.json(&["start", "--new", "Other", "--carry"]);
    assert_eq!(answer["carried"].as_array().map(Vec::len), Some(3));
    assert_eq!(journal.json(&["start", "--resume", "@", "--carry"])["carried"], json!([]), "an open log goes on itself");
}

#[test]
fn an_item_keeps_its_first_origin_and_date() {
    let mut journal = handed_off();
    let _ = journal.run(&["new", "Second", "--carry"]).ok();
    let _ = journal.run(&["done", "Tidy up"]).ok();
    let _ = journal.run(&["add", "next", "Rotate the keys"]).ok();
    let _ = journal.run(&["add", "next", "Its own", "--priority", "low"]).ok();
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-25T08:00:00Z");
    let _ = journal.run(&["new", "Third", "--carry"]).ok();
    let third = [&CARRIED[..6], &["- [ ] Its own ([[20261120-01]], 2026-11-20)"]].concat();
    assert_eq!(next(&journal, "sessions/current/20261125-01.md"), third);
    let out = journal.run(&["handoff"]).ok().out;
    let open = "## Open work\n\n- Rotate the keys (high) ([[20261119-01]]) (2026-11-19)\n- Write it down for everybody ([[20261119-01]]) (2026-11-19)\n\
                - Its own (low) ([[20261120-01]]) (2026-11-20)\n";
    assert!(out.contains(open), "{out}");
}

#[test]
fn done_completes_an_item_wherever_it_stands() {
    let mut journal = handed_off();
    let _ = journal.run(&["new", "Second", "--carry"]).ok();
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-25T08:00:00Z");
    let _ = journal.run(&["new", "Third", "--carry"]).ok();
    let texts = || [FIRST, SECOND, "sessions/current/20261125-01.md"].map(|path| journal.read(path));
    let before = texts();
    let diff = journal.run(&["done", "Rotate the keys", "-n"]).ok().out;
    assert_eq!((diff.matches("\n+- [x] Rotate the keys").count(), texts()), (3, before.clone()));
    let answer = journal.json(&["done", "Rotate the keys"]);
    assert_eq!(answer["session"], "20261125-01");
    let also: Vec<&str> = answer["also"].as_array().expect("a list").iter().filter_map(|log| log["session"].as_str()).collect();
    assert_eq!((also.len(), also.contains(&"20261119-01"), also.contains(&"20261120-01")), (2, true, true));
    assert_eq!(answer["also"][0]["entries"][0]["action"], "completed");
    for (after, before) in texts().iter().zip(&before) {
        let stamped = before.lines().find(|line| line.starts_with("last_updated")).expect("a stamp");
        let expected =
            before.replace("- [ ] Rotate the keys", "- [x] Rotate the keys").replace(stamped, "last_updated: \"2026-11-25 08:00:00 UTC\"");
        assert_eq!(*after, expected);
    }
    assert_eq!(journal.json(&["done", "Rotate the keys"])["also"], json!([]));
    journal.run(&["undo"]).ok();
    assert_eq!(texts(), before, "one step takes all of it back");

    // Done in the origin, it is done where it was carried to.
    let _ = journal.run(&["done", "Tidy up", "-s", "20261119-01"]).ok();
    assert!(texts().iter().all(|text| text.contains("- [x] Tidy up")));
}

#[test]
fn a_killed_done_is_completed_when_it_is_repeated() {
    let journal = handed_off();
    let _ = journal.run(&["new", "Second", "--carry"]).ok();
    journal.write(SECOND, journal.read(SECOND).replace("- [ ] Tidy up", "- [x] Tidy up"));
    journal.run(&["done", "Tidy up"]).ok().err(&format!(
        "already there: next:3  Tidy up ([[20261119-01]], 2026-11-19)  {SECOND}:{}\ncompleted next:3  Tidy up  {FIRST}:{}\n20261120-01: nothing to write\n",
        line(&journal, SECOND, "Tidy up"),
        line(&journal, FIRST, "Tidy up"),
    ));
    assert!(journal.read(FIRST).contains("- [x] Tidy up\n"));
    // Gone from its origin, or a log that is gone as a whole: no error.
    journal.write(FIRST, journal.read(FIRST).replace("- [ ] Rotate the keys\n", ""));
    let _ = journal.run(&["done", "Rotate the keys"]).ok();
    fs::remove_file(journal.path(FIRST)).expect("removed");
    let _ = journal.run(&["done", "Write it down"]).ok();
}

fn line(journal: &Journal, path: &str, text: &str) -> usize {
    journal.read(path).lines().position(|line| line.contains(text)).expect("a line") + 1
}

#[test]
fn a_document_completes_items_elsewhere_too() {
    let journal = handed_off();
    let _ = journal.run(&["new", "Second", "--carry"]).ok();
    let document = r#"{"next": [{"what": "Rotate the keys", "done": true}, {"what": "Tidy up"}]}"#;
    let run = journal.run_with(&["--json", "session", "--from", "-"], document).ok();
    let answer: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((&answer["session"], &answer["also"][0]["session"]), (&json!("20261120-01"), &json!("20261119-01")));
    assert!(journal.read(FIRST).contains("- [x] Rotate the keys\n") && journal.read(FIRST).contains("- [ ] Tidy up\n"));
    assert_eq!(journal.read(SECOND).matches("Rotate the keys").count(), 1);
    assert_eq!(journal.read(SECOND).matches("Tidy up").count(), 1);
}

#[test]
fn a_carried_item_follows_its_origin() {
    let mut journal = handed_off();
    let _ = journal.run(&["new", "Second", "--carry"]).ok();
    let _ = journal.run(&["continue", "20261119-01"]).ok();
    let lines = next(&journal, SECOND);
    assert_eq!(lines[1], "- [ ] Rotate the keys ([[20261119-01_pt1]], 2026-11-19)");
    let _ = journal.run(&["done", "Rotate the keys", "-s", "20261120-01"]).ok();
    assert!(journal.read("sessions/current/20261119-01_pt1.md").contains("- [x] Rotate the keys\n"));

    // In `recent` it is completed, in a zip it is left.
    let _ = journal.run(&["set", "description=Still open", "-s", "20261120-01"]).ok();
    journal.clock("2026-11-28T09:00:00Z");
    let _ = journal.run(&["add", "summary", "Goes on", "-s", "20261120-01"]).ok();
    let _ = journal.run(&["prune"]).ok();
    let _ = journal.run(&["done", "Tidy up", "-s", "20261120-01"]).ok();
    assert!(journal.read("sessions/recent/20261119-01_pt1.md").contains("- [x] Tidy up\n"));
    journal.clock("2027-01-10T09:00:00Z");
    let _ = journal.run(&["add", "summary", "Goes on still", "-s", "20261120-01"]).ok();
    let _ = journal.run(&["prune", "--archive", "--cleanup", "30"]).ok();
    let run = journal.run(&["done", "Write it down", "-s", "20261120-01"]).ok();
    assert!(
        run.err.starts_with("note: 20261119-01_pt1 lies in sessions/archived/2026-11.zip and stays as it is\ncompleted next:2 "),
        "{}",
        run.err
    );
}

#[test]
fn a_carried_item_follows_another_name() {
    let mut journal = Journal::agents().at("2026-11-19T09:00:00Z");
    let _ = journal.run(&["new", "Keys"]).ok();
    for args in [&["add", "context", "Why"][..], &["add", "state", "Works"], &["add", "next", "Rotate the keys", "--priority", "high"]] {
        let _ = journal.run(args).ok();
    }
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-20T14:30:00Z");
    let answer = journal.json(&["start", "--new", "Second", "--carry"]);
    assert_eq!(answer["carried"][0]["since"], "2026-11-19");
    let second = ".agents/sessions/20261120-143000-second.md";
    assert_eq!(next(&journal, second), ["- [ ] Rotate the keys ([[20261119-090000-keys]], 2026-11-19) (high priority)"]);
    let _ = journal.run(&["rename", "20261119-090000-keys", "Secrets"]).ok();
    assert_eq!(next(&journal, second), ["- [ ] Rotate the keys ([[20261119-090000-secrets]], 2026-11-19) (high priority)"]);
    let _ = journal.run(&["done", "Rotate the keys"]).ok();
    assert_eq!(next(&journal, ".agents/sessions/20261119-090000-secrets.md"), ["- [x] Rotate the keys (high priority)"]);
}

#[test]
fn without_a_handoff_and_of_what_templates_left_nothing_is_carried() {
    let journal = Journal::new().at("2026-11-20T14:30:00Z");
    let _ = journal.run(&["new", "Open"]).ok();
    let _ = journal.run(&["add", "next", "Mine"]).ok();
    let none = "note: no log was handed off: there is nothing to carry\n";
    journal.run(&["new", "Next", "--carry"]).ok().err(&format!("{none}created 20261120-02  sessions/current/20261120-02.md\n"));
    let _ = journal.run(&["handoff", "--mark", "20261120-02"]).ok();
    let none = "note: nothing is open in 20261120-02 that could be carried\n";
    journal.run(&["new", "Third", "--carry"]).ok().err(&format!("{none}created 20261120-03  sessions/current/20261120-03.md\n"));
    assert!(!journal.read("sessions/current/20261120-03.md").contains("]], "));
}

#[test]
fn the_date_is_that_of_the_turn_in_which_it_came_up() {
    let mut journal = Journal::new().at("2026-11-20T12:00:00Z");
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "Write the parser").write("w1", "src/a.rs", 3);
    claude
        .agent("a1", "The parser is written and handles all the cases that were asked for.\n\n## Next steps\n- Measure it with real data");
    claude.save(&journal);
    let _ = journal.run(&["import"]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    let _ = journal.run(&["add", "next", "By hand"]).ok();
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-23T08:00:00Z");
    let answer = journal.json(&["new", "Next", "--carry"]);
    let said: Vec<(&str, &str)> = answer["carried"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|i| (i["text"].as_str().expect("text"), i["since"].as_str().expect("a day")))
        .collect();
    assert_eq!(said, [("Measure it with real data", "2026-11-20"), ("By hand", "2026-11-20")]);
}

#[test]
fn another_wording_keeps_where_an_item_comes_from() {
    let journal = handed_off();
    let _ = journal.run(&["new", "Next", "--carry"]).ok();
    let _ = journal.run(&["show"]).ok();
    let _ = journal.run(&["edit", "next:1", "Rotate all keys"]).ok();
    assert_eq!(next(&journal, SECOND)[1], "- [ ] Rotate all keys ([[20261119-01]], 2026-11-19)");
    let _ = journal.run(&["edit", "next:1", "--raw", "Rotate none"]).ok();
    assert_eq!(next(&journal, SECOND)[1], "- [ ] Rotate none");
}

#[test]
fn an_item_that_somebody_wrote_down_again_is_not_offered() {
    let journal = handed_off();
    let _ = journal.run(&["new", "Second", "--no-carry"]).ok();
    let _ = journal.run(&["add", "next", "Tidy up"]).ok();
    let answer = journal.json(&["new", "Third", "--carry"]);
    let carried: Vec<&str> = answer["carried"].as_array().expect("a list").iter().filter_map(|item| item["text"].as_str()).collect();
    assert_eq!(carried, ["Rotate the keys", "Write it down\nfor everybody"]);
}

#[test]
fn what_an_agent_has_done_of_carried_items_is_done_where_they_come_from() {
    let mut journal = handed_off();
    journal.clock("2026-11-20T10:00:00Z");
    let _ = journal.run(&["start", "--resume", "@", "--carry"]).ok();
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "Rotate the keys").todos("t1", &[("Rotate the keys", "in_progress"), ("Write it down for everybody", "pending")]);
    claude.write("w1", "keys.md", 3).agent("a1", "The new keys are made.").save(&journal);
    journal.clock("2026-11-20T10:10:00Z");
    let taken = || {
        let _ = journal.run(&["import"]).ok();
        let _ = journal.run(&["capture", "--latest"]).ok();
        [FIRST, SECOND].map(|path| next(&journal, path).iter().filter(|line| line.starts_with("- [x]")).cloned().collect::<Vec<_>>())
    };
    assert_eq!(taken(), [vec!["- [x] Ask".to_string()], Vec::new()]);
    claude.user("u2", "Go on").todos("t2", &[("Rotate the keys", "completed"), ("Write it down for everybody", "pending")]);
    claude.agent("a2", "They are in place.").save(&journal);
    let done = [vec!["- [x] Rotate the keys", "- [x] Ask"], vec!["- [x] Rotate the keys ([[20261119-01]], 2026-11-19)"]];
    assert_eq!(taken(), done);
    // A box that a person opens again stays open.
    journal.write(SECOND, journal.read(SECOND).replace("- [x] Rotate", "- [ ] Rotate"));
    assert_eq!(taken()[1], [""; 0]);
    assert_eq!(journal.read(SECOND).matches("Rotate the keys (").count(), 1);
}

#[test]
fn the_session_after_a_handoff_takes_what_is_open() {
    let journal = handed_off();
    let document = r#"{"title": "More", "next": [{"what": "Tidy up", "priority": "low"}]}"#;
    let note = "note: 3 next items are open in 20261119-01; `--carry` takes what is open into the new log\n";
    let said = journal.run_with(&["session", "--from", "-", "-n"], document).ok().err;
    assert!(said.contains(note), "{said}");
    let answer = journal.run_with(&["--json", "session", "--from", "-", "--carry"], document).ok().answer();
    let carried: Vec<&str> = answer["carried"].as_array().expect("a list").iter().filter_map(|item| item["text"].as_str()).collect();
    assert_eq!(carried, ["Rotate the keys", "Write it down\nfor everybody", "Tidy up"]);
    let text = journal.read(SECOND);
    assert_eq!((text.matches("Tidy up").count(), text.contains("- [[20261119-01]] – this session continues it\n")), (1, true), "{text}");
    let _ = journal.run(&["done", "Tidy up"]).ok();
    assert!(journal.read(FIRST).contains("- [x] Tidy up\n"));
}

#[test]
fn what_is_nested_is_completed_where_it_comes_from() {
    let mut journal = Journal::new();
    let _ = journal.run(&["new", "First"]).ok();
    let (first, second) = ("sessions/current/20261120-01.md", "sessions/current/20261121-01.md");
    let items = "- [ ] Parent\n  - [ ] child one\n  - [ ] child one more\n- no box";
    journal.write(first, journal.read(first).replacen("- [Task 1]", items, 1));
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-21T08:00:00Z");
    let _ = journal.run(&["start", "--resume", "@", "--carry"]).ok();
    assert!(journal.read(second).contains("- [ ] no box ([[20261120-01]], 2026-11-20)\n"));
    let _ = journal.run(&["done", "child one"]).ok();
    for log in [first, second] {
        let text = journal.read(log);
        assert!(text.contains("\n  - [x] child one\n  - [ ] child one more\n") && text.contains("- [ ] Parent"), "{text}");
    }
    let _ = journal.run(&["done", "Parent"]).ok();
    assert!([first, second].iter().all(|log| journal.read(log).contains("- [x] Parent")));
    let _ = journal.run(&["undo"]).ok();
    let _ = journal.run(&["undo"]).ok();
    assert!([first, second].iter().all(|log| journal.read(log).contains("- [ ] Parent")));
    assert!([first, second].iter().all(|log| journal.read(log).contains("\n  - [ ] child one\n")));
}

#[test]
fn many_items_are_carried_in_one_go_and_stand_as_if_one_by_one() {
    let mut journal = Journal::new();
    let _ = journal.run(&["new", "First"]).ok();
    let (first, second) = ("sessions/current/20261120-01.md", "sessions/current/20261121-01.md");
    let item =
        |n: usize| format!("- [ ] Look at part {n}{}\n", if n.is_multiple_of(7) { "\n  - [ ] and below it\n  - a hint" } else { "" });
    let (high, low) = ((0..60).map(item).collect::<String>(), (100..160).map(item).collect::<String>());
    let text = journal.read(first).replacen("- [Task 1]\n", &high, 1).replacen("- [Task 3]\n", &low, 1);
    journal.write(first, text.replacen("part 5\n", "part 4\n", 1));
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-21T08:00:00Z");
    let answer = journal.json(&["start", "--resume", "@", "--carry"]);
    let carried = answer["carried"].as_array().expect("a list");
    assert_eq!(carried.len(), 119);
    let new = journal.read(second);
    let marked = |text: &str| text.replacen('\n', " ([[20261120-01]], 2026-11-20)\n", 1);
    let all = |range: std::ops::Range<usize>| range.filter(|n| *n != 5).map(|n| marked(&item(n))).collect::<String>();
    assert!(new.contains(&format!("### **High Priority**\n\n{}\n### **Medium Priority**\n", all(0..60))), "{new}");
    assert!(new.contains(&format!("### **Low Priority**\n\n{}\n## Context Snapshot\n", all(100..160))), "{new}");
    // What each is called is what `show` calls it.
    let shown = journal.json(&["show", "20261121-01", "--section", "next"]);
    let entry = |n: &str| {
        shown["entries"].as_array().expect("entries").iter().find(|e| format!("next:{}", e["n"]) == n).map(|e| e["text"].to_string())
    };
    for one in carried.iter().step_by(17) {
        let words = one["text"].as_str().and_then(|text| text.lines().next()).expect("words");
        assert!(entry(one["entry"].as_str().expect("an entry")).is_some_and(|text| text.contains(words)), "{one} {shown}");
    }
}
