//! The graph of a journal: logs, and what leads from one to another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::catalogue::{Catalogue, Destination};
use super::error::Result;
use super::links::{Form, links};
use super::{Journal, Log, Place};

/// A log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its status, as written.
    pub status: String,
    /// Its path relative to the journal; `zip!name` in a zip.
    pub path: String,
    /// When it was begun.
    pub created: Option<DateTime<Utc>>,
    /// It lies in a zip.
    pub archived: bool,
}

/// What leads from one log to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// Id of the log that links.
    pub from: String,
    /// Id of the log that it leads to.
    pub to: String,
    /// `part`, `link`, or `related` for what was worked out.
    pub kind: &'static str,
    /// The key of the part, or the reason, where one is given.
    pub label: String,
}

/// Logs by id, and edges in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The logs.
    pub nodes: Vec<Node>,
    /// What leads from one to another, once for each pair and direction.
    pub edges: Vec<Edge>,
}

impl Journal {
    /// All logs and their links.
    ///
    /// # Errors
    /// [`super::Error::Io`] when a directory cannot be read.
    pub fn graph(&self) -> Result<Graph> {
        let catalogue = Catalogue::new(&self.root, self.logs(Place::Archived)?);
        let mut nodes = BTreeMap::new();
        let mut edges: BTreeMap<(String, String), Edge> = BTreeMap::new();
        for log in &catalogue.logs {
            // One that has gone meanwhile is none.
            let Ok(text) = log.read() else { continue };
            let summary = log.summarize(&text, &self.root);
            nodes.entry(log.id.clone()).or_insert(Node {
                id: log.id.clone(),
                title: summary.title,
                status: summary.status,
                path: self.shown(log),
                created: summary.created,
                archived: log.place == Place::Archived,
            });
            for edge in edges_of(&catalogue, log, &text) {
                let known = edges.entry((edge.from.clone(), edge.to.clone())).or_insert_with(|| edge.clone());
                // A part says most, then a link with a reason.
                let better = |e: &Edge| (e.kind == "part", !e.label.is_empty());
                if better(&edge) > better(known) {
                    *known = edge;
                }
            }
        }
        let edges = edges.into_values().filter(|e| nodes.contains_key(&e.from) && nodes.contains_key(&e.to)).collect();
        Ok(Graph { nodes: nodes.into_values().collect(), edges })
    }
}

fn edges_of(catalogue: &Catalogue, log: &Log, text: &str) -> Vec<Edge> {
    let lines: Vec<&str> = text.lines().collect();
    let edge = |link: super::links::Link| {
        let to = match catalogue.destination(&log.path, &link, text) {
            Destination::Log(n, _) => &catalogue.logs[n],
            Destination::Ambiguous(many) => &catalogue.logs[*many.first()?],
            _ => return None,
        };
        let line = lines.get(link.line.saturating_sub(1)).copied().unwrap_or_default();
        let (kind, label) = match link.form {
            Form::Part => ("part", line.split(':').next().unwrap_or_default().trim()),
            _ if leads(text, &link) => ("link", why(line)),
            _ => ("link", ""),
        };
        (to.id != log.id).then(|| Edge { from: log.id.clone(), to: to.id.clone(), kind, label: label.to_string() })
    };
    links(text, &log.profile.keys.parts()).into_iter().filter_map(edge).collect()
}

/// Whether a link is what its line begins with: a reason in the line is that of this one.
pub fn leads(text: &str, link: &super::links::Link) -> bool {
    text[..link.target.start].rsplit('\n').next().is_some_and(|before| before.trim_start() == "- [[")
}

/// The reason in an entry such as `- [[20261119-02]] – the tokens began there`.
pub fn why(line: &str) -> &str {
    let entry = line.trim_start().strip_prefix("- [[").and_then(|rest| rest.split_once("]]"));
    let why = entry.map_or("", |(_, why)| why.trim().trim_start_matches(['–', '—', '-', ':']).trim());
    if why.contains("[[") { "" } else { why }
}

impl Graph {
    /// The part of it that so many steps lead to from a log, in either direction.
    #[must_use]
    pub fn around(self, id: &str, depth: usize) -> Graph {
        let mut near: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for edge in &self.edges {
            near.entry(&edge.from).or_default().insert(&edge.to);
            near.entry(&edge.to).or_default().insert(&edge.from);
        }
        let mut reached: BTreeSet<&str> = BTreeSet::from([id]);
        let mut last: Vec<&str> = vec![id];
        for _ in 0..depth {
            let next: BTreeSet<&str> = last.iter().filter_map(|id| near.get(id)).flatten().copied().collect();
            last = next.into_iter().filter(|id| reached.insert(id)).collect();
        }
        let reached: BTreeSet<String> = reached.into_iter().map(str::to_string).collect();
        let edges = self.edges.into_iter().filter(|e| reached.contains(&e.from) && reached.contains(&e.to)).collect();
        Graph { nodes: self.nodes.into_iter().filter(|n| reached.contains(&n.id)).collect(), edges }
    }
}
