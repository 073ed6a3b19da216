//! Removing personal data after a survey: what identifies people goes, what counts stays.

mod rewrite;

use jiff::Timestamp;
use uuid::Uuid;

use super::feed::{self, ChangeKind, Mark};
use super::installation::end_operation;
use super::tx::{Error, Outcome, Statement, new_tag, statements};
use super::{Store, SurveyKey, audit};

pub use rewrite::Rewrite;

statements! {
    /// $1 district, $2 survey, $3 rows at once. People on forms: of each stays what is counted, and the number.
    PERSONS = "-- purge_persons
        with chosen as (select i.id, i.revision from interview i
            where i.district_id = $1 and i.survey_no = $2 and exists (
                select from person p where p.district_id = $1 and p.survey_no = $2 and p.interview_id = i.id and p.revision = i.revision
                  and (p.name <> '' or p.surname is not null or p.given_name is not null or p.birth_month is not null
                    or p.birth_day is not null or p.citizen_id_hash is not null or p.other_address is not null or p.items <> '{}'))
            limit $3),
        left_over as (
            select s.id, s.revision, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('person_no', p.person_no, 'name', '', 'sex', p.sex,
                'birth_year', p.birth_year, 'relationship', p.relationship, 'residence_status', p.residence_status,
                'is_id_repaired', p.is_id_repaired, 'items', '{}'::jsonb)) order by p.person_no)::text as people
            from chosen s
            join person p on p.district_id = $1 and p.survey_no = $2 and p.interview_id = s.id and p.revision = s.revision
            group by s.id, s.revision)
        update interview i set people = s.people from left_over s
        where i.district_id = $1 and i.survey_no = $2 and i.id = s.id and i.revision = s.revision";
    /// Households: telephone, address as written, answers, unknown fields, household items.
    INTERVIEWS = "-- purge_interviews
        with chosen as (select id, revision from interview
            where district_id = $1 and survey_no = $2 and (phone is not null or address_text is not null or answers is not null
              or extra is not null or household <> '{}' or held_detail is not null) limit $3)
        update interview i set held_detail = null, phone = null, address_text = null, answers = null, extra = null, household = '{}' from chosen s
        where i.district_id = $1 and i.survey_no = $2 and i.id = s.id and i.revision = s.revision";
    /// Visits: notes, unknown fields, where the enumerator stood.
    VISITS = "-- purge_visits
        with chosen as (select id from visit
            where district_id = $1 and survey_no = $2 and (note is not null or extra is not null or lon is not null or sent_lon is not null
              or held_detail is not null)
            limit $3)
        update visit v set held_detail = null, note = null, extra = null, lon = null, lat = null, sent_lon = null, sent_lat = null from chosen s
        where v.district_id = $1 and v.survey_no = $2 and v.id = s.id";
    /// Batches as received.
    BATCHES = "-- purge_batches
        with chosen as (select batch_id from batch_content where district_id = $1 and survey_no = $2 and length(raw) > 0 limit $3)
        update batch_content b set raw = '' from chosen s
        where b.district_id = $1 and b.survey_no = $2 and b.batch_id = s.batch_id";
    /// Doors reported from the field as they were written.
    DWELLINGS = "-- purge_dwelling_records
        with chosen as (select id from dwelling_record where district_id = $1 and survey_no = $2
            and (content <> '{}' or held_detail is not null) limit $3)
        update dwelling_record d set content = '{}', held_detail = null from chosen s
        where d.district_id = $1 and d.survey_no = $2 and d.id = s.id";
    /// Filled-in forms: what was sent, and the answers.
    SUBMISSIONS = "-- purge_submissions
        with chosen as (select id from submission where district_id = $1 and survey_no = $2
            and (xml <> '' or answers is not null or held_detail is not null or id_digests is not null) limit $3)
        update submission f set xml = '', answers = null, held_detail = null, id_digests = null from chosen s
        where f.district_id = $1 and f.survey_no = $2 and f.id = s.id";
    /// Names of their files, as somebody called them.
    SUBMISSION_FILES = "-- purge_submission_files
        with chosen as (select root_id, name from submission_file where district_id = $1 and survey_no = $2 limit $3)
        delete from submission_file f using chosen s
        where f.district_id = $1 and f.survey_no = $2 and f.root_id = s.root_id and f.name = s.name";
    /// Words of supervisors.
    DECISIONS = "-- purge_decisions
        with chosen as (select case_id, seq from decision where district_id = $1 and survey_no = $2 and reason <> '' limit $3)
        update decision d set reason = '' from chosen s
        where d.district_id = $1 and d.survey_no = $2 and d.case_id = s.case_id and d.seq = s.seq";
    /// The same on held records.
    HELD_NOTES = "-- purge_held_notes
        with chosen as (select record_id, revision, seq from held_decision where district_id = $1 and survey_no = $2
            and (note <> '' or was_detail is not null) limit $3)
        update held_decision d set note = '', was_detail = null from chosen s
        where d.district_id = $1 and d.survey_no = $2 and d.record_id = s.record_id and d.revision = s.revision and d.seq = s.seq";
    /// Pieces of uploads that never became complete.
    PARTS = "-- purge_attachment_parts
        with chosen as (select id, at_byte from attachment_part where district_id = $1 and survey_no = $2 limit $3)
        delete from attachment_part p using chosen s
        where p.district_id = $1 and p.survey_no = $2 and p.id = s.id and p.at_byte = s.at_byte";
    /// What linkage prepared from names, and the evidence it shows.
    LINK_INTERVIEWS = "-- purge_link_interviews
        with chosen as (select interview from link_interview
            where district_id = $1 and survey_no = $2 and (prepared <> '' or cardinality(keys) > 0) limit $3)
        update link_interview l set prepared = '', keys = '{}', key_kinds = '{}' from chosen s
        where l.district_id = $1 and l.survey_no = $2 and l.interview = s.interview";
    /// Keys by which linkage finds candidates.
    LINK_KEYS = "-- purge_link_keys
        with chosen as (select key, kind, interview from link_key where district_id = $1 and survey_no = $2 limit $3)
        delete from link_key k using chosen s
        where k.district_id = $1 and k.survey_no = $2 and k.key = s.key and k.kind = s.kind and k.interview = s.interview";
    /// Evidence of pairs.
    LINKS = "-- purge_links
        with chosen as (select id from link where district_id = $1 and survey_no = $2 and evidence <> '{}'::jsonb limit $3)
        update link l set evidence = '{}' from chosen s
        where l.district_id = $1 and l.survey_no = $2 and l.id = s.id";
    /// When residents would like to be visited, and their notes.
    WISHES = "-- purge_slip_wishes
        with chosen as (select id from slip_wish where district_id = $1 and survey_no = $2 limit $3)
        delete from slip_wish w using chosen s
        where w.district_id = $1 and w.survey_no = $2 and w.id = s.id";
    /// Codes of cards, so that nobody leaves a note under one of them afterwards.
    SLIPS = "-- purge_slips
        with chosen as (select code_hash from slip where district_id = $1 and survey_no = $2 limit $3)
        delete from slip p using chosen s where p.code_hash = s.code_hash";
    /// Sheets tell at which door somebody asked for which hour.
    SHEETS = "-- purge_sheets
        with chosen as (select id from plan_sheet where district_id = $1 and survey_no = $2 and document <> '{}'::jsonb limit $3)
        update plan_sheet p set document = '{}', superseded_at = coalesce(p.superseded_at, now()) from chosen s
        where p.district_id = $1 and p.survey_no = $2 and p.id = s.id";
    /// Words of those who decided on pairs.
    LINK_NOTES = "-- purge_link_notes
        with chosen as (select link_id, version from link_event where district_id = $1 and survey_no = $2 and note <> '' limit $3)
        update link_event e set note = '' from chosen s
        where e.district_id = $1 and e.survey_no = $2 and e.link_id = s.link_id and e.version = s.version";
    /// Words of messages; phones forget them.
    MESSAGES = "-- purge_messages
        with chosen as (select id from message where district_id = $1 and survey_no = $2 and text <> '' limit $3)
        update message m set text = '', ended_at = coalesce(m.ended_at, now()), end_reason = coalesce(m.end_reason, 'purged') from chosen s
        where m.district_id = $1 and m.survey_no = $2 and m.id = s.id";
    /// Tables of hashed names and telephone numbers a model was frozen with: numbers can be tried out.
    FREQUENCIES = "-- purge_frequencies
        with chosen as (select version from link_model where district_id = $1 and survey_no = $2 and frequencies is not null limit $3)
        update link_model m set frequencies = null from chosen s
        where m.district_id = $1 and m.survey_no = $2 and m.version = s.version";
    /// Why a device was cut off, and what it calls itself.
    DEVICES = "-- purge_devices
        with chosen as (select id from device
            where district_id = $1 and survey_no = $2 and (model is not null or revoke_note is not null or client_id is not null) limit $3)
        update device d set model = null, revoke_note = null, client_id = null from chosen s
        where d.district_id = $1 and d.survey_no = $2 and d.id = s.id";
    /// What devices say of their program.
    CONTACTS = "-- purge_device_contacts
        with chosen as (select device_id from device_contact where district_id = $1 and survey_no = $2 and app_version is not null limit $3)
        update device_contact d set app_version = null from chosen s
        where d.district_id = $1 and d.survey_no = $2 and d.device_id = s.device_id";
    /// $1 district, $2 survey, $3 limit. Pictures whose bytes are still there.
    PICTURES = "-- pictures_to_purge
        select id from attachment where district_id = $1 and survey_no = $2 and purged_at is null limit $3";
    /// Whether any picture is stored.
    HAS_PICTURES = "-- has_pictures
        select exists (select 1 from attachment where complete_at is not null and purged_at is null) as has";
    /// $1 district, $2 survey, $3 ids, $4 now.
    PICTURES_GONE = "-- pictures_purged
        update attachment set purged_at = $4 where district_id = $1 and survey_no = $2 and id = any($3)";
}

/// A family of rows that is purged together.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What an operator calls it.
    pub name: &'static str,
    table: &'static str,
    statement: &'static Statement,
}

const fn step(name: &'static str, table: &'static str, statement: &'static Statement) -> Step {
    Step { name, table, statement }
}

/// Every family, in the order in which they go.
pub const STEPS: [Step; 21] = [
    step("persons' forms", "interview", &PERSONS),
    step("interviews", "interview", &INTERVIEWS),
    step("visits", "visit", &VISITS),
    step("batches as received", "batch_content", &BATCHES),
    step("doors as reported", "dwelling_record", &DWELLINGS),
    step("filled-in forms", "submission", &SUBMISSIONS),
    step("files of filled-in forms", "submission_file", &SUBMISSION_FILES),
    step("supervisors' reasons", "decision", &DECISIONS),
    step("notes on held records", "held_decision", &HELD_NOTES),
    step("notes on pairs", "link_event", &LINK_NOTES),
    step("messages", "message", &MESSAGES),
    step("notes on devices", "device", &DEVICES),
    step("versions of devices", "device_contact", &CONTACTS),
    step("unfinished uploads", "attachment_part", &PARTS),
    step("names prepared for linkage", "link_interview", &LINK_INTERVIEWS),
    step("keys of linkage", "link_key", &LINK_KEYS),
    step("evidence of pairs", "link", &LINKS),
    step("tables of names", "link_model", &FREQUENCIES),
    step("residents' wishes", "slip_wish", &WISHES),
    step("codes of cards", "slip", &SLIPS),
    step("sheets", "plan_sheet", &SHEETS),
];

/// Its name among the operations of several steps.
pub const OPERATION: &str = "purge";

/// Rows in one transaction.
const AT_ONCE: i64 = 2_000;

impl Store {
    /// Purges some rows of a family; how many, 0 when none are left.
    pub async fn purge_some(&self, key: SurveyKey, step: Step) -> Result<u64, Error> {
        let n = self.run(step.statement, &[&key.district, &key.no, &AT_ONCE]).await?;
        Ok(n)
    }

    /// Pictures whose bytes are still there.
    pub async fn pictures_to_purge(&self, key: SurveyKey) -> Result<Vec<Uuid>, Error> {
        let rows = self.rows(&PICTURES, &[&key.district, &key.no, &AT_ONCE]).await?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    }

    /// Whether any picture is stored, of whatever survey.
    pub async fn has_pictures(&self) -> Result<bool, Error> {
        Ok(self.one(&HAS_PICTURES, &[]).await?.get("has"))
    }

    /// Notes that the bytes of these pictures are gone.
    pub async fn pictures_purged(&self, key: SurveyKey, ids: &[Uuid], now: Timestamp) -> Result<(), Error> {
        self.run(&PICTURES_GONE, &[&key.district, &key.no, &ids, &now]).await?;
        Ok(())
    }

    /// Notes in the audit log that personal data were removed, and that the purge is done, both at once.
    pub async fn finish_purge(
        &self,
        key: SurveyKey,
        counts: serde_json::Value,
        now: Timestamp,
    ) -> Result<(), Error> {
        let note = audit::Note::by_operator(key, audit::Action::Purge, now).with(counts);
        self.retrying("finish_purge", move |tx| {
            let note = note.clone();
            Box::pin(async move {
                audit::note(tx, &note).await?;
                end_operation(tx, key, OPERATION).await?;
                // No change tells of what was removed, so devices pull what is left.
                feed::require_full(tx, key).await?;
                let tag = new_tag(now);
                feed::mark(tx, key, tag, ChangeKind::Survey, &[Mark::default()]).await?;
                Ok::<_, Error>(Outcome::Stamp((), key, tag))
            })
        })
        .await
    }
}
