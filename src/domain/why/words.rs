//! The small change of sentences: days, times, lists, counts, in English and Chinese.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};

use super::super::case::Standing;
use super::super::code::{EffortPart, Informant, Language, Outcome};
use super::super::evidence::Window;
use super::super::rules::Rules;

/// A standing about to be put into words.
pub(super) struct Words<'a> {
    pub standing: &'a Standing,
    pub rules: &'a Rules,
    pub language: Language,
}

/// A text as a sentence: first letter large, one full stop.
pub(super) fn sentence(text: &str, language: Language) -> String {
    let mut chars = text.chars();
    let mut text: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    match language {
        Language::En if !text.ends_with(['.', '?']) => text.push('.'),
        Language::Zh if !text.ends_with('。') => text.push('。'),
        Language::En | Language::Zh => {}
    }
    text
}

fn month(date: Date) -> &'static str {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    MONTHS[usize::from(date.month().unsigned_abs() - 1)]
}

fn weekday(date: Date, language: Language) -> &'static str {
    let (en, zh) = match date.weekday() {
        Weekday::Monday => ("Mon", "周一"),
        Weekday::Tuesday => ("Tue", "周二"),
        Weekday::Wednesday => ("Wed", "周三"),
        Weekday::Thursday => ("Thu", "周四"),
        Weekday::Friday => ("Fri", "周五"),
        Weekday::Saturday => ("Sat", "周六"),
        Weekday::Sunday => ("Sun", "周日"),
    };
    match language {
        Language::En => en,
        Language::Zh => zh,
    }
}

fn clock(time: DateTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

impl Words<'_> {
    /// One text or the other.
    pub fn say(&self, en: &str, zh: &str) -> String {
        match self.language {
            Language::En => en.to_owned(),
            Language::Zh => zh.to_owned(),
        }
    }

    /// `2 Nov`, `11月2日`.
    pub fn date(&self, date: Date) -> String {
        match self.language {
            Language::En => format!("{} {}", date.day(), month(date)),
            Language::Zh => format!("{}月{}日", date.month(), date.day()),
        }
    }

    /// The local date of a moment.
    pub fn day(&self, at: Timestamp) -> String {
        self.date(self.rules.calendar.local_date(at))
    }

    /// `Wed 4 Nov, 19:00–19:30`, `11月4日（周三）19:00–19:30`.
    pub fn window(&self, window: Window) -> String {
        let tz = &self.rules.calendar.tz;
        let (from, to) = (tz.to_datetime(window.from), tz.to_datetime(window.to));
        let (date, day) = (self.date(from.date()), weekday(from.date(), self.language));
        let start = match self.language {
            Language::En => format!("{day} {date}, {}", clock(from)),
            Language::Zh => format!("{date}（{day}）{}", clock(from)),
        };
        if from.date() == to.date() { format!("{start}–{}", clock(to)) } else { start }
    }

    /// The window of the appointment not used up; nothing where there is none.
    pub fn appointment(&self) -> String {
        self.standing.appointment.map_or_else(String::new, |window| self.window(window))
    }

    /// What an outcome is called inside a sentence.
    pub fn outcome(&self, outcome: Outcome) -> String {
        super::spoken(outcome, self.language)
    }

    /// Who said so, if somebody did.
    pub fn informant(&self, informant: Informant) -> Option<&'static str> {
        (informant != Informant::None).then(|| informant.label(self.language))
    }

    /// `a, b and c`, `a、b、c`.
    pub fn list(&self, items: &[String]) -> String {
        match (self.language, items) {
            (Language::Zh, _) => items.join("、"),
            (Language::En, [rest @ .., last]) if !rest.is_empty() => {
                format!("{} and {last}", rest.join(", "))
            }
            (Language::En, _) => items.concat(),
        }
    }

    /// User names.
    pub fn names(&self, names: &[Arc<str>]) -> String {
        self.list(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    /// `a, b or c`, `a、b或c`.
    fn choice(&self, items: &[String]) -> String {
        let (comma, or) = match self.language {
            Language::En => (", ", " or "),
            Language::Zh => ("、", "或"),
        };
        match items {
            [rest @ .., last] if !rest.is_empty() => format!("{}{or}{last}", rest.join(comma)),
            _ => items.concat(),
        }
    }

    /// Whose word confirms a claim.
    pub fn confirming(&self) -> String {
        let whose = Informant::ALL.iter().filter(|who| self.rules.confirms(**who));
        self.choice(&whose.map(|who| self.who(*who)).collect::<Vec<_>>())
    }

    /// Who may answer for a household.
    pub fn proxies(&self) -> String {
        let whose = self.rules.policy.proxy.informants.iter().filter_map(|slug| Informant::from_slug(slug));
        self.choice(&whose.map(|who| self.who(who)).collect::<Vec<_>>())
    }

    /// An informant with an article.
    pub fn who(&self, informant: Informant) -> String {
        let en = match informant {
            Informant::None => "nobody",
            Informant::Neighbour => "a neighbour",
            Informant::Manager => "the property manager",
            Informant::Relative => "a relative",
        };
        self.say(en, informant.label(Language::Zh))
    }

    /// `2 visits`, `已入户 2 次`, and for none that counts, how often somebody tried.
    pub fn visits(&self) -> String {
        let (counted, stored) = (self.standing.counted.attempts, self.standing.visits_stored);
        match (counted, stored) {
            (0, 0) => self.say("no visit yet", "尚未入户"),
            (0, n) => {
                let plural = if n == 1 { "contact" } else { "contacts" };
                self.say(
                    &format!("{n} {plural}, none that counts as a visit"),
                    &format!("联系 {n} 次，均不计入户次数"),
                )
            }
            (1, _) => self.say("1 visit", "已入户 1 次"),
            (n, _) => self.say(&format!("{n} visits"), &format!("已入户 {n} 次")),
        }
    }

    /// What of the effort rule is missing: `1 more visit, an evening and a weekend`.
    pub fn missing(&self) -> String {
        let closing = &self.rules.policy.closing;
        let counted = self.standing.counted;
        let parts = self.standing.unmet.iter().map(|part| match part {
            EffortPart::Attempts => {
                let n = closing.min_attempts.saturating_sub(counted.attempts);
                self.say(&counted_en(n, "more visit"), &format!("再访 {n} 次"))
            }
            EffortPart::Days => {
                let n = closing.min_distinct_days.saturating_sub(counted.days);
                self.say(&counted_en(n, "more day"), &format!("另外 {n} 天"))
            }
            EffortPart::Bands if counted.bands > 0 => self.say("another time of day", "另一时段"),
            EffortPart::Bands => {
                let n = closing.min_time_bands;
                self.say(
                    &counted_en(n, "time of day").replace("time of days", "times of day"),
                    &format!("{n} 个时段"),
                )
            }
            EffortPart::Evening => self.say("an evening", "晚间"),
            EffortPart::Weekend => self.say("a weekend", "周末"),
        });
        self.list(&parts.collect::<Vec<_>>())
    }
}

fn counted_en(n: u32, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
