//! What a request about a task refers to: looked up, and all that is wrong told at once.

use super::AssigneeSpec;
use crate::{Changing, StoreError};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::{TaskId, TeamId, UserId};
use millstream_event_log::events::task::Assignee;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How deep tasks may be parts of tasks: bounds the search for cycles.
pub(super) const PARENTS_MAX: i32 = 20;

/// The references that were looked up, as far as they were wrong.
#[derive(Debug, Default)]
pub(super) struct References(Vec<FieldError>);

impl References {
    /// Goes on if all were right.
    pub(super) fn checked(self) -> Result<(), StoreError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(StoreError::Fields(self.0))
        }
    }

    /// Takes what was read, or notes what was wrong with it; other errors end the whole.
    pub(super) fn or_wrong<T>(
        &mut self,
        read: Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Fields(fields)) => {
                self.0.extend(fields);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    pub(super) fn wrong(&mut self, field: impl Into<String>, code: FieldCode, message: &str) {
        self.0.push(FieldError::new(field, code, message));
    }

    /// Assignees must be active members of the team, each once. Who is one already stays one as they became it, by the same
    /// hand and since then.
    pub(super) async fn assignees(
        &mut self,
        cx: &mut Changing<'_>,
        team: TeamId,
        specs: &[AssigneeSpec],
        before: &[Assignee],
    ) -> Result<Vec<Assignee>, StoreError> {
        if specs.is_empty() {
            return Ok(Vec::new());
        }
        let users: Vec<Uuid> = specs.iter().map(|a| a.user_id.0).collect();
        let members = team_members(cx, team, &users).await?;
        Ok(self.listed(cx, &members, specs, before))
    }

    /// The same, where it is known who is a member.
    pub(super) fn listed(
        &mut self,
        cx: &Changing<'_>,
        members: &BTreeMap<UserId, String>,
        specs: &[AssigneeSpec],
        before: &[Assignee],
    ) -> Vec<Assignee> {
        let mut found: Vec<Assignee> = Vec::with_capacity(specs.len());
        for (place, spec) in specs.iter().enumerate() {
            let field = || format!("assignees[{place}].user_id");
            let earlier = &specs[..place];
            match members.get(&spec.user_id) {
                None => self.wrong(
                    field(),
                    FieldCode::NotFound,
                    "must be an active member of the team",
                ),
                Some(_) if earlier.iter().any(|s| s.user_id == spec.user_id) => {
                    self.wrong(field(), FieldCode::Invalid, "must not be listed twice");
                }
                Some(username) => {
                    let known = before.iter().find(|a| a.user_id == spec.user_id);
                    found.push(Assignee {
                        user_id: spec.user_id,
                        username: username.clone(),
                        role: spec.role,
                        assigned_by: known.map_or(cx.origin.actor, |a| a.assigned_by),
                        assigned_at: known.map_or(cx.now, |a| a.assigned_at),
                    });
                }
            }
        }
        found
    }

    /// A parent must be a task of the same team, not too deep, and not a part of `task` itself. For a task that exists,
    /// the team is locked: shared locks on the way up would not keep two tasks from becoming each other's parent. The parent
    /// is locked, too, and looked at after that: it may have moved to another team or gone into the trash until now.
    pub(super) async fn parent(
        &mut self,
        cx: &mut Changing<'_>,
        team: TeamId,
        task: Option<TaskId>,
        parent: TaskId,
    ) -> Result<(), StoreError> {
        lock_parent(cx, team, parent).await?;
        let line = sqlx::query_scalar!(
            r#"
            with recursive line (id, parent_id, depth) as (
                select id, parent_id, 1 from app.task where id = $1 and team_id = $2 and trashed_at is null
                union all
                select t.id, t.parent_id, line.depth + 1
                from line join app.task t on t.id = line.parent_id where line.depth < $3
            )
            select id as "id!" from line
            "#,
            parent.0,
            team.0,
            PARENTS_MAX,
        )
        .fetch_all(cx.db())
        .await?;
        let height = if line.is_empty() {
            1
        } else {
            height(cx, task).await?
        };
        self.nested(&line, task, height);
        Ok(())
    }

    /// The same, where it is known what is above the parent and how deep the task goes. An empty line stands for a parent
    /// that cannot be one.
    pub(super) fn nested(&mut self, line: &[Uuid], task: Option<TaskId>, height: usize) {
        if line.is_empty() {
            self.wrong(
                "parent_id",
                FieldCode::NotFound,
                "must be a task of the same team",
            );
        } else if task.is_some_and(|task| line.contains(&task.0)) {
            self.wrong(
                "parent_id",
                FieldCode::Invalid,
                "must not be the task itself or a part of it",
            );
        } else if line.len() + height > usize::try_from(PARENTS_MAX).unwrap_or(0) {
            self.wrong(
                "parent_id",
                FieldCode::OutOfRange,
                "must not be more than 20 levels deep",
            );
        }
    }
}

/// Keeps a task of the team from going away or elsewhere while it becomes a parent.
pub(super) async fn lock_parent(
    cx: &mut Changing<'_>,
    team: TeamId,
    parent: TaskId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "select id from app.task where id = $1 and team_id = $2 for key share",
        parent.0,
        team.0,
    )
    .fetch_optional(cx.db())
    .await?;
    Ok(())
}

/// How many levels of parts begin with a task: one, where it has none.
async fn height(cx: &mut Changing<'_>, task: Option<TaskId>) -> Result<usize, StoreError> {
    let Some(task) = task else { return Ok(1) };
    let height = sqlx::query_scalar!(
        r#"
        with recursive parts (id, depth) as (
            select $1::uuid, 1
            union all
            select t.id, parts.depth + 1 from parts join app.task t on t.parent_id = parts.id where parts.depth < $2
        )
        select max(depth) as "height!" from parts
        "#,
        task.0,
        PARENTS_MAX,
    )
    .fetch_one(cx.db())
    .await?;
    Ok(usize::try_from(height).unwrap_or(1))
}

/// Those of `users` who are active members of the team, with their names.
pub(super) async fn team_members(
    cx: &mut Changing<'_>,
    team: TeamId,
    users: &[Uuid],
) -> Result<BTreeMap<UserId, String>, StoreError> {
    let members = sqlx::query!(
        "select u.id, u.username from app.membership m join app.user u on u.id = m.user_id
         where m.team_id = $1 and m.user_id = any($2) and u.active",
        team.0,
        users,
    )
    .fetch_all(cx.db())
    .await?;
    Ok(members
        .into_iter()
        .map(|member| (UserId(member.id), member.username))
        .collect())
}
