//! Results as they are shown: hits read back from the log or the record, with the passage that answers best.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use serde::Serialize;

use super::error::Result;
use super::passage::{self, Passage};
use super::plan::Marks;
use super::search::{Address, Answer, Found, Hit};
use super::update::Sources;
use crate::journal::sections::{self, Piece, pieces};
use crate::journal::summary::Summary;
use crate::journal::{Log, Place};
use crate::record::conversation::Conversation;
use crate::record::turn::Turn;

/// Bytes of a passage.
const PASSAGE: usize = 260;

/// A result: a session with its best passages, or one passage.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Id of the log.
    pub session: Option<String>,
    /// Id of the conversation, where the result is one without a log, or a turn.
    pub conversation: Option<String>,
    /// Title of the log or conversation; of a conversation without one, what was asked first.
    pub title: String,
    /// Status of the log or conversation.
    pub status: String,
    /// When the best hit was; RFC 3339, UTC.
    pub time: String,
    /// The log's path relative to the journal; `zip!name` in a zip.
    pub path: Option<String>,
    /// How well it answers.
    pub score: f32,
    /// One of its hits has every word.
    pub full: bool,
    /// How many turns and sections of it were found.
    pub matches: usize,
    /// The best of them.
    pub hits: Vec<Shown>,
}

/// A turn or section with its passage.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// `turn` or `section`.
    pub kind: &'static str,
    /// Key of the section, or its heading.
    pub section: Option<String>,
    /// The conversation of a turn.
    pub conversation: Option<String>,
    /// Number of the turn.
    pub turn: Option<i64>,
    /// Who said the passage: `user`, `agent`; `action` for what the agent did.
    pub role: Option<&'static str>,
    /// When it was; RFC 3339, UTC.
    pub time: String,
    /// The log's path relative to the journal.
    pub path: Option<String>,
    /// Line of the log, from 1.
    pub line: Option<usize>,
    /// The passage, on one line.
    pub passage: String,
    /// What of it was looked for: from and to, in characters.
    pub highlights: Vec<(usize, usize)>,
    /// Its score.
    pub score: f32,
    /// It has every word.
    pub full: bool,
    /// What the score is made of.
    pub parts: Parts,
    /// What was said before and after, or stands around it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<String>,
}

/// What a score is made of.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Parts {
    /// The hit by itself.
    pub own: f32,
    /// The turns before and after.
    pub near: f32,
    /// The whole conversation or log.
    pub context: f32,
}

/// How results are shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// At most so many hits of a session.
    pub hits: usize,
    /// So many turns or lines around a hit.
    pub context: usize,
}

/// Reads results back.
pub struct Reader<'r> {
    sources: &'r Sources<'r>,
    marks: &'r Marks,
    view: View,
    logs: HashMap<String, Option<(Summary, Vec<Piece>, String)>>,
    archived: Option<Vec<Log>>,
}

impl<'r> Reader<'r> {
    /// A reader of the results of an answer.
    pub fn new(sources: &'r Sources<'r>, answer: &'r Answer, view: View) -> Reader<'r> {
        Reader { sources, marks: &answer.marks, view, logs: HashMap::new(), archived: None }
    }

    /// The result as it is shown; nothing where all of it has gone meanwhile.
    ///
    /// # Errors
    /// Those of the journal and the record.
    pub fn entry(&mut self, found: &Found) -> Result<Option<Entry>> {
        let mut hits = Vec::new();
        for hit in &found.hits {
            if hits.len() == self.view.hits {
                break;
            }
            hits.extend(self.shown(hit)?);
        }
        let Some(best) = hits.first() else { return Ok(None) };
        let mut entry = Entry {
            session: None,
            conversation: best.conversation.clone(),
            title: String::new(),
            status: String::new(),
            time: best.time.clone(),
            path: None,
            score: found.score,
            full: found.full,
            matches: found.matches,
            hits: Vec::new(),
        };
        let conversation = match (&best.conversation, self.sources.record) {
            (Some(id), Some(record)) => record.find_conversation(id)?,
            _ => None,
        };
        let log = match &best.path {
            Some(path) => self.log(path)?.map(|(summary, ..)| summary.clone()),
            None => conversation.as_ref().and_then(|c| c.log.as_ref()).and_then(|id| self.log_called(id)),
        };
        match (log, conversation) {
            (Some(log), _) => {
                entry.session = Some(log.id);
                entry.title = log.title;
                entry.status = log.status;
                entry.path = Some(log.path);
            }
            (None, Some(conversation)) => {
                entry.status = conversation.status.name().to_string();
                entry.title = self.title(&conversation)?;
            }
            (None, None) => {}
        }
        entry.hits = hits;
        Ok(Some(entry))
    }

    pub(super) fn title(&self, conversation: &Conversation) -> Result<String> {
        let opening = || self.sources.record.map_or(Ok(None), |r| r.opening(&conversation.id));
        Ok(match &conversation.title {
            Some(title) => title.clone(),
            None => one_line(&opening()?.unwrap_or_default(), 80),
        })
    }

    fn log_called(&mut self, id: &str) -> Option<Summary> {
        let log = self.sources.journal.resolve(id, &self.sources.journal.root).ok()?;
        log.summary(&self.sources.journal.root, false).ok()
    }

    pub(super) fn log(&mut self, path: &str) -> Result<Option<&(Summary, Vec<Piece>, String)>> {
        if !self.logs.contains_key(path) {
            let read = self.read(path)?;
            self.logs.insert(path.to_string(), read);
        }
        Ok(self.logs.get(path).and_then(Option::as_ref))
    }

    fn read(&mut self, path: &str) -> Result<Option<(Summary, Vec<Piece>, String)>> {
        let journal = self.sources.journal;
        let log = match path.split_once('!') {
            None => journal.log_at(&journal.root.join(path)).ok(),
            Some((zip, member)) => {
                if self.archived.is_none() {
                    self.archived = Some(journal.logs(Place::Archived)?);
                }
                let zip = journal.root.join(zip);
                let logs = self.archived.iter().flatten();
                logs.into_iter().find(|l| l.path == zip && l.member.as_deref() == Some(member)).cloned()
            }
        };
        let Some((log, text)) = log.and_then(|log| log.read().ok().map(|text| (log, text))) else { return Ok(None) };
        let summary = log.summarize(&text, &journal.root);
        let pieces = pieces(&text, &summary.title, &log.profile, &*journal.placeholders(&log.profile)?);
        Ok(Some((summary, pieces, text)))
    }

    fn shown(&mut self, hit: &Hit) -> Result<Option<Shown>> {
        match &hit.address {
            Address::Turn(row) => self.turn(*row, hit),
            Address::Section(path, number, time) => self.section(path, (*number, *time), hit),
        }
    }

    fn section(&mut self, path: &str, (number, time): (usize, i64), hit: &Hit) -> Result<Option<Shown>> {
        let (marks, around) = (self.marks, self.view.context);
        let Some((summary, pieces, text)) = self.log(path)? else { return Ok(None) };
        let Some(piece) = pieces.iter().find(|p| p.number == number) else { return Ok(None) };
        // The line that says most; a log of which only the title fits is shown by its description.
        let mut best: Option<(usize, &str, Passage)> = None;
        for (n, line) in &piece.lines {
            let found = passage::best(line, marks, PASSAGE);
            if found.words > best.as_ref().map_or(0, |(_, _, best)| best.words) {
                best = Some((*n, line, found));
            }
        }
        let description = summary.description.clone().unwrap_or_default();
        let first = || match piece.lines.first() {
            Some((n, line)) if number > 0 || description.is_empty() => (*n, line.as_str()),
            _ => (0, description.as_str()),
        };
        let (line, said, found) = best.unwrap_or_else(|| {
            let (n, line) = first();
            (n, line, passage::best(line, marks, PASSAGE))
        });
        let (passage, highlights) = shown_passage(said, &found);
        let context = if around > 0 { lines_around(text, line, around) } else { Vec::new() };
        let name = sections::name(piece);
        Ok(Some(Shown {
            kind: "section",
            section: (number > 0).then_some(name),
            conversation: None,
            turn: None,
            role: None,
            time: stamp(time),
            path: Some(path.to_string()),
            line: Some(line + 1),
            passage,
            highlights,
            score: hit.score,
            full: hit.full,
            parts: Parts { own: hit.parts[0], near: hit.parts[1], context: hit.parts[2] },
            context,
        }))
    }

    fn turn(&self, row: i64, hit: &Hit) -> Result<Option<Shown>> {
        let Some(record) = self.sources.record else { return Ok(None) };
        let Some(place) = record.turn_at(row)? else { return Ok(None) };
        let turn = &place.turn;
        let mut texts =
            vec![("user", turn.user_input.clone().unwrap_or_default()), ("agent", turn.agent_response.clone().unwrap_or_default())];
        for action in &turn.actions {
            texts.push(("action", format!("{}: {} {}", action.kind, action.value, action.output.as_deref().unwrap_or_default())));
        }
        let mut best: Option<(usize, Passage)> = None;
        for (n, (_, text)) in texts.iter().enumerate() {
            let found = passage::best(text, self.marks, PASSAGE);
            let before = best.as_ref().map_or(0, |(_, best)| best.words);
            if found.words > before || (best.is_none() && !text.trim().is_empty()) {
                best = Some((n, found));
            }
        }
        let (n, found) = best.unwrap_or_default();
        let (passage, highlights) = shown_passage(&texts[n].1, &found);
        Ok(Some(Shown {
            kind: "turn",
            section: None,
            turn: Some(turn.number),
            role: Some(texts[n].0),
            time: stamp(turn.time.timestamp_millis()),
            path: None,
            line: None,
            passage,
            highlights,
            score: hit.score,
            full: hit.full,
            parts: Parts { own: hit.parts[0], near: hit.parts[1], context: hit.parts[2] },
            context: self.turns_around(&place.conversation, turn)?,
            conversation: Some(place.conversation),
        }))
    }

    fn turns_around(&self, conversation: &str, turn: &Turn) -> Result<Vec<String>> {
        let (Some(record), around @ 1..) = (self.sources.record, self.view.context as i64) else { return Ok(Vec::new()) };
        let mut lines = Vec::new();
        for turn in record.turns(conversation, &((turn.number - around).max(1)..=turn.number + around))? {
            for (who, said) in [("user", &turn.user_input), ("agent", &turn.agent_response)] {
                if let Some(said) = said.as_deref().filter(|s| !s.trim().is_empty()) {
                    lines.push(format!("{} {who}: {}", turn.number, one_line(said, 300)));
                }
            }
        }
        Ok(lines)
    }
}

fn lines_around(text: &str, line: usize, around: usize) -> Vec<String> {
    let from = line.saturating_sub(around);
    text.lines().enumerate().skip(from).take(line + around + 1 - from).map(|(n, l)| format!("{} {l}", n + 1)).collect()
}

pub(super) fn stamp(millis: i64) -> String {
    let time: DateTime<Utc> = Utc.timestamp_millis_opt(millis).single().unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A text on one line, cut at a word.
fn one_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let range = if line.len() > most { passage::best(&line, &Marks::default(), most).range } else { 0..line.len() };
    format!("{}{}", &line[range.clone()], if range.end < line.len() { "…" } else { "" })
}

/// A passage on one line, with its highlights in characters.
fn shown_passage(text: &str, found: &Passage) -> (String, Vec<(usize, usize)>) {
    let mut line = String::new();
    let mut count = 0;
    let mut push = |line: &mut String, c: char| {
        line.push(c);
        count += 1;
        count
    };
    if found.range.start > 0 {
        push(&mut line, '…');
    }
    let mut highlights: Vec<(usize, usize)> = Vec::new();
    let (mut blank, mut mark, mut at) = (true, 0, usize::from(found.range.start > 0));
    for (offset, c) in text[found.range.clone()].char_indices() {
        let byte = found.range.start + offset;
        while found.marks.get(mark).is_some_and(|m| m.end <= byte) {
            mark += 1;
        }
        let space = c.is_whitespace();
        if space && blank {
            continue;
        }
        let end = push(&mut line, if space { ' ' } else { c });
        if found.marks.get(mark).is_some_and(|m| m.contains(&byte)) {
            match highlights.last_mut() {
                Some(last) if last.1 == at && found.marks[mark].start < byte => last.1 = end,
                _ => highlights.push((at, end)),
            }
        }
        (blank, at) = (space, end);
    }
    let trimmed = line.trim_end().len();
    line.truncate(trimmed);
    if found.range.end < text.trim_end().len() {
        line.push('…');
    }
    (line, highlights)
}
