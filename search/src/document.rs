//! What is indexed, and what of it is stored.
//!
//! A document is made of its [`Source`], which is stored in it as JSON; a [`Change`] changes sources.

use crate::schema::{Fields, KIND_TASK};
use crate::words::whole;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, ProjectId, TagId, TaskId, TeamId, UserId};
use millstream_domain::task::{AssigneeRole, Priority, Status};
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tantivy::TantivyDocument;

/// Most bytes of comments that are kept with a task. A document is written whole at each change, so a task with
/// thousands of long comments must not make every further one dearer: beyond this, the oldest are not found any more.
pub const COMMENTS_BYTES_MAX: usize = 1 << 20;
/// Most names that a task is found by beside its own: the newest ones that it had in other projects.
pub const FORMER_NAMES_MAX: usize = 20;

/// Something that happened to what is found.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A task is so now. The name that it had before, if that was another.
    PutTask(Box<Task>, Option<String>),
    /// A task is gone for ever.
    RemoveTask(TaskId),
    /// A comment of a task is so now.
    PutComment(TaskId, Comment),
    /// A comment's text is gone.
    RemoveComment(TaskId, CommentId),
    /// A tag is called so now, on every task that carries it.
    RenameTag(TagId, String),
    /// A person is so now.
    PutPerson(Person),
    /// Somebody belongs to a team, as this.
    PutMember(UserId, TeamId, TeamRole),
    /// Somebody does not belong to a team any more.
    RemoveMember(UserId, TeamId),
    /// A project is so now.
    PutProject(Project),
    /// A project is gone.
    RemoveProject(ProjectId),
    /// A team is so now.
    PutTeam(Team),
    /// A team is gone.
    RemoveTeam(TeamId),
}

/// A task, as far as it can be found or shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Its name, such as `ENG-42`.
    pub name: String,
    /// Its project.
    pub project_id: ProjectId,
    /// The team that sees it.
    pub team_id: TeamId,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// Who works on it.
    pub assignees: Vec<Assignee>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// What it was called in the tracker that it came from.
    pub imported_from: Option<String>,
    /// Put away.
    pub archived: bool,
    /// In the trash: found by those who ask for what is there.
    pub trashed: bool,
    /// The task that it is a part of.
    pub parent_id: Option<TaskId>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Somebody who works on a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignee {
    /// Who.
    pub user_id: UserId,
    /// Their name when they were assigned.
    pub username: String,
    /// As what.
    pub role: AssigneeRole,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Which.
    pub id: TagId,
    /// What it is called.
    pub name: String,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// Its text.
    pub body: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The name that queries know them by.
    pub username: String,
    /// What they are in the system.
    pub role: Role,
    /// Whether they may see anything at all.
    pub active: bool,
    /// The name of their time zone, for "today".
    pub time_zone: String,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// The first half of its tasks' names.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
}

/// What a document is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    Task(Box<TaskSource>),
    Person(PersonSource),
    Project(Project),
    Team(Team),
}

/// A task and what has been said about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskSource {
    pub(crate) task: Task,
    pub(crate) former_names: Vec<String>,
    /// Oldest first.
    pub(crate) comments: Vec<Comment>,
}

/// A person and their teams. Whoever is not known yet may see nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct PersonSource {
    pub(crate) person: Option<Person>,
    pub(crate) teams: BTreeMap<TeamId, TeamRole>,
}

/// What a document is replaced by.
pub(crate) mod key {
    use super::{ProjectId, TaskId, TeamId, UserId};

    pub(crate) fn task(id: TaskId) -> String {
        format!("task:{id}")
    }

    pub(crate) fn person(id: UserId) -> String {
        format!("person:{id}")
    }

    pub(crate) fn project(id: ProjectId) -> String {
        format!("project:{id}")
    }

    pub(crate) fn team(id: TeamId) -> String {
        format!("team:{id}")
    }
}

/// What people, projects and teams are called in queries, compared as a whole.
pub(crate) mod alias {
    use super::whole;

    pub(crate) fn person(username: &str) -> String {
        format!("person:{}", whole(username))
    }

    pub(crate) fn project(key_or_name: &str) -> String {
        format!("project:{}", whole(key_or_name))
    }

    pub(crate) fn team(name: &str) -> String {
        format!("team:{}", whole(name))
    }
}

/// Time in an index: microseconds since 1970.
pub(crate) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// The place of a word among its kind.
pub(crate) fn place<T: PartialEq>(all: &[T], one: &T) -> u64 {
    all.iter().position(|other| other == one).unwrap_or(0) as u64
}

impl Source {
    /// Its tags, if it is a task.
    pub(crate) fn tags(&self) -> &[Tag] {
        match self {
            Self::Task(source) => &source.task.tags,
            Self::Person(_) | Self::Project(_) | Self::Team(_) => &[],
        }
    }

    /// Calls its tags what they are called now.
    pub(crate) fn rename_tags(&mut self, renamed: &BTreeMap<TagId, String>) {
        if let Self::Task(source) = self {
            for tag in &mut source.task.tags {
                if let Some(name) = renamed.get(&tag.id) {
                    tag.name.clone_from(name);
                }
            }
        }
    }

    /// The document of this key that is made of it.
    pub(crate) fn document(
        &self,
        fields: &Fields,
        key: &str,
    ) -> Result<TantivyDocument, serde_json::Error> {
        let mut document = TantivyDocument::new();
        document.add_text(fields.key, key);
        document.add_text(fields.source, serde_json::to_string(self)?);
        for tag in self.tags() {
            document.add_text(fields.tag_id, tag.id.to_string());
        }
        match self {
            Self::Task(source) => source.index(fields, &mut document),
            Self::Person(source) => {
                if let Some(person) = &source.person {
                    document.add_text(fields.alias, alias::person(&person.username));
                }
            }
            Self::Project(project) => {
                document.add_text(fields.alias, alias::project(&project.key));
                document.add_text(fields.alias, alias::project(&project.name));
            }
            Self::Team(team) => document.add_text(fields.alias, alias::team(&team.name)),
        }
        Ok(document)
    }
}

impl TaskSource {
    fn index(&self, fields: &Fields, document: &mut TantivyDocument) {
        let task = &self.task;
        document.add_text(fields.kind, KIND_TASK);
        for name in std::iter::once(&task.name).chain(&self.former_names) {
            document.add_text(fields.name, whole(name));
        }
        if let Some(name) = &task.imported_from {
            document.add_text(fields.imported_from, whole(name));
        }
        document.add_text(fields.title, &task.title);
        document.add_text(fields.description, &task.description);
        for comment in &self.comments {
            document.add_text(fields.comments, &comment.body);
        }
        for tag in &task.tags {
            document.add_text(fields.tags, &tag.name);
            document.add_text(fields.tag, whole(&tag.name));
        }
        document.add_text(fields.team, task.team_id.to_string());
        document.add_text(fields.project, task.project_id.to_string());
        for assignee in &task.assignees {
            document.add_text(fields.assignee, assignee.user_id.to_string());
        }
        if let Some(creator) = &task.created_by {
            document.add_text(fields.created_by, creator.to_string());
        }
        document.add_u64(fields.status, place(Status::ALL, &task.status));
        document.add_u64(fields.priority, place(Priority::ALL, &task.priority));
        document.add_bool(fields.archived, task.archived);
        document.add_bool(fields.trashed, task.trashed);
        if let Some(parent) = &task.parent_id {
            document.add_text(fields.parent, parent.to_string());
        }
        if let Some(due_at) = &task.due_at {
            document.add_i64(fields.due_at, micros(*due_at));
        }
        document.add_i64(fields.updated_at, micros(task.updated_at));
        document.add_i64(fields.created_at, micros(task.created_at));
        document.add_u64(fields.comments_count, self.comments.len() as u64);
        // Ids begin with a time and end with chance: the end tells them apart.
        let (_, tie) = task.id.0.as_u64_pair();
        document.add_u64(fields.tie, tie);
    }
}
