//! What the logs before knew: a log that goes on from another one begins where that ended.

use super::{Handoff, Line};
use crate::journal::change::Texts;

/// Lines of earlier logs after the log's own, where it says more than that it goes on: three quarters of what they are worth.
const LESS: (u32, u32) = (3, 4);

/// Lines that earlier logs give, under a line that names each; what the log's own parts say already is left out. `fresh` means
/// that nothing was recorded since.
pub(super) fn lines(own: &Handoff, earlier: &[Handoff], fresh: bool) -> Vec<Line> {
    let mut said: Texts = own.parts.iter().flat_map(|part| &part.lines).map(|line| bare(&line.text)).collect();
    let mut lines = Vec::new();
    for handoff in earlier {
        let worth = |value: u32| if fresh { value } else { value * LESS.0 / LESS.1 };
        let status = handoff.status.as_ref().map(|status| format!(" ({status})")).unwrap_or_default();
        let named = handoff.session.as_ref().map(|id| format!("[[{id}]] ")).unwrap_or_default();
        let head = Line::new(format!("{named}{}{status}", topic(handoff)), worth(super::parts::BEFORE));
        let at = lines.len();
        for part in &handoff.parts {
            let label = match part.key {
                "state" => "",
                "open" => "open: ",
                "decisions" => "decided: ",
                "problems" => "failed: ",
                "files" => "changed: ",
                "commands" => "ran: ",
                "preferences" => "prefers: ",
                "sources" => "source: ",
                // What is related is asked of the log that goes on.
                _ => continue,
            };
            for line in &part.lines {
                if !said.is_new(bare(&line.text)) {
                    continue;
                }
                let brief = line.brief.as_ref().map(|(value, text)| (worth(*value), labelled(label, text)));
                lines.push(Line {
                    text: labelled(label, &line.text),
                    time: line.time,
                    brief,
                    value: worth(line.value),
                    session: handoff.session.clone(),
                });
            }
        }
        if lines.len() > at {
            lines.insert(at, Line { session: handoff.session.clone(), ..head });
        }
    }
    lines
}

/// A title without the id, where it begins with it.
pub(super) fn topic(handoff: &Handoff) -> &str {
    let own = handoff.session.as_ref().and_then(|id| handoff.title.strip_prefix("Session ")?.strip_prefix(id.as_str())?.strip_prefix(": "));
    own.unwrap_or(&handoff.title)
}

/// A line with what it tells of; what was mended says so itself.
pub(super) fn labelled(label: &str, text: &str) -> String {
    const SAYS_IT: [&str; 6] = [super::parts::MENDED, "Decided ", "Rejected ", "decided ", "question: ", "blocked: "];
    if SAYS_IT.iter().any(|begin| text.starts_with(begin)) { text.to_string() } else { format!("{label}{text}") }
}

/// An item's words without the log that it comes from.
pub(super) fn bare(text: &str) -> &str {
    text.strip_suffix("]])").and_then(|text| text.rsplit_once(" ([[")).map_or(text, |(words, _)| words)
}
