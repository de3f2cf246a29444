//! Templates: the text of a new log.
//!
//! A workspace's template may be Handlebars or hold the plain tokens of Resonance 7; both become one Handlebars source.
//! Values never go through the template engine as templates, and reach the frontmatter through the YAML editor.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError, RenderErrorReason, TemplateErrorReason};
use serde_json::{Map, Value as Json, json};
use serde_yaml::Value as Yaml;

use super::error::{Error, Result};
use super::frontmatter::{self, Properties};

/// The built-in templates.
pub fn built_in(name: &str) -> Option<&'static str> {
    match name {
        "resonance7" => Some(include_str!("../../templates/resonance7.md")),
        "agents" => Some(include_str!("../../templates/agents.md")),
        _ => None,
    }
}

/// What a template may refer to.
#[derive(Debug, Clone)]
pub struct Values {
    /// Texts by name: `id`, `title`, `topic`, `author`, `model`, …
    pub texts: Vec<(&'static str, String)>,
    /// Lists by name: `tags`, `aliases`.
    pub lists: Vec<(&'static str, Vec<String>)>,
    /// Given by `--extra`.
    pub extra: Vec<(String, String)>,
    /// Switches by name: `obsidian`.
    pub flags: Vec<(&'static str, bool)>,
    /// The moment of creation.
    pub now: DateTime<Utc>,
}

/// A rendered template.
#[derive(Debug)]
pub struct Rendered {
    /// The text of the log.
    pub text: String,
    /// Variables that the template names and nobody defines.
    pub missing: Vec<String>,
}

/// Renders a template.
///
/// # Errors
/// [`Error::Template`] with line and column when it does not parse or render.
pub fn render(source: &str, file: &Path, values: &Values, strict: bool) -> Result<Rendered> {
    let source = with_variables(source);
    let engine = engine(&source, file)?;
    let mut marks = Marks::default();
    let data = data(values, &mut marks);
    let (text, missing) = fill(engine, &data, file, strict)?;
    let text = tidy(&text);
    marks.resolve(text, file).map(|text| Rendered { text, missing })
}

/// A template that documents are filled in by, again and again. Data is never taken for a template.
pub struct Document<'s> {
    engine: Handlebars<'s>,
    file: PathBuf,
}

impl<'s> Document<'s> {
    /// Reads a template. `strict`: a variable that nothing defines is an error; else it is empty.
    ///
    /// # Errors
    /// [`Error::Template`] with line and column.
    pub fn parse(source: &str, file: &Path, strict: bool) -> Result<Document<'s>> {
        let mut engine = engine(source, file)?;
        engine.set_strict_mode(strict);
        Ok(Document { engine, file: file.to_path_buf() })
    }

    /// The document that data makes of it.
    ///
    /// # Errors
    /// [`Error::Template`] with line and column.
    pub fn fill(&self, data: &Json) -> Result<String> {
        let text = self.engine.render("log", data).map_err(|error| render_error(&error, &self.file))?;
        Ok(tidy(&text))
    }

    /// Variables that it names and the data does not define; where that is an error, it is one when it is filled in.
    pub fn missing(&self, data: &Json) -> Vec<String> {
        if self.engine.strict_mode() {
            return Vec::new();
        }
        let mut engine = self.engine.clone();
        engine.set_strict_mode(true);
        let missing = engine.render("log", data).err().and_then(|error| match error.reason() {
            RenderErrorReason::MissingVariable(name) => Some(name.clone().unwrap_or_default()),
            _ => None,
        });
        missing.into_iter().collect()
    }
}

/// Renders a one-line expression of a profile: an entry's shape, a heading, a title.
///
/// # Errors
/// [`Error::Template`] when the expression does not parse.
pub fn line(expression: &str, fields: &[(&str, &str)], file: &Path) -> Result<String> {
    let mut engine = engine(expression, file)?;
    engine.set_strict_mode(true);
    let data: Map<String, Json> = fields.iter().map(|(k, v)| ((*k).to_string(), json!(v))).collect();
    engine.render("log", &data).map_err(|e| render_error(&e, file))
}

fn engine<'a>(source: &str, file: &Path) -> Result<Handlebars<'a>> {
    let mut engine = Handlebars::new();
    engine.register_escape_fn(handlebars::no_escape);
    engine.register_helper("format-date", Box::new(format_date));
    engine.register_helper("slug", Box::new(slug_helper));
    engine.register_helper("json", Box::new(json_helper));
    engine.register_template_string("log", source).map_err(|e| {
        let ((line, column), message) = match (e.reason(), unbalanced(source)) {
            (_, Some(found)) => found,
            // What the parser would take instead are names of its own rules.
            (TemplateErrorReason::InvalidSyntax(_), None) => (e.pos().unwrap_or((1, 1)), "this is no Handlebars".to_string()),
            (reason, None) => (e.pos().unwrap_or((1, 1)), reason.to_string()),
        };
        Error::Template { path: file.to_path_buf(), line, column, message }
    })?;
    Ok(engine)
}

/// The block of a template that is not closed, or that something else closes: where, and what is wrong.
fn unbalanced(source: &str) -> Option<((usize, usize), String)> {
    let place = |at: usize| {
        let before = &source[..at];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    };
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut from = 0;
    while let Some(at) = source[from..].find("{{").map(|at| from + at) {
        let inner = source[at..].trim_start_matches(['{', '~']);
        let end = if inner.starts_with("!--") { "--}}" } else { "}}" };
        from = inner.find(end).map_or(source.len(), |end| source.len() - inner.len() + end);
        let name = |tag: &'static str| {
            let rest = inner.strip_prefix(tag)?.trim_start_matches(['>', '*']).trim_start();
            rest.split(|c: char| c.is_whitespace() || matches!(c, '}' | '~')).next()
        };
        if let Some(name) = name("#") {
            open.push((at, name));
        } else if let Some(name) = name("/") {
            match open.pop() {
                Some((_, opened)) if opened == name => {}
                Some((_, opened)) => return Some((place(at), format!("`{{{{/{name}}}}}` stands where `{{{{/{opened}}}}}` must"))),
                None => return Some((place(at), format!("`{{{{/{name}}}}}` closes nothing"))),
            }
        }
    }
    open.pop().map(|(at, name)| (place(at), format!("`{{{{#{name}}}}}` is not closed: `{{{{/{name}}}}}` is missing")))
}

fn fill(mut engine: Handlebars, data: &Json, file: &Path, strict: bool) -> Result<(String, Vec<String>)> {
    engine.set_strict_mode(true);
    match engine.render("log", data) {
        Ok(text) => Ok((text, Vec::new())),
        Err(e) if strict => Err(render_error(&e, file)),
        Err(e) => {
            let missing = match e.reason() {
                RenderErrorReason::MissingVariable(name) => vec![name.clone().unwrap_or_default()],
                _ => return Err(render_error(&e, file)),
            };
            engine.set_strict_mode(false);
            engine.render("log", data).map(|text| (text, missing)).map_err(|e| render_error(&e, file))
        }
    }
}

fn render_error(error: &RenderError, file: &Path) -> Error {
    Error::Template {
        path: file.to_path_buf(),
        line: error.line_no.unwrap_or(1),
        column: error.column_no.unwrap_or(1),
        message: error.reason().to_string(),
    }
}

fn format_date(h: &Helper, _: &Handlebars, _: &Context, _: &mut RenderContext, out: &mut dyn Output) -> HelperResult {
    let given = h.param(0).and_then(|p| p.value().as_str()).unwrap_or_default();
    let format = h.param(1).and_then(|p| p.value().as_str()).unwrap_or("%Y-%m-%d");
    let time = DateTime::parse_from_rfc3339(given)
        .map_err(|_| RenderErrorReason::Other(format!("`format-date` needs a time such as `now`, not `{given}`")))?;
    let items: Vec<_> = chrono::format::StrftimeItems::new(format).collect();
    if items.iter().any(|i| matches!(i, chrono::format::Item::Error)) {
        return Err(RenderErrorReason::Other(format!("`{format}` is no date format")).into());
    }
    out.write(&time.format_with_items(items.iter()).to_string())?;
    Ok(())
}

fn slug_helper(h: &Helper, _: &Handlebars, _: &Context, _: &mut RenderContext, out: &mut dyn Output) -> HelperResult {
    let text = h.param(0).and_then(|p| p.value().as_str()).unwrap_or_default();
    out.write(&super::id::slug(text, false).0)?;
    Ok(())
}

fn json_helper(h: &Helper, _: &Handlebars, _: &Context, _: &mut RenderContext, out: &mut dyn Output) -> HelperResult {
    out.write(&h.param(0).map(|p| p.value().to_string()).unwrap_or_default())?;
    Ok(())
}

/// The plain tokens of Resonance 7 as Handlebars variables.
fn with_variables(source: &str) -> String {
    const TOKENS: [(&str, &str); 6] = [
        ("YYYYMMDD-NN", "{{id}}"),
        ("[Topic/Project]", "{{topic}}"),
        ("[agent_name]", "{{author}}"),
        ("[model_name]", "{{#if model}}{{model}}{{else}}[model]{{/if}}"),
        ("[session_status]", "{{status}}"),
        ("[Brief description of session focus]", "{{#if description}}{{description}}{{else}}[Brief description of session focus]{{/if}}"),
    ];
    let plain = !source.contains("{{");
    let mut out = String::new();
    let front = frontmatter::block(source).map_or(0, |b| b.end);
    for line in source[..front].split_inclusive('\n') {
        out.push_str(&date_variable(line).unwrap_or_else(|| line.to_string()));
    }
    out.push_str(&source[front..]);
    for (token, variable) in TOKENS {
        if plain || !token.starts_with("[Brief") {
            out = out.replace(token, variable);
        }
    }
    out
}

/// `created: "YYYY-MM-DD HH:MM:SS UTC"`, `"$(date …)"` or `[date]`: whatever the expression, the value is the stamp.
fn date_variable(line: &str) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    let name = key.trim();
    let body = value.trim_end_matches(['\r', '\n']);
    if !matches!(name, "created" | "last_updated") || value.contains("{{") {
        return None;
    }
    let ending = &value[body.len()..];
    Some(format!("{key}: \"{{{{{name}}}}}\"{ending}"))
}

fn data(values: &Values, marks: &mut Marks) -> Json {
    let mut map = Map::new();
    for (name, text) in &values.texts {
        map.insert((*name).to_string(), json!(marks.mark(text)));
    }
    for (name, list) in &values.lists {
        map.insert((*name).to_string(), Json::Array(list.iter().map(|t| json!(marks.mark(t))).collect()));
    }
    for (name, on) in &values.flags {
        map.insert((*name).to_string(), json!(on));
    }
    let extra: Map<String, Json> = values.extra.iter().map(|(k, v)| (k.clone(), json!(marks.mark(v)))).collect();
    for name in ["linear_issue", "linear_url", "current_task"] {
        let known = extra.contains_key(name);
        map.entry("extra").or_insert_with(|| Json::Object(extra.clone()));
        if !known && let Some(Json::Object(all)) = map.get_mut("extra") {
            all.insert(name.to_string(), json!(""));
        }
    }
    map.insert("now".into(), json!(values.now.to_rfc3339()));
    map.insert("date".into(), json!(values.now.format("%Y-%m-%d").to_string()));
    Json::Object(map)
}

/// Values that could upset YAML stand in the rendered text as marks until the YAML editor puts them in.
#[derive(Default)]
struct Marks(Vec<String>);

impl Marks {
    fn mark(&mut self, text: &str) -> String {
        let tame = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '(' | ')');
        if text.chars().all(tame)
            || (text.len() <= 40 && text.chars().all(|c| tame(c) || c == ':') && text.starts_with(|c: char| c.is_ascii_digit()))
        {
            return text.to_string();
        }
        self.0.push(text.to_string());
        format!("ShiftlogMark{}End", self.0.len() - 1)
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().enumerate().fold(text.to_string(), |out, (i, value)| out.replace(&format!("ShiftlogMark{i}End"), value))
    }

    fn resolve(&self, mut text: String, file: &Path) -> Result<String> {
        if self.0.is_empty() {
            return Ok(text);
        }
        let properties = Properties::read(&text, file)?;
        let mut found = Vec::new();
        for (key, value) in properties.map() {
            if let Some(key) = key.as_str() {
                self.find(key, value, &mut found);
            }
        }
        for (path, value) in found {
            text = frontmatter::set(&text, &path, &value, file)?.unwrap_or(text);
        }
        let body = frontmatter::block(&text).map_or(0, |b| b.end);
        Ok(format!("{}{}", &text[..body], self.fill(&text[body..])))
    }

    fn find(&self, path: &str, value: &Yaml, found: &mut Vec<(String, Yaml)>) {
        match value {
            Yaml::String(text) if text.contains("ShiftlogMark") => found.push((path.to_string(), Yaml::String(self.fill(text)))),
            Yaml::Sequence(items) => items.iter().enumerate().for_each(|(i, item)| self.find(&format!("{path}.{i}"), item, found)),
            Yaml::Mapping(map) => {
                for (key, item) in map {
                    if let Some(key) = key.as_str() {
                        self.find(&format!("{path}.{key}"), item, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Exactly one line ending at the end; a byte-order mark is not kept.
fn tidy(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').trim_end();
    format!("{text}\n")
}
