//! The rows of pipelines: what is shown of one that nobody runs, and when it is forgotten.

use chrono::TimeDelta;
use millstream_domain::clock::Clock;
use millstream_domain::policy::Actor;
use millstream_event_log::Origin;
use millstream_store::StoreError;
use millstream_store::pipeline::letter::{DiscardDeadLetter, RetryDeadLetter};
use millstream_store::pipeline::rebuild::AskRebuild;
use millstream_store::pipeline::resume::ResumePipeline;
use millstream_store::pipeline::{self, PipelineStatus};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::page;

const TTL: TimeDelta = TimeDelta::seconds(15);

async fn acquire(store: &TestStore, name: &str, owner: &str) -> i64 {
    let now = store.clock.now();
    pipeline::acquire(store.store.pool(), name, 1, owner, now, TTL)
        .await
        .unwrap()
        .expect("nobody else has it")
}

async fn say(store: &TestStore, name: &str, generation: i64, state: &str, error: Option<&str>) {
    let (pool, now) = (store.store.pool(), store.clock.now());
    pipeline::report(pool, name, generation, state, error, now)
        .await
        .unwrap();
}

async fn shown(store: &TestStore) -> Vec<(String, String, Option<String>)> {
    let told = |p: PipelineStatus| (p.name, p.state, p.error);
    let pipelines = store.store.pipelines().await.unwrap();
    pipelines.into_iter().map(told).collect()
}

fn is(name: &str, state: &str, error: Option<&str>) -> (String, String, Option<String>) {
    (name.into(), state.into(), error.map(Into::into))
}

#[tokio::test]
async fn a_pipeline_whose_owner_has_been_silent_for_a_minute_has_stopped() {
    let store = TestStore::new().await;
    let died = acquire(&store, "search@died", "died").await;
    say(&store, "search@died", died, "stalled", Some("no space")).await;
    let left = acquire(&store, "search@left", "left").await;
    pipeline::release(store.store.pool(), "search@left", left)
        .await
        .unwrap();
    let here = acquire(&store, "search@here", "here").await;
    store.clock.advance(TimeDelta::seconds(60));
    let renewed = pipeline::renew(
        store.store.pool(),
        "search@here",
        here,
        store.clock.now(),
        TTL,
    );
    assert!(renewed.await.unwrap());
    // The last second of the minute may be a restart.
    let before = [
        is("search@died", "stalled", Some("no space")),
        is("search@here", "running", None),
        is("search@left", "running", None),
    ];
    assert_eq!(shown(&store).await, before);
    store.clock.advance(TimeDelta::seconds(1));
    let after = [
        is("search@died", "stopped", None),
        is("search@here", "running", None),
        is("search@left", "stopped", None),
    ];
    assert_eq!(shown(&store).await, after);
}

#[tokio::test]
async fn a_pipeline_that_has_halted_and_says_so_has_not_stopped() {
    let store = TestStore::new().await;
    let generation = acquire(&store, "activity", "here").await;
    for _ in 0..4 {
        store.clock.advance(TimeDelta::seconds(30));
        say(&store, "activity", generation, "halted", Some("look")).await;
    }
    assert_eq!(
        shown(&store).await,
        [is("activity", "halted", Some("look"))]
    );
    acquire(&store, "activity", "there").await;
    // Whoever was overtaken has no say any more.
    say(&store, "activity", generation, "running", None).await;
    assert_eq!(
        shown(&store).await,
        [is("activity", "halted", Some("look"))]
    );
}

#[tokio::test]
async fn a_nodes_own_view_that_nobody_has_owned_for_a_week_is_forgotten() {
    let store = TestStore::new().await;
    for (name, owner) in [("activity", "gone"), ("search@gone", "gone")] {
        acquire(&store, name, owner).await;
    }
    let letter = "insert into stream.dead_letter (pipeline, seq, key, error, at)
         values ('search@gone', 1, 'a', 'odd', now()), ('activity', 1, 'a', 'odd', now())";
    sqlx::query(letter)
        .execute(store.store.pool())
        .await
        .unwrap();
    store.clock.advance(TimeDelta::days(7));
    store.store.keep_house_once().await.unwrap();
    assert_eq!(shown(&store).await.len(), 2);
    store.clock.advance(TimeDelta::seconds(1));
    acquire(&store, "search@here", "here").await;
    store.store.keep_house_once().await.unwrap();
    let left = [
        is("activity", "stopped", None),
        is("search@here", "running", None),
    ];
    assert_eq!(shown(&store).await, left);
    let letters: Vec<String> = sqlx::query_scalar("select pipeline from stream.dead_letter")
        .fetch_all(store.store.pool())
        .await
        .unwrap();
    assert_eq!(letters, ["activity"]);
}

#[tokio::test]
async fn a_row_that_was_forgotten_outgrows_what_its_sink_remembers() {
    let store = TestStore::new().await;
    let pool = store.store.pool();
    assert_eq!(acquire(&store, "search@here", "here").await, 1);
    pipeline::outgrow(pool, "search@here", 41).await.unwrap();
    pipeline::outgrow(pool, "search@here", 7).await.unwrap();
    assert_eq!(acquire(&store, "search@here", "here").await, 42);
}

#[tokio::test]
async fn nobody_does_anything_to_what_makes_a_view_anew() {
    let store = TestStore::new().await;
    let pipeline = "activity~next".to_owned();
    acquire(&store, &pipeline, "here").await;
    sqlx::query(
        "insert into stream.dead_letter (pipeline, seq, key, error, at)
         values ('activity~next', 1, 'key', 'it cannot be read', now())",
    )
    .execute(store.store.pool())
    .await
    .unwrap();
    let (nobody, actor, seq) = (Origin::default(), Actor::System, 1);
    let retry = RetryDeadLetter {
        actor: actor.clone(),
        pipeline: pipeline.clone(),
        seq,
    };
    let discard = DiscardDeadLetter {
        actor: actor.clone(),
        pipeline: pipeline.clone(),
        seq,
        reason: "a test".to_owned(),
    };
    let resume = ResumePipeline {
        actor: actor.clone(),
        pipeline: pipeline.clone(),
    };
    let rebuild = AskRebuild {
        actor: actor.clone(),
        pipeline: pipeline.clone(),
        compare_only: false,
    };
    let first = page(10, None);
    let refused = [
        store.store.write(&nobody, retry).await.err(),
        store.store.write(&nobody, discard).await.err(),
        store.store.write(&nobody, resume).await.err(),
        store.store.write(&nobody, rebuild).await.err(),
        store
            .store
            .dead_letters(&actor, &pipeline, &[], &first)
            .await
            .err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(StoreError::NotFound)), "{error:?}");
    }
    assert!(store.kinds().await.is_empty());
    let listed = shown(&store).await;
    assert!(listed.is_empty(), "{listed:?}");
}
