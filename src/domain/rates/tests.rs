//! The worked examples of the rates, as exact fractions, and what must hold between them.

use proptest::prelude::*;

use super::*;

fn cell(state: State, class: Option<Class>) -> Cell {
    Cell {
        state,
        class,
        is_attempted: state != State::New,
        has_counted: false,
        is_first_visit: false,
        completed_by: (state == State::Completed).then_some(CompletedBy::Own),
        is_baseline: true,
    }
}

/// Cases of each class, in a state that has it.
fn classes(counts: &[(Class, i64)]) -> Tally {
    let mut tally = Tally::default();
    for (class, n) in counts {
        let state = match class {
            Class::I => State::Completed,
            Class::NE => State::NotEligible,
            Class::P => State::Partial,
            Class::R | Class::NC | Class::O | Class::UH | Class::UO => State::Closed,
        };
        tally.add(cell(state, Some(*class)), *n);
    }
    tally
}

fn example_a() -> Tally {
    let counts = [600, 40, 80, 120, 20, 60, 20, 60];
    classes(&Class::ALL.iter().copied().zip(counts).collect::<Vec<_>>())
}

fn example_b() -> Tally {
    let counts = [4, 2, 1, 1, 1, 1, 1, 1];
    classes(&Class::ALL.iter().copied().zip(counts).collect::<Vec<_>>())
}

#[test]
fn example_a_is_exact() {
    let aapor = rates(&example_a(), None).aapor;
    assert_eq!(aapor.e, Some(0.934_783));
    let expected = [
        ("RR1", 30, 47, 0.638_298),
        ("RR2", 32, 47, 0.680_851),
        ("RR3", 138, 215, 0.641_860),
        ("RR4", 736, 1075, 0.684_651),
        ("RR5", 30, 43, 0.697_674),
        ("RR6", 32, 43, 0.744_186),
        ("COOP1", 30, 37, 0.810_811),
        ("COOP2", 32, 37, 0.864_865),
        ("COOP3", 5, 6, 0.833_333),
        ("COOP4", 8, 9, 0.888_889),
        ("REF1", 4, 47, 0.085_106),
        ("REF2", 92, 1075, 0.085_581),
        ("REF3", 4, 43, 0.093_023),
        ("CON1", 37, 47, 0.787_234),
        ("CON2", 851, 1075, 0.791_628),
        ("CON3", 37, 43, 0.860_465),
    ];
    for (name, above, below, rounded) in expected {
        let rate = aapor.get(name).unwrap();
        assert_eq!(rate.fraction(), Some((above, below)), "{name}");
        assert_eq!(rate.rate, Some(rounded), "{name}");
    }
    assert_eq!(aapor.get("RR3").unwrap().denominator, Some(934.782_609));
}

#[test]
fn example_b_is_rounded_as_listed() {
    let aapor = rates(&example_b(), None).aapor;
    assert_eq!(aapor.e, Some(0.9));
    let expected = [
        ("RR1", 0.363_636),
        ("RR2", 0.545_455),
        ("RR3", 0.370_370),
        ("RR4", 0.555_556),
        ("RR5", 0.444_444),
        ("RR6", 0.666_667),
        ("COOP1", 0.5),
        ("COOP2", 0.75),
        ("COOP3", 0.571_429),
        ("COOP4", 0.857_143),
        ("REF1", 0.090_909),
        ("REF2", 0.092_593),
        ("REF3", 0.111_111),
        ("CON1", 0.727_273),
        ("CON2", 0.740_741),
        ("CON3", 0.888_889),
    ];
    for (name, rounded) in expected {
        assert_eq!(aapor.get(name).unwrap().rate, Some(rounded), "{name}");
    }
}

#[test]
fn edges_give_no_rate_rather_than_a_wrong_one() {
    let none = rates(&Tally::default(), None);
    assert!(none.aapor.rates.iter().all(|(_, rate)| rate.rate.is_none()));
    assert_eq!(none.completion.rate, None);
    let unknown = rates(&classes(&[(Class::UH, 5)]), None).aapor;
    assert_eq!(unknown.get("RR1").unwrap().rate, Some(0.0));
    assert_eq!(unknown.e, None);
    for name in ["RR3", "RR5", "COOP1", "COOP2", "COOP3", "COOP4", "REF2", "CON2", "CON3"] {
        assert_eq!(unknown.get(name).unwrap().rate, None, "{name}");
    }
    let all_known = rates(&classes(&[(Class::I, 3), (Class::R, 1)]), None).aapor;
    assert_eq!(all_known.get("RR3").unwrap().fraction(), Some((3, 4)));
}

#[test]
fn a_fixed_eligibility_of_one_makes_neighbours_equal() {
    let aapor = rates(&example_a(), Some(1.0)).aapor;
    for (a, b) in [("RR3", "RR1"), ("RR4", "RR2"), ("REF2", "REF1"), ("CON2", "CON1")] {
        assert_eq!(aapor.get(a).unwrap().fraction(), aapor.get(b).unwrap().fraction());
    }
    assert_eq!(aapor.eligibility, Eligibility::Fixed);
    assert_eq!(rates(&example_a(), Some(0.5)).aapor.get("RR3").unwrap().fraction(), Some((2, 3)));
}

/// 1200 listed, 24 found, 10 merged, 4 cancelled.
fn area() -> Tally {
    let mut tally = Tally::default();
    let mut add = |state: State, class: Option<Class>, n: i64| tally.add(cell(state, class), n);
    add(State::Merged, None, 10);
    add(State::Cancelled, None, 4);
    add(State::NotEligible, Some(Class::NE), 70);
    add(State::Closed, Some(Class::R), 30);
    add(State::Closed, Some(Class::NC), 40);
    add(State::Partial, Some(Class::P), 15);
    add(State::Refused, Some(Class::R), 12);
    add(State::Verify, Some(Class::UH), 13);
    add(State::New, Some(Class::UH), 20);
    add(State::InProgress, Some(Class::NC), 130);
    add(State::Completed, Some(Class::I), 820);
    tally.add(Cell { completed_by: Some(CompletedBy::Proxy), ..cell(State::Completed, Some(Class::I)) }, 60);
    tally
}

#[test]
fn completion_as_in_the_worked_area() {
    let rates = rates(&area(), None);
    assert_eq!(area().cases(), 1224);
    assert_eq!(rates.completion, Ratio { numerator: 1020, denominator: 1210, rate: Some(0.842_975) });
    assert_eq!(rates.enumeration, Ratio { numerator: 880, denominator: 1140, rate: Some(0.771_930) });
    assert_eq!(rates.occupied_return, Ratio { numerator: 880, denominator: 1107, rate: Some(0.794_941) });
    assert_eq!(rates.attempt, Ratio { numerator: 1190, denominator: 1210, rate: Some(0.983_471) });
    assert_eq!(rates.proxy_share, Ratio { numerator: 60, denominator: 880, rate: Some(0.068_182) });
}

#[test]
fn the_wire_form_has_integers_and_nulls() {
    let json = serde_json::to_value(rates(&example_a(), None)).unwrap();
    assert_eq!(json["completion"], serde_json::json!({"numerator": 960, "denominator": 1000, "rate": 0.96}));
    assert_eq!(
        json["aapor"]["RR1"],
        serde_json::json!({"numerator": 600, "denominator": 940, "rate": 0.638_298})
    );
    assert_eq!(json["aapor"]["RR3"]["denominator"], serde_json::json!(934.782_609));
    let empty = serde_json::to_value(rates(&Tally::default(), None)).unwrap();
    assert_eq!(empty["aapor"]["RR3"], serde_json::json!({"numerator": 0, "denominator": 0, "rate": null}));
    assert_eq!(serde_json::to_value(area().states()).unwrap()["appointment"], 0);
}

#[test]
fn a_packed_cell_comes_back() {
    let mut seen = 0;
    for code in 0..1 << 14 {
        if let Some(cell) = Cell::from_code(code) {
            assert_eq!(cell.code(), code);
            seen += 1;
        }
    }
    assert_eq!(seen, State::ALL.len() * (Class::ALL.len() + 1) * 8 * 4 * 2);
    assert_eq!(Cell::from_code(-1), None);
    assert_eq!(Cell::from_code(1 << 14 | 1), None);
}

fn counts() -> impl Strategy<Value = Vec<(Class, i64)>> {
    proptest::collection::vec(0_i64..5000, Class::ALL.len())
        .prop_map(|n| Class::ALL.iter().copied().zip(n).collect())
}

proptest! {
    #[test]
    fn rates_are_ordered_and_shares(counts in counts(), fixed in proptest::option::of(0.0_f64..=1.0)) {
        let aapor = rates(&classes(&counts), fixed).aapor;
        for triple in [["RR1", "RR3", "RR5"], ["RR2", "RR4", "RR6"], ["REF1", "REF2", "REF3"], ["CON1", "CON2", "CON3"]] {
            let values: Vec<_> = triple.iter().filter_map(|name| aapor.get(name).unwrap().fraction()).collect();
            for pair in values.windows(2) {
                prop_assert!(pair[0].0 * pair[1].1 <= pair[1].0 * pair[0].1, "{triple:?}: {values:?}");
            }
        }
        for (name, rate) in &aapor.rates {
            if let Some(value) = rate.rate {
                prop_assert!((0.0..=1.0).contains(&value), "{name} {value}");
            }
        }
    }

    #[test]
    fn a_parent_is_the_sum_of_its_children(a in counts(), b in counts()) {
        let mut sum = classes(&a);
        sum.merge(&classes(&b));
        let mut all = a;
        all.extend(b);
        prop_assert_eq!(&sum, &classes(&all));
    }

    #[test]
    fn taking_away_undoes_adding(code in 0..1 << 14, n in 1_i64..100) {
        if let Some(cell) = Cell::from_code(code) {
            let mut tally = area();
            tally.add(cell, n);
            prop_assert_ne!(&tally, &area());
            tally.add(cell, -n);
            prop_assert_eq!(&tally, &area());
        }
    }
}
