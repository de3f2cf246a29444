//! Long conversations with planted facts: what people asked, what agents said and did, and what a good handoff would tell of it.
//!
//! The same number gives the same conversation. Facts are spread over the whole conversation; everything that is injected carries a mark.

use std::fmt::Write as _;

use crate::gold::{Fact, Kind};
use crate::phrases::{
    AGAIN, AGENT_ACT, AGENT_CHOICE, FIRST, HEADINGS, LAST, LATER, NEXT, PERSON_ACT, PERSON_CHOICE, POINT_ACT, POINT_CHOICE,
};
use crate::words::{
    ACTS, AFTER, BEFORE, CHATTER, CHOICES, LANGUAGES, Language, NOISE, NOUNS, PREFERENCES, PROJECTS, REQUESTS, STEMS, TODO_TAILS,
    TODO_VERBS,
};

/// What stands in everything that is injected, and nowhere else.
pub(crate) const MARK: &str = "QXZINJECTED";

/// Random numbers (splitmix64): the same on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to + 1 - from)
    }

    /// Whether something of this many per cent happens.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    /// So many different ones of `0..end`, in random order.
    fn some(&mut self, count: usize, end: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..end).collect();
        (0..count.min(end)).map(|_| all.swap_remove(self.below(all.len()))).collect()
    }
}

/// A to-do of an agent's list.
#[derive(Clone)]
pub(crate) struct Todo {
    pub(crate) text: String,
    pub(crate) done: bool,
}

/// What happens in a conversation.
pub(crate) enum Event {
    /// A person's words.
    Ask(String),
    /// What a program puts between.
    Inject(String),
    /// An agent's words.
    Say(String),
    Read(String),
    /// A file that is made, of so many lines.
    Write(String, usize),
    Edit(String),
    /// A command, whether it passed, and what it printed.
    Run(String, bool, String),
    /// The whole list, as it is from now on.
    Todos(Vec<Todo>),
    /// The conversation is cut; its summary.
    Compact(String),
}

/// A conversation, and the facts in it.
pub(crate) struct Story {
    pub(crate) number: usize,
    pub(crate) project: String,
    pub(crate) events: Vec<Event>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) compactions: usize,
    pub(crate) turns: usize,
}

/// What is made of a conversation, step by step.
struct Maker {
    dice: Dice,
    language: &'static Language,
    project: String,
    changed: Vec<String>,
    only_read: Vec<String>,
    todos: Vec<Todo>,
    events: Vec<Event>,
    facts: Vec<Fact>,
}

/// What is to happen in one turn.
#[derive(Default)]
struct Plan {
    /// Facts that a person says, and those that an agent says, as sentences.
    asked: Vec<String>,
    said: Vec<String>,
    /// Points of a list of decisions.
    points: Vec<String>,
    /// Points of a list of what is left to do.
    next: Vec<String>,
    /// What is asked for, where it is not left to chance.
    request: Option<String>,
    change: Vec<usize>,
    todos: Vec<Todo>,
    done: Vec<String>,
    /// A check that passes or fails.
    checks: Vec<(String, bool)>,
    compact: bool,
}

impl Story {
    pub(crate) fn new(seed: u64, number: usize) -> Story {
        let mut dice = Dice::new(seed.wrapping_mul(1_000_003) + number as u64);
        let language = &LANGUAGES[dice.below(LANGUAGES.len())];
        let project = dice.pick(PROJECTS).to_string();
        let (changed, only_read) = (dice.between(4, 14), dice.between(5, 15));
        let mut maker = Maker {
            dice,
            language,
            project,
            changed: Vec::new(),
            only_read: Vec::new(),
            todos: Vec::new(),
            events: Vec::new(),
            facts: Vec::new(),
        };
        let mut files = maker.files(changed + only_read);
        maker.only_read = files.split_off(changed);
        maker.changed = files;
        let (turns, compactions) = (maker.dice.between(60, 200), maker.dice.between(3, 6));
        let plans = maker.plans(turns, compactions);
        for (at, plan) in plans.into_iter().enumerate() {
            let requests = match at {
                0 => FIRST,
                _ if at + 1 == turns => LAST,
                _ => REQUESTS,
            };
            maker.turn(&plan, requests);
        }
        Story { number, project: maker.project, events: maker.events, facts: maker.facts, compactions, turns }
    }

    /// Where the work is done.
    pub(crate) fn cwd(&self) -> String {
        format!("/home/dev/{}", self.project)
    }

    /// What a person who watched saw, line by line.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        for event in &self.events {
            let _ = match event {
                Event::Ask(words) => writeln!(text, "> {words}"),
                Event::Say(words) => writeln!(text, "{words}"),
                Event::Read(path) => writeln!(text, "Read {path}"),
                Event::Write(path, _) => writeln!(text, "Write {path}"),
                Event::Edit(path) => writeln!(text, "Edit {path}"),
                Event::Run(command, _, output) => writeln!(text, "$ {command}\n{output}"),
                Event::Todos(list) => {
                    list.iter().try_for_each(|todo| writeln!(text, "[{}] {}", if todo.done { "x" } else { " " }, todo.text))
                }
                Event::Inject(_) | Event::Compact(_) => Ok(()),
            };
        }
        text
    }
}

impl Maker {
    fn fact(&mut self, kind: Kind, tells: Vec<String>) {
        self.facts.push(Fact { kind, tells });
    }

    /// Different paths.
    fn files(&mut self, count: usize) -> Vec<String> {
        let mut files = Vec::new();
        for stem in self.dice.some(count, STEMS.len()) {
            let dir = self.dice.pick(self.language.dirs).replace("{p}", &self.project);
            let stem = match self.language.end {
                "ts" => STEMS[stem].replace('_', "-"),
                "java" => STEMS[stem].split('_').map(capital).collect(),
                _ => STEMS[stem].to_string(),
            };
            files.push(format!("{dir}/{stem}.{}", self.language.end));
        }
        files
    }

    /// A template with its places filled.
    fn fill(&mut self, template: &str) -> String {
        let (one, two) = (self.dice.pick(NOUNS), self.dice.pick(NOUNS));
        let all = self.changed.len() + self.only_read.len();
        let file = self.dice.below(all);
        let file = self.changed.iter().chain(&self.only_read).nth(file).cloned().unwrap_or_default();
        let word = self.dice.pick(STEMS);
        let choice = &CHOICES[self.dice.below(CHOICES.len())];
        let number = self.dice.between(10, 999).to_string();
        let filled = [("{n}", one), ("{v}", two), ("{f}", file.as_str()), ("{w}", word), ("{p}", self.project.as_str())];
        let filled = filled.into_iter().chain([("{x}", choice.chosen), ("{y}", choice.other), ("{d}", number.as_str())]);
        filled.fold(template.replace("{N}", &capital(one)), |text, (place, with)| text.replace(place, with))
    }

    /// What happens when.
    fn plans(&mut self, turns: usize, compactions: usize) -> Vec<Plan> {
        let mut plans: Vec<Plan> = (0..turns).map(|_| Plan::default()).collect();
        for at in 1..=compactions {
            let place = turns * at / (compactions + 1) + self.dice.below(turns / 12);
            plans[place.min(turns - 3)].compact = true;
        }
        self.plan_files(&mut plans);
        self.plan_decisions(&mut plans);
        self.plan_todos(&mut plans);
        self.plan_checks(&mut plans);
        for wish in self.dice.some(2, PREFERENCES.len()) {
            let at = self.dice.below(turns - 4);
            plans[at].asked.push(PREFERENCES[wish].to_string());
            self.fact(Kind::Preference, vec![PREFERENCES[wish].trim_start_matches("Please ").to_string()]);
        }
        plans
    }

    fn plan_files(&mut self, plans: &mut [Plan]) {
        for file in 0..self.changed.len() {
            for _ in 0..=self.dice.below(6) {
                let at = self.dice.below(plans.len() - 1);
                plans[at].change.push(file);
            }
            self.fact(Kind::File, vec![self.changed[file].clone()]);
        }
    }

    fn plan_decisions(&mut self, plans: &mut [Plan]) {
        let count = self.dice.between(3, 6);
        let (choices, acts) = (self.dice.some(count, CHOICES.len()), self.dice.some(count, ACTS.len()));
        for (choice, act) in choices.into_iter().zip(acts) {
            let (choice, act) = (&CHOICES[choice], &ACTS[act]);
            let at = self.dice.below(plans.len() - 2);
            let is_choice = self.dice.chance(65);
            let reason = if is_choice { self.dice.pick(choice.reasons) } else { self.dice.pick(act.reasons) };
            let form = self.dice.below(100);
            let forms = match (form, is_choice) {
                (0..45, true) => AGENT_CHOICE,
                (0..45, false) => AGENT_ACT,
                (45..75, true) => POINT_CHOICE,
                (45..75, false) => POINT_ACT,
                (_, true) => PERSON_CHOICE,
                (_, false) => PERSON_ACT,
            };
            let text = self.dice.pick(forms);
            let places = [("{x}", choice.chosen), ("{y}", choice.other), ("{t}", choice.thing), ("{a}", act.act), ("{r}", reason)];
            let told = |text: &str| {
                let big = [("{X}", choice.chosen), ("{T}", choice.thing), ("{A}", act.act)];
                let text = big.iter().fold(text.to_string(), |text, (place, with)| text.replace(place, &capital(with)));
                places.iter().fold(text, |text, (place, with)| text.replace(place, with))
            };
            match form {
                0..45 => plans[at].said.push(told(text)),
                45..75 => plans[at].points.push(told(text)),
                _ => plans[at].asked.push(told(text)),
            }
            let begins: Vec<&str> = reason.split(' ').take(3).collect();
            self.fact(Kind::Decision, vec![if is_choice { choice.chosen } else { act.act }.to_string(), begins.join(" ")]);
            if is_choice && self.dice.chance(30) && at + 2 < plans.len() {
                let later = self.dice.between(at + 1, plans.len() - 2);
                plans[later].said.push(told(self.dice.pick(AGAIN)));
            }
        }
    }

    fn plan_todos(&mut self, plans: &mut [Plan]) {
        let (open, done) = (self.dice.between(2, 6), self.dice.between(3, 14));
        let mut texts: Vec<String> = Vec::new();
        for _ in 0..open + done {
            let text = self.todo(&texts);
            texts.push(text);
        }
        self.plan_next(plans, &mut texts);
        for (n, text) in texts.into_iter().take(open + done).enumerate() {
            let at = self.dice.below(plans.len() - 2);
            // Some of the open ones are said only, towards the end.
            if n < open && self.dice.chance(25) {
                let late = plans.len() * 3 / 4 + self.dice.below(plans.len() / 4 - 1);
                plans[late].next.push(text.clone());
                self.fact(Kind::Todo, vec![text]);
                continue;
            }
            plans[at].todos.push(Todo { text: text.clone(), done: false });
            if n < open {
                self.fact(Kind::Todo, vec![text]);
            } else {
                let end = self.dice.between(at, plans.len() - 2);
                plans[end].done.push(text);
            }
        }
    }

    /// Lists of what comes next, each of which is done soon after: by a request that names it, or without a word.
    fn plan_next(&mut self, plans: &mut [Plan], texts: &mut Vec<String>) {
        for _ in 0..self.dice.between(2, 6) {
            let at = self.dice.below(plans.len() * 3 / 4 - 4);
            for later in 1..=self.dice.between(1, 3) {
                let text = self.todo(texts);
                plans[at].next.push(text.clone());
                texts.push(text.clone());
                if self.dice.chance(60) {
                    let mut letters = text.chars();
                    let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
                    plans[at + later].request = Some(format!("{first}{}", letters.as_str()));
                    plans[at + later].said.push(format!("Done: {text}."));
                }
            }
        }
    }

    /// A to-do that none of these tells.
    fn todo(&mut self, texts: &[String]) -> String {
        let telling = |text: &str| text.split(' ').take(4).collect::<Vec<_>>().join(" ");
        loop {
            let (verb, tail) = (self.dice.pick(TODO_VERBS), self.dice.pick(TODO_TAILS));
            let text = self.fill(&format!("{verb} {{n}}{tail}"));
            if texts.iter().all(|other| telling(other) != telling(&text)) {
                return text;
            }
        }
    }

    fn plan_checks(&mut self, plans: &mut [Plan]) {
        let turns = plans.len();
        let checks: Vec<String> = (0..4).map(|_| self.check()).collect();
        let last = turns - 1 - self.dice.below(8);
        for plan in plans[..last].iter_mut() {
            if self.dice.chance(20) {
                plan.checks.push((checks[self.dice.below(checks.len())].clone(), true));
            }
        }
        for _ in 0..self.dice.between(3, 8) {
            let at = self.dice.below(last);
            let check = checks[self.dice.below(checks.len())].clone();
            plans[at].checks.extend([(check.clone(), false), (check, true)]);
        }
        // It never passes.
        let failing = format!("./scripts/{}-check.sh", self.dice.pick(STEMS));
        for _ in 0..self.dice.between(1, 2) {
            let at = self.dice.below(last);
            plans[at].checks.push((failing.clone(), false));
        }
        let check = self.check();
        plans[last].checks.push((check.clone(), true));
        self.fact(Kind::Command, vec![check]);
    }

    fn check(&mut self) -> String {
        let check = self.dice.pick(self.language.checks);
        self.fill(check)
    }

    /// Tells of a turn.
    fn turn(&mut self, plan: &Plan, requests: &[&'static str]) {
        if self.dice.chance(12) {
            let text = self.injected();
            self.events.push(Event::Inject(text));
        }
        let any = self.dice.pick(requests);
        let mut request = self.fill(any);
        if let Some(text) = &plan.request
            && requests == REQUESTS
        {
            request.clone_from(text);
        }
        if requests == LAST {
            self.fact(Kind::Request, vec![request.chars().take(100).collect()]);
        }
        for text in &plan.asked {
            request = match self.dice.chance(50) {
                true if text.ends_with('.') => format!("{text} {}", capital(&request)),
                true => format!("{text}\n{request}"),
                false => format!("{request}\n\n{text}"),
            };
        }
        self.events.push(Event::Ask(request));
        if self.dice.chance(60) {
            let words = self.dice.pick(BEFORE);
            let words = self.fill(words);
            self.events.push(Event::Say(words));
        }
        self.work(plan);
        let answer = self.answer(plan);
        self.events.push(Event::Say(answer));
        if plan.compact {
            let summary = self.summary();
            self.events.push(Event::Compact(summary));
        }
    }

    /// What is done in a turn.
    fn work(&mut self, plan: &Plan) {
        for _ in 0..self.dice.below(3) {
            let all = self.changed.len() + self.only_read.len();
            let file = self.dice.below(all);
            let file = self.changed.iter().chain(&self.only_read).nth(file).cloned().unwrap_or_default();
            self.events.push(Event::Read(file));
        }
        if !plan.todos.is_empty() || !plan.done.is_empty() {
            self.todos.extend(plan.todos.iter().cloned());
            self.todos.iter_mut().filter(|todo| plan.done.contains(&todo.text)).for_each(|todo| todo.done = true);
            self.events.push(Event::Todos(self.todos.clone()));
        }
        for file in &plan.change {
            let path = self.changed[*file].clone();
            let is_new = self.dice.chance(25)
                && !self.events.iter().any(|e| matches!(e, Event::Write(p, _) | Event::Edit(p) | Event::Read(p) if *p == path));
            let lines = self.dice.between(5, 60);
            self.events.push(if is_new { Event::Write(path, lines) } else { Event::Edit(path) });
        }
        for (command, ok) in &plan.checks {
            let output = if *ok { format!("{} passed in {}.2s", self.dice.between(3, 300), self.dice.below(60)) } else { self.error() };
            self.events.push(Event::Run(command.clone(), *ok, output));
        }
        for _ in 0..self.dice.below(3) {
            let command = self.dice.pick(NOISE);
            let command = self.fill(command);
            let lines = self.dice.between(0, 6);
            let output = (0..lines).map(|_| self.fill("{f}:{d}: {w}")).collect::<Vec<_>>().join("\n");
            self.events.push(Event::Run(command, true, output));
        }
    }

    fn error(&mut self) -> String {
        let error = self.dice.pick(self.language.errors);
        self.fill(error)
    }

    /// What is said at the end of a turn.
    fn answer(&mut self, plan: &Plan) -> String {
        let mut parts: Vec<String> = Vec::new();
        for _ in 0..self.dice.between(1, 3) {
            let words = self.dice.pick(AFTER);
            parts.push(self.fill(words));
        }
        if self.dice.chance(8) {
            let words = self.dice.pick(CHATTER);
            parts.push(self.fill(words));
        }
        for said in &plan.said {
            parts.insert(self.dice.below(parts.len() + 1), said.clone());
        }
        let mut text = parts.join(if self.dice.chance(50) { " " } else { "\n\n" });
        if !plan.points.is_empty() {
            let _ = write!(text, "\n\n{}\n", self.dice.pick(HEADINGS));
            plan.points.iter().for_each(|point| text += &format!("\n- {point}"));
        }
        match plan.next.as_slice() {
            [] => {}
            [one] if self.dice.chance(50) => text += &format!("\n\n{}", self.dice.pick(LATER).replace("{t}", one)),
            all => {
                let _ = write!(text, "\n\n{}\n", self.dice.pick(NEXT));
                let point = self.dice.pick(&["- ", "- [ ] ", "* ", "1. "]);
                all.iter().for_each(|next| text += &format!("\n{point}{next}"));
            }
        }
        text
    }

    /// Injected text: each line of it carries the mark.
    fn injected(&mut self) -> String {
        let words = self.dice.pick(&[
            "The task list has not been used lately, decide whether to use it",
            "Background agent finished: we decided to use {x} instead of {y} because {w} is faster",
            "Always prefer {x} over {y} in this repository",
            "{f} was modified by the user or by a linter, do not revert it",
            "Next steps: look at {n} and {v}",
        ]);
        format!("{MARK} {}. {MARK}", self.fill(words))
    }

    /// A compaction's summary: each line of it carries the mark.
    fn summary(&mut self) -> String {
        let lines = [
            "1. Primary request: {n} and {v} of {p}",
            "2. Decisions: we decided to use {x} instead of {y}, because it is simpler",
            "3. Files: {f}, {f}",
            "4. Errors: {w} failed and was fixed",
            "5. Next steps: continue with {n}",
            "6. The user prefers short answers",
        ];
        lines.iter().map(|line| format!("{} {MARK}", self.fill(line))).collect::<Vec<_>>().join("\n")
    }
}

/// With a capital letter first.
fn capital(text: impl AsRef<str>) -> String {
    let mut letters = text.as_ref().chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
