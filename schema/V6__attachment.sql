-- Pictures and signatures, and what sync with real devices needs: leases that end, records that came by hand, gaps in a
-- device's numbering, the moment a restored database goes back to. Small additions only; safe beside an older program.

create table attachment (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    device_id   uuid        not null,
    enumerator  text        not null,
    media_type  text        not null,
    length      bigint      not null,
    stored      bigint      not null,
    sha256      bytea,
    started_at  timestamptz not null,
    complete_at timestamptz,
    purged_at   timestamptz,
    constraint attachment_pk primary key (district_id, id, survey_no),
    constraint attachment_stored_in_length check (stored between 0 and length)
);
create index attachment_by_device on attachment (district_id, survey_no, device_id, id);
comment on table  attachment is 'A picture or signature uploaded by a device. Its bytes lie outside the database once complete.';
comment on column attachment.district_id is 'District of the survey.';
comment on column attachment.survey_no is 'The survey.';
comment on column attachment.id is 'Made by the device; what visit.photo names.';
comment on column attachment.device_id is 'The device that uploads it.';
comment on column attachment.enumerator is 'The person it acts for.';
comment on column attachment.media_type is 'What its first bytes say: image/jpeg, image/png, image/webp or image/heic.';
comment on column attachment.length is 'Bytes in all, as announced.';
comment on column attachment.stored is 'Bytes received so far.';
comment on column attachment.sha256 is 'SHA-256 of the whole content; null until complete.';
comment on column attachment.started_at is 'When its first bytes came.';
comment on column attachment.complete_at is 'When it was complete and on disk; null before.';
comment on column attachment.purged_at is 'When purge removed its bytes; null before.';

create table attachment_part (
    district_id integer not null,
    survey_no   integer not null,
    id          uuid    not null,
    at_byte     bigint  not null,
    bytes       bytea   not null,
    constraint attachment_part_pk primary key (district_id, survey_no, id, at_byte)
);
alter table attachment_part alter column bytes set storage external;
comment on table  attachment_part is 'Pieces of uploads that are not complete; in the database, so that offset and bytes cannot differ.';
comment on column attachment_part.district_id is 'District of the survey.';
comment on column attachment_part.survey_no is 'The survey.';
comment on column attachment_part.id is 'The attachment.';
comment on column attachment_part.at_byte is 'Offset of the first byte.';
comment on column attachment_part.bytes is 'The bytes.';

create table attachment_link (
    district_id   integer not null,
    survey_no     integer not null,
    attachment_id uuid    not null,
    visit_id      uuid    not null,
    constraint attachment_link_pk primary key (district_id, attachment_id, survey_no, visit_id)
);
comment on table  attachment_link is 'Which visit names which attachment; written with the visit, whether or not the attachment is here.';
comment on column attachment_link.district_id is 'District of the survey.';
comment on column attachment_link.survey_no is 'The survey.';
comment on column attachment_link.attachment_id is 'As named by the visit.';
comment on column attachment_link.visit_id is 'The visit.';

create table hand_receipt (
    district_id integer not null,
    survey_no   integer not null,
    record_id   uuid    not null,
    device_id   uuid    not null,
    receipt     text    not null,
    constraint hand_receipt_pk primary key (district_id, survey_no, record_id)
);
comment on table  hand_receipt is 'Receipts of refused records that came by hand, so that their device can hear of them through the feed.';
comment on column hand_receipt.district_id is 'District of the survey.';
comment on column hand_receipt.survey_no is 'The survey.';
comment on column hand_receipt.record_id is 'Id of the record as sent.';
comment on column hand_receipt.device_id is 'The device that collected it.';
comment on column hand_receipt.receipt is 'The receipt as JSON.';

create index assignment_ending on assignment (district_id, survey_no, until) where ended_at is null;
create index change_by_device on change (district_id, survey_no, device_id, id) where device_id is not null;

alter table device_contact add column seq_first bigint;
alter table device_contact add column seq_last bigint;
alter table device_contact add column seq_count bigint not null default 0;
comment on column device_contact.seq_first is 'Lowest batch number heard; null when the device sends none.';
comment on column device_contact.seq_last is 'Highest batch number heard.';
comment on column device_contact.seq_count is 'Batches with a number that were stored; fewer than the span means that some never came.';

alter table device add column replaced_by uuid;
create index device_by_replacement on device (district_id, survey_no, replaced_by) where replaced_by is not null;
comment on column device.replaced_by is 'The device that took its place when the enumerator enrolled a new phone; null otherwise.';

alter table feed add column restored_to timestamptz;
comment on column feed.restored_to is 'The moment a restored backup was taken at: devices send again what they sent since; null when never restored.';

comment on column survey_case.holder is 'The enumerator who holds it, or held it when it was finished; null when nobody. Its assignment is open exactly while the case is.';
