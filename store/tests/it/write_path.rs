//! State and what happened: together or not at all.

use millstream_domain::ids::TeamId;
use millstream_domain::policy::Actor;
use millstream_event_log::{Event, Position, Via};
use millstream_store::StoreError;
use millstream_store::task::{TaskEdit, TaskRef, UpdateTask};
use millstream_store::team::{CreateTeam, DeleteTeam, UpdateTeam};
use millstream_store::testing::builders::{id_of, origin, page};
use millstream_store::testing::{TaskBuilder, TestStore};

fn found(actor: &Actor, name: &str) -> CreateTeam {
    CreateTeam {
        actor: actor.clone(),
        name: name.parse().unwrap(),
        description: None,
    }
}

#[tokio::test]
async fn a_change_and_its_events_are_committed_together() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let written = store.write(&ada, found(&ada, "Millers")).await.unwrap();
    let events = store.events().await;
    let kinds: Vec<_> = events.iter().map(|e| &*e.kind).collect();
    assert_eq!(kinds, ["user.registered", "team.created", "member.added"]);
    let last = events.last().unwrap();
    assert_eq!(written.position, Some(Position::Write(last.outbox_id)));
    assert_eq!(
        (last.origin.actor, last.origin.via),
        (ada.user_id(), Via::Token)
    );
    assert!(matches!(events[1].event().unwrap(), Event::Team(e) if *e.team() == written.output));
}

#[tokio::test]
async fn a_refused_change_leaves_neither_state_nor_events() {
    let store = TestStore::new().await;
    let _admin = store.with_user("root").await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    store.with_project(&ada, team, "ENG").await;
    let before = store.kinds().await;
    // The second of the two fails, so the first must not stay: the team was renamed, and then cannot go.
    let rename = |name: &str| UpdateTeam {
        actor: ada.clone(),
        id: team,
        expected_version: Some(1.into()),
        name: Some(name.parse().unwrap()),
        description: None,
    };
    let both = store
        .write(&ada, vec![rename("First"), rename("Second")])
        .await;
    assert!(
        matches!(both, Err(StoreError::Stale { now: 2 })),
        "{both:?}"
    );
    let delete = DeleteTeam {
        actor: ada.clone(),
        id: team,
        expected_version: None,
    };
    assert!(matches!(
        store.write(&ada, delete).await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(store.store.team(&ada, team).await.unwrap().name, "Millers");
    assert_eq!(store.kinds().await, before);
}

#[tokio::test]
async fn a_change_that_changes_nothing_says_nothing_and_has_no_position() {
    let store = TestStore::new().await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let before = store.kinds().await;
    let same = UpdateTeam {
        actor: ada.clone(),
        id: team,
        expected_version: None,
        name: Some("Millers".parse().unwrap()),
        description: None,
    };
    let written = store.write(&ada, same).await.unwrap();
    assert_eq!((written.position, written.output.version), (None, 1));
    assert_eq!(store.kinds().await, before);
}

#[tokio::test]
async fn many_changes_fit_into_one_transaction() {
    let store = TestStore::new().await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let project = store.with_project(&ada, team, "ENG").await.id;
    let rows = (0..700).map(|n| {
        TaskBuilder::new(project, &format!("row {n}"))
            .tag("imported")
            .by(&ada)
    });
    let written = store.write(&ada, rows.collect::<Vec<_>>()).await.unwrap();
    let numbers: Vec<_> = written
        .output
        .iter()
        .map(|task| task.state.number)
        .collect();
    assert_eq!(numbers, (1..=700).collect::<Vec<_>>());
    let made = store
        .events()
        .await
        .into_iter()
        .filter(|e| &*e.kind == "task.created");
    let names: Vec<_> = made.map(|e| e.event().unwrap()).collect();
    assert_eq!(names.len(), 700);
    assert_eq!(
        store
            .store
            .tags(&ada, None, &page(10, None))
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

/// What was told is what is read: else a view would differ from the state for ever.
#[tokio::test]
async fn the_state_in_an_event_is_the_state_that_is_read_back() {
    let store = TestStore::new().await;
    let mut ada = store.with_user("ada").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let project = store.with_project(&ada, team, "ENG").await.id;
    let metadata = serde_json::json!({"b": 1e2, "a": {"z": [1.50, -0.0, 1e30, "ß"]}});
    let task = TaskBuilder::new(project, "Fix the mill wheel")
        .tag("Wheel")
        .tag("axle")
        .tag("wheel")
        .assignee(&ada)
        .due("2026-02-03T04:05:06.123456789Z".parse().unwrap())
        .metadata(metadata.as_object().unwrap().clone());
    let made = store.done(&ada, task.by(&ada)).await;
    assert_eq!(store.task(&ada, made.state.id).await, made);
    let edit = TaskEdit {
        title: Some("Grease the mill wheel".parse().unwrap()),
        due_at: Some(Some("2026-02-03T04:05:06.987654321Z".parse().unwrap())),
        tags: Some(vec![
            "Zahnrad".parse().unwrap(),
            "axle".parse().unwrap(),
            "Öl".parse().unwrap(),
        ]),
        ..TaskEdit::default()
    };
    let task = TaskRef::Id(made.state.id);
    let change = UpdateTask {
        actor: ada.clone(),
        task,
        expected_version: None,
        edit,
    };
    let changed = store.done(&ada, change).await;
    assert_eq!(store.task(&ada, made.state.id).await, changed);
    for record in store.events().await {
        if let Event::Task(event) = record.event().unwrap() {
            let known = [&made.state, &changed.state];
            assert!(known.contains(&event.task()), "{event:?}");
        }
    }
}

#[tokio::test]
async fn the_mover_is_woken_by_a_write() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let mover = millstream_event_log::mover::Mover::new(store.database().pool().clone());
    let (poked, tail) = (mover.poke(), mover.tail());
    let awake = millstream_store::Store::new(
        store.database().pool().clone(),
        poked,
        store.store.clock().clone(),
        store.store.ids().clone(),
    );
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(mover.run(stop.clone()));
    let written = awake
        .write(&origin(&ada), found(&ada, "Millers"))
        .await
        .unwrap();
    let Some(Position::Write(outbox_id)) = written.position else {
        panic!("a team was made")
    };
    tail.beyond(2).await;
    assert_eq!(tail.seq_of(outbox_id), Some(3));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn what_somebody_may_not_see_answers_like_what_does_not_exist() {
    let store = TestStore::new().await;
    let _admin = store.with_user("root").await;
    let mut ada = store.with_user("ada").await;
    let eve = store.with_user("eve").await;
    let team = store.with_team(&mut ada, "Millers").await;
    let hidden = store.store.team(&eve, team).await.unwrap_err();
    let absent = store
        .store
        .team(&eve, TeamId(id_of(&eve).0))
        .await
        .unwrap_err();
    assert_eq!(hidden.to_string(), absent.to_string());
}
