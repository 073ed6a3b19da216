//! The site plan: one drawing per estate, its buildings laid out as they stand (north on top), each a link with its number
//! and its doors done and due. Positions give the order of rows and columns, not distances: squares must stay readable.

use std::collections::BTreeMap;
use std::fmt::Write;

use uuid::Uuid;

use super::bar::escaped;
use super::figures::Rate;
use super::words::Words;
use crate::report::natural;

/// Most buildings that are drawn.
pub const MOST: i64 = 300;
/// Longest number written on a building.
const LONGEST: usize = 6;
const WIDE: usize = 64;
const HIGH: usize = 44;
const GAP: usize = 8;

/// A building of the plan.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Building id.
    pub id: Uuid,
    /// Its number as written.
    pub number: String,
    /// Longitude and latitude.
    pub position: Option<(f64, f64)>,
    /// Doors completed and due.
    pub rate: Rate,
    /// Open doors and no visit for days.
    pub is_stuck: bool,
}

/// One estate.
#[derive(Clone, Debug)]
pub struct Estate {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Doors completed and due.
    pub rate: Rate,
    /// Its drawing.
    pub svg: String,
    /// How many columns it has, for the layout.
    pub columns: usize,
}

/// The drawings of the estates, north first; names by code.
pub fn estates(
    spots: BTreeMap<String, Vec<Spot>>,
    names: &BTreeMap<String, String>,
    words: Words,
) -> Vec<Estate> {
    spots
        .into_iter()
        .map(|(code, spots)| {
            let rate = spots.iter().fold(Rate { above: 0, below: 0 }, |all, s| Rate {
                above: all.above + s.rate.above,
                below: all.below + s.rate.below,
            });
            let name = names.get(&code).cloned().unwrap_or_else(|| code.clone());
            let rows = rows(spots);
            let columns = rows.iter().map(Vec::len).max().unwrap_or(1);
            Estate { svg: draw(&rows, columns, &name, words), code, name, rate, columns }
        })
        .collect()
}

/// Rows from north to south, each from west to east; without positions in the order of the numbers.
fn rows(mut spots: Vec<Spot>) -> Vec<Vec<Spot>> {
    let columns = columns_for(spots.len());
    let has_places = spots.iter().all(|s| s.position.is_some());
    spots.sort_by_key(|s| natural(&s.number));
    if has_places {
        spots.sort_by(|a, b| north(b).total_cmp(&north(a)));
    }
    let mut rows: Vec<Vec<Spot>> = spots.chunks(columns).map(<[Spot]>::to_vec).collect();
    if has_places {
        for row in &mut rows {
            row.sort_by(|a, b| east(a).total_cmp(&east(b)));
        }
    }
    rows
}

fn north(s: &Spot) -> f64 {
    s.position.map_or(0.0, |p| p.1)
}

fn east(s: &Spot) -> f64 {
    s.position.map_or(0.0, |p| p.0)
}

fn columns_for(n: usize) -> usize {
    (1..=6).find(|c| c * c >= n).unwrap_or(6)
}

fn draw(rows: &[Vec<Spot>], columns: usize, estate: &str, words: Words) -> String {
    let (width, height) = (columns * (WIDE + GAP), rows.len() * (HIGH + GAP));
    let mut svg = format!(
        "<svg class=\"plan\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"group\" aria-label=\"{}\">",
        escaped(estate)
    );
    for (y, row) in rows.iter().enumerate() {
        for (x, spot) in row.iter().enumerate() {
            building(&mut svg, spot, x * (WIDE + GAP) + GAP / 2, y * (HIGH + GAP) + GAP / 2, words);
        }
    }
    svg.push_str("</svg>");
    svg
}

fn building(svg: &mut String, spot: &Spot, x: usize, y: usize, words: Words) {
    let number: String = spot.number.chars().take(LONGEST).collect();
    let fraction = format!("{}/{}", spot.rate.above, spot.rate.below);
    let stuck = if spot.is_stuck { words.t("plan.stuck_short") } else { "" };
    let label = words.say(
        "plan.building",
        &[
            ("number", &spot.number),
            ("fraction", &fraction),
            ("share", &spot.rate.share()),
            ("stuck", &stuck),
        ],
    );
    let class = if spot.is_stuck { "b stuck" } else { "b" };
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<a href=\"/buildings/{}\" aria-label=\"{} {fraction}, {}\" class=\"{class} step{}\"><rect x=\"{x}\" y=\"{y}\" width=\"{WIDE}\" height=\"{HIGH}\" rx=\"4\"/>\
         <text x=\"{}\" y=\"{}\" class=\"no\">{} </text><text x=\"{}\" y=\"{}\">{fraction}</text></a>",
        spot.id,
        escaped(&number),
        escaped(&label),
        spot.rate.step(),
        x + WIDE / 2,
        y + 18,
        escaped(&number),
        x + WIDE / 2,
        y + 35,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(number: &str, position: Option<(f64, f64)>) -> Spot {
        Spot {
            id: Uuid::nil(),
            number: number.to_owned(),
            position,
            rate: Rate { above: 1, below: 10 },
            is_stuck: false,
        }
    }

    fn numbers(spots: Vec<Spot>) -> Vec<Vec<String>> {
        rows(spots).into_iter().map(|row| row.into_iter().map(|s| s.number).collect()).collect()
    }

    #[test]
    fn north_is_on_top_and_west_on_the_left() {
        let spots = vec![
            spot("1", Some((1.0, 1.0))),
            spot("2", Some((2.0, 1.0))),
            spot("3", Some((1.0, 2.0))),
            spot("4", Some((2.0, 2.0))),
        ];
        assert_eq!(numbers(spots), [["3", "4"], ["1", "2"]]);
    }

    #[test]
    fn without_positions_the_numbers_give_the_order() {
        let spots = ["10", "9", "2", "1"].map(|n| spot(n, None)).to_vec();
        assert_eq!(numbers(spots), [["1", "2"], ["9", "10"]]);
    }

    #[test]
    fn what_is_written_is_escaped() {
        let rows = [vec![spot("<b>\"", None)]];
        let svg = draw(&rows, 1, "<script>", Words(crate::domain::Language::En));
        assert!(!svg.contains("<b>") && !svg.contains("<script>"), "{svg}");
    }
}
