//! `last_updated` tells the truth, whoever edits; and reading changes nothing.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;

use crate::builder::Journal;

const LOG: &str = "sessions/current/20261120-01.md";
const CREATED: &str = "2026-11-20 14:30:00 UTC";

/// A journal with one log, an hour later.
fn started() -> Journal {
    let mut journal = Journal::new();
    journal.run(&["new", "Weather fallback"]).ok();
    journal.run(&["add", "summary", "The fallback answers within a second"]).ok();
    journal.clock("2026-11-20T15:30:00Z");
    journal
}

/// Replaces a text of the log, as somebody did at that time.
fn edit(journal: &Journal, from: &str, to: &str, time: &str) {
    let text = journal.read(LOG);
    assert!(text.contains(from), "{from}");
    journal.save(LOG, &text.replace(from, to), time);
}

fn stamp(journal: &Journal) -> String {
    journal.property(LOG, "last_updated")
}

#[test]
fn work_that_others_added_is_stamped_once() {
    let journal = started();
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
    let text = journal.read(LOG);
    journal.run(&["sync", "--dry-run"]).ok().err("would stamp 20261120-01\n1 log checked\n");
    assert_eq!(journal.read(LOG), text);
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    assert_eq!(journal.read(LOG), text.replace(&format!("last_updated: \"{CREATED}"), "last_updated: \"2026-11-20 15:30:00 UTC"));
    let mut journal = journal;
    journal.clock("2026-11-20T16:30:00Z");
    journal.run(&["sync"]).ok().err("1 log checked\n");
    assert_eq!(stamp(&journal), "2026-11-20 15:30:00 UTC");
}

#[test]
fn cosmetic_edits_and_frontmatter_are_adopted() {
    let journal = started();
    edit(&journal, "The fallback answers", "the **fallbak** answers,", "2026-11-20T15:00:00Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    edit(&journal, "tags: [\"session\"]", "tags: [\"session\", \"api\"]\nreviewer: \"mara\"", "2026-11-20T15:01:00Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    edit(&journal, "status: \"Active\"", "status: \"Handoff\"", "2026-11-20T15:02:00Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    assert_eq!(stamp(&journal), CREATED);
    // What templates left is no work, written or removed.
    edit(&journal, "- [Notable technique, tool or command]\n", "", "2026-11-20T15:03:00Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    assert_eq!(stamp(&journal), CREATED);
}

#[test]
fn another_time_of_modification_is_no_change() {
    let journal = started();
    let text = journal.read(LOG);
    for time in ["2026-11-20T15:00:00Z", "2020-01-01T00:00:00Z", "2031-01-01T00:00:00Z"] {
        journal.modified(LOG, time);
        journal.run(&["sync"]).ok().err("1 log checked\n");
    }
    // Another inode, such as after a copy.
    fs::copy(journal.path(LOG), journal.path("copy")).expect("copied");
    fs::rename(journal.path("copy"), journal.path(LOG)).expect("renamed");
    journal.run(&["sync"]).ok().err("1 log checked\n");
    assert_eq!(journal.read(LOG), text);
}

#[test]
fn what_is_being_typed_waits_until_it_has_settled() {
    let mut journal = started();
    edit(&journal, "within a second\n", "within a second\n- It is o\n", "2026-11-20T15:29:50Z");
    journal.run(&["sync"]).ok().err("still being changed: 20261120-01\n1 log checked\n");
    journal.clock("2026-11-20T15:30:25Z");
    edit(&journal, "- It is o\n", "- It is on for everybody\n", "2026-11-20T15:30:05Z");
    journal.run(&["sync"]).ok().err("still being changed: 20261120-01\n1 log checked\n");
    assert_eq!(stamp(&journal), CREATED);
    journal.clock("2026-11-20T15:30:35Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    assert_eq!(stamp(&journal), "2026-11-20 15:30:35 UTC");
    // How long that is, the journal says.
    journal.write("shiftlog.toml", "settle_seconds = 0\n");
    journal.clock("2026-11-20T15:30:36Z");
    edit(&journal, "everybody\n", "everybody\n- Nobody waits\n", "2026-11-20T15:30:35Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
}

#[test]
fn a_lost_or_damaged_memory_adopts_what_is_there() {
    for damage in ["lose", "empty", "cut", "garbage"] {
        let journal = started();
        journal.run(&["sync"]).ok();
        for file in fs::read_dir(journal.path(".shiftlog")).expect("private").flatten() {
            if !file.file_name().to_string_lossy().starts_with("seen") {
                continue;
            }
            let bytes = fs::read(file.path()).expect("read");
            match damage {
                "lose" => fs::remove_file(file.path()).expect("removed"),
                "empty" => fs::write(file.path(), "").expect("written"),
                "cut" if !file.file_name().to_string_lossy().contains("texts") => {}
                "cut" => fs::write(file.path(), &bytes[..bytes.len() * 2 / 3]).expect("written"),
                _ => fs::write(file.path(), bytes.iter().map(|b| b ^ 0x55).collect::<Vec<_>>()).expect("written"),
            }
        }
        edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
        journal.run(&["sync"]).ok();
        assert_eq!(stamp(&journal), CREATED, "{damage}");
        edit(&journal, "everybody\n", "everybody\n- And it stays on\n", "2026-11-20T15:10:00Z");
        journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
        assert_eq!(stamp(&journal), "2026-11-20 15:30:00 UTC", "{damage}");
    }
}

#[test]
fn stamp_foreign_edits_false_ends_it() {
    let journal = started().file("shiftlog.toml", "stamp_foreign_edits = false\n");
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    edit(&journal, "everybody\n", "everybody\n- And it stays on\n", "2026-11-20T15:10:00Z");
    journal.run(&["set", "rating=4"]).ok();
    assert_eq!(stamp(&journal), CREATED);
    // shiftlog's own work still counts.
    journal.run(&["add", "summary", "The breaker is on"]).ok();
    assert_eq!(stamp(&journal), "2026-11-20 15:30:00 UTC");
}

#[test]
fn clocks_that_go_backwards_never_take_a_stamp_back() {
    let mut journal = started();
    journal.clock("2026-11-20T12:00:00Z");
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T11:00:00Z");
    journal.run(&["sync"]).ok();
    assert_eq!(stamp(&journal), CREATED);
    // A file from the future does not wait for ever.
    edit(&journal, "everybody\n", "everybody\n- And it stays on\n", "2026-11-21T11:00:00Z");
    journal.clock("2026-11-20T16:00:00Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    assert_eq!(stamp(&journal), "2026-11-20 16:00:00 UTC");
}

#[test]
fn somebody_elses_stamp_is_adopted() {
    let journal = started();
    let text = journal.read(LOG).replace("within a second\n", "within a second\n- It is on for everybody\n");
    let text = text.replace(&format!("last_updated: \"{CREATED}"), "last_updated: \"2026-11-20 14:59:00 UTC");
    journal.save(LOG, &text, "2026-11-20T15:29:59Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    assert_eq!(stamp(&journal), "2026-11-20 14:59:00 UTC");
}

#[test]
fn a_command_that_writes_the_log_stamps_what_others_did() {
    let journal = started();
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
    // Nothing to write is no write.
    journal.run(&["set", "status=Active"]).ok();
    assert_eq!(stamp(&journal), CREATED);
    journal.run(&["set", "rating=4"]).ok();
    assert_eq!(stamp(&journal), "2026-11-20 15:30:00 UTC");
}

#[test]
fn a_command_that_only_passes_by_does_not_swallow_what_is_being_typed() {
    let mut journal = started();
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:29:55Z");
    journal.run(&["set", "rating=4"]).ok();
    assert_eq!(stamp(&journal), CREATED);
    journal.modified(LOG, "2026-11-20T15:30:00Z");
    journal.clock("2026-11-20T15:31:00Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    // Work of shiftlog's own stamps for both.
    edit(&journal, "everybody\n", "everybody\n- And it stays on\n", "2026-11-20T15:30:55Z");
    journal.clock("2026-11-20T15:31:10Z");
    journal.run(&["add", "summary", "The breaker is on"]).ok();
    assert_eq!(stamp(&journal), "2026-11-20 15:31:10 UTC");
    journal.clock("2026-11-20T15:41:10Z");
    journal.run(&["sync"]).ok().err("1 log checked\n");
}

#[test]
fn edits_in_the_middle_of_a_line_of_yaml_wait() {
    let journal = started();
    edit(&journal, "status: \"Active\"", "status: \"Act", "2026-11-20T15:00:00Z");
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
    journal.run(&["sync"]).ok().err("still being changed: 20261120-01\n1 log checked\n");
    edit(&journal, "status: \"Act", "status: \"Active\"", "2026-11-20T15:05:00Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
}

#[test]
fn a_log_that_somebody_moved_keeps_its_memory() {
    let journal = started();
    fs::rename(journal.path(LOG), journal.path("sessions/recent/20261120-01.md")).expect("moved");
    let text = journal.read("sessions/recent/20261120-01.md").replace("within a second\n", "within a second\n- It is on for everybody\n");
    journal.save("sessions/recent/20261120-01.md", &text, "2026-11-20T15:00:00Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
}

#[test]
fn undo_is_no_edit_of_others() {
    let mut journal = started();
    journal.run(&["add", "summary", "The breaker is on"]).ok();
    journal.run(&["undo"]).ok();
    assert_eq!(stamp(&journal), CREATED);
    journal.clock("2026-11-20T16:30:00Z");
    journal.run(&["sync"]).ok().err("1 log checked\n");
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T16:00:00Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
}

#[test]
fn sync_answers_in_json() {
    let journal = started().file("sessions/current/20261120-02.md", "---\ntitle: \"B\"\n---\n\n## Summary\n\n- b\n");
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
    journal.modified("sessions/current/20261120-02.md", "2026-11-20T15:00:00Z");
    let answer = journal.json(&["sync"]);
    assert_eq!(
        answer.to_string(),
        r#"{"success":true,"action":"sync","dry_run":false,"checked":2,"stamped":["20261120-01"],"adopted":[],"new":["20261120-02"],"waiting":[],"notices":[]}"#
    );
}

#[test]
fn a_log_that_cannot_be_stamped_is_in_nobodys_way() {
    let journal = started().file("sessions/current/20261120-02.md", "---\ntitle: \"B\"\n---\n\n## Summary\n\n- b\n");
    journal.write(
        "sessions/current/20261120-03.md",
        "---\ntitle: \"C\"\nlast_updated: \"2026-11-20 10:00:00 UTC\"\n---\n\n## Summary\n\n- c\n",
    );
    journal.run(&["sync"]).ok();
    for (n, text) in [(1, "within a second\n"), (2, "- b\n"), (3, "- c\n")] {
        let path = format!("sessions/current/20261120-0{n}.md");
        let new = journal.read(&path).replace(text, &format!("{text}- and more\n"));
        journal.save(&path, &new, "2026-11-20T15:00:00Z");
    }
    let path = journal.path("sessions/current/20261120-03.md");
    let mut rights = fs::metadata(&path).expect("there").permissions();
    rights.set_readonly(true);
    fs::set_permissions(&path, rights).expect("set");
    for said in [&["stamped 20261120-01", "adopted 20261120-02", "3 logs checked"][..], &["3 logs checked"]] {
        let run = journal.run(&["sync"]).code(2);
        let lines: Vec<&str> = run.err.lines().collect();
        assert_eq!(&lines[..said.len()], said);
        assert!(
            lines[said.len()].starts_with("shiftlog: 1 of 3 logs could not be looked at or stamped: could not write log: "),
            "{}",
            run.err
        );
        assert!(lines[said.len()].ends_with("20261120-03.md"), "{}", run.err);
    }
    assert_eq!(journal.json(&["sync"])["error"]["kind"], "not-synced");
}

#[test]
fn undo_takes_back_the_command_and_not_what_others_did_before() {
    for (modified, stamped_first) in [("2026-11-20T15:00:00Z", true), ("2026-11-20T15:29:55Z", false)] {
        let mut journal = started();
        edit(&journal, "within a second\n", "within a second\n- Work by hand\n", modified);
        journal.run(&["set", "rating=4"]).ok();
        assert_eq!(stamp(&journal) != CREATED, stamped_first);
        journal.run(&["undo"]).ok();
        assert_eq!(stamp(&journal), CREATED);
        journal.modified(LOG, "2026-11-20T15:31:00Z");
        journal.clock("2026-11-20T16:30:00Z");
        journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
        assert!(journal.read(LOG).contains("- Work by hand\n"));
    }
}

#[test]
fn brackets_of_a_persons_own_are_work() {
    let mut journal = started();
    for (n, entry) in ["[Ticket 42]", "**Build 812** – [still red on macOS]", "[See page 12]"].into_iter().enumerate() {
        journal.clock(&format!("2026-11-20T16:3{n}:00Z"));
        edit(&journal, "within a second\n", &format!("within a second\n- {entry}\n"), "2026-11-20T15:00:00Z");
        journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    }
}

#[test]
fn eight_at_once_stamp_once() {
    let journal = started();
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
    thread::scope(|scope| {
        for _ in 0..8 {
            let journal = &journal;
            scope.spawn(move || journal.run(&["sync"]).ok());
        }
    });
    assert_eq!(journal.read(LOG).matches("last_updated").count(), 1);
    let ledger = journal.read(".shiftlog/ledger.jsonl");
    assert_eq!(ledger.lines().count(), 3, "new, add, and one stamp: {ledger}");
}

#[test]
fn the_memory_is_rewritten_when_it_is_mostly_garbage() {
    let mut journal = started();
    let filler = "all work and no play ".repeat(20_000);
    for n in 0..40_u32 {
        journal.clock(&format!("2026-11-20T16:{n:02}:00Z"));
        let text = journal.read(LOG);
        let start = text.find("## Notes").expect("a section");
        journal.save(LOG, &format!("{}## Notes\n\n{n} {filler}\n", &text[..start]), "2026-11-20T15:00:00Z");
        journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    }
    let packs: Vec<u64> = fs::read_dir(journal.path(".shiftlog"))
        .expect("private")
        .flatten()
        .filter(|f| f.file_name().to_string_lossy().starts_with("seen.texts-"))
        .map(|f| f.metadata().expect("a file").len())
        .collect();
    assert_eq!(packs.len(), 1);
    assert!(packs[0] < 9_000_000, "{packs:?}");
    journal.clock("2026-11-20T17:00:00Z");
    journal.run(&["sync"]).ok().err("1 log checked\n");
}

/// Runs git in the journal.
pub(crate) fn git(journal: &Journal, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]);
    command.args(args).current_dir(journal.root()).env_clear().env("HOME", journal.path("home")).stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.output().expect("git runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether git is installed; says so where it is not.
pub(crate) fn is_there() -> bool {
    let there = Command::new("git").arg("--version").output().is_ok();
    if !there {
        #[expect(clippy::print_stderr, reason = "a skipped test says why")]
        {
            eprintln!("skipped: git is not installed");
        }
    }
    there
}

/// A journal in a repository, or nothing where there is no git.
fn repository() -> Option<Journal> {
    if !is_there() {
        return None;
    }
    let journal = started().file(".gitignore", "home/\n");
    git(&journal, &["init", "-q"]);
    git(&journal, &["add", "."]);
    git(&journal, &["commit", "-qm", "first"]);
    Some(journal)
}

#[test]
fn switching_branches_dirties_nothing() {
    let Some(mut journal) = repository() else { return };
    git(&journal, &["checkout", "-qb", "other"]);
    journal.run(&["add", "summary", "On the other branch"]).ok();
    journal.clock("2026-11-20T16:30:00Z");
    edit(&journal, "other branch\n", "other branch\n- And by hand\n", "2026-11-20T16:00:00Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    git(&journal, &["commit", "-qam", "second"]);
    for branch in ["main", "other", "main", "other"] {
        git(&journal, &["checkout", "-q", branch]);
        journal.modified(LOG, "2026-11-20T16:10:00Z");
        journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
        assert_eq!(git(&journal, &["status", "--porcelain"]), "", "{branch}");
        assert_eq!(stamp(&journal), if branch == "main" { CREATED } else { "2026-11-20 16:30:00 UTC" });
    }
}

#[test]
fn a_pull_dirties_nothing() {
    let Some(journal) = repository() else { return };
    let mut other = Journal::empty().at("2026-11-20T15:45:00Z");
    git(&other, &["clone", "-q", &journal.root().display().to_string(), "clone"]);
    let clone = other.path("clone").display().to_string();
    other.clock("2026-11-20T15:50:00Z");
    other.run(&["--journal", &clone, "add", "summary", "From the other machine"]).ok();
    git(&other, &["-C", &clone, "commit", "-qam", "theirs"]);
    git(&journal, &["pull", "-q", &clone, "main"]);
    let mut journal = journal;
    journal.clock("2026-11-20T17:00:00Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    assert_eq!(git(&journal, &["status", "--porcelain"]), "");
    assert_eq!(stamp(&journal), "2026-11-20 15:50:00 UTC");
}

#[test]
fn a_stash_dirties_nothing() {
    let Some(mut journal) = repository() else { return };
    edit(&journal, "within a second\n", "within a second\n- By hand\n", "2026-11-20T15:00:00Z");
    journal.run(&["sync"]).ok().err("stamped 20261120-01\n1 log checked\n");
    let with = journal.read(LOG);
    git(&journal, &["stash", "-q"]);
    journal.clock("2026-11-20T17:00:00Z");
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    assert_eq!(git(&journal, &["status", "--porcelain"]), "");
    git(&journal, &["stash", "pop", "-q"]);
    journal.run(&["sync"]).ok().err("adopted 20261120-01\n1 log checked\n");
    assert_eq!(journal.read(LOG), with);
}

#[test]
fn reading_changes_no_file() {
    let mut journal = started();
    journal.run(&["new", "Second"]).ok();
    journal
        .write("sessions/current/20261119-01.md", "---\ntitle: \"Old\"\ncreated: \"2026-11-19 10:00:00 UTC\"\n---\n\n## Summary\n\n- x\n");
    journal.write("sessions/recent/20261101-01.md", "---\ntitle: \"Older\"\n---\n\n## Summary\n\n- x [[20261119-01]]\n");
    journal.run(&["prune", "--archive"]).ok();
    edit(&journal, "within a second\n", "within a second\n- It is on for everybody\n", "2026-11-20T15:00:00Z");
    journal.clock("2026-11-20T18:30:00Z");
    let state = |journal: &Journal| {
        let mut files: Vec<_> = walkdir::WalkDir::new(journal.root())
            .into_iter()
            .flatten()
            .filter(|f| f.file_type().is_file() && !f.path().display().to_string().contains("/.shiftlog/shown"))
            .map(|f| {
                (f.path().to_path_buf(), f.metadata().expect("metadata").modified().expect("a time"), fs::read(f.path()).expect("bytes"))
            })
            .collect();
        files.sort();
        files
    };
    let before = state(&journal);
    let reading: &[&[&str]] = &[
        &["list"],
        &["list", "--format", "full"],
        &["list", "--open-tasks"],
        &["show"],
        &["show", "20261101-01"],
        &["path"],
        &["status"],
        &["lint"],
        &["lint", "--rules"],
        &["lint", "--fix", "--dry-run"],
        &["sync", "--dry-run"],
        &["prune", "--dry-run", "--days", "0", "--archive", "--cleanup", "0"],
        &["continue", "--dry-run"],
        &["rename", "20261120-01", "Other words", "--dry-run"],
        &["restore"],
        &["restore", "20261101-01", "--dry-run"],
        &["new", "X", "--dry-run"],
        &["add", "summary", "X", "--dry-run"],
        &["set", "a=b", "--dry-run"],
        &["undo", "--dry-run"],
        &["completions", "bash"],
        &["man", "sync"],
        &["--help"],
    ];
    for args in reading {
        let run = journal.run(args);
        assert!(matches!(run.code, Some(0 | 1)), "{args:?}: {}", run.err);
        assert!(state(&journal) == before, "{args:?} changed a file");
    }
}
