-- Reports: files that are made for somebody and kept for a while. They stand beside the jobs that make them, and not among what
-- people own, because the process that makes them may write here and nowhere else.

create table jobs.report (
    -- That of the job that makes it, too.
    id uuid primary key,
    kind text not null,
    -- `json`, not `jsonb`: kept as written, and never searched.
    params json not null,
    format text not null check (format in ('csv', 'json', 'parquet')),
    created_by uuid not null references app.user,
    created_at timestamptz not null,
    -- When the file is removed. What was ordered is remembered for a while longer.
    expires_at timestamptz not null,
    -- Of the file, once it is whole: as of when it is, its size, and the try that made it.
    as_of timestamptz,
    size_bytes bigint,
    made_by_fence bigint,
    check ((as_of is null) = (size_bytes is null) and (as_of is null) = (made_by_fence is null))
);
create index report_owner on jobs.report (created_by, created_at desc, id desc);
create index report_expiry on jobs.report (expires_at);

-- The files, in pieces. Each try writes pieces of its own, so that one that was overtaken spoils nothing.
create table jobs.report_piece (
    report_id uuid not null references jobs.report on delete cascade,
    fence bigint not null,
    number integer not null,
    bytes bytea not null check (octet_length(bytes) between 1 and 1048576),
    primary key (report_id, fence, number)
);
