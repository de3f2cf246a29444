//! The program that a person's settings name for `capture`: it gets the facts of a conversation and answers with a document.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;
use shiftlog::capture::digest::Digest;
use shiftlog::capture::entries::About;
use shiftlog::intake::OWN;
use shiftlog::journal::document::Document;

use super::settings::SummarizeSettings;

/// Bytes of an answer.
const LONGEST: u64 = 4 << 20;

/// How often it is looked whether the program has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks the program, if one is named. What it begins with keeps the conversation of an agent that answers out of the record.
pub(crate) fn ask(settings: &SummarizeSettings, digest: &Digest, about: &About) -> anyhow::Result<Option<Document>> {
    let Some(command) = settings.command.as_deref().filter(|command| !command.trim().is_empty()) else { return Ok(None) };
    let words = shell_words::split(command).with_context(|| format!("could not understand `{command}`"))?;
    let Some((program, args)) = words.split_first() else { return Ok(None) };
    let facts = json!({"cwd": about.cwd, "branch": about.branch, "conversation": digest});
    let question = format!("{OWN}\"facts\",{}", facts.to_string().trim_start_matches('{'));
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let answer = answer(&mut child, question, Duration::from_secs(settings.seconds));
    if answer.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    Ok(Some(Document::parse(&answer?, Path::new(program))?))
}

fn answer(child: &mut Child, question: String, limit: Duration) -> anyhow::Result<String> {
    let began = Instant::now();
    let mut input = child.stdin.take().context("it has no standard input")?;
    let output = child.stdout.take().context("it has no standard output")?;
    // A program need not read what it is given.
    std::thread::spawn(move || drop(input.write_all(question.as_bytes())));
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = sender.send(output.take(LONGEST).read_to_string(&mut text).map(|_| text));
    });
    let late = || format!("it did not answer within {} s", limit.as_secs());
    let text = received.recv_timeout(limit).map_err(|_| anyhow::anyhow!(late()))??;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(text),
            Some(status) => anyhow::bail!("it ended with {status}"),
            None if began.elapsed() >= limit => anyhow::bail!(late()),
            None => std::thread::sleep(PAUSE),
        }
    }
}
