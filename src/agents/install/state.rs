//! What is installed: read back from agents' files, to be checked.

use std::path::PathBuf;

use super::hooks::{self, quoted, unquoted};
use super::layout::{Hooks, STARTS, layout};
use super::own::{Owner, owner};
use super::{Error, Installer, broken, jsonc, write};
use crate::agents::Agent;

/// A hook that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its event.
    pub event: String,
    /// The command line, for `sh`.
    pub line: String,
    /// The program that it runs.
    pub program: PathBuf,
    /// Whether it is what would be installed now.
    pub current: bool,
    /// Whether what it prints is given to the agent.
    pub speaks: bool,
}

/// What is installed for an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Hooks that are there.
    pub hooks: Vec<Hook>,
    /// Events without a hook.
    pub missing: Vec<String>,
    /// Files of commands or skills that are missing or of another version.
    pub commands: Vec<PathBuf>,
    /// Files of somebody else's where commands or skills would be.
    pub others: Vec<PathBuf>,
    /// What the person still has to do.
    pub todo: Vec<String>,
}

impl Installer<'_> {
    /// Whether a command line is what would be installed now, perhaps with another name of the program.
    fn is_current(&self, line: &str, program: &str, event: &str, agent: &str) -> bool {
        let program = unquoted(program);
        (program == self.program || !self.given && self.is_own(&program)) && line == hooks::command(&program, event, agent)
    }

    /// What is installed for an agent; nothing for one that has no hooks.
    ///
    /// # Errors
    /// As [`Installer::install`].
    pub fn state(&self, agent: &'static dyn Agent) -> Result<Option<State>, Error> {
        let name = agent.name();
        let Some(layout) = layout(name, self.homes, &self.scope) else { return Ok(None) };
        let mut state = State::default();
        let hook = |event: &str, line: String, program: &str, current: bool| {
            let (event, program) = (event.to_string(), PathBuf::from(unquoted(program)));
            let speaks = STARTS.contains(&event.as_str());
            Hook { event, line, program, current, speaks }
        };
        match &layout.hooks {
            Hooks::Settings(path, shape) => {
                let text = write::read(path)?.unwrap_or_else(|| "{}".into());
                let root = jsonc::parse(&text).map_err(broken(path, &text))?;
                for entry in hooks::entries(&root, *shape, &self.program) {
                    let program = hooks::program(&entry.command, &self.program).unwrap_or_default();
                    let current = self.is_current(&entry.command, program, &entry.event, name);
                    state.hooks.push(hook(&entry.event, entry.command.clone(), program, current));
                }
            }
            Hooks::Scripts(dir) => {
                for event in layout.events {
                    let path = dir.join(event);
                    let Some(text) = write::read(&path)? else { continue };
                    let line = text.lines().rev().find_map(|line| hooks::program(line, &self.program).map(|program| (line, program)));
                    let Some((line, program)) = line else { continue };
                    let current = self.is_current(line, program, event, name);
                    state.hooks.push(hook(event, quoted(&path.to_string_lossy()), program, current));
                }
            }
            Hooks::Plugin(path) => {
                let text = write::read(path)?.filter(|text| owner(text) != Owner::Theirs).unwrap_or_default();
                let program = text.lines().find_map(|line| line.strip_prefix("const program = "));
                if let Some(program) = program.and_then(|program| serde_json::from_str::<String>(program).ok()) {
                    for event in layout.events {
                        let line = hooks::command(&program, event, name);
                        state.hooks.push(hook(event, line, &program, program == self.program));
                    }
                }
            }
        }
        let is_missing = |event: &&&str| !state.hooks.iter().any(|hook| hook.event == ***event);
        state.missing = layout.events.iter().filter(is_missing).map(|event| (*event).to_string()).collect();
        for (path, text) in layout.commands {
            match write::read(&path)? {
                Some(there) if owner(&there) == Owner::Theirs => state.others.push(path),
                Some(there) if there == text || owner(&there) == Owner::Edited => {}
                _ => state.commands.push(path),
            }
        }
        if !state.hooks.is_empty() {
            state.todo.extend(self.todo(name, false));
        }
        Ok(Some(state))
    }
}
