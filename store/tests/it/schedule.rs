//! Schedules: made, changed, removed, run by hand, brought along; and what becomes of the times that come.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::job::{JobState, Queue};
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::schedule::MissedPolicy;
use millstream_event_log::Event;
use millstream_event_log::events::ScheduleEvent;
use millstream_store::schedule::{
    CreateSchedule, DeleteSchedule, RunSchedule, SHIPPED, Schedule, ScheduleEdit, UpdateSchedule,
    fire,
};
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{id_of, page};
use millstream_store::{PageRequest, StoreError};
use serde_json::json;

fn daily() -> ScheduleEdit {
    ScheduleEdit {
        cron: Some(Some("0 8 * * *".parse().unwrap())),
        time_zone: Some("Europe/Vienna".parse().unwrap()),
        ..ScheduleEdit::default()
    }
}

fn make(by: &Actor, name: &str, edit: ScheduleEdit) -> CreateSchedule {
    CreateSchedule {
        actor: by.clone(),
        name: name.parse().unwrap(),
        kind: "empty_trash".to_owned(),
        edit,
    }
}

fn update(by: &Actor, schedule: &Schedule, edit: ScheduleEdit) -> UpdateSchedule {
    UpdateSchedule {
        actor: by.clone(),
        id: schedule.state.id,
        expected_version: None,
        edit,
    }
}

fn wrong_fields<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Vec<String> {
    match result.unwrap_err() {
        StoreError::Fields(fields) => fields.into_iter().map(|f| f.field).collect(),
        StoreError::Taken { field } => vec![format!("{field} taken")],
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_schedule_is_made_with_what_is_usual_changed_and_removed() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let made = store.done(&root, make(&root, "Nightly", daily())).await;
    let state = &made.state;
    assert_eq!(
        (state.queue, state.enabled, state.version),
        (Queue::Default, true, 1)
    );
    assert_eq!((state.missed, state.missed_max), (MissedPolicy::Once, 1));
    assert_eq!(state.args, json!({}));
    let next = state.next_after(store.store.clock().now()).unwrap();
    assert_eq!(next.to_rfc3339(), "2026-01-01T07:00:00+00:00");
    // Seconds take the place of the expression, and are counted from now.
    store.clock.advance(TimeDelta::minutes(1));
    let edit = ScheduleEdit {
        every_s: Some(Some(600)),
        ..ScheduleEdit::default()
    };
    let changed = store.done(&root, update(&root, &made, edit)).await;
    assert_eq!(
        (&changed.state.cron, changed.state.every_s),
        (&None, Some(600))
    );
    assert_eq!(changed.state.since, store.store.clock().now());
    assert_eq!(changed.state.version, 2);
    assert_eq!(
        store.store.schedule(&root, made.state.id).await.unwrap(),
        changed
    );
    // Nothing different is no change.
    let same = store
        .done(&root, update(&root, &changed, ScheduleEdit::default()))
        .await;
    assert_eq!(same.state.version, 2);
    let delete = DeleteSchedule {
        actor: root.clone(),
        id: made.state.id,
        expected_version: Some(2.into()),
    };
    store.done(&root, delete).await;
    let gone = store.store.schedule(&root, made.state.id).await;
    assert!(matches!(gone, Err(StoreError::NotFound)));
    let kinds = store.kinds().await;
    let told: Vec<_> = kinds
        .iter()
        .filter(|k| k.starts_with("schedule."))
        .collect();
    assert_eq!(
        told,
        ["schedule.created", "schedule.updated", "schedule.deleted"]
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_field() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let made = store.done(&root, make(&root, "Nightly", daily())).await;
    let neither = make(&root, "Never", ScheduleEdit::default());
    assert_eq!(wrong_fields(store.write(&root, neither).await), ["cron"]);
    let both = ScheduleEdit {
        every_s: Some(Some(60)),
        ..daily()
    };
    assert_eq!(
        wrong_fields(store.write(&root, make(&root, "Both", both)).await),
        ["every_s"]
    );
    let odd = ScheduleEdit {
        args: Some(json!({"days": 0})),
        ..daily()
    };
    assert_eq!(
        wrong_fields(store.write(&root, make(&root, "Odd", odd)).await),
        ["args"]
    );
    let unknown = CreateSchedule {
        kind: "make_coffee".to_owned(),
        ..make(&root, "Coffee", daily())
    };
    assert_eq!(wrong_fields(store.write(&root, unknown).await), ["kind"]);
    let taken = store.write(&root, make(&root, "Nightly", daily())).await;
    assert_eq!(wrong_fields(taken), ["name taken"]);
    let cleared = ScheduleEdit {
        cron: Some(None),
        ..ScheduleEdit::default()
    };
    assert_eq!(
        wrong_fields(store.write(&root, update(&root, &made, cleared)).await),
        ["cron"]
    );
    let stale = UpdateSchedule {
        expected_version: Some(7.into()),
        ..update(&root, &made, daily())
    };
    assert!(matches!(
        store.write(&root, stale).await,
        Err(StoreError::Stale { now: 1 })
    ));
}

#[tokio::test]
async fn only_admins_have_schedules() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let ada = store.with_user("ada").await;
    let made = store.done(&root, make(&root, "Nightly", daily())).await;
    let id = made.state.id;
    let refused = [
        store.store.schedule(&ada, id).await.map(drop),
        store
            .store
            .schedules(&ada, &PageRequest::default())
            .await
            .map(drop),
        store
            .write(&ada, make(&ada, "Mine", daily()))
            .await
            .map(drop),
        store
            .write(&ada, update(&ada, &made, daily()))
            .await
            .map(drop),
        store
            .write(
                &ada,
                RunSchedule {
                    actor: ada.clone(),
                    id,
                },
            )
            .await
            .map(drop),
    ];
    for refused in refused {
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused, StoreError::Refused(Refusal::Forbidden)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn one_that_is_run_by_hand_enqueues_a_job_of_whoever_did() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let edit = ScheduleEdit {
        enabled: Some(false),
        args: Some(json!({"days": 3})),
        queue: Some(Queue::Heavy),
        ..daily()
    };
    let made = store.done(&root, make(&root, "Nightly", edit)).await;
    let id = made.state.id;
    let job = store
        .done(
            &root,
            RunSchedule {
                actor: root.clone(),
                id,
            },
        )
        .await;
    assert_eq!(
        (job.kind.as_str(), job.queue, job.state),
        ("empty_trash", Queue::Heavy, JobState::Waiting)
    );
    assert_eq!(job.created_by, Some(id_of(&root)));
    let now = store.store.schedule(&root, id).await.unwrap();
    assert_eq!(
        (now.last_job_id, now.last_run_at),
        (Some(job.id), Some(store.store.clock().now()))
    );
    assert_eq!(now.state.version, 1, "what came of it is no change of it");
    let events = store.events().await;
    let Event::Schedule(ScheduleEvent::Run(run)) = events.last().unwrap().event().unwrap() else {
        panic!("the last event is the run")
    };
    assert_eq!((run.schedule_id, run.job_id), (id, job.id));
}

#[tokio::test]
async fn those_that_come_along_are_made_once_and_stay_as_they_are_left() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let (one, two) = tokio::join!(store.store.ship_schedules(), store.store.ship_schedules());
    one.unwrap();
    two.unwrap();
    let all = async || {
        store
            .store
            .schedules(&root, &page(50, None))
            .await
            .unwrap()
            .items
    };
    let first = all().await;
    assert_eq!(first.len(), SHIPPED.len());
    let removed = first[0].state.id;
    let delete = DeleteSchedule {
        actor: root.clone(),
        id: removed,
        expected_version: None,
    };
    store.done(&root, delete).await;
    let off = ScheduleEdit {
        enabled: Some(false),
        name: Some("Renamed".parse().unwrap()),
        ..ScheduleEdit::default()
    };
    store.done(&root, update(&root, &first[1], off)).await;
    store.store.ship_schedules().await.unwrap();
    let now = all().await;
    assert_eq!(now.len(), SHIPPED.len() - 1);
    assert!(now.iter().all(|s| s.state.id != removed));
    assert!(
        now.iter()
            .any(|s| s.state.name == "Renamed" && !s.state.enabled)
    );
}

/// How many jobs there are, and how often times were dealt with twice.
async fn jobs(store: &TestStore) -> Vec<(String, DateTime<Utc>)> {
    sqlx::query_as("select idempotency_key, run_at from jobs.job order by run_at")
        .fetch_all(store.store.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_time_enqueues_one_job_however_often_it_is_said() {
    let store = TestStore::new().await;
    let root = store.with_user("root").await;
    let made = store.done(&root, make(&root, "Nightly", daily())).await;
    let due = "2026-01-01T07:00:00Z".parse().unwrap();
    let mut first = None;
    for _ in 0..3 {
        let mut tx = store.store.pool().begin().await.unwrap();
        let mut fired = fire::lock(&mut tx, &[made.state.id]).await.unwrap();
        let one = fired.get_mut(&made.state.id).unwrap();
        assert_eq!(one.until, first);
        let job = fire::run(&mut tx, &made.state, due, due).await.unwrap();
        (one.until, one.last_run) = (Some(due), Some((due, job)));
        one.missed = 2;
        fire::note(&mut tx, &fired).await.unwrap();
        tx.commit().await.unwrap();
        first = Some(due);
    }
    let jobs = jobs(&store).await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].1, due);
    let now = store.store.schedule(&root, made.state.id).await.unwrap();
    assert_eq!((now.last_run_at, now.missed_count), (Some(due), 6));
}
