-- Completion: transactions append deltas, one background job folds them into counters; a read is counters + deltas.

create table completion_delta (
    district_id integer   not null,
    survey_no   integer   not null,
    id          bigint    not null generated always as identity,
    area        text      not null,
    building_id uuid      not null,
    holder      text      not null,
    measure     integer[] not null,
    amount      integer[] not null,
    constraint completion_delta_pk primary key (district_id, survey_no, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
alter table completion_delta alter column measure set statistics 0, alter column amount set statistics 0;
comment on table  completion_delta is 'Changes of the counters not folded in yet, summed per batch, area, building and holder.';
comment on column completion_delta.district_id is 'District of the survey.';
comment on column completion_delta.survey_no is 'The survey.';
comment on column completion_delta.id is 'Only tells rows apart; has no order that anyone may rely on.';
comment on column completion_delta.area is 'Leaf area of the cases.';
comment on column completion_delta.building_id is 'Building of the cases.';
comment on column completion_delta.holder is 'Enumerator who holds them; empty for nobody.';
comment on column completion_delta.measure is 'Cells (0 and above) and person figures (below 0).';
comment on column completion_delta.amount is 'How much each measure changed.';

create table completion_area (
    district_id integer not null,
    survey_no   integer not null,
    area        text    not null,
    measure     integer not null,
    amount      bigint  not null,
    constraint completion_area_pk primary key (district_id, survey_no, area, measure)
) with (fillfactor = 70);
comment on table  completion_area is 'Counters of every area, its whole subtree included.';
comment on column completion_area.district_id is 'District of the survey.';
comment on column completion_area.survey_no is 'The survey.';
comment on column completion_area.area is 'Any area of the tree.';
comment on column completion_area.measure is 'Cell or person figure.';
comment on column completion_area.amount is 'How many.';

create table completion_detail (
    district_id integer not null,
    survey_no   integer not null,
    area        text    not null,
    building_id uuid    not null,
    holder      text    not null,
    measure     integer not null,
    amount      bigint  not null,
    constraint completion_detail_pk primary key (district_id, survey_no, area, building_id, holder, measure)
) with (fillfactor = 70);
comment on table  completion_detail is 'Counters by leaf area, building and holder.';
comment on column completion_detail.district_id is 'District of the survey.';
comment on column completion_detail.survey_no is 'The survey.';
comment on column completion_detail.area is 'Leaf area: the cases directly on it.';
comment on column completion_detail.building_id is 'Building.';
comment on column completion_detail.holder is 'Enumerator who holds the cases; empty for nobody.';
comment on column completion_detail.measure is 'Cell or person figure.';
comment on column completion_detail.amount is 'How many.';
