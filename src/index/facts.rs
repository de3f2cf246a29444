//! Facts of a text: the files, addresses, errors and issues that it names, each as it is written.

use std::collections::BTreeSet;

use super::schema::mentions;
use crate::record::turn::Turn;

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A key of an issue: `BACK-123`.
    Issue,
    /// The code or name of an error: `E0502`, `NameError`.
    Error,
    /// A path.
    File,
    /// An address in the web.
    Url,
    /// A tag of a log.
    Tag,
}

impl Kind {
    /// One word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Issue => "issue",
            Kind::Error => "error",
            Kind::File => "file",
            Kind::Url => "url",
            Kind::Tag => "tag",
        }
    }
}

/// Something that a text names, as it is written.
pub type Fact = (Kind, String);

/// What looks like the key of an issue and is the name of a standard or a product.
const NO_PROJECT: [&str; 20] = [
    "UTF", "UCS", "SHA", "MD", "ISO", "RFC", "IEEE", "ECMA", "ASCII", "AES", "RSA", "CRC", "GPT", "COVID", "HTTP", "TLS", "SSL", "PEP",
    "ANSI", "BASE",
];

/// Letters before the digits of a code, and how many digits there are at least and at most.
const CODES: [(&str, usize, usize); 8] =
    [("E", 4, 4), ("TS", 4, 5), ("CS", 4, 4), ("BC", 5, 5), ("LNK", 4, 4), ("MSB", 4, 4), ("C", 4, 4), ("PGRST", 3, 3)];

/// Codes of the C library.
const ERRNO: &str = " EACCES EADDRINUSE EAGAIN EBADF EBUSY ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EINTR EINVAL EIO EISDIR \
                     EMFILE ENETUNREACH ENFILE ENOENT ENOMEM ENOSPC ENOTDIR ENOTEMPTY EPERM EPIPE EROFS ESRCH ETIMEDOUT EXDEV ENOTFOUND ";

/// How names of errors end.
const ENDINGS: [&str; 3] = ["Error", "Exception", "Fault"];

/// Adds what a text names: files, addresses, errors and issues.
pub fn of_text(text: &str, into: &mut BTreeSet<Fact>) {
    mentions(text, &mut |key, value| {
        let kind = if key == "url" { Kind::Url } else { Kind::File };
        into.insert((kind, value.to_string()));
    });
    codes(text, into);
}

/// Adds the codes and names of errors, and the keys of issues.
pub fn codes(text: &str, into: &mut BTreeSet<Fact>) {
    let apart = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
    // A code stands by itself; in a path or an address it is another thing's name.
    for word in text.split(char::is_whitespace).filter(|word| !word.contains("://")) {
        let path = word.trim_matches(|c: char| !c.is_alphanumeric()).contains('/');
        for name in word.split(apart).map(|name| name.trim_matches(['-', '_'])).filter(|name| name.len() > 2) {
            if is_error(name) {
                into.insert((Kind::Error, name.to_string()));
            } else if is_issue(name) && !path {
                into.insert((Kind::Issue, name.to_string()));
            }
        }
    }
}

/// Adds what was said and done in a turn.
pub fn of_turn(turn: &Turn, into: &mut BTreeSet<Fact>) {
    for said in [&turn.user_input, &turn.agent_response].into_iter().flatten() {
        of_text(said, into);
    }
    for action in &turn.actions {
        match action.kind.split('-').next().unwrap_or_default() {
            "file" => drop(into.insert((Kind::File, action.value.trim().to_string()))),
            "url" => drop(into.insert((Kind::Url, action.value.trim().to_string()))),
            "error" => codes(&action.value, into),
            _ => {}
        }
        if action.kind == "error" || action.ok == Some(false) {
            action.output.iter().for_each(|output| codes(output, into));
        }
    }
    into.retain(|(_, value)| !value.is_empty());
}

/// Whether a word is the code or the name of an error.
pub fn is_error(word: &str) -> bool {
    if word.starts_with('E') && ERRNO.contains(&format!(" {word} ")) {
        return true;
    }
    if let Some(rest) = word.strip_prefix("ERR_") {
        return rest.len() > 2 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    }
    if let Some(digits) = word.strip_prefix("ORA-") {
        return digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit());
    }
    let named = |ending: &&str| word.len() > ending.len() + 1 && word.ends_with(*ending);
    if word.starts_with(|c: char| c.is_ascii_uppercase()) && ENDINGS.iter().any(named) {
        return word.bytes().all(|b| b.is_ascii_alphanumeric());
    }
    CODES.iter().any(|(letters, least, most)| {
        let digits = word.strip_prefix(letters).unwrap_or_default();
        (*least..=*most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether a word is the key of an issue: capitals, a hyphen, a number.
pub fn is_issue(word: &str) -> bool {
    let Some((project, number)) = word.split_once('-') else { return false };
    (2..=10).contains(&project.len())
        && project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && !NO_PROJECT.contains(&project)
        && (1..=6).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && !number.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut facts = BTreeSet::new();
        of_text(text, &mut facts);
        facts.into_iter().map(|(kind, value)| format!("{} {value}", kind.name())).collect()
    }

    #[test]
    fn files_addresses_errors_and_issues_are_found_as_they_are_written() {
        assert_eq!(
            found("BACK-123: `src/auth/jwt.rs:12:5` gives error[E0502], see https://docs.rs/x. A NameError in Cargo.toml; ENOENT, TS2322."),
            [
                "issue BACK-123",
                "error E0502",
                "error ENOENT",
                "error NameError",
                "error TS2322",
                "file Cargo.toml",
                "file src/auth/jwt.rs",
                "url https://docs.rs/x",
            ]
        );
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        assert_eq!(found("UTF-8, SHA-256, BACK-, BACK-012, Back-12, Error, EVERY, E12, E05021, ERR, 2026-11-20, a-1, and/or"), [""; 0]);
        assert_eq!(found("https://x.example/browse/BACK-123"), ["url https://x.example/browse/BACK-123"]);
    }

    #[test]
    fn a_turn_names_what_was_done_in_it() {
        let turn = serde_json::json!([
            {"kind": "file-edited", "value": "src/Token Store.rs"},
            {"kind": "url", "value": "https://docs.rs/y"},
            {"kind": "command", "value": "cargo test", "ok": false, "output": "error[E0308]: mismatched types"},
            {"kind": "command", "value": "cargo doc", "ok": true, "output": "E0001 TypeError"},
        ]);
        let actions: Vec<crate::record::action::Action> = serde_json::from_value(turn).expect("actions");
        let mut facts = BTreeSet::new();
        of_turn(&made(actions), &mut facts);
        let found: Vec<String> = facts.into_iter().map(|(_, value)| value).collect();
        assert_eq!(found, ["E0308", "src/Token Store.rs", "https://docs.rs/y"]);
    }

    fn made(actions: Vec<crate::record::action::Action>) -> Turn {
        Turn {
            id: 1,
            number: 1,
            native_id: None,
            time: chrono::DateTime::UNIX_EPOCH,
            status: "active".into(),
            author: None,
            model: None,
            user_input: None,
            agent_response: None,
            input_tokens: None,
            output_tokens: None,
            tokens: 0,
            live: true,
            actions,
            data: serde_json::Map::new(),
        }
    }
}
