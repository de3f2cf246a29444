//! Reading what people and agents wrote: paragraphs, list items under their headings, sentences. Nothing is rewritten, only cut.

/// A part of a Markdown text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// A heading, without its marks.
    Heading(&'t str),
    /// A list item, without its marker; what continues it is joined.
    Item(String),
    /// One that is ticked or struck out.
    Done(String),
    /// A paragraph, its lines joined.
    Paragraph(String),
}

/// The parts of a text, without code blocks, quotes and tables.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut open = false;
    for line in text.lines() {
        let bare = line.trim();
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark)) {
            match fence {
                Some(began) if began == mark => fence = None,
                Some(_) => {}
                None => fence = Some(mark),
            }
            open = false;
            continue;
        }
        if fence.is_some() || bare.is_empty() || bare.starts_with(['>', '|']) || line.starts_with("    ") && !open {
            open = false;
            continue;
        }
        if let Some(heading) = heading(bare) {
            parts.push(Part::Heading(heading));
            open = false;
        } else if let Some(item) = item(bare) {
            parts.push(item);
            open = true;
        } else {
            match parts.last_mut() {
                Some(Part::Item(text) | Part::Done(text) | Part::Paragraph(text)) if open => {
                    text.push(' ');
                    text.push_str(bare);
                }
                _ => parts.push(Part::Paragraph(bare.to_string())),
            }
            open = true;
        }
    }
    parts
}

/// What a heading says; a line that is bold as a whole, or ends with a colon after it, is one too.
fn heading(line: &str) -> Option<&str> {
    let hashes = line.len() - line.trim_start_matches('#').len();
    if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
        return Some(line[hashes..].trim().trim_matches(['*', '_', ':']));
    }
    let bold = line.strip_suffix(':').unwrap_or(line).strip_prefix("**")?.strip_suffix("**")?;
    (!bold.contains("**") && bold.len() < 60).then(|| bold.trim_end_matches(':'))
}

/// A list item; a box is no part of it.
fn item<'t>(line: &str) -> Option<Part<'t>> {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = match digits {
        0 => line.strip_prefix(['-', '*', '+', '•']),
        1..=3 => line[digits..].strip_prefix(['.', ')']),
        _ => None,
    };
    let rest = rest?.strip_prefix(' ')?.trim_start();
    let ticked = ["[x] ", "[X] ", "[-] "].into_iter().find_map(|held| rest.strip_prefix(held));
    let struck = rest.starts_with("~~") && rest.len() > 4 && rest.ends_with("~~");
    let said = ticked.or_else(|| rest.strip_prefix("[ ] ")).unwrap_or(rest);
    let part = if ticked.is_some() || struck { Part::Done } else { Part::Item };
    (!said.is_empty()).then(|| part(said.to_string()))
}

/// The sentences of a paragraph, in which dots inside of code and names end nothing.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut code) = (0, false);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '`' {
            code = !code;
        }
        let ends = match c {
            '.' | '!' | '?' => !code && !is_short(&text[start..at]),
            '。' | '！' | '？' => !code,
            _ => false,
        };
        if !ends {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some((next, closing)) = chars.peek().copied().filter(|(_, c)| matches!(c, '.' | '!' | '?' | '"' | ')' | '*' | '”' | '_'))
        {
            end = next + closing.len_utf8();
            chars.next();
        }
        let wide = c.len_utf8() > 1;
        let rest = &text[end..];
        let begins = rest.trim_start().chars().next().is_none_or(|c| !c.is_lowercase());
        if wide || rest.is_empty() || (rest.starts_with(char::is_whitespace) && begins) {
            found.push(text[start..end].trim());
            start = end;
        }
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// Whether a dot here belongs to a word that was shortened, or to a number in a list.
fn is_short(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default().to_lowercase();
    matches!(word.as_str(), "e.g" | "i.e" | "e" | "i" | "etc" | "vs" | "cf" | "resp" | "approx" | "no" | "z.b" | "d.h")
}

/// The text without marks of emphasis; code keeps its own.
pub(crate) fn plain(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for (n, piece) in text.split('`').enumerate() {
        if n > 0 {
            all.push('`');
        }
        if n % 2 == 1 { all.push_str(piece) } else { all.push_str(&piece.replace("**", "").replace("__", "")) }
    }
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text up to so many characters, cut between words.
pub(crate) fn short(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= most {
        return text.to_string();
    }
    let cut = text.char_indices().nth(most - 1).map_or(text.len(), |(at, _)| at);
    let word = text[..cut].rfind(char::is_whitespace).filter(|at| *at > cut / 2).unwrap_or(cut);
    let mut kept = text[..word].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '–' | '—' | '-')).to_string();
    // Half of a piece of code is none.
    if kept.matches('`').count() % 2 == 1 {
        kept.push('`');
    }
    kept + "…"
}

/// The text without a mark at its end.
pub(super) fn open_ended(text: &str) -> &str {
    text.trim().trim_end_matches(['.', ';', ',', ':']).trim_end()
}

/// Whether two texts name the same thing: the same words but for articles, plurals, and what stands in parentheses.
pub(crate) fn alike(one: &str, other: &str) -> bool {
    fn words(text: &str) -> Vec<String> {
        let (mut depth, mut bare) = (0_usize, String::with_capacity(text.len()));
        for c in text.chars() {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                c if depth == 0 => bare.extend(c.to_lowercase()),
                _ => {}
            }
        }
        let words = bare.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '/'))).map(|word| word.trim_matches('.'));
        let words = words.filter(|word| !matches!(*word, "" | "a" | "an" | "the"));
        words.map(|word| word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word).to_string()).collect()
    }
    let (one, other) = (words(one), words(other));
    one.len() > 2 && one == other
}

/// The text on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Addresses in a text, as they stand there.
pub(super) fn urls(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let url = &rest[at..];
        let end = url.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`' | '|' | '\\' | '^' | '{' | '}' | '…'));
        let mut url = &url[..end.unwrap_or(url.len())];
        rest = &rest[at + url.len().max(1)..];
        loop {
            let before = url;
            url = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', ']']);
            if url.ends_with(')') && url.matches('(').count() < url.matches(')').count() {
                url = &url[..url.len() - 1];
            }
            if url == before {
                break;
            }
        }
        if url.len() > 10 && !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_people_end_them() {
        let text = "Done. `greet_cli.py` now accepts `--json`. See e.g. v1.2 of it! \"Is it fast?\" Yes… no.";
        assert_eq!(
            sentences(text),
            ["Done.", "`greet_cli.py` now accepts `--json`.", "See e.g. v1.2 of it!", "\"Is it fast?\"", "Yes… no."]
        );
        assert_eq!(sentences("一つ。二つ。"), ["一つ。", "二つ。"]);
    }

    #[test]
    fn items_stand_under_their_headings() {
        let text = "Intro\ngoes on\n\n## Next steps:\n1. One\n   more\n2. [ ] Two\n```\n- code\n```\n**Decisions**\n- Three";
        let told: Vec<String> = parts(text).iter().map(|p| format!("{p:?}")).collect();
        assert_eq!(
            told,
            [
                "Paragraph(\"Intro goes on\")",
                "Heading(\"Next steps\")",
                "Item(\"One more\")",
                "Item(\"Two\")",
                "Heading(\"Decisions\")",
                "Item(\"Three\")"
            ]
        );
    }

    #[test]
    fn addresses_are_cut_where_they_end() {
        let text = "See https://a.example/b_(c), (http://d.example/e#f). <https://g.example> and https://a.example/b_(c)";
        assert_eq!(urls(text), ["https://a.example/b_(c)", "http://d.example/e#f", "https://g.example"]);
    }

    #[test]
    fn the_same_thing_is_known_in_other_words() {
        assert!(alike("Add a test for non-ASCII names", "Add a test for a non-ASCII name (`greet_cli.py --json Zoë`)"));
        assert!(!alike("Add a test for ASCII names", "Add a test for non-ASCII names"));
        assert!(!alike("Fix it", "fix it"));
        assert!(!alike("Release v1.2 of parser", "Release v1.3 of parser"));
    }

    #[test]
    fn long_texts_are_cut_between_words() {
        assert_eq!(short("one two three", 9), "one two…");
        assert_eq!(short("one `two three`", 10), "one `two`…");
        assert_eq!(plain("**Use `a**b`** now"), "Use `a**b` now");
    }
}
