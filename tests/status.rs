//! Statuses of both profiles: every pair, with and without `--reopen`.

use crate::builder::Journal;

fn log(front: &str) -> String {
    format!("---\n{front}\n---\n\n## Summary\n\n- x\n")
}

#[test]
fn every_pair_of_statuses_is_as_the_profile_says() {
    let names = ["Active", "Handoff", "Completed"];
    let allowed = [("Active", "Handoff"), ("Handoff", "Completed")];
    let path = "sessions/current/20261120-01.md";
    for from in names {
        for to in names {
            for reopen in [false, true] {
                let journal = Journal::new().file(path, log(&format!("status: \"{from}\" # mine")));
                let mut args = vec!["status", to];
                if reopen {
                    args.push("--reopen");
                }
                let back = names.iter().position(|n| *n == to) < names.iter().position(|n| *n == from);
                let fine = from == to || allowed.contains(&(from, to)) || (reopen && back);
                let run = journal.run(&args).code(if fine { 0 } else { 2 });
                let now = if fine { to } else { from };
                assert_eq!(journal.read(path), log(&format!("status: \"{now}\" # mine")), "{args:?}");
                if !fine {
                    let next: Vec<&str> = allowed.iter().filter(|(f, _)| *f == from).map(|(_, t)| *t).collect();
                    let next = next.first().map_or("nothing".to_string(), |n| format!("`{n}`"));
                    let reopening = if back { "; going back needs `--reopen`" } else { "" };
                    assert_eq!(
                        run.err,
                        format!("shiftlog: status `{from}` cannot become `{to}`\nhint: from `{from}` it may become {next}{reopening}\n")
                    );
                }
            }
        }
    }
}

#[test]
fn agents_statuses_follow_their_rules() {
    let names = ["in_progress", "paused", "completed"];
    let allowed = [("in_progress", "paused"), ("paused", "in_progress"), ("in_progress", "completed"), ("paused", "completed")];
    let path = ".agents/sessions/20261120-143000-x.md";
    for from in names {
        for to in names {
            let journal = Journal::agents().file(path, log(&format!("session:\n  status: {from}")));
            let fine = from == to || allowed.contains(&(from, to));
            let run = journal.run(&["status", to]).code(if fine { 0 } else { 2 });
            assert_eq!(journal.read(path), log(&format!("session:\n  status: {}", if fine { to } else { from })), "{}", run.err);
        }
    }
}

#[test]
fn status_without_a_value_is_printed() {
    let journal = Journal::new().file("sessions/current/20261120-01.md", log("status: Active"));
    journal.run(&["status"]).ok().out("Active\n").err("");
    journal.run(&["status", "--json"]).ok().out("{\"success\":true,\"action\":\"status\",\"session\":\"20261120-01\",\"status\":\"Active\",\"state\":\"open\",\"next\":[\"Handoff\"]}\n");
}

#[test]
fn a_recent_log_that_is_reopened_moves_back() {
    let journal = Journal::new().file("sessions/recent/20261101-01.md", log("status: Completed (Auto)"));
    journal.run(&["status", "Active", "-s", "20261101-01", "--reopen"]).ok().err(
        "note: moved back to sessions/current/20261101-01.md\n20261101-01: Completed (Auto) → Active  sessions/current/20261101-01.md\n",
    );
    assert_eq!(journal.read("sessions/current/20261101-01.md"), log("status: Active"));
    assert!(!journal.path("sessions/recent/20261101-01.md").exists());
    let journal = Journal::new().file("sessions/recent/20261101-01.md", log("status: Handoff"));
    journal.run(&["status", "Completed", "-s", "20261101-01"]).ok();
    assert!(journal.path("sessions/recent/20261101-01.md").exists(), "logs in recent/ can be edited where they are");
}

#[test]
fn unknown_and_automatic_statuses_are_refused() {
    let journal = Journal::new().file("sessions/current/20261120-01.md", log("status: Active"));
    journal
        .run(&["status", "Handof"])
        .code(2)
        .err("shiftlog: unknown status `Handof`\nhint: did you mean `Handoff`? known here: `Active`, `Handoff`, `Completed`\n");
    let _ = journal.run(&["status", "Completed (Auto)"]).code(2);
    journal.run(&["set", "status=handoff"]).ok();
    assert_eq!(journal.read("sessions/current/20261120-01.md"), log("status: Handoff"));
    journal.run(&["set", "created=2020-01-01"]).code(2).err("shiftlog: `created` never changes\nhint: it says when the log was begun\n");
    let _ = journal.run(&["unset", "status"]).code(2);
}
