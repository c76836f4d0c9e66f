-- The views that pipelines keep in Postgres: activity and notifications. Written by their sinks alone, inside the commit
-- that moves the pipeline's cut; both can be made again from the log.

create table app.activity (
    -- The record it tells of: the order of the feed, and what makes a repeat harmless.
    seq bigint primary key,
    event_id uuid not null,
    at timestamptz not null,
    kind text not null,
    actor uuid,
    team_id uuid not null,
    project_id uuid,
    task_id uuid,
    task_name text,
    task_title text,
    comment_id uuid,
    member uuid,
    -- Of the project, team or person, where there is no task.
    name text,
    changes json not null
);
-- Each filter, newest first.
create index activity_team on app.activity (team_id, seq desc);
create index activity_project on app.activity (project_id, seq desc) where project_id is not null;
create index activity_task on app.activity (task_id, seq desc) where task_id is not null;
create index activity_actor on app.activity (actor, seq desc) where actor is not null;

create table app.notification (
    -- Follows from event, person and reason, so a replay writes the same row.
    id uuid primary key,
    user_id uuid not null,
    seq bigint not null,
    at timestamptz not null,
    reason text not null,
    event_id uuid not null,
    kind text not null,
    actor uuid,
    team_id uuid not null,
    task_id uuid not null,
    task_name text not null,
    task_title text not null,
    comment_id uuid,
    read_at timestamptz,
    snoozed_until timestamptz
) with (fillfactor = 90);
create index notification_inbox on app.notification (user_id, seq desc, id);
-- The exact count of unread ones, at every page.
create index notification_unread on app.notification (user_id, team_id) where read_at is null;
