//! Who watches a task.

use super::Workshop;
use millstream_domain::ids::TaskId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_store::StoreError;
use millstream_store::task::{SetTaskPlace, TaskPlace, TaskRef, WatchTask};
use millstream_store::testing::builders::{id_of, origin};

fn watch(actor: &Actor, id: TaskId, watches: bool) -> WatchTask {
    WatchTask {
        actor: actor.clone(),
        task: TaskRef::Id(id),
        watches,
    }
}

#[tokio::test]
async fn whoever_sees_a_task_watches_it_and_stops_and_says_so_once() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let before = shop.store.kinds().await.len();
    for (actor, watches, expected) in [
        (&shop.viewer, true, 1),
        (&shop.viewer, true, 1),
        (&shop.joan, true, 2),
        (&shop.root, true, 3),
        (&shop.viewer, false, 2),
        (&shop.viewer, false, 2),
        // Who made it has never watched it, and may want to hear no more.
        (&shop.ada, false, 2),
        (&shop.ada, false, 2),
        (&shop.ada, true, 3),
    ] {
        let task = shop.store.done(actor, watch(actor, id, watches)).await;
        assert_eq!((task.watchers_count, task.state.version), (expected, 1));
        assert_eq!(shop.now(id).await, task);
    }
    let told = shop.store.events().await.split_off(before);
    let told: Vec<_> = told.iter().map(|r| (&*r.kind, r.origin.actor)).collect();
    let by = |actor: &Actor| Some(id_of(actor));
    assert_eq!(
        told,
        [
            ("task.watched", by(&shop.viewer)),
            ("task.watched", by(&shop.joan)),
            ("task.watched", by(&shop.root)),
            ("task.unwatched", by(&shop.viewer)),
            ("task.unwatched", by(&shop.ada)),
            ("task.watched", by(&shop.ada)),
        ]
    );
}

#[tokio::test]
async fn what_is_foreign_or_in_the_trash_is_not_watched() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let foreign = shop
        .store
        .write(&shop.eve, watch(&shop.eve, id, true))
        .await;
    assert!(
        matches!(foreign, Err(StoreError::Refused(Refusal::Hidden))),
        "{foreign:?}"
    );
    let trash = SetTaskPlace {
        actor: shop.joan.clone(),
        task: TaskRef::Id(id),
        expected_version: None,
        place: TaskPlace::Trash,
    };
    shop.store.done(&shop.joan, trash).await;
    let gone = shop
        .store
        .write(&shop.joan, watch(&shop.joan, id, true))
        .await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
}

#[tokio::test]
async fn many_who_begin_to_watch_at_once_are_all_counted() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    let people = [&shop.root, &shop.ada, &shop.joan, &shop.viewer];
    let at_once = people.into_iter().flat_map(|actor| {
        // Each of them clicks twice.
        [0, 1].map(|_| {
            let (store, actor) = (shop.store.store.clone(), actor.clone());
            tokio::spawn(async move {
                let written = store.write(&origin(&actor), watch(&actor, id, true)).await;
                written.unwrap().position.is_some()
            })
        })
    });
    let at_once: Vec<_> = at_once.collect();
    let mut said = 0;
    for one in at_once {
        said += usize::from(one.await.unwrap());
    }
    assert_eq!((said, shop.now(id).await.watchers_count), (4, 4));
}
