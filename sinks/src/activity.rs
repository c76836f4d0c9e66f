//! The activity in Postgres.

use crate::postgres::{View, signed};
use millstream_pipelines::dataflows::activity::ActivityItem;
use millstream_pipelines::sink::{Commit, Effect};
use millstream_store::views::activity::{ActivityColumns, insert};
use millstream_store::views::shadow::Place;
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

/// Writes `app.activity`, or `app.activity_shadow`, where it is made anew. By default the first.
#[derive(Debug, Clone, Copy, Default)]
pub struct ActivityView(pub Place);

impl View for ActivityView {
    type Item = ActivityItem;

    async fn apply(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        commit: &Commit<ActivityItem>,
    ) -> Result<(), sqlx::Error> {
        insert(tx, self.0, &columns(&commit.effects)).await
    }
}

fn columns(effects: &[Effect<ActivityItem>]) -> ActivityColumns {
    let mut c = ActivityColumns::default();
    for Effect { seq, at, item } in effects {
        let item = item.clone();
        let task = item.task.as_ref();
        c.seq.push(signed(*seq));
        c.event_id.push(item.event_id.0);
        c.at.push(*at);
        c.kind.push(item.kind);
        c.actor.push(item.actor.map(Uuid::from));
        c.team_id.push(item.team_id.0);
        c.project_id.push(item.project_id.map(Uuid::from));
        c.task_id.push(task.map(|task| task.id.0));
        c.task_name.push(task.map(|task| task.name.clone()));
        c.task_title.push(task.map(|task| task.title.clone()));
        c.comment_id.push(item.comment_id.map(Uuid::from));
        c.member.push(item.member.map(Uuid::from));
        c.name.push(item.name);
        c.changes.push(Json(item.changes));
    }
    c
}
