//! Finding journals, listing and showing logs, profiles as data, and what is said when something is wrong.

use std::fs;

use crate::builder::{Journal, Run};

fn log(status: &str, more: &str) -> String {
    format!(
        "---\ntitle: \"T {status}\"\ncreated: \"2026-11-10 10:00:00 UTC\"\nlast_updated: \"2026-11-12 10:00:00 UTC\"\nstatus: \"{status}\"\n{more}---\n\n## Next Work Items\n\n- [ ] open one\n"
    )
}

fn in_dir(journal: &Journal, dir: &str, args: &[&str]) -> Run {
    let mut command = journal.command(args);
    command.current_dir(journal.path(dir));
    let output = command.output().expect("it runs");
    Run {
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
        args: Vec::new(),
    }
}

#[test]
fn init_makes_a_journal_once() {
    let journal = Journal::empty();
    let root = journal.root().display().to_string();
    journal.run(&["init"]).ok().err(&format!("made a journal in {root} (resonance7): sessions/current/ sessions/recent/ sessions/archived/ .shiftlog/\nnext: shiftlog new \"What you are about to do\"\n"));
    assert_eq!(journal.read(".shiftlog/.gitignore"), "*\n");
    journal.run(&["init"]).ok().err(&format!("{root} is a journal already (resonance7)\n"));
    let journal = Journal::empty();
    journal.run(&["init", "--profile", "agents"]).ok();
    journal.run(&["new", "X"]).ok();
    assert!(journal.path(".agents/sessions/20261120-143000-x.md").exists() && !journal.path("shiftlog.toml").exists());
    let journal = Journal::new();
    journal.run(&["init", "--profile", "agents"]).ok();
    assert_eq!(journal.read("shiftlog.toml"), "profile = \"agents\"\n");
}

#[test]
fn no_journal_names_the_command_that_makes_one() {
    let journal = Journal::empty();
    let run = journal.run(&["add", "summary", "x"]).code(2);
    assert_eq!(
        run.err,
        format!(
            "shiftlog: no journal found from {}\nhint: make one here with `shiftlog init`, or name one with `--journal DIR`\n",
            journal.root().display()
        )
    );
    let run = journal.run(&["list", "--json"]).code(2);
    assert!(run.out.starts_with("{\"success\":false,\"error\":{\"kind\":\"no-journal\",") && run.err.is_empty(), "{}", run.out);
}

#[test]
fn a_journal_is_found_from_below_and_beside() {
    let journal = Journal::empty()
        .file("work/sessions/current/20261120-01.md", log("Active", ""))
        .file("work/src/deep/x", "")
        .file("lib/library/sessions/current/20261120-02.md", log("Active", ""));
    assert_eq!(in_dir(&journal, "work/src/deep", &["list", "-f", "id"]).ok().out, "20261120-01\n");
    assert_eq!(in_dir(&journal, "lib", &["list", "-f", "id"]).ok().out, "20261120-02\n");
    assert_eq!(journal.run(&["list", "-f", "id", "--journal", "lib"]).ok().out, "20261120-02\n");
    in_dir(&journal, "lib", &["new"]).ok().err("created 20261120-03  library/sessions/current/20261120-03.md\n");
}

#[test]
fn a_linked_worktree_uses_the_main_ones_journal() {
    let journal = Journal::empty()
        .file("main/.git/worktrees/feature/commondir", "../..\n")
        .file("main/sessions/current/20261120-01.md", log("Active", ""))
        .file("main/.shiftlog/.gitignore", "*\n")
        .file("feature/sessions/current/20261120-09.md", log("Active", ""));
    journal.write("feature/.git", format!("gitdir: {}\n", journal.path("main/.git/worktrees/feature").display()));
    assert_eq!(in_dir(&journal, "feature", &["list", "-f", "id"]).ok().out, "20261120-01\n");
    fs::remove_dir_all(journal.path("main/.shiftlog")).expect("removed");
    assert_eq!(in_dir(&journal, "feature", &["list", "-f", "id"]).ok().out, "20261120-09\n");
}

#[test]
fn the_home_journal_serves_where_there_is_no_other() {
    let journal = Journal::empty();
    journal.run(&["init", "--home"]).ok();
    journal.run(&["new", "At home"]).ok();
    assert!(journal.path("home/.local/share/shiftlog/sessions/current/20261120-01.md").exists());
    assert!(journal.read("home/.local/state/shiftlog/journals").contains("home/.local/share/shiftlog\n"));
}

#[test]
fn list_filters_sorts_and_formats() {
    let journal = Journal::new()
        .file("sessions/current/20261120-02.md", log("Active", "tags: [\"api/http\", \"x\"]\nauthor: Ada\n"))
        .file("sessions/current/20261120-10.md", log("Handoff", "").replace("2026-11-12", "2026-11-20"))
        .file("sessions/recent/20261101-01.md", log("Completed (Auto)", "").replace("- [ ]", "- [x]").replace("2026-11-1", "2026-11-0"))
        .file("sessions/current/README.md", "not a log")
        .file("sessions/current/20261120-03.sync-conflict-20261120.md", "not a log")
        .file("sessions/current/.hidden.md", "not a log");
    let ids = |args: &[&str]| {
        let mut all = vec!["list", "-f", "id"];
        all.extend(args);
        journal.run(&all).out.lines().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), ["20261120-10", "20261120-02", "20261101-01"]);
    assert_eq!(ids(&["--sort", "id+"]), ["20261101-01", "20261120-02", "20261120-10"]);
    assert_eq!(ids(&["--status", "handed off"]), ["20261120-10"]);
    assert_eq!(ids(&["--status", "active", "--status", "done"]), ["20261120-02", "20261101-01"]);
    assert_eq!(ids(&["--tag", "api"]), ["20261120-02"]);
    assert_eq!(ids(&["--agent", "ada"]), ["20261120-02"]);
    assert_eq!(ids(&["--open-tasks"]), ["20261120-10", "20261120-02"]);
    assert_eq!(ids(&["--updated-after", "2026-11-20"]), ["20261120-10"]);
    assert_eq!(ids(&["--updated-after", "yesterday"]), ["20261120-10"]);
    assert_eq!(ids(&["--updated-before", "10d"]), ["20261101-01"]);
    assert_eq!(ids(&["--created-before", "2026-11-10", "--place", "recent"]), ["20261101-01"]);
    assert_eq!(ids(&["--limit", "1"]), ["20261120-10"]);
    journal.run(&["list", "--tag", "nothing"]).code(1).out("").err("0 logs\n");
    journal.run(&["list", "--json", "--tag", "nothing"]).code(1).out("{\"success\":true,\"logs\":[],\"notices\":[]}\n");
    journal
        .run(&["list", "--limit", "1"])
        .ok()
        .out("20261120-10           Handoff            2026-11-20 10:00  T Handoff\n")
        .err("1 log\n");
    journal.run(&["list", "--created-after", "someday"]).code(2).err(
        "shiftlog: `someday` is no date\nhint: write for example 2026-11-01, \"2026-11-01 14:30\", yesterday, 7d, or \"2 weeks ago\"\n",
    );
    let answer = journal.json(&["list", "--limit", "1"]);
    assert_eq!(answer["logs"][0]["last_updated"], "2026-11-20T10:00:00Z");
    assert_eq!(answer["logs"][0]["link"], "[[20261120-10]]");
}

#[test]
fn wild_agents_logs_are_listed_shown_and_left_alone() {
    let flat = "---\ntitle: Old log\ntype: session\nstatus: wip\nstarted: 2026-10-01\nspawned_agents:\n  - type: dev\n    description: x\n---\n# Old\n\nFree text.\n";
    let journal = Journal::agents()
        .file(".agents/sessions/2026-10-01-old.md", flat)
        .file(".agents/sessions/no-frontmatter.md", "# Only a heading\n")
        .file(".agents/sessions/README.md", "x");
    journal
        .run(&["list", "-f", "{{id}}|{{title}}|{{status}}|{{state}}|{{agents}}"])
        .ok()
        .out("no-frontmatter|Only a heading|||\n2026-10-01-old|Old log|wip||dev\n");
    let run = journal.run(&["show", "2026-10-01-old"]).ok();
    assert!(
        run.out.starts_with("Old log\nwip · updated 2026-10-01 00:00 · .agents/sessions/2026-10-01-old.md\n")
            && run.out.contains("Free text."),
        "{}",
        run.out
    );
    assert_eq!(journal.read(".agents/sessions/2026-10-01-old.md"), flat);
}

#[test]
fn logs_are_named_by_id_prefix_path_or_newest() {
    let journal = Journal::new()
        .file("sessions/current/20261120-01.md", log("Active", ""))
        .file("sessions/current/20261120-10.md", log("Active", ""))
        .file("sessions/recent/20261101-01.md", log("Completed", ""))
        .file("notes/x.md", "x")
        .file(".shiftlog/x.md", "x");
    let named = |name: &str| journal.run(&["path", name]);
    let path = |p: &str| format!("{}\n", journal.path(p).display());
    for (name, file) in [
        ("@", "sessions/current/20261120-10.md"),
        ("20261120-01", "sessions/current/20261120-01.md"),
        ("20261120-1", "sessions/current/20261120-10.md"),
        ("202611200", ""),
        ("20261101", "sessions/recent/20261101-01.md"),
        ("[[20261101-01]]", "sessions/recent/20261101-01.md"),
        ("sessions/current/20261120-01.md", "sessions/current/20261120-01.md"),
        ("./sessions/current/20261120-01.md", "sessions/current/20261120-01.md"),
    ] {
        if file.is_empty() { drop(named(name).code(2)) } else { drop(named(name).ok().out(&path(file))) }
    }
    journal
        .run(&["path", "20261120-02"])
        .code(2)
        .err("shiftlog: no log `20261120-02` in this journal\nhint: did you mean `20261120-01`, `20261120-10`, `20261101-01`?\n");
    let _ = named("202611").code(2);
    for bad in ["../../etc/passwd", "/etc/passwd", "/etc/hostname.md", ".shiftlog/x.md", "sessions", "a\u{1b}[31mb", "", "sessions/current"]
    {
        let run = named(bad).code(2);
        assert!(run.out.is_empty() && !run.err.contains('\u{1b}'), "{bad} {}", run.err);
    }
    let mut command = journal.command(&["path"]);
    command.env("SHIFTLOG_SESSION", "20261120-01");
    assert_eq!(String::from_utf8_lossy(&command.output().expect("it runs").stdout), path("sessions/current/20261120-01.md"));
}

#[test]
fn show_numbers_entries_and_hides_control_characters() {
    let journal = Journal::new().file(
        "sessions/current/20261120-01.md",
        "---\ntitle: \"T\"\nstatus: Active\n---\n\n## Summary\n\n- one\n- \u{1b}[31mred\u{7}\n- [Task 1]\n\n## Mine\n\ntext\n",
    );
    journal.run(&["show"]).ok().out("T\nActive · updated 2026-11-20 00:00 · sessions/current/20261120-01.md\n\n           ## Summary\n\nsummary:1  - one\nsummary:2  - ␛[31mred␇\n\n           ## Mine\n\n           text\n");
    journal.run(&["show", "--section", "summary", "--raw"]).ok().out("## Summary\n\n- one\n- \u{1b}[31mred\u{7}\n- [Task 1]\n\n");
    let answer = journal.json(&["show"]);
    assert_eq!(answer["entries"][1]["entry"], "summary:2");
    assert_eq!(answer["entries"][1]["line"], 9);
    journal.run(&["show", "--section", "sumary"]).code(2).err("shiftlog: unknown section `sumary`\nhint: did you mean `summary`? known here: `summary`, `decisions`, `deliverables`, `highlights`, `problems`, `next`, `context`, `sources`, `related`, `notes`\n");
}

#[test]
fn a_team_defines_its_own_profile() {
    let config = r#"profile = "incident"

[profiles.incident]
extends = "resonance7"
live = ["ops/log"]
recent = "ops/old"
archive = "ops/zip"
roots = [""]
template = "ops/template.md"
title = "{{topic}}"
sections = ["impact", "timeline", "actions"]

[profiles.incident.name]
pattern = "{date}-{slug}"
date = "%Y-%m-%d"

[profiles.incident.section.impact]
heading = "Impact"
[profiles.incident.section.timeline]
heading = "Timeline"
[profiles.incident.section.actions]
heading = "Actions"

[profiles.incident.status.Open]
state = "open"
next = ["Mitigated"]
[profiles.incident.status.Mitigated]
state = "handed off"
next = []

[profiles.incident.kind.impact]
section = "impact"
fields = ["customers"]
shape = "- {{text}}{{#if customers}} ({{customers}} customers){{/if}}"
[profiles.incident.kind.action]
section = "actions"
shape = "- [ ] {{text}}"
"#;
    let journal = Journal::empty().file("shiftlog.toml", config).file(
        "ops/template.md",
        "---\ntitle: \"{{title}}\"\nstatus: {{status}}\nlast_updated: \"{{last_updated}}\"\n---\n\n## Impact\n\n## Actions\n",
    );
    let run = journal.run(&["init"]).code(2);
    assert!(run.err.contains("kind `context` goes to unknown section `context`"), "{}", run.err);
    let whole = config.replace("extends = \"resonance7\"\n", "builtin = \"resonance7\"\nlevel = 2\ntime = \"%Y-%m-%d %H:%M:%S UTC\"\n")
        + "[profiles.incident.keys]\ntitle = [\"title\"]\nstatus = [\"status\"]\nlast_updated = [\"last_updated\"]\n";
    journal.write("shiftlog.toml", &whole);
    journal.run(&["init"]).ok();
    journal
        .run(&["new", "Rain radar down", "--status", "open"])
        .ok()
        .err("created 2026-11-20-rain-radar-down  ops/log/2026-11-20-rain-radar-down.md\n");
    journal.run(&["new", "Rain radar down"]).ok().err("created 2026-11-20-rain-radar-down-2  ops/log/2026-11-20-rain-radar-down-2.md\n");
    let session = ["--session", "2026-11-20-rain-radar-down"];
    journal.run(&["add", "impact", "No radar", "--field", "customers=12", session[0], session[1]]).ok();
    journal.run(&["add", "action", "Restart it", session[0], session[1]]).ok();
    journal.run(&["done", "restart", session[0], session[1]]).ok();
    journal.run(&["status", "mitigated", session[0], session[1]]).ok();
    assert_eq!(
        journal.read("ops/log/2026-11-20-rain-radar-down.md"),
        "---\ntitle: \"Rain radar down\"\nstatus: Mitigated\nlast_updated: \"2026-11-20 14:30:00 UTC\"\n---\n\n## Impact\n\n- No radar (12 customers)\n\n## Actions\n\n- [x] Restart it\n"
    );
    journal.run(&["add", "decision", "x"]).code(2).err("shiftlog: unknown kind `decision`\nhint: known here: `action`, `impact`\n");
}

#[test]
fn unknown_configuration_keys_name_the_nearest() {
    for (config, message) in [
        ("profil = \"agents\"\n", "shiftlog: unknown key `profil`: ROOT/shiftlog.toml:1\nhint: did you mean `profile`?\n"),
        (
            "profile = \"agents\"\nobsidia = true\n",
            "shiftlog: unknown key `obsidia`: ROOT/shiftlog.toml:2\nhint: did you mean `obsidian`?\n",
        ),
        (
            "editor = \"vi\"\n",
            "shiftlog: unknown key `editor`: ROOT/shiftlog.toml:1\nhint: known keys: profile, obsidian, settle_seconds, stamp_foreign_edits, trash_days, record, profiles\n",
        ),
        ("profile = \"agent\"\n", "shiftlog: unknown profile `agent`\nhint: did you mean `agents`? known here: `resonance7`, `agents`\n"),
        (
            "[profiles.resonance7]\nlife = [\"x\"]\n",
            "shiftlog: profile `resonance7`: unknown key `life`: ROOT/shiftlog.toml\nhint: did you mean `live`?\n",
        ),
        (
            "[profiles.resonance7]\nlive = [\"../x\"]\n",
            "shiftlog: profile `resonance7`: directory `../x` leaves the journal: ROOT/shiftlog.toml\n",
        ),
    ] {
        let journal = Journal::new().file("shiftlog.toml", config);
        let run = journal.run(&["list"]).code(2);
        assert_eq!(run.err.replace(&journal.root().display().to_string(), "ROOT"), message);
    }
    let journal = Journal::new().file("shiftlog.toml", "obsidian = false\n");
    journal.run(&["new", "X"]).ok();
    assert!(!journal.read("sessions/current/20261120-01.md").contains("aliases"));
}

#[test]
fn wrong_words_name_the_nearest() {
    let journal = Journal::new().file("sessions/current/20261120-01.md", log("Active", ""));
    journal.run(&["add", "decison", "x"]).code(2).err("shiftlog: unknown kind `decison`\nhint: did you mean `decision`? known here: `context`, `decision`, `deliverable`, `highlight`, `next`, `note`, `problem`, `related`, `source`, `summary`\n");
    journal.run(&["add", "summary", "x", "--why", "y"]).code(2).err("shiftlog: unknown field `why`\nhint: there are none here\n");
    journal.run(&["add", "decision", "x", "--file", "y"]).code(2).err("shiftlog: unknown field `file`\nhint: known here: `why`\n");
    journal
        .run(&["add", "context", "works"])
        .code(2)
        .err("shiftlog: context needs its key\nhint: one of state, environment, preferences, questions\n");
    journal.run(&["add", "summary", " "]).code(2).err("shiftlog: summary needs a text\nhint: shiftlog add summary TEXT\n");
    journal
        .run(&["add", "summary", "a\u{1b}[2Jb"])
        .code(2)
        .err("shiftlog: text holds the control character U+001B at byte 1\nhint: leave it out\n");
    journal
        .run(&["add", "summary", "[Task 7]"])
        .code(2)
        .err("shiftlog: a text that stands in brackets only is what templates leave, not an entry\nhint: write it without the brackets\n");
    let run = journal.run(&["ad", "summary", "x"]).code(2);
    assert!(run.err.contains("similar subcommands exist: ") && run.err.contains("'add'"), "{}", run.err);
    let run = journal.run(&["--json", "ad"]).code(2);
    assert!(run.out.starts_with("{\"success\":false,\"error\":{\"kind\":\"usage\","), "{}", run.out);
}

#[test]
fn completions_and_manual_come_out() {
    let journal = Journal::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(journal.run(&["completions", shell]).ok().out.contains("shiftlog"), "{shell}");
    }
    assert!(journal.run(&["man"]).ok().out.contains(".TH shiftlog 1"));
    assert!(journal.run(&["man", "add"]).ok().out.contains("shiftlog-add"));
    journal.run(&["man", "--dir", "pages"]).ok();
    assert!(journal.path("pages/shiftlog-add.1").exists());
    journal.run(&["man", "ad"]).code(2).out("");
}

#[test]
fn open_runs_the_editor_on_the_log() {
    let journal = Journal::new()
        .file("sessions/current/20261120-01.md", log("Active", ""))
        .file("home/.config/shiftlog/config.toml", "editor = \"sh -c 'echo edited >> \\\"$0\\\"'\"\nauthor = \"Ada\"\n");
    journal.run(&["open"]).ok();
    assert!(journal.read("sessions/current/20261120-01.md").ends_with("edited\n"));
    journal.run(&["new", "Mine", "--edit"]).ok();
    let text = journal.read("sessions/current/20261120-02.md");
    assert!(text.ends_with("edited\n") && text.contains("author: \"Ada\"\n"), "{text}");
}
