//! The size of a text in tokens, and the windows of models.

use proptest::prelude::*;
use shiftlog::record::tokens::{DEFAULT_WINDOW, estimate, window_of};

/// What it is, the tokens that `o200k_base` makes of it, the text.
const SAMPLES: &[(&str, u64, &str)] = &[
    (
        "english",
        89,
        r##"The tide turns twice a day, and so does the harbour. In the morning the boats lean on the mud and children look for crabs between the ropes; by noon the water is back, the gulls have moved to the roof of the fish market, and the ferry sounds its horn. Nobody here reads a timetable. Those who have to leave look out of the window first, then at the clock, and only then for their shoes."##,
    ),
    (
        "markdown",
        139,
        r##"# Release checklist

- [x] Bump the version in `Cargo.toml`
- [x] Run `cargo test --all` and **read** the warnings
- [ ] Tag: `git tag -a v1.4.0 -m "v1.4.0"`
- [ ] Write the announcement (see [last one](docs/news/2025-03.md))

## Known issues

| Issue | Since | Owner |
|-------|-------|-------|
| #412  | 1.3.2 | Ana   |
| #430  | 1.4.0 | Jon   |

> Do not ship on a Friday.
"##,
    ),
    (
        "rust",
        100,
        r##"/// Reads the lines of a file that are not empty.
pub fn lines(path: &Path) -> Result<Vec<String>, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        lines.push(line.to_owned());
    }
    Ok(lines)
}
"##,
    ),
    (
        "json",
        116,
        r##"{"id":"0d9f6c1e-53b7-4c0e-9a57-7f1f5f0d2b11","type":"message","created_at":"2026-03-14T09:26:53.589Z","author":{"name":"Ana","roles":["admin","editor"]},"usage":{"input_tokens":18204,"output_tokens":731,"cached":true},"text":"Done: 3 files changed, 42 insertions(+), 7 deletions(-)","parent":null}"##,
    ),
    (
        "log",
        138,
        r##"2026-03-14T09:26:53.589Z  INFO server::http: listening on 127.0.0.1:8080
2026-03-14T09:26:54.102Z DEBUG server::pool: 8 workers, queue=256
2026-03-14T09:27:11.940Z  WARN server::http: GET /api/v2/items?page=17 took 1843ms
2026-03-14T09:27:12.003Z ERROR server::db: could not open /var/lib/app/data.sqlite3: database is locked (code 5)
"##,
    ),
    (
        "hashes",
        135,
        r##"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  notes.txt
60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752  data/a.bin
TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsuIA0KUmVhZCB0aGUgbWFudWFsIGZpcnN0Lg==
"##,
    ),
    (
        "chinese",
        120,
        r##"昨天下午我们把数据库迁移到了新的服务器上，整个过程大约花了两个小时。迁移完成之后，测试团队发现有几个接口的响应时间变长了，原因是索引没有重新建立。今天早上我已经补上了索引，性能恢复正常。接下来需要做的事情有三件：第一，更新部署文档；第二，给监控系统增加新的告警规则；第三，和前端同事确认分页参数的格式。如果大家没有别的意见，我打算这周五发布新版本。"##,
    ),
    (
        "japanese",
        140,
        r##"昨日の夕方、データベースを新しいサーバーへ移行しました。作業には約二時間かかりましたが、大きな問題はありませんでした。ただし、移行後にいくつかのAPIの応答が遅くなっていることが分かり、調べてみるとインデックスが作り直されていませんでした。今朝インデックスを追加したので、性能は元に戻っています。次にやることは、手順書の更新、監視ルールの追加、そして画面側の担当者とページ番号の形式を確認することです。"##,
    ),
    (
        "korean",
        134,
        r##"어제 저녁에 데이터베이스를 새 서버로 옮겼습니다. 작업은 두 시간 정도 걸렸고 큰 문제는 없었습니다. 다만 옮긴 뒤에 몇몇 API의 응답이 느려진 것을 발견했는데, 확인해 보니 색인이 다시 만들어지지 않았기 때문이었습니다. 오늘 아침에 색인을 추가해서 성능은 원래대로 돌아왔습니다. 다음으로 할 일은 문서를 고치고, 감시 규칙을 추가하고, 화면 담당자와 쪽 번호 형식을 확인하는 것입니다. 다른 의견이 없으면 금요일에 새 판을 내놓겠습니다."##,
    ),
    (
        "russian",
        114,
        r##"Вчера вечером мы перенесли базу данных на новый сервер. Работа заняла около двух часов и прошла без серьёзных проблем. Однако после переноса выяснилось, что некоторые запросы стали выполняться медленнее: индексы не были построены заново. Сегодня утром я их добавил, и скорость вернулась к прежней. Дальше нужно обновить документацию, добавить новые правила наблюдения и договориться с коллегами о формате номеров страниц. Если возражений нет, в пятницу выпустим новую версию."##,
    ),
    (
        "arabic",
        112,
        r##"في مساء أمس نقلنا قاعدة البيانات إلى الخادم الجديد، واستغرق العمل نحو ساعتين دون مشكلات كبيرة. لكننا لاحظنا بعد النقل أن بعض الطلبات أصبحت أبطأ، وتبين أن الفهارس لم تُبنَ من جديد. هذا الصباح أضفت الفهارس وعاد الأداء إلى ما كان عليه. بقي علينا تحديث الوثائق وإضافة قواعد جديدة للمراقبة والاتفاق مع الزملاء على شكل أرقام الصفحات. إذا لم تكن هناك اعتراضات فسنصدر النسخة الجديدة يوم الجمعة القادم."##,
    ),
    (
        "hindi",
        123,
        r##"कल शाम हमने डेटाबेस को नए सर्वर पर स्थानांतरित कर दिया। इस काम में लगभग दो घंटे लगे और कोई बड़ी समस्या नहीं आई। लेकिन बाद में पता चला कि कुछ अनुरोध धीमे हो गए हैं, क्योंकि अनुक्रमणिका फिर से नहीं बनाई गई थी। आज सुबह मैंने उसे जोड़ दिया और गति पहले जैसी हो गई। अब हमें दस्तावेज़ अद्यतन करने हैं, निगरानी के नए नियम जोड़ने हैं और साथियों से पृष्ठ संख्या के प्रारूप पर बात करनी है। यदि किसी को आपत्ति न हो तो शुक्रवार को नया संस्करण जारी करेंगे।"##,
    ),
    (
        "emoji",
        91,
        r##"Release day 🎉🎉 all tests green ✅ deploy started 🚀🚀🚀 thanks everyone 🙏❤️ next stop: docs 📚✍️ and bug bash 🐛🔨 on Friday 🗓️ — who is in? 🙋‍♀️🙋‍♂️ 👍🏽 👎🏿 👨‍👩‍👧‍👦 🇩🇪🇯🇵🇫🇷"##,
    ),
];

/// Scripts in which a little too much is better than a window that overflows.
const GENEROUS: &[&str] = &["chinese", "russian", "hindi"];

#[test]
fn short_texts_have_the_tokens_one_would_count() {
    for (text, tokens) in [
        ("", 0),
        (" ", 1),
        ("a", 1),
        ("Hello, world!", 4),
        ("fn main() {}\n", 4),
        ("1234567", 3),
        ("the quick brown fox jumps over the lazy dog", 9),
        ("你好", 2),
        ("🎉", 2),
    ] {
        assert_eq!(estimate(text), tokens, "{text:?}");
    }
}

#[test]
fn long_runs_are_few_tokens() {
    for run in [" ", "-", "=", "\t"] {
        let tokens = estimate(&run.repeat(80));
        assert!((1..=7).contains(&tokens), "{run:?}: {tokens}");
    }
}

#[test]
fn samples_are_close_to_a_real_tokenizer() {
    for &(name, exact, text) in SAMPLES {
        let ratio = estimate(text) as f64 / exact as f64;
        let most = if GENEROUS.contains(&name) { 1.3 } else { 1.2 };
        assert!((0.9..=most).contains(&ratio), "{name}: {ratio:.2}");
    }
}

#[test]
fn windows_are_found_by_the_longest_name() {
    for (model, window) in [
        ("claude-sonnet-4-5-20250929", 200_000),
        ("claude-2.0", 100_000),
        ("gpt-3.5-turbo-0125", 16_385),
        ("gpt-4", 8_192),
        ("gpt-4o-mini", 128_000),
        ("gpt-4.1-nano", 1_047_576),
        ("gpt-5.1-codex-mini", 400_000),
        ("gpt-5-chat-latest", 128_000),
        ("o1-mini", 128_000),
        ("o3-mini", 200_000),
        ("o4-mini-2025-04-16", 200_000),
        ("gemini-1.5-pro", 1_048_576),
        ("gemini-3-pro-preview", 1_048_576),
        ("gemma3:27b", 128_000),
        ("qwen3-coder-plus", 1_000_000),
        ("deepseek-reasoner", 128_000),
        ("llama3.1:8b", 128_000),
        ("llama3:8b", 8_192),
        ("codestral-latest", 32_000),
        ("grok-code-fast-1", 256_000),
        ("command-r-plus", 128_000),
        ("kimi-k2-0905-preview", 262_144),
        ("glm-4.6", 200_000),
        ("glm-4.6v", 128_000),
        ("phi-4-mini", 128_000),
    ] {
        assert_eq!(window_of(model), Some(window), "{model}");
    }
}

#[test]
fn windows_are_found_behind_providers_and_odd_spellings() {
    for (model, window) in [
        ("claude-sonnet-4-5[1m]", 1_000_000),
        ("Claude-Opus-4-6[1M]", 1_000_000),
        (" Claude-3-5-Haiku \n", 200_000),
        ("anthropic/claude-sonnet-4", 200_000),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 200_000),
        ("bedrock/eu.anthropic.claude-3-haiku-20240307-v1:0", 200_000),
        ("claude-sonnet-4@20250514", 200_000),
        ("openai/gpt-4.1", 1_047_576),
        ("openai.gpt-oss-120b-1:0", 131_072),
        ("ft:gpt-4o-mini-2024-07-18:org::id", 128_000),
        ("models/gemini-2.5-pro", 1_048_576),
        ("openrouter/x/grok-4-fast:free", 2_000_000),
        ("openrouter/qwen/Qwen3-Coder:free", 262_144),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", 128_000),
        ("us.meta.llama3-1-70b-instruct-v1:0", 128_000),
        ("us.deepseek.r1-v1:0", 64_000),
        ("us.amazon.nova-premier-v1:0", 1_000_000),
        ("moonshotai/Kimi-K2-Instruct", 131_072),
        ("MiniMaxAI/MiniMax-M2", 196_608),
    ] {
        assert_eq!(window_of(model), Some(window), "{model}");
    }
}

#[test]
fn unknown_models_have_no_window() {
    for model in ["", " ", "/", ".", "claud", "my-gpt-4", "anthropic/", "<synthetic>", "模型"] {
        assert_eq!(window_of(model), None, "{model}");
    }
    assert_eq!(DEFAULT_WINDOW, 128_000);
}

proptest! {
    #[test]
    fn any_text_has_one_to_as_many_tokens_as_bytes(text in any::<String>()) {
        let tokens = estimate(&text);
        prop_assert!(tokens <= text.len() as u64);
        prop_assert_eq!(tokens == 0, text.is_empty());
    }

    #[test]
    fn appending_never_lowers_the_estimate(text in "\\PC{0,200}|[ -~\n]{0,200}", more in "\\PC{0,50}|[ -~\n]{0,50}") {
        let both = estimate(&format!("{text}{more}"));
        prop_assert!(both >= estimate(&text));
    }

    #[test]
    fn two_texts_add_up(first in "([A-Za-z]{1,9}[ .,\n(]){0,60}", second in "([a-z]{1,9}[ .,\n]|[0-9]{1,7}, |[а-я]{1,9} |[一-龠]){0,60}") {
        let apart = estimate(&first) + estimate(&second);
        let joined = estimate(&format!("{first}{second}"));
        prop_assert!(joined.abs_diff(apart) <= 10);
    }

    #[test]
    fn any_name_may_be_asked_for(model in any::<String>()) {
        let _ = window_of(&model);
    }
}
