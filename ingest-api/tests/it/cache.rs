//! The cache: what it spares, and that it never tells what is older than what the asker waits for.

use millstream_event_log::redis::Redis;
use millstream_event_log::testing::redis::{OwnServer, connected, prefix, redis};
use millstream_ingest_api::cache::{Cache, Name};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

/// A view that counts how often it is read.
#[derive(Default)]
struct View {
    seq: AtomicU64,
    reads: AtomicU64,
}

impl View {
    /// Something happens, and the view shows it.
    fn moves_on(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// What somebody is told who asks in this way: a place in the log that the answer shows.
    async fn asked(&self, cache: &Cache, who: &str) -> u64 {
        let before = self.seq.load(Ordering::SeqCst);
        let name = Name::new("a report", before, &who);
        let make = async || {
            self.reads.fetch_add(1, Ordering::SeqCst);
            // It may move on while it is read.
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(self.seq.load(Ordering::SeqCst))
        };
        cache.answer(&name, make).await.unwrap()
    }

    fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn what_was_asked_before_is_not_made_again_until_the_view_moves_on() {
    let (redis, _connected) = redis().await;
    let (one, other) = (Cache::new(redis.clone()), Cache::new(redis));
    let view = View::default();
    for cache in [&one, &other, &one] {
        assert_eq!(view.asked(cache, "ada").await, 0);
    }
    assert_eq!(view.reads(), 1, "another process finds it, too");
    assert_eq!(view.asked(&one, "grace").await, 0);
    assert_eq!(
        view.reads(),
        2,
        "who may see something else is told something else"
    );
    view.moves_on();
    assert_eq!(view.asked(&other, "ada").await, 1);
    assert_eq!(view.asked(&one, "ada").await, 1);
    assert_eq!(view.reads(), 3);
}

#[tokio::test]
async fn nobody_is_told_what_is_older_than_what_they_wait_for() {
    let (redis, _connected) = redis().await;
    let caches = [Cache::new(redis.clone()), Cache::new(redis)];
    let view = View::default();
    let writes = async {
        for _ in 0..200 {
            let wanted = view.moves_on();
            // Who has waited until the view shows it asks.
            for cache in &caches {
                let shown = view.asked(cache, "ada").await;
                assert!(shown >= wanted, "{shown} is older than {wanted}");
            }
        }
    };
    let reads = async {
        for round in 0..400 {
            let wanted = view.seq.load(Ordering::SeqCst);
            let shown = view.asked(&caches[round % 2], "ada").await;
            assert!(shown >= wanted, "{shown} is older than {wanted}");
        }
    };
    tokio::join!(writes, reads);
}

#[tokio::test]
async fn when_redis_dies_every_answer_is_made() {
    let mut server = OwnServer::start();
    let redis = Redis::at(&server.url(), &prefix()).unwrap();
    let (redis, _connected) = connected(redis).await;
    let cache = Cache::new(redis.clone());
    let view = View::default();
    view.asked(&cache, "ada").await;
    server.kill();
    view.moves_on();
    for reads in 2..=4 {
        assert_eq!(view.asked(&cache, "ada").await, 1);
        assert_eq!(view.reads(), reads);
    }
    redis.left().await;
    server.restart();
    redis.arrived().await;
    view.asked(&cache, "ada").await;
    view.asked(&cache, "ada").await;
    assert_eq!(view.reads(), 5, "it is kept again");
}

#[tokio::test]
async fn what_cannot_be_read_back_is_made_anew() {
    let (redis, _connected) = redis().await;
    let cache = Cache::new(redis);
    let name = Name::new("a report", 7, &"ada");
    let text = cache.answer(&name, async || Ok::<_, Infallible>("a text".to_owned()));
    assert_eq!(text.await.unwrap(), "a text");
    let number = cache.answer(&name, async || Ok::<_, Infallible>(7_u64));
    assert_eq!(number.await.unwrap(), 7);
}
