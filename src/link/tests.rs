//! The linker as a whole on an invented round of 950 interviews: what it finds, and that the order in which
//! interviews come never matters. Truth is read here to judge, never by the linker.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use proptest::sample::Index;

use super::block::{Key, keys};
use super::resolve::{Households, Verdicts, resolve_households, resolve_persons};
use super::*;

const ROUND: &[u8] = include_bytes!("../../tests/data/link/interviews.jsonl.gz");
const TRUTH: &[u8] = include_bytes!("../../tests/data/link/truth_household.csv.gz");

fn unpacked(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text
}

static PREPARED: LazyLock<Vec<Prepared>> = LazyLock::new(|| {
    let key = DigestKey::new([9; 32]);
    unpacked(ROUND).lines().map(|line| prepare(&serde_json::from_str(line).unwrap(), &key)).collect()
});

static MODEL: LazyLock<Model> = LazyLock::new(Model::shipped);

fn link(round: Vec<Prepared>) -> Linked {
    link_round(&MODEL, round, &mut |_, _, _| {})
}

type Clusters = BTreeSet<BTreeSet<String>>;
type Decisions = BTreeMap<(String, String), Decision>;

/// Clusters as sets of ids, and decisions by ids: comparable whatever the positions are.
fn result(linked: &Linked) -> (Clusters, Decisions) {
    let mut clusters: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (n, of) in linked.households.of.iter().enumerate() {
        clusters.entry(*of).or_default().insert(linked.interviews[n].id.clone());
    }
    let id = |n: usize| linked.interviews[n].id.clone();
    let decisions = linked.pairs.iter().map(|l| ((id(l.a), id(l.b)), l.scored.decision)).collect();
    (clusters.into_values().collect(), decisions)
}

#[test]
fn duplicates_are_found_and_neighbours_left_alone() {
    let truth: HashMap<String, String> = unpacked(TRUTH)
        .lines()
        .skip(1)
        .map(|line| {
            let mut parts = line.split(',');
            (parts.next().unwrap().to_owned(), parts.next().unwrap().to_owned())
        })
        .collect();
    let linked = link(PREPARED.clone());
    let same = |l: &&PairLink| truth[&linked.interviews[l.a].id] == truth[&linked.interviews[l.b].id];
    let with = |d: Decision| linked.pairs.iter().filter(move |l| l.scored.decision == d);
    let (merged, right) = (with(Decision::Merge).count(), with(Decision::Merge).filter(same).count());
    let (queue, found) = (with(Decision::Review).count(), with(Decision::Review).filter(same).count());
    assert_eq!(merged, right, "a false merge");
    assert!(right >= 160, "{right} of 170");
    assert!(right + found >= 169, "{right} + {found} of 170");
    assert!(queue <= 20, "{queue}");
}

#[test]
fn two_persons_of_one_interview_stay_two() {
    let linked = link(PREPARED.clone());
    let mut seen = BTreeSet::new();
    for ((interview, _), first) in &linked.persons {
        assert!(seen.insert((*interview, *first)));
    }
}

#[test]
fn scoring_is_symmetric() {
    let linked = link(PREPARED.clone());
    for l in linked.pairs.iter().take(300) {
        let (a, b) = (&linked.interviews[l.a], &linked.interviews[l.b]);
        let (there, back) = (score_pair(&linked.model, a, b), score_pair(&linked.model, b, a));
        assert!((there.weight - back.weight).abs() < 1e-9, "{} {}", a.id, b.id);
    }
}

/// Interviews come one at a time: candidates by keys among those already there, links kept, and at the end
/// the stored links are clustered.
fn one_by_one(model: &Model, arrivals: &[&Prepared]) -> Clusters {
    let mut index: HashMap<i64, Vec<(Key, usize)>> = HashMap::new();
    let mut order: Vec<&Prepared> = arrivals.to_vec();
    order.sort_by(|x, y| x.order().cmp(&y.order()));
    let place: HashMap<&str, usize> = order.iter().enumerate().map(|(n, p)| (p.id.as_str(), n)).collect();
    let mut links = Vec::new();
    for interview in arrivals {
        let mine = place[interview.id.as_str()];
        let mut others = BTreeSet::new();
        for key in keys(interview) {
            let block = index.entry(key.hash).or_default();
            others
                .extend(block.iter().filter(|(k, o)| k.kind.meets(key.kind) && *o != mine).map(|(_, o)| *o));
            block.push((key, mine));
        }
        for other in others {
            let (a, b) = (mine.min(other), mine.max(other));
            links.push(PairLink { a, b, scored: score_pair(model, order[a], order[b]) });
        }
    }
    let found = resolve_households(model, &order, &mut links, &Verdicts::default());
    let mut clusters: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (n, of) in found.of.iter().enumerate() {
        clusters.entry(*of).or_default().insert(order[n].id.clone());
    }
    clusters.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_the_file_does_not_matter(swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 400)) {
        let mut shuffled = PREPARED.clone();
        for (x, y) in swaps {
            let (x, y) = (x.index(shuffled.len()), y.index(shuffled.len()));
            shuffled.swap(x, y);
        }
        prop_assert_eq!(result(&link(shuffled)), result(&link(PREPARED.clone())));
    }

    #[test]
    fn arrival_one_by_one_gives_the_same_households(swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 400)) {
        let whole = link(PREPARED.clone());
        let mut arrivals: Vec<&Prepared> = PREPARED.iter().collect();
        for (x, y) in swaps {
            let (x, y) = (x.index(arrivals.len()), y.index(arrivals.len()));
            arrivals.swap(x, y);
        }
        prop_assert_eq!(one_by_one(&whole.model, &arrivals), result(&whole).0);
    }
}

fn household(id: &str, door: &str, people: &[(&str, &str, i32, &str)]) -> Prepared {
    let persons: Vec<serde_json::Value> = people
        .iter()
        .enumerate()
        .map(|(n, (name, sex, year, status))| {
            serde_json::json!({"person_no": n + 1, "name": name, "sex": sex, "birth": {"y": year, "m": 3, "d": 7},
                "relationship": if n == 0 { "head" } else { "spouse" }, "residence_status": status})
        })
        .collect();
    let given = serde_json::json!({"interview_id": id, "device_time": "2026-11-01T09:00:00+08:00", "respondent": "head",
        "dwelling": {"area": "1", "text": door}, "household": {"tenure": "own"}, "persons": persons});
    prepare(&serde_json::from_value(given).unwrap(), &DigestKey::new([0; 32]))
}

/// Positions of two interviews that are one household, one that lists the same people as absent, one stranger.
fn four() -> Vec<Prepared> {
    let here = [("逯巧梅", "f", 1961, "here_registered"), ("边国栋", "m", 1959, "here_registered")];
    let away = here.map(|(n, s, y, _)| (n, s, y, "absent_registered"));
    vec![
        household("a", "翠园新城6-2-301", &here),
        household("b", "翠园新城6号楼2单元301室", &here),
        household("c", "金桂小区1-1-101", &away),
        household("d", "翠园新城6-2-301", &[("仇万里", "m", 1990, "here_registered")]),
    ]
}

fn resolved(interviews: &[Prepared], verdicts: &Verdicts) -> (Households, Vec<PairLink>) {
    let views: Vec<&Prepared> = interviews.iter().collect();
    let mut links = Vec::new();
    for b in 0..views.len() {
        links.extend((0..b).map(|a| PairLink { a, b, scored: score_pair(&MODEL, views[a], views[b]) }));
    }
    let found = resolve_households(&MODEL, &views, &mut links, verdicts);
    (found, links)
}

#[test]
fn a_registration_only_record_is_paired_and_a_successor_left_alone() {
    let interviews = four();
    let (found, links) = resolved(&interviews, &Verdicts::default());
    assert_eq!(found.of, vec![0, 0, 2, 3]);
    let decision = |a: usize, b: usize| links.iter().find(|l| (l.a, l.b) == (a, b)).unwrap().scored.decision;
    assert_eq!(decision(0, 1), Decision::Merge);
    assert!(matches!(decision(0, 2), Decision::Pair | Decision::Review));
    assert_eq!(decision(0, 3), Decision::Apart);
    let views: Vec<&Prepared> = interviews.iter().collect();
    let persons: HashMap<_, _> = resolve_persons(&MODEL, &views, &links, &found).into_iter().collect();
    assert_eq!(persons[&(2, 0)], (0, 0), "the person is one though the households are two");
}

#[test]
fn supervisors_have_the_last_word() {
    let interviews = four();
    let apart = Verdicts { apart: vec![(1, 0)], ..Verdicts::default() };
    let (found, links) = resolved(&interviews, &apart);
    assert_eq!(found.of, vec![0, 1, 2, 3]);
    assert_eq!(links[0].scored.decision, Decision::Review);
    let together = Verdicts { together: vec![(3, 0)], ..Verdicts::default() };
    assert_eq!(resolved(&interviews, &together).0.of[3], 0);
    let all = Verdicts { together: vec![(3, 0), (2, 3), (1, 2)], ..Verdicts::default() };
    assert_eq!(resolved(&interviews, &all).0.of, vec![0; 4], "chained orders hold whatever the weights say");
}

#[test]
fn the_waterfall_adds_up() {
    let linked = link(PREPARED.clone());
    for l in linked.pairs.iter().take(200) {
        let why =
            explain::explain(&linked.model, &linked.interviews[l.a], &linked.interviews[l.b], &l.scored);
        let total = why.prior + why.steps.iter().map(|s| s.bits).sum::<f64>();
        assert!((total - why.weight).abs() < 1e-9);
        for person in &why.people {
            let bits = person.steps.iter().map(|s| s.bits).sum::<f64>() + person.frequency_bits;
            assert!((bits - person.weight).abs() < 1e-9);
        }
    }
}

#[test]
fn the_shipped_model_is_read_and_wrong_ones_are_named() {
    let file = model::shipped_file();
    assert!(Model::from_file(&file).is_ok());
    let mut other = file.clone();
    other.norm_version += 1;
    assert!(Model::from_file(&other).unwrap_err().to_string().contains("normalisation"));
    let mut lacking = file.clone();
    lacking.han.person.get_mut("name").unwrap().remove("same sound");
    assert!(Model::from_file(&lacking).unwrap_err().to_string().contains("same sound"));
    let mut crossed = file;
    crossed.han.thresholds.lower = 0.99;
    assert!(Model::from_file(&crossed).is_err());
}
