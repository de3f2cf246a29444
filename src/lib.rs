//! shiftlog: the shift log for people and coding agents.
//!
//! The library behind the `shiftlog` program, in layers that only look down:
//!
//! - [`journal`]: the Markdown side. Finds journals, knows profiles, and edits logs by byte range.
//! - [`record`]: the SQLite side. Keeps conversations, turn by turn, without their secrets.
//!
//! Neither knows the other.
//!
//! Nothing here prints, prompts, exits, or reads the environment, the home directory or the clock:
//! paths, configuration and the time come in from the caller.

pub mod journal;
pub mod record;
