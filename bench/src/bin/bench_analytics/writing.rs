//! How fast the lake is written: the sink that gathers, the writer that makes Delta commits beside it, and Postgres, which
//! keeps states and cut; from what the operators give. The peer writes the rows that come out, which it has in Arrow already,
//! into one plain Parquet file a table, with the same compression.

use crate::history::Teller;
use crate::made;
use chrono::TimeDelta;
use datafusion::arrow::array::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use millstream_analytics_engine::session::Asker;
use millstream_analytics_engine::{Engine, Lake, Table};
use millstream_bench::numbers::{median, spread};
use millstream_domain::clock::{Clock as _, SystemClock};
use millstream_domain::policy::Visible;
use millstream_event_log::Cut;
use millstream_pipelines::dataflows::lake::{self, LakeChange};
use millstream_pipelines::sink::{Commit, Generation, Sink as _};
use millstream_pipelines::testing::Naked;
use millstream_store::pipeline;
use millstream_store::testing::TestDatabase;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Records of one commit: what the runner reads at once.
const COMMIT: usize = 2_000;

/// Measures and prints.
pub(crate) async fn measure(events: u64, rounds: usize) {
    let commits = commits(events);
    let rows: usize = commits.iter().map(|commit| commit.effects.len()).sum();
    let mut teller = Teller::new(events);
    let admin = teller.people.swap_remove(0);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let lake = made::open(folder.path()).await;
        ours.push(rate(events, write(&lake, &commits).await));
        let asker = Asker {
            id: admin,
            visible: Visible::All,
        };
        let tables = read(&lake, &asker).await;
        theirs.push(rate(events, plain(folder.path(), &tables)));
    }
    let ratios: Vec<_> = ours.iter().zip(&theirs).map(|(a, b)| a / b).collect();
    println!(
        "{:<40} ratio={} ours={:.0} events/s peer={:.0} events/s limit=- rounds={rounds} ({rows} changes of {events} events)",
        "written",
        spread(&ratios),
        median(ours),
        median(theirs),
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rates are printed without decimals"
)]
fn rate(events: u64, seconds: f64) -> f64 {
    events as f64 / seconds
}

/// What the operators give, commit by commit.
fn commits(events: u64) -> Vec<Commit<LakeChange>> {
    let (mut naked, mut teller) = (
        Naked::new(&lake::pipeline(), Vec::new()),
        Teller::new(events),
    );
    let mut commits = Vec::new();
    loop {
        let records: Vec<_> = teller.by_ref().take(COMMIT).collect();
        let Some(last) = records.last().map(|record| record.seq) else {
            return commits;
        };
        commits.push(Commit {
            effects: made::effects(&mut naked, records),
            states: Vec::new(),
            dead: Vec::new(),
            taken: Vec::new(),
            cut: Cut::at(last),
        });
    }
}

/// Writes all, until it is in the tables; how long that took.
async fn write(lake: &Lake, commits: &[Commit<LakeChange>]) -> f64 {
    let database = TestDatabase::new().await;
    let (pool, clock) = (database.pool().clone(), Arc::new(SystemClock));
    let (now, ttl) = (clock.now(), TimeDelta::minutes(10));
    let leased = pipeline::acquire(&pool, lake::NAME, 1, "bench", now, ttl).await;
    let generation = Generation(leased.unwrap().unwrap());
    let (mut sink, writer) = millstream_sinks::lake::lake(lake.clone(), pool, clock, lake::NAME);
    sink.open(generation).await.unwrap();
    let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
    let begun = Instant::now();
    running.spawn(writer.run(stop.clone()));
    for commit in commits {
        sink.commit(commit).await.unwrap();
    }
    stop.cancel();
    running.join_all().await;
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(lake.tail().rows, 0, "all of it is in the tables");
    seconds
}

/// All rows of all tables.
async fn read(lake: &Lake, asker: &Asker) -> Vec<Vec<RecordBatch>> {
    let engine = Engine::new(lake.clone()).unwrap();
    let session = engine.session(asker).await.unwrap();
    let mut tables = Vec::new();
    for table in Table::ALL {
        let all = session.context().table(table.name()).await.unwrap();
        tables.push(all.collect().await.unwrap());
    }
    tables
}

/// Writes them as they are; how long that took.
fn plain(folder: &Path, tables: &[Vec<RecordBatch>]) -> f64 {
    let level = Compression::ZSTD(ZstdLevel::try_new(1).unwrap());
    let properties = WriterProperties::builder().set_compression(level).build();
    let begun = Instant::now();
    for (n, batches) in tables.iter().enumerate() {
        let Some(first) = batches.first() else {
            continue;
        };
        let file = File::create(folder.join(format!("{n}.parquet"))).unwrap();
        let writer = ArrowWriter::try_new(file, first.schema(), Some(properties.clone()));
        let mut writer = writer.unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        writer.into_inner().unwrap().sync_all().unwrap();
    }
    begun.elapsed().as_secs_f64()
}
