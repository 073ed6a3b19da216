//! What follows once households are clustered: links that move, households that come about or fall apart, interviews that
//! count otherwise. Pure: [`settle`] computes a plan from what was read; [`super::apply`] reads and writes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::component::Component;
use super::household::Households;
use crate::domain::{CaseId, HouseholdEventKind, LinkEventKind, LinkState, MergedAs, Proposal, Verdict};
use crate::store::link::cluster::{ClusterEvent, Flags, Member};
use crate::store::link::pair::{Away, LinkEvent, LinkPut, LinkRow};

/// Name under which the linking job decides.
pub(super) const WORKER: &str = "worker";

/// What is to be settled.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) component: &'a Component,
    pub(super) found: &'a Households,
    /// Links as stored.
    pub(super) before: BTreeMap<Uuid, LinkRow>,
    /// The same links as they should be, states aside.
    pub(super) links: BTreeMap<Uuid, LinkRow>,
    /// Waterfalls of those scored now.
    pub(super) evidence: &'a HashMap<Uuid, String>,
    /// Interviews looked at that are not in the component, or must be looked at in any case.
    pub(super) also: &'a [Uuid],
    /// The link a person decides on; whoever decides logs it.
    pub(super) decided: Option<Uuid>,
}

impl Work<'_> {
    /// The interviews of the component and those looked at besides.
    pub(super) fn own(&self) -> Vec<Uuid> {
        self.component.nodes.iter().map(|n| n.row.interview).chain(self.also.iter().copied()).collect()
    }

    /// Links that share a person between two households, or did: what they do to both ends may change.
    pub(super) fn sharing(&self) -> impl Iterator<Item = &LinkRow> {
        let was = |l: &LinkRow| self.before.get(&l.id).is_some_and(|w| w.state == LinkState::Paired);
        self.links
            .values()
            .filter(move |l| l.proposal == Proposal::Pair || l.verdict == Some(Verdict::Pair) || was(l))
    }
}

/// What is stored of everything that may change.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Every member of the households in which one of the interviews stands.
    pub(super) households: Vec<Member>,
    /// How the interviews count.
    pub(super) flags: Vec<Flags>,
    /// Who is counted at another household, by links that touch their cases.
    pub(super) away: Vec<Away>,
    /// Interviews that are no evidence any more.
    pub(super) out_of_force: Vec<Uuid>,
    /// The case that goes on for a case whose door was listed twice.
    pub(super) doors: HashMap<CaseId, CaseId>,
}

/// The plan: what is to be written.
#[derive(Debug, Default)]
pub(super) struct Settlement {
    /// Every link as it will stand.
    pub(super) links: BTreeMap<Uuid, LinkRow>,
    /// Those that differ from what is stored.
    pub(super) puts: Vec<LinkPut>,
    /// What the log of links will say.
    pub(super) events: Vec<LinkEvent>,
    /// Interviews that leave their household.
    pub(super) gone: Vec<Uuid>,
    /// Members that are new or changed.
    pub(super) kept: Vec<Member>,
    /// What the log of households will say.
    pub(super) household_events: Vec<ClusterEvent>,
    /// Interviews that will count otherwise. Their cases are to be folded.
    pub(super) flags: Vec<Flags>,
}

/// The plan for a component, from what was read of it.
pub(super) fn settle(mut work: Work<'_>, facts: &Facts, now: Timestamp) -> Settlement {
    let mut links = std::mem::take(&mut work.links);
    for link in links.values_mut() {
        settle_link(link, work.component, work.found);
    }
    let (puts, events, mut affected) = changed_links(&work, &mut links, now);
    let after = members(work.component, work.found);
    let own: HashSet<Uuid> = work.own().into_iter().collect();
    let (before, others) = split(&facts.households, &own);
    affected.extend(before.iter().chain(&after).map(|m| m.interview));
    affected.extend(work.also);
    let looked_at = links.values().filter(|l| work.also.iter().any(|id| l.has(*id)));
    affected.extend(looked_at.filter(|l| l.state == LinkState::Paired).flat_map(|l| [l.a, l.b]));
    let standing: Vec<Member> = after.iter().copied().chain(others).collect();
    let away = away(facts, &links);
    let flags = facts.flags.iter().filter(|f| affected.contains(&f.interview)).filter_map(|f| {
        let wanted = wanted(f, facts, &standing, &away);
        (wanted != *f).then_some(wanted)
    });
    Settlement {
        flags: flags.collect(),
        gone: before
            .iter()
            .filter(|b| !after.iter().any(|a| a.interview == b.interview))
            .map(|b| b.interview)
            .collect(),
        kept: after.iter().filter(|a| !before.contains(a)).copied().collect(),
        household_events: household_events(&before, &after),
        puts,
        events,
        links,
    }
}

/// Where a link stands once households are settled. What a person decided stands.
fn settle_link(link: &mut LinkRow, component: &Component, found: &Households) {
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

/// Links that differ from what is stored, what the log says of them, and the interviews whose share of paired people may have
/// changed.
fn changed_links(
    work: &Work<'_>,
    after: &mut BTreeMap<Uuid, LinkRow>,
    now: Timestamp,
) -> (Vec<LinkPut>, Vec<LinkEvent>, HashSet<Uuid>) {
    let (mut puts, mut events, mut touched) = (Vec::new(), Vec::new(), HashSet::new());
    for link in after.values_mut() {
        let was = work.before.get(&link.id);
        if was.is_some_and(|w| *w == *link) || (was.is_none() && link.state == LinkState::Withdrawn) {
            continue;
        }
        let is_moved = was.is_none_or(|w| w.state != link.state || w.merged_as != link.merged_as);
        link.version = was.map_or(1, |w| w.version + 1);
        if is_moved && link.verdict == was.and_then(|w| w.verdict) {
            WORKER.clone_into(&mut link.decided_by);
            link.decided_at = now;
        }
        let evidence = work.evidence.get(&link.id).cloned();
        if work.decided != Some(link.id) {
            let kind = event_kind(was, link, evidence.as_ref());
            let note = link.refusal.map(|r| r.slug().to_owned()).unwrap_or_default();
            let by = WORKER.to_owned();
            events.push(LinkEvent { link: link.clone(), kind, by, at: now, note, changed: None });
        }
        puts.push(LinkPut { row: link.clone(), evidence });
        if link.state == LinkState::Paired || was.is_some_and(|w| w.state == LinkState::Paired) {
            touched.extend([link.a, link.b]);
        }
    }
    (puts, events, touched)
}

fn event_kind(was: Option<&LinkRow>, link: &LinkRow, evidence: Option<&String>) -> LinkEventKind {
    match (was, evidence) {
        (None, _) => LinkEventKind::Found,
        (Some(_), _) if link.state == LinkState::Withdrawn => LinkEventKind::Withdrawn,
        (Some(_), Some(_)) => LinkEventKind::Scored,
        (Some(_), None) => LinkEventKind::Settled,
    }
}

/// Members of the households with two interviews or more, the one that counts marked.
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

/// Stored members of the households in which one of `own` stands, and those of all others.
fn split(households: &[Member], own: &HashSet<Uuid>) -> (Vec<Member>, Vec<Member>) {
    let touched: HashSet<Uuid> =
        households.iter().filter(|m| own.contains(&m.interview)).map(|m| m.cluster).collect();
    let (mut before, others): (Vec<_>, Vec<_>) =
        households.iter().copied().partition(|m| touched.contains(&m.cluster));
    before.sort_unstable();
    (before, others)
}

/// What came about and fell apart between two sets of households.
fn household_events(before: &[Member], after: &[Member]) -> Vec<ClusterEvent> {
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

/// Who will be counted at another household: by stored links, and by the planned ones in place of theirs.
fn away(facts: &Facts, links: &BTreeMap<Uuid, LinkRow>) -> BTreeMap<Uuid, BTreeSet<i32>> {
    let stored = facts.away.iter().filter(|a| !links.contains_key(&a.link)).flat_map(|a| a.sides.clone());
    let is_in_force = |l: &&LinkRow| !facts.out_of_force.iter().any(|id| l.has(*id));
    let planned = links
        .values()
        .filter(|l| l.state == LinkState::Paired)
        .filter(is_in_force)
        .flat_map(|l| [(l.a, l.a_away.clone()), (l.b, l.b_away.clone())]);
    let mut all: BTreeMap<Uuid, BTreeSet<i32>> = BTreeMap::new();
    for (interview, people) in stored.chain(planned) {
        all.entry(interview).or_default().extend(people);
    }
    all
}

/// How an interview is to count: elsewhere where another one of its household counts, at another door.
fn wanted(flags: &Flags, facts: &Facts, members: &[Member], away: &BTreeMap<Uuid, BTreeSet<i32>>) -> Flags {
    let door = |case: CaseId| facts.doors.get(&case).copied().unwrap_or(case);
    let own = members.iter().find(|m| m.interview == flags.interview);
    let counted = own.and_then(|o| members.iter().find(|m| m.cluster == o.cluster && m.is_counted));
    let counted_at = counted.and_then(|c| facts.flags.iter().find(|f| f.interview == c.interview));
    let people = away.get(&flags.interview).map_or(0, BTreeSet::len);
    Flags {
        elsewhere: counted_at.is_some_and(|c| door(c.case_id) != door(flags.case_id)),
        paired: i32::try_from(people).unwrap_or(i32::MAX),
        ..*flags
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
