//! Byte identity over notes that people and other tools wrote.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{TimeZone, Utc};
use serde_yaml::Value;
use shiftlog::journal::edit::Editor;
use shiftlog::journal::entry::NewEntry;
use shiftlog::journal::frontmatter::{self, Properties};
use shiftlog::journal::outline::Outline;
use shiftlog::journal::placeholder::Placeholders;
use shiftlog::journal::profile::Profile;

use crate::builder::shared;

pub(crate) fn notes() -> Vec<(PathBuf, String)> {
    let Some(root) = shared("vaults") else { return Vec::new() };
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    let notes = files.filter(|f| f.path().extension().is_some_and(|e| e == "md"));
    notes.filter_map(|f| fs::read_to_string(f.path()).ok().map(|t| (f.into_path(), t))).collect()
}

/// The same note with other line endings, with a byte-order mark, without its final line ending.
pub(crate) fn variants(text: &str) -> Vec<String> {
    let crlf = text.replace('\n', "\r\n");
    let mut mixed = String::new();
    for (i, line) in text.split_inclusive('\n').enumerate() {
        if i % 3 == 1 { mixed.push_str(&line.replace('\n', "\r\n")) } else { mixed.push_str(line) }
    }
    vec![text.to_string(), format!("\u{feff}{text}"), crlf.clone(), format!("\u{feff}{crlf}"), mixed, text.trim_end().to_string()]
}

/// The bytes that `after` has and `before` has not, if all others stand in the same order.
pub(crate) fn inserted<'t>(before: &str, after: &'t str) -> Option<&'t str> {
    let (b, a) = (before.as_bytes(), after.as_bytes());
    let head = b.iter().zip(a).take_while(|(x, y)| x == y).count();
    let tail = b[head..].iter().rev().zip(a[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    (head + tail == b.len()).then(|| &after[head..a.len() - tail])
}

#[test]
fn set_then_unset_restores_every_note() {
    let mut done = 0;
    let mut refused = Vec::new();
    for (path, text) in notes() {
        for (i, text) in variants(&text).into_iter().enumerate() {
            let Ok(properties) = Properties::read(&text, &path) else {
                assert!(frontmatter::set(&text, "zzprobe", &Value::Bool(true), &path).is_err(), "{}", path.display());
                continue;
            };
            if properties.map().is_empty() {
                continue;
            }
            for (key, value) in [
                ("zzprobe", Value::String("yes".into())),
                ("zz.probe.deep", Value::Number(7.into())),
                ("zzlist", Value::Sequence(vec!["a b".into()])),
            ] {
                let Some(set) = frontmatter::set(&text, key, &value, &path).unwrap_or_else(|e| {
                    refused.push(format!("{}: {e}", path.display()));
                    None
                }) else {
                    continue;
                };
                assert!(inserted(&text, &set).is_some(), "{} {i} {key}", path.display());
                let back = frontmatter::unset(&set, key, &path).unwrap_or_else(|e| panic!("{} {i} {key}: {e}", path.display()));
                assert_eq!(back.as_deref(), Some(text.as_str()), "{} {i} {key}", path.display());
                done += 1;
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(done == 0 || done > 10_000, "{done}");
}

#[test]
fn add_changes_one_span_of_every_note() {
    let profile = Profile::load("resonance7", &toml::Table::new(), Path::new("shiftlog.toml")).expect("built in");
    let placeholders = Placeholders::default();
    let now = Utc.with_ymd_and_hms(2026, 11, 20, 14, 30, 0).single().expect("a time");
    for (path, text) in notes() {
        for (i, text) in variants(&text).into_iter().enumerate() {
            let editor = Editor { profile: &profile, placeholders: &placeholders, path: &path, now };
            if Properties::read(&text, &path).is_err() {
                assert!(editor.add(&text, &NewEntry::new("decision", "A probe")).is_err());
                continue;
            }
            for kind in ["decision", "problem", "next"] {
                let entry = NewEntry::new(kind, "A probe that no note holds");
                match editor.add(&text, &entry) {
                    Ok(edited) => {
                        let new = edited.text.expect("it was added");
                        let span = inserted(&text, &new).unwrap_or_else(|| panic!("{} {i} {kind}", path.display()));
                        assert!(span.contains("A probe that no note holds"));
                        let again = editor.add(&new, &entry).expect("it is there");
                        assert_eq!(again.text, None, "{} {i} {kind}", path.display());
                    }
                    Err(error) => assert!(Outline::parse(&text).unclosed().is_some(), "{} {i}: {error}", path.display()),
                }
            }
        }
    }
}
