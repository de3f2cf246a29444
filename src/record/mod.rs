//! The record: conversations and their turns. So far what texts go through before they are stored.

pub mod redact;
pub mod tokens;
