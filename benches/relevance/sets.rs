//! Sets of documents and queries: a journal made of the documents, and its answers to the queries.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{Days, NaiveDate, NaiveDateTime};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Level;
use crate::score::{Grades, Scores};

/// Results asked for.
const RESULTS: &str = "100";

/// Logs of one day.
const PER_DAY: usize = 1000;

/// Related sessions asked for: later ones that a query leaves out are among them.
const NEAR: &str = "400";

#[derive(Deserialize)]
struct Document {
    id: String,
    text: String,
    title: Option<String>,
    session: Option<String>,
    project: Option<String>,
    /// Dates of sessions; some sets have seconds since 1970, which nothing here needs.
    date: Option<Value>,
    role: Option<String>,
    n: Option<u64>,
}

#[derive(Deserialize)]
struct Query {
    id: String,
    text: String,
    project: Option<String>,
    /// The document that it is, where related ones are to be found.
    #[serde(rename = "self")]
    own: Option<String>,
    /// Only documents with a lower number count.
    before: Option<u64>,
}

/// A set in a journal of its own.
pub(crate) struct Made {
    dir: TempDir,
    queries: Vec<Query>,
    /// What answers each query: documents, or sessions as a whole.
    grades: HashMap<String, Grades>,
    /// The session of each document that is said in one.
    sessions: HashMap<String, String>,
    /// The name in the set of what answers name as [`Made::name`] says.
    names: HashMap<String, String>,
    /// The numbers of documents, by their names in the set.
    numbers: HashMap<String, u64>,
}

impl Made {
    /// Writes the logs, or imports the turns, and indexes them.
    pub(crate) fn new(set: &Path) -> Made {
        let dir = tempfile::Builder::new().prefix("shiftlog-relevance-").tempdir().expect("directories can be made");
        let documents: Vec<Document> = lines(&set.join("documents.jsonl"));
        fs::create_dir_all(dir.path().join("sessions/current")).expect("directories can be made");
        fs::create_dir(dir.path().join("home")).expect("directories can be made");
        let said = documents.iter().filter_map(|d| d.session.clone().map(|session| (d.id.clone(), session)));
        let mut made = Made {
            queries: lines(&set.join("queries.jsonl")),
            grades: grades(&set.join("qrels.tsv")),
            sessions: said.collect(),
            names: HashMap::new(),
            numbers: documents.iter().filter_map(|d| Some((d.id.clone(), d.n?))).collect(),
            dir,
        };
        made.names = if made.sessions.is_empty() { made.write(&documents) } else { made.import(&documents) };
        made.run(&["index"]);
        made
    }

    /// Writes a log of one section for each document.
    fn write(&self, documents: &[Document]) -> HashMap<String, String> {
        let code = documents.iter().all(|d| d.title.is_none());
        let logs = documents.iter().enumerate().map(|(n, document)| {
            let day = NaiveDate::default() + Days::new((n / PER_DAY) as u64);
            let id = format!("{}-{:02}", day.format("%Y%m%d"), n % PER_DAY + 1);
            let title = Value::from(document.title.as_deref().filter(|t| !t.is_empty()).unwrap_or("-"));
            let text = if code { format!("```python\n{}\n```", document.text) } else { document.text.clone() };
            let path = self.dir.path().join(format!("sessions/current/{id}.md"));
            fs::write(path, format!("---\ntitle: {title}\n---\n\n## Summary\n\n{text}\n")).expect("logs can be written");
            (id, document.id.clone())
        });
        logs.collect()
    }

    /// Imports conversations: what a user says opens a turn, what an agent says next belongs to it.
    fn import(&self, documents: &[Document]) -> HashMap<String, String> {
        let same = |a: &Document, b: &Document| a.session == b.session && b.role.as_deref().unwrap_or("user") != "user";
        let mut out = BufWriter::new(File::create(self.dir.path().join("turns.jsonl")).expect("files can be made"));
        for turn in documents.chunk_by(same) {
            let said = |user: bool| {
                let by = turn.iter().filter(|d| (d.role.as_deref().unwrap_or("user") == "user") == user);
                by.map(|d| d.text.as_str()).collect::<Vec<_>>().join("\n\n")
            };
            let mut line = json!({
                "type": "turn", "conversation": turn[0].session, "native_id": turn[0].id, "project": turn[0].project,
                "user_input": said(true), "agent_response": said(false), "time": turn[0].date.as_ref().and_then(Value::as_str).map(time),
            });
            let wanted = |value: &Value| !value.is_null() && value != "";
            line.as_object_mut().expect("an object was made").retain(|_, value| wanted(value));
            writeln!(out, "{line}").expect("files can be written");
        }
        out.into_inner().expect("files can be written");
        self.run(&["conversation", "import", "turns.jsonl"]);
        let exported = self.run(&["conversation", "export"]);
        let rows = exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("an export is JSON Lines"));
        rows.filter_map(|row| {
            let level = if row["type"] == "turn" { Level::Turn } else { Level::Session };
            let named = if level == Level::Turn {
                json!({"conversation": row["conversation"], "turn": row["turn"]})
            } else {
                json!({"conversation": row["id"]})
            };
            Some((name(&named, level), row["native_id"].as_str()?.to_string()))
        })
        .collect()
    }

    /// Answers all queries, on two threads.
    pub(crate) fn scores(&self, level: Level) -> Scores {
        let grades = self.grades(level);
        let asked: Vec<(&Query, &Grades)> = self.queries.iter().filter_map(|q| grades.get(&q.id).map(|good| (q, good))).collect();
        assert!(asked.len() == grades.len(), "a query of the grades is not among the queries");
        let answer = |part: &[(&Query, &Grades)]| part.iter().map(|(q, _)| self.answer(q, level)).collect::<Vec<_>>();
        let (first, second) = asked.split_at(asked.len() / 2);
        let answers = std::thread::scope(|threads| {
            let other = threads.spawn(|| answer(second));
            let mut answers = answer(first);
            answers.extend(other.join().expect("all queries are answered"));
            answers
        });
        let scored: Vec<(&Grades, Vec<String>)> = asked.iter().map(|(_, good)| *good).zip(answers).collect();
        Scores::new(&scored)
    }

    /// What is to be found: a session that has an answer is as good as its best.
    fn grades(&self, level: Level) -> HashMap<String, Grades> {
        let mut all = HashMap::new();
        for (query, good) in &self.grades {
            let mut sorted = Grades::new();
            for (id, grade) in good {
                let id = self.sessions.get(id).filter(|_| level == Level::Session).unwrap_or(id);
                let best = sorted.entry(id.clone()).or_insert(*grade);
                *best = (*best).max(*grade);
            }
            all.insert(query.clone(), sorted);
        }
        all
    }

    /// What is related, the nearest first.
    fn related(&self, query: &Query) -> Vec<String> {
        let own = query.own.as_ref().expect("a query says which document it is");
        let id = self.names.iter().find_map(|(id, name)| (name == own).then_some(id)).expect("the document is in the set");
        let answer: Value =
            serde_json::from_str(&self.run(&["related", "--json", "--no-update", "--limit", NEAR, id])).expect("an answer in JSON");
        let found = answer["related"].as_array().expect("an answer has results").iter();
        let named = found.map(|result| self.names[result["session"].as_str().unwrap_or_default()].clone());
        named.filter(|name| query.before.is_none_or(|before| self.numbers.get(name).is_some_and(|n| *n < before))).collect()
    }

    /// What the program finds, the best first.
    fn answer(&self, query: &Query, level: Level) -> Vec<String> {
        if level == Level::Related {
            return self.related(query);
        }
        let mut args = vec!["search", "--json", "--no-update", "--limit", RESULTS, "--by", level.name()];
        args.extend(query.project.iter().flat_map(|project| ["--project", project]));
        args.extend(["--", &query.text]);
        let answer: Value = serde_json::from_str(&self.run(&args)).expect("an answer in JSON");
        let results = answer[format!("{}s", level.name())].as_array().expect("an answer has results").iter();
        results.map(|result| self.names[&name(result, level)].clone()).collect()
    }

    /// Runs the program in the journal; 1 is that nothing was found.
    fn run(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shiftlog"));
        command.args(args).current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path().join("home")).stdin(Stdio::null());
        let output = command.output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{args:?}: {}: {said}", output.status);
        String::from_utf8(output.stdout).expect("UTF-8 is printed")
    }
}

/// By what a result is known.
fn name(result: &Value, level: Level) -> String {
    let key = |key: &str| result[key].to_string();
    match level {
        Level::Turn => format!("{} {}", key("conversation"), key("turn")),
        Level::Session => key("conversation"),
        Level::Section | Level::Related => result["session"].as_str().unwrap_or_default().to_string(),
    }
}

/// `1:56 pm on 8 May, 2023`, as import takes it.
fn time(date: &str) -> String {
    let time = NaiveDateTime::parse_from_str(date, "%I:%M %p on %d %B, %Y").expect("dates of the sets have this form");
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads JSON Lines.
fn lines<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = fs::read_to_string(path).expect("the files of a set can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("the files of a set are JSON Lines")).collect()
}

/// Reads query, document or session, and grade.
fn grades(path: &Path) -> HashMap<String, Grades> {
    let text = fs::read_to_string(path).expect("the files of a set can be read");
    let mut all: HashMap<String, Grades> = HashMap::new();
    for line in text.lines() {
        let mut columns = line.split('\t');
        let (Some(query), Some(id), Some(grade)) = (columns.next(), columns.next(), columns.next()) else { panic!("no grade: {line}") };
        all.entry(query.to_string()).or_default().insert(id.to_string(), grade.parse().expect("a grade is a number"));
    }
    all
}
