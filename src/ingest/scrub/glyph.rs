//! Characters as a reader of long numbers sees them: digits of several scripts, gaps, and what ends a number.

use std::ops::Range;

use super::spans::Source;

/// What one character means inside a long number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glyph {
    /// A digit 0 to 9, or 10 for an X.
    Digit(u8, Script),
    /// A blank, hyphen or slash, as people put between groups of digits.
    Gap,
    /// A point, comma or colon: between groups only where the groups are those of a citizen ID.
    Mark,
    /// Not seen by a reader: zero-width characters and what combines with the digit before.
    Unseen,
    /// Anything else.
    Other,
}

/// Digits of one number belong to one script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// 0–9, their full-width and mathematical forms, and the digits of other positional scripts.
    Digits,
    /// 〇一二三四五六七八九.
    Numerals,
    /// X as the check character.
    X,
}

/// The value of `c` above `first`, a digit that fits a byte.
fn above(c: char, first: char) -> u8 {
    u8::try_from(u32::from(c).saturating_sub(u32::from(first))).unwrap_or(0)
}

impl Glyph {
    #[expect(clippy::match_same_arms, reason = "the common characters come first, for speed")]
    pub(super) fn of(c: char) -> Self {
        let digit = |value| Self::Digit(value, Script::Digits);
        match c {
            '0'..='9' => digit(above(c, '0')),
            'x' | 'X' | 'ｘ' | 'Ｘ' | '×' | 'х' | 'Х' | 'χ' | 'Χ' => Self::Digit(10, Script::X),
            ' ' | '\t' | '\n' | '\r' | '-' | '_' | '/' | '~' | '\\' => Self::Gap,
            '.' | ',' | ':' | ';' | '|' => Self::Mark,
            '\0'..='\u{7f}' => Self::Other,
            '\u{4e00}'..='\u{9fff}' => Self::of_ideograph(c),
            '\u{a0}' | '\u{3000}' | '\u{2000}'..='\u{200a}' | '\u{2010}'..='\u{2015}' | '\u{202f}' => {
                Self::Gap
            }
            '\u{2212}' | '－' | '﹣' | '＿' | '／' | '～' | '\u{1680}' | '\u{205f}' => Self::Gap,
            '·' | '•' | '・' | '．' | '，' | '。' | '、' | '：' | '；' | '｜' => Self::Mark,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => {
                Self::Unseen
            }
            '\u{feff}' | '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}' => {
                Self::Unseen
            }
            '０'..='９' => digit(above(c, '０')),
            '\u{660}'..='\u{669}' => digit(above(c, '\u{660}')),
            '\u{6f0}'..='\u{6f9}' => digit(above(c, '\u{6f0}')),
            '\u{966}'..='\u{96f}' => digit(above(c, '\u{966}')),
            '\u{1d7ce}'..='\u{1d7ff}' => digit(above(c, '\u{1d7ce}') % 10),
            '〇' | '○' => Self::Digit(0, Script::Numerals),
            _ => Self::Other,
        }
    }

    fn of_ideograph(c: char) -> Self {
        let value = match c {
            '零' => 0,
            '一' => 1,
            '二' => 2,
            '三' => 3,
            '四' => 4,
            '五' => 5,
            '六' => 6,
            '七' => 7,
            '八' => 8,
            '九' => 9,
            _ => return Self::Other,
        };
        Self::Digit(value, Script::Numerals)
    }
}

/// The characters of `text` with the bytes each takes there; escapes of a JSON string are undone, broken ones are
/// taken as they stand.
pub(super) fn chars(text: &str, source: Source) -> impl Iterator<Item = (char, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (c, length) = char_at(text, at, source)?;
        let span = at..at + length;
        at = span.end;
        Some((c, span))
    })
}

/// The character at a byte offset and its length in bytes as written.
pub(super) fn char_at(text: &str, at: usize, source: Source) -> Option<(char, usize)> {
    let rest = &text[at..];
    let c = rest.chars().next()?;
    if c != '\\' || source == Source::Plain {
        return Some((c, c.len_utf8()));
    }
    Some(match rest.as_bytes().get(1) {
        Some(b'u') => unit(rest).unwrap_or((c, 1)),
        Some(b'n' | b'r' | b't') => (' ', 2),
        Some(b'/') => ('/', 2),
        Some(b'b' | b'f' | b'"' | b'\\') => ('\u{1}', 2),
        _ => (c, 1),
    })
}

/// The character of `\uXXXX` at the beginning of `rest`, or of a pair of those.
fn unit(rest: &str) -> Option<(char, usize)> {
    let hex = |at: usize| rest.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let first = hex(2)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 6));
    }
    let second = rest.get(6..8).filter(|u| *u == "\\u").and_then(|_| hex(8));
    let pair = second.filter(|s| first < 0xDC00 && (0xDC00..0xE000).contains(s));
    let c = pair.and_then(|s| char::from_u32(0x10000 + ((first - 0xD800) << 10) + (s - 0xDC00)));
    Some(c.map_or(('\u{fffd}', 6), |c| (c, 12)))
}
