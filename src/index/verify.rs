//! Verifying: whether the index holds every log and turn, once, as it is now.

use std::collections::HashMap;
use std::fs;

use serde::Serialize;
use tantivy::TantivyDocument;
use tantivy::schema::Value;

use super::Index;
use super::error::{Error, Result};
use super::schema;
use super::update::{Sources, documents_of};
use crate::journal::Place;
use crate::record::follow::Conversations;

/// What an index is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Turns and sections.
    pub documents: u64,
    /// Parts that the engine keeps apart.
    pub segments: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// A document: its conversation or log, and its number there.
type Key = (u64, u64);

impl Index {
    /// What the index is made of.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn stats(&self) -> Result<Stats> {
        let dir = &self.generation.dir;
        let mut bytes = 0;
        for entry in fs::read_dir(dir).map_err(Error::io("read", dir))?.flatten() {
            bytes += entry.metadata().map_or(0, |m| m.len());
        }
        let searcher = self.generation.reader.searcher();
        Ok(Stats { documents: searcher.num_docs(), segments: searcher.segment_readers().len() as u64, bytes })
    }

    /// Compares every document with what it was made of; says what is missing, outdated, left over, double or damaged.
    ///
    /// # Errors
    /// Those of the journal, the record and the engine.
    pub fn verify(&self, sources: &Sources<'_>) -> Result<Vec<String>> {
        let mut findings: Vec<String> =
            self.generation.index.validate_checksum()?.iter().map(|file| format!("damaged: {}", file.display())).collect();
        let (mut there, double) = self.documents()?;
        findings.extend(double);
        let mut compare = |key: Key, sum: u64, name: &dyn Fn() -> String| match there.remove(&key) {
            None => findings.push(format!("missing: {}", name())),
            Some(found) if found != sum => findings.push(format!("outdated: {}", name())),
            Some(_) => {}
        };
        for log in sources.journal.logs(Place::Archived)? {
            let Ok(text) = log.read() else { continue };
            for document in documents_of(sources.journal, &self.fields, &log, &text)? {
                let (key, sum) = self.key(&document);
                compare(key, sum, &|| format!("{} (section {})", log.id, key.1));
            }
        }
        if let Some(record) = sources.record {
            let mut conversations = Conversations::default();
            let mut failed = None;
            record.every_turn(&mut |place| {
                match conversations.get(record, &place.conversation) {
                    Ok(Some(conversation)) => {
                        let (key, sum) = self.key(&schema::of_turn(&self.fields, conversation, &place.turn));
                        compare(key, sum, &|| format!("{}:{}", place.conversation, place.turn.number));
                    }
                    Ok(None) => {}
                    Err(error) => failed = Some(error),
                }
                failed.is_none()
            })?;
            failed.map_or(Ok(()), Err)?;
        }
        let mut left: Vec<String> = there.keys().map(|(unit, number)| format!("left over: {unit:016x} {number}")).collect();
        left.sort();
        findings.extend(left);
        Ok(findings)
    }

    fn key(&self, document: &TantivyDocument) -> (Key, u64) {
        let number = |field| document.get_first(field).and_then(|v| v.as_u64()).unwrap_or_default();
        ((number(self.fields.unit), number(self.fields.number)), number(self.fields.sum))
    }

    /// All documents of the index, and which of them are there twice.
    fn documents(&self) -> Result<(HashMap<Key, u64>, Vec<String>)> {
        let mut there = HashMap::new();
        let mut double = Vec::new();
        for segment in self.generation.reader.searcher().segment_readers() {
            let fast = segment.fast_fields();
            let (unit, number, sum) = (fast.u64(schema::UNIT)?, fast.u64(schema::NUMBER)?, fast.u64(schema::SUM)?);
            for doc in segment.doc_ids_alive() {
                let of = |column: &tantivy::columnar::Column<u64>| column.first(doc).unwrap_or_default();
                let key = (of(&unit), of(&number));
                if there.insert(key, of(&sum)).is_some() {
                    double.push(format!("double: {:016x} {}", key.0, key.1));
                }
            }
        }
        Ok((there, double))
    }
}
