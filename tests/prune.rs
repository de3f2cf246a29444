//! Old logs get out of the way, and none is ever lost.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use zip::ZipArchive;

use crate::builder::Journal;

fn log(id: &str, status: &str, updated: &str, body: &str) -> String {
    let day = format!("{}-{}-{}", &id[..4], &id[4..6], &id[6..8]);
    format!(
        "---\ntitle: \"Session {id}: T\"\ncreated: \"{day} 10:00:00 UTC\"\nlast_updated: \"{updated} 10:00:00 UTC\"\nstatus: \"{status}\"\n---\n\n\
         ## Summary\n\n- {body}\n\n## Next Work Items\n\n- more\n"
    )
}

fn place(journal: &Journal, dir: &str, id: &str, status: &str, updated: &str) {
    journal.write(&format!("sessions/{dir}/{id}.md"), log(id, status, updated, &format!("what {id} did")));
}

/// The members of a zip and their bytes.
fn members(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(File::open(path).expect("a file")).expect("a zip");
    let mut members = BTreeMap::new();
    for n in 0..zip.len() {
        let mut file = zip.by_index(n).expect("a member");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("whole");
        members.insert(file.name().expect("a name").to_string(), bytes);
    }
    members
}

#[test]
fn old_logs_become_recent_with_their_parts() {
    let journal = Journal::new();
    for (id, status, updated) in [
        ("20261110-01_pt1", "Active", "2026-11-10"),
        ("20261110-01_pt2", "Completed", "2026-11-11"),
        ("20261110-02", "Handoff", "2026-11-12"),
        ("20261110-03", "Active", "2026-11-14"),
        ("20261120-01", "Active", "2026-11-20"),
    ] {
        place(&journal, "current", id, status, updated);
    }
    journal.run(&["prune", "--dry-run"]).ok().err(
        "would move 20261110-01_pt1  Completed (Auto)  sessions/recent/20261110-01_pt1.md\n\
         would move 20261110-01_pt2  Completed (Agent)  sessions/recent/20261110-01_pt2.md\n\
         would move 20261110-02  Completed (Auto)  sessions/recent/20261110-02.md\n",
    );
    let answer = journal.json(&["prune"]);
    assert_eq!(
        answer.to_string(),
        r#"{"success":true,"action":"prune","dry_run":false,"moved":[{"session":"20261110-01_pt1","path":"sessions/recent/20261110-01_pt1.md","status":"Completed (Auto)"},{"session":"20261110-01_pt2","path":"sessions/recent/20261110-01_pt2.md","status":"Completed (Agent)"},{"session":"20261110-02","path":"sessions/recent/20261110-02.md","status":"Completed (Auto)"}],"archived":[],"removed":[],"kept":[],"relinked":[],"notices":[]}"#
    );
    let expected = log("20261110-02", "Completed (Auto)", "2026-11-12", "what 20261110-02 did");
    assert_eq!(journal.read("sessions/recent/20261110-02.md"), expected);
    journal.run(&["prune"]).ok().err("nothing to prune\n");
    journal.run(&["prune", "--days", "5"]).ok().err("moved 20261110-03  Completed (Auto)  sessions/recent/20261110-03.md\n");
    // What was pruned by mistake comes back.
    journal.run(&["undo"]).ok();
    assert_eq!(journal.read("sessions/current/20261110-03.md"), log("20261110-03", "Active", "2026-11-14", "what 20261110-03 did"));
}

#[test]
fn what_cannot_be_judged_or_is_being_changed_stays() {
    let journal = Journal::new();
    place(&journal, "current", "20261101-01", "Active", "yesterday");
    place(&journal, "current", "20261101-02", "Active", "2026-11-01");
    place(&journal, "current", "20261101-03", "Active", "2026-11-01");
    journal.write("sessions/recent/20261101-02.md", "another log\n");
    for n in 1..4 {
        journal.modified(&format!("sessions/current/20261101-0{n}.md"), "2026-11-01T10:00:00Z");
    }
    journal.run(&["sync"]).ok();
    // Somebody works on the third without shiftlog.
    let text = journal.read("sessions/current/20261101-03.md").replace("did\n", "did\n- and goes on doing\n");
    journal.save("sessions/current/20261101-03.md", &text, "2026-11-20T14:00:00Z");
    journal.run(&["prune"]).ok().err(
        "kept 20261101-01: its last_updated is no time: `yesterday 10:00:00 UTC`\n\
         kept 20261101-02: sessions/recent/20261101-02.md exists already\n\
         kept 20261101-03: others have worked on it since\n\
         nothing to prune\n",
    );
    assert_eq!(journal.property("sessions/current/20261101-03.md", "last_updated"), "2026-11-20 14:30:00 UTC");
    assert_eq!(journal.read("sessions/recent/20261101-02.md"), "another log\n");
    assert!(journal.read("sessions/current/20261101-02.md").contains("status: \"Active\""));
}

#[test]
fn archives_hold_every_byte_and_only_then_the_log_goes() {
    let journal = Journal::new();
    let odd = "\u{feff}---\r\ntitle: \"Odd\"\r\ncreated: \"2026-07-01 10:00:00 UTC\"\r\nlast_updated: 2026-07-02\r\n---\r\n\r\n## Summary  \r\n\r\n- x";
    journal.write("sessions/recent/20260701-01.md", odd);
    place(&journal, "recent", "20260802-01", "Completed (Auto)", "2026-08-02");
    place(&journal, "recent", "20261101-01", "Completed (Auto)", "2026-11-01");
    journal.run(&["prune", "--cleanup"]).ok().err(
        "kept 20260701-01: no zip holds it as it is now: add --archive\nkept 20260802-01: no zip holds it as it is now: add --archive\n\
         nothing to prune\n",
    );
    journal.run(&["prune", "--archive"]).ok().err(
        "archived 20260701-01  sessions/archived/2026-07.zip\narchived 20260802-01  sessions/archived/2026-08.zip\n\
         archived 20261101-01  sessions/archived/2026-11.zip\n",
    );
    assert_eq!(members(&journal.path("sessions/archived/2026-07.zip")), BTreeMap::from([("20260701-01.md".into(), odd.into())]));
    let dry = journal.run(&["restore", "202607", "-n"]).ok();
    dry.err("20260701-01 is there already  sessions/recent/20260701-01.md\n");
    // One log, though it lies in two places.
    assert_eq!(journal.run(&["list", "-f", "id"]).ok().out, "20261101-01\n20260802-01\n20260701-01\n");
    journal.run(&["prune", "--archive"]).ok().err("nothing to prune\n");
    // It was edited since: the zip does not hold it as it is.
    let edited = log("20260802-01", "Completed (Auto)", "2026-08-03", "what it really did");
    journal.write("sessions/recent/20260802-01.md", &edited);
    journal.run(&["prune", "--cleanup"]).ok().err(
        "removed 20260701-01  sessions/recent/20260701-01.md (`shiftlog restore 20260701-01` takes it out of its zip)\n\
         kept 20260802-01: no zip holds it as it is now: add --archive\n",
    );
    journal.run(&["prune", "--archive", "--cleanup=30"]).ok().err(
        "archived 20260802-01  sessions/archived/2026-08.zip\n\
         removed 20260802-01  sessions/recent/20260802-01.md (`shiftlog restore 20260802-01` takes it out of its zip)\n",
    );
    let versions = members(&journal.path("sessions/archived/2026-08.zip"));
    assert_eq!(versions.keys().collect::<Vec<_>>(), ["20260802-01.1.md", "20260802-01.md"]);
    assert_eq!(versions["20260802-01.md"], edited.as_bytes());
    assert!(journal.run(&["show", "20260802-01"]).ok().out.contains("what it really did"));
    // The older version is no log of its own, but it can be had.
    assert_eq!(journal.run(&["list", "-f", "id"]).ok().out, "20261101-01\n20260802-01\n20260701-01\n");
    journal.run(&["restore", "20260802-01.1", "-n"]).ok().err("would restore 20260802-01.1  sessions/recent/20260802-01.1.md\n");
    journal.run(&["restore", "202608"]).code(2);
    journal.run(&["restore", "2026070"]).ok().err("restored 20260701-01  sessions/recent/20260701-01.md\n");
    assert_eq!(journal.read("sessions/recent/20260701-01.md"), odd);
    journal.run(&["restore", "20260701-01"]).ok().err("20260701-01 is there already  sessions/recent/20260701-01.md\n");
    assert!(!journal.path("sessions/recent/20260802-01.md").exists());
}

#[test]
fn what_others_added_to_a_recent_log_is_stamped_before_it_can_go() {
    let mut journal = Journal::new();
    place(&journal, "recent", "20260802-01", "Completed (Auto)", "2026-08-02");
    let path = "sessions/recent/20260802-01.md";
    journal.modified(path, "2026-08-02T10:00:00Z");
    journal.run(&["sync"]).ok();
    let text = journal.read(path);
    journal.save(path, &text.replace("did\n", "did\n- typed a second ago\n"), "2026-11-20T14:29:59Z");
    journal
        .run(&["prune", "--archive", "--cleanup"])
        .ok()
        .err("kept 20260802-01: it is being changed by another program\nnothing to prune\n");
    journal.clock("2026-11-20T15:30:00Z");
    journal.run(&["prune", "--archive", "--cleanup"]).ok().err("archived 20260802-01  sessions/archived/2026-08.zip\n");
    assert_eq!(journal.property(path, "last_updated"), "2026-11-20 15:30:00 UTC");
}

#[test]
fn restoring_overwrites_nothing() {
    let journal = Journal::new();
    place(&journal, "recent", "20260802-01", "Completed (Auto)", "2026-08-02");
    journal.run(&["prune", "--archive"]).ok();
    journal.write("sessions/recent/20260802-01.md", "another log\n");
    for args in [&["restore", "20260802-01", "-n"], &["restore", "20260802-01"][..]] {
        let run = journal.run(args).code(2);
        assert!(run.err.starts_with("shiftlog: sessions/recent/20260802-01.md exists already, with other contents\n"), "{}", run.err);
    }
    let run = journal.run(&["restore", "20260802-01"]).code(2);
    assert!(run.err.contains("exists already, with other contents") && run.err.contains("nothing was overwritten"), "{}", run.err);
    assert_eq!(journal.read("sessions/recent/20260802-01.md"), "another log\n");
    fs::rename(journal.path("sessions/recent/20260802-01.md"), journal.path("sessions/current/20260802-01.md")).expect("moved");
    let run = journal.run(&["restore", "20260802-01"]).code(2);
    assert!(run.err.starts_with("shiftlog: 20260802-01 is there already: sessions/current/20260802-01.md\n"), "{}", run.err);
    let run = journal.run(&["restore", "20260802-02"]).code(2);
    assert_eq!(run.err, "shiftlog: no log `20260802-02` in this journal\nhint: did you mean `20260802-01`?\n");
}

#[test]
fn the_trash_gives_logs_back() {
    let journal = Journal::new();
    journal.run(&["new", "Weather"]).ok();
    let text = journal.read("sessions/current/20261120-01.md");
    journal.run(&["undo"]).ok();
    journal.run(&["restore"]).ok().out("20261120-01\n");
    journal.run(&["restore", "20261120-01"]).ok().err("restored 20261120-01  sessions/current/20261120-01.md\n");
    assert_eq!(journal.read("sessions/current/20261120-01.md"), text);
    journal.run(&["restore"]).ok().out("");
}

#[test]
fn a_damaged_zip_is_left_and_so_are_its_logs() {
    let journal = Journal::new();
    place(&journal, "recent", "20260701-01", "Completed (Auto)", "2026-07-01");
    place(&journal, "recent", "20260802-01", "Completed (Auto)", "2026-08-02");
    journal.run(&["prune", "--archive"]).ok();
    let whole = fs::read(journal.path("sessions/archived/2026-07.zip")).expect("a zip");
    for damaged in [&whole[..whole.len() / 2], b"no zip", b"", &[&whole[..60], &[0xff; 8], &whole[68..]].concat()] {
        fs::write(journal.path("sessions/archived/2026-07.zip"), damaged).expect("written");
        place(&journal, "recent", "20260701-02", "Completed (Auto)", "2026-07-01");
        let run = journal.run(&["prune", "--archive", "--cleanup"]).code(2);
        assert!(run.err.contains("damaged archive") && run.err.contains("2026-07.zip"), "{}", run.err);
        assert_eq!(fs::read(journal.path("sessions/archived/2026-07.zip")).expect("there"), damaged);
        assert!(journal.path("sessions/recent/20260701-01.md").exists() && journal.path("sessions/recent/20260701-02.md").exists());
        assert!(!journal.path("sessions/recent/20260802-01.md").exists());
        let lint = journal.run(&["lint", "--rule", "archive"]).code(1);
        assert!(lint.out.starts_with("sessions/archived/2026-07.zip:1: archive: damaged archive"), "{}", lint.out);
        assert!(lint.out.contains(": sessions/archived/2026-07.zip\n    restore the zip from a backup"), "{}", lint.out);
        let answer = journal.json(&["prune", "--archive"]);
        assert_eq!((answer["success"].as_bool(), answer["error"]["kind"].as_str()), (Some(false), Some("damaged-archive")));
    }
}

#[test]
fn zips_of_other_programs_are_respected() {
    let journal = Journal::new();
    place(&journal, "recent", "20260701-01", "Completed (Auto)", "2026-07-01");
    place(&journal, "recent", "20260803-01", "Completed (Auto)", "2026-08-03");
    let write = |name: &str, members: &[(&str, &str)]| {
        let path = journal.path(&format!("sessions/archived/{name}"));
        let mut zip = zip::ZipWriter::new(File::create(&path).expect("made"));
        for (name, text) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("begun");
            zip.write_all(text.as_bytes()).expect("written");
        }
        zip.finish().expect("done");
        path
    };
    // One name twice: our own library could write only one of the two.
    let twice = write("2026-07.zip", &[("20260701-0a.md", "first"), ("20260701-0b.md", "second")]);
    let bytes = fs::read(&twice).expect("read");
    let text = replaced(&bytes, b"20260701-0b.md", b"20260701-0a.md");
    fs::write(&twice, &text).expect("written");
    // A member of that name in a directory of the zip is another file.
    write("2026-08.zip", &[("a/20260803-01.md", "in a directory"), ("20260803-01.md", "older")]);
    let run = journal.run(&["prune", "--archive"]).code(2);
    assert!(run.err.contains("shiftlog: a zip that holds a name twice: "), "{}", run.err);
    assert_eq!(fs::read(&twice).expect("there"), text);
    let held = members(&journal.path("sessions/archived/2026-08.zip"));
    assert_eq!(held.keys().collect::<Vec<_>>(), ["20260803-01.1.md", "20260803-01.md", "a/20260803-01.md"]);
    assert_eq!(held["a/20260803-01.md"], b"in a directory");
    // A zip that lies elsewhere stays there, with its rights.
    fs::create_dir(journal.path("store")).expect("made");
    fs::rename(journal.path("sessions/archived/2026-08.zip"), journal.path("store/2026-08.zip")).expect("moved");
    fs::set_permissions(journal.path("store/2026-08.zip"), fs::Permissions::from_mode(0o600)).expect("set");
    symlink("../../store/2026-08.zip", journal.path("sessions/archived/2026-08.zip")).expect("linked");
    place(&journal, "recent", "20260804-01", "Completed (Auto)", "2026-08-04");
    let _ = journal.run(&["prune", "--archive"]).code(2);
    assert!(journal.path("sessions/archived/2026-08.zip").is_symlink());
    assert_eq!(members(&journal.path("store/2026-08.zip")).len(), 4);
    assert_eq!(fs::metadata(journal.path("store/2026-08.zip")).expect("there").permissions().mode() & 0o777, 0o600);
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for at in 0..out.len() - from.len() {
        if out[at..].starts_with(from) {
            out[at..at + from.len()].copy_from_slice(to);
        }
    }
    out
}

#[test]
fn symbolic_links_are_left_alone() {
    let journal = Journal::new();
    journal.write("store/a.md", log("20260701-01", "Active", "2026-07-01", "x"));
    symlink("../../store/a.md", journal.path("sessions/current/20260701-01.md")).expect("linked");
    symlink("../../store/a.md", journal.path("sessions/recent/20260702-01.md")).expect("linked");
    let run = journal.run(&["prune", "--archive", "--cleanup", "0"]).ok();
    assert!(
        run.err.contains("kept 20260701-01: it is a symbolic link\n") && run.err.contains("kept 20260702-01: it is a symbolic link\n"),
        "{}",
        run.err
    );
    let run = journal.run(&["continue", "20260701-01"]).code(2);
    assert!(run.err.starts_with("shiftlog: sessions/current/20260701-01.md is a symbolic link\n"), "{}", run.err);
    assert!(journal.read("sessions/current/20260701-01.md").contains("status: \"Active\""));
}

#[test]
fn pruning_is_taken_back_as_a_whole() {
    let journal = Journal::new();
    many(&journal);
    for n in 0..220 {
        let id = format!("202607{:02}-{:02}", n / 50 + 1, n % 50 + 1);
        place(&journal, "current", &id, "Active", "2026-07-01");
    }
    place(&journal, "current", "20261119-01", "Active", "2026-11-19");
    // It moves, gets a status, and its links change.
    journal.write("sessions/current/20260801-01.md", log("20260801-01", "Active", "2026-08-01", "[x](20261119-01.md)"));
    let before = everything(&journal);
    journal.run(&["prune"]).ok();
    journal.run(&["undo"]).ok();
    assert!(everything(&journal) == before);
    // A killed undo is finished by the next one; what was done before stays.
    journal.run(&["add", "summary", "-s", "20261119-01", "This stays"]).ok();
    let before = everything(&journal);
    for i in 0..12_u64 {
        journal.run(&["prune"]).ok();
        let mut child = journal.command(&["undo"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        thread::sleep(Duration::from_millis(40 + i * 37));
        let _ = child.kill();
        let _ = child.wait();
        if everything(&journal) != before {
            journal.run(&["undo"]).ok();
        }
        assert!(everything(&journal) == before, "round {i}");
        // Where the last write of the undo was all that was killed, its end is noted now.
        if journal.read(".shiftlog/ledger.jsonl").contains("\"op\":\"undo\"") {
            let _ = journal.run(&["undo"]);
        }
    }
    // What a zip holds alone is no affair of undo's, nor is what was done before that.
    journal.run(&["prune", "--archive", "--cleanup", "0"]).ok();
    let run = journal.run(&["undo"]).code(2);
    assert!(
        run.err.starts_with("shiftlog: the last command removed ") && run.err.contains("hint: take it out again: shiftlog restore "),
        "{}",
        run.err
    );
    assert!(journal.read("sessions/current/20261119-01.md").contains("This stays"));
}

/// All logs and their texts.
fn everything(journal: &Journal) -> BTreeMap<String, String> {
    let logs =
        ["current", "recent"].into_iter().flat_map(|dir| fs::read_dir(journal.path(&format!("sessions/{dir}"))).expect("there").flatten());
    logs.map(|f| (f.path().display().to_string(), fs::read_to_string(f.path()).expect("text"))).filter(|(p, _)| !p.contains("/.")).collect()
}

#[test]
fn members_of_a_zip_keep_their_times_and_rights() {
    let journal = Journal::new();
    place(&journal, "recent", "20260701-02", "Completed (Auto)", "2026-07-01");
    let path = journal.path("sessions/archived/2026-07.zip");
    let mut zip = zip::ZipWriter::new(File::create(&path).expect("made"));
    let time = zip::DateTime::from_date_and_time(2026, 7, 2, 3, 4, 6).expect("a time");
    let options = zip::write::SimpleFileOptions::default().last_modified_time(time).unix_permissions(0o600);
    zip.set_comment("by hand").expect("short");
    zip.start_file("notes/readme.txt", options).expect("begun");
    zip.write_all(b"not a log").expect("written");
    zip.finish().expect("done");
    journal.run(&["prune", "--archive"]).ok();
    let mut zip = ZipArchive::new(File::open(&path).expect("there")).expect("a zip");
    assert_eq!(zip.comment(), b"by hand");
    let member = zip.by_name("notes/readme.txt").expect("a member");
    assert_eq!((member.last_modified(), member.unix_mode().map(|m| m & 0o777)), (Some(time), Some(0o600)));
}

const LOGS: usize = 12;

/// Twelve logs of three months, each of which links to its neighbour by its path.
fn many(journal: &Journal) {
    for n in 0..LOGS {
        let (id, next) = (name(n), name((n + 1) % LOGS));
        let body = format!("log {n}\n\n[next](../current/{next}.md) {}", "words and more of them. ".repeat(400));
        journal.write(&format!("sessions/current/{id}.md"), log(&id, "Active", "2026-06-01", &body));
    }
}

fn name(n: usize) -> String {
    format!("2026{:02}10-{:02}", n % 3 + 3, n + 1)
}

/// Where each of the twelve logs lies whole: in a directory, or in its zip.
#[track_caller]
fn all_there(journal: &Journal) -> Vec<Vec<String>> {
    (0..LOGS)
        .map(|n| {
            let whole = |bytes: &[u8]| {
                let text = String::from_utf8_lossy(bytes);
                text.starts_with("---\n") && text.contains(&format!("- log {n}\n")) && text.ends_with("- more\n")
            };
            let mut places: Vec<String> = ["current", "recent"]
                .into_iter()
                .filter(|dir| fs::read(journal.path(&format!("sessions/{dir}/{}.md", name(n)))).is_ok_and(|b| whole(&b)))
                .map(str::to_string)
                .collect();
            let zip = journal.path(&format!("sessions/archived/2026-{:02}.zip", n % 3 + 3));
            if zip.exists() && members(&zip).iter().any(|(member, bytes)| member.starts_with(&name(n)) && whole(bytes)) {
                places.push("zip".into());
            }
            assert!(!places.is_empty(), "log {n} is lost");
            places
        })
        .collect()
}

#[test]
fn killed_anywhere_nothing_is_lost_and_a_second_run_finishes() {
    let args = ["prune", "--archive", "--cleanup", "0"];
    let journal = Journal::new();
    many(&journal);
    let mut rounds = 0;
    for i in 0..200_u64 {
        let mut child = journal.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        thread::sleep(Duration::from_micros((i * 1973) % 60_000));
        let _ = child.kill();
        let _ = child.wait();
        let places = all_there(&journal);
        if places.iter().all(|p| *p == ["zip"]) {
            rounds += 1;
            fs::remove_dir_all(journal.path("sessions/archived")).expect("removed");
            fs::create_dir_all(journal.path("sessions/archived")).expect("made");
            many(&journal);
        }
    }
    journal.run(&args).ok();
    assert!(all_there(&journal).iter().all(|p| *p == ["zip"]), "after {rounds} rounds");
    // Links led to the logs where they lay when they were archived.
    let held: String = (3..6)
        .flat_map(|m| members(&journal.path(&format!("sessions/archived/2026-{m:02}.zip"))))
        .map(|(_, b)| String::from_utf8_lossy(&b).into_owned())
        .collect();
    assert!(!held.contains("](../current/"), "links that were not followed");
    assert!(!journal.path(".shiftlog/moves.json").exists());
}

#[test]
fn a_disk_that_fills_up_loses_nothing() {
    let journal = Journal::new();
    many(&journal);
    let args = ["prune", "--archive", "--cleanup", "0"];
    let before = all_there(&journal);
    assert_eq!(before.len(), LOGS);
    for blocks in [0, 1, 4, 8, 16, 24] {
        // No file may grow beyond so many blocks: what a full disk does, but at a known place.
        let program = env!("CARGO_BIN_EXE_shiftlog");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{program}' prune --archive --cleanup 0");
        let mut command = journal.command(&[]);
        let environment: Vec<_> = command.get_envs().map(|(k, v)| (k.to_owned(), v.map(std::ffi::OsStr::to_owned))).collect();
        command = std::process::Command::new("sh");
        command.args(["-c", &script]).current_dir(journal.root()).env_clear();
        command.envs(environment.into_iter().filter_map(|(k, v)| v.map(|v| (k, v))));
        let output = command.output().expect("it runs");
        assert!(output.status.code().is_some(), "{}", String::from_utf8_lossy(&output.stderr));
        all_there(&journal);
    }
    journal.run(&args).ok();
    assert!(all_there(&journal).iter().all(|p| *p == ["zip"]));
}

#[test]
fn two_at_once_do_it_once() {
    let journal = Journal::new();
    many(&journal);
    let moved: usize = thread::scope(|scope| {
        let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| journal.run(&["prune", "--archive", "--cleanup", "0"]).ok())).collect();
        runs.into_iter().map(|r| r.join().expect("it ends").err.lines().filter(|l| l.starts_with("moved")).count()).sum()
    });
    assert_eq!(moved, LOGS);
    assert!(all_there(&journal).iter().all(|p| *p == ["zip"]));
    let versions: usize = (3..6).map(|m| members(&journal.path(&format!("sessions/archived/2026-{m:02}.zip"))).len()).sum();
    assert_eq!(versions, LOGS);
}
