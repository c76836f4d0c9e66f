-- Which mails people want, and how far the summary of the day is.

-- Nothing here means: all of them.
create table app.mail_preference (
    user_id uuid primary key references app.user on delete cascade,
    -- The reasons for which they want none.
    off text[] not null,
    updated_at timestamptz not null
);

-- The newest summary of each person: its day in their own zone, and until when it told.
create table app.daily_summary (
    user_id uuid primary key references app.user on delete cascade,
    day date not null,
    until timestamptz not null
);

-- A mail that nobody wanted any more when it was its turn.
alter table app.mail drop constraint mail_state_check;
alter table app.mail add constraint mail_state_check
    check (state in ('waiting', 'sending', 'delivered', 'not_wanted', 'failed'));
