//! Dates that a query names, as the facts that turns of those days have.

use chrono::{DateTime, Datelike, Utc};

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// The facts of a time: its month and its day.
pub(super) fn facts(time: DateTime<Utc>) -> [String; 2] {
    let (y, m, d) = (time.year(), time.month(), time.day());
    [month(Some(y), m), day(Some(y), m, d)]
}

fn year(y: i32) -> String {
    format!("when:{y}-*")
}

fn month(y: Option<i32>, m: u32) -> String {
    format!("when:{}-{m:02}", y.map_or("*".to_string(), |y| y.to_string()))
}

fn day(y: Option<i32>, m: u32, d: u32) -> String {
    format!("{}-{d:02}", month(y, m))
}

/// Whether a fact is what is asked for: `*` stands for any year or month.
pub(super) fn is_meant(asked: &str, fact: &str) -> bool {
    let (mut asked, mut fact) = (asked.trim_start_matches("when:").split('-'), fact.trim_start_matches("when:").split('-'));
    loop {
        match (asked.next(), fact.next()) {
            (None, None) => return true,
            (Some(a), Some(f)) if a == f || a == "*" => {}
            _ => return false,
        }
    }
}

/// What a query asks for: `2023-05-25`, `25 May 2023`, `May 25`, `May 2023`, `in May`, `2023`.
pub(super) fn asked(text: &str) -> Vec<String> {
    let words: Vec<&str> =
        text.split_whitespace().map(|w| w.trim_matches(|c: char| !c.is_alphanumeric())).filter(|w| !w.is_empty()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        if let Some((y, m, d)) = iso(rest[0]) {
            found.push(month(Some(y), m));
            found.extend(d.map(|d| day(Some(y), m, d)));
            at += 1;
        } else if let Some((facts, used)) = named(rest, at == 0) {
            found.extend(facts);
            at += used;
        } else {
            found.extend(year_of(rest[0]).map(year));
            at += 1;
        }
    }
    found.sort();
    found.dedup();
    found
}

fn iso(word: &str) -> Option<(i32, u32, Option<u32>)> {
    let mut parts = word.split('-');
    let y = year_of(parts.next()?)?;
    let m = parts.next().filter(|m| m.len() == 2)?.parse().ok().filter(|m| (1..=12).contains(m))?;
    let d = parts.next().map(|d| d.parse().ok().filter(|d| (1..=31).contains(d)));
    (parts.next().is_none() && d != Some(None)).then_some((y, m, d.flatten()))
}

fn year_of(word: &str) -> Option<i32> {
    (word.len() == 4 && (word.starts_with("19") || word.starts_with("20"))).then(|| word.parse().ok()).flatten()
}

fn month_of(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let known = |name: &&str| {
        **name == word || (word.len() == 3 && name.starts_with(word.as_str())) || (word == "sept" && name.starts_with("sept"))
    };
    MONTHS.iter().position(known).map(|n| n as u32 + 1)
}

fn day_of(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    digits.parse().ok().filter(|d| digits.len() <= 2 && (1..=31).contains(d))
}

/// A date with the name of a month, and how many words it takes.
fn named(words: &[&str], first: bool) -> Option<(Vec<String>, usize)> {
    let word = |n: usize| words.get(n).copied().unwrap_or_default();
    let dated = |y: Option<i32>, m: u32, d: u32| match y {
        Some(_) => vec![month(y, m), day(y, m, d)],
        None => vec![month(None, m), day(None, m, d)],
    };
    if let Some(d) = day_of(word(0)) {
        let skip = 1 + usize::from(word(1).eq_ignore_ascii_case("of"));
        let m = month_of(word(skip))?;
        let y = year_of(word(skip + 1));
        return Some((dated(y, m, d), skip + 1 + usize::from(y.is_some())));
    }
    let m = month_of(word(0))?;
    if let Some(d) = day_of(word(1)) {
        let y = year_of(word(2));
        return Some((dated(y, m, d), 2 + usize::from(y.is_some())));
    }
    let skip = 1 + usize::from(word(1).eq_ignore_ascii_case("of"));
    if let Some(y) = year_of(word(skip)) {
        return Some((vec![month(Some(y), m)], skip + 1));
    }
    // `may` and `march` are words, too: a month stands alone with its capital, and not as the first word.
    let capital = word(0).starts_with(char::is_uppercase) && word(0).len() > 2 && MONTHS.contains(&word(0).to_lowercase().as_str());
    (capital && !first).then(|| (vec![month(None, m)], 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        let of = |text: &str| asked(text).into_iter().map(|f| f.trim_start_matches("when:").to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(of("what on 2023-05-25?"), "2023-05 2023-05-25");
        assert_eq!(of("on 25 May 2023"), "2023-05 2023-05-25");
        assert_eq!(of("on the 3rd of June"), "*-06 *-06-03");
        assert_eq!(of("May 25, 2023"), "2023-05 2023-05-25");
        assert_eq!(of("in May 2023 and in 2021"), "2021-* 2023-05");
        assert_eq!(of("what happened in May?"), "*-05");
        assert_eq!(of("May I march on?"), "");
        assert_eq!(of("may we"), "");
        assert!(
            is_meant("when:2023-*", "when:2023-05")
                && !is_meant("when:2023-*", "when:2023-05-01")
                && is_meant("when:*-05-01", "when:2023-05-01")
        );
        assert_eq!(of("port 8080, 2023-13-01"), "");
    }
}
