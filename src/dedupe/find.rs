//! Who is compared with whom: blocking keys of an interview and the interviews that share one.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::component::Node;
use crate::link::Prepared;
use crate::link::block::{Key, KeyKind, LARGEST_BLOCK, keys};
use crate::link::phone::MOST_USES;
use crate::store::link::text::{self, Sharing};
use crate::store::{Error, SurveyKey, Tx};

/// Number of a kind in the database: its place in the list of kinds.
pub(super) fn number(kind: KeyKind) -> i16 {
    let place = KeyKind::ALL.iter().position(|k| *k == kind).unwrap_or_default();
    i16::try_from(place).unwrap_or(i16::MAX)
}

/// The kind of that number.
pub(super) fn kind_of(number: i16) -> Option<KeyKind> {
    KeyKind::ALL.get(usize::try_from(number).ok()?).copied()
}

/// Keys and their kinds as stored.
pub(super) fn stored_keys(prepared: &Prepared) -> (Vec<i64>, Vec<i16>) {
    keys(prepared).into_iter().map(|k: Key| (k.hash, number(k.kind))).unzip()
}

/// Interviews that share a key, and kinds of keys too common to be searched.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) interviews: Vec<Uuid>,
    pub(super) skipped: Vec<i16>,
}

/// Most interviews of one block.
fn most(kind: i16) -> usize {
    if kind_of(kind) == Some(KeyKind::Phone) { MOST_USES } else { LARGEST_BLOCK }
}

/// The interviews that share a key with `own`, whose keys are stored already.
pub(super) async fn candidates(
    tx: &Tx,
    key: SurveyKey,
    own: Uuid,
    keys: &[i64],
    kinds: &[i16],
) -> Result<Candidates, Error> {
    // One more than allowed shows that a block is too large.
    let wanted: Vec<(i64, i32)> = keys
        .iter()
        .zip(kinds)
        .map(|(k, kind)| (*k, i32::try_from(most(*kind) + 1).unwrap_or(i32::MAX)))
        .collect();
    let found = text::sharing(tx, key, &wanted).await?;
    Ok(choose(own, keys, kinds, &found))
}

fn choose(own: Uuid, keys: &[i64], kinds: &[i16], found: &[Sharing]) -> Candidates {
    let mut blocks: HashMap<i64, Vec<&Sharing>> = HashMap::new();
    for s in found {
        blocks.entry(s.key).or_default().push(s);
    }
    let (mut interviews, mut skipped) = (BTreeSet::new(), BTreeSet::new());
    for (key, kind) in keys.iter().zip(kinds) {
        let Some(block) = blocks.get(key) else { continue };
        if block.len() > most(*kind) {
            skipped.insert(*kind);
            continue;
        }
        interviews.extend(
            block.iter().filter(|s| s.interview != own && may_meet(*kind, s.kind)).map(|s| s.interview),
        );
    }
    Candidates { interviews: interviews.into_iter().collect(), skipped: skipped.into_iter().collect() }
}

/// Whether two interviews become candidates by a key of these kinds.
fn may_meet(own: i16, other: i16) -> bool {
    kind_of(own).zip(kind_of(other)).is_some_and(|(own, other)| own.meets(other))
}

/// Takes out the interviews at the same door that are of the same household for certain: what a household sent by itself and what
/// was taken from it are two answers of one, of which the case's fold chooses.
pub(super) async fn drop_own_answers(
    tx: &Tx,
    key: SurveyKey,
    node: &Node,
    nodes: &mut Vec<Node>,
) -> Result<(), Error> {
    let is_here = |n: &Node| n.row.case_id == node.row.case_id;
    let mut ids: Vec<Uuid> = nodes.iter().filter(|n| is_here(n)).map(|n| n.row.interview).collect();
    if ids.is_empty() {
        return Ok(());
    }
    ids.push(node.row.interview);
    let own = text::sent_by_residents(tx, key, &ids).await?;
    let is_own = |n: &Node| own.contains(&n.row.interview);
    let is_node_own = is_own(node);
    nodes.retain(|n| !is_here(n) || !(is_node_own || is_own(n)));
    Ok(())
}

/// Takes out contact numbers that too many interviews gave: they are a manager's, and no evidence for or against anybody.
pub(super) async fn drop_shared_phones(tx: &Tx, key: SurveyKey, nodes: &mut [Node]) -> Result<(), Error> {
    let phone = number(KeyKind::Phone);
    let phone_key = |n: &Node| {
        let mut pairs = n.row.keys.iter().zip(&n.row.key_kinds);
        pairs.find(|(_, kind)| **kind == phone).map(|(key, _)| *key)
    };
    let mut keys: Vec<i64> = nodes.iter().filter_map(phone_key).collect();
    keys.sort_unstable();
    keys.dedup();
    let most = i64::try_from(MOST_USES).unwrap_or(i64::MAX);
    let crowded = text::crowded(tx, key, &keys, most).await?;
    if !crowded.is_empty() {
        for node in nodes.iter_mut().filter(|n| phone_key(n).is_some_and(|k| crowded.contains(&k))) {
            node.prepared.phone = 0;
        }
    }
    Ok(())
}
