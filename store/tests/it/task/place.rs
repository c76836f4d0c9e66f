//! A task is put away, thrown away, brought back, removed for ever.

use super::Workshop;
use chrono::TimeDelta;
use millstream_domain::ids::TaskId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_store::StoreError;
use millstream_store::comment::CreateComment;
use millstream_store::task::{
    PurgeTask, SetTaskPlace, Sort, TRASH_DAYS, TaskFilter, TaskPlace, TaskRef,
};
use millstream_store::testing::builders::page;

fn to(actor: &Actor, id: TaskId, place: TaskPlace) -> SetTaskPlace {
    SetTaskPlace {
        actor: actor.clone(),
        task: TaskRef::Id(id),
        expected_version: None,
        place,
    }
}

#[tokio::test]
async fn archiving_may_be_repeated_and_says_so_once() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    assert!(
        shop.store
            .done(&shop.joan, to(&shop.joan, id, TaskPlace::Archive))
            .await
            .state
            .archived
    );
    let again = shop
        .store
        .write(&shop.joan, to(&shop.joan, id, TaskPlace::Archive))
        .await
        .unwrap();
    assert_eq!(again.position, None);
    assert!(
        !shop
            .store
            .done(&shop.joan, to(&shop.joan, id, TaskPlace::Open))
            .await
            .state
            .archived
    );
    let kinds = shop.store.kinds().await;
    assert_eq!(kinds[kinds.len() - 2..], ["task.archived", "task.restored"]);
}

#[tokio::test]
async fn what_is_in_the_trash_is_not_found_until_it_comes_back_as_it_was() {
    let shop = Workshop::new().await;
    let id = shop.made("x").await.state.id;
    shop.store
        .done(&shop.joan, to(&shop.joan, id, TaskPlace::Archive))
        .await;
    shop.store
        .done(&shop.joan, to(&shop.joan, id, TaskPlace::Trash))
        .await;
    let found = shop.store.store.task(&shop.joan, &TaskRef::Id(id)).await;
    assert!(matches!(found, Err(StoreError::NotFound)));
    for place in [TaskPlace::Trash, TaskPlace::Archive] {
        let again = shop
            .store
            .write(&shop.joan, to(&shop.joan, id, place))
            .await;
        assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
    }
    let comment = CreateComment {
        actor: shop.joan.clone(),
        task: TaskRef::Id(id),
        body: "?".parse().unwrap(),
    };
    assert!(matches!(
        shop.store.write(&shop.joan, comment).await,
        Err(StoreError::NotFound)
    ));
    let list = async |trashed| {
        let filter = TaskFilter {
            trashed,
            ..TaskFilter::default()
        };
        shop.store
            .store
            .tasks(&shop.joan, &filter, Sort::default(), &page(10, None))
            .await
            .unwrap()
            .items
            .len()
    };
    assert_eq!((list(false).await, list(true).await), (0, 1));
    let back = shop
        .store
        .done(&shop.joan, to(&shop.joan, id, TaskPlace::Open))
        .await;
    assert_eq!((back.state.archived, back.state.trashed_at), (true, None));
}

#[tokio::test]
async fn an_admin_removes_a_task_for_ever_and_its_parts_stay() {
    let shop = Workshop::new().await;
    let whole = shop.made("whole").await.state.id;
    let part = shop
        .store
        .done(&shop.ada, shop.task("part").parent(whole).by(&shop.ada))
        .await
        .state
        .id;
    let comment = CreateComment {
        actor: shop.joan.clone(),
        task: TaskRef::Id(whole),
        body: "hm".parse().unwrap(),
    };
    shop.store.done(&shop.joan, comment).await;
    let purge = |actor: &Actor| PurgeTask {
        actor: actor.clone(),
        task: TaskRef::Id(whole),
        expected_version: None,
    };
    let refused = shop.store.write(&shop.ada, purge(&shop.ada)).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Refusal::Forbidden))),
        "{refused:?}"
    );
    shop.store.done(&shop.root, purge(&shop.root)).await;
    let part = shop.now(part).await.state;
    assert_eq!((part.parent_id, part.version), (None, 2));
    let kinds = shop.store.kinds().await;
    assert_eq!(kinds[kinds.len() - 2..], ["task.updated", "task.deleted"]);
    assert!(matches!(
        shop.store.write(&shop.root, purge(&shop.root)).await,
        Err(StoreError::NotFound)
    ));
    // Numbers are not given out again.
    assert_eq!(shop.made("next").await.state.name, "ENG-3");
}

#[tokio::test]
async fn what_has_been_in_the_trash_for_a_month_is_removed_once_by_whoever_keeps_house() {
    let shop = Workshop::new().await;
    let old = shop.made("old").await.state.id;
    let part = shop
        .store
        .done(&shop.ada, shop.task("part").parent(old).by(&shop.ada))
        .await
        .state
        .id;
    let saved = shop.made("saved").await.state.id;
    let trash = async |id| {
        shop.store
            .done(&shop.joan, to(&shop.joan, id, TaskPlace::Trash))
            .await
    };
    trash(old).await;
    trash(saved).await;
    shop.store.clock.advance(TimeDelta::minutes(1));
    let young = shop.made("young").await.state.id;
    trash(young).await;
    shop.store.clock.advance(TimeDelta::days(TRASH_DAYS.into()));
    shop.store
        .done(&shop.joan, to(&shop.joan, saved, TaskPlace::Open))
        .await;
    let before = shop.store.kinds().await.len();
    let (one, two) = tokio::join!(
        shop.store.store.empty_trash(TRASH_DAYS),
        shop.store.store.empty_trash(TRASH_DAYS)
    );
    one.unwrap();
    two.unwrap();
    let events = shop.store.events().await.split_off(before);
    let told: Vec<_> = events
        .iter()
        .map(|record| (&*record.kind, record.origin.actor))
        .collect();
    assert_eq!(told, [("task.updated", None), ("task.deleted", None)]);
    assert_eq!(shop.now(part).await.state.parent_id, None);
    assert_eq!(shop.now(saved).await.state.title, "saved");
    shop.store
        .done(&shop.joan, to(&shop.joan, young, TaskPlace::Open))
        .await;
    let gone = shop
        .store
        .write(&shop.joan, to(&shop.joan, old, TaskPlace::Open))
        .await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
}
