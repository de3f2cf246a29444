//! What all commands that use the index share: opening it up to date, with progress on a terminal.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use shiftlog::index::{Index, Mode, Sources};
use shiftlog::journal::Journal;
use shiftlog::record::Record;

use super::context::Context;
use super::recorded;

/// After so long, progress is shown.
const PATIENCE: Duration = Duration::from_secs(2);

/// A journal with its record, whose index is asked.
pub(crate) struct Searched {
    pub(crate) journal: Journal,
    pub(crate) record: Option<Record>,
    private: PathBuf,
}

impl Searched {
    /// The journal and its record, if it has one that can be read.
    pub(crate) fn open(context: &Context, journal: Journal) -> anyhow::Result<Searched> {
        let private = recorded::private(&journal);
        let record = recorded::find(context, &journal)?;
        Ok(Searched { journal, record, private })
    }

    pub(crate) fn sources(&self, context: &Context) -> Sources<'_> {
        Sources { journal: &self.journal, record: self.record.as_ref(), private: &self.private, now: context.now }
    }

    /// The index, brought up to date as far as that is asked for.
    pub(crate) fn index(&self, context: &Context, mode: Mode) -> anyhow::Result<Index> {
        recorded::make_private(context, &self.journal).ok();
        let mut bar = Bar { begun: Instant::now(), shown: None, terminal: std::io::stderr().is_terminal() && !context.ui.json };
        let index = Index::open(&self.sources(context), mode, &mut |done, total| bar.show(done, total));
        bar.clear();
        let index = index?;
        let pending = index.coverage().pending;
        if let Some(notice) = index.notice() {
            context.ui.say(format_args!("note: {} not searched yet: {notice}", changes(pending)));
        }
        Ok(index)
    }
}

fn changes(pending: u64) -> String {
    match pending {
        1 => "1 change is".into(),
        n => format!("{n} changes are"),
    }
}

/// How far a long update is, on one line that is taken away again.
struct Bar {
    begun: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Bar {
    fn show(&mut self, done: u64, total: u64) {
        // The clock is not asked for each of a million turns.
        if !self.terminal || !done.is_multiple_of(256) || self.begun.elapsed() < PATIENCE {
            return;
        }
        if self.shown.is_some_and(|shown| shown.elapsed() < Duration::from_millis(100)) {
            return;
        }
        self.shown = Some(Instant::now());
        let percent = done * 100 / total.max(1);
        let _ = write!(std::io::stderr(), "\rindexing: {}% of {total}\u{1b}[K", percent.min(100));
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
