//! Documents: the JSON or YAML that `session --from` takes, turned into entries.
//!
//! Every key is optional, a single value may stand for a list, and a text for an object of which only the main key is given.

use std::path::Path;

use serde_yaml::Value;

use super::change;
use super::edit::{Editor, Outcome};
use super::entry::{NewEntry, clean};
use super::error::{Error, Result, nearest};
use super::frontmatter::{self, Properties};
use super::lifecycle::{tag_text, title_of, topic_of};
use super::outline::{Entry, Outline};

/// What a document says about a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Properties by name: `title`, `description`, `author`, `model`, `status`, `current_task`.
    pub properties: Vec<(&'static str, String)>,
    /// Tags.
    pub tags: Vec<String>,
    /// Entries in the order of the profile's sections.
    pub items: Vec<Item>,
}

/// An entry of a document, and whether it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it stands in the document: `decisions[0]`.
    pub at: String,
    /// The entry.
    pub entry: NewEntry,
    /// To be ticked or completed.
    pub done: bool,
    /// Outcome, for spawned agents.
    pub summary: Option<String>,
}

const TEXTS: [&str; 6] = ["title", "description", "author", "model", "status", "current_task"];

/// Key of the document, kind of entry, main key of its objects, and which of their other keys is which field.
type Shape = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const SHAPES: [Shape; 16] = [
    ("current_state", "state", "what", &[]),
    ("summary", "summary", "what", &[]),
    ("decisions", "decision", "what", &[("why", "why")]),
    ("deliverables", "deliverable", "what", &[("file", "file"), ("metric", "metric"), ("state", "state")]),
    ("highlights", "highlight", "what", &[]),
    ("problems", "problem", "title", &[("issue", "issue"), ("cause", "cause"), ("fix", "fix"), ("lesson", "lesson")]),
    ("next", "next", "what", &[("priority", "priority"), ("done", "")]),
    ("sources", "source", "url", &[("path", ""), ("note", "note")]),
    ("related", "related", "session", &[("why", "why")]),
    ("criteria", "criterion", "what", &[("done", "")]),
    ("blockers", "blocker", "what", &[]),
    ("files", "file", "path", &[("note", "note")]),
    ("commands", "command", "what", &[]),
    ("agents", "agent", "agent", &[("task", "task"), ("status", "state"), ("summary", "")]),
    ("log", "log", "what", &[("who", "who")]),
    ("waves", "wave", "name", &[("tasks", ""), ("done", "")]),
];

const CONTEXT: [&str; 4] = ["state", "environment", "preferences", "questions"];
const NOTES: [&str; 3] = ["feedback", "process", "ready"];

impl Document {
    /// Reads JSON or YAML.
    ///
    /// # Errors
    /// [`Error::Form`] with line and key, and the nearest known key.
    pub fn parse(text: &str, path: &Path) -> Result<Document> {
        let form = |line: Option<usize>, message: String| Error::Form { path: path.to_path_buf(), line, message, hint: None };
        let text = text.trim_start_matches('\u{feff}');
        let value: Value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|e| form(Some(e.line()), format!("not valid JSON: {}", strip_place(&e.to_string()))))?
        } else {
            serde_yaml::from_str(text)
                .map_err(|e| form(e.location().map(|l| l.line()), format!("not valid YAML: {}", strip_place(&e.to_string()))))?
        };
        let Value::Mapping(map) = value else {
            return Err(form(None, "expected an object with keys such as `summary` and `decisions`".into()));
        };
        let mut reader = Reader { path, document: Document::default() };
        for (key, value) in &map {
            reader.key(key.as_str().unwrap_or_default(), value)?;
        }
        Ok(reader.document)
    }
}

fn strip_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or(message)
}

struct Reader<'p> {
    path: &'p Path,
    document: Document,
}

impl Reader<'_> {
    fn fail<T>(&self, message: String, hint: Option<String>) -> Result<T> {
        Err(Error::Form { path: self.path.to_path_buf(), line: None, message, hint })
    }

    fn unknown<T>(&self, at: &str, key: &str, known: &[&str]) -> Result<T> {
        let known: Vec<String> = known.iter().map(|k| (*k).to_string()).collect();
        let hint =
            nearest(key, &known).map_or_else(|| format!("known keys: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        self.fail(format!("unknown key `{at}`"), Some(hint))
    }

    fn key(&mut self, key: &str, value: &Value) -> Result<()> {
        if let Some(name) = TEXTS.iter().find(|t| **t == key) {
            if let Some(text) = self.text(key, value)? {
                self.document.properties.push((name, text));
            }
            return Ok(());
        }
        match key {
            "tags" => {
                for (at, item) in listed(key, value) {
                    let tag = self.text(&at, item)?.map(|t| tag_text(&t)).filter(|t| !t.is_empty());
                    self.document.tags.extend(tag);
                }
                Ok(())
            }
            "context" => self.keyed(key, value, "context", "key", &CONTEXT),
            "notes" => self.keyed(key, value, "note", "kind", &NOTES),
            _ => match SHAPES.iter().find(|s| s.0 == key) {
                Some(shape) => listed(key, value).into_iter().try_for_each(|(at, item)| self.item(shape, &at, item)),
                None => {
                    let mut known: Vec<&str> = TEXTS.to_vec();
                    known.extend(SHAPES.iter().map(|s| s.0));
                    known.extend(["tags", "context", "notes"]);
                    self.unknown(key, key, &known)
                }
            },
        }
    }

    fn keyed(&mut self, key: &str, value: &Value, kind: &str, field: &str, known: &[&str]) -> Result<()> {
        let Value::Mapping(map) = value else {
            return if value.is_null() { Ok(()) } else { self.fail(format!("`{key}` must be an object with {}", known.join(", ")), None) };
        };
        for (name, value) in map {
            let name = name.as_str().unwrap_or_default();
            if !known.contains(&name) {
                return self.unknown(&format!("{key}.{name}"), name, known);
            }
            for (at, item) in listed(&format!("{key}.{name}"), value) {
                if let Some(text) = self.text(&at, item)? {
                    self.push(at, NewEntry::new(kind, &text).with(field, name));
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, at: String, entry: NewEntry) {
        self.document.items.push(Item { at, entry, done: false, summary: None });
    }

    fn item(&mut self, shape: &Shape, at: &str, value: &Value) -> Result<()> {
        let (_, kind, main, fields) = shape;
        let Value::Mapping(map) = value else {
            if let Some(text) = self.text(at, value)? {
                self.push(at.to_string(), NewEntry::new(kind, &text));
            }
            return Ok(());
        };
        let mut known: Vec<&str> = vec![main];
        known.extend(fields.iter().map(|(k, _)| *k));
        let mut item = Item { at: at.to_string(), entry: NewEntry::new(kind, ""), done: false, summary: None };
        let mut tasks = Vec::new();
        for (key, value) in map {
            let key = key.as_str().unwrap_or_default();
            let here = format!("{at}.{key}");
            match (key, fields.iter().find(|(k, _)| *k == key)) {
                (key, _) if key == *main => item.entry.text = self.text(&here, value)?.unwrap_or(item.entry.text),
                ("path", Some(_)) => item.entry.text = self.text(&here, value)?.unwrap_or(item.entry.text),
                ("done", Some(_)) => item.done = self.yes(&here, value)?,
                ("summary", Some(_)) => item.summary = self.text(&here, value)?,
                ("tasks", Some(_)) => tasks = listed(&here, value),
                (_, Some((_, field))) => {
                    if let Some(text) = self.text(&here, value)? {
                        item.entry.fields.insert((*field).to_string(), text);
                    }
                }
                (_, None) => return self.unknown(&here, key, &known),
            }
        }
        let said = item.summary.is_some() || !item.entry.fields.is_empty() || !tasks.is_empty();
        if item.entry.text.is_empty() && *kind == "problem" {
            let first = ["issue", "cause", "fix", "lesson"].iter().find_map(|f| item.entry.fields.get(*f));
            item.entry.text = first.and_then(|t| t.lines().next()).unwrap_or_default().to_string();
        }
        // A form that was left empty but for its choices says nothing.
        let said = said && item.entry.fields.keys().any(|f| !matches!(f.as_str(), "priority" | "state"))
            || item.summary.is_some()
            || !tasks.is_empty();
        if item.entry.text.is_empty() {
            return if said { self.fail(format!("`{at}` has no `{main}`"), None) } else { Ok(()) };
        }
        let wave = item.entry.text.clone();
        self.document.items.push(item);
        tasks.into_iter().try_for_each(|(at, task)| self.task(&wave, &at, task))
    }

    fn task(&mut self, wave: &str, at: &str, value: &Value) -> Result<()> {
        const TASK: Shape = ("tasks", "task", "what", &[("key", "key"), ("done", "")]);
        let from = self.document.items.len();
        self.item(&TASK, at, value)?;
        for item in &mut self.document.items[from..] {
            item.entry.fields.insert("wave".into(), wave.to_string());
        }
        Ok(())
    }

    fn text(&self, at: &str, value: &Value) -> Result<Option<String>> {
        let text = match value {
            Value::String(text) => clean(at, text)?,
            Value::Number(number) => number.to_string(),
            Value::Bool(yes) => yes.to_string(),
            Value::Null => return Ok(None),
            _ => return self.fail(format!("`{at}` must be a text"), None),
        };
        Ok((!text.is_empty()).then_some(text))
    }

    fn yes(&self, at: &str, value: &Value) -> Result<bool> {
        match value {
            Value::Bool(yes) => Ok(*yes),
            Value::Null => Ok(false),
            _ => self.fail(format!("`{at}` must be true or false"), None),
        }
    }
}

fn listed<'v>(at: &str, value: &'v Value) -> Vec<(String, &'v Value)> {
    match value {
        Value::Sequence(items) => items.iter().enumerate().map(|(i, item)| (format!("{at}[{i}]"), item)).collect(),
        Value::Null => Vec::new(),
        single => vec![(at.to_string(), single)],
    }
}

/// What applying a document did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The new text, unstamped.
    pub text: String,
    /// One outcome an entry, in the document's order.
    pub outcomes: Vec<Outcome>,
    /// Whether work was added or completed, not only properties set.
    pub substantive: bool,
}

impl Editor<'_> {
    /// Brings a log up to date with a document: entries that are there already stay as they are.
    ///
    /// # Errors
    /// As [`Editor::add`], [`Editor::done`] and [`Editor::set_status`], naming the document's key.
    pub fn apply(&self, text: &str, id: &str, document: &Document) -> Result<Applied> {
        let mut applied = Applied { text: text.to_string(), outcomes: Vec::new(), substantive: false };
        for (name, value) in &document.properties {
            if let Some(new) = self.apply_property(&applied.text, id, name, value)? {
                applied.text = new;
            }
        }
        if !document.tags.is_empty()
            && let Some(new) = self.apply_tags(&applied.text, &document.tags)?
        {
            applied.text = new;
        }
        for item in &document.items {
            self.apply_item(&mut applied, item)?;
        }
        Ok(applied)
    }

    fn apply_property(&self, text: &str, id: &str, name: &str, value: &str) -> Result<Option<String>> {
        let keys = &self.profile.keys;
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let paths = match name {
            "status" => return self.set_status(text, &value, false),
            "title" => return self.apply_title(text, id, &value),
            "description" => &keys.description,
            "author" => &keys.author,
            "model" => &keys.model,
            _ => &keys.current_task,
        };
        if paths.is_empty() {
            return Err(Error::refused("wrong-profile", format!("profile {} has no `{name}`", self.profile.id), "leave the key out"));
        }
        let properties = Properties::read(text, self.path)?;
        let path = properties.path_of(paths);
        frontmatter::set(text, &path, &Value::String(value), self.path)
    }

    /// Sets the title, and the alias that stood for the old one.
    fn apply_title(&self, text: &str, id: &str, topic: &str) -> Result<Option<String>> {
        let keys = &self.profile.keys;
        let properties = Properties::read(text, self.path)?;
        let old = properties.text(&keys.title).unwrap_or_default();
        let old_topic = topic_of(self.profile, id, &old);
        if old_topic == topic || old == topic {
            return Ok(None);
        }
        let path = properties.path_of(&keys.title);
        let title = title_of(self.profile, id, topic)?;
        let mut new = frontmatter::set(text, &path, &Value::String(title.clone()), self.path)?.unwrap_or_else(|| text.to_string());
        // Only the alias that stood for the old title changes; all others are the person's.
        let alias = Value::String(topic.to_string());
        match properties.existing(&keys.aliases).map(|path| (path.to_string(), properties.get(&keys.aliases))) {
            Some((path, Some(Value::Sequence(items)))) => {
                let old = items.iter().position(|i| i.as_str() == Some(&old_topic));
                new = match old {
                    Some(i) => frontmatter::set(&new, &format!("{path}.{i}"), &alias, self.path)?.unwrap_or(new),
                    None if items.is_empty() => frontmatter::push(&new, &path, topic, self.path)?,
                    None => new,
                };
            }
            Some((path, Some(Value::String(one)))) if *one == old_topic => {
                new = frontmatter::set(&new, &path, &alias, self.path)?.unwrap_or(new);
            }
            _ => {}
        }
        let outline = Outline::parse(&new);
        let head = outline.blocks.first().filter(|b| outline.line(b.lines.start) == format!("# {old}"));
        if let Some(head) = head {
            let line = outline.lines[head.lines.start];
            new = super::edit::apply(&new, vec![(line.start + 2..line.end, title)]);
        }
        Ok(Some(new))
    }

    /// Adds the tags that are not there; the others stay as they are written.
    fn apply_tags(&self, text: &str, tags: &[String]) -> Result<Option<String>> {
        let keys = &self.profile.keys.tags;
        if keys.is_empty() {
            return Err(Error::refused("wrong-profile", format!("profile {} has no `tags`", self.profile.id), "leave the key out"));
        }
        let properties = Properties::read(text, self.path)?;
        let all = properties.list(keys);
        let path = properties.path_of(keys);
        let mut new: Option<String> = None;
        for tag in tags.iter().filter(|t| !all.contains(t)) {
            new = Some(frontmatter::push(new.as_deref().unwrap_or(text), &path, tag, self.path)?);
        }
        Ok(new)
    }

    fn apply_item(&self, applied: &mut Applied, item: &Item) -> Result<()> {
        let place = |error: Error| Error::At { at: item.at.clone(), error: Box::new(error) };
        if self.profile.kind.get(&item.entry.kind).is_some_and(|k| k.repeats) && self.is_logged(&applied.text, &item.entry) {
            let text = item.entry.text.clone();
            applied.outcomes.push(Outcome { action: "unchanged", entry: item.at.clone(), text, line: None });
            return Ok(());
        }
        let edited = self.add(&applied.text, &item.entry).map_err(place)?;
        let mut outcome = edited.outcome;
        if let Some(text) = edited.text {
            (applied.text, applied.substantive) = (text, true);
        }
        if item.entry.kind == "agent" {
            self.apply_agent(applied, item, &mut outcome)?;
        } else if item.done {
            let done = self.done(&applied.text, &outcome.entry, item.summary.as_deref()).map_err(place)?;
            if let Some(text) = done.text {
                (applied.text, applied.substantive) = (text, true);
                outcome.action = if outcome.action == "added" { "added" } else { "completed" };
            }
        }
        applied.outcomes.push(outcome);
        Ok(())
    }

    /// Whether the session log says this already, whenever it was.
    fn is_logged(&self, text: &str, entry: &NewEntry) -> bool {
        let outline = Outline::parse(text);
        let kind = &self.profile.kind[&entry.kind];
        let who = entry.fields.get("who").map_or("", |w| w.trim());
        let (head, body) = match who.is_empty() {
            true => entry.text.split_once('\n').unwrap_or((&entry.text, "")),
            false => (who, entry.text.as_str()),
        };
        let says = |block: &Entry| {
            let title = block.text.split_once(" - ").map_or(block.text.as_str(), |(_, t)| t);
            let lines = block.lines.start + 1..block.lines.end;
            change::is_cosmetic(title, head) && change::is_cosmetic(outline.range_text(&lines), body)
        };
        self.entries(&outline).iter().any(|(_, e)| e.section == kind.section && says(e))
    }

    /// What a document says of a spawned agent that is listed already: its status, and its outcome.
    fn apply_agent(&self, applied: &mut Applied, item: &Item, outcome: &mut Outcome) -> Result<()> {
        let Some(n) = outcome.entry.rsplit(':').next().and_then(|n| n.parse::<usize>().ok()) else { return Ok(()) };
        let properties = Properties::read(&applied.text, self.path)?;
        let Some(list) = properties.existing(&self.profile.keys.agents) else { return Ok(()) };
        let state = item.entry.fields.get("state").map(|s| s.to_lowercase());
        for (key, value) in [("status", state.as_ref()), ("summary", item.summary.as_ref())] {
            let Some(value) = value else { continue };
            let value = Value::String(value.clone());
            if let Some(text) = frontmatter::set(&applied.text, &format!("{list}.{}.{key}", n - 1), &value, self.path)? {
                (applied.text, applied.substantive) = (text, true);
                outcome.action = if outcome.action == "added" { "added" } else { "changed" };
            }
        }
        Ok(())
    }
}
