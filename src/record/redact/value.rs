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
    "xxxx",
    "goes-here",
    "goes_here",
    "_here",
    "-here",
];

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
        b"[redacted",
        b"[private]",
        b"\\(",
    ]
    .iter()
    .any(|p| has(p));
    variable || woven || value.iter().all(|b| *b == first) || !value.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80) || {
        let lower = lower(value);
        EMPTY.contains(&lower.as_str()) || has_brace(value)
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
    let path =
        lower.starts_with('/') || lower.starts_with("./") || lower.starts_with("~/") || lower.starts_with("../") || lower.contains("://");
    path || (spaced
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
    dotted
        || has(b"(")
        || has(b"::")
        || has(b"->")
        || has(b"://")
        || value[0] == b'/'
        || (value[0] == b'[' || has(b"["))
        || matches!(value[0], b'-' | b'&' | b'*' | b'!' | b'=' | b'~' | b':' | b'.' | b'{' | b'<' | b'@' | b'#' | b'?' | b'|')
            && value[1..].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'='))
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

/// Whether the body of a token can be a real one: no `xxxx`, no `EXAMPLE`, no words.
pub(super) fn is_plausible(body: &[u8]) -> bool {
    let digits = body.iter().filter(|b| b.is_ascii_digit()).count();
    let upper = body.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = body.iter().filter(|b| b.is_ascii_lowercase()).count();
    let mixed = digits > 0 && upper + lower > 0 || upper > 2 && lower > 2;
    mixed && distinct(body) >= 6 && !is_sample(body) && !body.windows(3).any(|w| w == b"...")
}

fn distinct(value: &[u8]) -> u32 {
    let mut seen = 0_u128;
    for byte in value {
        seen |= 1 << (byte & 0x7f);
    }
    seen.count_ones()
}
