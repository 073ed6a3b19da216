//! Households from pairs, decisions of people first. Pure; the result depends on the set of pairs, not on their order.
//!
//! Interviews that people merged stand together whatever the score says, and act as one: another interview may join them if
//! it fits one of them. All else follows [`crate::link::cluster`]: pairs in falling weight, refused where that would break a
//! rule. Two interviews that a person keeps apart, paired or took apart again never stand together.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{Proposal, Refusal, Verdict};
use crate::link::cluster::{Edge, cluster};

/// A pair that may join its ends; `a` and `b` are positions of nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tie {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) weight: f64,
    pub(super) proposal: Proposal,
    pub(super) verdict: Option<Verdict>,
    pub(super) bar: Option<Refusal>,
}

/// Households found among nodes given in their order (device time, then id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Households {
    /// Position of the earliest interview of each node's household.
    pub(super) of: Vec<usize>,
    /// Pairs whose joining was refused, and why.
    pub(super) refused: HashMap<(usize, usize), Refusal>,
    /// Two decisions of people that contradict each other: these two are to stand together and may not.
    pub(super) broken: Option<(usize, usize)>,
}

/// Clusters `nodes` interviews. `bar` tells of a pair without a tie why it may not stand in one household.
pub(super) fn households(
    nodes: usize,
    ties: &[Tie],
    mut bar: impl FnMut(usize, usize) -> Option<Refusal>,
) -> Households {
    let pair = |t: &Tie| (t.a.min(t.b), t.a.max(t.b));
    let apart: HashSet<(usize, usize)> = ties
        .iter()
        .filter(|t| matches!(t.verdict, Some(Verdict::Apart | Verdict::Pair | Verdict::Undo)))
        .map(pair)
        .collect();
    let merged: Vec<Edge> = ties
        .iter()
        .filter(|t| t.verdict == Some(Verdict::Merge))
        .map(|t| Edge { a: t.a, b: t.b, weight: 0.0 })
        .collect();
    let keeps_apart = |xs: &[usize], ys: &[usize]| {
        xs.iter().any(|x| ys.iter().any(|y| apart.contains(&(*x.min(y), *x.max(y)))))
    };
    let by_people = cluster(nodes, &merged, |_, xs, ys| keeps_apart(xs, ys).then_some(Refusal::KeptApart));
    let broken = by_people.refused.first().map(|(n, _)| (merged[*n].a, merged[*n].b));
    let groups = Groups::of(&by_people.of);
    let bars: HashMap<(usize, usize), Option<Refusal>> = ties.iter().map(|t| (pair(t), t.bar)).collect();
    let likely: Vec<&Tie> =
        ties.iter().filter(|t| t.verdict.is_none() && t.proposal == Proposal::Merge).collect();
    let edges = groups.edges(&likely);
    let found = cluster(groups.members.len(), &edges, |_, xs, ys| {
        let all = |gs: &[usize]| gs.iter().flat_map(|g| groups.members[*g].clone()).collect::<Vec<usize>>();
        if keeps_apart(&all(xs), &all(ys)) {
            return Some(Refusal::KeptApart);
        }
        xs.iter().flat_map(|s| ys.iter().map(move |t| (*s, *t))).find_map(|(s, t)| {
            groups.bar(s, t, |x, y| {
                bars.get(&(x.min(y), x.max(y))).copied().unwrap_or_else(|| bar(x.min(y), x.max(y)))
            })
        })
    });
    let of = groups.of.iter().map(|g| groups.members[found.of[*g]][0]).collect();
    let refused = found.refused.iter().map(|(n, why)| (pair(likely[*n]), *why)).collect();
    Households { of, refused, broken }
}

/// Interviews that people merged, each group acting as one.
struct Groups {
    /// Group of each node; groups are numbered in the order of their earliest node.
    of: Vec<usize>,
    /// Nodes of each group, earliest first.
    members: Vec<Vec<usize>>,
}

impl Groups {
    fn of(first: &[usize]) -> Self {
        let mut number: HashMap<usize, usize> = HashMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut of = Vec::with_capacity(first.len());
        for (node, head) in first.iter().enumerate() {
            let group = *number.entry(*head).or_insert_with(|| {
                members.push(Vec::new());
                members.len() - 1
            });
            members[group].push(node);
            of.push(group);
        }
        Self { of, members }
    }

    fn edges(&self, ties: &[&Tie]) -> Vec<Edge> {
        ties.iter().map(|t| Edge { a: self.of[t.a], b: self.of[t.b], weight: t.weight }).collect()
    }

    /// Why two groups may not stand together: `None` as soon as two of their interviews may.
    fn bar(
        &self,
        s: usize,
        t: usize,
        mut bar: impl FnMut(usize, usize) -> Option<Refusal>,
    ) -> Option<Refusal> {
        let mut first = None;
        for x in &self.members[s] {
            for y in &self.members[t] {
                let why = bar(*x, *y)?;
                first.get_or_insert(why);
            }
        }
        first
    }
}

/// What decides which interview of a household counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// A complete one before a partial one.
    pub(super) is_complete: bool,
    /// The household's own answer before a proxy's.
    pub(super) is_own: bool,
    /// The door they live at before one where they are only registered.
    pub(super) is_lived_in: bool,
    /// More people listed.
    pub(super) recorded: i32,
    /// Later.
    pub(super) at: Timestamp,
    /// Only tells two of them apart.
    pub(super) id: Uuid,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tie(a: usize, b: usize, weight: f64) -> Tie {
        Tie { a, b, weight, proposal: Proposal::Merge, verdict: None, bar: None }
    }

    fn ruled(a: usize, b: usize, verdict: Verdict) -> Tie {
        Tie { verdict: Some(verdict), proposal: Proposal::Review, ..tie(a, b, 1.0) }
    }

    #[test]
    fn a_person_merges_what_the_score_would_not_and_others_still_join() {
        let ties = [Tie { bar: Some(Refusal::BelowLower), ..ruled(0, 1, Verdict::Merge) }, tie(1, 2, 9.0)];
        // 0 and 2 have nothing in common, but 0 and 1 are one by a person's word.
        let found = households(3, &ties, |_, _| Some(Refusal::BelowLower));
        assert_eq!(found.of, [0, 0, 0]);
        assert!(found.refused.is_empty() && found.broken.is_none());
    }

    #[test]
    fn without_a_person_every_two_members_must_fit() {
        let found = households(3, &[tie(0, 1, 12.0), tie(1, 2, 9.0)], |_, _| Some(Refusal::BelowLower));
        assert_eq!(found.of, [0, 0, 2]);
        assert_eq!(found.refused, HashMap::from([((1, 2), Refusal::BelowLower)]));
    }

    #[test]
    fn what_a_person_took_apart_stays_apart_even_by_way_of_others() {
        for verdict in [Verdict::Undo, Verdict::Apart, Verdict::Pair] {
            let ties = [tie(0, 1, 12.0), tie(1, 2, 9.0), ruled(0, 2, verdict)];
            let found = households(3, &ties, |_, _| None);
            assert_eq!(found.of, [0, 0, 2], "{verdict}");
            assert_eq!(found.refused, HashMap::from([((1, 2), Refusal::KeptApart)]));
        }
    }

    #[test]
    fn decisions_that_contradict_each_other_are_named() {
        let ties = [ruled(0, 1, Verdict::Merge), ruled(1, 2, Verdict::Merge), ruled(0, 2, Verdict::Apart)];
        assert!(households(3, &ties, |_, _| None).broken.is_some());
    }

    fn any_tie() -> impl Strategy<Value = Tie> {
        let verdicts = prop::option::weighted(
            0.25,
            prop::sample::select(vec![Verdict::Merge, Verdict::Apart, Verdict::Pair, Verdict::Undo]),
        );
        let bars = prop::option::weighted(0.2, Just(Refusal::BelowLower));
        (0_usize..9, 0_usize..9, 0_u8..6, verdicts, bars)
            .prop_filter("two ends", |t| t.0 != t.1)
            .prop_map(|(a, b, w, verdict, bar)| Tie { verdict, bar, ..tie(a.min(b), a.max(b), f64::from(w)) })
    }

    proptest! {
        #[test]
        fn the_order_of_pairs_does_not_matter(raw in prop::collection::vec(any_tie(), 0..20), turn in 0_usize..20) {
            let mut ties = raw;
            ties.sort_by_key(|t| (t.a, t.b));
            ties.dedup_by_key(|t| (t.a, t.b));
            let bar = |a: usize, b: usize| (a + b).is_multiple_of(5).then_some(Refusal::BelowLower);
            let found = households(9, &ties, bar);
            if !ties.is_empty() {
                let middle = turn % ties.len();
                ties.rotate_left(middle);
            }
            let turned = households(9, &ties, bar);
            prop_assert_eq!(&turned.of, &found.of);
            prop_assert_eq!(&turned.refused, &found.refused);
            for t in &ties {
                let together = found.of[t.a] == found.of[t.b];
                match t.verdict {
                    Some(Verdict::Merge) => prop_assert!(together || found.broken.is_some()),
                    Some(_) => prop_assert!(!together),
                    None => {}
                }
            }
        }
    }
}
