//! What is measured on: a fresh database, and a log of events as a year of work would leave it.

use millstream_domain::ids::TaskId;
use millstream_event_log::events::Payload;
use millstream_event_log::events::{Change, TaskEvent};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Event, NewEvent, outbox};
use millstream_store::testing::TestDatabase;
use sqlx::PgPool;
use uuid::Uuid;

/// Events of one transaction while the log is filled.
const BATCH: u64 = 1_000;
/// Events per task: made, changed, commented on.
const EVENTS_PER_TASK: u64 = 10;

/// A fresh database with the schema.
pub(crate) async fn database() -> TestDatabase {
    TestDatabase::new().await
}

/// The `n`th event: tasks that are made, then changed several times.
fn event(n: u64) -> NewEvent {
    let samples = TaskEvent::samples();
    let sample = samples[0].task();
    let mut task = sample.clone();
    task.id = TaskId(Uuid::from_u128(0x1_0000 + u128::from(n / EVENTS_PER_TASK)));
    task.name = format!("ENG-{}", n / EVENTS_PER_TASK + 1);
    task.title = format!(
        "Look after part {} of the mill, before winter comes",
        n / EVENTS_PER_TASK
    );
    task.description = "The wheel squeaks when the river is high, and stops when it is low. Grease the axle, clean the \
                        gate, count the sacks, and write down what the miller says about it.".into();
    let event: Event = if n.is_multiple_of(EVENTS_PER_TASK) {
        TaskEvent::Created(Box::new(millstream_event_log::events::task::TaskAlone {
            task,
        }))
        .into()
    } else {
        let mut after = task.clone();
        after.version += 1;
        after.title = format!("{} ({n})", task.title);
        TaskEvent::Updated(Box::new(Change {
            before: task,
            after,
        }))
        .into()
    };
    new_event(n, event)
}

/// Fills the outbox.
pub(crate) async fn fill_outbox(pool: &PgPool, events: u64) {
    let mut next = 0;
    while next < events {
        let batch: Vec<_> = (next..(next + BATCH).min(events)).map(event).collect();
        next += BATCH;
        let mut tx = pool.begin().await.unwrap();
        outbox::append(&mut tx, &batch).await.unwrap();
        tx.commit().await.unwrap();
    }
}
