//! One byte sequence per JSON value: equal values give equal bytes, different values different ones.
//!
//! Each value begins with a letter for its kind; strings and lists carry their length, so nothing needs escaping and no
//! two values can run into each other. A text that is a UUID is one id whatever the case of its letters.

use std::borrow::Cow;

use crate::ingest::json::{Json, read_uuid};

/// Appends the canonical bytes of `value`.
pub(super) fn write(value: &Json<'_>, out: &mut Vec<u8>) {
    match value {
        Json::Null => out.push(b'n'),
        Json::Bool(false) => out.push(b'f'),
        Json::Bool(true) => out.push(b't'),
        Json::Num(text) => number(text, out),
        Json::Str(text) => string(&by_value(text), out),
        Json::Arr(items) => {
            out.push(b'a');
            length(items.len(), out);
            for item in items {
                write(item, out);
            }
        }
        Json::Obj(members) => {
            out.push(b'o');
            length(members.len(), out);
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            for (key, value) in sorted {
                string(key, out);
                write(value, out);
            }
        }
    }
}

/// A text as the value it stands for: a UUID in small letters, anything else as it is.
fn by_value(text: &str) -> Cow<'_, str> {
    let may_be = text.len() == 36 && text.bytes().any(|b| b.is_ascii_uppercase());
    if may_be && read_uuid(text).is_some() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

fn length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(length as u64).to_le_bytes());
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b's');
    length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Writes a number as sign, significant digits and power of ten. Fractions with more digits than an `f64` tells apart are
/// taken as the `f64` they stand for, as a device that has read them once would write them.
fn number(text: &str, out: &mut Vec<u8>) {
    let significant =
        text.bytes().take_while(|b| !matches!(b, b'e' | b'E')).filter(u8::is_ascii_digit).count();
    let is_integer = text.bytes().all(|b| b == b'-' || b.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(value) if significant > 17 && !is_integer => decimal(&format!("{value:e}"), out),
        _ => decimal(text, out),
    }
}

fn decimal(text: &str, out: &mut Vec<u8>) {
    let (is_negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let start = out.len();
    out.push(if is_negative { b'-' } else { b'+' });
    out.extend(whole.bytes().chain(fraction.bytes()).skip_while(|b| *b == b'0'));
    let mut power = exponent.parse::<i64>().unwrap_or(0);
    power = power.saturating_sub(i64::try_from(fraction.len()).unwrap_or(0));
    while out.len() > start + 1 && out.last() == Some(&b'0') {
        out.pop();
        power = power.saturating_add(1);
    }
    if out.len() == start + 1 {
        out[start] = b'0';
        return;
    }
    out.push(b'e');
    out.extend_from_slice(&power.to_le_bytes());
}
