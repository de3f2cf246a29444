//! `shiftlog edit`: write one entry anew.

use clap::Args;
use shiftlog::journal::carry;
use shiftlog::journal::change;
use shiftlog::journal::complete::Spot;
use shiftlog::journal::entry::NewEntry;
use shiftlog::journal::outline::Outline;

use super::context::Context;
use super::show::{self, Shown};
use super::ui::Ended;
use super::write::{self, WriteArgs};

/// Write an entry anew, keeping its marker, box and number
///
/// Refused if the entry is not the one that `show` last printed there.
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// SECTION:N as `show` prints it
    #[arg(value_name = "SECTION:N")]
    entry: String,
    /// New text; `-` reads it from standard input
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
    /// Reason of a decision, or of a relation
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Any other field of the entry's kind
    #[arg(long, value_name = "NAME=VALUE")]
    field: Vec<String>,
    /// Take TEXT as Markdown, not as the text of the entry's kind
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    write: WriteArgs,
}

pub(crate) fn run(context: &Context, args: &EditArgs) -> anyhow::Result<Ended> {
    let spot = spot(&args.entry)?;
    let mut entry = NewEntry::new("", &write::text_of(&args.text)?);
    entry = entry.with("why", args.why.as_deref().unwrap_or_default());
    for field in &args.field {
        let (name, value) = write::pair(field, "NAME=VALUE", "--field NAME=VALUE")?;
        entry = entry.with(name, value);
    }
    let journal = context.journal()?;
    let log = context.log(&journal, args.write.session.as_deref())?;
    let shown = Shown::read(&journal.root, &log.id);
    let change = write::change_log(context, &journal, log, args.write.dry_run, &mut |editor, text| {
        let outline = Outline::parse(text);
        let (_, old) = editor.at(&outline, &spot)?;
        shown.check(&outline, &spot, &old)?;
        let edited = editor.edit_entry(text, &spot, &carried(&entry, &old.text, args.raw), args.raw)?;
        let Some(new) = edited.text else { return Ok((None, vec![edited.outcome], false)) };
        let now = Outline::parse(&new);
        let substantive =
            editor.at(&now, &spot).is_ok_and(|(_, e)| !change::is_cosmetic(outline.range_text(&old.lines), now.range_text(&e.lines)));
        Ok((Some(new), vec![edited.outcome], substantive))
    })?;
    if change.written.changed && !args.write.dry_run {
        show::remember_entry(context, &journal, &change, &spot);
    }
    write::report(context, &journal, "edit", args.write.dry_run, &change)
}

/// An item that was carried here keeps saying where it comes from.
fn carried(new: &NewEntry, old: &str, raw: bool) -> NewEntry {
    let mut new = new.clone();
    if let Some(mark) = carry::mark(old).filter(|_| !raw && carry::mark(&new.text).is_none()) {
        let end = new.text.find('\n').unwrap_or(new.text.len());
        new.text.insert_str(end, &old[mark.range]);
    }
    new
}

/// Reads `SECTION:N`.
pub(crate) fn spot(text: &str) -> anyhow::Result<Spot> {
    Ok(Spot::parse(text).ok_or_else(|| {
        shiftlog::journal::Error::refused(
            "usage",
            format!("`{text}` is not SECTION:N"),
            "write for example `decisions:2`, as `shiftlog show` prints it",
        )
    })?)
}
