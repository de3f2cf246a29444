//! The tantivy side: everything that stands in logs and turns, found by one query.
//!
//! A cache: what it holds can be read anew from the journal and the record at any time, and is, when it is lost, damaged or of
//! another version. [`Index::open`] brings it up to date and [`Index::search`] asks it.

mod backlinks;
mod dates;
pub mod error;
pub mod facts;
pub mod passage;
mod plan;
pub mod query;
pub mod related;
pub mod result;
mod schema;
mod score;
mod search;
mod state;
mod stop;
mod store;
pub mod tokens;
mod update;
mod verify;

use std::cell::OnceCell;
use std::collections::HashMap;

pub use error::{Error, Result};
use schema::Fields;

pub use plan::Marks;
pub use search::{Address, Answer, By, Counted, Found, Hit, Request, Sort};
use serde::Serialize;
pub use store::DIRECTORY;
use store::Generation;
pub use update::{Mode, Progress, Sources};
pub use verify::Stats;

/// How much an answer covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Logs in the index.
    pub logs: u64,
    /// Turns in the index.
    pub turns: u64,
    /// Logs and turns that changed and are not in the index as they are now.
    pub pending: u64,
}

/// The index of a journal, as it was when it was opened.
pub struct Index {
    fields: Fields,
    generation: Generation,
    /// Which log a unit is; made when it is asked for.
    places: OnceCell<HashMap<u64, usize>>,
    coverage: Coverage,
    notice: Option<String>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("dir", &self.generation.dir).field("coverage", &self.coverage).finish_non_exhaustive()
    }
}

impl Index {
    /// How much it covers.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// Why it is not up to date, where it is not.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }
}
