//! Tasks.

mod batch;
mod create;
mod list;
mod moving;
mod place;
mod plans;
mod races;
mod update;
mod watch;

use millstream_domain::ids::{ProjectId, TaskId, TeamId};
use millstream_domain::policy::Actor;
use millstream_domain::team::TeamRole;
use millstream_store::StoreError;
use millstream_store::task::Task;
use millstream_store::testing::{TaskBuilder, TestStore};

/// A team with a project, and one of each kind of person.
struct Workshop {
    store: TestStore,
    team: TeamId,
    project: ProjectId,
    root: Actor,
    ada: Actor,
    joan: Actor,
    viewer: Actor,
    eve: Actor,
}

impl Workshop {
    async fn new() -> Self {
        let store = TestStore::new().await;
        let root = store.with_user("root").await;
        let mut ada = store.with_user("ada").await;
        let team = store.with_team(&mut ada, "Millers").await;
        let mut joan = store.with_user("joan").await;
        store
            .with_member(&ada, team, &mut joan, TeamRole::Member)
            .await;
        let mut viewer = store.with_user("vera").await;
        store
            .with_member(&ada, team, &mut viewer, TeamRole::Viewer)
            .await;
        let eve = store.with_user("eve").await;
        let project = store.with_project(&ada, team, "ENG").await.id;
        Self {
            store,
            team,
            project,
            root,
            ada,
            joan,
            viewer,
            eve,
        }
    }

    fn task(&self, title: &str) -> TaskBuilder {
        TaskBuilder::new(self.project, title)
    }

    async fn made(&self, title: &str) -> Task {
        self.store
            .done(&self.ada, self.task(title).by(&self.ada))
            .await
    }

    async fn now(&self, id: TaskId) -> Task {
        self.store.task(&self.ada, id).await
    }
}

/// The fields that were refused.
fn fields<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Vec<String> {
    match result {
        Err(StoreError::Fields(fields)) => fields
            .into_iter()
            .map(|f| format!("{} {}", f.field, serde_json::to_string(&f.code).unwrap()))
            .collect(),
        other => panic!("not refused for its fields: {other:?}"),
    }
}
