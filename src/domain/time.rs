//! Times as devices write them (RFC 3339 with an offset), read strictly; both the instant and the offset are kept.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};

/// A time as sent: the instant, and the offset its clock showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SentTime {
    /// The instant.
    pub instant: Timestamp,
    /// Minutes east of UTC, as written; at most 23:59 either way.
    pub offset_minutes: i16,
}

/// Why a text is no usable time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeFault {
    /// Not of the form `2020-11-03T19:02:11+08:00`.
    #[error("a time is written with its offset, as in 2020-11-03T19:02:11+08:00")]
    Form,
    /// The form is right, but the calendar or the clock has no such time.
    #[error("there is no such date or time of day")]
    NoSuchTime,
    /// The offset is `-00:00` (unknown) or beyond a day.
    #[error("the offset from UTC is not known")]
    Offset,
    /// Before 1900 or after 2999: no clock that counts shows this.
    #[error("the year is out of range")]
    Year,
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`. Fractions beyond microseconds,
/// the finest the database keeps, are cut. A leap second (23:59:60 UTC on
/// the last day of a month) is read as the second before it.
pub fn parse_time(text: &str) -> Result<SentTime, TimeFault> {
    let (stamp, rest) = text.as_bytes().split_at_checked(19).ok_or(TimeFault::Form)?;
    if !has_form(stamp) {
        return Err(TimeFault::Form);
    }
    let (nanos, zone) = fraction(rest)?;
    let offset_minutes = offset(zone)?;
    let year = two(stamp, 0) * 100 + two(stamp, 2);
    if !(1900..3000).contains(&year) {
        return Err(TimeFault::Year);
    }
    let part = |at| i8::try_from(two(stamp, at)).map_err(|_| TimeFault::NoSuchTime);
    let second = part(17)?;
    let date = Date::new(year, part(5)?, part(8)?).map_err(|_| TimeFault::NoSuchTime)?;
    let time = Time::new(part(11)?, part(14)?, second.min(59), nanos).map_err(|_| TimeFault::NoSuchTime)?;
    let east = jiff::SignedDuration::from_mins(i64::from(offset_minutes));
    let utc = date.to_datetime(time).checked_sub(east).map_err(|_| TimeFault::Year)?;
    if second > 60 || (second == 60 && !ends_month(utc)) {
        return Err(TimeFault::NoSuchTime);
    }
    let instant = jiff::tz::Offset::UTC.to_timestamp(utc).map_err(|_| TimeFault::Year)?;
    Ok(SentTime { instant, offset_minutes })
}

/// A moment as the database keeps it: whole microseconds, the rest cut.
pub fn kept(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// Whether date and time of day are written digit for digit as they should be.
fn has_form(stamp: &[u8]) -> bool {
    stamp.iter().zip(b"0000-00-00T00:00:00").all(|(have, want)| match want {
        b'0' => have.is_ascii_digit(),
        want => have.eq_ignore_ascii_case(want),
    })
}

/// The number written by the two digits at `at`; the form has been checked.
fn two(stamp: &[u8], at: usize) -> i16 {
    i16::from(stamp[at] - b'0') * 10 + i16::from(stamp[at + 1] - b'0')
}

/// Nanoseconds of an optional fraction, whole microseconds only, and what follows it.
fn fraction(rest: &[u8]) -> Result<(i32, &[u8]), TimeFault> {
    let Some(digits) = rest.strip_prefix(b".") else {
        return Ok((0, rest));
    };
    let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 || length > 20 {
        return Err(TimeFault::Form);
    }
    let micros = (0..6).fold(0, |sum, n| {
        let digit = if n < length { i32::from(digits[n] - b'0') } else { 0 };
        sum * 10 + digit
    });
    Ok((micros * 1000, &digits[length..]))
}

fn offset(zone: &[u8]) -> Result<i16, TimeFault> {
    let (sign, digits) = match zone {
        b"Z" | b"z" => return Ok(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return Err(TimeFault::Form),
    };
    let [a, b, b':', c, d] = digits else {
        return Err(TimeFault::Form);
    };
    if ![a, b, c, d].iter().all(|b| b.is_ascii_digit()) {
        return Err(TimeFault::Form);
    }
    let (hours, minutes) = (two(digits, 0), two(digits, 3));
    if hours > 23 || minutes > 59 || (sign < 0 && hours == 0 && minutes == 0) {
        return Err(TimeFault::Offset);
    }
    Ok(sign * (hours * 60 + minutes))
}

/// Whether a UTC time lies in the last minute of a month, where a leap second may be.
fn ends_month(utc: DateTime) -> bool {
    utc.hour() == 23 && utc.minute() == 59 && utc.date() == utc.date().last_of_month()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<(String, i16), TimeFault> {
        parse_time(text).map(|t| (t.instant.to_string(), t.offset_minutes))
    }

    #[test]
    fn good_times_keep_instant_and_offset() {
        for (text, utc, offset) in [
            ("2020-11-03T19:02:11+08:00", "2020-11-03T11:02:11Z", 480),
            ("2020-11-03T19:02:11Z", "2020-11-03T19:02:11Z", 0),
            ("2020-11-03t19:02:11z", "2020-11-03T19:02:11Z", 0),
            ("2020-02-29T00:00:00.25-03:30", "2020-02-29T03:30:00.25Z", -210),
            ("2020-11-03T19:02:11.1234567899+00:00", "2020-11-03T19:02:11.123456Z", 0),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 0),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", 0),
            ("2017-01-01T07:59:60+08:00", "2016-12-31T23:59:59Z", 480),
        ] {
            assert_eq!(at(text), Ok((utc.to_owned(), offset)), "{text}");
        }
    }

    #[test]
    fn bad_times_are_refused_for_their_reason() {
        for (text, fault) in [
            ("", TimeFault::Form),
            ("yesterday", TimeFault::Form),
            ("2026-11-03", TimeFault::Form),
            ("2026-11-03T19:02:11", TimeFault::Form),
            ("2026-11-03 19:02:11Z", TimeFault::Form),
            ("2026-11-03T19:02Z", TimeFault::Form),
            ("2026-11-03T19:02:11,5Z", TimeFault::Form),
            ("2026-11-03T19:02:11.Z", TimeFault::Form),
            ("2026-11-03T19:02:11+0800", TimeFault::Form),
            ("2026-11-03T19:02:11Z ", TimeFault::Form),
            (" 2026-11-03T19:02:11Z", TimeFault::Form),
            ("2026-11-03T19:02:11+8:00", TimeFault::Form),
            ("+002026-11-03T19:02:11Z", TimeFault::Form),
            ("２０２６-11-03T19:02:11Z", TimeFault::Form),
            ("2026-11-03T24:00:00+08:00", TimeFault::NoSuchTime),
            ("2026-11-03T23:60:00+08:00", TimeFault::NoSuchTime),
            ("2026-02-30T10:00:00+08:00", TimeFault::NoSuchTime),
            ("2026-13-01T10:00:00+08:00", TimeFault::NoSuchTime),
            ("2026-00-01T10:00:00+08:00", TimeFault::NoSuchTime),
            ("2026-11-03T10:00:60Z", TimeFault::NoSuchTime),
            ("2026-11-03T10:00:99Z", TimeFault::NoSuchTime),
            ("2026-11-03T10:00:00+25:00", TimeFault::Offset),
            ("2026-11-03T10:00:00+08:60", TimeFault::Offset),
            ("2026-11-03T10:00:00-00:00", TimeFault::Offset),
            ("0000-01-01T00:00:00+08:00", TimeFault::Year),
            ("9999-12-31T23:59:59+08:00", TimeFault::Year),
        ] {
            assert_eq!(at(text), Err(fault), "{text}");
        }
    }
}
