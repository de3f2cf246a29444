//! `shiftlog hook`: what coding agents call at their events.
//!
//! Whatever happens, it ends with exit code 0 and in bounded time, and prints nothing to standard output but context for the agent.

mod brief;
mod checklist;
mod events;
mod log;
mod taking;

use std::ffi::OsString;
use std::io::{BufReader, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::{Args, Parser};
use serde::Deserialize as _;
use serde_json::Value;
use shiftlog::agents::{self, AGENTS, hooks};
use shiftlog::journal::store::PRIVATE;

use super::agents::homes;
use super::context::Context;
use super::ui::Ui;

pub(crate) use taking::take_noted;

/// How long it may take in all.
const TIME: Duration = Duration::from_millis(1800);

/// How long an agent may take to send its input.
const PATIENCE: Duration = Duration::from_millis(1000);

/// Bytes of an input.
const LONGEST: u64 = 16 << 20;

/// Take in what a coding agent has just done; for hooks
///
/// `shiftlog install` writes the hooks. The agent's input is read from standard input. At the beginning of a conversation,
/// context for the agent is printed. It never fails: what went wrong is in `.shiftlog/hook.log`.
#[derive(Debug, Args)]
pub(crate) struct HookArgs {
    /// The agent's event, such as SessionStart or Stop
    event: String,
    /// The agent that calls
    #[arg(long, value_name = "AGENT")]
    agent: String,
}

/// What is known of a hook that runs, for the line that says what went wrong.
#[derive(Debug, Default)]
struct Running {
    /// The private directory of its journal.
    private: Option<PathBuf>,
    /// Event and agent.
    what: String,
}

/// What it is going to print.
#[derive(Debug, Default)]
struct Said {
    /// For the agent.
    context: Option<String>,
    /// For people.
    talk: Vec<String>,
    /// What went wrong.
    failures: Vec<String>,
}

/// Whether the command line calls a hook.
pub(crate) fn is_meant(args: &[String]) -> bool {
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--journal" => drop(words.next()),
            flag if flag.starts_with('-') => {}
            word => return word == "hook",
        }
    }
    false
}

/// Runs a hook.
pub(crate) fn main(typed: &[OsString]) -> ExitCode {
    let running = Arc::new(Mutex::new(Running::default()));
    let printing = Arc::new(AtomicBool::new(false));
    watch(&running, &printing);
    std::panic::set_hook(Box::new(|_| {}));
    let mut said = Said::default();
    match catch_unwind(AssertUnwindSafe(|| run(typed, &running, &mut said))) {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(help))) => return Ui::new(false).usage(&help),
        Ok(Err(error)) => said.failures.push(format!("{error:#}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            said = Said { failures: vec![format!("a fault in shiftlog: {}", text.unwrap_or("unknown"))], ..Said::default() };
        }
    }
    printing.store(true, Ordering::SeqCst);
    log::note(&held(&running), &said.failures);
    let ui = Ui::new(false);
    if let Some(context) = &said.context {
        let _ = ui.raw(context.as_bytes());
    }
    said.talk.iter().for_each(|line| ui.say(line));
    ExitCode::SUCCESS
}

fn held(running: &Mutex<Running>) -> std::sync::MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process when its time is over.
fn watch(running: &Arc<Mutex<Running>>, printing: &Arc<AtomicBool>) {
    let (running, printing) = (running.clone(), printing.clone());
    std::thread::spawn(move || {
        std::thread::sleep(TIME);
        if printing.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(150));
        } else if let Ok(running) = running.try_lock() {
            log::note(&running, &[format!("not done after {} ms: `shiftlog import` takes in what is missing", TIME.as_millis())]);
        }
        std::process::exit(0);
    });
}

/// Does what an event asks for; gives help where that is what was asked for.
fn run(typed: &[OsString], running: &Mutex<Running>, said: &mut Said) -> anyhow::Result<Option<clap::Error>> {
    let here = std::env::current_dir().unwrap_or_default();
    held(running).private = private_near(&here);
    let cli = match super::Cli::try_parse_from(typed) {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion) => {
            return Ok(Some(super::lazy::whole(|| super::Cli::try_parse_from(typed)).err().unwrap_or(error)));
        }
        Err(error) => {
            let text = error.to_string();
            let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            anyhow::bail!("{}", lines.join(" ").trim_start_matches("error: "));
        }
    };
    let super::Command::Hook(args) = &cli.command else { return Ok(None) };
    held(running).what = format!("{} {}", args.event, args.agent);
    let named = cli.journal.or_else(|| std::env::var_os("SHIFTLOG_JOURNAL").filter(|j| !j.is_empty()).map(PathBuf::from));
    let is_named = named.is_some();
    if let Some(named) = &named {
        held(running).private = Some(here.join(named)).filter(|root| root.is_dir()).map(|root| root.join(PRIVATE));
    }
    // Talk of what commands share goes nowhere.
    let mut context = Context::new(named, true)?;
    let Some(agent) = agents::named(&args.agent) else {
        let known: Vec<&str> = AGENTS.iter().map(|agent| agent.name()).collect();
        anyhow::bail!("no agent `{}`; agents are {}", args.agent, known.join(", "));
    };
    // Others run the hooks of its project settings as well, and have hooks of their own.
    if agent.name() == "claude" && hooks::OTHERS.iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty())) {
        return Ok(None);
    }
    let input = hooks::Input::parse(agent, &args.event, &input()?, &homes());
    if let Some(cwd) = input.cwd.as_deref().map(PathBuf::from).filter(|cwd| cwd.is_absolute()) {
        context.cwd = cwd;
    }
    if !is_named {
        held(running).private = private_near(&context.cwd);
    }
    if std::env::var_os("SHIFTLOG_TEST_PANIC").is_some() {
        panic!("asked for by a test");
    }
    let Some(journal) = events::journal(&mut context)? else { return Ok(None) };
    held(running).private = Some(journal.root.join(PRIVATE));
    events::Hook::new(&context, &journal, (&input, agent), is_named).run(said);
    Ok(None)
}

/// The private directory of the nearest journal that has one.
fn private_near(dir: &std::path::Path) -> Option<PathBuf> {
    dir.ancestors().map(|dir| dir.join(PRIVATE)).find(|private| private.is_dir())
}

/// What the agent sends: one JSON object. Its end is enough; whoever leaves standard input open is not waited for.
fn input() -> anyhow::Result<Value> {
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        let reader = BufReader::new(std::io::stdin().take(LONGEST));
        let _ = sender.send(Value::deserialize(&mut serde_json::Deserializer::from_reader(reader)));
    });
    match received.recv_timeout(PATIENCE) {
        Ok(Ok(Value::Object(object))) => Ok(Value::Object(object)),
        Ok(Ok(_)) => anyhow::bail!("the input is no JSON object"),
        Ok(Err(error)) if error.is_eof() && error.column() as u64 >= LONGEST => {
            anyhow::bail!("the input is longer than {} MB", LONGEST >> 20)
        }
        Ok(Err(error)) => anyhow::bail!("the input is no JSON: {error}"),
        Err(_) => anyhow::bail!("no input came within {} ms", PATIENCE.as_millis()),
    }
}
