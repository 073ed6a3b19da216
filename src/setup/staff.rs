//! `staff.csv`: who works where, in which role, and on which hours.

use super::areas::Areas;
use super::desk::Desk;
use super::hours;
use super::line::Line;
use super::rule::Rule;
use super::sheet::{Cells, Meaning, Sheet, column};
use super::shown::shown;
use super::table;
use crate::domain::UserName;
use crate::domain::code::Role;
use crate::domain::rules::Span;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const SHEET: Sheet = Sheet {
    file: "staff.csv",
    columns: &[
        column("user", Meaning::User, Cells::Filled),
        column("name", Meaning::Person, Cells::Filled),
        column("role", Meaning::Word, Cells::Filled),
        column("area", Meaning::Area, Cells::FilledOrMerged),
        column("shift_weekday", Meaning::Hours, Cells::Any),
        column("shift_weekend", Meaning::Hours, Cells::Any),
        column("shift_saturday", Meaning::Hours, Cells::Any),
        column("shift_sunday", Meaning::Hours, Cells::Any),
    ],
    required: 4,
};
const USER: usize = 0;
const NAME: usize = 1;
const ROLE: usize = 2;
const AREA: usize = 3;
const WEEKDAY: usize = 4;
const WEEKEND: usize = 5;
const SATURDAY: usize = 6;
const SUNDAY: usize = 7;

/// Longest user name in characters.
const USER_CHARS: usize = 64;
/// Longest name in characters.
const NAME_CHARS: usize = 100;

/// Hours on duty of one person. `None`: the file has no such column, so the policy's hours hold; an empty list: never on
/// duty then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Minutes", into = "Minutes")]
pub struct Shifts {
    /// Monday to Friday.
    pub weekday: Option<Vec<Span>>,
    /// Saturday.
    pub saturday: Option<Vec<Span>>,
    /// Sunday.
    pub sunday: Option<Vec<Span>>,
}

/// Hours as they are stored: pairs of minutes since midnight.
#[derive(Serialize, Deserialize)]
struct Minutes {
    weekday: Option<Vec<(u16, u16)>>,
    saturday: Option<Vec<(u16, u16)>>,
    sunday: Option<Vec<(u16, u16)>>,
}

impl From<Shifts> for Minutes {
    fn from(shifts: Shifts) -> Self {
        let pairs =
            |spans: Option<Vec<Span>>| spans.map(|spans| spans.iter().map(|s| (s.from, s.to)).collect());
        Self {
            weekday: pairs(shifts.weekday),
            saturday: pairs(shifts.saturday),
            sunday: pairs(shifts.sunday),
        }
    }
}

impl From<Minutes> for Shifts {
    fn from(stored: Minutes) -> Self {
        let spans = |pairs: Option<Vec<(u16, u16)>>| {
            pairs.map(|pairs| pairs.into_iter().map(|(from, to)| Span { from, to }).collect())
        };
        Self {
            weekday: spans(stored.weekday),
            saturday: spans(stored.saturday),
            sunday: spans(stored.sunday),
        }
    }
}

/// One person of the staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRow {
    /// The name to log in with.
    pub user: String,
    /// The person's name.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Code of the area worked in, or watched over with everything below it.
    pub area: Arc<str>,
    /// Hours on duty.
    pub shifts: Shifts,
    /// Where it stands in the file.
    pub line: u64,
}

/// Reads and judges the file.
pub(super) fn read(desk: &mut Desk<'_>, areas: &Areas) -> Vec<StaffRow> {
    let mut rows = Vec::new();
    let mut seen = HashMap::new();
    table::read(desk, &SHEET, &mut |line| rows.extend(row(line, areas, &mut seen)));
    rows
}

/// User names as they are compared, with the first writing and its line.
type Users = HashMap<String, (String, u64)>;

fn row(line: &mut Line<'_>, areas: &Areas, seen: &mut Users) -> Option<StaffRow> {
    let user = user(line, seen);
    line.need(NAME);
    let name = line.text(NAME, NAME_CHARS);
    let role = role(line);
    let area = areas.cell(line, AREA, USER_CHARS);
    let weekend = shift(line, WEEKEND);
    let weekday = shift(line, WEEKDAY);
    let saturday = shift(line, SATURDAY).or_else(|| weekend.clone());
    let sunday = shift(line, SUNDAY).or(weekend);
    let shifts = Shifts { weekday, saturday, sunday };
    Some(StaffRow { user: user?, name: name?, role: role?, area: area?, shifts, line: line.number() })
}

/// A user name: letters, digits, `.`, `_`, `-`, `@`; each once, whatever its capitals.
fn user(line: &mut Line<'_>, seen: &mut Users) -> Option<String> {
    let user = line.code(USER, USER_CHARS)?;
    if !user.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@')) {
        line.note(USER, Rule::UserSigns);
        return None;
    }
    let name = UserName::of(&user);
    if let Some((written, first)) = seen.get(name.key()) {
        let (other, first) = (shown(written), *first);
        let is_same = *written == user;
        line.note(
            USER,
            if is_same { Rule::SameUser { first } } else { Rule::SameUserWritten { other, first } },
        );
        return None;
    }
    seen.insert(name.key().to_owned(), (user.clone(), line.number()));
    Some(user)
}

fn role(line: &mut Line<'_>) -> Option<Role> {
    line.need(ROLE);
    line.word(ROLE, Role::ALL.iter().map(|&role| (role.slug(), role)))
}

/// Hours of one column; an empty cell means never, an absent column nothing.
fn shift(line: &mut Line<'_>, column: usize) -> Option<Vec<Span>> {
    if !line.has(column) {
        return None;
    }
    match line.cell(column).map(hours::read) {
        None => Some(Vec::new()),
        Some(Ok((spans, is_unusual))) => {
            if is_unusual {
                line.note(column, Rule::HoursWritten);
            }
            Some(spans)
        }
        Some(Err(rule)) => {
            line.note(column, rule);
            None
        }
    }
}
