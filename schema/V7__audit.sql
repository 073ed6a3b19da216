-- Who looked at personal data and who decided what. Append-only; holds ids and login names, never data of a household.

create table audit (
    district_id integer     not null,
    survey_no   integer     not null,
    id          bigint      not null generated always as identity,
    at          timestamptz not null,
    user_name   text        not null,
    role        text        not null,
    action      text        not null,
    area        text,
    subject     uuid,
    detail      jsonb       not null,
    constraint audit_pk primary key (district_id, survey_no, id)
);
create index audit_by_subject on audit (district_id, survey_no, subject, id) where subject is not null;
comment on table  audit is 'Reads of personal data, decisions, and everything that lets somebody in. Append-only, not touched by purge.';
comment on column audit.district_id is 'District of the survey.';
comment on column audit.survey_no is 'The survey.';
comment on column audit.id is 'Order of writing on one node; pages go by it.';
comment on column audit.at is 'Server time.';
comment on column audit.user_name is 'Who did it; "operator" for the commands of the shell.';
comment on column audit.role is 'Role at that moment.';
comment on column audit.action is 'A word of the closed list in store::audit.';
comment on column audit.area is 'Area code it concerns; null when none.';
comment on column audit.subject is 'Case, link, record, device or attachment; null when none.';
comment on column audit.detail is 'What else is needed to understand it; no personal data.';
