//! The query language: what a person types, as a tree.
//!
//! Nothing that is typed is an error: what means nothing else is a word. The module knows neither the index nor what a value
//! stands for, but for the few values of [`Key::Kind`], [`Key::Role`] and [`Key::Task`]; times are named by the caller.

mod fields;
mod pieces;
mod show;
#[cfg(test)]
mod tests;
mod tree;

use std::ops::Range;

use chrono::{DateTime, Utc};

use pieces::Pieces;

/// Words that begin a question.
const ASKING: [&str; 9] = ["who", "what", "when", "where", "why", "how", "which", "whose", "whom"];

/// Words that begin a question if three more follow.
const VERBS: [&str; 11] = ["is", "are", "do", "does", "did", "can", "could", "should", "would", "was", "were"];

/// This many words are a sentence.
const SENTENCE: usize = 6;

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What is looked for.
    pub root: Node,
    /// What the person should know: fields that do not exist, values that cannot be used.
    pub hints: Vec<String>,
    /// It is a question or a sentence rather than a list of words.
    pub question: bool,
}

/// A part of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// All of them: words softly, filters strictly.
    All(Vec<Node>),
    /// Any of them.
    Any(Vec<Node>),
    /// Without it.
    Not(Box<Node>),
    /// One word as it was typed, identifiers and paths included.
    Word(String),
    /// Words that begin so.
    Prefix(String),
    /// A word with up to so many typos.
    Fuzzy(String, u8),
    /// Words that follow each other, with at most so many others between.
    Phrase(String, u32),
    /// Tokens that match.
    Regex(String),
    /// A field with a value.
    Field(Key, Value),
    /// A frontmatter key, with a value (`null`: no such key, or empty).
    Property(String, Option<String>),
    /// A time, half open.
    Time {
        /// The first moment, if there is one.
        from: Option<DateTime<Utc>>,
        /// The moment after the last, if there is one.
        to: Option<DateTime<Utc>>,
    },
    /// Everything.
    Everything,
}

impl Node {
    /// Gives all fields in it and their values.
    pub fn fields(&self, each: &mut dyn FnMut(Key, &Value)) {
        match self {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| node.fields(each)),
            Node::Not(node) => node.fields(each),
            Node::Field(key, value) => each(*key, value),
            _ => {}
        }
    }
}

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Log or turn: the value is `log` or `turn`.
    Kind,
    /// The key of a log's section.
    Section,
    /// Who said it: the value is `user` or `agent`.
    Role,
    /// The log's status.
    Status,
    /// The conversation's state.
    State,
    /// The log's profile.
    Profile,
    /// A tag of the log.
    Tag,
    /// The log's title.
    Title,
    /// The log's author.
    Author,
    /// The model that answered.
    Model,
    /// The agent that was used.
    Agent,
    /// The project.
    Project,
    /// The branch.
    Branch,
    /// The user of the machine.
    User,
    /// A file that was touched, as a path or glob.
    File,
    /// A command that was run.
    Command,
    /// An address that was read.
    Url,
    /// An error that was met.
    Error,
    /// A task: the value is `open` or `done`.
    Task,
    /// One session, by its id.
    Session,
    /// One conversation, by its id.
    Conversation,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// As it was typed, without quotes.
    pub text: String,
    /// It was quoted.
    pub quoted: bool,
}

impl Key {
    /// All of them.
    pub const ALL: [Key; 21] = [
        Key::Kind,
        Key::Section,
        Key::Role,
        Key::Status,
        Key::State,
        Key::Profile,
        Key::Tag,
        Key::Title,
        Key::Author,
        Key::Model,
        Key::Agent,
        Key::Project,
        Key::Branch,
        Key::User,
        Key::File,
        Key::Command,
        Key::Url,
        Key::Error,
        Key::Task,
        Key::Session,
        Key::Conversation,
    ];

    /// What a person types before the colon.
    pub fn name(self) -> &'static str {
        match self {
            Key::Kind => "kind",
            Key::Section => "section",
            Key::Role => "role",
            Key::Status => "status",
            Key::State => "state",
            Key::Profile => "profile",
            Key::Tag => "tag",
            Key::Title => "title",
            Key::Author => "author",
            Key::Model => "model",
            Key::Agent => "agent",
            Key::Project => "project",
            Key::Branch => "branch",
            Key::User => "user",
            Key::File => "file",
            Key::Command => "command",
            Key::Url => "url",
            Key::Error => "error",
            Key::Task => "task",
            Key::Session => "session",
            Key::Conversation => "conversation",
        }
    }
}

/// Parses what a person typed; any text is a query.
///
/// `dates` gives the half-open span of time that a text names (`2026-11-01` is a day, `7d` the time from 7 days ago until now),
/// and none if it names none. Instants of RFC 3339 and `on:A..B`, from the start of A to the end of B, are read here.
///
/// Juxtaposition binds tighter than `OR`. The tree is flat: no `All` stands directly in an `All`, no `Any` in an `Any`, no `Not`
/// in a `Not`, and both lists have two parts at least. A query of nothing is `Everything`; one without anything but filters and
/// exclusions is an `All` that begins with `Everything`. A `Not` in an `Any` stands for everything without it. At most 1,024
/// leaves are read, and groups nest 32 deep.
pub fn parse(text: &str, dates: &dyn Fn(&str) -> Option<Range<DateTime<Utc>>>) -> Query {
    if matches!(text.trim(), "OR" | "AND" | "NOT") {
        return Query { root: Node::Word(text.trim().into()), hints: Vec::new(), question: false };
    }
    let (pieces, hints) = Pieces::new(text, dates).read();
    let root = tree::grow(pieces);
    let question = is_question(&root);
    Query { root, hints, question }
}

fn is_question(root: &Node) -> bool {
    let mut words = Vec::new();
    for part in root.parts() {
        match part {
            Node::Word(word) => words.push(word.as_str()),
            other if other.is_wordless() && !other.excludes_words() => {}
            _ => return false,
        }
    }
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
    let first = first.split(['\'', '’']).next().unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let spoken = words.iter().filter(|word| word.contains(char::is_alphanumeric)).count();
    ASKING.contains(&first.as_str())
        || (VERBS.contains(&first.as_str()) && spoken > 3)
        || last.trim_end_matches(|c: char| c != '?' && c != '？' && !c.is_alphanumeric()).ends_with(['?', '？'])
        || spoken >= SENTENCE
}

impl Node {
    /// The parts of an `All`; any other node is its only part.
    fn parts(&self) -> &[Node] {
        match self {
            Node::All(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// Nothing in it could be found in a text: filters and exclusions.
    fn is_wordless(&self) -> bool {
        match self {
            Node::All(parts) | Node::Any(parts) => parts.iter().all(Node::is_wordless),
            Node::Not(_) | Node::Field(..) | Node::Property(..) | Node::Time { .. } | Node::Everything => true,
            Node::Word(_) | Node::Prefix(_) | Node::Fuzzy(..) | Node::Phrase(..) | Node::Regex(_) => false,
        }
    }

    /// Some exclusion in it is of more than filters.
    fn excludes_words(&self) -> bool {
        match self {
            Node::All(parts) | Node::Any(parts) => parts.iter().any(Node::excludes_words),
            Node::Not(node) => !node.is_wordless() || node.excludes_words(),
            _ => false,
        }
    }
}
