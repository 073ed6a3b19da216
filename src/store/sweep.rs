//! Pictures that no visit names are removed in three steps: somebody takes some of them in hand, which makes them count as
//! gone; their bytes are removed; their rows are. A picture that a visit names is never taken in hand: whoever names it and
//! whoever takes it both lock its row.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::sight::is_named;
use super::tx::{Error, Outcome, statements};
use super::{Store, SurveyKey};

/// After this time somebody else may take in hand what was not finished. Nobody goes on with what is half as old.
pub const GIVEN_UP: SignedDuration = SignedDuration::from_mins(10);

statements! {
    /// $1 district, $2 survey, $3 now, $4 limit. A visit and its picture that came at one moment did not see each other.
    NAME = concat!("-- name_attachments
        with late as (select a.id from attachment a
            where a.district_id = $1 and a.survey_no = $2 and a.named_at is null and a.purged_at is null
              and ", is_named!("a"), "
            order by a.id limit $4 for update skip locked)
        update attachment a set named_at = $3 from late
        where a.district_id = $1 and a.survey_no = $2 and a.id = late.id");
    /// $1 district, $2 survey, $3 waiting since before, $4 taken in hand before, $5 now, $6 limit.
    TAKE = concat!("-- take_unnamed_attachments
        with old as (select a.id from attachment a
            join feed f on f.district_id = a.district_id and f.survey_no = a.survey_no
            where a.district_id = $1 and a.survey_no = $2 and a.named_at is null and a.purged_at is null
              and greatest(coalesce(a.complete_at, a.started_at), f.restored_at) < $3
              and (a.swept_at is null or a.swept_at < $4)
              and not ", is_named!("a"), "
            order by a.id limit $6 for update of a skip locked)
        update attachment a set swept_at = $5 from old
        where a.district_id = $1 and a.survey_no = $2 and a.id = old.id returning a.id, a.stored");
    /// $1 district, $2 survey, $3 ids, $4 when they were taken in hand.
    FORGET_PARTS = "-- forget_swept_parts
        delete from attachment_part p using attachment a
        where p.district_id = $1 and p.survey_no = $2 and p.id = any($3) and a.district_id = $1 and a.survey_no = $2 and a.id = p.id
          and a.swept_at = $4";
    /// The same.
    FORGET = "-- forget_swept_attachments
        delete from attachment where district_id = $1 and survey_no = $2 and id = any($3) and swept_at = $4";
}

impl Store {
    /// Takes in hand at most `limit` pictures that have been waiting for a visit since before `since`: ids and bytes. Nobody
    /// else has them; they count as gone.
    pub async fn take_unnamed(
        &self,
        key: SurveyKey,
        since: Timestamp,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<(Uuid, i64)>, Error> {
        let given_up = now.saturating_sub(GIVEN_UP).unwrap_or(Timestamp::MIN);
        self.retrying("take_unnamed", move |tx| {
            Box::pin(async move {
                tx.execute(&NAME, &[&key.district, &key.no, &now, &limit]).await?;
                let params: [super::tx::Param<'_>; 6] =
                    [&key.district, &key.no, &since, &given_up, &now, &limit];
                let rows = tx.query(&TAKE, &params).await?;
                Ok::<_, Error>(Outcome::Commit(rows.iter().map(|r| (r.get(0), r.get(1))).collect()))
            })
        })
        .await
    }

    /// Forgets pictures whose bytes are removed, as far as they are still those taken in hand at `taken_at`.
    pub async fn forget_swept(&self, key: SurveyKey, ids: &[Uuid], taken_at: Timestamp) -> Result<(), Error> {
        let ids = ids.to_vec();
        self.retrying("forget_swept", move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                tx.execute(&FORGET_PARTS, &[&key.district, &key.no, &ids, &taken_at]).await?;
                tx.execute(&FORGET, &[&key.district, &key.no, &ids, &taken_at]).await?;
                Ok::<_, Error>(Outcome::Commit(()))
            })
        })
        .await
    }
}
