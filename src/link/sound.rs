//! How a Han character sounds: toneless pinyin, a coarser sound for regional slips, surname readings.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::ToPinyin;

use super::text::{hash32, latin_letters};

/// Surnames read otherwise than the dictionary's first reading, and a few that no dictionary row covers.
const SURNAME_READINGS: [(&str, &str); 22] = [
    ("单", "shan"),
    ("曾", "zeng"),
    ("仇", "qiu"),
    ("解", "xie"),
    ("覃", "qin"),
    ("尉迟", "yuchi"),
    ("朴", "piao"),
    ("查", "zha"),
    ("任", "ren"),
    ("盖", "ge"),
    ("区", "ou"),
    ("华", "hua"),
    ("宁", "ning"),
    ("万俟", "moqi"),
    ("洗", "xian"),
    ("乐", "yue"),
    ("翟", "zhai"),
    ("缪", "miao"),
    ("员", "yun"),
    ("秘", "bi"),
    ("折", "she"),
    ("长孙", "zhangsun"),
];

static READINGS: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| SURNAME_READINGS.into_iter().collect());

/// Toneless pinyin letters of one character; the character itself where it has none.
pub fn letters_of(c: char) -> String {
    c.to_pinyin().map_or_else(|| c.to_string(), |p| latin_letters(p.plain()))
}

/// Toneless pinyin of a surname, by its reading as a surname.
pub fn surname_letters(surname: &str) -> String {
    READINGS
        .get(surname)
        .map_or_else(|| surname.chars().map(letters_of).collect(), |reading| (*reading).to_owned())
}

/// A coarser sound: zh/z, ch/c, sh/s, n/l and -ng/-n are one.
pub fn near_sound(letters: &str) -> u32 {
    let mut s = letters.replacen("zh", "z", 1);
    if let Some(rest) = s.strip_prefix("ch") {
        s = format!("c{rest}");
    } else if let Some(rest) = s.strip_prefix("sh") {
        s = format!("s{rest}");
    } else if let Some(rest) = s.strip_prefix('l') {
        s = format!("n{rest}");
    }
    if s.ends_with("ng") {
        s.pop();
    }
    hash32(&s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surnames_have_their_own_readings() {
        for (surname, want) in [
            ("单", "shan"),
            ("曾", "zeng"),
            ("尉迟", "yuchi"),
            ("欧阳", "ouyang"),
            ("王", "wang"),
            ("吕", "lu"),
            ("覃", "qin"),
        ] {
            assert_eq!(surname_letters(surname), want, "{surname}");
        }
    }

    #[test]
    fn homophones_and_near_sounds() {
        assert_eq!(letters_of('润'), letters_of('闰'));
        for (a, b) in [("zhang", "zan"), ("shi", "si"), ("lin", "ning"), ("ying", "yin")] {
            assert_eq!(near_sound(a), near_sound(b), "{a} {b}");
        }
        assert_ne!(near_sound("wang"), near_sound("wei"));
    }
}
