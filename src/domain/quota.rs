//! What one device may send of what could fill the disk for all: pictures a day, pictures that no visit names, refused
//! records. Records are never stopped here; how they are counted says [`BATCH_BYTES`].

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::policy::{Calendar, Limits};

/// What a piece of a picture, or a picture, counts as at least: a block of the disk.
pub const LEAST: i64 = 4 << 10;
/// What a batch counts as beside its text: its rows.
pub const BATCH_BYTES: i64 = 512;
/// Records of one device and day from which on somebody should look: a thousand times what a phone needs.
pub const RECORDS_ALARM: i64 = 64 << 20;
/// Longest time after which a device whose pictures wait for their visits is asked to try again: they may come any moment.
const SOON: SignedDuration = SignedDuration::from_mins(10);

/// One limit of the policy's `[limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quota {
    /// Bytes of pictures a day.
    Pictures,
    /// Bytes of pictures that no visit names yet.
    Unnamed,
    /// Refused records a day of which a copy is kept.
    Refused,
}

impl Quota {
    /// Its key in `[limits]`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Pictures => "picture_mib",
            Self::Unnamed => "unnamed_mib",
            Self::Refused => "refused",
        }
    }

    /// Number in the database.
    pub fn number(self) -> i16 {
        match self {
            Self::Pictures => 1,
            Self::Unnamed => 2,
            Self::Refused => 3,
        }
    }

    /// The limit of that number, if there is one.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Pictures, Self::Unnamed, Self::Refused].into_iter().find(|quota| quota.number() == number)
    }
}

/// What a device has used before the piece that is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Bytes of pictures taken today.
    pub today: i64,
    /// Bytes of pictures that wait for a visit.
    pub unnamed: i64,
}

/// A piece of a picture as the limits see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Bytes of the picture that are here.
    pub stored: i64,
    /// Bytes that the piece would add; 0 for what was sent before.
    pub fresh: i64,
    /// Whether a visit that is here names the picture.
    pub is_named: bool,
}

/// What a piece takes of the day: nothing when it brings nothing new.
pub fn price(fresh: i64) -> i64 {
    if fresh <= 0 { 0 } else { fresh.max(LEAST) }
}

/// What a picture of which so many bytes are here takes of the room for those without a visit.
fn weight(stored: i64) -> i64 {
    price(stored)
}

impl Wanted {
    /// What the piece adds to the pictures that wait for a visit.
    fn growth(self) -> i64 {
        if self.is_named || self.fresh <= 0 {
            return 0;
        }
        weight(self.stored + self.fresh) - weight(self.stored)
    }
}

fn bytes(mib: u32) -> i64 {
    i64::from(mib) << 20
}

impl Limits {
    /// The limit that the piece would exceed. That of the day comes first: no visit lifts it.
    pub fn exceeded(&self, spent: Spent, wanted: Wanted) -> Option<Quota> {
        let price = price(wanted.fresh);
        if price == 0 {
            return None;
        }
        if spent.today + price > bytes(self.picture_mib) {
            return Some(Quota::Pictures);
        }
        let growth = wanted.growth();
        (growth > 0 && spent.unnamed + growth > bytes(self.unnamed_mib)).then_some(Quota::Unnamed)
    }

    /// Bytes without a visit that have to go before the piece has room.
    pub fn in_the_way(&self, spent: Spent, wanted: Wanted) -> i64 {
        (spent.unnamed + wanted.growth() - bytes(self.unnamed_mib)).max(0)
    }

    /// How many of `more` refused records a copy is kept of when so many were kept today.
    pub fn refused_kept(&self, kept: i64, more: usize) -> usize {
        let room = (i64::from(self.refused) - kept).max(0);
        more.min(usize::try_from(room).unwrap_or(usize::MAX))
    }

    /// When a picture that nobody names goes; `since` when it was whole.
    pub fn swept_at(&self, since: Timestamp) -> Timestamp {
        since.saturating_add(self.unnamed_for()).unwrap_or(Timestamp::MAX)
    }

    /// Pictures that have been waiting since before this moment are to go.
    pub fn swept_before(&self, now: Timestamp) -> Timestamp {
        now.saturating_sub(self.unnamed_for()).unwrap_or(Timestamp::MIN)
    }

    fn unnamed_for(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.unnamed_days))
    }
}

/// When the next day of the survey's time zone begins.
pub fn next_day(calendar: &Calendar, now: Timestamp) -> Timestamp {
    let today = calendar.local_date(now);
    calendar.day_start(today.saturating_add(1.day()))
}

/// Seconds after which a device should try again that goes on at `goes_on_at` at the latest; at least one.
pub fn wait_seconds(quota: Quota, goes_on_at: Timestamp, now: Timestamp) -> u32 {
    let all = goes_on_at.duration_since(now);
    let wait = match quota {
        Quota::Pictures | Quota::Refused => all,
        Quota::Unnamed => all.min(SOON),
    };
    let up = i64::from(wait.subsec_nanos() > 0);
    u32::try_from((wait.as_secs() + up).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Policy, Rules};
    use jiff::tz::TimeZone;

    const MIB: i64 = 1 << 20;

    fn limits() -> Limits {
        Limits { picture_mib: 3, unnamed_mib: 2, unnamed_days: 7, refused: 5 }
    }

    fn fresh(bytes: i64) -> Wanted {
        Wanted { stored: 0, fresh: bytes, is_named: false }
    }

    #[test]
    fn the_last_byte_of_a_limit_is_taken_and_the_next_is_not() {
        let named = |bytes| Wanted { is_named: true, ..fresh(bytes) };
        let at = |today, unnamed| Spent { today, unnamed };
        let table = [
            (at(0, 0), named(3 * MIB), None),
            (at(0, 0), named(3 * MIB + 1), Some(Quota::Pictures)),
            (at(3 * MIB - LEAST, 0), named(LEAST), None),
            (at(3 * MIB - LEAST, 0), named(LEAST + 1), Some(Quota::Pictures)),
            (at(3 * MIB - 1, 0), named(1), Some(Quota::Pictures)),
            (at(3 * MIB, 0), named(0), None),
            (at(0, MIB), fresh(MIB), None),
            (at(0, MIB), fresh(MIB + 1), Some(Quota::Unnamed)),
            (at(0, 9 * MIB), named(1), None),
            (at(3 * MIB, 2 * MIB), fresh(1), Some(Quota::Pictures)),
            (at(9 * MIB, 9 * MIB), fresh(0), None),
        ];
        for (spent, wanted, want) in table {
            assert_eq!(limits().exceeded(spent, wanted), want, "{spent:?} {wanted:?}");
        }
    }

    #[test]
    fn small_pieces_count_as_a_block_of_the_disk_and_a_picture_only_once() {
        assert_eq!((price(0), price(1), price(LEAST), price(LEAST + 1)), (0, LEAST, LEAST, LEAST + 1));
        let piece = |stored, fresh| Wanted { stored, fresh, is_named: false }.growth();
        assert_eq!((piece(0, 12), piece(12, 100), piece(12, LEAST)), (LEAST, 0, 12));
        let grown: i64 = (0..10).map(|n| piece(n * 1_000, 1_000)).sum();
        assert_eq!(grown, 10_000, "ten pieces of one picture");
    }

    #[test]
    fn what_has_to_go_first_is_what_is_too_much() {
        let spent = Spent { today: 0, unnamed: 2 * MIB };
        assert_eq!(limits().in_the_way(spent, fresh(MIB)), MIB);
        assert_eq!(limits().in_the_way(Spent::default(), fresh(MIB)), 0);
    }

    #[test]
    fn refused_records_are_kept_up_to_the_limit() {
        let table = [(0, 5, 5), (0, 6, 5), (4, 3, 1), (5, 1, 0), (9, 1, 0), (0, 0, 0)];
        for (kept, more, want) in table {
            assert_eq!(limits().refused_kept(kept, more), want, "{kept} {more}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_of_the_survey_also_when_clocks_change() {
        let calendar = |zone: &str| Rules::new(Policy::default(), TimeZone::get(zone).unwrap()).calendar;
        let table = [
            ("Asia/Shanghai", "2020-11-10T15:59:59Z", "2020-11-10T16:00:00Z"),
            ("Asia/Shanghai", "2020-11-10T16:00:00Z", "2020-11-11T16:00:00Z"),
            // A day of 25 hours.
            ("Europe/Berlin", "2020-10-24T22:00:00Z", "2020-10-25T23:00:00Z"),
            ("America/Sao_Paulo", "2020-11-10T02:59:59Z", "2020-11-10T03:00:00Z"),
        ];
        for (zone, now, want) in table {
            let got = next_day(&calendar(zone), now.parse().unwrap());
            assert_eq!(got, want.parse::<Timestamp>().unwrap(), "{zone} {now}");
        }
    }

    #[test]
    fn who_waits_for_tomorrow_waits_that_long_and_who_waits_for_a_visit_asks_soon() {
        let now: Timestamp = "2020-11-10T04:00:00Z".parse().unwrap();
        let at = |seconds| now + SignedDuration::from_secs(seconds);
        let later = at(43_200) + SignedDuration::from_millis(1);
        assert_eq!(wait_seconds(Quota::Pictures, later, now), 43_201);
        assert_eq!(wait_seconds(Quota::Unnamed, at(86_400), now), 600);
        assert_eq!(wait_seconds(Quota::Unnamed, at(30), now), 30);
        assert_eq!(wait_seconds(Quota::Pictures, at(-5), now), 1);
    }

    #[test]
    fn a_picture_waits_for_its_visit_as_many_days_as_the_policy_says() {
        let now: Timestamp = "2020-11-10T04:00:00Z".parse().unwrap();
        let limits = limits();
        assert_eq!(limits.swept_before(limits.swept_at(now)), now);
        assert_eq!(limits.swept_at(now), "2020-11-17T04:00:00Z".parse::<Timestamp>().unwrap());
    }
}
