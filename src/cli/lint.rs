//! `shiftlog lint`: what is wrong with the journal.

use clap::Args;
use serde_json::json;
use shiftlog::journal::Log;
use shiftlog::journal::lint::{Finding, RULES};
use shiftlog::journal::store::Store;

use super::context::Context;
use super::ui::{Ended, unified_diff, visible};

/// Check logs: frontmatter, dates, statuses, sections, links, ids, what templates and sync programs left
///
/// Each finding names file, line, rule and remedy. Exit code 1 when something is found. Logs in zips are read-only and not
/// looked into; damaged zips are found.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// Logs to check, instead of the whole journal: ids, unique prefixes, paths
    log: Vec<String>,
    /// Do what takes nothing from anybody: restore `created`, follow moved links, remove what templates left in finished logs
    #[arg(long)]
    fix: bool,
    /// With --fix: print the changes as a unified diff and write nothing
    #[arg(short = 'n', long, requires = "fix")]
    dry_run: bool,
    /// Only these rules; may be given several times
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// List the rules
    #[arg(long)]
    rules: bool,
}

pub(crate) fn run(context: &Context, args: &LintArgs) -> anyhow::Result<Ended> {
    if args.rules {
        return list_rules(context);
    }
    if let Some(unknown) = args.rule.iter().find(|r| !RULES.iter().any(|(name, _)| name == r)) {
        let known = RULES.iter().map(|(name, _)| (*name).to_string()).collect();
        return Err(shiftlog::journal::Error::Unknown { what: "rule", given: unknown.clone(), known }.into());
    }
    let journal = context.journal()?;
    let named: Vec<Log> = args.log.iter().map(|name| context.resolve(&journal, name)).collect::<Result<_, _>>()?;
    // Nothing in a zip can be mended.
    named.iter().try_for_each(Log::writable)?;
    let only = (!named.is_empty()).then_some(named.as_slice());
    let check = || -> anyhow::Result<Vec<Finding>> {
        let mut found = journal.lint(only, context.now)?;
        // A session may well stand alone: that is no fault, unless somebody wants to know.
        if args.rule.iter().any(|r| r == "orphan") {
            found.extend(journal.orphans()?);
            found.retain(|f| only.is_none_or(|logs| logs.iter().any(|l| journal.shown(l) == f.path)));
        }
        found.retain(|f| args.rule.is_empty() || args.rule.iter().any(|r| r == f.rule));
        Ok(found)
    };
    let mut findings = check()?;
    let store = Store::new(&journal.root, context.now);
    let mut fixed = Vec::new();
    let mut diff = String::new();
    if args.fix {
        let lock = if args.dry_run { None } else { Some(store.lock()?) };
        let write = lock.as_ref().map(|lock| (&store, lock));
        if let Some((store, lock)) = write {
            journal.finish_moves(context.now, store, lock)?;
        }
        for (log, written) in journal.mend(&findings, context.now, write)? {
            let path = journal.relative(&log.path).display().to_string();
            diff.push_str(&unified_diff(&path, Some(&written.before), &written.after));
            fixed.push(path);
        }
        drop(lock);
        if !args.dry_run {
            findings = check()?;
        }
    }
    // Damaged zips are findings here.
    drop(journal.notices());
    let notices = context.notices(store.notices());
    if context.ui.json {
        let mut answer = json!({"action": "lint", "findings": findings, "fixed": fixed, "notices": notices});
        if args.dry_run {
            answer["diff"] = diff.into();
        }
        context.ui.answer(answer)?;
    } else {
        if args.dry_run {
            context.ui.raw(diff.as_bytes())?;
        }
        print(context, args, &findings, &fixed)?;
    }
    Ok(if findings.is_empty() { Ended::Done } else { Ended::Nothing })
}

fn print(context: &Context, args: &LintArgs, findings: &[Finding], fixed: &[String]) -> anyhow::Result<()> {
    for finding in findings.iter().filter(|_| !args.dry_run) {
        let Finding { path, line, rule, message, remedy, .. } = finding;
        context.ui.data(format_args!("{}:{line}: {rule}: {}", visible(path), visible(message)))?;
        if !remedy.is_empty() {
            context.ui.data(format_args!("    {}", visible(remedy)))?;
        }
    }
    for path in fixed {
        context.ui.say(format_args!("{} {}", if args.dry_run { "would mend" } else { "mended" }, visible(path)));
    }
    let count = |n: usize| if n == 1 { "1 finding".to_string() } else { format!("{n} findings") };
    let fixable = findings.iter().filter(|f| f.fixable).count();
    let hint = if fixable > 0 && !args.fix { format!(", {fixable} of which `--fix` mends") } else { String::new() };
    context.ui.say(format_args!("{}{hint}", count(findings.len())));
    Ok(())
}

fn list_rules(context: &Context) -> anyhow::Result<Ended> {
    if context.ui.json {
        let rules: Vec<_> = RULES.iter().map(|(name, about)| json!({"rule": name, "about": about})).collect();
        context.ui.answer(json!({"action": "lint", "rules": rules}))?;
    } else {
        for (name, about) in RULES {
            context.ui.data(format_args!("{name:<16} {about}"))?;
        }
    }
    Ok(Ended::Done)
}
