//! `shiftlog redact`: secrets that are stored all the same.

use clap::Args;
use serde_json::{Value, json};
use shiftlog::journal::store::Store;
use shiftlog::journal::{Journal, Place};
use shiftlog::record::scrub::{Finding, in_text};
use shiftlog::record::{self, FILE, redact};

use super::context::Context;
use super::recorded;
use super::ui::{Ended, counted, visible};

/// Find secrets in everything that is stored, and take them out
///
/// Secrets are redacted before a conversation is stored; this finds those that were stored before, or that a person typed.
/// --apply changes the record, displaced versions, the trash and what waits in the spool, and removes the index and the memory
/// where they hold any; both are made anew. Logs are yours: they are named, and never altered.
#[derive(Debug, Args)]
pub(crate) struct RedactArgs {
    /// Name what is found and where, and change nothing
    #[arg(long, required_unless_present = "apply")]
    check: bool,
    /// Take it out for good
    #[arg(long, conflicts_with = "check")]
    apply: bool,
}

pub(crate) fn run(context: &Context, args: &RedactArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let logs = in_logs(context, &journal)?;
    if args.apply {
        return apply(context, &journal, &logs);
    }
    let mut found = in_record(context, &journal)?;
    found.extend(in_private(context, &journal)?);
    let left = record::leftovers(&recorded::private(&journal))?;
    found.extend(left.iter().map(|f| Finding { place: journal.relative(f).display().to_string(), kind: "copy-of-the-record" }));
    if context.ui.json {
        let listed = |findings: &[Finding]| findings.iter().map(|f| json!(f)).collect::<Vec<Value>>();
        context.ui.answer(json!({"action": "check", "secrets": listed(&found), "logs": listed(&logs)}))?;
    } else {
        for finding in found.iter().chain(&logs) {
            context.ui.data(visible(&format!("{}  {}", finding.place, finding.kind)))?;
        }
        context.ui.say(format_args!("{} found in what is stored, {} in logs", secrets(found.len()), logs.len()));
        if !found.is_empty() {
            context.ui.say("`shiftlog redact --apply` takes them out of what is stored");
        }
        mine(context, &logs);
    }
    Ok(if found.is_empty() && logs.is_empty() { Ended::Done } else { Ended::Nothing })
}

fn secrets(count: usize) -> String {
    format!("{count} secret{}", if count == 1 { "" } else { "s" })
}

/// Says what only the person can change.
fn mine(context: &Context, logs: &[Finding]) {
    if !logs.is_empty() {
        context.ui.say("logs are never altered: take them out of these in an editor, then run this again for what was displaced");
    }
}

fn in_record(context: &Context, journal: &Journal) -> anyhow::Result<Vec<Finding>> {
    let record = recorded::find(context, journal)?;
    let file = journal.relative(&recorded::private(journal)).join(FILE).display().to_string();
    let mut found = record.map(|r| r.secrets()).transpose()?.unwrap_or_default();
    found.iter_mut().for_each(|f| f.place = format!("{file}: {}", f.place));
    Ok(found)
}

fn in_private(context: &Context, journal: &Journal) -> anyhow::Result<Vec<Finding>> {
    let store = Store::new(&journal.root, context.now);
    let mut found = Vec::new();
    for (path, text) in store.private_texts()? {
        let path = journal.relative(&path).display().to_string();
        found.extend(findings(&path, &text));
    }
    Ok(found)
}

/// The secrets of a file, by line.
fn findings(path: &str, text: &str) -> impl Iterator<Item = Finding> {
    in_text(text).into_iter().map(move |(line, kind)| Finding { place: format!("{path}:{line}"), kind })
}

fn in_logs(context: &Context, journal: &Journal) -> anyhow::Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut notices = Vec::new();
    for log in journal.logs(Place::Archived)? {
        match log.read() {
            Ok(text) => {
                let path = journal.relative(&log.path).display().to_string();
                let path = log.member.as_ref().map_or(path.clone(), |member| format!("{path}!{member}"));
                found.extend(findings(&path, &text));
            }
            Err(error) => notices.push(format!("passed over: {error}")),
        }
    }
    notices.extend(journal.notices());
    context.notices(notices);
    found.sort();
    Ok(found)
}

fn apply(context: &Context, journal: &Journal, logs: &[Finding]) -> anyhow::Result<Ended> {
    let record = recorded::find(context, journal)?;
    let texts = record.map(|r| r.scrub()).transpose()?.unwrap_or_default();
    let store = Store::new(&journal.root, context.now);
    let private = recorded::private(journal);
    let mut files = record::sweep(&private)?;
    if private.is_dir() {
        let clean = |text: &str| match redact::redact(text) {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(clean) => Some(clean),
        };
        let lock = store.lock()?;
        files.extend(store.scrub(&lock, &clean)?);
        // The index is a cache of all that was stored; it is made anew.
        let index = private.join("index");
        if index.is_dir() {
            std::fs::remove_dir_all(&index).map_err(shiftlog::journal::Error::io("remove the index", &index))?;
        }
    }
    let files: Vec<String> = files.iter().map(|f| journal.relative(f).display().to_string()).collect();
    if context.ui.json {
        context.ui.answer(json!({"action": "apply", "texts": texts, "files": files, "logs": logs}))?;
    } else {
        files.iter().try_for_each(|file| context.ui.data(visible(file)))?;
        context.ui.say(format_args!("{texts} texts of the record and {} were redacted", counted(files.len())));
        mine(context, logs);
    }
    Ok(Ended::Done)
}
