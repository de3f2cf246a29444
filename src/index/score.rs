//! Scores: how well turns and sections answer a query, alone, among their neighbours, and as whole conversations and logs.
//!
//! The engine finds candidates; here all documents of the best conversations and logs are scored exactly. The formula is BM25
//! (Robertson and Zaragoza, 2009) with weights that the relevance benchmark justifies.

use std::cell::RefCell;
use std::collections::HashMap;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, InvertedIndexReader, Searcher, SegmentReader, TERMINATED, Term};

use super::error::{Error, Result};
use super::schema::{self, Fields};

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

/// The terms of what is committed, and how many documents have each; every term is looked up once.
pub(super) struct Terms<'s> {
    pub(super) searcher: &'s Searcher,
    pub(super) fields: &'s Fields,
    /// Words in each text field.
    tokens: HashMap<Field, u64>,
    known: RefCell<HashMap<Term, u64>>,
}

impl<'s> Terms<'s> {
    pub(super) fn read(searcher: &'s Searcher, fields: &'s Fields) -> Result<Terms<'s>> {
        let mut tokens = HashMap::new();
        for field in fields.texts() {
            let indexes = searcher.segment_readers().iter().map(|segment| segment.inverted_index(field));
            tokens.insert(field, indexes.map(|index| index.map(|i| i.total_num_tokens())).sum::<tantivy::Result<u64>>()?);
        }
        Ok(Terms { searcher, fields, tokens, known: RefCell::default() })
    }

    /// How many documents have a term; those that were deleted lately may count.
    pub(super) fn count(&self, term: &Term) -> Result<u64> {
        if let Some(count) = self.known.borrow().get(term) {
            return Ok(*count);
        }
        let empty = self.tokens.get(&term.field()).is_some_and(|tokens| *tokens == 0);
        let count = if empty { 0 } else { self.searcher.doc_freq(term)? };
        self.known.borrow_mut().insert(term.clone(), count);
        Ok(count)
    }

    /// The same for a text in a field.
    pub(super) fn of(&self, field: Field, text: &str) -> Result<u64> {
        self.count(&Term::from_field_text(field, text))
    }

    /// The fields of words that have any.
    pub(super) fn filled(&self) -> impl Iterator<Item = Field> {
        self.fields.texts().into_iter().filter(|field| self.tokens.get(field).is_some_and(|tokens| *tokens > 0))
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
    /// Words in each text field.
    tokens: HashMap<Field, f32>,
}

impl Statistics {
    /// Reads the figures; how many conversations and logs there are is handed in.
    pub(super) fn read(terms: &Terms<'_>, units: (u64, u64)) -> Result<Statistics> {
        let count = |fact: &str| terms.of(terms.fields.facts, fact);
        let kinds = [count("kind:turn")? as f32, count("kind:log")? as f32];
        let tokens = terms.tokens.iter().map(|(field, tokens)| (*field, *tokens as f32)).collect();
        Ok(Statistics { documents: kinds[0] + kinds[1], kinds, units: [units.0.max(1) as f32, units.1.max(1) as f32], tokens })
    }

    /// Average length of a field in its kind of documents; and in whole conversations or logs.
    pub(super) fn average(&self, fields: &Fields, field: Field) -> (f32, f32) {
        let kind = usize::from(field == fields.body || field == fields.title);
        let tokens = self.tokens.get(&field).copied().unwrap_or_default().max(1.0);
        ((tokens / self.kinds[kind].max(1.0)).max(1.0), (tokens / self.units[kind]).max(1.0))
    }

    /// How much a term tells that so many documents have.
    pub(super) fn idf(&self, frequency: f32) -> f32 {
        let frequency = frequency.min(self.documents);
        (1.0 + (self.documents - frequency + 0.5) / (frequency + 0.5)).ln()
    }
}

impl Terms<'_> {
    /// How many documents have a lexeme, at most: a turn may have it on both sides.
    pub(super) fn frequency(&self, lexeme: &Lexeme) -> Result<f32> {
        let fields = self.fields;
        let count = |field: Field| lexeme.terms.iter().map(|term| self.of(field, term)).sum::<Result<u64>>();
        let count = match lexeme.place {
            Place::Words => {
                let said = count(fields.user)? + count(fields.agent)? + count(fields.body)?;
                // A word of a title or a command's output alone is a word, too.
                if said > 0 { said } else { count(fields.title)?.max(count(fields.acts)?) }
            }
            Place::Exact => count(fields.exact)?,
            Place::Facts => count(fields.facts)?,
        };
        Ok(count as f32)
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

/// Whether a field holds what somebody said.
pub(super) fn is_said_by(fields: &Fields, field: Field, role: Option<Role>) -> bool {
    match role {
        None => true,
        Some(Role::User) => field == fields.user,
        Some(Role::Agent) => field == fields.agent || field == fields.acts,
    }
}

/// What a field counts in its documents: its weight and its length normalisation.
pub(super) fn weight_of(fields: &Fields, field: Field) -> (f32, f32) {
    match field {
        f if f == fields.user => (1.0, B_USER),
        f if f == fields.agent || f == fields.acts => (AGENT, B),
        f if f == fields.title => (TITLE, B),
        _ => (1.0, B),
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
    documents: Vec<Entry>,
    /// Positions of stems, by field, document and lexeme.
    positions: HashMap<(Field, u32, usize), Vec<u32>>,
}

struct Entry {
    doc: DocId,
    unit: usize,
    scored: Scored,
    /// Lexemes that the user, and that anybody but the agent said.
    said: u128,
}

/// What a whole conversation or log has.
#[derive(Default, Clone)]
struct Sums {
    /// How often it has a lexeme, by field.
    frequencies: HashMap<(Field, usize), f32>,
    lengths: HashMap<Field, f32>,
    dates: f32,
}

impl Scorer<'_> {
    /// Scores the documents of these units, in their order.
    pub(super) fn units(&self, units: &[u64]) -> Result<Vec<Unit>> {
        let mut sums = vec![Sums::default(); units.len()];
        let mut found: Vec<Unit> = vec![Unit::default(); units.len()];
        for (ordinal, segment) in self.terms.searcher.segment_readers().iter().enumerate() {
            let mut sheet = self.sheet(segment, ordinal, units)?;
            self.lengths(segment, &sheet, &mut sums)?;
            for place in [Place::Words, Place::Exact, Place::Facts] {
                for index in (0..self.wanted.lexemes.len()).filter(|i| self.wanted.lexemes[*i].place == place) {
                    self.lexeme(segment, index, &mut sheet, &mut sums)?;
                }
            }
            self.pairs(segment, &mut sheet)?;
            for entry in sheet.documents {
                found[entry.unit].documents.push(entry.scored);
            }
        }
        for (unit, sums) in found.iter_mut().zip(&sums) {
            self.finish(unit, sums);
        }
        Ok(found)
    }

    fn sheet(&self, segment: &SegmentReader, ordinal: usize, units: &[u64]) -> Result<Sheet> {
        let facts = segment.inverted_index(self.terms.fields.facts)?;
        let numbers = segment.fast_fields().u64(schema::NUMBER)?;
        let mut documents = Vec::new();
        for (n, unit) in units.iter().enumerate() {
            let term = Term::from_field_text(self.terms.fields.facts, &schema::unit_fact(*unit));
            let Some(mut postings) = facts.read_postings(&term, IndexRecordOption::Basic).map_err(|e| Error::engine(&e))? else { continue };
            while postings.doc() != TERMINATED {
                let doc = postings.doc();
                if !segment.is_deleted(doc) {
                    let number = numbers.first(doc).unwrap_or_default();
                    let scored = Scored { segment: ordinal as u32, doc, unit: *unit, number, own: 0.0, near: 0.0, context: 0.0, has: 0 };
                    documents.push(Entry { doc, unit: n, scored, said: 0 });
                }
                postings.advance();
            }
        }
        documents.sort_unstable_by_key(|d| d.doc);
        Ok(Sheet { documents, positions: HashMap::new() })
    }

    /// The fields that are looked at.
    fn texts(&self) -> impl Iterator<Item = Field> {
        self.terms.filled().filter(|field| is_said_by(self.terms.fields, *field, self.wanted.role))
    }

    fn lengths(&self, segment: &SegmentReader, sheet: &Sheet, sums: &mut [Sums]) -> Result<()> {
        for field in self.texts() {
            let norms = norms(segment, field)?;
            for entry in &sheet.documents {
                *sums[entry.unit].lengths.entry(field).or_default() += norms.fieldnorm(entry.doc) as f32;
            }
        }
        Ok(())
    }

    fn postings(
        &self,
        index: &InvertedIndexReader,
        field: Field,
        term: &str,
        option: IndexRecordOption,
    ) -> Result<Option<SegmentPostings>> {
        index.read_postings(&Term::from_field_text(field, term), option).map_err(|e| Error::engine(&e))
    }

    fn lexeme(&self, segment: &SegmentReader, n: usize, sheet: &mut Sheet, sums: &mut [Sums]) -> Result<()> {
        let lexeme = &self.wanted.lexemes[n];
        let value = lexeme.weight * self.idf[n];
        let bit = 1_u128 << n.min(127);
        match lexeme.place {
            Place::Words => {
                for field in self.texts() {
                    let Some(mut postings) =
                        self.postings(&*segment.inverted_index(field)?, field, &lexeme.term, IndexRecordOption::WithFreqs)?
                    else {
                        continue;
                    };
                    let norms = norms(segment, field)?;
                    let (weight, b) = weight_of(self.terms.fields, field);
                    let average = self.statistics.average(self.terms.fields, field).0;
                    let agents = field == self.terms.fields.agent || field == self.terms.fields.acts;
                    each(&mut postings, &mut sheet.documents, &mut |entry, postings| {
                        let frequency = postings.term_freq() as f32;
                        let length = norms.fieldnorm(entry.doc) as f32;
                        entry.scored.own += weight * value * saturated(frequency, length, average, b);
                        entry.scored.has |= bit;
                        entry.said |= if agents { 0 } else { bit };
                        *sums[entry.unit].frequencies.entry((field, n)).or_default() += frequency;
                    });
                }
            }
            Place::Exact => {
                let field = self.terms.fields.exact;
                let index = segment.inverted_index(field)?;
                let Some(mut postings) = self.postings(&index, field, &lexeme.term, IndexRecordOption::Basic)? else { return Ok(()) };
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
                    *sums[entry.unit].frequencies.entry((field, n)).or_default() += 1.0;
                });
            }
            Place::Facts => {
                let field = self.terms.fields.facts;
                let index = segment.inverted_index(field)?;
                for term in &lexeme.terms {
                    let Some(mut postings) = self.postings(&index, field, term, IndexRecordOption::Basic)? else { continue };
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
    fn pairs(&self, segment: &SegmentReader, sheet: &mut Sheet) -> Result<()> {
        let paired: u128 = self.wanted.pairs.iter().fold(0, |all, (a, b)| all | 1_u128 << (*a).min(127) | 1_u128 << (*b).min(127));
        let mut worth: Vec<usize> = Vec::new();
        for (n, entry) in sheet.documents.iter().enumerate() {
            if (entry.scored.has & paired).count_ones() > 1 {
                worth.push(n);
            }
        }
        if worth.is_empty() {
            return Ok(());
        }
        let mut members: Vec<usize> = self.wanted.pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        members.sort_unstable();
        members.dedup();
        for field in self.texts().filter(|f| *f != self.terms.fields.title) {
            for n in &members {
                let term = &self.wanted.lexemes[*n].term;
                let option = IndexRecordOption::WithFreqsAndPositions;
                let Some(mut postings) = self.postings(&*segment.inverted_index(field)?, field, term, option)? else { continue };
                for entry in &worth {
                    let doc = sheet.documents[*entry].doc;
                    if postings.doc() < doc {
                        postings.seek(doc);
                    }
                    if postings.doc() == doc {
                        let mut positions = Vec::new();
                        postings.positions(&mut positions);
                        sheet.positions.insert((field, doc, *n), positions);
                    }
                }
            }
            let norms = norms(segment, field)?;
            let (weight, b) = weight_of(self.terms.fields, field);
            let average = self.statistics.average(self.terms.fields, field).0;
            for n in &worth {
                let doc = sheet.documents[*n].doc;
                let mut bonus = 0.0;
                for (a, z) in &self.wanted.pairs {
                    let both = sheet.positions.get(&(field, doc, *a)).zip(sheet.positions.get(&(field, doc, *z)));
                    let count = both.map_or(0, |(a, z)| together(a, z)) as f32;
                    if count > 0.0 {
                        bonus += self.idf[*a].min(self.idf[*z]) * saturated(count, norms.fieldnorm(doc) as f32, average, b);
                    }
                }
                sheet.documents[*n].scored.own += PAIR * weight * bonus;
            }
        }
        Ok(())
    }

    /// What a conversation or log scores as a whole, and what that and the neighbours add to its documents.
    fn finish(&self, unit: &mut Unit, sums: &Sums) {
        unit.documents.sort_unstable_by_key(|d| d.number);
        unit.whole = sums.dates;
        for ((field, n), frequency) in &sums.frequencies {
            let value = self.wanted.lexemes[*n].weight * self.idf[*n];
            unit.whole += if *field == self.terms.fields.exact {
                value * saturated(*frequency, 1.0, 1.0, 0.0)
            } else {
                let average = self.statistics.average(self.terms.fields, *field).1;
                let length = sums.lengths.get(field).copied().unwrap_or(average);
                weight_of(self.terms.fields, *field).0 * value * saturated(*frequency, length, average, B)
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

fn norms(segment: &SegmentReader, field: Field) -> Result<FieldNormReader> {
    Ok(segment.get_fieldnorms_reader(field)?)
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
