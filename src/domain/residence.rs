//! Where a person is, where registered, and whether the person counts in the resident population (常住人口).
//!
//! Codes are those of the form: D7 where the person stayed (1–6), D8 where registered (1–5), D9 how long away from the
//! place of registration (1–9). Both questions are asked from the recording door, so that the two records of one person
//! give one count.

use super::code::ResidenceStatus;

/// Whether a person spent the reference night at the recording door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stay {
    /// Yes.
    Here,
    /// No.
    Away,
}

impl From<bool> for Stay {
    /// From the record's `stayed_here`.
    fn from(stayed_here: bool) -> Self {
        if stayed_here { Self::Here } else { Self::Away }
    }
}

/// The residence status; none where the codes give none (away, and registered elsewhere too: not of this door).
pub const fn residence_status(stay: Stay, d8: u8) -> Option<ResidenceStatus> {
    match (stay, d8) {
        (Stay::Here, 1) => Some(ResidenceStatus::HereRegistered),
        (Stay::Here, 2..=4) => Some(ResidenceStatus::HereElsewhere),
        (Stay::Here, 5) => Some(ResidenceStatus::HerePending),
        (Stay::Away, 1) => Some(ResidenceStatus::AbsentRegistered),
        (Stay::Here | Stay::Away, _) => None,
    }
}

/// Whether the person is of the resident population; none where the answers do not tell.
///
/// Here: registered in the township or undetermined, or away from the place of registration for half a year or more.
/// Away: in another township for less than half a year, or abroad. Definition: seventh national census, communiqué 1.
pub const fn is_resident(stay: Stay, d7: Option<u8>, d8: Option<u8>, d9: Option<u8>) -> Option<bool> {
    match stay {
        Stay::Here => match (d8, d9) {
            (Some(1 | 2 | 5), _) => Some(true),
            (Some(3 | 4), Some(away)) => Some(away >= 3),
            (_, _) => None,
        },
        Stay::Away => match (d7, d9) {
            (Some(6), _) => Some(true),
            (Some(1..=3), _) => Some(false),
            (Some(4 | 5), Some(away)) => Some(away == 2),
            (_, _) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_statuses() {
        let of = |stay, d8| residence_status(stay, d8).map(ResidenceStatus::slug);
        assert_eq!(of(Stay::Here, 1), Some("here_registered"));
        for d8 in 2..=4 {
            assert_eq!(of(Stay::Here, d8), Some("here_elsewhere"));
        }
        assert_eq!(of(Stay::Away, 1), Some("absent_registered"));
        assert_eq!(of(Stay::Here, 5), Some("here_pending"));
        assert_eq!(of(Stay::Away, 4), None);
        assert_eq!(of(Stay::Here, 6), None);
    }

    #[test]
    fn the_resident_population_row_by_row() {
        let table = [
            (Stay::Here, 1, 1, Some(1), true),
            (Stay::Here, 1, 4, Some(5), true),
            (Stay::Here, 1, 4, Some(2), false),
            (Stay::Here, 1, 5, None, true),
            (Stay::Here, 1, 2, Some(1), true),
            (Stay::Here, 1, 3, Some(3), true),
            (Stay::Away, 5, 1, Some(2), true),
            (Stay::Away, 5, 1, Some(4), false),
            (Stay::Away, 6, 1, Some(4), true),
            (Stay::Away, 3, 1, Some(1), false),
        ];
        for (stay, d7, d8, d9, expected) in table {
            assert_eq!(
                is_resident(stay, Some(d7), Some(d8), d9),
                Some(expected),
                "{stay:?} {d7} {d8} {d9:?}"
            );
        }
    }

    #[test]
    fn what_was_not_asked_is_not_guessed() {
        assert_eq!(is_resident(Stay::Here, Some(1), None, Some(1)), None);
        assert_eq!(is_resident(Stay::Here, Some(1), Some(4), None), None);
        assert_eq!(is_resident(Stay::Away, None, Some(1), Some(2)), None);
        assert_eq!(is_resident(Stay::Away, Some(4), Some(1), None), None);
    }

    /// Somebody away for a while is resident at one of the two doors that record the person, never at both.
    #[test]
    fn two_records_of_one_person_give_one_count() {
        for d9 in 2..=9 {
            let home = is_resident(Stay::Away, Some(5), Some(1), Some(d9)).unwrap();
            let lodging = is_resident(Stay::Here, Some(1), Some(4), Some(d9)).unwrap();
            assert_ne!(home, lodging, "D9 = {d9}");
        }
    }
}
