//! Refusals are told within limits, and none is forgotten.

use chrono::TimeDelta;
use millstream_domain::policy::Actor;
use millstream_event_log::Event;
use millstream_event_log::events::{AccessEvent, SessionEvent};
use millstream_store::access::RecordRefusal;
use millstream_store::session::RecordFailedLogin;
use millstream_store::testing::TestStore;

/// How many were told one by one, and how many only as a number.
async fn told(store: &TestStore) -> (usize, u64) {
    let mut told = (0, 0);
    for record in store.events().await {
        let suppressed = match record.event().unwrap() {
            Event::Access(AccessEvent::Refused(refused))
                if refused.attempted.starts_with("more ") =>
            {
                told.1 += refused.suppressed;
                continue;
            }
            Event::Access(AccessEvent::Refused(refused)) => refused.suppressed,
            Event::Session(SessionEvent::LoginFailed(failed)) => failed.suppressed,
            _ => continue,
        };
        told.0 += 1;
        told.1 += suppressed;
    }
    told
}

async fn fail(store: &TestStore, times: usize) {
    for _ in 0..times {
        store
            .done(&Actor::Anonymous, RecordFailedLogin { user_id: None })
            .await;
    }
}

#[tokio::test]
async fn ten_a_minute_are_told_and_the_rest_is_counted() {
    let store = TestStore::new().await;
    fail(&store, 25).await;
    assert_eq!(told(&store).await, (10, 0));
    store.clock.advance(TimeDelta::minutes(1));
    let refusal = RecordRefusal {
        user_id: None,
        attempted: "PATCH /api/v1/teams/{id}".into(),
        entity: "team".into(),
        entity_id: None,
    };
    store.done(&Actor::Anonymous, refusal).await;
    assert_eq!(told(&store).await, (11, 15));
}

#[tokio::test]
async fn what_was_not_told_is_told_when_nobody_comes_back() {
    let store = TestStore::new().await;
    fail(&store, 13).await;
    store.store.keep_house_once().await.unwrap();
    assert_eq!(told(&store).await, (10, 0), "the minute is not over");
    store.clock.advance(TimeDelta::minutes(1));
    store.store.keep_house_once().await.unwrap();
    store.store.keep_house_once().await.unwrap();
    assert_eq!(told(&store).await, (10, 3));
    let last = store.events().await.pop().unwrap();
    assert_eq!(last.origin.client_ip.as_deref(), Some("192.0.2.1"));
    let rows: i64 = sqlx::query_scalar("select count(*) from app.refusal")
        .fetch_one(store.database().pool())
        .await
        .unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_flood_from_one_address_at_once_is_counted_to_the_last() {
    let store = TestStore::new().await;
    let flood = (0..40).map(|_| store.done(&Actor::Anonymous, RecordFailedLogin { user_id: None }));
    futures::future::join_all(flood).await;
    store.clock.advance(TimeDelta::minutes(1));
    fail(&store, 1).await;
    assert_eq!(told(&store).await, (11, 30));
}
