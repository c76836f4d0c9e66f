//! The mirror in Redis: as a medium of the suites, and while its server is killed.

use crate::mirrored::{Medium, World, read_to};
use millstream_event_log::backends::redis::{RedisLog, RedisMirror, stream};
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::redis::{self as servers, OwnServer, held};
use millstream_event_log::{Log, Record, Topic};
use millstream_sinks::mirror::redis::RedisTarget;
use tokio_util::sync::DropGuard;

/// Streams, and the connection to them.
pub(crate) struct InRedis {
    redis: Redis,
    _connected: DropGuard,
}

impl Medium for InRedis {
    type Target = RedisTarget;
    type Mirror = RedisMirror;

    async fn fresh() -> Self {
        let (redis, connected) = servers::redis().await;
        Self {
            redis,
            _connected: connected,
        }
    }

    fn target(&self) -> RedisTarget {
        RedisTarget::new(self.redis.clone())
    }

    fn log(&self, truth: Log) -> RedisLog {
        RedisLog::on(self.redis.clone(), truth)
    }

    async fn held(&self) -> Option<Vec<Record>> {
        Some(held(&self.redis).await)
    }

    async fn remove(&self, topics: &[Topic]) -> bool {
        for topic in topics {
            let mut remove = redis::cmd("DEL");
            remove.arg(stream(&self.redis, *topic));
            self.redis.ask::<()>(&remove).await.unwrap();
        }
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_events_are_written_costs_nobody_anything() {
    let mut server = OwnServer::start();
    let redis = Redis::at(&server.url(), &servers::prefix()).unwrap();
    let (redis, connected) = servers::connected(redis).await;
    let medium = InRedis {
        redis,
        _connected: connected,
    };
    let world = World::on(&medium).await;
    let log = world.mirrored();
    let seen = world
        .while_mirrored(async |signals| {
            world.write(300).await;
            world.reached(signals).await;
            let writing = async {
                for _ in 0..3 {
                    world.write(100).await;
                    // It keeps nothing: whoever kills it wipes it.
                    server.kill();
                    world.write(100).await;
                    server.restart();
                    world.write(100).await;
                }
            };
            let (seen, ()) = tokio::join!(read_to(&log, 1_200), writing);
            world.whole().await;
            seen
        })
        .await;
    let written = world.written().await;
    assert_eq!(seen, written);
    let anew = world.mirrored();
    assert_eq!(read_to(&anew, 1_200).await, written);
    assert_eq!(anew.brought(), (1_200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_take_out_of_a_stream_while_events_are_written_comes_again() {
    let medium = InRedis::fresh().await;
    let world = World::on(&medium).await;
    world
        .while_mirrored(async |signals| {
            world.write(300).await;
            world.reached(signals).await;
            let name = stream(&medium.redis, Topic::TaskEvents);
            let mut remove = redis::cmd("DEL");
            remove.arg(&name);
            let mut empty = redis::cmd("XTRIM");
            empty.arg(&name).arg("MAXLEN").arg(0);
            let mut shorten = redis::cmd("XTRIM");
            shorten.arg(&name).arg("MAXLEN").arg(5);
            for harm in [remove, empty, shorten] {
                medium.redis.ask::<()>(&harm).await.unwrap();
                world.write(50).await;
                world.whole().await;
            }
        })
        .await;
}
