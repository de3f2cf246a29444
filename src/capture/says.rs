//! Statements: what somebody said that was decided, remains to be done, is asked, or is preferred. In their words.

use super::choices::{By, gives_reason, is_choice};
use super::text::{Part, open_ended, parts, plain, sentences, short};

/// What a text states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// What was decided, or rejected, and why.
    pub(super) decisions: Vec<(String, Option<String>)>,
    /// What remains to be done.
    pub(super) next: Vec<String>,
    /// What nobody knows yet.
    pub(super) questions: Vec<String>,
    /// What came of it: a sentence or two.
    pub(super) outcome: Option<String>,
}

/// Characters of a statement that are kept.
const LONGEST: usize = 300;

/// What announces something that is left to do.
const LEFT: [&str; 16] = [
    "todo:",
    "to do:",
    "to-do:",
    "next:",
    "next step:",
    "next steps:",
    "next up:",
    "remaining:",
    "remaining work:",
    "still to do:",
    "left to do:",
    "still open:",
    "open:",
    "what is left:",
    "what remains to be done:",
    "not done yet:",
];

/// What a heading announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Decisions,
    Next,
    Questions,
    Other,
}

fn topic(heading: &str) -> Topic {
    let lower = heading.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["open question", "questions", "unknowns"]) {
        Topic::Questions
    } else if has(&["decision", "decided", "choices"]) {
        Topic::Decisions
    } else if has(&[
        "next step",
        "next work",
        "next up",
        "remaining",
        "todo",
        "to do",
        "to-do",
        "follow-up",
        "follow up",
        "left to do",
        "left to be done",
        "what is left",
        "what's left",
        "still open",
        "still to do",
        "open item",
        "open task",
        "open work",
        "open point",
        "outstanding",
        "not done yet",
    ]) || lower == "next"
    {
        Topic::Next
    } else {
        Topic::Other
    }
}

/// Whether a paragraph is no more than a few words that announce decisions, or what is left or unknown.
fn is_label(paragraph: &str) -> bool {
    paragraph.ends_with(':') && paragraph.split_whitespace().count() < 6 && topic(paragraph) != Topic::Other
}

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something was done.
    Work,
    /// Something was said.
    Talk,
    /// It was asked what is known: what was decided before is no decision of now.
    Recall,
}

/// Whether a person asks for what is known, and for nothing to be done.
pub(super) fn asks(text: &str) -> bool {
    const ASKS: [&str; 14] =
        ["what ", "why ", "how ", "which ", "who ", "when ", "where ", "did ", "do we ", "does ", "is ", "are ", "remind me", "recap"];
    let lower = text.trim().to_lowercase();
    lower.ends_with('?') || ASKS.iter().any(|word| lower.starts_with(word))
}

/// Whether a question asks for what is known from before: what an answer says then was decided earlier.
pub(super) fn recalls(text: &str) -> bool {
    const BEFORE: [&str; 14] = [
        "decide",
        "decision",
        "agreed",
        "agree on",
        "again",
        "remind",
        "recap",
        "summar",
        "so far",
        "did we",
        "last time",
        "earlier",
        "where were we",
        "status",
    ];
    let lower = text.to_lowercase();
    BEFORE.iter().any(|words| lower.contains(words))
}

/// What an agent's answer states.
///
/// `acted` says that something was done or looked at between its parts.
pub(super) fn answer(text: &str, kind: Kind, acted: bool) -> Said {
    let mut said = Said::default();
    let (mut at, mut listed) = (None, false);
    let mut told: Vec<(String, bool)> = Vec::new();
    for part in parts(text) {
        match part {
            Part::Heading(heading) => (at, listed) = (Some(topic(heading)), false),
            // A line that only announces a list.
            Part::Paragraph(label) if is_label(&label) => (at, listed) = (Some(topic(&label)), false),
            Part::Done(_) if at == Some(Topic::Next) => listed = true,
            Part::Item(item) | Part::Done(item) => {
                listed = true;
                match at {
                    Some(Topic::Decisions) if said.reasons(&item) => {}
                    Some(Topic::Decisions) => said.decisions.extend(decision(&item)),
                    Some(Topic::Next) => said.remains(&item),
                    Some(Topic::Questions) => said.questions.push(kept(&item)),
                    _ => said.sentences(&item, kind, false),
                }
            }
            Part::Paragraph(paragraph) => {
                match at {
                    Some(Topic::Next | Topic::Questions) if listed || !says_something(&paragraph) || paragraph.ends_with(':') => {}
                    Some(Topic::Next) => said.remains(&paragraph),
                    Some(Topic::Questions) => said.questions.push(kept(&paragraph)),
                    Some(Topic::Decisions) => said.sentences(&paragraph, kind, !listed),
                    _ => said.sentences(&paragraph, kind, false),
                }
                told.push((paragraph, at.is_some()));
            }
        }
    }
    said.outcome = outcome(&told, acted, kind);
    said
}

/// The sentence that says what came of it: where something was done, of the last paragraph that is under no heading.
fn outcome(told: &[(String, bool)], acted: bool, kind: Kind) -> Option<String> {
    // What remains, and what nobody knows, did not come of it.
    let remains = |sentence: &str| announced(sentence, &LEFT).is_some() || question(sentence).is_some();
    let tells = |text: &&str| says_something(text) && sentences(text).iter().any(|sentence| !remains(sentence));
    let free: Vec<&str> = told.iter().filter(|(_, headed)| !headed).map(|(text, _)| text.as_str()).filter(tells).collect();
    let chosen = if acted { free.last() } else { free.first() };
    let paragraph = chosen.copied().or_else(|| told.iter().map(|(text, _)| text.as_str()).find(tells))?;
    let mut all = sentences(paragraph);
    all.retain(|sentence| !remains(sentence));
    let says = |sentence: &&&str| sentence.split_whitespace().count() > 2;
    // A decision stands among the decisions.
    let telling = all
        .iter()
        .filter(says)
        .find(|sentence| kind == Kind::Recall || !is_choice(sentence, By::Agent))
        .or(all.iter().find(says))
        .or(all.first())?;
    Some(short(open_ended(&plain(telling)), 200)).filter(|text| !text.is_empty())
}

fn says_something(paragraph: &str) -> bool {
    let words = paragraph.split_whitespace().filter(|word| !word.contains("://"));
    words.filter(|word| word.chars().any(char::is_alphabetic)).count() > 2 && !paragraph.starts_with("Reference")
}

impl Said {
    fn remains(&mut self, text: &str) {
        match question(text) {
            Some(question) => self.questions.push(question),
            None => self.next.push(kept(text)),
        }
    }

    /// Takes the reason of the last decision, where a text announces one and it has none.
    fn reasons(&mut self, text: &str) -> bool {
        let reason = announced(text, &["reason:", "why:", "rationale:", "because:"]).map(plain);
        match (reason, self.decisions.last_mut()) {
            (Some(reason), Some((_, why @ None))) => {
                *why = Some(short(open_ended(&reason), LONGEST));
                true
            }
            _ => false,
        }
    }

    fn sentences(&mut self, text: &str, kind: Kind, decided: bool) {
        let before = self.decisions.len();
        for sentence in sentences(text) {
            if self.decisions.len() > before && self.reasons(sentence) {
                continue;
            }
            if let Some(question) = question(sentence) {
                self.questions.push(question);
            } else if let Some(rest) = announced(sentence, &LEFT) {
                self.next.push(kept(rest));
            } else if decided || kind != Kind::Recall && is_choice(sentence, By::Agent) {
                self.decisions.extend(decision(sentence));
            }
        }
    }
}

/// What a person's own words state: choices, and how they want things.
pub(super) fn request(text: &str) -> (Vec<(String, Option<String>)>, Vec<String>) {
    const PREFERS: [&str; 22] = [
        "i prefer ",
        "i'd prefer ",
        "i would prefer ",
        "we prefer ",
        "i'd rather ",
        "i would rather ",
        "please always ",
        "always ",
        "please never ",
        "never ",
        "please don't ",
        "please do not ",
        "don't ",
        "do not ",
        "from now on",
        "in future",
        "in the future",
        "no, ",
        "actually, ",
        "i want you to ",
        "i don't want ",
        "that's wrong",
    ];
    let (mut decisions, mut preferences) = (Vec::new(), Vec::new());
    for part in parts(&apart(text)) {
        let (Part::Item(text) | Part::Done(text) | Part::Paragraph(text)) = part else { continue };
        for sentence in sentences(&text) {
            let lower = sentence.to_lowercase().replace('’', "'");
            if PREFERS.iter().any(|words| lower.starts_with(words)) {
                preferences.push(kept(sentence));
            } else if is_choice(sentence, By::Person) {
                decisions.extend(decision(sentence));
            }
        }
    }
    (decisions, preferences)
}

/// A line that is far shorter than those of text that was wrapped, as a paragraph of its own: people end lines without a full stop.
fn apart(text: &str) -> String {
    const WRAPPED: usize = 60;
    let ends = |line: &str| if line.chars().count() < WRAPPED { "\n\n" } else { "\n" };
    text.lines().fold(String::new(), |all, line| all + line + ends(line))
}

/// A choice and its reason.
fn decision(text: &str) -> Option<(String, Option<String>)> {
    let text = plain(text);
    let text = announced(&text, &["decision:", "decided:"]).unwrap_or(&text).trim();
    if text.split_whitespace().count() < 2 || text.ends_with('?') {
        return None;
    }
    let (what, why) = match reason(text) {
        Some((what, why)) => (what, Some(short(open_ended(why), LONGEST)).filter(|why| !why.is_empty())),
        None => (text, None),
    };
    Some((short(open_ended(what), LONGEST), why))
}

/// Where the reason begins: at the first word that says so, outside of code.
fn reason(text: &str) -> Option<(&str, &str)> {
    const BEGIN: [(&str, usize); 10] = [
        (" because ", 9),
        (", since ", 8),
        ("; ", 2),
        (", so that ", 2),
        (" so that ", 1),
        (" in order to ", 1),
        (", due to ", 2),
        (" – ", " – ".len()),
        (" — ", " — ".len()),
        (": ", 2),
    ];
    let found = BEGIN.iter().filter_map(|(words, skipped)| outside_code(text, words).map(|at| (at, at + skipped)));
    let found = found.chain(gives_reason(text).map(|at| (at, at + ", as ".len())));
    // A label before a colon is not yet what was decided.
    let says = |(end, _): &(usize, usize)| text[..*end].split_whitespace().count() > if text[*end..].starts_with(':') { 2 } else { 1 };
    let (end, start) = found.filter(says).min()?;
    // A reason that is no sentence keeps the word that makes it one.
    let start = if text[start..].starts_with("of ") { end } else { start };
    let (what, why) = (text[..end].trim_end_matches(','), text[start..].trim());
    (!why.is_empty()).then_some((what, why))
}

fn outside_code(text: &str, words: &str) -> Option<usize> {
    let even = |before: &str, mark: char| before.matches(mark).count().is_multiple_of(2);
    let outside = |before: &str| even(before, '`') && even(before, '"') && before.matches('“').count() <= before.matches('”').count();
    text.match_indices(words).map(|(at, _)| at).find(|at| outside(&text[..*at]))
}

/// What stands behind an announcement.
fn announced<'t>(text: &'t str, words: &[&str]) -> Option<&'t str> {
    let bare = text.trim_start_matches(['*', '_']);
    words.iter().find_map(|word| {
        let head = bare.get(..word.len())?;
        head.eq_ignore_ascii_case(word).then(|| bare[word.len()..].trim_start_matches(['*', '_', ' ']))
    })
}

/// A question that is said to be open.
fn question(text: &str) -> Option<String> {
    announced(text, &["open question:", "question:", "unclear:", "unknown:"]).map(kept).filter(|text| !text.is_empty())
}

fn kept(text: &str) -> String {
    short(open_question(&plain(text)), LONGEST)
}

/// A full stop says nothing; a question mark does.
fn open_question(text: &str) -> &str {
    if text.ends_with('.') && !text.ends_with("..") { open_ended(text) } else { text.trim() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "I'll plan this and look at the current code first.\n\nThat failed with a `NameError`: I wrote `txt` instead of `text`. \
        Fixing it.\n\nDone. `greet_cli.py` now accepts `--json`.\n\n## Decisions\n- **Decided to use `argparse`** instead of `click`, because \
        the project has no third-party dependencies.\n- JSON output is a single object with the key `greeting`, so that fields can be added \
        later without breaking callers.\n- Rejected printing NDJSON: only one record is ever produced.\n\n## Next steps\n1. Add a test for a \
        non-ASCII name (`greet_cli.py --json Zoë`).\n2. Document exit codes in README.md.\n3. Open question: should `--json` imply `--quiet`?\n\n\
        Reference: https://docs.python.org/3/library/argparse.html";

    #[test]
    fn an_answer_states_decisions_and_what_remains() {
        let said = answer(ANSWER, Kind::Work, true);
        let some = |what: &str, why: &str| (what.to_string(), Some(why.to_string()));
        assert_eq!(
            said.decisions,
            [
                some("Decided to use `argparse` instead of `click`", "the project has no third-party dependencies"),
                some(
                    "JSON output is a single object with the key `greeting`",
                    "so that fields can be added later without breaking callers"
                ),
                some("Rejected printing NDJSON", "only one record is ever produced"),
            ]
        );
        assert_eq!(said.next, ["Add a test for a non-ASCII name (`greet_cli.py --json Zoë`)", "Document exit codes in README.md"]);
        assert_eq!(said.questions, ["should `--json` imply `--quiet`?"]);
        assert_eq!(said.outcome.as_deref(), Some("`greet_cli.py` now accepts `--json`"));
    }

    #[test]
    fn a_line_announces_what_is_left() {
        let text =
            "Done.\n\nStill to do:\n- Measure it\n\nDecisions so far:\n1. A ring buffer, since it is small\n\nNot done yet: the docs.";
        let said = answer(text, Kind::Work, true);
        assert_eq!(said.next, ["Measure it", "the docs"]);
        assert_eq!(said.decisions, [("A ring buffer".to_string(), Some("it is small".to_string()))]);
        assert_eq!(
            answer("The parser now has two passes. I chose two since one was slow.", Kind::Work, true).outcome.as_deref(),
            Some("The parser now has two passes")
        );
    }

    #[test]
    fn what_is_ticked_is_done_and_what_remains_is_no_outcome() {
        let text = "Remaining:\n- [ ] renew the token\n- [x] fix the flaky test\n- ~~old idea~~\n- ~~one~~ the other";
        assert_eq!(answer(text, Kind::Work, true).next, ["renew the token", "~~one~~ the other"]);
        let text = "Implemented the parser. We decided to use TOML because it is small.\n\nNext: add metrics.";
        let said = answer(text, Kind::Work, true);
        assert_eq!((said.outcome.as_deref(), &said.next[..]), (Some("Implemented the parser"), &["add metrics".to_string()][..]));
    }

    #[test]
    fn only_statements_are_taken() {
        let said = answer(
            "We chose SQLite because it is one file. The user decided nothing. Should we go with it? Next: measure it.",
            Kind::Talk,
            false,
        );
        assert_eq!(said.decisions, [("We chose SQLite".to_string(), Some("it is one file".to_string()))]);
        assert_eq!(said.next, ["measure it"]);
        assert!(answer("We decided to use SQLite.", Kind::Recall, false).decisions.is_empty());
        let said = answer("Decision: one file per tenant. Reason: they are moved alone.", Kind::Work, true);
        assert_eq!(said.decisions, [("one file per tenant".to_string(), Some("they are moved alone".to_string()))]);
        assert!(recalls("What did we decide about it?") && !recalls("Should we use SQLite?"));
        let (decisions, _) = request("ok, use tabs instead of spaces, they are shorter\nwhat else is there?");
        assert_eq!(decisions, [("ok, use tabs instead of spaces, they are shorter".to_string(), None)]);
        let (decisions, preferences) = request("Let's use SQLite. No, not in memory. Don't touch the tests! Why not?");
        assert_eq!(decisions, [("Let's use SQLite".to_string(), None)]);
        assert_eq!(preferences, ["No, not in memory", "Don't touch the tests!"]);
    }
}
