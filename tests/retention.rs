//! What only the record still holds, and what an agent is about to delete.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use shiftlog::agents::Homes;
use shiftlog::agents::cleanup::claude_keeps;
use shiftlog::retention::{Question, look};

use crate::builder::Journal;
use crate::import::Claude;

/// A conversation of so many turns, in a directory, last changed then.
fn conversation(journal: &Journal, n: usize, cwd: &Path, changed: &str) -> Claude {
    let mut claude = Claude::new(&format!("aaaaaaaa-0000-4000-8000-00000000000{n}"), cwd);
    claude.user(&format!("u{n}"), "Why?").agent(&format!("a{n}"), "Because.");
    claude.save(journal);
    journal.modified(&claude.path(), changed);
    claude
}

#[test]
fn what_is_gone_and_what_goes_soon_is_counted() {
    let journal = Journal::new();
    let here = journal.root().to_path_buf();
    let gone = conversation(&journal, 1, &here, "2026-10-20T00:00:00Z");
    let soon = conversation(&journal, 2, &here, "2026-10-22T00:00:00Z");
    let grown = conversation(&journal, 3, &here, "2026-10-23T00:00:00Z");
    let late = conversation(&journal, 4, &here, "2026-11-19T00:00:00Z");
    let elsewhere = conversation(&journal, 5, Path::new("/elsewhere"), "2026-10-22T00:00:00Z");
    journal.run(&["import"]).ok();
    fs::remove_file(journal.path(&gone.path())).expect("removed");
    let mut more = grown;
    more.user("u9", "And then?").agent("a9", "That.");
    more.save(&journal);
    journal.modified(&more.path(), "2026-10-24T00:00:00Z");
    // Never taken in: one of this journal's directory, and one of another.
    let new = conversation(&journal, 6, &here, "2026-10-25T00:00:00Z");
    let other = conversation(&journal, 7, Path::new("/elsewhere"), "2026-10-25T00:00:00Z");

    let all = journal.run(&["conversation", "export"]).ok().out;
    let id = |claude: &Claude| {
        let lines = all.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut found = lines.filter(|line| line["type"] == "conversation" && line["native_id"] == claude.session.as_str());
        found.next().expect("there")["id"].as_str().expect("an id").to_string()
    };
    let path = |claude: &Claude| journal.path(&claude.path()).to_string_lossy().into_owned();
    let answer = journal.json(&["doctor", "--retention"]);
    let expected = json!({
        "success": true, "only_here": [id(&gone)],
        "soon": [
            {"path": path(&soon), "deleted_at": "2026-11-21T00:00:00Z"},
            {"path": path(&more), "deleted_at": "2026-11-23T00:00:00Z"},
            {"path": path(&new), "deleted_at": "2026-11-24T00:00:00Z"},
        ],
        "not_taken": [path(&more), path(&new)], "kept_days": 30,
    });
    assert_eq!(answer, expected);
    let name = |claude: &Claude| claude.path().replacen("home/", "~/", 1);
    journal.run(&["doctor", "--retention"]).code(1).err("hint: `shiftlog import` takes them in\n").out(&format!(
        "only here   1 conversation whose files are gone\n            {}\n\
             soon gone   3 conversations that Claude Code deletes within 7 days: it keeps them for 30 days\n\
             \u{20}           {}  2026-11-21 00:00\n            {}  2026-11-23 00:00\n            {}  2026-11-24 00:00\n\
             not taken   2 of them, or their last part\n            {}\n            {}\n",
        id(&gone),
        name(&soon),
        name(&more),
        name(&new),
        name(&more),
        name(&new)
    ));

    journal.run(&["import"]).ok();
    let answer = journal.json(&["doctor", "--retention"]);
    assert_eq!((answer["soon"].as_array().map(Vec::len), &answer["not_taken"]), (Some(3), &json!([])));
    assert!(!answer.to_string().contains(&late.session) && !answer.to_string().contains(&elsewhere.session));
    assert!(!answer.to_string().contains(&other.session));
    journal.run(&["doctor", "--retention"]).ok();
}

#[test]
fn a_conversation_that_lies_elsewhere_now_is_not_gone() {
    let journal = Journal::new();
    let claude = conversation(&journal, 1, journal.root(), "2026-11-19T00:00:00Z");
    journal.run(&["import"]).ok();
    let to = journal.path("home/.claude/projects/-q");
    fs::create_dir_all(&to).expect("a directory");
    fs::rename(journal.path(&claude.path()), to.join(format!("{}.jsonl", claude.session))).expect("moved");
    assert_eq!(journal.json(&["doctor", "--retention"])["only_here"].as_array().map(Vec::len), Some(1));
    journal.run(&["import"]).ok();
    assert_eq!(journal.json(&["doctor", "--retention"])["only_here"], json!([]));
}

#[test]
fn nothing_recorded_is_nothing_to_count() {
    let journal = Journal::new();
    journal.run(&["doctor", "--retention"]).ok().out(
        "only here   0 conversations whose files are gone\n\
         soon gone   0 conversations that Claude Code deletes within 7 days: it keeps them for 30 days\n\
         not taken   0 of them, or their last part\n",
    );
    conversation(&journal, 1, journal.root(), "2026-10-22T00:00:00Z");
    let answer = journal.json(&["doctor", "--retention"]);
    assert_eq!(answer["not_taken"].as_array().map(Vec::len), Some(1));
}

#[test]
fn how_long_conversations_are_kept_is_a_setting_of_the_agent() {
    let journal = Journal::new();
    let homes = Homes { home: journal.path("home"), ..Homes::default() };
    let days = || claude_keeps(&homes).as_secs() / 86_400;
    assert_eq!(days(), 30);
    for (text, expected) in [
        ("{\"cleanupPeriodDays\": 99999}", 99_999),
        ("{\n  // long\n  \"cleanupPeriodDays\": 10,\n}", 10),
        ("{\"cleanupPeriodDays\": \"x\"}", 30),
        ("{\"cleanupPeriodDays\": -1}", u64::MAX / 86_400),
        ("{ broken", 30),
    ] {
        journal.write("home/.claude/settings.json", text);
        assert_eq!(days(), expected, "{text}");
    }
}

#[test]
fn only_so_many_files_are_looked_at() {
    let journal = Journal::new();
    let files: Vec<_> =
        (1..=3).map(|n| journal.path(&conversation(&journal, n, journal.root(), &format!("2026-10-2{n}T00:00:00Z")).path())).collect();
    let now: SystemTime = chrono::DateTime::parse_from_rfc3339("2026-11-20T14:30:00Z").expect("a time").into();
    let asked = std::cell::Cell::new(0);
    let wanted = |_: &Path| {
        asked.set(asked.get() + 1);
        true
    };
    let kept = Duration::from_secs(30 * 86_400);
    let question = Question { files: &files, kept, wanted: &wanted, most: 2, now };
    let found = look(None, &question).expect("an answer");
    assert_eq!((found.soon.len(), found.soon_not_taken.len(), found.partly, asked.get()), (2, 2, true, 2));
}
