-- Messages from the office to phones, who has read them, and how many interviews a phone has begun. Small additions only; safe
-- beside an older program.

set local lock_timeout = '10s';

create table message (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    to_user     text,
    to_device   uuid,
    to_area     text,
    area        text        not null,
    text        text        not null,
    sent_by     text        not null,
    from_name   text        not null,
    sent_at     timestamptz not null,
    until       timestamptz not null,
    ended_at    timestamptz,
    end_reason  text,
    constraint message_pk primary key (district_id, id, survey_no),
    constraint message_to_one check (num_nonnulls(to_user, to_device, to_area) = 1),
    constraint message_end_known check (end_reason in ('expired', 'withdrawn', 'purged'))
);
create index message_open on message (district_id, survey_no, until) where ended_at is null;
comment on table  message is 'A message to a person, a phone or everybody who works in an area. Nothing but its end changes.';
comment on column message.district_id is 'District of the survey.';
comment on column message.survey_no is 'The survey.';
comment on column message.id is 'Made by the server; version 7, so in the order of sending.';
comment on column message.to_user is 'The enumerator it is for; null when it is for a phone or an area.';
comment on column message.to_device is 'The phone it is for; null when it is for a person or an area.';
comment on column message.to_area is 'Code of the area whose people it is for; null when it is for a person or a phone.';
comment on column message.area is 'Code of the area it was sent into: of the person, of the phone''s person, or the area itself.';
comment on column message.text is 'The text, citizen IDs taken out; emptied by purge.';
comment on column message.sent_by is 'Who sent it.';
comment on column message.from_name is 'The name of that person when it was sent.';
comment on column message.sent_at is 'Server time.';
comment on column message.until is 'When phones forget it.';
comment on column message.ended_at is 'When phones were told to forget it; null while it stands.';
comment on column message.end_reason is 'expired, withdrawn or purged; null while it stands.';

create table message_read (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    message_id  uuid        not null,
    at          timestamptz not null,
    batch_id    uuid        not null,
    batch_index integer     not null,
    digest      bytea       not null,
    device_id   uuid        not null,
    enumerator  text        not null,
    received_at timestamptz not null,
    constraint message_read_pk primary key (district_id, id, survey_no)
);
create index message_read_by_message on message_read (district_id, message_id, survey_no);
comment on table  message_read is 'Somebody has read a message, as the phone says. Append-only.';
comment on column message_read.district_id is 'District of the survey.';
comment on column message_read.survey_no is 'The survey.';
comment on column message_read.id is 'Made by the device.';
comment on column message_read.message_id is 'The message; one that is not here is kept as it was sent.';
comment on column message_read.at is 'When, by the device''s clock.';
comment on column message_read.batch_id is 'The batch that first brought it.';
comment on column message_read.batch_index is 'Its place in that batch, from 0.';
comment on column message_read.digest is 'Keyed digest of its content.';
comment on column message_read.device_id is 'The device.';
comment on column message_read.enumerator is 'Who read it.';
comment on column message_read.received_at is 'When the server came to know it.';

alter table device_contact add column drafts integer;
comment on column device_contact.drafts is 'Interviews begun and not finished on the device, as it last said; null where it does not say.';
comment on column change.kind is '1 case, 2 dwelling, 3 assignment, 4 receipt, 5 survey, 6 sheet, 7 form, 8 person, 9 message.';
