//! `shiftlog install`: hooks and the commands `/session` and `/handoff` into coding agents' own files, and out again.

mod check;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use shiftlog::agents::install::{self, Change, Installer, Prepared, Scope};
use shiftlog::agents::{self, AGENTS, Agent, Homes};
use shiftlog::journal::Error;
use shiftlog::record::privacy;

use super::agents::homes;
use super::context::{Context, in_path};
use super::ui::{Ended, unified_diff, visible};

/// Install hooks and the commands /session and /handoff into coding agents
///
/// Hooks tell shiftlog what an agent does, as it does it. /session, or a skill where an agent has no commands, has it write the
/// session's log, /handoff has it hand the session off. All are written in each agent's own form, into its own files: what else
/// is there stays byte for byte, and a copy of the first version is kept beside it. Doing it again changes nothing.
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// Agents: claude, codex, gemini, opencode, qwen, copilot, cline [default: those that are used on this machine]
    #[arg(value_name = "AGENT")]
    agents: Vec<String>,
    /// For you, in all projects (this is the default)
    #[arg(long, conflicts_with = "project")]
    user: bool,
    /// For whoever works in this project: into files of the git repository here, or of this directory
    #[arg(long)]
    project: bool,
    /// Take out what was installed, and nothing else
    #[arg(long)]
    uninstall: bool,
    /// Print the changes as unified diffs and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Check what is installed: run each hook with a sample of what its agent sends
    #[arg(long, conflicts_with_all = ["uninstall", "dry_run"])]
    check: bool,
    /// Program that hooks run: a path, or a name that is looked up in PATH [default: this one's own path; with --project its name]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, args: &InstallArgs) -> anyhow::Result<Ended> {
    let homes = homes();
    let (agents, looked) = chosen(args, &homes)?;
    if agents.is_empty() {
        return none(context, args, &looked);
    }
    let scope = match args.project {
        true => Scope::Project(privacy::repository(&context.cwd).unwrap_or_else(|| context.cwd.clone())),
        false => Scope::User,
    };
    let installer = Installer { homes: &homes, scope, program: program(context, args)?, given: args.program.is_some() };
    if args.check {
        return check::run(context, args, &installer, &agents);
    }
    let names: Vec<&str> = agents.iter().map(|agent| agent.name()).collect();
    let prepare = |agent: &&'static dyn Agent| match args.uninstall {
        true => installer.uninstall(*agent, &names),
        false => installer.install(*agent),
    };
    let mut prepared: Vec<Prepared> = agents.iter().map(prepare).collect::<Result<_, _>>()?;
    // Some agents share skills.
    let mut seen = HashSet::new();
    for prepared in &mut prepared {
        prepared.changes.retain(|change| seen.insert(change.path.clone()));
    }
    report(context, args, &installer, &prepared)
}

/// The agents that are meant, and where else was looked for some.
fn chosen(args: &InstallArgs, homes: &Homes) -> anyhow::Result<(Vec<&'static dyn Agent>, Vec<PathBuf>)> {
    let (present, looked) = install::present(homes);
    let mut names: Vec<&str> = args.agents.iter().map(String::as_str).collect();
    if names.is_empty() {
        names = present;
    }
    let mut chosen: Vec<&'static dyn Agent> = Vec::new();
    for name in names {
        let agent = agents::named(name).ok_or_else(|| {
            let known: Vec<&str> = AGENTS.iter().map(|agent| agent.name()).collect();
            Error::refused("usage", format!("no agent is called `{name}`"), format!("agents are {}", known.join(", ")))
        })?;
        if !chosen.iter().any(|other| other.name() == agent.name()) {
            chosen.push(agent);
        }
    }
    Ok((chosen, looked))
}

/// No agent is used on this machine.
fn none(context: &Context, args: &InstallArgs, looked: &[PathBuf]) -> anyhow::Result<Ended> {
    if context.ui.json {
        context.ui.answer(json!({"action": action(args), "agents": [], "looked": looked}))?;
    }
    context.ui.say("no coding agent found; looked for:");
    for place in looked {
        context.ui.say(format_args!("  {}", visible(&place.display().to_string())));
    }
    context.ui.say("hint: name the agent: `shiftlog install claude`");
    Ok(Ended::Nothing)
}

fn action(args: &InstallArgs) -> &'static str {
    match (args.check, args.uninstall) {
        (true, _) => "check",
        (_, true) => "uninstall",
        _ => "install",
    }
}

fn scope(installer: &Installer) -> &'static str {
    match installer.scope {
        Scope::User => "user",
        Scope::Project(_) => "project",
    }
}

/// The program that hooks run: this one's own path, but its bare name in files that others share.
fn program(context: &Context, args: &InstallArgs) -> anyhow::Result<String> {
    let path = match &args.program {
        Some(name) if name.components().count() == 1 && !context.cwd.join(name).is_file() => name.clone(),
        None if args.project => PathBuf::from(env!("CARGO_PKG_NAME")),
        Some(path) => {
            let path = context.cwd.join(path);
            if !path.is_file() {
                let hint = "name the file of the program, or its bare name if it is in PATH";
                return Err(Error::refused("usage", format!("there is no such program: {}", path.display()), hint).into());
            }
            path
        }
        None => {
            let own = std::env::current_exe().context("could not find this program's own path")?;
            std::fs::canonicalize(&own).unwrap_or(own)
        }
    };
    path.to_str().map(str::to_string).ok_or_else(|| install::Error::Program { path: path.clone() }.into())
}

/// Makes the changes, unless it is a dry run, and says what became of each.
fn report(context: &Context, args: &InstallArgs, installer: &Installer, all: &[Prepared]) -> anyhow::Result<Ended> {
    let mut answers = Vec::new();
    let mut changed = false;
    for prepared in all {
        let title = agents::named(prepared.agent).map_or(prepared.agent, |agent| agent.title());
        let mut files = Vec::new();
        for change in &prepared.changes {
            let mut file = json!({"path": change.path, "action": change.action()});
            let differs = change.action() != "unchanged";
            changed |= differs;
            if args.dry_run && differs {
                let diff = diff(change);
                if !context.ui.json {
                    context.ui.raw(diff.as_bytes())?;
                }
                file["diff"] = diff.into();
            }
            let backup = if args.dry_run { None } else { change.apply()? };
            if differs {
                say(context, args, (title, change), backup.as_deref());
            }
            if let Some(backup) = backup {
                file["backup"] = json!(backup);
            }
            files.push(file);
        }
        if !prepared.changes.is_empty() && prepared.changes.iter().all(|change| change.action() == "unchanged") {
            let is = if args.uninstall { "nothing of shiftlog's is there" } else { "installed already" };
            context.ui.say(format_args!("{title}: {is}"));
        }
        if prepared.changes.is_empty() && prepared.notes.is_empty() {
            context.ui.say(format_args!("{title}: nothing of shiftlog's is there"));
        }
        for note in &prepared.notes {
            context.ui.say(format_args!("note: {}", visible(note)));
        }
        for todo in &prepared.todo {
            context.ui.say(format_args!("to do: {todo}"));
        }
        answers.push(json!({"agent": prepared.agent, "title": title, "files": files, "notes": prepared.notes, "todo": prepared.todo}));
    }
    let name = &installer.program;
    if !args.uninstall && !Path::new(name).is_absolute() && !in_path(name) {
        context.ui.say(format_args!("note: `{}` is not in PATH here: hooks do nothing until it is", visible(name)));
    }
    let is_named = args.program.is_some() && !args.uninstall && (Path::new(name).is_absolute() || in_path(name));
    if let Some(wrong) = is_named.then(|| check::wrong_with(Path::new(name))).flatten() {
        context.ui.say(format_args!("note: {}", visible(&wrong)));
    }
    if changed && !args.dry_run && !args.uninstall {
        context.ui.say("agents that are running now take it up when they are started again");
    }
    if context.ui.json {
        context.ui.answer(json!({
            "action": action(args), "scope": scope(installer), "dry_run": args.dry_run, "program": installer.program, "agents": answers,
        }))?;
    }
    Ok(Ended::Done)
}

fn say(context: &Context, args: &InstallArgs, (title, change): (&str, &Change), backup: Option<&Path>) {
    let done = match (change.action(), args.dry_run) {
        ("created", true) => "would create",
        ("changed", true) => "would change",
        (_, true) => "would remove",
        (done, false) => done,
    };
    let backup = backup.and_then(Path::file_name).map(|name| format!("  (as it was: {})", name.to_string_lossy())).unwrap_or_default();
    context.ui.say(visible(&format!("{title}: {done} {}{backup}", change.path.display())));
}

fn diff(change: &Change) -> String {
    let name = change.path.display().to_string();
    unified_diff(name.trim_start_matches('/'), change.before.as_deref(), change.after.as_deref().unwrap_or_default())
}
