//! Installing hooks and commands into agents' own files: what else is there stays, and all of it comes out again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::builder::{Journal, Run};

/// A home with agents in it, and a program in the place of shiftlog that notes what it is given.
struct Home {
    journal: Journal,
}

impl Home {
    fn new(agents: &[&str]) -> Home {
        let home = Home { journal: Journal::empty() };
        for agent in agents {
            fs::create_dir_all(home.journal.path(&format!("home/{agent}"))).expect("a directory");
        }
        home.program("cat >> \"$HOME/inputs\"; echo \"$*\" >> \"$HOME/calls\"");
        home
    }

    /// Makes the program do something.
    fn program(&self, script: &str) {
        self.journal.write("bin/shiftlog", format!("#!/bin/sh\nif [ \"$2\" = --help ]; then exit 0; fi\n{script}\n"));
        fs::set_permissions(self.journal.path("bin/shiftlog"), fs::Permissions::from_mode(0o755)).expect("permissions");
    }

    fn bin(&self) -> String {
        self.journal.path("bin/shiftlog").to_string_lossy().into_owned()
    }

    fn path(&self, path: &str) -> String {
        self.journal.path(&format!("home/{path}")).to_string_lossy().into_owned()
    }

    fn read(&self, path: &str) -> String {
        self.journal.read(&format!("home/{path}"))
    }

    fn write(&self, path: &str, text: &str) {
        self.journal.write(&format!("home/{path}"), text);
    }

    fn install(&self, args: &[&str]) -> Run {
        let bin = self.bin();
        let mut all = vec!["install", "--program", &bin];
        all.extend(args);
        self.journal.run(&all)
    }

    fn json(&self, args: &[&str]) -> Value {
        let bin = self.bin();
        let mut all = vec!["install", "--program", &bin];
        all.extend(args);
        self.journal.json(&all)
    }

    /// All files below the home directory.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.journal.path("home");
        let files = walkdir::WalkDir::new(&root).into_iter().flatten().filter(|e| e.file_type().is_file());
        files.map(|e| (e.path().strip_prefix(&root).expect("below").to_path_buf(), fs::read(e.path()).expect("readable"))).collect()
    }

    /// The command line of a hook.
    fn line(&self, event: &str, agent: &str) -> String {
        let quiet = if event.eq_ignore_ascii_case("SessionEnd") { "" } else { " 2>/dev/null" };
        format!("'{}' hook {event} --agent {agent}{quiet} || true", self.bin())
    }

    /// What stands in a settings file for an event.
    fn hook(&self, event: &str, agent: &str, limit: u32) -> String {
        format!(
            "\"{event}\": [{{\"hooks\": [{{\"type\": \"command\", \"command\": \"{}\", \"timeout\": {limit}}}]}}]",
            self.line(event, agent)
        )
    }
}

const RESTART: &str = "agents that are running now take it up when they are started again\n";
const ALL: [&str; 7] = [".claude", ".codex", ".gemini", ".config/opencode", ".qwen", ".copilot", ".cline"];
const CLAUDE: [&str; 8] =
    ["SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "SubagentStop", "PreCompact", "PostCompact", "SessionEnd"];
const CODEX: [&str; 8] =
    ["SessionStart", "UserPromptSubmit", "Stop", "Interrupt", "SubagentStop", "PreCompact", "PostCompact", "SessionEnd"];

#[test]
fn hooks_go_into_existing_settings_and_a_copy_is_kept() {
    let home = Home::new(&[]);
    let before = "{\n    \"model\": \"opus\",\n    \"hooks\": {\n        \"Stop\": [\n            {\"hooks\": [{\"type\": \"command\", \"command\": \"say done\"}]}\n        ]\n    }\n}\n";
    home.write(".claude/settings.json", before);
    fs::set_permissions(home.path(".claude/settings.json"), fs::Permissions::from_mode(0o600)).expect("permissions");
    let settings = home.path(".claude/settings.json");
    let commands = home.path(".claude/commands");
    home.install(&[]).ok().out("").err(&format!(
        "Claude Code: changed {settings}  (as it was: settings.json.shiftlog-backup)\n\
         Claude Code: created {commands}/session.md\nClaude Code: created {commands}/handoff.md\n\
         agents that are running now take it up when they are started again\n"
    ));
    let others: Vec<String> = CLAUDE.iter().filter(|e| **e != "Stop").map(|e| home.hook(e, "claude", 10)).collect();
    let stop = home.hook("Stop", "claude", 10);
    let group = stop.strip_prefix("\"Stop\": [").and_then(|s| s.strip_suffix(']')).expect("a group");
    let expected = format!(
        "{{\n    \"model\": \"opus\",\n    \"hooks\": {{\n        \"Stop\": [\n            {{\"hooks\": [{{\"type\": \"command\", \"command\": \"say done\"}}]}},\n            {group}\n        ],\n        {}\n    }}\n}}\n",
        others.join(",\n        ")
    );
    assert_eq!(home.read(".claude/settings.json"), expected);
    assert_eq!(home.read(".claude/settings.json.shiftlog-backup"), before);
    for file in [".claude/settings.json", ".claude/settings.json.shiftlog-backup"] {
        assert_eq!(fs::metadata(home.path(file)).expect("there").permissions().mode() & 0o777, 0o600);
    }

    let after = home.files();
    home.install(&["claude"]).ok().out("").err("Claude Code: installed already\n");
    assert_eq!(home.files(), after);
    home.install(&["--uninstall"]).ok();
    assert_eq!(home.read(".claude/settings.json"), before);
    assert_eq!(home.files().len(), 1, "the copy goes when it says nothing more");
}

#[test]
fn every_agent_gets_its_own_form_and_is_as_it_was_afterwards() {
    let home = Home::new(&ALL);
    home.write(".gemini/settings.json", "{\r\n  // mine\r\n  \"theme\": \"dark\", // yes\r\n}\r\n");
    home.write(".qwen/settings.json", "{}");
    home.write(".codex/config.toml", "model = \"x\"\n");
    let before = home.files();
    let answer = home.json(&[]);
    let names: Vec<&str> = answer["agents"].as_array().expect("agents").iter().filter_map(|a| a["agent"].as_str()).collect();
    assert_eq!(names, ["claude", "codex", "gemini", "opencode", "qwen", "copilot", "cline"]);
    assert_eq!((&answer["scope"], &answer["program"]), (&json!("user"), &json!(home.bin())));

    let list =
        |events: &[&str], agent: &str, limit: u32| events.iter().map(|e| home.hook(e, agent, limit)).collect::<Vec<_>>().join(",\n    ");
    let whole = |hooks: &str| format!("{{\n  \"hooks\": {{\n    {hooks}\n  }}\n}}\n");
    assert_eq!(home.read(".claude/settings.json"), whole(&list(&CLAUDE, "claude", 10)));
    assert_eq!(home.read(".codex/hooks.json"), whole(&list(&CODEX, "codex", 3)));
    assert_eq!(home.read(".codex/config.toml"), "model = \"x\"\n");
    let gemini = list(&["SessionStart", "BeforeAgent", "AfterAgent", "SessionEnd"], "gemini", 10_000).replace('\n', "\r\n");
    assert_eq!(
        home.read(".gemini/settings.json"),
        format!("{{\r\n  // mine\r\n  \"theme\": \"dark\", // yes\r\n  \"hooks\": {{\r\n    {gemini}\r\n  }},\r\n}}\r\n")
    );
    assert_eq!(home.read(".qwen/settings.json"), whole(&list(&CLAUDE, "qwen", 10_000)).replace("\n}\n", "}"));
    let copilot: Vec<String> = ["sessionStart", "userPromptSubmitted", "agentStop", "subagentStop", "preCompact", "sessionEnd"]
        .map(|e| format!("\"{e}\": [{{\"type\": \"command\", \"bash\": \"{}\", \"timeoutSec\": 10}}]", home.line(e, "copilot")))
        .to_vec();
    assert_eq!(
        home.read(".copilot/hooks/shiftlog.json"),
        format!("{{\n  \"version\": 1,\n  \"hooks\": {{\n    {}\n  }}\n}}\n", copilot.join(",\n    "))
    );
    for event in ["TaskStart", "TaskComplete"] {
        let script = home.read(&format!(".cline/hooks/{event}"));
        let lines: Vec<&str> = script.lines().collect();
        assert_eq!((lines[0], lines[2], lines.len()), ("#!/bin/sh", home.line(event, "cline").as_str(), 3));
        assert_eq!(fs::metadata(home.path(&format!(".cline/hooks/{event}"))).expect("there").permissions().mode() & 0o777, 0o755);
    }
    assert!(home.read(".config/opencode/plugins/shiftlog.js").contains(&format!("const program = \"{}\"\n", home.bin())));
    for (file, arguments) in [
        (".claude/commands/NAME.md", "$ARGUMENTS"),
        (".gemini/commands/NAME.toml", "{{args}}"),
        (".qwen/commands/NAME.md", "{{args}}"),
        (".config/opencode/commands/NAME.md", "$ARGUMENTS"),
        (".codex/skills/NAME/SKILL.md", ""),
        (".copilot/skills/NAME/SKILL.md", ""),
        (".cline/skills/NAME/SKILL.md", ""),
    ] {
        for (name, runs) in [("session", None), ("handoff", Some("shiftlog handoff ID --mark\n"))] {
            let text = home.read(&file.replace("NAME", name));
            assert!(
                text.contains("shiftlog session --from - <<'EOF'") && text.contains(arguments) && !text.contains('@'),
                "{file}: {text}"
            );
            assert!(runs.is_none_or(|line| text.contains(line)), "{file}: {text}");
        }
    }

    assert_eq!(home.json(&[])["agents"].to_string().matches("\"unchanged\"").count(), 22);
    home.install(&["--uninstall"]).ok();
    assert_eq!(home.files(), before);
    home.install(&["--uninstall", "claude"]).ok().err("Claude Code: nothing of shiftlog's is there\n");
}

#[test]
fn the_document_of_the_commands_is_one_that_session_takes() {
    let home = Home::new(&[".claude"]);
    home.install(&[]).ok();
    for name in ["session", "handoff"] {
        let text = home.read(&format!(".claude/commands/{name}.md"));
        let document = text.split("<<'EOF'\n").nth(1).and_then(|rest| rest.split("EOF\n").next()).expect("a document");
        let document = document.replace("done, or partial", "done").replace("high, medium or low", "high");
        let journal = Journal::new();
        journal.run_with(&["session", "--from", "-"], &document).ok();
        journal.run(&["handoff", "20261120-01", "--mark"]).ok();
    }
}

#[test]
fn commands_are_valid_in_their_formats() {
    let home = Home::new(&[".claude", ".gemini", ".codex"]);
    home.install(&[]).ok();
    for (name, begins, tools) in [
        ("session", "Write down what this session did", "Bash(shiftlog session:*)"),
        ("handoff", "Hand this session off", "Bash(shiftlog session:*), Bash(shiftlog handoff:*)"),
    ] {
        let command: toml::Table = toml::from_str(&home.read(&format!(".gemini/commands/{name}.toml"))).expect("TOML");
        assert!(command["prompt"].as_str().expect("text").starts_with(begins));
        for (file, named) in [(format!(".claude/commands/{name}.md"), None), (format!(".codex/skills/{name}/SKILL.md"), Some(name))] {
            let text = home.read(&file);
            let head = text.split("---\n").nth(1).expect("front matter");
            let head: Value = serde_yaml::from_str(head).expect("YAML");
            assert_eq!((head["name"].as_str(), head["description"].is_string()), (named, true), "{file}");
            assert!(named.is_some() || head["allowed-tools"] == tools, "{file}");
        }
    }
}

#[test]
fn where_no_agent_is_used_that_is_said() {
    let home = Home::new(&[]);
    let run = home.install(&[]).code(1);
    assert!(run.err.starts_with("no coding agent found; looked for:\n"), "{}", run.err);
    assert!(run.err.contains(&format!("  {}\n", home.path(".codex"))), "{}", run.err);
    home.install(&["nobody"])
        .code(2)
        .err("shiftlog: no agent is called `nobody`\nhint: agents are claude, codex, gemini, opencode, qwen, copilot, cline, aider\n");
    home.install(&["aider"]).ok().err("note: aider has no hooks: `shiftlog import` takes in its conversations\n");
    home.install(&["cline", "--project"]).ok().err("note: Cline has hooks for the person only: leave out --project\n");
    assert_eq!(home.files().len(), 0);
}

#[test]
fn settings_that_do_not_parse_are_refused_before_anything_is_written() {
    let home = Home::new(&[".claude", ".gemini"]);
    home.write(".gemini/settings.json", "{\n  \"a\": 1\n  \"b\": 2\n}\n");
    let before = home.files();
    let path = home.path(".gemini/settings.json");
    for args in [&[][..], &["--uninstall"], &["--check"]] {
        home.install(args).code(2).out("").err(&format!(
            "shiftlog: `,` or `}}` is missing: {path}:3\nhint: correct that line in an editor, or name only other agents; nothing was written\n"
        ));
        assert_eq!(home.files(), before);
    }
    home.write(".gemini/settings.json", "{\"hooks\": []}");
    let answer = home.json(&["gemini"]);
    assert_eq!(answer["error"]["kind"], "settings-broken");
    home.install(&["claude"]).ok();
}

#[test]
fn a_dry_run_shows_the_difference_and_writes_nothing() {
    let home = Home::new(&[]);
    home.write(".codex/hooks.json", "{}\n");
    let before = home.files();
    let path = home.path(".codex/hooks.json");
    let name = path.trim_start_matches('/');
    let run = home.install(&["codex", "-n"]).ok();
    let hooks: Vec<String> = CODEX.iter().map(|e| format!("+    {}", home.hook(e, "codex", 3))).collect();
    let expected = format!("--- a/{name}\n+++ b/{name}\n@@ -1 +1,11 @@\n-{{}}\n+{{\n+  \"hooks\": {{\n{}\n+  }}}}\n", hooks.join(",\n"));
    assert!(run.out.starts_with(&expected), "{}", run.out);
    assert!(run.err.starts_with(&format!("Codex: would change {path}\nCodex: would create ")), "{}", run.err);
    assert_eq!(home.files(), before);
}

#[test]
fn links_are_followed() {
    let home = Home::new(&[".claude"]);
    home.write("dotfiles/claude.json", "{\"a\":1}\n");
    symlink("../dotfiles/claude.json", home.path(".claude/settings.json")).expect("a link");
    home.install(&[]).ok();
    assert!(fs::symlink_metadata(home.path(".claude/settings.json")).expect("there").is_symlink());
    assert!(home.read("dotfiles/claude.json").starts_with("{\"a\":1,\"hooks\": {\"SessionStart\": [{"));
    home.install(&["--uninstall"]).ok();
    assert_eq!(home.read("dotfiles/claude.json"), "{\"a\":1}\n");
}

#[test]
fn a_program_that_moved_is_followed_and_only_then_codex_needs_new_trust() {
    let home = Home::new(&[".codex"]);
    let todo = "to do: open codex, enter /hooks, and trust the hooks of shiftlog: until then it passes over them\n";
    assert!(home.install(&[]).ok().err.contains(todo));
    let again = home.install(&[]).ok();
    assert_eq!(again.err, format!("Codex: installed already\n{todo}"));
    let state = format!("[hooks.state.\"{}:stop:0:0\"]\ntrusted_hash = \"sha256:0\"\n", home.path(".codex/hooks.json"));
    home.write(".codex/config.toml", &state);
    home.install(&[]).ok().err("Codex: installed already\n");

    home.journal.write("bin/new/shiftlog", home.journal.read("bin/shiftlog"));
    let new = home.journal.path("bin/new/shiftlog").to_string_lossy().into_owned();
    let before = home.read(".codex/hooks.json");
    let run = home.journal.run(&["install", "--program", &new]).ok();
    assert!(run.err.contains(todo), "{}", run.err);
    assert_eq!(home.read(".codex/hooks.json"), before.replace(&home.bin(), &new));
    assert!(!Path::new(&home.path(".codex/hooks.json.shiftlog-backup")).exists(), "nothing of anybody else's was in it");
}

#[test]
fn files_of_others_are_left_and_edited_ones_too() {
    let home = Home::new(&[".claude", ".cline"]);
    home.write(".claude/commands/session.md", "mine\n");
    home.write(".claude/commands/handoff.md", "mine too\n");
    home.write(".cline/hooks/TaskStart", "#!/bin/sh\necho mine\n");
    let answer = home.json(&[]);
    let notes = |n: usize| answer["agents"][n]["notes"].to_string();
    assert!(notes(0).contains("another file is there, and was left as it is; move it away and run this again: "), "{}", notes(0));
    assert!(notes(1).contains(&format!("add this line to it: {}", home.line("TaskStart", "cline"))), "{}", notes(1));
    let script = home.read(".cline/hooks/TaskComplete");
    home.write(".cline/hooks/TaskComplete", &format!("{script}echo more\n"));
    let run = home.install(&["cline", "--uninstall"]).ok();
    let path = home.path(".cline/hooks/TaskComplete");
    let note = format!("note: left as it is, because it was changed since shiftlog wrote it; remove it yourself: {path}\n");
    assert!(run.err.contains(&note), "{}", run.err);
    home.install(&["--uninstall"]).ok();
    assert_eq!(home.read(".claude/commands/session.md"), "mine\n");
    assert_eq!(home.read(".claude/commands/handoff.md"), "mine too\n");
    assert_eq!(home.read(".cline/hooks/TaskStart"), "#!/bin/sh\necho mine\n");
}

#[test]
fn a_project_has_files_of_its_own() {
    let home = Home::new(&ALL);
    fs::create_dir_all(home.journal.path(".git")).expect("a directory");
    fs::create_dir_all(home.journal.path("src")).expect("a directory");
    let bin = home.bin();
    let mut command = home.journal.command(&["install", "--project", "--program", &bin, "claude", "codex", "gemini", "opencode", "qwen"]);
    let output = command.current_dir(home.journal.path("src")).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("to do: open claude in this project, and trust the folder"), "{said}");
    for file in [
        ".claude/settings.json",
        ".claude/commands/session.md",
        ".claude/commands/handoff.md",
        ".codex/hooks.json",
        ".agents/skills/session/SKILL.md",
        ".agents/skills/handoff/SKILL.md",
        ".gemini/settings.json",
        ".gemini/commands/session.toml",
        ".gemini/commands/handoff.toml",
        ".opencode/plugins/shiftlog.js",
        ".opencode/commands/session.md",
        ".opencode/commands/handoff.md",
        ".qwen/settings.json",
        ".qwen/commands/session.md",
        ".qwen/commands/handoff.md",
    ] {
        assert!(home.journal.path(file).is_file(), "{file}");
    }
    assert_eq!(home.files().len(), 0, "nothing of the person's");
    home.install(&["--project", "--uninstall"]).ok();
    let left: Vec<PathBuf> = walkdir::WalkDir::new(home.journal.root()).into_iter().flatten().map(walkdir::DirEntry::into_path).collect();
    assert!(left.iter().all(|p| p.is_dir() || p.starts_with(home.journal.path("bin"))), "{left:?}");
    assert!(!home.journal.path(".claude").exists() && !home.journal.path(".agents").exists());
}

#[test]
fn copilot_has_hooks_of_its_own_beside_those_of_claude() {
    // It runs those in the project's .claude/settings.json too, which do nothing then: tests/hook.rs.
    let home = Home::new(&[".claude", ".copilot", ".codex"]);
    home.install(&["--project"]).ok();
    assert!(home.journal.path(".github/hooks/shiftlog.json").is_file() && home.journal.path(".claude/settings.json").is_file());
    // Codex goes on using the skills that both have.
    home.install(&["--project", "copilot", "--uninstall"]).ok();
    let skills = ["session", "handoff"].map(|name| home.journal.path(&format!(".agents/skills/{name}/SKILL.md")).is_file());
    assert_eq!((skills, home.journal.path(".github").exists()), ([true, true], false));
    home.install(&["--project", "--uninstall"]).ok();
    assert!(!home.journal.path(".agents").exists());
}

#[test]
fn a_check_runs_every_hook_with_a_sample() {
    let home = Home::new(&ALL);
    home.install(&["--check"]).code(1);
    home.install(&[]).ok();
    home.write(".codex/config.toml", &format!("[hooks.state.\"{}:stop:0:0\"]\n", home.path(".codex/hooks.json")));
    home.install(&["--check"]).ok().err("").out(
        "Claude Code: installed, 8 hooks ran\nCodex: installed, 8 hooks ran\nGemini CLI: installed, 4 hooks ran\n\
         OpenCode: installed, 4 hooks ran\nQwen Code: installed, 8 hooks ran\nCopilot CLI: installed, 6 hooks ran\n\
         Cline: installed, 2 hooks ran\n",
    );
    let calls = home.read("calls");
    assert_eq!(calls.lines().count(), 40);
    assert!(calls.starts_with("hook SessionStart --agent claude\nhook UserPromptSubmit --agent claude\n"), "{calls}");
    assert!(calls.ends_with("hook TaskStart --agent cline\nhook TaskComplete --agent cline\n"), "{calls}");
    let inputs = home.read("inputs");
    let inputs: Vec<Value> = serde_json::Deserializer::from_str(&inputs).into_iter().map(|v| v.expect("JSON")).collect();
    assert_eq!(inputs.len(), 40);
    assert_eq!(inputs[1]["prompt"], "shiftlog install --check");
    assert_eq!(inputs[2]["hook_event_name"], "Stop");
    let cwd = inputs[2]["cwd"].as_str().expect("a directory");
    assert!(!Path::new(cwd).exists(), "it goes again");
}

#[test]
fn a_check_says_what_is_wrong() {
    let home = Home::new(&[".claude", ".gemini"]);
    home.install(&["claude"]).ok();
    home.install(&["--check"]).ok().out("Claude Code: installed, 8 hooks ran\nGemini CLI: not installed\n");
    let handoff = home.path(".claude/commands/handoff.md");
    fs::remove_file(&handoff).expect("removed");
    home.install(&["--check", "claude"]).code(1).out(&format!(
        "Claude Code: installed, not as it should be; 8 hooks ran\n  \
         problem: missing, or of another version: {handoff}; `shiftlog install claude` writes it\n",
    ));
    home.install(&["claude"]).ok().err(&format!("Claude Code: created {handoff}\n{RESTART}"));
    home.install(&["--check", "gemini"])
        .code(1)
        .out("Gemini CLI: not installed\n  problem: nothing is installed: run `shiftlog install gemini`\n");

    // What it prints goes to the agent at the start only; that its exit status is lost is meant.
    home.program("echo hello; exit 3");
    let answer = home.json(&["--check", "claude"]);
    let hooks = answer["agents"][0]["hooks"].as_array().expect("hooks");
    assert_eq!((&hooks[0]["output"], &hooks[0]["problem"], &hooks[0]["exit"]), (&json!("hello\n"), &Value::Null, &json!(0)));
    assert_eq!(hooks[2]["problem"], "printed what the agent does not expect: hello");
    assert_eq!(answer["healthy"], false);

    // A hook that a person rewrote may fail.
    home.program("exit 3");
    let text = home.read(".claude/settings.json");
    let line = home.line("Stop", "claude");
    let without = home.hook("SessionEnd", "claude", 10);
    let other = text.replace(&line, line.trim_end_matches(" 2>/dev/null || true")).replace(&format!(",\n    {without}"), "");
    home.write(".claude/settings.json", &other);
    home.install(&["--check", "claude"]).code(1).out(
        "Claude Code: installed, not as it should be; 7 hooks ran\n  \
         problem: hooks run another program or form than `shiftlog install claude` writes now\n  \
         problem: events without a hook: SessionEnd; `shiftlog install claude` adds them\n  \
         problem: Stop ended with exit status 3\n",
    );
    home.install(&["claude"]).ok();
    assert_eq!(home.read(".claude/settings.json"), text);

    home.journal.write("bin/shiftlog", "#!/bin/sh\nexit 2\n");
    let run = home.install(&["--check", "claude"]).code(1);
    assert!(run.out.contains(&format!("problem: the program that hooks run does not know `hook`: {}\n", home.bin())), "{}", run.out);
    fs::remove_file(home.bin()).expect("removed");
    let run = home.journal.run(&["install", "--check", "claude"]).code(1);
    assert!(run.out.contains(&format!("problem: the program that hooks run is gone: {}\n", home.bin())), "{}", run.out);
}

#[test]
fn a_program_that_is_gone_or_does_not_know_the_command_blocks_nothing() {
    let home = Home::new(&[".claude"]);
    home.install(&[]).ok();
    let settings: Value = serde_json::from_str(&home.read(".claude/settings.json")).expect("JSON");
    let line = settings["hooks"]["Stop"][0]["hooks"][0]["command"].as_str().expect("a line").to_string();
    let try_it = || {
        let output = Command::new("sh").arg("-c").arg(&line).output().expect("it runs");
        (output.status.code(), output.stdout.len(), output.stderr.len())
    };
    home.program("echo unknown command >&2; exit 2");
    assert_eq!(try_it(), (Some(0), 0, 0));
    fs::set_permissions(home.bin(), fs::Permissions::from_mode(0o644)).expect("permissions");
    assert_eq!(try_it(), (Some(0), 0, 0));
    fs::remove_file(home.bin()).expect("removed");
    assert_eq!(try_it(), (Some(0), 0, 0));
}

#[test]
fn a_path_with_odd_characters_is_one_word() {
    let home = Home::new(&[".claude"]);
    home.journal.write("it's $HOME \"here\"/shiftlog", "#!/bin/sh\necho \"$1 $2\"\n");
    let odd = home.journal.path("it's $HOME \"here\"/shiftlog");
    fs::set_permissions(&odd, fs::Permissions::from_mode(0o755)).expect("permissions");
    let answer = home.journal.json(&["install", "--program", odd.to_str().expect("text")]);
    assert_eq!(answer["success"], true);
    let answer = home.journal.json(&["install", "--check", "--program", odd.to_str().expect("text")]);
    assert_eq!(answer["agents"][0]["hooks"][0]["output"], "hook SessionStart\n", "{answer}");
}

#[test]
fn files_that_others_share_hold_no_path_of_this_machine() {
    let home = Home::new(&[".claude", ".opencode"]);
    fs::create_dir_all(home.journal.path(".git")).expect("a directory");
    let run = |args: &[&str], path: &str| {
        let output = home.journal.command(args).env("PATH", path).output().expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let with = format!("{}:/usr/bin:/bin", home.journal.path("bin").display());
    let (_, said) = run(&["install", "--project", "claude", "opencode"], "/usr/bin:/bin");
    assert!(said.contains("note: `shiftlog` is not in PATH here: hooks do nothing until it is\n"), "{said}");
    let settings = home.journal.read(".claude/settings.json");
    assert!(settings.contains("'shiftlog' hook Stop --agent claude 2>/dev/null || true"), "{settings}");
    assert!(home.journal.read(".opencode/plugins/shiftlog.js").contains("const program = \"shiftlog\"\n"));
    let (code, said) = run(&["install", "--project", "--check", "claude"], "/usr/bin:/bin");
    assert!(code == Some(1) && said.contains("the program that hooks run cannot be run: "), "{said}");
    let (code, said) = run(&["install", "--project", "--check", "claude", "opencode"], &with);
    assert_eq!((code, said.contains("Claude Code: installed, 8 hooks ran\n")), (Some(0), true), "{said}");
    let (_, again) = run(&["install", "--project", "claude", "opencode"], &with);
    assert_eq!(again, "Claude Code: installed already\nOpenCode: installed already\n");
    let (_, _) = run(&["install", "--program", "shiftlog", "claude"], &with);
    assert!(home.read(".claude/settings.json").contains("'shiftlog' hook Stop"));
    let (code, said) = run(&["install", "--program", "./shiftlog", "claude"], &with);
    assert!(code == Some(2) && said.contains("there is no such program: ") && said.contains("hint: name the file"), "{said}");
}

#[test]
fn a_command_of_somebody_elses_is_named_by_the_check() {
    let home = Home::new(&[".claude"]);
    home.write(".claude/commands/handoff.md", "mine\n");
    home.install(&["claude"]).ok();
    let run = home.install(&["claude", "--check"]).ok();
    let path = home.path(".claude/commands/handoff.md");
    assert!(
        run.out.contains(&format!(
            "  note: somebody else's file stands where a command would: {path}; move it away and install again to have it\n"
        )),
        "{}",
        run.out
    );
}

#[test]
fn a_link_of_any_name_is_known_as_the_same_program() {
    let home = Home::new(&[".claude"]);
    let settings = "{\n  \"theme\": \"dark\" // mine\n}\n";
    home.journal.write("home/.claude/settings.json", settings);
    let link = home.journal.path("bin/sl-current");
    symlink(env!("CARGO_BIN_EXE_shiftlog"), &link).expect("a link");
    let link = link.to_str().expect("text");
    let run = |args: &[&str]| home.journal.run(&[&["install", "claude"], args].concat());
    let _ = run(&["--program", link]).ok();
    let with = home.journal.read("home/.claude/settings.json");
    assert!(with.contains(&format!("'{link}' hook Stop --agent claude")), "{with}");
    // Without a name, the one that was given before stays.
    let _ = run(&["--check"]).ok();
    assert!(run(&[]).ok().err.contains("Claude Code: installed already\n"));
    assert_eq!(home.journal.read("home/.claude/settings.json"), with);
    let _ = run(&["--uninstall"]).ok();
    assert_eq!(home.journal.read("home/.claude/settings.json"), settings);
    // What is no shiftlog is said to be none.
    let err = run(&["--program", "/bin/false"]).ok().err;
    assert!(err.contains("note: the program that hooks run does not know `hook`: /bin/false\n"), "{err}");
    let _ = run(&["--uninstall"]).ok();
    assert_eq!(home.journal.read("home/.claude/settings.json"), settings);
}
