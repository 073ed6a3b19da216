-- Cards that are printed ahead, carry a number and are left at a door later; answers that residents give by themselves under the
-- code of a card. Small additions only; safe beside an older program, which makes no cards without a door.

set local lock_timeout = '10s';

alter table slip alter column case_id drop not null;
alter table slip add column number text;
alter table slip add column for_user text;
alter table slip add column visit_id uuid;
alter table slip add column left_at timestamptz;
alter table slip add column pin_digest bytea;
alter table slip add column pin_wrong smallint not null default 0;
alter table slip add column pin_wrong_ever smallint not null default 0;
alter table slip add column pin_free_at timestamptz;
alter table slip add column draft bytea;
alter table slip add column draft_at timestamptz;
alter table slip add column started_at timestamptz;
alter table slip add column submitted_at timestamptz;
alter table slip add column revision integer not null default 0;
alter table slip add column answer_digest bytea;
alter table slip add column pending bytea;
alter table slip add column killed_at timestamptz;
create unique index slip_number_once on slip (district_id, survey_no, number) where number is not null;
create index slip_by_user on slip (district_id, survey_no, for_user) where for_user is not null;
comment on table  slip is 'Cards left at doors. Of the code only a hash is kept; it is looked up before the district is known.';
comment on column slip.case_id is 'The door''s case; null for a card printed ahead until a visit says where it was left.';
comment on column slip.number is 'Number printed outside, seven digits; null for a card printed for one door.';
comment on column slip.for_user is 'The enumerator it was printed for; null for a card printed for one door.';
comment on column slip.visit_id is 'The visit at which it was left; null before, and for a card printed for one door.';
comment on column slip.left_at is 'When that was, by the phone.';
comment on column slip.pin_digest is 'Keyed digest of code and PIN; null until the resident chooses one.';
comment on column slip.pin_wrong is 'Wrong PINs since the last right one or the last wait.';
comment on column slip.pin_wrong_ever is 'Wrong PINs ever; 20 end the card.';
comment on column slip.pin_free_at is 'No PIN is judged before this moment; null when none waits.';
comment on column slip.draft is 'Answers begun, sealed with a key made from the code; null when none; emptied by purge.';
comment on column slip.draft_at is 'When they were saved.';
comment on column slip.started_at is 'When answering began; null before.';
comment on column slip.submitted_at is 'When the last answer was taken; null before.';
comment on column slip.revision is 'Answers taken so far; the revision of the interview they make.';
comment on column slip.answer_digest is 'Keyed digest of the last answer: the same once more changes nothing.';
comment on column slip.pending is 'An answer that waits until a visit says where the card was left, sealed with a key of the key file; null when none; emptied by purge.';
comment on column slip.killed_at is 'When the code was ended; null while it may be used.';

alter table visit add column card text;
alter table visit alter column card set statistics 0;
comment on column visit.card is 'Number of the card that was left, as typed; null when none.';
