//! How far somebody sees: a subtree of areas, and doors beyond it that are lent to the person.

use serde::{Deserialize, Serialize};

use super::code::State;

/// A subtree of areas, as the numbers of its first area and its last: areas are numbered so that what lies below one follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(i32, i32)", into = "(i32, i32)")]
pub struct AreaRange {
    /// Number of the area itself.
    pub lo: i32,
    /// The last number below it; its own where nothing is below.
    pub hi: i32,
}

impl AreaRange {
    /// Every area there can be.
    pub const ALL: Self = Self { lo: i32::MIN, hi: i32::MAX };
    /// No area: from above to below.
    pub const NONE: Self = Self { lo: 1, hi: 0 };

    /// One area, without what is below it.
    pub const fn one(area_no: i32) -> Self {
        Self { lo: area_no, hi: area_no }
    }

    /// Whether the area of that number is among them.
    pub const fn contains(self, area_no: i32) -> bool {
        self.lo <= area_no && area_no <= self.hi
    }

    /// Whether it is more than one area.
    pub const fn has_parts(self) -> bool {
        self.lo < self.hi
    }

    /// The same without what comes before the area of that number.
    #[must_use]
    pub fn starting_at(self, area_no: i32) -> Self {
        Self { lo: self.lo.max(area_no), hi: self.hi }
    }
}

impl From<(i32, i32)> for AreaRange {
    fn from((lo, hi): (i32, i32)) -> Self {
        Self { lo, hi }
    }
}

impl From<AreaRange> for (i32, i32) {
    fn from(range: AreaRange) -> Self {
        (range.lo, range.hi)
    }
}

/// A door of which somebody may know.
pub trait Placed {
    /// Number of its area.
    fn area_no(&self) -> i32;
    /// Who holds it.
    fn holder(&self) -> Option<&str>;
    /// Where its case stands.
    fn state(&self) -> State;
}

/// How far one person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The person's area with all below it.
    pub range: AreaRange,
    /// The person; doors are lent to enumerators alone.
    pub user: String,
}

impl Reach {
    /// Whether the person may see the door: it lies in the area, or is lent to the person and still to be worked at.
    pub fn sees(&self, door: &impl Placed) -> bool {
        self.range.contains(door.area_no()) || (self.has_lent(door) && door.state().is_open())
    }

    /// Whether the person may send something about the door: it lies in the area, or is lent to the person, closed or not.
    /// A door may have been closed while the person was on the way.
    pub fn knows(&self, door: &impl Placed) -> bool {
        self.range.contains(door.area_no()) || self.has_lent(door)
    }

    fn has_lent(&self, door: &impl Placed) -> bool {
        door.holder() == Some(self.user.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Door(i32, Option<&'static str>, State);

    impl Placed for Door {
        fn area_no(&self) -> i32 {
            self.0
        }
        fn holder(&self) -> Option<&str> {
            self.1
        }
        fn state(&self) -> State {
            self.2
        }
    }

    #[test]
    fn a_subtree_holds_its_own_number_and_all_up_to_the_last() {
        let range = AreaRange { lo: 3, hi: 5 };
        let held: Vec<i32> = (0..8).filter(|no| range.contains(*no)).collect();
        assert_eq!(held, [3, 4, 5]);
        assert!(
            !(i32::MIN..10).take(20).any(|no| AreaRange::NONE.contains(no)) && !AreaRange::NONE.contains(1)
        );
        assert_eq!((AreaRange::one(4).has_parts(), range.has_parts()), (false, true));
        assert_eq!((range.starting_at(4), range.starting_at(1)), (AreaRange { lo: 4, hi: 5 }, range));
    }

    #[test]
    fn a_range_is_a_pair_on_the_wire() {
        let text = serde_json::to_string(&AreaRange { lo: 3, hi: 5 }).unwrap();
        assert_eq!(text, "[3,5]");
        assert_eq!(serde_json::from_str::<AreaRange>(&text).unwrap(), AreaRange { lo: 3, hi: 5 });
    }

    #[test]
    fn a_lent_door_is_seen_while_it_is_open_and_known_for_good() {
        let e1 = Reach { range: AreaRange { lo: 3, hi: 5 }, user: "e1".to_owned() };
        let other = Reach { range: e1.range, user: "s1".to_owned() };
        let table = [
            (Door(4, None, State::Completed), true, true, true),
            (Door(9, None, State::New), false, false, false),
            (Door(9, Some("e2"), State::New), false, false, false),
            (Door(9, Some("e1"), State::New), true, true, false),
            (Door(9, Some("e1"), State::Completed), false, true, false),
        ];
        for (door, seen, known, by_other) in table {
            assert_eq!((e1.sees(&door), e1.knows(&door)), (seen, known), "{} {:?}", door.0, door.1);
            assert_eq!((other.sees(&door), other.knows(&door)), (by_other, by_other));
        }
    }
}
