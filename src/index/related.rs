//! Related sessions: what shares links, files, errors, issues, addresses, tags or the subject with a session, and why.
//!
//! Candidates come from the index: the session's most telling words as one query, the documents that have its facts, the logs that
//! it is tied to. Only the best are read back, and only what stands in both is a reason.

mod rank;
mod subject;
mod ties;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::Serialize;

use super::Index;
use super::error::Result;
use super::facts::{self, Fact, Kind};
use super::result::{Reader, View, stamp};
use super::search::Answer;
use super::update::Sources;
use crate::journal::Log;
use crate::record::conversation::Conversation;
use rank::Candidate;
use subject::{LISTED, Subject};
use ties::Tie;

/// Words that logs are laid out with: they are nobody's subject.
const LABELS: [&str; 8] = ["decision", "decisions", "rationale", "issue", "cause", "solution", "lesson", "handoff"];

/// Words of the subject that are named.
const WORDS: usize = 4;
/// So much of a session's subject is strong.
const STRONG: f32 = 0.35;
/// Two texts share less than this by chance.
const CHANCE: f32 = 0.03;
/// Sessions that have a file and still are tied by it.
const RARE: u64 = 20;

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'o> {
    /// A log, with its conversations.
    Log(&'o Log),
    /// A conversation without a log.
    Conversation(&'o Conversation),
}

/// A session that is related.
#[derive(Debug, Clone, Serialize)]
pub struct Related {
    /// Id of the log, or of the conversation.
    pub session: String,
    /// Its title; of a conversation without one, what was asked first.
    pub title: String,
    /// Its status.
    pub status: String,
    /// When it was last worked on; RFC 3339, UTC.
    pub date: String,
    /// The log's path relative to the journal, `zip!name` in a zip; nothing for a conversation.
    pub path: Option<String>,
    /// How much the two share: 1 is about all that the session is about; ties count above that.
    pub score: f32,
    /// Why, the strongest first.
    pub reasons: Vec<Reason>,
}

/// Why a session is related.
#[derive(Debug, Clone, Serialize)]
pub struct Reason {
    /// `continues`, `link`, `issue`, `error`, `file`, `url`, `tag` or `subject`.
    pub kind: &'static str,
    /// In words.
    pub text: String,
    /// What is named.
    pub items: Vec<String>,
    /// How much it counts.
    #[serde(skip)]
    pub worth: f32,
    /// It is reason enough to write a link.
    #[serde(skip)]
    pub telling: bool,
    /// The words in the log that is asked about, behind a link to the other.
    #[serde(skip)]
    pub here: String,
    /// The words in the other log.
    #[serde(skip)]
    pub there: String,
}

impl Index {
    /// The sessions that are related to one, the nearest first.
    ///
    /// # Errors
    /// Those of the engine, the journal and the record.
    pub fn related(&self, sources: &Sources<'_>, of: Origin<'_>, limit: usize) -> Result<Vec<Related>> {
        let answer = Answer::default();
        let mut reader = Reader::new(sources, &answer, View { hits: 0, context: 0 });
        let (log, conversation) = match of {
            Origin::Log(log) => (Some(log), None),
            Origin::Conversation(conversation) => (None, Some(conversation.id.as_str())),
        };
        let subject = Subject::read(sources, &mut reader, log, conversation)?;
        let ties = match log {
            Some(log) => {
                let text = reader.log(&sources.journal.shown(log))?.map(|(.., text)| text.clone()).unwrap_or_default();
                ties::ties(self, sources, log, &text)?
            }
            None => BTreeMap::new(),
        };
        let ranked = rank::ranked(self, sources, &subject, &ties, limit)?;
        let mut telling = Telling { sources, reader, subject: &subject, ties: &ties, words: &ranked.words };
        let mut related: Vec<Related> = Vec::new();
        for candidate in &ranked.candidates {
            if related.len() == limit {
                break;
            }
            related.extend(telling.related(candidate)?);
        }
        Ok(related)
    }
}

/// Finds out why candidates are related.
struct Telling<'t> {
    sources: &'t Sources<'t>,
    reader: Reader<'t>,
    subject: &'t Subject,
    ties: &'t BTreeMap<String, Tie>,
    /// Stems that were looked for, the most telling first.
    words: &'t [String],
}

/// What was read back of a candidate.
struct Read {
    related: Related,
    facts: BTreeSet<Fact>,
    /// How the words that were looked for are written, in their order.
    written: Vec<BTreeSet<String>>,
}

impl Telling<'_> {
    /// The candidate with its reasons; nothing where none holds, or it has gone.
    fn related(&mut self, candidate: &Candidate) -> Result<Option<Related>> {
        let Some(mut read) = self.read(candidate)? else { return Ok(None) };
        let mut reasons: Vec<Reason> = Vec::new();
        let tie = candidate.path.as_ref().and_then(|path| self.ties.get(path));
        reasons.extend(tie.map(|tie| tie.reason(&read.related.session)));
        for kind in [Kind::Issue, Kind::Error, Kind::File, Kind::Url, Kind::Tag] {
            reasons.extend(shared(kind, candidate, &read.facts));
        }
        reasons.extend(self.words(candidate, &read));
        // A person believes what can be looked up before what only sounds alike.
        let rank = |reason: &Reason| ["subject", "tag"].iter().position(|kind| *kind == reason.kind).map_or(0, |n| n + 1);
        reasons.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.worth.total_cmp(&a.worth)));
        let alone = reasons.iter().all(|r| r.kind == "subject");
        if reasons.is_empty() || (alone && candidate.similar < CHANCE) {
            return Ok(None);
        }
        read.related.reasons = reasons;
        Ok(Some(read.related))
    }

    /// Reads a candidate back: its log, the turns that have most, and those that have the facts.
    fn read(&mut self, candidate: &Candidate) -> Result<Option<Read>> {
        let stems: HashMap<&str, usize> = self.words.iter().enumerate().map(|(n, stem)| (stem.as_str(), n)).collect();
        let mut written = vec![BTreeSet::new(); self.words.len()];
        let mut facts = BTreeSet::new();
        let score = (candidate.score * 1000.0).round() / 1000.0;
        let mut related: Option<Related> = None;
        if let Some(path) = &candidate.path {
            let Some((summary, pieces, _)) = self.reader.log(path)? else { return Ok(None) };
            subject::facts_of_log(summary, pieces, &mut facts);
            subject::written(&summary.title, &stems, &mut written);
            subject::written(summary.description.as_deref().unwrap_or_default(), &stems, &mut written);
            for piece in pieces.iter().filter(|p| p.key.as_deref() != Some(LISTED)) {
                subject::written(&piece.body(), &stems, &mut written);
            }
            let date = summary.last_updated.or(summary.created).map_or(0, |t| t.timestamp_millis());
            related = Some(Related {
                session: summary.id.clone(),
                title: summary.title.clone(),
                status: summary.status.clone(),
                date: stamp(date),
                path: Some(path.clone()),
                score,
                reasons: Vec::new(),
            });
        }
        let Some(record) = self.sources.record else { return Ok(related.map(|related| Read { related, facts, written })) };
        for row in &candidate.rows {
            let Some(place) = record.turn_at(*row)?.filter(|place| place.turn.counts()) else { continue };
            facts::of_turn(&place.turn, &mut facts);
            subject::said(&place.turn).for_each(|said| subject::written(said, &stems, &mut written));
            if related.is_none()
                && let Some(conversation) = record.find_conversation(&place.conversation)?
            {
                let date = conversation.last_turn_at.unwrap_or(conversation.updated_at);
                related = Some(Related {
                    title: self.reader.title(&conversation)?,
                    status: conversation.status.name().to_string(),
                    date: stamp(date.timestamp_millis()),
                    path: None,
                    score,
                    reasons: Vec::new(),
                    session: conversation.id,
                });
            }
        }
        Ok(related.map(|related| Read { related, facts, written }))
    }

    /// The subject, in words that stand in both as they are.
    fn words(&self, candidate: &Candidate, read: &Read) -> Option<Reason> {
        let both = |(stem, there): (&String, &BTreeSet<String>)| {
            let here = &self.subject.words.get(stem)?.written;
            // The plainest of those that are written alike.
            here.intersection(there).max_by_key(|form| (form.chars().all(|c| !c.is_uppercase()), std::cmp::Reverse(*form))).cloned()
        };
        let words = self.words.iter().zip(&read.written).filter_map(both);
        let items: Vec<String> = words.filter(|word| !LABELS.contains(&word.to_lowercase().as_str())).take(WORDS).collect();
        // One word is no subject.
        if items.len() < 2 {
            return None;
        }
        let telling = candidate.similar >= STRONG && items.len() > 2;
        Some(same("subject", "subject", &items, items.len(), (candidate.similar, telling)))
    }
}

/// What of a kind stands in both, the rarest first.
fn shared(kind: Kind, candidate: &Candidate, there: &BTreeSet<Fact>) -> Option<Reason> {
    // The directory in which all work takes place is no file that two have in common.
    let is_place = |path: &str| kind == Kind::File && path.starts_with('/') && Path::new(path).extension().is_none();
    let here = candidate.shared.iter().filter(|s| s.fact.0 == kind && there.contains(&s.fact) && !is_place(&s.fact.1));
    let mut found: Vec<&rank::Shared> = here.collect();
    found.sort_by(|a, b| b.worth.total_cmp(&a.worth).then_with(|| a.fact.cmp(&b.fact)));
    let rarest = found.first()?;
    let telling = matches!(kind, Kind::Issue | Kind::Error) || (kind == Kind::File && rarest.sessions <= RARE);
    let worth = 1.0 - found.iter().fold(1.0, |left, s| left * (1.0 - s.worth));
    let items: Vec<String> = found.iter().map(|s| s.fact.1.clone()).collect();
    let (one, shown) = match kind {
        Kind::File => ("file", 1),
        Kind::Url => ("address", 1),
        Kind::Error => ("error", 3),
        Kind::Issue => ("issue", 3),
        Kind::Tag => ("tag", 3),
    };
    let noun = match (kind, items.len()) {
        (_, 1) => one.to_string(),
        (Kind::Url, _) => "addresses".to_string(),
        _ => format!("{one}s"),
    };
    Some(same(kind.name(), &noun, &items, shown, (worth, telling)))
}

/// A reason that both have in common.
fn same(kind: &'static str, noun: &str, items: &[String], shown: usize, (worth, telling): (f32, bool)) -> Reason {
    let mut text = format!("same {noun}: {}", items[..shown.min(items.len())].join(", "));
    if items.len() > shown {
        text.push_str(&format!(", +{}", items.len() - shown));
    }
    Reason { kind, items: items.to_vec(), worth, telling, here: text.clone(), there: text.clone(), text }
}
