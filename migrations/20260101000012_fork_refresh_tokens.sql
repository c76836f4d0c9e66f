-- Refresh tokens know which one they were given out for, instead of the other way round: when an answer may have been lost,
-- a token is exchanged again, and the first of its heirs that is used is the one that lives.

alter table app.refresh_token
    drop column successor,
    add column parent bytea,
    -- When a sibling was used instead.
    add column lost_at timestamptz;
create index refresh_token_parent on app.refresh_token (parent) where parent is not null;
