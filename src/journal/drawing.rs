//! Drawings of a graph: DOT, Mermaid, JSON Canvas. The same graph gives the same text.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::graph::{Graph, Node};

/// Width, height and distance of the cards of a canvas.
const CARD: (usize, usize, usize) = (400, 240, 80);

/// Graphviz: <https://graphviz.org/doc/info/lang.html>.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from("digraph sessions {\n  rankdir=LR;\n  node [shape=box];\n");
    for node in &graph.nodes {
        let label = label(node).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\\n");
        let _ = writeln!(out, "  \"{}\" [label=\"{label}\"];", escaped(&node.id));
    }
    for edge in &graph.edges {
        let mut looks = Vec::new();
        if !edge.label.is_empty() {
            looks.push(format!("label=\"{}\"", escaped(&edge.label)));
        }
        if edge.kind == "related" {
            looks.push("style=dashed, dir=none".to_string());
        }
        let looks = if looks.is_empty() { String::new() } else { format!(" [{}]", looks.join(", ")) };
        let _ = writeln!(out, "  \"{}\" -> \"{}\"{looks};", escaped(&edge.from), escaped(&edge.to));
    }
    out.push_str("}\n");
    out
}

/// A string of DOT, without its quotes.
fn escaped(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// On one line, without control characters.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The lines of a card: id, title, status. A title that begins with the id says it already.
fn label(node: &Node) -> Vec<&str> {
    let id = (!node.title.contains(&node.id)).then_some(node.id.as_str());
    id.into_iter().chain([node.title.as_str(), node.status.as_str()]).filter(|line| !line.is_empty()).collect()
}

/// Mermaid: <https://mermaid.js.org/syntax/flowchart.html>.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    let places: HashMap<&str, usize> = graph.nodes.iter().enumerate().map(|(n, node)| (node.id.as_str(), n)).collect();
    for (n, node) in graph.nodes.iter().enumerate() {
        let label = label(node).iter().map(|line| entities(line)).collect::<Vec<_>>().join("<br>");
        let _ = writeln!(out, "  n{n}[\"{label}\"]");
    }
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (places.get(edge.from.as_str()), places.get(edge.to.as_str())) else { continue };
        let arrow = if edge.kind == "related" { "-.-" } else { "-->" };
        let label = if edge.label.is_empty() { String::new() } else { format!("|\"{}\"|", entities(&edge.label)) };
        let _ = writeln!(out, "  n{from} {arrow}{label} n{to}");
    }
    out
}

/// A string of Mermaid, without its quotes: what could end it or be markup as an entity.
fn entities(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text).chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | ';' | '|' => drop(write!(out, "#{};", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// JSON Canvas 1.0, <https://jsoncanvas.org/spec/1.0/>: a column for each day, what began first to the left and above.
pub fn canvas(graph: &Graph) -> Value {
    let (width, height, gap) = CARD;
    let mut days: BTreeMap<String, Vec<&Node>> = BTreeMap::new();
    for node in &graph.nodes {
        days.entry(node.created.map_or_else(String::new, |t| t.format("%F").to_string())).or_default().push(node);
    }
    let mut nodes = Vec::new();
    for (column, day) in days.values_mut().enumerate() {
        day.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        for (row, node) in day.iter().enumerate() {
            let mut card = json!({"id": node.id});
            if node.archived {
                card["type"] = "text".into();
                card["text"] = format!("**{}**\n\n{}\n\n{}", node.id, plain(&node.title), node.path).into();
            } else {
                card["type"] = "file".into();
                card["file"] = node.path.replace('\\', "/").into();
            }
            card["x"] = (column * (width + gap)).into();
            card["y"] = (row * (height + gap)).into();
            card["width"] = width.into();
            card["height"] = height.into();
            nodes.push(card);
        }
    }
    let edges = graph.edges.iter().map(|edge| {
        let mut line = json!({"id": format!("{} {}", edge.from, edge.to), "fromNode": edge.from, "toNode": edge.to});
        if edge.kind == "related" {
            line["toEnd"] = "none".into();
            line["color"] = "5".into();
        }
        if !edge.label.is_empty() {
            line["label"] = edge.label.as_str().into();
        }
        line
    });
    json!({"nodes": nodes, "edges": edges.collect::<Vec<_>>()})
}
