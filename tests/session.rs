//! `new` and `session`: beginning a log, and bringing it up to date.

use crate::builder::Journal;

const LOG: &str = "sessions/current/20261120-01.md";

const DOCUMENT: &str = r#"{"title": "Weather fallback", "description": "A second provider", "author": "Ada", "model": "m-1", "tags": ["api"],
 "summary": ["Built the fallback", "Measured it"], "decisions": [{"what": "Use met.no", "why": "free"}],
 "deliverables": [{"what": "Client", "file": "src/met.rs", "metric": "12 tests", "state": "done"}], "highlights": ["Retries with jitter"],
 "problems": [{"title": "Timeouts", "issue": "slow", "cause": "DNS", "fix": "retry", "lesson": "measure"}],
 "next": [{"what": "Add caching", "priority": "high", "done": false}, {"what": "Write tests", "priority": "low", "done": true}],
 "context": {"state": "works", "environment": "branch met", "preferences": "short names", "questions": "rate limits?"},
 "sources": [{"url": "https://api.met.no", "note": "docs"}, {"path": "src/main.rs", "note": "entry"}],
 "related": [{"session": "20261119-02", "why": "same API"}],
 "notes": {"feedback": ["good"], "process": ["small steps"], "ready": ["cache next"]}}"#;

#[test]
fn a_document_fills_all_ten_sections() {
    let journal = Journal::new();
    let run = journal.run_with(&["session", "--from", "-"], DOCUMENT).ok();
    assert!(run.err.ends_with(&format!("created 20261120-01  {LOG}\n")), "{}", run.err);
    let expected = r#"---
title: "Session 20261120-01: Weather fallback"
author: "Ada"
model: "m-1"
created: "2026-11-20 14:30:00 UTC"
last_updated: "2026-11-20 14:30:00 UTC"
status: "Active"
category: "Session Log"
description: "A second provider"
aliases: ["Weather fallback"]
tags: ["session", "api"]
---

# Session 20261120-01: Weather fallback

## Summary

- Built the fallback
- Measured it

## Key Decisions & Rationale

- **Use met.no** – free

## Deliverables & Metrics

- ✅ **Client** – src/met.rs — 12 tests

## Implementation Highlights

- Retries with jitter

## Challenges, Failures & Lessons

### **Problem 1: Timeouts**

- **Issue**: slow
- **Root Cause**: DNS
- **Solution / Work-around**: retry
- **Lesson**: measure

## Next Work Items

### **High Priority**

- [ ] Add caching

### **Medium Priority**

- [Task 2]

### **Low Priority**

- [x] Write tests

## Context Snapshot

### Current State / Ready Components

- works

### Technical Environment / Key Paths

- branch met

### User Preferences (new/changed)

- short names

### Knowledge Gaps / Open Questions

- rate limits?

## Sources

### Web Sources

- https://api.met.no – docs

### Local Sources

- src/main.rs – entry

## Related Sessions

- [[20261119-02]] – same API

## Notes

#### **User Feedback**

- good

#### **Process Insights**

- small steps

#### **Ready State**

- cache next
"#;
    assert_eq!(journal.read(LOG), expected);
    let run = journal.run_with(&["session", "--from", "-"], DOCUMENT).ok();
    assert!(run.err.ends_with(&format!("unchanged 20261120-01  {LOG} (18 entries were there already)\n")), "{}", run.err);
    assert_eq!(journal.read(LOG), expected);
}

#[test]
fn a_second_document_adds_only_what_is_new() {
    let mut journal = Journal::new();
    journal.run_with(&["session", "--from", "-"], DOCUMENT).ok();
    let before = journal.read(LOG);
    journal.clock("2026-11-21T09:00:00Z");
    journal
        .run_with(
            &["session", "--from", "-"],
            "summary: [Built the fallback, Cached answers]\nnext:\n  - {what: add caching, done: true}\n",
        )
        .ok();
    let diff = similar::TextDiff::from_lines(&before, journal.read(LOG)).unified_diff().context_radius(0).to_string();
    let changed: Vec<&str> = diff.lines().filter(|l| !l.starts_with("@@")).collect();
    assert_eq!(
        changed,
        [
            "-last_updated: \"2026-11-20 14:30:00 UTC\"",
            "+last_updated: \"2026-11-21 09:00:00 UTC\"",
            "+- Cached answers",
            "-- [ ] Add caching",
            "+- [x] Add caching",
        ]
    );
}

#[test]
fn a_log_that_was_handed_off_is_completed_and_followed() {
    let mut journal = Journal::new();
    journal.run(&["new", "First"]).ok();
    journal.run(&["status", "Handoff"]).ok();
    let before = journal.read(LOG);
    journal.clock("2026-11-21T09:00:00Z");
    journal
        .run(&["session", "--description", "Go on"])
        .ok()
        .err("note: 20261120-01 was handed off and is Completed now\ncreated 20261121-01  sessions/current/20261121-01.md\n");
    assert_eq!(journal.read(LOG), before.replace("\"Handoff\"", "\"Completed\""));
    let new = journal.read("sessions/current/20261121-01.md");
    assert!(new.contains("## Related Sessions\n\n- [[20261120-01]] – this session continues it\n"), "{new}");
    assert!(new.contains("description: \"Go on\"\n"));
    journal.run(&["session"]).ok().err("unchanged 20261121-01  sessions/current/20261121-01.md\n");
    journal.run(&["undo"]).ok();
    assert_eq!(journal.read(LOG), before);
    assert!(!journal.path("sessions/current/20261121-01.md").exists());
}

#[test]
fn an_agents_session_is_resumed_when_it_was_paused() {
    let mut journal = Journal::agents();
    journal.run(&["session", "--from", "-"]).code(2).err("shiftlog: expected an object with keys such as `summary` and `decisions`: -\n");
    journal.run_with(&["session", "--from", "-"], "title: Weather fallback\ncurrent_state: [half done]\ncurrent_task: the client\nwaves:\n  - name: Client\n    tasks: [{key: BACK-1, what: write it, done: true}, plan it]\nagents: [{agent: dev, task: client, status: completed, summary: written}]\nlog: began\n").ok();
    let log = ".agents/sessions/20261120-143000-weather-fallback.md";
    let text = journal.read(log);
    assert!(text.contains("### Wave 1: Client (ACTIVE)\n\n- [x] BACK-1 – write it\n- [ ] plan it\n"), "{text}");
    assert!(
        text.contains("current_task: \"the client\"\n") && text.contains("      status: completed\n      summary: written\n"),
        "{text}"
    );
    journal.run(&["status", "paused"]).ok();
    journal.clock("2026-11-22T09:00:00Z");
    journal.run_with(&["session", "--from", "-"], "log: began\nnext: ship it\n").ok();
    let text = journal.read(log);
    assert!(
        text.contains("status: in_progress\n") && text.contains("## Next Steps\n\n- [ ] ship it\n") && text.matches("began").count() == 1,
        "{text}"
    );
}

#[test]
fn numbers_count_on_over_all_places_and_past_99() {
    let journal = Journal::new()
        .file("sessions/recent/20261120-99.md", "x")
        .file("sessions/current/20261120-07 (Conflicted copy mac 202611201200).md", "x");
    journal.run(&["new"]).ok().err("created 20261120-100  sessions/current/20261120-100.md\n");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(journal.path("sessions/archived/2026-11.zip")).expect("made"));
    zip.start_file("20261120-120.md", zip::write::SimpleFileOptions::default()).expect("begun");
    std::io::Write::write_all(&mut zip, b"# Archived\n").expect("written");
    zip.finish().expect("finished");
    journal.run(&["new"]).ok().err("created 20261120-121  sessions/current/20261120-121.md\n");
    journal.run(&["list", "--format", "id"]).ok().out("20261120-121\n20261120-120\n20261120-100\n20261120-99\n");
    journal.run(&["show", "20261120-120", "--raw"]).ok().out("# Archived\n");
    let run = journal.run(&["add", "summary", "x", "-s", "20261120-120"]).code(2);
    assert!(run.err.contains("which is read-only"), "{}", run.err);
    journal
        .run(&["path", "20261120-1"])
        .code(2)
        .err("shiftlog: `20261120-1` fits 2 logs\nhint: give more of the id: `20261120-100`, `20261120-121`\n");
}

#[test]
fn titles_of_any_kind_give_valid_properties() {
    for title in [
        "A \"quoted\" title",
        "colon: and #hash",
        "back\\slash",
        "{{id}} {{#if}}",
        "it's",
        "[Topic/Project]x",
        "天气",
        "- dash",
        "$(rm -rf /)",
        "../../etc/passwd",
        "🎉",
    ] {
        for (journal, path) in [(Journal::new(), LOG.to_string()), (Journal::agents(), String::new())] {
            let answer = journal.json(&["new", &format!("--description={title}"), "--", title]);
            let file = answer["path"].as_str().expect("a path").to_string();
            assert!(path.is_empty() || file == path);
            let text = journal.read(&file);
            let read = shiftlog::journal::frontmatter::Properties::read(&text, std::path::Path::new("x")).expect("valid");
            let shown = read.text(&["title".into(), "session.title".into()]).expect("a title");
            assert!(shown.ends_with(title), "{shown} {title}\n{text}");
            assert_eq!(read.text(&["description".into(), "session.description".into()]).as_deref(), Some(title));
            assert!(text.contains(&format!("# {shown}\n")));
        }
    }
}

#[test]
fn a_workspace_template_is_used_in_either_form() {
    let path = "library/templates/documentation_templates/session_template.md";
    let plain = "---\ntitle: \"Session YYYYMMDD-NN: [Topic/Project]\"\nauthor: \"[agent_name]\"\nmodel: [model_name]\ncreated: \"$(date -u)\"\nlast_updated: YYYY-MM-DD HH:MM:SS UTC\nstatus: \"[session_status]\"\n---\n\n## Summary\n- [Own placeholder]\n";
    let journal = Journal::new().file(path, plain);
    journal.run(&["new", "A: \"b\"", "--model", "m: 1"]).ok();
    assert_eq!(
        journal.read(LOG),
        "---\ntitle: \"Session 20261120-01: A: \\\"b\\\"\"\nauthor: \"Resonance 7 Agent\"\nmodel: \"m: 1\"\ncreated: \"2026-11-20 14:30:00 UTC\"\nlast_updated: \"2026-11-20 14:30:00 UTC\"\nstatus: \"Active\"\n---\n\n## Summary\n- [Own placeholder]\n"
    );
    journal.run(&["add", "summary", "real"]).ok();
    assert!(journal.read(LOG).ends_with("## Summary\n- real\n"));
    let journal = Journal::new().file(
        path,
        "---\ntitle: \"{{title}}\"\nday: {{format-date now \"%d.%m.%Y\"}}\n---\n{{#if extra.team}}Team {{extra.team}}{{/if}} {{nobody}}\n",
    );
    journal
        .run(&["new", "T", "--extra", "team=blue", "--extra", "ticket=BACK-1"])
        .ok()
        .err(&format!("note: the template names `nobody`, which nothing defines\ncreated 20261120-01  {LOG}\n"));
    assert_eq!(journal.read(LOG), "---\ntitle: \"Session 20261120-01: T\"\nday: 20.11.2026\nticket: BACK-1\n---\nTeam blue\n");
    let journal = Journal::new().file(path, "---\ntitle: x\n---\n\n{{#if x}}\n");
    let run = journal.run(&["new"]).code(2);
    assert!(run.err.starts_with("shiftlog: template error: ") && run.err.contains(&format!("{path}:")), "{}", run.err);
    assert!(!journal.path(LOG).exists());
}

#[test]
fn bad_documents_name_key_and_remedy() {
    let journal = Journal::new();
    for (input, message) in [
        ("{\"decisons\": []}", "shiftlog: unknown key `decisons`: -\nhint: did you mean `decisions`?\n"),
        ("{\"decisions\": [{\"what\": \"x\", \"wy\": \"y\"}]}", "shiftlog: unknown key `decisions[0].wy`: -\nhint: did you mean `why`?\n"),
        ("{\"summary\": [1, {}", "shiftlog: not valid JSON: EOF while parsing a list: -:1\n"),
        ("{\"decisions\": [{\"why\": \"x\"}]}", "shiftlog: `decisions[0]` has no `what`: -\n"),
        (
            "{\"next\": [{\"what\": \"x\", \"priority\": \"hgh\"}]}",
            "shiftlog: `next[0]`: unknown value `hgh`\nhint: did you mean `high`? known here: `high`, `medium`, `low`\n",
        ),
        ("{\"summary\": \"a\\u0007b\"}", "shiftlog: summary holds the control character U+0007 at byte 1\nhint: leave it out\n"),
        ("{\"status\": \"Done\"}", "shiftlog: unknown status `Done`\nhint: known here: `Active`, `Handoff`, `Completed`\n"),
        ("[1]", "shiftlog: expected an object with keys such as `summary` and `decisions`: -\n"),
        (
            "{\"waves\": [{\"name\": \"x\"}]}",
            "shiftlog: `waves[0]`: unknown kind `wave`\nhint: known here: `context`, `decision`, `deliverable`, `highlight`, `next`, `note`, `problem`, `related`, `source`, `summary`\n",
        ),
    ] {
        journal.run_with(&["session", "--from", "-"], input).code(2).err(message);
        assert!(!journal.path(LOG).exists(), "{input}");
    }
    let empty = r#"{"title": "", "description": "", "tags": [""], "status": "", "summary": [""], "decisions": [{"what": "", "why": ""}], "next": [{"what": "", "done": false}], "context": {"state": ""}, "notes": {"ready": [""]}}"#;
    journal.run_with(&["session", "--from", "-"], empty).ok().err(&format!("created 20261120-01  {LOG}\n"));
}
