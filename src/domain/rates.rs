//! Rates of completion and response, from integers that add up over areas.
//!
//! A case contributes one [`Cell`]; a [`Tally`] is the sum of cells; [`rates`] divides. All counting is in integers and
//! only the output is rounded (6 decimals). A zero denominator gives no rate, never 0 or 1. AAPOR's formulas are those
//! of the Standard Definitions (2015/2016), with e = E / (E + NE) unless a survey fixes it.

mod tally;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::case::{CompletedBy, Tallied};
use super::code::{Class, State};

pub use tally::{MOST_FORMS, PersonMeasure, Tally, form_counter, form_of_counter};

/// Whether a case belongs to the frame as it was frozen at the survey's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Baseline {
    /// It was listed then.
    In,
    /// It was found later.
    Out,
}

/// What one case contributes to the rates. Packed into one number so that it can be stored, compared and summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, each one bit of the packed form")]
pub struct Cell {
    /// The state.
    pub state: State,
    /// The class; none for merged and cancelled cases.
    pub class: Option<Class>,
    /// Whether the case was attempted.
    pub is_attempted: bool,
    /// Whether it has a counted attempt.
    pub has_counted: bool,
    /// Whether it was completed on the first counted attempt.
    pub is_first_visit: bool,
    /// Who completed it.
    pub completed_by: Option<CompletedBy>,
    /// Whether it belongs to the frozen frame.
    pub is_baseline: bool,
}

impl Cell {
    /// What a case contributes that counts as this.
    pub fn of(tallied: &Tallied, baseline: Baseline) -> Self {
        Self {
            state: tallied.state,
            class: tallied.class,
            is_attempted: tallied.is_attempted,
            has_counted: tallied.has_counted_attempt,
            is_first_visit: tallied.is_first_visit_complete,
            completed_by: tallied.completed_by,
            is_baseline: baseline == Baseline::In,
        }
    }

    /// The packed form: bits 0–3 state, 4–7 class, 8 attempted, 9 counted, 10 first visit, 11–12 completed by, 13 frame.
    pub fn code(self) -> i32 {
        let class = self.class.map_or(0, Class::number);
        let by = self.completed_by.map_or(0, CompletedBy::number);
        i32::from(self.state.number())
            | i32::from(class) << 4
            | i32::from(self.is_attempted) << 8
            | i32::from(self.has_counted) << 9
            | i32::from(self.is_first_visit) << 10
            | i32::from(by) << 11
            | i32::from(self.is_baseline) << 13
    }

    /// The cell of a packed form; none if it is no such form.
    pub fn from_code(code: i32) -> Option<Self> {
        let field = |shift: u32, mask: i32| i16::try_from(code >> shift & mask).ok();
        let (class, by) = (field(4, 15)?, field(11, 3)?);
        let cell = Self {
            state: State::from_number(field(0, 15)?)?,
            class: Class::from_number(class),
            is_attempted: code >> 8 & 1 == 1,
            has_counted: code >> 9 & 1 == 1,
            is_first_visit: code >> 10 & 1 == 1,
            completed_by: CompletedBy::from_number(by),
            is_baseline: code >> 13 & 1 == 1,
        };
        (cell.code() == code).then_some(cell)
    }
}

/// A rate with the integers it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// Above the line.
    pub numerator: i64,
    /// Below the line.
    pub denominator: i64,
    /// The quotient, rounded to 6 decimals; none for a zero denominator.
    pub rate: Option<f64>,
}

impl Ratio {
    /// The ratio of two counts.
    pub fn new(numerator: i64, denominator: i64) -> Self {
        Self { numerator, denominator, rate: Fraction::of(numerator, denominator).map(Fraction::rounded) }
    }
}

/// An exact fraction with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction {
    above: i128,
    below: i128,
}

impl Fraction {
    fn of(above: i64, below: i64) -> Option<Self> {
        Self::exact(i128::from(above), i128::from(below))
    }

    fn exact(above: i128, below: i128) -> Option<Self> {
        (below > 0).then_some(Self { above, below })
    }

    /// Half away from zero at the sixth decimal.
    #[expect(
        clippy::cast_precision_loss,
        reason = "millionths of shares and of case counts are far below 2^53"
    )]
    fn rounded(self) -> f64 {
        let doubled = self.above * 2_000_000;
        let millionths = (doubled.abs() + self.below) / (2 * self.below) * doubled.signum();
        millionths as f64 / 1_000_000.0
    }
}

/// Where the eligibility of unknown cases comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// Proportional allocation: E / (E + NE).
    Estimated,
    /// Fixed by the survey.
    Fixed,
}

/// One AAPOR rate. A denominator that contains e times the unknown cases is a decimal, rounded to 6 places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AaporRate {
    /// Above the line.
    pub numerator: i64,
    /// Below the line; none where e is needed and unknown.
    pub denominator: Option<f64>,
    /// The quotient, rounded to 6 decimals.
    pub rate: Option<f64>,
    is_whole: bool,
    exact: Option<Fraction>,
}

impl AaporRate {
    fn new(numerator: i64, denominator: Option<Fraction>) -> Self {
        let exact = denominator.and_then(|d| Fraction::exact(i128::from(numerator) * d.below, d.above));
        Self {
            numerator,
            denominator: denominator.map(Fraction::rounded),
            rate: exact.map(Fraction::rounded),
            is_whole: denominator.is_some_and(|d| d.below == 1),
            exact,
        }
    }

    /// The quotient in lowest terms.
    pub fn fraction(&self) -> Option<(i128, i128)> {
        let exact = self.exact?;
        let shared = greatest_common_divisor(exact.above.abs(), exact.below).max(1);
        Some((exact.above / shared, exact.below / shared))
    }
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl Serialize for AaporRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("numerator", &self.numerator)?;
        match self.denominator {
            #[expect(clippy::cast_possible_truncation, reason = "a whole count of cases")]
            Some(whole) if self.is_whole => map.serialize_entry("denominator", &(whole as i64))?,
            decimal => map.serialize_entry("denominator", &decimal)?,
        }
        map.serialize_entry("rate", &self.rate)?;
        map.end()
    }
}

/// The AAPOR rates of a tally.
#[derive(Clone, Debug, PartialEq)]
pub struct Aapor {
    /// The eligibility used, rounded to 6 decimals; none where it cannot be estimated.
    pub e: Option<f64>,
    /// Where that came from.
    pub eligibility: Eligibility,
    /// The rates by name, in the order in which they are usually listed.
    pub rates: Vec<(&'static str, AaporRate)>,
}

impl Aapor {
    /// The rate of that name, as `RR1`.
    pub fn get(&self, name: &str) -> Option<&AaporRate> {
        self.rates.iter().find(|(known, _)| *known == name).map(|(_, rate)| rate)
    }

    fn of(tally: &Tally, fixed: Option<f64>) -> Self {
        let n = |class: Class| tally.class(class);
        let (complete, partial, refused) = (n(Class::I), n(Class::P), n(Class::R));
        let (other, unknown) = (n(Class::O), n(Class::UH) + n(Class::UO));
        let eligible = complete + partial + refused + n(Class::NC) + other;
        let interviewed = complete + partial;
        let contacted = interviewed + refused + other;
        let e = fixed.map_or_else(|| Fraction::of(eligible, eligible + n(Class::NE)), millionths);
        let whole = |count: i64| Some(Fraction { above: i128::from(count), below: 1 });
        let all = whole(eligible + unknown);
        let likely =
            if unknown == 0 { whole(eligible) } else { e.and_then(|e| allocated(eligible, unknown, e)) };
        let known = whole(eligible);
        let rates = [
            ("RR1", complete, all),
            ("RR2", interviewed, all),
            ("RR3", complete, likely),
            ("RR4", interviewed, likely),
            ("RR5", complete, known),
            ("RR6", interviewed, known),
            ("COOP1", complete, whole(contacted)),
            ("COOP2", interviewed, whole(contacted)),
            ("COOP3", complete, whole(interviewed + refused)),
            ("COOP4", interviewed, whole(interviewed + refused)),
            ("REF1", refused, all),
            ("REF2", refused, likely),
            ("REF3", refused, known),
            ("CON1", contacted, all),
            ("CON2", contacted, likely),
            ("CON3", contacted, known),
        ];
        Self {
            e: e.map(Fraction::rounded),
            eligibility: if fixed.is_some() { Eligibility::Fixed } else { Eligibility::Estimated },
            rates: rates
                .into_iter()
                .map(|(name, above, below)| (name, AaporRate::new(above, below)))
                .collect(),
        }
    }
}

impl Serialize for Aapor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.rates.len() + 2))?;
        map.serialize_entry("e", &self.e)?;
        map.serialize_entry("eligibility", &self.eligibility)?;
        for (name, rate) in &self.rates {
            map.serialize_entry(name, rate)?;
        }
        map.end()
    }
}

/// A share given by hand, exact to the millionth.
fn millionths(share: f64) -> Option<Fraction> {
    #[expect(clippy::cast_possible_truncation, reason = "a share of 0 to 1 in millionths")]
    let above = (share.clamp(0.0, 1.0) * 1_000_000.0).round() as i128;
    Fraction::exact(above, 1_000_000)
}

/// E + e·U, exactly.
fn allocated(eligible: i64, unknown: i64, e: Fraction) -> Option<Fraction> {
    Fraction::exact(i128::from(eligible) * e.below + i128::from(unknown) * e.above, e.below)
}

/// Every rate of a tally. Serialises to the block of a completion row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// Resolved cases of the workload.
    pub completion: Ratio,
    /// Completed cases of those that are to be registered.
    pub enumeration: Ratio,
    /// Completed cases of those known to be lived in.
    pub occupied_return: Ratio,
    /// Attempted cases of the workload.
    pub attempt: Ratio,
    /// Cases completed by a proxy, of the completed.
    pub proxy_share: Ratio,
    /// Cases completed by self-response, of the completed.
    pub self_share: Ratio,
    /// Resolved cases of the frame frozen at the start.
    pub baseline_completion: Ratio,
    /// Cases completed on their first counted attempt, of those with one.
    pub first_visit: Ratio,
    /// The AAPOR rates.
    pub aapor: Aapor,
}

impl Rates {
    /// The same integers without a quotient: for rows of which no share means anything.
    #[must_use]
    pub fn without_shares(self) -> Self {
        let bare = |r: Ratio| Ratio { rate: None, ..r };
        let aapor = Aapor {
            rates: self
                .aapor
                .rates
                .into_iter()
                .map(|(name, r)| (name, AaporRate { rate: None, exact: None, ..r }))
                .collect(),
            ..self.aapor
        };
        Self {
            completion: bare(self.completion),
            enumeration: bare(self.enumeration),
            occupied_return: bare(self.occupied_return),
            attempt: bare(self.attempt),
            proxy_share: bare(self.proxy_share),
            self_share: bare(self.self_share),
            baseline_completion: bare(self.baseline_completion),
            first_visit: bare(self.first_visit),
            aapor,
        }
    }
}

/// Every rate of a tally; `e` is the survey's fixed eligibility, if it has one.
pub fn rates(tally: &Tally, e: Option<f64>) -> Rates {
    let state = |state: State| tally.state(state);
    let (completed, not_eligible) = (state(State::Completed), state(State::NotEligible));
    let active = tally.active();
    let lived_in =
        [Class::I, Class::P, Class::R, Class::NC, Class::O].map(|class| tally.class(class)).iter().sum();
    Rates {
        completion: Ratio::new(completed + not_eligible + state(State::Closed), active),
        enumeration: Ratio::new(completed, active - not_eligible),
        occupied_return: Ratio::new(completed, lived_in),
        attempt: Ratio::new(tally.attempted, active),
        proxy_share: Ratio::new(tally.by_proxy, completed),
        self_share: Ratio::new(tally.by_self, completed),
        baseline_completion: Ratio::new(tally.baseline_resolved, tally.baseline),
        first_visit: Ratio::new(tally.first_visit, tally.counted),
        aapor: Aapor::of(tally, e),
    }
}

#[cfg(test)]
mod tests;
