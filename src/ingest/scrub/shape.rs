//! Which digits, in which grouping, have the shape of a citizen ID. Only the shape: a number with a wrong check digit
//! still points at a person.

/// Digits of the old form, the shortest that is looked for.
pub(super) const SHORTEST: usize = 15;
/// Characters of the present form.
pub(super) const LONGEST: usize = 18;

/// How one digit is separated from the digit before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// Not at all.
    None,
    /// By blanks, hyphens or slashes.
    Gap,
    /// By a point, comma or colon.
    Mark,
}

/// One digit of a run; the value is 10 for an X.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digit {
    pub value: u8,
    pub before: Break,
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
}

/// Whether these characters can be a number of the present form, or its first 17 digits: six digits of an area, a day
/// from 1850 to 2049, and an X only at the very end.
pub(super) fn is_new_form(digits: &[Digit]) -> bool {
    let value = |at: usize| u32::from(digits[at].value);
    let two = |at| value(at) * 10 + value(at + 1);
    let is_numeric = digits.iter().take(LONGEST - 1).all(|d| d.value < 10);
    is_numeric
        && value(0) > 0
        && (1850..2050).contains(&(two(6) * 100 + two(8)))
        && (1..=12).contains(&two(10))
        && (1..=31).contains(&two(12))
}

/// Whether 15 digits can be a number of the old form: area, yymmdd, sequence.
pub(super) fn is_old_form(digits: &[Digit]) -> bool {
    let two = |at: usize| u32::from(digits[at].value) * 10 + u32::from(digits[at + 1].value);
    digits.iter().all(|d| d.value < 10)
        && digits[0].value > 0
        && (1..=12).contains(&two(8))
        && (1..=31).contains(&two(10))
}

/// Places at which the digits are broken into groups.
fn breaks(digits: &[Digit]) -> impl Iterator<Item = (usize, Break)> + Clone {
    digits.iter().enumerate().skip(1).map(|(at, d)| (at, d.before)).filter(|(_, b)| *b != Break::None)
}

/// Whether the groups are ones in which people write 18 characters: by the parts of the number, or all of one size.
/// Other groupings, in which lists of rooms or telephone numbers come too, need a right check digit.
pub(super) fn is_new_grouping(digits: &[Digit]) -> bool {
    let breaks = breaks(digits);
    let all_in = |places: &[usize]| breaks.clone().all(|(at, _)| places.contains(&at));
    if breaks.clone().any(|(_, b)| b == Break::Mark) {
        let has = |place| breaks.clone().any(|(at, _)| at == place);
        return all_in(&[6, 10, 12, 14, 17]) && has(6) && has(14);
    }
    let is_even = |size: usize| {
        let wanted = (1..LONGEST).filter(|at| at % size == 0);
        // The X may hang on the group before it.
        breaks.clone().map(|(at, _)| at).eq(wanted)
    };
    all_in(&[6, 10, 12, 14, 17])
        || all_in(&[3, 6, 10, 14])
        || [1, 2, 4, 9].into_iter().any(is_even)
        || (is_province(digits) && has_right_check(digits))
}

/// The same for the 15 digits of the old form.
pub(super) fn is_old_grouping(digits: &[Digit]) -> bool {
    let breaks = breaks(digits);
    let places = || breaks.clone().map(|(at, _)| at);
    if breaks.clone().any(|(_, b)| b == Break::Mark) {
        return places().eq([6, 12]);
    }
    let by_parts = places().all(|at| [6, 8, 10, 12].contains(&at));
    // Twelve digits and three are also a community's code and a room; nobody living has a year so early.
    let is_early = digits[6].value < 2;
    (by_parts && (places().next() == Some(6) || !is_early)) || places().eq(1..SHORTEST)
}

/// First two digits of the area codes in use, and 99 that invented numbers begin with.
fn is_province(digits: &[Digit]) -> bool {
    let first = digits[0].value * 10 + digits[1].value;
    matches!(first, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91 | 99)
}

/// ISO 7064 MOD 11-2: with weights 2^(17-i) the characters sum to 1 modulo 11.
fn has_right_check(digits: &[Digit]) -> bool {
    let sum = digits.iter().fold(0, |sum, d| (sum * 2 + u32::from(d.value)) % 11);
    sum == 1
}

/// Whether a word is written like a decimal number: digits, and no more than a sign, a point and an exponent.
pub(super) fn is_decimal(word: &str) -> bool {
    decimal(word).is_some()
}

/// Digits of a decimal number without its point, and the power of ten they are to be multiplied by.
fn decimal(word: &str) -> Option<(String, i64)> {
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_numeric = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !is_numeric(whole) || !is_numeric(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let shift = i64::try_from(fraction.len()).ok()?;
    Some((format!("{whole}{fraction}"), exponent.parse::<i64>().ok()?.saturating_sub(shift)))
}

/// Whether a word is a number whose value has the shape of a citizen ID, in whatever notation.
pub(super) fn is_number_shaped(word: &str) -> bool {
    let Some((digits, power)) = decimal(word) else {
        return false;
    };
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    let Ok(dropped) = i64::try_from(digits.len() - significant.len()) else {
        return false;
    };
    let zeros = power.saturating_add(dropped);
    if !(0..=18).contains(&zeros) || significant.len() > 400 {
        return false;
    }
    let value: Vec<Digit> = significant
        .bytes()
        .map(|b| b - b'0')
        .chain((0..zeros).map(|_| 0))
        .map(|value| Digit { value, before: Break::None, start: 0, end: 0 })
        .collect();
    match value.len() {
        SHORTEST => is_old_form(&value),
        17 => is_new_form(&value),
        LONGEST.. => value.windows(LONGEST).any(is_new_form),
        _ => false,
    }
}
