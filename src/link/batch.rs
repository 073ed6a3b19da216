//! A whole round at once: candidates, scores, households, persons. The result depends on the interviews
//! alone, not on the order they are given in.

use super::block::{Candidates, KeyKind, candidates};
use super::frequency::Frequencies;
use super::model::Model;
use super::prepared::Prepared;
use super::resolve::{Households, PairLink, PersonPosition, Verdicts, resolve_households, resolve_persons};
use super::score::{Decision, score_pair};

/// Pairs less likely than this that share nobody are dropped.
const NOT_WORTH_KEEPING: f64 = 1e-4;

/// What is being done, for a progress display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding candidate pairs.
    Blocking,
    /// Scoring them.
    Scoring,
    /// Clustering.
    Clustering,
}

/// The linked round.
#[derive(Debug)]
pub struct Linked {
    /// The interviews, in [`Prepared::order`]; positions below refer to it.
    pub interviews: Vec<Prepared>,
    /// Pairs worth keeping, sorted by position.
    pub pairs: Vec<PairLink>,
    /// Households.
    pub households: Households,
    /// Each listed person and the earliest member of the person's cluster.
    pub persons: Vec<(PersonPosition, PersonPosition)>,
    /// Number of pairs scored.
    pub scored: usize,
    /// Blocks that were too large.
    pub skipped: Vec<(KeyKind, usize)>,
    /// The model with the round's frequencies.
    pub model: Model,
}

/// Links a round with the round's own frequencies. `progress(stage, done, total)` is called now and then.
pub fn link_round(
    model: &Model,
    mut interviews: Vec<Prepared>,
    progress: &mut dyn FnMut(Stage, usize, usize),
) -> Linked {
    interviews.sort_by(|x, y| x.order().cmp(&y.order()));
    let model = model.clone().with_frequencies(Frequencies::of(&interviews));
    progress(Stage::Blocking, 0, 1);
    let Candidates { pairs: positions, skipped } = candidates(&interviews);
    let scored = positions.len();
    let mut pairs = score_all(&model, &interviews, &positions, progress);
    drop(positions);
    progress(Stage::Clustering, 0, 1);
    let views: Vec<&Prepared> = interviews.iter().collect();
    let households = resolve_households(&model, &views, &mut pairs, &Verdicts::default());
    let persons = resolve_persons(&model, &views, &pairs, &households);
    progress(Stage::Clustering, 1, 1);
    Linked { interviews, pairs, households, persons, scored, skipped, model }
}

fn score_all(
    model: &Model,
    interviews: &[Prepared],
    positions: &[(u32, u32)],
    progress: &mut dyn FnMut(Stage, usize, usize),
) -> Vec<PairLink> {
    let mut kept = Vec::new();
    for (n, (i, j)) in positions.iter().enumerate() {
        if n % 4096 == 0 {
            progress(Stage::Scoring, n, positions.len());
        }
        let (a, b) = (*i as usize, *j as usize);
        let mut scored = score_pair(model, &interviews[a], &interviews[b]);
        let worth = scored.probability >= NOT_WORTH_KEEPING
            || scored.decision != Decision::Apart
            || scored.people.iter().any(|m| m.weight > 3.0);
        if worth {
            scored.people.shrink_to_fit();
            kept.push(PairLink { a, b, scored });
        }
    }
    progress(Stage::Scoring, positions.len(), positions.len());
    kept
}
