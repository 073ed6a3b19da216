-- Decisions that can be taken back, one by one or all that were taken at once, and times corrected when a record is accepted.
set local lock_timeout = '10s';

alter table visit add column sent_time timestamptz;
alter table visit alter column sent_time set statistics 0;
comment on column visit.sent_time is 'The device time as sent, where a supervisor corrected at; null where at is as sent.';
alter table interview add column sent_time timestamptz;
alter table interview alter column sent_time set statistics 0;
comment on column interview.sent_time is 'The device time as sent, where a supervisor corrected at; null where at is as sent.';

alter table held_decision drop constraint held_decision_known;
alter table held_decision add constraint held_decision_known check (decision in ('accept', 'refuse', 'undo'));
alter table held_decision add column was_reason text;
alter table held_decision add column was_detail text;
alter table held_decision add column was_case uuid;
alter table held_decision add column was_at timestamptz;
alter table held_decision add column call_id uuid;
create index held_decision_by_call on held_decision (district_id, call_id) where call_id is not null;
comment on column held_decision.decision is 'accept, refuse or undo.';
comment on column held_decision.was_reason is 'Why the record was held until then; null for an undo and for decisions of earlier versions.';
comment on column held_decision.was_detail is 'The sentence about that; null when there was none.';
comment on column held_decision.was_case is 'The case it named until then; null when none.';
comment on column held_decision.was_at is 'Its device time until then; null for records without one.';
comment on column held_decision.call_id is 'The call that decided several records at once; null for a single decision.';

alter table decision add column call_id uuid;
create index decision_by_call on decision (district_id, call_id) where call_id is not null;
comment on column decision.call_id is 'The call that decided several cases at once; null for a single decision.';
