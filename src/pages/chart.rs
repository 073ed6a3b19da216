//! The chart of an area's progress: share completed by field day, the even plan, the last field day. SVG by attributes.

use std::fmt::Write;

use jiff::ToSpan;
use jiff::civil::Date;

use super::bar::escaped;
use super::figures::percent;
use super::visitor::Visitor;

const LEFT: f64 = 56.0;
const RIGHT: f64 = 544.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 196.0;

/// Draws the days of a survey's field time; `days` hold what was done and due by the end of each.
pub fn chart(v: &Visitor, days: &[(Date, i64, i64)]) -> String {
    let survey = &v.survey;
    let scale = Scale::new(survey.starts_on, survey.ends_on);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 560 226\" role=\"img\" aria-label=\"{}\">",
        escaped(v.words.t("chart.label"))
    );
    grid(&mut svg, v, &scale);
    let points: Vec<(f64, f64)> = std::iter::once((scale.x(0), BOTTOM))
        .chain(days.iter().map(|(day, done, due)| (scale.x(scale.place(*day)), y(*done, *due))))
        .collect();
    let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    // Writing to a String cannot fail.
    let _ = write!(svg, "<polyline class=\"done\" points=\"{}\"/>", line.join(" "));
    if let (Some((x, y)), Some((_, done, due))) = (points.last(), days.last()) {
        let share = percent(*done, *due).unwrap_or_default();
        let is_right = *x > 470.0;
        let (anchor, dx) = if is_right { ("end", -8.0) } else { ("start", 8.0) };
        let _ = write!(
            svg,
            "<circle class=\"now\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{share}</text>",
            x + dx,
            y + 16.0
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Days along, shares up.
struct Scale {
    first: Date,
    last: Date,
    days: i64,
}

impl Scale {
    fn new(first: Date, last: Date) -> Self {
        let days = first.until(last).map_or(0, |s| i64::from(s.get_days())) + 1;
        Self { first, last, days: days.max(1) }
    }

    /// How many field days are over at the end of a day; what comes after the last one stands at the edge.
    fn place(&self, day: Date) -> i64 {
        (self.first.until(day).map_or(0, |s| i64::from(s.get_days())) + 1).clamp(1, self.days)
    }

    /// After so many field days.
    #[expect(clippy::cast_precision_loss, reason = "field days are few")]
    fn x(&self, n: i64) -> f64 {
        LEFT + (RIGHT - LEFT) * n as f64 / self.days as f64
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of doors are far below 2^53")]
fn y(done: i64, due: i64) -> f64 {
    if due <= 0 { BOTTOM } else { BOTTOM - (BOTTOM - TOP) * done as f64 / due as f64 }
}

fn grid(svg: &mut String, v: &Visitor, scale: &Scale) {
    for quarter in 0..=4_i64 {
        let height = y(quarter, 4);
        let _ = write!(
            svg,
            "<line class=\"rule\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{height}\" y2=\"{height}\"/>\
             <text class=\"m\" x=\"50\" y=\"{}\" text-anchor=\"end\">{}%</text>",
            height + 4.0,
            quarter * 25
        );
    }
    let step = (scale.days / 5).max(1);
    let mut n = 0;
    while n < scale.days {
        let day = scale.first.saturating_add(n.days());
        let _ = write!(
            svg,
            "<text class=\"m\" x=\"{:.1}\" y=\"216\" text-anchor=\"middle\">{}</text>",
            scale.x(n),
            escaped(&v.when().short(day))
        );
        n += step;
    }
    let _ = write!(
        svg,
        "<line class=\"even\" x1=\"{LEFT}\" y1=\"{BOTTOM}\" x2=\"{RIGHT}\" y2=\"{TOP}\"/>\
         <line class=\"end\" x1=\"{RIGHT}\" x2=\"{RIGHT}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>\
         <text class=\"endw\" x=\"{}\" y=\"188\" text-anchor=\"end\">{}</text>\
         <text class=\"m\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
        RIGHT - 6.0,
        escaped(&v.words.say("chart.deadline", &[("day", &v.when().short(scale.last))])),
        LEFT + (RIGHT - LEFT) * 0.8 - 8.0,
        y(4, 5) - 4.0,
        escaped(v.words.t("chart.plan")),
    );
}
