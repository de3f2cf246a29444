//! `shiftlog conversation export`.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use shiftlog::journal::Error;
use shiftlog::record::conversation::Conversation;
use shiftlog::record::{Record, exchange, new_private};

use super::list::FilterArgs;
use crate::cli::context::Context;
use crate::cli::recorded;
use crate::cli::ui::{Ended, number};

/// Give conversations back as JSON Lines or Markdown
///
/// All of them, those that a filter leaves, or those named, in the order in which they began. `conversation import` reads the
/// JSON Lines.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Conversations [default: all]
    id: Vec<String>,
    /// Form
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// File to write, which must not be there yet [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Markdown,
}

pub(crate) fn run(context: &Context, args: &ExportArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let record = recorded::find(context, &journal)?;
    let mut found = Vec::new();
    // One state of the record, whatever others do while it is written out.
    let _snapshot = record.as_ref().map(Record::snapshot).transpose()?;
    if let Some(record) = &record {
        let filter = args.filter.filter(context)?;
        found = if args.id.is_empty() { record.conversations(&filter)? } else { named(record, &args.id)? };
    } else if let Some(name) = args.id.first() {
        return Err(recorded::none(name).into());
    }
    found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    found.dedup_by(|a, b| a.id == b.id);
    match (&args.output, &record) {
        (Some(path), record) => to_file(context, args.format, path, record.as_ref(), &found)?,
        (None, Some(record)) if std::io::stdout().is_terminal() => {
            let mut text = Vec::new();
            write(args.format, record, &found, &mut text)?;
            context.ui.foreign(&String::from_utf8_lossy(&text))?;
        }
        (None, Some(record)) => write(args.format, record, &found, &mut std::io::stdout().lock())?,
        (None, None) => {}
    }
    Ok(if found.is_empty() && args.filter.is_given() { Ended::Nothing } else { Ended::Done })
}

fn named(record: &Record, names: &[String]) -> anyhow::Result<Vec<Conversation>> {
    Ok(names.iter().map(|name| record.resolve(name)).collect::<Result<_, _>>()?)
}

fn to_file(context: &Context, format: Format, path: &Path, record: Option<&Record>, found: &[Conversation]) -> anyhow::Result<()> {
    let path = context.cwd.join(path);
    let file = new_private(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::refused("exists", format!("{} exists already", path.display()), "name a file that is not there yet")
        }
        _ => Error::io("write the export", &path)(e),
    })?;
    let mut out = BufWriter::new(file);
    let written = record.map_or(Ok(()), |record| write(format, record, found, &mut out)).and_then(|()| {
        let file = out.into_inner().map_err(|e| Error::io("write the export", &path)(e.into_error()))?;
        Ok(file.sync_all().map_err(Error::io("write the export", &path))?)
    });
    written.inspect_err(|_| drop(std::fs::remove_file(&path)))?;
    if context.ui.json {
        return context.ui.answer(json!({"action": "export", "conversations": found.len(), "path": path}));
    }
    context.ui.say(format_args!("exported {}: {}", number(found.len() as u64, "conversation"), path.display()));
    Ok(())
}

fn write(format: Format, record: &Record, found: &[Conversation], out: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        Format::Jsonl => exchange::export(record, found, &mut BufWriter::new(out)).map_err(unwrapped),
        Format::Markdown => {
            for (index, conversation) in found.iter().enumerate() {
                let between = if index > 0 { "\n" } else { "" };
                write!(out, "{between}{}", exchange::markdown(record, conversation)?)?;
            }
            Ok(())
        }
    }
}

/// A reader that went away is no failure.
fn unwrapped(error: shiftlog::record::Error) -> anyhow::Error {
    match error {
        shiftlog::record::Error::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => source.into(),
        other => other.into(),
    }
}
