//! How people and agents say what they decided. `{x}` was chosen over `{y}` for `{t}`, `{a}` is what to do, `{r}` the reason; capitals
//! begin a sentence.

/// An agent's, for a thing that was chosen over another one.
pub(crate) const AGENT_CHOICE: &[&str] = &[
    "I'll use {x} instead of {y} because {r}.",
    "We'll use {x} rather than {y} for {t}, because {r}.",
    "Decision: {x} over {y}: {r}.",
    "I went with {x} over {y} since {r}.",
    "I decided to use {x} for {t}: {r}.",
    "I chose {x} rather than {y}; {r}.",
    "I'm going with {x} for {t}, because {r}.",
    "Going with {x} for {t} – {r}.",
    "I switched {t} from {y} to {x} because {r}.",
    "I've settled on {x} for {t}, since {r}.",
    "I opted for {x} over {y} because {r}.",
    "{T} now uses {x} instead of {y}, because {r}.",
    "I replaced {y} with {x}, as {r}.",
    "Rather than {y}, I picked {x} for {t}: {r}.",
    "We agreed on {x} for {t} because {r}.",
    "For {t} we're sticking with {x}, because {r}.",
    "We decided against {y}: {x} it is, because {r}.",
    "The decision is to use {x} for {t}, since {r}.",
    "Let's use {x} for {t}; {r}.",
    "I compared both, and {x} is the better choice for {t} because {r}.",
    "**Decision:** use {x} instead of {y}, because {r}.",
    "Using {x} instead of {y} for {t}, because {r}.",
];

/// An agent's, for something that is done in some way.
pub(crate) const AGENT_ACT: &[&str] = &[
    "I decided to {a}, because {r}.",
    "We'll {a}, because {r}.",
    "Decision: {a}. Reason: {r}.",
    "We decided to {a}, since {r}.",
    "I chose to {a}: {r}.",
    "As agreed, we {a} from now on, because {r}.",
    "The plan is settled: {a}, because {r}.",
    "I've decided to {a} – {r}.",
    "We're going to {a} because {r}.",
    "**Decided:** {a}, because {r}.",
];

/// A point of an agent's list under a heading.
pub(crate) const POINT_CHOICE: &[&str] = &[
    "{X} instead of {y}: {r}",
    "**{X}** for {t} – {r}",
    "Use {x} rather than {y}, because {r}",
    "{T}: {x}, because {r}",
    "{X} over {y} ({r})",
    "`{t}`: {x} instead of {y}, since {r}",
];
pub(crate) const POINT_ACT: &[&str] = &["{A}, because {r}", "{A}: {r}", "**{A}** – {r}", "{A} ({r})", "We {a}, since {r}"];

/// Headings of such lists.
pub(crate) const HEADINGS: &[&str] = &[
    "## Decisions",
    "### Decisions",
    "**Decisions**",
    "## Key decisions",
    "### Design decisions",
    "Decisions:",
    "**Decisions made:**",
    "## Decisions so far",
    "Decisions taken:",
    "#### Technical decisions",
];

/// A person's.
pub(crate) const PERSON_CHOICE: &[&str] = &[
    "Let's go with {x}, {r}.",
    "ok, use {x} instead of {y}, {r}",
    "No, not {y}. We use {x} because {r}.",
    "I'd rather have {x} than {y}: {r}.",
    "we decided in the team to go with {x} for {t} because {r}",
    "Go with {x}, please: {r}",
    "Please use {x} rather than {y} for {t} because {r}.",
    "let's stick with {x} for {t}, since {r}",
    "I decided: {x} for {t}, because {r}.",
    "let's do {x} over {y}; {r}",
    "I talked to the others, and we'll take {x} for {t} because {r}.",
];
pub(crate) const PERSON_ACT: &[&str] = &[
    "Let's {a}, because {r}.",
    "we decided to {a}, {r}",
    "Decision from the meeting: {a}, because {r}",
    "ok then: let's {a}, since {r}",
    "I want us to {a} because {r}.",
    "We should {a} from now on, because {r}. Decided.",
    "go ahead and {a}; {r}",
];

/// How a decision is said again later.
pub(crate) const AGAIN: &[&str] = &[
    "As decided, {t} uses {x}.",
    "That fits the earlier decision for {x}.",
    "This follows from choosing {x} over {y}.",
    "(We use {x} here, as agreed.)",
];

/// Headings over what is left to do, and how its points begin.
pub(crate) const NEXT: &[&str] = &[
    "## Next steps",
    "Next steps:",
    "**Still to do:**",
    "### Remaining work",
    "What is left:",
    "## TODO",
    "Remaining:",
    "### Open items",
    "**Next up**",
];

/// How something left to do is said in a sentence.
pub(crate) const LATER: &[&str] =
    &["TODO: {t}.", "Still open: {t}.", "Next step: {t}.", "What remains to be done: {t}.", "Not done yet: {t}."];

/// First requests.
pub(crate) const FIRST: &[&str] = &[
    "Please bring {n} up to date, see {f} for where it starts",
    "I want to rework {n} this week. Begin with reading {f} and tell me what you think.",
    "We have to get {n} and {v} ready for the release",
    "{N} is slow for large tenants, please find out why and fix it",
    "Let us add what is missing in {n}; start with a plan",
];

/// Last requests, short and long.
pub(crate) const LAST: &[&str] = &[
    "Please make {n} work for tenants that have {v} switched off, and say what you changed",
    "now fix {n}",
    "Before I leave for today: check {n} again and make sure that {v} still behaves, especially for people who have more than one account. \
     If something is missing, put it on the list and do not start on it.\n\nAlso have a look at {f}, I think the second branch is never taken.",
    "Why did {n} stop working after the last change? Here is what I see:\n\n```\n$ ./run --once\nwarning: {w} took 31 s\nexit 3\n```\n\nPlease find the cause before you change anything.",
    "can you finish {n}? I need it for the demo on Thursday, and {v} should not get any slower because of it, so measure before and after",
    "write down what is left for {n}",
    "Two things:\n1. {n} must not depend on {v} any more\n2. {f} needs a test that fails without the fix\n\nTake your time, I am back tomorrow morning.",
];
