//! A tree as text that parses to the same tree.

use std::fmt::{self, Display, Formatter};

use chrono::SecondsFormat;

use super::Node;
use super::pieces::{can_exclude, is_quote, parentheses};

impl Display for Node {
    /// Writes the canonical form: [`parse`](super::parse) makes the same tree of it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Node::All(parts) => all(parts, f),
            Node::Any(parts) => f.write_str(&parts.iter().map(Node::to_string).collect::<Vec<_>>().join(" OR ")),
            Node::Not(node) => match &**node {
                Node::All(_) | Node::Any(_) => write!(f, "-{}", grouped(node)),
                leaf => {
                    let text = leaf.to_string();
                    write!(f, "{}{text}", if can_exclude(&text) { "-" } else { "NOT " })
                }
            },
            Node::Word(word) => f.write_str(word),
            Node::Prefix(start) => write!(f, "{start}*"),
            Node::Fuzzy(word, 2) => write!(f, "{word}~"),
            Node::Fuzzy(word, typos) => write!(f, "{word}~{typos}"),
            Node::Phrase(text, 0) => f.write_str(&quoted(text)),
            Node::Phrase(text, slop) => write!(f, "{}~{slop}", quoted(text)),
            Node::Regex(pattern) => write!(f, "/{}/", slashed(pattern)),
            Node::Field(key, value) if value.quoted => write!(f, "{}:{}", key.name(), quoted(&value.text)),
            Node::Field(key, value) => write!(f, "{}:{}", key.name(), value.text),
            Node::Property(key, None) => write!(f, "[{key}]"),
            Node::Property(key, Some(value)) if is_plain(value) => write!(f, "[{key}:{value}]"),
            Node::Property(key, Some(value)) => write!(f, "[{key}:{}]", quoted(value)),
            Node::Time { from, to } => match (from.map(instant), to.map(instant)) {
                (Some(from), Some(to)) => write!(f, "on:{from}..{to}"),
                (Some(from), None) => write!(f, "after:{from}"),
                (None, Some(to)) => write!(f, "before:{to}"),
                (None, None) => f.write_str("*"),
            },
            Node::Everything => f.write_str("*"),
        }
    }
}

/// Parts in their order, without the `Everything` that beside others says nothing.
fn all(parts: &[Node], f: &mut Formatter<'_>) -> fmt::Result {
    let parts: Vec<&Node> = parts.iter().filter(|part| !matches!(part, Node::Everything)).collect();
    if let [only] = parts[..] {
        return only.fmt(f);
    }
    let shown = |part: &&Node| if matches!(part, Node::Any(_)) { grouped(part) } else { part.to_string() };
    f.write_str(&parts.iter().map(shown).collect::<Vec<_>>().join(" "))
}

/// In parentheses, the closing one apart where the last word would take it for its own.
fn grouped(node: &Node) -> String {
    let text = node.to_string();
    let taken = text.rsplit(char::is_whitespace).next().is_some_and(|word| parentheses(word).0 > 0);
    format!("({text}{})", if taken { " " } else { "" })
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if is_quote(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn slashed(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        if c == '/' && !escaped {
            out.push('\\');
        }
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.trim() == value && !value.contains(|c| c == ']' || is_quote(c))
}

fn instant(time: chrono::DateTime<chrono::Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
