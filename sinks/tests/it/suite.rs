//! What every sink promises its pipeline, tried on each: a repeat changes nothing, a crash before the acknowledgement
//! loses and doubles nothing, a poisoned record is refused whole, an owner that was overtaken writes nothing.
//!
//! To add a sink: a [`Case`] and a line at the end; another one, and [`Refusing`], if there is anything that it refuses.

use millstream_event_log::testing::at;
use millstream_event_log::{Cut, Event, Record, testing};
use millstream_pipelines::sink::{Commit, Effect, Fault, Generation, Lease, Sink, StateRow};
use serde_json::value::RawValue;

/// A sink under test.
pub(crate) trait Case: Sized {
    type Sink: Sink;

    /// An empty view.
    async fn new() -> Self;
    /// A sink on it, not opened.
    fn sink(&self) -> Self::Sink;
    /// The lease of its pipeline for this owner.
    fn lease(&self, owner: &str) -> impl Lease;
    /// The items that the pipeline makes of a record.
    fn items(record: &Record) -> Vec<<Self::Sink as Sink>::Item>;
    /// Everything in the view, in a form that can be compared.
    async fn seen(&self) -> Vec<String>;
}

/// A sink that refuses some items.
pub(crate) trait Refusing: Case {
    /// An item that cannot be written.
    fn poisoned() -> ItemOf<Self>;
}

type ItemOf<C> = <<C as Case>::Sink as Sink>::Item;

/// The sample events as records from this one on, and the commit that they become.
fn commit<C: Case>(from: u64) -> Commit<ItemOf<C>> {
    let records: Vec<_> = (from..)
        .zip(Event::samples())
        .map(|(seq, event)| testing::record(seq, event))
        .collect();
    let effects = records
        .iter()
        .flat_map(|record| {
            C::items(record).into_iter().map(|item| Effect {
                seq: record.seq,
                at: record.at,
                item,
            })
        })
        .collect();
    let cut = Cut::at(records.last().map_or(0, |record| record.seq));
    let state = RawValue::from_string(format!("{{\"from\":{from}}}")).unwrap();
    let states = vec![StateRow {
        operator: "test".into(),
        key: "a".into(),
        state: Some(state),
    }];
    Commit {
        effects,
        states,
        dead: Vec::new(),
        taken: Vec::new(),
        cut,
    }
}

async fn open<C: Case>(case: &C, owner: &str) -> (C::Sink, Cut, usize) {
    let generation = case
        .lease(owner)
        .acquire()
        .await
        .unwrap()
        .expect("nobody holds it");
    let mut sink = case.sink();
    let resume = sink.open(generation).await.unwrap();
    (sink, resume.cut, resume.states.len())
}

pub(crate) async fn what_is_committed_is_there_and_the_cut_with_it<C: Case>() {
    let case = C::new().await;
    let (mut sink, cut, _) = open(&case, "a").await;
    assert_eq!(cut, Cut::START);
    let commit = commit::<C>(1);
    sink.commit(&commit).await.unwrap();
    assert!(!case.seen().await.is_empty());
    drop(sink);
    let (_, cut, _) = open(&case, "a").await;
    assert_eq!(cut, commit.cut);
}

pub(crate) async fn a_repeated_commit_changes_nothing<C: Case>() {
    let case = C::new().await;
    let (mut sink, ..) = open(&case, "a").await;
    let commit = commit::<C>(1);
    sink.commit(&commit).await.unwrap();
    let seen = case.seen().await;
    sink.commit(&commit).await.unwrap();
    assert_eq!(case.seen().await, seen);
}

pub(crate) async fn a_crash_before_the_acknowledgement_loses_and_doubles_nothing<C: Case>() {
    let (case, straight) = (C::new().await, C::new().await);
    for one in [&case, &straight] {
        let (mut sink, ..) = open(one, "a").await;
        sink.commit(&commit::<C>(1)).await.unwrap();
        // The owner dies here, on one of them, and starts anew from what the sink says.
        if std::ptr::eq(one, &raw const case) {
            drop(sink);
            let (again, cut, _) = open(one, "a").await;
            assert_eq!(cut, commit::<C>(1).cut);
            sink = again;
        }
        sink.commit(&commit::<C>(1_001)).await.unwrap();
    }
    assert_eq!(case.seen().await, straight.seen().await);
}

pub(crate) async fn a_poisoned_record_is_refused_and_nothing_of_its_commit_is_written<
    C: Refusing,
>() {
    let case = C::new().await;
    let (mut sink, ..) = open(&case, "a").await;
    sink.commit(&commit::<C>(1)).await.unwrap();
    let seen = case.seen().await;
    let mut poisoned = commit::<C>(1_001);
    poisoned.effects.push(Effect {
        seq: 1_100,
        at: at(0),
        item: C::poisoned(),
    });
    poisoned.cut = Cut::at(1_100);
    let refused = sink.commit(&poisoned).await;
    assert!(matches!(refused, Err(Fault::Reject(_))), "{refused:?}");
    assert_eq!(case.seen().await, seen);
    sink.commit(&commit::<C>(1_001))
        .await
        .expect("the sink goes on without it");
}

pub(crate) async fn an_overtaken_owner_writes_nothing<C: Case>() {
    let case = C::new().await;
    let (mut old, ..) = open(&case, "a").await;
    old.commit(&commit::<C>(1)).await.unwrap();
    let (mut new, cut, _) = open(&case, "a").await;
    assert_eq!(cut, commit::<C>(1).cut);
    let seen = case.seen().await;
    let fenced = old.commit(&commit::<C>(1_001)).await;
    assert!(matches!(fenced, Err(Fault::Fenced)), "{fenced:?}");
    assert_eq!(case.seen().await, seen);
    new.commit(&commit::<C>(1_001)).await.unwrap();
    assert!(matches!(old.open(Generation(0)).await, Err(Fault::Fenced)));
}

macro_rules! sink_suite {
    ($($name:ident: $case:ty;)*) => {$(
        mod $name {
            #[tokio::test]
            async fn what_is_committed_is_there_and_the_cut_with_it() {
                $crate::suite::what_is_committed_is_there_and_the_cut_with_it::<$case>().await;
            }

            #[tokio::test]
            async fn a_repeated_commit_changes_nothing() {
                $crate::suite::a_repeated_commit_changes_nothing::<$case>().await;
            }

            #[tokio::test]
            async fn a_crash_before_the_acknowledgement_loses_and_doubles_nothing() {
                $crate::suite::a_crash_before_the_acknowledgement_loses_and_doubles_nothing::<$case>().await;
            }

            #[tokio::test]
            async fn an_overtaken_owner_writes_nothing() {
                $crate::suite::an_overtaken_owner_writes_nothing::<$case>().await;
            }
        }
    )*};
}

macro_rules! refusing_suite {
    ($($name:ident: $case:ty;)*) => {
        mod poisoned {$(
            #[tokio::test]
            async fn $name() {
                $crate::suite::a_poisoned_record_is_refused_and_nothing_of_its_commit_is_written::<$case>().await;
            }
        )*}
    };
}

sink_suite! {
    activity: crate::views::Activity;
    audit: crate::views::Audit;
    mails: crate::promised::Mails;
    notifications: crate::views::Notifications;
    schedules: crate::promised::Schedules;
    search: crate::tantivy::Search;
    timers: crate::views::Timers;
}

refusing_suite! {
    activity: crate::views::Activity;
    audit: crate::views::Audit;
    notifications: crate::views::Notifications;
}

#[cfg(feature = "kafka")]
sink_suite! {
    kafka: crate::mirrored::MirrorCase<crate::kafka::InKafka>;
}

#[cfg(feature = "redis")]
sink_suite! {
    redis: crate::mirrored::MirrorCase<crate::redis::InRedis>;
}
