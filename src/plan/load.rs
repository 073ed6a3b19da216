//! Whether staff has time to spare: the minutes the open doors still need against the minutes that are staffed.
//! Sums only; it chooses no doors and knows no prices.

use super::input::DayInput;
use super::model::Belief;
use super::outlook::Future;
use super::stairwise::Insight;

/// The field days left, the planned one included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Staffed minutes.
    pub staffed: f64,
    /// Minutes it takes to visit every open door until somebody is met or the cap is reached, at its best hours.
    pub needed: f64,
}

impl Load {
    /// Adds up what is left from `day` on; `door` gives the belief about a door and the chance that it is still open.
    pub fn new(day: &DayInput, insight: &Insight, door: &dyn Fn(usize) -> (Belief, f64)) -> Self {
        let ahead = insight.ahead.with_today(day);
        let future = Future {
            model: &*insight.model,
            ahead: &ahead,
            patience: 1.0,
            knock_min: insight.learnt.knock_min,
            talk_min: insight.learnt.success * (insight.learnt.interview_min - insight.learnt.knock_min),
        };
        let open = day.doors.iter().enumerate().filter(|(_, d)| d.standing.state.is_open());
        let minutes = |(i, d): (usize, &super::input::Door)| {
            let visits = d.standing.cap.saturating_sub(d.standing.counted.attempts).max(1);
            let (belief, alive) = door(i);
            alive * future.of(&belief, visits).minutes
        };
        Self { staffed: ahead.later.iter().sum(), needed: open.map(minutes).sum() }
    }

    /// Share of the staffed minutes that nobody needs; 0 where staff is short.
    pub fn slack(self) -> f64 {
        if self.staffed > 0.0 { (1.0 - self.needed / self.staffed).max(0.0) } else { 0.0 }
    }
}
