-- Fact tables: doors, cases and everything that comes from the field. The district stands first in every key and index;
-- no triggers, no sequences that readers depend on, no foreign keys from facts to other shards.
--
-- Where rows are found by an id, the id comes second and the survey third. An index that begins with district and survey matches
-- every query, and as long as a table has no statistics, which is as long as a survey is young, PostgreSQL thinks it as good as
-- the right one: it then reads the whole survey for each batch.

create table building (
    district_id integer not null,
    survey_no   integer not null,
    id          uuid    not null,
    area        text    not null,
    building    text    not null,
    name        text,
    lon         double precision,
    lat         double precision,
    constraint building_pk primary key (district_id, survey_no, id)
);
create index building_by_area on building (district_id, survey_no, area);
comment on table  building is 'A building of an area, known from its doors.';
comment on column building.district_id is 'District of the survey.';
comment on column building.survey_no is 'The survey.';
comment on column building.id is 'UUIDv5 of district|area|building.';
comment on column building.area is 'Code of the area it stands in.';
comment on column building.building is 'Its number or name as in dwellings.csv.';
comment on column building.name is 'Longer name; null where none is given.';
comment on column building.lon is 'WGS-84 degrees, mean of its doors; null where no door has a position.';
comment on column building.lat is 'WGS-84 degrees, mean of its doors.';

create table dwelling (
    district_id         integer     not null,
    survey_no           integer     not null,
    id                  uuid        not null,
    building_id         uuid        not null,
    area                text        not null,
    building            text        not null,
    unit                text        not null,
    floor               integer,
    room                text        not null,
    kind                text        not null,
    lon                 double precision,
    lat                 double precision,
    external_id         text,
    households_expected integer,
    door_key            text        not null,
    is_listed           boolean     not null,
    created_at          timestamptz not null,
    left_list_at        timestamptz,
    constraint dwelling_pk primary key (district_id, survey_no, id)
);
create index dwelling_by_building on dwelling (district_id, survey_no, building_id);
comment on table  dwelling is 'A door, listed by set-up or found in the field.';
comment on column dwelling.district_id is 'District of the survey.';
comment on column dwelling.survey_no is 'The survey.';
comment on column dwelling.id is 'UUIDv5 of door_key, so two imports on two machines agree.';
comment on column dwelling.building_id is 'The building.';
comment on column dwelling.area is 'Code of the area.';
comment on column dwelling.building is 'Building as written.';
comment on column dwelling.unit is 'Staircase or unit; empty where the building has none.';
comment on column dwelling.floor is 'Storey, ground floor 1, basement negative; null where not given.';
comment on column dwelling.room is 'Door number as written, leading zeros kept.';
comment on column dwelling.kind is 'residential, collective, business, public or under_construction.';
comment on column dwelling.lon is 'WGS-84 degrees; null where not given.';
comment on column dwelling.lat is 'WGS-84 degrees.';
comment on column dwelling.external_id is 'The office''s own number for the door.';
comment on column dwelling.households_expected is 'Households the list expects here; null where not given.';
comment on column dwelling.door_key is 'district|area|building|unit|room after NFKC, trimming and upper case.';
comment on column dwelling.is_listed is 'True when it came from dwellings.csv, false when found in the field.';
comment on column dwelling.created_at is 'When the server first knew it.';
comment on column dwelling.left_list_at is 'When a later set-up no longer listed it although it had been touched; null otherwise.';

create table survey_case (
    district_id      integer     not null,
    survey_no        integer     not null,
    id               uuid        not null,
    dwelling_id      uuid        not null,
    building_id      uuid        not null,
    area             text        not null,
    area_no          integer     not null,
    household        integer     not null,
    is_baseline      boolean     not null,
    created_at       timestamptz not null,
    state            smallint    not null,
    class            smallint,
    cell             integer     not null,
    persons          integer[]   not null,
    visits           integer     not null default 0,
    interviews       integer     not null default 0,
    decisions        integer     not null default 0,
    absorbed         integer     not null default 0,
    unmet            smallint    not null,
    last_at          timestamptz,
    last_outcome     smallint,
    appointment_from timestamptz,
    appointment_to   timestamptz,
    due_class        smallint,
    due_at           timestamptz,
    pressing_class   smallint,
    pressing_at      timestamptz,
    merged_into      uuid,
    holder           text,
    event_at         bigint[]    not null,
    event_cell       integer[]   not null,
    event_persons    integer[]   not null,
    received_at      bigint[]    not null,
    received_cell    integer[]   not null,
    received_persons integer[]   not null,
    changed_tag      bigint,
    evidence         bytea,
    constraint survey_case_pk primary key (district_id, id, survey_no)
) with (fillfactor = 50, toast_tuple_target = 8160);
-- A page is half full at first, and of what a fold writes only two columns have an index, empty for most doors: so nearly every
-- case is rewritten within its page, without a new entry in any index; what a much-visited door carries stays there too. Doors in a state are found through the counters
-- (completion_area), a building's doors through its area.
create index survey_case_by_place on survey_case (district_id, survey_no, area_no, building_id);
create index survey_case_pressing on survey_case (district_id, survey_no, pressing_class, pressing_at, id, area_no) where pressing_class is not null;
create index survey_case_merged on survey_case (district_id, survey_no, merged_into) where merged_into is not null;
create index survey_case_held_by on survey_case (district_id, survey_no, holder) where holder is not null;
-- Nothing is looked up by these, and analysing them, arrays above all, takes longer than all the rest.
alter table survey_case
    alter column persons set statistics 0, alter column event_at set statistics 0, alter column event_cell set statistics 0,
    alter column event_persons set statistics 0, alter column received_at set statistics 0,
    alter column received_cell set statistics 0, alter column received_persons set statistics 0, alter column evidence set statistics 0;
comment on table  survey_case is 'One household''s door in one survey. State and counts are the fold of its evidence, written by nobody else.';
comment on column survey_case.district_id is 'District of the survey.';
comment on column survey_case.survey_no is 'The survey.';
comment on column survey_case.id is 'UUIDv5 of dwelling id and survey slug (#2, #3 … for further households).';
comment on column survey_case.dwelling_id is 'The door.';
comment on column survey_case.building_id is 'The door''s building, repeated here for counting.';
comment on column survey_case.area is 'Code of the area, repeated here for counting.';
comment on column survey_case.area_no is 'area.lo of that area: a subtree is one range.';
comment on column survey_case.household is '1 for the household listed at the door, 2, 3 … for further ones.';
comment on column survey_case.is_baseline is 'Belongs to the frame frozen at the start of the survey.';
comment on column survey_case.created_at is 'When the case entered the workload.';
comment on column survey_case.state is 'State number (code tables).';
comment on column survey_case.class is 'AAPOR class number now; null for merged and cancelled.';
comment on column survey_case.cell is 'What the case counts as in every rate, packed; the meaning is in domain::rates::Cell.';
comment on column survey_case.persons is 'Person figures of the counted interview, in the order of domain::rates::PersonMeasure; empty when none.';
comment on column survey_case.visits is 'Visits stored and accepted, voided ones included.';
comment on column survey_case.interviews is 'Interview revisions stored and accepted.';
comment on column survey_case.decisions is 'Supervisor decisions taken on it.';
comment on column survey_case.absorbed is 'Cases merged into this one as the same door.';
comment on column survey_case.unmet is 'Bits of the effort still missing: 1 attempts, 2 days, 4 bands, 8 evening, 16 weekend.';
comment on column survey_case.last_at is 'Device time of the latest visit.';
comment on column survey_case.last_outcome is 'Outcome number of the latest visit.';
comment on column survey_case.appointment_from is 'Start of the appointment not used up; null when none.';
comment on column survey_case.appointment_to is 'Its end.';
comment on column survey_case.due_class is 'First part of the urgency order of return visits; null when no visit is due.';
comment on column survey_case.due_at is 'Second part of that order.';
comment on column survey_case.pressing_class is 'due_class where it is one of the few that press (domain::due), by which these doors are found; null for most.';
comment on column survey_case.pressing_at is 'due_at of the same.';
comment on column survey_case.merged_into is 'The surviving case when this door was listed twice; null otherwise.';
comment on column survey_case.holder is 'The enumerator who holds it now (latest assignment not ended); null when nobody.';
comment on column survey_case.event_at is 'Event clock: microseconds since 1970 at which the case began to count as event_cell at the same place.';
comment on column survey_case.event_cell is 'Event clock: the cells, rewritten by each fold.';
comment on column survey_case.event_persons is 'Event clock: seven person figures per entry; empty while there are none but zeros.';
comment on column survey_case.received_at is 'Received clock: microseconds at which the server came to count it so; append-only.';
comment on column survey_case.received_cell is 'Received clock: the cells.';
comment on column survey_case.changed_tag is 'Tag of the transaction that folded it last (see change_cases); null before the first fold.';
comment on column survey_case.evidence is 'Its own visits and interviews as the last fold saw them, packed, so that an upload need not read them; null when there are none or too many. The tables are the truth.';
comment on column survey_case.received_persons is 'Received clock: seven person figures per entry; empty while there are none but zeros.';

create table device_contact (
    district_id    integer     not null,
    survey_no      integer     not null,
    device_id      uuid        not null,
    last_at        timestamptz not null,
    last_batch_at  timestamptz,
    waiting        integer,
    clock_offset_s double precision,
    app_version    text,
    constraint device_contact_pk primary key (district_id, survey_no, device_id)
) with (fillfactor = 50);
comment on table  device_contact is 'What a device said when it was last heard.';
comment on column device_contact.district_id is 'District of the survey.';
comment on column device_contact.survey_no is 'The survey.';
comment on column device_contact.device_id is 'The device.';
comment on column device_contact.last_at is 'Last call of any kind, to the minute.';
comment on column device_contact.last_batch_at is 'Last batch stored; null before the first.';
comment on column device_contact.waiting is 'Records still on the device after its last batch, as it said.';
comment on column device_contact.clock_offset_s is 'Device clock minus server clock at its last batch, seconds.';
comment on column device_contact.app_version is 'Version of the program on the device, as it said.';

create table batch (
    district_id    integer     not null,
    survey_no      integer     not null,
    id             uuid        not null,
    device_id      uuid        not null,
    user_name      text        not null,
    digest         bytea       not null,
    received_at    timestamptz not null,
    sent_at        timestamptz not null,
    clock_offset_s double precision not null,
    waiting        integer,
    seq            bigint,
    records        integer     not null,
    via            text        not null,
    constraint batch_pk primary key (district_id, id, survey_no),
    constraint batch_via_known check (via in ('http', 'file'))
);
create index batch_by_device on batch (district_id, device_id, survey_no, received_at);
comment on table  batch is 'One upload of a device. Its row is written first, so that the same batch sent twice at once waits here.';
comment on column batch.district_id is 'District of the survey.';
comment on column batch.survey_no is 'The survey.';
comment on column batch.id is 'Made by the device.';
comment on column batch.device_id is 'The device that collected it.';
comment on column batch.user_name is 'The enumerator the device acted for.';
comment on column batch.digest is 'Keyed digest of survey, device and records as parsed values; tells a replay from a reused id.';
comment on column batch.received_at is 'Server time.';
comment on column batch.sent_at is 'Device time of the first try that was stored.';
comment on column batch.clock_offset_s is 'sent_at minus received_at, seconds.';
comment on column batch.waiting is 'Records left on the device, as it said.';
comment on column batch.seq is 'The device''s rising batch number; null when it sends none.';
comment on column batch.records is 'Number of records.';
comment on column batch.via is 'http, or file for a batch carried by hand.';

create table batch_content (
    district_id integer not null,
    survey_no   integer not null,
    batch_id    uuid    not null,
    raw         bytea   not null,
    raw_length  integer not null,
    receipts    bytea   not null,
    constraint batch_content_pk primary key (district_id, batch_id, survey_no)
);
-- Both are packed already.
alter table batch_content alter column raw set storage external, alter column receipts set storage external;
alter table batch_content alter column raw set statistics 0, alter column receipts set statistics 0;
comment on table  batch_content is 'The batch as received, but for citizen IDs, beside the receipts first given.';
comment on column batch_content.district_id is 'District of the survey.';
comment on column batch_content.survey_no is 'The survey.';
comment on column batch_content.batch_id is 'The batch.';
comment on column batch_content.raw is 'zstd of the JSON text with citizen IDs taken out; emptied by purge.';
comment on column batch_content.raw_length is 'Bytes of that text before compression.';
comment on column batch_content.receipts is 'zstd of the JSON array of the receipts, one per record in the order sent, word for word.';

create table visit (
    district_id      integer     not null,
    survey_no        integer     not null,
    id               uuid        not null,
    case_id          uuid        not null,
    sent_case_id     uuid,
    status           smallint    not null,
    held_reason      text,
    held_detail      text,
    batch_id         uuid        not null,
    batch_index      integer     not null,
    digest           bytea       not null,
    device_id        uuid        not null,
    enumerator       text        not null,
    at               timestamptz not null,
    at_offset_min    smallint    not null,
    received_at      timestamptz not null,
    ended_at         timestamptz,
    outcome          smallint    not null,
    channel          smallint    not null,
    informant        smallint    not null,
    appointment_from timestamptz,
    appointment_to   timestamptz,
    photo            uuid[],
    lon              double precision,
    lat              double precision,
    accuracy_m       real,
    sent_lon         double precision,
    sent_lat         double precision,
    sent_datum       smallint,
    note             text,
    extra            text,
    constraint visit_pk primary key (district_id, id, survey_no)
);
create index visit_by_case on visit (district_id, case_id, survey_no, at);
create index visit_held on visit (district_id, survey_no, case_id) where status <> 0;
alter table visit
    alter column held_detail set statistics 0, alter column batch_index set statistics 0, alter column digest set statistics 0,
    alter column at_offset_min set statistics 0, alter column ended_at set statistics 0, alter column channel set statistics 0,
    alter column informant set statistics 0, alter column appointment_from set statistics 0,
    alter column appointment_to set statistics 0, alter column photo set statistics 0, alter column lon set statistics 0,
    alter column lat set statistics 0, alter column accuracy_m set statistics 0, alter column sent_lon set statistics 0,
    alter column sent_lat set statistics 0, alter column sent_datum set statistics 0, alter column note set statistics 0,
    alter column extra set statistics 0;
comment on table  visit is 'One contact attempt. Append-only: only status may change, when what it waits for arrives or a supervisor decides.';
comment on column visit.district_id is 'District of the survey.';
comment on column visit.survey_no is 'The survey.';
comment on column visit.id is 'Made by the device.';
comment on column visit.case_id is 'The case it counts for; while held for an unknown case, the id as sent.';
comment on column visit.sent_case_id is 'The id as sent where it differs (a dwelling record''s id); null when equal.';
comment on column visit.status is '0 accepted, 1 held, 2 refused by a supervisor after being held.';
comment on column visit.held_reason is 'Why it was held (docs/problems.md); stays when released.';
comment on column visit.held_detail is 'A sentence for the person who reads it, without personal data.';
comment on column visit.batch_id is 'The batch that first brought it.';
comment on column visit.batch_index is 'Its place in that batch, from 0; finds its first receipt.';
comment on column visit.digest is 'Keyed digest of its content; tells a replay from a reused id.';
comment on column visit.device_id is 'The device.';
comment on column visit.enumerator is 'Who knocked.';
comment on column visit.at is 'When it began, by the device''s clock, as sent.';
comment on column visit.at_offset_min is 'UTC offset written in at, minutes.';
comment on column visit.received_at is 'When the server came to know it.';
comment on column visit.ended_at is 'When it ended; null when not said.';
comment on column visit.outcome is 'Outcome number (code tables).';
comment on column visit.channel is '0 in person, 1 telephone, 2 online (code tables).';
comment on column visit.informant is 'Who said it or was asked (code tables).';
comment on column visit.appointment_from is 'Start of the agreed window; null when none or when it was dropped with a warning.';
comment on column visit.appointment_to is 'Its end.';
comment on column visit.photo is 'Ids of pictures named by the record; null when none.';
comment on column visit.lon is 'WGS-84 degrees of the fix; null when none.';
comment on column visit.lat is 'WGS-84 degrees of the fix.';
comment on column visit.accuracy_m is 'Radius of the fix in metres as the device said.';
comment on column visit.sent_lon is 'Degrees as sent, before conversion.';
comment on column visit.sent_lat is 'Degrees as sent.';
comment on column visit.sent_datum is 'Datum as sent (code tables).';
comment on column visit.note is 'Enumerator''s note, citizen IDs taken out.';
comment on column visit.extra is 'JSON object of the fields we do not know, citizen IDs taken out; null when none.';

create table interview (
    district_id       integer     not null,
    survey_no         integer     not null,
    id                uuid        not null,
    revision          integer     not null,
    case_id           uuid        not null,
    sent_case_id      uuid,
    visit_id          uuid,
    is_visit_awaited  boolean     not null,
    status            smallint    not null,
    held_reason       text,
    held_detail       text,
    batch_id          uuid        not null,
    batch_index       integer     not null,
    digest            bytea       not null,
    device_id         uuid        not null,
    enumerator        text        not null,
    at                timestamptz not null,
    at_offset_min     smallint    not null,
    received_at       timestamptz not null,
    result            smallint    not null,
    respondent        smallint    not null,
    counted_elsewhere boolean     not null default false,
    persons           integer[]   not null,
    people            text        not null,
    household         text        not null,
    phone             text,
    address_text      text,
    answers           text,
    extra             text,
    constraint interview_pk primary key (district_id, id, survey_no, revision)
);
create index interview_by_case on interview (district_id, case_id, survey_no);
create index interview_awaiting on interview (district_id, survey_no, visit_id) where is_visit_awaited;
create index interview_held on interview (district_id, survey_no, case_id) where status <> 0;
alter table interview
    alter column held_detail set statistics 0, alter column batch_index set statistics 0, alter column digest set statistics 0,
    alter column at_offset_min set statistics 0, alter column result set statistics 0, alter column respondent set statistics 0,
    alter column persons set statistics 0, alter column people set statistics 0, alter column household set statistics 0,
    alter column phone set statistics 0, alter column address_text set statistics 0, alter column answers set statistics 0,
    alter column extra set statistics 0;
comment on table  interview is 'One revision of an interview. The highest accepted revision is in force, the others are history.';
comment on column interview.district_id is 'District of the survey.';
comment on column interview.survey_no is 'The survey.';
comment on column interview.id is 'Made by the device; the same for all revisions.';
comment on column interview.revision is '1 for the first, higher for corrections.';
comment on column interview.case_id is 'The case it belongs to; while held for an unknown case, the id as sent.';
comment on column interview.sent_case_id is 'The id as sent where it differs; null when equal.';
comment on column interview.visit_id is 'The visit it was taken at; null when none is named.';
comment on column interview.is_visit_awaited is 'True while the named visit has not arrived.';
comment on column interview.status is '0 accepted, 1 held, 2 refused by a supervisor after being held.';
comment on column interview.held_reason is 'Why it was held; stays when released.';
comment on column interview.held_detail is 'A sentence, without personal data; for form errors the pointers.';
comment on column interview.batch_id is 'The batch that first brought it.';
comment on column interview.batch_index is 'Its place in that batch, from 0.';
comment on column interview.digest is 'Keyed digest of its content.';
comment on column interview.device_id is 'The device.';
comment on column interview.enumerator is 'Who interviewed.';
comment on column interview.at is 'Device time as sent.';
comment on column interview.at_offset_min is 'UTC offset written in at, minutes.';
comment on column interview.received_at is 'When the server came to know it.';
comment on column interview.result is '0 complete, 1 partial (code tables).';
comment on column interview.respondent is 'Who answered (code tables).';
comment on column interview.counted_elsewhere is 'True while a link counts another interview of the same household instead.';
comment on column interview.persons is 'Person figures of this form, in the order of domain::rates::PersonMeasure.';
comment on column interview.people is 'JSON array of the people on the form, each an object; what is not given is left out. Read through the view person; purge leaves of it what is counted.';
comment on column interview.household is 'JSON object of the household items; emptied by purge.';
comment on column interview.phone is 'Contact number, digits only; null when none; emptied by purge.';
comment on column interview.address_text is 'The address as the enumerator wrote it; emptied by purge.';
comment on column interview.answers is 'JSON object of the survey''s own items; emptied by purge.';
comment on column interview.extra is 'JSON object of the fields we do not know; emptied by purge.';

create view person as
    select i.district_id, i.survey_no, i.id as interview_id, i.revision, p.person_no, p.name, p.surname, p.given_name, p.sex,
           p.birth_year, p.birth_month, p.birth_day, p.relationship, p.residence_status, decode(p.citizen_id_hash, 'base64') as citizen_id_hash,
           p.citizen_id_key, coalesce(p.is_id_repaired, false) as is_id_repaired, p.other_address, p.items
    from interview i
    cross join lateral jsonb_to_recordset(i.people::jsonb) as p (person_no integer, name text, surname text, given_name text,
        sex smallint, birth_year smallint, birth_month smallint, birth_day smallint, relationship smallint, residence_status smallint,
        citizen_id_hash text, citizen_id_key text, is_id_repaired boolean, other_address text, items text);
comment on view   person is 'The people of interview revisions, one row each, out of interview.people.';
comment on column person.district_id is 'District of the survey.';
comment on column person.survey_no is 'The survey.';
comment on column person.interview_id is 'The interview.';
comment on column person.revision is 'Its revision.';
comment on column person.person_no is 'Number on the form, unique inside the interview.';
comment on column person.name is 'As written; emptied by purge.';
comment on column person.surname is 'Where the device gives it apart.';
comment on column person.given_name is 'Where the device gives it apart.';
comment on column person.sex is 'Sex number (code tables); null when not given.';
comment on column person.birth_year is 'Null when unknown.';
comment on column person.birth_month is 'Null when unknown.';
comment on column person.birth_day is 'Null when unknown.';
comment on column person.relationship is 'To the head (code tables); null when not asked.';
comment on column person.residence_status is 'Residence status (code tables); null when it cannot be told.';
comment on column person.citizen_id_hash is 'HMAC-SHA-256 of the number under a key kept outside the database; null when none or unusable.';
comment on column person.citizen_id_key is 'Name of the key the hash was made with.';
comment on column person.is_id_repaired is 'True when the number was mended by its check digit before hashing.';
comment on column person.other_address is 'Where registered or living when elsewhere; emptied by purge.';
comment on column person.items is 'JSON object of the other person items; emptied by purge.';

create table dwelling_record (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    status      smallint    not null,
    held_reason text,
    held_detail text,
    case_id     uuid,
    batch_id    uuid        not null,
    batch_index integer     not null,
    digest      bytea       not null,
    device_id   uuid        not null,
    enumerator  text        not null,
    received_at timestamptz not null,
    area        text        not null,
    content     text        not null,
    constraint dwelling_record_pk primary key (district_id, id, survey_no)
);
create index dwelling_record_held on dwelling_record (district_id, survey_no, area) where status <> 0;
comment on table  dwelling_record is 'A door reported from the field; its id may be used as case_id by the device that found it.';
comment on column dwelling_record.district_id is 'District of the survey.';
comment on column dwelling_record.survey_no is 'The survey.';
comment on column dwelling_record.id is 'Made by the device.';
comment on column dwelling_record.status is '0 accepted, 1 held, 2 refused by a supervisor after being held.';
comment on column dwelling_record.held_reason is 'Why it was held.';
comment on column dwelling_record.held_detail is 'A sentence for the person who reads it.';
comment on column dwelling_record.case_id is 'The case it stands for; null while held.';
comment on column dwelling_record.batch_id is 'The batch that first brought it.';
comment on column dwelling_record.batch_index is 'Its place in that batch, from 0.';
comment on column dwelling_record.digest is 'Keyed digest of its content.';
comment on column dwelling_record.device_id is 'The device.';
comment on column dwelling_record.enumerator is 'Who found it.';
comment on column dwelling_record.received_at is 'When the server came to know it.';
comment on column dwelling_record.area is 'Area code as sent.';
comment on column dwelling_record.content is 'JSON object of the record.';

create table decision (
    district_id    integer     not null,
    survey_no      integer     not null,
    case_id        uuid        not null,
    seq            integer     not null,
    kind           text        not null,
    detail         jsonb       not null,
    reason         text        not null,
    decided_by     text        not null,
    decided_at     timestamptz not null,
    policy_version integer     not null,
    unmet          smallint    not null,
    constraint decision_pk primary key (district_id, case_id, survey_no, seq)
);
comment on table  decision is 'What a supervisor decided about a case. Append-only, kept for ever.';
comment on column decision.district_id is 'District of the survey.';
comment on column decision.survey_no is 'The survey.';
comment on column decision.case_id is 'The case.';
comment on column decision.seq is 'Order of the decisions on this case, from 1.';
comment on column decision.kind is 'close, reopen, verify, cancel, uncancel, void, unvoid, reject_interview, merge or unmerge.';
comment on column decision.detail is 'What the kind needs: class, confirmed, visit, interview and revision, into.';
comment on column decision.reason is 'In the supervisor''s words.';
comment on column decision.decided_by is 'Who.';
comment on column decision.decided_at is 'When, server time.';
comment on column decision.policy_version is 'The policy it was judged by.';
comment on column decision.unmet is 'Bits of the effort missing at that moment (see survey_case.unmet).';

create table assignment (
    district_id integer     not null,
    survey_no   integer     not null,
    id          uuid        not null,
    case_id     uuid        not null,
    enumerator  text        not null,
    until       timestamptz,
    assigned_by text        not null,
    assigned_at timestamptz not null,
    ended_at    timestamptz,
    end_reason  text,
    constraint assignment_pk primary key (district_id, id, survey_no)
);
create index assignment_by_case on assignment (district_id, case_id, survey_no);
create index assignment_by_user on assignment (district_id, enumerator, survey_no, case_id);
create index assignment_open on assignment (district_id, survey_no, enumerator) where ended_at is null;
comment on table  assignment is 'Who was given a door, until when. A new one ends the one before.';
comment on column assignment.district_id is 'District of the survey.';
comment on column assignment.survey_no is 'The survey.';
comment on column assignment.id is 'Made by the server.';
comment on column assignment.case_id is 'The case.';
comment on column assignment.enumerator is 'Who holds it.';
comment on column assignment.until is 'End of the lease; null when open-ended.';
comment on column assignment.assigned_by is 'Supervisor.';
comment on column assignment.assigned_at is 'Server time.';
comment on column assignment.ended_at is 'When it stopped; null while it stands.';
comment on column assignment.end_reason is 'reassigned, finished, expired or withdrawn; null while it stands.';

create table held_decision (
    district_id integer     not null,
    survey_no   integer     not null,
    record_id   uuid        not null,
    revision    integer     not null,
    seq         integer     not null,
    decision    text        not null,
    note        text        not null,
    decided_by  text        not null,
    decided_at  timestamptz not null,
    constraint held_decision_pk primary key (district_id, survey_no, record_id, revision, seq),
    constraint held_decision_known check (decision in ('accept', 'refuse'))
);
comment on table  held_decision is 'What a supervisor decided about a held record. Append-only.';
comment on column held_decision.district_id is 'District of the survey.';
comment on column held_decision.survey_no is 'The survey.';
comment on column held_decision.record_id is 'The held record.';
comment on column held_decision.revision is 'Revision of a held interview; 0 for other records.';
comment on column held_decision.seq is 'Order, from 1.';
comment on column held_decision.decision is 'accept or refuse.';
comment on column held_decision.note is 'In the supervisor''s words.';
comment on column held_decision.decided_by is 'Who.';
comment on column held_decision.decided_at is 'Server time.';
