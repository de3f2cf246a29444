//! The fields of the index, and the documents that turns and sections become.
//!
//! No text is stored: a hit leads back to the log or the record.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::schema::{FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions, Value as _};
use tantivy::tokenizer::{RawTokenizer, TokenizerManager};
use tantivy::{TantivyDocument, Term};
use xxhash_rust::xxh3::xxh3_64;

use super::dates;
use super::tokens::{self, WholeTokenizer, WordTokenizer};
use crate::journal::sections::{self, Piece};
use crate::journal::summary::Summary;
use crate::record::action::Action;
use crate::record::conversation::Conversation;
use crate::record::turn::Turn;

/// Version of the documents; another one makes the index anew. The tokenizer has its own.
pub(super) const VERSION: u32 = 5;

/// Bytes of a fact: more of a command or an error is found as text.
const FACT: usize = 240;

/// Who or what says a text. Words of all of them stand in one field, each with a mark behind it: what one word of a query needs
/// of them lies close together in the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// What the user said.
    User,
    /// What the agent answered.
    Agent,
    /// What the agent did, and what came of it.
    Acts,
    /// What stands in a section.
    Body,
    /// Titles: of the log with each of its sections, of the conversation with its first turn.
    Title,
}

impl Side {
    /// All of them; the frequent ones first, which keeps the column of lengths narrow.
    pub(super) const ALL: [Side; 5] = [Side::User, Side::Agent, Side::Acts, Side::Body, Side::Title];

    /// What stands behind its words.
    pub(super) fn mark(self) -> char {
        char::from(self as u8 + 1)
    }
}

/// The lengths of a document's texts, by side: a byte each, as the engine codes lengths.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lengths(pub(super) u64);

/// Bytes of an English word and the blank behind it, about.
const WORD: usize = 6;

impl Lengths {
    fn new(bytes: &[usize; 5]) -> Lengths {
        let code = |bytes: &usize| FieldNormReader::fieldnorm_to_id(u32::try_from(bytes.div_ceil(WORD)).unwrap_or(u32::MAX));
        Lengths(bytes.iter().rev().fold(0, |all, bytes| all << 8 | u64::from(code(bytes))))
    }

    /// What a document says of itself.
    pub(super) fn of_document(fields: &Fields, document: &TantivyDocument) -> Lengths {
        Lengths(document.get_first(fields.lengths).and_then(|value| value.as_u64()).unwrap_or_default())
    }

    /// The length of a side in words, about.
    pub(super) fn of(self, side: Side) -> u32 {
        FieldNormReader::id_to_fieldnorm((self.0 >> (8 * side as u32)) as u8)
    }
}

/// The fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// The words of all sides.
    pub(super) words: Field,
    /// All words and names of the document as they are written, each once.
    pub(super) exact: Field,
    /// `key:value`, whole and lower-cased: what filters look at.
    pub(super) facts: Field,
    /// Hash of the conversation or of the log's path.
    pub(super) unit: Field,
    /// Number of the turn or the section.
    pub(super) number: Field,
    /// The turn's row.
    pub(super) row: Field,
    /// Hash of all that the document was made of.
    pub(super) sum: Field,
    /// Lengths of its texts.
    pub(super) lengths: Field,
    /// When the turn was, when the log was begun; ms since 1970.
    pub(super) time: Field,
    /// When the turn was, when the log was last worked on; ms since 1970.
    pub(super) until: Field,
}

/// Names of the fast fields.
pub(super) const UNIT: &str = "unit";
pub(super) const NUMBER: &str = "number";
pub(super) const ROW: &str = "row";
pub(super) const SUM: &str = "sum";
pub(super) const LENGTHS: &str = "lengths";
pub(super) const UNTIL: &str = "until";

const RAW: &str = "raw";
const WORDS: &str = "words";
const WHOLES: &str = "wholes";

impl Fields {
    /// The schema and its fields.
    pub(super) fn new() -> (Schema, Fields) {
        let mut schema = Schema::builder();
        let text = |tokenizer: &str, option, norms| {
            TextOptions::default()
                .set_indexing_options(TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option).set_fieldnorms(norms))
        };
        let number = NumericOptions::from(FAST);
        let fields = Fields {
            words: schema.add_text_field("words", text(WORDS, IndexRecordOption::WithFreqsAndPositions, true)),
            // With frequencies, all of them 1: the engine skips blocks of documents only where it knows them.
            exact: schema.add_text_field("exact", text(WHOLES, IndexRecordOption::WithFreqs, false)),
            facts: schema.add_text_field("facts", text(RAW, IndexRecordOption::Basic, false)),
            unit: schema.add_u64_field(UNIT, number.clone()),
            number: schema.add_u64_field(NUMBER, number.clone()),
            row: schema.add_u64_field(ROW, number.clone()),
            sum: schema.add_u64_field(SUM, number.clone()),
            lengths: schema.add_u64_field(LENGTHS, number.clone()),
            time: schema.add_i64_field("time", number.clone()),
            until: schema.add_i64_field(UNTIL, number),
        };
        (schema.build(), fields)
    }

    /// The term of a word on one side.
    pub(super) fn word(&self, side: Side, stem: &str) -> Term {
        let mut term = Term::from_field_text(self.words, stem);
        term.append_bytes(&[side as u8 + 1]);
        term
    }
}

/// The tokenizers that the schema names.
pub(super) fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::new();
    manager.register(WORDS, WordTokenizer::default());
    manager.register(WHOLES, WholeTokenizer::default());
    manager.register(RAW, RawTokenizer::default());
    // The engine asks for it even for numbers.
    manager.register("default", RawTokenizer::default());
    manager
}

/// What a conversation or a log is known by in the index: 48 bits of a hash, which keeps the column of them small.
pub(super) fn unit_of(name: &str) -> u64 {
    xxh3_64(name.as_bytes()) >> 16
}

/// The fact that all documents of a unit share.
pub(super) fn unit_fact(unit: u64) -> String {
    format!("unit:{unit:012x}")
}

/// The fact that tells what the documents of a conversation say of it; its first turn has it.
pub(super) fn about_fact(conversation: &Conversation) -> String {
    let Conversation { id, user_id: user, agent, model, project, branch, title, .. } = conversation;
    format!("about:{:016x}", xxh3_64(format!("{:?}", (id, user, agent, model, project, branch, title)).as_bytes()))
}

/// A fact as it stands in the index: lower-case, on one line, of bounded length.
pub(super) fn fact(key: &str, value: &str) -> String {
    let mut fact = format!("{key}:{}", value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
    fact.truncate(fact.floor_char_boundary(FACT));
    fact
}

/// A document that is being made.
struct Maker<'f> {
    fields: &'f Fields,
    document: TantivyDocument,
    /// Bytes of its texts, by side.
    bytes: [usize; 5],
    /// The text that is being added, with its mark.
    marked: String,
    sum: u64,
}

impl<'f> Maker<'f> {
    fn new(fields: &'f Fields) -> Maker<'f> {
        Maker { fields, document: TantivyDocument::default(), bytes: [0; 5], marked: String::new(), sum: 0 }
    }

    fn add(&mut self, field: Field, text: &str) {
        self.sum = self.sum.rotate_left(11) ^ xxh3_64(text.as_bytes()) ^ u64::from(field.field_id());
        self.document.add_text(field, text);
    }

    fn fact(&mut self, key: &str, value: &str) {
        if !value.trim().is_empty() {
            self.add(self.fields.facts, &fact(key, value));
        }
    }

    fn done(mut self) -> TantivyDocument {
        self.document.add_u64(self.fields.sum, self.sum);
        self.document.add_u64(self.fields.lengths, Lengths::new(&self.bytes).0);
        self.document
    }

    fn facts<'v>(&mut self, key: &str, values: impl IntoIterator<Item = &'v String>) {
        for value in values {
            self.fact(key, value);
        }
    }

    /// Text that is found by its words, and as it is written.
    fn text(&mut self, side: Side, text: &str) {
        if !text.is_empty() {
            self.words(side, text);
            self.document.add_text(self.fields.exact, text);
        }
    }

    /// Text that is found by its words.
    fn words(&mut self, side: Side, text: &str) {
        self.bytes[side as usize] += text.len();
        self.marked.clear();
        self.marked.push(side.mark());
        self.marked.push_str(text);
        let marked = std::mem::take(&mut self.marked);
        self.add(self.fields.words, &marked);
        self.marked = marked;
    }

    fn numbers(&mut self, unit: u64, number: u64, row: i64, (time, until): (i64, i64)) {
        let fields = self.fields;
        self.document.add_u64(fields.unit, unit);
        self.document.add_u64(fields.number, number);
        self.document.add_u64(fields.row, row.unsigned_abs());
        self.document.add_i64(fields.time, time);
        self.document.add_i64(fields.until, until);
        self.add(fields.facts, &unit_fact(unit));
        self.sum ^= number.rotate_left(40) ^ time.cast_unsigned() ^ until.cast_unsigned().rotate_left(20);
    }
}

/// The document of a turn.
pub(super) fn of_turn(fields: &Fields, conversation: &Conversation, turn: &Turn) -> TantivyDocument {
    let mut maker = Maker::new(fields);
    let at = turn.time.timestamp_millis();
    maker.numbers(unit_of(&conversation.id), turn.number.unsigned_abs(), turn.id, (at, at));
    if turn.number == 1 {
        maker.add(fields.facts, &about_fact(conversation));
    }
    dates::facts(turn.time).iter().for_each(|fact| maker.add(fields.facts, fact));
    maker.fact("kind", "turn");
    maker.fact("user", turn.author.as_deref().unwrap_or(&conversation.user_id));
    let model = turn.model.as_ref().or(conversation.model.as_ref());
    let own = |key: &str| turn.data.get(key).and_then(|v| v.as_str()).map(str::to_string);
    let of = |key: &str, whole: &Option<String>| own(key).or_else(|| whole.clone());
    let named = [
        ("agent", of("agent", &conversation.agent)),
        ("project", of("project", &conversation.project)),
        ("branch", of("branch", &conversation.branch)),
    ];
    for (key, value) in named.iter().filter_map(|(k, v)| Some((k, v.as_ref()?))) {
        maker.fact(key, value);
    }
    maker.facts("model", model);
    if !turn.counts() {
        maker.fact("is", "abandoned");
    }
    for (role, side, said) in [("user", Side::User, &turn.user_input), ("agent", Side::Agent, &turn.agent_response)] {
        if let Some(said) = said.as_deref().filter(|s| !s.is_empty()) {
            maker.fact("role", role);
            maker.text(side, said);
        }
    }
    if let Some(title) = conversation.title.as_deref().filter(|_| turn.number == 1) {
        maker.text(Side::Title, title);
    }
    for action in &turn.actions {
        act(&mut maker, action);
    }
    maker.done()
}

fn act(maker: &mut Maker<'_>, action: &Action) {
    let kind = match action.kind.split('-').next().unwrap_or_default() {
        "file" => "file",
        "command" => "command",
        "url" => "url",
        "error" => "error",
        "todo" => "todo",
        _ => "action",
    };
    maker.fact(kind, &action.value);
    let status = action.data.get("status").and_then(|s| s.as_str()).unwrap_or_default();
    match kind {
        "todo" => maker.fact("task", if action.ok == Some(true) || status == "completed" || status == "done" { "done" } else { "open" }),
        "error" => maker.fact("is", "failed"),
        _ if action.ok == Some(false) => maker.fact("is", "failed"),
        _ => {}
    }
    maker.text(Side::Acts, &action.value);
    if let Some(output) = &action.output {
        if kind == "error" || action.ok == Some(false) {
            maker.fact("error", output);
        }
        maker.text(Side::Acts, output);
    }
}

/// What of a log is the same for all its sections.
#[derive(Debug)]
pub(super) struct About<'l> {
    /// What lists show of it, with all properties.
    pub(super) summary: &'l Summary,
    /// Names of what its links lead to.
    pub(super) links: Vec<String>,
    /// What its status means: `open`, `paused`, `handed off`, `done`.
    pub(super) state: &'static str,
}

/// The document of a section; the first one of a log says what is true of the whole.
pub(super) fn of_piece(fields: &Fields, about: &About<'_>, piece: &Piece, first: bool) -> TantivyDocument {
    let mut maker = Maker::new(fields);
    let log = about.summary;
    let created = log.created.map_or(0, |t| t.timestamp_millis());
    let until = log.last_updated.map_or(created, |t| t.timestamp_millis());
    maker.numbers(unit_of(&log.path), piece.number as u64, 0, (created.min(until), created.max(until)));
    maker.fact("kind", "log");
    maker.fact("log", &log.id);
    maker.fact("status", &log.status);
    maker.fact("status", about.state);
    maker.fact("profile", &log.profile);
    maker.facts("author", &log.author);
    maker.facts("model", &log.model);
    maker.facts("agent", log.author.iter().chain(&log.agents));
    for tag in &log.tags {
        // `tag:a` finds `a/b`.
        let tag = tag.trim_start_matches('#');
        let ends = tag.match_indices('/').map(|(at, _)| at).chain([tag.len()]);
        ends.for_each(|end| maker.fact("tag", &tag[..end]));
    }
    if piece.number > 0 {
        maker.fact("section", &sections::name(piece));
    }
    if first {
        maker.fact("first", "log");
        maker.facts("link", about.links.iter());
        properties(&mut maker, &log.metadata, "");
    }
    for (task, count) in [("open", piece.open), ("done", piece.done)] {
        if count > 0 {
            maker.fact("task", task);
        }
    }
    maker.facts("command", &piece.commands);
    let body = piece.body();
    mentions(&body, &mut |key, value| maker.fact(key, value));
    if piece.key.as_deref() == Some("problems") {
        piece.lines.iter().for_each(|(_, line)| maker.fact("error", line));
        maker.fact("is", "failed");
    }
    maker.text(Side::Title, &log.title);
    // Titles count among the words of each section, and once more by themselves.
    maker.words(Side::Body, &log.title);
    if let (true, Some(description)) = (first, &log.description) {
        maker.text(Side::Body, description);
    }
    maker.text(Side::Body, &body);
    maker.done()
}

/// All keys of the frontmatter, nested ones with dots, as `[key]` and `[key:value]` ask for them.
fn properties(maker: &mut Maker<'_>, value: &serde_yaml::Value, path: &str) {
    use serde_yaml::Value;
    match value {
        Value::Mapping(map) => {
            for (key, value) in map {
                let Some(key) = key.as_str() else { continue };
                let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                maker.fact("has", &path);
                properties(maker, value, &path);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| properties(maker, item, path)),
        Value::Null => maker.fact("property", &format!("{path}=null")),
        Value::String(text) => maker.fact("property", &format!("{path}={text}")),
        Value::Bool(flag) => maker.fact("property", &format!("{path}={flag}")),
        Value::Number(number) => maker.fact("property", &format!("{path}={number}")),
        Value::Tagged(_) => {}
    }
}

/// Endings of file names that are written without a directory.
const ENDINGS: &str = " rs py md toml json yaml yml js ts tsx jsx mjs go c h cc cpp hpp java kt rb sh sql html css scss txt lock cfg ini xml \
                       csv swift php lua zig nix proto vue svelte ipynb ex exs cs pl r db log env ";

/// Files and addresses that a text names.
pub(super) fn mentions(text: &str, each: &mut dyn FnMut(&str, &str)) {
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, '`' | '"' | '\'' | '(' | ')' | '<' | '>' | '[' | ']' | '{' | '}' | '|' | '*' | ',' | ';')
    };
    for word in text.split(ends).filter(|w| w.len() > 2) {
        let word = word.trim_end_matches(['.', ':', '!', '?', '…']);
        if word.starts_with("http://") || word.starts_with("https://") {
            each("url", word);
            continue;
        }
        if word.contains("://") || !word.contains(['/', '.']) {
            continue;
        }
        // `src/x.rs:12:5` is about `src/x.rs`.
        let path = word.split_once(':').filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit())).map_or(word, |(path, _)| path);
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, e)| e.to_lowercase()).unwrap_or_default();
        let known = !ending.is_empty() && ENDINGS.contains(&format!(" {ending} "));
        let directory = path.contains('/') && path.chars().filter(|c| c.is_alphanumeric()).count() > 2 && !path.contains("//");
        if known || (directory && (name.is_empty() || name.contains('.') || path.matches('/').count() > 1)) {
            each("file", path);
        }
    }
}

/// Version of everything that decides what stands in the index.
pub(super) fn version() -> String {
    format!("{VERSION}.{}", tokens::VERSION)
}
