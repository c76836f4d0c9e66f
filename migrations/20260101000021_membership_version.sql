-- A membership is edited like everything else: it has a version, which If-Match compares, and a time of its last change.
--
-- The default is for a program of the release before, which writes neither.
alter table app.membership
    add column version bigint not null default 1,
    add column updated_at timestamptz not null default now();

update app.membership set updated_at = added_at;
