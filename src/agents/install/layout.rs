//! Where each agent looks for hooks and commands, which events it has, and in what form: see the agents' own manuals.

use std::path::PathBuf;

use super::Scope;
use super::hooks::Shape;
use super::own::{COMMANDS, Command};
use crate::agents::Homes;

/// Where the hooks of an agent go.
#[derive(Debug, Clone)]
pub(super) enum Hooks {
    /// Into a file of settings, among those of others.
    Settings(PathBuf, Shape),
    /// Each into a script that is named after its event.
    Scripts(PathBuf),
    /// Into a plugin.
    Plugin(PathBuf),
}

/// Where things of shiftlog's go for one agent.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Nothing above it is ever removed.
    pub(super) base: PathBuf,
    pub(super) hooks: Hooks,
    /// Events that are told, in the agent's words; `PostToolUse` and its like are not: transcripts hold what it would say.
    pub(super) events: &'static [&'static str],
    /// The commands, or the skills in their place.
    pub(super) commands: Vec<(PathBuf, String)>,
}

const CLAUDE: [&str; 8] =
    ["SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "SubagentStop", "PreCompact", "PostCompact", "SessionEnd"];
const CODEX: [&str; 8] =
    ["SessionStart", "UserPromptSubmit", "Stop", "Interrupt", "SubagentStop", "PreCompact", "PostCompact", "SessionEnd"];
// Its PreCompress comes before every call of the model.
const GEMINI: [&str; 4] = ["SessionStart", "BeforeAgent", "AfterAgent", "SessionEnd"];
const OPENCODE: [&str; 4] = ["session.created", "chat.message", "session.idle", "session.compacted"];
const COPILOT: [&str; 6] = ["sessionStart", "userPromptSubmitted", "agentStop", "subagentStop", "preCompact", "sessionEnd"];
const CLINE: [&str; 2] = ["TaskStart", "TaskComplete"];

const SECONDS: Shape = Shape { command: "command", timeout: ("timeout", 10), grouped: true };
/// More is cut to three seconds.
const AT_MOST: Shape = Shape { timeout: ("timeout", 3), ..SECONDS };
const MILLISECONDS: Shape = Shape { timeout: ("timeout", 10_000), ..SECONDS };
const BASH: Shape = Shape { command: "bash", timeout: ("timeoutSec", 10), grouped: false };

/// The events at which an agent takes what a hook prints for context.
pub(super) const STARTS: [&str; 4] = ["SessionStart", "sessionStart", "session.created", "TaskStart"];

/// Directories of which one is there where an agent is used.
pub(super) fn homes(agent: &str, homes: &Homes) -> Vec<PathBuf> {
    match agent {
        "claude" => vec![homes.named("CLAUDE_CONFIG_DIR", ".claude")],
        "codex" => vec![homes.named("CODEX_HOME", ".codex")],
        "gemini" => vec![homes.home.join(".gemini")],
        "opencode" => vec![homes.named("XDG_CONFIG_HOME", ".config").join("opencode"), homes.data.join("opencode")],
        "qwen" => vec![homes.home.join(".qwen")],
        "copilot" => vec![homes.named("COPILOT_HOME", ".copilot")],
        "cline" => vec![homes.home.join(".cline")],
        _ => Vec::new(),
    }
}

/// Where things go; nothing for an agent that has no place for them.
pub(super) fn layout(agent: &str, places: &Homes, scope: &Scope) -> Option<Layout> {
    let home = homes(agent, places).into_iter().next()?;
    let base = match scope {
        Scope::User => home.clone(),
        Scope::Project(root) => root.clone(),
    };
    let at = |below: &str, project: &str| match scope {
        Scope::User => home.join(below),
        Scope::Project(root) => root.join(project),
    };
    let each = |below: &str, project: &str, ending: &str, text: &dyn Fn(&Command) -> Option<String>| {
        let file = |command: &Command| {
            let [below, project] = [below, project].map(|dir| format!("{dir}/{}{ending}", command.name));
            Some((at(&below, &project), text(command)?))
        };
        COMMANDS.iter().filter_map(file).collect::<Vec<_>>()
    };
    let skills = |project: &str| each("skills", project, "/SKILL.md", &|command| Some(command.skill()));
    let commands = |project: &str, ending: &str| each("commands", project, ending, &|command| command.of(agent));
    let (hooks, events, commands): (_, &[_], _) = match agent {
        "claude" => {
            let hooks = Hooks::Settings(at("settings.json", ".claude/settings.json"), SECONDS);
            (hooks, &CLAUDE, commands(".claude/commands", ".md"))
        }
        "codex" => {
            let hooks = Hooks::Settings(at("hooks.json", ".codex/hooks.json"), AT_MOST);
            (hooks, &CODEX, skills(".agents/skills"))
        }
        "gemini" => {
            let hooks = Hooks::Settings(at("settings.json", ".gemini/settings.json"), MILLISECONDS);
            (hooks, &GEMINI, commands(".gemini/commands", ".toml"))
        }
        "opencode" => {
            let hooks = Hooks::Plugin(at("plugins/shiftlog.js", ".opencode/plugins/shiftlog.js"));
            (hooks, &OPENCODE, commands(".opencode/commands", ".md"))
        }
        "qwen" => {
            let hooks = Hooks::Settings(at("settings.json", ".qwen/settings.json"), MILLISECONDS);
            (hooks, &CLAUDE, commands(".qwen/commands", ".md"))
        }
        "copilot" => {
            let hooks = Hooks::Settings(at("hooks/shiftlog.json", ".github/hooks/shiftlog.json"), BASH);
            (hooks, &COPILOT, skills(".agents/skills"))
        }
        "cline" if *scope == Scope::User => (Hooks::Scripts(home.join("hooks")), &CLINE, skills(".cline/skills")),
        _ => return None,
    };
    Some(Layout { base, hooks, events, commands })
}
