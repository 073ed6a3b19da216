-- A door that is written another way is the same door: the office's own number names one door of a survey, and every key a door
-- has had, or is also known by, leads to it.

set local lock_timeout = '10s';

-- Lists of before could give one number to two doors. It stays with the one that is listed, of several with the oldest; the next
-- list is asked to say what is right.
update dwelling d set external_id = null from (
    select district_id, survey_no, id, row_number() over (partition by district_id, survey_no, external_id
               order by left_list_at is not null, not is_listed, created_at, id) as place
    from dwelling where external_id is not null) twice
where twice.place > 1 and d.district_id = twice.district_id and d.survey_no = twice.survey_no and d.id = twice.id;

-- Set-ups and doors found in the field wait while this index is made: a few seconds for a million doors.
create unique index dwelling_number_once on dwelling (district_id, survey_no, external_id) where external_id is not null;
comment on index dwelling_number_once is 'The office''s own number names one door of a survey.';

create table door_alias (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    dwelling_id uuid        not null,
    case_id     uuid        not null,
    door_key    text        not null,
    area        text        not null,
    building    text        not null,
    unit        text        not null,
    room        text        not null,
    made_at     timestamptz not null,
    constraint door_alias_pk primary key (district_id, id, survey_no)
);
create index door_alias_by_door on door_alias (district_id, dwelling_id, survey_no);
comment on table  door_alias is 'Every key of a door that has had more than one, the one it has now among them. A key leads to one door.';
comment on column door_alias.district_id is 'District of the survey.';
comment on column door_alias.survey_no is 'The survey.';
comment on column door_alias.id is 'UUIDv5 of door_key: the id the door would have under this writing.';
comment on column door_alias.dwelling_id is 'The door.';
comment on column door_alias.case_id is 'Id of the door''s first household in this survey, whether or not there is such a case.';
comment on column door_alias.door_key is 'district|area|building|unit|room after NFKC, trimming and upper case.';
comment on column door_alias.area is 'Code of the area in this writing.';
comment on column door_alias.building is 'Building in this writing.';
comment on column door_alias.unit is 'Staircase or unit in this writing; empty where there is none.';
comment on column door_alias.room is 'Door number in this writing.';
comment on column door_alias.made_at is 'When the door came to be known by it as one of several.';

create table case_alias (
    district_id integer not null,
    survey_no   integer not null,
    id          uuid    not null,
    case_id     uuid    not null,
    constraint case_alias_pk primary key (district_id, id, survey_no)
);
create index case_alias_by_case on case_alias (district_id, case_id, survey_no);
comment on table  case_alias is 'Case ids computed from another key of a door (door_alias). A record that names one counts for the case.';
comment on column case_alias.district_id is 'District of the survey.';
comment on column case_alias.survey_no is 'The survey.';
comment on column case_alias.id is 'UUIDv5 of the id in door_alias and the survey''s slug (#2, #3 … for further households).';
comment on column case_alias.case_id is 'The case.';

alter table dwelling_record add column looks_like uuid;
comment on column dwelling_record.looks_like is 'The door it looks like under another writing, while or because it was held for that; null otherwise.';
comment on column dwelling.id is 'UUIDv5 of the first door_key it had, so two imports on two machines agree. Never changes.';
comment on column dwelling.external_id is 'The office''s own number for the door; null where none is given. Unique in a survey.';
