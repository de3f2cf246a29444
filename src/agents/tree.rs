//! Records that each name the one before them: what led to the last one, and which prompts were abandoned on the way.

use std::collections::{HashMap, HashSet};

use super::teller::Teller;

/// The records of a file, or of the part of it that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    /// By its id: where each record stands, and what comes before it.
    records: HashMap<String, (usize, Option<String>)>,
    /// Prompts in order.
    prompts: Vec<String>,
    leaf: Option<String>,
}

impl Tree {
    /// Takes a record; what is said may be what the conversation ends with.
    pub(super) fn add(&mut self, id: &str, parent: Option<&str>, is_said: bool) {
        self.records.insert(id.to_string(), (self.records.len(), parent.map(str::to_string)));
        if is_said {
            self.leaf = Some(id.to_string());
        }
    }

    /// A record is a prompt.
    pub(super) fn prompt(&mut self, id: &str) {
        self.prompts.push(id.to_string());
    }

    /// Marks turns that are no part of what led to the last record. Says whether that cannot be known without the beginning of the
    /// file, when only a part of it was read.
    pub(super) fn abandon(&self, teller: &mut Teller, partly: bool) -> bool {
        let mut led = HashSet::new();
        let (mut at, mut open) = (self.leaf.as_deref(), None);
        let mut earliest = usize::MAX;
        while let Some(id) = at.take().filter(|id| led.insert(*id)) {
            match self.records.get(id) {
                Some((place, parent)) => {
                    earliest = earliest.min(*place);
                    at = parent.as_deref();
                }
                None => open = Some(id),
            }
        }
        let parent = |id: &str| self.records.get(id).and_then(|(_, parent)| parent.as_deref());
        // Where what led to the last record goes on from.
        let beside: HashSet<&str> = led.iter().filter_map(|id| parent(id)).collect();
        for prompt in &self.prompts {
            let place = self.records.get(prompt).map_or(usize::MAX, |(place, _)| *place);
            // A chain that breaks off says nothing of what comes before.
            let gone = !led.contains(prompt.as_str()) && (earliest < place || parent(prompt).is_some_and(|p| beside.contains(p)));
            if let (true, Some(turn)) = (gone, teller.told().iter().position(|t| t.native_id == *prompt)) {
                teller.turn(turn).abandoned = true;
            }
        }
        // What leads on from before the part must be where its first turn itself begins.
        partly && open.is_some() && self.prompts.first().is_some_and(|first| parent(first) != open)
    }
}
