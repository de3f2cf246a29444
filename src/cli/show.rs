//! `shiftlog show`: a log with its entries numbered.

use std::collections::{HashMap, HashSet};

use clap::Args;
use serde_json::{Value, json};
use shiftlog::agents::AGENTS;
use shiftlog::capture::write::standing;
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
    /// Say which turn of a conversation each captured entry goes back to
    #[arg(long, conflicts_with = "raw")]
    trace: bool,
}

/// Conversation and turn that entries go back to, by section and number.
type Traces = HashMap<(String, usize), (String, i64)>;

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
    let traces = if args.trace { traces(context, &journal, &log, &outline, &entries)? } else { Traces::new() };
    let shown = Shows { journal: &journal, log: &log, text: &text, outline: &outline, entries: &entries, traces: &traces };
    if context.ui.json {
        context.ui.answer(shown.answer(args.raw.then_some(raw)))?;
    } else {
        context.ui.data(shown.print(section.as_ref()).trim_end())?;
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

/// Which turns entries go back to, of those that capture wrote and nobody has changed since.
fn traces(context: &Context, journal: &Journal, log: &Log, outline: &Outline, entries: &[(usize, Entry)]) -> anyhow::Result<Traces> {
    let mut traces = Traces::new();
    let Some(record) = super::recorded::find(context, journal)? else { return Ok(traces) };
    let rows = record.captured(&log.id)?;
    let turns: HashMap<&str, &str> = rows.iter().filter_map(|row| Some((row.text.as_deref()?, row.turn.as_str()))).collect();
    for (n, entry) in entries.iter().filter(|(n, _)| *n > 0) {
        let Some(turn) = turns.get(standing(outline, entry).as_str()) else { continue };
        let agents = AGENTS.iter().map(|agent| Some(agent.name())).chain([None]);
        let found = agents.filter_map(|agent| record.traced(agent, turn).transpose()).next().transpose()?;
        traces.extend(found.map(|place| ((entry.section.clone(), *n), place)));
    }
    Ok(traces)
}

/// What is shown of a log.
struct Shows<'s> {
    journal: &'s Journal,
    log: &'s Log,
    text: &'s str,
    outline: &'s Outline<'s>,
    entries: &'s [(usize, Entry)],
    traces: &'s Traces,
}

impl Shows<'_> {
    fn answer(&self, raw: Option<&str>) -> Value {
        let listed = self.entries.iter().filter(|(n, _)| *n > 0).map(|(n, e)| {
            let mut entry = json!({
                "entry": format!("{}:{n}", e.section), "section": e.section, "part": e.part, "n": n, "text": e.text,
                "task": e.task.map(|t| match t { ' ' => "open", 'x' | 'X' => "done", _ => "other" }),
                "line": e.lines.start + 1, "markdown": self.outline.range_text(&e.whole),
            });
            if let Some((conversation, turn)) = self.traces.get(&(e.section.clone(), *n)) {
                entry["trace"] = json!({"conversation": conversation, "turn": turn});
            }
            entry
        });
        let mut answer = json!({"session": self.log.summarize(self.text, &self.journal.root), "entries": listed.collect::<Vec<_>>()});
        if let Some(raw) = raw {
            answer["text"] = raw.into();
        }
        answer
    }

    fn print(&self, section: Option<&Section>) -> String {
        let Shows { journal, log, text, outline, entries, traces } = self;
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
                Some(entry) => {
                    out.push_str(&format!("{}  {line}", faint(&format!("{:>width$}", label(entry)))));
                    if let Some((conversation, turn)) = traces.get(&(entry.1.section.clone(), entry.0)) {
                        out.push_str(&faint(&format!("  ← {conversation} turn {turn}")).to_string());
                    }
                }
                None => out.push_str(&format!("{:>width$}  {line}", "")),
            }
            out.push('\n');
        }
        out
    }
}
