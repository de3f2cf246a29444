//! Candidates: which sessions share most with one, by the index alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, TERMINATED, Term};

use super::super::error::Result;
use super::super::facts::{Fact, Kind};
use super::super::plan::{self, Plan};
use super::super::query::{Node, Query};
use super::super::schema;
use super::super::score::{Lexeme, Place, Scored, Scorer, Statistics, Terms, Unit, Wanted};
use super::super::search::{By, Columns, Request, Run, Sessions, Sort};
use super::super::update::Sources;
use super::super::{Index, tokens};
use super::subject::{Subject, Word};
use super::ties::Tie;

/// Words that are looked for: the most telling ones.
const WORDS: usize = 30;
/// Those of them that candidates are found by: the more there are, the longer it takes where all words are common.
const LEADING: usize = 12;
/// A word of the title once more, against one of the text.
const TITLE: f32 = 1.5;
/// Words that are weighed: those that stand there most.
const WEIGHED: usize = 600;
/// Facts of a session that are looked for.
const FACTS: usize = 80;
/// Documents that have a fact, at most: what more have ties nobody together.
const COMMON: u64 = 2_000;
/// Sessions for their text and for their facts, at least.
const POOL: usize = 40;
const FACTUAL: usize = 30;
/// Turns of a session that are read back for the words and for the facts.
const READ: usize = 3;
/// What the facts are worth beside the text.
const WORTH: f32 = 0.6;

/// Something that a candidate shares.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) fact: Fact,
    pub(super) worth: f32,
    /// Sessions that have it, about.
    pub(super) sessions: u64,
}

/// A session that may be related.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidate {
    /// The path of its log, as it is shown; nothing for a conversation.
    pub(super) path: Option<String>,
    /// Turns that are read back.
    pub(super) rows: Vec<i64>,
    pub(super) score: f32,
    /// How much of the subject it has, from 0 to 1.
    pub(super) similar: f32,
    pub(super) shared: Vec<Shared>,
}

/// Candidates, the best first, and the words that were looked for, the most telling first.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    pub(super) candidates: Vec<Candidate>,
    pub(super) words: Vec<String>,
}

/// The telling words of a subject.
#[derive(Debug, Default)]
struct Chosen {
    lexemes: Vec<Lexeme>,
    idf: Vec<f32>,
    /// What share of the most telling words others have, too.
    known: f32,
}

/// What a fact counts, where nobody else has it.
fn weight(kind: Kind) -> f32 {
    match kind {
        Kind::Issue => 0.6,
        Kind::Error | Kind::Url => 0.3,
        Kind::File => 0.4,
        Kind::Tag => 0.08,
    }
}

/// Ranks the sessions that share anything with a subject.
pub(super) fn ranked(
    index: &Index,
    sources: &Sources<'_>,
    subject: &Subject,
    ties: &BTreeMap<String, Tie>,
    limit: usize,
) -> Result<Ranked> {
    let searcher = index.generation.reader.searcher();
    let terms = Terms::new(&searcher, &index.fields, &index.generation).living();
    let commit = &index.generation.commit;
    let statistics = Statistics::new(&terms, commit.turns, (commit.conversations, index.generation.logs.logs.len() as u64));
    let chosen = choose(subject, &terms, &statistics)?;
    let wanted = Wanted { lexemes: chosen.lexemes.clone(), ..Wanted::default() };
    // Who has none of the most telling words is not found by the others.
    let leading = chosen.lexemes.len().min(LEADING);
    let abandoned = terms.fact("is:abandoned")? > 0;
    let filter = abandoned.then(|| {
        let fact = Term::from_field_text(index.fields.facts, "is:abandoned");
        plan::without(Box::new(TermQuery::new(fact, IndexRecordOption::Basic)))
    });
    let plan = Plan {
        wanted: Wanted { lexemes: chosen.lexemes[..leading].to_vec(), ..Wanted::default() },
        filter,
        every: None,
        words: 0,
        tiers: false,
        tried: Vec::new(),
        marks: plan::Marks::default(),
    };
    let query = Query { root: Node::Everything, hints: Vec::new(), question: false };
    let request =
        Request { query: &query, text: "", by: By::Session, sort: Sort::Relevance, offset: 0, limit, all_words: false, abandoned: false };
    let columns = searcher.segment_readers().iter().map(Columns::read).collect::<Result<_>>()?;
    let run = Run { index, terms: &terms, columns, request: &request, plan };
    let pool = POOL.max(limit.saturating_mul(2));
    let candidates =
        run.candidates(&statistics, &chosen.idf[..leading], pool.saturating_mul(5).min((searcher.num_docs() as usize).max(1)))?;
    let (mut units, _) = run.best_units(candidates, usize::MAX, pool + subject.units.len());
    let hits = hits(&run, subject)?;
    units.extend(best_of(&hits));
    units.extend(ties.keys().map(|path| schema::unit_of(path)));
    units.extend(&subject.units);
    let mut seen = HashSet::new();
    units.retain(|unit| seen.insert(*unit));
    let scorer = Scorer { terms: &terms, statistics: &statistics, wanted: &wanted, idf: chosen.idf.clone() };
    let scored = scorer.units(&units)?;
    let own = |unit: &u64| subject.units.contains(unit);
    let whole = units.iter().zip(&scored).filter(|(unit, _)| own(unit)).map(|(_, s)| s.score()).fold(0.0, f32::max);
    let mut sessions = Sessions::new(&run, sources);
    let mut found: BTreeMap<u64, Gathered> = BTreeMap::new();
    for (unit, scored) in units.iter().zip(scored).filter(|(unit, _)| !own(unit)) {
        let Some(document) = scored.documents.first() else { continue };
        let session = sessions.of(document)?;
        if !own(&session) {
            found.entry(session).or_default().take(&scored, hits.get(unit));
        }
    }
    let known = if whole > 0.0 { chosen.known / whole } else { 0.0 };
    let mut candidates = Vec::new();
    for (session, gathered) in found {
        candidates.push((session, gathered.candidate(&run, session, known, ties)?));
    }
    candidates.sort_by(|(a, one), (b, other)| other.score.total_cmp(&one.score).then(a.cmp(b)));
    let candidates = candidates.into_iter().map(|(_, candidate)| candidate).filter(|c| c.score > 0.0).collect();
    Ok(Ranked { candidates, words: chosen.lexemes.into_iter().filter(|l| l.place == Place::Words).map(|l| l.term).collect() })
}

/// The words that tell most, and are not the session's alone.
fn choose(subject: &Subject, terms: &Terms<'_>, statistics: &Statistics) -> Result<Chosen> {
    let mut words: Vec<(&String, &Word)> = subject.words.iter().collect();
    words
        .sort_by(|a, b| b.1.title.cmp(&a.1.title).then(b.1.count.total_cmp(&a.1.count)).then(a.1.first.cmp(&b.1.first)).then(a.0.cmp(b.0)));
    words.truncate(WEIGHED);
    let mut weighed = Vec::new();
    for (stem, word) in words {
        let lexeme =
            Lexeme { term: stem.clone(), terms: vec![stem.clone()], place: Place::Words, weight: 1.0, stop: false, of: Vec::new() };
        let frequency = terms.frequency(&lexeme)?;
        let weight = 1.0 + word.count.max(1.0).ln();
        let weight = if word.title { weight * TITLE } else { weight };
        let idf = statistics.idf(frequency.max(1.0));
        weighed.push((weight * idf, frequency as u64 > word.documents, Lexeme { weight, ..lexeme }, idf));
    }
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.term.cmp(&b.2.term)));
    let mut chosen = Chosen::default();
    let (mut all, mut known) = (0.0, 0.0);
    for (n, (value, shared, lexeme, idf)) in weighed.into_iter().enumerate() {
        if chosen.lexemes.len() == WORDS {
            break;
        }
        if n < WORDS {
            all += value;
            known += if shared { value } else { 0.0 };
        }
        if shared {
            chosen.lexemes.push(lexeme);
            chosen.idf.push(idf);
        }
    }
    chosen.known = if all > 0.0 { known / all } else { 0.0 };
    Ok(chosen)
}

/// What the documents of a unit share: each fact, and the first document that has it.
type Hits = HashMap<u64, Vec<(Shared, DocAddress)>>;

/// The documents that have the facts of a subject, by unit.
fn hits(run: &Run<'_>, subject: &Subject) -> Result<Hits> {
    let sessions = (run.index.generation.commit.conversations + run.index.generation.logs.logs.len() as u64).max(2) as f32;
    let idf = |count: f32| (1.0 + (sessions - count.min(sessions) + 0.5) / (count + 0.5)).ln();
    let mut rare: Vec<(u64, &Fact, Vec<Term>)> = Vec::new();
    for fact in &subject.facts {
        let terms = terms_of(run, fact);
        let count = terms.iter().map(|term| run.terms.count(term)).sum::<Result<u64>>()?;
        if count > 1 && count <= COMMON && fact != &(Kind::Tag, "session".to_string()) {
            rare.push((count, fact, terms));
        }
    }
    rare.sort_by(|a, b| weight(b.1.0).total_cmp(&weight(a.1.0)).then(a.0.cmp(&b.0)).then(a.1.cmp(b.1)));
    rare.truncate(FACTS);
    let mut hits: Hits = HashMap::new();
    for (_, fact, terms) in rare {
        let mut having: BTreeMap<u64, DocAddress> = BTreeMap::new();
        for segment in 0..run.terms.searcher.segment_readers().len() {
            for term in &terms {
                let Some(mut postings) = run.terms.postings(segment, term, IndexRecordOption::Basic)? else { continue };
                while postings.doc() != TERMINATED {
                    let address = DocAddress::new(segment as u32, postings.doc());
                    if !run.terms.searcher.segment_reader(segment as u32).is_deleted(postings.doc()) {
                        having.entry(run.scored(address).unit).or_insert(address);
                    }
                    postings.advance();
                }
            }
        }
        let count = having.len() as f32;
        let worth = weight(fact.0) * idf(count) / idf(1.0);
        // What half of all have says nothing, where there are more than a few.
        if count > 8.0 && count > sessions / 2.0 {
            continue;
        }
        for (unit, address) in having.into_iter().filter(|(unit, _)| !subject.units.contains(unit)) {
            hits.entry(unit).or_default().push((Shared { fact: fact.clone(), worth, sessions: count as u64 }, address));
        }
    }
    Ok(hits)
}

/// What the index knows a fact by.
fn terms_of(run: &Run<'_>, (kind, value): &Fact) -> Vec<Term> {
    let fields = &run.index.fields;
    let fact = |key: &str, value: &str| Term::from_field_text(fields.facts, &schema::fact(key, value));
    match kind {
        Kind::File => vec![fact("file", value)],
        Kind::Url => vec![fact("url", value)],
        Kind::Tag => vec![fact("tag", value)],
        Kind::Error | Kind::Issue => {
            let found = tokens::analyse(value);
            let Some(whole) = found.whole else { return Vec::new() };
            let whole = if found.parts.len() > 1 { plan::name(&whole) } else { whole };
            let mut terms = vec![Term::from_field_text(fields.exact, &whole)];
            if *kind == Kind::Issue {
                terms.extend(["linear_issue", "session.linear_issue"].map(|key| fact("property", &format!("{key}={value}"))));
            }
            terms
        }
    }
}

/// The units that share the most facts.
fn best_of(hits: &Hits) -> Vec<u64> {
    let mut units: Vec<(f32, u64)> = hits.iter().map(|(unit, shared)| (shared.iter().map(|(s, _)| s.worth).sum(), *unit)).collect();
    units.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    units.into_iter().take(FACTUAL).map(|(_, unit)| unit).collect()
}

/// What was found of a session, over its log and its conversations.
#[derive(Default)]
struct Gathered {
    text: f32,
    shared: Vec<(Shared, DocAddress)>,
    /// The best documents for the words.
    documents: Vec<Scored>,
}

impl Gathered {
    fn take(&mut self, unit: &Unit, hits: Option<&Vec<(Shared, DocAddress)>>) {
        self.text = self.text.max(unit.score());
        for hit in hits.into_iter().flatten() {
            if !self.shared.iter().any(|(known, _)| known.fact == hit.0.fact) {
                self.shared.push(hit.clone());
            }
        }
        self.documents.extend(unit.documents.iter().filter(|d| d.own > 0.0).cloned());
    }

    fn candidate(mut self, run: &Run<'_>, session: u64, known: f32, ties: &BTreeMap<String, Tie>) -> Result<Candidate> {
        let path = run.index.log_of(session).map(|log| log.path.clone());
        let similar = (self.text * known).min(1.0);
        let facts = 1.0 - self.shared.iter().fold(1.0, |left, (s, _)| left * (1.0 - s.worth));
        let tie = path.as_ref().and_then(|path| ties.get(path)).map_or(0.0, |tie| if tie.is_part() { 2.0 } else { 1.0 });
        let score = similar + WORTH * facts + tie;
        self.documents.sort_by(|a, b| b.own.total_cmp(&a.own).then(a.number.cmp(&b.number)));
        let mut rows: Vec<i64> = Vec::new();
        let best = self.documents.iter().take(READ).map(|d| DocAddress::new(d.segment, d.doc));
        for address in best.chain(self.shared.iter().map(|(_, address)| *address)) {
            let row = run.columns[address.segment_ord as usize].row(address.doc_id)? as i64;
            if row > 0 && !rows.contains(&row) && rows.len() < 4 * READ {
                rows.push(row);
            }
        }
        let shared = self.shared.into_iter().map(|(shared, _)| shared).collect();
        Ok(Candidate { path, rows, score, similar, shared })
    }
}
