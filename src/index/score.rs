//! Scores: how well turns and sections answer a query, alone, among their neighbours, and as whole conversations and logs.
//!
//! The engine finds candidates; here all documents of the best conversations and logs are scored exactly. The formula is BM25
//! (Robertson and Zaragoza, 2009) with weights that the relevance benchmark justifies.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;

use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::termdict::TermDictionary;
use tantivy::{DocId, DocSet, Searcher, SegmentReader, TERMINATED, Term};

use super::error::{Error, Result};
use super::schema::{self, Fields, Lengths, Side};
use super::store::{self, Generation};

/// Saturation of term frequencies.
const K1: f32 = 1.2;
/// Length normalisation of what the user said: a short turn is no better than a long one.
const B_USER: f32 = 0.2;
/// Length normalisation of all other texts, and of whole conversations.
const B: f32 = 0.75;
/// What the agent said, against what the user said.
const AGENT: f32 = 0.3;
/// Titles once more, beside their words in the body.
const TITLE: f32 = 0.3;
/// The word as it is written, beside its stem.
pub(super) const FORM: f32 = 0.25;
/// An identifier as a whole, beside its parts.
pub(super) const WHOLE: f32 = 1.0;
/// Words such as `the` and `which`.
pub(super) const STOP: f32 = 0.4;
/// Two words of the query next to each other.
const PAIR: f32 = 0.2;
/// How near that is, in words.
const WINDOW: u32 = 2;
/// The turns before and after, two on each side.
const NEAR: f32 = 0.25;
/// The whole conversation or log, for each of its turns or sections.
const CONTEXT: f32 = 0.5;
/// The best turn or section, for its conversation or log.
const BEST: f32 = 1.0;
/// A date that the query names, against when the turn was.
pub(super) const DATE: f32 = 1.0;

/// Something to look for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme {
    /// What it is called.
    pub(super) term: String,
    /// The terms of the index that it is; more than one for a date.
    pub(super) terms: Vec<String>,
    /// Where it stands.
    pub(super) place: Place,
    /// Its weight.
    pub(super) weight: f32,
    /// It says nothing of the subject and brings up no candidates.
    pub(super) stop: bool,
    /// Of a form or a whole: the stems that it goes with, by index.
    pub(super) of: Vec<usize>,
}

/// Where a term stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Among the stems.
    Words,
    /// Among the words and identifiers as they are written.
    Exact,
    /// Among the facts: a date.
    Facts,
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Wanted {
    pub(super) lexemes: Vec<Lexeme>,
    /// Stems that follow each other in the query, by index.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Who said it; nothing: anybody.
    pub(super) role: Option<Role>,
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Agent,
}

/// The terms of what is committed; every one is looked up once.
pub(super) struct Terms<'s> {
    pub(super) searcher: &'s Searcher,
    pub(super) fields: &'s Fields,
    dir: &'s Path,
    /// Words on each side.
    words: [u64; 5],
    known: RefCell<HashMap<Term, Rc<[Option<TermInfo>]>>>,
    /// What was deleted of each segment, where it must not count.
    deleted: Option<Vec<Vec<DocId>>>,
}

impl<'s> Terms<'s> {
    pub(super) fn new(searcher: &'s Searcher, fields: &'s Fields, generation: &'s Generation) -> Terms<'s> {
        Terms { searcher, fields, dir: &generation.dir, words: generation.commit.words, known: RefCell::default(), deleted: None }
    }

    /// The same, but what was deleted counts nowhere: figures are the same however the index came about.
    pub(super) fn living(self) -> Terms<'s> {
        let of = |segment: &SegmentReader| match segment.alive_bitset() {
            Some(alive) => (0..segment.max_doc()).filter(|doc| alive.is_deleted(*doc)).collect(),
            None => Vec::new(),
        };
        let deleted = self.searcher.segment_readers().iter().map(of).collect();
        Terms { deleted: Some(deleted), ..self }
    }

    /// Goes through the dictionaries of what is written as it is, one at a time: each is gone from memory before the next comes.
    pub(super) fn each_dictionary(&self, each: &mut dyn FnMut(&TermDictionary) -> Result<()>) -> Result<()> {
        for segment in store::segments(self.dir)? {
            each(SegmentReader::open(&segment)?.inverted_index(self.fields.exact)?.terms())?;
        }
        Ok(())
    }

    /// Where each segment has a term.
    fn infos(&self, term: &Term) -> Result<Rc<[Option<TermInfo>]>> {
        if let Some(infos) = self.known.borrow().get(term) {
            return Ok(infos.clone());
        }
        let mut infos = Vec::new();
        for segment in self.searcher.segment_readers() {
            infos.push(segment.inverted_index(term.field())?.get_term_info(term).map_err(|e| Error::engine(&e))?);
        }
        let infos: Rc<[Option<TermInfo>]> = infos.into();
        self.known.borrow_mut().insert(term.clone(), infos.clone());
        Ok(infos)
    }

    /// How many documents have a term; those that were deleted lately may count, unless only [`Terms::living`] ones do.
    pub(super) fn count(&self, term: &Term) -> Result<u64> {
        let all = self.infos(term)?.iter().flatten().map(|info| u64::from(info.doc_freq)).sum::<u64>();
        let Some(deleted) = &self.deleted else { return Ok(all) };
        let mut gone = 0;
        for (segment, deleted) in deleted.iter().enumerate().filter(|(_, deleted)| !deleted.is_empty()) {
            let Some(mut postings) = self.postings(segment, term, IndexRecordOption::Basic)? else { continue };
            for doc in deleted {
                if postings.doc() < *doc {
                    postings.seek(*doc);
                }
                gone += u64::from(postings.doc() == *doc);
            }
        }
        Ok(all - gone)
    }

    /// The documents of a segment that have a term.
    pub(super) fn postings(&self, segment: usize, term: &Term, option: IndexRecordOption) -> Result<Option<SegmentPostings>> {
        let Some(info) = &self.infos(term)?[segment] else { return Ok(None) };
        let index = self.searcher.segment_reader(segment as u32).inverted_index(term.field())?;
        Ok(Some(index.read_postings_from_terminfo(info, option).map_err(|e| Error::engine(&e))?))
    }

    /// How many documents have a word on a side, by its stem.
    pub(super) fn word(&self, side: Side, stem: &str) -> Result<u64> {
        if self.words[side as usize] == 0 { Ok(0) } else { self.count(&self.fields.word(side, stem)) }
    }

    /// How many documents a fact is true of.
    pub(super) fn fact(&self, fact: &str) -> Result<u64> {
        self.count(&Term::from_field_text(self.fields.facts, fact))
    }

    /// The sides that have any words, and that somebody says.
    pub(super) fn sides(&self, role: Option<Role>) -> impl Iterator<Item = Side> {
        Side::ALL.into_iter().filter(move |side| self.words[*side as usize] > 0 && is_said_by(*side, role))
    }

    /// How many documents have a lexeme, at most: a turn may have it on both sides.
    pub(super) fn frequency(&self, lexeme: &Lexeme) -> Result<f32> {
        let side = |side: Side| lexeme.terms.iter().map(|term| self.word(side, term)).sum::<Result<u64>>();
        let field = |field: Field| lexeme.terms.iter().map(|term| self.count(&Term::from_field_text(field, term))).sum::<Result<u64>>();
        let count = match lexeme.place {
            Place::Words => {
                let said = side(Side::User)? + side(Side::Agent)? + side(Side::Body)?;
                // A word of a title or a command's output alone is a word, too.
                if said > 0 { said } else { side(Side::Title)?.max(side(Side::Acts)?) }
            }
            Place::Exact => field(self.fields.exact)?,
            Place::Facts => field(self.fields.facts)?,
        };
        Ok(count as f32)
    }
}

/// Figures of the whole index.
#[derive(Debug)]
pub(super) struct Statistics {
    /// Documents.
    pub(super) documents: f32,
    /// Turns, sections.
    kinds: [f32; 2],
    /// Conversations, logs.
    units: [f32; 2],
    /// Words on each side.
    words: [u64; 5],
}

impl Statistics {
    /// The figures; how many turns, conversations and logs there are is handed in.
    pub(super) fn new(terms: &Terms<'_>, turns: u64, units: (u64, u64)) -> Statistics {
        let documents = terms.searcher.num_docs() as f32;
        let kinds = [turns as f32, (documents - turns as f32).max(0.0)];
        Statistics { documents, kinds, units: [units.0.max(1) as f32, units.1.max(1) as f32], words: terms.words }
    }

    /// Average length of a side in its kind of documents; and in whole conversations or logs.
    pub(super) fn average(&self, side: Side) -> (f32, f32) {
        let kind = usize::from(matches!(side, Side::Body | Side::Title));
        let words = (self.words[side as usize] as f32).max(1.0);
        ((words / self.kinds[kind].max(1.0)).max(1.0), (words / self.units[kind]).max(1.0))
    }

    /// Words of all documents.
    pub(super) fn length(&self) -> f32 {
        self.words.iter().sum::<u64>() as f32
    }

    /// How much a term tells that so many documents have.
    pub(super) fn idf(&self, frequency: f32) -> f32 {
        let frequency = frequency.min(self.documents);
        (1.0 + (self.documents - frequency + 0.5) / (frequency + 0.5)).ln()
    }
}

/// A document and how well it answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scored {
    pub(super) segment: u32,
    pub(super) doc: DocId,
    /// Hash of the conversation or log.
    pub(super) unit: u64,
    /// Number of the turn or section.
    pub(super) number: u64,
    /// What it scores by itself.
    pub(super) own: f32,
    /// What its neighbours add.
    pub(super) near: f32,
    /// What the whole conversation or log adds.
    pub(super) context: f32,
    /// Lexemes that it has, as bits.
    pub(super) has: u128,
}

impl Scored {
    pub(super) fn score(&self) -> f32 {
        self.own + self.near + self.context
    }
}

/// A conversation or log, and its documents.
#[derive(Debug, Clone, Default)]
pub(super) struct Unit {
    /// Its documents in order.
    pub(super) documents: Vec<Scored>,
    /// What it scores as a whole.
    pub(super) whole: f32,
    /// What its best document scores by itself.
    pub(super) best: f32,
}

impl Unit {
    pub(super) fn score(&self) -> f32 {
        self.whole + BEST * self.best
    }
}

fn saturated(frequency: f32, length: f32, average: f32, b: f32) -> f32 {
    frequency * (K1 + 1.0) / (frequency + K1 * (1.0 - b + b * length / average))
}

/// Whether a side is what somebody says.
pub(super) fn is_said_by(side: Side, role: Option<Role>) -> bool {
    match role {
        None => true,
        Some(Role::User) => side == Side::User,
        Some(Role::Agent) => is_agents(side),
    }
}

fn is_agents(side: Side) -> bool {
    matches!(side, Side::Agent | Side::Acts)
}

/// What a side counts in its documents: its weight and its length normalisation.
pub(super) fn weight_of(side: Side) -> (f32, f32) {
    match side {
        Side::User => (1.0, B_USER),
        Side::Agent | Side::Acts => (AGENT, B),
        Side::Body => (1.0, B),
        Side::Title => (TITLE, B),
    }
}

/// Scores all documents of some conversations and logs.
pub(super) struct Scorer<'s> {
    pub(super) terms: &'s Terms<'s>,
    pub(super) statistics: &'s Statistics,
    pub(super) wanted: &'s Wanted,
    /// How much each lexeme tells.
    pub(super) idf: Vec<f32>,
}

/// The documents of one segment that are scored.
struct Sheet {
    segment: usize,
    documents: Vec<Entry>,
}

struct Entry {
    doc: DocId,
    unit: usize,
    lengths: Lengths,
    scored: Scored,
    /// Lexemes that anybody but the agent said.
    said: u128,
}

/// What a whole conversation or log has.
#[derive(Default, Clone)]
struct Sums {
    /// How often it has a lexeme, by side; without one where nobody knows who wrote it.
    frequencies: BTreeMap<(Option<Side>, usize), f32>,
    lengths: [f32; 5],
    dates: f32,
}

impl Scorer<'_> {
    /// Scores the documents of these units, in their order.
    pub(super) fn units(&self, units: &[u64]) -> Result<Vec<Unit>> {
        let mut sums = vec![Sums::default(); units.len()];
        let mut found: Vec<Unit> = vec![Unit::default(); units.len()];
        for segment in 0..self.terms.searcher.segment_readers().len() {
            let mut sheet = self.sheet(segment, units)?;
            for entry in &sheet.documents {
                for side in Side::ALL {
                    sums[entry.unit].lengths[side as usize] += entry.lengths.of(side) as f32;
                }
            }
            for place in [Place::Words, Place::Exact, Place::Facts] {
                for index in (0..self.wanted.lexemes.len()).filter(|i| self.wanted.lexemes[*i].place == place) {
                    self.lexeme(index, &mut sheet, &mut sums)?;
                }
            }
            self.pairs(&mut sheet)?;
            for entry in sheet.documents {
                found[entry.unit].documents.push(entry.scored);
            }
        }
        for (unit, sums) in found.iter_mut().zip(&sums) {
            self.finish(unit, sums);
        }
        Ok(found)
    }

    fn sheet(&self, ordinal: usize, units: &[u64]) -> Result<Sheet> {
        let segment = self.terms.searcher.segment_reader(ordinal as u32);
        let (numbers, lengths) = (segment.fast_fields().u64(schema::NUMBER)?, segment.fast_fields().u64(schema::LENGTHS)?);
        let mut documents = Vec::new();
        for (n, unit) in units.iter().enumerate() {
            let term = Term::from_field_text(self.terms.fields.facts, &schema::unit_fact(*unit));
            let Some(mut postings) = self.terms.postings(ordinal, &term, IndexRecordOption::Basic)? else { continue };
            while postings.doc() != TERMINATED {
                let doc = postings.doc();
                if !segment.is_deleted(doc) {
                    let number = numbers.first(doc).unwrap_or_default();
                    let lengths = Lengths(lengths.first(doc).unwrap_or_default());
                    let scored = Scored { segment: ordinal as u32, doc, unit: *unit, number, own: 0.0, near: 0.0, context: 0.0, has: 0 };
                    documents.push(Entry { doc, unit: n, lengths, scored, said: 0 });
                }
                postings.advance();
            }
        }
        documents.sort_unstable_by_key(|d| d.doc);
        Ok(Sheet { segment: ordinal, documents })
    }

    fn lexeme(&self, n: usize, sheet: &mut Sheet, sums: &mut [Sums]) -> Result<()> {
        let lexeme = &self.wanted.lexemes[n];
        let value = lexeme.weight * self.idf[n];
        let bit = 1_u128 << n.min(127);
        match lexeme.place {
            Place::Words => {
                for side in self.terms.sides(self.wanted.role) {
                    let term = self.terms.fields.word(side, &lexeme.term);
                    let Some(mut postings) = self.terms.postings(sheet.segment, &term, IndexRecordOption::WithFreqs)? else { continue };
                    let (weight, b) = weight_of(side);
                    let average = self.statistics.average(side).0;
                    each(&mut postings, &mut sheet.documents, &mut |entry, postings| {
                        let frequency = postings.term_freq() as f32;
                        entry.scored.own += weight * value * saturated(frequency, entry.lengths.of(side) as f32, average, b);
                        entry.scored.has |= bit;
                        entry.said |= if is_agents(side) { 0 } else { bit };
                        *sums[entry.unit].frequencies.entry((Some(side), n)).or_default() += frequency;
                    });
                }
            }
            Place::Exact => {
                let term = Term::from_field_text(self.terms.fields.exact, &lexeme.term);
                let Some(mut postings) = self.terms.postings(sheet.segment, &term, IndexRecordOption::Basic)? else { return Ok(()) };
                let role = self.wanted.role.is_some();
                each(&mut postings, &mut sheet.documents, &mut |entry, _| {
                    let stems = lexeme.of.iter().fold(0, |all, stem| all | 1_u128 << (*stem).min(127));
                    // Who wrote it in this form is not indexed: whoever has its stems.
                    let agents = stems != 0 && entry.said & stems != stems;
                    if role && stems != 0 && entry.scored.has & stems != stems {
                        return;
                    }
                    entry.scored.own += if agents { AGENT } else { 1.0 } * value;
                    entry.scored.has |= bit;
                    entry.said |= if agents { 0 } else { bit };
                    *sums[entry.unit].frequencies.entry((None, n)).or_default() += 1.0;
                });
            }
            Place::Facts => {
                for term in &lexeme.terms {
                    let term = Term::from_field_text(self.terms.fields.facts, term);
                    let Some(mut postings) = self.terms.postings(sheet.segment, &term, IndexRecordOption::Basic)? else { continue };
                    each(&mut postings, &mut sheet.documents, &mut |entry, _| {
                        entry.scored.own += value;
                        let dates = &mut sums[entry.unit].dates;
                        *dates = dates.max(value);
                    });
                }
            }
        }
        Ok(())
    }

    /// Words of the query that stand next to each other.
    fn pairs(&self, sheet: &mut Sheet) -> Result<()> {
        let paired: u128 = self.wanted.pairs.iter().fold(0, |all, (a, b)| all | 1_u128 << (*a).min(127) | 1_u128 << (*b).min(127));
        let worth: Vec<usize> = (0..sheet.documents.len()).filter(|n| (sheet.documents[*n].scored.has & paired).count_ones() > 1).collect();
        if worth.is_empty() {
            return Ok(());
        }
        let mut members: Vec<usize> = self.wanted.pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        members.sort_unstable();
        members.dedup();
        for side in self.terms.sides(self.wanted.role).filter(|side| *side != Side::Title) {
            let mut positions: HashMap<(DocId, usize), Vec<u32>> = HashMap::new();
            for n in &members {
                let term = self.terms.fields.word(side, &self.wanted.lexemes[*n].term);
                let option = IndexRecordOption::WithFreqsAndPositions;
                let Some(mut postings) = self.terms.postings(sheet.segment, &term, option)? else { continue };
                for entry in &worth {
                    let doc = sheet.documents[*entry].doc;
                    if postings.doc() < doc {
                        postings.seek(doc);
                    }
                    if postings.doc() == doc {
                        let mut at = Vec::new();
                        postings.positions(&mut at);
                        positions.insert((doc, *n), at);
                    }
                }
            }
            let (weight, b) = weight_of(side);
            let average = self.statistics.average(side).0;
            for n in &worth {
                let entry = &mut sheet.documents[*n];
                let mut bonus = 0.0;
                for (a, z) in &self.wanted.pairs {
                    let both = positions.get(&(entry.doc, *a)).zip(positions.get(&(entry.doc, *z)));
                    let count = both.map_or(0, |(a, z)| together(a, z)) as f32;
                    if count > 0.0 {
                        bonus += self.idf[*a].min(self.idf[*z]) * saturated(count, entry.lengths.of(side) as f32, average, b);
                    }
                }
                entry.scored.own += PAIR * weight * bonus;
            }
        }
        Ok(())
    }

    /// What a conversation or log scores as a whole, and what that and the neighbours add to its documents.
    fn finish(&self, unit: &mut Unit, sums: &Sums) {
        unit.documents.sort_unstable_by_key(|d| d.number);
        unit.whole = sums.dates;
        for ((side, n), frequency) in &sums.frequencies {
            let value = self.wanted.lexemes[*n].weight * self.idf[*n];
            unit.whole += match side {
                None => value * saturated(*frequency, 1.0, 1.0, 0.0),
                Some(side) => {
                    let (length, average) = (sums.lengths[*side as usize], self.statistics.average(*side).1);
                    weight_of(*side).0 * value * saturated(*frequency, length, average, B)
                }
            };
        }
        let own: Vec<f32> = unit.documents.iter().map(|d| d.own).collect();
        unit.best = own.iter().copied().fold(0.0, f32::max);
        for (n, document) in unit.documents.iter_mut().enumerate() {
            let around = n.saturating_sub(2)..(n + 3).min(own.len());
            document.near = NEAR * around.filter(|m| *m != n).map(|m| own[m]).sum::<f32>();
            document.context = CONTEXT * unit.whole;
        }
    }
}

/// Goes through the documents that have a term.
fn each(postings: &mut SegmentPostings, documents: &mut [Entry], with: &mut dyn FnMut(&mut Entry, &SegmentPostings)) {
    for entry in documents {
        if postings.doc() < entry.doc {
            postings.seek(entry.doc);
        }
        if postings.doc() == TERMINATED {
            return;
        }
        if postings.doc() == entry.doc {
            with(entry, postings);
        }
    }
}

/// How often two words stand near each other, in either order.
fn together(a: &[u32], z: &[u32]) -> usize {
    let mut count = 0;
    for x in a {
        let from = z.partition_point(|y| y + WINDOW < *x);
        count += z[from..].iter().take_while(|y| **y <= x + WINDOW).filter(|y| *y != x).count();
    }
    count
}
