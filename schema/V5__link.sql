-- Links between interviews: what was found, why, who decided, and which interviews are one household. Written by the
-- linking job and by supervisors, never by an upload; an upload only leaves a line in link_outbox, in its own transaction.

alter table interview add column paired integer not null default 0;
comment on column interview.paired is 'People of this form who are counted at another household, by links in state paired; the same on every revision.';
comment on column interview.counted_elsewhere is 'Another interview of the same household is counted, at another door; the same on every revision.';

create table link_model (
    district_id   integer     not null,
    survey_no     integer     not null,
    version       integer     not null,
    name          text        not null,
    norm_version  integer     not null,
    document      text        not null,
    frequencies   bytea,
    interviews    bigint      not null,
    loaded_at     timestamptz not null,
    constraint link_model_pk primary key (district_id, survey_no, version)
);
comment on table  link_model is 'The models interviews were linked by. The highest version is in force; a change is made by relinking only.';
comment on column link_model.district_id is 'District of the survey.';
comment on column link_model.survey_no is 'The survey.';
comment on column link_model.version is '1 for the model the first interview was linked by, one more with each relinking.';
comment on column link_model.name is 'Name and version inside the model document.';
comment on column link_model.norm_version is 'Version of the normalising rules it belongs to.';
comment on column link_model.document is 'Parameters as JSON; thresholds come from the survey''s policy.';
comment on column link_model.frequencies is 'zstd of the JSON tables of names, telephone numbers and areas it was frozen with; null: a nominal round.';
comment on column link_model.interviews is 'Interviews those tables were counted over.';
comment on column link_model.loaded_at is 'When it came into force.';

create table link_outbox (
    district_id integer     not null,
    survey_no   integer     not null,
    id          bigint      not null generated always as identity,
    interview   uuid        not null,
    queued_at   timestamptz not null,
    not_before  timestamptz not null,
    tries       integer     not null default 0,
    constraint link_outbox_pk primary key (district_id, survey_no, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
comment on table  link_outbox is 'Interviews to be linked, or linked again. Only added to by others; the linking job removes what it has seen.';
comment on column link_outbox.district_id is 'District of the survey.';
comment on column link_outbox.survey_no is 'The survey.';
comment on column link_outbox.id is 'Only tells lines apart; nobody may rely on its order.';
comment on column link_outbox.interview is 'The interview: new, revised, rejected, voided or freed.';
comment on column link_outbox.queued_at is 'When it was queued.';
comment on column link_outbox.not_before is 'When it may be tried again after a failure.';
comment on column link_outbox.tries is 'Failures so far.';

create table link_interview (
    district_id  integer  not null,
    survey_no    integer  not null,
    interview    uuid     not null,
    revision     integer  not null,
    case_id      uuid     not null,
    is_in_force  boolean  not null,
    is_complete  boolean  not null,
    is_proxy     boolean  not null,
    recorded     integer  not null,
    living       integer  not null,
    at           timestamptz not null,
    norm_version integer  not null,
    prepared     text     not null,
    keys         bigint[] not null,
    key_kinds    smallint[] not null,
    skipped      smallint[] not null,
    constraint link_interview_pk primary key (district_id, interview, survey_no)
);
comment on table  link_interview is 'Each interview in the form in which it is compared; derived, may be made again at any time.';
comment on column link_interview.district_id is 'District of the survey.';
comment on column link_interview.survey_no is 'The survey.';
comment on column link_interview.interview is 'The interview.';
comment on column link_interview.revision is 'The revision it was derived from.';
comment on column link_interview.case_id is 'The case it was taken for.';
comment on column link_interview.is_in_force is 'False while it is rejected, its visit voided, or it is held again.';
comment on column link_interview.is_complete is 'Complete as the fold of its case sees it.';
comment on column link_interview.is_proxy is 'Somebody else answered for the household.';
comment on column link_interview.recorded is 'People listed.';
comment on column link_interview.living is 'Of them, living at the door.';
comment on column link_interview.at is 'Device time of the interview.';
comment on column link_interview.norm_version is 'Version of the normalising rules.';
comment on column link_interview.prepared is 'JSON of the normalised interview: names, births, doors, digests of IDs; emptied by purge.';
comment on column link_interview.keys is 'Its blocking keys, as they stand in link_key.';
comment on column link_interview.key_kinds is 'Their kinds, in the same order.';
comment on column link_interview.skipped is 'Kinds of the keys whose block was too large to be searched when it was last linked.';

create table link_key (
    district_id integer  not null,
    survey_no   integer  not null,
    key         bigint   not null,
    kind        smallint not null,
    interview   uuid     not null,
    constraint link_key_pk primary key (district_id, key, survey_no, kind, interview)
);
comment on table  link_key is 'Blocking keys: two interviews are compared when they share one.';
comment on column link_key.district_id is 'District of the survey.';
comment on column link_key.survey_no is 'The survey.';
comment on column link_key.key is 'Hash of kind and values.';
comment on column link_key.kind is 'What it is made of: place in link::block::KeyKind::ALL.';
comment on column link_key.interview is 'An interview in force that has it.';

create table link (
    district_id      integer     not null,
    survey_no        integer     not null,
    id               uuid        not null,
    a                uuid        not null,
    b                uuid        not null,
    a_case           uuid        not null,
    b_case           uuid        not null,
    state            text        not null,
    merged_as        text,
    refusal          text,
    proposal         text        not null,
    bar              text,
    is_edge          boolean     not null,
    weight           double precision not null,
    probability      double precision not null,
    a_revision       integer     not null,
    b_revision       integer     not null,
    a_away           integer[]   not null,
    b_away           integer[]   not null,
    evidence         jsonb       not null,
    model_version    integer     not null,
    model_name       text        not null,
    policy_version   integer     not null,
    verdict          text,
    evidence_changed boolean     not null default false,
    decided_by       text        not null,
    decided_at       timestamptz not null,
    made_at          timestamptz not null,
    version          integer     not null,
    constraint link_pk primary key (district_id, id, survey_no),
    constraint link_in_order check (a < b),
    constraint link_state_known check (state in ('review', 'merged', 'paired', 'apart', 'withdrawn')),
    constraint link_merged_as_known check ((state = 'merged') = (merged_as is not null) and merged_as in ('household', 'door')),
    constraint link_verdict_known check (verdict in ('merge', 'pair', 'apart', 'undo'))
) with (fillfactor = 80);
create index link_by_state on link (district_id, state, survey_no, made_at, id);
create index link_by_a_case on link (district_id, a_case, survey_no);
create index link_by_b_case on link (district_id, b_case, survey_no);
comment on table  link is 'A pair of interviews that may be one household or share a person. Pairs with nothing in common have no row.';
comment on column link.district_id is 'District of the survey.';
comment on column link.survey_no is 'The survey.';
comment on column link.id is 'UUIDv5 of the two interview ids, sorted.';
comment on column link.a is 'The interview with the lower id.';
comment on column link.b is 'The other one.';
comment on column link.a_case is 'Case of a; follows when a revision names another door.';
comment on column link.b_case is 'Case of b.';
comment on column link.state is 'review, merged, paired, apart, or withdrawn when the evidence is gone.';
comment on column link.merged_as is 'household: one of the interviews is counted; door: the two cases are one. Null unless merged.';
comment on column link.refusal is 'Why a likely merge went to review: the rule of clustering that forbade it; null otherwise.';
comment on column link.proposal is 'What the score alone says: merge, review, pair or apart.';
comment on column link.bar is 'Why these two may not stand in one household unless a person says so; null when they may.';
comment on column link.is_edge is 'Joins its ends when households are clustered: proposed as a merge, or merged by a person.';
comment on column link.weight is 'Household match weight in bits, prior included.';
comment on column link.probability is 'The same as a probability.';
comment on column link.a_revision is 'Revision of a that was compared.';
comment on column link.b_revision is 'Revision of b that was compared.';
comment on column link.a_away is 'Numbers of people on a who are counted on b while the state is paired.';
comment on column link.b_away is 'Numbers of people on b who are counted on a while the state is paired.';
comment on column link.evidence is 'Waterfall and one-to-one table of persons: levels and weights, no value of a person.';
comment on column link.model_version is 'The model (link_model.version).';
comment on column link.model_name is 'Its name.';
comment on column link.policy_version is 'The policy whose thresholds were used.';
comment on column link.verdict is 'The last decision of a person: merge, pair, apart or undo; null while nobody has decided.';
comment on column link.evidence_changed is 'The evidence changed after a person decided.';
comment on column link.decided_by is 'Who brought it into its state: a user, or worker.';
comment on column link.decided_at is 'When.';
comment on column link.made_at is 'When the pair was first found.';
comment on column link.version is 'Counts up with every change; a decision names the one it was taken on.';

create table link_event (
    district_id   integer     not null,
    survey_no     integer     not null,
    link_id       uuid        not null,
    version       integer     not null,
    kind          text        not null,
    state         text        not null,
    merged_as     text,
    weight        double precision not null,
    probability   double precision not null,
    model_version integer     not null,
    by_user       text        not null,
    at            timestamptz not null,
    note          text        not null,
    changed       jsonb,
    constraint link_event_pk primary key (district_id, link_id, survey_no, version),
    constraint link_event_kind_known
        check (kind in ('found', 'scored', 'settled', 'withdrawn', 'merge', 'pair', 'apart', 'undo', 'propose'))
);
comment on table  link_event is 'Everything that ever happened to a link. Append-only.';
comment on column link_event.district_id is 'District of the survey.';
comment on column link_event.survey_no is 'The survey.';
comment on column link_event.link_id is 'The link.';
comment on column link_event.version is 'Version of the link after it.';
comment on column link_event.kind is 'found, scored (again), settled (by clustering), withdrawn; merge, pair, apart, undo, propose (by a person).';
comment on column link_event.state is 'State after it.';
comment on column link_event.merged_as is 'household or door, when merged.';
comment on column link_event.weight is 'Weight then.';
comment on column link_event.probability is 'Probability then.';
comment on column link_event.model_version is 'Model then.';
comment on column link_event.by_user is 'Who: a user, or worker.';
comment on column link_event.at is 'Server time.';
comment on column link_event.note is 'In the person''s words; for the job, the reason. Empty when there is none.';
comment on column link_event.changed is 'What a person''s decision changed in numbers; null for the job.';

create table cluster_member (
    district_id integer not null,
    survey_no   integer not null,
    interview   uuid    not null,
    cluster_id  uuid    not null,
    is_counted  boolean not null,
    constraint cluster_member_pk primary key (district_id, interview, survey_no)
);
create index cluster_member_by_cluster on cluster_member (district_id, cluster_id, survey_no);
comment on table  cluster_member is 'Households with more than one interview. An interview without a row is a household of its own.';
comment on column cluster_member.district_id is 'District of the survey.';
comment on column cluster_member.survey_no is 'The survey.';
comment on column cluster_member.interview is 'The interview.';
comment on column cluster_member.cluster_id is 'Id of the earliest interview of the household, by device time, then id.';
comment on column cluster_member.is_counted is 'True for the one interview that counts.';

create table cluster_event (
    district_id integer     not null,
    survey_no   integer     not null,
    cluster_id  uuid        not null,
    seq         integer     not null,
    kind        text        not null,
    members     uuid[]      not null,
    counted     uuid        not null,
    cause       uuid        not null,
    by_user     text        not null,
    at          timestamptz not null,
    constraint cluster_event_pk primary key (district_id, cluster_id, survey_no, seq),
    constraint cluster_event_kind_known check (kind in ('merge', 'split', 'recount', 'dissolve'))
);
comment on table  cluster_event is 'How households of several interviews came about and fell apart. Append-only.';
comment on column cluster_event.district_id is 'District of the survey.';
comment on column cluster_event.survey_no is 'The survey.';
comment on column cluster_event.cluster_id is 'The household.';
comment on column cluster_event.seq is 'Order of its events, from 1.';
comment on column cluster_event.kind is 'merge: members came in; split: members left; recount: another interview counts; dissolve: one or none is left.';
comment on column cluster_event.members is 'Its interviews after the event.';
comment on column cluster_event.counted is 'The interview that counts after the event.';
comment on column cluster_event.cause is 'The link decided on, or the interview that was linked.';
comment on column cluster_event.by_user is 'Who: a user, or worker.';
comment on column cluster_event.at is 'Server time.';
