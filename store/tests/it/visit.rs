//! When somebody was last here.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::clock::Clock;
use millstream_store::session::{StartBrowserSession, TokenHash, Visitor};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::id_of;

async fn browser() -> TestStore {
    let store = TestStore::new().await;
    let ada = store.with_user("ada").await;
    let start = StartBrowserSession {
        user_id: id_of(&ada),
        password_hash: None,
        cookie: TokenHash::of("cookie"),
    };
    store.done(&ada, start).await;
    store
}

async fn look(store: &TestStore) -> Visitor {
    let visitor = store.store.visitor(TokenHash::of("cookie")).await.unwrap();
    let mut visitor = visitor.unwrap();
    store.store.note_visit(&mut visitor).await.unwrap();
    visitor
}

async fn noted(store: &TestStore) -> DateTime<Utc> {
    let noted = sqlx::query_scalar("select seen_at from app.last_seen");
    noted.fetch_one(store.store.pool()).await.unwrap()
}

#[tokio::test]
async fn a_pause_ends_a_visit_and_shorter_ones_do_not() {
    let store = browser().await;
    let begun = store.clock.now();
    assert_eq!(look(&store).await.visit_before, None);
    for _ in 0..4 {
        store.clock.advance(TimeDelta::minutes(10));
        assert_eq!(look(&store).await.visit_before, None);
    }
    let left = store.clock.now();
    assert_eq!(left - begun, TimeDelta::minutes(40));
    store.clock.advance(TimeDelta::hours(9));
    assert_eq!(look(&store).await.visit_before, Some(left));
    store.clock.advance(TimeDelta::minutes(20));
    assert_eq!(look(&store).await.visit_before, Some(left));
}

#[tokio::test]
async fn looking_again_at_once_writes_nothing() {
    let store = browser().await;
    look(&store).await;
    let first = noted(&store).await;
    store.clock.advance(TimeDelta::minutes(4));
    look(&store).await;
    assert_eq!(noted(&store).await, first);
    store.clock.advance(TimeDelta::minutes(1));
    look(&store).await;
    assert_eq!(noted(&store).await, first + TimeDelta::minutes(5));
}
