//! The story in the order in which it happened: the steps of all tasks, sorted by time, written one by one.

use super::Stage;
use super::story::{PROJECTS, Project, Tale, Turn, WATCHED};
use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::TaskId;
use millstream_domain::task::{AssigneeRole, Metadata, Status};
use millstream_store::comment::CreateComment;
use millstream_store::task::{
    AssignTask, AssigneeSpec, CreateTask, NewTask, TaskEdit, TaskRef, UpdateTask, WatchTask,
};
use std::collections::BTreeMap;

/// How long ago the story begins.
pub(super) const LENGTH: TimeDelta = TimeDelta::days(21);

/// Something that happens to a task.
struct Step {
    at: DateTime<Utc>,
    project: &'static Project,
    task: &'static Tale,
    /// What happens; nothing is the task's beginning.
    turn: Option<&'static Turn>,
}

/// Writes the story.
pub(super) async fn play(stage: &mut Stage<'_>) -> Result<()> {
    let mut made = BTreeMap::new();
    for step in steps(stage.now) {
        let title = step.task.title;
        match step.turn {
            None => {
                let task = stage.begin(&step).await.context(title)?;
                made.insert(title, task);
            }
            Some(turn) => {
                let done = stage.turn(made[title], turn, step.at).await;
                done.context(title)?;
            }
        }
    }
    for (who, title) in WATCHED {
        stage.watch(made[title], who).await.context(title)?;
    }
    Ok(())
}

fn steps(now: DateTime<Utc>) -> Vec<Step> {
    let all = PROJECTS
        .iter()
        .flat_map(|project| project.tasks.iter().map(move |task| (project, task)));
    let mut steps = Vec::new();
    for (place, (project, task)) in all.enumerate() {
        let step = |hours_ago, turn| Step {
            at: before(now, hours_ago, place),
            project,
            task,
            turn,
        };
        steps.push(step(task.hours_ago, None));
        let turns = task.turns.iter();
        steps.extend(turns.map(|(hours_ago, turn)| step(*hours_ago, Some(turn))));
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// So many hours ago, and some minutes later that differ from task to task: nobody works to the full hour.
fn before(now: DateTime<Utc>, hours_ago: i64, place: usize) -> DateTime<Utc> {
    let minutes = i64::try_from(place * 13 % 47).unwrap_or_default();
    now - TimeDelta::hours(hours_ago) + TimeDelta::minutes(minutes)
}

impl Stage<'_> {
    async fn begin(&self, step: &Step) -> Result<TaskId> {
        let tale = step.task;
        let actor = self.person(tale.by).clone();
        let due = |days| self.now + TimeDelta::days(days);
        let task = NewTask {
            project_id: self.projects[step.project.key],
            title: tale.title.parse()?,
            description: match tale.description {
                "" => None,
                text => Some(text.parse()?),
            },
            status: Status::Todo,
            priority: tale.priority,
            due_at: tale.due_in_days.map(due),
            estimated_hours: None,
            actual_hours: None,
            assignees: Vec::new(),
            tags: tale
                .tags
                .iter()
                .map(|tag| tag.parse())
                .collect::<Result<_, _>>()?,
            parent_id: None,
            metadata: Metadata::default(),
            recurrence: None,
        };
        let created = CreateTask {
            actor: actor.clone(),
            task,
        };
        Ok(self.act(&actor, step.at, created).await?.state.id)
    }

    async fn turn(&self, task: TaskId, turn: &Turn, at: DateTime<Utc>) -> Result<()> {
        match turn {
            Turn::Assigned(by, whom) => self.assign(task, by, whom, at).await,
            Turn::Is(status, by) => self.set_status(task, *status, by, at).await,
            Turn::Said(by, text) => self.comment(task, by, text, at).await,
        }
    }

    /// Somebody begins to watch a task, at the end of the story.
    async fn watch(&self, id: TaskId, who: &str) -> Result<()> {
        let actor = self.person(who).clone();
        let change = WatchTask {
            actor: actor.clone(),
            task: TaskRef::Id(id),
            watches: true,
        };
        self.act(&actor, self.now, change).await.map(drop)
    }

    async fn assign(&self, id: TaskId, by: &str, whom: &[&str], at: DateTime<Utc>) -> Result<()> {
        let assignees = whom
            .iter()
            .enumerate()
            .map(|(place, username)| AssigneeSpec {
                user_id: self.user_id(username),
                role: match place {
                    0 => AssigneeRole::Owner,
                    _ => AssigneeRole::Collaborator,
                },
            });
        let actor = self.person(by).clone();
        let change = AssignTask {
            actor: actor.clone(),
            task: TaskRef::Id(id),
            assignees: assignees.collect(),
        };
        self.act(&actor, at, change).await.map(drop)
    }

    async fn set_status(
        &self,
        id: TaskId,
        status: Status,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let actor = self.person(by).clone();
        let change = UpdateTask {
            actor: actor.clone(),
            task: TaskRef::Id(id),
            expected_version: None,
            edit: TaskEdit {
                status: Some(status),
                ..TaskEdit::default()
            },
        };
        self.act(&actor, at, change).await.map(drop)
    }

    async fn comment(&self, id: TaskId, by: &str, text: &str, at: DateTime<Utc>) -> Result<()> {
        let actor = self.person(by).clone();
        let change = CreateComment {
            actor: actor.clone(),
            task: TaskRef::Id(id),
            body: text.parse()?,
        };
        self.act(&actor, at, change).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_begins_within_the_story_and_before_its_turns() {
        for tale in PROJECTS.iter().flat_map(|project| project.tasks) {
            assert!(TimeDelta::hours(tale.hours_ago) < LENGTH, "{}", tale.title);
            let mut last = tale.hours_ago;
            for (hours_ago, _) in tale.turns {
                assert!(*hours_ago <= last && *hours_ago > 0, "{}", tale.title);
                last = *hours_ago;
            }
        }
    }
}
