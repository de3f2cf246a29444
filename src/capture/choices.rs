//! Choices: whether a sentence says what was chosen. Only what is settled counts: no plans to look at something, nothing that is merely
//! considered, no report of what a program does.

use super::text::plain;

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// An agent, which reports.
    Agent,
    /// A person, who may tell an agent what to choose.
    Person,
}

/// Who chooses.
const SUBJECTS: [&str; 20] = [
    "i", "we", "i've", "we've", "i have", "we have", "i'm", "we're", "i am", "we are", "i'll", "we'll", "i will", "we will", "let's",
    "let us", "i had", "we had", "we both", "the team",
];

/// Those of them that speak for what comes.
const COMING: [&str; 10] = [
    "we'll",
    "we will",
    "we're going to",
    "we are going to",
    "we're not going to",
    "we are not going to",
    "let's",
    "let us",
    "i want us to",
    "we want to",
];

/// Verbs that say by themselves that something was chosen.
const CHOSE: [&str; 26] = [
    "decided",
    "ended up with",
    "ended up using",
    "chose",
    "chosen",
    "opted",
    "opting for",
    "settled on",
    "settled for",
    "went with",
    "went for",
    "gone with",
    "go with",
    "going with",
    "go for",
    "picked",
    "agreed on",
    "agreed to",
    "agreed that",
    "rejected",
    "ruled out",
    "sticking with",
    "stick with",
    "stuck with",
    "staying with",
    "stay with",
];

/// Of these, what says it without a subject.
const ALONE: [&str; 16] = [
    "decided",
    "chose",
    "chosen",
    "opted",
    "opting for",
    "settled on",
    "settled for",
    "went with",
    "going with",
    "picked",
    "agreed on",
    "agreed to",
    "rejected",
    "ruled out",
    "sticking with",
    "staying with",
];

/// Verbs that say it together with a reason.
const USE: [&str; 17] = [
    "use",
    "used",
    "using",
    "keep",
    "kept",
    "keeping",
    "leave",
    "leaving",
    "replaced",
    "replacing",
    "switched",
    "switching",
    "dropped",
    "dropping",
    "avoided",
    "won't",
    "left",
];

/// Verbs that say it together with an alternative.
const TAKE: [&str; 4] = ["take", "took", "taking", "do"];

/// Words of mistakes, of which one thing instead of another is one, too.
const MISTAKES: [&str; 8] = ["accidentally", "mistakenly", "wrongly", "mistake", "typo", "failed", "bug", "wrong"];

/// What is looked into or needed, and so was not chosen.
const LOOKS: [&str; 51] = [
    "look",
    "looking",
    "read",
    "reading",
    "check",
    "checking",
    "run",
    "running",
    "rerun",
    "see",
    "try",
    "trying",
    "start",
    "begin",
    "grep",
    "search",
    "inspect",
    "investigate",
    "wait",
    "ask",
    "debug",
    "verify",
    "reproduce",
    "explore",
    "walk",
    "go",
    "going",
    "get",
    "be",
    "need",
    "have",
    "hit",
    "lose",
    "find",
    "know",
    "nothing",
    "up",
    "test",
    "add",
    "fix",
    "re-run",
    "stop",
    "continue",
    "think",
    "miss",
    "want",
    "dig",
    "compare",
    "into",
    "you",
    "us",
];

/// Words between a verb and what it is about.
const BETWEEN: [&str; 9] = ["to", "on", "a", "an", "the", "quick", "short", "first", "also"];

/// Words between a subject and a verb.
const ADVERBS: [&str; 12] =
    ["also", "now", "then", "finally", "therefore", "still", "instead", "just", "all", "deliberately", "intentionally", "both"];

/// Words that make a statement a thought.
const HEDGES: [&str; 14] = [
    "could",
    "might",
    "maybe",
    "perhaps",
    "would",
    "i'd",
    "we'd",
    "not sure",
    "want me to",
    "if you",
    "haven't",
    "hasn't",
    "should i",
    "probably",
];

/// What stands before a subject where a choice is only referred to.
const REFERS: [&str; 18] = [
    "as", "if", "when", "what", "whether", "once", "until", "unless", "before", "after", "how", "why", "which", "where", "than", "did",
    "that", "noticed",
];

/// What begins that which is only supposed.
const EXAMPLES: [&str; 7] = ["for example", "for instance", "e.g.", "suppose", "imagine", "let's say", "say we "];

/// Words that say why, with nothing else meant.
const CAUSES: [&str; 8] = [" because ", ", since ", " since ", " so that ", ", so ", " due to ", " in order to ", ", given "];

/// Marks that explain.
const EXPLAINS: [&str; 4] = ["; ", ": ", " – ", " — "];

/// Bytes of the longest sentence that may say what was chosen: what is longer was pasted, or has no ends of sentences.
const LONGEST: usize = 800;

/// Whether a sentence says what was chosen.
pub(super) fn is_choice(sentence: &str, by: By) -> bool {
    if sentence.len() > LONGEST {
        return false;
    }
    let lower = unquoted(&plain(sentence)).to_lowercase().replace('’', "'");
    if lower.ends_with('?') || EXAMPLES.iter().any(|words| lower.starts_with(words)) {
        return false;
    }
    let first = |marks: &[&str]| marks.iter().filter_map(|mark| lower.find(mark)).filter(|at| *at > 0).min();
    let cause = first(&CAUSES).into_iter().chain(gives_reason(&lower)).min();
    let explained = first(&EXPLAINS).into_iter().chain(cause).min();
    let clause = Clause {
        words: words(&lower[..cause.unwrap_or(lower.len())]),
        thought: words(&lower[..explained.unwrap_or(lower.len())]),
        caused: cause.is_some(),
        explained: explained.is_some(),
        by,
    };
    !clause.is_thought() && (is_labelled(&lower) || clause.chose() || clause.compares() || clause.is_reasoned() || clause.is_told())
}

/// A text with what it quotes taken out: somebody else may have said that, or nobody.
fn unquoted(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut closing: Option<char> = None;
    for (at, c) in text.char_indices() {
        match (closing, c) {
            (Some(close), _) if c == close => closing = None,
            (Some(_), _) => continue,
            // A mark that nothing closes quotes nothing.
            (None, '"' | '“') => {
                let close = if c == '"' { '"' } else { '”' };
                closing = text[at + c.len_utf8()..].contains(close).then_some(close);
            }
            (None, _) => {}
        }
        kept.push(c);
    }
    kept
}

/// The words of a text, without marks around them.
fn words(text: &str) -> Vec<&str> {
    let bare = text.split_whitespace().map(|word| word.trim_matches([',', ';', ':', '(', ')', '"', '.', '!', '–', '—']));
    bare.map(|word| if word == "lets" { "let's" } else { word }).filter(|word| !word.is_empty()).collect()
}

/// Where a reason begins with "as": not what was agreed or asked before.
pub(super) fn gives_reason(text: &str) -> Option<usize> {
    const REFERS: [&str; 10] = ["agreed", "decided", "discussed", "requested", "asked", "before", "usual", "well", "expected", "planned"];
    let refers = |rest: &str| REFERS.iter().any(|word| rest.starts_with(word)) || rest.starts_with("you ");
    text.match_indices(", as ").find(|(at, mark)| !refers(&text[at + mark.len()..])).map(|(at, _)| at)
}

/// Whether a sentence is announced as a decision.
fn is_labelled(lower: &str) -> bool {
    let label = lower.split(": ").next().filter(|label| label.len() < lower.len() && label.split_whitespace().count() < 6);
    label.is_some_and(|label| words(label).iter().any(|word| matches!(*word, "decision" | "decided" | "verdict" | "choice" | "rejected")))
        || ["the decision is ", "the decision was ", "our decision is "].iter().any(|words| lower.starts_with(words))
}

/// What a sentence says before its reason.
struct Clause<'t> {
    words: Vec<&'t str>,
    /// Those before anything that explains it.
    thought: Vec<&'t str>,
    /// A reason follows.
    caused: bool,
    /// Something follows that explains it.
    explained: bool,
    by: By,
}

impl Clause<'_> {
    /// Whether these words stand here.
    fn has_at(&self, at: usize, phrase: &str) -> bool {
        let mut there = self.words.iter().skip(at);
        phrase.split(' ').all(|word| there.next().is_some_and(|have| *have == word))
    }

    /// Where the words end that stand anywhere.
    fn after(&self, phrase: &str) -> Option<usize> {
        (0..self.words.len()).find(|at| self.has_at(*at, phrase)).map(|at| at + phrase.split(' ').count())
    }

    /// Whether it begins as a thought.
    fn is_thought(&self) -> bool {
        let begin = &self.thought[..self.thought.len().min(10)];
        let has = |hedge: &str| begin.windows(hedge.split(' ').count()).any(|words| words.iter().copied().eq(hedge.split(' ')));
        let hedges = HEDGES.iter().filter(|hedge| !(self.by == By::Person && matches!(**hedge, "i'd" | "we'd" | "would")));
        self.words.first() == Some(&"if") || hedges.into_iter().any(|hedge| has(hedge))
    }

    /// Where a verb may stand: behind each subject that chooses, and an adverb.
    fn verbs<'a>(&'a self, subjects: &'a [&'a str]) -> impl Iterator<Item = usize> + 'a {
        let refers = |at: usize| at > 0 && self.words.get(at - 1).is_some_and(|word| REFERS.contains(word));
        let ends = (0..self.words.len()).filter(move |at| !refers(*at)).flat_map(move |at| {
            let has = move |subject: &&&str| self.has_at(at, subject);
            subjects.iter().filter(has).map(move |subject| at + subject.split(' ').count())
        });
        ends.map(move |at| if self.words.get(at).is_some_and(|word| ADVERBS.contains(word)) { at + 1 } else { at })
    }

    /// Whether what stands behind a verb is only looked into.
    fn looks(&self, at: usize) -> bool {
        let word = self.words.iter().skip(at).find(|word| !BETWEEN.contains(word));
        word.is_none_or(|word| LOOKS.contains(word) || word.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn chose(&self) -> bool {
        let chosen = |at: usize, verbs: &[&str]| {
            let verb = verbs.iter().filter(|verb| self.has_at(at, verb)).max_by_key(|verb| verb.len());
            verb.is_some_and(|verb| !self.looks(at + verb.split(' ').count()))
        };
        chosen(0, &ALONE) || self.verbs(&SUBJECTS).any(|at| chosen(at, &CHOSE))
    }

    fn is_use(&self, at: usize) -> bool {
        // Who switches without leaving something only goes there.
        let leaves = |verb: &str| !verb.starts_with("switch") || self.after("from").is_some();
        USE.iter().any(|verb| self.has_at(at, verb) && leaves(verb))
    }

    /// One thing instead of another.
    fn compares(&self) -> bool {
        let has = |phrases: &[&str]| phrases.iter().any(|words| self.after(words).is_some());
        if !has(&["instead of", "rather than", "over", "and not"]) || has(&MISTAKES) {
            return false;
        }
        let begins = ["instead of", "rather than"].iter().any(|words| self.has_at(0, words));
        let is_use = |at: usize| self.is_use(at) || TAKE.iter().any(|verb| self.has_at(at, verb));
        let chosen = self.verbs(&SUBJECTS).any(|at| is_use(at) || (begins || self.is_coming(at) && self.explained) && !self.looks(at));
        chosen || self.caused && (has(&["now uses", "now use", "uses now"]) || self.is_use(0))
    }

    /// Whether the subject before this place speaks for what comes.
    fn is_coming(&self, at: usize) -> bool {
        COMING.iter().any(|words| words.split(' ').count() <= at && self.has_at(at - words.split(' ').count(), words))
    }

    /// Something with a reason.
    fn is_reasoned(&self) -> bool {
        let coming = self.verbs(&COMING).any(|at| !self.looks(at) && (self.caused || self.explained && self.is_use(at)));
        let better = ["the better", "the best", "the right"].iter().any(|words| {
            let kind = self.after(words).and_then(|at| self.words.get(at));
            kind.is_some_and(|kind| matches!(*kind, "choice" | "fit" | "call" | "option" | "approach" | "trade-off"))
        });
        let settled = ["from now on", "as agreed", "as discussed"].iter().any(|words| self.after(words).is_some());
        coming || self.caused && (better || settled || self.verbs(&SUBJECTS).any(|at| self.is_use(at) && !self.looks(at + 1)))
    }

    /// What a person tells an agent to choose.
    fn is_told(&self) -> bool {
        const LEADS: [&str; 26] = [
            "nah", "yeah", "yep", "ah", "well", "hey", "ok", "okay", "yes", "no", "hm", "so", "and", "then", "please", "alright", "right",
            "sure", "great", "good", "fine", "thanks", "actually", "but", "also", "just",
        ];
        if self.by == By::Agent {
            return false;
        }
        let begin = self.words.iter().take_while(|word| LEADS.contains(word)).count();
        let goes = ["go with", "go for", "stick with", "stay with"].iter().any(|verb| self.has_at(begin, verb) && !self.looks(begin + 2));
        let other = ["instead of", "rather than"].iter().any(|words| self.after(words).is_some());
        let has = |verbs: &[&str]| verbs.iter().any(|verb| self.has_at(begin, verb));
        let uses = has(&["use", "keep", "choose", "switch to"]) && (self.caused || other) || has(&["take"]) && other;
        let lets = ["let's", "let us", "we'll", "we will"];
        let lets = self.verbs(&lets).any(|at| match self.is_use(at) || self.has_at(at, "take") {
            true => !self.looks(at + 1),
            false => self.explained && !self.looks(at),
        });
        let should = self.caused && self.verbs(&["we should", "we must"]).any(|at| !self.looks(at));
        goes || uses || lets || should
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_is_a_choice() {
        for sentence in [
            "I kept the parser synchronous because the caller holds the lock.",
            "We're keeping the v1 endpoint, since two clients still call it.",
            "Chose a BTreeMap over a HashMap so that the order is stable.",
            "Went with Postgres; SQLite can't handle the write load.",
            "Opting for polling here, because webhooks need a public URL.",
            "To keep things simple, I'm using a plain file instead of a database.",
            "I've gone with a background worker because the request would time out.",
            "After weighing both, I settled on a queue.",
            "We won't support Windows for now because there is no runner.",
            "Instead of adding a dependency, I wrote a short parser.",
            "For the cache we're sticking with Redis.",
            "Redis is the better choice here because it expires keys.",
            "**Decision:** one table per tenant.",
            "I ended up using a map instead of sorting each time, since it is read more often.",
            "Rejected: a global lock, because it would serialize all requests.",
            "We are not going to support it because hardly anybody asks.",
            "We decided to call it \"the cellar\" because it is below.",
        ] {
            assert!(is_choice(sentence, By::Agent), "{sentence}");
        }
        for sentence in [
            "ok, use tabs instead of spaces",
            "Yes, go with the second option",
            "let's keep the old name, people know it",
            "I talked to Kim, and we'll take the smaller one because it fits.",
            "We use MIT here because the library does.",
        ] {
            assert!(is_choice(sentence, By::Person), "{sentence}");
        }
    }

    #[test]
    fn thoughts_plans_and_reports_are_none() {
        for sentence in [
            "I'll use grep to find the callers.",
            "I'll go with a quick look at the logs.",
            "Let's look at the tests first because they show the intent.",
            "I decided to read the logs first.",
            "We could use Redis instead of Postgres because it is faster.",
            "If you prefer, I can use tabs instead of spaces.",
            "The function returns None instead of raising because the flag is off.",
            "The test fails because the mock returns a list instead of a dict.",
            "I'll run the test suite again because the cache was stale.",
            "It picked up the wrong config since the path is relative.",
            "I picked up where we left off.",
            "I replaced the deprecated call.",
            "As we decided, the port stays.",
            "We'll need a token because the endpoint is private.",
            "We get a 500 because the token is missing.",
            "I haven't decided yet.",
            "I used `rg` to find it.",
            "We have three tests that fail because the clock is wrong.",
            "I'll keep going because there are more failures.",
            "The port stays, as agreed.",
            "The README says \"Decision: use Oracle\", which was never implemented.",
            "In the docs somebody wrote \"We decided to use Oracle\".",
            "“We decided to use Oracle” is what it says.",
            "For example: we decided to use Redis in my other example.",
            "That failed: I used one name instead of the other.",
        ] {
            assert!(!is_choice(sentence, By::Agent), "{sentence}");
        }
        for sentence in ["Please fix the parser because it crashes", "go on", "use the second file", "Go ahead", "do not touch the tests"] {
            assert!(!is_choice(sentence, By::Person), "{sentence}");
        }
    }
}
