//! What only the record still holds, and what agents are about to delete.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::record::source::Held;
use crate::record::{Record, Result};

/// How far ahead "about to" reaches.
pub const SOON: Duration = Duration::from_secs(7 * 86_400);

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// Conversations of an agent that deletes them; beyond the first `most`, none is looked at.
    pub files: &'q [PathBuf],
    /// How long it keeps each after its last change.
    pub kept: Duration,
    /// Whether a conversation that the record does not know is one that it should; asked only of those that go soon.
    pub wanted: &'q dyn Fn(&Path) -> bool,
    /// How many files are looked at, of those that were read and of those that are to go.
    pub most: usize,
    /// Now.
    pub now: SystemTime,
}

/// How much would be lost, or is safe in the record alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Conversations whose files are gone, by the record's ids.
    pub only_here: Vec<String>,
    /// Files that the agent deletes soon, and when.
    pub soon: Vec<(PathBuf, SystemTime)>,
    /// Those of them that the record does not hold up to their end.
    pub soon_not_taken: Vec<PathBuf>,
    /// Not all files were looked at.
    pub partly: bool,
}

/// Finds out.
///
/// # Errors
/// Those of the database; files that cannot be looked at count as gone only if they are.
pub fn look(record: Option<&Record>, question: &Question<'_>) -> Result<Retention> {
    let held = record.map_or_else(|| Ok(Vec::new()), |record| record.held_sources(question.most))?;
    let mut found = Retention { partly: held.len() == question.most || question.files.len() > question.most, ..Retention::default() };
    found.only_here = only_here(&held);
    let known: HashMap<&str, &Held> = held.iter().map(|held| (held.path.as_str(), held)).collect();
    for path in question.files.iter().take(question.most) {
        let Ok(meta) = std::fs::metadata(path) else { continue };
        let Some(goes) = meta.modified().ok().and_then(|changed| changed.checked_add(question.kept)) else { continue };
        if goes > question.now + SOON {
            continue;
        }
        let taken = match path.to_str().and_then(|path| known.get(path)) {
            Some(held) if u64::try_from(held.size).is_ok_and(|size| size == meta.len()) => match held.session {
                Some(_) => true,
                // Read, and there was nothing in it for this journal.
                None => continue,
            },
            Some(held) if held.session.is_some() => false,
            _ if (question.wanted)(path) => false,
            _ => continue,
        };
        found.soon.push((path.clone(), goes));
        if !taken {
            found.soon_not_taken.push(path.clone());
        }
    }
    found.soon.sort_by(|(one, goes), (other, later)| goes.cmp(later).then_with(|| one.cmp(other)));
    Ok(found)
}

/// Conversations none of whose files is there.
fn only_here(held: &[Held]) -> Vec<String> {
    let mut conversations: BTreeMap<&str, bool> = BTreeMap::new();
    for held in held {
        if let Some(session) = &held.session {
            let gone = Path::new(&held.path).try_exists().is_ok_and(|there| !there);
            conversations.entry(session).and_modify(|all| *all &= gone).or_insert(gone);
        }
    }
    conversations.into_iter().filter(|(_, gone)| *gone).map(|(session, _)| session.to_string()).collect()
}
