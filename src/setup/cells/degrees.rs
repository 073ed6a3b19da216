//! Coordinates as people and spreadsheets write them: decimal commas, degree signs, degrees with minutes and seconds.

/// A decimal comma as a point: one comma, digits on both sides, and not the thousands of a larger number.
pub(super) fn with_point(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once(',')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole_digits = whole.trim_start_matches(['-', '+']);
    let fraction_end = fraction.trim_end_matches(|c: char| !c.is_ascii_digit());
    (digits(whole_digits) && whole_digits.len() <= 3 && digits(fraction_end))
        .then(|| format!("{whole}.{fraction}"))
}

/// Degrees with their sign, a letter of the compass, minutes or seconds as a decimal number.
pub(super) fn decimal(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    if text.chars().all(is_plain) && !text.ends_with(['E', 'e']) && !text.starts_with(['E', 'e']) {
        return None;
    }
    let (sign, body) = compass(text)?;
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let mut parts = body.split(|c| !is_number(c)).filter(|part| !part.is_empty());
    let is_unit = |c: char| c.is_whitespace() || "°º˚度'′’分\"″”秒".contains(c);
    let has_degrees = sign.is_some() || body.contains(['°', 'º', '˚', '度']);
    if !has_degrees || body.chars().any(|c| !is_number(c) && !is_unit(c)) {
        return None;
    }
    let degrees: f64 = parts.next()?.parse().ok()?;
    let mut rest = 0.0;
    for divisor in [60.0, 3600.0] {
        let Some(part) = parts.next() else { break };
        let value: f64 = part.parse().ok().filter(|value| (0.0..60.0).contains(value))?;
        rest += value / divisor;
    }
    if parts.next().is_some() {
        return None;
    }
    let size = degrees.abs() + rest;
    let is_negative = sign.unwrap_or(degrees.is_sign_negative());
    let rounded = (size * 1e7).round() / 1e7;
    Some(if is_negative { format!("-{rounded}") } else { rounded.to_string() })
}

/// Takes a letter of the compass off; `Some(true)` for south and west.
fn compass(text: &str) -> Option<(Option<bool>, &str)> {
    const LETTERS: [(&str, bool); 12] = [
        ("N", false),
        ("E", false),
        ("S", true),
        ("W", true),
        ("n", false),
        ("e", false),
        ("s", true),
        ("w", true),
        ("北纬", false),
        ("东经", false),
        ("南纬", true),
        ("西经", true),
    ];
    for (letter, is_negative) in LETTERS {
        let body = text.strip_prefix(letter).or_else(|| text.strip_suffix(letter));
        if let Some(body) = body {
            let body = body.trim();
            return (!body.starts_with('-')).then_some((Some(is_negative), body));
        }
    }
    Some((None, text))
}

/// A plain finite number.
pub(in crate::setup) fn degrees(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}
