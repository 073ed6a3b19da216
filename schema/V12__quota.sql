-- What one device sends on one day, so that no device can fill the disk for all; which pictures no visit names, and when a picture
-- that nobody named was removed.

set local lock_timeout = '10s';

create table device_day (
    district_id integer  not null,
    survey_no   integer  not null,
    day         date     not null,
    device_id   uuid     not null,
    kind        smallint not null,
    amount      bigint   not null,
    left_out    bigint   not null default 0,
    over_at     timestamptz,
    constraint device_day_pk primary key (district_id, survey_no, day, device_id, kind),
    constraint device_day_kind_known check (kind between 1 and 3)
) with (fillfactor = 50);
comment on table  device_day is 'What a device sent on a day and is limited in. A row of a kind is written by one kind of upload only, so that pictures never wait for records nor records for pictures.';
comment on column device_day.district_id is 'District of the survey.';
comment on column device_day.survey_no is 'The survey.';
comment on column device_day.day is 'Day of the survey''s time zone.';
comment on column device_day.device_id is 'The device.';
comment on column device_day.kind is '1 pictures, 2 pictures that no visit names yet, 3 refused records (domain::quota::Quota).';
comment on column device_day.amount is 'Bytes of pictures taken, or refused records; 0 for kind 2, which is no sum of a day.';
comment on column device_day.left_out is 'Refused records above the limit, of which no copy is kept; 0 for the other kinds.';
comment on column device_day.over_at is 'When the limit was first reached on that day; null while it was not.';

alter table device_contact add column day date;
alter table device_contact add column day_bytes bigint;
comment on column device_contact.day is 'Day of the survey''s time zone of its last batch; null before the first.';
comment on column device_contact.day_bytes is 'Bytes of the batches it sent on that day, each with 512 for its rows.';

alter table attachment add column named_at timestamptz;
alter table attachment add column swept_at timestamptz;
alter table attachment add column sent_id uuid;
create index attachment_unnamed on attachment (district_id, survey_no, device_id, id) where named_at is null and purged_at is null;
comment on column attachment.named_at is 'When a visit that names it was here first; null while none is, and for a moment where both came at once: attachment_link is the truth.';
create index attachment_sent on attachment (district_id, survey_no, sent_id) where sent_id is not null;
comment on column attachment.sent_id is 'The id its sender gave it, where somebody else''s picture has that one; null where it is stored under its own.';
comment on column attachment.swept_at is 'When somebody began to remove it because no visit names it: it counts as gone; null otherwise.';

alter table feed add column restored_at timestamptz;
comment on column feed.restored_at is 'When the database was restored from a backup last; null when never. Pictures wait for their visits from then on afresh.';
