-- Work that is done later: jobs (what takes longer than a request may), and mails (what leaves the house). A row is
-- written by the transaction that wants the work, so the work exists if and only if what asked for it was committed.

create schema jobs;

create table jobs.job (
    id uuid primary key,
    kind text not null,
    queue text not null check (queue in ('default', 'heavy')),
    state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled', 'dead')),
    -- `json`, not `jsonb`: kept as written, and never searched.
    args json not null,
    -- Of each kind, a key enqueues once for as long as its job is kept.
    idempotency_key text,
    attempts integer not null default 0,
    max_attempts integer not null check (max_attempts > 0),
    progress double precision check (progress between 0 and 1),
    error text,
    result json,
    run_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    created_by uuid references app.user,
    created_at timestamptz not null,
    cancel_asked boolean not null default false,
    -- Who runs it, until when. `fence` is raised each time that it is taken: a result that comes with an older one is
    -- refused.
    owner text,
    leased_until timestamptz,
    fence bigint not null default 0,
    constraint job_once unique (kind, idempotency_key),
    check ((state = 'running') = (owner is not null and leased_until is not null)),
    check ((state in ('waiting', 'running')) = (finished_at is null))
) with (fillfactor = 70); -- heartbeats update the row in place
-- What is due next.
create index job_due on jobs.job (queue, run_at, id) where state = 'waiting';
-- Whose lease has run out.
create index job_lease on jobs.job (leased_until) where state = 'running';
-- What has had its time.
create index job_finished on jobs.job (finished_at) where finished_at is not null;
-- The list, newest first.
create index job_created on jobs.job (created_at desc, id desc);

-- Mails that are to be delivered, and those that were.
create table app.mail (
    -- Follows from event, kind and recipient.
    id uuid primary key,
    event_id uuid not null,
    kind text not null,
    recipient text not null,
    -- What it says, or what it is to be made of at its delivery, so that no secret is kept here. Emptied once it is delivered.
    content json,
    -- Given at the first try: a mail that is sent twice is the same mail.
    message_id text,
    state text not null default 'waiting' check (state in ('waiting', 'sending', 'delivered', 'failed')),
    attempts integer not null default 0,
    next_at timestamptz not null,
    error text,
    created_at timestamptz not null,
    finished_at timestamptz,
    leased_until timestamptz,
    fence bigint not null default 0,
    -- A replay, or a commit that is tried again, sends nothing twice.
    constraint mail_once unique (event_id, kind, recipient),
    check ((state = 'sending') = (leased_until is not null)),
    check ((state in ('waiting', 'sending')) = (finished_at is null))
);
create index mail_due on app.mail (next_at, id) where state = 'waiting';
create index mail_lease on app.mail (leased_until) where state = 'sending';
create index mail_finished on app.mail (finished_at) where finished_at is not null;
