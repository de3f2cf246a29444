//! `shiftlog conversation import`.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use shiftlog::journal::Error;
use shiftlog::record::exchange::{self, Imported};

use crate::cli::context::Context;
use crate::cli::progress::Progress;
use crate::cli::recorded;
use crate::cli::ui::{Ended, number, size, visible};

/// Bring conversations in from JSON Lines, each turn once
///
/// The form is that of `conversation export`; any program can write it. What is there already stays as it is, and what was
/// deleted here is not brought back. A line that cannot be understood is named, and nothing is stored.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    file: Vec<PathBuf>,
}

pub(crate) fn run(context: &Context, args: &ImportArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    for file in args.file.iter().filter(|f| *f != Path::new("-")) {
        let path = context.cwd.join(file);
        if !path.is_file() {
            let (why, hint) = match (path.is_dir(), path.exists()) {
                (true, _) => ("a directory, not a file", "name a file of JSON Lines"),
                (_, true) => ("it can be read only once", "give it on standard input, with `-`"),
                _ => ("no such file", "name a file of JSON Lines"),
            };
            return Err(Error::refused("io", format!("{why}: {}", path.display()), hint).into());
        }
    }
    let privacy = recorded::barriers(context, &journal)?;
    let record = recorded::open(context, &journal)?;
    let mut all = Imported::default();
    for file in &args.file {
        let mut progress = Progress::new(&context.ui, "importing");
        let done = if file == Path::new("-") {
            let mut input = BufReader::new(std::io::stdin().lock());
            exchange::import(&record, file, Some(&mut input), &privacy, context.now, &mut |_| {})?
        } else {
            let path = context.cwd.join(file);
            let total = std::fs::metadata(&path).map_or(0, |m| m.len());
            exchange::import(&record, &path, None, &privacy, context.now, &mut |bytes| progress.at(bytes, total, &size))?
        };
        progress.end();
        add(&mut all, done);
    }
    // Else the next command would read all of the write-ahead log first; whoever holds it keeps it until later.
    let _ = record.checkpoint();
    let notices = context.notices(all.notices.clone());
    if context.ui.json {
        context.ui.answer(json!({
            "action": "import", "conversations": all.conversations, "turns": all.turns, "actions": all.actions, "completed": all.completed,
            "known": all.known, "different": all.different, "skipped": all.skipped, "notices": notices,
        }))?;
        return Ok(Ended::Done);
    }
    let mut parts = vec![format!(
        "imported {}, {}, {}",
        number(all.conversations, "conversation"),
        number(all.turns, "turn"),
        number(all.actions, "action")
    )];
    let counts =
        [(all.completed, "turns completed"), (all.known, "there already"), (all.different, "there with another text, which was kept")];
    parts.extend(counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    parts.extend(all.skipped.iter().map(|(why, n)| format!("{n} lines left out: {why}")));
    context.ui.say(visible(&parts.join("; ")));
    Ok(Ended::Done)
}

fn add(all: &mut Imported, done: Imported) {
    all.conversations += done.conversations;
    all.turns += done.turns;
    all.actions += done.actions;
    all.completed += done.completed;
    all.known += done.known;
    all.different += done.different;
    for (why, count) in done.skipped {
        *all.skipped.entry(why).or_default() += count;
    }
    all.notices.extend(done.notices);
}
