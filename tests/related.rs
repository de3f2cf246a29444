//! Related sessions, their reasons, the links that are written, and the graph.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::builder::Journal;

fn log(n: u32, title: &str, body: &str) -> String {
    format!(
        "---\ntitle: \"{title}\"\ncreated: \"2026-11-{n:02} 10:00:00 UTC\"\nlast_updated: \"2026-11-{n:02} 11:00:00 UTC\"\n\
         status: \"Active\"\ntags: [\"session\"]\n---\n\n# {title}\n\n## Summary\n\n{body}\n\n## Related Sessions\n\n## Notes\n"
    )
}

fn path(n: u32) -> String {
    format!("sessions/current/202611{n:02}-01.md")
}

/// A journal of sessions that share nothing, and those given.
fn journal(logs: &[(u32, &str, &str)]) -> Journal {
    let journal = Journal::new()
        .file(&path(1), log(1, "Gardening", "Planted tulips beside the fence."))
        .file(&path(2), log(2, "Cooking", "Boiled potatoes until soft."));
    logs.iter().for_each(|(n, title, body)| journal.write(&path(*n), log(*n, title, body)));
    journal
}

/// Sessions and the texts of their reasons.
fn related(journal: &Journal, id: &str) -> Vec<(String, Vec<String>)> {
    let answer = journal.json(&["related", id]);
    let of = |r: &Value| r["reasons"].as_array().expect("reasons").iter().map(|r| r["text"].as_str().expect("a text").into()).collect();
    answer["related"].as_array().expect("a list").iter().map(|r| (r["session"].as_str().expect("an id").into(), of(r))).collect()
}

#[track_caller]
fn because(text: &str, other: &str, reason: &str) {
    let journal = journal(&[(10, "Kestrel", text), (11, "Walnut", other)]);
    assert_eq!(related(&journal, "20261110-01"), [("20261111-01".to_string(), vec![reason.to_string()])]);
    assert_eq!(related(&journal, "20261111-01"), [("20261110-01".to_string(), vec![reason.to_string()])]);
}

#[test]
fn each_kind_of_fact_is_a_reason() {
    because("Changed `src/auth/jwt.rs`.", "Reverted src/auth/jwt.rs:12.", "same file: src/auth/jwt.rs");
    because("Met E0502.", "Gave error[E0502].", "same error: E0502");
    because("A NameError came up.", "Fixed NameError.", "same error: NameError");
    because("For BACK-123.", "Closes (BACK-123).", "same issue: BACK-123");
    because("Read https://docs.example/tokens.", "Quoted <https://docs.example/tokens>", "same address: https://docs.example/tokens");
    because("Ended the rotation of jwks signatures.", "The jwks rotation broke signatures.", "same subject: jwks, rotation, signatures");
}

#[test]
fn what_stands_in_one_only_is_no_reason() {
    let journal =
        journal(&[(10, "Kestrel", "Met E0502 in src/a/b.rs for BACK-123."), (11, "Walnut", "Met E0503 in src/a/c.rs for BACK-124.")]);
    assert_eq!(related(&journal, "20261110-01"), []);
    journal.run(&["related", "20261110-01"]).code(1).out("").err("nothing related to 20261110-01 in 4 logs and 0 turns\n");
    assert_eq!(
        journal.json(&["related", "20261110-01"]),
        json!({"success": true, "session": "20261110-01", "related": [], "coverage": {"logs": 4, "turns": 0, "pending": 0}})
    );
}

#[test]
fn parts_come_first_then_links_then_what_is_rare() {
    let journal =
        journal(&[(10, "Kestrel", "Met E0502, see [[20261112-01]]."), (11, "Walnut", "Gave E0502."), (12, "Marble", "Polished.")]);
    journal.run(&["continue", "20261110-01"]).ok();
    let found = related(&journal, "20261110-01_pt1");
    assert_eq!(found[0], ("20261110-01_pt2".into(), vec!["continued by 20261110-01_pt2 (next_part)".into()]));
    assert_eq!(found[1], ("20261112-01".into(), vec!["links to 20261112-01".into()]));
    assert_eq!(found[2], ("20261111-01".into(), vec!["same error: E0502".into()]));
    let back = related(&journal, "20261110-01_pt2");
    assert_eq!(back[0], ("20261110-01_pt1".into(), vec!["continues 20261110-01_pt1 (next_part)".into()]));
    assert_eq!(related(&journal, "20261112-01"), [("20261110-01_pt1".into(), vec!["linked from 20261110-01_pt1".into()])]);
}

#[test]
fn an_answer_says_what_each_session_is() {
    let journal = journal(&[(10, "Kestrel", "Met E0502 in src/a/b.rs, src/a/c.rs."), (11, "Walnut", "E0502 in src/a/b.rs and src/a/c.rs")]);
    let mut answer = journal.json(&["related", "20261110-01"]);
    assert!(answer["related"][0]["score"].take().as_f64().is_some_and(|score| score > 0.0));
    let reasons = json!([
        {"kind": "file", "text": "same files: src/a/b.rs, +1", "items": ["src/a/b.rs", "src/a/c.rs"]},
        {"kind": "error", "text": "same error: E0502", "items": ["E0502"]},
    ]);
    assert_eq!(
        answer["related"],
        json!([{"session": "20261111-01", "title": "Walnut", "status": "Active", "date": "2026-11-11T11:00:00Z",
            "path": "sessions/current/20261111-01.md", "score": null, "reasons": reasons}])
    );
    journal
        .run(&["related", "20261110-01"])
        .ok()
        .out("20261111-01  Walnut  Active · 2026-11-11\n  same files: src/a/b.rs, +1\n  same error: E0502\n")
        .err("");
}

#[test]
fn conversations_are_sessions_and_tell_what_was_done() {
    let journal = journal(&[(10, "Kestrel", "Changed `src/auth/jwt.rs` for E0308.")]);
    let turns = [
        json!({"type": "conversation", "id": "SESS-20261105-0900-aaaaaa", "started": "2026-11-05T09:00:00Z", "title": "Lemon"}),
        json!({"type": "turn", "conversation": "SESS-20261105-0900-aaaaaa", "turn": 1, "time": "2026-11-05T09:00:00Z", "user_input": "Go on",
            "actions": [{"kind": "file-edited", "value": "src/auth/jwt.rs"},
                {"kind": "command", "value": "cargo test", "ok": false, "output": "error[E0308]: mismatched"}]}),
    ];
    let lines: String = turns.iter().map(|line| format!("{line}\n")).collect();
    journal.write("turns.jsonl", lines);
    journal.run(&["conversation", "import", "turns.jsonl"]).ok();
    let reasons = vec!["same file: src/auth/jwt.rs".to_string(), "same error: E0308".to_string()];
    assert_eq!(related(&journal, "20261110-01"), [("SESS-20261105-0900-aaaaaa".to_string(), reasons.clone())]);
    assert_eq!(related(&journal, "SESS-20261105-0900-aaaaaa"), [("20261110-01".to_string(), reasons.clone())]);
    let before = journal.read(&path(10));
    let notice = "note: SESS-20261105-0900-aaaaaa has no log; no link is written\n";
    journal.run(&["related", "20261110-01", "--write"]).ok().err(notice);
    assert_eq!(journal.read(&path(10)), before);
    // Bound to a log, it is that log's session.
    journal.run(&["conversation", "link", "SESS-20261105-0900-aaaaaa", "20261101-01"]).ok();
    assert_eq!(related(&journal, "20261110-01"), [("20261101-01".to_string(), reasons)]);
}

#[test]
fn links_are_written_into_both_logs_once_and_never_stamp() {
    let journal = journal(&[(10, "Kestrel", "Met E0502."), (11, "Walnut", "Gave E0502.")]);
    journal.run(&["sync"]).ok();
    let before = [10, 11].map(|n| journal.read(&path(n)));
    let dry = journal.run(&["related", "20261110-01", "--write", "--dry-run"]).ok();
    assert!(dry.out.contains("+- [[20261111-01]] – same error: E0502\n"), "{}", dry.out);
    assert!(dry.out.contains("+- [[20261110-01]] – same error: E0502\n"), "{}", dry.out);
    assert_eq!([10, 11].map(|n| journal.read(&path(n))), before);
    journal.run(&["related", "20261110-01", "--write"]).ok().err(
        "linked 20261110-01 to 20261111-01  sessions/current/20261110-01.md\n\
         linked 20261111-01 to 20261110-01  sessions/current/20261111-01.md\n",
    );
    let with =
        |text: &str, id: &str| text.replace("## Related Sessions\n", &format!("## Related Sessions\n\n- [[{id}]] – same error: E0502\n"));
    let after = [with(&before[0], "20261111-01"), with(&before[1], "20261110-01")];
    assert_eq!([10, 11].map(|n| journal.read(&path(n))), after);
    let again = journal.run(&["related", "20261111-01", "--write"]).ok();
    assert!(again.err.contains("already there: 20261111-01 to 20261110-01"), "{}", again.err);
    assert_eq!([10, 11].map(|n| journal.read(&path(n))), after);
}

#[test]
fn lines_of_a_person_are_kept() {
    let own = "- [[20261111-01|the walnut]] – ask Ana";
    let journal = journal(&[(10, "Kestrel", "Met E0502."), (11, "Walnut", "Gave E0502.")]);
    let text = journal.read(&path(10)).replace("## Related Sessions\n", &format!("## Related Sessions\n\n{own}\n"));
    journal.write(&path(10), &text);
    journal.run(&["related", "20261110-01", "--write"]).ok();
    assert_eq!(journal.read(&path(10)), text);
    assert!(journal.read(&path(11)).contains("- [[20261110-01]] – "), "{}", journal.read(&path(11)));
}

#[test]
fn written_links_follow_renames_parts_and_pruning() {
    let mut journal = journal(&[(10, "Kestrel", "Met E0502."), (11, "Walnut", "Gave E0502.")]);
    journal.run(&["related", "20261110-01", "--write"]).ok();
    journal.run(&["rename", "20261110-01", "Falcon"]).ok();
    journal.run(&["continue", "20261110-01"]).ok();
    assert!(journal.read(&path(11)).contains("- [[20261110-01_pt1]] – same error: E0502\n"), "{}", journal.read(&path(11)));
    journal.clock("2027-02-20T10:00:00Z");
    journal.run(&["prune"]).ok();
    let backlinks = journal.json(&["backlinks", "20261110-01"]);
    assert!(backlinks["backlinks"].as_array().is_some_and(|links| links.iter().any(|l| l["session"] == "20261111-01")), "{backlinks}");
    journal.run(&["lint", "--rule", "broken-link"]).ok();
}

#[test]
fn archived_logs_are_related_and_stay_as_they_are() {
    let mut journal = journal(&[(10, "Kestrel", "Met E0502.")]);
    journal.clock("2027-02-20T10:00:00Z");
    journal.run(&["prune"]).ok();
    journal.run(&["prune", "--archive", "--cleanup"]).ok();
    let zip = journal.path("sessions/archived/2026-11.zip");
    let bytes = std::fs::read(&zip).expect("a zip");
    journal.write("sessions/current/20270220-01.md", log(20, "Walnut", "Gave E0502."));
    let answer = journal.json(&["related", "20270220-01", "--write"]);
    assert_eq!(answer["related"][0]["path"], "sessions/archived/2026-11.zip!20261110-01.md");
    assert_eq!(
        answer["notices"],
        json!([
            "sessions/archived/2026-11.zip!20261110-01.md is archived and stays as it is; to write to it: shiftlog restore 20261110-01"
        ])
    );
    assert_eq!(std::fs::read(&zip).expect("a zip"), bytes);
    assert!(journal.read("sessions/current/20270220-01.md").contains("- [[20261110-01]] – same error: E0502\n"));
}

#[test]
fn unknown_sessions_and_empty_journals_are_errors() {
    assert!(Journal::new().run(&["related"]).code(2).err.contains("@"));
    assert!(journal(&[]).run(&["related", "20261231-01"]).code(2).err.contains("20261231-01"));
}

/// What stands in a log, without what is listed as related.
fn said(journal: &Journal, id: &str) -> String {
    let text = journal.read(&format!("sessions/current/{id}.md"));
    text.split_once("## Related Sessions").map_or(text.clone(), |(said, _)| said.to_string())
}

const THINGS: [&str; 14] = [
    "src/auth/jwt.rs",
    "src/auth/Jwt.rs",
    "Cargo.toml",
    "E0502",
    "E0503",
    "NameError",
    "BACK-12",
    "BACK-123",
    "https://x.example/a",
    "https://x.example/ab",
    "rotation",
    "Rotations",
    "jwks token",
    "tokens",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_reason_stands_in_both(logs in prop::collection::vec(prop::collection::vec(0..THINGS.len(), 1..6), 2..7)) {
        let journal = Journal::new();
        for (n, things) in logs.iter().enumerate() {
            let body = things.iter().map(|t| format!("- {}\n", THINGS[*t])).collect::<String>();
            journal.write(&path(n as u32 + 1), log(n as u32 + 1, "Work", &body));
        }
        for n in 1..=logs.len() {
            let id = format!("202611{n:02}-01");
            let answer = journal.json(&["related", &id]);
            // Who has something in common is found.
            for (m, things) in logs.iter().enumerate().filter(|(m, _)| m + 1 != n) {
                let shares = things.iter().any(|thing| *thing < 10 && logs[n - 1].contains(thing));
                let found = answer["related"].as_array().is_some_and(|all| all.iter().any(|o| o["session"] == format!("202611{:02}-01", m + 1)));
                prop_assert!(found || !shares, "{} and {}: {}", n, m + 1, answer);
            }
            for other in answer["related"].as_array().expect("a list") {
                let there = said(&journal, other["session"].as_str().expect("an id"));
                prop_assert_ne!(other["session"].as_str(), Some(id.as_str()));
                for reason in other["reasons"].as_array().expect("reasons") {
                    for item in reason["items"].as_array().expect("items").iter().filter_map(Value::as_str) {
                        let whole = |text: &str| text.split(|c: char| c.is_whitespace()).any(|word| word == item);
                        prop_assert!(whole(&said(&journal, &id)) && whole(&there), "{} in {} and {}", item, id, other);
                    }
                }
            }
        }
    }
}

/// Three logs, one with a title that needs care.
fn drawn() -> Journal {
    Journal::new()
        .file(&path(10), log(10, r#"Say \"hi\" <b>"#, "Met E0502, see [it](20261111-01.md)."))
        .file(&path(11), log(11, "Walnut", "Polished."))
        .file(&path(12), log(12, "Marble", "Gave E0502.").replace("Sessions\n", "Sessions\n\n- [[20261111-01]] – the \"first\"\n"))
}

#[test]
fn a_graph_in_dot() {
    drawn().run(&["graph"]).ok().out(
        "digraph sessions {\n  rankdir=LR;\n  node [shape=box];\n\
         \x20 \"20261110-01\" [label=\"20261110-01\\nSay \\\"hi\\\" <b>\\nActive\"];\n\
         \x20 \"20261111-01\" [label=\"20261111-01\\nWalnut\\nActive\"];\n\
         \x20 \"20261112-01\" [label=\"20261112-01\\nMarble\\nActive\"];\n\
         \x20 \"20261110-01\" -> \"20261111-01\";\n\
         \x20 \"20261112-01\" -> \"20261111-01\" [label=\"the \\\"first\\\"\"];\n}\n",
    );
}

#[test]
fn a_graph_in_mermaid_with_what_is_related() {
    drawn().run(&["graph", "--format", "mermaid", "--related"]).ok().out(
        "flowchart LR\n  n0[\"20261110-01<br>Say #34;hi#34; #60;b#62;<br>Active\"]\n  n1[\"20261111-01<br>Walnut<br>Active\"]\n\
         \x20 n2[\"20261112-01<br>Marble<br>Active\"]\n  n0 --> n1\n  n0 -.-|\"same error: E0502\"| n2\n  n2 -->|\"the #34;first#34;\"| n1\n",
    );
}

#[test]
fn a_graph_in_json_and_a_part_of_it() {
    let journal = drawn();
    let answer = journal.json(&["graph", "--session", "20261110-01", "--depth", "1"]);
    assert_eq!(
        answer,
        json!({"success": true, "nodes": [
            {"id": "20261110-01", "title": "Say \"hi\" <b>", "status": "Active", "path": path(10), "created": "2026-11-10T10:00:00Z", "archived": false},
            {"id": "20261111-01", "title": "Walnut", "status": "Active", "path": path(11), "created": "2026-11-11T10:00:00Z", "archived": false},
        ], "edges": [{"from": "20261110-01", "to": "20261111-01", "kind": "link", "label": ""}]})
    );
    let all = journal.json(&["graph", "--session", "20261110-01", "--format", "json"]);
    assert_eq!(all["nodes"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_canvas_has_a_column_for_each_day() {
    let canvas: Value = serde_json::from_str(&drawn().run(&["graph", "--format", "canvas"]).ok().out).expect("JSON");
    let card = |n: u32, x: u32| json!({"id": format!("202611{n}-01"), "type": "file", "file": path(n), "x": x, "y": 0, "width": 400, "height": 240});
    assert_eq!(
        canvas,
        json!({"nodes": [card(10, 0), card(11, 480), card(12, 960)], "edges": [
            {"id": "20261110-01 20261111-01", "fromNode": "20261110-01", "toNode": "20261111-01"},
            {"id": "20261112-01 20261111-01", "fromNode": "20261112-01", "toNode": "20261111-01", "label": "the \"first\""},
        ]})
    );
    let empty: BTreeMap<String, Vec<Value>> =
        serde_json::from_str(&Journal::new().run(&["graph", "--format", "canvas"]).ok().out).expect("JSON");
    assert!(empty.values().all(Vec::is_empty));
}
