//! Installing hooks and the commands `/session` and `/handoff`: each agent's own files, changed by bytes, and taken back the same way.
//!
//! What is to be done is prepared first, from what is there; nothing is written before all of it is known to be possible.

mod error;
mod hooks;
pub(super) mod jsonc;
mod layout;
mod own;
mod sample;
mod splice;
mod state;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

pub use error::Error;
pub use sample::sample;
pub use state::{Hook, State};

use super::{AGENTS, Agent, Homes};
use hooks::Shape;
use jsonc::{Broken, line};
use layout::{Hooks, Layout, layout};
use own::{Owner, owner};

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// For the person, in all projects.
    User,
    /// For whoever works in the project with this root.
    Project(PathBuf),
}

/// Installs into agents' files, or takes out of them.
#[derive(Debug)]
pub struct Installer<'i> {
    /// Where agents keep their things.
    pub homes: &'i Homes,
    /// For whom.
    pub scope: Scope,
    /// The program that hooks run: an absolute path, or a name that is looked up in PATH.
    pub program: String,
    /// A person named it: it takes the place of another name of the same program.
    pub given: bool,
}

/// A file that is to be written, or to go.
#[derive(Debug)]
pub struct Change {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub before: Option<String>,
    /// What it is to say; nothing where it is to go.
    pub after: Option<String>,
    /// A copy of it is kept before the first change.
    keep: bool,
    script: bool,
    base: PathBuf,
}

/// What is to be done for one agent.
#[derive(Debug)]
pub struct Prepared {
    /// The agent's name.
    pub agent: &'static str,
    /// Its files, also those that are right as they are.
    pub changes: Vec<Change>,
    /// What was left alone, and why.
    pub notes: Vec<String>,
    /// What the person still has to do.
    pub todo: Vec<String>,
}

/// Agents of which something is there on this machine, and where was looked for the others.
pub fn present(homes: &Homes) -> (Vec<&'static str>, Vec<PathBuf>) {
    let (mut found, mut looked) = (Vec::new(), Vec::new());
    for agent in AGENTS {
        let places = layout::homes(agent.name(), homes);
        if places.iter().any(|place| place.is_dir()) {
            found.push(agent.name());
        } else {
            looked.extend(places);
        }
    }
    (found, looked)
}

impl Change {
    /// The word for it: `created`, `changed`, `removed` or `unchanged`.
    pub fn action(&self) -> &'static str {
        match (&self.before, &self.after) {
            (before, after) if before == after => "unchanged",
            (None, _) => "created",
            (_, None) => "removed",
            _ => "changed",
        }
    }

    /// Makes the change; gives the backup that was written.
    ///
    /// # Errors
    /// Those of the file system, and [`Error::Changed`]; the file is what it was then.
    pub fn apply(&self) -> Result<Option<PathBuf>, Error> {
        let backup = write::backup_of(&self.path);
        match (&self.before, &self.after) {
            (before, after) if before == after => {}
            (Some(before), None) => write::remove(&self.path, before, &self.base)?,
            (before, Some(after)) => {
                let saved = self.keep && before.is_some();
                if let Some(before) = before.as_deref().filter(|_| self.keep) {
                    let permissions = std::fs::metadata(&self.path).map_err(Error::io("read", &self.path))?.permissions();
                    write::write(&backup, write::read(&backup)?.as_deref(), before, Some(permissions))?;
                }
                let fresh = if self.script { write::executable() } else { None };
                write::write(&self.path, before.as_deref(), after, fresh)?;
                // Once a file is again what it was, the copy says nothing more.
                if !saved && write::read(&backup)?.as_ref() == Some(after) {
                    write::remove(&backup, after, &self.base)?;
                }
                return Ok(saved.then_some(backup));
            }
            (None, None) => {}
        }
        Ok(None)
    }
}

impl Installer<'_> {
    /// What is to be done to install for an agent.
    ///
    /// # Errors
    /// [`Error::Broken`] for settings that do not parse, and those of the file system.
    pub fn install(&self, agent: &'static dyn Agent) -> Result<Prepared, Error> {
        let name = agent.name();
        let mut prepared = Prepared { agent: name, changes: Vec::new(), notes: Vec::new(), todo: Vec::new() };
        let Some(layout) = layout(name, self.homes, &self.scope) else {
            prepared.notes.push(without_hooks(agent, &self.scope));
            return Ok(prepared);
        };
        self.hooks(name, &layout, &mut prepared)?;
        for (path, text) in &layout.commands {
            self.own(path, text, &layout, &mut prepared)?;
        }
        let fresh = prepared.changes.first().is_some_and(|change| change.action() != "unchanged");
        prepared.todo.extend(self.todo(name, fresh));
        Ok(prepared)
    }

    /// What is to be done to take out what was installed for an agent.
    ///
    /// # Errors
    /// As [`Installer::install`].
    pub fn uninstall(&self, agent: &'static dyn Agent, beside: &[&str]) -> Result<Prepared, Error> {
        let name = agent.name();
        let mut prepared = Prepared { agent: name, changes: Vec::new(), notes: Vec::new(), todo: Vec::new() };
        let Some(layout) = layout(name, self.homes, &self.scope) else {
            prepared.notes.push(without_hooks(agent, &self.scope));
            return Ok(prepared);
        };
        match &layout.hooks {
            Hooks::Settings(path, shape) => {
                if let Some(before) = write::read(path)? {
                    let after = hooks::without(&before, *shape, &self.program).map_err(broken(path, &before))?;
                    prepared.changes.push(layout.change(path, Some(before), after));
                }
            }
            Hooks::Scripts(dir) => {
                for event in layout.events {
                    disown(&dir.join(event), &layout, &mut prepared)?;
                }
            }
            Hooks::Plugin(path) => disown(path, &layout, &mut prepared)?,
        }
        if !self.shared(name, &layout, beside)? {
            for (path, _) in &layout.commands {
                disown(path, &layout, &mut prepared)?;
            }
        }
        Ok(prepared)
    }

    /// Whether an agent that stays uses the same skills.
    fn shared(&self, name: &str, own: &Layout, going: &[&str]) -> Result<bool, Error> {
        for other in AGENTS.iter().map(|agent| agent.name()).filter(|other| *other != name && !going.contains(other)) {
            let Some(layout) = layout(other, self.homes, &self.scope).filter(|layout| layout.commands == own.commands) else { continue };
            if let Hooks::Settings(path, shape) = &layout.hooks
                && self.is_in(path, *shape)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a file of settings holds hooks of shiftlog's.
    fn is_in(&self, path: &Path, shape: Shape) -> Result<bool, Error> {
        let Some(text) = write::read(path)? else { return Ok(false) };
        let root = jsonc::parse(&text).map_err(broken(path, &text))?;
        Ok(!hooks::entries(&root, shape, &self.program).is_empty())
    }

    /// Another name of the same program that a person has given to hooks before: it stays.
    fn kept(&self, text: &str, shape: Shape) -> Option<String> {
        let entries = hooks::entries(&jsonc::parse(text).ok()?, shape, &self.program);
        let programs = entries.iter().filter_map(|entry| hooks::program(&entry.command, &self.program)).map(hooks::unquoted);
        let mut programs: Vec<String> = programs.collect();
        programs.dedup();
        programs.pop().filter(|program| programs.is_empty() && !self.given && self.is_own(program))
    }

    /// Whether this is the program that hooks are to run, perhaps by another name.
    fn is_own(&self, program: &str) -> bool {
        let real = |path: &str| std::fs::canonicalize(path).ok();
        program == self.program || real(program).is_some_and(|path| Some(path) == real(&self.program))
    }

    fn hooks(&self, name: &str, layout: &Layout, prepared: &mut Prepared) -> Result<(), Error> {
        match &layout.hooks {
            Hooks::Settings(path, shape) => {
                let before = write::read(path)?;
                let text = before.as_deref();
                let kept = text.and_then(|text| self.kept(text, *shape));
                let program = kept.as_deref().unwrap_or(&self.program);
                let wanted: Vec<_> = layout.events.iter().map(|e| (*e, hooks::command(program, e, name))).collect();
                let after = hooks::merge(text, &wanted, *shape, &self.program).map_err(broken(path, text.unwrap_or_default()))?;
                let others = match text {
                    Some(text) => hooks::without(text, *shape, &self.program).map_err(broken(path, text))?,
                    None => None,
                };
                let mut change = layout.change(path, before, Some(after));
                // Only what is as it was before shiftlog came is worth keeping.
                change.keep = others.is_some() && others == change.before;
                prepared.changes.push(change);
            }
            Hooks::Scripts(dir) => {
                for event in layout.events {
                    let text = own::script(&hooks::command(&self.program, event, name));
                    self.own(&dir.join(event), &text, layout, prepared)?;
                    if let Some(change) = prepared.changes.last_mut() {
                        change.script = true;
                    }
                }
            }
            Hooks::Plugin(path) => self.own(path, &own::plugin(&self.program), layout, prepared)?,
        }
        Ok(())
    }

    /// A file of shiftlog's own, which never takes the place of another.
    fn own(&self, path: &Path, text: &str, layout: &Layout, prepared: &mut Prepared) -> Result<(), Error> {
        let before = write::read(path)?;
        match before.as_deref().map(owner) {
            None | Some(Owner::Ours) => prepared.changes.push(layout.change(path, before, Some(text.to_string()))),
            Some(Owner::Edited) => prepared.notes.push(format!(
                "left as it is, because it was changed since shiftlog wrote it; remove it to get this version's: {}",
                path.display()
            )),
            Some(Owner::Theirs) => prepared.notes.push(match &layout.hooks {
                Hooks::Scripts(dir) if path.starts_with(dir) => {
                    let event = path.file_name().unwrap_or_default().to_string_lossy();
                    let line = hooks::command(&self.program, &event, prepared.agent);
                    format!("another script is there, and was left as it is; add this line to it: {line}: {}", path.display())
                }
                _ => format!("another file is there, and was left as it is; move it away and run this again: {}", path.display()),
            }),
        }
        Ok(())
    }

    /// What the person still has to do, after a change or in any case.
    fn todo(&self, name: &str, fresh: bool) -> Option<String> {
        let project = matches!(self.scope, Scope::Project(_));
        match name {
            "codex" if fresh || !self.trusted() => {
                Some("open codex, enter /hooks, and trust the hooks of shiftlog: until then it passes over them".into())
            }
            "claude" if fresh && project => {
                Some("open claude in this project, and trust the folder: until then it passes over the project's hooks".into())
            }
            "gemini" if fresh && project => {
                Some("open gemini in this project, and trust the folder: until then it passes over the project's hooks".into())
            }
            _ => None,
        }
    }

    /// Whether Codex has noted trust in any of the hooks in the file that was installed into.
    fn trusted(&self) -> bool {
        let Some(Layout { hooks: Hooks::Settings(path, _), .. }) = layout("codex", self.homes, &self.scope) else { return false };
        let config = layout::homes("codex", self.homes).first().map(|home| home.join("config.toml"));
        let config = config.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        [path, real].iter().any(|path| config.contains(&format!("{}:", path.display())))
    }
}

impl Layout {
    fn change(&self, path: &Path, before: Option<String>, after: Option<String>) -> Change {
        Change { path: path.to_path_buf(), before, after, keep: false, script: false, base: self.base.clone() }
    }
}

/// Takes away a file of shiftlog's own, unless it was changed.
fn disown(path: &Path, layout: &Layout, prepared: &mut Prepared) -> Result<(), Error> {
    let Some(before) = write::read(path)? else { return Ok(()) };
    match owner(&before) {
        Owner::Ours => prepared.changes.push(layout.change(path, Some(before), None)),
        Owner::Edited => prepared
            .notes
            .push(format!("left as it is, because it was changed since shiftlog wrote it; remove it yourself: {}", path.display())),
        Owner::Theirs => {}
    }
    Ok(())
}

fn without_hooks(agent: &dyn Agent, scope: &Scope) -> String {
    match (agent.name(), scope) {
        ("cline", Scope::Project(_)) => "Cline has hooks for the person only: leave out --project".into(),
        _ => format!("{} has no hooks: `shiftlog import` takes in its conversations", agent.title()),
    }
}

fn broken(path: &Path, text: &str) -> impl FnOnce(Broken) -> Error {
    move |broken| Error::Broken { path: path.to_path_buf(), line: line(text, broken.at), why: broken.why.to_string() }
}
