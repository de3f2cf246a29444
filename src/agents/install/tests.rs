//! The editor of settings: everything outside the hooks stays, and what was put in comes out again.

use proptest::prelude::*;

use super::hooks::{Shape, command, entries, merge, program, without};
use super::jsonc::{self, Node, Value};
use super::own::{Owner, marked, owner};

const OWN: &str = "/opt/shiftlog";
const CLAUDE: Shape = Shape { command: "command", timeout: ("timeout", 10), grouped: true };
const COPILOT: Shape = Shape { command: "bash", timeout: ("timeoutSec", 10), grouped: false };

fn wanted(program: &str) -> Vec<(&'static str, String)> {
    ["SessionStart", "Stop", "SessionEnd"].map(|event| (event, command(program, event, "claude"))).to_vec()
}

fn installed(text: &str) -> String {
    merge(Some(text), &wanted(OWN), CLAUDE, OWN).unwrap_or_else(|e| panic!("{e:?}: {text}"))
}

/// What a text says, without where it says it.
fn meaning(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Object(members) => members.iter().map(|m| (m.key.clone(), meaning(&m.node))).collect(),
        Value::Array(items) => items.iter().map(meaning).collect(),
        Value::String(text) => text.clone().into(),
        Value::Plain(value) => value.clone(),
    }
}

/// Installs, again, and out again: the same bytes.
#[track_caller]
fn there_and_back(text: &str) -> String {
    let with = installed(text);
    assert_eq!(installed(&with), with, "a second time changes nothing");
    assert_eq!(without(&with, CLAUDE, OWN), Ok(Some(text.to_string())), "{with}");
    with
}

#[test]
fn a_file_of_its_own_is_made_and_goes() {
    let text = merge(None, &wanted(OWN), CLAUDE, OWN).expect("text");
    let hook = |event: &str| {
        let quiet = if event == "SessionEnd" { "" } else { " 2>/dev/null" };
        format!(
            "[{{\"hooks\": [{{\"type\": \"command\", \"command\": \"'/opt/shiftlog' hook {event} --agent claude{quiet} || true\", \"timeout\": 10}}]}}]"
        )
    };
    let expected = format!(
        "{{\n  \"hooks\": {{\n    \"SessionStart\": {},\n    \"Stop\": {},\n    \"SessionEnd\": {}\n  }}\n}}\n",
        hook("SessionStart"),
        hook("Stop"),
        hook("SessionEnd")
    );
    assert_eq!(text, expected);
    assert_eq!(without(&text, CLAUDE, OWN), Ok(None));
    let text = merge(None, &wanted(OWN), COPILOT, OWN).expect("text");
    assert!(text.starts_with("{\n  \"version\": 1,\n  \"hooks\": {\n    \"SessionStart\": [{\"type\": \"command\", \"bash\": "), "{text}");
    assert_eq!(without(&text, COPILOT, OWN), Ok(None));
}

#[test]
fn members_go_behind_the_last_one_and_comments_stay_where_they_are() {
    let with = there_and_back("{\n\t\"a\": 1, // one\n\t/* two */ \"b\": [] // three\n\t// four\n}");
    assert!(with.starts_with("{\n\t\"a\": 1, // one\n\t/* two */ \"b\": [], // three\n\t\"hooks\": {\n\t\t\"SessionStart\": [{"), "{with}");
    assert!(with.ends_with("}]}]\n\t}\n\t// four\n}"), "{with}");
}

#[test]
fn hooks_of_others_stay_and_ours_go_behind_them() {
    let theirs = "{\"matcher\": \"Bash\", \"hooks\": [{\"type\": \"command\", \"command\": \"lint\"}]}";
    let text = format!("{{\r\n  \"hooks\": {{\r\n    \"Stop\": [\r\n      {theirs}\r\n    ],\r\n  }}\r\n}}\r\n");
    let with = there_and_back(&text);
    assert!(with.contains(&format!("{theirs},\r\n      {{\"hooks\": [{{\"type\"")), "{with}");
    assert!(with.contains("],\r\n    \"SessionStart\": [{"), "{with}");
    assert!(!with.replace("\r\n", "").contains('\n'), "{with}");
}

#[test]
fn odd_layouts_come_back_as_they_were() {
    for text in [
        "{}",
        "{ }",
        "{\n}\n",
        "\u{feff}{}\n",
        "{ // c\n}",
        "{ /* c */ }",
        "{/* // */}",
        "{\"a\":1}",
        "{\"a\":1,}",
        "{ \"a\" : 1 , }",
        "{\n  \"a\": 1, // x\n}",
        "{\n  \"a\": 1 // x\n  , // y\n}",
        "{\"hooks\":{}}",
        "{\"hooks\":{\"Stop\":[]}}",
        "{\n  \"hooks\": {\n  },\n  \"z\": null\n}",
        "{\n  \"hooks\": {\n    \"Stop\": [\n    ]\n  }\n}",
        "{\n  \"hooks\": {\"Stop\": [ // c\n  ]}\n}",
        "{\n  \"hooks\": {},\n  \"hooks\": {}\n}",
        "// head\n{\n    \"hooks\": {\n        \"PreToolUse\": [ { \"hooks\": [] } ]\n    }\n}\n// foot",
    ] {
        there_and_back(text);
    }
}

#[test]
fn a_program_that_moved_is_followed_and_what_is_no_longer_told_goes() {
    let mut old = wanted("/old place/shiftlog");
    old.push(("PreCompress", command("/old place/shiftlog", "PreCompress", "claude")));
    let text = "{\n  \"hooks\": {\n    \"Stop\": []\n  }\n}\n";
    let before = merge(Some(text), &old, CLAUDE, OWN).expect("text");
    assert!(before.contains("'/old place/shiftlog' hook PreCompress"), "{before}");
    assert_eq!(installed(&before), installed(text));
    // A limit that a person set stays; a hook that stands there twice does not.
    let slow = installed(text).replacen("\"timeout\": 10", "\"timeout\": 99", 1);
    assert_eq!(installed(&slow), slow);
    let hook = "{\"hooks\": [{\"type\": \"command\", \"command\": \"shiftlog hook Stop --agent claude\"}]}";
    let twice = format!("{{\n  \"hooks\": {{\n    \"Stop\": [{hook}, {hook}]\n  }}\n}}\n");
    assert_eq!(installed(&twice).matches("hook Stop").count(), 1);
}

#[test]
fn a_hook_in_a_group_of_others_goes_alone() {
    let text = "{\"hooks\": {\"Stop\": [{\"hooks\": [{\"command\": \"a\"}, {\"command\": \"shiftlog hook Stop --agent claude\"}]}]}}";
    let expected = "{\"hooks\": {\"Stop\": [{\"hooks\": [{\"command\": \"a\"}]}]}}";
    assert_eq!(without(text, CLAUDE, OWN), Ok(Some(expected.to_string())));
}

#[test]
fn ours_are_known_by_program_and_form() {
    for (line, own) in [
        ("'/a b/shiftlog' hook Stop --agent claude 2>/dev/null || true", true),
        ("shiftlog hook Stop --agent claude", true),
        ("C:\\tools\\shiftlog.exe hook Stop --agent claude", true),
        ("'/opt/journal' hook Stop --agent claude", false),
        ("'/opt/my '\\''odd'\\'' link' hook Stop --agent claude 2>/dev/null || true", true),
        ("'/opt/journal' hook Stop --agent claude && rm x || true", false),
        ("'/a'; '/opt/journal' hook Stop --agent claude 2>/dev/null || true", false),
        ("git hook run --agent x", false),
        ("shiftlog search x", false),
    ] {
        assert_eq!(program(line, "/opt/x").is_some(), own, "{line}");
    }
    assert_eq!(program("'/opt/journal' hook Stop --agent claude", "/opt/journal"), Some("'/opt/journal'"));
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, at) in [
        ("", 0),
        ("[]", 0),
        ("{\"a\": }", 6),
        ("{\"a\": 1 \"b\": 2}", 8),
        ("{'a': 1}", 1),
        ("{\"a\": 1} x", 9),
        ("{\"a\": 01}", 6),
        ("{\"a\": \"b\n\"}", 6),
        ("{ /* }", 2),
        ("{\"hooks\": []}", 10),
        ("{\"hooks\": {\"Stop\": {}}}", 11),
    ] {
        assert_eq!(merge(Some(text), &wanted(OWN), CLAUDE, OWN).map_err(|e| e.at), Err(at), "{text}");
    }
    assert!(jsonc::parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn a_file_of_ours_is_known_until_it_is_changed() {
    let text = marked("# @mark@\nline\n");
    assert_eq!(owner(&text), Owner::Ours);
    assert_eq!(owner(&text.replace("line", "another")), Owner::Edited);
    assert_eq!(owner("# another\n"), Owner::Theirs);
}

/// A text of JSON whose blanks, comments and commas come from a supply of choices.
struct Writer {
    text: String,
    choices: Vec<u8>,
    at: usize,
    comments: bool,
    newline: &'static str,
}

impl Writer {
    fn choose(&mut self) -> u8 {
        self.at += 1;
        self.choices[self.at % self.choices.len()]
    }

    fn blank(&mut self, level: usize) {
        let newline = self.newline;
        let text = match self.choose() % if self.comments { 9 } else { 6 } {
            0 | 1 => String::new(),
            2 => " ".into(),
            3 => format!("{newline}{}", "  ".repeat(level)),
            4 => format!("{newline}{}", "\t".repeat(level)),
            5 => format!("{newline}{newline} "),
            6 => format!(" // note, {{{newline}"),
            7 => "/* note ] // */".into(),
            _ => format!(" /* a{newline} b */ "),
        };
        self.text.push_str(&text);
    }

    fn value(&mut self, value: &serde_json::Value, level: usize) {
        let (open, close, parts): (_, _, Vec<_>) = match value {
            serde_json::Value::Object(map) => ('{', '}', map.iter().map(|(key, value)| (Some(key), value)).collect()),
            serde_json::Value::Array(items) => ('[', ']', items.iter().map(|value| (None, value)).collect()),
            _ => return self.text.push_str(&value.to_string()),
        };
        self.text.push(open);
        let last = parts.len().saturating_sub(1);
        for (n, (key, value)) in parts.into_iter().enumerate() {
            self.blank(level + 1);
            if let Some(key) = key {
                self.text.push_str(&serde_json::Value::from(key.as_str()).to_string());
                self.blank(0);
                self.text.push(':');
                self.blank(0);
            }
            self.value(value, level + 1);
            self.blank(level);
            if n < last || (self.comments && self.choose().is_multiple_of(4)) {
                self.text.push(',');
            }
        }
        self.blank(level);
        self.text.push(close);
    }
}

fn anything() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-z\"\\\\/{}\\[\\],: é]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::vec(("[a-z\"]{1,4}", inner), 0..3).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Hooks of others, or none.
fn hooks() -> impl Strategy<Value = Option<serde_json::Value>> {
    let event = prop_oneof![Just("Stop"), Just("SessionEnd"), Just("PreToolUse"), Just("SessionStart")];
    let group = prop::collection::vec("[a-z ]{0,6}", 0..3).prop_map(|commands| {
        let hooks: Vec<_> = commands.into_iter().map(|c| serde_json::json!({"type": "command", "command": c})).collect();
        serde_json::json!({"matcher": "x", "hooks": hooks})
    });
    let events = prop::collection::vec((event, prop::collection::vec(group, 0..3)), 0..3);
    prop::option::of(
        events.prop_map(|events| events.into_iter().map(|(name, groups)| (name.to_string(), serde_json::Value::Array(groups))).collect()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_settings_come_back_byte_for_byte(
        members in prop::collection::vec(("[a-g]{1,4}", anything()), 0..4),
        hooks in hooks(),
        place in 0..4_usize,
        choices in prop::collection::vec(any::<u8>(), 1..40),
        comments in any::<bool>(),
        crlf in any::<bool>(),
        bom in any::<bool>(),
    ) {
        let mut members: Vec<_> = members.into_iter().filter(|(key, _)| key != "hooks").collect();
        if let Some(hooks) = hooks {
            members.insert(place.min(members.len()), ("hooks".into(), hooks));
        }
        let value: serde_json::Value = members.into_iter().collect();
        let mut writer = Writer { text: String::new(), choices, at: 0, comments, newline: if crlf { "\r\n" } else { "\n" } };
        if bom {
            writer.text.push('\u{feff}');
        }
        writer.blank(0);
        writer.value(&value, 0);
        writer.blank(0);
        let text = writer.text;
        prop_assert_eq!(meaning(&jsonc::parse(&text).expect("JSON")), value.clone());

        let with = installed(&text);
        let root = jsonc::parse(&with).expect("JSON");
        prop_assert_eq!(entries(&root, CLAUDE, OWN).len(), 3);
        prop_assert_eq!(&installed(&with), &with);
        let back = without(&with, CLAUDE, OWN).expect("text");
        prop_assert_eq!(back.as_deref(), Some(text.as_str()), "{}", with);
        // A move of the program and back is no change either.
        let moved = merge(Some(&with), &wanted("/elsewhere/shiftlog"), CLAUDE, OWN).expect("text");
        prop_assert_eq!(installed(&moved), with);
    }
}
