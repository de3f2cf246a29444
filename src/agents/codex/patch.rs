//! Patches, scripts and plans, as Codex and its model write them.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

use crate::agents::claude::{first, with_lines};
use crate::agents::teller::action;
use crate::record::action::Action;

fn change(kind: &str, path: &str, added: usize, removed: usize) -> Action {
    if kind == "file-deleted" { action(kind, path) } else { with_lines(action(kind, path), added, removed) }
}

/// What was changed, as it is shown: by path, with the whole text of what is new, and otherwise what differs.
pub(super) fn changed(paths: &Value) -> Vec<Action> {
    let mut changes = Vec::new();
    for (path, how) in paths.as_object().into_iter().flatten() {
        let hunks = first(how, &["unified_diff"]).lines().skip_while(|line| !line.starts_with("@@"));
        let count = |sign| hunks.clone().filter(|line| line.starts_with(sign)).count();
        match (first(how, &["type"]), how["move_path"].as_str()) {
            ("add", _) => changes.push(change("file-created", path, first(how, &["content"]).lines().count(), 0)),
            ("delete", _) => changes.push(change("file-deleted", path, 0, 0)),
            (_, Some(to)) => {
                changes.push(change("file-deleted", path, 0, 0));
                changes.push(change("file-created", to, count('+'), count('-')));
            }
            _ => changes.push(change("file-edited", path, count('+'), count('-'))),
        }
    }
    changes
}

/// The command that a person would type, of the words that are run.
pub(super) fn script(run: &Value) -> String {
    let Some(words) = run.as_array() else { return run.as_str().unwrap_or_default().to_string() };
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let is_flag = |word: &str| matches!(word.to_lowercase().as_str(), "-c" | "-lc" | "-command" | "/c");
    match words.iter().position(|word| is_flag(word)) {
        // A shell runs what comes after it.
        Some(flag) if words.iter().take(flag).any(|word| is_shell(word)) && words.len() > flag + 1 => {
            words.iter().skip(flag + 1).copied().collect::<Vec<_>>().join(" ")
        }
        _ => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
    }
}

fn is_shell(word: &str) -> bool {
    const SHELLS: [&str; 9] = ["sh", "bash", "zsh", "dash", "ksh", "fish", "pwsh", "powershell", "cmd"];
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_lowercase();
    SHELLS.contains(&name.strip_suffix(".exe").unwrap_or(&name))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,~".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_string() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// The patch that a script applies, where it does nothing else.
pub(super) fn in_script(script: &str) -> Option<&str> {
    let start = script.find("*** Begin Patch")?;
    let (before, patch) = script.split_at_checked(start)?;
    let (_, after) = patch.split_once("*** End Patch")?;
    let applies = |part: &str| part.trim_start().starts_with("apply_patch") || part.trim_start().starts_with("applypatch");
    (before.split(['\n', ';', '&']).any(applies) && after.split_whitespace().count() <= 1).then_some(patch)
}

/// The to-do lists in a script that calls `update_plan`: text and state of each step.
pub(super) fn plans(script: &str) -> Vec<Vec<(String, String)>> {
    script.split("update_plan").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('(').map(plan)).filter(|p| !p.is_empty()).collect()
}

/// Reads `{plan: [{step: "…", status: "…"}, …]}` up to where its bracket ends, in JavaScript or JSON.
fn plan(call: &str) -> Vec<(String, String)> {
    let (mut steps, mut step, mut state) = (Vec::new(), None, None);
    let (mut key, mut last, mut depth) = (String::new(), String::new(), 1_u32);
    let mut chars = call.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' | '`' => {
                last = string(&mut chars, c);
                match key.as_str() {
                    "step" => step = Some(last.clone()),
                    "status" => state = Some(last.clone()),
                    _ => {}
                }
                key.clear();
            }
            ':' => key = std::mem::take(&mut last),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if let (true, Some(step)) = (c == '}', step.take()) {
                    steps.push((step, state.take().unwrap_or_else(|| "pending".to_string())));
                }
                if depth == 0 {
                    break;
                }
            }
            c if c.is_alphanumeric() || c == '_' => last.push(c),
            c if c.is_whitespace() => {}
            _ => last.clear(),
        }
        if matches!(c, '{' | ',') {
            last.clear();
        }
    }
    steps
}

/// A string of JavaScript, from behind its first quote.
fn string(chars: &mut Peekable<Chars<'_>>, quote: char) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('u') => {
                    let digits: String = std::iter::from_fn(|| chars.next_if(char::is_ascii_hexdigit)).take(4).collect();
                    text.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(c) => text.push(c),
                None => break,
            },
            c if c == quote => break,
            c => text.push(c),
        }
    }
    text
}
