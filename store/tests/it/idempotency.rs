//! Idempotency keys: done once, answered the same.

use chrono::TimeDelta;
use millstream_domain::policy::Actor;
use millstream_store::idempotency::{Header, IdempotencyKey, StoredAnswer};
use millstream_store::team::CreateTeam;
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, origin, page};
use millstream_store::write::Answered;
use millstream_store::{Act, StoreError, Written};

fn key(caller: &Actor, key: &str, body: &str) -> IdempotencyKey {
    IdempotencyKey::new(
        &id_of(caller).to_string(),
        "POST",
        "/api/v1/teams",
        key,
        body.as_bytes(),
    )
}

fn act(caller: &Actor, sent: &str, body: &str) -> Act {
    Act {
        origin: origin(caller),
        key: Some(key(caller, sent, body)),
    }
}

fn create(actor: &Actor, name: &str) -> CreateTeam {
    CreateTeam {
        actor: actor.clone(),
        name: name.parse().unwrap(),
        description: None,
    }
}

fn answer(body: &str) -> StoredAnswer {
    StoredAnswer {
        status: 201,
        headers: vec![Header {
            name: "location".into(),
            value: "/here".into(),
        }],
        body: body.into(),
    }
}

async fn teams(store: &TestStore) -> usize {
    store
        .store
        .teams(&Actor::System, &page(100, None))
        .await
        .unwrap()
        .items
        .len()
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_does_nothing() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let first = store
        .store
        .write_once(&act(&ada, "k", "{}"), create(&ada, "Millers"), |_| {
            answer("first")
        })
        .await;
    assert!(
        matches!(first, Ok(Answered::Now(Written { .. }))),
        "{first:?}"
    );
    let events = store.kinds().await.len();
    let again = store
        .store
        .write_once(&act(&ada, "k", "{}"), create(&ada, "Millers"), |_| {
            answer("second")
        })
        .await;
    assert!(matches!(again, Ok(Answered::Before(before)) if before == answer("first")));
    assert_eq!(
        store.store.answered(&key(&ada, "k", "{}")).await.unwrap(),
        Some(answer("first"))
    );
    assert_eq!(
        (teams(&store).await, store.kinds().await.len()),
        (1, events)
    );
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    store
        .store
        .write_once(&act(&ada, "k", "{}"), create(&ada, "Millers"), |_| {
            answer("")
        })
        .await
        .unwrap();
    let other = store
        .store
        .write_once(&act(&ada, "k", "[]"), create(&ada, "Bakers"), |_| {
            answer("")
        })
        .await;
    assert!(matches!(other, Err(StoreError::KeyReused)));
    assert!(matches!(
        store.store.answered(&key(&ada, "k", "[]")).await,
        Err(StoreError::KeyReused)
    ));
    assert_eq!(teams(&store).await, 1);
}

#[tokio::test]
async fn keys_of_others_and_of_other_paths_are_other_keys() {
    let store = TestStore::new().await;
    let (ada, grace) = (store.with_user("ada").await, store.with_user("grace").await);
    for who in [&ada, &grace] {
        let done = store
            .store
            .write_once(&act(who, "k", "{}"), create(who, "Millers"), |_| answer(""))
            .await;
        assert!(matches!(done, Ok(Answered::Now(_))), "{done:?}");
    }
    let elsewhere = IdempotencyKey::new(
        &id_of(&ada).to_string(),
        "POST",
        "/api/v1/tasks",
        "k",
        b"{}",
    );
    assert_eq!(store.store.answered(&elsewhere).await.unwrap(), None);
    // The parts are told apart by their length, not by where they happen to end.
    let shifted = IdempotencyKey::new(
        &id_of(&ada).to_string(),
        "POST",
        "/api/v1/team",
        "sk",
        b"{}",
    );
    assert_eq!(store.store.answered(&shifted).await.unwrap(), None);
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let at_once = (0..12).map(|_| {
        let (store, ada) = (store.store.clone(), ada.clone());
        tokio::spawn(async move {
            store
                .write_once(&act(&ada, "k", "{}"), create(&ada, "Millers"), |_| {
                    answer("once")
                })
                .await
        })
    });
    let mut now = 0;
    for done in futures::future::join_all(at_once).await {
        match done.unwrap() {
            Ok(Answered::Now(_)) => now += 1,
            Ok(Answered::Before(before)) => assert_eq!(before, answer("once")),
            Err(StoreError::StillRunning) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((now, teams(&store).await), (1, 1));
}

#[tokio::test]
async fn an_act_that_failed_may_be_asked_for_again() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let nobody = Actor::Anonymous;
    let refused = store
        .store
        .write_once(&act(&ada, "k", "{}"), create(&nobody, "Millers"), |_| {
            answer("")
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(
        store.store.answered(&key(&ada, "k", "{}")).await.unwrap(),
        None
    );
    let done = store
        .store
        .write_once(&act(&ada, "k", "{}"), create(&ada, "Millers"), |_| {
            answer("")
        })
        .await;
    assert!(matches!(done, Ok(Answered::Now(_))));
}

#[tokio::test]
async fn a_refusal_that_was_kept_is_given_again() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let refusal = StoredAnswer {
        status: 422,
        headers: Vec::new(),
        body: b"{}".to_vec(),
    };
    store
        .store
        .keep_refusal(&key(&ada, "k", "{}"), &refusal)
        .await
        .unwrap();
    let again = store
        .store
        .write_once(&act(&ada, "k", "{}"), create(&ada, "Millers"), |_| {
            answer("")
        })
        .await;
    assert!(matches!(again, Ok(Answered::Before(before)) if before == refusal));
    assert_eq!(teams(&store).await, 0);
}

#[tokio::test]
async fn keys_are_forgotten_after_a_day() {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    store
        .store
        .keep_refusal(&key(&ada, "old", "{}"), &answer(""))
        .await
        .unwrap();
    store.clock.advance(TimeDelta::hours(23));
    store
        .store
        .keep_refusal(&key(&ada, "new", "{}"), &answer(""))
        .await
        .unwrap();
    store.store.keep_house_once().await.unwrap();
    assert!(
        store
            .store
            .answered(&key(&ada, "old", "{}"))
            .await
            .unwrap()
            .is_some()
    );
    store.clock.advance(TimeDelta::hours(2));
    store.store.keep_house_once().await.unwrap();
    assert!(
        store
            .store
            .answered(&key(&ada, "old", "{}"))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .store
            .answered(&key(&ada, "new", "{}"))
            .await
            .unwrap()
            .is_some()
    );
}
