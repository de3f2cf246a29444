//! Taking in the files of an agent that a hook names, or that lie near those.

use std::path::Path;
use std::time::{Duration, Instant};

use shiftlog::agents::{self, Agent, hooks};
use shiftlog::intake::{Done, Finish, Intake};
use shiftlog::journal::Journal;
use shiftlog::record::privacy::Privacy;
use shiftlog::record::spool::{self, Untaken};
use shiftlog::record::transcript::Transcript;
use shiftlog::record::{Record, Result};

use crate::cli::agents::{Choice, limits};
use crate::cli::context::Context;
use crate::cli::recorded;

/// Bytes of a file that are new and that a hook reads at most: the time is short.
const MOST: u64 = 48 << 20;

/// How long looking after other conversations may take, and how many files are looked at.
const OTHERS: (Duration, usize) = (Duration::from_millis(300), 20);

/// Bytes of another conversation's file that are new and that are read at most.
const OTHERS_MOST: u64 = 4 << 20;

/// What a file is to tell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish<'w> {
    /// The conversation in it that `late` belongs to; nothing: the first.
    pub(super) session: Option<&'w str>,
    /// What the agent said last.
    pub(super) late: Option<&'w str>,
    /// Where it takes place, if the file does not say so.
    pub(super) cwd: Option<&'w str>,
    /// Bytes that are new and that are read at most; 0: all.
    pub(super) most: u64,
}

/// Takes in files of agents, into one record.
pub(super) struct Taker<'t> {
    pub(super) context: &'t Context,
    pub(super) journal: &'t Journal,
    pub(super) record: &'t Record,
    pub(super) privacy: &'t Privacy,
    pub(super) choice: &'t Choice,
}

impl Taker<'_> {
    /// Takes in what is new in a file; nothing where it is not there, or nothing is new.
    pub(super) fn file(&self, agent: &'static dyn Agent, path: &Path, wish: Wish<'_>) -> Result<std::io::Result<Option<Done>>> {
        let size = match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() => meta.len(),
            _ => return Ok(Ok(None)),
        };
        let known = path.to_str().map_or(Ok(None), |path| self.record.source(path))?;
        let new = size.saturating_sub(known.map_or(0, |known| known.bytes.unsigned_abs()));
        if wish.most > 0 && new > wish.most {
            return Ok(Err(std::io::Error::other("there is too much new for a hook, `shiftlog import` takes it in")));
        }
        let wanted = |transcript: &mut Transcript| {
            transcript.cwd = transcript.cwd.take().or_else(|| wish.cwd.map(str::to_string));
            self.choice.takes(transcript)
        };
        let intake = Intake {
            record: self.record,
            privacy: self.privacy,
            wanted: &wanted,
            choice: self.choice.number(self.privacy),
            limits: limits(self.journal),
            now: self.context.now,
        };
        let mut finish = |transcripts: &mut Vec<Transcript>| {
            let fits = |t: &&mut Transcript| wish.session.is_none_or(|session| t.native_id == session);
            let last = transcripts.iter_mut().find(fits).and_then(|transcript| transcript.turns.last_mut());
            if let (Some(turn), Some(late)) = (last, wish.late) {
                turn.late = Some(late.to_string());
            }
        };
        let finish: Option<&mut Finish<'_>> = if wish.late.is_some() { Some(&mut finish) } else { None };
        intake.file(agent, path, finish)
    }

    /// Takes in what earlier conversations left open: what was not told by hooks, or not yet. Says of which something is new.
    pub(super) fn others(&self, agent: &'static dyn Agent, failures: &mut Vec<String>) -> Result<Vec<String>> {
        let start = Instant::now();
        let mut files: Vec<std::path::PathBuf> =
            self.record.recent_sources(agent.name(), OTHERS.1)?.into_iter().map(|source| source.path.into()).collect();
        let mut near: Vec<std::path::PathBuf> = Vec::new();
        for file in &files {
            if start.elapsed() < OTHERS.0 / 2 && !near.contains(file) {
                near.extend(hooks::near(file, OTHERS.1));
            }
        }
        near.retain(|file| !files.contains(file));
        for file in near {
            let known = file.to_str().map_or(Ok(None), |path| self.record.source(path))?.is_some();
            if start.elapsed() < OTHERS.0 && (known || agent.keeps(&file)) {
                files.push(file);
            }
        }
        let mut changed = Vec::new();
        for file in files {
            if start.elapsed() > OTHERS.0 {
                break;
            }
            match self.file(agent, &file, Wish { most: OTHERS_MOST, ..Wish::default() })? {
                Ok(done) => {
                    let new = done.into_iter().flat_map(|done| done.taken).filter(|taken| taken.turns + taken.changed > 0);
                    changed.extend(new.filter_map(|taken| taken.id));
                }
                Err(error) => failures.push(format!("could not be read: {error}: {}", file.display())),
            }
        }
        Ok(changed)
    }
}

/// How much of a file a hook reads.
pub(super) fn most() -> u64 {
    MOST
}

/// Takes in files that hooks could only note, because the record was busy.
pub(crate) fn take_noted(context: &Context, journal: &Journal, record: &Record) -> anyhow::Result<()> {
    let private = recorded::private(journal);
    let notes = spool::untaken(&private)?;
    if notes.is_empty() {
        return Ok(());
    }
    let privacy = recorded::barriers(context, journal)?;
    for (note, Untaken { agent, path, session, cwd, all, late }) in notes {
        if let Some(agent) = agents::named(&agent) {
            let choice = Choice::new(journal, all);
            let taker = Taker { context, journal, record, privacy: &privacy, choice: &choice };
            let session = Some(session.as_str()).filter(|session| !session.is_empty());
            // A file that cannot be read will be, if it can, when its agent's files are imported.
            let _ = taker.file(agent, &path, Wish { session, late: late.as_deref(), cwd: cwd.as_deref(), most: 0 })?;
        }
        std::fs::remove_file(&note).or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
    }
    Ok(())
}
