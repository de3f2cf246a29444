//! `shiftlog conversation`: what was recorded, for people and programs. One file for each of its commands.

mod archive;
mod branch;
mod context;
mod delete;
mod export;
mod import;
mod link;
mod list;
mod rename;
mod show;
mod stats;

use clap::{Args, Subcommand};

use super::context::Context;
use super::ui::Ended;

/// List, show and manage recorded conversations
///
/// A conversation is named by its id, the beginning or end of it, its id in the program that it comes from, or `@` for the
/// newest.
#[derive(Debug, Args)]
pub(crate) struct ConversationArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Context(context::ContextArgs),
    Stats(stats::StatsArgs),
    Archive(archive::ArchiveArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Rename(rename::RenameArgs),
    Link(link::LinkArgs),
    Branch(branch::BranchArgs),
    Delete(delete::DeleteArgs),
}

pub(crate) fn run(context: &Context, args: &ConversationArgs) -> anyhow::Result<Ended> {
    match &args.command {
        Command::List(args) => list::run(context, args),
        Command::Show(args) => show::run(context, args),
        Command::Context(args) => context::run(context, args),
        Command::Stats(args) => stats::run(context, args),
        Command::Archive(args) => archive::run(context, args),
        Command::Export(args) => export::run(context, args),
        Command::Import(args) => import::run(context, args),
        Command::Rename(args) => rename::run(context, args),
        Command::Link(args) => link::run(context, args),
        Command::Branch(args) => branch::run(context, args),
        Command::Delete(args) => delete::run(context, args),
    }
}
