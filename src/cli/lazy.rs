//! Arguments of commands that are described to the parser only once their command was typed: describing all takes longer than
//! many a command.

use std::cell::Cell;
use std::ops::Deref;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

thread_local! {
    static WHOLE: Cell<bool> = const { Cell::new(false) };
}

/// Does something with every command described in full.
pub(super) fn whole<T>(work: impl FnOnce() -> T) -> T {
    WHOLE.set(true);
    let done = work();
    WHOLE.set(false);
    done
}

/// The arguments of a command.
#[derive(Debug)]
pub(super) struct Lazy<T>(Box<T>);

impl<T> Deref for Lazy<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for Lazy<T> {
    fn augment_args(command: Command) -> Command {
        if WHOLE.get() { T::augment_args(command) } else { command.defer(T::augment_args) }
    }
    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for Lazy<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(|args| Lazy(Box::new(args)))
    }
    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(|args| Lazy(Box::new(args)))
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
