//! Conversations that agents delete by themselves after a while.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::install::jsonc::{Value, parse};
use super::{Agent as _, Homes, claude};

/// Days after which Claude Code deletes a conversation that nothing was added to, unless its settings say otherwise.
const CLAUDE_DAYS: f64 = 30.0;

/// How long Claude Code keeps a conversation after its last change.
pub fn claude_keeps(homes: &Homes) -> Duration {
    let settings = homes.named("CLAUDE_CONFIG_DIR", ".claude").join("settings.json");
    let root = std::fs::read_to_string(settings).ok().and_then(|text| parse(&text).ok());
    let days = root.as_ref().and_then(|root| root.get("cleanupPeriodDays")).and_then(|node| match &node.value {
        Value::Plain(value) => value.as_f64(),
        _ => None,
    });
    Duration::try_from_secs_f64(days.unwrap_or(CLAUDE_DAYS) * 86_400.0).unwrap_or(Duration::MAX)
}

/// The conversations that it may delete, without those of subagents, which go with them.
pub fn claude_conversations(homes: &Homes) -> Vec<PathBuf> {
    claude::Claude.histories(homes).into_iter().filter(|path| is_conversation(path)).collect()
}

/// Whether a file is a conversation of its own.
fn is_conversation(path: &Path) -> bool {
    let subagent = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("agent-"));
    !subagent && path.parent().and_then(Path::file_name).is_none_or(|dir| dir != "subagents")
}
