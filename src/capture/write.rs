//! Bringing a log up to date with what is wanted there: what capture wrote is changed while nobody else did; what a person changed
//! or removed is theirs.

use std::collections::{HashMap, HashSet};

use super::entries::Wanted;
use crate::journal::Result;
use crate::journal::carry::mark;
use crate::journal::complete::Spot;
use crate::journal::edit::Editor;
use crate::journal::outline::{Entry, Form, Outline};
use crate::record::captured::Row;

/// A log's text as it is to be, and what capture wrote in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The whole text.
    pub text: String,
    /// What stands in it of capture's.
    pub rows: Vec<Row>,
    /// Keys of rows that are no more.
    pub gone: Vec<String>,
    /// Items that were carried into the log and are done now, as `SECTION:N`.
    pub completed: Vec<String>,
}

/// The entries that stand in a log, by the lines that hold them.
fn standings(editor: &Editor<'_>, text: &str) -> HashSet<String> {
    let outline = Outline::parse(text);
    let numbered = outline.numbered(editor.profile, editor.placeholders).into_iter();
    numbered.filter(|(n, entry)| *n > 0 && !entry.placeholder).map(|(_, entry)| standing(&outline, &entry)).collect()
}

/// Where an entry stands that is these lines.
fn spot(editor: &Editor<'_>, text: &str, lines: &str) -> Option<(Spot, Form, bool)> {
    let section = lines.split_once(": ")?.0;
    let outline = Outline::parse(text);
    let numbered = outline.numbered_in(editor.profile, editor.placeholders, section).into_iter();
    let mut found = numbered.filter(|(n, entry)| *n > 0 && !entry.placeholder && standing(&outline, entry) == lines);
    found.next_back().map(|(n, entry)| (Spot { section: entry.section.clone(), n }, entry.form, entry.is_open()))
}

/// An entry as it stands in a log: its section, and its lines.
pub fn standing(outline: &Outline<'_>, entry: &Entry) -> String {
    format!("{}: {}", entry.section, outline.range_text(&entry.lines).trim_end())
}

/// Makes a log say what is wanted. What has gone from turns that were told anew is dropped.
///
/// # Errors
/// As [`Editor::add`] and [`Editor::edit_entry`].
pub fn bring(editor: &Editor<'_>, text: &str, rows: &[Row], wanted: &[Wanted], fresh: &HashSet<String>) -> Result<Brought> {
    let mut brought = Brought { text: text.to_string(), rows: Vec::new(), gone: Vec::new(), completed: Vec::new() };
    let there = standings(editor, text);
    for row in rows {
        let mut row = row.clone();
        row.settle(|text| there.contains(text));
        if row.text.is_some() {
            brought.rows.push(row);
        }
    }
    let mut places: HashMap<String, usize> = brought.rows.iter().enumerate().map(|(at, row)| (row.key.clone(), at)).collect();
    for wanted in wanted {
        match places.get(&wanted.key) {
            Some(at) if brought.rows[*at].theirs && wanted.done && brought.rows[*at].hash != wanted.hash() => {
                brought.complete(editor, *at, wanted)?;
            }
            Some(at) if brought.rows[*at].theirs || brought.rows[*at].hash == wanted.hash() => {}
            Some(at) => brought.change(editor, *at, wanted)?,
            None => {
                brought.add(editor, wanted)?;
                // It has a row only where it can be found again.
                if brought.rows.last().is_some_and(|row| row.key == wanted.key) {
                    places.insert(wanted.key.clone(), brought.rows.len() - 1);
                }
            }
        }
    }
    let keys: HashSet<&str> = wanted.iter().map(|wanted| wanted.key.as_str()).collect();
    let stale: Vec<Row> =
        brought.rows.iter().filter(|row| !keys.contains(row.key.as_str()) && fresh.contains(&row.turn)).cloned().collect();
    for row in stale.iter().filter(|row| !row.theirs) {
        let Some((spot, ..)) = row.text.as_deref().and_then(|text| spot(editor, &brought.text, text)) else { continue };
        if let Some(text) = editor.drop_entry(&brought.text, &spot)?.text {
            brought.text = text;
        }
        brought.rows.retain(|other| other.key != row.key);
        brought.gone.push(row.key.clone());
    }
    Ok(brought)
}

impl Brought {
    fn add(&mut self, editor: &Editor<'_>, wanted: &Wanted) -> Result<()> {
        let edited = editor.add(&self.text, &wanted.entry)?;
        let spot = edited.outcome.entry.clone();
        // Somebody else's words say it already.
        let theirs = edited.text.is_none();
        if let Some(text) = edited.text {
            self.text = text;
            if wanted.done {
                self.text = editor.done(&self.text, &spot, None)?.text.unwrap_or_else(|| self.text.clone());
            }
        }
        let Some(spot) = Spot::parse(&spot) else { return Ok(()) };
        let text = self.at(editor, &spot);
        self.rows.push(Row { key: wanted.key.clone(), turn: wanted.turn.clone(), text, next: None, hash: wanted.hash(), theirs });
        if theirs && wanted.done { self.complete(editor, self.rows.len() - 1, wanted) } else { Ok(()) }
    }

    /// What was carried into the log is done once the agent says so; whatever else a person wrote is theirs to tick.
    fn complete(&mut self, editor: &Editor<'_>, at: usize, wanted: &Wanted) -> Result<()> {
        self.rows[at].hash = wanted.hash();
        let carried = self.rows[at].text.as_deref().filter(|text| mark(text).is_some());
        let Some((spot, _, true)) = carried.and_then(|text| spot(editor, &self.text, text)) else { return Ok(()) };
        if let Some(text) = editor.done(&self.text, &spot.to_string(), None)?.text {
            self.text = text;
            self.completed.push(spot.to_string());
            self.rows[at].text = self.at(editor, &spot);
        }
        Ok(())
    }

    fn change(&mut self, editor: &Editor<'_>, at: usize, wanted: &Wanted) -> Result<()> {
        let found = self.rows[at].text.as_deref().and_then(|text| spot(editor, &self.text, text));
        let Some((spot, form, open)) = found else { return Ok(()) };
        if form == Form::Block {
            // Lines that it did not have yet.
            self.text = editor.add(&self.text, &wanted.entry)?.text.unwrap_or_else(|| self.text.clone());
        }
        let is_line = form == Form::Line;
        // The words of a task are its key: only whether it is done can change.
        if is_line || wanted.entry.kind != "next" {
            self.text = editor.edit_entry(&self.text, &spot, &wanted.entry, is_line)?.text.unwrap_or_else(|| self.text.clone());
        }
        if wanted.done && open {
            self.text = editor.done(&self.text, &spot.to_string(), None)?.text.unwrap_or_else(|| self.text.clone());
        }
        let text = self.at(editor, &spot);
        let row = &mut self.rows[at];
        (row.text, row.hash) = (text, wanted.hash());
        row.turn.clone_from(&wanted.turn);
        Ok(())
    }

    fn at(&self, editor: &Editor<'_>, spot: &Spot) -> Option<String> {
        let outline = Outline::parse(&self.text);
        editor.at(&outline, spot).ok().map(|(_, entry)| standing(&outline, &entry))
    }
}
