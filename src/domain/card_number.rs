//! The number printed on a card: seven digits, the last a check digit (ISO/IEC 7064, MOD 11,10), so that a mistyped number is
//! known as one. A number opens nothing.

use std::fmt;
use std::str::FromStr;

/// The number of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CardNumber(u32);

/// A text that is no number of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no number of a card")]
pub struct NoCardNumber;

impl CardNumber {
    /// How many numbers there are.
    pub const COUNT: u32 = 1_000_000;

    /// The number with these six digits before its check digit; larger values wrap.
    pub fn of(six: u32) -> Self {
        let six = six % Self::COUNT;
        Self(six * 10 + check_digit(six))
    }
}

/// The check digit of six digits: pure MOD 11,10, from the first digit to the last.
fn check_digit(six: u32) -> u32 {
    let digits = (0..6).rev().map(|place| six / 10_u32.pow(place) % 10);
    let product = digits.fold(10, |product, digit| match (product + digit) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10
}

impl FromStr for CardNumber {
    type Err = NoCardNumber;

    fn from_str(text: &str) -> Result<Self, NoCardNumber> {
        let is_number = text.len() == 7 && text.bytes().all(|b| b.is_ascii_digit());
        let number: u32 = text.parse().ok().filter(|_| is_number).ok_or(NoCardNumber)?;
        let card = Self::of(number / 10);
        if card.0 == number { Ok(card) } else { Err(NoCardNumber) }
    }
}

impl fmt::Display for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:07}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_has_its_check_digit() {
        // ISO/IEC 7064: 0794 with the check digit 5; zeros in front change the digit.
        let product = [0, 7, 9, 4].iter().fold(10_u32, |p, d| match (p + d) % 10 {
            0 => 20 % 11,
            sum => sum * 2 % 11,
        });
        assert_eq!((11 - product) % 10, 5);
    }

    #[test]
    fn a_number_comes_back_and_one_wrong_digit_or_a_swap_is_noticed() {
        for six in [0, 1, 42, 123_456, 999_999, 100_000, 555_555] {
            let text = CardNumber::of(six).to_string();
            assert_eq!(text.len(), 7);
            assert_eq!(text.parse(), Ok(CardNumber::of(six)));
            let digits = text.as_bytes();
            for place in 0..7 {
                for other in b'0'..=b'9' {
                    let mut wrong = digits.to_vec();
                    wrong[place] = other;
                    let is_same = wrong == digits;
                    let wrong = String::from_utf8(wrong).unwrap();
                    assert_eq!(wrong.parse::<CardNumber>().is_ok(), is_same, "{wrong}");
                }
            }
        }
        for text in ["", "123456", "12345678", "１２３４５６７", "abcdefg", "-123456", "+123456"] {
            assert_eq!(text.parse::<CardNumber>(), Err(NoCardNumber), "{text}");
        }
    }
}
