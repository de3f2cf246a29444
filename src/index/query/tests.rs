//! Texts and their trees.

use std::ops::Range;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> DateTime<Utc> {
    text.parse::<NaiveDate>().expect("a day").and_time(NaiveTime::MIN).and_utc()
}

/// Days, and two relative times as of 2026-11-20.
fn dates(text: &str) -> Option<Range<DateTime<Utc>>> {
    match text {
        "yesterday" => Some(day("2026-11-19")..day("2026-11-20")),
        "7d" | "7 days ago" => Some(day("2026-11-13")..day("2026-11-20")),
        _ => {
            let start = text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc();
            Some(start..start.checked_add_days(Days::new(1))?)
        }
    }
}

fn read(text: &str) -> Query {
    parse(text, &dates)
}

/// The tree of a text, which has to be the tree of its canonical form, too.
fn tree(text: &str) -> Node {
    let root = read(text).root;
    assert_eq!(read(&root.to_string()).root, root, "{text:?} is shown as {:?}", root.to_string());
    root
}

fn hints(text: &str) -> Vec<String> {
    read(text).hints
}

fn w(word: &str) -> Node {
    Node::Word(word.into())
}

fn words(text: &str) -> Node {
    let mut words: Vec<Node> = text.split(' ').map(w).collect();
    if words.len() == 1 { words.remove(0) } else { Node::All(words) }
}

fn phrase(text: &str) -> Node {
    Node::Phrase(text.into(), 0)
}

fn field(key: Key, text: &str) -> Node {
    Node::Field(key, Value { text: text.into(), quoted: false })
}

fn quoted(key: Key, text: &str) -> Node {
    Node::Field(key, Value { text: text.into(), quoted: true })
}

fn property(key: &str, value: Option<&str>) -> Node {
    Node::Property(key.into(), value.map(Into::into))
}

fn regex(pattern: &str) -> Node {
    Node::Regex(pattern.into())
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn all<const N: usize>(parts: [Node; N]) -> Node {
    Node::All(parts.into())
}

fn any<const N: usize>(parts: [Node; N]) -> Node {
    Node::Any(parts.into())
}

/// Only filters: everything that passes them.
fn only(filter: Node) -> Node {
    all([Node::Everything, filter])
}

fn time(from: Option<&str>, to: Option<&str>) -> Node {
    Node::Time { from: from.map(day), to: to.map(day) }
}

fn check<const N: usize>(table: [(&str, Node); N]) {
    for (text, expected) in table {
        assert_eq!(tree(text), expected, "{text:?}");
    }
}

/// They are the words that they look like, and nobody is told anything.
fn check_text<const N: usize>(table: [(&str, &str); N]) {
    for (text, expected) in table {
        assert_eq!(tree(text), words(expected), "{text:?}");
        assert_eq!(hints(text), [""; 0], "{text:?}");
    }
}

#[test]
fn every_form_of_the_contract() {
    check([
        ("jwt rotation", words("jwt rotation")),
        (r#""refresh token""#, phrase("refresh token")),
        (r#""refresh token"~3"#, Node::Phrase("refresh token".into(), 3)),
        ("-draft", only(not(w("draft")))),
        ("jwt -draft", all([w("jwt"), not(w("draft"))])),
        ("a OR b", any([w("a"), w("b")])),
        ("(a OR b) c", all([any([w("a"), w("b")]), w("c")])),
        ("rota*", Node::Prefix("rota".into())),
        ("rotaton~", Node::Fuzzy("rotaton".into(), 2)),
        ("/E0[0-9]{3}/", regex("E0[0-9]{3}")),
        ("kind:turn", only(field(Key::Kind, "turn"))),
        ("section:decisions", only(field(Key::Section, "decisions"))),
        ("role:user", only(field(Key::Role, "user"))),
        ("status:handoff", only(field(Key::Status, "handoff"))),
        ("state:paused", only(field(Key::State, "paused"))),
        ("profile:agents", only(field(Key::Profile, "agents"))),
        ("tag:auth", only(field(Key::Tag, "auth"))),
        ("title:jwt", only(field(Key::Title, "jwt"))),
        ("author:kim", only(field(Key::Author, "kim"))),
        ("model:opus", only(field(Key::Model, "opus"))),
        ("agent:claude", only(field(Key::Agent, "claude"))),
        ("project:shiftlog", only(field(Key::Project, "shiftlog"))),
        ("branch:feature/x", only(field(Key::Branch, "feature/x"))),
        ("user:kim", only(field(Key::User, "kim"))),
        ("[priority:high]", only(property("priority", Some("high")))),
        ("[priority]", only(property("priority", None))),
        ("file:src/auth/*.rs", only(field(Key::File, "src/auth/*.rs"))),
        (r#"command:"cargo test""#, only(quoted(Key::Command, "cargo test"))),
        ("url:docs.rs", only(field(Key::Url, "docs.rs"))),
        ("error:E0502", only(field(Key::Error, "E0502"))),
        ("task:open", only(field(Key::Task, "open"))),
        ("session:20261120-01", only(field(Key::Session, "20261120-01"))),
        ("conversation:SESS-20261120-01", only(field(Key::Conversation, "SESS-20261120-01"))),
        ("after:2026-11-01", only(time(Some("2026-11-01"), None))),
        ("before:yesterday", only(time(None, Some("2026-11-19")))),
        ("on:2026-11-20", only(time(Some("2026-11-20"), Some("2026-11-21")))),
        ("since:7d", only(time(Some("2026-11-13"), None))),
    ]);
}

#[test]
fn every_key_is_a_field() {
    for key in Key::ALL {
        let value = match key {
            Key::Kind => "turn",
            Key::Role => "user",
            Key::Task => "open",
            _ => "x",
        };
        check([(&format!("{}:{value}", key.name()), only(field(key, value)))]);
    }
}

#[test]
fn values_are_quoted_globs_and_aliases() {
    check([
        (r#"title:"a b""#, only(quoted(Key::Title, "a b"))),
        ("title:“a b”", only(quoted(Key::Title, "a b"))),
        (r#"title:"say \"hi\"""#, only(quoted(Key::Title, "say \"hi\""))),
        ("tag:a/*", only(field(Key::Tag, "a/*"))),
        ("tags:auth", only(field(Key::Tag, "auth"))),
        ("cmd:cargo", only(field(Key::Command, "cargo"))),
        ("path:src/*", only(field(Key::File, "src/*"))),
        ("files:a.rs", only(field(Key::File, "a.rs"))),
        ("Status:done", only(field(Key::Status, "done"))),
        ("kind:section", only(field(Key::Kind, "log"))),
        ("kind:LOG", only(field(Key::Kind, "log"))),
        ("role:assistant", only(field(Key::Role, "agent"))),
        ("task:todo", only(field(Key::Task, "open"))),
        ("url:https://docs.rs/x?a=b", only(field(Key::Url, "https://docs.rs/x?a=b"))),
        ("error:(a OR b)", any([w("error:(a"), w("b")])),
        ("-tag:auth jwt", all([not(field(Key::Tag, "auth")), w("jwt")])),
        (r#"-title:"a b" jwt"#, all([not(quoted(Key::Title, "a b")), w("jwt")])),
        ("(tag:a OR tag:b) jwt", all([any([field(Key::Tag, "a"), field(Key::Tag, "b")]), w("jwt")])),
        ("tag:a OR tag:b", only(any([field(Key::Tag, "a"), field(Key::Tag, "b")]))),
    ]);
}

#[test]
fn values_that_cannot_be_used_are_text() {
    check([
        ("kind:foo", w("kind:foo")),
        ("kind:foo*", w("kind:foo*")),
        ("role:boss jwt", words("role:boss jwt")),
        ("task:later", w("task:later")),
        ("before:gibberish", w("before:gibberish")),
        ("on:click", w("on:click")),
        (r#"kind:"a b""#, all([w("kind:"), phrase("a b")])),
        (r#"-kind:"a b""#, only(not(phrase("a b")))),
        (r#"after:"the dawn"~2"#, all([w("after:"), Node::Phrase("the dawn".into(), 2)])),
    ]);
    assert_eq!(hints("kind:foo kind:bar"), ["`kind:` takes `turn` or `log`: it was searched as text"]);
    assert_eq!(hints("before:gibberish"), ["`before:` takes a time such as `2026-11-01`, `yesterday` or `7d`: it was searched as text"]);
    assert_eq!(hints("tag:(a OR b)"), ["`tag:` takes no group: write `(tag:a OR tag:b)`"]);
}

#[test]
fn times_are_spans_ranges_and_instants() {
    check([
        (r#"after:"7 days ago""#, only(time(Some("2026-11-13"), None))),
        ("until:2026-11-01", only(time(None, Some("2026-11-01")))),
        ("on:yesterday", only(time(Some("2026-11-19"), Some("2026-11-20")))),
        ("on:2026-11-01..2026-11-05", only(time(Some("2026-11-01"), Some("2026-11-06")))),
        ("after:2026-11-01T02:00:00+02:00", only(time(Some("2026-11-01"), None))),
        ("on:2026-11-01T00:00:00Z..2026-11-02T00:00:00Z", only(time(Some("2026-11-01"), Some("2026-11-02")))),
        ("on:2026-11-05..2026-11-01", w("on:2026-11-05..2026-11-01")),
        ("-on:yesterday jwt", all([not(time(Some("2026-11-19"), Some("2026-11-20"))), w("jwt")])),
    ]);
    assert_eq!(tree("on:yesterday").to_string(), "on:2026-11-19T00:00:00Z..2026-11-20T00:00:00Z");
    assert_eq!(tree("since:7d").to_string(), "after:2026-11-13T00:00:00Z");
}

#[test]
fn times_are_exact_or_text() {
    let odd = |text: &str| {
        let start = day("2016-12-31") + TimeDelta::nanoseconds(86_399_123_456_789);
        match text {
            "odd" => Some(start..start + TimeDelta::nanoseconds(1)),
            "far" => Some(start..DateTime::<Utc>::MAX_UTC),
            "reversed" => Some(start..day("2001-01-01")),
            _ => None,
        }
    };
    let root = parse("on:odd after:odd", &odd).root;
    assert_eq!(root.parts().len(), 3);
    assert_eq!(parse(&root.to_string(), &odd).root, root);
    assert_eq!(parse("on:far before:reversed", &odd).root, words("on:far before:reversed"));
    check([("after:2016-12-31T23:59:60Z jwt", all([tree("after:2016-12-31T23:59:60Z").parts()[1].clone(), w("jwt")]))]);
}

#[test]
fn minus_excludes_words_and_not_flags_or_numbers() {
    check([
        (r#"a -"b c""#, all([w("a"), not(phrase("b c"))])),
        ("a -(b c)", all([w("a"), not(words("b c"))])),
        ("a -(b OR c)", all([w("a"), not(any([w("b"), w("c")]))])),
        ("a -[key:value]", all([w("a"), not(property("key", Some("value")))])),
        ("a -/x+/", all([w("a"), not(regex("x+"))])),
        ("a -rota*", all([w("a"), not(Node::Prefix("rota".into()))])),
        ("a NOT b", all([w("a"), not(w("b"))])),
        ("a AND NOT b", all([w("a"), not(w("b"))])),
        ("a NOT --force", all([w("a"), not(w("--force"))])),
        ("a NOT NOT b", words("a b")),
        ("a NOT -b", words("a b")),
        ("a -(-b)", words("a b")),
        ("a OR -b", any([w("a"), not(w("b"))])),
        ("a -NOT", all([w("a"), not(phrase("NOT"))])),
        ("a NOT -OR", all([w("a"), phrase("OR")])),
        ("a -.env", all([w("a"), not(w(".env"))])),
    ]);
    check_text([
        ("--flag", "--flag"),
        ("--no-verify", "--no-verify"),
        ("a - b", "a - b"),
        ("-", "-"),
        ("-1", "-1"),
        ("-3.5%", "-3.5%"),
        ("(a -1)", "a -1"),
        ("DEC-0054", "DEC-0054"),
        ("foo-bar", "foo-bar"),
        ("a -> b", "a -> b"),
        ("x -= y", "x -= y"),
        (r#"-"foo"#, "- foo"),
    ]);
}

#[test]
fn operators_are_upper_case_and_stray_ones_are_ignored() {
    check([
        ("a b OR c d", any([words("a b"), words("c d")])),
        ("a OR b OR c", any([w("a"), w("b"), w("c")])),
        ("a OR (b OR c)", any([w("a"), w("b"), w("c")])),
        ("a | b", any([w("a"), w("b")])),
        ("a AND b", words("a b")),
        ("a OR OR b", any([w("a"), w("b")])),
        ("a OR AND b", any([w("a"), w("b")])),
        ("a OR () b", any([w("a"), w("b")])),
    ]);
    check_text([
        ("a or b", "a or b"),
        ("a and not b", "a and not b"),
        ("OR a", "a"),
        ("a OR", "a"),
        ("AND a AND", "a"),
        ("a NOT", "a"),
        ("| a |", "a"),
        ("a NOT OR", "a"),
        ("a|b", "a|b"),
        ("a || b", "a || b"),
        ("OR", "OR"),
        (" NOT ", "NOT"),
        ("AND", "AND"),
    ]);
    check([("OR NOT", Node::Everything), ("a OR status:x", any([w("a"), field(Key::Status, "x")]))]);
}

#[test]
fn parentheses_group_at_the_edges_of_words() {
    check([
        ("(a)", w("a")),
        ("((a b)) c", words("a b c")),
        ("((a OR b) c) OR d", any([all([any([w("a"), w("b")]), w("c")]), w("d")])),
        ("(main() OR foo(bar)) x", all([any([w("main()"), w("foo(bar)")]), w("x")])),
        ("(x OR foo(bar ) y", all([any([w("x"), w("foo(bar")]), w("y")])),
        (r#"println!("hello world")"#, all([w("println!("), phrase("hello world")])),
        ("() ( )", Node::Everything),
    ]);
    check_text([
        ("foo(bar)", "foo(bar)"),
        ("main()", "main()"),
        ("foo(bar, baz)", "foo(bar, baz"),
        (":)", ":"),
        (":(", ":("),
        ("a) b) c", "a b c"),
        ("1) (a", "1 a"),
        ("(a)b", "a)b"),
        ("-(a b", "a b"),
        ("fn f(x: (u8, u8)) -> ()", "fn f(x: u8, u8 ->"),
    ]);
    let deep = format!("{}a OR b{} c", "(".repeat(40), ")".repeat(40));
    assert_eq!(tree(&deep), all([any([w("a"), w("b")]), w("c")]));
}

#[test]
fn quotes_of_all_kinds_and_those_without_a_partner() {
    check([
        (r#""word""#, phrase("word")),
        ("“refresh token”", phrase("refresh token")),
        ("„refresh token“", phrase("refresh token")),
        ("«refresh token»", phrase("refresh token")),
        ("»refresh token«~2", Node::Phrase("refresh token".into(), 2)),
        (r#""  a b ""#, phrase("a b")),
        (r#""a b"~"#, phrase("a b")),
        (r#""a b"~999999999999"#, Node::Phrase("a b".into(), 100)),
        (r#""a b"~3x"#, all([phrase("a b"), w("~3x")])),
        (r#""a \"b\" c""#, phrase("a \"b\" c")),
        (r#""C:\dir\""#, phrase("C:\\dir")),
        (r#"\"a b\""#, all([w("\\"), phrase("a b")])),
        (r#"x="a b""#, all([w("x="), phrase("a b")])),
        (r#""a"b"#, all([phrase("a"), w("b")])),
        (r#""" ""#, Node::Everything),
    ]);
    check_text([(r#"say "hello world"#, "say hello world"), (r#"5" and 3" disks"#, "5 and 3 disks"), (r#"don"t"#, "don t"), ("x \"", "x")]);
}

#[test]
fn unknown_words_with_colons_are_text() {
    check_text([
        ("std::fs", "std::fs"),
        ("std::fs::read", "std::fs::read"),
        ("http://x", "http://x"),
        ("https://docs.rs/a?b=c#d", "https://docs.rs/a?b=c#d"),
        ("error: foo", "error: foo"),
        ("TODO:", "TODO:"),
        ("TODO: x", "TODO: x"),
        ("TODO:x", "TODO:x"),
        ("12:30", "12:30"),
        ("C:\\x", "C:\\x"),
        ("localhost:8080", "localhost:8080"),
        ("main.rs:12", "main.rs:12"),
        ("mailto:a@b.c", "mailto:a@b.c"),
        ("error::Error", "error::Error"),
        ("file:///home/x", "file:///home/x"),
        ("ERROR:root:message", "ERROR:root:message"),
        ("status:", "status:"),
        ("(status: x)", "status: x"),
        ("a :: b : c", "a :: b : c"),
    ]);
    check([
        (r#"status:"" x"#, words("status: x")),
        ("stauts:done", w("stauts:done")),
        ("foo:bar", w("foo:bar")),
        (r#"-foo:"a b""#, only(not(phrase("a b")))),
    ]);
    assert_eq!(hints("stauts:done x"), ["no field `stauts`, did you mean `status:`? it was searched as text"]);
    assert_eq!(hints("sesion:20261120-01"), ["no field `sesion`, did you mean `session:`? it was searched as text"]);
    assert_eq!(hints(r#"titel:"a b""#), ["no field `titel`, did you mean `title:`? it was searched as text"]);
    assert_eq!(hints("foo:bar foo:baz"), ["no field `foo`: it was searched as text; `[foo:…]` asks for a property"]);
    assert_eq!(hints(&(b'a'..=b'z').map(|c| format!("q{0}{0}:x ", c as char)).collect::<String>()).len(), 8);
}

#[test]
fn prefixes_and_typos() {
    check([
        ("ro*", Node::Prefix("ro".into())),
        ("parse_*", Node::Prefix("parse_".into())),
        ("src/auth*", Node::Prefix("src/auth".into())),
        ("--no*", Node::Prefix("--no".into())),
        ("rotaton~1", Node::Fuzzy("rotaton".into(), 1)),
        ("rotaton~2", Node::Fuzzy("rotaton".into(), 2)),
        ("(rotaton~1)", Node::Fuzzy("rotaton".into(), 1)),
        ("*", Node::Everything),
        ("SELECT * FROM x", words("SELECT FROM x")),
    ]);
    check_text([
        ("r*", "r*"),
        ("*.rs", "*.rs"),
        ("**bold**", "**bold**"),
        ("std::*", "std::*"),
        ("a*b", "a*b"),
        ("rotaton~3", "rotaton~3"),
        ("~/x", "~/x"),
        ("ab~", "ab~"),
        ("HEAD~1", "HEAD~1"),
        ("main.rs~", "main.rs~"),
    ]);
}

#[test]
fn brackets_are_properties_where_they_look_like_them() {
    check([
        ("[status:null]", only(property("status", Some("null")))),
        ("[a.b:c]", only(property("a.b", Some("c")))),
        ("[due: 2026-11-01]", only(property("due", Some("2026-11-01")))),
        ("[due:a b]", only(property("due", Some("a b")))),
        (r#"[due:"a ] b"]"#, only(property("due", Some("a ] b")))),
        (r#"[due:"a]"#, only(property("due", Some("a")))),
        (r#"[due:a "b" c]"#, only(property("due", Some("a \"b\" c")))),
        ("(jwt [ab])", all([w("jwt"), property("ab", None)])),
        ("[status:done", only(field(Key::Status, "done"))),
        ("[foo: a]b", words("foo: a]b")),
    ]);
    check_text([
        ("[x]", "[x]"),
        ("- [ ] x", "- [ ] x"),
        ("[[link]]", "[[link]]"),
        ("[[my link]]", "[[my link]]"),
        ("a[0]", "a[0]"),
        ("error[E0502]: x", "error[E0502]: x"),
        ("[0:5]", "[0:5]"),
        ("[INFO] x", "[INFO] x"),
        ("[text](url)", "[text](url)"),
        ("[foo:]", "foo:]"),
    ]);
}

#[test]
fn regular_expressions_stand_between_slashes() {
    check([
        ("/foo|bar/", regex("foo|bar")),
        ("(/(a|b)+/ OR c)", any([regex("(a|b)+"), w("c")])),
        (r"/a\/b+/", regex("a/b+")),
        (r"/\d\\\/x/", regex(r"\d\\/x")),
        (r#"/"[a-z]+"/"#, regex("\"[a-z]+\"")),
    ]);
    check_text([
        ("/usr/bin/", "/usr/bin/"),
        ("/usr/lib.d/", "/usr/lib.d/"),
        ("/home/", "/home/"),
        ("//", "//"),
        ("/a +b/", "/a +b/"),
        ("/a+/b", "/a+/b"),
        ("x/a+/", "x/a+/"),
    ]);
    let long = format!("/{}/", "a+".repeat(65));
    assert_eq!(tree(&long), w(&long));
}

#[test]
fn what_is_a_question() {
    for text in [
        "why did rotation fail",
        "What's the plan",
        "how",
        "did we rotate keys",
        "rotation?",
        "rotation broken? status:done",
        "tag:auth where is it",
        "one two three four five six",
        "status:done -tag:old why jwt",
    ] {
        assert!(read(text).question, "{text}");
    }
    for text in [
        "",
        "jwt rotation",
        "is rotation done",
        "one two three four five",
        "why \"refresh token\"",
        "why OR how",
        "why -jwt",
        "why rota*",
        "a - b - c - d -",
        "status:done",
        "x?.y z",
    ] {
        assert!(!read(text).question, "{text}");
    }
}

#[test]
fn nothing_and_filters_alone_find_everything() {
    check([
        ("", Node::Everything),
        ("  \n", Node::Everything),
        ("status:done -draft", all([Node::Everything, field(Key::Status, "done"), not(w("draft"))])),
        ("* status:done", only(field(Key::Status, "done"))),
        ("-(a OR b)", only(not(any([w("a"), w("b")])))),
        ("a OR *", any([w("a"), Node::Everything])),
        ("NOT *", Node::Everything),
    ]);
    assert_eq!(tree("* status:done").to_string(), "status:done");
    assert_eq!(tree("").to_string(), "*");
}

#[test]
fn canonical_forms_are_what_one_would_type() {
    for text in [
        "jwt -draft \"refresh token\"~3 (a OR b c) rota* rotaton~ rotaton~1 /a\\/b+/",
        "a OR -b OR c d",
        "-(a b) NOT --x [k] [kk:v] [due:\"a]\"] title:\"a b\" file:*.rs x",
    ] {
        assert_eq!(read(text).root.to_string(), text);
    }
    check([("(a | b) AND NOT c kind:section", all([any([w("a"), w("b")]), not(w("c")), field(Key::Kind, "log")]))]);
    assert_eq!(tree("(a | b) AND NOT c kind:section").to_string(), "(a OR b) -c kind:log");
}

#[test]
fn long_queries_are_cut() {
    let many = read(&"a ".repeat(2000));
    assert_eq!(many.root.parts().len(), 1024);
    assert_eq!(many.hints, ["only the first 1024 words are searched"]);
    check([
        (&"ä".repeat(300), w(&"ä".repeat(256))),
        (&format!("{}*", "a".repeat(300)), w(&"a".repeat(256))),
        (&format!("tag:{}", "ä".repeat(300)), only(field(Key::Tag, &"ä".repeat(240)))),
        (&format!("cmd:{}", "a".repeat(300)), only(field(Key::Command, &"a".repeat(240)))),
        (&format!("title:\"{}\\\"\"", "a".repeat(239)), only(quoted(Key::Title, &format!("{}\"", "a".repeat(239))))),
        (&format!("OR{}(x", ")".repeat(300)), Node::Everything),
        (&format!("kind:turn{}x", ")".repeat(200)), w(&format!("kind:turn{}x", ")".repeat(200)))),
        (&format!("\"{}\"", "a b ".repeat(400)), phrase("a b ".repeat(256).trim_end())),
    ]);
}

#[test]
fn twenty_kilobytes_of_anything() {
    for part in [
        "(",
        ")",
        "()",
        "((a ",
        "-(",
        "\"",
        "\\\"",
        "“",
        "\"a",
        "a\"",
        ":",
        "a:",
        "status:",
        "status:\"",
        "[",
        "[ab:",
        "[ab:\"",
        "[ab: ",
        "]",
        "/",
        "/+",
        "-",
        "- ",
        "NOT ",
        "NOT (",
        "OR ",
        "a OR (",
        "~",
        "*",
        "\\",
        "foo:bar ",
        "on:x ",
        " ",
        "a(",
        "a) ",
        "[ab:\\\"",
        "\"a\"~3",
    ] {
        let text = part.repeat(20_000 / part.len());
        tree(&text);
        tree(&format!("{text} \" ] ) /"));
        tree(&format!("{text}{}", ")".repeat(20_000)));
    }
}

/// Texts of the pieces that mean something, side by side.
fn typed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "(",
            ")",
            "\"",
            "“",
            "»",
            "-",
            "--",
            "NOT",
            "OR",
            "AND",
            "|",
            "*",
            "~",
            "~1",
            "~2",
            "/",
            "\\",
            "[",
            "]",
            ":",
            "::",
            " ",
            " ",
            " ",
            "  ",
            "\n",
            "?",
            ".",
            "..",
            "a",
            "bc",
            "def",
            "OR ",
            " NOT ",
            " OR ",
            "-1",
            "7d",
            "yesterday",
            "2026-11-01",
            "2026-11-01T00:00:00Z",
            "HEAD",
            "+",
            "é",
            "検索",
        ])
        .prop_map(str::to_string),
        prop::sample::select(vec![
            "status:",
            "kind:",
            "kind:turn",
            "on:",
            "after:",
            "before:",
            "foo:",
            "stauts:",
            "tag:x",
            "title:\"",
            "[ab:",
            "[ab: ",
            "[ab]",
            "[x]",
            "(a OR b)",
            "\"a b\"",
            "\"a b\"~3",
            "/a+/",
            "rota*",
            "rotaton~",
            "main()",
            "cmd:",
            "-tag:x",
            "-\"a\"",
            "file:src/*.rs",
            "\\\"",
        ])
        .prop_map(str::to_string),
        "[a-z]{1,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn any_pieces_are_a_query_and_their_tree_can_be_written(text in typed()) {
        let root = tree(&text);
        let shown = root.to_string();
        prop_assert_eq!(read(&shown).root.to_string(), shown);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_query_and_its_tree_can_be_written(text in ".*") {
        tree(&text);
    }

    #[test]
    fn long_words_are_cut_where_they_can_be_written(start in typed(), n in 200usize..280, end in typed(), c in "[a)(\\\\\"*/]") {
        tree(&format!("{start}{}{end}", c.repeat(n)));
    }

    #[test]
    fn trees_are_flat(text in typed()) {
        prop_assert!(flat(&tree(&text)));
    }
}

fn flat(node: &Node) -> bool {
    match node {
        Node::All(parts) => parts.len() > 1 && parts.iter().all(|part| !matches!(part, Node::All(_)) && flat(part)),
        Node::Any(parts) => parts.len() > 1 && parts.iter().all(|part| !matches!(part, Node::Any(_)) && flat(part)),
        Node::Not(node) => !matches!(**node, Node::Not(_) | Node::Everything) && flat(node),
        _ => true,
    }
}
