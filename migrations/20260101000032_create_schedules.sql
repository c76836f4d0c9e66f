-- What is done again and again: when, and which job does it.

create table app.schedule (
    id uuid primary key,
    name text not null,
    -- The times on the wall, or the seconds between two runs, counted from `since`.
    cron text,
    every_s integer check (every_s > 0),
    time_zone text not null,
    since timestamptz not null,
    kind text not null,
    -- `json`, not `jsonb`: kept as written, and never searched.
    args json not null,
    queue text not null check (queue in ('default', 'heavy')),
    enabled boolean not null,
    missed text not null check (missed in ('skip', 'once', 'all')),
    missed_max integer not null check (missed_max > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version bigint not null default 1,
    -- Written by the pipeline `schedules`, not by people: no part of the version.
    fired_until timestamptz,
    last_run_at timestamptz,
    last_job_id uuid,
    missed_count bigint not null default 0,
    constraint schedule_name unique (name),
    check ((cron is null) <> (every_s is null))
) with (fillfactor = 80); -- `last_run_at` is updated in place
create index schedule_created on app.schedule (created_at, id);

-- The schedules that Millstream brought along, by their first name: one that was deleted does not come back.
create table app.shipped_schedule (
    name text primary key,
    shipped_at timestamptz not null
);
