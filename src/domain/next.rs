//! The next action at a door: what a sheet shows, from the standing, the rules and the moment of reading.
//!
//! The first situation that holds decides. Who holds the case plays no part here.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::case::Standing;
use super::code::{Informant, Outcome, State, closed_set};
use super::rules::Rules;

closed_set! {
    /// What is to be done next at a door.
    Action("action") {
        None = 1, "none", "Nothing", "无";
        Visit = 2, "visit", "Visit", "再访";
        VisitAt = 3, "visit_at", "Visit at the time agreed", "按约上门";
        VisitThenProxy = 4, "visit_then_proxy", "Visit, then ask a proxy", "再访，不遇则找人代答";
        Proxy = 5, "proxy", "Ask a proxy", "找人代答";
        Confirm = 6, "confirm", "Confirm", "核实";
        Wait = 7, "wait", "Wait for the device", "等待设备上传";
        Supervisor = 8, "supervisor", "Supervisor decides", "由普查指导员处理";
    }
}

/// The next action and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// What to do.
    pub action: Action,
    /// An appointment's beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// An appointment's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// Whether it goes first on the next sheet: an appointment was missed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first: bool,
    /// The enumerator who should go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Arc<str>>,
    /// Enumerators who should not go, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_by: Vec<Arc<str>>,
    /// The local date before which nobody should go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Date>,
    /// Whom to ask besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Informant>,
    /// What may be done instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or: Option<Action>,
}

impl Next {
    /// An action with nothing beside it.
    pub const fn plain(action: Action) -> Self {
        Self {
            action,
            from: None,
            to: None,
            first: false,
            by: None,
            not_by: Vec::new(),
            not_before: None,
            ask: None,
            or: None,
        }
    }
}

/// The next action at `now`.
pub fn next_action(standing: &Standing, rules: &Rules, now: Timestamp) -> Next {
    if !standing.state.is_open() {
        return Next::plain(Action::None);
    }
    if let Some(window) = standing.appointment {
        if standing.is_appointment_missed(rules, now) {
            return Next { first: true, ..Next::plain(Action::Visit) };
        }
        return Next { from: Some(window.from), to: Some(window.to), ..Next::plain(Action::VisitAt) };
    }
    if let Some(since) = standing.interview_missing_since {
        let is_overdue = now > days_later(rules, since, rules.policy.interview.missing_days);
        return Next::plain(if is_overdue { Action::Supervisor } else { Action::Wait });
    }
    let next = by_state(standing, rules);
    wait_for_self_response(next, rules, now)
}

/// The local date before which nobody should go, whenever it is read: one that has passed stays.
pub fn not_before(standing: &Standing, rules: &Rules) -> Option<Date> {
    // At a moment before every survey, each promise still lies ahead.
    next_action(standing, rules, Timestamp::UNIX_EPOCH).not_before
}

fn by_state(standing: &Standing, rules: &Rules) -> Next {
    let has_informants_left = standing.asked_in_vain < rules.policy.proxy.failed_tries;
    match standing.state {
        State::Verify => confirm(standing),
        State::Exhausted => {
            Next { or: has_informants_left.then_some(Action::Proxy), ..Next::plain(Action::Supervisor) }
        }
        State::Partial if standing.is_cap_reached() => Next::plain(Action::Supervisor),
        State::Partial => Next { by: standing.partial_by.clone(), ..Next::plain(Action::Visit) },
        State::Proxy if standing.proxy_now.is_some() => Next::plain(Action::Proxy),
        State::Proxy if has_informants_left => Next::plain(Action::VisitThenProxy),
        State::Refused => convert(standing, rules),
        State::InProgress => go_again(standing, rules),
        State::Proxy | State::New | State::Appointment => Next::plain(Action::Visit),
        State::NotEligible | State::Closed | State::Completed | State::Merged | State::Cancelled => {
            Next::plain(Action::None)
        }
    }
}

/// A vacant dwelling is looked at again from the day after the last claim; anything structural on any day.
fn confirm(standing: &Standing) -> Next {
    let Some(claim) = &standing.claim else {
        return Next::plain(Action::Supervisor);
    };
    if claim.needs_supervisor {
        return Next::plain(Action::Supervisor);
    }
    let next_day = claim.date.checked_add(1.day()).unwrap_or(claim.date);
    Next { not_before: claim.outcome.is_vacant_kind().then_some(next_day), ..Next::plain(Action::Confirm) }
}

/// Tries by others than those who were refused; each enumerator refused after the first was one.
fn convert(standing: &Standing, rules: &Rules) -> Next {
    let tries = standing.refused_by.len().saturating_sub(1);
    if standing.is_cap_reached() || tries >= rules.policy.refusal.conversion_tries as usize {
        return Next::plain(Action::Supervisor);
    }
    after_refusal(standing, rules)
}

fn after_refusal(standing: &Standing, rules: &Rules) -> Next {
    let cooled = |at| {
        let date = rules.calendar.local_date(at);
        date.checked_add(i64::from(rules.policy.refusal.cooling_days).days()).unwrap_or(date)
    };
    Next {
        not_by: standing.refused_by.clone(),
        not_before: standing.last_refusal.map(cooled),
        ..Next::plain(Action::Visit)
    }
}

fn go_again(standing: &Standing, rules: &Rules) -> Next {
    let visit = Next::plain(Action::Visit);
    if standing.refusals.soft > 0 {
        return after_refusal(standing, rules);
    }
    if standing.refusals.break_off > 0 {
        return visit;
    }
    if !standing.language_by.is_empty() {
        return Next { not_by: standing.language_by.clone(), ..visit };
    }
    match standing.last.map(|(_, outcome)| outcome) {
        Some(Outcome::NoEntry) => Next { ask: Some(Informant::Manager), ..visit },
        Some(Outcome::OccupancyUnknown) => Next { ask: Some(Informant::Neighbour), ..visit },
        Some(Outcome::Unsafe | Outcome::NotFound) => Next::plain(Action::Supervisor),
        _ => visit,
    }
}

/// While households may still answer by themselves, nobody goes before the date promised to them.
fn wait_for_self_response(mut next: Next, rules: &Rules, now: Timestamp) -> Next {
    let is_visit = matches!(next.action, Action::Visit | Action::VisitThenProxy | Action::Proxy);
    if let Some(until) = rules.calendar.self_response_until().filter(|_| is_visit)
        && rules.calendar.local_date(now) < until
    {
        next.not_before = next.not_before.max(Some(until));
    }
    next
}

/// The same wall-clock time some days later.
fn days_later(rules: &Rules, at: Timestamp, days: u32) -> Timestamp {
    let later = at.to_zoned(rules.calendar.tz.clone()).checked_add(i64::from(days).days());
    later.map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests;
