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
use millstream_pipelines::dataflows::{activity, audit, notifications};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Effect;
use millstream_pipelines::testing::{FreeLease, MemorySink, Naked};
use millstream_pipelines::{Pipeline, Runner};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn line<I: Item>(effect: &Effect<I>) -> String {
    json!({"seq": effect.seq, "at": effect.at, "item": effect.item}).to_string()
}

/// Runs the pipeline on threads until it has read these records.
async fn run<I: Item>(pipeline: Pipeline<I>, records: &[Record], sink: &MemorySink<I>) {
    let (log, signals, stop) = (
        MemoryLog::default(),
        Signals::default(),
        CancellationToken::new(),
    );
    let tail = log.mirror(records);
    let name = pipeline.name();
    let clock = Arc::new(MockClock::new(stories::END));
    let lease = FreeLease::after(sink.kept().generation);
    let runner = Runner::new(
        pipeline,
        Log::Memory(log),
        sink.clone(),
        lease,
        clock,
        signals.clone(),
    );
    tokio::join!(runner.run(stop.clone()), async {
        signals.reached(name, tail).await;
        stop.cancel();
    });
}

async fn ways<I: Item>(
    pipeline: &Pipeline<I>,
    records: &[Record],
) -> Vec<(&'static str, Vec<String>)> {
    let lines = |sink: &MemorySink<I>| sink.kept().effects.iter().map(line).collect::<Vec<_>>();
    let straight = MemorySink::default();
    run(pipeline.clone(), records, &straight).await;
    let restored = MemorySink::default();
    run(pipeline.clone(), &records[..records.len() / 2], &restored).await;
    run(pipeline.clone(), records, &restored).await;
    let three = MemorySink::default();
    run(pipeline.clone().workers(3), records, &three).await;
    let mut naked = Naked::new(pipeline, Vec::new());
    for _ in 0..2 {
        naked.records(records.to_vec(), stories::END);
    }
    let twice = naked
        .settle()
        .effects
        .into_iter()
        .map(|(seq, at, item)| line(&Effect { seq, at, item }))
        .collect();
    vec![
        ("straight", lines(&straight)),
        ("stopped and restored midway", lines(&restored)),
        ("with three workers", lines(&three)),
        ("with every record twice", twice),
    ]
}

async fn check<I: Item>(pipeline: Pipeline<I>) {
    let folder = folder().join(pipeline.name());
    for Story { name, records } in stories::all() {
        let file = folder.join(name).join("expected.jsonl");
        let ways = ways(&pipeline, &records).await;
        if std::env::var_os("MILLSTREAM_ACCEPT").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let mut text = ways[0].1.join("\n");
            text.push('\n');
            std::fs::write(&file, text).unwrap();
        }
        let expected = std::fs::read_to_string(&file)
            .unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask accept` makes it", file.display()));
        let expected: Vec<_> = expected.lines().collect();
        for (way, lines) in ways {
            assert_eq!(lines, expected, "{}, {name}, {way}", pipeline.name());
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
async fn notifications() {
    check(notifications::pipeline()).await;
}
