//! Frontmatter: where it stands in a text, and its properties. All YAML of the program is read and written below here.

mod edit;
mod scalar;

use std::ops::Range;
use std::path::Path;

use serde_yaml::{Mapping, Value};
use yamlpath::{Component, Route};

pub use edit::{append, push, set, set_behind, unset};
pub use scalar::{Quote, double_quoted, render, typed};

use super::error::{Error, Result};

/// Where the frontmatter of a text stands; all in bytes of that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The lines between the delimiters.
    pub inner: Range<usize>,
    /// First byte after the closing delimiter's line.
    pub end: usize,
}

/// Finds the frontmatter: `---` alone on the first line (after a byte-order mark), up to the next such line.
///
/// The one predicate for every reader and writer. Trailing blanks and any line ending are accepted.
pub fn block(text: &str) -> Option<Block> {
    let start = bom(text);
    let mut offset = start;
    let mut inner = None;
    for line in text[start..].split_inclusive(['\n']) {
        let bare = line.trim_end_matches(['\n', '\r', ' ', '\t']);
        match inner {
            None if bare != "---" || !line.ends_with('\n') => return None,
            None => inner = Some(offset + line.len()),
            Some(from) if bare == "---" => return Some(Block { inner: from..offset, end: offset + line.len() }),
            Some(_) => {}
        }
        offset += line.len();
    }
    None
}

/// Whether the first line opens a frontmatter, closed or not, whatever its line ending.
pub fn begins(text: &str) -> bool {
    text[bom(text)..].split(['\r', '\n']).next().is_some_and(|line| line.trim_end() == "---")
}

/// Length of the byte-order mark at the beginning, 0 or 3.
pub fn bom(text: &str) -> usize {
    if text.starts_with('\u{feff}') { 3 } else { 0 }
}

/// The properties of a log.
#[derive(Debug, Clone, Default)]
pub struct Properties {
    map: Mapping,
    /// Not YAML, but plain `key: value` lines as simple tools write them.
    flat: bool,
}

/// Whether `value` is text that a template left in brackets.
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    value.len() > 2 && value.starts_with('[') && value.ends_with(']') && !value.starts_with("[[")
}

impl Properties {
    /// Reads the frontmatter of `text`; a text without any has no properties.
    ///
    /// # Errors
    /// [`Error::Yaml`] with the line in the file when it is neither YAML nor plain `key: value` lines.
    pub fn read(text: &str, path: &Path) -> Result<Properties> {
        match block(text) {
            Some(block) => Self::parse(&text[block.inner], path),
            None => Ok(Properties::default()),
        }
    }

    fn parse(inner: &str, path: &Path) -> Result<Properties> {
        if let Some(map) = simple(inner) {
            return Ok(Properties { map, flat: false });
        }
        match serde_yaml::from_str::<Value>(inner) {
            Ok(Value::Mapping(map)) => Ok(Properties { map, flat: false }),
            Ok(Value::Null) => Ok(Properties::default()),
            Ok(_) => Err(broken(path, 2, 1, "expected `key: value` lines".into())),
            Err(error) => match flat(inner) {
                Some(map) => Ok(Properties { map, flat: true }),
                None => {
                    let (line, column) = broken_at(inner, &error);
                    let message = error.to_string();
                    let message = message.split(" at line ").next().unwrap_or(&message).to_string();
                    Err(broken(path, line + 1, column, message))
                }
            },
        }
    }

    /// All properties, as a value.
    pub fn into_value(self) -> Value {
        Value::Mapping(self.map)
    }

    /// All properties, as read.
    pub fn map(&self) -> &Mapping {
        &self.map
    }

    /// The value at the first of these dotted paths that exists.
    pub fn get(&self, paths: &[String]) -> Option<&Value> {
        paths.iter().find_map(|p| self.map.get(p.as_str()).or_else(|| self.find(p).and_then(|(_, v)| v)))
    }

    /// The value at the first existing path as text, numbers and dates included.
    pub fn text(&self, paths: &[String]) -> Option<String> {
        self.get(paths).and_then(plain_text)
    }

    /// The first of these paths that exists, as written in the file.
    pub fn existing(&self, paths: &[String]) -> Option<KeyPath> {
        paths.iter().find_map(|p| self.find(p).filter(|(_, v)| v.is_some()).map(|(k, _)| k))
    }

    /// Where a property is written: the path that exists, else the first; there must be one.
    pub fn path_of(&self, paths: &[String]) -> String {
        self.existing(paths).map_or_else(|| paths[0].clone(), |key| key.to_string())
    }

    /// The value at the first existing path as a list of texts; a single text is split at commas.
    pub fn list(&self, paths: &[String]) -> Vec<String> {
        match self.get(paths) {
            Some(Value::Sequence(items)) => items.iter().filter_map(plain_text).collect(),
            Some(Value::String(text)) => {
                text.trim_matches(['[', ']']).split(',').map(|t| t.trim().trim_matches('"').to_string()).filter(|t| !t.is_empty()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Resolves a dotted path against what is there: exact keys first, then whatever the case.
    pub fn find(&self, dotted: &str) -> Option<(KeyPath, Option<&Value>)> {
        if dotted.is_empty() {
            return None;
        }
        if let Some((key, value)) = lookup(&self.map, dotted) {
            return Some((KeyPath(vec![Step::Key(key)]), Some(value)));
        }
        let mut steps = Vec::new();
        let mut at: Option<&Value> = None;
        for (i, part) in dotted.split('.').enumerate() {
            if part.is_empty() {
                return None;
            }
            let below = match (i, at) {
                (0, _) => lookup(&self.map, part).map(|(k, v)| (Step::Key(k), v)),
                (_, Some(Value::Mapping(map))) => lookup(map, part).map(|(k, v)| (Step::Key(k), v)),
                (_, Some(Value::Sequence(items))) => part.parse().ok().and_then(|n: usize| items.get(n).map(|v| (Step::Index(n), v))),
                _ => None,
            };
            match below {
                Some((step, value)) => {
                    steps.push(step);
                    at = Some(value);
                }
                None => {
                    steps.push(Step::Key(part.to_string()));
                    at = None;
                }
            }
        }
        Some((KeyPath(steps), at))
    }
}

/// The line from which on no beginning of the text is valid YAML: parsers notice an open quote only at the end.
fn broken_at(inner: &str, error: &serde_yaml::Error) -> (usize, usize) {
    let (line, column) = error.location().map_or((1, 1), |l| (l.line(), l.column()));
    let ends: Vec<usize> = inner.match_indices('\n').map(|(at, _)| at + 1).take(200).collect();
    let valid = ends.iter().rposition(|end| serde_yaml::from_str::<Value>(&inner[..*end]).is_ok());
    let first = valid.map_or(1, |i| i + 2);
    if first == line { (line, column.max(1)) } else { (first, 1) }
}

fn broken(path: &Path, line: usize, column: usize, message: String) -> Error {
    Error::Yaml { path: path.to_path_buf(), line, column, message }
}

fn lookup<'a>(map: &'a Mapping, key: &str) -> Option<(String, &'a Value)> {
    if let Some(value) = map.get(key) {
        return Some((key.to_string(), value));
    }
    let lower = key.to_lowercase();
    let mut near = map.iter().filter_map(|(k, v)| k.as_str().filter(|k| k.to_lowercase() == lower).map(|k| (k.to_string(), v)));
    near.next()
}

/// A scalar as text; lists and mappings have none.
pub fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// The frontmatter of most logs, read by lines: scalars that need no thought, and lists of them on one line or several.
///
/// Says exactly what the YAML parser says, at a tenth of its cost; where it cannot be sure, it says nothing.
fn simple(inner: &str) -> Option<Mapping> {
    let mut map = Mapping::with_capacity(16);
    let mut lines = inner.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(':')?;
        let word = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !word || is_typed(key) {
            return None;
        }
        let value = match value.strip_prefix(' ') {
            Some(list) if list.starts_with('[') => {
                let items = list.strip_prefix('[')?.strip_suffix(']')?;
                let items = if items.is_empty() { Vec::new() } else { items.split(", ").map(quoted).collect::<Option<Vec<_>>>()? };
                Value::Sequence(items)
            }
            Some(scalar) => simple_scalar(scalar)?,
            None if value.is_empty() => {
                let mut items = Vec::new();
                while let Some(item) = lines.next_if(|l| l.starts_with("  - ")) {
                    items.push(simple_scalar(&item[4..])?);
                }
                if items.is_empty() {
                    return None;
                }
                Value::Sequence(items)
            }
            None => return None,
        };
        if map.insert(Value::String(key.to_string()), value).is_some() {
            return None;
        }
    }
    (!map.is_empty()).then_some(map)
}

fn quoted(text: &str) -> Option<Value> {
    let body = text.strip_prefix('"')?.strip_suffix('"')?;
    // YAML folds or refuses these; they are left to its parser.
    let odd = |c: char| c.is_control() || matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let tame = text.len() > 1 && !body.contains(odd);
    tame.then(|| Value::String(body.to_string()))
}

fn simple_scalar(text: &str) -> Option<Value> {
    let string = || Some(Value::String(text.to_string()));
    match text.as_bytes().first()? {
        b'"' => quoted(text),
        b'a'..=b'z' | b'A'..=b'Z' => {
            let tame = text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _/().-".contains(&b)) && !text.ends_with(' ');
            match text {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ if tame && !is_typed(text) => string(),
                _ => None,
            }
        }
        b'1'..=b'9' if text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit()) => Some(Value::Number(text.parse::<u64>().ok()?.into())),
        b'0'..=b'9' => {
            const SHAPE: &[u8] = b"0000-00-00 00:00:00 UTC";
            let fits = |(b, s): (u8, &u8)| if *s == b'0' { b.is_ascii_digit() } else { b == *s };
            let stamp = matches!(text.len(), 10 | 16 | 19 | 23) && text.bytes().zip(SHAPE).all(fits);
            if stamp { string() } else { None }
        }
        _ => None,
    }
}

fn is_typed(word: &str) -> bool {
    ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].iter().any(|t| word.eq_ignore_ascii_case(t))
}

/// Plain `key: value` lines whose values are no YAML only because of an unquoted `: ` or ` #`.
fn flat(inner: &str) -> Option<Mapping> {
    let mut map = Mapping::new();
    for line in inner.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')) {
        let (key, value) = line.split_once(':')?;
        let word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if !word || !(value.is_empty() || value.starts_with([' ', '\t'])) || map.contains_key(key) {
            return None;
        }
        let value = value.trim();
        let parsed = match serde_yaml::from_str::<Value>(value) {
            Ok(parsed) if !matches!(parsed, Value::Mapping(_)) => parsed,
            _ if value.starts_with(char::is_alphanumeric) => Value::String(value.to_string()),
            _ => return None,
        };
        map.insert(Value::String(key.to_string()), parsed);
    }
    Some(map)
}

/// One step of a path into nested properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Key of a mapping.
    Key(String),
    /// Position in a list, from 0.
    Index(usize),
}

/// A resolved path into the properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath(pub Vec<Step>);

impl KeyPath {
    fn route(&self) -> Route<'_> {
        Route::from(
            self.0
                .iter()
                .map(|s| match s {
                    Step::Key(k) => Component::Key(k.as_str().into()),
                    Step::Index(n) => Component::Index(*n),
                })
                .collect::<Vec<_>>(),
        )
    }

    fn upto(&self, n: usize) -> KeyPath {
        KeyPath(self.0[..n].to_vec())
    }

    /// The path with one more step.
    pub fn then(&self, step: Step) -> KeyPath {
        let mut steps = self.0.clone();
        steps.push(step);
        KeyPath(steps)
    }
}

impl std::fmt::Display for KeyPath {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            let dot = if i > 0 { "." } else { "" };
            match step {
                Step::Key(key) => write!(out, "{dot}{key}")?,
                Step::Index(n) => write!(out, "{dot}{n}")?,
            }
        }
        Ok(())
    }
}
