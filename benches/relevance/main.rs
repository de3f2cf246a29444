//! How well `search` and `related` rank: whole processes, from files that are imported and logs that are written to the answers in JSON.
//!
//! The sets are not part of the project: directories with `documents.jsonl`, `queries.jsonl` and `qrels.tsv` under
//! `$SHIFTLOG_RELEVANCE_DIR`, else `../shared/relevance`. A set that is not there is skipped. `--check` makes a value that is
//! less than what the set should reach an error.

#![expect(clippy::print_stdout, reason = "its table is what a benchmark is for")]

mod score;
mod sets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use score::Scores;
use sets::Made;

const USAGE: &str = "usage: cargo bench --bench relevance -- [--set NAME]… [--check]";

/// What results are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Turn,
    Session,
    Section,
    /// What is related to a session.
    Related,
}

impl Level {
    /// As `--by` takes it; and what `related` gives.
    fn name(self) -> &'static str {
        match self {
            Level::Turn => "turn",
            Level::Session => "session",
            Level::Section => "section",
            Level::Related => "related",
        }
    }
}

/// One line of the table: a set, and the least that is good enough.
struct Row {
    set: &'static str,
    level: Level,
    reach: Reach,
}

/// The least of each value; none: for information.
#[derive(Clone, Copy)]
struct Reach {
    ndcg: f64,
    hit: Option<f64>,
    recall: Option<f64>,
}

const fn row(set: &'static str, level: Level, ndcg: f64, hit: Option<f64>, recall: Option<f64>) -> Row {
    Row { set, level, reach: Reach { ndcg, hit, recall } }
}

const ROWS: [Row; 9] = [
    row("locomo-dev", Level::Turn, 0.56, None, Some(0.72)),
    row("locomo-dev", Level::Session, 0.84, Some(0.76), None),
    row("agent-sessions", Level::Session, 0.60, Some(0.43), None),
    row("scifact", Level::Section, 0.69, None, None),
    row("cosqa-dev", Level::Section, 0.385, None, None),
    row("cranfield", Level::Section, 0.39, None, None),
    row("cacm", Level::Section, 0.495, None, None),
    row("related-openoffice", Level::Related, 0.53, None, None),
    row("related-dpdk", Level::Related, 0.27, None, None),
];

fn main() -> Result<ExitCode, String> {
    let options = Options::parse(std::env::args().skip(1))?;
    let sets = std::env::var_os("SHIFTLOG_RELEVANCE_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/relevance"), PathBuf::from);
    println!("{:<18} {:<8} {:>7}  {:<13} {:<13} {:<13}", "set", "level", "queries", "nDCG@10", "hit@1", "recall@10");
    let mut under = false;
    let mut made: Option<(&str, Made)> = None;
    for row in ROWS.iter().filter(|row| options.wants(row.set)) {
        let dir = sets.join(row.set);
        if !dir.join("documents.jsonl").is_file() {
            println!("{:<18} {:<8} skipped: the set is not there", row.set, row.level.name());
            continue;
        }
        // Rows of one set share its journal.
        let set = match made.take().filter(|(name, _)| *name == row.set) {
            Some((_, set)) => set,
            None => Made::new(&dir),
        };
        let scores = set.scores(row.level);
        under |= !print(row, &scores);
        made = Some((row.set, set));
    }
    Ok(if under && options.check { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Prints a line of the table; whether everything is as good as it should be.
fn print(row: &Row, scores: &Scores) -> bool {
    let values = [(scores.ndcg, Some(row.reach.ndcg)), (scores.hit, row.reach.hit), (scores.recall, row.reach.recall)];
    let reached = values.iter().all(|(value, least)| least.is_none_or(|least| *value >= least));
    let columns: Vec<String> =
        values.iter().map(|(value, least)| format!("{value:.3}{}", least.map_or_else(String::new, |l| format!(" (≥{l:.3})")))).collect();
    let verdict = if reached { "ok" } else { "UNDER" };
    println!(
        "{:<18} {:<8} {:>7}  {:<13} {:<13} {:<13} {verdict}",
        row.set,
        row.level.name(),
        scores.queries,
        columns[0],
        columns[1],
        columns[2]
    );
    reached
}

/// What was asked for on the command line.
#[derive(Default)]
struct Options {
    check: bool,
    sets: Vec<String>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options::default();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                // Cargo adds it.
                "--bench" => {}
                "--check" => options.check = true,
                "--set" => options.sets.push(args.next().ok_or(USAGE)?),
                _ => return Err(USAGE.to_string()),
            }
        }
        match options.sets.iter().find(|name| !ROWS.iter().any(|row| row.set == name.as_str())) {
            Some(name) => Err(format!("no set is named `{name}`")),
            None => Ok(options),
        }
    }

    fn wants(&self, set: &str) -> bool {
        self.sets.is_empty() || self.sets.iter().any(|name| name == set)
    }
}
