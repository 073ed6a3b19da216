//! Hours on duty as the staff file writes them: `09:00-12:00;14:00-21:00`.

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
    use super::{HoursError, Span, parse};

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
}
