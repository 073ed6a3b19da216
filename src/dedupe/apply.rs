//! Writing what was settled: links, households, which interview counts, and the cases that follow.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::component::Component;
use super::settle::Households;
use crate::domain::{HouseholdEventKind, LinkEventKind, LinkState, MergedAs, Proposal, Verdict};
use crate::ingest::refold::{At, refold};
use crate::store::case::{self, LockedCase};
use crate::store::link::cluster::{self, ClusterEvent, Flags, Member};
use crate::store::link::pair::{self, LinkEvent, LinkPut, LinkRow};
use crate::store::{Error, SurveyKey, Tx};
use crate::surveys::Survey;

/// Who brings a change about, and by which link or interview.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// A user, or `worker`.
    pub(super) by: String,
    /// The link decided on, or the interview that was linked.
    pub(super) id: Uuid,
}

/// Name under which the linking job decides.
pub(super) const WORKER: &str = "worker";

/// Where a link stands once households are settled. What a person decided stands.
fn settled_state(link: &mut LinkRow, component: &Component, found: &Households) {
    let place = |id: Uuid| component.nodes.iter().position(|n| n.row.interview == id);
    let ends = place(link.a).zip(place(link.b));
    let is_together = ends.is_some_and(|(x, y)| found.of[x] == found.of[y]);
    match link.verdict {
        Some(Verdict::Merge) => {
            link.state = LinkState::Merged;
            link.merged_as = link.merged_as.or(Some(MergedAs::Household));
            link.refusal = None;
            return;
        }
        Some(Verdict::Pair) => link.state = LinkState::Paired,
        Some(Verdict::Apart) => link.state = LinkState::Apart,
        Some(Verdict::Undo) => link.state = LinkState::Review,
        None if is_together => {
            link.state = LinkState::Merged;
            link.merged_as = Some(MergedAs::Household);
            link.refusal = None;
            return;
        }
        None => {
            link.state = match link.proposal {
                Proposal::Merge | Proposal::Review => LinkState::Review,
                Proposal::Pair => LinkState::Paired,
                Proposal::Apart => LinkState::Withdrawn,
            };
            if link.proposal == Proposal::Merge {
                link.refusal = ends.and_then(|(x, y)| found.refused.get(&(x.min(y), x.max(y))).copied());
            }
        }
    }
    link.merged_as = None;
}

/// Writes links that differ from what is stored; returns the interviews whose share of paired people may have changed.
/// `evidence` holds the waterfall of those that were scored now; the link decided on is logged by whoever decides.
async fn write_links(
    tx: &Tx,
    at: At,
    before: &BTreeMap<Uuid, LinkRow>,
    after: &mut BTreeMap<Uuid, LinkRow>,
    (evidence, decided): (&HashMap<Uuid, String>, Option<Uuid>),
) -> Result<HashSet<Uuid>, Error> {
    let (mut puts, mut events, mut touched) = (Vec::new(), Vec::new(), HashSet::new());
    for link in after.values_mut() {
        let was = before.get(&link.id);
        if was.is_some_and(|w| *w == *link) || (was.is_none() && link.state == LinkState::Withdrawn) {
            continue;
        }
        let is_moved = was.is_none_or(|w| w.state != link.state || w.merged_as != link.merged_as);
        link.version = was.map_or(1, |w| w.version + 1);
        if is_moved && link.verdict == was.and_then(|w| w.verdict) {
            WORKER.clone_into(&mut link.decided_by);
            link.decided_at = at.now;
        }
        let kind = match was {
            None => LinkEventKind::Found,
            Some(_) if link.state == LinkState::Withdrawn => LinkEventKind::Withdrawn,
            Some(_) if evidence.contains_key(&link.id) => LinkEventKind::Scored,
            Some(_) => LinkEventKind::Settled,
        };
        if decided != Some(link.id) {
            let note = link.refusal.map(|r| r.slug().to_owned()).unwrap_or_default();
            let by = WORKER.to_owned();
            events.push(LinkEvent { link: link.clone(), kind, by, at: at.now, note, changed: None });
        }
        puts.push(LinkPut { row: link.clone(), evidence: evidence.get(&link.id).cloned() });
        if link.state == LinkState::Paired || was.is_some_and(|w| w.state == LinkState::Paired) {
            touched.extend([link.a, link.b]);
        }
    }
    if !puts.is_empty() {
        pair::put(tx, at.key, &puts).await?;
        pair::log(tx, at.key, &events).await?;
    }
    Ok(touched)
}

/// Household rows of a component: members of households with two interviews or more, the one that counts marked.
fn members(component: &Component, found: &Households) -> Vec<Member> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, head) in found.of.iter().enumerate() {
        groups.entry(*head).or_default().push(node);
    }
    let mut all = Vec::new();
    for (head, nodes) in groups.into_iter().filter(|(_, nodes)| nodes.len() > 1) {
        let cluster = component.nodes[head].row.interview;
        let counted = nodes.iter().map(|n| component.nodes[*n].rank()).max().map(|r| r.id);
        all.extend(nodes.iter().map(|n| {
            let interview = component.nodes[*n].row.interview;
            Member { interview, cluster, is_counted: Some(interview) == counted }
        }));
    }
    all.sort_unstable();
    all
}

/// Writes the households of a component in place of those stored, and logs what came about and fell apart.
/// `also` are interviews outside the component that lose their household. Returns the members before.
async fn write_households(
    tx: &Tx,
    at: At,
    (component, after): (&Component, &[Member]),
    also: &[Uuid],
    cause: &Cause,
) -> Result<Vec<Member>, Error> {
    let mut ids: Vec<Uuid> = component.nodes.iter().map(|n| n.row.interview).collect();
    ids.extend(also);
    let mut before = cluster::households(tx, at.key, &ids).await?;
    before.sort_unstable();
    if before == after {
        return Ok(before);
    }
    let gone: Vec<Uuid> = before
        .iter()
        .filter(|b| !after.iter().any(|a| a.interview == b.interview))
        .map(|b| b.interview)
        .collect();
    let kept: Vec<Member> = after.iter().filter(|a| !before.contains(a)).copied().collect();
    cluster::write(tx, at.key, &gone, &kept).await?;
    let told = (cause.id, cause.by.as_str(), at.now);
    cluster::log(tx, at.key, &cluster_events(&before, after), told).await?;
    Ok(before)
}

fn cluster_events(before: &[Member], after: &[Member]) -> Vec<ClusterEvent> {
    let of = |all: &[Member], cluster: Uuid| -> BTreeSet<Uuid> {
        all.iter().filter(|m| m.cluster == cluster).map(|m| m.interview).collect()
    };
    let counted = |all: &[Member], cluster: Uuid| {
        all.iter().find(|m| m.cluster == cluster && m.is_counted).map(|m| m.interview)
    };
    let clusters: BTreeSet<Uuid> = before.iter().chain(after).map(|m| m.cluster).collect();
    clusters
        .into_iter()
        .filter_map(|cluster| {
            let (was, is) = (of(before, cluster), of(after, cluster));
            let (chose, chooses) = (counted(before, cluster), counted(after, cluster));
            let kind = if was == is {
                if chose == chooses {
                    return None;
                }
                HouseholdEventKind::Recount
            } else if is.is_empty() {
                HouseholdEventKind::Dissolve
            } else if is.is_superset(&was) {
                HouseholdEventKind::Merge
            } else {
                HouseholdEventKind::Split
            };
            let counted = chooses.or(chose).unwrap_or(cluster);
            Some(ClusterEvent { cluster, kind, members: is.into_iter().collect(), counted })
        })
        .collect()
}

/// Brings the flags of interviews in line with households and pairs, and folds the cases again whose flags changed.
async fn follow(
    tx: &Tx,
    at: At,
    survey: &Survey,
    interviews: &BTreeSet<Uuid>,
    members: &[Member],
) -> Result<bool, Error> {
    let ids: Vec<Uuid> = interviews.iter().copied().collect();
    let now = cluster::flags(tx, at.key, &ids).await?;
    let mut cases: Vec<Uuid> = now.iter().map(|f| f.case_id).collect();
    cases.sort_unstable();
    cases.dedup();
    if cases.is_empty() {
        return Ok(false);
    }
    let away = pair::paired(tx, at.key, &cases).await?;
    let doors = if members.is_empty() { HashMap::new() } else { doors(tx, at.key, &cases).await? };
    let changed: Vec<Flags> = now
        .iter()
        .map(|f| wanted(f, &now, members, &away, &doors))
        .zip(&now)
        .filter(|(wanted, now)| wanted != *now)
        .map(|(wanted, _)| wanted)
        .collect();
    if changed.is_empty() {
        return Ok(false);
    }
    let mut touched: Vec<Uuid> = changed.iter().map(|f| f.case_id).collect();
    touched.sort_unstable();
    touched.dedup();
    let rows = lock(tx, at.key, &touched).await?;
    cluster::set_flags(tx, at.key, &changed).await?;
    refold(tx, at, survey, &rows).await?;
    Ok(true)
}

/// The case that goes on for each case: the survivor where a door was listed twice.
async fn doors(tx: &Tx, key: SurveyKey, cases: &[Uuid]) -> Result<HashMap<Uuid, Uuid>, Error> {
    let rows = case::find_cases(tx, key, cases).await?;
    Ok(rows.iter().map(|r| (r.id, r.merged_into.unwrap_or(r.id))).collect())
}

fn wanted(
    flags: &Flags,
    all: &[Flags],
    members: &[Member],
    away: &[(Uuid, i32)],
    doors: &HashMap<Uuid, Uuid>,
) -> Flags {
    let door = |case: Uuid| doors.get(&case).copied().unwrap_or(case);
    let own = members.iter().find(|m| m.interview == flags.interview);
    let counted = own.and_then(|o| members.iter().find(|m| m.cluster == o.cluster && m.is_counted));
    let counted_at = counted.and_then(|c| all.iter().find(|f| f.interview == c.interview)).map(|f| f.case_id);
    let people: BTreeSet<i32> = away.iter().filter(|(i, _)| *i == flags.interview).map(|(_, n)| *n).collect();
    Flags {
        elsewhere: counted_at.is_some_and(|case| door(case) != door(flags.case_id)),
        paired: i32::try_from(people.len()).unwrap_or(i32::MAX),
        ..*flags
    }
}

/// Locks cases together with the survivors of those merged as a door, all in id order.
pub(super) async fn lock(tx: &Tx, key: SurveyKey, cases: &[Uuid]) -> Result<Vec<Arc<LockedCase>>, Error> {
    let mut ids = cases.to_vec();
    ids.extend(case::find_cases(tx, key, cases).await?.iter().filter_map(|r| r.merged_into));
    ids.sort_unstable();
    ids.dedup();
    case::lock_cases(tx, key, &ids).await
}

/// Everything after a decision or a scoring: settles `component`, writes what changed, folds what follows.
/// `also` are interviews that left it. Returns the links as they stand and the households.
pub(super) async fn settle(
    tx: &Tx,
    at: At,
    survey: &Survey,
    work: Work<'_>,
    cause: &Cause,
) -> Result<Settled, Error> {
    let Work { component, found, before, mut links, evidence, also, decided } = work;
    for link in links.values_mut() {
        settled_state(link, component, found);
    }
    let mut affected = write_links(tx, at, before, &mut links, (evidence, decided)).await?;
    let after = members(component, found);
    let was = write_households(tx, at, (component, &after), also, cause).await?;
    affected.extend(was.iter().chain(&after).map(|m| m.interview));
    affected.extend(also);
    let is_looked_at = |l: &&LinkRow| also.iter().any(|id| l.has(*id));
    affected.extend(
        links.values().filter(is_looked_at).filter(|l| l.state == LinkState::Paired).flat_map(|l| [l.a, l.b]),
    );
    let interviews: BTreeSet<Uuid> = affected.into_iter().collect();
    let folded = follow(tx, at, survey, &interviews, &after).await?;
    Ok(Settled { links, folded })
}

/// What is to be settled.
pub(super) struct Work<'a> {
    pub(super) component: &'a Component,
    pub(super) found: &'a Households,
    /// Links as stored.
    pub(super) before: &'a BTreeMap<Uuid, LinkRow>,
    /// The same links as they should be, states aside.
    pub(super) links: BTreeMap<Uuid, LinkRow>,
    /// Waterfalls of those scored now.
    pub(super) evidence: &'a HashMap<Uuid, String>,
    /// Interviews looked at that are not in the component, or must be looked at in any case.
    pub(super) also: &'a [Uuid],
    /// The link a person decides on.
    pub(super) decided: Option<Uuid>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Settled {
    /// The links as they stand.
    pub(super) links: BTreeMap<Uuid, LinkRow>,
    /// Cases were folded again.
    pub(super) folded: bool,
}
