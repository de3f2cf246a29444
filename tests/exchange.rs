//! Export and import: lossless, once, from any program.

use serde_json::{Value, json};

use crate::builder::Journal;

/// A history with everything that has a place, and some that has none.
const HISTORY: &str = r#"{"type":"conversation","id":"SESS-20261101-0900-aaaaaa","agent":"claude","native_id":"n-1","user":"ada","channel":"cli","project":"weather","branch":"main","cwd":"/home/dev/weather","model":"m-1","parent":null,"started":"2026-11-01T09:00:00.250Z","status":"closed","title":"Stale","color":"blue"}
{"type":"turn","conversation":"SESS-20261101-0900-aaaaaa","native_id":"t-1","turn":1,"time":"2026-11-01T09:00:01Z","user_input":"Why?\nReally \u0000 \"why\"?","agent_response":"日本 \ud83e\udd80","author":"ada","input_tokens":12,"output_tokens":34,"status":"active","model":"m-2","actions":[{"kind":"command","value":"cargo test","ok":false,"output":"E0502","ms":12},{"kind":"file-edited","value":"src/x.rs"}],"mood":{"good":true}}
{"type":"turn","conversation":"SESS-20261101-0900-aaaaaa","native_id":null,"turn":2,"time":"2026-11-01T09:00:02Z","user_input":null,"agent_response":"","author":null,"input_tokens":null,"output_tokens":null,"status":"abandoned","actions":[]}
{"type":"turn","conversation":"SESS-20261101-0900-aaaaaa","native_id":null,"turn":5,"time":"2026-11-01T09:00:02Z","user_input":"again","agent_response":null,"author":null,"input_tokens":null,"output_tokens":null,"status":"active","actions":[]}
"#;

fn import(journal: &Journal, text: &str) -> Value {
    journal.run_with(&["--json", "conversation", "import", "-"], text).ok().answer()
}

fn export(journal: &Journal) -> String {
    journal.run(&["conversation", "export"]).ok().out
}

fn counts(answer: &Value) -> [u64; 5] {
    ["conversations", "turns", "completed", "known", "different"].map(|key| answer[key].as_u64().expect("a count"))
}

#[test]
fn what_is_imported_is_exported_byte_for_byte() {
    let journal = Journal::new();
    assert_eq!(counts(&import(&journal, HISTORY)), [1, 3, 0, 0, 0]);
    let out = export(&journal);
    let value = |text: &str| text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect::<Vec<Value>>();
    assert_eq!(value(&out), value(HISTORY));
    let other = Journal::new();
    let _ = import(&other, &out);
    assert_eq!(export(&other), out);
    let health = journal.json(&["doctor"]);
    assert_eq!(health["healthy"], true);
}

#[test]
fn a_second_import_adds_nothing() {
    let journal = Journal::new();
    let _ = import(&journal, HISTORY);
    let before = export(&journal);
    assert_eq!(counts(&import(&journal, HISTORY)), [0, 0, 0, 3, 0]);
    journal.write("own.jsonl", &before);
    assert_eq!(counts(&journal.json(&["conversation", "import", "own.jsonl"])), [0, 0, 0, 3, 0]);
    assert_eq!(export(&journal), before);
}

#[test]
fn what_a_bot_tracked_is_exported_and_imported_the_same() {
    let mut journal = Journal::new();
    let _ = journal.run(&["new", "Bot"]).ok();
    let id = journal.conversation();
    for n in 1..=60 {
        journal.clock(&format!("2026-11-20T14:{n:02}:00.{n:03}Z").replace(":60:", ":59:"));
        // The same words at the same time are two turns all the same.
        let input = if n % 7 == 0 { "continue".to_string() } else { format!("question {n}") };
        let _ = journal.track(&id, &input, &["--agent-response", &format!("answer {n}")]).ok();
    }
    let _ = journal.track(&id, "continue", &[]).ok();
    let _ = journal.track(&id, "continue", &[]).ok();
    let _ = journal.run(&["conversation", "branch", &id, "--at", "3"]).ok();
    let _ = journal.manage("close", &id).ok();
    let out = export(&journal);
    assert_eq!(out.lines().count(), 1 + 62 + 1 + 3);
    let other = Journal::new();
    assert_eq!(counts(&import(&other, &out)), [2, 65, 0, 0, 0]);
    assert_eq!(export(&other), out);
    assert_eq!(counts(&import(&other, &out)), [0, 0, 0, 65, 0]);
    assert_eq!(counts(&import(&journal, &out)), [0, 0, 0, 65, 0]);
    assert_eq!(export(&journal), out);
    let live = |journal: &Journal| journal.json(&["conversation", "stats"])["stats"]["live_turns"].clone();
    assert_eq!(live(&other), live(&journal));
}

#[test]
fn ids_of_any_kind_are_mapped() {
    let journal = Journal::new();
    let lines = concat!(
        "{\"type\":\"turn\",\"conversation\":\"c1\",\"turn\":1,\"time\":\"2026-01-02T03:04:05+01:00\",\"project\":\"p\",\"user_input\":\"a\"}\n",
        "{\"type\":\"turn\",\"conversation\":17,\"turn\":1,\"user_input\":\"b\",\"project\":\"q\"}\n",
        "{\"type\":\"turn\",\"conversation\":\"c1\",\"turn\":2,\"time\":\"2026-01-02T03:04:06+01:00\",\"project\":\"other\",\"user_input\":\"c\"}\n",
        "{\"type\":\"conversation\",\"id\":\"child\",\"parent\":\"c1\",\"user\":\"u\"}\n",
    );
    assert_eq!(counts(&import(&journal, lines)), [3, 3, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, lines)), [0, 0, 0, 3, 0]);
    let shown = journal.json(&["conversation", "show", "c1"]);
    let c = &shown["conversation"];
    let id = c["id"].as_str().expect("an id");
    assert!(id.starts_with("SESS-20260102-0204-"), "{id}");
    assert_eq!([&c["native_id"], &c["project"], &c["created_at"]], [&json!("c1"), &json!("p"), &json!("2026-01-02T02:04:05Z")]);
    // The same program's history has the same ids in every journal.
    let other = Journal::new();
    let _ = import(&other, lines);
    assert_eq!(other.json(&["conversation", "show", "c1"])["conversation"]["id"], *id);
    assert_eq!(journal.json(&["conversation", "show", "child"])["conversation"]["parent"], *id);
    assert!(export(&journal).contains("\"user_input\":\"c\",\"agent_response\":null,\"author\":null,\"input_tokens\":null,\"output_tokens\":null,\"status\":\"active\",\"actions\":[],\"project\":\"other\"}"));
}

#[test]
fn what_was_missing_is_filled_in_and_the_rest_stays() {
    let journal = Journal::new();
    let line = |native: &str, turn: u8, input: &str, response: &str, more: &str| {
        format!(
            "{{\"type\":\"turn\",\"conversation\":\"c\",\"native_id\":\"{native}\",\"turn\":{turn},\"time\":\"2026-01-01T00:00:0{turn}Z\",\"user_input\":\"{input}\",\"agent_response\":{response}{more}}}\n"
        )
    };
    let first = line("a", 1, "one", "null", "") + &line("b", 2, "two", "\"half\"", "") + &line("c", 3, "three", "\"whole\"", "");
    assert_eq!(counts(&import(&journal, &first)), [1, 3, 0, 0, 0]);
    let action = ",\"actions\":[{\"kind\":\"command\",\"value\":\"ls\"}],\"output_tokens\":7";
    let second =
        line("a", 1, "one", "\"now\"", "") + &line("b", 2, "two", "\"half and half\"", action) + &line("c", 3, "three", "\"other\"", "");
    assert_eq!(counts(&import(&journal, &second)), [0, 0, 2, 0, 1]);
    assert_eq!(counts(&import(&journal, &second)), [0, 0, 0, 2, 1]);
    let turns = &journal.json(&["conversation", "show", "c"])["turns"];
    let responses: Vec<&Value> = (0..3).map(|n| &turns[n]["agent_response"]).collect();
    assert_eq!(responses, [&json!("now"), &json!("half and half"), &json!("whole")]);
    assert_eq!(turns[1]["actions"], json!([{"kind": "command", "value": "ls"}]));
    assert_eq!(turns[1]["output_tokens"], 7);
}

#[test]
fn a_turn_that_was_missed_takes_its_place() {
    let journal = Journal::new();
    let line = |native: u8, turn: u8, second: u8| {
        format!(
            "{{\"type\":\"turn\",\"conversation\":\"c\",\"native_id\":\"{native}\",\"turn\":{turn},\"time\":\"2026-01-01T00:00:{second:02}Z\",\"user_input\":\"at {second}\"}}\n"
        )
    };
    let _ = import(&journal, &(line(1, 1, 10) + &line(3, 2, 30)));
    let _ = import(&journal, &(line(1, 1, 10) + &line(2, 2, 20) + &line(3, 3, 30) + &line(0, 1, 5)));
    let turns = journal.json(&["conversation", "show", "c"])["turns"].clone();
    let said: Vec<(&Value, &Value)> = turns.as_array().expect("turns").iter().map(|t| (&t["turn"], &t["user_input"])).collect();
    assert_eq!(
        said,
        [(&json!(1), &json!("at 5")), (&json!(2), &json!("at 10")), (&json!(3), &json!("at 20")), (&json!(4), &json!("at 30"))]
    );
    assert_eq!(
        journal
            .track(journal.json(&["conversation", "show", "c"])["conversation"]["id"].as_str().expect("an id"), "next", &[])
            .ok()
            .answer()["turn_number"],
        5
    );
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn a_bad_line_is_named_and_nothing_is_stored() {
    let good = "{\"type\":\"turn\",\"conversation\":\"c\",\"user_input\":\"a\"}\n";
    for (line, message) in [
        ("{\"type\":\"turn\",\"user_input\":\"a\"}", "a turn without `conversation`"),
        ("{\"type\":\"trun\",\"conversation\":\"c\"}", "unknown type `trun`: it is `conversation` or `turn`"),
        ("{\"conversation\":\"c\"}", "no `type`: it is `conversation` or `turn`"),
        ("{\"type\":\"conversation\"}", "a conversation without `id`"),
        (
            "{\"type\":\"conversation\",\"id\":\"x\",\"status\":\"done\"}",
            "unknown status `done`: known are active, paused, closed, archived",
        ),
        ("{\"type\":\"turn\",\"conversation\":\"c\",\"turn\":0}", "turns are numbered from 1 to 1000000000"),
        ("{\"type\":\"turn\",\"conversation\":\"c\",\"time\":\"yesterday\"}", "`time`: `yesterday` is no RFC 3339 time"),
        ("{\"type\":\"turn\",\"conversation\":\"c\",\"user_input\":3}", "`user_input`: invalid type: integer `3`, expected a text"),
        (
            "{\"type\":\"turn\",\"conversation\":\"c\",\"input_tokens\":18446744073709551615}",
            "`input_tokens`: 18446744073709551615 is too large",
        ),
        ("not JSON", "not JSON: expected ident (column 2)"),
        ("[1]", "invalid type: sequence, expected an object with a `type`"),
    ] {
        let journal = Journal::new().file("in.jsonl", format!("{good}\n{line}\n{good}"));
        let file = journal.path("in.jsonl");
        let expected = format!(
            "shiftlog: {message}: {}:3\nhint: correct that line and import the file again; nothing of it was stored\n",
            file.display()
        );
        let run = journal.run(&["conversation", "import", "in.jsonl"]).code(2);
        assert_eq!(run.err, expected);
        assert_eq!(journal.json(&["conversation", "list"])["conversations"], json!([]));
        // What can be read only once is taken back.
        let run = journal.run_with(&["conversation", "import", "-"], &format!("{good}\n{line}\n{good}")).code(2);
        assert!(run.err.starts_with(&format!("shiftlog: {message}: -:3\n")), "{}", run.err);
        assert_eq!(journal.json(&["conversation", "list"])["conversations"], json!([]));
    }
}

#[test]
fn an_incomplete_last_line_is_left_for_next_time() {
    let line = "{\"type\":\"turn\",\"conversation\":\"c\",\"native_id\":\"1\",\"user_input\":\"a\"}\n";
    let journal = Journal::new().file("in.jsonl", format!("\u{feff}{line}{}", &line[..40]));
    let answer = journal.json(&["conversation", "import", "in.jsonl"]);
    assert_eq!(counts(&answer), [1, 1, 0, 0, 0]);
    assert!(answer["notices"][0].as_str().is_some_and(|n| n.starts_with("the last line is incomplete and was left out: ")), "{answer}");
    journal.write("in.jsonl", line.to_string() + &line.replace("\"1\"", "\"2\""));
    assert_eq!(counts(&journal.json(&["conversation", "import", "in.jsonl"])), [0, 1, 0, 1, 0]);
}

#[test]
fn markdown_is_for_people() {
    let journal = Journal::new();
    let _ = import(&journal, HISTORY);
    let text = journal.run(&["conversation", "export", "--format", "markdown", "SESS-20261101-0900-aaaaaa"]).ok().out;
    let expected = "# Stale\n\n- Conversation: SESS-20261101-0900-aaaaaa\n- Status: closed\n- User: ada in cli\n- Agent: claude\n- Model: m-1\n\
        - Project: weather\n- Branch: main\n- Started: 2026-11-01 09:00:00 UTC\n\n## Turn 1, 2026-11-01 09:00:01 UTC\n\n**ada**:\n\n\
        Why?\nReally \u{0} \"why\"?\n\n**Agent**:\n\n日本 🦀\n\n**Actions**:\n\n- command: `cargo test` – failed\n- file-edited: `src/x.rs`\n\n\
        ## Turn 2 (abandoned), 2026-11-01 09:00:02 UTC\n\n## Turn 5, 2026-11-01 09:00:02 UTC\n\n**User**:\n\nagain\n";
    assert_eq!(text, expected);
}

#[test]
fn an_export_goes_into_a_new_private_file() {
    let journal = Journal::new();
    let _ = import(&journal, HISTORY);
    let answer = journal.json(&["conversation", "export", "--output", "out.jsonl"]);
    assert_eq!(answer["conversations"], 1);
    assert_eq!(journal.read("out.jsonl"), export(&journal));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(journal.path("out.jsonl")).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let run = journal.run(&["conversation", "export", "--output", "out.jsonl"]).code(2);
    assert!(run.err.contains("exists already"), "{}", run.err);
}

#[test]
fn a_large_import_goes_through_many_transactions() {
    let journal = Journal::new();
    let mut text = String::new();
    // Two conversations take turns, over more bytes than one transaction holds, with twins in each.
    for n in 0..400 {
        for c in ["a", "b"] {
            let input = if n % 3 == 0 { "continue".to_string() } else { format!("{n}") };
            text.push_str(&format!("{{\"type\":\"turn\",\"conversation\":\"{c}\",\"time\":\"2026-01-01T00:00:00Z\",\"user_input\":\"{input}\",\"agent_response\":\"{}\"}}\n", "x".repeat(50_000)));
        }
    }
    journal.write("in.jsonl", &text);
    assert_eq!(counts(&journal.json(&["conversation", "import", "in.jsonl"])), [2, 800, 0, 0, 0]);
    assert_eq!(counts(&journal.json(&["conversation", "import", "in.jsonl"])), [0, 0, 0, 800, 0]);
    let health = journal.json(&["doctor"]);
    assert_eq!([&health["healthy"], &health["record"]["turns"]], [&json!(true), &json!(800)]);
}

#[test]
fn lines_without_id_time_or_number_are_known_again() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "continue", &[]).ok();
    let line = |input: &str| format!("{{\"type\":\"turn\",\"conversation\":\"{id}\",\"user_input\":\"{input}\"}}\n");
    let first = line("continue") + &line("a") + &line("continue");
    assert_eq!(counts(&import(&journal, &first)), [0, 3, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, &first)), [0, 0, 0, 3, 0]);
    assert_eq!(counts(&import(&journal, &(first + &line("continue")))), [0, 1, 0, 3, 0]);
    assert_eq!(counts(&import(&journal, &line("b"))), [0, 1, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, &line("b"))), [0, 0, 0, 1, 0]);
    let out = export(&journal);
    assert_eq!(counts(&import(&journal, &out)), [0, 0, 0, 6, 0]);
}

#[test]
fn the_same_conversation_is_known_before_and_after_it_is_described() {
    let turn = "{\"type\":\"turn\",\"conversation\":\"abc\",\"turn\":1,\"time\":\"2026-01-01T00:00:00Z\",\"user_input\":\"q1\"}\n";
    let line = "{\"type\":\"conversation\",\"id\":\"abc\",\"agent\":\"claude\",\"user\":\"mara\",\"channel\":\"web\",\"status\":\"closed\",\"started\":\"2026-01-01T00:00:00Z\"}\n";
    let both = line.to_string() + turn;
    let exports: Vec<String> = [vec![turn, both.as_str()], vec![both.as_str(), turn], vec![turn, line, turn]]
        .into_iter()
        .map(|files| {
            let journal = Journal::new();
            files.iter().for_each(|file| drop(import(&journal, file)));
            export(&journal).replace(journal.json(&["conversation", "show", "abc"])["conversation"]["id"].as_str().expect("an id"), "ID")
        })
        .collect();
    assert_eq!(exports[0].lines().count(), 2);
    assert!(exports[0].contains("\"user\":\"mara\",\"channel\":\"web\"") && exports[0].contains("\"status\":\"closed\""), "{}", exports[0]);
    assert!(exports.iter().all(|e| *e == exports[0]), "{exports:#?}");
}

#[test]
fn two_agents_may_count_alike() {
    let lines = concat!(
        "{\"type\":\"conversation\",\"id\":\"1\",\"agent\":\"claude\",\"started\":\"2026-01-01T00:00:00Z\"}\n",
        "{\"type\":\"turn\",\"conversation\":\"1\",\"user_input\":\"to claude\"}\n",
        "{\"type\":\"conversation\",\"id\":\"1\",\"agent\":\"codex\",\"started\":\"2026-01-02T00:00:00Z\"}\n",
        "{\"type\":\"turn\",\"conversation\":\"1\",\"user_input\":\"to codex\"}\n",
    );
    let journal = Journal::new();
    assert_eq!(counts(&import(&journal, lines)), [2, 2, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, lines)), [0, 0, 0, 2, 0]);
    assert_eq!(journal.json(&["conversation", "list", "--agent", "codex"])["conversations"][0]["turns"], 1);
}

#[test]
fn what_an_agent_did_later_is_filled_in() {
    let line = |more: &str| format!("{{\"type\":\"turn\",\"conversation\":\"c\",\"native_id\":\"p1\",\"user_input\":\"go\"{more}}}\n");
    let journal = Journal::new();
    let _ = import(&journal, &line(",\"actions\":[{\"kind\":\"command\",\"value\":\"cargo test\"}]"));
    let later = ",\"extra\":1,\"actions\":[{\"kind\":\"command\",\"value\":\"cargo test\",\"ok\":false,\"output\":\"3 failed\"},{\"kind\":\"file-edited\",\"value\":\"a.rs\"}]";
    assert_eq!(counts(&import(&journal, &line(later))), [0, 0, 1, 0, 0]);
    assert_eq!(counts(&import(&journal, &line(later))), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&import(&journal, &line(""))), [0, 0, 0, 1, 0]);
    let other = ",\"actions\":[{\"kind\":\"command\",\"value\":\"cargo build\"}]";
    assert_eq!(counts(&import(&journal, &line(other))), [0, 0, 0, 0, 1]);
    let actions = &journal.json(&["conversation", "show", "c"])["turns"][0]["actions"];
    let expected =
        json!([{"kind": "command", "value": "cargo test", "ok": false, "output": "3 failed"}, {"kind": "file-edited", "value": "a.rs"}]);
    assert_eq!(*actions, expected);
    assert!(export(&journal).contains("],\"extra\":1}"));
}

#[test]
fn a_line_given_twice_is_one_turn_and_the_same_said_twice_is_two() {
    let line = |turn: &str, response: &str| {
        format!(
            "{{\"type\":\"turn\",\"conversation\":\"c\"{turn},\"time\":\"2026-01-01T00:00:00Z\",\"user_input\":\"q\",\"agent_response\":{response}}}\n"
        )
    };
    let journal = Journal::new();
    let numbered = line(",\"turn\":1", "\"r1\"");
    assert_eq!(counts(&import(&journal, &numbered.repeat(3))), [1, 1, 0, 2, 0]);
    assert_eq!(counts(&import(&journal, &line("", "\"r2\""))), [0, 1, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, &(line("", "\"r1\"") + &line("", "\"r2\"")))), [0, 0, 0, 2, 0]);
    // A line that has an id now is the turn that had none.
    assert_eq!(counts(&import(&journal, &line(",\"native_id\":\"n1\"", "\"r1\""))), [0, 0, 1, 0, 0]);
    assert_eq!(counts(&import(&journal, &line(",\"native_id\":\"n1\"", "\"r1\""))), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&import(&journal, &numbered)), [0, 0, 0, 1, 0]);
}

#[test]
fn keys_are_kept_wherever_they_stand() {
    let lines = concat!(
        "{\"type\":\"conversation\",\"id\":\"c\",\"started\":\"2026-01-01T00:00:00Z\",\"author\":\"ada\",\"turn\":3,\"actions\":[{\"kind\":\"x\"}],\"summary\":\"theirs\"}\n",
        "{\"type\":\"turn\",\"conversation\":\"c\",\"id\":\"m1\",\"parent\":\"m0\",\"turn\":2.0,\"time\":\"2026-01-01T00:00:00Z\",\"log\":\"L\",\"summary\":{\"a\":1},\"origin\":\"o\",\"user_input\":\"cut \\ud83d\",\"input_tokens\":12.0}\n",
    );
    let journal = Journal::new();
    let _ = import(&journal, lines);
    let out = export(&journal);
    let read: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!([&read[0]["author"], &read[0]["turn"], &read[0]["summary"]], [&json!("ada"), &json!(3), &json!("theirs")]);
    assert_eq!(read[0]["actions"], json!([{"kind": "x", "value": ""}]));
    let turn = &read[1];
    assert_eq!(
        [&turn["native_id"], &turn["parent"], &turn["log"], &turn["origin"]],
        [&json!("m1"), &json!("m0"), &json!("L"), &json!("o")]
    );
    assert_eq!(
        [&turn["turn"], &turn["input_tokens"], &turn["user_input"], &turn["summary"]],
        [&json!(2), &json!(12), &json!("cut \u{fffd}"), &json!({"a": 1})]
    );
    let other = Journal::new();
    let _ = import(&other, &out);
    assert_eq!(export(&other), out);
}

#[test]
fn a_clock_that_ran_backwards_does_not_shuffle_a_conversation() {
    let mut journal = Journal::new();
    let id = journal.conversation();
    for n in 1..=60 {
        journal.clock(&format!("2026-11-20T{:02}:{:02}:00Z", 12 - n / 10, 59 - n % 60));
        let _ = journal.track(&id, &format!("t{n}"), &[]).ok();
    }
    let late = format!(
        "{{\"type\":\"turn\",\"conversation\":\"{id}\",\"native_id\":\"late\",\"turn\":5,\"time\":\"2026-11-20T09:00:00Z\",\"user_input\":\"late\"}}\n"
    );
    let _ = import(&journal, &late);
    let shown = journal.json(&["conversation", "show", &id]);
    let said: Vec<&str> =
        shown["turns"].as_array().expect("turns").iter().filter_map(|t| t["user_input"].as_str()).filter(|t| *t != "late").collect();
    let expected: Vec<String> = (1..=60).map(|n| format!("t{n}")).collect();
    assert_eq!(said, expected);
    assert_eq!([&shown["conversation"]["turns"], &shown["conversation"]["live_turns"]], [&json!(61), &json!(50)]);
    let out = export(&journal);
    let other = Journal::new();
    let _ = import(&other, &out);
    assert_eq!(export(&other), out);
}

#[test]
fn a_branch_follows_the_turn_that_it_begins_from() {
    let journal = Journal::new();
    let line = |native: u8, turn: u8, second: u8| {
        format!(
            "{{\"type\":\"turn\",\"conversation\":\"c\",\"native_id\":\"{native}\",\"turn\":{turn},\"time\":\"2026-01-01T00:00:{second:02}Z\",\"user_input\":\"at {second}\"}}\n"
        )
    };
    let _ = import(&journal, &(line(1, 3, 10) + &line(2, 7, 20)));
    let error = journal.run(&["conversation", "branch", "c", "--at", "5"]).code(2).err;
    assert!(error.ends_with(" has no turn 5\nhint: its last turn is 7\n"), "{error}");
    let branch = journal.json(&["conversation", "branch", "c", "--at", "3"])["conversation"]["id"].clone();
    let _ = import(&journal, &line(0, 3, 5));
    let shown = journal.json(&["conversation", "show", branch.as_str().expect("an id")]);
    assert_eq!(shown["conversation"]["origin_turn"], 2);
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn an_import_goes_on_when_a_conversation_is_deleted_meanwhile() {
    let journal = Journal::new();
    let line = |c: &str, n: usize| {
        format!("{{\"type\":\"turn\",\"conversation\":\"{c}\",\"native_id\":\"{c}/{n}\",\"user_input\":\"{}\"}}\n", "word ".repeat(4000))
    };
    let text: String = (0..2000).flat_map(|n| [line("k1", n), line("k2", n)]).collect();
    journal.write("in.jsonl", text);
    let answer = std::thread::scope(|scope| {
        let importing = scope.spawn(|| journal.run(&["--json", "conversation", "import", "in.jsonl"]));
        let mut deleted = false;
        while !deleted && !importing.is_finished() {
            deleted = journal.run(&["conversation", "delete", "k1", "--yes"]).code == Some(0);
        }
        importing.join().expect("it ends").ok().answer()
    });
    let left = answer["skipped"]["deleted here before"].as_u64().unwrap_or_default();
    assert_eq!(answer["turns"].as_u64().expect("a count") + left, 4000);
    assert_eq!(journal.json(&["conversation", "show", "k2"])["conversation"]["turns"], 2000);
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn an_export_is_one_state_while_others_write() {
    let journal = Journal::new();
    let lines: String = (1..=3000)
        .map(|n| {
            format!(
                "{{\"type\":\"turn\",\"conversation\":\"SESS-20260101-0000-aaaaaa\",\"turn\":{n},\"user_input\":\"{}\"}}\n",
                "word ".repeat(300)
            )
        })
        .collect();
    let _ = import(&journal, &lines);
    std::thread::scope(|scope| {
        let tracking = scope.spawn(|| {
            for n in 0..60 {
                let _ = journal.track("SESS-20260101-0000-aaaaaa", &format!("more {n}"), &[]).ok();
            }
        });
        while !tracking.is_finished() {
            let turns = export(&journal).lines().skip(1).count();
            let numbers: Vec<u64> = journal.json(&["conversation", "show", "@"])["turns"]
                .as_array()
                .expect("turns")
                .iter()
                .filter_map(|t| t["turn"].as_u64())
                .collect();
            assert!(turns >= 3000 && numbers.iter().copied().eq(1..=numbers.len() as u64), "{turns} {}", numbers.len());
        }
    });
}

mod any_history {
    use std::fs;
    use std::io::Cursor;
    use std::path::Path;

    use chrono::{DateTime, Utc};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use shiftlog::record::conversation::Filter;
    use shiftlog::record::privacy::Privacy;
    use shiftlog::record::{Record, Settings, exchange};

    fn record(dir: &Path) -> Record {
        fs::create_dir_all(dir).expect("made");
        Record::open(dir, Settings { live_turns: 3, ..Settings::default() }).expect("a record")
    }

    fn import(record: &Record, text: &str) -> exchange::Imported {
        let now: DateTime<Utc> = "2026-11-20T14:30:00Z".parse().expect("a time");
        let (mut input, privacy) = (Cursor::new(text.as_bytes()), Privacy::default());
        exchange::import(record, Path::new("-"), Some(&mut input), &privacy, now, &mut |_| {}).expect("an import")
    }

    fn export(record: &Record) -> String {
        let mut found = record.conversations(&Filter::default()).expect("conversations");
        found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        let mut out = Vec::new();
        exchange::export(record, &found, &mut out).expect("an export");
        String::from_utf8(out).expect("text")
    }

    /// A line of a history: few ids, times and texts, so that they meet.
    fn line() -> impl Strategy<Value = Value> {
        let turn =
            (0..3_u8, prop::option::of(0..6_u8), prop::option::of(1..8_u8), prop::option::of(0..5_u8), 0..3_u8, prop::option::of(0..3_u8));
        let turn = turn.prop_map(|(c, native, number, second, input, response)| {
            let mut line = json!({"type": "turn", "conversation": format!("c{c}"), "user_input": format!("q{input}")});
            if let Some(native) = native {
                line["native_id"] = json!(format!("n{native}"));
            }
            if let Some(number) = number {
                line["turn"] = json!(number);
            }
            if let Some(second) = second {
                line["time"] = json!(format!("2026-01-01T00:00:0{second}Z"));
            }
            if let Some(response) = response {
                line["agent_response"] = json!("r".repeat(usize::from(response)));
            }
            line
        });
        let conversation = (0..3_u8, any::<bool>(), any::<bool>()).prop_map(|(c, started, closed)| {
            let mut line = json!({"type": "conversation", "id": format!("c{c}"), "user": "u"});
            if started {
                line["started"] = json!("2026-01-01T00:00:00Z");
            }
            if closed {
                line["status"] = json!("closed");
            }
            line
        });
        prop_oneof![8 => turn, 1 => conversation]
    }

    fn text(lines: &[Value]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn is_imported_once_and_exported_whole(lines in prop::collection::vec(line(), 1..25), cut in 0..25_usize) {
            let dir = tempfile::TempDir::new().expect("a directory");
            let one = record(&dir.path().join("one"));
            let whole = text(&lines);
            let first = import(&one, &whole);
            let turns = lines.iter().filter(|l| l["type"] == "turn").count() as u64;
            prop_assert_eq!(first.turns + first.known + first.completed + first.different, turns);
            let out = export(&one);
            // The same again adds nothing, whole or in part.
            let again = import(&one, &whole);
            prop_assert_eq!((again.conversations, again.turns), (0, 0), "{}", out);
            let beginning = import(&one, &text(&lines[..cut.min(lines.len())]));
            prop_assert_eq!((beginning.conversations, beginning.turns), (0, 0));
            // Nor does its own export.
            let own = import(&one, &export(&one));
            prop_assert_eq!((own.conversations, own.turns, own.completed, own.different), (0, 0, 0, 0));
            // An empty record gives the same back, byte for byte.
            let out = export(&one);
            let other = record(&dir.path().join("other"));
            let _ = import(&other, &out);
            prop_assert_eq!(export(&other), out);
            for record in [&one, &other] {
                let health = record.check().expect("a check");
                prop_assert!(health.damage.is_empty() && health.miscounted.is_empty() && health.orphaned_actions == 0, "{:?}", health);
            }
        }
    }
}

#[test]
fn two_answers_under_one_number_are_two_turns_once() {
    let line = |answer: &str| {
        format!("{{\"type\":\"turn\",\"conversation\":\"c\",\"turn\":1,\"user_input\":\"hi\",\"agent_response\":\"{answer}\"}}\n")
    };
    let journal = Journal::new();
    let both = line("Apple") + &line("Banana");
    assert_eq!(counts(&import(&journal, &both)), [1, 2, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, &both)), [0, 0, 0, 2, 0]);
    assert_eq!(counts(&import(&journal, &line("Banana"))), [0, 0, 0, 1, 0]);
}

#[test]
fn words_and_number_tell_a_tracked_turn_and_an_empty_id_tells_none() {
    let journal = Journal::new();
    let _ = journal.track("bot-7", "one", &["--turn-number", "1", "--agent-response", "I"]).ok();
    let _ = journal.track("bot-7", "two", &["--turn-number", "2"]).ok();
    let line = |turn: u8, input: &str| {
        format!("{{\"type\":\"turn\",\"conversation\":\"bot-7\",\"id\":\"\",\"turn\":{turn},\"user_input\":\"{input}\"}}\n")
    };
    assert_eq!(counts(&import(&journal, &(line(1, "one") + &line(2, "two")))), [0, 0, 0, 2, 0]);
    let same_second = |turn: u8| {
        format!("{{\"type\":\"turn\",\"conversation\":\"d\",\"turn\":{turn},\"time\":\"2026-01-01T07:00:00Z\",\"user_input\":\"yes\"}}\n")
    };
    assert_eq!(counts(&import(&journal, &same_second(3))), [1, 1, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, &same_second(5))), [0, 1, 0, 0, 0]);
    assert_eq!(counts(&import(&journal, &(same_second(3) + &same_second(5)))), [0, 0, 0, 2, 0]);
}

#[test]
fn a_conversation_of_our_own_is_not_taken_for_an_agents_of_the_same_name() {
    let journal = Journal::new();
    let _ = import(
        &journal,
        "{\"type\":\"conversation\",\"id\":\"42\",\"agent\":\"claude\",\"started\":\"2026-01-01T09:00:00Z\"}\n{\"type\":\"turn\",\"conversation\":\"42\",\"turn\":1,\"time\":\"2026-01-01T10:00:00Z\",\"user_input\":\"to claude\"}\n",
    );
    let _ = journal.track("42", "to the bot", &[]).ok();
    let out = export(&journal);
    let other = Journal::new();
    assert_eq!(counts(&import(&other, &out)), [2, 2, 0, 0, 0]);
    assert_eq!(export(&other), out);
}

#[test]
fn what_was_deleted_stays_deleted_under_every_name() {
    let turn = |input: &str| {
        format!("{{\"type\":\"turn\",\"conversation\":\"m\",\"time\":\"2026-01-01T00:00:00Z\",\"user_input\":\"{input}\"}}\n")
    };
    let skipped = |journal: &Journal, text: &str| import(journal, text)["skipped"]["deleted here before"].as_u64().unwrap_or_default();
    let journal = Journal::new();
    let _ = import(&journal, &turn("old"));
    let _ = journal.run(&["conversation", "delete", "m", "--yes"]).ok();
    let described = "{\"type\":\"conversation\",\"id\":\"m\",\"agent\":\"claude\"}\n".to_string() + &turn("old");
    assert_eq!(skipped(&journal, &described), 2);
    // A new conversation of that name takes what was said since.
    let _ = journal.track("m", "new", &[]).ok();
    assert_eq!(skipped(&journal, &turn("old")), 1);
    let later = turn("later").replace("2026-01-01", "2026-11-21");
    assert_eq!(counts(&import(&journal, &later)), [0, 1, 0, 0, 0]);
}

#[test]
fn parents_are_found_by_every_name() {
    let journal = Journal::new();
    let line = |id: &str, more: &str| {
        format!("{{\"type\":\"conversation\",\"id\":\"{id}\",\"agent\":\"claude\",\"started\":\"2026-01-01T00:00:00Z\"{more}}}\n")
    };
    let _ = import(&journal, &line("SESS-20260101-0900-aaaaaa", ",\"native_id\":\"m\""));
    let child = line("SESS-20260101-1000-cccccc", ",\"parent\":\"SESS-20260101-1000-bbbbbb\"");
    let _ = import(&journal, &(line("SESS-20260101-1000-bbbbbb", ",\"native_id\":\"m\"") + &child));
    let shown = journal.json(&["conversation", "show", "SESS-20260101-1000-cccccc"]);
    assert_eq!(shown["conversation"]["parent"], "SESS-20260101-0900-aaaaaa");
}

#[test]
fn a_long_file_without_ids_is_known_again() {
    use std::fmt::Write;
    let mut text = String::new();
    for n in 0..30_000 {
        let _ = writeln!(
            text,
            "{{\"type\":\"turn\",\"conversation\":\"L\",\"user_input\":\"go on\",\"agent_response\":\"{n} {}\"}}",
            "x".repeat(1200)
        );
    }
    let journal = Journal::new().file("in.jsonl", text);
    assert_eq!(counts(&journal.json(&["conversation", "import", "in.jsonl"])), [1, 30_000, 0, 0, 0]);
    assert_eq!(counts(&journal.json(&["conversation", "import", "in.jsonl"])), [0, 0, 0, 30_000, 0]);
}
