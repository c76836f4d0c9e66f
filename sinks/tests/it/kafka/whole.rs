//! A log in Postgres, its mirror in Kafka, and a reader of the mirror, all at work at once.

use millstream_domain::clock::SystemClock;
use millstream_event_log::backends::kafka::{Kafka, KafkaLog};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::kafka::TestKafka;
use millstream_event_log::testing::new_event;
use millstream_event_log::{Budget, Cut, Event, Log, Record, outbox};
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::mirror;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mirror::MirrorSink;
use millstream_sinks::mirror::kafka::{KafkaTarget, NAME};
use millstream_store::testing::TestDatabase;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(super) const PLENTY: Budget = Budget {
    records: 10_000,
    bytes: 1 << 30,
};

/// How long anything may take, on the slowest machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// The log and its mirror.
pub(super) struct World {
    database: TestDatabase,
    mover: Mover,
    pub(super) kafka: Kafka,
}

impl World {
    pub(super) async fn on(kafka: Kafka) -> Self {
        let database = TestDatabase::new().await;
        let mover = Mover::new(database.pool().clone());
        Self {
            database,
            mover,
            kafka,
        }
    }

    /// Writes some events, a commit each ten.
    pub(super) async fn write(&self, count: u64) {
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

    pub(super) fn log(&self) -> PostgresLog {
        PostgresLog::new(self.database.pool().clone(), Some(self.mover.tail()))
    }

    /// The log as it is read through Kafka.
    pub(super) fn mirrored(&self) -> KafkaLog {
        KafkaLog::on(self.kafka.clone(), Log::Postgres(self.log()))
    }

    /// Everything that was written.
    pub(super) async fn written(&self) -> Vec<Record> {
        self.log().read(Cut::START, PLENTY).await.unwrap().records
    }

    /// Runs the pipeline of the mirror until told to stop.
    pub(super) async fn mirror(&self, signals: Signals, stop: CancellationToken) {
        let (pool, clock) = (self.database.pool().clone(), Arc::new(SystemClock));
        let target = KafkaTarget::new(self.kafka.clone());
        let sink = MirrorSink::new(target, self.log(), pool.clone(), clock.clone());
        let lease = PostgresLease::new(pool, clock.clone(), NAME, 1, "a node");
        let log = Log::Postgres(self.log());
        let runner = Runner::new(mirror::pipeline(NAME), log, sink, lease, clock, signals);
        Box::pin(runner.run(stop)).await;
    }

    /// Runs it while something is done, and stops it then.
    pub(super) async fn while_mirrored<T>(&self, what: impl AsyncFnOnce(&Signals) -> T) -> T {
        let (signals, stop) = (Signals::default(), CancellationToken::new());
        let done = async {
            let done = tokio::time::timeout(PATIENCE, Box::pin(what(&signals))).await;
            stop.cancel();
            done.expect("it ends")
        };
        tokio::join!(self.mirror(signals.clone(), stop.clone()), done).1
    }

    /// Waits until the mirror has everything.
    pub(super) async fn reached(&self, signals: &Signals) {
        let tail = self.log().bounds().await.unwrap().tail;
        signals.reached(NAME, tail).await;
    }

    /// How the pipeline is, and why.
    pub(super) async fn health(&self) -> (String, Option<String>) {
        sqlx::query_as("select state, error from stream.pipeline where name = $1")
            .bind(NAME)
            .fetch_optional(self.database.pool())
            .await
            .unwrap()
            .unwrap_or_default()
    }
}

/// Reads from the beginning to a place in the log, as a pipeline does.
pub(super) async fn read_to(log: &KafkaLog, end: u64) -> Vec<Record> {
    read_on(log, Cut::START, end).await
}

/// Reads on to a place in the log.
pub(super) async fn read_on(log: &KafkaLog, mut cut: Cut, end: u64) -> Vec<Record> {
    let mut seen = Vec::new();
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
async fn what_is_written_comes_through_kafka_in_its_order() {
    for partitions in [1, 4] {
        let topics = TestKafka::new(partitions);
        let world = World::on(topics.kafka.clone()).await;
        let log = world.mirrored();
        let seen = world
            .while_mirrored(async |signals| {
                world.write(200).await;
                world.reached(signals).await;
                let (seen, ()) = tokio::join!(read_to(&log, 600), world.write(400));
                seen
            })
            .await;
        assert_eq!(seen, world.written().await);
        let (mirror, _) = log.brought();
        assert!(mirror >= 200, "{mirror} records came from Kafka");
    }
}

#[tokio::test]
async fn a_mirror_goes_on_where_it_stopped() {
    let topics = TestKafka::new(2);
    let world = World::on(topics.kafka.clone()).await;
    for _ in 0..3 {
        world.write(50).await;
        world
            .while_mirrored(async |signals| world.reached(signals).await)
            .await;
    }
    let log = world.mirrored();
    assert_eq!(read_to(&log, 150).await, world.written().await);
    assert_eq!(log.brought(), (150, 0));
}

#[tokio::test]
async fn the_topics_of_another_installation_are_not_touched() {
    let topics = TestKafka::new(1);
    let one = World::on(topics.kafka.clone()).await;
    one.write(20).await;
    one.while_mirrored(async |signals| one.reached(signals).await)
        .await;
    // Its events have the same places in its log, and other ids.
    let other = World::on(topics.kafka.clone()).await;
    let error = other
        .while_mirrored(async |_| {
            loop {
                if let (state, Some(error)) = other.health().await
                    && state == "halted"
                {
                    return error;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    assert!(error.contains("another history"), "{error}");
    assert!(error.contains("prefix"), "{error}");
}
