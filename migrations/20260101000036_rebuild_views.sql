-- Views that are made anew beside those that people see, and what people do about what a pipeline refused.

-- What has become of a refused record: it waits for somebody; it is on its way once more, by an event; it was taken then; or
-- somebody said that nobody misses it.
alter table stream.dead_letter
    add column state text not null default 'waiting' check (state in ('waiting', 'retrying', 'taken', 'discarded')),
    -- How often it was refused.
    add column tries integer not null default 1,
    -- Who did something about it last, when, and why.
    add column acted_by uuid,
    add column acted_at timestamptz,
    add column reason text,
    -- The event by which it is on its way once more.
    add column retry_event uuid;
create index dead_letter_state on stream.dead_letter (pipeline, state, seq);

-- Somebody wants a pipeline that has halted to try again; taken back by whoever does.
alter table stream.pipeline add column resume_asked boolean not null default false;

-- A row per pipeline whose view was ever asked to be made anew: the last time.
create table stream.rebuild (
    pipeline text primary key,
    state text not null
        check (state in ('asked', 'reading', 'comparing', 'swapping', 'done', 'failed')),
    -- Whether the two are only compared.
    compare_only boolean not null,
    asked_at timestamptz not null,
    asked_by uuid,
    -- Which process does it, and when it last told of it. One that is gone tells nothing.
    owner text,
    reported_at timestamptz not null,
    -- How much of the present step is done.
    done bigint not null default 0,
    total bigint not null default 0,
    finished_at timestamptz,
    -- What came of the comparison.
    found json,
    error text
);

-- Where a view is made anew, beside the table that is read. What differs is carried over in one transaction, so readers and
-- their statements never notice. Only the keys that writing needs; columns and their order are those of the view.
create table app.activity_shadow (like app.activity including defaults, primary key (seq));
create table app.notification_shadow (like app.notification including defaults, primary key (id));
create index notification_shadow_user on app.notification_shadow (user_id);
