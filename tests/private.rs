//! What must not be recorded, and what is taken out again.

use std::fs;

use serde_json::json;

use crate::builder::Journal;

/// A token of a form that is known, made here so that none stands in this file.
fn token() -> String {
    format!("ghp_{}", "a1B2c3D4e5F6".repeat(3))
}

/// Every file of a journal that holds this text.
fn holding(journal: &Journal, text: &str) -> Vec<String> {
    let all = walkdir::WalkDir::new(journal.root()).into_iter().flatten().filter(|e| e.file_type().is_file());
    let held = all.filter(|e| fs::read(e.path()).is_ok_and(|bytes| bytes.windows(text.len()).any(|w| w == text.as_bytes())));
    held.map(|e| e.path().strip_prefix(journal.root()).expect("below").display().to_string()).collect()
}

#[test]
fn secrets_and_private_text_never_reach_the_disk() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Bot"]).ok();
    let (token, word) = (token(), "between-us-alone");
    let said = format!("use {token} <private>{word}</private> and go on");
    let who = ["manage-session", "--action", "create", "--user-id", &said, "--channel-id", &token, "--model", &token];
    let id = journal.run(&who).ok().answer()["session_id"].as_str().expect("an id").to_string();
    let _ = journal.track(&id, &said, &["--agent-response", &said]).ok();
    let _ = journal.track(&token, &said, &[]).ok();
    let _ = journal.run(&["conversation", "rename", &id, &said]).ok();
    let line = json!({"type": "turn", "conversation": token, "native_id": token, "user_input": said, "author": token, "extra": {"password": "correct-horse"},
        "actions": [{"kind": "command", "value": said, "output": said, "env": {"TOKEN": token}}]});
    let conversation = json!({"type": "conversation", "id": "x", "title": said, "cwd": said, "note": [said]});
    let _ = journal.run_with(&["conversation", "import", "-"], &format!("{conversation}\n{line}\n")).ok();
    let _ = journal.manage("close", &id).ok();
    let _ = journal.run(&["backup", "home/b.zip"]).ok();
    for secret in [token.as_str(), word, "correct-horse"] {
        assert_eq!(holding(&journal, secret), [""; 0], "{secret}");
    }
    let shown = journal.json(&["conversation", "show", &id]);
    assert_eq!(shown["turns"][0]["user_input"], "use [redacted:github-token] [private] and go on");
    assert!(journal.read("sessions/current/20261120-01.md").contains("- use [redacted:github-token] [private] and go on"));
    let _ = journal.run(&["redact", "--check"]).ok();
}

#[test]
fn two_ids_that_differ_in_a_secret_stay_two() {
    let journal = Journal::new();
    let other = token().replace('1', "7");
    let line = |native: &str| format!("{{\"type\":\"turn\",\"conversation\":\"c\",\"native_id\":\"{native}\",\"user_input\":\"a\"}}\n");
    let text = line(&token()) + &line(&other);
    let count = |answer: &serde_json::Value| [answer["turns"].clone(), answer["known"].clone()];
    assert_eq!(count(&journal.run_with(&["--json", "conversation", "import", "-"], &text).ok().answer()), [json!(2), json!(0)]);
    assert_eq!(count(&journal.run_with(&["--json", "conversation", "import", "-"], &text).ok().answer()), [json!(0), json!(2)]);
}

#[test]
fn recording_is_switched_off_and_on_for_a_project() {
    let journal = Journal::new();
    let id = journal.conversation();
    fs::create_dir_all(journal.path("work/.git")).expect("made");
    fs::create_dir_all(journal.path("work/src")).expect("made");
    let within = |args: &[&str]| {
        let mut command = journal.command(args);
        let output = command.current_dir(journal.path("work/src")).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let project = fs::canonicalize(journal.path("work")).expect("there").display().to_string();
    assert_eq!(within(&["record"]), (Some(0), format!("recording is on in {project}\n")));
    assert_eq!(within(&["record", "off"]), (Some(0), format!("recording is off in {project}\n")));
    let track = ["track-conversation", "--session-id", &id, "--user-input", "a secret plan"];
    let (code, out) = within(&track);
    assert!(code == Some(2) && out.contains("\"kind\":\"record-off\""), "{out}");
    assert!(within(&["manage-session", "--action", "create"]).1.contains("\"kind\":\"record-off\""));
    assert_eq!(holding(&journal, "a secret plan"), [""; 0]);
    // Elsewhere in the journal it is on.
    let _ = journal.track(&id, "hello", &[]).ok();
    // A conversation that began there is not recorded from elsewhere either, nor imported.
    let line = json!({"type": "conversation", "id": "x", "cwd": format!("{project}/src"), "started": "2026-01-01T00:00:00Z"});
    let turn = json!({"type": "turn", "conversation": "x", "user_input": "a secret plan"});
    let answer = journal.run_with(&["--json", "conversation", "import", "-"], &format!("{line}\n{turn}\n")).ok().answer();
    assert_eq!(answer["skipped"], json!({"recording is off there": 2}));
    assert_eq!(within(&["record", "on"]), (Some(0), format!("recording is on in {project}\n")));
    assert_eq!(within(&track).0, Some(0));
}

#[test]
fn excluded_projects_and_paths_are_not_recorded() {
    let journal = Journal::new().file("shiftlog.toml", "[record]\nexclude = [\"client-*\", \"private/**\", \"~/diary\"]\n");
    journal.write("home/.config/shiftlog/config.toml", "[record]\nexclude = [\"acme\"]\n");
    let id = journal.conversation();
    let root = fs::canonicalize(journal.root()).expect("there").display().to_string();
    for (project, cwd, stored) in [
        ("weather", "/srv/weather", true),
        ("client-x", "/srv/x", false),
        ("my-client-x", "/srv/x", true),
        ("acme", "/srv/a", false),
        ("weather", &format!("{root}/private/notes"), false),
        ("weather", &format!("{root}/home/diary/2026"), false),
        ("weather", &format!("{root}/home/diary-of-others"), true),
    ] {
        let line = json!({"type": "conversation", "id": format!("{project} {cwd}"), "project": project, "cwd": cwd});
        let answer = journal.run_with(&["--json", "conversation", "import", "-"], &format!("{line}\n")).ok().answer();
        let skipped = if stored { json!({}) } else { json!({"excluded": 1}) };
        assert_eq!([&answer["conversations"], &answer["skipped"]], [&json!(u8::from(stored)), &skipped], "{project} {cwd}");
    }
    for dir in ["private/deep", "home/diary", "client-7/.git"] {
        fs::create_dir_all(journal.path(dir)).expect("made");
        let cwd = journal.path(dir.trim_end_matches("/.git"));
        let mut command = journal.command(&["track-conversation", "--session-id", &id, "--user-input", "a"]);
        let output = command.current_dir(cwd).output().expect("it runs");
        assert!(String::from_utf8_lossy(&output.stdout).contains("\"kind\":\"record-excluded\""), "{dir}");
    }
    let _ = journal.track(&id, "a", &[]).ok();
    journal.write("shiftlog.toml", "[record]\nexlude = []\n");
    let error = journal.run(&["conversation", "list"]).code(2).err;
    assert!(error.contains("shiftlog.toml:2") && error.contains("did you mean `exclude`"), "{error}");
}

#[test]
fn what_was_stored_before_is_found_and_taken_out() {
    let journal = Journal::new().file("shiftlog.toml", "[record]\nredact = false\n");
    let token = token();
    let _ = journal.run(&["new", "Bot"]).ok();
    let id = journal.conversation();
    for n in 1..=60 {
        let _ = journal.track(&id, &format!("{n} {token}"), &["--agent-response", &format!("password = \"{token}\"")]).ok();
    }
    let line = json!({"type": "turn", "conversation": "c", "native_id": token, "user_input": "a", "why": [token],
        "actions": [{"kind": "command", "value": "env", "output": token}]});
    let _ = journal.run_with(&["conversation", "import", "-"], &format!("{line}\n")).ok();
    let run = journal.run(&["add", "summary", &format!("the key was {token}")]).ok();
    assert!(run.err.starts_with("note: this looks like a secret (github-token) and is in the log now"), "{}", run.err);
    // The person takes it out of the log again; it lies among the displaced versions.
    let _ = journal.run(&["show"]).ok();
    let _ = journal.run(&["drop", "summary:1"]).ok();
    journal.write(".shiftlog/trash/20261101-01.md", format!("thrown away: {token}\n"));
    journal.write(".shiftlog/index/meta.json", &token);
    journal.write(".shiftlog/handed/20261101-01.json", format!("{{\"time\":\"2026-11-01T00:00:00Z\",\"open\":[\"{token}\"]}}"));
    journal.write(".shiftlog/finished.jsonl", format!("{{\"left\":[\"{token}\"]}}\n"));
    let check = journal.run(&["--json", "redact", "--check"]).code(1).answer();
    let found = check["secrets"].as_array().expect("a list");
    assert!(found.contains(&json!({"place": format!(".shiftlog/record.db: {id} turn 1 user_input"), "kind": "github-token"})), "{check}");
    assert!(found.contains(&json!({"place": ".shiftlog/trash/20261101-01.md:1", "kind": "github-token"})), "{check}");
    assert!(!holding(&journal, &token).is_empty());
    let applied = journal.json(&["redact", "--apply"]);
    assert_eq!(applied["texts"], json!(120 + 3));
    assert_eq!(holding(&journal, &token), [""; 0]);
    assert_eq!(journal.read(".shiftlog/trash/20261101-01.md"), "thrown away: [redacted:github-token]\n");
    assert_eq!(journal.read(".shiftlog/finished.jsonl"), "{\"left\":[\"[redacted:github-token]\"]}\n");
    assert!(!journal.path(".shiftlog/index").exists());
    let _ = journal.run(&["redact", "--check"]).ok();
    let _ = journal.run(&["doctor"]).ok();
    assert_eq!(journal.json(&["conversation", "show", &id])["turns"][59]["user_input"], "60 [redacted:github-token]");
    // What was displaced can still be brought back, without the secret.
    let _ = journal.run(&["undo"]).ok();
    assert!(journal.read("sessions/current/20261120-01.md").contains("- the key was [redacted:github-token]\n"));
}

#[test]
fn a_log_is_never_altered_only_named() {
    let token = token();
    let text = format!("---\nstatus: \"Active\"\n---\n\n## Summary\n\n- the key is {token}\n");
    let journal = Journal::new().file("sessions/current/20261119-01.md", &text);
    let check = journal.run(&["redact", "--check"]).code(1);
    assert_eq!(check.out, "sessions/current/20261119-01.md:7  github-token\n");
    assert_eq!(
        check.err,
        "0 secrets found in what is stored, 1 in logs\nlogs are never altered: take them out of these in an editor, then run this again for what was displaced\n"
    );
    let _ = journal.run(&["redact", "--apply"]).ok();
    assert_eq!(journal.read("sessions/current/20261119-01.md"), text);
    // Typing one is warned of, and done.
    let run = journal.run(&["add", "summary", &format!("another: {}", token.replace('1', "5"))]).ok();
    assert!(run.err.contains("note: this looks like a secret (github-token)"), "{}", run.err);
    let run = journal.run(&["add", "summary", "nothing secret"]).ok();
    assert!(!run.err.contains("secret ("), "{}", run.err);
}

#[test]
fn a_reader_keeps_secrets_from_being_taken_out_and_that_is_said() {
    let journal = Journal::new().file("shiftlog.toml", "[record]\nredact = false\n");
    let id = journal.conversation();
    for n in 0..20 {
        let _ = journal.track(&id, &format!("{n} {}", token()), &[]).ok();
    }
    let reader = rusqlite::Connection::open(journal.path(".shiftlog/record.db")).expect("it opens");
    reader.execute_batch("BEGIN").expect("begun");
    let _: i64 = reader.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).expect("a count");
    let run = journal.run(&["--json", "redact", "--apply"]).code(2).answer();
    assert_eq!(run["error"]["kind"], "record-busy");
    drop(reader);
    let _ = journal.run(&["redact", "--apply"]).ok();
    assert_eq!(holding(&journal, &token()), [""; 0]);
}

#[test]
fn exclusion_knows_other_spellings_of_a_place() {
    let journal = Journal::new();
    let outer = fs::canonicalize(journal.root()).expect("there");
    let root = outer.join("j[x]k");
    fs::create_dir_all(root.join("sessions/current")).expect("made");
    fs::create_dir_all(root.join("sub/priv")).expect("made");
    fs::create_dir_all(outer.join("real/deep")).expect("made");
    std::os::unix::fs::symlink(outer.join("real"), outer.join("link")).expect("linked");
    fs::create_dir_all(outer.join("secret-x/.git/worktrees/w")).expect("made");
    fs::create_dir_all(outer.join("tree")).expect("made");
    fs::write(outer.join("tree/.git"), format!("gitdir: {}\n", outer.join("secret-x/.git/worktrees/w").display())).expect("written");
    let link = outer.join("link").display().to_string();
    fs::write(root.join("shiftlog.toml"), format!("[record]\nexclude = [\"./sub/priv\", \"{link}\", \"secret-*\"]\n")).expect("written");
    let import = |line: serde_json::Value| {
        let args = ["--journal", &root.display().to_string(), "--json", "conversation", "import", "-"];
        journal.run_with(&args, &format!("{line}\n")).ok().answer()["conversations"].clone()
    };
    let at = |id: &str, cwd: &std::path::Path| json!({"type": "conversation", "id": id, "cwd": cwd, "started": "2026-01-01T00:00:00Z"});
    assert_eq!(import(at("a", &root.join("sub/priv"))), 0);
    assert_eq!(import(at("b", &outer.join("real/deep"))), 0);
    assert_eq!(import(at("c", &outer.join("link/deep"))), 0);
    assert_eq!(import(at("d", &outer.join("secret-x"))), 0);
    assert_eq!(import(at("e", &outer.join("tree"))), 0);
    assert_eq!(
        import(json!({"type": "conversation", "id": "f", "parent": "a", "project": "secret-y", "started": "2026-01-01T00:00:00Z"})),
        0
    );
    assert_eq!(import(at("g", &root.join("sub"))), 1);
}

#[test]
fn bytes_that_are_no_text_are_scrubbed_too() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Bot"]).ok();
    let mut bytes = b"caf\xe9 ".to_vec();
    bytes.extend(token().as_bytes());
    bytes.extend(b" \xff\n");
    journal.write(".shiftlog/trash/20261101-01.md", &bytes);
    let check = journal.run(&["redact", "--check"]).code(1);
    assert_eq!(check.out, ".shiftlog/trash/20261101-01.md:1  github-token\n");
    let _ = journal.run(&["redact", "--apply"]).ok();
    assert_eq!(fs::read(journal.path(".shiftlog/trash/20261101-01.md")).expect("there"), b"caf\xe9 [redacted:github-token] \xff\n");
}

#[test]
fn off_without_a_repository_means_the_journal_wherever_one_stands() {
    let journal = Journal::new();
    fs::create_dir_all(journal.path("elsewhere")).expect("made");
    let root = fs::canonicalize(journal.root()).expect("there").display().to_string();
    let elsewhere = |args: &[&str]| {
        let mut all = vec!["--journal", &root];
        all.extend(args);
        let output = journal.command(&all).current_dir("/").output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(elsewhere(&["record", "off"]), format!("recording is off in {root}\n"));
    assert_eq!(journal.read(".shiftlog/record.off"), format!("{root}\n"));
    let track = ["track-conversation", "--session-id", "x", "--user-input", "a"];
    assert!(elsewhere(&track).contains("\"kind\":\"record-off\""));
    assert!(journal.run(&track).out.contains("\"kind\":\"record-off\""));
    let line = json!({"type": "turn", "conversation": "c", "user_input": "a"});
    let answer = journal.run_with(&["--json", "conversation", "import", "-"], &format!("{line}\n")).ok().answer();
    assert_eq!(answer["skipped"], json!({"recording is off there": 1}));
    assert_eq!(elsewhere(&["record", "on"]), format!("recording is on in {root}\n"));
    assert!(elsewhere(&track).contains("\"success\":true"));
}

#[test]
fn what_turns_out_to_be_excluded_is_taken_back() {
    let journal = Journal::new().file("shiftlog.toml", "[record]\nexclude = [\"secret-*\"]\n");
    let turn = |c: &str| json!({"type": "turn", "conversation": c, "user_input": "a secret plan"});
    let line = json!({"type": "conversation", "id": "c", "project": "secret-x"});
    let kid = json!({"type": "conversation", "id": "kid", "parent": "par"});
    let parent = json!({"type": "conversation", "id": "par", "project": "secret-x"});
    let text = format!("{}\n{line}\n{}\n{kid}\n{}\n{parent}\n", turn("c"), turn("c"), turn("kid"));
    let answer = journal.run_with(&["--json", "conversation", "import", "-"], &text).ok().answer();
    assert_eq!([&answer["conversations"], &answer["turns"]], [&json!(0), &json!(0)]);
    assert_eq!(holding(&journal, "a secret plan"), [""; 0]);
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn many_projects_are_switched_off_at_once() {
    let journal = Journal::new();
    std::thread::scope(|scope| {
        for n in 0..12 {
            let dir = journal.path(&format!("d{n}"));
            fs::create_dir_all(dir.join(".git")).expect("made");
            let mut command = journal.command(&["record", "off"]);
            scope.spawn(move || assert!(command.current_dir(dir).output().expect("it runs").status.success()));
        }
    });
    assert_eq!(journal.read(".shiftlog/record.off").lines().count(), 12);
}

#[test]
fn a_directory_that_is_gone_is_still_excluded() {
    let journal = Journal::new().file("shiftlog.toml", "[record]\nexclude = [\"proj\", \"notes/**\"]\n");
    let root = fs::canonicalize(journal.root()).expect("there");
    fs::create_dir_all(root.join("proj/.git")).expect("made");
    fs::create_dir_all(root.join("notes")).expect("made");
    for cwd in ["proj/gone/deeper", "x/../proj/sub", "notes", "notes/gone"] {
        let line = json!({"type": "conversation", "id": cwd, "cwd": root.join(cwd), "started": "2026-01-01T00:00:00Z"});
        let answer = journal.run_with(&["--json", "conversation", "import", "-"], &format!("{line}\n")).ok().answer();
        assert_eq!(answer["skipped"], json!({"excluded": 1}), "{cwd}");
    }
}
