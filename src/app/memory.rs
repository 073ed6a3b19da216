//! What the pages remember for a short while: figures that are dear to make and looked at by several people, and
//! set-ups that were tried and may be applied. Nothing here is the only copy of anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::{AreaRange, CaseId};
use crate::setup::{Reading, Setup};
use crate::store::SurveyKey;

/// How long figures are kept.
const FIGURES_FOR: SignedDuration = SignedDuration::from_secs(30);
/// How long a forecast is kept: it is computed for seconds and speaks of days.
const OUTLOOK_FOR: SignedDuration = SignedDuration::from_mins(5);
/// How long a set-up waits for answers, or to be applied once it was tried.
const SETUP_FOR: SignedDuration = SignedDuration::from_mins(60);
/// Most set-ups that wait at once.
const MOST_SETUPS: usize = 4;
/// Most entries of figures.
const MOST_FIGURES: usize = 500;

/// What figures are kept by: survey and range of areas.
pub type Place = (SurveyKey, AreaRange);

/// How much waits for a supervisor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Return visits due today.
    pub due: i64,
    /// Those of them with an appointment.
    pub by_appointment: i64,
    /// There are more than were looked at.
    pub is_more: bool,
    /// Suspected duplicates that wait for a decision.
    pub review: i64,
    /// Records held.
    pub held: i64,
    /// Devices silent for too long.
    pub silent: i64,
    /// Open doors that they may have worked at.
    pub silent_doors: i64,
    /// Somebody silent goes by an area instead of by doors lent: no bound can be given.
    pub is_unbounded: bool,
    /// Devices enrolled and not cut off.
    pub enrolled: i64,
    /// Those heard since the evening's start.
    pub heard: i64,
}

/// Doors completed by the end of each field day, and the day before which the counting began.
pub type Days = Arc<Vec<(jiff::civil::Date, i64, i64)>>;

/// What the planner expects of an area, with the addresses of the doors it names.
pub struct Forecast {
    /// When it was made.
    pub made_at: Timestamp,
    /// What it says.
    pub pace: crate::plan::Pace,
    /// Addresses by case.
    pub addresses: HashMap<CaseId, String>,
}

struct Kept<T> {
    at: Timestamp,
    value: T,
}

#[derive(Default)]
struct Shelf {
    waiting: HashMap<Place, Kept<Waiting>>,
    days: HashMap<Place, Kept<Days>>,
    outlooks: HashMap<Place, Kept<Arc<Forecast>>>,
    setups: Drawer<Arc<Setup>>,
    readings: Drawer<Arc<Reading>>,
}

/// What waits for the person who put it there, by number.
struct Drawer<T>(HashMap<Uuid, Kept<(String, T)>>);

impl<T> Default for Drawer<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Drawer<T> {
    /// Keeps a thing of `user` under a new number; the oldest makes room.
    fn keep(&mut self, user: &str, thing: T, now: Timestamp) -> Uuid {
        let id = Uuid::new_v4();
        self.0.retain(|_, kept| now.duration_since(kept.at) < SETUP_FOR);
        while self.0.len() >= MOST_SETUPS {
            let oldest = self.0.iter().min_by_key(|(_, kept)| kept.at).map(|(id, _)| *id);
            let Some(oldest) = oldest else { break };
            self.0.remove(&oldest);
        }
        self.0.insert(id, Kept { at: now, value: (user.to_owned(), thing) });
        id
    }

    /// Takes a thing out that the same `user` put there.
    fn take(&mut self, user: &str, id: Uuid, now: Timestamp) -> Option<T> {
        let is_own = self.0.get(&id).is_some_and(|kept| kept.value.0 == user);
        let kept = is_own.then(|| self.0.remove(&id)).flatten()?;
        (now.duration_since(kept.at) < SETUP_FOR).then_some(kept.value.1)
    }
}

/// The memory of the pages; clones share it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Shelf>>);

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What waits in a place, if it was counted a moment ago.
    pub fn waiting(&self, place: Place, now: Timestamp) -> Option<Waiting> {
        self.with(|s| fresh(&s.waiting, &place, now))
    }

    /// Keeps what waits in a place.
    pub fn keep_waiting(&self, place: Place, now: Timestamp, value: Waiting) {
        self.with(|s| keep(&mut s.waiting, place, now, value));
    }

    /// The field days of a place, if they were counted a moment ago.
    pub fn days(&self, place: Place, now: Timestamp) -> Option<Days> {
        self.with(|s| fresh(&s.days, &place, now))
    }

    /// Keeps the field days of a place.
    pub fn keep_days(&self, place: Place, now: Timestamp, value: Days) {
        self.with(|s| keep(&mut s.days, place, now, value));
    }

    /// The forecast of a place, if it is not too old.
    pub fn outlook(&self, place: Place, now: Timestamp) -> Option<Arc<Forecast>> {
        self.with(|s| fresh_for(&s.outlooks, &place, now, OUTLOOK_FOR))
    }

    /// Keeps the forecast of a place.
    pub fn keep_outlook(&self, place: Place, now: Timestamp, value: Arc<Forecast>) {
        self.with(|s| keep(&mut s.outlooks, place, now, value));
    }

    /// Forgets the figures: somebody has just changed something.
    pub fn forget(&self) {
        self.with(|s| {
            s.waiting.clear();
            s.days.clear();
        });
    }

    /// Keeps a set-up that `user` tried, under a new number.
    pub fn keep_setup(&self, user: &str, setup: Arc<Setup>, now: Timestamp) -> Uuid {
        self.with(|s| s.setups.keep(user, setup, now))
    }

    /// Takes a set-up out that the same `user` tried.
    pub fn take_setup(&self, user: &str, id: Uuid, now: Timestamp) -> Option<Arc<Setup>> {
        self.with(|s| s.setups.take(user, id, now))
    }

    /// Keeps a set-up of which something is asked, under a new number.
    pub fn keep_reading(&self, user: &str, reading: Arc<Reading>, now: Timestamp) -> Uuid {
        self.with(|s| s.readings.keep(user, reading, now))
    }

    /// Takes a set-up out that the same `user` sent and was asked about.
    pub fn take_reading(&self, user: &str, id: Uuid, now: Timestamp) -> Option<Arc<Reading>> {
        self.with(|s| s.readings.take(user, id, now))
    }
}

fn fresh<T: Clone>(map: &HashMap<Place, Kept<T>>, place: &Place, now: Timestamp) -> Option<T> {
    fresh_for(map, place, now, FIGURES_FOR)
}

fn fresh_for<T: Clone>(
    map: &HashMap<Place, Kept<T>>,
    place: &Place,
    now: Timestamp,
    age_limit: SignedDuration,
) -> Option<T> {
    let kept = map.get(place)?;
    let age = now.duration_since(kept.at);
    (SignedDuration::ZERO <= age && age < age_limit).then(|| kept.value.clone())
}

fn keep<T>(map: &mut HashMap<Place, Kept<T>>, place: Place, now: Timestamp, value: T) {
    if map.len() >= MOST_FIGURES {
        map.clear();
    }
    map.insert(place, Kept { at: now, value });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_grow_old_and_a_decision_forgets_them() {
        let memory = Memory::default();
        let place = (SurveyKey { district: 410_181, no: 1 }, AreaRange { lo: 1, hi: 9 });
        let now: Timestamp = "2020-11-05T12:00:00Z".parse().unwrap();
        memory.keep_waiting(place, now, Waiting { due: 3, ..Waiting::default() });
        assert_eq!(memory.waiting(place, now).map(|w| w.due), Some(3));
        assert_eq!(memory.waiting(place, now + FIGURES_FOR), None);
        assert_eq!(memory.waiting((place.0, AreaRange { lo: 1, hi: 8 }), now), None);
        memory.forget();
        assert_eq!(memory.waiting(place, now), None);
    }
}
