//! Files of lines that only grow: reading them from the beginning of their last turn on.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use memchr::memmem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Limits;
use super::teller::{Known, Teller};
use crate::record::transcript::Transcript;

/// What was read of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// What it tells; with a mark given, only its last turns.
    pub transcripts: Vec<Transcript>,
    /// From where to go on, for [`super::Agent::read`].
    pub mark: Option<String>,
    /// Bytes up to the end of the last complete line.
    pub bytes: u64,
    /// Lines that could not be understood.
    pub unread: u64,
}

/// What a reader of lines knows at the beginning of a turn.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark<F> {
    /// Where the turn begins, in bytes.
    at: u64,
    format: F,
    known: Known,
}

/// One agent's lines. What it holds is what must be known of earlier lines to understand later ones.
pub(super) trait Format: Default + Clone + Serialize + DeserializeOwned {
    /// Takes a line; says whether it could be understood.
    fn line(&mut self, line: &[u8], teller: &mut Teller) -> bool;
    /// A line that may begin a turn: before it, what is known is kept.
    fn may_begin(&self, line: &[u8]) -> bool;
    /// All lines were taken; with a mark given, only the last ones.
    fn end(&mut self, teller: &mut Teller, partly: bool) {
        let _ = (teller, partly);
    }
    /// A part of the file cannot be understood without what comes before the mark.
    fn needs_all(&self) -> bool {
        false
    }
}

/// The longest line that is read: a longer one is passed over.
const LONGEST: usize = 64 << 20;

/// The largest file that is read as a whole because a turn in it is older than those before.
const WHOLE: u64 = 32 << 20;

/// Reads a file from the mark on, else from its beginning.
pub(super) fn read<F: Format>(path: &Path, mark: Option<&str>, limits: Limits, agent: &'static str) -> io::Result<Read> {
    let mark: Option<Mark<F>> = mark.and_then(|text| serde_json::from_str(text).ok());
    let partly = mark.is_some();
    let (found, needs_all, goes_back) = part(path, mark, limits, agent)?;
    // What goes back behind the mark is understood only as a whole. A clock that was set back is no reason to read so much.
    let again = needs_all || (goes_back && found.bytes <= WHOLE);
    if again && partly { Ok(part::<F>(path, None, limits, agent)?.0) } else { Ok(found) }
}

/// Reads a part of a file; says whether that needs all of it, and whether it goes back in time.
fn part<F: Format>(path: &Path, mark: Option<Mark<F>>, limits: Limits, agent: &'static str) -> io::Result<(Read, bool, bool)> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let partly = mark.is_some();
    let mut last = mark.clone();
    let Mark { at, mut format, known } = mark.unwrap_or_else(|| Mark { at: 0, format: F::default(), known: Known::default() });
    let mut teller = Teller::new(agent, known, limits);
    file.seek(SeekFrom::Start(at))?;
    let (mut bytes, mut unread) = (at, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = file.take_line(&mut line)?;
        if read == 0 {
            break;
        }
        let complete = line.last() == Some(&b'\n');
        if line.len() <= LONGEST && line.iter().any(|b| !b.is_ascii_whitespace()) {
            let begins = format.may_begin(&line).then(|| (format.clone(), teller.known()));
            let turns = teller.turns();
            // A last line that is not complete may be read as it is; it will be read again.
            if memmem::find(&line, br"\ud").is_some() {
                line = mended(&line);
            }
            let understood = format.line(&line, &mut teller);
            unread += u64::from(!understood && complete);
            if let (Some((format, known)), true) = (begins, teller.turns() > turns) {
                last = Some(Mark { at: bytes, format, known });
            }
        }
        if complete {
            bytes += read as u64;
        }
    }
    format.end(&mut teller, partly);
    let mark = last.and_then(|mark| serde_json::to_string(&mark).ok());
    let (needs_all, goes_back) = (format.needs_all(), teller.goes_back());
    Ok((Read { transcripts: teller.finish(), mark, bytes, unread }, needs_all, goes_back))
}

trait TakeLine {
    fn take_line(&mut self, line: &mut Vec<u8>) -> io::Result<usize>;
}

impl<R: BufRead> TakeLine for R {
    /// Reads a line; of one that is too long, only so much is kept.
    fn take_line(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        let mut total = 0;
        loop {
            let (used, ended) = {
                let available = self.fill_buf()?;
                let end = available.iter().position(|b| *b == b'\n').map(|n| n + 1);
                let used = end.unwrap_or(available.len());
                if line.len() <= LONGEST || end.is_some() {
                    line.extend_from_slice(&available[..used]);
                }
                (used, end.is_some() || available.is_empty())
            };
            self.consume(used);
            total += used;
            if ended {
                return Ok(total);
            }
        }
    }
}

/// JSON in which no half of a character stands alone, as where a program cut a text: it is no character.
pub(super) fn mended(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = text.as_ref();
    let mut whole = String::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let unit = |from: usize| {
            let digits = escape.get(from..from + 6).and_then(|unit| unit.strip_prefix("\\u"));
            digits.and_then(|digits| u16::from_str_radix(digits, 16).ok())
        };
        let (kept, length) = match (unit(0), unit(6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (escape.get(..12), 12),
            (Some(0xd800..=0xdfff), _) => (Some("\\ufffd"), 6),
            _ => {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                (escape.get(..length), length)
            }
        };
        whole.push_str(kept.unwrap_or_default());
        rest = escape.get(length..).unwrap_or_default();
    }
    whole.push_str(rest);
    whole.into_bytes()
}
