//! A folder with an index in it, and a small team that asks.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::{ProjectId, TagId, TaskId, TeamId, UserId};
use millstream_domain::query::Query;
use millstream_domain::task::{AssigneeRole, Priority, Status};
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use millstream_search::results::Assignee;
use millstream_search::{
    Change, Comment, Hit, Index, Person, Project, SearchError, SearchRequest, SearchResults, Tag,
    Task, Team,
};
use tempfile::TempDir;
use uuid::Uuid;

/// A member of [`MILLERS`].
pub(crate) const ADA: UserId = UserId(Uuid::from_u128(0x40));
/// A member of both teams.
pub(crate) const GRACE: UserId = UserId(Uuid::from_u128(0x41));
/// The admin, in no team.
pub(crate) const ROOT: UserId = UserId(Uuid::from_u128(0x42));

/// The team that tasks belong to unless a test says otherwise.
pub(crate) const MILLERS: TeamId = TeamId(Uuid::from_u128(0x20));
/// Another team.
pub(crate) const BAKERS: TeamId = TeamId(Uuid::from_u128(0x21));
/// The millers' project, ENG.
pub(crate) const ENGINE: ProjectId = ProjectId(Uuid::from_u128(0x30));
/// The bakers' project, OVEN.
pub(crate) const OVEN: ProjectId = ProjectId(Uuid::from_u128(0x31));

/// The owner under which the worlds write.
pub(crate) const GENERATION: i64 = 1;

/// Every test's present.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-06-15T12:00:00Z".parse().unwrap()
}

/// An index and the log behind it.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) index: Index,
    pub(crate) cut: u64,
}

impl World {
    /// Nothing but people, teams and projects.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).unwrap();
        index.claim(GENERATION).unwrap();
        let mut world = Self {
            folder,
            index,
            cut: 0,
        };
        world.write(beginning());
        world
    }

    /// The same with these tasks.
    pub(crate) fn with(tasks: impl IntoIterator<Item = Task>) -> Self {
        let mut world = Self::new();
        world.write(tasks.into_iter().map(put));
        world
    }

    /// One commit.
    pub(crate) fn write(&mut self, changes: impl IntoIterator<Item = Change>) {
        let changes: Vec<_> = (self.cut + 1..).zip(changes).collect();
        self.cut += changes.len() as u64;
        self.index.commit(GENERATION, self.cut, changes).unwrap();
    }

    pub(crate) fn ask(&self, caller: UserId, query: &str) -> SearchResults {
        self.page(caller, query, 100, None).unwrap()
    }

    pub(crate) fn page(
        &self,
        caller: UserId,
        query: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<SearchResults, SearchError> {
        let query = Query::parse(query).unwrap();
        self.index.search(&SearchRequest {
            caller,
            query: &query,
            now: now(),
            zone: Tz::UTC,
            limit,
            cursor,
        })
    }

    /// The names of what Ada finds, best first.
    pub(crate) fn finds(&self, query: &str) -> Vec<String> {
        names(&self.ask(ADA, query).hits)
    }

    /// That Ada finds these, in whatever order.
    pub(crate) fn check(&self, query: &str, expected: &[&str]) {
        let mut found = self.finds(query);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }

    /// That Ada finds these in this order.
    pub(crate) fn check_order(&self, query: &str, expected: &[&str]) {
        assert_eq!(self.finds(query), expected, "{query}");
    }
}

pub(crate) fn names(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| hit.task.name.clone()).collect()
}

fn beginning() -> Vec<Change> {
    let team = |id, name: &str| {
        Change::PutTeam(Team {
            id,
            name: name.into(),
        })
    };
    let project = |id, key: &str, name: &str| {
        Change::PutProject(Project {
            id,
            key: key.into(),
            name: name.into(),
        })
    };
    vec![
        Change::PutPerson(person(ADA, "ada", Role::Member)),
        Change::PutPerson(person(GRACE, "grace", Role::Member)),
        Change::PutPerson(person(ROOT, "root", Role::Admin)),
        team(MILLERS, "Millers"),
        team(BAKERS, "Bakers"),
        project(ENGINE, "ENG", "Mill Engine"),
        project(OVEN, "OVEN", "Big Oven"),
        Change::PutMember(ADA, MILLERS, TeamRole::Member),
        Change::PutMember(GRACE, MILLERS, TeamRole::Viewer),
        Change::PutMember(GRACE, BAKERS, TeamRole::Owner),
    ]
}

pub(crate) fn person(id: UserId, username: &str, role: Role) -> Person {
    Person {
        id,
        username: username.into(),
        role,
        active: true,
        time_zone: "UTC".into(),
    }
}

/// The task ENG-`n`; a higher number has changed later.
pub(crate) fn task(n: u32, title: &str) -> Task {
    let at = now() - TimeDelta::days(30) + TimeDelta::minutes(n.into());
    Task {
        id: id(n),
        name: format!("ENG-{n}"),
        project_id: ENGINE,
        team_id: MILLERS,
        title: title.into(),
        description: String::new(),
        status: Status::Todo,
        priority: Priority::Medium,
        due_at: None,
        assignees: Vec::new(),
        tags: Vec::new(),
        imported_from: None,
        archived: false,
        trashed: false,
        parent_id: None,
        created_by: Some(GRACE),
        created_at: at,
        updated_at: at,
    }
}

/// The same, changed.
pub(crate) fn task_with(n: u32, title: &str, change: impl FnOnce(&mut Task)) -> Task {
    let mut task = task(n, title);
    change(&mut task);
    task
}

/// A task of the bakers: OVEN-`n`.
pub(crate) fn secret(n: u32, title: &str) -> Task {
    task_with(n, title, |task| {
        task.name = format!("OVEN-{n}");
        (task.team_id, task.project_id) = (BAKERS, OVEN);
    })
}

pub(crate) fn id(n: u32) -> TaskId {
    TaskId(Uuid::from_u128(0x1_0000 + u128::from(n)))
}

pub(crate) fn put(task: Task) -> Change {
    Change::PutTask(Box::new(task), None)
}

pub(crate) fn assigned(user_id: UserId, username: &str) -> Vec<Assignee> {
    vec![Assignee {
        user_id,
        username: username.into(),
        role: AssigneeRole::Owner,
    }]
}

/// Tags of these names; one of the same name is the same tag.
pub(crate) fn tags(names: &[&str]) -> Vec<Tag> {
    let tag = |name: &&str| Tag {
        id: tag_id(name),
        name: (*name).into(),
    };
    names.iter().map(tag).collect()
}

pub(crate) fn tag_id(name: &str) -> TagId {
    Uuid::new_v5(&Uuid::nil(), name.as_bytes()).into()
}

/// Comment `n` about a task; a higher number was written later.
pub(crate) fn comment(about: u32, n: u32, body: &str) -> Change {
    let comment = Comment {
        id: comment_id(n),
        body: body.into(),
        created_at: now() + TimeDelta::minutes(n.into()),
    };
    Change::PutComment(id(about), comment)
}

pub(crate) fn comment_id(n: u32) -> millstream_domain::ids::CommentId {
    Uuid::from_u128(0x2_0000 + u128::from(n)).into()
}
