//! `shiftlog install --check`: what is installed, and whether each hook runs.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;
use shiftlog::agents::Agent;
use shiftlog::agents::install::{Hook, Installer, State, sample};

use super::InstallArgs;
use crate::cli::context::Context;
use crate::cli::ui::{Ended, number, one_line, visible};

/// How long a hook may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How often a hook is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// How a hook ran.
#[derive(Debug, Serialize)]
struct Tried {
    event: String,
    command: String,
    /// Its exit status; none where it was stopped.
    exit: Option<i32>,
    output: String,
    problem: Option<String>,
}

/// What was found out about one agent.
#[derive(Debug, Serialize)]
struct Checked {
    agent: &'static str,
    title: &'static str,
    state: &'static str,
    hooks: Vec<Tried>,
    problems: Vec<String>,
    notes: Vec<String>,
    todo: Vec<String>,
}

pub(super) fn run(context: &Context, args: &InstallArgs, installer: &Installer, agents: &[&'static dyn Agent]) -> anyhow::Result<Ended> {
    let place = Place::new()?;
    let mut known = HashMap::new();
    let mut all = Vec::new();
    for agent in agents {
        let checked = match installer.state(*agent)? {
            Some(state) => check(*agent, state, &place, &mut known)?,
            None => {
                let notes = installer.install(*agent)?.notes;
                let (agent, title) = (agent.name(), agent.title());
                Checked { agent, title, state: "none", hooks: Vec::new(), problems: Vec::new(), notes, todo: Vec::new() }
            }
        };
        all.push(checked);
    }
    let installed = all.iter().any(|checked| checked.state == "installed" || checked.state == "incomplete");
    for checked in &mut all {
        // Who names no agent means those that something was installed for.
        if checked.state == "absent" && (!args.agents.is_empty() || !installed) {
            let option = if args.project { " --project" } else { "" };
            checked.problems.push(format!("nothing is installed: run `shiftlog install {}{option}`", checked.agent));
        }
    }
    let healthy = all.iter().all(|checked| checked.problems.is_empty() && checked.hooks.iter().all(|hook| hook.problem.is_none()));
    if context.ui.json {
        let scope = super::scope(installer);
        context.ui.answer(json!({
            "action": "check", "scope": scope, "program": installer.program, "healthy": healthy, "agents": all,
        }))?;
    } else {
        print(context, &all)?;
    }
    Ok(if healthy { Ended::Done } else { Ended::Nothing })
}

fn check(agent: &'static dyn Agent, state: State, place: &Place, known: &mut HashMap<PathBuf, Option<String>>) -> anyhow::Result<Checked> {
    let mut problems = Vec::new();
    let mut hooks = Vec::new();
    let mut programs: Vec<&Path> = state.hooks.iter().map(|hook| hook.program.as_path()).collect();
    programs.dedup();
    for program in programs {
        let found = known.entry(program.to_path_buf()).or_insert_with(|| wrong_with(program));
        problems.extend(found.clone());
    }
    if state.hooks.iter().any(|hook| !hook.current) {
        problems.push(format!("hooks run another program or form than `shiftlog install {}` writes now", agent.name()));
    }
    let absent = state.hooks.is_empty();
    if !absent && !state.missing.is_empty() {
        let add = format!("`shiftlog install {}` adds them", agent.name());
        problems.push(format!("events without a hook: {}; {add}", state.missing.join(", ")));
    }
    for path in state.commands.iter().filter(|_| !absent) {
        problems.push(format!("missing, or of another version: {}; `shiftlog install {}` writes it", path.display(), agent.name()));
    }
    let others = state.others.iter().filter(|_| !absent);
    let other = |path: &PathBuf| {
        format!("somebody else's file stands where a command would: {}; move it away and install again to have it", path.display())
    };
    let notes = others.map(other).collect();
    for hook in &state.hooks {
        hooks.push(try_out(hook, &sample(agent.name(), &hook.event, &place.0), place)?);
    }
    let state_is = match (absent, problems.is_empty()) {
        (true, _) => "absent",
        (false, true) => "installed",
        (false, false) => "incomplete",
    };
    let todo = state.todo;
    Ok(Checked { agent: agent.name(), title: agent.title(), state: state_is, hooks, problems, notes, todo })
}

/// What is wrong with a program that hooks run, which their command lines themselves keep quiet about.
pub(super) fn wrong_with(program: &Path) -> Option<String> {
    if program.is_absolute() && !program.is_file() {
        return Some(format!("the program that hooks run is gone: {}", program.display()));
    }
    let ran = Command::new(program).args(["hook", "--help"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match ran {
        Ok(status) if status.success() => None,
        Ok(_) => Some(format!("the program that hooks run does not know `hook`: {}", program.display())),
        Err(error) => Some(format!("the program that hooks run cannot be run: {error}: {}", program.display())),
    }
}

/// Runs the very command line that is installed.
fn try_out(hook: &Hook, input: &str, place: &Place) -> anyhow::Result<Tried> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(&hook.line).current_dir(&place.0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // There is no journal in the directory; the home journal is none of its business either.
    command.env("SHIFTLOG_HOME", place.0.join("none")).env_remove("SHIFTLOG_JOURNAL").env_remove("SHIFTLOG_SESSION");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().context("could not run sh")?;
    if let Some(mut stdin) = child.stdin.take() {
        // A hook need not read it.
        let _ = stdin.write_all(input.as_bytes());
    }
    let stdout = child.stdout.take();
    let (sender, read) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stdout.map(|out| out.take(1 << 20).read_to_end(&mut bytes));
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    let start = Instant::now();
    let ended = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if start.elapsed() > LIMIT => break None,
            None => std::thread::sleep(PAUSE),
        }
    };
    if ended.is_none() {
        stop(&mut child);
    }
    // Something that it left running may hold its output open.
    let output = read.recv_timeout(LIMIT).unwrap_or_default();
    let exit = ended.and_then(|status| status.code());
    let problem = match exit {
        None => Some(format!("did not end within {} seconds", LIMIT.as_secs())),
        Some(0) if output.is_empty() || hook.speaks => None,
        Some(0) => Some(format!("printed what the agent does not expect: {}", one_line(&output, 60))),
        Some(code) => Some(format!("ended with exit status {code}")),
    };
    Ok(Tried { event: hook.event.clone(), command: hook.line.clone(), exit, output, problem })
}

/// Ends a hook, with all that it started.
fn stop(child: &mut Child) {
    let group = format!("kill -s KILL -- -{}", child.id());
    let _ = Command::new("sh").arg("-c").arg(group).stderr(Stdio::null()).status();
    let _ = child.kill();
    let _ = child.wait();
}

/// An empty directory that goes again.
struct Place(PathBuf);

impl Place {
    fn new() -> anyhow::Result<Place> {
        let dir = std::env::temp_dir().join(format!("shiftlog-check-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).with_context(|| format!("could not make directory: {}", dir.display()))?;
        Ok(Place(dir))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn print(context: &Context, all: &[Checked]) -> anyhow::Result<()> {
    let ui = &context.ui;
    for checked in all {
        let state = match checked.state {
            "installed" => format!("installed, {} ran", number(checked.hooks.len() as u64, "hook")),
            "incomplete" => format!("installed, not as it should be; {} ran", number(checked.hooks.len() as u64, "hook")),
            "absent" => "not installed".into(),
            _ => "has no hooks here".into(),
        };
        ui.data(format_args!("{}: {state}", checked.title))?;
        for problem in &checked.problems {
            ui.data(visible(&format!("  problem: {problem}")))?;
        }
        for hook in &checked.hooks {
            if let Some(problem) = &hook.problem {
                ui.data(visible(&format!("  problem: {} {problem}", hook.event)))?;
            }
        }
        for note in &checked.notes {
            ui.data(visible(&format!("  note: {note}")))?;
        }
        for todo in &checked.todo {
            ui.data(format_args!("  to do: {todo}"))?;
        }
    }
    Ok(())
}
