//! Change: whether two texts say the same, or one adds to the other.
//!
//! *Cosmetic* is a difference in case, punctuation, emphasis, whitespace, wrapping, list markers or heading levels, or a
//! word replaced by one that differs by a slip of the pen. Numbers, code, paths, links and negations are never cosmetic.

/// A word, or something that must stay exactly as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Lower-cased word.
    Word(String),
    /// Run of a script without word borders.
    Run(String),
    /// Number, code, path, link, name with inner marks: compared exactly.
    Exact(String),
}

/// Whether two Markdown texts differ at most cosmetically.
pub fn is_cosmetic(a: &str, b: &str) -> bool {
    a == b || same_tokens(&tokens(a), b)
}

/// Whether work was added, completed or removed between two versions of a log.
pub fn is_substantive(before: &str, after: &str) -> bool {
    let body = |text: &str| text[super::frontmatter::block(text).map_or(0, |b| b.end)..].to_string();
    !is_cosmetic(&body(before), &body(after))
}

/// The same for a text whose tokens are known.
pub fn same_tokens(a: &[Token], b: &str) -> bool {
    let b = tokens(b);
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| slip(a, b))
}

/// Number of words in a text; each character of a script without word borders counts.
pub fn word_count(text: &str) -> usize {
    tokens(text).iter().map(|t| if let Token::Run(run) = t { run.chars().count() } else { 1 }).sum()
}

/// The words of a Markdown text, without its marks.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('`') {
        let ticks = rest[open..].bytes().take_while(|b| *b == b'`').count();
        let fence = &rest[open..open + ticks];
        let Some(close) = rest[open + ticks..].find(fence) else { break };
        plain_tokens(&rest[..open], &mut out);
        out.push(Token::Exact(rest[open + ticks..open + ticks + close].to_string()));
        rest = &rest[open + ticks + close + ticks..];
    }
    plain_tokens(rest, &mut out);
    out
}

fn plain_tokens(text: &str, out: &mut Vec<Token>) {
    for line in text.lines() {
        let line = line.trim_start();
        let (task, body) = task_mark(line);
        out.extend(task);
        for chunk in body.split_whitespace() {
            chunk_tokens(chunk, out);
        }
    }
}

/// List markers and heading marks go; a box stays, as ticking it is work done.
fn task_mark(line: &str) -> (Option<Token>, &str) {
    let body = line.trim_start_matches(['#', '>']).trim_start();
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let body = match body[digits..].chars().next() {
        Some('.' | ')') if digits > 0 && body[digits + 1..].starts_with(' ') => body[digits + 1..].trim_start(),
        Some('-' | '*' | '+') if digits == 0 && body[1..].starts_with(' ') => body[1..].trim_start(),
        _ => body,
    };
    match body.as_bytes() {
        [b'[', mark, b']', b' ', ..] => (Some(Token::Exact(format!("[{}]", (*mark as char).to_ascii_lowercase()))), &body[4..]),
        _ => (None, body),
    }
}

fn chunk_tokens(chunk: &str, out: &mut Vec<Token>) {
    if let Some(open) = chunk.find("](") {
        chunk_tokens(&chunk[..open], out);
        let target = chunk[open + 2..].trim_end_matches(|c: char| c != ')').trim_end_matches(')');
        out.push(Token::Exact(if target.is_empty() { chunk[open + 2..].to_string() } else { target.to_string() }));
        return;
    }
    let core = chunk.trim_matches(|c: char| {
        !c.is_alphanumeric()
            && !matches!(c, '/' | '\\' | '$' | '@' | '+' | '#' | '=' | '<' | '>' | '%' | '&' | '|' | '^' | '~' | '✅' | '🚧' | '📊')
    });
    let core = core.trim_matches(['~', '|', '#', '>', '<']);
    if core.is_empty() || matches!(core, "&" | "/" | "=" | "+") {
        if matches!(core, "=" | "+") {
            out.push(Token::Exact(core.to_string()));
        }
        return;
    }
    if is_exact(core) {
        out.push(Token::Exact(core.trim_matches(['*', '_']).to_string()));
        return;
    }
    for word in core.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’').filter(|w| !w.is_empty()) {
        runs(word, out);
    }
}

/// Whether a bare chunk is more than words: digits, or marks that paths, names in code and addresses have inside.
fn is_exact(core: &str) -> bool {
    let bare = core.replace(['*', '_'], "");
    let inner = |c: char| core.trim_matches(c).contains(c);
    bare.chars().any(char::is_numeric)
        || core.contains(['/', '\\', '$', '@', '+', '=', '%', '^', '✅', '🚧', '📊'])
        || core.contains("::")
        || inner('_') && core.trim_matches('_').split('_').all(|p| p.chars().all(char::is_alphanumeric))
        || dotted(core)
        || core.starts_with("--")
        || camel(&bare)
}

fn dotted(core: &str) -> bool {
    let chars: Vec<char> = core.chars().collect();
    chars.windows(3).any(|w| w[1] == '.' && w[0].is_alphanumeric() && w[2].is_alphanumeric())
}

fn camel(word: &str) -> bool {
    let chars: Vec<char> = word.chars().collect();
    let humps = chars.windows(2).filter(|w| w[0].is_lowercase() && w[1].is_uppercase()).count();
    humps > 0 && chars.iter().all(|c| c.is_alphanumeric())
}

fn no_borders(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff | 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff)
}

fn runs(word: &str, out: &mut Vec<Token>) {
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let run = no_borders(first);
        let end = rest.find(|c| no_borders(c) != run).unwrap_or(rest.len());
        let (head, tail) = rest.split_at(end);
        rest = tail;
        if run {
            out.push(Token::Run(head.to_string()));
        } else if acronym(head) {
            out.push(Token::Exact(head.to_string()));
        } else {
            out.push(Token::Word(head.to_lowercase().replace('’', "'")));
        }
    }
}

/// `EU`, `A`: names, not words that are misspelt.
fn acronym(word: &str) -> bool {
    let letters = word.chars().count();
    letters <= 4 && letters > 1 && word.chars().all(char::is_uppercase)
}

fn slip(a: &Token, b: &Token) -> bool {
    match (a, b) {
        (Token::Word(a), Token::Word(b)) => a == b || word_slip(a, b),
        (Token::Run(a), Token::Run(b)) => a == b || run_slip(a, b),
        (Token::Exact(a), Token::Word(b)) | (Token::Word(b), Token::Exact(a)) => acronym(a) && a.to_lowercase() == *b,
        _ => a == b,
    }
}

fn word_slip(a: &str, b: &str) -> bool {
    let (n, m) = (a.chars().count(), b.chars().count());
    let most = if n.min(m) >= 8 { 2 } else { 1 };
    if n.max(m) == 1 || negation(a) || negation(b) || negated(a, b) || negated(b, a) || NUMBERS.contains(&a) || NUMBERS.contains(&b) {
        return false;
    }
    strsim::osa_distance(a, b) <= most
}

fn run_slip(a: &str, b: &str) -> bool {
    const KEEP: &str = "不没沒无無非未别別勿莫否一二三四五六七八九十百千万萬亿億零两兩〇";
    let count = |text: &str, c: char| text.chars().filter(|d| *d == c).count();
    a.chars().count().max(b.chars().count()) > 1
        && strsim::osa_distance(a, b) <= 1
        && KEEP.chars().all(|c| count(a, c) == count(b, c))
        && a.contains("ない") == b.contains("ない")
}

fn negation(word: &str) -> bool {
    const WORDS: [&str; 40] = [
        "no", "not", "non", "none", "never", "nothing", "nobody", "nowhere", "neither", "nor", "cannot", "without", "nicht", "nichts",
        "nie", "niemals", "niemand", "nirgends", "kein", "keine", "keinen", "keinem", "keiner", "keines", "ohne", "weder", "noch", "ne",
        "pas", "sans", "jamais", "ni", "sin", "nunca", "nada", "não", "senza", "mai", "niet", "geen",
    ];
    WORDS.contains(&word) || word.ends_with("n't")
}

/// Whether `b` is `a` with a prefix that turns its meaning round.
fn negated(a: &str, b: &str) -> bool {
    ["un", "in", "im", "ir", "il", "dis", "de", "non", "mis", "a"].iter().any(|p| b.strip_prefix(p) == Some(a) && a.chars().count() > 3)
}

const NUMBERS: [&str; 26] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "ein", "eins", "zwei", "drei",
    "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf", "hundert",
];

#[cfg(test)]
mod tests {
    use super::is_cosmetic;

    #[test]
    fn slips_of_the_pen_are_cosmetic() {
        for (a, b) in [
            ("- Use JWT for tokens", "* use JWT for **tokens**."),
            ("Recieve the forecast", "Receive the forecast"),
            ("the quick\nbrown fox", "the quick brown fox"),
            ("## Summary", "### summary"),
            ("configuraton of the fallbak", "configuration of the fallback"),
            ("Die Vorhersge ist da", "Die Vorhersage ist da"),
            ("天气预报服务", "天气预抱服务"),
            ("- [ ] Write tests", "1. [ ] Write tests"),
        ] {
            assert!(is_cosmetic(a, b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn meaning_is_substantive() {
        for (a, b) in [
            ("Use 3 retries", "Use 4 retries"),
            ("It is now cached", "It is not cached"),
            ("- [ ] Write tests", "- [x] Write tests"),
            ("see src/main.rs", "see src/mains.rs"),
            ("run `cargo test`", "run `cargo tests`"),
            ("entry 1-17", "entry 1-18"),
            ("Task A", "Task B"),
            ("Deploy to EU", "Deploy to US"),
            ("Das ist nie richtig", "Das ist die richtig"),
            ("这是可用的", "这是不可用的"),
            ("possible", "impossible"),
            ("one more word", "one more word here"),
            ("see [docs](https://a.example/x)", "see [docs](https://a.example/y)"),
            ("see [[20261119-01]]", "see [[20261119-02]]"),
            ("use user_name", "use user_names"),
            ("eine Regel", "keine Regel"),
        ] {
            assert!(!is_cosmetic(a, b), "{a:?} {b:?}");
        }
    }
}
