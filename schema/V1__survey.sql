-- Reference tables: surveys, their areas and people, and who may call. Small, rarely written, replicated to every node
-- of a sharded database. Everything that changes with every sync lives in a fact table of its own (V2).

create table survey (
    district_id     integer     not null,
    survey_no       integer     not null,
    slug            text        not null,
    name            text        not null,
    name_zh         text        not null,
    time_zone       text        not null,
    reference_at    timestamptz not null,
    starts_on       date        not null,
    ends_on         date        not null,
    policy          jsonb       not null,
    policy_version  integer     not null,
    created_at      timestamptz not null,
    constraint survey_pk primary key (district_id, survey_no),
    constraint survey_slug_once unique (slug),
    constraint survey_dates_in_order check (starts_on <= ends_on)
);
comment on table  survey is 'One survey (a census round) in one district.';
comment on column survey.district_id is 'Six-digit district code; the distribution key of every table. Never changes.';
comment on column survey.survey_no is 'Number of the survey inside this installation, given at its first set-up.';
comment on column survey.slug is 'Name of the survey on the wire, such as census-2020. Never changes.';
comment on column survey.name is 'Title in English.';
comment on column survey.name_zh is 'Title in Chinese; equal to name where the set-up gives none.';
comment on column survey.time_zone is 'IANA time zone in which bands, days and weekends are judged.';
comment on column survey.reference_at is 'The moment the form speaks about (who slept here then).';
comment on column survey.starts_on is 'First field day, local date.';
comment on column survey.ends_on is 'Last field day, local date, inclusive.';
comment on column survey.policy is 'The policy in force, complete, as JSON.';
comment on column survey.policy_version is 'Counts up each time the policy changes; rows of policy_version keep all of them.';
comment on column survey.created_at is 'When the survey was first set up here.';

create table policy_version (
    district_id integer     not null,
    survey_no   integer     not null,
    version     integer     not null,
    document    jsonb       not null,
    loaded_at   timestamptz not null,
    constraint policy_version_pk primary key (district_id, survey_no, version)
);
comment on table  policy_version is 'Every policy a survey has had; a closing names the version it was judged by.';
comment on column policy_version.district_id is 'District of the survey.';
comment on column policy_version.survey_no is 'The survey.';
comment on column policy_version.version is 'Starts at 1, one more with each change.';
comment on column policy_version.document is 'The whole policy as JSON.';
comment on column policy_version.loaded_at is 'When set-up loaded it.';

create table area (
    district_id integer not null,
    survey_no   integer not null,
    code        text    not null,
    parent      text,
    level       text    not null,
    name        text    not null,
    name_zh     text    not null,
    lo          integer not null,
    hi          integer not null,
    depth       integer not null,
    constraint area_pk primary key (district_id, survey_no, code),
    constraint area_range_in_order check (lo <= hi)
);
create index area_by_range on area (district_id, survey_no, lo);
create index area_by_parent on area (district_id, survey_no, parent);
comment on table  area is 'The tree of areas of a survey, as nested sets: the subtree of X is lo between X.lo and X.hi.';
comment on column area.district_id is 'District of the survey.';
comment on column area.survey_no is 'The survey.';
comment on column area.code is 'Code as in areas.csv.';
comment on column area.parent is 'Code of the parent; null for the root.';
comment on column area.level is 'Free word of the set-up: district, subdistrict, community, estate …';
comment on column area.name is 'Name in English.';
comment on column area.name_zh is 'Name in Chinese; equal to name where none is given.';
comment on column area.lo is 'Own position in a depth-first walk; also what survey_case.area_no holds.';
comment on column area.hi is 'Highest lo inside the subtree.';
comment on column area.depth is 'Steps from the root, 0 for the root.';

create table staff (
    district_id integer not null,
    survey_no   integer not null,
    user_name   text    not null,
    name        text    not null,
    role        text    not null,
    area        text    not null,
    shifts      jsonb   not null,
    is_active   boolean not null,
    constraint staff_pk primary key (district_id, survey_no, user_name),
    constraint staff_role_known check (role in ('enumerator', 'supervisor', 'admin'))
);
create index staff_by_user on staff (user_name);
comment on table  staff is 'Who works in a survey, in which role and area.';
comment on column staff.district_id is 'District of the survey.';
comment on column staff.survey_no is 'The survey.';
comment on column staff.user_name is 'Login name; one person has one name in all surveys of an installation.';
comment on column staff.name is 'Name shown to colleagues.';
comment on column staff.role is 'enumerator, supervisor or admin.';
comment on column staff.area is 'Code of the area whose subtree this person sees.';
comment on column staff.shifts is 'Hours on duty as read from staff.csv; an empty object means the survey''s default.';
comment on column staff.is_active is 'False once a later set-up no longer lists the person: tokens stop working, history stays.';

create table account (
    user_name     text        not null,
    password_hash text        not null,
    set_at        timestamptz not null,
    constraint account_pk primary key (user_name)
);
comment on table  account is 'Passwords for the pages; per installation, never touched by set-up.';
comment on column account.user_name is 'Login name as in staff.';
comment on column account.password_hash is 'Argon2id, PHC string.';
comment on column account.set_at is 'When the password was set.';

create table device (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    user_name   text        not null,
    model       text,
    enrolled_at timestamptz not null,
    revoked_at  timestamptz,
    revoked_by  text,
    revoke_note text,
    constraint device_pk primary key (district_id, survey_no, id)
);
create index device_by_user on device (district_id, survey_no, user_name);
comment on table  device is 'Phones and tablets enrolled for an enumerator.';
comment on column device.district_id is 'District of the survey.';
comment on column device.survey_no is 'The survey.';
comment on column device.id is 'Made by the device or by the operator''s command.';
comment on column device.user_name is 'The enumerator it acts for.';
comment on column device.model is 'As the device says; null when enrolled from the shell.';
comment on column device.enrolled_at is 'First enrolment.';
comment on column device.revoked_at is 'When it was cut off; null while it may sync.';
comment on column device.revoked_by is 'Who cut it off.';
comment on column device.revoke_note is 'Why, in the supervisor''s words.';

create table access_token (
    token_hash  bytea       not null,
    district_id integer     not null,
    survey_no   integer     not null,
    user_name   text        not null,
    device_id   uuid,
    kind        text        not null,
    csrf        text,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    used_at     timestamptz not null,
    revoked_at  timestamptz,
    constraint access_token_pk primary key (token_hash),
    constraint access_token_kind_known check (kind in ('device', 'staff', 'session'))
);
create index access_token_by_device on access_token (district_id, survey_no, device_id);
comment on table  access_token is 'Bearer tokens and page sessions. Only the SHA-256 of 256 random bits is kept.';
comment on column access_token.token_hash is 'SHA-256 of the token; looked up before the district is known, so it stands alone in the key.';
comment on column access_token.district_id is 'District of the survey it acts in.';
comment on column access_token.survey_no is 'The one survey it acts in.';
comment on column access_token.user_name is 'The person it acts for.';
comment on column access_token.device_id is 'The device it is bound to; null for staff tokens and sessions.';
comment on column access_token.kind is 'device, staff (a supervisor''s API token) or session (cookie of the pages).';
comment on column access_token.csrf is 'Token that page forms must carry; sessions only.';
comment on column access_token.created_at is 'When it was made.';
comment on column access_token.expires_at is 'Not valid from here on.';
comment on column access_token.used_at is 'Last use of a session, to the minute; for the idle limit.';
comment on column access_token.revoked_at is 'When it was withdrawn; null while valid.';

create table enrol_code (
    code_hash   bytea       not null,
    district_id integer     not null,
    survey_no   integer     not null,
    user_name   text        not null,
    expires_at  timestamptz not null,
    constraint enrol_code_pk primary key (code_hash)
);
comment on table  enrol_code is 'One-time codes with which a phone enrols; deleted by their use.';
comment on column enrol_code.code_hash is 'SHA-256 of the code.';
comment on column enrol_code.district_id is 'District of the survey.';
comment on column enrol_code.survey_no is 'The survey.';
comment on column enrol_code.user_name is 'The enumerator whose phone may enrol.';
comment on column enrol_code.expires_at is '24 hours after it was made.';
