//! `shiftlog backup`: a journal into one file, and back.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use shiftlog::journal::store::{PRIVATE, Store};
use shiftlog::journal::{Journal, backup};
use shiftlog::record::{self, FILE};

use super::context::Context;
use super::recorded;
use super::ui::{Ended, counted, size, visible};

/// Write everything that cannot be rebuilt into one file, or bring it back
///
/// The file is a zip of the journal's logs, archives and templates, of shiftlog.toml and of .shiftlog/, with the record. It is read back
/// before it gets its name. Nothing is ever overwritten, neither by a backup nor by --restore.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// File to write, or to restore from
    file: PathBuf,
    /// Bring back what FILE holds, into --journal DIR or here; files that are there with the same bytes are left
    #[arg(long)]
    restore: bool,
    /// Say what --restore would bring back and write nothing
    #[arg(short = 'n', long, requires = "restore")]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &BackupArgs) -> anyhow::Result<Ended> {
    let file = std::path::absolute(context.cwd.join(&args.file))?;
    if args.restore { restore(context, &file, args.dry_run) } else { write(context, &file) }
}

fn write(context: &Context, file: &Path) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let store = Store::new(&journal.root, context.now);
    let copy = copy_of_record(context, &journal)?;
    let member = format!("{PRIVATE}/{FILE}");
    let copies: Vec<(String, PathBuf)> = copy.iter().map(|(path, _)| (member.clone(), path.clone())).collect();
    let written = backup::write(&journal, &store, file, &copies, context.now);
    let _ = copy.map(|(path, _held)| std::fs::remove_file(path));
    let written = written?;
    let mut notices = store.notices();
    notices.extend(written.notices);
    let notices = context.notices(notices);
    let shown = file.display().to_string();
    if context.ui.json {
        let answer = json!({"action": "backup", "file": shown, "files": written.files, "bytes": written.bytes, "notices": notices});
        context.ui.answer(answer)?;
    }
    context.ui.say(format_args!("backed up {}, {}: {shown}", counted(written.files), size(written.bytes)));
    Ok(Ended::Done)
}

/// A consistent copy of the record, beside it; what a killed backup left there goes.
fn copy_of_record(context: &Context, journal: &Journal) -> anyhow::Result<Option<(PathBuf, File)>> {
    let Some(record) = recorded::find(context, journal)? else { return Ok(None) };
    let private = recorded::private(journal);
    record::sweep(&private)?;
    let copy = private.join(format!("{FILE}.{}.temp", std::process::id()));
    let held = record.copy_to(&copy).inspect_err(|_| drop(std::fs::remove_file(&copy)))?;
    Ok(Some((copy, held)))
}

fn restore(context: &Context, file: &Path, dry_run: bool) -> anyhow::Result<Ended> {
    let root = std::path::absolute(context.here())?;
    let store = Store::new(&root, context.now);
    let restored = backup::restore(&root, &store, file, dry_run)?;
    if !dry_run {
        context.register(&root);
    }
    let notices = context.notices(store.notices());
    let shown = root.display().to_string();
    if context.ui.json {
        context.ui.answer(json!({
            "action": "restore-backup", "journal": shown, "restored": restored.restored, "unchanged": restored.unchanged,
            "dry_run": dry_run, "notices": notices,
        }))?;
        return Ok(Ended::Done);
    }
    if dry_run {
        restored.restored.iter().try_for_each(|name| context.ui.data(visible(name)))?;
    }
    let files = restored.restored.iter().filter(|name| !name.ends_with('/')).count();
    let would = if dry_run { "would restore" } else { "restored" };
    let there = if restored.unchanged > 0 { format!(", {} there already", counted(restored.unchanged)) } else { String::new() };
    context.ui.say(format_args!("{would} {}{there}: {shown}", counted(files)));
    Ok(Ended::Done)
}
