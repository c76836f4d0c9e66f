//! How jobs end, by what their handler answers.

use super::handlers::{Grind, GrindAll, Mill, Plan, eventually};
use super::{PACE, enqueued, grind, job, plain, runner};
use chrono::TimeDelta;
use millstream_domain::job::JobState;
use millstream_sinks::jobs::{Handlers, JobRunner, Pace};
use millstream_store::job::enqueue::enqueue;
use millstream_store::testing::TestStore;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Lets a mill work until the job of `sacks` has ended, and answers what came of it.
async fn worked(store: &TestStore, plan: fn(u32, i32) -> Plan) -> millstream_store::job::Job {
    let id = enqueued(store, vec![grind(7)]).await[0];
    let stop = CancellationToken::new();
    let running = runner(store, "ada", &Mill::new(plan)).run(stop.clone());
    let watching = async {
        eventually(async || {
            // Whatever waits for its next try is due.
            store.clock.advance(TimeDelta::seconds(5));
            job(store, id).await.state.has_ended()
        })
        .await;
        stop.cancel();
    };
    tokio::join!(running, watching);
    job(store, id).await
}

#[tokio::test]
async fn what_a_handler_answers_is_the_result() {
    let store = TestStore::new().await;
    let done = worked(&store, |_, _| Plan::Answer).await;
    assert_eq!((done.state, done.attempts), (JobState::Done, 1));
    assert_eq!(done.result.unwrap().get(), r#"{"sacks":7}"#);
    assert_eq!((done.progress, done.error), (Some(1.0), None));
}

#[tokio::test]
async fn what_may_go_better_later_is_tried_again() {
    let store = TestStore::new().await;
    let plan = |_, attempt| {
        if attempt < 3 {
            Plan::Retry
        } else {
            Plan::Answer
        }
    };
    let done = worked(&store, plan).await;
    assert_eq!((done.state, done.attempts), (JobState::Done, 3));
}

#[tokio::test]
async fn what_never_goes_better_is_dead_after_its_tries() {
    let store = TestStore::new().await;
    let dead = worked(&store, |_, _| Plan::Retry).await;
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, 3));
    assert_eq!(dead.error.as_deref(), Some("the sluice is shut"));
}

/// What stands behind an error is for the log.
#[tokio::test]
async fn whoever_sees_a_job_reads_what_went_wrong_and_nothing_of_our_insides() {
    let store = TestStore::new().await;
    let dead = worked(&store, |_, _| Plan::Buried).await;
    assert_eq!(dead.error.as_deref(), Some("the sacks cannot be counted"));
    let dead = worked(&store, |_, _| Plan::Database).await;
    let error = dead.error.unwrap();
    assert_eq!(error, "the database did not do what was asked of it");
}

#[tokio::test]
async fn what_cannot_be_done_is_not_tried_again() {
    let store = TestStore::new().await;
    let failed = worked(&store, |_, _| Plan::Reject).await;
    assert_eq!((failed.state, failed.attempts), (JobState::Failed, 1));
    assert_eq!(failed.error.as_deref(), Some("there are stones in it"));
}

#[tokio::test]
async fn a_handler_that_panics_takes_nothing_with_it() {
    let store = TestStore::new().await;
    let plan = |_, attempt| {
        if attempt < 2 {
            Plan::Panic
        } else {
            Plan::Retry
        }
    };
    let id = enqueued(&store, vec![grind(9)]).await[0];
    let dead = worked(&store, plan).await;
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, 3));
    // The other one went through the same, beside it.
    eventually(async || job(&store, id).await.attempts >= 1).await;
    let error = worked(&store, |_, attempt| {
        assert!(attempt <= 3);
        Plan::Panic
    });
    let error = error.await.error.unwrap();
    assert_eq!(error, "its handler has a bug");
}

#[tokio::test]
async fn a_result_that_is_too_large_is_refused() {
    let store = TestStore::new().await;
    let failed = worked(&store, |_, _| Plan::TooMuch).await;
    assert_eq!(failed.state, JobState::Failed);
    assert!(failed.error.unwrap().contains("65536 are the limit"));
}

/// Of the mill's kind, and not what it takes.
#[derive(Debug, Serialize, Deserialize)]
struct Flour(String);

impl millstream_store::job::JobArgs for Flour {
    const KIND: &'static str = "grind";
}

#[tokio::test]
async fn arguments_that_cannot_be_read_are_refused_once() {
    let store = TestStore::new().await;
    let id = enqueued(&store, vec![Flour("white".into())]).await[0];
    worked(&store, |_, _| Plan::Answer).await;
    eventually(async || job(&store, id).await.state == JobState::Failed).await;
    assert_eq!(job(&store, id).await.attempts, 1);
}

#[tokio::test]
async fn jobs_of_kinds_that_a_runner_does_not_know_are_left_to_others() {
    let store = TestStore::new().await;
    let id = enqueued(&store, vec![GrindAll { sacks: 1 }]).await[0];
    worked(&store, |_, _| Plan::Answer).await;
    let left = job(&store, id).await;
    assert_eq!((left.state, left.attempts), (JobState::Waiting, 0));
    let nothing = JobRunner::new(store.store.clone(), "joan", Handlers::default()).at_pace(PACE);
    let stop = CancellationToken::new();
    stop.cancel();
    nothing.run(stop).await;
}

/// A runner that looks by itself only once an hour.
fn sleepy(store: &TestStore, mill: &Mill) -> JobRunner {
    let pace = Pace {
        poll: Duration::from_hours(1),
        ..PACE
    };
    runner(store, "ada", mill).at_pace(pace)
}

#[tokio::test]
async fn a_commit_wakes_the_runner_and_so_does_a_free_slot() {
    let store = TestStore::new().await;
    let mill = Mill::new(|_, _| Plan::Answer);
    let stop = CancellationToken::new();
    let running = sleepy(&store, &mill).run(stop.clone());
    let telling = async {
        for round in 1..=3 {
            // More than there are slots for.
            let all = (0..10).map(grind).collect();
            let ids = enqueued(&store, all).await;
            eventually(async || mill.known(|known| known.begun.len()) == round * 10).await;
            eventually(async || job(&store, ids[9]).await.state == JobState::Done).await;
        }
        stop.cancel();
    };
    tokio::join!(running, telling);
}

#[tokio::test]
async fn what_others_have_enqueued_is_found_by_looking() {
    let store = TestStore::new().await;
    let mill = Mill::new(|_, _| Plan::Answer);
    let stop = CancellationToken::new();
    let running = runner(&store, "ada", &mill).run(stop.clone());
    let telling = async {
        let mut tx = store.store.pool().begin().await.unwrap();
        let new = plain(&store, &Grind { sacks: 1 });
        let id = enqueue(&mut tx, &new).await.unwrap().into_job().id;
        tx.commit().await.unwrap();
        eventually(async || job(&store, id).await.state == JobState::Done).await;
        stop.cancel();
    };
    tokio::join!(running, telling);
}
