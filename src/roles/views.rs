//! The pipelines that keep the views, each with its sink and its lease.
//!
//! To add one that nodes share: a line in [`spawn`]. One that a node keeps for itself is started by the role that reads it.

use super::between::Streams;
use crate::lifecycle::Group;
use millstream_analytics_engine::Lake;
use millstream_domain::clock::Clock;
use millstream_event_log::Log;
use millstream_event_log::backends::kafka::Kafka;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::signals::Signals;
use millstream_pipelines::dataflows::{
    activity, audit, lake, mails, mirror, notifications, schedules, search, timers,
};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Sink;
use millstream_pipelines::{Pipeline, Runner};
use millstream_search::Index;
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lake::LakeWriter;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mails::MailsView;
use millstream_sinks::mirror::kafka::KafkaTarget;
use millstream_sinks::mirror::{MirrorSink, Target};
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::{PostgresSink, View};
use millstream_sinks::rebuild::postgres::PostgresView;
use millstream_sinks::rebuild::search::SearchView;
use millstream_sinks::rebuild::{Rebuilder, Rebuilt};
use millstream_sinks::schedules::SchedulesView;
use millstream_sinks::tantivy::TantivySink;
use millstream_sinks::timers::TimersView;
use millstream_store::Store;
use sqlx::PgPool;
use std::sync::Arc;

/// What every pipeline needs.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) pool: PgPool,
    /// The log as pipelines read it.
    pub(crate) log: Log,
    /// The log itself: for the audit, which alone is told where acts came from, and for mirrors.
    pub(crate) truth: PostgresLog,
    /// Where the log is mirrored in Redis, if it is.
    pub(crate) mirror: Option<Streams>,
    /// Where the log is mirrored, if there is a Kafka.
    pub(crate) kafka: Option<Kafka>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signals: Signals,
    /// This installation, as leases know it.
    pub(crate) node: String,
    pub(crate) store: Store,
}

/// Starts every pipeline that nodes share, and says what their rows in `stream.pipeline` are called.
pub(crate) fn spawn(group: &mut Group, parts: &Parts) -> Vec<String> {
    if let Some(streams) = &parts.mirror {
        parts.mirrored(group, streams.target());
    }
    if let Some(kafka) = &parts.kafka {
        parts.mirrored(group, KafkaTarget::new(kafka.clone()));
    }
    parts.rebuilds(
        group,
        PostgresView::activity(parts.store.clone()),
        activity::NAME,
    );
    let inboxes = PostgresView::notifications(parts.store.clone());
    parts.rebuilds(group, inboxes, notifications::NAME);
    vec![
        parts.view(group, activity::pipeline(), ActivityView::default()),
        parts.view(
            group,
            notifications::pipeline(),
            NotificationsView::default(),
        ),
        parts.of_truth().view(group, audit::pipeline(), AuditView),
        parts.view(group, timers::pipeline(), TimersView),
        parts.view(
            group,
            schedules::pipeline(),
            SchedulesView::new(Arc::clone(&parts.clock)),
        ),
        parts.view(
            group,
            mails::pipeline(),
            MailsView::new(Arc::clone(&parts.clock)),
        ),
    ]
}

impl Parts {
    /// The same for a pipeline that reads the log itself, whatever others read it through.
    fn of_truth(&self) -> Self {
        Self {
            log: Log::Postgres(self.truth.clone()),
            ..self.clone()
        }
    }

    /// A pipeline that mirrors the log. No reader waits for it, so nobody who waits for a view does.
    fn mirrored<T: Target>(&self, group: &mut Group, target: T) {
        let (log, pool) = (self.truth.clone(), self.pool.clone());
        let sink = MirrorSink::new(target, log, pool, Arc::clone(&self.clock));
        let row = T::NAME.to_owned();
        self.of_truth()
            .pipeline(group, mirror::pipeline(T::NAME), sink, row);
    }

    /// A pipeline whose view is kept in Postgres.
    fn view<V>(&self, group: &mut Group, pipeline: Pipeline<V::Item>, view: V) -> String
    where
        V: View,
        V::Item: Item,
    {
        let sink = PostgresSink::new(
            pipeline.name(),
            self.pool.clone(),
            Arc::clone(&self.clock),
            view,
        );
        let row = pipeline.name().to_owned();
        self.pipeline(group, pipeline, sink, row)
    }

    /// The search index: each node keeps one of its own, so that its row has the node's name in it.
    pub(crate) fn search(&self, group: &mut Group, index: Index) -> String {
        let row = format!("{}@{}", search::NAME, self.node);
        let view = SearchView::new(self.store.clone(), index.clone());
        self.rebuilds(group, view, &row);
        let sink = TantivySink::new(index, self.pool.clone(), Arc::clone(&self.clock), &*row);
        self.pipeline(group, search::pipeline(), sink, row)
    }

    /// The lake: each node keeps one of its own, so that its row has the node's name in it. Whoever writes its files is to run,
    /// too, and to be stopped after it.
    pub(crate) fn lake(&self, group: &mut Group, lake: Lake) -> (String, LakeWriter) {
        let row = format!("{}@{}", lake::NAME, self.node);
        let clock = Arc::clone(&self.clock);
        let (sink, writer) = millstream_sinks::lake::lake(lake, self.pool.clone(), clock, &*row);
        (self.pipeline(group, lake::pipeline(), sink, row), writer)
    }

    /// Makes the view of a pipeline anew whenever somebody wants that.
    fn rebuilds(&self, group: &mut Group, view: impl Rebuilt, row: &str) {
        let rebuilder = Rebuilder::new(self.store.clone(), self.log.clone(), row, &self.node, view);
        group.spawn(rebuilder.run(group.stop_token()));
    }

    /// Starts a pipeline that is leased and reported under the name of `row`.
    fn pipeline<S>(
        &self,
        group: &mut Group,
        pipeline: Pipeline<S::Item>,
        sink: S,
        row: String,
    ) -> String
    where
        S: Sink,
        S::Item: Item,
    {
        let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
        let version = pipeline.logic_version();
        let lease = PostgresLease::new(pool, Arc::clone(&clock), &*row, version, &*self.node);
        // One that has the node's name in it is nobody else's.
        let lease = if row.contains('@') {
            lease
        } else {
            lease.shared()
        };
        let runner = Runner::new(
            pipeline,
            self.log.clone(),
            sink,
            lease,
            clock,
            self.signals.clone(),
        )
        .row(&*row);
        group.spawn(runner.run(group.stop_token()));
        row
    }
}
