//! Times as people type and read them: local time, many forms.

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use shiftlog::journal::Error;

/// Reads `2026-11-01`, `2026-11-01 14:30`, `yesterday`, `7d`, `2 weeks ago`, `last monday`; a day means its beginning, local time.
pub(crate) fn parse(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let bad = || {
        Error::refused(
            "bad-date",
            format!("`{text}` is no date"),
            "write for example 2026-11-01, \"2026-11-01 14:30\", yesterday, 7d, or \"2 weeks ago\"",
        )
    };
    let word = text.trim().to_lowercase();
    let here = now.with_timezone(&Local);
    let midnight = |day: NaiveDate| start_of(day).ok_or_else(bad);
    let today = here.date_naive();
    match word.as_str() {
        "now" => return Ok(now),
        "today" => return midnight(today),
        "yesterday" => return midnight(today - Days::new(1)),
        "tomorrow" => return midnight(today + Days::new(1)),
        _ => {}
    }
    if let Ok(day) = NaiveDate::parse_from_str(&word, "%Y-%m-%d") {
        return midnight(day);
    }
    for format in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dt%H:%M:%S", "%Y-%m-%dt%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(&word, format) {
            return Local.from_local_datetime(&time).earliest().map(|t| t.with_timezone(&Utc)).ok_or_else(bad);
        }
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text.trim()) {
        return Ok(time.with_timezone(&Utc));
    }
    if let Some(span) = span(&word) {
        return now.checked_sub_signed(span).ok_or_else(bad);
    }
    let said = interim::parse_date_string(&word, here, interim::Dialect::Uk).map_err(|_| bad())?;
    Ok(said.with_timezone(&Utc))
}

fn start_of(day: NaiveDate) -> Option<DateTime<Utc>> {
    Local.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().map(|t| t.with_timezone(&Utc))
}

/// `7d`, `2w`, `36h`, `90m`.
fn span(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().next_back()?;
    let n: i64 = text[..text.len() - unit.len_utf8()].trim().parse().ok().filter(|n| (0..100_000_000).contains(n))?;
    match unit {
        'm' => TimeDelta::try_minutes(n),
        'h' => TimeDelta::try_hours(n),
        'd' => TimeDelta::try_days(n),
        'w' => TimeDelta::try_weeks(n),
        _ => None,
    }
}

/// A time as people read it: local, to the minute.
pub(crate) fn local(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string()
}
