//! `.shiftlog/hook.log`: what went wrong in hooks, one line each.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use chrono::{SecondsFormat, Utc};
use shiftlog::record::{new_private, redact};

use super::Running;
use crate::cli::ui::one_line;

/// File name in the private directory.
const FILE: &str = "hook.log";

/// Bytes that the file may have; then the older half goes.
const MOST: u64 = 64 << 10;

/// Characters of a line's text.
const LINE: usize = 500;

/// Writes lines, where that is possible.
pub(super) fn note(running: &Running, failures: &[String]) {
    let Some(private) = running.private.as_deref().filter(|_| !failures.is_empty()) else { return };
    if !private.is_dir() {
        let store = private.parent().map(|root| shiftlog::journal::store::Store::new(root, Utc::now()));
        if store.is_none_or(|store| store.make_private(private).is_err()) {
            return;
        }
    }
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    // One failure may be the cause of the next: they are one line.
    let mut said: Vec<&str> = failures.iter().map(String::as_str).collect();
    said.dedup();
    let text = one_line(&redact::redact(&said.join("; ")), LINE);
    let what = one_line(&redact::redact(&running.what), 80);
    let _ = append(&private.join(FILE), &format!("{time} {what}: {text}\n"));
}

fn append(file: &Path, line: &str) -> std::io::Result<()> {
    if fs::symlink_metadata(file).is_ok_and(|meta| !meta.is_file()) {
        return Ok(());
    }
    if fs::metadata(file).is_ok_and(|meta| meta.len() + line.len() as u64 > MOST) {
        halve(file)?;
    }
    let mut there = match fs::OpenOptions::new().append(true).open(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => match new_private(file) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => fs::OpenOptions::new().append(true).open(file)?,
            made => made?,
        },
        opened => opened?,
    };
    there.write_all(line.as_bytes())
}

/// Keeps the newer half.
fn halve(file: &Path) -> std::io::Result<()> {
    let bytes = fs::read(file)?;
    let half = bytes.len().saturating_sub(MOST as usize / 2);
    let start = bytes[half..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| half + n + 1);
    let temp = file.with_extension(format!("log.{}.temp", std::process::id()));
    let written = new_private(&temp).and_then(|mut new| new.write_all(&bytes[start..])).and_then(|()| fs::rename(&temp, file));
    written.inspect_err(|_| drop(fs::remove_file(&temp)))
}
