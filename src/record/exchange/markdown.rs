//! A conversation as Markdown, for people.

use std::fmt::Write;

use crate::record::Record;
use crate::record::action::Action;
use crate::record::conversation::Conversation;
use crate::record::error::Result;

/// One conversation with all its turns. Texts stand in it as they were said.
///
/// # Errors
/// Those of the database.
pub fn markdown(record: &Record, conversation: &Conversation) -> Result<String> {
    let c = conversation;
    let mut text = format!("# {}\n\n", c.title.as_deref().unwrap_or(&c.id));
    let about = [
        ("Conversation", Some(c.id.clone())),
        ("Status", Some(c.status.to_string())),
        ("User", Some(format!("{} in {}", c.user_id, c.channel_id))),
        ("Agent", c.agent.clone()),
        ("Model", c.model.clone()),
        ("Project", c.project.clone()),
        ("Branch", c.branch.clone()),
        ("Started", Some(c.created_at.format("%Y-%m-%d %H:%M:%S UTC").to_string())),
        ("Log", c.log.as_ref().map(|log| format!("[[{log}]]"))),
        ("Goes on from", c.origin.as_ref().map(|o| format!("{o}, turn {}", c.origin_turn.unwrap_or_default()))),
    ];
    for (name, value) in about {
        if let Some(value) = value {
            let _ = writeln!(text, "- {name}: {value}");
        }
    }
    record.each_turn(&c.id, &(1..=i64::MAX), &mut |turn| {
        let marked = if turn.counts() { String::new() } else { format!(" ({})", turn.status) };
        let _ = write!(text, "\n## Turn {}{marked}, {}\n", turn.number, turn.time.format("%Y-%m-%d %H:%M:%S UTC"));
        let who = turn.author.as_deref().unwrap_or("User");
        for (who, said) in [(who, turn.user_input), ("Agent", turn.agent_response)] {
            if let Some(said) = said.filter(|s| !s.is_empty()) {
                let _ = write!(text, "\n**{who}**:\n\n{}\n", said.trim_end_matches('\n'));
            }
        }
        if !turn.actions.is_empty() {
            let _ = write!(text, "\n**Actions**:\n\n");
            turn.actions.iter().for_each(|action| line(&mut text, action));
        }
        Ok(())
    })?;
    Ok(text)
}

fn line(text: &mut String, action: &Action) {
    let ok = match action.ok {
        Some(true) => " – ok",
        Some(false) => " – failed",
        None => "",
    };
    let value = action.value.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(text, "- {}: {}{ok}", action.kind, crate::record::summary::code(&value));
}
