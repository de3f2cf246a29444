//! Searching: candidates from the engine, exact scores for the best conversations and logs, and what they are shown as.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tantivy::collector::{Count, DocSetCollector, TopDocs};
use tantivy::columnar::Column;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::query::{BooleanQuery, BoostQuery, EnableScoring, Occur, Query as Engine, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocId, DocSet, Order, Score, Searcher, SegmentReader, TERMINATED, Term};

use super::Index;
use super::error::Result;
use super::plan::{self, Lookup, Marks, Plan, Planner};
use super::query::{Key, Query};
use super::schema;
use super::score::{self, Place, Scored, Scorer, Statistics, Terms, Unit};
use super::state::Indexed;
use super::tokens;
use super::update::Sources;
use crate::record::conversation::Filter;
use crate::record::status::Status;

/// Candidates that the engine gives.
const CANDIDATES: usize = 40;
/// The engine holds length against a text more than we do where the user speaks: as if all texts were longer.
const STRETCH: f32 = 2.0;
/// Conversations and logs that are scored exactly.
const UNITS: usize = 15;

/// What a search gives as one result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// A session: a log and its conversations, or a conversation without a log.
    #[default]
    Session,
    /// A section of a log.
    Section,
    /// A turn.
    Turn,
}

/// The order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The best first.
    #[default]
    Relevance,
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
}

/// A search.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The query.
    pub query: &'r Query,
    /// The query as it was typed.
    pub text: &'r str,
    /// What is one result.
    pub by: By,
    /// The order.
    pub sort: Sort,
    /// So many results are left out first.
    pub offset: usize,
    /// At most so many results.
    pub limit: usize,
    /// Every word must be there.
    pub all_words: bool,
    /// Turns that were rolled back count.
    pub abandoned: bool,
}

/// Where a hit is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A turn, by its row.
    Turn(i64),
    /// A section: the log's path relative to the journal (`zip!name` in a zip), its number, and when the log was last worked on, in
    /// ms since 1970.
    Section(String, usize, i64),
}

/// A turn or section that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Where it is.
    pub address: Address,
    /// Its score.
    pub score: f32,
    /// It has every word.
    pub full: bool,
    /// What the score is made of: the hit by itself, its neighbours, the whole conversation or log.
    pub parts: [f32; 3],
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its score.
    pub score: f32,
    /// One of its hits has every word.
    pub full: bool,
    /// Its best hits, the best first.
    pub hits: Vec<Hit>,
    /// How many hits of it were found.
    pub matches: usize,
}

/// The answer to a search.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Results, the best first.
    pub found: Vec<Found>,
    /// How many of them have every word; the rest have some.
    pub border: usize,
    /// There are more results.
    pub more: bool,
    /// Words that nothing has, and what was looked for instead.
    pub tried: Vec<(String, Vec<String>)>,
    /// What is highlighted.
    pub marks: Marks,
    /// How the query was understood: terms and their weights.
    pub terms: Vec<(String, f32)>,
}

/// How much a query finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Turns and sections that have every word.
    pub total: u64,
    /// How many of them have which value, the most frequent first, by the name of the field.
    pub facets: BTreeMap<String, Vec<(String, u64)>>,
}

/// Figures for the engine, so that it scores about as we do.
struct Figures<'f> {
    rest: &'f Terms<'f>,
    documents: u64,
    /// Words of all documents, so that their number by document is the length that is held against a text.
    words: u64,
    frequencies: HashMap<Term, u64>,
}

impl Bm25StatisticsProvider for Figures<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        Ok(if field == self.rest.fields.words { self.words } else { self.documents })
    }
    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.documents)
    }
    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let known = self.frequencies.get(term).copied();
        let count = known.map_or_else(|| self.rest.count(term), Ok).map_err(|e| tantivy::TantivyError::InternalError(e.to_string()))?;
        Ok(count.min(self.documents))
    }
}

/// What a query needs to know of logs and conversations.
pub(super) struct Journals<'j> {
    pub(super) index: &'j Index,
    pub(super) sources: &'j Sources<'j>,
    pub(super) searcher: &'j Searcher,
}

impl Journals<'_> {
    pub(super) fn with_conversations(&self, logs: &[&Indexed]) -> Result<Vec<u64>> {
        let mut units: Vec<u64> = logs.iter().map(|l| schema::unit_of(&l.path)).collect();
        if let Some(record) = self.sources.record {
            let ids: Vec<&str> = logs.iter().map(|l| l.id.as_str()).collect();
            units.extend(record.of_logs(&ids)?.iter().map(|c| schema::unit_of(&c.id)));
        }
        Ok(units)
    }
}

impl Lookup for Journals<'_> {
    fn units_of_logs(&self, filter: &dyn Engine) -> Result<Vec<u64>> {
        let units = units_with(self.searcher, filter)?;
        let logs: Vec<&Indexed> = self.index.generation.logs.logs.iter().filter(|l| units.contains(&schema::unit_of(&l.path))).collect();
        let mut all = self.with_conversations(&logs)?;
        all.extend(units);
        Ok(all)
    }

    fn units_in_state(&self, state: &str) -> Result<Vec<u64>> {
        let (Some(record), Some(status)) = (self.sources.record, Status::named(state)) else { return Ok(Vec::new()) };
        let found = record.conversations(&Filter { status: Some(status), ..Filter::default() })?;
        Ok(found.iter().map(|c| schema::unit_of(&c.id)).collect())
    }

    fn units_of_session(&self, name: &str) -> Result<Vec<u64>> {
        let id = self.sources.journal.resolve(name, &self.sources.journal.root).map_or_else(|_| name.to_string(), |log| log.id);
        let logs: Vec<&Indexed> = self.index.generation.logs.logs.iter().filter(|l| l.id == id).collect();
        if logs.is_empty() { self.unit_of_conversation(name) } else { self.with_conversations(&logs) }
    }

    fn unit_of_conversation(&self, name: &str) -> Result<Vec<u64>> {
        let id = self.sources.record.and_then(|r| r.resolve(name).ok()).map_or_else(|| name.to_string(), |c| c.id);
        Ok(vec![schema::unit_of(&id)])
    }
}

/// The conversations and logs of which a document fits.
pub(super) fn units_with(searcher: &Searcher, query: &dyn Engine) -> Result<HashSet<u64>> {
    let mut units = HashSet::new();
    for address in searcher.search(query, &DocSetCollector)? {
        let segment = searcher.segment_reader(address.segment_ord);
        units.extend(segment.fast_fields().u64(schema::UNIT)?.first(address.doc_id));
    }
    Ok(units)
}

/// Values of a field that are looked through for the nearest one.
const VALUES: usize = 10_000;

/// The values that a field has anywhere.
fn facts_of(searcher: &Searcher, field: Field, key: &str) -> Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for segment in searcher.segment_readers() {
        let index = segment.inverted_index(field)?;
        let stream = index.terms().range().ge(format!("{key}:")).lt(format!("{key};")).into_stream();
        let mut stream = stream.map_err(|e| super::Error::engine(&e))?;
        while stream.advance() && known.len() < VALUES {
            known.insert(String::from_utf8_lossy(&stream.key()[key.len() + 1..]).into_owned());
        }
    }
    Ok(known)
}

impl Index {
    /// Searches.
    ///
    /// # Errors
    /// [`super::Error::Engine`] for a damaged index; those of the record.
    pub fn search(&self, sources: &Sources<'_>, request: &Request<'_>) -> Result<Answer> {
        let searcher = self.generation.reader.searcher();
        let lookup = Journals { index: self, sources, searcher: &searcher };
        let terms = Terms::new(&searcher, &self.fields, &self.generation);
        let plan = Planner::new(&terms, &lookup).plan(request.query, request.text, request.abandoned)?;
        let columns = searcher.segment_readers().iter().map(Columns::read).collect::<Result<_>>()?;
        let run = Run { index: self, terms: &terms, columns, request, plan };
        run.answer(sources)
    }

    /// How many documents have every word of a query, of turns and of sections, and how often a fact of these kinds holds of them.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn count(&self, sources: &Sources<'_>, query: &Query, abandoned: bool, facets: &[String]) -> Result<Counted> {
        let searcher = self.generation.reader.searcher();
        let strict = self.strict(sources, query, abandoned)?;
        let total = searcher.search(&*strict, &Count)? as u64;
        let mut counts = BTreeMap::new();
        if !facets.is_empty() {
            let documents = searcher.search(&*strict, &DocSetCollector)?;
            for facet in facets {
                counts.insert(facet.clone(), self.facet(&searcher, facet, &documents)?);
            }
        }
        Ok(Counted { total, facets: counts })
    }

    /// Fields of a query with a value that nothing has, and the value that comes nearest.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn unknown_values(&self, query: &Query) -> Result<Vec<(Key, String, Option<String>)>> {
        let mut asked = Vec::new();
        query.root.fields(&mut |key, value| asked.push((key, value.clone())));
        let searcher = self.generation.reader.searcher();
        let mut unknown = Vec::new();
        for (key, value) in asked {
            let within = matches!(key, Key::Author | Key::Model | Key::Agent);
            let whole = matches!(key, Key::Section | Key::Status | Key::Tag | Key::Profile | Key::Project | Key::Branch | Key::User);
            let wanted = schema::fact("", value.text.trim_start_matches('#'));
            let wanted = wanted.trim_start_matches(':');
            if !(within || whole) || wanted.contains(['*', '?']) {
                continue;
            }
            let known = facts_of(&searcher, self.fields.facts, key.name())?;
            if known.iter().any(|fact| fact == wanted || (within && fact.contains(wanted))) {
                continue;
            }
            let near = known.into_iter().map(|fact| (strsim::osa_distance(&fact, wanted), fact)).min();
            let most = if wanted.chars().count() < 5 { 1 } else { 2 };
            unknown.push((key, value.text, near.filter(|(typos, _)| *typos <= most).map(|(_, fact)| fact)));
        }
        Ok(unknown)
    }

    /// What a query asks for strictly; nothing of it scores.
    pub(super) fn strict(&self, sources: &Sources<'_>, query: &Query, abandoned: bool) -> Result<Box<dyn Engine>> {
        let searcher = self.generation.reader.searcher();
        let lookup = Journals { index: self, sources, searcher: &searcher };
        let terms = Terms::new(&searcher, &self.fields, &self.generation);
        Ok(plan::constant(&*Planner::new(&terms, &lookup).plan(query, "", abandoned)?.strict()))
    }

    fn facet(&self, searcher: &Searcher, facet: &str, documents: &HashSet<DocAddress>) -> Result<Vec<(String, u64)>> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let engine = |e: std::io::Error| super::Error::engine(&e);
        for (ordinal, segment) in searcher.segment_readers().iter().enumerate() {
            let index = segment.inverted_index(self.fields.facts)?;
            let mut stream = index.terms().range().ge(format!("{facet}:")).lt(format!("{facet};")).into_stream().map_err(engine)?;
            while stream.advance() {
                let value = String::from_utf8_lossy(&stream.key()[facet.len() + 1..]).into_owned();
                let mut postings = index.read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic).map_err(engine)?;
                while postings.doc() != TERMINATED {
                    if documents.contains(&DocAddress::new(ordinal as u32, postings.doc())) {
                        *counts.entry(value.clone()).or_default() += 1;
                    }
                    postings.advance();
                }
            }
        }
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(counts)
    }

    /// The log of a unit.
    pub(super) fn log_of(&self, unit: u64) -> Option<&Indexed> {
        let places = || self.generation.logs.logs.iter().enumerate().map(|(n, log)| (schema::unit_of(&log.path), n)).collect();
        self.places.get_or_init(places).get(&unit).map(|n| &self.generation.logs.logs[*n])
    }
}

/// The numbers of the documents of one segment; what only results need is read for them.
pub(super) struct Columns<'s> {
    segment: &'s SegmentReader,
    unit: Column<u64>,
    number: Column<u64>,
    row: OnceCell<Column<u64>>,
    until: OnceCell<Column<i64>>,
}

impl<'s> Columns<'s> {
    pub(super) fn read(segment: &'s SegmentReader) -> Result<Columns<'s>> {
        let fast = segment.fast_fields();
        let (unit, number) = (fast.u64(schema::UNIT)?, fast.u64(schema::NUMBER)?);
        Ok(Columns { segment, unit, number, row: OnceCell::new(), until: OnceCell::new() })
    }

    /// The turn's row; 0 of a section.
    pub(super) fn row(&self, doc: DocId) -> Result<u64> {
        if self.row.get().is_none() {
            let _ = self.row.set(self.segment.fast_fields().u64(schema::ROW)?);
        }
        Ok(self.row.get().and_then(|column| column.first(doc)).unwrap_or_default())
    }

    /// When it was; ms since 1970.
    fn until(&self, doc: DocId) -> Result<i64> {
        if self.until.get().is_none() {
            let _ = self.until.set(self.segment.fast_fields().i64(schema::UNTIL)?);
        }
        Ok(self.until.get().and_then(|column| column.first(doc)).unwrap_or_default())
    }
}

/// Hits that are one result.
struct Group {
    score: f32,
    full: bool,
    matches: usize,
    key: (u64, u64),
    /// The best first.
    documents: Vec<Scored>,
}

/// Hits of a result that are read.
const HITS: usize = 20;

/// One search.
pub(super) struct Run<'r> {
    pub(super) index: &'r Index,
    pub(super) terms: &'r Terms<'r>,
    pub(super) columns: Vec<Columns<'r>>,
    pub(super) request: &'r Request<'r>,
    pub(super) plan: Plan,
}

impl Run<'_> {
    fn answer(&self, sources: &Sources<'_>) -> Result<Answer> {
        let wanted = self.request.offset.saturating_add(self.request.limit);
        let mut found = if self.is_by_time() { self.by_time(sources, wanted)? } else { self.by_relevance(sources, wanted)? };
        let mut answer = Answer { tried: self.plan.tried.clone(), marks: self.plan.marks.clone(), ..Answer::default() };
        answer.terms = self.plan.wanted.lexemes.iter().map(|l| (l.term.trim_end_matches(tokens::NAME).to_string(), l.weight)).collect();
        answer.more = found.len() > wanted;
        answer.border = found.iter().take_while(|f| f.full).count();
        found.truncate(wanted);
        for group in found.drain(self.request.offset.min(found.len())..) {
            let hits = group.documents.iter().take(HITS).map(|d| self.hit(d)).collect::<Result<_>>()?;
            answer.found.push(Found { score: group.score, full: group.full, matches: group.matches, hits });
        }
        answer.border = answer.border.saturating_sub(self.request.offset).min(answer.found.len());
        Ok(answer)
    }

    fn is_by_time(&self) -> bool {
        self.plan.wanted.lexemes.is_empty() || self.request.sort != Sort::Relevance
    }

    /// Only one kind of documents can be a result.
    fn kind(&self) -> Option<Box<dyn Engine>> {
        let fact = match self.request.by {
            By::Session => return None,
            By::Section => "kind:log",
            By::Turn => "kind:turn",
        };
        Some(Box::new(TermQuery::new(Term::from_field_text(self.index.fields.facts, fact), IndexRecordOption::Basic)))
    }

    fn restricted(&self, query: Box<dyn Engine>) -> Box<dyn Engine> {
        match self.kind() {
            Some(kind) => Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, kind)])),
            None => query,
        }
    }

    /// Everything that fits, by time.
    fn by_time(&self, sources: &Sources<'_>, wanted: usize) -> Result<Vec<Group>> {
        let order = if self.request.sort == Sort::Oldest { Order::Asc } else { Order::Desc };
        let query = self.restricted(plan::constant(&*self.plan.strict()));
        let documents = (self.terms.searcher.num_docs() as usize).max(1);
        // A session has many turns: enough of them to fill a page with sessions, and more where one session has them all.
        let mut most = if self.request.by == By::Session { wanted.saturating_add(1).saturating_mul(50) } else { wanted.saturating_add(1) };
        loop {
            most = most.min(documents);
            let collector = TopDocs::with_limit(most).order_by_fast_field::<i64>(schema::UNTIL, order);
            let mut hits = Vec::new();
            for (_, address) in self.terms.searcher.search(&*query, &collector)? {
                hits.push((Scored { own: 1.0, has: 1, ..self.scored(address) }, 1.0));
            }
            let found = self.grouped(sources, hits)?;
            if found.len() > wanted || most == documents {
                return Ok(found);
            }
            most = most.saturating_mul(8);
        }
    }

    pub(super) fn scored(&self, address: DocAddress) -> Scored {
        let columns = &self.columns[address.segment_ord as usize];
        let unit = columns.unit.first(address.doc_id).unwrap_or_default();
        let number = columns.number.first(address.doc_id).unwrap_or_default();
        Scored { segment: address.segment_ord, doc: address.doc_id, unit, number, own: 0.0, near: 0.0, context: 0.0, has: 0 }
    }

    /// The best candidates of the engine: words by rarity, stop words left out. Those that are known to have every word are marked.
    pub(super) fn candidates(&self, statistics: &Statistics, idf: &[f32], most: usize) -> Result<Vec<(bool, Score, DocAddress)>> {
        let fields = &self.index.fields;
        let documents = statistics.documents.max(1.0) as u64;
        let words = (statistics.length() * STRETCH) as u64;
        let mut figures = Figures { rest: self.terms, documents, words, frequencies: HashMap::new() };
        let mut clauses: Vec<(Occur, Box<dyn Engine>)> = Vec::new();
        for (n, lexeme) in self.plan.wanted.lexemes.iter().enumerate().filter(|(_, l)| !l.stop) {
            let frequency = self.terms.frequency(lexeme)? as u64;
            for text in &lexeme.terms {
                let option = if lexeme.place == Place::Facts { IndexRecordOption::Basic } else { IndexRecordOption::WithFreqs };
                let places: Vec<(Term, f32)> = match lexeme.place {
                    Place::Words => {
                        let sides = self.terms.sides(self.plan.wanted.role);
                        sides.map(|side| (fields.word(side, text), score::weight_of(side).0)).collect()
                    }
                    Place::Exact => vec![(Term::from_field_text(fields.exact, text), 1.0)],
                    Place::Facts => vec![(Term::from_field_text(fields.facts, text), 1.0)],
                };
                for (term, weight) in places {
                    let weight = weight * lexeme.weight;
                    if idf[n] > 0.0 && weight > 0.0 && self.terms.count(&term)? > 0 {
                        figures.frequencies.insert(term.clone(), frequency);
                        clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(TermQuery::new(term, option)), weight))));
                    }
                }
            }
        }
        if clauses.is_empty() {
            return Ok(Vec::new());
        }
        let words: Box<dyn Engine> = Box::new(BooleanQuery::new(clauses));
        let run = |query: &dyn Engine, every: bool| -> Result<Vec<(bool, Score, DocAddress)>> {
            let collector = TopDocs::with_limit(most).order_by_score();
            let found = self.terms.searcher.search_with_statistics_provider(query, &collector, &figures)?;
            Ok(found.into_iter().map(|(score, address)| (every, score, address)).collect())
        };
        let within = |filter: &dyn Engine| -> Box<dyn Engine> {
            Box::new(BooleanQuery::new(vec![(Occur::Must, words.box_clone()), (Occur::Must, plan::constant(filter))]))
        };
        let mut best = Vec::new();
        if self.request.all_words || (self.plan.tiers && self.plan.words > 1) {
            let every = self.plan.every.as_ref().map_or_else(|| words.box_clone(), |every| every.box_clone());
            let mut clauses: Vec<(Occur, Box<dyn Engine>)> = vec![(Occur::Must, every)];
            clauses.extend(self.plan.filter.as_ref().map(|filter| (Occur::Must, plan::constant(&**filter))));
            best = run(&*self.restricted(Box::new(BooleanQuery::new(clauses))), true)?;
        }
        // What has some of the words comes after what has all: where there is enough of that, it is not looked for.
        if !self.request.all_words && best.len() < most {
            let query = match &self.plan.filter {
                Some(filter) => within(&**filter),
                None => words.box_clone(),
            };
            best.extend(run(&*self.restricted(query), false)?);
        }
        Ok(best)
    }

    fn by_relevance(&self, sources: &Sources<'_>, wanted: usize) -> Result<Vec<Group>> {
        let commit = &self.index.generation.commit;
        let statistics = Statistics::new(self.terms, commit.turns, (commit.conversations, self.index.generation.logs.logs.len() as u64));
        let mut idf = Vec::new();
        for lexeme in &self.plan.wanted.lexemes {
            let frequency = self.terms.frequency(lexeme)?;
            idf.push(if frequency > 0.0 { statistics.idf(frequency) } else { 0.0 });
        }
        let scorer = Scorer { terms: self.terms, statistics: &statistics, wanted: &self.plan.wanted, idf };
        let documents = (self.terms.searcher.num_docs() as usize).max(1);
        let (mut most, mut pool) = (CANDIDATES, UNITS);
        let mut results: Vec<Group> = Vec::new();
        let mut known: HashSet<(u64, u64)> = HashSet::new();
        loop {
            most = most.min(documents);
            let (units, all) = self.best_units(self.candidates(&statistics, &scorer.idf, most)?, most, pool);
            let mut found = self.grouped(sources, self.judged(&scorer.units(&units)?)?)?;
            found.retain(|f| !known.contains(&f.key));
            let more = results.len() + found.len() > wanted;
            // What comes next is chosen from more of them. Each page is chosen the same way, so that none has what another had.
            let settled = if all { found.len() } else { (pool * 2 / 3).saturating_sub(results.len()).min(found.len()) };
            let enough = all || (more && wanted <= results.len() + settled);
            if !enough {
                found.truncate(settled);
            }
            known.extend(found.iter().map(|f| f.key));
            results.append(&mut found);
            if enough {
                return Ok(results);
            }
            (most, pool) = (most.saturating_mul(8), pool.saturating_mul(8));
        }
    }

    /// The conversations and logs of the best candidates, those with every word first, and whether there are no others.
    pub(super) fn best_units(&self, candidates: Vec<(bool, Score, DocAddress)>, most: usize, pool: usize) -> (Vec<u64>, bool) {
        let documents = (self.terms.searcher.num_docs() as usize).max(1);
        let exhausted = candidates.len() < most || most == documents;
        let mut best: HashMap<u64, (bool, f32)> = HashMap::new();
        for (every, score, address) in candidates {
            let known = best.entry(self.scored(address).unit).or_default();
            *known = (known.0 | every, known.1.max(score));
        }
        let mut units: Vec<(u64, (bool, f32))> = best.into_iter().collect();
        units.sort_by(|(a, (a_every, a_score)), (b, (b_every, b_score))| {
            b_every.cmp(a_every).then(b_score.total_cmp(a_score)).then(a.cmp(b))
        });
        let all = exhausted && units.len() <= pool;
        units.truncate(pool);
        (units.into_iter().map(|(unit, _)| unit).collect(), all)
    }

    /// The scored documents that the filters let through; those with every word are marked.
    fn judged(&self, units: &[Unit]) -> Result<Vec<(Scored, f32)>> {
        let mut documents: Vec<(usize, Scored)> = Vec::new();
        for (n, unit) in units.iter().enumerate() {
            documents.extend(unit.documents.iter().map(|d| (n, d.clone())));
        }
        documents.sort_unstable_by_key(|(_, d)| (d.segment, d.doc));
        let filter = match (&self.plan.filter, self.kind()) {
            (None, None) => None,
            (Some(filter), None) => Some(filter.box_clone()),
            (None, Some(kind)) => Some(kind),
            (Some(filter), Some(kind)) => Some(Box::new(BooleanQuery::intersection(vec![filter.box_clone(), kind])) as Box<dyn Engine>),
        };
        let allowed = filter.map(|f| self.matches(&*f, &documents)).transpose()?;
        let full = self.matches(&*self.plan.strict(), &documents)?;
        let mut hits = Vec::new();
        for (n, (unit, mut document)) in documents.into_iter().enumerate() {
            let fits = allowed.as_ref().is_none_or(|a| a[n]) && (full[n] || !self.request.all_words);
            // Questions are answered by turns that have none of the words, too, if they stand beside those that have.
            if fits && (document.own > 0.0 || !self.plan.tiers) {
                document.has = u128::from(full[n]);
                hits.push((document, units[unit].score()));
            }
        }
        Ok(hits)
    }

    /// Which of these documents a query matches; they are in order.
    fn matches(&self, query: &dyn Engine, documents: &[(usize, Scored)]) -> Result<Vec<bool>> {
        let weight = query.weight(EnableScoring::disabled_from_searcher(self.terms.searcher))?;
        let mut found = vec![false; documents.len()];
        for ordinal in 0..self.terms.searcher.segment_readers().len() {
            let here = documents.partition_point(|(_, d)| (d.segment as usize) < ordinal)
                ..documents.partition_point(|(_, d)| d.segment as usize <= ordinal);
            if here.is_empty() {
                continue;
            }
            let mut scorer = weight.scorer(self.terms.searcher.segment_reader(ordinal as u32), 1.0)?;
            for n in here {
                let doc = documents[n].1.doc;
                if scorer.doc() < doc {
                    scorer.seek(doc);
                }
                found[n] = scorer.doc() == doc;
            }
        }
        Ok(found)
    }

    /// Hits as results.
    fn grouped(&self, sources: &Sources<'_>, hits: Vec<(Scored, f32)>) -> Result<Vec<Group>> {
        let mut sessions = Sessions::new(self, sources);
        let mut groups: Vec<Group> = Vec::new();
        let mut places: HashMap<(u64, u64), usize> = HashMap::new();
        for (document, whole) in hits {
            let (key, score) = match self.request.by {
                By::Session => ((sessions.of(&document)?, 0), whole),
                _ => ((document.unit, document.number), document.score()),
            };
            let at = *places.entry(key).or_insert(groups.len());
            if at == groups.len() {
                groups.push(Group { score, full: false, matches: 0, key, documents: Vec::new() });
            }
            let group = &mut groups[at];
            group.score = group.score.max(score);
            group.full |= document.has == 1;
            group.matches += usize::from(document.own > 0.0);
            group.documents.push(document);
        }
        if !self.is_by_time() {
            for group in &mut groups {
                group.documents.sort_by(|a, b| rank(a.has == 1, a.own, b.has == 1, b.own, self.plan.tiers));
            }
            // Of what scores the same, the newest first.
            let time = |group: &Group| {
                let best = &group.documents[0];
                self.columns[best.segment as usize].until(best.doc).unwrap_or_default()
            };
            groups.sort_by(|a, b| {
                let tied = || time(b).cmp(&time(a)).then_with(|| a.documents[0].unit.cmp(&b.documents[0].unit));
                rank(a.full, a.score, b.full, b.score, self.plan.tiers).then_with(tied)
            });
        }
        Ok(groups)
    }

    fn hit(&self, document: &Scored) -> Result<Hit> {
        let columns = &self.columns[document.segment as usize];
        let address = match columns.row(document.doc)? {
            0 => {
                let log = self.index.log_of(document.unit);
                Address::Section(log.map(|l| l.path.clone()).unwrap_or_default(), document.number as usize, columns.until(document.doc)?)
            }
            row => Address::Turn(row as i64),
        };
        let parts = [document.own, document.near, document.context];
        Ok(Hit { address, score: document.score(), full: document.has == 1, parts })
    }
}

/// The better one first: with every word before those with some, where that counts.
fn rank(a_full: bool, a: f32, b_full: bool, b: f32, tiers: bool) -> std::cmp::Ordering {
    let tier = if tiers { b_full.cmp(&a_full) } else { std::cmp::Ordering::Equal };
    tier.then(b.total_cmp(&a))
}

/// Which session a conversation or log belongs to.
pub(super) struct Sessions<'s> {
    run: &'s Run<'s>,
    sources: &'s Sources<'s>,
    known: HashMap<u64, u64>,
}

impl<'s> Sessions<'s> {
    pub(super) fn new(run: &'s Run<'s>, sources: &'s Sources<'s>) -> Sessions<'s> {
        Sessions { run, sources, known: HashMap::new() }
    }

    /// The unit of the log, for a turn of a conversation that has one that is there; else the unit itself.
    pub(super) fn of(&mut self, document: &Scored) -> Result<u64> {
        if let Some(session) = self.known.get(&document.unit) {
            return Ok(*session);
        }
        let mut session = document.unit;
        let logs = &self.run.index.generation.logs.logs;
        if let (Some(record), false) = (self.sources.record, logs.is_empty())
            && let row @ 1.. = self.run.columns[document.segment as usize].row(document.doc)?
            && let Some(log) = record.log_at(row as i64)?
            && let Some(known) = logs.iter().find(|l| l.id == log)
        {
            session = schema::unit_of(&known.path);
        }
        self.known.insert(document.unit, session);
        Ok(session)
    }
}
