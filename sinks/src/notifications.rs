//! Notifications in Postgres: telling and reading, in the order of the log.

use crate::postgres::{View, signed};
use chrono::{DateTime, Utc};
use millstream_event_log::Seq;
use millstream_pipelines::operators::notify::{NotificationItem, Told};
use millstream_pipelines::sink::Commit;
use millstream_store::views::notifications::{NotificationColumns, Reading, insert, mark_read};
use millstream_store::views::shadow::Place;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

/// Writes `app.notification`, or `app.notification_shadow`, where it is made anew. By default the first.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotificationsView(pub Place);

impl View for NotificationsView {
    type Item = NotificationItem;

    async fn apply(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        commit: &Commit<NotificationItem>,
    ) -> Result<(), sqlx::Error> {
        write(tx, self.0, commit).await
    }
}

async fn write(
    tx: &mut Transaction<'_, Postgres>,
    place: Place,
    commit: &Commit<NotificationItem>,
) -> Result<(), sqlx::Error> {
    let mut told = NotificationColumns::default();
    for effect in &commit.effects {
        match &effect.item {
            NotificationItem::Told(one) => add(&mut told, effect.seq, effect.at, one),
            NotificationItem::Read { user_id, selection } => {
                // What was told before it must be there to be read.
                insert(tx, place, &std::mem::take(&mut told)).await?;
                let reading = Reading {
                    user: user_id.0,
                    selection,
                    seq: signed(effect.seq),
                    at: effect.at,
                };
                mark_read(tx, place, reading).await?;
            }
        }
    }
    insert(tx, place, &told).await
}

fn add(columns: &mut NotificationColumns, seq: Seq, at: DateTime<Utc>, told: &Told) {
    columns.id.push(told.id.0);
    columns.user_id.push(told.user_id.0);
    columns.seq.push(signed(seq));
    columns.at.push(at);
    columns.reason.push(told.reason.as_str().to_owned());
    columns.event_id.push(told.event_id.0);
    columns.kind.push(told.kind.clone());
    columns.actor.push(told.actor.map(Uuid::from));
    columns.team_id.push(told.task.team_id.0);
    columns.task_id.push(told.task.id.0);
    columns.task_name.push(told.task.name.clone());
    columns.task_title.push(told.task.title.clone());
    columns.comment_id.push(told.comment_id.map(Uuid::from));
}
