//! Times as people read them, always by the clock of the survey's zone, never the browser's.

use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use super::words::Words;
use crate::domain::{Rules, Window};

/// A place to say times from: the survey's calendar in the reader's language.
#[derive(Clone, Copy)]
pub struct When<'a> {
    /// The survey's rules, for its zone.
    pub rules: &'a Rules,
    /// The reader's language.
    pub words: Words,
    /// First and last year of the field time: dates of other years carry theirs.
    pub years: (i16, i16),
}

impl When<'_> {
    /// Date and time: `Thu 5 Nov, 20:41` or `11月5日 周四 20:41`.
    pub fn full(&self, at: Timestamp) -> String {
        let day = self.day(self.rules.calendar.local_date(at));
        self.words.say("when.full", &[("day", &day), ("time", &self.clock(at))])
    }

    /// As short as it is clear beside `now`: the time today, else date and time.
    pub fn brief(&self, at: Timestamp, now: Timestamp) -> String {
        let (day, today) = (self.rules.calendar.local_date(at), self.rules.calendar.local_date(now));
        if day == today { self.clock(at) } else { format!("{} {}", self.short(day), self.clock(at)) }
    }

    /// The time of day: `20:41`.
    pub fn clock(&self, at: Timestamp) -> String {
        let time = at.to_zoned(self.rules.calendar.tz.clone()).time();
        format!("{:02}:{:02}", time.hour(), time.minute())
    }

    /// A date: `Thu 5 Nov` or `11月5日 周四`.
    pub fn day(&self, date: Date) -> String {
        let weekday = self.words.t(weekday_key(date.weekday()));
        let month_key = format!("month.{}", date.month());
        let month = self.words.t(&month_key);
        let places: [(&str, &(dyn std::fmt::Display + Sync)); 4] =
            [("weekday", &weekday), ("day", &date.day()), ("month", &month), ("year", &date.year())];
        if self.is_of_the_survey(date) {
            self.words.say("when.day", &places[..3])
        } else {
            self.words.say("when.day_year", &places)
        }
    }

    /// A date without its weekday: `5 Nov` or `11月5日`.
    pub fn short(&self, date: Date) -> String {
        let month_key = format!("month.{}", date.month());
        let month = self.words.t(&month_key);
        let places: [(&str, &(dyn std::fmt::Display + Sync)); 3] =
            [("day", &date.day()), ("month", &month), ("year", &date.year())];
        if self.is_of_the_survey(date) {
            self.words.say("when.short", &places[..2])
        } else {
            self.words.say("when.short_year", &places)
        }
    }

    fn is_of_the_survey(&self, date: Date) -> bool {
        (self.years.0..=self.years.1).contains(&date.year())
    }

    /// A time as the device wrote it, where its offset is not the survey's: `20:41 UTC+09:00`.
    pub fn as_written(&self, at: Timestamp, offset_min: i16) -> Option<String> {
        let offset = jiff::tz::Offset::from_seconds(i32::from(offset_min) * 60).ok()?;
        let own = self.rules.calendar.tz.to_offset(at);
        (own != offset).then(|| {
            offset.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
                + &format!(" UTC{}", signed_offset(offset_min))
        })
    }

    /// A window: `Sat 7 Nov, 10:00–12:00`; with both days where it spans more than one.
    pub fn window(&self, w: Window) -> String {
        let (from, to) = (self.rules.calendar.local_date(w.from), self.rules.calendar.local_date(w.to));
        if from == to {
            format!("{}–{}", self.full(w.from), self.clock(w.to))
        } else {
            format!("{} – {}", self.full(w.from), self.full(w.to))
        }
    }

    /// How long ago, in the largest whole unit: minutes, hours, days.
    pub fn ago(&self, at: Timestamp, now: Timestamp) -> String {
        let past = now.duration_since(at).max(SignedDuration::ZERO);
        let (hours, minutes) = (past.as_hours(), past.as_mins());
        if hours >= 48 {
            self.words.count("when.days", hours / 24, &[])
        } else if hours >= 1 {
            self.words.count("when.hours", hours, &[])
        } else {
            self.words.count("when.minutes", minutes, &[])
        }
    }

    /// Local date and time as a form's field holds it: `2020-11-05T20:41`.
    pub fn field(&self, at: Timestamp) -> String {
        let wall = at.to_zoned(self.rules.calendar.tz.clone());
        wall.strftime("%Y-%m-%dT%H:%M").to_string()
    }

    /// With the zone's offset, for `<time datetime>`.
    pub fn machine(&self, at: Timestamp) -> String {
        at.to_zoned(self.rules.calendar.tz.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// An instant as the export and the API write it.
    pub fn of_text(&self, text: &str) -> String {
        text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), |at| self.full(at))
    }
}

/// Minutes from UTC as `+08:00`.
fn signed_offset(minutes: i16) -> String {
    let sign = if minutes < 0 { '−' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
}

fn weekday_key(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "weekday.1",
        Weekday::Tuesday => "weekday.2",
        Weekday::Wednesday => "weekday.3",
        Weekday::Thursday => "weekday.4",
        Weekday::Friday => "weekday.5",
        Weekday::Saturday => "weekday.6",
        Weekday::Sunday => "weekday.7",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Language, Policy};

    #[test]
    fn times_are_those_of_the_surveys_zone() {
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let rules = Rules::new(Policy::default(), zone);
        let at: Timestamp = "2020-11-05T12:41:00Z".parse().unwrap();
        let say = |language| When { rules: &rules, words: Words(language), years: (2020, 2020) }.full(at);
        assert_eq!(say(Language::En), "Thu 5 Nov, 20:41");
        assert_eq!(say(Language::Zh), "11月5日 周四 20:41");
        let when = When { rules: &rules, words: Words(Language::En), years: (2020, 2020) };
        assert_eq!(when.field(at), "2020-11-05T20:41");
        assert_eq!(when.machine(at), "2020-11-05T20:41:00+08:00");
        let window = Window { from: at, to: at + SignedDuration::from_mins(30) };
        assert_eq!(when.window(window), "Thu 5 Nov, 20:41–21:11");
    }

    #[test]
    fn a_date_of_another_year_than_the_surveys_says_its_year() {
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let rules = Rules::new(Policy::default(), zone);
        let at: Timestamp = "2020-11-05T12:41:00Z".parse().unwrap();
        let of = |language, years| When { rules: &rules, words: Words(language), years };
        let (en, zh) = (of(Language::En, (2026, 2026)), of(Language::Zh, (2026, 2026)));
        assert_eq!([en.full(at), zh.full(at)], ["Thu 5 Nov 2020, 20:41", "2020年11月5日 周四 20:41"]);
        let now = at + SignedDuration::from_hours(48);
        assert_eq!([en.brief(at, now), zh.brief(at, now)], ["5 Nov 2020 20:41", "2020年11月5日 20:41"]);
        // A survey over the turn of the year has two years of its own.
        assert_eq!(of(Language::En, (2020, 2021)).brief(at, now), "5 Nov 20:41");
    }

    #[test]
    fn a_doubted_time_shows_the_offset_it_was_written_with() {
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let rules = Rules::new(Policy::default(), zone);
        let at: Timestamp = "2020-11-05T12:41:00Z".parse().unwrap();
        let when = When { rules: &rules, words: Words(Language::En), years: (2020, 2020) };
        assert_eq!(when.as_written(at, 480), None);
        assert_eq!(when.as_written(at, 0).as_deref(), Some("2020-11-05 12:41 UTC+00:00"));
        assert_eq!(when.as_written(at, -210).as_deref(), Some("2020-11-05 09:11 UTC−03:30"));
    }
}
