//! Invented citizen IDs: area 419999, which is assigned to no place, a right check digit, and no two persons alike.

use super::dice::Dice;
use crate::domain::code::Sex;
use jiff::civil::Date;
use std::collections::HashSet;

/// The area code all invented persons share.
pub const AREA: &str = "419999";

/// The numbers given out so far.
#[derive(Debug, Default)]
pub struct Numbers(HashSet<(Date, i64)>);

impl Numbers {
    /// A number nobody has yet for somebody born on `birth`; the sequence is odd for men and even for women.
    pub fn take(&mut self, dice: &mut Dice, birth: Date, sex: Sex) -> String {
        let odd = match sex {
            Sex::M => 1,
            Sex::F => 0,
        };
        let start = dice.range(0, 499);
        let free = (0..500)
            .map(|step| (start + step) % 500 * 2 + odd)
            .find(|&sequence| self.0.insert((birth, sequence)));
        let sequence = free.unwrap_or(start * 2 + odd);
        let front = format!("{AREA}{:04}{:02}{:02}{sequence:03}", birth.year(), birth.month(), birth.day());
        let check = check_letter(&front);
        front + check
    }
}

/// The 18th character of a number (ISO 7064 MOD 11-2 over its first 17 digits, as GB 11643-1999 asks).
fn check_letter(front: &str) -> &'static str {
    let rest = front.bytes().fold(0, |rest, digit| (rest + u32::from(digit - b'0')) * 2 % 11);
    let letters = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "X"];
    letters[usize::try_from((12 - rest) % 11).unwrap_or(0)]
}

/// The number with one of its last twelve digits mistyped, so that its check digit fails.
pub fn mistyped(dice: &mut Dice, number: &str) -> String {
    let at = 6 + dice.below(11);
    let step = dice.range(1, 9);
    let slip = |(index, letter): (usize, char)| match letter.to_digit(10) {
        Some(digit) if index == at => {
            char::from(b'0' + u8::try_from((i64::from(digit) + step) % 10).unwrap_or(0))
        }
        Some(_) | None => letter,
    };
    number.chars().enumerate().map(slip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_letters_are_those_of_the_standard() {
        for number in [
            "11010519491231002X",
            "34052419800101001X",
            "419999198503074514",
            "419999198503074522",
            "41999919850307002X",
            "419999202001310088",
            "419999199906157773",
            "419999194901011262",
        ] {
            assert_eq!(check_letter(&number[..17]), &number[17..], "{number}");
        }
    }

    #[test]
    fn numbers_are_given_once_and_a_slip_breaks_the_check() {
        let (mut numbers, mut dice, mut seen) =
            (Numbers::default(), Dice::of(1, &["numbers"]), HashSet::new());
        let birth = "1985-03-07".parse().unwrap();
        for _ in 0..500 {
            let number = numbers.take(&mut dice, birth, Sex::F);
            assert!(seen.insert(number.clone()) && number.starts_with("41999919850307"), "{number}");
            assert_eq!(number.as_bytes()[16] % 2, 0);
            let slip = mistyped(&mut dice, &number);
            assert!(
                slip.starts_with(AREA) && slip != number && check_letter(&slip[..17]) != &slip[17..],
                "{slip}"
            );
        }
    }
}
