//! Tokens known by their shape: the matchers of those that are more than a prefix and a length.

use std::ops::Range;

use super::scan::{ALNUM, BASE64, DOTTED, HEX, TOKEN, Text, UPPER, WORD, is};
use super::value;

/// The length of a body: shortest and longest, in bytes of a class.
pub(super) type Length = (u16, usize, usize);

/// The token that an anchor of `prefix` bytes begins, if its body has the length.
pub(super) fn body(text: &mut Text<'_>, at: usize, prefix: usize, (class, min, max): Length) -> Option<Range<usize>> {
    let start = at + prefix;
    let mut end = text.run(class, start);
    while end > start + min && matches!(text.before(end), b'.' | b'-') {
        end -= 1;
    }
    // `task-…`, `disk-…` are words; so is what a dash leads on. Plain letters may stand anywhere in base64.
    let plain = text.bytes[at..start].iter().all(u8::is_ascii_alphanumeric);
    let coded = plain && (matches!(text.before(at), b'/' | b'+') || (matches!(text.at(end), b'/' | b'+') && class != UPPER));
    let begins = text.begins(at) && !coded && (text.before(at) != b'-' || follows_dash(text, at, start));
    let long = (min..=max).contains(&(end - start));
    (begins && long && !is(super::scan::NAME, text.at(end)) && value::is_plausible(&text.bytes[start..end], class == UPPER))
        .then_some(at..end)
}

/// Whether a prefix stands for itself behind a dash: one that is no word (`cache-key-…`), or at the beginning of a line.
fn follows_dash(text: &Text<'_>, at: usize, body: usize) -> bool {
    let least = 4 + usize::from(text.before(body) == b'-');
    body - at >= least || !is(ALNUM, text.before(at - 1))
}

/// `eyJ….eyJ….signature`, its signature missing perhaps; or the five parts of an encrypted one.
pub(super) fn jwt(text: &mut Text<'_>, at: usize) {
    if !text.begins(at) {
        return;
    }
    let head = text.run(WORD, at);
    let claims = head + 1;
    let mut end = text.run(WORD, claims);
    if head - at < 12 || text.at(head) != b'.' || end - claims < 10 {
        return;
    }
    let signed = text.has(claims, "eyJ");
    let mut parts = 2;
    while parts < 5 && text.at(end) == b'.' && is(WORD, text.at(end + 1)) {
        end = text.run(WORD, end + 1);
        parts += 1;
    }
    if signed || parts == 5 || (parts == 3 && end - claims > 60) {
        text.push("jwt", at..end);
    }
}

pub(super) fn discord_bot(text: &mut Text<'_>, at: usize) {
    let head = text.bytes.get(at..at + 4).unwrap_or_default();
    let [b'M' | b'N' | b'O', b'T' | b'D' | b'j' | b'z', _, b'w'..=b'z' | b'0'..=b'5'] = head else { return };
    if !text.begins(at) {
        return;
    }
    let id = text.run(WORD, at);
    let time = text.run(WORD, id + 1);
    let end = text.run(WORD, time + 1);
    let lengths = (22..=30).contains(&(id - at)) && time - id == 7 && (27..=46).contains(&(end - time));
    if lengths && text.at(id) == b'.' && text.at(time) == b'.' {
        text.push("discord-token", at..end);
    }
}

pub(super) fn azure_client(text: &mut Text<'_>, at: usize) {
    let start = at.saturating_sub(3);
    let end = text.run(TOKEN, at);
    let before = text.bytes[start..at].iter().all(|b| is(TOKEN, *b)) && text.begins(start);
    if before && (34..=37).contains(&(end - at)) {
        text.push("azure-secret", start..end);
    }
}

/// Marks within keys of Azure, and how many letters stand before and behind them.
const MARKS: &[(&str, usize, usize)] = &[("JQQJ99", 52, 26), ("AZDO", 76, 4), ("+ASt", 76, 6), ("ACDb", 76, 6), ("+ACR", 42, 6)];

pub(super) fn azure_marked(text: &mut Text<'_>, at: usize) {
    let Some((mark, before, behind)) = MARKS.iter().find(|(mark, ..)| text.has(at, mark)) else { return };
    let Some(start) = at.checked_sub(*before) else { return };
    let near = &text.bytes[at..text.bytes.len().min(at + 64)];
    let letters = near.iter().take_while(|b| is(BASE64, **b) && **b != b'=').count();
    let end = at + letters + near[letters..].iter().take(2).take_while(|b| **b == b'=').count();
    let whole = letters == mark.len() + behind || (*mark == "JQQJ99" && (20..=32).contains(&letters));
    if whole && text.begins(start) && text.bytes[start..at].iter().all(|b| is(BASE64, *b)) {
        text.push("azure-key", start..end);
    }
}

/// The keys that LiteLLM makes: short, and with signs.
pub(super) fn litellm(text: &mut Text<'_>, at: usize) {
    let body = at + "sk-".len();
    let end = text.run(WORD, body);
    if end - body == 22 && text.begins(at) && text.before(at) != b'-' && value::is_strange(&text.bytes[body..end]) {
        text.push("litellm-key", at..end);
    }
}

/// `AAAA…:APA91b…`
pub(super) fn firebase(text: &mut Text<'_>, at: usize) {
    let end = text.run(WORD, at + 1);
    let Some(start) = at.checked_sub(11) else { return };
    if end - at > 100 && text.has(start, "AAAA") && text.begins(start) {
        text.push("firebase-key", start..end);
    }
}

pub(super) fn sendgrid(text: &mut Text<'_>, at: usize) {
    let id = text.run(WORD, at + 3);
    let end = text.run(WORD, id + 1);
    if text.begins(at) && (18..=24).contains(&(id - at - 3)) && text.at(id) == b'.' && (40..=48).contains(&(end - id - 1)) {
        text.push("sendgrid-key", at..end);
    }
}

pub(super) fn mailchimp(text: &mut Text<'_>, at: usize) {
    let digits = text.bytes[at + 3..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let Some(start) = at.checked_sub(32) else { return };
    let hex = text.bytes[start..at].iter().all(|b| is(HEX, *b));
    if hex && (1..=2).contains(&digits) && text.begins(start) && !is(WORD, text.at(at + 3 + digits)) {
        text.push("mailchimp-key", start..at + 3 + digits);
    }
}

/// `123456789:AA…`, also behind `bot` in an address.
pub(super) fn telegram(text: &mut Text<'_>, at: usize) {
    let digits = text.bytes[..at].iter().rev().take(11).take_while(|b| b.is_ascii_digit()).count();
    let start = at - digits;
    let end = text.run(WORD, at + 1);
    let begins = text.begins(start) || text.bytes[..start].ends_with(b"bot");
    if begins && (8..=10).contains(&digits) && (34..=36).contains(&(end - at - 1)) {
        text.push("telegram-token", start..end);
    }
}

pub(super) fn terraform(text: &mut Text<'_>, at: usize) {
    let Some(start) = at.checked_sub(14) else { return };
    let end = text.run(DOTTED, at + ".atlasv1.".len());
    if text.bytes[start..at].iter().all(u8::is_ascii_alphanumeric) && text.begins(start) && end - at > 50 {
        text.push("terraform-token", start..end);
    }
}

pub(super) fn airtable(text: &mut Text<'_>, at: usize) {
    let id = text.run(ALNUM, at);
    let end = if text.at(id) == b'.' && id - at == 17 { text.run(HEX, id + 1) } else { return };
    if end - id == 65 && text.begins(at) {
        text.push("airtable-token", at..end);
    }
}

pub(super) fn braintree(text: &mut Text<'_>, at: usize) {
    let start = at + "access_token$".len();
    let place = text.run(ALNUM, start);
    let merchant = text.run(ALNUM, place + 1);
    let end = text.run(HEX, merchant + 1);
    if text.at(place) == b'$' && text.at(merchant) == b'$' && end - merchant == 33 {
        text.push("paypal-token", at..end);
    }
}

/// Twenty zeros in base64 are nothing by themselves: the escapes of a bearer token tell it from data.
pub(super) fn twitter(text: &mut Text<'_>, at: usize) {
    let end = text.run(TOKEN, at);
    let token = &text.bytes[at..end];
    if text.begins(at) && (70..=200).contains(&token.len()) && token.contains(&b'%') && !token.contains(&b'/') {
        text.push("twitter-token", at..end);
    }
}
