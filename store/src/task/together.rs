//! Locks that several new tasks need together, in the order of locks.

use crate::{Changing, StoreError};
use millstream_domain::ids::{ProjectId, TaskId, TeamId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Locks the parents and then the projects of several new tasks, each kind in the order of the ids. The first task's
/// project would else be locked before the second one's parent, which somebody may be moving into that project. Who may not
/// put tasks into a project locks nothing of it.
pub(super) async fn lock_for_many(
    cx: &mut Changing<'_>,
    wanted: &[(&Actor, ProjectId, Option<TaskId>)],
) -> Result<(), StoreError> {
    let named: BTreeSet<Uuid> = wanted.iter().map(|(_, project, _)| project.0).collect();
    let named: Vec<Uuid> = named.into_iter().collect();
    let rows = sqlx::query!(
        "select id, team_id from app.project where id = any($1)",
        &named
    )
    .fetch_all(cx.db())
    .await?;
    let teams: BTreeMap<Uuid, TeamId> = rows
        .into_iter()
        .map(|row| (row.id, TeamId(row.team_id)))
        .collect();
    let (mut projects, mut parents, mut parents_teams) = (vec![], vec![], vec![]);
    for (actor, project, parent) in wanted {
        let Some(team) = teams.get(&project.0) else {
            continue;
        };
        if decide(actor, Action::WriteTasks, Target::team(*team)).is_ok() {
            projects.push(project.0);
            parents.extend(parent.map(Uuid::from));
            parents_teams.push(team.0);
        }
    }
    if !parents.is_empty() {
        sqlx::query!(
            "select id from app.task where id = any($1) and team_id = any($2) order by id for key share",
            &parents,
            &parents_teams,
        )
        .fetch_all(cx.db())
        .await?;
    }
    sqlx::query!(
        "select id from app.project where id = any($1) order by id for no key update",
        &projects,
    )
    .fetch_all(cx.db())
    .await?;
    Ok(())
}
