//! Taking in agents' conversations: each turn once, whatever the order, and only what may be stored.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::builder::{Journal, shared};

/// Lines of a Claude Code transcript that takes place in a directory.
pub(crate) struct Claude {
    pub(crate) session: String,
    cwd: String,
    lines: Vec<Value>,
    parent: Value,
}

impl Claude {
    pub(crate) fn new(session: &str, cwd: &Path) -> Claude {
        Claude { session: session.into(), cwd: cwd.to_string_lossy().into_owned(), lines: Vec::new(), parent: Value::Null }
    }

    fn line(&mut self, kind: &str, id: &str, message: &Value) {
        let (hour, minute) = (10 + self.lines.len() / 60, self.lines.len() % 60);
        self.lines.push(json!({
            "type": kind, "uuid": id, "parentUuid": self.parent, "sessionId": self.session, "cwd": self.cwd, "version": "2.1.329",
            "gitBranch": "main", "timestamp": format!("2026-11-20T{hour:02}:{minute:02}:00.000Z"), "message": message,
        }));
        self.parent = id.into();
    }

    pub(crate) fn user(&mut self, id: &str, text: &str) -> &mut Claude {
        self.line("user", id, &json!({"role": "user", "content": text}));
        self
    }

    pub(crate) fn agent(&mut self, id: &str, text: &str) -> &mut Claude {
        let usage = json!({"input_tokens": 10, "output_tokens": 5});
        let content = json!([{"type": "text", "text": text}]);
        self.line(
            "assistant",
            id,
            &json!({"id": format!("m-{id}"), "role": "assistant", "model": "claude-x", "content": content, "usage": usage}),
        );
        self
    }

    /// A command, and what it printed.
    pub(crate) fn command(&mut self, id: &str, command: &str, (ok, output): (bool, &str)) -> &mut Claude {
        let call = format!("call-{id}");
        let used = json!([{"type": "tool_use", "id": call, "name": "Bash", "input": {"command": command}}]);
        self.line("assistant", id, &json!({"id": format!("m-{id}"), "role": "assistant", "model": "claude-x", "content": used}));
        let result = json!([{"type": "tool_result", "tool_use_id": call, "is_error": !ok, "content": output}]);
        self.line("user", &format!("{id}-r"), &json!({"role": "user", "content": result}));
        self
    }

    /// A file that is made, of so many lines.
    pub(crate) fn write(&mut self, id: &str, path: &str, lines: usize) -> &mut Claude {
        let (call, path) = (format!("call-{id}"), format!("{}/{path}", self.cwd));
        let content = "line\n".repeat(lines);
        let used = json!([{"type": "tool_use", "id": call, "name": "Write", "input": {"file_path": path, "content": content}}]);
        self.line("assistant", id, &json!({"id": format!("m-{id}"), "role": "assistant", "model": "claude-x", "content": used}));
        let result = json!([{"type": "tool_result", "tool_use_id": call, "content": format!("File created successfully at: {path}")}]);
        self.line("user", &format!("{id}-r"), &json!({"role": "user", "content": result}));
        self
    }

    /// The agent's list of what is to be done, and the state of each.
    pub(crate) fn todos(&mut self, id: &str, todos: &[(&str, &str)]) -> &mut Claude {
        let call = format!("call-{id}");
        let todos: Vec<Value> = todos.iter().map(|(text, state)| json!({"content": text, "status": state})).collect();
        let used = json!([{"type": "tool_use", "id": call, "name": "TodoWrite", "input": {"todos": todos}}]);
        self.line("assistant", id, &json!({"id": format!("m-{id}"), "role": "assistant", "model": "claude-x", "content": used}));
        let result = json!([{"type": "tool_result", "tool_use_id": call, "content": "Todos have been modified"}]);
        self.line("user", &format!("{id}-r"), &json!({"role": "user", "content": result}));
        self
    }

    pub(crate) fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |mut all, line| {
            let _ = writeln!(all, "{line}");
            all
        })
    }

    pub(crate) fn path(&self) -> String {
        format!("home/.claude/projects/-p/{}.jsonl", self.session)
    }

    pub(crate) fn save(&self, journal: &Journal) {
        journal.write(&self.path(), self.text());
    }

    /// A fork of it, after so many lines: the lines are copied, with the fork's id; later releases mark each of them.
    pub(crate) fn fork(&self, session: &str, lines: usize, marked: bool) -> Claude {
        let mut fork = Claude { session: session.into(), cwd: self.cwd.clone(), lines: self.lines[..lines].to_vec(), parent: Value::Null };
        for line in &mut fork.lines {
            match marked {
                true => line["forkedFrom"] = json!({"sessionId": self.session, "messageUuid": line["uuid"]}),
                false if line["type"] == "assistant" => line["requestSessionId"] = self.session.clone().into(),
                false => {}
            }
            line["sessionId"] = session.into();
        }
        fork.parent = fork.lines.last().map_or(Value::Null, |l| l["uuid"].clone());
        fork
    }
}

fn sums(answer: &Value) -> [u64; 4] {
    ["conversations", "turns", "actions", "completed"].map(|key| answer[key].as_u64().expect("a count"))
}

fn export(journal: &Journal) -> String {
    journal.run(&["conversation", "export"]).ok().out
}

/// What stands in the record: each conversation's turns, in order.
fn told(journal: &Journal) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for line in export(journal).lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        match line["type"].as_str() {
            Some("conversation") => all.push(vec![line["native_id"].as_str().unwrap_or_default().to_string()]),
            _ => all.last_mut().expect("a conversation").push(format!(
                "{} {}: {} / {}",
                line["turn"],
                line["native_id"].as_str().unwrap_or_default(),
                line["user_input"].as_str().unwrap_or_default(),
                line["agent_response"].as_str().unwrap_or_default()
            )),
        }
    }
    all.sort();
    all
}

#[test]
fn a_history_is_imported_once_and_goes_on_where_it_ended() {
    let journal = Journal::new();
    let mut claude = Claude::new("aaaaaaaa-0000-4000-8000-000000000001", journal.root());
    claude.user("u1", "Why does the build fail?").agent("a1", "I look.").command(
        "c1",
        "cargo build",
        (false, "Exit code 101\nerror[E0502]"),
    );
    claude.save(&journal);
    let first = journal.run(&["import"]).ok().err;
    assert!(first.starts_with("Claude Code  1 file, 1") && first.ends_with(" kB: 1 new conversation, 1 turn, 1 action\n"), "{first}");
    let second = journal.run(&["import"]).ok().err;
    assert!(second.ends_with(" kB: nothing new\n"), "{second}");

    claude.agent("a2", "A borrow ends too late.").user("u2", "Mend it").agent("a3", "Done.");
    claude.save(&journal);
    assert_eq!(sums(&journal.json(&["import"])), [0, 1, 0, 1]);
    let id = "aaaaaaaa-0000-4000-8000-000000000001";
    assert_eq!(
        told(&journal),
        [[id, "1 u1: Why does the build fail? / I look.\n\nA borrow ends too late.", "2 u2: Mend it / Done."].map(str::to_string)]
    );
    let exported = export(&journal);
    assert!(exported.contains(r#"{"kind":"command","value":"cargo build","ok":false,"output":"#), "{exported}");
    assert!(!exported.contains("\"input_tokens\":10,\"output_tokens\":5}}}"), "{exported}");
}

#[test]
fn a_rewritten_history_is_reconciled() {
    let journal = Journal::new();
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "One").agent("a1", "First").user("u2", "Two").agent("a2", "Second");
    claude.save(&journal);
    assert_eq!(sums(&journal.json(&["import"])), [1, 2, 0, 0]);
    // The same number of bytes, another text.
    journal.write(&claude.path(), claude.text().replace("Second", "Sekond"));
    assert_eq!(sums(&journal.json(&["import"])), [0, 0, 0, 1]);
    assert_eq!(told(&journal)[0][2], "2 u2: Two / Sekond");
    // What the agent has cut off stays: the record may be the only one that has it.
    let short: String = claude.text().lines().take(2).fold(String::new(), |all, line| all + line + "\n");
    journal.write(&claude.path(), short);
    assert_eq!(sums(&journal.json(&["import"])), [0, 0, 0, 0]);
    assert_eq!(told(&journal)[0].len(), 3);
}

#[test]
fn conversations_elsewhere_are_left_to_others() {
    let journal = Journal::new();
    let elsewhere = tempfile::TempDir::new().expect("a directory");
    for (session, cwd) in [("here", journal.root()), ("there", elsewhere.path())] {
        let mut claude = Claude::new(session, cwd);
        claude.user(&format!("u-{session}"), "What is this?").agent(&format!("a-{session}"), "A test.");
        claude.save(&journal);
    }
    let run = journal.run(&["import"]).ok();
    assert!(
        run.err.contains("2 files") && run.err.contains("1 new conversation") && run.err.contains("1 left out: of other directories"),
        "{}",
        run.err
    );
    assert!(run.err.ends_with("hint: `shiftlog import --all` takes those of all directories\n"), "{}", run.err);
    assert_eq!(sums(&journal.json(&["import"])), [0, 0, 0, 0]);
    assert_eq!(sums(&journal.json(&["import", "--all"])), [1, 1, 0, 0]);
    assert_eq!(sums(&journal.json(&["import", "--all"])), [0, 0, 0, 0]);
}

#[test]
fn a_dry_run_stores_nothing_and_since_looks_at_the_file() {
    let journal = Journal::new();
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "One").agent("a1", "First");
    claude.save(&journal);
    let run = journal.run(&["import", "-n"]).ok();
    assert!(run.err.ends_with(" bytes: would be 1 new conversation, 1 turn, 0 actions\n"), "{}", run.err);
    assert!(!journal.path(".shiftlog").exists());
    journal.modified(&claude.path(), "2026-11-01T00:00:00Z");
    journal.run(&["import", "--since", "2026-11-10"]).code(1).err("no conversation was changed since 2026-11-10\n");
    assert_eq!(sums(&journal.json(&["import", "--since", "2026-10-30"])), [1, 1, 0, 0]);
    assert!(journal.run(&["import", "-n"]).ok().err.ends_with(": nothing new\n"));
    claude.user("u2", "Two").agent("a2", "Second");
    claude.save(&journal);
    let before = journal.run(&["conversation", "export"]).ok().out;
    assert_eq!(sums(&journal.json(&["import", "-n"])), [0, 1, 0, 0]);
    assert_eq!(journal.run(&["conversation", "export"]).ok().out, before);
}

#[test]
fn a_path_says_whose_it_is() {
    let journal = Journal::new();
    let mut claude = Claude::new("s-1", Path::new("/elsewhere"));
    claude.user("u1", "One").agent("a1", "First");
    journal.write("some.jsonl", claude.text());
    assert_eq!(sums(&journal.json(&["import", "--from", "some.jsonl"])), [1, 1, 0, 0]);
    journal.write("note.txt", "Nothing that an agent writes\n");
    journal.run(&["import", "--from", "note.txt"]).code(2).err(&format!(
        "shiftlog: no agent keeps files of this form: {}\nhint: what any program can write is described in docs/formats.md: JSON Lines, in a file that ends with .jsonl\n",
        journal.path("note.txt").display()
    ));
    let run = journal.run(&["import", "--from", "klaude"]).code(2);
    assert!(run.err.starts_with("shiftlog: no agent and no file: klaude\nhint: agents are claude"), "{}", run.err);
    let exchanged = r#"{"type":"conversation","id":"SESS-20261101-0900-aaaaaa"}
{"type":"turn","conversation":"SESS-20261101-0900-aaaaaa","turn":1,"user_input":"Hello"}
"#;
    journal.write("own.jsonl", exchanged);
    assert_eq!(sums(&journal.json(&["import", "--from", "own.jsonl"])), [1, 1, 0, 0]);
}

#[test]
fn secrets_and_what_is_excluded_never_reach_the_disk() {
    let journal = Journal::new();
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", &format!("Use {secret}")).agent("a1", &format!("I use {secret}."));
    claude.command(
        "c1",
        &format!("curl -H 'Authorization: token {secret}' https://api.example.com"),
        (false, &format!("Exit code 1\n{secret} is bad")),
    );
    claude.save(&journal);
    let _ = journal.json(&["import"]);
    let bytes = std::fs::read(journal.path(".shiftlog/record.db")).expect("a record");
    assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()));
    assert_eq!(export(&journal).matches("[redacted:github-token]").count(), export(&journal).matches("[redacted").count());

    let other = Journal::new().file("shiftlog.toml", "[record]\nexclude = [\"weather\"]\n");
    let mut claude = Claude::new("s-2", &other.path("weather"));
    claude.user("u1", "A private word").agent("a1", "Yes");
    claude.save(&other);
    let answer = other.json(&["import"]);
    assert_eq!(sums(&answer), [0, 0, 0, 0]);
    assert_eq!(answer["agents"][0]["skipped"]["excluded, or recording is off there"], 1);
    other.write("shiftlog.toml", "");
    assert_eq!(sums(&other.json(&["import"])), [1, 1, 0, 0]);
}

#[test]
fn the_agents_own_record_of_shiftlogs_questions_is_left_out() {
    let journal = Journal::new();
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "{\"shiftlog\":\"facts\", …}").agent("a1", "{}");
    claude.save(&journal);
    assert_eq!(sums(&journal.json(&["import"])), [0, 0, 0, 0]);
}

#[test]
fn broken_lines_do_no_harm() {
    let journal = Journal::new();
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "One").agent("a1", "First").user("u2", "Two").agent("a2", "Second");
    let text = claude.text();
    let lines: Vec<&str> = text.lines().collect();
    let mut bytes = Vec::new();
    for line in [lines[0], "{\"type\":\"of-tomorrow\",\"uuid\":7}", lines[1], "not JSON", "[]", lines[1], "\u{0}", lines[2], lines[0]] {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"\xff\xfe\n");
    bytes.extend_from_slice(&lines[3].as_bytes()[..lines[3].len() / 2]);
    journal.write(&claude.path(), &bytes);
    let answer = journal.json(&["import"]);
    assert_eq!(sums(&answer), [1, 2, 0, 0]);
    bytes.extend_from_slice(&lines[3].as_bytes()[lines[3].len() / 2..]);
    bytes.push(b'\n');
    journal.write(&claude.path(), &bytes);
    assert_eq!(sums(&journal.json(&["import"])), [0, 0, 0, 1]);
    assert_eq!(told(&journal), [["s-1", "1 u1: One / First", "2 u2: Two / Second"].map(str::to_string)]);
}

#[test]
fn forks_share_turns_whichever_comes_first() {
    let mut results = Vec::new();
    for (order, marked) in [([0, 1], true), ([1, 0], true), ([0, 1], false), ([1, 0], false)] {
        let journal = Journal::empty().file("shiftlog.toml", "");
        let mut first = Claude::new("original", Path::new("/p"));
        first.user("u1", "One").agent("a1", "First").user("u2", "Two").agent("a2", "Second");
        let mut fork = first.fork("fork", 2, marked);
        fork.user("u3", "Another way").agent("a3", "Third");
        let files = [first, fork];
        for at in order {
            journal.write("t.jsonl", files[at].text());
            let name = format!("{}.jsonl", files[at].session);
            std::fs::rename(journal.path("t.jsonl"), journal.path(&name)).expect("renamed");
            let _ = journal.json(&["import", "--from", &name]);
        }
        let conversations = journal.json(&["conversation", "list"])["conversations"].clone();
        let of = |native: &str| conversations.as_array().expect("a list").iter().find(|c| c["native_id"] == native).expect("there").clone();
        assert_eq!(of("fork")["origin"], of("original")["id"]);
        results.push(told(&journal));
    }
    let expected = [vec!["fork", "1 u3: Another way / Third"], vec!["original", "1 u1: One / First", "2 u2: Two / Second"]];
    assert!(results.iter().all(|told| *told == expected), "{results:?}");
}

#[test]
fn the_captures_are_imported_once() {
    let Some(captures) = shared("agents") else { return };
    let journal = Journal::new();
    let from = captures.to_string_lossy().into_owned();
    let first = journal.json(&["import", "--from", &from]);
    assert!(sums(&first)[1] > 0, "{first}");
    let before = export(&journal);
    assert_eq!(sums(&journal.json(&["import", "--from", &from])), [0, 0, 0, 0]);
    assert_eq!(export(&journal), before);
    // Every answer stands in one turn only.
    let mut seen = std::collections::HashSet::new();
    for line in before.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if let Some(native) = line["native_id"].as_str().filter(|_| line["type"] == "turn") {
            assert!(seen.insert((line["conversation"].clone(), native.to_string())), "{native} is there twice");
        }
    }
    assert_eq!(journal.json(&["doctor"])["healthy"], true);
}

/// How far each of three files is written, and which of them is imported, step by step.
fn steps() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..3usize, 1..4usize), 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_pieces_gives_the_same_record(steps in steps()) {
        let mut first = Claude::new("original", Path::new("/p"));
        first.user("u1", "One").agent("a1", "First").user("u2", "Two").command("c1", "ls", (true, "a b")).agent("a2", "Second");
        let mut fork = first.fork("fork", 2, false);
        fork.user("u3", "Three").agent("a3", "Third").user("u4", "Four").agent("a4", "Fourth");
        let mut other = Claude::new("other", Path::new("/p"));
        other.user("o1", "Hello").agent("p1", "Yes").user("o2", "Hello").agent("p2", "Yes again");
        let files = [first, fork, other];
        let journal = Journal::empty().file("shiftlog.toml", "");
        // A fork is written with all that it copies.
        let mut written = [0, 1, 0];
        let write = |file: usize, lines: usize| {
            let text: String = files[file].text().lines().take(lines).fold(String::new(), |all, line| all + line + "\n");
            journal.write(&format!("{file}.jsonl"), text);
        };
        for (file, lines) in steps {
            written[file] += lines;
            write(file, written[file]);
            let _ = journal.json(&["import", "--from", &format!("{file}.jsonl")]);
        }
        for file in [2, 1, 0] {
            write(file, usize::MAX);
            let _ = journal.json(&["import", "--from", &format!("{file}.jsonl")]);
        }
        let expected = [
            vec!["fork", "1 u3: Three / Third", "2 u4: Four / Fourth"],
            vec!["original", "1 u1: One / First", "2 u2: Two / Second"],
            vec!["other", "1 o1: Hello / Yes", "2 o2: Hello / Yes again"],
        ];
        prop_assert_eq!(told(&journal), expected);
    }
}

#[test]
fn a_history_that_lies_where_the_agent_worked_is_found() {
    let journal = Journal::new();
    let history = "\n# aider chat started at 2026-11-20 10:00:00\n\n> aider v0.86.2\n\n#### Add a flag\n\nThe flag is there.\n\n> Applied edit to x.py\n";
    journal.write(".aider.chat.history.md", history);
    assert_eq!(sums(&journal.json(&["import"]))[..2], [1, 1]);
    assert_eq!(sums(&journal.json(&["import", "--from", "aider"])), [0, 0, 0, 0]);
}

#[test]
fn an_older_copy_takes_nothing_back() {
    let Some(from) = shared("agents/claude/tui-2.1.329/projects/-home-dev-greet/956785b3-af3c-4dab-a1f3-acc94a391340.jsonl") else {
        return;
    };
    let journal = Journal::new();
    let text = std::fs::read_to_string(from).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let import = |lines: &[&str]| {
        journal.write("copy.jsonl", lines.join("\n") + "\n");
        let _ = journal.run(&["import", "--from", "copy.jsonl"]).ok();
        journal
            .run(&["conversation", "export"])
            .ok()
            .out
            .lines()
            .filter(|line| line.contains("\"type\":\"turn\""))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let whole = import(&lines);
    for cut in [lines.len() / 4, lines.len() / 3, lines.len() / 2] {
        assert_eq!(import(&lines[..cut]), whole, "{cut}");
    }
    assert_eq!(import(&lines), whole);
}
