//! Promises of the planner, on invented towns. Seeds are printed by proptest when a case fails.

mod lines;
mod town;

use super::*;
use crate::domain::{CaseId, Language, State, next_action};
use jiff::Timestamp;
use jiff::civil::{date, time};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use town::{START, Seen, at, day, rules, town};

prop_compose! {
    fn seen()(list in prop::collection::vec((0usize..48, 0i64..9, 0u8..20, 0u8..9, 0u8..3), 0..160)) -> Vec<Seen> {
        list.into_iter().map(|(d, day, slot, kind, who)| (d, day, 540 + i64::from(slot) * 36, kind, who)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_keeps_its_promises(seen in seen(), today in 0i64..13, n in 1usize..4, lent in 0usize..48) {
        let rules = rules();
        let mut doors = town(&rules, 4, 6, &seen, today);
        doors[lent].lease = Some(Lease { user: "e09".into(), until: at(&rules, 20, 0) });
        doors[(lent + 1) % 48].lease = Some(Lease { user: "e01".into(), until: at(&rules, 20, 0) });
        let input = day(&rules, doors, n, today);
        let sheets = Stairwise::default().plan(&input);
        prop_assert_eq!(&sheets, &Stairwise::default().plan(&input), "the same input gives the same sheets");
        let by_case: BTreeMap<CaseId, &Door> = input.doors.iter().map(|d| (d.case_id, d)).collect();
        let mut planned = BTreeSet::new();
        for sheet in &sheets {
            let mut pins: Vec<Timestamp> = Vec::new();
            for stop in &sheet.stops {
                let door = by_case[&stop.case_id];
                let next = next_action(&door.standing, &rules, input.as_of);
                prop_assert!(planned.insert(stop.case_id), "a case is planned once");
                prop_assert!(door.standing.state.is_open());
                prop_assert!(next.not_before.is_none_or(|d| d <= input.on), "cooling doors stay alone");
                prop_assert!(!next.not_by.contains(&sheet.user) || stop.pinned == Pinned::Yes);
                prop_assert!(door.lease.as_ref().is_none_or(|l| l.user == sheet.user));
                if matches!(stop.action, StopAction::Proxy | StopAction::VisitThenProxy) {
                    prop_assert!(door.standing.unmet.is_empty() && door.standing.proxy_allowed);
                }
                match (door.standing.appointment, stop.pinned) {
                    (Some(w), Pinned::Yes) => {
                        let (from, to) = (stop.from.unwrap(), stop.to.unwrap());
                        prop_assert!(from >= w.from && to <= w.to && from <= to);
                        prop_assert!(from >= sheet.shift.from && from < sheet.shift.to);
                        pins.push(from);
                    }
                    (Some(_), Pinned::No) => prop_assert!(next.first, "an appointment to come is left alone"),
                    (None, pinned) => prop_assert_eq!(pinned, Pinned::No),
                }
                lines::agree(stop)?;
            }
            pins.sort_unstable();
            prop_assert!(pins.windows(2).all(|p| p[1].duration_since(p[0]).as_mins() >= 12), "no double booking");
            let waits = sheet.stops.iter().filter(|s| s.pinned == Pinned::No).filter_map(|s| s.from);
            for from in waits {
                prop_assert!(from >= sheet.shift.from && from < sheet.shift.to, "nobody waits past the shift");
                prop_assert!(pins.first().is_none_or(|pin| from <= *pin), "nobody waits past an appointment");
            }
        }
    }

    #[test]
    fn nobody_gets_more_than_twice_the_mean_of_doors_missed_three_times(
        missed in prop::collection::vec(0usize..48, 0..200), today in 5i64..13, n in 2usize..5, alone: bool,
    ) {
        let rules = rules();
        let seen: Vec<Seen> = missed.iter().zip(0i64..).map(|(d, k)| (*d, k % 9, 540 + k * 7 % 700, 0, 0)).collect();
        let mut input = day(&rules, town(&rules, 4, 6, &seen, today), n, today);
        let short = vec![(time(20, 30, 0, 0), time(21, 0, 0, 0))];
        for e in input.enumerators.iter_mut().skip(1).filter(|_| alone) {
            e.hours = Some(Hours { weekday: short.clone(), saturday: short.clone(), sunday: short.clone() });
        }
        let insight = Insight::new(&input, Brain::Types);
        let hard = |case| {
            let door = input.doors.iter().position(|d| d.case_id == case).unwrap();
            rates::is_hard(&insight.history.doors[door])
        };
        let team = input.doors.iter().filter(|d| d.standing.state.is_open() && hard(d.case_id)).count();
        let mut share: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for sheet in Stairwise::default().plan_with(&input, &insight) {
            *share.entry(sheet.user).or_default() += sheet.stops.iter().filter(|s| hard(s.case_id)).count();
        }
        let most = (2 * team).div_ceil(n).max(route::HARD_AT_LEAST);
        prop_assert!(share.values().all(|own| *own <= most), "{share:?} of {team}, at most {most}");
    }

    #[test]
    fn a_forecast_only_grows_and_stays_inside_its_interval(seen in seen(), today in 0i64..13) {
        let rules = rules();
        let input = day(&rules, town(&rules, 4, 6, &seen, today), 2, today);
        let insight = Insight::new(&input, Brain::Types);
        let pace = pace(&input, &insight, &Stairwise::default());
        prop_assert_eq!(i64::try_from(pace.days.len()).unwrap(), 14 - today);
        for d in &pace.days {
            prop_assert!(d.low <= d.mean + 1e-9 && d.mean <= d.high + 1e-9 && d.high <= 48.0 + 1e-9);
        }
        prop_assert!(pace.days.windows(2).all(|w| w[0].mean <= w[1].mean + 1e-9));
        for w in &pace.warnings {
            prop_assert!(!w.missing.is_empty() && !w.reason.is_empty() && w.reason_zh.ends_with('。'));
        }
    }

    #[test]
    fn chances_stay_chances(seen in seen()) {
        let rules = rules();
        let input = day(&rules, town(&rules, 4, 6, &seen, 9), 2, 9);
        for brain in [Brain::Types, Brain::Frailty, Brain::Prior] {
            let insight = Insight::new(&input, brain);
            for d in 0..input.doors.len() {
                let b = insight.model.belief(d);
                prop_assert!(b.answered.iter().all(|p| (0.004..=0.96).contains(p)), "{:?}", b.answered);
                prop_assert!((0.0..=1.0).contains(&b.empty));
            }
        }
    }
}

#[test]
fn first_visits_fill_the_evening_and_say_so() {
    let rules = rules();
    let input = day(&rules, town(&rules, 8, 6, &[], 0), 2, 0);
    let sheets = Stairwise::default().plan(&input);
    assert_eq!(sheets.len(), 2);
    for s in &sheets {
        assert!(
            s.stops.len() > 10 && s.minutes > 150.0 && s.minutes < 240.0,
            "{} {}",
            s.stops.len(),
            s.minutes
        );
    }
    let stop = &sheets[0].stops[0];
    assert_eq!(stop.reason, "First visit; this staircase has 12 open doors.");
    assert_eq!(stop.reason_zh, "首次入户；本单元还有 12 户未完成。");
    assert_eq!((stop.from, stop.to), (None, None));
}

#[test]
fn an_appointment_is_on_top_with_its_hour() {
    let rules = rules();
    let seen = [(5, 0, 1140, 4, 0)];
    let input = day(&rules, town(&rules, 4, 6, &seen, 1), 2, 1);
    let sheets = Stairwise::default().plan(&input);
    let stop = sheets.iter().flat_map(|s| &s.stops).find(|s| s.pinned == Pinned::Yes).unwrap();
    assert_eq!((stop.action, stop.reason.as_str()), (StopAction::VisitAt, "Asked for Tuesday 19:00."));
    assert_eq!(stop.reason_zh, "约定周二 19:00。");
    let first = sheets.iter().find(|s| s.stops.iter().any(|x| x.pinned == Pinned::Yes)).unwrap();
    assert_eq!(first.stops[0].pinned, Pinned::Yes);
}

#[test]
fn who_comes_too_early_for_every_door_is_told_when_to_start() {
    let rules = rules();
    let missed = |door: usize| [(0, 840), (1, 900), (2, 960)].map(|(day, minute)| (door, day, minute, 0, 0));
    let seen: Vec<Seen> = (0..12).flat_map(missed).collect();
    let mut input = day(&rules, town(&rules, 1, 6, &seen, 3), 1, 3);
    let long = vec![(time(14, 0, 0, 0), time(18, 45, 0, 0))];
    input.enumerators[0].hours = Some(Hours { weekday: long, ..Hours::default() });
    let sheets = Stairwise::default().plan(&input);
    let stops = &sheets[0].stops;
    assert!(stops[0].from.is_some_and(|from| from >= at(&rules, 3, 17 * 60)), "{:?}", stops[0].from);
    assert!(stops[1..].iter().all(|s| s.from.is_none()));
}

#[test]
fn neighbours_are_asked_at_good_hours_only() {
    let rules = rules();
    let missed = |door: usize| {
        [(0, 600), (1, 1140), (2, 1200), (5, 840), (7, 1140)].map(|(day, minute)| (door, day, minute, 0, 0))
    };
    let seen: Vec<Seen> = (0..12).flat_map(missed).collect();
    let mut input = day(&rules, town(&rules, 1, 6, &seen, 9), 1, 9);
    let long = vec![(time(9, 0, 0, 0), time(21, 0, 0, 0))];
    input.enumerators[0].hours = Some(Hours { weekday: long.clone(), saturday: long.clone(), sunday: long });
    let insight = Insight::new(&input, Brain::Types);
    let tuning = Tuning::default();
    let scales = worth::Scales::new(&tuning, &insight, &rules, 0.5);
    let work = tasks::work(&input, &insight, &scales, &|door| insight.model.belief(door));
    assert_eq!(work.tasks.len(), 12);
    for task in &work.tasks {
        let action = |minute| task.action_at(slot::Slot::at(slot::DayKind::Weekday, minute));
        assert_eq!((action(660.0), action(1170.0)), (StopAction::Visit, StopAction::VisitThenProxy));
    }
}

#[test]
fn a_person_who_is_away_gets_no_sheet_and_others_take_over() {
    let rules = rules();
    let mut input = day(&rules, town(&rules, 4, 6, &[], 0), 2, 0);
    input.enumerators[0].absent = vec![START];
    let sheets = Stairwise::default().plan(&input);
    assert_eq!(sheets.iter().map(|s| &*s.user).collect::<Vec<_>>(), ["e02"]);
}

#[test]
fn a_plan_at_noon_leaves_what_is_in_hand() {
    let rules = rules();
    let doors = town(&rules, 4, 6, &[], 5);
    let keep: Vec<CaseId> = doors[14..18].iter().map(|d| d.case_id).collect();
    let mut input = day(&rules, doors, 2, 5);
    input.as_of = at(&rules, 5, 15 * 60);
    input.enumerators[1].doing = Some(Doing { keep: keep.clone(), free_at: at(&rules, 5, 15 * 60 + 8) });
    let sheets = Stairwise::default().plan(&input);
    let mine = sheets.iter().find(|s| &*s.user == "e02").unwrap();
    assert_eq!(mine.stops[..4].iter().map(|s| s.case_id).collect::<Vec<_>>(), keep);
    assert_eq!(mine.shift.from, at(&rules, 5, 15 * 60 + 8));
    let other = sheets.iter().find(|s| &*s.user == "e01").unwrap();
    assert!(other.stops.iter().all(|s| !keep.contains(&s.case_id)));
    assert_eq!(other.shift.from, at(&rules, 5, 15 * 60), "what lies before the moment is cut off");
}

#[test]
fn without_a_weekend_left_the_rule_cannot_be_met() {
    let rules = rules();
    let seen = [(0, 7, 1140, 0, 0), (0, 8, 1140, 0, 0)];
    let mut input = day(&rules, town(&rules, 1, 1, &seen, 9), 1, 9);
    input.field.1 = date(2026, 11, 13);
    let insight = Insight::new(&input, Brain::Types);
    let list = pace::warnings(&input, &insight);
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|w| w.level == pace::Level::Red));
    assert_eq!(list[0].reason, "A weekend visit is missing and no weekend with staff is left.");
}

#[test]
fn an_appointment_outside_all_shifts_is_told_beforehand() {
    let rules = rules();
    let seen = [(0, 0, 1140, 4, 0)];
    let mut input = day(&rules, town(&rules, 1, 1, &seen, 1), 1, 1);
    assert!(pace::unstaffed(&input).is_empty());
    input.enumerators[0].absent = vec![date(2026, 11, 3)];
    assert_eq!(pace::unstaffed(&input), [input.doors[0].case_id]);
}

#[test]
fn the_heat_map_names_every_building_once() {
    let rules = rules();
    let input = day(&rules, town(&rules, 3, 2, &[(0, 0, 1140, 0, 0)], 1), 1, 1);
    let view = view(&Insight::new(&input, Brain::Types));
    assert_eq!((view.rows.len(), view.knocks, view.version.as_str()), (4, 1, "types-1"));
    let svg = heat_svg(&view, Language::En);
    assert_eq!(svg.matches("<rect").count(), 4 * 26);
    assert!(svg.contains("Building 3") && heat_svg(&view, Language::Zh).contains("3 号楼"));
}

#[test]
fn a_pretended_miss_counts_like_a_real_one() {
    let rules = rules();
    let seen = [(0, 0, 1140, 0, 0), (0, 1, 600, 0, 0), (0, 5, 900, 0, 0)];
    let real = town(&rules, 1, 1, &seen, 9)[0].standing.clone();
    let mut told = town(&rules, 1, 1, &seen[..2], 9)[0].standing.clone();
    forecast::pretend_miss(&mut told, slot::slot_at(at(&rules, 5, 900), &rules.calendar), &rules);
    assert_eq!((told.counted, told.unmet.clone(), told.state), (real.counted, real.unmet, State::Proxy));
    assert_eq!(told.untried, real.untried);
}

#[test]
fn types_learn_who_is_out_by_day() {
    let rules = rules();
    let mut seen: Vec<Seen> =
        (0..3).flat_map(|day| [(0, day, 600 + day, 0, 0), (1, day, 1180 + day, 0, 0)]).collect();
    seen.extend((0..4).map(|day| (2, day, 1180 + day, 6, 0)));
    let input = day(&rules, town(&rules, 1, 2, &seen, 9), 1, 9);
    let insight = Insight::new(&input, Brain::Types);
    let evening = |door| insight.chance(door, at(&rules, 9, 1200), &input);
    let morning = |door| insight.chance(door, at(&rules, 9, 600), &input);
    assert!(evening(0) > 2.0 * morning(0), "missed by day: {} against {}", evening(0), morning(0));
    assert!(evening(1) < evening(0) && evening(2) < evening(1), "{} {}", evening(1), evening(2));
    assert!(insight.model.belief(2).empty > 0.9, "four times it looked empty");
}

#[test]
fn a_day_long_before_or_after_the_field_costs_no_more_than_a_day_of_it() {
    let rules = rules();
    let doors = town(&rules, 1, 2, &[], 0);
    let mut input = day(&rules, doors, 1, 0);
    let field = (input.field.1 - input.field.0).get_days() + 1;
    for on in [date(1900, 1, 1), date(2000, 1, 1), date(2999, 12, 31)] {
        input.on = on;
        input.as_of = rules.calendar.day_start(on);
        let ahead = super::staff::Ahead::new(&input);
        assert!(ahead.days <= f64::from(field), "{on}: {} days ahead", ahead.days);
        assert_eq!(ahead.gone > 0.0, on > input.field.1, "{on}");
        let planner = Stairwise::default();
        let days = super::forecast::forecast(&input, &Insight::new(&input, Brain::default()), &planner);
        assert_eq!(days.len(), if on < input.field.0 { usize::try_from(field).unwrap() } else { 0 }, "{on}");
    }
}
