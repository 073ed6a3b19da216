//! The interviews that can influence each other's household: all that hang together by likely or decided merges.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::household::{Households, Rank, Tie, households};
use super::judge::Judge;
use crate::domain::CaseId;
use crate::link::Prepared;
use crate::store::link::pair::{self, LinkRow};
use crate::store::link::text::{self, LinkedInterview};
use crate::store::{Error, SurveyKey, Tx};

/// An interview in force, ready to be compared.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) row: LinkedInterview,
    pub(super) prepared: Prepared,
}

impl Node {
    /// Reads a stored interview. Errors: one stored by rules that this program does not have.
    pub(super) fn of(row: LinkedInterview) -> Result<Self, Error> {
        let prepared = serde_json::from_str(&row.prepared).map_err(|_| Error::Corrupt("linked interview"))?;
        Ok(Self { row, prepared })
    }

    fn order(&self) -> (Option<i64>, Uuid) {
        (self.prepared.event_time, self.row.interview)
    }

    /// Its place in the choice of the one that counts.
    pub(super) fn rank(&self) -> Rank {
        Rank {
            is_complete: self.row.is_complete,
            is_own: !self.row.is_proxy,
            is_lived_in: self.row.living > 0,
            recorded: self.row.recorded,
            at: self.row.at,
            id: self.row.interview,
        }
    }
}

/// Interviews that hang together, in their order, and every link known between them.
#[derive(Debug, Default)]
pub(super) struct Component {
    pub(super) nodes: Vec<Node>,
    /// Links between them and to others, as they should be.
    pub(super) links: BTreeMap<Uuid, LinkRow>,
    /// The same links as stored.
    pub(super) stored: BTreeMap<Uuid, LinkRow>,
}

impl Component {
    /// Everything that hangs together with `roots`, by links as stored and by those in `fresh`, which replace stored ones.
    /// Interviews out of force take no part.
    pub(super) async fn grow(
        tx: &Tx,
        key: SurveyKey,
        roots: Vec<Node>,
        fresh: &BTreeMap<Uuid, LinkRow>,
        known: &HashMap<Uuid, Node>,
    ) -> Result<Self, Error> {
        let mut nodes: HashMap<Uuid, Node> = HashMap::new();
        let (mut links, mut before) = (BTreeMap::new(), BTreeMap::new());
        let mut out: HashSet<Uuid> = HashSet::new();
        let mut next = roots;
        while !next.is_empty() {
            let mut cases: Vec<CaseId> = next.iter().map(|n| n.row.case_id).collect();
            cases.sort_unstable();
            cases.dedup();
            nodes.extend(next.drain(..).map(|n| (n.row.interview, n)));
            let stored = pair::of_cases(tx, key, &cases).await?;
            let mut reached: Vec<Uuid> = Vec::new();
            let touches = |l: &&LinkRow| nodes.contains_key(&l.a) || nodes.contains_key(&l.b);
            for link in stored.iter().filter(touches) {
                before.insert(link.id, link.clone());
            }
            for link in stored.iter().chain(fresh.values()).filter(touches) {
                if link.is_edge() {
                    reached.extend([link.a, link.b]);
                }
                links.insert(link.id, fresh.get(&link.id).unwrap_or(link).clone());
            }
            reached.retain(|id| !nodes.contains_key(id) && !out.contains(id));
            reached.sort_unstable();
            reached.dedup();
            next = load(tx, key, &reached, known).await?;
            out.extend(reached.iter().filter(|id| !next.iter().any(|n| n.row.interview == **id)));
        }
        let mut nodes: Vec<Node> = nodes.into_values().collect();
        nodes.sort_by_key(Node::order);
        Ok(Self { nodes, links, stored: before })
    }

    /// Clusters the component.
    pub(super) fn households(&self, judge: &Judge) -> Households {
        let place = self.places();
        let ties: Vec<Tie> = self
            .links
            .values()
            .filter_map(|l| {
                let (x, y) = (*place.get(&l.a)?, *place.get(&l.b)?);
                Some(Tie {
                    a: x.min(y),
                    b: x.max(y),
                    weight: l.weight,
                    proposal: l.proposal,
                    verdict: l.verdict,
                    bar: l.bar,
                })
            })
            .collect();
        households(self.nodes.len(), &ties, |x, y| {
            let (x, y) = (&self.nodes[x], &self.nodes[y]);
            let (a, b) = if x.row.interview < y.row.interview { (x, y) } else { (y, x) };
            judge.bar(&a.prepared, &b.prepared)
        })
    }

    /// Position of each interview.
    pub(super) fn places(&self) -> HashMap<Uuid, usize> {
        self.nodes.iter().enumerate().map(|(n, node)| (node.row.interview, n)).collect()
    }
}

/// Interviews in force by id, those in `known` without asking the database.
pub(super) async fn load(
    tx: &Tx,
    key: SurveyKey,
    wanted: &[Uuid],
    known: &HashMap<Uuid, Node>,
) -> Result<Vec<Node>, Error> {
    let missing: Vec<Uuid> = wanted.iter().filter(|id| !known.contains_key(id)).copied().collect();
    let mut found: Vec<Node> = wanted.iter().filter_map(|id| known.get(id)).cloned().collect();
    for row in text::load(tx, key, &missing).await?.into_iter().filter(|r| r.is_in_force) {
        found.push(Node::of(row)?);
    }
    Ok(found)
}
