-- What a database says about itself, so that program, key file, data directory and database recognise each other; operations
-- that take several steps and are not done; and the order in which lists of cases are read kept by their index.

set local lock_timeout = '10s';

create table installation (
    one         smallint    not null default 1,
    id          uuid        not null,
    made_at     timestamptz not null,
    key_check   bytea,
    key_seen_at timestamptz,
    constraint installation_pk primary key (one),
    constraint installation_only_one check (one = 1)
);
comment on table  installation is 'One row: which database this is. It goes along with a backup.';
comment on column installation.one is 'Always 1.';
comment on column installation.id is 'Random, made with this table. Data directories and places of pictures note it, and are refused with another database.';
comment on column installation.made_at is 'When this table was made.';
comment on column installation.key_check is 'HMAC-SHA-256 of a constant under the master key: tells whether a key file is the right one, and nothing of the key; null until a program with a key file has opened the database.';
comment on column installation.key_seen_at is 'When key_check was noted; null before.';
insert into installation (id, made_at) values (gen_random_uuid(), now());

create table under_way (
    district_id integer     not null,
    survey_no   integer     not null,
    operation   text        not null,
    begun_at    timestamptz not null,
    constraint under_way_pk primary key (district_id, survey_no, operation),
    constraint under_way_operation_known check (operation in ('purge'))
);
comment on table  under_way is 'Operations of several steps that have begun and are not done. Nothing is served meanwhile; the same command again finishes them.';
comment on column under_way.district_id is 'District of the survey.';
comment on column under_way.survey_no is 'The survey.';
comment on column under_way.operation is 'The command: purge.';
comment on column under_way.begun_at is 'When it began first.';

-- Uploads wait while this index is made: a second or two for a million doors.
create index survey_case_in_order on survey_case (district_id, survey_no, area_no, building_id, id);
drop index survey_case_by_place;
comment on index survey_case_in_order is 'Takes the place of survey_case_by_place. Lists go on after (area_no, building_id, id), so a page costs the same in a large area as in a small one.';
