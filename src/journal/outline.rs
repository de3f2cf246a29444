//! Outline: the sections and entries of a log, as lines of its text.
//!
//! `markdown` says where blocks stand; nothing here renders or changes text. Headings, rules, links and placeholders
//! inside code, quotes, HTML and comments are content, never structure.

use std::collections::HashMap;
use std::ops::Range;

pub use super::markdown::{Block, BlockKind, Line};

use super::markdown;
use super::placeholder::Placeholders;
use super::profile::{Kind, Part, Profile};

/// A text with its lines and blocks.
#[derive(Debug)]
pub struct Outline<'t> {
    /// The whole text.
    pub text: &'t str,
    /// All lines, those of the frontmatter included.
    pub lines: Vec<Line>,
    /// Number of lines before the body.
    pub body: usize,
    /// Top-level blocks of the body, in order.
    pub blocks: Vec<Block>,
}

/// A headed part of the log that the profile knows, or any other at the same level.
#[derive(Debug, Clone)]
pub struct Section {
    /// The profile's key, if it knows this heading.
    pub key: Option<String>,
    /// Line of the heading.
    pub heading: usize,
    /// Blocks below the heading, up to the next section.
    pub blocks: Range<usize>,
}

/// One entry of a section.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Key of the section.
    pub section: String,
    /// Key of the sub-heading it stands under.
    pub part: Option<String>,
    /// Lines that hold it.
    pub lines: Range<usize>,
    /// Lines that go when it is dropped: a container goes with what it holds.
    pub whole: Range<usize>,
    /// Its text without list marker, box, indentation and heading marks.
    pub text: String,
    /// Byte range of that text in its first line.
    pub content: Range<usize>,
    /// The character between the brackets of a task's box.
    pub task: Option<char>,
    /// How it stands in the log.
    pub form: Form,
    /// Left by a template; no content.
    pub placeholder: bool,
}

/// How an entry stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A list item.
    Item,
    /// A heading and what is below it.
    Block,
    /// A line of a fenced block.
    Line,
    /// A paragraph, quote, table or code block.
    Text,
}

impl Entry {
    /// Its words; those of a block without its label: `Problem 2: …`.
    pub fn title(&self) -> &str {
        if self.form == Form::Block { titled(&self.text) } else { self.text.trim_matches('*') }
    }

    /// Whether this is a task that is still to be done.
    pub fn is_open(&self) -> bool {
        self.task == Some(' ')
    }
}

/// The words of a block's heading without its label: `Decision 2: …`.
pub fn titled(heading: &str) -> &str {
    let text = heading.trim_matches('*');
    match text.split_once(": ") {
        Some((label, rest)) if label.split_whitespace().count() == 2 => rest,
        _ => text,
    }
}

impl<'t> Outline<'t> {
    /// Parses a text.
    pub fn parse(text: &'t str) -> Outline<'t> {
        let lines = markdown::split_lines(text);
        let (_, body) = markdown::body(text, &lines);
        let blocks = markdown::blocks(text, &lines);
        let mut outline = Outline { text, lines, body, blocks };
        outline.mark_comments();
        outline
    }

    /// Obsidian comments (`%% … %%`) may span blocks; what they span is no structure.
    fn mark_comments(&mut self) {
        if !self.text.contains("%%") {
            return;
        }
        let before: Vec<BlockKind> = self.blocks.iter().map(|b| b.kind.clone()).collect();
        let mut open = false;
        for i in 0..self.blocks.len() {
            let block = &self.blocks[i];
            if matches!(block.kind, BlockKind::Code { .. }) && !open {
                continue;
            }
            let marks = self.range_text(&block.lines).matches("%%").count();
            let starts = self.range_text(&block.lines).trim_start().starts_with("%%");
            if open || (starts && marks % 2 == 1) || (starts && self.range_text(&block.lines).trim_end().ends_with("%%") && marks == 2) {
                self.blocks[i].kind = BlockKind::Comment;
                open ^= marks % 2 == 1;
            }
        }
        if open {
            // A comment that is never closed is no comment.
            for (block, kind) in self.blocks.iter_mut().zip(before) {
                block.kind = kind;
            }
        }
    }

    /// Text of a line without its ending.
    pub fn line(&self, n: usize) -> &'t str {
        let line = self.lines[n];
        &self.text[line.start..line.end]
    }

    /// Whether a line holds nothing but blanks.
    pub fn is_blank(&self, n: usize) -> bool {
        self.line(n).bytes().all(|b| b == b' ' || b == b'\t')
    }

    /// Text of some lines, without the last one's ending.
    pub fn range_text(&self, lines: &Range<usize>) -> &'t str {
        match lines.is_empty() {
            true => "",
            false => &self.text[self.lines[lines.start].start..self.lines[lines.end - 1].end],
        }
    }

    fn heading_level(&self, block: &Block) -> Option<u8> {
        match block.kind {
            BlockKind::Heading { level } => Some(level),
            _ => None,
        }
    }

    /// The heading's words, without marks.
    pub fn heading_text(&self, block: &Block) -> &'t str {
        let line = self.line(block.lines.start).trim();
        match line.starts_with('#') {
            true => without_closing(line.trim_start_matches('#').trim()),
            false => line,
        }
    }

    /// The sections of the log: headings of the profile's level, or of the first level at which one is known.
    pub fn sections(&self, profile: &Profile) -> Vec<Section> {
        let at = |level: u8| Some(self.sections_at(profile, level)).filter(|all| all.iter().any(|s| s.key.is_some()));
        at(profile.level).or_else(|| (1..=6).find_map(at)).unwrap_or_else(|| self.sections_at(profile, profile.level))
    }

    /// The parts that headings of this level begin.
    fn sections_at(&self, profile: &Profile, level: u8) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        let mut open = false;
        for (i, block) in self.blocks.iter().enumerate() {
            let Some(found) = self.heading_level(block).filter(|l| *l <= level) else { continue };
            if let Some(above) = sections.last_mut().filter(|_| open) {
                above.blocks.end = i;
            }
            open = found == level;
            if open {
                let key = profile.section_called(&heading_words(self.heading_text(block))).map(str::to_string);
                sections.push(Section { key, heading: block.lines.start, blocks: i + 1..self.blocks.len() });
            }
        }
        sections
    }

    /// The section with this key; the first, where a log has several.
    pub fn section(&self, profile: &Profile, key: &str) -> Option<Section> {
        self.sections(profile).into_iter().find(|s| s.key.as_deref() == Some(key))
    }

    /// The block of a section's sub-heading with this key.
    pub fn part(&self, section: &Section, profile: &Profile, key: &str) -> Option<usize> {
        let parts = &profile.section.get(section.key.as_deref()?)?.part.0;
        section
            .blocks
            .clone()
            .find(|i| self.heading_level(&self.blocks[*i]).is_some() && part_key(parts, self.heading_text(&self.blocks[*i])) == Some(key))
    }

    /// The sub-headings of a section that the profile knows.
    pub fn parts<'o>(&'o self, section: &'o Section, profile: &'o Profile) -> impl Iterator<Item = &'o Block> {
        let known = section.key.as_deref().and_then(|key| profile.section.get(key)).map(|s| s.part.0.as_slice()).unwrap_or_default();
        let blocks = self.blocks[section.blocks.clone()].iter();
        blocks.filter(|block| self.heading_level(block).is_some() && part_key(known, self.heading_text(block)).is_some())
    }

    /// The blocks below a sub-heading, up to the next heading of any level.
    pub fn below(&self, section: &Section, heading: usize) -> Range<usize> {
        let end = (heading + 1..section.blocks.end).find(|i| self.heading_level(&self.blocks[*i]).is_some()).unwrap_or(section.blocks.end);
        heading + 1..end
    }

    /// The blocks of a section before its first sub-heading.
    pub fn direct(&self, section: &Section) -> Range<usize> {
        let end = section.blocks.clone().find(|i| self.heading_level(&self.blocks[*i]).is_some()).unwrap_or(section.blocks.end);
        section.blocks.start..end
    }

    /// All entries of a section in the order of the text, placeholders included.
    pub fn entries(&self, profile: &Profile, section: &Section, placeholders: &Placeholders) -> Vec<Entry> {
        let Some(key) = section.key.as_deref() else { return Vec::new() };
        let blocks_kind = profile.blocks_in(key);
        let parts = profile.section.get(key).map(|s| s.part.0.as_slice()).unwrap_or_default();
        let mut part: Option<String> = None;
        let mut entries = Vec::new();
        let mut i = section.blocks.start;
        while i < section.blocks.end {
            let block = &self.blocks[i];
            let found = self.heading_level(block).map(|level| (level, part_key(parts, self.heading_text(block))));
            match (found, blocks_kind) {
                (Some((_, Some(known))), _) => part = Some(known.to_string()),
                (Some((level, None)), Some(kind)) => {
                    let end = self.block_end(section, i, level);
                    let entry = self.block_entry(key, kind, i, end);
                    i = if kind.container { i } else { end - 1 };
                    entries.push(entry);
                }
                (Some((_, None)), None) => part = None,
                (None, _) => self.plain_entries(profile, (key, part.as_deref()), block, &mut entries),
            }
            i += 1;
        }
        for entry in &mut entries {
            entry.placeholder = placeholders.holds(self, entry);
        }
        entries
    }

    /// All entries of the log, section by section, numbered from 1 within each (placeholders have no number).
    pub fn numbered(&self, profile: &Profile, placeholders: &Placeholders) -> Vec<(usize, Entry)> {
        self.numbered_where(profile, placeholders, |_| true)
    }

    /// The entries of one section.
    pub fn numbered_in(&self, profile: &Profile, placeholders: &Placeholders, section: &str) -> Vec<(usize, Entry)> {
        self.numbered_where(profile, placeholders, |key| key == Some(section))
    }

    fn numbered_where(&self, profile: &Profile, placeholders: &Placeholders, wanted: impl Fn(Option<&str>) -> bool) -> Vec<(usize, Entry)> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let sections = self.sections(profile);
        let mut all = Vec::with_capacity(self.blocks.len());
        for section in sections.iter().filter(|section| wanted(section.key.as_deref())) {
            let n = counts.entry(section.key.as_deref().unwrap_or_default()).or_default();
            for entry in self.entries(profile, section, placeholders) {
                *n += usize::from(!entry.placeholder);
                all.push((if entry.placeholder { 0 } else { *n }, entry));
            }
        }
        all
    }

    /// The lines of the block that an entry stands in, where a person gave it a sub-heading that the profile does not know: from
    /// the heading to the next one of its level.
    pub fn block_around(&self, profile: &Profile, entry: &Entry) -> Option<Range<usize>> {
        let section = self
            .sections(profile)
            .into_iter()
            .find(|s| self.blocks[s.blocks.clone()].iter().any(|b| b.lines.contains(&entry.lines.start)))?;
        let parts = section.key.as_deref().and_then(|key| profile.section.get(key)).map(|s| s.part.0.as_slice()).unwrap_or_default();
        let heading = section.blocks.clone().take_while(|i| self.blocks[*i].lines.start <= entry.lines.start);
        let heading = heading.filter(|i| self.heading_level(&self.blocks[*i]).is_some()).last()?;
        let block = &self.blocks[heading];
        if entry.form == Form::Block || part_key(parts, self.heading_text(block)).is_some() {
            return None;
        }
        let end = self.block_end(&section, heading, self.heading_level(block)?);
        Some(block.lines.start..self.blocks[heading..end].last()?.lines.end)
    }

    fn block_end(&self, section: &Section, heading: usize, level: u8) -> usize {
        (heading + 1..section.blocks.end)
            .find(|j| self.heading_level(&self.blocks[*j]).is_some_and(|l| l <= level))
            .unwrap_or(section.blocks.end)
    }

    fn block_entry(&self, key: &str, kind: &Kind, heading: usize, end: usize) -> Entry {
        let last = (heading..end).rev().find(|j| !matches!(self.blocks[*j].kind, BlockKind::Break | BlockKind::Comment)).unwrap_or(heading);
        let whole = self.blocks[heading].lines.start..self.blocks[last].lines.end;
        let lines = if kind.container { self.blocks[heading].lines.clone() } else { whole.clone() };
        let words = self.heading_text(&self.blocks[heading]);
        let at = words.as_ptr() as usize - self.text.as_ptr() as usize;
        Entry {
            section: key.to_string(),
            part: None,
            text: words.to_string(),
            content: at..at + words.len(),
            lines,
            whole,
            task: None,
            form: Form::Block,
            placeholder: false,
        }
    }

    fn plain_entries(&self, profile: &Profile, (key, part): (&str, Option<&str>), block: &Block, entries: &mut Vec<Entry>) {
        let fence = || profile.kind.values().any(|k| k.fence.is_some() && k.section == key && k.part.as_deref() == part);
        let entry = |lines: Range<usize>, form: Form| {
            let (content, task) = if form == Form::Item {
                self.item_content(lines.start)
            } else {
                (self.lines[lines.start].start..self.lines[lines.start].end, None)
            };
            let mut text = self.text[content.clone()].trim().to_string();
            for n in lines.start + 1..lines.end {
                text.push('\n');
                text.push_str(if form == Form::Text { self.line(n) } else { self.line(n).trim_start() });
            }
            Entry {
                section: key.to_string(),
                part: part.map(str::to_string),
                whole: lines.clone(),
                lines,
                text,
                content,
                task,
                form,
                placeholder: false,
            }
        };
        match block.kind {
            BlockKind::Item => entries.push(entry(block.lines.clone(), Form::Item)),
            BlockKind::Code { fenced: true } if fence() => {
                let inner = block.lines.start + 1..self.fence_end(block);
                entries.extend(inner.filter(|n| !self.is_blank(*n)).map(|n| entry(n..n + 1, Form::Line)));
            }
            BlockKind::Comment | BlockKind::Break | BlockKind::Heading { .. } => {}
            BlockKind::Code { .. } | BlockKind::Text => entries.push(entry(block.lines.clone(), Form::Text)),
        }
    }

    /// The line of a fenced block's closing fence, or its end where it is never closed.
    pub fn fence_end(&self, block: &Block) -> usize {
        let last = block.lines.end - 1;
        let mark = self.line(block.lines.start).trim_start().chars().next().unwrap_or('`');
        let closes = last > block.lines.start && self.line(last).trim().len() >= 3 && self.line(last).trim().chars().all(|c| c == mark);
        if closes { last } else { block.lines.end }
    }

    /// The bytes of an item's first line behind marker and box, and the box's character.
    fn item_content(&self, n: usize) -> (Range<usize>, Option<char>) {
        let line = self.line(n);
        let marker = marker_len(line);
        let mut at = marker;
        let mut task = None;
        let mut chars = line[at..].chars();
        if let (Some('['), Some(mark), Some(']')) = (chars.next(), chars.next(), chars.next())
            && chars.clone().next().is_none_or(|c| c == ' ' || c == '\t')
        {
            task = Some(mark);
            at += 2 + mark.len_utf8();
            at += line[at..].len() - line[at..].trim_start().len();
        }
        (self.lines[n].start + at..self.lines[n].end, task)
    }

    /// The line on which an unclosed code fence or HTML block swallows the rest of the log, from 1.
    pub fn unclosed(&self) -> Option<usize> {
        let last = self.blocks.iter().rev().find(|b| b.lines.end + self.trailing_blanks() >= self.lines.len())?;
        let open = match last.kind {
            BlockKind::Code { fenced: true } => self.fence_end(last) == last.lines.end,
            BlockKind::Comment => true,
            _ => false,
        };
        open.then_some(last.lines.start + 1)
    }

    fn trailing_blanks(&self) -> usize {
        (0..self.lines.len()).rev().take_while(|n| self.is_blank(*n)).count()
    }
}

/// Length of an item's indentation, list marker and the blanks behind it; 0 for a line that begins no item.
pub fn marker_len(line: &str) -> usize {
    let indent = line.len() - line.trim_start().len();
    let rest = &line[indent..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let marked = match rest[digits..].chars().next() {
        Some('-' | '*' | '+') => digits == 0,
        Some('.' | ')') => (1..10).contains(&digits),
        _ => false,
    };
    if !marked || !rest[digits + 1..].chars().next().is_none_or(|c| c == ' ' || c == '\t') {
        return 0;
    }
    let after = &rest[digits + 1..];
    indent + digits + 1 + (after.len() - after.trim_start().len())
}

/// A closing run of `#` counts only behind a blank: `Use C#` keeps its own.
fn without_closing(heading: &str) -> &str {
    let bare = heading.trim_end_matches('#');
    if bare.is_empty() || bare.ends_with([' ', '\t']) { bare.trim_end() } else { heading }
}

/// A heading reduced to its words: no emphasis, case, emoji, numbering or punctuation, and `&` is `and`.
pub fn heading_words(heading: &str) -> String {
    let mut words = String::with_capacity(heading.len() + 4);
    for (i, part) in heading.split('&').enumerate() {
        let and = (i > 0).then_some("and");
        for word in and.into_iter().chain(part.split(|c: char| !c.is_alphanumeric())).filter(|w| !w.is_empty()) {
            if !words.is_empty() {
                words.push(' ');
            }
            match word.is_ascii() {
                true => words.push_str(word),
                false => words.push_str(&word.to_lowercase()),
            }
        }
    }
    words.make_ascii_lowercase();
    match words.split_once(' ') {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => rest.to_string(),
        _ => words,
    }
}

fn part_key<'p>(parts: &'p [(String, Part)], heading: &str) -> Option<&'p str> {
    if parts.is_empty() {
        return None;
    }
    let words = heading_words(heading);
    parts.iter().find(|(_, part)| part.is_called(&words)).map(|(key, _)| key.as_str())
}
