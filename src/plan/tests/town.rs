//! Invented towns for the planner's tests: walk-up buildings with one staircase, two doors on a floor.

use crate::domain::{
    CaseId, Channel, Evidence, Informant, Outcome, Policy, Rules, Visit, VisitId, Window, fold,
};
use crate::plan::{DayInput, Door, Enumerator, Hours, PastVisit};
use jiff::civil::{Date, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// A Monday.
pub const START: Date = date(2026, 11, 2);

pub fn rules() -> Rules {
    Rules::new(Policy::default(), TimeZone::get("Asia/Shanghai").unwrap())
}

pub fn at(rules: &Rules, day: i64, minute: i64) -> Timestamp {
    let date = START.checked_add(jiff::Span::new().days(day)).unwrap();
    rules.calendar.day_start(date) + SignedDuration::from_mins(minute)
}

/// One past visit: door, day, minute, outcome number, enumerator.
pub type Seen = (usize, i64, i64, u8, u8);

fn outcome(n: u8) -> (Outcome, Informant) {
    match n % 9 {
        0..=3 => (Outcome::NoAnswer, Informant::None),
        4 => (Outcome::AppointmentMade, Informant::None),
        5 => (Outcome::RefusalSoft, Informant::None),
        6 => (Outcome::Vacant, Informant::None),
        7 => (Outcome::OccupancyUnknown, Informant::Neighbour),
        _ => (Outcome::InterviewComplete, Informant::None),
    }
}

pub fn town(rules: &Rules, buildings: usize, floors: usize, seen: &[Seen], today: i64) -> Vec<Door> {
    let mut doors = Vec::new();
    for b in 0..buildings {
        for floor in 0..floors {
            for room in 0..2 {
                let id = doors.len();
                doors.push(door(rules, id, b, i32::try_from(floor).unwrap() + 1, room, seen, today));
            }
        }
    }
    doors
}

fn door(rules: &Rules, id: usize, building: usize, floor: i32, room: i32, seen: &[Seen], today: i64) -> Door {
    let mine = seen.iter().enumerate().filter(|(_, s)| s.0 == id && s.1 < today);
    let visits: Vec<Visit> = mine.map(|(n, s)| visit(rules, n, *s)).collect();
    let past = |v: &Visit| PastVisit {
        at: v.at,
        outcome: v.outcome,
        enumerator: v.enumerator.clone(),
        channel: v.channel,
        informant: v.informant,
    };
    Door {
        case_id: CaseId(Uuid::from_u128(id as u128 + 1)),
        area: "410181001001".into(),
        building: format!("{}", building + 1).into(),
        unit: "1".into(),
        floor: Some(floor),
        room: format!("{floor}0{}", room + 1).into(),
        place: None,
        visits: visits.iter().map(past).collect(),
        standing: fold(&Evidence { visits, ..Evidence::default() }, rules),
        assigned: None,
        lease: None,
    }
}

fn visit(rules: &Rules, n: usize, (_, day, minute, kind, who): Seen) -> Visit {
    let (outcome, informant) = outcome(kind);
    let at = at(rules, day, minute);
    let from = self::at(rules, day + 1 + i64::from(who % 2), (18 + i64::from(kind % 3)) * 60);
    let window = Window { from, to: from + SignedDuration::from_mins(30) };
    Visit {
        id: VisitId(Uuid::from_u128(n as u128 + 1)),
        at,
        received_at: at,
        outcome,
        enumerator: format!("e{:02}", who % 3 + 1).into(),
        channel: Channel::InPerson,
        informant,
        has_photo: false,
        appointment: (outcome == Outcome::AppointmentMade).then_some(window),
    }
}

fn staff(n: usize) -> Vec<Enumerator> {
    let evening = vec![(time(18, 0, 0, 0), time(21, 30, 0, 0))];
    let day = vec![(time(9, 0, 0, 0), time(12, 0, 0, 0)), (time(14, 0, 0, 0), time(21, 0, 0, 0))];
    (1..=n)
        .map(|k| Enumerator {
            user: format!("e{k:02}").into(),
            areas: None,
            hours: Some(Hours { weekday: evening.clone(), saturday: day.clone(), sunday: day.clone() }),
            absent: Vec::new(),
            doing: None,
        })
        .collect()
}

pub fn day(rules: &Rules, doors: Vec<Door>, staff_no: usize, today: i64) -> DayInput<'_> {
    let on = START.checked_add(jiff::Span::new().days(today)).unwrap();
    let last = START.checked_add(jiff::Span::new().days(13)).unwrap();
    DayInput {
        on,
        as_of: rules.calendar.day_start(on),
        now: rules.calendar.day_start(on),
        field: (START, last),
        rules,
        doors,
        enumerators: staff(staff_no),
    }
}
