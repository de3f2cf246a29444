//! Capture: what a conversation shows, in its log: everything once, in its words, and nothing of a person's touched.

use crate::builder::{Journal, shared};
use crate::import::Claude;

/// The log of the conversation in the capture, as `import` and `capture` make it.
fn of_capture(path: &str) -> Option<(Journal, String)> {
    let from = shared(path)?;
    let journal = Journal::new().at("2026-11-20T15:20:00Z");
    let _ = journal.run(&["import", "--from", &from.to_string_lossy()]).ok();
    let answer = journal.json(&["capture", "--latest"]);
    let log = answer["conversations"][0]["path"].as_str().expect("a log").to_string();
    let text = journal.read(&log);
    Some((journal, text))
}

/// What stands below a heading, without what the template left.
fn section<'t>(text: &'t str, heading: &str) -> Vec<&'t str> {
    let lines = text.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading || !line.starts_with("##")).skip(1);
    let level =
        text.lines().find(|l| l.trim_start_matches('#').trim() == heading).map_or(2, |l| l.chars().take_while(|c| *c == '#').count());
    let ends = |line: &str| line.starts_with('#') && line.chars().take_while(|c| *c == '#').count() <= level;
    lines
        .take_while(|line| !ends(line))
        .filter(|line| {
            !line.is_empty()
                && !line.starts_with('#')
                && !line.starts_with("- [") | line.starts_with("- [ ]") | line.starts_with("- [x]") | line.starts_with("- [[")
        })
        .collect()
}

#[test]
fn the_captured_session_reads_like_a_colleagues_log() {
    let Some((journal, text)) = of_capture("agents/claude/tui-2.1.329") else { return };
    assert!(text.contains("title: \"Session 20261120-01: Add a --json flag to greet (see TICKET-42)\"\n"), "{text}");
    assert!(text.contains("description: \"Please add a --json flag to greet (see TICKET-42)\"\n"), "{text}");
    assert!(
        text.contains("author: \"Claude Code\"\nmodel: \"claude-sonnet-4-5-20250929\"\ncreated: \"2026-11-20 15:10:06 UTC\"\n"),
        "{text}"
    );
    assert_eq!(section(&text, "Summary"), ["- Please add a --json flag to greet (see TICKET-42): `greet_cli.py` now accepts `--json`"]);
    assert_eq!(
        section(&text, "Key Decisions & Rationale"),
        [
            "- **Decided to use `argparse` instead of `click`** – the project has no third-party dependencies",
            "- **JSON output is a single object with the key `greeting`** – so that fields can be added later without breaking callers",
            "- **Rejected printing NDJSON** – only one record is ever produced",
        ]
    );
    assert_eq!(section(&text, "Deliverables & Metrics"), ["- ✅ **`greet_cli.py`** — created, 1 edit, +20 −1"]);
    assert_eq!(
        section(&text, "Implementation Highlights"),
        ["- `python3 greet_cli.py Ada && python3 greet_cli.py --json Ada` – ok", "- Review greet_cli.py"]
    );
    assert_eq!(
        section(&text, "Challenges, Failures & Lessons"),
        [
            "- **Issue**: `python3 greet_cli.py Ada` – exit 1",
            "- **Root Cause**: That failed with a `NameError`: I wrote `txt` instead of `text`",
            "- **Solution / Work-around**: edited `greet_cli.py`; `python3 greet_cli.py Ada && python3 greet_cli.py --json Ada` – ok",
        ]
    );
    assert_eq!(
        section(&text, "Next Work Items"),
        ["- [ ] Add a test for a non-ASCII name (`greet_cli.py --json Zoë`)", "- [ ] Document exit codes in README.md"]
    );
    assert_eq!(section(&text, "Technical Environment / Key Paths"), ["- `/home/dev/greet`, branch `feature/json-output`"]);
    assert_eq!(section(&text, "Knowledge Gaps / Open Questions"), ["- should `--json` imply `--quiet`?"]);
    assert_eq!(
        section(&text, "Web Sources"),
        ["- https://docs.python.org/3/library/argparse.html", "- https://example.com/specs/json-output#v1"]
    );
    assert_eq!(section(&text, "Local Sources"), ["- `greet.py`"]);
    // A subagent's conversation belongs to it too.
    let conversations = journal.json(&["conversation", "list"])["conversations"].clone();
    assert!(conversations.as_array().expect("a list").iter().all(|c| c["log"] == "20261120-01"), "{conversations}");
    // Again changes nothing, and every entry can be traced.
    journal.run(&["capture", "--latest"]).ok().err("unchanged 20261120-01  sessions/current/20261120-01.md\n");
    assert_eq!(journal.read("sessions/current/20261120-01.md"), text);
    let shown = journal.json(&["show", "--trace"]);
    for entry in shown["entries"].as_array().expect("entries") {
        assert!(entry["trace"]["turn"].is_number(), "{entry}");
    }
    let shown = journal.run(&["show", "--trace", "--section", "next"]).ok().out;
    assert!(shown.contains("Document exit codes in README.md  ← SESS-20261120-1510-"), "{shown}");
}

#[test]
fn every_agents_capture_has_the_same_facts() {
    let Some(agents) = shared("agents") else { return };
    for capture in [
        "claude/print-2.1.329",
        "claude/old-1.0.88",
        "claude/old-2.0.30",
        "claude/old-2.1.197",
        "codex/exec-gpt-5.5-0.169.0",
        "codex/exec-code-mode-0.169.0",
        "codex/tui-0.169.0",
        "codex/old-0.42.0",
        "codex/old-0.80.0",
        "codex/old-0.114.0",
        "gemini/tui-0.61.0",
        "gemini/old-0.20.0",
        "qwen/0.24.4",
        "copilot/print-1.0.102",
        "opencode/old-1.0.185",
        "cline/3.0.65",
    ] {
        let journal = Journal::new().at("2026-11-21T15:20:00Z");
        let _ = journal.run(&["import", "--from", &agents.join(capture).to_string_lossy()]).ok();
        let exported = journal.run(&["conversation", "export"]).ok().out;
        let lines = exported.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let asked = |line: &serde_json::Value| line["user_input"].as_str().is_some_and(|text| text.starts_with("Please add a --json flag"));
        let id = lines.clone().find(asked).unwrap_or_else(|| panic!("{capture}: {exported}"))["conversation"]
            .as_str()
            .expect("an id")
            .to_string();
        let answer = journal.json(&["capture", &id]);
        let text = journal.read(answer["conversations"][0]["path"].as_str().unwrap_or_else(|| panic!("{capture}: {answer}")));
        let decisions = section(&text, "Key Decisions & Rationale");
        assert_eq!(decisions.len(), 3, "{capture}: {decisions:#?}");
        for fact in [
            "**Decided to use `argparse` instead of `click`**",
            "`greet_cli.py`",
            "- [ ] Document exit codes in README.md",
            "https://example.com/specs/json-output#v1",
        ] {
            assert!(text.contains(fact), "{capture}: {fact} is missing in\n{text}");
        }
        let summary = section(&text, "Summary");
        assert!(
            summary.iter().any(|line| line.contains("add a --json flag") && line.contains("`greet_cli.py` now accepts `--json`")),
            "{capture}: {summary:#?}"
        );
        journal.run(&["capture", &id]).ok().err(&format!(
            "unchanged {}  {}\n",
            answer["conversations"][0]["session"].as_str().expect("a log"),
            answer["conversations"][0]["path"].as_str().expect("a path")
        ));
    }
}

/// A conversation in the journal's directory, with a to-do that stays open.
fn conversation(journal: &Journal) -> Claude {
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "Make the cache smaller").command("c1", "cargo test", (false, "Exit code 101\nerror[E0502]: cannot borrow"));
    claude.agent("a1", "The cache is smaller now.\n\n## Next steps\n- Measure it\n- Tell Mara");
    claude
}

fn captured(journal: &Journal, claude: &Claude) -> String {
    claude.save(journal);
    let _ = journal.run(&["import"]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    journal.read("sessions/current/20261120-01.md")
}

#[test]
fn what_capture_wrote_is_brought_up_to_date() {
    let journal = Journal::new();
    let mut claude = conversation(&journal);
    let before = captured(&journal, &claude);
    assert_eq!(section(&before, "Challenges, Failures & Lessons"), ["- **Issue**: `cargo test` – exit 101"]);
    assert_eq!(section(&before, "Implementation Highlights"), ["- `cargo test` – exit 101"]);
    claude.user("u2", "Go on").command("c2", "cargo test --all", (true, "ok")).agent("a2", "All tests pass now.");
    let after = captured(&journal, &claude);
    assert_eq!(
        section(&after, "Challenges, Failures & Lessons"),
        ["- **Issue**: `cargo test` – exit 101", "- **Solution / Work-around**: `cargo test --all` – ok"]
    );
    assert_eq!(section(&after, "Implementation Highlights"), ["- `cargo test --all` – ok"]);
    assert_eq!(section(&after, "Summary"), ["- Make the cache smaller: The cache is smaller now", "- Go on: All tests pass now"]);
    assert_eq!(section(&after, "Next Work Items"), ["- [ ] Measure it", "- [ ] Tell Mara"]);
}

#[test]
fn what_a_person_changed_or_removed_is_theirs() {
    let journal = Journal::new();
    let mut claude = conversation(&journal);
    let before = captured(&journal, &claude);
    let edited = before
        .replace("- [ ] Tell Mara\n", "")
        .replace("- [ ] Measure it", "- [x] Measure it, with 1,000 users")
        .replace("- `cargo test` – exit 101", "- The tests, by hand")
        .replace("## Notes", "A line of mine.\n\n## Notes");
    journal.save("sessions/current/20261120-01.md", &edited, "2026-11-20T10:00:00Z");
    claude
        .user("u2", "Go on")
        .command("c2", "cargo test", (true, "ok"))
        .agent("a2", "All tests pass now.\n\n## Next steps\n- Tell Mara\n- Sleep");
    let after = captured(&journal, &claude);
    assert_eq!(section(&after, "Next Work Items"), ["- [x] Measure it, with 1,000 users", "- [ ] Sleep"]);
    assert_eq!(section(&after, "Implementation Highlights"), ["- The tests, by hand"]);
    assert!(after.contains("A line of mine.\n\n## Notes"), "{after}");
}

#[test]
fn nothing_substantive_makes_no_log() {
    let journal = Journal::new();
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "hello").agent("a1", "Hello! How can I help?");
    claude.save(&journal);
    let _ = journal.run(&["import"]).ok();
    let run = journal.run(&["capture", "--latest"]).ok();
    assert!(run.err.ends_with(": nothing happened that is worth a log\n"), "{}", run.err);
    assert_eq!(std::fs::read_dir(journal.path("sessions/current")).expect("there").count(), 0);
}

#[test]
fn one_after_the_other_goes_on_in_the_same_log_and_two_at_once_do_not() {
    let journal = Journal::new().at("2026-11-20T10:20:00Z");
    let _ = captured(&journal, &conversation(&journal));
    let mut other = Claude::new("s-2", journal.root());
    other.user("v1", "Write the manual").command("d1", "make manual", (true, "ok")).agent("b1", "The manual is written.");
    other.save(&journal);
    let _ = journal.run(&["import"]).ok();
    let second = journal.json(&["capture", "s-2"]);
    assert_eq!(second["conversations"][0]["session"], "20261120-02");
    let later = Journal::new().at("2026-11-20T10:20:00Z");
    let _ = later.run(&["new", "Mine"]).ok();
    later.write("home/.claude/projects/-p/s-1.jsonl", conversation(&later).text());
    let _ = later.run(&["import"]).ok();
    let first = later.json(&["capture", "s-1"]);
    assert_eq!(
        (first["conversations"][0]["session"].as_str(), first["conversations"][0]["result"].as_str()),
        (Some("20261120-01"), Some("updated"))
    );
}

#[test]
fn a_dry_run_shows_the_log_and_writes_nothing() {
    let journal = Journal::new();
    conversation(&journal).save(&journal);
    let _ = journal.run(&["import"]).ok();
    let run = journal.run(&["capture", "--latest", "-n"]).ok();
    assert!(run.out.contains("+- Make the cache smaller: The cache is smaller now\n"), "{}", run.out);
    assert_eq!(std::fs::read_dir(journal.path("sessions/current")).expect("there").count(), 0);
    assert!(journal.json(&["conversation", "list"])["conversations"][0]["log"].is_null());
}

#[test]
fn a_command_that_an_agent_runs_knows_its_conversation() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Other"]).ok();
    let run = |args: &[&str]| journal.command(args).env("CLAUDE_CODE_SESSION_ID", "s-1").output().expect("it runs");
    assert!(run(&["new", "Cache"]).status.success());
    let _ = journal.run(&["new", "Third"]).ok();
    assert!(run(&["add", "summary", "By the agent"]).status.success());
    assert!(journal.read("sessions/current/20261120-02.md").contains("- By the agent\n"));
    conversation(&journal).save(&journal);
    let _ = journal.run(&["import"]).ok();
    assert_eq!(journal.json(&["capture", "--latest"])["conversations"][0]["session"], "20261120-02");
}

#[test]
fn agents_logs_have_their_own_places() {
    let journal = Journal::agents();
    let mut claude = conversation(&journal);
    claude.user("u2", "Decide").command("c2", "cargo test", (true, "ok"));
    claude.agent("a2", "We chose a ring buffer because it is small.");
    claude.save(&journal);
    let _ = journal.run(&["import"]).ok();
    let answer = journal.json(&["capture", "--latest"]);
    let path = answer["conversations"][0]["path"].as_str().expect("a log");
    assert_eq!(path, ".agents/sessions/20261120-100000-make-the-cache-smaller.md");
    let text = journal.read(path);
    for line in ["- [ ] Measure it\n", "### Decision 1: We chose a ring buffer\n", "cargo test\n", "- `cargo test` – ok\n"] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert_eq!(journal.json(&["capture", "--latest"])["conversations"][0]["result"], "unchanged");
    assert_eq!(journal.read(path), text);
}

#[test]
fn a_program_of_the_persons_own_may_say_it() {
    let journal = Journal::new();
    let config =
        |command: &str| journal.write("home/.config/shiftlog/config.toml", format!("[summarize]\ncommand = \"{command}\"\nseconds = 5\n"));
    journal.write("answer", "{\"title\": \"Smaller cache\", \"summary\": [\"The cache takes half the memory\"]}");
    conversation(&journal).save(&journal);
    let _ = journal.run(&["import"]).ok();
    config("sh -c 'head -c 12 > asked; cat answer'");
    let answer = journal.json(&["capture", "--latest"]);
    assert_eq!(answer["conversations"][0]["result"], "created");
    let text = journal.read("sessions/current/20261120-01.md");
    assert_eq!(section(&text, "Summary"), ["- The cache takes half the memory"]);
    assert!(text.contains("title: \"Session 20261120-01: Smaller cache\"") && !text.contains("E0502"), "{text}");
    assert_eq!(journal.read("asked"), "{\"shiftlog\":");

    let other = Journal::new();
    conversation(&other).save(&other);
    let _ = other.run(&["import"]).ok();
    for (command, why) in [("false", "it ended with exit status: 1"), ("echo no", "no: expected an object"), ("/nowhere/x", "No such file")]
    {
        other.write("home/.config/shiftlog/config.toml", format!("[summarize]\ncommand = \"{command}\"\n"));
        let run = other.run(&["capture", "--latest"]).ok();
        assert!(run.err.starts_with("note: summarize.command was of no use, so the conversation's own words are taken: "), "{}", run.err);
        assert!(run.err.contains(why) || command == "echo no", "{}", run.err);
    }
    assert!(other.read("sessions/current/20261120-01.md").contains("- Make the cache smaller: The cache is smaller now\n"));
}

#[test]
fn titles_and_summaries_hold_only_words_of_the_conversation() {
    let Some(agents) = shared("agents") else { return };
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let journal = Journal::new().at("2026-11-21T15:20:00Z");
    let _ = journal.run(&["import", "--from", &agents.to_string_lossy()]).ok();
    let exported = journal.run(&["conversation", "export"]).ok().out;
    let mut said = std::collections::HashSet::new();
    let mut conversations = Vec::new();
    for line in exported.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for key in ["title", "user_input", "agent_response"] {
            said.extend(words(line[key].as_str().unwrap_or_default()));
        }
        if line["type"] == "conversation" && line["parent"].is_null() {
            conversations.push(line["id"].as_str().expect("an id").to_string());
        }
    }
    for id in conversations {
        let answer = journal.json(&["capture", &id]);
        let Some(path) = answer["conversations"][0]["path"].as_str() else { continue };
        let text = journal.read(path);
        let title =
            text.lines().find_map(|line| line.strip_prefix("title: \"Session ")).and_then(|rest| rest.split_once(": ")).expect("a title").1;
        for line in section(&text, "Summary").into_iter().chain([title]) {
            let unsaid: Vec<String> = words(line).into_iter().filter(|word| !said.contains(word)).collect();
            assert!(unsaid.is_empty(), "{id}: {line}: {unsaid:?}");
        }
    }
}

#[test]
fn an_aider_history_has_a_log_too() {
    let Some(from) = shared("agents/aider/0.86.2") else { return };
    let journal = Journal::new().at("2026-11-21T15:20:00Z");
    let _ = journal.run(&["import", "--from", &from.to_string_lossy()]).ok();
    let conversations = journal.json(&["conversation", "list"])["conversations"].clone();
    let ids = conversations.as_array().expect("a list").iter().map(|c| c["id"].as_str().expect("an id"));
    let logs: Vec<String> =
        ids.filter_map(|id| journal.json(&["capture", id])["conversations"][0]["path"].as_str().map(|path| journal.read(path))).collect();
    let [text] = logs.as_slice() else { panic!("{} logs", logs.len()) };
    assert_eq!(section(text, "Key Decisions & Rationale"), ["- **Decided to use argparse**"]);
    assert_eq!(section(text, "Next Work Items"), ["- [ ] add a test"]);
}
