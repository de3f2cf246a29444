//! How far long work is: one line on a terminal's standard error, taken away again at the end.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::ui::Ui;

/// After so long, progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);
/// And then so often.
const PAUSE: Duration = Duration::from_millis(100);

/// The line that says how far work is.
pub(crate) struct Progress {
    what: &'static str,
    begun: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// Nothing is shown where standard error is no terminal, or the answer is for a program.
    pub(crate) fn new(ui: &Ui, what: &'static str) -> Progress {
        let terminal = !ui.json && std::io::stderr().is_terminal();
        Progress { what, begun: Instant::now(), shown: None, terminal }
    }

    /// So much is done, as `total` is called in the line.
    pub(crate) fn at(&mut self, done: u64, total: u64, named: &dyn Fn(u64) -> String) {
        if !self.terminal || self.begun.elapsed() < PATIENCE || self.shown.is_some_and(|shown| shown.elapsed() < PAUSE) {
            return;
        }
        self.shown = Some(Instant::now());
        let percent = (u128::from(done.min(total)) * 100 / u128::from(total.max(1))) as u64;
        let _ = write!(std::io::stderr(), "\r{}: {percent} % of {}\u{1b}[K", self.what, named(total));
    }

    /// Takes the line away.
    pub(crate) fn end(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
