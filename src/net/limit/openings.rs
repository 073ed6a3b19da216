//! Doors that a device opens: each leaves a line in the audit log, which nothing shortens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Doors of one device in one hour: a hundred times what a person can look at.
const MOST: u32 = 20_000;
/// The hour.
const STRETCH: SignedDuration = SignedDuration::from_hours(1);
/// So many devices are remembered before those whose hour is over are forgotten.
const REMEMBERED: usize = 10_000;

/// How many doors each device has opened in its present hour; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Openings(Arc<Mutex<HashMap<Uuid, Hour>>>);

#[derive(Clone, Copy, Debug)]
struct Hour {
    begun: Timestamp,
    doors: u32,
}

impl Hour {
    /// A clock that was set back begins a new hour too.
    fn is_over(&self, now: Timestamp) -> bool {
        now < self.begun || now.duration_since(self.begun) >= STRETCH
    }
}

impl Openings {
    /// Counts one more door; the seconds to wait where it is one too many.
    pub fn open(&self, device: Uuid, now: Timestamp) -> Result<(), u32> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, hour| !hour.is_over(now));
        }
        let hour = all.entry(device).or_insert(Hour { begun: now, doors: 0 });
        if hour.is_over(now) {
            *hour = Hour { begun: now, doors: 0 };
        }
        if hour.doors >= MOST {
            let left = STRETCH - now.duration_since(hour.begun);
            return Err(u32::try_from(left.as_secs() + 1).unwrap_or(u32::MAX));
        }
        hour.doors += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_opens_so_many_doors_an_hour_and_others_are_not_kept_waiting() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let begun: Timestamp = "2020-11-10T04:00:00Z".parse().unwrap();
        let openings = Openings::default();
        for _ in 0..MOST {
            openings.open(one, begun).unwrap();
        }
        let later = begun + SignedDuration::from_mins(59);
        assert_eq!(openings.open(one, later), Err(61));
        assert_eq!(openings.open(two, later), Ok(()));
        assert_eq!(openings.open(one, begun + STRETCH), Ok(()));
        assert_eq!(openings.open(one, begun), Ok(()), "the clock was set back");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let begun: Timestamp = "2020-11-10T04:00:00Z".parse().unwrap();
        let openings = Openings::default();
        for n in 0..REMEMBERED {
            openings.open(Uuid::from_u128(n as u128), begun).unwrap();
        }
        openings.open(Uuid::max(), begun + STRETCH).unwrap();
        assert_eq!(openings.0.lock().unwrap().len(), 1);
    }
}
