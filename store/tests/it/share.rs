//! Processes share the pipelines: who came later is handed some over.

use chrono::TimeDelta;
use millstream_domain::clock::Clock;
use millstream_store::pipeline::{self, share};
use millstream_store::testing::TestStore;
use std::collections::BTreeMap;

const TTL: TimeDelta = TimeDelta::seconds(15);
const NAMES: [&str; 5] = ["activity", "audit", "mails", "notifications", "timers"];

/// What each process holds, by its generation.
type Held = BTreeMap<&'static str, (&'static str, i64)>;

/// Every process tries to take what it has not, and renews what it has.
async fn turn(store: &TestStore, held: &mut Held, nodes: &[&'static str]) {
    let (pool, now) = (store.store.pool(), store.clock.now());
    for name in NAMES {
        for node in nodes {
            match held.get(name) {
                Some((owner, generation)) if owner == node => {
                    if share::hand_over(pool, name, *generation, now)
                        .await
                        .unwrap()
                    {
                        held.remove(name);
                    }
                }
                _ => {
                    let taken = pipeline::acquire(pool, name, 1, node, now, TTL)
                        .await
                        .unwrap();
                    if let Some(generation) = taken {
                        held.insert(name, (node, generation));
                    } else {
                        share::want(pool, name, node, now).await.unwrap();
                    }
                }
            }
        }
    }
    store.clock.advance(TimeDelta::seconds(2));
}

fn of(held: &Held, node: &str) -> usize {
    held.values().filter(|(owner, _)| *owner == node).count()
}

#[tokio::test]
async fn who_came_later_is_handed_over_as_many_as_make_it_even_and_then_it_rests() {
    let store = TestStore::new().await;
    let mut held = Held::new();
    turn(&store, &mut held, &["one"]).await;
    assert_eq!(of(&held, "one"), 5);
    for _ in 0..6 {
        turn(&store, &mut held, &["one", "two"]).await;
    }
    assert_eq!((of(&held, "one"), of(&held, "two")), (3, 2));
    let even = held.clone();
    turn(&store, &mut held, &["one", "two"]).await;
    assert_eq!(held, even);
}

#[tokio::test]
async fn a_pipeline_that_is_handed_over_goes_to_who_wanted_it_or_to_anybody_soon() {
    let store = TestStore::new().await;
    let pool = store.store.pool();
    let mut held = Held::new();
    turn(&store, &mut held, &["one"]).await;
    let (name, generation) = (NAMES[0], held[NAMES[0]].1);
    let now = store.clock.now();
    share::want(pool, name, "two", now).await.unwrap();
    assert!(share::hand_over(pool, name, generation, now).await.unwrap());
    let take = async |node, at| {
        pipeline::acquire(pool, name, 1, node, at, TTL)
            .await
            .unwrap()
    };
    assert_eq!(take("one", now).await, None);
    // It has died meanwhile.
    let later = now + TimeDelta::seconds(7);
    assert!(take("one", later).await.is_some());
    assert_eq!(take("two", later).await, None);
}
