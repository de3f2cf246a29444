//! The clipboard: a text goes there through the program that the person named, else through one that is there.

use std::env;
use std::io::{ErrorKind, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use shiftlog::journal::Error;

use super::context::{Context, in_path};

/// Programs that copy, and the variable without which each is of no use.
const KNOWN: [(&[&str], Option<&str>); 5] = [
    (&["wl-copy"], Some("WAYLAND_DISPLAY")),
    (&["xclip", "-selection", "clipboard"], Some("DISPLAY")),
    (&["xsel", "-ib"], Some("DISPLAY")),
    (&["pbcopy"], None),
    (&["clip.exe"], None),
];

/// How long the words of a program that failed are waited for: something that it left running may hold them open.
const PATIENCE: Duration = Duration::from_secs(1);

/// A program that copies, and its arguments.
#[derive(Debug)]
pub(crate) struct Clipboard(Vec<String>);

impl Clipboard {
    /// The one of the person's settings, else the first of those known that can be used here.
    pub(crate) fn find(context: &Context) -> anyhow::Result<Clipboard> {
        if let Some(command) = context.settings()?.clipboard {
            let words = shell_words::split(&command).with_context(|| format!("could not understand the clipboard command `{command}`"))?;
            anyhow::ensure!(!words.is_empty(), "the clipboard command is empty");
            return Ok(Clipboard(words));
        }
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let usable =
            |(words, needs): &(&[&str], Option<&str>)| needs.is_none_or(set) && words.first().is_some_and(|program| in_path(program));
        let found = KNOWN.into_iter().find(usable).map(|(words, _)| Clipboard(words.iter().map(ToString::to_string).collect()));
        Ok(found.ok_or_else(|| {
            let hint = "install wl-copy, xclip or xsel, or name a program with `clipboard = \"…\"` in your own config.toml";
            Error::refused("no-clipboard", "no program that copies to the clipboard was found", hint)
        })?)
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Gives the text to the program, which must end well.
    pub(crate) fn copy(&self, text: &str) -> anyhow::Result<()> {
        let name = self.name();
        let failed = |why: &str| {
            let hint = "nothing was copied; `clipboard` in your own config.toml names another program";
            Error::refused("clipboard", format!("{name} did not copy: {why}"), hint)
        };
        let mut command = Command::new(name);
        command.args(&self.0[1..]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| failed(&error.to_string()))?;
        // It is read beside: the program may stay, to serve the text to others, and keep its standard error open.
        let (sender, said) = mpsc::channel();
        if let Some(stderr) = child.stderr.take() {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stderr.take(1 << 16).read_to_end(&mut bytes);
                let _ = sender.send(String::from_utf8_lossy(&bytes).trim().to_string());
            });
        }
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text.as_bytes()));
        let status = child.wait().map_err(|error| failed(&error.to_string()))?;
        if !status.success() {
            let said = said.recv_timeout(PATIENCE).unwrap_or_default();
            return Err(failed(if said.is_empty() { status.to_string() } else { said }.as_str()).into());
        }
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(failed(&error.to_string()).into()),
            _ => Ok(()),
        }
    }
}
