//! shiftlog's tests: one binary, a builder, one file a behaviour.

mod builder;

mod add;
mod careful;
mod change;
mod concurrent;
mod fixtures;
mod journals;
mod lossless;
mod readme;
mod session;
mod status;
mod vaults;
