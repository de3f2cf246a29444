//! `shiftlog show`: a log with its entries numbered.

use std::collections::{HashMap, HashSet};

use clap::Args;
use serde_json::{Value, json};
use shiftlog::journal::complete::Spot;
use shiftlog::journal::outline::{Entry, Outline, Section};
pub(crate) use shiftlog::journal::shown::Shown;
use shiftlog::journal::store::Store;
use shiftlog::journal::{Error, Journal, Log};

use super::context::Context;
use super::ui::{Ended, bold, faint, visible};
use super::write::Change;

/// Show a log with its entries numbered
///
/// The numbers are those that `edit`, `drop` and `done` take.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Log: id, unique prefix, path, or `@` for the newest
    log: Option<String>,
    /// The same, as other commands take it
    #[arg(short, long, value_name = "LOG", conflicts_with = "log")]
    session: Option<String>,
    /// Only the section with this key
    #[arg(long, value_name = "KEY")]
    section: Option<String>,
    /// The bytes of the file (or section) as they are
    #[arg(long)]
    raw: bool,
}

pub(crate) fn run(context: &Context, args: &ShowArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let log = context.log(&journal, args.log.as_deref().or(args.session.as_deref()))?;
    if args.raw && args.section.is_none() && log.member.is_none() && !context.ui.json {
        let bytes = std::fs::read(&log.path).map_err(Error::io("read log", &log.path))?;
        context.ui.raw(&bytes)?;
        return Ok(Ended::Done);
    }
    let text = log.read()?;
    let outline = Outline::parse(&text);
    let placeholders = journal.placeholders(&log.profile)?;
    let section = args.section.as_deref().map(|key| chosen(&outline, &log, key)).transpose()?;
    let raw = {
        let lines = section.as_ref().map_or(0..outline.lines.len(), |s| lines_of(&outline, s));
        let end = lines.end.checked_sub(1).map_or(0, |n| outline.lines[n].next);
        &text[outline.lines.get(lines.start).filter(|_| section.is_some()).map_or(0, |l| l.start)..end]
    };
    if args.raw && !context.ui.json {
        context.ui.raw(raw.as_bytes())?;
        return Ok(Ended::Done);
    }
    let entries: Vec<(usize, Entry)> = outline.numbered(&log.profile, &placeholders);
    let wanted = |e: &Entry| section.as_ref().is_none_or(|s| s.key.as_deref() == Some(&e.section));
    let entries: Vec<(usize, Entry)> = entries.into_iter().filter(|(_, e)| wanted(e)).collect();
    if context.ui.json {
        context.ui.answer(answer(&journal, &log, &text, &outline, &entries, args.raw.then_some(raw)))?;
    } else {
        print(context, &journal, &log, &text, &outline, &entries, section.as_ref())?;
    }
    remember(&journal, context, &log, &outline, &entries);
    Ok(Ended::Done)
}

fn chosen(outline: &Outline, log: &Log, key: &str) -> Result<Section, Error> {
    if !log.profile.sections.iter().any(|k| k == key) {
        return Err(Error::Unknown { what: "section", given: key.to_string(), known: log.profile.sections.clone() });
    }
    let known = || outline.sections(&log.profile).into_iter().filter_map(|s| s.key).collect();
    outline.section(&log.profile, key).ok_or_else(|| Error::EntryNotFound { what: "section", name: key.to_string(), candidates: known() })
}

fn lines_of(outline: &Outline, section: &Section) -> std::ops::Range<usize> {
    let end = outline.blocks.get(section.blocks.end).map_or(outline.lines.len(), |b| b.lines.start);
    section.heading..end
}

/// Entries of zips are not remembered: they cannot be edited.
fn remember(journal: &Journal, context: &Context, log: &Log, outline: &Outline, entries: &[(usize, Entry)]) {
    if log.writable().is_err() {
        return;
    }
    let private = journal.root.join(shiftlog::journal::store::PRIVATE);
    if !private.is_dir() && Store::new(&journal.root, context.now).make_private(&private).is_err() {
        return;
    }
    let mut shown = Shown::read(&journal.root, &log.id);
    shown.note(outline, entries.iter().filter(|(n, _)| *n > 0).map(|(n, e)| (*n, e)));
    shown.write(&journal.root, &log.id);
}

/// After an edit, the person knows what stands there.
pub(crate) fn remember_entry(context: &Context, journal: &Journal, change: &Change, spot: &Spot) {
    let outline = Outline::parse(&change.written.after);
    let placeholders = journal.placeholders(&change.log.profile).unwrap_or_default();
    let entries: Vec<(usize, Entry)> = outline.numbered(&change.log.profile, &placeholders);
    let here: Vec<(usize, Entry)> = entries.into_iter().filter(|(n, e)| *n == spot.n && e.section == spot.section).collect();
    remember(journal, context, &change.log, &outline, &here);
}

fn answer(journal: &Journal, log: &Log, text: &str, outline: &Outline, entries: &[(usize, Entry)], raw: Option<&str>) -> Value {
    let listed = entries.iter().filter(|(n, _)| *n > 0).map(|(n, e)| {
        json!({
            "entry": format!("{}:{n}", e.section), "section": e.section, "part": e.part, "n": n, "text": e.text,
            "task": e.task.map(|t| match t { ' ' => "open", 'x' | 'X' => "done", _ => "other" }),
            "line": e.lines.start + 1, "markdown": outline.range_text(&e.whole),
        })
    });
    let mut answer = json!({"session": log.summarize(text, &journal.root), "entries": listed.collect::<Vec<_>>()});
    if let Some(raw) = raw {
        answer["text"] = raw.into();
    }
    answer
}

fn print(
    context: &Context,
    journal: &Journal,
    log: &Log,
    text: &str,
    outline: &Outline,
    entries: &[(usize, Entry)],
    section: Option<&Section>,
) -> anyhow::Result<()> {
    let summary = log.summarize(text, &journal.root);
    let mut out = String::new();
    if section.is_none() {
        out.push_str(&format!("{}\n", bold(&visible(&summary.title))));
        let updated = summary.last_updated.map_or(String::new(), |t| format!(" · updated {}", super::when::local(t)));
        out.push_str(&format!("{}{updated} · {}\n\n", visible(&summary.status), visible(&summary.path)));
        if let Some(problem) = &summary.problem {
            out.push_str(&format!("broken frontmatter: {}\n\n", visible(problem)));
        }
    }
    let lines = section.map_or(outline.body..outline.lines.len(), |s| lines_of(outline, s));
    let label = |(n, e): &(usize, Entry)| format!("{}:{n}", e.section);
    let width = entries.iter().filter(|(n, _)| *n > 0).map(|e| label(e).len()).max().unwrap_or(0);
    let left: HashSet<usize> = entries.iter().filter(|(m, _)| *m == 0).flat_map(|(_, e)| e.whole.clone()).collect();
    let starting: HashMap<usize, &(usize, Entry)> = entries.iter().filter(|(m, _)| *m > 0).map(|e| (e.1.lines.start, e)).collect();
    let mut blank = true;
    for n in lines.filter(|n| !left.contains(n)) {
        // What templates left is not shown, nor the blank lines around it.
        if outline.is_blank(n) && blank {
            continue;
        }
        blank = outline.is_blank(n);
        let line = visible(outline.line(n));
        match starting.get(&n) {
            _ if blank => {}
            Some(entry) => out.push_str(&format!("{}  {line}", faint(&format!("{:>width$}", label(entry))))),
            None => out.push_str(&format!("{:>width$}  {line}", "")),
        }
        out.push('\n');
    }
    context.ui.data(out.trim_end())
}
