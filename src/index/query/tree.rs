//! From pieces to a tree: parentheses, `OR` and exclusions.

use std::vec::IntoIter;

use super::Node;
use super::pieces::Piece;

/// How deep groups nest; deeper parentheses are left out.
const DEPTH: usize = 32;

/// The tree of a whole query.
pub(super) fn grow(pieces: Vec<Piece>) -> Node {
    let kept = balanced(&pieces);
    let kept: Vec<Piece> = pieces.into_iter().zip(kept).filter_map(|(piece, kept)| kept.then_some(piece)).collect();
    match group(&mut kept.into_iter()) {
        None | Some(Node::Everything) => Node::Everything,
        Some(Node::All(mut parts)) if parts.iter().all(Node::is_wordless) => {
            parts.insert(0, Node::Everything);
            Node::All(parts)
        }
        Some(node) if node.is_wordless() => Node::All(vec![Node::Everything, node]),
        Some(node) => node,
    }
}

/// Which pieces count: all but the parentheses that have no partner or stand too deep.
fn balanced(pieces: &[Piece]) -> Vec<bool> {
    let mut kept: Vec<bool> = pieces.iter().map(|piece| !matches!(piece, Piece::Open { .. } | Piece::Close)).collect();
    let mut open = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Open { .. } => open.push(at),
            Piece::Close => {
                if let Some(partner) = open.pop() {
                    (kept[partner], kept[at]) = (true, true);
                }
            }
            _ => {}
        }
    }
    let mut depth = 0;
    for (kept, piece) in kept.iter_mut().zip(pieces).filter(|(kept, _)| **kept) {
        match piece {
            Piece::Open { .. } => {
                depth += 1;
                *kept = depth <= DEPTH;
            }
            Piece::Close => {
                *kept = depth <= DEPTH;
                depth -= 1;
            }
            _ => {}
        }
    }
    kept
}

/// What stands before the closing parenthesis, or before the end.
fn group(pieces: &mut IntoIter<Piece>) -> Option<Node> {
    let mut sides = Vec::new();
    let mut parts = Vec::new();
    let mut excluded = false;
    while let Some(piece) = pieces.next() {
        let node = match piece {
            Piece::Close => break,
            Piece::Or => {
                sides.extend(all(std::mem::take(&mut parts)));
                excluded = false;
                continue;
            }
            Piece::Not => {
                excluded = !excluded;
                continue;
            }
            Piece::Leaf { node, minus } => signed(Some(node), minus),
            Piece::Open { minus } => signed(group(pieces), minus),
        };
        parts.extend(signed(node, excluded));
        excluded = false;
    }
    sides.extend(all(parts));
    any(sides)
}

fn signed(node: Option<Node>, excluded: bool) -> Option<Node> {
    match node? {
        node if !excluded => Some(node),
        Node::Everything => None,
        Node::Not(node) => Some(*node),
        node => Some(Node::Not(Box::new(node))),
    }
}

fn all(parts: Vec<Node>) -> Option<Node> {
    let everything = parts.contains(&Node::Everything);
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Node::All(inner) => flat.extend(inner),
            Node::Everything => {}
            other => flat.push(other),
        }
    }
    match flat.len() {
        0 => everything.then_some(Node::Everything),
        1 => flat.pop(),
        _ => Some(Node::All(flat)),
    }
}

fn any(sides: Vec<Node>) -> Option<Node> {
    let mut flat = Vec::with_capacity(sides.len());
    for side in sides {
        match side {
            Node::Any(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    if flat.len() < 2 { flat.pop() } else { Some(Node::Any(flat)) }
}
