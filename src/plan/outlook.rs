//! What the days to come hold for a door: the chance to meet somebody there, and the minutes that will take.
//! Looks at one door and the staffed hours; nothing here chooses between doors.

use super::model::{AtHome, Belief};
use super::slot::{DayKind, Slot};
use super::staff::Ahead;

/// Minutes of walking that a single visit on a later day is taken to cost.
const WALK_LATER_MIN: f64 = 1.5;

/// A door's future without today.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outlook {
    /// Chance that somebody is met, later days counting a little less.
    pub chance: f64,
    /// Expected minutes, weighed alike.
    pub minutes: f64,
    /// Expected knocks, all counting alike.
    pub knocks: f64,
}

/// What an outlook depends on besides the door.
pub struct Future<'a> {
    /// Who is in when.
    pub model: &'a dyn AtHome,
    /// Staffed hours to come.
    pub ahead: &'a Ahead,
    /// Worth of a success a day later.
    pub patience: f64,
    /// Minutes of a knock, and of the talk that follows when somebody opens.
    pub knock_min: f64,
    /// Minutes of an interview beyond the knock.
    pub talk_min: f64,
}

impl Future<'_> {
    /// `visits` more visits on the days after today, one a day, each at the best staffed hour left given that all
    /// before were in vain.
    pub fn of(&self, belief: &Belief, visits: u32) -> Outlook {
        let mut days = self.ahead.kinds;
        let (mut alive, mut worth) = (1.0, 1.0);
        let mut outlook = Outlook::default();
        let mut belief = belief.clone();
        for n in 0..visits {
            let Some(slot) = self.best_hour(&belief, days) else {
                break;
            };
            days[day_no(slot)] -= 1;
            let p = belief.answered[slot.index()];
            worth *= self.patience;
            outlook.chance += alive * worth * p;
            outlook.minutes += alive * worth * (WALK_LATER_MIN + self.knock_min + p * self.talk_min);
            outlook.knocks += alive;
            alive *= 1.0 - p;
            if n + 1 < visits {
                belief = self.model.after_miss(&belief, slot);
            }
        }
        outlook
    }

    fn best_hour(&self, belief: &Belief, days: [u32; 2]) -> Option<Slot> {
        Slot::all()
            .filter(|s| self.ahead.later[s.index()] > 0.0 && days[day_no(*s)] > 0)
            .max_by(|a, b| belief.answered[a.index()].total_cmp(&belief.answered[b.index()]).then(b.cmp(a)))
    }
}

fn day_no(slot: Slot) -> usize {
    match slot.kind() {
        DayKind::Weekday => 0,
        DayKind::Weekend => 1,
    }
}
