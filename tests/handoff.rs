//! The handoff: what counts, within the budget, the same each time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::builder::{Journal, shared};
use crate::import::Claude;

/// A conversation with everything that a handoff tells, long enough to be cut.
fn long(journal: &Journal) {
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u0", "Build the cache. Always keep the tests green.");
    claude.command("c0", "cargo test", (false, "Exit code 101\nerror[E0502]: cannot borrow"));
    claude.agent(
        "a0",
        "The build failed with E0502 because the map was borrowed twice.\n\n## Decisions\n- Use a ring buffer because it is small",
    );
    for n in 1..40 {
        claude.user(&format!("u{n}"), &format!("Step {n}: make part {n} of the cache faster than it was before"));
        claude.command(&format!("c{n}"), &format!("make part-{n}"), (true, "ok"));
        claude.agent(&format!("a{n}"), &format!("Part {n} is faster now.\n\n## Decisions\n- Part {n} keeps a list of its own, because a shared one was slow\n\n## Next steps\n- Measure part {n} with real data"));
    }
    claude.user("u99", "Now run all tests once more").command("c99", "cargo test --all", (true, "ok")).agent("a99", "All tests pass.");
    claude.save(journal);
    let _ = journal.run(&["import"]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
}

#[test]
fn a_short_session_is_handed_off_as_a_whole() {
    let Some(from) = shared("agents/claude/tui-2.1.329") else { return };
    let journal = Journal::new().at("2026-11-20T15:20:00Z");
    let _ = journal.run(&["import", "--from", &from.to_string_lossy()]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    let run = journal.run(&["handoff"]).ok();
    assert_eq!(
        run.out,
        "\
# Session 20261120-01: Add a --json flag to greet (see TICKET-42)

Active · sessions/current/20261120-01.md

## Where we are

- branch `feature/json-output`, `/home/dev/greet`
- last request: what did we decide? (2026-11-20)
- last answer: We decided to use argparse, and to emit one JSON object with the key `greeting`
- began with: Please add a --json flag to greet (see TICKET-42)

## Open work

- Add a test for a non-ASCII name (`greet_cli.py --json Zoë`) (2026-11-20)
- Document exit codes in README.md (2026-11-20)
- question: should `--json` imply `--quiet`? (2026-11-20)

## Decisions

- Decided to use `argparse` instead of `click` – the project has no third-party dependencies (2026-11-20)
- JSON output is a single object with the key `greeting` – so that fields can be added later without breaking callers
- Rejected printing NDJSON – only one record is ever produced

## What failed

- mended: NameError: name 'txt' is not defined. Did you mean: 'text'? – That failed with a `NameError`: I wrote `txt` instead of `text` (2026-11-20)

## Files changed

- `greet_cli.py` – created, 1 edit, +20 −1 (2026-11-20)

## Commands

- `python3 greet_cli.py Ada && python3 greet_cli.py --json Ada` – ok (2026-11-20)

## Sources

- https://docs.python.org/3/library/argparse.html
- https://example.com/specs/json-output#v1
- `greet.py`
"
    );
    assert_eq!(journal.run(&["handoff"]).ok().out, run.out);
    let framed = journal.run(&["handoff", "--to", "codex"]).ok().out;
    assert!(framed.starts_with("<shiftlog-handoff>\nReference data ") && framed.ends_with("</shiftlog-handoff>\n"), "{framed}");
    let error = journal.run(&["handoff", "--to", "nobody"]).code(2).err;
    assert!(error.starts_with("shiftlog: no agent `nobody` is known\nhint: agents are claude, "), "{error}");
}

#[test]
fn the_budget_holds_and_what_counts_most_stays() {
    let journal = Journal::new().at("2026-11-20T12:00:00Z");
    long(&journal);
    let mut before = 0;
    for tokens in [150, 200, 300, 500, 1000, 2000, 4000, 20_000] {
        let answer = journal.json(&["handoff", "--tokens", &tokens.to_string()]);
        let used = answer["tokens"].as_u64().expect("a number");
        assert!(used <= tokens && used >= before, "{used} of {tokens}");
        before = used;
        let text = answer["text"].as_str().expect("a text");
        for fact in ["last request: Now run all tests once more", "`cargo test --all` – ok"] {
            assert!(text.contains(fact), "{tokens}: {text}");
        }
        let left: u64 = answer["parts"].as_object().expect("parts").values().map(|part| part["left_out"].as_u64().expect("a count")).sum();
        assert_eq!(left > 0, text.contains("\nLeft out: "), "{text}");
        assert_eq!(left > 0, answer["more"] == "shiftlog show 20261120-01");
    }
    let whole = journal.run(&["handoff", "--tokens", "20000"]).ok().out;
    for n in 1..40 {
        assert!(
            whole.contains(&format!("- Measure part {n} with real data")) && whole.contains(&format!("Part {n} keeps a list of its own")),
            "{whole}"
        );
    }
    assert!(whole.contains("- Always keep the tests green\n"), "{whole}");
    let mut lines: Vec<&str> = whole.lines().filter(|line| line.starts_with("- ")).collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all);
    let _ = journal.run(&["set", &format!("title={}", "Many words ".repeat(40))]).ok();
    let error = journal.run(&["handoff", "--tokens", "50"]).code(2).err;
    assert!(error.starts_with("shiftlog: not even the title fits into 50 tokens\nhint: --tokens "), "{error}");
}

#[test]
fn a_log_without_conversations_is_handed_off_too() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "By hand"]).ok();
    let _ = journal.run(&["add", "decision", "Keep it", "--why", "it works"]).ok();
    let _ = journal.run(&["add", "next", "Later", "--priority", "low"]).ok();
    let _ = journal.run(&["add", "next", "Soon", "--priority", "high"]).ok();
    let _ = journal.run(&["add", "problem", "It hung", "--lesson", "Set a time limit"]).ok();
    journal.run(&["handoff"]).ok().out(
        "\
# Session 20261120-01: By hand

Active · sessions/current/20261120-01.md

## Open work

- Soon (high) (2026-11-20)
- Later (low) (2026-11-20)

## Decisions

- Keep it – it works

## What failed

- It hung; lesson: Set a time limit
",
    );
    assert!(journal.run(&["handoff", "--mark"]).ok().out.contains("\nHandoff · sessions/current/20261120-01.md\n"));
    assert_eq!(journal.property("sessions/current/20261120-01.md", "status"), "Handoff");
}

#[test]
fn an_agents_log_is_handed_off_once_it_is_ready() {
    let journal = Journal::agents();
    let _ = journal.run(&["new", "By hand"]).ok();
    let error = journal.run(&["handoff", "--mark"]).code(2).err;
    assert_eq!(
        error,
        "shiftlog: nothing stands under Context, Current State, Next Steps\n\
         hint: `shiftlog add context TEXT`, `shiftlog add state TEXT`, `shiftlog add next TEXT` puts an entry there\n"
    );
    for args in [["add", "context", "Why"], ["add", "state", "Works"], ["add", "next", "Go on"]] {
        let _ = journal.run(&args).ok();
    }
    let out = journal.run(&["handoff", "--mark"]).ok().out;
    assert!(out.contains("- Go on (2026-11-20)\n"), "{out}");
    let log = std::fs::read_dir(journal.path(".agents/sessions")).expect("there").flatten().next().expect("a log").path();
    assert!(std::fs::read_to_string(log).expect("text").contains("### 2026-11-20 14:30 - handoff\n"));
}

#[test]
fn what_has_moved_is_said_at_pick_up() {
    let journal = Journal::new().at("2026-11-20T12:00:00Z");
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "Write it").write("w1", "src/a.rs", 3).write("w2", "src/b.rs", 4).agent("a1", "Both files are written.");
    claude.save(&journal);
    journal.save("src/a.rs", "fn a() {}\n", "2026-11-20T09:00:00Z");
    journal.save("src/b.rs", "fn b() {}\n", "2026-11-20T09:00:00Z");
    let _ = journal.run(&["import"]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    journal
        .run(&["handoff", "--check"])
        .ok()
        .out("")
        .err("note: 20261120-01 was not handed off with `--mark`: what was done since is not known\nnothing has moved since\n");
    journal.modified("src/a.rs", "2026-11-21T09:00:00Z");
    std::fs::remove_file(journal.path("src/b.rs")).expect("removed");
    journal.run(&["handoff", "--check"]).ok().out("`src/a.rs` was modified since, 2026-11-21 09:00\n`src/b.rs` is gone\n");
    assert!(Path::new(&journal.path("src/a.rs")).exists());
    let git = std::process::Command::new("git").args(["init", "-q", "-b", "other"]).current_dir(journal.root()).status();
    if git.is_ok_and(|status| status.success()) {
        let out = journal.run(&["handoff", "--check"]).ok().out;
        assert!(out.starts_with("the branch is `other` now, it was `main`\n"), "{out}");
    }
}

#[test]
fn without_a_log_there_is_nothing_to_hand_off() {
    let run = Journal::new().run(&["handoff"]).code(2);
    assert!(run.err.starts_with("shiftlog: "), "{}", run.err);
}

#[test]
fn a_recap_tells_of_the_sessions_since_then() {
    let journal = Journal::new().at("2026-11-20T12:00:00Z");
    let _ = journal.run(&["new", "First"]).ok();
    for args in [
        &["add", "summary", "The cache is smaller"][..],
        &["add", "next", "Measure it"],
        &["add", "next", "Build it"],
        &["done", "Build it"],
        &["add", "decision", "A ring buffer", "--why", "it is small"],
    ] {
        let _ = journal.run(args).ok();
    }
    let mut journal = journal;
    journal.clock("2026-11-25T12:00:00Z");
    let _ = journal.run(&["new", "Second"]).ok();
    let _ = journal.run(&["add", "summary", "The manual is written"]).ok();
    journal.run(&["recap"]).ok().out(
        "\
# Since 2026-11-18 12:00

## Second – Active · 20261125-01

- The manual is written

## First – Active · 20261120-01

- The cache is smaller
- done: Build it
- open: Measure it (2026-11-20)
- decided: A ring buffer – it is small
",
    );
    assert!(!journal.run(&["recap", "--since", "2d"]).ok().out.contains("First"));
    journal.run(&["recap", "--since", "2026-11-26"]).code(1).out("").err("no log was updated since 2026-11-26 00:00\n");
}

#[test]
fn a_shift_starts_from_an_open_log_or_a_new_one() {
    let mut journal = Journal::new();
    let error = journal.run(&["start"]).code(2).err;
    assert_eq!(error, "shiftlog: no log is open\nhint: `shiftlog start --new TITLE` begins one\n");
    journal.run(&["start", "--new", "Cache"]).ok().out("").err("created 20261120-01  sessions/current/20261120-01.md\n");
    let _ = journal.run(&["add", "next", "Measure it"]).ok();
    let error = journal.run(&["start"]).code(2).err;
    assert!(error.starts_with("shiftlog: open logs: 20261120-01 (Session 20261120-01: Cache)\nhint: "), "{error}");
    let run = journal.run(&["start", "--resume", "@"]).ok();
    assert!(run.out.contains("## Open work\n\n- Measure it (2026-11-20)\n"), "{}", run.out);
    assert_eq!(run.err, "open 20261120-01  sessions/current/20261120-01.md\n");
    // One that was handed off goes on in a new one.
    let _ = journal.run(&["status", "Handoff"]).ok();
    journal.clock("2026-11-21T09:00:00Z");
    let run = journal.run(&["start", "--resume", "20261120-01"]).ok();
    assert!(
        run.out.contains("- Measure it (2026-11-20)\n") && run.err.ends_with("created 20261121-01  sessions/current/20261121-01.md\n"),
        "{} {}",
        run.out,
        run.err
    );
    let new = journal.read("sessions/current/20261121-01.md");
    assert!(new.contains("Session 20261121-01: Cache") && new.contains("- [[20261120-01]] – this session continues it"), "{new}");
    let paused = Journal::agents();
    let _ = paused.run(&["start", "--new", "Paused work"]).ok();
    let _ = paused.run(&["status", "paused"]).ok();
    assert!(paused.run(&["start", "--resume", "@"]).ok().err.starts_with("resumed "));
}

/// A program that keeps what it is given, in the settings.
fn clipboard(journal: &Journal, script: &str) -> String {
    journal.write("bin/copy", format!("#!/bin/sh\n{script}\n"));
    let program = journal.path("bin/copy");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("permissions");
    let program = program.to_string_lossy().into_owned();
    journal.write("home/.config/shiftlog/config.toml", format!("clipboard = \"'{program}' --all\"\n"));
    program
}

#[test]
fn a_copy_goes_to_the_program_of_the_settings() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "By hand"]).ok();
    let _ = journal.run(&["add", "next", "Größe messen"]).ok();
    let program = clipboard(&journal, "cat > \"$HOME/copied$1\"\necho talk\nsleep 5 &");
    let out = journal.run(&["handoff"]).ok().err("").out;
    journal.run(&["handoff", "--copy"]).ok().out(&out).err(&format!("copied with {program}\n"));
    assert_eq!(journal.read("home/copied--all"), out);
    let answer = journal.json(&["handoff", "--copy", "--to", "claude"]);
    assert_eq!((&answer["copied"], answer["text"].as_str()), (&true.into(), Some(journal.read("home/copied--all").as_str())));

    clipboard(&journal, "cat > /dev/null\necho 'no display' >&2\nexit 3");
    let hint = "hint: nothing was copied; `clipboard` in your own config.toml names another program\n";
    journal.run(&["handoff", "--copy"]).code(2).out("").err(&format!("shiftlog: {program} did not copy: no display\n{hint}"));
    clipboard(&journal, "exit 3");
    journal.run(&["handoff", "--copy"]).code(2).out("").err(&format!("shiftlog: {program} did not copy: exit status: 3\n{hint}"));
    fs::remove_file(journal.path("bin/copy")).expect("removed");
    assert_eq!(journal.json(&["handoff", "--copy"])["error"]["kind"], "clipboard");
}

#[test]
fn a_copy_goes_to_a_program_that_can_be_used_here() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "By hand"]).ok();
    clipboard(&journal, "PATH=/usr/bin:/bin\necho \"$0 $*\" > \"$HOME/called\"\ncat > /dev/null");
    fs::remove_file(journal.path("home/.config/shiftlog/config.toml")).expect("removed");
    let run = |variables: &[(&str, &str)]| {
        let mut command = journal.command(&["handoff", "--copy"]);
        let output = command.env("PATH", journal.path("bin")).envs(variables.iter().copied()).output().expect("the program runs");
        (output.status.code(), output.stdout.is_empty(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let none = "shiftlog: no program that copies to the clipboard was found\nhint: install wl-copy, xclip or xsel, or name a program with \
                `clipboard = \"…\"` in your own config.toml\n";
    assert_eq!(run(&[("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")]), (Some(2), true, none.into()));
    for name in ["wl-copy", "xclip", "xsel"] {
        fs::copy(journal.path("bin/copy"), journal.path(&format!("bin/{name}"))).expect("copied");
    }
    assert_eq!(run(&[]), (Some(2), true, none.into()));
    assert_eq!(run(&[("DISPLAY", ":0")]), (Some(0), false, "copied with xclip\n".into()));
    assert_eq!(journal.read("home/called"), format!("{} -selection clipboard\n", journal.path("bin/xclip").display()));
    assert_eq!(run(&[("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0")]), (Some(0), false, "copied with wl-copy\n".into()));
    fs::rename(journal.path("bin/copy"), journal.path("bin/pbcopy")).expect("renamed");
    assert_eq!(run(&[]), (Some(0), false, "copied with pbcopy\n".into()));
    journal.run(&["handoff", "--copy", "--check"]).code(2);
}

#[test]
fn a_template_of_the_journal_is_used_and_its_faults_change_nothing() {
    let dir = "library/templates/documentation_templates";
    let journal = Journal::new();
    let _ = journal.run(&["new", "Parser"]).ok();
    let _ = journal.run(&["add", "next", "Measure {{it}}", "--priority", "high"]).ok();
    journal.write(&format!("{dir}/handoff_template.md"), "{{#each parts}}{{#each lines}}{{../key}}/{{text}}{{nobody}}\n{{/each}}{{/each}}");
    let run = journal.run(&["handoff"]).ok();
    assert_eq!(
        (run.out.as_str(), run.err.as_str()),
        ("open/Measure {{it}} (high)\n", "note: the template names `nobody`, which nothing defines\n")
    );
    assert_eq!(journal.json(&["start", "--resume", "@"])["handoff"], "open/Measure {{it}} (high)\n");
    journal.write(&format!("{dir}/recap_template.md"), "{{#each parts}}{{heading}}\n{{/each}}");
    assert_eq!(journal.run(&["recap"]).ok().out, "Parser – Active · 20261120-01\n");
    let log = journal.read("sessions/current/20261120-01.md");
    for (text, place) in [("# {{title}}\n{{#if path}}\n", "2:1"), ("{{title}}\n{{format-date title}}\n", "2:1")] {
        journal.write(&format!("{dir}/handoff_template.md"), text);
        for args in [&["handoff"][..], &["handoff", "--mark"], &["start", "--resume", "@"]] {
            let error = journal.run(args).code(2).err;
            assert!(error.contains(&format!("{dir}/handoff_template.md:{place}")), "{args:?} {error}");
        }
    }
    assert_eq!(journal.read("sessions/current/20261120-01.md"), log);
}

#[test]
fn bad_input_is_said_and_changes_nothing() {
    let journal = Journal::new();
    for args in [&["handoff"][..], &["start"], &["finish"], &["related"], &["handoff", "--check"]] {
        let error = journal.run(args).code(2).err;
        assert!(error.starts_with("shiftlog: no ") && error.contains("\nhint: "), "{args:?} {error}");
    }
    let _ = journal.run(&["recap"]).code(1).err("no log was updated since 2026-11-13 14:30\n");
    let _ = journal.run(&["new", "Parser"]).ok();
    let log = journal.read("sessions/current/20261120-01.md");
    for args in
        [&["handoff", "20261119-07"][..], &["start", "--resume", "20261119-07"], &["finish", "20261119-07"], &["related", "20261119-07"]]
    {
        let error = journal.run(args).code(2).err;
        assert!(error.starts_with("shiftlog: no log `20261119-07` in this journal\n"), "{args:?} {error}");
    }
    // There is no repository: nothing is asked of git, and nothing fails.
    let _ = journal
        .run(&["handoff", "--check"])
        .ok()
        .err("note: 20261120-01 was not handed off with `--mark`: what was done since is not known\nnothing has moved since\n");
    assert_eq!(journal.read("sessions/current/20261120-01.md"), log);
}

#[test]
fn thousands_of_open_items_are_handed_off_within_the_budget() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Parser"]).ok();
    let path = "sessions/current/20261120-01.md";
    let items: String = (0..5000).map(|n| format!("- [ ] Item {n} of the long list\n")).collect();
    let text = journal.read(path);
    let at = text.find("### **High Priority**\n").expect("a heading") + "### **High Priority**\n".len();
    journal.write(path, format!("{}\n{items}{}", &text[..at], &text[at..]));
    let answer = journal.json(&["handoff", "--tokens", "500"]);
    let open = &answer["parts"]["open"];
    let shown = open["lines"].as_array().map_or(0, Vec::len);
    assert!(shown > 10 && answer["tokens"].as_u64() <= Some(500), "{answer}");
    assert_eq!(open["left_out"].as_u64(), Some(5000 - shown as u64));
    assert_eq!(open["lines"][0]["text"], "Item 0 of the long list (high)");
}

#[test]
fn a_log_that_goes_on_tells_what_the_one_before_knew() {
    let mut journal = Journal::new().at("2026-11-20T12:00:00Z");
    let mut claude = Claude::new("s-1", journal.root());
    claude.user("u1", "Build the cache").write("w1", "src/a.rs", 3).command("c1", "cargo test", (true, "ok"));
    claude.agent("a1", "The cache is built.\n\n## Decisions\n- Use a ring buffer because it is small");
    claude.save(&journal);
    journal.save("src/a.rs", "fn a() {}\n", "2026-11-20T09:00:00Z");
    let _ = journal.run(&["import"]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    for args in [&["next", "Measure it"][..], &["next", "Write it down"], &["problem", "It hung", "--lesson", "Set a limit"]] {
        let _ = journal.run(&[&["add"], args].concat()).ok();
    }
    journal.run(&["handoff", "--mark", "-n"]).ok();
    assert_eq!(journal.property("sessions/current/20261120-01.md", "status"), "Active");
    assert_eq!(journal.run(&["handoff", "--mark"]).ok().err, "handed off 20261120-01\n");
    journal.clock("2026-11-21T08:00:00Z");
    let _ = journal.run(&["start", "--resume", "@", "--carry", "-n"]).ok();
    assert!(!journal.path("sessions/current/20261121-01.md").exists());
    let _ = journal.run(&["start", "--resume", "@", "--carry"]).ok();
    let out = journal.run(&["handoff"]).ok().out;
    let place = journal.root().display();
    assert_eq!(
        out,
        format!(
            "\
# Session 20261121-01: Build the cache

Active · sessions/current/20261121-01.md

## Open work

- Measure it ([[20261120-01]]) (2026-11-20)
- Write it down ([[20261120-01]]) (2026-11-20)

## From the log before

- [[20261120-01]] Build the cache (Handoff)
- branch `main`, `{place}`
- last request: Build the cache (2026-11-20)
- last answer: The cache is built
- decided: Use a ring buffer – it is small
- failed: It hung; lesson: Set a limit
- changed: `src/a.rs` – created, +3 −0
- ran: `cargo test` – ok

## Related sessions

- [[20261120-01]] – this session continues it
"
        )
    );
    // What moved counts for the log before, too.
    journal.run(&["handoff", "--check"]).ok().out("").err("nothing has moved since\n");
    journal.modified("src/a.rs", "2026-11-22T09:00:00Z");
    let _ = journal.run(&["done", "Measure it"]).ok();
    journal.run(&["handoff", "--check"]).ok().out("`src/a.rs` was modified since, 2026-11-22 09:00\nnot open any more: Measure it\n");
    // A second one is told that there is one.
    let run = journal.run(&["start", "--resume", "20261120-01", "--carry"]).ok();
    let notes = "note: 20261120-01 goes on in 20261121-01 already\nnote: nothing is open in 20261120-01 that could be carried\n";
    assert!(run.err.starts_with(notes), "{}", run.err);
    journal
        .run(&["start", "--new", " "])
        .code(2)
        .err("shiftlog: a title of nothing names no work\nhint: `--new TITLE` says what the work is about\n");
}

#[test]
fn the_budget_holds_for_many_sessions_and_at_the_start() {
    let journal = Journal::new();
    for n in 1..=60 {
        let text = format!(
            "---\ntitle: \"Session 20261120-{n:02}: Work {n}\"\ncreated: \"2026-11-20 09:00:00 UTC\"\nlast_updated: \"2026-11-20 10:00:00 UTC\"\n\
             status: \"Active\"\n---\n\n## Summary\n\n- Part {n} of the work is done\n\n## Next Work Items\n\n- [ ] Go on with part {n}\n"
        );
        journal.write(&format!("sessions/current/20261120-{n:02}.md"), text);
    }
    journal.write("sessions/current/20261120-61.md", [0xff, 0xfe]);
    for budget in ["400", "1000", "2000"] {
        let answer = journal.json(&["recap", "--tokens", budget]);
        assert!(answer["tokens"].as_u64().expect("a count") <= budget.parse().expect("a number"), "{budget} {}", answer["tokens"]);
        assert!(answer["notices"][0].as_str().is_some_and(|note| note.starts_with("left out: ")), "{answer}");
    }
    assert!(journal.run(&["recap", "--tokens", "400"]).ok().out.contains("Work 60"));
    let error = journal.run(&["recap", "--tokens", "50"]);
    assert!(error.code == Some(0) || error.err.contains("is the least that it takes\n"), "{}", error.err);
    let answer = journal.json(&["start", "--resume", "20261120-60", "--tokens", "60"]);
    assert!(answer["tokens"].as_u64().is_some_and(|tokens| tokens <= 60), "{answer}");
}

#[test]
fn related_sessions_are_the_same_however_the_index_came_about() {
    let journal = Journal::new();
    let path = |n: usize| format!("sessions/current/20261120-{n:02}.md");
    let words = ["cache", "token", "parser", "index", "lexer", "socket", "timer"];
    for n in 1..=20 {
        let word = |k: usize| words[(n * k) % words.len()];
        let text = format!(
            "---\ntitle: \"Work on the {}\"\nstatus: \"Active\"\n---\n\n## Summary\n\n- The {} meets the {} and `src/{}.rs` (E05{:02})\n",
            word(1),
            word(2),
            word(3),
            word(4),
            n % 5
        );
        journal.write(&path(n), text);
    }
    let all = || (1..=20).map(|n| journal.run(&["related", "--json", &format!("20261120-{n:02}")]).out).collect::<Vec<_>>();
    let before = all();
    let texts: Vec<String> = (1..=4).map(|n| journal.read(&path(n))).collect();
    for round in 0..5 {
        for n in 1..=4 {
            journal.write(&path(n), texts[n - 1].replace("meets", &format!("met the cache and the token {round} times,")));
        }
        let _ = journal.run(&["index"]).ok();
    }
    for n in 1..=4 {
        journal.write(&path(n), &texts[n - 1]);
    }
    assert_eq!(all(), before);
    fs::remove_dir_all(journal.path(".shiftlog/index")).expect("removed");
    assert_eq!(all(), before);
}

#[test]
fn a_log_without_a_conversation_tells_all_that_was_written_into_it() {
    let journal = Journal::new();
    let document = r#"{"title": "Weather", "summary": ["The fallback works"], "highlights": ["Both answers are asked for at once"],
        "deliverables": [{"what": "Fallback", "file": "src/forecast.rs"}],
        "problems": [{"title": "Wind was too strong", "cause": "Converted twice", "fix": "Convert once", "lesson": "Name units"},
                     {"title": "Flaky", "issue": "fails on Mondays"}],
        "next": [{"what": "Measure it"}], "context": {"environment": "main, ~/weather"}, "notes": {"process": ["Small steps"]}}"#;
    let _ = journal.run_with(&["session", "--from", "-"], document).ok();
    assert_eq!(
        journal.run(&["handoff"]).ok().out,
        "\
# Session 20261120-01: Weather

Active · sessions/current/20261120-01.md

## Where we are

- The fallback works
- Both answers are asked for at once
- main, ~/weather
- Small steps

## Open work

- Measure it (2026-11-20)

## What failed

- mended: Wind was too strong – Converted twice; lesson: Name units
- Flaky – fails on Mondays

## Files changed

- ✅ Fallback – src/forecast.rs
"
    );
}

#[test]
fn what_is_nested_is_told_by_itself() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "Nested"]).ok();
    let log = "sessions/current/20261120-01.md";
    let items = "- [ ] Parent\n  - [ ] child one\n    of two lines\n  - [x] child two\n  - a hint\n    with more\n- [x] Done\n  - [ ] left\n- No box\n  and more";
    journal.write(
        log,
        journal.read(log).replacen("- [Task 1]", items, 1).replacen(
            "- **Decision 1** – [Brief reasoning]",
            "- **Keep it** – small\n  - as it was",
            1,
        ),
    );
    let answer = journal.json(&["handoff"]);
    let lines = |part: &str| -> Vec<String> {
        let lines = answer["parts"][part]["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
        lines.iter().map(|line| line["text"].as_str().expect("a text").to_string()).collect()
    };
    assert_eq!(
        lines("open"),
        ["Parent (a hint with more) (high)", "child one (part of: Parent)", "No box and more (high)", "left (part of: Done)"]
    );
    assert_eq!(lines("decisions"), ["Keep it – small (as it was)"]);
    assert_eq!(journal.json(&["recap"])["sessions"][0]["lines"][0]["text"], "done: Done");
    // Each is said at pick-up once it is done.
    let _ = journal.run(&["handoff", "--mark"]).ok();
    let _ = journal.run(&["done", "child one", "--session", "20261120-01"]).ok();
    assert!(journal.read(log).contains("\n  - [x] child one\n    of two lines\n"));
    journal.run(&["handoff", "--check"]).ok().out("not open any more: child one (part of: Parent)\n");
}

#[test]
fn what_was_left_out_names_the_logs_that_say_it() {
    let mut journal = Journal::new();
    let _ = journal.run(&["start", "--new", "First"]).ok();
    for n in 0..30 {
        let _ = journal.run(&["add", "next", &format!("Look at part {n} of the first list with all that belongs to it")]).ok();
    }
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-21T14:30:00Z");
    let _ = journal.run(&["start", "--resume", "@"]).ok();
    let _ = journal.run(&["add", "next", "The only one"]).ok();
    for n in 0..30 {
        let _ = journal.run(&["add", "next", &format!("Look at part {n} of the second list with all that belongs to it")]).ok();
    }
    let answer = journal.json(&["handoff", "--tokens", "400"]);
    assert_eq!(answer["more"], "shiftlog show 20261121-01; shiftlog show 20261120-01");
    // What is left of the budget is less than any line would need.
    assert!(answer["tokens"].as_u64().expect("a number") > 380, "{answer}");
}

#[test]
fn a_log_without_a_conversation_is_checked_by_what_it_names() {
    let mut journal = Journal::new().file("src/a.rs", "a").file("src/b.rs", "b").file(".git/HEAD", "ref: refs/heads/main\n");
    let _ = journal.run(&["new", "By hand"]).ok();
    let _ = journal.run(&["add", "deliverable", "Parser", "--file", "src/a.rs"]).ok();
    let _ = journal.run(&["add", "deliverable", "Printer of https://x.example/y.html", "--file", "src/b.rs"]).ok();
    for file in ["src/a.rs", "src/b.rs"] {
        journal.modified(file, "2026-11-20T09:00:00Z");
    }
    let _ = journal.run(&["handoff", "--mark"]).ok();
    journal.clock("2026-11-21T08:00:00Z");
    let _ = journal.run(&["handoff", "--check"]).ok().out("").err("nothing has moved since\n");
    journal.modified("src/a.rs", "2026-11-20T19:00:00Z");
    fs::remove_file(journal.path("src/b.rs")).expect("removed");
    let out = journal.run(&["handoff", "--check"]).ok().out;
    assert_eq!(out, "`src/a.rs` was modified since, 2026-11-20 19:00\n`src/b.rs` is gone\n");
    let noted = journal.read(".shiftlog/handed/20261120-01.json");
    assert!(noted.contains("\"branch\":\"main\""), "{noted}");
}

#[test]
fn a_request_that_was_interrupted_is_called_so() {
    let Some(from) = shared("agents/codex/tui-0.169.0") else { return };
    let journal = Journal::new().at("2026-11-20T15:30:00Z");
    let _ = journal.run(&["import", "--from", &from.to_string_lossy()]).ok();
    let _ = journal.run(&["capture", "--latest"]).ok();
    let out = journal.run(&["handoff"]).ok().out;
    assert!(out.contains("\n- last request (interrupted): run the slow command (2026-11-20)\n"), "{out}");
}
