//! What every backend promises, tried on each. To add a backend: a [`Backend`] and a line at the end.

use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::events::Event;
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Batch, Bounds, Budget, Cut, Log, LogError, NewEvent, outbox};
use millstream_store::testing::TestDatabase;
use std::time::Duration;

/// A log, and how events get into it.
trait Backend {
    async fn new() -> Self;
    fn log(&self) -> Log;
    async fn append(&self, events: Vec<NewEvent>);
}

struct Memory(MemoryLog);

impl Backend for Memory {
    async fn new() -> Self {
        Self(MemoryLog::default())
    }

    fn log(&self) -> Log {
        Log::Memory(self.0.clone())
    }

    async fn append(&self, events: Vec<NewEvent>) {
        self.0.append(events);
    }
}

struct Postgres {
    database: TestDatabase,
    mover: Mover,
}

impl Backend for Postgres {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let mover = Mover::new(database.pool().clone());
        Self { database, mover }
    }

    fn log(&self) -> Log {
        Log::Postgres(PostgresLog::new(
            self.database.pool().clone(),
            Some(self.mover.tail()),
        ))
    }

    async fn append(&self, events: Vec<NewEvent>) {
        let mut tx = self.database.pool().begin().await.unwrap();
        outbox::append(&mut tx, &events).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            self.mover.move_once().await.unwrap(),
            Moved::Events(events.len())
        );
    }
}

/// With everything in a mirror of so many partitions, as soon as it is in the log.
#[cfg(feature = "kafka")]
struct Kafka<const PARTITIONS: u16> {
    truth: MemoryLog,
    topics: millstream_event_log::testing::kafka::TestKafka,
    log: Log,
}

#[cfg(feature = "kafka")]
impl<const PARTITIONS: u16> Backend for Kafka<PARTITIONS> {
    async fn new() -> Self {
        use millstream_event_log::backends::kafka::KafkaLog;
        let topics = millstream_event_log::testing::kafka::topics(PARTITIONS).await;
        let truth = MemoryLog::default();
        let log = KafkaLog::on(topics.kafka.clone(), Log::Memory(truth.clone()));
        Self {
            log: Log::Kafka(log),
            truth,
            topics,
        }
    }

    fn log(&self) -> Log {
        self.log.clone()
    }

    async fn append(&self, events: Vec<NewEvent>) {
        let tail = self.truth.bounds().tail;
        self.truth.append(events);
        let batch = self.truth.read(Cut::at(tail), PLENTY).unwrap();
        crate::kafka::mirrored(&self.topics.kafka, &batch.records).await;
    }
}

/// With everything in the mirror, as soon as it is in the log.
#[cfg(feature = "redis")]
struct Redis {
    truth: Postgres,
    server: millstream_event_log::redis::Redis,
    log: Log,
    _connected: tokio_util::sync::DropGuard,
}

#[cfg(feature = "redis")]
impl Backend for Redis {
    async fn new() -> Self {
        use millstream_event_log::backends::redis::RedisLog;
        let truth = Postgres::new().await;
        let (server, connected) = millstream_event_log::testing::redis::redis().await;
        let log = Log::Redis(RedisLog::on(server.clone(), truth.log()));
        Self {
            truth,
            server,
            log,
            _connected: connected,
        }
    }

    fn log(&self) -> Log {
        self.log.clone()
    }

    async fn append(&self, events: Vec<NewEvent>) {
        let tail = self.truth.log().bounds().await.unwrap().tail;
        self.truth.append(events).await;
        let batch = self.truth.log().read(Cut::at(tail), PLENTY).await.unwrap();
        crate::redis::mirrored(&self.server, &batch.records).await;
    }
}

/// As much as a test could want.
const PLENTY: Budget = Budget {
    records: 10_000,
    bytes: 1 << 30,
};

fn some_events() -> Vec<NewEvent> {
    (1..)
        .zip(Event::samples())
        .map(|(n, event)| new_event(n, event))
        .collect()
}

async fn filled<B: Backend>() -> (B, Vec<NewEvent>) {
    let backend = B::new().await;
    let events = some_events();
    backend.append(events.clone()).await;
    (backend, events)
}

async fn every_event_is_read_back_dense_and_in_order<B: Backend>() {
    let (backend, events) = filled::<B>().await;
    let batch = backend.log().read(Cut::START, PLENTY).await.unwrap();
    assert_eq!(batch.cut, Cut::at(events.len() as u64));
    for ((record, event), seq) in batch.records.iter().zip(&events).zip(1..) {
        assert_eq!(record.seq, seq);
        assert_eq!(record.id, event.id);
        assert_eq!(record.at, event.at);
        assert_eq!(record.origin, event.origin);
        assert_eq!(record.key, event.event.key());
        assert_eq!(record.event().unwrap(), event.event);
    }
    assert_eq!(batch.records.len(), events.len());
}

async fn reading_on_from_any_cut_gives_the_rest<B: Backend>() {
    let (backend, events) = filled::<B>().await;
    let all = backend
        .log()
        .read(Cut::START, PLENTY)
        .await
        .unwrap()
        .records;
    for cut in 0..=events.len() {
        let batch = backend
            .log()
            .read(Cut::at(cut as u64), PLENTY)
            .await
            .unwrap();
        assert_eq!(batch.records, all[cut..]);
    }
}

async fn a_read_stays_within_its_budget_but_always_moves_on<B: Backend>() {
    let (backend, events) = filled::<B>().await;
    let budget = |records, bytes| Budget { records, bytes };
    let read = async |budget| {
        backend
            .log()
            .read(Cut::START, budget)
            .await
            .unwrap()
            .records
    };
    assert_eq!(read(budget(3, 1 << 30)).await.len(), 3);
    assert_eq!(read(budget(0, 0)).await.len(), 1, "one record always comes");
    let sizes: Vec<_> = read(PLENTY)
        .await
        .iter()
        .map(millstream_event_log::Record::size)
        .collect();
    assert_eq!(read(budget(100, sizes[0] + sizes[1])).await.len(), 2);
    assert_eq!(read(budget(100, sizes[0] + sizes[1] - 1)).await.len(), 1);
    assert_eq!(sizes.len(), events.len());
}

async fn a_batch_knows_whether_there_is_more<B: Backend>() {
    let (backend, events) = filled::<B>().await;
    let log = backend.log();
    let has_more = async |cut, budget| log.read(Cut::at(cut), budget).await.unwrap().has_more();
    let small = Budget {
        records: 1_000,
        bytes: 1,
    };
    let end = events.len() as u64;
    assert!(has_more(0, small).await, "the bytes were used up");
    assert!(has_more(end - 2, small).await);
    assert!(!has_more(end - 1, small).await, "it brought the last");
    assert!(!has_more(0, PLENTY).await);
    assert!(!has_more(end, PLENTY).await);
}

async fn at_the_end_there_is_nothing_and_the_cut_stays<B: Backend>() {
    let (backend, events) = filled::<B>().await;
    let end = Cut::at(events.len() as u64);
    let batch = backend.log().read(end, PLENTY).await.unwrap();
    assert_eq!(
        batch,
        Batch {
            records: vec![],
            cut: end,
            tail: end.seq,
        }
    );
}

async fn a_reader_that_is_ahead_of_the_log_is_told<B: Backend>() {
    let (backend, events) = filled::<B>().await;
    let end = events.len() as u64;
    let ahead = backend.log().read(Cut::at(end + 1), PLENTY).await;
    assert!(
        matches!(ahead, Err(LogError::Ahead { cut, tail }) if cut == end + 1 && tail == end),
        "{ahead:?}"
    );
}

async fn the_bounds_follow_the_log<B: Backend>() {
    let backend = B::new().await;
    assert_eq!(
        backend.log().bounds().await.unwrap(),
        Bounds { head: 1, tail: 0 }
    );
    let events = some_events();
    let tail = events.len() as u64;
    backend.append(events).await;
    assert_eq!(
        backend.log().bounds().await.unwrap(),
        Bounds { head: 1, tail }
    );
}

async fn whoever_waits_is_woken_by_the_next_record<B: Backend>() {
    let (backend, events) = filled::<B>().await;
    let log = backend.log();
    let end = Cut::at(events.len() as u64);
    let woken = async {
        loop {
            log.wait(end).await;
            let batch = log.read(end, PLENTY).await.unwrap();
            if !batch.records.is_empty() {
                break batch;
            }
        }
    };
    let write = backend.append(vec![new_event(1_000, Event::samples()[0].clone())]);
    let both = async { tokio::join!(woken, write).0 };
    let batch = tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .expect("woken in time");
    assert_eq!(batch.records.len(), 1);
}

macro_rules! event_log_suite {
    ($($name:ident: $backend:ty, [$($case:ident),* $(,)?];)*) => {$(
        mod $name {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case::<$backend>().await;
                }
            )*
        }
    )*};
    ($($name:ident: $backend:ty;)*) => {
        event_log_suite! {$(
            $name: $backend, [
                every_event_is_read_back_dense_and_in_order,
                reading_on_from_any_cut_gives_the_rest,
                a_read_stays_within_its_budget_but_always_moves_on,
                a_batch_knows_whether_there_is_more,
                at_the_end_there_is_nothing_and_the_cut_stays,
                a_reader_that_is_ahead_of_the_log_is_told,
                the_bounds_follow_the_log,
                whoever_waits_is_woken_by_the_next_record,
            ];
        )*}
    };
}

event_log_suite! {
    memory: Memory;
    postgres: Postgres;
}

#[cfg(feature = "redis")]
event_log_suite! {
    redis: Redis;
}

#[cfg(feature = "kafka")]
event_log_suite! {
    kafka_with_1_partition: Kafka<1>;
    kafka_with_4_partitions: Kafka<4>;
}
