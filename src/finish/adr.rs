//! Architecture decision records: one numbered file for each decision, `NNNN-slug.md`, numbered on from what is there.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::knowledge::{Decision, capital};
use crate::journal::id;
use crate::journal::template::Document;
use crate::journal::{Error, Result};

/// Digits of a number where the directory holds none yet.
const DIGITS: usize = 4;

/// What is said of the session that a decision was made in.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The log's id.
    pub id: String,
    /// Its topic.
    pub title: String,
    /// Its description; empty where it has none.
    pub description: String,
    /// The description is the first request, word for word.
    pub asked: bool,
    /// Whether the log stays.
    pub stays: bool,
}

/// A file that a decision becomes, or is already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adr {
    /// The file.
    pub path: PathBuf,
    /// Its text; nothing where the file is there already.
    pub text: Option<String>,
}

/// Digits of a number at most: longer ones are days and the like.
const MOST: usize = 5;

/// A numbered file of a directory.
struct Numbered {
    number: u64,
    digits: usize,
    slug: String,
    path: PathBuf,
}

fn there(dir: &Path) -> Result<Vec<Numbered>> {
    let files = match fs::read_dir(dir) {
        Ok(files) => files,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) if e.kind() == std::io::ErrorKind::NotADirectory => {
            let message = format!("{} is no directory: a part of its path is a file", dir.display());
            return Err(Error::refused("bad-path", message, "`--adr-dir` names another; nothing was written"));
        }
        Err(e) => return Err(Error::io("read directory", dir)(e)),
    };
    let mut found = Vec::new();
    for file in files {
        let name = file.map_err(Error::io("read directory", dir))?.file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".md") else { continue };
        let stem = unnamed(stem);
        // A day is no number.
        if chrono::NaiveDate::parse_from_str(stem.get(..10).unwrap_or_default(), "%Y-%m-%d").is_ok() {
            continue;
        }
        let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
        if let Ok(number) = stem[..digits].parse()
            && digits <= MOST
        {
            let slug = stem[digits..].trim_start_matches(['-', '_']).to_string();
            found.push(Numbered { number, digits, slug, path: dir.join(&name) });
        }
    }
    found.sort_by(|a, b| (a.number, &a.path).cmp(&(b.number, &b.path)));
    Ok(found)
}

/// A name without what some put before the number: `ADR-0012-…`, `adr_30`.
fn unnamed(stem: &str) -> &str {
    let named = stem.get(..3).filter(|name| name.eq_ignore_ascii_case("adr"));
    named.map_or(stem, |_| stem[3..].trim_start_matches(['-', '_', ' ']))
}

/// The files that decisions become, and variables that the template names in vain. One whose slug is in the directory already
/// is that file.
///
/// # Errors
/// [`Error::Template`] with line and column, [`Error::Io`].
pub fn files(
    dir: &Path,
    decisions: &[&Decision],
    origin: &Origin,
    own: Option<&(String, PathBuf)>,
    now: DateTime<Utc>,
) -> Result<(Vec<Adr>, Vec<String>)> {
    let there = there(dir)?;
    let digits = there.iter().map(|file| file.digits).max().unwrap_or(DIGITS);
    let mut number = there.iter().map(|file| file.number).max().unwrap_or(0);
    let (mut adrs, mut missing): (Vec<Adr>, Vec<String>) = (Vec::new(), Vec::new());
    for decision in decisions {
        let slug = id::slug(&decision.title.replace('\'', ""), false).0;
        let (source, file) = match own {
            Some((text, path)) => (text.as_str(), path.as_path()),
            None => (include_str!("../../templates/adr.md"), Path::new("templates/adr.md")),
        };
        let template = Document::parse(source, file, own.is_none())?;
        let data = |number: u64| data(decision, origin, number, &format!("{number:0digits$}"), now);
        // Names are short: only a file that says the same is the decision's.
        let known = there.iter().filter(|known| known.slug == slug).find(|known| {
            let filled = template.fill(&data(known.number)).unwrap_or_default();
            fs::read_to_string(&known.path).is_ok_and(|text| text == filled || says(&text, decision))
        });
        if let Some(known) = known {
            adrs.push(Adr { path: known.path.clone(), text: None });
            continue;
        }
        number += 1;
        let data = data(number);
        missing.extend(template.missing(&data));
        let text = template.fill(&data)?;
        if own.is_some() && !origin.stays && !says(&text, decision) {
            let message = format!("{} does not print all that was decided, and the log goes", file.display());
            return Err(Error::refused("template", message, "print {{decision}}, {{why}} and {{notes}} in it"));
        }
        adrs.push(Adr { path: dir.join(format!("{number:0digits$}-{slug}.md")), text: Some(text) });
    }
    missing.dedup();
    Ok((adrs, missing))
}

/// Whether a file says a decision, all of it, on lines of its own.
fn says(text: &str, decision: &Decision) -> bool {
    let bare = |line: &str| crate::capture::text::plain(line.trim().trim_start_matches(['#', '-', '*', '>', ' ']));
    let lines: Vec<String> = text.lines().map(bare).filter(|line| !line.is_empty()).collect();
    let whole = [decision.text.as_deref(), Some(decision.chosen.as_str()).filter(|_| decision.text.is_none()), decision.why.as_deref()];
    let said = whole.into_iter().flatten().chain(decision.notes.as_deref()).flat_map(str::lines).map(bare).filter(|line| !line.is_empty());
    let end = |line: &str| line.trim_end_matches(['.', '!', '?', ':', '…']).to_lowercase();
    said.map(|line| end(&line)).all(|line| lines.iter().any(|there| end(there) == line))
}

/// What a template may refer to.
fn data(decision: &Decision, origin: &Origin, number: u64, padded: &str, now: DateTime<Utc>) -> serde_json::Value {
    let sentence = |text: &str| {
        let text = capital(text.trim());
        if text.contains('\n') {
            return text;
        }
        if text.ends_with(['.', '!', '?', ':', '…']) { text } else { text + "." }
    };
    let title = if decision.rejected { format!("Not {}", decision.title) } else { decision.title.clone() };
    json!({
        "number": number,
        "padded": padded,
        "title": title,
        "status": if decision.rejected { "rejected" } else { "accepted" },
        "date": decision.date.to_string(),
        "decision": sentence(decision.text.as_deref().unwrap_or(if decision.rejected { &decision.what } else { &decision.chosen })),
        "why": decision.why.as_deref().map(sentence).unwrap_or_default(),
        "alternatives": decision.alternatives,
        "notes": decision.notes.as_deref().unwrap_or_default(),
        "context": match origin.description.as_str() {
            "" => String::new(),
            request if origin.asked => format!("The request was: “{request}”"),
            description => sentence(description),
        },
        "session": {"id": origin.id, "title": origin.title, "stays": origin.stays},
        "now": now.to_rfc3339(),
    })
}
