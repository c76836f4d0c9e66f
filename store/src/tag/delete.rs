//! A tag is deleted: first taken from the tasks that carry it, each of which says so, then removed.
//!
//! A tag may be on very many tasks, so that is done some at a time, each time in a transaction of its own. Whoever is
//! interrupted leaves a tag that is on fewer tasks, and deletes it again.

use super::Row;
use crate::task::{Task, load};
use crate::version::check_version;
use crate::{Change, Changed, Changing, Store, StoreError, Written};
use millstream_domain::ids::{TagId, TeamId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::tag::{TagAlone, TagEvent, TagState};
use millstream_event_log::events::task::TaskEvent;
use millstream_event_log::{Event, Origin};
use uuid::Uuid;

/// Tasks that a tag is taken from in one transaction: each tells the whole task before and after, up to some 200 KiB.
pub const TAKEN_OFF_PER_TRANSACTION: i64 = 200;
/// Transactions after which it is given up: a tag on two million tasks, or people who put it on as fast as it is taken off.
const TRANSACTIONS_MAX: usize = 10_000;

impl Store {
    /// Deletes a tag, and takes it from all tasks.
    pub async fn delete_tag(
        &self,
        origin: &Origin,
        actor: &Actor,
        id: TagId,
        expected_version: Option<crate::Versions>,
    ) -> Result<Written<()>, StoreError> {
        for _ in 0..TRANSACTIONS_MAX {
            let delete = DeleteTag {
                actor: actor.clone(),
                id,
                expected_version,
            };
            let written = self.write(origin, delete).await?;
            if written.output {
                return Ok(Written {
                    output: (),
                    position: written.position,
                });
            }
        }
        Err(StoreError::Conflict(
            "the tag is on too many tasks, or still put on others: try again".into(),
        ))
    }
}

/// Takes the tag from some tasks, and removes it if it is on none then.
struct DeleteTag {
    actor: Actor,
    id: TagId,
    expected_version: Option<crate::Versions>,
}

impl Change for DeleteTag {
    /// Whether it is gone.
    type Output = bool;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<bool>, StoreError> {
        let tag = self.find(cx).await?;
        let mut events = take_off(cx, tag.id).await?;
        // The tag after the tasks, as the order of locks wants it. Who puts it on a task waits from here on.
        sqlx::query!("select id from app.tag where id = $1 for update", tag.id.0)
            .fetch_optional(cx.db())
            .await?
            .ok_or(StoreError::NotFound)?;
        // Anew: it may have been renamed until now.
        let tag = self.find(cx).await?;
        let deleted = sqlx::query!(
            "delete from app.tag g
             where g.id = $1 and not exists (select from app.task_tag tt where tt.tag_id = g.id)",
            tag.id.0,
        )
        .execute(cx.db())
        .await?;
        let gone = deleted.rows_affected() > 0;
        if gone {
            events.push(TagEvent::Deleted(TagAlone { tag }).into());
        }
        Ok(Changed {
            output: gone,
            events,
        })
    }
}

impl DeleteTag {
    async fn find(&self, cx: &mut Changing<'_>) -> Result<TagState, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "select id, team_id, name, color, created_at, updated_at, version from app.tag where id = $1",
            self.id.0,
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
        decide(
            &self.actor,
            Action::ManageTags,
            Target::team(TeamId(row.team_id)),
        )?;
        check_version(self.expected_version, row.version)?;
        Ok(row.into_state())
    }
}

/// Takes a tag from the first tasks that carry it, in the trash or not.
async fn take_off(cx: &mut Changing<'_>, tag: TagId) -> Result<Vec<Event>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select t.id from app.task t
         where t.id in (select tt.task_id from app.task_tag tt where tt.tag_id = $1 order by tt.task_id limit $2)
         order by t.id for no key update of t",
        tag.0,
        TAKEN_OFF_PER_TRANSACTION,
    )
    .fetch_all(cx.db())
    .await?;
    // As they are now: somebody else may have taken it off one while its row was waited for.
    let mut tasks = load(cx.db(), &ids).await?;
    tasks.retain(|task| task.state.tags.iter().any(|carried| carried.id == tag));
    let ids: Vec<Uuid> = tasks.iter().map(|task| task.state.id.0).collect();
    let now = cx.now;
    sqlx::query!(
        "with off as (delete from app.task_tag where tag_id = $1 and task_id = any($2))
         update app.task set version = version + 1, updated_at = $3 where id = any($2)",
        tag.0,
        &ids,
        now,
    )
    .execute(cx.db())
    .await?;
    let event = |Task { state: before, .. }: Task| {
        let mut after = before.clone();
        after.tags.retain(|carried| carried.id != tag);
        after.version += 1;
        after.updated_at = now;
        TaskEvent::Updated(Box::new(Before { before, after })).into()
    };
    Ok(tasks.into_iter().map(event).collect())
}
