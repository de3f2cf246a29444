//! Many processes, killed processes, editors that save meanwhile, disks that refuse.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use shiftlog::journal::frontmatter::Properties;
use shiftlog::journal::outline::Outline;

use crate::builder::Journal;

const LOG: &str = "sessions/current/20261120-01.md";

fn started() -> Journal {
    let journal = Journal::new();
    journal.run(&["new", "Weather fallback"]).ok();
    journal
}

fn strays(journal: &Journal) -> Vec<String> {
    let files = fs::read_dir(journal.path("sessions/current")).expect("a directory").flatten();
    files.map(|f| f.file_name().to_string_lossy().into_owned()).filter(|n| n.starts_with('.')).collect()
}

#[test]
fn eight_processes_add_a_hundred_entries_each() {
    let journal = started();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|p| {
                let journal = &journal;
                scope.spawn(move || (0..100).for_each(|i| drop(journal.run(&["add", "summary", &format!("entry {p}-{i} done")]).ok())))
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let text = journal.read(LOG);
                assert!(text.starts_with("---\n") && text.ends_with("[What the next shift can start with]\n"), "a torn log");
                assert!(Properties::read(&text, Path::new(LOG)).is_ok());
            }
        });
        for writer in writers {
            writer.join().expect("every add succeeds");
        }
        done.store(true, Ordering::Relaxed);
    });
    let text = journal.read(LOG);
    for p in 0..8 {
        for i in 0..100 {
            assert_eq!(text.matches(&format!("- entry {p}-{i} done\n")).count(), 1, "entry {p}-{i}");
        }
    }
    assert_eq!(text.matches("\n- entry ").count(), 800);
    assert!(strays(&journal).is_empty());
}

#[test]
fn a_killed_process_leaves_one_of_two_complete_versions() {
    let journal = started();
    let mut complete = vec![journal.read(LOG)];
    for i in 0..200_u64 {
        let text = format!("entry number {i} of the loop");
        let mut child = journal.command(&["add", "summary", &text]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        thread::sleep(std::time::Duration::from_micros((i * 97) % 6000));
        let _ = child.kill();
        let _ = child.wait();
        let now = journal.read(LOG);
        let before = complete.last().expect("at least the first");
        if now != *before {
            assert_eq!(now.matches(&format!("- {text}\n")).count(), 1);
            let without = now.replace(&format!("- {text}\n"), "");
            assert!(*before == without || i == 0 || !before.contains("- entry"), "{before}\n---\n{now}");
            complete.push(now);
        }
    }
    assert!(strays(&journal).len() <= 2, "{:?}", strays(&journal));
    journal.run(&["add", "summary", "the last one"]).ok();
    assert!(strays(&journal).is_empty(), "{:?}", strays(&journal));
}

/// Runs `add` while an editor saves its own lines in a loop; every line of both must be in the log or be kept and reported.
fn editor_saves(save: impl Fn(&Path, &str) + Sync) {
    let journal = started();
    let path = journal.path(LOG);
    let done = AtomicBool::new(false);
    let saved = AtomicUsize::new(0);
    let reports = thread::scope(|scope| {
        let editor = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let count = saved.load(Ordering::Relaxed);
                let Ok(text) = fs::read_to_string(&path) else { continue };
                if !text.contains("## Notes") {
                    continue;
                }
                save(&path, &text.replace("## Notes\n", &format!("## Notes\n\nedit {count} by hand.\n")));
                saved.store(count + 1, Ordering::Relaxed);
                thread::sleep(std::time::Duration::from_millis(15));
            }
        });
        let mut reports = String::new();
        for i in 0..2000 {
            if saved.load(Ordering::Relaxed) >= 20 {
                break;
            }
            let run = journal.run(&["add", "summary", &format!("entry {i} done")]);
            reports.push_str(&run.err);
        }
        done.store(true, Ordering::Relaxed);
        editor.join().expect("the editor ends");
        reports
    });
    let kept: String = fs::read_dir(journal.path(".shiftlog/undo"))
        .expect("kept versions")
        .flatten()
        .map(|f| fs::read_to_string(f.path()).unwrap_or_default())
        .collect();
    let text = journal.read(LOG);
    let saved = saved.into_inner();
    assert!(saved >= 20);
    for i in 0..saved {
        let line = format!("edit {i} by hand.");
        // An editor that read before our write and saved after it takes our line out itself; ours must never take theirs out.
        let ledger = journal.read(".shiftlog/ledger.jsonl").lines().count();
        assert!(text.contains(&line) || kept.contains(&line), "{line} of {saved}, {ledger} writes\n{reports}");
    }
}

#[test]
fn an_editor_that_saves_by_rename_is_merged() {
    editor_saves(|path, text| {
        let temp = path.with_extension("editor");
        fs::write(&temp, text).expect("written");
        fs::rename(&temp, path).expect("renamed");
    });
}

#[test]
fn an_editor_that_saves_in_place_is_merged_or_kept() {
    editor_saves(|path, text| fs::write(path, text).expect("written"));
}

#[test]
fn new_at_once_gets_different_ids() {
    let journal = Journal::new();
    thread::scope(|scope| {
        for i in 0..12 {
            let journal = &journal;
            scope.spawn(move || journal.run(&["new", &format!("Log {i}")]).ok());
        }
    });
    let mut names: Vec<String> = fs::read_dir(journal.path("sessions/current"))
        .expect("logs")
        .flatten()
        .map(|f| f.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, (1..=12).map(|n| format!("20261120-{n:02}.md")).collect::<Vec<_>>());
}

#[test]
fn modes_and_symlinks_are_kept() {
    let journal = started();
    fs::create_dir_all(journal.path("elsewhere")).expect("made");
    fs::rename(journal.path(LOG), journal.path("elsewhere/real.md")).expect("moved");
    fs::set_permissions(journal.path("elsewhere/real.md"), fs::Permissions::from_mode(0o640)).expect("set");
    symlink("../../elsewhere/real.md", journal.path(LOG)).expect("linked");
    journal.run(&["add", "summary", "through the link"]).ok();
    assert!(fs::symlink_metadata(journal.path(LOG)).expect("there").is_symlink());
    assert!(journal.read("elsewhere/real.md").contains("- through the link\n"));
    assert_eq!(fs::metadata(journal.path("elsewhere/real.md")).expect("there").permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::metadata(journal.path(".shiftlog")).expect("there").permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_cannot_be_written_is_refused_and_kept() {
    let journal = started();
    let text = journal.read(LOG);
    fs::set_permissions(journal.path(LOG), fs::Permissions::from_mode(0o444)).expect("set");
    let run = journal.run(&["add", "summary", "x"]).code(2);
    assert!(run.err.starts_with("shiftlog: could not write log: ") && run.err.contains("hint: check the permissions"), "{}", run.err);
    assert_eq!(journal.read(LOG), text);
    fs::remove_file(journal.path(LOG)).expect("removed");
    fs::create_dir(journal.path(LOG)).expect("made");
    let run = journal.run(&["add", "summary", "x", "--session", LOG]).code(2);
    assert!(run.err.contains("a directory, not a log"), "{}", run.err);
}

#[test]
fn a_full_disk_changes_nothing() {
    let journal = started();
    let before = journal.read(LOG);
    // A limit on the size of files stands in for a full disk: the write of the temp file fails in the middle.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" add summary \"$1\"";
    let long = "word ".repeat(4000);
    let mut command = std::process::Command::new("bash");
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_shiftlog"), &long])
        .current_dir(journal.root())
        .env_clear()
        .env("HOME", journal.path("home"));
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).starts_with("shiftlog: could not write"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(journal.read(LOG), before);
    assert!(strays(&journal).is_empty());
}

#[test]
fn a_log_of_many_megabytes_is_edited() {
    let journal = started();
    let mut text = journal.read(LOG);
    text.push_str(&"\nA paragraph of some words that goes on for a while, as paragraphs do.\n".repeat(40_000));
    journal.write(LOG, &text);
    journal.run(&["add", "summary", "small change"]).ok();
    let after = journal.read(LOG);
    assert_eq!(Outline::parse(&after).lines.len(), Outline::parse(&text).lines.len());
    assert!(after.ends_with("as paragraphs do.\n") && after.contains("- small change\n"));
}

#[test]
fn a_save_into_a_displaced_version_is_kept_and_reported() {
    let journal = started();
    journal.run(&["add", "summary", "one"]).ok();
    let kept = fs::read_dir(journal.path(".shiftlog/undo")).expect("kept versions").flatten().next().expect("one").path();
    fs::write(&kept, "what the editor had in its buffer\n").expect("written");
    let run = journal.run(&["add", "summary", "two"]).ok();
    assert!(
        run.err.starts_with("note: an editor saved into a version that had just been replaced; its text is kept: ")
            && run.err.contains("/.shiftlog/undo/"),
        "{}",
        run.err
    );
    assert_eq!(fs::read_to_string(&kept).expect("there"), "what the editor had in its buffer\n");
    journal.run(&["add", "summary", "three"]).ok().err("added summary:3  three  sessions/current/20261120-01.md:20\n");
}

#[test]
fn a_version_found_after_a_crash_is_kept_and_reported() {
    let journal = started();
    journal.run(&["add", "summary", "one"]).ok();
    // As if the process had been killed between the exchange and what follows it.
    journal.write("sessions/current/.20261120-01.md.shiftlog", "saved by an editor in between\n");
    let run = journal.run(&["add", "summary", "two"]).ok();
    assert!(run.err.starts_with("note: a version saved while another write was interrupted is kept: "), "{}", run.err);
    let kept = run.err.lines().next().and_then(|l| l.rsplit(": ").next()).expect("a path").to_string();
    assert_eq!(fs::read_to_string(kept).expect("there"), "saved by an editor in between\n");
    assert!(strays(&journal).is_empty());
}
