//! Storing evidence, a batch at a time.
//!
//! The caller has looked the ids up and found none. A row that is there all the same came by another batch at the same
//! moment: the unique key refuses it, and the transaction is repeated (`Error::of`).
//!
//! Rows come as one array for each column, unnested side by side in the select list: `unnest(a, b, …)` in FROM would first keep
//! each array's values in a store of its own, at more than the price of storing the rows.

use uuid::Uuid;

use super::super::SurveyKey;
use super::super::tx::{Error, Tx, statements};
use super::super::wire::{Stamp, column, numbers, sparse_column};
use super::{NewDwellingRecord, NewInterview, NewVisit, Sender, person_numbers};

statements! {
    /// $1 district, $2 survey, $3 batch, $4 device, $5 user, $6 received, then columns of `NewVisit` as parallel arrays; photo as
    /// array literals.
    INSERT_VISITS = "-- insert_visits
        insert into visit (district_id, survey_no, batch_id, device_id, enumerator, received_at, id, case_id, sent_case_id, status,
            held_reason, held_detail, batch_index, digest, at, at_offset_min, ended_at, outcome, channel, informant, appointment_from,
            appointment_to, photo, lon, lat, accuracy_m, sent_lon, sent_lat, sent_datum, note, extra, card)
        select $1, $2, $3, $4, $5, $6, unnest($7::uuid[]), unnest($8::uuid[]), unnest($9::uuid[]), unnest($10::smallint[]),
            unnest($11::text[]), unnest($12::text[]), unnest($13::integer[]), unnest($14::bytea[]), unnest($15::timestamptz[]),
            unnest($16::smallint[]), unnest($17::timestamptz[]), unnest($18::smallint[]), unnest($19::smallint[]),
            unnest($20::smallint[]), unnest($21::timestamptz[]), unnest($22::timestamptz[]), unnest($23::text[])::uuid[],
            unnest($24::float8[]), unnest($25::float8[]), unnest($26::float4[]), unnest($27::float8[]), unnest($28::float8[]),
            unnest($29::smallint[]), unnest($30::text[]), unnest($31::text[]), unnest($32::text[])";
    /// $1 to $6 as above, then columns of `NewInterview` as parallel arrays; $27 person figures, six for each;
    /// $28 1, 2, 3 …; $29 whether other revisions may be stored. Those that count are queued for linking.
    INSERT_INTERVIEWS = "-- insert_interviews
        with stored as (
            insert into interview (district_id, survey_no, id, revision, case_id, sent_case_id, visit_id, is_visit_awaited, status,
                held_reason, held_detail, batch_id, batch_index, digest, device_id, enumerator, at, at_offset_min, received_at, result,
                respondent, persons, people, household, phone, address_text, answers, extra, counted_elsewhere, paired, form_id, form_version)
            select $1, $2, u.id, u.revision, u.case_id, u.sent_case_id, u.visit_id, u.is_visit_awaited, u.status, u.held_reason,
                u.held_detail, $3, u.batch_index, u.digest, $4, $5, u.at, u.at_offset_min, $6, u.result, u.respondent,
                ($27::integer[])[u.n * 6 - 5 : u.n * 6], u.people, u.household, u.phone, u.address_text, u.answers, u.extra,
                coalesce(known.counted_elsewhere, false), coalesce(known.paired, 0), u.form_id, u.form_version
            from (select unnest($7::uuid[]) as id, unnest($8::integer[]) as revision, unnest($9::uuid[]) as case_id,
                    unnest($10::uuid[]) as sent_case_id, unnest($11::uuid[]) as visit_id, unnest($12::boolean[]) as is_visit_awaited,
                    unnest($13::smallint[]) as status, unnest($14::text[]) as held_reason, unnest($15::text[]) as held_detail,
                    unnest($16::integer[]) as batch_index, unnest($17::bytea[]) as digest, unnest($18::timestamptz[]) as at,
                    unnest($19::smallint[]) as at_offset_min, unnest($20::smallint[]) as result, unnest($21::smallint[]) as respondent,
                    unnest($22::text[]) as household, unnest($23::text[]) as phone, unnest($24::text[]) as address_text,
                    unnest($25::text[]) as answers, unnest($26::text[]) as extra, unnest($28::integer[]) as n,
                    unnest($30::text[]) as people, unnest($31::text[]) as form_id, unnest($32::text[]) as form_version
                  offset 0) u
            left join lateral (select i.counted_elsewhere, i.paired from interview i where $29 and i.district_id = $1
                and i.survey_no = $2 and i.id = u.id limit 1) known on true
            returning id, status, held_reason)
        insert into link_outbox (district_id, survey_no, interview, queued_at, not_before)
        select $1, $2, id, now(), now() from stored where status = 0 and held_reason is null";
    /// $1 to $6 as above, then columns of a dwelling record as parallel arrays. Doors are reported rarely, some by several people at once.
    INSERT_DWELLING_RECORDS = "-- insert_dwelling_records
        insert into dwelling_record (district_id, survey_no, id, status, held_reason, held_detail, case_id, batch_id, batch_index,
            digest, device_id, enumerator, received_at, area, content, looks_like)
        select $1, $2, u.id, u.status, u.held_reason, u.held_detail, u.case_id, $3, u.batch_index, u.digest, $4, $5, $6, u.area, u.content,
            u.looks_like
        from unnest($7::uuid[], $8::smallint[], $9::text[], $10::text[], $11::uuid[], $12::integer[], $13::bytea[], $14::text[], $15::text[],
            $16::uuid[]) as u (id, status, held_reason, held_detail, case_id, batch_index, digest, area, content, looks_like)
        order by u.id
        on conflict on constraint dwelling_record_pk do nothing returning id";
}

/// Most rows of one statement; more are split (`p99` grows to seconds above it).
const ROWS: usize = 1000;

/// Stores visits that are not stored yet. Two transactions that store the same ones must not wait for each other, so they go
/// in id order.
pub async fn insert_visits(tx: &Tx, key: SurveyKey, s: &Sender, mut all: Vec<NewVisit>) -> Result<(), Error> {
    all.sort_unstable_by_key(|v| v.id);
    for v in all.chunks(ROWS) {
        let photo = |p: &[Uuid]| {
            (!p.is_empty())
                .then(|| format!("{{{}}}", p.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")))
        };
        tx.execute(
            &INSERT_VISITS,
            &[
                &key.district,
                &key.no,
                &s.batch,
                &s.device,
                &&*s.user,
                &Stamp(s.received_at),
                column!(v, r => r.id),
                column!(v, r => r.case_id),
                sparse_column!(v, r => r.sent_case_id),
                column!(v, r => r.status),
                sparse_column!(v, r => r.held_reason.as_deref()),
                sparse_column!(v, r => r.held_detail.as_deref()),
                column!(v, r => r.batch_index),
                column!(v, r => r.digest.as_slice()),
                column!(v, r => Stamp(r.at)),
                column!(v, r => r.at_offset_min),
                sparse_column!(v, r => r.ended_at.map(Stamp)),
                column!(v, r => r.outcome),
                column!(v, r => r.channel),
                column!(v, r => r.informant),
                sparse_column!(v, r => r.appointment.as_ref().map(|w| Stamp(w.from))),
                sparse_column!(v, r => r.appointment.as_ref().map(|w| Stamp(w.to))),
                sparse_column!(v, r => photo(&r.photo)),
                sparse_column!(v, r => r.position.map(|p| p.0)),
                sparse_column!(v, r => r.position.map(|p| p.1)),
                sparse_column!(v, r => r.accuracy_m),
                sparse_column!(v, r => r.sent_position.map(|p| p.0)),
                sparse_column!(v, r => r.sent_position.map(|p| p.1)),
                sparse_column!(v, r => r.sent_position.map(|p| p.2)),
                sparse_column!(v, r => r.note.as_deref()),
                sparse_column!(v, r => r.extra.as_deref()),
                sparse_column!(v, r => r.card.as_deref()),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Whether interviews may have further revisions in store, whose links they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// None has.
    None,
    /// Some may have.
    Maybe,
}

/// Stores interview revisions that are not stored yet, and queues those that count for linking.
pub async fn insert_interviews(
    tx: &Tx,
    key: SurveyKey,
    s: &Sender,
    mut all: Vec<NewInterview>,
    others: Others,
) -> Result<(), Error> {
    all.sort_unstable_by_key(|v| (v.id, v.revision));
    for v in all.chunks(ROWS) {
        let figures: Vec<i32> = v.iter().flat_map(|r| person_numbers(&r.persons)).collect();
        let people: Vec<String> = v
            .iter()
            .map(|r| serde_json::to_string(&r.people))
            .collect::<Result<_, _>>()
            .map_err(|_| Error::Corrupt("people"))?;
        tx.execute(
            &INSERT_INTERVIEWS,
            &[
                &key.district,
                &key.no,
                &s.batch,
                &s.device,
                &&*s.user,
                &Stamp(s.received_at),
                column!(v, r => r.id),
                column!(v, r => r.revision),
                column!(v, r => r.case_id),
                sparse_column!(v, r => r.sent_case_id),
                sparse_column!(v, r => r.visit_id),
                column!(v, r => r.is_visit_awaited),
                column!(v, r => r.status),
                sparse_column!(v, r => r.held_reason.as_deref()),
                sparse_column!(v, r => r.held_detail.as_deref()),
                column!(v, r => r.batch_index),
                column!(v, r => r.digest.as_slice()),
                column!(v, r => Stamp(r.at)),
                column!(v, r => r.at_offset_min),
                column!(v, r => r.result),
                column!(v, r => r.respondent),
                column!(v, r => r.household.as_str()),
                sparse_column!(v, r => r.phone.as_deref()),
                sparse_column!(v, r => r.address_text.as_deref()),
                sparse_column!(v, r => r.answers.as_deref()),
                sparse_column!(v, r => r.extra.as_deref()),
                &figures,
                &numbers(v.len()),
                &(others == Others::Maybe),
                &people,
                sparse_column!(v, r => r.form.as_ref().map(|f| f.0.as_str())),
                sparse_column!(v, r => r.form.as_ref().map(|f| f.1.as_str())),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Stores dwelling records; returns the ids that were not there before.
pub async fn insert_dwelling_records(
    tx: &Tx,
    key: SurveyKey,
    s: &Sender,
    v: &[NewDwellingRecord],
) -> Result<Vec<Uuid>, Error> {
    let rows = tx
        .query(
            &INSERT_DWELLING_RECORDS,
            &[
                &key.district,
                &key.no,
                &s.batch,
                &s.device,
                &&*s.user,
                &Stamp(s.received_at),
                column!(v, r => r.id),
                column!(v, r => r.status),
                column!(v, r => r.held_reason.as_deref()),
                column!(v, r => r.held_detail.as_deref()),
                column!(v, r => r.case_id),
                column!(v, r => r.batch_index),
                column!(v, r => r.digest.as_slice()),
                column!(v, r => r.area.as_str()),
                column!(v, r => r.content.as_str()),
                column!(v, r => r.looks_like),
            ],
        )
        .await?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}
