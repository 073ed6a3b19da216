//! Estimating person weights from a round without labels: u from random pairs, m by expectation
//! maximisation over blocked pairs. A Dirichlet prior from the shipped model holds small rounds near it.
//! Sources: Fellegi and Sunter 1969; Winkler 1988; Dempster, Laird and Rubin 1977.

use std::collections::BTreeMap;

use super::block::{KeyKind, LARGEST_BLOCK, person_keys};
use super::codes::{BirthLevel, IdLevel, LatinLevel, NameLevel, PersonFound, PersonLevels};
use super::compare::compare_person;
use super::model::{LevelOdds, MISSING, ModelFile, ParameterFile, PersonOdds};
use super::person::PreparedPerson;
use super::prepared::{Prepared, Script};

/// Random pairs drawn for u.
const RANDOM_PAIRS: u32 = 1_000_000;
/// Pairs the shipped m counts as.
const PRIOR_PAIRS: f64 = 300.0;
/// Persons below which nothing is estimated.
const FEWEST_PERSONS: usize = 500;
/// Number of person comparisons.
const N: usize = PersonLevels::COUNT;

/// Per comparison, per level, a number.
type Table = [Vec<f64>; N];

/// Level positions of one pair and how many pairs have exactly these.
type Patterns = BTreeMap<[usize; N], f64>;

/// What EM found.
#[derive(Clone, Debug)]
pub struct Em {
    /// Expected matched pairs per comparison and level.
    pub matched: Table,
    /// Share of matches among the pairs.
    pub lambda: f64,
    /// Steps taken.
    pub steps: usize,
}

/// Levels whose weights must not rise down the list, however little data there is.
const ORDERED: [&[PersonFound]; 5] = [
    &[
        PersonFound::Name(NameLevel::Same),
        PersonFound::Name(NameLevel::SameSound),
        PersonFound::Name(NameLevel::NearSound),
        PersonFound::Name(NameLevel::OneOfTwo),
        PersonFound::Name(NameLevel::SurnameOnly),
        PersonFound::Name(NameLevel::Other),
    ],
    &[
        PersonFound::Birth(BirthLevel::SameDay),
        PersonFound::Birth(BirthLevel::SameMonthDayMissing),
        PersonFound::Birth(BirthLevel::SameYearMonthMissing),
        PersonFound::Birth(BirthLevel::GuessNear),
        PersonFound::Birth(BirthLevel::GuessFar),
        PersonFound::Birth(BirthLevel::Other),
    ],
    &[
        PersonFound::Given(LatinLevel::Same),
        PersonFound::Given(LatinLevel::Close),
        PersonFound::Given(LatinLevel::Similar),
        PersonFound::Given(LatinLevel::Other),
    ],
    &[
        PersonFound::Surname(LatinLevel::Same),
        PersonFound::Surname(LatinLevel::Close),
        PersonFound::Surname(LatinLevel::Similar),
        PersonFound::Surname(LatinLevel::Other),
    ],
    &[
        PersonFound::Citizen(IdLevel::Same),
        PersonFound::Citizen(IdLevel::SameRepaired),
        PersonFound::Citizen(IdLevel::Conflict),
    ],
];

/// The model with m and u of both scripts re-estimated on `interviews`, where there are enough persons.
#[must_use]
pub fn estimate_model(file: &ModelFile, interviews: &[Prepared]) -> ModelFile {
    let mut out = file.clone();
    for (script, parameters) in [(Script::Han, &mut out.han), (Script::Latin, &mut out.latin)] {
        let chosen: Vec<&Prepared> = interviews.iter().filter(|i| i.script == script).collect();
        if chosen.iter().map(|i| i.persons.len()).sum::<usize>() >= FEWEST_PERSONS {
            estimate_parameters(parameters, &chosen, script);
        }
    }
    if out.han != file.han || out.latin != file.latin {
        out.version = format!("{} + estimated", file.version);
    }
    out
}

fn estimate_parameters(parameters: &mut ParameterFile, interviews: &[&Prepared], script: Script) {
    let u = estimate_u(&parameters.person, interviews);
    let prior = prior_counts(&parameters.person);
    let by_birth = if script == Script::Latin { KeyKind::BirthLatin } else { KeyKind::BirthSex };
    let passes: [(KeyKind, &[usize]); 3] =
        [(KeyKind::Citizen, &[5]), (by_birth, &[4, 6]), (KeyKind::NameArea, &[0, 1, 2, 3])];
    let mut matched = prior.clone();
    for (kind, blocked_on) in passes {
        let patterns = blocked_patterns(interviews, kind, blocked_on);
        let em = expectation_maximisation(&patterns, &u, &prior);
        for c in (0..N).filter(|c| !blocked_on.contains(c)) {
            for (sum, n) in matched[c].iter_mut().zip(&em.matched[c]) {
                *sum += n;
            }
        }
    }
    write_back(&mut parameters.person, &matched, &u);
}

fn table(value: impl Fn(usize, usize) -> f64) -> Table {
    std::array::from_fn(|c| (0..PersonLevels::TABLE[c].1.len()).map(|l| value(c, l)).collect())
}

fn odds_of(odds: &PersonOdds, comparison: usize, level: usize) -> Option<LevelOdds> {
    let (name, levels) = PersonLevels::TABLE[comparison];
    odds.get(name)?.get(levels[level]).copied()
}

fn prior_counts(odds: &PersonOdds) -> Table {
    table(|c, l| odds_of(odds, c, l).map_or(0.0, |o| o.m * PRIOR_PAIRS))
}

/// u from random pairs of persons of different interviews, the shipped u counting as a tenth of them.
fn estimate_u(odds: &PersonOdds, interviews: &[&Prepared]) -> Table {
    let persons: Vec<(usize, &PreparedPerson)> =
        interviews.iter().enumerate().flat_map(|(i, x)| x.persons.iter().map(move |p| (i, p))).collect();
    let weight = f64::from(RANDOM_PAIRS) / 10.0;
    let mut counts = table(|c, l| odds_of(odds, c, l).map_or(0.0, |o| o.u * weight));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..RANDOM_PAIRS {
        let (i, p) = persons[draw(&mut state, persons.len())];
        let (j, q) = persons[draw(&mut state, persons.len())];
        if i != j {
            add(&mut counts, compare_person(p, q), 1.0);
        }
    }
    shares(&counts)
}

/// splitmix64 (Steele, Lea and Flood 2014): the same draws on every machine.
fn draw(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    usize::try_from(z % (below as u64)).unwrap_or(0)
}

fn add(counts: &mut Table, levels: PersonLevels, n: f64) {
    for (c, l) in levels.indexes().into_iter().enumerate() {
        counts[c][l] += n;
    }
}

/// Shares of the levels of each comparison, missing left out, never 0 or 1.
fn shares(counts: &Table) -> Table {
    table(|c, l| {
        let total: f64 = (0..counts[c].len()).filter(|k| *k != MISSING).map(|k| counts[c][k]).sum();
        if l == MISSING || total <= 0.0 { 0.5 } else { (counts[c][l] / total).clamp(1e-7, 1.0 - 1e-5) }
    })
}

/// Pairs of persons of different interviews that share a key of `kind`, as patterns; comparisons blocked on
/// are set to their first level, which counts as missing.
fn blocked_patterns(interviews: &[&Prepared], kind: KeyKind, blocked_on: &[usize]) -> Patterns {
    let mut rows: Vec<(i64, usize, usize)> = Vec::new();
    for (i, interview) in interviews.iter().enumerate() {
        for (n, person) in interview.persons.iter().enumerate() {
            let keys = person_keys(person, &interview.area);
            rows.extend(keys.iter().filter(|k| k.kind == kind).map(|k| (k.hash, i, n)));
        }
    }
    rows.sort_unstable();
    let mut patterns = Patterns::new();
    for block in rows.chunk_by(|x, y| x.0 == y.0).filter(|b| b.len() <= LARGEST_BLOCK) {
        for (k, (_, i, n)) in block.iter().enumerate() {
            for (_, j, o) in block[k + 1..].iter().filter(|(_, j, _)| j != i) {
                let mut levels =
                    compare_person(&interviews[*i].persons[*n], &interviews[*j].persons[*o]).indexes();
                for c in blocked_on {
                    levels[*c] = 0;
                }
                *patterns.entry(levels).or_insert(0.0) += 1.0;
            }
        }
    }
    patterns
}

/// EM with fixed u. `prior` are pseudo-counts of m; a level named missing is skipped.
pub fn expectation_maximisation(patterns: &Patterns, u: &Table, prior: &Table) -> Em {
    let total: f64 = patterns.values().sum();
    let mut em = Em { matched: table(|_, _| 0.0), lambda: 0.2, steps: 0 };
    let mut m = shares(prior);
    for step in 1..=200 {
        let mut matched = table(|_, _| 0.0);
        let mut mass = 0.0;
        for (levels, n) in patterns {
            let log_odds: f64 = (0..N)
                .filter(|c| levels[*c] != MISSING)
                .map(|c| (m[c][levels[c]] / u[c][levels[c]]).ln())
                .sum();
            let odds = em.lambda / (1.0 - em.lambda) * log_odds.exp();
            let expected = n * odds / (1.0 + odds);
            mass += expected;
            for (c, l) in levels.iter().enumerate() {
                matched[c][*l] += expected;
            }
        }
        let lambda = (mass / total.max(1.0)).clamp(1e-6, 1.0 - 1e-6);
        let moved = (lambda - em.lambda).abs();
        m = shares(&table(|c, l| matched[c][l] + prior[c][l]));
        em = Em { matched, lambda, steps: step };
        if moved < 1e-9 {
            break;
        }
    }
    em
}

fn write_back(odds: &mut PersonOdds, matched: &Table, u: &Table) {
    let m = shares(matched);
    for (c, (name, levels)) in PersonLevels::TABLE.iter().enumerate() {
        let Some(known) = odds.get_mut(*name) else {
            continue;
        };
        for (l, level) in levels.iter().enumerate().filter(|(l, _)| *l != MISSING) {
            known.insert((*level).to_owned(), LevelOdds { m: m[c][l], u: u[c][l] });
        }
    }
    for ordered in ORDERED {
        let places = ordered.iter().map(|level| level.place());
        let counts: Vec<f64> = places.map(|(c, l)| matched[c][l].max(1.0)).collect();
        let names = ordered.iter().map(|level| level.names());
        let of = |(comparison, level)| odds.get(comparison)?.get(level).copied();
        let Some(mut pooled) = names.clone().map(of).collect::<Option<Vec<LevelOdds>>>() else { continue };
        make_monotone(&mut pooled, &counts);
        for ((comparison, level), o) in names.zip(pooled) {
            odds.entry(comparison.to_owned()).or_default().insert(level.to_owned(), o);
        }
    }
}

/// Pools neighbouring levels whose weights rise down the list until none does (pool adjacent violators): the
/// pooled levels share one weight, and keep their u.
fn make_monotone(ordered: &mut [LevelOdds], counts: &[f64]) {
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (odds, count) in ordered.iter().zip(counts) {
        pools.push((odds.weight(), *count, 1));
        while let [.., upper, lower] = pools.as_slice() {
            if upper.0 >= lower.0 {
                break;
            }
            let weight = (upper.0 * upper.1 + lower.0 * lower.1) / (upper.1 + lower.1);
            let pooled = (weight, upper.1 + lower.1, upper.2 + lower.2);
            pools.truncate(pools.len() - 2);
            pools.push(pooled);
        }
    }
    let weights = pools.iter().flat_map(|(w, _, n)| std::iter::repeat_n(*w, *n));
    for (odds, weight) in ordered.iter_mut().zip(weights) {
        odds.m = (odds.u * weight.exp2()).clamp(1e-7, 1.0 - 1e-5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs drawn from a known model: three comparisons vary, the others are missing.
    fn drawn(m: &Table, u: &Table, lambda: f64, pairs: usize) -> Patterns {
        let mut state = 42;
        let mut uniform =
            || f64::from(u32::try_from(draw(&mut state, 1 << 30)).unwrap()) / f64::from(1 << 30);
        let mut patterns = Patterns::new();
        for _ in 0..pairs {
            let source = if uniform() < lambda { m } else { u };
            let mut levels = [0; N];
            for c in [0, 4, 5, 6] {
                let mut rest = uniform();
                levels[c] = (1..source[c].len())
                    .find(|l| {
                        rest -= source[c][*l];
                        rest <= 0.0
                    })
                    .unwrap_or(1);
            }
            *patterns.entry(levels).or_insert(0.0) += 1.0;
        }
        patterns
    }

    /// 1 for the first level, 2 for the second.
    fn count(level: usize) -> f64 {
        f64::from(u32::try_from(level).unwrap()) + 1.0
    }

    fn geometric(ratio: f64, turned: bool) -> Table {
        let raw = table(|c, l| {
            let n = PersonLevels::TABLE[c].1.len();
            let place = if turned { n - l } else { l };
            if l == MISSING { 0.0 } else { ratio.powi(i32::try_from(place).unwrap_or(0)) }
        });
        shares(&raw)
    }

    #[test]
    fn known_parameters_are_recovered() {
        let (m, u) = (geometric(0.4, false), geometric(0.5, true));
        let patterns = drawn(&m, &u, 0.1, 200_000);
        let flat = table(|_, l| if l == MISSING { 0.0 } else { 8.0 / count(l) });
        let em = expectation_maximisation(&patterns, &u, &flat);
        assert!((em.lambda - 0.1).abs() < 0.01, "{}", em.lambda);
        let found = shares(&table(|c, l| em.matched[c][l]));
        for c in [0, 4, 5, 6] {
            for l in 1..3 {
                assert!((found[c][l] - m[c][l]).abs() < 0.03, "{c} {l}: {} {}", found[c][l], m[c][l]);
            }
        }
    }

    #[test]
    fn a_small_round_stays_near_the_prior() {
        let prior = table(|_, l| if l == MISSING { 0.0 } else { 100.0 / count(l) });
        let em = expectation_maximisation(&Patterns::new(), &geometric(0.5, true), &prior);
        assert!(em.matched.iter().flatten().all(|n| *n == 0.0));
    }

    #[test]
    fn weights_never_rise_down_the_list() {
        let mut odds = [0.2, 0.6, 0.1].map(|m| LevelOdds { m, u: 0.1 });
        make_monotone(&mut odds, &[1.0; 3]);
        let [a, b, c] = odds.map(LevelOdds::weight);
        assert!(a >= b && b >= c);
        assert!((a - b).abs() < 1e-9);
    }
}
