-- What guards accounts: API tokens, the tries at passwords that are counted, and the links by which a password is reset.

-- API tokens, only as hashes. A revoked one is deleted; that it was there is in the log.
create table app.api_token (
    id uuid primary key,
    user_id uuid not null references app.user,
    name text not null,
    hash bytea not null unique,
    scopes text[] not null check (scopes <@ array['read', 'write', 'admin'] and scopes <> '{}'),
    created_at timestamptz not null,
    -- Null: until it is revoked.
    expires_at timestamptz,
    last_used_at timestamptz
) with (fillfactor = 80); -- `last_used_at` is updated in place
create index api_token_user on app.api_token (user_id, created_at);

-- From where somebody has logged in to an account: an IPv4 address, or the /64 of an IPv6 address. Tries from there are
-- counted apart, so that strangers cannot use them up.
create table app.known_address (
    user_id uuid not null references app.user,
    network text not null,
    last_used_at timestamptz not null,
    primary key (user_id, network)
);

-- Tries of the last hour: at passwords, and at having one reset. A counter is named after what is counted; names that
-- nobody has, and addresses, fall into one of a fixed number of buckets, so that nobody can fill the table.
create table app.attempt (
    counter text primary key,
    -- The newest ones, oldest first; never more than the counter's limit.
    tries timestamptz[] not null
) with (fillfactor = 70);

-- What buckets are drawn with: without it nobody knows which names share one. One row.
create table app.attempt_key (
    key bytea not null,
    is_only boolean primary key default true check (is_only)
);
insert into app.attempt_key (key)
values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- 2^18 buckets: 262,144 rows of a counter at the most, some 30 MB. Two names in one bucket share its tries.
create function app.attempt_bucket(name text) returns integer
language sql stable
return (select ('x' || encode(substr(sha256(key || convert_to(name, 'UTF8')), 1, 4), 'hex'))::bit(32)::integer & 262143
        from app.attempt_key);

-- Links by which a password is reset, only as hashes. The links of one account are all of one mail: a newer mail makes
-- those of older ones void. Several, because a try whose end nobody knows may have reached its reader.
create table app.password_reset (
    hash bytea primary key,
    user_id uuid not null references app.user,
    mail_id uuid not null,
    expires_at timestamptz not null
);
create index password_reset_user on app.password_reset (user_id);
