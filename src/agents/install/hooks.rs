//! The hooks of a settings file: which are shiftlog's, putting them in, taking them out. All of it from text to text.

use super::jsonc::{self, Broken, Node, Value};
use super::splice::{Style, came_with, insert, remove, splice};

/// How an agent writes down hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Key of the command line.
    pub(super) command: &'static str,
    /// Key of the time limit, and its value in the agent's unit.
    pub(super) timeout: (&'static str, u32),
    /// Hooks of an event lie in groups, which may have a matcher.
    pub(super) grouped: bool,
}

/// A hook of shiftlog's in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) event: String,
    pub(super) command: String,
    /// Where its command line stands.
    span: std::ops::Range<usize>,
    /// Places of the event among the hooks, of the item in the event, and of the hook in its group.
    place: (usize, usize, usize),
}

/// The command line of a hook: it ends well where the program is gone or does not know it. At the end of a conversation, people
/// are told what its log still lacks; all else says nothing.
pub(super) fn command(program: &str, event: &str, agent: &str) -> String {
    let quiet = if event.eq_ignore_ascii_case("SessionEnd") { "" } else { " 2>/dev/null" };
    format!("{} hook {event} --agent {agent}{quiet} || true", quoted(program))
}

/// A word for `sh`.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The program that a command line of shiftlog's runs, still quoted; nothing for those of others.
pub(super) fn program<'c>(line: &'c str, own: &str) -> Option<&'c str> {
    let (program, rest) = line.rsplit_once(" hook ")?;
    let name = program.trim_end_matches(['\'', '"']).rsplit(['/', '\\']).next().unwrap_or_default();
    // Whatever the program is called, nobody else writes this form.
    let is_form = || {
        let (event, rest) = rest.split_once(" --agent ")?;
        let agent = rest.strip_suffix(" || true")?;
        let agent = agent.strip_suffix(" 2>/dev/null").unwrap_or(agent);
        Some(program == quoted(&unquoted(program)) && command(&unquoted(program), event, agent) == line)
    };
    let is_ours = rest.contains(" --agent ") && (name.contains("shiftlog") || program == quoted(own) || is_form() == Some(true));
    is_ours.then_some(program)
}

/// A quoted word as it is meant.
pub(super) fn unquoted(word: &str) -> String {
    word.strip_prefix('\'').and_then(|w| w.strip_suffix('\'')).map_or_else(|| word.to_string(), |w| w.replace("'\\''", "'"))
}

/// Shiftlog's hooks in a text.
pub(super) fn entries(root: &Node, shape: Shape, own: &str) -> Vec<Entry> {
    let Some(Node { value: Value::Object(events), .. }) = root.get("hooks") else { return Vec::new() };
    let mut found = Vec::new();
    for (n, event) in events.iter().enumerate() {
        for (i, item) in event.node.items().unwrap_or_default().iter().enumerate() {
            let hooks =
                if shape.grouped { item.get("hooks").and_then(Node::items).unwrap_or_default() } else { std::slice::from_ref(item) };
            for (h, hook) in hooks.iter().enumerate() {
                let Some(line) = hook.get(shape.command) else { continue };
                if let Some(command) = line.text().filter(|text| program(text, own).is_some()) {
                    let (event, command) = (event.key.clone(), command.to_string());
                    found.push(Entry { event, command, span: line.span.clone(), place: (n, i, h) });
                }
            }
        }
    }
    found
}

/// The text with these hooks, and no others of shiftlog's; a new one where there is none.
pub(super) fn merge(text: Option<&str>, wanted: &[(&str, String)], shape: Shape, own: &str) -> Result<String, Broken> {
    let Some(text) = text else { return Ok(document(wanted, shape)) };
    let mut text = text.to_string();
    checked(&text)?;
    while let Some(more) = step(&text, wanted, shape, own)? {
        text = more;
    }
    let all = entries(&jsonc::parse(&text)?, shape, own);
    let is_there = |(event, line): &(&str, String)| all.iter().filter(|e| e.event == *event && e.command == *line).count() == 1;
    let whole = all.len() == wanted.len() && wanted.iter().all(is_there);
    if whole { Ok(text) } else { Err(Broken { at: 0, why: "it is laid out in a way that cannot be edited safely" }) }
}

/// The text without shiftlog's hooks; nothing where nothing else was in it.
pub(super) fn without(text: &str, shape: Shape, own: &str) -> Result<Option<String>, Broken> {
    let mut text = text.to_string();
    checked(&text)?;
    loop {
        let root = jsonc::parse(&text)?;
        let Some(entry) = entries(&root, shape, own).into_iter().next_back() else { return Ok(Some(text)) };
        match take_out(&text, &root, &entry, shape) {
            Some(less) => text = less,
            None => return Ok(None),
        }
    }
}

/// A text whose hooks can be edited.
fn checked(text: &str) -> Result<(), Broken> {
    let root = jsonc::parse(text)?;
    if !matches!(root.value, Value::Object(_)) {
        return Err(Broken { at: root.span.start, why: "it is no object" });
    }
    let Some(hooks) = root.get("hooks") else { return Ok(()) };
    let Value::Object(events) = &hooks.value else { return Err(Broken { at: hooks.span.start, why: "`hooks` is no object" }) };
    match events.iter().find(|event| event.node.items().is_none()) {
        Some(event) => Err(Broken { at: event.span.start, why: "the hooks of an event are no array" }),
        None => Ok(()),
    }
}

/// One step towards the hooks that are wanted; nothing once they are there.
fn step(text: &str, wanted: &[(&str, String)], shape: Shape, own: &str) -> Result<Option<String>, Broken> {
    let root = jsonc::parse(text)?;
    let found = entries(&root, shape, own);
    let line = |event: &str| wanted.iter().find(|(name, _)| *name == event).map(|(_, line)| line);
    let first = |n: usize, entry: &Entry| !found[..n].iter().any(|e| e.event == entry.event);
    for (n, entry) in found.iter().enumerate() {
        if let Some(line) = line(&entry.event).filter(|line| first(n, entry) && **line != entry.command) {
            return Ok(Some(splice(text, entry.span.clone(), &string(line))));
        }
    }
    let missing: Vec<_> = wanted.iter().filter(|(event, _)| !found.iter().any(|e| e.event == *event)).cloned().collect();
    let Some((event, line)) = missing.first() else {
        // Last, so that no place that others are put into goes with them.
        let stale = found.iter().enumerate().find(|(n, entry)| line(&entry.event).is_none() || !first(*n, entry));
        return Ok(stale.and_then(|(_, entry)| take_out(text, &root, entry, shape)));
    };
    let style = Style::of(text, &root);
    let Some(hooks) = root.get("hooks") else {
        let member = format!("\"hooks\": {}", events(&missing, shape, &style));
        return Ok(Some(insert(text, &root, &member, &style, 1)));
    };
    Ok(Some(match hooks.get(event) {
        Some(items) => insert(text, items, &item(line, shape), &style, 3),
        None => insert(text, hooks, &member(event, line, shape), &style, 2),
    }))
}

/// The text without one hook, and without what came with it; nothing where that is all of it.
fn take_out(text: &str, root: &Node, entry: &Entry, shape: Shape) -> Option<String> {
    let (n, i, h) = entry.place;
    let (at, hooks) = root.member("hooks")?;
    let Value::Object(events) = &hooks.node.value else { return None };
    let items = &events.get(n)?.node;
    if shape.grouped {
        let group = items.items()?.get(i)?.get("hooks")?;
        if group.elements().len() > 1 {
            return Some(remove(text, group, h));
        }
    }
    if !came_with(text, items) {
        return Some(remove(text, items, i));
    }
    if !came_with(text, &hooks.node) {
        return Some(remove(text, &hooks.node, n));
    }
    // A number of the form of such files is nothing that anybody wrote into one.
    let bare = root.get("version").is_some() && root.elements().len() == 2;
    (!came_with(text, root) && !bare).then(|| remove(text, root, at))
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn item(line: &str, shape: Shape) -> String {
    let (key, value) = shape.timeout;
    let hook = format!("{{\"type\": \"command\", \"{}\": {}, \"{key}\": {value}}}", shape.command, string(line));
    if shape.grouped { format!("{{\"hooks\": [{hook}]}}") } else { hook }
}

fn member(event: &str, line: &str, shape: Shape) -> String {
    format!("\"{event}\": [{}]", item(line, shape))
}

fn events(wanted: &[(&str, String)], shape: Shape, style: &Style) -> String {
    let members: Vec<String> = wanted.iter().map(|(event, line)| member(event, line, shape)).collect();
    if style.flat {
        return format!("{{{}}}", members.join(", "));
    }
    let line = style.line(2);
    format!("{{{line}{}{}}}", members.join(&format!(",{line}")), style.line(1))
}

fn document(wanted: &[(&str, String)], shape: Shape) -> String {
    let style = Style { newline: "\n", indent: "  ".into(), flat: false };
    let version = if shape.grouped { "" } else { "\n  \"version\": 1," };
    format!("{{{version}\n  \"hooks\": {}\n}}\n", events(wanted, shape, &style))
}
