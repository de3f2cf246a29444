//! What the conversations are made of: projects, file names, choices and their reasons, work, chatter.

/// A kind of project: where its files lie and how its work is checked. `{p}` is the project, `{w}` a word.
pub(crate) struct Language {
    pub(crate) end: &'static str,
    pub(crate) dirs: &'static [&'static str],
    pub(crate) checks: &'static [&'static str],
    pub(crate) errors: &'static [&'static str],
}

pub(crate) const LANGUAGES: &[Language] = &[
    Language {
        end: "rs",
        dirs: &["src", "src/store", "src/net", "crates/core/src", "crates/cli/src", "tests", "benches"],
        checks: &[
            "cargo test -p {p}",
            "cargo test --all-features",
            "cargo clippy --all-targets -- -D warnings",
            "cargo nextest run {w}",
            "cargo build --release",
            "cargo test {w}:: -- --nocapture",
        ],
        errors: &[
            "error[E0382]: borrow of moved value: `{w}`",
            "thread '{w}::tests::empty' panicked at src/{w}.rs:88:9:\nassertion `left == right` failed",
            "error[E0308]: mismatched types",
        ],
    },
    Language {
        end: "ts",
        dirs: &["src/routes", "src/components", "packages/api/src", "src/lib", "src/hooks", "test/unit"],
        checks: &[
            "npm test",
            "npx vitest run src/{w}",
            "pnpm run build",
            "npx tsc --noEmit",
            "npm run lint",
            "yarn jest {w} --ci",
            "npx playwright test {w}",
        ],
        errors: &[
            "TypeError: Cannot read properties of undefined (reading '{w}')",
            "src/{w}.ts(14,7): error TS2322: Type 'string' is not assignable to type 'number'.",
            "FAIL src/{w}.test.ts > keeps its order",
        ],
    },
    Language {
        end: "py",
        dirs: &["{p}", "{p}/core", "{p}/io", "{p}/api/v2", "tests", "scripts"],
        checks: &[
            "pytest -q",
            "python -m pytest tests/test_{w}.py -x",
            "ruff check .",
            "mypy {p}",
            "tox -e py312",
            "uv run pytest -k {w}",
            "python3 -m unittest tests.test_{w}",
        ],
        errors: &[
            "ModuleNotFoundError: No module named '{p}.{w}'",
            "KeyError: '{w}'",
            "E       AssertionError: assert 3 == 4\ntests/test_{w}.py:41: AssertionError",
        ],
    },
    Language {
        end: "go",
        dirs: &["cmd/{p}", "internal/store", "internal/queue", "pkg/client", "internal/http"],
        checks: &["go test ./...", "go vet ./...", "go test ./internal/{w} -race", "golangci-lint run", "make test", "go build ./cmd/{p}"],
        errors: &[
            "--- FAIL: Test{w} (0.02s)\n    {w}_test.go:52: got 7, want 8",
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "internal/{w}/{w}.go:17:2: undefined: {w}Config",
        ],
    },
    Language {
        end: "java",
        dirs: &["src/main/java/org/acme/{p}", "src/main/java/org/acme/{p}/web", "src/test/java/org/acme/{p}", "src/main/resources"],
        checks: &["mvn -q verify", "./gradlew test --tests '*{w}*'", "./gradlew check", "mvn -pl {p} test"],
        errors: &[
            "java.lang.NullPointerException: Cannot invoke \"{w}.id()\" because \"{w}\" is null",
            "[ERROR] COMPILATION ERROR: cannot find symbol {w}",
        ],
    },
    Language {
        end: "rb",
        dirs: &["app/models", "app/services", "lib/{p}", "spec/models", "config"],
        checks: &["bundle exec rspec", "bundle exec rspec spec/models/{w}_spec.rb", "bin/rails test", "bundle exec rubocop", "rake test"],
        errors: &["NoMethodError: undefined method `{w}' for nil", "ActiveRecord::RecordInvalid: Validation failed: {w} can't be blank"],
    },
];

pub(crate) const PROJECTS: &[&str] = &[
    "harbor",
    "ledgerly",
    "pigeon",
    "tidemark",
    "lantern",
    "quarry",
    "sparrow",
    "millrace",
    "copper",
    "orchard",
    "beacon",
    "ferry",
    "granary",
    "kestrel",
    "lockstep",
    "meadow",
    "anvil",
    "drift",
    "emberline",
    "foundry",
];

pub(crate) const STEMS: &[&str] = &[
    "session",
    "token_store",
    "retry",
    "invoice",
    "scheduler",
    "parser",
    "lexer",
    "router",
    "webhook",
    "mailer",
    "export",
    "importer",
    "cache",
    "throttle",
    "billing",
    "profile",
    "search_index",
    "snapshot",
    "journal",
    "migrate",
    "uploader",
    "thumbnail",
    "locale",
    "audit",
    "config",
    "feature_flags",
    "queue",
    "worker",
    "metrics",
    "health",
    "permissions",
    "tenant",
    "signup",
    "password_reset",
    "csv_report",
    "rate_limit",
    "pagination",
    "diff",
    "merge",
    "backup",
    "restore",
    "archive",
    "socket",
    "heartbeat",
    "errors",
    "validation",
    "schema",
    "fixtures",
    "pricing",
    "currency",
    "address",
    "calendar",
    "reminder",
    "notifier",
    "sync",
    "conflict",
    "replica",
    "checksum",
    "shard",
    "cursor",
];

/// Things that work is about.
pub(crate) const NOUNS: &[&str] = &[
    "the login form",
    "the nightly export",
    "the retry loop",
    "the job queue",
    "the price table",
    "the upload page",
    "the CSV report",
    "the audit trail",
    "the tenant switch",
    "the search box",
    "the config loader",
    "the health endpoint",
    "the webhook signature",
    "the password reset",
    "the rate limiter",
    "the pagination cursor",
    "the thumbnail cache",
    "the error pages",
    "the date picker",
    "the migration script",
    "the backup job",
    "the import wizard",
    "the currency rounding",
    "the calendar feed",
    "the mail templates",
    "the session cookie",
    "the websocket heartbeat",
    "the shard map",
    "the checksum pass",
    "the feature flags",
    "the admin menu",
    "the address validation",
    "the conflict dialog",
    "the replica lag alert",
    "the command line help",
    "the release notes",
];

/// A thing that was chosen, what it was chosen over, what for, and reasons.
pub(crate) struct Choice {
    pub(crate) chosen: &'static str,
    pub(crate) other: &'static str,
    pub(crate) thing: &'static str,
    pub(crate) reasons: &'static [&'static str],
}

macro_rules! choices {
    ($($chosen:literal > $other:literal, $thing:literal: $($reason:literal)|+;)+) => {
        &[$(Choice { chosen: $chosen, other: $other, thing: $thing, reasons: &[$($reason),+] }),+]
    };
}

pub(crate) const CHOICES: &[Choice] = choices! {
    "SQLite" > "Postgres", "storage": "there is only ever one writer" | "nobody wants to run a server for this";
    "Redis streams" > "RabbitMQ", "the queue": "we already operate Redis" | "consumer groups give us replay for free";
    "a ring buffer" > "a linked list", "the event history": "it never allocates after start-up" | "old events may be dropped anyway";
    "UUIDv7" > "auto-increment ids", "primary keys": "records are made offline and merged later" | "they sort by time";
    "JWT" > "opaque tokens", "the API sessions": "the edge workers cannot reach the database" | "the gateway has to check them alone";
    "server-sent events" > "websockets", "live updates": "data only flows one way" | "the proxy drops idle websockets";
    "TOML" > "YAML", "the config file": "the Norway problem bit us twice" | "people edit it by hand";
    "zod" > "joi", "input validation": "types come out of the schema" | "the bundle is half as large";
    "argon2id" > "bcrypt", "password hashes": "the security review asked for it" | "it resists GPUs better";
    "a trie" > "a sorted vector", "prefix lookup": "the dictionary changes while it is read" | "lookups dominate the profile";
    "Parquet" > "CSV", "the export": "the analysts load only three columns" | "dates were misread in spreadsheets";
    "OpenTelemetry" > "our own tracing", "metrics": "the platform team collects it already" | "spans cross two services";
    "optimistic locking" > "row locks", "concurrent edits": "conflicts are rare in practice" | "long transactions hurt the replica";
    "cursor pagination" > "offset pagination", "the listing": "rows shift while people scroll" | "offsets over 10,000 time out";
    "Vite" > "webpack", "the front-end build": "a cold start took forty seconds" | "the config shrinks to ten lines";
    "exponential backoff with jitter" > "a fixed delay", "retries": "all clients came back at the same second" | "the upstream bans bursts";
    "feature flags" > "a long-lived branch", "the rollout": "the merge last time took a week" | "support wants to switch it off";
    "a materialized view" > "a cron job", "the totals": "stale sums confused accounting" | "the query planner handles it now";
    "gRPC" > "REST", "calls between services": "both sides generate their types" | "we stream partial results";
    "integer cents" > "floats", "money": "rounding drifted in the yearly report" | "equality must be exact";
    "BLAKE3" > "SHA-256", "checksums": "hashing was the slowest step" | "we hash gigabytes per run";
    "soft deletes" > "hard deletes", "customer records": "the auditors need five years" | "undo is a promised feature";
    "a single binary" > "a container image", "distribution": "customers run it on bare metal" | "start-up has to stay under a second";
    "esbuild" > "babel", "transpiling": "nobody needs the old plugins" | "the watch mode lagged";
    "pnpm workspaces" > "git submodules", "the packages": "version bumps got lost" | "one lockfile is enough";
    "Unix sockets" > "TCP on localhost", "the helper process": "ports collided on CI" | "file permissions guard it";
    "write-ahead logging" > "a rollback journal", "the database": "readers were blocked by imports" | "a crash must not lose a batch";
    "msgpack" > "JSON", "the cache entries": "decoding was a third of the request" | "binary blobs need no escaping";
    "CSS grid" > "a table layout", "the dashboard": "the cards have to wrap on phones" | "the sidebar may collapse";
    "Playwright" > "Cypress", "browser tests": "we test three engines" | "tabs have to talk to each other";
    "content-addressed file names" > "timestamps", "uploads": "the same picture was stored nine times" | "caches can keep them forever";
    "token buckets" > "sliding windows", "rate limits": "short bursts are fine for our users" | "state fits in eight bytes";
    "structured logging" > "plain printf lines", "diagnostics": "we search by tenant" | "the parser broke on multi-line messages";
    "a dead letter table" > "dropping the message", "poison messages": "support must be able to replay them" | "we lost two orders in March";
    "blue-green deployment" > "rolling updates", "releases": "the schema and the code change together" | "rollback has to be instant";
};

/// Things that were decided to be done in some way, and reasons.
pub(crate) struct Act {
    pub(crate) act: &'static str,
    pub(crate) reasons: &'static [&'static str],
}

macro_rules! acts {
    ($($act:literal: $($reason:literal)|+;)+) => {
        &[$(Act { act: $act, reasons: &[$($reason),+] }),+]
    };
}

pub(crate) const ACTS: &[Act] = acts! {
    "store all timestamps in UTC": "daylight saving time broke the weekly report" | "two offices share the data";
    "keep the parser free of I/O": "the fuzzer has to call it directly" | "the browser build needs it";
    "retry at most three times": "the upstream bills every call" | "users give up after ten seconds anyway";
    "split the schema migration into two releases": "old workers run for another hour" | "a lock on that table stops checkout";
    "put the feature behind a flag": "marketing announces it later" | "we cannot test against production data";
    "treat an empty answer as an error": "an empty list wiped the cache in June" | "the API never sends one on purpose";
    "sort by id before hashing": "the order of maps differs between runs" | "both sides must agree on the checksum";
    "log the tenant with every error": "support could not tell who was hit" | "alerts are routed by tenant";
    "reject unknown keys in the config": "typos went unnoticed for weeks" | "old keys were silently ignored";
    "cache the parsed template per worker": "parsing took longer than rendering" | "templates change only at deploy";
    "keep the old endpoint for one more release": "the mobile app updates slowly" | "two partners still call it";
    "return 409 on a version conflict": "clients cannot tell it from a bad request otherwise" | "the UI shows a merge dialog then";
    "stream the file instead of loading it": "the largest one has four gigabytes" | "the pods have 256 MB";
    "compute totals in the database": "the round trips dominated" | "rounding has to match the invoices";
    "quote every field in the export": "names contain semicolons" | "the importer of the bank insists";
    "make the job idempotent": "the queue delivers at least once" | "operators rerun it by hand";
    "cap the batch at 500 rows": "larger ones hit the statement timeout" | "memory grew without bound";
    "generate the client from the schema": "the hand-written one drifted" | "three languages need it";
    "freeze the clock in tests": "a test failed every midnight" | "the snapshots contain dates";
    "drop support for the v1 file format": "nobody has written one since 2022" | "its reader is a third of the code";
    "validate on the server only": "the rules changed twice in a month" | "the two copies disagreed";
    "encrypt the backup before upload": "the bucket is shared with a partner" | "compliance asked for it";
    "name the columns explicitly": "a new column shifted everything" | "select star hid a rename";
    "move the wizard into its own route": "the back button lost people's input" | "links to a step were requested";
};

/// Requests; `{n}` is a thing, `{f}` a file, `{v}` another thing.
pub(crate) const REQUESTS: &[&str] = &[
    "Please look at {n}, it is slower than it should be",
    "fix {n}",
    "Can you make {n} work offline as well?",
    "now the same for {n}",
    "There is a bug in {n}: it shows the wrong user",
    "add tests for {n}",
    "refactor {f}, it has grown too large",
    "what does {f} do exactly?",
    "go on",
    "yes",
    "ok, continue",
    "looks good, next",
    "Why does {n} need {v}?",
    "rename the helper in {f}",
    "clean up {n} please",
    "the build is red since the last change, can you check",
    "explain how {n} and {v} work together",
    "thanks! now {n}",
    "I think {n} is still broken, try it with an empty database",
    "please write a short comment above the loop in {f}",
    "Could you check whether {n} handles umlauts?",
    "hm, {n} looks odd on my machine",
    "do the rest of it",
    "one more thing: {n}",
    "run everything once more",
    "show me the diff for {f}",
    "is {n} covered by a test?",
    "undo that last bit in {f}, it was fine before",
];

/// What an agent says before it does something.
pub(crate) const BEFORE: &[&str] = &[
    "Let me look at {f} first.",
    "I'll start with {n}.",
    "I'll use grep to find the callers.",
    "Let me check how {n} is wired up.",
    "Looking at the failing case now.",
    "I'll read {f} to see what it expects.",
    "Running the checks to get a baseline.",
    "First I want to see where {n} comes from.",
    "I'll go with a quick look at the logs before changing anything.",
    "Let me use the debugger output from before.",
];

/// What an agent says of what it did.
pub(crate) const AFTER: &[&str] = &[
    "{N} works now, also with an empty database.",
    "I cleaned up {n} and removed two dead branches.",
    "Done: {n} is covered by a test now.",
    "The change in {f} is small; the rest of the diff is formatting.",
    "{N} was never called on that path, which is why it looked stale.",
    "That was a missing await in {f}.",
    "I reproduced it: {n} and {v} raced for the same row.",
    "Everything around {n} is unchanged.",
    "The helper in {f} has a better name now.",
    "{N} took 1.8 s before and takes 240 ms now.",
    "It turned out that {n} was fine and {v} was not.",
    "I looked through {f}; nothing else depends on it.",
    "The output is the same as before, byte for byte.",
];

/// What sounds like a choice and is none. `{x}` and `{y}` are things that can be chosen.
pub(crate) const CHATTER: &[&str] = &[
    "We could use {x} instead of {y}, but I have not looked into it.",
    "Should we use {x} or {y} here?",
    "I'll use {f} as the example for the walkthrough.",
    "I decided to read the logs once more before touching anything.",
    "If we ever need {x}, {y} would have to go first.",
    "Do you want me to go with {x}?",
    "The upstream docs use {x} instead of {y} in their example.",
    "Using grep instead of the index here, just to find the callers.",
    "Maybe {x} would be faster, I am not sure.",
];

/// What a person wants in general.
pub(crate) const PREFERENCES: &[&str] = &[
    "Always run the linter before you commit.",
    "Never touch the generated files by hand.",
    "I prefer small commits with one topic each.",
    "Please don't add new dependencies without asking me.",
    "From now on, answer in English only.",
    "Always write the test before the fix.",
    "Never push to main directly.",
    "I prefer explicit names over abbreviations.",
];

/// Verbs of to-dos, with what follows them.
pub(crate) const TODO_VERBS: &[&str] = &[
    "Add a test for",
    "Document",
    "Clean up",
    "Measure",
    "Write a migration for",
    "Handle errors in",
    "Translate",
    "Profile",
    "Remove the old code of",
    "Review",
    "Make a dashboard for",
    "Wire up",
    "Add metrics to",
    "Check the permissions of",
    "Simplify",
    "Harden",
];

pub(crate) const TODO_TAILS: &[&str] = &[
    "",
    " with an empty database",
    " on Windows",
    " for large tenants",
    " behind the proxy",
    " after the release",
    " (see TICKET-{d})",
    " under load",
    " in {f}",
];

/// Commands that check nothing.
pub(crate) const NOISE: &[&str] = &[
    "git status --short",
    "git diff --stat",
    "ls -la",
    "rg -n '{w}' .",
    "git log --oneline -5",
    "wc -l {f}",
    "cat {f}",
    "git add -A",
    "git commit -qm 'Work on {w}'",
    "sed -n 1,60p {f}",
    "find . -name '*{w}*'",
    "head -20 {f}",
];
