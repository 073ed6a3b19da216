//! What is planned for a component, without a database.

use proptest::prelude::*;

use super::*;
use crate::dedupe::component::Node;
use crate::link::{DigestKey, Interview, prepare};
use crate::store::link::text::LinkedInterview;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn interview(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn case(n: u128) -> CaseId {
    CaseId(Uuid::from_u128(0x100 + n))
}

/// Interview `n`, taken for the case of that number; the higher one is later.
fn node(n: u128) -> Node {
    let later = std::time::Duration::from_secs(u64::try_from(n).unwrap());
    let row = LinkedInterview {
        interview: interview(n),
        revision: 1,
        case_id: case(n),
        is_in_force: true,
        is_complete: true,
        is_proxy: false,
        recorded: 3,
        living: 3,
        at: NOW + later,
        norm_version: 1,
        prepared: String::new(),
        keys: Vec::new(),
        key_kinds: Vec::new(),
        skipped: Vec::new(),
    };
    Node { row, prepared: prepare(&Interview::default(), &DigestKey::new([0; 32])) }
}

fn link(a: u128, b: u128) -> LinkRow {
    LinkRow {
        id: Uuid::from_u128(a << 16 | b),
        a: interview(a),
        b: interview(b),
        a_case: case(a),
        b_case: case(b),
        state: LinkState::Review,
        merged_as: None,
        refusal: None,
        proposal: Proposal::Merge,
        bar: None,
        weight: 12.0,
        probability: 0.999,
        revisions: (1, 1),
        a_away: Vec::new(),
        b_away: vec![2],
        model_version: 1,
        model_name: "test".to_owned(),
        policy_version: 1,
        verdict: None,
        evidence_changed: false,
        decided_by: WORKER.to_owned(),
        decided_at: NOW,
        made_at: NOW,
        version: 0,
    }
}

fn merged(a: u128, b: u128) -> LinkRow {
    let merged_as = Some(MergedAs::Household);
    LinkRow { state: LinkState::Merged, merged_as, version: 1, ..link(a, b) }
}

fn paired(a: u128, b: u128) -> LinkRow {
    LinkRow { state: LinkState::Paired, proposal: Proposal::Pair, version: 1, ..link(a, b) }
}

fn by_id(links: &[LinkRow]) -> BTreeMap<Uuid, LinkRow> {
    links.iter().map(|l| (l.id, l.clone())).collect()
}

fn flags(n: u128, elsewhere: bool, paired: i32) -> Flags {
    Flags { interview: interview(n), case_id: case(n), elsewhere, paired }
}

fn member(n: u128, cluster: u128, is_counted: bool) -> Member {
    Member { interview: interview(n), cluster: interview(cluster), is_counted }
}

/// The plan where the nodes stand in the households `of`, the links stored are `was` and should be `is`.
fn plan(nodes: &[u128], of: &[usize], was: &[LinkRow], is: &[LinkRow], facts: &Facts) -> Settlement {
    let component = Component { nodes: nodes.iter().map(|n| node(*n)).collect(), ..Component::default() };
    let found = Households { of: of.to_vec(), refused: HashMap::new(), broken: None };
    let also: Vec<Uuid> = nodes.iter().map(|n| interview(*n)).collect();
    let work = Work {
        component: &component,
        found: &found,
        before: by_id(was),
        links: by_id(is),
        evidence: &HashMap::new(),
        also: &also,
        decided: None,
    };
    settle(work, facts, NOW)
}

fn kinds(plan: &Settlement) -> (Vec<LinkEventKind>, Vec<HouseholdEventKind>) {
    let links = plan.events.iter().map(|e| e.kind).collect();
    (links, plan.household_events.iter().map(|e| e.kind).collect())
}

#[test]
fn a_merge_counts_one_interview_and_the_other_elsewhere() {
    let facts = Facts { flags: vec![flags(1, false, 0), flags(2, false, 0)], ..Facts::default() };
    let plan = plan(&[1, 2], &[0, 0], &[], &[link(1, 2)], &facts);
    let row = &plan.puts[0].row;
    assert_eq!((row.state, row.merged_as, row.version), (LinkState::Merged, Some(MergedAs::Household), 1));
    assert_eq!(kinds(&plan), (vec![LinkEventKind::Found], vec![HouseholdEventKind::Merge]));
    // The later of two equal forms counts.
    assert_eq!(plan.kept, [member(1, 1, false), member(2, 1, true)]);
    assert_eq!(plan.flags, [flags(1, true, 0)]);
}

#[test]
fn behind_one_door_a_merge_changes_no_count() {
    let doors = HashMap::from([(case(1), case(2)), (case(2), case(2))]);
    let facts = Facts { flags: vec![flags(1, false, 0), flags(2, false, 0)], doors, ..Facts::default() };
    let plan = plan(&[1, 2], &[0, 0], &[], &[link(1, 2)], &facts);
    assert!(plan.flags.is_empty() && plan.kept.len() == 2);
}

#[test]
fn what_stands_already_is_not_written_again() {
    let households = vec![member(1, 1, false), member(2, 1, true)];
    let facts = Facts { households, flags: vec![flags(1, true, 0), flags(2, false, 0)], ..Facts::default() };
    let plan = plan(&[1, 2], &[0, 0], &[merged(1, 2)], &[merged(1, 2)], &facts);
    assert!(plan.puts.is_empty() && plan.events.is_empty() && plan.flags.is_empty());
    assert!(plan.kept.is_empty() && plan.gone.is_empty() && plan.household_events.is_empty());
}

#[test]
fn taking_a_merge_back_dissolves_the_household() {
    let households = vec![member(1, 1, false), member(2, 1, true)];
    let facts = Facts { households, flags: vec![flags(1, true, 0), flags(2, false, 0)], ..Facts::default() };
    let undone = LinkRow { verdict: Some(Verdict::Undo), ..merged(1, 2) };
    let plan = plan(&[1, 2], &[0, 1], &[merged(1, 2)], &[undone], &facts);
    let row = &plan.puts[0].row;
    assert_eq!((row.state, row.merged_as, row.version), (LinkState::Review, None, 2));
    assert_eq!(kinds(&plan).1, [HouseholdEventKind::Dissolve]);
    assert_eq!(plan.gone, [interview(1), interview(2)]);
    assert_eq!(plan.flags, [flags(1, false, 0)]);
}

#[test]
fn a_link_that_never_was_and_is_not_needed_leaves_no_row() {
    let facts = Facts { flags: vec![flags(1, false, 0)], ..Facts::default() };
    let apart = LinkRow { proposal: Proposal::Apart, ..link(1, 2) };
    let plan = plan(&[1], &[0], &[], &[apart], &facts);
    assert!(plan.puts.is_empty() && plan.events.is_empty());
}

#[test]
fn people_are_counted_away_by_planned_links_and_by_stored_ones_that_nobody_touches() {
    let other = Away { link: link(2, 7).id, sides: [(interview(2), vec![3]), (interview(7), Vec::new())] };
    let stale = Away { link: link(1, 2).id, sides: [(interview(1), vec![9]), (interview(2), vec![9])] };
    let mut facts = Facts {
        flags: vec![flags(1, false, 0), flags(2, false, 0)],
        away: vec![other, stale],
        ..Facts::default()
    };
    let pair = LinkRow { proposal: Proposal::Pair, ..link(1, 2) };
    let planned = plan(&[1, 2], &[0, 1], &[], std::slice::from_ref(&pair), &facts);
    assert_eq!(planned.flags, [flags(2, false, 2)]);
    facts.out_of_force = vec![interview(1)];
    assert_eq!(plan(&[1, 2], &[0, 1], &[], &[pair], &facts).flags, [flags(2, false, 1)]);
}

/// Interview 3 stands in a household with 4, which counts. A link by which it shares a person with 1 changes.
#[test]
fn an_interview_of_another_household_goes_on_counting_there() {
    let facts = Facts {
        households: vec![member(3, 3, false), member(4, 3, true)],
        flags: vec![flags(1, false, 0), flags(3, true, 0), flags(4, false, 0)],
        ..Facts::default()
    };
    let pair = LinkRow { proposal: Proposal::Pair, ..link(1, 3) };
    let plan = plan(&[1], &[0], &[], &[pair], &facts);
    assert_eq!(plan.flags, [flags(3, true, 1)]);
    assert!(plan.kept.is_empty() && plan.gone.is_empty() && plan.household_events.is_empty());
}

#[test]
fn a_decision_is_logged_by_whoever_decides() {
    let facts = Facts { flags: vec![flags(1, false, 0), flags(2, false, 0)], ..Facts::default() };
    let component = Component { nodes: vec![node(1), node(2)], ..Component::default() };
    let found = Households { of: vec![0, 1], refused: HashMap::new(), broken: None };
    let ruled = LinkRow { verdict: Some(Verdict::Pair), decided_by: "sa".to_owned(), ..paired(1, 2) };
    let work = Work {
        component: &component,
        found: &found,
        before: by_id(&[link(1, 2)]),
        links: by_id(std::slice::from_ref(&ruled)),
        evidence: &HashMap::new(),
        also: &[],
        decided: Some(ruled.id),
    };
    let plan = settle(work, &facts, NOW);
    assert!(plan.events.is_empty());
    assert_eq!((plan.puts[0].row.decided_by.as_str(), &plan.flags[..]), ("sa", &[flags(2, false, 1)][..]));
}

proptest! {
    /// Whatever is planned, planning again from what it leaves behind finds nothing to do.
    #[test]
    fn a_plan_carried_out_leaves_nothing_to_plan(
        heads in prop::collection::vec(0_usize..4, 4),
        proposals in prop::collection::vec(prop::sample::select(Proposal::ALL.to_vec()), 6),
    ) {
        // The head of a household is its earliest interview.
        let of: Vec<usize> = heads.iter().map(|h| heads.iter().position(|x| x == h).unwrap_or(0)).collect();
        let pairs = [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)];
        let wanted: Vec<LinkRow> =
            pairs.iter().zip(&proposals).map(|((a, b), p)| LinkRow { proposal: *p, ..link(*a, *b) }).collect();
        let mut facts = Facts { flags: (1..=4).map(|n| flags(n, false, 0)).collect(), ..Facts::default() };
        let first = plan(&[1, 2, 3, 4], &of, &[], &wanted, &facts);
        facts.households.clone_from(&first.kept);
        for changed in &first.flags {
            let row = facts.flags.iter_mut().find(|f| f.interview == changed.interview).unwrap();
            *row = *changed;
        }
        let stored: Vec<LinkRow> = first.puts.iter().map(|p| p.row.clone()).collect();
        let again = plan(&[1, 2, 3, 4], &of, &stored, &stored, &facts);
        prop_assert!(again.puts.is_empty() && again.flags.is_empty());
        prop_assert!(again.kept.is_empty() && again.gone.is_empty() && again.household_events.is_empty());
    }
}
