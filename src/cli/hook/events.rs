//! What each event asks for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use shiftlog::agents::Agent;
use shiftlog::agents::hooks::{self, Event, Input};
use shiftlog::intake::Done;
use shiftlog::journal::{Error, Journal};
use shiftlog::record::pending::{self, Prompt};
use shiftlog::record::privacy::Privacy;
use shiftlog::record::spool::Untaken;
use shiftlog::record::{self, Record, Settings};

use super::taking::{Taker, Wish, most, take_noted};
use super::{Said, brief, checklist};
use crate::cli::agents::{Choice, project};
use crate::cli::context::Context;
use crate::cli::{capture, recorded};

/// How long a busy record is waited for, each time it is tried.
const PATIENCE: Duration = Duration::from_millis(60);

/// Bytes by which a file grows before the use of a tool is a reason to read it: its last turn is read from the beginning.
const GROWN: u64 = 256 << 10;

/// How old a prompt is whose conversation never got a file.
const FORSAKEN: TimeDelta = TimeDelta::hours(1);

/// Variables that name the project's directory: an agent may have gone elsewhere.
const PROJECTS: [&str; 4] = ["CLAUDE_PROJECT_DIR", "GEMINI_PROJECT_DIR", "QWEN_PROJECT_DIR", "COPILOT_PROJECT_DIR"];

/// The journal of the directory that the agent works in, else of its project; nothing where there is none.
pub(super) fn journal(context: &mut Context) -> anyhow::Result<Option<Journal>> {
    match context.journal() {
        Err(error) if matches!(error.downcast_ref(), Some(Error::NoJournal { .. })) => {}
        found => return found.map(Some),
    }
    let projects = PROJECTS.iter().filter_map(std::env::var_os).map(PathBuf::from);
    for project in projects.filter(|dir| dir.is_absolute()) {
        let there = std::mem::replace(&mut context.cwd, project);
        if let Ok(journal) = context.journal() {
            return Ok(Some(journal));
        }
        context.cwd = there;
    }
    Ok(None)
}

/// A hook that runs.
pub(super) struct Hook<'h> {
    context: &'h Context,
    journal: &'h Journal,
    input: &'h Input,
    agent: &'static dyn Agent,
    choice: Choice,
    is_named: bool,
}

/// What was taken in.
#[derive(Debug, Default)]
struct Taken {
    /// The conversation.
    conversation: Option<String>,
    /// Something of it is new.
    changed: bool,
    /// Its file was there.
    there: bool,
    /// All conversations of which something is new.
    new: Vec<String>,
}

impl Taken {
    fn add(&mut self, done: &Done) {
        let new = done.taken.iter().filter(|t| t.turns + t.changed + t.actions > 0);
        self.new.extend(new.filter_map(|t| t.id.clone()));
        self.changed |= !self.new.is_empty();
    }
}

impl<'h> Hook<'h> {
    pub(super) fn new(context: &'h Context, journal: &'h Journal, (input, agent): (&'h Input, &'static dyn Agent), is_named: bool) -> Self {
        Hook { context, journal, input, agent, choice: Choice::new(journal, is_named), is_named }
    }

    /// Does what the event asks for; what goes wrong is said, and does not keep the rest from being done.
    pub(super) fn run(&self, said: &mut Said) {
        let mut record = None;
        if self.input.event != Event::Other {
            match self.record(&mut record, said) {
                Ok(()) => {}
                Err(error) if is_busy(&error) => {
                    said.failures.push("the record is busy: what was to be taken in is noted, and the next command does it".into());
                    self.note(said);
                }
                Err(error) => said.failures.push(format!("{error:#}")),
            }
        }
        if let Event::Start { source } = &self.input.event {
            let of = (self.agent.name(), self.input.session.as_str());
            match brief::text(
                self.context,
                self.journal,
                record.as_ref(),
                (of, source),
                self.input.transcripts.first().map(PathBuf::as_path),
            ) {
                Ok(text) => said.context = text.map(|text| hooks::context(self.agent, &text)),
                Err(error) => said.failures.push(format!("{error:#}")),
            }
        }
    }

    /// What the event asks of the record.
    fn record(&self, opened: &mut Option<Record>, said: &mut Said) -> anyhow::Result<()> {
        let privacy = recorded::barriers(self.context, self.journal)?;
        if self.is_barred(&privacy) {
            return Ok(());
        }
        if let Event::Prompt { text: Some(text) } = &self.input.event {
            self.keep(text)?;
        }
        let files = || self.input.transcripts.iter().any(|file| file.is_file());
        let sub = |event: &Event| matches!(event, Event::SubagentStop { transcript: Some(file) } if file.is_file());
        let private = recorded::private(self.journal);
        let start = matches!(self.input.event, Event::Start { .. });
        // Where there is nothing to record, no record is made.
        let anything = files() || sub(&self.input.event) || (start && private.join(record::FILE).exists());
        if !anything {
            if self.input.event == Event::End && private.is_dir() {
                self.forget()?;
            }
            // A conversation in which nothing was said has no file when it ends.
            if matches!(self.input.event, Event::Stop | Event::Compact) {
                let files = self.input.transcripts.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
                said.failures.push(match files.as_str() {
                    "" => "the input names no transcript".to_string(),
                    files => format!("there is no such transcript: {files}"),
                });
            }
            return self.resurrect(None, &privacy);
        }
        let record = self.open()?;
        let record = opened.insert(record);
        let taker = Taker { context: self.context, journal: self.journal, record, privacy: &privacy, choice: &self.choice };
        let taken = match &self.input.event {
            Event::Start { .. } => {
                let taken = self.take(&taker, None, said)?;
                let mut left = taken.new.clone();
                left.extend(taker.others(self.agent, &mut said.failures)?);
                for conversation in left {
                    if let Err(error) = capture::bring_up(self.context, self.journal, record, &conversation) {
                        said.failures.push(format!("a log was not brought up to date: {error:#}"));
                    }
                }
                self.resurrect(Some(record), &privacy)?;
                Taken { changed: false, ..taken }
            }
            Event::Tool if !self.has_grown(record)? => return Ok(()),
            Event::SubagentStop { transcript } => self.take(&taker, transcript.as_deref(), said)?,
            _ => self.take(&taker, None, said)?,
        };
        if matches!(self.input.event, Event::Stop | Event::Compact) && taken.there || self.input.event == Event::End {
            self.forget()?;
        }
        self.bring_up(record, &taken, said);
        Ok(())
    }

    /// Brings the conversation's log up to date, where something is new or it is the last opportunity.
    fn bring_up(&self, record: &Record, taken: &Taken, said: &mut Said) {
        let event = &self.input.event;
        let always = matches!(event, Event::Compact | Event::End);
        let due = always || (taken.changed && matches!(event, Event::Stop | Event::SubagentStop { .. }));
        let Some(conversation) = taken.conversation.as_deref().filter(|_| due) else { return };
        let written = match capture::bring_up(self.context, self.journal, record, conversation) {
            Ok(written) => written,
            Err(error) => {
                said.failures.push(format!("the log was not brought up to date: {error:#}"));
                None
            }
        };
        if *event == Event::End {
            if let Some(written) = written.filter(|written| written.created || written.changed) {
                let what = if written.created { "begun" } else { "brought up to date" };
                said.talk.push(format!("shiftlog: log {} was {what}", written.log));
            }
            match checklist::lines(self.context, self.journal, record, conversation) {
                Ok(lines) => said.talk.extend(lines),
                Err(error) => said.failures.push(format!("{error:#}")),
            }
        }
    }

    /// Nothing of what happens here is recorded.
    fn is_barred(&self, privacy: &Privacy) -> bool {
        let cwd = self.context.cwd.as_path();
        privacy.barrier(project(cwd).as_deref(), Some(cwd)).is_some()
    }

    fn settings(&self) -> Settings {
        Settings { patience: PATIENCE, ..recorded::settings(self.journal) }
    }

    fn open(&self) -> anyhow::Result<Record> {
        let private = recorded::make_private(self.context, self.journal)?;
        let record = Record::open(&private, self.settings())?;
        record.take_in(&private)?;
        take_noted(self.context, self.journal, &record)?;
        Ok(record)
    }

    /// Takes in the files of the conversation and of its subagents.
    fn take(&self, taker: &Taker<'_>, subagent: Option<&Path>, said: &mut Said) -> anyhow::Result<Taken> {
        let mut taken = Taken::default();
        let wish = Wish { cwd: self.input.cwd.as_deref(), most: most(), ..Wish::default() };
        let late = self.input.late.as_deref();
        let main = Wish { session: Some(&self.input.session), late: late.filter(|_| self.input.event == Event::Stop), ..wish };
        let mut files: Vec<(PathBuf, Wish<'_>)> = Vec::new();
        for file in self.input.transcripts.iter().filter(|file| file.is_file()) {
            taken.there = true;
            files.push((file.clone(), main));
            if !matches!(self.input.event, Event::Prompt { .. } | Event::Tool) {
                files.extend(self.agent.subagents(file).into_iter().map(|file| (file, wish)));
            }
        }
        if let Some(file) = subagent {
            files.retain(|(path, _)| path != file);
            files.push((file.to_path_buf(), Wish { late, ..wish }));
        }
        for (file, wish) in files {
            match taker.file(self.agent, &file, wish)? {
                Ok(done) => done.iter().for_each(|done| taken.add(done)),
                Err(error) => said.failures.push(format!("could not be read: {error}: {}", file.display())),
            }
        }
        taken.conversation = taker.record.of_agent(self.agent.name(), &self.input.session)?.map(|c| c.id);
        Ok(taken)
    }

    /// Whether so much is new in a file that it is worth reading before the turn ends.
    fn has_grown(&self, record: &Record) -> anyhow::Result<bool> {
        for file in &self.input.transcripts {
            let known = file.to_str().map_or(Ok(None), |path| record.source(path))?;
            let size = std::fs::metadata(file).map_or(0, |meta| meta.len());
            if size.saturating_sub(known.map_or(0, |known| known.bytes.unsigned_abs())) >= GROWN {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps a prompt until its file has been taken in.
    fn keep(&self, text: &str) -> anyhow::Result<()> {
        let [transcript] = self.input.transcripts.as_slice() else { return Ok(()) };
        if self.input.session.is_empty() || self.agent.name() == "opencode" {
            return Ok(());
        }
        let private = recorded::make_private(self.context, self.journal)?;
        let prompt = Prompt {
            agent: self.agent.name().to_string(),
            session: self.input.session.clone(),
            transcript: transcript.clone(),
            cwd: self.input.cwd.clone(),
            text: text.to_string(),
            key: self.input.prompt.clone().unwrap_or_else(|| text.to_string()),
            time: self.context.now,
        };
        Ok(prompt.keep(&private, &self.settings())?)
    }

    fn forget(&self) -> record::Result<()> {
        pending::forget(&recorded::private(self.journal), (self.agent.name(), &self.input.session), self.context.now)
    }

    /// Records prompts whose conversations never got a file: the agent died before.
    fn resurrect(&self, record: Option<&Record>, privacy: &Privacy) -> anyhow::Result<()> {
        if !matches!(self.input.event, Event::Start { .. }) {
            return Ok(());
        }
        let private = recorded::private(self.journal);
        let forsaken = pending::waiting(&private, self.agent.name())?;
        for (file, prompt) in forsaken.into_iter().filter(|(_, prompt)| self.context.now - prompt.time >= FORSAKEN) {
            if prompt.transcript.exists() {
                // Then it was taken in, or will be.
                pending::remove(&file)?;
                continue;
            }
            let Some(record) = record else { return self.resurrect(Some(&self.open()?), privacy) };
            let mut told = prompt.told();
            if self.choice.takes(&mut told) {
                record.take_told(&told, privacy, self.context.now)?;
            }
            pending::remove(&file)?;
        }
        Ok(())
    }

    /// Notes what could not be taken in because the record was busy; whoever opens the record next does it.
    fn note(&self, said: &mut Said) {
        let private = recorded::private(self.journal);
        let subagent = match &self.input.event {
            Event::SubagentStop { transcript } => transcript.clone(),
            _ => None,
        };
        let main = self.input.transcripts.iter().map(|file| (file.clone(), self.input.session.clone(), self.input.event == Event::Stop));
        for (path, session, has_late) in main.chain(subagent.map(|file| (file, String::new(), true))).filter(|(path, ..)| path.is_file()) {
            let untaken = Untaken {
                agent: self.agent.name().to_string(),
                path,
                session,
                cwd: self.input.cwd.clone(),
                all: self.is_named,
                late: self.input.late.clone().filter(|_| has_late),
            };
            if let Err(error) = untaken.keep(&private, &self.settings()) {
                said.failures.push(format!("{error}"));
            }
        }
    }
}

fn is_busy(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(record::Error::Busy { .. }))
}
