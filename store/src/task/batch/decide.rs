//! What comes of each item of a batch, decided in memory on what those before it left. Nothing is asked of the database.

use super::super::create::{Writable, allowed, number, unknown_project};
use super::super::references::References;
use super::super::save::{EventOf, next_version};
use super::super::update::merged;
use super::super::{Task, TaskPlace, TaskRef, sort};
use super::scene::Scene;
use super::{BatchEdit, BatchItem, NewTask};
use crate::version::check_version;
use crate::{Changing, StoreError, Versions};
use millstream_domain::ids::{ProjectId, TaskId, TeamId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::Event;
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::tag::TagState;
use millstream_event_log::events::task::{TaskAlone, TaskEvent, TaskState};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// What the items of a run come to.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// What happened, in order.
    pub(super) events: Vec<Event>,
    /// New tags.
    pub(super) made: Vec<TagState>,
    /// New tasks.
    pub(super) created: Vec<TaskId>,
    /// Tasks that are different.
    pub(super) changed: BTreeSet<TaskId>,
    /// Projects that gave out numbers.
    pub(super) numbered: BTreeSet<ProjectId>,
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// Where a decision is made, and by whom.
pub(super) struct Deciding<'a, 'c> {
    pub(super) cx: &'a Changing<'c>,
    actor: &'a Actor,
    pub(super) work: &'a mut Work,
}

impl Scene {
    /// The task after the item.
    pub(super) fn decide(
        &mut self,
        cx: &Changing<'_>,
        actor: &Actor,
        item: &BatchItem,
        work: &mut Work,
    ) -> Result<Task, StoreError> {
        let mut by = Deciding { cx, actor, work };
        match item {
            BatchItem::Create(new) => self.create(&mut by, new),
            BatchItem::Edit(edit) => self.edit(&mut by, edit),
            BatchItem::Place {
                task,
                expected_version,
                place,
            } => self.place(&mut by, task, *expected_version, *place),
        }
    }

    fn create(&mut self, by: &mut Deciding<'_, '_>, new: &NewTask) -> Result<Task, StoreError> {
        let id = new.project_id;
        let project = self.project(by.actor, id)?;
        let team = project.team_id;
        let mut references = References::default();
        let members = self.members.entry(team).or_default();
        let assignees = references.listed(by.cx, members, &new.assignees, &[]);
        if let Some(parent) = new.parent_id {
            references.nested(&self.line(team, parent), None, 1);
        }
        references.checked()?;
        let author = by.actor.user_id();
        let mut state = new.clone().state(by.cx.id(), &project, author, by.cx.now);
        state.assignees = assignees;
        state.tags = self.tags_of(by, team, &new.tags);
        sort(&mut state);
        let project = self.projects.get_mut(&id).ok_or_else(unknown_project)?;
        project.last_number += 1;
        number(&mut state, &project.key, project.last_number);
        self.family.put(state.id, state.parent_id);
        by.work.numbered.insert(id);
        by.work.created.push(state.id);
        let task = state.clone();
        by.work
            .events
            .push(TaskEvent::Created(Box::new(TaskAlone { task })).into());
        let task = Task {
            state,
            watchers_count: 0,
            comments_count: 0,
        };
        self.tasks.insert(task.state.id, Arc::new(task.clone()));
        Ok(task)
    }

    fn edit(&mut self, by: &mut Deciding<'_, '_>, item: &BatchEdit) -> Result<Task, StoreError> {
        let before = self.live(by.actor, &item.task)?;
        let (team, edit) = (before.state.team_id, &item.edit);
        if matches!(edit.parent_id, Some(Some(_))) && !self.reparenting.contains(&team) {
            return Err(StoreError::Conflict(
                "the task was moved to another team meanwhile".into(),
            ));
        }
        check_version(item.expected_version, before.state.version)?;
        let mut after = before.state.clone();
        let mut references = References::default();
        if let Some(specs) = &edit.assignees {
            let members = self.members.entry(team).or_default();
            after.assignees = references.listed(by.cx, members, specs, &before.state.assignees);
        }
        if let Some(parent) = edit.parent_id {
            after.parent_id = parent;
            if let Some(parent) = parent.filter(|parent| Some(*parent) != before.state.parent_id) {
                let height = self.family.height(Some(after.id));
                references.nested(&self.line(team, parent), Some(after.id), height);
            }
        }
        self.adjust_people(by, &mut references, &mut after, &item.adjust);
        self.check_tags(&mut references, &after, item);
        if let Some(patch) = &edit.metadata {
            let merged = merged(&after.metadata, patch.as_ref());
            after.metadata = references.or_wrong(merged)?.unwrap_or_default();
        }
        references.checked()?;
        self.tag(by, &mut after, item);
        edit.clone().set_fields(&mut after, by.cx.now);
        Ok(self.step(by, &before, after, TaskEvent::Updated))
    }

    fn place(
        &mut self,
        by: &mut Deciding<'_, '_>,
        task: &TaskRef,
        expected_version: Option<Versions>,
        place: TaskPlace,
    ) -> Result<Task, StoreError> {
        let before = self.known(by.actor, task)?;
        place.reachable(&before.state)?;
        check_version(expected_version, before.state.version)?;
        let (after, event) = place.of(&before.state, by.cx.now);
        Ok(self.step(by, &before, after, event))
    }

    /// Makes it so, if anything is different, and notes what is to be said.
    fn step(
        &mut self,
        by: &mut Deciding<'_, '_>,
        before: &Arc<Task>,
        after: TaskState,
        event: EventOf,
    ) -> Task {
        let Some(after) = next_version(&before.state, after, by.cx.now) else {
            return Task::clone(before);
        };
        self.family.put(after.id, after.parent_id);
        by.work.changed.insert(after.id);
        let change = Before {
            before: before.state.clone(),
            after: after.clone(),
        };
        by.work.events.push(event(Box::new(change)).into());
        let task = Task {
            state: after,
            ..**before
        };
        self.tasks.insert(task.state.id, Arc::new(task.clone()));
        task
    }

    /// The task, if the actor may change it. In the trash or not.
    fn known(&self, actor: &Actor, task: &TaskRef) -> Result<Arc<Task>, StoreError> {
        let id = self.resolve(task).ok_or(StoreError::NotFound)?;
        let task = self.tasks.get(&id);
        let team = task.map(|task| task.state.team_id);
        let team = team.or_else(|| self.teams.get(&id).copied());
        let team = team.ok_or(StoreError::NotFound)?;
        decide(actor, Action::WriteTasks, Target::team(team))?;
        // Removed since it was first looked at, if it is not there.
        task.cloned().ok_or(StoreError::NotFound)
    }

    /// The same for what is not in the trash.
    fn live(&self, actor: &Actor, task: &TaskRef) -> Result<Arc<Task>, StoreError> {
        let task = self.known(actor, task)?;
        if task.state.trashed_at.is_some() {
            return Err(StoreError::NotFound);
        }
        Ok(task)
    }

    /// The project, if the actor may put tasks into it.
    fn project(&self, actor: &Actor, id: ProjectId) -> Result<Writable, StoreError> {
        if let Some(project) = self.projects.get(&id) {
            allowed(actor, project.team_id, project.archived)?;
            let team_id = project.team_id;
            return Ok(Writable { id, team_id });
        }
        let team = self.project_teams.get(&id).ok_or_else(unknown_project)?;
        allowed(actor, *team, false)?;
        // Deleted since it was first looked at.
        Err(unknown_project())
    }

    /// The parent and all above it; nothing, if it cannot be one.
    fn line(&self, team: TeamId, parent: TaskId) -> Vec<Uuid> {
        let task = self.tasks.get(&parent).map(|task| &task.state);
        let fits = task.is_some_and(|task| task.team_id == team && task.trashed_at.is_none());
        if fits {
            self.family.line(parent)
        } else {
            Vec::new()
        }
    }
}
