//! What a handoff looks like: a template, filled with its parts.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Handoff;
use crate::journal::Result;
use crate::journal::template::Document;
use crate::record::tokens::estimate;

/// Budget in tokens below which there is no room to say of what so many lines were left out.
const TIGHT: u64 = 400;

/// Parts of which it is said how much of each was left out.
const PARTS: usize = 10;

/// A template for handoffs, or for recaps.
pub struct Form<'t> {
    document: Document<'t>,
}

/// A handoff as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// Its text, within the budget, unless that is less than its frame.
    pub text: String,
    /// Tokens of it.
    pub tokens: u64,
    /// Variables that the template names and nothing defines.
    pub missing: Vec<String>,
}

impl<'t> Form<'t> {
    /// The journal's own template for handoffs, else the built-in one.
    ///
    /// # Errors
    /// [`crate::journal::Error::Template`] with file, line and column.
    pub fn of_handoff(own: Option<&'t (String, PathBuf)>) -> Result<Form<'t>> {
        Form::of(own, include_str!("../../templates/handoff.md"), "templates/handoff.md")
    }

    /// The journal's own template for recaps, else the built-in one.
    ///
    /// # Errors
    /// [`crate::journal::Error::Template`] with file, line and column.
    pub fn of_recap(own: Option<&'t (String, PathBuf)>) -> Result<Form<'t>> {
        Form::of(own, include_str!("../../templates/recap.md"), "templates/recap.md")
    }

    fn of(own: Option<&'t (String, PathBuf)>, source: &'t str, file: &str) -> Result<Form<'t>> {
        let document = match own {
            Some((text, path)) => Document::parse(text, path, false)?,
            None => Document::parse(source, Path::new(file), true)?,
        };
        Ok(Form { document })
    }

    /// Makes a handoff fit into a budget of tokens, as it stands in what `dress` puts around it.
    ///
    /// # Errors
    /// [`crate::journal::Error::Template`] with file, line and column.
    pub fn fit(&self, handoff: &mut Handoff, budget: u64, dress: &dyn Fn(&str) -> String) -> Result<Fitted> {
        handoff.tight = budget < TIGHT;
        let missing = self.document.missing(&data(handoff));
        let failed = RefCell::new(None);
        let text = |handoff: &Handoff| {
            let filled = self.document.fill(&data(handoff));
            filled.map(|text| dress(&text)).map_err(|error| failed.replace(Some(error))).unwrap_or_default()
        };
        handoff.fit(&|handoff| estimate(&text(handoff)) <= budget);
        let text = text(handoff);
        match failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(Fitted { tokens: estimate(&text), text, missing }),
        }
    }
}

/// What a template may refer to.
fn data(handoff: &Handoff) -> Value {
    let parts = handoff.parts.iter().filter(|part| !part.lines.is_empty()).map(|part| {
        let mut day = None;
        let lines = part.lines.iter().map(|line| {
            // A day is said once for all lines below each other that have it.
            let date = line.time.map(|time| time.date_naive());
            // Of what is open, each line says since when.
            let new = date.filter(|_| date != day || (part.key == "open" && !handoff.tight));
            day = date.or(day);
            let [date, new] = [date, new].map(|date| date.map_or_else(String::new, |date| date.to_string()));
            json!({"text": line.text, "date": date, "day": new, "time": line.time})
        });
        json!({"key": part.key, "heading": part.heading, "lines": lines.collect::<Vec<_>>(), "left_out": part.left_out})
    });
    let parts: Vec<Value> = parts.collect();
    let head: Vec<&str> = [&handoff.status, &handoff.path].into_iter().flatten().map(String::as_str).collect();
    let lines: usize = handoff.parts.iter().map(|part| part.left_out).sum();
    let left = handoff.parts.iter().filter(|part| part.left_out > 0);
    let left: Vec<String> = left.map(|part| format!("{} of {}", part.left_out, part.heading.to_lowercase())).collect();
    // Where each part is a session there may be hundreds.
    let left = if lines > 0 && (handoff.tight || left.len() > PARTS) { format!("{lines} lines") } else { left.join(", ") };
    json!({
        "title": handoff.title,
        "session": handoff.session.as_deref().unwrap_or_default(),
        "status": handoff.status.as_deref().unwrap_or_default(),
        "path": handoff.path.as_deref().unwrap_or_default(),
        "head": head.join(" · "),
        "parts": parts,
        "left": left,
        "more": handoff.more.as_deref().unwrap_or_default(),
    })
}
