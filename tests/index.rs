//! The index: always as fresh as what it was made of, and made anew where it is damaged.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::builder::{Journal, Run};
use crate::search::{ACTIVE, id, text, turn};

const INDEX: &str = ".shiftlog/index";

impl Journal {
    /// Nothing is missing, outdated, left over or double.
    #[track_caller]
    fn verified(&self) {
        let run = self.run(&["--json", "index", "--verify"]);
        assert_eq!((run.code, &run.answer()["findings"]), (Some(0), &json!([])), "{}", run.out);
    }

    /// Where something is found, in order of the alphabet.
    #[track_caller]
    fn places(&self, word: &str) -> Vec<String> {
        let run = self.run(&["search", word, "--all-words", "--paths", "--limit", "1000"]);
        assert_eq!(run.err, "");
        let mut places: Vec<String> = run.out.lines().map(str::to_string).collect();
        places.sort();
        assert_eq!(run.code, Some(i32::from(places.is_empty())));
        places
    }

    /// The directory of the index that counts.
    fn generation(&self) -> PathBuf {
        self.path(INDEX).join(self.read(".shiftlog/index/current").trim())
    }
}

const LOG: &str = "sessions/current/20261101-01.md";

#[test]
fn a_log_is_found_as_it_was_saved_last() {
    let journal = Journal::new();
    journal.entry("20261101-01", "zebra");
    assert_eq!(journal.places("zebra"), [LOG]);
    // In place, with a new log beside; by rename; gone.
    journal.entry("20261101-01", "quagga");
    journal.entry("20261101-02", "quagga");
    assert_eq!((journal.places("zebra").len(), journal.places("quagga").len()), (0, 2));
    journal.write("sessions/current/.swap", text("20261101-01", "T", ACTIVE, "## Summary\n\n- okapi"));
    fs::rename(journal.path("sessions/current/.swap"), journal.path(LOG)).expect("renamed");
    assert_eq!((journal.places("okapi"), journal.places("quagga").len()), (vec![LOG.to_string()], 1));
    fs::remove_file(journal.path(LOG)).expect("removed");
    assert_eq!(journal.places("okapi"), [] as [&str; 0]);
    journal.verified();
}

#[test]
fn an_edit_of_the_same_size_with_a_restored_time_is_noticed() {
    // One clock is before all files, one after them, and one is the true one.
    for now in [crate::builder::NOW.to_string(), "2040-01-01T00:00:00Z".to_string(), chrono::Utc::now().to_rfc3339()] {
        let mut journal = Journal::new().at(&now);
        let words = ["zebra", "okapi", "bison", "camel", "moose"];
        let then = SystemTime::now() - Duration::from_secs(3600);
        for (n, word) in words.iter().enumerate() {
            journal.entry("20261101-01", word);
            File::options().append(true).open(journal.path(LOG)).expect("a file").set_modified(then).expect("set");
            if n > 1 {
                journal.clock(&(chrono::Utc::now() + chrono::TimeDelta::seconds(n as i64)).to_rfc3339());
            }
            for other in words {
                assert_eq!(journal.places(other).len(), usize::from(other == *word), "{other} after {word}");
            }
        }
        journal.verified();
    }
}

#[test]
fn moved_logs_are_found_where_they_are_once() {
    let journal = Journal::new();
    journal.write("sessions/current/20260901-01.md", text("20260901-01", "Old", "status: \"Completed\"\n", "## Summary\n\n- an old zebra"));
    journal.entry("20261120-01", "another zebra");
    assert_eq!(journal.places("zebra"), ["sessions/current/20260901-01.md", "sessions/current/20261120-01.md"]);
    let _ = journal.run(&["prune"]).ok();
    assert!(journal.path("sessions/recent/20260901-01.md").exists());
    assert_eq!(journal.places("old zebra"), ["sessions/recent/20260901-01.md"]);
    let _ = journal.run(&["prune", "--archive"]).ok();
    journal.verified();
    let _ = journal.run(&["prune", "--cleanup", "1"]).ok();
    assert!(!journal.path("sessions/recent/20260901-01.md").exists());
    let places = journal.places("old zebra");
    assert!(places.len() == 1 && places[0].contains(".zip!"), "{places:?}");
    assert_eq!(journal.found(&["old", "zebra", "--all-words"]), ["20260901-01"]);
    journal.verified();
}

#[test]
fn renamed_and_continued_logs_are_found_under_their_names() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Zebra"]).ok();
    let _ = journal.run(&["add", "summary", "the okapi sleeps"]).ok();
    assert_eq!(journal.found(&["okapi"]), ["20261120-01"]);
    let _ = journal.run(&["continue"]).ok();
    let before = journal.found(&["okapi"]);
    assert_eq!(before.len(), 1);
    journal.verified();
    let from = fs::read_dir(journal.path("sessions/current"))
        .expect("there")
        .flatten()
        .find(|f| fs::read_to_string(f.path()).is_ok_and(|text| text.contains("okapi")));
    let from = from.expect("the log").path();
    fs::rename(&from, journal.path("sessions/current/20261120-09.md")).expect("renamed");
    assert_eq!(journal.found(&["okapi"]), ["20261120-09"]);
    journal.verified();
}

#[test]
fn a_turn_is_found_from_when_it_is_tracked_until_it_is_deleted() {
    let journal = Journal::new();
    let conversation = id("aaaaaa");
    let _ = journal.track(&conversation, "zebra", &["--turn-number", "1"]).ok();
    assert_eq!(journal.places("zebra"), [conversation.as_str()]);
    let _ = journal.track(&conversation, "zebra", &["--turn-number", "1", "--agent-response", "okapi"]).ok();
    assert_eq!(journal.places("okapi"), [conversation.as_str()]);
    // The oldest of more than fifty turns go into the archive.
    journal.imported(&(2..=60).map(|n| turn("aaaaaa", n, &format!("number{n}"), "bison")).collect::<Vec<_>>());
    for word in ["zebra", "number2", "number60"] {
        assert_eq!(journal.places(word), [conversation.as_str()], "{word}");
    }
    assert_eq!(journal.run(&["search", "bison", "--count"]).ok().out, "59\n");
    journal.verified();
    let _ = journal.run(&["conversation", "rename", &conversation, "Giraffe"]).ok();
    assert_eq!(journal.places("giraffe"), [conversation.as_str()]);
    let _ = journal.run(&["conversation", "rename", &conversation, "Moose"]).ok();
    assert_eq!((journal.places("giraffe").len(), journal.places("moose").len()), (0, 1));
    journal.verified();
    journal.entry("20261101-01", "a log");
    let _ = journal.run(&["conversation", "link", &conversation, "20261101-01"]).ok();
    assert_eq!(journal.found(&["zebra"]), ["20261101-01"]);
    let _ = journal.run(&["conversation", "link", &conversation, "--none"]).ok();
    assert_eq!(journal.found(&["zebra"]), ["aaaaaa"]);
    let branch = journal.json(&["conversation", "branch", &conversation, "--at", "1"]);
    assert_eq!(branch["success"], json!(true));
    assert_eq!(journal.places("zebra").len(), 2);
    journal.verified();
    let _ = journal.run(&["conversation", "delete", &conversation, "--yes"]).ok();
    assert_eq!((journal.places("zebra").len(), journal.places("number60").len()), (1, 0));
    journal.verified();
}

#[test]
fn a_title_that_was_given_before_may_be_given_again() {
    let journal = Journal::new();
    journal.imported(&[turn("aaaaaa", 1, "one", "ok"), turn("aaaaaa", 2, "two", "ok")]);
    for title in ["Zebra", "Okapi", "Zebra", "Okapi"] {
        let _ = journal.run(&["conversation", "rename", &id("aaaaaa"), title]).ok();
        assert_eq!((journal.places("zebra").len(), journal.places("okapi").len()), if title == "Zebra" { (1, 0) } else { (0, 1) });
    }
    journal.verified();
}

/// Numbers that are the same in every run of a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// One random operation on a journal; says what it did.
fn operate(journal: &Journal, random: &mut Random) -> String {
    let log = format!("2026{:02}{:02}-01", 9 + random.below(3), 1 + random.below(9));
    let dir = if random.below(4) == 0 { "recent" } else { "current" };
    let path = format!("sessions/{dir}/{log}.md");
    let conversation = format!("{:06x}", random.below(5));
    let word = ["zebra", "okapi", "bison", "camel"][random.below(4)];
    match random.below(18) {
        0..=3 => {
            let status = ["Active", "Completed", "Handoff"][random.below(3)];
            journal.write(
                &path,
                text(&log, word, &format!("status: \"{status}\"\n"), &format!("## Summary\n\n- {word}\n\n## Decisions\n\n- {word}")),
            );
        }
        4..=5 => {
            // The same size, the same time of modification.
            if let (Ok(old), Ok(meta)) = (fs::read_to_string(journal.path(&path)), fs::metadata(journal.path(&path))) {
                fs::write(journal.path(&path), old.replace("zebra", "okapi").replace("bison", "camel")).expect("written");
                let file = File::options().append(true).open(journal.path(&path)).expect("a file");
                file.set_modified(meta.modified().expect("a time")).expect("set");
            }
        }
        6 => drop(fs::remove_file(journal.path(&path))),
        7 => {
            let other = format!("sessions/{}/{log}.md", if dir == "recent" { "current" } else { "recent" });
            drop(fs::rename(journal.path(&path), journal.path(&other)));
        }
        8 => drop(journal.run(&["prune", "--days", "3"])),
        9 => drop(journal.run(&["prune", "--archive", "--cleanup", "1"])),
        10 => drop(journal.run(&["add", "summary", word, "--session", &log])),
        11..=13 => {
            let number = random.below(30) as u32 + 1;
            let mut line = turn(&conversation, number, word, if random.below(2) == 0 { word } else { "" });
            if random.below(4) == 0 {
                line["status"] = json!("abandoned");
            }
            drop(journal.run_with(&["conversation", "import", "-"], &format!("{line}\n")));
        }
        14 => drop(journal.track(&id(&conversation), word, &["--agent-response", word])),
        15 => drop(journal.run(&["conversation", "rename", &id(&conversation), word])),
        16 => match random.below(3) {
            0 => drop(journal.run(&["conversation", "delete", &id(&conversation), "--yes"])),
            1 => drop(journal.run(&["conversation", "branch", &id(&conversation), "--at", "1"])),
            _ => drop(journal.run(&["conversation", "link", &id(&conversation), &log])),
        },
        _ => {
            let run = journal.run(&["search", word]);
            assert!(run.code.is_some_and(|c| c < 2), "{} {}", run.out, run.err);
            return format!("search {word}: {}", run.err.trim());
        }
    }
    format!("{path} {conversation} {word}")
}

#[test]
fn five_hundred_random_operations_leave_nothing_out() {
    let seed = std::env::var("SHIFTLOG_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    let mut journal = Journal::new();
    for n in 0..500 {
        if random.below(10) == 0 {
            journal.clock(&format!("2026-11-{:02}T{:02}:00:00Z", 10 + n / 50, random.below(24)));
        }
        if random.below(20) == 0 {
            journal.clock("2040-01-01T00:00:00Z");
        }
        let done = operate(&journal, &mut random);
        if n % 50 == 49 {
            let run = journal.run(&["--json", "index", "--verify"]);
            assert_eq!(run.answer()["findings"], json!([]), "seed {seed}, operation {n}: {done}");
        }
    }
    journal.verified();
    let stats = |args: &[&str]| journal.json(&[&["index", "--stats"], args].concat());
    let (kept, anew) = (stats(&[]), stats(&["--rebuild"]));
    assert_eq!([&kept["coverage"], &kept["stats"]["documents"]], [&anew["coverage"], &anew["stats"]["documents"]]);
    journal.verified();
}

/// A journal whose index has several parts and deleted documents, and what `search zebra` says there.
fn grown() -> (Journal, String) {
    let journal = Journal::new();
    for n in 1..=5 {
        journal.entry(&format!("2026110{n}-01"), &format!("zebra number {n}"));
    }
    journal.imported(&(1..=5).map(|n| turn("aaaaaa", n, &format!("zebra crossing {n}"), "ok")).collect::<Vec<_>>());
    let _ = journal.run(&["search", "zebra"]).ok();
    regrow(&journal, 0);
    let places = journal.run(&["search", "zebra crossing", "--all-words", "--paths"]).ok().out;
    assert_eq!(journal.places("zebra").len(), 6);
    (journal, places)
}

/// Makes the index anew, with deleted documents in it.
fn regrow(journal: &Journal, n: usize) {
    let _ = journal.run(&["index", "--rebuild"]).ok();
    journal.entry("20261105-01", &format!("zebra number 5 again {n}"));
    journal.entry("20261104-01", &format!("zebra number 4 again {n}"));
    let _ = journal.run(&["index"]).ok();
}

#[track_caller]
fn healthy(journal: &Journal, places: &str, what: &str) {
    let run = journal.run(&["search", "zebra crossing", "--all-words", "--paths"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), places, ""), "{what}");
    let run = journal.run(&["search", "\"zebra number\"", "--count"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "5\n"), "{what}: {}", run.err);
    let run = journal.run(&["--json", "index", "--verify"]);
    assert_eq!((run.code, &run.answer()["findings"]), (Some(0), &json!([])), "{what}");
}

type Damage<'d> = (&'d str, &'d dyn Fn(&Path));

#[test]
fn a_damaged_file_of_the_index_is_noticed() {
    let (journal, places) = grown();
    let flip = |path: &Path, share: usize| {
        let mut bytes = fs::read(path).expect("there");
        if bytes.is_empty() {
            return;
        }
        let at = (bytes.len() - 1) * share / 4;
        bytes[at] ^= 0x10;
        fs::write(path, bytes).expect("written");
    };
    let damages: [Damage<'_>; 7] = [
        ("truncated", &|path| {
            let file = File::options().write(true).open(path).expect("a file");
            file.set_len(file.metadata().expect("there").len() / 2).expect("cut");
        }),
        ("emptied", &|path| fs::write(path, "").expect("written")),
        ("removed", &|path| fs::remove_file(path).expect("removed")),
        ("garbage", &|path| fs::write(path, "garbage ".repeat(300)).expect("written")),
        ("flipped at the beginning", &|path| flip(path, 0)),
        ("flipped in the middle", &|path| flip(path, 2)),
        ("flipped at the end", &|path| flip(path, 4)),
    ];
    let mut kinds: Vec<String> = Vec::new();
    for entry in fs::read_dir(journal.generation()).expect("there").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        kinds.push(name.rsplit_once('.').map_or_else(|| name.split('-').next().unwrap_or_default().to_string(), |(_, e)| e.to_string()));
    }
    kinds.sort();
    kinds.dedup();
    for kind in ["del", "fast", "fieldnorm", "files", "idx", "json", "logs", "pos", "store", "term"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} of {kinds:?}");
    }
    for (n, kind) in kinds.iter().enumerate() {
        for (damage, harm) in damages {
            let of = |f: &fs::DirEntry| {
                let name = f.file_name().to_string_lossy().into_owned();
                name == *kind || name.ends_with(&format!(".{kind}")) || name.starts_with(&format!("{kind}-"))
            };
            let Some(file) = fs::read_dir(journal.generation()).expect("there").flatten().find(of) else { continue };
            harm(&file.path());
            healthy(&journal, &places, &format!("{kind} {damage}"));
            regrow(&journal, n);
        }
    }
}

#[test]
fn whatever_happens_to_the_directory_the_next_search_answers() {
    let (journal, places) = grown();
    let index = journal.path(INDEX);
    let damages: [Damage<'_>; 10] = [
        ("deleted", &|index| fs::remove_dir_all(index).expect("removed")),
        ("a file instead", &|index| {
            fs::remove_dir_all(index).expect("removed");
            fs::create_dir(index).expect("made");
            fs::write(index.join("current"), "").expect("written");
        }),
        ("current deleted", &|index| fs::remove_file(index.join("current")).expect("removed")),
        ("current emptied", &|index| fs::write(index.join("current"), "").expect("written")),
        ("current pointing nowhere", &|index| fs::write(index.join("current"), "g00000000").expect("written")),
        ("current pointing outside", &|index| fs::write(index.join("current"), "../..").expect("written")),
        ("current as bytes", &|index| fs::write(index.join("current"), [0, 255, 10]).expect("written")),
        ("lock deleted", &|index| fs::remove_file(index.join("lock")).expect("removed")),
        ("garbage beside", &|index| {
            fs::write(index.join("gfile"), "x").expect("written");
            fs::create_dir_all(index.join("g12345678/deep")).expect("made");
            fs::write(index.join("current.next"), "x").expect("written");
        }),
        ("garbage within", &|index| {
            let name = fs::read_to_string(index.join("current")).expect("there");
            for garbage in ["logs-0000000000000000", "files.next", "x.term", ".tmpabc"] {
                fs::write(index.join(&name).join(garbage), "garbage").expect("written");
            }
        }),
    ];
    for (n, (damage, harm)) in damages.into_iter().enumerate() {
        harm(&index);
        healthy(&journal, &places, damage);
        regrow(&journal, n);
    }
}

#[test]
fn an_index_of_another_version_is_made_anew() {
    let (journal, places) = grown();
    let before = journal.generation();
    let meta = before.join("meta.json");
    let text = fs::read_to_string(&meta).expect("there");
    let at = text.find(r#"\"version\":\""#).expect("a version") + 14;
    fs::write(&meta, format!("{}9{}", &text[..at], &text[at..])).expect("written");
    healthy(&journal, &places, "another version");
    assert_ne!(journal.generation(), before);
    assert!(!before.exists());
}

#[test]
fn another_process_that_updates_the_index_keeps_nobody_waiting() {
    let (journal, _) = grown();
    let lock = File::options().append(true).open(journal.path(".shiftlog/index/lock")).expect("there");
    lock.try_lock().expect("nobody has it");
    journal.imported(&[turn("bbbbbb", 1, "a new okapi", "ok")]);
    journal.entry("20261106-01", "okapi, too");
    let run = journal.run(&["search", "okapi"]).code(1);
    assert_eq!(
        run.err,
        "note: 2 changes are not searched yet: another process is updating the index\nnothing found in 5 logs and 5 turns\n"
    );
    assert_eq!(journal.search(&["zebra"])["coverage"], json!({"logs": 5, "turns": 5, "pending": 2}));
    // Nothing to do for whoever does not wait for it.
    assert_eq!(journal.search(&["zebra", "--no-update"])["coverage"]["pending"], json!(2));
    drop(lock);
    assert_eq!(journal.places("okapi").len(), 2);
    assert_eq!(journal.search(&["zebra"])["coverage"], json!({"logs": 6, "turns": 6, "pending": 0}));
    journal.verified();
}

#[test]
fn processes_that_update_at_once_all_answer() {
    let (journal, _) = grown();
    for round in 0..8 {
        if round % 4 == 0 {
            fs::remove_dir_all(journal.path(INDEX)).expect("removed");
        }
        journal.imported(&(1..=30).map(|n| turn(&format!("bbbb{round:02}"), n, "okapi", "ok")).collect::<Vec<_>>());
        let runs: Vec<Run> = std::thread::scope(|scope| {
            let searches: Vec<_> = (0..4).map(|_| scope.spawn(|| journal.run(&["search", "zebra", "--count"]))).collect();
            searches.into_iter().map(|s| s.join().expect("it ends")).collect()
        });
        for run in runs {
            assert_eq!((run.code, run.out.as_str()), (Some(0), "10\n"), "round {round}: {}", run.err);
        }
        assert_eq!(journal.run(&["search", "okapi", "--count"]).ok().out, format!("{}\n", 30 * (round + 1)));
        journal.verified();
    }
}

#[test]
fn an_update_that_is_killed_again_and_again_is_finished_by_the_next() {
    let (journal, _) = grown();
    for n in 0..100_u64 {
        journal.entry(&format!("2026{:02}{:02}-02", 1 + n / 28, 1 + n % 28), &format!("okapi {}", "word ".repeat(50)));
        if n % 5 == 0 {
            journal.imported(&(1..=25).map(|t| turn(&format!("cc{n:04}"), t, "okapi", &"many words ".repeat(20))).collect::<Vec<_>>());
        }
        if n % 25 == 24 {
            fs::remove_dir_all(journal.path(INDEX)).expect("removed");
        }
        let mut child = journal.command(&["search", "okapi"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_micros(n * 613 % 45_000));
        let _ = child.kill();
        let _ = child.wait();
        if n % 10 == 9 {
            journal.verified();
        }
    }
    assert_eq!(journal.run(&["search", "okapi", "--count"]).ok().out, format!("{}\n", 100 + 20 * 25));
    journal.verified();
    let names: Vec<String> =
        fs::read_dir(journal.path(INDEX)).expect("there").flatten().map(|f| f.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with('g')).count(), 1, "{names:?}");
}

#[test]
fn on_a_full_disk_the_old_index_goes_on_working() {
    let (journal, _) = grown();
    journal.entry("20261106-01", "okapi");
    // No file may grow beyond one kB.
    let script = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
    let limited = |args: &[&str]| {
        let mut command = std::process::Command::new("bash");
        command.args(["-c", script, env!("CARGO_BIN_EXE_shiftlog")]).args(args).current_dir(journal.root()).stdin(Stdio::null());
        command.env("HOME", journal.path("home")).env("TZ", "UTC").env("SHIFTLOG_NOW", crate::builder::NOW).output().expect("it runs")
    };
    let output = limited(&["search", "zebra", "--count"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"10\n"[..]), "{err}");
    assert!(err.starts_with("note: 1 change is not searched yet: "), "{err}");
    assert_eq!(journal.places("okapi"), ["sessions/current/20261106-01.md"]);
    journal.verified();
    // Nor does it keep a new one from being made later.
    fs::remove_dir_all(journal.path(INDEX)).expect("removed");
    let output = limited(&["search", "zebra"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(journal.places("zebra").len(), 6);
    journal.verified();
}

#[test]
fn a_journal_that_cannot_be_written_is_searched() {
    let (journal, places) = grown();
    journal.entry("20261106-01", "okapi");
    // The superuser may write everywhere but in what is mounted for reading only.
    let script = "mount --bind . . 2>/dev/null && mount -o remount,bind,ro . 2>/dev/null || exit 77; cd \"$PWD\" && exec \"$0\" \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["-m", "bash", "-c", script, env!("CARGO_BIN_EXE_shiftlog"), "search", "zebra crossing", "--all-words", "--paths"])
        .current_dir(journal.root())
        .env("HOME", journal.path("home"))
        .env("SHIFTLOG_NOW", crate::builder::NOW)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.code() != Some(77) && !String::from_utf8_lossy(&output.stderr).starts_with("unshare:") => {
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stdout)), (Some(0), places.as_str()), "{err}");
            assert!(err.starts_with("note: 1 change is not searched yet: "), "{err}");
        }
        _ => {
            #[expect(clippy::print_stderr, reason = "a skipped test says why")]
            {
                eprintln!("skipped: nothing can be mounted here");
            }
        }
    }
    assert_eq!(journal.places("okapi").len(), 1);
    journal.verified();
}

#[test]
fn what_is_in_no_log_and_no_turn_is_in_no_index() {
    let journal = Journal::new();
    journal.write("sessions/current/20261101-01.md", [0xff, 0xfe, 0, 1]);
    journal.write("sessions/archived/202610.zip", "no zip");
    journal.write("sessions/current/empty.md", "");
    let run = journal.run(&["search", "zebra"]).code(1);
    assert!(run.err.starts_with("nothing found in "), "{}", run.err);
    let stats: Value = journal.json(&["index", "--stats"]);
    assert_eq!([&stats["success"], &stats["coverage"]["turns"]], [&json!(true), &json!(0)]);
    journal.verified();
}
