//! `shiftlog man`: the manual, made from the command line's own descriptions.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::context::Context;
use super::ui::Ended;

/// Print the manual page of shiftlog or of one of its commands
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Command
    command: Option<String>,
    /// Write all pages into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, args: &ManArgs) -> anyhow::Result<Ended> {
    let mut command = super::command();
    command.build();
    if let Some(dir) = &args.dir {
        std::fs::create_dir_all(dir).with_context(|| format!("could not make directory: {}", dir.display()))?;
        clap_mangen::generate_to(command, dir).with_context(|| format!("could not write manual pages: {}", dir.display()))?;
        return Ok(Ended::Done);
    }
    let page = match &args.command {
        None => command,
        Some(name) => {
            let known: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_string()).collect();
            let found = command.get_subcommands().find(|c| c.get_name() == name).cloned();
            let found = found.ok_or_else(|| shiftlog::journal::Error::Unknown { what: "command", given: name.clone(), known })?;
            found.name(format!("shiftlog-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    if context.ui.json {
        context.ui.answer(serde_json::json!({"page": String::from_utf8_lossy(&text)}))?;
    } else {
        context.ui.raw(&text)?;
    }
    Ok(Ended::Done)
}
