//! Logs as they come: entries that are added, and a large journal.

use std::fs;
use std::path::{Path, PathBuf};

use crate::journal::{CURRENT, LOGS};

/// Arguments that add the n-th entry of a log: a different text for every n, the kinds that sessions have most of.
pub(crate) fn entry(n: usize) -> Vec<String> {
    let text = format!("Step {n}: {}", sentence(n, 9));
    let why = sentence(n + 7, 11);
    let args: Vec<&str> = match n % 6 {
        0 => vec!["add", "decision", &text, "--why", &why],
        1 => vec!["add", "highlight", &text],
        2 => vec!["add", "next", &text, "--priority", ["high", "medium", "low"][n / 6 % 3]],
        3 => vec!["add", "deliverable", &text, "--file", "src/forecast.rs", "--metric", "12 tests"],
        4 => vec!["add", "context", "state", &text],
        _ => vec!["add", "note", &text, "--kind", "process"],
    };
    args.into_iter().map(str::to_string).collect()
}

/// Writes a journal of [`LOGS`] logs, five a day over six years.
pub(crate) fn large_journal(dir: &Path) -> PathBuf {
    let root = dir.join("list");
    for (place, logs) in [("recent", 0..LOGS - CURRENT), ("current", LOGS - CURRENT..LOGS)] {
        let dir = root.join("sessions").join(place);
        fs::create_dir_all(&dir).expect("directories can be made");
        for n in logs {
            fs::write(dir.join(format!("{}.md", id(n))), log(n, place == "current")).expect("logs can be written");
        }
    }
    root
}

pub(crate) fn id(n: usize) -> String {
    format!("{}-{:02}", day(n).replace('-', ""), n % 5 + 1)
}

fn day(n: usize) -> String {
    format!("{}-{:02}-{:02}", 2020 + n / 1680, n / 140 % 12 + 1, n / 5 % 28 + 1)
}

/// A log: frontmatter as the program writes it, as Obsidian rewrites it, or with keys of a person's own; a body of about 3 kB.
pub(crate) fn log(n: usize, live: bool) -> String {
    let (id, day, topic) = (id(n), day(n), sentence(n, 4));
    let status = if live { ["Active", "Handoff", "Completed"][n % 3] } else { ["Completed (Auto)", "Completed (Agent)"][n % 2] };
    let description = sentence(n + 3, 12);
    let times = (format!("{day} {:02}:10:00 UTC", 8 + n % 5), format!("{day} {:02}:45:30 UTC", 13 + n % 5));
    let head = match n % 10 {
        0 | 1 => format!(
            "title: \"Session {id}: {topic}\"\nauthor: Resonance 7 Agent\nmodel: some-model-4\ncreated: {}\n\
             last_updated: {}\nstatus: {status}\ncategory: Session Log\ndescription: {description}\naliases:\n  - {topic}\n\
             tags:\n  - session\n  - weather/api\n",
            times.0, times.1
        ),
        kind => {
            let own = if kind == 2 { "# kept by hand\nproject: weather\nrating: 4\nreviewed: true\n" } else { "" };
            format!(
                "title: \"Session {id}: {topic}\"\nauthor: \"Resonance 7 Agent\"\nmodel: \"some-model-4\"\ncreated: \"{}\"\n\
                 last_updated: \"{}\"\nstatus: \"{status}\"\ncategory: \"Session Log\"\ndescription: \"{description}\"\n\
                 aliases: [\"{topic}\"]\ntags: [\"session\", \"weather\"]\n{own}",
                times.0, times.1
            )
        }
    };
    format!("---\n{head}---\n\n# Session {id}: {topic}\n\n{}", body(n))
}

/// The sections of a log; every fourth has no open task.
fn body(n: usize) -> String {
    let s = |at: usize| sentence(n * 31 + at, 12);
    let bullets = |from: usize, most: usize| (from..from + most).map(|at| format!("- {}\n", s(at))).collect::<String>();
    let decisions: String = (0..4).map(|at| format!("- **{}** – {}\n", sentence(n + at, 5), s(at + 40))).collect();
    let open = if n.is_multiple_of(4) { "x" } else { " " };
    format!(
        "## Summary\n\n{}\n## Key Decisions & Rationale\n\n{decisions}\n## Deliverables & Metrics\n\n\
         - ✅ **{}** – src/forecast.rs — 12 tests\n- 🚧 **{}** – docs/fallback.md\n\n\
         ## Implementation Highlights\n\n{}\n## Challenges, Failures & Lessons\n\n### **Problem 1: {}**\n\n- **Issue**: {}\n\
         - **Root Cause**: {}\n- **Solution / Work-around**: {}\n- **Lesson**: {}\n\n\
         ## Next Work Items\n\n### **High Priority**\n\n- [{open}] {}\n- [x] {}\n\n### **Medium Priority**\n\n- [{open}] {}\n\
         \n## Context Snapshot\n\n### Current State / Ready Components\n\n{}\n\
         ### Technical Environment / Key Paths\n\n- `src/forecast.rs`, branch `fallback-{n}`\n\n## Sources\n\n\
         ### Web Sources\n\n- https://weather.example/docs/{n} – {}\n\n\
         ## Related Sessions\n\n- [[{}]] – {}\n\n## Notes\n\n#### **Process Insights**\n\n{}",
        bullets(1, 3),
        s(4),
        s(5),
        bullets(6, 4),
        sentence(n, 4),
        s(10),
        s(11),
        s(12),
        s(13),
        s(14),
        s(15),
        s(16),
        bullets(17, 3),
        s(21),
        id(n.saturating_sub(3)),
        s(22),
        bullets(23, 2)
    )
}

/// Words that look like a developer's, always the same for the same seed.
pub(crate) fn sentence(seed: usize, length: usize) -> String {
    const WORDS: [&str; 40] = [
        "forecast", "cache", "provider", "retry", "timeout", "the", "of", "with", "fallback", "station", "reading", "is", "kept", "until",
        "answer", "stale", "request", "before", "after", "token", "index", "merged", "tested", "parser", "wind", "pressure", "a", "second",
        "queue", "limit", "when", "service", "returns", "nothing", "alert", "map", "tile", "region", "again", "slow",
    ];
    let mut state = seed as u64 * 2 + 1;
    let words = (0..length).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[(state >> 33) as usize % WORDS.len()]
    });
    words.collect::<Vec<_>>().join(" ")
}
