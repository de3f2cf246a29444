//! What the log of a conversation that ends still lacks.

use shiftlog::journal::outline::Outline;
use shiftlog::journal::{Journal, Log};
use shiftlog::record::Record;

use crate::cli::context::Context;
use crate::cli::ui::{number, one_line};

/// Logs that are counted.
const MOST: usize = 1000;

/// At most six lines for the person who sees the conversation end.
pub(super) fn lines(context: &Context, journal: &Journal, record: &Record, conversation: &str) -> anyhow::Result<Vec<String>> {
    let open = journal.open_logs(MOST)?;
    let mut lines = Vec::new();
    let log = record.conversation(conversation)?.log.and_then(|id| journal.resolve(&id, &context.cwd).ok());
    if let Some(log) = log {
        lines.extend(of_log(journal, &log, open.iter().any(|l| l.id == log.id))?);
    }
    if !open.is_empty() {
        lines.push(format!("shiftlog: {} active", number(open.len() as u64, "log")));
    }
    Ok(lines)
}

fn of_log(journal: &Journal, log: &Log, is_open: bool) -> anyhow::Result<Vec<String>> {
    let text = log.read()?;
    let summary = log.summarize(&text, &journal.root);
    let placeholders = journal.placeholders(&log.profile)?;
    let outline = Outline::parse(&text);
    let entries = outline.numbered(&log.profile, &placeholders);
    let empty = log.profile.lacking(&entries);
    let tasks = entries.iter().filter(|(n, entry)| *n > 0 && entry.is_open()).count();
    let mut lines = vec![format!("shiftlog: {} \"{}\"", log.id, one_line(&summary.title, 80))];
    if !empty.is_empty() {
        lines.push(format!("  [ ] empty: {}", log.profile.headings(&empty)));
    }
    if tasks > 0 {
        lines.push(format!("  [ ] {}", number(tasks as u64, "open task")));
    }
    if is_open {
        let status = one_line(&summary.status, 40);
        lines.push(format!("  [ ] status is {status}: `shiftlog handoff {0} --mark` hands it off, `shiftlog finish {0}` ends it", log.id));
    }
    if lines.len() == 1 {
        lines.push("  complete".to_string());
    }
    Ok(lines)
}
