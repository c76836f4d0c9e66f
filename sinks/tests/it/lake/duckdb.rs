//! The lake is anybody's to read: `DuckDB` reads the files that Delta's log names and comes to the same numbers.
//!
//! `DuckDB`'s own extension for Delta is downloaded when it is first used, from a place that tests do not go to. So the log is
//! read by the package `deltalake`, and `DuckDB` reads the Parquet files that it names. `cargo xtask test` installs both.

use super::fold::{Fold, nearest_rank};
use super::world::history;
use super::{Bench, world};
use millstream_domain::task::Status;
use serde_json::Value;
use std::process::Command;

/// The Python that has both packages.
const PYTHON: &str = "TEST_DUCKDB_PYTHON";
const SCRIPT: &str = include_str!("ask_duckdb.py");

#[tokio::test(flavor = "multi_thread")]
async fn duckdb_reads_the_tables_and_agrees() {
    let Some(python) = std::env::var_os(PYTHON).filter(|path| !path.is_empty()) else {
        eprintln!("left out: {PYTHON} names no Python with duckdb and deltalake");
        return;
    };
    let records = history(11, 400);
    let mut bench = Bench::new().await;
    for chunk in records.chunks(50) {
        bench.read(chunk).await;
        bench.writer.write().await.unwrap();
    }
    bench.lake.compact().await.unwrap();
    let asked = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(bench.folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&asked.stdout);
    let trouble = String::from_utf8_lossy(&asked.stderr);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}{trouble}"));

    let fold = Fold::of(&records);
    assert_eq!(told["events"], records.len());
    assert_eq!(told["distinct_events"], records.len());
    assert_eq!(told["last_event"], records.len());
    assert_eq!(
        told["tasks"],
        fold.lives
            .values()
            .filter(|l| l.last().unwrap().1.is_some())
            .count()
    );
    assert_eq!(told["open"], fold.open().count());
    assert_eq!(told["completed"], fold.finished.len());
    assert_eq!(told["reopened"], fold.reopened.len());
    let leads: Vec<_> = fold.finished.iter().map(|f| f.lead_s).collect();
    assert_eq!(told["lead_p50_s"], nearest_rank(leads, 50).unwrap());
    let here = fold
        .now()
        .filter(|task| task.status == Status::Blocked)
        .count();
    assert_eq!(told["blocked_now"], here);
    assert_eq!(told["people"], world::PEOPLE.len());
}
