//! `staff.csv`: who works where, in which role, and on which hours.

use super::Progress;
use super::areas::Areas;
use super::fault::Faults;
use super::files::Files;
use super::hours;
use super::table::{self, Line, Sheet};
use crate::domain::code::Role;
use crate::domain::rules::Span;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) const SHEET: Sheet = Sheet {
    file: "staff.csv",
    columns: &[
        "user",
        "name",
        "role",
        "area",
        "shift_weekday",
        "shift_weekend",
        "shift_saturday",
        "shift_sunday",
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
pub(super) fn read(
    files: &dyn Files,
    areas: &Areas,
    faults: &mut Faults,
    progress: &mut dyn FnMut(Progress),
) -> Vec<StaffRow> {
    let mut rows = Vec::new();
    let mut seen = HashMap::new();
    table::read(files, &SHEET, faults, progress, &mut |line| {
        rows.extend(row(line, areas, &mut seen));
    });
    rows
}

fn row(line: &mut Line<'_>, areas: &Areas, seen: &mut HashMap<String, u64>) -> Option<StaffRow> {
    let user = user(line, seen);
    if line.cell(NAME).is_none() && line.has(NAME) {
        line.fault(NAME, "may not be empty");
    }
    let name = name(line);
    let role = role(line);
    let area = line.code(AREA, USER_CHARS);
    if area.as_deref().is_some_and(|code| areas.find(code).is_err()) {
        line.fault(AREA, "not an area of areas.csv");
    }
    let weekend = shift(line, WEEKEND);
    let weekday = shift(line, WEEKDAY);
    let saturday = shift(line, SATURDAY).or_else(|| weekend.clone());
    let sunday = shift(line, SUNDAY).or(weekend);
    let shifts = Shifts { weekday, saturday, sunday };
    Some(StaffRow {
        user: user?,
        name: name?,
        role: role?,
        area: Arc::from(area?),
        shifts,
        line: line.number(),
    })
}

/// A user name: letters, digits, `.`, `_`, `-`, `@`; each once.
fn user(line: &mut Line<'_>, seen: &mut HashMap<String, u64>) -> Option<String> {
    let user = line.code(USER, USER_CHARS)?;
    if !user.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@')) {
        line.fault(USER, "a user name has only letters, digits and . _ - @");
        return None;
    }
    if let Some(first) = seen.get(&user) {
        let rule = format!("the same user as line {first}");
        line.fault(USER, rule);
        return None;
    }
    seen.insert(user.clone(), line.number());
    Some(user)
}

/// The person's name; a fault does not show it.
fn name(line: &mut Line<'_>) -> Option<String> {
    let text = line.cell(NAME)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let rule = if text.chars().any(char::is_control) {
        "control characters are not allowed".to_owned()
    } else if text.chars().count() > NAME_CHARS {
        format!("longer than {NAME_CHARS} characters")
    } else {
        return Some(text);
    };
    line.fault_hiding(NAME, String::new(), rule);
    None
}

fn role(line: &mut Line<'_>) -> Option<Role> {
    let Some(cell) = line.cell(ROLE) else {
        if line.has(ROLE) {
            line.fault(ROLE, "may not be empty");
        }
        return None;
    };
    let role = Role::from_slug(cell);
    if role.is_none() {
        let known: Vec<_> = Role::ALL.iter().map(|role| role.slug()).collect();
        line.fault(ROLE, format!("not one of {}", known.join(", ")));
    }
    role
}

/// Hours of one column; an empty cell means never, an absent column nothing.
fn shift(line: &mut Line<'_>, column: usize) -> Option<Vec<Span>> {
    if !line.has(column) {
        return None;
    }
    match line.cell(column).map(hours::parse) {
        None => Some(Vec::new()),
        Some(Ok(spans)) => Some(spans),
        Some(Err(rule)) => {
            line.fault(column, rule.to_string());
            None
        }
    }
}
