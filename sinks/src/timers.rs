//! What timers say, appended to the outbox in the commit that also remembers that it was said: once, whatever dies when.

use crate::postgres::View;
use millstream_domain::ids::EventId;
use millstream_event_log::events::DeadlineEvent;
use millstream_event_log::events::deadline::TaskOverdue;
use millstream_event_log::record::NewEvent;
use millstream_event_log::{Origin, outbox};
use millstream_pipelines::sink::{Commit, Effect};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

/// Appends events.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimersView;

impl View for TimersView {
    type Item = TaskOverdue;

    async fn apply(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        commit: &Commit<TaskOverdue>,
    ) -> Result<(), sqlx::Error> {
        let events = commit.effects.iter().map(overdue).collect();
        outbox::append_once(tx, events).await.map(drop)
    }
}

fn overdue(effect: &Effect<TaskOverdue>) -> NewEvent {
    NewEvent {
        id: event_id(effect),
        at: effect.at,
        origin: Origin::default(),
        event: DeadlineEvent::Overdue(effect.item.clone()).into(),
    }
}

/// UUID version 5 over the task, its due time and its version: a due time that is taken away and set again passes again.
fn event_id(effect: &Effect<TaskOverdue>) -> EventId {
    let TaskOverdue {
        task_id,
        due_at,
        version,
        ..
    } = &effect.item;
    let name = [
        due_at.timestamp_micros().to_be_bytes(),
        version.to_be_bytes(),
    ]
    .concat();
    EventId(Uuid::new_v5(&task_id.0, &name))
}
