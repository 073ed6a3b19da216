//! The staff list of a set-up, and what ends with whoever leaves it: leases, shifts, sheets, codes, tokens, sessions, phones,
//! at last the password. Whoever gets the login name later is a new person. All of it happens in the set-up's transaction.
//!
//! What ends is read from the list as it stands, not from what changed in it: so a set-up also mends what an earlier one left.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

use super::Error;
use super::lease::let_go;
use super::refold::At;
use crate::domain::{CaseId, Role, StaffId};
use crate::setup::Setup;
use crate::store::feed::{self, ChangeKind, Mark};
use crate::store::staff::{self, Person};
use crate::store::{SurveyKey, Tx, case};
use crate::surveys::Survey;

/// Doors freed in one go.
const AT_ONCE: usize = 1_000;

/// Why somebody lost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// No longer on the list.
    Left,
    /// Still on the list, but no enumerator any more, or now one.
    Role,
    /// Works in another area.
    Moved,
}

/// What somebody lost with a set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Login name.
    pub user: String,
    /// Why.
    pub why: Why,
    /// Open doors that have no holder now.
    pub doors: usize,
    /// Phones cut off.
    pub phones: usize,
    /// Records these still had, as they last said.
    pub waiting: i64,
    /// Tokens and sessions ended.
    pub tokens: usize,
    /// Published sheets withdrawn.
    pub sheets: usize,
    /// The password is void.
    pub password: bool,
}

/// What a set-up did to the staff.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Who is no longer listed.
    pub left: Vec<String>,
    /// What people lost.
    pub losses: Vec<Loss>,
    /// Whose name differs from before, though the login name is the same.
    pub renamed: Vec<String>,
    /// Login names written otherwise than they are stored: (as written, as stored).
    pub respelled: Vec<(String, String)>,
}

/// Doors lent at home before the tree and the list change; to be asked before either does.
pub(super) async fn before(tx: &Tx, key: SurveyKey, setup: &Setup) -> Result<Vec<CaseId>, Error> {
    let lent = staff::lent_at_home(tx, key).await?;
    staff::rehome(tx, key, &setup.areas).await?;
    Ok(lent)
}

/// Writes the list and ends what has to end. `lent` is what [`before`] gave.
pub(super) async fn put(
    tx: &Tx,
    at: At,
    survey: &Survey,
    setup: &Setup,
    lent: &[CaseId],
) -> Result<Report, Error> {
    let old = staff::everybody(tx, at.key).await?;
    let written: Vec<&str> = setup.staff.iter().map(|s| s.user.as_str()).collect();
    let users = staff::spellings(tx, at.key, &written).await?;
    refuse_twins(setup, &users)?;
    let changed = staff::put(tx, at.key, &setup.staff, &users, at.now).await?;
    tell(tx, at, &changed).await?;
    let people = staff::everybody(tx, at.key).await?;
    let mut sum = Sum { old: &old, people: &people, all: BTreeMap::new() };
    let today = survey.rules.calendar.local_date(at.now);
    end_of_leavers(tx, at, today, &mut sum).await?;
    end_of_movers(tx, at, today, lent, &mut sum).await?;
    let before: HashMap<&str, &Person> = old.iter().map(|p| (p.user.as_str(), p)).collect();
    let known = |p: &&Person| before.get(p.user.as_str()).filter(|b| b.is_active).copied();
    Ok(Report {
        left: people.iter().filter(|p| !p.is_active && known(p).is_some()).map(|p| p.user.clone()).collect(),
        renamed: people
            .iter()
            .filter(|p| p.is_active && known(p).is_some_and(|b| b.name != p.name))
            .map(|p| p.user.clone())
            .collect(),
        respelled: written
            .iter()
            .zip(&users)
            .filter(|(w, u)| **w != u.as_str())
            .map(|(w, u)| ((*w).to_owned(), u.clone()))
            .collect(),
        losses: sum.all.into_values().collect(),
    })
}

/// Tells devices of the people who came, changed or left.
async fn tell(tx: &Tx, at: At, users: &[String]) -> Result<(), Error> {
    let mark = |user: &String| Mark { id: StaffId::of(user).into(), ..Mark::default() };
    let marks: Vec<Mark> = users.iter().map(mark).collect();
    feed::mark(tx, at.key, at.tag, ChangeKind::Person, &marks).await?;
    Ok(())
}

/// Two lines of the list that name one person.
fn refuse_twins(setup: &Setup, users: &[String]) -> Result<(), Error> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut lines = Vec::new();
    for (i, user) in users.iter().enumerate() {
        if let Some(before) = first.insert(user, i) {
            let (a, b) = (&setup.staff[before], &setup.staff[i]);
            lines.push(format!(
                "staff.csv: line {}: \"{}\" is the same user as \"{}\" on line {}: capital and small letters are one",
                b.line, b.user, a.user, a.line
            ));
        }
    }
    if lines.is_empty() { Ok(()) } else { Err(Error::Setup(lines)) }
}

/// Collects what people lose.
struct Sum<'a> {
    old: &'a [Person],
    people: &'a [Person],
    all: BTreeMap<String, Loss>,
}

impl Sum<'_> {
    fn of(&mut self, user: &str) -> &mut Loss {
        let now = self.people.iter().find(|p| p.user == user && p.is_active);
        let was = self.old.iter().find(|p| p.user == user && p.is_active);
        let why = match (was, now) {
            (_, None) => Why::Left,
            (Some(was), Some(now)) if was.role == now.role => Why::Moved,
            (_, Some(_)) => Why::Role,
        };
        self.all.entry(user.to_owned()).or_insert_with(|| Loss {
            user: user.to_owned(),
            why,
            doors: 0,
            phones: 0,
            waiting: 0,
            tokens: 0,
            sheets: 0,
            password: false,
        })
    }
}

/// Everything of people who are no enumerators, and what lets people in who are no supervisors.
async fn end_of_leavers(tx: &Tx, at: At, today: Date, sum: &mut Sum<'_>) -> Result<(), Error> {
    let is_enumerator = |p: &&Person| p.is_active && p.role == Role::Enumerator;
    let is_office = |p: &&Person| p.is_active && p.role != Role::Enumerator;
    let names = |all: &mut dyn Iterator<Item = &Person>| all.map(|p| p.user.clone()).collect::<Vec<_>>();
    let idle = names(&mut sum.people.iter().filter(|p| !is_enumerator(p)));
    let outside = names(&mut sum.people.iter().filter(|p| !is_office(p)));
    loop {
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let ids = staff::doors_of(tx, at.key, &idle, limit).await?;
        if ids.is_empty() {
            break;
        }
        let rows = case::lock_cases(tx, at.key, &ids).await?;
        let ended = staff::end_leases(tx, at.key, &ids, &idle, at.now, "left").await?;
        for lease in &ended {
            sum.of(&lease.2).doors += 1;
        }
        let held: Vec<_> =
            rows.into_iter().filter(|r| r.holder.as_ref().is_some_and(|h| idle.contains(h))).collect();
        let_go(tx, at, &held, &ended).await?;
    }
    let ended = staff::cut_off(tx, at.key, &idle, &outside, at.now).await?;
    for user in &ended.tokens {
        sum.of(user).tokens += 1;
    }
    for (user, waiting) in &ended.devices {
        let loss = sum.of(user);
        loss.phones += 1;
        loss.waiting += waiting;
    }
    for user in &ended.passwords {
        sum.of(user).password = true;
    }
    staff::drop_shifts(tx, at.key, &idle, today).await?;
    withdraw(tx, at, &idle, today, sum).await
}

/// Doors that lay in the area of their holder and do so no more.
async fn end_of_movers(
    tx: &Tx,
    at: At,
    today: Date,
    lent: &[CaseId],
    sum: &mut Sum<'_>,
) -> Result<(), Error> {
    let away = staff::lent_abroad(tx, at.key, lent).await?;
    for part in away.chunks(AT_ONCE) {
        let (ids, users): (Vec<CaseId>, Vec<String>) = part.iter().cloned().unzip();
        let holder: HashMap<CaseId, &str> = part.iter().map(|(id, user)| (*id, user.as_str())).collect();
        let rows = case::lock_cases(tx, at.key, &ids).await?;
        let ended = staff::end_leases(tx, at.key, &ids, &users, at.now, "moved").await?;
        for lease in &ended {
            sum.of(&lease.2).doors += 1;
        }
        let held: Vec<_> = rows
            .into_iter()
            .filter(|r| r.holder.is_some() && r.holder.as_deref() == holder.get(&r.id).copied())
            .collect();
        let_go(tx, at, &held, &ended).await?;
    }
    let was: HashMap<&str, &str> =
        sum.old.iter().filter(|p| p.is_active).map(|p| (p.user.as_str(), p.area.as_str())).collect();
    let moved: Vec<String> = sum
        .people
        .iter()
        .filter(|p| p.is_active && was.get(p.user.as_str()).is_some_and(|area| *area != p.area))
        .map(|p| p.user.clone())
        .collect();
    withdraw(tx, at, &moved, today, sum).await
}

/// Withdraws published sheets from today on, and tells their devices.
async fn withdraw(tx: &Tx, at: At, users: &[String], today: Date, sum: &mut Sum<'_>) -> Result<(), Error> {
    if users.is_empty() {
        return Ok(());
    }
    let gone = staff::end_sheets(tx, at.key, users, today, at.now).await?;
    let marks: Vec<Mark> = gone
        .iter()
        .map(|(id, user, _)| Mark { id: *id, area_no: None, device: None, user: Some(user.clone()) })
        .collect();
    for (_, user, _) in &gone {
        sum.of(user).sheets += 1;
    }
    feed::mark(tx, at.key, at.tag, ChangeKind::Sheet, &marks).await?;
    Ok(())
}

/// A person's lock on the list, for whoever gives that person something.
pub(super) async fn hold_enumerator(
    tx: &Tx,
    key: SurveyKey,
    user: &str,
) -> Result<Option<Arc<str>>, crate::store::Error> {
    let found = staff::hold(tx, key, user).await?;
    Ok(found.filter(|s| s.role == Role::Enumerator).map(|s| Arc::from(s.user.as_str())))
}
