//! Secrets never reach the store, and nothing else is touched.

use proptest::prelude::*;
use serde_json::json;
use shiftlog::record::redact::{find, redact, redact_value};

const UPPER: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";
const ALNUM: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const DIGITS: &str = "123456789";

/// Made-up letters: no secret stands in this file, whole.
struct Maker(u64);

impl Maker {
    fn some(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        (0..length)
            .map(|_| {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                letters[usize::try_from(self.0 >> 33).expect("31 bits") % letters.len()] as char
            })
            .collect()
    }
}

/// Literal and generated parts by turns: what stands there, then letters of an alphabet.
type Parts = &'static [(&'static str, &'static str, usize)];

/// Shapes of tokens, with their kinds.
const SHAPES: &[(&str, Parts)] = &[
    ("aws-access-key", &[("AKIA", UPPER, 16)]),
    ("aws-access-key", &[("ASIA", UPPER, 16)]),
    ("github-token", &[("ghp_", ALNUM, 36)]),
    ("github-token", &[("gho_", ALNUM, 36)]),
    ("github-token", &[("ghu_", ALNUM, 36)]),
    ("github-token", &[("ghs_", ALNUM, 36)]),
    ("github-token", &[("ghr_", ALNUM, 76)]),
    ("github-token", &[("github_pat_", ALNUM, 22), ("_", ALNUM, 59)]),
    ("gitlab-token", &[("glpat-", ALNUM, 20)]),
    ("gitlab-token", &[("gldt-", ALNUM, 20)]),
    ("gitlab-token", &[("glrt-", ALNUM, 20)]),
    ("slack-token", &[("xoxb-", DIGITS, 12), ("-", DIGITS, 12), ("-", ALNUM, 24)]),
    ("slack-token", &[("xoxp-", DIGITS, 12), ("-", DIGITS, 12), ("-", DIGITS, 12), ("-", HEX, 32)]),
    ("slack-token", &[("xapp-1-A", UPPER, 10), ("-", DIGITS, 13), ("-", HEX, 64)]),
    ("slack-token", &[("xoxe.xoxp-1-", ALNUM, 160)]),
    ("discord-token", &[("MTA", "w", 1), ("", ALNUM, 22), (".G", ALNUM, 5), (".", ALNUM, 38)]),
    ("stripe-key", &[("sk_live_", ALNUM, 24)]),
    ("stripe-key", &[("rk_live_", ALNUM, 24)]),
    ("stripe-key", &[("sk_test_", ALNUM, 24)]),
    ("stripe-key", &[("whsec_", ALNUM, 32)]),
    ("openai-key", &[("sk-", ALNUM, 48)]),
    ("openai-key", &[("sk-proj-", ALNUM, 74), ("T3Blbk", ALNUM, 74)]),
    ("openai-key", &[("sk-svcacct-", ALNUM, 74)]),
    ("anthropic-key", &[("sk-ant-api03-", ALNUM, 93), ("AA", ALNUM, 0)]),
    ("google-key", &[("AIza", ALNUM, 35)]),
    ("google-token", &[("ya29.", ALNUM, 60)]),
    ("google-secret", &[("GOCSPX-", ALNUM, 28)]),
    ("azure-secret", &[("", ALNUM, 3), ("8Q~", ALNUM, 34)]),
    ("npm-token", &[("npm_", ALNUM, 36)]),
    ("pypi-token", &[("pypi-AgEIcHlwaS5vcmc", ALNUM, 120)]),
    ("crates-token", &[("cio", ALNUM, 32)]),
    ("rubygems-token", &[("rubygems_", HEX, 48)]),
    ("docker-token", &[("dckr_pat_", ALNUM, 27)]),
    ("digitalocean-token", &[("dop_v1_", HEX, 64)]),
    ("digitalocean-token", &[("doo_v1_", HEX, 64)]),
    ("heroku-key", &[("HRKU-AA", ALNUM, 58)]),
    ("huggingface-token", &[("hf_", ALNUM, 34)]),
    ("replicate-token", &[("r8_", ALNUM, 37)]),
    ("groq-key", &[("gsk_", ALNUM, 52)]),
    ("xai-key", &[("xai-", ALNUM, 80)]),
    ("perplexity-key", &[("pplx-", ALNUM, 48)]),
    ("sendgrid-key", &[("SG.", ALNUM, 22), (".", ALNUM, 43)]),
    ("mailgun-key", &[("key-", HEX, 32)]),
    ("mailchimp-key", &[("", HEX, 32), ("-us1", "2", 1)]),
    ("twilio-key", &[("SK", HEX, 32)]),
    ("telegram-token", &[("", DIGITS, 9), (":AA", ALNUM, 33)]),
    ("shopify-token", &[("shpat_", HEX, 32)]),
    ("shopify-token", &[("shpss_", HEX, 32)]),
    ("square-token", &[("sq0atp-", ALNUM, 22)]),
    ("facebook-token", &[("EAAC", ALNUM, 160)]),
    ("paypal-token", &[("access_token$production$", "abc123", 16), ("$", HEX, 32)]),
    ("linear-key", &[("lin_api_", ALNUM, 40)]),
    ("notion-token", &[("ntn_", DIGITS, 11), ("", ALNUM, 35)]),
    ("notion-token", &[("secret_", ALNUM, 43)]),
    ("figma-token", &[("figd_", ALNUM, 40)]),
    ("atlassian-token", &[("ATATT3x", ALNUM, 180)]),
    ("airtable-token", &[("pat", ALNUM, 14), (".", HEX, 64)]),
    ("databricks-token", &[("dapi", HEX, 32)]),
    ("doppler-token", &[("dp.pt.", ALNUM, 43)]),
    ("dynatrace-token", &[("dt0c01.", ALNUM, 24), (".", ALNUM, 64)]),
    ("grafana-token", &[("glc_", ALNUM, 64)]),
    ("grafana-token", &[("glsa_", ALNUM, 32), ("_", HEX, 8)]),
    ("vault-token", &[("hvs.", ALNUM, 90)]),
    ("vault-token", &[("hvb.", ALNUM, 140)]),
    ("terraform-token", &[("", ALNUM, 14), (".atlasv1.", ALNUM, 67)]),
    ("newrelic-key", &[("NRAK-", ALNUM, 27)]),
    ("sentry-token", &[("sntrys_", ALNUM, 120)]),
    ("okta-token", &[("SSWS 00", ALNUM, 40)]),
    ("planetscale-token", &[("pscale_tkn_", ALNUM, 43)]),
    ("postman-key", &[("PMAK-", HEX, 24), ("-", HEX, 34)]),
    ("pulumi-token", &[("pul-", HEX, 40)]),
    ("prefect-key", &[("pnu_", ALNUM, 36)]),
    ("readme-key", &[("rdme_", ALNUM, 70)]),
    ("supabase-token", &[("sbp_", HEX, 40)]),
    ("netlify-token", &[("nfp_", ALNUM, 36)]),
    ("fly-token", &[("fm2_", ALNUM, 120)]),
    ("fly-token", &[("fo1_", ALNUM, 43)]),
    ("age-key", &[("AGE-SECRET-KEY-1", UPPER, 58)]),
    ("1password-token", &[("ops_eyJ", ALNUM, 260)]),
    ("1password-key", &[("A3-", UPPER, 6), ("-", UPPER, 6), ("-", UPPER, 5), ("-", UPPER, 5), ("-", UPPER, 5), ("-", UPPER, 5)]),
    ("langfuse-key", &[("sk-lf-", HEX, 8), ("-", HEX, 4), ("-4", HEX, 3), ("-", HEX, 4), ("-", HEX, 12)]),
    ("elevenlabs-key", &[("sk_", HEX, 48)]),
    ("stripe-key", &[("sk_prod_", ALNUM, 24)]),
    ("azure-key", &[("", ALNUM, 52), ("JQQJ99", ALNUM, 8), ("ACOG", ALNUM, 8)]),
    ("azure-key", &[("", ALNUM, 76), ("AZDO", ALNUM, 4)]),
    ("azure-key", &[("", ALNUM, 76), ("+ASt", ALNUM, 6), ("==", ALNUM, 0)]),
    ("bedrock-key", &[("ABSK", ALNUM, 128)]),
    ("bedrock-key", &[("bedrock-api-key-", ALNUM, 120)]),
    ("hubspot-token", &[("pat-na1-", HEX, 8), ("-", HEX, 4), ("-4", HEX, 3), ("-", HEX, 4), ("-", HEX, 12)]),
    ("firecrawl-key", &[("fc-", HEX, 32)]),
    ("render-key", &[("rnd_", ALNUM, 32)]),
    ("neon-key", &[("napi_", ALNUM, 64)]),
    ("vercel-token", &[("vcp_", ALNUM, 56)]),
    ("pinecone-key", &[("pcsk_", ALNUM, 6), ("_", ALNUM, 63)]),
    ("jina-key", &[("jina_", ALNUM, 60)]),
    ("cerebras-key", &[("csk-", ALNUM, 48)]),
    ("circleci-token", &[("CCIPAT_", ALNUM, 22), ("_", HEX, 40)]),
    ("buildkite-token", &[("bkua_", HEX, 40)]),
    ("sonar-token", &[("sqp_", HEX, 40)]),
    ("typeform-token", &[("tfp_", ALNUM, 44), ("_", ALNUM, 14)]),
    ("contentful-token", &[("CFPAT-", ALNUM, 43)]),
    ("razorpay-key", &[("rzp_live_", ALNUM, 14)]),
    ("mapbox-token", &[("sk.eyJ1Ijoi", ALNUM, 60), (".", ALNUM, 22)]),
    ("google-token", &[("1//0", ALNUM, 100)]),
    ("gitlab-token", &[("glwt-", ALNUM, 20)]),
    ("artifactory-key", &[("cmVmdGtuOj", ALNUM, 54)]),
    ("nuget-key", &[("oy2", ALNUM, 43)]),
    ("brevo-key", &[("xsmtpsib-", HEX, 64), ("-", ALNUM, 16)]),
    ("github-token", &[("v1.", HEX, 40)]),
    ("firebase-key", &[("AAAA", ALNUM, 7), (":APA91b", ALNUM, 134)]),
    ("adafruit-key", &[("aio_", ALNUM, 28)]),
    ("lob-key", &[("live_", HEX, 35)]),
    ("shippo-token", &[("shippo_test_", HEX, 40)]),
    ("easypost-key", &[("EZTK", ALNUM, 54)]),
    ("nostr-key", &[("nsec1", ALNUM, 58)]),
    ("wallet-key", &[("xprv", ALNUM, 107)]),
    ("jwt", &[("eyJ", ALNUM, 33), (".eyJ", ALNUM, 60), (".", ALNUM, 43)]),
];

fn token(parts: Parts, seed: u64) -> String {
    let mut maker = Maker(seed);
    parts.iter().fold(String::new(), |out, (literal, alphabet, length)| out + literal + &maker.some(alphabet, *length))
}

/// Texts that have nothing to hide.
const PLAIN: &[&str] = &[
    r#"commit 672df70a1b2c3d4e5f60718293a4b5c6d7e8f901"#,
    r#"672df70 cli: commands"#,
    r#"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"#,
    r#"integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="#,
    r#""integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==","#,
    r#"checksum = "c982642fa9e8606056828ee9a8505737230110bb1099153c79efe865c59d12ba""#,
    r#"ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4""#,
    r#"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"#,
    r#"/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0a"#,
    r#"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"#,
    r#"https://npmjs.com/package/@scope/name http://localhost:8080/a@b mailto:bob@example.org"#,
    r#"git@github.com:o/r.git ssh://git@host/x package@1.2.3 https://x.y:8443/p?q=1&page=2"#,
    r#"password: String,"#,
    r#"let token = parser.next_token();"#,
    r#"api_key = os.environ["API_KEY"]"#,
    r#"password = getpass()"#,
    r#"token: &str, secret = config.secret"#,
    r#"if password == other_password"#,
    r#"PASSWORD_MIN_LENGTH = 12"#,
    r#"--token <TOKEN> --password PASSWORD"#,
    r#"api_key=YOUR_API_KEY password=******** PASSWORD="${DB_PASSWORD}" TOKEN=$TOKEN PASS=%PASS%"#,
    r#"token: {{ secrets.TOKEN }} ${{ secrets.GITHUB_TOKEN }} process.env.TOKEN"#,
    r#""token": null, "max_tokens": 4096, max_tokens=4096 tokens: 1234 input_tokens: 88"#,
    r#"public_key: abc123def456ghi789 primary_key = "abc123def456ghi789""#,
    r#"foreign_key = user_id cache_key="user:42" sort_key"#,
    r#"the password is wrong; token: a word that names; secret: nobody knows"#,
    r#"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1234567890abcdefghijklmnopqrstuvwxyzABCD bob@host"#,
    r#"task-1234567890abcdef1234567890abcdef12 disk-encryption risk-based-authentication-strategy-2024"#,
    r#"my-deployment-7d4b9c6f5-x2x9k nginx@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"#,
    r#"01ARZ3NDEKTSV4RRFFQ69G5FAV V1StGXR8_Z5jdHi6B-myT 123e4567-e89b-12d3-a456-426614174000"#,
    r#"00:1A:2B:3C:4D:5E #ff00aa ISBN 978-3-16-148410-0 +49 170 1234567"#,
    r#"const { token, secret } = props; this.token = token; self.password = password"#,
    r#"fn token(&self) -> Token { self.token.clone() } password: Option<String>"#,
    r#"type Props = { password: string; token?: string | null }"#,
    r#"<input type="password" name="password" placeholder="Enter your password">"#,
    r#""password": "Enter your password", "password": "string", { "type": "password" }"#,
    r#"token: ${{ steps.app.outputs.token }} -e TOKEN=$(cat /run/secrets/token)"#,
    r#"PWD=/home/user/x OLDPWD=/tmp PASSWORD_FILE=/run/secrets/db SECRET_NAME=my-secret"#,
    r#"key: value key=value "key": "abc123def456ghi789jkl" key: 0123456789abcdef0123456789abcdef"#,
    r#"tokenizer: "cl100k_base" token_type: bearer "token_type": "Bearer" tokenize=porter"#,
    r#"expect(password).toBe("x") password_hash password.length >= 8 if (password.length < 8)"#,
    r#"const secret = crypto.randomBytes(32).toString("hex")"#,
    r#"SECRET_KEY = get_random_secret_key() SECRET_KEY = os.getenv("SECRET_KEY2")"#,
    r#"Authorization: Bearer <token> Authorization: Bearer $TOKEN 'Authorization': `Bearer ${token}` Authorization: Basic auth"#,
    r#"Cookie: theme=dark; lang=en_US Set-Cookie: a=b; Path=/"#,
    r#"curl -u $USER:$PASS https://x curl -u user:password https://x"#,
    r#"postgres://user:password@localhost/db postgres://${USER}:${PASS}@h https://<user>:<pass>@h"#,
    r#"mysql -u root -p db mysqldump --port=3306 -P 3306"#,
    r#"password=password, token=token, secret=None, api_key=api_key)"#,
    r#"  token: generate_token_v2(),"#,
    r#"Passwort: das 秘密 パスワード: пароль token: 令牌"#,
    r#"password_token_regex = r"[A-Za-z0-9]{20,}" token = re.compile(r"\w+")"#,
    r#"!function(e,t){var n=e.token||t.key;return n?r(n):o.secret=i}(a,b);"#,
    r#"use crate::token::Token; pub secret: Secret<String>, pub token: u64, token: [u8; 32]"#,
    r#"error: invalid token: unexpected `}` token: Ident("foo1bar2")"#,
    r#""passwords don't match" password: must be at least 8 characters"#,
    r#"test redact::tokens_are_kept_2024 ... ok AKIA AIza ghp_ sk- glpat- xoxb-"#,
    r#"<private key> of `<private>` and a lone </private>"#,
    r"tantivy: token:\w+ AND secret:[a TO z]",
    r#"<div class="sk-fading-circle sk-circle-12"><a href="/reset-password?token=..."></a></div>"#,
    "fn reset_password_sends_token_2024() {}",
    r#"W/"0815-etag" If-None-Match: "686897696a7c876b7e""#,
    "2026-11-20T10:00:00.123Z v1.2.3-rc.1+build.5 1.0.0-alpha",
    r#"token = "user"; secret = 'config-name'; api_key = "api-key-name""#,
    "PATH=/usr/local/bin:/usr/bin HOME=/root MONKEY=banana2000 KEYBOARD=qwerty1234",
    "rule.token.kind == TokenKind::Ident && key.len() > 3",
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are read from the environment",
    "Set the `password` field, then the `token`: both are required.",
    "export const selectToken = (state) => state.auth.token;",
    r#""author": "Bob <bob@example.org>", "authority": "x509v3root""#,
    r#""password": "Passwort", "login.password": "Contraseña", "#,
    "passphrase: 'sample',",
    "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
    "ENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
    "the key: 9fceb02d0ae598e95dc970b74767f19372d61af8 of the cache",
    "#define CKO_PRIVATE_KEY 0x00000003UL\n#define TOKEN_FLAG2 a1b2c3d4e5f6a7",
    "[user]\n\tsigningkey = 06280BDDCC4B5B32109F90317650AB1770ED1058",
    "COMMIT_KEY=9fceb02d0ae598e95dc970b74767f19372d61af8",
    "mysql:8.0 container -p3307:3306",
    "next_token: eyJsYXN0IjoxMjN9",
    "Token: 0x7ffee4b2c3d8",
    "Password: min8chars",
    "SSH_AUTH_SOCK=/tmp/ssh-Ab1Cd2Ef3/agent.1234 TOKEN_PATH=/run/secrets/Ab1Cd2",
    "The column identified by `userId2` and identified by \"colUsed1\", as `password` or `salt4Hash` say.",
    "the password is stored; with password hashing; set the password to something; the key: value; API key management",
    "| password | Yes | v1.2.3 |\n| token | 12.5 | 99.123 |",
    "`[token]` or `#[regex]`; t.pass(\"tests/run-pass/*.rs\"); ensure_password(\"user1\")",
    "aws secretsmanager get-secret-value --secret-id prod/db/p4ssw0rd",
    "cache-key-0123456789abcdef0123456789abcdef is no key",
    "if password != \"abc123\" || token == \"abc123\" { }",
    "https://medium.com:443/@user http://localhost:3000/a@b postgres://localhost:5432/a@b",
    "CREATE TABLE users (name TEXT, password VARCHAR(255)); SET PASSWORD = 'x'",
    "Local&lt;Private&gt; and \\u003cprivate\\u003e alone",
    "UNRESERVED_PAT = r\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~\"",
];

/// What is read, what is kept; `§` stands for a key made up for the occasion, `¶` for a password.
const ASSIGNED: &[(&str, &str)] = &[
    ("DB_PASSWORD=hunter2! next", "DB_PASSWORD=[redacted:password] next"),
    ("export API_TOKEN=§ # prod", "export API_TOKEN=[redacted:token] # prod"),
    (r#"{"password": "hunter2-x", "a": 1}"#, r#"{"password": "[redacted:password]", "a": 1}"#),
    (r#"{\"password\": \"hunter2-x\"}"#, r#"{\"password\": \"[redacted:password]\"}"#),
    ("password: hunter2!\nnext: x", "password: [redacted:password]\nnext: x"),
    (r#"const API_KEY = "§";"#, r#"const API_KEY = "[redacted:api-key]";"#),
    (r#"let token: &str = "§";"#, r#"let token: &str = "[redacted:token]";"#),
    ("'client_secret' => '§',", "'client_secret' => '[redacted:secret]',"),
    (r#"config["password"] = "letmein""#, r#"config["password"] = "[redacted:password]""#),
    ("curl -u bob:hunter2x https://x.y", "curl -u bob:[redacted:password] https://x.y"),
    (
        "curl -H 'Authorization: Bearer §' -u bob:hunter2x https://x.y",
        "curl -H 'Authorization: Bearer [redacted:authorization]' -u bob:[redacted:password] https://x.y",
    ),
    ("curl -H 'x-api-key: §' https://x.y", "curl -H 'x-api-key: [redacted:api-key]' https://x.y"),
    ("mysql -u root -pSECRETx1 db", "mysql -u root -p[redacted:password] db"),
    ("tool --password hunter2x --token=§", "tool --password [redacted:password] --token=[redacted:token]"),
    ("postgres://app:s3cr3t@db.host:5432/x", "postgres://app:[redacted:url-password]@db.host:5432/x"),
    ("redis://:pw@1bc@host/0", "redis://:[redacted:url-password]@host/0"),
    ("Server=x;User Id=sa;Password=Pa$$w0rd;", "Server=x;User Id=sa;Password=[redacted:password];"),
    ("Server=x;Uid=sa;Pwd=geheim;", "Server=x;Uid=sa;Pwd=[redacted:password];"),
    ("host=localhost user=bob password=secret dbname=x", "host=localhost user=bob password=[redacted:password] dbname=x"),
    ("machine x.com login bob password hunter2x", "machine x.com login bob password [redacted:password]"),
    ("//registry.npmjs.org/:_authToken=§", "//registry.npmjs.org/:_authToken=[redacted:token]"),
    ("Cookie: sessionid=§; theme=dark", "Cookie: sessionid=[redacted:cookie]; theme=dark"),
    ("Set-Cookie: sid=§; Path=/; HttpOnly", "Set-Cookie: sid=[redacted:cookie]; Path=/; HttpOnly"),
    ("aws_secret_access_key = §", "aws_secret_access_key = [redacted:aws-secret-key]"),
    ("https://x.y/z?access_token=§&b=1", "https://x.y/z?access_token=[redacted:token]&b=1"),
    ("https://x.y/z?a=1&sig=§&b", "https://x.y/z?a=1&sig=[redacted:signature]&b"),
    ("https://x.y/z?X-Amz-Signature=§", "https://x.y/z?X-Amz-Signature=[redacted:signature]"),
    ("AccountName=x;AccountKey=§==;EndpointSuffix=y", "AccountName=x;AccountKey=[redacted:azure-key];EndpointSuffix=y"),
    ("<password>hunter2x</password>", "<password>[redacted:password]</password>"),
    ("- name: DB_PASSWORD\n  value: hunter2x\n", "- name: DB_PASSWORD\n  value: [redacted:password]\n"),
    ("spring.datasource.password=hunter2", "spring.datasource.password=[redacted:password]"),
    ("https://hooks.slack.com/services/T0/B0/§", "https://hooks.slack.com/services/[redacted:slack-webhook]"),
    (
        "https://discord.com/api/webhooks/123456789012345678/§§",
        "https://discord.com/api/webhooks/123456789012345678/[redacted:discord-webhook]",
    ),
    (r#""Authorization": "Basic §""#, r#""Authorization": "Basic [redacted:basic-auth]""#),
    ("token\\u003d§ x", "token\\u003d[redacted:token] x"),
    ("     3→DB_PASSWORD=¶", "     3→DB_PASSWORD=[redacted:password]"),
    ("     3→password = ¶", "     3→password = [redacted:password]"),
    ("config.ini:12:password = ¶", "config.ini:12:password = [redacted:password]"),
    ("+password = ¶", "+password = [redacted:password]"),
    ("password = ¶  ; comment", "password = [redacted:password]  ; comment"),
    ("password = ¶ // comment", "password = [redacted:password] // comment"),
    ("│ password = ¶ │", "│ password = [redacted:password] │"),
    ("\u{1b}[36mDB_PASSWORD\u{1b}[0m=\u{1b}[32m¶\u{1b}[0m", "\u{1b}[36mDB_PASSWORD\u{1b}[0m=\u{1b}[32m[redacted:password]\u{1b}[0m"),
    (
        "\u{1b}[34m\"password\"\u{1b}[0m: \u{1b}[32m\"¶\"\u{1b}[0m",
        "\u{1b}[34m\"password\"\u{1b}[0m: \u{1b}[32m\"[redacted:password]\"\u{1b}[0m",
    ),
    ("{\"name\": \"DB_PASSWORD\", \"value\": \"¶\"}", "{\"name\": \"DB_PASSWORD\", \"value\": \"[redacted:password]\"}"),
    ("{\n  \"Key\": \"API_KEY\",\n  \"Value\": \"§\"\n}", "{\n  \"Key\": \"API_KEY\",\n  \"Value\": \"[redacted:api-key]\"\n}"),
    ("<entry key=\"password\">¶</entry>", "<entry key=\"password\">[redacted:password]</entry>"),
    ("<password><![CDATA[¶]]></password>", "<password><![CDATA[[redacted:password]]]></password>"),
    ("&quot;password&quot;:&quot;¶&quot;", "&quot;password&quot;:&quot;[redacted:password]&quot;"),
    ("%22password%22%3A%22¶%22", "%22password%22%3A%22[redacted:password]%22"),
    ("AWS_SECRET_ACCESS_KEY=/§", "AWS_SECRET_ACCESS_KEY=[redacted:aws-secret-key]"),
    ("DB_PASSWORD=\"/¶\"", "DB_PASSWORD=\"[redacted:password]\""),
    ("VAULT_TOKEN=s.§", "VAULT_TOKEN=[redacted:token]"),
    ("API_TOKEN=a§.b§", "API_TOKEN=[redacted:token]"),
    ("DB_PASSWORD=#¶", "DB_PASSWORD=[redacted:password]"),
    ("DB_PASSWORD==¶", "DB_PASSWORD=[redacted:password]"),
    ("DB_PASSWORD=~¶", "DB_PASSWORD=[redacted:password]"),
    ("tool --password x(¶ y", "tool --password [redacted:password] y"),
    ("DB_PASSWORD=x[¶", "DB_PASSWORD=[redacted:password]"),
    ("DB_PASSWORD=\"¶%s\"", "DB_PASSWORD=\"[redacted:password]\""),
    ("password: ¶&3", "password: [redacted:password]"),
    ("password: ¶|x", "password: [redacted:password]"),
    ("tool --password -¶", "tool --password [redacted:password]"),
    ("postgres://u:¶/ss@h/d", "postgres://u:[redacted:url-password]@h/d"),
    ("postgres://u:¶(?#,;{@h/d", "postgres://u:[redacted:url-password]@h/d"),
    ("CREATE USER a PASSWORD '¶';", "CREATE USER a PASSWORD '[redacted:password]';"),
    ("ALTER USER 'a'@'%' IDENTIFIED BY '¶';", "ALTER USER 'a'@'%' IDENTIFIED BY '[redacted:password]';"),
    ("SET PASSWORD FOR a = PASSWORD('¶');", "SET PASSWORD FOR a = PASSWORD('[redacted:password]');"),
    ("user:¶@tcp(localhost:3306)/db", "user:[redacted:url-password]@tcp(localhost:3306)/db"),
    ("Set-Cookie: connect.sid=§; Path=/", "Set-Cookie: connect.sid=[redacted:cookie]; Path=/"),
    ("SOME_PW=¶", "SOME_PW=[redacted:password]"),
    ("mot de passe : ¶", "mot de passe : [redacted:password]"),
    ("contraseña: ¶", "contraseña: [redacted:password]"),
    ("Kennwort: ¶", "Kennwort: [redacted:password]"),
    ("PresharedKey = §", "PresharedKey = [redacted:secret-key]"),
    ("AZURE_DEVOPS_EXT_PAT=§", "AZURE_DEVOPS_EXT_PAT=[redacted:token]"),
    ("K3S_TOKEN=K10§::server:§", "K3S_TOKEN=[redacted:token]"),
    ("const key = process.env.API_KEY || \"§\"", "const key = process.env.API_KEY || \"[redacted:api-key]\""),
    ("os.getenv(\"API_KEY\", \"§\")", "os.getenv(\"API_KEY\", \"[redacted:api-key]\")"),
    ("ENV[\"API_KEY\"] ||= \"§\"", "ENV[\"API_KEY\"] ||= \"[redacted:api-key]\""),
    ("export X=${API_KEY:-§}", "export X=${API_KEY:-[redacted:api-key]}"),
    ("define('DB_PASSWORD', '¶');", "define('DB_PASSWORD', '[redacted:password]');"),
    ("#define WIFI_PASSWORD \"¶\"", "#define WIFI_PASSWORD \"[redacted:password]\""),
    ("char password[] = \"¶\";", "char password[] = \"[redacted:password]\";"),
    ("ds.setPassword(\"¶\");", "ds.setPassword(\"[redacted:password]\");"),
    ("b.withApiKey(\"§\")", "b.withApiKey(\"[redacted:api-key]\")"),
    ("add_argument(\"--password\", default=\"¶\")", "add_argument(\"--password\", default=\"[redacted:password]\")"),
    ("ConvertTo-SecureString \"¶\" -AsPlainText", "ConvertTo-SecureString \"[redacted:password]\" -AsPlainText"),
    ("ENV API_KEY §", "ENV API_KEY [redacted:api-key]"),
    ("set -gx API_KEY §", "set -gx API_KEY [redacted:api-key]"),
    ("setx API_KEY \"§\"", "setx API_KEY \"[redacted:api-key]\""),
    ("aws configure set aws_secret_access_key §", "aws configure set aws_secret_access_key [redacted:aws-secret-key]"),
    ("docker login -u u -p ¶ r.io", "docker login -u u -p [redacted:password] r.io"),
    ("sshpass -p¶ ssh h", "sshpass -p[redacted:password] ssh h"),
    ("openssl rsa -passin pass:¶ -in x", "openssl rsa -passin pass:[redacted:password] -in x"),
    ("requirepass ¶", "requirepass [redacted:password]"),
    ("http -a u:¶ x.y", "http -a u:[redacted:password] x.y"),
    ("echo 'root:¶' | chpasswd", "echo 'root:[redacted:password]' | chpasswd"),
    ("the password is ¶.", "the password is [redacted:password]."),
    ("my password is \"¶\"", "my password is \"[redacted:password]\""),
    ("log in with password ¶", "log in with password [redacted:password]"),
    ("set the password to ¶", "set the password to [redacted:password]"),
    ("(password ¶)", "(password [redacted:password])"),
    ("here is the key: §", "here is the key: [redacted:api-key]"),
    ("my API key is §", "my API key is [redacted:api-key]"),
    ("**Password:** ¶", "**Password:** [redacted:password]"),
    ("**API key**: `§`", "**API key**: `[redacted:api-key]`"),
    ("| password | ¶ |", "| password | [redacted:password] |"),
    ("| API key | § |", "| API key | [redacted:api-key] |"),
    ("pw: ¶", "pw: [redacted:password]"),
    (r#"{"auths":{"x":{"auth":"§"}}}"#, r#"{"auths":{"x":{"auth":"[redacted:credentials]"}}}"#),
];

#[test]
fn tokens_are_known_by_their_shape_wherever_they_stand() {
    let places = [
        "Use § for it, please.",
        "let x = f(\"§\");",
        "{\"note\":\"a § b\"}",
        "run --with '§' && echo \"§\"",
        "§",
        "`§`",
        "a\n§\nb",
        "(§)",
        "x=§",
        "-§",
        "\u{1b}[32m§\u{1b}[0m",
        "x\\u003d§",
    ];
    for (n, (kind, parts)) in SHAPES.iter().enumerate() {
        for seed in 0..8 {
            let secret = token(parts, seed * 1000 + n as u64 + 7);
            let shown = format!("[redacted:{kind}]");
            for place in places {
                assert_eq!(redact(&place.replace('§', &secret)), place.replace('§', &shown), "{place} {secret}");
            }
            let assigned = redact(&format!("X_TOKEN={secret}")).into_owned();
            assert!(!assigned.contains(&secret), "{assigned}");
        }
    }
}

#[test]
fn assigned_values_are_replaced_and_their_keys_stay() {
    for (before, after) in ASSIGNED {
        let secret = format!("a1{}9z", Maker(11).some(ALNUM, 32));
        let password = format!("aB3{}9Kq", Maker(13).some(ALNUM, 4));
        assert_eq!(redact(&before.replace('§', &secret).replace('¶', &password)), *after, "{before}");
    }
}

#[test]
fn an_argument_far_down_a_line_is_taken_whole() {
    for fill in 960..1010 {
        let options = format!("curl {} -u bob:", "-".repeat(fill));
        assert_eq!(redact(&format!("{options}pässword-ü天天天天1 x")), format!("{options}[redacted:password] x"), "{fill}");
    }
}

#[test]
fn what_only_looks_like_a_secret_survives() {
    for text in PLAIN {
        assert_eq!(redact(text), *text);
    }
    let joined = PLAIN.join("\n");
    assert_eq!(redact(&joined), joined);
}

/// How a line is shown, by its number.
type Frame = fn(usize, &str) -> String;

#[test]
fn private_keys_leave_their_frame_and_public_ones_stay() {
    let line = Maker(3).some(ALNUM, 64);
    for label in ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
        let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
        let whole = format!("{begin}\n{line}\n{line}\nab12\n{end}\nrest");
        assert_eq!(redact(&whole), format!("{begin}\n[redacted:private-key]\n{end}\nrest"));
        let escaped = format!("\"key\": \"{begin}\\n{line}\\n{line}\\n{end}\\n\"");
        assert_eq!(redact(&escaped), format!("\"key\": \"{begin}\\n[redacted:private-key]\\n{end}\\n\""));
        let cut = format!("{begin}\n{line}\n{line}\nand so on, in words");
        assert_eq!(redact(&cut), format!("{begin}\n[redacted:private-key]\nand so on, in words"));
    }
    for label in ["PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY", "PGP PUBLIC KEY BLOCK"] {
        let whole = format!("-----BEGIN {label}-----\n{line}\n{line}\n-----END {label}-----\n");
        assert_eq!(redact(&whole), whole);
    }
    for label in ["RSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
        let numbers: Frame = |n, text| format!("{n:>6}→{text}");
        let searched: Frame = |n, text| format!("key.pem:{n}:{text}");
        let (removed, added): (Frame, Frame) = (|_, text| format!("-{text}"), |_, text| format!("+ {text}"));
        let (comment, box_): (Frame, Frame) = (|_, text| format!("// {text}"), |_, text| format!("│ {text} │"));
        let logged: Frame = |n, text| format!("2026-01-01 12:00:{n:02} INFO {text}");
        for frame in [numbers, searched, removed, added, comment, box_, logged] {
            let lines = [format!("-----BEGIN {label}-----"), line.clone(), line.clone(), line.clone(), format!("-----END {label}-----")];
            let framed: Vec<_> = lines.iter().enumerate().map(|(n, text)| frame(n + 8, text)).collect();
            let redacted = redact(&framed.join("\n")).into_owned();
            assert!(!redacted.contains(&line[..12]) && redacted.contains("[redacted:private-key]"), "{redacted}");
        }
        for joint in ["<br>", "%0A", "&#10;", "\\n' .\n'"] {
            let joined = [format!("-----BEGIN {label}-----"), line.clone(), line.clone(), format!("-----END {label}-----")].join(joint);
            assert!(!redact(&joined).contains(&line[..12]), "{joined}");
        }
    }
    let putty = format!("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 2\n{line}\n{line}\nPrivate-MAC: 0\n");
    assert_eq!(redact(&putty), "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 2\n[redacted:private-key]\nPrivate-MAC: 0\n");
}

#[test]
fn private_passages_are_never_kept() {
    assert_eq!(redact("a <private>b</private> c"), "a [private] c");
    assert_eq!(redact("a <PRIVATE>b <private>x\n</private> y</Private> c"), "a [private] c");
    assert_eq!(redact("a <private>b\nc"), "a [private]");
    assert_eq!(redact("talk of `<private>` and `</private>`"), "talk of `<private>` and `</private>`");
    assert_eq!(redact("`<private>x</private>`"), "`[private]`");
    assert_eq!(redact("password=\"abc <private>d\" e"), "password=\"abc [private]");
    assert_eq!(redact("Local<Private> x; Vec<private>"), "Local<Private> x; Vec<private>");
    assert_eq!(redact("a <private reason=\"x\">b</private> c <private\n>d</private>"), "a [private] c [private]");
    assert_eq!(redact(r#"{"a":"\u003cprivate\u003eb\u003c/private\u003e"}"#), r#"{"a":"[private]"}"#);
    assert_eq!(redact("a &lt;private&gt;b&lt;/private&gt; c"), "a [private] c");
    assert_eq!(redact("so<private>x</private> Vec<private> y"), "so[private] Vec<private> y");
}

#[test]
fn a_value_is_read_with_its_key() {
    let header = format!("Bearer {}", Maker(5).some(ALNUM, 40));
    let key = token(&[("ghp_", ALNUM, 36)], 1);
    let mut value = json!({
        "password": "hunter2-x", "note": "the password is wrong", "args": ["--password", "letmein", "-v"],
        "headers": {"Authorization": header, "Accept": "*/*"}, "env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"Key": "DB_PASSWORD", "Value": "hunter2"}],
        "token": null, "max_tokens": 4096, "password_hint": "a dog", (key): 1,
    });
    assert!(redact_value(&mut value));
    let expected = json!({
        "password": "[redacted:password]", "note": "the password is wrong", "args": ["--password", "[redacted:password]", "-v"],
        "headers": {"Authorization": "Bearer [redacted:authorization]", "Accept": "*/*"},
        "env": [{"name": "DB_PASSWORD", "value": "[redacted:password]"}, {"Key": "DB_PASSWORD", "Value": "[redacted:password]"}],
        "token": null, "max_tokens": 4096, "password_hint": "a dog", "[redacted:github-token]": 1,
    });
    assert_eq!(value, expected);
    assert!(!redact_value(&mut value));
}

/// What odd texts are made of.
const PIECES: &[&str] = &[
    "password=",
    "\"password\": \"",
    "token: ",
    "--token ",
    "ghp_",
    "AKIA",
    "eyJ",
    "://",
    "a:b@",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----END RSA PRIVATE KEY-----",
    "<private>",
    "</private>",
    "`",
    "\"",
    "'",
    "\\",
    "\\n",
    "\n",
    " ",
    "=",
    ":",
    ";",
    "&",
    "?",
    "curl -u ",
    "Cookie: ",
    "Authorization: Bearer ",
    ".",
    "-",
    "-us1",
    ":AA",
    "ü",
    "天",
    "[redacted:token]",
    "[private]",
    "sk-",
    "xoxe.xoxp-",
    "8Q~",
    "SECRET_KEY=",
    "</password>",
    "<password>",
    "hunter2!",
    "machine x login y password ",
    "glpat-",
    ".atlasv1.",
    "mysql -p",
    "password is ",
    "**password**: ",
    "| password | ",
    "\u{1b}[0m",
    "\u{1b}[3",
    "  12→",
    "+",
    "PASSWORD '",
    "IDENTIFIED BY '",
    "@tcp(",
    "<![CDATA[",
    "&quot;",
    "\\u003d",
    "\\u003cprivate\\u003e",
    "&lt;private&gt;",
    "&lt;/private&gt;",
    "getenv(\"API_KEY\", \"",
    "${API_KEY:-",
    "ENV API_KEY ",
    "docker login -p ",
    "\"name\": \"DB_PASSWORD\", \"value\": \"",
    "pw: ",
    "contraseña: ",
    "mot de passe ",
    "chpasswd",
    "JQQJ99",
    ":APA91b",
];

fn piece() -> impl Strategy<Value = String> {
    let tokens = (0..SHAPES.len(), any::<u64>()).prop_map(|(n, seed)| token(SHAPES[n].1, seed));
    prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(str::to_string),
        2 => tokens,
        1 => (any::<u64>(), 1..70_usize).prop_map(|(seed, length)| Maker(seed).some(ALNUM, length)),
        1 => any::<char>().prop_map(String::from),
    ]
}

#[test]
fn a_long_text_made_to_be_slow_is_read_once() {
    let units = [
        "token=",
        "secret_=",
        "?secret=",
        "token=a.",
        "A_TOKEN=x",
        "--token=",
        "token={",
        "password=/",
        "authorization=",
        "pw=",
        "AZDO",
        "+ASt",
    ];
    let text = |unit: &str| unit.repeat(300_000 / unit.len());
    for unit in units {
        assert_eq!(find(&text(unit)), [], "{unit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_run_changes_nothing(pieces in prop::collection::vec(piece(), 0..24)) {
        let text = pieces.concat();
        let found = find(&text);
        prop_assert!(found.windows(2).all(|w| w[0].range.end <= w[1].range.start));
        prop_assert!(found.iter().all(|f| !f.range.is_empty() && text.get(f.range.clone()).is_some()));
        let once = redact(&text).into_owned();
        prop_assert_eq!(redact(&once), once.as_str());
        prop_assert_eq!(found.is_empty(), once == text);
        let mut value = json!({ "password": &text, "a": [&text], (text.as_str()): 1 });
        redact_value(&mut value);
        let before = value.clone();
        redact_value(&mut value);
        prop_assert_eq!(value, before);
    }

    #[test]
    fn what_is_private_is_gone(before in 0..9_usize, inside in prop::collection::vec(piece(), 0..6), after in 0..9_usize) {
        let inside = inside.concat().replace(['<', '`'], "");
        let text = format!("{}<private>{inside}</private>{}", "a b ".repeat(before), " c d".repeat(after));
        prop_assert_eq!(redact(&text), format!("{}[private]{}", "a b ".repeat(before), " c d".repeat(after)));
    }
}
