//! The embedded database has one connection: nothing may hold it while asking for another. Here everything that the store
//! does runs on a pool of one; a second acquisition would wait for ever, and fails by the clock.

use millstream_domain::policy::Actor;
use millstream_domain::team::TeamRole;
use millstream_event_log::events::notification::Selection;
use millstream_store::access::RecordRefusal;
use millstream_store::comment::CreateComment;
use millstream_store::idempotency::{IdempotencyKey, StoredAnswer};
use millstream_store::notification::ReadNotifications;
use millstream_store::project::ProjectFilter;
use millstream_store::session::{RotateRefresh, StartSession, TokenHash};
use millstream_store::task::{MoveTask, PurgeTask, Sort, TaskFilter, TaskRef};
use millstream_store::testing::builders::{id_of, origin, page};
use millstream_store::testing::{TaskBuilder, TestStore};
use millstream_store::{Act, Store};
use std::time::Duration;

/// Far above what it takes, far below the patience of the pool.
const TIME: Duration = Duration::from_secs(15);

async fn everything(store: &TestStore) {
    let root = store.with_user("root").await;
    let mut ada = store.with_user("ada").await;
    let mut joan = store.with_user("joan").await;
    let team = store.with_team(&mut ada, "Millers").await;
    store
        .with_member(&ada, team, &mut joan, TeamRole::Member)
        .await;
    let project = store.with_project(&ada, team, "ENG").await.id;
    let start = StartSession {
        user_id: id_of(&ada),
        password_hash: None,
        token: TokenHash::of("t0"),
    };
    let session = store.done(&ada, start).await;
    store
        .done(
            &ada,
            RotateRefresh {
                token: TokenHash::of("t0"),
                successor: TokenHash::of("t1"),
            },
        )
        .await;
    store.store.person(id_of(&ada), session).await.unwrap();
    let first = store
        .done(
            &ada,
            TaskBuilder::new(project, "one")
                .tag("a")
                .assignee(&joan)
                .by(&ada),
        )
        .await;
    let second = store
        .done(
            &joan,
            TaskBuilder::new(project, "two")
                .parent(first.state.id)
                .by(&joan),
        )
        .await;
    let moved = MoveTask {
        actor: joan.clone(),
        task: TaskRef::Id(second.state.id),
        expected_version: None,
        status: None,
        after: None,
        before: Some(first.state.id),
        project: None,
    };
    store.done(&joan, moved).await;
    let task = TaskRef::Name("ENG-1".parse().unwrap());
    let comment = CreateComment {
        actor: joan.clone(),
        task: task.clone(),
        body: "@ada".parse().unwrap(),
    };
    let key = IdempotencyKey::new("joan", "POST", "/", "k", b"");
    let act = Act {
        origin: origin(&joan),
        key: Some(key),
    };
    let answer = |_: &_| StoredAnswer {
        status: 201,
        headers: Vec::new(),
        body: Vec::new(),
    };
    store.store.write_once(&act, comment, answer).await.unwrap();
    reads(&store.store, &joan, &task).await;
    let refusal = RecordRefusal {
        user_id: None,
        attempted: String::new(),
        entity: String::new(),
        entity_id: None,
    };
    store.done(&joan, refusal).await;
    store
        .done(
            &ada,
            ReadNotifications {
                user_id: id_of(&ada),
                selection: Selection::All,
            },
        )
        .await;
    store
        .done(
            &root,
            PurgeTask {
                actor: root.clone(),
                task,
                expected_version: None,
            },
        )
        .await;
    store.store.keep_house_once().await.unwrap();
    store.store.take_back_jobs().await.unwrap();
    store.store.claim_mails("example.org", 9).await.unwrap();
    store.events().await;
}

async fn reads(store: &Store, actor: &Actor, task: &TaskRef) {
    let page = page(2, None);
    store.task(actor, task).await.unwrap();
    store
        .tasks(actor, &TaskFilter::default(), Sort::default(), &page)
        .await
        .unwrap();
    store.comments(actor, task, &page).await.unwrap();
    store.tags(actor, None, &page).await.unwrap();
    store.users(actor, None, &page).await.unwrap();
    store
        .projects(actor, ProjectFilter::default(), &page)
        .await
        .unwrap();
    for team in store.teams(actor, &page).await.unwrap().items {
        store.members(actor, team.id).await.unwrap();
    }
}

#[tokio::test]
async fn everything_works_on_a_single_connection() {
    let store = TestStore::single_connection().await;
    tokio::time::timeout(TIME, everything(&store))
        .await
        .expect("nothing waits for a second connection");
}

#[tokio::test]
async fn many_who_write_and_read_at_once_share_a_single_connection() {
    let store = TestStore::single_connection().await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let project = store.with_project(&ada, team, "ENG").await.id;
    let people = (0..16).map(|n| {
        let (store, ada) = (&store, &ada);
        async move {
            for round in 0..5 {
                let task = TaskBuilder::new(project, &format!("{n}.{round}"))
                    .tag("busy")
                    .assignee(ada);
                let made = store.done(ada, task.by(ada)).await;
                reads(&store.store, ada, &TaskRef::Id(made.state.id)).await;
            }
        }
    });
    tokio::time::timeout(TIME, futures::future::join_all(people))
        .await
        .expect("nobody holds two connections");
}
