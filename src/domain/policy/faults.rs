//! The faults of a policy document, all at once. A policy with a fault must not be applied.

use jiff::civil::Date;

use super::super::code::{Informant, Outcome};
use super::super::rates::MOST_FORMS;
use super::{Forms, Policy, Shift};

/// One fault of a policy: which key, what stands there, and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// The key, tables joined with dots, items counted from 0: `closing.max_attempts`, `band[1].to`.
    pub key: String,
    /// The value as text.
    pub value: String,
    /// The rule, as the end of the sentence "must …".
    pub rule: String,
}

/// Minutes since midnight of `HH:MM`, 0 to 1440 (`24:00`); nothing if the text is no such time.
pub(in crate::domain) fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let is_two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !is_two_digits(hours) || !is_two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 1440).then_some(total)
}

/// The spans of `HH:MM-HH:MM;…` as minutes since midnight; empty text gives none, a faulty span gives nothing at all.
pub(in crate::domain) fn spans(text: &str) -> Option<Vec<(u16, u16)>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    text.split(';')
        .map(|span| {
            let (from, to) = span.split_once('-')?;
            let (from, to) = (minute_of_day(from)?, minute_of_day(to)?);
            (from < to).then_some((from, to))
        })
        .collect()
}

impl Policy {
    /// Every fault of the document, in the order of its tables; empty = it may be applied.
    pub fn faults(&self) -> Vec<PolicyFault> {
        let mut list = Faults::default();
        list.dates("weekend_dates", &self.weekend_dates);
        list.dates("workday_dates", &self.workday_dates);
        self.calendar_faults(&mut list);
        self.band_faults(&mut list);
        self.code_faults(&mut list);
        self.number_faults(&mut list);
        self.closing_faults(&mut list);
        self.probability_faults(&mut list);
        self.shift.faults(&mut list);
        self.forms.faults(&mut list);
        list.0
    }

    fn calendar_faults(&self, list: &mut Faults) {
        for (key, text) in
            [("self_response.until", &self.self_response.until), ("privacy.purge_on", &self.privacy.purge_on)]
        {
            if let Some(text) = text {
                list.date(key, text);
            }
        }
    }

    fn band_faults(&self, list: &mut Faults) {
        if self.bands.is_empty() || self.bands.len() > 8 {
            list.add("band", &self.bands.len().to_string(), "be 1 to 8 bands");
        }
        let mut read: Vec<(u16, u16)> = Vec::new();
        for (n, band) in self.bands.iter().enumerate() {
            if band.id.trim().is_empty() || self.bands.iter().take(n).any(|earlier| earlier.id == band.id) {
                list.add(&format!("band[{n}].id"), &band.id, "be a name of its own");
            }
            let (from, to) = (minute_of_day(&band.from), minute_of_day(&band.to));
            for (key, text, value) in [("from", &band.from, from), ("to", &band.to, to)] {
                if value.is_none() {
                    list.add(&format!("band[{n}].{key}"), text, "be a time of day HH:MM");
                }
            }
            let (Some(from), Some(to)) = (from, to) else {
                continue;
            };
            if from >= to {
                list.add(&format!("band[{n}].to"), &band.to, "be later than the band's beginning");
            } else if read.iter().any(|(start, end)| from < *end && *start < to) {
                list.add(&format!("band[{n}].from"), &band.from, "not overlap another band");
            }
            read.push((from, to));
        }
    }

    fn code_faults(&self, list: &mut Faults) {
        let outcomes = [("attempt.excludes", &self.attempt.excludes), ("proxy.now", &self.proxy.now)];
        for (key, slugs) in outcomes {
            for slug in slugs.iter().filter(|slug| Outcome::from_slug(slug).is_none()) {
                list.add(key, slug, "be outcomes that exist");
            }
        }
        let informants =
            [("proxy.informants", &self.proxy.informants), ("vacant.informants", &self.vacant.informants)];
        for (key, slugs) in informants {
            for slug in slugs {
                if matches!(Informant::from_slug(slug), None | Some(Informant::None)) {
                    list.add(key, slug, "be informants that exist");
                }
            }
        }
    }

    fn number_faults(&self, list: &mut Faults) {
        let ranges = [
            ("attempt.min_gap_minutes", self.attempt.min_gap_minutes, 0, 1440),
            ("closing.min_attempts", self.closing.min_attempts, 0, 100),
            ("closing.min_evening", self.closing.min_evening, 0, 100),
            ("closing.min_weekend", self.closing.min_weekend, 0, 100),
            ("closing.max_attempts", self.closing.max_attempts, 1, 100),
            ("closing.reopen_extra_attempts", self.closing.reopen_extra_attempts, 0, 100),
            ("proxy.failed_tries", self.proxy.failed_tries, 0, 100),
            ("proxy.prefer_from_attempts", self.proxy.prefer_from_attempts, 0, 100),
            ("appointment.early_minutes", self.appointment.early_minutes, 0, 720),
            ("appointment.grace_minutes", self.appointment.grace_minutes, 0, 1440),
            ("appointment.reserve_minutes", self.appointment.reserve_minutes, 0, 720),
            ("refusal.soft_to_refused", self.refusal.soft_to_refused, 1, 100),
            ("refusal.cooling_days", self.refusal.cooling_days, 0, 365),
            ("refusal.conversion_tries", self.refusal.conversion_tries, 0, 100),
            ("vacant.confirm_days", self.vacant.confirm_days, 1, 100),
            ("interview.missing_days", self.interview.missing_days, 0, 365),
            ("pages.silent_hours", self.pages.silent_hours, 1, 8760),
            ("lease.hours", self.lease.hours, 1, 8760),
            ("self_response.grace_hours", self.self_response.grace_hours, 0, 720),
            ("limits.picture_mib", self.limits.picture_mib, 1, 1_000_000),
            ("limits.unnamed_mib", self.limits.unnamed_mib, 1, 1_000_000),
            ("limits.unnamed_days", self.limits.unnamed_days, 1, 365),
            ("limits.refused", self.limits.refused, 0, 1_000_000),
            ("plan.max_per_day", self.plan.max_per_day, 1, 24),
            ("plan.min_gap_minutes", self.plan.min_gap_minutes, 0, 1440),
        ];
        for (key, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                list.add(key, &value.to_string(), &format!("be {least} to {most}"));
            }
        }
    }

    fn closing_faults(&self, list: &mut Faults) {
        let closing = &self.closing;
        if closing.max_attempts < closing.min_attempts {
            let rule = format!("be at least closing.min_attempts ({})", closing.min_attempts);
            list.add("closing.max_attempts", &closing.max_attempts.to_string(), &rule);
        }
        if closing.min_distinct_days > closing.min_attempts {
            let rule = format!("be at most closing.min_attempts ({})", closing.min_attempts);
            list.add("closing.min_distinct_days", &closing.min_distinct_days.to_string(), &rule);
        }
        if closing.min_time_bands as usize > self.bands.len() {
            let rule = format!("be at most the number of bands ({})", self.bands.len());
            list.add("closing.min_time_bands", &closing.min_time_bands.to_string(), &rule);
        }
        if closing.min_evening > 0 && !self.bands.iter().any(|band| band.id == super::super::rules::EVENING) {
            list.add(
                "closing.min_evening",
                &closing.min_evening.to_string(),
                "be 0 where no band is called evening",
            );
        }
    }

    fn probability_faults(&self, list: &mut Faults) {
        let link = &self.link;
        let probabilities = [
            ("link.upper", link.upper),
            ("link.upper_across_doors", link.upper_across_doors),
            ("link.lower", Some(link.lower)),
            ("rates.e", self.rates.e),
        ];
        for (key, value) in probabilities {
            if let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) {
                list.add(key, &value.to_string(), "be 0 to 1");
            }
        }
        let uppers = [link.upper, link.upper_across_doors];
        if uppers.into_iter().flatten().any(|upper| link.lower > upper) {
            list.add(
                "link.lower",
                &link.lower.to_string(),
                "be at most link.upper and link.upper_across_doors",
            );
        }
        let minutes = &self.minutes;
        let durations = [
            ("minutes.knock", minutes.knock),
            ("minutes.interview", minutes.interview),
            ("minutes.stairs_per_floor", minutes.stairs_per_floor),
            ("minutes.walk_m_per_min", minutes.walk_m_per_min),
        ];
        for (key, value) in durations {
            if !(value.is_finite() && value > 0.0 && value <= 1000.0) {
                list.add(key, &value.to_string(), "be above 0 and at most 1000");
            }
        }
    }
}

impl Shift {
    fn faults(&self, list: &mut Faults) {
        let days = [
            ("shift.weekday", &self.weekday),
            ("shift.saturday", &self.saturday),
            ("shift.sunday", &self.sunday),
        ];
        for (key, text) in days {
            if spans(text).is_none() {
                list.add(key, text, "be spans HH:MM-HH:MM, several with ;");
            }
        }
    }
}

impl Forms {
    fn faults(&self, list: &mut Faults) {
        if !["zh", "en"].contains(&self.language.as_str()) {
            list.add("forms.language", &self.language, "be zh or en");
        }
        if self.main.trim().is_empty() {
            list.add("forms.main", &self.main, "be the id of a form");
        }
        if self.extra.len() > MOST_FORMS {
            let rule = format!("be at most {MOST_FORMS} forms");
            list.add("forms.extra", &self.extra.len().to_string(), &rule);
        }
        for (n, id) in self.extra.iter().enumerate() {
            if self.extra[..n].contains(id) || *id == self.main {
                list.add(&format!("forms.extra[{n}]"), id, "be a form that is named once");
            }
        }
    }
}

#[derive(Default)]
struct Faults(Vec<PolicyFault>);

impl Faults {
    fn add(&mut self, key: &str, value: &str, rule: &str) {
        self.0.push(PolicyFault {
            key: key.to_owned(),
            value: value.to_owned(),
            rule: format!("must {rule}"),
        });
    }

    fn date(&mut self, key: &str, text: &str) {
        if text.len() != 10 || text.parse::<Date>().is_err() {
            self.add(key, text, "be a date YYYY-MM-DD");
        }
    }

    fn dates(&mut self, key: &str, texts: &[String]) {
        for text in texts {
            self.date(key, text);
        }
    }
}
