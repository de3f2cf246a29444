//! Keys that name secrets, and those that only sound so.

/// What a key says of its value.
pub(super) struct Name {
    pub(super) kind: &'static str,
    /// Whether a plain word can be the value.
    pub(super) password: bool,
    /// Whether the key has other meanings, so that the value has to look the part.
    pub(super) weak: bool,
    /// Whether the value may be the fingerprint of a key, or of a commit.
    pub(super) print: bool,
    /// The shortest value that counts.
    pub(super) least: usize,
}

const PASSWORDS: &[&str] = &["password", "passwd", "passphrase", "passwort", "passcode", "pwd", "kennwort"];

/// Endings of keys, letters only, and what they are called; the first that fits counts.
const SECRETS: &[(&str, &str)] = &[
    ("secretaccesskey", "aws-secret-key"),
    ("awssecretkey", "aws-secret-key"),
    ("accountkey", "azure-key"),
    ("sharedaccesskey", "azure-key"),
    ("apikey", "api-key"),
    ("apisecret", "api-key"),
    ("privatekey", "private-key"),
    ("secretkey", "secret-key"),
    ("secretkeybase", "secret-key"),
    ("accesskey", "access-key"),
    ("accesskeysecret", "access-key"),
    ("signingkey", "secret-key"),
    ("encryptionkey", "secret-key"),
    ("masterkey", "secret-key"),
    ("hmackey", "secret-key"),
    ("authkey", "secret-key"),
    ("licensekey", "license-key"),
    ("rolekey", "api-key"),
    ("anonkey", "api-key"),
    ("subscriptionkey", "api-key"),
    ("integrationkey", "api-key"),
    ("applicationkey", "api-key"),
    ("appkey", "api-key"),
    ("consumerkey", "api-key"),
    ("token", "token"),
    ("secret", "secret"),
    ("credential", "credentials"),
    ("credentials", "credentials"),
    ("auth", "credentials"),
    ("presharedkey", "secret-key"),
    ("secretid", "secret"),
    ("psk", "secret-key"),
    ("bwsession", "token"),
];

/// Words before `password` that make a message or a page of it.
const ABOUT: &[&str] = &[
    "reset",
    "forgot",
    "forgotten",
    "change",
    "changed",
    "update",
    "updated",
    "invalid",
    "wrong",
    "show",
    "hide",
    "toggle",
    "has",
    "is",
    "no",
    "need",
    "needs",
    "require",
    "requires",
    "required",
    "validate",
    "check",
    "verify",
    "missing",
    "incorrect",
    "bad",
    "weak",
    "lost",
    "recover",
    "empty",
    "prompt",
    "enter",
    "use",
    "allow",
    "hash",
    "hashed",
    "encrypted",
    "without",
    "ask",
    "set",
    "get",
    "expired",
    "short",
    "long",
    "by",
    "com",
    "sur",
    "multi",
    "single",
    "first",
    "second",
    "last",
    "one",
    "two",
    "tres",
    "under",
    "over",
    "high",
    "low",
    "render",
];

/// Words before `token` and `key` that are none of anybody's secrets.
const OPEN: &[&str] = &[
    "page",
    "continuation",
    "cursor",
    "pad",
    "bos",
    "eos",
    "unk",
    "cls",
    "sep",
    "mask",
    "sync",
    "special",
    "public",
    "cancellation",
    "cancel",
    "primary",
    "foreign",
    "cache",
    "sort",
    "partition",
    "idempotency",
    "storage",
    "hash",
    "range",
    "row",
    "index",
    "translation",
    "shortcut",
    "hot",
    "map",
    "dict",
    "group",
    "registry",
    "object",
    "settings",
    "lookup",
    "bucket",
    "event",
    "query",
    "record",
    "feature",
    "unique",
    "sequence",
    "natural",
    "locale",
    "i18n",
    "host",
    "known",
    "next",
];

/// Words before `key` whose values are shown to everybody.
const PRINTS: &[&str] = &["gpg", "signing", "commit", "finger", "pgp"];

/// What a key names, if that is a secret.
pub(super) fn name(key: &[u8], query: bool) -> Option<Name> {
    if key.len() > 100 {
        return None;
    }
    let capitals = !key.iter().any(u8::is_ascii_lowercase);
    let mut plain = [0; 100];
    let mut length = 0;
    for byte in key.iter().filter(|b| b.is_ascii_alphanumeric()) {
        plain[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    while length > 0 && plain[length - 1].is_ascii_digit() {
        length -= 1;
    }
    let plain = std::str::from_utf8(&plain[..length]).ok()?;
    let about = |rest: &str, words: &[&str]| words.iter().any(|w| rest.ends_with(w));
    for noun in PASSWORDS {
        if let Some(rest) = plain.strip_suffix(noun) {
            return (!about(rest, ABOUT) && rest != "old" || *noun != "pwd" && rest == "old").then_some(Name {
                kind: "password",
                password: true,
                weak: false,
                print: false,
                least: 4,
            });
        }
    }
    // Settings of Redis, and a command.
    if matches!(plain, "requirepass" | "masterauth" | "converttosecurestring" | "motdepasse") {
        return Some(Name { kind: "password", password: true, weak: false, print: false, least: 4 });
    }
    if let Some(rest) = plain.strip_suffix("pass") {
        return (!about(rest, ABOUT)).then_some(Name { kind: "password", password: true, weak: true, print: false, least: 6 });
    }
    if is_short(key) {
        return Some(Name { kind: "password", password: true, weak: true, print: false, least: 6 });
    }
    if query && matches!(plain, "sig" | "signature" | "key" | "xamzsignature" | "xgoogsignature") {
        return Some(Name {
            kind: if plain == "key" { "api-key" } else { "signature" },
            password: false,
            weak: true,
            print: false,
            least: 16,
        });
    }
    // Said of a key, and of much else: what stands there has to be long.
    if matches!(plain, "thekey" | "mykey") && key.contains(&b' ') {
        return Some(Name { kind: "api-key", password: false, weak: true, print: true, least: 32 });
    }
    for (noun, kind) in SECRETS {
        if let Some(rest) = plain.strip_suffix(noun) {
            let least = if *noun == "auth" { 16 } else { 8 };
            let named = match *noun {
                "auth" | "psk" => rest.is_empty(),
                // `--secret-id` gives a name.
                "secretid" => !key.contains(&b'-'),
                _ => true,
            };
            let print = PRINTS.iter().any(|w| rest.ends_with(w) || plain == format!("{w}key"));
            return (named && !about(rest, OPEN)).then_some(Name { kind, password: false, weak: false, print, least });
        }
    }
    // A personal access token.
    if capitals && key.ends_with(b"_PAT") {
        return Some(Name { kind: "token", password: false, weak: true, print: false, least: 20 });
    }
    let rest = plain.strip_suffix("key").filter(|rest| capitals && !rest.is_empty() && key.ends_with(b"_KEY"))?;
    let print = about(rest, PRINTS);
    (!about(rest, OPEN) || plain == "azurestoragekey").then_some(Name { kind: "key", password: false, weak: true, print, least: 20 })
}

/// Whether a key is `pw`, by itself or at the end: `DB_PW`.
fn is_short(key: &[u8]) -> bool {
    key.eq_ignore_ascii_case(b"pw") || key.ends_with(b"_PW") || key.ends_with(b"_pw")
}
