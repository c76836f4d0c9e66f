//! The views in Postgres, as cases of the suite.

use crate::suite::{Case, Refusing};
use chrono::TimeDelta;
use millstream_domain::clock::SystemClock;
use millstream_event_log::events::deadline::TaskOverdue;
use millstream_event_log::{Event, Record, testing};
use millstream_pipelines::Pipeline;
use millstream_pipelines::dataflows::activity::{self, ActivityItem};
use millstream_pipelines::dataflows::audit::{self, Entry};
use millstream_pipelines::dataflows::{notifications, timers};
use millstream_pipelines::operators::notify::NotificationItem;
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Lease;
use millstream_pipelines::testing::Naked;
use millstream_sinks::activity::ActivityView;
use millstream_sinks::audit::AuditView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::PostgresSink;
use millstream_sinks::timers::TimersView;
use millstream_store::testing::TestDatabase;
use std::sync::Arc;

/// Until all that the samples are due at has passed.
const LATER: TimeDelta = TimeDelta::days(365);

/// What a pipeline makes of one record, alone, and of time that passes.
pub(crate) fn items<I: Item>(pipeline: &Pipeline<I>, record: &Record) -> Vec<I> {
    let mut naked = Naked::new(pipeline, Vec::new());
    naked.records(vec![record.clone()], record.at);
    naked.tick(record.at + LATER);
    naked
        .settle()
        .effects
        .into_iter()
        .map(|(_, _, item)| item)
        .collect()
}

macro_rules! case {
    ($(#[$doc:meta])* $case:ident: $view:expr, $view_type:ty, $pipeline:expr, $name:expr, $item:ty,
     rows $rows:literal $(, poison $poison:expr)?) => {
        $(#[$doc])*
        pub(crate) struct $case(TestDatabase);

        impl Case for $case {
            type Sink = PostgresSink<$view_type>;

            async fn new() -> Self {
                Self(TestDatabase::new().await)
            }

            fn sink(&self) -> Self::Sink {
                PostgresSink::new($name, self.0.pool().clone(), Arc::new(SystemClock), $view)
            }

            fn lease(&self, owner: &str) -> impl Lease {
                PostgresLease::new(self.0.pool().clone(), Arc::new(SystemClock), $name, 1, owner)
            }

            fn items(record: &Record) -> Vec<$item> {
                items(&$pipeline, record)
            }

            async fn seen(&self) -> Vec<String> {
                sqlx::query_scalar($rows).fetch_all(self.0.pool()).await.unwrap()
            }
        }

        $(impl Refusing for $case {
            fn poisoned() -> $item {
                let poison: fn(&mut $item) -> bool = $poison;
                Event::samples()
                    .into_iter()
                    .flat_map(|event| items(&$pipeline, &testing::record(1_100, event)))
                    .find_map(|mut item| poison(&mut item).then_some(item))
                    .expect("some sample can be poisoned")
            }
        })?
    };
}

/// What Postgres cannot keep in a text.
const NUL: &str = "\0";

case! {
    /// The activity.
    Activity: ActivityView::default(), ActivityView, activity::pipeline(), activity::NAME, ActivityItem,
    rows "select row_to_json(a)::text from app.activity a order by seq",
    poison |item| {
        item.kind.push_str(NUL);
        true
    }
}

case! {
    /// The audit.
    Audit: AuditView, AuditView, audit::pipeline(), audit::NAME, Entry,
    rows "select row_to_json(a)::text from app.audit a order by index",
    poison |item| {
        item.action.push_str(NUL);
        true
    }
}

case! {
    /// The notifications.
    Notifications: NotificationsView::default(), NotificationsView, notifications::pipeline(), notifications::NAME, NotificationItem,
    rows "select row_to_json(n)::text from app.notification n order by seq, id",
    poison |item| match item {
        NotificationItem::Told(told) => {
            told.kind.push_str(NUL);
            true
        }
        NotificationItem::Read { .. } => false,
    }
}

case! {
    /// The timers, which append to the outbox.
    Timers: TimersView, TimersView, timers::pipeline(), timers::NAME, TaskOverdue,
    rows "select (row_to_json(o)::jsonb - 'id')::text from stream.outbox o order by id"
}
