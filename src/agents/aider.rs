//! aider: one Markdown file for all conversations in a repository, `.aider.chat.history.md`.
//!
//! aider writes `#### ` before each line of a prompt and `> ` before what its own program says, and ends both with two spaces; all
//! else is the answer, which may hold lines that look like either. There are no ids: a conversation's is made of how it begins, up to
//! its first prompt, and a turn's of its number. Times stand there without a zone: they are those of the machine.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, NaiveDateTime, TimeDelta, TimeZone, Utc};
use xxhash_rust::xxh3::xxh3_64;

use super::lines::Read;
use super::teller::{Known, Teller, action, shortened, typed};
use super::{Agent, Homes, Limits};
use crate::record::transcript::Transcript;

pub(super) struct Aider;

const FILE: &str = ".aider.chat.history.md";
const BEGINS: &str = "# aider chat started at ";

impl Agent for Aider {
    fn name(&self) -> &'static str {
        "aider"
    }
    fn title(&self) -> &'static str {
        "aider"
    }
    /// That of the home directory, or the one that is named: those of repositories lie in these.
    fn histories(&self, homes: &Homes) -> Vec<PathBuf> {
        Some(homes.named("AIDER_CHAT_HISTORY_FILE", FILE)).filter(|path| path.is_file()).into_iter().collect()
    }
    fn beside_work(&self, dir: &Path) -> Option<PathBuf> {
        Some(dir.join(FILE))
    }

    fn keeps(&self, path: &Path) -> bool {
        let begins = |head: String| head.trim_start().lines().next().is_some_and(|line| began(line).is_some());
        path.extension().is_some_and(|e| e == "md") && super::head(path).is_some_and(begins)
    }
    /// When prompts were typed stands in another file.
    fn beside(&self, path: &Path) -> Option<PathBuf> {
        Some(path.with_file_name(".aider.input.history"))
    }
    fn read(&self, path: &Path, mark: Option<&str>, limits: Limits) -> std::io::Result<Read> {
        let file = std::fs::read(path)?;
        let complete = file.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let cwd = path.parent().filter(|dir| dir.is_absolute() && path.ends_with(FILE)).map(|dir| dir.to_string_lossy().into_owned());
        let typed = self.beside(path).and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        let typed = times(&String::from_utf8_lossy(&typed));
        // The mark is where the last conversation begins, and how.
        let mark = mark.and_then(|mark| mark.split_once(' ')).and_then(|(at, line)| Some((at.parse().ok()?, line)));
        let chats = chats(file.get(..complete).unwrap_or_default());
        let from = chats.iter().position(|(at, text)| mark.is_some_and(|mark| mark == (*at, first_line(text)))).unwrap_or(0);
        let told = chats.iter().skip(from).filter_map(|(_, text)| Chat::new(text, cwd.clone(), limits)?.told(text, &typed));
        let mark = chats.last().map(|(at, text)| format!("{at} {}", first_line(text)));
        Ok(Read { transcripts: told.collect(), mark, bytes: complete as u64, unread: 0 })
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// When a conversation began that has this line at its beginning.
fn began(line: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(line.strip_prefix(BEGINS)?.trim_end(), "%Y-%m-%d %H:%M:%S").ok()
}

/// The conversations of a file, and at which bytes they begin.
fn chats(file: &[u8]) -> Vec<(usize, String)> {
    let (mut starts, mut at) = (Vec::new(), 0);
    for line in file.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(BEGINS.as_bytes()) && began(&String::from_utf8_lossy(line)).is_some() {
            starts.push(at);
        }
        at += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([at]).collect();
    let text = |(start, end)| Some((start, String::from_utf8_lossy(file.get(start..end)?).into_owned()));
    starts.into_iter().zip(ends).filter_map(text).collect()
}

fn utc(time: NaiveDateTime) -> DateTime<Utc> {
    Local.from_local_datetime(&time).earliest().map_or_else(|| time.and_utc(), |time| time.to_utc())
}

/// When each text was typed, in order.
fn times(history: &str) -> HashMap<String, Vec<NaiveDateTime>> {
    let mut found: HashMap<String, Vec<NaiveDateTime>> = HashMap::new();
    let mut lines = history.lines().peekable();
    while let Some(line) = lines.next() {
        let time = line.strip_prefix("# ").and_then(|time| NaiveDateTime::parse_from_str(time.trim(), "%Y-%m-%d %H:%M:%S%.f").ok());
        let Some(time) = time else { continue };
        let mut text = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with('+')) {
            text.push(line.trim_start_matches('+').trim_end());
        }
        let known = found.entry(text.join("\n").trim().to_string()).or_default();
        // What is typed is often noted twice.
        if known.last().is_none_or(|last| (time - *last).abs() > TimeDelta::seconds(1)) {
            known.push(time);
        }
    }
    found
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line<'t> {
    Blank,
    Prompt(&'t str),
    /// What the program says, and whether it ends here.
    Note(&'t str, bool),
    Answer(&'t str),
}

/// A line, by what stands before it: prompts and notes are never right behind an answer, nor is an answer right behind these.
fn line<'t>(text: &'t str, before: Line<'_>) -> Line<'t> {
    let ends = text.ends_with("  ");
    let prompt = text.strip_prefix("####").filter(|rest| ends && rest.starts_with(' '));
    let note = text.strip_prefix('>').filter(|rest| rest.starts_with(' '));
    match (before, prompt, note) {
        (Line::Blank | Line::Prompt(_) | Line::Note(_, false), Some(prompt), _) => {
            Line::Prompt(prompt.strip_prefix(' ').unwrap_or(prompt).trim_end())
        }
        (Line::Note(_, false), _, None) => Line::Note("", ends),
        (Line::Note(_, false), _, Some(_)) if !ends => Line::Note("", false),
        (Line::Prompt(_) | Line::Note(..), _, Some(note)) => Line::Note(note.trim(), ends),
        (Line::Blank, _, Some(note)) if ends => Line::Note(note.trim(), true),
        _ if text.trim().is_empty() => Line::Blank,
        (Line::Note(..), ..) => Line::Note("", true),
        _ => Line::Answer(text),
    }
}

/// A conversation as it is told.
struct Chat {
    teller: Teller,
    limits: Limits,
    /// The time of the last prompt, or of the beginning.
    time: NaiveDateTime,
    prompt: Vec<String>,
    answer: String,
    /// A command of aider's own that was typed last, and what came of it: only what a model answered is kept.
    aside: Option<(String, Vec<String>)>,
    /// A command whose errors are being told, and these.
    checked: Option<(String, Vec<String>)>,
    created: HashSet<String>,
    /// What the program said before.
    before: String,
    /// The next answer was not asked for by a prompt.
    unasked: bool,
    /// Nothing was said since the prompt or the answer.
    waiting: bool,
}

impl Chat {
    fn new(text: &str, cwd: Option<String>, limits: Limits) -> Option<Chat> {
        let time = began(first_line(text))?;
        let mut teller = Teller::new("aider", Known::default(), limits);
        (teller.about.started, teller.about.cwd) = (Some(utc(time)), cwd);
        let (prompt, answer, before) = (Vec::new(), String::new(), String::new());
        let (aside, checked, created) = (None, None, HashSet::new());
        Some(Chat { teller, limits, time, prompt, answer, aside, checked, created, before, unasked: false, waiting: false })
    }

    /// What is told, unless that is nothing.
    fn told(mut self, text: &str, typed: &HashMap<String, Vec<NaiveDateTime>>) -> Option<Transcript> {
        let (mut before, mut at) = (Line::Blank, 0);
        for row in text.split_inclusive('\n') {
            at += row.len();
            let now = line(row.trim_end_matches(['\n', '\r']), before);
            if self.teller.about.native_id.is_empty() && matches!(now, Line::Prompt(_) | Line::Answer(_)) && !row.starts_with(BEGINS) {
                let head = text.get(..at).unwrap_or(text).trim_end_matches(['\n', '\r']);
                let start = began(first_line(text)).map(|time| time.format("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
                self.teller.about.native_id = format!("{:016x}:{start}", xxh3_64(head.as_bytes()));
            }
            if !matches!(now, Line::Prompt(_)) {
                self.asked(typed);
            }
            match now {
                Line::Prompt(part) => {
                    self.answered();
                    self.prompt.push(part.to_string());
                }
                Line::Note(note, _) => {
                    self.answered();
                    self.note(note);
                }
                Line::Answer(_) if row.starts_with(BEGINS) => {}
                Line::Answer(_) | Line::Blank => self.answer.push_str(row),
            }
            before = now;
        }
        self.asked(typed);
        self.answered();
        self.checked();
        Some(self.teller.finish().swap_remove(0)).filter(|told| !told.turns.is_empty())
    }

    /// A turn begins.
    fn begin(&mut self, text: &str) -> usize {
        let id = format!("{}:{}", self.teller.about.native_id, self.teller.turns() + 1);
        self.unasked = false;
        self.teller.prompt(&id, Some(utc(self.time)), text)
    }

    /// The turn that there is.
    fn turn(&mut self) -> usize {
        match self.teller.turns().checked_sub(1).filter(|_| !self.unasked) {
            Some(last) => last,
            None => self.begin(""),
        }
    }

    /// A prompt has ended.
    fn asked(&mut self, times: &HashMap<String, Vec<NaiveDateTime>>) {
        if self.prompt.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.prompt).join("\n");
        let text = text.trim();
        let time = times.get(text).and_then(|times| times.iter().find(|time| **time > self.time)).copied();
        self.time = time.unwrap_or(self.time);
        self.checked();
        self.unasked = false;
        let command = self.aside.take().map(|(command, _)| command);
        let run = text.strip_prefix('!').or_else(|| text.strip_prefix("/run ")).or_else(|| text.strip_prefix("/test "));
        if let Some(run) = run.or_else(|| text.strip_prefix('/').filter(|rest| rest.starts_with("git "))) {
            let mut run = action("command", run.trim());
            run.data.insert("by".into(), "user".into());
            let turn = self.turn();
            self.teller.act(turn, "", run);
        }
        if text.starts_with(['/', '!']) {
            self.aside = Some((text.to_string(), Vec::new()));
        } else if text != "<blank>" && !text.starts_with("# Fix any errors below") {
            // A question about aider itself is asked with its manual before it.
            let asked = text.rsplit_once("# Question: ").filter(|_| command.is_some_and(|command| command.starts_with("/help")));
            self.begin(&typed(asked.map_or(text, |(_, question)| question)));
            self.waiting = true;
        }
    }

    /// An answer has ended.
    fn answered(&mut self) {
        let answer = std::mem::take(&mut self.answer);
        let answer = answer.trim();
        if answer.is_empty() {
            return;
        }
        self.checked();
        self.waiting = true;
        match &mut self.aside {
            Some((_, answers)) => answers.push(answer.to_string()),
            None => self.say(answer),
        }
    }

    fn say(&mut self, answer: &str) {
        let turn = self.turn();
        self.teller.say(turn, answer);
        let model = self.teller.about.model.clone();
        self.teller.turn(turn).model = model;
    }

    /// What aider's own program says.
    fn note(&mut self, note: &str) {
        let after = |mark: &str| note.strip_prefix(mark).map(str::trim);
        let before = if note.is_empty() { self.before.clone() } else { std::mem::replace(&mut self.before, note.to_string()) };
        if let Some(model) = after("Model: ").or(after("Main model: ")) {
            self.teller.about.model = model.split_once(" with ").map(|(model, _)| model.to_string()).or(Some(model.to_string()));
        } else if let Some(version) = after("Aider v") {
            self.teller.about.data.insert("version".into(), version.into());
        } else if let Some(used) = after("Tokens: ") {
            self.used(used);
        } else if note.starts_with("Processing your request") {
            self.unasked = true;
        } else if note.starts_with("# Fix any errors below") {
            self.checked = Some((String::new(), Vec::new()));
        } else if let Some(command) = after("## Running: ") {
            let above = self.checked.take().filter(|(command, _)| command.is_empty()).map(|(_, lines)| lines).unwrap_or_default();
            self.checked = Some((command.to_string(), above));
        } else if note.starts_with("## See relevant lines below") || note.starts_with("Attempt to fix") {
            self.checked();
        } else if let Some((_, lines)) = &mut self.checked {
            lines.extend(Some(note.to_string()).filter(|note| !note.is_empty()));
        } else if note.starts_with("^C") && self.waiting && self.aside.is_none() {
            let turn = self.turn();
            self.teller.turn(turn).data.insert("interrupted".into(), true.into());
        } else {
            self.did(note, &before);
        }
        self.waiting &= note.is_empty();
    }

    /// What a note says that was done.
    fn did(&mut self, note: &str, before: &str) {
        let is_yes = |note: &str| note.rsplit([' ', ':']).next().is_some_and(|answer| matches!(answer, "y" | "yes" | "a" | "all"));
        let after = |mark: &str| note.strip_prefix(mark).map(str::trim).filter(|rest| !rest.is_empty());
        let mut done = if let Some(path) = after("Applied edit to ") {
            action(if self.created.remove(path) { "file-created" } else { "file-edited" }, path)
        } else if let Some((hash, message)) = after("Commit ").and_then(|rest| rest.split_once(' ')).filter(|(hash, _)| is_hash(hash)) {
            let mut commit = action("command", &format!("git commit -m \"{}\"", message.replace('"', "\\\"")));
            commit.data.insert("commit".into(), hash.into());
            commit
        } else if let Some(command) =
            after("Running ").filter(|_| before.starts_with("Run shell command") || before.starts_with("Running "))
        {
            action("command", command)
        } else if let Some(url) = after("Scraping ") {
            action("url", url.trim_end_matches("..."))
        } else if note.starts_with("litellm.") {
            action("error", note)
        } else {
            let asked = after("Allow creation of new file ").map(|rest| rest.split(['?', ' ']).next().unwrap_or_default());
            let asked = asked.or(note.starts_with("Create new file?").then_some(before));
            self.created.extend(asked.filter(|_| is_yes(note)).map(str::to_string));
            return;
        };
        done.ok = match done.kind.as_str() {
            "error" => Some(false),
            // What came of it is not told.
            "command" if !done.data.contains_key("commit") => None,
            "url" => None,
            _ => Some(true),
        };
        let turn = self.turn();
        self.teller.act(turn, "", done);
    }

    /// What a check found wrong has ended.
    fn checked(&mut self) {
        let Some((command, lines)) = self.checked.take().filter(|(command, _)| !command.is_empty()) else { return };
        let mut check = action("command", &command);
        check.ok = Some(false);
        check.output = shortened(&lines.join("\n"), self.limits);
        let turn = self.turn();
        self.teller.act(turn, "", check);
    }

    /// What a model used: only models do, so that it has answered.
    fn used(&mut self, used: &str) {
        if let Some((command, answers)) = self.aside.take_if(|(_, answers)| !answers.is_empty()) {
            self.begin(&command);
            answers.iter().for_each(|answer| self.say(answer));
        }
        let turn = self.turn();
        self.teller.used(turn, tokens(used, " sent"), tokens(used, " received"));
    }
}

fn is_hash(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// How many tokens are named before a word, as `1.4k`.
fn tokens(text: &str, of: &str) -> u64 {
    let number = text.find(of).and_then(|at| text.get(..at)).and_then(|before| before.rsplit(' ').next()).unwrap_or_default();
    let (number, times) = match number.strip_suffix(['k', 'K']) {
        Some(thousands) => (thousands, 1000.0),
        None => (number, if number.ends_with('M') { 1e6 } else { 1.0 }),
    };
    let number: f64 = number.trim_end_matches('M').replace(',', "").parse().unwrap_or(0.0);
    (number * times).round().clamp(0.0, 1e12) as u64
}

#[cfg(test)]
mod tests;
