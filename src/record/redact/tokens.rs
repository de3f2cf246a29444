//! Tokens known by their shape, and the table of all anchors.
//!
//! Prefixes and lengths are those that the issuers document, and that the rule sets of gitleaks, trufflehog and GitHub agree on.

use std::ops::Range;

use super::scan::Then::{Ask, Body, Private};
use super::scan::{ALNUM, Anchor, BASE64, DOTTED, HEX, TOKEN, Text, UPPER, WORD, is};
use super::{blocks, headers, keys, urls, value};

const ANY: usize = 4096;

/// The length of a body: shortest and longest, in bytes of a class.
pub(super) type Length = (u16, usize, usize);

const fn body_of(text: &'static str, class: u16, min: usize, max: usize, kind: &'static str) -> Anchor {
    Anchor { text, fold: false, then: Body(class, min, max, kind) }
}

const fn ask(text: &'static str, matcher: fn(&mut Text<'_>, usize)) -> Anchor {
    Anchor { text, fold: false, then: Ask(matcher) }
}

const fn word(text: &'static str, matcher: fn(&mut Text<'_>, usize)) -> Anchor {
    Anchor { text, fold: true, then: Ask(matcher) }
}

/// All that a secret may begin with, or stand beside. Where two share their beginning, the first that finds something counts.
pub(super) const ANCHORS: &[Anchor] = &[
    ask("", discord_bot),
    body_of("SK", HEX, 32, 32, "twilio-key"),
    Anchor { text: "<private", fold: true, then: Private },
    body_of("AKIA", UPPER, 16, 16, "aws-access-key"),
    body_of("ASIA", UPPER, 16, 16, "aws-access-key"),
    body_of("ABIA", UPPER, 16, 16, "aws-access-key"),
    body_of("ACCA", UPPER, 16, 16, "aws-access-key"),
    body_of("LTAI", ALNUM, 12, 24, "alibaba-access-key"),
    body_of("ghp_", ALNUM, 30, 255, "github-token"),
    body_of("gho_", ALNUM, 30, 255, "github-token"),
    body_of("ghu_", ALNUM, 30, 255, "github-token"),
    body_of("ghs_", DOTTED, 30, 1024, "github-token"),
    body_of("ghr_", ALNUM, 30, 255, "github-token"),
    body_of("github_pat_", WORD, 50, 255, "github-token"),
    body_of("glpat-", DOTTED, 20, 320, "gitlab-token"),
    body_of("gldt-", WORD, 20, 128, "gitlab-token"),
    body_of("glrt-", DOTTED, 20, 320, "gitlab-token"),
    body_of("glptt-", WORD, 20, 128, "gitlab-token"),
    body_of("glcbt-", WORD, 20, 128, "gitlab-token"),
    body_of("glft-", WORD, 20, 128, "gitlab-token"),
    body_of("glffct-", WORD, 20, 128, "gitlab-token"),
    body_of("glimt-", WORD, 20, 128, "gitlab-token"),
    body_of("glagent-", WORD, 20, 128, "gitlab-token"),
    body_of("gloas-", WORD, 20, 128, "gitlab-token"),
    body_of("glsoat-", WORD, 20, 128, "gitlab-token"),
    body_of("GR1348941", WORD, 20, 20, "gitlab-token"),
    body_of("xoxb-", WORD, 20, 255, "slack-token"),
    body_of("xoxp-", WORD, 20, 255, "slack-token"),
    body_of("xoxa-", WORD, 20, 255, "slack-token"),
    body_of("xoxr-", WORD, 20, 255, "slack-token"),
    body_of("xoxs-", WORD, 20, 255, "slack-token"),
    body_of("xoxo-", WORD, 20, 255, "slack-token"),
    body_of("xoxc-", WORD, 20, 255, "slack-token"),
    body_of("xoxd-", TOKEN, 20, 512, "slack-token"),
    body_of("xoxe-", WORD, 20, 255, "slack-token"),
    body_of("xoxe.xox", WORD, 20, 255, "slack-token"),
    body_of("xapp-", WORD, 20, 255, "slack-token"),
    ask("hooks.slack.com/", urls::slack),
    ask("/api/webhooks/", urls::discord),
    ask("/webhookb2/", urls::teams),
    body_of("sk_live_", ALNUM, 10, 255, "stripe-key"),
    body_of("sk_test_", ALNUM, 10, 255, "stripe-key"),
    body_of("rk_live_", ALNUM, 10, 255, "stripe-key"),
    body_of("rk_test_", ALNUM, 10, 255, "stripe-key"),
    body_of("whsec_", BASE64, 24, 128, "stripe-key"),
    body_of("sk-ant-", WORD, 24, 255, "anthropic-key"),
    body_of("sk-proj-", WORD, 24, 512, "openai-key"),
    body_of("sk-svcacct-", WORD, 24, 512, "openai-key"),
    body_of("sk-admin-", WORD, 24, 512, "openai-key"),
    body_of("sk-or-v1-", HEX, 64, 64, "openrouter-key"),
    body_of("sk-", ALNUM, 32, 128, "openai-key"),
    body_of("AIza", WORD, 35, 35, "google-key"),
    body_of("ya29.", TOKEN, 20, ANY, "google-token"),
    body_of("GOCSPX-", WORD, 24, 40, "google-secret"),
    ask("8Q~", azure_client),
    ask("7Q~", azure_client),
    body_of("npm_", ALNUM, 36, 36, "npm-token"),
    body_of("pypi-AgE", WORD, 50, ANY, "pypi-token"),
    body_of("cio", ALNUM, 32, 32, "crates-token"),
    body_of("rubygems_", HEX, 48, 48, "rubygems-token"),
    body_of("dckr_pat_", WORD, 20, 64, "docker-token"),
    body_of("dckr_oat_", WORD, 20, 64, "docker-token"),
    body_of("dop_v1_", HEX, 64, 64, "digitalocean-token"),
    body_of("doo_v1_", HEX, 64, 64, "digitalocean-token"),
    body_of("dor_v1_", HEX, 64, 64, "digitalocean-token"),
    body_of("HRKU-", WORD, 36, 80, "heroku-key"),
    body_of("hf_", ALNUM, 30, 48, "huggingface-token"),
    body_of("api_org_", ALNUM, 30, 48, "huggingface-token"),
    body_of("r8_", ALNUM, 37, 40, "replicate-token"),
    body_of("gsk_", ALNUM, 40, 64, "groq-key"),
    body_of("xai-", ALNUM, 60, 100, "xai-key"),
    body_of("pplx-", ALNUM, 40, 64, "perplexity-key"),
    body_of("fw_", ALNUM, 22, 24, "fireworks-key"),
    body_of("nvapi-", WORD, 60, 80, "nvidia-key"),
    body_of("tvly-", WORD, 28, 64, "tavily-key"),
    body_of("lsv2_pt_", WORD, 40, 64, "langsmith-key"),
    body_of("lsv2_sk_", WORD, 40, 64, "langsmith-key"),
    ask("SG.", sendgrid),
    body_of("key-", HEX, 32, 32, "mailgun-key"),
    body_of("xkeysib-", WORD, 70, 100, "brevo-key"),
    ask("-us", mailchimp),
    ask(":AA", telegram),
    body_of("shpat_", HEX, 32, 64, "shopify-token"),
    body_of("shpss_", HEX, 32, 64, "shopify-token"),
    body_of("shpca_", HEX, 32, 64, "shopify-token"),
    body_of("shppa_", HEX, 32, 64, "shopify-token"),
    body_of("sq0atp-", WORD, 22, 60, "square-token"),
    body_of("sq0csp-", WORD, 40, 60, "square-token"),
    body_of("EAAA", WORD, 56, 62, "square-token"),
    body_of("EAA", ALNUM, 80, 512, "facebook-token"),
    ask("access_token$", braintree),
    ask("AAAAAAAAAAAAAAAAAAAA", twitter),
    body_of("lin_api_", ALNUM, 32, 64, "linear-key"),
    body_of("lin_oauth_", ALNUM, 32, 80, "linear-key"),
    body_of("ntn_", ALNUM, 40, 64, "notion-token"),
    body_of("secret_", ALNUM, 43, 43, "notion-token"),
    body_of("figd_", WORD, 36, 64, "figma-token"),
    body_of("ATATT3", TOKEN, 60, 320, "atlassian-token"),
    body_of("ATCTT3", TOKEN, 60, 320, "atlassian-token"),
    body_of("ATBB", ALNUM, 32, 32, "bitbucket-token"),
    ask("pat", airtable),
    body_of("dapi", HEX, 32, 32, "databricks-token"),
    body_of("dp.pt.", ALNUM, 40, 48, "doppler-token"),
    body_of("dp.st.", DOTTED, 40, 80, "doppler-token"),
    body_of("dt0c01.", DOTTED, 80, 100, "dynatrace-token"),
    body_of("glc_", BASE64, 32, 512, "grafana-token"),
    body_of("glsa_", WORD, 40, 48, "grafana-token"),
    body_of("hvs.", WORD, 24, 512, "vault-token"),
    body_of("hvb.", WORD, 24, 512, "vault-token"),
    body_of("hvr.", WORD, 24, 512, "vault-token"),
    ask(".atlasv1.", terraform),
    body_of("NRAK-", ALNUM, 27, 27, "newrelic-key"),
    body_of("NRJS-", HEX, 19, 19, "newrelic-key"),
    body_of("NRII-", WORD, 32, 32, "newrelic-key"),
    body_of("sntrys_", TOKEN, 60, 1024, "sentry-token"),
    body_of("sntryu_", HEX, 64, 64, "sentry-token"),
    body_of("SSWS ", WORD, 40, 44, "okta-token"),
    body_of("pscale_tkn_", DOTTED, 32, 64, "planetscale-token"),
    body_of("pscale_pw_", DOTTED, 32, 64, "planetscale-token"),
    body_of("pscale_oauth_", DOTTED, 32, 64, "planetscale-token"),
    body_of("PMAK-", WORD, 59, 59, "postman-key"),
    body_of("pul-", HEX, 40, 40, "pulumi-token"),
    body_of("pnu_", ALNUM, 36, 36, "prefect-key"),
    body_of("rdme_", ALNUM, 70, 70, "readme-key"),
    body_of("sbp_", HEX, 40, 40, "supabase-token"),
    body_of("sb_secret_", WORD, 28, 64, "supabase-token"),
    body_of("nfp_", ALNUM, 36, 40, "netlify-token"),
    body_of("vercel_blob_rw_", WORD, 30, 80, "vercel-token"),
    body_of("fo1_", WORD, 43, 43, "fly-token"),
    body_of("fm1r_", BASE64, 60, ANY, "fly-token"),
    body_of("fm1a_", BASE64, 60, ANY, "fly-token"),
    body_of("fm2_", BASE64, 60, ANY, "fly-token"),
    body_of("sgp_", WORD, 40, 64, "sourcegraph-token"),
    body_of("AGE-SECRET-KEY-1", UPPER, 58, 58, "age-key"),
    body_of("ops_eyJ", BASE64, 100, ANY, "1password-token"),
    body_of("A3-", WORD, 34, 38, "1password-key"),
    body_of("FLWSECK_TEST-", WORD, 12, 40, "flutterwave-key"),
    body_of("duffel_live_", WORD, 43, 43, "duffel-token"),
    body_of("shippo_live_", HEX, 40, 40, "shippo-token"),
    body_of("EZAK", ALNUM, 54, 54, "easypost-key"),
    body_of("AKCp", ALNUM, 60, 80, "artifactory-key"),
    body_of("sha256~", WORD, 43, 43, "openshift-token"),
    body_of("CLOJARS_", ALNUM, 60, 60, "clojars-token"),
    body_of("tskey-", WORD, 20, 80, "tailscale-key"),
    body_of("phc_", ALNUM, 40, 48, "posthog-key"),
    body_of("phx_", ALNUM, 40, 48, "posthog-key"),
    body_of("re_", WORD, 32, 36, "resend-key"),
    body_of("cfut_", WORD, 40, 64, "cloudflare-token"),
    ask("eyJ", jwt),
    ask("-----BEGIN ", blocks::pem),
    ask("Private-Lines:", blocks::putty),
    ask("LS0tLS1CRUdJTiBQUklW", blocks::encoded),
    ask("LS0tLS1CRUdJTiBSU0Eg", blocks::encoded),
    ask("LS0tLS1CRUdJTiBFQyB", blocks::encoded),
    ask("LS0tLS1CRUdJTiBPUEVO", blocks::encoded),
    ask("LS0tLS1CRUdJTiBFTkNS", blocks::encoded),
    ask("://", urls::login),
    word("authorization", headers::authorization),
    word("bearer ", headers::bearer),
    word("cookie", headers::cookie),
    word("curl ", headers::curl),
    word("mysql", headers::mysql),
    word("mariadb", headers::mysql),
    word("sshpass ", headers::mysql),
    word("redis-cli ", headers::redis),
    word("pass", keys::assignment),
    word("pwd", keys::assignment),
    word("secret", keys::assignment),
    word("token", keys::assignment),
    word("key", keys::assignment),
    word("credential", keys::assignment),
    word("auth", keys::assignment),
    word("sig", keys::assignment),
];

/// How many of the anchors, the first ones, have no three bytes of their own.
pub(super) const SHORT: usize = 2;

/// What they begin with: a Discord token with a number in base64, a Twilio key with `SK` and a hex digit.
pub(super) const HEADS: [([u8; 3], usize); 136] = {
    let mut heads = [([0; 3], 0); 136];
    let mut n = 0;
    while n < 120 {
        heads[n].0 = [b"MNO"[n % 3], b"TDjz"[n / 3 % 4], b"AEIMQUYcgk"[n / 12]];
        n += 1;
    }
    while n < heads.len() {
        heads[n] = ([b'S', b'K', b"0123456789abcdef"[n - 120]], 1);
        n += 1;
    }
    heads
};

/// The token that an anchor of `prefix` bytes begins, if its body has the length.
pub(super) fn body(text: &mut Text<'_>, at: usize, prefix: usize, (class, min, max): Length) -> Option<Range<usize>> {
    let start = at + prefix;
    let mut end = text.run(class, start);
    while end > start && matches!(text.before(end), b'.' | b'-') {
        end -= 1;
    }
    // `task-…`, `disk-…` are words; so is what a dash leads on. Plain letters may stand anywhere in base64.
    let plain = text.bytes[at..start].iter().all(u8::is_ascii_alphanumeric);
    let coded = plain && (matches!(text.before(at), b'/' | b'+') || (matches!(text.at(end), b'/' | b'+') && class != UPPER));
    let begins = text.begins(at) && text.before(at) != b'-' && !coded;
    let long = (min..=max).contains(&(end - start));
    (begins && long && !is(super::scan::NAME, text.at(end)) && value::is_plausible(&text.bytes[start..end])).then_some(at..end)
}

/// `eyJ….eyJ….signature`, its signature missing perhaps; or the five parts of an encrypted one.
fn jwt(text: &mut Text<'_>, at: usize) {
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

fn discord_bot(text: &mut Text<'_>, at: usize) {
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

fn azure_client(text: &mut Text<'_>, at: usize) {
    let start = at.saturating_sub(3);
    let end = text.run(TOKEN, at);
    let before = text.bytes[start..at].iter().all(|b| is(TOKEN, *b)) && !is(WORD, text.before(start));
    if before && (34..=37).contains(&(end - at)) {
        text.push("azure-secret", start..end);
    }
}

fn sendgrid(text: &mut Text<'_>, at: usize) {
    let id = text.run(WORD, at + 3);
    let end = text.run(WORD, id + 1);
    if text.begins(at) && (18..=24).contains(&(id - at - 3)) && text.at(id) == b'.' && (40..=48).contains(&(end - id - 1)) {
        text.push("sendgrid-key", at..end);
    }
}

fn mailchimp(text: &mut Text<'_>, at: usize) {
    let digits = text.bytes[at + 3..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let Some(start) = at.checked_sub(32) else { return };
    let hex = text.bytes[start..at].iter().all(|b| is(HEX, *b));
    if hex && (1..=2).contains(&digits) && text.begins(start) && !is(WORD, text.at(at + 3 + digits)) {
        text.push("mailchimp-key", start..at + 3 + digits);
    }
}

/// `123456789:AA…`, also behind `bot` in an address.
fn telegram(text: &mut Text<'_>, at: usize) {
    let digits = text.bytes[..at].iter().rev().take(11).take_while(|b| b.is_ascii_digit()).count();
    let start = at - digits;
    let end = text.run(WORD, at + 1);
    let begins = text.begins(start) || text.bytes[..start].ends_with(b"bot");
    if begins && (8..=10).contains(&digits) && (34..=36).contains(&(end - at - 1)) {
        text.push("telegram-token", start..end);
    }
}

fn terraform(text: &mut Text<'_>, at: usize) {
    let Some(start) = at.checked_sub(14) else { return };
    let end = text.run(DOTTED, at + ".atlasv1.".len());
    if text.bytes[start..at].iter().all(u8::is_ascii_alphanumeric) && text.begins(start) && end - at > 50 {
        text.push("terraform-token", start..end);
    }
}

fn airtable(text: &mut Text<'_>, at: usize) {
    let id = text.run(ALNUM, at);
    let end = if text.at(id) == b'.' && id - at == 17 { text.run(HEX, id + 1) } else { return };
    if end - id == 65 && text.begins(at) {
        text.push("airtable-token", at..end);
    }
}

fn braintree(text: &mut Text<'_>, at: usize) {
    let start = at + "access_token$".len();
    let place = text.run(ALNUM, start);
    let merchant = text.run(ALNUM, place + 1);
    let end = text.run(HEX, merchant + 1);
    if text.at(place) == b'$' && text.at(merchant) == b'$' && end - merchant == 33 {
        text.push("paypal-token", at..end);
    }
}

/// Twenty zeros in base64 are nothing by themselves: the escapes of a bearer token tell it from data.
fn twitter(text: &mut Text<'_>, at: usize) {
    let end = text.run(TOKEN, at);
    let token = &text.bytes[at..end];
    if text.begins(at) && (70..=200).contains(&token.len()) && token.contains(&b'%') && !token.contains(&b'/') {
        text.push("twitter-token", at..end);
    }
}
