//! One line per stop: why this door, in English and in Chinese, made of the numbers that ranked it.
//! It words what it is given; no chance of a household ever appears in a line.

use super::model::BestStretch;
use super::slot::{DayKind, clock};
use crate::domain::{EffortPart, Informant, Language};
use jiff::civil::{Date, Weekday};
use serde::Serialize;
use std::sync::Arc;

/// The numbers a line is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grounds {
    /// Counted attempts so far.
    pub attempts: u32,
    /// What speaks for the door.
    pub cause: Cause,
    /// Parts of the closing rule still missing; empty when it is met.
    pub missing: Vec<EffortPart>,
    /// Where and when people are in, if that is known well enough to be said.
    pub best: Option<Best>,
}

/// What speaks for a door.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// Agreed with the household.
    Agreed {
        /// Local date.
        on: Date,
        /// Wall-clock minute.
        minute: f64,
    },
    /// Agreed for before the day planned, and still to come.
    AgreedBefore {
        /// Local date of the appointment.
        on: Date,
        /// Wall-clock minute.
        minute: f64,
    },
    /// Agreed, and nobody of us came.
    WeMissed {
        /// Local date of the appointment.
        on: Date,
        /// Wall-clock minute.
        minute: f64,
    },
    /// Refused; somebody else tries.
    Convert {
        /// Who was refused last.
        by: Arc<str>,
        /// Local date of the refusal.
        on: Date,
    },
    /// Said or seen to be empty, or not a dwelling.
    Claimed {
        /// Local date of the claim.
        on: Date,
        /// Who said so.
        by: Informant,
    },
    /// Partly answered.
    Partial {
        /// Local date of the last visit.
        on: Date,
    },
    /// The rule is met, or the outcome allows it: a neighbour may answer.
    ProxyAllowed,
    /// All visits are used up.
    UsedUp,
    /// Never visited.
    First {
        /// Open doors of the staircase on the day's list.
        open: usize,
    },
    /// Visited before, nobody met or no result.
    Again {
        /// When the visits were.
        pattern: Pattern,
    },
}

/// When the past visits were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// All on weekdays before this full hour.
    Before(u16),
    /// All on weekday evenings.
    Evenings,
    /// All on weekends.
    Weekends,
    /// Nothing in common, or no visit with a time.
    Mixed,
}

/// A place and the hours at which it answers best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Building, or the area where the building has too few visits.
    pub place: BestPlace,
    /// The hours.
    pub hours: BestStretch,
    /// Knocks the claim rests on.
    pub knocks: u32,
}

/// What a claim speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BestPlace {
    /// One building.
    Building(Arc<str>),
    /// The area around it.
    Area,
}

/// The line in a language.
pub fn line(grounds: &Grounds, language: Language) -> String {
    match language {
        Language::En => english(grounds),
        Language::Zh => chinese(grounds),
    }
}

fn english(g: &Grounds) -> String {
    let head = match &g.cause {
        Cause::Agreed { on, minute } => {
            return format!("Asked for {} {}.", weekday_en(*on), clock(*minute));
        }
        Cause::AgreedBefore { on, minute } => {
            return format!(
                "Asked for {} {}; if nobody is met there then, go there first.",
                date_en(*on),
                clock(*minute)
            );
        }
        Cause::WeMissed { on, minute } => {
            return format!(
                "We missed the appointment of {} {}; go there first.",
                date_en(*on),
                clock(*minute)
            );
        }
        Cause::Convert { by, on } => {
            return format!("Refused to {by} on {}; second try by you.", date_en(*on));
        }
        Cause::Claimed { on, by } => {
            return format!("{} on {}; needs a second look.", said_en(*by), date_en(*on));
        }
        Cause::Partial { on } => format!("Partly answered on {}", date_en(*on)),
        Cause::ProxyAllowed => format!("{}, the rule is met: a neighbour may answer", visits_en(g.attempts)),
        Cause::UsedUp => return format!("{} used up; ask a neighbour.", visits_en(g.attempts)),
        Cause::First { open: 1 } => "First visit".to_owned(),
        Cause::First { open } => format!("First visit; this staircase has {open} open doors"),
        Cause::Again { .. } if only_one(g).is_some() => only_en(g),
        Cause::Again { pattern } => again_en(g, *pattern),
    };
    format!("{head}{}.", best_en(g.best.as_ref()))
}

fn again_en(g: &Grounds, pattern: Pattern) -> String {
    let all = if g.attempts == 2 { "both" } else { "all" };
    let when = match (pattern, g.attempts) {
        (Pattern::Mixed, _) | (_, 0) => String::new(),
        (Pattern::Before(hour), 1) => format!(", before {hour}:00"),
        (Pattern::Evenings, 1) => ", in the evening".to_owned(),
        (Pattern::Weekends, 1) => ", at the weekend".to_owned(),
        (Pattern::Before(hour), _) => format!(", {all} before {hour}:00"),
        (Pattern::Evenings, _) => format!(", {all} in the evening"),
        (Pattern::Weekends, _) => format!(", {all} at the weekend"),
    };
    let missing = missing_kinds(g);
    let still = if missing.is_empty() {
        String::new()
    } else {
        let words: Vec<_> = missing.iter().map(|p| part_en(*p)).collect();
        format!("; still missing: {}", words.join(" and "))
    };
    format!("{}{when}{still}", visits_en(g.attempts))
}

fn only_en(g: &Grounds) -> String {
    let part = only_one(g).map_or("", part_en);
    format!("{}; only {part} is missing, then a neighbour may answer", visits_en(g.attempts))
}

fn best_en(best: Option<&Best>) -> String {
    let Some(b) = best else { return String::new() };
    let place = match &b.place {
        BestPlace::Building(name) => format!("building {name}"),
        BestPlace::Area => "the area".to_owned(),
    };
    format!("; {place} answers best {}{}", day_en(b.hours.kind), hours(&b.hours))
}

fn day_en(kind: DayKind) -> &'static str {
    match kind {
        DayKind::Weekday => "",
        DayKind::Weekend => "at weekends ",
    }
}

fn visits_en(n: u32) -> String {
    match n {
        0 => "No visit counted".to_owned(),
        1 => "1 visit".to_owned(),
        _ => format!("{n} visits"),
    }
}

fn part_en(part: EffortPart) -> &'static str {
    match part {
        EffortPart::Attempts => "a visit",
        EffortPart::Days => "another day",
        EffortPart::Bands => "another time of day",
        EffortPart::Evening => "an evening visit",
        EffortPart::Weekend => "a weekend visit",
    }
}

fn said_en(by: Informant) -> &'static str {
    match by {
        Informant::None => "Looked empty or not a dwelling",
        Informant::Neighbour => "A neighbour said empty",
        Informant::Manager => "The manager said empty",
        Informant::Relative => "A relative said empty",
    }
}

fn chinese(g: &Grounds) -> String {
    let head = match &g.cause {
        Cause::Agreed { on, minute } => {
            return format!("约定{} {}。", weekday_zh(*on), clock(*minute));
        }
        Cause::AgreedBefore { on, minute } => {
            return format!("约定 {} {}；届时未遇，请最先前往。", date_zh(*on), clock(*minute));
        }
        Cause::WeMissed { on, minute } => {
            return format!("{} {}的预约我方未到，请最先前往。", date_zh(*on), clock(*minute));
        }
        Cause::Convert { by, on } => return format!("{}拒绝过 {by}，由您再试一次。", date_zh(*on)),
        Cause::Claimed { on, by } => {
            return format!("{}{}，需再核实一次。", date_zh(*on), said_zh(*by));
        }
        Cause::Partial { on } => format!("{}已登记一部分", date_zh(*on)),
        Cause::ProxyAllowed => format!("{}，已达规定，可请邻居代答", visits_zh(g.attempts)),
        Cause::UsedUp => return format!("{}，次数已用完，请邻居代答。", visits_zh(g.attempts)),
        Cause::First { open: 1 } => "首次入户".to_owned(),
        Cause::First { open } => format!("首次入户；本单元还有 {open} 户未完成"),
        Cause::Again { .. } if only_one(g).is_some() => only_zh(g),
        Cause::Again { pattern } => again_zh(g, *pattern),
    };
    format!("{head}{}。", best_zh(g.best.as_ref()))
}

fn again_zh(g: &Grounds, pattern: Pattern) -> String {
    let all = if g.attempts > 1 { "都" } else { "" };
    let when = match (pattern, g.attempts) {
        (Pattern::Mixed, _) | (_, 0) => String::new(),
        (Pattern::Before(hour), _) => format!("，{all}在 {hour}:00 之前"),
        (Pattern::Evenings, _) => format!("，{all}在晚间"),
        (Pattern::Weekends, _) => format!("，{all}在周末"),
    };
    let missing = missing_kinds(g);
    let still = if missing.is_empty() {
        String::new()
    } else {
        let words: Vec<_> = missing.iter().map(|p| part_zh(*p)).collect();
        format!("；还缺{}", words.join("和"))
    };
    format!("{}{when}{still}", visits_zh(g.attempts))
}

fn only_zh(g: &Grounds) -> String {
    let part = only_one(g).map_or("", part_zh);
    format!("{}；只差{part}，之后可请邻居代答", visits_zh(g.attempts))
}

fn best_zh(best: Option<&Best>) -> String {
    let Some(b) = best else { return String::new() };
    let place = match &b.place {
        BestPlace::Building(name) if name.parse::<u32>().is_ok() => format!("{name} 号楼"),
        BestPlace::Building(name) => format!("{name} 楼"),
        BestPlace::Area => "本片区".to_owned(),
    };
    let day = match b.hours.kind {
        DayKind::Weekday => "",
        DayKind::Weekend => "周末",
    };
    format!("；{place}{day} {} 最容易有人", hours(&b.hours))
}

fn visits_zh(n: u32) -> String {
    if n == 0 { "尚无有效入户".to_owned() } else { format!("已入户 {n} 次") }
}

fn part_zh(part: EffortPart) -> &'static str {
    match part {
        EffortPart::Attempts => "一次入户",
        EffortPart::Days => "另一天入户",
        EffortPart::Bands => "另一时段入户",
        EffortPart::Evening => "晚间入户",
        EffortPart::Weekend => "周末入户",
    }
}

fn said_zh(by: Informant) -> &'static str {
    match by {
        Informant::None => "看似空置或非住宅",
        Informant::Neighbour => "邻居说无人居住",
        Informant::Manager => "物业说无人居住",
        Informant::Relative => "亲属说无人居住",
    }
}

/// The single kind of visit that would complete the rule, if one visit can.
fn only_one(g: &Grounds) -> Option<EffortPart> {
    let kinds = missing_kinds(g);
    let one_visit = !g.missing.is_empty() && g.attempts >= 2;
    match kinds.as_slice() {
        [one] if one_visit => Some(*one),
        _ => None,
    }
}

/// Missing parts that say when to come; numbers of visits and days follow by themselves.
fn missing_kinds(g: &Grounds) -> Vec<EffortPart> {
    let kind = |p: &EffortPart| match p {
        EffortPart::Evening | EffortPart::Weekend | EffortPart::Bands => true,
        EffortPart::Attempts | EffortPart::Days => false,
    };
    let kinds: Vec<_> = g.missing.iter().copied().filter(kind).collect();
    // an evening visit brings the second band with it unless all visits were evenings
    if kinds.contains(&EffortPart::Evening) {
        return kinds.into_iter().filter(|p| *p != EffortPart::Bands).collect();
    }
    kinds
}

fn hours(b: &BestStretch) -> String {
    format!("{}–{}", clock(f64::from(b.from)), clock(f64::from(b.to)))
}

fn weekday_en(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn weekday_zh(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "周一",
        Weekday::Tuesday => "周二",
        Weekday::Wednesday => "周三",
        Weekday::Thursday => "周四",
        Weekday::Friday => "周五",
        Weekday::Saturday => "周六",
        Weekday::Sunday => "周日",
    }
}

fn date_en(date: Date) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = usize::from(date.month().unsigned_abs()).saturating_sub(1) % 12;
    format!("{} {}", date.day(), MONTHS[month])
}

fn date_zh(date: Date) -> String {
    format!("{} 月 {} 日", date.month(), date.day())
}
