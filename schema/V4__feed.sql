-- The change feed. A transaction marks what it changed under a tag of its own and leaves the tag waiting. Whoever reads the feed
-- first gives every tag that waits, and so has committed, the next numbers, one such transaction at a time. So a reader that has
-- seen number n has seen everything up to n, whatever commits late, after dump and restore, and on another node; and
-- uploads do not wait for each other's commits.

create table feed (
    district_id integer not null,
    survey_no   integer not null,
    epoch       uuid    not null,
    last_seq    bigint  not null,
    full_before bigint  not null,
    constraint feed_pk primary key (district_id, survey_no)
) with (fillfactor = 20);
comment on table  feed is 'One row per survey: the last number of its change feed.';
comment on column feed.district_id is 'District of the survey.';
comment on column feed.survey_no is 'The survey.';
comment on column feed.epoch is 'Random, new at every birth or restore of the database; a cursor of another epoch means a full pull.';
comment on column feed.last_seq is 'Last number drawn.';
comment on column feed.full_before is 'Cursors below this number are answered with a full pull (a set-up changed very much at once).';

create table change (
    district_id integer  not null,
    survey_no   integer  not null,
    kind        smallint not null,
    id          uuid     not null,
    tag         bigint   not null,
    area_no     integer,
    device_id   uuid,
    user_name   text,
    constraint change_pk primary key (district_id, kind, survey_no, id)
) with (fillfactor = 80);
create index change_by_tag on change (district_id, tag, survey_no);
comment on table  change is 'The latest change of each thing a device may hold, once however often it changed; of cases that were folded change_cases tells.';
comment on column change.district_id is 'District of the survey.';
comment on column change.survey_no is 'The survey.';
comment on column change.kind is '1 case, 2 dwelling, 3 assignment, 4 receipt, 5 survey, 6 plan.';
comment on column change.id is 'Id of the thing.';
comment on column change.tag is 'Tag of the transaction that changed it last.';
comment on column change.area_no is 'Number of the area of a case or dwelling; null for other kinds.';
comment on column change.device_id is 'The device a receipt is for; null for other kinds.';
comment on column change.user_name is 'The enumerator of an assignment; null for other kinds.';

create table change_cases (
    district_id integer not null,
    survey_no   integer not null,
    tag         bigint  not null,
    first_case  uuid    not null,
    area_from   integer not null,
    area_to     integer not null,
    cases       uuid[]  not null,
    constraint change_cases_pk primary key (district_id, tag, survey_no, first_case)
);
alter table change_cases alter column cases set statistics 0;
comment on table  change_cases is 'The cases that a transaction folded, some rows for all of them: an upload touches many, and a row in change for each would cost more than the rest of the feed.';
comment on column change_cases.district_id is 'District of the survey.';
comment on column change_cases.survey_no is 'The survey.';
comment on column change_cases.tag is 'Tag of the transaction. Of a case that was folded again later this row no longer tells (see survey_case.changed_tag).';
comment on column change_cases.first_case is 'The first of the cases.';
comment on column change_cases.area_from is 'Lowest number of their areas: readers elsewhere pass by.';
comment on column change_cases.area_to is 'Highest number of their areas.';
comment on column change_cases.cases is 'Ids of the cases, ascending.';

create table change_waiting (
    district_id integer not null,
    survey_no   integer not null,
    tag         bigint  not null,
    constraint change_waiting_pk primary key (district_id, tag, survey_no)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table  change_waiting is 'Tags of committed transactions that have no number in the feed yet.';
comment on column change_waiting.district_id is 'District of the survey.';
comment on column change_waiting.survey_no is 'The survey.';
comment on column change_waiting.tag is 'Tag used by the rows of change and change_cases.';

create table change_stamp (
    district_id integer not null,
    survey_no   integer not null,
    seq         bigint  not null,
    tag         bigint  not null,
    constraint change_stamp_pk primary key (district_id, survey_no, seq),
    constraint change_stamp_tag_once unique (district_id, tag, survey_no)
);
comment on table  change_stamp is 'The feed number of each transaction tag, given after its commit.';
comment on column change_stamp.district_id is 'District of the survey.';
comment on column change_stamp.survey_no is 'The survey.';
comment on column change_stamp.seq is 'Number in the feed.';
comment on column change_stamp.tag is 'Tag used by the rows of change and change_cases.';
