//! Carrying forward: open next items of a log that was handed off go on in a new one, and are completed in all logs at once.
//!
//! A carried item says where it was open first, and since when: `- [ ] Rotate the keys ([[20261119-02]], 2026-11-19)`. That is
//! all that is kept of it; the link follows as any other does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, Utc};

use super::catalogue::Catalogue;
use super::change::{self, Texts};
use super::complete::{begins_block, boxes, nested};
use super::edit::{Edited, Editor, Outcome};
use super::entry::NewEntry;
use super::error::Result;
use super::outline::{Entry, Form, Outline, marker_len};
use super::profile::{Profile, State};
use super::store::{Lock, Store, Written};
use super::{Journal, Log, Place};

/// Whether a box says that something is still to be done; what stands in it otherwise may mean anything.
pub(crate) fn is_pending(task: char) -> bool {
    !matches!(task, 'x' | 'X' | '-')
}

/// From so many items on, they are carried in one go.
const MANY: usize = 50;

/// Section and kind of what is carried.
const NEXT: &str = "next";

/// What says of an item that it was carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The bytes of it, with the blank before.
    pub range: Range<usize>,
    /// Id of the log in which the item was open first.
    pub origin: String,
    /// The day on which it was known first.
    pub since: NaiveDate,
}

/// The mark of an item that was carried: ` ([[20261119-02]], 2026-11-19)`.
pub fn mark(text: &str) -> Option<Mark> {
    text.rmatch_indices(" ([[").find_map(|(at, open)| {
        let inner = at + open.len();
        let (link, rest) = text[inner..].split_once("]], ").filter(|(link, _)| !link.contains(['\n', '[', ']']))?;
        let since = NaiveDate::parse_from_str(rest.get(..10)?, "%Y-%m-%d").ok().filter(|_| rest[10..].starts_with(')'))?;
        let name = link.split(['|', '#']).next().unwrap_or_default().trim();
        let name = name.rsplit('/').next().unwrap_or(name);
        let origin = name.strip_suffix(".md").unwrap_or(name).to_string();
        let end = text.len() - rest.len() + 11;
        (!origin.is_empty()).then_some(Mark { range: at..end, origin, since })
    })
}

/// An item's text without its mark.
pub fn words(text: &str) -> Cow<'_, str> {
    match mark(text) {
        Some(mark) => Cow::Owned(format!("{}{}", &text[..mark.range.start], &text[mark.range.end..])),
        None => Cow::Borrowed(text),
    }
}

/// The bytes of the paragraph that an item begins with; lists and the like may follow.
pub(crate) fn paragraph(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().map_or(0, str::len);
    let all = first + lines.take_while(|line| !begins_block(line)).map(str::len).sum::<usize>();
    text[..all].trim_end().len()
}

/// All of an item as it would stand without its marker: its words, and what is nested in it.
pub(crate) fn whole(outline: &Outline, entry: &Entry) -> String {
    let indent = marker_len(outline.line(entry.lines.start));
    let nested = |n: usize| {
        let line = outline.line(n);
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        &line[blanks.min(indent)..]
    };
    let first = outline.text[entry.content.clone()].trim();
    let lines: Vec<&str> = std::iter::once(first).chain((entry.lines.start + 1..entry.lines.end).map(nested)).collect();
    lines.join("\n")
}

/// Words and priority of an item whose profile writes the priority behind the words: `Rotate the keys (high priority)`.
pub fn ranked(text: &str) -> (&str, Option<&str>) {
    let inner = text.strip_suffix(" priority)").and_then(|text| text.rsplit_once(" ("));
    inner.filter(|(_, rank)| !rank.contains(' ')).map_or((text, None), |(words, rank)| (words, Some(rank)))
}

/// Whether two items are the same one, whatever their marks and priorities.
fn same(a: &str, b: &str) -> bool {
    change::is_cosmetic(named(&words(a)), named(&words(b)))
}

/// What an item without a mark is known by: its first words, without its priority.
pub fn named(words: &str) -> &str {
    ranked(&words[..paragraph(words)]).0
}

/// An open next item, as it is carried into another log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its words, also those of what is nested in it.
    pub text: String,
    /// Its priority, where it has one.
    pub priority: Option<String>,
    /// Id of the log in which it was open first.
    pub origin: String,
    /// The day on which it was known first.
    pub since: NaiveDate,
}

impl Item {
    fn read(outline: &Outline, entry: &Entry, log: &Log, since: &dyn Fn(&str) -> Option<NaiveDate>) -> Option<Item> {
        let whole = whole(outline, entry);
        let bare = words(&whole);
        let (head, rest) = bare.split_at(paragraph(&bare));
        let (head, rank) = ranked(head);
        let text = format!("{head}{rest}");
        let (origin, since) = match mark(&whole) {
            Some(mark) => (mark.origin, mark.since),
            None => (log.id.clone(), since(&text)?),
        };
        let priority = entry.part.as_deref().or(rank).map(str::to_string);
        Some(Item { text, priority, origin, since })
    }

    /// The entry that it becomes.
    fn entry(&self, profile: &Profile) -> NewEntry {
        let (head, rest) = self.text.split_at(paragraph(&self.text));
        let text = format!("{head} ([[{}]], {}){rest}", self.origin, self.since);
        let known = profile.kind.get(NEXT).and_then(|kind| kind.choices.get("priority"));
        let priority = self.priority.as_deref().filter(|rank| known.is_some_and(|known| known.iter().any(|k| k == rank)));
        NewEntry::new(NEXT, &text).with("priority", priority.unwrap_or_default())
    }
}

/// What carrying items into a text came to.
#[derive(Debug, Clone, Default)]
pub struct Carried {
    /// The whole text.
    pub text: String,
    /// Items that were added, and where each stands.
    pub items: Vec<(Item, Outcome)>,
    /// What could not be carried, and why.
    pub left: Vec<String>,
}

impl Editor<'_> {
    /// Adds items that are carried forward; those that stand there already are passed over.
    pub fn carry(&self, text: &str, items: &[Item]) -> Carried {
        if items.len() < MANY {
            return self.carry_each(text, items);
        }
        // Each is added to the short text; what that puts in is put in once, all of it.
        self.carry_all(text, items).unwrap_or_else(|| self.carry_each(text, items))
    }

    /// The same in one go, behind the first item of each priority; nothing where it does not come out as it should.
    fn carry_all(&self, text: &str, items: &[Item]) -> Option<Carried> {
        let mut met = Vec::new();
        let (first, rest): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| {
            let new = !met.contains(&&item.priority);
            met.extend(new.then_some(&item.priority));
            new
        });
        let begun = self.carry_each(text, &first.into_iter().cloned().collect::<Vec<_>>());
        let base: Vec<&str> = begun.text.split_inclusive('\n').collect();
        let mut said = Texts::default();
        self.all_items(&Outline::parse(&begun.text)).iter().for_each(|(_, entry)| said.add(named(&words(&entry.text)), ()));
        let mut added: BTreeMap<usize, String> = BTreeMap::new();
        let mut put: Vec<&Item> = begun.items.iter().map(|(item, _)| item).collect();
        for item in rest {
            if !said.is_new(named(&item.text)) {
                continue;
            }
            let after = self.add(&begun.text, &item.entry(self.profile)).ok()?.text?;
            let lines: Vec<&str> = after.split_inclusive('\n').collect();
            let more = lines.len().checked_sub(base.len())?;
            let at = base.iter().zip(&lines).take_while(|(a, b)| a == b).count();
            if base[at..] != lines[at + more..] {
                return None;
            }
            added.entry(at).or_default().push_str(&lines[at..at + more].concat());
            put.push(item);
        }
        let mut whole = String::new();
        for n in 0..=base.len() {
            whole.push_str(added.get(&n).map_or("", String::as_str));
            whole.push_str(base.get(n).copied().unwrap_or_default());
        }
        let outline = Outline::parse(&whole);
        let entries = self.all_items(&outline);
        let mut places = Texts::default();
        entries.iter().for_each(|place| places.add(named(&words(&place.1.text)), place));
        let mut carried = Carried { text: whole.clone(), items: Vec::new(), left: begun.left };
        for item in put {
            let (n, entry) = *places.all(named(&item.text)).find(|(_, entry)| mark(&entry.text).is_some())?;
            let outcome = Outcome {
                action: "added",
                entry: format!("{NEXT}:{n}"),
                text: entry.text.lines().next().unwrap_or_default().to_string(),
                line: Some(entry.lines.start + 1),
            };
            carried.items.push((item.clone(), outcome));
        }
        let before = self.all_items(&Outline::parse(text)).len();
        (entries.len() == before + carried.items.len()).then_some(carried)
    }

    /// The same, one after the other.
    fn carry_each(&self, text: &str, items: &[Item]) -> Carried {
        let mut carried = Carried { text: text.to_string(), ..Carried::default() };
        for item in items {
            match self.add(&carried.text, &item.entry(self.profile)) {
                Ok(edited) => {
                    if let Some(text) = edited.text {
                        carried.text = text;
                        carried.items.push((item.clone(), edited.outcome));
                    }
                }
                Err(error) => {
                    let first = item.text.lines().next().unwrap_or_default();
                    carried.left.push(format!("`{first}` was not carried forward: {error}"));
                }
            }
        }
        carried
    }

    /// Next items that are tasks.
    fn items(&self, outline: &Outline) -> Vec<(usize, Entry)> {
        self.all_items(outline).into_iter().filter(|(_, entry)| entry.task.is_some()).collect()
    }

    /// Next items, with a box or without.
    fn all_items(&self, outline: &Outline) -> Vec<(usize, Entry)> {
        let is_item = |(n, e): &(usize, Entry)| *n > 0 && !e.placeholder && e.section == NEXT && e.form == Form::Item;
        self.entries(outline).into_iter().filter(is_item).collect()
    }

    /// Ticks the open next items that are meant, and what is nested in them.
    fn tick_items<'c>(&self, text: &str, meant: &dyn Fn(&Entry) -> Option<&'c Completed>) -> Result<(Option<String>, Vec<Outcome>)> {
        let (mut now, mut outcomes) = (None::<String>, Vec::new());
        for (n, entry) in self.items(&Outline::parse(text)) {
            let Some(item) = meant(&entry) else { continue };
            let mut ticked: Vec<Edited> = Vec::new();
            if item.done && entry.task.is_some_and(is_pending) {
                ticked.push(self.done(now.as_deref().unwrap_or(text), &format!("{NEXT}:{n}"), None)?);
                now = ticked[0].text.clone().or(now);
            }
            for words in &item.nested {
                // A tick moves nothing: the entry stands where it stood.
                let outline = Outline::parse(now.as_deref().unwrap_or(text));
                if let Some(edited) = nested(&outline, &[(n, entry.clone())], words, true) {
                    let edited = edited?;
                    now = edited.text.clone().or(now);
                    ticked.push(edited);
                }
            }
            outcomes.extend(ticked.into_iter().map(|edited| edited.outcome));
        }
        Ok((now, outcomes))
    }
}

/// An item that was completed: the log that it comes from, by name, and its words.
struct Completed {
    origin: String,
    words: String,
    /// It is done itself.
    done: bool,
    /// Words of what is nested in it and done.
    nested: Vec<String>,
}

/// A log in which items were completed.
#[derive(Debug)]
pub struct Ticked {
    /// The log.
    pub log: Log,
    /// What was written.
    pub written: Written,
    /// What became of the items.
    pub outcomes: Vec<Outcome>,
}

/// What completing items in other logs came to.
#[derive(Debug, Default)]
pub struct Elsewhere {
    /// Logs that changed.
    pub logs: Vec<Ticked>,
    /// What was left, and why.
    pub notices: Vec<String>,
}

impl Journal {
    /// The newest live log of a profile that was handed off: by its status, or, where no status means that, by an entry in its
    /// session log while it is open or paused.
    ///
    /// # Errors
    /// [`super::Error::Io`]; logs that cannot be read are passed over.
    pub fn handed_off(&self, profile: &Profile) -> Result<Option<Log>> {
        let by_status = profile.status.values().any(|status| status.state == State::HandedOff);
        let mut live: Vec<Log> = self.logs(Place::Live)?;
        live.retain(|log| log.profile.id == profile.id && profile.name.parse(&log.id).is_some());
        live.sort_by_cached_key(|log| std::cmp::Reverse(log.order()));
        let was = |log: &Log| match log.summary(&self.root, false).ok().and_then(|summary| summary.state) {
            Some(State::HandedOff) => true,
            Some(State::Open | State::Paused) => !by_status && self.says_handoff(log).unwrap_or(false),
            _ => false,
        };
        Ok(live.into_iter().find(was))
    }

    fn says_handoff(&self, log: &Log) -> Result<bool> {
        let text = log.read()?;
        let placeholders = self.placeholders(&log.profile)?;
        let entries = Outline::parse(&text).numbered(&log.profile, &placeholders);
        let titled = |e: &Entry| e.text.split_once(" - ").is_some_and(|(_, who)| who.trim().eq_ignore_ascii_case("handoff"));
        Ok(entries.iter().any(|(_, e)| e.section == "log" && e.form == Form::Block && titled(e)))
    }

    /// Open next items of a log that no log after it has taken yet; `known` says since when there is such an item.
    ///
    /// # Errors
    /// [`super::Error::Io`], [`super::Error::NotUtf8`].
    pub fn left_open(&self, log: &Log, known: &dyn Fn(&str) -> Option<DateTime<Utc>>) -> Result<Vec<Item>> {
        Ok(self.open_items(log, known)?.0)
    }

    /// Open next items of a log that a log after it has taken.
    ///
    /// # Errors
    /// [`super::Error::Io`], [`super::Error::NotUtf8`].
    pub fn carried_on(&self, log: &Log) -> Result<Vec<Item>> {
        Ok(self.open_items(log, &|_| None)?.1)
    }

    /// Open next items: those that are left, and those that go on elsewhere.
    fn open_items(&self, log: &Log, known: &dyn Fn(&str) -> Option<DateTime<Utc>>) -> Result<(Vec<Item>, Vec<Item>)> {
        let text = log.read()?;
        let placeholders = self.placeholders(&log.profile)?;
        let created = log.summarize(&text, &self.root).created;
        let since = |words: &str| known(words).or(created).map(|time| time.date_naive());
        let outline = Outline::parse(&text);
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: created.unwrap_or_default() };
        // What has no box is to be done too.
        let open = editor.all_items(&outline).into_iter().filter(|(_, entry)| entry.task.is_none_or(is_pending));
        let mut items: Vec<Item> = open.filter_map(|(_, entry)| Item::read(&outline, &entry, log, &since)).collect();
        let mut taken = Vec::new();
        if items.is_empty() {
            return Ok((items, taken));
        }
        let catalogue = Catalogue::new(&self.root, self.logs(Place::Recent)?);
        let later = catalogue.logs.iter().filter(|other| other.place == Place::Live && other.order() > log.order());
        for other in later {
            let Ok(text) = other.read() else { continue };
            let placeholders = self.placeholders(&other.profile)?;
            let editor = Editor { profile: &other.profile, placeholders: &placeholders, path: &other.path, now: DateTime::default() };
            let there = editor.all_items(&Outline::parse(&text));
            let mut known = Texts::default();
            there.iter().for_each(|(_, entry)| known.add(named(&words(&entry.text)), entry));
            for item in std::mem::take(&mut items) {
                let from = id_of(&catalogue, &item.origin);
                // Somebody may have written it down again.
                let has = |entry: &Entry| match mark(&entry.text) {
                    Some(_) => is_from(&catalogue, entry, &from),
                    // What stands below it may not have been.
                    None => {
                        entry.task.is_none_or(is_pending)
                            && (named(&item.text).len() == item.text.trim_end().len() || change::is_cosmetic(&entry.text, &item.text))
                    }
                };
                let goes_on = known.all(named(&item.text)).any(|entry| has(entry));
                if goes_on { &mut taken } else { &mut items }.push(item);
            }
        }
        Ok((items, taken))
    }

    fn holds(&self, log: &Log, text: &str, meant: &dyn Fn(&Entry) -> bool) -> Result<bool> {
        if !text.contains(" ([[") {
            return Ok(false);
        }
        let placeholders = self.placeholders(&log.profile)?;
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: DateTime::default() };
        Ok(editor.items(&Outline::parse(text)).iter().any(|(_, entry)| meant(entry)))
    }

    /// Completes next items that are done in a log, in the log that they come from and in all live logs that carry them too.
    ///
    /// `text` is the log's, `entries` names the items as `SECTION:N`. Without a lock and store nothing is written.
    ///
    /// # Errors
    /// [`super::Error::Io`]; a log that cannot be changed is left, and said.
    pub fn complete_elsewhere(
        &self,
        (log, text): (&Log, &str),
        entries: &[&str],
        now: DateTime<Utc>,
        write: Option<(&Store, &Lock)>,
    ) -> Result<Elsewhere> {
        let mut elsewhere = Elsewhere::default();
        let all = self.completed(log, text, entries)?;
        let own = !all.is_empty() && all.iter().all(|item| item.origin == log.id);
        // Items are carried into logs that begin later: most often there are none.
        if all.is_empty() || (own && !self.logs(Place::Live)?.iter().any(|other| other.order() > log.order())) {
            return Ok(elsewhere);
        }
        let catalogue = Catalogue::new(&self.root, self.logs(Place::Recent)?);
        let from: Vec<String> = all.iter().map(|item| id_of(&catalogue, &item.origin)).collect();
        for other in &catalogue.logs {
            let is_origin = from.contains(&other.id);
            if other.path == log.path || !(is_origin || other.place == Place::Live) {
                continue;
            }
            let meant = |entry: &Entry| {
                let is = |(item, from): &(&Completed, &String)| {
                    let here = if mark(&entry.text).is_some() { is_from(&catalogue, entry, from) } else { other.id == **from };
                    here && same(&entry.text, &item.words)
                };
                all.iter().zip(&from).find(is).map(|(item, _)| item)
            };
            let holds = |text: String| self.holds(other, &text, &|entry| meant(entry).is_some()).unwrap_or(false);
            if !is_origin && !other.read().is_ok_and(holds) {
                continue;
            }
            let mut outcomes = Vec::new();
            let written = self.change(other, now, write, &mut |editor, text| {
                let (new, ticked) = editor.tick_items(text, &meant)?;
                outcomes = ticked;
                Ok(new.map(|new| (new, true)))
            });
            match written {
                Ok(written) if written.changed => elsewhere.logs.push(Ticked { log: other.clone(), written, outcomes }),
                Ok(_) => {}
                Err(error) => elsewhere.notices.push(format!("not completed in {}: {error}", other.id)),
            }
        }
        elsewhere.notices.extend(self.zipped(&catalogue, &all)?);
        Ok(elsewhere)
    }

    /// Those of some entries that are next items, and of which something is done.
    fn completed(&self, log: &Log, text: &str, entries: &[&str]) -> Result<Vec<Completed>> {
        if !entries.iter().any(|entry| entry.starts_with(NEXT)) {
            return Ok(Vec::new());
        }
        let placeholders = self.placeholders(&log.profile)?;
        let editor = Editor { profile: &log.profile, placeholders: &placeholders, path: &log.path, now: DateTime::default() };
        let outline = Outline::parse(text);
        let is_done = |task: char| matches!(task, 'x' | 'X');
        let items = editor.items(&outline).into_iter().filter(|(n, _)| entries.contains(&format!("{NEXT}:{n}").as_str()));
        let all = items.map(|(n, entry)| Completed {
            origin: mark(&entry.text).map_or_else(|| log.id.clone(), |mark| mark.origin),
            words: words(&entry.text).into_owned(),
            done: entry.task.is_some_and(is_done),
            nested: boxes(&outline, &[(n, entry)], &is_done).into_iter().map(|(_, words, ..)| words).collect(),
        });
        Ok(all.filter(|item| item.done || !item.nested.is_empty()).collect())
    }

    /// Says which origins lie in zips.
    fn zipped(&self, near: &Catalogue, all: &[Completed]) -> Result<Vec<String>> {
        let mut missing: Vec<&str> = all.iter().map(|item| item.origin.as_str()).filter(|origin| near.named(origin).is_empty()).collect();
        missing.dedup();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let catalogue = Catalogue::new(&self.root, self.logs(Place::Archived)?);
        let zip = |origin: &&str| catalogue.named(origin).first().map(|n| self.relative(&catalogue.logs[*n].path).display().to_string());
        let said = |origin: &str, zip: String| format!("{origin} lies in {zip} and stays as it is");
        Ok(missing.into_iter().filter_map(|origin| zip(&origin).map(|zip| said(origin, zip))).collect())
    }
}

/// The id that a log has now; of one that is gone, the name it had.
fn id_of(catalogue: &Catalogue, name: &str) -> String {
    catalogue.named(name).first().map_or_else(|| name.to_string(), |n| catalogue.logs[*n].id.clone())
}

/// Whether an item was carried, and comes from the log with this id.
fn is_from(catalogue: &Catalogue, entry: &Entry, id: &str) -> bool {
    mark(&entry.text).is_some_and(|mark| id_of(catalogue, &mark.origin) == id)
}

#[cfg(test)]
mod tests {
    use super::{mark, paragraph, same, words};

    #[test]
    fn a_mark_says_where_an_item_comes_from_and_since_when() {
        let found = mark("Rotate the keys ([[20261119-02]], 2026-11-19)").expect("a mark");
        assert_eq!((found.origin.as_str(), found.since.to_string().as_str()), ("20261119-02", "2026-11-19"));
        assert_eq!(mark("A ([[sessions/current/20261119-02.md#Next|there]], 2026-11-19)").expect("a mark").origin, "20261119-02");
        for (text, bare) in [
            ("Rotate the keys ([[20261119-02]], 2026-11-19)", "Rotate the keys"),
            ("Ünï ([[20261119-02]], 2026-11-19) (high priority)", "Ünï (high priority)"),
            ("One ([[a]], b) ([[20261119-02]], 2026-11-19)\n- [ ] two", "One ([[a]], b)\n- [ ] two"),
        ] {
            assert_eq!(words(text), bare);
        }
        for text in
            ["See ([[20261119-02]])", "A ([[20261119-02]], soon)", "A ([[x]], 2026-13-19)", "A ([[x]], 2026-11-1", "A ([[]], 2026-11-19)"]
        {
            assert_eq!(mark(text), None, "{text}");
        }
    }

    #[test]
    fn the_same_item_has_the_same_words() {
        assert!(same("Rotate the keys", "Rotate the **keys** ([[20261119-02]], 2026-11-19)"));
        assert!(same("Rotate the keys (high priority)", "Rotate the keys ([[20261119-02]], 2026-11-19)"));
        assert!(same("Rotate\n- [ ] one", "Rotate\n- [x] one"));
        assert!(!same("Rotate the keys", "Rotate the logs"));
        assert_eq!(paragraph("a\nb\n- c\nd"), 3);
    }
}
