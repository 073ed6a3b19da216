//! Shapes of cells that a spreadsheet makes: errors, formulas, signs for no value, scientific notation, dates, truth
//! values, and letters that look like others.

use super::super::rule::Rule;
use super::super::sheet::{Column, Meaning};
use encoding_rs::{GBK, WINDOWS_1252};

/// Error values of Excel, `LibreOffice` and Google Sheets in English, German, French and Spanish.
const ERRORS: [&str; 27] = [
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
    "#UNKNOWN!",
    "#GETTING_DATA",
    "#CONNECT!",
    "#ERROR!",
    "#BUSY!",
    "#NV",
    "#BEZUG!",
    "#WERT!",
    "#ZAHL!",
    "#NOM?",
    "#VALEUR!",
    "#NOMBRE!",
    "#NOMBRE?",
    "#VALOR!",
    "#¡VALOR!",
    "#¿NOMBRE?",
];
/// What R, pandas, SQL and pivot tables write where there is no value.
const NO_VALUES: [&str; 18] = [
    "NA", "N/A", "n/a", "na", "<NA>", "NULL", "null", "Null", "(null)", "NaN", "nan", "NAN", "None", "nil",
    "\\N", "(blank)", "(空白)", "NaT",
];
/// What people write there.
const DASHES: [&str; 8] = ["-", "--", "---", "/", "\\", ".", "无", "?"];
/// Truth values in the languages of spreadsheets.
const TRUTHS: [&str; 14] = [
    "TRUE",
    "FALSE",
    "True",
    "False",
    "true",
    "false",
    "WAHR",
    "FALSCH",
    "VRAI",
    "FAUX",
    "VERDADERO",
    "FALSO",
    "真",
    "假",
];
/// Months as spreadsheets shorten them in English, German, French.
const MONTHS: [&str; 32] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mrz", "mär",
    "mai", "okt", "dez", "janv", "févr", "fevr", "mars", "avr", "juin", "juil", "août", "aout", "déc",
    "january", "february", "june", "july",
];
/// Digits that a spreadsheet keeps.
const KEPT_DIGITS: usize = 15;

/// What can mean nothing: an error of the spreadsheet, or a formula instead of its value.
pub(super) fn spoilt(text: &str) -> Option<Rule> {
    let is_error = ERRORS.iter().any(|error| error.eq_ignore_ascii_case(text));
    let is_office_error = text.strip_prefix("Err:").is_some_and(|code| code.parse::<u16>().is_ok());
    let is_too_narrow = text.len() >= 3 && text.bytes().all(|byte| byte == b'#');
    if is_error || is_office_error || is_too_narrow {
        return Some(Rule::ErrorCell);
    }
    let formula = text.strip_prefix('=')?;
    (!formula.is_empty()).then_some(Rule::Formula)
}

/// What stands for no value, and what becomes of it in this column.
pub(super) fn no_value(text: &str, column: &Column) -> Option<Rule> {
    let is_sign = NO_VALUES.contains(&text);
    let is_dash = DASHES.contains(&text);
    let is_literal =
        matches!(column.meaning, Meaning::Area | Meaning::Parent | Meaning::User | Meaning::Word);
    if !is_sign && !is_dash || is_literal {
        return None;
    }
    let is_number = matches!(column.meaning, Meaning::Whole | Meaning::Degrees);
    Some(if column.meaning == Meaning::Hours {
        Rule::NoValueMaybe
    } else if !column.cells.may_be_empty() {
        Rule::NoValueKept
    } else if is_number || is_sign {
        Rule::NoValue
    } else {
        Rule::NoValueMaybe
    })
}

/// Whether `text` is one of the signs for no value.
pub(in crate::setup) fn is_no_value(text: &str) -> bool {
    NO_VALUES.contains(&text)
}

/// `101.0` as `101`: what pandas makes of whole numbers beside empty cells.
pub(super) fn without_point_zero(text: &str) -> Option<String> {
    let (whole, zeros) = text.split_once('.')?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0')).then(|| whole.to_owned())
}

/// `1,234`.
fn is_thousands(text: &str) -> bool {
    let mut groups = text.split([',', ' ', '\'', '’', '\u{a0}', '\u{202f}']);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_head = groups.next().is_some_and(|head| (1..=3).contains(&head.len()) && digits(head));
    let rest: Vec<_> = groups.collect();
    is_head && !rest.is_empty() && rest.iter().all(|part| part.len() == 3 && digits(part))
}

/// What a cell may be the wreck of; the reader asks and goes on with the text as written.
pub(super) fn doubtful(text: &str, meaning: Meaning) -> Option<Rule> {
    if matches!(meaning, Meaning::Area | Meaning::Parent) {
        return None;
    }
    let is_code = matches!(meaning, Meaning::Code | Meaning::User);
    if is_exponent(text) && !matches!(meaning, Meaning::Text | Meaning::Person) {
        return Some(Rule::Exponent);
    }
    if is_code {
        let shape = [
            (is_date(text), Rule::DateLike),
            (TRUTHS.contains(&text), Rule::TrueFalse),
            (is_thousands(text), Rule::Thousands),
            (looks_alike(text), Rule::LookAlike),
        ];
        if let Some((_, rule)) = shape.into_iter().find(|(is_so, _)| *is_so) {
            return Some(rule);
        }
    }
    if has_lost_signs(text) {
        return Some(Rule::LostSigns);
    }
    (!text.is_ascii() && is_garbled(text)).then_some(Rule::Garbled)
}

/// `1.01E+05`, as spreadsheets, R and pandas write a large number: with the sign of the exponent.
fn is_exponent(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.strip_prefix(['+', '-']).unwrap_or_default();
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(power) && power.len() >= 2 && digits(whole) && whole.len() <= 3 && digits(fraction)
}

/// Dates as spreadsheets show them: with a year of four digits, the name of a month, or 月.
fn is_date(text: &str) -> bool {
    let date = text.split_whitespace().next().unwrap_or(text);
    is_numeric_date(date) || is_chinese_date(date) || is_month_date(text)
}

fn is_numeric_date(text: &str) -> bool {
    let parts: Vec<_> = text.split(['-', '/', '.']).collect();
    let number =
        |part: &&str| part.parse::<u16>().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
    let [Some(a), Some(b), Some(c)] = [0, 1, 2].map(|at| parts.get(at).and_then(number)) else {
        return false;
    };
    let is_year = |year: u16| (1899..=2100).contains(&year);
    let is_day = |month: u16, day: u16| (1..=12).contains(&month) && (1..=31).contains(&day);
    // 3-1-2001 is more often building, unit and room than a date.
    let ends_in_year = is_year(c) && !text.contains('-') && (is_day(a, b) || is_day(b, a));
    parts.len() == 3 && ((is_year(a) && is_day(b, c)) || ends_in_year)
}

/// `2月1日`, `2021年2月`, `2月-1`.
fn is_chinese_date(text: &str) -> bool {
    let rest = text.split_once('年').map_or(text, |(_, rest)| rest);
    let Some((month, day)) = rest.split_once('月') else { return false };
    let number = |part: &str, most: u8| part.parse::<u8>().is_ok_and(|n| (1..=most).contains(&n));
    let day = day.trim_end_matches('日').trim_start_matches('-');
    number(month, 12) && (day.is_empty() || number(day, 99))
}

/// `1-Feb`, `Feb-01`, `02. Jan`, `janv-02`, `1 Feb 2021`.
fn is_month_date(text: &str) -> bool {
    if !text.contains(|c: char| c.is_ascii_digit()) || !text.contains(char::is_alphabetic) {
        return false;
    }
    let lower = text.to_lowercase();
    let parts: Vec<_> = lower.split(['-', '/', ' ', '.', ',']).filter(|part| !part.is_empty()).collect();
    let is_number = |part: &&str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    let months = parts.iter().filter(|part| MONTHS.contains(part)).count();
    let numbers = parts.iter().filter(|part| is_number(part)).count();
    months == 1 && numbers >= 1 && months + numbers == parts.len()
}

/// Letters that are another script's, or letters among digits that look like digits.
fn looks_alike(text: &str) -> bool {
    let is_foreign = |c: char| "АВЕЅІЈКМНОРСТУХЗаеосрхуіјѕ".contains(c) || "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο".contains(c);
    let is_other = |c: char| c.is_alphabetic() && !c.is_ascii() && !is_foreign(c);
    if !text.is_ascii() && text.contains(is_foreign) && !text.contains(is_other) {
        return true;
    }
    let is_numberlike = |c: char| c.is_ascii_digit() || matches!(c, 'O' | 'o' | 'l' | 'I');
    let mut parts = text.split(['-', '/', '.', '_', ' ']);
    parts.any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        digits >= 2 && digits < part.len() && part.chars().all(is_numberlike)
    })
}

/// Signs that stand where a character was lost.
fn has_lost_signs(text: &str) -> bool {
    text.contains('\u{fffd}') || text.contains("锟斤拷") || text.contains("??") || text.contains("？？")
}

/// UTF-8 that was read as Western or Chinese text and saved again.
fn is_garbled(text: &str) -> bool {
    [WINDOWS_1252, GBK].into_iter().any(|table| {
        let (bytes, _, has_lost) = table.encode(text);
        let Some(mended) = (!has_lost).then(|| std::str::from_utf8(&bytes).ok()).flatten() else {
            return false;
        };
        let strange = mended.chars().filter(|c| !c.is_ascii()).count();
        let chinese = mended.chars().filter(|c| matches!(c, '\u{4e00}'..='\u{9fff}')).count();
        strange > 0 && (chinese >= 2 || table == WINDOWS_1252)
    })
}

/// `2-1`, `12-3-101`: numbers joined by hyphens.
pub(in crate::setup) fn is_pair(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    parts.len() >= 2
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A number that is a date of 2000 to 2049 where a spreadsheet counts days.
pub(in crate::setup) fn is_date_number(text: &str) -> bool {
    text.len() == 5 && text.parse::<u32>().is_ok_and(|days| (36_526..=54_788).contains(&days))
}

/// Whether a number has more digits than a spreadsheet keeps, and whether those past the fifteenth are zeros.
pub(in crate::setup) fn is_long_number(text: &str) -> Option<bool> {
    let is_long = text.len() > KEPT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    is_long.then(|| text.bytes().skip(KEPT_DIGITS).all(|byte| byte == b'0'))
}
