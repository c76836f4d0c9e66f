//! What the items of a batch touch and refer to: locked in the order of locks, and read at once.

mod read;

use super::super::family::Family;
use super::super::{Task, TaskRef, load};
use super::BatchItem;
use crate::tag::many::Tags;
use crate::{Changing, StoreError};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// What there is, as the items done so far have left it. Cheap to clone, for a run that may fail.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    /// The tasks that were named by their names.
    names: BTreeMap<String, TaskId>,
    /// The teams of the tasks that were named, as they were before anything was locked.
    pub(super) teams: BTreeMap<TaskId, TeamId>,
    /// The tasks that the actor may change, and the parents.
    pub(super) tasks: BTreeMap<TaskId, Arc<Task>>,
    /// The teams in which tasks may get another parent: they are locked.
    pub(super) reparenting: BTreeSet<TeamId>,
    /// The teams of the projects that were named, as they were before anything was locked.
    pub(super) project_teams: BTreeMap<ProjectId, TeamId>,
    /// The projects into which the actor may put tasks.
    pub(super) projects: BTreeMap<ProjectId, Project>,
    /// Active members of teams, with their names, as far as they were named.
    pub(super) members: BTreeMap<TeamId, BTreeMap<UserId, String>>,
    /// The tags that were named.
    pub(super) tags: Tags,
    /// Who is a part of whom.
    pub(super) family: Family,
}

/// A project that gives out numbers.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) team_id: TeamId,
    pub(super) key: String,
    pub(super) archived: bool,
    pub(super) last_number: i64,
}

fn may(actor: &Actor, team: TeamId) -> bool {
    decide(actor, Action::WriteTasks, Target::team(team)).is_ok()
}

impl Scene {
    /// Locks and reads. What the actor may not change is not locked: nobody holds up what is not theirs.
    pub(super) async fn set(
        cx: &mut Changing<'_>,
        actor: &Actor,
        items: &[BatchItem],
    ) -> Result<Self, StoreError> {
        let mut scene = Self {
            names: read::names(cx, items).await?,
            project_teams: read::project_teams(cx, items).await?,
            ..Self::default()
        };
        scene.lock_tasks(cx, actor, items).await?;
        scene.lock_projects(cx, actor).await?;
        scene.read_around(cx, items).await?;
        Ok(scene)
    }

    /// The id that a reference stands for.
    pub(super) fn resolve(&self, task: &TaskRef) -> Option<TaskId> {
        match task {
            TaskRef::Id(id) => Some(*id),
            TaskRef::Name(name) => self.names.get(&name.to_string()).copied(),
        }
    }

    /// The team that an item's task is in, or will be made in.
    fn team(&self, item: &BatchItem) -> Option<TeamId> {
        match item {
            BatchItem::Create(new) => self.projects.get(&new.project_id).map(|p| p.team_id),
            BatchItem::Edit(_) | BatchItem::Place { .. } => {
                let task = self.resolve(item.task()?)?;
                self.tasks.get(&task).map(|task| task.state.team_id)
            }
        }
    }

    /// Teams first, then tasks and parents in the order of their ids.
    async fn lock_tasks(
        &mut self,
        cx: &mut Changing<'_>,
        actor: &Actor,
        items: &[BatchItem],
    ) -> Result<(), StoreError> {
        let own = |item: &BatchItem| self.resolve(item.task()?);
        let named: BTreeSet<TaskId> = items
            .iter()
            .flat_map(|item| [own(item), item.parent()])
            .flatten()
            .collect();
        let teams = read::task_teams(cx, &named).await?;
        self.reparenting = items
            .iter()
            .filter(|item| item.parent().is_some())
            .filter_map(|item| teams.get(&self.resolve(item.task()?)?).copied())
            .filter(|team| may(actor, *team))
            .collect();
        self.teams = teams;
        let locked: Vec<Uuid> = self.reparenting.iter().map(|team| team.0).collect();
        if !locked.is_empty() {
            sqlx::query!(
                "select id from app.team where id = any($1) order by id for no key update",
                &locked
            )
            .fetch_all(cx.db())
            .await?;
        }
        let mine = self.teams.iter().filter(|(_, team)| may(actor, **team));
        let mine: Vec<Uuid> = mine.map(|(task, _)| task.0).collect();
        if mine.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "select id from app.task where id = any($1) order by id for update",
            &mine
        )
        .fetch_all(cx.db())
        .await?;
        let tasks = load(cx.db(), &mine).await?;
        self.tasks = tasks
            .into_iter()
            .map(|task| (task.state.id, Arc::new(task)))
            .collect();
        Ok(())
    }

    /// In the order of their ids, after the tasks.
    async fn lock_projects(
        &mut self,
        cx: &mut Changing<'_>,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let mine = self.project_teams.iter();
        let mine: Vec<Uuid> = mine
            .filter(|(_, team)| may(actor, **team))
            .map(|(project, _)| project.0)
            .collect();
        if mine.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query!(
            "select id, team_id, key, archived, last_number from app.project
             where id = any($1) order by id for no key update",
            &mine,
        )
        .fetch_all(cx.db())
        .await?;
        for row in rows {
            let project = Project {
                team_id: TeamId(row.team_id),
                key: row.key,
                archived: row.archived,
                last_number: row.last_number,
            };
            self.projects.insert(ProjectId(row.id), project);
        }
        Ok(())
    }

    /// People, tags and parents.
    async fn read_around(
        &mut self,
        cx: &mut Changing<'_>,
        items: &[BatchItem],
    ) -> Result<(), StoreError> {
        let (mut people, mut tags) = (BTreeSet::new(), BTreeSet::new());
        let (mut parents, mut parts) = (BTreeSet::new(), BTreeSet::new());
        for item in items {
            let Some(team) = self.team(item) else {
                continue;
            };
            people.extend(item.people().into_iter().map(|user| (team, user)));
            tags.extend(item.tags().map(|name| (team, name.to_string())));
            if let Some(parent) = item.parent() {
                parents.insert(parent);
                parts.extend(item.task().and_then(|task| self.resolve(task)));
            }
        }
        self.members = read::members(cx, &people).await?;
        self.tags = Tags::named(cx, &tags).await?;
        self.family = Family::read(cx, &parents, &parts).await?;
        Ok(())
    }
}

impl BatchItem {
    /// The task that it is about, if that exists already.
    pub(super) fn task(&self) -> Option<&TaskRef> {
        match self {
            Self::Create(_) => None,
            Self::Edit(edit) => Some(&edit.task),
            Self::Place { task, .. } => Some(task),
        }
    }

    /// The parent that its task is to get.
    fn parent(&self) -> Option<TaskId> {
        match self {
            Self::Create(new) => new.parent_id,
            Self::Edit(edit) => edit.edit.parent_id.flatten(),
            Self::Place { .. } => None,
        }
    }

    /// Who is to work on its task.
    fn people(&self) -> Vec<UserId> {
        let specs = match self {
            Self::Create(new) => [Some(&new.assignees), None],
            Self::Edit(edit) => [edit.edit.assignees.as_ref(), Some(&edit.adjust.assign)],
            Self::Place { .. } => [None, None],
        };
        let specs = specs.into_iter().flatten().flatten();
        specs.map(|spec| spec.user_id).collect()
    }

    /// The tags that it names.
    fn tags(&self) -> impl Iterator<Item = &millstream_domain::task::TagName> {
        let names = match self {
            Self::Create(new) => [Some(&new.tags), None, None],
            Self::Edit(edit) => [
                edit.edit.tags.as_ref(),
                Some(&edit.adjust.tag),
                Some(&edit.adjust.untag),
            ],
            Self::Place { .. } => [None, None, None],
        };
        names.into_iter().flatten().flatten()
    }
}
