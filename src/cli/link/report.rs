//! The report: one HTML file that needs nothing else. Shows what levels are worth, how weights are spread,
//! what precision and recall the probabilities promise, and the pairs least sure. No personal value is in it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::write::Counts;
use crate::link::explain::{Explanation, explain};
use crate::link::model::{ModelFile, Thresholds};
use crate::link::prepared::Script;
use crate::link::{Decision, Linked, PairLink};

/// A count for a chart or a share.
#[expect(clippy::cast_precision_loss, reason = "counts of a file of interviews are far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}

/// Pairs listed as least sure.
const UNSURE: usize = 40;
/// Cuts shown in the estimate.
const CUTS: [f64; 9] = [0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9, 0.5, 0.05];

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#222}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #ccc}\
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #e5e5e5}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}summary{cursor:pointer}code{font-size:.85em}\
.merge{fill:#2f7d4f}.review{fill:#d08a1d}.pair{fill:#3b6fb6}.apart{fill:#b9b9b9}.plus{fill:#2f7d4f}.minus{fill:#b3432f}\
svg text{font:11px system-ui,sans-serif;fill:#444}";

/// Writes the report.
pub fn write(path: &Path, linked: &Linked, model: &ModelFile) -> anyhow::Result<()> {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Linkage report</title>",
    );
    let _ = write!(page, "<style>{STYLE}</style></head><body><h1>Linkage report</h1>");
    overview(&mut page, linked);
    estimate(&mut page, linked);
    histogram(&mut page, linked);
    weights(&mut page, linked, model);
    unsure(&mut page, linked);
    page.push_str("</body></html>\n");
    std::fs::write(path, page).with_context(|| format!("cannot write {}", path.display()))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn overview(page: &mut String, linked: &Linked) {
    let count = Counts::of(linked);
    let interviews = linked.interviews.len();
    let t = main_script(linked).1;
    let rows = [
        ("Interviews", interviews.to_string()),
        ("Pairs compared", linked.scored.to_string()),
        ("Merged automatically", count.merge.to_string()),
        (
            "For review",
            format!(
                "{} ({:.1} per 1 000 interviews)",
                count.review,
                1000.0 * share(count.review, interviews)
            ),
        ),
        ("Paired (one person, two households)", count.pair.to_string()),
        ("Merges refused by a constraint", linked.households.refused.len().to_string()),
        ("Households / persons after merging", format!("{} / {}", count.households, count.persons)),
        ("Blocks too large, skipped", linked.skipped.len().to_string()),
        ("Model", linked.model.version.clone()),
        ("Merge from", format!("{} at one door, {} across doors", t.upper, t.upper_across_doors)),
        ("Review from", t.lower.to_string()),
    ];
    page.push_str("<table>");
    for (name, value) in rows {
        let _ = write!(page, "<tr><th>{name}</th><td>{}</td></tr>", escape(&value));
    }
    page.push_str("</table>");
}

/// The script most interviews are in, and its lines between decisions.
fn main_script(linked: &Linked) -> (Script, Thresholds) {
    let latin = linked.interviews.iter().filter(|i| i.script == Script::Latin).count();
    let script = if latin * 2 > linked.interviews.len() { Script::Latin } else { Script::Han };
    (script, linked.model.parameters(script, script).thresholds)
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// What the probabilities themselves promise, if they are calibrated.
fn estimate(page: &mut String, linked: &Linked) {
    let p = |link: &PairLink| link.scored.probability;
    let expected: f64 = linked.pairs.iter().map(p).sum();
    page.push_str("<h2>Expected precision and recall</h2><p>From the probabilities alone, as if they were exact; \
        a sample of merged pairs checked by people is the real measure.</p>\
        <table><tr><th class=n>pairs from p</th><th class=n>pairs</th><th class=n>precision</th><th class=n>recall</th></tr>");
    for cut in CUTS {
        let chosen: Vec<f64> = linked.pairs.iter().map(p).filter(|p| *p >= cut).collect();
        let right: f64 = chosen.iter().sum();
        let precision = if chosen.is_empty() { 1.0 } else { right / number(chosen.len()) };
        let recall = if expected > 0.0 { right / expected } else { 1.0 };
        let _ = write!(
            page,
            "<tr><td class=n>{cut}</td><td class=n>{}</td><td class=n>{precision:.4}</td><td class=n>{recall:.4}</td></tr>",
            chosen.len()
        );
    }
    page.push_str("</table>");
}

/// Number of pairs by weight and decision, as stacked bars (square-root scale: most pairs are far apart).
fn histogram(page: &mut String, linked: &Linked) {
    const LOW: f64 = -14.0;
    const BARS: usize = 28;
    let mut bars = [[0_usize; 4]; BARS];
    for link in &linked.pairs {
        let place = (link.scored.weight - LOW).clamp(0.0, number(BARS) - 1.0).floor();
        // The clamp above keeps the value within the bars.
        let bar = (0..BARS).rev().find(|b| number(*b) <= place).unwrap_or(0);
        bars[bar][link.scored.decision as usize] += 1;
    }
    let top = bars.iter().map(|b| b.iter().sum::<usize>()).max().unwrap_or(1).max(1);
    let top = number(top);
    page.push_str("<h2>Match weights</h2><p>Bits; 0 is even odds. Height by square root of the number of pairs. \
        Green merged, amber review, blue paired, grey apart.</p><svg width=\"900\" height=\"230\" role=\"img\">");
    for (n, bar) in bars.iter().enumerate() {
        let x = 10 + n * 31;
        let whole: usize = bar.iter().sum();
        let height = 180.0 * (number(whole) / top).sqrt();
        let mut y = 200.0;
        for (decision, count) in ["merge", "review", "pair", "apart"].iter().zip(bar).filter(|(_, c)| **c > 0)
        {
            let h = height * share(*count, whole);
            y -= h;
            let _ = write!(
                page,
                "<rect class=\"{decision}\" x=\"{x}\" y=\"{y:.1}\" width=\"28\" height=\"{h:.1}\"><title>{count} {decision}</title></rect>"
            );
        }
        let _ = write!(page, "<text x=\"{x}\" y=\"215\">{:.0}</text>", LOW + number(n));
    }
    page.push_str("</svg>");
}

/// Bits of every level: persons first, then the household at one door and across doors.
fn weights(page: &mut String, linked: &Linked, model: &ModelFile) {
    let (name, file) = match main_script(linked).0 {
        Script::Latin => ("Latin", &model.latin),
        Script::Han => ("Han", &model.han),
    };
    let _ = write!(
        page,
        "<h2>What levels are worth ({name} names)</h2><details open><summary>Persons: log2(m/u)</summary><table>"
    );
    for (comparison, levels) in &file.person {
        for (level, odds) in levels.iter().filter(|(_, o)| (o.m - o.u).abs() > f64::EPSILON) {
            let _ = write!(
                page,
                "<tr><th>{}</th><td>{}</td><td class=n>{:.5}</td><td class=n>{:.7}</td>{}</tr>",
                escape(comparison),
                escape(level),
                odds.m,
                odds.u,
                bar(odds.weight())
            );
        }
    }
    page.push_str("</table></details><details><summary>Households: bits at one door, bits across doors</summary><table>");
    for (comparison, levels) in &file.household {
        for (level, [same, other]) in levels {
            let _ = write!(
                page,
                "<tr><th>{}</th><td>{}</td>{}{}</tr>",
                escape(comparison),
                escape(level),
                bar(*same),
                bar(*other)
            );
        }
    }
    page.push_str("</table></details>");
}

/// A cell with a bar to the left or right of its middle, 4 pixels a bit.
fn bar(bits: f64) -> String {
    let length = (bits.abs() * 4.0).min(90.0);
    let (class, x) = if bits >= 0.0 { ("plus", 95.0) } else { ("minus", 95.0 - length) };
    format!(
        "<td class=n>{bits:+.2}</td><td><svg width=\"190\" height=\"12\"><rect class=\"{class}\" x=\"{x:.1}\" y=\"1\" width=\"{length:.1}\" height=\"10\"/></svg></td>"
    )
}

/// The pairs nearest to even odds, each with its waterfall.
fn unsure(page: &mut String, linked: &Linked) {
    let mut pairs: Vec<&PairLink> =
        linked.pairs.iter().filter(|l| l.scored.decision != Decision::Apart).collect();
    pairs.sort_by(|x, y| {
        x.scored.weight.abs().total_cmp(&y.scored.weight.abs()).then((x.a, x.b).cmp(&(y.a, y.b)))
    });
    let _ = write!(
        page,
        "<h2>Least sure</h2><p>The {UNSURE} pairs nearest to even odds, with all that was weighed.</p>"
    );
    for link in pairs.into_iter().take(UNSURE) {
        let (a, b) = (&linked.interviews[link.a], &linked.interviews[link.b]);
        let why = explain(&linked.model, a, b, &link.scored);
        let _ = write!(
            page,
            "<details><summary><code>{}</code> <code>{}</code> p {:.3}, {}</summary>",
            escape(&a.id),
            escape(&b.id),
            why.probability,
            why.decision.slug()
        );
        waterfall(page, &why);
        page.push_str("</details>");
    }
}

fn waterfall(page: &mut String, why: &Explanation) {
    let _ = write!(page, "<table><tr><th>prior</th><td></td>{}</tr>", bar(why.prior));
    steps(page, why.steps.iter().map(|s| (s.found.names(), s.bits)));
    let _ = write!(page, "<tr><th>total</th><td></td>{}</tr></table>", bar(why.weight));
    for person in &why.people {
        let _ = write!(
            page,
            "<table><tr><th>person {} and {}</th><td>p {:.3}</td><td></td><td></td></tr>",
            person.a, person.b, person.probability
        );
        steps(page, person.steps.iter().map(|s| (s.found.names(), s.bits)));
        let _ = write!(page, "<tr><th>name frequency</th><td></td>{}</tr>", bar(person.frequency_bits));
        let _ = write!(page, "<tr><th>total</th><td></td>{}</tr></table>", bar(person.weight));
    }
}

fn steps(page: &mut String, steps: impl Iterator<Item = ((&'static str, &'static str), f64)>) {
    for ((comparison, level), bits) in steps {
        let _ = write!(page, "<tr><th>{comparison}</th><td>{level}</td>{}</tr>", bar(bits));
    }
}
