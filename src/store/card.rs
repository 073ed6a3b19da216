//! Cards: made for a door or ahead of one, left at a door, and what residents do under their codes.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::json;
use tokio_postgres::Row;
use uuid::Uuid;

use super::audit::{self, Action, Note};
use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, CaseId};

/// The columns of [`CardRow`], of a card `p`.
macro_rules! select_cards {
    () => {
        "select p.code_hash, p.district_id, p.survey_no, p.case_id, p.number, p.for_user, p.made_by, p.made_at, p.left_at, p.pin_digest,
                p.pin_wrong, p.pin_wrong_ever, p.pin_free_at, p.draft, p.started_at, p.submitted_at, p.revision, p.answer_digest,
                p.killed_at from slip p"
    };
}

statements! {
    /// $1 code hash.
    FIND = concat!("-- find_card\n", select_cards!(), " where p.code_hash = $1");
    /// $1 code hash.
    LOCK = concat!("-- lock_card\n", select_cards!(), " where p.code_hash = $1 for update");
    /// $1 district, $2 survey, $3 numbers. In their order.
    LOCK_NUMBERS = concat!("-- lock_cards_by_number\n", select_cards!(), "
        where p.district_id = $1 and p.survey_no = $2 and p.number = any($3) order by p.number for update");
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 after number, $6 limit. Printed for people of these areas, or left at doors there.
    LIST = concat!("-- list_cards\n", select_cards!(), "
        left join staff s on s.district_id = p.district_id and s.survey_no = p.survey_no and s.user_name = p.for_user
        left join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        left join survey_case c on c.district_id = p.district_id and c.survey_no = p.survey_no and c.id = p.case_id
        where p.district_id = $1 and p.survey_no = $2 and p.number is not null and p.number > $5
          and (a.lo between $3 and $4 or c.area_no between $3 and $4) order by p.number limit $6");
    /// $1 district, $2 survey, $3 hashes, $4 numbers, $5 for, $6 by, $7 now. A number given out before is left out.
    MAKE = "-- make_cards
        insert into slip (code_hash, district_id, survey_no, number, for_user, made_by, made_at)
        select u.hash, $1, $2, u.number, $5, $6, $7 from unnest($3::bytea[], $4::text[]) as u (hash, number)
        on conflict do nothing returning number";
    /// $1 code hash, $2 wrong now, $3 wrong ever, $4 free at, $5 killed at.
    NOTE_PIN = "-- note_pin_of_card
        update slip set pin_wrong = $2, pin_wrong_ever = $3, pin_free_at = $4, killed_at = $5 where code_hash = $1";
    /// $1 code hash, $2 pin digest, $3 draft, $4 now.
    SAVE = "-- save_draft_of_card
        update slip set pin_digest = coalesce(pin_digest, $2), draft = $3, draft_at = $4, started_at = coalesce(started_at, $4)
        where code_hash = $1";
    /// $1 code hash, $2 now.
    START = "-- start_card
        update slip set started_at = coalesce(started_at, $2) where code_hash = $1";
    /// $1 code hash, $2 pin digest or null, $3 revision, $4 answer digest, $5 pending or null, $6 now.
    SUBMIT = "-- submit_card
        update slip set pin_digest = coalesce(pin_digest, $2), revision = $3, answer_digest = $4, pending = $5, submitted_at = $6,
            started_at = coalesce(started_at, $6), draft = null, draft_at = null
        where code_hash = $1";
    /// $1 hashes, $2 cases, $3 visits, $4 times.
    BIND = "-- bind_cards
        update slip p set case_id = u.case_id, visit_id = u.visit_id, left_at = u.left_at
        from unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::timestamptz[]) as u (hash, case_id, visit_id, left_at)
        where p.code_hash = u.hash";
    /// $1 hashes. What waits.
    LOCK_PENDING = "-- lock_pending_answers
        select code_hash, pending from slip where code_hash = any($1) and pending is not null order by code_hash for update";
    /// $1 hashes. What waited is stored as evidence.
    END_PENDING = "-- end_pending_answers
        update slip set pending = null where code_hash = any($1)";
    /// $1 district, $2 survey, $3 cases. Whether answering began there, and was done.
    PROGRESS = "-- progress_of_cards
        select case_id, min(started_at) as started_at, max(submitted_at) as submitted_at from slip
        where district_id = $1 and survey_no = $2 and case_id = any($3) and started_at is not null group by case_id";
    /// $1 district, $2 survey, $3 cases, $4 most of each. The latest first.
    WINDOWS = "-- wished_windows
        select w.case_id, w.wish_from, w.wish_to from (
            select case_id, wish_from, wish_to, row_number() over (partition by case_id order by made_at desc, id desc) as n
            from slip_wish where district_id = $1 and survey_no = $2 and case_id = any($3)) w
        where w.n <= $4 order by w.case_id, w.wish_from, w.wish_to";
    /// $1 drafts saved before this moment are forgotten.
    FORGET_DRAFTS = "-- forget_old_drafts
        update slip set draft = null, draft_at = null where draft_at < $1";
}

/// A card as stored.
#[derive(Clone, Debug)]
pub struct CardRow {
    /// SHA-256 of the code.
    pub hash: Vec<u8>,
    /// The survey.
    pub key: SurveyKey,
    /// The door's case, once it is known.
    pub case_id: Option<CaseId>,
    /// The number outside.
    pub number: Option<String>,
    /// The enumerator it was printed for.
    pub for_user: Option<String>,
    /// Who had it made.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// When it was left.
    pub left_at: Option<Timestamp>,
    /// Digest of code and PIN.
    pub pin_digest: Option<Vec<u8>>,
    /// Wrong PINs since the last right one.
    pub pin_wrong: i16,
    /// Wrong PINs ever.
    pub pin_wrong_ever: i16,
    /// No PIN is judged before.
    pub pin_free_at: Option<Timestamp>,
    /// Sealed answers begun.
    pub draft: Option<Vec<u8>>,
    /// When answering began.
    pub started_at: Option<Timestamp>,
    /// When the last answer was taken.
    pub submitted_at: Option<Timestamp>,
    /// Answers taken.
    pub revision: i32,
    /// Digest of the last one.
    pub answer_digest: Option<Vec<u8>>,
    /// When the code was ended.
    pub killed_at: Option<Timestamp>,
}

/// A card that was left at a door.
#[derive(Clone, Debug)]
pub struct Left {
    /// SHA-256 of its code.
    pub hash: Vec<u8>,
    /// The door's case.
    pub case: CaseId,
    /// The visit.
    pub visit: Uuid,
    /// When, by the phone.
    pub at: Timestamp,
}

/// How far answering has come at a door.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was done.
    pub submitted_at: Option<Timestamp>,
}

fn card_row(r: &Row) -> CardRow {
    CardRow {
        hash: r.get("code_hash"),
        key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
        case_id: r.get("case_id"),
        number: r.get("number"),
        for_user: r.get("for_user"),
        made_by: r.get("made_by"),
        made_at: r.get("made_at"),
        left_at: r.get("left_at"),
        pin_digest: r.get("pin_digest"),
        pin_wrong: r.get("pin_wrong"),
        pin_wrong_ever: r.get("pin_wrong_ever"),
        pin_free_at: r.get("pin_free_at"),
        draft: r.get("draft"),
        started_at: r.get("started_at"),
        submitted_at: r.get("submitted_at"),
        revision: r.get("revision"),
        answer_digest: r.get("answer_digest"),
        killed_at: r.get("killed_at"),
    }
}

/// The card of a code as it is, without a lock.
pub async fn find(tx: &Tx, hash: &[u8]) -> Result<Option<CardRow>, Error> {
    Ok(tx.query_opt(&FIND, &[&hash]).await?.as_ref().map(card_row))
}

/// The card of a code, locked until the transaction ends.
pub async fn lock(tx: &Tx, hash: &[u8]) -> Result<Option<CardRow>, Error> {
    Ok(tx.query_opt(&LOCK, &[&hash]).await?.as_ref().map(card_row))
}

/// The cards of these numbers, locked in the order of the numbers.
pub async fn lock_numbers(tx: &Tx, key: SurveyKey, numbers: &[String]) -> Result<Vec<CardRow>, Error> {
    let rows = tx.query(&LOCK_NUMBERS, &[&key.district, &key.no, &numbers]).await?;
    Ok(rows.iter().map(card_row).collect())
}

/// Writes down what a try with a PIN came to, as the row says now.
pub async fn note_pin(tx: &Tx, card: &CardRow) -> Result<(), Error> {
    let CardRow { hash, pin_wrong, pin_wrong_ever, pin_free_at, killed_at, .. } = card;
    tx.execute(&NOTE_PIN, &[hash, pin_wrong, pin_wrong_ever, pin_free_at, killed_at]).await?;
    Ok(())
}

/// Keeps answers begun; the first PIN given is the card's.
pub async fn save(tx: &Tx, hash: &[u8], pin: &[u8], draft: &[u8], now: Timestamp) -> Result<(), Error> {
    tx.execute(&SAVE, &[&hash, &pin, &draft, &now]).await?;
    Ok(())
}

/// Notes that answering began.
pub async fn start(tx: &Tx, hash: &[u8], now: Timestamp) -> Result<(), Error> {
    tx.execute(&START, &[&hash, &now]).await?;
    Ok(())
}

/// What a card becomes by an answer.
#[derive(Clone, Copy, Debug)]
pub struct Submitted<'a> {
    /// Digest of code and PIN, where one was given.
    pub pin: Option<&'a [u8]>,
    /// Answers taken, this one among them.
    pub revision: i32,
    /// Digest of the answer.
    pub digest: &'a [u8],
    /// The sealed answer, where it has to wait.
    pub pending: Option<&'a [u8]>,
}

/// Notes that an answer was taken; the draft is forgotten.
pub async fn submit(tx: &Tx, hash: &[u8], s: Submitted<'_>, now: Timestamp) -> Result<(), Error> {
    let Submitted { pin, revision, digest, pending } = s;
    tx.execute(&SUBMIT, &[&hash, &pin, &revision, &digest, &pending, &now]).await?;
    Ok(())
}

/// Notes where cards were left.
pub async fn bind(tx: &Tx, all: &[Left]) -> Result<(), Error> {
    let hashes: Vec<&[u8]> = all.iter().map(|l| l.hash.as_slice()).collect();
    let cases: Vec<CaseId> = all.iter().map(|l| l.case).collect();
    let visits: Vec<Uuid> = all.iter().map(|l| l.visit).collect();
    let times: Vec<Timestamp> = all.iter().map(|l| l.at).collect();
    tx.execute(&BIND, &[&hashes, &cases, &visits, &times]).await?;
    Ok(())
}

/// The sealed answers that wait under these codes, locked: (hash, answer).
pub async fn lock_pending(tx: &Tx, hashes: &[Vec<u8>]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
    let rows = tx.query(&LOCK_PENDING, &[&hashes]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// What waited under these codes is stored as evidence.
pub async fn end_pending(tx: &Tx, hashes: &[Vec<u8>]) -> Result<(), Error> {
    if !hashes.is_empty() {
        tx.execute(&END_PENDING, &[&hashes]).await?;
    }
    Ok(())
}

/// Makes cards with these numbers; returns the numbers that were free.
pub async fn make(
    tx: &Tx,
    key: SurveyKey,
    cards: &[(Vec<u8>, String)],
    for_user: &str,
    by: &str,
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    let hashes: Vec<&[u8]> = cards.iter().map(|c| c.0.as_slice()).collect();
    let numbers: Vec<&str> = cards.iter().map(|c| c.1.as_str()).collect();
    let rows = tx.query(&MAKE, &[&key.district, &key.no, &hashes, &numbers, &for_user, &by, &now]).await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}

/// How far answering has come at these doors; those where nobody began are left out.
pub async fn progress(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<HashMap<CaseId, Progress>, Error> {
    let rows = tx.query(&PROGRESS, &[&key.district, &key.no, &cases]).await?;
    let of = |r: &Row| Progress { started_at: r.get("started_at"), submitted_at: r.get("submitted_at") };
    Ok(rows.iter().map(|r| (r.get("case_id"), of(r))).collect())
}

/// Windows that residents of these doors wished for, the last `most` of each, by time; those that have passed too.
pub async fn windows(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
    most: i64,
) -> Result<Vec<(CaseId, Timestamp, Timestamp)>, Error> {
    let rows = tx.query(&WINDOWS, &[&key.district, &key.no, &cases, &most]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect())
}

impl Store {
    /// Makes cards with these hashes and numbers for an enumerator; returns the numbers that were free.
    pub async fn make_cards(
        &self,
        key: SurveyKey,
        cards: Vec<(Vec<u8>, String)>,
        for_user: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let (for_user, by) = (for_user.to_owned(), by.to_owned());
        self.retrying("make_cards", move |tx| {
            let (cards, for_user, by) = (cards.clone(), for_user.clone(), by.clone());
            Box::pin(async move {
                let made = make(tx, key, &cards, &for_user, &by, now).await?;
                let mut note = Note::by_operator(key, Action::MakeCards, now);
                note.user.clone_from(&by);
                audit::note(tx, &note.with(json!({"cards": made.len(), "for": for_user}))).await?;
                Ok::<_, Error>(Outcome::Commit(made))
            })
        })
        .await
    }

    /// The card of a code.
    pub async fn card(&self, hash: &[u8]) -> Result<Option<CardRow>, Error> {
        Ok(self.row(&FIND, &[&hash]).await?.as_ref().map(card_row))
    }

    /// Numbered cards for people of a range of areas, or left at doors there, by number.
    pub async fn cards(
        &self,
        key: SurveyKey,
        range: AreaRange,
        after: &str,
        limit: i64,
    ) -> Result<Vec<CardRow>, Error> {
        let params: [super::tx::Param<'_>; 6] =
            [&key.district, &key.no, &range.lo, &range.hi, &after, &limit];
        Ok(self.rows(&LIST, &params).await?.iter().map(card_row).collect())
    }

    /// How far answering has come at these doors.
    pub async fn card_progress(
        &self,
        key: SurveyKey,
        cases: &[CaseId],
    ) -> Result<HashMap<CaseId, Progress>, Error> {
        let cases = cases.to_vec();
        self.reading("card_progress", move |tx| {
            let cases = cases.clone();
            Box::pin(async move { progress(tx, key, &cases).await })
        })
        .await
    }

    /// Forgets answers begun and saved before a moment; how many.
    pub async fn forget_drafts(&self, before: Timestamp) -> Result<u64, Error> {
        self.run(&FORGET_DRAFTS, &[&before]).await
    }
}
