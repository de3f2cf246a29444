//! The command line: one file a command, with its arguments and its body. This file only lists them.

mod add;
mod agents;
mod backlinks;
mod backup;
mod capture;
mod carry;
mod clipboard;
mod completions;
mod context;
mod r#continue;
mod conversation;
mod doctor;
mod done;
mod drop;
mod edit;
mod finish;
mod graph;
mod handoff;
mod hook;
mod import;
mod index;
mod init;
mod install;
mod lazy;
mod lint;
mod list;
mod man;
mod manage_session;
mod moved;
mod new;
mod open;
mod path;
mod progress;
mod prune;
mod recap;
mod record;
mod recorded;
mod redact;
mod related;
mod rename;
mod restore;
mod retention;
mod search;
mod searched;
mod session;
mod set;
mod settings;
mod show;
mod start;
mod status;
mod summarize;
mod sync;
mod track_conversation;
mod ui;
mod undo;
mod when;
mod write;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use context::Context;
use lazy::Lazy;
use ui::Ui;

/// The shift log for people and coding agents
///
/// Every piece of work leaves one Markdown log that the next shift can start from. Logs are edited in place: what you wrote
/// stays as you wrote it.
#[derive(Debug, Parser)]
#[command(name = "shiftlog", version, disable_help_subcommand = true)]
struct Cli {
    /// Journal directory, instead of $SHIFTLOG_JOURNAL or the nearest one
    #[arg(long, global = true, value_name = "DIR")]
    journal: Option<std::path::PathBuf>,
    /// Answer with one JSON object on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(Lazy<init::InitArgs>),
    New(Lazy<new::NewArgs>),
    Session(Lazy<session::SessionArgs>),
    Add(Lazy<add::AddArgs>),
    Done(Lazy<done::DoneArgs>),
    Edit(Lazy<edit::EditArgs>),
    Drop(Lazy<drop::DropArgs>),
    Set(Lazy<set::SetArgs>),
    Unset(Lazy<set::UnsetArgs>),
    Status(Lazy<status::StatusArgs>),
    List(Lazy<list::ListArgs>),
    Search(Lazy<search::SearchArgs>),
    Backlinks(Lazy<backlinks::BacklinksArgs>),
    Related(Lazy<related::RelatedArgs>),
    Graph(Lazy<graph::GraphArgs>),
    Show(Lazy<show::ShowArgs>),
    Open(Lazy<open::OpenArgs>),
    Path(Lazy<path::PathArgs>),
    Undo(Lazy<undo::UndoArgs>),
    Sync(Lazy<sync::SyncArgs>),
    Lint(Lazy<lint::LintArgs>),
    Continue(Lazy<r#continue::ContinueArgs>),
    Rename(Lazy<rename::RenameArgs>),
    Prune(Lazy<prune::PruneArgs>),
    Restore(Lazy<restore::RestoreArgs>),
    ManageSession(Lazy<manage_session::ManageSessionArgs>),
    TrackConversation(Lazy<track_conversation::TrackConversationArgs>),
    Conversation(Lazy<conversation::ConversationArgs>),
    Record(Lazy<record::RecordArgs>),
    Redact(Lazy<redact::RedactArgs>),
    Import(Lazy<import::ImportArgs>),
    Capture(Lazy<capture::CaptureArgs>),
    Handoff(Lazy<handoff::HandoffArgs>),
    Recap(Lazy<recap::RecapArgs>),
    Start(Lazy<start::StartArgs>),
    Finish(Lazy<finish::FinishArgs>),
    Hook(Lazy<hook::HookArgs>),
    Install(Lazy<install::InstallArgs>),
    Doctor(Lazy<doctor::DoctorArgs>),
    Index(Lazy<index::IndexArgs>),
    Backup(Lazy<backup::BackupArgs>),
    Completions(Lazy<completions::CompletionsArgs>),
    Man(Lazy<man::ManArgs>),
}

/// Parses the arguments, runs the command, and says how it went: 0 done, 1 nothing found, 2 error.
pub(crate) fn main() -> ExitCode {
    let args: Vec<String> = std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    if hook::is_meant(&args) {
        return hook::main(&std::env::args_os().collect::<Vec<_>>());
    }
    let json = args.iter().any(|a| a == "--json") || manage_session::is_for_programs(&args);
    let typed = search::shielded(std::env::args_os().collect());
    // What is wrong, and help, are said by the whole command line.
    let cli = match Cli::try_parse_from(&typed).or_else(|_| lazy::whole(|| Cli::try_parse_from(&typed))) {
        Ok(cli) => cli,
        Err(error) => return Ui::new(json).usage(&error),
    };
    let context = match Context::new(cli.journal, json) {
        Ok(context) => context,
        Err(error) => return Ui::new(json).finish(Err(error)),
    };
    let result = match &cli.command {
        Command::Init(args) => init::run(&context, args),
        Command::New(args) => new::run(&context, args),
        Command::Session(args) => session::run(&context, args),
        Command::Add(args) => add::run(&context, args),
        Command::Done(args) => done::run(&context, args),
        Command::Edit(args) => edit::run(&context, args),
        Command::Drop(args) => drop::run(&context, args),
        Command::Set(args) => set::run(&context, args),
        Command::Unset(args) => set::run_unset(&context, args),
        Command::Status(args) => status::run(&context, args),
        Command::List(args) => list::run(&context, args),
        Command::Search(args) => search::run(&context, args),
        Command::Backlinks(args) => backlinks::run(&context, args),
        Command::Related(args) => related::run(&context, args),
        Command::Graph(args) => graph::run(&context, args),
        Command::Show(args) => show::run(&context, args),
        Command::Open(args) => open::run(&context, args),
        Command::Path(args) => path::run(&context, args),
        Command::Undo(args) => undo::run(&context, args),
        Command::Sync(args) => sync::run(&context, args),
        Command::Lint(args) => lint::run(&context, args),
        Command::Continue(args) => r#continue::run(&context, args),
        Command::Rename(args) => rename::run(&context, args),
        Command::Prune(args) => prune::run(&context, args),
        Command::Restore(args) => restore::run(&context, args),
        Command::ManageSession(args) => manage_session::run(&context, args),
        Command::TrackConversation(args) => track_conversation::run(&context, args),
        Command::Conversation(args) => conversation::run(&context, args),
        Command::Record(args) => record::run(&context, args),
        Command::Redact(args) => redact::run(&context, args),
        Command::Import(args) => import::run(&context, args),
        Command::Capture(args) => capture::run(&context, args),
        Command::Handoff(args) => handoff::run(&context, args),
        Command::Recap(args) => recap::run(&context, args),
        Command::Start(args) => start::run(&context, args),
        Command::Finish(args) => finish::run(&context, args),
        // It was run before its arguments could fail.
        Command::Hook(_) => Ok(ui::Ended::Done),
        Command::Install(args) => install::run(&context, args),
        Command::Doctor(args) => doctor::run(&context, args),
        Command::Index(args) => index::run(&context, args),
        Command::Backup(args) => backup::run(&context, args),
        Command::Completions(args) => completions::run(&context, args),
        Command::Man(args) => man::run(&context, args),
    };
    context.ui.finish(result)
}

/// The whole command line, for completions and the manual.
fn command() -> clap::Command {
    lazy::whole(Cli::command)
}
