//! The result tables. Rows are sorted, so the same input gives the same bytes.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context as _;

use crate::link::{Decision, Linked};

/// How many pairs came to which decision.
#[derive(Debug, Default)]
pub struct Counts {
    /// Merged.
    pub merge: usize,
    /// For review.
    pub review: usize,
    /// Paired.
    pub pair: usize,
    /// Households after merging.
    pub households: usize,
    /// Persons after merging.
    pub persons: usize,
}

impl Counts {
    /// Counts a result.
    pub fn of(linked: &Linked) -> Self {
        let mut counts = Self::default();
        for link in &linked.pairs {
            match link.scored.decision {
                Decision::Merge => counts.merge += 1,
                Decision::Review => counts.review += 1,
                Decision::Pair => counts.pair += 1,
                Decision::Apart => {}
            }
        }
        counts.households = linked.households.of.iter().collect::<HashSet<_>>().len();
        counts.persons = linked.persons.iter().map(|(_, first)| first).collect::<HashSet<_>>().len();
        counts
    }
}

/// pairs.csv: a,b,weight,probability,decision with a < b.
pub fn pairs(path: &Path, linked: &Linked) -> anyhow::Result<()> {
    let mut rows: Vec<[String; 5]> = linked
        .pairs
        .iter()
        .map(|link| {
            let (x, y) = (&linked.interviews[link.a].id, &linked.interviews[link.b].id);
            let scored = &link.scored;
            [
                x.min(y).clone(),
                x.max(y).clone(),
                format!("{:.3}", scored.weight),
                format!("{:.6}", scored.probability),
                scored.decision.slug().to_owned(),
            ]
        })
        .collect();
    rows.sort_unstable();
    table(path, ["a", "b", "weight", "probability", "decision"], rows)
}

/// clusters.csv: one row an interview; a cluster is named by its earliest interview.
pub fn clusters(path: &Path, linked: &Linked) -> anyhow::Result<()> {
    let id = |n: usize| linked.interviews[n].id.clone();
    let rows = linked.households.of.iter().enumerate().map(|(n, of)| [id(n), id(*of)]);
    table(path, ["interview_id", "cluster_id"], rows)
}

/// persons.csv: one row a listed person; a cluster is named by its earliest member.
pub fn persons(path: &Path, linked: &Linked) -> anyhow::Result<()> {
    let name = |(i, n): (usize, usize)| {
        let interview = &linked.interviews[i];
        (interview.id.clone(), interview.persons[n].person_no.to_string())
    };
    let rows = linked.persons.iter().map(|(person, first)| {
        let (id, no) = name(*person);
        let (first_id, first_no) = name(*first);
        [id, no, format!("{first_id}#{first_no}")]
    });
    table(path, ["interview_id", "person_no", "cluster_id"], rows)
}

fn table<const N: usize>(
    path: &Path,
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> anyhow::Result<()> {
    let place = || format!("cannot write {}", path.display());
    let mut writer = csv::Writer::from_path(path).with_context(place)?;
    writer.write_record(header).with_context(place)?;
    for row in rows {
        writer.write_record(row).with_context(place)?;
    }
    writer.flush().with_context(place)
}
