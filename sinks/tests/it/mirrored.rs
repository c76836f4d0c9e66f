//! A log in Postgres, a mirror of it, and who reads the mirror, all at work at once: one world for every mirror.
//!
//! To add a mirror: a [`Medium`] in a file of its own, and a line at the end of `cases.rs`.

pub(crate) mod cases;

use crate::suite::Case;
use millstream_domain::clock::SystemClock;
use millstream_event_log::backends::mirrored::{Mirror, Mirrored};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::signals::Signals;
use millstream_event_log::testing::new_event;
use millstream_event_log::{Budget, Cut, Event, Log, NewEvent, Record, Topic, outbox};
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::mirror;
use millstream_pipelines::sink::Lease;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mirror::{MirrorSink, Target};
use millstream_store::testing::TestDatabase;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(crate) const PLENTY: Budget = Budget {
    records: 10_000,
    bytes: 1 << 30,
};

/// How long anything may take, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// How often a mirror is looked at that is about to become whole.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where a mirror is kept.
pub(crate) trait Medium {
    /// What writes to it.
    type Target: Target;
    /// What reads it.
    type Mirror: Mirror;

    /// An empty one, which nobody else writes to.
    async fn fresh() -> Self
    where
        Self: Sized;
    fn target(&self) -> Self::Target;
    /// The log as it is read through it.
    fn log(&self, truth: Log) -> Mirrored<Self::Mirror>;
    /// Every record in it, as often as it is there; `None` while it cannot be read.
    async fn held(&self) -> Option<Vec<Record>>;
    /// Has somebody remove these topics from it; `false` where that cannot be tried.
    async fn remove(&self, topics: &[Topic]) -> bool;

    /// Empty ones, of each shape in which the order may come about otherwise.
    async fn shapes() -> Vec<Self>
    where
        Self: Sized,
    {
        vec![Self::fresh().await]
    }
}

/// What a reader has in the end who drops what it has seen.
pub(crate) async fn seen(medium: &impl Medium) -> Option<BTreeMap<u64, Record>> {
    let held = medium.held().await?;
    Some(
        held.into_iter()
            .map(|record| (record.seq, record))
            .collect(),
    )
}

/// A mirror as a case of the suite.
pub(crate) struct MirrorCase<M> {
    database: TestDatabase,
    medium: M,
}

impl<M: Medium> Case for MirrorCase<M> {
    type Sink = MirrorSink<M::Target>;

    async fn new() -> Self {
        Self {
            database: TestDatabase::new().await,
            medium: M::fresh().await,
        }
    }

    fn sink(&self) -> Self::Sink {
        let pool = self.database.pool().clone();
        let log = PostgresLog::new(pool.clone(), None);
        MirrorSink::new(self.medium.target(), log, pool, Arc::new(SystemClock))
    }

    fn lease(&self, owner: &str) -> impl Lease {
        let pool = self.database.pool().clone();
        PostgresLease::new(pool, Arc::new(SystemClock), M::Target::NAME, 1, owner)
    }

    fn items(record: &Record) -> Vec<Record> {
        vec![record.clone()]
    }

    async fn seen(&self) -> Vec<String> {
        let seen = seen(&self.medium).await.unwrap();
        seen.values().map(|record| format!("{record:?}")).collect()
    }
}

/// The log, its mirror, and what is written.
pub(crate) struct World<'a, M> {
    database: TestDatabase,
    mover: Mover,
    pub(crate) medium: &'a M,
}

impl<'a, M: Medium> World<'a, M> {
    pub(crate) async fn on(medium: &'a M) -> Self {
        let database = TestDatabase::new().await;
        let mover = Mover::new(database.pool().clone());
        Self {
            database,
            mover,
            medium,
        }
    }

    /// Writes some events.
    pub(crate) async fn write(&self, count: u64) {
        let samples = Event::samples();
        let tail = self.log().bounds().await.unwrap().tail;
        let event = |n: u64| {
            let sample = usize::try_from(n).unwrap() % samples.len();
            new_event(n, samples[sample].clone())
        };
        let events: Vec<_> = (tail + 1..=tail + count).map(event).collect();
        self.append(&events).await;
    }

    /// Writes these events, a commit each ten.
    pub(crate) async fn append(&self, events: &[NewEvent]) {
        for some in events.chunks(10) {
            let mut tx = self.database.pool().begin().await.unwrap();
            outbox::append(&mut tx, some).await.unwrap();
            tx.commit().await.unwrap();
            while self.mover.move_once().await.unwrap() != Moved::Events(0) {}
        }
    }

    pub(crate) fn log(&self) -> PostgresLog {
        PostgresLog::new(self.database.pool().clone(), Some(self.mover.tail()))
    }

    /// The log as it is read through the mirror.
    pub(crate) fn mirrored(&self) -> Mirrored<M::Mirror> {
        self.medium.log(Log::Postgres(self.log()))
    }

    /// Everything that was written.
    pub(crate) async fn written(&self) -> Vec<Record> {
        self.log().read(Cut::START, PLENTY).await.unwrap().records
    }

    /// Runs the pipeline of the mirror until told to stop.
    async fn mirror(&self, signals: Signals, stop: CancellationToken) {
        let (pool, clock) = (self.database.pool().clone(), Arc::new(SystemClock));
        let (name, target) = (M::Target::NAME, self.medium.target());
        let sink = MirrorSink::new(target, self.log(), pool.clone(), clock.clone());
        let lease = PostgresLease::new(pool, clock.clone(), name, 1, "a node");
        let log = Log::Postgres(self.log());
        let runner = Runner::new(mirror::pipeline(name), log, sink, lease, clock, signals);
        // Boxed, because it is large.
        Box::pin(runner.run(stop)).await;
    }

    /// Runs it while something is done, and stops it then.
    pub(crate) async fn while_mirrored<T>(&self, what: impl AsyncFnOnce(&Signals) -> T) -> T {
        let (signals, stop) = (Signals::default(), CancellationToken::new());
        let done = async {
            let done = tokio::time::timeout(PATIENCE, Box::pin(what(&signals))).await;
            stop.cancel();
            done.expect("it ends")
        };
        tokio::join!(self.mirror(signals.clone(), stop.clone()), done).1
    }

    /// Waits until the mirror has everything.
    pub(crate) async fn reached(&self, signals: &Signals) {
        let tail = self.log().bounds().await.unwrap().tail;
        signals.reached(M::Target::NAME, tail).await;
    }

    /// Waits until the mirror holds all that was written, and nothing else.
    pub(crate) async fn whole(&self) {
        let written = self.written().await;
        let written: BTreeMap<_, _> = written.into_iter().map(|it| (it.seq, it)).collect();
        while seen(self.medium).await.as_ref() != Some(&written) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the pipeline halts; why.
    pub(crate) async fn halted(&self) -> String {
        loop {
            let health: Option<(String, Option<String>)> =
                sqlx::query_as("select state, error from stream.pipeline where name = $1")
                    .bind(M::Target::NAME)
                    .fetch_optional(self.database.pool())
                    .await
                    .unwrap();
            if let Some((state, Some(error))) = health
                && state == "halted"
            {
                return error;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Reads from the beginning to a place in the log, as a pipeline does.
pub(crate) async fn read_to<M: Mirror>(log: &Mirrored<M>, end: u64) -> Vec<Record> {
    read_on(log, Cut::START, end).await
}

/// Reads on to a place in the log.
pub(crate) async fn read_on<M: Mirror>(log: &Mirrored<M>, mut cut: Cut, end: u64) -> Vec<Record> {
    let mut seen = Vec::new();
    while cut.seq < end {
        let batch = log.read(cut, PLENTY).await.unwrap();
        cut = batch.cut;
        if batch.records.is_empty() {
            log.wait(cut).await;
        }
        seen.extend(batch.records);
    }
    seen
}
