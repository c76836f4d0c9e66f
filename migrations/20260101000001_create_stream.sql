-- The stream: events on their way (outbox), events in their order (log), and what each pipeline has made of them.

create schema stream;

-- Events that were committed and have no place in the log yet. Drained by delete: small, hot, never scanned by cursor.
-- The id is drawn after the row lock on the event's aggregate, so that ids of one aggregate ascend in commit order; a
-- cached sequence would break that, hence `cache 1`.
create table stream.outbox (
    id bigint generated always as identity (cache 1) primary key,
    event_id uuid not null,
    topic text not null,
    key uuid not null,
    kind text not null,
    subject text not null,
    at timestamptz not null,
    actor uuid,
    via text not null,
    client_ip text,
    user_agent text,
    request_id text,
    schema_version smallint not null,
    -- `json`, not `jsonb`: kept as written, and never parsed here.
    data json not null
);
-- The table is empty most of the time and sees every event twice: vacuum it early.
alter table stream.outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- What pipelines said, by event: a commit that is tried again, because nobody knows whether it came through, says nothing
-- twice. Kept for longer than any commit is tried.
create table stream.said (
    event_id uuid primary key,
    said_at timestamptz not null default now()
);
create index said_said_at on stream.said (said_at);

-- Events in their order: dense from 1, insert only.
create table stream.log (
    seq bigint primary key,
    outbox_id bigint not null unique,
    event_id uuid not null,
    topic text not null,
    key uuid not null,
    kind text not null,
    subject text not null,
    at timestamptz not null,
    actor uuid,
    via text not null,
    client_ip text,
    user_agent text,
    request_id text,
    schema_version smallint not null,
    data json not null
);
-- The history of one thing, newest last.
create index log_key on stream.log (key, seq);

-- The next seq. Its row lock is what makes the order one order: a mover holds it from before it looks at the outbox.
create table stream.head (
    only_row boolean primary key default true check (only_row),
    next bigint not null
);
insert into stream.head (next) values (1);

-- One row per pipeline: who runs it (a lease fenced by `generation`) and how far it has come (`cut`). For a sink that
-- keeps its own cut (the search index) the row only reports it.
create table stream.pipeline (
    name text primary key,
    version integer not null,
    owner text,
    generation bigint not null default 0,
    leased_until timestamptz,
    cut bigint not null default 0,
    committed_at timestamptz,
    state text not null default 'running' check (state in ('running', 'stalled', 'halted', 'rebuilding')),
    error text,
    dead_letters bigint not null default 0
);

-- What keyed operators remember, a row per key; a state equal to the default has no row.
create table stream.pipeline_state (
    pipeline text not null,
    operator text not null,
    key text not null,
    state json not null,
    primary key (pipeline, operator, key)
);

-- Records that a pipeline refused: kept for people to look at, never lost and never retried in a loop.
create table stream.dead_letter (
    pipeline text not null,
    seq bigint not null,
    key text not null,
    error text not null,
    at timestamptz not null,
    primary key (pipeline, seq)
);
