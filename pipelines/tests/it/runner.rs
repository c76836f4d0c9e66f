//! The runner on real threads: faults of sinks, stuck neighbours, clean stops.

use crate::counter::{BAD, Said, by_key, counter, event, fold};
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::clock::{MockClock, SystemClock};
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::events::{Payload, TeamEvent};
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::{at, new_event};
use millstream_event_log::{Budget, Cut, Log};
use millstream_pipelines::runner::Limits;
use millstream_pipelines::sink::{Commit, Fault, Generation, Health, Resume, Sink};
use millstream_pipelines::testing::{FreeLease, MemorySink};
use millstream_pipelines::{OnReject, Pipeline, Runner};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest time a test waits for what must happen.
const SOON: Duration = Duration::from_secs(20);

/// A pipeline that runs, and everything around it.
struct Running {
    log: MemoryLog,
    sink: MemorySink<Said>,
    lease: FreeLease,
    clock: Arc<MockClock>,
    signals: Signals,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(pipeline: Pipeline<Said>, log: &MemoryLog, sink: &MemorySink<Said>) -> Self {
        Self::with_limits(pipeline, log, sink, Limits::default())
    }

    fn with_limits(
        pipeline: Pipeline<Said>,
        log: &MemoryLog,
        sink: &MemorySink<Said>,
        limits: Limits,
    ) -> Self {
        Self::at(at(0), pipeline, log, sink, limits)
    }

    /// The same at another time than that of the first records.
    fn at(
        now: DateTime<Utc>,
        pipeline: Pipeline<Said>,
        log: &MemoryLog,
        sink: &MemorySink<Said>,
        limits: Limits,
    ) -> Self {
        let lease = FreeLease::after(sink.kept().generation);
        let (signals, stop) = (Signals::default(), CancellationToken::new());
        let clock = Arc::new(MockClock::new(now));
        let runner = Runner::new(
            pipeline,
            Log::Memory(log.clone()),
            sink.clone(),
            lease.clone(),
            clock.clone(),
            signals.clone(),
        );
        let task = tokio::spawn(runner.limits(limits).run(stop.clone()));
        Self {
            log: log.clone(),
            sink: sink.clone(),
            lease,
            clock,
            signals,
            stop,
            task,
        }
    }

    /// Waits until everything in the log has been processed.
    async fn caught_up(&self) {
        let tail = Log::Memory(self.log.clone()).bounds().await.unwrap().tail;
        tokio::time::timeout(SOON, self.signals.reached("counter", tail))
            .await
            .expect("caught up in time");
    }

    /// Lets so much time pass that every timer is due, and waits until none is left.
    async fn rested(&self) {
        self.clock.advance(TimeDelta::seconds(10_000_000));
        // Something that no counter counts: it wakes the reader, which then sees the time.
        self.log
            .append([new_event(1_000_000, TeamEvent::samples().swap_remove(0))]);
        self.until(|r| r.sink.kept().states.is_empty()).await;
    }

    async fn stopped(self) {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.task)
            .await
            .expect("stopped in time")
            .unwrap();
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        let seen = async {
            while !what(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, seen)
            .await
            .expect("it happened in time");
    }
}

fn filled(events: u64) -> MemoryLog {
    let log = MemoryLog::default();
    log.append((1..=events).map(|n| event(n, u128::from(n % 13), "a")));
    log
}

/// What must have been said by now, long after the last event.
fn assert_folded(log: &MemoryLog, sink: &MemorySink<Said>) {
    let all = log
        .read(
            Cut::START,
            Budget {
                records: usize::MAX,
                bytes: usize::MAX,
            },
        )
        .unwrap()
        .records;
    let said: Vec<Said> = sink.kept().effects.iter().map(|e| e.item.clone()).collect();
    assert!(
        by_key(&said) == fold(&all, at(20_000_000)),
        "what was said is not what a fold gives"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_processed_and_what_comes_later_too() {
    let (log, sink) = (filled(5_000), MemorySink::default());
    let running = Running::start(counter(), &log, &sink);
    running.caught_up().await;
    log.append((5_001..=5_100).map(|n| event(n, 1, "a")));
    running.caught_up().await;
    running.rested().await;
    running.stopped().await;
    assert_folded(&log, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_workers_say_the_same_in_the_same_order() {
    let log = filled(3_000);
    let (one, three) = (MemorySink::default(), MemorySink::default());
    for (workers, sink) in [(1, &one), (3, &three)] {
        let running = Running::start(counter().workers(workers), &log, sink);
        running.caught_up().await;
        running.rested().await;
        running.stopped().await;
    }
    assert_folded(&log, &one);
    assert_folded(&log, &three);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_pipeline_goes_on_where_it_was() {
    let (log, sink) = (filled(1_000), MemorySink::default());
    let running = Running::start(counter(), &log, &sink);
    running.caught_up().await;
    running.stopped().await;
    assert_eq!(
        sink.kept().cut,
        Cut::at(1_000),
        "the cut is written at the stop"
    );
    log.append((1_001..=2_000).map(|n| event(n, u128::from(n % 13), "a")));
    let running = Running::start(counter(), &log, &sink);
    running.caught_up().await;
    running.rested().await;
    running.stopped().await;
    assert_folded(&log, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cut_is_written_while_records_without_effects_keep_coming() {
    let (log, sink) = (MemoryLog::default(), MemorySink::default());
    let running = Running::start(counter(), &log, &sink);
    let coming = async {
        // Something that no counter counts.
        for n in 1.. {
            log.append([new_event(n, TeamEvent::samples().swap_remove(0))]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = coming => {}
        () = running.until(|r| r.sink.kept().cut > Cut::START) => {}
    }
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_fails_for_a_while_loses_and_doubles_nothing() {
    let (log, sink) = (filled(500), MemorySink::default());
    let fault = || Fault::Transient("the database is away".into());
    sink.kept().faults.extend((0..3).map(|_| fault()));
    let running = Running::start(counter(), &log, &sink);
    running.caught_up().await;
    running.rested().await;
    let stalled = Health::Stalled("the database is away".into());
    running
        .until(|r| r.lease.reports().contains(&stalled))
        .await;
    running.stopped().await;
    assert_folded(&log, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_sink_refuses_is_found_by_halving() {
    let log = filled(200);
    let kept = MemorySink::default();
    let picky = Picky {
        kept: kept.clone(),
        refuses: 137,
    };
    let (lease, signals, stop) = (
        FreeLease::default(),
        Signals::default(),
        CancellationToken::new(),
    );
    let clock = Arc::new(MockClock::new(at(200)));
    let runner = Runner::new(
        counter(),
        Log::Memory(log),
        picky,
        lease,
        clock,
        signals.clone(),
    );
    let task = tokio::spawn(runner.run(stop.clone()));
    tokio::time::timeout(SOON, signals.reached("counter", 200))
        .await
        .expect("caught up in time");
    stop.cancel();
    task.await.unwrap();
    let kept = kept.kept();
    let dead: Vec<_> = kept
        .dead
        .iter()
        .map(|letter| (letter.seq, letter.error.as_str()))
        .collect();
    assert_eq!(dead, [(137, "it does not fit")]);
    assert!(kept.effects.iter().all(|effect| effect.seq != 137));
    assert_eq!(
        kept.effects
            .iter()
            .filter(|e| matches!(e.item, Said::Counted(..)))
            .count(),
        199
    );
}

/// A sink that refuses every commit with the effect of one record.
struct Picky {
    kept: MemorySink<Said>,
    refuses: u64,
}

impl Sink for Picky {
    type Item = Said;

    async fn open(&mut self, generation: Generation) -> Result<Resume, Fault> {
        self.kept.open(generation).await
    }

    async fn commit(&mut self, commit: &Commit<Said>) -> Result<(), Fault> {
        if commit
            .effects
            .iter()
            .any(|effect| effect.seq == self.refuses)
        {
            return Err(Fault::Reject("it does not fit".into()));
        }
        self.kept.commit(commit).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_pipeline_commits_what_came_before_and_halts() {
    let log = MemoryLog::default();
    log.append([event(1, 7, "a"), event(2, 7, BAD), event(3, 7, "a")]);
    let sink = MemorySink::default();
    let running = Running::start(counter().on_reject(OnReject::Halt), &log, &sink);
    running
        .until(|r| matches!(r.lease.reports().last(), Some(Health::Halted(_))))
        .await;
    assert_eq!(
        running.lease.reports().last(),
        Some(&Health::Halted("record 2 was refused: a bad word".into()))
    );
    running.stopped().await;
    assert_eq!(sink.kept().cut, Cut::at(1));
    assert_eq!(sink.kept().effects.len(), 1);
    assert!(sink.kept().dead.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_refusals_halt_even_a_tolerant_pipeline() {
    let log = MemoryLog::default();
    log.append((1..=150).map(|n| event(n, 7, BAD)));
    let sink = MemorySink::default();
    let running = Running::start(counter(), &log, &sink);
    running
        .until(|r| matches!(r.lease.reports().last(), Some(Health::Halted(_))))
        .await;
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_fenced_takes_the_pipeline_back_and_doubles_nothing() {
    let (log, sink) = (filled(300), MemorySink::default());
    let running = Running::start(counter(), &log, &sink);
    running.caught_up().await;
    // Somebody else opened the sink, and died.
    sink.kept().generation = Generation(2);
    log.append((301..=600).map(|n| event(n, u128::from(n % 13), "a")));
    running.caught_up().await;
    running.rested().await;
    running.stopped().await;
    assert_folded(&log, &sink);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_that_is_stuck_for_ever_is_not_noticed() {
    let log = filled(20_000);
    let stop = CancellationToken::new();
    let stuck = Runner::new(
        counter(),
        Log::Memory(log.clone()),
        Stuck,
        FreeLease::default(),
        Arc::new(SystemClock),
        Signals::default(),
    );
    let stuck = tokio::spawn(stuck.run(stop.clone()));
    let sink = MemorySink::default();
    let running = Running::start(counter(), &log, &sink);
    running.caught_up().await;
    running.rested().await;
    running.stopped().await;
    assert_folded(&log, &sink);
    assert!(!stuck.is_finished());
    stuck.abort();
    let _ = stuck.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_in_batches_that_large_records_cut_short_fires_no_timer_too_early() {
    const BLOCKS: u64 = 50;
    let log = MemoryLog::default();
    let large = "a".repeat(10_000);
    // The timer that the first three set is put off by the last, a second before it is due; what is between is of others.
    for block in 0..BLOCKS {
        let (first, key) = (block * 62, u128::from(block));
        log.append((first + 1..=first + 3).map(|n| event(n, key, "a")));
        log.append((first + 4..=first + 61).map(|n| event(n, 1_000 + u128::from(n), &large)));
        log.append([event(first + 62, key, "a")]);
    }
    let limits = Limits {
        read_bytes: 5_000,
        ..Limits::default()
    };
    let sink = MemorySink::default();
    let running = Running::at(at(1_000_000), counter(), &log, &sink, limits);
    running.caught_up().await;
    running
        .until(|r| r.sink.kept().states.len() == usize::try_from(BLOCKS * 58).unwrap())
        .await;
    running.stopped().await;
    assert_folded(&log, &sink);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_with_little_room_still_gets_through() {
    let limits = Limits {
        records: 3,
        bytes: 500,
        read_records: 2,
        read_bytes: 300,
        commit_outputs: 1,
    };
    let (log, sink) = (filled(400), MemorySink::default());
    let running = Running::with_limits(counter(), &log, &sink, limits);
    running.caught_up().await;
    running.rested().await;
    running.stopped().await;
    assert_folded(&log, &sink);
}
