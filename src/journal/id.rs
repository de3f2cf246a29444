//! Ids: the file names of logs, what they say, and how they sort.

use std::cmp::Ordering;
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
                let (value, left) = take(rest, &self.date, |text, format| NaiveDate::parse_from_str(text, format).ok())?;
                (date, rest, pattern) = (Some(value), left, after);
            } else if let Some(after) = pattern.strip_prefix("{time}") {
                let (value, left) = take(rest, &self.time, |text, format| NaiveTime::parse_from_str(text, format).ok())?;
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

fn take<'t, T>(text: &'t str, format: &str, parse: impl Fn(&str, &str) -> Option<T>) -> Option<(T, &'t str)> {
    let sample = DateTime::<Utc>::UNIX_EPOCH.format(format).to_string().len();
    let head = text.get(..sample)?;
    Some((parse(head, format)?, &text[sample..]))
}

/// Copies that sync programs leave when two machines wrote the same file.
pub fn is_conflict_copy(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    lower.contains("conflicted copy") || lower.contains("sync-conflict") || lower.contains("--conflicted-copy")
}

fn is_index(stem: &str) -> bool {
    ["readme", "index", "agents", "claude", "template"].contains(&stem.to_lowercase().as_str())
}

/// Orders ids by the numbers in them: `…-99` before `…-100`.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let number = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
        match (a.chars().next(), b.chars().next()) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (n, m) = (number(a), number(b));
                let (x, y) = (a[..n].trim_start_matches('0'), b[..m].trim_start_matches('0'));
                let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y)).then_with(|| n.cmp(&m));
                if order != Ordering::Equal {
                    return order;
                }
                (a, b) = (&a[n..], &b[m..]);
            }
            (Some(x), Some(y)) if x == y => (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]),
            (Some(x), Some(y)) => return x.cmp(&y),
        }
    }
}

/// Lower-case words with hyphens, at most 60 bytes; the issue keys that were left out are returned beside.
pub fn slug(title: &str, drop_issue_keys: bool) -> (String, Vec<String>) {
    let mut dropped = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for chunk in title.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '[' | ']' | '/' | '\\')) {
        if drop_issue_keys && is_issue_key(chunk) {
            dropped.push(chunk.to_string());
            continue;
        }
        words.extend(chunk.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase));
    }
    let mut out = String::new();
    for word in words {
        let word: String = word.chars().take(40).collect();
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

/// `PLT-123`: two capitals or more, a hyphen, digits.
pub fn is_issue_key(word: &str) -> bool {
    const STANDARDS: [&str; 9] = ["UTF", "SHA", "ISO", "RFC", "GPT", "HTTP", "AES", "RSA", "CVE"];
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.split_once('-').is_some_and(|(team, n)| {
        !STANDARDS.contains(&team)
            && team.len() >= 2
            && team.len() <= 10
            && team.starts_with(|c: char| c.is_ascii_uppercase())
            && team.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && !n.is_empty()
            && n.chars().all(|c| c.is_ascii_digit())
    })
}

/// The stem of a path as text.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{compare, slug};
    use std::cmp::Ordering;

    #[test]
    fn ids_sort_by_number() {
        assert_eq!(compare("20261120-99", "20261120-100"), Ordering::Less);
        assert_eq!(compare("20261120-01", "20261120-01_pt2"), Ordering::Less);
        assert_eq!(compare("20261119-05", "20261120-01"), Ordering::Less);
    }

    #[test]
    fn slugs_hold_no_issue_key() {
        assert_eq!(slug("PLT-123: Weather Fallback!", true), ("weather-fallback".into(), vec!["PLT-123".into()]));
        assert_eq!(slug("天气 回退", true).0, "天气-回退");
        assert_eq!(slug("../../etc/passwd", true).0, "etc-passwd");
        assert_eq!(slug("***", true).0, "session");
    }
}
