//! `search`: what each query finds, in which order, and how it is shown.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shiftlog::index::{By, Index, Mode, Request, Sort, Sources, query};
use shiftlog::record::{Record, Settings};

use crate::builder::Journal;

/// A log of a resonance7 journal, with lines of frontmatter and a body of its own.
pub(crate) fn text(id: &str, title: &str, more: &str, body: &str) -> String {
    let day = format!("{}-{}-{}", &id[..4], &id[4..6], &id[6..8]);
    format!(
        "---\ntitle: \"Session {id}: {title}\"\ncreated: \"{day} 10:00:00 UTC\"\nlast_updated: \"{day} 11:00:00 UTC\"\n{more}---\n\n{body}\n"
    )
}

pub(crate) const ACTIVE: &str = "status: \"Active\"\n";

impl Journal {
    /// Writes a log with one summary.
    pub(crate) fn entry(&self, id: &str, body: &str) {
        self.write(&format!("sessions/current/{id}.md"), text(id, "T", ACTIVE, &format!("## Summary\n\n- {body}")));
    }

    /// Records turns as an import gives them.
    #[track_caller]
    pub(crate) fn imported(&self, lines: &[Value]) {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let _ = self.run_with(&["conversation", "import", "-"], &lines).ok();
    }

    /// The answer of a search, found or not.
    #[track_caller]
    pub(crate) fn search(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json", "search"];
        all.extend(args);
        let run = self.run(&all);
        let answer = run.answer();
        let found = ["sessions", "turns", "sections"].iter().find_map(|key| answer[key].as_array()).expect("a list").len();
        assert_eq!(run.code, Some(i32::from(found == 0)), "{args:?} {answer}");
        answer
    }

    /// The sessions that a search gives: logs by id, conversations by the end of theirs.
    #[track_caller]
    pub(crate) fn found(&self, args: &[&str]) -> Vec<String> {
        let answer = self.search(args);
        let list = answer["sessions"].as_array().expect("a list");
        let name = |e: &Value| e["session"].as_str().map_or_else(|| conversation(e), str::to_string);
        list.iter().map(name).collect()
    }
}

fn conversation(entry: &Value) -> String {
    entry["conversation"].as_str().unwrap_or_default().trim_start_matches("SESS-20261101-0900-").to_string()
}

/// The id of a conversation that ends so.
pub(crate) fn id(end: &str) -> String {
    format!("SESS-20261101-0900-{end}")
}

pub(crate) fn turn(end: &str, number: u32, user: &str, agent: &str) -> Value {
    json!({"type": "turn", "conversation": id(end), "native_id": format!("{end}/{number}"), "turn": number,
        "time": format!("2026-11-{:02}T09:00:00Z", number.min(28)), "user_input": user, "agent_response": agent})
}

/// What a text is found by, and what not.
const TRUTH: [(&str, &[&str], &[&str]); 16] = [
    ("DEC-0054", &["DEC-0054", "dec-0054", "DEC 0054", "\"DEC-0054\""], &["DEC-0055", "DEC-54"]),
    ("foo-bar", &["foo-bar", "foobar", "foo bar", "\"foo bar\"", "Foo-Bar"], &["\"bar foo\""]),
    ("quxbaz", &["quxbaz", "qux-baz"], &[]),
    (
        "parse_frontmatter",
        &["parse_frontmatter", "frontmatter", "parseFrontmatter", "frontm*", "parse_fro*", "frontmater~", "frontmater"],
        &[],
    ),
    ("getUserName", &["getUserName", "UserName", "user name", "getusername", "get_user_name"], &["\"name user\""]),
    ("std::fs::read", &["std::fs::read", "fs::read", "std", "\"fs read\""], &["std::io::read"]),
    ("src/auth/jwt.rs", &["src/auth/jwt.rs", "jwt.rs", "auth", "auth/jwt", "src/auth/jw*"], &["src/auth/jx*", "auth/src*"]),
    ("v0.21.3", &["v0.21.3", "v0.21"], &["v0.22.3"]),
    ("a café there", &["café", "cafe", "CAFÉ"], &[]),
    ("crème brulee", &["creme", "brûlée"], &[]),
    ("it was running", &["run", "running", "runs"], &[]),
    (
        "the rotation of tokens",
        &["rota*", "token", "rotaton~", "rotaton", "gotation~", "gotation", "ortation", "/rotat[a-z]+/", "\"rotation tokens\"~1"],
        &["\"rotation tokens\""],
    ),
    ("日本語の全文検索を試す", &["検索", "全文検索", "全文"], &["索検"]),
    ("中文分词测试", &["分词", "中文分词"], &["词分"]),
    ("이것은한국어문장입니다", &["한국어", "국어"], &["어국"]),
    ("ひらかな", &["かな"], &["なか"]),
];

/// Ends of conversations' ids.
fn end(n: usize) -> String {
    format!("{n:06x}")
}

#[test]
fn the_truth_set_holds_in_logs() {
    let journal = Journal::new();
    for (n, (text, ..)) in TRUTH.iter().enumerate() {
        journal.entry(&format!("20261101-{:02}", n + 1), text);
    }
    for (n, (text, with, without)) in TRUTH.iter().enumerate() {
        let id = format!("20261101-{:02}", n + 1);
        for query in *with {
            assert!(journal.found(&["--all-words", "--", query]).contains(&id), "{text} by {query}");
        }
        for query in *without {
            assert!(!journal.found(&["--all-words", "--", query]).contains(&id), "{text} by {query}");
        }
    }
}

#[test]
fn the_truth_set_holds_in_turns() {
    let journal = Journal::new();
    let lines: Vec<Value> = TRUTH
        .iter()
        .enumerate()
        .map(|(n, (text, ..))| if n % 2 == 0 { turn(&end(n), 1, text, "so") } else { turn(&end(n), 1, "so", text) })
        .collect();
    journal.imported(&lines);
    for (n, (text, with, without)) in TRUTH.iter().enumerate() {
        for query in *with {
            assert!(journal.found(&["--all-words", "--", query]).contains(&end(n)), "{text} by {query}");
        }
        for query in *without {
            assert!(!journal.found(&["--all-words", "--", query]).contains(&end(n)), "{text} by {query}");
        }
    }
}

#[test]
fn a_tag_finds_those_below_it() {
    let journal = Journal::new();
    journal
        .write("sessions/current/20261101-01.md", text("20261101-01", "A", "status: Active\ntags: [area/search]\n", "## Summary\n\n- x"));
    journal.write("sessions/current/20261101-02.md", text("20261101-02", "B", "status: Active\ntags: [areas]\n", "## Summary\n\n- x"));
    for (query, ids) in [
        ("tag:area", &["20261101-01"][..]),
        ("tag:#area", &["20261101-01"]),
        ("tag:area/search", &["20261101-01"]),
        ("tag:search", &[]),
        ("tag:areas", &["20261101-02"]),
    ] {
        assert_eq!(journal.found(&[query]), ids, "{query}");
    }
}

#[test]
fn properties_are_there_empty_or_missing() {
    let journal = Journal::new();
    let log = |n: u32, more: &str| {
        let id = format!("20261101-0{n}");
        journal.write(&format!("sessions/current/{id}.md"), text(&id, "T", more, "## Summary\n\n- x"));
    };
    log(1, "status: Active\nseverity: high\nteam:\n  lead: mara\n");
    log(2, "status:\nseverity: low\n");
    log(3, "severity: null\n");
    for (query, ids) in [
        ("[severity]", "1 2 3"),
        ("[severity:high]", "1"),
        ("[severity:null]", "3"),
        ("[status:null]", "2 3"),
        ("[team.lead:mara]", "1"),
        ("[team.lead:null]", "2 3"),
        ("[nothing]", ""),
        ("x -[severity:high]", "2 3"),
    ] {
        let mut found = journal.found(&[query]);
        found.sort();
        let ends: Vec<&str> = found.iter().map(|id| &id[10..]).collect();
        assert_eq!(ends.join(" "), ids, "{query}");
    }
}

/// A journal with a log, a conversation that belongs to it, and one that does not.
fn shop() -> Journal {
    let journal = Journal::new();
    let body = "## Summary\n\n- signing keys rotate nightly\n\n## Decisions\n\n- use sqlite for the queue\n\n## Next Work Items\n\n- [ ] open thing\n";
    let more = "status: Handoff\nauthor: mara\ntags: [auth]\n";
    journal.write("sessions/current/20261105-01.md", text("20261105-01", "Keys", more, body));
    let action = |kind: &str, value: &str, ok: bool, output: &str| json!({"kind": kind, "value": value, "ok": ok, "output": output});
    let mut first = turn("aaaaaa", 1, "please rotate the signing keys", "the walrus agrees");
    first["actions"] = json!([
        action("file-edited", "src/auth/jwt.rs", true, ""),
        action("command", "cargo test --workspace", false, "error[E0502]: cannot borrow"),
        action("url", "https://docs.rs/tantivy", true, ""),
    ]);
    let mut gone = turn("aaaaaa", 2, "an abandoned penguin", "never mind");
    gone["status"] = json!("abandoned");
    journal.imported(&[
        json!({"type": "conversation", "id": id("aaaaaa"), "agent": "claude", "user": "ada", "project": "shop", "branch": "main",
            "model": "opus-5", "log": "20261105-01", "status": "paused"}),
        first,
        gone,
        json!({"type": "conversation", "id": id("bbbbbb"), "agent": "codex", "user": "ben", "project": "till", "status": "active"}),
        turn("bbbbbb", 3, "the keys of the walrus", "signing off"),
        turn("bbbbbb", 4, "draft of a plan", "rotate later"),
    ]);
    journal
}

#[test]
fn fields_narrow_a_search_down() {
    let journal = shop();
    let (log, other) = ("20261105-01", "bbbbbb");
    for (query, expected) in [
        ("kind:log keys", &[log][..]),
        ("kind:turn sqlite", &[]),
        ("section:decisions", &[log]),
        ("section:decisions sqlite", &[log]),
        ("section:summary sqlite", &[]),
        ("role:user walrus", &[other]),
        ("role:agent walrus", &[log]),
        ("status:handoff walrus", &[log]),
        ("status:\"handed off\" walrus", &[log]),
        ("status:active walrus", &[]),
        ("tag:auth walrus", &[log]),
        ("author:mara walrus", &[log]),
        ("title:keys walrus", &[log]),
        ("state:paused walrus", &[log]),
        ("state:active walrus", &[other]),
        ("agent:claude walrus", &[log]),
        ("model:opus walrus", &[log]),
        ("project:till walrus", &[other]),
        ("branch:main walrus", &[log]),
        ("user:ben walrus", &[other]),
        ("file:jwt.rs", &[log]),
        ("file:src/auth/*.rs", &[log]),
        ("file:src/*.py", &[]),
        ("command:\"cargo test\"", &[log]),
        ("command:make", &[]),
        ("url:docs.rs", &[log]),
        ("error:E0502", &[log]),
        ("error:borrow", &[log]),
        ("error:E0599", &[]),
        ("task:open", &[log]),
        ("task:done", &[]),
        ("session:20261105-01 walrus", &[log]),
        ("conversation:SESS-20261101-0900-bbbbbb walrus", &[other]),
        ("walrus -rotate", &[other]),
        ("walrus NOT rotate", &[other]),
        ("-rotate walrus", &[other]),
        ("NOT (keys rotate) plan", &[other]),
        ("walrus -\"keys signing\"", &[log, other]),
        ("walrus -\"signing keys\"", &[other]),
        ("sqlite OR draft", &[log, other]),
        ("(sqlite OR draft) plan", &[other]),
    ] {
        let mut found = journal.found(&["--all-words", query]);
        found.sort();
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn options_are_the_same_as_fields() {
    let journal = shop();
    for (args, expected) in [
        (&["walrus", "--status", "handoff"][..], &["20261105-01"][..]),
        (&["walrus", "--project", "till", "--project", "shop"], &["20261105-01", "bbbbbb"]),
        (&["walrus", "--role", "user"], &["bbbbbb"]),
        (&["--task", "open"], &["20261105-01"]),
        (&["-rotate", "walrus"], &["bbbbbb"]),
    ] {
        let mut found = journal.found(args);
        found.sort();
        assert_eq!(found, expected, "{args:?}");
    }
    let run = journal.run(&["search", "--kind", "letter"]).code(2);
    assert!(run.err.starts_with("shiftlog: unknown kind `letter`\n"), "{}", run.err);
}

#[test]
fn words_of_titles_and_of_what_the_agent_did_are_found() {
    let journal = shop();
    for query in ["E0502", "workspace", "tantivy", "jwt", "borrow"] {
        assert_eq!(journal.found(&[query]), ["20261105-01"], "{query}");
    }
    let _ = journal.run(&["conversation", "rename", &id("aaaaaa"), "Zebra"]).ok();
    assert_eq!(journal.found(&["zebra"]), ["20261105-01"]);
}

#[test]
fn turns_that_were_rolled_back_are_found_on_request() {
    let journal = shop();
    assert_eq!(journal.found(&["penguin"]), [] as [&str; 0]);
    assert_eq!(journal.found(&["penguin", "--abandoned"]), ["20261105-01"]);
}

#[test]
fn times_narrow_a_search_down() {
    let journal = shop();
    for (query, expected) in [
        ("kind:turn after:2026-11-03", &["bbbbbb"][..]),
        ("kind:turn before:2026-11-03", &["20261105-01"]),
        ("kind:turn on:2026-11-04", &["bbbbbb"]),
        ("kind:turn on:2026-11-05", &[]),
        ("kind:log on:2026-11-05", &["20261105-01"]),
        ("kind:log after:2026-11-06", &[]),
        ("kind:turn after:2026-11-01 before:2026-11-02", &["20261105-01"]),
        ("since:7d", &[]),
        ("kind:log since:30d", &["20261105-01"]),
    ] {
        assert_eq!(journal.found(&[query]), expected, "{query}");
        let args: Vec<String> = query.split(' ').map(|w| format!("--{}", w.replacen(':', "=", 1))).collect();
        assert_eq!(journal.found(&args.iter().map(String::as_str).collect::<Vec<_>>()), expected, "{args:?}");
    }
}

#[test]
fn what_has_all_words_comes_first_and_the_border_is_marked() {
    let journal = Journal::new();
    journal.entry("20261101-01", &"zebra ".repeat(9));
    journal.entry("20261101-02", &format!("zebra {} quagga", "filler ".repeat(200)));
    journal.entry("20261101-03", "quagga");
    let answer = journal.search(&["zebra", "quagga"]);
    assert_eq!(
        [&answer["all_words"], &answer["sessions"][0]["session"], &answer["sessions"][0]["full"]],
        [&json!(1), &json!("20261101-02"), &json!(true)]
    );
    assert_eq!(answer["sessions"].as_array().map(Vec::len), Some(3));
    assert_eq!(journal.found(&["zebra", "quagga", "--all-words"]), ["20261101-02"]);
    let out = journal.run(&["search", "zebra", "quagga"]).ok().out;
    let border = out.find("── these have some of the words ──").expect("a border");
    assert!(out.find("20261101-02").is_some_and(|at| at < border) && out.find("20261101-01").is_some_and(|at| at > border), "{out}");
    let none = journal.run(&["search", "zebra", "unheard"]).ok();
    assert_eq!(none.err, "nothing has all of the words; these have some\n");
}

#[test]
fn nothing_found_is_said_and_is_exit_code_1() {
    let journal = shop();
    journal.run(&["search", "xyzzy"]).code(1).out("").err("nothing found in 1 log and 4 turns\n");
    let run = journal.run(&["search", "walrus", "project:none"]).code(1).out("");
    let without = "nothing found in 1 log and 4 turns\nhint: without the filters 2 turns and sections are found\n";
    assert_eq!(run.err, format!("hint: nothing has project `none`\n{without}"));
    let run = journal.run(&["search", "walrus", "section:decsions"]).code(1).out("");
    assert_eq!(run.err, format!("hint: nothing has section `decsions`; did you mean `decisions`?\n{without}"));
    journal.run(&["search", "xyzzy", "--count"]).code(1).out("0\n");
    journal.run(&["search", "xyzzy", "--paths"]).code(1).out("");
    assert_eq!(journal.search(&["xyzzy"])["sessions"], json!([]));
    let empty = Journal::new();
    empty.run(&["search", "x"]).code(1).out("").err("nothing found in 0 logs and 0 turns\n");
}

#[test]
fn a_word_that_nothing_has_is_tried_with_typos() {
    let journal = shop();
    let answer = journal.search(&["wallrus"]);
    assert_eq!(answer["tried"], json!([{"word": "wallrus", "instead": ["walrus"]}]));
    let run = journal.run(&["search", "wallrus"]).ok();
    assert_eq!(run.err, "nothing has `wallrus`; searched for walrus\n");
}

#[test]
fn results_are_sessions_sections_or_turns() {
    let journal = shop();
    assert_eq!(journal.found(&["keys"]).len(), 2);
    let answer = journal.search(&["keys", "--by", "section"]);
    assert_eq!(
        [&answer["sections"][0]["section"], &answer["sections"][0]["session"], &answer["sections"][0]["line"]],
        [&json!("summary"), &json!("20261105-01"), &json!(12)]
    );
    let turns = journal.search(&["keys", "--by", "turn"])["turns"].clone();
    let mut places: Vec<String> =
        turns.as_array().expect("a list").iter().map(|t| format!("{} {} {}", conversation(t), t["turn"], t["session"])).collect();
    places.sort();
    assert_eq!(places, ["aaaaaa 1 \"20261105-01\"", "bbbbbb 3 null"]);
}

#[test]
fn highlights_count_characters_of_the_passage() {
    let journal = Journal::new();
    journal.entry("20261101-01", "naïve café über zebras");
    let hit = &journal.search(&["zebra", "cafe"])["sessions"][0]["hits"][0];
    let passage: Vec<char> = hit["passage"].as_str().expect("a text").chars().collect();
    let marked: Vec<String> = hit["highlights"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|h| passage[h[0].as_u64().expect("a number") as usize..h[1].as_u64().expect("a number") as usize].iter().collect())
        .collect();
    assert_eq!(marked, ["café", "zebras"]);
}

#[test]
fn what_is_ordered_by_time_has_every_word() {
    let journal = Journal::new();
    for day in [3, 1, 2] {
        journal.entry(&format!("2026110{day}-01"), "zebra and quagga");
    }
    journal.entry("20261104-01", "zebra alone");
    let newest = journal.search(&["zebra", "quagga", "--sort", "newest"]);
    assert_eq!([&newest["all_words"], &newest["sessions"][0]["full"]], [&json!(3), &json!(true)]);
    assert_eq!(journal.found(&["zebra", "quagga", "--sort", "newest"]), ["20261103-01", "20261102-01", "20261101-01"]);
    assert_eq!(journal.found(&["zebra", "quagga", "--sort", "oldest"]), ["20261101-01", "20261102-01", "20261103-01"]);
    journal.run(&["search", "zebra", "quagga", "--sort", "newest", "--paths"]).ok().err("");
    assert_eq!(journal.run(&["search", "zebra", "quagga", "--sort", "newest"]).ok().err, "");
}

/// All results of a search, page by page.
fn paged(journal: &Journal, args: &[&str], page: usize) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let (offset, limit) = (all.len().to_string(), page.to_string());
        let mut with = args.to_vec();
        with.extend(["--offset", &offset, "--limit", &limit]);
        let answer = journal.search(&with);
        let list = ["sessions", "turns"].iter().find_map(|key| answer[key].as_array()).expect("a list");
        all.extend(list.iter().map(|e| format!("{}:{}", conversation(e), e["turn"])));
        if answer["more"] != json!(true) {
            return all;
        }
        assert_eq!(list.len(), page);
    }
}

/// Sixty conversations of five turns each, and one of twelve hundred.
fn many() -> Journal {
    let journal = Journal::new();
    let mut lines = Vec::new();
    for c in 0..60_usize {
        for n in 1..=5 {
            let user = format!("{}{}pad{c}", "apple ".repeat(1 + c * 7 % 5), if c % 3 == 0 { "banana " } else { "cherry " });
            lines.push(turn(&end(c), n, &user, &"filler ".repeat(c % 13)));
        }
    }
    lines.extend((1..=1200).map(|n| turn("ffffff", n, "durian in bulk", "ok")));
    lines.push(turn("eeeeee", 1, "a durian and, a while later, not much else of any interest", "ok"));
    journal.imported(&lines);
    journal
}

#[test]
fn pages_have_no_gaps_and_no_doubles() {
    let journal = many();
    for (args, count) in [
        (&["apple", "banana"][..], 60),
        (&["apple"], 60),
        (&["durian"], 2),
        (&["durian", "--sort", "newest"], 2),
        (&["durian", "--sort", "oldest"], 2),
        (&["kind:turn"], 62),
        (&["banana", "--by", "turn"], 100),
    ] {
        let all = paged(&journal, args, 7);
        let mut distinct = all.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!((all.len(), distinct.len()), (count, count), "{args:?}");
    }
}

#[test]
fn places_and_counts_are_printed_alone() {
    let journal = shop();
    journal.run(&["search", "sqlite", "--paths"]).ok().out("sessions/current/20261105-01.md\n");
    journal.run(&["search", "kind:turn", "draft", "--paths"]).ok().out("SESS-20261101-0900-bbbbbb\n");
    journal.run(&["search", "walrus", "--count"]).ok().out("2\n");
    journal
        .run(&["search", "kind:turn", "--facets", "agent,project"])
        .ok()
        .out("agent\n       2  codex\n       1  claude\nproject\n       2  till\n       1  shop\n");
    let answer = journal.run(&["--json", "search", "kind:turn", "--facets", "agent"]).ok().answer();
    assert_eq!(answer["facets"], json!({"agent": [{"value": "codex", "count": 2}, {"value": "claude", "count": 1}]}));
    assert_eq!(answer["count"], json!(3));
    let lines = journal.run(&["search", "walrus", "--jsonl"]).ok().out;
    let mut found: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    found.sort_by_key(|e: &Value| e["session"].is_null());
    assert_eq!([found.len(), 2], [2, found.len()]);
    assert_eq!([&found[0]["session"], &found[1]["session"]], [&json!("20261105-01"), &Value::Null]);
    let error = journal.run(&["search", "--facets", "weather"]).code(2).err;
    assert!(error.starts_with("shiftlog: unknown facet `weather`\n"), "{error}");
}

#[test]
fn the_answer_has_its_documented_shape() {
    let journal = shop();
    let answer = journal.search(&["keys", "--explain"]);
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&answer), "success query sessions all_words more tried hints coverage explain");
    assert_eq!(keys(&answer["sessions"][0]), "session conversation title status time path score full matches hits");
    let hit = "kind section conversation turn role time path line passage highlights score full parts";
    assert_eq!(keys(&answer["sessions"][0]["hits"][0]), hit);
    assert_eq!(answer["coverage"], json!({"logs": 1, "turns": 4, "pending": 0}));
    assert_eq!(answer["explain"]["query"], json!("keys"));
    let out = journal.run(&["search", "keys", "--explain"]).ok().out;
    assert!(out.starts_with("query: keys\nterms: ") && out.contains("    score "), "{out}");
    let around = journal.search(&["draft", "--context", "1"])["sessions"][0]["hits"][0]["context"].clone();
    assert!(around.as_array().is_some_and(|lines| lines.iter().any(|l| l.as_str().is_some_and(|l| l.contains("the keys of the walrus")))));
}

#[test]
fn all_journals_are_searched_and_paged_as_one() {
    let journal = Journal::new();
    for n in 1..=6 {
        let (dir, id) = (if n % 2 == 0 { "other/" } else { "" }, format!("2026110{n}-01"));
        journal
            .write(&format!("{dir}sessions/current/{id}.md"), text(&id, "T", ACTIVE, &format!("## Summary\n\n- {}", "zebra ".repeat(n))));
    }
    let _ = journal.run(&["search", "zebra"]).ok();
    let _ = journal.run(&["--journal", "other", "search", "zebra"]).ok();
    let found = |args: &[&str]| journal.found(&[&["zebra", "--everywhere"], args].concat());
    let all = found(&[]);
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(sorted, (1..=6).map(|n| format!("2026110{n}-01")).collect::<Vec<_>>());
    assert_eq!([found(&["--limit", "3"]), found(&["--limit", "3", "--offset", "3"])].concat(), all);
    sorted.reverse();
    assert_eq!(found(&["--sort", "newest"]), sorted);
    assert_eq!(journal.search(&["zebra", "--everywhere"])["coverage"]["logs"], json!(6));
}

#[test]
fn control_characters_are_shown_and_not_obeyed() {
    let journal = Journal::new();
    let evil = "a \u{1b}[31m zebra \u{1b}]0;title\u{7} \u{9b}2J and \u{202e}reversed";
    journal.imported(&[turn("aaaaaa", 1, evil, "fine")]);
    journal.entry("20261101-01", &format!("{evil} in a log"));
    journal.write("sessions/current/20261101-02\u{1b}[2J.md", text("20261101-02", "\u{1b}[5mT", ACTIVE, "## Summary\n\n- zebra"));
    for args in
        [&["search", "zebra"][..], &["search", "zebra", "--explain", "--context", "2"], &["search", "\u{1b}[31m zebra", "nothing\u{7}"]]
    {
        let run = journal.run(args).ok();
        for text in [&run.out, &run.err] {
            assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{args:?}: {text:?}");
        }
    }
    let out = journal.run(&["search", "zebra"]).ok().out;
    assert!(out.contains("␛[31m zebra"), "{out}");
    let answer = journal.run(&["--json", "search", "zebra"]).ok();
    assert!(!answer.out.trim_end().contains(|c: char| c < ' '), "{:?}", answer.out);
    assert_eq!(answer.answer()["sessions"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_word_with_a_dash_is_an_option_of_every_other_command() {
    let journal = Journal::new();
    let _ = journal.run(&["new", "search"]).ok();
    let run = journal.run(&["backup", "search", "-n"]).code(2);
    assert!(run.err.contains("--restore") || run.err.contains("-n"), "{}", run.err);
    assert!(!run.err.contains('\u{1}'), "{}", run.err);
}

#[test]
fn any_string_is_a_query() {
    let journal = shop();
    let _ = journal.run(&["search", "x"]);
    let cases = std::env::var("SHIFTLOG_QUERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    let at = shiftlog::journal::Journal::open(journal.root()).expect("a journal");
    let private = journal.path(".shiftlog");
    let record = Record::open(&private, Settings::default()).expect("a record");
    let now = "2026-11-20T14:30:00Z".parse().expect("a time");
    let sources = Sources { journal: &at, record: Some(&record), private: &private, now };
    let index = Index::open(&sources, Mode::Update, &mut |_, _| ()).expect("an index");
    let pieces = select(vec![
        "walrus",
        "keys",
        " ",
        " ",
        " ",
        "\"",
        "\"",
        "(",
        ")",
        "-",
        "OR",
        " OR ",
        "AND",
        "NOT ",
        "*",
        "~",
        "~3",
        "/",
        "/E0[0-9]{3}/",
        "/(a|b",
        "[",
        "]",
        ":",
        "[status:null]",
        "[",
        "kind:",
        "turn",
        "status:",
        "section:",
        "file:",
        "src/*.rs",
        "after:",
        "2026-11-01",
        "before:",
        "since:",
        "7d",
        "on:",
        "role:",
        "user",
        "task:",
        "error:",
        "E0502",
        "title:",
        "session:",
        "conversation:",
        "tag:#",
        "unknown:",
        "\\",
        "'",
        "`",
        "検索",
        "かな",
        "e\u{301}",
        "\u{0}",
        "\u{1b}",
        "🦀",
        "\u{202e}",
        "std::fs::read",
        "C++",
        "http://localhost:80/?q=*",
        "the",
        "what",
        "?",
        "deadbeef1",
        "x*",
        "*x",
        "a~2",
        "^",
        "$",
        "{",
        "}",
        "when:",
        "May",
        "25",
        "\n",
        "\t",
        "\u{10ffff}",
        "{9999999}",
    ]);
    let piece = prop_oneof![6 => pieces.prop_map(str::to_string), 1 => any::<char>().prop_map(String::from), 1 => "[a-z]{1,9}"];
    let strings = proptest::collection::vec(piece, 0..14).prop_map(|p| p.concat());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let done = runner.run(&strings, |text| {
        let query = query::parse(&text, &|_| None);
        let sort = if text.len() % 5 == 0 { Sort::Newest } else { Sort::Relevance };
        let by = [By::Session, By::Section, By::Turn][text.len() % 3];
        let request = Request {
            query: &query,
            text: &text,
            by,
            sort,
            offset: 0,
            limit: 10,
            all_words: text.len() % 7 == 0,
            abandoned: text.len() % 4 == 0,
        };
        let answer = index.search(&sources, &request).map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))?;
        prop_assert!(answer.found.len() <= 10);
        index.count(&sources, &query, false, &[]).map_err(|e| TestCaseError::fail(format!("{text:?}: {e}")))?;
        // What is shown as the query reads as the same query.
        prop_assert!(!query.root.to_string().is_empty() || text.trim().is_empty() || query.root == query::Node::Everything);
        Ok(())
    });
    done.expect("any string is a query");
}
