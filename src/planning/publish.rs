//! Publishing a plan: its sheets are stored and go to the devices through the feed.

use jiff::Timestamp;
use uuid::Uuid;

use super::DayPlan;
use crate::store::feed::{self, ChangeKind, Mark};
use crate::store::plan::{self, SheetRow};
use crate::store::{Error, Outcome, Store, new_tag};
use crate::surveys::Survey;

/// Stores the sheets of a plan and tells their devices; returns the plan's id. Sheets of the same people and day that
/// stood before are superseded.
pub async fn publish(
    store: &Store,
    survey: &Survey,
    area: &str,
    made: &DayPlan,
    by: &str,
    now: Timestamp,
) -> Result<Uuid, Error> {
    let (key, plan_id) = (survey.key, Uuid::now_v7());
    let mut rows = Vec::with_capacity(made.enumerators.len());
    for sheet in &made.enumerators {
        rows.push(SheetRow {
            id: Uuid::now_v7(),
            plan_id,
            user: sheet.user.clone(),
            on: made.on,
            area: area.to_owned(),
            made_at: now,
            made_by: by.to_owned(),
            rule_version: made.rule_version,
            model_version: made.model_version.clone(),
            document: serde_json::to_value(sheet).map_err(|_| Error::Corrupt("sheet"))?,
        });
    }
    store
        .retrying("publish_plan", move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                let gone = plan::publish(tx, key, now, &rows).await?;
                let marks: Vec<Mark> = gone
                    .into_iter()
                    .chain(rows.iter().map(|r| (r.id, r.user.clone())))
                    .map(|(id, user)| Mark { id, area_no: None, device: None, user: Some(user) })
                    .collect();
                let tag = new_tag(now);
                feed::mark(tx, key, tag, ChangeKind::Sheet, &marks).await?;
                Ok::<_, Error>(Outcome::Stamp(plan_id, key, tag))
            })
        })
        .await
}
