//! Ids: the file names of logs, what they say, and how they sort.

use std::path::Path;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::profile::Name;

/// What a file name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The UTC time in the name; midnight where it holds only a date.
    pub time: DateTime<Utc>,
    /// The running number of the day.
    pub number: Option<u64>,
}

impl Name {
    /// Reads a file stem by the pattern; anything may follow the last part.
    pub fn parse(&self, stem: &str) -> Option<Parsed> {
        let mut rest = stem;
        let mut pattern = self.pattern.as_str();
        let (mut date, mut time, mut number) = (None, None, None);
        while !pattern.is_empty() {
            if let Some(after) = pattern.strip_prefix("{date}") {
                let (value, left) = NaiveDate::parse_and_remainder(rest, &self.date).ok()?;
                (date, rest, pattern) = (Some(value), left, after);
            } else if let Some(after) = pattern.strip_prefix("{time}") {
                let (value, left) = NaiveTime::parse_and_remainder(rest, &self.time).ok()?;
                (time, rest, pattern) = (Some(value), left, after);
            } else if let Some(after) = pattern.strip_prefix("{nn}") {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                if digits < 2 {
                    return None;
                }
                (number, rest, pattern) = (rest[..digits].parse().ok(), &rest[digits..], after);
            } else if let Some(after) = pattern.strip_prefix("{slug}") {
                let stop = after.chars().next();
                rest = stop.and_then(|c| rest.find(c)).map_or("", |n| &rest[n..]);
                pattern = after;
            } else {
                let c = pattern.chars().next()?;
                rest = rest.strip_prefix(c)?;
                pattern = &pattern[c.len_utf8()..];
            }
        }
        if rest.starts_with(char::is_alphanumeric) {
            return None;
        }
        let time = NaiveDateTime::new(date?, time.unwrap_or_default()).and_utc();
        Some(Parsed { time, number })
    }

    /// Whether a file of this name is a log.
    pub fn is_log(&self, file: &str) -> bool {
        let Some(stem) = file.strip_suffix(".md") else { return false };
        !file.starts_with('.') && !is_conflict_copy(stem) && (self.parse(stem).is_some() || (!self.strict && !is_index(stem)))
    }

    /// Whether new names need a running number.
    pub fn counts(&self) -> bool {
        self.pattern.contains("{nn}")
    }

    /// Builds a stem.
    pub fn build(&self, now: DateTime<Utc>, number: u64, slug: &str) -> String {
        self.pattern
            .replace("{date}", &now.format(&self.date).to_string())
            .replace("{time}", &now.format(&self.time).to_string())
            .replace("{nn}", &format!("{number:02}"))
            .replace("{slug}", slug)
    }
}

/// Copies that sync programs leave when two machines wrote the same file.
pub fn is_conflict_copy(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    let dated = lower.split_once(".sync-conflict-").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    let named = lower.split_once('(').is_some_and(|(_, rest)| rest.contains("conflicted copy"));
    dated || named || lower.contains("--conflicted-copy")
}

fn is_index(stem: &str) -> bool {
    ["readme", "index", "agents", "claude", "template"].contains(&stem.to_lowercase().as_str())
}

/// A key that orders ids by the numbers in them: `…-99` before `…-100`.
pub fn key(id: &str) -> Vec<u8> {
    let bytes = id.as_bytes();
    let mut key = Vec::with_capacity(bytes.len() + 6);
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            key.push(bytes[at]);
            at += 1;
            continue;
        }
        let zeros = bytes[at..at + digits].iter().take_while(|b| **b == b'0').count();
        let length = u8::try_from(digits - zeros).unwrap_or(u8::MAX);
        key.extend([b'0', length]);
        key.extend(&bytes[at + zeros..at + digits]);
        key.push(u8::try_from(digits).unwrap_or(u8::MAX));
        at += digits;
    }
    key
}

/// Lower-case words with hyphens, at most 60 bytes; the issue keys that were left out are returned beside.
pub fn slug(title: &str, drop_issue_keys: bool) -> (String, Vec<String>) {
    let mut dropped = Vec::new();
    let mut words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    if drop_issue_keys {
        let joined = |a: &str, b: &str| title.contains(&format!("{a}-{b}"));
        while let Some(i) = words.windows(2).position(|w| is_issue_key(w[0], w[1]) && joined(w[0], w[1])) {
            dropped.push(format!("{}-{}", words[i], words[i + 1]));
            words.drain(i..i + 2);
        }
    }
    let mut out = String::new();
    for word in words {
        let word: String = word.to_lowercase().chars().take(40).collect();
        if !out.is_empty() && out.len() + word.len() >= 60 {
            break;
        }
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&word);
    }
    (if out.is_empty() { "session".to_string() } else { out }, dropped)
}

/// `PLT-123`: two capitals or more, a hyphen, digits; the names of standards look alike.
fn is_issue_key(team: &str, number: &str) -> bool {
    const STANDARDS: [&str; 9] = ["UTF", "SHA", "ISO", "RFC", "GPT", "HTTP", "AES", "RSA", "CVE"];
    let capitals = team.starts_with(|c: char| c.is_ascii_uppercase()) && team.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    (2..=10).contains(&team.len()) && capitals && !STANDARDS.contains(&team) && number.chars().all(|c| c.is_ascii_digit())
}

/// The stem of a path as text.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{key, slug};

    #[test]
    fn ids_sort_by_number() {
        let sorted = ["20261119-05", "20261120-01", "20261120-01_pt2", "20261120-2", "20261120-99", "20261120-100", "a-9", "a-10"];
        assert!(sorted.windows(2).all(|w| key(w[0]) < key(w[1])));
    }

    #[test]
    fn slugs_hold_no_issue_key() {
        assert_eq!(slug("PLT-123: Weather Fallback!", true), ("weather-fallback".into(), vec!["PLT-123".into()]));
        assert_eq!(slug("Fix PLT-123-bug of UTF-8, PLT-7's", true), ("fix-bug-of-utf-8-s".into(), vec!["PLT-123".into(), "PLT-7".into()]));
        assert_eq!(slug("天气 回退", true).0, "天气-回退");
        assert_eq!(slug("../../etc/passwd", true).0, "etc-passwd");
        assert_eq!(slug("***", true).0, "session");
    }
}
