//! Turns as they come, as JSON Lines that `conversation import` takes: texts cut from sources.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, SecondsFormat};
use serde_json::json;

use crate::logs::sentence;

/// Turns of a conversation that is imported.
pub(crate) const PER_CONVERSATION: usize = 50;

/// What texts are cut from.
pub(crate) struct Texts(String);

impl Texts {
    /// Reads the sources and documents of this repository.
    pub(crate) fn new() -> Texts {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = ["src", "tests", "docs"].into_iter().flat_map(|dir| walkdir::WalkDir::new(root.join(dir)).sort_by_file_name());
        let files = files.filter_map(Result::ok).filter(|f| f.path().extension().is_some_and(|e| e == "rs" || e == "md"));
        Texts(files.map(|f| fs::read_to_string(f.path()).expect("sources can be read")).collect())
    }

    /// What the user said in the n-th turn, and the answer, twice as long: about 505 bytes, always the same, no two alike.
    pub(crate) fn turn(&self, n: usize) -> (String, String) {
        let random = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let random = (random ^ random >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let at = (random >> 24) as usize % (self.0.len() - 1000);
        let length = 100 + (random & 0xffff) as usize % 680;
        let piece = |from, to| &self.0[self.0.floor_char_boundary(from)..self.0.floor_char_boundary(to)];
        let (request, answer) = (piece(at, at + length / 3), piece(at + length / 3, at + length));
        (format!("{} {n}: {request}", sentence(n, 3)), format!("{}: {answer}", sentence(n + 5, 5)))
    }

    /// Writes so many turns as JSON Lines: by the team's generator, of sources that stand on the machine, where it is at hand.
    pub(crate) fn write(&self, path: &Path, turns: usize) {
        let generator = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/bench/gen_turns.py");
        let mut python = Command::new("python3");
        let made = generator.is_file().then(|| python.arg(&generator).arg(path).arg(turns.to_string()).status());
        if made.is_some_and(|status| status.is_ok_and(|s| s.success())) {
            return;
        }
        let mut out = BufWriter::new(File::create(path).expect("files can be made"));
        for n in 0..turns {
            let (conversation, turn) = (n / PER_CONVERSATION, n % PER_CONVERSATION + 1);
            let time = DateTime::from_timestamp(1_704_067_200 + 37 * n as i64, 0).expect("years of four digits");
            let (input, response) = self.turn(n);
            let line = json!({
                "type": "turn", "conversation": format!("c{conversation}"), "native_id": format!("c{conversation}/{turn}"), "turn": turn,
                "project": project(conversation), "time": time.to_rfc3339_opts(SecondsFormat::Secs, true),
                "user_input": input, "agent_response": response,
            });
            writeln!(out, "{line}").expect("files can be written");
        }
        out.flush().expect("files can be written");
    }
}

/// The project that the n-th conversation belongs to.
pub(crate) fn project(conversation: usize) -> String {
    format!("proj-{:02}", conversation % 40)
}
