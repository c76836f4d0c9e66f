//! The log, read from a mirror in Redis that is trimmed, has holes, lags, or dies.

use super::mirrored;
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::backends::redis::{RedisLog, entry, stream};
use millstream_event_log::events::Event;
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::new_event;
use millstream_event_log::testing::redis::{OwnServer, connected, prefix, redis};
use millstream_event_log::{Budget, Cut, Log, Record, Seq};

const SMALL: Budget = Budget {
    records: 7,
    bytes: 1 << 20,
};

/// A log with so many records, of all topics.
fn log_of(len: usize) -> (MemoryLog, Vec<Record>) {
    let log = MemoryLog::default();
    let events = (1..).zip(Event::samples().into_iter().cycle()).take(len);
    log.append(events.map(|(n, event)| new_event(n, event)));
    let all = Budget {
        records: len,
        bytes: usize::MAX,
    };
    let records = log.read(Cut::START, all).unwrap().records;
    (log, records)
}

fn from_redis(redis: &Redis, truth: &MemoryLog) -> RedisLog {
    RedisLog::on(redis.clone(), Log::Memory(truth.clone()))
}

/// All that stands behind a cut, batch by batch.
async fn read_on(log: &RedisLog, mut cut: Cut, until: Seq) -> Vec<Record> {
    let mut all = Vec::new();
    while cut.seq < until {
        let batch = log.read(cut, SMALL).await.unwrap();
        all.extend(batch.records);
        cut = batch.cut;
    }
    all
}

#[tokio::test]
async fn four_streams_are_one_log_again_and_nothing_of_it_comes_from_the_database() {
    let (redis, _connected) = redis().await;
    let (truth, records) = log_of(500);
    mirrored(&redis, &records).await;
    let log = from_redis(&redis, &truth);
    assert_eq!(read_on(&log, Cut::START, 500).await, records);
    assert_eq!(log.brought(), (500, 0));
}

#[tokio::test]
async fn what_was_trimmed_or_lost_is_read_from_the_log() {
    let (redis, _connected) = redis().await;
    let (truth, records) = log_of(300);
    let lost = |record: &Record| record.seq <= 100 || (200..210).contains(&record.seq);
    let kept: Vec<_> = records.iter().filter(|it| !lost(it)).cloned().collect();
    mirrored(&redis, &kept).await;
    let log = from_redis(&redis, &truth);
    assert_eq!(read_on(&log, Cut::START, 300).await, records);
    let (mirror, database) = log.brought();
    assert!(database >= 110, "what was lost came from the log");
    assert!(mirror > 0, "the rest came from the mirror");
}

#[tokio::test]
async fn a_repeat_is_refused_by_its_id() {
    let (redis, _connected) = redis().await;
    let (_, records) = log_of(10);
    mirrored(&redis, &records).await;
    for record in &records {
        let again = entry::add(&stream(&redis, record.topic), 100, record);
        let refused = redis.ask::<()>(&again).await.unwrap_err();
        let text = format!("{refused:?}");
        assert!(text.contains("equal or smaller"), "{text}");
    }
    assert!(redis.is_there(), "that is no reason to give the server up");
}

#[tokio::test]
async fn the_mirror_of_another_installation_is_not_believed() {
    let (redis, _connected) = redis().await;
    let (truth, records) = log_of(100);
    let foreign: Vec<_> = records
        .iter()
        .cloned()
        .map(|mut record| {
            record.id = millstream_domain::ids::EventId(uuid::Uuid::from_u128(
                u128::from(record.seq) + (1 << 90),
            ));
            record
        })
        .collect();
    mirrored(&redis, &foreign).await;
    let log = from_redis(&redis, &truth);
    assert_eq!(read_on(&log, Cut::START, 100).await, records);
    assert_eq!(log.brought(), (0, 100));
}

#[tokio::test]
async fn a_reader_whose_server_is_killed_goes_on_with_the_log_and_misses_nothing() {
    let mut server = OwnServer::start();
    let (redis, _connected) = connected(Redis::at(&server.url(), &prefix()).unwrap()).await;
    let (truth, records) = log_of(200);
    mirrored(&redis, &records).await;
    let log = from_redis(&redis, &truth);
    let mut read = read_on(&log, Cut::START, 50).await;
    server.kill();
    let after = read.last().unwrap().seq;
    read.extend(read_on(&log, Cut::at(after), 120).await);
    // It comes back empty, and is filled from somewhere in the middle on.
    server.restart();
    redis.left().await;
    redis.arrived().await;
    mirrored(&redis, &records[150..]).await;
    let after = read.last().unwrap().seq;
    read.extend(read_on(&log, Cut::at(after), 200).await);
    assert_eq!(read, records);
}
