//! shiftlog's tests: one binary, a builder, one file a behaviour.

mod builder;

mod add;
mod agents;
mod backup;
mod careful;
mod change;
mod concurrent;
mod conversations;
mod durable;
mod exchange;
mod fixtures;
mod import;
mod index;
mod install;
mod journals;
mod links;
mod lint;
mod lossless;
mod markdown;
mod month;
mod private;
mod prune;
mod readme;
mod redact;
mod retention;
mod search;
mod session;
mod status;
mod sync;
mod tokens;
mod vaults;
