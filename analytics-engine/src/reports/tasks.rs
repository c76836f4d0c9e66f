//! The tasks themselves, a row for each that the asker sees and that is not in the trash; as files alone.

use super::Scope;

/// How many there are.
pub(crate) fn count(scope: &Scope) -> String {
    let scope = scope.condition();
    format!("select count(*) as rows from tasks where trashed_at is null and {scope}")
}

/// The rows, by the names of their tasks.
pub(crate) fn rows(scope: &Scope) -> String {
    let scope = scope.condition();
    format!(
        "with chosen as (
            select * from tasks where trashed_at is null and {scope}
         ), named as (
            select held.id, array_agg(users.username order by users.username) as assignee_names
            from (select id, unnest(assignees) as person from chosen) as held
            join users on users.id = held.person
            group by held.id
         )
         select chosen.id, chosen.name, chosen.title, chosen.status, chosen.priority,
            teams.name as team, projects.key as project, chosen.team_id, chosen.project_id,
            chosen.due_at, chosen.estimated_hours, chosen.actual_hours,
            named.assignee_names, chosen.assignees, chosen.tags, chosen.parent_id, chosen.archived,
            chosen.created_by, chosen.created_at, chosen.updated_at, chosen.started_at, chosen.completed_at,
            chosen.version, chosen.metadata
         from chosen
         left join named on named.id = chosen.id
         left join teams on teams.team_id = chosen.team_id
         left join projects on projects.id = chosen.project_id
         order by projects.key, chosen.number, chosen.id"
    )
}
