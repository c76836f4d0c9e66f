//! A task is made.

use super::references::References;
use super::together::lock_for_many;
use super::update::as_kept;
use super::{AssigneeSpec, Task, name, save, sort};
use crate::tag::{self, Given};
use crate::{Change, Changed, Changing, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_domain::rank;
use millstream_domain::recurrence::Recurrence;
use millstream_domain::task::{Description, Hours, Metadata, Priority, Status, TagName, Title};
use millstream_event_log::events::task::{TaskAlone, TaskEvent, TaskState};

/// What a new task is.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Where it belongs.
    pub project_id: ProjectId,
    /// One line.
    pub title: Title,
    /// Markdown.
    pub description: Option<Description>,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// Hours it is thought to take.
    pub estimated_hours: Option<Hours>,
    /// Hours it took.
    pub actual_hours: Option<Hours>,
    /// Who works on it.
    pub assignees: Vec<AssigneeSpec>,
    /// Its tags; unknown ones are made.
    pub tags: Vec<TagName>,
    /// The task it is a part of.
    pub parent_id: Option<TaskId>,
    /// What the team keeps with it.
    pub metadata: Metadata,
    /// How it recurs.
    pub recurrence: Option<Recurrence>,
}

/// Somebody makes a task.
#[derive(Debug)]
pub struct CreateTask {
    /// Who.
    pub actor: Actor,
    /// What.
    pub task: NewTask,
}

impl Change for CreateTask {
    type Output = Task;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Task>, StoreError> {
        let project = writable(cx, &self.actor, self.task.project_id).await?;
        let new = &self.task;
        let mut references = References::default();
        let assignees = references
            .assignees(cx, project.team_id, &new.assignees, &[])
            .await?;
        if let Some(parent) = new.parent_id {
            // Nothing is a part of a task that does not exist yet, so the team is not locked: no circle can come of it.
            references.parent(cx, project.team_id, None, parent).await?;
        }
        references.checked()?;
        let given = project.tags(cx, &new.tags).await?;
        let by = self.actor.user_id();
        let mut state = self.task.state(cx.id(), &project, by, cx.now);
        (state.assignees, state.tags) = (assignees, given.tags);
        sort(&mut state);
        project.give_number(cx, &mut state).await?;
        save::insert(cx, &state).await?;
        save::add_assignees(cx, &state).await?;
        save::add_tags(cx, &state).await?;
        let event = TaskEvent::Created(Box::new(TaskAlone {
            task: state.clone(),
        }));
        let task = Task {
            state,
            watchers_count: 0,
            comments_count: 0,
        };
        Ok(Changed::because(task, event).after(given.events))
    }

    async fn lock_together(all: &[Self], cx: &mut Changing<'_>) -> Result<(), StoreError> {
        if all.len() < 2 {
            return Ok(());
        }
        let mut wanted = Vec::with_capacity(all.len());
        for create in all {
            wanted.push((&create.actor, create.task.project_id, create.task.parent_id));
        }
        lock_for_many(cx, &wanted).await
    }
}

impl NewTask {
    /// The task, but for its number and what it refers to.
    pub(super) fn state(
        self,
        id: TaskId,
        project: &Writable,
        by: Option<UserId>,
        now: DateTime<Utc>,
    ) -> TaskState {
        TaskState {
            id,
            name: String::new(),
            number: 0,
            project_id: project.id,
            team_id: project.team_id,
            title: self.title.into_string(),
            description: self
                .description
                .map(Description::into_string)
                .unwrap_or_default(),
            status: self.status,
            priority: self.priority,
            due_at: self.due_at.map(as_kept),
            estimated_hours: self.estimated_hours.map(Hours::get),
            actual_hours: self.actual_hours.map(Hours::get),
            assignees: Vec::new(),
            tags: Vec::new(),
            parent_id: self.parent_id,
            metadata: self.metadata,
            recurrence: self.recurrence.map(Recurrence::into_string),
            archived: false,
            trashed_at: None,
            rank: String::new(),
            created_by: by,
            created_at: now,
            updated_at: now,
            completed_at: save::completed_at(self.status, None, now),
            version: 1,
        }
    }
}

/// A project into which the actor may put tasks.
#[derive(Debug)]
pub(super) struct Writable {
    pub(super) id: ProjectId,
    pub(super) team_id: TeamId,
}

pub(super) fn unknown_project() -> StoreError {
    StoreError::field(
        "project_id",
        FieldCode::NotFound,
        "must be a project of yours",
    )
}

/// The project, if the actor may put tasks into it.
pub(super) async fn writable(
    cx: &mut Changing<'_>,
    actor: &Actor,
    id: ProjectId,
) -> Result<Writable, StoreError> {
    let project = sqlx::query!(
        "select team_id, archived from app.project where id = $1",
        id.0
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or_else(unknown_project)?;
    let team_id = TeamId(project.team_id);
    allowed(actor, team_id, project.archived)?;
    Ok(Writable { id, team_id })
}

/// Whether the actor may put tasks into a project of this team.
pub(super) fn allowed(actor: &Actor, team: TeamId, archived: bool) -> Result<(), StoreError> {
    match decide(actor, Action::WriteTasks, Target::team(team)) {
        Err(Refusal::Hidden) => Err(unknown_project()),
        Err(refusal) => Err(refusal.into()),
        Ok(()) if archived => Err(StoreError::field(
            "project_id",
            FieldCode::Invalid,
            "must not be an archived project",
        )),
        Ok(()) => Ok(()),
    }
}

impl Writable {
    /// Tags by name. To make new ones the project is locked first, as the order of locks wants it.
    pub(super) async fn tags(
        &self,
        cx: &mut Changing<'_>,
        names: &[TagName],
    ) -> Result<Given, StoreError> {
        if let Some(tags) = tag::find(cx, self.team_id, names).await? {
            return Ok(Given {
                tags,
                events: Vec::new(),
            });
        }
        sqlx::query!(
            "select id from app.project where id = $1 for no key update",
            self.id.0
        )
        .fetch_optional(cx.db())
        .await?;
        tag::find_or_make(cx, self.team_id, names).await
    }

    /// Gives a task the next number, and the name and the rank at the end that come with it. As late as it can be: all
    /// who add to the project wait from here until the commit, which is what leaves no gap between the numbers.
    pub(super) async fn give_number(
        &self,
        cx: &mut Changing<'_>,
        task: &mut TaskState,
    ) -> Result<(), StoreError> {
        let next = sqlx::query!(
            "update app.project set last_number = last_number + 1 where id = $1 returning last_number, key",
            self.id.0,
        )
        .fetch_optional(cx.db())
        .await?
        // Deleted since it was looked at.
        .ok_or_else(unknown_project)?;
        number(task, &next.key, next.last_number);
        Ok(())
    }
}

/// Gives a task this number in its project, and what comes with it.
pub(super) fn number(task: &mut TaskState, key: &str, number: i64) {
    task.number = number;
    task.name = name(key, number);
    task.rank = rank::nth(u64::try_from(number).unwrap_or(0));
}
