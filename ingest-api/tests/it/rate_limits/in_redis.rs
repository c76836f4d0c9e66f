//! Quotas of several processes: with Redis they are one, and without it everybody is served all the same.

use crate::app::{TestApp, User};
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::redis::{OwnServer, connected, prefix, redis};
use millstream_ingest_api::settings::{RateLimits, Settings};
use std::num::NonZeroU32;

/// A quota a minute that comes back so slowly that a test does not see it.
fn person(limit: u32) -> impl Fn(&mut Settings) {
    move |settings| {
        settings.rate_limits = Some(RateLimits {
            person: NonZeroU32::new(limit).unwrap(),
            ..RateLimits::default()
        });
    }
}

/// What an answer says of the quota, and its status.
async fn ask(app: &TestApp, who: &User) -> (u16, [Option<String>; 4]) {
    let answer = app.get("/auth/me").by(who).send().await;
    let header = |name| answer.header(name).map(str::to_owned);
    let told = [
        header("ratelimit-limit"),
        header("ratelimit-remaining"),
        header("ratelimit-reset"),
        header("retry-after"),
    ];
    (answer.status, told)
}

#[tokio::test]
async fn a_quota_is_that_of_all_processes_together() {
    let (redis, _connected) = redis().await;
    let one = TestApp::with_redis(redis, person(3)).await;
    let other = one.another_node_with(person(3));
    let (ada, grace) = (one.user("ada").await, one.user("grace").await);
    let left = async |app: &TestApp, who: &User| {
        let (status, told) = ask(app, who).await;
        (status, told[1].clone().unwrap_or_default())
    };
    assert_eq!(left(&one, &ada).await, (200, "2".into()));
    assert_eq!(left(&other, &ada).await, (200, "1".into()));
    assert_eq!(left(&one, &ada).await, (200, "0".into()));
    assert_eq!(left(&other, &ada).await, (429, "0".into()));
    assert_eq!(left(&one, &ada).await, (429, "0".into()));
    assert_eq!(left(&other, &grace).await, (200, "2".into()));
}

#[tokio::test]
async fn people_are_told_the_same_with_and_without_redis() {
    let (redis, _connected) = redis().await;
    let with = TestApp::with_redis(redis, person(2)).await;
    let without = TestApp::with_settings(person(2)).await;
    let (ada, her_twin) = (with.user("ada").await, without.user("ada").await);
    for _ in 0..4 {
        let (told, expected) = (ask(&with, &ada).await, ask(&without, &her_twin).await);
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn when_redis_dies_each_process_counts_for_itself_and_nobody_is_held_up() {
    let mut server = OwnServer::start();
    let redis = Redis::at(&server.url(), &prefix()).unwrap();
    let (redis, _connected) = connected(redis).await;
    let one = TestApp::with_redis(redis.clone(), person(2)).await;
    let other = one.another_node_with(person(2));
    let ada = one.user("ada").await;
    let status = async |app: &TestApp| ask(app, &ada).await.0;
    assert_eq!([status(&one).await, status(&other).await], [200, 200]);
    assert_eq!([status(&one).await, status(&other).await], [429, 429]);
    server.kill();
    for app in [&one, &other] {
        let answers = [status(app).await, status(app).await, status(app).await];
        assert_eq!(answers, [200, 200, 429], "a quota of its own");
    }
    redis.left().await;
    server.restart();
    redis.arrived().await;
    // It came back empty: there is a whole quota again, for both together.
    assert_eq!([status(&one).await, status(&other).await], [200, 200]);
    assert_eq!([status(&one).await, status(&other).await], [429, 429]);
}

#[tokio::test]
async fn when_redis_is_full_each_process_counts_for_itself() {
    let server = OwnServer::start();
    let redis = Redis::at(&server.url(), &prefix()).unwrap();
    let (redis, _connected) = connected(redis).await;
    // Less than it takes by itself, so that nothing more is kept.
    let mut full = redis::cmd("CONFIG");
    full.arg("SET").arg("maxmemory").arg(1);
    redis.ask::<()>(&full).await.unwrap();
    let one = TestApp::with_redis(redis.clone(), person(2)).await;
    let other = one.another_node_with(person(2));
    let ada = one.user("ada").await;
    for app in [&one, &other] {
        let answers = [
            ask(app, &ada).await.0,
            ask(app, &ada).await.0,
            ask(app, &ada).await.0,
        ];
        assert_eq!(answers, [200, 200, 429], "a quota of its own");
    }
    assert!(redis.is_there(), "a server that is full is there");
}
