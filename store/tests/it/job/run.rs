//! Who has a job, and what comes of whoever had it before.

use super::{LEASE, enqueued, grind, job, now, one, taken};
use chrono::TimeDelta;
use futures::future::join_all;
use millstream_domain::job::{JobState, Queue};
use millstream_store::job::run::{Ending, Pulse, Taking};
use millstream_store::testing::TestStore;
use std::collections::BTreeSet;

fn done(result: &str) -> Ending {
    Ending::Done(Some(
        serde_json::value::RawValue::from_string(result.into()).unwrap(),
    ))
}

#[tokio::test]
async fn a_job_is_taken_once_however_many_want_it() {
    let store = TestStore::new().await;
    let mut expected = BTreeSet::new();
    for sacks in 0..200 {
        expected.insert(enqueued(&store, &grind(&store, sacks)).await.into_job().id);
    }
    let millers = (0..8).map(|n| {
        let store = &store;
        async move {
            let (mut mine, owner) = (Vec::new(), format!("miller {n}"));
            loop {
                let jobs = taken(store, &owner, 7).await;
                if jobs.is_empty() {
                    return mine;
                }
                mine.extend(jobs.into_iter().map(|job| job.id));
            }
        }
    });
    let all: Vec<_> = join_all(millers).await.concat();
    assert_eq!(all.len(), 200, "nothing twice");
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn whoever_has_a_job_keeps_it_with_signs_of_life() {
    let store = TestStore::new().await;
    enqueued(&store, &grind(&store, 1)).await;
    let mine = one(&store, "ada").await;
    for n in 1..=5 {
        store.clock.advance(LEASE - TimeDelta::seconds(1));
        let progress = Some(f64::from(n) / 10.0);
        let pulse = store.store.keep_job(&mine, progress, LEASE).await.unwrap();
        assert_eq!(pulse, Pulse::GoOn);
        assert_eq!(store.store.take_back_jobs().await.unwrap(), 0);
        assert!(taken(&store, "grace", 1).await.is_empty());
    }
    assert_eq!(job(&store, mine.id).await.progress, Some(0.5));
    // A sign of life that has nothing new to tell leaves what was told.
    store.store.keep_job(&mine, None, LEASE).await.unwrap();
    assert_eq!(job(&store, mine.id).await.progress, Some(0.5));
    assert!(store.store.end_job(&mine, &done("7")).await.unwrap());
    let ended = job(&store, mine.id).await;
    assert_eq!((ended.state, ended.progress), (JobState::Done, Some(1.0)));
    assert_eq!(ended.result.unwrap().get(), "7");
    assert_eq!(ended.finished_at, Some(now(&store)));
}

#[tokio::test]
async fn when_a_lease_runs_out_another_takes_over_and_the_first_is_refused() {
    let store = TestStore::new().await;
    enqueued(&store, &grind(&store, 1)).await;
    let first = one(&store, "ada").await;
    store.clock.advance(LEASE);
    assert_eq!(
        store.store.take_back_jobs().await.unwrap(),
        0,
        "not yet over"
    );
    store.clock.advance(TimeDelta::microseconds(1));
    assert_eq!(store.store.take_back_jobs().await.unwrap(), 1);
    // Taken back, and not taken by anybody yet: that is enough to refuse the first.
    let pulse = store
        .store
        .keep_job(&first, Some(0.9), LEASE)
        .await
        .unwrap();
    assert_eq!(pulse, Pulse::Lost);
    assert!(!store.store.end_job(&first, &done("1")).await.unwrap());

    let second = one(&store, "grace").await;
    assert_eq!((second.id, second.attempt), (first.id, 2));
    assert!(second.fence > first.fence);
    assert!(!store.store.end_job(&first, &done("1")).await.unwrap());
    let pulse = store
        .store
        .keep_job(&first, Some(0.9), LEASE)
        .await
        .unwrap();
    assert_eq!(pulse, Pulse::Lost);
    let held = job(&store, first.id).await;
    assert_eq!((held.state, held.progress), (JobState::Running, None));
    assert!(store.store.end_job(&second, &done("2")).await.unwrap());
    assert!(
        !store
            .store
            .end_job(&first, &Ending::Failed("late".into()))
            .await
            .unwrap()
    );
    let ended = job(&store, first.id).await;
    assert_eq!((ended.state, ended.error), (JobState::Done, None));
    assert_eq!(ended.result.unwrap().get(), "2");
}

/// The same owner too: a process that was restarted is not the one that took the job.
#[tokio::test]
async fn the_fence_is_of_the_taking_and_not_of_the_owner() {
    let store = TestStore::new().await;
    enqueued(&store, &grind(&store, 1)).await;
    let before = one(&store, "ada").await;
    store.clock.advance(LEASE + TimeDelta::seconds(1));
    store.store.take_back_jobs().await.unwrap();
    let after = one(&store, "ada").await;
    assert!(!store.store.end_job(&before, &done("1")).await.unwrap());
    assert!(store.store.end_job(&after, &done("2")).await.unwrap());
}

#[tokio::test]
async fn a_job_that_takes_its_runners_with_it_is_buried_after_its_tries() {
    let store = TestStore::new().await;
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    for attempt in 1..=3 {
        assert_eq!(one(&store, "ada").await.attempt, attempt);
        store.clock.advance(LEASE + TimeDelta::seconds(1));
        assert_eq!(store.store.take_back_jobs().await.unwrap(), 1);
    }
    assert!(taken(&store, "ada", 1).await.is_empty());
    let dead = job(&store, id).await;
    assert_eq!((dead.state, dead.attempts), (JobState::Dead, 3));
    assert!(dead.error.unwrap().contains("process that ran it ended"));
    assert_eq!(dead.finished_at, Some(now(&store)));
}

#[tokio::test]
async fn a_job_that_was_put_off_waits_and_remembers_why() {
    let store = TestStore::new().await;
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    let mine = one(&store, "ada").await;
    let until = now(&store) + TimeDelta::minutes(2);
    let error = "the sluice\0 is shut".into();
    let put_off = Ending::PutOff { until, error };
    assert!(store.store.end_job(&mine, &put_off).await.unwrap());
    let waiting = job(&store, id).await;
    assert_eq!((waiting.state, waiting.run_at), (JobState::Waiting, until));
    assert_eq!(waiting.error.as_deref(), Some("the sluice\u{fffd} is shut"));
    assert!(taken(&store, "ada", 1).await.is_empty());
    store.clock.advance(TimeDelta::minutes(2));
    let again = one(&store, "ada").await;
    assert_eq!(again.attempt, 2);
    store
        .store
        .end_job(&again, &Ending::Done(None))
        .await
        .unwrap();
    assert_eq!(job(&store, id).await.error, None);
}

#[tokio::test]
async fn a_job_that_is_given_back_has_not_been_tried() {
    let store = TestStore::new().await;
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    for _ in 0..9 {
        let mine = one(&store, "ada").await;
        assert_eq!(mine.attempt, 1);
        assert!(
            store
                .store
                .end_job(&mine, &Ending::GivenBack)
                .await
                .unwrap()
        );
        assert_eq!(job(&store, id).await.attempts, 0);
    }
}

#[tokio::test]
async fn a_runner_takes_only_what_it_knows_from_where_it_looks() {
    let store = TestStore::new().await;
    enqueued(&store, &grind(&store, 1)).await;
    let mut taking = Taking {
        owner: "ada",
        queue: Queue::Heavy,
        kinds: &["grind".to_owned()],
        limit: 1,
        lease: LEASE,
    };
    assert!(store.store.take_jobs(&taking).await.unwrap().is_empty());
    taking.queue = Queue::Default;
    taking.kinds = &[];
    assert!(store.store.take_jobs(&taking).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_error_is_cut_between_characters() {
    let store = TestStore::new().await;
    let id = enqueued(&store, &grind(&store, 1)).await.into_job().id;
    let mine = one(&store, "ada").await;
    let error = "é".repeat(4_000);
    assert!(
        store
            .store
            .end_job(&mine, &Ending::Failed(error))
            .await
            .unwrap()
    );
    let kept = job(&store, id).await.error.unwrap();
    assert_eq!(kept, "é".repeat(2_048));
}

#[tokio::test]
async fn ended_jobs_are_forgotten_after_their_time() {
    let store = TestStore::new().await;
    let endings = [
        done("1"),
        Ending::Cancelled,
        Ending::Failed("no".into()),
        Ending::Dead("no".into()),
    ];
    for ending in &endings {
        let key = format!("{ending:?}");
        enqueued(&store, &grind(&store, 1).once(key).unwrap()).await;
        let mine = one(&store, "ada").await;
        assert!(store.store.end_job(&mine, ending).await.unwrap());
    }
    enqueued(
        &store,
        &grind(&store, 2).due(now(&store) + TimeDelta::days(99)),
    )
    .await;
    for (days, left) in [(7, 5), (1, 3), (22, 3), (1, 1), (60, 1)] {
        store.clock.advance(TimeDelta::days(days));
        store.store.keep_house_once().await.unwrap();
        let count: Option<i64> = sqlx::query_scalar("select count(*) from jobs.job")
            .fetch_one(store.store.pool())
            .await
            .unwrap();
        assert_eq!(count, Some(left), "{days}");
    }
}
