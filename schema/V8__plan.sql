-- Plans: hours on duty that differ from the staff file, published sheets, and what residents wish.

create table shift_override (
    district_id integer     not null,
    survey_no   integer     not null,
    user_name   text        not null,
    on_date     date        not null,
    spans       jsonb       not null,
    set_by      text        not null,
    set_at      timestamptz not null,
    constraint shift_override_pk primary key (district_id, survey_no, user_name, on_date)
);
comment on table  shift_override is 'Hours on duty of one person on one day, in place of the staff file''s; an empty list is an absence.';
comment on column shift_override.district_id is 'District of the survey.';
comment on column shift_override.survey_no is 'The survey.';
comment on column shift_override.user_name is 'The enumerator.';
comment on column shift_override.on_date is 'Local date.';
comment on column shift_override.spans is 'List of {from, to} in minutes since local midnight.';
comment on column shift_override.set_by is 'Supervisor.';
comment on column shift_override.set_at is 'Server time.';

create table plan_sheet (
    district_id    integer     not null,
    survey_no      integer     not null,
    id             uuid        not null,
    plan_id        uuid        not null,
    user_name      text        not null,
    on_date        date        not null,
    area           text        not null,
    made_at        timestamptz not null,
    made_by        text        not null,
    rule_version   integer     not null,
    model_version  text        not null,
    document       jsonb       not null,
    superseded_at  timestamptz,
    constraint plan_sheet_pk primary key (district_id, survey_no, id)
);
create index plan_sheet_in_force on plan_sheet (district_id, survey_no, user_name, on_date) where superseded_at is null;
comment on table  plan_sheet is 'One enumerator''s published sheet for one day. A later plan for that day supersedes it.';
comment on column plan_sheet.district_id is 'District of the survey.';
comment on column plan_sheet.survey_no is 'The survey.';
comment on column plan_sheet.id is 'Made by the server.';
comment on column plan_sheet.plan_id is 'The plan it belongs to; all sheets of one plan were made together.';
comment on column plan_sheet.user_name is 'The enumerator.';
comment on column plan_sheet.on_date is 'The day, local date.';
comment on column plan_sheet.area is 'The area that was planned.';
comment on column plan_sheet.made_at is 'Server time.';
comment on column plan_sheet.made_by is 'Who published it.';
comment on column plan_sheet.rule_version is 'Version of the policy it was judged by.';
comment on column plan_sheet.model_version is 'What the at-home model had learnt by then.';
comment on column plan_sheet.document is 'The stops in walking order, with their reasons.';
comment on column plan_sheet.superseded_at is 'When a later plan took its place; null while it stands.';

create table slip (
    code_hash   bytea       not null,
    district_id integer     not null,
    survey_no   integer     not null,
    case_id     uuid        not null,
    made_by     text        not null,
    made_at     timestamptz not null,
    constraint slip_pk primary key (code_hash)
);
create index slip_by_case on slip (district_id, survey_no, case_id);
comment on table  slip is 'Codes printed on the cards left at doors. Only a hash is kept; it is looked up before the district is known.';
comment on column slip.code_hash is 'SHA-256 of the code.';
comment on column slip.district_id is 'District of the survey.';
comment on column slip.survey_no is 'The survey.';
comment on column slip.case_id is 'The door''s case.';
comment on column slip.made_by is 'Who had the card made.';
comment on column slip.made_at is 'Server time.';

create table slip_wish (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    case_id     uuid        not null,
    wish_from   timestamptz not null,
    wish_to     timestamptz not null,
    note        text,
    made_at     timestamptz not null,
    constraint slip_wish_pk primary key (district_id, survey_no, id),
    constraint slip_wish_in_order check (wish_from < wish_to)
);
create index slip_wish_by_case on slip_wish (district_id, survey_no, case_id);
comment on table  slip_wish is 'When residents would like to be visited, as they said under the code of their card. A request, not evidence.';
comment on column slip_wish.district_id is 'District of the survey.';
comment on column slip_wish.survey_no is 'The survey.';
comment on column slip_wish.id is 'Made by the server.';
comment on column slip_wish.case_id is 'The case.';
comment on column slip_wish.wish_from is 'Start of the wished window.';
comment on column slip_wish.wish_to is 'Its end.';
comment on column slip_wish.note is 'In the resident''s words; null when none; emptied by purge.';
comment on column slip_wish.made_at is 'Server time.';
