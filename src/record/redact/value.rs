//! What a value looks like: a secret written out, or a word, a placeholder, an expression that stands for one.

/// Words that stand where a value would be, alone.
const EMPTY: &[&str] = &[
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "empty",
    "required",
    "optional",
    "string",
    "str",
    "text",
    "varchar",
    "char",
    "bool",
    "boolean",
    "bytes",
    "number",
    "int",
    "integer",
    "object",
    "any",
    "hidden",
    "visible",
    "secret!",
    "unset",
    "missing",
    "default",
    "value",
    "omitted",
    "stdin",
    "prompt",
    "nullable",
    "hashed",
    "encrypted",
    "plaintext",
    "sensitive",
    "confirmed",
    "unknown",
    "never",
    "plain",
    "basic",
    "oauth",
    "oauth2",
    "bearer",
    "test",
];

/// What a sample says of itself, anywhere in it, in lower case.
const SAMPLES: &[&str] = &[
    "placeholder",
    "anonymous",
    "redacted",
    "changeme",
    "change-me",
    "change_me",
    "example",
    "dummy",
    "your-",
    "your_",
    "yourpassword",
    "yoursecret",
    "yourtoken",
    "insert-",
    "insert_",
    "replace-",
    "replace_",
    "replaceme",
    "not-a-",
    "goes-here",
    "goes_here",
    "chars",
    "abcdefghijkl",
];

/// What most samples have, and some passwords.
const FILLERS: &[&str] = &["xxxx", "_here", "-here"];

/// Words of sentences, which passwords are seldom made of.
const PROSE: &[&str] = &[
    "is", "are", "the", "a", "an", "must", "be", "your", "for", "to", "of", "and", "or", "not", "with", "invalid", "enter", "in", "at",
    "on", "this", "that", "was", "has", "have", "cannot", "no", "new", "please", "if", "by", "from", "it",
];

fn lower(value: &[u8]) -> String {
    String::from_utf8_lossy(value).to_lowercase()
}

/// Whether a value is left open, or filled in elsewhere: `<TOKEN>`, `${TOKEN}`, `{{ token }}`, `****`, `null`.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let mut value = value;
    while let [b'"' | b'\'' | b'`' | b'\\', rest @ ..] | [rest @ .., b'"' | b'\'' | b'`' | b'\\'] = value {
        value = rest;
    }
    let Some(&first) = value.first() else { return true };
    let last = value[value.len() - 1];
    let has = |part: &[u8]| value.windows(part.len()).any(|w| w == part);
    let name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let variable = match first {
        b'$' => value[1..].iter().all(|b| name(b) || matches!(b, b'$' | b':' | b'.' | b'-' | b'>' | b'[' | b']' | b'?')),
        b'%' => value.len() < 4 || (last == b'%' && value[1..value.len() - 1].iter().all(name)),
        b'@' => last == b'@',
        b'<' => last == b'>' || !has(b">"),
        b'{' => last == b'}' || !has(b"}"),
        b'[' => last == b']' || !has(b"]"),
        b'(' => last == b')' || !has(b")"),
        b'_' => value.starts_with(b"__") && value.ends_with(b"__"),
        _ => false,
    };
    let woven = [
        &b"${"[..],
        b"%s",
        b"%d",
        b"\\w",
        b"\\d",
        b"\\s",
        b"(?",
        b".*",
        b"$(",
        b"{{",
        b"#{",
        b"%(",
        b"***",
        b"...",
        "…".as_bytes(),
        "•".as_bytes(),
        b"\\(",
    ]
    .iter()
    .any(|p| has(p));
    let marked = has(b"[redacted") || has(b"[private]");
    // A password with signs in it is no format.
    let woven = woven && !is_strong(value);
    marked || variable || woven || value.iter().all(|b| *b == first) || !value.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80) || {
        let lower = lower(value);
        EMPTY.contains(&lower.as_str()) || (has_brace(value) && !is_strong(value))
    }
}

/// `prefix-{name}`: a format string.
fn has_brace(value: &[u8]) -> bool {
    let Some(open) = value.iter().position(|b| *b == b'{') else { return false };
    value[open..].iter().position(|b| *b == b'}').is_some_and(|close| {
        value[open + 1..open + close]
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'!' | b'?' | b'-' | b' '))
    })
}

/// Whether a value says that it is made up: `your-api-key`, `changeme`, `PASSWORD`.
pub(super) fn is_sample(value: &[u8]) -> bool {
    let lower = lower(value);
    let screaming = value.contains(&b'_') && value.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'));
    let nouns = ["password", "passwd", "passphrase", "passcode"];
    let spelled = value.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.' | b':' | b'/' | b' ' | b'?' | b'*'));
    screaming
        || SAMPLES.iter().any(|s| lower.contains(s))
        || (FILLERS.iter().any(|s| lower.contains(s)) && !is_strong(value))
        || (lower.starts_with("your") || lower.starts_with("my_") || lower.starts_with("my-")) && spelled
        || ["pass", "pwd", "pw", "token", "key", "apikey", "api_key"].contains(&lower.as_str())
        || spelled
            && (nouns.iter().any(|n| lower.contains(n))
                || lower.ends_with("_pass")
                || lower.ends_with("_pwd")
                || lower.ends_with("_secret"))
}

/// Whether a quoted value is a sentence, a label, a path: something that is shown, or looked up.
pub(super) fn is_prose(value: &[u8]) -> bool {
    let lower = lower(value);
    let spaced = lower.contains(char::is_whitespace);
    let address = value.windows(3).position(|w| w == b"://").is_some_and(|n| !value[..n].iter().any(u8::is_ascii_uppercase));
    address
        || is_path(value)
        || (spaced
            && (lower.split_whitespace().any(|w| PROSE.contains(&w.trim_matches([',', '.', ':', '!', '?'])))
                || lower.ends_with([':', '.', '?', ' '])
                || lower.starts_with(' ')
                || value[0].is_ascii_uppercase()
                || lower.contains("pass")
                || lower.contains("secret")
                || lower.contains("token")
                || lower.contains("key")
                || lower.contains(['(', '=', '{', '<', '|'])
                || lower.split_whitespace().count() > 6))
}

/// Whether an unquoted value is code: a call, a path, a type, a field.
pub(super) fn is_expression(value: &[u8]) -> bool {
    let has = |part: &[u8]| value.windows(part.len()).any(|w| w == part);
    let dotted = value.contains(&b'.')
        && value.split(|b| *b == b'.').all(|p| {
            p.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
                && p.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'[' | b']' | b'?'))
        });
    let random = dotted && value.split(|b| *b == b'.').any(is_random);
    (dotted && !random)
        || has(b"(")
        || has(b"::")
        || has(b"->")
        || has(b"://")
        || is_path(value)
        || (value[0] == b'[' || has(b"["))
        || matches!(value[0], b'-' | b'&' | b'*' | b'!' | b'=' | b'~' | b':' | b'.' | b'{' | b'<' | b'@' | b'#' | b'?' | b'|')
            && value[1..].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'='))
            && !is_strong(value)
}

/// Whether a value without quotes looks like a password all the same: something in it is neither letter nor `_`.
pub(super) fn is_odd(value: &[u8]) -> bool {
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let signs = value.iter().filter(|b| matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+' | b'~' | b'?')).count();
    value.len() >= 6 && ((letters > 0 && digits + signs > 0) || (digits >= 6 && letters == 0 && digits == value.len()))
}

/// Whether a value is one that a machine made, and not words, numbers, versions, dates.
pub(super) fn is_random(value: &[u8]) -> bool {
    if value.len() < 8 || value.iter().any(|b| !b.is_ascii_graphic()) || is_placeholder(value) || is_sample(value) {
        return false;
    }
    let (mut strange, mut turns) = (0, 0);
    for segment in value.split(|b| !b.is_ascii_alphanumeric()) {
        let turn = turns_of(segment);
        let flip = segment.windows(2).filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase()).count();
        let tail = segment.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        turns += turn;
        let numbered = turn == 1 && (1..=4).contains(&tail);
        let camel = flip > 0 && flip * 5 < segment.len();
        let mixed = flip * 9 >= segment.len() * 2 && segment.len() >= 20;
        if segment.len() >= 8 && (turn > 2 || mixed || (turn > 0 && !numbered && !camel)) {
            strange += segment.len();
        }
    }
    distinct(value) >= 5 && (strange >= 8 || turns >= 4)
}

/// Whether a value is the path of a file: its parts are words, or one has an ending.
fn is_path(value: &[u8]) -> bool {
    let rooted = [&b"/"[..], b"./", b"~/", b"../"].iter().any(|r| value.starts_with(r));
    let word = |part: &[u8]| part.len() > 2 && part.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.' | b' '));
    rooted && (value[0] != b'/' || value.split(|b| *b == b'/').any(word) || turns_of_class(value) < 3)
}

/// How often small letters, capitals and digits take turns; a capital before small letters begins a word.
fn turns_of_class(value: &[u8]) -> usize {
    let class = |b: u8| match b {
        b'0'..=b'9' => 1,
        b'A'..=b'Z' => 2,
        b'a'..=b'z' => 3,
        _ => 0,
    };
    value.windows(2).filter(|w| class(w[0]) * class(w[1]) > 0 && class(w[0]) != class(w[1]) && (class(w[0]), class(w[1])) != (2, 3)).count()
}

/// Whether a value mixes capitals, small letters and digits as only a password does.
pub(super) fn is_strong(value: &[u8]) -> bool {
    (8..=128).contains(&value.len())
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_uppercase)
        && value.iter().any(u8::is_ascii_lowercase)
        && turns_of_class(value) > 2
}

/// Whether a value would be no word of any sentence.
pub(super) fn is_strange(value: &[u8]) -> bool {
    let plain = value.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b'(' | b')' | b'<' | b'>' | b'{' | b'}' | b'.'));
    let short = plain && is_strong(value) && turns_of_class(value) > 3;
    (short || (value.len() >= 20 && is_random(value) && is_scrambled(value))) && value[0] != b'-'
}

/// Whether capitals and small letters take turns as in no compound of words.
pub(super) fn is_jumbled(value: &[u8]) -> bool {
    let small = value.split(u8::is_ascii_uppercase).filter(|run| (1..=2).contains(&run.len())).count();
    let capitals = value.split(u8::is_ascii_lowercase).filter(|run| run.len() > 3).count();
    value.len() >= 8 && value.iter().all(u8::is_ascii_alphabetic) && small + capitals >= 2 && small > 0
}

/// Whether nearly every third byte is of another class than the one before.
pub(super) fn is_dense(value: &[u8]) -> bool {
    value.len() >= 16
        && value.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        && turns_of_class(value) * 3 >= value.len()
}

/// Whether a value is a place in memory.
pub(super) fn is_pointer(value: &[u8]) -> bool {
    value.strip_prefix(b"0x").is_some_and(|rest| rest.len() <= 16 && rest.iter().all(u8::is_ascii_hexdigit))
}

/// Whether a value is the fingerprint of a key or of a commit.
pub(super) fn is_print(value: &[u8]) -> bool {
    matches!(value.len(), 8 | 16 | 32 | 40 | 64) && value.iter().all(u8::is_ascii_hexdigit)
}

/// Passwords that are words.
const COMMON: &[&str] = &[
    "letmein",
    "secret",
    "admin",
    "root",
    "postgres",
    "geheim",
    "qwerty",
    "hunter",
    "monkey",
    "dragon",
    "changeit",
    "welcome",
    "iloveyou",
    "master",
    "sunshine",
    "princess",
    "football",
    "shadow",
    "guest",
    "toor",
    "qwertyuiop",
];

/// Whether a value is one plain word, as a label in some language is.
pub(super) fn is_label(value: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(value) else { return false };
    let mut letters = word.chars();
    let first = letters.next().is_some_and(char::is_alphabetic);
    first
        && letters.all(|c| c.is_lowercase() || (c.is_alphabetic() && !c.is_uppercase()))
        && !COMMON.contains(&word.to_lowercase().as_str())
}

/// Whether letters and digits take turns, as they do in no name.
pub(super) fn is_scrambled(value: &[u8]) -> bool {
    turns_of(value) >= 4
}

/// Whether a value is base64 of something, without being a word.
pub(super) fn is_coded(value: &[u8]) -> bool {
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    value.len() >= 12
        && value.iter().all(base64)
        && value.windows(2).filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase()).count() > 2
}

fn turns_of(value: &[u8]) -> usize {
    value.windows(2).filter(|w| w.iter().all(u8::is_ascii_alphanumeric) && w[0].is_ascii_digit() != w[1].is_ascii_digit()).count()
}

/// Whether the body of a token can be a real one: no `xxxx`, no `EXAMPLE`, no words, unless it is all capitals anyway.
pub(super) fn is_plausible(body: &[u8], capitals: bool) -> bool {
    let digits = body.iter().filter(|b| b.is_ascii_digit()).count();
    let upper = body.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = body.iter().filter(|b| b.is_ascii_lowercase()).count();
    let mixed = digits > 0 && upper + lower > 0 || upper > 2 && lower > 2 || capitals;
    mixed && distinct(body) >= 6 && !is_sample(body) && !body.windows(3).any(|w| w == b"...")
}

fn distinct(value: &[u8]) -> u32 {
    let mut seen = 0_u128;
    for byte in value {
        seen |= 1 << (byte & 0x7f);
    }
    seen.count_ones()
}
