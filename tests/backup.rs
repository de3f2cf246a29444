//! Backup and restore: round trips, refusals, damage, writers at work, full disks, killed processes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use shiftlog::journal::backup;
use shiftlog::journal::store::{Store, hash};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::builder::Journal;

const LOG: &str = "sessions/current/20261120-01.md";

/// Files by name, and empty directories; without what a backup leaves out, and without the tests' own home and output.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut tree = BTreeMap::new();
    for found in walkdir::WalkDir::new(root).into_iter().flatten() {
        let name = found.path().strip_prefix(root).expect("below it").display().to_string();
        let left_out = ["home", "out", ".shiftlog/lock", ".shiftlog/shown", ".shiftlog/index", "elsewhere"];
        if left_out.iter().any(|l| Path::new(&name).starts_with(l)) {
            continue;
        }
        if found.path().is_file() {
            tree.insert(name, fs::read(found.path()).expect("readable"));
        } else if fs::read_dir(found.path()).expect("a directory").count() == 0 {
            tree.insert(name + "/", Vec::new());
        }
    }
    tree
}

fn members(file: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(File::open(file).expect("there")).expect("a zip");
    let mut members = BTreeMap::new();
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).expect("a member");
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).expect("whole");
        members.insert(member.name().expect("UTF-8").into_owned(), bytes);
    }
    members
}

/// A zip with these members and a seal, as `backup` would write it.
fn forged(format: u32, files: &[(&str, &str)], count: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let manifest = format!("{{\"format\": {format}, \"program\": \"0.1.0\", \"created\": \"2026-11-20T14:30:00Z\", \"files\": {count}}}");
    for (name, text) in files.iter().chain([&("shiftlog-backup.json", manifest.as_str())]) {
        if let Some(target) = text.strip_prefix("-> ") {
            zip.add_symlink(*name, target, SimpleFileOptions::default()).expect("added");
        } else {
            zip.start_file(*name, SimpleFileOptions::default()).expect("begun");
            zip.write_all(text.as_bytes()).expect("written");
        }
    }
    zip.set_comment("0".repeat(16)).expect("short");
    let mut bytes = zip.finish().expect("complete").into_inner();
    bytes.truncate(bytes.len() - 16);
    let seal = hash(&bytes);
    bytes.extend(seal.as_bytes());
    bytes
}

fn started() -> Journal {
    let journal = Journal::new();
    journal.run(&["new", "Weather fallback"]).ok();
    journal.run(&["add", "summary", "The breaker is on"]).ok();
    journal
}

/// A journal with everything that a backup may meet.
fn full() -> Journal {
    let journal = started()
        .file("shiftlog.toml", "profile = \"mine\"\n\n[profiles.mine]\nextends = \"resonance7\"\nlive = [\"notes/live\"]\nroots = [\"\"]\n")
        .file("library/templates/documentation_templates/session_template.md", "---\ntitle: \"x\"\nstatus: \"Active\"\n---\n\n## Summary\n")
        .file("notes/live/20261119-01.md", "---\r\ntitle: \"crlf\"\r\n---\r\n")
        .file("library/sessions/current/20261118-01.md", "another root\n")
        .file(".agents/sessions/20261101-100000-x.md", "an agent's\n")
        .file("sessions/recent/20261103-01.md", "\u{feff}---\ntitle: recent\n---\n")
        .file("sessions/current/latin1.md", b"caf\xe9\n")
        .file("sessions/current/pictures/täglich.png", [0, 159, 146, 150, 255])
        .file("sessions/archived/2026-08.zip", fs::read("sessions/archived/2026-08.zip").expect("the example"))
        .file("sessions/current/.gitkeep", "")
        .file(".shiftlog/seen.json", "{}")
        .file(".shiftlog/trash/20261001-01.md.x", "thrown away\n")
        .file("src/main.rs", "not the journal's\n");
    fs::create_dir_all(journal.path("sessions/recent/2025")).expect("made");
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    File::options().append(true).open(journal.path("sessions/current/.gitkeep")).expect("there").set_modified(long_ago).expect("set");
    fs::set_permissions(journal.path("sessions/current/latin1.md"), fs::Permissions::from_mode(0o600)).expect("set");
    journal.write("elsewhere/linked.md", "through a link\n");
    symlink("../../elsewhere/linked.md", journal.path("sessions/current/20261117-01.md")).expect("linked");
    for momentary in ["index/meta.json", "shown/x.json", "ledger.next", "record.db-shm", ".x.md.shiftlog"] {
        journal.write(&format!(".shiftlog/{momentary}"), "momentary");
    }
    journal.write("sessions/current/.20261119-01.md.shiftlog-new", "momentary");
    journal
}

#[test]
fn a_backup_holds_all_that_cannot_be_rebuilt() {
    let journal = full();
    symlink("..", journal.path("sessions/current/up")).expect("linked");
    let run = journal.run(&["backup", "notes.zip"]).ok();
    let file = journal.path("notes.zip");
    let held = members(&file);
    let mut expected = tree(journal.root());
    expected
        .retain(|name, _| !["src/", "notes.zip", ".shiftlog/ledger.next", ".shiftlog/record.db-shm"].iter().any(|l| name.starts_with(l)));
    expected.retain(|name, _| !name.contains(".md.shiftlog") && name != "sessions/current/up");
    let files = expected.keys().filter(|n| !n.ends_with('/')).count();
    let manifest = format!("{{\"format\":1,\"program\":\"0.1.0\",\"created\":\"2026-11-20T14:30:00Z\",\"files\":{files}}}");
    expected.insert("shiftlog-backup.json".into(), manifest.into_bytes());
    assert_eq!(held.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(held == expected && files == 20);
    let left_out = journal.path("sessions/current/up");
    let said = format!("note: left out, as it is no file: {}\nbacked up 20 files, ", left_out.display());
    assert!(run.err.starts_with(&said) && run.err.ends_with(&format!(" kB: {}\n", file.display())), "{}", run.err);
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    let mut zip = ZipArchive::new(File::open(&file).expect("there")).expect("a zip");
    let mut method = |name: &str| zip.by_name(name).expect("a member").compression();
    assert_eq!((method("sessions/archived/2026-08.zip"), method(LOG)), (CompressionMethod::Stored, CompressionMethod::Deflated));
}

#[test]
fn a_restored_journal_is_the_same_and_works() {
    let journal = full();
    journal.run(&["backup", "home/notes.zip"]).ok();
    let file = journal.path("home/notes.zip").display().to_string();
    let other = Journal::empty();
    let run = other.run(&["--journal", "new/place", "backup", "--restore", &file]).ok();
    assert_eq!(run.err, format!("restored 20 files: {}\n", other.path("new/place").display()));
    let place = other.path("new/place");
    let mut expected = members(Path::new(&file));
    expected.remove("shiftlog-backup.json");
    assert_eq!(tree(&place), expected);
    let mode = |path: &str| fs::metadata(place.join(path)).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(".shiftlog"), mode("sessions/current/latin1.md")), (0o700, 0o600));
    let ids = |journal: &Journal, args: &[&str]| journal.run(args).ok().out;
    assert_eq!(ids(&other, &["--journal", "new/place", "list", "-f", "id"]), ids(&journal, &["list", "-f", "id"]));
    let shown = other.run(&["--journal", "new/place", "show", "20261120-01", "--section", "summary"]).ok();
    assert!(shown.out.contains("summary:1  - The breaker is on\n"), "{}", shown.out);
    let text = journal.read(LOG);
    other.run(&["--journal", "new/place", "undo"]).ok().err(&format!("restored: {LOG}\n"));
    assert!(!other.read(&format!("new/place/{LOG}")).contains("The breaker is on"));
    assert_eq!(journal.read(LOG), text, "the journal that was backed up stays as it is");
    let again = other.run(&["--journal", "new/place", "backup", "--restore", &file]).code(2);
    assert!(again.err.starts_with("shiftlog: other files are there already under these names in "), "{}", again.err);
    assert!(
        again.err.contains(": .shiftlog/ledger.jsonl, ") && again.err.contains(&format!(", {LOG}\nhint: move them away")),
        "{}",
        again.err
    );
}

#[test]
fn the_answers_are_as_documented() {
    let journal = started();
    let file = journal.path("out/b.backup").display().to_string();
    fs::create_dir(journal.path("out")).expect("made");
    let answer = journal.json(&["backup", "out/b.backup"]);
    let bytes: usize = tree(journal.root()).values().map(Vec::len).sum();
    let expected = serde_json::json!({"success": true, "action": "backup", "file": file, "files": 7, "bytes": bytes, "notices": []});
    assert_eq!(answer, expected);
    let other = Journal::empty();
    let restored: Vec<String> = tree(journal.root()).into_keys().collect();
    for dry_run in [true, false] {
        let args = ["backup", "--restore", &file, "-n"];
        let answer = other.json(if dry_run { &args } else { &args[..3] });
        let expected = serde_json::json!({"success": true, "action": "restore-backup", "journal": other.root(), "restored": restored,
            "unchanged": 0, "dry_run": dry_run, "notices": []});
        assert_eq!(answer, expected);
    }
    fs::remove_file(other.path(LOG)).expect("removed");
    other.run(&["backup", "--restore", &file, "-n"]).ok().out(&format!("{LOG}\n"));
    let run = other.run(&["backup", "--restore", &file]).ok();
    assert_eq!(run.err, format!("restored 1 file, 6 files there already: {}\n", other.root().display()));
    let answer = other.json(&["backup", "--restore", &file]);
    assert_eq!((answer["restored"].as_array().map(Vec::len), answer["unchanged"].as_u64()), (Some(0), Some(7)));
}

#[test]
fn a_dry_run_writes_nothing() {
    let journal = started();
    journal.run(&["backup", "b.zip"]).ok();
    let file = journal.path("b.zip").display().to_string();
    let other = Journal::empty();
    let run = other.run(&["--journal", "new", "backup", "--restore", &file, "--dry-run"]).ok();
    assert!(run.out.contains(&format!("{LOG}\n")) && run.err.starts_with("would restore 7 files: "), "{} {}", run.out, run.err);
    assert_eq!(fs::read_dir(other.root()).expect("a directory").count(), 0);
    let _ = journal.run(&["backup", "c.zip", "-n"]).code(2);
    assert!(!journal.path("c.zip").exists());
}

#[test]
fn nothing_is_overwritten() {
    let journal = started();
    symlink("nowhere", journal.path("dangling.zip")).expect("linked");
    journal.write("taken.zip", "mine");
    for name in ["taken.zip", "dangling.zip", "sessions"] {
        let run = journal.run(&["backup", name]).code(2);
        let message = format!("shiftlog: {} exists already\nhint: name a file that is not there yet", journal.path(name).display());
        assert!(run.err.starts_with(&message), "{}", run.err);
    }
    assert_eq!(journal.read("taken.zip"), "mine");
    let _ = journal.run(&["backup", "nowhere/b.zip"]).code(2);
    journal.run(&["backup", "b.zip"]).ok();
    let file = journal.path("b.zip").display().to_string();
    for (path, text) in [(LOG, "other"), (".shiftlog/ledger.jsonl", ""), ("sessions/archived", "a file"), ("sessions", "a file")] {
        let other = Journal::empty().file(path, text);
        let before = tree(other.root());
        let run = other.run(&["--json", "backup", "--restore", &file]).code(2);
        assert!(run.out.contains("\"kind\":\"exists\"") && run.out.contains(path), "{}", run.out);
        assert_eq!(tree(other.root()), before, "{path}");
    }
}

#[test]
fn the_record_is_backed_up_while_it_is_written_to() {
    let journal = started();
    let id = journal.conversation();
    for n in 1..=60 {
        let _ = journal.track(&id, &format!("question {n}"), &["--agent-response", "answer"]).ok();
    }
    // A connection that stays open keeps most of it in the write-ahead log.
    let db = rusqlite::Connection::open(journal.path(".shiftlog/record.db")).expect("it opens");
    let count: i64 = db.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).expect("a count");
    assert_eq!(count, 1);
    journal.run(&["backup", "b.zip"]).ok();
    drop(db);
    let file = journal.path("b.zip").display().to_string();
    let other = Journal::empty();
    other.run(&["backup", "--restore", &file]).ok();
    assert_eq!(other.run(&["conversation", "export"]).ok().out, journal.run(&["conversation", "export"]).ok().out);
    assert_eq!(other.json(&["doctor"])["healthy"], true);
    assert_eq!(other.track(&id, "more", &[]).ok().answer()["turn_number"], 61);
    let left: Vec<_> = fs::read_dir(journal.path(".shiftlog")).expect("there").flatten().map(|f| f.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".temp")), "{left:?}");
}

#[test]
fn a_record_is_not_restored_beside_what_is_left_of_another() {
    let journal = started();
    let _ = journal.conversation();
    journal.run(&["backup", "b.zip"]).ok();
    let other = Journal::empty().file(".shiftlog/record.db-wal", "what SQLite left");
    let before = tree(other.root());
    let run = other.run(&["backup", "--restore", &journal.path("b.zip").display().to_string()]).code(2);
    assert!(run.err.contains("other files are there already") && run.err.contains(".shiftlog/record.db"), "{}", run.err);
    assert_eq!(tree(other.root()), before);
}

#[test]
fn a_damaged_record_is_not_backed_up() {
    let journal = started().file(".shiftlog/record.db", "no database");
    let run = journal.run(&["backup", "b.zip"]).code(2);
    assert!(run.err.starts_with("shiftlog: the record is damaged: "), "{}", run.err);
    assert_eq!(fs::read_dir(journal.root()).expect("there").flatten().filter(|f| f.path().is_file()).count(), 0);
}

#[test]
fn a_backup_among_the_logs_does_not_hold_itself_or_others() {
    let journal = started();
    for name in ["sessions/archived/one.zip", "sessions/current/two.zip", ".shiftlog/three.zip"] {
        journal.run(&["backup", name]).ok();
        assert!(!members(&journal.path(name)).keys().any(|n| n.ends_with(".zip") || n.contains(".shiftlog-")), "{name}");
    }
    let run = journal.run(&["backup", "sessions/recent/four.zip"]).ok();
    assert_eq!(run.err.matches("note: left out, as it is a backup itself: ").count(), 3, "{}", run.err);
    journal.run(&["list", "-f", "id"]).ok().out("20261120-01\n");
}

#[test]
fn the_smallest_damage_is_found() {
    let journal = Journal::new().file(LOG, "x\n");
    journal.run(&["backup", "b.zip"]).ok();
    let whole = fs::read(journal.path("b.zip")).expect("there");
    let (damaged, root) = (journal.path("out"), journal.path("home/new"));
    let store = Store::new(&root, chrono::Utc::now());
    let refused = |bytes: &[u8]| {
        fs::write(&damaged, bytes).expect("written");
        backup::restore(&root, &store, &damaged, false).is_err() && !root.exists()
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(refused(&bytes), "a flipped bit in byte {at}");
        assert!(refused(&whole[..at]), "truncated to {at}");
    }
    assert!(refused(&[&whole[..], b"\n"].concat()));
    fs::write(&damaged, &whole).expect("written");
    assert_eq!(backup::restore(&root, &store, &damaged, false).map(|r| r.restored.len()).ok(), Some(5));
}

#[test]
fn what_is_no_backup_is_refused() {
    let journal = Journal::empty();
    let cases: &[(&str, Vec<u8>)] = &[
        ("damaged-backup", b"no zip".to_vec()),
        ("damaged-backup", Vec::new()),
        ("damaged-backup", forged(1, &[("a", "x"), ("b", "y")], 1)),
        ("damaged-backup", forged(1, &[], 1)),
        ("not-a-backup", fs::read("sessions/archived/2026-08.zip").expect("the example")),
        ("not-a-backup", forged(1, &[("../evil", "x")], 1)),
        ("not-a-backup", forged(1, &[("a/../../evil", "x")], 1)),
        ("not-a-backup", forged(1, &[("/evil", "x")], 1)),
        ("not-a-backup", forged(1, &[("./evil", "x")], 1)),
        ("not-a-backup", forged(1, &[("a//evil", "x")], 1)),
        ("not-a-backup", forged(1, &[("evil\0", "x")], 1)),
        ("not-a-backup", forged(1, &[("link", "-> /etc"), ("link/evil", "x")], 2)),
        ("not-a-backup", forged(1, &[("a", "x"), ("a/evil", "x")], 2)),
        ("newer-backup", forged(2, &[("a", "x")], 1)),
    ];
    for (kind, bytes) in cases {
        let dir = Journal::empty();
        dir.write("in/b.zip", bytes);
        let run = dir.run(&["--json", "--journal", "in/new", "backup", "--restore", "in/b.zip"]).code(2);
        assert!(run.out.contains(&format!("\"kind\":\"{kind}\"")), "{}", run.out);
        let left: Vec<String> = tree(dir.root()).into_keys().collect();
        assert_eq!(left, ["in/b.zip"]);
    }
    let run = journal.run(&["backup", "--restore", "nowhere.zip"]).code(2);
    assert!(run.err.starts_with("shiftlog: could not read backup: "), "{}", run.err);
}

#[test]
fn a_backup_beside_writers_holds_complete_versions() {
    let journal = started();
    let template_end = "[What the next shift can start with]\n";
    let (done, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for p in 0..4 {
            let (journal, done, count) = (&journal, &done, &count);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let n = count.fetch_add(1, Ordering::Relaxed);
                    journal.run(&["add", "summary", &format!("entry {p}-{n} done")]).ok();
                }
            });
        }
        let (journal, done) = (&journal, &done);
        scope.spawn(move || {
            let path = journal.path("sessions/current/by-hand.md");
            while !done.load(Ordering::Relaxed) {
                fs::write(&path, format!("---\n{}{template_end}", "a line by hand\n".repeat(400))).expect("written");
                thread::sleep(Duration::from_millis(12));
            }
        });
        for n in 0..12 {
            journal.run(&["backup", &format!("out-{n}.zip")]).ok();
        }
        done.store(true, Ordering::Relaxed);
    });
    for n in 0..12 {
        let held = members(&journal.path(&format!("out-{n}.zip")));
        for (name, bytes) in held.iter().filter(|(name, _)| name.starts_with("sessions/") && !name.ends_with('/')) {
            let text = String::from_utf8_lossy(bytes);
            assert!(text.starts_with("---\n") && text.ends_with(template_end), "{n} {name} {}", text.len());
        }
        let ledger = String::from_utf8_lossy(&held[".shiftlog/ledger.jsonl"]).into_owned();
        let last: serde_json::Value = serde_json::from_str(ledger.lines().last().expect("a line")).expect("complete");
        assert_eq!(last["after"], hash(&held[LOG]), "the ledger and the log are of one moment");
    }
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let journal = started();
    let mut noise = 1_u64;
    let bytes = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (noise >> 40) as u8
    });
    journal.write("sessions/current/noise.bin", bytes.take(9000).collect::<Vec<u8>>());
    for n in 0..200 {
        journal.write(&format!("sessions/recent/a-name-that-takes-its-place-in-the-directory-of-the-zip-{n}.md"), "x\n");
    }
    let limited = |kilobytes: usize, args: &str| {
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" {args}");
        let mut command = Command::new("bash");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_shiftlog")]).current_dir(journal.root()).env_clear();
        command.env("HOME", journal.path("home")).output().expect("it runs")
    };
    journal.run(&["backup", "whole.zip"]).ok();
    let size = usize::try_from(fs::metadata(journal.path("whole.zip")).expect("there").len()).expect("small");
    let names = || fs::read_dir(journal.root()).expect("there").flatten().map(|f| f.file_name()).collect::<Vec<_>>();
    let before = names();
    for kilobytes in (0..size / 1024).step_by(5) {
        let output = limited(kilobytes, "backup b.zip");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.starts_with("shiftlog: could not write backup: ") && said.lines().count() == 2, "{said}");
        assert_eq!(names(), before);
    }
    let output = limited(4, "--journal home/new backup --restore whole.zip");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("shiftlog: could not write: "));
    assert!(!journal.path("home/new/sessions/current/noise.bin").exists());
    journal.run(&["--journal", "home/new", "backup", "--restore", "whole.zip"]).ok();
    let mut held = members(&journal.path("whole.zip"));
    held.remove("shiftlog-backup.json");
    assert_eq!(tree(&journal.path("home/new")), held);
}

fn killed_after(journal: &Journal, args: &[&str], micros: u64) {
    let mut child = journal.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    thread::sleep(Duration::from_micros(micros));
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn a_killed_backup_leaves_no_half_file() {
    let journal = full();
    let mut complete = 0;
    for i in 0..60 {
        killed_after(&journal, &["backup", "b.zip"], (i * 1777) % 90_000);
        if journal.path("b.zip").exists() {
            complete += 1;
            let dir = Journal::empty();
            dir.run(&["backup", "-n", "--restore", &journal.path("b.zip").display().to_string()]).ok();
            fs::remove_file(journal.path("b.zip")).expect("removed");
        }
    }
    journal.run(&["backup", "b.zip"]).ok();
    let hidden = fs::read_dir(journal.root()).expect("there").flatten().filter(|f| f.file_name().to_string_lossy().starts_with(".b.zip"));
    assert_eq!(hidden.count(), 0, "after {complete} that came to their end");
}

#[test]
fn a_killed_restore_is_finished_by_the_next() {
    let journal = full();
    journal.run(&["backup", "b.zip"]).ok();
    let file = journal.path("b.zip").display().to_string();
    let mut held = members(Path::new(&file));
    held.remove("shiftlog-backup.json");
    for round in 0..12 {
        let other = Journal::empty();
        for i in 0..5 {
            killed_after(&other, &["backup", "--restore", &file], 2000 + (round * 5 + i) * 977 % 20_000);
            for (name, bytes) in tree(other.root()) {
                assert!(name.ends_with('/') || name.ends_with(".shiftlog-new") || held.get(&name) == Some(&bytes), "{name}");
            }
        }
        other.run(&["backup", "--restore", &file]).ok();
        assert_eq!(tree(other.root()), held);
    }
}

#[test]
fn of_many_that_write_one_file_one_does() {
    let journals = [started(), started(), started()];
    let file = &journals[0].path("b.zip").display().to_string();
    let runs: Vec<_> = thread::scope(|scope| {
        let begun: Vec<_> =
            journals.iter().chain(&journals).map(|journal| scope.spawn(move || journal.run(&["--json", "backup", file]))).collect();
        begun.into_iter().map(|run| run.join().expect("it ends")).collect()
    });
    assert_eq!(runs.iter().filter(|run| run.code == Some(0)).count(), 1);
    for run in runs.iter().filter(|run| run.code != Some(0)) {
        assert!(run.out.contains("\"kind\":\"busy\"") || run.out.contains("\"kind\":\"exists\""), "{}", run.out);
    }
    Journal::empty().run(&["backup", "--restore", file]).ok();
    assert!(!journals[0].path(".b.zip.shiftlog").exists());
}
