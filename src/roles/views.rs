//! The pipelines that keep the views, each with its sink and its lease.
//!
//! To add one: a line in [`spawn`].

use crate::lifecycle::Group;
use millstream_domain::clock::Clock;
use millstream_event_log::Log;
use millstream_event_log::signals::Signals;
use millstream_pipelines::dataflows::{activity, audit, notifications, search, timers};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Sink;
use millstream_pipelines::{Pipeline, Runner};
use millstream_search::Index;
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::{PostgresSink, View};
use millstream_sinks::tantivy::TantivySink;
use millstream_sinks::timers::TimersView;
use sqlx::PgPool;
use std::sync::Arc;

/// What every pipeline needs.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) pool: PgPool,
    pub(crate) log: Log,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signals: Signals,
    /// This installation, as leases know it.
    pub(crate) node: String,
    /// Where the node's own search index is.
    pub(crate) search: Index,
}

/// Starts every pipeline, and says what their rows in `stream.pipeline` are called.
pub(crate) fn spawn(group: &mut Group, parts: &Parts) -> Vec<String> {
    vec![
        parts.view(group, activity::pipeline(), ActivityView),
        parts.view(group, notifications::pipeline(), NotificationsView),
        parts.view(group, audit::pipeline(), AuditView),
        parts.view(group, timers::pipeline(), TimersView),
        parts.search(group),
    ]
}

impl Parts {
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
    fn search(&self, group: &mut Group) -> String {
        let row = format!("{}@{}", search::NAME, self.node);
        let sink = TantivySink::new(
            self.search.clone(),
            self.pool.clone(),
            Arc::clone(&self.clock),
            &*row,
        );
        self.pipeline(group, search::pipeline(), sink, row)
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
        let runner = Runner::new(
            pipeline,
            self.log.clone(),
            sink,
            lease,
            clock,
            self.signals.clone(),
        );
        group.spawn(runner.run(group.stop_token()));
        row
    }
}
