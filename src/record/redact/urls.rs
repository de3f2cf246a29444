//! Secrets in addresses: passwords before the host, the tokens of webhooks.

use super::scan::{AUTHORITY, BASE64, HEX, Text, WORD, is};
use super::value;

/// `scheme://user:password@host`: the password, or a token that stands for the user.
pub(super) fn login(text: &mut Text<'_>, at: usize) {
    if !is(HEX, text.before(at)) && !text.before(at).is_ascii_alphanumeric() {
        return;
    }
    let start = at + "://".len();
    let end = text.run(AUTHORITY, start);
    let authority = &text.bytes[start..end];
    let Some(host) = authority.iter().rposition(|b| *b == b'@') else { return };
    // An address behind a comma or a bracket is another one.
    if authority[..host].iter().any(|b| matches!(b, b'(' | b')' | b',' | b' '))
        || !is(WORD, text.at(start + host + 1)) && !matches!(text.at(start + host + 1), b'[' | b'$' | b'{' | b'%')
    {
        return;
    }
    let user = &authority[..host];
    match user.iter().position(|b| *b == b':') {
        Some(colon) => {
            let password = &user[colon + 1..];
            if password.len() > 3 && !value::is_placeholder(password) && !value::is_sample(password) {
                text.push("url-password", start + colon + 1..start + host);
            }
        }
        None if user.len() >= 20 && value::is_random(user) => text.push("url-token", start..start + host),
        None => {}
    }
}

/// The path of a webhook, which is all that one needs to post.
pub(super) fn slack(text: &mut Text<'_>, at: usize) {
    let path = at + "hooks.slack.com/".len();
    let Some(slash) = text.bytes[path..].iter().take(16).position(|b| *b == b'/') else { return };
    let start = path + slash + 1;
    let end = text.run(BASE64, start);
    if end - start >= 20 && text.bytes[start..end].contains(&b'/') && value::is_random(&text.bytes[start..end]) {
        text.push("slack-webhook", start..end);
    }
}

/// `…/api/webhooks/ID/TOKEN`.
pub(super) fn discord(text: &mut Text<'_>, at: usize) {
    let id = at + "/api/webhooks/".len();
    let slash = id + text.bytes[id..].iter().take(24).take_while(|b| b.is_ascii_digit()).count();
    let start = slash + 1;
    let end = text.run(WORD, start);
    if slash - id >= 15 && text.at(slash) == b'/' && end - start >= 40 {
        text.push("discord-webhook", start..end);
    }
}

/// `….webhook.office.com/webhookb2/…`.
pub(super) fn teams(text: &mut Text<'_>, at: usize) {
    let start = at + "/webhookb2/".len();
    let length = text.bytes[start..].iter().take(300).take_while(|b| is(WORD, **b) || matches!(b, b'@' | b'/')).count();
    if length > 80 {
        text.push("teams-webhook", start..start + length);
    }
}
