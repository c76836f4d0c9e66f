//! Golden cases: for each pipeline a few logs and exactly what it makes of them, run four ways to one expected file:
//! straight; stopped and restored midway; with one and with three workers; with every record delivered twice.
//!
//! A case is a folder `tests/golden/<pipeline>/<case>/` with `expected.jsonl`; its log stands in `stories.rs`.
//! `cargo xtask accept` writes what is expected; a folder that no story belongs to fails.

use crate::stories::{self, Story};
use millstream_domain::clock::MockClock;
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Log, Record};
use millstream_pipelines::dataflows::{
    activity, audit, lake, mails, mirror, notifications, schedules, search, timers,
};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Effect;
use millstream_pipelines::testing::{FreeLease, MemorySink, Naked};
use millstream_pipelines::{Pipeline, Runner};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long effects of time that has passed may take.
const PATIENCE: Duration = Duration::from_secs(10);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn line<I: Item>(effect: &Effect<I>) -> String {
    let mut line = json!({"seq": effect.seq, "at": effect.at, "item": effect.item});
    // The same text whether or not some other crate of the build has JSON keep its order.
    line.sort_all_objects();
    line.to_string()
}

/// Runs the pipeline on threads until it has read these records and, with time standing still at the last of them or
/// moving on to the end, has this many effects.
async fn run<I: Item>(
    pipeline: Pipeline<I>,
    records: &[Record],
    sink: &MemorySink<I>,
    ends: Option<usize>,
) {
    let (log, signals, stop) = (
        MemoryLog::default(),
        Signals::default(),
        CancellationToken::new(),
    );
    let tail = log.mirror(records);
    let name = pipeline.name();
    let last = records.last().expect("a story tells something").at;
    let clock = Arc::new(MockClock::new(last));
    let lease = FreeLease::after(sink.kept().generation);
    let runner = Runner::new(
        pipeline,
        Log::Memory(log),
        sink.clone(),
        lease,
        clock.clone(),
        signals.clone(),
    );
    tokio::join!(runner.run(stop.clone()), async {
        signals.reached(name, tail).await;
        if let Some(effects) = ends {
            clock.advance(stories::END - last);
            let all = async {
                while sink.kept().effects.len() < effects {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            // What is missing then is told by the comparison.
            let _ = tokio::time::timeout(PATIENCE, all).await;
        }
        stop.cancel();
    });
}

async fn ways<I: Item>(
    pipeline: &Pipeline<I>,
    records: &[Record],
) -> Vec<(&'static str, Vec<String>)> {
    let lines = |sink: &MemorySink<I>| sink.kept().effects.iter().map(line).collect::<Vec<_>>();
    let mut naked = Naked::new(pipeline, Vec::new());
    for _ in 0..2 {
        naked.records(
            records.to_vec(),
            records.last().expect("a story tells something").at,
        );
    }
    naked.tick(stories::END);
    let twice: Vec<_> = naked
        .settle()
        .effects
        .into_iter()
        .map(|(seq, at, item)| line(&Effect { seq, at, item }))
        .collect();
    let all = Some(twice.len());
    let straight = MemorySink::default();
    run(pipeline.clone(), records, &straight, all).await;
    let restored = MemorySink::default();
    run(
        pipeline.clone(),
        &records[..records.len() / 2],
        &restored,
        None,
    )
    .await;
    run(pipeline.clone(), records, &restored, all).await;
    let three = MemorySink::default();
    run(pipeline.clone().workers(3), records, &three, all).await;
    vec![
        ("straight", lines(&straight)),
        ("stopped and restored midway", lines(&restored)),
        ("with three workers", lines(&three)),
        ("with every record twice", twice),
    ]
}

/// Fails at the first line that differs: two whole logs beside each other are not read by anybody.
fn same(lines: &[String], expected: &[&str], case: &str) {
    for (at, (line, expected)) in lines.iter().zip(expected).enumerate() {
        assert_eq!(line, expected, "{case}, line {}", at + 1);
    }
    assert_eq!(lines.len(), expected.len(), "{case}: number of lines");
}

async fn check<I: Item>(pipeline: Pipeline<I>) {
    let folder = folder().join(pipeline.name());
    for Story { name, records } in stories::all() {
        let file = folder.join(name).join("expected.jsonl");
        let ways = ways(&pipeline, &records).await;
        if std::env::var_os("MILLSTREAM_ACCEPT").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let text: String = ways[0].1.iter().flat_map(|line| [line, "\n"]).collect();
            std::fs::write(&file, text).unwrap();
        }
        let expected = std::fs::read_to_string(&file)
            .unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask accept` makes it", file.display()));
        let expected: Vec<_> = expected.lines().collect();
        for (way, lines) in ways {
            same(
                &lines,
                &expected,
                &format!("{}, {name}, {way}", pipeline.name()),
            );
        }
    }
    let known: BTreeSet<_> = stories::all()
        .iter()
        .map(|story| story.name.to_owned())
        .collect();
    let stored = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        stored.collect::<BTreeSet<_>>(),
        known,
        "a folder belongs to no story: delete it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn activity() {
    check(activity::pipeline()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn audit() {
    check(audit::pipeline()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lake() {
    check(lake::pipeline()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mirror() {
    check(mirror::pipeline("mirror")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications() {
    check(notifications::pipeline()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search() {
    check(search::pipeline()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timers() {
    check(timers::pipeline()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules() {
    check(schedules::pipeline()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails() {
    check(mails::pipeline()).await;
}
