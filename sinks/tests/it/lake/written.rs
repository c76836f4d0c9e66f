//! What stands in the files: every change once, whatever stopped in the middle.

use super::world::{PEOPLE, history};
use super::{Bench, asker, open};
use millstream_analytics_engine::{Session, Table};
use millstream_event_log::Record;
use std::collections::BTreeMap;

/// Every row of every table, as an admin sees them.
pub(super) async fn rows(bench: &Bench) -> BTreeMap<&'static str, Vec<String>> {
    let session = bench.engine().session(&asker(PEOPLE[0])).await.unwrap();
    rows_of(&session).await
}

pub(super) async fn rows_of(session: &Session) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in Table::ALL {
        let sql = format!("select * from {}", table.name());
        let batches = session
            .context()
            .sql(&sql)
            .await
            .unwrap()
            .collect()
            .await
            .unwrap();
        let mut json = arrow::json::LineDelimitedWriter::new(Vec::new());
        json.write_batches(&batches.iter().collect::<Vec<_>>())
            .unwrap();
        json.finish().unwrap();
        let text = String::from_utf8(json.into_inner()).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        all.insert(table.name(), lines);
    }
    all
}

/// What the tables are when everything is read at once and nothing is in a file.
pub(super) async fn expected(records: &[Record]) -> BTreeMap<&'static str, Vec<String>> {
    let mut bench = Bench::new().await;
    bench.read(records).await;
    rows(&bench).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_files_and_what_is_in_memory_are_one() {
    let records = history(1, 200);
    let expected = expected(&records).await;
    assert_eq!(expected["events"].len(), records.len());
    assert!(expected["tasks"].len() > 10 && expected["task_intervals"].len() > 60);
    let mut bench = Bench::new().await;
    for (count, chunk) in records.chunks(6).enumerate() {
        bench.read(chunk).await;
        if count % 2 == 0 {
            bench.writer.write().await.unwrap();
        }
    }
    assert_eq!(rows(&bench).await, expected);
    bench.writer.write().await.unwrap();
    assert_eq!(rows(&bench).await, expected);
    // Many small files have become few, and those that are no part of a table any more do not come back.
    let before = bench.lake.files();
    bench.lake.compact().await.unwrap();
    bench.lake.vacuum().await.unwrap();
    assert!(bench.lake.files() < before, "{before} files");
    assert_eq!(rows(&bench).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_goes_on_where_the_files_end() {
    let records = history(2, 150);
    let mut bench = Bench::new().await;
    bench.read(&records[..60]).await;
    bench.writer.write().await.unwrap();
    bench.read(&records[..90]).await;
    let Bench {
        database, folder, ..
    } = bench;
    let mut bench = Bench::on(database, folder).await;
    assert_eq!(bench.cut, 60, "what was in memory only is read again");
    bench.read(&records).await;
    assert_eq!(rows(&bench).await, expected(&records).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_ahead_of_the_cut_are_not_written_twice() {
    let records = history(3, 150);
    let mut bench = Bench::new().await;
    bench.read(&records[..40]).await;
    bench.writer.write().await.unwrap();
    // The process dies after the tables were committed and before Postgres knew.
    bench.read(&records[..80]).await;
    bench.lake.freeze();
    bench.lake.write().await.unwrap();
    let Bench {
        database, folder, ..
    } = bench;
    let mut bench = Bench::on(database, folder).await;
    assert_eq!(bench.cut, 40);
    assert!(
        bench.engine().session(&asker(PEOPLE[0])).await.is_err(),
        "the tables are of later records than the tail"
    );
    bench.read(&records).await;
    bench.writer.write().await.unwrap();
    assert_eq!(rows(&bench).await, expected(&records).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_was_lost_is_made_again() {
    let records = history(4, 120);
    let mut bench = Bench::new().await;
    bench.read(&records[..80]).await;
    bench.writer.write().await.unwrap();
    std::fs::remove_dir_all(bench.folder.path().join("task_intervals")).unwrap();
    let Bench {
        database, folder, ..
    } = bench;
    let mut bench = Bench::on(database, folder).await;
    assert_eq!(bench.cut, 0);
    bench.read(&records).await;
    bench.writer.write().await.unwrap();
    assert_eq!(rows(&bench).await, expected(&records).await);
    // And it stands in the files.
    let lake = open(bench.folder.path()).await;
    assert!(lake.holds(Table::Events, records.len() as u64));
}
