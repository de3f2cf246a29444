//! Exchange: the record as JSON Lines, out and in, and as Markdown for people.
//!
//! The lines are described in `docs/formats.md`. What is imported and exported again is the same, byte for byte, if it came
//! from an export; keys that have no place of their own are kept.

mod export;
mod import;
mod line;
mod markdown;

pub use export::export;
pub use import::{Imported, import};
pub use markdown::markdown;
