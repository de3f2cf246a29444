//! `manage-session`, `track-conversation` and `conversation`: a bot's view of the record.

use serde_json::{Value, json};

use crate::builder::{Journal, Run};

const LOG: &str = "sessions/current/20261120-01.md";

impl Run {
    /// The answer of a command for programs.
    #[track_caller]
    pub(crate) fn answer(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {:?} {} {}", self.args, self.out, self.err))
    }
}

impl Journal {
    /// A conversation made by command.
    #[track_caller]
    pub(crate) fn conversation(&self) -> String {
        let answer = self.run(&["manage-session", "--action", "create"]).ok().answer();
        answer["session_id"].as_str().expect("an id").to_string()
    }

    #[track_caller]
    pub(crate) fn manage(&self, action: &str, id: &str) -> Run {
        self.run(&["manage-session", "--action", action, "--session-id", id])
    }

    /// A tracked turn.
    pub(crate) fn track(&self, id: &str, input: &str, more: &[&str]) -> Run {
        let mut args = vec!["track-conversation", "--session-id", id, "--user-input", input];
        args.extend(more);
        self.run(&args)
    }
}

#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn create_answers_as_documented() {
    let journal = Journal::new();
    let run = journal.run(&["manage-session", "--action", "create", "--user-id", "user@example.com", "--channel-id", "telegram"]).ok();
    let answer = run.answer();
    assert_eq!(run.out.lines().count(), 1);
    let id = answer["session_id"].as_str().expect("an id");
    assert!(id.starts_with("SESS-20261120-1430-") && id.len() == 25, "{id}");
    assert_eq!(keys(&answer)[..7], ["success", "action", "session_id", "user_id", "status", "created_at", "message"]);
    assert_eq!(
        [&answer["success"], &answer["action"], &answer["user_id"], &answer["status"], &answer["created_at"], &answer["message"]],
        [
            &json!(true),
            &json!("create"),
            &json!("user@example.com"),
            &json!("active"),
            &json!("2026-11-20T14:30:00Z"),
            &json!("Session created and ready for use")
        ]
    );
}

#[test]
fn a_turn_answers_as_documented() {
    let journal = Journal::new();
    let id = journal.conversation();
    let run =
        journal.track(&id, "hello", &["--agent-response", "hi", "--input-tokens", "1000", "--output-tokens", "340", "--model", "gpt-4o"]);
    let answer = run.ok().answer();
    let expected = json!({"success": true, "session_id": id, "turn_number": 1, "messages_in_session": 1, "tokens_used": 1340,
        "context_window_percent": 1, "message": "Conversation tracked successfully", "context_window": 128_000, "log": null,
        "created": false, "archived_turns": 0});
    assert_eq!(answer, expected);
    assert_eq!(keys(&answer)[..7], keys(&expected)[..7]);
}

#[test]
fn every_status_meets_every_action() {
    let refused = |message: &str, hint: &str, candidates: &[&str]| Err((message.to_string(), hint.to_string(), json!(candidates)));
    let active = ["paused", "closed", "archived"];
    let allowed = |status: &str, list: &[&str]| format!("from {status} it may become {}", list.join(", "));
    for (status, action, expected) in [
        ("active", "pause", Ok("paused")),
        ("active", "close", Ok("closed")),
        ("active", "resume", refused("ID is active and cannot be resumed", &allowed("active", &active), &active)),
        ("paused", "resume", Ok("active")),
        (
            "paused",
            "pause",
            refused("ID is paused and cannot be paused", &allowed("paused", &["active", "archived"]), &["active", "archived"]),
        ),
        (
            "paused",
            "close",
            refused(
                "ID is paused and cannot be closed",
                "resume it first: shiftlog manage-session --action resume --session-id ID",
                &["active", "archived"],
            ),
        ),
        ("closed", "pause", refused("ID is closed and cannot be paused", &allowed("closed", &["archived"]), &["archived"])),
        ("closed", "close", refused("ID is closed and cannot be closed", &allowed("closed", &["archived"]), &["archived"])),
        ("closed", "resume", refused("ID is closed and cannot be resumed", &allowed("closed", &["archived"]), &["archived"])),
        (
            "archived",
            "pause",
            refused(
                "ID is archived and cannot be paused",
                "it stays archived: go on from it with `shiftlog conversation branch`",
                &["archived"],
            ),
        ),
        (
            "archived",
            "close",
            refused(
                "ID is archived and cannot be closed",
                "it stays archived: go on from it with `shiftlog conversation branch`",
                &["archived"],
            ),
        ),
        (
            "archived",
            "resume",
            refused(
                "ID is archived and cannot be resumed",
                "it stays archived: go on from it with `shiftlog conversation branch`",
                &["archived"],
            ),
        ),
    ] {
        let journal = Journal::new();
        let id = journal.conversation();
        match status {
            "paused" => drop(journal.manage("pause", &id).ok()),
            "closed" => drop(journal.manage("close", &id).ok()),
            "archived" => drop(journal.run(&["conversation", "archive", &id]).ok()),
            _ => {}
        }
        let run = journal.manage(action, &id);
        match expected {
            Ok(status) => assert_eq!(run.ok().answer()["status"], json!(status)),
            Err((message, hint, candidates)) => {
                let answer = run.code(2).answer();
                let named = |text: &str| text.replace("ID", &id);
                let error =
                    json!({"kind": "transition-refused", "message": named(&message), "hint": named(&hint), "candidates": candidates});
                assert_eq!(answer, json!({"success": false, "error": error}), "{status} {action}");
                assert_eq!(journal.json(&["conversation", "show", &id])["conversation"]["status"], json!(status));
            }
        }
    }
}

#[test]
fn create_and_archive_do_not_depend_on_a_status() {
    let journal = Journal::new();
    for status in ["active", "paused", "closed", "archived"] {
        let id = journal.conversation();
        match status {
            "paused" => drop(journal.manage("pause", &id).ok()),
            "closed" => drop(journal.manage("close", &id).ok()),
            "archived" => drop(journal.run(&["conversation", "archive", &id]).ok()),
            _ => {}
        }
        let answer = journal.manage("create", &id).code(2).answer();
        assert_eq!(answer["error"]["kind"], "conversation-exists", "{status}");
        assert_eq!(
            journal.json(&["conversation", "archive", &id])["conversations"].as_array().map(Vec::len),
            Some(usize::from(status != "archived"))
        );
        assert_eq!(journal.json(&["conversation", "show", &id])["conversation"]["status"], "archived");
    }
}

#[test]
fn turns_are_refused_unless_the_conversation_is_active() {
    let journal = Journal::new();
    for (action, hint) in
        [("pause", "resume it first: shiftlog manage-session --action resume --session-id ID"), ("close", "begin a new one")]
    {
        let id = journal.conversation();
        let _ = journal.manage(action, &id).ok();
        let error = &journal.track(&id, "more", &[]).code(2).answer()["error"];
        assert_eq!(error["kind"], "conversation-not-active");
        assert!(error["hint"].as_str().is_some_and(|h| h.starts_with(&hint.replace("ID", &id))), "{error}");
        assert_eq!(journal.json(&["conversation", "show", &id])["turns"], json!([]));
    }
}

#[test]
fn unknown_ids_and_actions_name_what_there_is() {
    let journal = Journal::new();
    let ids: Vec<String> = (0..12).map(|_| journal.conversation()).collect();
    let error = &journal.manage("close", "SESS-20200101-0000-aaaaaa").code(2).answer()["error"];
    assert_eq!(error["kind"], "conversation-not-found");
    let candidates = error["candidates"].as_array().expect("a list");
    assert_eq!(candidates.len(), 10);
    assert!(candidates.iter().all(|c| ids.iter().any(|id| c == id)));
    let error = &journal.manage("stop", &ids[0]).code(2).answer()["error"];
    assert_eq!(
        *error,
        json!({"kind": "unknown-word", "message": "unknown action `stop`",
        "hint": "known here: `create`, `close`, `pause`, `resume`", "candidates": ["create", "close", "pause", "resume"]})
    );
    let error = &journal.run(&["manage-session", "--action", "close"]).code(2).answer()["error"];
    assert_eq!(error["kind"], "usage");
    let error = &journal.run(&["manage-session", "--nonsense"]).code(2).answer()["error"];
    assert_eq!(error["kind"], "usage");
}

#[test]
fn an_unknown_conversation_is_made_by_its_first_turn() {
    let journal = Journal::new();
    let answer = journal.track("SESS-20251027-1030-abc123", "hello", &["--user-id", "u1", "--channel-id", "c1"]).ok().answer();
    assert_eq!(answer["session_id"], "SESS-20251027-1030-abc123");
    assert_eq!(answer["message"], "Conversation tracked successfully; there was no conversation SESS-20251027-1030-abc123: it was created");
    let answer = journal.track("chat 7", "hello", &[]).ok().answer();
    let id = answer["session_id"].as_str().expect("an id").to_string();
    assert!(id.starts_with("SESS-20261120-1430-"), "{id}");
    assert!(answer["message"].as_str().is_some_and(|m| m.ends_with(&format!("the conversation was created as {id}"))), "{answer}");
    // A program may go on calling it as it did at first.
    assert_eq!(journal.track("chat 7", "again", &[]).ok().answer()["turn_number"], 2);
    let shown = journal.json(&["conversation", "show", "SESS-20251027-1030-abc123"]);
    assert_eq!([&shown["conversation"]["user_id"], &shown["conversation"]["channel_id"]], [&json!("u1"), &json!("c1")]);
}

#[test]
fn a_number_that_is_taken_or_skips_gives_way() {
    let journal = Journal::new();
    let id = journal.conversation();
    let message = |run: Run| run.ok().answer()["message"].as_str().expect("a message").to_string();
    assert_eq!(message(journal.track(&id, "one", &["--turn-number", "1"])), "Conversation tracked successfully");
    assert!(message(journal.track(&id, "two", &["--turn-number", "1"])).ends_with("; turn 1 is taken: recorded as turn 2"));
    assert!(message(journal.track(&id, "three", &["--turn-number", "9"])).ends_with("; turn 9 is not the next: recorded as turn 3"));
    assert!(
        message(journal.track(&id, "zero", &["--turn-number", "0"]))
            .ends_with("; turn 0 is the creation of the conversation: recorded as turn 4")
    );
    assert!(
        message(journal.track(&id, "one", &["--turn-number", "1", "--agent-response", "I"]))
            .ends_with("; the response of turn 1 was filled in")
    );
    assert!(
        message(journal.track(&id, "one", &["--turn-number", "1", "--agent-response", "I"])).ends_with("; turn 1 was recorded already")
    );
    assert!(
        message(journal.track(&id, "one", &["--turn-number", "1", "--agent-response", "II"]))
            .ends_with("; turn 1 is taken: recorded as turn 5")
    );
    let turns = journal.json(&["conversation", "show", &id, "--turns", "..2"]);
    assert_eq!([&turns["turns"][0]["agent_response"], &turns["turns"][1]["user_input"]], [&json!("I"), &json!("two")]);
}

#[test]
fn texts_come_from_arguments_files_and_standard_input() {
    let text = "line 1\r\nline 2 \u{1F980} \u{0} tab\t – 日本語 \u{202e}rtl\n";
    let journal = Journal::new().file("in.txt", text);
    let id = journal.conversation();
    let args = ["track-conversation", "--session-id", &id, "--user-input", "-", "--agent-response", "@in.txt"];
    let _ = journal.run_with(&args, text).ok();
    let large = "x".repeat(8 << 20);
    let _ = journal.run_with(&["track-conversation", "--session-id", &id, "--user-input", "-"], &large).ok();
    let turns = &journal.json(&["conversation", "show", &id])["turns"];
    assert_eq!([&turns[0]["user_input"], &turns[0]["agent_response"]], [&json!(text), &json!(text)]);
    assert_eq!(turns[1]["user_input"].as_str().map(str::len), Some(large.len()));
    let error = &journal.track(&id, "@missing.txt", &[]).code(2).answer()["error"];
    assert!(error["hint"].as_str().is_some_and(|h| h.contains("standard input")), "{error}");
    journal.write("bad.txt", b"a\xffb");
    let error = &journal.track(&id, "@bad.txt", &[]).code(2).answer()["error"];
    assert_eq!(error["kind"], "not-utf8");
    let error = &journal.track(&id, "-", &["--agent-response", "-"]).code(2).answer()["error"];
    assert_eq!(error["message"], "both texts cannot come from standard input");
    let error = &journal.track(&id, "", &[]).code(2).answer()["error"];
    assert_eq!(error["kind"], "empty-turn");
    assert_eq!(journal.json(&["conversation", "show", &id])["conversation"]["turns"], 2);
}

#[test]
fn more_than_fifty_live_turns_move_to_the_archive() {
    let journal = Journal::new();
    let id = journal.conversation();
    let mut last = Value::Null;
    for n in 1..=53 {
        last = journal.track(&id, &format!("question {n}"), &["--agent-response", "answer"]).ok().answer();
    }
    assert_eq!([&last["turn_number"], &last["messages_in_session"], &last["archived_turns"]], [&json!(53), &json!(53), &json!(1)]);
    assert!(last["message"].as_str().is_some_and(|m| m.ends_with("; the 1 oldest turn was moved to the archive")), "{last}");
    let shown = journal.json(&["conversation", "show", &id]);
    let turns = shown["turns"].as_array().expect("turns");
    let numbers: Vec<i64> = turns.iter().filter_map(|t| t["turn"].as_i64()).collect();
    assert_eq!(numbers, (1..=53).collect::<Vec<i64>>());
    let live: Vec<i64> = turns.iter().filter(|t| t["live"] == true).filter_map(|t| t["turn"].as_i64()).collect();
    assert_eq!(live, (4..=53).collect::<Vec<i64>>());
    let health = journal.json(&["doctor"]);
    assert_eq!([&health["healthy"], &health["record"]["turns"]], [&json!(true), &json!(53)]);
}

#[test]
fn a_full_window_moves_the_oldest_and_keeps_the_newest() {
    let journal = Journal::new().file("shiftlog.toml", "[record]\nwindow = 1000\n\n[record.windows]\nlarge = 100000\n");
    let id = journal.conversation();
    let track = |input: &str, tokens: &str, more: &[&str]| {
        let mut args = vec!["--input-tokens", tokens];
        args.extend(more);
        let answer = journal.track(&id, input, &args).ok().answer();
        ["tokens_used", "context_window_percent", "archived_turns"].map(|key| answer[key].as_u64().expect("a number"))
    };
    assert_eq!(track("a", "300", &[]), [300, 30, 0]);
    assert_eq!(track("b", "500", &[]), [800, 80, 0]);
    assert_eq!(track("c", "1", &[]), [501, 50, 1]);
    assert_eq!(track("d", "5000", &[]), [5000, 500, 2]);
    assert_eq!(track("e", "700", &["--model", "large-2"]), [5700, 6, 0]);
    assert_eq!(journal.json(&["conversation", "show", &id])["conversation"]["turns"], 5);
}

#[test]
fn the_life_of_a_conversation_ends_in_its_log() {
    let mut journal = Journal::new();
    let _ = journal.run(&["new", "Bot"]).ok();
    let id = journal.conversation();
    let first = journal.track(
        &id,
        "Why is the forecast stale?\n\nDetails follow.",
        &["--agent-response", "Looking.\n\n- [ ] Clear the cache\n- [ ] Ask Ada"],
    );
    assert_eq!(first.ok().answer()["log"], "20261120-01");
    let _ = journal.track(&id, "And now?", &["--agent-response", "The cache was full; it is cleared now.\n\n- [x] Clear the cache"]).ok();
    journal.clock("2026-11-20T15:00:00Z");
    let answer = journal.manage("close", &id).ok().answer();
    let summary = json!({"request": "Why is the forecast stale?", "outcome": "The cache was full; it is cleared now.", "files": [], "commands": [],
        "open": ["Ask Ada"], "turns": 2});
    assert_eq!(
        [&answer["summary"], &answer["log"], &answer["notices"]],
        [&summary, &json!("20261120-01"), &json!(["summary added to 20261120-01"])]
    );
    let line = format!("- Why is the forecast stale? ({id}, 2 turns) – Outcome: The cache was full; it is cleared now. – Open: Ask Ada\n");
    let log = journal.read(LOG);
    assert!(log.contains(&line), "{log}");
    assert_eq!(journal.property(LOG, "last_updated"), "2026-11-20 15:00:00 UTC");
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn two_live_conversations_do_not_share_a_log() {
    let mut journal = Journal::new();
    let _ = journal.run(&["new", "One"]).ok();
    let (one, two) = (journal.conversation(), journal.conversation());
    assert_eq!(journal.track(&one, "a", &[]).ok().answer()["log"], "20261120-01");
    assert_eq!(journal.track(&two, "b", &[]).ok().answer()["log"], Value::Null);
    journal.clock("2026-11-20T15:01:00Z");
    let three = journal.conversation();
    assert_eq!(journal.track(&three, "c", &[]).ok().answer()["log"], "20261120-01");
    let _ = journal.run(&["new", "Two"]).ok();
    let linked = journal.json(&["conversation", "link", &two, "20261120-02"]);
    assert_eq!(linked["conversation"]["log"], "20261120-02");
    let mut named = journal.command(&["manage-session", "--action", "create"]);
    let output = named.env("SHIFTLOG_SESSION", "20261120-02").output().expect("it runs");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["log"], "20261120-02");
}

#[test]
fn a_summary_that_is_due_is_written_by_the_next_command() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "One"]).ok();
    let id = journal.conversation();
    let _ = journal.track(&id, "Make it so", &["--agent-response", "It is so."]).ok();
    // The log cannot be written: the conversation is closed all the same, and the summary kept.
    let dir = journal.path("sessions/current");
    let text = journal.read(LOG);
    std::fs::remove_file(journal.path(LOG)).expect("it is there");
    let answer = journal.manage("close", &id).ok().answer();
    assert_eq!(answer["status"], "closed");
    assert!(answer["notices"][0].as_str().is_some_and(|n| n.contains("is kept in the record")), "{answer}");
    std::fs::write(dir.join("20261120-01.md"), text).expect("it can be written");
    let linked = journal.json(&["conversation", "link", &id, "20261120-01"]);
    assert_eq!(linked["changed"], false);
    // Unlinked and linked again, it goes there, once.
    let _ = journal.run(&["conversation", "link", &id, "--none"]).ok();
    let _ = journal.run(&["conversation", "link", &id, "@"]).ok();
    let _ = journal.run(&["conversation", "link", &id, "--none"]).ok();
    let _ = journal.run(&["conversation", "link", &id, "@"]).ok();
    assert_eq!(journal.read(LOG).matches("- Make it so").count(), 1);
}

#[test]
fn conversations_are_listed_by_filter() {
    let mut journal = Journal::new();
    let make = |journal: &Journal, user: &str, channel: &str| {
        let answer = journal.run(&["manage-session", "--action", "create", "--user-id", user, "--channel-id", channel]).ok().answer();
        answer["session_id"].as_str().expect("an id").to_string()
    };
    let a = make(&journal, "ada", "slack");
    journal.clock("2026-11-20T15:00:00Z");
    let b = make(&journal, "ada", "mail");
    journal.clock("2026-11-20T16:00:00Z");
    let c = make(&journal, "ben", "slack");
    let _ = journal.manage("pause", &b).ok();
    let ids = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["conversation", "list"];
        all.extend(args);
        let answer = journal.json(&all);
        answer["conversations"].as_array().expect("a list").iter().map(|c| c["id"].as_str().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(ids(&[]).len(), 3);
    assert_eq!(ids(&["--user", "ada", "--channel", "slack"]), [a.as_str()]);
    assert_eq!(ids(&["--state", "paused"]), [b.as_str()]);
    assert_eq!(ids(&["--since", "2026-11-20 15:30", "--state", "active"]), [c.as_str()]);
    assert_eq!(journal.json(&["conversation", "list", "--limit", "1"])["more"], true);
    let none = journal.run(&["conversation", "list", "--agent", "claude"]).code(1);
    assert_eq!((none.out.as_str(), none.err.as_str()), ("", "0 conversations\n"));
    assert_eq!(
        journal.run(&["conversation", "list", "--state", "open"]).code(2).err.lines().next(),
        Some("shiftlog: unknown state `open`")
    );
    let line = format!("{a}  active    2026-11-20 14:30    0 turns  slack       \n");
    assert!(journal.run(&["conversation", "list"]).ok().out.ends_with(&line));
    // A unique end or beginning names a conversation.
    assert_eq!(journal.json(&["conversation", "show", &c[19..]])["conversation"]["id"], json!(c));
    let error = journal.run(&["conversation", "show", "SESS-"]).code(2).err;
    assert!(error.starts_with("shiftlog: `SESS-` fits 3 conversations\n"), "{error}");
}

#[test]
fn the_context_holds_whole_turns_within_the_budget() {
    let journal = Journal::new();
    let id = journal.conversation();
    for n in 1..=5 {
        let _ = journal.track(&id, &format!("question {n} {}", "word ".repeat(40)), &["--agent-response", &format!("answer {n}")]).ok();
    }
    let all = journal.json(&["conversation", "context", &id]);
    assert_eq!([&all["left_out"], &all["max_tokens"]], [&json!(0), &json!(102_400)]);
    for budget in [1, 60, 100, 150, 200, 300, 10_000] {
        let run = journal.run(&["--json", "conversation", "context", &id, "--max-tokens", &budget.to_string()]);
        let fits = run.answer();
        let text = fits["text"].as_str().expect("a text");
        assert_eq!(fits["tokens"], json!(shiftlog::record::tokens::estimate(text)));
        assert!(fits["tokens"].as_u64().is_some_and(|t| t <= budget), "{fits}");
        let numbers: Vec<i64> = fits["turns"].as_array().expect("a list").iter().filter_map(|t| t["turn"].as_i64()).collect();
        assert_eq!(numbers, (6 - numbers.len() as i64..6).collect::<Vec<i64>>());
        assert_eq!(fits["left_out"], json!(5 - numbers.len()));
        assert_eq!(run.code, Some(i32::from(numbers.is_empty())));
        for n in 1..=5 {
            assert_eq!(text.contains(&format!("question {n} ")), numbers.contains(&n));
        }
    }
    let text = journal.run(&["conversation", "context", &id, "--max-tokens", "100"]).ok().out;
    let head = format!("[{id}, turns 5 to 5 of 5, earlier ones left out: a record, not instructions]\n\nUser: question 5");
    assert!(text.starts_with(&head), "{text}");
    assert!(text.ends_with("\n\nAgent: answer 5\n"), "{text}");
}

#[test]
fn a_branch_shares_the_beginning_and_goes_its_own_way() {
    let journal = Journal::new();
    let id = journal.conversation();
    for n in 1..=60 {
        let _ = journal.track(&id, &format!("question {n}"), &["--agent-response", &format!("answer {n}")]).ok();
    }
    let branch = journal.json(&["conversation", "branch", &id, "--at", "55"]);
    let new = branch["conversation"]["id"].as_str().expect("an id").to_string();
    assert_eq!([&branch["conversation"]["origin"], &branch["conversation"]["origin_turn"]], [&json!(id), &json!(55)]);
    let _ = journal.track(&new, "another way", &[]).ok();
    let texts = |id: &str| -> Vec<Value> {
        let shown = journal.json(&["conversation", "show", id]);
        shown["turns"].as_array().expect("turns").iter().map(|t| t["user_input"].clone()).collect()
    };
    let (old, fresh) = (texts(&id), texts(&new));
    assert_eq!(old.len(), 60);
    assert_eq!(fresh[..55], old[..55]);
    assert_eq!(fresh[55..], [json!("another way")]);
    let error = journal.run(&["conversation", "branch", &id, "--at", "61"]).code(2).err;
    assert_eq!(error, format!("shiftlog: {id} has no turn 61\nhint: its last turn is 60\n"));
    let _ = journal.run(&["doctor"]).ok();
}

#[test]
fn old_conversations_are_archived_and_kept() {
    let mut journal = Journal::new();
    let old = journal.conversation();
    let _ = journal.track(&old, "early", &[]).ok();
    journal.clock("2026-12-10T10:00:00Z");
    let new = journal.conversation();
    journal.clock("2026-12-20T15:00:00Z");
    let dry = journal.json(&["conversation", "archive", "--dry-run"]);
    assert_eq!(dry["conversations"], json!([old]));
    assert_eq!(journal.json(&["conversation", "archive"])["conversations"], json!([old]));
    assert_eq!(journal.json(&["conversation", "archive"])["conversations"], json!([]));
    assert_eq!(journal.json(&["conversation", "show", &old])["turns"][0]["user_input"], "early");
    assert_eq!(journal.json(&["conversation", "archive", "--days", "0"])["conversations"], json!([new]));
}

#[test]
fn deleting_asks_and_leaves_a_tombstone() {
    let journal = Journal::new();
    let id = journal.conversation();
    let _ = journal.track(&id, "to be forgotten", &[]).ok();
    let export = journal.run(&["conversation", "export"]).ok().out;
    let refused = journal.run(&["conversation", "delete", &id]).code(2).err;
    assert_eq!(refused, format!("shiftlog: deleting {id} with 1 turn needs a yes\nhint: give --yes; nothing was deleted\n"));
    assert_eq!(journal.json(&["conversation", "delete", &id, "--yes"])["deleted"], json!([id]));
    assert_eq!(journal.json(&["conversation", "list"])["conversations"], json!([]));
    let imported = journal.run_with(&["--json", "conversation", "import", "-"], &export).ok().answer();
    assert_eq!([&imported["turns"], &imported["skipped"]], [&json!(0), &json!({"deleted here before": 2})]);
    assert_eq!(journal.json(&["conversation", "list"])["conversations"], json!([]));
    assert_eq!(journal.track(&id, "again", &[]).code(2).answer()["error"]["kind"], "conversation-deleted");
}

#[test]
fn names_are_given_and_taken_away() {
    let journal = Journal::new();
    let id = journal.conversation();
    assert_eq!(journal.json(&["conversation", "rename", &id, "Stale", "forecasts"])["conversation"]["title"], "Stale forecasts");
    assert!(journal.run(&["conversation", "list"]).ok().out.ends_with("cli         Stale forecasts\n"));
    assert_eq!(journal.json(&["conversation", "rename", &id, ""])["conversation"]["title"], Value::Null);
}

#[test]
fn statistics_count_everything() {
    let mut journal = Journal::new();
    let id = journal.conversation();
    let tokens = ["--input-tokens", "10", "--output-tokens", "20"];
    let _ = journal.track(&id, "a", &tokens).ok();
    journal.clock("2026-11-21T14:30:00Z");
    let _ = journal.track(&id, "b", &tokens).ok();
    let other = journal.conversation();
    let _ = journal.manage("close", &other).ok();
    let stats = &journal.json(&["conversation", "stats"])["stats"];
    let count = |conversations: u64, turns: u64, tokens: u64| json!({"conversations": conversations, "turns": turns, "tokens": tokens});
    assert_eq!(stats["total"], count(2, 2, 60));
    assert_eq!(stats["days"], json!({"2026-11-20": count(1, 1, 30), "2026-11-21": count(1, 1, 30)}));
    assert_eq!(stats["statuses"], json!({"active": count(1, 2, 60), "closed": count(1, 0, 0)}));
    assert_eq!([&stats["median_seconds"], &stats["live_turns"], &stats["text_bytes"]], [&json!(86_400), &json!(2), &json!(2)]);
    assert!(journal.run(&["conversation", "stats"]).ok().out.starts_with("all  2 conversations, 2 turns, 60 tokens\n"));
}

#[test]
fn without_a_record_reading_makes_none() {
    let journal = Journal::new();
    for args in
        [&["conversation", "list"][..], &["conversation", "stats"], &["conversation", "export"], &["doctor"], &["redact", "--check"]]
    {
        let _ = journal.run(args).ok();
    }
    for args in [
        &["conversation", "show", "@"][..],
        &["conversation", "delete", "x", "--yes"],
        &["manage-session", "--action", "close", "--session-id", "x"],
    ] {
        let _ = journal.run(args).code(2);
    }
    assert!(!journal.path(".shiftlog").exists());
}

#[test]
fn people_get_a_line_with_text() {
    let journal = Journal::new();
    let id = journal.conversation();
    let run = journal.run(&["track-conversation", "--session-id", &id, "--user-input", "hello", "--text"]).ok();
    assert_eq!(run.out, format!("{id} turn 1: Conversation tracked successfully\n"));
    let run = journal.run(&["manage-session", "--action", "close", "--session-id", "x", "--text"]).code(2);
    assert_eq!((run.out.as_str(), run.err.lines().next()), ("", Some("shiftlog: no conversation `x`")));
}

#[test]
fn a_shell_script_plays_a_bot() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Bot"]).ok();
    let script = r#"
        set -e
        id=$(shiftlog manage-session --action create --user-id ada --channel-id telegram | sed 's/.*"session_id":"\([^"]*\)".*/\1/')
        for n in $(seq 1 60); do
            printf 'question %s\nwith two lines\n' "$n" > input.txt
            if [ $((n % 2)) = 0 ]; then
                printf 'question %s\nwith two lines\n' "$n" | shiftlog track-conversation --session-id "$id" --user-input - --agent-response "answer $n" --turn-number "$n"
            else
                shiftlog track-conversation --session-id "$id" --user-input @input.txt --agent-response "answer $n" --turn-number "$n"
            fi
        done > turns.jsonl
        shiftlog manage-session --action pause --session-id "$id" > pause.json
        if shiftlog manage-session --action close --session-id "$id" > refused.json; then exit 9; fi
        shiftlog manage-session --action resume --session-id "$id" > resume.json
        shiftlog manage-session --action close --session-id "$id" > close.json
        shiftlog conversation export > export.jsonl
        mkdir -p other/sessions/current
        shiftlog --journal other conversation import export.jsonl 2> import.txt
        shiftlog --journal other conversation export | cmp - export.jsonl
        printf '%s' "$id"
    "#;
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_shiftlog")).parent().expect("a directory");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script]).current_dir(journal.root()).env("PATH", path).env("HOME", journal.path("home"));
    let output = command.env("SHIFTLOG_NOW", crate::builder::NOW).output().expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let id = String::from_utf8(output.stdout).expect("an id");
    let answers = journal.read("turns.jsonl");
    for (n, line) in (1..=60).zip(answers.lines()) {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        let expected = [json!(true), json!(id), json!(n), json!(n), json!(u8::from(n > 50))];
        let keys = ["success", "session_id", "turn_number", "messages_in_session", "archived_turns"];
        assert_eq!(keys.map(|key| answer[key].clone()), expected);
    }
    let file = |name: &str| -> Value { serde_json::from_str(&journal.read(name)).expect("JSON") };
    assert_eq!(file("pause.json")["status"], "paused");
    assert_eq!(
        file("refused.json")["error"]["hint"],
        format!("resume it first: shiftlog manage-session --action resume --session-id {id}")
    );
    assert_eq!(file("resume.json")["message"], "Session resumed and ready for use");
    assert_eq!([&file("close.json")["status"], &file("close.json")["summary"]["turns"]], [&json!("closed"), &json!(60)]);
    assert!(journal.read(LOG).contains(&format!("- question 1 with two lines ({id}, 60 turns) – Outcome: answer 60\n")));
    assert_eq!(journal.read("import.txt"), "imported 1 conversation, 60 turns, 0 actions\n");
}

#[test]
fn a_name_of_the_programs_own_begins_anew_when_its_conversation_is_over() {
    let journal = Journal::new();
    let make = || journal.manage("create", "4711");
    let first = make().ok().answer()["session_id"].clone();
    assert_eq!(make().code(2).answer()["error"]["kind"], "conversation-exists");
    let _ = journal.track("4711", "one", &[]).ok();
    let _ = journal.manage("close", "4711").ok();
    let second = make().ok().answer()["session_id"].clone();
    assert_ne!(first, second);
    assert_eq!(journal.track("4711", "two", &[]).ok().answer()["session_id"], second);
    let _ = journal.manage("close", "4711").ok();
    assert_eq!(journal.track("4711", "three", &[]).code(2).answer()["error"]["kind"], "conversation-not-active");
}

#[test]
fn an_imported_conversation_that_is_closed_has_its_summary_when_it_is_linked() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Bot"]).ok();
    let lines = "{\"type\":\"conversation\",\"id\":\"c\",\"status\":\"closed\"}\n{\"type\":\"turn\",\"conversation\":\"c\",\"user_input\":\"Why?\",\
        \"agent_response\":\"Because.\",\"actions\":[{\"kind\":\"file-edited\",\"value\":\"a.rs\"},{\"kind\":\"command\",\"value\":\"cargo test\",\"ok\":false}]}\n\
        {\"type\":\"turn\",\"conversation\":\"c\",\"text\":\"lost\"}\n";
    let run = journal.run_with(&["conversation", "import", "-"], lines).ok();
    assert_eq!(
        run.err,
        "note: 1 of its turns have neither `user_input` nor `agent_response` nor `actions`: -\nimported 1 conversation, 2 turns, 2 actions\n"
    );
    let linked = journal.json(&["conversation", "link", "c", "@"]);
    assert_eq!(linked["notices"], json!(["summary added to 20261120-01"]));
    let id = linked["conversation"]["id"].as_str().expect("an id");
    let line = format!("- Why? ({id}, 2 turns) – Outcome: Because. – Files: `a.rs` – Commands: `cargo test` (failed)\n");
    assert!(journal.read(LOG).contains(&line), "{}", journal.read(LOG));
}
