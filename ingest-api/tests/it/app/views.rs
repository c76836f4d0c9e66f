//! The parts around the app: the pipelines that keep its views, and a signed checkpoint.

use futures::FutureExt;
use futures::future::BoxFuture;
use millstream_analytics_engine::Lake;
use millstream_domain::clock::{Clock, MockClock};
use millstream_event_log::Log;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::signals::Signals;
use millstream_ingest_api::state::{Checkpoints, CheckpointsUnavailable};
use millstream_pipelines::dataflows::{activity, audit, lake, notifications, search};
use millstream_pipelines::sink::Sink;
use millstream_pipelines::{Pipeline, Runner};
use millstream_search::Index;
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::PostgresSink;
use millstream_sinks::tantivy::TantivySink;
use millstream_store::Store;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What it takes to run the pipelines.
pub(super) struct Views<'a> {
    pub(super) store: &'a Store,
    pub(super) log: &'a PostgresLog,
    pub(super) clock: &'a Arc<MockClock>,
    pub(super) signals: &'a Signals,
    pub(super) stop: &'a CancellationToken,
}

impl Views<'_> {
    pub(super) fn spawn(&self, tasks: &mut JoinSet<()>, index: &Index) {
        let (pool, clock) = (self.store.pool(), || -> Arc<dyn Clock> {
            self.clock.clone()
        });
        let sink = PostgresSink::new("activity", pool.clone(), clock(), ActivityView::default());
        self.run(tasks, activity::pipeline(), sink);
        let sink = PostgresSink::new(
            "notifications",
            pool.clone(),
            clock(),
            NotificationsView::default(),
        );
        self.run(tasks, notifications::pipeline(), sink);
        let sink = PostgresSink::new("audit", pool.clone(), clock(), AuditView);
        self.run(tasks, audit::pipeline(), sink);
        let sink = TantivySink::new(index.clone(), pool.clone(), clock(), "search");
        self.run(tasks, search::pipeline(), sink);
    }

    pub(super) fn spawn_lake(&self, tasks: &mut JoinSet<()>, lake: &Lake) {
        let (lake, pool, clock) = (lake.clone(), self.store.pool().clone(), self.clock.clone());
        let (sink, writer) = millstream_sinks::lake::lake(lake, pool, clock, "lake");
        self.run(tasks, lake::pipeline(), sink);
        tasks.spawn(writer.run(self.stop.clone()));
    }

    fn run<S: Sink>(&self, tasks: &mut JoinSet<()>, pipeline: Pipeline<S::Item>, sink: S)
    where
        S::Item: millstream_pipelines::pipeline::Item,
    {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let pool = self.store.pool().clone();
        let name = pipeline.name().to_owned();
        let lease = PostgresLease::new(
            pool,
            Arc::clone(&clock),
            &*name,
            pipeline.logic_version(),
            super::NODE,
        );
        let log = Log::Postgres(self.log.clone());
        let runner = Runner::new(pipeline, log, sink, lease, clock, self.signals.clone());
        tasks.spawn(runner.run(self.stop.clone()));
    }
}

/// A checkpoint that somebody signed.
#[derive(Debug)]
pub(super) struct OneCheckpoint;

impl Checkpoints for OneCheckpoint {
    fn latest(&self) -> BoxFuture<'_, Result<Option<String>, CheckpointsUnavailable>> {
        async { Ok(Some("millstream/audit/test\n1\nAAAA\n".to_owned())) }.boxed()
    }
}
