//! Files that are shiftlog's as a whole: commands, skills, scripts, a plugin. A line in each says so, with a hash of the rest.

use xxhash_rust::xxh3::xxh3_64;

/// Begins the line that says so.
const MARK: &str = "written by `shiftlog install` ";
/// Stands for it in templates.
const PLACE: &str = "@mark@";

/// The file of a template, with a hash of what it says.
pub(super) fn marked(template: &str) -> String {
    let text = template.replacen(PLACE, MARK, 1);
    let hash = format!("{MARK}{:016x}", xxh3_64(text.as_bytes()));
    text.replacen(MARK, &hash, 1)
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// As this or another version wrote it.
    Ours,
    /// Written by shiftlog, and changed since.
    Edited,
    /// Somebody else's.
    Theirs,
}

/// Whose file this is.
pub(super) fn owner(text: &str) -> Owner {
    let Some((before, rest)) = text.split_once(MARK) else { return Owner::Theirs };
    let Some((hash, after)) = rest.split_at_checked(16) else { return Owner::Edited };
    let bare = format!("{before}{MARK}{after}");
    if format!("{:016x}", xxh3_64(bare.as_bytes())) == hash { Owner::Ours } else { Owner::Edited }
}

/// The body of the command that writes a log, in the form of an agent whose arguments are written so.
fn command(head: &str, arguments: &str) -> String {
    let body = include_str!("../../../templates/agents/session.md");
    marked(&head.replace("@body@", body.trim_end()).replace("@arguments@", arguments))
}

/// The `/session` command of an agent that knows commands.
pub(super) fn session_command(agent: &str) -> Option<String> {
    Some(match agent {
        "claude" => command(include_str!("../../../templates/agents/claude.md"), "$ARGUMENTS"),
        "gemini" => command(include_str!("../../../templates/agents/gemini.toml"), "{{args}}"),
        "opencode" => command(include_str!("../../../templates/agents/opencode.md"), "$ARGUMENTS"),
        "qwen" => command(include_str!("../../../templates/agents/qwen.md"), "{{args}}"),
        _ => return None,
    })
}

/// The skill that takes its place elsewhere.
pub(super) fn session_skill() -> String {
    command(include_str!("../../../templates/agents/skill.md"), "")
}

/// The plugin of OpenCode.
pub(super) fn plugin(program: &str) -> String {
    let program = serde_json::Value::from(program).to_string();
    marked(&include_str!("../../../templates/agents/opencode.js").replace("@program@", &program))
}

/// A script that runs a command line.
pub(super) fn script(line: &str) -> String {
    marked(&include_str!("../../../templates/agents/hook.sh").replace("@line@", line))
}
