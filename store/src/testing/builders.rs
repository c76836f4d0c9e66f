//! People, teams, projects and tasks in a test's store, each made with one line, and what has happened there.

use super::TestStore;
use crate::page::PageRequest;
use crate::project::CreateProject;
use crate::task::{AssigneeSpec, CreateTask, NewTask, Task, TaskRef};
use crate::team::{CreateTeam, PutMember};
use crate::user::Register;
use crate::{Change, StoreError, Written};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::Actor;
use millstream_domain::task::{AssigneeRole, Metadata, Priority, Status, TagName, Title};
use millstream_domain::team::TeamRole;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::events::project::ProjectState;
use millstream_event_log::mover::Moved;
use millstream_event_log::{Budget, Cut, Origin, Record, Via};

impl TestStore {
    /// Writes a change that somebody makes with an access token.
    pub async fn write<C: Change>(
        &self,
        by: &Actor,
        change: C,
    ) -> Result<Written<C::Output>, StoreError> {
        self.store.write(&origin(by), change).await
    }

    /// The same, of a change that must succeed.
    pub async fn done<C: Change>(&self, by: &Actor, change: C) -> C::Output {
        match self.write(by, change).await {
            Ok(written) => written.output,
            Err(error) => panic!("the test's own set-up was refused: {error:?}"),
        }
    }

    /// Somebody with an account. The first is the admin.
    pub async fn with_user(&self, username: &str) -> Actor {
        let register = Register {
            username: valid(username.parse()),
            email: valid(format!("{username}@example.org").parse()),
            display_name: None,
            password_hash: "no password has this hash".into(),
            has_setup_secret: true,
        };
        let user = self.done(&Actor::Anonymous, register).await;
        self.actor(user.state.id).await
    }

    /// Somebody, with the roles that they have now.
    pub async fn actor(&self, id: UserId) -> Actor {
        let user = valid(self.store.user(id).await);
        let person = valid(self.store.person_named(&user.state.username).await);
        Actor::User(person.expect("who was just registered is active"))
    }

    /// A team that `owner` founds; `owner` then stands for them with their new role.
    pub async fn with_team(&self, owner: &mut Actor, name: &str) -> TeamId {
        let change = CreateTeam {
            actor: owner.clone(),
            name: valid(name.parse()),
            description: None,
        };
        let team = self.done(owner, change).await.id;
        *owner = self.again(owner).await;
        team
    }

    /// `member` joins a team, and then stands for them with their new role.
    pub async fn with_member(
        &self,
        owner: &Actor,
        team: TeamId,
        member: &mut Actor,
        role: TeamRole,
    ) {
        let change = PutMember {
            actor: owner.clone(),
            team_id: team,
            user_id: id_of(member),
            role,
            expected_version: None,
        };
        self.done(owner, change).await;
        *member = self.again(member).await;
    }

    /// Somebody, with the roles that they have now.
    pub async fn again(&self, person: &Actor) -> Actor {
        self.actor(id_of(person)).await
    }

    /// A project.
    pub async fn with_project(&self, owner: &Actor, team: TeamId, key: &str) -> ProjectState {
        let change = CreateProject {
            actor: owner.clone(),
            team_id: team,
            key: valid(key.parse()),
            name: valid(key.parse()),
            description: None,
            archived: false,
        };
        self.done(owner, change).await
    }

    /// A task as it is now.
    pub async fn task(&self, actor: &Actor, id: TaskId) -> Task {
        valid(self.store.task(actor, &TaskRef::Id(id)).await)
    }

    /// All that has happened so far, in order: moves the outbox first.
    pub async fn events(&self) -> Vec<Record> {
        while !matches!(valid(self.mover.move_once().await), Moved::Events(0)) {}
        let log = PostgresLog::new(self.database().pool().clone(), None);
        let mut records: Vec<Record> = Vec::new();
        loop {
            let cut = Cut::at(records.last().map_or(0, |last| last.seq));
            let batch = valid(
                log.read(
                    cut,
                    Budget {
                        records: 5_000,
                        bytes: 64 << 20,
                    },
                )
                .await,
            );
            if batch.records.is_empty() {
                return records;
            }
            records.extend(batch.records);
        }
    }

    /// The types of all that has happened so far, in order.
    pub async fn kinds(&self) -> Vec<String> {
        self.events()
            .await
            .iter()
            .map(|record| record.kind.to_string())
            .collect()
    }
}

/// The id of somebody with an account.
#[must_use]
pub fn id_of(actor: &Actor) -> UserId {
    actor
        .user_id()
        .expect("the test asks for somebody with an account")
}

/// The way in of a request that carries an access token.
#[must_use]
pub fn origin(by: &Actor) -> Origin {
    Origin {
        actor: by.user_id(),
        via: Via::Token,
        client_ip: Some("192.0.2.1".into()),
        ..Origin::default()
    }
}

/// A page of so many items, from the start or from where the page before ended.
#[must_use]
pub fn page(limit: u32, cursor: Option<String>) -> PageRequest {
    PageRequest { limit, cursor }
}

fn valid<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("the test's own data is wrong: {error:?}"))
}

/// A task to be made.
#[derive(Debug, Clone)]
pub struct TaskBuilder(NewTask);

impl TaskBuilder {
    /// A task with this title, and nothing else set.
    #[must_use]
    pub fn new(project: ProjectId, title: &str) -> Self {
        Self(NewTask {
            project_id: project,
            title: valid(Title::new(title)),
            description: None,
            status: Status::Todo,
            priority: Priority::Medium,
            due_at: None,
            estimated_hours: None,
            actual_hours: None,
            assignees: Vec::new(),
            tags: Vec::new(),
            parent_id: None,
            metadata: Metadata::default(),
            recurrence: None,
        })
    }

    /// How far it is.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.0.status = status;
        self
    }

    /// How much it matters.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.0.priority = priority;
        self
    }

    /// When it is due.
    #[must_use]
    pub fn due(mut self, at: DateTime<Utc>) -> Self {
        self.0.due_at = Some(at);
        self
    }

    /// One more person who answers for it.
    #[must_use]
    pub fn assignee(mut self, who: &Actor) -> Self {
        self.0.assignees.push(AssigneeSpec {
            user_id: id_of(who),
            role: AssigneeRole::Owner,
        });
        self
    }

    /// One more tag.
    #[must_use]
    pub fn tag(mut self, name: &str) -> Self {
        self.0.tags.push(valid(TagName::new(name)));
        self
    }

    /// The task it is a part of.
    #[must_use]
    pub fn parent(mut self, parent: TaskId) -> Self {
        self.0.parent_id = Some(parent);
        self
    }

    /// What the team keeps with it.
    #[must_use]
    pub fn metadata(mut self, metadata: serde_json::Map<String, serde_json::Value>) -> Self {
        self.0.metadata = valid(Metadata::new(metadata));
        self
    }

    /// The change that makes it.
    #[must_use]
    pub fn by(self, actor: &Actor) -> CreateTask {
        CreateTask {
            actor: actor.clone(),
            task: self.0,
        }
    }
}
