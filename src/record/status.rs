//! Statuses of a conversation, and which may follow which.

use std::fmt;

use serde::Serialize;

use super::error::{Error, Result};

/// Where a conversation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It takes turns.
    Active,
    /// It takes none until it is resumed.
    Paused,
    /// It is over and summarised.
    Closed,
    /// It lies in the past; it is still searched.
    Archived,
}

/// What can be done with a conversation that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// End it, with a summary.
    Close,
    /// Let it rest.
    Pause,
    /// Go on.
    Resume,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 4] = [Status::Active, Status::Paused, Status::Closed, Status::Archived];

    /// The word in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Paused => "paused",
            Status::Closed => "closed",
            Status::Archived => "archived",
        }
    }

    /// The status with this name, in any case.
    pub fn named(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(name.trim()))
    }

    /// What it may become.
    pub fn allowed(self) -> &'static [&'static str] {
        match self {
            Status::Active => &["paused", "closed", "archived"],
            Status::Paused => &["active", "archived"],
            Status::Closed | Status::Archived => &["archived"],
        }
    }

    /// The status after an action.
    ///
    /// # Errors
    /// [`Error::Transition`], which names what is allowed.
    pub fn after(self, action: Action, id: &str) -> Result<Status> {
        match (self, action) {
            (Status::Active, Action::Pause) => Ok(Status::Paused),
            (Status::Active, Action::Close) => Ok(Status::Closed),
            (Status::Paused, Action::Resume) => Ok(Status::Active),
            _ => Err(Error::Transition { id: id.to_string(), status: self, action }),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Action {
    /// The actions and their names.
    pub const ALL: [(&'static str, Action); 3] = [("close", Action::Close), ("pause", Action::Pause), ("resume", Action::Resume)];
}
