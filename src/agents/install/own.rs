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

/// A command that agents get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command {
    /// What a person types behind the slash.
    pub(super) name: &'static str,
    /// What it does.
    description: &'static str,
    /// The same for a skill, and when an agent is to use it.
    skill: &'static str,
    /// What may be typed behind it.
    hint: &'static str,
    /// What it runs.
    tools: &'static str,
    /// What it tells the agent.
    body: &'static str,
}

/// All commands.
pub(super) const COMMANDS: [Command; 2] = [
    Command {
        name: "session",
        description: "Write what this session did into its log",
        skill: "Write what this session did into its shiftlog log. Use it when the person asks to log, record or save the session, and \
                at the end of a piece of work.",
        hint: "what to write down",
        tools: "Bash(shiftlog session:*)",
        body: include_str!("../../../templates/agents/session.md"),
    },
    Command {
        name: "handoff",
        description: "Hand this session off to whoever goes on with it",
        skill: "Hand this session off with shiftlog, so that the next shift can go on from its log. Use it when the person asks to hand \
                off, or ends the shift.",
        hint: "what the next shift must know",
        tools: "Bash(shiftlog session:*), Bash(shiftlog handoff:*)",
        body: include_str!("../../../templates/agents/handoff.md"),
    },
];

impl Command {
    /// The file with this head, for an agent whose arguments are written so.
    fn file(&self, head: &str, arguments: &str) -> String {
        let values = [
            ("@name@", self.name),
            ("@description@", self.description),
            ("@skill@", self.skill),
            ("@hint@", self.hint),
            ("@tools@", self.tools),
            ("@arguments@", arguments),
            ("@body@", self.body.trim_end()),
        ];
        marked(&values.iter().fold(head.to_string(), |text, (place, value)| text.replace(place, value)))
    }

    /// The file of an agent that knows commands.
    pub(super) fn of(&self, agent: &str) -> Option<String> {
        Some(match agent {
            "claude" => self.file(include_str!("../../../templates/agents/claude.md"), "$ARGUMENTS"),
            "gemini" => self.file(include_str!("../../../templates/agents/gemini.toml"), "{{args}}"),
            "opencode" => self.file(include_str!("../../../templates/agents/opencode.md"), "$ARGUMENTS"),
            "qwen" => self.file(include_str!("../../../templates/agents/qwen.md"), "{{args}}"),
            _ => return None,
        })
    }

    /// The skill that takes its place elsewhere.
    pub(super) fn skill(&self) -> String {
        self.file(include_str!("../../../templates/agents/skill.md"), "")
    }
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
