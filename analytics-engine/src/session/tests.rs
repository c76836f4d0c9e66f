//! Where questions are computed, and how many at once.

use super::{Asker, Engine};
use crate::bounds::QUERIES_AT_ONCE;
use crate::error::LakeError;
use crate::lake::Lake;
use crate::reports::Percentiles;
use crate::threads;
use arrow::datatypes::DataType;
use datafusion::logical_expr::{ColumnarValue, Volatility, create_udf};
use futures::TryStreamExt as _;
use millstream_domain::clock::{SystemClock, SystemIds};
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use serde::Deserialize;
use std::sync::Arc;
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// An engine over an empty lake, and somebody whom it does not know.
async fn engine(folder: &TempDir) -> (Engine, Asker) {
    let root = Url::from_directory_path(folder.path()).expect("a whole path");
    let lake = Lake::open(root, Arc::new(SystemClock), Arc::new(SystemIds)).await;
    let asker = Asker {
        id: UserId(Uuid::from_u128(7)),
        visible: Visible::All,
    };
    (
        Engine::new(lake.expect("a lake")).expect("an engine"),
        asker,
    )
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Ranked {
    all: Percentiles,
    none: Percentiles,
}

#[tokio::test]
async fn ranks_are_those_of_all_values_whatever_part_they_were_counted_in() {
    let folder = TempDir::new().expect("a folder");
    let (engine, asker) = engine(&folder).await;
    // Two parts, one of them without values.
    let sql = "select nearest_rank(value) as all, nearest_rank(case when value < 0 then value end) as none
               from (select * from range(1, 100001) union all select null)";
    let answer = engine.answer(&asker, async |session| session.rows::<Ranked>(sql).await);
    let all = Percentiles {
        count: 100_000,
        p50_s: Some(50_000),
        p85_s: Some(85_000),
        p95_s: Some(95_000),
    };
    let none = Percentiles::default();
    assert_eq!(answer.await.expect("an answer"), [Ranked { all, none }]);
}

#[derive(Debug, Deserialize)]
struct Computed {
    thread: String,
}

#[tokio::test]
async fn questions_are_computed_on_threads_of_their_own() {
    let folder = TempDir::new().expect("a folder");
    let (engine, asker) = engine(&folder).await;
    let answer = engine.answer(&asker, async |session| {
        let thread = create_udf(
            "thread",
            vec![DataType::Int64],
            DataType::Utf8,
            Volatility::Volatile,
            Arc::new(|_: &[ColumnarValue]| {
                let thread = std::thread::current();
                Ok(ColumnarValue::Scalar(thread.name().unwrap_or("?").into()))
            }),
        );
        session.context().register_udf(thread);
        let sql = "select distinct thread(value) as thread from range(0, 100000)";
        let rows: Vec<Computed> = session.rows(sql).await?;
        let streamed: Vec<_> = session.stream(sql).await?.try_collect().await?;
        Ok((rows, streamed))
    });
    let (rows, streamed) = answer.await.expect("an answer");
    assert!(
        !rows.is_empty() && rows.iter().all(|row| row.thread == threads::NAME),
        "{rows:?}"
    );
    let batches = arrow::util::pretty::pretty_format_batches(&streamed).expect("rows");
    let text = batches.to_string();
    assert!(
        text.contains(threads::NAME) && text.lines().count() == 5,
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_for_their_turn_is_told_to_come_later() {
    let folder = TempDir::new().expect("a folder");
    let (engine, asker) = engine(&folder).await;
    let turns = u32::try_from(QUERIES_AT_ONCE).expect("few");
    let taken = engine.turns.acquire_many(turns).await.expect("open");
    let refused = engine.answer(&asker, async |_| Ok(())).await;
    assert!(matches!(refused, Err(LakeError::Busy)), "{refused:?}");
    drop(taken);
    // By then somebody else has gone; this one waits for nobody.
    let answered = engine.turns.try_acquire();
    assert!(answered.is_ok());
}

#[tokio::test]
async fn questions_spill_to_the_folder_that_they_are_given_and_what_was_left_in_it_is_gone() {
    let (lake, spill) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let left = spill.path().join("left");
    std::fs::create_dir(&left).expect("a folder");
    let (engine, _) = engine(&lake).await;
    let engine = engine.spilling_to(spill.path()).expect("an engine");
    assert!(!left.exists());
    let file = engine.runtime.disk_manager.create_tmp_file("a test");
    let file = file.expect("a file");
    let path = file.path().expect("a file has a path");
    assert!(path.starts_with(spill.path()), "{path:?}");
}
