//! Hours on duty as the staff file writes them: `09:00-12:00;14:00-21:00`.

use super::rule::Rule;
use crate::domain::rules::Span;

/// Why hours cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not written as `HH:MM-HH:MM`.
    #[error("hours are written like 18:00-21:30 or 09:00-12:00;14:00-21:00")]
    Shape,
    /// Ends before it begins.
    #[error("a stretch of hours ends after it begins, on the same day")]
    Reversed,
    /// Two stretches share time.
    #[error("the stretches of hours overlap")]
    Overlap,
}

/// Reads hours; the stretches come sorted. Full-width punctuation and blanks around the parts are taken.
pub fn parse(text: &str) -> Result<Vec<Span>, HoursError> {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '：' => ':',
            '；' => ';',
            '－' | '–' | '—' => '-',
            other => other,
        })
        .collect();
    let mut spans = plain.split(';').map(span).collect::<Result<Vec<_>, _>>()?;
    spans.sort_unstable_by_key(|span| (span.from, span.to));
    if spans.windows(2).any(|pair| pair[1].from < pair[0].to) {
        return Err(HoursError::Overlap);
    }
    Ok(spans)
}

/// Reads the hours of a spreadsheet's cell, also as people and spreadsheets write them otherwise; whether it was otherwise.
pub(super) fn read(text: &str) -> Result<(Vec<Span>, bool), Rule> {
    let first = match parse(text) {
        Ok(spans) => return Ok((spans, false)),
        Err(error) => error,
    };
    let second = plain(text).map(|plain| parse(&plain));
    match (second, first) {
        (Some(Ok(spans)), _) => Ok((spans, true)),
        (Some(Err(HoursError::Reversed)), _) | (None, HoursError::Reversed) => Err(Rule::HoursReversed),
        (Some(Err(HoursError::Overlap)), _) | (None, HoursError::Overlap) => Err(Rule::HoursOverlap),
        _ if is_number(text) => Err(Rule::HoursNumber),
        _ => Err(Rule::HoursShape),
    }
}

/// A fraction of a day, or one time of day: what a spreadsheet makes of hours in a cell that is no text.
fn is_number(text: &str) -> bool {
    let is_time = text.split([' ', 'T']).any(|part| minutes(part.get(..5).unwrap_or(part)).is_ok());
    text.replace(',', ".").parse::<f64>().is_ok_and(|days| (0.0..2.0).contains(&days))
        || (is_time && !text.contains(['-', '–']))
}

/// The stretches in the usual writing; none where a part has no one meaning.
fn plain(text: &str) -> Option<String> {
    let mut lower = text.to_lowercase();
    for (from, to) in [
        ("至", "-"),
        ("到", "-"),
        (" to ", "-"),
        (" bis ", "-"),
        (" à ", "-"),
        ("~", "-"),
        ("～", "-"),
        ("〜", "-"),
    ] {
        lower = lower.replace(from, to);
    }
    let parts = lower.split([';', '；', ',', '，', '、', '/', '\n', '&', '+']).map(str::trim);
    let stretches = parts.filter(|part| !part.is_empty()).map(|part| {
        let (from, to) = part.split_once(['-', '–', '—', '－', '−'])?;
        Some(format!("{}-{}", time(from)?, time(to)?))
    });
    let stretches: Option<Vec<_>> = stretches.collect();
    stretches.filter(|all| !all.is_empty()).map(|all| all.join(";"))
}

/// One time of day as `HH:MM`: with seconds, am and pm, 上午 and 下午, `18h00`, `18点30分`, `18.00`, `1800`.
fn time(text: &str) -> Option<String> {
    let text = text.trim();
    let is_evening = ["pm", "p.m.", "下午", "晚上"].iter().any(|mark| text.contains(mark));
    let is_morning = ["am", "a.m.", "上午", "早上"].iter().any(|mark| text.contains(mark));
    let mut bare = text.to_owned();
    for mark in ["p.m.", "a.m.", "pm", "am", "上午", "下午", "早上", "晚上", "uhr", "分"] {
        bare = bare.replace(mark, "");
    }
    let bare = bare.trim();
    let mut parts = bare.split([':', '：', '.', 'h', '时', '点']).map(str::trim);
    let (hour, minute, second) = (parts.next()?, parts.next(), parts.next());
    let (hour, minute) = match minute {
        None | Some("") if hour.len() == 4 => (hour.get(..2)?, hour.get(2..)?),
        None if !is_evening && !is_morning => return None,
        None | Some("") => (hour, "00"),
        Some(minute) => (hour, minute),
    };
    if parts.next().is_some() || second.is_some_and(|second| !matches!(second, "" | "00")) {
        return None;
    }
    let hour: u8 = hour.parse().ok().filter(|hour| *hour <= 24)?;
    let hour = match (is_evening, is_morning) {
        (true, _) if hour < 12 => hour + 12,
        (false, true) if hour == 12 => 0,
        _ => hour,
    };
    Some(format!("{hour:02}:{minute}"))
}

fn span(text: &str) -> Result<Span, HoursError> {
    let (from, to) = text.split_once('-').ok_or(HoursError::Shape)?;
    let (from, to) = (minutes(from)?, minutes(to)?);
    if from >= to {
        return Err(HoursError::Reversed);
    }
    Ok(Span { from, to })
}

/// Minutes since midnight of `HH:MM`; 24:00 is the end of the day.
fn minutes(text: &str) -> Result<u16, HoursError> {
    let (hour, minute) = text.trim().split_once(':').ok_or(HoursError::Shape)?;
    let number = |digits: &str, longest| {
        let fits =
            !digits.is_empty() && digits.len() <= longest && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| fits).ok_or(HoursError::Shape)
    };
    let (hour, minute) = (number(hour, 2)?, if minute.len() == 2 { number(minute, 2)? } else { 60 });
    let total = hour * 60 + minute;
    if minute > 59 || total > 24 * 60 {
        return Err(HoursError::Shape);
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::{HoursError, Rule, Span, parse, read};

    #[test]
    fn hours_are_read_or_refused() {
        let span = |from, to| Span { from, to };
        for (text, expected) in [
            ("18:00-21:30", Ok(vec![span(1080, 1290)])),
            (" 14:00 - 21:00 ; 9:00-12:00", Ok(vec![span(540, 720), span(840, 1260)])),
            ("１８:00-21:30", Err(HoursError::Shape)),
            ("18：00－24：00", Ok(vec![span(1080, 1440)])),
            ("09:00-12:00;12:00-13:00", Ok(vec![span(540, 720), span(720, 780)])),
            ("09:00-12:00;11:59-13:00", Err(HoursError::Overlap)),
            ("21:00-09:00", Err(HoursError::Reversed)),
            ("09:00-09:00", Err(HoursError::Reversed)),
            ("9-12", Err(HoursError::Shape)),
            ("09:60-12:00", Err(HoursError::Shape)),
            ("09:00-24:01", Err(HoursError::Shape)),
            ("09:00-12:00;", Err(HoursError::Shape)),
            ("", Err(HoursError::Shape)),
            ("-", Err(HoursError::Shape)),
            ("+9:00-12:00", Err(HoursError::Shape)),
            ("evenings", Err(HoursError::Shape)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn hours_of_a_spreadsheet_have_one_meaning_or_are_asked_about() {
        let evening = || Ok((vec![Span { from: 1080, to: 1290 }], true));
        let day = || Ok((vec![Span { from: 540, to: 720 }, Span { from: 840, to: 1260 }], true));
        for (text, expected) in [
            ("18:00-21:30", Ok((vec![Span { from: 1080, to: 1290 }], false))),
            ("18:00–21:30", Ok((vec![Span { from: 1080, to: 1290 }], false))),
            ("18:00:00-21:30:00", evening()),
            ("18:00~21:30", evening()),
            ("18：00～21：30", evening()),
            ("18:00至21:30", evening()),
            ("6:00 PM - 9:30 PM", evening()),
            ("6 pm-9:30pm", evening()),
            ("下午6:00-晚上9:30", evening()),
            ("18h00 à 21h30", evening()),
            ("18h-21h30", evening()),
            ("18.00-21.30", evening()),
            ("1800-2130", evening()),
            ("18点00分-21点30分", evening()),
            ("9:00-12:00, 14:00-21:00", day()),
            ("09:00-12:00\n14:00-21:00", day()),
            ("09:00-12:00;14:00-21:00;", day()),
            ("0.75", Err(Rule::HoursNumber)),
            ("0,75", Err(Rule::HoursNumber)),
            ("18:00:00", Err(Rule::HoursNumber)),
            ("1899-12-30 18:00", Err(Rule::HoursShape)),
            ("9-12", Err(Rule::HoursShape)),
            ("12-Sep", Err(Rule::HoursShape)),
            ("9:30 PM - 6:00 PM", Err(Rule::HoursReversed)),
            ("12:00am-6:00am", Ok((vec![Span { from: 0, to: 360 }], true))),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
