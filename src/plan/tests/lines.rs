//! The reasons on sheets: their numbers, and the sentences themselves.

use crate::domain::{EffortPart, Informant, Language};
use crate::plan::grounds::{CLAIM_KNOCKS, CLAIM_LEAD};
use crate::plan::model::BestStretch;
use crate::plan::reason::{Best, BestPlace, Cause, Grounds, Pattern, line};
use crate::plan::sheet::Stop;
use crate::plan::slot::{DayKind, clock};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Every number in a line is one of its grounds; both languages read as sentences.
pub fn agree(stop: &Stop) -> Result<(), TestCaseError> {
    let g = &stop.grounds;
    prop_assert_eq!(&stop.reason, &line(g, Language::En));
    prop_assert_eq!(&stop.reason_zh, &line(g, Language::Zh));
    prop_assert!(stop.reason.ends_with('.') && stop.reason_zh.ends_with('。'));
    prop_assert!(stop.reason.is_ascii() || stop.reason.contains('–'), "{}", stop.reason);
    prop_assert!(!has_fraction(&stop.reason) && !stop.reason.contains('%'), "a chance: {}", stop.reason);
    if let Some(b) = &g.best {
        prop_assert!(
            f64::from(b.knocks) >= CLAIM_KNOCKS && b.hours.chance - b.hours.mean > CLAIM_LEAD - 1e-9
        );
    }
    let known = known(g);
    prop_assert!(numbers(&stop.reason).is_subset(&known), "{} {:?}", stop.reason, known);
    prop_assert!(numbers(&stop.reason_zh).is_subset(&known), "{} {:?}", stop.reason_zh, known);
    Ok(())
}

fn known(g: &Grounds) -> BTreeSet<u32> {
    let mut known: BTreeSet<u32> = [g.attempts].into();
    match &g.cause {
        Cause::First { open } => known.extend(u32::try_from(*open)),
        Cause::Again { pattern: Pattern::Before(hour) } => known.extend([u32::from(*hour), 0]),
        Cause::Again { .. } | Cause::ProxyAllowed | Cause::UsedUp => {}
        Cause::Agreed { on, minute }
        | Cause::AgreedBefore { on, minute }
        | Cause::WeMissed { on, minute } => {
            known.extend(numbers(&clock(*minute)));
            known.extend(day_and_month(*on));
        }
        Cause::Convert { on, by } => {
            known.extend(day_and_month(*on));
            known.extend(numbers(by));
        }
        Cause::Claimed { on, .. } | Cause::Partial { on } => known.extend(day_and_month(*on)),
    }
    if let Some(b) = &g.best {
        known.extend(numbers(&clock(f64::from(b.hours.from))));
        known.extend(numbers(&clock(f64::from(b.hours.to))));
        if let BestPlace::Building(name) = &b.place {
            known.extend(numbers(name));
        }
    }
    known
}

fn day_and_month(on: Date) -> [u32; 2] {
    [u32::from(on.day().unsigned_abs()), u32::from(on.month().unsigned_abs())]
}

fn has_fraction(text: &str) -> bool {
    text.as_bytes().windows(3).any(|w| w[0].is_ascii_digit() && w[1] == b'.' && w[2].is_ascii_digit())
}

fn numbers(text: &str) -> BTreeSet<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|t| t.parse().ok()).collect()
}

fn grounds(attempts: u32, cause: Cause, missing: &[EffortPart]) -> Grounds {
    Grounds { attempts, cause, missing: missing.to_vec(), best: None }
}

#[test]
fn lines_read_well_in_both_languages() {
    let on = date(2026, 11, 3);
    let (evening, weekend) = (EffortPart::Evening, EffortPart::Weekend);
    let hours = BestStretch { kind: DayKind::Weekday, from: 1140, to: 1230, chance: 0.6, mean: 0.4 };
    let best = Some(Best { place: BestPlace::Building("6".into()), hours, knocks: 20 });
    let before = Cause::Again { pattern: Pattern::Before(17) };
    for (g, en, zh) in [
        (
            Grounds { best, ..grounds(2, before, &[]) },
            "2 visits, both before 17:00; building 6 answers best 19:00–20:30.",
            "已入户 2 次，都在 17:00 之前；6 号楼 19:00–20:30 最容易有人。",
        ),
        (
            grounds(0, Cause::Agreed { on: date(2026, 11, 5), minute: 1170.0 }, &[]),
            "Asked for Thursday 19:30.",
            "约定周四 19:30。",
        ),
        (
            grounds(1, Cause::Convert { by: "e03".into(), on }, &[]),
            "Refused to e03 on 3 Nov; second try by you.",
            "11 月 3 日拒绝过 e03，由您再试一次。",
        ),
        (
            grounds(1, Cause::Claimed { on, by: Informant::Relative }, &[]),
            "A relative said empty on 3 Nov; needs a second look.",
            "11 月 3 日亲属说无人居住，需再核实一次。",
        ),
        (
            grounds(1, Cause::AgreedBefore { on, minute: 1125.0 }, &[]),
            "Asked for 3 Nov 18:45; if nobody is met there then, go there first.",
            "约定 11 月 3 日 18:45；届时未遇，请最先前往。",
        ),
        (
            grounds(1, Cause::WeMissed { on, minute: 1125.0 }, &[]),
            "We missed the appointment of 3 Nov 18:45; go there first.",
            "11 月 3 日 18:45的预约我方未到，请最先前往。",
        ),
        (
            grounds(3, Cause::Again { pattern: Pattern::Mixed }, &[weekend]),
            "3 visits; only a weekend visit is missing, then a neighbour may answer.",
            "已入户 3 次；只差周末入户，之后可请邻居代答。",
        ),
        (
            grounds(
                1,
                Cause::Again { pattern: Pattern::Before(11) },
                &[EffortPart::Attempts, evening, weekend],
            ),
            "1 visit, before 11:00; still missing: an evening visit and a weekend visit.",
            "已入户 1 次，在 11:00 之前；还缺晚间入户和周末入户。",
        ),
        (
            grounds(6, Cause::UsedUp, &[]),
            "6 visits used up; ask a neighbour.",
            "已入户 6 次，次数已用完，请邻居代答。",
        ),
    ] {
        assert_eq!(line(&g, Language::En), en);
        assert_eq!(line(&g, Language::Zh), zh);
    }
}
