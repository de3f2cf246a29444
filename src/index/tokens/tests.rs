use proptest::prelude::*;

use super::fold::LONGEST;
use super::*;

fn terms(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    parts(text, &mut |part| all.push(part.term.to_owned()));
    all
}

fn forms(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    wholes(text, &mut |form| all.push(form.to_owned()));
    all
}

fn stream(tokenizer: &mut impl Tokenizer, text: &str) -> Vec<String> {
    let mut all = Vec::new();
    tokenizer.token_stream(text).process(&mut |token| all.push(token.text.clone()));
    all
}

/// The stems of a text in their order.
fn words(text: &str) -> Vec<String> {
    let marked = stream(&mut WordTokenizer::default(), &format!("\u{2}{text}"));
    marked.into_iter().map(|word| word.strip_suffix('\u{2}').expect("every word has the mark").to_owned()).collect()
}

/// The smallest engine: whether a text has a word of a query.
fn found(text: &str, word: &str) -> bool {
    let asked = analyse(word);
    let wholes = forms(text);
    let exact = asked.whole.as_ref().is_some_and(|whole| {
        let prefix = asked.hash_prefix || asked.character;
        wholes.iter().any(|form| form.trim_end_matches(NAME) == whole || prefix && form.starts_with(whole.as_str()))
    });
    let stems = words(text);
    let wanted: Vec<&String> = asked.parts.iter().map(|(_, stem)| stem).collect();
    exact || !wanted.is_empty() && stems.windows(wanted.len()).any(|window| window.iter().eq(wanted.iter().copied()))
}

fn check(table: &[(&str, &str, bool)]) {
    for &(text, word, expected) in table {
        assert_eq!(found(text, word), expected, "{word:?} in {text:?}: {:?}, {:?}, {:?}", analyse(word), terms(text), forms(text));
    }
}

#[test]
fn names_are_found_whole_and_by_their_parts() {
    check(&[
        ("See DEC-0054 for why.", "DEC-0054", true),
        ("See DEC-0054 for why.", "dec0054", true),
        ("See DEC-0054 for why.", "0054", true),
        ("See DEC-0054 for why.", "DEC-0055", false),
        ("then apply_secrets runs", "apply_secrets", true),
        ("then apply_secrets runs", "applysecrets", true),
        ("then apply_secrets runs", "secret", true),
        ("a multi-agent setup", "multi-agent", true),
        ("a multi-agent setup", "multiagent", true),
        ("a multi agent setup", "multi-agent", true),
        ("a multi-level agent", "multi-agent", false),
        ("the foo-bar option", "foo-bar", true),
        ("the foo-bar option", "foobar", true),
        ("the foobar option", "foo-bar", true),
        ("foo and then bar", "foo-bar", false),
        ("bar-foo", "foo-bar", false),
        ("a plug-in here", "plugin", true),
        ("fn parse_frontmatter()", "parse_frontmatter", true),
        ("fn parse_frontmatter()", "frontmatter", true),
        ("fn parse_frontmatter()", "parseFrontmatter", true),
        ("self.getUserName()", "getUserName", true),
        ("self.getUserName()", "getusername", true),
        ("self.getUserName()", "UserName", true),
        ("self.getUserName()", "user_name", true),
        ("self.getUserName()", "NameUser", false),
        ("new HTTPServer(8080)", "http", true),
        ("new HTTPServer(8080)", "httpserver", true),
        ("all the URLs here", "url", true),
        ("all the URLsByName here", "urls", true),
        ("JavaScript and GitHub", "javascript", true),
        ("on github", "GitHub", true),
        ("std::fs::read(path)", "std::fs::read", true),
        ("std::fs::read(path)", "fs::read", true),
        ("std::fs::read(path)", "std::read", false),
        ("git commit --no-verify", "--no-verify", true),
        ("git commit --no-verify", "no-verify", true),
        ("no way to verify", "--no-verify", false),
        ("error[E0502]: cannot borrow", "E0502", true),
        ("error[E0502]: cannot borrow", "e0502", true),
        ("error[E0502]: cannot borrow", "E0503", false),
        ("sha256Sum utf8ToString", "sha256", true),
        ("sha256Sum utf8ToString", "utf8", true),
    ]);
    assert_eq!(terms("HTTPServer foo::bar E0502 v1 utf8ToString"), ["http", "server", "foo", "bar", "e0502", "v1", "utf8", "to", "string"]);
}

#[test]
fn languages_with_signs_are_words_of_their_own() {
    check(&[
        ("written in C++ and C#", "C++", true),
        ("written in C++ and C#", "c#", true),
        ("written in C++ and C#", "C", false),
        ("written in C", "C++", false),
        ("written in C", "C#", false),
        ("F# on C++17", "F#", true),
        ("F# on C++17", "C++", true),
        ("main.c#L10", "main.c", true),
    ]);
}

#[test]
fn versions_paths_and_addresses_are_found() {
    check(&[
        ("upgrade to v0.21.3 today", "v0.21.3", true),
        ("upgrade to v0.21.3 today", "v0.21", true),
        ("upgrade to v0.21.3 today", "v0.21.4", false),
        ("on 2026-11-20 at noon", "20261120", true),
        ("session 20261120-01", "20261120-01", true),
        ("edit src/auth/jwt.rs:12", "src/auth/jwt.rs", true),
        ("edit src/auth/jwt.rs:12", "jwt.rs", true),
        ("edit src/auth/jwt.rs", "srcauthjwtrs", false),
        ("edit src/auth/jwt.rs", "src/jwt.rs", false),
        (r"C:\Users\Anna\notes.md", r"C:\Users\Anna", true),
        (r"C:\Users\Anna\notes.md", "notes.md", true),
        ("mail anna.kern@example.org now", "anna.kern@example.org", true),
        ("mail anna.kern@example.org now", "example.org", true),
        ("(https://docs.rs/tantivy/0.27.0?q=a#b)", "https://docs.rs/tantivy/0.27.0?q=a#b", true),
        ("(https://docs.rs/tantivy/0.27.0?q=a#b)", "docs.rs", true),
        ("see quickwit-oss/tantivy#609", "tantivy#609", true),
        ("0..10 and 010", "010", true),
        ("in 0..10", "010", false),
    ]);
}

#[test]
fn hashes_are_found_by_their_beginning() {
    check(&[
        ("commit 9f3ac2e1b7d04c55aa01e2f9b8c7d6e5f4a3b2c1", "9f3ac2e", true),
        ("commit 9F3AC2E1B7D04C55", "9f3ac2e1", true),
        ("commit 9f3ac2e1b7d04c55", "f3ac2e1", false),
        ("commit 9f3ac2e1b7d04c55", "9f3ac2", false),
        ("id 550e8400-e29b-41d4-a716-446655440000.", "550e8400", true),
        ("id 550e8400-e29b-41d4-a716-446655440000.", "550e8400-e29b-41", true),
        ("id 550e8400-e29b-41d4-a716-446655440000.", "550e8400-e29b-41d4-a716-446655440000", true),
        ("id 550e8400-e29b-41d4-a716-446655440000.", "550e8400e29b41d4a716446655440000", true),
        ("deadbeefcafe", "deadbee", false),
    ]);
    assert!(analyse("9f3ac2e").hash_prefix);
    assert!(!analyse("deadbeef").hash_prefix && !analyse("9f3ac").hash_prefix && !analyse("9f3acxy").hash_prefix);
}

#[test]
fn english_words_are_found_in_other_forms() {
    check(&[
        ("it was running", "run", true),
        ("we run it", "running", true),
        ("rotating tokens", "token", true),
        ("rotation of keys", "rotate", true),
        ("the user's token", "user", true),
        ("the user’s token", "user's", true),
        ("the users", "user's", true),
        ("don't do it", "don't", true),
        ("don't do it", "dont", true),
        ("don’t do it", "don't", true),
        ("dont do it", "don’t", true),
        ("DON'T", "dont", true),
        ("we'll see", "we", true),
        ("we'll see", "well", false),
        ("it's here", "it", true),
        ("Mr. O'Brien", "obrien", true),
        ("Mr. O'Brien", "brien", true),
    ]);
    assert_eq!(terms("the user's token isn't b's' it'd"), ["the", "user", "token", "isnt", "b", "s", "it"]);
    assert_eq!(stream(&mut WordTokenizer::default(), "Running utf8s happily naïvely"), ["run", "utf8s", "happili", "naiv"]);
}

#[test]
fn accents_and_case_of_other_alphabets_fold() {
    check(&[
        ("un café noir", "cafe", true),
        ("a cafe", "café", true),
        ("un cafe\u{301} noir", "café", true),
        ("un café noir", "cafe\u{301}", true),
        ("un cafe\u{301} noir", "cafe", true),
        ("pendant l'été", "été", true),
        ("pendant l'été", "ete", true),
        ("pendant l’été", "l'été", true),
        ("pendant l'été", "lete", true),
        ("Große Straße", "strasse", true),
        ("GROSSE STRASSE", "straße", true),
        ("STRAẞE", "straße", true),
        ("Übergrößenträger", "ubergrossentrager", true),
        ("Ærøskøbing, Łódź, Đorđe", "aeroskobing", true),
        ("Ærøskøbing, Łódź, Đorđe", "lodz", true),
        ("Ærøskøbing, Łódź, Đorđe", "Dorde", true),
        ("œuvre Þór Guðrún", "oeuvre", true),
        ("œuvre Þór Guðrún", "thor", true),
        ("œuvre Þór Guðrún", "gudrun", true),
        ("Ο ΛΌΓΟΣ και", "λόγος", true),
        ("ο λόγος", "ΛΟΓΟΣ", true),
        ("Ёжик в тумане", "ежик", true),
        ("ПРИВЕТ МИР", "привет", true),
        ("ПРИВЕТ МИР", "приве", false),
        ("İstanbul ve ılık", "istanbul", true),
        ("İstanbul ve ılık", "ilik", true),
        ("ILIK", "ılık", true),
        ("getΣίγμαName", "σιγμα", true),
        ("ﬁle ＡＢＣ１２３ ℌ x²", "file", true),
        ("ﬁle ＡＢＣ１２３ ℌ x²", "abc123", true),
        ("ﬁle ＡＢＣ１２３ ℌ x²", "h", true),
        ("ﬁle ＡＢＣ１２３ ℌ x²", "x2", true),
        ("½ cup", "½", true),
        ("हिन्दी में", "हिन्दी", true),
        ("שלום עולם", "עולם", true),
        ("مرحبا بالعالم", "بالعالم", true),
    ]);
}

#[test]
fn invisible_characters_and_emoji_do_not_part_or_hide_words() {
    check(&[
        ("foo\u{200B}bar", "foobar", true),
        ("foobar", "foo\u{AD}bar", true),
        ("\u{FEFF}First line", "first", true),
        ("a\u{200D}b", "ab", true),
        ("done ✅ tests🚀now", "tests", true),
        ("done ✅ tests🚀now", "now", true),
        ("👩\u{200D}💻 codes", "codes", true),
        ("1\u{FE0F}\u{20E3} first", "1", true),
        ("Z\u{351}\u{36B}a\u{310}l\u{30D}go", "zalgo", true),
        ("🚀", "🚀", false),
    ]);
    assert!(analyse("🚀").parts.is_empty() && analyse("--").parts.is_empty() && analyse("").whole.is_none());
}

#[test]
fn scripts_without_blanks_are_found_by_any_two_characters() {
    check(&[
        ("全文検索エンジン", "検索", true),
        ("全文検索エンジン", "検索エンジン", true),
        ("全文検索エンジン", "索検", false),
        ("全文検索エンジン", "全検", false),
        ("中文分词很难", "分词", true),
        ("中文搜索引擎", "搜索", true),
        ("まちづくりの話", "まちづくり", true),
        ("大韓한국어교육", "한국어", true),
        ("한국어를 배운다", "한국어", true),
        ("\u{1112}\u{1161}\u{11AB}국어", "한국어", true),
        ("なか", "かな", false),
        ("かな", "かな", true),
        ("かき", "がき", false),
        ("か\u{3099}き", "がき", true),
        ("ガイド", "ｶﾞｲﾄﾞ", true),
        ("ｶﾞｲﾄﾞ", "ガイド", true),
        ("索", "索", true),
        ("検索", "検", true),
        ("検索", "索", true),
        ("検索", "文", false),
        ("ประเทศไทย", "ไทย", true),
        ("ພາສາລາວ", "ລາວ", true),
        ("ភាសាខ្មែរ", "ខ្មែរ", true),
        ("မြန်မာဘာသာ", "မြန်မာ", true),
        ("検索APIを使う", "API", true),
        ("検索APIを使う", "検索api", true),
        ("検索APIを使う", "検索", true),
        ("foo_検索-bar", "foo", true),
        ("Rustで書く", "rust", true),
        ("⼀覧", "一覧", true),
    ]);
    assert_eq!(terms("全文検索 API 版"), ["全文", "文検", "検索", "api", "版"]);
    assert!(analyse("検").character && !analyse("検索").character && !analyse("検 a").character);
    assert_eq!(analyse("検索").whole.as_deref(), Some("検索"));
    assert_eq!(analyse("全文検索").whole, None);
}

#[test]
fn wholes_are_parts_and_names_each_once() {
    let text = "auth::parse_session_id, parse_session_id; the SessionId sessionid";
    let expected = ["auth", "parse", "session", "id", "parsesessionid\u{1}", "the", "sessionid\u{1}", "sessionid"];
    assert_eq!(stream(&mut WholeTokenizer::default(), text), expected);
    assert_eq!(forms("v0.21.3 foo(bar)"), ["v0", "21", "3", "foo", "bar"]);
    let mut tokenizer = WholeTokenizer::default();
    for _ in 0..2 {
        assert_eq!(stream(&mut tokenizer, "a-b").len(), 3);
    }
    let many: String = (0..5000).map(|n| format!("w{n} w{n} ")).collect();
    assert_eq!(stream(&mut tokenizer, &many).len(), 5000);
}

#[test]
fn a_mark_stands_behind_every_word_and_is_no_part_of_the_text() {
    assert_eq!(words("Running tests"), ["run", "test"]);
    assert_eq!(stream(&mut WholeTokenizer::default(), "\u{3}Running tests"), ["running", "tests"]);
}

#[test]
fn names_stand_where_their_parts_do() {
    let mut found = Vec::new();
    names("see fooBar_baz, x", &mut |name, range| found.push((name.to_string(), range)));
    assert_eq!(found, [("foobarbaz".to_string(), 4..14)]);
}

#[test]
fn long_runs_are_cut_and_stay_findable() {
    let long = "x".repeat(1_000_000);
    assert_eq!(forms(&long), ["x".repeat(64)]);
    assert_eq!(analyse(&long).whole, Some("x".repeat(64)));
    assert_eq!(terms(&"й".repeat(100)), ["и".repeat(64)]);
    assert_eq!(terms(&"e\u{301}".repeat(100_000)), ["e".repeat(64)]);
    assert_eq!(terms(&format!("a{}", "\u{301}".repeat(1_000_000))), ["a"]);
    let name = "shouldReturnTheUserNameWhenTheSessionIsValidAndTheTokenHasNotExpiredYet";
    assert_eq!(terms(name).len(), 17);
    assert!(!forms(name).iter().any(|form| form.len() > LONGEST));
    assert!(found(&format!("test {name}()"), name));
}

#[test]
fn random_text_gives_few_terms() {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        DIGITS[(state >> 58) as usize] as char
    };
    let blob: String = (0..1_000_000).map(|_| next()).collect();
    let text = format!("before data:image/png;base64,{blob}== after");
    let forms = stream(&mut WholeTokenizer::default(), &text);
    assert!(forms.len() < 200, "{} terms", forms.len());
    assert!(found(&text, "before") && found(&text, "after") && found(&text, "base64"));
    let lines: String = blob.as_bytes().chunks(76).flat_map(|line| [String::from_utf8_lossy(line).into_owned(), "\n".to_owned()]).collect();
    let forms = stream(&mut WholeTokenizer::default(), &format!("-----BEGIN-----\n{lines}-----END-----\nand after"));
    assert!(forms.len() < 250 && forms.contains(&"after".to_owned()), "{} terms", forms.len());
    let ids: String = (0..100).map(|n| format!("aB3dE5fG7hJ9kL1mN3pQ5rS{n:03}\n")).collect();
    assert_eq!(stream(&mut WholeTokenizer::default(), &ids).len(), 100);
    let minified = "function(a,b){return e.f(a)?b:c};".repeat(30_000);
    assert!(stream(&mut WholeTokenizer::default(), &minified).len() < 12);
    let wide: String = "全文検索".repeat(100_000);
    assert_eq!(stream(&mut WholeTokenizer::default(), &wide).len(), 5);
}

#[test]
fn the_table_folds_as_decomposing_does() {
    for c in (0x80..0x600).filter_map(char::from_u32) {
        let mut slow = String::new();
        fold::fold_slowly(c.encode_utf8(&mut [0; 4]), c, &mut slow);
        assert_eq!(fold(&c.to_string()), slow, "{c:?}");
        let word = c.is_alphanumeric() && fold::class(c) != fold::Class::Mark && fold::class(c) != fold::Class::Apostrophe;
        assert_eq!(fold::class(c) == fold::Class::Word, word, "{c:?}");
    }
}

#[test]
fn calls_may_nest() {
    let mut count = 0;
    parts("outer words", &mut |_| parts("running", &mut |part| count += usize::from(part.stem == "run")));
    assert_eq!(count, 2);
}

#[test]
fn stems_of_the_table_are_those_of_the_stemmer() {
    let plain = frostem::Stemmer::new(frostem::Algorithm::English);
    let mut stems = Stems::default();
    for word in ["skies", "dying", "happily", "relational", "generalizations", "is", "a", "hopping", "internationalizations", "news"] {
        for _ in 0..2 {
            let mut stem = word.to_owned();
            stems.stem(&mut stem);
            assert_eq!(stem, plain.stem(word), "{word}");
        }
    }
}

/// Texts of everything that the tokenizer tells apart.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9]{1,8}",
        2 => "[-_.:/\\\\'’+#@&=,(]{1,3}",
        2 => prop::sample::select(vec![" ", "\n", "C++", "c#", "'s", "n't", "ß", "é", "İ", "ς",
            "Ⅳ", "ﬁ", "½", "㎏", "ŉ", "ǅ", "Ａ", "１"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["検", "索", "か", "が", "ｶ", "ﾞ", "한", "\u{1112}\u{1161}",
            "ไ", "ที่", "ำ", "မြ", "⼀"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["\u{301}", "\u{200B}", "\u{3099}", "\u{FE0F}", "\u{AD}", "\u{64B}",
            "🚀", "—", "\u{1161}", "ʼ"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ranges_ascend_and_fold_to_their_terms(text in prop_oneof![texts(), any::<String>()]) {
        let (mut count, mut last, mut border) = (0, None, 0);
        let mut wrong = None;
        parts(&text, &mut |part| {
            let source = text.get(part.range.clone());
            let folded = source.map(fold);
            let ascends = last.is_none_or(|last| part.range.start > last) && part.range.end >= border;
            let short = part.term.chars().count() <= LONGEST;
            if folded.as_deref() != Some(part.term) || !ascends || !short || part.position != count || part.stem.is_empty() {
                wrong.get_or_insert(format!("{part:?} {source:?} {folded:?} {last:?}"));
            }
            count += 1;
            last = Some(part.range.start);
            border = part.range.end;
        });
        prop_assert_eq!(wrong, None);
    }

    #[test]
    fn a_word_is_found_where_it_stands_alone(word in prop_oneof![texts(), any::<String>()]) {
        let word: String = word.split_whitespace().collect();
        let asked = analyse(&word);
        if !asked.parts.is_empty() {
            prop_assert!(found(&word, &word), "{:?} {:?}", asked, forms(&word));
            let text = format!("one {word} more");
            prop_assert!(found(&text, &word), "{:?} {:?}", asked, terms(&text));
            if let Some(whole) = asked.whole {
                let name = format!("{whole}{NAME}");
                prop_assert!(forms(&text).iter().any(|form| *form == whole || *form == name), "{} {:?}", whole, forms(&text));
            }
        }
    }

    #[test]
    fn terms_fold_to_themselves(text in prop_oneof![texts(), any::<String>()]) {
        for term in terms(&text) {
            prop_assert_eq!(fold(&term), term);
        }
    }

    #[test]
    fn both_streams_agree_with_the_functions(text in texts()) {
        let mut stems = Vec::new();
        parts(&text, &mut |part| stems.push(part.stem.to_owned()));
        prop_assert_eq!(words(&text), stems);
        let mut unique = Vec::new();
        wholes(&text, &mut |form| if !unique.contains(&form.to_owned()) { unique.push(form.to_owned()) });
        prop_assert_eq!(stream(&mut WholeTokenizer::default(), &text), unique);
    }
}
