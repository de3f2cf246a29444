//! Chunks: what stands between two blanks. Numbers, paths, names in code and addresses are exact; the rest are words, and
//! runs of scripts without word borders.

use super::Token;

/// Signs that say how a thing stands; other emoji are decoration.
const SIGNS: [char; 36] = [
    '✅', '🚧', '📊', '❌', '☐', '☑', '☒', '✓', '✔', '✗', '✘', '❎', '🔴', '🟢', '🟡', '🟠', '🔵', '⚪', '⚫', '🟥', '🟩', '🟨', '👍',
    '👎', '⚠', '→', '←', '↔', '⇒', '⇐', '↑', '↓', '➡', '⬅', '⬆', '⬇',
];

/// Signs that belong to the number or name before or after them.
const FIRM: [char; 14] = ['/', '\\', '$', '@', '+', '%', '^', '€', '£', '¥', '±', '§', '°', '='];

/// Operators on their own say something; other marks do not.
const OPERATORS: [&str; 16] = ["->", "<-", "=>", "!=", "<", ">", "<=", ">=", "≤", "≥", "≠", "≈", "+", "±", "×", "%"];

/// Reads a chunk.
pub(super) fn chunk(chunk: &str, out: &mut Vec<Token>) {
    if let Some(at) = chunk.find(SIGNS) {
        let sign = chunk[at..].chars().next().map_or(0, char::len_utf8);
        bare(&chunk[..at], out);
        out.push(Token::Exact(chunk[at..at + sign].to_string()));
        return self::chunk(&chunk[at + sign..], out);
    }
    bare(chunk, out);
}

fn bare(chunk: &str, out: &mut Vec<Token>) {
    if let Some((start, end)) = address(chunk) {
        segments(&chunk[..start], out);
        out.push(Token::Exact(chunk[start..end].to_string()));
        return bare(&chunk[end..], out);
    }
    segments(chunk, out);
}

/// Where an address with `://` stands: without the punctuation behind it.
fn address(chunk: &str) -> Option<(usize, usize)> {
    let colon = chunk.find("://")?;
    let scheme = chunk[..colon].bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.')).count();
    if scheme == 0 {
        return None;
    }
    let start = colon - scheme;
    let mut before = ' ';
    let stop = chunk[colon + 3..].find(|c: char| {
        let ends = matches!(c, '<' | '>' | '"') || separates(c) || unbordered(c) && before.is_ascii_alphanumeric();
        before = c;
        ends
    });
    let mut found = &chunk[start..stop.map_or(chunk.len(), |n| colon + 3 + n)];
    loop {
        let shorter = found.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', ']', '}', '~']);
        let open = |text: &str, c: char| text.matches(c).count();
        let shorter = shorter.strip_suffix(')').filter(|s| open(s, '(') <= open(s, ')')).unwrap_or(shorter);
        if shorter.len() == found.len() {
            break;
        }
        found = shorter;
    }
    (found.len() > scheme + 3).then_some((start, start + found.len()))
}

/// Punctuation that never stands within a number, path or name.
fn separates(c: char) -> bool {
    let code = u32::from(c);
    matches!(c, '—' | '…' | '“' | '”' | '„' | '«' | '»' | '‹' | '›' | '・')
        || matches!(code, 0x3001..=0x3004 | 0x3008..=0x303f | 0xff01..=0xff0f | 0xff1a..=0xff20 | 0xff3b..=0xff40 | 0xff5b..=0xff65)
}

/// Whether a character belongs to a run: scripts without word borders are Chinese, Japanese, Thai, Lao, Burmese and Khmer.
fn unbordered(c: char) -> bool {
    let code = u32::from(c);
    let script = matches!(code, 0x3005 | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
        || matches!(code, 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff);
    let mark = matches!(code, 0x0e47..=0x0e4e | 0x0ec8..=0x0ece | 0x1037 | 0x1039 | 0x103a | 0x17c9..=0x17d3 | 0x17dd | 0x3099 | 0x309a);
    script && !separates(c) && (c.is_alphabetic() || mark)
}

fn segments(chunk: &str, out: &mut Vec<Token>) {
    for segment in chunk.split(separates).filter(|s| !s.is_empty()) {
        if segment.contains(unbordered) { mixed(segment, out) } else { plain(segment, out) }
    }
}

/// Chinese and Latin without a blank between them: `共3个`, `请看docs/天气.md`.
fn mixed(segment: &str, out: &mut Vec<Token>) {
    let mut pieces: Vec<(bool, &str)> = Vec::new();
    let mut rest = segment;
    while let Some(first) = rest.chars().next() {
        let run = unbordered(first);
        let (head, tail) = rest.split_at(rest.find(|c| unbordered(c) != run).unwrap_or(rest.len()));
        pieces.push((run, head));
        rest = tail;
    }
    let says = |piece: &str| piece.contains(|c: char| c.is_alphanumeric() || FIRM.contains(&c));
    let glues = |c: Option<char>| c.is_some_and(|c| matches!(c, '/' | '\\' | '_' | '@' | '=' | '+' | '-'));
    let mut glued = String::new();
    for (n, (run, piece)) in pieces.iter().enumerate() {
        let next = pieces.get(n + 1).map_or("", |(_, next)| *next);
        // Beside a slash or an underscore, a run is a part of a path.
        let on = match run {
            true => says(next) && (next.starts_with('.') || glues(next.chars().next())),
            false => says(piece) && !next.is_empty() && glues(piece.chars().last()),
        };
        let path = on || !glued.is_empty();
        match (path, run) {
            (true, _) => glued.push_str(piece),
            (false, true) => out.push(Token::Run((*piece).to_string())),
            (false, false) => plain(piece, out),
        }
        if !on && !glued.is_empty() {
            out.push(Token::Exact(core(&glued).to_string()));
            glued.clear();
        }
    }
}

/// Whether a mark at the beginning belongs to what follows it, as in `--flag`, `-5`, `<5`, `~/a`, `./a`, `.env`.
fn leads(text: &str) -> bool {
    let mut chars = text.chars();
    let (first, second, third) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
    match first {
        _ if first.is_alphanumeric() || FIRM.contains(&first) => true,
        '~' => second == '/' || second.is_numeric(),
        '<' | '>' | '≤' | '≥' | '≈' | '≠' => second.is_numeric() || second == '=' && third.is_numeric(),
        '.' => second == '/' || second == '.' && third == '/' || second.is_lowercase() || second.is_numeric(),
        '-' if second == '-' => third.is_alphabetic(),
        '-' | '−' => second.is_numeric() || second.is_alphabetic() && !third.is_alphanumeric(),
        _ => false,
    }
}

/// A chunk without the punctuation and the emphasis around it.
fn core(chunk: &str) -> &str {
    let mut core = chunk;
    while let Some(first) = core.chars().next() {
        // `==so==` is how Obsidian marks text.
        match core.strip_prefix("==").filter(|rest| !rest.is_empty() && !rest.starts_with('=')) {
            Some(rest) => core = rest,
            None if leads(core) => break,
            None => core = &core[first.len_utf8()..],
        }
    }
    loop {
        let last = core.chars().last().unwrap_or('a');
        let name = core.strip_suffix('#').is_some_and(|n| n.chars().count() == 1);
        if last.is_alphanumeric() || name || last != '=' && FIRM.contains(&last) || last == '=' && !core.ends_with("==") {
            return core;
        }
        core = &core[..core.len() - if last == '=' { 2.min(core.len()) } else { last.len_utf8() }];
    }
}

fn plain(chunk: &str, out: &mut Vec<Token>) {
    if OPERATORS.contains(&chunk) || chunk.bytes().all(|b| b == b'=') {
        out.push(Token::Exact(chunk.to_string()));
        return;
    }
    let core = core(chunk);
    if matches!(core, "" | "/") {
        return;
    }
    if let Some((number, unit)) = counted(core) {
        out.push(Token::Exact(number.to_string()));
        return if unit == "%" { out.push(Token::Exact(unit.into())) } else { words(unit, out) };
    }
    let after = &chunk[core.as_ptr() as usize - chunk.as_ptr() as usize + core.len()..];
    if is_exact(core, after) {
        out.push(Token::Exact(core.replace(['–', '‑', '‐'], "-")));
    } else {
        words(core, out);
    }
}

/// `3-day` is `3 day`, `5ms` is `5 ms`, `5%` is `5 %`; `20261120-01` and `GPT-4` are one thing.
fn counted(core: &str) -> Option<(&str, &str)> {
    let (number, unit) = core.split_at(core.find(|c: char| !c.is_numeric() && c != '.' && c != ',')?);
    let word = |text: &str| text.chars().all(char::is_alphabetic);
    let unit = match unit.strip_prefix('-') {
        Some(day) => Some(day).filter(|day| day.len() > 2 && word(day)),
        None => Some(unit).filter(|unit| *unit == "%" || unit.len() <= 2 && word(unit)),
    };
    unit.filter(|_| number.ends_with(char::is_numeric)).map(|unit| (number, unit))
}

/// Whether a chunk is more than words: digits, or marks that paths, names in code and addresses have inside.
fn is_exact(core: &str, after: &str) -> bool {
    let called = after.starts_with("()") && core.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | ':'));
    called
        || core.chars().any(char::is_numeric)
        || core.contains(FIRM)
        || core.contains("::")
        || core.starts_with(['-', '.'])
        || core.ends_with('#')
        || between(core, '_')
        || between(core, '.') && !abbreviated(core, after)
}

/// Whether a mark stands between letters.
fn between(core: &str, mark: char) -> bool {
    core.match_indices(mark).any(|(at, found)| {
        let before = core[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        before && core[at + found.len()..].chars().next().is_some_and(char::is_alphanumeric)
    })
}

/// `e.g.`, `z.B.`
fn abbreviated(core: &str, after: &str) -> bool {
    after.starts_with('.') && core.split('.').all(|part| part.chars().count() == 1)
}

fn words(core: &str, out: &mut Vec<Token>) {
    let silent = |c: char| matches!(c, '\'' | '’' | '‘' | 'ʼ' | '´' | '*' | '\u{300}'..='\u{36f}');
    for word in core.split(|c: char| !c.is_alphanumeric() && !silent(c)) {
        let word: String = word.chars().filter(|c| !silent(*c)).collect();
        if word.is_empty() {
            continue;
        }
        let unit = word.chars().count() <= 2 && matches!(out.last(), Some(Token::Exact(n)) if n.ends_with(char::is_numeric));
        let named = unit || acronym(&word) || camel(&word);
        out.push(if named { Token::Name(word) } else { Token::Word(word.to_lowercase().replace('ß', "ss")) });
    }
}

/// `EU`: a name, not a word that is misspelt.
fn acronym(word: &str) -> bool {
    (2..=4).contains(&word.chars().count()) && word.chars().all(char::is_uppercase)
}

/// `GitHub`: a small letter, then a capital.
fn camel(word: &str) -> bool {
    word.chars().zip(word.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase())
}
