//! A month of a journal in a git repository: two agents at once, a person with an editor, branches, weekly pruning.
//!
//! At its end every `last_updated` is what a careful person would have written, `lint` finds nothing, and no commit holds a
//! line that nobody meant.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::thread;

use crate::builder::Journal;
use crate::sync::{git, is_there};

/// The journal, and what a careful person knows of it.
struct Month {
    journal: Journal,
    day: u32,
    minute: u32,
    /// By the log's first id: when work was last added.
    worked: BTreeMap<String, String>,
    /// Lines that somebody meant to write or to take out.
    meant: HashSet<String>,
}

impl Month {
    /// Some minutes later.
    fn later(&mut self, minutes: u32) {
        self.minute += minutes;
        let time = self.time("T", "Z");
        self.journal.clock(&time);
    }

    fn time(&self, between: &str, zone: &str) -> String {
        format!("2027-03-{:02}{between}{:02}:{:02}:00{zone}", self.day, 8 + self.minute / 60, self.minute % 60)
    }

    fn worked(&mut self, id: &str) {
        let time = self.time(" ", " UTC");
        self.worked.insert(id.to_string(), time);
    }

    fn path(&self, id: &str) -> String {
        let out = self.journal.run(&["path", id]).ok().out;
        out.trim().strip_prefix(&format!("{}/", self.journal.root().display())).expect("in the journal").to_string()
    }

    fn add(&mut self, id: &str, args: &[&str]) {
        self.later(3);
        let mut all = vec!["add", "-s", id];
        all.extend(args);
        self.journal.run(&all).ok();
        self.worked(id);
        // How an entry is written down is another test's affair.
        let text = self.journal.read(&self.path(id));
        let said = |line: &&str| args[1..].iter().any(|arg| line.contains(arg));
        self.meant.extend(text.lines().filter(said).map(str::to_string));
    }

    /// A person saves the log, and half an hour later somebody looks.
    fn by_hand(&mut self, id: &str, from: &str, to: &str, work: bool) {
        self.later(5);
        let path = self.path(id);
        let text = self.journal.read(&path);
        assert!(text.contains(from), "{id}: {from}\n{text}");
        self.meant.extend(from.lines().chain(to.lines()).map(str::to_string));
        self.journal.save(&path, &text.replacen(from, to, 1), &self.time("T", "Z"));
        self.later(30);
        self.journal.run(&["sync"]).ok();
        if work {
            self.worked(id);
        }
    }

    fn commit(&self, message: &str) {
        git(&self.journal, &["add", "-A", "sessions"]);
        git(&self.journal, &["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Nothing but what was said before is in the way of a commit.
    fn clean(&self) {
        self.journal.run(&["sync"]).ok();
        assert_eq!(git(&self.journal, &["status", "--porcelain", "sessions"]), "", "day {}", self.day);
    }

    fn begin(&mut self, title: &str) -> String {
        self.later(2);
        let answer = self.journal.json(&["new", title, "--model", "m-1", "--description", title]);
        let id = answer["session"].as_str().expect("an id").to_string();
        let text = self.journal.read(&self.path(&id));
        self.meant.extend(text.lines().map(str::to_string));
        self.worked(&id);
        id
    }

    /// Two agents at once, each on its own log, and both on the older one.
    fn agents(&mut self, first: &str, second: &str) {
        self.later(4);
        let day = self.day;
        let journal = &self.journal;
        thread::scope(|scope| {
            for (agent, own) in [("one", first), ("two", second)] {
                scope.spawn(move || {
                    for n in 0..3 {
                        let text = format!("Day {day}: agent {agent} finished step {n}");
                        journal.run(&["add", "summary", "-s", own, &text]).ok();
                        journal.run(&["add", "highlight", "-s", first, &format!("{text} for both")]).ok();
                    }
                });
            }
        });
        for (agent, n) in ["one", "two"].into_iter().flat_map(|a| (0..3).map(move |n| (a, n))) {
            self.meant.insert(format!("- Day {day}: agent {agent} finished step {n}"));
            self.meant.insert(format!("- Day {day}: agent {agent} finished step {n} for both"));
        }
        self.worked(first);
        self.worked(second);
    }

    /// Work on a branch, and on the main line meanwhile.
    fn branch(&mut self, first: &str, second: &str) {
        let name = format!("day-{}", self.day);
        git(&self.journal, &["checkout", "-q", "-b", &name]);
        self.add(first, &["decision", &format!("Day {}: decided on the branch", self.day), "--why", "it was quiet"]);
        let line = format!("agent one finished step 1 for both\n- Day {}: written on the branch by hand\n", self.day);
        let at = format!("Day {}: agent one finished step 1 for both\n", self.day);
        self.by_hand(first, &at, &format!("Day {}: {line}", self.day), true);
        self.commit("on the branch");
        git(&self.journal, &["checkout", "-q", "main"]);
        self.later(1);
        self.clean();
        self.add(second, &["problem", &format!("Day {}: the other log", self.day), "--issue", "rain"]);
        self.commit("on main");
        for at in [&name, "main", &name, "main"] {
            git(&self.journal, &["checkout", "-q", at]);
            self.later(1);
            self.clean();
        }
        git(&self.journal, &["merge", "-q", "--no-edit", &name]);
        self.later(1);
        self.clean();
    }

    fn hand_off(&mut self, id: &str) {
        self.add(id, &["next", "--priority", "high", &format!("Day {}: go on from here", self.day)]);
        self.later(2);
        self.journal.run(&["status", "Handoff", "-s", id]).ok();
        // What the template left is of no use to the next shift.
        let _ = self.journal.run(&["lint", "--fix", id]);
    }
}

/// The lines that a commit took out or put in, file by file, without those of the frontmatter and blank ones.
fn changed_lines(patch: &str) -> Vec<String> {
    let frontmatter = ["last_updated: ", "status: ", "next_part: ", "title: ", "description: ", "aliases: "];
    let lines = patch.lines().filter(|l| (l.starts_with('+') || l.starts_with('-')) && !l.starts_with("+++") && !l.starts_with("---"));
    lines.map(|l| l[1..].to_string()).filter(|l| !l.trim().is_empty() && !frontmatter.iter().any(|f| l.starts_with(f))).collect()
}

#[test]
fn a_month_ends_true_and_clean() {
    if !is_there() {
        return;
    }
    let journal = Journal::new().file(".gitignore", "home/\n");
    let mut month = Month { journal, day: 1, minute: 0, worked: BTreeMap::new(), meant: HashSet::new() };
    git(&month.journal, &["init", "-q", "-b", "main"]);
    git(&month.journal, &["add", "."]);
    git(&month.journal, &["commit", "-q", "-m", "first"]);
    let mut before: Option<String> = None;
    for day in (1..=31).filter(|d| d % 7 != 6 && d % 7 != 0) {
        (month.day, month.minute) = (day, 0);
        month.later(0);
        let first = month.begin(&format!("Forecast of day {day}"));
        let second = month.begin(&format!("Station {day}"));
        if let Some(before) = &before {
            month.add(&first, &["related", before, "--why", &format!("Day {day}: goes on with it")]);
            let link = format!("- Day {day}: see [the log before](../current/{before}.md#summary) and [[{before}|it]]");
            month.by_hand(&second, "- [What was asked for, and what came of it]", &link, true);
        }
        month.agents(&first, &second);
        month.by_hand(&first, "finished step 2\n", "finnished step 2\n", false);
        month.by_hand(&first, "finnished step 2\n", "**Finished** step 2.\n", false);
        for agent in ["one", "two"] {
            month.meant.insert(format!("- Day {day}: agent {agent} finnished step 2"));
            month.meant.insert(format!("- Day {day}: agent {agent} **Finished** step 2."));
        }
        month.commit("a day's work");
        match day % 5 {
            0 => month.branch(&first, &second),
            1 => month.by_hand(&first, "step 0 for both\n", "step 0 for both\n- And a sentence by hand, 天气很好。\n", true),
            2 => {
                month.later(20);
                month.journal.run(&["continue", &first]).ok();
                let new = month.journal.read(&month.path(&format!("{first}_pt2")));
                month.meant.extend(new.lines().map(str::to_string));
                let worked = month.time(" ", " UTC");
                month.worked.insert(format!("{first}_pt2"), worked);
                let second_part = format!("{first}_pt2");
                month.journal.run(&["set", "-s", &second_part, "description=The rest of the day"]).ok();
                month.add(&second_part, &["summary", &format!("Day {day}: the second part says this")]);
                month.hand_off(&second_part);
            }
            _ => {
                month.later(1);
                month.journal.run(&["rename", &second, &format!("Station {day} by night")]).ok();
                month.meant.insert(format!("# Session {second}: Station {day} by night"));
            }
        }
        month.hand_off(&second);
        if day % 5 != 2 {
            month.hand_off(&first);
        }
        month.later(1);
        month.commit("handed off");
        month.clean();
        if day % 7 == 5 {
            month.later(1);
            month.journal.run(&["prune", "--archive"]).ok();
            month.commit("pruned");
            month.clean();
        }
        before = Some(first);
    }
    check_stamps(&month);
    month.journal.run(&["lint"]).ok().out("");
    check_history(&month);
}

fn check_stamps(month: &Month) {
    let logs = month.journal.json(&["list"]);
    let mut found = BTreeMap::new();
    for log in logs["logs"].as_array().expect("logs") {
        let id = log["id"].as_str().expect("an id").trim_end_matches("_pt1").to_string();
        let time = log["last_updated"].as_str().expect("a time").replace('T', " ").replace('Z', " UTC");
        found.insert(id, time);
    }
    assert_eq!(found, month.worked);
    assert!(fs::read_dir(month.journal.path("sessions/recent")).expect("a directory").count() > 20);
}

/// Every commit changed what somebody meant to change, and a stamp moved only with work.
fn check_history(month: &Month) {
    let template: BTreeSet<String> = include_str!("../templates/resonance7.md").lines().map(str::to_string).collect();
    let linked = |line: &str| line.contains("[the log before](") || line.contains("[[2027");
    for commit in git(&month.journal, &["rev-list", "--no-merges", "HEAD~0"]).lines() {
        let patch = git(&month.journal, &["show", "--format=", "-M30", commit, "--", "sessions", ":!*.zip"]);
        for file in patch.split("\ndiff --git ") {
            let lines = changed_lines(file);
            for line in &lines {
                assert!(month.meant.contains(line) || template.contains(line) || linked(line), "{commit}: {line}\n{file}");
            }
            let stamped = file.lines().any(|l| l.starts_with("+last_updated: "));
            assert!(!stamped || !lines.is_empty(), "a stamp for nothing in {commit}: {file}");
        }
    }
}
