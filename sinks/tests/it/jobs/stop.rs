//! Jobs that are stopped: called off, cut off from their runner, or with the process.

use super::handlers::{Mill, Plan, eventually};
use super::{PACE, enqueued, grind, job, plain, runner};
use chrono::TimeDelta;
use millstream_domain::ids::JobId;
use millstream_domain::job::{JobState, Queue};
use millstream_domain::policy::Actor;
use millstream_event_log::Origin;
use millstream_sinks::jobs::Pace;
use millstream_store::job::CancelJob;
use millstream_store::job::enqueue::enqueue;
use millstream_store::job::run::{Ending, Taking};
use millstream_store::testing::TestStore;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

async fn call_off(store: &TestStore, id: JobId) {
    let actor = Actor::System;
    let cancel = CancelJob { actor, id };
    store.store.write(&Origin::default(), cancel).await.unwrap();
}

/// Starts a job, lets `then` happen while it runs, and waits until it has ended.
async fn stopped(plan: fn(u32, i32) -> Plan) -> (TestStore, Mill, JobId) {
    let store = TestStore::new().await;
    let mill = Mill::new(plan);
    let id = enqueued(&store, vec![grind(1)]).await[0];
    let stop = CancellationToken::new();
    let running = runner(&store, "ada", &mill).run(stop.clone());
    let stopping = async {
        eventually(async || mill.known(|known| known.running.len()) == 1).await;
        call_off(&store, id).await;
        eventually(async || job(&store, id).await.state.has_ended()).await;
        stop.cancel();
    };
    tokio::join!(running, stopping);
    (store, mill, id)
}

#[tokio::test]
async fn a_handler_hears_that_its_job_was_called_off() {
    let (store, mill, id) = stopped(|_, _| Plan::WaitForStop).await;
    let job = job(&store, id).await;
    assert_eq!((job.state, job.attempts), (JobState::Cancelled, 1));
    assert_eq!(mill.known(|known| known.left.clone()), [id]);
}

#[tokio::test]
async fn a_handler_that_does_not_hear_is_dropped() {
    let (store, mill, id) = stopped(|_, _| Plan::Deaf).await;
    assert_eq!(job(&store, id).await.state, JobState::Cancelled);
    assert_eq!(mill.known(|known| known.left.clone()), [id]);
}

#[tokio::test]
async fn progress_is_seen_while_a_job_runs() {
    let store = TestStore::new().await;
    let mill = Mill::new(|_, _| Plan::WaitForStop);
    let id = enqueued(&store, vec![grind(1)]).await[0];
    let stop = CancellationToken::new();
    let running = runner(&store, "ada", &mill).run(stop.clone());
    let watching = async {
        eventually(async || job(&store, id).await.progress == Some(0.5)).await;
        assert_eq!(job(&store, id).await.state, JobState::Running);
        stop.cancel();
    };
    tokio::join!(running, watching);
}

#[tokio::test]
async fn jobs_that_run_when_the_process_stops_are_given_back() {
    let plans: [fn(u32, i32) -> Plan; 2] = [|_, _| Plan::WaitForStop, |_, _| Plan::Deaf];
    for plan in plans {
        let store = TestStore::new().await;
        let mill = Mill::new(plan);
        let ids = enqueued(&store, (0..3).map(grind).collect()).await;
        let stop = CancellationToken::new();
        let running = runner(&store, "ada", &mill).run(stop.clone());
        let stopping = async {
            eventually(async || mill.known(|known| known.running.len()) == 3).await;
            stop.cancel();
        };
        tokio::join!(running, stopping);
        for id in ids {
            let job = job(&store, id).await;
            assert_eq!((job.state, job.attempts), (JobState::Waiting, 0));
        }
    }
}

/// Its owner is alive, and has not been heard of for too long: somebody else has the job now.
#[tokio::test]
async fn a_handler_whose_job_was_taken_over_is_dropped_and_its_end_is_not_written() {
    let store = TestStore::new().await;
    let mill = Mill::new(|_, _| Plan::Deaf);
    // Without waking anybody: ada is to look once, at her start, so that it is another one who takes over.
    let mut db = store.store.pool().acquire().await.unwrap();
    let new = plain(&store, &grind(1));
    let id = enqueue(&mut db, &new).await.unwrap().into_job().id;
    drop(db);
    let stop = CancellationToken::new();
    let pace = Pace {
        poll: Duration::from_hours(1),
        pulse: Duration::from_millis(500),
        ..PACE
    };
    let running = runner(&store, "ada", &mill).at_pace(pace).run(stop.clone());
    let overtaking = async {
        eventually(async || mill.known(|known| known.running.len()) == 1).await;
        // A sign of life may come in between; then once more.
        eventually(async || {
            store.clock.advance(TimeDelta::seconds(31));
            store.store.take_back_jobs().await.unwrap() == 1
        })
        .await;
        let taking = Taking {
            owner: "grace",
            queue: Queue::Default,
            kinds: &["grind".to_owned()],
            limit: 1,
            lease: TimeDelta::seconds(30),
        };
        let hers = store.store.take_jobs(&taking).await.unwrap().remove(0);
        assert_eq!((hers.id, hers.attempt), (id, 2));
        eventually(async || mill.known(|known| known.left.len()) == 1).await;
        // What it had set to work beside itself is told too.
        assert!(mill.known(|known| known.stops[0].is_cancelled()));
        stop.cancel();
        hers
    };
    let ((), hers) = tokio::join!(running, overtaking);
    let held = job(&store, id).await;
    assert_eq!((held.state, held.attempts), (JobState::Running, 2));
    let done = store.store.end_job(&hers, &Ending::Done(None)).await;
    assert!(done.unwrap());
}
