//! Schedules and mails as cases of the suite: sinks whose rows depend on what people have made before.

use crate::suite::Case;
use chrono::TimeDelta;
use millstream_domain::clock::{MockClock, SystemClock};
use millstream_event_log::Record;
use millstream_pipelines::Pipeline;
use millstream_pipelines::dataflows::{mails, schedules};
use millstream_pipelines::operators::notify::NotificationItem;
use millstream_pipelines::operators::schedule::Due;
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Lease;
use millstream_pipelines::testing::Naked;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mails::MailsView;
use millstream_sinks::postgres::PostgresSink;
use millstream_sinks::schedules::SchedulesView;
use millstream_store::testing::TestDatabase;
use std::sync::Arc;

/// Until the schedules of the samples have come up some dozens of times.
const LATER: TimeDelta = TimeDelta::hours(12);

/// What a pipeline makes of one record, alone, and of some hours.
fn items<I: Item>(pipeline: &Pipeline<I>, record: &Record) -> Vec<I> {
    let mut naked = Naked::new(pipeline, Vec::new());
    naked.records(vec![record.clone()], record.at);
    naked.tick(record.at + LATER);
    let effects = naked.settle().effects.into_iter();
    effects.map(|(_, _, item)| item).collect()
}

macro_rules! case {
    ($(#[$doc:meta])* $case:ident: $view:ident, $pipeline:ident, $item:ty, before $before:literal, rows $rows:literal) => {
        $(#[$doc])*
        pub(crate) struct $case(TestDatabase);

        impl Case for $case {
            type Sink = PostgresSink<$view>;

            async fn new() -> Self {
                let database = TestDatabase::new().await;
                sqlx::raw_sql($before).execute(database.pool()).await.unwrap();
                Self(database)
            }

            fn sink(&self) -> Self::Sink {
                // It stands at the time of the samples, so that none of them is old.
                let view = $view::new(Arc::new(MockClock::default()));
                PostgresSink::new($pipeline::NAME, self.0.pool().clone(), Arc::new(SystemClock), view)
            }

            fn lease(&self, owner: &str) -> impl Lease {
                PostgresLease::new(self.0.pool().clone(), Arc::new(SystemClock), $pipeline::NAME, 1, owner)
            }

            fn items(record: &Record) -> Vec<$item> {
                items(&$pipeline::pipeline(), record)
            }

            async fn seen(&self) -> Vec<String> {
                sqlx::query_scalar($rows).fetch_all(self.0.pool()).await.unwrap()
            }
        }
    };
}

case! {
    /// The schedule of the samples, and its jobs.
    Schedules: SchedulesView, schedules, Due,
    before "insert into app.schedule (id, name, cron, time_zone, since, kind, args, queue, enabled, missed, missed_max,
                                      created_at, updated_at)
            values ('00000000-0000-0000-0000-000000000090', 'Summary of the day', '*/15 * * * *', 'UTC', now(),
                    'daily_summary', '{}', 'default', true, 'once', 1, '2026-01-01', '2026-01-01')",
    rows "select row_to_json(j)::text from jobs.job j
          union all select concat(fired_until, ' ', last_run_at, ' ', missed_count) from app.schedule order by 1"
}

case! {
    /// The mails of the samples, to people whom they tell of.
    Mails: MailsView, mails, NotificationItem,
    before "insert into app.user (id, username, email, display_name, password_hash, role, time_zone, locale, created_at,
                                  updated_at)
            select ('00000000-0000-0000-0000-0000000000' || to_hex(n))::uuid, 'u' || n, 'u' || n || '@example.org', 'u' || n,
                   '', 'member', 'UTC', 'en', '2026-01-01', '2026-01-01'
            from generate_series(64, 79) n",
    rows "select row_to_json(m)::text from app.mail m order by 1"
}
