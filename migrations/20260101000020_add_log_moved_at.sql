-- When each record came into the log: how long pipelines leave it lying is counted from then, and not from the time that
-- its event tells of, which an import or the demo may set years back. The mover's insert leaves it to the default.
alter table stream.log add column moved_at timestamptz not null default now();
