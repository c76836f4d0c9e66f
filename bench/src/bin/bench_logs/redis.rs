//! Redis: the mirror and its reader against pipelines of `XADD` and against `XREAD`, with the same entries and counts.

use crate::ours;
use crate::results::Results;
use millstream_event_log::backends::redis::{RedisLog, STREAM_LEN, entry, stream};
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::redis::{prefix, url};
use millstream_event_log::{Log, Record, Topic};
use millstream_sinks::mirror::redis::RedisTarget;
use redis::aio::MultiplexedConnection;
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Entries that travel together, there and back: as ours.
const ADDED: usize = 500;
const READ: usize = 250;
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// What `XREAD` answers: for each stream, its entries, each with its id and its fields.
type Answer = Option<Vec<(String, Vec<(String, Vec<String>)>)>>;

/// One round, each side with streams of its own.
pub(crate) async fn round(pool: &PgPool, records: &[Record], results: &mut Results) {
    let events = records.len() as u64;
    let server = |prefix: String| Redis::at(&url(), &prefix).unwrap();
    let (ours, theirs) = (server(prefix()), server(prefix()));
    let mut connection = theirs.connect(ANSWER_TIME_MAX).await.unwrap();
    let written = Box::pin(ours::mirror(pool, events, RedisTarget::new(ours.clone()))).await;
    let added = add(&theirs, &mut connection, records).await;
    let truth = ours::truth(pool, events).await;
    results.put("redis written", written, added, Some(truth));

    let log = RedisLog::on(ours.clone(), Log::Postgres(ours::log(pool)));
    let read = ours::read(&Log::Redis(log.clone()), events).await;
    results.filled("redis read", log.brought().1);
    let asked = ask(&ours, &mut connection, events).await;
    results.put("redis read", read, asked, None);
    for redis in [ours, theirs] {
        let streams = Topic::ALL.map(|topic| stream(&redis, topic));
        let mut delete = redis::cmd("DEL");
        delete.arg(&streams);
        delete.exec_async(&mut connection).await.unwrap();
    }
}

async fn add(redis: &Redis, connection: &mut MultiplexedConnection, records: &[Record]) -> f64 {
    let streams = Topic::ALL.map(|topic| (topic, stream(redis, topic)));
    let streams = BTreeMap::from(streams);
    let begun = Instant::now();
    for some in records.chunks(ADDED) {
        let mut commands = redis::pipe();
        for record in some {
            commands.add_command(entry::add(&streams[&record.topic], STREAM_LEN, record));
        }
        let added: Vec<String> = commands.query_async(connection).await.unwrap();
        assert_eq!(added.len(), some.len());
    }
    begun.elapsed().as_secs_f64()
}

async fn ask(redis: &Redis, connection: &mut MultiplexedConnection, events: u64) -> f64 {
    let mut places = BTreeMap::from(Topic::ALL.map(|it| (stream(redis, it), "0-0".to_owned())));
    let (begun, mut told) = (Instant::now(), 0);
    while told < events {
        let mut question = redis::cmd("XREAD");
        question.arg("COUNT").arg(READ).arg("STREAMS");
        question.arg(places.keys().collect::<Vec<_>>());
        question.arg(places.values().collect::<Vec<_>>());
        let answer: Answer = question.query_async(connection).await.unwrap();
        for (stream, mut entries) in answer.unwrap() {
            told += entries.len() as u64;
            let (last, _) = entries.pop().unwrap();
            places.insert(stream, last);
        }
    }
    begun.elapsed().as_secs_f64()
}
