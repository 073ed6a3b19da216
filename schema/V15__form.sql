-- Forms as data: questionnaires and their versions, filled-in copies of them, and what lists of doors need to tell a changed row.
-- Small additions only; safe beside an older program.

set local lock_timeout = '10s';

create table form (
    district_id integer     not null,
    survey_no   integer     not null,
    form_id     text        not null,
    role        text        not null,
    place       smallint    not null,
    title       text        not null,
    title_zh    text        not null,
    is_open     boolean     not null,
    is_offered  boolean     not null,
    is_built_in boolean     not null,
    created_at  timestamptz not null,
    constraint form_pk primary key (district_id, survey_no, form_id),
    constraint form_role_known check (role in ('main', 'extra', 'visit', 'free')),
    constraint form_place_in_range check (place between 0 and 32767)
);
comment on table  form is 'A questionnaire of a survey. Small and rarely written.';
comment on column form.district_id is 'District of the survey.';
comment on column form.survey_no is 'The survey.';
comment on column form.form_id is 'Its id as its author wrote it. Never changes.';
comment on column form.role is 'What a complete submission of it is: main, extra, visit or free (domain of the forms).';
comment on column form.place is 'Order within the role, from 0 at its first publishing. Of an extra form the bit of survey_case.forms_done as well, 0 to 7: never given to another form.';
comment on column form.title is 'Title of the latest version in English, where it has one.';
comment on column form.title_zh is 'Title in Chinese, where it has one.';
comment on column form.is_open is 'Whether submissions of it are taken; those of a closed one wait.';
comment on column form.is_offered is 'Whether Collect is offered it.';
comment on column form.is_built_in is 'Whether it came with the program.';
comment on column form.created_at is 'When its first version came.';

create table form_version (
    district_id  integer     not null,
    survey_no    integer     not null,
    form_id      text        not null,
    version      text        not null,
    seq          integer     not null,
    hash         text        not null,
    xform        bytea       not null,
    source       bytea,
    source_name  text,
    model        jsonb       not null,
    warnings     jsonb       not null,
    role         text        not null,
    is_offered   boolean     not null,
    questions    integer     not null,
    languages    text[]      not null,
    made_by      text        not null,
    made_at      timestamptz not null,
    published_at timestamptz,
    constraint form_version_pk primary key (district_id, survey_no, form_id, version),
    constraint form_version_role_known check (role in ('main', 'extra', 'visit', 'free'))
);
comment on table  form_version is 'A version of a form. Once published it never changes.';
comment on column form_version.district_id is 'District of the survey.';
comment on column form_version.survey_no is 'The survey.';
comment on column form_version.form_id is 'The form.';
comment on column form_version.version is 'The author''s version.';
comment on column form_version.seq is 'Order of publishing within the form, from 1; of a draft the order of coming. The highest published one is current.';
comment on column form_version.hash is 'MD5 of the XForm, 32 hexadecimal digits: clients compare it with what they fetched.';
comment on column form_version.xform is 'The XForm, zstd.';
comment on column form_version.source is 'The file it was made from, zstd; null where that was the XForm itself.';
comment on column form_version.source_name is 'Name of that file; null where it had none.';
comment on column form_version.model is 'The form as the program understands it (forms::FormModel).';
comment on column form_version.warnings is 'What its author should know: a list of objects with place and sentence.';
comment on column form_version.role is 'The form''s role from the publishing of this version on.';
comment on column form_version.is_offered is 'Whether Collect is offered the form from then on.';
comment on column form_version.questions is 'How many questions are asked.';
comment on column form_version.languages is 'Its languages, the default first.';
comment on column form_version.made_by is 'Who uploaded it; empty for the program itself and for set-up by the operator.';
comment on column form_version.made_at is 'When it came.';
comment on column form_version.published_at is 'When it was published; null while it is a draft.';

create table form_file (
    district_id integer not null,
    survey_no   integer not null,
    form_id     text    not null,
    version     text    not null,
    name        text    not null,
    media_type  text    not null,
    md5         text    not null,
    length      integer not null,
    bytes       bytea   not null,
    constraint form_file_pk primary key (district_id, survey_no, form_id, version, name)
);
alter table form_file alter column bytes set storage external;
comment on table  form_file is 'Files that belong to a version of a form: pictures, lists of choices.';
comment on column form_file.district_id is 'District of the survey.';
comment on column form_file.survey_no is 'The survey.';
comment on column form_file.form_id is 'The form.';
comment on column form_file.version is 'The version.';
comment on column form_file.name is 'Name as the form says it.';
comment on column form_file.media_type is 'What it is served as.';
comment on column form_file.md5 is 'MD5 of the bytes, 32 hexadecimal digits.';
comment on column form_file.length is 'Bytes.';
comment on column form_file.bytes is 'The bytes.';

create table submission (
    district_id     integer     not null,
    survey_no       integer     not null,
    id              uuid        not null,
    root_id         uuid        not null,
    revision        integer     not null,
    form_id         text        not null,
    version         text        not null,
    case_id         uuid,
    visit_id        uuid,
    status          smallint    not null,
    held_reason     text,
    held_detail     text,
    is_whole        boolean     not null,
    digest          bytea       not null,
    batch_id        uuid        not null,
    batch_index     integer     not null,
    device_id       uuid        not null,
    enumerator      text        not null,
    client          text,
    at              timestamptz not null,
    at_offset_min   smallint    not null,
    ended_at        timestamptz,
    received_at     timestamptz not null,
    is_complete     boolean     not null,
    sheet_id        uuid,
    deprecated_id   uuid,
    xml             bytea       not null,
    answers         text,
    parts           jsonb       not null,
    given           jsonb       not null,
    id_digests      text,
    constraint submission_pk primary key (district_id, id, survey_no),
    constraint submission_status_known check (status between 0 and 2)
);
create index submission_by_case on submission (district_id, case_id, survey_no) where case_id is not null;
create index submission_by_root on submission (district_id, root_id, survey_no);
create index submission_by_form on submission (district_id, survey_no, form_id, received_at, id);
create index submission_by_sheet on submission (district_id, sheet_id, survey_no) where sheet_id is not null;
create index submission_held on submission (district_id, survey_no, form_id) where status = 1;
create index submission_waiting on submission (district_id, survey_no, deprecated_id) where status = 1 and is_whole;
alter table submission
    alter column digest set statistics 0, alter column xml set statistics 0, alter column answers set statistics 0,
    alter column parts set statistics 0, alter column given set statistics 0, alter column held_detail set statistics 0,
    alter column id_digests set statistics 0;
comment on table  submission is 'A filled-in form. Visits, interviews and doors that came of it stand in their own tables; a sheet of answers stands here.';
comment on column submission.district_id is 'District of the survey.';
comment on column submission.survey_no is 'The survey.';
comment on column submission.id is 'The instance''s id.';
comment on column submission.root_id is 'The instance that began its chain of edits; its own id if it is no edit, or if that is not known yet.';
comment on column submission.revision is 'Its number in the chain, from 1; 0 while its place there is not known.';
comment on column submission.form_id is 'The form as sent, known here or not.';
comment on column submission.version is 'The version as sent.';
comment on column submission.case_id is 'The case it names, or the id under which it names one that is not known; null where it names none.';
comment on column submission.visit_id is 'The visit it was made at: its own, that of the submission it corrects, or one named beside it; null where there is none.';
comment on column submission.status is 'Of the submission as a whole, or of its sheet of answers: 0 accepted, 1 held, 2 refused. Its other parts have their own.';
comment on column submission.held_reason is 'Why it was held; stays when released.';
comment on column submission.held_detail is 'A sentence, without personal data.';
comment on column submission.is_whole is 'True while (and, if refused, because) the whole waits: nothing has come of it yet.';
comment on column submission.digest is 'Keyed digest of what was sent.';
comment on column submission.batch_id is 'The batch that first brought it.';
comment on column submission.batch_index is 'Its place in that batch, from 0.';
comment on column submission.device_id is 'The device.';
comment on column submission.enumerator is 'Who filled it in.';
comment on column submission.client is 'collect where it came by OpenRosa; null for a batch.';
comment on column submission.at is 'When filling it in began, by the phone; when it came where the form does not say.';
comment on column submission.at_offset_min is 'UTC offset written in at, minutes.';
comment on column submission.ended_at is 'When it ended, by the phone; null where the form does not say.';
comment on column submission.received_at is 'When the server came to know it.';
comment on column submission.is_complete is 'Not said to be partial.';
comment on column submission.sheet_id is 'Id of its sheet of answers, the same through its chain; null where it is none (only extra and free forms make one) or while that is not known.';
comment on column submission.deprecated_id is 'The instance it replaces; null if it is no edit.';
comment on column submission.xml is 'What was sent without citizen ids, zstd; of a client that sends JSON that; emptied by purge.';
comment on column submission.answers is 'Unbound answers, a JSON object; null while the whole waits; emptied by purge.';
comment on column submission.parts is 'What came of it: a list of objects with type, id, revision, and what was refused at once with its reason.';
comment on column submission.given is 'What was said beside the form: case, visit, interruptions, whether empty numbers are kept.';
comment on column submission.id_digests is 'Keyed digests of citizen ids by node, a JSON object, for the time the whole waits; null otherwise.';

create table submission_file (
    district_id   integer     not null,
    survey_no     integer     not null,
    root_id       uuid        not null,
    name          text        not null,
    attachment_id uuid        not null,
    is_expected   boolean     not null,
    arrived_at    timestamptz,
    constraint submission_file_pk primary key (district_id, root_id, survey_no, name)
);
comment on table  submission_file is 'Files that a chain of submissions names, or that came for one that may still name them.';
comment on column submission_file.district_id is 'District of the survey.';
comment on column submission_file.survey_no is 'The survey.';
comment on column submission_file.root_id is 'The instance that began the chain.';
comment on column submission_file.name is 'The file''s name in the form.';
comment on column submission_file.attachment_id is 'Under which it is kept.';
comment on column submission_file.is_expected is 'Whether a submission names it; false for one that came before its submission.';
comment on column submission_file.arrived_at is 'When it was here; null while it is not.';

alter table survey_case add column list_version integer not null default 1;
alter table survey_case add column forms_done smallint not null default 0;
alter table survey_case alter column list_version set statistics 0, alter column forms_done set statistics 0;
comment on column survey_case.list_version is 'Rises with everything that is stored about the case: clients of lists skip a row whose version they have.';
comment on column survey_case.forms_done is 'Bits of the extra forms (form.place) of which the case has a complete sheet in force.';

alter table survey add column list_epoch integer not null default 0;
comment on column survey.list_epoch is 'Added to the versions of all rows of lists: raised by a restored backup, and where labels change for all.';

alter table device add column client text;
alter table device add column client_id text;
alter table device add column client_ids integer not null default 0;
comment on column device.client is 'What it runs: collect; null for the phone page and other programs.';
comment on column device.client_id is 'The id a Collect device calls itself by, the last one heard; null before.';
comment on column device.client_ids is 'How many such ids were heard under this device''s key.';

alter table access_token drop constraint access_token_kind_known;
alter table access_token add constraint access_token_kind_known check (kind in ('device', 'staff', 'session', 'odk')) not valid;
alter table access_token validate constraint access_token_kind_known;
comment on column access_token.kind is 'device, staff (a supervisor''s API token), session (cookie of the pages) or odk (the key in a Collect device''s server address).';

alter table interview add column form_id text;
alter table interview add column form_version text;
comment on column interview.form_id is 'The form it was taken with; null for the short form sent as an interview.';
comment on column interview.form_version is 'The version of that form.';

alter table batch drop constraint batch_via_known;
alter table batch add constraint batch_via_known check (via in ('http', 'file', 'openrosa', 'self', 'page')) not valid;
alter table batch validate constraint batch_via_known;
comment on column batch.via is 'http; file for a batch carried by hand; openrosa for a filled-in form sent by Collect; self for a resident''s own answers; page for a supervisor by telephone.';
