-- The audit: one entry for each change, log-in, log-out and refusal that matters, in the order of the log.
-- Append only, and made so that tampering by somebody who can get around that is found: docs/AUDIT.md.

create table app.audit (
    -- Dense from 0: the leaf's place in the Merkle tree.
    index bigint primary key check (index >= 0),
    -- Which canonical encoding the leaf hash was made with; every one ever used stays known.
    form smallint not null,
    -- The record of the log that it tells of.
    seq bigint not null unique,
    at timestamptz not null,
    -- No foreign keys: what was done stays on record when people and things are gone.
    actor uuid,
    via text not null,
    action text not null,
    entity text not null,
    entity_id uuid,
    entity_name text,
    ip text,
    user_agent text,
    request_id text,
    -- Canonical JSON, as `text`: hashed byte by byte, so never parsed and written again.
    before text,
    after text,
    outcome text not null check (outcome in ('accepted', 'refused', 'failed')),
    reason text,
    -- RFC 6962: SHA-256 over 0x00 and the canonical bytes of all columns above.
    leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
    -- The inner nodes that this leaf completes, from level 1 up, 32 bytes each. A node is final once it is complete, so
    -- it can stand with the entry and the table stays append only; any proof reads a logarithmic number of rows.
    nodes bytea not null check (octet_length(nodes) % 32 = 0)
);

-- What the audit can be asked for, newest first. The index of the filter ends with `index`, the order of the pages.
create index audit_actor on app.audit (actor, index) where actor is not null;
create index audit_action on app.audit (action, index);
create index audit_entity on app.audit (entity, entity_id, index);
-- Times ascend nearly with the index, which is what a block range index is for.
create index audit_at on app.audit using brin (at);

create function app.refuse_audit_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is append only: % is refused', tg_op
        using errcode = 'insufficient_privilege',
              hint = 'entries are never changed or removed; `millstream audit verify` checks that none was';
end
$$;

-- For each statement, so that one that happens to touch no row is refused as well.
create trigger audit_is_append_only
    before update or delete or truncate on app.audit
    for each statement execute function app.refuse_audit_change();
-- Also where `session_replication_role` switches ordinary triggers off.
alter table app.audit enable always trigger audit_is_append_only;
