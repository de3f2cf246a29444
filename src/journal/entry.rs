//! Entries: what each kind looks like and where it goes, by the profile's data.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use super::carry::words;
use super::change;
use super::edit::{Edited, Editor, Outcome, Region, insert_below};
use super::error::{Error, Result};
use super::frontmatter::{self, Properties};
use super::outline::{Block, BlockKind, Entry, Form, Outline, Section};
use super::profile::Kind;
use super::template;

/// An entry to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewEntry {
    /// Kind, as in the profile.
    pub kind: String,
    /// Its text; more lines become continuation lines.
    pub text: String,
    /// Further values by field name.
    pub fields: BTreeMap<String, String>,
}

impl NewEntry {
    /// An entry of this kind and text.
    pub fn new(kind: &str, text: &str) -> NewEntry {
        NewEntry { kind: kind.to_string(), text: text.to_string(), fields: BTreeMap::new() }
    }

    /// With one more field; empty values are left out.
    #[must_use]
    pub fn with(mut self, field: &str, value: &str) -> NewEntry {
        if !value.trim().is_empty() {
            self.fields.insert(field.to_string(), value.to_string());
        }
        self
    }
}

impl Editor<'_> {
    /// Adds an entry; one that differs only cosmetically from an existing entry is there already.
    ///
    /// The text comes back unstamped.
    ///
    /// # Errors
    /// [`Error::Unknown`] for kinds, fields and values; [`Error::Refused`] for texts that cannot stand in a log;
    /// [`Error::Yaml`] when the frontmatter is broken.
    pub fn add(&self, text: &str, new: &NewEntry) -> Result<Edited> {
        Properties::read(text, self.path)?;
        let kind = self.profile.kind_named(&new.kind)?;
        let new = self.complete_fields(kind, new)?;
        if kind.list.is_some() {
            return self.add_listed(text, kind, &new);
        }
        if kind.fence.is_some() {
            return self.add_fenced(text, kind, &new);
        }
        if kind.heading.is_some() {
            return self.add_block(text, kind, &new);
        }
        self.add_item(text, kind, &new)
    }

    /// Checks the fields against the kind and fills in defaults and what follows from the text.
    fn complete_fields(&self, kind: &Kind, new: &NewEntry) -> Result<NewEntry> {
        let mut new = new.clone();
        new.text = clean("text", &new.text)?;
        if new.text.is_empty() {
            return Err(Error::refused("empty", format!("{} needs a text", new.kind), format!("shiftlog add {} TEXT", new.kind)));
        }
        for (field, value) in new.fields.clone() {
            if !kind.fields.contains(&field) {
                return Err(Error::Unknown { what: "field", given: field, known: kind.fields.clone() });
            }
            let value = clean(&field, &value)?;
            match kind.choices.get(&field) {
                Some(known) => {
                    let chosen = known.iter().find(|k| k.eq_ignore_ascii_case(&value));
                    let chosen = chosen.ok_or_else(|| Error::Unknown { what: "value", given: value.clone(), known: known.clone() })?;
                    new.fields.insert(field, chosen.clone());
                }
                None => drop(new.fields.insert(field, value)),
            }
        }
        if let Some(missing) = kind.required.iter().find(|f| !new.fields.contains_key(*f)) {
            let hint =
                kind.choices.get(missing).map_or_else(|| format!("--field {missing}=…"), |known| format!("one of {}", known.join(", ")));
            return Err(Error::refused("missing-field", format!("{} needs its {missing}", new.kind), hint));
        }
        Ok(new)
    }

    fn add_item(&self, text: &str, kind: &Kind, new: &NewEntry) -> Result<Edited> {
        let chosen = kind.part.as_ref().is_some_and(|p| kind.fields.iter().any(|f| p.contains(f.as_str()) && new.fields.contains_key(f)));
        let fields = self.fields(kind, new);
        let part = kind.part.as_deref().map(|p| self.render(p, &fields)).transpose()?;
        let lines = item_lines(&self.render(&kind.shape, &fields)?);
        let content = content_of(&lines);
        let escaped = escape(&lines);
        let escaped_content = content_of(&escaped);
        let outline = Outline::parse(text);
        // A task is the same wherever in its section it stands, and whatever log it was carried from; elsewhere, each sub-heading
        // is a place of its own.
        let linking = kind.shape.contains("[[{{text}}]]");
        let anywhere = kind.shape.starts_with("- [ ]");
        let wanted = change::tokens(&if anywhere { words(&content) } else { content.as_str().into() });
        let said = |e: &Entry| change::same_tokens(&wanted, &if anywhere { words(&e.text) } else { e.text.as_str().into() });
        let same = |e: &Entry| {
            e.section == kind.section
                && (anywhere || e.part == part || e.part.is_none() || part.is_none())
                && e.form != Form::Block
                && (said(e) || e.text == escaped_content || (linking && links_to(&e.text, &new.text)))
        };
        if let Some(found) = self.existing(&outline, &kind.section, same) {
            return Ok(found);
        }
        let part = part.filter(|_| chosen || !self.has_direct_items(&outline, kind));
        let made = self.with_place(&outline, &kind.section, part.as_deref())?;
        let made = made.as_deref().map(Outline::parse);
        let base = made.as_ref().unwrap_or(&outline);
        let region = self.region(base, kind, part.as_deref(), new)?;
        let put = self.put(base, &region, &lines, false);
        self.checked(&outline, &kind.section, &content, put).or_else(|error| {
            let put = self.put(base, &region, &escaped, false);
            self.checked(&outline, &kind.section, &escaped_content, put).map_err(|_| error)
        })
    }

    fn has_direct_items(&self, outline: &Outline, kind: &Kind) -> bool {
        let Some(section) = outline.section(self.profile, &kind.section) else { return false };
        let parts = &self.profile.section[&kind.section].part.0;
        let has_parts = parts.iter().any(|(key, _)| outline.part(&section, self.profile, key).is_some());
        !has_parts && self.entries_in(outline, &kind.section).iter().any(|(_, e)| !e.placeholder)
    }

    fn region(&self, outline: &Outline, kind: &Kind, part: Option<&str>, new: &NewEntry) -> Result<Region> {
        let section = outline.section(self.profile, &kind.section).expect("the section was made before");
        let at = |block: usize| Region { heading: outline.blocks[block].lines.start, blocks: outline.below(&section, block) };
        if let Some(part) = part {
            let block = outline.part(&section, self.profile, part).expect("the part was made before");
            return Ok(at(block));
        }
        if kind.fields.iter().any(|f| f == "wave")
            && let Some(block) = self.wave(outline, &section, new.fields.get("wave").map(String::as_str))?
        {
            return Ok(at(block));
        }
        Ok(Region { heading: section.heading, blocks: outline.direct(&section) })
    }

    /// The block of the wave with this number or name; without one, of the active wave, else of the last.
    fn wave(&self, outline: &Outline, section: &Section, name: Option<&str>) -> Result<Option<usize>> {
        let headings: Vec<usize> =
            section.blocks.clone().filter(|i| matches!(outline.blocks[*i].kind, BlockKind::Heading { .. })).collect();
        let title = |i: &usize| outline.heading_text(&outline.blocks[*i]);
        let Some(name) = name else {
            return Ok(headings.iter().find(|i| wave_state(title(i)) == Some("ACTIVE")).or(headings.last()).copied());
        };
        let lower = name.trim().to_lowercase();
        let wanted = lower.strip_prefix("wave").map_or(lower.as_str(), str::trim);
        let by_number = |i: &&usize| number_of(title(i)).is_some_and(|n| wanted.parse() == Ok(n));
        let by_name = |i: &&usize| change::is_cosmetic(title_of(title(i)), name);
        let found = headings.iter().find(by_name).or_else(|| headings.iter().find(by_number));
        found.map(|i| Some(*i)).ok_or_else(|| Error::EntryNotFound {
            what: "wave",
            name: name.to_string(),
            candidates: headings.iter().map(|i| title(i).to_string()).collect(),
        })
    }

    fn add_block(&self, text: &str, kind: &Kind, new: &NewEntry) -> Result<Edited> {
        let title = new.text.lines().next().unwrap_or_default().trim().to_string();
        let outline = Outline::parse(text);
        let blocks: Vec<(usize, Entry)> = self
            .entries(&outline)
            .into_iter()
            .filter(|(_, e)| e.section == kind.section && e.form == Form::Block && !e.placeholder)
            .collect();
        if !kind.repeats
            && let Some((n, found)) = blocks.iter().find(|(_, e)| change::is_cosmetic(title_of(&e.text), &title))
        {
            return self.fill_block(&outline, kind, new, *n, found);
        }
        let plain = self
            .entries_in(&outline, &kind.section)
            .into_iter()
            .find(|(_, e)| !kind.repeats && e.form == Form::Item && !e.placeholder && change::is_cosmetic(&e.text, &new.text));
        if let Some((n, found)) = plain {
            return Ok(unchanged(n, &found));
        }
        let n = blocks.iter().filter_map(|(_, e)| number_of(&e.text)).max().unwrap_or(0) + 1;
        let mut fields = self.fields(kind, new);
        fields.extend([
            ("n".into(), n.to_string()),
            ("text".into(), title.clone()),
            ("stamp".into(), self.now.format("%Y-%m-%d %H:%M").to_string()),
        ]);
        if kind.container {
            let active = blocks.iter().any(|(_, e)| wave_state(&e.text) == Some("ACTIVE"));
            let last = blocks.iter().rev().find(|(_, e)| wave_state(&e.text) != Some("DONE")).and_then(|(_, e)| number_of(&e.text));
            let state = if active { format!("blocked by Wave {}", last.unwrap_or(n - 1)) } else { "ACTIVE".into() };
            fields.insert("state".into(), state);
        }
        let heading = self.render(kind.heading.as_deref().unwrap_or_default(), &fields)?;
        let mut lines = vec![heading];
        let body = self.block_body(kind, new, &title);
        if !body.is_empty() {
            lines.push(String::new());
            lines.extend(body);
        }
        let made = self.with_place(&outline, &kind.section, None)?;
        let made = made.as_deref().map(Outline::parse);
        let base = made.as_ref().unwrap_or(&outline);
        let section = base.section(self.profile, &kind.section).expect("the section was made before");
        let shift = super::edit::level_at(base, section.heading).saturating_sub(self.profile.level);
        lines[0].insert_str(0, &"#".repeat(shift.into()));
        let region = Region { heading: section.heading, blocks: section.blocks };
        let put = self.put(base, &region, &lines, true);
        let words = lines[0].trim_start_matches('#').trim().to_string();
        self.checked(&outline, &kind.section, &words, put)
    }

    fn block_body(&self, kind: &Kind, new: &NewEntry, title: &str) -> Vec<String> {
        let rest = new.text[new.text.lines().next().map_or(0, str::len)..].trim();
        let who = new.fields.contains_key("who");
        let value = |field: &str| match field {
            "text" => Some(title.to_string()),
            "body" if who => Some(new.text.clone()),
            "body" => Some(rest.to_string()),
            _ => new.fields.get(field).cloned(),
        };
        let mut lines: Vec<String> = kind
            .lines
            .iter()
            .filter_map(|(field, label)| value(field).filter(|v| !v.is_empty()).map(|v| labelled(label, &v)))
            .flatten()
            .collect();
        if !rest.is_empty() && !kind.lines.iter().any(|(f, _)| f == "body") {
            lines.extend(labelled("", rest));
        }
        lines
    }

    /// A block with this title is there: what it lacks is added to it.
    fn fill_block(&self, outline: &Outline, kind: &Kind, new: &NewEntry, n: usize, found: &Entry) -> Result<Edited> {
        let mut lines = Vec::new();
        for (field, label) in &kind.lines {
            let Some(value) = new.fields.get(field) else { continue };
            let line = labelled(label, value);
            let there = block_items(outline, found).iter().any(|item| change::is_cosmetic(item, &content_of(&line)));
            if !there {
                lines.extend(line);
            }
        }
        let rest = new.text[new.text.lines().next().map_or(0, str::len)..].trim();
        let said = |text: &str| block_items(outline, found).iter().any(|item| change::is_cosmetic(item, text));
        if !rest.is_empty() && !said(rest) {
            lines.extend(labelled("", rest));
        }
        if lines.is_empty() {
            return Ok(unchanged(n, found));
        }
        let last = found.lines.end - 1;
        let apart = found.lines.len() == 1;
        let put = insert_below(outline, Some(last), &lines, apart);
        let check = Outline::parse(&put);
        let entry =
            self.entries(&check).into_iter().find(|(m, e)| *m == n && e.section == found.section && e.lines.start == found.lines.start);
        let held = |e: &Entry| block_items(&check, e).iter().any(|item| item.trim() == content_of(&lines[lines.len() - 1..]).trim());
        let (_, entry) = entry.filter(|(_, e)| held(e)).ok_or_else(|| self.swallowed(outline))?;
        let outcome = Outcome { action: "changed", entry: format!("{}:{n}", entry.section), text: entry.text, line: Some(last + 2) };
        Ok(Edited { text: Some(put), outcome })
    }

    fn add_fenced(&self, text: &str, kind: &Kind, new: &NewEntry) -> Result<Edited> {
        let part = kind.part.as_deref().unwrap_or_default();
        let commands: Vec<String> = new.text.lines().map(|l| l.trim_end().to_string()).collect();
        if commands.iter().any(|l| l.trim_start().starts_with("```")) {
            return Err(Error::refused(
                "unsafe-edit",
                "a command that begins with a code fence cannot stand in one",
                "write it in an editor",
            ));
        }
        let outline = Outline::parse(text);
        let listed: Vec<(usize, Entry)> =
            self.entries(&outline).into_iter().filter(|(n, e)| *n > 0 && e.section == kind.section && e.form == Form::Line).collect();
        let there = |line: &String| listed.iter().find(|(_, e)| e.text.trim() == line.trim());
        if let Some((n, found)) = commands.iter().all(|l| l.trim().is_empty() || there(l).is_some()).then(|| there(&commands[0])).flatten()
        {
            return Ok(unchanged(*n, found));
        }
        let commands: Vec<String> = commands.iter().filter(|l| there(l).is_none()).cloned().collect();
        let made = self.with_place(&outline, &kind.section, Some(part))?;
        let made = made.as_deref().map(Outline::parse);
        let old = &outline;
        let outline = made.as_ref().unwrap_or(old);
        let section = outline.section(self.profile, &kind.section).expect("the section was made before");
        let block = outline.part(&section, self.profile, part).expect("the part was made before");
        let below = outline.below(&section, block);
        let fence = below.clone().find(|i| outline.blocks[*i].kind == (BlockKind::Code { fenced: true }));
        let put = match fence {
            Some(i) if outline.fence_end(&outline.blocks[i]) == outline.blocks[i].lines.end => return Err(self.swallowed(outline)),
            Some(i) => insert_below(outline, Some(outline.fence_end(&outline.blocks[i]) - 1), &commands, false),
            None => {
                let mut lines = vec![format!("```{}", kind.fence.as_deref().unwrap_or_default())];
                lines.extend(commands.clone());
                lines.push("```".into());
                let region = Region { heading: outline.blocks[block].lines.start, blocks: below };
                self.put(outline, &region, &lines, true)
            }
        };
        let filled = commands.iter().filter(|l| !l.trim().is_empty()).count();
        self.checked_lines(old, &kind.section, commands[0].trim(), put, Some(filled))
    }

    fn add_listed(&self, text: &str, kind: &Kind, new: &NewEntry) -> Result<Edited> {
        let paths = self.list_paths(kind);
        let properties = Properties::read(text, self.path)?;
        let items = properties.get(&paths).and_then(Value::as_sequence).cloned().unwrap_or_default();
        let task = new.fields.get("task").cloned().unwrap_or_default();
        let same = |v: &Value| {
            let get = |k: &str| v.get(k).and_then(frontmatter::plain_text).unwrap_or_default();
            change::is_cosmetic(if get("agent").is_empty() { "" } else { &new.text }, &get("agent"))
                && change::is_cosmetic(&get("task"), &task)
        };
        let name = |n: usize| format!("agents:{}", n + 1);
        if let Some(n) = items.iter().position(same) {
            return Ok(Edited { text: None, outcome: Outcome { action: "unchanged", entry: name(n), text: new.text.clone(), line: None } });
        }
        let mut item = Mapping::new();
        item.insert("agent".into(), new.text.clone().into());
        if !task.is_empty() {
            item.insert("task".into(), task.into());
        }
        let state = new.fields.get("state").or(kind.defaults.get("state")).cloned().unwrap_or_default();
        item.insert("status".into(), state.into());
        let dotted = properties.path_of(&paths);
        let put = frontmatter::append(text, &dotted, &item, self.path)?;
        Ok(Edited { text: Some(put), outcome: Outcome { action: "added", entry: name(items.len()), text: new.text.clone(), line: None } })
    }

    pub(super) fn list_paths(&self, kind: &Kind) -> Vec<String> {
        match kind.list.as_deref() {
            Some("agents") => self.profile.keys.agents.clone(),
            Some(path) => vec![path.to_string()],
            None => Vec::new(),
        }
    }

    pub(super) fn fields(&self, kind: &Kind, new: &NewEntry) -> BTreeMap<String, String> {
        let mut fields: BTreeMap<String, String> = kind.fields.iter().map(|f| (f.clone(), String::new())).collect();
        fields.extend(kind.defaults.clone());
        fields.extend(new.fields.clone());
        fields.insert("text".into(), new.text.clone());
        fields.insert("place".into(), if is_url(&new.text) { "web".into() } else { "local".into() });
        fields
    }

    pub(super) fn render(&self, expression: &str, fields: &BTreeMap<String, String>) -> Result<String> {
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        template::line(expression, &pairs, self.path)
    }

    fn existing(&self, outline: &Outline, section: &str, same: impl Fn(&Entry) -> bool) -> Option<Edited> {
        let found = self.entries_in(outline, section).into_iter().find(|(_, e)| !e.placeholder && same(e));
        found.map(|(n, e)| unchanged(n, &e))
    }

    /// Makes sure that the new entry is there, and that all that was there before still is.
    fn checked(&self, old: &Outline, section: &str, content: &str, after: String) -> Result<Edited> {
        self.checked_lines(old, section, content, after, None)
    }

    /// Whether every block of a text but its placeholders is a block of the other one, in the same order.
    fn holds_blocks(old: &Outline, placeholders: &[Entry], new: &Outline) -> bool {
        let left = |b: &Block| placeholders.iter().any(|e| e.whole.start <= b.lines.start && b.lines.end <= e.whole.end);
        let mut blocks = new.blocks.iter();
        let same = |a: &Block, b: &Block| a.kind == b.kind && old.range_text(&a.lines) == new.range_text(&b.lines);
        old.blocks.iter().filter(|b| !left(b)).all(|a| blocks.any(|b| same(a, b)))
    }

    /// `fenced` says how many lines went into a code block, which is another block then.
    fn checked_lines(&self, old: &Outline, section: &str, content: &str, after: String, fenced: Option<usize>) -> Result<Edited> {
        let new = Outline::parse(&after);
        let split = |outline: &Outline| self.entries(outline).into_iter().partition::<Vec<_>, _>(|(_, e)| !e.placeholder);
        let (before, placeholders) = split(old);
        let placeholders: Vec<Entry> = placeholders.into_iter().map(|(_, e)| e).collect();
        let intact = fenced.is_some() || Self::holds_blocks(old, &placeholders, &new);
        let same = |a: &Entry, b: &Entry| a.section == b.section && a.part == b.part && a.text == b.text;
        let mut left = before.into_iter().map(|(_, e)| e).peekable();
        let mut added = Vec::new();
        for (n, entry) in split(&new).0 {
            match left.next_if(|e| same(e, &entry)) {
                Some(_) => {}
                None => added.push((n, entry)),
            }
        }
        let lines = |text: &str| text.lines().map(|l| l.trim().to_string()).collect::<Vec<_>>();
        let wanted = lines(content);
        let says = |e: &Entry| if e.form == Form::Block { e.text.trim() == wanted[0] } else { lines(&e.text) == wanted };
        let others = |o: &Outline| o.sections(self.profile).into_iter().filter(|s| s.key.is_none()).count();
        let found = added.iter().find(|(_, e)| e.section == section && says(e));
        match found {
            Some((n, entry)) if left.peek().is_none() && intact && added.len() == fenced.unwrap_or(1) && others(old) == others(&new) => {
                let outcome = Outcome {
                    action: "added",
                    entry: format!("{section}:{n}"),
                    text: entry.text.clone(),
                    line: Some(entry.lines.start + 1),
                };
                Ok(Edited { text: Some(after), outcome })
            }
            None if self.placeholders.is_one(content) => Err(Error::refused(
                "placeholder",
                "a text that stands in brackets only is what templates leave, not an entry",
                "write it without the brackets",
            )),
            _ => Err(self.swallowed(old)),
        }
    }
}

fn unchanged(n: usize, entry: &Entry) -> Edited {
    let outcome = Outcome {
        action: "unchanged",
        entry: format!("{}:{n}", entry.section),
        text: entry.text.clone(),
        line: Some(entry.lines.start + 1),
    };
    Edited { text: None, outcome }
}

/// Text as it may stand in a log: one kind of line ending, no control characters, no blanks at its ends.
///
/// # Errors
/// [`Error::Refused`] naming the character and its position.
pub fn clean(what: &str, text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let bad = |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if let Some(at) = text.find(bad) {
        let c = text[at..].chars().next().unwrap_or_default();
        return Err(Error::refused(
            "control-character",
            format!("{what} holds the control character U+{:04X} at byte {at}", u32::from(c)),
            "leave it out",
        ));
    }
    Ok(text.trim().to_string())
}

/// Whether a source is on the web.
pub fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty() && !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'))
    }) || text.starts_with("www.")
        || text.starts_with("mailto:")
}

/// A rendered item as lines; further lines are indented, so that nothing in them is structure of the log.
pub(super) fn item_lines(rendered: &str) -> Vec<String> {
    let mut lines = rendered.split('\n');
    let first = lines.next().unwrap_or_default().trim_end().to_string();
    let rest = lines.map(|l| if l.trim().is_empty() { String::new() } else { format!("  {}", l.trim_end()) });
    std::iter::once(first).chain(rest).collect()
}

/// An item's text without marker, box and indentation.
pub(super) fn content_of(lines: &[String]) -> String {
    let first = lines.first().map(String::as_str).unwrap_or_default();
    let body = &first[super::outline::marker_len(first)..];
    let body = ["[ ] ", "[x] "].iter().find_map(|b| body.strip_prefix(b)).unwrap_or(body);
    std::iter::once(body).chain(lines.iter().skip(1).map(|l| l.trim_start())).collect::<Vec<_>>().join("\n")
}

/// A backslash before the first character keeps a text such as `---` from being a rule.
fn escape(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    if let Some(first) = lines.first_mut() {
        first.insert(super::outline::marker_len(first).min(2), '\\');
    }
    lines
}

/// Whether a text holds a wikilink to this log, with or without heading and alias.
fn links_to(text: &str, id: &str) -> bool {
    text.match_indices(&format!("[[{id}")).any(|(at, found)| text[at + found.len()..].starts_with([']', '|', '#']))
}

fn labelled(label: &str, value: &str) -> Vec<String> {
    match label {
        "" => item_lines(&format!("- {value}")),
        _ => item_lines(&format!("- **{label}**: {value}")),
    }
}

fn block_items(outline: &Outline, block: &Entry) -> Vec<String> {
    let inside = outline.blocks.iter().filter(|b| b.lines.start > block.lines.start && b.lines.end <= block.lines.end);
    inside.map(|b| content_of(&b.lines.clone().map(|n| outline.line(n).to_string()).collect::<Vec<_>>())).collect()
}

/// `Problem 3: Title` → `Title`; `Wave 2: Name (ACTIVE)` → `Name`.
pub(super) fn title_of(heading: &str) -> &str {
    let bare = heading.trim_matches(['*', '_', ' ']);
    let named =
        bare.split_once(':').filter(|(label, _)| label.split_whitespace().count() == 2 && label.ends_with(|c: char| c.is_ascii_digit()));
    let title = named.map_or(bare, |(_, title)| title).trim();
    match (title.rfind(" ("), wave_state(title)) {
        (Some(open), Some(_)) => title[..open].trim_end(),
        _ => title,
    }
}

/// The number in `Problem 3: …`, `Wave 2: …`.
pub(super) fn number_of(heading: &str) -> Option<u64> {
    let bare = heading.trim_matches(['*', '_', ' ']);
    bare.split_whitespace().nth(1)?.trim_end_matches([':', '.', '*']).parse().ok()
}

/// `ACTIVE`, `DONE` or `blocked` from the end of a wave's heading.
pub(super) fn wave_state(heading: &str) -> Option<&'static str> {
    let inner = heading.trim().trim_end_matches('*').strip_suffix(')')?;
    let inner = inner[inner.rfind('(')? + 1..].trim().to_lowercase();
    match inner.as_str() {
        "active" | "in progress" | "in_progress" => Some("ACTIVE"),
        "done" | "completed" | "complete" => Some("DONE"),
        text if text.starts_with("blocked") => Some("blocked"),
        _ => None,
    }
}
