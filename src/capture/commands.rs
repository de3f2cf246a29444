//! Commands: which of them only look, what they are known by, and which line of an output says what went wrong.

use super::text::short;

/// Programs that only look.
const LOOK: [&str; 51] = [
    "ls", "cat", "head", "tail", "grep", "egrep", "rg", "ag", "fd", "find", "pwd", "which", "whereis", "type", "command", "echo", "printf",
    "wc", "tree", "stat", "file", "du", "df", "less", "more", "sort", "uniq", "cut", "tr", "date", "env", "printenv", "whoami", "uname",
    "ps", "true", "false", "sleep", "cd", "jq", "yq", "diff", "cmp", "history", "man", "hexdump", "xxd", "strings", "basename", "dirname",
    "realpath",
];

/// What git only shows.
const GIT_LOOKS: [&str; 16] = [
    "status",
    "log",
    "diff",
    "show",
    "branch",
    "blame",
    "ls-files",
    "ls-tree",
    "remote",
    "rev-parse",
    "grep",
    "describe",
    "reflog",
    "shortlog",
    "cat-file",
    "config",
];

/// Programs that bring something about, and show nothing of whether it is sound.
const CHORES: [&str; 38] = [
    "git", "gh", "hg", "jj", "mkdir", "rm", "rmdir", "mv", "cp", "touch", "chmod", "chown", "ln", "tar", "zip", "unzip", "curl", "wget",
    "kill", "pkill", "apt", "apt-get", "brew", "gem", "sed", "awk", "perl", "tee", "rsync", "ssh", "scp", "docker", "kubectl", "prettier",
    "rustfmt", "gofmt", "black", "tmux",
];

/// Programs that run what they are given.
const INTERPRETERS: [&str; 8] = ["python", "python3", "node", "ruby", "bash", "sh", "zsh", "deno"];

/// What of package managers is such a chore.
const MANAGES: [&str; 15] =
    ["install", "i", "add", "ci", "sync", "update", "upgrade", "remove", "uninstall", "fmt", "format", "init", "new", "get", "mod"];

/// Whether a command, as it is known, is a chore.
pub(super) fn is_chore(head: &str) -> bool {
    let mut words = head.split_whitespace();
    let (program, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let manages = matches!(program, "npm" | "pnpm" | "yarn" | "bun" | "pip" | "pip3" | "uv" | "poetry" | "cargo" | "go" | "bundle");
    // A program that is told on its input or in an argument what to do, and not in a file.
    let is_told = first.is_empty() && INTERPRETERS.contains(&program);
    is_told || CHORES.contains(&program) || manages && MANAGES.contains(&first) || program == "npx" && CHORES.contains(&first)
}

/// What a command is known by: program and first word of each part that does more than look.
pub(super) fn heads(command: &str) -> Vec<String> {
    let mut heads = Vec::new();
    for segment in segments(command) {
        if let Some(head) = head(segment)
            && !heads.contains(&head)
        {
            heads.push(head);
        }
    }
    heads
}

/// The parts of a command that run one after the other; of a pipe, what feeds it.
fn segments(command: &str) -> Vec<&str> {
    let (mut found, mut start, mut quote, mut fed) = (Vec::new(), 0, None, false);
    // Words that end what is fed to programs on the lines below, which is not run.
    let mut documents: Vec<&str> = Vec::new();
    let bytes = command.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match (quote, byte) {
            (Some(mark), _) if *byte == mark => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'\\') => at += 1,
            (None, b'#') if at == 0 || bytes[at - 1] == b'\n' => {
                while bytes.get(at).is_some_and(|b| *b != b'\n') {
                    at += 1;
                }
                start = (at + 1).min(command.len());
                fed = false;
            }
            // A command that was put on one line says no more than where that ends.
            (None, b'<') if next == Some(&b'<') && bytes.get(at + 2) != Some(&b'<') && !command[at..].contains('\n') => {
                found.push(&command[start..at]);
                let Some(end) = command[at..].find("…; ") else { return found };
                at += end + "…;".len();
                start = at + 1;
            }
            (None, b'<') if next == Some(&b'<') && bytes.get(at + 2) == Some(&b'<') => at += 2,
            (None, b'<') if next == Some(&b'<') => {
                documents.push(ending(&command[at + 2..]));
                at += 1;
            }
            (None, b'\n') if !documents.is_empty() => {
                if !fed {
                    found.push(&command[start..at]);
                }
                fed = false;
                for word in documents.drain(..) {
                    let end = command[at..]
                        .match_indices('\n')
                        .map(|(n, _)| at + n + 1)
                        .find(|begin| command[*begin..].lines().next().is_some_and(|line| line.trim_start_matches('\t') == word));
                    // One that nothing ends reaches to the end.
                    let Some(end) = end else { return found };
                    at = command[end..].find('\n').map_or(command.len(), |n| end + n);
                }
                start = (at + 1).min(command.len());
            }
            (None, b'&' | b'|' | b';' | b'\n') => {
                let doubled = matches!(byte, b'&' | b'|') && next == Some(byte);
                let redirects = *byte == b'&' && (at > 0 && bytes[at - 1] == b'>' || next == Some(&b'>'));
                if redirects {
                    at += 1;
                    continue;
                }
                if !fed {
                    found.push(&command[start..at]);
                }
                fed = *byte == b'|' && !doubled;
                at += usize::from(doubled);
                start = (at + 1).min(command.len());
            }
            _ => {}
        }
        at += 1;
    }
    if !fed && start <= command.len() {
        found.push(command.get(start..).unwrap_or_default());
    }
    found
}

/// Files that a command plainly shows, and those that it writes what is given to it into, as they are called from where it runs.
pub(super) fn touches(command: &str) -> (Vec<String>, Vec<String>) {
    let (mut read, mut written, mut dir) = (Vec::new(), Vec::new(), String::new());
    for segment in segments(command) {
        let Ok(words) = shell_words::split(segment.split("<<").next().unwrap_or_default()) else { continue };
        let Some((program, rest)) = words.split_first() else { continue };
        let to = rest.iter().position(|word| word.starts_with('>'));
        let operands = || rest[..to.unwrap_or(rest.len())].iter().filter(|word| !word.starts_with('-')).map(String::as_str);
        let below = |path: &str| if path.starts_with('/') || dir.is_empty() { path.to_string() } else { format!("{dir}/{path}") };
        match program.as_str() {
            "cd" => match operands().next().filter(|path| is_path(path) && !path.contains("..")) {
                Some(path) => dir = below(path.trim_end_matches('/')),
                // Nobody knows where that leads.
                None => break,
            },
            "cat" | "echo" | "printf" if to.is_some() => {
                let word = to.map(|at| rest[at].trim_start_matches('>')).unwrap_or_default();
                let path = if word.is_empty() { to.and_then(|at| rest.get(at + 1)).map_or("", String::as_str) } else { word };
                written.extend(Some(path).filter(|path| is_path(path)).map(below));
            }
            "cat" | "nl" | "bat" | "less" => read.extend(operands().filter(|path| is_path(path)).map(below)),
            "head" | "tail" => {
                let is_number = |word: &&str| word.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit());
                read.extend(operands().filter(|word| !is_number(word) && is_path(word)).map(below));
            }
            "sed" if rest.first().is_some_and(|flag| flag == "-n") => {
                read.extend(operands().skip(1).filter(|path| is_path(path)).map(below));
            }
            _ => {}
        }
    }
    (read, written)
}

/// A command on one line, so that it still runs; what is fed to it on lines of its own is left out.
pub(super) fn on_one_line(command: &str) -> String {
    let command = command.replace("\\\n", " ");
    let mut all = String::new();
    let mut lines = command.lines();
    while let Some(line) = lines.next() {
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let goes_on = ["&&", "||", "|", ";", "{", "(", " do", " then", " else"].iter().any(|end| all.ends_with(end));
        all.push_str(if all.is_empty() {
            ""
        } else if goes_on {
            " "
        } else {
            "; "
        });
        all.push_str(&words);
        let word = line.rsplit_once("<<").map(|(_, rest)| ending(rest)).filter(|word| !word.is_empty() && !line.contains("<<<"));
        if let Some(word) = word.filter(|_| command.contains('\n')) {
            all.push_str(" …");
            lines.find(|line| line.trim_start_matches('\t') == word);
        }
    }
    all
}

/// The word that ends what is fed to a command, of what stands behind `<<`.
fn ending(rest: &str) -> &str {
    let word = rest.trim_start_matches('-').split_whitespace().next().unwrap_or_default();
    word.trim_matches(['\'', '"', '\\', ';', ')'])
}

/// Whether a word names one file, as far as it shows.
fn is_path(word: &str) -> bool {
    word.contains(char::is_alphanumeric) && !word.contains(['*', '?', '$', '~', '{', '<', '>', '|', '`', '=', '\n']) && !word.ends_with('/')
}

/// Program and first word, or nothing where it only looks.
fn head(segment: &str) -> Option<String> {
    let mut words = segment
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'', '(', ')', '{', '}']))
        .filter(|word| !word.is_empty())
        .peekable();
    loop {
        let word = *words.peek()?;
        let assigns = word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        if assigns || matches!(word, "sudo" | "time" | "env" | "exec" | "nohup" | "nice" | "then" | "do" | "else" | "if" | "!") {
            words.next();
        } else if word == "timeout" {
            words.next();
            words.next_if(|word| word.starts_with(|c: char| c.is_ascii_digit() || c == '-'));
        } else {
            break;
        }
    }
    let program = words.next()?;
    let program = program.rsplit('/').next().unwrap_or(program);
    let rest: Vec<&str> = words.take_while(|word| !word.starts_with('<')).collect();
    let first = rest.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
    let looks = LOOK.contains(&program)
        || program == "git" && (GIT_LOOKS.contains(&first) || first == "stash" && rest.contains(&"list"))
        || matches!(program, "sed" | "awk" | "perl") && !rest.iter().any(|word| word.starts_with("-i") || word.starts_with("-pi"))
        || matches!(program, "for" | "while" | "done" | "fi" | "[" | "[[" | "test" | "export" | "set" | "source" | ".")
        || rest.iter().all(|word| matches!(*word, "--version" | "-V" | "--help" | "-h")) && !rest.is_empty();
    if looks || !program.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$' | '~')) {
        return None;
    }
    let module = rest.iter().position(|word| *word == "-m").filter(|_| program.starts_with("py")).and_then(|at| rest.get(at + 1));
    Some(match module.copied().unwrap_or(first) {
        "" => program.to_string(),
        word => format!("{program} {word}"),
    })
}

/// The line of an output that says what went wrong.
pub(super) fn error_line(output: &str) -> Option<String> {
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("Exit code "));
    let traced = output.contains("Traceback (most recent call last)");
    let mut telling = lines().filter(|line| tells(line));
    let found = if traced { telling.next_back() } else { telling.next() };
    found.or_else(|| lines().next_back()).map(|line| short(line, 160))
}

fn tells(line: &str) -> bool {
    let lower = line.to_lowercase();
    let words =
        ["error", "exception", "panicked at", "fatal:", "failed", "cannot ", "not found", "no such ", "denied", "undefined", "unexpected"];
    words.iter().any(|word| lower.contains(word))
}

/// Names of errors in a line: `NameError`, `E0502`, `ENOENT`.
pub(super) fn error_names(line: &str) -> Vec<&str> {
    let word = |c: char| !(c.is_alphanumeric() || c == '_');
    let is_name = |name: &&str| {
        let named = (name.ends_with("Error") || name.ends_with("Exception")) && name.len() > 5;
        let coded = name.len() >= 4
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && (name.chars().filter(char::is_ascii_digit).count() >= 3 || name.starts_with('E') && !name.starts_with("ERROR"));
        named || coded
    };
    let mut names: Vec<&str> = line.split(word).filter(is_name).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_by_what_they_run() {
        assert_eq!(heads("ls -1 && git status --short | head -5"), [""; 0]);
        assert_eq!(heads("cd app && RUST_LOG=x cargo test --all 2>&1 | tail -5"), ["cargo test"]);
        assert_eq!(heads("python3 greet_cli.py Ada && python3 greet_cli.py --json Ada"), ["python3 greet_cli.py"]);
        assert_eq!(heads("timeout 5 python -m pytest -q; ./run.sh"), ["python pytest", "run.sh"]);
        assert_eq!(heads("cat > x.py <<'EOF'\nimport os && rm\nEOF"), [""; 0]);
        assert_eq!(heads("git commit -m 'a && b'"), ["git commit"]);
        assert_eq!(heads("python3 - <<'EOF' && make docs\nopen('x') && rm\nEOF\ncargo test\n"), ["python3", "make docs", "cargo test"]);
        assert_eq!(heads("cat <<A <<-B\na\nA\n\tb\n\tB\ncargo test"), ["cargo test"]);
        assert_eq!(heads("python3 - <<'EOF' import os; rm x EOF"), ["python3"]);
        assert_eq!(heads("python3 x.py <<< \"in\"; cargo test"), ["python3 x.py", "cargo test"]);
        assert!(is_chore("python3") && is_chore("git commit") && !is_chore("python3 greet.py") && !is_chore("cargo test"));
        assert_eq!(heads("node --version"), [""; 0]);
        assert_eq!(heads("'"), [""; 0]);
    }

    #[test]
    fn a_command_of_several_lines_still_runs_on_one() {
        assert_eq!(on_one_line("# first\ncd app &&\n  make \\\n  test\nls"), "cd app && make test; ls");
        let fed = on_one_line("python3 - <<'EOF'\nprint(1)\nEOF\ncargo test");
        assert_eq!((fed.as_str(), heads(&fed)), ("python3 - <<'EOF' …; cargo test", vec!["python3".to_string(), "cargo test".to_string()]));
        assert_eq!(on_one_line("python3 - <<'EOF'\nprint(1)\nEOF\n"), "python3 - <<'EOF' …");
        assert_eq!(on_one_line("  "), "");
    }

    #[test]
    fn files_that_a_command_shows_or_writes_are_known() {
        let all = |command: &str| {
            let (read, written) = touches(command);
            (read.join(" "), written.join(" "))
        };
        let are = |read: &str, written: &str| (read.to_string(), written.to_string());
        assert_eq!(all("cat '/home/dev/a b.py' && sed -n '1,20p' src/x.rs | head -5"), are("/home/dev/a b.py src/x.rs", ""));
        assert_eq!(all("cd app && cat > x.py <<'EOF'\ncat y.py > z\nEOF\ntail -n 20 log.txt"), are("app/log.txt", "app/x.py"));
        assert_eq!(all("head -n 3 a.py; nl -ba b.py; printf 'x' >> notes.md"), are("a.py b.py", "notes.md"));
        assert_eq!(all("cd \"$DIR\" && cat x.py"), are("", ""));
        assert_eq!(
            all("cat *.py; cat <<EOF\nx\nEOF\necho hello; git show x.py; sed -i s/a/b/ c.py; cat x.py 2>/dev/null"),
            are("x.py", "")
        );
        assert_eq!(all("cat 'unclosed"), are("", ""));
    }

    #[test]
    fn the_line_that_tells_is_found() {
        let python = "Exit code 1\nTraceback (most recent call last):\n  File \"x.py\", line 3\nNameError: name 'txt' is not defined";
        assert_eq!(error_line(python).as_deref(), Some("NameError: name 'txt' is not defined"));
        let rust = "   Compiling x\nerror[E0502]: cannot borrow\n  --> src/x.rs\nerror: could not compile `x`";
        assert_eq!(error_line(rust).as_deref(), Some("error[E0502]: cannot borrow"));
        assert_eq!(error_line("Exit code 2\n"), None);
        assert_eq!(error_names("error[E0502]: cannot borrow, NameError, ENOENT, ERROR"), ["E0502", "NameError", "ENOENT"]);
    }
}
