//! What people see of jobs and do to them.

use super::{LEASE, enqueued, grind, job, now, one, taken};
use chrono::TimeDelta;
use millstream_domain::ids::JobId;
use millstream_domain::job::{JobState, Queue};
use millstream_domain::policy::{Actor, Refusal};
use millstream_event_log::Event;
use millstream_store::StoreError;
use millstream_store::job::run::{Ending, Pulse};
use millstream_store::job::{CancelJob, Job, JobFilter, RetryJob};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::page;

fn retry(actor: &Actor, id: JobId) -> RetryJob {
    let actor = actor.clone();
    RetryJob { actor, id }
}

fn cancel(actor: &Actor, id: JobId) -> CancelJob {
    let actor = actor.clone();
    CancelJob { actor, id }
}

async fn job_kinds(store: &TestStore) -> Vec<String> {
    let mut kinds = store.kinds().await;
    kinds.retain(|kind| kind.starts_with("job."));
    kinds
}

/// A job that has ended so.
async fn ended(store: &TestStore, ending: Ending) -> JobId {
    let id = enqueued(store, &grind(store, 1)).await.into_job().id;
    let mine = one(store, "ada").await;
    assert!(store.store.end_job(&mine, &ending).await.unwrap());
    id
}

#[tokio::test]
async fn a_job_is_seen_by_its_owner_and_by_admins_and_listed_by_admins_alone() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let (ada, eve) = (store.with_user("ada").await, store.with_user("eve").await);
    let hers = grind(&store, 1).owned_by(ada.user_id());
    let hers = enqueued(&store, &hers).await.into_job().id;
    let nobodys = enqueued(&store, &grind(&store, 2)).await.into_job().id;
    for id in [hers, nobodys] {
        assert!(store.store.job(&root, id).await.is_ok());
        let hidden = store.store.job(&eve, id).await.unwrap_err();
        assert!(matches!(hidden, StoreError::Refused(Refusal::Hidden)));
    }
    assert_eq!(
        store.store.job(&ada, hers).await.unwrap().created_by,
        ada.user_id()
    );
    assert!(store.store.job(&ada, nobodys).await.is_err());
    // Her own she sees, and so hears that she may not do this; others' jobs are not there at all.
    let own = store.write(&ada, cancel(&ada, hers)).await.unwrap_err();
    assert!(matches!(own, StoreError::Refused(Refusal::Forbidden)));
    let foreign = store.write(&eve, retry(&eve, hers)).await.unwrap_err();
    assert!(matches!(foreign, StoreError::Refused(Refusal::Hidden)));
    let (filter, all) = (JobFilter::default(), page(9, None));
    let listed = store.store.jobs(&ada, &filter, &all).await.unwrap_err();
    assert!(matches!(listed, StoreError::Refused(Refusal::Forbidden)));
    let listed = store.store.jobs(&root, &filter, &all).await.unwrap();
    assert_eq!(listed.items.len(), 2);
    assert!(job_kinds(&store).await.is_empty());
}

#[tokio::test]
async fn the_list_is_filtered_and_paged_newest_first() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let mut made = Vec::new();
    for sacks in 0..7 {
        // Two of each time: ties are broken by the id.
        if sacks % 2 == 0 {
            store.clock.advance(TimeDelta::seconds(1));
        }
        made.push(enqueued(&store, &grind(&store, sacks)).await.into_job().id);
    }
    made.reverse();
    let ids = |jobs: &[Job]| jobs.iter().map(|job| job.id).collect::<Vec<_>>();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let some = store
            .store
            .jobs(&root, &JobFilter::default(), &page(2, cursor))
            .await
            .unwrap();
        seen.extend(ids(&some.items));
        cursor = some.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
    let mine = one(&store, "ada").await;
    store
        .store
        .end_job(&mine, &Ending::Done(None))
        .await
        .unwrap();
    taken(&store, "ada", 2).await;
    let count = async |states: &[JobState], queue, kind: Option<&str>| {
        let filter = JobFilter {
            states: states.to_vec(),
            queue,
            kind: kind.map(str::to_owned),
        };
        let jobs = store.store.jobs(&root, &filter, &page(9, None)).await;
        jobs.unwrap().items.len()
    };
    assert_eq!(count(&[JobState::Done], None, None).await, 1);
    assert_eq!(
        count(&[JobState::Done, JobState::Running], None, None).await,
        3
    );
    assert_eq!(count(&[], Some(Queue::Default), Some("grind")).await, 7);
    assert_eq!(count(&[], Some(Queue::Heavy), None).await, 0);
    assert_eq!(count(&[], None, Some("bake")).await, 0);
}

#[tokio::test]
async fn what_has_not_been_done_can_be_tried_again_from_the_beginning() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let endings = [
        Ending::Failed("no".into()),
        Ending::Dead("no".into()),
        Ending::Cancelled,
    ];
    for ending in endings {
        let id = ended(&store, ending).await;
        let written = store.write(&root, retry(&root, id)).await.unwrap();
        let job = written.output;
        assert_eq!((job.state, job.attempts), (JobState::Waiting, 0));
        assert_eq!((job.run_at, job.finished_at), (now(&store), None));
        assert!(written.position.is_some());
        // Once more changes nothing, while it waits as well as while it runs.
        let again = store.write(&root, retry(&root, id)).await.unwrap();
        assert_eq!(again.position, None);
        let mine = one(&store, "ada").await;
        assert_eq!((mine.id, mine.attempt), (id, 1));
        let running = store.write(&root, retry(&root, id)).await.unwrap();
        assert_eq!(
            (running.position, running.output.state),
            (None, JobState::Running)
        );
        store
            .store
            .end_job(&mine, &Ending::Done(None))
            .await
            .unwrap();
        let done = store.write(&root, retry(&root, id)).await.unwrap_err();
        assert!(matches!(done, StoreError::Conflict(_)));
    }
    assert_eq!(job_kinds(&store).await, ["job.retried"; 3]);
}

#[tokio::test]
async fn a_job_that_waits_for_its_next_try_need_not_wait() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let until = now(&store) + TimeDelta::hours(1);
    let error = "no".into();
    let id = ended(&store, Ending::PutOff { until, error }).await;
    let job = store.done(&root, retry(&root, id)).await;
    assert_eq!((job.run_at, job.attempts), (now(&store), 1));
    assert_eq!(one(&store, "ada").await.attempt, 2);
    let events = store.events().await;
    let Event::Job(event) = events.last().unwrap().event().unwrap() else {
        panic!("it is told last");
    };
    let told = event.job();
    assert_eq!((told.job_id, told.attempts), (id, 1));
    assert_eq!(
        (told.state_before, told.state),
        (JobState::Waiting, JobState::Waiting)
    );
}

#[tokio::test]
async fn a_job_that_waits_is_cancelled_at_once() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    let job = store.done(&root, cancel(&root, id)).await;
    assert_eq!(
        (job.state, job.finished_at),
        (JobState::Cancelled, Some(now(&store)))
    );
    assert!(taken(&store, "ada", 1).await.is_empty());
    let again = store.write(&root, cancel(&root, id)).await.unwrap();
    assert_eq!(again.position, None);
    assert_eq!(job_kinds(&store).await, ["job.cancelled"]);
}

#[tokio::test]
async fn a_job_that_runs_is_told_to_stop_and_ends_when_it_has() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    let mine = one(&store, "ada").await;
    let asked = store.done(&root, cancel(&root, id)).await;
    assert_eq!((asked.state, asked.cancel_asked), (JobState::Running, true));
    let again = store.write(&root, cancel(&root, id)).await.unwrap();
    assert_eq!(again.position, None);
    // Nobody can take that back: its handler may be stopping already.
    let retried = store.write(&root, retry(&root, id)).await.unwrap_err();
    assert!(matches!(retried, StoreError::Conflict(_)), "{retried}");
    let pulse = store.store.keep_job(&mine, None, LEASE).await.unwrap();
    assert_eq!(pulse, Pulse::CancelAsked);
    assert!(
        store
            .store
            .end_job(&mine, &Ending::Cancelled)
            .await
            .unwrap()
    );
    assert_eq!(job(&store, id).await.state, JobState::Cancelled);
    assert_eq!(job_kinds(&store).await, ["job.cancelled"]);
}

#[tokio::test]
async fn a_job_that_was_called_off_is_not_tried_again_however_its_try_ends() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let until = now(&store);
    let error = String::from("no");
    for ending in [Ending::PutOff { until, error }, Ending::GivenBack] {
        let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
        let mine = one(&store, "ada").await;
        store.done(&root, cancel(&root, id)).await;
        assert!(store.store.end_job(&mine, &ending).await.unwrap());
        assert_eq!(job(&store, id).await.state, JobState::Cancelled);
    }
    // Nor when its runner is lost.
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    one(&store, "ada").await;
    store.done(&root, cancel(&root, id)).await;
    store.clock.advance(LEASE + TimeDelta::seconds(1));
    store.store.take_back_jobs().await.unwrap();
    assert_eq!(job(&store, id).await.state, JobState::Cancelled);
    // What was done before it heard of it is done.
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    let mine = one(&store, "ada").await;
    store.done(&root, cancel(&root, id)).await;
    store
        .store
        .end_job(&mine, &Ending::Done(None))
        .await
        .unwrap();
    assert_eq!(job(&store, id).await.state, JobState::Done);
}

#[tokio::test]
async fn what_has_ended_cannot_be_called_off() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let endings = [
        Ending::Done(None),
        Ending::Failed("no".into()),
        Ending::Dead("no".into()),
    ];
    for ending in endings {
        let id = ended(&store, ending).await;
        let refused = store.write(&root, cancel(&root, id)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)));
    }
    assert!(job_kinds(&store).await.is_empty());
}
