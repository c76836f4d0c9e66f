//! `cargo xtask bench logs`: what each log costs, as ratios to a bare client of the same server that does the same, in one run
//! on one machine; and how soon a write is found through each.
//!
//! - written: into Postgres by outbox and mover; into a mirror by its pipeline, from the log in Postgres to the last
//!   acknowledgement, every cut committed. The bare clients have all records in memory.
//! - read: the log from its first record to its last, against a bare client that takes the same bytes.
//! - found: from the 201 to the first answer of search that has the task, while tasks are written at a steady rate.

#![expect(
    clippy::print_stdout,
    reason = "a measuring program prints what it measured"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made ends the program"
)]

mod kafka;
mod ours;
mod postgres;
mod redis;
mod results;
mod world;

use crate::results::Results;
use clap::Parser;
use millstream_bench::freshness::{self, Load};
use millstream_bench::server::Server;
use millstream_event_log::testing::kafka::TestKafka;
use millstream_event_log::testing::redis::url;
use millstream_store::testing::TestDatabase;

// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Partitions of a topic, for the measurements in Kafka.
const PARTITIONS: [u16; 2] = [1, 4];

/// Measures the logs.
#[derive(Debug, Parser)]
struct Args {
    /// Whether everything works, in some seconds: few events and one round, whose numbers say nothing.
    #[arg(long)]
    quick: bool,
    /// Events in the log: no more than a stream in Redis keeps.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Rounds of each measurement; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Tasks a second while it is looked how soon they are found.
    #[arg(long, default_value_t = 50)]
    rate: u64,
    /// Seconds of each of these.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seconds before each of these: a reader that found no mirror at its start looks for it again after five.
    #[arg(long, default_value_t = 10)]
    warm_up: u64,
    /// Only how soon tasks are found.
    #[arg(long)]
    only_found: bool,
    /// Leave that out.
    #[arg(long)]
    no_found: bool,
}

fn main() {
    let mut args = Args::parse();
    if args.quick {
        (args.events, args.rounds, args.seconds, args.warm_up) = (2_000, 1, 2, 1);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if !args.only_found {
            Box::pin(rates(args.events, args.rounds)).await;
        }
        if !args.no_found {
            let load = Load {
                rate: args.rate,
                warm_up_s: args.warm_up,
                seconds: args.seconds,
                followed: 1,
            };
            Box::pin(found(load)).await;
        }
    });
}

async fn rates(events: u64, rounds: usize) {
    let database = TestDatabase::new().await;
    let pool = database.pool();
    postgres::prepare(pool).await;
    let mut results = Results::of(events);
    for _ in 0..rounds {
        postgres::round(pool, events, &mut results).await;
        let records = ours::records(pool, events).await;
        for partitions in PARTITIONS {
            kafka::round(pool, partitions, &records, &mut results).await;
        }
        redis::round(pool, &records, &mut results).await;
    }
    results.print();
}

/// How soon a task is found, through each log.
async fn found(load: Load) {
    let rate = load.rate;
    let mut logs = vec![(
        "postgres".to_owned(),
        vec![("EVENT_LOG", "postgres".to_owned())],
    )];
    let kept: Vec<_> = PARTITIONS.into_iter().map(TestKafka::new).collect();
    for test in &kept {
        let env = vec![
            ("EVENT_LOG", "kafka".to_owned()),
            ("KAFKA_BROKERS", test.kafka.brokers.clone()),
            ("KAFKA_TOPIC_PREFIX", test.kafka.prefix.clone()),
            ("KAFKA_PARTITIONS", test.kafka.partitions.to_string()),
        ];
        logs.push((format!("kafka/{}", test.kafka.partitions), env));
    }
    let redis = vec![("EVENT_LOG", "redis".to_owned()), ("REDIS_URL", url())];
    logs.push(("redis".to_owned(), redis));
    for (name, env) in logs {
        let database = TestDatabase::new().await;
        let server = Server::start(&database.url(), &env).await;
        for seen in freshness::measure(&server, &["search"], load).await {
            println!(
                "{name:<10} found   p50={:.1} ms p99={:.1} ms at {rate} writes/s tasks={} late={}",
                seen.p50_ms, seen.p99_ms, seen.tasks, seen.late
            );
        }
        let read = async |from| server.metric("millstream_log_records_total", from).await;
        let (mirror, log) = (read("from=\"mirror\"").await, read("from=\"log\"").await);
        if mirror + log > 0.0 {
            println!(
                "{name:<10} records that pipelines read since the start: {mirror} from the mirror, {log} from the log itself"
            );
        }
    }
}
