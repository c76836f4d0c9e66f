//! Refused records that are tried again by an event of the log, pipelines that end behind a record, and those that have halted.

use crate::counter::{BAD, Said, by_key, counter, event, fold};
use millstream_domain::clock::MockClock;
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::events::PipelineEvent;
use millstream_event_log::events::pipeline::RefusedRecord;
use millstream_event_log::record::NewEvent;
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::{at, new_event};
use millstream_event_log::{Budget, Cut, Log, Seq};
use millstream_pipelines::runner::Interrupted;
use millstream_pipelines::sink::{Health, StateRow};
use millstream_pipelines::testing::{FreeLease, MemorySink, Naked};
use millstream_pipelines::{Pipeline, Reject, Runner};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest time a test waits for what must happen.
const SOON: Duration = Duration::from_secs(20);

fn runner(
    pipeline: Pipeline<Said>,
    log: &MemoryLog,
    sink: &MemorySink<Said>,
    lease: &FreeLease,
) -> Runner<Said, MemorySink<Said>, FreeLease> {
    Runner::new(
        pipeline,
        Log::Memory(log.clone()),
        sink.clone(),
        lease.clone(),
        Arc::new(MockClock::new(at(0))),
        Signals::default(),
    )
}

/// Runs to a record and ends there.
async fn through(
    pipeline: Pipeline<Said>,
    log: &MemoryLog,
    sink: &MemorySink<Said>,
    until: Seq,
) -> Result<(), Interrupted> {
    let lease = FreeLease::after(sink.kept().generation);
    let mut runner = runner(pipeline, log, sink, &lease);
    let stop = CancellationToken::new();
    let ran = runner.through(until, &stop);
    tokio::time::timeout(SOON, ran).await.expect("it ends")
}

/// The event that asks this pipeline to try a record again.
fn again(n: u64, pipeline: &str, seq: Seq) -> NewEvent {
    let record = RefusedRecord {
        pipeline: pipeline.into(),
        seq,
    };
    new_event(n, PipelineEvent::DeadLetterRetried(record))
}

/// A pipeline that takes every word.
fn lenient() -> Pipeline<Said> {
    Pipeline::each("counter", |record| {
        match record.event().map_err(|error| Reject(error.to_string()))? {
            millstream_event_log::Event::Member(_) => {
                Ok(vec![Said::Counted(record.key, record.seq)])
            }
            _ => Ok(Vec::new()),
        }
    })
}

/// One that takes every word but the bad ones.
fn strict() -> Pipeline<Said> {
    Pipeline::each("counter", |record| {
        match record.event().map_err(|error| Reject(error.to_string()))? {
            millstream_event_log::Event::Member(event) => match &*event.membership().username {
                BAD => Err(Reject("a bad word".into())),
                _ => Ok(vec![Said::Counted(record.key, record.seq)]),
            },
            _ => Ok(Vec::new()),
        }
    })
}

fn counted(sink: &MemorySink<Said>) -> Vec<u64> {
    let said = |said: &Said| match said {
        Said::Counted(_, seq) => *seq,
        Said::Rang(..) => panic!("no timer is set"),
    };
    sink.kept().effects.iter().map(|e| said(&e.item)).collect()
}

fn dead(sink: &MemorySink<Said>) -> Vec<Seq> {
    sink.kept().dead.iter().map(|letter| letter.seq).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_ends_behind_the_record_it_is_to_get_to() {
    let (log, sink) = (MemoryLog::default(), MemorySink::default());
    log.append((1..=5_000).map(|n| event(n, u128::from(n % 7), "a")));
    for until in [1, 1_777, 1_777, 5_000] {
        through(counter(), &log, &sink, until).await.unwrap();
        assert_eq!(sink.kept().cut, Cut::at(until));
        let budget = Budget {
            records: usize::try_from(until).unwrap(),
            bytes: usize::MAX,
        };
        let read = log.read(Cut::START, budget).unwrap().records;
        let said: Vec<Said> = sink.kept().effects.iter().map(|e| e.item.clone()).collect();
        assert!(by_key(&said) == fold(&read, at(i64::try_from(until).unwrap())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_taken_in_the_place_of_the_event_that_asks_for_it() {
    let (log, sink) = (MemoryLog::default(), MemorySink::default());
    log.append([event(1, 1, "a"), event(2, 1, BAD), event(3, 1, "a")]);
    through(strict(), &log, &sink, 3).await.unwrap();
    assert_eq!((counted(&sink), dead(&sink)), (vec![1, 3], vec![2]));
    // In vain, and meant for another pipeline.
    log.append([
        again(4, "counter", 2),
        again(5, "other", 2),
        event(6, 1, "a"),
    ]);
    through(strict(), &log, &sink, 6).await.unwrap();
    assert_eq!((counted(&sink), dead(&sink)), (vec![1, 3, 6], vec![2]));
    // The cause is gone. Asked for twice, it is taken once; one that was never refused is not taken again.
    log.append([
        event(7, 1, "a"),
        again(8, "counter", 2),
        again(9, "counter", 2),
        again(10, "counter", 1),
        event(11, 1, "a"),
    ]);
    through(lenient(), &log, &sink, 11).await.unwrap();
    assert_eq!(counted(&sink), [1, 3, 6, 7, 8, 11]);
    assert!(dead(&sink).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_gives_what_live_gave_and_each_record_once() {
    let log = MemoryLog::default();
    log.append([
        event(1, 1, BAD),
        event(2, 1, "a"),
        again(3, "counter", 1),
        event(4, 1, BAD),
        again(5, "counter", 4),
        event(6, 1, "a"),
    ]);
    let (step_by_step, at_once) = (MemorySink::default(), MemorySink::default());
    for until in 1..=6 {
        through(strict(), &log, &step_by_step, until).await.unwrap();
    }
    through(strict(), &log, &at_once, 6).await.unwrap();
    assert_eq!(counted(&at_once), counted(&step_by_step));
    assert_eq!(dead(&at_once), dead(&step_by_step));
    assert_eq!(
        (counted(&at_once), dead(&at_once)),
        (vec![2, 6], vec![1, 4])
    );
    // Who takes them where they stand leaves the events alone.
    let lenient_one = MemorySink::default();
    through(lenient(), &log, &lenient_one, 6).await.unwrap();
    assert_eq!(counted(&lenient_one), [1, 2, 4, 6]);
}

#[test]
fn a_state_that_cannot_be_read_is_told_with_its_operator_and_key() {
    let row = StateRow {
        operator: "counter".into(),
        key: "00000000-0000-0000-0000-000000000007".into(),
        state: Some(RawValue::from_string("[\"old\"]".into()).unwrap()),
    };
    let mut naked = Naked::new(&counter(), vec![row]);
    let halted = naked.settle().halted.expect("it cannot go on");
    for part in [
        "operator \"counter\"",
        "00000000-0000-0000-0000-000000000007",
        "millstream rebuild",
    ] {
        assert!(halted.contains(part), "{halted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_cannot_read_its_state_halts_commits_nothing_and_goes_on_when_told_to() {
    let (log, sink) = (MemoryLog::default(), MemorySink::default());
    log.append([event(1, 1, "a")]);
    through(counter(), &log, &sink, 1).await.unwrap();
    let whole = sink.kept().states.clone();
    let torn = RawValue::from_string("7".into()).unwrap();
    for state in sink.kept().states.values_mut() {
        *state = torn.clone();
    }
    log.append([event(2, 2, "a")]);
    let lease = FreeLease::after(sink.kept().generation);
    let stop = CancellationToken::new();
    let task = tokio::spawn(runner(counter(), &log, &sink, &lease).run(stop.clone()));
    let until = async |what: &dyn Fn() -> bool| {
        let seen = async {
            while !what() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, seen)
            .await
            .expect("it happened in time");
    };
    let has_halted = || matches!(lease.reports().last(), Some(Health::Halted(_)));
    until(&has_halted).await;
    assert_eq!(sink.kept().cut, Cut::at(1));
    let has_failed = |health: &Health| matches!(health, Health::Stalled(_));
    assert!(
        !lease.reports().iter().any(has_failed),
        "it is not tried again and again"
    );
    sink.kept().states = whole;
    lease.resume();
    until(&|| sink.kept().cut == Cut::at(2)).await;
    assert_eq!(lease.reports().last(), Some(&Health::Running));
    stop.cancel();
    tokio::time::timeout(SOON, task)
        .await
        .expect("it stops")
        .unwrap();
}
