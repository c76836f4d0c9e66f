-- The state that people change: accounts, log-ins, teams, projects, tasks, comments. Every change of it goes through one
-- write path, which says in the same transaction what happened (`stream.outbox`).

create schema if not exists app;

-- People. Names and addresses are stored in lower case, so that uniqueness needs no special collation.
create table app.user (
    id uuid primary key,
    username text not null constraint user_username_taken unique,
    email text not null constraint user_email_taken unique,
    display_name text not null,
    -- Apart from the rest in use: no query but the log-in's reads it.
    password_hash text not null,
    role text not null check (role in ('admin', 'manager', 'member')),
    time_zone text not null,
    locale text not null,
    active boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version bigint not null default 1
);

-- Log-ins. Each refresh moves `expires_at` on, up to the longest that a session lasts.
create table app.session (
    id uuid primary key,
    user_id uuid not null references app.user,
    ip text,
    user_agent text,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index session_of_user on app.session (user_id) where ended_at is null;

-- Refresh tokens, only as hashes. A token is used once; the second use ends the session, unless it comes within the
-- grace after the first (a lost response). `successor` is the one live branch.
create table app.refresh_token (
    hash bytea primary key,
    session_id uuid not null references app.session,
    created_at timestamptz not null,
    used_at timestamptz,
    successor bytea
);
create index refresh_token_session on app.refresh_token (session_id);

-- Refusals per address and minute: ten are told one by one, the rest as one number.
create table app.refusal (
    address text not null,
    minute timestamptz not null,
    told integer not null default 0,
    suppressed bigint not null default 0,
    primary key (address, minute)
);

create table app.team (
    id uuid primary key,
    name text not null,
    description text not null default '',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version bigint not null default 1
);

create table app.membership (
    team_id uuid not null references app.team on delete cascade,
    user_id uuid not null references app.user,
    role text not null check (role in ('viewer', 'member', 'maintainer', 'owner')),
    added_at timestamptz not null,
    primary key (team_id, user_id)
);
-- "Which teams am I in" is asked at every request.
create index membership_user on app.membership (user_id) include (team_id, role);

create table app.project (
    id uuid primary key,
    team_id uuid not null references app.team,
    key text not null constraint project_key_taken unique,
    name text not null,
    description text not null default '',
    archived boolean not null default false,
    -- The number of the newest task: drawn under the project's row lock, so numbers have no gaps.
    last_number bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version bigint not null default 1
) with (fillfactor = 50); -- every new task updates the row in place
create index project_team on app.project (team_id);

create table app.tag (
    id uuid primary key,
    team_id uuid not null references app.team on delete cascade,
    name text not null,
    color text not null default 'gray',
    created_at timestamptz not null
);
-- Kept as written, compared without regard to case.
create unique index tag_name_taken on app.tag (team_id, lower(name));

create table app.task (
    id uuid primary key,
    project_id uuid not null references app.project,
    -- The project's team, kept here too: every list asks for it.
    team_id uuid not null references app.team,
    number bigint not null,
    title text not null,
    description text not null default '',
    status text not null check (status in ('todo', 'in_progress', 'blocked', 'done')),
    priority text not null check (priority in ('low', 'medium', 'high', 'urgent')),
    due_at timestamptz,
    estimated_hours double precision,
    actual_hours double precision,
    parent_id uuid references app.task on delete set null,
    metadata jsonb not null default '{}',
    recurrence text,
    archived boolean not null default false,
    trashed_at timestamptz,
    -- Sorts bytewise, hence the collation.
    rank text collate "C" not null,
    created_by uuid references app.user,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    completed_at timestamptz,
    version bigint not null default 1,
    comments_count integer not null default 0,
    constraint task_number_taken unique (project_id, number)
) with (fillfactor = 85);
-- The usual lists: newest first, of a project or of all teams that somebody sees.
create index task_project_created on app.task (project_id, created_at desc, id desc);
create index task_team_created on app.task (team_id, created_at desc, id desc);
-- The board, and the neighbours of a place on it. New tasks go to its end, which is the cheap end of an index.
create index task_project_rank on app.task (project_id, rank);
create index task_parent on app.task (parent_id) where parent_id is not null;
create index task_due on app.task (due_at) where due_at is not null and status <> 'done';
-- A row of an import is known by where it came from.
-- A hash, because an index entry has a limit of its own (about 2,700 bytes) and metadata may be longer.
create unique index task_imported_from on app.task (project_id, md5(metadata ->> 'imported_from'))
    where metadata ? 'imported_from';
-- Project and team go together; without knowing that, the planner takes the product of two guesses and a wrong plan.
create statistics app.task_project_team (dependencies, ndistinct) on project_id, team_id from app.task;
create statistics app.task_project_status (dependencies, ndistinct, mcv) on project_id, status, archived from app.task;

-- Names that a task had in projects it was moved out of.
create table app.task_alias (
    name text primary key,
    task_id uuid not null references app.task on delete cascade
);

create table app.task_assignee (
    task_id uuid not null references app.task on delete cascade,
    user_id uuid not null references app.user,
    role text not null check (role in ('owner', 'collaborator')),
    assigned_by uuid references app.user,
    assigned_at timestamptz not null,
    primary key (task_id, user_id)
);
create index task_assignee_user on app.task_assignee (user_id, task_id);

create table app.task_tag (
    task_id uuid not null references app.task on delete cascade,
    tag_id uuid not null references app.tag on delete cascade,
    primary key (task_id, tag_id)
);
create index task_tag_tag on app.task_tag (tag_id, task_id);

create table app.task_watcher (
    task_id uuid not null references app.task on delete cascade,
    user_id uuid not null references app.user,
    primary key (task_id, user_id)
);

create table app.comment (
    id uuid primary key,
    task_id uuid not null references app.task on delete cascade,
    author uuid not null references app.user,
    body text not null,
    created_at timestamptz not null,
    edited_at timestamptz,
    deleted_at timestamptz,
    version bigint not null default 1
);
create index comment_task on app.comment (task_id, created_at, id);

-- Answers to requests that carried an Idempotency-Key, kept 24 h. Written in the transaction of the act.
create table app.idempotency (
    -- SHA-256 over caller, method, path and key.
    scope bytea primary key,
    -- SHA-256 over the body: the same key with another body is a mistake.
    body bytea not null,
    status smallint not null,
    headers jsonb not null,
    answer bytea not null,
    created_at timestamptz not null
);
create index idempotency_created on app.idempotency using brin (created_at);
