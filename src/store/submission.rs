//! Filled-in forms as they were sent: their chains of corrections, what came of them, and their sheets of answers.
//!
//! Visits, interviews and doors that came of a submission stand in their own tables and have a standing of their own; what a
//! submission's row says is the standing of the whole, or of its sheet.

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::{RecordKind, Status, packed, unpacked};
use super::evidence::Sender;
use super::sight::{Sight, Whose, is_near, is_own};
use super::sql_types::ReadRow;
use super::tx::{Error, Tx, statements};
use super::wire::{Stamp, column};
use super::{Store, SurveyKey, Witness};
use crate::domain::{AreaRange, CaseId, FormRole};

/// Where the rows of this part stand.
const TABLE: &str = "submission";

/// Counted in [`SHEETS_DONE`]: an accepted sheet of a complete form that no later one of its chain replaced.
macro_rules! is_in_force {
    ($row:literal) => {
        concat!(
            $row,
            ".sheet_id is not null and ",
            $row,
            ".status = 0 and not exists (select 1 from submission later where later.district_id = ",
            $row,
            ".district_id and later.survey_no = ",
            $row,
            ".survey_no and later.root_id = ",
            $row,
            ".root_id and later.revision > ",
            $row,
            ".revision and later.status = 0)"
        )
    };
}

statements! {
    /// $1 district, $2 survey, $3 ids, $4 to $7 with whose eyes.
    KNOWN = concat!("-- known_submissions
        select k.id, k.root_id, k.revision, k.status, k.is_whole, k.digest, k.batch_id, k.batch_index, k.held_reason, k.held_detail,
               k.case_id, ", is_own!("k", "received_at"), " as is_own, ", is_near!("k"), " as is_near
        from submission k where k.district_id = $1 and k.survey_no = $2 and k.id = any($3::uuid[])");
    /// $1 district, $2 survey, $3 roots. The latest of each chain that has a place in it.
    LATEST = "-- latest_submissions
        select distinct on (root_id) root_id, id, revision, form_id, version, xml, received_at, visit_id, case_id, given from submission
        where district_id = $1 and survey_no = $2 and root_id = any($3::uuid[]) and not is_whole and status <> 2
        order by root_id, revision desc";
    /// $1 district, $2 survey, $3 forms, $4 versions, side by side.
    FORMS = "-- forms_of_submissions
        select u.n, f.role, f.place, f.is_open, exists (select 1 from form_version p where p.district_id = $1 and p.survey_no = $2
                   and p.form_id = f.form_id and p.published_at is not null) as is_published,
               v.hash, v.published_at is not null as is_version_published
        from unnest($3::text[], $4::text[]) with ordinality as u (form_id, version, n)
        join form f on f.district_id = $1 and f.survey_no = $2 and f.form_id = u.form_id
        left join form_version v on v.district_id = $1 and v.survey_no = $2 and v.form_id = u.form_id and v.version = u.version";
    /// $1 district, $2 survey, $3 form, $4 version.
    MODEL = "-- model_of_version
        select model from form_version where district_id = $1 and survey_no = $2 and form_id = $3 and version = $4";
    /// $1 district, $2 survey, $3 batch, $4 device, $5 user, $6 received, then columns of `NewSubmission` as parallel arrays.
    INSERT = "-- insert_submissions
        insert into submission (district_id, survey_no, batch_id, device_id, enumerator, received_at, id, root_id, revision, form_id, version,
            case_id, visit_id, status, held_reason, held_detail, is_whole, digest, batch_index, client, at, at_offset_min, ended_at,
            is_complete, sheet_id, deprecated_id, xml, answers, parts, given, id_digests)
        select $1, $2, $3, $4, $5, $6, unnest($7::uuid[]), unnest($8::uuid[]), unnest($9::integer[]), unnest($10::text[]),
            unnest($11::text[]), unnest($12::uuid[]), unnest($13::uuid[]), unnest($14::smallint[]), unnest($15::text[]),
            unnest($16::text[]), unnest($17::boolean[]), unnest($18::bytea[]), unnest($19::integer[]), unnest($20::text[]),
            unnest($21::timestamptz[]), unnest($22::smallint[]), unnest($23::timestamptz[]), unnest($24::boolean[]),
            unnest($25::uuid[]), unnest($26::uuid[]), unnest($27::bytea[]), unnest($28::text[]), unnest($29::jsonb[]),
            unnest($30::jsonb[]), unnest($31::text[])";
    /// $1 district, $2 survey, $3 id, then what was found out when it was taken: $4 root, $5 revision, $6 case, $7 visit, $8 status,
    /// $9 reason, $10 detail, $11 at, $12 offset, $13 ended, $14 complete, $15 sheet, $16 text, $17 answers, $18 parts.
    TAKE = "-- take_submission
        update submission set root_id = $4, revision = $5, case_id = $6, visit_id = $7, status = $8, held_reason = coalesce($9, held_reason),
            held_detail = coalesce($10, held_detail), is_whole = false, at = $11, at_offset_min = $12, ended_at = $13, is_complete = $14,
            sheet_id = $15, xml = $16, answers = $17, parts = $18, id_digests = null
        where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 id, $4 status, $5 reason, $6 detail, $7 case (null: as before). Standing of the whole or of a sheet.
    SETTLE = "-- settle_submission
        update submission set status = $4, held_reason = coalesce($5, held_reason), held_detail = coalesce($6, held_detail),
            case_id = coalesce($7, case_id)
        where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 most. What waits as a whole for something that is here by now, oldest first.
    FREEABLE = "-- freeable_submissions
        select s.id from submission s
        where s.district_id = $1 and s.survey_no = $2 and s.status = 1 and s.is_whole
          and (s.held_reason in ('unknown-form', 'unknown-form-version', 'form-closed') and exists (
                  select 1 from form f join form_version v on v.district_id = f.district_id and v.survey_no = f.survey_no
                      and v.form_id = f.form_id
                  where f.district_id = $1 and f.survey_no = $2 and f.form_id = s.form_id and f.is_open and v.version = s.version
                    and v.published_at is not null)
              or s.held_reason = 'edit-before-original' and exists (
                  select 1 from submission d where d.district_id = $1 and d.survey_no = $2 and d.id = s.deprecated_id
                    and not d.is_whole and d.status <> 2))
        order by s.received_at, s.id limit $3";
    /// $1 district, $2 survey, $3 id. One that waits as a whole, locked, with its batch's clock and the range of its person's area.
    WAITING = "-- lock_waiting_submission
        select s.id, s.form_id, s.version, s.digest, s.batch_id, s.batch_index, s.device_id, s.enumerator, s.client, s.received_at,
               s.deprecated_id, s.xml, s.given, s.id_digests, s.held_reason, s.case_id, b.clock_offset_s, a.lo, a.hi
        from submission s
        join batch b on b.district_id = s.district_id and b.survey_no = s.survey_no and b.id = s.batch_id
        left join staff p on p.district_id = s.district_id and p.survey_no = s.survey_no and p.user_name = s.enumerator
        left join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = p.area
        where s.district_id = $1 and s.survey_no = $2 and s.id = $3 and s.status = 1 and s.is_whole for update of s";
    /// $1 district, $2 survey, $3 cases. Bits of the extra forms of which each has a complete sheet in force.
    SHEETS_DONE = concat!("-- sheets_done
        select s.case_id, bit_or((1 << f.place)::integer)::smallint as done
        from submission s
        join form f on f.district_id = s.district_id and f.survey_no = s.survey_no and f.form_id = s.form_id
        where s.district_id = $1 and s.survey_no = $2 and s.case_id = any($3::uuid[]) and f.role = 'extra' and f.place < 8
          and s.is_complete and ", is_in_force!("s"), "
        group by s.case_id");
    /// $1 district, $2 survey, $3 ids by which sheets name a case that was not known. Sheets that wait for it.
    WAITING_SHEETS = "-- waiting_sheets
        select s.id, s.root_id, s.case_id, s.enumerator, s.device_id, a.lo, a.hi from submission s
        join staff p on p.district_id = s.district_id and p.survey_no = s.survey_no and p.user_name = s.enumerator
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = p.area
        where s.district_id = $1 and s.survey_no = $2 and s.status = 1 and s.sheet_id is not null and not s.is_whole and s.held_reason = 'unknown-case'
          and s.case_id = any($3::uuid[]) order by s.id";
    /// $1 district, $2 survey, $3 cases. Their rows in lists have changed.
    TOUCH = "-- touch_list_version
        update survey_case set list_version = list_version + 1
        where district_id = $1 and survey_no = $2 and id = any($3::uuid[])";
    /// $1 district, $2 survey, $3 texts: case ids, ids of dwelling records, and numbers of the office. What of it is a case, and which.
    NAMED = "-- doors_named
        select c.id::text as name, c.id from survey_case c
        where c.district_id = $1 and c.survey_no = $2 and c.id = any($3::uuid[])
        union all
        select a.id::text, a.case_id from case_alias a
        where a.district_id = $1 and a.survey_no = $2 and a.id = any($3::uuid[])
        union all
        select r.id::text, r.case_id from dwelling_record r
        where r.district_id = $1 and r.survey_no = $2 and r.id = any($3::uuid[]) and r.case_id is not null
        union all
        select d.external_id, c.id from dwelling d
        join survey_case c on c.district_id = d.district_id and c.survey_no = d.survey_no and c.dwelling_id = d.id and c.household = 1
        where d.district_id = $1 and d.survey_no = $2 and d.external_id = any($4::text[])
          and (c.area_no between $5 and $6 or c.holder = $7)";
    /// $1 district, $2 survey, $3 id.
    FIND = "-- find_submission
        select s.id, s.root_id, s.revision, s.form_id, s.version, s.case_id, s.visit_id, s.status, s.held_reason, s.held_detail, s.is_whole,
               s.batch_id, s.device_id, s.enumerator, s.client, s.at, s.at_offset_min, s.ended_at, s.received_at, s.is_complete, s.sheet_id,
               s.deprecated_id, s.xml, s.answers, s.parts, c.area_no, a.lo as home
        from submission s
        left join survey_case c on c.district_id = s.district_id and c.survey_no = s.survey_no and c.id = s.case_id
        left join staff p on p.district_id = s.district_id and p.survey_no = s.survey_no and p.user_name = s.enumerator
        left join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = p.area
        where s.district_id = $1 and s.survey_no = $2 and s.id = $3";
    /// $1 district, $2 survey, $3 sheet, $4 revision. The submission that a sheet came with.
    OF_SHEET = "-- submission_of_sheet
        select id from submission where district_id = $1 and survey_no = $2 and sheet_id = $3 and revision = $4 and not is_whole";
    /// $1 district, $2 survey, $3 case, $4 visit. The visit that the submission which tells of $4 had before.
    VISIT_BEFORE = "-- visit_before_correction
        select visit_id from submission
        where district_id = $1 and survey_no = $2 and case_id = $3 and visit_id <> $4
          and parts @> jsonb_build_array(jsonb_build_object('type', 'visit', 'id', $4::uuid::text))";
    /// $1 district, $2 survey, $3 case, $4 visit. From now on it is the visit of that submission.
    SET_VISIT = "-- set_submission_visit
        update submission set visit_id = $4
        where district_id = $1 and survey_no = $2 and case_id = $3
          and parts @> jsonb_build_array(jsonb_build_object('type', 'visit', 'id', $4::uuid::text))";
    /// $1 district, $2 survey. Extra forms that are counted.
    EXTRA_FORMS = "-- extra_forms
        select form_id, place from form where district_id = $1 and survey_no = $2 and role = 'extra' and place < 8 order by place, form_id";
    /// $1 district, $2 survey, $3 ids. Records that came of filled-in forms, as they stand now.
    PRESENT = "-- present_parts
        select 1::smallint as kind, id, 0 as revision, status, held_reason, held_detail
          from visit where district_id = $1 and survey_no = $2 and id = any($3::uuid[])
        union all
        select 2::smallint, id, revision, status, held_reason, held_detail
          from interview where district_id = $1 and survey_no = $2 and id = any($3::uuid[])
        union all
        select 3::smallint, id, 0, status, held_reason, held_detail
          from dwelling_record where district_id = $1 and survey_no = $2 and id = any($3::uuid[])
        union all
        select 5::smallint, sheet_id, revision, status, held_reason, held_detail
          from submission where district_id = $1 and survey_no = $2 and sheet_id = any($3::uuid[]) and not is_whole";
    /// $1 district, $2 survey, $3 ids.
    OF_IDS = "-- submissions_of_ids
        select id, device_id, enumerator, status, held_reason, held_detail, is_whole, parts from submission
        where district_id = $1 and survey_no = $2 and id = any($3::uuid[])";
    /// $1 district, $2 survey, $3 root.
    CHAIN = "-- submission_chain
        select id, revision, status, held_reason, held_detail, is_whole, device_id, enumerator, parts from submission
        where district_id = $1 and survey_no = $2 and root_id = $3 and not is_whole order by revision";
    /// $1 district, $2 survey, $3 root.
    FILES = "-- submission_files
        select f.name, f.attachment_id, f.arrived_at is not null or t.complete_at is not null as here, t.length
        from submission_file f
        left join attachment t on t.district_id = f.district_id and t.survey_no = f.survey_no and t.id = f.attachment_id
            and t.complete_at is not null and t.purged_at is null and t.swept_at is null
        where f.district_id = $1 and f.survey_no = $2 and f.root_id = $3 and f.is_expected order by f.name";
    /// $1 district, $2 survey, $3 roots, $4 names, $5 attachments, side by side. Files that submissions name.
    EXPECT_FILES = "-- expect_submission_files
        insert into submission_file (district_id, survey_no, root_id, name, attachment_id, is_expected)
        select $1, $2, unnest($3::uuid[]), unnest($4::text[]), unnest($5::uuid[]), true
        on conflict on constraint submission_file_pk do update set is_expected = true";
    /// $1 district, $2 survey, $3 root, $4 name, $5 attachment, $6 whether a submission names it, $7 now. The file is here, and not to
    /// be swept as one that nobody named.
    FILE_ARRIVED = "-- submission_file_arrived
        with named as (
            update attachment set named_at = coalesce(named_at, $7)
            where district_id = $1 and survey_no = $2 and id = $5 and $6)
        insert into submission_file as f (district_id, survey_no, root_id, name, attachment_id, is_expected, arrived_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint submission_file_pk do update set is_expected = f.is_expected or excluded.is_expected,
            arrived_at = coalesce(f.arrived_at, excluded.arrived_at)";
    /// $1 district, $2 survey, $3 device.
    DEVICE_OPEN = "-- is_device_open
        select exists (select 1 from device where district_id = $1 and survey_no = $2 and id = $3 and revoked_at is null) as is_open";
    /// $1 district, $2 survey, $3 case. Sheets of a case, the latest first.
    SHEETS = concat!("-- sheets_of_case
        select s.id, s.sheet_id, s.form_id, s.version, s.revision, s.at, s.at_offset_min, s.is_complete, s.answers, s.enumerator, s.device_id,
               s.received_at,
               ", is_in_force!("s"), " as in_force
        from submission s
        where s.district_id = $1 and s.survey_no = $2 and s.case_id = $3 and s.sheet_id is not null and s.status = 0
        order by s.at desc, s.revision desc, s.id");
}

/// A submission stored before.
#[derive(Clone, Debug)]
pub struct KnownSubmission {
    /// Its id.
    pub id: Uuid,
    /// The first of its chain.
    pub root: Uuid,
    /// Its number in the chain; 0 while it has none.
    pub revision: i32,
    /// Whether it counts.
    pub status: Status,
    /// It waits, or was refused, as a whole.
    pub is_whole: bool,
    /// Digest of its content.
    pub digest: Vec<u8>,
    /// The batch that first brought it.
    pub batch_id: Uuid,
    /// Its place in that batch.
    pub batch_index: i32,
    /// Why it is or was held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// The case it names.
    pub case_id: Option<CaseId>,
    /// Whose it is to whoever looks.
    pub whose: Whose,
}

/// The latest of a chain.
#[derive(Clone, Debug)]
pub struct Latest {
    /// The first of the chain.
    pub root: Uuid,
    /// The latest.
    pub id: Uuid,
    /// Its number.
    pub revision: i32,
    /// Its form.
    pub form: String,
    /// The version of that form.
    pub version: String,
    /// What was sent, without citizen ids.
    pub text: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Its visit.
    pub visit_id: Option<Uuid>,
    /// Its case.
    pub case_id: Option<CaseId>,
    /// What was said beside the form.
    pub given: Value,
}

/// What is known of a form and one of its versions.
#[derive(Clone, Debug)]
pub struct FormAt {
    /// What a submission of it is.
    pub role: FormRole,
    /// Its place in the role.
    pub place: i16,
    /// Whether submissions are taken.
    pub is_open: bool,
    /// Whether any version of it was published.
    pub is_published: bool,
    /// Hash of the version, where that is known and published.
    pub hash: Option<String>,
}

/// A submission to be stored.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// The instance.
    pub id: Uuid,
    /// The form as sent.
    pub form: String,
    /// Its version as sent.
    pub version: String,
    /// Standing of the whole, or of the sheet.
    pub status: Status,
    /// Why it is held.
    pub held: Option<(String, String)>,
    /// It waits as a whole.
    pub is_whole: bool,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Place in the batch.
    pub batch_index: i32,
    /// What sent it: `collect`, or nothing for a batch.
    pub client: Option<&'static str>,
    /// The instance it replaces.
    pub deprecated: Option<Uuid>,
    /// What was said beside the form.
    pub given: Value,
    /// Digests of citizen ids by node, while the whole waits.
    pub id_digests: Option<String>,
    /// What was found out of it.
    pub taken: TakenSubmission,
}

/// What is found out of a submission once its form is known.
#[derive(Clone, Debug)]
pub struct TakenSubmission {
    /// The first of its chain.
    pub root: Uuid,
    /// Its number in the chain; 0 while it has none.
    pub revision: i32,
    /// The case it names.
    pub case_id: Option<CaseId>,
    /// Its visit.
    pub visit_id: Option<Uuid>,
    /// When filling it in began.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Not said to be partial.
    pub is_complete: bool,
    /// Id of its sheet of answers, where it is one.
    pub sheet: Option<Uuid>,
    /// What was sent, without citizen ids.
    pub text: String,
    /// Unbound answers, a JSON object.
    pub answers: Option<String>,
    /// What came of it, a list.
    pub parts: Value,
}

/// A submission that waits as a whole.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The instance.
    pub id: Uuid,
    /// The form as sent.
    pub form: String,
    /// Its version as sent.
    pub version: String,
    /// Keyed digest.
    pub digest: Vec<u8>,
    /// Its batch.
    pub batch_id: Uuid,
    /// Place in the batch.
    pub batch_index: i32,
    /// The device.
    pub device: Uuid,
    /// Who filled it in.
    pub user: String,
    /// What sent it.
    pub client: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// The device's clock less ours then, seconds.
    pub clock_offset_s: f64,
    /// The instance it replaces.
    pub deprecated: Option<Uuid>,
    /// What was sent, without citizen ids.
    pub text: String,
    /// What was said beside the form.
    pub given: Value,
    /// Digests of citizen ids by node.
    pub id_digests: Option<String>,
    /// Why it waits.
    pub reason: String,
    /// Range of the person's area; empty for somebody who works here no more.
    pub range: AreaRange,
}

/// A submission as stored.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the columns, which have comments")]
pub struct SubmissionRow {
    pub id: Uuid,
    pub root: Uuid,
    pub revision: i32,
    pub form: String,
    pub version: String,
    pub case_id: Option<CaseId>,
    pub visit_id: Option<Uuid>,
    pub status: Status,
    pub held_reason: Option<String>,
    pub held_detail: Option<String>,
    pub is_whole: bool,
    pub batch_id: Uuid,
    pub device: Uuid,
    pub user: String,
    pub client: Option<String>,
    pub at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub is_complete: bool,
    pub sheet: Option<Uuid>,
    pub deprecated: Option<Uuid>,
    pub text: String,
    pub answers: Option<String>,
    pub parts: Value,
    /// Number of the area of its case, where that is known.
    pub area_no: Option<i32>,
    /// Number of its person's area.
    pub home: Option<i32>,
}

/// A submission by its standing.
#[derive(Clone, Debug)]
pub struct Stood {
    /// The instance.
    pub id: Uuid,
    /// Its number in the chain.
    pub revision: i32,
    /// Who filled it in.
    pub user: String,
    /// The device.
    pub device: Uuid,
    /// Standing of the whole or of its sheet.
    pub status: Status,
    /// Why it is or was held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
    /// It waits, or was refused, as a whole.
    pub is_whole: bool,
    /// What came of it.
    pub parts: Value,
}

/// A record that came of a filled-in form, as it stands now.
#[derive(Clone, Debug)]
pub struct PartNow {
    /// What it is.
    pub kind: RecordKind,
    /// Its id.
    pub id: Uuid,
    /// Revision of an interview or a sheet, else 0.
    pub revision: i32,
    /// Whether it counts.
    pub status: Status,
    /// Why it is or was held.
    pub held_reason: Option<String>,
    /// A sentence about that.
    pub held_detail: Option<String>,
}

/// A file that a chain names.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// Name in the form.
    pub name: String,
    /// Under which it is kept.
    pub id: Uuid,
    /// Whether it has come.
    pub here: bool,
    /// Bytes, where it has come.
    pub length: Option<i64>,
}

/// A sheet of answers of a case.
#[derive(Clone, Debug)]
pub struct SheetOfCase {
    /// The instance.
    pub submission: Uuid,
    /// The sheet, the same through its chain.
    pub sheet: Uuid,
    /// Its form.
    pub form: String,
    /// The version of that form.
    pub version: String,
    /// Its number in the chain.
    pub revision: i32,
    /// When it was filled in.
    pub at: Timestamp,
    /// UTC offset as sent, minutes.
    pub at_offset_min: i16,
    /// The device.
    pub device: Uuid,
    /// When it came.
    pub received_at: Timestamp,
    /// Complete, or partial.
    pub is_complete: bool,
    /// The answers, a JSON object.
    pub answers: Option<String>,
    /// Who filled it in.
    pub user: String,
    /// No later one of its chain replaced it.
    pub in_force: bool,
}

/// A sheet that waits for its case.
#[derive(Clone, Debug)]
pub struct WaitingSheet {
    /// The instance.
    pub id: Uuid,
    /// The first of its chain.
    pub root: Uuid,
    /// What it names.
    pub case_id: CaseId,
    /// Who filled it in.
    pub user: String,
    /// The device.
    pub device: Uuid,
    /// Range of the person's area.
    pub range: AreaRange,
}

/// What is stored under these ids, and whose it is to `sight`.
pub async fn known(
    tx: &Tx,
    key: SurveyKey,
    ids: &[Uuid],
    sight: &Sight,
) -> Result<Vec<KnownSubmission>, Error> {
    let Sight { devices, user, range } = sight;
    let rows = tx.query(&KNOWN, &[&key.district, &key.no, &ids, devices, user, &range.lo, &range.hi]).await?;
    rows.iter()
        .map(|r| {
            Ok(KnownSubmission {
                id: r.get("id"),
                root: r.get("root_id"),
                revision: r.get("revision"),
                status: r.read(TABLE, "status")?,
                is_whole: r.get("is_whole"),
                digest: r.get("digest"),
                batch_id: r.get("batch_id"),
                batch_index: r.get("batch_index"),
                held_reason: r.get("held_reason"),
                held_detail: r.get("held_detail"),
                case_id: r.get("case_id"),
                whose: Whose::of(r.get("is_own"), r.get("is_near")),
            })
        })
        .collect()
}

/// The latest of each of these chains.
pub async fn latest(tx: &Tx, key: SurveyKey, roots: &[Uuid]) -> Result<Vec<Latest>, Error> {
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.query(&LATEST, &[&key.district, &key.no, &roots]).await?;
    rows.iter()
        .map(|r| {
            Ok(Latest {
                root: r.get("root_id"),
                id: r.get("id"),
                revision: r.get("revision"),
                form: r.get("form_id"),
                version: r.get("version"),
                text: text_of(r)?,
                received_at: r.get("received_at"),
                visit_id: r.get("visit_id"),
                case_id: r.get("case_id"),
                given: r.get("given"),
            })
        })
        .collect()
}

/// What is known of these forms and versions, in the same order; `None` for a form that is not known.
pub async fn forms(
    tx: &Tx,
    key: SurveyKey,
    names: &[(String, String)],
) -> Result<Vec<Option<FormAt>>, Error> {
    let mut found: Vec<Option<FormAt>> = vec![None; names.len()];
    if names.is_empty() {
        return Ok(found);
    }
    let (forms, versions) = (column!(names, n => n.0.as_str()), column!(names, n => n.1.as_str()));
    for r in tx.query(&FORMS, &[&key.district, &key.no, forms, versions]).await? {
        let place = usize::try_from(r.get::<_, i64>("n") - 1).unwrap_or(usize::MAX);
        let is_known = r.get::<_, Option<bool>>("is_version_published").unwrap_or_default();
        let at = FormAt {
            role: r.read("form", "role")?,
            place: r.get("place"),
            is_open: r.get("is_open"),
            is_published: r.get("is_published"),
            hash: r.get::<_, Option<String>>("hash").filter(|_| is_known),
        };
        if let Some(slot) = found.get_mut(place) {
            *slot = Some(at);
        }
    }
    Ok(found)
}

/// The model of a version, as stored.
pub async fn model(tx: &Tx, key: SurveyKey, form: &str, version: &str) -> Result<Option<Value>, Error> {
    let row = tx.query_opt(&MODEL, &[&key.district, &key.no, &form, &version]).await?;
    Ok(row.map(|r| r.get(0)))
}

/// Stores submissions that are not stored yet.
pub async fn insert(tx: &Tx, key: SurveyKey, s: &Sender, all: &[NewSubmission]) -> Result<(), Error> {
    let texts: Vec<Vec<u8>> =
        all.iter().map(|n| packed(n.taken.text.as_bytes())).collect::<Result<_, _>>()?;
    tx.execute(
        &INSERT,
        &[
            &key.district,
            &key.no,
            &s.batch,
            &s.device,
            &&*s.user,
            &Stamp(s.received_at),
            column!(all, n => n.id),
            column!(all, n => n.taken.root),
            column!(all, n => n.taken.revision),
            column!(all, n => n.form.as_str()),
            column!(all, n => n.version.as_str()),
            column!(all, n => n.taken.case_id),
            column!(all, n => n.taken.visit_id),
            column!(all, n => n.status),
            column!(all, n => n.held.as_ref().map(|h| h.0.as_str())),
            column!(all, n => n.held.as_ref().map(|h| h.1.as_str())),
            column!(all, n => n.is_whole),
            column!(all, n => n.digest.as_slice()),
            column!(all, n => n.batch_index),
            column!(all, n => n.client),
            column!(all, n => Stamp(n.taken.at)),
            column!(all, n => n.taken.at_offset_min),
            column!(all, n => n.taken.ended_at.map(Stamp)),
            column!(all, n => n.taken.is_complete),
            column!(all, n => n.taken.sheet),
            column!(all, n => n.deprecated),
            &texts,
            column!(all, n => n.taken.answers.as_deref()),
            column!(all, n => &n.taken.parts),
            column!(all, n => &n.given),
            column!(all, n => n.id_digests.as_deref()),
        ],
    )
    .await?;
    Ok(())
}

/// Writes what was found out of a submission that waited as a whole.
pub async fn take(
    tx: &Tx,
    key: SurveyKey,
    id: Uuid,
    (status, held): (Status, Option<&(String, String)>),
    t: &TakenSubmission,
) -> Result<(), Error> {
    let text = packed(t.text.as_bytes())?;
    tx.execute(
        &TAKE,
        &[
            &key.district,
            &key.no,
            &id,
            &t.root,
            &t.revision,
            &t.case_id,
            &t.visit_id,
            &status,
            &held.map(|h| h.0.as_str()),
            &held.map(|h| h.1.as_str()),
            &Stamp(t.at),
            &t.at_offset_min,
            &t.ended_at.map(Stamp),
            &t.is_complete,
            &t.sheet,
            &text,
            &t.answers,
            &t.parts,
        ],
    )
    .await?;
    Ok(())
}

/// Sets the standing of a whole submission or of its sheet.
pub async fn settle(
    tx: &Tx,
    key: SurveyKey,
    id: Uuid,
    status: Status,
    held: Option<&(String, String)>,
    case: Option<CaseId>,
) -> Result<(), Error> {
    let (reason, detail) = (held.map(|h| h.0.as_str()), held.map(|h| h.1.as_str()));
    tx.execute(&SETTLE, &[&key.district, &key.no, &id, &status, &reason, &detail, &case]).await?;
    Ok(())
}

/// One that waits as a whole, locked; `None` where it waits no more.
pub async fn lock_waiting(tx: &Tx, key: SurveyKey, id: Uuid) -> Result<Option<Waiting>, Error> {
    let Some(r) = tx.query_opt(&WAITING, &[&key.district, &key.no, &id]).await? else { return Ok(None) };
    let range = r.get::<_, Option<i32>>("lo").zip(r.get("hi"));
    Ok(Some(Waiting {
        id: r.get("id"),
        form: r.get("form_id"),
        version: r.get("version"),
        digest: r.get("digest"),
        batch_id: r.get("batch_id"),
        batch_index: r.get("batch_index"),
        device: r.get("device_id"),
        user: r.get("enumerator"),
        client: r.get("client"),
        received_at: r.get("received_at"),
        clock_offset_s: r.get("clock_offset_s"),
        deprecated: r.get("deprecated_id"),
        text: text_of(&r)?,
        given: r.get("given"),
        id_digests: r.get("id_digests"),
        reason: r.get::<_, Option<String>>("held_reason").unwrap_or_default(),
        range: range.map_or(AreaRange::NONE, AreaRange::from),
    }))
}

/// The submission that a revision of a sheet came with.
pub async fn of_sheet(tx: &Tx, key: SurveyKey, sheet: Uuid, revision: i32) -> Result<Option<Uuid>, Error> {
    Ok(tx.query_opt(&OF_SHEET, &[&key.district, &key.no, &sheet, &revision]).await?.map(|r| r.get(0)))
}

/// The visit that a correction, which tells `visit` instead, had before.
pub async fn visit_before(tx: &Tx, key: SurveyKey, case: CaseId, visit: Uuid) -> Result<Option<Uuid>, Error> {
    let row = tx.query_opt(&VISIT_BEFORE, &[&key.district, &key.no, &case, &visit]).await?;
    Ok(row.and_then(|r| r.get(0)))
}

/// From now on `visit` is the visit of the correction that tells it.
pub async fn set_visit(tx: &Tx, key: SurveyKey, case: CaseId, visit: Uuid) -> Result<(), Error> {
    tx.execute(&SET_VISIT, &[&key.district, &key.no, &case, &visit]).await?;
    Ok(())
}

/// Bits of the extra forms of which each of these cases has a complete sheet in force; cases without any are left out.
pub async fn sheets_done(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<(CaseId, i16)>, Error> {
    let rows = tx.query(&SHEETS_DONE, &[&key.district, &key.no, &cases]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// Sheets that wait for one of these doors.
pub async fn waiting_sheets(tx: &Tx, key: SurveyKey, ids: &[CaseId]) -> Result<Vec<WaitingSheet>, Error> {
    let rows = tx.query(&WAITING_SHEETS, &[&key.district, &key.no, &ids]).await?;
    let sheet = |r: &Row| WaitingSheet {
        id: r.get("id"),
        root: r.get("root_id"),
        case_id: r.get("case_id"),
        user: r.get("enumerator"),
        device: r.get("device_id"),
        range: AreaRange::from((r.get::<_, i32>("lo"), r.get("hi"))),
    };
    Ok(rows.iter().map(sheet).collect())
}

/// Raises the version under which lists show these cases.
pub async fn touch_lists(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<(), Error> {
    if !cases.is_empty() {
        tx.execute(&TOUCH, &[&key.district, &key.no, &cases]).await?;
    }
    Ok(())
}

/// What these names of doors stand for: ids of cases or dwelling records, and the office's numbers of doors in reach.
pub async fn named_doors(
    tx: &Tx,
    key: SurveyKey,
    (ids, numbers): (&[Uuid], &[&str]),
    (range, user): (AreaRange, &str),
) -> Result<Vec<(String, CaseId)>, Error> {
    if ids.is_empty() && numbers.is_empty() {
        return Ok(Vec::new());
    }
    let rows =
        tx.query(&NAMED, &[&key.district, &key.no, &ids, &numbers, &range.lo, &range.hi, &user]).await?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

/// Notes the files that submissions name: (root, name, attachment).
pub async fn expect_files(tx: &Tx, key: SurveyKey, files: &[(Uuid, String, Uuid)]) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let (roots, names, ids) =
        (column!(files, f => f.0), column!(files, f => f.1.as_str()), column!(files, f => f.2));
    tx.execute(&EXPECT_FILES, &[&key.district, &key.no, roots, names, ids]).await?;
    Ok(())
}

fn text_of(r: &Row) -> Result<String, Error> {
    let packed: &[u8] = r.get("xml");
    if packed.is_empty() { Ok(String::new()) } else { unpacked(packed) }
}

fn submission_row(r: &Row) -> Result<SubmissionRow, Error> {
    Ok(SubmissionRow {
        id: r.get("id"),
        root: r.get("root_id"),
        revision: r.get("revision"),
        form: r.get("form_id"),
        version: r.get("version"),
        case_id: r.get("case_id"),
        visit_id: r.get("visit_id"),
        status: r.read(TABLE, "status")?,
        held_reason: r.get("held_reason"),
        held_detail: r.get("held_detail"),
        is_whole: r.get("is_whole"),
        batch_id: r.get("batch_id"),
        device: r.get("device_id"),
        user: r.get("enumerator"),
        client: r.get("client"),
        at: r.get("at"),
        ended_at: r.get("ended_at"),
        received_at: r.get("received_at"),
        is_complete: r.get("is_complete"),
        sheet: r.get("sheet_id"),
        deprecated: r.get("deprecated_id"),
        text: text_of(r)?,
        answers: r.get("answers"),
        parts: r.get("parts"),
        area_no: r.get("area_no"),
        home: r.get("home"),
    })
}

pub(super) fn stood(r: &Row, revision: i32) -> Result<Stood, Error> {
    Ok(Stood {
        id: r.get("id"),
        revision,
        user: r.get("enumerator"),
        device: r.get("device_id"),
        status: r.read(TABLE, "status")?,
        held_reason: r.get("held_reason"),
        held_detail: r.get("held_detail"),
        is_whole: r.get("is_whole"),
        parts: r.get("parts"),
    })
}

fn part_now(r: &Row) -> Result<PartNow, Error> {
    Ok(PartNow {
        kind: r.read(TABLE, "kind")?,
        id: r.get("id"),
        revision: r.get("revision"),
        status: r.read(TABLE, "status")?,
        held_reason: r.get("held_reason"),
        held_detail: r.get("held_detail"),
    })
}

/// Submissions of these ids by their standing.
pub async fn of_ids(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<Stood>, Error> {
    let rows = tx.query(&OF_IDS, &[&key.district, &key.no, &ids]).await?;
    rows.iter().map(|r| stood(r, 0)).collect()
}

/// Records that came of filled-in forms, as they stand now.
pub async fn parts_now(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<PartNow>, Error> {
    tx.query(&PRESENT, &[&key.district, &key.no, &ids]).await?.iter().map(part_now).collect()
}

impl Store {
    /// Submissions that wait as a whole for something that is here by now, oldest first.
    pub async fn freeable_submissions(&self, key: SurveyKey, most: i64) -> Result<Vec<Uuid>, Error> {
        let rows = self.rows(&FREEABLE, &[&key.district, &key.no, &most]).await?;
        Ok(rows.iter().map(|r| r.get(0)).collect())
    }

    /// A submission.
    pub async fn submission(&self, key: SurveyKey, id: Uuid) -> Result<Option<SubmissionRow>, Error> {
        self.row(&FIND, &[&key.district, &key.no, &id]).await?.as_ref().map(submission_row).transpose()
    }

    /// The submissions of a chain, the first first.
    pub async fn chain(&self, key: SurveyKey, root: Uuid) -> Result<Vec<Stood>, Error> {
        let rows = self.rows(&CHAIN, &[&key.district, &key.no, &root]).await?;
        rows.iter().map(|r| stood(r, r.get("revision"))).collect()
    }

    /// Submissions of these ids by their standing.
    pub async fn submissions(&self, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<Stood>, Error> {
        let rows = self.rows(&OF_IDS, &[&key.district, &key.no, &ids]).await?;
        rows.iter().map(|r| stood(r, 0)).collect()
    }

    /// Records that came of filled-in forms, as they stand now.
    pub async fn parts_now(&self, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<PartNow>, Error> {
        let rows = self.rows(&PRESENT, &[&key.district, &key.no, &ids]).await?;
        rows.iter().map(part_now).collect()
    }

    /// The extra forms that are counted, with their places.
    pub async fn extra_forms(&self, key: SurveyKey) -> Result<Vec<(String, usize)>, Error> {
        let rows = self.rows(&EXTRA_FORMS, &[&key.district, &key.no]).await?;
        Ok(rows.iter().filter_map(|r| Some((r.get(0), usize::try_from(r.get::<_, i16>(1)).ok()?))).collect())
    }

    /// The files that a chain names.
    pub async fn submission_files(&self, key: SurveyKey, root: Uuid) -> Result<Vec<FileRow>, Error> {
        let rows = self.rows(&FILES, &[&key.district, &key.no, &root]).await?;
        let file = |r: &Row| FileRow {
            name: r.get("name"),
            id: r.get("attachment_id"),
            here: r.get("here"),
            length: r.get("length"),
        };
        Ok(rows.iter().map(file).collect())
    }

    /// Notes that a file of a chain is here.
    pub async fn file_arrived(
        &self,
        key: SurveyKey,
        (root, name): (Uuid, &str),
        id: Uuid,
        is_expected: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.run(&FILE_ARRIVED, &[&key.district, &key.no, &root, &name, &id, &is_expected, &now]).await?;
        Ok(())
    }

    /// Whether a device was not cut off.
    pub async fn is_device_open(&self, key: SurveyKey, device: Uuid) -> Result<bool, Error> {
        Ok(self.one(&DEVICE_OPEN, &[&key.district, &key.no, &device]).await?.get("is_open"))
    }

    /// The sheets of a case, the latest first.
    pub async fn sheets_of_case(
        &self,
        _: &Witness,
        key: SurveyKey,
        case: CaseId,
    ) -> Result<Vec<SheetOfCase>, Error> {
        let rows = self.rows(&SHEETS, &[&key.district, &key.no, &case]).await?;
        let sheet = |r: &Row| SheetOfCase {
            submission: r.get("id"),
            sheet: r.get("sheet_id"),
            form: r.get("form_id"),
            version: r.get("version"),
            revision: r.get("revision"),
            at: r.get("at"),
            at_offset_min: r.get("at_offset_min"),
            device: r.get("device_id"),
            received_at: r.get("received_at"),
            is_complete: r.get("is_complete"),
            answers: r.get("answers"),
            user: r.get("enumerator"),
            in_force: r.get("in_force"),
        };
        Ok(rows.iter().map(sheet).collect())
    }
}
