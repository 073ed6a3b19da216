//! From scored pairs to households and persons under hard constraints. Works on any set of interviews that
//! contains whole components: the offline file at once, or the part a new interview touches.

use std::collections::{HashMap, HashSet};

use super::citizen::{Citizen, IdQuality};
use super::cluster::{Clustering, Edge, cluster};
use super::codes::{AbsentLevel, DoorClass};
use super::context::ContextLevels;
use super::model::{Model, Parameters, Thresholds};
use super::prepared::Prepared;
use super::score::{Decision, PersonMatch, Scored, probability, score_pair};
use crate::domain::Refusal;

/// A scored pair of interviews, by position, `a < b`.
#[derive(Clone, Debug, PartialEq)]
pub struct PairLink {
    /// Earlier interview.
    pub a: usize,
    /// Later interview.
    pub b: usize,
    /// Score and decision.
    pub scored: Scored,
}

/// What supervisors decided: stronger than any weight, and it survives re-scoring.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    /// Pairs that are one household.
    pub together: Vec<(usize, usize)>,
    /// Pairs that are not.
    pub apart: Vec<(usize, usize)>,
}

/// Households found.
#[derive(Clone, Debug, PartialEq)]
pub struct Households {
    /// Position of the earliest interview of each interview's cluster.
    pub of: Vec<usize>,
    /// Pairs whose union was refused, and why; they go to review.
    pub refused: Vec<(usize, usize, Refusal)>,
}

/// Clusters interviews, given in [`Prepared::order`], into households, and brings the decisions of `links` in
/// line: a refused merge becomes a review, a pair inside a cluster a merge.
pub fn resolve_households(
    model: &Model,
    interviews: &[&Prepared],
    links: &mut [PairLink],
    verdicts: &Verdicts,
) -> Households {
    let edges = household_edges(links, verdicts);
    let found = {
        let judge = Judge::new(model, interviews, links, verdicts);
        cluster(interviews.len(), &edges, |edge, xs, ys| {
            pairs(xs, ys).find_map(|pair| judge.refuses(pair, edge.weight.is_infinite()))
        })
    };
    settle(model, interviews, links, &found);
    let refused = found.refused.iter().map(|(e, why)| (edges[*e].a, edges[*e].b, *why)).collect();
    Households { of: found.of, refused }
}

/// Accepted whether two interviews may be in one cluster.
struct Judge<'a> {
    model: &'a Model,
    interviews: &'a [&'a Prepared],
    known: HashMap<(usize, usize), &'a Scored>,
    apart: HashSet<(usize, usize)>,
    together: HashSet<(usize, usize)>,
}

impl<'a> Judge<'a> {
    fn new(
        model: &'a Model,
        interviews: &'a [&'a Prepared],
        links: &'a [PairLink],
        verdicts: &Verdicts,
    ) -> Self {
        let sorted = |pairs: &[(usize, usize)]| pairs.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
        Self {
            model,
            interviews,
            known: links.iter().map(|l| ((l.a, l.b), &l.scored)).collect(),
            apart: sorted(&verdicts.apart),
            together: sorted(&verdicts.together),
        }
    }

    /// `ordered`: a supervisor wants the union; then only another supervisor's word stands against it.
    fn refuses(&self, pair: (usize, usize), ordered: bool) -> Option<Refusal> {
        if self.apart.contains(&pair) {
            return Some(Refusal::KeptApart);
        }
        if ordered || self.together.contains(&pair) {
            return None;
        }
        let (a, b) = (self.interviews[pair.0], self.interviews[pair.1]);
        let thresholds = &self.model.parameters(a.script, b.script).thresholds;
        match self.known.get(&pair) {
            Some(scored) => bar(thresholds, scored),
            None => bar(thresholds, &score_pair(self.model, a, b)),
        }
    }
}

fn household_edges(links: &[PairLink], verdicts: &Verdicts) -> Vec<Edge> {
    let automatic = links.iter().filter(|l| l.scored.decision == Decision::Merge).map(|l| Edge {
        a: l.a,
        b: l.b,
        weight: l.scored.weight,
    });
    let ordered = verdicts.together.iter().map(|(a, b)| Edge { a: *a, b: *b, weight: f64::INFINITY });
    ordered.chain(automatic).collect()
}

/// Every pair of members that a union of two clusters would bring together.
fn pairs<'m>(xs: &'m [usize], ys: &'m [usize]) -> impl Iterator<Item = (usize, usize)> + 'm {
    xs.iter().flat_map(|x| ys.iter().map(move |y| (*x.min(y), *x.max(y))))
}

/// Why two interviews may not stand in one household by themselves. Complete link: every pair of a household must be at
/// least worth a review.
pub fn bar(thresholds: &Thresholds, scored: &Scored) -> Option<Refusal> {
    if scored.levels.absent == AbsentLevel::One && scored.levels.door.class() == DoorClass::Other {
        Some(Refusal::RegistrationOnly)
    } else {
        (scored.probability < thresholds.complete_link()).then_some(Refusal::BelowLower)
    }
}

fn settle(model: &Model, interviews: &[&Prepared], links: &mut [PairLink], found: &Clustering<Refusal>) {
    for link in links {
        let together = found.of[link.a] == found.of[link.b];
        if together {
            link.scored.decision = Decision::Merge;
        } else if link.scored.decision == Decision::Merge {
            link.scored.decision = Decision::Review;
        } else if matches!(link.scored.decision, Decision::Apart | Decision::Pair) {
            let parameters = model.parameters(interviews[link.a].script, interviews[link.b].script);
            let shared =
                |m| person_probability(parameters, &link.scored, m, false) >= parameters.thresholds.person;
            link.scored.decision =
                if link.scored.people.iter().any(shared) { Decision::Pair } else { Decision::Apart };
        }
    }
}

/// Probability that an assigned pair is one person; `merged`: the interviews are in one household cluster.
pub fn person_probability(
    parameters: &Parameters,
    scored: &Scored,
    person: &PersonMatch,
    merged: bool,
) -> f64 {
    probability(parameters.context_weight(&ContextLevels::of(scored, person, merged)))
}

/// One listed person: position of the interview and within it.
pub type PersonPosition = (usize, usize);

/// Clusters persons. Returns the earliest member of each person's cluster, persons in interview order.
pub fn resolve_persons(
    model: &Model,
    interviews: &[&Prepared],
    links: &[PairLink],
    households: &Households,
) -> Vec<(PersonPosition, PersonPosition)> {
    let persons: Vec<PersonPosition> =
        interviews.iter().enumerate().flat_map(|(i, p)| (0..p.persons.len()).map(move |n| (i, n))).collect();
    let mut first = Vec::with_capacity(interviews.len());
    let mut total = 0;
    for interview in interviews {
        first.push(total);
        total += interview.persons.len();
    }
    let edges = person_edges(model, interviews, links, households, &first);
    let id = |n: &usize| interviews[persons[*n].0].persons[persons[*n].1].citizen;
    let found = cluster(total, &edges, |_, xs, ys| {
        // Two persons of one interview are two, and so are two valid citizen IDs.
        let are_two = |(x, y): (usize, usize)| persons[x].0 == persons[y].0 || ids_conflict(id(&x), id(&y));
        pairs(xs, ys).any(are_two).then_some(())
    });
    found.of.iter().enumerate().map(|(n, of)| (persons[n], persons[*of])).collect()
}

/// Pairs of persons likely enough to be one; `first` is the position of each interview's first person.
fn person_edges(
    model: &Model,
    interviews: &[&Prepared],
    links: &[PairLink],
    households: &Households,
    first: &[usize],
) -> Vec<Edge> {
    let mut edges = Vec::new();
    for link in links {
        let merged = households.of[link.a] == households.of[link.b];
        let parameters = model.parameters(interviews[link.a].script, interviews[link.b].script);
        for person in &link.scored.people {
            let probability = person_probability(parameters, &link.scored, person, merged);
            if probability >= parameters.thresholds.person {
                // The own weight orders pairs of equal probability.
                let weight = probability + person.weight * 1e-6;
                edges.push(Edge { a: first[link.a] + person.a, b: first[link.b] + person.b, weight });
            }
        }
    }
    edges
}

fn ids_conflict(a: Option<Citizen>, b: Option<Citizen>) -> bool {
    a.zip(b).is_some_and(|(x, y)| {
        x.quality == IdQuality::Valid && y.quality == IdQuality::Valid && x.digest != y.digest
    })
}
