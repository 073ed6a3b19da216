//! The model to look at: its numbers as data, and a small heat map. For supervisors, never for households.
//! It computes nothing new.

use super::input::DayInput;
use super::slot::{DayKind, EDGES, PER_DAY, PerSlot, SLOTS, Slot, clock, slot_at};
use super::stairwise::Insight;
use crate::domain::Language;
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::Arc;

/// What the model has learnt, as data.
#[derive(Clone, Debug, Serialize)]
pub struct ModelView {
    /// Changes whenever a knock is added.
    pub version: String,
    /// Knocks it rests on.
    pub knocks: u32,
    /// Chance that an answered knock leads to an interview.
    pub success: f64,
    /// The same at a second try after a refusal.
    pub conversion: f64,
    /// Chance that a neighbour answers, before and after 18:00.
    pub proxy: (f64, f64),
    /// Minutes of a knock in vain.
    pub knock_minutes: f64,
    /// Minutes of an interview.
    pub interview_minutes: f64,
    /// Stretches of the day, wall clock.
    pub slots: Vec<SlotName>,
    /// One row per area, then one per building.
    pub rows: Vec<ModelRow>,
}

/// A stretch of the day.
#[derive(Clone, Debug, Serialize)]
pub struct SlotName {
    /// Weekday or weekend.
    pub kind: DayKind,
    /// Start, `HH:MM`.
    pub from: String,
    /// End, `HH:MM`.
    pub to: String,
}

/// Chances of a first knock, by slot.
#[derive(Clone, Debug, Serialize)]
pub struct ModelRow {
    /// Area code.
    pub area: Arc<str>,
    /// Building number; none for the area as a whole.
    pub building: Option<Arc<str>>,
    /// Chance that an average door answers a first knock, per slot.
    pub chance: Vec<f64>,
    /// Knocks made, per slot.
    pub knocks: Vec<u32>,
    /// Of these, answered.
    pub answered: Vec<u32>,
}

/// The model of `insight` as data.
pub fn view(insight: &Insight) -> ModelView {
    let ground = &insight.ground;
    let mut rows = Vec::new();
    for (a, area) in ground.areas.iter().enumerate() {
        let inside = |b: &usize| ground.buildings[*b].area_no == a;
        let members: Vec<usize> = (0..ground.buildings.len()).filter(inside).collect();
        rows.push(row(area, None, &insight.model.area(a), &members, insight));
        for b in members {
            rows.push(row(
                area,
                Some(ground.buildings[b].name.clone()),
                &insight.model.building(b),
                &[b],
                insight,
            ));
        }
    }
    ModelView {
        version: insight.version(),
        knocks: insight.knocks(),
        success: round(insight.learnt.success),
        conversion: round(insight.learnt.conversion),
        proxy: (round(insight.learnt.proxy.0), round(insight.learnt.proxy.1)),
        knock_minutes: round(insight.learnt.knock_min),
        interview_minutes: round(insight.learnt.interview_min),
        slots: Slot::all().map(name).collect(),
        rows,
    }
}

fn row(
    area: &Arc<str>,
    building: Option<Arc<str>>,
    level: &PerSlot,
    members: &[usize],
    insight: &Insight,
) -> ModelRow {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of knocks")]
    let sum = |of: fn(&super::model::Counts) -> &PerSlot| -> Vec<u32> {
        let add =
            |i: usize| members.iter().map(|b| of(&insight.history.buildings[*b])[i]).sum::<f64>() as u32;
        (0..SLOTS).map(add).collect()
    };
    ModelRow {
        area: area.clone(),
        building,
        chance: level.iter().map(|p| round(*p)).collect(),
        knocks: sum(|c| &c.knocks),
        answered: sum(|c| &c.answered),
    }
}

fn name(slot: Slot) -> SlotName {
    let (from, to) = slot.span();
    SlotName { kind: slot.kind(), from: clock(f64::from(from)), to: clock(f64::from(to)) }
}

fn round(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

impl Insight {
    /// Knocks the model rests on.
    pub fn knocks(&self) -> u32 {
        u32::try_from(self.history.doors.iter().map(|p| p.knocks.len()).sum::<usize>()).unwrap_or(u32::MAX)
    }

    /// A short name of the model's state, for sheets and logs.
    pub fn version(&self) -> String {
        format!("{}-{}", self.brain.slug(), self.knocks())
    }

    /// Chance that somebody opens at a door (by index) at a moment; what return visits show.
    pub fn chance(&self, door: usize, at: Timestamp, day: &DayInput) -> f64 {
        self.model.belief(door).answered[slot_at(at, &day.rules.calendar).index()]
    }
}

const CELL: (u32, u32) = (20, 16);
const LEFT: u32 = 76;
const TOP: u32 = 34;
const GAP: u32 = 10;

/// Heat map of the view: one row per building (or area), thirteen stretches for weekdays and for weekends; darker =
/// more often in. The number of knocks stands in each cell's title.
pub fn heat_svg(view: &ModelView, language: Language) -> String {
    let (weekday, weekend) = match language {
        Language::En => ("Weekday", "Weekend"),
        Language::Zh => ("工作日", "周末"),
    };
    let half = CELL.0 * u32::try_from(PER_DAY).unwrap_or(0);
    let rows = u32::try_from(view.rows.len()).unwrap_or(0);
    let (width, height) = (LEFT + 2 * half + GAP + 4, TOP + rows * CELL.1 + 4);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"9\">"
    );
    for (k, title) in [weekday, weekend].into_iter().enumerate() {
        let x = LEFT + u32::try_from(k).unwrap_or(0) * (half + GAP);
        let _ = write!(svg, "<text x=\"{x}\" y=\"11\" font-size=\"11\">{title}</text>");
        for (i, edge) in EDGES[..PER_DAY].iter().enumerate().filter(|(_, e)| *e % 60 == 0) {
            let at = x + CELL.0 * u32::try_from(i).unwrap_or(0);
            let _ = write!(svg, "<text x=\"{at}\" y=\"27\">{}</text>", edge / 60);
        }
    }
    for (r, row) in view.rows.iter().enumerate() {
        heat_row(&mut svg, row, u32::try_from(r).unwrap_or(0), half, language);
    }
    svg.push_str("</svg>");
    svg
}

fn heat_row(svg: &mut String, row: &ModelRow, r: u32, half: u32, language: Language) {
    let y = TOP + r * CELL.1;
    let label = match (&row.building, language) {
        (Some(b), Language::En) => format!("Building {}", escape(b)),
        (Some(b), Language::Zh) => format!("{} 号楼", escape(b)),
        (None, Language::En) => format!("<tspan font-weight=\"bold\">Area {}</tspan>", tail(&row.area)),
        (None, Language::Zh) => format!("<tspan font-weight=\"bold\">片区 {}</tspan>", tail(&row.area)),
    };
    let _ = write!(svg, "<text x=\"2\" y=\"{}\">{label}</text>", y + 11);
    for slot in Slot::all() {
        let i = slot.index();
        let day = if slot.kind() == DayKind::Weekday { 0 } else { half + GAP };
        let x = LEFT + day + CELL.0 * u32::try_from(slot.of_day()).unwrap_or(0);
        let (from, to) = slot.span();
        let _ = write!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{}–{} · {}/{}</title></rect>",
            CELL.0 - 1,
            CELL.1 - 1,
            shade(row.chance[i]),
            clock(f64::from(from)),
            clock(f64::from(to)),
            row.answered[i],
            row.knocks[i],
        );
    }
}

/// From near white (never in) to deep blue (always in).
fn shade(chance: f64) -> String {
    let c = chance.clamp(0.0, 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let mix = |light: f64, dark: f64| (light + (dark - light) * c).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(247.0, 8.0), mix(251.0, 64.0), mix(255.0, 129.0))
}

fn tail(area: &str) -> String {
    let skip = area.chars().count().saturating_sub(8);
    escape(&area.chars().skip(skip).collect::<String>())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
