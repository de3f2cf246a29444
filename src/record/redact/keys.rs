//! Assignments: a key that names a secret, and a value written out beside it.
//!
//! Settings, shells, JSON, YAML, TOML, code, connection strings, queries, flags. Which keys name secrets stands in `names`,
//! how values stand beside them in `forms`.

use super::forms::{self, Form, Key};
use super::frame;
use super::names::{self, Name};
use super::scan::{self, NAME, Text, WORD, is};
use super::value;

/// An assignment whose key ends with the word at a place.
pub(super) fn assignment(text: &mut Text<'_>, at: usize) {
    let end = text.run(WORD, at);
    if end - at > 40 || !may_follow(text.at(end)) || text.is_judged(at) {
        return;
    }
    let mut start = at;
    while start > 0 && at - start < 64 && is(WORD, text.before(start)) && !frame::ends_escape(text, start) {
        start -= 1;
    }
    let query =
        matches!(text.before(start), b'?' | b'&') || text.bytes[..start].ends_with(b"&amp;") || text.bytes[..start].ends_with(b"\\u0026");
    // `API key`, `TOTP secret`: two words.
    if &text.bytes[start..end].to_ascii_lowercase() == b"key" && text.before(start) == b' ' {
        let word = text.bytes[..start - 1].iter().rev().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
        start -= word + 1;
    }
    if text.has_folded(start.saturating_sub(7), "mot de passe") {
        start -= 7;
    }
    let name = &text.bytes[start..end];
    let name = if text.at(end) == b'(' { setter(name) } else { name };
    let Some(name) = names::name(name, query) else { return };
    given(text, &name, Key { start, end, query });
}

/// Keys that are no words of ASCII letters, and where their anchor stands in them.
const PHRASES: &[(&str, usize)] = &[("contraseña", 6), ("identified by", 7)];

/// An assignment whose key is one of the phrases.
pub(super) fn phrase(text: &mut Text<'_>, at: usize) {
    let stands = |(phrase, back): &(&str, usize)| at >= *back && text.has_folded(at - back, phrase) && text.begins(at - back);
    let Some((phrase, back)) = PHRASES.iter().find(|p| stands(p)) else { return };
    let Some(name) = names::name(b"password", false) else { return };
    let start = at - back;
    given(text, &name, Key { start, end: start + phrase.len(), query: false });
}

/// What may stand directly behind a key.
fn may_follow(byte: u8) -> bool {
    matches!(byte, b'=' | b':' | b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b']' | b'>' | b'?' | b'\n' | b'!')
        || matches!(byte, b'*' | b'(' | b'[' | b'&' | b'%' | 0x1b)
}

/// The name of a value in the name of the function that sets it.
fn setter(name: &[u8]) -> &[u8] {
    [&b"set"[..], b"with"].iter().find_map(|p| name.strip_prefix(*p)).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// Keeps the value of a key, if it is a secret.
fn given(text: &mut Text<'_>, name: &Name, key: Key) {
    let Some((form, from)) = forms::separator(text, key) else { return };
    let Some((from, to)) = forms::extent(text, form, from) else { return };
    let seen = if form.is_quoted() { to } else { text.seen(from, to) };
    if to > from && judge(text, name, form, (from, seen, to)) {
        match scan::shaped(text, from).filter(|f| f.range.end >= to) {
            Some(found) => text.push(found.kind, found.range),
            None => text.push(name.kind, from..to),
        }
    }
}

/// The kind of a string that stands under a key in JSON, if it is a secret as a whole.
pub(super) fn assigned(key: &str, content: &str) -> Option<&'static str> {
    let name = names::name(key.trim_start_matches('-').as_bytes(), false)?;
    let mut text = Text::new(content);
    let whole = (0, content.len(), content.len());
    let secret = !content.is_empty() && judge(&mut text, &name, Form::Quoted, whole) && scan::scan(content).is_empty();
    secret.then_some(name.kind)
}

/// Whether what stands there is a secret that is written out; its beginning is judged, to the second place.
fn judge(text: &mut Text<'_>, name: &Name, form: Form, (from, seen, to): (usize, usize, usize)) -> bool {
    let bytes = text.bytes;
    let content = &bytes[from..seen];
    if content.len() < 4 || value::is_placeholder(content) || value::is_sample(content) || value::is_pointer(content) {
        return false;
    }
    let strong = value::is_strong(content);
    let code = match form {
        Form::Env | Form::Flag if strong => false,
        _ if form.is_quoted() => false,
        _ => value::is_expression(content) || matches!(text.at(to), b'(' | b'['),
    };
    if code || (name.print && value::is_print(content)) {
        return false;
    }
    if form == Form::Prose {
        return value::is_strange(content) && content.len() >= name.least && !is_prose_code(text, to);
    }
    let odd = value::is_odd(content) || (form != Form::Inline && value::is_jumbled(content));
    if form == Form::Argument {
        let password = name.password && !name.weak && odd && !content.contains(&b' ') && !value::is_prose(content);
        return password || (!name.password && value::is_random(content));
    }
    let alone = forms::ends_line(text, to);
    if !name.password {
        return is_secret(name, form, content, alone);
    }
    match form {
        Form::Entry => !value::is_prose(content) && !value::is_label(content) && (!name.weak || odd),
        Form::Quoted | Form::Settings | Form::Query | Form::Env => !value::is_prose(content) && (!name.weak || odd),
        Form::Inline => odd && !is_named(content),
        Form::Flag => odd,
        _ => odd && !is_named(content) && !value::is_prose(content) && (alone || (form == Form::Colon && closes(text, to))),
    }
}

/// Whether a value is a token or a key of some service.
fn is_secret(name: &Name, form: Form, content: &[u8], alone: bool) -> bool {
    let signed = content.iter().any(|b| matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*')) && value::is_odd(content);
    let literal = form.is_quoted() || matches!(form, Form::Settings | Form::Env);
    let random = value::is_random(content)
        || (form != Form::Inline && value::is_dense(content))
        || (literal && content.len() >= 8 && signed && !content.contains(&b' '));
    let long = content.len() >= name.least && (literal || content.len() >= 12 || form == Form::Query);
    let path = form.is_quoted() && value::is_prose(content);
    let based = matches!(name.kind, "credentials" | "aws-secret-key" | "azure-key") && literal;
    let coded = based && content.len().is_multiple_of(4) && value::is_coded(content);
    // A field's type stands there too: `pub key: X509KeyUsage,`.
    let placed = match form {
        Form::Colon => alone || value::is_scrambled(content),
        Form::Spaced => alone,
        _ => true,
    };
    (random || coded) && long && !path && placed
}

/// Whether code goes on behind a word that a sentence would end with.
fn is_prose_code(text: &Text<'_>, to: usize) -> bool {
    matches!(text.at(to), b'(' | b'[' | b'=' | b'{')
}

/// Whether a value is a variable named as its key is: `password=password1`.
fn is_named(content: &[u8]) -> bool {
    let plain = content.iter().all(|b| is(NAME, *b));
    let lower = content.to_ascii_lowercase();
    plain && ["pass", "pwd", "pw", "secret", "token"].iter().any(|n| lower.starts_with(n.as_bytes()))
}

/// Whether a sentence goes on, or ends, behind a value.
fn closes(text: &Text<'_>, at: usize) -> bool {
    matches!(text.at(at), b',' | b'.' | b')' | b';') && matches!(text.at(at + 1), b' ' | b'\n' | 0)
}
