//! The pipelines that keep the views, each with its sink and its lease.
//!
//! To add one: a line in [`spawn`].

use crate::lifecycle::Group;
use millstream_domain::clock::Clock;
use millstream_event_log::Log;
use millstream_event_log::signals::Signals;
use millstream_pipelines::dataflows::{activity, audit, notifications};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Sink;
use millstream_pipelines::{Pipeline, Runner};
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::{PostgresSink, View};
use sqlx::PgPool;
use std::sync::Arc;

/// What every pipeline needs.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) pool: PgPool,
    pub(crate) log: Log,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signals: Signals,
    /// This process, as leases know it.
    pub(crate) owner: String,
}

/// Starts every pipeline.
pub(crate) fn spawn(group: &mut Group, parts: &Parts) {
    parts.view(group, activity::pipeline(), ActivityView);
    parts.view(group, notifications::pipeline(), NotificationsView);
    parts.view(group, audit::pipeline(), AuditView);
}

impl Parts {
    /// A pipeline whose view is kept in Postgres.
    fn view<V>(&self, group: &mut Group, pipeline: Pipeline<V::Item>, view: V)
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
        self.pipeline(group, pipeline, sink);
    }

    fn pipeline<S>(&self, group: &mut Group, pipeline: Pipeline<S::Item>, sink: S)
    where
        S: Sink,
        S::Item: Item,
    {
        let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
        let lease = PostgresLease::new(
            pool,
            Arc::clone(&clock),
            pipeline.name(),
            pipeline.logic_version(),
            &*self.owner,
        );
        let runner = Runner::new(
            pipeline,
            self.log.clone(),
            sink,
            lease,
            clock,
            self.signals.clone(),
        );
        group.spawn(runner.run(group.stop_token()));
    }
}
