//! The subject of a session: its words, weighted, and the facts that it names.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::super::error::Result;
use super::super::facts::{self, Fact, Kind};
use super::super::result::Reader;
use super::super::schema;
use super::super::stop::is_stop_word;
use super::super::tokens;
use super::super::update::Sources;
use crate::journal::lifecycle::topic_of;
use crate::journal::sections::Piece;
use crate::journal::summary::Summary;
use crate::journal::{Log, profile::Profile};
use crate::record::turn::Turn;

/// A word of the title, against one of the text.
const TITLE: f32 = 2.0;
/// A word that the agent said, against one that the user said.
const AGENT: f32 = 0.3;
/// The newest turns of a conversation that are read, and bytes of each side that count.
const TURNS: i64 = 200;
const SAID: usize = 8_000;
/// The section that lists related sessions: what shiftlog wrote there is no reason.
pub(super) const LISTED: &str = "related";

/// A word: how often it stands there, in how many documents, and how it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    pub(super) count: f32,
    pub(super) title: bool,
    pub(super) documents: u64,
    pub(super) written: BTreeSet<String>,
    /// The place of its first mention.
    pub(super) first: usize,
}

/// What a session is about.
#[derive(Debug, Default)]
pub(super) struct Subject {
    /// Its conversations and its log in the index.
    pub(super) units: Vec<u64>,
    pub(super) words: HashMap<String, Word>,
    pub(super) facts: BTreeSet<Fact>,
}

impl Subject {
    /// Reads a log and its conversations, or a conversation alone.
    pub(super) fn read(sources: &Sources<'_>, reader: &mut Reader<'_>, log: Option<&Log>, conversation: Option<&str>) -> Result<Subject> {
        let mut subject = Subject::default();
        let mut conversations: Vec<String> = conversation.map(str::to_string).into_iter().collect();
        if let Some(log) = log {
            let path = sources.journal.shown(log);
            subject.units.push(schema::unit_of(&path));
            if let Some((summary, pieces, _)) = reader.log(&path)? {
                subject.log(&log.profile, summary, pieces);
            }
            if let Some(record) = sources.record {
                conversations.extend(record.of_logs(&[&log.id])?.into_iter().map(|c| c.id));
            }
        }
        for id in conversations {
            subject.units.push(schema::unit_of(&id));
            subject.conversation(sources, &id)?;
        }
        Ok(subject)
    }

    fn log(&mut self, profile: &Profile, summary: &Summary, pieces: &[Piece]) {
        let title = topic_of(profile, &summary.id, &summary.title);
        let mut first = true;
        for piece in pieces.iter().filter(|p| p.key.as_deref() != Some(LISTED)) {
            let mut seen = BTreeSet::new();
            self.add(&title, 1.0, first, &mut seen);
            if let (true, Some(description)) = (first, &summary.description) {
                self.add(description, 1.0, false, &mut seen);
            }
            self.add(&piece.body(), 1.0, false, &mut seen);
            first = false;
        }
        facts_of_log(summary, pieces, &mut self.facts);
    }

    fn conversation(&mut self, sources: &Sources<'_>, id: &str) -> Result<()> {
        let Some(record) = sources.record else { return Ok(()) };
        let Some(conversation) = record.find_conversation(id)? else { return Ok(()) };
        if let Some(title) = &conversation.title {
            self.add(title, 1.0, true, &mut BTreeSet::new());
        }
        let from = (conversation.last_turn - TURNS + 1).max(1);
        record.each_turn(id, &(from..=conversation.last_turn), &mut |turn| {
            if turn.counts() {
                let mut seen = BTreeSet::new();
                for (said, weight) in [(&turn.user_input, 1.0), (&turn.agent_response, AGENT)] {
                    let said = said.as_deref().unwrap_or_default();
                    self.add(&said[..said.floor_char_boundary(SAID)], weight, false, &mut seen);
                }
                facts::of_turn(&turn, &mut self.facts);
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Adds the words of a text; `seen` holds the words that its document has already.
    fn add(&mut self, text: &str, weight: f32, title: bool, seen: &mut BTreeSet<String>) {
        tokens::parts(text, &mut |part| {
            let number = part.term.bytes().all(|b| b.is_ascii_digit());
            if part.term.chars().nth(1).is_none() || number || is_stop_word(part.term) {
                return;
            }
            let first = self.words.len();
            let word = self.words.entry(part.stem.to_string()).or_insert_with(|| Word { first, ..Word::default() });
            word.count += weight * if title { TITLE } else { 1.0 };
            word.title |= title;
            if seen.insert(part.stem.to_string()) {
                word.documents += 1;
            }
            let form = &text[part.range.clone()];
            if word.written.len() < 8 && !word.written.contains(form) && is_prose(text, &part.range) {
                word.written.insert(form.to_string());
            }
        });
    }
}

/// Adds the facts of a log, without those of what it lists as related.
pub(super) fn facts_of_log(summary: &Summary, pieces: &[Piece], into: &mut BTreeSet<Fact>) {
    facts::of_text(&summary.title, into);
    facts::of_text(summary.description.as_deref().unwrap_or_default(), into);
    for piece in pieces.iter().filter(|p| p.key.as_deref() != Some(LISTED)) {
        facts::of_text(&piece.body(), into);
    }
    into.extend(summary.tags.iter().map(|tag| (Kind::Tag, tag.trim_start_matches('#').to_string())));
    let nested = summary.metadata.get("session").and_then(|s| s.get("linear_issue"));
    let issue = nested.or_else(|| summary.metadata.get("linear_issue")).and_then(serde_yaml::Value::as_str);
    into.extend(issue.filter(|key| facts::is_issue(key)).map(|key| (Kind::Issue, key.to_string())));
}

/// How words of some stems are written in a text.
pub(super) fn written(text: &str, stems: &HashMap<&str, usize>, into: &mut [BTreeSet<String>]) {
    tokens::parts(text, &mut |part| {
        if let Some(n) = stems.get(part.stem)
            && let Some(forms) = into.get_mut(*n).filter(|forms| forms.len() < 16)
            && is_prose(text, &part.range)
        {
            forms.insert(text[part.range].to_string());
        }
    });
}

/// Whether a word is no part of a path, an address or a code: those are reasons by themselves.
fn is_prose(text: &str, word: &Range<usize>) -> bool {
    let start = text[..word.start].rfind(char::is_whitespace).map_or(0, |at| text.ceil_char_boundary(at + 1));
    let end = text[word.end..].find(char::is_whitespace).map_or(text.len(), |at| word.end + at);
    let mut facts = BTreeSet::new();
    let around = &text[start.min(word.start)..end];
    if around.len() > word.len() || around.contains(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase()) {
        facts::of_text(around, &mut facts);
    }
    !facts.iter().any(|(_, fact)| fact.contains(&text[word.clone()]))
}

/// What was said in a turn.
pub(super) fn said(turn: &Turn) -> impl Iterator<Item = &str> {
    [&turn.user_input, &turn.agent_response].into_iter().flatten().map(String::as_str)
}
