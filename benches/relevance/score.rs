//! Scores of ranked results: nDCG@10 (the grade is the gain, discount log2), hit@1, recall@10.

use std::collections::HashMap;

/// Results of which the order counts.
const DEEP: usize = 10;

/// The grades of what answers one query.
pub(crate) type Grades = HashMap<String, u32>;

/// Means over queries.
#[derive(Default)]
pub(crate) struct Scores {
    pub(crate) queries: usize,
    pub(crate) ndcg: f64,
    pub(crate) hit: f64,
    pub(crate) recall: f64,
}

impl Scores {
    /// Scores queries: what answers each, and what was found, the best first.
    pub(crate) fn new(queries: &[(&Grades, Vec<String>)]) -> Scores {
        let mut sums = Scores { queries: queries.len(), ..Scores::default() };
        for (good, found) in queries {
            let gains: Vec<u32> = distinct(found).iter().take(DEEP).map(|id| good.get(*id).copied().unwrap_or(0)).collect();
            let mut ideal: Vec<u32> = good.values().copied().collect();
            ideal.sort_unstable_by(|a, b| b.cmp(a));
            ideal.truncate(DEEP);
            sums.ndcg += discounted(&gains) / discounted(&ideal);
            sums.hit += f64::from(u8::from(gains.first().is_some_and(|gain| *gain > 0)));
            sums.recall += gains.iter().filter(|gain| **gain > 0).count() as f64 / good.len() as f64;
        }
        let mean = |sum: f64| sum / queries.len().max(1) as f64;
        Scores { queries: sums.queries, ndcg: mean(sums.ndcg), hit: mean(sums.hit), recall: mean(sums.recall) }
    }
}

/// The same in the same order, each once.
fn distinct(found: &[String]) -> Vec<&String> {
    let mut seen = std::collections::HashSet::new();
    found.iter().filter(|id| seen.insert(*id)).collect()
}

fn discounted(gains: &[u32]) -> f64 {
    gains.iter().zip(2_u32..).map(|(gain, place)| f64::from(*gain) / f64::from(place).log2()).sum()
}
