//! `shiftlog doctor`: whether the record is sound, and what to do.

use std::path::Path;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use shiftlog::journal::Journal;
use shiftlog::record::check::Health;
use shiftlog::record::{self, FILE, Record, spool};

use super::context::Context;
use super::ui::{Ended, number, size, visible};
use super::{recorded, retention};

/// Check the record: its integrity, schema, counts, spool, permissions and sizes
///
/// Says what to do about each finding. --fix mends what is safe to mend: counts, permissions, turns that wait, summaries that
/// are due. A damaged record is never touched.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Mend what is safe to mend
    #[arg(long)]
    fix: bool,
    /// Instead, count the conversations that only the record still holds, and those that agents delete soon
    #[arg(long, conflicts_with = "fix")]
    retention: bool,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize)]
struct Problem {
    kind: &'static str,
    message: String,
    remedy: String,
}

/// What was found.
#[derive(Default)]
struct Findings {
    problems: Vec<Problem>,
    mended: Vec<String>,
    damaged: bool,
}

impl Findings {
    fn add(&mut self, kind: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem { kind, message: message.into(), remedy: remedy.into() });
    }
}

const FIX: &str = "`shiftlog doctor --fix` mends that";

pub(crate) fn run(context: &Context, args: &DoctorArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    if args.retention {
        return retention::run(context, &journal);
    }
    let private = recorded::private(&journal);
    let mut findings = Findings::default();
    waiting(context, &journal, args.fix, &mut findings)?;
    let health = match Record::find(&private, recorded::settings(&journal)) {
        Ok(Some(record)) => check(context, &journal, &record, args.fix, &mut findings)?,
        Ok(None) => None,
        Err(error @ (record::Error::Damaged { .. } | record::Error::Newer { .. })) => {
            findings.damaged = true;
            findings.add(error.kind(), error.to_string(), error.hint().unwrap_or_default());
            None
        }
        Err(error) => return Err(error.into()),
    };
    permissions(&journal, &private, args.fix, &mut findings)?;
    if args.fix {
        let swept = record::sweep(&private)?;
        findings.mended.extend(swept.iter().map(|f| format!("removed {}, which a killed process left", journal.relative(f).display())));
    }
    let left = record::leftovers(&private)?;
    if let Some(first) = left.first() {
        let message = format!(
            "{} of the record that killed processes left, the first {}",
            number(left.len() as u64, "file"),
            journal.relative(first).display()
        );
        findings.add("leftovers", message, FIX);
    }
    print(context, &private, health.as_ref(), &findings)?;
    match (findings.damaged, findings.problems.is_empty()) {
        // Damage is an error, and was printed as what it is.
        (true, _) => Ok(Ended::Damaged),
        (false, true) => Ok(Ended::Done),
        (false, false) => Ok(Ended::Nothing),
    }
}

fn waiting(context: &Context, journal: &Journal, fix: bool, findings: &mut Findings) -> anyhow::Result<()> {
    let private = recorded::private(journal);
    let before = spool::waiting(&private)?.len();
    if before > 0 && fix && recorded::open(context, journal).is_ok() {
        let left = spool::waiting(&private)?.len();
        if before > left {
            findings.mended.push(format!("{} that waited were recorded", number((before - left) as u64, "turn")));
        }
    }
    let left = spool::waiting(&private)?;
    if let Some(first) = left.first() {
        let remedy = "the next command that writes takes them in; what is no turn there is yours to look at";
        let message = format!("{} turns wait to be recorded, the first in {}", left.len(), journal.relative(first).display());
        findings.add("spool", message, remedy);
    }
    Ok(())
}

fn check(context: &Context, journal: &Journal, record: &Record, fix: bool, findings: &mut Findings) -> anyhow::Result<Option<Health>> {
    let mut health = match record.check() {
        Err(error @ record::Error::Damaged { .. }) => {
            findings.damaged = true;
            findings.add(error.kind(), error.to_string(), error.hint().unwrap_or_default());
            return Ok(None);
        }
        health => health?,
    };
    if fix && health.damage.is_empty() {
        let counted = record.recount()?;
        if counted > 0 {
            findings.mended.push(format!("the turns of {counted} conversations were counted anew"));
        }
        findings.mended.extend(recorded::settle(context, journal, record)?);
        health = record.check()?;
    }
    for damage in &health.damage {
        findings.damaged = true;
        let remedy = "save what can be read with `shiftlog conversation export`; move record.db, record.db-wal and record.db-shm away \
                      and keep them; then bring a backup back with `shiftlog backup --restore`";
        findings.add("record-damaged", format!("{damage}: {}", journal.relative(record.path()).display()), remedy);
    }
    if !health.miscounted.is_empty() {
        findings.add("counts", format!("counts that do not agree with the turns: {}", health.miscounted.join(", ")), FIX);
    }
    if health.orphaned_turns > 0 || health.orphaned_actions > 0 {
        let message = format!("{} turns without a conversation, {} actions without a turn", health.orphaned_turns, health.orphaned_actions);
        findings.add("orphans", message, "another program wrote into the record; they are kept, and found by no command");
    }
    if !health.altered.is_empty() {
        let message = format!("the schema was altered: {}", health.altered.join(", "));
        findings.add(
            "schema",
            message,
            "another program did that: some commands may fail; bring a backup back, or export and import into a new journal",
        );
    }
    if !health.due.is_empty() {
        findings.add("summaries", format!("summaries that do not stand in their log yet: {}", health.due.join(", ")), FIX);
    }
    Ok(Some(health))
}

#[cfg(unix)]
fn permissions(journal: &Journal, private: &Path, fix: bool, findings: &mut Findings) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let files = ["", FILE, "record.db-wal", "record.db-shm"];
    for (path, most) in files.iter().map(|name| (private.join(name), if name.starts_with(FILE) { 0o600 } else { 0o700 })) {
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 == 0 {
            continue;
        }
        let shown = journal.relative(&path).display().to_string();
        if fix {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode & most))
                .map_err(shiftlog::journal::Error::io("protect", &path))?;
            findings.mended.push(format!("{shown} is readable by its owner only"));
        } else {
            findings.add("permissions", format!("others can read {shown} (mode {mode:o})"), FIX);
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn permissions(_: &Journal, _: &Path, _: bool, _: &mut Findings) -> anyhow::Result<()> {
    Ok(())
}

fn print(context: &Context, private: &Path, health: Option<&Health>, findings: &Findings) -> anyhow::Result<()> {
    let bytes = |name: &str| {
        let below = walkdir::WalkDir::new(private.join(name)).into_iter().flatten();
        below.filter_map(|e| e.metadata().ok()).filter(std::fs::Metadata::is_file).map(|m| m.len()).sum::<u64>()
    };
    let record = bytes(FILE) + bytes("record.db-wal");
    let sizes =
        [("record", record), ("index", bytes("index")), ("undo", bytes("undo")), ("trash", bytes("trash")), ("spool", bytes("spool"))];
    if context.ui.json {
        let sizes: serde_json::Map<String, serde_json::Value> = sizes.iter().map(|(n, b)| ((*n).to_string(), json!(b))).collect();
        return context.ui.answer(json!({
            "healthy": findings.problems.is_empty(), "problems": findings.problems, "mended": findings.mended, "record": health,
            "bytes": sizes,
        }));
    }
    let ui = &context.ui;
    match health {
        Some(h) => ui.data(format_args!(
            "record   version {}, {} conversations, {} turns, {} actions",
            h.version, h.conversations, h.turns, h.actions
        ))?,
        None if findings.problems.iter().any(|p| p.kind == "record-newer") => ui.data("record   of a newer version")?,
        None if findings.damaged => ui.data("record   damaged")?,
        None => ui.data("record   none yet")?,
    }
    let sizes: Vec<String> = sizes.iter().filter(|(_, b)| *b > 0).map(|(name, bytes)| format!("{name} {}", size(*bytes))).collect();
    if !sizes.is_empty() {
        ui.data(format_args!("sizes    {}", sizes.join(", ")))?;
    }
    for mended in &findings.mended {
        ui.data(visible(&format!("mended   {mended}")))?;
    }
    for problem in &findings.problems {
        ui.data(visible(&format!("problem  {}\n         {}", problem.message, problem.remedy)))?;
    }
    if findings.problems.is_empty() {
        ui.data("all is well")?;
    }
    Ok(())
}
