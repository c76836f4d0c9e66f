//! Notifications: everybody's inbox. What is shown and counted is what the reader may still see: somebody who left a team
//! keeps nothing of it.

use super::activity::{Name, name};
use crate::team::ids;
use crate::views::shadow::Place;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, EventId, NotificationId, TaskId, UserId};
use millstream_domain::policy::{Actor, Person};
use millstream_event_log::events::notification::Selection;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Which.
    pub id: NotificationId,
    /// The record it tells of.
    pub seq: i64,
    /// When that happened.
    pub at: DateTime<Utc>,
    /// Why the person is told.
    pub reason: String,
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub kind: String,
    /// Who acted.
    pub actor: Option<Name>,
    /// The task.
    pub task_id: TaskId,
    /// Its name then.
    pub task_name: String,
    /// Its title then.
    pub task_title: String,
    /// The comment.
    pub comment_id: Option<CommentId>,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
    /// Until when it is put off.
    pub snoozed_until: Option<DateTime<Utc>>,
}

/// Which notifications of a person are asked for; an empty filter asks for all.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    /// Only those that were not read.
    pub unread: bool,
    /// Only those for this reason.
    pub reason: Option<String>,
    /// Only those from before this time.
    pub before: Option<DateTime<Utc>>,
}

impl NotificationFilter {
    /// All that were not read, or all.
    #[must_use]
    pub fn unread(unread: bool) -> Self {
        Self {
            unread,
            ..Self::default()
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Cursor(i64, Uuid);

impl Store {
    /// Somebody's notifications, newest first.
    pub async fn notifications(
        &self,
        person: &Person,
        filter: &NotificationFilter,
        page: &PageRequest,
    ) -> Result<Page<Notification>, StoreError> {
        let visible = ids_of(person);
        let after: Option<Cursor> = page.after()?;
        let rows = sqlx::query!(
            r#"
            select n.id, n.seq, n.at, n.reason, n.event_id, n.kind, n.actor, n.task_id, n.task_name, n.task_title,
                   n.comment_id, n.read_at, n.snoozed_until, u.username as "username?",
                   u.display_name as "display_name?"
            from app.notification n
            left join app.user u on u.id = n.actor
            where n.user_id = $1
              and ($2::uuid[] is null or n.team_id = any($2))
              and (not $3 or n.read_at is null)
              and ($4::bigint is null or (n.seq, n.id) < ($4, $5::uuid))
              and ($7::text is null or n.reason = $7)
              and ($8::timestamptz is null or n.at < $8)
            order by n.seq desc, n.id desc
            limit $6
            "#,
            person.id.0,
            visible.as_deref(),
            filter.unread,
            after.as_ref().map(|a| a.0),
            after.as_ref().map(|a| a.1),
            page.rows(),
            filter.reason,
            filter.before,
        )
        .fetch_all(&self.pool)
        .await?;
        let items = rows
            .into_iter()
            .map(|r| Notification {
                id: NotificationId(r.id),
                seq: r.seq,
                at: r.at,
                reason: r.reason,
                event_id: EventId(r.event_id),
                kind: r.kind,
                actor: name(r.actor, r.username, r.display_name),
                task_id: TaskId(r.task_id),
                task_name: r.task_name,
                task_title: r.task_title,
                comment_id: r.comment_id.map(CommentId),
                read_at: r.read_at,
                snoozed_until: r.snoozed_until,
            })
            .collect();
        Ok(Page::of(items, page, |n: &Notification| {
            Cursor(n.seq, n.id.0)
        }))
    }

    /// Somebody's notifications behind a place, up to and with a record, oldest first; at most so many.
    pub async fn notifications_between(
        &self,
        person: &Person,
        (after, after_id): (u64, NotificationId),
        until: u64,
        limit: u32,
    ) -> Result<Vec<Notification>, StoreError> {
        let visible = ids_of(person);
        let bound = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let rows = sqlx::query!(
            r#"
            select n.id, n.seq, n.at, n.reason, n.event_id, n.kind, n.actor, n.task_id, n.task_name, n.task_title,
                   n.comment_id, n.read_at, n.snoozed_until, u.username as "username?",
                   u.display_name as "display_name?"
            from app.notification n
            left join app.user u on u.id = n.actor
            where n.user_id = $1
              and ($2::uuid[] is null or n.team_id = any($2))
              and (n.seq, n.id) > ($3, $4) and n.seq <= $5
            order by n.seq, n.id
            limit $6
            "#,
            person.id.0,
            visible.as_deref(),
            bound(after),
            after_id.0,
            bound(until),
            i64::from(limit),
        )
        .fetch_all(&self.pool)
        .await?;
        let items = rows.into_iter().map(|r| Notification {
            id: NotificationId(r.id),
            seq: r.seq,
            at: r.at,
            reason: r.reason,
            event_id: EventId(r.event_id),
            kind: r.kind,
            actor: name(r.actor, r.username, r.display_name),
            task_id: TaskId(r.task_id),
            task_name: r.task_name,
            task_title: r.task_title,
            comment_id: r.comment_id.map(CommentId),
            read_at: r.read_at,
            snoozed_until: r.snoozed_until,
        });
        Ok(items.collect())
    }

    /// How many notifications somebody has not read.
    pub async fn unread_count(&self, person: &Person) -> Result<i64, StoreError> {
        let visible = ids_of(person);
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "unread!" from app.notification
               where user_id = $1 and read_at is null and ($2::uuid[] is null or team_id = any($2))"#,
            person.id.0,
            visible.as_deref(),
        )
        .fetch_one(&self.pool)
        .await?)
    }
}

impl Store {
    /// Those of these people whom records of this stretch told something.
    pub async fn told_between(
        &self,
        people: &[UserId],
        first: u64,
        last: u64,
    ) -> Result<Vec<UserId>, StoreError> {
        let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
        let bound = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let told = sqlx::query_scalar!(
            "select distinct user_id from app.notification where user_id = any($1) and seq between $2 and $3",
            &people,
            bound(first),
            bound(last),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(told.into_iter().map(UserId).collect())
    }
}

impl Store {
    /// How many notifications somebody will not have read once these are.
    pub async fn unread_without(
        &self,
        person: &Person,
        selection: &Selection,
    ) -> Result<i64, StoreError> {
        let (ids, before) = match selection {
            Selection::All => return Ok(0),
            Selection::Ids(ids) => (Some(ids.iter().map(|id| id.0).collect::<Vec<_>>()), None),
            Selection::Before(before) => (None, Some(*before)),
        };
        let visible = ids_of(person);
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "unread!" from app.notification
               where user_id = $1 and read_at is null and ($2::uuid[] is null or team_id = any($2))
                 and ($3::uuid[] is null or id <> all($3))
                 and ($4::timestamptz is null or at >= $4)"#,
            person.id.0,
            visible.as_deref(),
            ids.as_deref(),
            before,
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Those of `ids` that somebody can see in their inbox.
    pub async fn known_notifications(
        &self,
        person: &Person,
        ids: &[NotificationId],
    ) -> Result<BTreeSet<NotificationId>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let visible = ids_of(person);
        let known = sqlx::query_scalar!(
            "select id from app.notification
             where user_id = $1 and id = any($2) and ($3::uuid[] is null or team_id = any($3))",
            person.id.0,
            &ids,
            visible.as_deref(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(known.into_iter().map(NotificationId).collect())
    }
}

/// The teams whose things somebody sees, as a parameter.
fn ids_of(person: &Person) -> Option<Vec<Uuid>> {
    ids(Actor::User(person.clone()).visible_teams())
}

/// Notifications to be written, column by column.
#[derive(Debug, Default)]
#[expect(
    missing_docs,
    reason = "the columns of app.notification, which the migration describes"
)]
pub struct NotificationColumns {
    pub id: Vec<Uuid>,
    pub user_id: Vec<Uuid>,
    pub seq: Vec<i64>,
    pub at: Vec<DateTime<Utc>>,
    pub reason: Vec<String>,
    pub event_id: Vec<Uuid>,
    pub kind: Vec<String>,
    pub actor: Vec<Option<Uuid>>,
    pub team_id: Vec<Uuid>,
    pub task_id: Vec<Uuid>,
    pub task_name: Vec<String>,
    pub task_title: Vec<String>,
    pub comment_id: Vec<Option<Uuid>>,
}

/// The statement that writes notifications into one of the tables.
macro_rules! insert_into {
    ($table:literal, $db:expr, $c:expr) => {
        sqlx::query!(
            "insert into " + $table + "
                 (id, user_id, seq, at, reason, event_id, kind, actor, team_id, task_id, task_name, task_title, comment_id)
             select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::text[], $6::uuid[],
                                  $7::text[], $8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::uuid[])
             on conflict (id) do nothing",
            &$c.id,
            &$c.user_id,
            &$c.seq,
            &$c.at,
            &$c.reason,
            &$c.event_id,
            &$c.kind,
            &$c.actor as &[Option<Uuid>],
            &$c.team_id,
            &$c.task_id,
            &$c.task_name,
            &$c.task_title,
            &$c.comment_id as &[Option<Uuid>],
        )
        .execute($db)
    };
}

/// Writes notifications, inside the sink's commit. A repeat adds nothing.
pub async fn insert(
    db: &mut PgConnection,
    place: Place,
    c: &NotificationColumns,
) -> Result<(), sqlx::Error> {
    match place {
        Place::Live => insert_into!("app.notification", db, c).await?,
        Place::Shadow => insert_into!("app.notification_shadow", db, c).await?,
    };
    Ok(())
}

/// Somebody's act on their inbox: which notifications, at which place in the log, when.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Who.
    pub user: Uuid,
    /// Which of them.
    pub selection: &'a Selection,
    /// Where it stands in the log: what came later was not meant.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
}

/// The statement that marks notifications in one of the tables as read.
macro_rules! read_in {
    ($table:literal, $db:expr, $reading:expr, $ids:expr, $before:expr) => {
        sqlx::query!(
            "update "
                + $table
                + " set read_at = $4
             where user_id = $1 and read_at is null and seq < $3
               and ($2::uuid[] is null or id = any($2))
               and ($5::timestamptz is null or at < $5)",
            $reading.user,
            $ids,
            $reading.seq,
            $reading.at,
            $before,
        )
        .execute($db)
    };
}

/// Marks notifications as read, inside the sink's commit: those that stood in the inbox when the person said so.
pub async fn mark_read(
    db: &mut PgConnection,
    place: Place,
    reading: Reading<'_>,
) -> Result<(), sqlx::Error> {
    let (ids, before) = match reading.selection {
        Selection::Ids(ids) => (Some(ids.iter().map(|id| id.0).collect::<Vec<_>>()), None),
        Selection::All => (None, None),
        Selection::Before(before) => (None, Some(*before)),
    };
    match place {
        Place::Live => read_in!("app.notification", db, reading, ids.as_deref(), before).await?,
        Place::Shadow => {
            read_in!(
                "app.notification_shadow",
                db,
                reading,
                ids.as_deref(),
                before
            )
            .await?
        }
    };
    Ok(())
}
