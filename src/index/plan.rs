//! Plans: what a parsed query means to the engine.
//!
//! A query becomes filters, which hold strictly; words, which are looked for; and what these words score.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use tantivy::collector::DocSetCollector;
use tantivy::index::SegmentId;
use tantivy::query::doc_predicate_query::{DocPredicateQuery, FunctionPredicate};
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, FuzzyTermQuery, Occur, PhrasePrefixQuery, PhraseQuery,
    Query as Engine, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::termdict::{TermDictionary, TermStreamer};
use tantivy::{DocId, Searcher, SegmentReader, Term};
use tantivy_fst::Automaton;

use super::dates;
use super::error::{Error, Result};
use super::query::{Key, Node, Query, Value};
use super::schema::{self, Fields, Side};
use super::score::{self, Lexeme, Place, Role, Terms, Wanted};
use super::stop::is_stop_word;
use super::tokens::{self, Analysed};

/// Terms that a prefix, a pattern or a typo may stand for: so many match, and so many score.
const MATCHED: usize = 400;
const COUNTED: usize = 12;
/// Terms of a query that score.
const TERMS: usize = 100;

/// So many words are a sentence.
const SENTENCE: usize = 6;

/// What more documents have is a word of its own, and not looked for as a name, too.
const WORD: u64 = 1000;

type Boxed = Box<dyn Engine>;

/// What else must be known of the journal to understand a query.
pub(super) trait Lookup {
    /// Units of the logs that have one of these facts, and of their conversations.
    fn units_of_logs(&self, filter: &dyn Engine) -> Result<Vec<u64>>;
    /// Units of the conversations with this status.
    fn units_in_state(&self, state: &str) -> Result<Vec<u64>>;
    /// Units of a log that a person names, and of its conversations.
    fn units_of_session(&self, name: &str) -> Result<Vec<u64>>;
    /// The unit of a conversation that a person names.
    fn unit_of_conversation(&self, name: &str) -> Result<Vec<u64>>;
}

/// What a query means.
pub(super) struct Plan {
    /// What scores.
    pub(super) wanted: Wanted,
    /// What holds strictly: filters, phrases, exclusions.
    pub(super) filter: Option<Boxed>,
    /// Every word, scored as the words of candidates are.
    pub(super) every: Option<Boxed>,
    /// Words that are looked for.
    pub(super) words: usize,
    /// Only a list of words, of which the documents with all come first.
    pub(super) tiers: bool,
    /// Words that nothing has, and what was looked for instead.
    pub(super) tried: Vec<(String, Vec<String>)>,
    /// What is highlighted: stems, and words as they are written.
    pub(super) marks: Marks,
}

impl Plan {
    /// The filters, and every word.
    pub(super) fn strict(&self) -> Boxed {
        all(self.every.iter().chain(&self.filter).map(|query| query.box_clone()).collect())
    }
}

/// Takes a term and how many documents have it.
type Found<'f> = dyn FnMut(&str, u64) + 'f;

/// Gives the terms of a dictionary that are meant.
type Expand<'e> = dyn FnMut(&TermDictionary, &mut Found<'_>) -> std::io::Result<()> + 'e;

fn count<A: Automaton>(stream: &mut TermStreamer<'_, A>, found: &mut Found<'_>)
where
    A::State: Clone,
{
    while stream.advance() {
        found(&String::from_utf8_lossy(stream.key()), u64::from(stream.value().doc_freq));
    }
}

/// What an automaton accepts, also as a name.
struct Named<A>(A);

impl<A: Automaton> Automaton for Named<A>
where
    A::State: Clone,
{
    /// Where the word is at, and whether it is over.
    type State = (A::State, bool);
    fn start(&self) -> Self::State {
        (self.0.start(), false)
    }
    fn is_match(&self, (state, _): &Self::State) -> bool {
        self.0.is_match(state)
    }
    fn can_match(&self, (state, over): &Self::State) -> bool {
        if *over { self.0.is_match(state) } else { self.0.can_match(state) }
    }
    fn accept(&self, (state, over): &Self::State, byte: u8) -> Self::State {
        match byte {
            1 if !over => (state.clone(), true),
            byte => (self.0.accept(state, byte), *over),
        }
    }
}

/// A name as it stands in the index.
pub(super) fn name(whole: &str) -> String {
    format!("{whole}{}", tokens::NAME)
}

/// What is highlighted in a passage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Stems of words.
    pub stems: BTreeSet<String>,
    /// Words as they are written.
    pub terms: BTreeSet<String>,
    /// Names without their separators.
    pub names: BTreeSet<String>,
}

/// Makes plans.
pub(super) struct Planner<'p> {
    searcher: &'p Searcher,
    terms: &'p Terms<'p>,
    fields: &'p Fields,
    lookup: &'p dyn Lookup,
    wanted: Wanted,
    marks: Marks,
    tried: Vec<(String, Vec<String>)>,
    words: usize,
    /// How often each word was met.
    met: HashMap<(String, Place), (usize, f32)>,
    last: Option<usize>,
}

fn any(queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        0 => Box::new(EmptyQuery),
        1 => queries.into_iter().next().unwrap_or_else(|| Box::new(EmptyQuery)),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}

fn all(queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        0 => Box::new(AllQuery),
        1 => queries.into_iter().next().unwrap_or_else(|| Box::new(AllQuery)),
        _ => Box::new(BooleanQuery::intersection(queries)),
    }
}

pub(super) fn without(query: Boxed) -> Boxed {
    Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(AllQuery)), (Occur::MustNot, query)]))
}

impl<'p> Planner<'p> {
    pub(super) fn new(terms: &'p Terms<'p>, lookup: &'p dyn Lookup) -> Planner<'p> {
        Planner {
            searcher: terms.searcher,
            terms,
            fields: terms.fields,
            lookup,
            wanted: Wanted::default(),
            marks: Marks::default(),
            tried: Vec::new(),
            words: 0,
            met: HashMap::new(),
            last: None,
        }
    }

    /// Understands a query; `abandoned` says whether turns that were rolled back count.
    pub(super) fn plan(mut self, query: &Query, text: &str, abandoned: bool) -> Result<Plan> {
        let nodes = match &query.root {
            Node::All(nodes) => nodes.clone(),
            node => vec![node.clone()],
        };
        self.wanted.role = nodes.iter().find_map(|node| match node {
            Node::Field(Key::Role, value) if value.text == "user" => Some(Role::User),
            Node::Field(Key::Role, _) => Some(Role::Agent),
            _ => None,
        });
        let typed: Vec<&Node> = nodes.iter().filter(|n| matches!(n, Node::Word(_))).collect();
        let only_stops = typed.iter().all(|n| matches!(n, Node::Word(w) if is_stop_word(&tokens::fold(w))));
        // In a sentence, quotes are quotes: what stands between them is words like the others.
        let plain = |n: &&Node| matches!(n, Node::Word(_) | Node::Phrase(..));
        let words = typed.len();
        let sentence =
            nodes.iter().all(|n| plain(&n) || !has_words(n)) && (query.question || words >= SENTENCE || (words > 0 && text.contains('?')));
        let (mut filters, mut words) = (Vec::new(), Vec::new());
        for node in &nodes {
            match node {
                Node::Everything => {}
                Node::Phrase(quoted, _) if sentence => {
                    for word in quoted.split_whitespace() {
                        let stop = is_stop_word(&tokens::fold(word));
                        words.extend(self.word(word, stop)?.filter(|_| !stop));
                    }
                }
                Node::Word(word) => {
                    let stop = !only_stops && is_stop_word(&tokens::fold(word));
                    let found = self.word(word, stop)?;
                    words.extend(found.filter(|_| !stop));
                }
                Node::Prefix(_) | Node::Fuzzy(..) | Node::Any(_) | Node::All(_) if has_words(node) => words.push(self.node(node)?),
                other => {
                    self.last = None;
                    filters.push(self.node(other)?);
                }
            }
        }
        self.dates(text)?;
        if !abandoned && self.terms.fact("is:abandoned")? > 0 {
            filters.push(without(self.fact_term("is:abandoned")));
        }
        self.words = words.len();
        let filter = (!filters.is_empty()).then(|| all(filters));
        let every = (!words.is_empty()).then(|| all(words));
        self.limit()?;
        Ok(Plan { wanted: self.wanted, filter, every, words: self.words, tiers: !sentence, tried: self.tried, marks: self.marks })
    }

    /// Dates that the query names count for the turns of those days.
    fn dates(&mut self, text: &str) -> Result<()> {
        let asked = dates::asked(text);
        if asked.is_empty() {
            return Ok(());
        }
        let mut known = BTreeSet::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.facts)?;
            let mut stream = index.terms().range().ge("when:").lt("when;").into_stream().map_err(|e| Error::engine(&e))?;
            while stream.advance() {
                known.insert(String::from_utf8_lossy(stream.key()).into_owned());
            }
        }
        for date in asked {
            let terms: Vec<String> = known.iter().filter(|fact| dates::is_meant(&date, fact)).cloned().collect();
            self.wanted.lexemes.push(Lexeme { term: date, terms, place: Place::Facts, weight: score::DATE, stop: false, of: Vec::new() });
        }
        Ok(())
    }

    /// Only so many words score: of a long text, those that tell most.
    fn limit(&mut self) -> Result<()> {
        let lexemes = &mut self.wanted.lexemes;
        for lexeme in lexemes.iter_mut() {
            if let Some((count, _)) = self.met.get(&(lexeme.term.clone(), lexeme.place)) {
                lexeme.weight *= 1.0 + (*count as f32).ln();
            }
        }
        if lexemes.len() <= TERMS {
            return Ok(());
        }
        let mut worth = Vec::new();
        for (n, lexeme) in lexemes.iter().enumerate() {
            let frequency = self.terms.frequency(lexeme)?;
            worth.push((if frequency > 0.0 { lexeme.weight / (1.0 + frequency).ln_1p() } else { 0.0 }, n));
        }
        worth.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut kept: Vec<usize> = worth.into_iter().take(TERMS).map(|(_, n)| n).collect();
        kept.sort_unstable();
        let place: HashMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let mut left: Vec<Lexeme> = kept.iter().map(|n| lexemes[*n].clone()).collect();
        for lexeme in &mut left {
            lexeme.of = lexeme.of.iter().filter_map(|n| place.get(n).copied()).collect();
        }
        self.wanted.pairs = self.wanted.pairs.iter().filter_map(|(a, b)| Some((*place.get(a)?, *place.get(b)?))).collect();
        self.wanted.lexemes = left;
        Ok(())
    }

    fn term(&self, field: Field, text: &str) -> Boxed {
        Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::Basic))
    }

    fn fact_term(&self, fact: &str) -> Boxed {
        self.term(self.fields.facts, fact)
    }

    /// The sides that words are looked for on.
    fn sides(&self) -> impl Iterator<Item = Side> + use<'p> {
        self.terms.sides(self.wanted.role)
    }

    /// Adds a term that scores; gives its index.
    fn lexeme(&mut self, term: &str, place: Place, weight: f32, stop: bool, of: Vec<usize>) -> usize {
        let count = self.met.entry((term.to_string(), place)).or_insert((0, 0.0));
        count.0 += 1;
        if let Some(n) = self.wanted.lexemes.iter().position(|l| l.term == term && l.place == place) {
            let known = &mut self.wanted.lexemes[n];
            known.weight = known.weight.max(weight);
            return n;
        }
        self.wanted.lexemes.push(Lexeme { term: term.to_string(), terms: vec![term.to_string()], place, weight, stop, of });
        self.wanted.lexemes.len() - 1
    }

    /// A word and what documents have it; nothing for signs without letters.
    fn word(&mut self, word: &str, stop: bool) -> Result<Option<Boxed>> {
        let mut found = tokens::analyse(word);
        if found.parts.is_empty() {
            return Ok(None);
        }
        let mut matcher = self.matcher(&found)?;
        if !stop && self.is_unknown(&found)? {
            let near = self.near(&found)?;
            if !near.is_empty() {
                let mut words: Vec<String> = near.iter().map(|n| n.trim_end_matches(tokens::NAME).to_string()).collect();
                words.dedup();
                self.tried.push((word.to_string(), words));
                let terms: Vec<Term> = near.iter().map(|t| Term::from_field_text(self.fields.exact, t)).collect();
                near.iter().for_each(|term| self.add_term(term, 1.0));
                matcher = Some(self.one_of(terms));
                found.parts.clear();
            }
        }
        self.score_word(&found, word, stop)?;
        self.words += usize::from(!stop);
        Ok(matcher)
    }

    fn score_word(&mut self, found: &Analysed, word: &str, stop: bool) -> Result<()> {
        let share = if stop { score::STOP } else { 1.0 };
        let mut stems = Vec::new();
        for (term, stem) in &found.parts {
            let n = self.lexeme(stem, Place::Words, share, stop, Vec::new());
            self.marks.stems.insert(stem.clone());
            if !stop {
                if let Some(last) = self.last.filter(|last| *last != n) {
                    let pair = (last.min(n), last.max(n));
                    if !self.wanted.pairs.contains(&pair) {
                        self.wanted.pairs.push(pair);
                    }
                }
                self.last = Some(n);
            }
            stems.push(n);
            if found.parts.len() == 1 && term != stem {
                self.lexeme(term, Place::Exact, score::FORM * share, stop, vec![n]);
            }
        }
        let Some(whole) = &found.whole else { return Ok(()) };
        // A hyphen joins words, other signs make a name.
        let sign = word.contains(['_', '\'']);
        let hump = word.chars().zip(word.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
        let weight = if sign || hump { score::WHOLE } else { score::FORM } * share;
        let parts: Vec<&str> = found.parts.iter().map(|(_, stem)| stem.as_str()).collect();
        if self.names(&parts, whole)? > 0 {
            self.lexeme(&name(whole), Place::Exact, weight, stop, stems);
            self.marks.names.insert(whole.clone());
        }
        let joined = tokens::stem(whole);
        if parts.len() > 1 && self.words(&joined)? > 0 {
            self.lexeme(&joined, Place::Words, weight, stop, Vec::new());
            self.marks.stems.insert(joined);
        }
        Ok(())
    }

    /// How many documents have a word on any side, at most.
    fn words(&self, stem: &str) -> Result<u64> {
        self.terms.sides(None).map(|side| self.terms.word(side, stem)).sum()
    }

    /// How many documents have what a word is as a name; what many have as a word is not looked for.
    fn names(&self, stems: &[&str], whole: &str) -> Result<u64> {
        match stems {
            [stem] if self.words(stem)? > WORD => Ok(0),
            _ => self.terms.count(&Term::from_field_text(self.fields.exact, &name(whole))),
        }
    }

    fn add_term(&mut self, term: &str, weight: f32) {
        self.lexeme(term, Place::Exact, weight, false, Vec::new());
        self.mark(term);
    }

    fn mark(&mut self, term: &str) {
        match term.strip_suffix(tokens::NAME) {
            Some(name) => self.marks.names.insert(name.to_string()),
            None => self.marks.terms.insert(term.to_string()),
        };
    }

    /// The documents that have a word.
    fn matcher(&mut self, found: &Analysed) -> Result<Option<Boxed>> {
        let stems: Vec<&str> = found.parts.iter().map(|(_, stem)| stem.as_str()).collect();
        let mut ways = self.said(&stems, found.whole.as_deref(), 0)?;
        if let Some(whole) = found.whole.as_ref().filter(|_| found.hash_prefix || found.character) {
            let longer = self.starting(whole)?;
            longer.iter().take(COUNTED).for_each(|term| self.add_term(term, 1.0));
            ways.push(self.any_of(&longer));
        }
        Ok(Some(any(ways)))
    }

    /// Words that stand one after the other, so far apart at most, on any side; or the one word or name that they make.
    fn said(&self, stems: &[&str], whole: Option<&str>, slop: u32) -> Result<Vec<Boxed>> {
        let joined = whole.filter(|_| stems.len() > 1).map(tokens::stem);
        let mut ways = Vec::new();
        for side in self.sides() {
            let mut there = !stems.is_empty();
            for stem in stems {
                there = there && self.terms.word(side, stem)? > 0;
            }
            ways.extend(there.then(|| self.adjacent(side, stems, slop)));
            if let Some(joined) = &joined
                && self.terms.word(side, joined)? > 0
            {
                ways.push(self.adjacent(side, &[joined], 0));
            }
        }
        // Who wrote a name is not indexed.
        if let (Some(whole), None) = (whole, self.wanted.role)
            && self.names(stems, whole)? > 0
        {
            ways.push(self.term(self.fields.exact, &name(whole)));
        }
        Ok(ways)
    }

    /// Words that stand one after the other on a side, scored as that side is.
    fn adjacent(&self, side: Side, stems: &[&str], slop: u32) -> Boxed {
        let query: Boxed = match stems {
            [] => Box::new(EmptyQuery),
            [stem] => Box::new(TermQuery::new(self.fields.word(side, stem), IndexRecordOption::WithFreqs)),
            stems => {
                let terms = stems.iter().enumerate().map(|(n, stem)| (n, self.fields.word(side, stem))).collect();
                Box::new(PhraseQuery::new_with_offset_and_slop(terms, slop))
            }
        };
        Box::new(BoostQuery::new(query, score::weight_of(side).0))
    }

    fn any_of(&self, terms: &[String]) -> Boxed {
        self.one_of(terms.iter().map(|t| Term::from_field_text(self.fields.exact, t)).collect())
    }

    /// The documents that have one of these terms. The engine's own way to ask for many reads far more of the dictionary than
    /// these terms, which costs more where they are few.
    fn one_of(&self, terms: Vec<Term>) -> Boxed {
        if terms.len() > MATCHED {
            return Box::new(TermSetQuery::new(terms));
        }
        any(terms.into_iter().map(|term| -> Boxed { Box::new(TermQuery::new(term, IndexRecordOption::Basic)) }).collect())
    }

    fn is_unknown(&self, found: &Analysed) -> Result<bool> {
        let whole = found.whole.as_deref().map(tokens::stem);
        for stem in found.parts.iter().map(|(_, stem)| stem).chain(&whole) {
            if self.words(stem)? > 0 {
                return Ok(false);
            }
        }
        let Some(whole) = &found.whole else { return Ok(true) };
        let longer = found.hash_prefix || found.character;
        Ok(self.names(&[], whole)? == 0 && (!longer || self.starting(whole)?.is_empty()))
    }

    /// Words that a word without hits may mean: the nearest, and of these those that most documents have.
    fn near(&self, found: &Analysed) -> Result<Vec<String>> {
        let Some(word) = found.whole.as_ref().filter(|w| w.chars().count() >= 4) else { return Ok(Vec::new()) };
        let most = if word.chars().count() >= 7 { 2 } else { 1 };
        for distance in 1..=most {
            let mut near = self.fuzzy(word, distance)?;
            near.truncate(5);
            if !near.is_empty() {
                return Ok(near);
            }
        }
        Ok(Vec::new())
    }

    /// Words and names as they are written, of those that `each` streams of a dictionary; the most frequent first.
    fn expand(&self, each: &mut Expand<'_>) -> Result<Vec<String>> {
        let mut counts = HashMap::new();
        self.terms.each_dictionary(&mut |terms| {
            each(terms, &mut |term, count| *counts.entry(term.to_string()).or_default() += count).map_err(|e| Error::engine(&e))
        })?;
        let mut terms: Vec<(String, u64)> = counts.into_iter().collect();
        terms.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        terms.truncate(MATCHED);
        Ok(terms.into_iter().map(|(term, _)| term).collect())
    }

    fn starting(&self, prefix: &str) -> Result<Vec<String>> {
        let end = format!("{prefix}{}", char::MAX);
        self.expand(&mut |terms, found| {
            count(&mut terms.range().ge(prefix).lt(&end).into_stream()?, found);
            Ok(())
        })
    }

    /// Words that differ in so many characters at most. The first one is seldom mistaken: where it is, the rest must be the same,
    /// and only a small part of the dictionary has to be read.
    fn fuzzy(&self, word: &str, distance: u8) -> Result<Vec<String>> {
        let mut chars = word.chars();
        let Some(first) = chars.next() else { return Ok(Vec::new()) };
        let next = char::from_u32(first as u32 + 1).unwrap_or(char::MAX);
        let near = FuzzyTermQuery::new(Term::from_field_text(self.fields.exact, word), distance, true);
        let near = Named(near.automaton()?);
        let mut near = self.expand(&mut |terms, found| {
            count(&mut terms.search(&near).ge(first.to_string()).lt(next.to_string()).into_stream()?, found);
            Ok(())
        })?;
        let rest = regex_escape(chars.as_str());
        let swapped = chars.next().map_or(String::new(), |second| format!("|{second}{first}{}", regex_escape(chars.as_str())));
        let other = self.matching(&format!(".?{rest}|.{}{swapped}", regex_escape(word)))?.unwrap_or_default();
        for term in other {
            if !near.contains(&term) {
                near.push(term);
            }
        }
        Ok(near)
    }

    /// Words and names that a pattern matches as a whole; nothing where it is no pattern.
    fn matching(&self, pattern: &str) -> Result<Option<Vec<String>>> {
        let Ok(regex) = tantivy_fst::Regex::new(&format!("({pattern}){}?", tokens::NAME)) else { return Ok(None) };
        self.expand(&mut |terms, found| {
            count(&mut terms.search(&regex).into_stream()?, found);
            Ok(())
        })
        .map(Some)
    }

    /// The names of a path one after the other, the last one as a prefix.
    fn path_prefix(&mut self, parts: &[(String, String)]) -> Boxed {
        self.last = None;
        let Some(((last, _), before)) = parts.split_last() else { return Box::new(EmptyQuery) };
        for (_, stem) in before {
            self.lexeme(stem, Place::Words, 1.0, false, Vec::new());
            self.marks.stems.insert(stem.clone());
        }
        let ways = self.sides().map(|side| -> Boxed {
            let terms = before.iter().map(|(_, stem)| self.fields.word(side, stem)).chain([Term::from_field_text(self.fields.words, last)]);
            let mut query = PhrasePrefixQuery::new(terms.collect());
            query.set_max_expansions(MATCHED as u32);
            Box::new(query)
        });
        any(ways.collect())
    }

    /// The documents that a node finds; its words score.
    fn node(&mut self, node: &Node) -> Result<Boxed> {
        Ok(match node {
            Node::Everything => Box::new(AllQuery),
            Node::All(nodes) => {
                let parts = nodes.iter().map(|n| self.node(n)).collect::<Result<Vec<_>>>()?;
                all(parts)
            }
            Node::Any(nodes) => {
                let mut parts = Vec::new();
                for node in nodes {
                    self.last = None;
                    parts.push(self.node(node)?);
                }
                self.last = None;
                any(parts)
            }
            Node::Not(node) => {
                // What must not be there does not score.
                let kept = (self.wanted.clone(), self.marks.clone(), self.met.clone(), self.words, self.tried.len());
                let query = self.node(node)?;
                (self.wanted, self.marks, self.met, self.words) = (kept.0, kept.1, kept.2, kept.3);
                self.tried.truncate(kept.4);
                self.last = None;
                self.excluded(query)?
            }
            Node::Word(word) => self.word(word, false)?.unwrap_or_else(|| Box::new(AllQuery)),
            Node::Prefix(text) => match tokens::analyse(text) {
                // Of a path, only its last name may go on.
                Analysed { parts, whole: None, .. } if parts.len() > 1 => self.path_prefix(&parts),
                found => {
                    let longer = self.starting(&found.whole.unwrap_or_else(|| tokens::fold(text)))?;
                    self.expanded(&longer)
                }
            },
            Node::Fuzzy(text, distance) => {
                let found = tokens::analyse(text);
                let near = self.fuzzy(&found.whole.unwrap_or_else(|| tokens::fold(text)), (*distance).min(2))?;
                self.expanded(&near)
            }
            Node::Regex(pattern) => match self.matching(&pattern.to_lowercase())? {
                Some(terms) => self.expanded(&terms),
                None => self.word(pattern, false)?.unwrap_or_else(|| Box::new(AllQuery)),
            },
            Node::Phrase(text, slop) => self.phrase(text, *slop)?,
            Node::Field(key, value) => self.field(*key, value)?,
            Node::Property(key, value) => self.property(key, value.as_deref())?,
            Node::Time { from, to } => {
                // What was going on then: it began before the end, and went on after the beginning.
                let mut parts: Vec<Boxed> = Vec::new();
                if let Some(from) = from {
                    let term = Term::from_field_i64(self.fields.until, from.timestamp_millis());
                    parts.push(Box::new(RangeQuery::new(Bound::Included(term), Bound::Unbounded)));
                }
                if let Some(to) = to {
                    let term = Term::from_field_i64(self.fields.time, to.timestamp_millis());
                    parts.push(Box::new(RangeQuery::new(Bound::Unbounded, Bound::Excluded(term))));
                }
                all(parts)
            }
        })
    }

    /// All documents but those that a query finds.
    fn excluded(&self, query: Boxed) -> Result<Boxed> {
        let mut phrases = false;
        query.query_terms(&mut |_, positions| phrases |= positions);
        if !phrases {
            return Ok(without(query));
        }
        // The engine excludes by asking for documents before the first one, which a phrase must not be asked for.
        let mut found: HashMap<SegmentId, HashSet<DocId>> = HashMap::new();
        for address in self.searcher.search(&*query, &DocSetCollector)? {
            let segment = self.searcher.segment_reader(address.segment_ord);
            found.entry(segment.segment_id()).or_default().insert(address.doc_id);
        }
        let found: HashMap<SegmentId, Arc<HashSet<DocId>>> = found.into_iter().map(|(id, docs)| (id, Arc::new(docs))).collect();
        let predicate = FunctionPredicate::from(move |segment: &SegmentReader| {
            let docs = found.get(&segment.segment_id()).cloned().unwrap_or_default();
            Ok(move |doc| !docs.contains(&doc))
        });
        Ok(Box::new(DocPredicateQuery::from(predicate)))
    }

    fn expanded(&mut self, terms: &[String]) -> Boxed {
        self.last = None;
        terms.iter().take(COUNTED).for_each(|term| self.add_term(term, 1.0));
        terms.iter().for_each(|term| self.mark(term));
        self.any_of(terms)
    }

    fn phrase(&mut self, text: &str, slop: u32) -> Result<Boxed> {
        self.last = None;
        let mut stems = Vec::new();
        tokens::parts(text, &mut |part| stems.push((part.term.to_string(), part.stem.to_string())));
        if stems.is_empty() {
            return Ok(Box::new(AllQuery));
        }
        let only_stops = stems.iter().all(|(term, _)| is_stop_word(term));
        for (term, stem) in &stems {
            let stop = !only_stops && is_stop_word(term);
            let n = self.lexeme(stem, Place::Words, if stop { score::STOP } else { 1.0 }, stop, Vec::new());
            if let Some(last) = self.last.filter(|last| *last != n) {
                self.wanted.pairs.push((last.min(n), last.max(n)));
            }
            self.last = Some(n);
            self.marks.stems.insert(stem.clone());
        }
        self.last = None;
        let stems: Vec<&str> = stems.iter().map(|(_, stem)| stem.as_str()).collect();
        Ok(any(self.said(&stems, tokens::analyse(text).whole.as_deref(), slop)?))
    }

    /// Facts that hold a value: as a whole, or with its globs.
    fn facts(&self, key: &str, value: &Value, contains: bool) -> Result<Boxed> {
        let wanted = schema::fact("", &value.text);
        let wanted = wanted.trim_start_matches(':');
        let globs = !value.quoted && wanted.contains(['*', '?']);
        if !contains && !globs {
            return Ok(self.fact_term(&format!("{key}:{wanted}")));
        }
        let mut pattern = format!("{}:", regex_escape(key));
        pattern.push_str(if contains { "(.*)" } else { "" });
        for c in wanted.chars() {
            match c {
                '*' if globs => pattern.push_str(".*"),
                '?' if globs => pattern.push('.'),
                c => pattern.push_str(&regex_escape(&c.to_string())),
            }
        }
        pattern.push_str(if contains { "(.*)" } else { "" });
        let Ok(regex) = tantivy_fst::Regex::new(&pattern) else { return Ok(Box::new(EmptyQuery)) };
        let mut terms = BTreeSet::new();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.facts)?;
            let end = format!("{key};");
            let stream = index.terms().search(&regex).ge(format!("{key}:")).lt(end).into_stream();
            let mut stream = stream.map_err(|e| Error::engine(&e))?;
            while stream.advance() {
                terms.insert(stream.key().to_vec());
            }
        }
        let terms = terms.into_iter().map(|bytes| Term::from_field_text(self.fields.facts, &String::from_utf8_lossy(&bytes)));
        Ok(self.one_of(terms.collect()))
    }

    fn units(&self, units: Vec<u64>) -> Boxed {
        self.one_of(units.into_iter().map(|u| Term::from_field_text(self.fields.facts, &schema::unit_fact(u))).collect())
    }

    /// What holds of a log holds of the conversations that belong to it.
    fn of_logs(&self, filter: &dyn Engine) -> Result<Boxed> {
        let units = self.lookup.units_of_logs(filter)?;
        Ok(any(vec![filter.box_clone(), self.units(units)]))
    }

    fn field(&mut self, key: Key, value: &Value) -> Result<Boxed> {
        Ok(match key {
            Key::Kind => self.fact_term(&format!("kind:{}", value.text)),
            Key::Role => self.fact_term(&format!("role:{}", value.text)),
            Key::Task => self.fact_term(&format!("task:{}", value.text)),
            Key::Section => self.facts("section", value, false)?,
            Key::Status => self.of_logs(&*self.facts("status", value, false)?)?,
            Key::Profile => self.of_logs(&*self.facts("profile", value, false)?)?,
            Key::Tag => {
                let value = Value { text: value.text.trim_start_matches('#').to_string(), quoted: value.quoted };
                self.of_logs(&*self.facts("tag", &value, false)?)?
            }
            Key::Author => self.of_logs(&*self.facts("author", value, true)?)?,
            Key::State => self.units(self.lookup.units_in_state(&value.text)?),
            Key::Session => self.units(self.lookup.units_of_session(&value.text)?),
            Key::Conversation => self.units(self.lookup.unit_of_conversation(&value.text)?),
            Key::Title => {
                let mut stems = Vec::new();
                tokens::parts(&value.text, &mut |part| stems.push(part.stem.to_string()));
                let stems: Vec<&str> = stems.iter().map(String::as_str).collect();
                let query = self.adjacent(Side::Title, &stems, 0);
                let units = self.lookup.units_of_logs(&*query)?;
                any(vec![query, self.units(units)])
            }
            Key::Model => self.facts("model", value, true)?,
            Key::Agent => any(vec![self.facts("agent", value, false)?, self.facts("agent", value, true)?]),
            Key::Project => self.facts("project", value, false)?,
            Key::Branch => self.facts("branch", value, false)?,
            Key::User => self.facts("user", value, false)?,
            Key::File => self.facts("file", value, true)?,
            Key::Command => self.facts("command", value, true)?,
            Key::Url => self.facts("url", value, true)?,
            Key::Error => {
                let kept = self.wanted.clone();
                let words = self.phrase(&value.text, 0)?;
                self.wanted = kept;
                let failed = all(vec![self.fact_term("is:failed"), words]);
                any(vec![self.facts("error", value, true)?, failed])
            }
        })
    }

    fn property(&mut self, key: &str, value: Option<&str>) -> Result<Boxed> {
        let has = self.fact_term(&schema::fact("has", key));
        let query: Boxed = match value {
            None => has,
            Some("null") => {
                let empty = self.fact_term(&schema::fact("property", &format!("{key}=null")));
                let logs = all(vec![self.fact_term("kind:log"), self.fact_term("first:log"), any(vec![empty, without(has)])]);
                return self.of_logs(&*logs);
            }
            Some(value) => self.facts("property", &Value { text: format!("{key}={value}"), quoted: false }, false)?,
        };
        self.of_logs(&*query)
    }
}

fn has_words(node: &Node) -> bool {
    match node {
        Node::Word(_) | Node::Prefix(_) | Node::Fuzzy(..) => true,
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(has_words),
        _ => false,
    }
}

fn regex_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$#&-~/".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// What a query costs nothing to ask: every document scores the same.
pub(super) fn constant(query: &dyn Engine) -> Boxed {
    Box::new(ConstScoreQuery::new(query.box_clone(), 1.0))
}
