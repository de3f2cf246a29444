//! `shiftlog graph`: logs and what leads from one to another, as a drawing.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use shiftlog::index::Mode;
use shiftlog::index::related::Origin;
use shiftlog::journal::drawing;
use shiftlog::journal::graph::{Edge, Graph};

use super::context::Context;
use super::progress::Progress;
use super::searched::Searched;
use super::ui::Ended;

/// Related sessions of each that are drawn.
const RELATED: usize = 3;

/// Draw logs and the links between them
///
/// Parts, related sessions, wikilinks and Markdown links all count, from live, recent and archived logs.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// What to draw it as; canvas is JSON Canvas, which Obsidian opens
    #[arg(long, value_enum, default_value = "dot")]
    format: Format,
    /// Only what a log leads to: id, unique prefix, path, or `@` for the newest
    #[arg(short, long, value_name = "LOG")]
    session: Option<String>,
    /// With --session: so many steps away
    #[arg(long, value_name = "N", default_value_t = 2)]
    depth: usize,
    /// Also the sessions that are related without a link, dashed
    #[arg(long)]
    related: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Dot,
    Mermaid,
    Json,
    Canvas,
}

pub(crate) fn run(context: &Context, args: &GraphArgs) -> anyhow::Result<Ended> {
    let journal = context.journal()?;
    let id = args.session.as_ref().map(|name| context.resolve(&journal, name)).transpose()?.map(|log| log.id);
    let mut graph = journal.graph()?;
    if args.related {
        let searched = Searched::open(context, context.journal()?)?;
        relate(context, &searched, &mut graph)?;
    }
    if let Some(id) = &id {
        graph = graph.around(id, args.depth);
    }
    context.notices(journal.notices());
    match args.format {
        _ if context.ui.json => context.ui.answer(serde_json::to_value(&graph)?)?,
        Format::Json => context.ui.answer(serde_json::to_value(&graph)?)?,
        Format::Dot => context.ui.foreign(&drawing::dot(&graph))?,
        Format::Mermaid => context.ui.foreign(&drawing::mermaid(&graph))?,
        Format::Canvas => context.ui.data(serde_json::to_string_pretty(&drawing::canvas(&graph))?)?,
    }
    Ok(Ended::Done)
}

/// Adds an edge for each two sessions that are related and not linked.
fn relate(context: &Context, searched: &Searched, graph: &mut Graph) -> anyhow::Result<()> {
    let index = searched.index(context, Mode::Update)?;
    let sources = searched.sources(context);
    let pair = |a: &str, b: &str| if a < b { (a.to_string(), b.to_string()) } else { (b.to_string(), a.to_string()) };
    let mut known: BTreeSet<(String, String)> = graph.edges.iter().map(|e| pair(&e.from, &e.to)).collect();
    let mut progress = Progress::new(&context.ui, "relating");
    let total = graph.nodes.len() as u64;
    for (n, node) in graph.nodes.iter().enumerate().filter(|(_, node)| !node.archived) {
        progress.at(n as u64, total, &|total| total.to_string());
        let log = searched.journal.log_at(&searched.journal.root.join(&node.path))?;
        for other in index.related(&sources, Origin::Log(&log), RELATED)? {
            let Some(reason) = other.reasons.first().filter(|_| other.path.is_some()) else { continue };
            let both = pair(&node.id, &other.session);
            if known.insert(both.clone()) {
                graph.edges.push(Edge { from: both.0, to: both.1, kind: "related", label: reason.text.clone() });
            }
        }
    }
    progress.end();
    graph.edges.sort();
    Ok(())
}
