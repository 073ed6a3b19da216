//! When the next visit should fall, and in which order doors are worth visiting.
//!
//! A window is found on the survey's own wall clock, inside a band and inside the hours on duty. The sort key does not
//! depend on the reading time, so that it can be stored.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::case::{Cell, Standing};
use super::code::{EffortPart, State, closed_set};
use super::evidence::Window;
use super::next::{Action, Next, next_action};
use super::rules::{Rules, Span};

/// How many days ahead a window is looked for: every weekday and weekend, and a long holiday, lie within.
const DAYS_AHEAD: i64 = 21;

closed_set! {
    /// How pressing the next action is.
    Urgency("urgency") {
        Missed = 1, "missed", "Appointment missed", "预约已误";
        Appointment = 2, "appointment", "Appointment", "有预约";
        Now = 3, "now", "Due now", "现在可访";
        Later = 4, "later", "Due later", "稍后";
        Waiting = 5, "waiting", "Waiting", "等待";
        Nothing = 6, "nothing", "Nothing to do", "无";
    }
}

/// When the next visit should fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The window; none where nobody is to go, or no window lies ahead.
    pub window: Option<Window>,
    /// How pressing it is.
    pub urgency: Urgency,
}

/// When the next visit should fall, seen from `now`.
pub fn due(standing: &Standing, rules: &Rules, now: Timestamp) -> Due {
    let next = next_action(standing, rules, now);
    match next.action {
        Action::None => Due { window: None, urgency: Urgency::Nothing },
        Action::VisitAt => Due { window: standing.appointment, urgency: Urgency::Appointment },
        Action::Supervisor if next.or.is_none() => Due { window: None, urgency: Urgency::Waiting },
        Action::Wait => Due { window: None, urgency: Urgency::Waiting },
        Action::Visit | Action::VisitThenProxy | Action::Proxy | Action::Confirm | Action::Supervisor => {
            visit_due(standing, &next, rules, now)
        }
    }
}

fn visit_due(standing: &Standing, next: &Next, rules: &Rules, now: Timestamp) -> Due {
    let window = Search::new(standing, next, rules, now).window();
    let urgency = if next.first {
        Urgency::Missed
    } else if window.is_some_and(|window| window.from <= now) {
        Urgency::Now
    } else {
        Urgency::Later
    };
    Due { window, urgency }
}

/// The last group of the sort key that presses: what waits for a set time or a certain person, a small part of all doors.
pub const PRESSING: i16 = 30;

/// The group of doors that were never visited.
pub const NEVER_VISITED: i16 = 90;

/// A key by which doors are sorted, most urgent first; it does not depend on the reading time.
///
/// Groups: appointments (by their beginning), partial interviews, proxies, claims to confirm, doors under way (the more
/// of the rule is missing the sooner), refusals, used-up doors, missing interviews, never visited, closed. Within a
/// group the one that may be visited first.
pub fn urgency_key(standing: &Standing, rules: &Rules) -> (i16, Timestamp) {
    if let Some(window) = standing.appointment.filter(|_| standing.state.is_open()) {
        return (0, window.from);
    }
    let last = standing.last.map_or(Timestamp::UNIX_EPOCH, |(at, _)| at);
    if let Some(since) = standing.interview_missing_since.filter(|_| standing.state.is_open()) {
        return (80, since);
    }
    let missing = i16::try_from(standing.unmet.len()).unwrap_or(5).min(5);
    let opens =
        next_action(standing, rules, last).not_before.map_or(last, |date| rules.calendar.day_start(date));
    match standing.state {
        State::Partial => (10, last),
        State::Proxy => (20, last),
        State::Verify => (PRESSING, opens),
        State::InProgress | State::Appointment => (50 - missing, opens),
        State::Refused => (60, opens),
        State::Exhausted => (70, last),
        State::New => (NEVER_VISITED, last),
        State::NotEligible | State::Closed | State::Completed | State::Merged | State::Cancelled => {
            (i16::MAX, last)
        }
    }
}

/// What a window must offer.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Evening,
    Weekend,
    Untried,
    Anything,
}

struct Search<'a> {
    standing: &'a Standing,
    rules: &'a Rules,
    now: Timestamp,
    first_day: Date,
    /// The end of the pause after the last visit.
    rested: Timestamp,
    /// What to look for, best first.
    order: &'static [Wanted],
}

impl<'a> Search<'a> {
    /// A day already visited helps no further where distinct days are missing; a date set by a refusal is kept.
    fn new(standing: &'a Standing, next: &Next, rules: &'a Rules, now: Timestamp) -> Self {
        let today = rules.calendar.local_date(now);
        let first_day = next.not_before.map_or(today, |date| date.max(today));
        let order = wanted(standing, next);
        let needs_new_day = standing.unmet.contains(&EffortPart::Days) && order.len() > 1;
        let visited = standing.last_counted.map(|at| rules.calendar.local_date(at));
        let is_spent = needs_new_day && visited == Some(first_day);
        let first_day =
            if is_spent { first_day.checked_add(1.day()).unwrap_or(first_day) } else { first_day };
        let pause = SignedDuration::from_mins(i64::from(rules.policy.plan.min_gap_minutes));
        let rested =
            standing.last.and_then(|(at, _)| at.checked_add(pause).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { standing, rules, now, first_day, rested, order }
    }

    /// The first window of the best kind there is: on duty if possible.
    fn window(&self) -> Option<Window> {
        let mut tries = self.order.iter().flat_map(|wanted| [(*wanted, OnDuty::Yes), (*wanted, OnDuty::Any)]);
        tries.find_map(|(wanted, on_duty)| self.first_window(wanted, on_duty))
    }

    fn first_window(&self, wanted: Wanted, on_duty: OnDuty) -> Option<Window> {
        let mut date = self.first_day;
        for _ in 0..DAYS_AHEAD {
            if let Some(window) = self.window_on(date, wanted, on_duty) {
                return Some(window);
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    /// The first window of a date that is not over yet; on a weekend a band not tried comes before one that was.
    fn window_on(&self, date: Date, wanted: Wanted, on_duty: OnDuty) -> Option<Window> {
        let weekend = self.rules.calendar.is_weekend_date(date);
        let is_untried = |band: usize| self.standing.untried.contains(&Cell { weekend, band });
        let offers = |band: usize| match wanted {
            Wanted::Evening => self.rules.calendar.evening() == Some(band),
            Wanted::Weekend => weekend,
            Wanted::Untried => is_untried(band),
            Wanted::Anything => true,
        };
        let bands = self.rules.calendar.bands();
        let mut windows: Vec<(bool, Window)> = (0..bands.len())
            .filter(|band| offers(*band))
            .filter_map(|band| Some((!is_untried(band), self.open_part(date, bands[band], on_duty)?)))
            .collect();
        windows.sort_by_key(|(is_tried, window)| (*is_tried, window.from));
        windows.first().map(|(_, window)| *window)
    }

    /// The first part of a band on a date, inside the hours on duty, that has not ended.
    fn open_part(&self, date: Date, band: Span, on_duty: OnDuty) -> Option<Window> {
        let calendar = &self.rules.calendar;
        let whole = [band];
        let shifts: &[Span] = match on_duty {
            OnDuty::Yes => calendar.shifts(date),
            OnDuty::Any => &whole,
        };
        let parts = shifts.iter().filter_map(|shift| shift.overlap(band));
        let rested = |window: Window| Window { from: window.from.max(self.rested), to: window.to };
        let mut windows = parts.map(|part| rested(calendar.window(date, part)));
        windows.find(|window| window.to > self.now && window.from < window.to)
    }
}

/// What the next visit is to bring: the missing evening, the missing weekend, else a cell not tried. A visit that is not
/// about the effort (a proxy, a claim, the rest of a form, an appointment missed) may fall in any band.
fn wanted(standing: &Standing, next: &Next) -> &'static [Wanted] {
    use Wanted::{Anything, Evening, Untried, Weekend};
    let is_about_effort = matches!(next.action, Action::Visit | Action::VisitThenProxy)
        && standing.state != State::Partial
        && !next.first;
    if !is_about_effort {
        &[Anything]
    } else if standing.unmet.contains(&EffortPart::Evening) {
        &[Evening, Untried, Anything]
    } else if standing.unmet.contains(&EffortPart::Weekend) {
        &[Weekend, Untried, Anything]
    } else {
        &[Untried, Anything]
    }
}

/// Whether a window must lie in the hours on duty.
#[derive(Clone, Copy, Debug)]
enum OnDuty {
    Yes,
    Any,
}

#[cfg(test)]
mod tests;
