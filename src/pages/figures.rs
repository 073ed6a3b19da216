//! Figures as people read them: thousands set apart, rates with the numbers they were made from.

use std::fmt;

use crate::domain::rates::Ratio;

/// Below this many doors a share says nothing: only the counts are shown.
const LEAST_FOR_A_RATE: i64 = 5;

/// A whole number with its thousands set apart: 2,670.
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if n < 0 { format!("−{out}") } else { out }
}

/// A share with one decimal. It says 100.0% of the whole only and 0.0% of nothing only.
pub fn percent(numerator: i64, denominator: i64) -> Option<String> {
    if denominator <= 0 {
        return None;
    }
    let exact = i128::from(numerator) * 2000 / i128::from(denominator);
    let mut tenths = (exact + 1) / 2;
    if numerator < denominator {
        tenths = tenths.min(999);
    }
    if numerator > 0 {
        tenths = tenths.max(1);
    }
    Some(format!("{}.{}%", tenths / 10, tenths % 10))
}

/// A rate for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Above the line.
    pub above: i64,
    /// Below the line.
    pub below: i64,
}

impl From<Ratio> for Rate {
    fn from(r: Ratio) -> Self {
        Self { above: r.numerator, below: r.denominator }
    }
}

impl Rate {
    /// The share alone; a dash where there is nothing to divide by or too little to speak of.
    pub fn share(self) -> String {
        if self.below < LEAST_FOR_A_RATE {
            return "—".to_owned();
        }
        percent(self.above, self.below).unwrap_or_else(|| "—".to_owned())
    }

    /// Whether a share is shown at all.
    pub fn has_share(self) -> bool {
        self.below >= LEAST_FOR_A_RATE
    }

    /// The share with its numbers: `73.3% = 1,956 / 2,670`; the numbers alone where no share is shown.
    pub fn said(self) -> String {
        if self.has_share() { format!("{} = {self}", self.share()) } else { self.to_string() }
    }

    /// Above the line.
    pub fn done(self) -> String {
        thousands(self.above)
    }

    /// Below the line.
    pub fn due(self) -> String {
        thousands(self.below)
    }

    /// Which of five steps of blue: 1 for 0–20 % … 5 for 80–100 %.
    pub fn step(self) -> i64 {
        if self.below <= 0 { 5 } else { (self.above * 5 / self.below + 1).clamp(1, 5) }
    }
}

/// As in "1,956 / 2,670".
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", thousands(self.above), thousands(self.below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_but_never_to_all_or_nothing() {
        let cases = [
            (1956, 2670, Some("73.3%")),
            (0, 7, Some("0.0%")),
            (1, 100_000, Some("0.1%")),
            (99_999, 100_000, Some("99.9%")),
            (7, 7, Some("100.0%")),
            (1, 3, Some("33.3%")),
            (2, 3, Some("66.7%")),
            (0, 0, None),
        ];
        for (above, below, want) in cases {
            assert_eq!(percent(above, below).as_deref(), want, "{above}/{below}");
        }
    }

    #[test]
    fn few_doors_have_counts_only() {
        assert_eq!(Rate { above: 1, below: 4 }.share(), "—");
        assert_eq!(Rate { above: 0, below: 0 }.share(), "—");
        assert_eq!(Rate { above: 1, below: 5 }.share(), "20.0%");
        assert_eq!(Rate { above: 1, below: 5 }.to_string(), "1 / 5");
        assert_eq!(Rate { above: 1, below: 5 }.said(), "20.0% = 1 / 5");
        assert_eq!(Rate { above: 1, below: 4 }.said(), "1 / 4");
    }

    #[test]
    fn thousands_are_set_apart() {
        let shown: Vec<String> = [0, 999, 1000, 1_234_567, -4_321].map(thousands).into();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "−4,321"]);
    }

    #[test]
    fn five_steps_cover_all_shares() {
        let steps: Vec<i64> = [(0, 10), (1, 10), (2, 10), (5, 10), (8, 10), (10, 10), (0, 0)]
            .map(|(above, below)| Rate { above, below }.step())
            .into();
        assert_eq!(steps, [1, 1, 2, 3, 5, 5, 5]);
    }
}
