//! What a search prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use shiftlog::index::result::{Entry, Shown};

use super::{ByArg, Results, SearchArgs};
use crate::cli::context::Context;
use crate::cli::ui::{bold, faint, number, one_line, visible};
use crate::cli::when;

pub(super) fn results(context: &Context, args: &SearchArgs, results: &Results) -> anyhow::Result<()> {
    if context.ui.json {
        return context.ui.answer(answer(results));
    }
    if args.jsonl {
        return results.entries.iter().try_for_each(|(root, entry)| context.ui.data(object(results.by, root.as_deref(), entry)));
    }
    if args.paths {
        return paths(context, results);
    }
    let mut out = String::new();
    if results.explain {
        let _ = writeln!(out, "{}", faint(&format!("query: {}", visible(&results.understood))));
        let terms: Vec<String> = results.terms.iter().map(|(term, weight)| format!("{term} {weight:.2}")).collect();
        let _ = writeln!(out, "{}\n", faint(&format!("terms: {}", visible(&terms.join(", ")))));
    }
    for (word, near) in &results.tried {
        context.ui.say(format_args!("nothing has `{}`; searched for {}", visible(word), visible(&near.join(", "))));
    }
    for problem in &results.problems {
        context.ui.say(format_args!("note: {}", visible(problem)));
    }
    if results.entries.is_empty() {
        nothing(context, results);
        return Ok(());
    }
    let columns = context.ui.columns().unwrap_or(100).clamp(40, 160);
    for (n, (root, entry)) in results.entries.iter().enumerate() {
        if n == results.border && n > 0 {
            let _ = writeln!(out, "{}\n", faint("── these have some of the words ──"));
        }
        if n == 0 && results.border == 0 && results.terms.len() > 1 {
            context.ui.say("nothing has all of the words; these have some");
        }
        result(&mut out, results, root.as_deref(), entry, columns);
    }
    if results.more {
        let _ = writeln!(out, "{}", faint(&format!("more: --offset {}", args.offset + results.entries.len())));
    }
    context.ui.paged(out.trim_end())
}

fn nothing(context: &Context, results: &Results) {
    let covered = &results.coverage;
    let (logs, turns) = (number(covered.logs, "log"), number(covered.turns, "turn"));
    context.ui.say(format_args!("nothing found in {logs} and {turns}"));
    match results.unfiltered {
        Some(0) => context.ui.say("nor without the filters"),
        Some(n) => context.ui.say(format_args!(
            "hint: without the filters {} found",
            if n == 1 { "1 turn or section is".into() } else { format!("{n} turns and sections are") }
        )),
        None => {}
    }
}

fn result(out: &mut String, results: &Results, root: Option<&str>, entry: &Entry, columns: usize) {
    let name = entry.session.as_deref().or(entry.conversation.as_deref()).unwrap_or_default();
    let title = one_line(&entry.title, columns.saturating_sub(40).max(30));
    // A title that begins with the id says it already.
    let head = if title.contains(name) { bold(&title) } else { format!("{}  {title}", bold(name)) };
    let mut about = vec![visible(&entry.status), day(&entry.time)];
    let shown = entry.hits.len();
    if results.by == ByArg::Session && entry.matches > shown {
        about.push(format!("{} more", entry.matches - shown));
    }
    about.extend(root.map(visible));
    let about: Vec<String> = about.into_iter().filter(|a| !a.is_empty()).collect();
    let _ = writeln!(out, "{head}  {}", faint(&about.join(" · ")));
    for hit in &entry.hits {
        line(out, hit, columns);
        if results.explain {
            let p = hit.parts;
            let explained = format!("    score {:.2} = itself {:.2} + around {:.2} + whole {:.2}", hit.score, p.own, p.near, p.context);
            let _ = writeln!(out, "{}", faint(&explained));
        }
        for around in &hit.context {
            let _ = writeln!(out, "{}", faint(&format!("    {}", one_line(around, columns.saturating_sub(6)))));
        }
    }
    out.push('\n');
}

fn day(time: &str) -> String {
    chrono::DateTime::parse_from_rfc3339(time).map(|t| when::local(t.to_utc())).unwrap_or_default()
}

/// Where a hit is, and its passage with what was looked for in bold.
fn line(out: &mut String, hit: &Shown, columns: usize) {
    let place = match (&hit.path, hit.line, &hit.conversation, hit.turn) {
        (Some(path), Some(line), ..) => format!("{}:{line}", visible(path)),
        (_, _, Some(conversation), Some(turn)) => format!("{conversation}:{turn}"),
        _ => String::new(),
    };
    let what = match (&hit.section, hit.role) {
        (Some(section), _) => section.clone(),
        (None, Some(role)) => role.to_string(),
        (None, None) => "log".to_string(),
    };
    let _ = writeln!(out, "  {}  {}", faint(&place), faint(&one_line(&what, 30)));
    for (n, wrapped) in wrap(hit, columns.saturating_sub(4)).into_iter().enumerate() {
        let _ = writeln!(out, "    {wrapped}");
        if n == 3 {
            break;
        }
    }
}

/// A passage in lines of so many characters, broken at blanks.
fn wrap(hit: &Shown, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut width) = (String::new(), 0);
    let mut marks = hit.highlights.iter().peekable();
    let mut at = 0;
    for word in hit.passage.split_inclusive(' ') {
        let length = word.chars().count();
        if width + length > columns + 1 && width > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_string());
            width = 0;
        }
        let mut plain = String::new();
        for c in word.chars() {
            let (begins, ends) = (marks.peek().is_some_and(|(from, _)| *from == at), marks.peek().is_some_and(|(_, to)| *to == at + 1));
            if begins {
                line.push_str(&visible(&std::mem::take(&mut plain)));
                line.push_str("\u{1b}[1;33m");
            }
            plain.push(c);
            at += 1;
            if ends {
                line.push_str(&visible(&std::mem::take(&mut plain)));
                line.push_str("\u{1b}[0m");
                marks.next();
            }
        }
        line.push_str(&visible(&plain));
        width += length;
    }
    lines.push(line.trim_end().to_string());
    lines
}

fn paths(context: &Context, results: &Results) -> anyhow::Result<()> {
    let mut said: Vec<String> = Vec::new();
    for (root, entry) in &results.entries {
        for hit in &entry.hits {
            let place = hit.path.as_ref().or(hit.conversation.as_ref()).cloned().unwrap_or_default();
            let place = match (root, &hit.path) {
                (Some(root), Some(path)) => format!("{root}/{path}"),
                _ => place,
            };
            if !said.contains(&place) {
                said.push(place);
            }
        }
    }
    said.iter().try_for_each(|place| context.ui.foreign(&format!("{place}\n")))
}

fn object(by: ByArg, root: Option<&str>, entry: &Entry) -> Json {
    let mut value = match (by, entry.hits.first()) {
        (ByArg::Session, _) | (_, None) => json!(entry),
        (_, Some(hit)) => {
            let mut value = json!(hit);
            value["session"] = json!(entry.session);
            value["title"] = json!(entry.title);
            value["status"] = json!(entry.status);
            value
        }
    };
    if let Some(root) = root {
        value["journal"] = root.into();
    }
    value
}

fn answer(results: &Results) -> Json {
    let key = match results.by {
        ByArg::Session => "sessions",
        ByArg::Section => "sections",
        ByArg::Turn => "turns",
    };
    let found: Vec<Json> = results.entries.iter().map(|(root, entry)| object(results.by, root.as_deref(), entry)).collect();
    let tried: Vec<Json> = results.tried.iter().map(|(word, near)| json!({"word": word, "instead": near})).collect();
    let mut answer = json!({
        "query": results.query, key: found, "all_words": results.border, "more": results.more, "tried": tried, "hints": results.hints,
        "coverage": results.coverage,
    });
    if results.explain {
        let terms: Vec<Json> = results.terms.iter().map(|(term, weight)| json!({"term": term, "weight": weight})).collect();
        answer["explain"] = json!({"query": results.understood, "terms": terms});
    }
    if !results.problems.is_empty() {
        answer["problems"] = json!(results.problems);
    }
    answer
}

pub(super) fn facets(context: &Context, order: &[String], facets: &BTreeMap<String, Vec<(String, u64)>>) -> anyhow::Result<()> {
    for facet in order {
        let values = facets.get(facet).map(Vec::as_slice).unwrap_or_default();
        context.ui.data(bold(facet))?;
        for (value, count) in values {
            context.ui.data(format_args!("  {count:>6}  {}", one_line(value, 80)))?;
        }
    }
    Ok(())
}
