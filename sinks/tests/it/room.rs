//! A mirror in a Redis that has little room: what it keeps of the log, and what becomes of it when the server is full.

use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::backends::redis::{RedisLog, stream};
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::new_event;
use millstream_event_log::testing::redis::{OwnServer, connected, prefix, redis};
use millstream_event_log::{Budget, Cut, Event, Log, Record, Topic};
use millstream_pipelines::sink::{Effect, Fault};
use millstream_sinks::mirror::Target;
use millstream_sinks::mirror::redis::RedisTarget;

const PLENTY: Budget = Budget {
    records: 10_000,
    bytes: 1 << 30,
};

/// A log of so many records, all of them of one topic.
fn log_of(len: u64) -> (MemoryLog, Vec<Effect<Record>>) {
    let log = MemoryLog::default();
    let event = Event::samples().swap_remove(0);
    log.append((1..=len).map(|n| new_event(n, event.clone())));
    let records = log.read(Cut::START, PLENTY).unwrap().records;
    let effect = |record: Record| Effect {
        seq: record.seq,
        at: record.at,
        item: record,
    };
    (log, records.into_iter().map(effect).collect())
}

/// How many entries the streams have together.
async fn held(redis: &Redis) -> u64 {
    let mut held = 0;
    for topic in Topic::ALL {
        let mut len = redis::cmd("XLEN");
        let len: u64 = redis.ask(len.arg(stream(redis, topic))).await.unwrap();
        held += len;
    }
    held
}

async fn set_memory_max(redis: &Redis, bytes: u64) {
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("maxmemory").arg(bytes);
    redis.ask::<()>(&set).await.unwrap();
}

async fn memory(redis: &Redis) -> u64 {
    let told: String = redis.ask(redis::cmd("INFO").arg("memory")).await.unwrap();
    let used = told.lines().find_map(|it| it.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_server_that_is_full_holds_no_gap_and_is_filled_on_once_it_has_room() {
    let server =
        OwnServer::with(|_, _| ["--maxmemory-policy", "noeviction"].map(Into::into).into());
    let redis = Redis::at(&server.url(), &prefix()).unwrap();
    let (redis, _connected) = connected(redis).await;
    let (log, records) = log_of(3_000);
    let mut target = RedisTarget::new(redis.clone());
    target.open(Cut::START, Vec::new()).await.unwrap();
    set_memory_max(&redis, memory(&redis).await + (1 << 20)).await;
    let mut rest = &records[..];
    let refused = loop {
        let (some, more) = rest.split_at(100);
        match target.write(some).await {
            Ok(()) => rest = more,
            Err(refused) => break refused,
        }
    };
    let Fault::Transient(why) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.to_string().contains("Redis is full"), "{why}");
    assert!(why.to_string().contains("REDIS_STREAM_LEN"), "{why}");
    // Of what travelled together nothing is there: the rest could not be put before it later.
    let taken = (records.len() - rest.len()) as u64;
    assert_eq!(held(&redis).await, taken);
    assert!(redis.is_there(), "a server that is full is there");
    // Who reads does not notice.
    let reader = RedisLog::on(redis.clone(), Log::Memory(log.clone()));
    let batch = reader.read(Cut::START, PLENTY).await.unwrap();
    assert_eq!(
        batch,
        log.read(Cut::START, budget(batch.records.len())).unwrap()
    );

    set_memory_max(&redis, 0).await;
    for some in rest.chunks(100) {
        target.write(some).await.unwrap();
    }
    assert_eq!(held(&redis).await, 3_000);
    target.check().await.unwrap();
}

fn budget(records: usize) -> Budget {
    Budget { records, ..PLENTY }
}

#[tokio::test]
async fn streams_keep_the_newest_entries_and_who_wants_older_ones_gets_them_from_the_log() {
    let (redis, _connected) = redis().await;
    let (log, records) = log_of(2_000);
    let mut target = RedisTarget::new(redis.clone()).keeping(1_000);
    target.open(Cut::START, Vec::new()).await.unwrap();
    target.write(&records).await.unwrap();
    let kept = held(&redis).await;
    assert!((1_000..1_200).contains(&kept), "{kept}");

    let reader = RedisLog::on(redis.clone(), Log::Memory(log.clone()));
    let (mut seen, mut cut) = (Vec::new(), Cut::START);
    while cut.seq < 2_000 {
        let batch = reader.read(cut, budget(100)).await.unwrap();
        cut = batch.cut;
        seen.extend(batch.records);
    }
    assert_eq!(seen, log.read(Cut::START, PLENTY).unwrap().records);
    let (from_mirror, from_log) = reader.brought();
    assert!(from_log >= 2_000 - kept, "{from_log} came from the log");
    assert!(from_mirror > 0, "the newest came from the mirror");

    // What was let go of is not missed, and who wants to keep less lets go of more.
    let marks = target.marks();
    let mut target = RedisTarget::new(redis.clone()).keeping(200);
    let holds = target.open(Cut::at(2_000), marks).await.unwrap();
    assert_eq!((holds.lost_behind, holds.beyond), (None, Vec::new()));
    assert!(held(&redis).await < 400);
}
