//! Coding agents: what each one writes and sends, and where, turned into one common shape.
//!
//! One file an agent, the only places that know its JSON. Each tells its conversations as transcripts of one form; what happens to
//! those is none of its business. Places come in from the caller: nothing here looks at the environment.

mod aider;
mod claude;
pub mod cleanup;
mod cline;
mod codex;
mod copilot;
mod gemini;
pub mod hooks;
pub mod install;
mod lines;
mod opencode;
mod parts;
mod patch;
mod qwen;
mod teller;
mod tree;

use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use lines::Read;

/// Directories under which agents keep their things; the caller has asked the environment.
#[derive(Debug, Clone, Default)]
pub struct Homes {
    /// The person's home directory.
    pub home: PathBuf,
    /// Where data of programs lies, by default `~/.local/share`.
    pub data: PathBuf,
    /// Directories that variables name, such as `CLAUDE_CONFIG_DIR` and `CODEX_HOME`.
    pub named: Vec<(&'static str, PathBuf)>,
}

impl Homes {
    /// The directory that a variable names, else one below the home directory.
    pub(crate) fn named(&self, variable: &str, otherwise: &str) -> PathBuf {
        self.named.iter().find(|(name, _)| *name == variable).map_or_else(|| self.home.join(otherwise), |(_, dir)| dir.clone())
    }
}

/// Variables that say where agents keep their things.
pub const VARIABLES: [&str; 6] =
    ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME", "CLINE_DATA_DIR", "AIDER_CHAT_HISTORY_FILE", "XDG_CONFIG_HOME"];

/// Variables by which commands that an agent runs know its conversation, and the agent.
pub const SESSIONS: [(&str, &str); 1] = [("CLAUDE_CODE_SESSION_ID", "claude")];

/// How much of what tools print is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Lines of an output, from its beginning and its end together.
    pub lines: usize,
    /// Bytes of a line.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { lines: 20, line: 300 }
    }
}

/// One coding agent.
pub trait Agent: Sync {
    /// The word for it in options and in the record: `claude`.
    fn name(&self) -> &'static str;
    /// Its name as people write it: `Claude Code`.
    fn title(&self) -> &'static str;
    /// The files in which it keeps conversations on this machine, in order.
    fn histories(&self, homes: &Homes) -> Vec<PathBuf>;
    /// The file that it keeps in a directory in which it works.
    fn beside_work(&self, dir: &Path) -> Option<PathBuf> {
        let _ = dir;
        None
    }
    /// Whether a file that a person names is one of these.
    fn keeps(&self, path: &Path) -> bool;
    /// A second file whose changes are changes of this one.
    fn beside(&self, path: &Path) -> Option<PathBuf> {
        let _ = path;
        None
    }
    /// Files of the subagents that a conversation began, where it has files of its own for them.
    fn subagents(&self, path: &Path) -> Vec<PathBuf> {
        let _ = path;
        Vec::new()
    }
    /// Reads a file, from a mark that an earlier reading left, or the whole of it.
    ///
    /// # Errors
    /// Those of the file system; what a line does not say right is passed over.
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> std::io::Result<Read>;
}

/// All that are known.
pub static AGENTS: [&dyn Agent; 8] =
    [&claude::Claude, &codex::Codex, &gemini::Gemini, &opencode::OpenCode, &qwen::Qwen, &copilot::Copilot, &cline::Cline, &aider::Aider];

/// The agent with this name.
pub fn named(name: &str) -> Option<&'static dyn Agent> {
    AGENTS.into_iter().find(|agent| agent.name() == name)
}

/// The beginning of a file, as text.
fn head(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(16 << 10).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
