//! What counts as work in a log that somebody changed, and what is a slip of the pen.

mod generated;
mod table;

use shiftlog::journal::change::{is_cosmetic, is_substantive};
use table::{EDITS, Verdict};

const FRONT: &str =
    "---\ntitle: \"Session 20261120-01: Weather fallback\"\nlast_updated: \"2026-11-20 14:30:00 UTC\"\nstatus: \"Active\"\n---\n\n";
const ABOVE: &str = "# Weather fallback\n\n## Summary\n\n- ✅ **Fallback** – `src/weather.rs` answers from the cache\n- 缓存已经可用。\n\n";
const BELOW: &str =
    "\n\n## Next Work Items\n\n### **High Priority**\n\n- [ ] Measure the cache\n- [x] Write 3 tests\n\n```sh\ncargo test\n```\n";

fn log(text: &str) -> String {
    format!("{FRONT}{ABOVE}## Notes\n\n{text}{BELOW}")
}

#[test]
fn edits_in_the_middle_of_a_log_are_judged() {
    let mut wrong = Vec::new();
    for (language, before, after, verdict) in EDITS {
        let (a, b) = (log(before), log(after));
        let expected = *verdict == Verdict::Substantive;
        for (way, found) in [("there", is_substantive(&a, &b)), ("back", is_substantive(&b, &a))] {
            if found != expected {
                wrong.push(format!("{language}, {way}: {before:?} → {after:?} is {verdict:?}"));
            }
        }
        assert!(!is_substantive(&a, &a.clone()) && !is_substantive(&b, &format!("{b}\n")), "{a}");
    }
    assert!(EDITS.len() >= 120);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), EDITS.len(), wrong.join("\n"));
}

#[test]
fn texts_that_are_alone_are_judged_as_in_a_log() {
    for (language, before, after, verdict) in EDITS {
        let expected = *verdict == Verdict::Substantive;
        assert_eq!(is_substantive(before, after), expected, "{language}: {before:?} → {after:?}");
        assert_eq!(is_substantive(after, before), expected, "{language}: {after:?} → {before:?}");
    }
}

#[test]
fn frontmatter_is_never_substantive() {
    let text = log("Words.");
    let bare = text.strip_prefix(FRONT).expect("begins with it");
    for other in [
        text.replace("Active", "Handoff"),
        text.replace("14:30:00", "15:45:00"),
        text.replace("status:", "not: 7\nrating: 5\nstatus:"),
        text.replace("title: \"Session 20261120-01: Weather fallback\"\n", ""),
        text.replacen("---\n", "--- \n", 1),
        bare.to_string(),
        format!("\u{feff}{text}"),
        format!("\u{feff}{bare}"),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
        text.trim_end().to_string(),
    ] {
        assert!(!is_substantive(&text, &other) && !is_substantive(&other, &text), "{other}");
    }
    let more = text.replace("Active", "Handoff").replace("Words.", "Words. More words.");
    assert!(is_substantive(&text, &more) && is_substantive(&more, &text));
}

#[test]
fn sections_and_entries_that_come_go_and_move_are_substantive() {
    let text = log("One entry.\n\n- first\n- second point\n- third point here");
    for other in [
        text.replace("## Notes\n", ""),
        text.replace("## Notes\n", "## Notes\n\n## Sources\n"),
        text.replace("- first\n", ""),
        text.replace("- first\n- second point\n", "- second point\n- first\n"),
        text.replace("- [ ] Measure the cache\n", ""),
        text.replace("- [ ] Measure", "- [x] Measure"),
        text.replace("- [ ] Measure", "- Measure"),
        text.replace("One entry.\n", "").replace("## Summary\n", "## Summary\n\nOne entry.\n"),
        text.replace("cargo test", "cargo test --all"),
        format!("{FRONT}{ABOVE}"),
        FRONT.to_string(),
        String::new(),
    ] {
        assert!(is_substantive(&text, &other) && is_substantive(&other, &text), "{other}");
    }
}

#[test]
fn long_logs_are_judged() {
    let words = ["wetter", "cache", "fallback", "forecast", "测试天气预报", "`code here`", "[a link](https://x.example/1)", "src/a.rs"];
    let lines = |n: usize| -> String { (0..n).map(|i| format!("- {} {} {}\n", words[i % 8], words[i / 8 % 8], words[i % 5])).collect() };
    let text = lines(40_000);
    assert!(text.len() > 1_000_000);
    let typos = text.replace("forecast", "forcast").replace("- ", "* ").replace("测试天气预报", "测试天汽预报");
    assert!(!is_substantive(&text, &typos));
    assert!(is_substantive(&text, &format!("{typos}- and more\n")));
    assert!(is_substantive(&text, &text.replace("cache", "store")));
    // Nothing but one character: each gap can be filled in many ways.
    let same = "哈".repeat(300_000);
    assert!(is_substantive(&same, &"哈".repeat(299_000)));
    for odd in ["[", "`` ` ", "[[", "<", "<!-- ", "~~", "[a](", "\\", "| ", "> ", "1. ", "（", "哈a"] {
        let odd = odd.repeat(20_000);
        assert!(is_substantive(&odd, &format!("{odd}\n\nwords")));
    }
}

#[test]
fn entries_that_say_the_same_are_already_there() {
    for (a, b) in [
        ("Use the time stamp", "use the **timestamp**."),
        ("It isn't cached", "It isnt cached"),
        ("GitHub keeps it", "Github keeps it"),
        ("see <https://x.example/a>", "see https://x.example/a."),
        ("`src/a.rs` changed", "src/a.rs changed"),
    ] {
        assert!(is_cosmetic(a, b) && is_cosmetic(b, a), "{a:?} {b:?}");
    }
    for (a, b) in [
        ("now here", "nowhere"),
        ("[[Weather fallback]] – why", "[[Weather fallbacks]] – why"),
        ("run it with --all", "run it with --al"),
        ("~~Use the cache~~", "Use the cache"),
        ("```\na\n```", "```\nb\n```"),
        ("~~~\na  b\n~~~", "~~~\na b\n~~~"),
        ("in 5 ms", "in 5 s"),
    ] {
        assert!(!is_cosmetic(a, b) && !is_cosmetic(b, a), "{a:?} {b:?}");
    }
}
