//! What a pipeline tells people of itself: that it cannot read, that its sink does not answer, that it has halted.

use crate::counter::{BAD, Said, counter, event};
use millstream_domain::clock::MockClock;
use millstream_event_log::Log;
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::at;
use millstream_pipelines::sink::{Commit, Fault, Generation, Health, Resume, Sink};
use millstream_pipelines::testing::{FreeLease, MemorySink};
use millstream_pipelines::{OnReject, Pipeline, Runner};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest time a test waits for what must happen. Where time passes only while nothing else does, it passes fast.
const SOON: Duration = Duration::from_secs(20);
const SOON_IN_FAST_TIME: Duration = Duration::from_hours(30 * 24);

/// A log with one event.
fn one() -> MemoryLog {
    let log = MemoryLog::default();
    log.append([event(1, 7, "a")]);
    log
}

/// Runs a pipeline while the test goes on beside it.
async fn beside<S: Sink<Item = Said>>(
    pipeline: Pipeline<Said>,
    log: &MemoryLog,
    sink: S,
    lease: &FreeLease,
    soon: Duration,
    test: impl Future<Output = ()>,
) {
    let stop = CancellationToken::new();
    let runner = Runner::new(
        pipeline,
        Log::Memory(log.clone()),
        sink,
        lease.clone(),
        Arc::new(MockClock::new(at(10))),
        Signals::default(),
    );
    let run = runner.run(stop.clone());
    let told = async {
        tokio::time::timeout(soon, test)
            .await
            .expect("told in time");
        stop.cancel();
        // A sink that never answers keeps the pipeline from ending.
        tokio::time::sleep(SOON).await;
    };
    tokio::select! {
        () = run => {}
        () = told => {}
    }
}

/// Waits until the last report is such a one.
async fn reported(lease: &FreeLease, is_it: impl Fn(&Health) -> bool) {
    while !lease.reports().last().is_some_and(&is_it) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_told_and_so_is_that_it_can_again() {
    let (log, lease) = (one(), FreeLease::default());
    log.set_away(true);
    let test = async {
        let away = "the event log is not available";
        reported(
            &lease,
            |health| matches!(health, Health::Stalled(error) if error.starts_with(away)),
        )
        .await;
        log.set_away(false);
        reported(&lease, |health| *health == Health::Running).await;
    };
    beside(counter(), &log, MemorySink::default(), &lease, SOON, test).await;
}

/// A sink that never answers.
struct Stuck;

impl Sink for Stuck {
    type Item = Said;

    async fn open(&mut self, _: Generation) -> Result<Resume, Fault> {
        Ok(Resume::default())
    }

    async fn commit(&mut self, _: &Commit<Said>) -> Result<(), Fault> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_does_not_answer_is_told() {
    let (log, lease) = (one(), FreeLease::default());
    let stuck = Health::Stalled("the sink has not answered for 30 s".into());
    let test = reported(&lease, |health| *health == stuck);
    beside(counter(), &log, Stuck, &lease, SOON_IN_FAST_TIME, test).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_heard_is_told_again() {
    let (log, lease, sink) = (one(), FreeLease::default(), MemorySink::default());
    let away = || Fault::Transient("the disk is full".into());
    sink.kept().faults.extend((0..1_000).map(|_| away()));
    lease.be_deaf(3);
    let told = Health::Stalled("the disk is full".into());
    let test = reported(&lease, |health| *health == told);
    beside(
        counter(),
        &log,
        sink.clone(),
        &lease,
        SOON_IN_FAST_TIME,
        test,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_halted_pipeline_goes_on_telling_that_it_is() {
    let log = MemoryLog::default();
    log.append([event(1, 7, BAD)]);
    let (lease, sink) = (FreeLease::default(), MemorySink::default());
    let halted = |health: &Health| matches!(health, Health::Halted(_));
    let test = async {
        while lease.reports().iter().filter(|h| halted(h)).count() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let strict = counter().on_reject(OnReject::Halt);
    beside(strict, &log, sink, &lease, SOON_IN_FAST_TIME, test).await;
    assert!(lease.reports().last().is_some_and(halted));
}
