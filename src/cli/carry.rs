//! Whether open next items of the log before go on in a new one: flags, else a question on a terminal.

use std::io::{self, IsTerminal as _};

use clap::Args;
use serde_json::{Value, json};
use shiftlog::capture::{Since, digest_of_log};
use shiftlog::journal::carry::{Carried, Item};
use shiftlog::journal::edit::Editor;
use shiftlog::journal::{self, Journal, Log};

use super::context::Context;
use super::recorded;
use super::ui::{number, one_line, visible};

/// What `new`, `start` and `session` may say of open next items.
#[derive(Debug, Args)]
pub(crate) struct CarryArgs {
    /// Carry open next items of the log that was handed off before into the new one
    #[arg(long, conflicts_with = "no_carry")]
    carry: bool,
    /// Leave them where they are, and do not ask
    #[arg(long)]
    no_carry: bool,
}

/// What is carried into a new log.
#[derive(Default)]
pub(crate) struct Carrying {
    /// The log before, if its items are taken.
    from: Option<Log>,
    since: Since,
    /// What the person should know.
    pub(crate) notices: Vec<String>,
    carried: Carried,
}

impl Carrying {
    /// Finds out what is open in the log before, and whether it is to be carried; asked before the journal is locked.
    pub(crate) fn ask(context: &Context, journal: &Journal, args: &CarryArgs, before: Option<Log>) -> anyhow::Result<Carrying> {
        let asks = !args.carry && !context.ui.json && io::stdin().is_terminal();
        Carrying::of(context, journal, (args, asks), before)
    }

    /// The same for programs, which are never asked.
    pub(crate) fn told(context: &Context, journal: &Journal, args: &CarryArgs, before: Option<Log>) -> anyhow::Result<Carrying> {
        Carrying::of(context, journal, (args, false), before)
    }

    fn of(context: &Context, journal: &Journal, (args, asks): (&CarryArgs, bool), before: Option<Log>) -> anyhow::Result<Carrying> {
        let mut carrying = Carrying::default();
        let Some(log) = before.filter(|_| !args.no_carry) else {
            if args.carry {
                carrying.notices.push("no log was handed off: there is nothing to carry".to_string());
            }
            return Ok(carrying);
        };
        let open = journal.left_open(&log, &|_| None)?.len();
        if open == 0 {
            if args.carry {
                carrying.notices.push(format!("nothing is open in {} that could be carried", log.id));
            }
            return Ok(carrying);
        }
        if !args.carry && !asks {
            let are = if open == 1 { "is" } else { "are" };
            let notice =
                format!("{} {are} open in {}; `--carry` takes what is open into the new log", number(open as u64, "next item"), log.id);
            carrying.notices.push(notice);
            return Ok(carrying);
        }
        if let Some(record) = recorded::find(context, journal)? {
            carrying.since = Since::of(&digest_of_log(&record, None, &log.id)?.0);
        }
        if args.carry || question(context, &log, &carrying.left(journal, &log)?)? {
            carrying.from = Some(log);
        }
        Ok(carrying)
    }

    fn left(&self, journal: &Journal, log: &Log) -> journal::Result<Vec<Item>> {
        journal.left_open(log, &|words| self.since.when(words))
    }

    /// The text of the new log with what is carried.
    pub(crate) fn fill(&mut self, journal: &Journal, editor: &Editor, text: &str) -> journal::Result<String> {
        // Under the lock: somebody else may have taken or completed something meanwhile.
        let items = self.from.as_ref().map(|log| self.left(journal, log)).transpose()?.unwrap_or_default();
        self.carried = editor.carry(text, &items);
        self.notices.append(&mut self.carried.left);
        Ok(self.carried.text.clone())
    }

    /// What was carried, for JSON answers.
    pub(crate) fn answer(&self) -> Vec<Value> {
        let one = |(item, outcome): &(Item, journal::edit::Outcome)| {
            json!({
                "text": item.text, "priority": item.priority, "session": item.origin, "since": item.since.to_string(),
                "entry": outcome.entry,
            })
        };
        self.carried.items.iter().map(one).collect()
    }

    /// Says what was carried.
    pub(crate) fn say(&self, context: &Context) {
        if let (Some(log), false) = (&self.from, self.carried.items.is_empty()) {
            let items = number(self.carried.items.len() as u64, "open item");
            context.ui.say(format_args!("carried {items} forward from {}", visible(&log.id)));
        }
    }
}

/// Asks whether items are to be carried.
fn question(context: &Context, log: &Log, items: &[Item]) -> anyhow::Result<bool> {
    context.ui.say(format_args!("open in {}:", visible(&log.id)));
    for item in items {
        let rank = item.priority.as_ref().map(|rank| format!(" ({})", visible(rank))).unwrap_or_default();
        context.ui.say(format_args!("  - {}{rank}, since {}", one_line(&item.text, 100), item.since));
    }
    loop {
        let question = format!("carry {} forward? [Y/n]", number(items.len() as u64, "open item"));
        let Some(line) = context.ui.ask(question)? else { return Ok(false) };
        if let Some(yes) = said(&line) {
            return Ok(yes);
        }
    }
}

/// What an answer to that means; an empty one is yes.
pub(crate) fn said(line: &str) -> Option<bool> {
    match line.trim().to_lowercase().as_str() {
        "" | "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn an_empty_answer_is_yes_and_an_odd_one_none() {
        let answers = ["\n", "Y\n", "yes", "n\r\n", " No ", "3", "what?"];
        assert_eq!(answers.map(said), [Some(true), Some(true), Some(true), Some(false), Some(false), None, None]);
    }
}
