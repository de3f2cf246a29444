//! Edit: changing a log's text by inserting, replacing and removing lines, and by stamping it.
//!
//! An [`Editor`] maps a text to a new text and never touches the disk. What each kind of entry looks like is `entry`'s affair,
//! ticking, editing and dropping entries is `complete`'s.

use std::ops::Range;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_yaml::Value;

use super::error::{Error, Result};
use super::frontmatter::{self, Properties, Step};
use super::lifecycle;
use super::outline::{BlockKind, Entry, Outline, Section, marker_len};
use super::placeholder::Placeholders;
use super::profile::Profile;

/// What is needed to edit logs of one profile.
#[derive(Debug, Clone, Copy)]
pub struct Editor<'a> {
    /// The format of the log.
    pub profile: &'a Profile,
    /// What its templates leave.
    pub placeholders: &'a Placeholders,
    /// The log's file, for errors.
    pub path: &'a Path,
    /// The moment of the change.
    pub now: DateTime<Utc>,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// `added`, `completed`, `changed`, `removed` or `unchanged`.
    pub action: &'static str,
    /// `section:n`, as `show` prints it.
    pub entry: String,
    /// Text of the entry, first line.
    pub text: String,
    /// Its line in the log, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// A changed text, or none where there was nothing to do, and what became of the entry.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The whole new text.
    pub text: Option<String>,
    /// What became of the entry.
    pub outcome: Outcome,
}

/// Some bytes of a text and what takes their place.
pub(super) type Splice = (Range<usize>, String);

/// Where an entry goes.
pub(super) struct Region {
    /// Line of the heading above.
    pub heading: usize,
    /// Blocks in it.
    pub blocks: Range<usize>,
}

impl Editor<'_> {
    /// Moves `last_updated` to now, in the format it has; never backwards, and never a key that is not there.
    ///
    /// # Errors
    /// [`Error::Yaml`] when the frontmatter is broken.
    pub fn stamp(&self, text: &str) -> Result<String> {
        let properties = Properties::read(text, self.path)?;
        let Some(key) = properties.existing(&self.profile.keys.last_updated) else { return Ok(text.to_string()) };
        let named = matches!(key.0.last(), Some(Step::Key(name)) if name.eq_ignore_ascii_case("last_updated"));
        let first = self.profile.keys.last_updated.first().is_some_and(|p| p.eq_ignore_ascii_case(&key.to_string()));
        let own = named || first;
        let old = properties.text(&self.profile.keys.last_updated).unwrap_or_default();
        let format = match lifecycle::parse_time(&old) {
            Some((time, _)) if time >= self.now => return Ok(text.to_string()),
            Some((_, format)) => format,
            None if old.trim().is_empty() || frontmatter::is_placeholder(&old) => &self.profile.time,
            None => return Ok(text.to_string()),
        };
        if !own {
            return Ok(text.to_string());
        }
        let stamp = self.now.format(format).to_string();
        Ok(frontmatter::set(text, &key.to_string(), &Value::String(stamp), self.path)?.unwrap_or_else(|| text.to_string()))
    }

    pub(super) fn entries(&self, outline: &Outline) -> Vec<(usize, Entry)> {
        outline.numbered(self.profile, self.placeholders)
    }

    pub(super) fn entries_in(&self, outline: &Outline, section: &str) -> Vec<(usize, Entry)> {
        outline.numbered_in(self.profile, self.placeholders, section)
    }

    /// The text with this section, made where the profile's order puts it; nothing where it is there.
    fn with_section(&self, outline: &Outline, key: &str) -> Result<Option<String>> {
        if outline.section(self.profile, key).is_some() {
            return Ok(None);
        }
        let sections = outline.sections(self.profile);
        let level = sections.iter().find(|s| s.key.is_some()).map_or(self.profile.level, |s| level_at(outline, s.heading));
        let heading = format!("{} {}", "#".repeat(level.into()), self.profile.section[key].heading);
        let order = &self.profile.sections;
        let rank = |s: &Section| s.key.as_ref().and_then(|k| order.iter().position(|o| o == k));
        let own = order.iter().position(|o| o == key);
        let before = sections.iter().rev().find(|s| rank(s) < own && rank(s).is_some());
        let after = sections.iter().find(|s| rank(s) > own);
        let anchor = match (before, after) {
            (Some(section), _) => Some(last_line(outline, section.heading, &section.blocks)),
            (None, Some(section)) => return Ok(Some(insert_above(outline, section.heading, &heading))),
            (None, None) => last_filled(outline),
        };
        let new = insert_below(outline, anchor, &[heading], true);
        match Outline::parse(&new).section(self.profile, key) {
            Some(_) => Ok(Some(new)),
            None => Err(self.swallowed(outline)),
        }
    }

    /// The text with this section and sub-heading; nothing where both are there.
    pub(super) fn with_place(&self, outline: &Outline, key: &str, part: Option<&str>) -> Result<Option<String>> {
        let made = self.with_section(outline, key)?;
        let Some(part) = part else { return Ok(made) };
        match made {
            None => self.with_part(outline, key, part),
            Some(text) => Ok(self.with_part(&Outline::parse(&text), key, part)?.or(Some(text))),
        }
    }

    /// The text with this sub-heading, made where the profile's order puts it; nothing where it is there.
    fn with_part(&self, outline: &Outline, key: &str, part: &str) -> Result<Option<String>> {
        let section = outline.section(self.profile, key).expect("the section was made before");
        if outline.part(&section, self.profile, part).is_some() {
            return Ok(None);
        }
        let parts = &self.profile.section[key].part.0;
        let own = parts.iter().position(|(k, _)| k == part).ok_or_else(|| Error::Unknown {
            what: "part",
            given: part.to_string(),
            known: parts.iter().map(|(k, _)| k.clone()).collect(),
        })?;
        let shift = level_at(outline, section.heading).saturating_sub(self.profile.level);
        let heading = format!("{}{}", "#".repeat(shift.into()), parts[own].1.heading);
        let at = |i: usize| outline.part(&section, self.profile, &parts[i].0);
        let before = (0..own).rev().find_map(at);
        let after = (own + 1..parts.len()).find_map(at);
        let new = match (before, after) {
            (Some(block), _) => {
                let below = outline.below(&section, block);
                insert_below(outline, Some(last_line(outline, outline.blocks[block].lines.end - 1, &below)), &[heading], true)
            }
            (None, Some(block)) => insert_above(outline, outline.blocks[block].lines.start, &heading),
            (None, None) => insert_below(outline, Some(last_line(outline, section.heading, &section.blocks)), &[heading], true),
        };
        let check = Outline::parse(&new);
        let made = check.section(self.profile, key).and_then(|s| check.part(&s, self.profile, part));
        made.map(|_| Some(new.clone())).ok_or_else(|| self.swallowed(outline))
    }

    /// Why a change did not show up where it was put.
    pub(super) fn swallowed(&self, outline: &Outline) -> Error {
        match outline.unclosed() {
            Some(line) => Error::Form {
                path: self.path.to_path_buf(),
                line: Some(line),
                message: "a code fence or HTML block is never closed and would swallow the entry".into(),
                hint: Some("close it in an editor; the file was not touched".into()),
            },
            None => Error::refused(
                "unsafe-edit",
                "the entry cannot be written there without changing what is around it",
                "write it in an editor; the file was not touched",
            ),
        }
    }

    /// Puts an entry into a region: in place of its placeholders, else behind its last item, else behind all else.
    pub(super) fn put(&self, outline: &Outline, region: &Region, lines: &[String], block: bool) -> String {
        let left: Vec<Entry> = self.left_by_template(outline, region, block);
        if let Some(first) = left.first() {
            return replace_entries(outline, &left, &styled(lines, Some(outline.line(first.lines.start))));
        }
        let items = region.blocks.clone().filter(|i| outline.blocks[*i].kind == BlockKind::Item);
        let items: Vec<usize> = if block { Vec::new() } else { items.collect() };
        match items.as_slice() {
            [] => insert_below(outline, Some(self.anchor(outline, region)), lines, true),
            [.., last] => {
                let last_lines = &outline.blocks[*last].lines;
                let loose = items.len() > 1
                    && outline.is_blank(last_lines.start - 1)
                    && *last > region.blocks.start
                    && outline.blocks[last - 1].kind == BlockKind::Item;
                insert_below(outline, Some(last_lines.end - 1), &styled(lines, Some(outline.line(last_lines.start))), loose)
            }
        }
    }

    fn left_by_template(&self, outline: &Outline, region: &Region, block: bool) -> Vec<Entry> {
        let inside = |e: &Entry| {
            let first = region.blocks.clone().next().map(|i| outline.blocks[i].lines.start);
            let last = region.blocks.clone().next_back().map(|i| outline.blocks[i].lines.end);
            first.is_some_and(|f| e.whole.start >= f) && last.is_some_and(|l| e.whole.end <= l)
        };
        let here =
            outline.sections(self.profile).into_iter().find(|s| s.blocks.start <= region.blocks.start && region.blocks.end <= s.blocks.end);
        let all = here.into_iter().flat_map(|s| outline.entries(self.profile, &s, self.placeholders));
        all.filter(|e| e.placeholder && inside(e) && (block || e.form != super::outline::Form::Block)).collect()
    }

    /// The line behind which a region's first item goes.
    fn anchor(&self, outline: &Outline, region: &Region) -> usize {
        let content = |i: &usize| {
            matches!(outline.blocks[*i].kind, BlockKind::Text | BlockKind::Code { .. } | BlockKind::Item | BlockKind::Heading { .. })
        };
        if let Some(last) = region.blocks.clone().rev().find(content) {
            return outline.blocks[last].lines.end - 1;
        }
        let guides = region.blocks.clone().take_while(|i| outline.blocks[*i].kind == BlockKind::Comment);
        guides.last().map_or_else(|| heading_end(outline, region.heading), |i| outline.blocks[i].lines.end - 1)
    }
}

/// Level of the heading on this line.
pub(super) fn level_at(outline: &Outline, line: usize) -> u8 {
    let found = outline.blocks.iter().find(|b| b.lines.start == line);
    match found.map(|b| &b.kind) {
        Some(BlockKind::Heading { level }) => *level,
        _ => 2,
    }
}

/// The last line of a heading: underlined ones have two.
pub(super) fn heading_end(outline: &Outline, line: usize) -> usize {
    outline.blocks.iter().find(|b| b.lines.start == line).map_or(line, |b| b.lines.end - 1)
}

fn last_line(outline: &Outline, heading: usize, blocks: &Range<usize>) -> usize {
    blocks.clone().next_back().map_or_else(|| heading_end(outline, heading), |i| outline.blocks[i].lines.end - 1)
}

fn last_filled(outline: &Outline) -> Option<usize> {
    (0..outline.lines.len()).rev().find(|n| !outline.is_blank(*n) || *n < outline.body)
}

/// The line ending in use around a line.
fn eol<'t>(outline: &Outline<'t>, line: usize) -> &'t str {
    let ending = |n: usize| outline.lines.get(n).map(|l| &outline.text[l.end..l.next]).filter(|e| !e.is_empty());
    ending(line).or_else(|| line.checked_sub(1).and_then(ending)).or_else(|| ending(0)).unwrap_or("\n")
}

/// Inserts lines behind a line, with a blank line between where `apart`; the bytes around stay as they are.
pub(super) fn insert_below(outline: &Outline, anchor: Option<usize>, lines: &[String], apart: bool) -> String {
    let text = outline.text;
    let Some(anchor) = anchor else {
        return format!("{text}{}\n", lines.join("\n"));
    };
    let eol = eol(outline, anchor);
    let at = outline.lines[anchor].end;
    let next_filled = anchor + 1 < outline.lines.len() && !outline.is_blank(anchor + 1);
    let gap = if apart { eol } else { "" };
    let tail = if next_filled && anchor >= outline.body && (apart || !stands_alone(outline, anchor + 1)) { eol } else { "" };
    // The closing `---` of the frontmatter needs its own line ending.
    let ends = outline.lines[anchor].next == at && anchor < outline.body;
    let finish = if ends { eol } else { "" };
    format!("{}{eol}{gap}{}{tail}{finish}{}", &text[..at], lines.join(eol), &text[at..])
}

/// Whether a line begins something that no paragraph above it can take in, or lies inside a block.
///
/// A paragraph, an underlined heading or a link's definition right below an item would become part of that item.
fn stands_alone(outline: &Outline, line: usize) -> bool {
    let at = outline.blocks.partition_point(|b| b.lines.start <= line);
    let Some(block) = at.checked_sub(1).map(|i| &outline.blocks[i]).filter(|b| b.lines.contains(&line)) else { return false };
    match block.kind {
        _ if block.lines.start < line => true,
        BlockKind::Item | BlockKind::Break | BlockKind::Code { fenced: true } => true,
        _ => outline.line(line).trim_start_matches(' ').starts_with(['#', '>']),
    }
}

/// Inserts a heading above another one.
fn insert_above(outline: &Outline, line: usize, heading: &str) -> String {
    let eol = eol(outline, line);
    let at = outline.lines[line].start;
    let gap = if line > outline.body && !outline.is_blank(line - 1) { eol } else { "" };
    format!("{}{gap}{heading}{eol}{eol}{}", &outline.text[..at], &outline.text[at..])
}

/// Puts lines in the place of the first of some entries; the others go.
pub(super) fn replace_entries(outline: &Outline, entries: &[Entry], lines: &[String]) -> String {
    let mut splices: Vec<Splice> = Vec::new();
    let (first, others) = entries.split_first().expect("there is a placeholder");
    let span = outline.lines[first.whole.start].start..outline.lines[first.whole.end - 1].end;
    let eol = eol(outline, first.whole.start);
    let next = first.whole.end;
    let apart = next < outline.lines.len() && !outline.is_blank(next) && !stands_alone(outline, next);
    splices.push((span, lines.join(eol) + if apart { eol } else { "" }));
    let mut end = first.whole.end;
    for other in others {
        // Blank lines between two placeholders go with the second.
        let from = if (end..other.whole.start).all(|n| outline.is_blank(n)) { end } else { other.whole.start };
        splices.push((removal(outline, from..other.whole.end), String::new()));
        end = other.whole.end;
    }
    apply(outline.text, splices)
}

/// The bytes of whole lines; for the last lines of a text without final line ending, the ending before them.
pub(super) fn removal(outline: &Outline, lines: Range<usize>) -> Range<usize> {
    let (first, last) = (outline.lines[lines.start], outline.lines[lines.end - 1]);
    if last.next == last.end && lines.start > 0 {
        return outline.lines[lines.start - 1].end..last.end;
    }
    first.start..last.next
}

/// Carries out replacements that do not overlap.
pub(super) fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|(range, _)| range.start);
    let mut out = text.to_string();
    for (range, new) in splices.into_iter().rev() {
        out.replace_range(range, &new);
    }
    out
}

/// Gives a new item the indentation and marker of the one it follows; a numbered list goes on counting.
pub(super) fn styled(lines: &[String], like: Option<&str>) -> Vec<String> {
    let Some((first, rest)) = lines.split_first() else { return Vec::new() };
    let (Some(like), Some(body)) = (like, first.strip_prefix("- ")) else { return lines.to_vec() };
    let indent = &like[..like.len() - like.trim_start().len()];
    let marker = like[indent.len()..marker_len(like)].trim_end();
    let marker = match marker.as_bytes() {
        [b'-' | b'*' | b'+'] => marker.to_string(),
        [digits @ .., end @ (b'.' | b')')] if !digits.is_empty() => {
            let n: u64 = std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).unwrap_or(0);
            format!("{}{}", n + 1, *end as char)
        }
        _ => return lines.to_vec(),
    };
    let width = " ".repeat(indent.len() + marker.len() + 1);
    let mut out = vec![format!("{indent}{marker} {body}")];
    out.extend(rest.iter().map(|l| l.strip_prefix("  ").map_or_else(|| l.clone(), |l| format!("{width}{l}"))));
    out
}
