//! What the facts say, line by line of the law: the claim, the refusals, the appointment, the proxy, and the state.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::case::{Claim, ConfirmedBy, Refusals};
use super::code::{Channel, EffortPart, Informant, Outcome, State};
use super::effort::{Effort, unmet};
use super::evidence::Window;
use super::facts::{Facts, Seen};
use super::rules::Rules;

/// What the facts say.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub unmet: Vec<EffortPart>,
    pub cap: u32,
    pub claim: Option<Claim>,
    pub has_contact: bool,
    pub is_partial: bool,
    pub partial_by: Option<&'a Arc<str>>,
    pub refusals: Refusals,
    pub is_refused: bool,
    pub refused_by: Vec<Arc<str>>,
    pub last_refusal: Option<Timestamp>,
    pub appointment: Option<Window>,
    pub attempts: u32,
    pub proxy_now: Option<Outcome>,
    pub asked_in_vain: u32,
    pub language_by: Vec<Arc<str>>,
}

impl<'a> Reading<'a> {
    /// Reads the facts.
    pub fn of(facts: &Facts<'a>, effort: &Effort, rules: &Rules) -> Self {
        let closing = &rules.policy.closing;
        let since = facts.rulings.reopened_at;
        let fresh = || facts.visits.iter().filter(move |seen| Some(seen.visit.at) > since);
        let refusing = || fresh().filter(|seen| is_refusal(seen.visit.outcome));
        let has_contact = fresh().any(|seen| seen.visit.outcome.is_contact())
            || facts.interviews.iter().any(|taken| Some(facts.event_of(taken).0) > since);
        let refusals = refusals(refusing());
        let put_off = refusals.soft + refusals.break_off;
        let outcomes = || facts.visits.iter().rev().map(|seen| seen.visit.outcome);
        let partial = last_partial(facts);
        Self {
            unmet: unmet(effort.counted, rules),
            cap: closing.max_attempts + closing.reopen_extra_attempts * facts.rulings.reopenings,
            claim: claim(facts, has_contact, rules),
            has_contact,
            is_partial: partial.is_some() || facts.interviews.iter().any(|taken| !taken.is_complete),
            partial_by: partial.map(|seen| &seen.visit.enumerator),
            refusals,
            is_refused: refusals.hard > 0 || put_off >= rules.policy.refusal.soft_to_refused,
            refused_by: enumerators(refusing()),
            last_refusal: refusing().next_back().map(|seen| seen.visit.at),
            appointment: open_appointment(&facts.visits, rules),
            attempts: effort.counted.attempts,
            proxy_now: outcomes().find(|outcome| rules.allows_proxy_now(*outcome)),
            asked_in_vain: asked_in_vain(&facts.visits),
            language_by: enumerators(
                facts.visits.iter().filter(|seen| seen.visit.outcome == Outcome::Language),
            ),
        }
    }

    /// The state: the first line that holds decides.
    pub fn state(&self, facts: &Facts) -> State {
        let rulings = &facts.rulings;
        if rulings.merged_into.is_some() {
            State::Merged
        } else if rulings.cancelled_at.is_some() {
            State::Cancelled
        } else if facts.interviews.iter().any(|taken| taken.is_complete) {
            State::Completed
        } else if rulings.closing.is_some() {
            State::Closed
        } else if let Some(claim) = &self.claim {
            if claim.confirmed_by.is_some() { State::NotEligible } else { State::Verify }
        } else if self.is_partial {
            State::Partial
        } else if self.is_refused {
            State::Refused
        } else if self.appointment.is_some() {
            State::Appointment
        } else if self.attempts >= self.cap {
            State::Exhausted
        } else if self.unmet.is_empty() || self.proxy_now.is_some() {
            State::Proxy
        } else if facts.visits.is_empty() {
            State::New
        } else {
            State::InProgress
        }
    }
}

/// The claim that nobody is to be registered, from visits after the last reopening and the last denial.
///
/// With contact since the reopening only a supervisor confirms. Otherwise vacant kinds are confirmed by visits in
/// person on several days or by an informant, structural ones by a photo or an informant, the rest by a supervisor.
fn claim(facts: &Facts, has_contact: bool, rules: &Rules) -> Option<Claim> {
    let since = facts.rulings.reopened_at.max(facts.rulings.denied_until);
    let stands = |seen: &&Seen| seen.visit.outcome.is_not_eligible() && Some(seen.visit.at) > since;
    let claims = || facts.visits.iter().filter(stands);
    let last = claims().next_back()?;
    let confirmed_by = if facts.rulings.is_confirmed {
        Some(ConfirmedBy::Supervisor)
    } else if has_contact {
        None
    } else {
        confirmation(claims(), rules)
    };
    Some(Claim {
        outcome: last.visit.outcome,
        at: last.visit.at,
        date: last.local.date,
        informant: last.informant,
        confirmed_by,
        needs_supervisor: has_contact || claims().any(|seen| seen.visit.outcome.is_supervisor_kind()),
    })
}

fn confirmation<'a>(claims: impl Iterator<Item = &'a Seen<'a>>, rules: &Rules) -> Option<ConfirmedBy> {
    let (mut days, mut last_day, mut has_informant, mut has_photo) = (0, None, false, false);
    for seen in claims {
        let outcome = seen.visit.outcome;
        let may_be_told = outcome.is_vacant_kind() || outcome.is_structural_kind();
        has_informant |= may_be_told && rules.confirms(seen.informant);
        has_photo |= outcome.is_structural_kind() && seen.has_photo;
        if outcome.is_vacant_kind() && seen.visit.channel == Channel::InPerson {
            days += u32::from(last_day != Some(seen.local.date));
            last_day = Some(seen.local.date);
        }
    }
    if has_informant {
        Some(ConfirmedBy::Informant)
    } else if has_photo {
        Some(ConfirmedBy::Photo)
    } else if days > 0 && days >= rules.policy.vacant.confirm_days {
        Some(ConfirmedBy::Days)
    } else {
        None
    }
}

/// The last visit that brought a part of the form.
fn last_partial<'a, 'b>(facts: &'b Facts<'a>) -> Option<&'b Seen<'a>> {
    let partial = facts.interviews.iter().filter(|taken| !taken.is_complete);
    let visits = partial.filter_map(|taken| taken.visit).map(|n| &facts.visits[n]);
    let said_so = facts.visits.iter().filter(|seen| seen.visit.outcome == Outcome::InterviewPartial);
    visits.chain(said_so).max_by_key(|seen| (seen.visit.at, seen.visit.id))
}

const fn is_refusal(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::RefusalHard | Outcome::RefusalSoft | Outcome::BreakOff)
}

fn refusals<'a>(visits: impl Iterator<Item = &'a Seen<'a>>) -> Refusals {
    let mut count = Refusals::default();
    for seen in visits {
        count.hard += u32::from(seen.visit.outcome == Outcome::RefusalHard);
        count.soft += u32::from(seen.visit.outcome == Outcome::RefusalSoft);
        count.break_off += u32::from(seen.visit.outcome == Outcome::BreakOff);
    }
    count
}

/// The latest appointment, unless a later visit in person used it up: one from shortly before its start on, whatever
/// came of it.
fn open_appointment(visits: &[Seen], rules: &Rules) -> Option<Window> {
    let early = SignedDuration::from_mins(i64::from(rules.policy.appointment.early_minutes));
    let made = visits.iter().rposition(|seen| seen.appointment.is_some())?;
    let window = visits[made].appointment?;
    let uses_up = |seen: &Seen| {
        seen.visit.channel == Channel::InPerson && window.from.duration_since(seen.visit.at) <= early
    };
    (!visits[made + 1..].iter().any(uses_up)).then_some(window)
}

/// How often an informant was asked and could not say.
fn asked_in_vain(visits: &[Seen]) -> u32 {
    let in_vain = |seen: &&Seen| {
        let could_not_say = matches!(
            seen.visit.outcome,
            Outcome::NoAnswer | Outcome::RespondentAway | Outcome::OccupancyUnknown | Outcome::ScreenFailed
        );
        could_not_say && seen.informant != Informant::None
    };
    u32::try_from(visits.iter().filter(in_vain).count()).unwrap_or(u32::MAX)
}

fn enumerators<'a>(visits: impl Iterator<Item = &'a Seen<'a>>) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = visits.map(|seen| seen.visit.enumerator.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
