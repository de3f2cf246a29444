//! Which conversation a line means, and making those that are new.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Transaction, named_params, params};
use serde_json::{Map, Value};

use super::{Line, Run, Target};
use crate::record::conversation::{Conversation, object_text};
use crate::record::error::Result;
use crate::record::id::ConversationId;
use crate::record::privacy::Barrier;
use crate::record::status::Status;
use crate::record::summary::Summary;

/// What lines say of a conversation, as it may be stored.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    id: Option<ConversationId>,
    native_id: Option<String>,
    agent: Option<String>,
    user: Option<String>,
    channel: Option<String>,
    project: Option<String>,
    branch: Option<String>,
    cwd: Option<String>,
    model: Option<String>,
    parent: Option<String>,
    origin: Option<String>,
    origin_turn: Option<i64>,
    title: Option<String>,
    log: Option<String>,
    summary: Option<String>,
    started: Option<DateTime<Utc>>,
    status: Option<Status>,
    /// A line of its own says so; else its turns do.
    described: bool,
    data: Map<String, Value>,
}

pub(super) const DELETED: &str = "deleted here before";
const EXCLUDED: &str = "excluded";
const OFF: &str = "recording is off there";

impl Run<'_> {
    /// A line that describes a conversation.
    pub(super) fn take_conversation(&mut self, tx: &Transaction<'_>, line: Line<'_>) -> Result<()> {
        let name = line.id.as_ref().or(line.native_id.as_ref()).map(ToString::to_string).unwrap_or_default();
        let about = self.about(line, &name);
        self.wanted.extend(about.parent.iter().chain(&about.origin).cloned());
        // From here on the name means this conversation, whatever it meant before: agents count their sessions alike.
        self.settle(tx, &name)?;
        self.names.remove(&name);
        match self.target(tx, &name, &about)? {
            Some(Target::Stored(id)) => match self.barrier(tx, &about)? {
                Some(reason) => {
                    self.skip(reason);
                    if self.made.contains(&id) {
                        self.take_back(tx, &id)?;
                        self.names.insert(name, Target::Skipped(reason));
                    }
                    Ok(())
                }
                None => self.complete(tx, &id, &about),
            },
            Some(Target::Skipped(reason)) => {
                self.skip(reason);
                Ok(())
            }
            _ => match self.barrier(tx, &about)? {
                Some(reason) => {
                    self.skip(reason);
                    self.names.insert(name, Target::Skipped(reason));
                    Ok(())
                }
                None if about.started.is_some() => self.make(tx, &name, &about, None).map(drop),
                None => {
                    self.names.insert(name, Target::Pending(Box::new(about)));
                    Ok(())
                }
            },
        }
    }

    /// Makes the conversation that a name was left to describe, before the name is given to another one.
    fn settle(&mut self, tx: &Transaction<'_>, name: &str) -> Result<()> {
        if let Some(Target::Pending(about)) = self.names.get(name).cloned() {
            self.make(tx, name, &about, None)?;
        }
        Ok(())
    }

    /// The conversation of a turn's line; nothing where it must not be stored.
    pub(super) fn conversation_of(&mut self, tx: &Transaction<'_>, line: &Line<'_>) -> Result<Option<String>> {
        let name = line.conversation.as_deref().unwrap_or_default();
        let about = match self.names.get(name) {
            Some(Target::Stored(id)) => {
                let id = id.clone();
                return Ok(self.since_deletion(line).then_some(id));
            }
            Some(Target::Skipped(reason)) => {
                self.skip(reason);
                return Ok(None);
            }
            Some(Target::Pending(about)) => (**about).clone(),
            None => {
                let of = Line {
                    user: line.user.clone(),
                    channel: line.channel.clone(),
                    agent: line.agent.clone(),
                    project: line.project.clone(),
                    branch: line.branch.clone(),
                    cwd: line.cwd.clone(),
                    model: line.model.clone(),
                    ..Line::default()
                };
                self.about(of, name)
            }
        };
        match self.target(tx, name, &about)? {
            Some(Target::Stored(id)) => Ok(self.since_deletion(line).then_some(id)),
            Some(Target::Skipped(reason)) => {
                self.skip(reason);
                Ok(None)
            }
            _ => match self.barrier(tx, &about)? {
                Some(reason) => {
                    self.skip(reason);
                    self.names.insert(name.to_string(), Target::Skipped(reason));
                    Ok(None)
                }
                None => self.make(tx, name, &about, line.time).map(Some),
            },
        }
    }

    /// Whether a turn was said after a conversation of its name was deleted, if one was.
    fn since_deletion(&mut self, line: &Line<'_>) -> bool {
        let name = line.conversation.as_deref().unwrap_or_default();
        let before = self.deleted.get(name).is_some_and(|at| line.time.is_none_or(|time| time <= *at));
        if before {
            self.skip(DELETED);
        }
        !before
    }

    fn about(&self, mut line: Line<'_>, name: &str) -> About {
        let id = ConversationId::parse(name);
        let native = line.native_id.take().map(|n| n.into_owned()).or_else(|| id.is_none().then(|| name.to_string()));
        let mut data = std::mem::take(&mut line.extra);
        let mut summary = None;
        if let Some(value) = line.summary.take() {
            // What is no summary of ours is kept as it is.
            match serde_json::from_value::<Summary>(value.clone()) {
                Ok(ours) if serde_json::to_value(&ours).is_ok_and(|v| v == value) => summary = Some(value),
                _ => drop(data.insert("summary".into(), value)),
            }
        }
        if let (true, Some(Value::Object(map))) = (self.record.settings.redact, summary.as_mut()) {
            self.record.clean_map(map);
        }
        self.record.clean_map(&mut data);
        About {
            id,
            native_id: native.map(|n| self.record.clean_id(&n)),
            agent: self.clean(line.agent),
            user: self.clean(line.user),
            channel: self.clean(line.channel),
            project: self.clean(line.project),
            branch: self.clean(line.branch),
            cwd: self.clean(line.cwd),
            model: self.clean(line.model),
            parent: line.parent.map(|p| self.record.clean_id(&p)),
            origin: line.origin.map(|p| self.record.clean_id(&p)),
            origin_turn: line.origin_turn,
            title: self.clean(line.title).filter(|t| !t.is_empty()),
            log: self.clean(line.log),
            summary: summary.map(|s| s.to_string()),
            started: line.started,
            status: line.status.as_deref().and_then(Status::named),
            described: line.kind == "conversation",
            data,
        }
    }

    /// What a name stands for, if that is known.
    fn target(&mut self, tx: &Transaction<'_>, name: &str, about: &About) -> Result<Option<Target>> {
        if let Some(known @ (Target::Stored(_) | Target::Skipped(_))) = self.names.get(name) {
            return Ok(Some(known.clone()));
        }
        let found = match &about.id {
            Some(id) if Conversation::load(tx, id.as_str())?.is_some() => Some(Target::Stored(id.to_string())),
            Some(id) if crate::record::conversation::is_deleted(tx, id.as_str())? => Some(Target::Skipped(DELETED)),
            _ => None,
        };
        let found = match (found, &about.native_id) {
            (None, Some(native)) => native_target(tx, native, about)?,
            (found, _) => found,
        };
        if let Some(target) = &found {
            self.names.insert(name.to_string(), target.clone());
        }
        if let (Some(Target::Stored(_)), Some(native)) = (&found, about.native_id.as_ref().filter(|_| about.id.is_none())) {
            // Another conversation has the name now: what was said before the deletion is not brought back into it.
            let sql = "SELECT max(deleted_at) FROM deleted WHERE native_id = ?1";
            let at: Option<i64> = tx.prepare_cached(sql)?.query_row([native], |r| r.get(0))?;
            self.deleted.extend(at.map(|at| (name.to_string(), crate::record::conversation::time(at))));
        }
        Ok(found)
    }

    /// Why a conversation must not be stored: for itself, or as that of a subagent of one that must not.
    fn barrier(&self, tx: &Transaction<'_>, about: &About) -> Result<Option<&'static str>> {
        let stands = |project: Option<&str>, cwd: Option<&str>| {
            self.privacy.barrier(project, cwd.map(std::path::Path::new)).map(|barrier| match barrier {
                Barrier::Excluded(_) => EXCLUDED,
                Barrier::Off(_) => OFF,
            })
        };
        if let Some(reason) = stands(about.project.as_deref(), about.cwd.as_deref()) {
            return Ok(Some(reason));
        }
        let Some(parent) = &about.parent else { return Ok(None) };
        Ok(match self.names.get(parent) {
            Some(Target::Skipped(reason)) if *reason != DELETED => Some(reason),
            Some(Target::Pending(parent)) => stands(parent.project.as_deref(), parent.cwd.as_deref()),
            Some(Target::Stored(id)) => Conversation::load(tx, id)?.and_then(|c| stands(c.project.as_deref(), c.cwd.as_deref())),
            _ => Conversation::called(tx, parent)?.and_then(|c| stands(c.project.as_deref(), c.cwd.as_deref())),
        })
    }

    /// Takes back what this import stored of a conversation before it was said that it must not be.
    fn take_back(&mut self, tx: &Transaction<'_>, id: &str) -> Result<()> {
        tx.execute_batch("PRAGMA secure_delete=ON")?;
        let (turns, actions) = crate::record::life::remove(tx, id)?;
        self.done.conversations -= 1;
        self.done.turns = self.done.turns.saturating_sub(turns);
        self.done.actions = self.done.actions.saturating_sub(actions);
        self.open.remove(id);
        self.made.remove(id);
        Ok(())
    }

    /// Takes back conversations of subagents whose parents turned out to be excluded.
    pub(super) fn orphans(&mut self, tx: &Transaction<'_>) -> Result<()> {
        let barred = |name: &String| matches!(self.names.get(name), Some(Target::Skipped(reason)) if *reason != DELETED);
        let parents: Vec<String> = self.wanted.iter().filter(|name| barred(name)).cloned().collect();
        for parent in parents {
            let mut children = tx.prepare_cached("SELECT id FROM sessions WHERE parent = ?1")?;
            let children: Vec<String> = children.query_map([&parent], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
            for child in children.into_iter().filter(|c| self.made.contains(c)).collect::<Vec<_>>() {
                self.take_back(tx, &child)?;
                self.skip(EXCLUDED);
            }
        }
        Ok(())
    }

    /// Makes a conversation that began when it says, else with its first turn, else now.
    pub(super) fn make(&mut self, tx: &Transaction<'_>, name: &str, about: &About, first: Option<DateTime<Utc>>) -> Result<String> {
        let start = about.started.or(first).unwrap_or(self.now);
        let id = match &about.id {
            Some(id) => id.clone(),
            None => {
                let native = about.native_id.as_deref().unwrap_or_default();
                let mut ids = (0..).map(|attempt| ConversationId::derived(about.agent.as_deref(), native, start, attempt));
                loop {
                    let id = ids.next().expect("there is always another one");
                    if Conversation::load(tx, id.as_str())?.is_none() && !crate::record::conversation::is_deleted(tx, id.as_str())? {
                        break id;
                    }
                }
            }
        };
        let at = start.timestamp_millis();
        tx.prepare_cached(
            "INSERT INTO sessions (id, user_id, channel_id, status, model, created_at, updated_at, data, agent, native_id, project, branch,
                 cwd, parent, origin, origin_turn, title, log, summary, described)
             VALUES (:id, :user, :channel, :status, :model, :at, :at, :data, :agent, :native, :project, :branch, :cwd, :parent, :origin,
                 :origin_turn, :title, :log, :summary, :described)",
        )?
        .execute(named_params! {
            ":id": id.as_str(), ":user": about.user.as_deref().unwrap_or("local"), ":channel": about.channel.as_deref().unwrap_or("cli"),
            ":status": about.status.unwrap_or(Status::Active).name(), ":model": about.model, ":at": at, ":data": object_text(&about.data),
            ":agent": about.agent, ":native": about.native_id, ":project": about.project, ":branch": about.branch, ":cwd": about.cwd,
            ":parent": about.parent, ":origin": about.origin, ":origin_turn": about.origin_turn, ":title": about.title, ":log": about.log,
            ":summary": about.summary, ":described": about.described,
        })?;
        self.done.conversations += 1;
        self.made.insert(id.to_string());
        self.names.insert(name.to_string(), Target::Stored(id.to_string()));
        Ok(id.to_string())
    }

    /// Fills in what a conversation lacks.
    fn complete(&mut self, tx: &Transaction<'_>, id: &str, about: &About) -> Result<()> {
        let mut data = Conversation::known(tx, id)?.data;
        for (key, value) in &about.data {
            data.entry(key.clone()).or_insert_with(|| value.clone());
        }
        tx.prepare_cached(
            "UPDATE sessions SET model = coalesce(model, :model), agent = coalesce(agent, :agent), native_id = coalesce(native_id, :native),
                 project = coalesce(project, :project), branch = coalesce(branch, :branch), cwd = coalesce(cwd, :cwd),
                 parent = coalesce(parent, :parent), origin = coalesce(origin, :origin), origin_turn = coalesce(origin_turn, :origin_turn),
                 title = coalesce(title, :title), log = coalesce(log, :log), summary = coalesce(summary, :summary), data = :data
             WHERE id = :id AND (
                 (model IS NULL AND :model IS NOT NULL) OR (agent IS NULL AND :agent IS NOT NULL) OR (native_id IS NULL AND :native IS NOT NULL)
                 OR (project IS NULL AND :project IS NOT NULL) OR (branch IS NULL AND :branch IS NOT NULL) OR (cwd IS NULL AND :cwd IS NOT NULL)
                 OR (parent IS NULL AND :parent IS NOT NULL) OR (origin IS NULL AND :origin IS NOT NULL)
                 OR (origin_turn IS NULL AND :origin_turn IS NOT NULL) OR (title IS NULL AND :title IS NOT NULL)
                 OR (log IS NULL AND :log IS NOT NULL) OR (summary IS NULL AND :summary IS NOT NULL) OR data IS NOT :data)",
        )?
        .execute(named_params! {
            ":id": id, ":model": about.model, ":data": object_text(&data), ":agent": about.agent, ":native": about.native_id,
            ":project": about.project, ":branch": about.branch, ":cwd": about.cwd, ":parent": about.parent, ":origin": about.origin,
            ":origin_turn": about.origin_turn, ":title": about.title, ":log": about.log, ":summary": about.summary,
        })?;
        // It may be described after its turns, by the same file or another one.
        tx.prepare_cached(
            "UPDATE sessions SET described = 1, user_id = coalesce(?2, user_id), channel_id = coalesce(?3, channel_id),
                 status = coalesce(?4, status), created_at = coalesce(?5, created_at) WHERE id = ?1 AND described = 0",
        )?
        .execute(params![
            id,
            about.user,
            about.channel,
            about.status.map(Status::name),
            about.started.map(|t| t.timestamp_millis())
        ])?;
        Ok(())
    }
}

/// The conversation with this native id, of the same agent, or one that no line described yet; where the line names no agent,
/// of any if there is but one.
fn native_target(tx: &Transaction<'_>, native: &str, about: &About) -> Result<Option<Target>> {
    // What has an id of ours and no agent is that conversation and no other one.
    if about.id.is_some() && about.agent.is_none() {
        return Ok(None);
    }
    let same = "SELECT id FROM sessions WHERE native_id = ?1 AND (agent IS ?2 OR (agent IS NULL AND described = 0))
                ORDER BY agent IS ?2 DESC, created_at, id LIMIT 1";
    let found: Option<String> = tx.prepare_cached(same)?.query_row(params![native, about.agent], |r| r.get(0)).optional()?;
    if found.is_some() {
        return Ok(found.map(Target::Stored));
    }
    if about.agent.is_none() {
        let any = "SELECT min(id) FROM sessions WHERE native_id = ?1 HAVING count(*) = 1";
        let any: Option<String> = tx.prepare_cached(any)?.query_row([native], |r| r.get(0)).optional()?;
        if any.is_some() {
            return Ok(any.map(Target::Stored));
        }
    }
    let deleted = "SELECT 1 FROM deleted WHERE native_id = ?1 AND (agent IS ?2 OR ?2 IS NULL OR agent IS NULL)";
    let deleted = tx.prepare_cached(deleted)?.exists(params![native, about.agent])?;
    Ok(deleted.then_some(Target::Skipped(DELETED)))
}
