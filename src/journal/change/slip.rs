//! Slips of the pen: which words may stand for each other, and which never.

/// Whether one word may be the other one, misspelt.
pub(super) fn of_words(a: &str, b: &str) -> bool {
    let (n, m) = (a.chars().count(), b.chars().count());
    if n.max(m) == 1 || n.abs_diff(m) > 2 || is_firm(a) || is_firm(b) || apart(a, b) || turned(a, b) || turned(b, a) {
        return false;
    }
    strsim::osa_distance(a, b) <= if n.min(m) >= 8 { 2 } else { 1 }
}

/// Whether a word is a negation or a number: no other word stands for it.
pub(super) fn is_firm(word: &str) -> bool {
    // Korean negates within the word: 있다, 없다.
    NEGATIONS.contains(&word) || NUMBERS.contains(&word) || word.contains(['없', '않', '못'])
}

fn apart(a: &str, b: &str) -> bool {
    a != b && APART.contains(&a) && APART.contains(&b)
}

/// Whether a character stands for a negation or a number.
pub(super) fn is_firm_char(c: char) -> bool {
    "不没沒无無非未别別勿莫否一二三四五六七八九十百千万萬亿億零两兩〇".contains(c)
}

/// How often the negations of more than one character stand in a run.
pub(super) fn negations(run: &str) -> [usize; 5] {
    ["ない", "なく", "なかっ", "なけれ", "ません"].map(|word| run.matches(word).count())
}

/// Whether `b` is `a` with a prefix that turns its meaning round, or with the opposite one.
fn turned(a: &str, b: &str) -> bool {
    const TURNING: [&str; 10] = ["un", "in", "im", "ir", "il", "dis", "de", "non", "mis", "a"];
    const OPPOSITE: [(&str, &str); 9] =
        [("in", "ex"), ("im", "ex"), ("in", "de"), ("en", "de"), ("en", "un"), ("a", "de"), ("max", "min"), ("an", "ab"), ("auf", "ab")];
    let stem = |word: &str, prefix: &str, other: &str, with: &str| {
        word.strip_prefix(prefix).zip(other.strip_prefix(with)).is_some_and(|(a, b)| a == b && a.chars().count() > 3)
    };
    TURNING.iter().any(|p| stem(a, "", b, p)) || OPPOSITE.iter().any(|(p, q)| stem(a, p, b, q))
}

/// Without apostrophes.
const NEGATIONS: [&str; 79] = [
    "не",
    "нет",
    "ни",
    "без",
    "no",
    "not",
    "non",
    "none",
    "never",
    "nothing",
    "nobody",
    "nowhere",
    "neither",
    "nor",
    "cannot",
    "without",
    "nicht",
    "nichts",
    "nie",
    "niemals",
    "niemand",
    "nirgends",
    "kein",
    "keine",
    "keinen",
    "keinem",
    "keiner",
    "keines",
    "ohne",
    "weder",
    "noch",
    "ne",
    "pas",
    "sans",
    "jamais",
    "ni",
    "sin",
    "nunca",
    "nada",
    "não",
    "senza",
    "mai",
    "niet",
    "geen",
    "isnt",
    "arent",
    "wasnt",
    "werent",
    "dont",
    "doesnt",
    "didnt",
    "cant",
    "couldnt",
    "wont",
    "wouldnt",
    "shouldnt",
    "mustnt",
    "hasnt",
    "havent",
    "hadnt",
    "neednt",
    "shant",
    "aint",
    "mightnt",
    "oughtnt",
    "nope",
    "noone",
    "nein",
    "keins",
    "keinerlei",
    "nirgendwo",
    "niemandem",
    "niemanden",
    "nix",
    "rien",
    "ningún",
    "nem",
    "nessuno",
    "nooit",
];

const NUMBERS: [&str; 29] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "zero", "hundred", "ein", "eins",
    "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf", "null", "hundert",
];

/// Words that are slips where they are misspelt, but never stand for each other.
const APART: [&str; 53] = [
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "million",
    "millions",
    "billion",
    "billions",
    "trillion",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "zwanzig",
    "vierzig",
    "fünfzig",
    "sechzig",
    "siebzig",
    "achtzig",
    "neunzig",
    "juni",
    "juli",
    "june",
    "july",
    "jan",
    "jun",
    "jul",
    "dec",
    "dez",
    "okt",
    "oct",
];
