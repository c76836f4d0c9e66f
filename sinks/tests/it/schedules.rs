//! Schedules: what the sink makes of times that come in time, late, twice, or for nobody; and two processes that are killed.

mod kill;

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::clock::{Clock, MockClock};
use millstream_domain::ids::ScheduleId;
use millstream_domain::policy::Actor;
use millstream_domain::schedule::MissedPolicy;
use millstream_event_log::Cut;
use millstream_pipelines::operators::schedule::Due;
use millstream_pipelines::sink::Lease as _;
use millstream_pipelines::sink::{Commit, Effect, Generation, Sink as _};
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::postgres::PostgresSink;
use millstream_sinks::schedules::SchedulesView;
use millstream_store::schedule::{CreateSchedule, DeleteSchedule, Schedule, ScheduleEdit};
use millstream_store::testing::TestStore;
use std::sync::Arc;

/// An hourly schedule of this policy.
async fn hourly(store: &TestStore, root: &Actor, missed: MissedPolicy, most: u32) -> Schedule {
    let edit = ScheduleEdit {
        every_s: Some(Some(3_600)),
        missed: Some(missed),
        missed_max: Some(most),
        ..ScheduleEdit::default()
    };
    let create = CreateSchedule {
        actor: root.clone(),
        name: format!("{missed} {most}").parse().unwrap(),
        kind: "empty_trash".to_owned(),
        edit,
    };
    store.done(root, create).await
}

struct World {
    store: TestStore,
    root: Actor,
    sink: PostgresSink<SchedulesView>,
    seq: u64,
}

impl World {
    async fn new() -> Self {
        let store = TestStore::new().await;
        let root = store.with_user("root").await;
        let (pool, clock) = (store.store.pool().clone(), store.store.clock().clone());
        let mut lease = PostgresLease::new(pool.clone(), clock.clone(), "schedules", 1, "a");
        let generation: Generation = lease.acquire().await.unwrap().unwrap();
        let view = SchedulesView::new(clock.clone());
        let mut sink = PostgresSink::new("schedules", pool, clock, view);
        sink.open(generation).await.unwrap();
        Self {
            store,
            root,
            sink,
            seq: 1,
        }
    }

    fn clock(&self) -> &Arc<MockClock> {
        &self.store.clock
    }

    /// Commits that these times of a schedule have come.
    async fn came(&mut self, schedule: &Schedule, times: &[DateTime<Utc>]) {
        let effects = times.iter().map(|at| Effect {
            seq: self.seq,
            at: *at,
            item: Due {
                schedule: Box::new(schedule.state.clone()),
                at: *at,
            },
        });
        let commit = Commit {
            effects: effects.collect(),
            states: Vec::new(),
            dead: Vec::new(),
            taken: Vec::new(),
            cut: Cut::at(self.seq),
        };
        self.sink.commit(&commit).await.unwrap();
        self.seq += 1;
    }

    /// The hours, counted from when the schedule was made, whose jobs were enqueued.
    async fn hours(&self, schedule: &Schedule) -> Vec<i64> {
        let runs: Vec<DateTime<Utc>> = sqlx::query_scalar(
            "select run_at from jobs.job where idempotency_key like 'schedule/' || $1 || '/%' order by run_at",
        )
        .bind(schedule.state.id.to_string())
        .fetch_all(self.store.store.pool())
        .await
        .unwrap();
        runs.iter()
            .map(|at| (*at - schedule.state.since).num_hours())
            .collect()
    }

    async fn now(&self, id: ScheduleId) -> Schedule {
        self.store.store.schedule(&self.root, id).await.unwrap()
    }
}

fn hours(schedule: &Schedule, hours: impl IntoIterator<Item = i64>) -> Vec<DateTime<Utc>> {
    let since = schedule.state.since;
    hours
        .into_iter()
        .map(|h| since + TimeDelta::hours(h))
        .collect()
}

#[tokio::test]
async fn a_time_that_comes_in_time_enqueues_a_job_and_is_remembered() {
    let mut world = World::new().await;
    let schedule = hourly(&world.store, &world.root, MissedPolicy::Skip, 1).await;
    world
        .clock()
        .advance(TimeDelta::hours(1) + TimeDelta::seconds(2));
    let first = hours(&schedule, [1]);
    world.came(&schedule, &first).await;
    // The commit is tried again, and another owner says the same anew.
    world.came(&schedule, &first).await;
    assert_eq!(world.hours(&schedule).await, [1]);
    let now = world.now(schedule.state.id).await;
    assert_eq!((now.last_run_at, now.missed_count), (Some(first[0]), 0));
    assert!(now.last_job_id.is_some());
    // Even when the job was forgotten long ago.
    sqlx::query("delete from jobs.job")
        .execute(world.store.store.pool())
        .await
        .unwrap();
    world.came(&schedule, &first).await;
    assert_eq!(world.hours(&schedule).await, [0; 0]);
}

#[tokio::test]
async fn times_that_were_missed_are_made_up_for_by_policy() {
    let mut world = World::new().await;
    let mut all = Vec::new();
    for (policy, most) in [
        (MissedPolicy::Skip, 1),
        (MissedPolicy::Once, 1),
        (MissedPolicy::All, 3),
        (MissedPolicy::All, 50),
    ] {
        all.push(hourly(&world.store, &world.root, policy, most).await);
    }
    // Ten hours in which nothing ran, then one in time.
    world
        .clock()
        .advance(TimeDelta::hours(10) + TimeDelta::minutes(30));
    for schedule in &all {
        world.came(schedule, &hours(schedule, 1..=10)).await;
    }
    world.clock().advance(TimeDelta::minutes(30));
    for schedule in &all {
        world.came(schedule, &hours(schedule, [11])).await;
    }
    let expected: [(Vec<i64>, i64); 4] = [
        (vec![11], 10),
        (vec![10, 11], 9),
        (vec![8, 9, 10, 11], 7),
        ((1..=11).collect(), 0),
    ];
    for (schedule, (runs, missed)) in all.iter().zip(expected) {
        let name = &schedule.state.name;
        assert_eq!(world.hours(schedule).await, runs, "{name}");
        assert_eq!(
            world.now(schedule.state.id).await.missed_count,
            missed,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_schedule_that_was_removed_meanwhile_enqueues_nothing() {
    let mut world = World::new().await;
    let schedule = hourly(&world.store, &world.root, MissedPolicy::All, 9).await;
    let delete = DeleteSchedule {
        actor: world.root.clone(),
        id: schedule.state.id,
        expected_version: None,
    };
    world.store.done(&world.root, delete).await;
    world.clock().advance(TimeDelta::hours(1));
    world.came(&schedule, &hours(&schedule, [1])).await;
    assert_eq!(world.hours(&schedule).await, [0; 0]);
    assert!(world.clock().now() > schedule.state.since);
}
