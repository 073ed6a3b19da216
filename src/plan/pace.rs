//! For supervisors: will it be done in time, which doors will not, where is effort missing, who is needed.
//! Reads the same model and rules as the sheets; it changes nothing.

use super::forecast::{Expected, forecast};
use super::input::{DayInput, Door};
use super::load::Load;
use super::reach::Missing;
use super::slot::{DayKind, Slot, wall};
use super::staff::{Ahead, spans_on};
use super::stairwise::{Insight, Stairwise};
use super::tasks::moment;
use crate::domain::{CaseId, EffortPart, State};
use serde::Serialize;
use std::sync::Arc;

/// The outlook of an area's field work.
#[derive(Clone, Debug, Serialize)]
pub struct Pace {
    /// Cases that count: neither merged nor cancelled. What is expected is a part of them.
    pub doors: u32,
    /// Expected cases done by the end of each day.
    pub days: Vec<Expected>,
    /// Doors that will miss the closing rule, red first.
    pub warnings: Vec<Warning>,
    /// One row per building.
    pub buildings: Vec<BuildingPace>,
    /// Staff there is and staff it takes.
    pub staffing: Staffing,
}

/// How sure it is that a door misses the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What is missing does not fit into the days left.
    Red,
    /// It fits only if no suitable day is missed.
    Amber,
}

/// A door at risk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Warning {
    /// The case.
    pub case_id: CaseId,
    /// Red or amber.
    pub level: Level,
    /// Parts of the rule still missing.
    pub missing: Vec<EffortPart>,
    /// Visits it takes at least.
    pub visits: u32,
    /// Staffed field days left, today included.
    pub days_left: u32,
    /// Why, in English.
    pub reason: String,
    /// Why, in Chinese.
    pub reason_zh: String,
}

/// One building in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct BuildingPace {
    /// Area code.
    pub area: Arc<str>,
    /// Building number.
    pub building: Arc<str>,
    /// Open cases.
    pub open: u32,
    /// Open cases never visited.
    pub untried: u32,
    /// Appointments of the day.
    pub appointments_today: u32,
    /// Appointments we missed.
    pub appointments_missed: u32,
    /// Open cases that meet the closing rule.
    pub rule_met: u32,
    /// Open cases that lack a part of the rule.
    pub gaps: Vec<Gap>,
    /// Knocks and answers per stretch of the day in which there were any.
    pub answered: Vec<SlotShare>,
}

/// Open cases lacking one part of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The part.
    pub part: EffortPart,
    /// How many.
    pub cases: u32,
}

/// Share of knocks answered in one stretch of the day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SlotShare {
    /// Weekday or weekend.
    pub kind: DayKind,
    /// First minute since midnight.
    pub from: u16,
    /// Last minute (exclusive).
    pub to: u16,
    /// Knocks (n).
    pub knocks: u32,
    /// Answered.
    pub answered: u32,
}

/// Working time against the work left.
#[derive(Clone, Debug, Serialize)]
pub struct Staffing {
    /// Minutes on duty from now to the last field day.
    pub staffed_minutes: f64,
    /// Minutes that the open doors are expected to take.
    pub needed_minutes: f64,
    /// Shifts of mean length missing to do all of it; 0 when staff suffices.
    pub extra_shifts: u32,
    /// Expected share of cases done at the end.
    pub done_at_end: f64,
    /// Appointments from today on that fall into nobody's shift.
    pub unstaffed_appointments: Vec<CaseId>,
}

/// Everything of one area as of `day.as_of`.
pub fn pace(day: &DayInput, insight: &Insight, planner: &Stairwise) -> Pace {
    let doors = day.doors.iter().filter(|d| d.standing.state.is_active()).count();
    let doors = u32::try_from(doors).unwrap_or(u32::MAX);
    if day.on > day.field.1 {
        return over(day, insight, doors);
    }
    let days = forecast(day, insight, planner);
    let last = days.last().map_or(0.0, |d| d.mean);
    Pace {
        doors,
        warnings: warnings(day, insight),
        buildings: buildings(day, insight),
        staffing: staffing(day, insight, last),
        days,
    }
}

/// The field time is over: nothing is expected any more, nothing can be missed, and no shift would help.
fn over(day: &DayInput, insight: &Insight, doors: u32) -> Pace {
    let done = day.doors.iter().filter(|d| d.standing.state.is_resolved()).count();
    #[expect(clippy::cast_precision_loss, reason = "doors of one area")]
    let share = if doors > 0 { done as f64 / f64::from(doors) } else { 0.0 };
    Pace {
        doors,
        days: Vec::new(),
        warnings: Vec::new(),
        buildings: buildings(day, insight),
        staffing: Staffing {
            staffed_minutes: 0.0,
            needed_minutes: 0.0,
            extra_shifts: 0,
            done_at_end: share,
            unstaffed_appointments: Vec::new(),
        },
    }
}

/// Doors whose missing effort does not, or only just, fit into the staffed days left.
pub fn warnings(day: &DayInput, insight: &Insight) -> Vec<Warning> {
    let with_today = insight.ahead.with_today(day);
    let mut list: Vec<Warning> = day.doors.iter().filter_map(|d| warning(d, day, &with_today)).collect();
    list.sort_by_key(|w| (w.level, w.case_id));
    list
}

fn warning(door: &Door, day: &DayInput, ahead: &Ahead) -> Option<Warning> {
    let standing = &door.standing;
    let missing = Missing::of(standing, day.rules);
    if !is_at_work(standing.state) || missing.is_none() || standing.proxy_now.is_some() {
        return None;
    }
    let visits = missing.visits(&ahead.later, day.rules);
    let left = standing.cap.saturating_sub(standing.counted.attempts);
    let days_left = ahead.kinds[0] + ahead.kinds[1];
    let (level, why) = match missing.spare_days(ahead, day.rules) {
        _ if visits > left => (Level::Red, Why::Cap(left)),
        None => (Level::Red, why_no_room(&missing, ahead)),
        Some(0) => (Level::Amber, Why::EveryDay),
        Some(_) => return None,
    };
    Some(Warning {
        case_id: door.case_id,
        level,
        missing: standing.unmet.clone(),
        visits,
        days_left,
        reason: why.english(visits, days_left),
        reason_zh: why.chinese(visits, days_left),
    })
}

/// States in which the closing rule is still being worked for.
fn is_at_work(state: State) -> bool {
    match state {
        State::New | State::InProgress | State::Appointment | State::Exhausted => true,
        State::Proxy
        | State::Partial
        | State::Refused
        | State::Verify
        | State::NotEligible
        | State::Closed
        | State::Completed
        | State::Merged
        | State::Cancelled => false,
    }
}

/// What stands in the way.
enum Why {
    Cap(u32),
    NoWeekend,
    NoEvening,
    TooFewDays,
    EveryDay,
}

fn why_no_room(missing: &Missing, ahead: &Ahead) -> Why {
    if missing.weekend > ahead.kinds[1] {
        Why::NoWeekend
    } else if missing.attempts.max(missing.days) > ahead.kinds[0] + ahead.kinds[1] {
        Why::TooFewDays
    } else {
        Why::NoEvening
    }
}

impl Why {
    fn english(&self, visits: u32, days: u32) -> String {
        let visits_text = if visits == 1 { "1 visit is".to_owned() } else { format!("{visits} visits are") };
        let days_text =
            if days == 1 { "1 staffed day is".to_owned() } else { format!("{days} staffed days are") };
        match self {
            Self::Cap(left) => format!("{visits_text} missing, but only {left} may still be made."),
            Self::NoWeekend => "A weekend visit is missing and no weekend with staff is left.".to_owned(),
            Self::NoEvening => {
                "An evening or another time of day is missing and no such shift is left.".to_owned()
            }
            Self::TooFewDays => format!("{visits_text} missing, but only {days_text} left."),
            Self::EveryDay => {
                format!("{visits_text} missing and every suitable day counts; {days_text} left.")
            }
        }
    }

    fn chinese(&self, visits: u32, days: u32) -> String {
        match self {
            Self::Cap(left) => format!("还缺 {visits} 次入户，但最多只能再去 {left} 次。"),
            Self::NoWeekend => "还缺周末入户，但已没有排班的周末。".to_owned(),
            Self::NoEvening => "还缺晚间或另一时段入户，但已没有这样的班次。".to_owned(),
            Self::TooFewDays => format!("还缺 {visits} 次入户，但只剩 {days} 个有人值班的日子。"),
            Self::EveryDay => {
                format!("还缺 {visits} 次入户，合适的日子一天也不能错过；还剩 {days} 个有人值班的日子。")
            }
        }
    }
}

fn buildings(day: &DayInput, insight: &Insight) -> Vec<BuildingPace> {
    let ground = &insight.ground;
    let mut rows: Vec<BuildingPace> = ground
        .buildings
        .iter()
        .zip(&insight.history.buildings)
        .map(|(b, counts)| BuildingPace {
            area: b.area.clone(),
            building: b.name.clone(),
            open: 0,
            untried: 0,
            appointments_today: 0,
            appointments_missed: 0,
            rule_met: 0,
            gaps: EffortPart::ALL.iter().map(|part| Gap { part: *part, cases: 0 }).collect(),
            answered: shares(&counts.knocks, &counts.answered),
        })
        .collect();
    for (i, d) in day.doors.iter().enumerate().filter(|(_, d)| d.standing.state.is_open()) {
        add_door(&mut rows[ground.stairs[ground.stair_of[i]].building], d, day);
    }
    for row in &mut rows {
        row.gaps.retain(|g| g.cases > 0);
    }
    rows
}

fn add_door(row: &mut BuildingPace, d: &Door, day: &DayInput) {
    let s = &d.standing;
    row.open += 1;
    row.untried += u32::from(s.state == State::New);
    row.rule_met += u32::from(s.unmet.is_empty());
    if let Some(w) = s.appointment {
        let missed = s.is_appointment_missed(day.rules, moment(day));
        row.appointments_missed += u32::from(missed);
        row.appointments_today += u32::from(!missed && wall(w.from, &day.rules.calendar).0 == day.on);
    }
    for gap in &mut row.gaps {
        gap.cases += u32::from(s.unmet.contains(&gap.part));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of knocks")]
fn shares(knocks: &super::slot::PerSlot, answered: &super::slot::PerSlot) -> Vec<SlotShare> {
    Slot::all()
        .filter(|s| knocks[s.index()] > 0.0)
        .map(|s| SlotShare {
            kind: s.kind(),
            from: s.span().0,
            to: s.span().1,
            knocks: knocks[s.index()] as u32,
            answered: answered[s.index()] as u32,
        })
        .collect()
}

fn staffing(day: &DayInput, insight: &Insight, last: f64) -> Staffing {
    let load = Load::new(day, insight, &|door| (insight.model.belief(door), 1.0));
    let shift = mean_shift(day);
    let short = (load.needed - load.staffed).max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of shifts")]
    let extra_shifts = (short / shift).ceil() as u32;
    #[expect(clippy::cast_precision_loss, reason = "doors of one area")]
    let cases = day.doors.iter().filter(|d| d.standing.state.is_active()).count() as f64;
    Staffing {
        staffed_minutes: load.staffed,
        needed_minutes: load.needed,
        extra_shifts,
        done_at_end: if cases > 0.0 { last / cases } else { 0.0 },
        unstaffed_appointments: unstaffed(day),
    }
}

fn mean_shift(day: &DayInput) -> f64 {
    let (mut minutes, mut shifts) = (0.0, 0.0);
    let mut date = day.on.max(day.field.0);
    while date <= day.field.1 {
        for e in &day.enumerators {
            for (from, to) in spans_on(e, date, day.rules) {
                minutes += to - from;
                shifts += 1.0;
            }
        }
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    if shifts > 0.0 { minutes / shifts } else { 210.0 }
}

/// Appointments still to come that start in nobody's shift.
pub fn unstaffed(day: &DayInput) -> Vec<CaseId> {
    let now = moment(day);
    let staffed = |d: &Door| {
        let Some(w) = d.standing.appointment.filter(|w| w.to > now) else {
            return true;
        };
        let ((on, from), (last, to)) = (wall(w.from, &day.rules.calendar), wall(w.to, &day.rules.calendar));
        let to = if last > on { 1440.0 } else { to };
        day.enumerators.iter().any(|e| {
            super::staff::may_work(e, &d.area)
                && spans_on(e, on, day.rules).iter().any(|(a, b)| *a <= to && *b - 1.0 >= from)
        })
    };
    let mut list: Vec<CaseId> =
        day.doors.iter().filter(|d| d.standing.state.is_open() && !staffed(d)).map(|d| d.case_id).collect();
    list.sort_unstable();
    list
}
