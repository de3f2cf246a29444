//! Scalars: how a value is written, and which value a person means by a word.

use serde_yaml::Value;

/// How a scalar was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Plain, or nothing to go by: quotes only where YAML needs them.
    None,
    /// `"…"`.
    Double,
    /// `'…'`.
    Single,
}

impl Quote {
    pub(super) fn of(old: &str) -> Quote {
        match old.as_bytes().first() {
            Some(b'"') => Quote::Double,
            Some(b'\'') => Quote::Single,
            _ => Quote::None,
        }
    }
}

/// A time stamp that stood without quotes goes on without.
pub(super) fn stays_plain(old: &str, new: &str) -> bool {
    let safe = !new.contains(": ") && !new.contains(" #") && !new.chars().any(char::is_control) && !new.ends_with(':');
    let digit = |t: &str| t.starts_with(|c: char| c.is_ascii_digit());
    old.len() == new.len()
        && digit(old)
        && digit(new)
        && safe
        && matches!(serde_yaml::from_str(new), Ok(Value::String(text)) if text == new)
}

/// Writes a value on one line; text that YAML could take for something else is quoted.
pub fn render(value: &Value, quote: Quote) -> String {
    match value {
        Value::String(text) => match quote {
            Quote::Single if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', "''")),
            Quote::None if plain_is_safe(text) => text.clone(),
            _ => double_quoted(text),
        },
        Value::Sequence(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Mapping(map) => {
            let pairs = map.iter().map(|(k, v)| format!("{}: {}", k.as_str().map_or_else(|| flow(k), key_text), flow(v)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Null => "null".into(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Tagged(tagged) => format!("{} {}", tagged.tag, flow(&tagged.value)),
    }
}

/// Inside `[…]` and `{…}`, text is always quoted: readers that split at commas and colons survive it.
pub(super) fn flow(value: &Value) -> String {
    render(value, Quote::Double)
}

pub(super) fn key_text(key: &str) -> String {
    let word = key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'));
    let typed = !matches!(serde_yaml::from_str(key), Ok(Value::String(_))) || LIKE_BOOL.contains(&key.to_lowercase().as_str());
    if word && !typed { key.to_string() } else { double_quoted(key) }
}

/// `text` between double quotes, as YAML and JSON both read it.
pub fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || c == '\u{feff}' || c == '\u{2028}' || c == '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

const LIKE_BOOL: [&str; 10] = ["yes", "no", "on", "off", "y", "n", "true", "false", "null", "~"];

/// Whether every YAML reader takes the bare text for this text.
fn plain_is_safe(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/'))
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(|c| c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}'))
        && !LIKE_BOOL.contains(&text.to_lowercase().as_str())
}

/// The value that a person means by `KEY=VALUE`: lists, mappings, booleans, null and canonical numbers are typed,
/// all else is text; what a text property holds stays text, what a list holds stays a list.
pub fn typed(key: &str, given: &str, old: Option<&Value>) -> Value {
    let text = || Value::String(given.to_string());
    let parsed = match given.chars().next() {
        Some('[' | '{') => {
            serde_yaml::from_str(given).ok().filter(|v: &Value| !given.starts_with("[[") && (v.is_sequence() || v.is_mapping()))
        }
        Some('"' | '\'') if given.len() > 1 => serde_yaml::from_str(given).ok().filter(Value::is_string),
        _ => None,
    };
    if let Some(parsed) = parsed {
        return parsed;
    }
    let last = key.rsplit('.').next().unwrap_or(key).to_lowercase();
    if matches!(old, Some(Value::Sequence(_))) || matches!(last.as_str(), "tags" | "aliases" | "cssclasses") {
        let items = given.split(',').map(str::trim).filter(|t| !t.is_empty());
        return Value::Sequence(items.map(|t| Value::String(t.to_string())).collect());
    }
    if matches!(old, Some(Value::String(_))) {
        return text();
    }
    match given {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ if given.parse::<i64>().is_ok_and(|n| n.to_string() == given) => Value::Number(given.parse::<i64>().expect("just parsed").into()),
        _ if given.contains('.') && given.parse::<f64>().is_ok_and(|n| n.is_finite() && n.to_string() == given) => {
            Value::Number(given.parse::<f64>().expect("just parsed").into())
        }
        _ => text(),
    }
}
