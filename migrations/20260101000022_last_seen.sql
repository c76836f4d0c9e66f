-- When each person was last here, so that a first page can tell what is new to them. Apart from their account: looking at a
-- page changes nothing about it, and is written down every few minutes at most.

create table app.last_seen (
    user_id uuid primary key references app.user on delete cascade,
    -- When a page of theirs was last noted.
    seen_at timestamptz not null,
    -- When the visit before this one ended; null during the first.
    visit_before timestamptz
);
