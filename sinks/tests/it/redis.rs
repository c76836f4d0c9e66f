//! The mirror in Redis: as a case of the suite, and with the pipeline around it while the server dies and streams are lost.

use crate::suite::Case;
use millstream_domain::clock::SystemClock;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::backends::redis::entry::Entry;
use millstream_event_log::backends::redis::{RedisLog, stream};
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::redis::Redis;
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::new_event;
use millstream_event_log::testing::redis::{self as servers, OwnServer};
use millstream_event_log::{Budget, Cut, Event, Log, Record, Topic, outbox};
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::mirror;
use millstream_pipelines::sink::Lease;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mirror::MirrorSink;
use millstream_sinks::mirror::redis::{NAME, RedisTarget};
use millstream_store::testing::TestDatabase;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

const PLENTY: Budget = Budget {
    records: 10_000,
    bytes: 1 << 30,
};
/// How long anything may take, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The mirror as a case of the suite.
pub(crate) struct Mirrored {
    database: TestDatabase,
    redis: Redis,
    _connected: DropGuard,
}

impl Case for Mirrored {
    type Sink = MirrorSink<RedisTarget>;

    async fn new() -> Self {
        let (redis, connected) = servers::redis().await;
        Self {
            database: TestDatabase::new().await,
            redis,
            _connected: connected,
        }
    }

    fn sink(&self) -> Self::Sink {
        let pool = self.database.pool().clone();
        let log = PostgresLog::new(pool.clone(), None);
        let target = RedisTarget::new(self.redis.clone());
        MirrorSink::new(target, log, pool, Arc::new(SystemClock))
    }

    fn lease(&self, owner: &str) -> impl Lease {
        let pool = self.database.pool().clone();
        PostgresLease::new(pool, Arc::new(SystemClock), NAME, 1, owner)
    }

    fn items(record: &Record) -> Vec<Record> {
        vec![record.clone()]
    }

    async fn seen(&self) -> Vec<String> {
        let held = held(&self.redis).await;
        held.values().map(|record| format!("{record:?}")).collect()
    }
}

/// Every record in the streams, by its place in the log.
async fn held(redis: &Redis) -> BTreeMap<u64, Record> {
    let mut held = BTreeMap::new();
    for topic in Topic::ALL {
        let mut range = redis::cmd("XRANGE");
        range.arg(stream(redis, topic)).arg("-").arg("+");
        let entries: Vec<Entry> = redis.ask(&range).await.unwrap_or_default();
        for entry in entries {
            let record = entry.read(topic).unwrap();
            assert!(held.insert(record.seq, record).is_none(), "twice");
        }
    }
    held
}

/// The log, its mirror, and what is written.
struct World {
    database: TestDatabase,
    mover: Mover,
    redis: Redis,
}

impl World {
    async fn on(redis: &Redis) -> Self {
        let database = TestDatabase::new().await;
        let mover = Mover::new(database.pool().clone());
        Self {
            database,
            mover,
            redis: redis.clone(),
        }
    }

    /// Writes some events, a commit each ten.
    async fn write(&self, count: u64) {
        let samples = Event::samples();
        let tail = self.log().bounds().await.unwrap().tail;
        let event = |n: u64| {
            new_event(
                n,
                samples[usize::try_from(n).unwrap() % samples.len()].clone(),
            )
        };
        let events: Vec<_> = (tail + 1..=tail + count).map(event).collect();
        for some in events.chunks(10) {
            let mut tx = self.database.pool().begin().await.unwrap();
            outbox::append(&mut tx, some).await.unwrap();
            tx.commit().await.unwrap();
            while self.mover.move_once().await.unwrap() != Moved::Events(0) {}
        }
    }

    fn log(&self) -> PostgresLog {
        PostgresLog::new(self.database.pool().clone(), Some(self.mover.tail()))
    }

    /// The log as it is read through Redis.
    fn mirrored(&self) -> RedisLog {
        RedisLog::on(self.redis.clone(), Log::Postgres(self.log()))
    }

    async fn written(&self) -> Vec<Record> {
        self.log().read(Cut::START, PLENTY).await.unwrap().records
    }

    /// Runs the pipeline of the mirror while something is done, and stops it then.
    async fn while_mirrored<T>(&self, what: impl AsyncFnOnce(&Signals) -> T) -> T {
        let (signals, stop) = (Signals::default(), CancellationToken::new());
        let (pool, clock) = (self.database.pool().clone(), Arc::new(SystemClock));
        let target = RedisTarget::new(self.redis.clone());
        let sink = MirrorSink::new(target, self.log(), pool.clone(), clock.clone());
        let lease = PostgresLease::new(pool, clock.clone(), NAME, 1, "a node");
        let log = Log::Postgres(self.log());
        let pipeline = mirror::pipeline(NAME);
        let runner = Runner::new(pipeline, log, sink, lease, clock, signals.clone());
        let done = async {
            let done = tokio::time::timeout(PATIENCE, what(&signals)).await;
            stop.cancel();
            done.expect("it ends")
        };
        // Boxed, because it is large.
        tokio::join!(Box::pin(runner.run(stop.clone())), done).1
    }

    /// Waits until the mirror has everything.
    async fn reached(&self, signals: &Signals) {
        let tail = self.log().bounds().await.unwrap().tail;
        signals.reached(NAME, tail).await;
    }

    /// Waits until the mirror holds all that was written, and nothing else.
    async fn whole(&self) {
        let written = self.written().await;
        let written: BTreeMap<_, _> = written.into_iter().map(|it| (it.seq, it)).collect();
        while held(&self.redis).await != written {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Reads to a place in the log, as a pipeline does.
async fn read_to(log: &RedisLog, end: u64) -> Vec<Record> {
    let (mut seen, mut cut) = (Vec::new(), Cut::START);
    while cut.seq < end {
        let batch = log.read(cut, PLENTY).await.unwrap();
        cut = batch.cut;
        if batch.records.is_empty() {
            log.wait(cut).await;
        }
        seen.extend(batch.records);
    }
    seen
}

#[tokio::test]
async fn what_is_written_comes_through_redis_in_its_order() {
    let (redis, _connected) = servers::redis().await;
    let world = World::on(&redis).await;
    world
        .while_mirrored(async |signals| {
            world.write(300).await;
            world.reached(signals).await;
        })
        .await;
    let log = world.mirrored();
    assert_eq!(read_to(&log, 300).await, world.written().await);
    assert_eq!(log.brought(), (300, 0));
}

#[tokio::test]
async fn a_stream_that_somebody_removed_is_filled_again() {
    let (redis, _connected) = servers::redis().await;
    let world = World::on(&redis).await;
    let remove = async |topic| {
        let mut remove = redis::cmd("DEL");
        redis
            .ask::<()>(remove.arg(stream(&redis, topic)))
            .await
            .unwrap();
    };
    world.write(100).await;
    world
        .while_mirrored(async |signals| world.reached(signals).await)
        .await;
    remove(Topic::TaskEvents).await;
    // At the start, and while nothing happens.
    world
        .while_mirrored(async |_| {
            world.whole().await;
            remove(Topic::UserActivities).await;
            world.whole().await;
        })
        .await;
}

#[tokio::test]
async fn streams_of_another_history_are_left_alone_and_told() {
    let (redis, _connected) = servers::redis().await;
    let (world, other) = (World::on(&redis).await, World::on(&redis).await);
    world.write(40).await;
    world
        .while_mirrored(async |signals| world.reached(signals).await)
        .await;
    let before = held(&redis).await;
    // Another database, whose events are others at the same places.
    let mut tx = other.database.pool().begin().await.unwrap();
    let events: Vec<_> = (1_000..1_060)
        .map(|n| new_event(n, Event::samples().swap_remove(0)))
        .collect();
    outbox::append(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    while other.mover.move_once().await.unwrap() != Moved::Events(0) {}
    let halted = async |_: &Signals| {
        loop {
            let health: Option<(String, Option<String>)> =
                sqlx::query_as("select state, error from stream.pipeline where name = $1")
                    .bind(NAME)
                    .fetch_optional(other.database.pool())
                    .await
                    .unwrap();
            if let Some((state, Some(error))) = health
                && state == "halted"
            {
                break error;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let error = other.while_mirrored(halted).await;
    assert!(error.contains("choose another prefix"), "{error}");
    assert_eq!(held(&redis).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_events_are_written_costs_nobody_anything() {
    let mut server = OwnServer::start();
    let redis = Redis::at(&server.url(), &servers::prefix()).unwrap();
    let (redis, _connected) = servers::connected(redis).await;
    let world = World::on(&redis).await;
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
