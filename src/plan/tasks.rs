//! From the domain's next action to what may be done at each door today; appointments apart.
//! It asks the domain and never judges a state itself.

use super::input::{DayInput, Door};
use super::knock::Past;
use super::model::Belief;
use super::rates::is_hard;
use super::sheet::StopAction;
use super::slot::wall;
use super::stairwise::Insight;
use super::worth::{Ask, Scales, Task};
use crate::domain::{Action, Next, next_action};
use jiff::Timestamp;

/// An appointment of the planned day.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// Index of the door.
    pub door: usize,
    /// Window, wall-clock minutes.
    pub from: f64,
    /// End of the window.
    pub to: f64,
}

/// What the day holds.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// Doors that may be visited.
    pub tasks: Vec<Task>,
    /// Appointments of the day, by start, then case.
    pub agreed: Vec<Agreed>,
}

/// Goes through all doors of `day`.
pub fn work(day: &DayInput, insight: &Insight, scales: &Scales, beliefs: &dyn Fn(usize) -> Belief) -> Work {
    let mut work = Work::default();
    let now = moment(day);
    for (i, door) in day.doors.iter().enumerate() {
        if !door.standing.state.is_open() {
            continue;
        }
        let next = next_action(&door.standing, day.rules, now);
        match plan_for(door, &next, day, scales) {
            Verdict::Leave => {}
            Verdict::Keep(from, to) => work.agreed.push(Agreed { door: i, from, to }),
            Verdict::Go(ask) => work.tasks.extend(task(i, ask, &next, day, insight, scales, beliefs(i))),
        }
    }
    let key = |a: &Agreed| day.doors[a.door].case_id;
    work.agreed
        .sort_by(|a, b| a.from.total_cmp(&b.from).then(a.to.total_cmp(&b.to)).then(key(a).cmp(&key(b))));
    work
}

/// The moment at which the day's actions are judged: its start, or now if the day has begun.
pub fn moment(day: &DayInput) -> Timestamp {
    day.as_of.max(day.rules.calendar.day_start(day.on))
}

enum Verdict {
    Leave,
    Keep(f64, f64),
    Go(Ask),
}

fn plan_for(door: &Door, next: &Next, day: &DayInput, scales: &Scales) -> Verdict {
    if next.not_before.is_some_and(|d| d > day.on) || is_lent_away(door, day) {
        return Verdict::Leave;
    }
    let go = |action| Verdict::Go(Ask { action, conversion: !next.not_by.is_empty() });
    match next.action {
        Action::Supervisor if next.or == Some(Action::Proxy) && may_ask(door) => go(StopAction::Proxy),
        Action::None | Action::Wait | Action::Supervisor => Verdict::Leave,
        Action::VisitAt => keep(next, day),
        Action::VisitThenProxy if wants_proxy(door, scales) => go(StopAction::VisitThenProxy),
        Action::Visit | Action::VisitThenProxy => go(StopAction::Visit),
        Action::Proxy => go(StopAction::Proxy),
        Action::Confirm => go(StopAction::Confirm),
    }
}

/// A neighbour may answer inside the rule: the effort is met, or an outcome allows it at once.
fn may_ask(door: &Door) -> bool {
    door.standing.unmet.is_empty() || door.standing.proxy_now.is_some()
}

fn keep(next: &Next, day: &DayInput) -> Verdict {
    let (Some(from), Some(to)) = (next.from, next.to) else {
        return Verdict::Leave;
    };
    let ((on, from), (last, to)) = (wall(from, &day.rules.calendar), wall(to, &day.rules.calendar));
    if on != day.on {
        return Verdict::Leave;
    }
    Verdict::Keep(from, if last > on { 1440.0 } else { to })
}

/// Lent to somebody who is not among today's enumerators: nobody can be sent.
fn is_lent_away(door: &Door, day: &DayInput) -> bool {
    door.lease
        .as_ref()
        .is_some_and(|l| l.until > moment(day) && !day.enumerators.iter().any(|e| e.user == l.user))
}

fn task(
    door: usize,
    ask: Ask,
    next: &Next,
    day: &DayInput,
    insight: &Insight,
    scales: &Scales,
    belief: Belief,
) -> Option<Task> {
    let (d, past) = (&day.doors[door], &insight.history.doors[door]);
    let not_before = gap(d, day)?;
    let belief = today(belief, past, day, scales);
    let priced = scales.price(&d.standing, &belief, ask);
    let number = |user: &str| day.enumerators.iter().position(|e| &*e.user == user);
    let by = next.by.as_deref().and_then(number);
    let lent = d.lease.as_ref().filter(|l| l.until > moment(day)).and_then(|l| number(&l.user));
    Some(Task {
        door,
        action: ask.action,
        asks: priced.asks,
        answered: belief.answered,
        done: priced.done,
        value: priced.value,
        minutes: priced.minutes,
        not_by: next.not_by.iter().filter_map(|u| number(u)).collect(),
        only: lent.or(by),
        known: d.assigned.as_deref().and_then(number),
        not_before,
        first: next.first,
        hard: is_hard(past),
    })
}

/// Which doors are to be asked a neighbour about today, by the attempts made and by the days left.
fn wants_proxy(door: &Door, scales: &Scales) -> bool {
    let from = scales.rules.policy.proxy.prefer_from_attempts;
    scales.ahead().days < scales.tuning.proxy_days || door.standing.counted.attempts + 1 >= from
}

/// A door missed earlier today is likely still missed.
fn today(mut belief: Belief, past: &Past, day: &DayInput, scales: &Scales) -> Belief {
    if past.knocks.last().is_some_and(|k| k.date == day.on) {
        for p in &mut belief.answered {
            *p *= scales.tuning.same_day;
        }
    }
    belief
}

/// The first minute at which a door may be visited (again) today; `None`: not today.
fn gap(door: &Door, day: &DayInput) -> Option<f64> {
    let mut visits = 0;
    let mut last = 0.0f64;
    for v in &door.visits {
        let (date, minute) = wall(v.at, &day.rules.calendar);
        if date == day.on {
            visits += 1;
            last = last.max(minute + f64::from(day.rules.policy.plan.min_gap_minutes));
        }
    }
    (visits < day.rules.policy.plan.max_per_day).then_some(last)
}
