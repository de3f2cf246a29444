//! Secrets in addresses: passwords before the host, the tokens of webhooks.

use super::scan::{AUTHORITY, BARE, BASE64, HEX, Text, WORD, is};
use super::value;

/// `scheme://user:password@host`: the password, or a token that stands for the user.
pub(super) fn login(text: &mut Text<'_>, at: usize) {
    if !is(HEX, text.before(at)) && !text.before(at).is_ascii_alphanumeric() {
        return;
    }
    let start = at + "://".len();
    let end = text.run(AUTHORITY, start);
    let web = text.bytes[..at].ends_with(b"http") || text.bytes[..at].ends_with(b"https");
    // A password may have what ends it elsewhere.
    let end = if web { end } else { text.run(BARE, end).min(end + 128).max(end) };
    let authority = &text.bytes[start..end.min(start + 256)];
    let Some(host) = authority.iter().rposition(|b| *b == b'@') else { return };
    let user = &authority[..host];
    let colon = user.iter().position(|b| *b == b':');
    let signs = |part: &[u8]| part.iter().any(|b| matches!(b, b'(' | b')' | b',' | b'/' | b'?' | b'#' | b'<' | b'>'));
    // An address behind a comma or a bracket is another one, and a number behind a colon is a port.
    let strange = match colon {
        Some(colon) if !web => signs(&user[..colon]) || is_path(&user[colon + 1..]),
        _ => signs(user),
    };
    if strange || !is(WORD, text.at(start + host + 1)) && !matches!(text.at(start + host + 1), b'[' | b'$' | b'{' | b'%') {
        return;
    }
    match colon {
        Some(colon) => {
            let password = &user[colon + 1..];
            let least = if web { 4 } else { 3 };
            if password.len() >= least && !value::is_placeholder(password) && !value::is_sample(password) {
                text.push("url-password", start + colon + 1..start + host);
            }
        }
        None if user.len() >= 20 && value::is_random(user) => text.push("url-token", start..start + host),
        None => {}
    }
}

/// Whether what stands behind a colon is a port and a path, or begins another address.
fn is_path(part: &[u8]) -> bool {
    let port = part.iter().take_while(|b| b.is_ascii_digit()).count();
    let ported = port > 0 && matches!(part.get(port), Some(b'/' | b'?' | b'#' | b',' | b')'));
    let other = part.windows(3).any(|w| w == b"://") || part.contains(&b'@');
    ported || (other && part.iter().any(|b| matches!(b, b'/' | b',' | b'(' | b')')))
}

/// `user:password@tcp(host:3306)/database`.
pub(super) fn address(text: &mut Text<'_>, at: usize) {
    let length = text.bytes[..at].iter().rev().take(96).take_while(|b| is(BARE, **b)).count();
    let word = &text.bytes[at - length..at];
    let Some(colon) = word.iter().position(|b| *b == b':') else { return };
    let password = &word[colon + 1..];
    if password.len() > 2 && !value::is_placeholder(password) && !value::is_sample(password) {
        text.push("url-password", at - password.len()..at);
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
