//! What lies within the caller's reach. Outside it the answer is `not-found`, as if it did not exist.

use std::collections::HashMap;

use uuid::Uuid;

use super::App;
use crate::dedupe::view::{Sight, sight};
use crate::domain::{CaseId, Role, UserName};
use crate::net::problem::Problem;
use crate::net::query::Query;
use crate::store::access::Caller;
use crate::store::case::CaseRow;
use crate::store::held::HeldRow;
use crate::store::link::read::LinkDetail;
use crate::store::survey::{AreaRow, Areas, StaffRow};
use crate::store::{Disclosure, ReadBy, Way};

/// The area named by `?area=`, the caller's own when none is named. Outside the caller's subtree it does not exist.
pub async fn area(app: &App, caller: &Caller, query: &Query) -> Result<AreaRow, Problem> {
    let code = query.text("area").unwrap_or(&caller.area).to_owned();
    area_by_code(app, caller, code).await
}

/// An area of the caller's subtree by its code.
pub async fn area_by_code(app: &App, caller: &Caller, code: String) -> Result<AreaRow, Problem> {
    let found = app.store().areas(caller.key, Areas::One(code)).await?;
    found.into_iter().find(|a| caller.range.contains(a.range.lo)).ok_or_else(Problem::not_found)
}

/// The enumerator of that login name in the caller's subtree, if there is one.
pub async fn enumerator(app: &App, caller: &Caller, user: &str) -> Result<Option<StaffRow>, Problem> {
    let staff = app.store().staff(caller.key, caller.range).await?;
    let is_meant = |s: &StaffRow| UserName::of(&s.user) == UserName::of(user) && s.role == Role::Enumerator;
    Ok(staff.into_iter().find(is_meant))
}

/// A case within the caller's reach, by its id or another one that stands for it; outside it the answer is as if it did not exist.
pub async fn case(app: &App, caller: &Caller, id: CaseId) -> Result<CaseRow, Problem> {
    let row = app.store().case_named(caller.key, id).await?;
    row.filter(|r| caller.reach().sees(r)).ok_or_else(Problem::not_found)
}

/// A link with one side in the reader's area; that it is read is noted.
pub async fn link(app: &App, caller: &Caller, way: Way, id: Uuid) -> Result<LinkDetail, Problem> {
    let place = app.store().link_in(caller.key, id, caller.range).await?;
    let (area, _) = place.ok_or_else(Problem::not_found)?;
    let by = ReadBy::caller(caller, way);
    let witness = app.store().witness(&by, Disclosure::Link { id, area }, app.now()).await?;
    let found = app.store().link(&witness, caller.key, id).await?.ok_or_else(Problem::not_found)?;
    let sides = [&found.pair.a, &found.pair.b];
    if sides.iter().any(|form| sight(form, caller.range) == Sight::Whole) {
        Ok(found)
    } else {
        Err(Problem::not_found())
    }
}

/// The doors in reach that reported ones look like, by the id of the door.
pub async fn resembled(
    app: &App,
    caller: &Caller,
    rows: &[HeldRow],
) -> Result<HashMap<Uuid, CaseRow>, Problem> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|r| r.looks_like).collect();
    let cases = app.store().first_cases(caller.key, &ids).await?;
    let reach = caller.reach();
    Ok(cases.into_iter().filter(|c| reach.sees(c)).map(|c| (c.dwelling_id, c)).collect())
}
