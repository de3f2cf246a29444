//! Facts that a handoff should tell, and whether a text tells them.

/// What sort of fact it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    File,
    Todo,
    Decision,
    Command,
    Request,
    /// For information: it is not among what a handoff has to reach.
    Preference,
}

impl Kind {
    /// Those that count.
    pub(crate) const ALL: [Kind; 5] = [Kind::File, Kind::Todo, Kind::Decision, Kind::Command, Kind::Request];
}

/// A fact: the words that tell it.
pub(crate) struct Fact {
    pub(crate) kind: Kind,
    pub(crate) tells: Vec<String>,
}

impl Fact {
    /// Whether a text tells it.
    ///
    /// A file by its path, or by its directory before its name on one line. A command as it was run. Everything else by its words, whatever
    /// the markup, the case, and the spaces: a to-do by all of them, a request by its first hundred characters; a decision by what was
    /// chosen and the first three words of the reason, both on one line.
    pub(crate) fn is_told(&self, text: &str) -> bool {
        match self.kind {
            // Its end may be within a word.
            Kind::Request => worded(text).contains(worded(&self.tells.concat()).trim_end()),
            _ => self.lines(text) > 0,
        }
    }

    /// Lines that tell it.
    pub(crate) fn lines(&self, text: &str) -> usize {
        text.lines().filter(|line| self.stands_in(line)).count()
    }

    fn stands_in(&self, line: &str) -> bool {
        match self.kind {
            Kind::File => self.tells.iter().all(|path| line.contains(path.as_str()) || by_directory(path, line)),
            Kind::Command => self.tells.iter().all(|command| line.contains(command.as_str())),
            _ => {
                let line = worded(line);
                self.tells.iter().all(|words| line.contains(&worded(words)))
            }
        }
    }
}

/// Whether a line names a directory, and then this file in it as a word of its own.
fn by_directory(path: &str, line: &str) -> bool {
    let Some((dir, name)) = path.rsplit_once('/') else { return false };
    let Some((before, after)) = line.split_once(&format!("{dir}/")) else { return false };
    let is_word = before.ends_with(['`', ' ']) || before.is_empty();
    is_word && !after.is_empty() && after.split(|c: char| c.is_whitespace() || "`,{}()".contains(c)).any(|word| word == name)
}

/// The words of a text, in small letters, with one space before and after each.
pub(crate) fn worded(text: &str) -> String {
    let mut words = String::from(" ");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words += &word.to_lowercase();
        words.push(' ');
    }
    words
}

/// Facts that are told, and all of them, of a kind or of all that count.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) told: usize,
    pub(crate) all: usize,
}

impl Share {
    pub(crate) fn add(&mut self, is_told: bool) {
        self.all += 1;
        self.told += usize::from(is_told);
    }

    pub(crate) fn part(self) -> f64 {
        self.told as f64 / self.all.max(1) as f64
    }
}
