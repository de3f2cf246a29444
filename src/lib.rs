//! shiftlog: the shift log for people and coding agents.
//!
//! The library behind the `shiftlog` program, in layers that only look down:
//!
//! - [`journal`]: the Markdown side. Finds journals, knows profiles, and edits logs by byte range.
//! - [`record`]: the SQLite side. Keeps conversations, turn by turn, without their secrets.
//! - [`index`]: the tantivy side, a cache. Reads both and finds everything that stands in them.
//! - [`agents`]: what coding agents write and send, in one common shape; [`intake`] takes it into the record.
//! - [`capture`]: what conversations show, as entries of logs; [`handoff`]: what the next shift must know; [`finish`]: where
//!   what a log knows goes in the end.
//!
//! The first two do not know each other, nor the index.
//!
//! Nothing here prints, prompts, exits, or reads the environment, the home directory or the clock:
//! paths, configuration and the time come in from the caller.

pub mod agents;
pub mod capture;
pub mod finish;
pub mod handoff;
pub mod index;
pub mod intake;
pub mod journal;
pub mod record;
pub mod retention;
