-- What tags, watching, names and the lists of tasks need beyond the first step.

-- A tag can be renamed and coloured.
alter table app.tag add column updated_at timestamptz, add column version bigint not null default 1;
update app.tag set updated_at = created_at;
alter table app.tag alter column updated_at set not null;
-- Tasks are listed by the names of tags, whosever they are.
create index tag_name on app.tag (lower(name));

-- A row is somebody's choice; without one, they are told of a task as far as they take part in it.
alter table app.task_watcher
    add column watches boolean not null default true,
    add column since timestamptz not null default now();
alter table app.task_watcher alter column watches drop default, alter column since drop default;

-- A project's key stays taken while tasks still answer to names with it.
create index task_alias_key on app.task_alias (split_part(name, '-', 1));

-- One index per order of the lists of tasks, for those who see many teams: a page is read in its order and not sorted out of
-- everything. Lists of one project or team that is small are sorted, and need none.
create index task_created on app.task (created_at desc, id desc);
create index task_updated on app.task (updated_at desc, id desc);
create index task_due_first on app.task (coalesce(due_at, 'infinity'), id);
create index task_due_last on app.task (coalesce(due_at, '-infinity') desc, id desc);
create index task_priority on app.task (array_position(array['low', 'medium', 'high', 'urgent'], priority), id);
create index task_title on app.task (left(lower(title), 80), id);
create index task_rank on app.task (rank, id);
-- What somebody made.
create index task_created_by on app.task (created_by, created_at desc, id desc);
-- The trash, and what has been in it for long enough.
create index task_trashed on app.task (trashed_at) where trashed_at is not null;
-- A team's open tasks are not the product of its share and of theirs.
create statistics app.task_team_status (dependencies, ndistinct, mcv) on team_id, status, archived from app.task;
create statistics app.task_author (dependencies, ndistinct) on created_by, team_id, project_id from app.task;
