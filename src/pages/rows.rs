//! The headline of an area and the rows of its table: rates with their numbers, bars, what an evening has to bring.

use super::bar::bar;
use super::figures::{Rate, thousands};
use super::frame::quoted;
use super::look::{Entry, Look, legend, looks};
use super::visitor::Visitor;
use crate::report::Row;
use crate::store::survey::AreaRow;

/// The card of the headline.
pub struct Card {
    /// Completed of due.
    pub enumeration: Rate,
    /// Resolved of all active.
    pub completion: Rate,
    /// The bar.
    pub bar: String,
    /// Its legend.
    pub legend: Vec<Entry>,
    /// How the denominator comes about.
    pub denominator: String,
    /// The highest it can be; none when no device is silent.
    pub at_most: Option<String>,
    /// Filter of all doors due.
    pub due_filter: String,
}

/// The table of an area's parts.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) first: String,
    pub(super) is_buildings: bool,
    pub(super) rows: Vec<Line>,
    pub(super) total: Line,
    pub(super) sort: Sort,
}

/// One row of it.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) href: Option<String>,
    pub(super) scope: String,
    pub(super) rate: Rate,
    pub(super) at_most: Option<String>,
    pub(super) silent: Option<String>,
    pub(super) bar: String,
    pub(super) counts: Vec<(String, i64)>,
    pub(super) needed: String,
    pub(super) heard: String,
    pub(super) heard_at: Option<jiff::Timestamp>,
}

/// What the rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Name,
    Rate,
    Left,
    Refused,
    Heard,
}

impl Sort {
    pub(super) const WORDS: [&'static str; 5] = ["name", "rate", "left", "refused", "heard"];

    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "name" => Some(Self::Name),
            "rate" => Some(Self::Rate),
            "left" => Some(Self::Left),
            "refused" => Some(Self::Refused),
            "heard" => Some(Self::Heard),
            _ => None,
        }
    }

    pub(super) fn is(self, word: &str) -> bool {
        Self::of(word) == Some(self)
    }
}

/// The filter of an area's doors.
pub fn area_scope(area: &AreaRow) -> String {
    format!("area={}", quoted(&area.code))
}

/// The card of the headline of a row.
pub fn card(v: &Visitor, r: &Row) -> Card {
    let words = v.words;
    let counts = looks(&r.states);
    let enumeration = Rate::from(r.rates.enumeration);
    let out = counts.get(&Look::Out).copied().unwrap_or_default();
    let text: Vec<String> =
        legend(&counts, words).iter().map(|e| format!("{} {}", e.label, e.shown)).collect();
    Card {
        enumeration,
        completion: Rate::from(r.rates.completion),
        bar: bar(&counts, "big", &text.join(words.pick(", ", "，"))),
        legend: legend(&counts, words),
        denominator: words.say(
            "card.denominator",
            &[("due", &enumeration.due()), ("known", &thousands(r.cases)), ("out", &thousands(out))],
        ),
        at_most: at_most(v, r),
        due_filter: Look::due_filter(),
    }
}

/// The highest the rate can be once silent devices report, with its numbers.
fn at_most(v: &Visitor, r: &Row) -> Option<String> {
    let d = r.devices.as_ref()?;
    if d.unbounded {
        return Some(v.words.t("card.unbounded").to_owned());
    }
    if d.doors_held == 0 {
        return None;
    }
    let e = r.rates.enumeration;
    let most = Rate { above: (e.numerator + d.doors_held).min(e.denominator), below: e.denominator };
    most.has_share().then(|| v.words.say("card.at_most", &[("share", &most.share()), ("fraction", &most)]))
}

/// A row of an area.
pub(super) fn area_line(v: &Visitor, r: &Row, area: &AreaRow, evenings: i64) -> Line {
    let mut line = line(v, r, &format!("area={}", quoted(&r.code)), evenings);
    line.name.clone_from(v.words.pick(&r.name, &r.name_zh));
    line.href = (r.code != area.code).then(|| format!("/areas/{}", quoted(&r.code)));
    line
}

/// A row of the table; `scope` filters its doors.
pub(super) fn line(v: &Visitor, r: &Row, scope: &str, evenings: i64) -> Line {
    let counts = looks(&r.states);
    let rate = Rate::from(r.rates.enumeration);
    // With the completed ones all but the last add up to the doors due.
    let groups: [&[Look]; 6] = [
        &[Look::Appointment],
        &[Look::Again],
        &[Look::Refused],
        &[Look::New],
        &[Look::Verify, Look::Exhausted, Look::Closed],
        &[Look::Out],
    ];
    let n = |look: Look| counts.get(&look).copied().unwrap_or_default();
    let silent = r.devices.as_ref().map_or(0, |d| d.silent);
    let heard_at = r.devices.as_ref().and_then(|d| d.last_sync);
    let left = rate.below - rate.above;
    Line {
        name: v.words.t("table.total").to_owned(),
        href: None,
        scope: scope.to_owned(),
        rate,
        at_most: at_most(v, r),
        silent: (silent > 0).then(|| v.words.count("table.silent", silent, &[])),
        bar: bar(&counts, "mini", &v.words.say("table.bar", &[("fraction", &rate)])),
        counts: groups
            .iter()
            .map(|looks| {
                let filter = looks.iter().map(|l| l.filter()).collect::<Vec<_>>().join(",");
                (filter, looks.iter().map(|l| n(*l)).sum())
            })
            .collect(),
        needed: if evenings > 0 { thousands((left + evenings - 1) / evenings) } else { "—".to_owned() },
        heard: heard_at.map_or_else(|| "—".to_owned(), |at| v.when().brief(at, v.now)),
        heard_at,
    }
}

/// Puts the rows in order.
pub(super) fn sort_lines(rows: &mut [Line], sort: Sort) {
    let share = |l: &Line| {
        if l.rate.below > 0 { l.rate.above * 1_000_000 / l.rate.below } else { i64::MAX }
    };
    match sort {
        Sort::Name => {}
        Sort::Rate => rows.sort_by_key(share),
        Sort::Left => rows.sort_by_key(|l| l.rate.above - l.rate.below),
        Sort::Refused => rows.sort_by_key(|l| -l.counts.get(2).map_or(0, |c| c.1)),
        Sort::Heard => rows.sort_by_key(|l| l.heard_at),
    }
}
