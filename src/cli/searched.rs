//! What all commands that use the index share: opening it up to date, with progress on a terminal.

use std::path::PathBuf;

use shiftlog::index::{Index, Mode, Sources};
use shiftlog::journal::Journal;
use shiftlog::record::Record;

use super::context::Context;
use super::progress::Progress;
use super::recorded;

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
        index(context, &self.sources(context), mode)
    }
}

/// The index of a journal, brought up to date as far as that is asked for.
pub(crate) fn index(context: &Context, sources: &Sources<'_>, mode: Mode) -> anyhow::Result<Index> {
    recorded::make_private(context, sources.journal).ok();
    let mut progress = Progress::new(&context.ui, "indexing");
    let index = Index::open(sources, mode, &mut |done, total| {
        // The clock is not asked for each of a million turns.
        if done.is_multiple_of(256) {
            progress.at(done, total, &|total| total.to_string());
        }
    });
    progress.end();
    let index = index?;
    let pending = index.coverage().pending;
    if let Some(notice) = index.notice() {
        context.ui.say(format_args!("note: {} not searched yet: {notice}", changes(pending)));
    }
    Ok(index)
}

fn changes(pending: u64) -> String {
    match pending {
        1 => "1 change is".into(),
        n => format!("{n} changes are"),
    }
}
