//! shiftlog's tests: one binary, a builder, one file a behaviour.

mod builder;

mod add;
mod careful;
mod concurrent;
mod fixtures;
mod journals;
mod lossless;
mod markdown;
mod readme;
mod session;
mod status;
mod vaults;
