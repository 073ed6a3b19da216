//! The policy made ready for use: its texts read once, and the survey's own calendar and clock.
//!
//! A policy is expected to be without faults here; what could not be read is simply left out.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::code::{Informant, Outcome};
use super::evidence::Window;
use super::policy::{Policy, minute_of_day, spans};

/// The id of the band that the effort rule calls evening.
pub const EVENING: &str = "evening";

/// What every rule takes: the policy, the calendar of the survey's zone, and the policy's lists as sets.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The document.
    pub policy: Policy,
    /// The survey's wall clock.
    pub calendar: Calendar,
    excluded: u64,
    proxy_now: u64,
    confirming: u8,
}

impl Rules {
    /// The rules of `policy` in the zone `tz`.
    pub fn new(policy: Policy, tz: TimeZone) -> Self {
        let outcomes = |slugs: &[String]| {
            slugs.iter().filter_map(|slug| Outcome::from_slug(slug)).map(outcome_bit).sum()
        };
        let confirming = policy.vacant.informants.iter().filter_map(|slug| Informant::from_slug(slug));
        Self {
            excluded: outcomes(&deduplicated(&policy.attempt.excludes)),
            proxy_now: outcomes(&deduplicated(&policy.proxy.now)),
            confirming: confirming
                .filter(|who| *who != Informant::None)
                .fold(0, |set, who| set | 1 << who.number()),
            calendar: Calendar::new(&policy, tz),
            policy,
        }
    }

    /// Whether a visit with that outcome may count as an attempt.
    pub fn counts(&self, outcome: Outcome) -> bool {
        self.excluded & outcome_bit(outcome) == 0
    }

    /// Whether the outcome allows a proxy at once.
    pub fn allows_proxy_now(&self, outcome: Outcome) -> bool {
        self.proxy_now & outcome_bit(outcome) != 0
    }

    /// Whether that informant's word confirms that nobody is to be registered.
    pub fn confirms(&self, informant: Informant) -> bool {
        self.confirming & (1 << informant.number()) != 0
    }
}

fn deduplicated(slugs: &[String]) -> Vec<String> {
    let mut slugs = slugs.to_vec();
    slugs.sort_unstable();
    slugs.dedup();
    slugs
}

fn outcome_bit(outcome: Outcome) -> u64 {
    1 << outcome.number()
}

/// A moment as the survey's wall clock shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The local date.
    pub date: Date,
    /// Whether that date counts as weekend.
    pub is_weekend: bool,
    /// The band of the day, an index into the policy's bands; none = quiet.
    pub band: Option<usize>,
}

/// A stretch of one day: minutes since midnight, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// When it begins, 0 to 1439.
    pub from: u16,
    /// When it ends, up to 1440.
    pub to: u16,
}

impl Span {
    /// What both spans have in common.
    #[must_use]
    pub fn overlap(self, other: Self) -> Option<Self> {
        let both = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from < both.to).then_some(both)
    }
}

/// The survey's wall clock: its zone, its weekends, its bands and its hours on duty.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The zone.
    pub tz: TimeZone,
    bands: Vec<Span>,
    evening: Option<usize>,
    weekend_dates: Vec<Date>,
    workday_dates: Vec<Date>,
    shifts: [Vec<Span>; 3],
    self_response_until: Option<Date>,
}

impl Calendar {
    /// The calendar of a policy in a zone.
    pub fn new(policy: &Policy, tz: TimeZone) -> Self {
        let dates = |texts: &[String]| {
            let mut dates: Vec<Date> = texts.iter().filter_map(|text| text.parse().ok()).collect();
            dates.sort_unstable();
            dates
        };
        let shift = |text: &str| {
            let read = spans(text).unwrap_or_default();
            read.into_iter().map(|(from, to)| Span { from, to }).collect()
        };
        let band = |from: &str, to: &str| {
            let (from, to) = (minute_of_day(from).unwrap_or(0), minute_of_day(to).unwrap_or(0));
            Span { from, to }
        };
        Self {
            tz,
            bands: policy.bands.iter().map(|b| band(&b.from, &b.to)).collect(),
            evening: policy.bands.iter().position(|b| b.id == EVENING),
            weekend_dates: dates(&policy.weekend_dates),
            workday_dates: dates(&policy.workday_dates),
            shifts: [
                shift(&policy.shift.weekday),
                shift(&policy.shift.saturday),
                shift(&policy.shift.sunday),
            ],
            self_response_until: policy.self_response.until.as_ref().and_then(|text| text.parse().ok()),
        }
    }

    /// The moment on the wall clock.
    pub fn local(&self, at: Timestamp) -> Local {
        let here = self.tz.to_datetime(at);
        let minute = minute(here.hour(), here.minute());
        let band = self.bands.iter().position(|band| band.from <= minute && minute < band.to);
        Local { date: here.date(), is_weekend: self.is_weekend_date(here.date()), band }
    }

    /// The local date of a moment.
    pub fn local_date(&self, at: Timestamp) -> Date {
        self.tz.to_datetime(at).date()
    }

    /// Whether a moment falls on a weekend.
    pub fn is_weekend(&self, at: Timestamp) -> bool {
        self.is_weekend_date(self.local_date(at))
    }

    /// Whether a date counts as weekend: Saturday, Sunday or an extra date, less the working ones.
    pub fn is_weekend_date(&self, date: Date) -> bool {
        if self.workday_dates.binary_search(&date).is_ok() {
            return false;
        }
        matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            || self.weekend_dates.binary_search(&date).is_ok()
    }

    /// The band of a moment, an index into the policy's bands; none = quiet.
    pub fn band(&self, at: Timestamp) -> Option<usize> {
        self.local(at).band
    }

    /// The bands, in the policy's order.
    pub fn bands(&self) -> &[Span] {
        &self.bands
    }

    /// The index of the band called evening.
    pub const fn evening(&self) -> Option<usize> {
        self.evening
    }

    /// The date before which nobody visits because households may still answer by themselves.
    pub const fn self_response_until(&self) -> Option<Date> {
        self.self_response_until
    }

    /// The hours on duty of a date for staff without hours of their own.
    pub fn shifts(&self, date: Date) -> &[Span] {
        let [weekday, saturday, sunday] = &self.shifts;
        match (self.is_weekend_date(date), date.weekday()) {
            (false, _) => weekday,
            (true, Weekday::Saturday) => saturday,
            (true, _) => sunday,
        }
    }

    /// The day on which somebody can still go out: today until its last band is over, then tomorrow.
    pub fn field_day(&self, now: Timestamp) -> Date {
        let today = self.local_date(now);
        let last = self.bands.iter().map(|band| band.to).max();
        let is_over = last.is_some_and(|last| self.moment(today, last) <= now);
        if is_over { today.checked_add(1.day()).unwrap_or(today) } else { today }
    }

    /// The first moment of a local date (which is not midnight where clocks jump over it).
    pub fn day_start(&self, date: Date) -> Timestamp {
        self.moment(date, 0)
    }

    /// The moment at which the wall clock of `date` shows `minute` (1440 = the next day's first moment); a time that
    /// the clocks skip is read as if they had not.
    pub fn moment(&self, date: Date, minute: u16) -> Timestamp {
        let (date, minute) = if minute >= 1440 {
            (date.checked_add(1.day()).unwrap_or(date), minute - 1440)
        } else {
            (date, minute)
        };
        let (hour, minute) = (i8::try_from(minute / 60).unwrap_or(0), i8::try_from(minute % 60).unwrap_or(0));
        let wall = date.at(hour, minute, 0, 0);
        self.tz.to_timestamp(wall).unwrap_or(if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }

    /// A span of a date as moments.
    pub fn window(&self, date: Date, span: Span) -> Window {
        Window { from: self.moment(date, span.from), to: self.moment(date, span.to) }
    }
}

fn minute(hour: i8, minute: i8) -> u16 {
    u16::from(hour.unsigned_abs()) * 60 + u16::from(minute.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(document: &str, zone: &str) -> Rules {
        Rules::new(toml::from_str(document).unwrap(), TimeZone::get(zone).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn bands_are_half_open_and_the_rest_is_quiet() {
        let calendar = rules("", "Asia/Shanghai").calendar;
        let band = |time: &str| calendar.band(at(&format!("2020-11-02T{time}+08:00")));
        assert_eq!(band("07:59:59"), None);
        assert_eq!(band("08:00:00"), Some(0));
        assert_eq!(band("11:59:59"), Some(0));
        assert_eq!(band("12:00:00"), Some(1));
        assert_eq!(band("18:00:00"), Some(2));
        assert_eq!(band("21:29:59"), Some(2));
        assert_eq!(band("21:30:00"), None);
    }

    #[test]
    fn extra_weekends_and_working_saturdays() {
        let calendar =
            rules("weekend_dates = [\"2020-10-08\"]\nworkday_dates = [\"2020-10-10\"]", "Asia/Shanghai")
                .calendar;
        assert!(calendar.is_weekend(at("2020-10-08T15:00:00+08:00")));
        assert!(!calendar.is_weekend(at("2020-10-10T19:00:00+08:00")));
        assert!(calendar.is_weekend(at("2020-10-11T00:00:00+08:00")));
        assert_eq!(calendar.shifts("2020-10-10".parse().unwrap()), [Span { from: 1080, to: 1290 }]);
        assert_eq!(calendar.shifts("2020-10-08".parse().unwrap()).len(), 2);
    }

    #[test]
    fn a_date_of_both_lists_is_a_working_day() {
        let both = "weekend_dates = [\"2020-10-08\", \"2020-10-10\"]\nworkday_dates = [\"2020-10-08\", \"2020-10-10\"]";
        let rules = rules(both, "Asia/Shanghai");
        assert_eq!(rules.policy.faults(), []);
        for day in ["2020-10-08", "2020-10-10"] {
            assert!(!rules.calendar.is_weekend(at(&format!("{day}T15:00:00+08:00"))), "{day}");
            assert_eq!(rules.calendar.shifts(day.parse().unwrap()), [Span { from: 1080, to: 1290 }], "{day}");
        }
    }

    #[test]
    fn a_day_starts_when_the_zone_says() {
        let calendar = rules("", "America/Sao_Paulo").calendar;
        assert_eq!(calendar.day_start("2017-10-15".parse().unwrap()), at("2017-10-15T01:00:00-02:00"));
        let calendar = rules("", "Europe/London").calendar;
        assert_eq!(calendar.moment("2020-10-24".parse().unwrap(), 1440), at("2020-10-25T00:00:00+01:00"));
    }

    #[test]
    fn late_in_the_evening_the_day_is_tomorrow() {
        let calendar = rules("", "Asia/Shanghai").calendar;
        let day = |time: &str| calendar.field_day(at(&format!("2020-11-02T{time}+08:00"))).to_string();
        assert_eq!(
            ["00:00:00", "21:29:59", "21:30:00", "23:59:59"].map(day),
            ["2020-11-02", "2020-11-02", "2020-11-03", "2020-11-03"]
        );
    }

    #[test]
    fn lists_are_sets() {
        let rules = rules("[attempt]\nexcludes = [\"no_entry\", \"no_entry\"]", "Asia/Shanghai");
        assert!(!rules.counts(Outcome::NoEntry));
        assert!(rules.counts(Outcome::NotFound));
        assert!(rules.allows_proxy_now(Outcome::Incapable));
        assert!(
            rules.confirms(Informant::Manager)
                && !rules.confirms(Informant::Relative)
                && !rules.confirms(Informant::None)
        );
    }
}
