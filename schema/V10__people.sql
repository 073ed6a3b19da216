-- People: login names compare as values, and whoever leaves the staff leaves nothing behind for a later person of that name.
-- Two columns of a small table and two indexes on it; safe beside an older program, which leaves both columns null.

alter table staff add column user_key text;
alter table staff add column since timestamptz;
comment on column staff.user_key is 'Login name as it is compared: NFKC, trimmed, lower case. Null where two writings of one name were stored before names were compared so: then only the exact writing finds the person.';
comment on column staff.since is 'When a new person got this login name after the one before had left; null for the first person of that name. What is older belongs to somebody else.';

update staff s set user_key = lower(s.user_name)
where not exists (select 1 from staff o where lower(o.user_name) = lower(s.user_name) and o.user_name <> s.user_name);

create unique index staff_key_once on staff (district_id, survey_no, user_key);
create index staff_by_key on staff (user_key);

comment on column assignment.end_reason is 'reassigned, finished, expired, withdrawn, left (its person left the staff or is no enumerator any more) or moved (its person works in another area now); null while it stands.';
