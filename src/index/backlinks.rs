//! Backlinks by the index: which logs may link to one; the journal's reader of links says which do.

use std::collections::HashSet;

use tantivy::{DocSet, TERMINATED};

use super::error::Result;
use super::query::Query;
use super::search::{Journals, units_with};
use super::update::Sources;
use super::{Index, schema};
use crate::journal::backlinks::{Backlink, stem};
use crate::journal::{Log, Place};

/// Characters of a log's name that tell its day: `20261120`.
const DAY: usize = 8;

impl Index {
    /// The places that link to a log.
    ///
    /// # Errors
    /// Those of the engine and the journal.
    pub fn backlinks(&self, sources: &Sources<'_>, to: &Log) -> Result<Vec<Backlink>> {
        let units = self.linking(to)?;
        let paths: HashSet<&str> =
            self.generation.logs.logs.iter().filter(|l| units.contains(&schema::unit_of(&l.path))).map(|l| l.path.as_str()).collect();
        let logs = sources.journal.logs(Place::Archived)?;
        let from: Vec<Log> = logs.into_iter().filter(|log| paths.contains(sources.journal.shown(log).as_str())).collect();
        Ok(sources.journal.backlinks(to, &from)?)
    }

    /// Units of the logs that have a link to something with a log's day.
    pub(super) fn linking(&self, to: &Log) -> Result<HashSet<u64>> {
        // A log answers to names that it had, too: they begin with the same day.
        let from = format!("link:{}", stem(&to.id).chars().take(DAY).collect::<String>());
        let mut units = HashSet::new();
        let searcher = self.generation.reader.searcher();
        for segment in searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.facts)?;
            let unit = segment.fast_fields().u64(schema::UNIT)?;
            let mut stream =
                index.terms().range().ge(&from).lt(format!("{from}{}", char::MAX)).into_stream().map_err(|e| super::Error::engine(&e))?;
            while stream.advance() {
                let mut postings = index
                    .read_postings_from_terminfo(stream.value(), tantivy::schema::IndexRecordOption::Basic)
                    .map_err(|e| super::Error::engine(&e))?;
                while postings.doc() != TERMINATED {
                    units.extend(unit.first(postings.doc()));
                    postings.advance();
                }
            }
        }
        Ok(units)
    }

    /// Paths of the logs that have every word of a query, or whose conversations have.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn logs_with(&self, sources: &Sources<'_>, query: &Query) -> Result<HashSet<String>> {
        let searcher = self.generation.reader.searcher();
        let units = units_with(&searcher, &*self.strict(sources, query, false)?)?;
        let lookup = Journals { index: self, sources, searcher: &searcher };
        let mut paths = HashSet::new();
        for log in &self.generation.logs.logs {
            let of = lookup.with_conversations(&[log])?;
            if of.iter().any(|unit| units.contains(unit)) {
                paths.insert(log.path.clone());
            }
        }
        Ok(paths)
    }
}
