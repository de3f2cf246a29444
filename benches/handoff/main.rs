//! How much of what happened a handoff tells: whole processes, from transcripts that are imported to the text that is printed.
//!
//! The captures of real agents (`$SHIFTLOG_CAPTURES_DIR`, else `../shared/agents`; skipped where they are not there), and fifty long
//! conversations that are made up, with facts planted in them. Beside it, what the end of the transcript tells in as many tokens.
//! Ends with code 1 where less is told than should be, or where a handoff is too long, says something twice or takes injected text for
//! somebody's words.

#![expect(clippy::print_stdout, reason = "its table is what a benchmark is for")]

mod captures;
mod claude;
mod formats;
mod gold;
mod phrases;
mod program;
mod story;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gold::{Fact, Kind, Share, worded};
use program::{Journal, tail};
use shiftlog::record::tokens;
use story::{MARK, Story};

const USAGE: &str = "usage: cargo bench --bench handoff -- [--stories N] [--seed N] [--show N]";

/// Budgets, and the share of the facts that has to be told within each.
const BUDGETS: [(u64, Option<f64>); 3] = [(500, Some(0.85)), (1_000, Some(0.95)), (2_000, None)];

/// What was counted within one budget.
#[derive(Default)]
struct Count {
    /// By kind, and then the share that the end of the transcript tells.
    shares: [(Share, Share); Kind::ALL.len()],
    preferences: Share,
    /// Lines under the decisions, and those of them that tell one.
    decided: Share,
    over: usize,
    doubled: usize,
    injected: usize,
}

impl Count {
    /// Counts a handoff.
    fn add(&mut self, facts: &[Fact], (text, tail): (&str, &str), budget: u64) {
        for (kind, (told, at_end)) in Kind::ALL.iter().zip(&mut self.shares) {
            for fact in facts.iter().filter(|fact| fact.kind == *kind) {
                told.add(fact.is_told(text));
                at_end.add(fact.is_told(tail));
            }
        }
        facts.iter().filter(|fact| fact.kind == Kind::Preference).for_each(|fact| self.preferences.add(fact.is_told(text)));
        for line in part(text, "## Decisions") {
            self.decided.add(facts.iter().any(|fact| fact.kind == Kind::Decision && fact.lines(line) > 0));
        }
        self.over += usize::from(tokens::estimate(text) > budget);
        self.doubled += doubled(text, facts).len();
        self.injected += text.matches(MARK).count();
    }

    fn all(&self) -> (Share, Share) {
        let sum = |all: Share, one: Share| Share { told: all.told + one.told, all: all.all + one.all };
        self.shares.iter().fold((Share::default(), Share::default()), |(told, at_end), (one, two)| (sum(told, *one), sum(at_end, *two)))
    }

    /// Adds what another has counted.
    fn join(&mut self, other: &Count) {
        let sum = |all: &mut Share, one: Share| {
            all.told += one.told;
            all.all += one.all;
        };
        for ((told, at_end), (one, two)) in self.shares.iter_mut().zip(other.shares) {
            sum(told, one);
            sum(at_end, two);
        }
        sum(&mut self.preferences, other.preferences);
        sum(&mut self.decided, other.decided);
        self.over += other.over;
        self.doubled += other.doubled;
        self.injected += other.injected;
    }
}

/// The list's lines under a heading.
fn part<'a>(text: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().skip_while(move |line| !line.starts_with(heading)).skip(1);
    lines.take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("- "))
}

/// Lines that stand there before, and facts that more than one line tells.
fn doubled(text: &str, facts: &[Fact]) -> Vec<String> {
    let lines: Vec<String> = text.lines().map(worded).filter(|line| line.len() > 1).collect();
    let again = lines.iter().enumerate().filter(|(at, line)| lines[..*at].contains(line)).map(|(_, line)| line.clone());
    let twice = facts.iter().filter(|fact| matches!(fact.kind, Kind::Todo | Kind::Decision) && fact.lines(text) > 1);
    again.chain(twice.map(|fact| fact.tells.join(" … "))).collect()
}

fn main() -> Result<ExitCode, String> {
    let options = Options::parse(std::env::args().skip(1))?;
    if let Some(number) = options.show {
        show(&Story::new(options.seed, number));
        return Ok(ExitCode::SUCCESS);
    }
    let captures = std::env::var_os("SHIFTLOG_CAPTURES_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/agents"), PathBuf::from);
    let mut reached = true;
    if captures.join("truth.json").is_file() {
        reached &= print("captures", &captured(&captures));
    } else {
        println!("the captures are skipped: they are not there");
    }
    reached &= print("conversations", &told(&options));
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the handoffs of the captures tell.
fn captured(captures: &Path) -> Vec<Count> {
    let mut counts: Vec<Count> = BUDGETS.iter().map(|_| Count::default()).collect();
    for capture in captures::all(captures) {
        let Some(journal) = Journal::captured(&capture.dir, &capture.native_id) else { continue };
        for (count, (budget, _)) in counts.iter_mut().zip(BUDGETS) {
            let text = journal.handoff(budget);
            count.add(&capture.facts, (&text, tail(&capture.shown, budget)), budget);
            let missed = capture.facts.iter().filter(|fact| !fact.is_told(&text));
            missed.for_each(|fact| println!("{} at {budget}: {:?} {:?} is missed", capture.name, fact.kind, fact.tells));
        }
    }
    counts
}

/// What the handoffs of the conversations tell.
fn told(options: &Options) -> Vec<Count> {
    let counts: Mutex<Vec<Count>> = Mutex::new(BUDGETS.iter().map(|_| Count::default()).collect());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= options.stories {
                        return;
                    }
                    let mine = one(&Story::new(options.seed, number));
                    let mut counts = counts.lock().expect("no other panicked");
                    counts.iter_mut().zip(&mine).for_each(|(all, one)| all.join(one));
                }
            });
        }
    });
    counts.into_inner().expect("no other panicked")
}

fn one(story: &Story) -> Vec<Count> {
    let (journal, shown) = (Journal::written(&written(story)), story.shown());
    let mut counts = Vec::new();
    for (budget, _) in BUDGETS {
        let mut count = Count::default();
        count.add(&story.facts, (&journal.handoff(budget), tail(&shown, budget)), budget);
        counts.push(count);
    }
    counts
}

/// The transcript: most are Claude Code's, the others Codex's and Gemini CLI's.
fn written(story: &Story) -> (String, String) {
    match story.number % 25 {
        0..17 => claude::written(story),
        17..21 => formats::codex(story),
        _ => formats::gemini(story),
    }
}

/// Prints a conversation's handoffs, and what each misses.
fn show(story: &Story) {
    let journal = Journal::written(&written(story));
    println!("{}: {} turns, {} compactions", written(story).0, story.turns, story.compactions);
    for (budget, _) in BUDGETS {
        let text = journal.handoff(budget);
        println!("\n=== {budget} tokens, {} used\n{text}", tokens::estimate(&text));
        let missed = story.facts.iter().filter(|fact| !fact.is_told(&text));
        let shown = story.shown();
        let said = |fact: &Fact| shown.lines().rev().find(|line| fact.lines(line) > 0).unwrap_or_default();
        missed.for_each(|fact| println!("missed: {:?} {:?}: {}", fact.kind, fact.tells, said(fact)));
        doubled(&text, &story.facts).iter().for_each(|line| println!("doubled: {line}"));
    }
}

/// Prints a table; whether everything is as it should be.
fn print(name: &str, counts: &[Count]) -> bool {
    let kinds = ["files", "to-dos", "decisions", "command", "request", "all"];
    println!("\n{name:<16} {}", kinds.map(|kind| format!("{kind:>16}")).concat());
    let mut reached = true;
    for (count, (budget, least)) in counts.iter().zip(BUDGETS) {
        let shares: Vec<(Share, Share)> = count.shares.iter().copied().chain([count.all()]).collect();
        let row = |name: String, one: fn(&(Share, Share)) -> Share| {
            let cells: String =
                shares.iter().map(one).map(|share| format!("{:>16}", format!("{:.1} % of {}", share.part() * 100.0, share.all))).collect();
            println!("{name:<16} {cells}");
        };
        row(format!("{budget} tokens"), |shares| shares.0);
        row("  end of it".into(), |shares| shares.1);
        let good = least.is_none_or(|least| count.all().0.part() >= least) && count.over + count.doubled + count.injected == 0;
        reached &= good;
        println!(
            "  {}{} over the budget, {} told twice, {} injected; {} of {} lines of decisions tell one; {:.0} % of {} preferences",
            if good { "ok: " } else { "MISSED: " },
            count.over,
            count.doubled,
            count.injected,
            count.decided.told,
            count.decided.all,
            count.preferences.part() * 100.0,
            count.preferences.all
        );
    }
    reached
}

/// What was asked for on the command line.
struct Options {
    stories: usize,
    seed: u64,
    show: Option<usize>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options { stories: 50, seed: 1, show: None };
        while let Some(arg) = args.next() {
            let mut number = || args.next().and_then(|number| number.parse::<usize>().ok()).ok_or(USAGE);
            match arg.as_str() {
                // Cargo adds it.
                "--bench" => {}
                "--stories" => options.stories = number()?,
                "--seed" => options.seed = number()? as u64,
                "--show" => options.show = Some(number()?),
                _ => return Err(USAGE.to_string()),
            }
        }
        Ok(options)
    }
}
