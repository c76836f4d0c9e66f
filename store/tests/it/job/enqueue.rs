//! A job exists if and only if what wanted it was committed, and once for each key.

use super::{Bake, Grind, enqueued, grind, id, job, now, taken};
use chrono::TimeDelta;
use millstream_domain::job::{JobState, Queue};
use millstream_store::job::enqueue::{ARGS_BYTES_MAX, KEY_BYTES_MAX, enqueue};
use millstream_store::job::{Enqueued, JobArgs, JobRefused, NewJob};
use millstream_store::testing::TestStore;
use serde::{Deserialize, Serialize};

#[tokio::test]
async fn a_job_is_there_when_its_transaction_is_committed_and_else_is_not() {
    let store = TestStore::new().await;
    let mut tx = store.store.pool().begin().await.unwrap();
    enqueue(&mut tx, &grind(&store, 1)).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(taken(&store, "miller", 9).await.is_empty());

    let mut tx = store.store.pool().begin().await.unwrap();
    let fresh = enqueue(&mut tx, &grind(&store, 2)).await.unwrap();
    assert!(
        taken(&store, "miller", 9).await.is_empty(),
        "not before the commit"
    );
    tx.commit().await.unwrap();
    let fresh = fresh.into_job();
    let read = job(&store, fresh.id).await;
    assert_eq!(format!("{read:?}"), format!("{fresh:?}"));
    assert_eq!(taken(&store, "miller", 9).await.len(), 1);
}

#[tokio::test]
async fn a_kind_says_where_its_jobs_wait_and_how_often_they_are_tried() {
    let store = TestStore::new().await;
    let team = store.store.ids().next().into();
    let bake = NewJob::of(id(&store), &Bake { team }, now(&store)).unwrap();
    let bake = enqueued(&store, &bake).await.into_job();
    let state = (
        bake.kind.as_str(),
        bake.queue,
        bake.state,
        bake.max_attempts,
    );
    assert_eq!(state, ("bake", Queue::Heavy, JobState::Waiting, 5));
    let grind = enqueued(&store, &grind(&store, 1)).await.into_job();
    assert_eq!((grind.queue, grind.max_attempts), (Queue::Default, 3));
}

#[tokio::test]
async fn a_key_enqueues_once_and_answers_the_job_that_is_there() {
    let store = TestStore::new().await;
    let first = grind(&store, 1).once("harvest").unwrap();
    let Enqueued::Fresh(first) = enqueued(&store, &first).await else {
        panic!("nobody was there before");
    };
    store.clock.advance(TimeDelta::minutes(1));
    let again = grind(&store, 2).once("harvest").unwrap();
    let Enqueued::Before(before) = enqueued(&store, &again).await else {
        panic!("the key is taken");
    };
    assert_eq!(format!("{before:?}"), format!("{first:?}"));
    assert_eq!(taken(&store, "miller", 9).await.len(), 1);
    // Another kind has keys of its own, and a job without one is not kept out by any.
    let team = store.store.ids().next().into();
    let bake = NewJob::of(id(&store), &Bake { team }, now(&store)).unwrap();
    let other = enqueued(&store, &bake.once("harvest").unwrap()).await;
    assert!(matches!(other, Enqueued::Fresh(_)));
    for _ in 0..2 {
        let plain = enqueued(&store, &grind(&store, 3)).await;
        assert!(matches!(plain, Enqueued::Fresh(_)));
    }
}

#[tokio::test]
async fn of_two_who_enqueue_under_one_key_at_the_same_time_the_second_waits_for_the_first() {
    let store = TestStore::new().await;
    for is_committed in [true, false] {
        let key = format!("harvest {is_committed}");
        let mut first = store.store.pool().begin().await.unwrap();
        let mine = grind(&store, 1).once(&*key).unwrap();
        let mine = enqueue(&mut first, &mine).await.unwrap().into_job();
        let later = grind(&store, 2).once(&*key).unwrap();
        let second = async { enqueued(&store, &later).await };
        let end = async {
            // The second is at the lock by now, or comes to it later: either way it sees how the first ended.
            tokio::task::yield_now().await;
            if is_committed {
                first.commit().await.unwrap();
            } else {
                first.rollback().await.unwrap();
            }
        };
        let (second, ()) = tokio::join!(second, end);
        let is_before = matches!(second, Enqueued::Before(_));
        assert_eq!(is_before, is_committed);
        assert_eq!(second.into_job().id == mine.id, is_committed);
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Long(String);

impl JobArgs for Long {
    const KIND: &'static str = "long";
}

#[tokio::test]
async fn arguments_and_keys_have_limits() {
    let store = TestStore::new().await;
    let long = |bytes| {
        // Two bytes are the quotation marks.
        NewJob::of(id(&store), &Long("x".repeat(bytes - 2)), now(&store))
    };
    enqueued(&store, &long(ARGS_BYTES_MAX).unwrap()).await;
    let refused = long(ARGS_BYTES_MAX + 1).unwrap_err();
    assert!(matches!(refused, JobRefused::ArgsTooLarge { bytes } if bytes == ARGS_BYTES_MAX + 1));
    enqueued(
        &store,
        &grind(&store, 1).once("k".repeat(KEY_BYTES_MAX)).unwrap(),
    )
    .await;
    for key in [String::new(), "k".repeat(KEY_BYTES_MAX + 1), "a\0b".into()] {
        assert!(matches!(grind(&store, 1).once(key), Err(JobRefused::Key)));
    }
}

#[tokio::test]
async fn arguments_come_out_as_they_went_in() {
    let store = TestStore::new().await;
    let words = "NUL \0, quotes \" and ß";
    let long = NewJob::of(id(&store), &Long(words.into()), now(&store)).unwrap();
    enqueued(&store, &long).await;
    let taking = millstream_store::job::run::Taking {
        owner: "miller",
        queue: Queue::Default,
        kinds: &["long".to_owned()],
        limit: 1,
        lease: super::LEASE,
    };
    let taken = store.store.take_jobs(&taking).await.unwrap();
    let Long(read) = serde_json::from_str(taken[0].args.get()).unwrap();
    assert_eq!(read, words);
}

#[tokio::test]
async fn a_job_that_is_due_later_is_taken_later() {
    let store = TestStore::new().await;
    let later = grind(&store, 1).due(now(&store) + TimeDelta::minutes(5));
    enqueued(&store, &later).await;
    let soon = grind(&store, 2);
    enqueued(&store, &soon).await;
    let read =
        |args: &serde_json::value::RawValue| -> Grind { serde_json::from_str(args.get()).unwrap() };
    let due = taken(&store, "miller", 9).await;
    assert_eq!(
        due.iter().map(|j| read(&j.args).sacks).collect::<Vec<_>>(),
        [2]
    );
    store.clock.advance(TimeDelta::minutes(5));
    let due = taken(&store, "miller", 9).await;
    assert_eq!(
        due.iter().map(|j| read(&j.args).sacks).collect::<Vec<_>>(),
        [1]
    );
}
