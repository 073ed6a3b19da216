//! How a case stood at past moments, by either clock.
//!
//! By the event clock a record holds from the time at which it happened, by the received clock from the time at which
//! the server knew it; decisions are the server's own, so both clocks agree on them. Which links held at a past moment
//! is the caller's to say, through `counted_elsewhere`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::case::Tallied;
use super::code::closed_set;
use super::effort::Effort;
use super::evidence::{Evidence, Visit};
use super::facts::{Facts, Horizon, in_time_order};
use super::fold::{tallied_at, tally};
use super::reading::Reading;
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
        let horizon = match clock {
            Clock::Event => Horizon::HappenedBy(moment),
            Clock::Received => Horizon::KnownBy(moment),
        };
        Self {
            visits: self.visits.iter().filter(|visit| horizon.has_visit(visit)).cloned().collect(),
            interviews: self.interviews.iter().filter(|text| horizon.has_interview(text)).cloned().collect(),
            decisions: self.decisions.iter().filter(|d| horizon.has_decision(d)).cloned().collect(),
        }
    }
}

/// What a case counted as from each moment on at which that changed, by the event clock. A moment before the first entry found
/// the case with no evidence at all.
pub fn history(evidence: &Evidence, rules: &Rules) -> Vec<(Timestamp, Tallied)> {
    history_since(evidence, rules, Timestamp::MIN)
}

/// The same from `since` on. What happened later changes nothing before it.
pub fn history_since(evidence: &Evidence, rules: &Rules, since: Timestamp) -> Vec<(Timestamp, Tallied)> {
    let mut growing = Growing::of(evidence, rules);
    let mut entries: Vec<(Timestamp, Tallied)> = Vec::new();
    for moment in moments(evidence).into_iter().filter(|moment| *moment >= since) {
        let tallied = match &mut growing {
            Some(growing) => growing.tallied_at(moment),
            None => tallied_at(evidence, rules, Horizon::HappenedBy(moment)),
        };
        if entries.last().is_none_or(|(_, before)| *before != tallied) {
            entries.push((moment, tallied));
        }
    }
    entries
}

/// The facts of evidence without decisions, moment by moment. As nothing is taken back, what happens next is added to what is there.
#[derive(Debug)]
struct Growing<'a> {
    evidence: &'a Evidence,
    rules: &'a Rules,
    coming: std::iter::Peekable<std::vec::IntoIter<&'a Visit>>,
    facts: Facts<'a>,
    effort: Effort,
}

impl<'a> Growing<'a> {
    /// Before anything happened; none of evidence that does not only grow.
    fn of(evidence: &'a Evidence, rules: &'a Rules) -> Option<Self> {
        let coming = in_time_order(evidence, Horizon::Everything);
        let is_growing = evidence.decisions.is_empty() && coming.len() == evidence.visits.len();
        is_growing.then(|| Self {
            evidence,
            rules,
            coming: coming.into_iter().peekable(),
            facts: Facts::default(),
            effort: Effort::default(),
        })
    }

    /// What the case counts as at a moment not before the last one asked for.
    fn tallied_at(&mut self, moment: Timestamp) -> Tallied {
        while let Some(visit) = self.coming.next_if(|visit| visit.at <= moment) {
            self.facts.stored += 1;
            self.facts.take_visit(visit, self.rules);
            self.effort.go_on(&self.facts.visits, self.rules);
        }
        let no_decisions = (&[][..], &BTreeSet::new());
        self.facts.take_interviews(self.evidence, no_decisions, Horizon::HappenedBy(moment));
        tally(&self.facts, &self.effort, &Reading::of(&self.facts, &self.effort, self.rules))
    }
}

/// Every moment at which something happened, in order, each once.
pub(super) fn moments(evidence: &Evidence) -> Vec<Timestamp> {
    let visits = evidence.visits.iter().map(|visit| visit.at);
    let interviews = evidence.interviews.iter().map(|text| text.at);
    let mut moments: Vec<_> =
        visits.chain(interviews).chain(evidence.decisions.iter().map(|d| d.at)).collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}
