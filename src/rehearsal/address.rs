//! One door's address the way different people write it.

use super::dice::Dice;
use crate::setup::DwellingRow;

/// Digits in Chinese.
const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// The address of `door` in `estate` as one of several people may write it.
pub fn written(dice: &mut Dice, door: &DwellingRow, estate: &str) -> String {
    let (building, unit, room) = (&*door.building, &*door.unit, &*door.room);
    let estate = if dice.chance(0.4) { estate } else { "" };
    match dice.range(0, 9) {
        0..=3 => format!("{estate}{}{}{room}", numbered(building, "号楼"), numbered(unit, "单元")),
        4 => format!("{estate}{}{}{room}室", numbered(building, "号楼"), numbered(unit, "单元")),
        5 => format!("{estate}{}{}{room}", numbered(building, "栋"), numbered(unit, "单元")),
        6 => format!(
            "{estate}{}{}{room}室",
            numbered(&in_words(building), "号楼"),
            numbered(&in_words(unit), "单元")
        ),
        7 => format!("{estate}{}", dashed(&[&format!("{building}#"), unit, room])),
        _ => format!("{estate}{}", dashed(&[building, unit, room])),
    }
}

/// `part` with its counting word; nothing for an empty part, a name stays as it is.
fn numbered(part: &str, word: &str) -> String {
    let counts = part.chars().next_back().is_some_and(|c| c.is_ascii_digit() || in_digits(c));
    if counts { format!("{part}{word}") } else { part.to_owned() }
}

fn in_digits(c: char) -> bool {
    c == '十' || DIGITS.iter().any(|digit| digit.contains(c))
}

/// The parts that are not empty, joined with hyphens.
fn dashed(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("-")
}

/// A number below 100 in Chinese; anything else as it is.
fn in_words(number: &str) -> String {
    let Some(value) = number.parse::<usize>().ok().filter(|&value| (1..100).contains(&value)) else {
        return number.to_owned();
    };
    let (tens, ones) = (value / 10, value % 10);
    let front = match tens {
        0 => String::new(),
        1 => "十".to_owned(),
        _ => format!("{}十", DIGITS[tens]),
    };
    if ones == 0 { front } else { front + DIGITS[ones] }
}

#[cfg(test)]
mod tests {
    use super::{dashed, in_words, numbered};

    #[test]
    fn numbers_are_written_in_words() {
        for (number, words) in [
            ("6", "六"),
            ("10", "十"),
            ("12", "十二"),
            ("20", "二十"),
            ("46", "四十六"),
            ("A座", "A座"),
            ("0", "0"),
        ] {
            assert_eq!(in_words(number), words);
        }
        assert_eq!(numbered("6", "号楼") + &numbered("", "单元"), "6号楼");
        assert_eq!(numbered("商务楼", "号楼"), "商务楼");
        assert_eq!(dashed(&["6#", "", "301"]), "6#-301");
    }
}
