//! Secrets in texts: found before anything is stored, and replaced so that their kind stays visible.
//!
//! One pass over the bytes meets the `anchors` (`scan`), and each anchor has a matcher: tokens known by their shape (`tokens`),
//! keys and private passages (`blocks`, in whatever `frame`), addresses (`urls`), headers and command lines (`headers`), and assignments (`keys`),
//! whose values `value` judges. No regular expression, nothing built at start-up, linear time on any text.

mod anchors;
mod blocks;
mod forms;
mod frame;
mod headers;
mod keys;
mod names;
mod scan;
mod tokens;
mod urls;
mod value;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

/// The kind of what stands between `<private>` and `</private>`.
const PRIVATE: &str = "private";

/// How often a text is read again before its findings are taken together; see [`redact`].
const PASSES: usize = 4;

/// Headers whose values are no assignments.
const HEADERS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// A secret, or private text, found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is, as it is shown: `github-token`, `password`, `private`.
    pub kind: &'static str,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

/// Finds the secrets of a text.
///
/// They come in the text's order, do not overlap, and begin and end between characters.
pub fn find(text: &str) -> Vec<Found> {
    scan::scan(text)
}

/// Replaces the secrets of a text: each becomes `[redacted:KIND]`, and private text `[private]`.
///
/// In what it gives there is nothing left to find, so that a second run changes nothing.
pub fn redact(text: &str) -> Cow<'_, str> {
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = replaced(text, &found);
    // A marker may end a word that hid another secret. A text made for that would need a pass for each,
    // so in the end all between the first and the last is taken as one.
    for _ in 0..PASSES {
        match find(&out) {
            found if found.is_empty() => return Cow::Owned(out),
            found => out = replaced(&out, &found),
        }
    }
    match find(&out).as_slice() {
        [] => {}
        [first, .., last] | [first @ last] => {
            let all = Found { kind: "secret", range: first.range.start..last.range.end };
            out = replaced(&out, &[all]);
            if !find(&out).is_empty() {
                out = "[redacted:secret]".to_string();
            }
        }
    }
    Cow::Owned(out)
}

/// Redacts every string of a value, and its keys, and says whether anything changed.
///
/// A string is read with the key it stands under: in `{"password": "…"}` it is an assignment.
pub fn redact_value(value: &mut Value) -> bool {
    inside(value, None)
}

fn inside(value: &mut Value, key: Option<&str>) -> bool {
    match value {
        Value::String(text) => assigned(text, key),
        Value::Array(items) => {
            let mut changed = false;
            let mut flag = None;
            for item in items {
                // In a list of arguments the value follows its flag.
                let next = item.as_str().filter(|s| s.starts_with("--") && !s.contains('=')).map(str::to_string);
                changed |= inside(item, flag.as_deref().or(key));
                flag = next;
            }
            changed
        }
        Value::Object(map) => object(map),
        _ => false,
    }
}

fn object(map: &mut Map<String, Value>) -> bool {
    // `{"name": "Authorization", "value": "…"}`
    let named = ["name", "key", "Name", "Key"].iter().find_map(|k| map.get(*k)?.as_str()).map(str::to_string);
    let mut changed = false;
    for (key, value) in map.iter_mut() {
        let context = if key.eq_ignore_ascii_case("value") { named.as_deref().unwrap_or(key) } else { key };
        changed |= inside(value, Some(context));
    }
    if map.keys().all(|k| find(k).is_empty()) {
        return changed;
    }
    for (key, value) in std::mem::take(map) {
        let mut name = redact(&key).into_owned();
        while map.contains_key(&name) {
            name.push('_');
        }
        map.insert(name, value);
    }
    true
}

fn assigned(text: &mut String, key: Option<&str>) -> bool {
    if let Some(kind) = key.and_then(|k| keys::assigned(k, text)) {
        *text = format!("[redacted:{kind}]");
        return true;
    }
    // A header is read as it is sent.
    let header = key.filter(|k| HEADERS.iter().any(|h| k.eq_ignore_ascii_case(h))).map(|k| format!("{k}: "));
    if let Some(name) = header {
        let line = format!("{name}{text}");
        if let Some(rest) = redact(&line).strip_prefix(&name).filter(|rest| rest != text) {
            *text = rest.to_string();
            return true;
        }
    }
    let Cow::Owned(redacted) = redact(text) else { return false };
    *text = redacted;
    true
}

fn replaced(text: &str, found: &[Found]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for f in found {
        out.push_str(&text[at..f.range.start]);
        match f.kind {
            PRIVATE => out.push_str("[private]"),
            kind => out.extend(["[redacted:", kind, "]"]),
        }
        at = f.range.end;
    }
    out.push_str(&text[at..]);
    out
}
