//! What a household says to a supervisor by telephone: the same form, with the supervisor as its enumerator. It needs no card, and
//! no code is asked for.

use std::sync::Arc;

use uuid::Uuid;

use super::super::refold::{At, refold};
use super::super::rows::Standing;
use super::super::{Error, Ingest};
use super::records::{Names, written};
use super::{Answer, Unfit, Work};
use crate::domain::CaseId;
use crate::store::batch::Status;
use crate::store::evidence::{self, Others, Sender};
use crate::store::{Outcome, Sight, case};
use crate::surveys::Survey;

/// Who asked which door, and the id of the page on which it was written down: the same page sent twice is one interview.
#[derive(Clone, Debug)]
pub struct Call {
    /// The door.
    pub case: CaseId,
    /// The supervisor, with what that person may see.
    pub sight: Sight,
    /// The page.
    pub page: Uuid,
}

impl Ingest {
    /// Takes an interview by telephone: visit and interview in one transaction. Says which places of the answer cannot be used.
    pub async fn take_call(
        &self,
        survey: &Arc<Survey>,
        call: Call,
        answer: Answer,
        now: jiff::Timestamp,
    ) -> Result<Result<(), Unfit>, Error> {
        let (keys, survey, answer) = (self.keys.clone(), survey.clone(), Arc::new(answer));
        self.store
            .retrying("take_call", move |tx| {
                let (keys, survey, answer, call) =
                    (keys.clone(), survey.clone(), answer.clone(), call.clone());
                Box::pin(async move {
                    let work = Work { tx, at: At::new(survey.key, now), survey: &survey, keys: &keys };
                    work.take(&call, &answer).await
                })
            })
            .await
    }
}

impl Work<'_> {
    async fn take(&self, call: &Call, answer: &Answer) -> Result<Outcome<Result<(), Unfit>>, Error> {
        let id = |what: &str| self.keys.card_id(call.page.as_bytes(), &format!("telephone {what}"));
        let names = Names {
            visit: id("visit"),
            interview: id("interview"),
            batch: id("batch"),
            device: id("device"),
        };
        if self.at.now > self.survey.closes_at() {
            return Ok(Outcome::Rollback(Err(Unfit::NotNow("The survey is over.", "调查已结束。"))));
        }
        let row = self.household(self.first(call.case).await?, answer.household).await?;
        if !evidence::visit_cases(self.tx, self.at.key, &[names.visit], &call.sight).await?.is_empty() {
            return Ok(Outcome::Rollback(Ok(())));
        }
        let how = (1, self.at.now, Some(("interview_complete", "telephone")));
        let made = match written(self, &names, row.id, answer, how) {
            Ok(made) => made,
            Err(faults) => return Ok(Outcome::Rollback(Err(Unfit::Form(faults)))),
        };
        let standing = Standing { case_id: row.id, status: Status::Accepted, held: None };
        let sender = Sender {
            batch: names.batch,
            device: names.device,
            user: Arc::from(call.sight.user.as_str()),
            received_at: self.at.now,
        };
        let (visits, interview) = made.rows(&standing, self.keys);
        evidence::insert_visits(self.tx, self.at.key, &sender, visits).await?;
        evidence::insert_interviews(self.tx, self.at.key, &sender, vec![interview], Others::Maybe).await?;
        let locked = case::lock_cases(self.tx, self.at.key, &[row.id]).await?;
        refold(self.tx, self.at, self.survey, &locked).await?;
        Ok(Outcome::Stamp(Ok(()), self.at.key, self.at.tag))
    }
}
