//! How a case stood at past moments, by either clock.
//!
//! By the event clock a record holds from the time at which it happened, by the received clock from the time at which
//! the server knew it; decisions are the server's own, so both clocks agree on them. Which links held at a past moment
//! is the caller's to say, through `counted_elsewhere`.

use jiff::Timestamp;

use super::case::Standing;
use super::code::closed_set;
use super::evidence::Evidence;
use super::fold::fold;
use super::rules::Rules;

closed_set! {
    /// By which times a past moment is judged.
    Clock("clock") {
        Event = 1, "event", "When it happened", "按发生时间";
        Received = 2, "received", "When it was known", "按收到时间";
    }
}

impl Evidence {
    /// The part of the evidence that held at `moment`, that moment included.
    #[must_use]
    pub fn as_of(&self, clock: Clock, moment: Timestamp) -> Self {
        let holds = |at: Timestamp, received_at: Timestamp| match clock {
            Clock::Event => at <= moment,
            Clock::Received => received_at <= moment,
        };
        Self {
            visits: self.visits.iter().filter(|visit| holds(visit.at, visit.received_at)).cloned().collect(),
            interviews: self
                .interviews
                .iter()
                .filter(|text| holds(text.at, text.received_at))
                .cloned()
                .collect(),
            decisions: self.decisions.iter().filter(|decision| decision.at <= moment).cloned().collect(),
        }
    }

    /// Every moment at which something happened, or became known, in order, each once.
    pub fn moments(&self, clock: Clock) -> Vec<Timestamp> {
        let pick = |at, received_at| match clock {
            Clock::Event => at,
            Clock::Received => received_at,
        };
        let visits = self.visits.iter().map(|visit| pick(visit.at, visit.received_at));
        let interviews = self.interviews.iter().map(|text| pick(text.at, text.received_at));
        let mut moments: Vec<_> =
            visits.chain(interviews).chain(self.decisions.iter().map(|d| d.at)).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

/// The standing after each moment at which something happened, by the event clock; only changes.
pub fn history(evidence: &Evidence, rules: &Rules) -> Vec<(Timestamp, Standing)> {
    history_by(Clock::Event, evidence, rules)
}

/// The same from `since` on. What happened later changes nothing before it.
pub fn history_since(evidence: &Evidence, rules: &Rules, since: Timestamp) -> Vec<(Timestamp, Standing)> {
    let mut moments = evidence.moments(Clock::Event);
    moments.retain(|moment| *moment >= since);
    standings(Clock::Event, evidence, rules, &moments)
}

/// The standing after each moment of a clock, in order; only changes. A moment before the first entry found the case
/// with no evidence at all.
pub fn history_by(clock: Clock, evidence: &Evidence, rules: &Rules) -> Vec<(Timestamp, Standing)> {
    standings(clock, evidence, rules, &evidence.moments(clock))
}

/// The standing at each of the last moments of a clock.
fn standings(
    clock: Clock,
    evidence: &Evidence,
    rules: &Rules,
    moments: &[Timestamp],
) -> Vec<(Timestamp, Standing)> {
    let mut entries: Vec<(Timestamp, Standing)> = Vec::new();
    for (n, moment) in moments.iter().enumerate() {
        // At the last one everything holds.
        let standing = if n + 1 == moments.len() {
            fold(evidence, rules)
        } else {
            fold(&evidence.as_of(clock, *moment), rules)
        };
        if entries.last().is_none_or(|(_, before)| *before != standing) {
            entries.push((*moment, standing));
        }
    }
    entries
}
