-- Several processes on one database: which of them is still there, and whether they hold the same keys.

-- When whoever ran the pipeline last told of it. A process that is gone tells nothing, and its last word must not stand for
-- ever.
alter table stream.pipeline add column reported_at timestamptz not null default now();

-- The processes that serve this database, each with a data folder of its own. They check each other's tokens and sign one
-- audit, so their keys must be the same.
create table app.node (
    -- What leases know it by.
    name text primary key,
    -- Who it says its tokens are from: the address under which people reach it.
    issuer text not null,
    -- The ids of the keys whose tokens it believes.
    token_keys text[] not null,
    -- The public half of the key that it signs checkpoints of the audit with.
    audit_key text not null,
    seen_at timestamptz not null,
    -- Whether it said that it is going. One that was killed says nothing.
    stopped boolean not null default false
);

-- An answer that is given again is one that the person could still see: the teams whose things they saw when it was given;
-- null when they saw all. Answers from before know nothing of it, and are forgotten within a day.
alter table app.idempotency add column sees uuid[] default '{}';
