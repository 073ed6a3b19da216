//! The lines on which something was found, as ranges: bounded, however many there are.

use std::fmt;

/// Ranges kept; further lines are only counted.
const RANGES: usize = 24;

/// Lines of a file, from 1, with how many there are in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    ranges: Vec<(u64, u64)>,
    kept: u64,
    count: u64,
}

impl Lines {
    /// One line, or none: then the whole file is meant.
    pub(super) fn of(line: Option<u64>) -> Self {
        let mut lines = Self::default();
        lines.add(line);
        lines
    }

    /// Adds a line; they come in order, for the most part.
    pub(super) fn add(&mut self, line: Option<u64>) {
        self.count += 1;
        let Some(line) = line else { return };
        let is_full = self.ranges.len() >= RANGES;
        match self.ranges.last_mut() {
            Some((_, last)) if *last == line => {}
            Some((_, last)) if *last + 1 == line => *last = line,
            Some(_) if is_full => return,
            Some(_) | None => self.ranges.push((line, line)),
        }
        self.kept += 1;
    }

    /// The first line; none when the whole file is meant.
    pub fn first(&self) -> Option<u64> {
        self.ranges.first().map(|range| range.0)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All lines but the first as ranges; none when there is no other.
    pub fn others(&self) -> Option<String> {
        let (first, last) = *self.ranges.first()?;
        let head = (first < last).then_some((first + 1, last));
        let rest: Vec<_> = head.into_iter().chain(self.ranges.iter().skip(1).copied()).collect();
        (self.count > 1 && !rest.is_empty()).then(|| self.text(&rest))
    }

    fn text(&self, ranges: &[(u64, u64)]) -> String {
        let one = |&(from, to): &(u64, u64)| {
            if from == to { from.to_string() } else { format!("{from}-{to}") }
        };
        let mut parts: Vec<_> = ranges.iter().map(one).collect();
        if self.count > self.kept {
            parts.push(format!("… (+{})", self.count - self.kept));
        }
        parts.join(", ")
    }
}

impl fmt::Display for Lines {
    /// `4, 9-12, … (+300)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&self.ranges))
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_are_told_as_ranges_and_never_without_end() {
        let of = |all: &[u64]| {
            let mut lines = Lines::default();
            for line in all {
                lines.add(Some(*line));
            }
            lines
        };
        for (all, text, others) in [
            (&[4][..], "4", None),
            (&[4, 9], "4, 9", Some("9")),
            (&[4, 5, 6, 9], "4-6, 9", Some("5-6, 9")),
            (&[4, 4], "4", None),
        ] {
            assert_eq!(of(all).to_string(), text);
            assert_eq!(of(all).others().as_deref(), others, "{all:?}");
        }
        let many = of(&(0..1000).map(|n| 2 * n).collect::<Vec<_>>());
        assert_eq!((many.count(), many.first()), (1000, Some(0)));
        assert!(many.to_string().ends_with("44, 46, … (+976)"), "{many}");
        assert_eq!(Lines::of(None).first(), None);
    }
}
