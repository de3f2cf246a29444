//! Completing, editing and dropping entries that are there.

use std::ops::Range;

use serde_yaml::Value;

use super::carry::{is_pending, words};
use super::change;
use super::edit::{Edited, Editor, Outcome, Splice, apply, removal, styled};
use super::entry::{NewEntry, clean, item_lines, number_of, title_of, wave_state};
use super::error::{Error, Result};
use super::frontmatter::{self, Properties};
use super::outline::{Entry, Form, Outline};

/// `SECTION:N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Key of the section, or `agents` for the list in the frontmatter.
    pub section: String,
    /// Number of the entry in it, from 1.
    pub n: usize,
}

impl Spot {
    /// Reads `SECTION:N`.
    pub fn parse(text: &str) -> Option<Spot> {
        let (section, n) = text.rsplit_once(':')?;
        let word = !section.is_empty() && section.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        n.parse().ok().filter(|n| word && *n > 0).map(|n| Spot { section: section.to_string(), n })
    }
}

impl std::fmt::Display for Spot {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.section, self.n)
    }
}

impl Editor<'_> {
    /// Ticks a task, completes a wave or a spawned agent; named by `SECTION:N` or by its text.
    ///
    /// # Errors
    /// [`Error::EntryNotFound`], [`Error::AmbiguousEntry`]; [`Error::Refused`] for entries that cannot be completed.
    pub fn done(&self, text: &str, target: &str, summary: Option<&str>) -> Result<Edited> {
        let properties = Properties::read(text, self.path)?;
        let outline = Outline::parse(text);
        let agents = self.agents(&properties);
        let spot = Spot::parse(target).filter(|s| s.section == "agents" || self.profile.sections.contains(&s.section));
        if let Some(spot) = &spot {
            if spot.section == "agents" && !self.profile.sections.contains(&spot.section) {
                let known = agents.len();
                return match agents.get(spot.n - 1) {
                    Some(_) => self.complete_agent(text, &properties, spot.n - 1, summary),
                    None => Err(Error::EntryNotFound {
                        what: "agent",
                        name: spot.to_string(),
                        candidates: (1..=known).map(|n| format!("agents:{n}")).collect(),
                    }),
                };
            }
            let (n, entry) = self.at(&outline, spot)?;
            return self.complete_entry(&outline, n, &entry);
        }
        let target = clean("text", target)?;
        let entries: Vec<(usize, Entry)> =
            self.entries(&outline).into_iter().filter(|(_, e)| !e.placeholder && self.completable(e)).collect();
        let named = |n: &usize, e: &Entry| format!("{}:{n} {}", e.section, e.text.lines().next().unwrap_or_default());
        let mut names: Vec<(Pick, String, String)> =
            entries.iter().enumerate().map(|(i, (n, e))| (Pick::Entry(i), words(&bare(e)).into_owned(), named(n, e))).collect();
        names.extend(
            agents.iter().enumerate().map(|(i, (agent, task))| (Pick::Agent(i), agent.clone(), format!("agents:{} {agent} {task}", i + 1))),
        );
        let picked = pick(&names, &target, |p| match p {
            Pick::Entry(i) => !self.is_done(&entries[*i].1),
            Pick::Agent(_) => true,
        });
        if matches!(picked, Err(Error::EntryNotFound { .. }))
            && let Some(edited) = nested(&outline, &entries, &target, false)
        {
            return edited;
        }
        match picked? {
            Pick::Entry(i) => self.complete_entry(&outline, entries[i].0, &entries[i].1),
            Pick::Agent(i) => self.complete_agent(text, &properties, i, summary),
        }
    }

    fn agents(&self, properties: &Properties) -> Vec<(String, String)> {
        let items = properties.get(&self.profile.keys.agents).and_then(Value::as_sequence);
        let get = |v: &Value, keys: [&str; 2]| keys.iter().find_map(|k| v.get(*k).and_then(frontmatter::plain_text)).unwrap_or_default();
        items.into_iter().flatten().map(|v| (get(v, ["agent", "type"]), get(v, ["task", "description"]))).collect()
    }

    fn completable(&self, entry: &Entry) -> bool {
        let kinds = self.profile.kind.values().filter(|k| k.section == entry.section);
        match entry.form {
            Form::Item => entry.task.is_some() || kinds.into_iter().any(|k| k.shape.starts_with("- [ ]")),
            Form::Block => self.profile.blocks_in(&entry.section).is_some_and(|k| k.container),
            _ => false,
        }
    }

    fn is_done(&self, entry: &Entry) -> bool {
        matches!(entry.task, Some('x' | 'X')) || (entry.form == Form::Block && wave_state(&entry.text) == Some("DONE"))
    }

    fn complete_entry(&self, outline: &Outline, n: usize, entry: &Entry) -> Result<Edited> {
        if !self.completable(entry) {
            return Err(Error::refused(
                "not-a-task",
                format!("{}:{n} is not a task", entry.section),
                "tasks, next items, criteria and waves can be completed",
            ));
        }
        let outcome =
            |action| Outcome { action, entry: format!("{}:{n}", entry.section), text: bare(entry), line: Some(entry.lines.start + 1) };
        if self.is_done(entry) {
            return Ok(Edited { text: None, outcome: outcome("unchanged") });
        }
        let splices = match entry.form {
            Form::Block => self.complete_wave(outline, entry),
            _ => vec![tick(outline, entry)],
        };
        let after = apply(outline.text, splices);
        let check = Outline::parse(&after);
        let done = self
            .entries(&check)
            .into_iter()
            .any(|(m, e)| m == n && e.section == entry.section && e.lines == entry.lines && self.is_done(&e));
        if !done {
            return Err(self.swallowed(outline));
        }
        Ok(Edited { text: Some(after), outcome: outcome("completed") })
    }

    /// A wave's heading says DONE; waves that were blocked by it become active.
    fn complete_wave(&self, outline: &Outline, wave: &Entry) -> Vec<Splice> {
        let mut splices = vec![state_splice(wave, "DONE")];
        let own = number_of(&wave.text);
        for (_, other) in self.entries(outline) {
            let waits = other.form == Form::Block && other.section == wave.section && wave_state(&other.text) == Some("blocked");
            let on = other.text.rsplit('(').next().unwrap_or_default();
            let by = on.split(|c: char| !c.is_ascii_digit()).find_map(|d| d.parse::<u64>().ok());
            if waits && own.is_some() && by == own {
                splices.push(state_splice(&other, "ACTIVE"));
            }
        }
        splices
    }

    fn complete_agent(&self, text: &str, properties: &Properties, i: usize, summary: Option<&str>) -> Result<Edited> {
        let list = properties.existing(&self.profile.keys.agents).expect("the agent was found in it");
        let set = |text: &str, key: &str, value: &str| {
            frontmatter::set(text, &format!("{list}.{i}.{key}"), &Value::String(value.into()), self.path)
        };
        let mut new = set(text, "status", "completed")?;
        if let Some(summary) = summary {
            let summary = clean("summary", summary)?;
            new = set(new.as_deref().unwrap_or(text), "summary", &summary)?.or(new);
        }
        let (agent, task) = self.agents(properties).swap_remove(i);
        let text = format!("{agent} {task}").trim().to_string();
        let action = if new.is_some() { "completed" } else { "unchanged" };
        Ok(Edited { text: new, outcome: Outcome { action, entry: format!("agents:{}", i + 1), text, line: None } })
    }

    /// The entry at a spot.
    ///
    /// # Errors
    /// [`Error::Unknown`] for sections, [`Error::EntryNotFound`].
    pub fn at(&self, outline: &Outline, spot: &Spot) -> Result<(usize, Entry)> {
        if !self.profile.sections.contains(&spot.section) {
            return Err(Error::Unknown { what: "section", given: spot.section.clone(), known: self.profile.sections.clone() });
        }
        let entries = self.entries_in(outline, &spot.section);
        let known = entries.iter().filter(|(n, _)| *n > 0).map(|(n, e)| format!("{}:{n}", e.section)).collect();
        let found = entries.into_iter().find(|(n, e)| *n == spot.n && !e.placeholder);
        found.ok_or(Error::EntryNotFound { what: "entry", name: spot.to_string(), candidates: known })
    }

    /// Writes an entry anew: as `add` would with this text and these fields, or `raw` as given. Marker, box and number stay.
    ///
    /// # Errors
    /// As [`Editor::add`] and [`Editor::at`].
    pub fn edit_entry(&self, text: &str, spot: &Spot, new: &NewEntry, raw: bool) -> Result<Edited> {
        Properties::read(text, self.path)?;
        let outline = Outline::parse(text);
        let (n, entry) = self.at(&outline, spot)?;
        let given = clean("text", &new.text)?;
        if given.is_empty() {
            return Err(Error::refused("empty", "an entry needs a text", format!("`shiftlog drop {spot}` removes it")));
        }
        let outcome = |action| Outcome {
            action,
            entry: spot.to_string(),
            text: given.lines().next().unwrap_or_default().to_string(),
            line: Some(entry.lines.start + 1),
        };
        let splices = match entry.form {
            Form::Block => self.block_splices(&outline, &entry, new, &given)?,
            _ => vec![self.text_splice(&outline, &entry, new, &given, raw)?],
        };
        if splices.iter().all(|(range, with)| outline.text[range.clone()] == *with) {
            return Ok(Edited { text: None, outcome: outcome("unchanged") });
        }
        let after = apply(outline.text, splices);
        let check = Outline::parse(&after);
        let same_place = self
            .entries(&check)
            .into_iter()
            .find(|(m, e)| *m == n && e.section == entry.section && e.lines.start == entry.lines.start && e.form == entry.form);
        let Some((_, now)) = same_place else { return Err(self.swallowed(&outline)) };
        if self.entries(&check).len() != self.entries(&outline).len() {
            return Err(self.swallowed(&outline));
        }
        let outcome = Outcome { text: bare(&now), ..outcome("changed") };
        Ok(Edited { text: Some(after), outcome })
    }

    fn text_splice(&self, outline: &Outline, entry: &Entry, new: &NewEntry, given: &str, raw: bool) -> Result<Splice> {
        let text = outline.text;
        Ok(match entry.form {
            Form::Item => match bold_part(outline, entry).filter(|_| new.fields.is_empty() && !raw) {
                Some(words) => (words, given.replace('\n', " ")),
                None => (entry.content.start..paragraph_end(outline, entry), self.item_content(outline, entry, new, given, raw)?),
            },
            _ => {
                let first = outline.lines[entry.lines.start];
                let ending = Some(&text[first.end..first.next]).filter(|e| !e.is_empty()).unwrap_or("\n");
                (first.start..outline.lines[entry.lines.end - 1].end, given.replace('\n', ending))
            }
        })
    }

    /// The title of a block, and those of its labelled lines that are named.
    fn block_splices(&self, outline: &Outline, entry: &Entry, new: &NewEntry, given: &str) -> Result<Vec<Splice>> {
        let old = title_of(&entry.text);
        let at = entry.content.start + entry.text.find(old).unwrap_or(0);
        let mut splices = vec![(at..at + old.len(), given.replace('\n', " "))];
        let labels = self.profile.blocks_in(&entry.section).map(|k| k.lines.as_slice()).unwrap_or_default();
        let line_of = |label: &str| {
            let label = format!("**{label}**:");
            let at = |n: usize| outline.line(n).find(&label).map(|at| outline.lines[n].start + at + label.len()..outline.lines[n].end);
            entry.lines.clone().find_map(at)
        };
        let titled = labels.iter().find(|(field, _)| field == "text").and_then(|(_, label)| line_of(label));
        splices.extend(titled.map(|range| (range, format!(" {}", given.replace('\n', " ")))));
        for (field, value) in &new.fields {
            let known = || labels.iter().map(|(f, _)| f.clone()).filter(|f| f != "text").collect();
            let (_, label) = labels
                .iter()
                .find(|(f, label)| f == field && f != "text" && !label.is_empty())
                .ok_or_else(|| Error::Unknown { what: "field", given: field.clone(), known: known() })?;
            let range = line_of(label).ok_or_else(|| {
                let hint = format!("`shiftlog add` with the same title and --{field} adds it");
                Error::refused("missing-field", format!("that entry has no line `{label}` yet"), hint)
            })?;
            splices.push((range, format!(" {}", clean(field, value)?.replace('\n', " "))));
        }
        Ok(splices)
    }

    fn item_content(&self, outline: &Outline, entry: &Entry, new: &NewEntry, given: &str, raw: bool) -> Result<String> {
        let kind = self.profile.kind_of(&entry.section, entry.part.as_deref()).filter(|(_, k)| !k.shape.is_empty() && !raw);
        let rendered = match kind {
            Some((name, kind)) => {
                if let Some(field) = new.fields.keys().find(|f| !kind.fields.contains(f)) {
                    return Err(Error::Unknown { what: "field", given: field.clone(), known: kind.fields.clone() });
                }
                let new = NewEntry { kind: name.to_string(), text: given.to_string(), fields: new.fields.clone() };
                self.render(&kind.shape, &self.fields(kind, &new))?
            }
            None => format!("- {given}"),
        };
        let lines = styled(&item_lines(&rendered), Some(outline.line(entry.lines.start)));
        let first = &lines[0][super::outline::marker_len(&lines[0])..];
        let first = first.strip_prefix("[ ] ").unwrap_or(first);
        let ending = &outline.text[outline.lines[entry.lines.start].end..outline.lines[entry.lines.start].next];
        let ending = if ending.is_empty() { "\n" } else { ending };
        Ok(std::iter::once(first).chain(lines[1..].iter().map(String::as_str)).collect::<Vec<_>>().join(ending))
    }

    /// Removes an entry; a wave goes with its tasks.
    ///
    /// # Errors
    /// As [`Editor::at`].
    pub fn drop_entry(&self, text: &str, spot: &Spot) -> Result<Edited> {
        Properties::read(text, self.path)?;
        let outline = Outline::parse(text);
        let (_, entry) = self.at(&outline, spot)?;
        let after = apply(text, vec![(removal(&outline, entry.whole.clone()), String::new())]);
        let (was, is) = (self.entries(&outline), self.entries(&Outline::parse(&after)));
        let gone = was.iter().filter(|(_, e)| e.whole.start >= entry.whole.start && e.whole.end <= entry.whole.end).count();
        if is.len() + gone != was.len() {
            return Err(self.swallowed(&outline));
        }
        let outcome = Outcome { action: "removed", entry: spot.to_string(), text: bare(&entry), line: Some(entry.lines.start + 1) };
        Ok(Edited { text: Some(after), outcome })
    }
}

/// The words of `**Words** – the rest`: the rest stays when only the text is edited.
fn bold_part(outline: &Outline, entry: &Entry) -> Option<Range<usize>> {
    let line = &outline.text[entry.content.clone()];
    let open = line.find("**").filter(|n| line[..*n].chars().all(|c| !c.is_alphanumeric()))? + 2;
    let close = line[open..].find("**")? + open;
    (close > open && close + 2 < line.trim_end().len()).then_some(entry.content.start + open..entry.content.start + close)
}

/// The end of an item's own text: what is nested in it stays.
fn paragraph_end(outline: &Outline, entry: &Entry) -> usize {
    let further = entry.lines.start + 1..entry.lines.end;
    let last = further.take_while(|n| !begins_block(outline.line(*n))).last().unwrap_or(entry.lines.start);
    outline.lines[last].end
}

/// Whether a line ends the paragraph above it.
pub(super) fn begins_block(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with(['>', '#', '|', '<', '`', '~']) || super::outline::marker_len(line) > 1
}

#[derive(Debug, Clone, Copy)]
enum Pick {
    Entry(usize),
    Agent(usize),
}

/// An entry's text for people: waves without their label and state.
fn bare(entry: &Entry) -> String {
    match entry.form {
        Form::Block => title_of(&entry.text).to_string(),
        _ => entry.text.clone(),
    }
}

/// The one that says the same; else the only one that holds the words; open ones before done ones.
fn pick(names: &[(Pick, String, String)], target: &str, open: impl Fn(&Pick) -> bool) -> Result<Pick> {
    let lower = target.to_lowercase();
    let exact = |(_, text, full): &&(Pick, String, String)| {
        change::is_cosmetic(text, target) || change::is_cosmetic(full.split_once(' ').map_or("", |(_, t)| t), target)
    };
    let holds = |(_, _, full): &&(Pick, String, String)| full.to_lowercase().contains(&lower);
    for found in [names.iter().filter(exact).collect::<Vec<_>>(), names.iter().filter(holds).collect()] {
        let still: Vec<_> = found.iter().filter(|(p, _, _)| open(p)).collect();
        match (still.as_slice(), found.as_slice()) {
            ([one], _) => return Ok(one.0),
            ([], [one]) => return Ok(one.0),
            ([], []) => {}
            _ => {
                return Err(Error::AmbiguousEntry {
                    name: target.to_string(),
                    candidates: found.iter().map(|(_, _, full)| full.clone()).collect(),
                });
            }
        }
    }
    Err(Error::EntryNotFound {
        what: "open item",
        name: target.to_string(),
        candidates: names.iter().filter(|(p, _, _)| open(p)).map(|(_, _, full)| full.clone()).collect(),
    })
}

/// Words and place of what has a box of its own below an entry.
type Nested = (Range<usize>, String, String, usize);

/// What has a box of its own below entries, as this is to be done or was.
pub(super) fn boxes(outline: &Outline, entries: &[(usize, Entry)], is: &dyn Fn(char) -> bool) -> Vec<Nested> {
    let mut found = Vec::new();
    for (n, entry) in entries.iter().filter(|(_, entry)| entry.form == Form::Item) {
        for line in entry.lines.start + 1..entry.lines.end {
            let text = outline.line(line);
            let at = super::outline::marker_len(text);
            let mut held = text[at..].strip_prefix('[').filter(|_| at > 1).unwrap_or_default().chars();
            let (Some(mark), Some(words)) = (held.next(), held.as_str().strip_prefix("] ")) else { continue };
            if is(mark) {
                let start = outline.lines[line].start + at + 1;
                found.push((start..start + mark.len_utf8(), words.trim().to_string(), format!("{}:{n}", entry.section), line + 1));
            }
        }
    }
    found
}

/// Ticks what has a box of its own below an entry; nothing where none says, or holds, the words.
pub(super) fn nested(outline: &Outline, entries: &[(usize, Entry)], target: &str, says: bool) -> Option<Result<Edited>> {
    let open = boxes(outline, entries, &is_pending);
    let lower = target.to_lowercase();
    let holds = |words: &str| !says && words.to_lowercase().contains(&lower);
    let same: Vec<_> = open.iter().filter(|(_, words, ..)| change::is_cosmetic(words, target)).collect();
    let found = if same.is_empty() { open.iter().filter(|(_, words, ..)| holds(words)).collect() } else { same };
    match found.as_slice() {
        [] => None,
        [(range, words, entry, line)] => {
            let text = apply(outline.text, vec![(range.clone(), "x".into())]);
            let outcome = Outcome { action: "completed", entry: entry.clone(), text: words.clone(), line: Some(*line) };
            Some(Ok(Edited { text: Some(text), outcome }))
        }
        several => {
            let candidates = several.iter().map(|(_, words, entry, _)| format!("{entry} {words}")).collect();
            Some(Err(Error::AmbiguousEntry { name: target.to_string(), candidates }))
        }
    }
}

fn tick(outline: &Outline, entry: &Entry) -> Splice {
    match entry.task {
        Some(mark) => {
            let first = outline.lines[entry.lines.start];
            let line = &outline.text[first.start..first.end];
            let at = first.start + super::outline::marker_len(line) + 1;
            (at..at + mark.len_utf8(), "x".into())
        }
        None => (entry.content.start..entry.content.start, "[x] ".into()),
    }
}

fn state_splice(wave: &Entry, state: &str) -> Splice {
    let end = wave.text.trim_end_matches('*').len();
    match (wave_state(&wave.text), wave.text.rfind('(')) {
        (Some(_), Some(open)) => (wave.content.start + open + 1..wave.content.start + end - 1, state.to_string()),
        _ => (wave.content.start + end..wave.content.start + end, format!(" ({state})")),
    }
}
