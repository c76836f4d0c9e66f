//! What the items of a batch name, each kind by one statement.

use super::super::super::TaskRef;
use super::super::BatchItem;
use crate::{Changing, StoreError};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The tasks of the names that occur: names that they have, and names that they had.
pub(super) async fn names(
    cx: &mut Changing<'_>,
    items: &[BatchItem],
) -> Result<BTreeMap<String, TaskId>, StoreError> {
    let named: Vec<_> = items
        .iter()
        .filter_map(|item| match item.task()? {
            TaskRef::Id(_) => None,
            TaskRef::Name(name) => Some(name),
        })
        .collect();
    if named.is_empty() {
        return Ok(BTreeMap::new());
    }
    let texts: Vec<String> = named.iter().map(ToString::to_string).collect();
    let keys: Vec<String> = named.iter().map(|n| n.key.as_str().to_owned()).collect();
    let numbers: Vec<i64> = named.iter().map(|name| name.number).collect();
    let rows = sqlx::query!(
        r#"
        select n.name as "name!", coalesce(
            (select t.id from app.project p join app.task t on t.project_id = p.id
             where p.key = n.key and t.number = n.number),
            (select a.task_id from app.task_alias a where a.name = n.name)) as id
        from unnest($1::text[], $2::text[], $3::bigint[]) as n (name, key, number)
        "#,
        &texts,
        &keys,
        &numbers,
    )
    .fetch_all(cx.db())
    .await?;
    let found = rows.into_iter();
    Ok(found
        .filter_map(|row| Some((row.name, TaskId(row.id?))))
        .collect())
}

/// The teams of tasks.
pub(super) async fn task_teams(
    cx: &mut Changing<'_>,
    tasks: &BTreeSet<TaskId>,
) -> Result<BTreeMap<TaskId, TeamId>, StoreError> {
    if tasks.is_empty() {
        return Ok(BTreeMap::new());
    }
    let tasks: Vec<Uuid> = tasks.iter().map(|task| task.0).collect();
    let rows = sqlx::query!(
        "select id, team_id from app.task where id = any($1)",
        &tasks
    )
    .fetch_all(cx.db())
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| (TaskId(row.id), TeamId(row.team_id)))
        .collect())
}

/// The teams of the projects in which tasks are to be made.
pub(super) async fn project_teams(
    cx: &mut Changing<'_>,
    items: &[BatchItem],
) -> Result<BTreeMap<ProjectId, TeamId>, StoreError> {
    let projects: BTreeSet<Uuid> = items
        .iter()
        .filter_map(|item| match item {
            BatchItem::Create(new) => Some(new.project_id.0),
            BatchItem::Edit(_) | BatchItem::Place { .. } => None,
        })
        .collect();
    if projects.is_empty() {
        return Ok(BTreeMap::new());
    }
    let projects: Vec<Uuid> = projects.into_iter().collect();
    let rows = sqlx::query!(
        "select id, team_id from app.project where id = any($1)",
        &projects
    )
    .fetch_all(cx.db())
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| (ProjectId(row.id), TeamId(row.team_id)))
        .collect())
}

/// Those of these people who are active members of these teams, with their names.
pub(super) async fn members(
    cx: &mut Changing<'_>,
    people: &BTreeSet<(TeamId, UserId)>,
) -> Result<BTreeMap<TeamId, BTreeMap<UserId, String>>, StoreError> {
    let mut members: BTreeMap<TeamId, BTreeMap<UserId, String>> = BTreeMap::new();
    if people.is_empty() {
        return Ok(members);
    }
    let teams: Vec<Uuid> = people.iter().map(|(team, _)| team.0).collect();
    let users: Vec<Uuid> = people.iter().map(|(_, user)| user.0).collect();
    let rows = sqlx::query!(
        "select m.team_id, u.id, u.username
         from unnest($1::uuid[], $2::uuid[]) as w (team_id, user_id)
         join app.membership m on m.team_id = w.team_id and m.user_id = w.user_id
         join app.user u on u.id = m.user_id
         where u.active",
        &teams,
        &users,
    )
    .fetch_all(cx.db())
    .await?;
    for row in rows {
        let team = members.entry(TeamId(row.team_id)).or_default();
        team.insert(UserId(row.id), row.username);
    }
    Ok(members)
}
