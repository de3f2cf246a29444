//! English stems, with a table of the words stemmed last: text repeats itself, and the table is several times faster.

use frostem::{Algorithm, Stemmer};

/// Entries of the table, a power of two.
const SLOTS: usize = 4096;
/// Bytes of the longest word that is kept.
const WORD: usize = 24;
/// Bytes of the longest ending that a stem has in the place of the word's own.
const ENDING: usize = 4;

/// A word, and its stem as the first bytes of the word and another ending.
#[derive(Clone, Copy)]
struct Slot {
    word: [u8; WORD],
    length: u8,
    kept: u8,
    ending_length: u8,
    ending: [u8; ENDING],
}

const FREE: Slot = Slot { word: [0; WORD], length: 0, kept: 0, ending_length: 0, ending: [0; ENDING] };

/// The English stemmer with its table.
#[derive(Clone)]
pub(super) struct Stems {
    stemmer: Stemmer,
    slots: Vec<Slot>,
}

impl Default for Stems {
    fn default() -> Self {
        Stems { stemmer: Stemmer::new(Algorithm::English), slots: Vec::new() }
    }
}

impl Stems {
    /// Turns a folded word into its stem; words that are not ASCII letters throughout stay as they are.
    pub(super) fn stem(&mut self, word: &mut String) {
        let bytes = word.as_bytes();
        if bytes.len() < 3 || !bytes.iter().all(u8::is_ascii_lowercase) {
            return;
        }
        if bytes.len() > WORD {
            let (kept, ending) = self.fresh(word);
            word.truncate(kept);
            word.push_str(&ending);
            return;
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, FREE);
        }
        let mut key = [0; WORD];
        key[..bytes.len()].copy_from_slice(bytes);
        let index = index(&key);
        let slot = &self.slots[index];
        if slot.length as usize == bytes.len() && slot.word == key {
            word.truncate(slot.kept as usize);
            for &byte in &slot.ending[..slot.ending_length as usize] {
                word.push(byte as char);
            }
            return;
        }
        let (kept, ending) = self.fresh(word);
        if ending.len() <= ENDING {
            let slot = &mut self.slots[index];
            *slot = Slot { word: key, length: word.len() as u8, kept: kept as u8, ending_length: ending.len() as u8, ..FREE };
            slot.ending[..ending.len()].copy_from_slice(ending.as_bytes());
        }
        word.truncate(kept);
        word.push_str(&ending);
    }

    /// Gives the bytes of the word that its stem keeps, and the ending it has instead of the rest.
    fn fresh(&self, word: &str) -> (usize, String) {
        let stem = self.stemmer.stem(word);
        let kept = word.bytes().zip(stem.bytes()).take_while(|(a, b)| a == b).count();
        (kept, stem[kept..].to_owned())
    }
}

fn index(key: &[u8; WORD]) -> usize {
    let mut hash = 0u64;
    for chunk in key.as_chunks::<8>().0 {
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*chunk)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    (hash >> 40) as usize % SLOTS
}
