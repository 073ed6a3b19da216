//! What each decision on a link would change, before it is taken: the same plan as the decision makes, folded and not written.
//! Takes no lock and writes nothing, so a page may ask as often as it is opened.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::apply::{facts, with_survivors};
use super::decide::{Ground, find};
use super::effects::{Changes, Choice, Effect, Effects};
use super::settle::settle;
use super::{Dedupe, Error, Ruling};
use crate::ingest::refold::{At, DoorChange, Supposed};
use crate::store::Tx;
use crate::store::access::Caller;
use crate::store::case::{LockedCase, look_at_cases};
use crate::store::link::pair::LinkRow;
use crate::surveys::Survey;

impl Dedupe {
    /// What each decision would change now.
    pub async fn effects(&self, caller: &Caller, link: Uuid, now: Timestamp) -> Result<Effects, Error> {
        let survey = self.ingest.surveys.get(caller.key, caller.policy_version).await?;
        let (own, caller) = (self.clone(), caller.clone());
        self.ingest
            .store
            .reading("link_effects", move |tx| {
                let (own, survey, caller) = (own.clone(), Arc::clone(&survey), caller.clone());
                Box::pin(async move {
                    let at = At::new(survey.key, now);
                    let found = find(tx, at, &caller, link).await?;
                    let ground = own.ground(tx, at, &survey, &found).await?;
                    let asked =
                        Asked { at, survey: &survey, caller: &caller, found: &found, ground: &ground };
                    Ok(Effects {
                        merge_household: asked.effect(tx, Choice::MergeHousehold).await?,
                        merge_door: asked.effect(tx, Choice::MergeDoor).await?,
                        pair: asked.effect(tx, Choice::Pair).await?,
                        apart: asked.effect(tx, Choice::Apart).await?,
                        undo: asked.effect(tx, Choice::Undo).await?,
                    })
                })
            })
            .await
    }
}

/// A link whose decisions somebody asks about.
struct Asked<'a> {
    at: At,
    survey: &'a Survey,
    caller: &'a Caller,
    found: &'a LinkRow,
    ground: &'a Ground,
}

impl Asked<'_> {
    async fn effect(&self, tx: &Tx, choice: Choice) -> Result<Effect, Error> {
        let range = self.caller.range;
        match self.foresee(tx, choice).await {
            Ok(changes) => {
                let beyond = changes.beyond(range);
                let why = (beyond > 0).then(|| Error::BeyondReach.to_string());
                let changes = Some(changes.seen_from(range));
                Ok(Effect { possible: beyond == 0, why, beyond_reach: beyond, changes })
            }
            Err(Error::Unfit(why) | Error::Ingest(crate::ingest::Error::Unfit(why))) => {
                Ok(Effect { possible: false, why: Some(why.to_owned()), beyond_reach: 0, changes: None })
            }
            Err(error) => Err(error),
        }
    }

    /// What a decision would change in numbers.
    async fn foresee(&self, tx: &Tx, choice: Choice) -> Result<Changes, Error> {
        let (at, found) = (self.at, self.found);
        let (verdict, merged_as) = choice.ruling();
        let (version, note) = (found.version, String::new());
        let ruling = Ruling { link: found.id, verdict, merged_as, version, note, is_proposal: false };
        let weighed = self.ground.weigh(tx, at, self.caller, found.clone(), &ruling).await?;
        let door = weighed.doors(tx, at).await?.change;
        let mut facts = facts(tx, at.key, &weighed.work()).await?;
        match door {
            Some(DoorChange::Merge { case, into }) => {
                // Whatever goes on in the case goes on in the other.
                facts.doors.entry(case).or_insert(case);
                facts.doors.values_mut().filter(|door| **door == case).for_each(|door| *door = into);
            }
            Some(DoorChange::Unmerge { case, .. }) => drop(facts.doors.insert(case, case)),
            None => {}
        }
        let plan = settle(weighed.work(), &facts, at.now);
        let ids = with_survivors(tx, at.key, &weighed.cases()).await?;
        let before: Vec<Arc<LockedCase>> =
            look_at_cases(tx, at.key, &ids).await?.into_iter().map(Arc::new).collect();
        let folded = Supposed { flags: &plan.flags, door }.fold(tx, at, self.survey).await?;
        let after: Vec<Arc<LockedCase>> = before
            .iter()
            .map(|row| match folded.get(&row.id) {
                Some(update) => {
                    let (state, persons) = (update.state, update.persons.clone());
                    Arc::new(LockedCase { state, persons, ..LockedCase::clone(row) })
                }
                None => Arc::clone(row),
            })
            .collect();
        Ok(Changes::between(&before, &after))
    }
}
