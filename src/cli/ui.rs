//! Everything that is printed. Standard output is data, standard error is talk.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use serde_json::{Value, json};
use shiftlog::{agents, index, journal, record};

/// How a command ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Done.
    Done,
    /// Nothing was found, or `lint` and its like found problems.
    Nothing,
    /// A damaged file was found, and said.
    Damaged,
}

/// The program's face.
#[derive(Debug)]
pub(crate) struct Ui {
    /// Answers are JSON.
    pub(crate) json: bool,
}

impl Ui {
    pub(crate) fn new(json: bool) -> Ui {
        Ui { json }
    }

    /// Prints data.
    pub(crate) fn data(&self, text: impl Display) -> anyhow::Result<()> {
        Ok(writeln!(anstream::stdout(), "{text}")?)
    }

    /// Prints text, on a terminal that it does not fit on through the pager of `$PAGER`, or `less`.
    pub(crate) fn paged(&self, text: &str) -> anyhow::Result<()> {
        let rows = terminal_size::terminal_size_of(io::stdout()).map(|(_, height)| usize::from(height.0));
        let long = io::stdout().is_terminal() && rows.is_some_and(|rows| text.lines().count() >= rows);
        if !long || !page(text) {
            self.data(text)?;
        }
        Ok(())
    }

    /// Prints bytes as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Prints text of others: as it is into a file or another program, with control characters shown on a terminal.
    pub(crate) fn foreign(&self, text: &str) -> anyhow::Result<()> {
        if io::stdout().is_terminal() { self.raw(visible(text).as_bytes()) } else { self.raw(text.as_bytes()) }
    }

    /// Columns of the terminal that data goes to.
    pub(crate) fn columns(&self) -> Option<usize> {
        terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into())
    }

    /// Prints one line of talk; with `--json` there is none.
    pub(crate) fn say(&self, text: impl Display) {
        if !self.json {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Asks a person, and reads one line without blanks around it; nothing where the input has ended.
    pub(crate) fn ask(&self, question: impl Display) -> anyhow::Result<Option<String>> {
        self.say(question);
        io::stderr().flush()?;
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim().to_string()))
    }

    /// Prints the one JSON object of an answer.
    pub(crate) fn answer(&self, mut value: Value) -> anyhow::Result<()> {
        if let Value::Object(map) = &mut value {
            map.shift_insert(0, "success".into(), Value::Bool(true));
        }
        Ok(writeln!(io::stdout(), "{value}")?)
    }

    /// The exit code of a command's result; failures are printed.
    pub(crate) fn finish(&self, result: anyhow::Result<Ended>) -> ExitCode {
        match result {
            Ok(Ended::Done) => ExitCode::SUCCESS,
            Ok(Ended::Nothing) => ExitCode::from(1),
            Ok(Ended::Damaged) => ExitCode::from(2),
            Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => {
                self.failure(&error);
                ExitCode::from(2)
            }
        }
    }

    fn failure(&self, error: &anyhow::Error) {
        let (kind, hint, candidates) = facts(error);
        let causes = || error.chain().map(ToString::to_string).collect::<Vec<_>>();
        if self.json {
            let message = causes().join(": ");
            let mut answer = json!({"success": false, "error": {"kind": kind, "message": message, "hint": hint, "candidates": candidates}});
            if let Some(record::Error::Busy { kept: Some(kept), .. }) = error.downcast_ref() {
                answer["error"]["kept"] = kept.display().to_string().into();
            }
            let _ = writeln!(io::stdout(), "{answer}");
            return;
        }
        let mut causes = causes().into_iter();
        let _ = writeln!(io::stderr(), "shiftlog: {}", visible(&causes.next().unwrap_or_default()));
        for cause in causes {
            let _ = writeln!(io::stderr(), "  {}", visible(&cause));
        }
        if let Some(hint) = hint {
            let _ = writeln!(io::stderr(), "hint: {}", visible(&hint));
        }
    }

    /// A command line that could not be understood, or help.
    pub(crate) fn usage(&self, error: &clap::Error) -> ExitCode {
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        if self.json {
            let text = error.to_string();
            let said: Vec<&str> = text.lines().take_while(|l| !l.starts_with("Usage")).map(str::trim).filter(|l| !l.is_empty()).collect();
            let message = said.join(" ");
            let message = message.trim_start_matches("error: ");
            let _ = writeln!(
                io::stdout(),
                "{}",
                json!({"success": false, "error": {"kind": "usage", "message": message, "hint": "`shiftlog --help` shows all commands", "candidates": []}})
            );
        } else {
            let _ = error.print();
        }
        ExitCode::from(2)
    }
}

/// Shows text in a pager; says whether there was one.
fn page(text: &str) -> bool {
    let pager = std::env::var("PAGER").ok().filter(|p| !p.trim().is_empty()).unwrap_or_else(|| "less".into());
    let Ok(words) = shell_words::split(&pager) else { return false };
    let Some((program, args)) = words.split_first() else { return false };
    let mut command = std::process::Command::new(program);
    command.args(args).stdin(std::process::Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // Whoever leaves the pager early has seen enough.
        let plain = anstream::AutoStream::choice(&io::stdout()) == anstream::ColorChoice::Never;
        let text = if plain { anstream::adapter::strip_str(text).to_string() } else { text.to_string() };
        let _ = input.write_all(text.as_bytes()).and_then(|()| input.write_all(b"\n"));
    }
    let _ = child.wait();
    true
}

/// What the library says of a failure: its kind, what to do, and what may have been meant.
fn facts(error: &anyhow::Error) -> (&'static str, Option<String>, Vec<String>) {
    for cause in error.chain() {
        if let Some(known) = cause.downcast_ref::<journal::Error>() {
            return (known.kind(), known.hint(), known.candidates().to_vec());
        }
        if let Some(known) = cause.downcast_ref::<record::Error>() {
            return (known.kind(), known.hint(), known.candidates());
        }
        if let Some(known) = cause.downcast_ref::<index::Error>() {
            return (known.kind(), known.hint(), Vec::new());
        }
        if let Some(known) = cause.downcast_ref::<agents::install::Error>() {
            return (known.kind(), known.hint(), Vec::new());
        }
    }
    ("error", None, Vec::new())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|e| e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

/// Text with control characters shown, not obeyed; line breaks and tabs stay.
pub(crate) fn visible(text: &str) -> String {
    let plain = |c: char| c == '\n' || c == '\t' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    if text.chars().all(plain) {
        return text.to_string();
    }
    let shown = |c: char| match c {
        '\n' | '\t' => c.to_string(),
        c if c.is_control() && u32::from(c) < 0x20 => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}').to_string(),
        '\u{7f}' => '\u{2421}'.to_string(),
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => format!("\\u{{{:x}}}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

/// The same on one line, cut at a word to so many characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let text = visible(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    let end = cut.rfind(' ').filter(|n| *n > cut.len() / 2).unwrap_or(cut.len());
    format!("{}…", &cut[..end])
}

/// A number of files: `14 files`.
pub(crate) fn counted(files: usize) -> String {
    number(files as u64, "file")
}

/// A number of things: `1 turn`, `14 turns`.
pub(crate) fn number(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes, rounded down: `52 kB`.
pub(crate) fn size(bytes: u64) -> String {
    let unit = ["bytes", "kB", "MB", "GB"];
    let power = (0..3).take_while(|n| bytes >= 1000_u64.pow(n + 1)).count();
    format!("{} {}", bytes / 1000_u64.pow(power as u32), unit[power])
}

/// Bold, where colours are shown.
pub(crate) fn bold(text: &str) -> String {
    format!("\u{1b}[1m{text}\u{1b}[0m")
}

/// Faint, where colours are shown.
pub(crate) fn faint(text: &str) -> String {
    format!("\u{1b}[2m{text}\u{1b}[0m")
}

/// The change from one text to another as a unified diff; the file may be new.
pub(crate) fn unified_diff(name: &str, before: Option<&str>, after: &str) -> String {
    let old = before.map_or("/dev/null".to_string(), |_| format!("a/{name}"));
    let diff = similar::TextDiff::from_lines(before.unwrap_or_default(), after);
    diff.unified_diff().context_radius(3).header(&old, &format!("b/{name}")).to_string()
}
