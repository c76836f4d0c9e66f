//! Who waits for whom: those who change the same thing, and never somebody for a stranger.

use millstream_domain::ids::TeamId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::team::TeamRole;
use millstream_store::comment::CreateComment;
use millstream_store::project::UpdateProject;
use millstream_store::tag::{CreateTag, UpdateTag};
use millstream_store::task::{SetTaskPlace, TaskEdit, TaskPlace, TaskRef, UpdateTask};
use millstream_store::team::PutMember;
use millstream_store::testing::builders::{id_of, origin};
use millstream_store::testing::{TaskBuilder, TestStore};
use millstream_store::{Change, StoreError};
use sqlx::{Postgres, Transaction};

struct Mill {
    store: TestStore,
    team: TeamId,
    ada: Actor,
    eve: Actor,
}

impl Mill {
    async fn new() -> Self {
        let store = TestStore::new().await;
        store.with_user("root").await;
        let mut ada = store.with_user("ada").await;
        let team = store.with_team(&mut ada, "Millers").await;
        let eve = store.with_user("eve").await;
        Self {
            store,
            team,
            ada,
            eve,
        }
    }

    async fn holding(&self, sql: &'static str) -> Transaction<'static, Postgres> {
        let mut holding = self.store.database().pool().begin().await.unwrap();
        sqlx::query(sql).execute(&mut *holding).await.unwrap();
        holding
    }

    async fn somebody_waits(&self) -> bool {
        sqlx::query_scalar(
            "select exists (select from pg_stat_activity
                            where datname = current_database() and wait_event_type = 'Lock')",
        )
        .fetch_one(self.store.database().pool())
        .await
        .unwrap()
    }

    /// What comes of a change that waits for nobody.
    async fn at_once<C: Change>(&self, by: &Actor, change: C) -> Result<(), StoreError> {
        let origin = origin(by);
        let mut done = std::pin::pin!(self.store.store.write(&origin, change));
        loop {
            tokio::select! {
                biased;
                done = &mut done => return done.map(drop),
                waits = self.somebody_waits() => assert!(!waits, "it waits for somebody"),
            }
        }
    }

    /// What comes of a change that waits for somebody, once they are done.
    async fn after<C: Change>(
        &self,
        holding: Transaction<'static, Postgres>,
        by: &Actor,
        change: C,
    ) -> Result<(), StoreError> {
        let origin = origin(by);
        let mut done = std::pin::pin!(self.store.store.write(&origin, change));
        loop {
            tokio::select! {
                biased;
                done = &mut done => panic!("it waited for nobody: {:?}", done.map(drop)),
                waits = self.somebody_waits() => if waits { break },
            }
        }
        holding.commit().await.unwrap();
        done.await.map(drop)
    }

    fn put(&self, whom: &Actor, role: TeamRole) -> PutMember {
        PutMember {
            actor: self.ada.clone(),
            team_id: self.team,
            user_id: id_of(whom),
            role,
            expected_version: None,
        }
    }
}

#[track_caller]
fn is_hidden(result: &Result<(), StoreError>) {
    assert!(
        matches!(result, Err(StoreError::Refused(Refusal::Hidden))),
        "{result:?}"
    );
}

#[tokio::test]
async fn somebody_who_is_being_deactivated_is_not_added_to_a_team() {
    let mill = Mill::new().await;
    let going = "update app.user set active = false where username = 'eve'";
    let holding = mill.holding(going).await;
    let put = mill.put(&mill.eve, TeamRole::Member);
    let refused = mill.after(holding, &mill.ada, put).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
}

/// Otherwise the team may be left to somebody who cannot log in: who deactivates them sees no owner yet.
#[tokio::test]
async fn nobody_is_made_owner_while_they_are_being_deactivated() {
    let mut mill = Mill::new().await;
    let mut eve = mill.eve.clone();
    mill.store
        .with_member(&mill.ada, mill.team, &mut eve, TeamRole::Member)
        .await;
    mill.eve = eve;
    let going = "update app.user set active = false where username = 'eve'";
    let holding = mill.holding(going).await;
    let put = mill.put(&mill.eve, TeamRole::Owner);
    mill.after(holding, &mill.ada, put).await.unwrap();
}

#[tokio::test]
async fn a_stranger_never_waits_for_what_they_do_not_see_nor_holds_it_up() {
    let mill = Mill::new().await;
    let project = mill
        .store
        .with_project(&mill.ada, mill.team, "ENG")
        .await
        .id;
    let task = TaskBuilder::new(project, "Grease").by(&mill.ada);
    let task = TaskRef::Id(mill.store.done(&mill.ada, task).await.state.id);
    let tag = CreateTag {
        actor: mill.ada.clone(),
        team_id: mill.team,
        name: "red".parse().unwrap(),
        color: "teal".parse().unwrap(),
    };
    let tag = mill.store.done(&mill.ada, tag).await.id;
    let _holding = mill
        .holding("select from app.task, app.project, app.tag for update")
        .await;
    let actor = mill.eve.clone();

    let said = CreateComment {
        actor: actor.clone(),
        task: task.clone(),
        body: "hello".parse().unwrap(),
    };
    is_hidden(&mill.at_once(&actor, said).await);
    let edited = UpdateTask {
        actor: actor.clone(),
        task: task.clone(),
        expected_version: None,
        edit: TaskEdit::default(),
    };
    is_hidden(&mill.at_once(&actor, edited).await);
    let archived = SetTaskPlace {
        actor: actor.clone(),
        task,
        expected_version: None,
        place: TaskPlace::Archive,
    };
    is_hidden(&mill.at_once(&actor, archived).await);
    let renamed = UpdateProject {
        actor: actor.clone(),
        id: project,
        expected_version: None,
        name: None,
        description: None,
        archived: Some(true),
    };
    is_hidden(&mill.at_once(&actor, renamed).await);
    let renamed = UpdateTag {
        actor: actor.clone(),
        id: tag,
        expected_version: None,
        name: None,
        color: None,
    };
    is_hidden(&mill.at_once(&actor, renamed).await);
}
