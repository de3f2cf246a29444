//! Changing one property by byte range.
//!
//! Spans come from `yamlpath`; what is written in their place is our own text, and every change is read back and
//! compared with what was meant before it is handed on. Nothing is ever re-serialised.

use std::ops::Range;
use std::path::Path;

use serde_yaml::{Mapping, Value};
use yamlpath::{Document, FeatureKind};

use super::scalar::{Quote, flow, key_text, render, stays_plain};
use super::{Block, KeyPath, Properties, Step, begins, block, bom, plain_text};
use crate::journal::error::{Error, Result};

/// Sets the property at a dotted path and returns the new text, or nothing where it has that value already.
///
/// Only the value's bytes change; a new key becomes one new line at the end of its mapping.
///
/// # Errors
/// [`Error::Yaml`] when the frontmatter is broken; [`Error::Refused`] when the change cannot be made without touching anything else.
pub fn set(text: &str, dotted: &str, value: &Value, path: &Path) -> Result<Option<String>> {
    let properties = Properties::read(text, path)?;
    let (key, old) = properties.find(dotted).ok_or_else(|| {
        Error::refused("bad-key", format!("`{dotted}` is no property name"), "write KEY=VALUE, with dots between nested keys")
    })?;
    set_at(text, &properties, &key, old, value, path)
}

/// Sets a property; a new one goes behind the first of these keys that stands on one line of its own, else to the end.
///
/// # Errors
/// As [`set`].
pub fn set_behind(text: &str, key: &str, value: &Value, others: &[&str], path: &Path) -> Result<Option<String>> {
    let properties = Properties::read(text, path)?;
    let (Some(block), true) = (block(text), properties.map.get(key).is_none()) else { return set(text, key, value, path) };
    let mut expected = properties.map.clone();
    place(&mut expected, &[Step::Key(key.to_string())], Some(value));
    for other in others.iter().filter(|o| properties.map.get(**o).is_some()) {
        let inner = &text[block.inner.clone()];
        let Some(line) = flat_line(inner, other) else { continue };
        let pair = format!("{}{key}: {}", eol(text, block.inner.start), render(value, Quote::Double));
        let new = format!("{}{pair}{}", &inner[..line.end], &inner[line.end..]);
        if Properties::parse(&new, path).is_ok_and(|p| p.map == expected) {
            return Ok(Some(format!("{}{new}{}", &text[..block.inner.start], &text[block.inner.end..])));
        }
    }
    set(text, key, value, path)
}

fn set_at(text: &str, properties: &Properties, key: &KeyPath, old: Option<&Value>, value: &Value, path: &Path) -> Result<Option<String>> {
    if old == Some(value) {
        return Ok(None);
    }
    check_name(key)?;
    let Some(block) = block(text) else {
        if begins(text) {
            let message = "the frontmatter is never closed by a line `---`".to_string();
            return Err(Error::Yaml { path: path.to_path_buf(), line: 1, column: 1, message });
        }
        return Ok(Some(with_new_block(text, key, value)));
    };
    let inner = &text[block.inner.clone()];
    let mut expected = properties.map.clone();
    place(&mut expected, &key.0, Some(value));
    let changed = if properties.flat || properties.map.is_empty() {
        set_flat(inner, key, value, eol(text, block.inner.start))
    } else {
        let document = Document::new(inner).ok();
        document.and_then(|d| {
            if exists(&properties.map, &key.0) {
                replace(inner, &d, key, value)
            } else {
                add(inner, &d, properties, key, value, eol(text, block.inner.start))
            }
        })
    };
    let changed = changed.filter(|new| Properties::parse(new, path).is_ok_and(|p| p.map == expected));
    splice(text, &block, changed, key)
}

/// Removes the property at a dotted path and returns the new text, or nothing where there is none.
///
/// # Errors
/// As [`set`].
pub fn unset(text: &str, dotted: &str, path: &Path) -> Result<Option<String>> {
    let properties = Properties::read(text, path)?;
    let Some((key, _)) = properties.find(dotted).filter(|(key, _)| exists(&properties.map, &key.0)) else {
        return Ok(None);
    };
    let block = block(text).expect("properties were read from it");
    let inner = &text[block.inner.clone()];
    let document = if properties.flat { None } else { Document::new(inner).ok() };
    let mut expected = properties.map.clone();
    place(&mut expected, &key.0, None);
    let changed = match document {
        Some(document) => {
            let (new, parents) = remove(inner, &document, &key);
            for step in (key.0.len() - parents..key.0.len()).rev() {
                place(&mut expected, &key.0[..step], None);
            }
            new
        }
        None if properties.flat => remove_flat(inner, &key),
        None => None,
    };
    let changed = changed.filter(|new| Properties::parse(new, path).is_ok_and(|p| same_but_null(&p.map, &expected)));
    splice(text, &block, changed, &key)
}

/// Adds a text to a list of the frontmatter, in the form that list has; what is no list becomes one.
///
/// # Errors
/// As [`set`].
pub fn push(text: &str, dotted: &str, item: &str, path: &Path) -> Result<String> {
    let properties = Properties::read(text, path)?;
    let Some((key, Some(Value::Sequence(old)))) = properties.find(dotted) else {
        let kept = properties.find(dotted).and_then(|(_, v)| v.and_then(plain_text)).filter(|t| !t.trim().is_empty());
        let list = kept.into_iter().map(Value::String).chain([Value::String(item.to_string())]).collect();
        return set(text, dotted, &Value::Sequence(list), path).map(|new| new.unwrap_or_else(|| text.to_string()));
    };
    let block = block(text).expect("properties were read from it");
    let inner = &text[block.inner.clone()];
    let mut items = old.clone();
    items.push(Value::String(item.to_string()));
    let mut expected = properties.map.clone();
    place(&mut expected, &key.0, Some(&Value::Sequence(items)));
    let document = Document::new(inner).ok();
    let feature = document.as_ref().and_then(|d| d.query_exact(&key.route()).ok().flatten());
    let written = render(&Value::String(item.to_string()), Quote::Double);
    let changed = feature.map(|f| {
        let (start, end) = trimmed(inner, f.location.byte_span);
        match f.kind() {
            FeatureKind::BlockSequence => {
                let at = line_end(inner, end);
                format!("{}{}{}- {written}{}", &inner[..at], eol(text, block.inner.start), indent_at(inner, start), &inner[at..])
            }
            _ => {
                let head = inner[..end - 1].trim_end();
                let comma = if head.ends_with('[') {
                    ""
                } else if head.ends_with(',') {
                    " "
                } else {
                    ", "
                };
                format!("{head}{comma}{written}{}", &inner[head.len()..])
            }
        }
    });
    let changed = changed.filter(|new| Properties::parse(new, path).is_ok_and(|p| p.map == expected));
    splice(text, &block, changed, &key).map(|new| new.expect("an item was added"))
}

/// Appends an item to a block list of the frontmatter, making the list where there is none.
///
/// # Errors
/// As [`set`].
pub fn append(text: &str, dotted: &str, item: &Mapping, path: &Path) -> Result<String> {
    let properties = Properties::read(text, path)?;
    let refused = || Error::refused("bad-key", format!("`{dotted}` is not a list of the frontmatter"), "correct it in an editor");
    let (key, old) = properties.find(dotted).ok_or_else(refused)?;
    let block = block(text).ok_or_else(refused)?;
    let inner = &text[block.inner.clone()];
    let eol = eol(text, block.inner.start);
    let mut items = match old {
        Some(Value::Sequence(items)) => items.clone(),
        None | Some(Value::Null) => Vec::new(),
        _ => return Err(refused()),
    };
    items.push(Value::Mapping(item.clone()));
    let mut expected = properties.map.clone();
    place(&mut expected, &key.0, Some(&Value::Sequence(items.clone())));
    let lines = |indent: &str| item_lines(item, indent, eol);
    let document = Document::new(inner).map_err(|_| refused())?;
    let feature = exists(&properties.map, &key.0).then(|| document.query_exact(&key.route()).ok().flatten()).flatten();
    let changed = match feature {
        Some(f) if f.kind() == FeatureKind::BlockSequence => {
            let (start, end) = trimmed(inner, f.location.byte_span);
            let indent = indent_at(inner, start);
            let at = line_end(inner, end);
            Some(format!("{}{eol}{}{}", &inner[..at], lines(&indent), &inner[at..]))
        }
        Some(f) if items.len() == 1 => {
            let (start, end) = f.location.byte_span;
            let line = &inner[line_start(inner, start)..];
            let indent = format!("{}  ", &line[..line.len() - line.trim_start().len()]);
            Some(format!("{}{eol}{}{}", inner[..start].trim_end(), lines(&indent), &inner[end..]))
        }
        Some(_) => None,
        None if exists(&properties.map, &key.0) => {
            let pair = document.query_key_only(&key.route()).map_err(|_| refused())?;
            let at = line_end(inner, pair.location.byte_span.1);
            let indent = format!("{}  ", indent_at(inner, pair.location.byte_span.0));
            Some(format!("{}{eol}{}{}", &inner[..at], lines(&indent), &inner[at..]))
        }
        None => add_list(inner, &document, &properties, &key, item, eol),
    };
    let changed = changed.filter(|new| Properties::parse(new, path).is_ok_and(|p| p.map == expected));
    splice(text, &block, changed, &key).map(|new| new.expect("an item was added"))
}

fn add_list(inner: &str, document: &Document, properties: &Properties, key: &KeyPath, item: &Mapping, eol: &str) -> Option<String> {
    let depth = (0..key.0.len()).rev().find(|n| exists(&properties.map, &key.0[..*n]))?;
    let (at, mut indent) = if depth == 0 { end_of_top(inner, document)? } else { end_of_mapping(inner, document, &key.upto(depth))? };
    let mut lines = String::new();
    for step in &key.0[depth..] {
        let Step::Key(name) = step else { return None };
        lines.push_str(&format!("{indent}{}:{eol}", key_text(name)));
        indent.push_str("  ");
    }
    lines.push_str(&item_lines(item, &indent, eol));
    Some(insert_lines(inner, at, &lines, eol))
}

fn item_lines(item: &Mapping, indent: &str, eol: &str) -> String {
    let pairs = item.iter().filter_map(|(k, v)| {
        k.as_str()
            .map(|k| format!("{}: {}", key_text(k), render(v, if matches!(k, "agent" | "status") { Quote::None } else { Quote::Double })))
    });
    pairs.enumerate().map(|(i, pair)| format!("{indent}{}{pair}", if i == 0 { "- " } else { "  " })).collect::<Vec<_>>().join(eol)
}

fn splice(text: &str, block: &Block, inner: Option<String>, key: &KeyPath) -> Result<Option<String>> {
    let inner = inner.ok_or_else(|| {
        Error::refused(
            "yaml-unsafe",
            format!("`{key}` cannot be changed without touching other parts of the frontmatter"),
            "change it in an editor; the file was not touched",
        )
    })?;
    Ok(Some(format!("{}{inner}{}", &text[..block.inner.start], &text[block.inner.end..])))
}

fn check_name(key: &KeyPath) -> Result<()> {
    let bad = key.0.iter().any(|s| matches!(s, Step::Key(k) if k.trim() != k || k.is_empty() || k.chars().any(char::is_control)));
    if bad {
        return Err(Error::refused(
            "bad-key",
            format!("`{key}` is no property name"),
            "names hold no control characters and no blanks at their ends",
        ));
    }
    Ok(())
}

fn with_new_block(text: &str, key: &KeyPath, value: &Value) -> String {
    let eol = eol(text, 0);
    let at = bom(text);
    format!("{}---{eol}{}---{eol}{}", &text[..at], new_pair(&key.0, value, "", eol), &text[at..])
}

/// A new line for a key that is absent; missing parents are written as one-line mappings, so that `unset` can tell them.
fn new_pair(steps: &[Step], value: &Value, indent: &str, eol: &str) -> String {
    let (first, rest) = steps.split_first().expect("paths are not empty");
    format!("{indent}{}: {}{eol}", step_text(first), flow_of(rest, value))
}

fn flow_of(steps: &[Step], value: &Value) -> String {
    match steps.split_first() {
        None => render(value, Quote::None),
        Some((first, rest)) => format!(
            "{{{}: {}}}",
            step_text(first),
            match rest {
                [] => flow(value),
                _ => flow_of(rest, value),
            }
        ),
    }
}

fn step_text(step: &Step) -> String {
    match step {
        Step::Key(key) => key_text(key),
        Step::Index(n) => n.to_string(),
    }
}

fn set_flat(inner: &str, key: &KeyPath, value: &Value, eol: &str) -> Option<String> {
    let [Step::Key(name)] = key.0.as_slice() else {
        return Some(format!("{inner}{}", new_pair(&key.0, value, "", eol)));
    };
    match flat_line(inner, name) {
        Some(line) => {
            let (head, old) = inner[line.clone()].split_once(':').expect("flat lines have a colon");
            let quote = if old.trim_start().starts_with('"') { Quote::Double } else { Quote::None };
            let plain = plain_text(value).filter(|v| quote == Quote::None && v.starts_with(char::is_alphanumeric) && !v.contains('\n'));
            Some(format!("{}{head}: {}{}", &inner[..line.start], plain.unwrap_or_else(|| render(value, quote)), &inner[line.end..]))
        }
        None => Some(format!("{inner}{}", new_pair(&key.0, value, "", eol))),
    }
}

fn remove_flat(inner: &str, key: &KeyPath) -> Option<String> {
    let [Step::Key(name)] = key.0.as_slice() else { return None };
    let line = flat_line(inner, name)?;
    Some(format!("{}{}", &inner[..line.start], &inner[next_line(inner, line.end)..]))
}

fn flat_line(inner: &str, name: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for line in inner.split_inclusive('\n') {
        if line.split_once(':').is_some_and(|(k, _)| k == name) {
            return Some(at..at + line.trim_end_matches(['\r', '\n']).len());
        }
        at += line.len();
    }
    None
}

fn replace(inner: &str, document: &Document, key: &KeyPath, value: &Value) -> Option<String> {
    match document.query_exact(&key.route()).ok()? {
        None => {
            let pair = document.query_key_only(&key.route()).ok()?;
            let end = pair.location.byte_span.1;
            let colon = end + inner[end..].find(':')? + 1;
            Some(format!("{} {}{}", &inner[..colon], render(value, Quote::None), &inner[colon..]))
        }
        Some(feature) => {
            let (start, end) = trimmed(inner, feature.location.byte_span);
            let old = &inner[start..end];
            let new = match (feature.kind(), value) {
                (FeatureKind::BlockSequence, Value::Sequence(items))
                    if items.iter().all(|i| plain_text(i).is_some()) && !items.is_empty() =>
                {
                    let indent = indent_at(inner, start);
                    let eol = if old.contains("\r\n") { "\r\n" } else { "\n" };
                    items.iter().map(|i| format!("- {}", render(i, Quote::None))).collect::<Vec<_>>().join(&format!("{eol}{indent}"))
                }
                (FeatureKind::BlockSequence | FeatureKind::BlockMapping, _) => {
                    let head = inner[..start].trim_end_matches([' ', '\t', '\r', '\n']);
                    return Some(format!("{head} {}{}", render(value, Quote::None), &inner[end..]));
                }
                (FeatureKind::Scalar, Value::String(text)) if stays_plain(old, text) => text.clone(),
                (FeatureKind::Scalar, _) => render(value, Quote::of(old)),
                _ => render(value, Quote::None),
            };
            Some(format!("{}{new}{}", &inner[..start], &inner[end..]))
        }
    }
}

fn add(inner: &str, document: &Document, properties: &Properties, key: &KeyPath, value: &Value, eol: &str) -> Option<String> {
    let depth = (0..key.0.len()).rev().find(|n| *n == 0 || exists(&properties.map, &key.0[..*n]))?;
    let rest = &key.0[depth..];
    if depth == 0 {
        if let Some((close, empty)) = flow_end(inner, document, None) {
            return Some(insert_flow(inner, close, empty, rest, value));
        }
        let (at, indent) = end_of_top(inner, document)?;
        return Some(insert_lines(inner, at, new_pair(rest, value, &indent, eol).trim_end_matches(['\r', '\n']), eol));
    }
    let parent = key.upto(depth);
    if let Some((close, empty)) = flow_end(inner, document, Some(&parent)) {
        return Some(insert_flow(inner, close, empty, rest, value));
    }
    let (at, indent) = end_of_mapping(inner, document, &parent)?;
    Some(insert_lines(inner, at, new_pair(rest, value, &indent, eol).trim_end_matches(['\r', '\n']), eol))
}

/// Inserts whole lines after the line that ends at `at`; with `at` at the very end, the last line ending is used.
fn insert_lines(inner: &str, at: usize, lines: &str, eol: &str) -> String {
    if at == inner.len() && (inner.is_empty() || inner.ends_with('\n')) {
        return format!("{inner}{lines}{eol}");
    }
    let ending = &inner[at..next_line(inner, at)];
    let ending = if ending.is_empty() { eol } else { ending };
    format!("{}{ending}{lines}{}", &inner[..at], &inner[at..])
}

/// A new top-level key goes to the very end of the block, behind comments.
fn end_of_top(inner: &str, document: &Document) -> Option<(usize, String)> {
    let top = document.top_feature().ok()?;
    Some((inner.len(), indent_at(inner, top.location.byte_span.0)))
}

/// Where a block mapping's last line ends, and how its keys are indented; an empty one is indented by two.
fn end_of_mapping(inner: &str, document: &Document, parent: &KeyPath) -> Option<(usize, String)> {
    match document.query_exact(&parent.route()).ok()? {
        Some(feature) if feature.kind() == FeatureKind::BlockMapping => {
            let (start, end) = trimmed(inner, feature.location.byte_span);
            Some((line_end(inner, end), indent_at(inner, start)))
        }
        Some(_) => None,
        None => {
            let pair = document.query_key_only(&parent.route()).ok()?;
            let (start, end) = pair.location.byte_span;
            Some((line_end(inner, end), format!("{}  ", indent_at(inner, start))))
        }
    }
}

/// The offset of the closing `}` of a one-line mapping, and whether it is empty.
fn flow_end(inner: &str, document: &Document, parent: Option<&KeyPath>) -> Option<(usize, bool)> {
    let feature = match parent {
        Some(parent) => document.query_exact(&parent.route()).ok()??,
        None => document.top_feature().ok()?,
    };
    if feature.kind() != FeatureKind::FlowMapping {
        return None;
    }
    let (start, end) = feature.location.byte_span;
    Some((end - 1, inner[start + 1..end - 1].trim().is_empty()))
}

fn insert_flow(inner: &str, close: usize, empty: bool, rest: &[Step], value: &Value) -> String {
    let pair = {
        let body = flow_of(rest, value);
        body[1..body.len() - 1].to_string()
    };
    let head = inner[..close].trim_end();
    let gap = &inner[head.len()..close];
    if empty {
        return format!("{head} {pair}{gap} {}", &inner[close..]);
    }
    let comma = if head.ends_with(',') { " " } else { ", " };
    format!("{head}{comma}{pair}{gap}{}", &inner[close..])
}

/// Removes a key; says also how many parents went with it (one-line mappings that held nothing else).
fn remove(inner: &str, document: &Document, key: &KeyPath) -> (Option<String>, usize) {
    if let Some(Step::Index(_)) = key.0.last() {
        return (None, 0);
    }
    let parents = key.0.len() - 1;
    let parent = (parents > 0).then(|| key.upto(parents));
    if let Some((close, _)) = flow_end(inner, document, parent.as_ref()) {
        return remove_flow(inner, document, key, close);
    }
    let Ok(pair) = document.query_key_only(&key.route()) else { return (None, 0) };
    let start = line_start(inner, pair.location.byte_span.0);
    if !inner[start..pair.location.byte_span.0].trim().is_empty() {
        return (None, 0);
    }
    let end = match document.query_exact(&key.route()) {
        Ok(Some(feature)) => trimmed(inner, feature.location.byte_span).1.max(pair.location.byte_span.1),
        Ok(None) => pair.location.byte_span.1,
        Err(_) => return (None, 0),
    };
    let end = next_line(inner, line_end(inner, end));
    (Some(format!("{}{}", &inner[..start], &inner[end..])), 0)
}

fn remove_flow(inner: &str, document: &Document, key: &KeyPath, close: usize) -> (Option<String>, usize) {
    let (Ok(value), Ok(name)) = (document.query_exact(&key.route()), document.query_key_only(&key.route())) else { return (None, 0) };
    let (start, name_end) = name.location.byte_span;
    let end = value.map_or(name_end, |v| v.location.byte_span.1).max(name_end);
    let before = inner[..start].trim_end();
    let after = inner[end..close].trim_start();
    if before.ends_with('{') && after.is_empty() {
        if before.len() < start {
            // Written as `{ key: value }`: the mapping was there before the key.
            return (Some(format!("{before}{}", &inner[close..])), 0);
        }
        if key.0.len() > 1 {
            let (new, more) = remove(inner, document, &key.upto(key.0.len() - 1));
            return (new, more + 1);
        }
        return (Some(format!("{before}{}", &inner[close..])), 0);
    }
    let new = if let Some(head) = before.strip_suffix(',') {
        format!("{head}{}", &inner[end..])
    } else {
        let rest = after.strip_prefix(',').map(str::trim_start).unwrap_or(after);
        let rest_at = close - rest.len();
        format!("{}{}", &inner[..start], &inner[rest_at..])
    };
    (Some(new), 0)
}

fn exists(map: &Mapping, steps: &[Step]) -> bool {
    let mut at: Option<&Value> = None;
    for (i, step) in steps.iter().enumerate() {
        let next = match (step, i, at) {
            (Step::Key(k), 0, _) => map.get(k.as_str()),
            (Step::Key(k), _, Some(Value::Mapping(m))) => m.get(k.as_str()),
            (Step::Index(n), _, Some(Value::Sequence(s))) => s.get(*n),
            _ => None,
        };
        match next {
            Some(value) => at = Some(value),
            None => return false,
        }
    }
    true
}

/// Puts a value into (or takes it out of) the model that an edited text is compared with.
fn place(map: &mut Mapping, steps: &[Step], value: Option<&Value>) {
    let Some((first, rest)) = steps.split_first() else { return };
    let Step::Key(key) = first else { return };
    if rest.is_empty() {
        match value {
            Some(value) => drop(map.insert(Value::String(key.clone()), value.clone())),
            None => drop(map.shift_remove(key.as_str())),
        }
        return;
    }
    if value.is_none() && !map.contains_key(key.as_str()) {
        return;
    }
    let below = map.entry(Value::String(key.clone())).or_insert(Value::Null);
    place_in(below, rest, value);
}

fn place_in(at: &mut Value, steps: &[Step], value: Option<&Value>) {
    match (at, steps) {
        (Value::Sequence(items), [Step::Index(n)]) => {
            if let (Some(slot), Some(value)) = (items.get_mut(*n), value) {
                *slot = value.clone();
            }
        }
        (Value::Sequence(items), [Step::Index(n), rest @ ..]) => {
            if let Some(item) = items.get_mut(*n) {
                place_in(item, rest, value);
            }
        }
        (at, [Step::Key(_), ..]) => {
            if !matches!(at, Value::Mapping(_)) {
                *at = Value::Mapping(Mapping::new());
            }
            if let Value::Mapping(map) = at {
                place(map, steps, value);
            }
        }
        _ => {}
    }
}

/// A mapping whose last key was removed reads as null; everything else must be equal.
fn same_but_null(got: &Mapping, expected: &Mapping) -> bool {
    got.len() == expected.len()
        && got.iter().zip(expected).all(|((k, v), (l, w))| {
            k == l
                && match (v, w) {
                    (Value::Mapping(v), Value::Mapping(w)) => same_but_null(v, w),
                    (Value::Null, Value::Mapping(w)) => w.is_empty(),
                    _ => v == w,
                }
        })
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |n| n + 1)
}

/// The end of the line that holds `at`, before its line ending.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    if end > at && text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end }
}

fn next_line(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    end + if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) }
}

fn indent_at(text: &str, at: usize) -> String {
    let start = line_start(text, at);
    text[start..at].chars().map(|c| if c == '\t' { c } else { ' ' }).collect()
}

/// A span without the blank lines and line ending that block scalars and mappings may include.
fn trimmed(text: &str, (start, end): (usize, usize)) -> (usize, usize) {
    (start, start + text[start..end].trim_end().len())
}

/// The line ending in use around `at`.
fn eol(text: &str, at: usize) -> &'static str {
    let before = &text[..at];
    if before.ends_with("\r\n") || (before.is_empty() && text.find('\n').is_some_and(|n| text[..n].ends_with('\r'))) {
        "\r\n"
    } else {
        "\n"
    }
}
